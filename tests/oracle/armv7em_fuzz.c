/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Differential test of the Arm cores against Unicorn (QEMU's translator):
 *
 *   armv7em_fuzz M4|M7|M33|all [COUNT [SEED]]
 *
 * Each trial is one random encoding in a random state: registers, flags, GE, Q, S registers with
 * NaNs, denormals and infinities, FPSCR modes, and a fifth of the time behind an IT. Both must
 * agree in registers, flags, FPSCR, memory, the next address and whether it was undefined. Unicorn
 * executes many encodings that the architecture manual reserves: there this core must be strict,
 * and each must be explained by a rule of armv7em_rules.c, which is written from the manual and not
 * from the decoder; those are not given to Unicorn. What Unicorn gets wrong is known by name there
 * as well, and counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "rigs/virtual/cores/armv7em_core.h"
#include "tests/oracle/armv7em_rules.h"

#define CODE       0x08000000u
#define CODE_BYTES 0x10000u
#define RAM        0x20000000u
#define RAM_BYTES  0x2000u
#define SLOT_BYTES 16u
#define DRAIN      0x140u /* NOPs */
#define SLOTS      0x200u
#define BREAKPOINT 0xbe00u
#define FLAGS      0xf80f0000u
#define SHOWN_MAX  40u

/* QEMU's exception numbers. */
enum { INTERRUPT_UNDEFINED = 1, INTERRUPT_BREAKPOINT = 7, INTERRUPT_NO_COPROCESSOR = 17 };

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
	uint32_t r[16];
	uint32_t flags;
	uint32_t s[32];
	uint32_t fpscr;
	bool faulted;
	bool undefined;
	bool fetch_fault;
};

struct tally {
	unsigned long agree, both_undefined, both_fault, excluded, strict, oracle_bugs, wrong;
};

struct duel {
	struct armv7em *core;
	uc_engine *uc;
	enum armv7em_model model;
	uint8_t code[CODE_BYTES];
	uint8_t ram[RAM_BYTES], other_ram[RAM_BYTES];
	uint32_t slot;
	uint32_t interrupt; /* that the oracle stopped with */
	uint64_t random;
	struct tally tally;
	unsigned shown;
};

static uint32_t draw(struct duel *duel)
{
	duel->random ^= duel->random << 13;
	duel->random ^= duel->random >> 7;
	duel->random ^= duel->random << 17;
	return (uint32_t)(duel->random >> 16);
}

/* ---- what is tried ---- */

static uint32_t draw_word(struct duel *duel)
{
	switch (draw(duel) % 8) {
	case 0:
		return draw(duel) & 0xff;
	case 1:
		return draw(duel) & 1 ? 0xffffffff : 0;
	case 2:
		return 0x7ffffffe + (draw(duel) & 3);
	case 3:
		return 0x80008000 ^ (draw(duel) & 0x00010001);
	default:
		return draw(duel);
	}
}

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
		return sign | (draw(duel) & 0x7fffff); /* denormals */
	case 4:
		return sign | (0x3f000000 + (draw(duel) & 0x01ffffff));
	case 5:
		return sign | (0x00800000 + (draw(duel) & 0x00ffffff));
	case 6:
		return sign | ((0x7d + draw(duel) % 0x24) << 23 | (draw(duel) & 0x700000));
	case 7:
		return sign | 0x7f000000 | (draw(duel) & 0x7fffff);
	default:
		return draw(duel);
	}
}

/* First half-word in the upper half where it is long. */
static uint32_t draw_code(struct duel *duel)
{
	uint32_t second = draw(duel) & 0xffff, first;

	switch (draw(duel) % 8) {
	case 0:
	case 1:
		return draw(duel) % 0xe800;
	case 2:
		first = 0xe800 | (draw(duel) & 0x1ff);
		break;
	case 3:
		first = 0xea00 | (draw(duel) & 0x1ff);
		break;
	case 4:
		first = 0xf000 | (draw(duel) & 0x7ff);
		break;
	case 5:
		first = 0xf800 | (draw(duel) & 0x1ff);
		break;
	case 6:
		first = 0xfa00 | (draw(duel) & 0x1ff);
		break;
	default:
		first = 0xec00 | (draw(duel) & 0x3ff) | (draw(duel) % 4 ? 0 : 0x1000);
		second = (second & 0xf0ff) | (draw(duel) % 8 ? 0xa00 : 0xb00);
		break;
	}
	if ((first & 0xff80) == 0xfa80 && draw(duel) % 2)
		second |= 0xf000;
	if ((first & 0xff80) == 0xfa00 && draw(duel) % 2)
		second |= 0xf080;
	if ((first & 0xff00) == 0xfb00 && draw(duel) % 2)
		second &= 0xff3f;
	if ((first & 0xffe0) == 0xe8c0 && draw(duel) % 2)
		second |= 0x0f0f;
	return first << 16 | second;
}

