/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual STM32L552 as a whole: small Thumb programs in its flash, pins, resets, time and
 * slices, and a bootloader session over its UART pins.
 */
#include <math.h>

#include "tests/unit/virtual/test_l552.h"

#define HCLK_HZ(bench) ((bench)->activity.hclk_hz)

/* PE9 an output; then for ever: high, 100 turns of subs/bne, low, 50 turns. */
static const uint16_t program_marker[] = {
	0x4809, 0x2110, 0x6001, 0x4809, 0xF46F, 0x2100, 0x6001, 0xF44F,
	0x7200, 0xF04F, 0x7300, 0x6182, 0x2464, 0x3C01, 0xD1FD, 0x6183,
	0x2432, 0x3C01, 0xD1FD, 0xE7F6, 0x104C, 0x4002, 0x1000, 0x4202,
};

/* SysTick every 4000 cycles, interrupts masked; for ever: wfi, PE9 high, clear PENDST, PE9 low. */
static const uint16_t program_sleep[] = {
	0x480D, 0x2110, 0x6001, 0x480D, 0xF46F, 0x2100, 0x6001, 0xF44F, 0x7200,
	0xF04F, 0x7300, 0xB672, 0x4E09, 0xF640, 0x779F, 0x6077, 0x60B7, 0x2707,
	0x6037, 0x4D07, 0xF04F, 0x7400, 0xBF30, 0x6182, 0x602C, 0x6183, 0xE7FA,
	0x0000, 0x104C, 0x4002, 0x1000, 0x4202, 0xE010, 0xE000, 0xED04, 0xE000,
};

/* Unlocks flash; PE9 high; NSCR = word at 0x08000200; PE9 low; high; waits for NSBSY to fall;
 * programs a double word at 0x08040000; PE9 low; stands. */
static const uint16_t program_erase[] = {
	0x4811, 0x2110, 0x6001, 0x4811, 0xF46F, 0x2100, 0x6001, 0xF44F, 0x7200, 0xF04F, 0x7300,
	0x4C0E, 0x4D0E, 0x60A5, 0x4D0E, 0x60A5, 0x4E0E, 0x4D0F, 0x682D, 0x6182, 0x62A5, 0x6183,
	0x6182, 0x6A25, 0xF415, 0x3F80, 0xD1FB, 0x2501, 0x62A5, 0x4F0A, 0x6037, 0x4F0A, 0x6077,
	0x6183, 0xE7FE, 0x0000, 0x104C, 0x4002, 0x1000, 0x4202, 0x2000, 0x4002, 0x0123, 0x4567,
	0x89AB, 0xCDEF, 0x0000, 0x0804, 0x0200, 0x0800, 0x3344, 0x1122, 0x7788, 0x5566,
};

/* Without SFTRSTF in RCC_CSR: AIRCR.SYSRESETREQ; with it: PE9 high. */
static const uint16_t program_reset[] = {
	0x480B, 0x6801, 0xF011, 0x5F80, 0xD105, 0x480A, 0x490A, 0xF3BF, 0x8F4F,
	0x6001, 0xE7FE, 0x4809, 0x2110, 0x6001, 0x4808, 0xF46F, 0x2100, 0x6001,
	0xF44F, 0x7200, 0xF04F, 0x7300, 0x6182, 0xE7FE, 0x1094, 0x4002, 0xED0C,
	0xE000, 0x0004, 0x05FA, 0x104C, 0x4002, 0x1000, 0x4202,
};

/* Reads USART3_ISR without its clock. */
static const uint16_t program_gated[] = {
	0xBF00, 0x4801, 0x69C1, 0xE7FE, 0x4800, 0x4000,
};

/* USART3 at 114286 8N1 from 4 MHz; sleeps, and answers each byte with the next one. */
static const uint16_t program_echo[] = {
	0x480E, 0x2104, 0x6001, 0xF44F, 0x2180, 0x60C1, 0x480C, 0xF46F, 0x01A0, 0x6001,
	0xF247, 0x7100, 0x6241, 0x480A, 0x2123, 0x60C1, 0x212D, 0x6001, 0x4A08, 0xF04F,
	0x4300, 0x6013, 0xB672, 0x4D07, 0xBF30, 0x6A41, 0x3101, 0x6281, 0x602B, 0xE7F9,
	0x104C, 0x4002, 0x0800, 0x4202, 0x4800, 0x4000, 0xE104, 0xE000, 0xE284, 0xE000,
};

