/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: printf-like formatting without a C library, and parsing it back.
 */
#include <stdarg.h>

#include "tests/oracle/corpus/corpus.h"

static char text[200];
static size_t used;

static void put(char character)
{
	if (used < sizeof(text))
		text[used++] = character;
}

static void put_number(uint64_t value, unsigned base, int width, char pad, int negative)
{
	char digits[64];
	int count = 0;

	do
		digits[count++] = "0123456789abcdef"[value % base];
	while (value /= base);
	if (negative)
		digits[count++] = '-';
	while (width-- > count)
		put(pad);
	while (count)
		put(digits[--count]);
}

static void put_signed(int64_t value, int width, char pad)
{
	put_number(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, width, pad, value < 0);
}

static void put_text(const char *from, int width)
{
	while (*from) {
		put(*from++);
		width--;
	}
	while (width-- > 0)
		put(' ');
}

static void format(const char *how, ...)
{
	va_list args;

	used = 0;
	va_start(args, how);
	for (; *how; how++) {
		int width = 0, wide = 0;
		char pad = ' ';

		if (*how != '%') {
			put(*how);
			continue;
		}
		if (*++how == '0')
			pad = *how++;
		while (*how >= '0' && *how <= '9')
			width = 10 * width + *how++ - '0';
		for (; *how == 'l'; how++)
			wide++;
		switch (*how) {
		case 'd':
			put_signed(wide > 1 ? va_arg(args, int64_t) : va_arg(args, int), width,
				   pad);
			break;
		case 'u':
			put_number(wide > 1 ? va_arg(args, uint64_t) : va_arg(args, unsigned), 10,
				   width, pad, 0);
			break;
		case 'x':
			put_number(wide > 1 ? va_arg(args, uint64_t) : va_arg(args, unsigned), 16,
				   width, pad, 0);
			break;
		case 'o':
			put_number(va_arg(args, unsigned), 8, width, pad, 0);
			break;
		case 'b':
			put_number(va_arg(args, unsigned), 2, width, pad, 0);
			break;
		case 's':
			put_text(va_arg(args, const char *), width);
			break;
		case 'c':
			put((char)va_arg(args, int));
			break;
		default:
			put(*how);
		}
	}
	va_end(args);
	emit_bytes(text, used);
}

static int64_t parse(const char *from, const char *end)
{
	uint64_t value = 0;
	int negative = 0;

	while (from < end && *from == ' ')
		from++;
	if (from < end && (*from == '-' || *from == '+'))
		negative = *from++ == '-';
	while (from < end && *from >= '0' && *from <= '9')
		value = value * 10 + (uint64_t)(*from++ - '0');
	return (int64_t)(negative ? 0 - value : value);
}

void program(void)
{
	for (unsigned i = 0; i < 24; i++) {
		uint32_t x = next_random() >> i;
		int64_t y = (int64_t)((uint64_t)next_random() << 32 | next_random()) >> (2 * i);

		format("%d %08x|%s:%6d%%", (int)x, (unsigned)x, "energy", -(int)(x & 0xfff));
		format("%lld %lu [%20llx] %c%c", (long long)y, (unsigned long)x,
		       (unsigned long long)y, 'a' + (int)(x % 26), '!');
		format("%o %032b %12s|", (unsigned)x, (unsigned)x, "µJ");
		format("%40lld", (long long)y);
		emit_pair((uint64_t)parse(text, text + used));
	}
}
