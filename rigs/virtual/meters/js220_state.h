/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inside of a virtual JS220, shared by its files only.
 */
#ifndef RIGS_VIRTUAL_METERS_JS220_STATE_H
#define RIGS_VIRTUAL_METERS_JS220_STATE_H

#include "rigs/virtual/meters/js220.h"
#include "rigs/virtual/meters/js220_analog.h"
#include "rigs/virtual/meters/js220_frames.h"
#include "rigs/virtual/meters/js220_slices.h"
#include "rigs/virtual/meters/js220_statistics.h"

#define JS220_TOPICS_MAX   32
#define JS220_TOPIC_BYTES  32
#define JS220_SERIAL_BYTES 8

/* A mean over dwnN/N samples of 1 MSa/s. */
struct js220_decimator {
	uint32_t n, count;
	int64_t current_q31, voltage_q31, power_q31; /* sums */
	bool broken;                                 /* a sample of it was lost */
};

/* The instrument's idea of UTC: two moments of time sync, the first and the latest. */
struct js220_clock {
	bool known;
	uint64_t first_counter, counter;
	int64_t first_utc, utc; /* 34Q30 s since 2018 */
};

struct vjs220 {
	struct js220_analog analog;
	struct js_slices slices;
	struct js220_frames frames;
	struct js220_packer packers[JS220_PORTS]; /* of ports 16..28 */
	struct js220_statistics statistics;
	bool statistics_on;
	uint32_t statistics_count;
	struct js220_decimator decimator;
	uint32_t gpi_n;
	/* Counters at 2 MSa/s. */
	uint64_t counter, next_sync;
	struct js220_reading held; /* the even tick of a pair */
	bool held_lost;
	uint8_t logic, outputs;
	struct js220_clock clock;
	/* USB. */
	struct usb_state usb;
	char serial[JS220_SERIAL_BYTES];
	bool connected;
	uint16_t out_id; /* expected frame_id of the host */
	unsigned host_faults;
	uint32_t values[JS220_TOPICS_MAX]; /* by topic */
	/* Faults. */
	struct ppk2_faults faults;
	uint64_t stuck_ticks; /* that are left; 0: no end, while stuck */
};

/* js220.c */
void js220_stop(struct vjs220 *meter);     /* all streams and statistics */
void js220_defaults(struct vjs220 *meter); /* of the settings */
void js220_stream_switch(struct vjs220 *meter, unsigned port, bool on);
void js220_statistics_switch(struct vjs220 *meter, bool on);

/* js220_link.c: port 0 */
void js220_link_connect(struct vjs220 *meter);
void js220_link_sync(struct vjs220 *meter);
void js220_link_receive(struct vjs220 *meter, const uint8_t *payload, size_t bytes);

/* js220_topics.c: port 1 */
void js220_topics_defaults(struct vjs220 *meter);
/* Values of stream and statistics switches become 0. */
void js220_topics_stop(struct vjs220 *meter);
void js220_topics_receive(struct vjs220 *meter, const uint8_t *payload, size_t bytes);

/* js220_usb.c */
extern const struct usb_device_ops js220_usb_ops;

#endif
