/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: every instruction of I, M and C by value, reserved encodings, classes and cycles.
 */
#include "tests/unit/virtual/test_rv32.h"

#define MIN 0x80000000u

static void register_and_immediate_operations(void **state)
{
	/* funct7, funct3, x, y, result; `immediate`: also as OP-IMM with y */
	static const struct {
		uint32_t funct7, funct3, x, y, result;
		bool immediate;
	} cases[] = {
		{0, 0, 7, 0xfffffff9, 0, true},
		{0x20, 0, 5, 7, 0xfffffffe, false},
		{0, 1, 1, 31, MIN, true},
		{0, 1, 1, 33, 2, false},
		{0, 2, MIN, 1, 1, true},
		{0, 2, 1, 0xffffffff, 0, true},
		{0, 3, MIN, 1, 0, true},
		{0, 3, 1, 0xffffffff, 1, true},
		{0, 4, 0xff00, 0x0ff, 0xffff, true},
		{0, 5, MIN, 31, 1, true},
		{0x20, 5, MIN, 31, 0xffffffff, true},
		{0, 6, 0xf0, 0x0f, 0xff, true},
		{0, 7, 0xff, 0xfffffff0, 0xf0, true},
		{1, 0, 0x10001, 0x10001, 0x20001, false},
		{1, 1, MIN, MIN, 0x40000000, false},
		{1, 1, 0xffffffff, 1, 0xffffffff, false},
		{1, 2, 0xffffffff, 0xffffffff, 0xffffffff, false},
		{1, 3, 0xffffffff, 0xffffffff, 0xfffffffe, false},
		{1, 4, (uint32_t)-7, 2, (uint32_t)-3, false},
		{1, 4, 5, 0, 0xffffffff, false},
		{1, 4, MIN, 0xffffffff, MIN, false},
		{1, 5, (uint32_t)-7, 2, 0x7ffffffc, false},
		{1, 5, 5, 0, 0xffffffff, false},
		{1, 6, (uint32_t)-7, 2, (uint32_t)-1, false},
		{1, 6, 5, 0, 5, false},
		{1, 6, MIN, 0xffffffff, 0, false},
		{1, 7, 7, 4, 3, false},
		{1, 7, 7, 0, 7, false},
	};
	struct machine *m = machine_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_reg(m, A1, cases[i].x);
		set_reg(m, A2, cases[i].y);
		machine_execute(m, r_type(cases[i].funct7, cases[i].funct3, A0, A1, A2));
		assert_int_equal(reg(m, A0), cases[i].result);
		if (!cases[i].immediate)
			continue;
		set_reg(m, A0, 1);
		machine_execute(m, i_type(0x13, cases[i].funct3, A0, A1,
					  (int)(cases[i].y | cases[i].funct7 << 5)));
		assert_int_equal(reg(m, A0), cases[i].result);
	}
	machine_free(m);
}

static void upper_immediates_and_x0(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_execute(m, 0xfffff537); /* lui a0,0xfffff */
	assert_int_equal(reg(m, A0), 0xfffff000);
	machine_execute(m, 0x80000517); /* auipc a0,0x80000 */
	assert_int_equal(reg(m, A0), START + MIN);
	machine_execute(m, addi(ZERO, ZERO, 5));
	machine_execute(m, addi(A0, ZERO, 0));
	assert_int_equal(reg(m, A0), 0);
	assert_int_equal(reg(m, ZERO), 0);
	machine_free(m);
}

static void branches(void **state)
{
	static const struct {
		uint32_t funct3, x, y;
		bool taken;
	} cases[] = {
		{0, 1, 1, true},    {0, 1, 2, false},   {1, 1, 2, true},    {1, 1, 1, false},
		{4, MIN, 1, true},  {4, 1, MIN, false}, {5, 1, MIN, true},  {5, 1, 1, true},
		{5, MIN, 1, false}, {6, 1, MIN, true},  {6, MIN, 1, false}, {7, MIN, 1, true},
		{7, 1, MIN, false},
	};
	struct machine *m = machine_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_reg(m, A1, cases[i].x);
		set_reg(m, A2, cases[i].y);
		assert_int_equal(machine_execute(m, branch(cases[i].funct3, A1, A2, -0x100)),
				 cases[i].taken ? 3 : 1);
		assert_int_equal(reg(m, PC), cases[i].taken ? START - 0x100 : START + 4);
	}
	machine_free(m);
}

