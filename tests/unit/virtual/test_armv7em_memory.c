/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: loads and stores, their cycles, flash, peripherals at exact cycles, FP.
 */
#include "tests/unit/virtual/test_armv7em.h"

static void addressing_forms(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	/* ldr r0,[r1,#4]; ldrb r0,[r1],#1; ldrsh r0,[r1,r2,lsl #1]; str r0,[r1,#4]! */
	machine_program(m, 0x6848, 0xf811, 0x0b01, 0xf931, 0x0012, 0xf841, 0x0f04, 0xe7fe);
	machine_poke(m, RAM + 0x100, 0x80818283);
	machine_poke(m, RAM + 0x104, 0x8899aabb);
	set_reg(m, 1, RAM + 0x100);
	machine_step(m, 1);
	assert_int_equal(reg(m, 0), 0x8899aabb);
	machine_step(m, 1);
	assert_int_equal(reg(m, 0), 0x83);
	assert_int_equal(reg(m, 1), RAM + 0x101);
	set_reg(m, 1, RAM + 0x100);
	set_reg(m, 2, 3);
	machine_step(m, 1);
	assert_int_equal(reg(m, 0), 0xffff8899);
	machine_step(m, 1);
	assert_int_equal(reg(m, 1), RAM + 0x104);
	assert_int_equal(machine_peek(m, RAM + 0x104), 0xffff8899);
	machine_free(m);
}

static void lists_and_pairs(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	/* ldmia r1!,{r0,r2,r3}; stmdb r1!,{r0,r2}; ldrd r0,r3,[r1,#8]; strd r0,r3,[r1],#8 */
	machine_program(m, 0xc90d, 0xe921, 0x0005, 0xe9d1, 0x0302, 0xe8e1, 0x0302, 0xe7fe);
	for (uint32_t i = 0; i < 8; i++)
		machine_poke(m, RAM + 0x100 + 4 * i, 0x1000 + i);
	set_reg(m, 1, RAM + 0x100);
	machine_step(m, 1);
	assert_int_equal(reg(m, 3), 0x1002);
	assert_int_equal(reg(m, 1), RAM + 0x10c);
	assert_int_equal(armv7em_now(m->core), 4);
	machine_step(m, 1);
	assert_int_equal(reg(m, 1), RAM + 0x104);
	assert_int_equal(machine_peek(m, RAM + 0x104), 0x1000);
	assert_int_equal(machine_peek(m, RAM + 0x108), 0x1001);
	assert_int_equal(armv7em_now(m->core), 7);
	machine_step(m, 1);
	assert_int_equal(reg(m, 0), 0x1003);
	assert_int_equal(reg(m, 3), 0x1004);
	machine_step(m, 1);
	assert_int_equal(reg(m, 1), RAM + 0x10c);
	assert_int_equal(machine_peek(m, RAM + 0x104), 0x1003);
	assert_int_equal(armv7em_now(m->core), 13);
	assert_int_equal(armv7em_counts(m->core)->classes[CORE_CLASS_LOAD_MULTIPLE], 2);
	assert_int_equal(armv7em_counts(m->core)->classes[CORE_CLASS_STORE_MULTIPLE], 2);
	machine_free(m);
}

static void push_and_pop_return(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xb501, 0xbd01, 0xe7fe); /* push {r0,lr}; pop {r0,pc} */
	set_reg(m, 0, 77);
	set_reg(m, 14, (START + 4) | 1);
	machine_step(m, 1);
	assert_int_equal(reg(m, 13), STACK - 8);
	set_reg(m, 0, 0);
	machine_step(m, 1);
	assert_int_equal(reg(m, 0), 77);
	assert_int_equal(reg(m, 13), STACK);
	assert_int_equal(reg(m, 15), START + 4);
	assert_int_equal(armv7em_now(m->core), 3 + 5);
	machine_free(m);
}

static unsigned cycles_of_two(struct machine *m, uint16_t first, uint16_t second)
{
	const uint16_t code[2] = {first, second};
	uint64_t before = armv7em_now(m->core);

	machine_put(m->flash, START, code, 2);
	armv7em_invalidate(m->core, START, 4);
	set_reg(m, 0, RAM);
	set_reg(m, 1, RAM + 0x100);
	set_reg(m, 2, 4);
	machine_poke(m, RAM + 0x100, RAM);
	set_reg(m, 15, START);
	machine_step(m, 2);
	return (unsigned)(armv7em_now(m->core) - before);
}

