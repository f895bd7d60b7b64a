/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LPM01A: what a running acquisition sends into meter blocks, with sample index, losses and the
 * level of logic bit 0 (lpm01a.h says what that is). Pure: bytes and times go in.
 */
#ifndef DRIVERS_METER_LPM01A_CAPTURE_H
#define DRIVERS_METER_LPM01A_CAPTURE_H

#include "drivers/meter/lpm01a_parser.h"
#include "drivers/meter/meter.h"

struct lpm01a_capture {
	struct lpm01a_parser parser;
	/* Kept by restart. */
	enum lpm01a_mode mode;
	unsigned rate_hz;
	double scale_a;     /* A per unit of a value */
	double range_max_a; /* from here on a sample is saturated */

	uint64_t next_index, lost; /* lost: right before next_index + lost */
	uint32_t flags;            /* of the next sample */
	bool level, has_event;
	uint32_t event_last;
	unsigned events_since; /* the last sample */
	bool has_time;
	uint32_t time_last_ms;
	int64_t time_offset; /* samples by the time stamps less samples counted */
	bool has_held;
	double held_a;
	bool ended, completed;
	char fault[LPM01A_TEXT_BYTES]; /* the newest error that the instrument told; "" */
	int64_t t_fill_ns;
	int64_t t_start_ns; /* before that it had not begun */
};

void lpm01a_capture_restart(struct lpm01a_capture *capture);
/* One item that is no value and came before the stream was handed over. */
void lpm01a_capture_item(struct lpm01a_capture *capture, const struct lpm01a_item *item);
/* Appends to the block what was received. 1: it is complete, for it is full or a gap follows; 0:
 * more bytes are needed; -EPROTO as lpm01a_parser_next. */
int lpm01a_capture_collect(struct lpm01a_capture *capture, struct meter_block *block);

#endif
