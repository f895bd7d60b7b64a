/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an LPM01A writes into its stream.
 *
 *   ASCII    dddd[+-]ee CR LF; 6409-07 is 6409e-7. Metadata are lines of text.
 *   binary   two bytes, high nibble e, low 12 bits m: m * 16^-e. e = 15 is not used by values:
 *            metadata are F0, kind, payload, FF FF.
 *
 * assumed: values are rounded and never negative, 0 is 0000+00 or E000; a NUL byte after some of
 * the time stamp lines, drawn with one chance in four; texts of errors; bit 31 of a binary time
 * stamp is set, and stays, once its 31 bits have overflowed.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/lpm01a_internal.h"

#define MANTISSA_MAX 4095
#define EXPONENT_MAX 14
#define TEXT_MAX     256

void lpm01a_line(struct vlpm01a *meter, const char *format, ...)
{
	char text[TEXT_MAX + 2];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, TEXT_MAX, format, args);
	va_end(args);
	if (length < 0 || length >= TEXT_MAX)
		return;
	memcpy(text + length, "\r\n", 2);
	lpm01a_emit(meter, text, (size_t)length + 2);
}

/* Values ------------------------------------------------------------------------------------- */

void lpm01a_format_value(char *ret_text, double value)
{
	int exponent = value > 0 ? (int)floor(log10(value)) - 3 : -100;
	unsigned mantissa = 0;

	if (exponent >= -99)
		mantissa = (unsigned)lround(value * pow(10, -exponent));
	else
		exponent = 0;
	if (mantissa > 9999) {
		mantissa = 1000;
		exponent++;
	}
	snprintf(ret_text, LPM01A_VALUE_SIZE, "%04u%c%02u", mantissa % 10000, exponent < 0 ? '-' : '+',
		 (unsigned)abs(exponent) % 100);
}

static void pack_value(uint8_t ret_bytes[2], double value)
{
	int exponent = EXPONENT_MAX;
	double scaled = value > 0 ? round(ldexp(value, 4 * exponent)) : 0;

	while (scaled > MANTISSA_MAX && exponent > 0)
		scaled = round(ldexp(value, 4 * --exponent));
	scaled = fmin(scaled, MANTISSA_MAX);
	ret_bytes[0] = (uint8_t)(exponent << 4 | (int)scaled >> 8);
	ret_bytes[1] = (uint8_t)scaled;
}

void lpm01a_sample(struct vlpm01a *meter, double value)
{
	uint8_t bytes[LPM01A_VALUE_SIZE];
	size_t count = 2, lost;

	if (meter->settings.binary) {
		pack_value(bytes, value);
	} else {
		lpm01a_format_value((char *)bytes, value);
		memcpy(bytes + 7, "\r\n", 2);
		count = 9;
	}
	lost = meter->lose_bytes < count ? meter->lose_bytes : count;
	meter->lose_bytes -= (unsigned)lost;
	lpm01a_emit(meter, bytes + lost, count - lost);
}

/* Metadata ----------------------------------------------------------------------------------- */

static void emit_binary(struct vlpm01a *meter, enum lpm01a_record kind, const void *payload,
			size_t count)
{
	uint8_t bytes[TEXT_MAX + 4] = {0xf0, (uint8_t)kind};

	if (count > TEXT_MAX)
		count = TEXT_MAX;
	if (count)
		memcpy(bytes + 2, payload, count);
	memset(bytes + 2 + count, 0xff, 2);
	lpm01a_emit(meter, bytes, count + 4);
}

void lpm01a_record(struct vlpm01a *meter, enum lpm01a_record kind, const char *text)
{
	if (meter->settings.binary && lpm01a_streams(meter))
		emit_binary(meter, kind, text, text ? strlen(text) : 0);
	else if (kind == LPM01A_RECORD_END)
		lpm01a_line(meter, "end");
	else if (kind == LPM01A_RECORD_OVER_CURRENT)
		lpm01a_line(meter, "error overcurrent");
	else if (kind == LPM01A_RECORD_ERROR)
		lpm01a_line(meter, "error %s", text);
	else if (text)
		lpm01a_line(meter, "%s", text);
}

void lpm01a_record_time(struct vlpm01a *meter, uint64_t time_ms)
{
	unsigned percent = (unsigned)(meter->pending * 100 / VLPM01A_QUEUE_BYTES);
	uint32_t word = (uint32_t)(time_ms & 0x7fffffff) | (uint32_t)(time_ms >> 31 ? 1 : 0) << 31;
	const uint8_t payload[] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16),
				   (uint8_t)(word >> 8), (uint8_t)word, (uint8_t)percent};

	if (meter->settings.binary) {
		emit_binary(meter, LPM01A_RECORD_TIME, payload, sizeof(payload));
		return;
	}
	lpm01a_line(meter, "TimeStamp: %llus %llums, buff %u%%",
		    (unsigned long long)(time_ms / 1000), (unsigned long long)(time_ms % 1000),
		    percent);
	if (vrandom_next(&meter->random) % 4 == 0)
		lpm01a_emit(meter, "", 1);
}

void lpm01a_record_voltage(struct vlpm01a *meter)
{
	const uint8_t payload[] = {(uint8_t)(meter->settings.volt_mv >> 8),
				   (uint8_t)meter->settings.volt_mv};

	if (meter->settings.binary)
		emit_binary(meter, LPM01A_RECORD_VOLTAGE, payload, sizeof(payload));
}
