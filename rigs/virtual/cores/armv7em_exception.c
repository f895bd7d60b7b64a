/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: exceptions (ARMv7-M ARM, B1.5): priorities and preemption, entry, return,
 * tail-chaining, escalation of faults, lockup.
 *
 * Cycles: 12 to enter and 12 to return, 6 to chain (Cortex-M4 TRM, 3.9; modelled the same on
 * M7 and M33). FP state is written to the
 * stack at entry at once, because nothing can see when; with FPCCR.LSPEN its 17 cycles are paid by
 * the handler's first FP instruction, as lazy stacking does, else at entry.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rigs/virtual/cores/armv7em_core.h"

#define ENTRY_CYCLES      12u
#define RETURN_CYCLES     12u
#define TAIL_CHAIN_CYCLES 6u
#define FP_STACK_CYCLES   17u

#define FRAME_BYTES    0x20u
#define FRAME_FP_BYTES 0x68u
#define FRAME_FPSCR    0x60u
#define FRAME_ALIGNED  0x200u /* in the stacked xPSR: SP was moved to 8 bytes */

#define RETURN_NO_FP   0x10u
#define RETURN_THREAD  0x08u
#define RETURN_PROCESS 0x04u

#define XPSR_T   0x01000000u
#define IT_REACH 7u /* half-words from an IT to its fourth slot, all long before */

enum { PRIORITY_NMI = -2, PRIORITY_HARD_FAULT = -1 };

void fault_set(struct armv7em *core, const struct fault *fault, const char *what, ...)
{
	size_t used;
	va_list args;

	core->fault = *fault;
	va_start(args, what);
	vsnprintf(core->fault_text, sizeof(core->fault_text), what, args);
	va_end(args);
	used = strlen(core->fault_text);
	snprintf(core->fault_text + used, sizeof(core->fault_text) - used, ", pc 0x%08x",
		 core->r[15]);
}

static void lock_up(struct armv7em *core, const char *why)
{
	char cause[sizeof(core->fault_text)];

	memcpy(cause, core->fault_text, sizeof(cause));
	snprintf(core->fault_text, sizeof(core->fault_text), "lockup: %s; %.230s", why,
		 cause[0] ? cause : "no earlier fault");
	core->locked_up = true;
	core->fault = (struct fault){0};
	core_update_horizon(core);
}

static bool is_enabled(const struct armv7em *core, unsigned number)
{
	if (number < EXCEPTION_MEM_MANAGE || number > EXCEPTION_USAGE_FAULT)
		return true;
	return core->shcsr >> (16 + number - EXCEPTION_MEM_MANAGE) & 1;
}

/* Full priority of an exception. */
static int priority_of(const struct armv7em *core, unsigned number)
{
	if (number == EXCEPTION_NMI)
		return PRIORITY_NMI;
	if (number == EXCEPTION_HARD_FAULT)
		return PRIORITY_HARD_FAULT;
	return core->priority[number];
}

/* The part that decides about preemption. */
static int group_of(const struct armv7em *core, int priority)
{
	return priority < 0 ? priority : priority & ~((2 << core->aircr_prigroup) - 1);
}

static int active_priority(const struct armv7em *core)
{
	int best = PRIORITY_THREAD;

	for (unsigned word = 0; word < EXCEPTION_COUNT / 32; word++)
		for (uint32_t left = core->active[word]; left; left &= left - 1) {
			unsigned number = word * 32 + (unsigned)__builtin_ctz(left);
			int priority = group_of(core, priority_of(core, number));

			if (priority < best)
				best = priority;
		}
	return best;
}

/* Priority below which (numerically) something preempts; PRIMASK counts only where asked for. */
static int masked_priority(const struct armv7em *core, int active, bool with_primask)
{
	int best = active;

	if (core->basepri && group_of(core, (int)core->basepri) < best)
		best = group_of(core, (int)core->basepri);
	if (core->primask && with_primask && best > 0)
		best = 0;
	if (core->faultmask && best > PRIORITY_HARD_FAULT)
		best = PRIORITY_HARD_FAULT;
	return best;
}

