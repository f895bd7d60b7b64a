/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Differential test of the Arm cores against Unicorn (QEMU's translator) with whole programs:
 *
 *   armv7em_sequences M4|M7|M33|all [PROGRAMS [SEED]]
 *
 * Each program (random_programs.c) starts in a random state: registers, flags, FP registers with
 * NaNs, denormals and infinities, FPSCR modes, and runs to its end. The core runs it freely, then
 * once more an instruction at a time. All three have to agree in registers, flags, FPSCR, memory
 * and the number of instructions; those that IT skips count. Single encodings, reserved ones and
 * faults are armv7em_fuzz.c's.
 *
 * Known differences, by name and counted:
 *   alignment   Unicorn 2.0 does not check it of lists and pairs: the program ends here
 *   SMLAD       Q of 0x80008000 * 0x80008000 + negative (armv7em_rules.c)
 *   left out    VCVT from fixed point, which Unicorn rounds differently: not drawn
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "rigs/virtual/cores/armv7em_core.h"
#include "tests/oracle/random_programs.h"

#define CODE        0x08000000u
#define CODE_BYTES  0x10000u
#define FIRST_SLOT  0x1000u
#define LAST_SLOT   0xe000u
#define RAM         0x20000000u
#define RAM_BYTES   0x8000u
#define END_ADDRESS 0x40000000u
#define FLAGS       0xf80f0000u
#define CYCLES_MAX  2000000u
#define SHOWN_MAX   12u

/* The sanitizer's: what Unicorn itself leaks is not this test's business. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libunicorn";
}

static const struct {
	const char *name;
	enum armv7em_model core;
	int unicorn_cpu;
	unsigned unicorn_mode;
} models[] = {
	{"M4", ARMV7EM_M4, UC_CPU_ARM_CORTEX_M4, UC_MODE_THUMB},
	{"M7", ARMV7EM_M7, UC_CPU_ARM_CORTEX_M7, UC_MODE_THUMB},
	{"M33", ARMV7EM_M33, UC_CPU_ARM_CORTEX_M33, UC_MODE_THUMB | UC_MODE_MCLASS},
};

struct state {
	uint32_t r[15];
	uint32_t flags;
	uint32_t s[32];
	uint32_t fpscr;
	uint64_t instructions;
};

struct tally {
	unsigned long agree, undefined, alignment, smlad, wrong;
	uint64_t instructions;
};

struct duel {
	struct armv7em *core;
	uc_engine *uc;
	unsigned model;
	struct program program;
	uint8_t code[CODE_BYTES];
	uint8_t start_ram[RAM_BYTES], ram[RAM_BYTES], stepped_ram[RAM_BYTES], other_ram[RAM_BYTES];
	uint32_t slot;
	bool ended;
	uint64_t counted; /* instructions of the oracle */
	struct tally tally;
	unsigned shown;
};

static uint32_t draw(struct duel *duel)
{
	return program_random(&duel->program);
}

/* ---- the start ---- */

static uint32_t draw_float(struct duel *duel)
{
	uint32_t sign = draw(duel) & 0x80000000;

	switch (draw(duel) % 12) {
	case 0:
		return sign;
	case 1:
		return sign | 0x7f800000;
	case 2:
		return sign | 0x7f800000 | (draw(duel) & 0x7fffff); /* NaNs of both kinds */
	case 3:
	case 4:
		return sign | (draw(duel) & 0x7fffff); /* denormals */
	case 5:
		return sign | (0x3f000000 + (draw(duel) & 0x01ffffff));
	case 6:
		return sign | (0x00800000 + (draw(duel) & 0x00ffffff));
	case 7:
		return sign | 0x7f000000 | (draw(duel) & 0x7fffff);
	default:
		return sign | ((0x70 + draw(duel) % 0x20) << 23 | (draw(duel) & 0x7fffff));
	}
}

static uint32_t draw_word(struct duel *duel)
{
	static const uint32_t edges[] = {0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 0x80008000};

	switch (draw(duel) % 6) {
	case 0:
		return draw(duel) & 0xff;
	case 1:
		return edges[draw(duel) % 6];
	case 2:
		return draw_float(duel);
	default:
		return draw(duel);
	}
}

