/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/lpm01a_capture.h"

#include <stdio.h>
#include <string.h>

/* No current is larger: twice the largest that the dynamic mode has. */
static const double plausible_ranges = 2;

void lpm01a_capture_restart(struct lpm01a_capture *capture)
{
	*capture = (struct lpm01a_capture){
		.mode = capture->mode,
		.rate_hz = capture->rate_hz,
		.scale_a = capture->scale_a,
		.range_max_a = capture->range_max_a,
	};
	lpm01a_parser_init(&capture->parser, capture->mode,
			   plausible_ranges * capture->range_max_a / capture->scale_a);
}

/* Time stamps are given to a millisecond, and cut. */
static void take_time(struct lpm01a_capture *capture, uint32_t t_ms)
{
	int64_t counted = (int64_t)(capture->next_index + capture->lost);
	int64_t told = (int64_t)t_ms * capture->rate_hz / 1000;
	int64_t tolerance = capture->rate_hz / 1000 + 1;
	int64_t missing = told - counted - capture->time_offset;

	if (!capture->has_time || t_ms < capture->time_last_ms || missing < -tolerance) {
		if (capture->has_time && t_ms >= capture->time_last_ms) /* losses overrated */
			capture->flags |= METER_BLOCK_RESYNC | METER_BLOCK_TIME_MISMATCH;
		capture->time_offset = told - counted;
	} else if (missing > tolerance) {
		capture->lost += (uint64_t)missing;
		capture->flags |= METER_BLOCK_TIME_MISMATCH;
	}
	capture->has_time = true;
	capture->time_last_ms = t_ms;
}

static void take_event(struct lpm01a_capture *capture, uint32_t number)
{
	uint32_t steps = capture->has_event ? number - capture->event_last : 1;

	if (steps != 1 || capture->events_since)
		capture->flags |= METER_BLOCK_RESYNC;
	capture->level ^= steps & 1;
	capture->events_since++;
	capture->has_event = true;
	capture->event_last = number;
}

void lpm01a_capture_item(struct lpm01a_capture *capture, const struct lpm01a_item *item)
{
	switch (item->kind) {
	case LPM01A_GAP:
		capture->lost += item->number;
		capture->flags |= METER_BLOCK_RESYNC;
		if (capture->mode == LPM01A_BINARY) /* the frame may have been shifted for long */
			capture->flags |= METER_BLOCK_TIME_MISMATCH;
		break;
	case LPM01A_EVENT:
		take_event(capture, item->number);
		break;
	case LPM01A_TIME:
		take_time(capture, item->number);
		break;
	case LPM01A_END:
		capture->ended = true;
		break;
	case LPM01A_COMPLETED:
		capture->completed = true;
		break;
	case LPM01A_OVER_CURRENT:
		capture->flags |= METER_BLOCK_SATURATED;
		break;
	case LPM01A_ERROR:
		capture->flags |= METER_BLOCK_RESYNC;
		snprintf(capture->fault, sizeof(capture->fault), "%s", item->text);
		break;
	case LPM01A_VALUE:
	case LPM01A_POWER_DOWN: /* the host switched it, or an over-current was told before */
	case LPM01A_VOLTAGE:
	case LPM01A_ACK:
	case LPM01A_INFO:
		break;
	}
}

static void append(struct lpm01a_capture *capture, struct meter_block *block)
{
	uint32_t at = block->count++;

	capture->next_index += capture->lost;
	if (!at) {
		block->first_index = capture->next_index;
		block->lost = capture->lost;
	}
	block->current_a[at] = (float)capture->held_a;
	block->logic[at] = capture->level;
	block->range[at] = 0;
	block->flags |= capture->flags;
	if (capture->held_a >= capture->range_max_a)
		block->flags |= METER_BLOCK_SATURATED;
	capture->next_index++;
	capture->lost = 0;
	capture->flags = 0;
	capture->events_since = 0;
	capture->has_held = false;
}

int lpm01a_capture_collect(struct lpm01a_capture *capture, struct meter_block *block)
{
	while (block->count < METER_BLOCK_MAX) {
		struct lpm01a_item item;

		if (!capture->has_held) {
			int rc = lpm01a_parser_next(&capture->parser, &item);

			if (rc <= 0)
				return rc;
			if (item.kind != LPM01A_VALUE) {
				lpm01a_capture_item(capture, &item);
				continue;
			}
			capture->held_a = item.value * capture->scale_a;
			capture->has_held = true;
		}
		if (block->count && capture->lost)
			return 1;
		append(capture, block);
		block->t_mono_ns = capture->t_fill_ns;
		block->bound_index = 0;
		block->bound_ns = capture->t_start_ns;
	}
	return 1;
}
