/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench calibrate: what a meter's readings are corrected with, from known loads.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/options.h"
#include "bench/config/quantity.h"
#include "bench/report/json_out.h"
#include "bench/session/calibration.h"
#include "drivers/link/link.h"

static volatile sig_atomic_t stop;

static const double day_s = 86400;

struct inputs {
	const char *meter_name, *rig_path, *db_path, *connect, *settle, *average, *expires;
	bool json;
	struct calibration_load loads[CALIBRATION_LOADS_MAX];
	unsigned load_count;
	double lifetime_s;
	struct rig *rig;
	struct store *store;
	struct calibration_procedure procedure;
};

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Moves "--load TEXT" out of argv, which holds the other options afterwards. */
static int take_loads(struct inputs *inputs, int *argc, char **argv, struct err *err)
{
	int kept = 0;

	for (int i = 0; i < *argc; i++) {
		const char *text = NULL;
		int ret;

		if (!strcmp(argv[i], "--load")) {
			if (i + 1 == *argc)
				return err_set(err, -EINVAL, "option '--load' needs a value");
			text = argv[++i];
		} else if (!strncmp(argv[i], "--load=", 7)) {
			text = argv[i] + 7;
		} else {
			argv[kept++] = argv[i];
			continue;
		}
		if (inputs->load_count == CALIBRATION_LOADS_MAX)
			return err_set(err, -EINVAL, "more than %d loads", CALIBRATION_LOADS_MAX);
		ret = calibration_load_parse(text, &inputs->loads[inputs->load_count], err);
		if (ret)
			return ret;
		inputs->load_count++;
	}
	*argc = kept;
	return 0;
}

static int parse_days(const char *text, double *ret_s, struct err *err)
{
	char *end;
	double days = strtod(text, &end);

	while (end != text && *end == ' ')
		end++;
	if (end == text || strcmp(end, "d") || !(days > 0 && days <= 36500))
		return err_set(err, -EINVAL, "--expires: '%s' is not a number of days, as '365 d'",
			       text);
	*ret_s = days * day_s;
	return 0;
}

static int parse_seconds(const char *name, const char *text, double least_s, double *ret_s,
			 struct err *err)
{
	int ret = quantity_parse(text, QUANTITY_TIME, ret_s, err);

	if (ret)
		return err_context(err, ret, "--%s", name);
	if (!(*ret_s >= least_s && *ret_s <= 3600))
		return err_set(err, -EINVAL, "--%s: %g s to 3600 s will do, not %s", name, least_s,
			       text);
	return 0;
}

static int parse(struct inputs *inputs, struct err *err)
{
	int ret = parse_days(inputs->expires, &inputs->lifetime_s, err);

	if (!ret)
		ret = parse_seconds("settle", inputs->settle, 0.01, &inputs->procedure.settle_s,
				    err);
	if (!ret)
		ret = parse_seconds("average", inputs->average, 0.01, &inputs->procedure.average_s,
				    err);
	return ret;
}

static int find_meter(struct inputs *inputs, struct err *err)
{
	const struct rig *rig = inputs->rig;

	for (unsigned i = 0; i < rig->meter_count; i++)
		if (!strcmp(rig->meters[i].name, inputs->meter_name)) {
			inputs->procedure.meter = &rig->meters[i];
			return 0;
		}
	return err_set(err, -EINVAL, "%s: there is no meter '%s'", inputs->rig_path,
		       inputs->meter_name);
}

static int load(struct inputs *inputs, struct err *err)
{
	int ret = parse(inputs, err);

	if (!ret)
		ret = rig_load(inputs->rig_path, &inputs->rig, err);
	if (!ret)
		ret = find_meter(inputs, err);
	if (!ret)
		ret = store_open(inputs->db_path, true, &inputs->store, err);
	inputs->procedure.rig = inputs->rig;
	return ret;
}

static int run_connect(const char *command, const struct calibration_load *load, struct err *err)
{
	int status;

	if (setenv("JOULEBENCH_LOAD", load->text, 1))
		return err_set(err, -errno, "%s", strerror(errno));
	status = system(command);
	return status ? err_set(err, -EIO, "'%s' did not connect it (status %d)", command, status)
		      : 0;
}

