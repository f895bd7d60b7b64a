/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/yaml_file.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/yaml_file_parts.h"

enum { FILE_BYTES_MAX = 1 << 20 };

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
			found = !strcmp(
				(const char *)yaml_file_node(file, pair->key)->data.scalar.value,
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
		const yaml_node_t *key = yaml_file_node(file, pair->key);
		const cyaml_schema_field_t *field;
		const char *name;
		int ret;

		if (key->type != YAML_SCALAR_NODE)
			return err_set(err, -EINVAL, "%s:%zu: a key must be a plain word",
				       file->path, key->start_mark.line + 1);
		name = (const char *)key->data.scalar.value;
		for (const yaml_node_pair_t *other = first; other < pair; other++)
			if (!strcmp((const char *)yaml_file_node(file, other->key)
					    ->data.scalar.value,
				    name))
				return err_set(err, -EINVAL, "%s:%zu: key '%s' stands here twice",
					       file->path, key->start_mark.line + 1, name);
		field = find_field(fields, name);
		if (!field)
			return unknown_key(file, key, fields, err);
		ret = check_node(file, yaml_file_node(file, pair->value), &field->value, name, err);
		if (ret)
			return ret;
	}
	return check_required(file, node, fields, err);
}

static uint64_t uint_max(unsigned bytes)
{
	return bytes < sizeof(uint64_t) ? (UINT64_C(1) << 8 * bytes) - 1 : UINT64_MAX;
}

/* 010 is eight to some and ten to others. */
static bool is_uint(const char *text, uint64_t max)
{
	char *end;
	unsigned long long number;

	if (text[0] < '0' || text[0] > '9' || (text[0] == '0' && strspn(text, "0123456789") > 1))
		return false;
	errno = 0;
	number = strtoull(text, &end, 0);
	return !*end && !errno && number <= max;
}

static bool is_float(const char *text)
{
	char *end;

	return text[0] && text[strspn(text, "0123456789.eE+-")] == 0 &&
	       isfinite(strtod(text, &end)) && !*end;
}

static bool has_control_character(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static int check_text(const char *text, const cyaml_schema_value_t *schema, struct err *err)
{
	size_t length = strlen(text);

	if (length < schema->string.min)
		return err_set(err, -EINVAL, "is empty");
	if (length > schema->string.max)
		return err_set(err, -EINVAL, "has %zu bytes: more than %u are not taken", length,
			       schema->string.max);
	if (has_control_character(text))
		return err_set(err, -EINVAL, "has a line break or another control character");
	return 0;
}

/* libcyaml reads numbers with trailing characters and any word as a truth value, and says of
 * nothing in which line it stands. */
static int check_scalar(const struct yaml_file *file, const yaml_node_t *node,
			const cyaml_schema_value_t *schema, const char *what, struct err *err)
{
	const char *text = (const char *)node->data.scalar.value;
	struct err why = {""};
	int ret = 0;

	if (schema->type == CYAML_UINT && !is_uint(text, uint_max(schema->data_size)))
		ret = err_set(&why, -EINVAL, "is '%s': it must be a whole number, %llu at most",
			      text, (unsigned long long)uint_max(schema->data_size));
	if (schema->type == CYAML_FLOAT && !is_float(text))
		ret = err_set(&why, -EINVAL, "is '%s': it must be a number without a unit", text);
	if (schema->type == CYAML_BOOL && strcmp(text, "true") && strcmp(text, "false"))
		ret = err_set(&why, -EINVAL, "is '%s': it must be true or false", text);
	if (schema->type == CYAML_STRING)
		ret = check_text(text, schema, &why);
	return ret ? err_set(err, ret, "%s:%zu: '%s' %s", file->path, node->start_mark.line + 1,
			     what, why.text)
		   : 0;
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
			int ret = check_node(file, yaml_file_node(file, *item),
					     schema->sequence.entry, what, err);
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

const char *yaml_file_text(const struct yaml_file *file)
{
	return file->text;
}
