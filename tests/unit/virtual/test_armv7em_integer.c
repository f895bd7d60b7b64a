/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: results, flags, cycles and classes of integer and DSP instructions.
 */
#include "tests/unit/virtual/test_armv7em.h"

/* r0 is the result; r1, r2 and r3 are inputs (r0 and r3 also, where the instruction reads them). */
struct sample {
	const char *name;
	uint16_t code[2]; /* a 16-bit instruction leaves the second 0 */
	uint32_t in[4];
	uint32_t flags_in;
	uint32_t result;
	uint32_t flags;
	unsigned cycles;
	enum core_class class;
};

#define ALU  CORE_CLASS_ALU
#define MUL  CORE_CLASS_MUL
#define MAC  CORE_CLASS_MAC
#define SIMD CORE_CLASS_SIMD
#define DIV  CORE_CLASS_DIV
#define ALLF (FLAG_N | FLAG_Z | FLAG_C | FLAG_V | FLAG_Q)

static const struct sample samples[] = {
	{"adds carry", {0x1888}, {0, 0xffffffff, 1, 0}, 0, 0, FLAG_Z | FLAG_C, 1, ALU},
	{"adds overflow", {0x1888}, {0, 0x7fffffff, 1, 0}, 0, 0x80000000, FLAG_N | FLAG_V, 1, ALU},
	{"subs borrow", {0x1a88}, {0, 1, 2, 0}, FLAG_C, 0xffffffff, FLAG_N, 1, ALU},
	{"subs equal", {0x1a88}, {0, 5, 5, 0}, 0, 0, FLAG_Z | FLAG_C, 1, ALU},
	{"subs overflow", {0x1a88}, {0, 0x80000000, 1, 0}, 0, 0x7fffffff, FLAG_C | FLAG_V, 1, ALU},
	{"lsls #4", {0x0108}, {0, 0x12345678, 0, 0}, FLAG_V, 0x23456780, FLAG_C | FLAG_V, 1, ALU},
	{"lsrs #32", {0x0808}, {0, 0x80000000, 0, 0}, 0, 0, FLAG_Z | FLAG_C, 1, ALU},
	{"asrs #32", {0x1008}, {0, 0x80000000, 0, 0}, 0, 0xffffffff, FLAG_N | FLAG_C, 1, ALU},
	{"movs keeps C", {0x2000}, {7, 0, 0, 0}, FLAG_C, 0, FLAG_Z | FLAG_C, 1, ALU},
	{"cmp", {0x4291}, {9, 3, 4, 0}, 0, 9, FLAG_N, 1, ALU},
	{"adcs", {0x4150}, {0xffffffff, 0, 0, 0}, FLAG_C, 0, FLAG_Z | FLAG_C, 1, ALU},
	{"sbcs", {0x4190}, {5, 0, 5, 0}, 0, 0xffffffff, FLAG_N, 1, ALU},
	{"rors", {0x41d0}, {1, 0, 33, 0}, 0, 0x80000000, FLAG_N | FLAG_C, 1, ALU},
	{"rrxs", {0xea5f, 0x0031}, {0, 1, 0, 0}, FLAG_C, 0x80000000, FLAG_N | FLAG_C, 1, ALU},
	{"ands sets C",
	 {0xf011, 0x4000},
	 {0, 0x80000001, 0, 0},
	 0,
	 0x80000000,
	 FLAG_N | FLAG_C,
	 1,
	 ALU},
	{"add lsl #3", {0xeb01, 0x00c2}, {0, 100, 7, 0}, ALLF, 156, ALLF, 1, ALU},
	{"rsb #10", {0xf1c1, 0x000a}, {0, 3, 0, 0}, 0, 7, 0, 1, ALU},
	{"mvn", {0xf06f, 0x20ff}, {0, 0, 0, 0}, 0, 0x00ff00ff, 0, 1, ALU},
	{"movw", {0xf64b, 0x60ef}, {0, 0, 0, 0}, 0, 0xbeef, 0, 1, ALU},
	{"movt", {0xf6cd, 0x60ad}, {0xffffbeef, 0, 0, 0}, 0, 0xdeadbeef, 0, 1, ALU},
	{"bfi", {0xf361, 0x200f}, {0xffffffff, 0x12, 0, 0}, 0, 0xffff12ff, 0, 1, ALU},
	{"bfc", {0xf36f, 0x100b}, {0xffffffff, 0, 0, 0}, 0, 0xfffff00f, 0, 1, ALU},
	{"ubfx", {0xf3c1, 0x100b}, {0, 0xabcdef12, 0, 0}, 0, 0xef1, 0, 1, ALU},
	{"sbfx", {0xf341, 0x1003}, {0, 0x80, 0, 0}, 0, 0xfffffff8, 0, 1, ALU},
	{"clz", {0xfab1, 0xf081}, {0, 0x00010000, 0, 0}, 0, 15, 0, 1, ALU},
	{"clz 0", {0xfab1, 0xf081}, {0, 0, 0, 0}, 0, 32, 0, 1, ALU},
	{"rbit", {0xfa91, 0xf0a1}, {0, 0x00000003, 0, 0}, 0, 0xc0000000, 0, 1, ALU},
	{"rev16", {0xba48}, {0, 0x11223344, 0, 0}, 0, 0x22114433, 0, 1, ALU},
	{"revsh", {0xbac8}, {0, 0x11223384, 0, 0}, 0, 0xffff8433, 0, 1, ALU},
	{"udiv", {0xfbb1, 0xf0f2}, {0, 100, 7, 0}, 0, 14, 0, 4, DIV},
	{"udiv long", {0xfbb1, 0xf0f2}, {0, 0xffffffff, 1, 0}, 0, 0xffffffff, 0, 12, DIV},
	{"udiv by 0", {0xfbb1, 0xf0f2}, {0, 100, 0, 0}, 0, 0, 0, 2, DIV},
	{"sdiv", {0xfb91, 0xf0f2}, {0, -100u, 7, 0}, 0, -14u, 0, 4, DIV},
	{"sdiv overflow", {0xfb91, 0xf0f2}, {0, 0x80000000, -1u, 0}, 0, 0x80000000, 0, 12, DIV},
	{"mul", {0xfb01, 0xf002}, {0, 0x10001, 0x10001, 0}, 0, 0x20001, 0, 1, MUL},
	{"mla", {0xfb01, 0x3002}, {0, 3, 4, 5}, 0, 17, 0, 1, MAC},
	{"mls", {0xfb01, 0x3012}, {0, 3, 4, 5}, 0, -7u, 0, 1, MAC},
	{"smull low", {0xfb81, 0x0302}, {0, -2u, 3, 0}, 0, -6u, 0, 1, MUL},
	{"umaal low", {0xfbe1, 0x0362}, {5, -1u, -1u, 7}, 0, 13, 0, 1, MAC},
	{"smlad", {0xfb21, 0x3002}, {0, 0x00020003, 0xffff0004, 10}, 0, 20, 0, 1, SIMD},
	{"smlad no Q",
	 {0xfb21, 0x3002},
	 {0, 0x80008000, 0x80008000, -16u},
	 0,
	 0x7ffffff0,
	 0,
	 1,
	 SIMD},
	{"smuadx Q",
	 {0xfb21, 0xf012},
	 {0, 0x80008000, 0x80008000, 0},
	 0,
	 0x80000000,
	 FLAG_Q,
	 1,
	 SIMD},
	{"smlabt", {0xfb11, 0x3012}, {0, 0x00050002, 0xfffd0007, 1}, 0, -5u, 0, 1, MAC},
	{"smlabt Q",
	 {0xfb11, 0x3012},
	 {0, 1, 0x00010000, 0x7fffffff},
	 0,
	 0x80000000,
	 FLAG_Q,
	 1,
	 MAC},
	{"smmulr", {0xfb51, 0xf012}, {0, 0x40000000, 2, 0}, 0, 1, 0, 1, MUL},
	{"smlald low", {0xfbc1, 0x03c2}, {0xffffffff, 0x00010001, 0x00010001, 0}, 0, 1, 0, 1, SIMD},
	{"usada8", {0xfb71, 0x3002}, {0, 0x01020304, 0x04030201, 100}, 0, 108, 0, 1, SIMD},
	{"sadd16",
	 {0xfa91, 0xf002},
	 {0, 0x7fff8000, 0x0001ffff, 0},
	 0,
	 0x80007fff,
	 0x000c0000,
	 1,
	 SIMD},
	{"uadd8",
	 {0xfa81, 0xf042},
	 {0, 0xff01fe80, 0x01010180, 0},
	 0,
	 0x0002ff00,
	 0x00090000,
	 1,
	 SIMD},
	{"uqsub8", {0xfac1, 0xf052}, {0, 0x10203040, 0x20103050, 0}, 0, 0x00100000, 0, 1, SIMD},
	{"shasx", {0xfaa1, 0xf022}, {0, 0x00060003, 0x00050004, 0}, 0, 0x0005ffff, 0, 1, SIMD},
	{"sel",
	 {0xfaa1, 0xf082},
	 {0, 0x11223344, 0x55667788, 0},
	 0x00050000,
	 0x55227744,
	 0x00050000,
	 1,
	 SIMD},
	{"sxtb16 ror #8", {0xfa2f, 0xf091}, {0, 0x80007f00, 0, 0}, 0, 0xff80007f, 0, 1, SIMD},
	{"sxtab", {0xfa41, 0xf082}, {0, 1000, 0xff, 0}, 0, 999, 0, 1, ALU},
	{"uxtab16", {0xfa31, 0xf082}, {0, 0x00010002, 0x12ff34ff, 0}, 0, 0x01000101, 0, 1, SIMD},
	{"pkhbt", {0xeac1, 0x4002}, {0, 0x11112222, 0x33334444, 0}, 0, 0x44442222, 0, 1, SIMD},
	{"pkhtb", {0xeac1, 0x4022}, {0, 0x11112222, 0x33334444, 0}, 0, 0x11113333, 0, 1, SIMD},
	{"ssat high", {0xf301, 0x0007}, {0, 200, 0, 0}, 0, 127, FLAG_Q, 1, SIMD},
	{"ssat low", {0xf301, 0x0007}, {0, -200u, 0, 0}, 0, -128u, FLAG_Q, 1, SIMD},
	{"usat", {0xf381, 0x0008}, {0, -1u, 0, 0}, 0, 0, FLAG_Q, 1, SIMD},
	{"ssat16", {0xf321, 0x0007}, {0, 0x0100ff00, 0, 0}, 0, 0x007fff80, FLAG_Q, 1, SIMD},
	{"qadd", {0xfa82, 0xf081}, {0, 0x7fffffff, 1, 0}, 0, 0x7fffffff, FLAG_Q, 1, SIMD},
	{"qdsub", {0xfa82, 0xf0b1}, {0, 0, 0x40000000, 0}, 0, 0x80000001, FLAG_Q, 1, SIMD},
};

