/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Frames of a JS220. See the header.
 *
 * A frame is one USB packet: a full one has 512 bytes, and a shorter one ends the host's transfer.
 * frame_id counts frames that were made, so that a frame which finds the queue full leaves a gap.
 */
#include "rigs/virtual/meters/js220_frames.h"

#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/js220.h"
#include "rigs/virtual/meters/usb_device.h"

#define RESERVE       64     /* places that streams leave to answers (assumed) */
#define LATENCY_TICKS 40000u /* a frame waits no longer than 20 ms for samples (assumed) */

bool js220_frames_init(struct js220_frames *frames)
{
	*frames = (struct js220_frames){0};
	frames->ring = malloc(VJS220_QUEUE_FRAMES * sizeof(*frames->ring));
	return frames->ring != NULL;
}

void js220_frames_done(struct js220_frames *frames)
{
	free(frames->ring);
}

void js220_frames_reset(struct js220_frames *frames)
{
	frames->head = frames->count = 0;
	frames->next_id = 0;
}

static void frames_append(struct js220_frames *frames, unsigned port, const uint8_t *payload,
			  size_t bytes)
{
	uint32_t header = frames->next_id++ | (uint32_t)bytes << 16 | (uint32_t)port << 25;
	unsigned limit = VJS220_QUEUE_FRAMES - (port >= JS220_PORT_ADC ? RESERVE : 0);
	struct js220_frame *frame;

	if (frames->count >= limit)
		return;
	frame = &frames->ring[(frames->head + frames->count++) % VJS220_QUEUE_FRAMES];
	usb_put_le(frame->data, header, 4);
	memcpy(frame->data + 4, payload, bytes);
	frame->bytes = (uint16_t)(4 + bytes);
}

void js220_frames_put(struct js220_frames *frames, unsigned port, const uint8_t *payload,
		      size_t bytes)
{
	if (port >= JS220_PORT_ADC && frames->lose) {
		frames->lose--;
		frames->next_id++;
		return;
	}
	frames_append(frames, port, payload, bytes);
	if (port >= JS220_PORT_ADC && frames->repeat) {
		frames->repeat = false;
		frames_append(frames, port, payload, bytes);
	}
}

int js220_frames_take(struct js220_frames *frames, uint8_t *ret_bytes, size_t capacity)
{
	size_t filled = 0;
	bool short_packet = false;

	if (capacity < JS220_FRAME_MAX)
		return USB_STALL;
	if (!frames->count)
		return USB_NAK;
	while (frames->count && !short_packet && capacity - filled >= JS220_FRAME_MAX) {
		const struct js220_frame *frame = &frames->ring[frames->head];

		memcpy(ret_bytes + filled, frame->data, frame->bytes);
		filled += frame->bytes;
		short_packet = frame->bytes < JS220_FRAME_MAX;
		frames->head = (frames->head + 1) % VJS220_QUEUE_FRAMES;
		frames->count--;
	}
	return (int)filled;
}

void js220_packer_add(struct js220_packer *packer, struct js220_frames *frames, uint64_t id,
		      uint32_t bits)
{
	uint8_t *samples = packer->payload + 4;
	unsigned at = packer->filled_bits;

	if (at == 0)
		packer->first_id = id;
	if (packer->sample_bits >= 8) {
		usb_put_le(samples + at / 8, bits, packer->sample_bits / 8);
	} else {
		if (at % 8 == 0)
			samples[at / 8] = 0;
		samples[at / 8] |= (uint8_t)(bits << (at % 8));
	}
	at = packer->filled_bits += packer->sample_bits;
	if (at == 8 * (JS220_PAYLOAD_MAX - 4) ||
	    (at % 8 == 0 && id - packer->first_id >= LATENCY_TICKS))
		js220_packer_flush(packer, frames);
}

void js220_packer_flush(struct js220_packer *packer, struct js220_frames *frames)
{
	unsigned bytes = packer->filled_bits / 8;

	packer->filled_bits = 0;
	if (!bytes)
		return;
	usb_put_le(packer->payload, (uint32_t)packer->first_id, 4);
	js220_frames_put(frames, packer->port, packer->payload, 4 + bytes);
}
