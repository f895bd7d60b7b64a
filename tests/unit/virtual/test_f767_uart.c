/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USART3 and GPIO of the virtual STM32F767: pace, formats, pins, overrun, interrupt, marker lines.
 */
#include "tests/unit/virtual/test_f767_bench.h"

#define PORT_CLOCKS      0x40023830u /* AHB1ENR */
#define APB1ENR          0x40023840u
#define DCKCFGR2         0x40023890u
#define RCC_CFGR         0x40023808u
#define PORT_B           0x40020400u
#define PORT_E           0x40021000u
#define LOW_13           PORT_E + 0x18, 1u << 29
#define UART             0x40004800u
#define RQR              (UART + 0x18)
#define BAUD             115200
#define BRR_PER_BAUD     1
#define BRR_VALUE        139
#define BRR_TOO_LOW      15
#define BRR_TOO_LOW_TEXT "USART3 enabled with a divider of 15, the least is 16"
#define PIN_AFR          (PORT_B + 0x24)
#define OTHER_AFR        0x8800 /* not AF7 */

#include "tests/unit/virtual/test_uart.h"

static const struct chip_uart_format even = {BAUD, CHIP_PARITY_EVEN};

static void pins_to_uart(struct bench *bench)
{
	bench_set(bench, PORT_CLOCKS, 0, 2);
	bench_set(bench, APB1ENR, 0, 1u << 18);
	bench_set(bench, PORT_B, 0xF00000, 0xA00000);
	bench_set(bench, PORT_B + 0x24, 0xFF00, 0x7700);
}

/* Eleven bits with parity. */
static void test_8e1(void **state)
{
	struct bench bench;
	int64_t start_ps, bit_ps;

	(void)state;
	open_uart(&bench, EVEN);
	start_ps = chip_now_ps(bench.chip);
	bench_poke(&bench, TDR, 0x5A);
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 1);
	assert_int_equal(bench.bytes[0].format.parity, CHIP_PARITY_EVEN);
	bit_ps = (int64_t)(139e12 / bench.activity.hclk_hz);
	assert_in_range(bench.bytes[0].t_ps - start_ps, 11 * bit_ps - 20, 11 * bit_ps + 20);
	chip_uart_rx(bench.chip, 0xA5, &even);
	assert_int_equal(bench_peek(&bench, ISR) & (RXNE | PE | FE), RXNE);
	assert_int_equal(bench_peek(&bench, RDR), 0xA5);
	bench_close(&bench);
}

static void test_oversampling_by_8(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pins_to_uart(&bench);
	bench_poke(&bench, BRR, 0x10 | 3); /* USARTDIV 22 */
	bench_poke(&bench, CR1, UE_RE_TE | OVER8);
	bench_poke(&bench, TDR, 'x');
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 1);
	assert_in_range(bench.bytes[0].format.baud, 2 * 16e6 / 22 * 0.995, 2 * 16e6 / 22 * 1.005);
	bench_close(&bench);
}

