/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <jansson.h>

#include "bench/config/plan_parts.h"

const char *plan_traces_name(enum trace_retention retention)
{
	static const char *const names[] = {[TRACE_RETAIN_ALL] = "all",
					    [TRACE_RETAIN_SUSPECT] = "refused",
					    [TRACE_RETAIN_NONE] = "none"};

	return names[retention];
}

static json_t *soak_resolve(const struct plan *plan)
{
	return plan->soak.drift_rel > 0 ? json_pack("{s:f, s:f}", "drift", plan->soak.drift_rel,
						    "limit_s", plan->soak.limit_s)
					: json_null();
}

static json_t *target_resolve(const struct plan *plan)
{
	return plan->target_u_rel > 0 ? json_real(plan->target_u_rel) : json_null();
}

static json_t *exit_resolve(const struct plan *plan)
{
	return plan->has_exit ? json_pack("{s:i, s:f}", "output", (int)plan->exit_output,
					  "confidence", plan->exit_confidence)
			      : json_null();
}

static json_t *string_list(char **list, unsigned count)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

const char *plan_runtime(const struct plan *plan)
{
	return plan->optimised ? "optimised" : "portable";
}

static json_t *clock_list(const struct plan *plan, bool by_word)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->clock_count; i++) {
		const char *word = levels_word_name(plan->clocks[i].word);

		if (by_word == (word != NULL))
			json_array_append_new(array, word ? json_string(word)
							  : json_integer(plan->clocks[i].hz));
	}
	return array;
}

static json_t *temperature_list(const struct plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->temperature_count; i++)
		json_array_append_new(array, json_real(plan->temperatures_c[i]));
	return array;
}

int plan_resolve(struct plan *plan, struct err *err)
{
	json_t *json;

	json = json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:o, s:i, s:i, s:i, s:f, s:f, s:I, s:I, "
		"s:f, s:s, s:o, s:o}",
		"plan", plan->name, "models", string_list(plan->models, plan->model_count),
		"clocks_hz", clock_list(plan, false), "clocks_by_word", clock_list(plan, true),
		"builds", string_list(plan->builds, plan->build_count), "runtime",
		plan_runtime(plan), "eliminate", plan->eliminate, "layers", plan->layers, "exit",
		exit_resolve(plan), "repeats", (int)plan->repeats, "warmups", (int)plan->warmups,
		"attempts", (int)plan->attempts, "window_s", plan->window_s, "idle_s", plan->idle_s,
		"seed", (json_int_t)plan->seed, "input_seed", (json_int_t)plan->input_seed,
		"settle_s", plan->settle_s, "traces", plan_traces_name(plan->traces),
		"target_u_rel", target_resolve(plan), "soak", soak_resolve(plan));
	if (json && plan->temperature_count)
		json_object_set_new(json, "temperatures_c", temperature_list(plan));
	plan->resolved = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return plan->resolved ? 0 : err_set(err, -ENOMEM, "plan '%s': not valid UTF-8", plan->name);
}
