/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/yaml_file_parts.h"

static const yaml_node_t *child_by_key(const struct yaml_file *file, const yaml_node_t *node,
				       const char *key, size_t length)
{
	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const char *name = (const char *)yaml_file_node(file, pair->key)->data.scalar.value;

		if (strlen(name) == length && !strncmp(name, key, length))
			return yaml_file_node(file, pair->value);
	}
	return NULL;
}

static const yaml_node_t *child_by_index(const struct yaml_file *file, const yaml_node_t *node,
					 long index)
{
	const yaml_node_item_t *item;

	if (node->type != YAML_SEQUENCE_NODE)
		return NULL;
	item = node->data.sequence.items.start + index;
	return item < node->data.sequence.items.top ? yaml_file_node(file, *item) : NULL;
}

/* Or its nearest parent that there is. */
static const yaml_node_t *node_by_path(const struct yaml_file *file, const char *key,
				       bool *ret_whole)
{
	const yaml_node_t *node = yaml_document_get_root_node((yaml_document_t *)&file->document);

	*ret_whole = true;
	while (*key) {
		const yaml_node_t *child;

		if (*key == '[') {
			char *end;

			child = child_by_index(file, node, strtol(key + 1, &end, 10));
			key = *end ? end + 1 : end;
		} else {
			size_t length = strcspn(key, ".[");

			child = child_by_key(file, node, key, length);
			key += length;
		}
		if (*key == '.')
			key++;
		*ret_whole = child != NULL;
		if (!child)
			break;
		node = child;
	}
	return node;
}

static size_t line_of(const struct yaml_file *file, const char *key)
{
	bool is_whole;

	return node_by_path(file, key, &is_whole)->start_mark.line + 1;
}

int yaml_file_error(const struct yaml_file *file, int code, struct err *err, const char *key_format,
		    ...)
{
	char key[128];
	va_list args;

	va_start(args, key_format);
	vsnprintf(key, sizeof(key), key_format, args);
	va_end(args);
	return err_context(err, code, "%s:%zu", file->path, line_of(file, key));
}

bool yaml_file_has(const struct yaml_file *file, const char *key)
{
	const yaml_node_t *root = yaml_document_get_root_node((yaml_document_t *)&file->document);

	return child_by_key(file, root, key, strlen(key)) != NULL;
}

int yaml_file_words(const struct yaml_file *file, const char *key, unsigned max,
		    const char ***ret_words, unsigned *ret_count, struct err *err)
{
	const yaml_node_t *root = yaml_document_get_root_node((yaml_document_t *)&file->document);
	const yaml_node_t *node = child_by_key(file, root, key, strlen(key));
	bool is_list = node && node->type == YAML_SEQUENCE_NODE;
	size_t count = 1;
	const char **words;

	if (is_list)
		count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (!node || !count || count > max) {
		err_set(err, -EINVAL, "'%s' must be a value, or a list of 1 to %u", key, max);
		return yaml_file_error(file, -EINVAL, err, "%s", key);
	}
	words = calloc(count, sizeof(*words));
	if (!words)
		return err_set(err, -ENOMEM, "%s: out of memory", file->path);
	for (size_t i = 0; i < count; i++) {
		const yaml_node_t *item = is_list ? child_by_index(file, node, (long)i) : node;

		if (item->type != YAML_SCALAR_NODE) {
			free(words);
			err_set(err, -EINVAL, "'%s' must hold single values", key);
			return yaml_file_error(file, -EINVAL, err, "%s[%zu]", key, i);
		}
		words[i] = (const char *)item->data.scalar.value;
	}
	*ret_words = words;
	*ret_count = (unsigned)count;
	return 0;
}

static int fill_pairs(const struct yaml_file *file, const yaml_node_t *node, const char *key,
		      struct yaml_file_pair *pairs, struct err *err)
{
	const yaml_node_pair_t *at = node->data.mapping.pairs.start;

	for (unsigned i = 0; at < node->data.mapping.pairs.top; i++, at++) {
		const yaml_node_t *name = yaml_file_node(file, at->key),
				  *value = yaml_file_node(file, at->value);

		if (name->type != YAML_SCALAR_NODE || value->type != YAML_SCALAR_NODE)
			return err_set(err, -EINVAL,
				       "%s:%zu: '%s' must hold plain words and single values",
				       file->path, name->start_mark.line + 1, key);
		pairs[i] = (struct yaml_file_pair){(const char *)name->data.scalar.value,
						   (const char *)value->data.scalar.value};
		for (unsigned j = 0; j < i; j++)
			if (!strcmp(pairs[i].key, pairs[j].key))
				return err_set(err, -EINVAL, "%s:%zu: key '%s' stands here twice",
					       file->path, name->start_mark.line + 1, pairs[i].key);
	}
	return 0;
}

int yaml_file_pairs(const struct yaml_file *file, const char *key,
		    struct yaml_file_pair **ret_pairs, unsigned *ret_count, struct err *err)
{
	bool is_there;
	const yaml_node_t *node = node_by_path(file, key, &is_there);
	struct yaml_file_pair *pairs;
	size_t count;
	int ret;

	*ret_pairs = NULL;
	*ret_count = 0;
	if (!is_there)
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return err_set(err, -EINVAL, "%s:%zu: '%s' must hold keys and values", file->path,
			       node->start_mark.line + 1, key);
	count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	pairs = calloc(count + 1, sizeof(*pairs));
	if (!pairs)
		return err_set(err, -ENOMEM, "%s: out of memory", file->path);
	ret = fill_pairs(file, node, key, pairs, err);
	if (ret) {
		free(pairs);
		return ret;
	}
	*ret_pairs = pairs;
	*ret_count = (unsigned)count;
	return 0;
}
