/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/virtual_count.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench/session/virtual_board.h"
#include "drivers/dut/dut.h"

enum {
	/* Of host time: a core of 20 M instructions a second and the largest model there may be. */
	RUN_LIMIT_MS = 600000,
	RUN_ASK_MS = 5000,
	LINE_WINDOW = 0,
	LINE_INFERENCE = 1,
	LINE_LAYER = 2,
};

/* The counters at an edge, all of them from power-on. */
struct edge {
	int line;
	bool level;
	struct count_span counts;
};

struct edges {
	struct edge *list;
	size_t count;
};

/* --- the counts file -------------------------------------------------------------------------- */

static uint64_t number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void classes_take(struct virtual_count *count, json_t *classes, struct count_span *span)
{
	const char *name;
	json_t *value;

	json_object_foreach(classes, name, value)
	{
		unsigned i = 0;

		while (i < count->class_count && strcmp(count->class_names[i], name))
			i++;
		if (i == COUNT_CLASSES_MAX)
			continue;
		if (i == count->class_count) {
			snprintf(count->class_names[i], COUNT_CLASS_NAME_MAX, "%s", name);
			count->class_count++;
		}
		span->classes[i] = (uint64_t)json_integer_value(value);
	}
}

static int edge_take(struct virtual_count *count, const json_t *object, struct edge *ret_edge,
		     struct err *err)
{
	const char *schema = json_string_value(json_object_get(object, "schema"));

	if (!schema || strcmp(schema, "joulebench-counts/1"))
		return err_set(err, -EPROTO, "the counts have schema '%s', not joulebench-counts/1",
			       schema ? schema : "none");
	ret_edge->line = (int)number(object, "line");
	ret_edge->level = json_is_true(json_object_get(object, "level"));
	ret_edge->counts = (struct count_span){
		.instructions = number(object, "instructions"),
		.cycles = number(object, "cycles"),
		.taken_branches = number(object, "taken_branches"),
		.flash_fetch_stalls = number(object, "flash_fetch_stalls"),
		.flash_data_reads = number(object, "flash_data_reads"),
		.flash_stalls = number(object, "flash_stalls"),
	};
	classes_take(count, json_object_get(object, "classes"), &ret_edge->counts);
	return 0;
}

static int edges_read(struct virtual_count *count, FILE *file, struct edges *edges, struct err *err)
{
	size_t capacity = 0;
	json_error_t where;
	json_t *object;
	int ret = 0;

	while (!ret && (object = json_loadf(file, JSON_DISABLE_EOF_CHECK, &where))) {
		if (edges->count == capacity) {
			size_t wanted = capacity ? 2 * capacity : 256;
			struct edge *list = realloc(edges->list, wanted * sizeof(*list));

			if (list) {
				edges->list = list;
				capacity = wanted;
			} else {
				ret = err_set(err, -ENOMEM, "out of memory");
			}
		}
		if (!ret)
			ret = edge_take(count, object, &edges->list[edges->count++], err);
		json_decref(object);
	}
	if (!ret && json_error_code(&where) != json_error_premature_end_of_input &&
	    where.position < 0)
		ret = err_set(err, -EPROTO, "the counts: %s", where.text);
	return ret;
}

static int edges_load(struct virtual_count *count, const char *path, struct edges *ret_edges,
		      struct err *err)
{
	FILE *file = fopen(path, "r");
	int ret;

	if (!file)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	ret = edges_read(count, file, ret_edges, err);
	fclose(file);
	return ret;
}

/* --- spans ------------------------------------------------------------------------------------ */

static struct count_span span_between(const struct edge *from, const struct edge *to)
{
	const struct count_span *a = &from->counts, *b = &to->counts;
	struct count_span span = {
		.instructions = b->instructions - a->instructions,
		.cycles = b->cycles - a->cycles,
		.taken_branches = b->taken_branches - a->taken_branches,
		.flash_fetch_stalls = b->flash_fetch_stalls - a->flash_fetch_stalls,
		.flash_data_reads = b->flash_data_reads - a->flash_data_reads,
		.flash_stalls = b->flash_stalls - a->flash_stalls,
	};

