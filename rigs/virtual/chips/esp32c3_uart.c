/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * UART0 of the ESP32-C3 (TRM, "UART Controller") on GPIO21 (TX) and GPIO20 (RX): 8 data bits with
 * or without parity. No flow control, RS485, IrDA, AT commands or break; registers of these read
 * back what was written, and switching them on is a fault.
 *
 * A divider or clock that changes while a byte is on its way damages that byte.
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

enum {
	UART_FIFO = 0x00,
	UART_INT_RAW = 0x04,
	UART_INT_ST = 0x08,
	UART_INT_ENA = 0x0C,
	UART_INT_CLR = 0x10,
	UART_CLKDIV = 0x14,
	UART_RX_FILT = 0x18,
	UART_STATUS = 0x1C,
	UART_CONF0 = 0x20,
	UART_CONF1 = 0x24,
	UART_PLAIN_FIRST = 0x28, /* LOWPULSE */
	UART_PLAIN_LAST = 0x5C,  /* AT_CMD_CHAR */
	UART_MEM_CONF = 0x60,
	UART_MEM_TX_STATUS = 0x64,
	UART_MEM_RX_STATUS = 0x68,
	UART_FSM_STATUS = 0x6C,
	UART_POSPULSE = 0x70,
	UART_NEGPULSE = 0x74,
	UART_CLK_CONF = 0x78,
	UART_DATE = 0x7C,
	UART_ID = 0x80,
};

#define CONF0_PARITY_ODD       (1u << 0)
#define CONF0_PARITY_EN        (1u << 1)
#define CONF0_RXFIFO_RST       (1u << 17)
#define CONF0_TXFIFO_RST       (1u << 18)
#define CONF0_ERR_WR_MASK      (1u << 26)
#define CONF0_MODELLED         0x1E0600FFu /* no break, IrDA, loopback, flow control, inversion */
#define CONF0_RESET            0x1000001Cu
#define CONF1_TOUT_EN          (1u << 21)
#define CONF1_RX_FLOW_EN       (1u << 20)
#define CONF1_RESET            0x0000C060u
#define CLK_CONF_SCLK_EN       (1u << 22)
#define CLK_CONF_RST_CORE      (1u << 23)
#define CLK_CONF_TX_EN         (1u << 24)
#define CLK_CONF_RX_EN         (1u << 25)
#define CLK_CONF_TX_RST        (1u << 26)
#define CLK_CONF_RX_RST        (1u << 27)
#define CLK_CONF_RESET         0x03701000u
#define CLK_CONF_ROM           0x03700000u /* the crystal, undivided */
#define MEM_CONF_RESET         0x000A0012u
#define CLKDIV_RESET           0x000002B6u
#define ID_RESET               0x40000500u
#define ID_UPDATE              (1u << 31)
#define STATUS_IDLE            0xE000C000u
#define FIFO_UNIT              128u
#define BAUD_TOLERANCE_PERCENT 3

static unsigned rx_depth(const struct esp32c3_uart *uart)
{
	unsigned bytes = (uart->mem_conf >> 1 & 7) * FIFO_UNIT;

	return bytes < sizeof(uart->rx) ? bytes : sizeof(uart->rx);
}

static unsigned tx_depth(const struct esp32c3_uart *uart)
{
	unsigned bytes = (uart->mem_conf >> 4 & 7) * FIFO_UNIT;

	return bytes < sizeof(uart->tx) ? bytes : sizeof(uart->tx);
}

/* Interrupts that follow the fill of a FIFO come back as long as their cause is there. */
static void irq_update(struct esp32c3 *s)
{
	struct esp32c3_uart *uart = &s->uart;

	if (uart->rx_count > 0 && uart->rx_count >= (uart->conf1 & 0x1FF))
		uart->int_raw |= ESP32C3_UART_INT_RXFIFO_FULL;
	if (uart->tx_count < (uart->conf1 >> 9 & 0x1FF))
		uart->int_raw |= ESP32C3_UART_INT_TXFIFO_EMPTY;
	esp32c3_set_source(s, ESP32C3_SOURCE_UART0, uart->int_raw & uart->int_ena);
}

static uint64_t source_millihz(const struct esp32c3 *s)
{
	switch (s->uart.clk_conf >> 20 & 3) {
	case 1:
		return esp32c3_apb_millihz(s);
	case 2:
		return s->rtc[ESP32C3_RTC_CLK_CONF / 4] & ESP32C3_CLK_CONF_DIG_CK8M
			       ? esp32c3_rc_fast_millihz(s)
			       : 0;
	case 3:
		return esp32c3_xtal_millihz(s);
	default:
		return 0;
	}
}

