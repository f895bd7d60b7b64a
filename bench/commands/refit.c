/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench refit: a predictor brought up to date by new measurements.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/options.h"
#include "bench/predictor/refit.h"
#include "bench/report/json_out.h"

struct refit_inputs {
	const char *predictor, *databases[OPTIONS_ARGUMENTS_MAX + 1];
	int database_count;
	const char *out, *since, *significance, *instructions;
	bool robust, json;
};

static int print(const struct refit_inputs *inputs, const struct refit *refit, struct err *err)
{
	json_t *object;

	if (!inputs->json) {
		refit_print(refit, stdout);
		if (inputs->out)
			printf("Predictor: %s\n", inputs->out);
		return 0;
	}
	object = refit_json(refit);
	if (object && inputs->out)
		json_object_set_new(object, "out", json_string(inputs->out));
	return json_out_print("joulebench.refit/1", object, err);
}

static int refit_and_save(const struct refit_inputs *inputs, const struct predictor *old,
			  const struct dataset *dataset, double significance, struct err *err)
{
	const struct verify_options options = {.tolerance_rel = NAN,
					       .significance = significance,
					       .repeatability_rel = 1e-3};
	struct refit refit = {0};
	int ret = refit_make(old, dataset, &options, inputs->robust, &refit, err);

	if (!ret && inputs->out)
		ret = predictor_save(refit.updated, inputs->out, err);
	if (!ret)
		ret = print(inputs, &refit, err);
	refit_done(&refit);
	return ret;
}

static enum exit_status refit(const struct refit_inputs *inputs, double significance)
{
	const struct dataset_wanted wanted = {.since_utc = inputs->since};
	struct predictor *old = NULL;
	struct dataset dataset = {0};
	struct err err = {""};
	int ret = options_check_since(inputs->since, &err);

	if (!ret)
		ret = options_check_out(inputs->out, NULL, &err);
	if (!ret)
		ret = predictor_load(inputs->predictor, &old, &err);
	if (!ret)
		ret = dataset_read(inputs->databases, (size_t)inputs->database_count, &wanted,
				   &dataset, &err);
	if (!ret && inputs->instructions)
		ret = dataset_add_instructions(&dataset, inputs->instructions, &err);
	if (!ret)
		ret = refit_and_save(inputs, old, &dataset, significance, &err);
	dataset_done(&dataset);
	predictor_free(old);
	if (!ret)
		return EXIT_DONE;
	return options_fail(&refit_command,
			    ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE : EXIT_INFRASTRUCTURE,
			    "%s", err.text);
}

static enum exit_status run(int argc, char **argv)
{
	struct refit_inputs inputs = {.database_count = 1, .significance = "0.01"};
	const struct option_row rows[] = {{"predictor", &inputs.predictor, NULL},
					  {"db", &inputs.databases[0], NULL},
					  {"out", &inputs.out, NULL},
					  {"since", &inputs.since, NULL},
					  {"significance", &inputs.significance, NULL},
					  {"instructions", &inputs.instructions, NULL},
					  {"robust", NULL, &inputs.robust},
					  {"json", NULL, &inputs.json},
					  {NULL, NULL, NULL}};
	enum exit_status status;
	double significance;
	char *end;
	int count;

	if (!options_read(&refit_command, argc, argv, rows, inputs.databases + 1, &count, &status))
		return status;
	if (!inputs.databases[0] || !inputs.predictor)
		return options_fail(&refit_command, EXIT_USAGE,
				    "give --predictor and --db (see --help)");
	significance = strtod(inputs.significance, &end);
	if (end == inputs.significance || *end || !(significance > 0 && significance <= 0.5))
		return options_fail(&refit_command, EXIT_USAGE,
				    "--significance: '%s' is no probability above 0, up to 0.5",
				    inputs.significance);
	inputs.database_count += count;
	return refit(&inputs, significance);
}

const struct command refit_command = {
	.name = "refit",
	.summary = "bring a predictor up to date by new measurements",
	.help = "usage: joulebench refit --predictor OLD --db NEW.db [MORE.db ...] [--out FILE] "
		"[options]\n\n"
		"Cells that agree with the new data are combined with them by information; cells "
		"that moved are\n"
		"fitted again from the new data alone, or scaled where those bear no fit; cells "
		"without new data are\n"
		"kept, new ones added. Says what changed by how much. The new file names its "
		"parent by SHA-256.\n\n"
		"  --out FILE           write the new predictor (without: only say what would "
		"change)\n"
		"  --since DATE         only windows since then\n"
		"  --significance P     of 'moved', for all cells together (default 0.01)\n"
		"  --robust             points far off get less weight\n"
		"  --instructions PATH  counts for predictors with instruction classes\n"
		"  --json               print one JSON object (schema joulebench.refit/1)\n\n"
		"Exit status: 0 done, 2 usage, or the data are of nothing in the predictor, 3 "
		"infrastructure.\n",
	.run = run,
};
