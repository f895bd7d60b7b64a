/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flash controller of the STM32L4R5 (RM0432 section 3): dual bank, 4 KB pages, double-word
 * programming. The bytes change when an operation starts; an operation cut off by power or reset
 * leaves its range undefined. Code that runs from a busy bank stands still until the operation
 * ends; one limit of the model: a data read of the busy bank by code that runs elsewhere does not
 * wait. Times: DS12023 table 68.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32l4r5.h"

enum {
	FLASH_ACR = 0x00,
	FLASH_PDKEYR = 0x04,
	FLASH_KEYR = 0x08,
	FLASH_SR = 0x10,
	FLASH_CR = 0x14,
	FLASH_ECCR = 0x18,
	FLASH_OPTR = 0x20
};

#define OPTR_VALUE 0xFFEFF8AAu /* factory: RDP 0, DBANK (bit 22), nSWBOOT0: BOOT0 is the pin */
#define SR_ERRORS                                                                                  \
	(STM32_SR_OPERR | STM32_SR_PROGERR | STM32_SR_WRPERR | STM32_SR_PGAERR | STM32_SR_SIZERR | \
	 STM32_SR_PGSERR | 0xC300u)
#define CR_WRITABLE 0x0F03FFFFu
#define CR_LOCKS    0xC0000000u

enum { KEY_LOCKED = 0, KEY_HALF, KEY_OPEN, KEY_DEAD };

static void irq_update(struct stm32l4r5 *s)
{
	uint32_t sr = s->flashc.sr, cr = s->flashc.cr;

	armv7em_set_irq(s->base.core, STM32_IRQ_FLASH,
			(sr & STM32_SR_EOP && cr & STM32_FLASH_CR_EOPIE) ||
				(sr & STM32_SR_OPERR && cr & STM32_FLASH_CR_ERRIE));
}

static void fail(struct stm32l4r5 *s, uint32_t error)
{
	s->flashc.sr |= error;
	if (s->flashc.cr & STM32_FLASH_CR_ERRIE)
		s->flashc.sr |= STM32_SR_OPERR;
	s->flashc.latch_full = false;
	irq_update(s);
}

static void invalidate(struct stm32l4r5 *s, uint32_t offset, uint32_t bytes)
{
	armv7em_invalidate(s->base.core, STM32_FLASH_BASE + offset,
			   bytes); /* its aliases as well */
}

static void erase(struct stm32l4r5 *s, uint32_t offset, uint32_t bytes)
{
	memset(s->flash + offset, 0xFF, bytes);
	invalidate(s, offset, bytes);
}

static void erase_page(struct stm32l4r5 *s, unsigned page)
{
	erase(s, page * STM32_PAGE_BYTES, STM32_PAGE_BYTES);
}

void stm32l4r5_flash_erase_page(struct stm32 *chip, unsigned page)
{
	erase_page((struct stm32l4r5 *)chip, page);
}