static void neighbouring_loads_pipeline(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	assert_int_equal(cycles_of_two(m, 0x6808, 0x680a), 3); /* ldr r0,[r1]; ldr r2,[r1] */
	assert_int_equal(cycles_of_two(m, 0x6808, 0x6802), 4); /* ldr r0,[r1]; ldr r2,[r0] */
	assert_int_equal(cycles_of_two(m, 0xbf00, 0x680a), 3); /* nop; ldr */
	assert_int_equal(cycles_of_two(m, 0x6808, 0xbf00), 3); /* ldr; nop */
	assert_int_equal(cycles_of_two(m, 0x6808, 0x6008), 3); /* ldr r0,[r1]; str r0,[r1] */
	assert_int_equal(cycles_of_two(m, 0xbf00, 0x5088), 3); /* nop; str r0,[r1,r2] */
	assert_int_equal(cycles_of_two(m, 0x6808, 0x5088), 3); /* ldr; str r0,[r1,r2] */
	machine_free(m);
}

static void unaligned_access_and_trap(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0x6808, 0x6018, 0x6808, 0xe7fe); /* ldr; str r0,[r3]; ldr r0,[r1] */
	machine_poke(m, RAM + 0x100, 0x33221100);
	machine_poke(m, RAM + 0x104, 0x77665544);
	set_reg(m, 1, RAM + 0x101);
	machine_step(m, 1);
	assert_int_equal(reg(m, 0), 0x44332211);
	assert_int_equal(armv7em_now(m->core), 3); /* one more than aligned */
	set_reg(m, 0, 8);
	set_reg(m, 3, 0xe000ed14); /* CCR.UNALIGN_TRP */
	machine_step(m, 1);
	armv7em_run(m->core, armv7em_now(m->core) + 13);
	assert_int_equal(reg(m, 16) & 0x1ff, 3);
	assert_non_null(strstr(armv7em_fault_text(m->core), "unaligned"));
	machine_free(m);
}

static void exclusives(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xe851, 0x0f00, 0xe841, 0x0200, 0xe841, 0x0200, 0xe7fe);
	set_reg(m, 1, RAM);
	set_reg(m, 2, 5);
	machine_step(m, 2);
	assert_int_equal(reg(m, 2), 0);
	machine_step(m, 1);
	assert_int_equal(reg(m, 2), 1);
	machine_free(m);
}

static void peripherals_see_the_exact_cycle(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	/* adds r0,#1; str r0,[r3]; ldr r0,[r4] (DWT CYCCNT); ldr r5,[r3] */
	machine_program(m, 0x3001, 0x6018, 0x6820, 0x681d, 0xe7fe);
	set_reg(m, 1, 0x01000000);
	set_reg(m, 3, PERIPHERAL);
	set_reg(m, 4, PERIPHERAL + 4);
	machine_step(m, 4);
	assert_int_equal(m->write_cycle, 1);
	assert_int_equal(m->write_pc, START + 2);
	assert_int_equal(m->written, 1);
	assert_int_equal(m->read_cycle, 4); /* adds 1, str 1, ldr 2 */
	assert_int_equal(reg(m, 5), 0x12345678);
	machine_free(m);
}

static void request_stop_from_a_callback(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0x6018, 0x3001, 0xe7fe);
	m->stop_on_write = true;
	set_reg(m, 3, PERIPHERAL);
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_REQUEST);
	assert_int_equal(reg(m, 15), START + 2); /* the store is complete, nothing follows */
	assert_int_equal(m->writes, 1);
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_LIMIT);
	assert_int_equal(m->writes, 1);
	machine_free(m);
}

static uint64_t stalls_of_loop(bool prefetch, bool icache, unsigned wait_states, unsigned slice)
{
	struct machine *m = machine_new();
	uint64_t stalls;

	/* 20 nops, subs r0,#1, bne back to the first */
	for (uint32_t i = 0; i < 20; i++)
		machine_put(m->flash, START + 2 * i, (const uint16_t[]){0xbf00}, 1);
	machine_put(m->flash, START + 40, (const uint16_t[]){0x3801, 0xd1e9, 0xe7fe}, 3);
	armv7em_set_flash(m->core, wait_states, prefetch, icache, false);
	set_reg(m, 0, 10);
	while (reg(m, 0))
		armv7em_run(m->core, armv7em_now(m->core) + slice);
	stalls = armv7em_counts(m->core)->flash_fetch_stalls;
	assert_int_equal(armv7em_now(m->core) >= stalls + 220, true);
	machine_free(m);
	return stalls;
}

static void flash_wait_states(void **state)
{
	(void)state;
	/* 21 instructions up to the subs that ends the loop: six 64-bit words */
	assert_int_equal(stalls_of_loop(false, false, 0, 1), 0);
	assert_int_equal(stalls_of_loop(true, true, 0, 1), 0);
	assert_int_equal(stalls_of_loop(false, false, 5, 1), 10 * 6 * 5);
	assert_int_equal(stalls_of_loop(false, true, 5, 1),
			 6 * 5); /* only the first round misses */
	assert_int_equal(stalls_of_loop(true, true, 5, 1),
			 5 + 5 * 2); /* 6 - 4 cycles of four nops */
	assert_int_equal(stalls_of_loop(true, true, 5, 1), stalls_of_loop(true, true, 5, 97));
	assert_int_equal(stalls_of_loop(true, false, 5, 1), stalls_of_loop(true, false, 5, 97));
}