unsigned exception_next(const struct armv7em *core)
{
	unsigned best = 0;
	int best_priority = PRIORITY_THREAD;

	for (unsigned word = 0; word < EXCEPTION_COUNT / 32; word++) {
		uint32_t left = core->pending[word] & core->enabled[word];

		for (; left; left &= left - 1) {
			unsigned number = word * 32 + (unsigned)__builtin_ctz(left);

			if (priority_of(core, number) < best_priority) {
				best = number;
				best_priority = priority_of(core, number);
			}
		}
	}
	return best;
}

void exception_update(struct armv7em *core)
{
	unsigned next = exception_next(core);

	core->execution_priority = masked_priority(core, active_priority(core), true);
	core->deliverable =
		next && group_of(core, priority_of(core, next)) < core->execution_priority;
	core_update_horizon(core);
}

bool exception_wakes(const struct armv7em *core)
{
	unsigned next = exception_next(core);

	if (core->waits_for_event && core->event)
		return true;
	return next && group_of(core, priority_of(core, next)) <
			       masked_priority(core, active_priority(core), false);
}

void exception_reset(struct armv7em *core)
{
	memset(core->pending, 0, sizeof(core->pending));
	memset(core->active, 0, sizeof(core->active));
	memset(core->enabled, 0, sizeof(core->enabled));
	memset(core->priority, 0, sizeof(core->priority));
	core->enabled[0] = ((1u << EXCEPTION_IRQ0) - 1) & ~CONFIGURABLE_FAULTS; /* SHCSR is 0 */
	for (unsigned i = EXCEPTION_IRQ0; i < EXCEPTION_COUNT; i++)
		if (bit_test(core->level, i))
			bit_set(core->pending, i, true);
	exception_update(core);
}

void exception_set_pending(struct armv7em *core, unsigned number)
{
	if (!bit_test(core->pending, number) && core->scr & SCR_SEVONPEND)
		core->event = true;
	bit_set(core->pending, number, true);
	exception_update(core);
}

/* A level that is still high keeps its interrupt pending. */
void exception_clear_pending(struct armv7em *core, unsigned number)
{
	bit_set(core->pending, number,
		bit_test(core->level, number) && !bit_test(core->active, number));
	exception_update(core);
}

/* ---- entry ---- */

static bool push_words(struct armv7em *core, uint32_t address, const uint32_t *words,
		       unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!memory_write(core, address + 4 * i, 4, words[i]))
			return false;
	return true;
}

static bool push_frame(struct armv7em *core, uint32_t frame, uint32_t xpsr, bool with_fp)
{
	uint32_t words[8] = {core->r[0],  core->r[1],  core->r[2],  core->r[3],
			     core->r[12], core->r[14], core->r[15], xpsr};
	uint32_t scalar = core->fpscr;

	if (!push_words(core, frame, words, 8))
		return false;
	if (!with_fp)
		return true;
	return push_words(core, frame + FRAME_BYTES, core->s, 16) &&
	       push_words(core, frame + FRAME_FPSCR, &scalar, 1);
}

static uint16_t code_at(const struct region *region, uint32_t index)
{
	uint16_t code;

	memcpy(&code, region->memory + 2 * index, sizeof(code));
	return code;
}

/* ITSTATE of the instruction at r[15] (A7.3.3), in its places in xPSR. The core keeps none: what
 * slot an instruction is in was decided when its IT was decoded. */
static uint32_t it_state(struct armv7em *core)
{
	const struct region *region = memory_region(core, core->r[15]);
	uint32_t index = region ? (core->r[15] - region->base) / 2 : 0, it = index, state;

	if (!region || !(region->ops[index].condition & OP_CONDITION))
		return 0;
	do
		if (!it-- || it + IT_REACH < index)
			return 0;
	while (region->ops[it].kind != OP_IT || it + region->ops[it].imm < index);
	state = code_at(region, it) & 0xffu;
	for (it++; it < index; it += code_at(region, it) >> 11 >= 0x1d ? 2 : 1)
		state = (state & 0xe0) | (state << 1 & 0x1f);
	return (state & 3) << 25 | (state & 0xfc) << 8;
}

