/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Count tables as JSON: schema joulebench.counts/1. Coefficients stand beside the names of their
 * variables, so that a table can be read, and does not depend on the order of the variables here.
 */
#include "bench/predictor/counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "joulebench.counts/1"

/* Writing ------------------------------------------------------------------------------------- */

static json_t *strings_json(const char *const *names, unsigned count)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *target_json(const struct count_entry *entry, unsigned target, unsigned targets)
{
	const struct count_quality *quality = &entry->qualities[target];
	json_t *object = json_object(), *coefficients = json_array();

	for (unsigned i = 0; i < entry->term_count; i++)
		json_array_append_new(
			coefficients,
			quality->exact ? json_integer(entry->exact[(size_t)i * targets + target])
				       : json_real(entry->fitted[(size_t)i * targets + target]));
	json_object_set_new(object, "exact", json_boolean(quality->exact));
	if (quality->exact)
		json_object_set_new(object, "divisor", json_integer(entry->divisors[target]));
	if (quality->data)
		json_object_set_new(object, "depends_on_data", json_true());
	if (!quality->exact || quality->data) {
		json_object_set_new(object, "relative_error_least",
				    json_real(quality->error_least));
		json_object_set_new(object, "relative_error_most", json_real(quality->error_most));
		json_object_set_new(object, "relative_error_rms", json_real(quality->error_rms));
	}
	json_object_set_new(object, "coefficients", coefficients);
	return object;
}

static json_t *check_json(const struct count_entry *entry, const struct count_check *check)
{
	json_t *object = json_object(), *terms = json_array(), *factors = json_array();

	for (unsigned i = 0; i < check->term_count; i++) {
		json_array_append_new(terms,
				      json_string(entry->names[entry->terms[check->terms[i]]]));
		json_array_append_new(factors, json_integer(check->factors[i]));
	}
	json_object_set_new(object, "variable", json_string(entry->names[check->variable]));
	json_object_set_new(object, "divisor", json_integer(check->divisor));
	json_object_set_new(object, "terms", terms);
	json_object_set_new(object, "factors", factors);
	return object;
}

static json_t *entry_json(const struct count_table *table, const struct count_entry *entry)
{
	const char *names[COUNT_VARIABLES_MAX];
	json_t *object = json_object(), *counters = json_object(), *zeros = json_array();
	json_t *checks = json_array();

	for (unsigned i = 0; i < entry->term_count; i++)
		names[i] = entry->names[entry->terms[i]];
	for (unsigned i = 0; i < table->target_count; i++) {
		char name[48];

		count_target_name(table, i, name);
		json_object_set_new(counters, name, target_json(entry, i, table->target_count));
	}
	for (unsigned i = 0; i < entry->check_count; i++)
		if (entry->checks[i].term_count == 0)
			json_array_append_new(zeros,
					      json_string(entry->names[entry->checks[i].variable]));
		else
			json_array_append_new(checks, check_json(entry, &entry->checks[i]));
	json_object_set_new(object, "kernel", json_string(entry->of->name));
	json_object_set_new(object, "layers_identified", json_integer(entry->layers_identified));
	json_object_set_new(object, "layers_held_out", json_integer(entry->layers_held_out));
	json_object_set_new(object, "terms", strings_json(names, entry->term_count));
	json_object_set_new(object, "counters", counters);
	json_object_set_new(object, "always_zero", zeros);
	json_object_set_new(object, "always_equal", checks);
	return object;
}

static json_t *around_json(const struct count_table *table, const double *values)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < table->target_count; i++) {
		char name[48];

		count_target_name(table, i, name);
		json_object_set_new(object, name, json_real(values[i]));
	}
	return object;
}

static json_t *whole_json(const struct count_table *table)
{
	json_t *object = json_object();

	json_object_set_new(object, "exact", json_boolean(table->whole_exact));
	json_object_set_new(object, "first_layer", around_json(table, table->first));
	json_object_set_new(object, "base", around_json(table, table->base));
	json_object_set_new(object, "per_layer", around_json(table, table->per_layer));
	return object;
}

