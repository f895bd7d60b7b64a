/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The wire between a board's UART and the adapter on its port: bytes from the host take the time
 * their bits take at the adapter's speed; what the board sends with another speed arrives as
 * garbage.
 */
#ifndef RIGS_VIRTUAL_SERVER_UART_H
#define RIGS_VIRTUAL_SERVER_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rigs/virtual/chips/chip.h"
#include "rigs/virtual/server/rfc2217.h"

#define UART_TO_BOARD_BYTES 4096
/* Far more than the backlog at which time stands still; bytes beyond are lost. */
#define UART_TO_HOST_BYTES (2u << 20)

struct uart_byte {
	uint8_t byte;
	uint8_t bits; /* of the whole frame */
	struct chip_uart_format format;
};

struct uart {
	struct chip_uart_format format; /* of the adapter */
	unsigned stop_bits;
	struct uart_byte
		to_board[UART_TO_BOARD_BYTES]; /* ring; each with the settings of its time */
	size_t to_board_head, to_board_count;
	int64_t arrival_ps; /* end of the stop bit of the byte at the head */
	uint8_t *to_host;   /* ring */
	size_t to_host_head, to_host_count;
};

bool uart_init(struct uart *uart); /* false: out of memory */
void uart_done(struct uart *uart);

void uart_set(struct uart *uart, const struct rfc2217_settings *settings);

/* From the host: at most uart_room bytes; the line was idle until now_ps. */
size_t uart_room(const struct uart *uart);
void uart_queue(struct uart *uart, const uint8_t *bytes, size_t count, int64_t now_ps);
/* When the next byte is complete at the board's pin; INT64_MAX: none is on its way. */
int64_t uart_next_arrival_ps(const struct uart *uart);
struct uart_byte uart_take_arrived(struct uart *uart);
void uart_drop_to_board(struct uart *uart);

/* From the board, as the adapter understands it. */
void uart_hear(struct uart *uart, uint8_t byte, const struct chip_uart_format *format);
size_t uart_take(struct uart *uart, uint8_t *ret_bytes, size_t capacity);
void uart_drop_to_host(struct uart *uart);

#endif