static uint32_t stacked_xpsr(struct armv7em *core)
{
	uint32_t xpsr = special_xpsr(core) | it_state(core);

	if (core->not_thumb)
		xpsr &= ~XPSR_T;
	core->not_thumb = false;
	return xpsr;
}

static unsigned stacking_fault(struct armv7em *core, unsigned exception, uint32_t status,
			       uint32_t frame)
{
	core->cfsr |= status;
	fault_set(core, &(struct fault){0}, "the stack does not take the frame at 0x%08x", frame);
	return exception;
}

/* Writes the frame and switches to the main stack. The fault that this gave rise to, or 0. */
static unsigned stack_context(struct armv7em *core)
{
	bool with_fp = core->control & CONTROL_FPCA;
	bool aligned = core->ccr & CCR_STKALIGN || with_fp;
	uint32_t sp = core->r[13];
	uint32_t frame = sp - (with_fp ? FRAME_FP_BYTES : FRAME_BYTES);
	uint32_t xpsr = stacked_xpsr(core);
	bool process = !core->ipsr && core->control & CONTROL_SPSEL;
	unsigned derived = 0;

	if (aligned && frame & 4) {
		frame -= 4;
		xpsr |= FRAME_ALIGNED;
	}
	if (frame < special_stack_limit(core)) {
		derived = stacking_fault(core, EXCEPTION_USAGE_FAULT, CFSR_STKOF, frame);
		frame = special_stack_limit(core);
	} else if (!push_frame(core, frame, xpsr, with_fp)) {
		derived = stacking_fault(core, EXCEPTION_BUS_FAULT, CFSR_STKERR, frame);
	}
	core->r[13] = frame;
	core->r[14] = core->model->exception_return_base | (with_fp ? 0 : RETURN_NO_FP) |
		      (core->ipsr ? 0 : RETURN_THREAD) | (process ? RETURN_PROCESS : 0);
	special_select_stack(core, false);
	core->control &= ~(CONTROL_SPSEL | CONTROL_FPCA);
	core->fp_ready = false;
	if (!with_fp)
		return derived;
	if (core->fpccr & FPCCR_LSPEN) {
		core->fpcar = frame + FRAME_BYTES;
		core->fp_lazy = true;
	} else {
		core->now += FP_STACK_CYCLES;
	}
	return derived;
}

static void start_handler(struct armv7em *core, unsigned number)
{
	uint32_t slot = core->vtor + 4 * number, vector;

	core->ipsr = number;
	bit_set(core->active, number, true);
	bit_set(core->pending, number, false);
	core->counts.exceptions++;
	core->exclusive = false;
	core->event = true;
	core->asleep = false;
	core->fault = (struct fault){0};
	if (!memory_read(core, slot, 4, &vector)) {
		core->fault = (struct fault){0};
		if (number == EXCEPTION_HARD_FAULT || number == EXCEPTION_NMI) {
			lock_up(core, "the HardFault vector cannot be read");
			return;
		}
		core->hfsr |= HFSR_VECTTBL;
		fault_set(core, &(struct fault){0}, "exception %u has no vector at 0x%08x", number,
			  slot);
		bit_set(core->pending, EXCEPTION_HARD_FAULT, true);
		exception_update(core);
		return;
	}
	core->r[15] = vector & ~1u;
	if (!(vector & 1))
		fault_set(core,
			  &(struct fault){.exception = EXCEPTION_USAGE_FAULT,
					  .status = CFSR_INVSTATE},
			  "the vector of exception %u is 0x%08x, not a Thumb address", number,
			  vector);
	exception_update(core);
	if (core->fault.exception)
		exception_take_fault(core);
}

/* Pends a fault where entry and return made one, escalated where it does not preempt. False: nor
 * does HardFault. */
static bool pend_derived(struct armv7em *core, unsigned number)
{
	if (!is_enabled(core, number) ||
	    group_of(core, priority_of(core, number)) >= core->execution_priority) {
		if (core->execution_priority <= PRIORITY_HARD_FAULT) {
			lock_up(core, "a derived fault while a HardFault is handled");
			return false;
		}
		if (number != EXCEPTION_HARD_FAULT)
			core->hfsr |= HFSR_FORCED;
		number = EXCEPTION_HARD_FAULT;
	}
	bit_set(core->pending, number, true);
	return true;
}

