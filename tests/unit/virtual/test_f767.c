/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual STM32F767 as a whole: small Thumb programs and scripts in its flash, pins, resets,
 * time and slices.
 */
#include <math.h>

#include "tests/unit/virtual/test_f767_bench.h"

#define HCLK_HZ(bench) ((bench)->activity.hclk_hz)
#define ODEN           (1u << 16)
#define ODSWEN         (1u << 17)
#define PLLON          (1u << 24)

/* PE9 an output; then for ever: high, 100 turns of subs/bne, low, 50 turns. */
static const uint16_t program_marker[] = {
	0x4809, 0x2110, 0x6001, 0x4809, 0xF44F, 0x2180, 0x6001, 0xF44F,
	0x7200, 0xF04F, 0x7300, 0x6182, 0x2464, 0x3C01, 0xD1FD, 0x6183,
	0x2432, 0x3C01, 0xD1FD, 0xE7F6, 0x3830, 0x4002, 0x1000, 0x4002,
};

/* SysTick every 16000 cycles, interrupts masked; for ever: wfi, PE9 high, clear PENDST, PE9 low. */
static const uint16_t program_sleep[] = {
	0x480D, 0x2110, 0x6001, 0x480D, 0xF44F, 0x2180, 0x6001, 0xF44F, 0x7200,
	0xF04F, 0x7300, 0xB672, 0x4E09, 0xF643, 0x677F, 0x6077, 0x60B7, 0x2707,
	0x6037, 0x4D07, 0xF04F, 0x7400, 0xBF30, 0x6182, 0x602C, 0x6183, 0xE7FA,
	0x0000, 0x3830, 0x4002, 0x1000, 0x4002, 0xE010, 0xE000, 0xED04, 0xE000,
};

/* Without SFTRSTF in RCC_CSR: AIRCR.SYSRESETREQ; with it: PE9 high. */
static const uint16_t program_reset[] = {
	0x480A, 0x6801, 0xF011, 0x5F80, 0xD105, 0x4809, 0x4909, 0xF3BF, 0x8F4F, 0x6001, 0xE7FE,
	0x4808, 0x2110, 0x6001, 0x4807, 0xF44F, 0x2180, 0x6001, 0xF44F, 0x7200, 0x6182, 0xE7FE,
	0x3874, 0x4002, 0xED0C, 0xE000, 0x0004, 0x05FA, 0x3830, 0x4002, 0x1000, 0x4002,
};

/* From reset to 216 MHz as RM0410 section 4.1.4 orders it, with the ST-LINK's 8 MHz; PE9 goes high
 * when the PLL is the system clock; then a byte over USART3 at 115200 8E1 from 54 MHz. */
static const struct bench_step script_216_mhz[] = {
	{0x40023840, 0, 1u << 28 | 1u << 18}, /* PWR, USART3 */
	{0x40023830, 0, 0x00100012},
	{0x40021000, 0, 0x40000},
	{0x40023800, 0, 1u << 18 | 0x81},
	{0x40023800, 0, 1u << 16 | 1u << 18 | 0x81},
	{0x40023800, 1u << 17, 1u << 17},
	{0x40023804, 0, 4 | 216u << 6 | 1u << 22 | 9u << 24 | 2u << 28},
	{0x40023800, 0, PLLON | 1u << 16 | 1u << 18 | 0x81},
	{0x40007000, 0, 0xC000 | ODEN},
	{0x40007004, ODEN, ODEN},
	{0x40007000, 0, 0xC000 | ODEN | ODSWEN},
	{0x40007004, ODSWEN, ODSWEN},
	{0x40023C00, 0, 0x307},
	{0x40023C00, 15, 7},
	{0x40023808, 0, 5u << 10 | 4u << 13},
	{0x40023800, 1u << 25, 1u << 25},
	{0x40023808, 0, 5u << 10 | 4u << 13 | 2},
	{0x40023808, 12, 8},
	{0x40021018, 0, 0x200},
	{0x40020400, 0, 0xA00280},
	{0x40020424, 0, 0x7700},
	{0x4000480C, 0, 54000000 / 115200},
	{0x40004800, 0, 0x1409},
	{0x40004828, 0, 0xC3},
	{0x4000481C, 1u << 6, 1u << 6},
	{0x40021018, 0, 0x2000000},
};

