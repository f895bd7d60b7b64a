/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the models M7 and M33 have beside the M4: identification, FPv5, v8-M instructions and stack
 * limits, EXC_RETURN, the DWT's lock, caches and dual issue.
 */
#include "tests/unit/virtual/test_armv7em.h"

#define PPB_CPUID   0xe000ed00u
#define PPB_CCR     0xe000ed14u
#define PPB_CCSIDR  0xe000ed80u
#define PPB_ICIALLU 0xe000ef50u
#define CCR_ICACHE  0x20000u
#define CCR_DCACHE  0x10000u
#define LINE_NOPS   16u

static struct machine *model_new(enum armv7em_model model, enum armv7em_memory flash)
{
	struct machine *m = machine_new();
	struct armv7em_bus bus = {.context = m, .read = machine_read, .write = machine_write};

	armv7em_free(m->core);
	m->core = armv7em_new(&bus, model, 16);
	armv7em_map(m->core, 0, MEMORY_BYTES, m->flash, flash);
	armv7em_map(m->core, RAM, MEMORY_BYTES, m->ram, ARMV7EM_MEMORY_RAM);
	armv7em_reset(m->core, 0);
	return m;
}

/* ldr r0, [r1] or str r0, [r1] by the program itself. */
static uint32_t register_read(struct machine *m, uint32_t address)
{
	const uint16_t code[] = {0x6808, 0xe7fe};

	machine_put(m->ram, 0x100, code, 2);
	armv7em_invalidate(m->core, RAM + 0x100, sizeof(code));
	set_reg(m, 15, RAM + 0x100);
	set_reg(m, 1, address);
	machine_step(m, 1);
	return reg(m, 0);
}

static void register_write(struct machine *m, uint32_t address, uint32_t value)
{
	const uint16_t code[] = {0x6008, 0xe7fe};

	machine_put(m->ram, 0x100, code, 2);
	armv7em_invalidate(m->core, RAM + 0x100, sizeof(code));
	set_reg(m, 15, RAM + 0x100);
	set_reg(m, 1, address);
	set_reg(m, 0, value);
	machine_step(m, 1);
}

static void enable_fp(struct machine *m)
{
	register_write(m, 0xe000ed88u, 0xfu << 20);
}

static void test_identification(void **state)
{
	static const struct {
		enum armv7em_model model;
		uint32_t cpuid, mvfr2;
	} rows[] = {{ARMV7EM_M4, 0x410fc241, 0},
		    {ARMV7EM_M7, 0x411fc270, 0x40},
		    {ARMV7EM_M33, 0x410fd214, 0x40}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine *m = model_new(rows[i].model, ARMV7EM_MEMORY_FLASH);

		assert_int_equal(register_read(m, PPB_CPUID), rows[i].cpuid);
		assert_int_equal(register_read(m, 0xe000ef48u), rows[i].mvfr2);
		machine_free(m);
	}
}

/* vmaxnm.f32 s0, s1, s2: VMOV s1, r1; VMOV s2, r2; VMAXNM; VMOV r0, s0. */
static void test_fpv5_only_where_it_is(void **state)
{
	static const uint16_t code[] = {0xee00, 0x1a90, 0xee01, 0x2a10, 0xfec0,
					0x0a81, 0xee10, 0x0a90, 0xe7fe};

	(void)state;
	for (int model = ARMV7EM_M4; model <= ARMV7EM_M33; model++) {
		struct machine *m = model_new((enum armv7em_model)model, ARMV7EM_MEMORY_FLASH);

		enable_fp(m);
		machine_put(m->flash, START, code, sizeof(code) / 2);
		set_reg(m, 15, START);
		set_reg(m, 1, 0x7fc00001); /* a quiet NaN loses */
		set_reg(m, 2, 0x3f800000);
		machine_step(m, 3);
		if (model == ARMV7EM_M4) {
			assert_non_null(strstr(armv7em_fault_text(m->core), "undefined"));
		} else {
			machine_step(m, 1);
			assert_int_equal(reg(m, 0), 0x3f800000);
		}
		machine_free(m);
	}
}

/* lda r0, [r1]; stlb r0, [r2]; ldaexh r3, [r1]; stlexh r4, r0, [r1]. */
static void test_acquire_and_release(void **state)
{
	struct machine *m = model_new(ARMV7EM_M33, ARMV7EM_MEMORY_FLASH);

	(void)state;
	machine_program(m, 0xe8d1, 0x0faf, 0xe8c2, 0x0f8f, 0xe8d1, 0x3fdf, 0xe8c1, 0x0fd4, 0xe7fe);
	machine_poke(m, RAM, 0x12345678);
	set_reg(m, 1, RAM);
	set_reg(m, 2, RAM + 7);
	set_reg(m, 4, 99);
	machine_step(m, 4);
	assert_int_equal(reg(m, 0), 0x12345678);
	assert_int_equal(machine_peek(m, RAM + 4) >> 24, 0x78);
	assert_int_equal(reg(m, 3), 0x5678);
	assert_int_equal(reg(m, 4), 0);
	machine_free(m);
	m = model_new(ARMV7EM_M7, ARMV7EM_MEMORY_FLASH);
	machine_program(m, 0xe8d1, 0x0faf, 0xe7fe);
	armv7em_run(m->core, 100);
	assert_non_null(strstr(armv7em_fault_text(m->core), "undefined"));
	machine_free(m);
}

