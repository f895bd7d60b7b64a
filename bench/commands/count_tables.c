/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench count --identify and --counts: tables of polynomials, made and used.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands/count_inputs.h"
#include "bench/commands/options.h"
#include "bench/predictor/count_identify.h"
#include "bench/predictor/counts.h"
#include "bench/report/counts.h"
#include "bench/report/json_out.h"

enum { NETWORKS = 48, NETWORKS_MAX = 4096, LAYERS = 120, THREADS = 2, SEED = 1 };

/* The levels to identify cycles at: the one asked for, or all, thinned out to what a table holds.
 */
static int clocks_choose(struct count_inputs *inputs, uint32_t clocks_hz[COUNT_CLOCKS_MAX],
			 unsigned *ret_count, struct err *err)
{
	const struct levels *levels = &inputs->part.board.levels;
	unsigned count = 0;
	int ret;

	if (!inputs->clock || strcmp(inputs->clock, "all")) {
		ret = count_clock_read(inputs, err);
		clocks_hz[0] = inputs->clock_hz;
		*ret_count = 1;
		return ret;
	}
	for (unsigned i = 0; i < COUNT_CLOCKS_MAX && i < levels->count; i++) {
		unsigned most = levels->count < COUNT_CLOCKS_MAX ? levels->count : COUNT_CLOCKS_MAX;

		clocks_hz[count++] =
			levels->hz[most > 1 ? i * (levels->count - 1) / (most - 1) : 0];
	}
	*ret_count = count;
	return 0;
}

static int networks_read(const struct count_inputs *inputs, unsigned *ret_count, struct err *err)
{
	char *end;
	unsigned long count = NETWORKS;

	if (inputs->networks) {
		count = strtoul(inputs->networks, &end, 10);
		if (*end || end == inputs->networks || count < 2 || count > NETWORKS_MAX)
			return err_set(err, -EINVAL, "--networks: '%s' is no number from 2 to %d",
				       inputs->networks, NETWORKS_MAX);
	}
	*ret_count = (unsigned)count;
	return 0;
}

static int runtime_check(const struct count_inputs *inputs, struct err *err)
{
	if (strcmp(inputs->runtime, "optimised") && strcmp(inputs->runtime, "portable"))
		return err_set(err, -EINVAL, "--runtime: '%s' is neither portable nor optimised",
			       inputs->runtime);
	return 0;
}

int count_table_make(struct count_inputs *inputs, struct err *err)
{
	uint32_t clocks_hz[COUNT_CLOCKS_MAX];
	struct count_identify_job job = {
		.board = inputs->board,
		.build = inputs->build,
		.runtime = inputs->runtime,
		.clocks_hz = clocks_hz,
		.layers = LAYERS,
		.seed = SEED,
		.threads = THREADS,
		.log = isatty(STDERR_FILENO) ? stderr : NULL,
	};
	struct count_table *table;
	struct count_paths paths;
	int ret = runtime_check(inputs, err);

	ret = ret ? ret : options_check_out(inputs->out_path, NULL, err);
	ret = ret ? ret : count_part_load(inputs, err);
	ret = ret ? ret : clocks_choose(inputs, clocks_hz, &job.clock_count, err);
	ret = ret ? ret : networks_read(inputs, &job.nets, err);
	if (ret)
		return ret;
	count_paths_fill(inputs, &paths);
	job.rig_program = paths.program;
	job.firmware = paths.firmware;
	job.chip = inputs->part.board.chip;
	job.held_out = (job.nets + 3) / 4;
	job.kernel_set = strcmp(inputs->runtime, "optimised") ? IMAGE_KERNELS_PORTABLE
							      : inputs->part.board.kernels;
	ret = count_identify(&job, &table, err);
	if (ret)
		return ret;
	ret = count_table_save(table, inputs->out_path, err);
	if (!ret)
		count_table_print(table, stdout);
	count_table_free(table);
	return ret;
}

/* Counting ------------------------------------------------------------------------------------ */

static void layer_json_complete(const struct count_layer *layer, json_t *json)
{
	json_object_del(json, "board_cycles");
	json_object_set_new(json, "status", json_string(count_status_name(layer->status)));
	json_object_set_new(json, "instructions_least",
			    json_integer((json_int_t)layer->instructions_least));
	json_object_set_new(json, "instructions_most",
			    json_integer((json_int_t)layer->instructions_most));
}

/* As of a simulated count, but for what only a run tells. */
static int json_print(const struct counts_report *to, const struct model_counts *counts,
		      struct err *err)
{
	json_t *json = counts_json(to), *layers = json_object_get(json, "layers");

