/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: registers of the system control space, 0xe000e000 (ARMv7-M ARM, B3.2 and B3.4).
 * Priorities and fault status take byte accesses, everything else words only.
 */
#include <stddef.h>

#include "rigs/virtual/cores/armv7em_core.h"

#define AIRCR_KEY         0x05fau
#define AIRCR_KEY_READ    0xfa050000u
#define AIRCR_SYSRESETREQ 0x4u
#define ICSR_NMIPENDSET   0x80000000u
#define ICSR_PENDSVSET    0x10000000u
#define ICSR_PENDSVCLR    0x08000000u
#define ICSR_PENDSTSET    0x04000000u
#define ICSR_PENDSTCLR    0x02000000u
#define ICSR_ISRPENDING   0x00400000u
#define ICSR_RETTOBASE    0x00000800u
#define SCR_WRITABLE      (SCR_SLEEPONEXIT | SCR_SLEEPDEEP | SCR_SEVONPEND)
#define SHCSR_ENABLES     0x00070000u
#define CPACR_WRITABLE    0x00f00000u
#define DEMCR_TRCENA      0x01000000u

enum {
	ICTR = 0x004,
	ACTLR = 0x008,
	SYST_FIRST = 0x010,
	SYST_LAST = 0x01c,
	NVIC_ISER = 0x100,
	NVIC_ICER = 0x180,
	NVIC_ISPR = 0x200,
	NVIC_ICPR = 0x280,
	NVIC_IABR = 0x300,
	NVIC_IPR = 0x400,
	NVIC_IPR_END = 0x500,
	CPUID = 0xd00,
	ICSR = 0xd04,
	VTOR = 0xd08,
	AIRCR = 0xd0c,
	SCR = 0xd10,
	CCR = 0xd14,
	SHPR = 0xd18,
	SHPR_END = 0xd24,
	SHCSR = 0xd24,
	CFSR = 0xd28,
	HFSR = 0xd2c,
	DFSR = 0xd30,
	MMFAR = 0xd34,
	BFAR = 0xd38,
	AFSR = 0xd3c,
	ID_FIRST = 0xd40,
	ID_LAST = 0xd74,
	CPACR = 0xd88,
	MPU_TYPE = 0xd90,
	DEMCR = 0xdfc,
	STIR = 0xf00,
	FPCCR = 0xf34,
	FPCAR = 0xf38,
	FPDSCR = 0xf3c,
	MVFR0 = 0xf40,
	MVFR1 = 0xf44,
	MVFR2 = 0xf48,
};

/* ---- NVIC ---- */

static uint32_t irq_word(const uint32_t *bits, unsigned index)
{
	uint32_t low = bits[index] >> EXCEPTION_IRQ0;
	uint32_t high = index + 1 < EXCEPTION_COUNT / 32 ? bits[index + 1] << EXCEPTION_IRQ0 : 0;

	return low | high;
}

static uint32_t nvic_read(const struct armv7em *core, uint32_t offset)
{
	unsigned index = (offset & 0x7f) / 4;

	if (index >= EXCEPTION_COUNT / 32)
		return 0;
	switch (offset & ~0x7fu) {
	case NVIC_ISER:
	case NVIC_ICER:
		return irq_word(core->enabled, index);
	case NVIC_ISPR:
	case NVIC_ICPR:
		return irq_word(core->pending, index);
	case NVIC_IABR:
		return irq_word(core->active, index);
	default:
		return 0;
	}
}

static void nvic_apply(struct armv7em *core, uint32_t group, unsigned number)
{
	switch (group) {
	case NVIC_ISER:
		bit_set(core->enabled, number, true);
		break;
	case NVIC_ICER:
		bit_set(core->enabled, number, false);
		break;
	case NVIC_ISPR:
		exception_set_pending(core, number);
		break;
	case NVIC_ICPR:
		exception_clear_pending(core, number);
		break;
	default:
		break;
	}
}

static void nvic_write(struct armv7em *core, uint32_t offset, uint32_t value)
{
	unsigned first = (offset & 0x7f) * 8;

	for (; value; value &= value - 1) {
		unsigned irq = first + (unsigned)__builtin_ctz(value);

		if (irq < core->irq_count)
			nvic_apply(core, offset & ~0x7fu, EXCEPTION_IRQ0 + irq);
	}
	exception_update(core);
}

