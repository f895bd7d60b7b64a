/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_part.h for a virtual STM32L4+ or L5, and its two banks of flash, an echo by interrupt and a
 * session of the loader in ROM. The including test defines besides
 *   program_erase  unlocks flash; PE9 high; flash's CR = word at 0x08000200; PE9 low; then, in
 *                  whichever order, PE9 high and waiting for BSY to fall; programs a double word at
 *                  the start of bank 2; PE9 low; stands;
 *   program_echo   the UART at ECHO_BAUD 8N1 from 4 MHz; sleeps, and answers each byte with the
 * next; BANK_BYTES, PAGE_BYTES and OWN_PAGE, a page of bank 1; ROM_ID, the low byte of the loader's
 * product id, and ROM_UID, the address of the unique id with its checksum, as strings.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_PART_L4L5_H
#define TESTS_UNIT_VIRTUAL_TEST_PART_L4L5_H

#define PER                 (1u << 1)
#define BKER                (1u << 11)
#define STRT                (1u << 16)
#define RESET_HZ            4e6
#define SLICED_PS           BENCH_MS
#define SLICE_CYCLES_MOST   4
#define MARKER_CYCLES_LEAST 250
#define SYSTICK_CYCLES      4000
#define SYSTICK_ERROR_S     1e-11
#define AWAKE_LEAST         0.001
#define AWAKE_MOST          0.02
#define CSR                 (L4L5_RCC_BASE + 0x94)
#define CSR_RMVF            (1u << 23)
#define FLAGS_SOFTWARE      0x1C
#define FLAGS_POWER         0x0C

#include "tests/unit/virtual/chip_loader.h"
#include "tests/unit/virtual/test_part.h"

static void erase_with(struct bench *bench, uint32_t cr)
{
	uint8_t *flash;

	bench_open(bench, 3);
	flash = bench_chip(bench)->flash;
	memcpy(flash + 0x200, &cr, 4);
	memset(flash + (cr & BKER ? BANK_BYTES : OWN_PAGE * PAGE_BYTES), 0, PAGE_BYTES);
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
	const uint8_t *page;

	(void)state;
	erase_with(&bench, PER | BKER | STRT);
	assert_true(edge_gap_ms(&bench, 1) < 0.01);
	page = bench_chip(&bench)->flash + BANK_BYTES;
	assert_int_equal(page[8], 0xFF);
	assert_memory_equal(page, "\x44\x33\x22\x11\x88\x77\x66\x55", 8);
	bench_close(&bench);
}

/* Code in bank 1 stands still while its own bank is erased. */
static void test_erase_own_bank(void **state)
{
	struct bench bench;
	double gap_ms;

	(void)state;
	erase_with(&bench, PER | OWN_PAGE << 3 | STRT);
	gap_ms = edge_gap_ms(&bench, 1);
	assert_true(gap_ms > 21.9 && gap_ms < 22.1);
	assert_int_equal(bench_chip(&bench)->flash[OWN_PAGE * PAGE_BYTES], 0xFF);
	bench_close(&bench);
}

static void test_echo_by_interrupt(void **state)
{
	const struct chip_uart_format format = {ECHO_BAUD, CHIP_PARITY_NONE};
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

static void test_rom_session(void **state)
{
	const uint32_t vectors[2] = {bench_part.stack, 0x08000009};
	uint8_t image[64] = {0}, answer[9] = {0x79, 'V', 'I', 'R', 'T', 'U', 'A', 'L'};
	struct bench bench;

	(void)state;
	memcpy(image, vectors, 8);
	memcpy(image + 8, program_marker, sizeof(program_marker));
	open_with(&bench, (const uint16_t[]){0xE7FE}, 1);
	memset(bench_chip(&bench)->flash + PAGE_BYTES / 2, 0, 8); /* page 0 is to be erased */
	chip_set_boot0(bench.chip, true);
	chip_set_nrst(bench.chip, false);
	bench_run(&bench, 2 * BENCH_MS);
	chip_set_nrst(bench.chip, true);
	bench_run(&bench, 10 * BENCH_MS);
	chip_set_boot0(bench.chip, false);
	loader_exchange(&bench, "\x7F", 1, "\x79", 1);
	assert_true(bench.activity.pll_on && bench.activity.active_s > 0.059);
	loader_exchange(&bench, "\x02\xFD", 2, "\x79\x01\x04" ROM_ID "\x79", 5);
	loader_exchange(&bench, "\x11\xEE", 2, "\x79", 1);
	loader_exchange(&bench, ROM_UID, 5, "\x79", 1);
	loader_exchange(&bench, "\x06\xF9", 2, answer, 8);
	loader_exchange(&bench, "\x44\xBB", 2, "\x79", 1);
	loader_exchange(&bench, "\x00\x00\x00\x00\x00", 5, "\x79", 1);
	assert_int_equal(bench_chip(&bench)->flash[PAGE_BYTES / 2], 0xFF);
	loader_write(&bench, image, sizeof(image));
	assert_memory_equal(bench_chip(&bench)->flash, image, sizeof(image));
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

#endif
