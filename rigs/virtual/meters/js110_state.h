/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inside of a virtual JS110, shared by its files only.
 */
#ifndef RIGS_VIRTUAL_METERS_JS110_STATE_H
#define RIGS_VIRTUAL_METERS_JS110_STATE_H

#include "rigs/virtual/meters/js110.h"
#include "rigs/virtual/meters/js110_analog.h"
#include "rigs/virtual/meters/js110_calibration.h"
#include "rigs/virtual/meters/js220_slices.h"

#define JS110_FRAME_BYTES    512
#define JS110_FRAME_SAMPLES  126
#define JS110_UPDATE_SAMPLES 1000000 /* of the statistics (assumed: two per second) */
#define JS110_RESULT_NONE    (-1)
#define JS110_RESULT_BUSY    19
#define JS110_RESULT_ERROR   5 /* assumed: the sheet says "other" */

/* Offsets into packets: an 8-byte header, then these. */
#define JS110_SETTINGS_BYTES 16
#define JS110_EXTIO_BYTES    24
#define JS110_STATUS_BYTES   104

struct js110_settings {
	uint8_t sensor_power, select, source, options, streaming;
};

struct js110_extio {
	uint8_t flags, trigger_source, current_gpi, voltage_gpi, gpo0, gpo1;
	uint32_t io_voltage_mv;
};

/* Sums of one update of the status, and what runs since the sensor's power came. */
struct js110_statistics {
	uint32_t count;
	double current_sum, power_sum, voltage_sum;
	double current_min, current_max, voltage_min, voltage_max, power_min, power_max;
	double charge_c, energy_j;
	uint64_t samples;
};

struct js110_frames {
	uint8_t (*ring)[JS110_FRAME_BYTES];
	unsigned head, count;
	uint16_t next_index;
	uint8_t under_way[JS110_FRAME_BYTES];
	unsigned filled; /* samples */
	uint32_t made, discarded;
	unsigned lose; /* a fault */
};

struct vjs110 {
	struct js110_analog analog;
	struct js110_calibration factory;
	struct js_slices slices;
	struct js110_settings settings, wanted_settings;
	struct js110_extio extio, wanted_extio;
	int32_t result; /* of the last settings or EXTIO packet */
	bool busy;      /* wanted ones wait */
	int64_t due_ps; /* when they take effect */
	int64_t now_ps; /* end of the last slice */
	bool begun;
	uint64_t samples; /* since the stream began: the sync bit alternates */
	uint8_t logic;
	struct js110_frames frames;
	struct js110_statistics statistics;
	uint8_t status[JS110_STATUS_BYTES]; /* of the last update */
	/* USB. */
	struct usb_state usb;
	uint8_t serial[JS110_SERIAL_BYTES];
	char serial_text[8];
	uint16_t loopback_value;
	uint8_t loopback[128];
	unsigned loopback_bytes;
	unsigned host_faults;
	/* Faults. */
	struct ppk2_faults faults;
	uint64_t stuck_samples; /* that are left; 0: no end, while stuck */
};

/* js110.c */
void js110_apply(struct vjs110 *meter); /* the wanted settings */
int js110_frames_take(struct js110_frames *frames, uint8_t *ret_bytes, size_t capacity);

/* js110_statistics.c */
void js110_statistics_add(struct vjs110 *meter, double current_a, double voltage_v);
/* Fills 104 bytes; what is new in it is not new the next time. */
void js110_status_encode(struct vjs110 *meter, uint8_t *ret_bytes);

/* js110_control.c */
extern const struct usb_device_ops js110_usb_ops;

#endif
