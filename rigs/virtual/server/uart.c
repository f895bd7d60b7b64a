/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The wire between a board's UART and its adapter. See the header.
 */
#include "rigs/virtual/server/uart.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A receiver samples bit 9 of a frame half a bit from its edge: 5 %, less what edges cost. */
#define BAUD_TOLERANCE 0.04
#define PS_PER_S       1000000000000

bool uart_init(struct uart *uart)
{
	*uart = (struct uart){.format = {115200, CHIP_PARITY_NONE}, .stop_bits = 1};
	uart->to_host = malloc(UART_TO_HOST_BYTES);
	return uart->to_host != NULL;
}

void uart_done(struct uart *uart)
{
	free(uart->to_host);
	uart->to_host = NULL;
}

void uart_set(struct uart *uart, const struct rfc2217_settings *settings)
{
	static const enum chip_parity parities[] = {
		[RFC2217_PARITY_NONE] = CHIP_PARITY_NONE,
		[RFC2217_PARITY_ODD] = CHIP_PARITY_ODD,
		[RFC2217_PARITY_EVEN] = CHIP_PARITY_EVEN,
	};

	uart->format.baud = settings->baud;
	uart->format.parity = parities[settings->parity];
	uart->stop_bits = settings->stop_bits;
}

/* To the board ------------------------------------------------------------------------------- */

static void start_head(struct uart *uart, int64_t start_ps)
{
	const struct uart_byte *head = &uart->to_board[uart->to_board_head];

	uart->arrival_ps = start_ps + head->bits * PS_PER_S / head->format.baud;
}

size_t uart_room(const struct uart *uart)
{
	return UART_TO_BOARD_BYTES - uart->to_board_count;
}

void uart_queue(struct uart *uart, const uint8_t *bytes, size_t count, int64_t now_ps)
{
	bool was_idle = uart->to_board_count == 0;
	uint8_t bits =
		(uint8_t)(1 + 8 + (uart->format.parity != CHIP_PARITY_NONE) + uart->stop_bits);

	assert(count <= uart_room(uart));
	for (size_t i = 0; i < count; i++) {
		size_t tail = (uart->to_board_head + uart->to_board_count) % UART_TO_BOARD_BYTES;

		uart->to_board[tail] = (struct uart_byte){bytes[i], bits, uart->format};
		uart->to_board_count++;
	}
	if (was_idle && count > 0)
		start_head(uart, now_ps);
}

int64_t uart_next_arrival_ps(const struct uart *uart)
{
	return uart->to_board_count ? uart->arrival_ps : INT64_MAX;
}

struct uart_byte uart_take_arrived(struct uart *uart)
{
	struct uart_byte taken = uart->to_board[uart->to_board_head];

	assert(uart->to_board_count > 0);
	uart->to_board_head = (uart->to_board_head + 1) % UART_TO_BOARD_BYTES;
	if (--uart->to_board_count)
		start_head(uart, uart->arrival_ps);
	return taken;
}

void uart_drop_to_board(struct uart *uart)
{
	uart->to_board_count = 0;
}

/* To the host -------------------------------------------------------------------------------- */

static bool parity_bit(uint8_t byte, enum chip_parity parity)
{
	return __builtin_parity(byte) != (parity == CHIP_PARITY_ODD);
}

/* What an adapter set to one format makes of a byte sent in another. */
static uint8_t as_heard(uint8_t byte, const struct chip_uart_format *sent,
			const struct chip_uart_format *set)
{
	double ratio = (double)sent->baud / set->baud;

	if (ratio < 1 - BAUD_TOLERANCE)
		return 0x00; /* the long start bit covers the frame */
	if (ratio > 1 + BAUD_TOLERANCE)
		return (uint8_t)(0xf8 | byte >> 5); /* over early: idle level fills the frame */
	/* The parity bit stands where a stop bit is expected: 0 is a framing error. A parity bit
	 * that is expected and not sent reads as the stop bit; a wrong one does not change the
	 * byte. */
	if (set->parity == CHIP_PARITY_NONE && sent->parity != CHIP_PARITY_NONE &&
	    !parity_bit(byte, sent->parity))
		return 0x00;
	return byte;
}

void uart_hear(struct uart *uart, uint8_t byte, const struct chip_uart_format *format)
{
	size_t tail = (uart->to_host_head + uart->to_host_count) % UART_TO_HOST_BYTES;

	if (uart->to_host_count == UART_TO_HOST_BYTES)
		return;
	uart->to_host[tail] = as_heard(byte, format, &uart->format);
	uart->to_host_count++;
}

size_t uart_take(struct uart *uart, uint8_t *ret_bytes, size_t capacity)
{
	size_t count = uart->to_host_count < capacity ? uart->to_host_count : capacity;
	size_t to_end = UART_TO_HOST_BYTES - uart->to_host_head;
	size_t first = count < to_end ? count : to_end;

	memcpy(ret_bytes, uart->to_host + uart->to_host_head, first);
	memcpy(ret_bytes + first, uart->to_host, count - first);
	uart->to_host_head = (uart->to_host_head + count) % UART_TO_HOST_BYTES;
	uart->to_host_count -= count;
	return count;
}

void uart_drop_to_host(struct uart *uart)
{
	uart->to_host_count = 0;
}
