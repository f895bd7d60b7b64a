/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Differential test of the RV32 core against Unicorn (QEMU's translator) with whole programs:
 *
 *   rv32_sequences [PROGRAMS [SEED]]
 *
 * Each program (random_programs_rv32.c) starts in a random state and runs to its end. The core runs
 * it freely, then once more an instruction at a time. All three have to agree in registers, memory
 * and the number of instructions. Single encodings, illegal ones and traps are rv32_fuzz.c's.
 * No difference is tolerated.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "rigs/virtual/cores/rv32.h"
#include "tests/oracle/random_programs.h"

#define CODE        0x42000000u
#define CODE_BYTES  0x10000u
#define LAST_SLOT   0xf000u
#define SLOT_BYTES  0x400u
#define RAM         0x3fc80000u
#define RAM_BYTES   0x8000u
#define END_ADDRESS 0x60000000u
#define CYCLES_MAX  2000000u
#define SHOWN_MAX   12u

_Static_assert(2 * PROGRAM_HALVES <= SLOT_BYTES, "a program fits into a slot");

/* The sanitizer's: what Unicorn itself leaks is not this test's business. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libunicorn";
}

struct state {
	uint32_t x[32];
	uint64_t instructions;
};

struct duel {
	struct rv32 *core;
	uc_engine *uc;
	struct program program;
	uint8_t code[CODE_BYTES];
	uint8_t start_ram[RAM_BYTES], ram[RAM_BYTES], free_ram[RAM_BYTES], other_ram[RAM_BYTES];
	uint32_t slot;
	bool ended;
	uint64_t counted; /* instructions of the oracle */
	uint64_t instructions;
	unsigned long agree, wrong;
};

static uint32_t draw(struct duel *duel)
{
	return program_random(&duel->program);
}

static uint32_t draw_word(struct duel *duel)
{
	static const uint32_t edges[] = {0, 1, 31, 0xffffffff, 0x7fffffff, 0x80000000};

	switch (draw(duel) % 4) {
	case 0:
		return draw(duel) & 0xff;
	case 1:
		return edges[draw(duel) % 6];
	default:
		return draw(duel);
	}
}

static void draw_state(struct duel *duel, struct state *state)
{
	static const uint8_t pointers[] = {2, 8, 9, 18, 19};

	state->x[0] = 0;
	for (unsigned i = 1; i < 32; i++)
		state->x[i] = draw_word(duel);
	for (unsigned i = 0; i < 5; i++)
		state->x[pointers[i]] = RAM + 0x3000 + (draw(duel) & 0x1ffc);
	state->x[20] = 1 + draw(duel) % 5;
	state->x[21] = END_ADDRESS;
	for (unsigned i = 0; i < 0x100; i++) {
		uint32_t word = draw_word(duel);

		memcpy(duel->start_ram + (draw(duel) & (RAM_BYTES - 4)), &word, 4);
	}
}

static bool on_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct duel *duel = context;

	if (address != END_ADDRESS || size != 4 || value != END_ADDRESS)
		return false;
	duel->ended = true;
	rv32_request_stop(duel->core);
	return true;
}

static void run_core(struct duel *duel, struct state *state, bool stepwise)
{
	struct rv32 *core = duel->core;
	uint64_t before = rv32_counts(core)->instructions, traps = rv32_counts(core)->exceptions;
	uint64_t end = rv32_now(core) + CYCLES_MAX;

	for (unsigned i = 1; i < 32; i++)
		rv32_set_register(core, i, state->x[i]);
	rv32_set_register(core, 32, CODE + duel->slot);
	memcpy(duel->ram, duel->start_ram, RAM_BYTES);
	duel->ended = false;
	while (!duel->ended && rv32_counts(core)->exceptions == traps && rv32_now(core) < end)
		rv32_run(core, stepwise ? rv32_now(core) + 1 : end);
	for (unsigned i = 0; i < 32; i++)
		state->x[i] = rv32_register(core, i);
	state->instructions = rv32_counts(core)->instructions - before - 1;
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
	struct duel *duel = context;
	uint32_t at = (uint32_t)address - CODE, end = at + size;

	(void)uc;
	for (; at < end && at < CODE_BYTES; duel->counted++)
		at += (duel->code[at] & 3) == 3 ? 4 : 2;
}

static uc_err run_unicorn(struct duel *duel, struct state *state)
{
	uint32_t end = CODE + duel->slot + 2 * duel->program.end;
	uc_err error;

	memcpy(duel->other_ram, duel->start_ram, RAM_BYTES);
	duel->counted = 0;
	for (int i = 1; i < 32; i++)
		uc_reg_write(duel->uc, UC_RISCV_REG_X0 + i, &state->x[i]);
	error = uc_emu_start(duel->uc, CODE + duel->slot, end, 0, 100000);
	for (int i = 1; i < 32; i++)
		uc_reg_read(duel->uc, UC_RISCV_REG_X0 + i, &state->x[i]);
	state->instructions = duel->counted;
	return error;
}

