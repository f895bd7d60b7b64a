/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An I2C bus on which combined transfers can be made.
 *
 *   i2c:/dev/i2c-N       a Linux adapter (i2c-dev, I2C_RDWR)
 *   i2c-tiny-usb:USB     an i2c-tiny-usb adapter, driven from this process; USB is a uri of
 *                        drivers/link/usb.h
 *
 * Threads: one caller at a time. Several devices on one bus open it each for themselves.
 */
#ifndef DRIVERS_LINK_I2C_H
#define DRIVERS_LINK_I2C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

struct link_tape;
struct i2c;

/* -ENOENT, -EACCES (the sentence says which group or udev rule), -EINVAL malformed uri, -ENOTSUP:
 * the adapter cannot make combined transfers. */
int i2c_open(const char *uri, struct i2c **ret_i2c, struct err *err);
int i2c_open_taped(struct link_tape *tape, const char *uri, struct i2c **ret_i2c, struct err *err);
void i2c_close(struct i2c *i2c); /* accepts NULL */

const char *i2c_uri(const struct i2c *i2c);
bool i2c_is_virtual(const struct i2c *i2c);
int64_t i2c_clock_ns(const struct i2c *i2c); /* CLOCK_MONOTONIC, or the tape's */

struct i2c_read {
	uint8_t pointer;  /* register */
	uint8_t count;    /* bytes, 1..8 */
	uint8_t bytes[8]; /* as they came, most significant first */
};

enum { I2C_READS_MAX = 21 }; /* two messages each, 42 in one call of the kernel */

/* Reads registers of the device at the 7-bit address, each with a repeated start, in one call of
 * the kernel where it can. ret_t_mono_ns, ret_half_ns (may be NULL): middle and half width of the
 * time it took. -ENXIO: nobody answers at this address; -EBUSY: a kernel driver holds it;
 * -ETIMEDOUT; -EAGAIN: arbitration lost three times in a row. */
int i2c_read_registers(struct i2c *i2c, uint8_t address, struct i2c_read *reads, size_t count,
		       int64_t *ret_t_mono_ns, int64_t *ret_half_ns, struct err *err);
int i2c_write_register(struct i2c *i2c, uint8_t address, uint8_t pointer, const uint8_t *bytes,
		       size_t count, struct err *err);

#endif
