/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pairs and runs of the dispatch loop against the handlers of their members: random programs of
 * such operations run in one go, where pairs are used, and one instruction at a time, where the
 * horizon is too close for any. Registers, counts and cycles must agree, also when a member's
 * access is unaligned, or a peripheral's, or the pair's second half is overwritten.
 */
#include "tests/unit/virtual/test_armv7em.h"

#define PROGRAM_OPS 24u
#define PROGRAMS    250u
#define RUN_CYCLES  12000u      /* far more than the margin in front of the horizon */
#define BASE        7u          /* register: what loads are relative to */
#define LAST_STORE  0xf8c98000u /* str r8, [r9]: a peripheral, which stops the core */

/* Encodings with all registers 0; 16-bit ones in the low half-word. */
enum form { RRRR, RRR, RRI, LOAD_IMMEDIATE, LOAD_INDEX, LIST, T_RR, T_I, T_LOAD, T_BRANCH };
static const struct {
	uint32_t code;
	enum form form;
} members[] = {
	{0xfb200000, RRRR},
	{0xfb200000, RRRR},
	{0xfb200010, RRRR},
	{0xfb100000, RRRR},
	{0xfb100020, RRRR},
	{0xfb500000, RRRR},
	{0xfb10f000, RRR},
	{0xfa40f000, RRR},
	{0xea800140, RRR},
	{0xf3000007, RRI},
	{0xf1000000, RRI},
	{0xf1b00000, RRI},
	{0xf0000000, RRI},
	{0xf9900000, LOAD_IMMEDIATE},
	{0xf9900000, LOAD_IMMEDIATE},
	{0xf8500000, LOAD_INDEX},
	{0xe8900000, LIST},
	{0xe8900000, LIST},
	{0x4400, T_RR},
	{0x4280, T_RR},
	{0x3000, T_I},
	{0x6800, T_LOAD},
	{0xd1ff, T_BRANCH}, /* to the next instruction */
};

static uint32_t seed;

static uint32_t random_below(uint32_t end)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % end;
}

static uint32_t random_member(void)
{
	uint32_t i = random_below(sizeof(members) / sizeof(members[0]));
	uint32_t code = members[i].code, a = random_below(6), b = random_below(6);
	uint32_t c = random_below(6), d = random_below(6);

	switch (members[i].form) {
	case RRRR:
		return code | a << 16 | b << 12 | c << 8 | d;
	case RRR:
		return code | a << 16 | c << 8 | d;
	case RRI:
		return code | a << 16 | c << 8 | (code & 0xff ? 0 : random_below(256));
	case LOAD_IMMEDIATE:
		return code | BASE << 16 | a << 12 | random_below(64);
	case LOAD_INDEX:
		return code | BASE << 16 | a << 12 | random_below(4) << 4 | 6;
	case LIST:
		return code | BASE << 16 | (random_below(2) ? 0xf : 1 + random_below(62));
	case T_RR:
		return code | a << 3 | b;
	case T_I:
		return code | a << 8 | random_below(256);
	case T_LOAD:
		return code | random_below(16) << 6 | BASE << 3 | a;
	default:
		return code;
	}
}

static uint32_t put_code(uint8_t *memory, uint32_t at, uint32_t code)
{
	uint16_t halfwords[2] = {(uint16_t)(code >> 16), (uint16_t)code};
	bool is_long = code > 0xffff;

	machine_put(memory, at, is_long ? halfwords : halfwords + 1, is_long ? 2 : 1);
	return at + (is_long ? 4 : 2);
}

static struct machine *random_machine(enum armv7em_model model, uint32_t which)
{
	static const uint32_t bases[] = {RAM + 0x1000, 0x1000, RAM + 0x1001, PERIPHERAL};
	struct machine *m = machine_new();
	struct armv7em_bus bus = {.context = m, .read = machine_read, .write = machine_write};
	uint32_t at = START;