static void open_with(struct bench *bench, const uint16_t *program, size_t count)
{
	bench_open(bench, 3);
	bench_start(bench, program, count);
}

static void test_part(void **state)
{
	(void)state;
	assert_int_equal(chip_flash_bytes("stm32f767"), 2u << 20);
}

/* Time and cycles of the edges are one clock. */
static void test_marker_times(void **state)
{
	struct bench bench;

	(void)state;
	open_with(&bench, program_marker, COUNT(program_marker));
	assert_true(bench.edge_count > 8);
	for (size_t i = 1; i < bench.edge_count; i++) {
		const struct bench_edge *edge = &bench.edges[i], *before = edge - 1;
		double expected_ps =
			(double)(edge->cycles - before->cycles) * 1e12 / HCLK_HZ(&bench);

		assert_int_equal(edge->line, 0);
		assert_int_equal(edge->level, i % 2 == 0);
		assert_in_range(edge->cycles - before->cycles, i % 2 ? 90 : 45, i % 2 ? 420 : 230);
		assert_true(fabs((double)(edge->t_ps - before->t_ps) - expected_ps) < 3);
	}
	bench_close(&bench);
}

static void test_boots_over_itcm(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	/* VTOR is the boot address; the program counter is where the vector points */
	assert_in_range(armv7em_pc(bench_chip(&bench)->base.core), 0x08000008, 0x0800000A);
	bench_close(&bench);
}

/* Reads SCB_VTOR (0xE000ED08) and waits for it to be the ITCM side of flash. */
static void test_vtor_is_boot_address(void **state)
{
	static const struct bench_step steps[] = {
		{0x40023830, 0, 0x10},
		{0x40021000, 0, 0x40000},
		{0xE000ED08, 0xFFFFFFFF, 0x00200000},
		{0x40021018, 0, 0x200},
	};
	struct bench bench;

	(void)state;
	bench_open(&bench, 3);
	bench_load_script(&bench, steps, COUNT(steps));
	bench_power(&bench);
	assert_int_equal(bench.edge_count, 1);
	bench_close(&bench);
}

static void test_to_216_mhz_and_speak(void **state)
{
	struct bench bench;
	double byte_us;

	(void)state;
	bench_open(&bench, 3);
	bench_load_script(&bench, script_216_mhz, COUNT(script_216_mhz));
	bench_power(&bench);
	bench_assert_no_fault(&bench);
	assert_int_equal(bench.edge_count, 2);
	assert_true(fabs(HCLK_HZ(&bench) / 216e6 - 1) < 51e-6);
	assert_int_equal(bench.byte_count, 1);
	assert_int_equal(bench.bytes[0].byte, 0xC3);
	assert_int_equal(bench.bytes[0].format.parity, CHIP_PARITY_EVEN);
	assert_in_range(bench.bytes[0].format.baud, 115200 * 0.998, 115200 * 1.002);
	byte_us = (double)(bench.edges[1].t_ps - bench.edges[0].t_ps) / (double)BENCH_US;
	assert_true(byte_us > 95.4 && byte_us < 98); /* eleven bits, and the way there */
	assert_true(fabs((double)(bench.edges[1].cycles - bench.edges[0].cycles) -
			 byte_us * HCLK_HZ(&bench) / 1e6) < 1);
	bench_close(&bench);
}