static void draw_state(struct duel *duel, struct state *state)
{
	memset(state, 0, sizeof(*state));
	for (unsigned i = 0; i < 15; i++)
		state->r[i] = draw_word(duel);
	state->r[4] = draw(duel) & 0x3c;
	state->r[6] = RAM + 0x2800 + (draw(duel) & 0x7fc);
	state->r[7] = RAM + 0x3000 + (draw(duel) & 0x7fc);
	state->r[9] = RAM + 0x3800 + (draw(duel) & 0x7fc);
	state->r[10] = RAM + 0x4000 + (draw(duel) & 0x7fc);
	state->r[13] = RAM + 0x4800 + (draw(duel) & 0x7fc);
	state->r[8] = 1 + draw(duel) % 5;
	state->r[11] = END_ADDRESS;
	state->flags = draw(duel) & FLAGS;
	for (unsigned i = 0; i < 32; i++)
		state->s[i] = draw_float(duel);
	state->fpscr = draw(duel) % 2 ? 0 : draw(duel) & 0x07c00000;
	for (unsigned i = 0; i < 0x100; i++) {
		uint32_t word = draw(duel) % 2 ? draw_float(duel) : draw_word(duel);

		memcpy(duel->start_ram + (draw(duel) & (RAM_BYTES - 4)), &word, 4);
	}
}

/* ---- the core ---- */

static bool on_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct duel *duel = context;

	(void)value;
	if (address != END_ADDRESS || size != 4)
		return false;
	duel->ended = true;
	armv7em_request_stop(duel->core);
	return true;
}

static void run_core(struct duel *duel, struct state *state, bool stepwise)
{
	struct armv7em *core = duel->core;
	uint64_t before = armv7em_counts(core)->instructions, end = armv7em_now(core) + CYCLES_MAX;

	exception_reset(core);
	core->ipsr = core->cfsr = core->hfsr = 0;
	core->locked_up = core->exclusive = false;
	core->cpacr = 0xf << 20;
	core->control = CONTROL_FPCA;
	core->fp_ready = true;
	for (unsigned i = 0; i < 15; i++)
		armv7em_set_register(core, i, state->r[i]);
	armv7em_set_register(core, 15, CODE + duel->slot);
	armv7em_set_register(core, 16, state->flags);
	memcpy(core->s, state->s, sizeof(core->s));
	core->fpscr = state->fpscr;
	exception_update(core);
	memcpy(duel->ram, duel->start_ram, RAM_BYTES);
	duel->ended = false;
	while (!duel->ended && !core->ipsr && !core->locked_up && armv7em_now(core) < end)
		armv7em_run(core, stepwise ? armv7em_now(core) + 1 : end);
	for (unsigned i = 0; i < 15; i++)
		state->r[i] = armv7em_register(core, i);
	state->flags = armv7em_register(core, 16) & FLAGS;
	memcpy(state->s, core->s, sizeof(core->s));
	state->fpscr = core->fpscr & FPSCR_WRITABLE;
	state->instructions = armv7em_counts(core)->instructions - before - 1;
}

/* ---- the oracle ---- */

static void move_unicorn(struct duel *duel, struct state *state, bool write)
{
	int registers[15 + 32 + 2], count = 0;
	void *values[15 + 32 + 2];

	for (int i = 0; i < 15; i++, count++) {
		registers[count] = i < 13    ? UC_ARM_REG_R0 + i
				   : i == 13 ? UC_ARM_REG_SP
					     : UC_ARM_REG_LR;
		values[count] = &state->r[i];
	}
	for (int i = 0; i < 32; i++, count++) {
		registers[count] = UC_ARM_REG_S0 + i;
		values[count] = &state->s[i];
	}
	registers[count] = UC_ARM_REG_FPSCR;
	values[count++] = &state->fpscr;
	registers[count] = write ? UC_ARM_REG_APSR_NZCVQG : UC_ARM_REG_APSR;
	values[count++] = &state->flags;
	if (write)
		uc_reg_write_batch(duel->uc, registers, values, count);
	else
		uc_reg_read_batch(duel->uc, registers, values, count);
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
	struct duel *duel = context;
	uint32_t at = (uint32_t)address - CODE, end = at + size;
	uint16_t half;

	(void)uc;
	for (; at < end && at < CODE_BYTES; duel->counted++) {
		memcpy(&half, duel->code + at, 2);
		at += half >> 11 >= 0x1d ? 4 : 2;
	}
}

static uc_err run_unicorn(struct duel *duel, struct state *state)
{
	uint32_t end = CODE + duel->slot + 2 * duel->program.end;
	uc_err error;

	memcpy(duel->other_ram, duel->start_ram, RAM_BYTES);
	duel->counted = 0;
	move_unicorn(duel, state, true);
	error = uc_emu_start(duel->uc, (CODE + duel->slot) | 1, end, 0, 100000);
	move_unicorn(duel, state, false);
	state->flags &= FLAGS;
	state->fpscr &= FPSCR_WRITABLE;
	state->instructions = duel->counted;
	return error;
}

/* ---- verdicts ---- */