/* 4 to 6, 11, 12, 14 and 15; the others in SHPR are reserved. */
#define EXCEPTIONS_WITH_PRIORITY 0xd870u

/* The priority byte behind an address in IPR or SHPR, or NULL. */
static uint8_t *priority_byte(struct armv7em *core, uint32_t offset)
{
	unsigned number;

	if (offset >= NVIC_IPR && offset < NVIC_IPR_END)
		number = EXCEPTION_IRQ0 + (offset - NVIC_IPR);
	else if (offset >= SHPR && offset < SHPR_END)
		number = EXCEPTION_MEM_MANAGE + (offset - SHPR);
	else
		return NULL;
	if (number < EXCEPTION_IRQ0 && !(EXCEPTIONS_WITH_PRIORITY >> number & 1))
		return NULL;
	return number < EXCEPTION_IRQ0 + core->irq_count ? &core->priority[number] : NULL;
}

static bool is_priority(uint32_t offset)
{
	return (offset >= NVIC_IPR && offset < NVIC_IPR_END) ||
	       (offset >= SHPR && offset < SHPR_END);
}

static uint32_t priorities_read(struct armv7em *core, uint32_t offset, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size; i++) {
		const uint8_t *byte = priority_byte(core, offset + i);

		value |= (byte ? (uint32_t)*byte : 0) << 8 * i;
	}
	return value;
}

static void priorities_write(struct armv7em *core, uint32_t offset, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t *byte = priority_byte(core, offset + i);

		if (byte)
			*byte = (uint8_t)(value >> 8 * i & core->model->priority_bits);
	}
	exception_update(core);
}

/* ---- SCB ---- */

/* Enabled or not. */
static bool interrupt_is_pending(const struct armv7em *core)
{
	uint32_t any = core->pending[0] >> EXCEPTION_IRQ0;

	for (unsigned i = 1; i < EXCEPTION_COUNT / 32; i++)
		any |= core->pending[i];
	return any;
}

static uint32_t icsr_read(struct armv7em *core)
{
	uint32_t value = core->ipsr;
	unsigned active = 0;
	unsigned next;

	systick_update(core);
	next = exception_next(core);
	for (unsigned i = 0; i < EXCEPTION_COUNT / 32; i++)
		active += (unsigned)__builtin_popcount(core->active[i]);
	value |= next << 12;
	value |= active <= 1 ? ICSR_RETTOBASE : 0;
	value |= interrupt_is_pending(core) ? ICSR_ISRPENDING : 0;
	value |= bit_test(core->pending, EXCEPTION_NMI) ? ICSR_NMIPENDSET : 0;
	value |= bit_test(core->pending, EXCEPTION_PENDSV) ? ICSR_PENDSVSET : 0;
	value |= bit_test(core->pending, EXCEPTION_SYSTICK) ? ICSR_PENDSTSET : 0;
	return value;
}

static void icsr_write(struct armv7em *core, uint32_t value)
{
	if (value & ICSR_NMIPENDSET)
		exception_set_pending(core, EXCEPTION_NMI);
	if (value & ICSR_PENDSVSET)
		exception_set_pending(core, EXCEPTION_PENDSV);
	if (value & ICSR_PENDSVCLR)
		exception_clear_pending(core, EXCEPTION_PENDSV);
	if (value & ICSR_PENDSTSET)
		exception_set_pending(core, EXCEPTION_SYSTICK);
	if (value & ICSR_PENDSTCLR)
		exception_clear_pending(core, EXCEPTION_SYSTICK);
}

static void aircr_write(struct armv7em *core, uint32_t value)
{
	if (value >> 16 != AIRCR_KEY)
		return;
	core->aircr_prigroup = value >> 8 & 7;
	if (value & AIRCR_SYSRESETREQ)
		core->reset_requested = true;
	exception_update(core);
}

