/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS110: raw words into amperes and volts. Whole frames of one range, which nearly all
 * are, go four samples at a time through the same operations as single words.
 */
#include <math.h>
#include <string.h>

#include "drivers/meter/js110_calibration.h"

enum { LANES = 4, LINE_END_SHIFT = 4 };

#define RANGE_BITS UINT32_C(0x00010003)

/* Samples that a switch disturbs, [window][to][from]: the vendor's matrices "n" (its default) and
 * "m" (sample processing of joulescope_driver). */
static const uint8_t disturbed[2][8][8] = {
	{
		{0, 5, 7, 7, 7, 7, 7, 8},
		{3, 0, 7, 7, 7, 7, 7, 8},
		{5, 5, 0, 7, 7, 7, 7, 8},
		{5, 5, 5, 0, 7, 7, 7, 8},
		{5, 5, 5, 5, 0, 7, 7, 8},
		{5, 5, 5, 5, 5, 0, 7, 8},
		{5, 5, 5, 5, 5, 5, 0, 8},
		{0, 0, 0, 0, 0, 0, 0, 0},
	},
	{
		{0, 5, 5, 5, 5, 5, 6, 6},
		{3, 0, 5, 5, 5, 6, 7, 8},
		{4, 4, 0, 6, 6, 7, 7, 8},
		{4, 4, 4, 0, 6, 6, 7, 7},
		{4, 4, 4, 4, 0, 6, 7, 6},
		{4, 4, 4, 4, 4, 0, 7, 6},
		{4, 4, 4, 4, 4, 4, 0, 6},
		{0, 0, 0, 0, 0, 0, 0, 0},
	},
};

void js110_converter_restart(struct js110_converter *converter)
{
	converter->has_range = false;
	converter->range = converter->logic = 0;
	converter->window_left = 0;
	converter->held_a = NAN;
}

/* A converter whose lowest bit is a logic input lies between its two values. */
static double counts_of(uint32_t adc, bool has_input)
{
	return has_input ? (adc & ~UINT32_C(1)) + 0.5 : adc;
}

static uint8_t logic_of(const struct js110_converter *converter, uint32_t word)
{
	uint32_t lines = 0;

	if (converter->lines > 0)
		lines = word >> 18 & 1;
	if (converter->lines > 1)
		lines |= (word >> 2 & 1) << 1;
	return (uint8_t)(lines | lines << LINE_END_SHIFT);
}

static void follow_range(struct js110_converter *converter, uint8_t range)
{
	if (converter->has_range && range != converter->range)
		converter->window_left = disturbed[converter->window][range][converter->range];
	converter->range = range;
	converter->has_range = true;
}

/* What goes out for a sample that a switch disturbs, or not. */
static float judged(struct js110_converter *converter, float raw_a)
{
	if (!converter->window_left || converter->on_switch == JS110_SWITCH_KEEP) {
		converter->window_left -= converter->window_left > 0;
		converter->held_a = raw_a;
		return raw_a;
	}
	converter->window_left--;
	return converter->on_switch == JS110_SWITCH_HOLD ? converter->held_a : NAN;
}

static bool convert_word(struct js110_converter *converter, uint32_t word, unsigned voltage_range,
			 struct js110_output out, size_t n)
{
	const struct js110_scale *v = &converter->calibration.voltage[voltage_range];
	const struct js110_scale *i;

	if (word == JS110_MISSING) {
		converter->window_left -= converter->window_left > 0;
		out.current_a[n] = out.raw_current_a[n] = out.voltage_v[n] = NAN;
		out.logic[n] = converter->logic;
		out.range[n] = converter->range;
		return true;
	}
	follow_range(converter, (uint8_t)js110_word_range(word));
	converter->logic = logic_of(converter, word);
	out.logic[n] = converter->logic;
	out.range[n] = converter->range;
	out.voltage_v[n] =
		(float)((counts_of(js110_word_voltage(word), converter->lines > 0) + v->offset) *
			v->gain);
	if (converter->range == JS110_RANGE_OFF) {
		out.raw_current_a[n] = NAN;
	} else {
		i = &converter->calibration.current[converter->range];
		out.raw_current_a[n] =
			(float)((counts_of(js110_word_current(word), converter->lines > 1) +
				 i->offset) *
				i->gain);
	}
	out.current_a[n] = judged(converter, out.raw_current_a[n]);
	return isnan(out.current_a[n]);
}

/* --- whole frames ----------------------------------------------------------------------------- */

typedef uint32_t words4 __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef int32_t ints __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef double doubles __attribute__((vector_size(LANES * sizeof(double))));

