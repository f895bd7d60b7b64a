/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The subcommands: one function and one file each. argv[0] is the command's name.
 */
#ifndef BENCH_COMMANDS_COMMANDS_H
#define BENCH_COMMANDS_COMMANDS_H

enum exit_status {
	EXIT_DONE = 0,
	EXIT_OUT_OF_TOLERANCE = 1,
	EXIT_USAGE = 2,           /* usage or configuration */
	EXIT_INFRASTRUCTURE = 3,
	EXIT_PARTIAL = 4,
	EXIT_INTERRUPTED = 130,
};

struct command {
	const char *name;
	const char *summary; /* for the list of commands */
	const char *help;    /* what "joulebench NAME --help" prints */
	enum exit_status (*run)(int argc, char **argv);
};

extern const struct command calibrate_command;
extern const struct command check_command;
extern const struct command count_command;
extern const struct command export_command;
extern const struct command fit_command;
extern const struct command import_command;
extern const struct command models_command;
extern const struct command plan_command;
extern const struct command predict_command;
extern const struct command refit_command;
extern const struct command report_command;
extern const struct command run_command;
extern const struct command scan_command;
extern const struct command trace_command;
extern const struct command verify_command;

#endif