/* msr msplim, r0; push {r1, r2} down to the limit, and once more. */
static void test_stack_limit(void **state)
{
	struct machine *m = model_new(ARMV7EM_M33, ARMV7EM_MEMORY_FLASH);

	(void)state;
	machine_program(m, 0xf380, 0x880a, 0xb406, 0xb406, 0xe7fe);
	set_reg(m, 0, STACK - 8);
	machine_step(m, 2);
	assert_int_equal(reg(m, 13), STACK - 8);
	machine_poke(m, STACK - 12, 0xa5a5a5a5);
	armv7em_run(m->core, armv7em_now(m->core) + 10);
	assert_non_null(strstr(armv7em_fault_text(m->core), "stack"));
	assert_int_equal(machine_peek(m, STACK - 12), 0xa5a5a5a5); /* not written */
	machine_free(m);
}

/* svc 0 from thread mode with the main and the process stack: LR in the handler, and back. */
static void test_exception_return_values(void **state)
{
	static const struct {
		enum armv7em_model model;
		uint32_t main, process;
	} rows[] = {{ARMV7EM_M7, 0xfffffff9, 0xfffffffd}, {ARMV7EM_M33, 0xffffffb8, 0xffffffbc}};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct machine *m = model_new(rows[i].model, ARMV7EM_MEMORY_FLASH);

		/* msr psp, r0; svc 0; msr control, r1; svc 0 */
		machine_program(m, 0xf380, 0x8809, 0xdf00, 0xf381, 0x8814, 0xdf00, 0xe7fe);
		machine_handler(m, 11, 0x4676, 0x4770); /* mov r6, lr; bx lr */
		set_reg(m, 0, RAM + 0x4000);
		set_reg(m, 1, 2);
		machine_step(m, 4);
		assert_int_equal(reg(m, 6), rows[i].main);
		machine_step(m, 1);
		assert_int_equal(reg(m, 13), RAM + 0x4000);
		machine_step(m, 2);
		assert_int_equal(reg(m, 6), rows[i].process);
		machine_step(m, 1);
		assert_int_equal(reg(m, 13), RAM + 0x4000);
		assert_string_equal(armv7em_fault_text(m->core), "");
		machine_free(m);
	}
}

/* bx 0xfffffff9 in an M33 handler: not its value without the security extension. */
static void test_foreign_exception_return(void **state)
{
	struct machine *m = model_new(ARMV7EM_M33, ARMV7EM_MEMORY_FLASH);

	(void)state;
	machine_program(m, 0xdf00, 0xe7fe);
	machine_handler(m, 11, 0x4738); /* bx r7 */
	set_reg(m, 7, 0xfffffff9);
	armv7em_run(m->core, 200);
	assert_non_null(strstr(armv7em_fault_text(m->core), "exception return"));
	machine_free(m);
}

static void test_dwt_lock(void **state)
{
	struct machine *m = model_new(ARMV7EM_M7, ARMV7EM_MEMORY_FLASH);

	(void)state;
	register_write(m, 0xe000edfcu, 1u << 24);
	assert_int_equal(register_read(m, 0xe0001fb4u), 3);
	register_write(m, 0xe0001000u, 1);
	assert_int_equal(register_read(m, 0xe0001000u) & 1, 0);
	register_write(m, 0xe0001fb0u, 0xc5acce55u);
	assert_int_equal(register_read(m, 0xe0001fb4u), 1);
	register_write(m, 0xe0001000u, 1);
	assert_int_equal(register_read(m, 0xe0001000u) & 1, 1);
	assert_true(armv7em_cyccnt(m->core) > 0);
	machine_free(m);
}

/* Cycles of `count` instructions from START. */
static uint64_t cycles_of(struct machine *m, unsigned count)
{
	uint64_t before = armv7em_now(m->core);

	set_reg(m, 15, START);
	machine_step(m, count);
	return armv7em_now(m->core) - before;
}

/* And a breakpoint, which issues alone. */
static void put_nops(struct machine *m, unsigned count)
{
	const uint16_t nop = 0xbf00, breakpoint = 0xbe00;

	for (unsigned i = 0; i < count; i++)
		machine_put(m->flash, START + 2 * i, &nop, 1);
	machine_put(m->flash, START + 2 * count, &breakpoint, 1);
}

