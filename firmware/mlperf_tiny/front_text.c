/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Text out and in, without printf.
 */
#include <string.h>

#include "firmware/mlperf_tiny/front_internal.h"
#include "firmware/ports/port.h"

void front_print(const char *text)
{
	port_uart_write((const uint8_t *)text, (uint32_t)strlen(text));
}

void front_print_number(int64_t number)
{
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char text[24];
	char *at = text + sizeof(text) - 1;

	*at = 0;
	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (number < 0)
		*--at = '-';
	front_print(at);
}

void front_print_hex(uint32_t word)
{
	char text[9];

	for (int i = 0; i < 8; i++)
		text[i] = "0123456789abcdef"[word >> (28 - 4 * i) & 15];
	text[8] = 0;
	front_print(text);
}

void front_print_error(const char *text, const char *more)
{
	front_print("e-[");
	front_print(text);
	front_print(more);
	front_print("]\r\n");
}

bool front_number_parse(const char *word, uint32_t *ret_number)
{
	uint32_t number = 0;

	if (!*word)
		return false;
	for (; *word; word++) {
		uint32_t digit = (uint32_t)(*word - '0');

		if (*word < '0' || *word > '9' || number > (INT32_MAX - digit) / 10)
			return false;
		number = 10 * number + digit;
	}
	*ret_number = number;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int front_hex_parse(const char *digits)
{
	int high = hex_digit(digits[0]);
	int low = high < 0 ? -1 : hex_digit(digits[1]);

	return low < 0 ? -1 : 16 * high + low;
}
