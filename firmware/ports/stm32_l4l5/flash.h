/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What differs between the flash interfaces of STM32L4+ and STM32L5, between these ports.
 */
#ifndef FIRMWARE_PORTS_STM32_L4L5_FLASH_H
#define FIRMWARE_PORTS_STM32_L4L5_FLASH_H

#include <stdint.h>

struct flash {
	uint32_t slot_at;
	uint32_t slot_bytes;
	uint32_t page_bytes;
	uint32_t pages_per_bank;
	uint32_t sr; /* addresses of the registers */
	uint32_t cr;
	uint32_t optr;
	uint32_t errors;       /* bits of SR */
	uint32_t options_mask; /* bits of OPTR, and what they have to be */
	uint32_t options;
	const char *options_needed; /* that in words */
};
/* The port's. */
extern const struct flash flash;

/* The port's, before and after the slot changes: off whatever could take in or keep wrong data;
 * empty, and on again. The second is also called when the first failed or was not reached. */
const char *flash_caches_off(void);
void flash_caches_on(void);

#endif