json_t *count_table_to_json(const struct count_table *table)
{
	json_t *object = json_object(), *classes = json_array(), *clocks = json_array();
	json_t *kernels = json_array();

	for (unsigned i = 0; i < table->class_count; i++)
		json_array_append_new(classes, json_string(table->class_names[i]));
	for (unsigned i = 0; i < table->clock_count; i++)
		json_array_append_new(clocks, json_integer(table->clocks_hz[i]));
	for (unsigned i = 0; i < COUNT_CASES_MAX; i++)
		if (table->entries[i])
			json_array_append_new(kernels, entry_json(table, table->entries[i]));
	json_object_set_new(object, "schema", json_string(SCHEMA));
	json_object_set_new(object, "board", json_string(table->board));
	json_object_set_new(object, "chip", json_string(table->chip));
	json_object_set_new(object, "build", json_string(table->build));
	json_object_set_new(object, "runtime", json_string(table->runtime));
	json_object_set_new(object, "virtual", json_true());
	json_object_set_new(object, "networks", json_integer(table->nets));
	json_object_set_new(object, "classes", classes);
	json_object_set_new(object, "clocks_hz", clocks);
	json_object_set_new(object, "inference", whole_json(table));
	json_object_set_new(object, "kernels", kernels);
	return object;
}

/* Reading ---------------------------------------------------------------------------------------
 */

static int refuse(struct err *err, const char *what)
{
	return err_set(err, -EINVAL, "the count table: %s", what);
}

static int text_take(const json_t *json, const char *key, char *to, size_t size, struct err *err)
{
	const char *text = json_string_value(json_object_get(json, key));

	if (!text || strlen(text) >= size)
		return err_set(err, -EINVAL, "the count table: no good text '%s'", key);
	strcpy(to, text);
	return 0;
}

static int classes_take(const json_t *json, struct count_table *table, struct err *err)
{
	const json_t *list = json_object_get(json, "classes");

	table->class_count = (unsigned)json_array_size(list);
	if (!json_is_array(list) || json_array_size(list) > COUNT_CLASSES_MAX)
		return refuse(err, "no good list 'classes'");
	for (unsigned i = 0; i < table->class_count; i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (!name || strlen(name) >= COUNT_CLASS_NAME_MAX)
			return refuse(err, "a class without a good name");
		strcpy(table->class_names[i], name);
	}
	return 0;
}

static int clocks_take(const json_t *json, struct count_table *table, struct err *err)
{
	const json_t *list = json_object_get(json, "clocks_hz");

	table->clock_count = (unsigned)json_array_size(list);
	if (json_array_size(list) == 0 || json_array_size(list) > COUNT_CLOCKS_MAX)
		return refuse(err, "no good list 'clocks_hz'");
	for (unsigned i = 0; i < table->clock_count; i++)
		table->clocks_hz[i] = (uint32_t)json_integer_value(json_array_get(list, i));
	table->target_count =
		COUNT_CLASS_FIRST + table->class_count + COUNT_PER_CLOCK * table->clock_count;
	return 0;
}

static int around_take(const struct count_table *table, const json_t *json, double *to,
		       struct err *err)
{
	for (unsigned i = 0; i < table->target_count; i++) {
		char name[48];
		const json_t *value;

		count_target_name(table, i, name);
		value = json_object_get(json, name);
		if (!json_is_number(value))
			return err_set(err, -EINVAL, "the count table: inference: no number '%s'",
				       name);
		to[i] = json_number_value(value);
	}
	return 0;
}

static int whole_take(const json_t *json, struct count_table *table, struct err *err)
{
	const json_t *whole = json_object_get(json, "inference");
	int ret = around_take(table, json_object_get(whole, "first_layer"), table->first, err);

	table->whole_exact = json_is_true(json_object_get(whole, "exact"));
	ret = ret ? ret : around_take(table, json_object_get(whole, "base"), table->base, err);
	return ret ? ret
		   : around_take(table, json_object_get(whole, "per_layer"), table->per_layer, err);
}

/* The names of a case's variables: those of the smallest operator there is. */
static void variables_name(const struct count_case *of, struct count_variables *ret_variables)
{
	static const uint8_t constants[4096];
	const struct image_tensor tensor = {.shape = {1, 1, 1, 1}, .bytes = 1};
	const struct image_op op = {.kernel_h = 1,
				    .kernel_w = 1,
				    .stride_h = 1,
				    .stride_w = 1,
				    .dilation_h = 1,
				    .dilation_w = 1,
				    .input_count = 2};
	const struct image_use use = {.op = &op, .in = {&tensor, &tensor}, .out = &tensor};

	count_variables_fill(of, &use, constants, ret_variables);
}

static int variable_find(const struct count_variables *variables, const json_t *name)
{
	const char *text = json_string_value(name);

	for (unsigned i = 0; text && i < variables->count; i++)
		if (!strcmp(variables->names[i], text))
			return (int)i;
	return -1;
}