static void jumps_link_behind_themselves(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_execute(m, jal(RA, 0x80));
	assert_int_equal(reg(m, RA), START + 4);
	assert_int_equal(reg(m, PC), START + 0x80);
	set_reg(m, RA, START + 0x21);
	machine_execute(m, jalr(RA, RA, 2)); /* base and link are one register; bit 0 goes */
	assert_int_equal(reg(m, PC), START + 0x22);
	assert_int_equal(reg(m, RA), START + 4);
	machine_execute(m, PAIR(0x2001, 0x0001)); /* c.jal . */
	assert_int_equal(reg(m, RA), START + 2);
	assert_int_equal(reg(m, PC), START);
	assert_int_equal(rv32_counts(m->core)->taken_branches, 3);
	assert_int_equal(rv32_counts(m->core)->classes[CORE_CLASS_BRANCH], 3);
	machine_free(m);
}

static void loads_and_stores(void **state)
{
	static const struct {
		uint32_t funct3, value;
	} loads[] = {{0, 0xffffff84}, {1, 0xffff8384}, {2, 0x81828384}, {4, 0x84}, {5, 0x8384}};
	struct machine *m = machine_new();

	(void)state;
	set_reg(m, A1, DATA + 8);
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		machine_poke(m, DATA, 0x81828384);
		machine_execute(m, i_type(0x03, loads[i].funct3, A0, A1, -8));
		assert_int_equal(reg(m, A0), loads[i].value);
	}
	set_reg(m, A0, 0x11223344);
	machine_execute(m, store(0, A0, A1, -8));
	assert_int_equal(machine_peek(m, DATA), 0x81828344);
	machine_execute(m, store(1, A0, A1, -6));
	assert_int_equal(machine_peek(m, DATA), 0x33448344);
	machine_execute(m, store(2, A0, A1, -8));
	assert_int_equal(machine_peek(m, DATA), 0x11223344);
	assert_int_equal(rv32_counts(m->core)->classes[CORE_CLASS_LOAD], 5);
	assert_int_equal(rv32_counts(m->core)->classes[CORE_CLASS_STORE], 3);
	machine_free(m);
}

/* Each with s0 = DATA, s1 = 6, sp = DATA + 0x100, a0 = 0xf0f0f0f3, ra = START + 0x40. */
static void compressed_instructions(void **state)
{
	static const struct {
		uint16_t code;
		unsigned reg;
		uint32_t value;
		enum core_class class;
	} cases[] = {
		{0x0808, A0, DATA + 0x110, CORE_CLASS_ALU},      /* c.addi4spn a0,sp,16 */
		{0x4048, A0, 0x1001, CORE_CLASS_LOAD},           /* c.lw a0,4(s0) */
		{0x1571, A0, 0xf0f0f0ef, CORE_CLASS_ALU},        /* c.addi a0,-4 */
		{0x557d, A0, 0xffffffff, CORE_CLASS_ALU},        /* c.li a0,-1 */
		{0x757d, A0, 0xfffff000, CORE_CLASS_ALU},        /* c.lui a0,-1 */
		{0x7139, SP, DATA + 0x100 - 64, CORE_CLASS_ALU}, /* c.addi16sp -64 */
		{0x8111, A0, 0x0f0f0f0f, CORE_CLASS_ALU},        /* c.srli a0,4 */
		{0x8511, A0, 0xff0f0f0f, CORE_CLASS_ALU},        /* c.srai a0,4 */
		{0x8909, A0, 2, CORE_CLASS_ALU},                 /* c.andi a0,2 */
		{0x8d05, A0, 0xf0f0f0ed, CORE_CLASS_ALU},        /* c.sub a0,s1 */
		{0x8d25, A0, 0xf0f0f0f5, CORE_CLASS_ALU},        /* c.xor a0,s1 */
		{0x8d45, A0, 0xf0f0f0f7, CORE_CLASS_ALU},        /* c.or a0,s1 */
		{0x8d65, A0, 2, CORE_CLASS_ALU},                 /* c.and a0,s1 */
		{0xa011, PC, START + 4, CORE_CLASS_BRANCH},      /* c.j +4 */
		{0xdcf5, PC, START - 4, CORE_CLASS_BRANCH}, /* c.beqz s1,-4: not taken, see below */
		{0xfcf5, PC, START - 4, CORE_CLASS_BRANCH}, /* c.bnez s1,-4 */
		{0x0512, A0, 0x0f0f0f30, CORE_CLASS_ALU},   /* c.slli a0,4 */
		{0x4512, A0, 0x1041, CORE_CLASS_LOAD},      /* c.lwsp a0,4(sp) */
		{0x8082, PC, START + 0x40, CORE_CLASS_BRANCH}, /* c.jr ra */
		{0x8526, A0, 6, CORE_CLASS_ALU},               /* c.mv a0,s1 */
		{0x9082, RA, START + 2, CORE_CLASS_BRANCH},    /* c.jalr ra */
		{0x9526, A0, 0xf0f0f0f9, CORE_CLASS_ALU},      /* c.add a0,s1 */
		{0x0001, A0, 0xf0f0f0f3, CORE_CLASS_ALU},      /* c.nop */
	};
	struct machine *m = machine_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = rv32_counts(m->core)->classes[cases[i].class];
		uint32_t expected = cases[i].value;

		machine_poke(m, DATA + 4, 0x1001);
		machine_poke(m, DATA + 0x104, 0x1041);
		set_reg(m, 8, DATA);
		set_reg(m, 9, 6);
		set_reg(m, SP, DATA + 0x100);
		set_reg(m, A0, 0xf0f0f0f3);
		set_reg(m, RA, START + 0x40);
		machine_execute(m, PAIR(cases[i].code, 0x0001));
		if (cases[i].code == 0xdcf5)
			expected = START + 2;
		assert_int_equal(reg(m, cases[i].reg), expected);
		assert_int_equal(rv32_counts(m->core)->classes[cases[i].class], before + 1);
	}
	set_reg(m, SP, DATA);
	machine_execute(m, PAIR(0xc22a, 0x0001)); /* c.swsp a0,4(sp) */
	assert_int_equal(machine_peek(m, DATA + 4), 0xf0f0f0f3);
	set_reg(m, 9, 77);
	machine_execute(m, PAIR(0xc444, 0x0001)); /* c.sw s1,12(s0) */
	assert_int_equal(machine_peek(m, DATA + 12), 77);
	machine_free(m);
}

