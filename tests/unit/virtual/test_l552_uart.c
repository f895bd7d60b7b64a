/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USART3 and GPIO of the virtual STM32L552: pace, formats, pins, overrun, marker lines.
 */
#include "tests/unit/virtual/test_l552.h"

#define PORT_C           (L552_GPIO_BASE + 0x800)
#define PORT_E           (L552_GPIO_BASE + 0x1000)
#define UART             L552_USART3_BASE
#define BAUD             117647 /* 2.1 % fast */
#define BRR_PER_BAUD     1
#define BRR_VALUE        (4000000u / 115200)
#define BRR_TOO_LOW      15
#define BRR_TOO_LOW_TEXT "USART3 enabled with BRR 0xf, the least is 0x10"
#define PIN_AFR          (PORT_C + 0x24)
#define OTHER_AFR        0x8800 /* UART4 */
#define UART_SELECT      4
#define HSI_BRR          (16000000u / 460800)
#define HSI_BAUD_LEAST   450000
#define HSI_BAUD_MOST    475000

#include "tests/unit/virtual/test_uart_l4l5.h"

static void pins_to_uart(struct bench *bench)
{
	bench_set(bench, PORT_CLOCKS, 0, 1u << 2);
	bench_set(bench, L4L5_RCC_BASE + 0x58, 0, 1u << 18);
	bench_set(bench, PORT_C, 0xFu << 20, 0xAu << 20);
	bench_set(bench, PIN_AFR, 0xFF00, 0x7700);
}

static void test_divider_by_8(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pins_to_uart(&bench);
	bench_poke(&bench, BRR, 0x48);
	bench_poke(&bench, CR1, UE_RE_TE | OVER8);
	bench_assert_fault(&bench, "bit 3 must be clear");
	bench_close(&bench);
}

/* Oversampling by 8: twice the baud of the same divider; BRR's low bits hold one bit less. */
static void test_oversampling_by_8(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pins_to_uart(&bench);
	bench_poke(&bench, BRR, 0x42); /* USARTDIV 0x44 = 68 */
	bench_poke(&bench, CR1, UE_RE_TE | OVER8);
	bench_poke(&bench, TDR, 'x');
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 1);
	assert_in_range(bench.bytes[0].format.baud, bench.activity.hclk_hz * 2 / 68 - 1,
			bench.activity.hclk_hz * 2 / 68 + 1);
	bench_close(&bench);
}

/* The kernel clock follows the APB1 prescaler. */
static void test_prescaled_clock(void **state)
{
	struct bench bench;

	(void)state;
	open_uart(&bench, 0);
	bench_set(&bench, CFGR, 7u << 8, 4u << 8);
	bench_poke(&bench, TDR, 'x');
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 1);
	assert_in_range(bench.bytes[0].format.baud, 58000, 59500);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_kernel_clock_hsi),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_fifo),
		cmocka_unit_test(test_wrong_format),
		cmocka_unit_test(test_pins_not_alternate),
		cmocka_unit_test(test_settings_rules),
		cmocka_unit_test(test_divider_by_8),
		cmocka_unit_test(test_oversampling_by_8),
		cmocka_unit_test(test_prescaled_clock),
		cmocka_unit_test(test_markers),
		cmocka_unit_test(test_byte_store_and_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
