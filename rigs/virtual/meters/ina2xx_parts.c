/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parts' tables. Documents: INA219 data sheet SBOS448G, INA226 SBOS547B, INA228 SLYS021A:
 * register maps, and Electrical Characteristics for errors and conversion times.
 *
 * assumed: all noise figures (the data sheets give curves and bit counts only); INA219 gain error
 * of the shunt stops at 4 times typical, bus error is all gain; clocks of INA219 and INA226: the
 * maximum conversion times are 10 % over typical, a standard deviation of 2 %; INA228: typical
 * errors, bus offset, writable bits of SHUNT_TEMPCO, device revision 1.
 */
#include "rigs/virtual/meters/ina2xx_parts.h"

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct ina2xx_register ina219_registers[] = {
	{0x00, INA2XX_ROLE_CONFIG, 2, 0x399f, 0x3fff},
	{0x01, INA2XX_ROLE_VSHUNT, 2, 0, 0},
	{0x02, INA2XX_ROLE_VBUS, 2, 0, 0},
	{0x03, INA2XX_ROLE_POWER, 2, 0, 0},
	{0x04, INA2XX_ROLE_CURRENT, 2, 0, 0},
	{0x05, INA2XX_ROLE_CALIBRATION, 2, 0, 0xfffe},
};

static const struct ina2xx_register ina226_registers[] = {
	{0x00, INA2XX_ROLE_CONFIG, 2, 0x4127, 0x0fff},
	{0x01, INA2XX_ROLE_VSHUNT, 2, 0, 0},
	{0x02, INA2XX_ROLE_VBUS, 2, 0, 0},
	{0x03, INA2XX_ROLE_POWER, 2, 0, 0},
	{0x04, INA2XX_ROLE_CURRENT, 2, 0, 0},
	{0x05, INA2XX_ROLE_CALIBRATION, 2, 0, 0x7fff},
	{0x06, INA2XX_ROLE_FLAGS, 2, 0, 0xfc03},
	{0x07, INA2XX_ROLE_LIMIT, 2, 0, 0xffff},
	{0xfe, INA2XX_ROLE_MANUFACTURER, 2, 0x5449, 0},
	{0xff, INA2XX_ROLE_DIE, 2, 0x2260, 0},
};

static const struct ina2xx_register ina228_registers[] = {
	{0x00, INA2XX_ROLE_CONFIG, 2, 0x0000, 0x7ff0},
	{0x01, INA2XX_ROLE_ADC_CONFIG, 2, 0xfb68, 0xffff},
	{0x02, INA2XX_ROLE_CALIBRATION, 2, 0x1000, 0x7fff},
	{0x03, INA2XX_ROLE_TEMPCO, 2, 0x0000, 0x3fff},
	{0x04, INA2XX_ROLE_VSHUNT, 3, 0, 0},
	{0x05, INA2XX_ROLE_VBUS, 3, 0, 0},
	{0x06, INA2XX_ROLE_TEMPERATURE, 2, 0, 0},
	{0x07, INA2XX_ROLE_CURRENT, 3, 0, 0},
	{0x08, INA2XX_ROLE_POWER, 3, 0, 0},
	{0x09, INA2XX_ROLE_ENERGY, 5, 0, 0},
	{0x0a, INA2XX_ROLE_CHARGE, 5, 0, 0},
	{0x0b, INA2XX_ROLE_FLAGS, 2, 0x0001, 0xf000},
	{0x0c, INA2XX_ROLE_SHUNT_OVER, 2, 0x7fff, 0xffff},
	{0x0d, INA2XX_ROLE_SHUNT_UNDER, 2, 0x8000, 0xffff},
	{0x0e, INA2XX_ROLE_BUS_OVER, 2, 0x7fff, 0x7fff},
	{0x0f, INA2XX_ROLE_BUS_UNDER, 2, 0x0000, 0x7fff},
	{0x10, INA2XX_ROLE_TEMPERATURE_OVER, 2, 0x7fff, 0xffff},
	{0x11, INA2XX_ROLE_POWER_OVER, 2, 0xffff, 0xffff},
	{0x3e, INA2XX_ROLE_MANUFACTURER, 2, 0x5449, 0},
	{0x3f, INA2XX_ROLE_DIE, 2, 0x2281, 0},
};

