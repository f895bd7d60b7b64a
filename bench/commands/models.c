/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench models: make models to measure, look into them.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/options.h"
#include "bench/model/listing.h"
#include "bench/model/model.h"
#include "bench/predictor/compare.h"
#include "bench/report/json_out.h"
#include "bench/report/listing_out.h"

static bool read_number(const char *text, unsigned long long limit, unsigned long long *ret_value)
{
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	return !errno && !*end && *ret_value <= limit;
}

struct models_inputs {
	const char *space, *count, *seed, *folder; /* generate */
	const char *kernels, *exit_output, *path;  /* inspect */
	bool eliminate, json;
};

static enum exit_status generate(const struct models_inputs *inputs)
{
	unsigned long long model_count, seed;
	struct err err = {""};

	if (!inputs->space || !inputs->folder)
		return options_fail(&models_command, EXIT_USAGE,
				    "give --space and --out (see --help)");
	if (!read_number(inputs->count, 10000, &model_count) || !model_count)
		return options_fail(&models_command, EXIT_USAGE, "--count must be 1 .. 10000");
	if (!read_number(inputs->seed ? inputs->seed : "1", ~0ull, &seed))
		return options_fail(&models_command, EXIT_USAGE, "--seed must be a whole number");
	if (model_generate(inputs->space, (unsigned)model_count, seed, inputs->folder, &err))
		return options_fail(&models_command, EXIT_USAGE, "%s", err.text);
	printf("%llu models of space %s, seed %llu: %s\n", model_count, inputs->space, seed,
	       inputs->folder);
	return EXIT_DONE;
}

static int inspect_options(const struct models_inputs *inputs, struct model_exit *exit,
			   struct model_options *ret_options, struct err *err)
{
	unsigned long long output = 0;

	*ret_options = (struct model_options){.eliminate = inputs->eliminate};
	if (inputs->exit_output && !read_number(inputs->exit_output, 1000, &output))
		return err_set(err, -EINVAL, "--exit must be the number of an output");
	*exit = (struct model_exit){(unsigned)output, 1.0};
	ret_options->exit = inputs->exit_output ? exit : NULL;
	return inputs->kernels
		       ? model_kernel_set_find(inputs->kernels, &ret_options->kernel_set, err)
		       : 0;
}

static int inspect_print(const struct models_inputs *inputs, const struct model_image *image,
			 struct err *err)
{
	struct model_listing listing;
	int ret = model_listing_make(image, &listing, err);

	if (ret)
		return ret;
	if (inputs->json)
		ret = json_out_print("joulebench.model/1", listing_json(image, &listing), err);
	else
		listing_print(image, &listing, stdout);
	model_listing_free(&listing);
	return ret;
}

static enum exit_status inspect(const struct models_inputs *inputs)
{
	struct model_options options;
	struct model_exit exit;
	struct model_image *image = NULL;
	struct err err = {""};
	int ret = inspect_options(inputs, &exit, &options, &err);

	ret = ret ? ret : model_image_build(inputs->path, &options, &image, &err);
	ret = ret ? ret : inspect_print(inputs, image, &err);
	model_image_free(image);
	return ret ? options_fail(&models_command, EXIT_USAGE, "%s", err.text) : EXIT_DONE;
}

static enum exit_status compare(const char *a_path, const char *b_path, bool json)
{
	struct predictor *a = NULL, *b = NULL;
	struct comparisons comparisons = {0};
	struct err err = {""};
	int ret = predictor_load(a_path, &a, &err);

	ret = ret ? ret : predictor_load(b_path, &b, &err);
	ret = ret ? ret : comparisons_make(a, b, &comparisons, &err);
	if (!ret && json)
		ret = json_out_print("joulebench.compare/1", comparisons_json(&comparisons), &err);
	else if (!ret)
		comparisons_print(&comparisons, stdout);
	comparisons_done(&comparisons);
	predictor_free(a);
	predictor_free(b);
	if (!ret)
		return EXIT_DONE;
	return options_fail(&models_command,
			    ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE : EXIT_INFRASTRUCTURE,
			    "%s", err.text);
}

static enum exit_status run(int argc, char **argv)
{
	struct models_inputs inputs = {0};
	const struct option_row rows[] = {{"space", &inputs.space, NULL},
					  {"count", &inputs.count, NULL},
					  {"seed", &inputs.seed, NULL},
					  {"out", &inputs.folder, NULL},
					  {"kernels", &inputs.kernels, NULL},
					  {"exit", &inputs.exit_output, NULL},
					  {"eliminate", NULL, &inputs.eliminate},
					  {"json", NULL, &inputs.json},
					  {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	int count;

	if (!options_read(&models_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count == 1 && !strcmp(arguments[0], "generate"))
		return generate(&inputs);
	if (count == 2 && !strcmp(arguments[0], "inspect")) {
		inputs.path = arguments[1];
		return inspect(&inputs);
	}
	if (count == 3 && !strcmp(arguments[0], "compare"))
		return compare(arguments[1], arguments[2], inputs.json);
	return options_fail(&models_command, EXIT_USAGE,
			    "say 'models generate', 'models inspect FILE' or 'models compare A B' "
			    "(see --help)");
}

const struct command models_command = {
	.name = "models",
	.summary = "generate models to measure, list what is in one, compare predictors",
	.help = "usage: joulebench models generate --space NAME --count N [--seed S] --out DIR\n"
		"       joulebench models inspect FILE.tflite [options] [--json]\n"
		"       joulebench models compare A.json B.json [--json]\n\n"
		"generate writes N int8 .tflite files drawn from a search space; the same seed "
		"gives the\n"
		"same files.\n\n"
		"  --space NAME   cnn: plain convolutions on small colour images;\n"
		"                 ds-cnn: depthwise separable networks for keyword spotting;\n"
		"                 ds-cnn-exit: the same with a part model's classifier as output "
		"0;\n"
		"                 mlp: dense layers on features of sound\n"
		"  --count N      1 .. 10000\n"
		"  --seed S       default 1\n"
		"  --out DIR      made when missing\n\n"
		"inspect lists what a board would run: operators, shapes, multiply-accumulates, "
		"parameters,\n"
		"bytes of weights in the image, and where each output and scratch space lies in "
		"the arena.\n\n"
		"  --kernels SET  portable (the default) | armv7em | rv32\n"
		"  --eliminate    leave out channels that are proved constant\n"
		"  --exit N       the inference may end behind output N\n"
		"  --json         print one JSON object (schema joulebench.model/1)\n\n"
		"compare holds two predictor files against each other, cell by cell: coefficients, "
		"and what both\n"
		"predict over the networks they were trained on.\n\n"
		"  --json         print one JSON object (schema joulebench.compare/1)\n",
	.run = run,
};