static int on_connect(void *context, const struct calibration_load *load, struct err *err)
{
	const struct inputs *inputs = context;
	int key;

	if (inputs->connect)
		return run_connect(inputs->connect, load, err);
	if (isinf(load->ohm))
		fprintf(stderr, "Leave the meter's output open, and press Enter: ");
	else
		fprintf(stderr, "Connect %s, nothing else, and press Enter: ", load->text);
	while ((key = getchar()) != '\n')
		if (key == EOF || stop)
			return err_set(err, -ECANCELED, "nobody connected it");
	return 0;
}

static int open_meter(struct inputs *inputs, struct err *err)
{
	const struct rig_meter *meter = inputs->procedure.meter;
	const struct meter_settings settings = {.supply_v = meter->supply_v,
						.options = meter->options};
	int ret = meter_open_uri(meter->driver, NULL, meter->link, &settings,
				 &inputs->procedure.device, err);

	if (ret)
		return ret;
	inputs->procedure.info = meter_info(inputs->procedure.device);
	if (inputs->procedure.info->is_virtual != inputs->rig->is_virtual)
		return err_set(err, -EINVAL, "its link and rig '%s' do not agree on being virtual",
			       inputs->rig->name);
	if (!(inputs->procedure.info->caps & METER_CAP_SUPPLY))
		return err_set(err, -ENOTSUP,
			       "it does not supply the load: known loads cannot be used with it");
	return 0;
}

static int measure(struct inputs *inputs, struct calibration *ret_calibration, struct err *err)
{
	int ret = open_meter(inputs, err);

	for (unsigned i = 0; !ret && i < inputs->load_count; i++) {
		struct calibration_load *at = &inputs->loads[i];

		ret = calibration_measure(&inputs->procedure, at, err);
		if (!ret)
			fprintf(stderr, "joulebench: %s: %.7g A read, %.7g A expected, range %u\n",
				at->text, at->reading.mean_a, at->expected_a, at->range);
	}
	if (!ret)
		ret = calibration_solve(&inputs->procedure, inputs->loads, inputs->load_count,
					ret_calibration, err);
	if (!ret)
		ret = calibration_store(inputs->store, &inputs->procedure, inputs->loads,
					inputs->load_count, (int64_t)inputs->lifetime_s,
					ret_calibration, err);
	return ret ? err_context(err, ret, "meter %s", inputs->meter_name) : 0;
}

static void print_table(const struct inputs *inputs, const struct calibration *calibration)
{
	printf("calibration %lld of %s, for %s\n\n%5s %5s %14s %12s %12s %12s\n",
	       (long long)calibration->id, inputs->meter_name, inputs->expires, "range", "loads",
	       "add_a", "u", "factor", "u");
	for (unsigned range = 0; range < calibration->range_count; range++) {
		const struct calibration_line *line = &calibration->lines[range];

		printf("%5u %5zu %+14.4e %12.2e %12.6f %12.2e%s\n", range, line->points,
		       line->add_a, line->add_u_a, line->factor, line->factor_u,
		       line->points ? "" : "  (data sheet)");
	}
	puts("\ncurrent = factor * reading + add_a; u: standard uncertainties.");
}

static json_t *lines_of(const struct calibration *calibration)
{
	json_t *list = json_array();

	for (unsigned range = 0; range < calibration->range_count; range++) {
		const struct calibration_line *line = &calibration->lines[range];

		json_array_append_new(list,
				      json_pack("{s:i, s:i, s:f, s:f, s:f, s:f}", "range",
						(int)range, "loads", (int)line->points, "add_a",
						line->add_a, "add_u_a", line->add_u_a, "factor",
						line->factor, "factor_u", line->factor_u));
	}
	return list;
}

static int print(const struct inputs *inputs, const struct calibration *calibration,
		 struct err *err)
{
	if (!inputs->json) {
		print_table(inputs, calibration);
		return 0;
	}
	return json_out_print("joulebench.calibrate/1",
			      json_pack("{s:s, s:s, s:b, s:I, s:f, s:o}", "meter",
					inputs->meter_name, "database", inputs->db_path, "virtual",
					inputs->rig->is_virtual, "calibration",
					(json_int_t)calibration->id, "expires_s",
					inputs->lifetime_s, "ranges", lines_of(calibration)),
			      err);
}