static const char *difference(const struct state *a, const struct state *b)
{
	static char text[80];

	for (unsigned i = 0; i < 15; i++)
		if (a->r[i] != b->r[i]) {
			snprintf(text, sizeof(text), "r%u 0x%08x, oracle 0x%08x", i, a->r[i],
				 b->r[i]);
			return text;
		}
	for (unsigned i = 0; i < 32; i++)
		if (a->s[i] != b->s[i]) {
			snprintf(text, sizeof(text), "s%u 0x%08x, oracle 0x%08x", i, a->s[i],
				 b->s[i]);
			return text;
		}
	if (a->fpscr != b->fpscr)
		snprintf(text, sizeof(text), "FPSCR 0x%08x, oracle 0x%08x", a->fpscr, b->fpscr);
	else if (a->flags != b->flags)
		snprintf(text, sizeof(text), "flags 0x%08x, oracle 0x%08x", a->flags, b->flags);
	else if (a->instructions != b->instructions)
		snprintf(text, sizeof(text), "%llu instructions, oracle %llu",
			 (unsigned long long)a->instructions, (unsigned long long)b->instructions);
	else
		return NULL;
	return text;
}

static void report(struct duel *duel, const struct state *before, const char *how, const char *what)
{
	const struct program *program = &duel->program;

	duel->tally.wrong++;
	if (duel->shown++ >= SHOWN_MAX)
		return;
	printf("%s, %s: %s\n  flags 0x%08x fpscr 0x%08x at 0x%08x:", models[duel->model].name, how,
	       what, before->flags, before->fpscr, CODE + duel->slot);
	for (unsigned i = 0; i < program->count; i++)
		printf(" %04x", program->halves[i]);
	printf("\n");
}

/* Nothing but Q, of a program that has SMLAD. */
static bool is_smlad(const struct duel *duel, struct state mine, const struct state *other)
{
	if (!duel->program.has_smlad || (mine.flags ^ other->flags) != 0x08000000)
		return false;
	mine.flags = other->flags;
	return !difference(&mine, other) && !memcmp(duel->ram, duel->other_ram, RAM_BYTES);
}

static void compare(struct duel *duel, const struct state *before, const struct state *mine)
{
	struct state other = *before;
	uc_err error = run_unicorn(duel, &other);
	const char *what = error ? uc_strerror(error) : difference(mine, &other);

	if (!what && memcmp(duel->ram, duel->other_ram, RAM_BYTES))
		what = "memory";
	if (what && !error && is_smlad(duel, *mine, &other))
		duel->tally.smlad++;
	else if (what)
		report(duel, before, "against the oracle", what);
	else
		duel->tally.agree++;
}

static void check_steps(struct duel *duel, const struct state *before, const struct state *mine)
{
	struct state stepped = *before;
	const char *what;

	memcpy(duel->stepped_ram, duel->ram, RAM_BYTES);
	run_core(duel, &stepped, true);
	what = difference(&stepped, mine);
	if (!what && memcmp(duel->stepped_ram, duel->ram, RAM_BYTES))
		what = "memory";
	if (what)
		report(duel, before, "stepwise against freely", what);
}

static void put_program(struct duel *duel)
{
	uint32_t bytes = 2 * duel->program.count;

	memcpy(duel->code + duel->slot, duel->program.halves, bytes);
	armv7em_invalidate(duel->core, CODE + duel->slot, bytes);
	uc_ctl_remove_cache(duel->uc, CODE + duel->slot, CODE + duel->slot + bytes);
}

/* An unallocated encoding, which armv7em_fuzz compares: NOP of the same length instead. */
static bool replace_undefined(struct duel *duel)
{
	uint32_t pc = 0, frame = duel->core->r[13] + 24 - RAM, at;

	if (!(duel->core->cfsr & CFSR_UNDEFINSTR) || frame > RAM_BYTES - 4)
		return false;
	memcpy(&pc, duel->ram + frame, 4);
	at = (pc - CODE - duel->slot) / 2;
	if (at >= duel->program.end)
		return false;
	duel->tally.undefined++;
	if (duel->program.halves[at] >> 11 < 0x1d) {
		duel->program.halves[at] = 0xbf00;
	} else {
		duel->program.halves[at] = 0xf3af;
		duel->program.halves[at + 1] = 0x8000;
	}
	put_program(duel);
	return true;
}

static void write_program(struct duel *duel)
{

	duel->slot += 0x200;
	if (duel->slot >= LAST_SLOT)
		duel->slot = FIRST_SLOT;
	program_make(&duel->program, models[duel->model].core, CODE + duel->slot);
	put_program(duel);
}

