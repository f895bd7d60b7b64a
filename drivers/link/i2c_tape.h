/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An I2C bus on a tape: format and rules are record.h's.
 */
#ifndef DRIVERS_LINK_I2C_TAPE_H
#define DRIVERS_LINK_I2C_TAPE_H

#include "drivers/link/i2c_kinds.h"

/* The state of a bus that is on a tape: in front of the bus's kind, or instead of it. */
struct i2c_taped {
	struct link_tape *tape; /* set before open */
	const struct i2c_ops *ops;
	void *state;
};

extern const struct i2c_ops i2c_recording; /* i2c_record.c; open is given the whole uri */
extern const struct i2c_ops i2c_replaying; /* i2c_replay.c */

enum { I2C_ASKED_BYTES = 2 * I2C_READS_MAX, I2C_CAME_BYTES = 8 * I2C_READS_MAX };

/* Register and count of each read, as they stand on a tape; returns the bytes. */
static inline size_t i2c_asked_pack(const struct i2c_read *reads, size_t count,
				    uint8_t bytes[I2C_ASKED_BYTES])
{
	for (size_t i = 0; i < count; i++) {
		bytes[2 * i] = reads[i].pointer;
		bytes[2 * i + 1] = reads[i].count;
	}
	return 2 * count;
}

#endif
