/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An I2C adapter in the played kernel, after drivers/i2c/i2c-dev.c: /dev/i2c-N with I2C_FUNCS,
 * I2C_SLAVE and I2C_RDWR.
 */
#ifndef TESTS_SEAM_I2C_H
#define TESTS_SEAM_I2C_H

#include "tests/seam/kernel.h"

enum { SEAM_I2C_DEVICES_MAX = 8, SEAM_I2C_FAULTS_MAX = 64 };

/* A chip whose registers are one to eight bytes wide, most significant first. */
struct seam_i2c_device {
	uint8_t address;
	uint8_t pointer; /* as last written */
	uint8_t width[256];
	uint64_t value[256];
	bool has_driver; /* a kernel driver holds it */
	unsigned writes, reads;
};

/* Owned by the test. */
struct seam_i2c {
	unsigned number; /* of /dev/i2c-N */
	unsigned long functions;
	int open_error; /* positive errno */
	struct seam_i2c_device devices[SEAM_I2C_DEVICES_MAX];
	/* What the next calls of I2C_RDWR give, in order: 0 is none of it, a positive errno, or a
	 * negative number: that many messages are done, no more. */
	int faults[SEAM_I2C_FAULTS_MAX];
	unsigned fault_count, calls, messages, slave_calls;
	bool is_gone;
	struct seam_node node;
};

void seam_i2c_plug(struct seam_i2c *i2c);
void seam_i2c_unplug(struct seam_i2c *i2c);

#endif