static uint64_t baud_millihz(const struct esp32c3 *s)
{
	const struct esp32c3_uart *uart = &s->uart;
	uint32_t conf = uart->clk_conf, b = conf & 63, a = conf >> 6 & 63;
	uint64_t whole = (conf >> 12 & 255) + 1;
	uint64_t divider = 16 * (uart->clkdiv & 0xFFF) + (uart->clkdiv >> 20 & 15);
	uint64_t source = source_millihz(s);

	if (divider < 16 || !(conf & CLK_CONF_SCLK_EN))
		return 0;
	if (a != 0 && b != 0)
		source = source * b / (whole * b + a);
	else
		source /= whole;
	return 16 * source / divider;
}

static struct chip_uart_format format_now(const struct esp32c3 *s)
{
	struct chip_uart_format format = {(uint32_t)((baud_millihz(s) + 500) / 1000),
					  CHIP_PARITY_NONE};

	if (s->uart.conf0 & CONF0_PARITY_EN)
		format.parity =
			s->uart.conf0 & CONF0_PARITY_ODD ? CHIP_PARITY_ODD : CHIP_PARITY_EVEN;
	return format;
}

static int64_t bits_ps(const struct esp32c3 *s, unsigned half_bits)
{
	return (int64_t)((__int128)half_bits * 500 * ESP32C3_PS_PER_S / (__int128)baud_millihz(s));
}

static unsigned frame_half_bits(const struct esp32c3_uart *uart)
{
	static const unsigned stop_half_bits[4] = {2, 2, 3, 4};

	return 2 + 16 + (uart->conf0 & CONF0_PARITY_EN ? 2 : 0) +
	       stop_half_bits[uart->conf0 >> 4 & 3];
}

static bool may_send(const struct esp32c3 *s)
{
	return s->uart.clk_conf & CLK_CONF_TX_EN &&
	       !(s->uart.clk_conf & (CLK_CONF_RST_CORE | CLK_CONF_TX_RST)) && baud_millihz(s) > 0;
}

/* Moves the next byte into the shift register; start_ps is when its start bit begins. */
static void shift_next(struct esp32c3 *s, int64_t start_ps)
{
	struct esp32c3_uart *uart = &s->uart;

	if (uart->shifting || uart->tx_count == 0 || !may_send(s))
		return;
	uart->shifting = true;
	uart->shift = uart->tx[0];
	memmove(uart->tx, uart->tx + 1, --uart->tx_count);
	uart->shift_format = format_now(s);
	esp32c3_schedule(s, ESP32C3_DEADLINE_UART, start_ps + bits_ps(s, frame_half_bits(uart)));
}

void esp32c3_uart_event(struct esp32c3 *s, int64_t t_ps)
{
	struct esp32c3_uart *uart = &s->uart;

	uart->shifting = false;
	if (esp32c3_uart_drives_pin(s))
		s->callbacks.uart_tx(s->callbacks.context, uart->shift, &uart->shift_format, t_ps);
	if (s->mode == ESP32C3_MODE_ROM)
		esp32c3_rom_feed(s);
	shift_next(s, t_ps);
	if (!uart->shifting)
		uart->int_raw |= ESP32C3_UART_INT_TX_DONE;
	irq_update(s);
}

static void damage_shift(struct esp32c3 *s)
{
	if (s->uart.shifting)
		s->uart.shift ^= (uint8_t)(1 + esp32c3_random(s) % 255);
}

void esp32c3_uart_clock_changed(struct esp32c3 *s)
{
	struct chip_uart_format now = format_now(s);
	int64_t off = (int64_t)now.baud - s->uart.shift_format.baud;

	if ((off < 0 ? -off : off) * 100 >
	    (int64_t)s->uart.shift_format.baud * BAUD_TOLERANCE_PERCENT)
		damage_shift(s);
	shift_next(s, esp32c3_now(s));
}

unsigned esp32c3_uart_room(const struct esp32c3 *s)
{
	unsigned depth = tx_depth(&s->uart);

	return s->uart.tx_count < depth ? depth - s->uart.tx_count : 0;
}

void esp32c3_uart_put(struct esp32c3 *s, uint8_t byte)
{
	struct esp32c3_uart *uart = &s->uart;

	if (esp32c3_uart_room(s) == 0 || uart->conf0 & CONF0_TXFIFO_RST)
		return; /* lost */
	uart->tx[uart->tx_count++] = byte;
	shift_next(s, esp32c3_now(s));
	irq_update(s);
}

void esp32c3_uart_set_baud(struct esp32c3 *s, uint32_t baud)
{
	uint32_t sixteenths = (uint32_t)((16ull * ESP32C3_XTAL_HZ + baud / 2) / baud);

	s->uart.clk_conf = CLK_CONF_ROM;
	s->uart.conf0 = CONF0_RESET;
	s->uart.clkdiv = sixteenths / 16 | sixteenths % 16 << 20;
}

