/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS110: bytes of a running stream into meter blocks, with all accounts of loss. Pure.
 *
 * The packet index has 16 bits: a loss of a multiple of 65536 frames (4.1 s) in one piece does not
 * show in it. A gap in the host's time that is long enough for that is flagged.
 */
#ifndef DRIVERS_METER_JS110_CAPTURE_H
#define DRIVERS_METER_JS110_CAPTURE_H

#include "drivers/meter/joulescope_blocks.h"
#include "drivers/meter/js110_calibration.h"

enum { JS110_BATCH_FRAMES = 16, JS110_BATCH = JS110_BATCH_FRAMES * JS110_FRAME_SAMPLES };

struct js110_capture {
	/* Settings. */
	struct js110_converter converter;
	struct joulescope_blocks blocks;
	bool check_time;
	/* State. */
	bool has_index;
	uint16_t expected;   /* packet index */
	uint64_t next_index; /* sample of the next frame */
	uint64_t frames_lost, frames_bad;
	int64_t t_mono_ns; /* of the newest frame */
	/* The transfer that is being read. */
	const uint8_t *bytes;
	size_t count, at;
	/* Converted, not yet in a block. */
	size_t batch_count, batch_at;
	uint64_t batch_index;
	uint32_t batch_flags;
	float current_a[JS110_BATCH], raw_current_a[JS110_BATCH], voltage_v[JS110_BATCH];
	uint8_t logic[JS110_BATCH], range[JS110_BATCH];
};

/* Forgets what was received, keeps the settings. */
void js110_capture_restart(struct js110_capture *capture);
/* A transfer; its bytes must stay until js110_capture_collect gave false. */
void js110_capture_fill(struct js110_capture *capture, const uint8_t *bytes, size_t count,
			int64_t t_mono_ns);
/* Appends to the block. True: it is complete; false: more bytes are needed. */
bool js110_capture_collect(struct js110_capture *capture, struct meter_block *block);
/* Last touch before a block of 1 or more samples is handed out. */
void js110_capture_finish(struct js110_capture *capture, struct meter_block *block);

#endif
