/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inside of a YAML file, for yaml_file*.c only.
 *
 *   yaml_file.c        reads it, and holds it against its schema
 *   yaml_file_paths.c  what stands at a key path, and in which line
 */
#ifndef BENCH_CONFIG_YAML_FILE_PARTS_H
#define BENCH_CONFIG_YAML_FILE_PARTS_H

#include <yaml.h>

#include "bench/config/yaml_file.h"

struct yaml_file {
	char *path, *text;
	size_t text_bytes;
	yaml_document_t document;
	bool has_document;
	const cyaml_schema_value_t *schema;
	void *data;
};

static inline yaml_node_t *yaml_file_node(const struct yaml_file *file, int id)
{
	return yaml_document_get_node((yaml_document_t *)&file->document, id);
}

#endif
