/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench export: windows as a table for other programs.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/options.h"
#include "bench/predictor/table_export.h"

struct export_inputs {
	const char *db_path, *format, *out, *instructions;
	bool all;
};

static int export_to(const struct export_inputs *inputs, const struct table_options *options,
		     size_t *ret_rows, struct err *err)
{
	char beside[4096];
	FILE *file;
	int ret;

	if (!inputs->out)
		return table_export(inputs->db_path, options, stdout, ret_rows, err);
	if (snprintf(beside, sizeof(beside), "%s.%ld.part", inputs->out, (long)getpid()) >=
	    (int)sizeof(beside))
		return err_set(err, -EINVAL, "%s: the path is too long", inputs->out);
	file = fopen(beside, "w");
	if (!file)
		return err_set(err, -errno, "%s: %s", inputs->out, strerror(errno));
	ret = table_export(inputs->db_path, options, file, ret_rows, err);
	if (fclose(file) && !ret)
		ret = err_set(err, -EIO, "%s: cannot be written", inputs->out);
	if (!ret && rename(beside, inputs->out))
		ret = err_set(err, -errno, "%s: %s", inputs->out, strerror(errno));
	if (ret)
		unlink(beside);
	return ret;
}

static enum exit_status export(const struct export_inputs *inputs)
{
	struct table_options options = {
		.format = !strcmp(inputs->format, "json") ? TABLE_JSON : TABLE_CSV,
		.all = inputs->all};
	struct dataset dataset = {0};
	struct err err = {""};
	size_t rows = 0;
	int ret = options_check_out(inputs->out, NULL, &err);

	if (!ret && inputs->instructions) {
		ret = dataset_read(&inputs->db_path, 1, NULL, &dataset, &err);
		if (!ret)
			ret = dataset_add_instructions(&dataset, inputs->instructions, &err);
		options.instructions = &dataset;
	}
	if (!ret)
		ret = export_to(inputs, &options, &rows, &err);
	dataset_done(&dataset);
	if (!ret && inputs->out)
		printf("%zu rows: %s\n", rows, inputs->out);
	if (!ret)
		return EXIT_DONE;
	return options_fail(&export_command,
			    ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE : EXIT_INFRASTRUCTURE,
			    "%s", err.text);
}

static enum exit_status run(int argc, char **argv)
{
	struct export_inputs inputs = {.format = "csv"};
	const struct option_row rows[] = {{"db", &inputs.db_path, NULL},
					  {"format", &inputs.format, NULL},
					  {"out", &inputs.out, NULL},
					  {"instructions", &inputs.instructions, NULL},
					  {"all", NULL, &inputs.all},
					  {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	int count;

	if (!options_read(&export_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count || !inputs.db_path)
		return options_fail(&export_command, EXIT_USAGE, "give --db (see --help)");
	if (strcmp(inputs.format, "csv") != 0 && strcmp(inputs.format, "json") != 0)
		return options_fail(&export_command, EXIT_USAGE,
				    "--format: '%s' is neither csv nor json", inputs.format);
	return export(&inputs);
}

const struct command export_command = {
	.name = "export",
	.summary = "windows as a table for other programs",
	.help = "usage: joulebench export --db FILE.db [--format csv|json] [--out FILE]\n\n"
		"One line per accepted window, values per inference, units in the columns' names. "
		"'joulebench import csv'\n"
		"reads the table again ('joulebench import --help' lists the columns), with the "
		"word imported in\n"
		"front of the runtime.\n\n"
		"  --db FILE            the database\n"
		"  --format FORMAT      csv (the default) or json (schema joulebench.export/1)\n"
		"  --out FILE           default: standard output\n"
		"  --all                suspect, refused and failed windows too, with their "
		"reason\n"
		"  --instructions PATH  'joulebench count --json' files: columns "
		"instructions_CLASS\n",
	.run = run,
};