	if (!json)
		return err_set(err, -ENOMEM, "out of memory");
	json_object_del(json, "output_crc32");
	json_object_del(json, "exited");
	json_object_del(json, "board_window_cycles");
	json_object_set_new(json, "counted_by", json_string("table"));
	json_object_set_new(json, "layers_exact", json_integer(counts->exact));
	json_object_set_new(json, "layers_bounded", json_integer(counts->bounded));
	json_object_set_new(json, "layers_unknown", json_integer(counts->unknown));
	json_object_set_new(json, "instructions_least",
			    json_integer((json_int_t)counts->instructions_least));
	json_object_set_new(json, "instructions_most",
			    json_integer((json_int_t)counts->instructions_most));
	for (unsigned i = 0; i < counts->layer_count; i++)
		layer_json_complete(&counts->layers[i], json_array_get(layers, i));
	return json_out_print("joulebench.count/1", json, err);
}

static void span_print(const struct count_span *span, uint64_t least, uint64_t most)
{
	printf("%12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64, span->instructions, least,
	       most, span->cycles);
}

static void table_print(const struct count_table *table, const struct counts_report *to,
			const struct model_counts *counts)
{
	const struct image_header *header = (const struct image_header *)to->image->bytes;

	printf("%s on %s, build %s, %.1f MHz, %s kernels%s: counted by a table that was made by "
	       "simulation\n%u layers exact, %u bounded, %u unknown; cycles are modelled\n\n"
	       "%-32s %12s %12s %12s %12s\n",
	       to->image->name, to->board, to->build, to->count->clock.hz / 1e6, to->runtime,
	       to->eliminate ? ", eliminated" : "", counts->exact, counts->bounded, counts->unknown,
	       "", "instructions", "at least", "at most", "cycles");
	printf("%-32s ", "inference");
	span_print(&counts->whole, counts->instructions_least, counts->instructions_most);
	putchar('\n');
	for (unsigned i = 0; i < counts->layer_count; i++) {
		const struct count_layer *layer = &counts->layers[i];
		const struct image_op *op = &image_ops(header)[i];

		printf("%4u %-27s ", op->layer, model_op_name(op));
		span_print(&layer->span, layer->instructions_least, layer->instructions_most);
		printf(" %s\n", count_status_name(layer->status));
	}
	(void)table;
}

static int counts_report(const struct count_inputs *inputs, const struct count_table *table,
			 const struct model_counts *counts, unsigned clock, struct err *err)
{
	struct virtual_count count = {.class_count = table->class_count,
				      .whole = counts->whole,
				      .clock = {.hz = table->clocks_hz[clock]}};
	const struct counts_report to = {
		.board = table->board,
		.build = table->build,
		.runtime = table->runtime,
		.eliminate = inputs->eliminate,
		.image = inputs->image,
		.count = &count,
	};
	int ret = 0;

	memcpy(count.class_names, table->class_names, sizeof(count.class_names));
	snprintf(count.hello.chip, sizeof(count.hello.chip), "%.15s", table->chip);
	count.layers = calloc(counts->layer_count + 1u, sizeof(*count.layers));
	count.board_layer_cycles =
		calloc(counts->layer_count + 1u, sizeof(*count.board_layer_cycles));
	if (!count.layers || !count.board_layer_cycles) {
		ret = err_set(err, -ENOMEM, "out of memory");
	} else {
		for (unsigned i = 0; i < counts->layer_count; i++)
			count.layers[i] = counts->layers[i].span;
		if (inputs->json)
			ret = json_print(&to, counts, err);
		else
			table_print(table, &to, counts);
	}
	virtual_count_done(&count);
	return ret;
}

/* Board and clock, where they were named, must be the table's. */
static int table_fits(struct count_inputs *inputs, const struct count_table *table,
		      unsigned *ret_clock, struct err *err)
{
	uint32_t hz = 0;
	int ret;

	if (inputs->board && strcmp(inputs->board, table->board) &&
	    strcmp(inputs->board, table->chip))
		return err_set(err, -EINVAL, "%s is a table of %s, not of %s", inputs->counts_path,
			       table->board, inputs->board);
	inputs->board = table->board;
	inputs->build = table->build;
	inputs->runtime = table->runtime;
	ret = count_part_load(inputs, err);
	if (!ret && inputs->clock) {
		ret = count_clock_read(inputs, err);
		hz = inputs->clock_hz;
	}
	return ret ? ret : count_table_clock(table, hz, ret_clock, err);
}

static int table_count(struct count_inputs *inputs, const struct count_table *table,
		       struct model_counts *counts, struct err *err)
{
	unsigned clock = 0;
	int ret = table_fits(inputs, table, &clock, err);

	ret = ret ? ret : count_model_compile(inputs, err);
	ret = ret ? ret : count_table_count(table, inputs->image->bytes, clock, counts, err);
	if (!ret && counts->unknown && !inputs->partial)
		ret = count_table_refuse(table, inputs->image->bytes, counts, err);
	return ret ? ret : counts_report(inputs, table, counts, clock, err);
}

int count_by_table(struct count_inputs *inputs, struct err *err)
{
	struct model_counts *counts = calloc(1, sizeof(*counts));
	struct count_table *table = NULL;
	int ret = counts ? count_table_load(inputs->counts_path, &table, err)
			 : err_set(err, -ENOMEM, "out of memory");

	ret = ret ? ret : table_count(inputs, table, counts, err);
	count_table_free(table);
	free(counts);
	return ret;
}
