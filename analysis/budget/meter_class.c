/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows from the device documents: Nordic PPK2 (user guide, measurement ranges: typical accuracy and
 * resolution, no limits), Texas Instruments SBOS448 (INA219), SBOS547 (INA226), SLYS021 (INA228),
 * ST UM2243 (LPM01A), Joulescope (accuracy statement not at hand). Shunts of the INA boards are 1 %
 * resistors unless the rig says otherwise; their offsets are those of the chip over 0.1 ohm.
 */
#include "analysis/budget/meter_class.h"

#include <math.h>
#include <string.h>

/* clang-format off */
#define RECTANGULAR(width, source) {width, {BUDGET_RECTANGULAR, false, source}}
#define STANDARD(u, source)        {u, {BUDGET_NORMAL, false, source}}
#define ASSUMED(width, why)        {width, {BUDGET_RECTANGULAR, true, why}}
#define ASSUMED_STANDARD(u, why)   {u, {BUDGET_NORMAL, true, why}}
#define NO_BURDEN(why)             {0, {BUDGET_RECTANGULAR, false, why}}

#define SHUNT_1_PCT "1 % shunt resistor; the chip's own gain error is small beside it"
#define CRYSTAL     "crystal, +-87 ppm"
#define TEMPCO      "50 ppm/K, usual for shunt and reference together"

static const struct meter_class classes[] = {
	{.model = "ina219",
	 .gain = ASSUMED(0.01, SHUNT_1_PCT),
	 .offset = ASSUMED(1e-3, "100 uV over 0.1 ohm"),
	 .temperature = ASSUMED(100e-6, "shunt 50 ppm/K and chip"),
	 .calibration_c = 25,
	 .time_base = ASSUMED(50e-6, "time is the host's"),
	 .burden = NO_BURDEN("bus voltage is sensed behind the shunt (INA219 sheet, Flags)"),
	 .resolution_a = 100e-6 /* 10 uV over 0.1 ohm: INA219 sheet, Limits */,
	 .measures_voltage = true,
	 .voltage = ASSUMED(0.01, "gain error of the bus voltage")},
	{.model = "ina226",
	 .gain = ASSUMED(0.01, SHUNT_1_PCT),
	 .offset = RECTANGULAR(100e-6, "SBOS547, features: offset 10 uV max; over 0.1 ohm"),
	 .temperature = ASSUMED(50e-6, TEMPCO),
	 .calibration_c = 25,
	 .time_base = ASSUMED(50e-6, "time is the host's"),
	 .burden = NO_BURDEN("bus voltage is sensed behind the shunt"),
	 .resolution_a = 25e-6 /* 2.5 uV over 0.1 ohm: INA226 sheet, Registers */,
	 .measures_voltage = true,
	 .voltage = RECTANGULAR(0.001, "SBOS547, features: gain error 0.1 % max")},
	{.model = "ina228",
	 .gain = ASSUMED(0.01, SHUNT_1_PCT),
	 .offset = ASSUMED(10e-6, "1 uV over 0.1 ohm"),
	 .temperature = ASSUMED(50e-6, TEMPCO),
	 .calibration_c = 25,
	 .time_base = RECTANGULAR(0.01, "INA228 sheet, Accumulator semantics: +-1 % class"),
	 .burden = NO_BURDEN("bus voltage is sensed behind the shunt"),
	 .resolution_a = 3.125e-6 /* 312.5 nV over 0.1 ohm: INA228 sheet, Registers */,
	 .measures_voltage = true,
	 .voltage = ASSUMED(0.001, "gain error of the bus voltage")},
	{.model = "js110",
	 .gain = ASSUMED(0.01, "no accuracy statement at hand"),
	 .offset = ASSUMED(10e-6, "no accuracy statement at hand"),
	 .temperature = ASSUMED(50e-6, TEMPCO),
	 .calibration_c = 25,
	 .time_base = ASSUMED(87e-6, CRYSTAL),
	 .burden = NO_BURDEN("voltage is measured at the output"),
	 .measures_voltage = true,
	 .voltage = ASSUMED(0.005, "no accuracy statement at hand")},
	{.model = "js220",
	 .gain = ASSUMED(0.005, "no accuracy statement at hand"),
	 .offset = ASSUMED(5e-6, "no accuracy statement at hand"),
	 .temperature = ASSUMED(50e-6, TEMPCO),
	 .calibration_c = 25,
	 .time_base = ASSUMED(87e-6, CRYSTAL),
	 .burden = NO_BURDEN("voltage is measured at the output"),
	 .measures_voltage = true,
	 .voltage = ASSUMED(0.0025, "no accuracy statement at hand")},
	{.model = "lpm01a",
	 .gain = RECTANGULAR(0.02, "UM2243 p. 23: static mode better than 2 %"),
	 .offset = ASSUMED(1e-6, "ten times the least current of the dynamic mode"),
	 .temperature = ASSUMED(50e-6, TEMPCO),
	 .calibration_c = 25,
	 .time_base = ASSUMED(87e-6, CRYSTAL),
	 .burden = RECTANGULAR(0.060, "UM2243 p. 23: drop-out up to 60 mV"),
	 .resolution_a = 100e-9 /* LPM01A sheet, Commands: acqmode dyn */},
	{.model = "ppk2",
	 .gain = ASSUMED_STANDARD(0.005, "users find a few per mille; Nordic says 10 % typically"),
	 .offset = ASSUMED(200e-9, "least current it resolves (PPK2 sheet, Limits)"),
	 .temperature = ASSUMED(50e-6, TEMPCO),
	 .calibration_c = 25,
	 .time_base = ASSUMED(87e-6, CRYSTAL),
	 .burden = NO_BURDEN("source mode: in the uncertainty of the set voltage")},
};

static const struct meter_class unknown = {
	.model = "",
	.gain = ASSUMED(0.05, "meter not in the table"),
	.time_base = ASSUMED(87e-6, CRYSTAL),
	.burden = NO_BURDEN("meter not in the table"),
};
/* clang-format on */

enum { CLASS_COUNT = sizeof(classes) / sizeof(classes[0]) };

const struct meter_class *meter_class_find(const char *model)
{
	for (size_t i = 0; i < CLASS_COUNT; i++)
		if (!strcmp(classes[i].model, model))
			return &classes[i];
	return NULL;
}

const struct meter_class *meter_class_unknown(void)
{
	return &unknown;
}

const struct meter_class *meter_class_at(size_t index)
{
	return index < CLASS_COUNT ? &classes[index] : NULL;
}

double meter_limit_u(const struct meter_limit *limit)
{
	return limit->basis.distribution == BUDGET_NORMAL ? limit->half_width
							  : limit->half_width / sqrt(3);
}
