/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Frames of a JS220 towards the host, and the packing of samples into them (device sheet, "Frame
 * header" and "Ports").
 */
#ifndef RIGS_VIRTUAL_METERS_JS220_FRAMES_H
#define RIGS_VIRTUAL_METERS_JS220_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JS220_PAYLOAD_MAX 508
#define JS220_FRAME_MAX   512

enum js220_port_id {
	JS220_PORT_LINK = 0,
	JS220_PORT_PUBLISH = 1,
	JS220_PORT_MEMORY = 3,
	JS220_PORT_ADC = 16, /* .. 19 */
	JS220_PORT_RANGE = 20,
	JS220_PORT_CURRENT = 21,
	JS220_PORT_VOLTAGE = 22,
	JS220_PORT_POWER = 23,
	JS220_PORT_GPI = 24, /* .. 27 */
	JS220_PORT_TRIGGER = 28,
	JS220_PORT_STATISTICS = 30,
	JS220_PORTS = 32,
};

struct js220_frame {
	uint16_t bytes; /* with its header */
	uint8_t data[JS220_FRAME_MAX];
};

/* A ring. */
struct js220_frames {
	struct js220_frame *ring;
	unsigned head, count;
	uint16_t next_id;
	unsigned lose; /* faults: stream frames that are left to lose */
	bool repeat;
};

bool js220_frames_init(struct js220_frames *frames); /* false: out of memory */
void js220_frames_done(struct js220_frames *frames);
/* Empty, and the first frame_id is 0 again. */
void js220_frames_reset(struct js220_frames *frames);
void js220_frames_put(struct js220_frames *frames, unsigned port, const uint8_t *payload,
		      size_t bytes);
/* One bulk IN transfer; the value of usb_device_ops.bulk_in. */
int js220_frames_take(struct js220_frames *frames, uint8_t *ret_bytes, size_t capacity);

/* The samples of one port that wait for a full frame. */
struct js220_packer {
	bool on;
	uint8_t port, sample_bits; /* 1, 4, 16 or 32 */
	unsigned filled_bits;
	uint64_t first_id;
	uint8_t payload[JS220_PAYLOAD_MAX];
};

/* One sample; id counts at 2 MSa/s. */
void js220_packer_add(struct js220_packer *packer, struct js220_frames *frames, uint64_t id,
		      uint32_t bits);
/* Sends what is there; samples that fill no byte are lost. */
void js220_packer_flush(struct js220_packer *packer, struct js220_frames *frames);

#endif
