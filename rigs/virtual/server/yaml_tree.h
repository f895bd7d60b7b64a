/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A YAML file as a tree whose every value knows its line: mappings are read by tables of keys, and
 * what does not fit a table is refused with "PATH:LINE: ..." and the nearest known key.
 *
 * Texts point into the tree and live as long as it does. No aliases, no tags.
 */
#ifndef RIGS_VIRTUAL_SERVER_YAML_TREE_H
#define RIGS_VIRTUAL_SERVER_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "rigs/virtual/verr.h"

#define YAML_TEXT_MAX 256

struct yaml_tree;

/* A value: index 0 is none. */
struct yaml_value {
	int index;
	unsigned line;    /* from 1; of what should hold the value, when there is none */
	const char *text; /* of a scalar; NULL: none, or no scalar */
};

struct yaml_key {
	const char *name;
	bool required;
	size_t offset; /* of a struct yaml_value in the caller's struct */
};

/* -EINVAL with "PATH:LINE: ..." when the text is no YAML, or holds no or more than one document. */
int yaml_tree_load(const char *path, const char *text, size_t length, struct yaml_tree **ret_tree,
		   struct verr *err);
void yaml_tree_free(struct yaml_tree *tree); /* accepts NULL */
const char *yaml_tree_path(const struct yaml_tree *tree);
struct yaml_value yaml_tree_root(struct yaml_tree *tree);

/* Reads a mapping: each key once, only keys of the table, all that are required. what names the
 * mapping ("a board"). Texts are 1 to YAML_TEXT_MAX characters. */
int yaml_tree_take(struct yaml_tree *tree, struct yaml_value mapping, const char *what,
		   const struct yaml_key *keys, size_t count, void *ret_values, struct verr *err);
bool yaml_tree_is_mapping(struct yaml_tree *tree, struct yaml_value value);
/* The items of a sequence; 0 for a value that is none (index 0). -EINVAL: no sequence. */
int yaml_tree_count(struct yaml_tree *tree, struct yaml_value sequence, const char *what,
		    unsigned max, unsigned *ret_count, struct verr *err);
struct yaml_value yaml_tree_item(struct yaml_tree *tree, struct yaml_value sequence,
				 unsigned index);

/* "PATH:LINE: ...": returns -EINVAL. */
__attribute__((format(printf, 4, 5))) int yaml_tree_refuse(const struct yaml_tree *tree,
							   unsigned line, struct verr *err,
							   const char *format, ...);

/* Of the names, the one that text was probably meant to be; NULL: none is near. next(context, i)
 * gives name i, NULL after the last. */
const char *nearest_name(const char *text, const char *(*name)(const void *context, unsigned i),
			 const void *context);

#endif
