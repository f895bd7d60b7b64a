/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench calibrate: what a meter's readings are corrected with, from known loads or against
 * another meter.
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
	const char *meter_name, *against_name, *rig_path, *db_path, *connect;
	const char *settle, *average, *seconds, *expires; /* NULL: the default */
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
		inputs->loads[inputs->load_count++].text = text;
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

/* Against a reference a load is only a name; "none" is the open output there, too. */
static int parse_load(const struct inputs *inputs, struct calibration_load *load, struct err *err)
{
	if (!inputs->against_name)
		return calibration_load_parse(load->text, load, err);
	load->ohm = strcmp(load->text, "none") ? 0 : INFINITY;
	return 0;
}

static int parse_stretch(struct inputs *inputs, struct err *err)
{
	struct calibration_procedure *procedure = &inputs->procedure;
	const char *text = inputs->seconds ? inputs->seconds : "5";
	char *end;

	if (!inputs->against_name)
		return inputs->seconds
			       ? err_set(err, -EINVAL,
					 "--seconds goes with --against; known loads take "
					 "--average")
			       : parse_seconds("average", inputs->average ? inputs->average : "2 s",
					       0.01, &procedure->average_s, err);
	if (inputs->average)
		return err_set(err, -EINVAL,
			       "--average is of known loads; --against takes "
			       "--seconds");
	procedure->average_s = strtod(text, &end);
	if (end == text || *end || !(procedure->average_s >= 1 && procedure->average_s <= 3600))
		return err_set(err, -EINVAL, "--seconds: 1 to 3600 will do, not '%s'", text);
	return 0;
}

static int parse(struct inputs *inputs, struct err *err)
{
	int ret = parse_days(inputs->expires, &inputs->lifetime_s, err);

	if (!ret)
		ret = parse_seconds("settle", inputs->settle, 0.01, &inputs->procedure.settle_s,
				    err);
	if (!ret)
		ret = parse_stretch(inputs, err);
	for (unsigned i = 0; !ret && i < inputs->load_count; i++)
		ret = parse_load(inputs, &inputs->loads[i], err);
	return ret;
}

static int find_meter(const struct inputs *inputs, const char *name,
		      const struct rig_meter **ret_meter, struct err *err)
{
	const struct rig *rig = inputs->rig;

	for (unsigned i = 0; i < rig->meter_count; i++)
		if (!strcmp(rig->meters[i].name, name)) {
			*ret_meter = &rig->meters[i];
			return 0;
		}
	return err_set(err, -EINVAL, "%s: there is no meter '%s'", inputs->rig_path, name);
}

static int find_meters(struct inputs *inputs, struct err *err)
{
	struct calibration_procedure *procedure = &inputs->procedure;
	int ret = find_meter(inputs, inputs->meter_name, &procedure->meter, err);

	if (ret || !inputs->against_name)
		return ret;
	ret = find_meter(inputs, inputs->against_name, &procedure->reference.meter, err);
	if (!ret)
		ret = calibration_reference_check(procedure, err);
	return ret ? err_context(err, ret, "--against") : 0;
}

static int load(struct inputs *inputs, struct err *err)
{
	int ret = parse(inputs, err);

	if (!ret)
		ret = rig_load(inputs->rig_path, &inputs->rig, err);
	if (!ret)
		ret = find_meters(inputs, err);
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
		fprintf(stderr, "Leave the %s open, and press Enter: ",
			inputs->against_name ? "last meter's output" : "meter's output");
	else if (inputs->against_name)
		fprintf(stderr,
			"Connect %s behind both meters in series, and press Enter: ", load->text);
	else
		fprintf(stderr, "Connect %s, nothing else, and press Enter: ", load->text);
	while ((key = getchar()) != '\n')
		if (key == EOF || stop)
			return err_set(err, -ECANCELED, "nobody connected it");
	return 0;
}

static int open_meter(const struct inputs *inputs, const struct rig_meter *meter,
		      struct meter **ret_device, const struct meter_info **ret_info,
		      struct err *err)
{
	const struct meter_settings settings = {.supply_v = meter->supply_v,
						.options = meter->options};
	int ret = meter_open_uri(meter->driver, NULL, meter->link, &settings, ret_device, err);

	if (ret)
		return ret;
	*ret_info = meter_info(*ret_device);
	if ((*ret_info)->is_virtual != inputs->rig->is_virtual)
		return err_set(err, -EINVAL, "its link and rig '%s' do not agree on being virtual",
			       inputs->rig->name);
	return 0;
}

static int open_reference(struct inputs *inputs, struct err *err)
{
	struct calibration_reference *reference = &inputs->procedure.reference;
	int ret = open_meter(inputs, reference->meter, &reference->device, &reference->info, err);

	return ret ? err_context(err, ret, "reference %s", inputs->against_name)
		   : calibration_reference_check(&inputs->procedure, err);
}

