/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RUN and RESULT: the measured window, and what it leaves beside its result: LAYERS and PATHS.
 *
 *   line 0  ______________________|~~~~~~~~~~~~~~~~~~~~~~~~~|______________
 *   line 1  _________________________|~~~~~~|______|~~~~~~~~~~~~~~~~~~~~~~~
 *   line 2  _______________________|~|_|~|_|~|_|~|_|~|_|~|_________________
 *            warm-ups, idle before   ^ one edge per inference  idle after, then RESULT
 *
 * Lines 1 and 2 keep their last level until the next RUN lowers them, before the warm-ups: an edge
 * close to the window's end could be counted into the window. Every mark reads the cycle counter,
 * so the window's 64-bit sum of 32-bit differences is exact as long as one inference takes less
 * than 2^32 cycles. Line 2 toggles only when the host asked for layers: marking them costs cycles.
 */
#include "firmware/agent/agent_internal.h"
#include "firmware/image/image.h"
#include "firmware/ports/port.h"

struct window {
	uint64_t cycles;  /* from line 0 rising to line 0 falling */
	uint32_t inf_min; /* per inference, its own mark included */
	uint32_t inf_max;
	uint32_t exits;
};

/* Marks the end of each layer. */
struct layer_marker {
	uint32_t word, flip;
	uint32_t last;    /* cycle counter at the last mark */
	uint64_t *cycles; /* of each layer */
};

/* One copy in the program, so that the empty window runs the very same instructions. Only GCC
 * clones functions, and knows the word. */
#ifdef __clang__
#define ONE_COPY __attribute__((noinline))
#else
#define ONE_COPY __attribute__((noinline, noclone))
#endif

ONE_COPY static void layer_mark(void *context, uint32_t op_index, const void *bytes, uint32_t count)
{
	struct layer_marker *marker = context;
	uint32_t now = port_mark(marker->word);

	(void)bytes;
	(void)count;
	marker->word ^= marker->flip;
	marker->cycles[op_index] += now - marker->last;
	marker->last = now;
}

static void path_keep(struct agent *agent, uint32_t inference)
{
	struct wire_paths_reply *paths = &agent->record.paths;

	paths->exited[inference / 8] |= (uint8_t)(1u << inference % 8);
}

ONE_COPY static void window_measure(struct agent *agent, uint32_t inferences,
				    const struct port_marks *marks, struct layer_marker *marker,
				    struct window *ret_window)
{
	runtime_trace_fn *trace = marker->cycles ? layer_mark : NULL;
	uint32_t flip = marks->inference_up ^ marks->inference_down;
	uint32_t word = marks->inference_up;
	struct window window = {.inf_min = UINT32_MAX};
	uint32_t last, now, spent;

	port_window_enter();
	last = port_mark(marks->window_up);
	for (uint32_t i = 0; i < inferences; i++) {
		marker->last = last;
		runtime_invoke(&agent->runtime, trace, marker);
		now = port_mark(word);
		word ^= flip;
		spent = now - last;
		last = now;
		window.cycles += spent;
		window.inf_min = spent < window.inf_min ? spent : window.inf_min;
		window.inf_max = spent > window.inf_max ? spent : window.inf_max;
		if (agent->runtime.exited) {
			window.exits++;
			path_keep(agent, i);
		}
	}
	now = port_mark(marks->window_down);
	window.cycles += now - last;
	port_window_leave();
	*ret_window = window;
}

/* The same code without inferences and without touching a line; the second pass has warm caches. */
static uint64_t window_measure_empty(struct agent *agent)
{
	static const struct port_marks silent;
	struct layer_marker marker = {0};
	struct window window;

	for (int pass = 0; pass < 2; pass++)
		window_measure(agent, 0, &silent, &marker, &window);
	return window.cycles;
}

/* What one layer mark adds to a window: two marks right after each other, the second pair warm. */
static uint64_t layer_mark_measure(void)
{
	uint64_t cycles[2];
	struct layer_marker marker = {.cycles = cycles};

	for (int pass = 0; pass < 2; pass++) {
		cycles[1] = 0;
		layer_mark(&marker, 0, NULL, 0);
		layer_mark(&marker, 1, NULL, 0);
	}
	return cycles[1];
}

static void result_add_counter(struct wire_result_reply *result, const char *name, uint64_t value)
{
	struct wire_counter *counter = &result->counters[result->counter_count++];

	text_copy(counter->name, name, sizeof(counter->name));
	counter->value = value;
}

/* Cycles that marking itself costs. */
struct marking {
	uint64_t empty, layer;
};

/* What the chip's detector saw of its supply during a run. */
struct watch {
	bool on, low;
};

static void result_fill(struct agent *agent, const struct window *window,
			const struct marking *marking, struct watch watch)
{
	struct wire_result_reply *result = &agent->result;

	memset(result, 0, sizeof(*result));
	result->run_sequence = agent->answer.sequence;
	result->flags = (uint16_t)agent->run.flags;
	result->inferences = agent->run.inferences;
	result->cycles = window->cycles;
	result->output_crc32 = agent_output_crc32(agent);
	result->output_bytes = agent->runtime.output_bytes;
	result->clock_hz = port_clock_levels[port_clock_now()].hz;
	result_add_counter(result, "inf_min", window->inf_min);
	result_add_counter(result, "inf_max", window->inf_max);
	result_add_counter(result, "empty", marking->empty);
	result_add_counter(result, "exits", window->exits);
	if (agent->run.flags & WIRE_RUN_LAYERS)
		result_add_counter(result, "layer", marking->layer);
	if (watch.on)
		result_add_counter(result, "vdd_low", watch.low);
}