static void draw_state(struct duel *duel, uint32_t code, struct state *state)
{
	bool memory = rules_is_memory(code);

	for (unsigned i = 0; i < 15; i++) {
		state->r[i] = draw_word(duel);
		if (memory && draw(duel) % 4)
			state->r[i] = RAM + 0x800 + (draw(duel) & 0xffc);
		else if (memory && draw(duel) % 4)
			state->r[i] = draw(duel) & 0xfc;
	}
	state->r[13] = RAM + 0x1000;
	state->flags = draw(duel) & FLAGS;
	for (unsigned i = 0; i < 32; i++)
		state->s[i] = draw_float(duel);
	state->fpscr = draw(duel) % 2 ? 0 : draw(duel) & 0x07c00000;
}

/* ---- both sides ---- */

static void write_code(struct duel *duel, uint32_t code, int it)
{
	uint16_t words[4], *at = words;

	duel->slot += SLOT_BYTES;
	if (duel->slot + 0x100 >= CODE_BYTES)
		duel->slot = SLOTS;
	for (unsigned i = 0; i < 4; i++)
		words[i] = BREAKPOINT;
	if (it >= 0)
		*at++ = (uint16_t)(0xbf08 | it << 4);
	if (code > 0xffff)
		*at++ = (uint16_t)(code >> 16);
	*at = (uint16_t)code;
	memcpy(duel->code + duel->slot, words, sizeof(words));
	armv7em_invalidate(duel->core, CODE + duel->slot, sizeof(words));
	uc_ctl_remove_cache(duel->uc, CODE + duel->slot, CODE + duel->slot + SLOT_BYTES);
}

/* Later trials may branch to this one; both memories are the same again. */
static void clean_up(struct duel *duel)
{
	const uint16_t breakpoint = BREAKPOINT;

	for (unsigned i = 0; i < SLOT_BYTES; i += 2)
		memcpy(duel->code + duel->slot + i, &breakpoint, 2);
	armv7em_invalidate(duel->core, CODE + duel->slot, SLOT_BYTES);
	uc_ctl_remove_cache(duel->uc, CODE + duel->slot, CODE + duel->slot + SLOT_BYTES);
	memcpy(duel->other_ram, duel->ram, RAM_BYTES);
}

static void run_core(struct duel *duel, struct state *state, unsigned count)
{
	struct armv7em *core = duel->core;
	uint64_t end = armv7em_counts(core)->instructions + count;

	exception_reset(core);
	core->ipsr = core->cfsr = core->hfsr = 0;
	core->primask = core->faultmask = core->basepri = 0;
	core->locked_up = core->asleep = core->exclusive = false;
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
	while (armv7em_counts(core)->instructions < end && !core->ipsr && !core->locked_up)
		armv7em_run(core, armv7em_now(core) + 1);
	state->faulted = core->ipsr || core->locked_up;
	state->undefined = core->cfsr & CFSR_UNDEFINSTR;
	for (unsigned i = 0; i < 16; i++)
		state->r[i] = armv7em_register(core, i);
	state->flags = armv7em_register(core, 16) & FLAGS;
	memcpy(state->s, core->s, sizeof(core->s));
	state->fpscr = core->fpscr;
}

