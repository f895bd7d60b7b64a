/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * YAML with lines, on libyaml's document tree. See the header.
 */
#include "rigs/virtual/server/yaml_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NEAR_MAX 32 /* longer words are compared by their beginning */

struct yaml_tree {
	yaml_document_t document;
	const char *path; /* not owned */
};

int yaml_tree_refuse(const struct yaml_tree *tree, unsigned line, struct verr *err,
		     const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return verr_set(err, -EINVAL, "%s:%u: %s", tree->path, line, text);
}

/* Nearest names ------------------------------------------------------------------------------ */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Insertions, deletions and substitutions from one word to the other. */
static unsigned distance(const char *a, const char *b)
{
	size_t a_count = strnlen(a, NEAR_MAX), b_count = strnlen(b, NEAR_MAX);
	unsigned row[NEAR_MAX + 1];

	for (unsigned j = 0; j <= b_count; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_count; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b_count; j++) {
			unsigned above = row[j];

			row[j] =
				least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_count];
}

const char *nearest_name(const char *text, const char *(*name)(const void *context, unsigned i),
			 const void *context)
{
	unsigned best =
		(unsigned)strnlen(text, NEAR_MAX) / 3 + 2; /* as many mistakes are too many */
	const char *found = NULL, *candidate;

	for (unsigned i = 0; (candidate = name(context, i)); i++) {
		unsigned d = distance(text, candidate);

		if (d < best && d < strlen(candidate)) {
			best = d;
			found = candidate;
		}
	}
	return found;
}

/* Loading ------------------------------------------------------------------------------------ */

static int parse_error(const yaml_parser_t *parser, const char *path, struct verr *err)
{
	return verr_set(err, -EINVAL, "%s:%zu: %s", path, parser->problem_mark.line + 1,
			parser->problem ? parser->problem : "not readable as YAML");
}

/* The file's only document. */
static int load_document(yaml_parser_t *parser, const char *path, yaml_document_t *document,
			 struct verr *err)
{
	yaml_document_t next;
	bool more;
	int rc = 0;

	if (!yaml_parser_load(parser, document))
		return parse_error(parser, path, err);
	if (!yaml_document_get_root_node(document)) {
		yaml_document_delete(document);
		return verr_set(err, -EINVAL, "%s:1: the file is empty", path);
	}
	if (!yaml_parser_load(parser, &next)) {
		rc = parse_error(parser, path, err);
		yaml_document_delete(document);
		return rc;
	}
	more = yaml_document_get_root_node(&next) != NULL;
	if (more)
		rc = verr_set(err, -EINVAL, "%s:%zu: a second document; a rig file holds one", path,
			      next.start_mark.line + 1);
	yaml_document_delete(&next);
	if (rc < 0)
		yaml_document_delete(document);
	return rc;
}

int yaml_tree_load(const char *path, const char *text, size_t length, struct yaml_tree **ret_tree,
		   struct verr *err)
{
	struct yaml_tree *tree = calloc(1, sizeof(*tree));
	yaml_parser_t parser;
	int rc;

	if (!tree || !yaml_parser_initialize(&parser)) {
		free(tree);
		return verr_set(err, -ENOMEM, "out of memory");
	}
	tree->path = path;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	rc = load_document(&parser, path, &tree->document, err);
	yaml_parser_delete(&parser);
	if (rc < 0) {
		free(tree);
		return rc;
	}
	*ret_tree = tree;
	return 0;
}

void yaml_tree_free(struct yaml_tree *tree)
{
	if (!tree)
		return;
	yaml_document_delete(&tree->document);
	free(tree);
}

const char *yaml_tree_path(const struct yaml_tree *tree)
{
	return tree->path;
}

/* Values ------------------------------------------------------------------------------------- */

static yaml_node_t *node_of(struct yaml_tree *tree, struct yaml_value value)
{
	return yaml_document_get_node(&tree->document, value.index);
}

static struct yaml_value value_of(struct yaml_tree *tree, int index)
{
	const yaml_node_t *node = yaml_document_get_node(&tree->document, index);

