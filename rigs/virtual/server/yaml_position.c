/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Positions in a YAML file, from libyaml's document tree. See the header.
 */
#include "rigs/virtual/server/yaml_position.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct yaml_positions {
	yaml_document_t document;
};

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

int yaml_positions_load(const char *path, const char *text, size_t length,
			struct yaml_positions **ret_positions, struct verr *err)
{
	struct yaml_positions *positions = calloc(1, sizeof(*positions));
	yaml_parser_t parser;
	int rc;

	if (!positions || !yaml_parser_initialize(&parser)) {
		free(positions);
		return verr_set(err, -ENOMEM, "out of memory");
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	rc = load_document(&parser, path, &positions->document, err);
	yaml_parser_delete(&parser);
	if (rc < 0) {
		free(positions);
		return rc;
	}
	*ret_positions = positions;
	return 0;
}

void yaml_positions_free(struct yaml_positions *positions)
{
	if (!positions)
		return;
	yaml_document_delete(&positions->document);
	free(positions);
}

static bool is_key(const yaml_node_t *node, const char *key)
{
	return node && node->type == YAML_SCALAR_NODE && strlen(key) == node->data.scalar.length &&
	       !memcmp(node->data.scalar.value, key, node->data.scalar.length);
}

static yaml_node_t *mapping_value(yaml_document_t *document, yaml_node_t *node, const char *key)
{
	if (!node || node->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		if (is_key(yaml_document_get_node(document, pair->key), key))
			return yaml_document_get_node(document, pair->value);
	return NULL;
}

static yaml_node_t *sequence_item(yaml_document_t *document, yaml_node_t *node, unsigned index)
{
	if (!node || node->type != YAML_SEQUENCE_NODE ||
	    index >= (size_t)(node->data.sequence.items.top - node->data.sequence.items.start))
		return NULL;
	return yaml_document_get_node(document, node->data.sequence.items.start[index]);
}

unsigned yaml_positions_line(struct yaml_positions *positions, const char *list, unsigned index,
			     const char *key)
{
	yaml_document_t *document = &positions->document;
	yaml_node_t *node = yaml_document_get_root_node(document), *deeper;

	if (list && (deeper = mapping_value(document, node, list))) {
		node = deeper;
		if ((deeper = sequence_item(document, node, index)))
			node = deeper;
	}
	if (key && (deeper = mapping_value(document, node, key)))
		node = deeper;
	return (unsigned)node->start_mark.line + 1;
}

/* Whether a pair's key stands earlier in the same mapping. */
static bool pair_repeats(yaml_document_t *document, yaml_node_t *mapping,
			 const yaml_node_pair_t *pair, const char *key)
{
	for (yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++)
		if (is_key(yaml_document_get_node(document, other->key), key))
			return true;
	return false;
}

unsigned yaml_positions_key_line(struct yaml_positions *positions, const char *key,
				 unsigned from_line, bool repeated)
{
	yaml_document_t *document = &positions->document;
	unsigned best = 0;
	yaml_node_t *node;

	for (int i = 1; (node = yaml_document_get_node(document, i)); i++) {
		if (node->type != YAML_MAPPING_NODE)
			continue;
		for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		     pair < node->data.mapping.pairs.top; pair++) {
			yaml_node_t *name = yaml_document_get_node(document, pair->key);
			unsigned line = (unsigned)name->start_mark.line + 1;

			if (!is_key(name, key) || line < from_line || (best && line >= best))
				continue;
			if (!repeated || pair_repeats(document, node, pair, key))
				best = line;
		}
	}
	return best;
}
