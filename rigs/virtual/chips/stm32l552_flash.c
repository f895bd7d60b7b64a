/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flash controller of the STM32L552 (RM0438, chapter FLASH), non-secure side: dual bank, 2 KB
 * pages, double-word programming. The bytes change when an operation starts; an operation cut off
 * by power or reset leaves its range undefined. Code that runs from a busy bank stands still until
 * the operation ends.
 *
 * Programming what was not erased raises PROGERR on silicon; here it stops the core besides,
 * because no firmware means to do it.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32l552.h"

enum {
	FLASH_ACR = 0x00,
	FLASH_PDKEYR = 0x04,
	FLASH_NSKEYR = 0x08,
	FLASH_OPTKEYR = 0x10,
	FLASH_NSSR = 0x20,
	FLASH_NSCR = 0x28,
	FLASH_ECCR = 0x30,
	FLASH_OPTR = 0x40
};

/* ST production value with TZEN 0: RDP 0, DBANK (bit 22), nSWBOOT0 (bit 26): BOOT0 is the pin */
#define OPTR_VALUE 0x7FEFF8AAu
#define SEQUENCE_ERRORS                                                                            \
	(L552_NSSR_PROGERR | L552_NSSR_WRPERR | L552_NSSR_PGAERR | L552_NSSR_SIZERR |              \
	 L552_NSSR_OPTWERR)
#define NSSR_ERRORS       (SEQUENCE_ERRORS | L552_NSSR_OPERR | L552_NSSR_PGSERR)
#define NSCR_WRITABLE     0x03018BFFu
#define NSCR_NOT_MODELLED 0x08020000u /* OBL_LAUNCH, OPTSTRT */
#define ACR_NOT_MODELLED  0x0000E000u /* LVEN, SLEEP_PD, RUN_PD */

enum { KEY_LOCKED = 0, KEY_HALF, KEY_OPEN, KEY_DEAD };

static void irq_update(struct stm32l552 *s)
{
	uint32_t sr = s->flashc.nssr, cr = s->flashc.nscr;

	armv7em_set_irq(s->base.core, L552_IRQ_FLASH,
			(sr & L552_NSSR_EOP && cr & L552_NSCR_EOPIE) ||
				(sr & L552_NSSR_OPERR && cr & L552_NSCR_ERRIE));
}

static void fail(struct stm32l552 *s, uint32_t error)
{
	s->flashc.nssr |= error;
	if (s->flashc.nscr & L552_NSCR_ERRIE)
		s->flashc.nssr |= L552_NSSR_OPERR;
	s->flashc.latch_full = false;
	irq_update(s);
}

static void invalidate(struct stm32l552 *s, uint32_t offset, uint32_t bytes)
{
	armv7em_invalidate(s->base.core, L552_FLASH_BASE + offset, bytes);
}

static void erase(struct stm32l552 *s, uint32_t offset, uint32_t bytes)
{
	memset(s->flash + offset, 0xFF, bytes);
	invalidate(s, offset, bytes);
}

void stm32l552_flash_erase_page(struct stm32 *chip, unsigned page)
{
	erase(stm32l552_of(chip), page * L552_PAGE_BYTES, L552_PAGE_BYTES);
}

