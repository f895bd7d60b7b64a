/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: misaligned accesses, self-modifying code through either address, changed maps, and the
 * cache in front of flash.
 */
#include "tests/unit/virtual/test_rv32.h"

#define LINE_CYCLES 50u
#define LINE        32u
#define WAY         0x800u /* addresses this far apart share a set */

static void misaligned_accesses_work(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_poke(m, DATA, 0x33221100);
	machine_poke(m, DATA + 4, 0x77665544);
	set_reg(m, A1, DATA);
	assert_int_equal(machine_execute(m, lw(A0, A1, 1)), 2); /* two accesses */
	assert_int_equal(reg(m, A0), 0x44332211);
	assert_int_equal(machine_execute(m, i_type(0x03, 1, A0, A1, 1)), 1); /* in one word */
	assert_int_equal(reg(m, A0), 0x2211);
	assert_int_equal(machine_execute(m, i_type(0x03, 5, A0, A1, 3)), 2);
	assert_int_equal(reg(m, A0), 0x4433);
	set_reg(m, A0, 0xaabbccdd);
	assert_int_equal(machine_execute(m, sw(A0, A1, 3)), 2);
	assert_int_equal(machine_peek(m, DATA), 0xdd221100);
	assert_int_equal(machine_peek(m, DATA + 4), 0x77aabbcc);
	assert_int_equal(rv32_counts(m->core)->exceptions, 0);
	machine_free(m);
}

static void misaligned_store_past_the_end_writes_nothing(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, sw(A0, A1, 0));
	set_reg(m, PC, START);
	set_reg(m, A0, 0x11111111);
	set_reg(m, A1, RAM + MEMORY_BYTES - 2);
	rv32_run(m->core, rv32_now(m->core) + 1);
	assert_int_equal(machine_csr(m, 0x342), 7);
	assert_int_equal(machine_csr(m, 0x343), RAM + MEMORY_BYTES - 2);
	assert_int_equal(machine_peek(m, RAM + MEMORY_BYTES - 4), 0);
	machine_free(m);
}

/* Stores an instruction over one that has run, through `alias` of its address. */
static void overwrite(struct machine *m, uint32_t target, uint32_t alias, uint32_t code,
		      uint32_t funct3)
{
	machine_poke(m, RAM + 0x200, store(funct3, A0, A1, 0));
	set_reg(m, A0, code);
	set_reg(m, A1, alias);
	set_reg(m, PC, RAM + 0x200);
	machine_step(m, 1);
	set_reg(m, PC, target);
}

static void stores_to_code_take_effect(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, addi(A2, ZERO, 1), addi(A3, ZERO, 1), HERE);
	set_reg(m, PC, START);
	machine_step(m, 2);
	overwrite(m, START, START, addi(A2, ZERO, 2), 2);
	machine_step(m, 2);
	assert_int_equal(reg(m, A2), 2);
	assert_int_equal(reg(m, A3), 1);
	overwrite(m, START, RAM_DATA + 0x404, addi(A3, ZERO, 3), 2); /* the other address */
	machine_step(m, 2);
	assert_int_equal(reg(m, A3), 3);
	overwrite(m, START, RAM_DATA + 0x407, 0x00, 0); /* the immediate's upper byte */
	overwrite(m, START, RAM_DATA + 0x406, 0x50, 0); /* and the lower: addi a3,x0,5 */
	machine_step(m, 2);
	assert_int_equal(reg(m, A3), 5);
	machine_free(m);
}

static void store_over_the_next_instruction(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, HERE, HERE, HERE);
	set_reg(m, PC, START + 4);
	machine_step(m, 3); /* decoded */
	machine_poke(m, START, sw(A0, A1, 0));
	set_reg(m, PC, START);
	set_reg(m, A0, addi(A2, ZERO, 9));
	set_reg(m, A1, START + 4);
	rv32_run(m->core, rv32_now(m->core) + 2); /* one go of the loop */
	assert_int_equal(reg(m, A2), 9);
	machine_free(m);
}

