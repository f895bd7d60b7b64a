/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench predict: energy and time of networks, without measuring them.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/options.h"
#include "bench/config/quantity.h"
#include "bench/predictor/forecast.h"
#include "bench/report/json_out.h"

struct predict_inputs {
	const char *predictor, *cycles, *time, *counts;
	const char *board, *build, *runtime, *clock, *temp, *core_v, *supply;
	const char *const *models;
	int model_count;
	bool extrapolate, layers, json;
};

static int read_quantity(const char *option, const char *text, enum quantity_kind kind,
			 double *ret_value, struct err *err)
{
	int ret;

	*ret_value = NAN;
	if (!text)
		return 0;
	ret = quantity_parse(text, kind, ret_value, err);
	return ret ? err_context(err, ret, "--%s", option) : 0;
}

static int read_voltage(const char *option, const char *text, double *ret_v, struct err *err)
{
	int ret = read_quantity(option, text, QUANTITY_VOLTAGE, ret_v, err);

	if (!ret && *ret_v <= 0)
		ret = err_set(err, -EINVAL, "--%s: must be above 0", option);
	return ret;
}

static int read_query(const struct predict_inputs *inputs, struct query *ret_query, struct err *err)
{
	struct query query = {.board = inputs->board,
			      .build = inputs->build,
			      .runtime = inputs->runtime,
			      .extrapolate = inputs->extrapolate};
	uint32_t clock_hz = 0;
	int ret = read_quantity("temp", inputs->temp, QUANTITY_TEMPERATURE, &query.temp_c, err);

	if (!ret)
		ret = read_voltage("core-v", inputs->core_v, &query.core_v, err);
	if (!ret)
		ret = read_voltage("supply", inputs->supply, &query.supply_v, err);
	if (!ret && inputs->clock) {
		ret = quantity_parse_hz(inputs->clock, &clock_hz, err);
		ret = ret ? err_context(err, ret, "--clock") : 0;
	}
	query.clock_hz = clock_hz;
	*ret_query = query;
	return ret;
}

static int read_cycles(const char *text, double *ret_cycles, struct err *err)
{
	char *end;

	*ret_cycles = NAN;
	if (!text)
		return 0;
	*ret_cycles = strtod(text, &end);
	if (end == text || *end || !isfinite(*ret_cycles) || *ret_cycles < 1)
		return err_set(err, -EINVAL, "--cycles: '%s' is no number of cycles, 1 or more",
			       text);
	return 0;
}

static int add_said(const struct predict_inputs *inputs, struct forecast *forecast, struct err *err)
{
	double cycles, time_s;
	int ret = read_cycles(inputs->cycles, &cycles, err);

	if (!ret)
		ret = read_quantity("time", inputs->time, QUANTITY_TIME, &time_s, err);
	if (!ret && time_s <= 0)
		ret = err_set(err, -EINVAL, "--time: must be above 0");
	return ret ? ret : forecast_add_said(forecast, cycles, time_s, err);
}

static int add_networks(const struct predict_inputs *inputs, struct forecast *forecast,
			struct err *err)
{
	int ret = 0;

	for (int i = 0; i < inputs->model_count && !ret; i++)
		ret = forecast_add_models(forecast, inputs->models[i], err);
	if (!ret && inputs->counts)
		ret = forecast_add_counts(forecast, inputs->counts, !inputs->model_count, err);
	if (!ret && (inputs->cycles || inputs->time))
		ret = add_said(inputs, forecast, err);
	return ret;
}

static int predict_and_print(const struct predict_inputs *inputs, struct forecast *forecast,
			     struct err *err)
{
	int ret = add_networks(inputs, forecast, err);

	if (!ret)
		ret = forecast_make(forecast, err);
	if (!ret && forecast->refused == forecast->count && !inputs->json)
		return err_set(err, -EINVAL, "%s", forecast->rows[0].refused);
	if (!ret && inputs->json)
		ret = json_out_print("joulebench.predict/1", forecast_json(forecast), err);
	else if (!ret)
		forecast_print(forecast, stdout);
	return ret;
}

