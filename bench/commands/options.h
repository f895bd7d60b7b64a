/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Command-line options of a subcommand: a table in, values out.
 */
#ifndef BENCH_COMMANDS_OPTIONS_H
#define BENCH_COMMANDS_OPTIONS_H

#include <stdbool.h>

#include "bench/commands/commands.h"
#include "drivers/err.h"

enum { OPTIONS_ARGUMENTS_MAX = 8 };

struct option_row {
	const char *name;   /* without the dashes */
	const char **value; /* an option with a value, or ... */
	bool *flag;         /* ... a switch */
};

/* Reads argv[1..]; options may stand anywhere, "--name=value" and "--name value" both do, the
 * latter unless the value begins with "--": one that was forgotten must not swallow the next
 * option. Arguments that are no options go to arguments (room for OPTIONS_ARGUMENTS_MAX). rows ends
 * with a NULL name. False after a usage error, which has been printed, or after --help (*ret_status
 * says which). */
bool options_read(const struct command *command, int argc, char **argv,
		  const struct option_row *rows, const char **arguments, int *ret_argument_count,
		  enum exit_status *ret_status);

/* Prints "joulebench NAME: sentence" on stderr; returns status. */
enum exit_status options_fail(const struct command *command, enum exit_status status,
			      const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether a result may be written to `out` (NULL: standard output, or none wanted). -EINVAL: what
 * stands there are measurements (a database, a trace), or it is `input` itself (NULL: no such). */
int options_check_out(const char *out, const char *input, struct err *err);

/* What --since takes: "2026-03-01", or with a time behind it; NULL does, too. -EINVAL: anything
 * else. */
int options_check_since(const char *text, struct err *err);

#endif
