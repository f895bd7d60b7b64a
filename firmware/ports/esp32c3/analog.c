/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The internal bus to the analog blocks; see analog.h.
 */
#include "firmware/ports/esp32c3/analog.h"

#include "firmware/ports/esp32c3/registers.h"

enum { BUS_US = 1000, AT_SHIFT = 8, VALUE_SHIFT = 16 };

static bool bus_idle(void)
{
	return register_wait(&ANA_I2C0, ANA_I2C0_BUSY, 0, BUS_US);
}

bool analog_read(enum analog_block block, uint8_t at, uint8_t *ret_value)
{
	if (!bus_idle())
		return false;
	ANA_I2C0 = (uint32_t)block | (uint32_t)at << AT_SHIFT;
	if (!bus_idle())
		return false;
	*ret_value = (uint8_t)(ANA_I2C0 >> VALUE_SHIFT);
	return true;
}

bool analog_write(enum analog_block block, uint8_t at, uint8_t value)
{
	if (!bus_idle())
		return false;
	ANA_I2C0 = ANA_I2C0_WRITE | (uint32_t)block | (uint32_t)at << AT_SHIFT |
		   (uint32_t)value << VALUE_SHIFT;
	return bus_idle();
}

bool analog_modify(enum analog_block block, uint8_t at, uint8_t mask, uint8_t value)
{
	uint8_t now = 0;

	if (!analog_read(block, at, &now))
		return false;
	return analog_write(block, at, (uint8_t)((now & ~mask) | (value & mask)));
}
