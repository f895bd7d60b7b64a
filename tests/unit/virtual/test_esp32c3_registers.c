/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Registers of the virtual ESP32-C3, block by block: clocks and their rules, UART0, pins, system
 * timer, interrupt matrix, temperature sensor, eFuse, bus.
 */
#include "tests/unit/virtual/test_esp32c3.h"

#include <math.h>

#define SYS         ESP32C3_SYSTEM_BASE
#define PER_CONF    (SYS + 0x08)
#define CLK_EN0     (SYS + 0x10)
#define CLK_EN1     (SYS + 0x14)
#define RST_EN0     (SYS + 0x18)
#define SYSCLK      (SYS + 0x58)
#define OPTIONS0    ESP32C3_RTC_BASE
#define RTC_CLK     (ESP32C3_RTC_BASE + 0x70)
#define UART        ESP32C3_UART0_BASE
#define GPIO        ESP32C3_GPIO_BASE
#define IO_MUX(pin) (ESP32C3_IO_MUX_BASE + 4 + 4 * (pin))
#define ST          ESP32C3_SYSTIMER_BASE
#define INT         ESP32C3_INTERRUPT_BASE
#define TSENS       (ESP32C3_SARADC_BASE + 0x58)

static const struct chip_uart_format plain = {115200, CHIP_PARITY_NONE};

/* Clocks ------------------------------------------------------------------------------------- */

static void test_levels(void **state)
{
	static const struct {
		uint32_t sysclk, per_conf;
		double hz, tolerance;
	} cases[] = {
		{3, 0xC, 10e6, 11e-6},         {1, 0xC, 20e6, 11e-6},
		{0, 0xC, 40e6, 11e-6},         {7, 0xC, 5e6, 11e-6},
		{2, 0xC, 40e6 / 3, 11e-6},     {1u << 10, 0xC, 80e6, 11e-6},
		{1u << 10, 0xD, 160e6, 11e-6}, {2u << 10, 0xC, 17.5e6, 0.051},
	};
	struct c3 *c3 = c3_idle();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t before = chip_counts(c3->chip)->cycles;

		c3_poke(c3, PER_CONF, cases[i].per_conf);
		c3_poke(c3, SYSCLK, cases[i].sysclk);
		c3_run(c3, C3_MS);
		c3_assert_no_fault(c3);
		assert_true(fabs(c3->activity.hclk_hz / cases[i].hz - 1) < cases[i].tolerance);
		assert_true(fabs((double)(chip_counts(c3->chip)->cycles - before) /
					 (c3->activity.hclk_hz * 1e-3) -
				 1) < 1e-3);
	}
	assert_int_equal(c3_peek(c3, SYSCLK) >> 12 & 127, 40);
	c3_close(c3);
}