/* A derived fault is as if it arrived late: of it and the original the one with the higher priority
 * is entered, on the frame that did not get written, and the other stays pending (ARMv7-M ARM,
 * B1.5.7 DerivedLateArrival; Armv8-M ARM, B3.20). */
static void enter(struct armv7em *core, unsigned number)
{
	unsigned derived;

	core->now += ENTRY_CYCLES;
	derived = stack_context(core);
	if (derived) {
		if (!pend_derived(core, derived))
			return;
		bit_set(core->pending, number, true);
		number = exception_next(core);
	}
	start_handler(core, number);
}

void exception_enter_next(struct armv7em *core)
{
	enter(core, exception_next(core));
}

/* ---- synchronous exceptions ---- */

void exception_raise(struct armv7em *core, unsigned number)
{
	bool preempts = group_of(core, priority_of(core, number)) < core->execution_priority;

	if (is_enabled(core, number) && preempts) {
		enter(core, number);
		return;
	}
	if (core->execution_priority <= PRIORITY_HARD_FAULT) {
		lock_up(core, number == EXCEPTION_SVC ? "SVC while a HardFault is handled"
						      : "fault while a HardFault is handled");
		return;
	}
	if (number == EXCEPTION_SVC)
		fault_set(core, &(struct fault){0}, "SVC at a priority that does not let it in");
	if (number != EXCEPTION_HARD_FAULT)
		core->hfsr |= HFSR_FORCED;
	enter(core, EXCEPTION_HARD_FAULT);
}

/* Returns the exception. */
static unsigned note_fault(struct armv7em *core)
{
	struct fault fault = core->fault;

	core->fault = (struct fault){0};
	core->cfsr |= fault.status;
	core->hfsr |= fault.hard_status;
	if (fault.status & CFSR_BFARVALID)
		core->bfar = fault.address;
	core->not_thumb = fault.status & CFSR_INVSTATE;
	return fault.exception;
}

void exception_take_fault(struct armv7em *core)
{
	exception_raise(core, note_fault(core));
}

/* ---- return ---- */

static unsigned count_active(const struct armv7em *core)
{
	unsigned count = 0;

	for (unsigned word = 0; word < EXCEPTION_COUNT / 32; word++)
		count += (unsigned)__builtin_popcount(core->active[word]);
	return count;
}

static bool return_is_legal(const struct armv7em *core, uint32_t value)
{
	bool thread = value & RETURN_THREAD;
	bool process = value & RETURN_PROCESS;

	if ((value & ~(RETURN_NO_FP | RETURN_THREAD | RETURN_PROCESS)) !=
	    core->model->exception_return_base)
		return false;
	if (process && !thread)
		return false;
	if (!bit_test(core->active, core->ipsr))
		return false;
	return !thread || count_active(core) == 1 || core->ccr & CCR_NONBASETHRDENA;
}

static void deactivate(struct armv7em *core)
{
	unsigned number = core->ipsr;

	bit_set(core->active, number, false);
	if (number != EXCEPTION_NMI)
		core->faultmask = 0;
	if (bit_test(core->level, number))
		bit_set(core->pending, number, true);
	exception_update(core);
}

static bool pop_words(struct armv7em *core, uint32_t address, uint32_t *ret_words, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!memory_read(core, address + 4 * i, 4, &ret_words[i]))
			return false;
	return true;
}

static void restore_registers(struct armv7em *core, const uint32_t words[8])
{
	memcpy(core->r, words, 4 * sizeof(core->r[0]));
	core->r[12] = words[4];
	core->r[14] = words[5];
	core->r[15] = words[6] & ~1u;
	special_set_xpsr(core, words[7]);
	core->ipsr = words[7] & 0x1ff;
}

/* r[13] is the main stack here: handlers run on it. */
static void move_stack(struct armv7em *core, bool process, uint32_t sp)
{
	if (!process) {
		core->r[13] = sp;
		return;
	}
	core->sp_banked = core->r[13];
	core->r[13] = sp;
	core->control |= CONTROL_SPSEL;
}

