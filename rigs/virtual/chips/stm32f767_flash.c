/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flash controller of the STM32F767 (RM0410 section 3) in single-bank mode: twelve sectors,
 * programming of 8, 16 or 32 bits as PSIZE says, erase by sector or as a whole. The bytes change
 * when an operation starts; an operation cut off by power or reset leaves its range undefined. Code
 * that runs from flash, from either side, stands still until the operation ends; limits of the
 * model: a data read of flash by code that runs from RAM does not wait, and code that sits in the
 * instruction cache waits as well. A bit that would have to rise from 0 to 1 is a fault here; on
 * silicon it stays 0 without a word. Option bytes cannot be changed.
 *
 * Times: DS11532, flash memory programming (single bank), typical.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32f767.h"

#define PROGRAM_PS (16 * STM32_PS_PER_US)
#define MS_PS      (1000 * STM32_PS_PER_US)

enum {
	FLASH_ACR = 0x00,
	FLASH_KEYR = 0x04,
	FLASH_OPTKEYR = 0x08,
	FLASH_SR = 0x0C,
	FLASH_CR = 0x10,
	FLASH_OPTCR = 0x14,
	FLASH_OPTCR1 = 0x18
};

#define OPTCR_VALUE  0xFFFFAAFDu /* factory: RDP 0, nDBANK 1, OPTLOCK */
#define OPTCR1_VALUE 0x00400080u /* BOOT_ADD1 0x00100000, BOOT_ADD0 0x00200000 */
#define SR_ERRORS                                                                                  \
	(STM32_FLASH_SR_OPERR | F767_SR_WRPERR | F767_SR_PGAERR | F767_SR_PGPERR | F767_SR_ERSERR)
#define ACR_LATENCY  0x0000000Fu
#define ACR_PRFTEN   0x00000100u
#define ACR_ARTEN    0x00000200u
#define ACR_ARTRST   0x00000800u
#define HCLK_MIN_HZ  1000000u
#define PSIZE(cr)    ((cr) >> 8 & 3)
#define PSIZE_64     3
#define LOADER_PSIZE 0

const struct stm32_flash_traits stm32f767_flash_traits = {
	.cr_name = "FLASH_CR",
	.keyr_name = "FLASH_KEYR",
	.irq = F767_IRQ_FLASH,
	.cr_writable = 0x030183FF,
};

/* By PSIZE: 8, 16, 32 bits */
static const struct {
	double vdd_v; /* least */
	unsigned erase_32k_ms, erase_128k_ms, erase_256k_ms, erase_all_ms;
} parallelisms[3] = {
	{1.7, 400, 1100, 2100, 16000},
	{2.1, 250, 800, 1500, 11000},
	{2.7, 200, 500, 1000, 8000},
};

static void erase_sector(struct stm32f767 *s, unsigned sector)
{
	stm32_flash_erase(&s->base, stm32f767_sector_offset(sector),
			  stm32f767_sector_bytes(sector));
}

static int64_t erase_ps(unsigned sector, unsigned psize)
{
	if (sector < 4)
		return parallelisms[psize].erase_32k_ms * MS_PS;
	return (sector == 4 ? parallelisms[psize].erase_128k_ms
			    : parallelisms[psize].erase_256k_ms) *
	       MS_PS;
}

static int64_t mass_erase_ps(unsigned psize)
{
	return parallelisms[psize].erase_all_ms * MS_PS;
}

/* false, and nothing happens: a bit would have to rise from 0 to 1. */
static bool program(struct stm32f767 *s, uint32_t offset, const uint8_t *bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (bytes[i] & ~s->base.flash[offset + i])
			return false;
	}
	memcpy(s->base.flash + offset, bytes, count);
	stm32_flash_invalidate(&s->base, offset & ~31u, 32);
	return true;
}

void stm32f767_flash_erase_page(struct stm32 *chip, unsigned sector)
{
	erase_sector(stm32f767_of(chip), sector);
}

