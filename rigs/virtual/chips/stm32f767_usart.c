/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USART3 of the STM32F767 (RM0410 section 34) on PB10 (TX) and PB11 (RX), alternate function 7.
 * Frames of 8 data bits with or without parity, oversampling by 16 or 8; no DMA, no flow control,
 * no idle or break detection, no other mode.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32f767.h"

enum {
	UART_CR1 = 0x00,
	UART_CR2 = 0x04,
	UART_CR3 = 0x08,
	UART_BRR = 0x0C,
	UART_RQR = 0x18,
	UART_ISR = 0x1C,
	UART_ICR = 0x20,
	UART_RDR = 0x24,
	UART_TDR = 0x28
};

#define PIN_TX      10
#define PIN_RX      11
#define FUNCTION    7
#define DIVIDER_MIN 16u
#define CR1_MODELLED                                                                               \
	0x100097EDu /* all but UESM, IDLEIE, MME, WAKE, CMIE, DEDT, DEAT, RTOIE, EOBIE */
#define CR1_FORMAT                                                                                 \
	(F767_UART_CR1_PS | F767_UART_CR1_PCE | F767_UART_CR1_M0 | F767_UART_CR1_M1 |              \
	 F767_UART_CR1_OVER8)
#define CR2_MODELLED           0x00003000u /* STOP */
#define CR3_MODELLED           0x00001801u /* OVRDIS ONEBIT EIE */
#define RX_FLAGS               (F767_UART_ISR_PE | F767_UART_ISR_FE | F767_UART_ISR_NE | F767_UART_ISR_ORE)
#define BAUD_TOLERANCE_PERCENT 3

static bool enabled(const struct f767_usart *uart, uint32_t which)
{
	return (uart->cr1 & (F767_UART_CR1_UE | which)) == (F767_UART_CR1_UE | which);
}

static uint32_t isr_read(const struct f767_usart *uart)
{
	uint32_t isr = uart->sticky;

	if (uart->rx_full)
		isr |= F767_UART_ISR_RXNE;
	if (!uart->tx_full)
		isr |= F767_UART_ISR_TXE;
	if (enabled(uart, F767_UART_CR1_TE))
		isr |= F767_UART_ISR_TEACK;
	if (enabled(uart, F767_UART_CR1_RE))
		isr |= F767_UART_ISR_REACK;
	return isr;
}

static void irq_update(struct stm32f767 *s)
{
	/* ISR bit -> CR1 enable; ORE shares RXNE's. */
	static const struct {
		uint32_t flags, enable;
	} sources[] = {
		{F767_UART_ISR_RXNE | F767_UART_ISR_ORE, F767_UART_CR1_RXNEIE},
		{F767_UART_ISR_TC, F767_UART_CR1_TCIE},
		{F767_UART_ISR_TXE, F767_UART_CR1_TXEIE},
		{F767_UART_ISR_PE, F767_UART_CR1_PEIE},
	};
	const struct f767_usart *uart = &s->usart;
	uint32_t isr = isr_read(uart);
	bool level = uart->cr3 & F767_UART_CR3_EIE && isr & RX_FLAGS & ~F767_UART_ISR_PE;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		level |= isr & sources[i].flags && uart->cr1 & sources[i].enable;
	armv7em_set_irq(s->core, F767_IRQ_USART3, level && uart->cr1 & F767_UART_CR1_UE);
}

/* USARTDIV: with OVER8 the low digit of BRR has three bits, and the clock counts twice. */
static unsigned divider(const struct f767_usart *uart)
{
	if (!(uart->cr1 & F767_UART_CR1_OVER8))
		return uart->brr;
	return (uart->brr & 0xFFF0) | (uart->brr & 7) << 1;
}

static uint64_t baud_millihz(const struct stm32f767 *s)
{
	uint64_t clock = stm32f767_usart_millihz(s);

	if (s->usart.cr1 & F767_UART_CR1_OVER8)
		clock *= 2;
	return divider(&s->usart) ? clock / divider(&s->usart) : 0;
}

