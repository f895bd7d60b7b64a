/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench check: read rig and plan files and say what is wrong, touching no hardware; on request
 * open the rig's devices and say what is wrong with them.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/folders.h"
#include "bench/commands/options.h"
#include "bench/config/plan.h"
#include "bench/config/rig.h"
#include "bench/report/json_out.h"
#include "bench/session/device_check.h"
#include "bench/session/points.h"

/* Of a board with these levels. */
static size_t point_count(const struct plan *plan, const struct levels *levels)
{
	return (size_t)plan->model_count * plan->build_count * plan->repeats * levels->count *
	       points_temperatures(plan);
}

static size_t point_count_of_rig(const struct plan *plan, const struct rig *rig,
				 const struct levels *levels)
{
	size_t count = 0;

	for (unsigned i = 0; i < rig->board_count; i++)
		count += point_count(plan, &levels[i]);
	return count;
}

static void print_temperatures(const struct plan *plan)
{
	printf("  at");
	for (unsigned i = 0; i < plan->temperature_count; i++)
		printf("%s %g", i ? "," : "", plan->temperatures_c[i]);
	printf(" degC, one after the other\n");
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
	if (plan->temperature_count)
		print_temperatures(plan);
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

static enum exit_status check(const char *rig_path, const char *plan_path,
			      const char *firmware_folder, bool json)
{
	struct rig *rig = NULL;
	struct plan *plan = NULL;
	struct session_work work = {0};
	struct err err = {""};
	char folder[PATH_MAX + 16];
	int ret = rig_load(rig_path, &rig, &err);

	folders_beside(FOLDERS_FIRMWARE, folder, sizeof(folder));
	if (!ret && plan_path)
		ret = plan_load(plan_path, &plan, &err);
	if (!ret && plan)
		ret = session_work_prepare(plan, rig, firmware_folder ? firmware_folder : folder,
					   &work, &err);
	if (!ret && json)
		ret = print_json(rig, plan, work.levels, &err);
	else if (!ret)
		print_text(rig, plan, work.levels);
	session_work_done(&work);
	plan_free(plan);
	rig_free(rig);
	return ret ? options_fail(&check_command, EXIT_USAGE, "%s", err.text) : EXIT_DONE;
}

/* Devices ------------------------------------------------------------------------------------- */

static bool is_thermal(const struct device_check *check)
{
	return !strcmp(check->kind, "chamber") || !strcmp(check->kind, "sensor");
}

static void print_device(const struct device_check *check)
{
	const struct meter_info *info = &check->info;

	printf("%s %s: ", check->kind, check->name);
	if (check->code) {
		printf("NOT OK: %s\n", check->problem.text);
		if (check->advice[0])
			printf("    to do: %s\n", check->advice);
		return;
	}
	if (is_thermal(check)) {
		printf("ok: %s, %.2f degC\n",
		       check->identity[0] ? check->identity : "it does not say what it is",
		       check->temp_c);
		return;
	}
	if (!check->is_meter) {
		printf("ok: its port opens%s%s\n", check->identity[0] ? ": " : "", check->identity);
		return;
	}
	printf("ok: %s%s, serial %s, %g samples/s, %s\n", info->model,
	       check->is_virtual ? " (virtual)" : "", info->serial[0] ? info->serial : "not told",
	       info->rate_hz,
	       info->caps & METER_CAP_SUPPLY ? "powers the board" : "powers nothing");
	printf("    calibration: %s\n", info->calibration);
}

static json_t *device_json(const struct device_check *check)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s, s:b, s:b}", "device", check->kind, "name", check->name,
			  "link", check->link, "ok", !check->code, "virtual", check->is_virtual);

	if (object && check->code) {
		json_object_set_new(object, "problem", json_string(check->problem.text));
		json_object_set_new(object, "advice", json_string(check->advice));
	} else if (object && check->is_meter) {
		json_object_set_new(object, "model", json_string(check->info.model));
		json_object_set_new(object, "serial", json_string(check->info.serial));
		json_object_set_new(object, "rate_hz", json_real(check->info.rate_hz));
		json_object_set_new(object, "powers_board",
				    json_boolean(check->info.caps & METER_CAP_SUPPLY));
		json_object_set_new(object, "calibration", json_string(check->info.calibration));
	} else if (object) {
		json_object_set_new(object, "identity", json_string(check->identity));
		if (is_thermal(check))
			json_object_set_new(object, "temp_c", json_real(check->temp_c));
	}
	return object;
}