/* Not the answer to a request: agent->answer stays the RUN reply for a host that repeats RUN. */
static void result_send(struct agent *agent)
{
	struct wire_frame frame = {
		.type = WIRE_RESULT | WIRE_REPLY,
		.sequence = agent->result.run_sequence,
	};

	frame.count = (uint16_t)wire_result_reply_encode(&agent->result, frame.payload);
	agent_send(agent, &frame);
}

static bool has_exit(const struct agent *agent)
{
	return agent->runtime.header->exit_op != IMAGE_NO_OP;
}

static void record_start(struct agent *agent)
{
	struct agent_run_record *record = &agent->record;

	memset(record, 0, sizeof(*record));
	if (agent->run.flags & WIRE_RUN_LAYERS)
		record->layers_sequence = agent->answer.sequence;
	if (has_exit(agent)) {
		record->paths.run_sequence = agent->answer.sequence;
		record->paths.inferences = agent->run.inferences;
	}
}

static struct marking marking_measure(struct agent *agent)
{
	struct marking marking = {.empty = window_measure_empty(agent)};

	if (agent->run.flags & WIRE_RUN_LAYERS)
		marking.layer = layer_mark_measure();
	return marking;
}

static void run_window(struct agent *agent)
{
	struct layer_marker marker = {
		.word = port_marks.layer_up,
		.flip = port_marks.layer_up ^ port_marks.layer_down,
		.cycles = agent->run.flags & WIRE_RUN_LAYERS ? agent->record.layer_cycles : NULL,
	};
	struct marking marking;
	struct window window;
	struct watch watch;

	port_uart_drain();
	port_uart_mute();
	port_mark(port_marks.inference_down);
	port_mark(port_marks.layer_down);
	record_start(agent);
	marking = marking_measure(agent);
	for (uint32_t i = 0; i < agent->run.warmups; i++)
		runtime_invoke(&agent->runtime, NULL, NULL);
	watch.on = port_supply_watch();
	port_sleep_ms(agent->run.idle_before_ms);
	window_measure(agent, agent->run.inferences, &port_marks, &marker, &window);
	port_sleep_ms(agent->run.idle_after_ms);
	watch.low = port_supply_was_low();
	agent->output_valid = true;
	result_fill(agent, &window, &marking, watch);
	agent_silence(agent);
	port_uart_unmute();
	result_send(agent);
}

struct refusal agent_on_run(struct agent *agent)
{
	struct refusal refusal = agent_need_model(agent);
	struct wire_run run;

	if (refusal.code)
		return refusal;
	if (!wire_run_decode(agent->request.payload, agent->request.count, &run))
		return refuse(WIRE_ERROR_PAYLOAD, "a RUN request of the wrong size");
	if (!agent->request.sequence)
		return refuse(WIRE_ERROR_PAYLOAD,
			      "a RUN request needs a sequence number other than 0");
	if (!run.inferences)
		return refuse(WIRE_ERROR_PAYLOAD, "a window needs at least one inference");
	if (run.idle_before_ms > AGENT_IDLE_MAX_MS || run.idle_after_ms > AGENT_IDLE_MAX_MS)
		return refuse(WIRE_ERROR_PAYLOAD, "an idle time is longer than an hour");
	if (run.flags & ~(uint32_t)WIRE_RUN_LAYERS)
		return refuse(WIRE_ERROR_PAYLOAD, "a RUN request with unknown flags");
	if ((run.flags & WIRE_RUN_LAYERS) && agent->runtime.op_count > WIRE_LAYERS_MAX)
		return refuse(WIRE_ERROR_IMAGE, "the model has more layers than a run can mark");
	if (has_exit(agent) && run.inferences > WIRE_PATHS_MAX)
		return refuse(WIRE_ERROR_PAYLOAD,
			      "more inferences than paths are kept for: at most 4096");
	agent->run = run;
	agent->then = run_window;
	return accept();
}

struct refusal agent_on_result(struct agent *agent)
{
	agent->answer.count =
		(uint16_t)wire_result_reply_encode(&agent->result, agent->answer.payload);
	return accept();
}

struct refusal agent_on_layers(struct agent *agent)
{
	const struct agent_run_record *record = &agent->record;
	struct wire_layers_reply reply = {.run_sequence = record->layers_sequence};
	struct wire_layers layers;

	if (!wire_layers_decode(agent->request.payload, agent->request.count, &layers))
		return refuse(WIRE_ERROR_PAYLOAD, "a LAYERS request of the wrong size");
	if (!record->layers_sequence)
		return refuse(WIRE_ERROR_STATE, "no run has marked layers yet");
	reply.layer_count = agent->runtime.op_count;
	reply.first = layers.first;
	while (reply.count < WIRE_LAYER_CYCLES_MAX &&
	       layers.first + reply.count < reply.layer_count) {
		reply.cycles[reply.count] = record->layer_cycles[layers.first + reply.count];
		reply.count++;
	}
	agent->answer.count = (uint16_t)wire_layers_reply_encode(&reply, agent->answer.payload);
	return accept();
}

struct refusal agent_on_exit(struct agent *agent)
{
	struct refusal refusal = agent_need_model(agent);
	struct wire_exit to;

	if (refusal.code)
		return refusal;
	if (!wire_exit_decode(agent->request.payload, agent->request.count, &to) ||
	    to.threshold < -128 || to.threshold > 128)
		return refuse(WIRE_ERROR_PAYLOAD, "a threshold is within -128 .. 128");
	if (!has_exit(agent))
		return refuse(WIRE_ERROR_STATE, "the model has no exit");
	agent->runtime.exit_threshold = to.threshold;
	return accept();
}

struct refusal agent_on_paths(struct agent *agent)
{
	agent->answer.count =
		(uint16_t)wire_paths_reply_encode(&agent->record.paths, agent->answer.payload);
	return accept();
}