/* The same run in slices of an odd length: same edges, and the slices add up. */
static void test_slices(void **state)
{
	struct bench whole, sliced;
	struct chip_activity sum = {0};
	int64_t end_ps;

	(void)state;
	open_with(&whole, program_marker, COUNT(program_marker));
	open_with(&sliced, program_marker, COUNT(program_marker));
	whole.edge_count = sliced.edge_count = 0;
	bench_run(&whole, BENCH_MS / 2);
	end_ps = chip_now_ps(whole.chip);
	while (chip_now_ps(sliced.chip) < end_ps) {
		int64_t t_ps = chip_now_ps(sliced.chip) + 777777;

		if (t_ps > end_ps)
			t_ps = end_ps;
		chip_run(sliced.chip, t_ps, &sliced.activity);
		assert_true(chip_now_ps(sliced.chip) == t_ps);
		assert_true(sliced.activity.counts.cycles <= 14);
		sum.counts.cycles += sliced.activity.counts.cycles;
		sum.counts.instructions += sliced.activity.counts.instructions;
		sum.active_s += sliced.activity.active_s;
	}
	assert_true(whole.edge_count > 8);
	assert_int_equal(whole.edge_count, sliced.edge_count);
	assert_memory_equal(whole.edges, sliced.edges, whole.edge_count * sizeof(whole.edges[0]));
	assert_int_equal(sum.counts.instructions, whole.activity.counts.instructions);
	assert_in_range(sum.counts.cycles, whole.activity.counts.cycles - 1,
			whole.activity.counts.cycles + 1);
	assert_in_range(sum.counts.cycles, 7950, 8050);
	assert_true(fabs(sum.active_s - 0.5e-3) < 1e-12);
	bench_close(&whole);
	bench_close(&sliced);
}

static void test_sleep_wakes_by_systick(void **state)
{
	struct bench bench;
	double share;

	(void)state;
	open_with(&bench, program_sleep, COUNT(program_sleep));
	bench.edge_count = 0;
	bench_run(&bench, 10 * BENCH_MS);
	assert_in_range(bench.edge_count, 18, 20);
	for (size_t i = 2; i < bench.edge_count; i++) {
		double period_s = (double)(bench.edges[i].t_ps - bench.edges[i - 2].t_ps) / 1e12;

		assert_true(fabs(period_s - 16000 / HCLK_HZ(&bench)) < 1e-9);
	}
	assert_true(fabs(bench.activity.active_s + bench.activity.sleep_s - 10e-3) < 1e-12);
	share = bench.activity.active_s / 10e-3;
	assert_true(share > 0.0001 && share < 0.01);
	assert_true(fabs((double)bench.activity.counts.sleep_cycles / HCLK_HZ(&bench) -
			 bench.activity.sleep_s) < 1e-6);
	bench_close(&bench);
}

static void test_software_reset(void **state)
{
	struct bench bench;

	(void)state;
	open_with(&bench, program_reset, COUNT(program_reset));
	assert_int_equal(bench.edge_count, 1);
	assert_true(bench.edges[0].level);
	assert_int_equal(bench_peek(&bench, 0x40023874) >> 24, 0x1E);
	bench_close(&bench);
}

