/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kinds of I2C bus there are; i2c_open.c holds them in one array.
 */
#ifndef DRIVERS_LINK_I2C_KINDS_H
#define DRIVERS_LINK_I2C_KINDS_H

#include <errno.h>

#include "drivers/link/i2c.h"

/* One kind of bus. Hooks receive the state (all zeros before open); close is called if and only if
 * open succeeded. open is given the address: what follows the scheme and its colon. Arguments were
 * checked by i2c.c, which also tries again after -EAGAIN. */
struct i2c_ops {
	const char *scheme;
	size_t state_size;
	int (*open)(void *state, const char *address, bool *ret_is_virtual, struct err *err);
	void (*close)(void *state);
	int (*read)(void *state, uint8_t address, struct i2c_read *reads, size_t count,
		    int64_t *ret_t_mono_ns, int64_t *ret_half_ns, struct err *err);
	/* bytes: the register, and what is written to it. */
	int (*write)(void *state, uint8_t address, const uint8_t *bytes, size_t count,
		     struct err *err);
	int64_t (*clock_ns)(void *state); /* NULL: CLOCK_MONOTONIC */
};

extern const struct i2c_ops i2c_dev;      /* i2c_dev.c */
extern const struct i2c_ops i2c_tiny_usb; /* i2c_tiny_usb.c */

enum { I2C_WRITE_MAX = 64 }; /* register and value */

struct i2c {
	const struct i2c_ops *ops;
	char *uri;
	void *state;
	bool is_virtual;
};

/* Finds the kind of a uri, and where in it the address begins. -EINVAL: there is none. */
int i2c_kind_find(const char *uri, const struct i2c_ops **ret_ops, const char **ret_address,
		  struct err *err);

static inline void i2c_time(int64_t begin_ns, int64_t end_ns, int64_t *ret_t_mono_ns,
			    int64_t *ret_half_ns)
{
	*ret_half_ns = (end_ns - begin_ns + 1) / 2;
	*ret_t_mono_ns = begin_ns + (end_ns - begin_ns) / 2;
}

/* The sentence for an address that does not acknowledge; -ENXIO. */
static inline int i2c_nobody(uint8_t address, struct err *err)
{
	return err_set(err, -ENXIO, "nobody answers at address 0x%02x", address);
}

#endif