/* The +1 of a load belongs to what follows it: a change there changes the time of the load. */
static void hazards_follow_changed_code(void **state)
{
	struct machine *m = machine_new();
	uint64_t before;

	(void)state;
	machine_program(m, lw(A2, A1, 0), addi(A3, A2, 0), HERE);
	set_reg(m, A1, DATA);
	set_reg(m, PC, START);
	machine_step(m, 1);
	overwrite(m, START, START + 4, addi(A3, A4, 0), 2);
	set_reg(m, A1, DATA);
	before = rv32_now(m->core);
	machine_step(m, 2);
	assert_int_equal(rv32_now(m->core) - before, 2);
	machine_free(m);
}

static void flow_across_neighbouring_regions(void **state)
{
	static uint8_t behind[64];
	struct machine *m = machine_new();
	uint32_t end = RAM + MEMORY_BYTES, code = addi(A0, ZERO, 0x123), word;

	(void)state;
	rv32_map(m->core, end, sizeof(behind), behind, RV32_MEMORY_RAM);
	machine_poke(m, end - 4, PAIR(0x0001, code & 0xffff));
	word = PAIR(code >> 16, 0x0001);
	memcpy(behind, &word, 4);
	set_reg(m, PC, end - 4);
	machine_step(m, 3);
	assert_int_equal(reg(m, A0), 0x123);
	assert_int_equal(reg(m, PC), end + 4);
	word = PAIR(addi(A0, ZERO, 0x456) >> 16, 0x0001); /* seen without being told */
	memcpy(behind, &word, 4);
	set_reg(m, PC, end - 4);
	machine_step(m, 2);
	assert_int_equal(reg(m, A0), 0x456);
	machine_free(m);
}

static uint8_t other_page[MEMORY_BYTES];

static void remap_under_the_feet(struct machine *m)
{
	rv32_map(m->core, FLASH, MEMORY_BYTES, other_page, RV32_MEMORY_CACHED);
	rv32_set_interrupt(m->core, 0); /* must not make the loop stay where it is */
}

static void unmap_under_the_feet(struct machine *m)
{
	rv32_unmap(m->core, FLASH);
}

/* A peripheral write changes the map (as the flash MMU does) below the code that writes it. */
static void map_changed_by_the_code_in_it(void **state)
{
	struct machine *m = machine_new();
	uint32_t code[] = {sw(A0, A1, 0), addi(A2, ZERO, 1), HERE};

	(void)state;
	machine_put(m, FLASH, code, 3);
	code[1] = addi(A2, ZERO, 2);
	memcpy(other_page, code, sizeof(code));
	m->on_write = remap_under_the_feet;
	set_reg(m, A1, PERIPHERAL);
	set_reg(m, PC, FLASH);
	rv32_run(m->core, rv32_now(m->core) + 10);
	assert_int_equal(reg(m, A2), 2);
	m->on_write = unmap_under_the_feet;
	set_reg(m, PC, FLASH);
	rv32_run(m->core, rv32_now(m->core) + 10);
	assert_int_equal(reg(m, PC), VECTORS);
	assert_int_equal(machine_csr(m, 0x342), 1);
	assert_int_equal(machine_csr(m, 0x343), FLASH + 4);
	machine_free(m);
}

static void fetches_pay_for_lines_once(void **state)
{
	struct machine *m = machine_new();
	uint64_t before;

	(void)state;
	rv32_set_flash(m->core, LINE_CYCLES);
	for (uint32_t i = 0; i < 16; i++)
		machine_poke(m, FLASH + 4 * i, NOP);
	set_reg(m, PC, FLASH);
	before = rv32_now(m->core);
	machine_step(m, 16);
	assert_int_equal(rv32_now(m->core) - before, 16 + 2 * LINE_CYCLES);
	assert_int_equal(rv32_counts(m->core)->flash_fetch_stalls, 2 * LINE_CYCLES);
	set_reg(m, PC, FLASH);
	machine_step(m, 16);
	assert_int_equal(rv32_counts(m->core)->flash_fetch_stalls, 2 * LINE_CYCLES);
	rv32_cache_invalidate(m->core);
	set_reg(m, PC, FLASH);
	machine_step(m, 16);
	assert_int_equal(rv32_counts(m->core)->flash_fetch_stalls, 4 * LINE_CYCLES);
	machine_free(m);
}

