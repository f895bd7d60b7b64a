/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench check: read rig and plan files and say what is wrong, touching no hardware.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/commands/options.h"
#include "bench/config/plan.h"
#include "bench/config/rig.h"
#include "bench/model/model.h"
#include "bench/report/json_out.h"
#include "bench/session/target.h"

static int check_models(const struct plan *plan, struct err *err)
{
	for (unsigned i = 0; i < plan->model_count; i++) {
		struct model_image *image;
		int ret = model_image_build(plan->models[i], &model_options_portable, &image, err);

		if (ret)
			return ret;
		model_image_free(image);
	}
	return 0;
}

/* Of a board with these levels. */
static size_t point_count(const struct plan *plan, const struct levels *levels)
{
	return (size_t)plan->model_count * plan->build_count * plan->repeats * levels->count;
}

static size_t point_count_of_rig(const struct plan *plan, const struct rig *rig,
				 const struct levels *levels)
{
	size_t count = 0;

	for (unsigned i = 0; i < rig->board_count; i++)
		count += point_count(plan, &levels[i]);
	return count;
}

static void print_text(const struct rig *rig, const struct plan *plan, const struct levels *levels)
{
	printf("rig %s: %s, %u boards, %u meters: ok\n", rig->name,
	       rig->is_virtual ? "virtual" : "real", rig->board_count, rig->meter_count);
	if (!plan)
		return;
	for (unsigned i = 0; i < rig->board_count; i++) {
		char clocks[400];

		levels_print(&levels[i], clocks, sizeof(clocks));
		printf("  %s (%s) at %s: %zu points\n", rig->boards[i].name, rig->boards[i].chip,
		       clocks, point_count(plan, &levels[i]));
	}
	printf("plan %s: %u models x %u builds x %u repeats at these clocks on %u boards = %zu "
	       "points: ok\n",
	       plan->name, plan->model_count, plan->build_count, plan->repeats, rig->board_count,
	       point_count_of_rig(plan, rig, levels));
}

static json_t *boards_json(const struct plan *plan, const struct rig *rig,
			   const struct levels *levels)
{
	json_t *boards = json_array();

	for (unsigned i = 0; i < rig->board_count; i++) {
		json_t *clocks = json_array();

		for (unsigned j = 0; j < levels[i].count; j++)
			json_array_append_new(clocks, json_integer(levels[i].hz[j]));
		json_array_append_new(boards,
				      json_pack("{s:s, s:o, s:I}", "board", rig->boards[i].name,
						"clocks_hz", clocks, "points",
						(json_int_t)point_count(plan, &levels[i])));
	}
	return boards;
}

static int print_json(const struct rig *rig, const struct plan *plan, const struct levels *levels,
		      struct err *err)
{
	json_t *object =
		json_pack("{s:b, s:o}", "ok", 1, "rig", json_loads(rig->resolved, 0, NULL));

	if (object && plan) {
		json_object_set_new(object, "plan", json_loads(plan->resolved, 0, NULL));
		json_object_set_new(object, "boards", boards_json(plan, rig, levels));
		json_object_set_new(
			object, "points_planned",
			json_integer((json_int_t)point_count_of_rig(plan, rig, levels)));
	}
	return json_out_print("joulebench.check/1", object, err);
}

static enum exit_status check(const char *rig_path, const char *plan_path, bool json)
{
	struct rig *rig = NULL;
	struct plan *plan = NULL;
	struct levels *levels = NULL;
	struct err err = {""};
	int ret = rig_load(rig_path, &rig, &err);

	if (!ret && plan_path)
		ret = plan_load(plan_path, &plan, &err);
	if (!ret && plan)
		ret = levels_resolve(plan, rig, &levels, &err);
	if (!ret && plan)
		ret = target_check_rig(plan, rig, &err);
	if (!ret && plan)
		ret = check_models(plan, &err);
	if (!ret && json)
		ret = print_json(rig, plan, levels, &err);
	else if (!ret)
		print_text(rig, plan, levels);
	free(levels);
	plan_free(plan);
	rig_free(rig);
	return ret ? options_fail(&check_command, EXIT_USAGE, "%s", err.text) : EXIT_DONE;
}

static enum exit_status run(int argc, char **argv)
{
	bool json = false;
	const struct option_row rows[] = {{"json", NULL, &json}, {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	int count;

	if (!options_read(&check_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count < 1 || count > 2)
		return options_fail(&check_command, EXIT_USAGE,
				    "give a rig and perhaps a plan (see --help)");
	return check(arguments[0], count > 1 ? arguments[1] : NULL, json);
}

const struct command check_command = {
	.name = "check",
	.summary = "check rig and plan files without touching hardware",
	.help = "usage: joulebench check RIG.yaml [PLAN.yaml] [--json]\n\n"
		"Reads the rig with its parts, and the plan with its models, as 'run' would; "
		"prints\n"
		"the clock levels and the number of points of every board. Refuses a "
		"target_uncertainty that "
		"no window\n"
		"of the rig's meters reaches, with the floor.\n\n"
		"  --json      print one JSON object (schema joulebench.check/1)\n",
	.run = run,
};