static void code_in_ram_pays_nothing(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_put(m->ram, 0, (const uint16_t[]){0xbf00, 0xbf00, 0xe7fc}, 3);
	armv7em_set_flash(m->core, 5, false, false, false);
	set_reg(m, 15, RAM);
	machine_step(m, 300);
	assert_int_equal(armv7em_counts(m->core)->flash_fetch_stalls, 0);
	assert_int_equal(armv7em_now(m->core), 500);
	machine_free(m);
}

static void data_in_flash(void **state)
{
	struct machine *m = machine_new();
	const struct core_counts *counts = armv7em_counts(m->core);
	uint64_t reads = counts->flash_data_reads; /* the reset's vectors */

	(void)state;
	machine_put(m->ram, 0, (const uint16_t[]){0x6808, 0x680a, 0xe7fc}, 3);
	armv7em_set_flash(m->core, 4, false, false, false);
	set_reg(m, 1, 0x1000);
	set_reg(m, 15, RAM);
	machine_step(m, 2);
	assert_int_equal(counts->flash_data_reads - reads, 2);
	assert_int_equal(counts->flash_stalls, 8);
	armv7em_set_flash(m->core, 4, false, false, true);
	machine_step(m, 3);
	assert_int_equal(counts->flash_data_reads - reads, 4);
	assert_int_equal(counts->flash_stalls, 12); /* the second hits the data cache */
	machine_free(m);
}

static void toggled_bits_sum_the_hamming_distance(void **state)
{
	struct machine *m = machine_new();
	uint64_t before;

	(void)state;
	machine_program(m, 0x6808, 0x680a, 0x684a, 0xe7fe); /* two loads of [r1], one of [r1,#4] */
	machine_poke(m, RAM, 0x0000000f);
	machine_poke(m, RAM + 4, 0x000000f0);
	set_reg(m, 1, RAM);
	before = armv7em_counts(m->core)->toggled_bits;
	machine_step(m, 3);
	assert_int_equal(armv7em_counts(m->core)->toggled_bits - before, 4 + 0 + 8);
	machine_free(m);
}

static void stores_into_code_are_seen(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	/* str r0,[r1]; nop; two nops that become adds r6,#1; b back to the first */
	machine_put(m->ram, 0, (const uint16_t[]){0x6008, 0xbf00, 0xbf00, 0xbf00, 0xe7fa}, 5);
	set_reg(m, 15, RAM + 4);
	machine_step(m, 3); /* decodes the old code */
	assert_int_equal(reg(m, 15), RAM);
	set_reg(m, 0, 0x36013601);
	set_reg(m, 1, RAM + 4);
	machine_step(m, 4);
	assert_int_equal(reg(m, 6), 2);
	machine_free(m);
}

static void fp_needs_cpacr_and_computes(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	/* vmov s1,r1; vmov s2,r2; vdiv.f32 s0,s1,s2; vmov r0,s0; vcmp s1,s2; vmrs */
	machine_program(m, 0xee00, 0x1a90, 0xee01, 0x2a10, 0xee80, 0x0a81, 0xee10, 0x0a10, 0xeef4,
			0x0a41, 0xeef1, 0xfa10, 0xe7fe);
	armv7em_run(m->core, 20);
	assert_int_equal(reg(m, 16) & 0x1ff, 3);
	assert_non_null(strstr(armv7em_fault_text(m->core), "CPACR"));

	armv7em_reset(m->core, 0);
	machine_put(m->flash, START - 2, (const uint16_t[]){0x6018}, 1); /* str r0,[r3] */
	set_reg(m, 15, START - 2);
	set_reg(m, 0, 0x00f00000);
	set_reg(m, 3, 0xe000ed88);
	set_reg(m, 1, 0x3f800000); /* 1 */
	set_reg(m, 2, 0x40400000); /* 3 */
	machine_step(m, 7);
	assert_int_equal(reg(m, 0), 0x3eaaaaab);
	assert_int_equal(reg(m, 16) & FLAGS, FLAG_N); /* 1 < 3 */
	assert_int_equal(armv7em_counts(m->core)->classes[CORE_CLASS_FP], 6);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addressing_forms),
		cmocka_unit_test(lists_and_pairs),
		cmocka_unit_test(push_and_pop_return),
		cmocka_unit_test(neighbouring_loads_pipeline),
		cmocka_unit_test(unaligned_access_and_trap),
		cmocka_unit_test(exclusives),
		cmocka_unit_test(peripherals_see_the_exact_cycle),
		cmocka_unit_test(request_stop_from_a_callback),
		cmocka_unit_test(flash_wait_states),
		cmocka_unit_test(code_in_ram_pays_nothing),
		cmocka_unit_test(data_in_flash),
		cmocka_unit_test(toggled_bits_sum_the_hamming_distance),
		cmocka_unit_test(stores_into_code_are_seen),
		cmocka_unit_test(fp_needs_cpacr_and_computes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
