/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/plan_parts.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/quantity.h"
#include "bench/config/yaml_file.h"

enum { CLOCKS_MAX = 100, TEMPERATURES_MAX = 50, BUILD_NAME_MAX = 24 };

static const double temperature_least_c = -90, temperature_most_c = 200;

struct exit_text {
	unsigned output;
	double confidence;
};

/* Regulators, flash and package creep for seconds after a change of clock (by 3 % over 4 s on a
 * board of a public submission). */
#define SETTLE_DEFAULT "3 s"

struct soak_text {
	char *drift, *limit;
};

struct plan_text {
	char *plan, *window, *idle, *runtime, *eliminate, *layers, *settle, *traces,
		*target_uncertainty;
	struct exit_text *exit;
	struct soak_text *soak;
	char **models, **builds;
	unsigned models_count, builds_count;
	unsigned repeats, *warmups, *attempts;
	uint64_t *seed;
	unsigned *input_seed;
};

static const cyaml_schema_value_t string_entry = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 1000)};

static const cyaml_schema_field_t exit_fields[] = {
	CYAML_FIELD_UINT("output", CYAML_FLAG_DEFAULT, struct exit_text, output),
	CYAML_FIELD_FLOAT("confidence", CYAML_FLAG_DEFAULT, struct exit_text, confidence),
	CYAML_FIELD_END};

static const cyaml_schema_field_t soak_fields[] = {
	CYAML_FIELD_STRING_PTR("drift", CYAML_FLAG_POINTER, struct soak_text, drift, 1, 40),
	CYAML_FIELD_STRING_PTR("limit", CYAML_FLAG_POINTER, struct soak_text, limit, 1, 40),
	CYAML_FIELD_END};

#define OPTIONAL_TEXT(key, member)                                                                 \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct plan_text,    \
			       member, 1, 40)

static const cyaml_schema_field_t plan_fields[] = {
	CYAML_FIELD_STRING_PTR("plan", CYAML_FLAG_POINTER, struct plan_text, plan, 1, 100),
	CYAML_FIELD_SEQUENCE("models", CYAML_FLAG_POINTER, struct plan_text, models, &string_entry,
			     1, 100000),
	CYAML_FIELD_IGNORE("clocks", CYAML_FLAG_DEFAULT),        /* a word or a list: take_clocks */
	CYAML_FIELD_IGNORE("temperatures", CYAML_FLAG_OPTIONAL), /* take_temperatures */
	CYAML_FIELD_SEQUENCE("builds", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct plan_text,
			     builds, &string_entry, 1, 20),
	OPTIONAL_TEXT("runtime", runtime),
	OPTIONAL_TEXT("eliminate", eliminate),
	OPTIONAL_TEXT("layers", layers),
	OPTIONAL_TEXT("settle", settle),
	OPTIONAL_TEXT("traces", traces),
	OPTIONAL_TEXT("target_uncertainty", target_uncertainty),
	CYAML_FIELD_MAPPING_PTR("soak", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct plan_text,
				soak, soak_fields),
	CYAML_FIELD_MAPPING_PTR("exit", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct plan_text,
				exit, exit_fields),
	CYAML_FIELD_UINT("repeats", CYAML_FLAG_DEFAULT, struct plan_text, repeats),
	CYAML_FIELD_UINT_PTR("warmups", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct plan_text,
			     warmups),
	CYAML_FIELD_UINT_PTR("attempts", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct plan_text,
			     attempts),
	CYAML_FIELD_STRING_PTR("window", CYAML_FLAG_POINTER, struct plan_text, window, 1, 40),
	CYAML_FIELD_STRING_PTR("idle", CYAML_FLAG_POINTER, struct plan_text, idle, 1, 40),
	CYAML_FIELD_UINT_PTR("seed", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct plan_text,
			     seed),
	CYAML_FIELD_UINT_PTR("input_seed", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			     struct plan_text, input_seed),
	CYAML_FIELD_END};