static void move_unicorn(struct duel *duel, struct state *state, bool write)
{
	static int registers[16 + 32 + 2];
	void *values[16 + 32 + 2];
	int count = 0;

	for (int i = 0; i < 16; i++, count++) {
		registers[count] = i < 13    ? UC_ARM_REG_R0 + i
				   : i == 13 ? UC_ARM_REG_SP
				   : i == 14 ? UC_ARM_REG_LR
					     : UC_ARM_REG_PC;
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

static void run_unicorn(struct duel *duel, struct state *state)
{
	uc_err error;

	state->r[15] = (CODE + duel->slot) | 1;
	duel->interrupt = 0;
	move_unicorn(duel, state, true);
	error = uc_emu_start(duel->uc, (CODE + duel->slot) | 1, 0xffffffff, 0, 0);
	move_unicorn(duel, state, false);
	state->flags &= FLAGS;
	state->r[15] &= ~1u;
	state->undefined = error == UC_ERR_INSN_INVALID || error == UC_ERR_EXCEPTION ||
			   duel->interrupt == INTERRUPT_UNDEFINED ||
			   duel->interrupt == INTERRUPT_NO_COPROCESSOR;
	state->fetch_fault = error == UC_ERR_FETCH_UNMAPPED;
	state->faulted = (error && !state->fetch_fault) ||
			 (!error && duel->interrupt != INTERRUPT_BREAKPOINT);
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *context)
{
	struct duel *duel = context;

	duel->interrupt = number;
	uc_emu_stop(uc);
}

/* ---- verdicts ---- */

static const char *difference(const struct duel *duel, const struct state *a, const struct state *b)
{
	static char text[64];

	for (unsigned i = 0; i < 16; i++)
		if (a->r[i] != b->r[i]) {
			snprintf(text, sizeof(text), "r%u 0x%08x, oracle 0x%08x", i, a->r[i],
				 b->r[i]);
			return text;
		}
	if (a->flags != b->flags) {
		snprintf(text, sizeof(text), "flags 0x%08x, oracle 0x%08x", a->flags, b->flags);
		return text;
	}
	for (unsigned i = 0; i < 32; i++)
		if (a->s[i] != b->s[i]) {
			snprintf(text, sizeof(text), "s%u 0x%08x, oracle 0x%08x", i, a->s[i],
				 b->s[i]);
			return text;
		}
	if ((a->fpscr ^ b->fpscr) & FPSCR_WRITABLE) {
		snprintf(text, sizeof(text), "FPSCR 0x%08x, oracle 0x%08x", a->fpscr, b->fpscr);
		return text;
	}
	return memcmp(duel->ram, duel->other_ram, RAM_BYTES) ? "memory" : NULL;
}

static void report(struct duel *duel, uint32_t code, int it, const struct state *before,
		   const char *what)
{
	duel->tally.wrong++;
	if (duel->shown++ >= SHOWN_MAX)
		return;
	printf("%s %0*x%s at 0x%08x: %s (flags 0x%08x fpscr 0x%08x)\n",
	       models[duel->model - 1].name, code > 0xffff ? 8 : 4, code, it >= 0 ? " in IT" : "",
	       CODE + duel->slot, what, before->flags, before->fpscr);
}

/* The return address in the frame of the fault that was taken. */
static uint32_t stacked_pc(const struct duel *duel, const struct state *state)
{
	uint32_t pc = 0, offset = state->r[13] + 24 - RAM;

	if (offset <= RAM_BYTES - 4)
		memcpy(&pc, duel->ram + offset, 4);
	return pc;
}

static void judge(struct duel *duel, uint32_t code, int it, const struct state *before,
		  const struct state *mine, const struct state *other)
{
	struct tally *tally = &duel->tally;
	const char *what;

	if (mine->undefined && other->undefined) {
		tally->both_undefined++;
	} else if (mine->undefined) {
		report(duel, code, it, before, "undefined here, the oracle executes it");
	} else if (mine->faulted && other->faulted) {
		tally->both_fault++;
	} else if (duel->core->cfsr & CFSR_IBUSERR && other->fetch_fault) {
		if (stacked_pc(duel, mine) == other->r[15])
			tally->agree++;
		else
			report(duel, code, it, before, "branches elsewhere");
	} else if (mine->faulted != other->faulted) {
		if (rules_fault_differs(code, duel->core->cfsr))
			tally->oracle_bugs++;
		else
			report(duel, code, it, before,
			       mine->faulted ? armv7em_fault_text(duel->core)
					     : "only the oracle faults");
	} else if ((what = difference(duel, mine, other))) {
		if (rules_oracle_bug(code, before->r, before->flags))
			tally->oracle_bugs++;
		else
			report(duel, code, it, before, what);
	} else {
		tally->agree++;
	}
}

/* The oracle keeps an IT state that a fault left: four instructions use it up. */
static void drain_it(struct duel *duel)
{
	uc_emu_start(duel->uc, (CODE + DRAIN) | 1, 0xffffffff, 0, 0);
}

/* Not a branch to the trial itself, which would go round for ever, nor to what is not breakpoints.
 */
static bool can_follow(const struct duel *duel, uint32_t pc, unsigned length)
{
	uint32_t start = CODE + duel->slot;

	if (pc == start + length)
		return true;
	return pc - start >= SLOT_BYTES && pc - CODE >= SLOTS && pc - RAM >= RAM_BYTES;
}

static void trial(struct duel *duel)
{
	uint32_t code = draw_code(duel);
	int it = draw(duel) % 5 ? -1 : (int)(draw(duel) % 14);
	struct state before, mine, other;

	draw_state(duel, code, &before);
	if (rules_excluded(duel->model, code, it >= 0)) {
		duel->tally.excluded++;
		return;
	}
	write_code(duel, code, it);
	mine = other = before;
	run_core(duel, &mine, it >= 0 ? 2 : 1);
	if (mine.undefined && rules_reserved(duel->model, code, it >= 0)) {
		duel->tally.strict++; /* what the oracle makes of it need not end */
		clean_up(duel);
		return;
	}
	if (!mine.faulted &&
	    !can_follow(duel, mine.r[15], (it >= 0 ? 2 : 0) + (code > 0xffff ? 4 : 2))) {
		duel->tally.excluded++;
		clean_up(duel);
		return;
	}
	run_unicorn(duel, &other);
	if (it >= 0)
		drain_it(duel);
	judge(duel, code, it, &before, &mine, &other);
	clean_up(duel);
}

/* ---- set-up ---- */

static bool refuse_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	(void)context, (void)address, (void)size, (void)ret_value;
	return false;
}

static bool refuse_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	(void)context, (void)address, (void)size, (void)value;
	return false;
}

