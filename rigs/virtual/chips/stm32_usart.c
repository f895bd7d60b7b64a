/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USART: pace, formats, flags, interrupts, and what must not be changed while it is enabled.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32.h"

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

#define CR1_FORMAT                                                                                 \
	(STM32_UART_CR1_PS | STM32_UART_CR1_PCE | STM32_UART_CR1_M0 | STM32_UART_CR1_M1 |          \
	 STM32_UART_CR1_FIFOEN | STM32_UART_CR1_OVER8)
#define CR2_MODELLED           0x00003000u /* STOP */
#define CR3_MODELLED           (STM32_UART_CR3_EIE | STM32_UART_CR3_ONEBIT | STM32_UART_CR3_OVRDIS)
#define RX_FLAGS               (STM32_UART_ISR_PE | STM32_UART_ISR_FE | STM32_UART_ISR_NE | STM32_UART_ISR_ORE)
#define BAUD_TOLERANCE_PERCENT 3

static bool enabled(const struct stm32_usart *uart, uint32_t which)
{
	return (uart->cr1 & (STM32_UART_CR1_UE | which)) == (STM32_UART_CR1_UE | which);
}

static unsigned depth(const struct stm32_usart *uart)
{
	return uart->cr1 & STM32_UART_CR1_FIFOEN ? STM32_USART_FIFO_DEPTH : 1;
}

static uint32_t isr_read(const struct stm32_usart *uart)
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
		if (uart->rx_count == STM32_USART_FIFO_DEPTH)
			isr |= STM32_UART_ISR_RXFF;
	}
	return isr;
}

static void irq_update(struct stm32_usart *uart)
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
	uint32_t isr = isr_read(uart);
	bool level = uart->cr3 & STM32_UART_CR3_EIE && isr & RX_FLAGS & ~STM32_UART_ISR_PE;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		level |= isr & sources[i].flags && uart->cr1 & sources[i].enable;
	armv7em_set_irq(uart->chip->core, uart->traits->irq,
			level && uart->cr1 & STM32_UART_CR1_UE);
}

/* Moves the next byte into the shift register; start_ps is when its start bit begins. */
static void shift_next(struct stm32_usart *uart, int64_t start_ps)
{
	uint64_t millihz = stm32_usart_baud_millihz(uart);

	if (uart->shifting || uart->tx_count == 0 || !enabled(uart, STM32_UART_CR1_TE) ||
	    millihz == 0)
		return;
	uart->shifting = true;
	uart->shift = uart->tx[0];
	memmove(uart->tx, uart->tx + 1, --uart->tx_count);
	uart->shift_format = stm32_usart_format(uart);
	stm32_schedule(uart->chip, STM32_DEADLINE_UART,
		       start_ps + (int64_t)((__int128)stm32_usart_frame_bits(uart) * 1000 *
					    STM32_PS_PER_S / (__int128)millihz));
}

void stm32_usart_event(struct stm32_usart *uart, int64_t t_ps)
{
	const struct stm32_usart_traits *traits = uart->traits;
	const struct chip_callbacks *callbacks = &uart->chip->callbacks;

	uart->shifting = false;
	if (stm32_gpio_pin_is_alternate(uart->gpio, traits->tx_port, traits->tx_pin,
					traits->function))
		callbacks->uart_tx(callbacks->context, uart->shift, &uart->shift_format, t_ps);
	shift_next(uart, t_ps);
	if (!uart->shifting)
		uart->sticky |= STM32_UART_ISR_TC;
	irq_update(uart);
}

/* A byte of another format is not what was sent, and says so. */
static uint8_t damage(struct stm32_usart *uart, uint8_t byte, const struct chip_uart_format *format,
		      uint32_t *ret_errors)
{
	struct chip_uart_format own = stm32_usart_format(uart);
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
	return byte ^ (uint8_t)(1 + stm32_random(uart->chip) % 255);
}

void stm32_usart_rx(struct stm32_usart *uart, uint8_t byte, const struct chip_uart_format *format)
{
	const struct stm32_usart_traits *traits = uart->traits;
	uint32_t errors;

	if (!enabled(uart, STM32_UART_CR1_RE) || stm32_usart_baud_millihz(uart) == 0 ||
	    !stm32_gpio_pin_is_alternate(uart->gpio, traits->rx_port, traits->rx_pin,
					 traits->function))
		return;
	byte = damage(uart, byte, format, &errors);
	if (uart->rx_count == depth(uart)) {
		if (!(uart->cr3 & STM32_UART_CR3_OVRDIS)) {
			uart->sticky |= STM32_UART_ISR_ORE;
			irq_update(uart);
			return;
		}
		uart->rx_count--; /* the new byte takes the last one's place */
	}
	uart->rx[uart->rx_count] = byte;
	uart->rx_errors[uart->rx_count++] = traits->generation->errors_per_byte ? errors : 0;
	uart->sticky |= traits->generation->errors_per_byte ? 0 : errors;
	irq_update(uart);
}

static uint32_t rdr_read(struct stm32_usart *uart)
{
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
	irq_update(uart);
	return value;
}

static void tdr_write(struct stm32_usart *uart, uint8_t byte)
{
	if (!enabled(uart, STM32_UART_CR1_TE))
		return;
	uart->sticky &= ~STM32_UART_ISR_TC;
	if (uart->tx_count < depth(uart))
		uart->tx[uart->tx_count++] = byte;
	else if (depth(uart) == 1)
		uart->tx[0] = byte; /* written over before it was sent */
	shift_next(uart, stm32_now(uart->chip));
	irq_update(uart);
}

