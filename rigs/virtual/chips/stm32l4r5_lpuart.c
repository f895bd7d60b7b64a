/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LPUART1 of the STM32L4R5 (RM0432 section 45) on PA2 (TX) and PA3 (RX), alternate function 8.
 * Frames of 8 data bits with or without parity; no DMA, no flow control, no wake-up, no idle
 * detection.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32l4r5.h"

enum {
	UART_CR1 = 0x00,
	UART_CR2 = 0x04,
	UART_CR3 = 0x08,
	UART_BRR = 0x0C,
	UART_RQR = 0x18,
	UART_ISR = 0x1C,
	UART_ICR = 0x20,
	UART_RDR = 0x24,
	UART_TDR = 0x28,
	UART_PRESC = 0x2C
};

#define PIN_TX       2
#define PIN_RX       3
#define FUNCTION     8
#define BRR_MIN      0x300u
#define FIFO_DEPTH   8
#define CR1_MODELLED 0xF00017EDu /* all but UESM, IDLEIE, MME, WAKE, CMIE, DEDT, DEAT */
#define CR1_FORMAT                                                                                 \
	(STM32_UART_CR1_PS | STM32_UART_CR1_PCE | STM32_UART_CR1_M0 | STM32_UART_CR1_M1 |          \
	 STM32_UART_CR1_FIFOEN)
#define CR2_MODELLED           0x00003000u /* STOP */
#define CR3_MODELLED           0x00001001u /* OVRDIS EIE */
#define CR3_OVRDIS             0x00001000u
#define RX_FLAGS               (STM32_UART_ISR_PE | STM32_UART_ISR_FE | STM32_UART_ISR_NE | STM32_UART_ISR_ORE)
#define BAUD_TOLERANCE_PERCENT 3

static bool enabled(const struct stm32_lpuart *uart, uint32_t which)
{
	return (uart->cr1 & (STM32_UART_CR1_UE | which)) == (STM32_UART_CR1_UE | which);
}

static unsigned depth(const struct stm32_lpuart *uart)
{
	return uart->cr1 & STM32_UART_CR1_FIFOEN ? FIFO_DEPTH : 1;
}

static uint32_t isr_read(const struct stm32_lpuart *uart)
{
	uint32_t isr = uart->sticky;

	if (uart->rx_count > 0)
		isr |= STM32_UART_ISR_RXNE | uart->rx_errors[0];
	if (uart->tx_count < depth(uart))
		isr |= STM32_UART_ISR_TXE;
	if (enabled(uart, STM32_UART_CR1_TE))
		isr |= STM32_UART_ISR_TEACK;
	if (enabled(uart, STM32_UART_CR1_RE))
		isr |= STM32_UART_ISR_REACK;
	if (uart->cr1 & STM32_UART_CR1_FIFOEN) {
		if (uart->tx_count == 0)
			isr |= STM32_UART_ISR_TXFE;
		if (uart->rx_count == FIFO_DEPTH)
			isr |= STM32_UART_ISR_RXFF;
	}
	return isr;
}

static void irq_update(struct stm32l4r5 *s)
{
	/* ISR bit -> CR1 enable; ORE shares RXNE's. */
	static const struct {
		uint32_t flags, enable;
	} sources[] = {
		{STM32_UART_ISR_RXNE | STM32_UART_ISR_ORE, STM32_UART_CR1_RXNEIE},
		{STM32_UART_ISR_TC, STM32_UART_CR1_TCIE},
		{STM32_UART_ISR_TXE, STM32_UART_CR1_TXEIE},
		{STM32_UART_ISR_PE, STM32_UART_CR1_PEIE},
		{STM32_UART_ISR_TXFE, STM32_UART_CR1_TXFEIE},
		{STM32_UART_ISR_RXFF, STM32_UART_CR1_RXFFIE},
	};
	const struct stm32_lpuart *uart = &s->lpuart;
	uint32_t isr = isr_read(uart);
	bool level = uart->cr3 & STM32_UART_CR3_EIE && isr & RX_FLAGS & ~STM32_UART_ISR_PE;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		level |= isr & sources[i].flags && uart->cr1 & sources[i].enable;
	armv7em_set_irq(s->core, STM32_IRQ_LPUART1, level && uart->cr1 & STM32_UART_CR1_UE);
}

static uint64_t baud_millihz(const struct stm32l4r5 *s)
{
	static const unsigned prescalers[16] = {1,  2,  4,   6,   8,   10,  12,  16,
						32, 64, 128, 256, 256, 256, 256, 256};
	uint64_t clock = stm32l4r5_lpuart_millihz(s) / prescalers[s->lpuart.presc];

	return s->lpuart.brr ? 256 * clock / s->lpuart.brr : 0;
}

static struct chip_uart_format format_now(const struct stm32l4r5 *s)
{
	struct chip_uart_format format = {(uint32_t)((baud_millihz(s) + 500) / 1000),
					  CHIP_PARITY_NONE};

	if (s->lpuart.cr1 & STM32_UART_CR1_PCE)
		format.parity =
			s->lpuart.cr1 & STM32_UART_CR1_PS ? CHIP_PARITY_ODD : CHIP_PARITY_EVEN;
	return format;
}

