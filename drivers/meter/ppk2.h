/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II. With settings.supply_v it is the source (0.8..5.0 V, up to 1 A; the
 * board is switched by meter_supply); without, it is an ammeter in the board's own supply line, and
 * lets current pass from open on. It measures no voltage and no negative current.
 */
#ifndef DRIVERS_METER_PPK2_H
#define DRIVERS_METER_PPK2_H

#include "drivers/meter/meter.h"

extern const struct meter_ops meter_ppk2;

#endif
