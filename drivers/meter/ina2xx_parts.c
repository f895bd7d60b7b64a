/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Documents: INA219 data sheet SBOS448G, INA226 SBOS547B, INA228 SLYS021A: register maps, and
 * Electrical Characteristics for conversion times and limits. Assumed: the limit of the INA219's
 * shunt gain (0.5 %: the sheet's accuracy of the current at 25 degC) and its bus offset (one step);
 * conversion times of the INA219 and INA226 within 10 %, their maximum over typical. Default
 * conversion times suit a bus of 100 kHz.
 */
#include "drivers/meter/ina2xx_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "drivers/meter/meter_params.h"

#define SHUNT_PARAMS                                                                               \
	{"rshunt_ohm", "ohm", NULL, 1e-5, 1000, "resistance of the shunt"},                        \
		{"rshunt_u_rel",                                                                   \
		 "",                                                                               \
		 "0.0058",                                                                         \
		 0,                                                                                \
		 0.5,                                                                              \
		 "its standard uncertainty, relative; a 1 % resistor has 0.0058"},                 \
		{"i_max_a",                                                                        \
		 "A",                                                                              \
		 "0",                                                                              \
		 0,                                                                                \
		 1000,                                                                             \
		 "largest current that comes: the smallest range for it is taken; 0: the "         \
		 "largest"},                                                                       \
	{                                                                                          \
		"address", "", "0x40", 0x40, 0x4F, "7-bit address, by the pins A1 and A0"          \
	}
#define AVERAGING(text)                                                                            \
	{                                                                                          \
		"averaging", "", text, 0, 0,                                                       \
			"1|4|16|64|128|256|512|1024: conversions that make a sample"               \
	}

const struct meter_param ina219_params[INA2XX_PARAMS + 1] = {
	SHUNT_PARAMS,
	{"conversion", "", "2130us", 0, 0,
	 "84us|148us|276us|532us|1060us|2130us|4260us|8510us|17020us|34050us|68100us: of shunt and "
	 "of bus voltage each; below 532us with fewer bits, above averaged"},
	{"bus_range", "", "32V", 0, 0, "16V|32V: range of the bus voltage"},
	{NULL},
};
const struct meter_param ina226_params[INA2XX_PARAMS + 1] = {
	SHUNT_PARAMS,
	{"conversion", "", "588us", 0, 0,
	 "140us|204us|332us|588us|1100us|2116us|4156us|8244us: of shunt and of bus voltage each"},
	AVERAGING("4"),
	{NULL},
};
const struct meter_param ina228_params[INA2XX_PARAMS + 1] = {
	SHUNT_PARAMS,
	{"conversion", "", "2074us", 0, 0,
	 "50us|84us|150us|280us|540us|1052us|2074us|4120us: of shunt and of bus voltage each"},
	AVERAGING("1"),
	{NULL},
};

static const unsigned averagings[] = {1, 4, 16, 64, 128, 256, 512, 1024};

enum { INA219_BUS_RANGE_32V = 1 << 13 };

const struct ina2xx_part ina2xx_ina219 = {
	.params = ina219_params,
	/* Bits 15 and 14 are never set (CONFIG register), which tells an INA226 or a stranger
	 * before anything is written. Its reset value is all the identity it has. */
	.before = {{0x00, 0xC000, 0x0000, "CONFIG"}},
	.after = {{0x00, 0xFFFF, 0x399F, "CONFIG after a reset"}},
	.ranges = {{0.04, 10e-6, 100e-6, 0 << 11, 4000},
		   {0.08, 10e-6, 125e-6, 1 << 11, 8000},
		   {0.16, 10e-6, 150e-6, 2 << 11, 16000},
		   {0.32, 10e-6, 200e-6, 3 << 11, 32000}},
	.range_count = 4,
	.times = {{84, 0, 8},
		  {148, 1, 4},
		  {276, 2, 2},
		  {532, 3, 1},
		  {1060, 9, 1},
		  {2130, 10, 1},
		  {4260, 11, 1},
		  {8510, 12, 1},
		  {17020, 13, 1},
		  {34050, 14, 1},
		  {68100, 15, 1}},
	.mode_pointer = 0x00,
	.mode_fixed = 0x0007,
	.shunt_time_shift = 3,
	.bus_time_shift = 7,
	.result_bytes = 2,
	.shunt_pointer = 0x01,
	.bus_pointer = 0x02,
	.ready_pointer = 0x02,
	.ready_bit = 0x0002, /* CNVR */
	.clears_by_power = true,
	.bus_lsb_v = 4e-3,
	.bus_full_count = 8000,
	.clock_limit = 0.1,
	.gain_limit = 0.005,
	.bus_gain_limit = 0.005,
	.bus_offset_v = 4e-3,
};

const struct ina2xx_part ina2xx_ina226 = {
	.params = ina226_params,
	.before = {{0xFE, 0xFFFF, 0x5449, "MANUFACTURER ID"}, {0xFF, 0xFFF0, 0x2260, "DIE ID"}},
	.after = {{0x00, 0xFFFF, 0x4127, "CONFIG after a reset"}},
	.ranges = {{0.08192, 2.5e-6, 10e-6, 0, 32767}},
	.range_count = 1,
	.times = {{140, 0, 1},
		  {204, 1, 1},
		  {332, 2, 1},
		  {588, 3, 1},
		  {1100, 4, 1},
		  {2116, 5, 1},
		  {4156, 6, 1},
		  {8244, 7, 1}},
	.mode_pointer = 0x00,
	.mode_fixed = 0x4007,
	.shunt_time_shift = 3,
	.bus_time_shift = 6,
	.averaging_shift = 9,
	.has_averaging = true,
	.result_bytes = 2,
	.shunt_pointer = 0x01,
	.bus_pointer = 0x02,
	.ready_pointer = 0x06,
	.ready_bit = 0x0008, /* CVRF */
	.bus_lsb_v = 1.25e-3,
	.bus_full_count = 32767,
	.clock_limit = 0.1,
	.gain_limit = 0.001,
	.bus_gain_limit = 0.001,
	.bus_offset_v = 7.5e-3,
};

const struct ina2xx_part ina2xx_ina228 = {
	.params = ina228_params,
	.before = {{0x3E, 0xFFFF, 0x5449, "MANUFACTURER_ID"}, {0x3F, 0xFFF0, 0x2280, "DEVICE_ID"}},
	.after = {{0x01, 0xFFFF, 0xFB68, "ADC_CONFIG after a reset"},
		  {0x0B, 0x0001, 0x0001, "MEMSTAT (its trim memory) in DIAG_ALRT"}},
	.ranges = {{0.04096, 78.125e-9, 1e-6, 0x0010, 524287},
		   {0.16384, 312.5e-9, 1e-6, 0, 524287}},
	.range_count = 2,
	.times = {{50, 0, 1},
		  {84, 1, 1},
		  {150, 2, 1},
		  {280, 3, 1},
		  {540, 4, 1},
		  {1052, 5, 1},
		  {2074, 6, 1},
		  {4120, 7, 1}},
	.mode_pointer = 0x01,
	.mode_fixed = 0xB000,
	.shunt_time_shift = 6,
	.bus_time_shift = 9,
	.averaging_shift = 0,
	.has_averaging = true,
	.result_bytes = 3,
	.justify = 4,
	.shunt_pointer = 0x04,
	.bus_pointer = 0x05,
	.ready_pointer = 0x0B,
	.ready_bit = 0x0002, /* CNVRF */
	.has_sums = true,
	.bus_lsb_v = 195.3125e-6,
	.bus_full_count = 524287,
	.clock_limit = 0.01,
	.gain_limit = 0.0005,
	.bus_gain_limit = 0.0005,
	.bus_offset_v = 2.5e-3,
};

/* --- settings --------------------------------------------------------------------------------- */

/* The smallest range that i_max_a fits into. */
static int range_choose(const struct ina2xx_part *part, double i_max_a, double rshunt_ohm,
			struct ina2xx_range *ret_range, struct err *err)
{
	double burden_v = i_max_a * rshunt_ohm * (1 - 1e-9); /* 0.4 A over 0.1 ohm is 40 mV */
	const struct ina2xx_range *last = &part->ranges[part->range_count - 1];

	*ret_range = *last;
	if (i_max_a == 0)
		return 0;
	for (unsigned n = part->range_count; n-- > 0;)
		if (burden_v <= part->ranges[n].full_v)
			*ret_range = part->ranges[n];
	if (burden_v > last->full_v)
		return err_set(err, -EINVAL,
			       "i_max_a=%g over %g ohm is %g mV, and the largest range has %g mV: "
			       "take a smaller shunt",
			       i_max_a, rshunt_ohm, burden_v * 1e3, last->full_v * 1e3);
	return 0;
}

int ina2xx_setup_make(const struct ina2xx_part *part, const char *options,
		      struct ina2xx_setup *ret_setup, struct err *err)
{
	struct meter_param_value values[INA2XX_PARAMS];
	struct ina2xx_setup setup = {.part = part, .averaging = 1};
	const struct ina2xx_time *time;
	double address;
	int rc = meter_params_parse(part->params, options, values, err);

	if (rc)
		return rc;
	address = values[INA2XX_PARAM_ADDRESS].number;
	if (address != floor(address))
		return err_set(err, -EINVAL, "address=%g is no whole number", address);
	setup.address = (uint8_t)address;
	setup.rshunt_ohm = values[INA2XX_PARAM_RSHUNT].number;
	setup.rshunt_u_rel = values[INA2XX_PARAM_RSHUNT_U].number;
	rc = range_choose(part, values[INA2XX_PARAM_I_MAX].number, setup.rshunt_ohm, &setup.range,
			  err);
	if (rc)
		return rc;
	time = &part->times[(int)values[INA2XX_PARAM_CONVERSION].number];
	setup.config = part->config_fixed | setup.range.config;
	setup.mode = (uint16_t)(part->mode_fixed | time->code << part->shunt_time_shift |
				time->code << part->bus_time_shift);
	setup.bus_stop_count = part->bus_full_count;
	if (part->has_averaging) {
		int place = (int)values[INA2XX_PARAM_LAST].number;

		setup.averaging = averagings[place];
		setup.mode |= (uint16_t)(place << part->averaging_shift);
	} else if (values[INA2XX_PARAM_LAST].number > 0) {
		setup.config |= INA219_BUS_RANGE_32V;
	} else {
		setup.bus_stop_count /= 2;
	}
	if (part->mode_pointer == 0)
		setup.config = setup.mode |= setup.config;
	setup.period_s = 2e-6 * time->us * setup.averaging;
	setup.shunt_stop_count = setup.range.full_count - time->step + 1;
	*ret_setup = setup;
	return 0;
}

/* --- values ----------------------------------------------------------------------------------- */

static int32_t signed_value(const struct ina2xx_part *part, const uint8_t *bytes)
{
	uint32_t value = 0;

	for (unsigned n = 0; n < part->result_bytes; n++)
		value |= (uint32_t)bytes[n] << (24 - 8 * n);
	/* Left justified in 32 bits: the shift back brings the sign along. */
	return (int32_t)value / (1 << (32 - 8 * part->result_bytes + part->justify));
}

int32_t ina2xx_shunt_count(const struct ina2xx_part *part, const uint8_t *bytes)
{
	uint8_t masked[3] = {bytes[0], bytes[1], 0};

	/* Bits right of the value are cleared first: division rounds towards zero. */
	if (part->result_bytes == 3)
		masked[2] = bytes[2] & 0xF0;
	return signed_value(part, masked);
}

int32_t ina2xx_bus_count(const struct ina2xx_part *part, const uint8_t *bytes)
{
	if (part->clears_by_power) /* INA219: bits 15:3 */
		return (bytes[0] << 8 | bytes[1]) >> 3;
	if (part->result_bytes == 2)
		return (bytes[0] & 0x7F) << 8 | bytes[1];
	return (bytes[0] << 16 | bytes[1] << 8 | bytes[2]) >> part->justify;
}

double ina2xx_current_a(const struct ina2xx_setup *setup, int32_t shunt_count)
{
	return shunt_count * setup->range.lsb_v / setup->rshunt_ohm;
}

double ina2xx_bus_v(const struct ina2xx_setup *setup, int32_t bus_count)
{
	return bus_count * setup->part->bus_lsb_v;
}

bool ina2xx_is_saturated(const struct ina2xx_setup *setup, int32_t shunt_count, int32_t bus_count)
{
	return abs(shunt_count) >= setup->shunt_stop_count || bus_count >= setup->bus_stop_count;
}