static const cyaml_schema_value_t plan_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct plan_text, plan_fields)};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int append(char ***list, unsigned *count, const char *text)
{
	char **grown = realloc(*list, (*count + 1) * sizeof(**list));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[*count] = strdup(text);
	if (!grown[*count])
		return -ENOMEM;
	++*count;
	return 0;
}

static int expand_model(struct plan *plan, const char *folder, const char *pattern, struct err *err)
{
	char full[PATH_MAX];
	glob_t found;
	int ret;

	if (pattern[0] == '/')
		ret = snprintf(full, sizeof(full), "%s", pattern);
	else
		ret = snprintf(full, sizeof(full), "%s/%s", folder, pattern);
	if (ret < 0 || (size_t)ret >= sizeof(full))
		return err_set(err, -EINVAL, "path '%s' is too long", pattern);
	ret = glob(full, 0, NULL, &found);
	if (ret)
		return err_set(err, -ENOENT, "no model file matches '%s'", full);
	for (size_t i = 0; !ret && i < found.gl_pathc; i++)
		ret = append(&plan->models, &plan->model_count, found.gl_pathv[i]);
	globfree(&found);
	return ret ? err_set(err, ret, "out of memory") : 0;
}

static int take_models(struct plan *plan, const struct plan_text *text, const char *path,
		       struct err *err)
{
	char copy[PATH_MAX];
	const char *folder;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	for (unsigned i = 0; i < text->models_count; i++) {
		int ret = expand_model(plan, folder, text->models[i], err);

		if (ret)
			return yaml_file_error(plan->file, ret, err, "models[%u]", i);
	}
	qsort(plan->models, plan->model_count, sizeof(*plan->models), compare_names);
	for (unsigned i = 1; i < plan->model_count; i++) {
		if (!strcmp(plan->models[i], plan->models[i - 1])) {
			err_set(err, -EINVAL, "'%s' is listed twice", plan->models[i]);
			return yaml_file_error(plan->file, -EINVAL, err, "models");
		}
	}
	return 0;
}

static int take_clock(struct plan *plan, const char *text, struct err *err)
{
	struct levels_wanted *wanted = &plan->clocks[plan->clock_count];
	int ret = levels_wanted_parse(text, wanted, err);

	for (unsigned i = 0; !ret && i < plan->clock_count; i++)
		if (plan->clocks[i].word == wanted->word && plan->clocks[i].hz == wanted->hz)
			ret = err_set(err, -EINVAL, "clock '%s' is listed twice", text);
	if (ret)
		return yaml_file_error(plan->file, ret, err, "clocks[%u]", plan->clock_count);
	plan->clock_count++;
	return 0;
}

static int take_clocks(struct plan *plan, struct err *err)
{
	const char **words;
	unsigned count;
	int ret = yaml_file_words(plan->file, "clocks", CLOCKS_MAX, &words, &count, err);

	if (ret)
		return ret;
	plan->clocks = calloc(count, sizeof(*plan->clocks));
	if (!plan->clocks)
		ret = err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; !ret && i < count; i++)
		ret = take_clock(plan, words[i], err);
	free(words);
	return ret;
}

static int take_temperature(struct plan *plan, const char *text, struct err *err)
{
	unsigned index = plan->temperature_count;
	double *temp_c = &plan->temperatures_c[index];
	int ret = quantity_parse(text, QUANTITY_TEMPERATURE, temp_c, err);

	if (!ret && !(*temp_c >= temperature_least_c && *temp_c <= temperature_most_c))
		ret = err_set(err, -EINVAL, "'%s' is outside %g .. %g degC", text,
			      temperature_least_c, temperature_most_c);
	for (unsigned i = 0; !ret && i < index; i++)
		if (plan->temperatures_c[i] == *temp_c)
			ret = err_set(err, -EINVAL, "temperature '%s' is listed twice", text);
	if (ret)
		return yaml_file_error(plan->file, ret, err, "temperatures[%u]", index);
	plan->temperature_count++;
	return 0;
}

