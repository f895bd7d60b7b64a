/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench models: make models to measure.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/options.h"
#include "bench/model/model.h"

static bool read_number(const char *text, unsigned long long limit, unsigned long long *ret_value)
{
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	return !errno && !*end && *ret_value <= limit;
}

static enum exit_status run(int argc, char **argv)
{
	const char *space = NULL, *count_text = NULL, *seed_text = "1", *folder = NULL;
	const struct option_row rows[] = {{"space", &space, NULL},
					  {"count", &count_text, NULL},
					  {"seed", &seed_text, NULL},
					  {"out", &folder, NULL},
					  {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	unsigned long long model_count, seed;
	struct err err = {""};
	enum exit_status status;
	int count;

	if (!options_read(&models_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count != 1 || strcmp(arguments[0], "generate"))
		return options_fail(&models_command, EXIT_USAGE, "say 'models generate' (see --help)");
	if (!space || !folder)
		return options_fail(&models_command, EXIT_USAGE, "give --space and --out (see --help)");
	if (!read_number(count_text, 10000, &model_count) || !model_count)
		return options_fail(&models_command, EXIT_USAGE, "--count must be 1 .. 10000");
	if (!read_number(seed_text, ~0ull, &seed))
		return options_fail(&models_command, EXIT_USAGE, "--seed must be a whole number");
	if (model_generate(space, (unsigned)model_count, seed, folder, &err))
		return options_fail(&models_command, EXIT_USAGE, "%s", err.text);
	printf("%llu models of space %s, seed %llu: %s\n", model_count, space, seed, folder);
	return EXIT_DONE;
}

const struct command models_command = {
	.name = "models",
	.summary = "generate models to measure",
	.help = "usage: joulebench models generate --space ds-cnn --count N [--seed S] --out DIR\n\n"
		"Writes N int8 .tflite files drawn from a search space; the same seed gives the same files.\n\n"
		"  --space NAME   ds-cnn: depthwise separable networks for keyword spotting\n"
		"  --count N      1 .. 10000\n"
		"  --seed S       default 1\n"
		"  --out DIR      made when missing\n",
	.run = run,
};
