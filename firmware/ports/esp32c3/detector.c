/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ESP32-C3 has a brown-out detector, but its levels are documented only as far as ESP-IDF's
 * configuration names them (2.51 to 3.27 V, no tolerance): it is left as the ROM leaves it.
 */
#include "firmware/ports/port.h"

bool port_supply_watch(void)
{
	return false;
}

bool port_supply_was_low(void)
{
	return false;
}
