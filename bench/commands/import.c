/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench import: measurements that others made, into the same tables.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/options.h"
#include "bench/import/csv.h"
#include "bench/import/file.h"
#include "bench/import/import_report.h"
#include "bench/report/json_out.h"
#include "bench/version.h"

enum { CSV_BYTES_MAX = 256 << 20 };

struct import_options {
	const char *path, *db_path, *meter;
	bool json;
};

static enum exit_status failed(int ret, const struct err *err)
{
	return options_fail(&import_command,
			    ret == -EINVAL || ret == -ENOENT || ret == -ENOTDIR || ret == -EMFILE ||
					    ret == -EFBIG || ret == -EACCES
				    ? EXIT_USAGE
				    : EXIT_INFRASTRUCTURE,
			    "%s", err->text);
}

static int begin_session(struct store *store, const struct import_options *options,
			 const char *format, int64_t *ret_id, struct err *err)
{
	char host[128] = "", *json;
	json_t *object = json_pack("{s:s, s:s}", "import", format, "path", options->path);
	int ret;

	if (!object) /* a path that is not UTF-8 */
		object = json_pack("{s:s}", "import", format);
	json = object ? json_dumps(object, 0) : NULL;
	json_decref(object);
	if (!json)
		return err_set(err, -ENOMEM, "out of memory");
	gethostname(host, sizeof(host) - 1);
	ret = store_session_begin(store,
				  &(struct store_session){.rig_json = json,
							  .plan_json = "{}",
							  .version = BENCH_VERSION,
							  .host = host},
				  ret_id, err);
	free(json);
	return ret;
}

typedef int add_rows_fn(void *user, struct store *store, int64_t session_id, struct err *err);

/* A session of its own in the database, which holds what add adds. */
static int store_session(const struct import_options *options, const char *format, add_rows_fn *add,
			 void *user, struct err *err)
{
	struct store *store = NULL;
	int64_t session_id = 0;
	int ret = store_open(options->db_path, true, &store, err);

	if (!ret)
		ret = begin_session(store, options, format, &session_id, err);
	if (!ret)
		ret = add(user, store, session_id, err);
	if (session_id) {
		int end = store_session_end(store, session_id, ret ? "failed" : "done",
					    ret ? NULL : err);

		ret = ret ? ret : end;
	}
	store_close(store);
	return ret;
}

static int load_results(const struct import_options *options, const struct tiny_tree *tree,
			struct import_report *report, struct err *err)
{
	int ret = 0;

	report->results = calloc(tree->count, sizeof(*report->results));
	if (!report->results)
		return err_set(err, -ENOMEM, "out of memory");
	report->performance_only = tree->performance_only;
	report->skipped = tree->skipped;
	report->first_skipped = tree->first_skipped;
	for (; !ret && report->count < tree->count; report->count += !ret)
		ret = tiny_result_load(tree->paths[report->count], options->meter,
				       &report->results[report->count], err);
	if (ret)
		return ret;
	tiny_results_find_copies(report->results, report->count);
	tiny_results_judge_siblings(report->results, report->count);
	return 0;
}

static int add_results(void *user, struct store *store, int64_t session_id, struct err *err)
{
	struct import_report *report = user;
	int ret = import_find_stored(store, report->results, report->count, err);

	if (!ret)
		ret = import_report_make(report, err);
	for (size_t i = 0; !ret && i < report->count; i++)
		ret = import_tiny_rows(store, &report->results[i], session_id, &report->rows, err);
	return ret;
}

static enum exit_status import_mlperf_tiny(const struct import_options *options)
{
	struct import_report report = {.path = options->path, .database = options->db_path};
	enum exit_status status = EXIT_DONE;
	struct tiny_tree tree = {0};
	struct err err = {""};
	int ret;

	if (options->meter && strcmp(tiny_meter_find(options->meter)->name, options->meter) != 0)
		return options_fail(&import_command, EXIT_USAGE,
				    "--meter: '%s' is none of unknown, lpm01a, js110, js220, n6705",
				    options->meter);
	ret = tiny_tree_find(options->path, &tree, &err);
	if (!ret)
		ret = load_results(options, &tree, &report, &err);
	if (!ret)
		ret = store_session(options, "mlperf-tiny", add_results, &report, &err);
	if (!ret && options->json)
		ret = json_out_print("joulebench.import/1", import_report_json(&report), &err);
	else if (!ret)
		import_report_print(&report, stdout);
	if (ret)
		status = failed(ret, &err);
	else if (report.refused)
		status = EXIT_PARTIAL;
	for (size_t i = 0; i < report.count; i++)
		tiny_result_done(&report.results[i]);
	free(report.results);
	import_report_done(&report);
	tiny_tree_done(&tree);
	return status;
}