/* A line of code on AXI flash: read for every 64 bits without the cache, once with it, and again
 * after ICIALLU. */
static void test_l1_instruction_cache(void **state)
{
	struct machine *m = model_new(ARMV7EM_M7, ARMV7EM_MEMORY_AXI_FLASH);
	uint64_t uncached, cold, warm;

	(void)state;
	armv7em_set_flash(m->core, 7, false, false, false);
	put_nops(m, LINE_NOPS);
	uncached = cycles_of(m, LINE_NOPS);
	assert_int_equal(uncached, LINE_NOPS + 4 * (7 + 4));
	register_write(m, PPB_CCR, CCR_ICACHE);
	cold = cycles_of(m, LINE_NOPS);
	warm = cycles_of(m, LINE_NOPS);
	assert_int_equal(cold, LINE_NOPS + 7 + 4);
	assert_int_equal(warm, LINE_NOPS);
	register_write(m, PPB_ICIALLU, 0);
	assert_int_equal(cycles_of(m, LINE_NOPS), cold);
	assert_int_equal(register_read(m, PPB_CCSIDR), 0xf00fe019);
	machine_free(m);
}

/* ldr r0, [r1] from flash. */
static void test_l1_data_cache(void **state)
{
	struct machine *m = model_new(ARMV7EM_M7, ARMV7EM_MEMORY_AXI_FLASH);
	const uint16_t load[] = {0x6808, 0xbe00};
	uint64_t before;

	(void)state;
	armv7em_set_flash(m->core, 7, false, false, false);
	register_write(m, PPB_CCR, CCR_DCACHE);
	machine_put(m->ram, 0x200, load, 2);
	for (unsigned i = 0; i < 3; i++) {
		set_reg(m, 15, RAM + 0x200);
		set_reg(m, 1, 0x1000 + 4 * i);
		before = armv7em_now(m->core);
		machine_step(m, 1);
		assert_int_equal(armv7em_now(m->core) - before, i ? 1 : 1 + 7 + 4);
	}
	machine_free(m);
}

/* The L5's ICACHE: lines of 16 bytes, also for data. */
static void test_icache_of_m33(void **state)
{
	struct machine *m = model_new(ARMV7EM_M33, ARMV7EM_MEMORY_FLASH);

	(void)state;
	armv7em_set_flash(m->core, 5, false, true, false);
	put_nops(m, LINE_NOPS);
	assert_int_equal(cycles_of(m, LINE_NOPS), LINE_NOPS + 2 * (5 + 2));
	assert_int_equal(cycles_of(m, LINE_NOPS), LINE_NOPS);
	armv7em_set_flash(m->core, 5, false, false, false);
	assert_int_equal(cycles_of(m, LINE_NOPS), LINE_NOPS + 4 * 5);
	machine_free(m);
}

/* adds r0, #1; adds r1, #1 issue together on the M7; adds r0, #1; adds r0, #1 cannot. */
static void test_dual_issue(void **state)
{
	static const struct {
		enum armv7em_model model;
		uint16_t second;
		uint64_t cycles;
	} rows[] = {{ARMV7EM_M4, 0x3101, 4},
		    {ARMV7EM_M7, 0x3101, 2},
		    {ARMV7EM_M7, 0x3001, 4},
		    {ARMV7EM_M33, 0x3101, 4}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine *m = model_new(rows[i].model, ARMV7EM_MEMORY_FLASH);

		machine_program(m, 0x3001, rows[i].second, 0x3001, rows[i].second, 0xbe00);
		assert_int_equal(cycles_of(m, 4), rows[i].cycles);
		machine_free(m);
	}
}

/* subs r0, #1; bne: the branch is known after its first round; leaving the loop is mispredicted. */
static void test_branch_prediction(void **state)
{
	struct machine *m = model_new(ARMV7EM_M7, ARMV7EM_MEMORY_FLASH);
	uint64_t cycles;

	(void)state;
	machine_program(m, 0x3801, 0xd1fd, 0xbe00);
	set_reg(m, 0, 100);
	cycles = cycles_of(m, 200);
	assert_true(cycles >= 100 && cycles < 120); /* pairs, and two penalties */
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identification),
		cmocka_unit_test(test_fpv5_only_where_it_is),
		cmocka_unit_test(test_acquire_and_release),
		cmocka_unit_test(test_stack_limit),
		cmocka_unit_test(test_exception_return_values),
		cmocka_unit_test(test_foreign_exception_return),
		cmocka_unit_test(test_dwt_lock),
		cmocka_unit_test(test_l1_instruction_cache),
		cmocka_unit_test(test_l1_data_cache),
		cmocka_unit_test(test_icache_of_m33),
		cmocka_unit_test(test_dual_issue),
		cmocka_unit_test(test_branch_prediction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
