/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench report: what a stored measurement says of itself.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/options.h"
#include "bench/report/budget.h"
#include "bench/report/json_out.h"
#include "bench/report/reasons.h"

struct report_options {
	const char *db_path;
	bool json;
};

static enum exit_status finish(int ret, const struct err *err)
{
	if (!ret)
		return EXIT_DONE;
	return options_fail(&report_command,
			    ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE : EXIT_INFRASTRUCTURE,
			    "%s", err->text);
}

static int flush_stdout(struct err *err)
{
	return fflush(stdout) || ferror(stdout)
		       ? err_set(err, -EIO, "standard output: %s", strerror(errno))
		       : 0;
}

static enum exit_status print_budget(const struct report_options *options, int64_t id)
{
	struct store *store = NULL;
	struct budget_report report;
	struct err err = {""};
	int ret = store_open(options->db_path, false, &store, &err);

	if (!ret)
		ret = budget_report_read(store, id, &report, &err);
	if (!ret && options->json)
		ret = json_out_print("joulebench.budget/1", budget_report_json(&report), &err);
	if (!ret && !options->json) {
		budget_report_print(&report, stdout);
		ret = flush_stdout(&err);
	}
	store_close(store);
	return finish(ret, &err);
}

static enum exit_status report_budget(const struct report_options *options, const char **arguments,
				      int count)
{
	char *end;
	long long id;

	if (!options->db_path)
		return options_fail(&report_command, EXIT_USAGE, "give --db (see --help)");
	if (count != 1)
		return options_fail(&report_command, EXIT_USAGE,
				    "budget takes one measurement, by its number (see --help)");
	errno = 0;
	id = strtoll(arguments[0], &end, 10);
	if (errno || *end || end == arguments[0] || id < 1)
		return options_fail(&report_command, EXIT_USAGE,
				    "'%s' is not the number of a measurement (1, 2, ...)",
				    arguments[0]);
	return print_budget(options, id);
}

static enum exit_status report_reasons(const struct report_options *options, const char **arguments,
				       int count)
{
	struct err err = {""};

	(void)arguments;
	if (count || options->db_path)
		return options_fail(&report_command, EXIT_USAGE,
				    "reasons takes nothing but --json");
	if (options->json)
		return finish(json_out_print("joulebench.reasons/1",
					     json_pack("{s:o}", "reasons", reasons_json()), &err),
			      &err);
	reasons_print(stdout);
	return finish(flush_stdout(&err), &err);
}

static const struct report_row {
	const char *name;
	enum exit_status (*run)(const struct report_options *options, const char **arguments,
				int count);
} reports[] = {{"budget", report_budget}, {"reasons", report_reasons}};

static enum exit_status run(int argc, char **argv)
{
	struct report_options options = {0};
	const struct option_row rows[] = {
		{"db", &options.db_path, NULL}, {"json", NULL, &options.json}, {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	int count;

	if (!options_read(&report_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (!count)
		return options_fail(&report_command, EXIT_USAGE,
				    "say which: budget or reasons (see --help)");
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
		if (!strcmp(reports[i].name, arguments[0]))
			return reports[i].run(&options, arguments + 1, count - 1);
	return options_fail(&report_command, EXIT_USAGE, "no report '%s': budget or reasons",
			    arguments[0]);
}

const struct command report_command = {
	.name = "report",
	.summary = "the uncertainty budget of a measurement; what verdicts mean",
	.help = "usage: joulebench report budget NUMBER --db FILE.db [--json]\n"
		"       joulebench report reasons [--json]\n\n"
		"budget   the uncertainty budget of one measurement after the GUM (JCGM 100): "
		"each\n"
		"         input quantity with its estimate, standard uncertainty, type, "
		"distribution,\n"
		"         sensitivity and share; combined and expanded uncertainty. NUMBER: "
		"measurements\n"
		"         are numbered from 1 in the order they were added.\n"
		"reasons  everything that can be said against a measurement, and what to look "
		"at\n\n"
		"  --db FILE   the database\n"
		"  --json      print one JSON object (schema joulebench.budget/1, "
		"joulebench.reasons/1)\n",
	.run = run,
};
