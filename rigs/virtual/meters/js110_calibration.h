/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The calibration record of a JS110 as the host reads it (device sheet, "Calibration blob").
 */
#ifndef RIGS_VIRTUAL_METERS_JS110_CALIBRATION_H
#define RIGS_VIRTUAL_METERS_JS110_CALIBRATION_H

#include <stddef.h>
#include <stdint.h>

#include "rigs/virtual/meters/js110_analog.h"

#define JS110_SERIAL_BYTES      16
#define JS110_CALIBRATION_BYTES 2048 /* room for a record */

/* Returns the bytes of the record. */
size_t js110_calibration_encode(const struct js110_calibration *calibration, const uint8_t *serial,
				uint8_t *ret_bytes);

#endif
