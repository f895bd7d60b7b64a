/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/commands/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
			options_fail(command, EXIT_USAGE, "option '--%s' takes no value", row->name);
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
			options_fail(command, EXIT_USAGE, "unknown option '%s' (see --help)", argv[i]);
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
