/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A Joulescope JS220 as its USB port shows it: descriptors, connect requests, frames with ports,
 * publish and subscribe topics, streams of current, voltage, power, ranges and logic inputs,
 * statistics with charge and energy integrals, time sync. Written from the device sheet alone.
 *
 * The instrument sits between a supply and the board and feeds nothing itself: without a current
 * path (vjs220_conducts) the board has no power, and the shunt of the present range is in series.
 *
 * Time is what vjs220_feed gives. The host's requests and transfers happen at the end of the last
 * slice.
 */
#ifndef RIGS_VIRTUAL_METERS_JS220_H
#define RIGS_VIRTUAL_METERS_JS220_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rigs/virtual/meters/ppk2_faults.h"
#include "rigs/virtual/meters/usb_device.h"

#define VJS220_RANGES 6 /* 0: 10 A .. 5: 18 uA */

struct vjs220;

struct vjs220 *vjs220_new(uint64_t seed); /* NULL: out of memory */
void vjs220_free(struct vjs220 *meter);
/* From here on gain and zero are exact. Noise, steps, ranges and the crystal's error stay. */
void vjs220_make_ideal(struct vjs220 *meter);
/* Instead of the drawn one; at most 7 characters. */
void vjs220_set_serial(struct vjs220 *meter, const char *serial);

/* The USB side; valid as long as the meter. */
struct usb_device vjs220_usb(struct vjs220 *meter);

/* True mean current, mean voltage at the board's side and levels of the logic inputs (bits 0..3:
 * GPI 0..3, bit 7: trigger input) from start_ps to end_ps. A slice begins where the one before
 * ended. Any length; values change only between slices. */
void vjs220_feed(struct vjs220 *meter, int64_t start_ps, int64_t end_ps, double current_a,
		 double voltage_v, uint8_t logic);

/* True time of the end of sample tick n (from 0, 2 MSa/s of its own crystal) after the first
 * slice's start. */
int64_t vjs220_tick_end_ps(const struct vjs220 *meter, uint64_t n);

/* Whether samples or statistics are made: the owner may feed coarse slices while not. */
bool vjs220_active(const struct vjs220 *meter);
/* Whether the instrument will say something as soon as time passes: a time sync is due. */
bool vjs220_sync_due(const struct vjs220 *meter);
bool vjs220_conducts(const struct vjs220 *meter);
double vjs220_series_ohm(const struct vjs220 *meter); /* of the present range */

uint8_t vjs220_outputs(const struct vjs220 *meter); /* GPO bits 0, 1 and 7 (trigger) */

/* Frames that wait for the host. At most VJS220_QUEUE_FRAMES; stream frames beyond that are lost,
 * and gaps in frame_id and sample_id show it: let time stand still before. */
#define VJS220_QUEUE_FRAMES 4096u
size_t vjs220_pending_frames(const struct vjs220 *meter);

/* The sample counter goes on from here, rounded up to even. Between streams only. */
void vjs220_set_counter(struct vjs220 *meter, uint64_t sample_id);

/* Things that a host must not do, since vjs220_new: frames to port 3 (memory and firmware), frames
 * that are no frames, gaps in the OUT frame_id. */
unsigned vjs220_host_faults(const struct vjs220 *meter);

/* Faults. The next ticks (2 MSa/s) are in no stream: sample_id jumps, frame_id and statistics do
 * not. */
void vjs220_lose_samples(struct vjs220 *meter, unsigned ticks);
/* The next stream frames get lost on their way to the host: frame_id jumps, too. */
void vjs220_lose_frames(struct vjs220 *meter, unsigned frames);
/* The next stream frame is sent twice, with frame_ids of their own. */
void vjs220_repeat_frame(struct vjs220 *meter);
/* The next ticks read the top of the 10 A range. */
void vjs220_saturate(struct vjs220 *meter, unsigned ticks);
/* Stays in a range for so many ticks; 0: until CONNECT with defaults. */
void vjs220_stick_range(struct vjs220 *meter, unsigned range, uint64_t ticks);
void vjs220_disturb_marker(struct vjs220 *meter, unsigned line, enum ppk2_marker_fault fault,
			   unsigned ticks);

#endif
