/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The flashers by name.
 */
#include "drivers/flash/flash.h"

#include <assert.h>
#include <string.h>

#include "drivers/flash/dfuse.h"
#include "drivers/flash/esp32_rom.h"
#include "drivers/flash/openocd.h"
#include "drivers/flash/stm32_uart.h"

/* Alphabetical, as the names below. */
static const struct flash_ops *const flashers[] = {
	&flash_dfuse,
	&flash_esp32_rom,
	&flash_openocd,
	&flash_stm32_uart,
};

static const char *const names[] = {
	"dfuse", "esp32_rom", "openocd", "stm32_uart", NULL,
};

/* By bit. */
static const char *const key_names[FLASH_KEYS] = {
	"baud", "id", "link", "server", "config", "adapter_serial",
};

_Static_assert(sizeof(names) / sizeof(names[0]) == sizeof(flashers) / sizeof(flashers[0]) + 1,
	       "one name per flasher");

const struct flash_ops *flash_find(const char *name)
{
	for (size_t i = 0; i < sizeof(flashers) / sizeof(flashers[0]); i++)
		if (!strcmp(flashers[i]->name, name))
			return flashers[i];
	return NULL;
}

const char *const *flash_names(void)
{
	return names;
}

const char *flash_key_name(unsigned key)
{
	unsigned bit = 0;

	while (bit < FLASH_KEYS && key != 1u << bit)
		bit++;
	assert(bit < FLASH_KEYS);
	return key_names[bit];
}

size_t flash_first_difference(const uint8_t *left, const uint8_t *right, size_t count)
{
	size_t i = 0;

	while (i < count && left[i] == right[i])
		i++;
	return i;
}