static unsigned frame_bits(const struct stm32_lpuart *uart)
{
	unsigned stop = (uart->cr2 >> 12 & 3) == 2 ? 2 : 1;

	return 1 + 8 + (uart->cr1 & STM32_UART_CR1_PCE ? 1 : 0) + stop;
}

/* Moves the next byte into the shift register; start_ps is when its start bit begins. */
static void shift_next(struct stm32l4r5 *s, int64_t start_ps)
{
	struct stm32_lpuart *uart = &s->lpuart;
	uint64_t millihz = baud_millihz(s);

	if (uart->shifting || uart->tx_count == 0 || !enabled(uart, STM32_UART_CR1_TE) ||
	    millihz == 0)
		return;
	uart->shifting = true;
	uart->shift = uart->tx[0];
	memmove(uart->tx, uart->tx + 1, --uart->tx_count);
	uart->shift_format = format_now(s);
	uart->shift_end_ps = start_ps + (int64_t)((__int128)frame_bits(uart) * 1000 *
						  STM32_PS_PER_S / (__int128)millihz);
	stm32l4r5_schedule(s, STM32_DEADLINE_LPUART, uart->shift_end_ps);
}

void stm32l4r5_lpuart_event(struct stm32l4r5 *s, int64_t t_ps)
{
	struct stm32_lpuart *uart = &s->lpuart;

	uart->shifting = false;
	if (stm32l4r5_pin_is_alternate(s, STM32_PORT_A, PIN_TX, FUNCTION))
		s->callbacks.uart_tx(s->callbacks.context, uart->shift, &uart->shift_format, t_ps);
	shift_next(s, t_ps);
	if (!uart->shifting)
		uart->sticky |= STM32_UART_ISR_TC;
	irq_update(s);
}

/* A byte of another format is not what was sent, and says so. */
static uint8_t damage(struct stm32l4r5 *s, uint8_t byte, const struct chip_uart_format *format,
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
		*ret_errors |= STM32_UART_ISR_FE;
	if (own.parity != CHIP_PARITY_NONE)
		*ret_errors |= STM32_UART_ISR_PE;
	return byte ^ (uint8_t)(1 + stm32l4r5_random(s) % 255);
}

void stm32l4r5_lpuart_rx(struct stm32l4r5 *s, uint8_t byte, const struct chip_uart_format *format)
{
	struct stm32_lpuart *uart = &s->lpuart;
	uint32_t errors;

	if (!enabled(uart, STM32_UART_CR1_RE) || baud_millihz(s) == 0 ||
	    !stm32l4r5_pin_is_alternate(s, STM32_PORT_A, PIN_RX, FUNCTION))
		return;
	byte = damage(s, byte, format, &errors);
	if (uart->rx_count == depth(uart)) {
		if (!(uart->cr3 & CR3_OVRDIS)) {
			uart->sticky |= STM32_UART_ISR_ORE;
			irq_update(s);
			return;
		}
		uart->rx_count--; /* the new byte takes the last one's place */
	}
	uart->rx[uart->rx_count] = byte;
	uart->rx_errors[uart->rx_count++] = errors;
	irq_update(s);
}

static uint32_t rdr_read(struct stm32l4r5 *s)
{
	struct stm32_lpuart *uart = &s->lpuart;
	uint32_t value = uart->rx[0];

	if (uart->rx_count > 0) {
		uart->sticky |= uart->rx_errors[0];
		uart->rx_count--;
		memmove(uart->rx, uart->rx + 1, sizeof(uart->rx) - 1);
		memmove(uart->rx_errors, uart->rx_errors + 1,
			sizeof(uart->rx_errors) - sizeof(uart->rx_errors[0]));
		if (!(uart->cr1 & STM32_UART_CR1_FIFOEN))
			uart->rx[0] = (uint8_t)value; /* RDR keeps the byte */
	}
	irq_update(s);
	return value;
}

static void tdr_write(struct stm32l4r5 *s, uint8_t byte)
{
	struct stm32_lpuart *uart = &s->lpuart;

	if (!enabled(uart, STM32_UART_CR1_TE))
		return;
	uart->sticky &= ~STM32_UART_ISR_TC;
	if (uart->tx_count < depth(uart))
		uart->tx[uart->tx_count++] = byte;
	else if (depth(uart) == 1)
		uart->tx[0] = byte; /* written over before it was sent */
	shift_next(s, stm32l4r5_now(s));
	irq_update(s);
}

/* Enabling the UART: the frame and the divider must be such that it works. */
static bool settings_work(struct stm32l4r5 *s)
{
	const struct stm32_lpuart *uart = &s->lpuart;
	bool m0 = uart->cr1 & STM32_UART_CR1_M0, pce = uart->cr1 & STM32_UART_CR1_PCE;

	if (uart->brr < BRR_MIN)
		stm32l4r5_fault(s, "LPUART1 enabled with BRR 0x%x, the least is 0x%x", uart->brr,
				BRR_MIN);
	else if (uart->cr1 & STM32_UART_CR1_M1 || m0 != pce)
		stm32l4r5_fault(s,
				"LPUART1 frames other than 8 data bits are not modelled "
				"(M0 %d, PCE %d)",
				m0, pce);
	else
		return true;
	return false;
}

