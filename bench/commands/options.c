/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/commands/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum exit_status options_fail(const struct command *command, enum exit_status status,
			      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "joulebench %s: ", command->name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return status;
}

static const struct option_row *find_row(const struct option_row *rows, const char *text)
{
	size_t length = strcspn(text, "=");

	for (; rows->name; rows++)
		if (strlen(rows->name) == length && !strncmp(rows->name, text, length))
			return rows;
	return NULL;
}

/* Takes argv[*place] as an option; false after printing what is wrong with it. */
static bool take_option(const struct command *command, char **argv, int argc, int *place,
			const struct option_row *rows)
{
	const char *text = argv[*place] + 2;
	const struct option_row *row = find_row(rows, text);
	const char *value = strchr(text, '=');

	if (!row) {
		options_fail(command, EXIT_USAGE, "unknown option '%s' (see --help)", argv[*place]);
		return false;
	}
	if (row->flag) {
		if (value)
			options_fail(command, EXIT_USAGE, "option '--%s' takes no value",
				     row->name);
		*row->flag = true;
		return !value;
	}
	if (value) {
		*row->value = value + 1;
		return true;
	}
	if (*place + 1 >= argc || !strncmp(argv[*place + 1], "--", 2)) {
		options_fail(command, EXIT_USAGE, "option '--%s' needs a value", row->name);
		return false;
	}
	*row->value = argv[++*place];
	return true;
}

bool options_read(const struct command *command, int argc, char **argv,
		  const struct option_row *rows, const char **arguments, int *ret_argument_count,
		  enum exit_status *ret_status)
{
	bool only_arguments = false;

	*ret_argument_count = 0;
	*ret_status = EXIT_USAGE;
	for (int i = 1; i < argc; i++) {
		if (!only_arguments && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
			fputs(command->help, stdout);
			*ret_status = EXIT_DONE;
			return false;
		}
		if (!only_arguments && !strcmp(argv[i], "--")) {
			only_arguments = true;
		} else if (!only_arguments && !strncmp(argv[i], "--", 2)) {
			if (!take_option(command, argv, argc, &i, rows))
				return false;
		} else if (!only_arguments && argv[i][0] == '-' && argv[i][1]) {
			options_fail(command, EXIT_USAGE, "unknown option '%s' (see --help)",
				     argv[i]);
			return false;
		} else if (*ret_argument_count == OPTIONS_ARGUMENTS_MAX) {
			options_fail(command, EXIT_USAGE, "too many arguments");
			return false;
		} else {
			arguments[(*ret_argument_count)++] = argv[i];
		}
	}
	return true;
}

int options_check_since(const char *text, struct err *err)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	size_t length = text ? strlen(text) : 0;
	bool fits = length >= 10 && length < sizeof(form);

	for (size_t i = 0; i < length && fits; i++)
		fits = form[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
	if (text && !fits)
		return err_set(err, -EINVAL,
			       "--since: '%s' is no date: write for example 2026-03-01 (UTC)",
			       text);
	return 0;
}

static bool holds_measurements(const char *path)
{
	static const char sqlite[] = "SQLite format 3", hdf5[] = "\x89HDF\r\n\x1a\n";
	char begin[sizeof(sqlite)] = "";
	FILE *file = fopen(path, "rb");
	size_t count = file ? fread(begin, 1, sizeof(begin), file) : 0;

	if (file)
		fclose(file);
	return (count >= sizeof(sqlite) && !memcmp(begin, sqlite, sizeof(sqlite))) ||
	       (count >= sizeof(hdf5) - 1 && !memcmp(begin, hdf5, sizeof(hdf5) - 1));
}

int options_check_out(const char *out, const char *input, struct err *err)
{
	struct stat there, read;

	if (!out || stat(out, &there) || !S_ISREG(there.st_mode))
		return 0;
	if (input && !stat(input, &read) && read.st_dev == there.st_dev &&
	    read.st_ino == there.st_ino)
		return err_set(err, -EINVAL, "--out: '%s' is what is read, and not overwritten",
			       out);
	if (holds_measurements(out))
		return err_set(err, -EINVAL,
			       "--out: '%s' holds measurements, and is not overwritten", out);
	return 0;
}
