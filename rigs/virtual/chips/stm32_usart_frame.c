/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USART: baud and frame as the registers say, when they work, and how the families differ.
 */
#include "rigs/virtual/chips/stm32.h"

#define CR1_MODELLED                                                                               \
	0x100097EDu /* all but UESM, IDLEIE, MME, WAKE, CMIE, DEDT, DEAT, RTOIE, EOBIE */
#define CR1_FIFO (STM32_UART_CR1_FIFOEN | STM32_UART_CR1_TXFEIE | STM32_UART_CR1_RXFFIE)

/* USARTDIV: with OVER8 the low four bits of BRR hold one bit less. */
static uint32_t divider(const struct stm32_usart *uart)
{
	if (uart->cr1 & STM32_UART_CR1_OVER8)
		return (uart->brr & 0xFFF0) | (uart->brr & 7) << 1;
	return uart->brr;
}

static uint32_t divider_min(const struct stm32_usart *uart)
{
	return uart->traits->low_power ? 0x300 : 0x10;
}

uint64_t stm32_usart_baud_millihz(const struct stm32_usart *uart)
{
	static const unsigned prescalers[16] = {1,  2,  4,   6,   8,   10,  12,  16,
						32, 64, 128, 256, 256, 256, 256, 256};
	uint64_t clock = uart->traits->kernel_millihz(uart->chip) / prescalers[uart->presc];

	if (uart->traits->low_power)
		clock *= 256;
	else if (uart->cr1 & STM32_UART_CR1_OVER8)
		clock *= 2;
	return divider(uart) ? clock / divider(uart) : 0;
}

struct chip_uart_format stm32_usart_format(const struct stm32_usart *uart)
{
	struct chip_uart_format format = {(uint32_t)((stm32_usart_baud_millihz(uart) + 500) / 1000),
					  CHIP_PARITY_NONE};

	if (uart->cr1 & STM32_UART_CR1_PCE)
		format.parity = uart->cr1 & STM32_UART_CR1_PS ? CHIP_PARITY_ODD : CHIP_PARITY_EVEN;
	return format;
}

unsigned stm32_usart_frame_bits(const struct stm32_usart *uart)
{
	unsigned stop = (uart->cr2 >> 12 & 3) == 2 ? 2 : 1;

	return 1 + 8 + (uart->cr1 & STM32_UART_CR1_PCE ? 1 : 0) + stop;
}

static bool brr_works(struct stm32_usart *uart)
{
	const char *name = uart->traits->name;

	if (divider(uart) < divider_min(uart))
		stm32_fault(uart->chip, "%s enabled with BRR 0x%x, the least is 0x%x", name,
			    uart->brr, divider_min(uart));
	else if (uart->cr1 & STM32_UART_CR1_OVER8 && uart->brr & 8)
		stm32_fault(uart->chip, "%s enabled with OVER8 and BRR 0x%x: bit 3 must be clear",
			    name, uart->brr);
	else
		return true;
	return false;
}

/* Bit 3 of BRR with OVER8 is ignored. */
static bool usartdiv_works(struct stm32_usart *uart)
{
	if (divider(uart) >= divider_min(uart))
		return true;
	stm32_fault(uart->chip, "%s enabled with a divider of %u, the least is %u",
		    uart->traits->name, divider(uart), divider_min(uart));
	return false;
}

const struct stm32_usart_generation stm32_usart_fifo = {
	.bytes = 0x30, /* the last is PRESC */
	.cr1_modelled = CR1_MODELLED | CR1_FIFO,
	.requests = STM32_UART_RQR_RXFRQ | STM32_UART_RQR_TXFRQ,
	.errors_per_byte = true,
	.divider_works = brr_works,
};

const struct stm32_usart_generation stm32_usart_no_fifo = {
	.bytes = 0x2C, /* the last is TDR */
	.cr1_modelled = CR1_MODELLED,
	.requests = STM32_UART_RQR_RXFRQ,
	.divider_works = usartdiv_works,
};

bool stm32_usart_settings_work(struct stm32_usart *uart)
{
	bool m0 = uart->cr1 & STM32_UART_CR1_M0, pce = uart->cr1 & STM32_UART_CR1_PCE;

	if (!uart->traits->generation->divider_works(uart))
		return false;
	if (!(uart->cr1 & STM32_UART_CR1_M1) && m0 == pce)
		return true;
	stm32_fault(uart->chip, "%s frames other than 8 data bits are not modelled (M0 %d, PCE %d)",
		    uart->traits->name, m0, pce);
	return false;
}
