/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench: what a neural network costs on a microcontroller. This file is the command table.
 */
#include <stdio.h>
#include <string.h>

#include "bench/commands/commands.h"
#include "bench/version.h"

static const struct command *const commands[] = {
	&calibrate_command,
	&check_command,
	&count_command,
	&export_command,
	&fit_command,
	&import_command,
	&models_command,
	&plan_command,
	&predict_command,
	&refit_command,
	&report_command,
	&run_command,
	&scan_command,
	&trace_command,
	&verify_command,
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

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_commands(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_commands(stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("joulebench " BENCH_VERSION);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i]->name, argv[1]))
			return (int)commands[i]->run(argc - 1, argv + 1);
	fprintf(stderr, "joulebench: no command '%s'\n", argv[1]);
	print_commands(stderr);
	return EXIT_USAGE;
}
