/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How the flash of an STM32 is cut into pages, by the product id its loader reports (AN2606, and
 * the flash chapters of the reference manuals).
 */
#ifndef DRIVERS_FLASH_STM32_FAMILY_H
#define DRIVERS_FLASH_STM32_FAMILY_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum { STM32_FLASH_BASE = 0x08000000, STM32_PAGE_RUNS = 3 };

/* Pages (ST says sectors where they differ in size) are numbered from 0 at STM32_FLASH_BASE. */
struct stm32_family {
	uint16_t id;
	const char *parts;
	struct {
		uint16_t count;
		uint16_t size_kib;
	} pages[STM32_PAGE_RUNS]; /* unused: 0 */
	uint16_t unit; /* bytes written at once: writes start on one and are padded to one */
};

/* The family of that product id, or NULL. */
const struct stm32_family *stm32_family_find(uint16_t id);

struct stm32_page_range {
	unsigned first, count;
};

/* The pages that bytes address..address+count-1 lie on. -EINVAL: not in flash, or address is not
 * the start of a page, so that erasing would take bytes in front of it along. */
int stm32_family_pages(const struct stm32_family *family, uint32_t address, size_t count,
		       struct stm32_page_range *ret_range, struct err *err);

#endif