static int print_devices(const struct rig *rig, const struct device_check *list, size_t count,
			 size_t wrong, bool json, struct err *err)
{
	json_t *devices;

	for (size_t i = 0; !json && i < count; i++)
		print_device(&list[i]);
	if (!json) {
		printf("rig %s: %zu of %zu devices are as the rig says\n", rig->name, count - wrong,
		       count);
		return 0;
	}
	devices = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(devices, device_json(&list[i]));
	return json_out_print(
		"joulebench.check_devices/1",
		json_pack("{s:b, s:s, s:o}", "ok", !wrong, "rig", rig->name, "devices", devices),
		err);
}

static enum exit_status check_devices(const char *rig_path, bool json)
{
	struct device_check *list = NULL;
	struct rig *rig = NULL;
	struct err err = {""};
	size_t count = 0, wrong = 0;
	int ret;

	signal(SIGPIPE, SIG_IGN);
	if (rig_load(rig_path, &rig, &err))
		return options_fail(&check_command, EXIT_USAGE, "%s", err.text);
	ret = device_check_rig(rig, &list, &count, &err);
	for (size_t i = 0; i < count; i++)
		wrong += list[i].code != 0;
	if (!ret)
		ret = print_devices(rig, list, count, wrong, json, &err);
	free(list);
	rig_free(rig);
	if (ret)
		return options_fail(&check_command, EXIT_INFRASTRUCTURE, "%s", err.text);
	return wrong ? EXIT_INFRASTRUCTURE : EXIT_DONE;
}

static enum exit_status run(int argc, char **argv)
{
	bool json = false, devices = false;
	const char *firmware_folder = NULL;
	const struct option_row rows[] = {{"devices", NULL, &devices},
					  {"firmware", &firmware_folder, NULL},
					  {"json", NULL, &json},
					  {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	int count;

	if (!options_read(&check_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count < 1 || count > 2)
		return options_fail(&check_command, EXIT_USAGE,
				    "give a rig and perhaps a plan (see --help)");
	if (devices && count > 1)
		return options_fail(&check_command, EXIT_USAGE,
				    "--devices takes a rig alone: check the plan on its own");
	if (firmware_folder && count < 2)
		return options_fail(&check_command, EXIT_USAGE,
				    "--firmware goes with a plan: a rig alone names no builds");
	if (devices)
		return check_devices(arguments[0], json);
	return check(arguments[0], count > 1 ? arguments[1] : NULL, firmware_folder, json);
}

const struct command check_command = {
	.name = "check",
	.summary = "check rig and plan files, or the rig's devices",
	.help = "usage: joulebench check RIG.yaml [PLAN.yaml] [--firmware DIR] [--json]\n"
		"       joulebench check --devices RIG.yaml [--json]\n\n"
		"Reads the rig with its parts, and the plan with its models and firmware\n"
		"builds, as 'run' would; prints the clock levels and the number of points of\n"
		"every board. Refuses a target_uncertainty that no window of the rig's meters\n"
		"reaches, with the floor.\n\n"
		"  --devices   open each device of the rig instead: meters say what they are, "
		"boards' "
		"ports open,\n"
		"              chamber and sensor say what they are and how warm it is;\n"
		"              what is wrong is said with what to do. Powers nothing, measures "
		"nothing\n"
		"  --firmware DIR\n"
		"              where the firmware files are (default: ../firmware beside the "
		"program)\n"
		"  --json      print one JSON object (schema joulebench.check/1, with --devices "
		"joulebench.check_devices/1)\n\n"
		"Exit status: 0 all right, 2 usage or configuration, 3 a device is not as the rig "
		"says.\n",
	.run = run,
};