static void reserved_encodings_are_illegal(void **state)
{
	static const uint32_t codes[] = {
		0x00000000,                                  /* all zero */
		0xffffffff,          0x0000001f,             /* longer than 32 bit */
		0x00001067,                                  /* jalr with funct3 1 */
		0x00002063,          0x00003063,             /* branches */
		0x00003003,          0x00006003, 0x00007003, /* ld, lwu */
		0x00003023,          0x00007023,             /* sd */
		0x02001013,          0x40001013, 0x02005013,
		0x20005013, /* shift amounts, funct7 */
		0x40001033,          0x04000033, 0x22000033,
		0x40002033, /* funct7 of OP */
		0x0000200f, /* MISC-MEM */
		0x0000302f,          0x0000202f, 0x00002007,
		0x00000053, /* A, F */
		0x00000073 | 1 << 7, 0x00200073, 0x10200073,
		0x12000073,          0x7b200073, /* SYSTEM */
		0x00004073,          0x00008073, 0x30200073 | 1 << 15,
		0x0000001b,          0x0000003b, /* RV64 */
		0x00002000,          0x00006000, 0x0000a000,
		0x0000e000,          0x00008000, /* c.fld, c.flw, ... */
		0x00000004,                      /* c.addi4spn s1,sp,0 */
		0x00006101,                      /* c.addi16sp 0 */
		0x00006081,                      /* c.lui ra,0 */
		0x00009001,          0x00009401, /* c.srli, c.srai by 32 and more */
		0x00009c01,          0x00009c21, 0x00009c41,
		0x00009c61, /* c.subw, c.addw, reserved */
		0x00001082, /* c.slli by 32 and more */
		0x00004002, /* c.lwsp x0 */
		0x00008002, /* c.jr x0 */
		0x00002002,          0x00006002, 0x0000a002,
		0x0000e002, /* c.fldsp, ... */
	};
	struct machine *m = machine_new();

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		uint64_t exceptions = rv32_counts(m->core)->exceptions;
		uint32_t code = codes[i];

		machine_program(m, code, NOP);
		set_reg(m, PC, START);
		rv32_run(m->core, rv32_now(m->core) + 1);
		assert_int_equal(rv32_counts(m->core)->exceptions, exceptions + 1);
		assert_int_equal(reg(m, PC), VECTORS);
		assert_int_equal(machine_csr(m, 0x342), 2);
		assert_int_equal(machine_csr(m, 0x343), code);
		assert_int_equal(machine_csr(m, 0x341), START);
		assert_non_null(strstr(rv32_fault_text(m->core), "illegal instruction"));
	}
	machine_free(m);
}

