/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS110. Of a block's logic byte, bits 0 and 1 are the logic inputs; bits 4 and 5 say
 * the same again (the instrument reads them once per sample).
 */
#ifndef DRIVERS_METER_JS110_H
#define DRIVERS_METER_JS110_H

#include "drivers/meter/meter.h"

extern const struct meter_ops meter_js110;

#endif