static uint64_t load_stalls(struct machine *m, uint32_t address)
{
	uint64_t before = rv32_counts(m->core)->flash_stalls, cycles;

	set_reg(m, A1, address);
	cycles = machine_execute(m, lw(A0, A1, 0));
	before = rv32_counts(m->core)->flash_stalls - before;
	assert_int_equal(cycles, 1 + before);
	return before;
}

static void loads_share_the_cache(void **state)
{
	struct machine *m = machine_new();
	uint32_t reads;

	(void)state;
	rv32_set_flash(m->core, LINE_CYCLES);
	assert_int_equal(load_stalls(m, FLASH_DATA + 0x40), LINE_CYCLES);
	assert_int_equal(load_stalls(m, FLASH_DATA + 0x40 + LINE - 4), 0);
	assert_int_equal(load_stalls(m, FLASH_DATA + 0x40 + LINE), LINE_CYCLES);
	assert_int_equal(load_stalls(m, FLASH + 0x40), 0); /* the same bytes */
	reads = (uint32_t)rv32_counts(m->core)->flash_data_reads;
	assert_int_equal(reads, 4);
	assert_int_equal(load_stalls(m, DATA), 0);
	assert_int_equal(load_stalls(m, ROM), 0);
	assert_int_equal(rv32_counts(m->core)->flash_data_reads, reads);
	machine_free(m);
}

static void eight_ways_least_recently_used(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	rv32_set_flash(m->core, LINE_CYCLES);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(load_stalls(m, FLASH_DATA + i * WAY), LINE_CYCLES);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(load_stalls(m, FLASH_DATA + i * WAY), 0);
	assert_int_equal(load_stalls(m, FLASH_DATA), 0);
	assert_int_equal(load_stalls(m, FLASH_DATA + 8 * WAY), LINE_CYCLES);
	assert_int_equal(load_stalls(m, FLASH_DATA), 0);
	assert_int_equal(load_stalls(m, FLASH_DATA + WAY), LINE_CYCLES); /* it was the oldest */
	for (uint32_t i = 0; i < 512; i++)
		load_stalls(m, FLASH_DATA + i * LINE);
	for (uint32_t i = 0; i < 512; i++) /* 16 KiB fit */
		assert_int_equal(load_stalls(m, FLASH_DATA + i * LINE), 0);
	machine_free(m);
}

static void waiting_for_the_cache_is_idle(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	rv32_set_flash(m->core, LINE_CYCLES);
	machine_execute(m, csr(5, ZERO, 0x7e0, 16));
	machine_execute(m, csr(5, ZERO, 0x7e2, 0));
	load_stalls(m, FLASH_DATA);
	assert_int_equal(rv32_event_count(m->core), LINE_CYCLES);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(misaligned_accesses_work),
		cmocka_unit_test(misaligned_store_past_the_end_writes_nothing),
		cmocka_unit_test(stores_to_code_take_effect),
		cmocka_unit_test(store_over_the_next_instruction),
		cmocka_unit_test(hazards_follow_changed_code),
		cmocka_unit_test(flow_across_neighbouring_regions),
		cmocka_unit_test(map_changed_by_the_code_in_it),
		cmocka_unit_test(fetches_pay_for_lines_once),
		cmocka_unit_test(loads_share_the_cache),
		cmocka_unit_test(eight_ways_least_recently_used),
		cmocka_unit_test(waiting_for_the_cache_is_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
