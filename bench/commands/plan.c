/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench plan: what to measure next.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/options.h"
#include "bench/config/plan.h"
#include "bench/predictor/next.h"
#include "bench/report/json_out.h"

struct plan_inputs {
	const char *predictor, *database, *budget, *candidates, *counts, *board, *build, *out;
	bool json;
};

static int add_plan(struct forecast *forecast, const char *path, struct err *err)
{
	struct plan *plan;
	int ret = plan_load(path, &plan, err);

	if (ret)
		return ret;
	for (unsigned m = 0; m < plan->model_count && !ret; m++)
		ret = forecast_add_models(forecast, plan->models[m], err);
	plan_free(plan);
	return ret;
}

static int add_candidates(const struct plan_inputs *inputs, struct forecast *forecast,
			  struct err *err)
{
	const char *ending = inputs->candidates ? strrchr(inputs->candidates, '.') : NULL;
	int ret = 0;

	if (ending && (!strcmp(ending, ".yaml") || !strcmp(ending, ".yml")))
		ret = add_plan(forecast, inputs->candidates, err);
	else if (inputs->candidates)
		ret = forecast_add_models(forecast, inputs->candidates, err);
	if (!ret && inputs->counts)
		ret = forecast_add_counts(forecast, inputs->counts, !inputs->candidates, err);
	return ret;
}

static int write_plan(const char *path, const struct next *next, struct err *err)
{
	FILE *file = fopen(path, "w");
	int ret;

	if (!file)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	ret = next_write_plan(next, file, err);
	if (fclose(file) && !ret)
		ret = err_set(err, -EIO, "%s: cannot be written", path);
	return ret;
}

static int print(const struct plan_inputs *inputs, const struct next *next, struct err *err)
{
	int ret = inputs->out ? write_plan(inputs->out, next, err) : 0;

	if (!ret && inputs->json)
		return json_out_print("joulebench.next/1", next_json(next), err);
	if (!ret)
		next_print(next, stdout);
	if (!ret && !inputs->out) {
		fputs("\n", stdout);
		ret = next_write_plan(next, stdout, err);
	} else if (!ret) {
		printf("Plan: %s\n", inputs->out);
	}
	return ret;
}

static int choose(const struct plan_inputs *inputs, size_t budget, struct forecast *forecast,
		  struct err *err)
{
	struct dataset measured = {0};
	struct next next = {0};
	int ret = add_candidates(inputs, forecast, err);

	if (!ret)
		ret = forecast_make(forecast, err);
	if (!ret && inputs->database)
		ret = dataset_read(&inputs->database, 1, NULL, &measured, err);
	if (!ret)
		ret = next_make(forecast, budget, inputs->database ? &measured : NULL, &next, err);
	if (!ret)
		ret = print(inputs, &next, err);
	next_done(&next);
	dataset_done(&measured);
	return ret;
}

static enum exit_status plan_next(const struct plan_inputs *inputs, size_t budget)
{
	const struct query query = {.board = inputs->board,
				    .build = inputs->build,
				    .temp_c = NAN,
				    .core_v = NAN,
				    .supply_v = NAN,
				    .extrapolate = true}; /* beyond the range is worth measuring */
	struct predictor *predictor = NULL;
	struct forecast forecast = {.query = &query};
	struct err err = {""};
	int ret = options_check_out(inputs->out, inputs->predictor, &err);

	if (!ret)
		ret = predictor_load(inputs->predictor, &predictor, &err);
	forecast.predictor = predictor;
	if (!ret)
		ret = choose(inputs, budget, &forecast, &err);
	forecast_done(&forecast);
	predictor_free(predictor);
	if (!ret)
		return EXIT_DONE;
	return options_fail(&plan_command,
			    ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE : EXIT_INFRASTRUCTURE,
			    "%s", err.text);
}

static enum exit_status run(int argc, char **argv)
{
	struct plan_inputs inputs = {0};
	const struct option_row rows[] = {{"predictor", &inputs.predictor, NULL},
					  {"db", &inputs.database, NULL},
					  {"budget", &inputs.budget, NULL},
					  {"candidates", &inputs.candidates, NULL},
					  {"counts", &inputs.counts, NULL},
					  {"board", &inputs.board, NULL},
					  {"build", &inputs.build, NULL},
					  {"out", &inputs.out, NULL},
					  {"json", NULL, &inputs.json},
					  {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	unsigned long budget;
	char *end;
	int count;

	if (!options_read(&plan_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count != 1 || strcmp(arguments[0], "next") != 0 || !inputs.predictor ||
	    !inputs.budget || (!inputs.candidates && !inputs.counts))
		return options_fail(&plan_command, EXIT_USAGE,
				    "say 'plan next' with --predictor, --budget, and --candidates "
				    "or --counts (see --help)");
	budget = strtoul(inputs.budget, &end, 10);
	if (inputs.budget[0] < '1' || inputs.budget[0] > '9' || *end || budget > 10000)
		return options_fail(&plan_command, EXIT_USAGE,
				    "--budget: '%s' is no number of networks, 1 to 10000",
				    inputs.budget);
	return plan_next(&inputs, budget);
}

const struct command plan_command = {
	.name = "plan",
	.summary = "what to measure next, so that predictions gain most",
	.help = "usage: joulebench plan next --predictor FILE --budget N --candidates FOLDER|FILE "
		"[options]\n\n"
		"Proposes the N networks whose measurement shrinks the intervals of all "
		"candidates' predicted energies\n"
		"most, and writes a plan file with them.\n\n"
		"  --predictor FILE   what there is so far\n"
		"  --budget N         networks\n"
		"  --candidates PATH  .tflite files of a folder, one, or the models of a plan "
		"(.yaml)\n"
		"  --counts PATH      their cycles, of 'joulebench count --json'; without "
		"--candidates the networks\n"
		"                     are those of the files\n"
		"  --db FILE          networks that it holds already are not proposed\n"
		"  --board, --build   only for these cells\n"
		"  --out FILE         write the plan there (default: standard output)\n"
		"  --json             print one JSON object (schema joulebench.next/1)\n",
	.run = run,
};