/* Goes from handler to handler: the frame stays where it is, and is the next one's. */
static void tail_chain(struct armv7em *core)
{
	core->now += TAIL_CHAIN_CYCLES;
	core->r[14] = core->exception_return;
	core->control &= ~CONTROL_FPCA;
	core->fp_ready = false;
	start_handler(core, exception_next(core));
}

/* Of a return that cannot be done: its fault is chained to the handler that wanted it (ARMv7-M ARM,
 * B1.5.8 ExceptionReturn: ExceptionTaken without PushStack). */
static void chain_fault(struct armv7em *core)
{
	unsigned number = note_fault(core);

	if (pend_derived(core, number))
		tail_chain(core);
}

static void invalid_return(struct armv7em *core, const char *why)
{
	fault_set(core, &(struct fault){.exception = EXCEPTION_USAGE_FAULT, .status = CFSR_INVPC},
		  "exception return 0x%08x: %s", core->exception_return, why);
	chain_fault(core);
}

static void unstacking_fault(struct armv7em *core, uint32_t frame)
{
	fault_set(core, &(struct fault){.exception = EXCEPTION_BUS_FAULT, .status = CFSR_UNSTKERR},
		  "exception return 0x%08x: the frame at 0x%08x cannot be read",
		  core->exception_return, frame);
	chain_fault(core);
}

static bool unstack(struct armv7em *core, uint32_t value, bool *ret_thumb)
{
	bool process = value & RETURN_PROCESS;
	bool thread = value & RETURN_THREAD;
	bool with_fp = !(value & RETURN_NO_FP);
	uint32_t frame = process ? core->sp_banked : core->r[13];
	bool reload = with_fp && !core->fp_lazy; /* else the registers are still the frame's */
	uint32_t words[8], sp;

	if (!pop_words(core, frame, words, 8) ||
	    (reload && (!pop_words(core, frame + FRAME_BYTES, core->s, 16) ||
			!pop_words(core, frame + FRAME_FPSCR, &core->fpscr, 1)))) {
		unstacking_fault(core, frame);
		return false;
	}
	if (thread == ((words[7] & 0x1ff) != 0)) { /* unstacking and stacking it again: as it was */
		invalid_return(core, "the stacked IPSR contradicts the mode");
		return false;
	}
	sp = frame + (with_fp ? FRAME_FP_BYTES : FRAME_BYTES);
	if (words[7] & FRAME_ALIGNED && (core->ccr & CCR_STKALIGN || with_fp))
		sp |= 4;
	restore_registers(core, words);
	move_stack(core, process, sp);
	core->control = (core->control & ~CONTROL_FPCA) | (with_fp ? CONTROL_FPCA : 0);
	core->fp_ready = false;
	if (reload)
		core->now += FP_STACK_CYCLES; /* the handler used the registers */
	if (with_fp)
		core->fp_lazy = false; /* PopStack (ARMv7-M ARM, B1.5.8); another's stays owed */
	*ret_thumb = words[7] & XPSR_T;
	return true;
}

static void return_to_stacked(struct armv7em *core, uint32_t value)
{
	bool thread = value & RETURN_THREAD, stacked_thumb;

	core->now += RETURN_CYCLES;
	if (!unstack(core, value, &stacked_thumb))
		return;
	exception_update(core);
	if (!stacked_thumb) {
		fault_set(core,
			  &(struct fault){.exception = EXCEPTION_USAGE_FAULT,
					  .status = CFSR_INVSTATE},
			  "exception return to a frame whose xPSR.T is clear");
		exception_take_fault(core);
		return;
	}
	if (thread && core->scr & SCR_SLEEPONEXIT && !exception_wakes(core)) {
		core->waits_for_event = false;
		core->asleep = true;
	}
}

void exception_return(struct armv7em *core)
{
	uint32_t value = core->exception_return;
	bool legal = return_is_legal(core, value);

	deactivate(core);
	core->event = true;
	core->exclusive = false;
	if (!legal) {
		invalid_return(core, "not a legal value here");
	} else if (core->deliverable) {
		tail_chain(core);
	} else {
		return_to_stacked(core, value);
	}
}