static struct chip_uart_format format_now(const struct stm32f767 *s)
{
	struct chip_uart_format format = {(uint32_t)((baud_millihz(s) + 500) / 1000),
					  CHIP_PARITY_NONE};

	if (s->usart.cr1 & F767_UART_CR1_PCE)
		format.parity =
			s->usart.cr1 & F767_UART_CR1_PS ? CHIP_PARITY_ODD : CHIP_PARITY_EVEN;
	return format;
}

static unsigned frame_bits(const struct f767_usart *uart)
{
	unsigned stop = (uart->cr2 >> 12 & 3) == 2 ? 2 : 1;

	return 1 + 8 + (uart->cr1 & F767_UART_CR1_PCE ? 1 : 0) + stop;
}

/* Moves the next byte into the shift register; start_ps is when its start bit begins. */
static void shift_next(struct stm32f767 *s, int64_t start_ps)
{
	struct f767_usart *uart = &s->usart;
	uint64_t millihz = baud_millihz(s);

	if (uart->shifting || !uart->tx_full || !enabled(uart, F767_UART_CR1_TE) || millihz == 0)
		return;
	uart->shifting = true;
	uart->shift = uart->tx;
	uart->tx_full = false;
	uart->shift_format = format_now(s);
	uart->shift_end_ps = start_ps + (int64_t)((__int128)frame_bits(uart) * 1000 *
						  F767_PS_PER_S / (__int128)millihz);
	stm32f767_schedule(s, F767_DEADLINE_USART, uart->shift_end_ps);
}

void stm32f767_usart_event(struct stm32f767 *s, int64_t t_ps)
{
	struct f767_usart *uart = &s->usart;

	uart->shifting = false;
	if (stm32f767_pin_is_alternate(s, F767_PORT_B, PIN_TX, FUNCTION))
		s->callbacks.uart_tx(s->callbacks.context, uart->shift, &uart->shift_format, t_ps);
	shift_next(s, t_ps);
	if (!uart->shifting)
		uart->sticky |= F767_UART_ISR_TC;
	irq_update(s);
}

/* A byte of another format is not what was sent, and says so. */
static uint8_t damage(struct stm32f767 *s, uint8_t byte, const struct chip_uart_format *format,
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
		*ret_errors |= F767_UART_ISR_FE;
	if (own.parity != CHIP_PARITY_NONE)
		*ret_errors |= F767_UART_ISR_PE;
	return byte ^ (uint8_t)(1 + stm32f767_random(s) % 255);
}

void stm32f767_usart_rx(struct stm32f767 *s, uint8_t byte, const struct chip_uart_format *format)
{
	struct f767_usart *uart = &s->usart;
	uint32_t errors;

	if (!enabled(uart, F767_UART_CR1_RE) || baud_millihz(s) == 0 ||
	    !stm32f767_pin_is_alternate(s, F767_PORT_B, PIN_RX, FUNCTION))
		return;
	byte = damage(s, byte, format, &errors);
	if (uart->rx_full && !(uart->cr3 & F767_UART_CR3_OVRDIS)) {
		uart->sticky |= F767_UART_ISR_ORE; /* RDR keeps the first byte */
	} else {
		uart->rx = byte;
		uart->rx_full = true;
		uart->sticky |= errors;
	}
	irq_update(s);
}

static uint32_t rdr_read(struct stm32f767 *s)
{
	s->usart.rx_full = false;
	irq_update(s);
	return s->usart.rx;
}

static void tdr_write(struct stm32f767 *s, uint8_t byte)
{
	struct f767_usart *uart = &s->usart;

	if (!enabled(uart, F767_UART_CR1_TE))
		return;
	uart->sticky &= ~F767_UART_ISR_TC;
	uart->tx = byte; /* a byte that still waits there is lost */
	uart->tx_full = true;
	shift_next(s, stm32f767_now(s));
	irq_update(s);
}