	seed = which;
	armv7em_free(m->core);
	m->core = armv7em_new(&bus, model, 16);
	for (uint32_t i = 0; i < 0x200; i++)
		m->ram[0x1000 + i] = m->flash[0x1000 + i] = (uint8_t)random_below(256);
	for (unsigned i = 0; i < PROGRAM_OPS; i++)
		at = put_code(m->flash, at, random_member());
	put_code(m->flash, at, LAST_STORE);
	armv7em_map(m->core, 0, MEMORY_BYTES, m->flash, ARMV7EM_MEMORY_FLASH);
	armv7em_map(m->core, RAM, MEMORY_BYTES, m->ram, ARMV7EM_MEMORY_RAM);
	armv7em_reset(m->core, 0);
	armv7em_set_flash(m->core, which % 3 * 2, which % 5 == 0, which % 4 != 0, true);
	for (unsigned i = 0; i < 6; i++)
		set_reg(m, i, random_below(8) ? random_below(0x1000000) * 0x101u : 0x80008000u);
	set_reg(m, 6, which % 7 ? 4 * random_below(16) : 1);
	set_reg(m, BASE, bases[which % 8 < 5 ? which % 2 : which % 4]);
	set_reg(m, 9, PERIPHERAL);
	m->stop_on_write = true;
	return m;
}

/* Twice through, so that the second time the flash cache is warm; until the last store, or until
 * RUN_CYCLES are over in a fault's handler. */
static void run_program(struct machine *m, uint64_t slice)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t end = armv7em_now(m->core) + RUN_CYCLES;

		set_reg(m, 15, START);
		while (armv7em_now(m->core) < end &&
		       armv7em_run(m->core, armv7em_now(m->core) + slice) == ARMV7EM_STOP_LIMIT)
			;
	}
}

static void check_model(enum armv7em_model model)
{
	for (uint32_t which = 1; which <= PROGRAMS; which++) {
		struct machine *whole = random_machine(model, which);
		struct machine *steps = random_machine(model, which);

		run_program(whole, RUN_CYCLES);
		run_program(steps, 1);
		for (unsigned i = 0; i <= 16; i++)
			assert_int_equal(reg(whole, i), reg(steps, i));
		assert_memory_equal(armv7em_counts(whole->core), armv7em_counts(steps->core),
				    sizeof(struct core_counts));
		assert_int_equal(whole->write_cycle, steps->write_cycle);
		assert_int_equal(whole->read_cycle, steps->read_cycle);
		assert_int_equal(whole->write_pc, steps->write_pc);
		machine_free(whole);
		machine_free(steps);
	}
}

static void test_m4(void **state)
{
	(void)state;
	check_model(ARMV7EM_M4);
}

static void test_m7(void **state)
{
	(void)state;
	check_model(ARMV7EM_M7);
}

static void test_m33(void **state)
{
	(void)state;
	check_model(ARMV7EM_M33);
}

/* add r0, r1; cmp r0, r1; b . and then another second half; a run of SMLAD with another end. */
static void test_second_half_changes(void **state)
{
	static const uint16_t pair[] = {0x4408, 0x4288, 0xe7fe}, other = 0x4408;
	static const uint16_t run[] = {0xfb21, 0x0001, 0xfb21, 0x0001, 0xfb21,
				       0x0001, 0xfb21, 0x0001, 0xe7fe};
	static const uint16_t shorter[] = {0xf04f, 0x0007}; /* mov.w r0, #7 */
	struct machine *m = machine_new();

	(void)state;
	machine_put(m->ram, 0x100, pair, 3);
	for (unsigned i = 1; i <= 2; i++) {
		set_reg(m, 0, 0);
		set_reg(m, 1, 3);
		set_reg(m, 15, RAM + 0x100);
		armv7em_run(m->core, armv7em_now(m->core) + 100000);
		assert_int_equal(reg(m, 0), 3 * i);
		machine_put(m->ram, 0x102, &other, 1);
		armv7em_invalidate(m->core, RAM + 0x102, 2);
	}
	machine_put(m->ram, 0x200, run, 9);
	for (unsigned i = 0; i < 2; i++) {
		set_reg(m, 0, 0);
		set_reg(m, 15, RAM + 0x200);
		armv7em_run(m->core, armv7em_now(m->core) + 100000);
		assert_int_equal(reg(m, 0), i ? 7 : 4 * 9);
		machine_put(m->ram, 0x20c, shorter, 2);
		armv7em_invalidate(m->core, RAM + 0x20e, 2);
	}
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_m4),
		cmocka_unit_test(test_m7),
		cmocka_unit_test(test_m33),
		cmocka_unit_test(test_second_half_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
