/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: control and status registers of machine mode as the ESP32-C3 has them (TRM, chapter
 * "ESP-RISC-V CPU", "Configuration and Status Registers"). What is not in the table is the chip's
 * (bus.csr_read, bus.csr_write), but the standard counters never are: this part has none.
 *
 * User mode is not modelled: mstatus.MPP reads machine mode, and misa says I, M and C.
 */
#include "rigs/virtual/cores/rv32_core.h"

#define CSR_MPCER      0x7e0u
#define CSR_MPCMR      0x7e1u
#define CSR_MPCCR      0x7e2u
#define MISA           0x40001104u /* 32 bit; C, I, M */
#define MVENDORID      0x00000612u
#define MARCHID        0x80000001u
#define MIMPID         0x00000001u
#define EVENTS         ((1u << RV32_EVENT_COUNT) - 1)
#define CAUSE_WRITABLE 0x8000001fu

enum { OPERATION_WRITE = 1, OPERATION_SET, OPERATION_CLEAR, OPERATION_MASK = 3 };
enum { FUNCT3_IMMEDIATE = 4 };

#define FIELD(name) (uint32_t) offsetof(struct rv32, name)
#define CONSTANT    0

struct csr {
	uint32_t number;
	uint32_t field;    /* of struct rv32 */
	uint32_t constant; /* bits that always read as one */
	uint32_t writable; /* all others keep */
};

static const struct csr registers[] = {
	{0x300, FIELD(mstatus), RV32_MSTATUS_MPP, RV32_MSTATUS_MIE | RV32_MSTATUS_MPIE},
	{0x301, CONSTANT, MISA, 0},
	{0x305, FIELD(mtvec), RV32_MTVEC_VECTORS, RV32_MTVEC_BASE},
	{0x340, FIELD(mscratch), 0, ~0u},
	{0x341, FIELD(mepc), 0, ~1u},
	{0x342, FIELD(mcause), 0, CAUSE_WRITABLE},
	{0x343, FIELD(mtval), 0, ~0u},
	{CSR_MPCER, FIELD(mpcer), 0, EVENTS},
	{CSR_MPCMR, FIELD(mpcmr), 0, RV32_MPCMR_ENABLE | RV32_MPCMR_SATURATE},
	{0xf11, CONSTANT, MVENDORID, 0},
	{0xf12, CONSTANT, MARCHID, 0},
	{0xf13, CONSTANT, MIMPID, 0},
	{0xf14, CONSTANT, 0, 0}, /* mhartid */
};

static const struct csr *find(uint32_t number)
{
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		if (registers[i].number == number)
			return &registers[i];
	return NULL;
}

static uint32_t *field_of(struct rv32 *core, const struct csr *csr)
{
	return (uint32_t *)(void *)((char *)core + csr->field);
}

/* cycle, time, instret, hpmcounters and their machine and upper halves. */
static bool is_standard_counter(uint32_t number)
{
	return (number & ~0x9fu) == 0xb00 || (number & ~0x9fu) == 0xc00;
}

static bool csr_read(struct rv32 *core, uint32_t number, uint32_t *ret_value)
{
	const struct csr *csr = find(number);

	if (csr)
		*ret_value = csr->constant | (csr->field ? *field_of(core, csr) : 0);
	else if (number == CSR_MPCCR)
		*ret_value = rv32_count_events(core);
	else
		return !is_standard_counter(number) && core->bus.csr_read &&
		       core->bus.csr_read(core->bus.context, number, ret_value);
	return true;
}

static bool csr_write(struct rv32 *core, uint32_t number, uint32_t value)
{
	const struct csr *csr = find(number);
	uint32_t events = rv32_count_events(core);

	if (csr && csr->field)
		*field_of(core, csr) = value & csr->writable;
	else if (!csr && number != CSR_MPCCR)
		return !is_standard_counter(number) && core->bus.csr_write &&
		       core->bus.csr_write(core->bus.context, number, value);
	if (number >= CSR_MPCER && number <= CSR_MPCCR)
		rv32_count_restart(core, number == CSR_MPCCR ? value : events);
	rv32_core_update_horizon(core);
	return true;
}

static uint32_t combine(unsigned operation, uint32_t old, uint32_t operand)
{
	if (operation == OPERATION_SET)
		return old | operand;
	if (operation == OPERATION_CLEAR)
		return old & ~operand;
	return operand;
}

bool rv32_csr_execute(struct rv32 *core, const struct rv32_op *op)
{
	uint32_t number = op->imm >> 20, source = op->imm >> 15 & 31, funct3 = op->imm >> 12 & 7;
	uint32_t operand = funct3 & FUNCT3_IMMEDIATE ? source : core->x[op->rs1];
	unsigned operation = funct3 & OPERATION_MASK;
	bool reads = operation != OPERATION_WRITE || op->rd != RV32_SINK;
	bool writes = operation == OPERATION_WRITE || source;
	uint32_t old = 0;

	repeat_watch_end(core->watch);
	if (writes && number >> 10 == 3)
		return false; /* read-only by its number */
	if (reads && !csr_read(core, number, &old))
		return false;
	if (writes && !csr_write(core, number, combine(operation, old, operand)))
		return false;
	core->x[op->rd] = old;
	return true;
}

void rv32_csr_reset(struct rv32 *core)
{
	core->mstatus = core->mtvec = core->mscratch = 0;
	core->mepc = core->mcause = core->mtval = 0;
	core->mpcer = 0;
	core->mpcmr = RV32_MPCMR_ENABLE | RV32_MPCMR_SATURATE; /* as the part resets it */
	rv32_count_restart(core, 0);
}
