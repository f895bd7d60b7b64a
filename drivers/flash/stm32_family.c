/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32 flash layouts. Where a part has two banks whose page numbers depend on option bytes or are
 * not documented for the loader, only what is certain is listed: writing beyond it is refused.
 */
#include "drivers/flash/stm32_family.h"

#include <errno.h>

enum { KIB = 1024 };

/* By product id. Sizes are of the largest part; a smaller one refuses to erase what it lacks. */
static const struct stm32_family families[] = {
	{0x413, "F405/407", {{4, 16}, {1, 64}, {7, 128}}, 4},
	{0x415, "L47x/48x", {{512, 2}}, 8},
	{0x419, "F42x/43x", {{4, 16}, {1, 64}, {3, 128}}, 4}, /* further on depends on DB1M */
	{0x421, "F446", {{4, 16}, {1, 64}, {3, 128}}, 4},
	{0x431, "F411", {{4, 16}, {1, 64}, {3, 128}}, 4},
	{0x433, "F401xD/E", {{4, 16}, {1, 64}, {3, 128}}, 4},
	{0x435, "L43x/44x", {{128, 2}}, 8},
	{0x449, "F74x/75x", {{4, 32}, {1, 128}, {3, 256}}, 4},
	{0x450, "H74x/75x", {{8, 128}}, 32},                   /* bank 1; 256-bit flash words */
	{0x451, "F76x/77x", {{4, 32}, {1, 128}, {7, 256}}, 4}, /* single bank */
	{0x452, "F72x", {{4, 16}, {1, 64}, {3, 128}}, 4},
	{0x455, "U535/545", {{64, 8}}, 16},
	{0x461, "L496/4A6", {{512, 2}}, 8},
	{0x462, "L45x/46x", {{256, 2}}, 8},
	{0x470, "L4R/L4S", {{512, 4}}, 8},  /* two banks, as delivered; 8K pages in one bank */
	{0x472, "L55x/56x", {{256, 2}}, 8}, /* two banks; 4K pages in one bank */
	{0x476, "U5Fx/5Gx", {{512, 8}}, 16},
	{0x481, "U595/5A5", {{512, 8}}, 16},
	{0x482, "U575/585", {{256, 8}}, 16},
	{0x484, "H56x/57x", {{256, 8}}, 16},
};

const struct stm32_family *stm32_family_find(uint16_t id)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].id == id)
			return &families[i];
	return NULL;
}

/* Where page number index begins, as an offset from the flash's start; the first number beyond the
 * last page gives the flash's size. */
static uint64_t page_offset(const struct stm32_family *family, unsigned index)
{
	uint64_t offset = 0;

	for (size_t run = 0; run < STM32_PAGE_RUNS; run++) {
		unsigned here = index < family->pages[run].count ? index : family->pages[run].count;

		offset += (uint64_t)here * family->pages[run].size_kib * KIB;
		index -= here;
	}
	return offset;
}

static unsigned page_total(const struct stm32_family *family)
{
	unsigned total = 0;

	for (size_t run = 0; run < STM32_PAGE_RUNS; run++)
		total += family->pages[run].count;
	return total;
}

int stm32_family_pages(const struct stm32_family *family, uint32_t address, size_t count,
		       struct stm32_page_range *ret_range, struct err *err)
{
	unsigned total = page_total(family), first = 0, last;
	uint64_t size = page_offset(family, total), begin;

	if (count == 0 || count > size || address < STM32_FLASH_BASE ||
	    address - STM32_FLASH_BASE > size - count)
		return err_set(err, -EINVAL,
			       "%zu bytes at 0x%08x are not within the flash of an STM32 %s "
			       "(%llu KiB from 0x%08x)",
			       count, address, family->parts, (unsigned long long)size / KIB,
			       STM32_FLASH_BASE);
	begin = address - STM32_FLASH_BASE;
	while (page_offset(family, first) < begin)
		first++;
	if (page_offset(family, first) != begin)
		return err_set(err, -EINVAL,
			       "0x%08x is not the start of a flash page of an STM32 %s", address,
			       family->parts);
	for (last = first; page_offset(family, last + 1) < begin + count; last++)
		;
	*ret_range = (struct stm32_page_range){.first = first, .count = last - first + 1};
	return 0;
}