static const struct ina2xx_part parts[] =
	{
		[VINA2XX_INA219] =
			{
				.registers = ina219_registers,
				.register_count = COUNT(ina219_registers),
				.mode_role = INA2XX_ROLE_CONFIG,
				.mode_mask = 7,
				.mode_continuous = 4,
				.channel_mode = {1, 2, 0},
				.time_shift = {3, 7, 0},
				.time_mask = 15,
				/* Codes 4..7 are 0..3: bit 2 is don't care while bit 3 is 0 (ADC
				   Settings table). */
				.time_us = {84, 148, 276, 532, 84, 148, 276, 532, 532, 1060, 2130,
					    4260, 8510, 17020, 34050, 68100},
				/* assumed: fewer bits are coarser steps of the same scale. */
				.time_step = {8, 4, 2, 1, 8, 4, 2, 1},
				.clock_typical_ppm = 20000,
				.clock_max_ppm = 100000,
				.shunt_lsb = 10e-6,
				.bus_lsb = 4e-3,
				.shunt_max = 32000,
				.shunt_min = -32000,
				.bus_max = 8000,
				.current_divisor = 4096,
				.power_divisor = 5000,
				.current_bits = 16,
				.errors =
					{
						{.gain_typical = 0.0004,
						 .gain_max = 0.0016,
						 .offset_typical = {10e-6, 20e-6, 30e-6, 40e-6},
						 .offset_max = {100e-6, 125e-6, 150e-6, 200e-6},
						 .gain_drift_per_c = 10e-6,
						 .offset_drift_per_c = 0.1e-6,
						 .noise = 5e-6,
						 .noise_us = 532},
						{.gain_typical = 0.002,
						 .gain_max = 0.005,
						 .noise = 2e-3,
						 .noise_us = 532},
					},
			},
		[VINA2XX_INA226] =
			{
				.registers = ina226_registers,
				.register_count = COUNT(ina226_registers),
				.mode_role = INA2XX_ROLE_CONFIG,
				.mode_mask = 7,
				.mode_continuous = 4,
				.channel_mode = {1, 2, 0},
				.time_shift = {3, 6, 0},
				.time_mask = 7,
				.average_shift = 9,
				.averages = true,
				.time_us = {140, 204, 332, 588, 1100, 2116, 4156, 8244},
				.clock_typical_ppm = 20000,
				.clock_max_ppm = 100000,
				.shunt_lsb = 2.5e-6,
				.bus_lsb = 1.25e-3,
				.shunt_max = 32767,
				.shunt_min = -32767,
				.bus_max = 32767,
				.current_divisor = 2048,
				.power_divisor = 20000,
				.current_bits = 16,
				.errors =
					{
						{.gain_typical = 0.0002,
						 .gain_max = 0.001,
						 .offset_typical = {2.5e-6},
						 .offset_max = {10e-6},
						 .gain_drift_per_c = 10e-6,
						 .offset_drift_per_c = 0.02e-6,
						 .noise = 2.5e-6,
						 .noise_us = 1100},
						{.gain_typical = 0.0002,
						 .gain_max = 0.001,
						 .offset_typical = {1.25e-3},
						 .offset_max = {7.5e-3},
						 .gain_drift_per_c = 10e-6,
						 .offset_drift_per_c = 10e-6,
						 .noise = 1e-3,
						 .noise_us = 1100},
					},
			},
		[VINA2XX_INA228] =
			{
				.registers = ina228_registers,
				.register_count = COUNT(ina228_registers),
				.mode_role = INA2XX_ROLE_ADC_CONFIG,
				.mode_shift = 12,
				.mode_mask = 15,
				.mode_continuous = 8,
				.channel_mode = {2, 1, 4},
				.time_shift = {6, 9, 3},
				.time_mask = 7,
				.average_shift = 0,
				.averages = true,
				.time_us = {50, 84, 150, 280, 540, 1052, 2074, 4120},
				.clock_typical_ppm = 1250,
				.clock_max_ppm = 5000,
				.shunt_lsb = 312.5e-9,
				.bus_lsb = 195.3125e-6,
				.shunt_max = 524287,
				.shunt_min = -524288,
				.bus_max = 524287,
				.current_divisor = 0,
				.power_divisor = 16384, /* 3.2 W per A / 195.3125 uV per count */
				.current_bits = 20,
				.errors =
					{
						{.gain_typical = 0.0001,
						 .gain_max = 0.0005,
						 .offset_typical = {0.3e-6},
						 .offset_max = {1e-6},
						 .gain_drift_per_c = 10e-6,
						 .offset_drift_per_c = 2e-9,
						 .noise = 0.9e-6,
						 .noise_us = 1052},
						{.gain_typical = 0.0001,
						 .gain_max = 0.0005,
						 .offset_typical = {1e-3},
						 .offset_max = {2.5e-3},
						 .gain_drift_per_c = 10e-6,
						 .offset_drift_per_c = 4e-6,
						 .noise = 0.4e-3,
						 .noise_us = 1052},
						{.offset_typical = {0.3},
						 .offset_max = {1},
						 .noise = 0.01,
						 .noise_us = 1052},
					},
			},
};

const struct ina2xx_part *ina2xx_part_find(enum vina2xx_part part)
{
	return &parts[part];
}

const struct ina2xx_register *ina2xx_register_find(const struct ina2xx_part *part, uint8_t address)
{
	for (unsigned i = 0; i < part->register_count; i++)
		if (part->registers[i].address == address)
			return &part->registers[i];
	return NULL;
}