static enum exit_status predict(const struct predict_inputs *inputs)
{
	struct predictor *predictor = NULL;
	struct forecast forecast = {.layers = inputs->layers};
	struct query query;
	struct err err = {""};
	enum exit_status status = EXIT_DONE;
	int ret = read_query(inputs, &query, &err);

	if (!ret)
		ret = predictor_load(inputs->predictor, &predictor, &err);
	if (!ret) {
		forecast.predictor = predictor;
		forecast.query = &query;
		ret = predict_and_print(inputs, &forecast, &err);
	}
	if (ret)
		status = options_fail(&predict_command,
				      ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE
								       : EXIT_INFRASTRUCTURE,
				      "%s", err.text);
	else if (forecast.refused)
		status = forecast.refused == forecast.count ? EXIT_USAGE : EXIT_PARTIAL;
	forecast_done(&forecast);
	predictor_free(predictor);
	return status;
}

static enum exit_status run(int argc, char **argv)
{
	struct predict_inputs inputs = {0};
	const struct option_row rows[] = {
		{"predictor", &inputs.predictor, NULL}, {"cycles", &inputs.cycles, NULL},
		{"counts", &inputs.counts, NULL},       {"board", &inputs.board, NULL},
		{"build", &inputs.build, NULL},         {"runtime", &inputs.runtime, NULL},
		{"clock", &inputs.clock, NULL},         {"temp", &inputs.temp, NULL},
		{"core-v", &inputs.core_v, NULL},       {"supply", &inputs.supply, NULL},
		{"extrapolate", NULL, &inputs.extrapolate}, {"layers", NULL, &inputs.layers},
		{"json", NULL, &inputs.json},           {"time", &inputs.time, NULL},
		{NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;

	if (!options_read(&predict_command, argc, argv, rows, arguments, &inputs.model_count,
			  &status))
		return status;
	inputs.models = arguments;
	if (!inputs.predictor || (!inputs.model_count && !inputs.cycles && !inputs.time && !inputs.counts))
		return options_fail(&predict_command, EXIT_USAGE,
				    "give --predictor, and a model, --counts, --cycles or --time "
				    "(see --help)");
	return predict(&inputs);
}

const struct command predict_command = {
	.name = "predict",
	.summary = "energy and time of networks from a predictor",
	.help = "usage: joulebench predict --predictor FILE MODEL.tflite|FOLDER ... [options]\n"
		"       joulebench predict --predictor FILE --counts FILE|FOLDER [options]\n"
		"       joulebench predict --predictor FILE [MODEL.tflite] --cycles N | --time DURATION "
		"[options]\n\n"
		"Energy and time per inference with 95 % intervals, for every board, build, "
		"runtime and clock level\n"
		"of the predictor, or those that are named. Outside of the range that it was "
		"trained on there is no\n"
		"answer, unless --extrapolate asks for one.\n\n"
		"  --predictor FILE  what 'joulebench fit --out' or 'refit' wrote\n"
		"  --counts PATH     what 'joulebench count --json' wrote: cycles, and layers; a "
		"folder: *.json in it\n"
		"  --cycles N        cycles of one inference; with a model: of that one\n"
		"  --time '20 ms'    time of one inference, where it is known: it is not predicted then, "
		"and kinds\n"
		"                    that work without cycles need none\n"
		"  --board BOARD     a board's name or unique id, or a chip: any board of it\n"
		"  --build, --runtime, --clock '26 MHz'   only these\n"
		"  --temp '43 degC'  chip temperature (default: that of the training)\n"
		"  --core-v '1.1 V'  core voltage, for a clock between the levels of a fit across "
		"them\n"
		"  --supply '3.0 V'  supply voltage (default: that of the training)\n"
		"  --extrapolate     answer outside of the training's range, and say so\n"
		"  --layers          layers too, in the table (--json has them in any case)\n"
		"  --json            print one JSON object (schema joulebench.predict/1)\n\n"
		"Exit status: 0 done, 2 usage, or nothing can be answered, 3 infrastructure, 4 "
		"some is refused.\n",
	.run = run,
};
