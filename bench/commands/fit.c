/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench fit: energy from counted cycles, per clock level.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/commands/options.h"
#include "bench/report/fits.h"
#include "bench/report/json_out.h"
#include "bench/report/results.h"

static int print(struct fits *fits, const char *path, bool json, struct err *err)
{
	if (json)
		return json_out_print("joulebench.fit/1",
				      json_pack("{s:s, s:o}", "database", path, "levels",
						fits_json(fits)),
				      err);
	fits_print(fits, stdout);
	return 0;
}

static enum exit_status fit(const char *path, bool json)
{
	struct store *store = NULL;
	struct store_measurement *rows = NULL;
	struct fits fits = {0};
	struct err err = {""};
	enum exit_status status = EXIT_DONE;
	size_t count = 0;
	int ret = store_open(path, false, &store, &err);

	if (!ret)
		ret = results_read(store, NULL, NULL, &rows, &count, &err);
	if (!ret && !count)
		ret = err_set(&err, -EINVAL, "%s: holds no accepted window", path);
	if (!ret)
		ret = fits_make(rows, count, &fits, &err);
	if (!ret)
		ret = print(&fits, path, json, &err);
	if (ret)
		status = options_fail(&fit_command,
				      ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE
								       : EXIT_INFRASTRUCTURE,
				      "%s", err.text);
	fits_done(&fits);
	free(rows);
	store_close(store);
	return status;
}

static enum exit_status run(int argc, char **argv)
{
	const char *db_path = NULL;
	bool json = false;
	const struct option_row rows[] = {
		{"db", &db_path, NULL}, {"json", NULL, &json}, {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	int count;

	if (!options_read(&fit_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count || !db_path)
		return options_fail(&fit_command, EXIT_USAGE, "give --db (see --help)");
	return fit(db_path, json);
}

const struct command fit_command = {
	.name = "fit",
	.summary = "fit energy against counted cycles",
	.help = "usage: joulebench fit --db FILE.db [--json]\n\n"
		"Fits E = k*cycles and E = a + k*cycles per board, build and clock level, over the accepted\n"
		"windows, weighted by their uncertainties, and judges both by leaving one model out.\n"
		"R^2 is about the mean in both forms.\n\n"
		"  --db FILE   the database\n"
		"  --json      print one JSON object (schema joulebench.fit/1)\n",
	.run = run,
};
