/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench run: measure a plan on a rig.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/folders.h"
#include "bench/commands/options.h"
#include "bench/config/plan.h"
#include "bench/config/rig.h"
#include "bench/report/json_out.h"
#include "bench/report/results.h"
#include "bench/session/session.h"
#include "bench/trace/trace.h"

static volatile sig_atomic_t stop, measuring;

/* While boards are held they are let go first, unless somebody is in more of a hurry than that. */
static void on_signal(int number)
{
	(void)number;
	if (stop || !measuring)
		_exit(EXIT_INTERRUPTED);
	stop = 1;
}

/* A hang-up counts too, but for a run that was told to outlive its terminal (nohup). */
static void watch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction hangup;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that cannot grow is an error like a full disk */
}

struct run_inputs {
	const char *plan_path, *rig_path, *db_path, *firmware_folder;
	const char *record_folder, *replay_folder;
	bool json;
	struct plan *plan;
	struct rig *rig;
	struct session_work work;
	struct recording *recording; /* NULL: neither recorded nor replayed */
	struct store *store;
	char trace_folder[TRACE_PATH_MAX];
};

/* A replay makes a database of its own: rows that are there already could be taken for its rows. */
static int open_replay(struct run_inputs *inputs, struct err *err)
{
	if (!access(inputs->db_path, F_OK))
		return err_set(err, -EEXIST, "%s is there: --replay makes a new database",
			       inputs->db_path);
	return recording_replay(inputs->replay_folder, &inputs->work, &inputs->recording, err);
}

static int begin_recording(struct run_inputs *inputs, struct err *err)
{
	const char *of_rig = inputs->rig->record_folder;

	if (inputs->record_folder)
		return recording_begin(inputs->record_folder, &inputs->work, &inputs->recording,
				       err);
	return of_rig && !inputs->replay_folder
		       ? recording_begin_inside(of_rig, &inputs->work, &inputs->recording, err)
		       : 0;
}

static void tell_repair(void *context, const char *path, int ret, const struct trace_repair *repair,
			const struct err *err)
{
	(void)context;
	if (ret && ret != -EBUSY)
		fprintf(stderr, "joulebench: trace not repaired: %s\n", err->text);
	else if (!ret && repair->repaired)
		fprintf(stderr,
			"joulebench: repaired a trace that was cut off, %llu samples: %s -> %s\n",
			(unsigned long long)repair->samples, path, repair->path);
}

/* Makes the folder, and puts in order what a killed run left there. */
static int open_traces(struct run_inputs *inputs, struct err *err)
{
	struct trace_repair_summary summary;
	int ret = trace_folder_make(inputs->db_path, inputs->trace_folder,
				    sizeof(inputs->trace_folder), err);

	if (!ret)
		ret = trace_repair_folder(inputs->trace_folder, false, tell_repair, NULL, &summary,
					  err);
	if (!ret && summary.removed)
		fprintf(stderr,
			"joulebench: removed %u traces that were cut off before their first "
			"sample\n",
			summary.removed);
	return ret;
}

static int load(struct run_inputs *inputs, struct err *err)
{
	char folder[PATH_MAX + 16];
	int ret = rig_load(inputs->rig_path, &inputs->rig, err);

	folders_beside(FOLDERS_FIRMWARE, folder, sizeof(folder));
	if (!ret)
		ret = plan_load(inputs->plan_path, &inputs->plan, err);
	if (!ret)
		ret = session_work_prepare(inputs->plan, inputs->rig,
					   inputs->firmware_folder ? inputs->firmware_folder
								   : folder,
					   &inputs->work, err);
	if (!ret && inputs->replay_folder)
		ret = open_replay(inputs, err);
	if (!ret)
		ret = store_open(inputs->db_path, true, &inputs->store, err);
	if (!ret)
		ret = open_traces(inputs, err);
	return ret ? ret : begin_recording(inputs, err);
}

static void unload(struct run_inputs *inputs)
{
	recording_close(inputs->recording, NULL);
	store_close(inputs->store);
	session_work_done(&inputs->work);
	plan_free(inputs->plan);
	rig_free(inputs->rig);
}