static void check_sample(struct machine *m, const struct sample *s)
{
	struct core_counts before = *armv7em_counts(m->core), after;

	machine_put(m->flash, START, s->code, 2);
	armv7em_invalidate(m->core, START, 4);
	for (unsigned i = 0; i < 4; i++)
		set_reg(m, i, s->in[i]);
	set_reg(m, 15, START);
	set_reg(m, 16, s->flags_in);
	machine_step(m, 1);
	after = *armv7em_counts(m->core);
	if (reg(m, 0) != s->result || (reg(m, 16) & FLAGS) != s->flags)
		fail_msg("%s: r0 0x%08x flags 0x%08x", s->name, reg(m, 0), reg(m, 16) & FLAGS);
	if (after.cycles - before.cycles != s->cycles)
		fail_msg("%s: %u cycles", s->name, (unsigned)(after.cycles - before.cycles));
	if (after.classes[s->class] != before.classes[s->class] + 1)
		fail_msg("%s: counted in another class", s->name);
	assert_int_equal(reg(m, 15), START + (s->code[1] ? 4 : 2));
}

static void results_flags_cycles_classes(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		check_sample(m, &samples[i]);
	machine_free(m);
}

static void it_blocks_execute_or_skip(void **state)
{
	struct machine *m = machine_new();
	uint64_t skipped;

	(void)state;
	/* ite ne; movne r0, #1; moveq r0, #2; itttt cs; four times addcs r0, #1 */
	machine_program(m, 0xbf14, 0x2001, 0x2002, 0xbf21, 0x3001, 0x3001, 0x3001, 0x3001, 0xe7fe);
	set_reg(m, 16, FLAG_Z);
	machine_step(m, 8);
	assert_int_equal(reg(m, 0), 2);
	assert_int_equal(reg(m, 16) & FLAGS, FLAG_Z); /* no flags from 16-bit MOV inside IT */
	skipped = armv7em_counts(m->core)->classes[CORE_CLASS_OTHER] - 2;
	assert_int_equal(skipped, 5);
	assert_int_equal(armv7em_counts(m->core)->instructions, 8);
	assert_int_equal(armv7em_counts(m->core)->cycles, 8);

	set_reg(m, 15, START);
	set_reg(m, 16, FLAG_C);
	machine_step(m, 8);
	assert_int_equal(reg(m, 0), 5);
	machine_free(m);
}