	return (struct yaml_value){
		.index = index,
		.line = (unsigned)node->start_mark.line + 1,
		.text = node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value
						       : NULL,
	};
}

struct yaml_value yaml_tree_root(struct yaml_tree *tree)
{
	return value_of(tree, 1);
}

bool yaml_tree_is_mapping(struct yaml_tree *tree, struct yaml_value value)
{
	const yaml_node_t *node = node_of(tree, value);

	return node && node->type == YAML_MAPPING_NODE;
}

struct key_table {
	const struct yaml_key *keys;
	size_t count;
};

static const char *key_name(const void *context, unsigned i)
{
	const struct key_table *table = context;

	return i < table->count ? table->keys[i].name : NULL;
}

static int refuse_key(const struct yaml_tree *tree, struct yaml_value key, const char *what,
		      const struct key_table *table, struct verr *err)
{
	const char *text = key.text ? key.text : "a list or mapping";
	const char *near = key.text ? nearest_name(text, key_name, table) : NULL;

	return yaml_tree_refuse(tree, key.line, err, "unknown key '%s' of %s%s%s%s", text, what,
				near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int check_text(struct yaml_tree *tree, struct yaml_value value, const char *key,
		      struct verr *err)
{
	size_t length;

	if (!value.text)
		return 0;
	length = node_of(tree, value)->data.scalar.length;
	if (length == 0 || length > YAML_TEXT_MAX || length != strlen(value.text))
		return yaml_tree_refuse(tree, value.line, err, "%s: not 1 to %d characters of text",
					key, YAML_TEXT_MAX);
	return 0;
}

static int take_pair(struct yaml_tree *tree, const yaml_node_pair_t *pair, const char *what,
		     const struct key_table *table, void *ret_values, struct verr *err)
{
	struct yaml_value key = value_of(tree, pair->key), value = value_of(tree, pair->value),
			  *ret;

	for (size_t i = 0; i < table->count; i++) {
		if (!key.text || strcmp(key.text, table->keys[i].name))
			continue;
		ret = (struct yaml_value *)((char *)ret_values + table->keys[i].offset);
		if (ret->index)
			return yaml_tree_refuse(tree, key.line, err, "%s: already seen, on line %u",
						key.text, ret->line);
		*ret = value;
		return check_text(tree, value, key.text, err);
	}
	return refuse_key(tree, key, what, table, err);
}

int yaml_tree_take(struct yaml_tree *tree, struct yaml_value mapping, const char *what,
		   const struct yaml_key *keys, size_t count, void *ret_values, struct verr *err)
{
	const struct key_table table = {keys, count};
	yaml_node_t *node = node_of(tree, mapping);
	int rc = 0;

	if (!node || node->type != YAML_MAPPING_NODE)
		return yaml_tree_refuse(tree, mapping.line, err,
					"%s is a mapping of keys to values", what);
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top && rc == 0; pair++)
		rc = take_pair(tree, pair, what, &table, ret_values, err);
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct yaml_value *value =
			(struct yaml_value *)((char *)ret_values + keys[i].offset);

		if (!value->index)
			value->line = mapping.line;
		if (!value->index && keys[i].required)
			rc = yaml_tree_refuse(tree, mapping.line, err, "%s needs the key '%s'",
					      what, keys[i].name);
	}
	return rc;
}

int yaml_tree_count(struct yaml_tree *tree, struct yaml_value sequence, const char *what,
		    unsigned max, unsigned *ret_count, struct verr *err)
{
	const yaml_node_t *node = node_of(tree, sequence);
	size_t count;

	*ret_count = 0;
	if (!node)
		return 0;
	if (node->type != YAML_SEQUENCE_NODE)
		return yaml_tree_refuse(tree, sequence.line, err, "%s is a list", what);
	count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (count == 0 || count > max)
		return yaml_tree_refuse(tree, sequence.line, err, "%s has 1 to %u entries, not %zu",
					what, max, count);
	*ret_count = (unsigned)count;
	return 0;
}

struct yaml_value yaml_tree_item(struct yaml_tree *tree, struct yaml_value sequence, unsigned index)
{
	return value_of(tree, node_of(tree, sequence)->data.sequence.items.start[index]);
}
