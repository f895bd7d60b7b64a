/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_uart.h for a virtual STM32L4+ or L5: what its UART and ports have besides. The including
 * test defines what test_uart.h asks for but port E's clock and LOW_13; UART_SELECT, the first bit
 * of the UART's field in CCIPR; HSI_BRR for the HSI16 as kernel clock, HSI_BAUD_LEAST and
 * HSI_BAUD_MOST.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_UART_L4L5_H
#define TESTS_UNIT_VIRTUAL_TEST_UART_L4L5_H

#define RCC_CR      L4L5_RCC_BASE
#define CFGR        (L4L5_RCC_BASE + 0x08)
#define CCIPR       (L4L5_RCC_BASE + 0x88)
#define PORT_CLOCKS (L4L5_RCC_BASE + 0x4C)
#define LOW_13      PORT_E + 0x28, 1u << 13

#include "tests/unit/virtual/test_uart.h"

static void test_kernel_clock_hsi(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pins_to_uart(&bench);
	bench_set(&bench, CCIPR, 3u << UART_SELECT, 2u << UART_SELECT);
	bench_poke(&bench, BRR, HSI_BRR);
	bench_poke(&bench, CR1, UE_RE_TE | EVEN);
	bench_poke(&bench, TDR, 'x');
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 0); /* HSI16 is off */
	bench_set(&bench, RCC_CR, 0, 1u << 8);
	bench_run(&bench, BENCH_MS);
	bench_poke(&bench, CR1, 0);
	bench_poke(&bench, CR1, UE_RE_TE | EVEN);
	bench_poke(&bench, TDR, 'y');
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 1);
	assert_int_equal(bench.bytes[0].byte, 'y');
	assert_int_equal(bench.bytes[0].format.parity, CHIP_PARITY_EVEN);
	assert_in_range(bench.bytes[0].format.baud, HSI_BAUD_LEAST, HSI_BAUD_MOST);
	bench_close(&bench);
}

static void test_fifo(void **state)
{
	struct bench bench;

	(void)state;
	open_uart(&bench, 0);
	bench_poke(&bench, CR1, 0);
	bench_poke(&bench, CR1, UE_RE_TE | 1u << 29);
	for (uint8_t i = 0; i < 9; i++)
		chip_uart_rx(bench.chip, i, &plain);
	assert_true(bench_peek(&bench, ISR) & ORE);
	assert_true(bench_peek(&bench, ISR) & 1u << 24);
	for (uint8_t i = 0; i < 8; i++)
		assert_int_equal(bench_peek(&bench, RDR), i);
	assert_false(bench_peek(&bench, ISR) & RXNE);
	for (uint8_t i = 0; i < 9; i++) /* eight wait, one is on its way */
		bench_poke(&bench, TDR, i);
	assert_false(bench_peek(&bench, ISR) & TXE);
	bench_run(&bench, 2 * BENCH_MS);
	assert_int_equal(bench.byte_count, 9);
	assert_int_equal(bench.bytes[8].byte, 8);
	bench_close(&bench);
}

static void test_byte_store_and_lock(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, PORT_CLOCKS, 0, 1u << 4);
	assert_true(stm32_write(bench_chip(&bench), PORT_E + 0x15, 1, 0x12));
	assert_int_equal(bench_peek(&bench, PORT_E + 0x14), 0x1200);
	bench_poke(&bench, PORT_E + 0x1C, 0x10200);
	bench_poke(&bench, PORT_E + 0x1C, 0x00200);
	bench_poke(&bench, PORT_E + 0x1C, 0x10200);
	assert_int_equal(bench_peek(&bench, PORT_E + 0x1C), 0x10200);
	bench_poke(&bench, PORT_E, 0);
	assert_int_equal(bench_peek(&bench, PORT_E), 3u << 18); /* only pin 9 stays */
	bench_close(&bench);
}

#endif