static void trial(struct duel *duel)
{
	struct state before, mine;

	write_program(duel);
	draw_state(duel, &before);
	do {
		mine = before;
		run_core(duel, &mine, false);
	} while (replace_undefined(duel));
	if (duel->core->cfsr & CFSR_UNALIGNED) {
		duel->tally.alignment++;
	} else if (!duel->ended) {
		report(duel, &before, "does not end", armv7em_fault_text(duel->core));
	} else {
		duel->tally.instructions += mine.instructions;
		compare(duel, &before, &mine);
		check_steps(duel, &before, &mine);
	}
}

/* ---- set-up ---- */

static bool refuse_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	(void)context, (void)address, (void)size, (void)ret_value;
	return false;
}

/* The oracle's first FP instruction makes a new context, which resets FPSCR; the core starts with
 * one (CONTROL.FPCA). */
static bool make_fp_context(struct duel *duel)
{
	const uint16_t vmov[2] = {0xeeb0, 0x0a40};
	const uint32_t at = 0x200;

	memcpy(duel->code + at, vmov, sizeof(vmov));
	return !uc_emu_start(duel->uc, (CODE + at) | 1, CODE + at + 4, 0, 1);
}

static bool open_duel(struct duel *duel, unsigned index, uint64_t seed)
{
	const struct armv7em_bus bus = {duel, refuse_read, on_write};
	uc_hook hook;

	memset(duel, 0, sizeof(*duel));
	duel->model = index;
	duel->program.random = 88172645463325252ull ^ seed * 0x9e3779b97f4a7c15ull;
	for (unsigned i = 0; i < RAM_BYTES; i++)
		duel->start_ram[i] = (uint8_t)draw(duel);
	for (unsigned i = 0; i < FIRST_SLOT; i++)
		duel->code[i] = (uint8_t)draw(duel);
	/* Stack and vectors: faults lead to a breakpoint's HardFault, and end the run by IPSR. */
	for (unsigned i = 0; i < 16; i++)
		memcpy(duel->code + 4 * i, &(uint32_t){i ? CODE | 0x101 : RAM + 0x1000}, 4);
	memcpy(duel->code + 0x100, &(uint16_t){0xe7fe}, 2);
	duel->slot = FIRST_SLOT;
	duel->core = armv7em_new(&bus, models[index].core, 16);
	armv7em_map(duel->core, CODE, CODE_BYTES, duel->code, ARMV7EM_MEMORY_FLASH);
	armv7em_map(duel->core, RAM, RAM_BYTES, duel->ram, ARMV7EM_MEMORY_RAM);
	armv7em_reset(duel->core, CODE);
	if (uc_open(UC_ARCH_ARM, (uc_mode)models[index].unicorn_mode, &duel->uc))
		return false;
	uc_ctl_set_cpu_model(duel->uc, models[index].unicorn_cpu);
	return !uc_mem_map_ptr(duel->uc, CODE, CODE_BYTES, UC_PROT_READ | UC_PROT_EXEC,
			       duel->code) &&
	       !uc_mem_map_ptr(duel->uc, RAM, RAM_BYTES, UC_PROT_READ | UC_PROT_WRITE,
			       duel->other_ram) &&
	       !uc_hook_add(duel->uc, &hook, UC_HOOK_BLOCK, (void *)on_block, duel, 1, 0) &&
	       make_fp_context(duel);
}

static bool run_duel(unsigned index, unsigned long count, uint64_t seed)
{
	static struct duel duel;
	const struct tally *tally = &duel.tally;

	if (!open_duel(&duel, index, seed)) {
		fprintf(stderr, "armv7em_sequences: Unicorn does not open\n");
		return false;
	}
	for (unsigned long i = 0; i < count; i++)
		trial(&duel);
	printf("%s seed %llu: %lu programs of %llu instructions: %lu agree, %lu undefined "
	       "instructions replaced, %lu end at an alignment fault, %lu SMLAD, %lu encodings "
	       "left out, %lu WRONG\n",
	       models[index].name, (unsigned long long)seed, count,
	       (unsigned long long)tally->instructions, tally->agree, tally->undefined,
	       tally->alignment, tally->smlad, duel.program.left_out, tally->wrong);
	uc_close(duel.uc);
	armv7em_free(duel.core);
	return !tally->wrong && tally->agree > count / 2;
}

int main(int argc, char **argv)
{
	const char *which = argc > 1 ? argv[1] : "all";
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : 2000;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	bool ok = true, known = false;

	for (unsigned i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		if (strcmp(which, "all") && strcmp(which, models[i].name))
			continue;
		known = true;
		ok = run_duel(i, count, seed) && ok;
	}
	if (!known) {
		fprintf(stderr, "usage: armv7em_sequences M4|M7|M33|all [PROGRAMS [SEED]]\n");
		return 2;
	}
	return ok ? 0 : 1;
}
