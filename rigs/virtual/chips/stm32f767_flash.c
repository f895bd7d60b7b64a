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
	(F767_SR_OPERR | F767_SR_WRPERR | F767_SR_PGAERR | F767_SR_PGPERR | F767_SR_ERSERR)
#define CR_WRITABLE  0x030183FFu
#define ACR_LATENCY  0x0000000Fu
#define ACR_PRFTEN   0x00000100u
#define ACR_ARTEN    0x00000200u
#define ACR_ARTRST   0x00000800u
#define HCLK_MIN_HZ  1000000u
#define PSIZE(cr)    ((cr) >> 8 & 3)
#define PSIZE_64     3
#define LOADER_PSIZE 0

enum { KEY_LOCKED = 0, KEY_HALF, KEY_OPEN, KEY_DEAD };

/* By PSIZE: 8, 16, 32 bits */
static const struct {
	double vdd_v; /* least */
	unsigned erase_32k_ms, erase_128k_ms, erase_256k_ms, erase_all_ms;
} parallelisms[3] = {
	{1.7, 400, 1100, 2100, 16000},
	{2.1, 250, 800, 1500, 11000},
	{2.7, 200, 500, 1000, 8000},
};

static void irq_update(struct stm32f767 *s)
{
	uint32_t sr = s->flashc.sr, cr = s->flashc.cr;

	armv7em_set_irq(s->base.core, F767_IRQ_FLASH,
			(sr & F767_SR_EOP && cr & F767_FLASH_CR_EOPIE) ||
				(sr & F767_SR_OPERR && cr & F767_FLASH_CR_ERRIE));
}

static void fail(struct stm32f767 *s, uint32_t error)
{
	s->flashc.sr |= error;
	if (s->flashc.cr & F767_FLASH_CR_ERRIE)
		s->flashc.sr |= F767_SR_OPERR;
	irq_update(s);
}

static void invalidate(struct stm32f767 *s, uint32_t offset, uint32_t bytes)
{
	armv7em_invalidate(s->base.core, F767_FLASH_BASE + offset, bytes); /* its alias as well */
}

static void erase(struct stm32f767 *s, uint32_t offset, uint32_t bytes)
{
	memset(s->flash + offset, 0xFF, bytes);
	invalidate(s, offset, bytes);
}

static void erase_sector(struct stm32f767 *s, unsigned sector)
{
	erase(s, stm32f767_sector_offset(sector), stm32f767_sector_bytes(sector));
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
		if (bytes[i] & ~s->flash[offset + i])
			return false;
	}
	memcpy(s->flash + offset, bytes, count);
	invalidate(s, offset & ~31u, 32);
	return true;
}

void stm32f767_flash_erase_page(struct stm32 *chip, unsigned sector)
{
	erase_sector(stm32f767_of(chip), sector);
}

