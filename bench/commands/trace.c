/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench trace: looks at trace files, brings them to other programs, keeps them in order.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/commands/options.h"
#include "bench/report/json_out.h"
#include "bench/trace/export.h"
#include "bench/trace/plot.h"
#include "bench/trace/show.h"

struct arguments {
	const char *path;
	const char *out, *format;
	bool json, check;
};

static enum exit_status fail(int ret, const struct err *err)
{
	bool input = ret == -EINVAL || ret == -ENOENT || ret == -EISDIR || ret == -ENODATA;

	return options_fail(&trace_command, input ? EXIT_USAGE : EXIT_INFRASTRUCTURE, "%s",
			    err->text);
}

/* Whether the content is what the file is named after. */
static int check_content(struct trace_reader *reader, const char **ret_checked, struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);
	char sha256[TRACE_HASH_SIZE];
	int ret = 0;

	*ret_checked = "not finished, nothing to compare with";
	if (!info->ended)
		return 0;
	ret = trace_reader_hash(reader, sha256, err);
	if (!ret)
		*ret_checked = strcmp(sha256, info->result.content_sha256)
				       ? "not what content_sha256 says"
				       : "ok";
	return ret;
}

static enum exit_status show(const struct arguments *arguments)
{
	struct trace_reader *reader;
	const char *checked = "";
	json_t *object = NULL;
	struct err err = {""};
	int ret = trace_reader_open(arguments->path, &reader, &err);

	if (ret)
		return fail(ret, &err);
	if (arguments->check)
		ret = check_content(reader, &checked, &err);
	if (!ret && arguments->json) {
		ret = show_json(reader, checked, &object, &err);
		if (!ret)
			ret = json_out_print("joulebench.trace/1", object, &err);
	} else if (!ret) {
		ret = show_print(reader, checked, stdout, &err);
		if (!ret)
			ret = export_check(reader, stdout, &err);
	}
	trace_reader_close(reader);
	if (!ret && arguments->check && strcmp(checked, "ok"))
		return options_fail(&trace_command, EXIT_INFRASTRUCTURE, "%s: content: %s",
				    arguments->path, checked);
	return ret ? fail(ret, &err) : EXIT_DONE;
}

/* Closes a file that was written; what is not complete does not stay. */
static int close_file(FILE *stream, const char *path, int ret, struct err *err)
{
	if (fclose(stream) && !ret)
		ret = err_set(err, -EIO, "%s: %s", path, strerror(errno));
	if (ret)
		unlink(path);
	return ret;
}

static int export_file(struct trace_reader *reader, const struct trace_format *format,
		       const char *path, struct err *err)
{
	FILE *stream = fopen(path, "w+b");

	if (!stream)
		return err_set(err, -EIO, "%s: %s", path, strerror(errno));
	return close_file(stream, path, format->write(reader, stream, err), err);
}

static int plot_file(struct trace_reader *reader, const char *path, const char *png,
		     struct err *err)
{
	FILE *stream = fopen(path, "w");

	if (!stream)
		return err_set(err, -EIO, "%s: %s", path, strerror(errno));
	return close_file(stream, path, plot_script(reader, png, stream, err), err);
}

static const struct trace_format *find_format(const char *name)
{
	for (const struct trace_format *format = trace_formats; format->name; format++)
		if (name && !strcmp(format->name, name))
			return format;
	return NULL;
}

static enum exit_status export_trace(const struct arguments *arguments)
{
	const struct trace_format *format = find_format(arguments->format);
	struct trace_reader *reader;
	struct err err = {""};
	int ret;

	if (!format)
		return options_fail(&trace_command, EXIT_USAGE,
				    "give --format csv, jls, sr or vcd (see --help)");
	if (!arguments->out && !format->text)
		return options_fail(&trace_command, EXIT_USAGE, "give --out FILE: %s is binary",
				    format->name);
	ret = options_check_out(arguments->out, NULL, &err);
	if (!ret)
		ret = trace_reader_open(arguments->path, &reader, &err);
	if (ret)
		return fail(ret, &err);
	ret = arguments->out ? export_file(reader, format, arguments->out, &err)
			     : format->write(reader, stdout, &err);
	trace_reader_close(reader);
	return ret ? fail(ret, &err) : EXIT_DONE;
}

static enum exit_status plot(const struct arguments *arguments)
{
	char script[TRACE_PATH_MAX], png[TRACE_PATH_MAX];
	const char *prefix = arguments->out ? arguments->out : arguments->path;
	size_t length = strlen(prefix);
	struct trace_reader *reader;
	struct err err = {""};
	int ret;