static void limit_inside_it_block_changes_nothing(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xbf14, 0x2001, 0x2002, 0xe7fe);
	set_reg(m, 16, 0);
	assert_int_equal(armv7em_run(m->core, 1), ARMV7EM_STOP_LIMIT);
	assert_int_equal(reg(m, 15), START + 2);
	assert_int_equal(armv7em_run(m->core, 3), ARMV7EM_STOP_LIMIT);
	assert_int_equal(reg(m, 0), 1);
	assert_int_equal(reg(m, 15), START + 6);
	machine_free(m);
}

static void taken_branches_refill(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	/* cbz r0, +4; nop; b . (at START + 6) */
	machine_program(m, 0xb108, 0xbf00, 0xbf00, 0xe7fe);
	set_reg(m, 0, 1);
	machine_step(m, 1);
	assert_int_equal(reg(m, 15), START + 2);
	assert_int_equal(armv7em_now(m->core), 1);
	set_reg(m, 0, 0);
	set_reg(m, 15, START);
	machine_step(m, 1);
	assert_int_equal(reg(m, 15), START + 6);
	assert_int_equal(armv7em_now(m->core), 4);
	assert_int_equal(armv7em_counts(m->core)->taken_branches, 1);
	assert_int_equal(armv7em_counts(m->core)->classes[CORE_CLASS_BRANCH], 2);
	machine_free(m);
}

static void limit_is_exceeded_by_one_instruction_at_most(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	for (uint64_t limit = 1; limit < 50; limit += 7) {
		assert_int_equal(armv7em_run(m->core, limit), ARMV7EM_STOP_LIMIT);
		assert_in_range(armv7em_now(m->core), limit, limit + 2); /* b . takes three */
	}
	assert_int_equal(armv7em_run(m->core, 10), ARMV7EM_STOP_LIMIT); /* in the past: nothing */
	assert_int_equal(armv7em_counts(m->core)->cycles, armv7em_now(m->core));
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_flags_cycles_classes),
		cmocka_unit_test(it_blocks_execute_or_skip),
		cmocka_unit_test(limit_inside_it_block_changes_nothing),
		cmocka_unit_test(taken_branches_refill),
		cmocka_unit_test(limit_is_exceeded_by_one_instruction_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
