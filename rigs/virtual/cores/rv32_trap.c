/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: exceptions and interrupts (RISC-V Privileged Architecture, machine mode only).
 * Exceptions go to the base of mtvec, interrupt n to 4 * n behind it. mtval holds the address of a
 * fetch, load or store fault and the encoding of an illegal instruction, else 0.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rigs/virtual/cores/rv32_core.h"

void rv32_trap_set(struct rv32 *core, uint32_t cause, uint32_t value, const char *what, ...)
{
	size_t used;
	va_list args;

	core->trap_cause = cause;
	core->trap_value = value;
	va_start(args, what);
	vsnprintf(core->fault_text, sizeof(core->fault_text), what, args);
	va_end(args);
	used = strlen(core->fault_text);
	snprintf(core->fault_text + used, sizeof(core->fault_text) - used, ", pc 0x%08x", core->pc);
}

static void lock_up(struct rv32 *core, uint32_t cause)
{
	char text[sizeof(core->fault_text)];

	memcpy(text, core->fault_text, sizeof(text));
	snprintf(core->fault_text, sizeof(core->fault_text),
		 "lockup: no memory at the handler 0x%08x of cause 0x%08x; %.170s", core->pc, cause,
		 text[0] ? text : "no earlier exception");
	core->locked_up = true;
}

void rv32_trap_enter(struct rv32 *core, uint32_t cause, uint32_t value)
{
	uint32_t enabled = core->mstatus & RV32_MSTATUS_MIE;

	core->mepc = core->pc;
	core->mcause = cause;
	core->mtval = value;
	core->mstatus = RV32_MSTATUS_MPP | (enabled ? RV32_MSTATUS_MPIE : 0);
	core->exceptions++;
	core->now += RV32_TRAP_CYCLES;
	core->pc = core->mtvec & RV32_MTVEC_BASE;
	if (cause & RV32_CAUSE_INTERRUPT)
		core->pc += 4 * (cause & ~RV32_CAUSE_INTERRUPT);
	if (!rv32_memory_region(core, core->pc))
		lock_up(core, cause);
}

void rv32_trap_return(struct rv32 *core)
{
	bool enable = core->mstatus & RV32_MSTATUS_MPIE;

	core->mstatus = RV32_MSTATUS_MPP | RV32_MSTATUS_MPIE | (enable ? RV32_MSTATUS_MIE : 0);
	rv32_core_update_horizon(core);
}
