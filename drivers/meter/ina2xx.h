/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TI INA219, INA226 and INA228 on an I2C bus, a shunt in series between a supply and the board.
 * They measure current and voltage, feed nothing, and have no logic inputs: markers need another
 * way to the host.
 *
 * A sample is one conversion: the mean of the shunt voltage over its first part, the bus voltage
 * over its second (bit CNVR, CVRF or CNVRF says that both are done). The sample index counts
 * conversions, also those that nobody fetched. Converters have no clock but their own (up to 10 %
 * off in an INA219 and INA226). What is known of time: when a look began that found the block's
 * last sample not ready yet (block.bound_ns), and when the look was over that found it ready
 * (block.t_mono_ns).
 *
 * Lost conversions show by time alone, against the conversion time as it was measured since the
 * start. Where the count may be off by one (the host looked away for more than a conversion, and
 * one ended close to either end of that time), or by more (before 16 conversions are in only the
 * nominal time is known), the block says METER_BLOCK_TIME_MISMATCH.
 *
 * Their own CURRENT and POWER registers are not used: raw shunt and bus counts are converted here.
 * The INA228 sums charge and energy itself, from every conversion; energy as magnitude, and both
 * by its own clock (+-0.5 %). It offers them with averaging=1 only: else they would run ahead of
 * the samples.
 */
#ifndef DRIVERS_METER_INA2XX_H
#define DRIVERS_METER_INA2XX_H

#include "drivers/meter/meter.h"

extern const struct meter_ops meter_ina219;
extern const struct meter_ops meter_ina226;
extern const struct meter_ops meter_ina228;

#endif
