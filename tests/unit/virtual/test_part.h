/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A virtual STM32 as a whole: small Thumb programs in its flash, pins, resets, time and slices. The
 * including test defines
 *   program_marker  PE9 an output; then for ever: high, 100 turns of subs/bne, low, 50 turns, the
 *                   first taking MARKER_CYCLES_LEAST at least;
 *   program_sleep   SysTick every SYSTICK_CYCLES, exact within SYSTICK_ERROR_S, interrupts masked;
 *                   for ever: wfi, PE9 high, clear PENDST, PE9 low; awake for a share of
 *                   AWAKE_LEAST to AWAKE_MOST;
 *   program_reset   without SFTRSTF in RCC_CSR: AIRCR.SYSRESETREQ; with it: PE9 high;
 *   program_gated   reads GATED, "name (address)" of a register without its clock, at 0x0800000c;
 * and of the part: RESET_HZ, nominal; SLICED_PS for a run in slices of 777777 ps, each of
 * SLICE_CYCLES_MOST; CSR (of RCC), CSR_RMVF, FLAGS_SOFTWARE and FLAGS_POWER, its top byte after
 * such a reset; BOOT_ADDRESS, a string.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_PART_H
#define TESTS_UNIT_VIRTUAL_TEST_PART_H

#include <math.h>

static void open_with(struct bench *bench, const uint16_t *program, size_t count)
{
	bench_open(bench, 3);
	bench_start(bench, program, count);
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
			(double)(edge->cycles - before->cycles) * 1e12 / bench.activity.hclk_hz;

		assert_int_equal(edge->line, 0);
		assert_int_equal(edge->level, i % 2 == 0);
		assert_in_range(edge->cycles - before->cycles,
				i % 2 ? MARKER_CYCLES_LEAST : MARKER_CYCLES_LEAST / 2,
				i % 2 ? 420 : 230);
		assert_true(fabs((double)(edge->t_ps - before->t_ps) - expected_ps) < 3);
	}
	bench_close(&bench);
}

/* The same run in slices of an odd length: same edges, and the slices add up. */
static void test_slices(void **state)
{
	struct bench whole, sliced;
	struct chip_activity sum = {0};
	double sliced_s = (double)SLICED_PS / 1e12;
	int64_t end_ps;

	(void)state;
	open_with(&whole, program_marker, COUNT(program_marker));
	open_with(&sliced, program_marker, COUNT(program_marker));
	whole.edge_count = sliced.edge_count = 0;
	bench_run(&whole, SLICED_PS);
	end_ps = chip_now_ps(whole.chip);
	while (chip_now_ps(sliced.chip) < end_ps) {
		int64_t t_ps = chip_now_ps(sliced.chip) + 777777;

		if (t_ps > end_ps)
			t_ps = end_ps;
		chip_run(sliced.chip, t_ps, &sliced.activity);
		assert_true(chip_now_ps(sliced.chip) == t_ps);
		assert_true(sliced.activity.counts.cycles <= SLICE_CYCLES_MOST);
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
	assert_true(fabs((double)sum.counts.cycles / (sliced_s * RESET_HZ) - 1) < 0.0063);
	assert_true(fabs(sum.active_s - sliced_s) < 1e-12);
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

		assert_true(fabs(period_s - SYSTICK_CYCLES / bench.activity.hclk_hz) <
			    SYSTICK_ERROR_S);
	}
	assert_true(fabs(bench.activity.active_s + bench.activity.sleep_s - 10e-3) < 1e-12);
	share = bench.activity.active_s / 10e-3;
	assert_true(share > AWAKE_LEAST && share < AWAKE_MOST);
	assert_true(fabs((double)bench.activity.counts.sleep_cycles / bench.activity.hclk_hz -
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
	assert_int_equal(bench_peek(&bench, CSR) >> 24, FLAGS_SOFTWARE);
	bench_close(&bench);
}

static void test_pin_reset_and_power(void **state)
{
	struct bench bench;

	(void)state;
	open_with(&bench, program_marker, COUNT(program_marker));
	bench_poke(&bench, CSR, CSR_RMVF);
	chip_set_nrst(bench.chip, false);
	bench.edge_count = 0;
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.edge_count, 0);
	assert_true(bench.activity.in_reset && bench.activity.powered);
	assert_true(bench.activity.active_s == 0);
	chip_set_nrst(bench.chip, true);
	bench_run(&bench, BENCH_MS);
	assert_true(bench.edge_count > 4);
	assert_int_equal(bench_peek(&bench, CSR) >> 24, 0x04); /* PINRSTF alone */
	chip_set_supply(bench.chip, 1.2);
	bench.edge_count = 0;
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.edge_count, 0);
	assert_false(bench.activity.powered);
	chip_set_supply(bench.chip, 3.3);
	bench_run(&bench, bench.part->start_ps);
	assert_true(bench.edge_count > 4);
	assert_int_equal(bench_peek(&bench, CSR) >> 24, FLAGS_POWER);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_faults_stop_until_reset(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 3);
	memset(bench_chip(&bench)->flash, 0, 4); /* not empty, but without a reset vector */
	chip_set_supply(bench.chip, bench.part->supply_v);
	bench_run(&bench, bench.part->start_ps + BENCH_MS);
	bench_assert_fault(&bench, "no program at " BOOT_ADDRESS ": the reset vector is erased");
	assert_true(bench.activity.sleep_s > 0.5e-3);
	chip_set_supply(bench.chip, 0);
	assert_string_equal(chip_fault(bench.chip), "");
	bench_close(&bench);

	bench_open(&bench, 3);
	bench_load(&bench, 0x08000008, program_gated, sizeof(program_gated));
	chip_set_supply(bench.chip, bench.part->supply_v);
	bench_run(&bench, bench.part->start_ps);
	bench_assert_fault(&bench, "access to " GATED " while its clock is off (pc 0x0800000c)");
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.activity.counts.cycles, 0);
	bench_close(&bench);
}

/* Same seed, same everything; and the RAMs are noise at power-on. */
static void test_determinism(void **state)
{
	struct bench a, b;
	uint32_t sram_bytes, zeroes = 0;

	(void)state;
	open_with(&a, program_marker, COUNT(program_marker));
	open_with(&b, program_marker, COUNT(program_marker));
	sram_bytes = bench_chip(&a)->part->sram_bytes;
	assert_memory_equal(a.edges, b.edges, sizeof(a.edges));
	assert_memory_equal(bench_chip(&a)->sram, bench_chip(&b)->sram, sram_bytes);
	assert_string_equal(chip_uid_text(a.chip), chip_uid_text(b.chip));
	for (uint32_t i = 0; i < sram_bytes; i++)
		zeroes += bench_chip(&a)->sram[i] == 0;
	assert_in_range(zeroes, sram_bytes / 350, sram_bytes / 202);
	bench_close(&a);
	bench_close(&b);
}

#endif
