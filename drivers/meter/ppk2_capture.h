/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: bytes of a running stream into meter blocks, with the meter's own
 * sample index and all accounts of loss. Pure: bytes and times go in.
 */
#ifndef DRIVERS_METER_PPK2_CAPTURE_H
#define DRIVERS_METER_PPK2_CAPTURE_H

#include "drivers/meter/meter.h"
#include "drivers/meter/ppk2_batch.h"
#include "drivers/meter/ppk2_calibration.h"
#include "drivers/meter/ppk2_stream.h"

/* Host time against sample count. lead_ns is the smallest (host time - index * 10 us) seen: the
 * block that came with the least delay. A block later than that, by more than clocks differ, misses
 * samples that the counter could not show. */
struct ppk2_timing {
	int64_t lead_ns;
	int64_t t_lead_ns;
	bool was_late; /* the block before */
	bool started;
};

struct ppk2_capture {
	struct ppk2_table table;
	float range_max_a; /* A; above, samples count as saturated */
	bool check_time;
	struct ppk2_stream stream;
	struct ppk2_run held; /* taken from the stream, not yet in a block */
	bool has_held;
	uint64_t next_index;
	int64_t t_fill_ns; /* when the newest bytes came */
	uint8_t last_range;
	bool last_range_known;
	uint32_t full_scale_run; /* samples in a row at the converter's full scale */
	uint32_t misfit_run;     /* samples in a row far below what their range is for */
	struct ppk2_timing timing;
};

/* Before anything else; range_max_a in A. check_time: a gap that the counter cannot show is looked
 * for in the host's time. */
void ppk2_capture_init(struct ppk2_capture *capture, const struct ppk2_conversion *conversion,
		       float range_max_a, bool check_time);
/* Forgets what was received. */
void ppk2_capture_restart(struct ppk2_capture *capture);

/* As ppk2_stream_space and ppk2_stream_fill; call them only after ppk2_capture_collect gave 0. */
uint8_t *ppk2_capture_space(struct ppk2_capture *capture, size_t *ret_capacity);
void ppk2_capture_fill(struct ppk2_capture *capture, size_t count, int64_t t_mono_ns);

/* Appends to the block what was received. 1: it is complete, for it is full or a gap follows; 0:
 * more bytes are needed; -EPROTO as ppk2_stream_next (the block may hold samples from before). */
int ppk2_capture_collect(struct ppk2_capture *capture, struct meter_block *block);
/* Last touch before a block is handed out. is_recent: nothing newer waits in the link, so that the
 * host's time says something about the sample count. */
void ppk2_capture_finish(struct ppk2_capture *capture, struct meter_block *block, bool is_recent);

#endif