/* False: it was not erased, and is not to be all zero. */
static bool program_bytes(struct stm32l552 *s, uint32_t offset, const uint8_t *bytes)
{
	static const uint8_t erased[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
	static const uint8_t zero[8];

	if (memcmp(s->flash + offset, erased, 8) != 0 && memcmp(bytes, zero, 8) != 0)
		return false;
	memcpy(s->flash + offset, bytes, 8);
	invalidate(s, offset, 8);
	return true;
}

bool stm32l552_flash_program(struct stm32 *chip, uint32_t address, const uint8_t *bytes)
{
	return program_bytes(stm32l552_of(chip), address - L552_FLASH_BASE, bytes);
}

bool stm32l552_flash_stalls(const struct stm32 *chip, uint32_t address)
{
	const struct l552_flash *flashc = &((const struct stm32l552 *)chip)->flashc;
	uint32_t first_bank = flashc->offset / L552_BANK_BYTES;
	uint32_t last_bank = (flashc->offset + flashc->bytes - 1) / L552_BANK_BYTES;
	uint32_t offset = address - L552_FLASH_BASE, bank = offset / L552_BANK_BYTES;

	return chip->flash_busy && offset < L552_FLASH_BYTES && bank >= first_bank &&
	       bank <= last_bank;
}

static void start(struct stm32l552 *s, uint32_t offset, uint32_t bytes, int64_t duration_ps)
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

void stm32l552_flash_event(struct stm32 *chip, int64_t t_ps)
{
	struct stm32l552 *s = stm32l552_of(chip);

	(void)t_ps;
	chip->flash_busy = false;
	s->flashc.nscr &= ~L552_NSCR_STRT;
	if (s->flashc.nscr & L552_NSCR_EOPIE)
		s->flashc.nssr |= L552_NSSR_EOP;
	irq_update(s);
}

/* The bus holds a write to the controller back until the operation in progress has ended: the write
 * takes effect, and the core does nothing until then. */
static void wait_until_idle(struct stm32l552 *s)
{
	struct stm32 *chip = &s->base;

	if (!chip->flash_busy)
		return;
	chip->stall_end_ps = chip->flash_end_ps;
	stm32_schedule(chip, STM32_DEADLINE_FLASH, STM32_NEVER_PS);
	stm32l552_flash_event(chip, chip->flash_end_ps);
}

/* Power or reset in the middle of an operation: what was being changed is undefined. */
static void cut_off(struct stm32l552 *s)
{
	if (!s->base.flash_busy)
		return;
	stm32_scramble(&s->base, s->flash + s->flashc.offset, s->flashc.bytes);
	invalidate(s, s->flashc.offset, s->flashc.bytes);
	s->base.flash_busy = false;
}

static void program(struct stm32l552 *s, uint32_t offset, uint32_t high)
{
	const uint32_t words[2] = {s->flashc.latch_word, high};
	uint8_t bytes[8];

	memcpy(bytes, words, sizeof(bytes));
	s->flashc.latch_full = false;
	if (program_bytes(s, offset, bytes)) {
		start(s, offset, 8, L552_PROGRAM_PS);
		return;
	}
	fail(s, L552_NSSR_PROGERR);
	stm32_fault(&s->base, "flash at 0x%08x programmed without being erased",
		    L552_FLASH_BASE + offset);
}

void stm32l552_flash_store(struct stm32l552 *s, uint32_t offset, unsigned size, uint32_t value)
{
	struct l552_flash *flashc = &s->flashc;

	if (flashc->nscr & L552_NSCR_LOCK) {
		stm32_fault(&s->base, "store of %u bytes to locked flash at 0x%08x", size,
			    L552_FLASH_BASE + offset);
		return;
	}
	wait_until_idle(s);
	if (!(flashc->nscr & L552_NSCR_PG) || flashc->nssr & SEQUENCE_ERRORS)
		fail(s, L552_NSSR_PGSERR);
	else if (size != 4)
		fail(s, L552_NSSR_SIZERR);
	else if (!flashc->latch_full && offset % 8 == 0) {
		flashc->latch_full = true;
		flashc->latch_address = offset;
		flashc->latch_word = value;
	} else if (flashc->latch_full && offset == flashc->latch_address + 4)
		program(s, offset - 4, value);
	else
		fail(s, L552_NSSR_PGAERR);
}

static void start_erase(struct stm32l552 *s)
{
	uint32_t cr = s->flashc.nscr;
	uint32_t page = (cr >> 3 & 127) + (cr & L552_NSCR_BKER ? L552_BANK_PAGES : 0);
	uint32_t first = cr & L552_NSCR_MER1 ? 0 : L552_BANK_BYTES;
	uint32_t bytes = L552_BANK_BYTES;
	bool mass = cr & (L552_NSCR_MER1 | L552_NSCR_MER2);

	if (cr & L552_NSCR_PG || mass == !!(cr & L552_NSCR_PER) ||
	    s->flashc.nssr & SEQUENCE_ERRORS) {
		s->flashc.nscr &= ~L552_NSCR_STRT;
		fail(s, L552_NSSR_PGSERR);
		return;
	}
	if (!mass) {
		first = page * L552_PAGE_BYTES;
		bytes = L552_PAGE_BYTES;
	} else if (cr & L552_NSCR_MER1 && cr & L552_NSCR_MER2) {
		bytes = L552_FLASH_BYTES;
	}
	erase(s, first, bytes);
	start(s, first, bytes, L552_ERASE_PS);
}

static void nscr_write(struct stm32l552 *s, uint32_t value)
{
	struct l552_flash *flashc = &s->flashc;

	if (flashc->nscr & L552_NSCR_LOCK) {
		if ((value ^ flashc->nscr) & NSCR_WRITABLE)
			stm32_fault(&s->base, "FLASH_NSCR 0x%08x written while it is locked",
				    value);
		return;
	}
	wait_until_idle(s);
	if (value & NSCR_NOT_MODELLED) {
		stm32_fault(&s->base, "FLASH_NSCR 0x%08x: option bytes are not modelled", value);
		return;
	}
	flashc->nscr = (value & (NSCR_WRITABLE | L552_NSCR_LOCK)) | L552_NSCR_OPTLOCK;
	if (value & L552_NSCR_LOCK)
		flashc->key_step = KEY_LOCKED;
	irq_update(s);
	if (value & L552_NSCR_STRT)
		start_erase(s);
}

static void key_write(struct stm32l552 *s, uint32_t key)
{
	struct l552_flash *flashc = &s->flashc;

	if (flashc->key_step == KEY_LOCKED && key == L552_FLASH_KEY1) {
		flashc->key_step = KEY_HALF;
	} else if (flashc->key_step == KEY_HALF && key == L552_FLASH_KEY2) {
		flashc->key_step = KEY_OPEN;
		flashc->nscr &= ~L552_NSCR_LOCK;
	} else {
		stm32_fault(&s->base,
			    "FLASH_NSKEYR 0x%08x is out of sequence%s: flash stays locked until "
			    "the next reset",
			    key, flashc->key_step == KEY_OPEN ? " (it is open)" : "");
		flashc->key_step = KEY_DEAD;
		flashc->nscr |= L552_NSCR_LOCK;
	}
}

static void acr_write(struct stm32l552 *s, uint32_t value)
{
	if (value & ACR_NOT_MODELLED) {
		stm32_fault(&s->base,
			    "FLASH_ACR 0x%08x: LVEN, SLEEP_PD and RUN_PD are not modelled", value);
		return;
	}
	s->flashc.acr = value & 15;
	stm32l552_icache_apply(s);
	stm32l552_rules_check_hclk(s);
}

uint32_t stm32l552_flash_read(struct stm32l552 *s, uint32_t offset)
{
	switch (offset) {
	case FLASH_ACR:
		return s->flashc.acr;
	case FLASH_NSKEYR:
	case FLASH_ECCR:
		return 0;
	case FLASH_NSSR:
		return s->flashc.nssr | (s->base.flash_busy ? L552_NSSR_BSY : 0);
	case FLASH_NSCR:
		return s->flashc.nscr;
	case FLASH_OPTR:
		return OPTR_VALUE;
	default:
		stm32_unmodelled(&s->base, L552_FLASHC_BASE + offset);
		return 0;
	}
}

void stm32l552_flash_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	switch (offset) {
	case FLASH_ACR:
		acr_write(s, stm32_merge(s->flashc.acr, value, mask));
		break;
	case FLASH_NSKEYR:
		key_write(s, value);
		break;
	case FLASH_NSSR: /* ones clear */
		wait_until_idle(s);
		s->flashc.nssr &= ~(value & (NSSR_ERRORS | L552_NSSR_EOP));
		irq_update(s);
		break;
	case FLASH_NSCR:
		nscr_write(s, stm32_merge(s->flashc.nscr, value, mask));
		break;
	case FLASH_ECCR:
		break; /* no ECC event happens here */
	default:
		stm32_unmodelled(&s->base, L552_FLASHC_BASE + offset);
		break;
	}
}

void stm32l552_flash_reset(struct stm32l552 *s)
{
	cut_off(s);
	memset(&s->flashc, 0, sizeof(s->flashc));
	s->flashc.nscr = L552_NSCR_LOCK | L552_NSCR_OPTLOCK;
	irq_update(s);
}