/* False: it was not erased, and is not to be all zero. */
static bool program_words(struct stm32l4r5 *s, uint32_t offset, const uint32_t words[2])
{
	static const uint8_t erased[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

	if (memcmp(s->flash + offset, erased, 8) != 0 && (words[0] | words[1]) != 0)
		return false;
	memcpy(s->flash + offset, words, 8);
	invalidate(s, offset, 8);
	return true;
}

bool stm32l4r5_flash_program(struct stm32 *chip, uint32_t address, const uint8_t *bytes)
{
	uint32_t words[2];

	memcpy(words, bytes, sizeof(words));
	return program_words((struct stm32l4r5 *)chip, address - STM32_FLASH_BASE, words);
}

bool stm32l4r5_flash_stalls(const struct stm32 *chip, uint32_t address)
{
	const struct stm32_flash *flashc = &((const struct stm32l4r5 *)chip)->flashc;
	uint32_t first_bank = flashc->offset / STM32_BANK_BYTES;
	uint32_t last_bank = (flashc->offset + flashc->bytes - 1) / STM32_BANK_BYTES;
	uint32_t offset = address < STM32_FLASH_BYTES ? address : address - STM32_FLASH_BASE;
	uint32_t bank = offset / STM32_BANK_BYTES;

	return chip->flash_busy && offset < STM32_FLASH_BYTES && bank >= first_bank &&
	       bank <= last_bank;
}

static void start(struct stm32l4r5 *s, uint32_t offset, uint32_t bytes, int64_t duration_ps)
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

void stm32l4r5_flash_event(struct stm32 *chip, int64_t t_ps)
{
	struct stm32l4r5 *s = (struct stm32l4r5 *)chip;

	(void)t_ps;
	chip->flash_busy = false;
	s->flashc.cr &= ~STM32_FLASH_CR_STRT;
	if (s->flashc.cr & STM32_FLASH_CR_EOPIE)
		s->flashc.sr |= STM32_SR_EOP;
	irq_update(s);
}

/* The bus holds a write to the controller back until the operation in progress has ended: the write
 * takes effect, and the core does nothing until then. */
static void wait_until_idle(struct stm32l4r5 *s)
{
	struct stm32 *chip = &s->base;

	if (!chip->flash_busy)
		return;
	chip->stall_end_ps = chip->flash_end_ps;
	stm32_schedule(chip, STM32_DEADLINE_FLASH, STM32_NEVER_PS);
	stm32l4r5_flash_event(chip, chip->flash_end_ps);
}

/* Power or reset in the middle of an operation: what was being changed is undefined. */
static void cut_off(struct stm32l4r5 *s)
{
	if (!s->base.flash_busy)
		return;
	stm32_scramble(&s->base, s->flash + s->flashc.offset, s->flashc.bytes);
	invalidate(s, s->flashc.offset, s->flashc.bytes);
	s->base.flash_busy = false;
}

static void program(struct stm32l4r5 *s, uint32_t offset, uint32_t high)
{
	const uint32_t words[2] = {s->flashc.latch_word, high};

	s->flashc.latch_full = false;
	if (program_words(s, offset, words))
		start(s, offset, 8, STM32_PROGRAM_PS);
	else
		fail(s, STM32_SR_PROGERR);
}

void stm32l4r5_flash_store(struct stm32l4r5 *s, uint32_t offset, unsigned size, uint32_t value)
{
	struct stm32_flash *flashc = &s->flashc;

	if (flashc->cr & STM32_FLASH_CR_LOCK) {
		stm32_fault(&s->base, "store of %u bytes to locked flash at 0x%08x", size,
			    STM32_FLASH_BASE + offset);
		return;
	}
	wait_until_idle(s);
	if (!(flashc->cr & STM32_FLASH_CR_PG) ||
	    flashc->sr & (SR_ERRORS & ~(STM32_SR_OPERR | STM32_SR_PGSERR)))
		fail(s, STM32_SR_PGSERR);
	else if (size != 4)
		fail(s, STM32_SR_SIZERR);
	else if (!flashc->latch_full && offset % 8 == 0) {
		flashc->latch_full = true;
		flashc->latch_address = offset;
		flashc->latch_word = value;
	} else if (flashc->latch_full && offset == flashc->latch_address + 4)
		program(s, offset - 4, value);
	else
		fail(s, STM32_SR_PGAERR);
}

static void start_erase(struct stm32l4r5 *s)
{
	uint32_t cr = s->flashc.cr;
	uint32_t page = (cr >> 3 & 255) + (cr & STM32_FLASH_CR_BKER ? STM32_BANK_PAGES : 0);
	uint32_t first = cr & STM32_FLASH_CR_MER1 ? 0 : STM32_BANK_BYTES;
	uint32_t bytes = STM32_BANK_BYTES;
	bool mass = cr & (STM32_FLASH_CR_MER1 | STM32_FLASH_CR_MER2);

	if (cr & STM32_FLASH_CR_PG || mass == !!(cr & STM32_FLASH_CR_PER)) {
		s->flashc.cr &= ~STM32_FLASH_CR_STRT;
		fail(s, STM32_SR_PGSERR);
		return;
	}
	if (!mass) {
		erase_page(s, page);
		start(s, page * STM32_PAGE_BYTES, STM32_PAGE_BYTES, STM32_ERASE_PS);
		return;
	}
	if (cr & STM32_FLASH_CR_MER1 && cr & STM32_FLASH_CR_MER2)
		bytes = STM32_FLASH_BYTES;
	erase(s, first, bytes);
	start(s, first, bytes, STM32_ERASE_PS);
}

static void cr_write(struct stm32l4r5 *s, uint32_t value)
{
	struct stm32_flash *flashc = &s->flashc;

	if (flashc->cr & STM32_FLASH_CR_LOCK) {
		if ((value ^ flashc->cr) & CR_WRITABLE)
			stm32_fault(&s->base, "FLASH_CR 0x%08x written while it is locked", value);
		return;
	}
	wait_until_idle(s);
	if (value & 0x080E0000u) { /* OBL_LAUNCH, FSTPG, OPTSTRT */
		stm32_fault(&s->base,
			    "FLASH_CR 0x%08x: option bytes and fast programming are not "
			    "modelled",
			    value);
		return;
	}
	flashc->cr = (value & (CR_WRITABLE | STM32_FLASH_CR_LOCK)) | 0x40000000u;
	if (value & STM32_FLASH_CR_LOCK)
		flashc->key_step = KEY_LOCKED;
	irq_update(s);
	if (value & STM32_FLASH_CR_STRT)
		start_erase(s);
}

static void key_write(struct stm32l4r5 *s, uint32_t key)
{
	struct stm32_flash *flashc = &s->flashc;

	if (flashc->key_step == KEY_LOCKED && key == STM32_FLASH_KEY1) {
		flashc->key_step = KEY_HALF;
	} else if (flashc->key_step == KEY_HALF && key == STM32_FLASH_KEY2) {
		flashc->key_step = KEY_OPEN;
		flashc->cr &= ~STM32_FLASH_CR_LOCK;
	} else {
		stm32_fault(&s->base,
			    "FLASH_KEYR 0x%08x is out of sequence%s: flash stays locked "
			    "until the next reset",
			    key, flashc->key_step == KEY_OPEN ? " (it is open)" : "");
		flashc->key_step = KEY_DEAD;
		flashc->cr |= STM32_FLASH_CR_LOCK;
	}
}

static void acr_write(struct stm32l4r5 *s, uint32_t value)
{
	if (value & 1u << 13) {
		stm32_fault(&s->base, "FLASH_ACR.RUN_PD is not modelled");
		return;
	}
	s->flashc.acr = value & 0x00005F0F;
	armv7em_set_flash(s->base.core, value & 15, value >> 8 & 1, value >> 9 & 1,
			  value >> 10 & 1);
	stm32l4r5_rules_check_hclk(s);
}

uint32_t stm32l4r5_flash_read(struct stm32l4r5 *s, uint32_t offset)
{
	switch (offset) {
	case FLASH_ACR:
		return s->flashc.acr;
	case FLASH_KEYR:
	case FLASH_ECCR:
		return 0;
	case FLASH_SR:
		return s->flashc.sr | (s->empty ? STM32_SR_PEMPTY : 0) |
		       (s->base.flash_busy ? STM32_SR_BSY : 0);
	case FLASH_CR:
		return s->flashc.cr;
	case FLASH_OPTR:
		return OPTR_VALUE;
	default:
		stm32_unmodelled(&s->base, STM32_FLASHC_BASE + offset);
		return 0;
	}
}

void stm32l4r5_flash_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	switch (offset) {
	case FLASH_ACR:
		acr_write(s, (s->flashc.acr & ~mask) | value);
		break;
	case FLASH_KEYR:
		key_write(s, value);
		break;
	case FLASH_SR: /* ones clear, and toggle PEMPTY */
		wait_until_idle(s);
		if (value & STM32_SR_PEMPTY)
			s->empty = !s->empty;
		s->flashc.sr &= ~(value & (SR_ERRORS | STM32_SR_EOP));
		irq_update(s);
		break;
	case FLASH_CR:
		cr_write(s, (s->flashc.cr & ~mask) | value);
		break;
	case FLASH_ECCR:
		break; /* no ECC event happens here */
	default:
		stm32_unmodelled(&s->base, STM32_FLASHC_BASE + offset);
		break;
	}
}

void stm32l4r5_flash_reset(struct stm32l4r5 *s)
{
	cut_off(s);
	memset(&s->flashc, 0, sizeof(s->flashc));
	s->flashc.acr = 0x00000600;
	s->flashc.cr = CR_LOCKS;
	armv7em_set_flash(s->base.core, 0, false, true, true);
	irq_update(s);
}
