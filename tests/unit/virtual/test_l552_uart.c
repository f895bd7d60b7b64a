/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USART3 and GPIO of the virtual STM32L552: pace, formats, pins, overrun, marker lines.
 */
#include "tests/unit/virtual/test_l552.h"

#define AHB2ENR  (L552_RCC_BASE + 0x4C)
#define APB1ENR1 (L552_RCC_BASE + 0x58)
#define CCIPR1   (L552_RCC_BASE + 0x88)
#define CFGR     (L552_RCC_BASE + 0x08)
#define RCC_CR   L552_RCC_BASE
#define CR1      L552_USART3_BASE
#define CR3      (L552_USART3_BASE + 0x08)
#define BRR      (L552_USART3_BASE + 0x0C)
#define ISR      (L552_USART3_BASE + 0x1C)
#define ICR      (L552_USART3_BASE + 0x20)
#define RDR      (L552_USART3_BASE + 0x24)
#define TDR      (L552_USART3_BASE + 0x28)
#define PORT_C   (L552_GPIO_BASE + 0x800)
#define PORT_E   (L552_GPIO_BASE + 0x1000)
#define UE_RE_TE 0xDu
#define OVER8    (1u << 15)
#define PE       1u
#define FE       2u
#define ORE      8u
#define RXNE     (1u << 5)
#define TC       (1u << 6)
#define TXE      (1u << 7)
#define DIVIDER  (4000000u / 115200) /* 34: 117647 baud, 2.1 % fast */

static const struct chip_uart_format plain = {117647, CHIP_PARITY_NONE};

static void pins_to_uart(struct bench *bench)
{
	bench_set(bench, AHB2ENR, 0, 1u << 2);
	bench_set(bench, APB1ENR1, 0, 1u << 18);
	bench_set(bench, PORT_C, 0xFu << 20, 0xAu << 20);
	bench_set(bench, PORT_C + 0x24, 0xFF00, 0x7700);
}

/* 8N1 from PCLK1 at 4 MHz. */
static void open_uart(struct bench *bench)
{
	bench_open_idle(bench, 1);
	pins_to_uart(bench);
	bench_poke(bench, BRR, DIVIDER);
	bench_poke(bench, CR1, UE_RE_TE);
	assert_int_equal(bench_peek(bench, ISR), 0x006000C0);
}

static void test_pace(void **state)
{
	struct bench bench;
	int64_t start_ps, bit_ps;
	double baud;

	(void)state;
	open_uart(&bench);
	start_ps = chip_now_ps(bench.chip);
	bench_poke(&bench, TDR, 'a');
	assert_true(bench_peek(&bench, ISR) & TXE); /* already in the shift register */
	bench_poke(&bench, TDR, 'b');
	assert_int_equal(bench_peek(&bench, ISR) & (TXE | TC), 0);
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 2);
	assert_int_equal(bench.bytes[0].byte, 'a');
	assert_int_equal(bench.bytes[1].byte, 'b');
	baud = bench.activity.hclk_hz / DIVIDER;
	bit_ps = (int64_t)(1e12 / baud);
	assert_in_range(bench.bytes[0].t_ps - start_ps, 10 * bit_ps - 20, 10 * bit_ps + 20);
	assert_in_range(bench.bytes[1].t_ps - start_ps, 20 * bit_ps - 40, 20 * bit_ps + 40);
	assert_in_range(bench.bytes[0].format.baud, baud - 1, baud + 1);
	assert_int_equal(bench.bytes[0].format.parity, CHIP_PARITY_NONE);
	assert_int_equal(bench_peek(&bench, ISR) & (TXE | TC), TXE | TC);
	bench_close(&bench);
}

