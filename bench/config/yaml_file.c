/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/yaml_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { FILE_BYTES_MAX = 1 << 20 };

struct yaml_file {
	char *path, *text;
	size_t text_bytes;
	yaml_document_t document;
	bool has_document;
	const cyaml_schema_value_t *schema;
	void *data;
};

static void log_first(cyaml_log_t level, void *context, const char *format, va_list args)
{
	char *text = context;

	(void)level;
	if (!text[0])
		vsnprintf(text, 200, format, args);
}

static cyaml_config_t config_for(char *log_text)
{
	return (cyaml_config_t){.log_level = CYAML_LOG_ERROR,
				.log_fn = log_first,
				.log_ctx = log_text,
				.mem_fn = cyaml_mem};
}

static int read_text(struct yaml_file *file, struct err *err)
{
	FILE *stream = fopen(file->path, "rb");
	int ret = 0;

	if (!stream)
		return err_set(err, -errno, "%s: %s", file->path, strerror(errno));
	file->text = calloc(1, FILE_BYTES_MAX + 1);
	if (!file->text)
		ret = err_set(err, -ENOMEM, "%s: out of memory", file->path);
	else
		file->text_bytes = fread(file->text, 1, FILE_BYTES_MAX, stream);
	if (!ret && ferror(stream))
		ret = err_set(err, -EIO, "%s: cannot be read", file->path);
	else if (!ret && !feof(stream) && fgetc(stream) != EOF)
		ret = err_set(err, -EFBIG, "%s: larger than %d bytes", file->path, FILE_BYTES_MAX);
	fclose(stream);
	return ret;
}

/* What stands behind the first document would be dropped. */
static int expect_end(const struct yaml_file *file, yaml_parser_t *parser, struct err *err)
{
	yaml_document_t next;
	int ret = 0;

	if (!yaml_parser_load(parser, &next))
		return err_set(err, -EINVAL, "%s:%zu: %s", file->path,
			       parser->problem_mark.line + 1,
			       parser->problem ? parser->problem : "not YAML");
	if (yaml_document_get_root_node(&next))
		ret = err_set(err, -EINVAL, "%s:%zu: a second document; a file holds one",
			      file->path, next.start_mark.line + 1);
	yaml_document_delete(&next);
	return ret;
}

static int parse_document(struct yaml_file *file, struct err *err)
{
	yaml_parser_t parser;
	int ret = 0;

	if (!yaml_parser_initialize(&parser))
		return err_set(err, -ENOMEM, "%s: out of memory", file->path);
	yaml_parser_set_input_string(&parser, (const unsigned char *)file->text, file->text_bytes);
	if (!yaml_parser_load(&parser, &file->document))
		ret = err_set(err, -EINVAL, "%s:%zu: %s", file->path, parser.problem_mark.line + 1,
			      parser.problem ? parser.problem : "not YAML");
	else
		file->has_document = true;
	if (!ret && !yaml_document_get_root_node(&file->document))
		ret = err_set(err, -EINVAL, "%s:1: the file is empty", file->path);
	if (!ret)
		ret = expect_end(file, &parser, err);
	yaml_parser_delete(&parser);
	return ret;
}

unsigned yaml_file_distance(const char *a, const char *b)
{
	unsigned row[64];
	size_t length = strlen(b);

	if (length >= 63)
		return 99;
	for (size_t j = 0; j <= length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= length; j++) {
			unsigned keep = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
			if (keep < row[j])
				row[j] = keep;
		}
	}
	return row[length];
}

static int unknown_key(const struct yaml_file *file, const yaml_node_t *key,
		       const cyaml_schema_field_t *fields, struct err *err)
{
	const char *name = (const char *)key->data.scalar.value;
	const char *nearest = NULL;
	unsigned best = 4;

	for (; fields->key; fields++) {
		unsigned distance = yaml_file_distance(name, fields->key);

		if (distance < best) {
			best = distance;
			nearest = fields->key;
		}
	}
	if (nearest)
		return err_set(err, -EINVAL, "%s:%zu: unknown key '%s', did you mean '%s'?",
			       file->path, key->start_mark.line + 1, name, nearest);
	return err_set(err, -EINVAL, "%s:%zu: unknown key '%s'", file->path,
		       key->start_mark.line + 1, name);
}

static yaml_node_t *node_at(const struct yaml_file *file, int id)
{
	return yaml_document_get_node((yaml_document_t *)&file->document, id);
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *name)
{
	for (; fields->key; fields++)
		if (!strcmp(fields->key, name))
			return fields;
	return NULL;
}

static int check_node(const struct yaml_file *file, const yaml_node_t *node,
		      const cyaml_schema_value_t *schema, const char *what, struct err *err);

static int check_required(const struct yaml_file *file, const yaml_node_t *node,
			  const cyaml_schema_field_t *fields, struct err *err)
{
	for (; fields->key; fields++) {
		bool found = fields->value.flags & CYAML_FLAG_OPTIONAL;

		for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		     !found && pair < node->data.mapping.pairs.top; pair++)
			found = !strcmp((const char *)node_at(file, pair->key)->data.scalar.value,
					fields->key);
		if (!found)
			return err_set(err, -EINVAL, "%s:%zu: key '%s' is missing", file->path,
				       node->start_mark.line + 1, fields->key);
	}
	return 0;
}