struct plan_keys {
	char (*keys)[sizeof(((struct point *)0)->key)];
	size_t count;
};

static int compare_keys(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Without its repeat: a plan's target may have asked for more of them. */
static void key_stem(const char *key, char *ret_stem)
{
	snprintf(ret_stem, sizeof(((struct point *)0)->key), "%.*s", (int)point_key_stem(key), key);
}

static int collect_keys(const struct session_work *work, struct plan_keys *keys, struct err *err)
{
	for (unsigned board = 0; board < work->rig->board_count; board++) {
		size_t count;
		struct point *points = points_of_board(work, board, &count);
		void *grown =
			points ? realloc(keys->keys, (keys->count + count) * sizeof(*keys->keys))
			       : NULL;

		if (!grown) {
			free(points);
			return err_set(err, -ENOMEM, "out of memory");
		}
		keys->keys = grown;
		for (size_t i = 0; i < count; i++)
			key_stem(points[i].key, keys->keys[keys->count++]);
		free(points);
	}
	qsort(keys->keys, keys->count, sizeof(*keys->keys), compare_keys);
	return 0;
}

static bool is_planned(void *context, const struct store_measurement *row)
{
	const struct plan_keys *keys = context;
	char stem[sizeof(*keys->keys)];

	key_stem(row->point_key, stem);
	return bsearch(stem, keys->keys, keys->count, sizeof(*keys->keys), compare_keys);
}

static json_t *summary_json(const struct run_inputs *inputs, const struct session_summary *summary)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:s}",
			 "rig", inputs->rig->name, "plan", inputs->plan->name, "database",
			 inputs->db_path, "virtual", inputs->rig->is_virtual, "points_planned",
			 (int)summary->planned, "points_done_before", (int)summary->done_before,
			 "windows_accepted", (int)summary->accepted, "windows_refused",
			 (int)summary->refused, "windows_suspect", (int)summary->suspect,
			 "attempts_failed", (int)summary->failed, "points_open", (int)summary->open,
			 "boards_lost", (int)summary->boards_lost, "interrupted",
			 summary->interrupted, "first_error", summary->first_error.text);
}

static void print_summary(const struct run_inputs *inputs, const struct session_summary *summary)
{
	printf("\n%u points planned: %u done before, %u accepted now, %u open; %u windows refused, "
	       "%u suspect, %u attempts failed.\nDatabase: %s\nTraces: %s\n",
	       summary->planned, summary->done_before, summary->accepted, summary->open,
	       summary->refused, summary->suspect, summary->failed, inputs->db_path,
	       inputs->trace_folder);
}

static int print_results(const struct run_inputs *inputs, const struct session_summary *summary,
			 struct err *err)
{
	struct plan_keys keys = {0};
	struct store_measurement *rows = NULL;
	struct results results = {0};
	size_t count = 0;
	int ret = collect_keys(&inputs->work, &keys, err);

	if (!ret)
		ret = results_read(inputs->store, is_planned, &keys, &rows, &count, err);
	if (!ret)
		ret = results_collect(rows, count, &results, err);
	if (!ret && inputs->json) {
		json_t *json = summary_json(inputs, summary);

		if (json && inputs->replay_folder)
			json_object_set_new(json, "replay", json_string(inputs->replay_folder));
		if (json)
			json_object_set_new(json, "results", results_json(&results));
		ret = json_out_print("joulebench.run/1", json, err);
	} else if (!ret) {
		results_print(&results, stdout);
		print_summary(inputs, summary);
	}
	results_done(&results);
	free(rows);
	free(keys.keys);
	return ret;
}

static enum exit_status status_of(const struct session_summary *summary)
{
	if (summary->interrupted)
		return EXIT_INTERRUPTED;
	if (!summary->open)
		return EXIT_DONE;
	return summary->accepted || summary->done_before || summary->refused || summary->suspect
		       ? EXIT_PARTIAL
		       : EXIT_INFRASTRUCTURE;
}

static int end_recording(struct run_inputs *inputs, struct err *err)
{
	struct recording *recording = inputs->recording;

	inputs->recording = NULL;
	return recording_close(recording, err);
}

