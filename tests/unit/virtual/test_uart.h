/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The UART and the marker lines of a virtual STM32: pace, formats, pins, overrun. The including
 * test defines UART, its base address; BRR_VALUE, BRR_PER_BAUD (kernel clocks per bit and BRR, as a
 * divisor) and BAUD, what they make of the clock after reset; BRR_TOO_LOW and the sentence about
 * it, BRR_TOO_LOW_TEXT; PIN_AFR and OTHER_AFR, a register and the value in which the pins are not
 * the UART's; PORT_CLOCKS, the register that clocks port E in bit 4, and PORT_E; LOW_13 (address,
 * value), a store that makes PE13 low; and this step.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_UART_H
#define TESTS_UNIT_VIRTUAL_TEST_UART_H

#define CR1      UART
#define CR3      (UART + 0x08)
#define BRR      (UART + 0x0C)
#define ISR      (UART + 0x1C)
#define ICR      (UART + 0x20)
#define RDR      (UART + 0x24)
#define TDR      (UART + 0x28)
#define UE_RE_TE 0xDu
#define EVEN     (1u << 10 | 1u << 12) /* PCE, and M0 for eight data bits beside it */
#define OVER8    (1u << 15)
#define PE       1u
#define FE       2u
#define ORE      8u
#define RXNE     (1u << 5)
#define TC       (1u << 6)
#define TXE      (1u << 7)

static const struct chip_uart_format plain = {BAUD, CHIP_PARITY_NONE};

/* Clocks of port and UART, and the pins' function. */
static void pins_to_uart(struct bench *bench);

/* BAUD from the clock after reset; 8N1, or with cr1's bits. */
static void open_uart(struct bench *bench, uint32_t cr1)
{
	bench_open_idle(bench, 1);
	pins_to_uart(bench);
	bench_poke(bench, BRR, BRR_VALUE);
	bench_poke(bench, CR1, UE_RE_TE | cr1);
	assert_int_equal(bench_peek(bench, ISR), 0x006000C0);
}

static void test_pace(void **state)
{
	struct bench bench;
	int64_t start_ps, bit_ps;
	double baud;

	(void)state;
	open_uart(&bench, 0);
	start_ps = chip_now_ps(bench.chip);
	bench_poke(&bench, TDR, 'a');
	assert_true(bench_peek(&bench, ISR) & TXE); /* already in the shift register */
	bench_poke(&bench, TDR, 'b');
	assert_int_equal(bench_peek(&bench, ISR) & (TXE | TC), 0);
	bench_run(&bench, BENCH_MS);
	assert_int_equal(bench.byte_count, 2);
	assert_int_equal(bench.bytes[0].byte, 'a');
	assert_int_equal(bench.bytes[1].byte, 'b');
	baud = bench.activity.hclk_hz * BRR_PER_BAUD / BRR_VALUE;
	bit_ps = (int64_t)(1e12 / baud);
	assert_in_range(bench.bytes[0].t_ps - start_ps, 10 * bit_ps - 20, 10 * bit_ps + 20);
	assert_in_range(bench.bytes[1].t_ps - start_ps, 20 * bit_ps - 40, 20 * bit_ps + 40);
	assert_in_range(bench.bytes[0].format.baud, baud - 1, baud + 1);
	assert_int_equal(bench.bytes[0].format.parity, CHIP_PARITY_NONE);
	assert_int_equal(bench_peek(&bench, ISR) & (TXE | TC), TXE | TC);
	bench_close(&bench);
}

static void test_receive(void **state)
{
	struct bench bench;

	(void)state;
	open_uart(&bench, 0);
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

static void test_wrong_format(void **state)
{
	static const struct {
		uint32_t cr1;
		struct chip_uart_format format;
		uint32_t errors;
	} cases[] = {
		{0, {BAUD * 1.02, CHIP_PARITY_NONE}, 0},   {0, {BAUD * 1.04, CHIP_PARITY_NONE}, FE},
		{0, {BAUD * 0.95, CHIP_PARITY_NONE}, FE},  {0, {BAUD, CHIP_PARITY_EVEN}, FE},
		{0, {9600, CHIP_PARITY_ODD}, FE},          {EVEN, {BAUD, CHIP_PARITY_EVEN}, 0},
		{EVEN, {BAUD, CHIP_PARITY_NONE}, PE},      {EVEN, {BAUD, CHIP_PARITY_ODD}, PE},
		{EVEN, {9600, CHIP_PARITY_EVEN}, FE | PE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		open_uart(&bench, cases[i].cr1);
		chip_uart_rx(bench.chip, 0x33, &cases[i].format);
		assert_int_equal(bench_peek(&bench, ISR) & (RXNE | FE | PE),
				 RXNE | cases[i].errors);
		if (cases[i].errors)
			assert_int_not_equal(bench_peek(&bench, RDR), 0x33);
		else
			assert_int_equal(bench_peek(&bench, RDR), 0x33);
		bench_poke(&bench, ICR, cases[i].errors);
		assert_int_equal(bench_peek(&bench, ISR) & (RXNE | FE | PE), 0);
		bench_close(&bench);
	}
}

static void test_pins_not_alternate(void **state)
{
	struct bench bench;

	(void)state;
	open_uart(&bench, 0);
	bench_set(&bench, PIN_AFR, 0xFF00, OTHER_AFR);
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
		{BRR, 0x400, "BRR changed while UE is set"},
		{CR1, UE_RE_TE | EVEN, "frame format changed while UE is set"},
		{CR3, 1u << 6, "CR3 changed while UE is set"},
	};
	struct bench bench;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_uart(&bench, 0);
		bench_poke(&bench, cases[i].address, cases[i].value);
		bench_assert_fault(&bench, cases[i].sentence);
		bench_close(&bench);
	}
	bench_open_idle(&bench, 1);
	pins_to_uart(&bench);
	bench_poke(&bench, BRR, BRR_TOO_LOW);
	bench_poke(&bench, CR1, UE_RE_TE);
	bench_assert_fault(&bench, BRR_TOO_LOW_TEXT);
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
	bench_set(&bench, PORT_CLOCKS, 0, 1u << 4);
	bench_poke(&bench, PORT_E + 0x18, 1u << 9); /* no output yet: no edge */
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
	assert_int_equal(bench_peek(&bench, PORT_E + 0x10), 1u << 11 | 1u << 13);
	bench_poke(&bench, LOW_13);
	assert_edge(&bench, 4, 2, false);
	assert_int_equal(bench_peek(&bench, PORT_E + 0x10), 1u << 11);
	chip_set_nrst(bench.chip, false); /* pins float in reset */
	assert_edge(&bench, 5, 1, false);
	assert_true(bench.edges[5].t_ps == chip_now_ps(bench.chip));
	bench_close(&bench);
}

#endif