static const char *difference(const struct state *a, const struct state *b, const uint8_t *ram,
			      const uint8_t *other_ram)
{
	static char text[80];

	for (unsigned i = 0; i < 32; i++)
		if (a->x[i] != b->x[i]) {
			snprintf(text, sizeof(text), "x%u 0x%08x, other 0x%08x", i, a->x[i],
				 b->x[i]);
			return text;
		}
	if (memcmp(ram, other_ram, RAM_BYTES))
		return "memory";
	if (a->instructions == b->instructions)
		return NULL;
	snprintf(text, sizeof(text), "%" PRIu64 " instructions, other %" PRIu64, a->instructions,
		 b->instructions);
	return text;
}

static void report(struct duel *duel, const char *how, const char *what)
{
	if (duel->wrong++ >= SHOWN_MAX)
		return;
	printf("%s: %s\n  at 0x%08x:", how, what, CODE + duel->slot);
	for (unsigned i = 0; i < duel->program.count; i++)
		printf(" %04x", duel->program.halves[i]);
	printf("\n");
}

static void write_program(struct duel *duel)
{
	uint32_t bytes;

	duel->slot = duel->slot >= LAST_SLOT ? 0 : duel->slot + SLOT_BYTES;
	program_make_rv32(&duel->program, CODE + duel->slot);
	bytes = 2 * duel->program.count;
	memcpy(duel->code + duel->slot, duel->program.halves, bytes);
	rv32_invalidate(duel->core, CODE + duel->slot, bytes);
	uc_ctl_remove_cache(duel->uc, CODE + duel->slot, CODE + duel->slot + bytes);
}

static void trial(struct duel *duel)
{
	struct state before, mine, stepped, other;
	const char *what;
	uc_err error;

	write_program(duel);
	draw_state(duel, &before);
	mine = stepped = other = before;
	run_core(duel, &mine, false);
	if (!duel->ended) {
		report(duel, "does not end", rv32_fault_text(duel->core));
		return;
	}
	memcpy(duel->free_ram, duel->ram, RAM_BYTES);
	duel->instructions += mine.instructions;
	error = run_unicorn(duel, &other);
	what = error ? uc_strerror(error)
		     : difference(&mine, &other, duel->free_ram, duel->other_ram);
	if (what)
		report(duel, "against the oracle", what);
	else
		duel->agree++;
	run_core(duel, &stepped, true);
	what = difference(&mine, &stepped, duel->free_ram, duel->ram);
	if (what)
		report(duel, "freely against stepwise", what);
}

static bool open_duel(struct duel *duel, uint64_t seed)
{
	const struct rv32_bus bus = {.context = duel, .write = on_write};
	uc_hook hook;

	duel->program.random = 88172645463325252ull ^ seed * 0x9e3779b97f4a7c15ull;
	for (unsigned i = 0; i < RAM_BYTES; i++)
		duel->start_ram[i] = (uint8_t)draw(duel);
	duel->core = rv32_new(&bus);
	if (!duel->core)
		return false;
	rv32_map(duel->core, CODE, CODE_BYTES, duel->code, RV32_MEMORY_CACHED);
	rv32_map(duel->core, RAM, RAM_BYTES, duel->ram, RV32_MEMORY_RAM);
	rv32_set_flash(duel->core, 40);
	rv32_reset(duel->core, CODE);
	return uc_open(UC_ARCH_RISCV, UC_MODE_RISCV32, &duel->uc) == UC_ERR_OK &&
	       uc_ctl_set_cpu_model(duel->uc, UC_CPU_RISCV32_SIFIVE_E31) == UC_ERR_OK &&
	       !uc_mem_map_ptr(duel->uc, CODE, CODE_BYTES, UC_PROT_READ | UC_PROT_EXEC,
			       duel->code) &&
	       !uc_mem_map_ptr(duel->uc, RAM, RAM_BYTES, UC_PROT_READ | UC_PROT_WRITE,
			       duel->other_ram) &&
	       !uc_hook_add(duel->uc, &hook, UC_HOOK_BLOCK, (void *)on_block, duel, 1, 0);
}

int main(int argc, char **argv)
{
	static struct duel duel;
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	if (!count) {
		fprintf(stderr, "usage: rv32_sequences [PROGRAMS [SEED]]\n");
		return 2;
	}
	if (!open_duel(&duel, seed)) {
		fprintf(stderr, "rv32_sequences: Unicorn does not open\n");
		return 2;
	}
	for (unsigned long i = 0; i < count; i++)
		trial(&duel);
	printf("RV32 seed %" PRIu64 ": %lu programs of %" PRIu64 " instructions: %lu agree, %lu "
	       "WRONG\n",
	       seed, count, duel.instructions, duel.agree, duel.wrong);
	uc_close(duel.uc);
	rv32_free(duel.core);
	return duel.wrong || duel.agree != count ? 1 : 0;
}
