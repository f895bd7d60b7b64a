/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Differential test of the RV32 core against Unicorn: short runs of random instructions from random
 * registers; registers, program counter, memory and the cause of an exception have to be equal.
 *
 *   rv32_fuzz [ENCODINGS [SEED]]
 *
 * One run of eight has random words of all kinds, legal or not. The others have legal encodings
 * only, half of them up to three, of which the last may branch, load or store: all get to their
 * end. Counted as compared are the encodings that both executed or refused. Where the two are bound
 * to differ: Unicorn's CPU (SiFive E31, RV32IMAC) has atomics, user mode and other CSRs: opcodes
 * AMO and SYSTEM are not compared, but the core has to refuse AMO and what is no machine-mode
 * instruction.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "rigs/virtual/cores/rv32_core.h"

#define CODE_BASE   0x00010000u
#define CODE_BYTES  0x00040000u
#define DATA_BASE   0x20000000u
#define DATA_BYTES  0x00001000u
#define TRAP_BASE   0x30000000u
#define TRAP_BYTES  0x00001000u
#define RUN_LONGEST 16u
#define C_NOP       0x0001u

/* The sanitizer's: what Unicorn itself leaks is not this test's business. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libunicorn";
}

struct fuzz {
	uint64_t random;
	struct rv32 *core;
	uc_engine *oracle;
	uint8_t core_code[CODE_BYTES], core_data[DATA_BYTES], core_trap[TRAP_BYTES];
	uint8_t oracle_code[CODE_BYTES], oracle_data[DATA_BYTES];
	uint32_t at; /* where the next run is written */
	uint32_t start[32];
	uint32_t words[RUN_LONGEST];
	uint32_t places[RUN_LONGEST]; /* their addresses */
	uint32_t reached;             /* a bit for each that the core began */
	unsigned length, interrupted;
	uint64_t encodings, compared, trapped, skipped, differences;
};

static uint32_t next_random(struct fuzz *f) /* xorshift64* */
{
	f->random ^= f->random >> 12;
	f->random ^= f->random << 25;
	f->random ^= f->random >> 27;
	return (uint32_t)(f->random * 0x2545f4914f6cdd1du >> 32);
}

/* Opcodes with funct3 and funct7 that exist; the rest of the bits is random. */
static uint32_t framed_word(struct fuzz *f)
{
	static const uint32_t frames[][2] = {
		/* mask of the fixed bits, their value */
		{0x7f, 0x37},
		{0x7f, 0x17},
		{0x7f, 0x6f},
		{0x707f, 0x67},
		{0x7f, 0x63},
		{0x7f, 0x63},
		{0x7f, 0x03},
		{0x7f, 0x03},
		{0x7f, 0x23},
		{0x7f, 0x13},
		{0xfe00007f, 0x33},
		{0xfe00007f, 0x02000033},
		{0xfe00007f, 0x33},
		{0xfe00007f, 0x40000033},
		{0xfe00007f, 0x02000033},
		{0xfe00307f, 0x1013},
		{0xfe00707f, 0x40005013},
		{0x7f, 0x0f},
	};
	const uint32_t *frame = frames[next_random(f) % (sizeof(frames) / sizeof(frames[0]))];

	return (next_random(f) & ~frame[0]) | frame[1];
}

static uint32_t random_encoding(struct fuzz *f)
{
	uint32_t kind = next_random(f) & 7;

	if (kind < 2)
		return framed_word(f);
	if (kind < 4)
		return next_random(f) | 3;
	if (kind < 5)
		return framed_word(f);
	return next_random(f) & 0xffff;
}

static bool is_incomparable(uint32_t code);

/* Not JAL, JALR, branches, loads, stores and C.EBREAK. */
static bool goes_on(uint32_t code)
{
	static const uint8_t leaving[] = {0x6f, 0x67, 0x63, 0x03, 0x23};
	unsigned funct3 = code >> 13 & 7;

	if ((code & 3) == 3)
		return !memchr(leaving, (int)(code & 0x7f), sizeof(leaving));
	if ((code & 3) == 1)
		return funct3 != 1 && funct3 < 5;
	return (code & 3) == 0 ? funct3 == 0 : funct3 == 0 || (funct3 == 4 && code >> 2 & 31);
}

static bool is_legal(uint32_t code)
{
	unsigned funct3 = code >> 12 & 7;

	if (is_incomparable(code))
		return false;
	switch (code & 0x7f) {
	case 0x03:
		return funct3 < 3 || funct3 == 4 || funct3 == 5;
	case 0x23:
		return funct3 < 3;
	case 0x63:
		return funct3 != 2 && funct3 != 3;
	case 0x13:
		return (funct3 & 3) != 1 || !(code >> 25) || (code >> 25 == 0x20 && funct3 == 5);
	case 0x33:
		return code >> 25 < 2 || (code >> 25 == 0x20 && (funct3 == 0 || funct3 == 5));
	case 0x0f:
		return funct3 < 2;
	default:
		return true;
	}
}