static enum exit_status measure(struct run_inputs *inputs)
{
	const struct session_options options = {.work = &inputs->work,
						.store = inputs->store,
						.stop = &stop,
						.trace_folder = inputs->trace_folder,
						.recording = inputs->recording,
						.progress = isatty(STDERR_FILENO)};
	struct session_summary summary;
	struct err err = {""};
	enum exit_status status;
	int ret;

	if (inputs->recording)
		fprintf(stderr, "joulebench: %s\n", recording_text(inputs->recording));
	measuring = 1;
	ret = session_run(&options, &summary, &err);
	measuring = 0;
	if (ret)
		return options_fail(&run_command, EXIT_INFRASTRUCTURE, "%s", err.text);
	status = status_of(&summary);
	if (print_results(inputs, &summary, &err) || end_recording(inputs, &err))
		return options_fail(&run_command, EXIT_INFRASTRUCTURE, "%s", err.text);
	if (summary.cut.text[0])
		fprintf(stderr, "joulebench: %s\n", summary.cut.text);
	if (status == EXIT_INTERRUPTED)
		return options_fail(&run_command, status,
				    inputs->replay_folder ? "interrupted"
							  : "interrupted; run again to resume");
	if (status != EXIT_DONE)
		return options_fail(&run_command, status, "%u points are open: %s", summary.open,
				    summary.first_error.text);
	return status;
}

static enum exit_status run(int argc, char **argv)
{
	struct run_inputs inputs = {0};
	const struct option_row rows[] = {{"rig", &inputs.rig_path, NULL},
					  {"db", &inputs.db_path, NULL},
					  {"firmware", &inputs.firmware_folder, NULL},
					  {"record", &inputs.record_folder, NULL},
					  {"replay", &inputs.replay_folder, NULL},
					  {"json", NULL, &inputs.json},
					  {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	struct err err = {""};
	enum exit_status status;
	int count;

	if (!options_read(&run_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count != 1 || !inputs.rig_path || !inputs.db_path)
		return options_fail(&run_command, EXIT_USAGE,
				    "give one plan, --rig and --db (see --help)");
	if (inputs.record_folder && inputs.replay_folder)
		return options_fail(&run_command, EXIT_USAGE,
				    "--record and --replay exclude each other");
	inputs.plan_path = arguments[0];
	watch_signals();
	if (load(&inputs, &err))
		status = options_fail(&run_command, EXIT_USAGE, "%s", err.text);
	else
		status = measure(&inputs);
	unload(&inputs);
	return status;
}

const struct command run_command = {
	.name = "run",
	.summary = "measure a plan on a rig",
	.help = "usage: joulebench run PLAN.yaml --rig RIG.yaml --db FILE.db [options]\n\n"
		"Measures every model, build and clock of the plan on every board of the rig, and "
		"commits\n"
		"one row per window. Points that the database holds are not repeated: run again to "
		"resume.\n"
		"Each window leaves its trace in FILE.db.traces (see joulebench trace); the plan's "
		"key\n"
		"'traces: all | refused | none' says whose samples are kept, the others' envelopes "
		"are.\n\n"
		"  --rig FILE        the rig: boards, meters, links\n"
		"  --db FILE         the database (SQLite), made when missing\n"
		"  --firmware DIR    where the firmware files are (default: ../firmware beside "
		"this program)\n"
		"  --record DIR      write all that the links carry to DIR, one file per board and "
		"meter;\n"
		"                    the rig's key 'record: DIR' does it for every session, in a "
		"folder of its own\n"
		"  --replay DIR      touch no device: take everything from such a recording, with "
		"the same rig,\n"
		"                    plan, models and firmware; the database must be a new one\n"
		"  --json            print one JSON object (schema joulebench.run/1)\n\n"
		"Exit status: 0 all points accepted, 2 usage or configuration, 3 nothing could be "
		"measured,\n"
		"4 some points are open, 130 interrupted. A first SIGINT or SIGTERM ends the run "
		"and switches\n"
		"the supplies off; a second one ends it at once, and leaves them as they are.\n",
	.run = run,
};