/* Receiving ---------------------------------------------------------------------------------- */

/* A byte of another format is not what was sent, and says so. */
static uint8_t damage(struct esp32c3 *s, uint8_t byte, const struct chip_uart_format *format,
		      uint32_t *ret_errors)
{
	struct chip_uart_format own = format_now(s);
	int64_t off = (int64_t)format->baud - own.baud;
	bool baud_is_off =
		(off < 0 ? -off : off) * 100 > (int64_t)own.baud * BAUD_TOLERANCE_PERCENT;

	*ret_errors = 0;
	if (!baud_is_off && format->parity == own.parity)
		return byte;
	if (baud_is_off || own.parity == CHIP_PARITY_NONE)
		*ret_errors |= ESP32C3_UART_INT_FRM_ERR;
	if (own.parity != CHIP_PARITY_NONE)
		*ret_errors |= ESP32C3_UART_INT_PARITY_ERR;
	return byte ^ (uint8_t)(1 + esp32c3_random(s) % 255);
}

static void start_timeout(struct esp32c3 *s)
{
	const struct esp32c3_uart *uart = &s->uart;
	bool waits = uart->conf1 & CONF1_TOUT_EN && uart->rx_count > 0 && baud_millihz(s) > 0;

	esp32c3_schedule(s, ESP32C3_DEADLINE_UART_TOUT,
			 waits ? esp32c3_now(s) + bits_ps(s, 2 * (uart->mem_conf >> 16 & 0x3FF))
			       : ESP32C3_NEVER_PS);
}

void esp32c3_uart_tout_event(struct esp32c3 *s, int64_t t_ps)
{
	(void)t_ps;
	if (s->uart.rx_count > 0)
		s->uart.int_raw |= ESP32C3_UART_INT_RXFIFO_TOUT;
	irq_update(s);
}

static bool may_receive(const struct esp32c3 *s)
{
	const struct esp32c3_uart *uart = &s->uart;

	return uart->clk_conf & CLK_CONF_RX_EN &&
	       !(uart->clk_conf & (CLK_CONF_RST_CORE | CLK_CONF_RX_RST)) &&
	       !(uart->conf0 & CONF0_RXFIFO_RST) && baud_millihz(s) > 0 &&
	       s->system[ESP32C3_SYS_PERIP_CLK_EN0 / 4] & ESP32C3_CLK_UART &&
	       esp32c3_uart_hears_pin(s);
}

void esp32c3_uart_rx(struct esp32c3 *s, uint8_t byte, const struct chip_uart_format *format)
{
	struct esp32c3_uart *uart = &s->uart;
	uint32_t errors;

	if (!may_receive(s))
		return;
	byte = damage(s, byte, format, &errors);
	uart->int_raw |= errors;
	if (uart->rx_count >= rx_depth(uart))
		uart->int_raw |= ESP32C3_UART_INT_RXFIFO_OVF;
	else if (!(errors && uart->conf0 & CONF0_ERR_WR_MASK))
		uart->rx[uart->rx_count++] = byte;
	start_timeout(s);
	irq_update(s);
}

static uint32_t fifo_read(struct esp32c3 *s)
{
	struct esp32c3_uart *uart = &s->uart;
	uint8_t byte = uart->rx[0];

	if (uart->rx_count == 0)
		return 0;
	memmove(uart->rx, uart->rx + 1, --uart->rx_count);
	if (uart->rx_count == 0)
		start_timeout(s);
	return byte;
}

/* Registers ---------------------------------------------------------------------------------- */

uint32_t esp32c3_uart_read(struct esp32c3 *s, uint32_t offset)
{
	struct esp32c3_uart *uart = &s->uart;

	if (offset >= UART_PLAIN_FIRST && offset <= UART_PLAIN_LAST)
		return uart->plain[(offset - UART_PLAIN_FIRST) / 4];
	switch (offset) {
	case UART_FIFO:
		return fifo_read(s);
	case UART_INT_RAW:
		return uart->int_raw;
	case UART_INT_ST:
		return uart->int_raw & uart->int_ena;
	case UART_INT_ENA:
		return uart->int_ena;
	case UART_INT_CLR:
	case UART_MEM_TX_STATUS:
	case UART_MEM_RX_STATUS:
		return 0;
	case UART_CLKDIV:
		return uart->clkdiv;
	case UART_RX_FILT:
		return uart->rx_filt;
	case UART_STATUS:
		return STATUS_IDLE | uart->rx_count | uart->tx_count << 16;
	case UART_CONF0:
		return uart->conf0;
	case UART_CONF1:
		return uart->conf1;
	case UART_MEM_CONF:
		return uart->mem_conf;
	case UART_FSM_STATUS:
		return uart->shifting ? 2u << 4 : 0;
	case UART_POSPULSE:
	case UART_NEGPULSE:
		return 0xFFF;
	case UART_CLK_CONF:
		return uart->clk_conf;
	case UART_DATE:
		return 0x02008270;
	case UART_ID:
		return uart->id;
	default:
		esp32c3_unmodelled(s, ESP32C3_UART0_BASE + offset);
		return 0;
	}
}

