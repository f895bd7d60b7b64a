/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS220. Of a block's logic byte, bit n is logic input n (0..3) at the middle of the
 * sample, and bit 4 + n the same input at its end: the instrument reads its inputs at 2 MSa/s,
 * twice as often as it says the current.
 */
#ifndef DRIVERS_METER_JS220_H
#define DRIVERS_METER_JS220_H

#include "drivers/meter/meter.h"

extern const struct meter_ops meter_js220;

#endif