static const struct count_case *case_find(const char *name, unsigned *ret_index)
{
	const struct count_case *of;

	for (*ret_index = 0; (of = count_case_at(*ret_index)); ++*ret_index)
		if (!strcmp(of->name, name))
			return of;
	return NULL;
}

static int terms_take(const json_t *json, const struct count_variables *variables,
		      struct count_entry *entry, struct err *err)
{
	const json_t *terms = json_object_get(json, "terms");

	for (unsigned i = 0; i < entry->term_count; i++) {
		int index = variable_find(variables, json_array_get(terms, i));

		if (index < 0)
			return err_set(err, -EINVAL,
				       "the count table: %s has no variable '%s': it was made by "
				       "another version",
				       entry->of->name,
				       json_string_value(json_array_get(terms, i)));
		entry->terms[i] = (uint8_t)index;
	}
	return 0;
}

static int target_take(const json_t *json, const char *name, unsigned target, unsigned targets,
		       struct count_entry *entry, struct err *err)
{
	struct count_quality *quality = &entry->qualities[target];
	const json_t *list = json_object_get(json, "coefficients");

	if (json_array_size(list) != entry->term_count)
		return err_set(err, -EINVAL, "the count table: %s: %s has no %u coefficients",
			       entry->of->name, name, entry->term_count);
	quality->exact = json_is_true(json_object_get(json, "exact"));
	quality->data = json_is_true(json_object_get(json, "depends_on_data"));
	quality->error_least = json_number_value(json_object_get(json, "relative_error_least"));
	quality->error_most = json_number_value(json_object_get(json, "relative_error_most"));
	quality->error_rms = json_number_value(json_object_get(json, "relative_error_rms"));
	entry->divisors[target] =
		quality->exact ? json_integer_value(json_object_get(json, "divisor")) : 1;
	if (entry->divisors[target] < 1)
		return err_set(err, -EINVAL, "the count table: %s: %s has no good divisor",
			       entry->of->name, name);
	entry->has_divisors |= entry->divisors[target] != 1;
	entry->has_fits |= !quality->exact;
	for (unsigned i = 0; i < entry->term_count; i++) {
		const json_t *value = json_array_get(list, i);

		if (quality->exact ? !json_is_integer(value) : !json_is_number(value))
			return err_set(err, -EINVAL,
				       "the count table: %s: %s: coefficient %u is no good number",
				       entry->of->name, name, i);
		if (quality->exact)
			entry->exact[(size_t)i * targets + target] = json_integer_value(value);
		else
			entry->fitted[(size_t)i * targets + target] = json_number_value(value);
	}
	return 0;
}

static int check_take(const json_t *json, const struct count_variables *variables,
		      struct count_entry *entry, struct err *err)
{
	struct count_check *check = &entry->checks[entry->check_count++];
	const json_t *terms = json_object_get(json, "terms");
	const json_t *factors = json_object_get(json, "factors");
	size_t count = json_array_size(terms);
	int variable = variable_find(variables, json_object_get(json, "variable"));

	if (variable < 0 || count > entry->term_count || json_array_size(factors) != count)
		return refuse(err, "a bad entry of 'always_equal'");
	check->variable = (uint8_t)variable;
	check->divisor = json_integer_value(json_object_get(json, "divisor"));
	check->terms = calloc(count + 1, sizeof(*check->terms));
	check->factors = calloc(count + 1, sizeof(*check->factors));
	if (!check->terms || !check->factors)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		int index = variable_find(variables, json_array_get(terms, i));
		unsigned term = 0;

		while (term < entry->term_count && entry->terms[term] != index)
			term++;
		if (index < 0 || term == entry->term_count)
			return refuse(err, "a bad entry of 'always_equal'");
		check->terms[i] = (uint8_t)term;
		check->factors[i] = json_integer_value(json_array_get(factors, i));
	}
	check->term_count = (uint8_t)count;
	return 0;
}

static int checks_take(const json_t *json, const struct count_variables *variables,
		       struct count_entry *entry, struct err *err)
{
	const json_t *zeros = json_object_get(json, "always_zero");
	const json_t *equals = json_object_get(json, "always_equal");

	for (size_t i = 0; i < json_array_size(zeros); i++) {
		int index = variable_find(variables, json_array_get(zeros, i));

		if (index < 0)
			return refuse(err, "an unknown variable in 'always_zero'");
		entry->checks[entry->check_count++] =
			(struct count_check){.variable = (uint8_t)index, .divisor = 1};
	}
	for (size_t i = 0; i < json_array_size(equals); i++) {
		int ret = check_take(json_array_get(equals, i), variables, entry, err);

		if (ret)
			return ret;
	}
	return 0;
}