static uint32_t legal_encoding(struct fuzz *f, bool may_leave)
{
	uint32_t code;

	do
		code = next_random(f) & 1 ? framed_word(f) : next_random(f) & 0xffff;
	while (((code & 3) == 3 && code < 0x10000) || !is_legal(code) ||
	       !(may_leave || goes_on(code)));
	return code;
}

static uint32_t random_value(struct fuzz *f)
{
	static const uint32_t edges[] = {0,          1,          0xffffffff, 0x80000000,
					 0x7fffffff, 0x0000ffff, 0xffff8000, 31};
	uint32_t value = next_random(f);

	switch (next_random(f) & 7) {
	case 0:
		return edges[value % (sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return value >> (next_random(f) & 31);
	case 2:
		return value;
	default:
		return DATA_BASE + value % DATA_BYTES;
	}
}

static bool is_compressed(uint32_t code)
{
	return (code & 3) != 3;
}

/* Tables "RVC Instruction listings" of the ISA manual: RES, RV32 NSE and what needs F or D. */
static bool is_reserved_compressed(uint32_t code)
{
	unsigned quadrant = code & 3, funct3 = code >> 13 & 7, bit12 = code >> 12 & 1;
	unsigned rd = code >> 7 & 31, low = code >> 2 & 31;

	if (quadrant == 0)
		return (funct3 != 0 && funct3 != 2 && funct3 != 6) || (code & 0xffe0) == 0;
	if (quadrant == 1 && funct3 == 3)
		return !low && !bit12;
	if (quadrant == 1 && funct3 == 4)
		return bit12 && (code >> 10 & 3) != 2;
	if (quadrant == 2 && funct3 == 0)
		return bit12;
	if (quadrant == 2 && funct3 == 2)
		return !rd;
	if (quadrant == 2 && funct3 == 4)
		return !bit12 && !low && !rd;
	return quadrant == 2 && funct3 != 6;
}

/* AMO, LOAD-FP, STORE-FP, OP-FP and the fused ones: extensions that the core has not. */
static bool is_absent_opcode(uint32_t code)
{
	static const uint8_t opcodes[] = {0x2f, 0x07, 0x27, 0x53, 0x43, 0x47, 0x4b, 0x4f};

	return memchr(opcodes, (int)(code & 0x7f), sizeof(opcodes));
}

/* What the oracle's CPU has and the core has not, or answers differently. */
static bool is_incomparable(uint32_t code)
{
	if (is_compressed(code))
		return (uint16_t)code == 0x9002 || is_reserved_compressed((uint16_t)code);
	return (code & 0x7f) == 0x73 || is_absent_opcode(code);
}

static bool must_be_illegal(uint32_t code)
{
	if (is_compressed(code))
		return is_reserved_compressed((uint16_t)code);
	if (is_absent_opcode(code))
		return true;
	if ((code & 0x707f) == 0x4073)
		return true;
	return (code & 0x707f) == 0x73 && code != 0x73 && code != 0x00100073 &&
	       code != 0x30200073 && code != 0x10500073;
}

static void on_interrupt(uc_engine *oracle, uint32_t number, void *context)
{
	struct fuzz *f = context;

	f->interrupted = number + 1;
	uc_emu_stop(oracle);
}

static void write_run(struct fuzz *f)
{
	uint32_t at = f->at, end;
	bool any = next_random(f) % 8 == 0;

	f->length = 1 + next_random(f) % (any || next_random(f) & 1 ? RUN_LONGEST : 3);
	for (unsigned i = 0; i < f->length; i++) {
		uint32_t code = any ? random_encoding(f) : legal_encoding(f, i + 1 == f->length);
		uint32_t bytes = is_compressed(code) ? 2 : 4;

		f->words[i] = code;
		f->places[i] = CODE_BASE + at;
		memcpy(f->core_code + at, &code, bytes);
		memcpy(f->oracle_code + at, &code, bytes);
		at += bytes;
	}
	end = at + 16 < CODE_BYTES ? at + 16 : CODE_BYTES;
	rv32_invalidate(f->core, CODE_BASE + f->at, end - f->at);
	uc_ctl_remove_cache(f->oracle, CODE_BASE + f->at, CODE_BASE + end);
	for (unsigned i = 0; i < 32; i++)
		f->start[i] = i ? random_value(f) : 0;
}

static void note_place(struct fuzz *f, uint32_t pc)
{
	for (unsigned i = 0; i < f->length; i++)
		if (f->places[i] == pc)
			f->reached |= 1u << i;
}

static void run_core(struct fuzz *f, uint64_t *ret_exceptions)
{
	uint64_t before = rv32_counts(f->core)->exceptions;
	uint64_t target = rv32_counts(f->core)->instructions + f->length;

	f->core->mtvec = TRAP_BASE; /* a run may have changed it, or sleep, or be locked up */
	f->core->asleep = f->core->locked_up = false;
	for (unsigned i = 1; i < 32; i++)
		rv32_set_register(f->core, i, f->start[i]);
	rv32_set_register(f->core, RV32_PC, CODE_BASE + f->at);
	f->reached = 0;
	while (rv32_counts(f->core)->instructions < target &&
	       rv32_counts(f->core)->exceptions == before) {
		note_place(f, rv32_pc(f->core));
		if (rv32_run(f->core, rv32_now(f->core) + 1) != RV32_STOP_LIMIT)
			break;
	}
	*ret_exceptions = rv32_counts(f->core)->exceptions - before;
}

static uc_err run_oracle(struct fuzz *f)
{
	for (int i = 1; i < 32; i++)
		uc_reg_write(f->oracle, UC_RISCV_REG_X0 + i, &f->start[i]);
	f->interrupted = 0;
	return uc_emu_start(f->oracle, CODE_BASE + f->at, 0xfffffffe, 0, f->length);
}

/* mcause that the oracle's way to stop corresponds to; 0: none. */
static uint32_t oracle_cause(const struct fuzz *f, uc_err error)
{
	if (f->interrupted)
		return f->interrupted - 1;
	switch (error) {
	case UC_ERR_OK:
		return 0;
	case UC_ERR_FETCH_UNMAPPED:
		return RV32_CAUSE_FETCH_FAULT;
	case UC_ERR_READ_UNMAPPED:
		return RV32_CAUSE_LOAD_FAULT;
	case UC_ERR_WRITE_UNMAPPED:
	case UC_ERR_WRITE_PROT:
		return RV32_CAUSE_STORE_FAULT;
	default:
		return RV32_CAUSE_ILLEGAL;
	}
}

static void report(struct fuzz *f, const char *what, uint32_t core, uint32_t oracle)
{
	if (f->differences++ >= 20)
		return;
	printf("difference: %s: core 0x%08x, oracle 0x%08x; code at 0x%08x:", what, core, oracle,
	       CODE_BASE + f->at);
	for (unsigned i = 0; i < f->length; i++)
		printf(is_compressed(f->words[i]) ? " %04x" : " %08x", f->words[i]);
	printf("; %s\n  registers:", rv32_fault_text(f->core));
	for (unsigned i = 0; i < 32; i++)
		printf(" %08x", f->start[i]);
	printf("\n");
}

static void compare(struct fuzz *f, bool trapped, uint32_t cause)
{
	uint32_t core_pc = trapped ? f->core->mepc : rv32_register(f->core, RV32_PC), value;
	uint32_t core_cause = trapped ? f->core->mcause : 0;

	/* The jump is done, its target is the next instruction's trouble. */
	if (cause == RV32_CAUSE_FETCH_FAULT && !core_cause)
		cause = 0;
	if (cause != core_cause) {
		report(f, "cause", core_cause, cause);
		return;
	}
	for (int i = 1; i < 32; i++) {
		uc_reg_read(f->oracle, UC_RISCV_REG_X0 + i, &value);
		if (value != rv32_register(f->core, (unsigned)i)) {
			report(f, "register", rv32_register(f->core, (unsigned)i), value);
			return;
		}
	}
	uc_reg_read(f->oracle, UC_RISCV_REG_PC, &value);
	/* The oracle's pc is of no use where it refuses an instruction. */
	if (cause != RV32_CAUSE_ILLEGAL && value != core_pc)
		report(f, "pc", core_pc, value);
	/* Of a misaligned store that fails half-way the oracle keeps the first half. */
	if (memcmp(f->core_data, f->oracle_data, DATA_BYTES) &&
	    !(cause == RV32_CAUSE_STORE_FAULT && f->core->mtval & 3))
		report(f, "memory", 0, 0);
	if (cause == RV32_CAUSE_ILLEGAL && f->core->mtval != f->words[0] && f->length == 1)
		report(f, "mtval", f->core->mtval, f->words[0]);
}

/* Only what the core does with it; the oracle sees nothing of this run. */
static void check_refused(struct fuzz *f, bool trapped)
{
	f->skipped++;
	if (f->length == 1 && must_be_illegal(f->words[0]) &&
	    !(trapped && f->core->mcause == RV32_CAUSE_ILLEGAL && f->core->mtval == f->words[0] &&
	      f->core->mepc == CODE_BASE + f->at))
		report(f, "has to be illegal", trapped ? f->core->mcause : 0, 0);
	memcpy(f->core_data, f->oracle_data, DATA_BYTES);
}

static bool trapped_incomparably(const struct rv32 *core)
{
	return core->mcause == RV32_CAUSE_ECALL_M || core->mcause == RV32_CAUSE_BREAKPOINT ||
	       (core->mcause == RV32_CAUSE_ILLEGAL && is_incomparable(core->mtval));
}

static void fuzz_once(struct fuzz *f)
{
	bool comparable = true;
	uint64_t exceptions;

	write_run(f);
	f->encodings += f->length;
	for (unsigned i = 0; i < f->length; i++)
		comparable = comparable && !is_incomparable(f->words[i]);
	run_core(f, &exceptions);
	f->trapped += exceptions;
	if (exceptions && trapped_incomparably(f->core))
		comparable = false; /* jumped to one */
	if (comparable) {
		uc_err error = run_oracle(f);

		f->compared += (unsigned)__builtin_popcount(f->reached);
		compare(f, exceptions, oracle_cause(f, error));
	} else {
		check_refused(f, exceptions);
	}
	if (memcmp(f->core_data, f->oracle_data, DATA_BYTES))
		memcpy(f->core_data, f->oracle_data, DATA_BYTES);
}

static bool open_both(struct fuzz *f)
{
	struct rv32_bus bus = {0};
	uc_hook hook;

	for (uint32_t i = 0; i < DATA_BYTES; i++)
		f->core_data[i] = f->oracle_data[i] = (uint8_t)next_random(f);
	f->core = rv32_new(&bus);
	if (!f->core)
		return false;
	rv32_map(f->core, CODE_BASE, CODE_BYTES, f->core_code, RV32_MEMORY_ROM);
	rv32_map(f->core, DATA_BASE, DATA_BYTES, f->core_data, RV32_MEMORY_RAM);
	rv32_map(f->core, TRAP_BASE, TRAP_BYTES, f->core_trap, RV32_MEMORY_ROM);
	/* The oracle has the trap vectors' memory, too: a random address may be there. */
	return uc_open(UC_ARCH_RISCV, UC_MODE_RISCV32, &f->oracle) == UC_ERR_OK &&
	       uc_ctl_set_cpu_model(f->oracle, UC_CPU_RISCV32_SIFIVE_E31) == UC_ERR_OK &&
	       uc_mem_map_ptr(f->oracle, TRAP_BASE, TRAP_BYTES, UC_PROT_READ | UC_PROT_EXEC,
			      f->core_trap) == UC_ERR_OK &&
	       uc_mem_map_ptr(f->oracle, CODE_BASE, CODE_BYTES, UC_PROT_READ | UC_PROT_EXEC,
			      f->oracle_code) == UC_ERR_OK &&
	       uc_mem_map_ptr(f->oracle, DATA_BASE, DATA_BYTES, UC_PROT_ALL, f->oracle_data) ==
		       UC_ERR_OK &&
	       uc_hook_add(f->oracle, &hook, UC_HOOK_INTR, on_interrupt, f, 1, 0) == UC_ERR_OK;
}

static void clear_code(struct fuzz *f)
{
	for (uint32_t i = 0; i < CODE_BYTES; i += 2) {
		f->core_code[i] = f->oracle_code[i] = C_NOP;
		f->core_code[i + 1] = f->oracle_code[i + 1] = 0;
	}
	rv32_invalidate(f->core, CODE_BASE, CODE_BYTES);
	uc_ctl_flush_tlb(f->oracle); /* translations, too */
	f->at = 0x1000;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct fuzz *f = calloc(1, sizeof(*f));
	bool ok;

	if (!f || !count)
		return 2;
	f->random = seed * 0x9e3779b97f4a7c15u + 1;
	if (!open_both(f)) {
		fprintf(stderr, "rv32_fuzz: cannot open Unicorn's RISC-V\n");
		return 2;
	}
	clear_code(f);
	while (f->encodings < count) {
		fuzz_once(f);
		f->at += 4 * f->length + 32;
		if (f->at > CODE_BYTES - 0x1000)
			clear_code(f);
	}
	printf("seed %" PRIu64 ": %" PRIu64 " encodings drawn, %" PRIu64 " compared, %" PRIu64
	       " exceptions, %" PRIu64 " runs for the core alone, %" PRIu64 " differences\n",
	       seed, f->encodings, f->compared, f->trapped, f->skipped, f->differences);
	rv32_free(f->core);
	uc_close(f->oracle);
	ok = !f->differences && f->compared >= f->encodings / 2;
	free(f);
	return ok ? 0 : 1;
}