static void test_kernel_clock_hsi(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pins_to_uart(&bench);
	bench_set(&bench, CCIPR1, 0x30, 0x20);
	bench_poke(&bench, BRR, 16000000u / 460800);
	bench_poke(&bench, CR1, UE_RE_TE | 1u << 12 | 1u << 10); /* 8E */
	bench_poke(&bench, TDR, 'x');
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 0); /* HSI16 is off */
	bench_set(&bench, RCC_CR, 0, 1u << 8);
	bench_run(&bench, BENCH_MS);
	bench_poke(&bench, CR1, 0);
	bench_poke(&bench, CR1, UE_RE_TE | 1u << 12 | 1u << 10);
	bench_poke(&bench, TDR, 'y');
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 1);
	assert_int_equal(bench.bytes[0].byte, 'y');
	assert_int_equal(bench.bytes[0].format.parity, CHIP_PARITY_EVEN);
	assert_in_range(bench.bytes[0].format.baud, 450000, 475000);
	bench_close(&bench);
}

static void test_receive(void **state)
{
	struct bench bench;

	(void)state;
	open_uart(&bench);
	chip_uart_rx(bench.chip, 0x5A, &plain);
	assert_int_equal(bench_peek(&bench, ISR) & (RXNE | FE | PE | ORE), RXNE);
	assert_int_equal(bench_peek(&bench, RDR), 0x5A);
	assert_int_equal(bench_peek(&bench, ISR) & RXNE, 0);
	chip_uart_rx(bench.chip, 1, &plain);
	chip_uart_rx(bench.chip, 2, &plain);
	assert_int_equal(bench_peek(&bench, ISR) & (RXNE | ORE), RXNE | ORE);
	assert_int_equal(bench_peek(&bench, RDR), 1);
	bench_poke(&bench, ICR, ORE);
	assert_int_equal(bench_peek(&bench, ISR) & (RXNE | ORE), 0);
	bench_close(&bench);
}

static void test_fifo(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	pins_to_uart(&bench);
	bench_poke(&bench, BRR, DIVIDER);
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

static void test_wrong_format(void **state)
{
	static const struct {
		struct chip_uart_format format;
		uint32_t errors;
	} cases[] = {
		{{117647 * 1.02, CHIP_PARITY_NONE}, 0},  {{117647 * 1.04, CHIP_PARITY_NONE}, FE},
		{{117647 * 0.95, CHIP_PARITY_NONE}, FE}, {{117647, CHIP_PARITY_EVEN}, FE},
		{{9600, CHIP_PARITY_ODD}, FE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench;
		uint32_t isr;

		open_uart(&bench);
		chip_uart_rx(bench.chip, 0x33, &cases[i].format);
		isr = bench_peek(&bench, ISR);
		assert_int_equal(isr & (RXNE | FE | PE), RXNE | cases[i].errors);
		if (cases[i].errors)
			assert_int_not_equal(bench_peek(&bench, RDR), 0x33);
		else
			assert_int_equal(bench_peek(&bench, RDR), 0x33);
		bench_close(&bench);
	}
}

/* 8E1 hears a byte of another parity: PE, and of another baud: FE and PE. */
static void test_parity_error(void **state)
{
	static const struct chip_uart_format formats[] = {
		{117647, CHIP_PARITY_EVEN}, {117647, CHIP_PARITY_NONE}, {57600, CHIP_PARITY_EVEN}};
	static const uint32_t errors[] = {0, PE, PE | FE};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct bench bench;

		bench_open_idle(&bench, 1);
		pins_to_uart(&bench);
		bench_poke(&bench, BRR, DIVIDER);
		bench_poke(&bench, CR1, UE_RE_TE | 1u << 12 | 1u << 10);
		chip_uart_rx(bench.chip, 0x33, &formats[i]);
		assert_int_equal(bench_peek(&bench, ISR) & (RXNE | FE | PE), RXNE | errors[i]);
		bench_close(&bench);
	}
}

static void test_pins_not_alternate(void **state)
{
	struct bench bench;

	(void)state;
	open_uart(&bench);
	bench_set(&bench, PORT_C + 0x24, 0xFF00, 0x8800); /* UART4's function */
	chip_uart_rx(bench.chip, 0x33, &plain);
	bench_poke(&bench, TDR, 'x');
	bench_run(&bench, BENCH_MS);
	assert_false(bench_peek(&bench, ISR) & RXNE);
	assert_true(bench_peek(&bench, ISR) & TC); /* sent, but to nowhere */
	assert_int_equal(bench.byte_count, 0);
	bench_close(&bench);
}

static void test_settings_rules(void **state)
{
	static const struct {
		uint32_t address, value;
		const char *sentence;
	} cases[] = {
		{BRR, 0x40, "BRR changed while UE is set"},
		{CR1, UE_RE_TE | 1u << 10 | 1u << 12, "frame format changed while UE is set"},
		{CR3, 1u << 6, "CR3 changed while UE is set"},
	};
	struct bench bench;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_uart(&bench);
		bench_poke(&bench, cases[i].address, cases[i].value);
		bench_assert_fault(&bench, cases[i].sentence);
		bench_close(&bench);
	}
	bench_open_idle(&bench, 1);
	pins_to_uart(&bench);
	bench_poke(&bench, BRR, 15);
	bench_poke(&bench, CR1, UE_RE_TE);
	bench_assert_fault(&bench, "USART3 enabled with BRR 0xf, the least is 0x10");
	bench_close(&bench);
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
	open_uart(&bench);
	bench_set(&bench, CFGR, 7u << 8, 4u << 8);
	bench_poke(&bench, TDR, 'x');
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 1);
	assert_in_range(bench.bytes[0].format.baud, 58000, 59500);
	bench_close(&bench);
}

