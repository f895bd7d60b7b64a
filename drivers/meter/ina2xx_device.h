/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One INA2xx on its bus: registers, identity, settings. Errors are those of drivers/link/i2c.h; a
 * transfer that nobody acknowledged (-ENXIO) was tried several times.
 */
#ifndef DRIVERS_METER_INA2XX_DEVICE_H
#define DRIVERS_METER_INA2XX_DEVICE_H

#include "drivers/link/i2c.h"
#include "drivers/meter/ina2xx_parts.h"

enum { INA2XX_REGISTER_CONFIG = 0x00, INA228_REGISTER_SHUNT_CAL = 0x02 };

struct ina2xx_device {
	struct i2c *i2c;
	const char *model; /* static */
	struct ina2xx_setup setup;
};

/* As i2c_read_registers. */
int ina2xx_device_read(struct ina2xx_device *device, struct i2c_read *reads, size_t count,
		       int64_t *ret_t_ns, int64_t *ret_half_ns, struct err *err);
int ina2xx_device_read_register(struct ina2xx_device *device, uint8_t pointer, uint16_t *ret_value,
				struct err *err);
int ina2xx_device_write_register(struct ina2xx_device *device, uint8_t pointer, unsigned value,
				 struct err *err);
/* Looks who it is before it writes anything, then resets it. -EPROTO: somebody else. */
int ina2xx_device_identify(struct ina2xx_device *device, struct err *err);
/* -EPROTO: the settings are not what was written. */
int ina2xx_device_check(struct ina2xx_device *device, struct err *err);
int ina2xx_device_describe(const struct ina2xx_device *device, bool with_sums,
			   struct meter_info *ret_info, struct err *err);

#endif
