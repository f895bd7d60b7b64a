/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench fit: a predictor of energy and time from counted cycles.
 */
#include "bench/commands/commands.h"

#include <errno.h>
#include <stdio.h>

#include "bench/commands/options.h"
#include "bench/predictor/counts.h"
#include "bench/predictor/fit_report.h"
#include "bench/report/json_out.h"

struct fit_inputs {
	const char *databases[OPTIONS_ARGUMENTS_MAX + 1];
	int database_count;
	const char *instructions, *features, *counts, *out;
	struct build_options build;
	bool curves, suspect, json;
};

static int print(const struct fit_inputs *inputs, const struct fit_report *report, struct err *err)
{
	json_t *object;

	if (!inputs->json) {
		fit_report_print(report, stdout);
		if (inputs->out)
			printf("Predictor: %s\n", inputs->out);
		return 0;
	}
	object = fit_report_json(report);
	if (object)
		json_object_set_new(object, "database", json_string(inputs->databases[0]));
	if (object && inputs->out)
		json_object_set_new(object, "predictor", json_string(inputs->out));
	return json_out_print("joulebench.fit/1", object, err);
}

/* The count table becomes part of the file, so that models need no counting. */
static int add_counts(const char *path, struct predictor *predictor, struct err *err)
{
	struct count_table *table;
	int ret = count_table_load(path, &table, err);

	if (ret)
		return ret;
	predictor->counts = count_table_to_json(table);
	count_table_free(table);
	return predictor->counts ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* What the data bear is printed in any case; a predictor that was asked for by --out or --model and
 * cannot be is an error. */
static int fit_and_print(const struct fit_inputs *inputs, const struct dataset *dataset,
			 struct err *err)
{
	struct predictor *predictor = NULL;
	struct build_refusals refusals = {0};
	struct fit_report report = {0};
	struct curves curves = {0};
	int ret = predictor_build(dataset, &inputs->build, &predictor, &refusals, err);

	if (ret == -EINVAL && !inputs->out && !inputs->build.model) {
		fprintf(stderr, "joulebench fit: %s\n", err->text);
		ret = 0;
	}
	if (!ret)
		ret = fit_report_make(dataset, &inputs->build, &report, err);
	if (!ret && inputs->curves)
		ret = curves_make(dataset, &inputs->build, &curves, err);
	if (!ret && inputs->counts && predictor)
		ret = add_counts(inputs->counts, predictor, err);
	if (!ret && inputs->suspect && predictor)
		snprintf(predictor->note, sizeof(predictor->note),
			 "fitted with --suspect: windows judged suspect are in the training");
	if (!ret && inputs->out)
		ret = predictor_save(predictor, inputs->out, err);
	if (!ret) {
		report.predictor = predictor;
		report.refusals = &refusals;
		report.curves = inputs->curves ? &curves : NULL;
		ret = print(inputs, &report, err);
	}
	curves_done(&curves);
	fit_report_done(&report);
	build_refusals_done(&refusals);
	predictor_free(predictor);
	return ret;
}

static enum exit_status fit(const struct fit_inputs *inputs)
{
	struct dataset dataset = {0};
	struct err err = {""};
	const struct dataset_wanted wanted = {.with_suspect = inputs->suspect};
	int ret = options_check_out(inputs->out, NULL, &err);

	if (!ret)
		ret = dataset_read(inputs->databases, (size_t)inputs->database_count, &wanted,
				   &dataset, &err);
	if (!ret && inputs->features)
		ret = dataset_add_features(&dataset, inputs->features, &err);
	if (!ret && inputs->instructions)
		ret = dataset_add_instructions(&dataset, inputs->instructions, &err);
	if (!ret)
		ret = fit_and_print(inputs, &dataset, &err);
	dataset_done(&dataset);
	if (!ret)
		return EXIT_DONE;
	return options_fail(&fit_command,
			    ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE : EXIT_INFRASTRUCTURE,
			    "%s", err.text);
}

static enum exit_status run(int argc, char **argv)
{
	struct fit_inputs inputs = {.database_count = 1};
	const struct option_row rows[] = {{"db", &inputs.databases[0], NULL},
					  {"model", &inputs.build.model, NULL},
					  {"out", &inputs.out, NULL},
					  {"instructions", &inputs.instructions, NULL},
					  {"features", &inputs.features, NULL},
					  {"counts", &inputs.counts, NULL},
					  {"robust", NULL, &inputs.build.robust},
					  {"curves", NULL, &inputs.curves},
					  {"suspect", NULL, &inputs.suspect},
					  {"json", NULL, &inputs.json},
					  {NULL, NULL, NULL}};
	enum exit_status status;
	int count;

	if (!options_read(&fit_command, argc, argv, rows, inputs.databases + 1, &count, &status))
		return status;
	if (!inputs.databases[0])
		return options_fail(&fit_command, EXIT_USAGE, "give --db (see --help)");
	inputs.database_count += count;
	return fit(&inputs);
}

const struct command fit_command = {
	.name = "fit",
	.summary = "fit a predictor of energy and time from counted cycles",
	.help = "usage: joulebench fit --db FILE.db [MORE.db ...] [options]\n\n"
		"Fits the accepted windows, repeats brought together, and chooses the model by "
		"cross-validation\n"
		"over networks. Prints E = k*cycles and E = a + k*cycles of each level, and how "
		"every model and the\n"
		"coarse proxies (MACs, parameters, constant power) predict networks, boards, "
		"levels and temperatures\n"
		"that were left out. 'chosen' leaves them out of the choice too.\n\n"
		"  --db FILE            the database; more may follow\n"
		"  --model MODEL        only these: cycles, affine (per level), levels (one fit "
		"over all voltages,\n"
		"                       clocks, temperatures: levels-ldo, levels-smps), "
		"hierarchical (boards drawn\n"
		"                       towards their type), stall, mix, classes\n"
		"  --out FILE           write the predictor, for predict, verify, refit\n"
		"  --robust             points far off get less weight (Tukey's bisquare)\n"
		"  --curves             error against the number of networks seen\n"
		"  --instructions PATH  'joulebench count --json' of the networks, a file or a "
		"folder of them:\n"
		"                       instruction classes and stall cycles\n"
		"  --features FILE.csv  model,macs,params of networks whose database says neither "
		"(imported ones)\n"
		"  --counts FILE        a count table (schema joulebench.counts/1), to be part of the "
		"predictor:\n"
		"                       'predict' then needs no counts of its models\n"
		"  --suspect            take suspect windows, too\n"
		"  --json               print one JSON object (schema joulebench.fit/1)\n\n"
		"Exit status: 0 done, 2 usage, or a predictor was asked for and the data do not "
		"bear one,\n"
		"3 infrastructure.\n",
	.run = run,
};
