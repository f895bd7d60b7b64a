/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/js110_capture.h"

enum { LONG_NS = 2000000000 }; /* half of what the packet index can tell */

void js110_capture_restart(struct js110_capture *capture)
{
	js110_converter_restart(&capture->converter);
	joulescope_blocks_restart(&capture->blocks);
	capture->has_index = false;
	capture->next_index = 0;
	capture->frames_lost = capture->frames_bad = 0;
	capture->t_mono_ns = 0;
	capture->bytes = NULL;
	capture->count = capture->at = 0;
	capture->batch_count = capture->batch_at = 0;
	capture->batch_flags = 0;
}

void js110_capture_fill(struct js110_capture *capture, const uint8_t *bytes, size_t count,
			int64_t t_mono_ns)
{
	if (capture->check_time && capture->has_index && t_mono_ns - capture->t_mono_ns > LONG_NS)
		capture->blocks.flags |= METER_BLOCK_TIME_MISMATCH;
	capture->bytes = bytes;
	capture->count = count;
	capture->at = 0;
	capture->t_mono_ns = t_mono_ns;
}

/* What a packet index says of its frame. */
enum verdict { FRAME_NEXT, FRAME_AHEAD, FRAME_BEHIND };

static enum verdict judge(const struct js110_capture *capture, uint16_t index)
{
	int16_t ahead = (int16_t)(index - capture->expected);

	if (!capture->has_index || !ahead)
		return FRAME_NEXT;
	return ahead > 0 ? FRAME_AHEAD : FRAME_BEHIND;
}

/* What came before is refused: the frame before this one once more, or one out of order. */
static void refuse(struct js110_capture *capture, const struct js110_frame *frame)
{
	bool is_twin = (uint16_t)(frame->index + 1) == capture->expected;

	capture->blocks.flags |= is_twin ? METER_BLOCK_DUPLICATE : METER_BLOCK_RESYNC;
}

static void batch_add(struct js110_capture *capture, const struct js110_frame *frame)
{
	size_t at = capture->batch_count;
	const struct js110_output out = {capture->current_a + at, capture->raw_current_a + at,
					 capture->voltage_v + at, capture->logic + at,
					 capture->range + at};

	if (!at)
		capture->batch_index = capture->next_index;
	if (js110_convert(&capture->converter, frame, out))
		capture->batch_flags |= METER_BLOCK_NAN;
	capture->batch_count += JS110_FRAME_SAMPLES;
	capture->next_index += JS110_FRAME_SAMPLES;
	capture->expected = (uint16_t)(frame->index + 1);
	capture->has_index = true;
}

static void skip_lost(struct js110_capture *capture, uint16_t index)
{
	uint16_t lost = (uint16_t)(index - capture->expected);

	capture->frames_lost += lost;
	capture->next_index += (uint64_t)lost * JS110_FRAME_SAMPLES;
	/* What happened in between is not known. */
	js110_converter_restart(&capture->converter);
}

/* Frames that follow on each other, converted. False: there is none left in the transfer. */
static bool batch_fill(struct js110_capture *capture)
{
	capture->batch_count = capture->batch_at = 0;
	capture->batch_flags = 0;
	while (capture->at < capture->count && capture->batch_count < JS110_BATCH) {
		struct js110_frame frame;
		bool is_frame = js110_frame_parse(capture->bytes + capture->at,
						  capture->count - capture->at, &frame);
		enum verdict verdict = is_frame ? judge(capture, frame.index) : FRAME_BEHIND;

		if (verdict == FRAME_AHEAD && capture->batch_count)
			break;
		capture->at += JS110_FRAME_BYTES;
		if (!is_frame) {
			capture->frames_bad++;
			capture->blocks.flags |= METER_BLOCK_RESYNC;
		} else if (verdict == FRAME_BEHIND) {
			refuse(capture, &frame);
		} else {
			if (verdict == FRAME_AHEAD)
				skip_lost(capture, frame.index);
			batch_add(capture, &frame);
		}
	}
	return capture->batch_count > 0;
}

bool js110_capture_collect(struct js110_capture *capture, struct meter_block *block)
{
	for (;;) {
		struct joulescope_samples samples;
		size_t at = capture->batch_at;

		if (at == capture->batch_count) {
			if (!batch_fill(capture))
				return false;
			at = 0;
		}
		samples = (struct joulescope_samples){
			.current_a = capture->current_a + at,
			.voltage_v = capture->voltage_v + at,
			.raw_current_a = capture->raw_current_a + at,
			.logic = capture->logic + at,
			.range = capture->range + at,
			.count = capture->batch_count - at,
			.index = capture->batch_index + at,
			.flags = capture->batch_flags,
		};
		capture->batch_at += joulescope_blocks_add(&capture->blocks, block, &samples);
		if (capture->batch_at < capture->batch_count)
			return true;
	}
}

void js110_capture_finish(struct js110_capture *capture, struct meter_block *block)
{
	joulescope_blocks_finish(&capture->blocks, block);
	block->t_mono_ns = capture->t_mono_ns;
}