static int entry_fill(const struct count_table *table, const json_t *json,
		      const struct count_variables *variables, struct count_entry *entry,
		      struct err *err)
{
	const json_t *counters = json_object_get(json, "counters");
	int ret = terms_take(json, variables, entry, err);

	entry->variable_count = variables->count;
	memcpy(entry->names, variables->names, sizeof(entry->names));
	entry->layers_identified =
		(unsigned)json_integer_value(json_object_get(json, "layers_identified"));
	entry->layers_held_out =
		(unsigned)json_integer_value(json_object_get(json, "layers_held_out"));
	for (unsigned i = 0; !ret && i < table->target_count; i++) {
		char name[48];

		count_target_name(table, i, name);
		ret = target_take(json_object_get(counters, name), name, i, table->target_count,
				  entry, err);
	}
	return ret ? ret : checks_take(json, variables, entry, err);
}

static int entry_take(struct count_table *table, const json_t *json, struct err *err)
{
	const char *name = json_string_value(json_object_get(json, "kernel"));
	size_t terms = json_array_size(json_object_get(json, "terms"));
	size_t checks = json_array_size(json_object_get(json, "always_zero")) +
			json_array_size(json_object_get(json, "always_equal"));
	struct count_variables variables;
	const struct count_case *of;
	struct count_entry *entry;
	unsigned index;

	of = name ? case_find(name, &index) : NULL;
	if (!of || index >= COUNT_CASES_MAX || table->entries[index])
		return err_set(err, -EINVAL, "the count table: kernel '%s' is unknown or twice",
			       name ? name : "without a name");
	if (terms > COUNT_VARIABLES_MAX || checks > COUNT_VARIABLES_MAX)
		return err_set(err, -EINVAL, "the count table: %s has too many terms", name);
	entry = count_entry_new((unsigned)terms, table->target_count, (unsigned)checks);
	if (!entry)
		return err_set(err, -ENOMEM, "out of memory");
	entry->of = of;
	table->entries[index] = entry;
	variables_name(of, &variables);
	return entry_fill(table, json, &variables, entry, err);
}

static int table_fill(struct count_table *table, const json_t *json, struct err *err)
{
	const char *schema = json_string_value(json_object_get(json, "schema"));
	const json_t *kernels = json_object_get(json, "kernels");
	int ret;

	if (!schema || strcmp(schema, SCHEMA))
		return err_set(err, -EINVAL, "the schema is '%s', not " SCHEMA,
			       schema ? schema : "none");
	table->nets = (unsigned)json_integer_value(json_object_get(json, "networks"));
	ret = text_take(json, "board", table->board, sizeof(table->board), err);
	ret = ret ? ret : text_take(json, "chip", table->chip, sizeof(table->chip), err);
	ret = ret ? ret : text_take(json, "build", table->build, sizeof(table->build), err);
	ret = ret ? ret : text_take(json, "runtime", table->runtime, sizeof(table->runtime), err);
	ret = ret ? ret : classes_take(json, table, err);
	ret = ret ? ret : clocks_take(json, table, err);
	ret = ret ? ret : whole_take(json, table, err);
	for (size_t i = 0; !ret && i < json_array_size(kernels); i++)
		ret = entry_take(table, json_array_get(kernels, i), err);
	return ret;
}

int count_table_from_json(const json_t *json, struct count_table **ret_table, struct err *err)
{
	struct count_table *table = count_table_new();
	int ret = table ? table_fill(table, json, err) : err_set(err, -ENOMEM, "out of memory");

	if (ret)
		count_table_free(table);
	else
		*ret_table = table;
	return ret;
}

int count_table_load(const char *path, struct count_table **ret_table, struct err *err)
{
	json_error_t where;
	json_t *json = json_load_file(path, 0, &where), *inside;
	int ret;

	if (!json)
		return err_set(err, -EINVAL, "%s:%d: %s", path, where.line, where.text);
	/* a predictor holds its table under a key */
	inside = json_object_get(json, "counts");
	ret = count_table_from_json(inside ? inside : json, ret_table, err);
	json_decref(json);
	return ret ? err_context(err, ret, "%s", path) : 0;
}

int count_table_save(const struct count_table *table, const char *path, struct err *err)
{
	json_t *json = count_table_to_json(table);
	int ret = json ? json_dump_file(json, path, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) : -1;

	json_decref(json);
	return ret ? err_set(err, -EIO, "%s: cannot be written", path) : 0;
}