bool stm32f767_flash_program_piece(struct stm32 *chip, uint32_t address, const uint8_t *bytes)
{
	return program(stm32f767_of(chip), address - STM32_FLASH_BASE, bytes,
		       F767_LOADER_PIECE_BYTES);
}

int64_t stm32f767_flash_erase_page_ps(void *context, unsigned sector)
{
	(void)context;
	return sector == ROM_LOADER_WHOLE_BANK ? mass_erase_ps(LOADER_PSIZE)
					       : erase_ps(sector, LOADER_PSIZE);
}

bool stm32f767_flash_stalls(const struct stm32 *chip, uint32_t address)
{
	uint32_t offset;

	return chip->flash_busy && stm32f767_memory_is_flash(address, &offset);
}

/* Power or reset in the middle of an operation: what was being changed is undefined. */
static void abort_operation(struct stm32f767 *s)
{
	if (!s->base.flash_busy)
		return;
	for (uint32_t i = 0; i < s->base.flashc.bytes; i++)
		s->base.flash[s->base.flashc.offset + i] = (uint8_t)stm32_random(&s->base);
	stm32_flash_invalidate(&s->base, s->base.flashc.offset & ~31u,
			       (s->base.flashc.bytes + 31) & ~31u);
}

/* What an operation asks of supply and clock. */
static bool conditions_hold(struct stm32f767 *s)
{
	unsigned psize = PSIZE(s->base.flashc.cr);

	if (psize == PSIZE_64)
		stm32_fault(&s->base,
			    "FLASH_CR.PSIZE 3 (64 bits) needs VPP, which this board lacks");
	else if (s->base.pins.vdd_v < parallelisms[psize].vdd_v)
		stm32_fault(&s->base,
			    "FLASH_CR.PSIZE %u (%u bits) at a VDD of %.2f V, the least is "
			    "%.1f V",
			    psize, 8u << psize, s->base.pins.vdd_v, parallelisms[psize].vdd_v);
	else if (s->clock.hclk_hz < HCLK_MIN_HZ)
		stm32_fault(&s->base, "flash changed with HCLK at %g MHz, the least is 1 MHz",
			    (double)s->clock.hclk_hz / 1e6);
	else
		return true;
	return false;
}

void stm32f767_flash_store(struct stm32f767 *s, uint32_t offset, unsigned size, uint32_t value)
{
	const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
				  (uint8_t)(value >> 24)};
	uint32_t old = 0;

	if (!stm32_flash_takes_store(&s->base, offset, size))
		return;
	if (!(s->base.flashc.cr & STM32_FLASH_CR_PG)) {
		stm32_flash_fail(&s->base, F767_SR_ERSERR);
	} else if (size != 1u << PSIZE(s->base.flashc.cr) && PSIZE(s->base.flashc.cr) != PSIZE_64) {
		stm32_flash_fail(&s->base, F767_SR_PGPERR);
	} else if (conditions_hold(s)) {
		memcpy(&old, s->base.flash + offset, size);
		if (program(s, offset, bytes, size))
			stm32_flash_start(&s->base, offset, size, PROGRAM_PS);
		else
			stm32_fault(&s->base,
				    "flash programmed without erase at 0x%08x: 0x%x over 0x%x",
				    STM32_FLASH_BASE + offset, value, old);
	}
}

static bool erase_is_legal(struct stm32f767 *s)
{
	uint32_t cr = s->base.flashc.cr;
	bool sector = cr & F767_FLASH_CR_SER, all = cr & F767_FLASH_CR_MER;

	if (cr & F767_FLASH_CR_MER2)
		stm32_fault(&s->base, "FLASH_CR.MER2 in single-bank mode (nDBANK is 1)");
	else if (cr & STM32_FLASH_CR_PG || sector == all)
		stm32_fault(&s->base,
			    "FLASH_CR 0x%08x starts an erase: exactly one of SER and MER "
			    "must be set, and PG clear",
			    cr);
	else if (sector && (cr >> 3 & 31) >= F767_SECTOR_COUNT)
		stm32_fault(&s->base, "FLASH_CR.SNB %u: there are sectors 0 to 11", cr >> 3 & 31);
	else
		return conditions_hold(s);
	return false;
}