	for (unsigned i = 0; i < COUNT_CLASSES_MAX; i++)
		span.classes[i] = b->classes[i] - a->classes[i];
	return span;
}

/* The window that begins at or behind *at: from the rise of line 0. */
static const struct edge *window_find(const struct edges *edges, size_t *at)
{
	for (; *at < edges->count; (*at)++)
		if (edges->list[*at].line == LINE_WINDOW && edges->list[*at].level)
			return &edges->list[(*at)++];
	return NULL;
}

static const struct edge *edge_of(const struct edges *edges, size_t *at, int line)
{
	if (*at < edges->count && edges->list[*at].line == line)
		return &edges->list[(*at)++];
	return NULL;
}

/* First window: one inference. Second window: the same, its layers marked. */
static int spans_take(const struct edges *edges, uint32_t layers, struct virtual_count *count,
		      struct err *err)
{
	size_t at = 0;
	const struct edge *start = window_find(edges, &at);
	const struct edge *end = start ? edge_of(edges, &at, LINE_INFERENCE) : NULL;
	const struct edge *last;

	if (!end)
		return err_set(err, -EPROTO, "the virtual board marked no inference");
	count->whole = span_between(start, end);
	last = window_find(edges, &at);
	for (uint32_t i = 0; last && i < layers; i++) {
		const struct edge *next = edge_of(edges, &at, LINE_LAYER);

		if (next)
			count->layers[i] = span_between(last, next);
		last = next;
	}
	if (!last && !count->exited)
		return err_set(err, -EPROTO, "the virtual board marked fewer than %u layers",
			       layers);
	return 0;
}

/* --- the board -------------------------------------------------------------------------------- */

static int clock_set(struct dut *dut, uint32_t hz, struct virtual_count *count, struct err *err)
{
	const struct wire_hello_reply *hello = &count->hello;
	uint32_t wanted = hz ? hz : hello->clock_hz[hello->clock_count - 1];

	for (uint32_t i = 0; i < hello->clock_count; i++)
		if (hello->clock_hz[i] == wanted)
			return dut_set_clock(dut, wanted, &count->clock, err);
	return err_set(err, -EINVAL, "%s has no clock level of %u Hz", hello->board, wanted);
}

/* A result that was damaged on its way does not come again by itself: the board is asked. */
static int await_result(struct dut *dut, struct wire_result_reply *ret_result, struct err *err)
{
	int ret = 0;

	for (int waited_ms = 0; waited_ms < RUN_LIMIT_MS; waited_ms += RUN_ASK_MS) {
		ret = dut_poll_result(dut, RUN_ASK_MS, ret_result, err);
		if (ret == -EAGAIN)
			ret = dut_fetch_result(dut, ret_result, err);
		if (ret != -EAGAIN && ret != -ETIMEDOUT)
			break;
	}
	return ret;
}

static int run_once(struct dut *dut, uint32_t flags, struct wire_result_reply *ret_result,
		    struct err *err)
{
	const struct wire_run run = {.warmups = 1, .inferences = 1, .flags = flags};
	int ret = dut_run(dut, &run, err);

	return ret ? ret : await_result(dut, ret_result, err);
}

static int image_fits(const struct virtual_count *count, const struct model_image *image,
		      struct err *err)
{
	const struct wire_hello_reply *hello = &count->hello;

