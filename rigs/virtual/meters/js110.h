/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A Joulescope JS110 as its USB port shows it: descriptors, vendor requests with settings, status,
 * EXTIO and calibration, and raw sample frames at 2 MSa/s with seven ranges, range-switch
 * artefacts and logic inputs in the lowest bits. Written from the device sheet alone.
 *
 * The instrument sits between a supply and the board and feeds nothing itself: without a current
 * path (vjs110_conducts) the board has no power, and the shunt of the present range is in series.
 *
 * Time is what vjs110_feed gives. The host's requests and transfers happen at the end of the last
 * slice; settings take effect, and stop being busy, at the end of the first slice that ends
 * VJS110_SETTINGS_PS later or after.
 */
#ifndef RIGS_VIRTUAL_METERS_JS110_H
#define RIGS_VIRTUAL_METERS_JS110_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rigs/virtual/meters/ppk2_faults.h"
#include "rigs/virtual/meters/usb_device.h"

#define VJS110_RANGES      7             /* 0: 10 A .. 6: 18 uA */
#define VJS110_SETTINGS_PS 10000000000ll /* assumed */

struct vjs110;

struct vjs110 *vjs110_new(uint64_t seed); /* NULL: out of memory */
void vjs110_free(struct vjs110 *meter);
/* From here on the active calibration is exact. Noise, steps, artefacts and the crystal's error
 * stay. */
void vjs110_make_ideal(struct vjs110 *meter);
/* Instead of the drawn one; at most 7 characters. */
void vjs110_set_serial(struct vjs110 *meter, const char *serial);

/* The USB side; valid as long as the meter. */
struct usb_device vjs110_usb(struct vjs110 *meter);

/* True mean current, mean voltage at the board's side and levels of the logic inputs (bits 0 and 1:
 * GPI 0 and 1) from start_ps to end_ps. A slice begins where the one before ended. */
void vjs110_feed(struct vjs110 *meter, int64_t start_ps, int64_t end_ps, double current_a,
		 double voltage_v, uint8_t logic);

/* True time of the end of sample n (from 0, 2 MSa/s of its own crystal) after the first slice's
 * start. */
int64_t vjs110_sample_end_ps(const struct vjs110 *meter, uint64_t n);

/* When wanted settings take effect; INT64_MIN: none wait. */
int64_t vjs110_settings_due_ps(const struct vjs110 *meter);
bool vjs110_streaming(const struct vjs110 *meter);
bool vjs110_conducts(const struct vjs110 *meter);
/* Of the range that this current is measured in; infinite without a path. */
double vjs110_series_ohm(const struct vjs110 *meter, double current_a);

/* Frames that wait for the host. At most VJS110_QUEUE_FRAMES; more are discarded, which the packet
 * index and the status tell: let time stand still before. */
#define VJS110_QUEUE_FRAMES 4096u
size_t vjs110_pending_frames(const struct vjs110 *meter);

/* Requests that a host must not make (bootloaders, test mode), since vjs110_new. */
unsigned vjs110_host_faults(const struct vjs110 *meter);

/* Faults. The next samples of the stream are words of missing samples. */
void vjs110_lose_samples(struct vjs110 *meter, unsigned samples);
/* The next frames get lost on their way: the packet index jumps. */
void vjs110_lose_frames(struct vjs110 *meter, unsigned frames);
/* The next samples read the top of the 10 A range. */
void vjs110_saturate(struct vjs110 *meter, unsigned samples);
/* Stays in a range for so many samples; 0: until the sensor's power is switched. */
void vjs110_stick_range(struct vjs110 *meter, unsigned range, uint64_t samples);
void vjs110_disturb_marker(struct vjs110 *meter, unsigned line, enum ppk2_marker_fault fault,
			   unsigned samples);

#endif