static int take_temperatures(struct plan *plan, struct err *err)
{
	const char **words;
	unsigned count;
	int ret;

	if (!yaml_file_has(plan->file, "temperatures"))
		return 0;
	ret = yaml_file_words(plan->file, "temperatures", TEMPERATURES_MAX, &words, &count, err);
	if (ret)
		return ret;
	plan->temperatures_c = calloc(count, sizeof(*plan->temperatures_c));
	if (!plan->temperatures_c)
		ret = err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; !ret && i < count; i++)
		ret = take_temperature(plan, words[i], err);
	free(words);
	return ret;
}

/* Part of a file's name, and of keys. */
static int check_build(const struct plan *plan, const char *name, unsigned index, struct err *err)
{
	if (name[0] != '.' && !strpbrk(name, "/| ") && strlen(name) <= BUILD_NAME_MAX)
		return 0;
	err_set(err, -EINVAL, "'%s' is no build's name: those are like O2, Os, clang", name);
	return yaml_file_error(plan->file, -EINVAL, err, "builds[%u]", index);
}

static int take_builds(struct plan *plan, const struct plan_text *text, struct err *err)
{
	int ret = 0;

	if (!text->builds_count)
		ret = append(&plan->builds, &plan->build_count, "O2");
	for (unsigned i = 0; !ret && i < text->builds_count; i++) {
		if (check_build(plan, text->builds[i], i, err))
			return -EINVAL;
		for (unsigned j = 0; j < i; j++) {
			if (!strcmp(text->builds[i], text->builds[j])) {
				err_set(err, -EINVAL, "build '%s' is listed twice",
					text->builds[i]);
				return yaml_file_error(plan->file, -EINVAL, err, "builds[%u]", i);
			}
		}
		ret = append(&plan->builds, &plan->build_count, text->builds[i]);
	}
	return ret ? err_set(err, ret, "out of memory") : 0;
}

static int take_time(struct plan *plan, const char *key, const char *text, double low_s,
		     double high_s, double *ret_s, struct err *err)
{
	int ret = quantity_parse(text, QUANTITY_TIME, ret_s, err);

	if (!ret && (*ret_s < low_s || *ret_s > high_s))
		ret = err_set(err, -EINVAL, "'%s' is outside %g s .. %g s", text, low_s, high_s);
	return ret ? yaml_file_error(plan->file, ret, err, "%s", key) : 0;
}

static int take_count(struct plan *plan, const char *key, unsigned value, unsigned low,
		      unsigned high, unsigned *ret_value, struct err *err)
{
	if (value < low || value > high) {
		err_set(err, -EINVAL, "'%s' is %u: it must be %u .. %u", key, value, low, high);
		return yaml_file_error(plan->file, -EINVAL, err, "%s", key);
	}
	*ret_value = value;
	return 0;
}

static int take_numbers(struct plan *plan, const struct plan_text *text, struct err *err)
{
	int ret;

	plan->seed = text->seed ? *text->seed : 1;
	plan->input_seed = text->input_seed ? *text->input_seed : 1;
	ret = take_count(plan, "repeats", text->repeats, 1, 10000, &plan->repeats, err);
	if (!ret)
		ret = take_count(plan, "warmups", text->warmups ? *text->warmups : 1, 0, 1000,
				 &plan->warmups, err);
	if (!ret)
		ret = take_count(plan, "attempts", text->attempts ? *text->attempts : 3, 1, 100,
				 &plan->attempts, err);
	if (!ret)
		ret = take_time(plan, "window", text->window, 0.001, 3600, &plan->window_s, err);
	if (!ret)
		ret = take_time(plan, "idle", text->idle, 0.01, 60, &plan->idle_s, err);
	if (!ret)
		ret = take_time(plan, "settle", text->settle ? text->settle : SETTLE_DEFAULT, 0,
				600, &plan->settle_s, err);
	return ret;
}

/* One of two words; NULL is the first. */
static int take_word(struct plan *plan, const char *key, const char *text, const char *no,
		     const char *yes, bool *ret_yes, struct err *err)
{
	*ret_yes = text && !strcmp(text, yes);
	if (!text || *ret_yes || !strcmp(text, no))
		return 0;
	err_set(err, -EINVAL, "'%s' is neither %s nor %s", text, no, yes);
	return yaml_file_error(plan->file, -EINVAL, err, "%s", key);
}