	if (hello->image_layout != IMAGE_LAYOUT_VERSION)
		return err_set(err, -EINVAL, "its firmware reads image layout %u, not %d",
			       hello->image_layout, IMAGE_LAYOUT_VERSION);
	if (image->arena_bytes > hello->arena_bytes)
		return err_set(err, -EINVAL, "the model needs an arena of %u bytes, %s has %u",
			       image->arena_bytes, hello->board, hello->arena_bytes);
	if (image->count > hello->slot_bytes)
		return err_set(err, -EINVAL, "the model image has %zu bytes, the slot of %s %u",
			       image->count, hello->board, hello->slot_bytes);
	return 0;
}

static int output_take(struct dut *dut, const struct wire_result_reply *result,
		       struct virtual_count *count, struct err *err)
{
	count->output_bytes = result->output_bytes;
	count->output = calloc(1, result->output_bytes + 1);
	if (!count->output)
		return err_set(err, -ENOMEM, "out of memory");
	return dut_read_output(dut, count->output, result->output_bytes, err);
}

static int board_run(struct dut *dut, const struct virtual_count_job *job,
		     struct virtual_count *count, struct err *err)
{
	const struct model_image *image = job->image;
	struct wire_result_reply whole, layered;
	int ret = dut_hello(dut, &count->hello, err);

	ret = ret ? ret : image_fits(count, image, err);
	/* A slow core has fewer cycles to be simulated while bytes come in. */
	ret = ret ? ret : clock_set(dut, count->hello.clock_hz[0], count, err);
	ret = ret ? ret : dut_load_image(dut, image->bytes, image->count, image->crc32, err);
	ret = ret ? ret : dut_set_input(dut, job->input, image->input_bytes, err);
	ret = ret ? ret : clock_set(dut, job->clock_hz, count, err);
	ret = ret ? ret : run_once(dut, 0, &whole, err);
	ret = ret ? ret : output_take(dut, &whole, count, err);
	ret = ret ? ret : run_once(dut, WIRE_RUN_LAYERS, &layered, err);
	ret = ret ? ret : dut_read_layers(dut, count->board_layer_cycles, image->op_count, err);
	if (ret)
		return ret;
	count->board_cycles = whole.cycles;
	for (uint32_t i = 0; i < whole.counter_count; i++)
		if (!strcmp(whole.counters[i].name, "exits"))
			count->exited = whole.counters[i].value > 0;
	return 0;
}

static int board_talk(struct virtual_board *board, const struct virtual_count_job *job,
		      struct virtual_count *count, struct err *err)
{
	char words[400];
	struct dut *dut;
	int ret = dut_open(board->link, &dut, err);

	if (ret)
		return ret;
	ret = board_run(dut, job, count, err);
	dut_close(dut);
	if (ret) {
		virtual_board_last_words(board, words, sizeof(words));
		if (words[0])
			return err_context(err, ret, "%s", words);
	}
	return ret;
}

int virtual_count_run(const char *rig_program, const struct virtual_count_job *job,
		      struct virtual_count *ret_count, struct err *err)
{
	uint32_t layers = job->image->op_count;
	struct virtual_count count = {0};
	struct edges edges = {0};
	struct virtual_board board;
	int ret;

	count.layers = calloc(layers, sizeof(*count.layers));
	count.board_layer_cycles = calloc(layers, sizeof(*count.board_layer_cycles));
	if (!count.layers || !count.board_layer_cycles) {
		virtual_count_done(&count);
		return err_set(err, -ENOMEM, "out of memory");
	}
	ret = virtual_board_open(rig_program, job->chip, job->firmware, &board, err);
	if (!ret) {
		ret = board_talk(&board, job, &count, err);
		ret = ret ? ret : edges_load(&count, board.counts, &edges, err);
		ret = ret ? ret : spans_take(&edges, layers, &count, err);
		virtual_board_close(&board);
	}
	free(edges.list);
	if (ret)
		virtual_count_done(&count);
	else
		*ret_count = count;
	return ret;
}

void virtual_count_done(struct virtual_count *count)
{
	free(count->layers);
	free(count->board_layer_cycles);
	free(count->output);
	memset(count, 0, sizeof(*count));
}
