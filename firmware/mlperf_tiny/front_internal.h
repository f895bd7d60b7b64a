/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the front end's own sources.
 */
#ifndef FIRMWARE_MLPERF_TINY_FRONT_INTERNAL_H
#define FIRMWARE_MLPERF_TINY_FRONT_INTERNAL_H

#include "firmware/mlperf_tiny/front.h"

void front_print(const char *text);
void front_print_number(int64_t number);
void front_print_hex(uint32_t word); /* eight digits */
/* "e-[", both texts, "]\r\n". */
void front_print_error(const char *text, const char *more);

/* The number at the start of a word that is nothing else: at most 2^31 - 1. False: it is none. */
bool front_number_parse(const char *word, uint32_t *ret_number);
/* Two hex digits; negative: they are none. */
int front_hex_parse(const char *digits);

/* When the timed loop began and ended, in the board's microseconds. */
struct front_laps {
	uint64_t start_us, end_us;
};
/* The timed loop with the marker lines of firmware/agent/agent_run.c; in energy mode with the edges
 * of line 2 around it. */
void front_window_run(struct front *front, uint32_t inferences, struct front_laps *ret_laps);
void front_edge(void);
uint64_t front_clock_us(struct front *front);

#endif