static void start_erase(struct stm32f767 *s)
{
	unsigned psize = PSIZE(s->base.flashc.cr), sector = s->base.flashc.cr >> 3 & 31;

	if (!erase_is_legal(s)) {
		s->base.flashc.cr &= ~STM32_FLASH_CR_STRT;
	} else if (s->base.flashc.cr & F767_FLASH_CR_MER) {
		stm32_flash_erase(&s->base, 0, F767_FLASH_BYTES);
		stm32_flash_start(&s->base, 0, F767_FLASH_BYTES, mass_erase_ps(psize));
	} else {
		erase_sector(s, sector);
		stm32_flash_start(&s->base, stm32f767_sector_offset(sector),
				  stm32f767_sector_bytes(sector), erase_ps(sector, psize));
	}
}

static void cr_write(struct stm32f767 *s, uint32_t value)
{
	if (!stm32_flash_takes_cr(&s->base, value))
		return;
	stm32_flash_cr_write(&s->base, value);
	if (value & STM32_FLASH_CR_STRT)
		start_erase(s);
}

static void acr_apply(struct stm32f767 *s)
{
	uint32_t acr = s->base.flashc.acr;

	armv7em_set_flash(s->base.core, acr & ACR_LATENCY, acr & ACR_PRFTEN, acr & ACR_ARTEN,
			  acr & ACR_ARTEN);
}

static void acr_write(struct stm32f767 *s, uint32_t value)
{
	if (value & ACR_ARTRST && s->base.flashc.acr & ACR_ARTEN) {
		stm32_fault(&s->base, "FLASH_ACR.ARTRST set while ARTEN is set");
		return;
	}
	s->base.flashc.acr = value & (ACR_LATENCY | ACR_PRFTEN | ACR_ARTEN | ACR_ARTRST);
	acr_apply(s);
	stm32f767_rules_check_hclk(s);
}

uint32_t stm32f767_flash_read(struct stm32 *chip, uint32_t offset)
{
	switch (offset) {
	case FLASH_ACR:
		return chip->flashc.acr;
	case FLASH_KEYR:
	case FLASH_OPTKEYR:
		return 0;
	case FLASH_SR:
		return chip->flashc.sr | (chip->flash_busy ? STM32_FLASH_SR_BSY : 0);
	case FLASH_CR:
		return chip->flashc.cr;
	case FLASH_OPTCR:
		return OPTCR_VALUE;
	case FLASH_OPTCR1:
		return OPTCR1_VALUE;
	default:
		stm32_unmodelled(chip, F767_FLASHC_BASE + offset);
		return 0;
	}
}

void stm32f767_flash_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32f767 *s = stm32f767_of(chip);

	switch (offset) {
	case FLASH_ACR:
		acr_write(s, stm32_merge(chip->flashc.acr, value, mask));
		break;
	case FLASH_KEYR:
		stm32_flash_key_write(chip, value);
		break;
	case FLASH_SR: /* ones clear */
		chip->flashc.sr &= ~(value & (SR_ERRORS | STM32_FLASH_SR_EOP));
		stm32_flash_irq_update(chip);
		break;
	case FLASH_CR:
		cr_write(s, stm32_merge(chip->flashc.cr, value, mask));
		break;
	case FLASH_OPTKEYR:
	case FLASH_OPTCR:
	case FLASH_OPTCR1:
		stm32_fault(chip, "option bytes are not modelled (0x%08x written to 0x%08x)", value,
			    F767_FLASHC_BASE + offset);
		break;
	default:
		stm32_unmodelled(chip, F767_FLASHC_BASE + offset);
		break;
	}
}

void stm32f767_flash_reset(struct stm32f767 *s)
{
	abort_operation(s);
	stm32_flash_reset(&s->base);
	acr_apply(s);
}