static uint32_t shcsr_read(const struct armv7em *core)
{
	static const struct {
		uint8_t bit, exception;
		bool pending;
	} map[] = {
		{0, EXCEPTION_MEM_MANAGE, false},  {1, EXCEPTION_BUS_FAULT, false},
		{3, EXCEPTION_USAGE_FAULT, false}, {7, EXCEPTION_SVC, false},
		{10, EXCEPTION_PENDSV, false},     {11, EXCEPTION_SYSTICK, false},
		{12, EXCEPTION_USAGE_FAULT, true}, {13, EXCEPTION_MEM_MANAGE, true},
		{14, EXCEPTION_BUS_FAULT, true},   {15, EXCEPTION_SVC, true},
	};
	uint32_t value = core->shcsr;

	for (unsigned i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		const uint32_t *bits = map[i].pending ? core->pending : core->active;

		value |= (uint32_t)bit_test(bits, map[i].exception) << map[i].bit;
	}
	return value;
}

/* A pended fault waits while it is disabled. */
static void shcsr_write(struct armv7em *core, uint32_t value)
{
	core->shcsr = value & SHCSR_ENABLES;
	core->enabled[0] &= ~CONFIGURABLE_FAULTS;
	core->enabled[0] |= core->shcsr >> (16 - EXCEPTION_MEM_MANAGE);
	exception_update(core);
}

/* FP state is on the stack at once, LSPACT says when it gets there on a board. */
static uint32_t fpccr_read(const struct armv7em *core)
{
	return core->fpccr | (core->fp_lazy ? FPCCR_LSPACT : 0);
}

static void fpccr_write(struct armv7em *core, uint32_t value)
{
	core->fpccr = value & (FPCCR_ASPEN | FPCCR_LSPEN);
	core->fp_lazy = value & FPCCR_LSPACT;
	core->fp_ready = false;
}

static void stir_write(struct armv7em *core, uint32_t value)
{
	unsigned irq = value & 0x1ff;

	if (irq < core->irq_count)
		exception_set_pending(core, EXCEPTION_IRQ0 + irq);
}

/* Registers that are words of the core: what can be written stays, the rest reads as it is. */
static const struct {
	uint16_t offset;
	uint16_t field;
	uint32_t writable;
} plain_registers[] = {
	{VTOR, offsetof(struct armv7em, vtor), 0xffffff80u},
	{SCR, offsetof(struct armv7em, scr), SCR_WRITABLE},
	{MMFAR, offsetof(struct armv7em, bfar), 0},
	{BFAR, offsetof(struct armv7em, bfar), 0},
	{CPACR, offsetof(struct armv7em, cpacr), CPACR_WRITABLE},
	{FPCAR, offsetof(struct armv7em, fpcar), 0xfffffff8u},
	{FPDSCR, offsetof(struct armv7em, fpdscr), FPDSCR_WRITABLE},
};