static void conf0_write(struct esp32c3 *s, uint32_t value)
{
	struct esp32c3_uart *uart = &s->uart;
	uint32_t changed = uart->conf0 ^ value;

	if (value & ~CONF0_MODELLED || (value >> 2 & 3) != 3) {
		esp32c3_fault(s,
			      "UART_CONF0 0x%08x: frames of 8 data bits without break, IrDA, "
			      "loopback, flow control and inversion are what is modelled",
			      value);
		return;
	}
	uart->conf0 = value;
	if (value & CONF0_RXFIFO_RST)
		uart->rx_count = 0;
	if (value & CONF0_TXFIFO_RST)
		uart->tx_count = 0;
	if (changed & 0x3F)
		damage_shift(s);
}

static void conf1_write(struct esp32c3 *s, uint32_t value)
{
	if (value & CONF1_RX_FLOW_EN)
		esp32c3_fault(s, "UART_CONF1 0x%08x: flow control is not modelled", value);
	s->uart.conf1 = value & 0x003FFFFF;
	start_timeout(s);
}

static void clk_conf_write(struct esp32c3 *s, uint32_t value)
{
	struct esp32c3_uart *uart = &s->uart;

	uart->clk_conf = value & 0x0FFFFFFF;
	if (value & (CLK_CONF_RST_CORE | CLK_CONF_TX_RST)) {
		uart->shifting = false;
		uart->tx_count = 0;
		esp32c3_schedule(s, ESP32C3_DEADLINE_UART, ESP32C3_NEVER_PS);
	}
	if (value & (CLK_CONF_RST_CORE | CLK_CONF_RX_RST))
		uart->rx_count = 0;
	esp32c3_uart_clock_changed(s);
}

static void plain_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	static const uint32_t flow_conf = 0x34, rs485_conf = 0x4C;

	if ((offset == flow_conf || offset == rs485_conf) && value & 1)
		esp32c3_fault(s,
			      "UART register 0x%02x = 0x%08x: software flow control and RS485 "
			      "are not modelled",
			      offset, value);
	s->uart.plain[(offset - UART_PLAIN_FIRST) / 4] = value;
}

void esp32c3_uart_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	struct esp32c3_uart *uart = &s->uart;

	if (offset >= UART_PLAIN_FIRST && offset <= UART_PLAIN_LAST) {
		plain_write(s, offset, value);
		return;
	}
	switch (offset) {
	case UART_FIFO:
		esp32c3_uart_put(s, (uint8_t)value);
		break;
	case UART_INT_ENA:
		uart->int_ena = value & 0xFFFFF;
		break;
	case UART_INT_CLR:
		uart->int_raw &= ~value;
		break;
	case UART_CLKDIV:
		uart->clkdiv = value & 0x00F00FFF;
		esp32c3_uart_clock_changed(s);
		break;
	case UART_RX_FILT:
		uart->rx_filt = value & 0x1FF;
		break;
	case UART_CONF0:
		conf0_write(s, value);
		break;
	case UART_CONF1:
		conf1_write(s, value);
		break;
	case UART_MEM_CONF:
		uart->mem_conf = value & 0x0FFFFFFE;
		start_timeout(s);
		break;
	case UART_CLK_CONF:
		clk_conf_write(s, value);
		break;
	case UART_ID:
		uart->id = value & ~ID_UPDATE; /* synchronised at once */
		break;
	case UART_INT_RAW:
	case UART_INT_ST:
	case UART_STATUS:
	case UART_FSM_STATUS:
		break; /* read-only */
	default:
		esp32c3_unmodelled(s, ESP32C3_UART0_BASE + offset);
		break;
	}
	irq_update(s);
}

void esp32c3_uart_reset(struct esp32c3 *s)
{
	struct esp32c3_uart *uart = &s->uart;

	memset(uart, 0, sizeof(*uart));
	uart->clkdiv = CLKDIV_RESET;
	uart->conf0 = CONF0_RESET;
	uart->conf1 = CONF1_RESET;
	uart->mem_conf = MEM_CONF_RESET;
	uart->clk_conf = CLK_CONF_RESET;
	uart->id = ID_RESET;
	esp32c3_schedule(s, ESP32C3_DEADLINE_UART, ESP32C3_NEVER_PS);
	esp32c3_schedule(s, ESP32C3_DEADLINE_UART_TOUT, ESP32C3_NEVER_PS);
	irq_update(s);
}