static void assert_edge(const struct bench *bench, size_t index, unsigned line, bool level)
{
	assert_true(index < bench->edge_count);
	assert_int_equal(bench->edges[index].line, line);
	assert_int_equal(bench->edges[index].level, level);
}

static void test_markers(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, AHB2ENR, 0, 1u << 4);
	bench_poke(&bench, PORT_E + 0x18, 1u << 9); /* still analog: no edge */
	assert_int_equal(bench.edge_count, 0);
	bench_set(&bench, PORT_E, 3u << 18 | 3u << 22 | 3u << 26, 1u << 18 | 1u << 22 | 1u << 26);
	assert_edge(&bench, 0, 0, true);
	bench_poke(&bench, PORT_E + 0x18, 1u << 11 | 1u << 13 | 1u << 25);
	assert_int_equal(bench.edge_count, 4);
	assert_edge(&bench, 1, 0, false);
	assert_edge(&bench, 2, 1, true);
	assert_edge(&bench, 3, 2, true);
	bench_poke(&bench, PORT_E + 0x18, 1u << 11); /* no change, no edge */
	assert_int_equal(bench.edge_count, 4);
	bench_poke(&bench, PORT_E + 0x28, 1u << 13);
	assert_edge(&bench, 4, 2, false);
	assert_int_equal(bench_peek(&bench, PORT_E + 0x10), 1u << 11);
	chip_set_nrst(bench.chip, false); /* pins float in reset */
	assert_edge(&bench, 5, 1, false);
	assert_true(bench.edges[5].t_ps == chip_now_ps(bench.chip));
	bench_close(&bench);
}

static void test_byte_store_and_lock(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	bench_set(&bench, AHB2ENR, 0, 1u << 4);
	assert_true(stm32l552_write(bench_l552(&bench), PORT_E + 0x15, 1, 0x12));
	assert_int_equal(bench_peek(&bench, PORT_E + 0x14), 0x1200);
	bench_poke(&bench, PORT_E + 0x1C, 0x10200);
	bench_poke(&bench, PORT_E + 0x1C, 0x00200);
	bench_poke(&bench, PORT_E + 0x1C, 0x10200);
	assert_int_equal(bench_peek(&bench, PORT_E + 0x1C), 0x10200);
	bench_poke(&bench, PORT_E, 0);
	assert_int_equal(bench_peek(&bench, PORT_E), 3u << 18); /* only pin 9 stays */
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
		cmocka_unit_test(test_parity_error),
		cmocka_unit_test(test_pins_not_alternate),
		cmocka_unit_test(test_settings_rules),
		cmocka_unit_test(test_oversampling_by_8),
		cmocka_unit_test(test_prescaled_clock),
		cmocka_unit_test(test_markers),
		cmocka_unit_test(test_byte_store_and_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