static int check_mapping(const struct yaml_file *file, const yaml_node_t *node,
			 const cyaml_schema_field_t *fields, struct err *err)
{
	const yaml_node_pair_t *first = node->data.mapping.pairs.start;

	for (const yaml_node_pair_t *pair = first; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = node_at(file, pair->key);
		const cyaml_schema_field_t *field;
		const char *name;
		int ret;

		if (key->type != YAML_SCALAR_NODE)
			return err_set(err, -EINVAL, "%s:%zu: a key must be a plain word",
				       file->path, key->start_mark.line + 1);
		name = (const char *)key->data.scalar.value;
		for (const yaml_node_pair_t *other = first; other < pair; other++)
			if (!strcmp((const char *)node_at(file, other->key)->data.scalar.value,
				    name))
				return err_set(err, -EINVAL, "%s:%zu: key '%s' stands here twice",
					       file->path, key->start_mark.line + 1, name);
		field = find_field(fields, name);
		if (!field)
			return unknown_key(file, key, fields, err);
		ret = check_node(file, node_at(file, pair->value), &field->value, name, err);
		if (ret)
			return ret;
	}
	return check_required(file, node, fields, err);
}

/* libcyaml reads numbers with trailing characters and any word as a truth value. */
static int check_scalar(const struct yaml_file *file, const yaml_node_t *node,
			const cyaml_schema_value_t *schema, const char *what, struct err *err)
{
	const char *text = (const char *)node->data.scalar.value;
	char *end;

	if (schema->type == CYAML_UINT) {
		errno = 0;
		strtoull(text, &end, 0);
		if (text[0] < '0' || text[0] > '9' || *end || errno)
			return err_set(err, -EINVAL,
				       "%s:%zu: '%s' is '%s': it must be a whole number",
				       file->path, node->start_mark.line + 1, what, text);
	}
	if (schema->type == CYAML_BOOL && strcmp(text, "true") && strcmp(text, "false"))
		return err_set(err, -EINVAL, "%s:%zu: '%s' is '%s': it must be true or false",
			       file->path, node->start_mark.line + 1, what, text);
	return 0;
}

static int check_node(const struct yaml_file *file, const yaml_node_t *node,
		      const cyaml_schema_value_t *schema, const char *what, struct err *err)
{
	size_t line = node->start_mark.line + 1;

	if (schema->type == CYAML_IGNORE)
		return 0;
	if (schema->type == CYAML_MAPPING) {
		if (node->type != YAML_MAPPING_NODE)
			return err_set(err, -EINVAL, "%s:%zu: '%s' must hold keys and values",
				       file->path, line, what);
		return check_mapping(file, node, schema->mapping.fields, err);
	}
	if (schema->type == CYAML_SEQUENCE) {
		if (node->type != YAML_SEQUENCE_NODE)
			return err_set(err, -EINVAL, "%s:%zu: '%s' must be a list", file->path,
				       line, what);
		for (const yaml_node_item_t *item = node->data.sequence.items.start;
		     item < node->data.sequence.items.top; item++) {
			int ret = check_node(file, node_at(file, *item), schema->sequence.entry,
					     what, err);
			if (ret)
				return ret;
		}
		return 0;
	}
	if (node->type != YAML_SCALAR_NODE)
		return err_set(err, -EINVAL, "%s:%zu: '%s' must be a single value", file->path,
			       line, what);
	return check_scalar(file, node, schema, what, err);
}

static int load_typed(struct yaml_file *file, struct err *err)
{
	char log_text[200] = "";
	cyaml_config_t config = config_for(log_text);
	cyaml_err_t code = cyaml_load_data((const uint8_t *)file->text, file->text_bytes, &config,
					   file->schema, &file->data, NULL);

	if (code == CYAML_OK)
		return 0;
	log_text[strcspn(log_text, "\n")] = 0;
	return err_set(err, -EINVAL, "%s: %s (%s)", file->path, cyaml_strerror(code), log_text);
}

int yaml_file_load(const char *path, const cyaml_schema_value_t *schema,
		   struct yaml_file **ret_file, void **ret_data, struct err *err)
{
	struct yaml_file *file = calloc(1, sizeof(*file));
	int ret;

	if (!file)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	file->schema = schema;
	file->path = strdup(path);
	ret = file->path ? read_text(file, err) : err_set(err, -ENOMEM, "%s: out of memory", path);
	if (!ret)
		ret = parse_document(file, err);
	if (!ret)
		ret = check_node(file, yaml_document_get_root_node(&file->document), schema,
				 "the file", err);
	if (!ret)
		ret = load_typed(file, err);
	if (ret) {
		yaml_file_free(file);
		return ret;
	}
	*ret_file = file;
	*ret_data = file->data;
	return 0;
}

void yaml_file_free(struct yaml_file *file)
{
	if (!file)
		return;
	if (file->data) {
		char log_text[200] = "";
		cyaml_config_t config = config_for(log_text);

		cyaml_free(&config, file->schema, file->data, 0);
	}
	if (file->has_document)
		yaml_document_delete(&file->document);
	free(file->text);
	free(file->path);
	free(file);
}

static const yaml_node_t *child_by_key(const struct yaml_file *file, const yaml_node_t *node,
				       const char *key, size_t length)
{
	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const char *name = (const char *)node_at(file, pair->key)->data.scalar.value;

		if (strlen(name) == length && !strncmp(name, key, length))
			return node_at(file, pair->value);
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
	return item < node->data.sequence.items.top ? node_at(file, *item) : NULL;
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
		const yaml_node_t *name = node_at(file, at->key), *value = node_at(file, at->value);

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

const char *yaml_file_text(const struct yaml_file *file)
{
	return file->text;
}
