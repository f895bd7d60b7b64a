/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/ina2xx_device.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

enum {
	CONFIG_RST = 1 << 15,
	BUS_TRIES = 4, /* of a transfer that nobody acknowledged */
};

int ina2xx_device_read(struct ina2xx_device *device, struct i2c_read *reads, size_t count,
		       int64_t *ret_t_ns, int64_t *ret_half_ns, struct err *err)
{
	int rc = -ENXIO;

	for (int n = 0; n < BUS_TRIES && rc == -ENXIO; n++)
		rc = i2c_read_registers(device->i2c, device->setup.address, reads, count, ret_t_ns,
					ret_half_ns, err);
	return rc;
}

int ina2xx_device_read_register(struct ina2xx_device *device, uint8_t pointer, uint16_t *ret_value,
				struct err *err)
{
	struct i2c_read read = {.pointer = pointer, .count = 2};
	int rc = ina2xx_device_read(device, &read, 1, NULL, NULL, err);

	if (!rc)
		*ret_value = (uint16_t)(read.bytes[0] << 8 | read.bytes[1]);
	return rc;
}

int ina2xx_device_write_register(struct ina2xx_device *device, uint8_t pointer, unsigned value,
				 struct err *err)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
	int rc = -ENXIO;

	for (int n = 0; n < BUS_TRIES && rc == -ENXIO; n++)
		rc = i2c_write_register(device->i2c, device->setup.address, pointer, bytes,
					sizeof(bytes), err);
	return rc;
}

static int expect(struct ina2xx_device *device, const struct ina2xx_expected *expected,
		  struct err *err)
{
	for (unsigned n = 0; n < INA2XX_IDENTITY_MAX && expected[n].mask; n++) {
		uint16_t value = 0;
		int rc = ina2xx_device_read_register(device, expected[n].pointer, &value, err);

		if (rc)
			return rc;
		if ((value & expected[n].mask) != expected[n].value)
			return err_set(err, -EPROTO,
				       "this is no %s, or it is broken: %s is 0x%04X, not 0x%04X",
				       device->model, expected[n].what, value & expected[n].mask,
				       expected[n].value);
	}
	return 0;
}

int ina2xx_device_check(struct ina2xx_device *device, struct err *err)
{
	const struct ina2xx_part *part = device->setup.part;
	const struct {
		uint8_t pointer;
		uint16_t value;
	} written[] = {
		{part->mode_pointer, device->setup.mode},
		{INA2XX_REGISTER_CONFIG, device->setup.config},
		{INA228_REGISTER_SHUNT_CAL, INA228_SHUNT_CAL},
	};
	unsigned count = part->mode_pointer == INA2XX_REGISTER_CONFIG ? 1 : 3;

	for (unsigned n = 0; n < count; n++) {
		uint16_t value = 0;
		int rc = ina2xx_device_read_register(device, written[n].pointer, &value, err);

		if (rc)
			return rc;
		if (value != written[n].value)
			return err_set(
				err, -EPROTO,
				"register 0x%02X holds 0x%04X instead of 0x%04X: it lost its "
				"supply, or somebody else writes to it",
				written[n].pointer, value, written[n].value);
	}
	return 0;
}

int ina2xx_device_describe(const struct ina2xx_device *device, bool with_sums,
			   struct meter_info *ret_info, struct err *err)
{
	const struct ina2xx_setup *setup = &device->setup;
	const struct ina2xx_part *part = setup->part;
	const struct ina2xx_range *range = &setup->range;
	double offset_u_a = range->offset_v / sqrt(3) / setup->rshunt_ohm;
	struct meter_info info = {
		.rate_hz = 1 / setup->period_s,
		.range_max_a = range->full_v / setup->rshunt_ohm,
		.gain_u_rel = hypot(part->gain_limit / sqrt(3), setup->rshunt_u_rel),
		.offset_u_a = offset_u_a,
		.voltage_gain_u_rel = part->bus_gain_limit / sqrt(3),
		.voltage_offset_u_v = part->bus_offset_v / sqrt(3),
		.voltage_resolution_v = part->bus_lsb_v,
		/* shunt and bus take turns, the shunt first; so with every conversion that is averaged */
		.aperture_rel = 1 - 0.5 / setup->averaging,
		.range_count = 1,
		.ranges = {{range->full_v / setup->rshunt_ohm, range->lsb_v / setup->rshunt_ohm,
			    offset_u_a, setup->rshunt_ohm}},
		.caps = METER_CAP_VOLTAGE | (with_sums ? METER_CAP_INTEGRAL : 0),
		.is_virtual = i2c_is_virtual(device->i2c),
	};
	int length;

	snprintf(info.model, sizeof(info.model), "%s", device->model);
	length = snprintf(info.calibration, sizeof(info.calibration),
			  "{\"part\": \"%s\", \"address\": %u, \"rshunt_ohm\": %.9g, "
			  "\"rshunt_u_rel\": %.6g, \"shunt_lsb_v\": %.9g, \"shunt_full_v\": %.9g, "
			  "\"bus_lsb_v\": %.9g, \"config\": %u, \"adc_config\": %u, "
			  "\"averaging\": %u, \"period_s\": %.9g, \"gain_limit_rel\": %.6g, "
			  "\"offset_limit_v\": %.6g, \"limits\": \"data sheet, rectangular\"}",
			  device->model, setup->address, setup->rshunt_ohm, setup->rshunt_u_rel,
			  range->lsb_v, range->full_v, part->bus_lsb_v, setup->config, setup->mode,
			  setup->averaging, setup->period_s, part->gain_limit, range->offset_v);
	if (length < 0 || (size_t)length >= sizeof(info.calibration))
		return err_set(err, -ERANGE, "the calibration does not fit");
	*ret_info = info;
	return 0;
}

int ina2xx_device_identify(struct ina2xx_device *device, struct err *err)
{
	const struct ina2xx_part *part = device->setup.part;
	int rc = expect(device, part->before, err);

	if (!rc)
		rc = ina2xx_device_write_register(device, INA2XX_REGISTER_CONFIG, CONFIG_RST, err);
	if (!rc)
		rc = expect(device, part->after, err);
	if (rc == -ENXIO)
		err_context(err, rc,
			    "no %s: look at wiring, pull-ups, its supply and the address by the "
			    "pins A1 and A0",
			    device->model);
	return rc;
}