static void test_pin_reset_and_power(void **state)
{
	struct bench bench;

	(void)state;
	open_with(&bench, program_marker, COUNT(program_marker));
	bench_poke(&bench, 0x40023874, 1u << 24);
	chip_set_nrst(bench.chip, false);
	bench.edge_count = 0;
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.edge_count, 0);
	assert_true(bench.activity.in_reset && bench.activity.powered);
	assert_true(bench.activity.active_s == 0);
	chip_set_nrst(bench.chip, true);
	bench_run(&bench, BENCH_MS);
	assert_true(bench.edge_count > 4);
	assert_int_equal(bench_peek(&bench, 0x40023874) >> 24, 0x04); /* PINRSTF alone */
	chip_set_supply(bench.chip, 1.2);
	bench.edge_count = 0;
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.edge_count, 0);
	assert_false(bench.activity.powered);
	chip_set_supply(bench.chip, 3.3);
	bench_run(&bench, 2 * BENCH_MS);
	assert_true(bench.edge_count > 4);
	assert_int_equal(bench_peek(&bench, 0x40023874) >> 24, 0x0E);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_faults_stop_until_reset(void **state)
{
	static const struct bench_step gated[] = {{0x4000481C, 1, 1}};
	struct bench bench;

	(void)state;
	bench_open(&bench, 3);
	chip_set_supply(bench.chip, 3.3);
	bench_run(&bench, 3 * BENCH_MS);
	bench_assert_fault(&bench, "no program at 0x00200000: the reset vector is erased");
	assert_true(bench.activity.sleep_s > 0.5e-3);
	chip_set_supply(bench.chip, 0);
	assert_string_equal(chip_fault(bench.chip), "");
	bench_close(&bench);

	bench_open(&bench, 3);
	bench_load_script(&bench, gated, COUNT(gated));
	chip_set_supply(bench.chip, 3.3);
	bench_run(&bench, 3 * BENCH_MS);
	bench_assert_fault(&bench, "access to USART3 (0x4000481c) while its clock is off "
				   "(pc 0x08000014)");
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.activity.counts.cycles, 0);
	bench_close(&bench);
}

/* Writes all of DTCM, SRAM1, SRAM2 and ITCM at their ends, and one beyond. */
static void test_memory_map(void **state)
{
	static const uint32_t ends[] = {0x00000000, 0x00003FFC, 0x20000000, 0x2001FFFC,
					0x20020000, 0x2007BFFC, 0x2007C000, 0x2007FFFC};
	struct bench_step steps[2 * COUNT(ends) + 4] = {{0x40023830, 0, 0x10},
							{0x40021000, 0, 0x40000}};
	struct bench bench;

	(void)state;
	for (size_t i = 1; i < COUNT(ends); i++) { /* address 0 would end the script */
		steps[2 * i] = (struct bench_step){ends[i], 0, (uint32_t)(0x1000 + i)};
		steps[2 * i + 1] = (struct bench_step){ends[i], ~0u, (uint32_t)(0x1000 + i)};
	}
	steps[2 * COUNT(ends)] = (struct bench_step){0x40021018, 0, 0x200};
	steps[2 * COUNT(ends) + 1] = (struct bench_step){0x20080000, 0, 1};
	bench_open(&bench, 3);
	bench_load_script(&bench, steps, COUNT(steps));
	chip_set_supply(bench.chip, 3.3);
	bench_run(&bench, 3 * BENCH_MS);
	assert_int_equal(bench.edge_count, 1);
	bench_assert_fault(&bench, "access to unmodelled register 0x20080000");
	bench_close(&bench);
}

/* Same seed, same everything; and the RAMs are noise at power-on. */
static void test_determinism(void **state)
{
	struct bench a, b;
	unsigned zeroes = 0;

	(void)state;
	open_with(&a, program_marker, COUNT(program_marker));
	open_with(&b, program_marker, COUNT(program_marker));
	assert_memory_equal(a.edges, b.edges, sizeof(a.edges));
	assert_memory_equal(bench_chip(&a)->sram, bench_chip(&b)->sram, F767_SRAM_BYTES);
	assert_string_equal(chip_uid_text(a.chip), chip_uid_text(b.chip));
	for (size_t i = 0; i < F767_SRAM_BYTES; i++)
		zeroes += bench_chip(&a)->sram[i] == 0;
	assert_in_range(zeroes, 1500, 2600);
	bench_close(&a);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_marker_times),
		cmocka_unit_test(test_boots_over_itcm),
		cmocka_unit_test(test_vtor_is_boot_address),
		cmocka_unit_test(test_to_216_mhz_and_speak),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_sleep_wakes_by_systick),
		cmocka_unit_test(test_software_reset),
		cmocka_unit_test(test_pin_reset_and_power),
		cmocka_unit_test(test_faults_stop_until_reset),
		cmocka_unit_test(test_memory_map),
		cmocka_unit_test(test_determinism),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