static int open_meters(struct inputs *inputs, struct err *err)
{
	struct calibration_procedure *procedure = &inputs->procedure;
	int ret = open_meter(inputs, procedure->meter, &procedure->device, &procedure->info, err);

	if (!ret && inputs->against_name)
		return open_reference(inputs, err);
	if (!ret && !(procedure->info->caps & METER_CAP_SUPPLY))
		ret = err_set(err, -ENOTSUP,
			      "it does not supply the load: known loads cannot be used with it, "
			      "another meter can (--against)");
	return ret;
}

static int measure_loads(struct inputs *inputs, struct err *err)
{
	int ret = 0;

	for (unsigned i = 0; !ret && i < inputs->load_count; i++) {
		struct calibration_load *at = &inputs->loads[i];

		ret = inputs->against_name
			      ? calibration_measure_against(&inputs->procedure, at, err)
			      : calibration_measure(&inputs->procedure, at, err);
		if (!ret)
			fprintf(stderr, "joulebench: %s: %.7g A read, %.7g A expected, range %u\n",
				at->text, at->reading.mean_a, at->expected_a, at->range);
	}
	return ret;
}

static void warn(const struct inputs *inputs, const struct calibration *calibration)
{
	char text[200];

	for (unsigned range = 0; range < calibration->range_count; range++)
		if (calibration_warn(&inputs->procedure, inputs->loads, inputs->load_count, range,
				     text, sizeof(text)))
			fprintf(stderr, "joulebench: warning: %s\n", text);
}

static int measure(struct inputs *inputs, struct calibration *ret_calibration, struct err *err)
{
	int ret = open_meters(inputs, err);

	if (!ret)
		ret = measure_loads(inputs, err);
	if (!ret)
		ret = calibration_solve(&inputs->procedure, inputs->loads, inputs->load_count,
					ret_calibration, err);
	if (!ret)
		warn(inputs, ret_calibration);
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
	return json_out_print(
		"joulebench.calibrate/1",
		json_pack("{s:s, s:s?, s:s, s:b, s:I, s:f, s:o}", "meter", inputs->meter_name,
			  "against", inputs->against_name, "database", inputs->db_path, "virtual",
			  inputs->rig->is_virtual, "calibration", (json_int_t)calibration->id,
			  "expires_s", inputs->lifetime_s, "ranges", lines_of(calibration)),
		err);
}

static enum exit_status calibrate(struct inputs *inputs)
{
	struct calibration calibration;
	struct err err = {""};
	int ret = measure(inputs, &calibration, &err);

	meter_close(inputs->procedure.device);
	meter_close(inputs->procedure.reference.device);
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
	struct inputs inputs = {.settle = "0.5 s", .expires = "365 d"};
	const struct option_row rows[] = {{"rig", &inputs.rig_path, NULL},
					  {"db", &inputs.db_path, NULL},
					  {"connect", &inputs.connect, NULL},
					  {"settle", &inputs.settle, NULL},
					  {"average", &inputs.average, NULL},
					  {"expires", &inputs.expires, NULL},
					  {"against", &inputs.against_name, NULL},
					  {"seconds", &inputs.seconds, NULL},
					  {"json", NULL, &inputs.json},
					  {NULL, NULL, NULL}};
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
	.summary = "correct a meter by known loads or another meter",
	.help = "usage: joulebench calibrate METER --rig RIG.yaml --db FILE.db --load LOAD... "
		"[options]\n"
		"       joulebench calibrate METER --against METER2 --rig RIG.yaml --db FILE.db "
		"--load "
		"NAME... [options]\n\n"
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
		"  --against METER2  the known current is what METER2 reads, in series with METER. "
		"Each "
		"--load is only\n"
		"                    a name then ('board', '1k', 'none'); its current has to stay "
		"the "
		"same\n"
		"  --seconds N       both are averaged over, with --against (5)\n"
		"  --connect COMMAND connects the load that $JOULEBENCH_LOAD says; default: asks "
		"and waits for Enter\n"
		"  --settle TIME     after switching on (0.5 s)\n"
		"  --average TIME    (2 s)\n"
		"  --expires DAYS    (365 d)\n"
		"  --json            print one JSON object (schema joulebench.calibrate/1)\n\n"
		"Of two meters one may supply the load (the other has no 'supply:' in the rig "
		"file), or "
		"neither. The\n"
		"result is no more certain than METER2's gain and offset, from its part or the rig "
		"file (gain_u,\n"
		"offset_u).\n\n"
		"The supply's voltage and uncertainty are those of the rig file; measure it at the "
		"load. The\n"
		"resistance of leads counts: use four wires, or loads far above it.\n\n"
		"Exit status: 0 stored, 1 a load too noisy, drifting, or not the one that was "
		"said, 2 usage or a\n"
		"load that no range holds, 3 infrastructure, 130 interrupted.\n",
	.run = run,
};
