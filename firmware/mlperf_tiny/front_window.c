/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The timed loop.
 *
 *   line 0  __________|~~~~~~~~~~~~~~~~~~~~~~~~~|_____________
 *   line 1  _____________|~~~~~~|______|~~~~~~~~~~~~~~~~~~~~~~   one edge per inference
 *   line 2  ~~~~~~|__|~~~~~~~~~~~~~~~~~~~~~~~~~~~~~|__|~~~~~~~   energy mode: a time stamp falls
 *
 * Nothing is sent inside: both time stamps are taken at the edges of line 0 and told afterwards.
 */
#include "firmware/mlperf_tiny/front_internal.h"
#include "firmware/ports/port.h"

static uint32_t clock_hz(void)
{
	return port_clock_levels[port_clock_now()].hz;
}

/* now: of the cycle counter. */
static void clock_advance(struct front_clock *clock, uint32_t now)
{
	clock->cycles += (uint32_t)(now - clock->last);
	clock->last = now;
}

static uint64_t us_of(uint64_t cycles)
{
	uint32_t hz = clock_hz();

	return cycles / hz * 1000000 + cycles % hz * 1000000 / hz;
}

uint64_t front_clock_us(struct front *front)
{
	clock_advance(&front->clock, port_mark(0));
	return us_of(front->clock.cycles);
}

void front_edge(void)
{
	uint32_t hold_cycles = clock_hz() / 1000000 * FRONT_EDGE_US;
	uint32_t from = port_mark(port_marks.layer_down);

	while (port_mark(0) - from < hold_cycles)
		;
	port_mark(port_marks.layer_up);
}

static void loop_run(struct front *front, uint32_t inferences, uint64_t *ret_start_cycles)
{
	uint32_t flip = port_marks.inference_up ^ port_marks.inference_down;
	uint32_t word = port_marks.inference_up;
	struct front_clock clock = front->clock;

	clock_advance(&clock, port_mark(port_marks.window_up));
	*ret_start_cycles = clock.cycles;
	for (uint32_t i = 0; i < inferences; i++) {
		runtime_invoke(&front->model.runtime, NULL, NULL);
		clock_advance(&clock, port_mark(word));
		word ^= flip;
	}
	clock_advance(&clock, port_mark(port_marks.window_down));
	front->clock = clock;
}

void front_window_run(struct front *front, uint32_t inferences, struct front_laps *ret_laps)
{
	uint64_t start_cycles;

	port_uart_drain();
	port_uart_mute();
	port_mark(port_marks.inference_down);
	port_sleep_ms(FRONT_QUIET_MS);
	port_window_enter();
	if (front->is_energy)
		front_edge();
	loop_run(front, inferences, &start_cycles);
	if (front->is_energy)
		front_edge();
	port_window_leave();
	port_sleep_ms(FRONT_QUIET_MS);
	port_uart_unmute();
	ret_laps->start_us = us_of(start_cycles);
	ret_laps->end_us = us_of(front->clock.cycles);
}