static void cr1_write(struct stm32_usart *uart, uint32_t value)
{
	const char *name = uart->traits->name;
	uint32_t old = uart->cr1;

	if (value & ~uart->traits->generation->cr1_modelled ||
	    (uart->traits->low_power && value & STM32_UART_CR1_OVER8)) {
		stm32_fault(uart->chip, "%s_CR1 0x%08x sets bits that are not modelled", name,
			    value);
		return;
	}
	if (old & value & STM32_UART_CR1_UE && (old ^ value) & CR1_FORMAT) {
		stm32_fault(uart->chip, "%s frame format changed while UE is set", name);
		return;
	}
	uart->cr1 = value;
	if (~old & value & STM32_UART_CR1_UE && !stm32_usart_settings_work(uart))
		return;
	if (old & ~value & STM32_UART_CR1_UE) { /* the transfer in progress is lost */
		uart->shifting = false;
		uart->rx_count = uart->tx_count = 0;
		uart->sticky = STM32_UART_ISR_TC;
		stm32_schedule(uart->chip, STM32_DEADLINE_UART, STM32_NEVER_PS);
	}
	shift_next(uart, stm32_now(uart->chip));
	irq_update(uart);
}

static void while_disabled_write(struct stm32_usart *uart, const char *name, uint32_t *word,
				 uint32_t value, uint32_t modelled)
{
	if (value == *word)
		return;
	if (uart->cr1 & STM32_UART_CR1_UE)
		stm32_fault(uart->chip, "%s_%s changed while UE is set", uart->traits->name, name);
	else if (value & ~modelled)
		stm32_fault(uart->chip, "%s_%s 0x%08x sets bits that are not modelled",
			    uart->traits->name, name, value);
	else
		*word = value;
}

/* UINT32_MAX: this part has no register there. */
static uint32_t register_at(const struct stm32_usart *uart, uint32_t offset)
{
	return offset < uart->traits->generation->bytes ? offset : UINT32_MAX;
}

uint32_t stm32_usart_read(struct stm32_usart *uart, uint32_t offset)
{
	switch (register_at(uart, offset)) {
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
		return rdr_read(uart);
	case UART_PRESC:
		return uart->presc;
	default:
		stm32_unmodelled(uart->chip, uart->traits->base + offset);
		return 0;
	}
}

static void rqr_write(struct stm32_usart *uart, uint32_t value)
{
	value &= uart->traits->generation->requests;
	if (value & STM32_UART_RQR_RXFRQ)
		uart->rx_count = 0;
	if (value & STM32_UART_RQR_TXFRQ)
		uart->tx_count = 0;
	irq_update(uart);
}

static void icr_write(struct stm32_usart *uart, uint32_t value)
{
	uart->sticky &= ~(value & (RX_FLAGS | STM32_UART_ISR_TC));
	if (uart->rx_count > 0)
		uart->rx_errors[0] &= ~value;
	irq_update(uart);
}

static void cr3_write(struct stm32_usart *uart, uint32_t value)
{
	if ((value ^ uart->cr3) == STM32_UART_CR3_EIE)
		uart->cr3 = value; /* the one bit that may change at any time */
	else
		while_disabled_write(uart, "CR3", &uart->cr3, value, CR3_MODELLED);
	irq_update(uart);
}

void stm32_usart_write(struct stm32_usart *uart, uint32_t offset, uint32_t value, uint32_t mask)
{
	switch (register_at(uart, offset)) {
	case UART_CR1:
		cr1_write(uart, stm32_merge(uart->cr1, value, mask));
		break;
	case UART_CR2:
		while_disabled_write(uart, "CR2", &uart->cr2, stm32_merge(uart->cr2, value, mask),
				     CR2_MODELLED);
		break;
	case UART_CR3:
		cr3_write(uart, stm32_merge(uart->cr3, value, mask));
		break;
	case UART_BRR:
		while_disabled_write(uart, "BRR", &uart->brr, stm32_merge(uart->brr, value, mask),
				     uart->traits->low_power ? 0xFFFFF : 0xFFFF);
		break;
	case UART_PRESC:
		while_disabled_write(uart, "PRESC", &uart->presc,
				     stm32_merge(uart->presc, value, mask), 15);
		break;
	case UART_RQR:
		rqr_write(uart, value);
		break;
	case UART_ICR:
		icr_write(uart, value);
		break;
	case UART_TDR:
		tdr_write(uart, (uint8_t)value);
		break;
	case UART_ISR:
	case UART_RDR:
		break; /* read-only */
	default:
		stm32_unmodelled(uart->chip, uart->traits->base + offset);
		break;
	}
}

void stm32_usart_reset(struct stm32_usart *uart)
{
	struct stm32_usart fresh = {
		.chip = uart->chip,
		.gpio = uart->gpio,
		.traits = uart->traits,
		.sticky = STM32_UART_ISR_TC,
	};

	*uart = fresh;
	stm32_schedule(uart->chip, STM32_DEADLINE_UART, STM32_NEVER_PS);
	irq_update(uart);
}

void stm32_usart_init(struct stm32_usart *uart, struct stm32 *chip, const struct stm32_gpio *gpio,
		      const struct stm32_usart_traits *traits)
{
	uart->chip = chip;
	uart->gpio = gpio;
	uart->traits = traits;
}
