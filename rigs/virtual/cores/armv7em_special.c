/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: special registers (ARMv7-M ARM, B5.2: MRS, MSR, CPS).
 */
#include "rigs/virtual/cores/armv7em_core.h"

#define XPSR_T 0x01000000u

enum {
	SYSM_IAPSR_LAST = 3, /* 0 APSR, 1 IAPSR, 2 EAPSR, 3 XPSR */
	SYSM_IPSR = 5,
	SYSM_IEPSR = 7,
	SYSM_MSP = 8,
	SYSM_PSP = 9,
	SYSM_MSPLIM = 10,
	SYSM_PSPLIM = 11,
	SYSM_PRIMASK = 16,
	SYSM_BASEPRI = 17,
	SYSM_BASEPRI_MAX = 18,
	SYSM_FAULTMASK = 19,
	SYSM_CONTROL = 20,
};

enum { MASK_GE = 1, MASK_FLAGS = 2 };

static uint32_t apsr(const struct armv7em *core)
{
	return (core->negative & 0x80000000u) | (core->nonzero ? 0 : 1u << 30) | core->carry << 29 |
	       core->overflow << 28 | core->saturated << 27 | core->ge << 16;
}

uint32_t special_xpsr(const struct armv7em *core)
{
	return apsr(core) | XPSR_T | core->ipsr;
}

static void set_flags(struct armv7em *core, uint32_t value)
{
	core->negative = value;
	core->nonzero = !(value >> 30 & 1);
	core->carry = value >> 29 & 1;
	core->overflow = value >> 28 & 1;
	core->saturated = value >> 27 & 1;
}

void special_set_xpsr(struct armv7em *core, uint32_t value)
{
	set_flags(core, value);
	core->ge = value >> 16 & 15;
}

static bool on_process_stack(const struct armv7em *core)
{
	return !core->ipsr && (core->control & CONTROL_SPSEL);
}

void special_select_stack(struct armv7em *core, bool process)
{
	uint32_t sp = core->r[13];

	if (process == on_process_stack(core))
		return;
	core->r[13] = core->sp_banked;
	core->sp_banked = sp;
}

static uint32_t read_privileged(const struct armv7em *core, unsigned sysm)
{
	switch (sysm) {
	case SYSM_MSP:
		return on_process_stack(core) ? core->sp_banked : core->r[13];
	case SYSM_PSP:
		return on_process_stack(core) ? core->r[13] : core->sp_banked;
	case SYSM_MSPLIM:
	case SYSM_PSPLIM:
		return core->stack_limit[sysm - SYSM_MSPLIM];
	case SYSM_PRIMASK:
		return core->primask;
	case SYSM_BASEPRI:
	case SYSM_BASEPRI_MAX:
		return core->basepri;
	case SYSM_FAULTMASK:
		return core->faultmask;
	default:
		return 0;
	}
}

uint32_t special_read(const struct armv7em *core, unsigned sysm)
{
	uint32_t value = 0;

	if (sysm <= SYSM_IEPSR) {
		if (sysm & 1 && core_is_privileged(core))
			value |= core->ipsr;
		if (sysm <= SYSM_IAPSR_LAST)
			value |= apsr(core);
		return value; /* EPSR reads as zero */
	}
	if (sysm == SYSM_CONTROL)
		return core->control;
	return core_is_privileged(core) ? read_privileged(core, sysm) : 0;
}

static void write_control(struct armv7em *core, uint32_t value)
{
	bool process = value & CONTROL_SPSEL;

	value &= CONTROL_NPRIV | CONTROL_SPSEL | CONTROL_FPCA;
	if (core->ipsr) /* handlers always use the main stack */
		value = (value & ~CONTROL_SPSEL) | (core->control & CONTROL_SPSEL);
	else
		special_select_stack(core, process);
	core->control = value;
	core->fp_ready = false; /* looked at again by the next FP instruction */
}

static void write_stack(struct armv7em *core, bool process, uint32_t value)
{
	if (process == on_process_stack(core))
		core->r[13] = value & ~3u;
	else
		core->sp_banked = value & ~3u;
}

static void write_stack_limit(struct armv7em *core, unsigned which, uint32_t value)
{
	core->stack_limit[which] = value & ~7u;
	if (!value || core->stack_guarded)
		return;
	core->stack_guarded = true;
	memory_forget_all_code(core);
}

/* ---- stack limits (Armv8-M ARM, B3.21) ---- */

bool special_moves_stack(const struct op *op)
{
	switch (op->kind) {
	case OP_STM:
	case OP_VSTM:
		return op->rn == 13 && op->ra & MULTIPLE_BEFORE && op->ra & MULTIPLE_WRITEBACK;
	case OP_STRD:
	case OP_LDRD:
		return op->rn == 13 && op->ra & ACCESS_WRITEBACK;
	case OP_STR_W ... OP_STRB_W:
	case OP_LDR_W ... OP_LDRSB_W:
		return op->rn == 13;
	case OP_ADD_I ... OP_ADD_R:
	case OP_SUB_I ... OP_SUB_R:
	case OP_MOV_R:
		return op->rd == 13;
	default:
		return false;
	}
}

uint32_t special_stack_after(const struct armv7em *core, const struct op *op)
{
	switch (op->kind) {
	case OP_STM:
		return core->r[13] - 4u * op->rd;
	case OP_VSTM:
		return core->r[13] - op->imm;
	case OP_ADD_I:
		return core->r[op->rn] + op->imm;
	case OP_ADD_R:
		return core->r[op->rn] + core->r[op->rm];
	case OP_SUB_I:
		return core->r[op->rn] - op->imm;
	case OP_SUB_R:
		return core->r[op->rn] - core->r[op->rm];
	case OP_MOV_R:
		return core->r[op->rm];
	default: /* moved by an immediate */
		return core->r[13] + op->imm;
	}
}

/* ---- MSR ---- */

static void write_privileged(struct armv7em *core, unsigned sysm, uint32_t value)
{
	uint32_t priority = value & core->model->priority_bits;

	switch (sysm) {
	case SYSM_MSP:
	case SYSM_PSP:
		write_stack(core, sysm == SYSM_PSP, value);
		break;
	case SYSM_MSPLIM:
	case SYSM_PSPLIM:
		write_stack_limit(core, sysm - SYSM_MSPLIM, value);
		break;
	case SYSM_PRIMASK:
		core->primask = value & 1;
		break;
	case SYSM_BASEPRI:
		core->basepri = priority;
		break;
	case SYSM_BASEPRI_MAX:
		if (priority && (!core->basepri || priority < core->basepri))
			core->basepri = priority;
		break;
	case SYSM_FAULTMASK:
		if (core->execution_priority > -1)
			core->faultmask = value & 1;
		break;
	case SYSM_CONTROL:
		write_control(core, value);
		break;
	default:
		break;
	}
	exception_update(core);
}

void special_write(struct armv7em *core, unsigned sysm, unsigned mask, uint32_t value)
{
	if (sysm <= SYSM_IAPSR_LAST) {
		if (mask & MASK_FLAGS)
			set_flags(core, value);
		if (mask & MASK_GE)
			core->ge = value >> 16 & 15;
		return;
	}
	if (core_is_privileged(core))
		write_privileged(core, sysm, value);
}

void special_change_state(struct armv7em *core, bool disable, unsigned which)
{
	if (!core_is_privileged(core))
		return;
	if (which & 2)
		core->primask = disable;
	if (which & 1 && (!disable || core->execution_priority > -1))
		core->faultmask = disable;
	exception_update(core);
}