static void fences_ignore_reserved_fields(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	assert_int_equal(machine_execute(m, 0x0ff0000f), 1);
	assert_int_equal(machine_execute(m, 0xfff0878f), 1);
	assert_int_equal(machine_execute(m, FENCE_I), 3);
	assert_int_equal(rv32_counts(m->core)->exceptions, 0);
	machine_free(m);
}

static unsigned cycles_of_two(struct machine *m, uint32_t first, uint32_t second)
{
	uint64_t before = rv32_now(m->core);

	machine_program(m, first, second, NOP, NOP);
	set_reg(m, A1, DATA);
	set_reg(m, A2, DATA + 4);
	set_reg(m, RA, START + 0x40);
	machine_poke(m, DATA, DATA);
	machine_poke(m, DATA + 4, START + 0x40);
	set_reg(m, PC, START);
	machine_step(m, 2);
	return (unsigned)(rv32_now(m->core) - before);
}

static void cycles(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	assert_int_equal(cycles_of_two(m, lw(A0, A1, 0), NOP), 2);
	assert_int_equal(cycles_of_two(m, lw(A0, A1, 0), addi(A3, A0, 1)), 3);
	assert_int_equal(cycles_of_two(m, lw(A0, A1, 0), sw(A0, A2, 0)), 3);
	assert_int_equal(cycles_of_two(m, lw(A0, A1, 0), lw(A3, A0, 0)), 3);
	assert_int_equal(cycles_of_two(m, lw(A0, A1, 0), addi(A0, A1, 1)), 2);
	assert_int_equal(cycles_of_two(m, lw(ZERO, A1, 0), addi(A3, ZERO, 1)), 2);
	assert_int_equal(cycles_of_two(m, lw(A0, A1, 0), 0x000a8537 /* lui a0 */), 2);
	assert_int_equal(cycles_of_two(m, addi(A0, A1, 0), jalr(ZERO, RA, 0)), 4);
	assert_int_equal(cycles_of_two(m, addi(RA, RA, 0), jalr(ZERO, RA, 0)), 5);
	assert_int_equal(cycles_of_two(m, lw(RA, A2, 0), jalr(ZERO, RA, 0)), 5);
	assert_int_equal(cycles_of_two(m, r_type(1, 0, A0, A1, A2), NOP), 2); /* mul */
	assert_int_equal(cycles_of_two(m, r_type(1, 3, A0, A1, A2), NOP), 6); /* mulhu */
	set_reg(m, A3, 0);
	assert_int_equal(cycles_of_two(m, r_type(1, 5, A0, A1, A3), NOP), 36);
	set_reg(m, A3, MIN);
	assert_int_equal(cycles_of_two(m, r_type(1, 5, A0, A1, A3), NOP), 4);
	set_reg(m, A3, (uint32_t)-1);
	assert_int_equal(cycles_of_two(m, r_type(1, 4, A0, A1, A3), NOP), 3 + 31 + 1);
	machine_free(m);
}

static void loads_toggle_bits(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	set_reg(m, A1, DATA);
	machine_poke(m, DATA, 0xff);
	machine_poke(m, DATA + 4, 0x80000001);
	machine_execute(m, lw(A0, A1, 0));
	assert_int_equal(rv32_counts(m->core)->toggled_bits, 8);
	machine_execute(m, lw(A0, A1, 4));
	assert_int_equal(rv32_counts(m->core)->toggled_bits, 8 + 8);
	machine_execute(m, lw(A0, A1, 4));
	assert_int_equal(rv32_counts(m->core)->toggled_bits, 8 + 8);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(register_and_immediate_operations),
		cmocka_unit_test(upper_immediates_and_x0),
		cmocka_unit_test(branches),
		cmocka_unit_test(jumps_link_behind_themselves),
		cmocka_unit_test(loads_and_stores),
		cmocka_unit_test(compressed_instructions),
		cmocka_unit_test(reserved_encodings_are_illegal),
		cmocka_unit_test(fences_ignore_reserved_fields),
		cmocka_unit_test(cycles),
		cmocka_unit_test(loads_toggle_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
