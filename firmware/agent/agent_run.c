/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RUN and RESULT: the measured window.
 *
 *   line 0  ______________________|~~~~~~~~~~~~~~~~~~~~~~~~~|______________
 *   line 1  _________________________|~~~~~~|______|~~~~~~~~~~~~~~~~~~~~~~~
 *            warm-ups, idle before   ^ one edge per inference  idle after, then RESULT
 *
 * Line 1 keeps its last level until the next RUN lowers it, before the warm-ups: an edge close to
 * the window's end could be counted into the window. Every mark reads the cycle counter, so the
 * window's 64-bit sum of 32-bit differences is exact as long as one inference takes less than 2^32
 * cycles.
 */
#include "firmware/agent/agent_internal.h"
#include "firmware/ports/port.h"

struct window {
	uint64_t cycles;  /* from line 0 rising to line 0 falling */
	uint32_t inf_min; /* per inference, its own mark included */
	uint32_t inf_max;
};

/* One copy in the program, so that the empty window runs the very same instructions. Only GCC
 * clones functions, and knows the word. */
#ifdef __clang__
#define ONE_COPY __attribute__((noinline))
#else
#define ONE_COPY __attribute__((noinline, noclone))
#endif

ONE_COPY static void window_measure(struct runtime *runtime, uint32_t inferences,
				    const struct port_marks *marks, struct window *ret_window)
{
	uint32_t flip = marks->inference_up ^ marks->inference_down;
	uint32_t word = marks->inference_up;
	struct window window = {.inf_min = UINT32_MAX};
	uint32_t last, now, spent;

	port_window_enter();
	last = port_mark(marks->window_up);
	for (uint32_t i = 0; i < inferences; i++) {
		runtime_invoke(runtime, NULL, NULL);
		now = port_mark(word);
		word ^= flip;
		spent = now - last;
		last = now;
		window.cycles += spent;
		window.inf_min = spent < window.inf_min ? spent : window.inf_min;
		window.inf_max = spent > window.inf_max ? spent : window.inf_max;
	}
	now = port_mark(marks->window_down);
	window.cycles += now - last;
	port_window_leave();
	*ret_window = window;
}

/* The same code without inferences and without touching a line; the second pass has warm caches. */
static uint64_t window_measure_empty(struct runtime *runtime)
{
	static const struct port_marks silent;
	struct window window;

	for (int pass = 0; pass < 2; pass++)
		window_measure(runtime, 0, &silent, &window);
	return window.cycles;
}

static void result_add_counter(struct wire_result_reply *result, const char *name, uint64_t value)
{
	struct wire_counter *counter = &result->counters[result->counter_count++];

	text_copy(counter->name, name, sizeof(counter->name));
	counter->value = value;
}

static void result_fill(struct agent *agent, const struct window *window, uint64_t empty_cycles)
{
	struct wire_result_reply *result = &agent->result;

	memset(result, 0, sizeof(*result));
	result->run_sequence = agent->answer.sequence;
	result->inferences = agent->run.inferences;
	result->cycles = window->cycles;
	result->output_crc32 = agent_output_crc32(agent);
	result->output_bytes = agent->runtime.output_bytes;
	result->clock_hz = port_clock_levels[port_clock_now()].hz;
	result_add_counter(result, "inf_min", window->inf_min);
	result_add_counter(result, "inf_max", window->inf_max);
	result_add_counter(result, "empty", empty_cycles);
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

static void run_window(struct agent *agent)
{
	struct window window;
	uint64_t empty_cycles;

	port_uart_drain();
	port_uart_mute();
	port_mark(port_marks.inference_down);
	empty_cycles = window_measure_empty(&agent->runtime);
	for (uint32_t i = 0; i < agent->run.warmups; i++)
		runtime_invoke(&agent->runtime, NULL, NULL);
	port_sleep_ms(agent->run.idle_before_ms);
	window_measure(&agent->runtime, agent->run.inferences, &port_marks, &window);
	port_sleep_ms(agent->run.idle_after_ms);
	agent->output_valid = true;
	result_fill(agent, &window, empty_cycles);
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
