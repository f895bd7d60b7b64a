/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LPUART1 and GPIO of the virtual STM32L4R5: pace, formats, pins, overrun, marker lines.
 */
#include "tests/unit/virtual/chip_bench.h"

#define PORT_A           L4R5_GPIO_BASE
#define PORT_E           (L4R5_GPIO_BASE + 0x1000)
#define UART             L4R5_LPUART_BASE
#define BAUD             115200
#define BRR_PER_BAUD     256
#define BRR_VALUE        (256 * 4000000u / 115200)
#define BRR_TOO_LOW      0x2FF
#define BRR_TOO_LOW_TEXT "BRR 0x2ff, the least is 0x300"
#define PIN_AFR          (PORT_A + 0x20)
#define OTHER_AFR        0x7700 /* USART2 */
#define UART_SELECT      10
#define HSI_BRR          (256 * 16000000u / 921600)
#define HSI_BAUD_LEAST   918000
#define HSI_BAUD_MOST    925000

#include "tests/unit/virtual/test_uart_l4l5.h"

static void pins_to_uart(struct bench *bench)
{
	bench_set(bench, PORT_CLOCKS, 0, 1);
	bench_set(bench, L4L5_RCC_BASE + 0x5C, 0, 1);
	bench_set(bench, PORT_A, 0xF0, 0xA0);
	bench_set(bench, PIN_AFR, 0xFF00, 0x8800);
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
		cmocka_unit_test(test_markers),
		cmocka_unit_test(test_byte_store_and_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