#define COUNT(program) (sizeof(program) / sizeof((program)[0]))

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
			(double)(edge->cycles - before->cycles) * 1e12 / HCLK_HZ(&bench);

		assert_int_equal(edge->line, 0);
		assert_int_equal(edge->level, i % 2 == 0);
		assert_in_range(edge->cycles - before->cycles, i % 2 ? 250 : 120,
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
	int64_t end_ps;
	size_t before;

	(void)state;
	open_with(&whole, program_marker, COUNT(program_marker));
	open_with(&sliced, program_marker, COUNT(program_marker));
	bench_run(&whole, BENCH_MS);
	end_ps = chip_now_ps(whole.chip);
	before = sliced.edge_count;
	while (chip_now_ps(sliced.chip) < end_ps) {
		int64_t t_ps = chip_now_ps(sliced.chip) + 777777;

		if (t_ps > end_ps)
			t_ps = end_ps;
		chip_run(sliced.chip, t_ps, &sliced.activity);
		assert_true(chip_now_ps(sliced.chip) == t_ps);
		assert_true(sliced.activity.counts.cycles <= 4);
		sum.counts.cycles += sliced.activity.counts.cycles;
		sum.counts.instructions += sliced.activity.counts.instructions;
		sum.active_s += sliced.activity.active_s;
	}
	assert_int_equal(whole.edge_count, sliced.edge_count);
	assert_true(before < sliced.edge_count);
	assert_memory_equal(whole.edges, sliced.edges, whole.edge_count * sizeof(whole.edges[0]));
	assert_int_equal(sum.counts.instructions, whole.activity.counts.instructions);
	assert_in_range(sum.counts.cycles, whole.activity.counts.cycles - 1,
			whole.activity.counts.cycles + 1);
	assert_in_range(sum.counts.cycles, 3970, 4030);
	assert_true(fabs(sum.active_s - 1e-3) < 1e-12);
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

		assert_true(fabs(period_s - 4000 / HCLK_HZ(&bench)) < 1e-11);
	}
	assert_true(fabs(bench.activity.active_s + bench.activity.sleep_s - 10e-3) < 1e-12);
	share = bench.activity.active_s / 10e-3;
	assert_true(share > 0.001 && share < 0.02);
	assert_true(fabs((double)bench.activity.counts.sleep_cycles / HCLK_HZ(&bench) -
			 bench.activity.sleep_s) < 1e-6);
	bench_close(&bench);
}

static void erase_with(struct bench *bench, uint32_t cr)
{
	bench_open(bench, 3);
	memcpy(bench_l552(bench)->flash + 0x200, &cr, 4);
	memset(bench_l552(bench)->flash + (cr & 1u << 11 ? 0x40000 : 100 * 0x800), 0, 0x800);
	bench_start(bench, program_erase, COUNT(program_erase));
	bench_run(bench, 50 * BENCH_MS);
	bench_assert_no_fault(bench);
}

static double edge_gap_ms(const struct bench *bench, size_t index)
{
	assert_true(index < bench->edge_count);
	return (double)(bench->edges[index].t_ps - bench->edges[index - 1].t_ps) / (double)BENCH_MS;
}

/* Code in bank 1 goes on while bank 2 is erased and programmed. */
static void test_erase_other_bank(void **state)
{
	struct bench bench;

	(void)state;
	erase_with(&bench, 2 | 1u << 11 | 1u << 16);
	assert_true(edge_gap_ms(&bench, 1) < 0.01);
	assert_int_equal(bench_l552(&bench)->flash[0x40008], 0xFF);
	assert_memory_equal(bench_l552(&bench)->flash + 0x40000, "\x44\x33\x22\x11\x88\x77\x66\x55",
			    8);
	bench_close(&bench);
}

/* Code in bank 1 stands still while its own bank is erased. */
static void test_erase_own_bank(void **state)
{
	struct bench bench;
	double gap_ms;

	(void)state;
	erase_with(&bench, 2 | 100u << 3 | 1u << 16);
	gap_ms = edge_gap_ms(&bench, 1);
	assert_true(gap_ms > 21.9 && gap_ms < 22.1);
	assert_int_equal(bench_l552(&bench)->flash[100 * 0x800], 0xFF);
	bench_close(&bench);
}

static void test_software_reset(void **state)
{
	struct bench bench;

	(void)state;
	open_with(&bench, program_reset, COUNT(program_reset));
	assert_int_equal(bench.edge_count, 1);
	assert_true(bench.edges[0].level);
	assert_int_equal(bench_peek(&bench, L552_RCC_BASE + 0x94) >> 24, 0x1C);
	bench_close(&bench);
}