	if (!arguments->out && length > 3 && !strcmp(prefix + length - 3, ".h5"))
		length -= 3;
	if (length > sizeof(script) - 8)
		return options_fail(&trace_command, EXIT_USAGE, "%.60s...: too long", prefix);
	snprintf(script, sizeof(script), "%.*s.gp", (int)length, prefix);
	snprintf(png, sizeof(png), "%.*s.png", (int)length, prefix);
	ret = trace_reader_open(arguments->path, &reader, &err);
	if (ret)
		return fail(ret, &err);
	ret = plot_file(reader, script, png, &err);
	trace_reader_close(reader);
	if (ret)
		return fail(ret, &err);
	puts(script);
	ret = plot_run(script, &err);
	if (ret == -ENOENT) {
		fprintf(stderr, "joulebench trace: gnuplot is not installed: only the script was "
				"written\n");
		return EXIT_DONE;
	}
	if (ret)
		return fail(-EIO, &err);
	puts(png);
	return EXIT_DONE;
}

static void report(void *context, const char *path, int ret, const struct trace_repair *repair,
		   const struct err *err)
{
	(void)context;
	if (ret)
		fprintf(stderr, "joulebench trace: %s\n", err->text);
	else if (repair->repaired)
		printf("%s: repaired, %llu samples: %s\n", path,
		       (unsigned long long)repair->samples, repair->path);
	else
		printf("%s: in order\n", path);
}

static enum exit_status repair_folder(const char *folder)
{
	struct trace_repair_summary summary;
	struct err err = {""};
	int ret = trace_repair_folder(folder, true, report, NULL, &summary, &err);

	if (ret)
		return fail(ret, &err);
	printf("%u repaired, %u in order, %u being written, %u not repaired\n", summary.repaired,
	       summary.in_order, summary.busy, summary.failed);
	return summary.failed ? EXIT_PARTIAL : EXIT_DONE;
}

static enum exit_status repair(const struct arguments *arguments)
{
	struct trace_repair repaired;
	struct err err = {""};
	struct stat stat_of;
	int ret;

	if (!stat(arguments->path, &stat_of) && S_ISDIR(stat_of.st_mode))
		return repair_folder(arguments->path);
	ret = trace_repair(arguments->path, &repaired, &err);
	if (ret)
		return fail(ret, &err);
	report(NULL, arguments->path, 0, &repaired, NULL);
	return EXIT_DONE;
}

static enum exit_status archive(const struct arguments *arguments)
{
	struct err err = {""};
	int ret = trace_archive(arguments->path, &err);

	return ret ? fail(ret, &err) : EXIT_DONE;
}

static const struct {
	const char *name;
	enum exit_status (*run)(const struct arguments *arguments);
} actions[] = {
	{"archive", archive}, {"export", export_trace}, {"plot", plot},
	{"repair", repair},   {"show", show},
};

static enum exit_status run(int argc, char **argv)
{
	struct arguments values = {0};
	const struct option_row rows[] = {{"out", &values.out, NULL},
					  {"format", &values.format, NULL},
					  {"json", NULL, &values.json},
					  {"check", NULL, &values.check},
					  {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	int count;

	if (!options_read(&trace_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count != 2)
		return options_fail(&trace_command, EXIT_USAGE,
				    "give an action and one file (see --help)");
	values.path = arguments[1];
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(actions[i].name, arguments[0]))
			return actions[i].run(&values);
	return options_fail(&trace_command, EXIT_USAGE, "no action '%s' (see --help)",
			    arguments[0]);
}

const struct command trace_command = {
	.name = "trace",
	.summary = "show, plot, export, repair trace files",
	.help = "usage: joulebench trace show FILE [--json] [--check]\n"
		"       joulebench trace plot FILE [--out PREFIX]\n"
		"       joulebench trace export FILE --format csv|jls|sr|vcd [--out FILE]\n"
		"       joulebench trace repair FILE|FOLDER\n"
		"       joulebench trace archive FILE\n\n"
		"Trace files (HDF5) hold the samples of one measurement; those of a database are "
		"in\n"
		"DATABASE.traces, each named after its content.\n\n"
		"  show      what is in it, also while it is written; --check compares the content "
		"with\n"
		"            its SHA-256\n"
		"  plot      writes PREFIX.gp and, with gnuplot, PREFIX.png; PREFIX is FILE "
		"without .h5\n"
		"  export    csv: samples; vcd: marker lines; sr: sigrok (PulseView); jls: "
		"Joulescope "
		"UI.\n"
		"            Times are those of the meter's nominal clock. To standard output "
		"without\n"
		"            --out (csv, vcd)\n"
		"  repair    makes ordinary files of captures whose process died, with every "
		"sample that\n"
		"            was flushed\n"
		"  archive   compresses and checksums a finished file; its name and content stay\n"
		"  --json    print one JSON object (schema joulebench.trace/1)\n",
	.run = run,
};