/* Writes are ignored. */
static const struct {
	uint16_t offset;
	uint32_t value;
} constant_registers[] = {
	{ACTLR, 0},
	{DFSR, 0},
	{AFSR, 0},
	{MPU_TYPE, 0},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t *plain_register(struct armv7em *core, uint32_t offset, uint32_t *ret_writable)
{
	for (size_t i = 0; i < COUNT_OF(plain_registers); i++) {
		if (plain_registers[i].offset != offset)
			continue;
		*ret_writable = plain_registers[i].writable;
		return (uint32_t *)((char *)core + plain_registers[i].field);
	}
	return NULL;
}

static bool constant_read(uint32_t offset, uint32_t *ret_value)
{
	for (size_t i = 0; i < COUNT_OF(constant_registers); i++) {
		if (constant_registers[i].offset != offset)
			continue;
		*ret_value = constant_registers[i].value;
		return true;
	}
	*ret_value = 0;
	return offset >= ID_FIRST && offset <= ID_LAST;
}

static bool scb_read(struct armv7em *core, uint32_t offset, uint32_t *ret_value)
{
	uint32_t writable;
	const uint32_t *plain = plain_register(core, offset, &writable);

	if (plain) {
		*ret_value = *plain;
		return true;
	}
	switch (offset) {
	case CPUID:
		*ret_value = core->model->cpuid;
		return true;
	case MVFR0:
		*ret_value = core->model->mvfr0;
		return true;
	case MVFR1:
		*ret_value = core->model->mvfr1;
		return true;
	case MVFR2:
		*ret_value = core->model->mvfr2;
		return true;
	case CCR:
		*ret_value = core->ccr;
		return true;
	case ICTR:
		*ret_value = core->irq_count ? (core->irq_count - 1) / 32 : 0;
		return true;
	case ICSR:
		*ret_value = icsr_read(core);
		return true;
	case AIRCR:
		*ret_value = AIRCR_KEY_READ | core->aircr_prigroup << 8;
		return true;
	case SHCSR:
		*ret_value = shcsr_read(core);
		return true;
	case HFSR:
		*ret_value = core->hfsr;
		return true;
	case FPCCR:
		*ret_value = fpccr_read(core);
		return true;
	case DEMCR:
		*ret_value = core->dwt.trace_enabled ? DEMCR_TRCENA : 0;
		return true;
	default:
		if (core->model->l1_caches && cache_register_read(core, offset, ret_value))
			return true;
		return constant_read(offset, ret_value);
	}
}

static void plain_write(struct armv7em *core, uint32_t *plain, uint32_t writable, uint32_t value)
{
	if (writable)
		*plain = value & writable;
	core->fp_ready = false; /* CPACR is among them */
}

static void ccr_write(struct armv7em *core, uint32_t value)
{
	uint32_t writable = core->model->ccr_writable;

	value = (core->ccr & ~writable) | (value & writable);
	cache_set_enables(core, value);
	core->ccr = value;
	/* What the dispatch loop keeps of it. */
	core->unaligned_trap = value & CCR_UNALIGN_TRP;
	core->divide_trap = value & CCR_DIV_0_TRP;
}

static bool scb_write(struct armv7em *core, uint32_t offset, uint32_t value)
{
	uint32_t writable, ignored;
	uint32_t *plain = plain_register(core, offset, &writable);

	if (plain) {
		plain_write(core, plain, writable, value);
		return true;
	}
	switch (offset) {
	case CPUID:
	case MVFR0:
	case MVFR1:
	case MVFR2:
		return true;
	case CCR:
		ccr_write(core, value);
		return true;
	case ICSR:
		icsr_write(core, value);
		return true;
	case AIRCR:
		aircr_write(core, value);
		return true;
	case SHCSR:
		shcsr_write(core, value);
		return true;
	case FPCCR:
		fpccr_write(core, value);
		return true;
	case HFSR:
		core->hfsr &= ~value;
		return true;
	case DEMCR:
		dwt_set_trace(core, value & DEMCR_TRCENA);
		return true;
	case STIR:
		stir_write(core, value);
		return true;
	default:
		if (core->model->l1_caches && cache_register_write(core, offset, value))
			return true;
		return constant_read(offset, &ignored);
	}
}

static bool is_nvic(uint32_t offset)
{
	return offset >= NVIC_ISER && offset < NVIC_IPR && (offset & 0x7f) < 0x20;
}

static uint32_t lane_mask(unsigned size)
{
	return size == 4 ? ~0u : (1u << 8 * size) - 1;
}

bool scs_read(struct armv7em *core, uint32_t address, unsigned size, uint32_t *ret_value)
{
	uint32_t offset = address & 0xfff;
	uint32_t lane = offset & 3;

	if (is_priority(offset)) {
		*ret_value = priorities_read(core, offset, size);
		return true;
	}
	if ((offset & ~3u) == CFSR) {
		*ret_value = core->cfsr >> 8 * lane & lane_mask(size);
		return true;
	}
	if (size != 4)
		return false;
	if (is_nvic(offset)) {
		*ret_value = nvic_read(core, offset);
		return true;
	}
	if (offset >= SYST_FIRST && offset <= SYST_LAST) {
		*ret_value = systick_read(core, offset);
		return true;
	}
	return scb_read(core, offset, ret_value);
}

bool scs_write(struct armv7em *core, uint32_t address, unsigned size, uint32_t value)
{
	uint32_t offset = address & 0xfff;
	uint32_t lane = offset & 3;

	if (is_priority(offset)) {
		priorities_write(core, offset, size, value);
		return true;
	}
	if ((offset & ~3u) == CFSR) {
		core->cfsr &= ~(value << 8 * lane);
		return true;
	}
	if (size != 4)
		return false;
	if (is_nvic(offset)) {
		nvic_write(core, offset, value);
		return true;
	}
	if (offset >= SYST_FIRST && offset <= SYST_LAST) {
		systick_write(core, offset, value);
		return true;
	}
	return scb_write(core, offset, value);
}