static enum exit_status calibrate(struct inputs *inputs)
{
	struct calibration calibration;
	struct err err = {""};
	int ret = measure(inputs, &calibration, &err);

	meter_close(inputs->procedure.device);
	if (!ret)
		ret = print(inputs, &calibration, &err);
	if (!ret)
		return EXIT_DONE;
	return options_fail(&calibrate_command,
			    ret == -ECANCELED ? EXIT_INTERRUPTED
			    : ret == -EDOM    ? EXIT_OUT_OF_TOLERANCE
			    : ret == -ERANGE || ret == -EINVAL || ret == -ENOTSUP
				    ? EXIT_USAGE
				    : EXIT_INFRASTRUCTURE,
			    "%s; nothing was stored", err.text);
}

static enum exit_status run(int argc, char **argv)
{
	struct inputs inputs = {.settle = "0.5 s", .average = "2 s", .expires = "365 d"};
	const struct option_row rows[] = {
		{"rig", &inputs.rig_path, NULL},    {"db", &inputs.db_path, NULL},
		{"connect", &inputs.connect, NULL}, {"settle", &inputs.settle, NULL},
		{"average", &inputs.average, NULL}, {"expires", &inputs.expires, NULL},
		{"json", NULL, &inputs.json},       {NULL, NULL, NULL}};
	const struct sigaction action = {.sa_handler = on_signal};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	struct err err = {""};
	enum exit_status status;
	int count;

	inputs.procedure.connect = on_connect;
	inputs.procedure.context = &inputs;
	inputs.procedure.stop = &stop;
	if (take_loads(&inputs, &argc, argv, &err))
		return options_fail(&calibrate_command, EXIT_USAGE, "%s", err.text);
	if (!options_read(&calibrate_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count != 1 || !inputs.rig_path || !inputs.db_path || !inputs.load_count)
		return options_fail(&calibrate_command, EXIT_USAGE,
				    "give one meter, --rig, --db and at least one --load (see "
				    "--help)");
	if (!inputs.connect && !isatty(STDIN_FILENO))
		return options_fail(&calibrate_command, EXIT_USAGE,
				    "somebody has to connect the loads: run it in a terminal, or "
				    "give --connect COMMAND");
	inputs.meter_name = arguments[0];
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	status = load(&inputs, &err) ? options_fail(&calibrate_command, EXIT_USAGE, "%s", err.text)
				     : calibrate(&inputs);
	store_close(inputs.store);
	rig_free(inputs.rig);
	return status;
}

const struct command calibrate_command = {
	.name = "calibrate",
	.summary = "correct a meter by known loads",
	.help = "usage: joulebench calibrate METER --rig RIG.yaml --db FILE.db --load LOAD... "
		"[options]\n\n"
		"Reads currents that are known, supply voltage over resistance, and stores a "
		"straight line for\n"
		"each range of the meter. 'joulebench run' into the same database corrects its "
		"samples by it.\n\n"
		"  --load LOAD       'none' for the open output (offset), or '1 kOhm 0.1 %': "
		"resistance and its\n"
		"                    limits; as often as wanted, asked for in this order. Two in a "
		"range tell its\n"
		"                    offset from its gain; ranges without one keep their data "
		"sheet\n"
		"  --connect COMMAND connects the load that $JOULEBENCH_LOAD says; default: asks "
		"and waits for Enter\n"
		"  --settle TIME     after switching on (0.5 s)\n"
		"  --average TIME    (2 s)\n"
		"  --expires DAYS    (365 d)\n"
		"  --json            print one JSON object (schema joulebench.calibrate/1)\n\n"
		"The supply's voltage and uncertainty are those of the rig file; measure it at the "
		"load. The\n"
		"resistance of leads counts: use four wires, or loads far above it.\n\n"
		"Exit status: 0 stored, 1 a load too noisy, drifting, or not the one that was "
		"said, 2 usage or a\n"
		"load that no range holds, 3 infrastructure, 130 interrupted.\n",
	.run = run,
};
