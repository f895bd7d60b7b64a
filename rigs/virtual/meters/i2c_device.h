/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How the virtual rig drives a virtual I2C device: the calls follow the bus, one per condition or
 * byte, and happen at the device's present virtual time. UM10204 (I2C-bus specification), 3.1:
 *
 *   write   start(address, false) write(byte)... stop
 *   read    start(address, false) write(pointer) start(address, true) read(ack)... stop
 *
 * A start without a stop before it is a repeated start. After a NACK the host may start again or
 * stop; bytes it sends or takes in between reach nobody (write answers false, read 0xff).
 */
#ifndef RIGS_VIRTUAL_METERS_I2C_DEVICE_H
#define RIGS_VIRTUAL_METERS_I2C_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct i2c_device {
	void *context; /* passed to each call */
	/* The address byte: 7-bit address and direction. Returns true for ACK. */
	bool (*start)(void *context, uint8_t address, bool read);
	/* A byte from the host. Returns true for ACK. */
	bool (*write)(void *context, uint8_t byte);
	/* A byte for the host. ack: what the host answers to it; false announces the last one. */
	uint8_t (*read)(void *context, bool ack);
	void (*stop)(void *context);
};

#endif