struct csv_import {
	struct csv_rows rows;
	struct import_count count;
};

static int add_csv_rows(void *user, struct store *store, int64_t session_id, struct err *err)
{
	struct csv_import *import = user;
	int ret = 0;

	for (size_t i = 0; !ret && i < import->rows.count; i++) {
		import->rows.rows[i].session_id = session_id;
		ret = import_row_add(store, &import->rows.rows[i], &import->count, err);
	}
	return ret;
}

static enum exit_status import_csv(const struct import_options *options)
{
	struct csv_import import = {.rows = {0}};
	struct err err = {""};
	uint8_t *bytes = NULL;
	size_t size;
	int ret = import_file_read(options->path, CSV_BYTES_MAX, &bytes, &size, &err);

	if (!ret)
		ret = csv_parse(options->path, bytes, size, &import.rows, &err);
	if (!ret)
		ret = store_session(options, "csv", add_csv_rows, &import, &err);
	if (!ret && options->json)
		ret = json_out_print(
			"joulebench.import/1",
			json_pack("{s:s, s:s, s:i, s:i, s:i}", "source", options->path, "database",
				  options->db_path, "rows", (int)import.rows.count, "rows_added",
				  (int)import.count.added, "rows_known", (int)import.count.known),
			&err);
	else if (!ret)
		printf("%zu rows read: %u added to %s, %u were in it already.\n", import.rows.count,
		       import.count.added, options->db_path, import.count.known);
	csv_rows_done(&import.rows);
	free(bytes);
	return ret ? failed(ret, &err) : EXIT_DONE;
}

static void print_columns(void)
{
	puts("\nColumns of a csv file (first line: their names; units are in the names; values per "
	     "inference):\n");
	for (const struct csv_column *column = csv_columns; column->name; column++)
		printf("  %-23s %s %s\n", column->name, column->required ? "required" : "optional",
		       column->help);
}

static enum exit_status run(int argc, char **argv)
{
	struct import_options options = {0};
	const struct option_row rows[] = {{"db", &options.db_path, NULL},
					  {"meter", &options.meter, NULL},
					  {"json", NULL, &options.json},
					  {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	int count;

	if (!options_read(&import_command, argc, argv, rows, arguments, &count, &status)) {
		if (status == EXIT_DONE)
			print_columns();
		return status;
	}
	if (count != 2 || !options.db_path)
		return options_fail(&import_command, EXIT_USAGE,
				    "give a format, a path and --db (see --help)");
	options.path = arguments[1];
	if (!strcmp(arguments[0], "mlperf-tiny"))
		return import_mlperf_tiny(&options);
	if (!strcmp(arguments[0], "csv") && !options.meter)
		return import_csv(&options);
	return options_fail(&import_command, EXIT_USAGE,
			    options.meter ? "--meter goes with mlperf-tiny only"
					  : "no format '%s' (there are mlperf-tiny and csv)",
			    arguments[0]);
}

const struct command import_command = {
	.name = "import",
	.summary = "take measurements that others made",
	.help = "usage: joulebench import mlperf-tiny DIR --db FILE.db [--meter NAME] [--json]\n"
		"       joulebench import csv FILE --db FILE.db [--json]\n\n"
		"mlperf-tiny: DIR is a result of a public MLPerf Tiny submission (energy/ and "
		"performance/ in it), or a\n"
		"tree of them. Every window is integrated again from its raw trace and held "
		"against what was published\n"
		"and against the rest of the submission. What contradicts itself is refused, what "
		"breaks a rule is\n"
		"suspect; both are stored with their reason, and no fit uses them. Nothing is "
		"repaired: another\n"
		"reading that the evidence supports is printed as an alternative.\n"
		"csv: users' own tables.\n\n"
		"What the database has already is not added again.\n\n"
		"  --db FILE     the database, made when it is not there\n"
		"  --meter NAME  the monitor, where the submission's log does not name it: lpm01a, "
		"js110, js220, n6705\n"
		"  --json        print one JSON object (schema joulebench.import/1)\n\n"
		"Exit status: 0 all taken (suspect ones included), 2 usage or a csv file that is "
		"wrong,\n"
		"3 infrastructure, 4 some results were refused.\n",
	.run = run,
};