/* Enabling the UART: the frame and the divider must be such that it works. */
static bool settings_work(struct stm32f767 *s)
{
	const struct f767_usart *uart = &s->usart;
	bool m0 = uart->cr1 & F767_UART_CR1_M0, pce = uart->cr1 & F767_UART_CR1_PCE;

	if (divider(uart) < DIVIDER_MIN)
		stm32f767_fault(s, "USART3 enabled with a divider of %u, the least is %u",
				divider(uart), DIVIDER_MIN);
	else if (uart->cr1 & F767_UART_CR1_M1 || m0 != pce)
		stm32f767_fault(s,
				"USART3 frames other than 8 data bits are not modelled "
				"(M0 %d, PCE %d)",
				m0, pce);
	else
		return true;
	return false;
}

static void cr1_write(struct stm32f767 *s, uint32_t value)
{
	struct f767_usart *uart = &s->usart;
	uint32_t old = uart->cr1;

	if (value & ~CR1_MODELLED) {
		stm32f767_fault(s, "USART3_CR1 0x%08x sets bits that are not modelled", value);
		return;
	}
	if (old & value & F767_UART_CR1_UE && (old ^ value) & CR1_FORMAT) {
		stm32f767_fault(s, "USART3 frame format changed while UE is set");
		return;
	}
	uart->cr1 = value;
	if (~old & value & F767_UART_CR1_UE && !settings_work(s))
		return;
	if (old & ~value & F767_UART_CR1_UE) { /* the transfer in progress is lost */
		uart->shifting = false;
		uart->rx_full = uart->tx_full = false;
		uart->sticky = F767_UART_ISR_TC;
		stm32f767_schedule(s, F767_DEADLINE_USART, F767_NEVER_PS);
	}
	shift_next(s, stm32f767_now(s));
	irq_update(s);
}

static void while_disabled_write(struct stm32f767 *s, const char *name, uint32_t *word,
				 uint32_t value, uint32_t modelled)
{
	if (value == *word)
		return;
	if (s->usart.cr1 & F767_UART_CR1_UE)
		stm32f767_fault(s, "USART3_%s changed while UE is set", name);
	else if (value & ~modelled)
		stm32f767_fault(s, "USART3_%s 0x%08x sets bits that are not modelled", name, value);
	else
		*word = value;
}

uint32_t stm32f767_usart_read(struct stm32f767 *s, uint32_t offset)
{
	struct f767_usart *uart = &s->usart;

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
	default:
		stm32f767_unmodelled(s, F767_USART_BASE + offset);
		return 0;
	}
}

static void rqr_write(struct stm32f767 *s, uint32_t value)
{
	if (value & 8) /* RXFRQ */
		s->usart.rx_full = false;
	irq_update(s);
}

static void icr_write(struct stm32f767 *s, uint32_t value)
{
	s->usart.sticky &= ~(value & (RX_FLAGS | F767_UART_ISR_TC));
	irq_update(s);
}

void stm32f767_usart_write(struct stm32f767 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct f767_usart *uart = &s->usart;

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
		if ((value ^ uart->cr3) == F767_UART_CR3_EIE)
			uart->cr3 = value; /* the one bit that may change at any time */
		else
			while_disabled_write(s, "CR3", &uart->cr3, value, CR3_MODELLED);
		irq_update(s);
		break;
	case UART_BRR:
		while_disabled_write(s, "BRR", &uart->brr, (uart->brr & ~mask) | value, 0xFFFF);
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
		stm32f767_unmodelled(s, F767_USART_BASE + offset);
		break;
	}
}

void stm32f767_usart_reset(struct stm32f767 *s)
{
	memset(&s->usart, 0, sizeof(s->usart));
	s->usart.sticky = F767_UART_ISR_TC;
	stm32f767_schedule(s, F767_DEADLINE_USART, F767_NEVER_PS);
	irq_update(s);
}