/* An FP context of Unicorn's own: its first FP instruction copies FPDSCR into FPSCR, as the
 * architecture has it, and every trial of this core begins with a context. Slots are written anew
 * before they run. */
static bool make_fp_context(struct duel *duel)
{
	const uint16_t vmov[2] = {0xeeb0, 0x0a40};

	memcpy(duel->code + SLOTS, vmov, sizeof(vmov));
	return !uc_emu_start(duel->uc, (CODE + SLOTS) | 1, CODE + SLOTS + 4, 0, 1);
}

static bool open_duel(struct duel *duel, unsigned index, uint64_t seed)
{
	const struct armv7em_bus bus = {duel, refuse_read, refuse_write};
	const uint16_t breakpoint = BREAKPOINT, nop = 0xbf00;
	uc_hook hook;

	memset(duel, 0, sizeof(*duel));
	duel->model = models[index].core;
	duel->random = 88172645463325252ull ^ seed * 0x9e3779b97f4a7c15ull;
	for (unsigned i = 0; i < CODE_BYTES; i += 2)
		memcpy(duel->code + i, &breakpoint, 2);
	for (unsigned i = 0; i < RAM_BYTES; i++)
		duel->ram[i] = duel->other_ram[i] = (uint8_t)draw(duel);
	memcpy(duel->code,
	       (uint32_t[]){RAM + 0x1000, CODE | 0x101, CODE | 0x101, CODE | 0x101, CODE | 0x101,
			    CODE | 0x101, CODE | 0x101},
	       28);
	for (unsigned i = 0; i < 8; i += 2)
		memcpy(duel->code + DRAIN + i, &nop, 2);
	duel->slot = SLOTS;
	duel->core = armv7em_new(&bus, duel->model, 16);
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
	       !uc_hook_add(duel->uc, &hook, UC_HOOK_INTR, (void *)on_interrupt, duel, 1, 0) &&
	       make_fp_context(duel);
}

static bool run_duel(unsigned index, unsigned long count, uint64_t seed)
{
	static struct duel duel;
	const struct tally *tally = &duel.tally;

	if (!open_duel(&duel, index, seed)) {
		fprintf(stderr, "armv7em_fuzz: Unicorn does not open\n");
		return false;
	}
	for (unsigned long i = 0; i < count; i++)
		trial(&duel);
	printf("%s seed %llu: %lu encodings: %lu agree, %lu undefined in both, %lu fault in both, "
	       "%lu reserved (strict here), %lu known differences of the oracle, %lu not compared, "
	       "%lu WRONG\n",
	       models[index].name, (unsigned long long)seed, count, tally->agree,
	       tally->both_undefined, tally->both_fault, tally->strict, tally->oracle_bugs,
	       tally->excluded, tally->wrong);
	uc_close(duel.uc);
	armv7em_free(duel.core);
	return !tally->wrong && tally->agree > count / 4;
}

int main(int argc, char **argv)
{
	const char *which = argc > 1 ? argv[1] : "all";
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : 50000;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	bool ok = true, known = false;

	for (unsigned i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		if (strcmp(which, "all") && strcmp(which, models[i].name))
			continue;
		known = true;
		ok = run_duel(i, count, seed) && ok;
	}
	if (!known) {
		fprintf(stderr, "usage: armv7em_fuzz M4|M7|M33|all [COUNT [SEED]]\n");
		return 2;
	}
	return ok ? 0 : 1;
}