static void test_clock_rules(void **state)
{
	static const struct {
		uint32_t pokes[3][2];
		const char *sentence;
	} cases[] = {
		{{{OPTIONS0, 0x1C00A400}, {SYSCLK, 1u << 10}}, "from the PLL, which is off"},
		{{{SYSCLK, 1u << 10}, {OPTIONS0, 0x1C00A400}}, "from the PLL, which is off"},
		{{{OPTIONS0, 0x1C00A400}, {OPTIONS0, 0x1C00A000}, {SYSCLK, 1u << 10}},
		 "from the PLL before it has locked"},
		{{{PER_CONF, 8}, {SYSCLK, 1u << 10}},
		 "PLL_FREQ_SEL says 320 MHz, the PLL is set "
		 "to 480"},
		{{{PER_CONF, 0xE}, {SYSCLK, 1u << 10}}, "CPUPERIOD_SEL 2"},
		{{{SYSCLK, 3u << 10}}, "SOC_CLK_SEL 3 selects no clock"},
		{{{RTC_CLK, 0x11583258}, {SYSCLK, 2u << 10}}, "RC_FAST, which is off"},
		{{{SYSCLK, 2u << 10}, {RTC_CLK, 0x13583218}}, "RC_FAST, which is off"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct c3 *c3 = c3_idle();

		for (size_t k = 0; k < 3 && cases[i].pokes[k][0]; k++)
			c3_poke(c3, cases[i].pokes[k][0], cases[i].pokes[k][1]);
		c3_assert_fault(c3, cases[i].sentence);
		c3_close(c3);
	}
}

/* Off, on, calibrated through the analog registers, used. */
static void test_pll_restart(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	assert_int_equal(c3_peek(c3, 0x6000E040) >> 24, 1);
	c3_poke(c3, OPTIONS0, 0x1C00A400);
	assert_int_equal(c3_peek(c3, 0x6000E040) >> 24, 0);
	c3_run(c3, C3_MS);
	assert_false(c3->activity.pll_on);
	c3_poke(c3, OPTIONS0, 0x1C00A000);
	assert_int_equal(c3_peek(c3, 0x6000E040) >> 24, 0);
	c3_poke(c3, 0x6000E000, 0x66 | 4 << 8 | 0x69 << 16 | 1 << 24); /* 320 MHz */
	c3_run(c3, 20 * C3_US);
	assert_int_equal(c3_peek(c3, 0x6000E040) >> 24, 1);
	c3_poke(c3, 0x6000E000, 0x66 | 4 << 8);
	assert_int_equal(c3_peek(c3, 0x6000E000) >> 16 & 255, 0x69);
	c3_poke(c3, PER_CONF, 8 | 1);
	c3_poke(c3, SYSCLK, 1u << 10);
	c3_run(c3, C3_MS);
	assert_true(fabs(c3->activity.pll_vco_hz / 320e6 - 1) < 11e-6);
	assert_true(fabs(c3->activity.hclk_hz / 160e6 - 1) < 11e-6);
	c3_assert_no_fault(c3);
	c3_close(c3);
}

/* Bus ---------------------------------------------------------------------------------------- */

static void test_bus_rules(void **state)
{
	static const struct {
		uint32_t pokes[2][2], peek;
		const char *sentence;
	} cases[] = {
		{{{0}}, 0x60026000, "access to unmodelled address 0x60026000"},
		{{{0}}, 0x600080F0 + 0x100, "access to unmodelled address 0x600081f0"},
		{{{0}}, 0x60000084, "access to unmodelled address 0x60000084"},
		{{{0}}, 0x40000100, "read of the ROM at 0x40000100"},
		{{{0x3C000000, 1}}, 0, "store to flash at 0x3c000000"},
		{{{CLK_EN0, 0xF8C1E06F}},
		 UART + 0x1C,
		 "access to UART0 (0x6000001c) while its clock"},
		{{{RST_EN0, 1u << 29}}, ST, "while SYSTEM_PERIP_RST_EN0 holds it in reset"},
		{{{UART + 0x20, 0x1000401C}}, 0, "UART_CONF0 0x1000401c"},
		{{{UART + 0x20, 0x10000018}}, 0, "UART_CONF0 0x10000018"},
		{{{GPIO + 0x74, 1u << 13}}, 0, "GPIO interrupts are not modelled"},
		{{{0x60008018, 1u << 31}}, 0, "light and deep sleep are not modelled"},
		{{{0x6001F000, 1u << 31}}, 0, "TIMG0_T0CONFIG.EN"},
		{{{0x60008800, 1}}, 0, "eFuse is read-only here"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct c3 *c3 = c3_idle();

		for (size_t k = 0; k < 2 && cases[i].pokes[k][0]; k++)
			c3_poke(c3, cases[i].pokes[k][0], cases[i].pokes[k][1]);
		if (cases[i].peek)
			c3_peek(c3, cases[i].peek);
		c3_assert_fault(c3, cases[i].sentence);
		c3_close(c3);
	}
}

static void test_narrow_stores(void **state)
{
	struct c3 *c3 = c3_idle();
	uint32_t value = 0;

	(void)state;
	assert_true(esp32c3_read(c3_part(c3), SYS + 0x13, 1, &value));
	assert_int_equal(value, 0xF9);
	assert_true(esp32c3_write(c3_part(c3), GPIO + 4, 1, 1));
	c3_assert_fault(c3, "store of 1 bytes to GPIO (0x60004004): its registers take words");
	c3_close(c3);
}

/* UART --------------------------------------------------------------------------------------- */

static void test_uart_rates(void **state)
{
	static const struct {
		uint32_t sysclk, clk_conf, clkdiv;
		double baud, tolerance;
	} cases[] = {
		{1, 0x03700000, 347 | 3u << 20, 40e6 / (347 + 3 / 16.0), 2e-5}, /* crystal */
		{1, 0x03701000, 100, 40e6 / 2 / 100, 2e-5},
		{1, 0x03500000, 100, 20e6 / 100, 2e-5}, /* APB: the CPU's 20 MHz */
		{1u << 10, 0x03500000, 694 | 7u << 20, 80e6 / (694 + 7 / 16.0), 2e-5},
		{1, 0x03700000 | 1u << 6 | 2, 100, 40e6 / 1.5 / 100, 2e-5}, /* divided by 1 + 1/2 */
		{1, 0x03600000, 100, 17.5e6 / 100, 0.051},                  /* RC_FAST */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct c3 *c3 = c3_idle();
		double byte_s;

		c3_change(c3, RTC_CLK, 0, 1u << 10);
		c3_poke(c3, SYSCLK, cases[i].sysclk);
		c3_poke(c3, UART + 0x78, cases[i].clk_conf);
		c3_poke(c3, UART + 0x14, cases[i].clkdiv);
		c3->text_count = 0;
		c3_poke(c3, UART, 'x');
		c3_poke(c3, UART, 'y');
		c3_run(c3, C3_MS);
		assert_string_equal(c3->text, "xy");
		byte_s = (double)(c3->text_ps[1] - c3->text_ps[0]) / 1e12;
		assert_true(fabs(10 / byte_s / cases[i].baud - 1) < cases[i].tolerance);
		assert_true(fabs(c3->format.baud / cases[i].baud - 1) < cases[i].tolerance + 1e-5);
		c3_close(c3);
	}
}

static void test_uart_receive(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	assert_int_equal(c3_peek(c3, UART + 0x1C), 0xE000C000);
	for (unsigned i = 0; i < 129; i++)
		chip_uart_rx(c3->chip, (uint8_t)i, &plain);
	assert_int_equal(c3_peek(c3, UART + 0x1C) & 0x3FF, 128);
	assert_true(c3_peek(c3, UART + 0x04) & ESP32C3_UART_INT_RXFIFO_OVF);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(c3_peek(c3, UART), i);
	assert_int_equal(c3_peek(c3, UART + 0x1C) & 0x3FF, 0);
	c3_poke(c3, UART + 0x20, 0x1000001C | 1u << 17); /* RXFIFO_RST */
	chip_uart_rx(c3->chip, 1, &plain);
	assert_int_equal(c3_peek(c3, UART + 0x1C) & 0x3FF, 0);
	c3_close(c3);
}

static void test_uart_wrong_format(void **state)
{
	static const struct {
		struct chip_uart_format format;
		uint32_t conf0, errors;
	} cases[] = {
		{{115200 * 1.02, CHIP_PARITY_NONE}, 0x1000001C, 0},
		{{115200 * 1.04, CHIP_PARITY_NONE}, 0x1000001C, ESP32C3_UART_INT_FRM_ERR},
		{{115200, CHIP_PARITY_EVEN}, 0x1000001C, ESP32C3_UART_INT_FRM_ERR},
		{{115200, CHIP_PARITY_NONE}, 0x1000001E, ESP32C3_UART_INT_PARITY_ERR},
		{{115200, CHIP_PARITY_EVEN}, 0x1000001E, 0},
		{{115200, CHIP_PARITY_ODD}, 0x1000001F, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct c3 *c3 = c3_idle();
		uint32_t byte;

		c3_poke(c3, UART + 0x20, cases[i].conf0);
		chip_uart_rx(c3->chip, 0x33, &cases[i].format);
		assert_int_equal(c3_peek(c3, UART + 0x04) & 0xC, cases[i].errors);
		byte = c3_peek(c3, UART);
		assert_true((byte == 0x33) == (cases[i].errors == 0));
		c3_close(c3);
	}
}

static void test_uart_interrupts(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	c3_poke(c3, UART + 0x24, 2 | 10u << 9 | 1u << 21); /* full at 2, empty below 10, TOUT */
	c3_poke(c3, UART + 0x60, 0x12 | 20u << 16);        /* after 20 bits */
	c3_poke(c3, UART + 0x0C,
		ESP32C3_UART_INT_RXFIFO_FULL | ESP32C3_UART_INT_RXFIFO_TOUT |
			ESP32C3_UART_INT_TX_DONE);
	c3_poke(c3, UART + 0x10, 0xFFFFF);
	assert_int_equal(c3_peek(c3, UART + 0x08), 0);
	assert_int_equal(c3_peek(c3, UART + 0x04), ESP32C3_UART_INT_TXFIFO_EMPTY); /* still */
	chip_uart_rx(c3->chip, 1, &plain);
	c3_run(c3, 160 * C3_US);
	assert_int_equal(c3_peek(c3, UART + 0x08), 0);
	c3_run(c3, 20 * C3_US);
	assert_int_equal(c3_peek(c3, UART + 0x08), ESP32C3_UART_INT_RXFIFO_TOUT);
	assert_int_equal(c3_peek(c3, INT + 0xF8) >> ESP32C3_SOURCE_UART0 & 1, 1);
	chip_uart_rx(c3->chip, 2, &plain);
	c3_poke(c3, UART + 0x10, 0xFFFFF);
	assert_int_equal(c3_peek(c3, UART + 0x08), ESP32C3_UART_INT_RXFIFO_FULL);
	c3_peek(c3, UART);
	c3_poke(c3, UART + 0x10, 0xFFFFF);
	assert_int_equal(c3_peek(c3, UART + 0x08), 0);
	assert_int_equal(c3_peek(c3, INT + 0xF8) >> ESP32C3_SOURCE_UART0 & 1, 0);
	c3_poke(c3, UART, 'a');
	c3_run(c3, 80 * C3_US);
	assert_int_equal(c3_peek(c3, UART + 0x08) & ESP32C3_UART_INT_TX_DONE, 0);
	c3_run(c3, 10 * C3_US);
	assert_int_equal(c3_peek(c3, UART + 0x08) & ESP32C3_UART_INT_TX_DONE,
			 ESP32C3_UART_INT_TX_DONE);
	c3_close(c3);
}

/* A divider that changes under a byte damages it. */
static void test_uart_divider_change(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	c3->text_count = 0;
	c3_poke(c3, UART, 'a');
	c3_run(c3, 20 * C3_US);
	c3_poke(c3, UART + 0x14, 40);
	c3_run(c3, C3_MS);
	assert_int_equal(c3->text_count, 1);
	assert_int_not_equal(c3->text[0], 'a');
	c3_close(c3);
}

/* Pins --------------------------------------------------------------------------------------- */

static void test_uart_pins(void **state)
{
	static const struct {
		uint32_t tx_mux, tx_sel, rx_mux, rx_sel;
		bool sends, hears;
	} cases[] = {
		{0x0B00, 0x80, 0x0B00, 0, true, true},         /* functions 0 */
		{0x1B00, 6, 0x1B00, 20 | 1u << 6, true, true}, /* through the matrix */
		{0x1B00, 0x80, 0x0900, 0, false, false},       /* a plain GPIO; no input */
		{0x2B00, 6, 0x1B00, 0, false, false},
		{0x0B00, 0x80, 0x0B00, 3 | 1u << 6, true, false}, /* from another pin */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct c3 *c3 = c3_idle();

		c3_poke(c3, IO_MUX(21), cases[i].tx_mux);
		c3_poke(c3, GPIO + 0x554 + 4 * 21, cases[i].tx_sel);
		c3_poke(c3, IO_MUX(20), cases[i].rx_mux);
		c3_poke(c3, GPIO + 0x154 + 4 * 6, cases[i].rx_sel);
		c3->text_count = 0;
		c3_poke(c3, UART, 'a');
		chip_uart_rx(c3->chip, 'b', &plain);
		c3_run(c3, C3_MS);
		assert_int_equal(c3->text_count, cases[i].sends);
		assert_int_equal(c3_peek(c3, UART + 0x1C) & 0x3FF, cases[i].hears);
		c3_close(c3);
	}
}

static void assert_edge(const struct c3 *c3, size_t index, unsigned line, bool level)
{
	assert_true(index < c3->edge_count);
	assert_int_equal(c3->edges[index].line, line);
	assert_int_equal(c3->edges[index].level, level);
}

static void test_markers_by_gpio(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	c3_poke(c3, GPIO + 0x08, 7u << 4);
	c3_poke(c3, GPIO + 0x24, 7u << 4);
	assert_int_equal(c3->edge_count, 0); /* function 0 is JTAG */
	c3_poke(c3, IO_MUX(5), 0x1A00);
	assert_edge(c3, 0, 1, true);
	c3_poke(c3, IO_MUX(4), 0x1A00);
	c3_poke(c3, IO_MUX(6), 0x1A00);
	assert_int_equal(c3->edge_count, 3);
	c3_poke(c3, GPIO + 0x0C, 1u << 6);
	assert_edge(c3, 3, 2, false);
	assert_int_equal(c3_peek(c3, GPIO + 0x3C) & 7u << 4, 3u << 4);
	c3_poke(c3, GPIO + 0x564, 0x80 | 1u << 8); /* inverted */
	assert_edge(c3, 4, 0, false);
	c3_poke(c3, GPIO + 0x28, 1u << 5);
	assert_edge(c3, 5, 1, false);
	c3_close(c3);
}

static void test_markers_by_csr(void **state)
{
	struct c3 *c3 = c3_idle();
	struct esp32c3 *s = c3_part(c3);
	uint32_t value;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		c3_poke(c3, IO_MUX(4 + i), 0x1A00);
		c3_poke(c3, GPIO + 0x564 + 4 * i, 28 + i);
	}
	assert_true(esp32c3_csr_write(s, 0x805, 7));
	assert_int_equal(c3->edge_count, 0); /* no output enable */
	assert_true(esp32c3_csr_write(s, 0x803, 7));
	assert_int_equal(c3->edge_count, 3);
	assert_true(esp32c3_csr_write(s, 0x805, 2)); /* one store, two edges */
	assert_int_equal(c3->edge_count, 5);
	assert_edge(c3, 3, 0, false);
	assert_edge(c3, 4, 2, false);
	assert_true(c3->edges[3].t_ps == c3->edges[4].t_ps);
	assert_true(esp32c3_csr_read(s, 0x805, &value));
	assert_int_equal(value, 2);
	c3_poke(c3, GPIO + 0x154 + 4 * 28, 5 | 1u << 6); /* input 0 from GPIO5 */
	assert_true(esp32c3_csr_read(s, 0x804, &value));
	assert_int_equal(value, 1);
	assert_false(esp32c3_csr_read(s, 0x806, &value));
	assert_false(esp32c3_csr_write(s, 0x804, 0));
	assert_int_equal(c3_peek(c3, GPIO + 0x38), 0xC); /* straps */
	c3_close(c3);
}

/* System timer and interrupts ------------------------------------------------------------------ */

static uint64_t ticks(struct c3 *c3, unsigned unit)
{
	c3_poke(c3, ST + 4 + 4 * unit, 1u << 30);
	assert_int_equal(c3_peek(c3, ST + 4 + 4 * unit) >> 29 & 1, 1);
	return (uint64_t)c3_peek(c3, ST + 0x40 + 8 * unit) << 32 |
	       c3_peek(c3, ST + 0x44 + 8 * unit);
}

static void test_systimer_counts(void **state)
{
	struct c3 *c3 = c3_idle();
	uint64_t start = ticks(c3, 0);

	(void)state;
	c3_run(c3, 1000 * C3_MS);
	assert_in_range(ticks(c3, 0) - start, 15999839, 16000161);
	assert_int_equal(ticks(c3, 1), 0); /* unit 1 is off after reset */
	c3_poke(c3, ST + 0x14, 0x12345);
	c3_poke(c3, ST + 0x18, 0xFFFFFFF0);
	c3_poke(c3, ST + 0x60, 1);
	c3_change(c3, ST, 0, 1u << 29);
	c3_run(c3, 2 * C3_US);
	/* 32 periods of 16 MHz at an unknown phase */
	assert_in_range(ticks(c3, 1), UINT64_C(0x123460000000F), UINT64_C(0x1234600000010));
	c3_poke(c3, SYSCLK, 0); /* the crystal's rate is not the CPU's */
	start = ticks(c3, 0);
	c3_run(c3, 10 * C3_US);
	assert_in_range(ticks(c3, 0) - start, 159, 161);
	c3_close(c3);
}

static void test_systimer_alarms(void **state)
{
	struct c3 *c3 = c3_idle();
	uint64_t target = ticks(c3, 0) + 1600;

	(void)state;
	c3_change(c3, ST, 0, 7u << 22);
	c3_poke(c3, ST + 0x64, 7);
	c3_poke(c3, ST + 0x24, (uint32_t)(target >> 32)); /* target 1 */
	c3_poke(c3, ST + 0x28, (uint32_t)target);
	c3_poke(c3, ST + 0x54, 1);
	c3_run(c3, 99 * C3_US);
	assert_int_equal(c3_peek(c3, ST + 0x70), 0);
	c3_run(c3, 2 * C3_US);
	assert_int_equal(c3_peek(c3, ST + 0x70), 2);
	assert_int_equal(c3_peek(c3, INT + 0xFC), 1u << (38 - 32));
	c3_poke(c3, ST + 0x6C, 2);
	c3_run(c3, 10 * C3_MS);
	assert_int_equal(c3_peek(c3, ST + 0x68), 0); /* once */
	c3_poke(c3, ST + 0x54, 1);                   /* the past: at once */
	c3_run(c3, C3_US);
	assert_int_equal(c3_peek(c3, ST + 0x68), 2);
	c3_poke(c3, ST + 0x6C, 2);
	c3_poke(c3, ST + 0x34, 1u << 30 | 160); /* target 0, every 10 us */
	c3_poke(c3, ST + 0x50, 1);
	for (unsigned i = 0; i < 5; i++) {
		c3_run(c3, 10 * C3_US + C3_US / 10);
		assert_int_equal(c3_peek(c3, ST + 0x68), 1);
		c3_poke(c3, ST + 0x6C, 1);
	}
	c3_poke(c3, ST + 0x34, 1u << 30);
	c3_poke(c3, ST + 0x50, 1);
	c3_assert_fault(c3, "period mode with a period of 0");
	c3_close(c3);
}

/* FROM_CPU interrupts are levels that a register sets: what the core is told, and what is pending.
 */
static void test_interrupt_matrix(void **state)
{
	struct c3 *c3 = c3_idle();
	const struct esp32c3_interrupts *interrupts = &c3_part(c3)->interrupts;

	(void)state;
	c3_poke(c3, INT + 4 * 50, 9);
	c3_poke(c3, INT + 4 * 51, 10);
	c3_poke(c3, INT + 0x114 + 4 * 9, 2);
	c3_poke(c3, INT + 0x114 + 4 * 10, 5);
	c3_poke(c3, SYS + 0x28, 1);
	assert_int_equal(c3_peek(c3, INT + 0x110), 1u << 9);
	c3_poke(c3, SYS + 0x28, 0);
	assert_int_equal(c3_peek(c3, INT + 0x110), 0);
	c3_poke(c3, INT + 0x108, 1u << 10); /* edge */
	c3_poke(c3, SYS + 0x2C, 1);
	c3_poke(c3, SYS + 0x2C, 0);
	assert_int_equal(c3_peek(c3, INT + 0x110), 1u << 10);
	c3_poke(c3, INT + 0x10C, 1u << 10);
	assert_int_equal(c3_peek(c3, INT + 0x110), 0);
	c3_poke(c3, INT + 4 * 50, 0); /* cut off */
	c3_poke(c3, SYS + 0x28, 1);
	assert_int_equal(interrupts->lines, 0);
	c3_close(c3);
}

/* Analog --------------------------------------------------------------------------------------- */

static double temperature(struct c3 *c3, int offset)
{
	return 0.4386 * (c3_peek(c3, TSENS) & 0xFF) - 27.88 * offset - 20.52;
}

static void test_temperature(void **state)
{
	static const double junctions_c[] = {-5, 21, 45, 78};
	struct c3 *c3 = c3_idle();

	(void)state;
	c3_change(c3, TSENS, 0, 1u << 22);
	c3_run(c3, C3_MS);
	assert_int_equal(c3_peek(c3, TSENS) & 0xFF, 0); /* no clock yet */
	c3_change(c3, CLK_EN1, 0, 1u << 10);
	for (size_t i = 0; i < COUNT(junctions_c); i++) {
		chip_set_junction(c3->chip, junctions_c[i]);
		assert_true(fabs(temperature(c3, 0) - junctions_c[i]) < 1.3);
	}
	c3_change(c3, 0x6000E044, 1u << 18, 0);
	c3_change(c3, 0x6000E048, 0, 1u << 16);
	c3_poke(c3, 0x6000E000, 0x69 | 6 << 8 | 5 << 16 | 1 << 24); /* 50 to 125 degrees */
	chip_set_junction(c3->chip, 110);
	assert_true(fabs(temperature(c3, -2) - 110) < 1.3);
	c3_change(c3, TSENS, 1u << 22, 0);
	assert_int_equal(c3_peek(c3, TSENS) & 0xFF, 0);
	c3_close(c3);
}

static void test_identity(void **state)
{
	struct c3 *c3 = c3_idle();
	uint32_t low = c3_peek(c3, 0x60008844), high = c3_peek(c3, 0x60008848);
	char text[13];

	(void)state;
	snprintf(text, sizeof(text), "%04x%08x", high & 0xFFFF, low);
	assert_memory_equal(text, chip_uid_text(c3->chip), 12);
	assert_int_equal(high >> 8 & 3, 2); /* locally administered, of one station */
	c3_close(c3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),          cmocka_unit_test(test_clock_rules),
		cmocka_unit_test(test_pll_restart),     cmocka_unit_test(test_bus_rules),
		cmocka_unit_test(test_narrow_stores),   cmocka_unit_test(test_uart_rates),
		cmocka_unit_test(test_uart_receive),    cmocka_unit_test(test_uart_wrong_format),
		cmocka_unit_test(test_uart_interrupts), cmocka_unit_test(test_uart_divider_change),
		cmocka_unit_test(test_uart_pins),       cmocka_unit_test(test_markers_by_gpio),
		cmocka_unit_test(test_markers_by_csr),  cmocka_unit_test(test_systimer_counts),
		cmocka_unit_test(test_systimer_alarms), cmocka_unit_test(test_interrupt_matrix),
		cmocka_unit_test(test_temperature),     cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
