/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: the C library as compiled for the target (newlib-nano, picolibc) in what both must agree:
 * formatting of integers and text, conversions, qsort, and its mathematics rounded to 20 bits.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/corpus/corpus.h"

void *_sbrk(ptrdiff_t bytes);
extern char firmware_heap[];

void *_sbrk(ptrdiff_t bytes)
{
	static char *end = firmware_heap;
	char *old = end;

	end += bytes;
	return old;
}

static int compare(const void *x, const void *y)
{
	const int32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static void sorting(void)
{
	static int32_t values[120];
	int32_t key;

	for (unsigned i = 0; i < 120; i++)
		values[i] = (int32_t)next_random();
	key = values[60];
	qsort(values, 120, sizeof(values[0]), compare);
	emit_bytes(values, sizeof(values));
	emit((uint32_t)((int32_t *)bsearch(&key, values, 120, sizeof(key), compare) - values));
}

static void text(void)
{
	char line[100];
	char *end;

	for (unsigned i = 0; i < 20; i++) {
		int32_t x = (int32_t)next_random() >> i;
		int length = snprintf(line, sizeof(line), "%d|%8x|%-12s|%+05ld|%c", (int)x,
				      (unsigned)x, "shunt", (long)(x % 997), 'a' + (int)i);

		emit_bytes(line, (size_t)length);
		emit((uint32_t)strtol(line, &end, 10));
		emit((uint32_t)(end - line));
		emit((uint32_t)strtoul(strchr(line, '|') + 1, NULL, 16));
	}
	emit_float(strtof("3.25e-3", NULL));
	emit_double(strtod("-1234567.875", &end));
}

static void rounded(double value)
{
	int exponent;
	double mantissa = frexp(value, &exponent);

	emit((uint32_t)(int32_t)floor(mantissa * 1048576.0 + 0.5));
	emit((uint32_t)exponent);
}

static void mathematics(void)
{
	for (int i = 1; i < 30; i++) {
		double x = i * 0.37 - 4.0;

		rounded(sin(x));
		rounded(exp(x));
		rounded(log(i * 1.7));
		rounded(pow(i, 0.3));
		rounded(sqrt(i * 3.0));
		rounded((double)tanhf((float)x));
		rounded((double)expf((float)x));
		rounded((double)sinf((float)x));
	}
}

void program(void)
{
	sorting();
	text();
	mathematics();
}
