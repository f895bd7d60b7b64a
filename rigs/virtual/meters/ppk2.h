/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A Nordic PPK2 as its serial port shows it: commands, metadata, 4-byte samples at 100 kSa/s of its
 * own crystal, five ranges, noise, quantisation, calibration that is nearly right, 6-bit counter,
 * logic inputs. Written from the device sheet alone.
 */
#ifndef RIGS_VIRTUAL_METERS_PPK2_H
#define RIGS_VIRTUAL_METERS_PPK2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rigs/virtual/meters/ppk2_faults.h"

struct vppk2;

struct vppk2 *vppk2_new(uint64_t seed); /* NULL: out of memory */

/* What the instrument is wrong in beyond what it says of itself. */
#define VPPK2_ERROR_GAIN   1u
#define VPPK2_ERROR_ZERO   2u
#define VPPK2_ERROR_SUPPLY 4u
#define VPPK2_ERRORS       7u
/* Of these only the given ones are left; the others are zero from here on. Noise, steps, ranges and
 * the crystal's error stay. */
void vppk2_keep_errors(struct vppk2 *meter, unsigned errors);
void vppk2_free(struct vppk2 *meter);

/* Bytes from the host. */
void vppk2_host_bytes(struct vppk2 *meter, const uint8_t *bytes, size_t count);
/* Takes up to capacity bytes that the instrument has for the host. At most VPPK2_QUEUE_BYTES wait;
 * samples beyond that are lost, and only the counter shows it: let time stand still before. */
#define VPPK2_QUEUE_BYTES (2u << 20)
size_t vppk2_take_bytes(struct vppk2 *meter, uint8_t *ret_bytes, size_t capacity);
size_t vppk2_pending_bytes(const struct vppk2 *meter);

/* True interval between samples [ps]: 10 us times (1 + the crystal's error), as a rational step:
 * the time of the end of sample n (from 0) after the crystal's start. */
int64_t vppk2_sample_end_ps(const struct vppk2 *meter, uint64_t n);

/* One sample interval is over: the true mean current in it, and the logic inputs at its end. Emits
 * a sample while streaming. */
void vppk2_sample(struct vppk2 *meter, double current_a, uint8_t logic);
bool vppk2_streaming(const struct vppk2 *meter);

/* True voltage at the board: 0 while the supply is switched off, and in ampere meter mode (nothing
 * else feeds the board here). */
double vppk2_supply_v(const struct vppk2 *meter);

/* Faults. The next count samples are not sent; the counter in the words goes on. */
void vppk2_lose_samples(struct vppk2 *meter, unsigned count);
/* The next count samples read the top of the last range. */
void vppk2_saturate(struct vppk2 *meter, unsigned count);
/* Stays in a range for so many samples; 0: until the reset command. */
void vppk2_stick_range(struct vppk2 *meter, unsigned range, uint64_t samples);
void vppk2_disturb_marker(struct vppk2 *meter, unsigned line, enum ppk2_marker_fault fault,
			  unsigned samples);

#endif
