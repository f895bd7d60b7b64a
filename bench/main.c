/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench: what a neural network costs on a microcontroller. This file is the command table.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/commands/commands.h"
#include "bench/version.h"

static const struct command *const commands[] = {
	&calibrate_command, &check_command,  &count_command, &export_command,  &fit_command,
	&import_command,    &models_command, &plan_command,  &predict_command, &refit_command,
	&report_command,    &run_command,    &scan_command,  &trace_command,   &verify_command,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_commands(FILE *stream)
{
	fputs("usage: joulebench COMMAND [options]\n\n", stream);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(stream, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n'joulebench COMMAND --help' tells more.\n"
	      "Exit status: 0 done, 1 result out of tolerance, 2 usage or configuration, "
	      "3 infrastructure,\n4 partial, 130 interrupted.\n",
	      stream);
}

/* Without them the next files opened, a database, a trace, would get their numbers and what is
 * printed. What stands in fails as the closed ones would. */
static bool hold_standard_files(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			return false;
	return true;
}

/* A result that nobody could read is none. */
static enum exit_status end_output(const char *name, enum exit_status status)
{
	bool failed;

	errno = 0;
	failed = fflush(stdout) || ferror(stdout);
	if (!failed || status == EXIT_USAGE || status == EXIT_INFRASTRUCTURE)
		return status;
	fprintf(stderr, "joulebench %s: cannot write to standard output%s%s\n", name,
		errno ? ": " : "", errno ? strerror(errno) : "");
	return status == EXIT_DONE ? EXIT_INFRASTRUCTURE : status;
}

static enum exit_status run_command_line(int argc, char **argv)
{
	if (argc < 2) {
		print_commands(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_commands(stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("joulebench " BENCH_VERSION);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i]->name, argv[1]))
			return commands[i]->run(argc - 1, argv + 1);
	fprintf(stderr, "joulebench: no command '%s'\n", argv[1]);
	print_commands(stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (!hold_standard_files())
		return EXIT_INFRASTRUCTURE;
	return (int)end_output(argc < 2 ? "" : argv[1], run_command_line(argc, argv));
}