bool stm32f767_flash_program_piece(struct stm32 *chip, uint32_t address, const uint8_t *bytes)
{
	return program(stm32f767_of(chip), address - F767_FLASH_BASE, bytes,
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

static void start(struct stm32f767 *s, uint32_t offset, uint32_t bytes, int64_t duration_ps)
{
	struct stm32 *chip = &s->base;

	s->flashc.offset = offset;
	s->flashc.bytes = bytes;
	chip->flash_busy = true;
	chip->flash_end_ps = stm32_now(chip);
	if (chip->flash_end_ps < chip->stall_end_ps)
		chip->flash_end_ps = chip->stall_end_ps; /* it had to wait for the one before */
	chip->flash_end_ps += duration_ps;
	stm32_schedule(chip, STM32_DEADLINE_FLASH, chip->flash_end_ps);
}

void stm32f767_flash_event(struct stm32 *chip, int64_t t_ps)
{
	struct stm32f767 *s = stm32f767_of(chip);

	(void)t_ps;
	s->base.flash_busy = false;
	s->flashc.cr &= ~F767_FLASH_CR_STRT;
	if (s->flashc.cr & F767_FLASH_CR_EOPIE)
		s->flashc.sr |= F767_SR_EOP;
	irq_update(s);
}

/* The bus holds a write to the controller back until the operation in progress has ended: the write
 * takes effect, and the core does nothing until then. */
static void wait_until_idle(struct stm32f767 *s)
{
	if (!s->base.flash_busy)
		return;
	s->base.stall_end_ps = s->base.flash_end_ps;
	stm32_schedule(&s->base, STM32_DEADLINE_FLASH, STM32_NEVER_PS);
	stm32f767_flash_event(&s->base, s->base.flash_end_ps);
}

/* Power or reset in the middle of an operation: what was being changed is undefined. */
static void abort_operation(struct stm32f767 *s)
{
	if (!s->base.flash_busy)
		return;
	for (uint32_t i = 0; i < s->flashc.bytes; i++)
		s->flash[s->flashc.offset + i] = (uint8_t)stm32_random(&s->base);
	invalidate(s, s->flashc.offset & ~31u, (s->flashc.bytes + 31) & ~31u);
	s->base.flash_busy = false;
	s->base.deadline_ps[STM32_DEADLINE_FLASH] = STM32_NEVER_PS;
}

/* What an operation asks of supply and clock. */
static bool conditions_hold(struct stm32f767 *s)
{
	unsigned psize = PSIZE(s->flashc.cr);

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

	if (s->flashc.cr & F767_FLASH_CR_LOCK) {
		stm32_fault(&s->base, "store of %u bytes to locked flash at 0x%08x", size,
			    F767_FLASH_BASE + offset);
		return;
	}
	wait_until_idle(s);
	if (!(s->flashc.cr & F767_FLASH_CR_PG)) {
		fail(s, F767_SR_ERSERR);
	} else if (size != 1u << PSIZE(s->flashc.cr) && PSIZE(s->flashc.cr) != PSIZE_64) {
		fail(s, F767_SR_PGPERR);
	} else if (conditions_hold(s)) {
		memcpy(&old, s->flash + offset, size);
		if (program(s, offset, bytes, size))
			start(s, offset, size, PROGRAM_PS);
		else
			stm32_fault(&s->base,
				    "flash programmed without erase at 0x%08x: 0x%x over 0x%x",
				    F767_FLASH_BASE + offset, value, old);
	}
}

static bool erase_is_legal(struct stm32f767 *s)
{
	uint32_t cr = s->flashc.cr;
	bool sector = cr & F767_FLASH_CR_SER, all = cr & F767_FLASH_CR_MER;

	if (cr & F767_FLASH_CR_MER2)
		stm32_fault(&s->base, "FLASH_CR.MER2 in single-bank mode (nDBANK is 1)");
	else if (cr & F767_FLASH_CR_PG || sector == all)
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
	unsigned psize = PSIZE(s->flashc.cr), sector = s->flashc.cr >> 3 & 31;

	if (!erase_is_legal(s)) {
		s->flashc.cr &= ~F767_FLASH_CR_STRT;
	} else if (s->flashc.cr & F767_FLASH_CR_MER) {
		erase(s, 0, F767_FLASH_BYTES);
		start(s, 0, F767_FLASH_BYTES, mass_erase_ps(psize));
	} else {
		erase_sector(s, sector);
		start(s, stm32f767_sector_offset(sector), stm32f767_sector_bytes(sector),
		      erase_ps(sector, psize));
	}
}

static void cr_write(struct stm32f767 *s, uint32_t value)
{
	struct f767_flash *flashc = &s->flashc;

	if (flashc->cr & F767_FLASH_CR_LOCK) {
		if ((value ^ flashc->cr) & CR_WRITABLE)
			stm32_fault(&s->base, "FLASH_CR 0x%08x written while it is locked", value);
		return;
	}
	wait_until_idle(s);
	flashc->cr = value & (CR_WRITABLE | F767_FLASH_CR_LOCK);
	if (value & F767_FLASH_CR_LOCK)
		flashc->key_step = KEY_LOCKED;
	irq_update(s);
	if (value & F767_FLASH_CR_STRT)
		start_erase(s);
}

static void key_write(struct stm32f767 *s, uint32_t key)
{
	struct f767_flash *flashc = &s->flashc;

	if (flashc->key_step == KEY_LOCKED && key == F767_FLASH_KEY1) {
		flashc->key_step = KEY_HALF;
	} else if (flashc->key_step == KEY_HALF && key == F767_FLASH_KEY2) {
		flashc->key_step = KEY_OPEN;
		flashc->cr &= ~F767_FLASH_CR_LOCK;
	} else {
		stm32_fault(&s->base,
			    "FLASH_KEYR 0x%08x is out of sequence%s: flash stays locked "
			    "until the next reset",
			    key, flashc->key_step == KEY_OPEN ? " (it is open)" : "");
		flashc->key_step = KEY_DEAD;
		flashc->cr |= F767_FLASH_CR_LOCK;
	}
}

static void acr_apply(struct stm32f767 *s)
{
	uint32_t acr = s->flashc.acr;

	armv7em_set_flash(s->base.core, acr & ACR_LATENCY, acr & ACR_PRFTEN, acr & ACR_ARTEN,
			  acr & ACR_ARTEN);
}

static void acr_write(struct stm32f767 *s, uint32_t value)
{
	if (value & ACR_ARTRST && s->flashc.acr & ACR_ARTEN) {
		stm32_fault(&s->base, "FLASH_ACR.ARTRST set while ARTEN is set");
		return;
	}
	s->flashc.acr = value & (ACR_LATENCY | ACR_PRFTEN | ACR_ARTEN | ACR_ARTRST);
	acr_apply(s);
	stm32f767_rules_check_hclk(s);
}

uint32_t stm32f767_flash_read(struct stm32f767 *s, uint32_t offset)
{
	switch (offset) {
	case FLASH_ACR:
		return s->flashc.acr;
	case FLASH_KEYR:
	case FLASH_OPTKEYR:
		return 0;
	case FLASH_SR:
		return s->flashc.sr | (s->base.flash_busy ? F767_SR_BSY : 0);
	case FLASH_CR:
		return s->flashc.cr;
	case FLASH_OPTCR:
		return OPTCR_VALUE;
	case FLASH_OPTCR1:
		return OPTCR1_VALUE;
	default:
		stm32_unmodelled(&s->base, F767_FLASHC_BASE + offset);
		return 0;
	}
}

void stm32f767_flash_write(struct stm32f767 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	switch (offset) {
	case FLASH_ACR:
		acr_write(s, (s->flashc.acr & ~mask) | value);
		break;
	case FLASH_KEYR:
		key_write(s, value);
		break;
	case FLASH_SR: /* ones clear */
		s->flashc.sr &= ~(value & (SR_ERRORS | F767_SR_EOP));
		irq_update(s);
		break;
	case FLASH_CR:
		cr_write(s, (s->flashc.cr & ~mask) | value);
		break;
	case FLASH_OPTKEYR:
	case FLASH_OPTCR:
	case FLASH_OPTCR1:
		stm32_fault(&s->base, "option bytes are not modelled (0x%08x written to 0x%08x)",
			    value, F767_FLASHC_BASE + offset);
		break;
	default:
		stm32_unmodelled(&s->base, F767_FLASHC_BASE + offset);
		break;
	}
}

void stm32f767_flash_reset(struct stm32f767 *s)
{
	abort_operation(s);
	memset(&s->flashc, 0, sizeof(s->flashc));
	s->flashc.cr = F767_FLASH_CR_LOCK;
	acr_apply(s);
	irq_update(s);
}
