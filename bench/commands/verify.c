/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench verify: do new measurements agree with a predictor?
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/options.h"
#include "bench/config/quantity.h"
#include "bench/predictor/verify.h"
#include "bench/report/json_out.h"

struct verify_inputs {
	const char *predictor, *databases[OPTIONS_ARGUMENTS_MAX + 1];
	int database_count;
	const char *tolerance, *significance, *repeatability, *since, *golden, *false_alarm;
	const char *instructions;
	bool json;
};

static int read_probability(const char *option, const char *text, double *ret_value,
			    struct err *err)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0 && value <= 0.5))
		return err_set(err, -EINVAL, "--%s: '%s' is no probability of 0 to 0.5", option,
			       text);
	*ret_value = value;
	return 0;
}

static int read_ratio(const char *option, const char *text, double *ret_value, struct err *err)
{
	int ret = quantity_parse(text, QUANTITY_RATIO, ret_value, err);

	if (!ret && !(*ret_value >= 0))
		ret = err_set(err, -EINVAL, "cannot be below 0");
	return ret ? err_context(err, ret, "--%s", option) : 0;
}

static int read_options(const struct verify_inputs *inputs, struct verify_options *ret_options,
			double *ret_false_alarm, struct err *err)
{
	int ret = options_check_since(inputs->since, err);

	ret_options->tolerance_rel = NAN;
	if (!ret && inputs->tolerance)
		ret = read_ratio("tolerance", inputs->tolerance, &ret_options->tolerance_rel, err);
	if (!ret)
		ret = read_ratio("repeatability", inputs->repeatability,
				 &ret_options->repeatability_rel, err);
	if (!ret)
		ret = read_probability("significance", inputs->significance,
				       &ret_options->significance, err);
	if (!ret)
		ret = read_probability("false-alarm", inputs->false_alarm, ret_false_alarm, err);
	return ret;
}

static int compare(const struct verify_inputs *inputs, const struct predictor *predictor,
		   const struct dataset *dataset, const struct dataset *nights, bool *ret_failed,
		   struct err *err)
{
	struct verify_options options;
	struct verify verify = {0};
	struct drifts drifts = {0};
	double false_alarm = 0;
	int ret = read_options(inputs, &options, &false_alarm, err);

	if (!ret)
		ret = verify_make(predictor, dataset, &options, &verify, err);
	if (!ret)
		ret = drifts_make(nights, inputs->golden, false_alarm, &drifts, err);
	if (!ret && inputs->json)
		ret = json_out_print("joulebench.verify/1", verify_json(&verify, &drifts), err);
	else if (!ret)
		verify_print(&verify, &drifts, stdout);
	*ret_failed = verify.failed || drifts.found;
	verify_done(&verify);
	drifts_done(&drifts);
	return ret;
}

static enum exit_status verify(const struct verify_inputs *inputs)
{
	const struct dataset_wanted wanted = {.since_utc = inputs->since};
	const struct dataset_wanted by_night = {.by_night = true};
	struct predictor *predictor = NULL;
	struct dataset dataset = {0}, nights = {0};
	struct err err = {""};
	bool failed = false;
	int ret = options_check_since(inputs->since, &err);

	if (!ret)
		ret = predictor_load(inputs->predictor, &predictor, &err);
	if (!ret)
		ret = dataset_read(inputs->databases, (size_t)inputs->database_count, &wanted,
				   &dataset, &err);
	if (!ret)
		ret = dataset_read(inputs->databases, (size_t)inputs->database_count, &by_night,
				   &nights, &err);
	if (!ret && inputs->instructions)
		ret = dataset_add_instructions(&dataset, inputs->instructions, &err);
	if (!ret)
		ret = compare(inputs, predictor, &dataset, &nights, &failed, &err);
	dataset_done(&dataset);
	dataset_done(&nights);
	predictor_free(predictor);
	if (!ret)
		return failed ? EXIT_OUT_OF_TOLERANCE : EXIT_DONE;
	return options_fail(&verify_command,
			    ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE : EXIT_INFRASTRUCTURE,
			    "%s", err.text);
}

static enum exit_status run(int argc, char **argv)
{
	struct verify_inputs inputs = {.database_count = 1,
				       .significance = "0.01",
				       .repeatability = "0.1 %",
				       .false_alarm = "0.01"};
	const struct option_row rows[] = {{"predictor", &inputs.predictor, NULL},
					  {"db", &inputs.databases[0], NULL},
					  {"tolerance", &inputs.tolerance, NULL},
					  {"significance", &inputs.significance, NULL},
					  {"repeatability", &inputs.repeatability, NULL},
					  {"since", &inputs.since, NULL},
					  {"golden", &inputs.golden, NULL},
					  {"false-alarm", &inputs.false_alarm, NULL},
					  {"instructions", &inputs.instructions, NULL},
					  {"json", NULL, &inputs.json},
					  {NULL, NULL, NULL}};
	enum exit_status status;
	int count;

	if (!options_read(&verify_command, argc, argv, rows, inputs.databases + 1, &count,
			  &status))
		return status;
	if (!inputs.databases[0] || !inputs.predictor)
		return options_fail(&verify_command, EXIT_USAGE,
				    "give --predictor and --db (see --help)");
	inputs.database_count += count;
	return verify(&inputs);
}

const struct command verify_command = {
	.name = "verify",
	.summary = "do new measurements agree with a predictor?",
	.help = "usage: joulebench verify --predictor FILE --db FILE.db [MORE.db ...] [options]\n\n"
		"Compares the accepted windows with the predictor, cell by cell (board, build, "
		"runtime, clock level,\n"
		"temperature): the bias of energy and time with its uncertainty, and whether it "
		"is significant among\n"
		"all cells. Networks of the training are held against their own training points. "
		"Then, for each network\n"
		"that was measured on a board in eight nights or more, whether its energy has "
		"stepped, and when.\n\n"
		"  --tolerance '2 %'        fail when a cell's bias is larger\n"
		"  --significance P         fail when a cell moved (default 0.01, for all cells "
		"together; 0: no test)\n"
		"  --repeatability '0.1 %'  what sessions differ by without any cause (standard "
		"uncertainty)\n"
		"  --since DATE             only windows since then (2026-03-01, UTC); the drift "
		"sees all\n"
		"  --golden MODEL           drift of this network only, by name or SHA-256\n"
		"  --false-alarm P          of the drift, for all series together (default 0.01)\n"
		"  --instructions PATH      counts for predictors with instruction classes\n"
		"  --json                   print one JSON object (schema joulebench.verify/1)\n\n"
		"Exit status: 0 the data agree, 1 a cell is out of tolerance or has moved, or a "
		"network's energy has\n"
		"stepped, 2 usage, 3 infrastructure.\n",
	.run = run,
};