/* SYSCLK or HSI as kernel clock: the APB prescaler does not matter. */
static void test_kernel_clocks(void **state)
{
	static const struct {
		uint32_t source;
		double clock_hz;
	} cases[] = {{0, 1e6}, {1, 16e6}, {2, 16e6}, {3, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;
		double baud = cases[i].clock_hz / 139;

		bench_open_idle(&bench, 1);
		pins_to_uart(&bench);
		bench_set(&bench, RCC_CFGR, 0, 7u << 10); /* PCLK1 = HCLK / 16 */
		bench_set(&bench, DCKCFGR2, 0, cases[i].source << 4);
		bench_poke(&bench, BRR, 139);
		bench_poke(&bench, CR1, UE_RE_TE);
		bench_poke(&bench, TDR, 'x');
		bench_run(&bench, 3 * BENCH_MS);
		assert_int_equal(bench.byte_count, baud > 0);
		if (baud > 0)
			assert_in_range(bench.bytes[0].format.baud, baud * 0.995, baud * 1.005);
		bench_close(&bench);
	}
}

static void test_receive_stops(void **state)
{
	struct bench bench;

	(void)state;
	open_uart(&bench, 0);
	chip_uart_rx(bench.chip, 3, &plain);
	bench_poke(&bench, RQR, 8);
	assert_int_equal(bench_peek(&bench, ISR) & RXNE, 0);
	bench_poke(&bench, CR1, UE_RE_TE & ~4u);
	chip_uart_rx(bench.chip, 4, &plain); /* RE is clear */
	assert_int_equal(bench_peek(&bench, ISR) & RXNE, 0);
	bench_close(&bench);
}

static void test_mute_mode(void **state)
{
	struct bench bench;

	(void)state;
	open_uart(&bench, 0);
	bench_poke(&bench, CR1, UE_RE_TE | 1u << 13);
	bench_assert_fault(&bench, "sets bits that are not modelled");
	bench_close(&bench);
}

/* USART3 at 115200 8N1 from the HSI; sleeps, and answers each byte with the next one. */
static const uint16_t program_echo[] = {
	0x480E, 0x2102, 0x6001, 0xF44F, 0x2180, 0x6101, 0x480C, 0x6801, 0xF441, 0x0120,
	0x6001, 0xF44F, 0x41EE, 0x6241, 0x4809, 0x218B, 0x60C1, 0x212D, 0x6001, 0x4A08,
	0x2380, 0x6013, 0x4A07, 0xB672, 0xBF30, 0x6A41, 0x3101, 0x6281, 0x6013, 0xE7F9,
	0x3830, 0x4002, 0x0400, 0x4002, 0x4800, 0x4000, 0xE104, 0xE000, 0xE284, 0xE000,
};

static void test_echo_by_interrupt(void **state)
{
	struct bench bench;
	int64_t start_ps;

	(void)state;
	bench_open(&bench, 3);
	bench_start(&bench, program_echo, COUNT(program_echo));
	start_ps = chip_now_ps(bench.chip);
	for (uint8_t i = 0; i < 5; i++) {
		chip_uart_rx(bench.chip, (uint8_t)('a' + i), &plain);
		bench_run(&bench, 100 * BENCH_US);
	}
	bench_assert_no_fault(&bench);
	assert_int_equal(bench.byte_count, 5);
	for (uint8_t i = 0; i < 5; i++)
		assert_int_equal(bench.bytes[i].byte, 'b' + i);
	/* a byte takes 86.9 us, waking up and the few instructions a few us */
	assert_in_range(bench.bytes[0].t_ps - start_ps, 86 * BENCH_US, 92 * BENCH_US);
	assert_true(bench.activity.sleep_s > bench.activity.active_s);
	bench_close(&bench);
}

static void test_port_registers(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, PORT_CLOCKS, 0, 0x7FF);
	assert_int_equal(bench_peek(&bench, 0x40020000), 0xA8000000);
	assert_int_equal(bench_peek(&bench, 0x40020008), 0x0C000000);
	assert_int_equal(bench_peek(&bench, 0x4002000C), 0x64000000);
	assert_int_equal(bench_peek(&bench, PORT_B), 0x280);
	assert_int_equal(bench_peek(&bench, PORT_B + 0x0C), 0x100);
	assert_int_equal(bench_peek(&bench, PORT_B + 0x10), 1u << 11 | 1u << 4); /* RX idles high */
	assert_int_equal(bench_peek(&bench, 0x40022800), 0);                     /* port K */
	bench_poke(&bench, PORT_E, 0x55);
	bench_poke(&bench, 0x40023810, 1u << 4); /* AHB1RSTR */
	assert_int_equal(bench_peek(&bench, PORT_E), 0);
	bench_assert_no_fault(&bench);
	bench_poke(&bench, PORT_E + 0x28, 1); /* other families have BRR there */
	bench_assert_fault(&bench, "access to unmodelled register 0x40021028");
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_8e1),
		cmocka_unit_test(test_oversampling_by_8),
		cmocka_unit_test(test_kernel_clocks),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_receive_stops),
		cmocka_unit_test(test_wrong_format),
		cmocka_unit_test(test_pins_not_alternate),
		cmocka_unit_test(test_settings_rules),
		cmocka_unit_test(test_mute_mode),
		cmocka_unit_test(test_echo_by_interrupt),
		cmocka_unit_test(test_markers),
		cmocka_unit_test(test_port_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