/* One range, that of the sample before, and none missing (their range bits would say off). */
static bool frame_is_plain(const struct js110_converter *converter, const uint8_t *words)
{
	uint64_t any = 0, pair, first = js110_word(words);
	uint32_t differ;

	if (!converter->has_range || converter->window_left ||
	    js110_word_range((uint32_t)first) != converter->range ||
	    converter->range == JS110_RANGE_OFF)
		return false;
	first |= first << 32;
	for (size_t at = 0; at < JS110_FRAME_SAMPLES * JS110_WORD_BYTES; at += sizeof(pair)) {
		memcpy(&pair, words + at, sizeof(pair));
		any |= pair ^ first;
	}
	differ = (uint32_t)any | (uint32_t)(any >> 32);
	return !(differ & RANGE_BITS);
}

struct plain {
	struct js110_scale current, voltage;
	uint32_t current_mask, voltage_mask; /* of the converters' bits that count */
	uint8_t lines_mask;
};

static inline __attribute__((always_inline)) void
convert_lanes(const struct plain *plain, const uint8_t *words, struct js110_output out, size_t n)
{
	words4 word, logic;
	doubles current, voltage;
	floats rounded;

	memcpy(&word, words + n * JS110_WORD_BYTES, sizeof(word));
	current = __builtin_convertvector((ints)(word >> 2 & plain->current_mask), doubles);
	voltage = __builtin_convertvector((ints)(word >> 18 & plain->voltage_mask), doubles);
	rounded = __builtin_convertvector((current + plain->current.offset) * plain->current.gain,
					  floats);
	memcpy(out.current_a + n, &rounded, sizeof(rounded));
	memcpy(out.raw_current_a + n, &rounded, sizeof(rounded));
	rounded = __builtin_convertvector((voltage + plain->voltage.offset) * plain->voltage.gain,
					  floats);
	memcpy(out.voltage_v + n, &rounded, sizeof(rounded));
	logic = ((word >> 18 & 1) | (word >> 1 & 2)) & plain->lines_mask;
	logic |= logic << LINE_END_SHIFT;
	for (int i = 0; i < LANES; i++)
		out.logic[n + (size_t)i] = (uint8_t)logic[i];
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void
convert_plain_avx2(const struct plain *plain, const uint8_t *words, struct js110_output out)
{
	for (size_t n = 0; n + LANES <= JS110_FRAME_SAMPLES; n += LANES)
		convert_lanes(plain, words, out, n);
	convert_lanes(plain, words, out, JS110_FRAME_SAMPLES - LANES);
}
#endif

static void convert_plain_any(const struct plain *plain, const uint8_t *words,
			      struct js110_output out)
{
	for (size_t n = 0; n + LANES <= JS110_FRAME_SAMPLES; n += LANES)
		convert_lanes(plain, words, out, n);
	convert_lanes(plain, words, out, JS110_FRAME_SAMPLES - LANES); /* some of them twice */
}

static void convert_plain(const struct plain *plain, const uint8_t *words, struct js110_output out)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2")) {
		convert_plain_avx2(plain, words, out);
		return;
	}
#endif
	convert_plain_any(plain, words, out);
}

static void convert_frame(struct js110_converter *converter, const struct js110_frame *frame,
			  struct js110_output out)
{
	struct plain plain = {
		.current = converter->calibration.current[converter->range],
		.voltage = converter->calibration.voltage[frame->voltage_range],
		.current_mask = JS110_ADC_FULL_SCALE & ~(converter->lines > 1 ? 1u : 0u),
		.voltage_mask = JS110_ADC_FULL_SCALE & ~(converter->lines > 0 ? 1u : 0u),
		.lines_mask = (uint8_t)((1u << converter->lines) - 1),
	};

	/* As counts_of has it. */
	plain.current.offset += converter->lines > 1 ? 0.5 : 0;
	plain.voltage.offset += converter->lines > 0 ? 0.5 : 0;
	convert_plain(&plain, frame->words, out);
	memset(out.range, converter->range, JS110_FRAME_SAMPLES);
	converter->logic = out.logic[JS110_FRAME_SAMPLES - 1];
	converter->held_a = out.current_a[JS110_FRAME_SAMPLES - 1];
}

static bool host_is_little_endian(void)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

bool js110_convert(struct js110_converter *converter, const struct js110_frame *frame,
		   struct js110_output out)
{
	bool has_nan = false;

	if (host_is_little_endian() && frame_is_plain(converter, frame->words)) {
		convert_frame(converter, frame, out);
		return false;
	}
	for (size_t n = 0; n < JS110_FRAME_SAMPLES; n++)
		has_nan |= convert_word(converter, js110_word(frame->words + n * JS110_WORD_BYTES),
					frame->voltage_range, out, n);
	return has_nan;
}