static int take_runtime(struct plan *plan, const struct plan_text *text, struct err *err)
{
	bool portable;
	int ret =
		take_word(plan, "runtime", text->runtime, "optimised", "portable", &portable, err);

	plan->optimised = !portable;
	if (!ret)
		ret = take_word(plan, "eliminate", text->eliminate, "off", "on", &plan->eliminate,
				err);
	if (!ret)
		ret = take_word(plan, "layers", text->layers, "off", "on", &plan->layers, err);
	if (ret || !text->exit)
		return ret;
	plan->has_exit = true;
	plan->exit_output = text->exit->output;
	plan->exit_confidence = text->exit->confidence;
	if (plan->exit_confidence >= 0 && plan->exit_confidence <= 1)
		return 0;
	err_set(err, -EINVAL, "a confidence is within 0 .. 1");
	return yaml_file_error(plan->file, -EINVAL, err, "exit.confidence");
}

static int take_traces(struct plan *plan, const struct plan_text *text, struct err *err)
{
	plan->traces = TRACE_RETAIN_SUSPECT;
	if (!text->traces)
		return 0;
	for (int i = TRACE_RETAIN_ALL; i <= TRACE_RETAIN_NONE; i++) {
		plan->traces = (enum trace_retention)i;
		if (!strcmp(text->traces, plan_traces_name(plan->traces)))
			return 0;
	}
	err_set(err, -EINVAL, "'%s' is none of all, refused, none", text->traces);
	return yaml_file_error(plan->file, -EINVAL, err, "traces");
}

static int take_ratio(struct plan *plan, const char *key, const char *text, double low, double high,
		      double *ret_ratio, struct err *err)
{
	int ret = quantity_parse(text, QUANTITY_RATIO, ret_ratio, err);

	if (!ret && !(*ret_ratio >= low && *ret_ratio <= high))
		ret = err_set(err, -EINVAL, "'%s' is outside %g %% .. %g %%", text, low * 100,
			      high * 100);
	return ret ? yaml_file_error(plan->file, ret, err, "%s", key) : 0;
}

/* What decides when a window is good enough. */
static int take_quality(struct plan *plan, const struct plan_text *text, struct err *err)
{
	int ret = take_traces(plan, text, err);

	if (!ret && text->target_uncertainty)
		ret = take_ratio(plan, "target_uncertainty", text->target_uncertainty, 1e-6, 0.5,
				 &plan->target_u_rel, err);
	if (!ret && text->soak)
		ret = take_ratio(plan, "soak.drift", text->soak->drift, 1e-9, 0.1,
				 &plan->soak.drift_rel, err);
	if (!ret && text->soak)
		ret = take_time(plan, "soak.limit", text->soak->limit, 0.1, 3600,
				&plan->soak.limit_s, err);
	return ret;
}

int plan_load(const char *path, struct plan **ret_plan, struct err *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	void *data;
	const struct plan_text *text;
	int ret;

	if (!plan)
		return err_set(err, -ENOMEM, "out of memory");
	ret = yaml_file_load(path, &plan_schema, &plan->file, &data, err);
	if (ret)
		goto fail;
	text = data;
	plan->name = text->plan;
	ret = take_numbers(plan, text, err);
	if (!ret)
		ret = take_clocks(plan, err);
	if (!ret)
		ret = take_temperatures(plan, err);
	if (!ret)
		ret = take_builds(plan, text, err);
	if (!ret)
		ret = take_runtime(plan, text, err);
	if (!ret)
		ret = take_quality(plan, text, err);
	if (!ret)
		ret = take_models(plan, text, path, err);
	if (!ret)
		ret = plan_resolve(plan, err);
	if (ret)
		goto fail;
	*ret_plan = plan;
	return 0;
fail:
	plan_free(plan);
	return ret;
}

static void free_list(char **list, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free_list(plan->models, plan->model_count);
	free_list(plan->builds, plan->build_count);
	free(plan->clocks);
	free(plan->temperatures_c);
	free(plan->resolved);
	yaml_file_free(plan->file);
	free(plan);
}