static void test_pin_reset_and_power(void **state)
{
	struct bench bench;

	(void)state;
	open_with(&bench, program_marker, COUNT(program_marker));
	chip_set_nrst(bench.chip, false);
	bench.edge_count = 0;
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.edge_count, 0);
	assert_true(bench.activity.in_reset && bench.activity.powered);
	assert_true(bench.activity.active_s == 0);
	chip_set_nrst(bench.chip, true);
	bench_run(&bench, BENCH_MS);
	assert_true(bench.edge_count > 4);
	chip_set_supply(bench.chip, 1.2);
	bench.edge_count = 0;
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.edge_count, 0);
	assert_false(bench.activity.powered);
	chip_set_supply(bench.chip, 3.3);
	bench_run(&bench, BENCH_MS);
	assert_true(bench.edge_count > 4);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

static void test_faults_stop_until_reset(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 3);
	memcpy(bench_l552(&bench)->flash, (uint32_t[]){0x20040000}, 4);
	chip_set_supply(bench.chip, 3.0);
	bench_run(&bench, BENCH_MS);
	bench_assert_fault(&bench, "no program at 0x08000000: the reset vector is erased");
	assert_true(bench.activity.sleep_s > 0.5e-3);
	chip_set_supply(bench.chip, 0);
	assert_string_equal(chip_fault(bench.chip), "");
	bench_close(&bench);

	bench_open(&bench, 3);
	memcpy(bench_l552(&bench)->flash, (uint32_t[]){0x20040000, 0x08000009}, 8);
	memcpy(bench_l552(&bench)->flash + 8, program_gated, sizeof(program_gated));
	chip_set_supply(bench.chip, 3.0);
	bench_run(&bench, BENCH_MS);
	bench_assert_fault(&bench, "access to USART3 (0x4000481c) while its clock is off "
				   "(pc 0x0800000c)");
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.activity.counts.cycles, 0);
	bench_close(&bench);
}

static void test_echo_by_interrupt(void **state)
{
	const struct chip_uart_format format = {114286, CHIP_PARITY_NONE};
	struct bench bench;
	int64_t start_ps;

	(void)state;
	open_with(&bench, program_echo, COUNT(program_echo));
	start_ps = chip_now_ps(bench.chip);
	for (uint8_t i = 0; i < 5; i++) {
		chip_uart_rx(bench.chip, (uint8_t)('a' + i), &format);
		bench_run(&bench, 100 * BENCH_US);
	}
	bench_assert_no_fault(&bench);
	assert_int_equal(bench.byte_count, 5);
	for (uint8_t i = 0; i < 5; i++)
		assert_int_equal(bench.bytes[i].byte, 'b' + i);
	/* a byte takes 86.8 us, waking up and the few instructions a few us */
	assert_in_range(bench.bytes[0].t_ps - start_ps, 86 * BENCH_US, 95 * BENCH_US);
	assert_true(bench.activity.sleep_s > bench.activity.active_s);
	bench_close(&bench);
}

/* A WRITE of up to 256 bytes at the start of flash. */
static void write_image(struct bench *bench, const uint8_t *bytes, size_t count)
{
	uint8_t frame[258] = {(uint8_t)(count - 1)};

	loader_exchange(bench, "\x31\xCE", 2, "\x79", 1);
	loader_exchange(bench, "\x08\x00\x00\x00\x08", 5, "\x79", 1);
	memcpy(frame + 1, bytes, count);
	for (size_t i = 0; i <= count; i++)
		frame[count + 1] ^= frame[i];
	loader_exchange(bench, frame, count + 2, "\x79", 1);
}