static void cr1_write(struct stm32l4r5 *s, uint32_t value)
{
	struct stm32_lpuart *uart = &s->lpuart;
	uint32_t old = uart->cr1;

	if (value & ~CR1_MODELLED) {
		stm32l4r5_fault(s, "LPUART1_CR1 0x%08x sets bits that are not modelled", value);
		return;
	}
	if (old & value & STM32_UART_CR1_UE && (old ^ value) & CR1_FORMAT) {
		stm32l4r5_fault(s, "LPUART1 frame format changed while UE is set");
		return;
	}
	uart->cr1 = value;
	if (~old & value & STM32_UART_CR1_UE && !settings_work(s))
		return;
	if (old & ~value & STM32_UART_CR1_UE) { /* the transfer in progress is lost */
		uart->shifting = false;
		uart->rx_count = uart->tx_count = 0;
		uart->sticky = STM32_UART_ISR_TC;
		stm32l4r5_schedule(s, STM32_DEADLINE_LPUART, STM32_NEVER_PS);
	}
	shift_next(s, stm32l4r5_now(s));
	irq_update(s);
}

static void while_disabled_write(struct stm32l4r5 *s, const char *name, uint32_t *word,
				 uint32_t value, uint32_t modelled)
{
	if (value == *word)
		return;
	if (s->lpuart.cr1 & STM32_UART_CR1_UE)
		stm32l4r5_fault(s, "LPUART1_%s changed while UE is set", name);
	else if (value & ~modelled)
		stm32l4r5_fault(s, "LPUART1_%s 0x%08x sets bits that are not modelled", name,
				value);
	else
		*word = value;
}

uint32_t stm32l4r5_lpuart_read(struct stm32l4r5 *s, uint32_t offset)
{
	struct stm32_lpuart *uart = &s->lpuart;

	switch (offset) {
	case UART_CR1:
		return uart->cr1;
	case UART_CR2:
		return uart->cr2;
	case UART_CR3:
		return uart->cr3;
	case UART_BRR:
		return uart->brr;
	case UART_RQR:
	case UART_ICR:
	case UART_TDR:
		return 0;
	case UART_ISR:
		return isr_read(uart);
	case UART_RDR:
		return rdr_read(s);
	case UART_PRESC:
		return uart->presc;
	default:
		stm32l4r5_unmodelled(s, STM32_LPUART_BASE + offset);
		return 0;
	}
}

static void rqr_write(struct stm32l4r5 *s, uint32_t value)
{
	if (value & 8) /* RXFRQ */
		s->lpuart.rx_count = 0;
	if (value & 16) /* TXFRQ */
		s->lpuart.tx_count = 0;
	irq_update(s);
}

static void icr_write(struct stm32l4r5 *s, uint32_t value)
{
	s->lpuart.sticky &= ~(value & (RX_FLAGS | STM32_UART_ISR_TC));
	if (s->lpuart.rx_count > 0)
		s->lpuart.rx_errors[0] &= ~value;
	irq_update(s);
}

void stm32l4r5_lpuart_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32_lpuart *uart = &s->lpuart;

	switch (offset) {
	case UART_CR1:
		cr1_write(s, (uart->cr1 & ~mask) | value);
		break;
	case UART_CR2:
		while_disabled_write(s, "CR2", &uart->cr2, (uart->cr2 & ~mask) | value,
				     CR2_MODELLED);
		break;
	case UART_CR3:
		value |= uart->cr3 & ~mask;
		if ((value ^ uart->cr3) == STM32_UART_CR3_EIE)
			uart->cr3 = value; /* the one bit that may change at any time */
		else
			while_disabled_write(s, "CR3", &uart->cr3, value, CR3_MODELLED);
		irq_update(s);
		break;
	case UART_BRR:
		while_disabled_write(s, "BRR", &uart->brr, (uart->brr & ~mask) | value, 0xFFFFF);
		break;
	case UART_PRESC:
		while_disabled_write(s, "PRESC", &uart->presc, (uart->presc & ~mask) | value, 15);
		break;
	case UART_RQR:
		rqr_write(s, value);
		break;
	case UART_ICR:
		icr_write(s, value);
		break;
	case UART_TDR:
		tdr_write(s, (uint8_t)value);
		break;
	case UART_ISR:
	case UART_RDR:
		break; /* read-only */
	default:
		stm32l4r5_unmodelled(s, STM32_LPUART_BASE + offset);
		break;
	}
}

void stm32l4r5_lpuart_reset(struct stm32l4r5 *s)
{
	memset(&s->lpuart, 0, sizeof(s->lpuart));
	s->lpuart.sticky = STM32_UART_ISR_TC;
	stm32l4r5_schedule(s, STM32_DEADLINE_LPUART, STM32_NEVER_PS);
	irq_update(s);
}