static void test_rom_session(void **state)
{
	const uint32_t vectors[2] = {0x20040000, 0x08000009};
	uint8_t image[64] = {0}, answer[9] = {0x79, 'V', 'I', 'R', 'T', 'U', 'A', 'L'};
	struct bench bench;

	(void)state;
	memcpy(image, vectors, 8);
	memcpy(image + 8, program_marker, sizeof(program_marker));
	open_with(&bench, (const uint16_t[]){0xE7FE}, 1);
	memset(bench_l552(&bench)->flash + 0x400, 0, 8); /* page 0 is to be erased */
	chip_set_boot0(bench.chip, true);
	chip_set_nrst(bench.chip, false);
	bench_run(&bench, 2 * BENCH_MS);
	chip_set_nrst(bench.chip, true);
	bench_run(&bench, 10 * BENCH_MS);
	chip_set_boot0(bench.chip, false);
	loader_exchange(&bench, "\x7F", 1, "\x79", 1);
	assert_true(bench.activity.pll_on && bench.activity.active_s > 0.059);
	loader_exchange(&bench, "\x02\xFD", 2, "\x79\x01\x04\x72\x79", 5);
	loader_exchange(&bench, "\x11\xEE", 2, "\x79", 1);
	loader_exchange(&bench, "\x0B\xFA\x05\x90\x64", 5, "\x79", 1);
	loader_exchange(&bench, "\x06\xF9", 2, answer, 8);
	loader_exchange(&bench, "\x44\xBB", 2, "\x79", 1);
	loader_exchange(&bench, "\x00\x00\x00\x00\x00", 5, "\x79", 1);
	assert_int_equal(bench_l552(&bench)->flash[0x400], 0xFF);
	write_image(&bench, image, sizeof(image));
	assert_memory_equal(bench_l552(&bench)->flash, image, sizeof(image));
	bench.edge_count = 0;
	loader_exchange(&bench, "\x21\xDE", 2, "\x79", 1);
	bench.byte_count = 0;
	loader_put(&bench, "\x08\x00\x00\x00\x08", 5);
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 1);
	assert_true(bench.edge_count > 4);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

/* Bank 2 as a whole; a double word that is not erased is refused, without a fault; the loader's own
 * SRAM is not the host's. */
static void test_rom_erase_and_refusals(void **state)
{
	struct bench bench;
	uint8_t *flash;

	(void)state;
	bench_open(&bench, 3);
	flash = bench_l552(&bench)->flash;
	memset(flash, 0, L552_FLASH_BYTES);
	chip_set_boot0(bench.chip, true);
	chip_set_supply(bench.chip, 3.0);
	bench_run(&bench, 10 * BENCH_MS);
	loader_exchange(&bench, "\x7F", 1, "\x79", 1);
	loader_exchange(&bench, "\x44\xBB", 2, "\x79", 1);
	loader_exchange(&bench, "\xFF\xFD\x02", 3, "\x79", 1);
	assert_int_equal(flash[0x3FFFF], 0);
	assert_int_equal(flash[0x40000], 0xFF);
	assert_int_equal(flash[0x7FFFF], 0xFF);
	loader_exchange(&bench, "\x44\xBB", 2, "\x79", 1);
	loader_exchange(&bench, "\x00\x00\x01\x00\x01", 5, "\x1F", 1); /* page 256 */
	loader_exchange(&bench, "\x31\xCE", 2, "\x79", 1);
	loader_exchange(&bench, "\x08\x00\x00\x00\x08", 5, "\x79", 1);
	loader_exchange(&bench, "\x07\x01\x01\x01\x01\x01\x01\x01\x01\x07", 10, "\x1F", 1);
	assert_int_equal(flash[0], 0);
	loader_exchange(&bench, "\x31\xCE", 2, "\x79", 1);
	loader_exchange(&bench, "\x20\x00\x00\x00\x20", 5, "\x1F", 1);
	loader_exchange(&bench, "\x31\xCE", 2, "\x79", 1);
	loader_exchange(&bench, "\x20\x03\xFF\xFC\x20", 5, "\x79", 1);
	loader_exchange(&bench, "\x03\x12\x34\x56\x78\x0B", 6, "\x79", 1);
	assert_memory_equal(bench_l552(&bench)->sram + 0x3FFFC, "\x12\x34\x56\x78", 4);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

/* Same seed, same everything. */
static void test_determinism(void **state)
{
	struct bench a, b;

	(void)state;
	open_with(&a, program_marker, COUNT(program_marker));
	open_with(&b, program_marker, COUNT(program_marker));
	assert_memory_equal(a.edges, b.edges, sizeof(a.edges));
	assert_memory_equal(bench_l552(&a)->sram, bench_l552(&b)->sram, L552_SRAM_BYTES);
	assert_string_equal(chip_uid_text(a.chip), chip_uid_text(b.chip));
	bench_close(&a);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marker_times),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_sleep_wakes_by_systick),
		cmocka_unit_test(test_erase_other_bank),
		cmocka_unit_test(test_erase_own_bank),
		cmocka_unit_test(test_software_reset),
		cmocka_unit_test(test_pin_reset_and_power),
		cmocka_unit_test(test_faults_stop_until_reset),
		cmocka_unit_test(test_echo_by_interrupt),
		cmocka_unit_test(test_rom_session),
		cmocka_unit_test(test_rom_erase_and_refusals),
		cmocka_unit_test(test_determinism),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
