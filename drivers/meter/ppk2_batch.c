/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See ppk2_batch.h.
 */
#include "drivers/meter/ppk2_batch.h"

#include <math.h>
#include <string.h>

static double polynomial_value(const struct ppk2_polynomial *p, uint32_t adc)
{
	return fma(adc, fma(adc, p->square_a, p->linear_a), p->constant_a);
}

/* The formula r = (4 * adc - offset) * scale, gain * (r * (square * r + linear) + constant) sorted
 * by powers of the ADC. */
static struct ppk2_polynomial polynomial_of(const struct ppk2_range *k)
{
	double step = 4 * k->scale, zero = -k->offset * k->scale;

	return (struct ppk2_polynomial){
		.square_a = k->user_gain * k->gain_square * step * step,
		.linear_a = k->user_gain * step * (2 * k->gain_square * zero + k->gain),
		.constant_a =
			k->user_gain * (zero * (k->gain_square * zero + k->gain) + k->constant_a),
	};
}

void ppk2_table_init(struct ppk2_table *table, const struct ppk2_conversion *conversion)
{
	for (uint32_t range = 0; range < PPK2_RANGES; range++) {
		float *current_a = table->current_a + (range << PPK2_ADC_BITS);
		struct ppk2_polynomial *polynomial = &table->polynomial[range];

		*polynomial = polynomial_of(&conversion->range[range]);
		polynomial->is_same = table->is_rising[range] = true;
		for (uint32_t adc = 0; adc <= PPK2_ADC_FULL_SCALE; adc++) {
			current_a[adc] = (float)ppk2_convert(conversion, adc, range);
			table->is_rising[range] &= !adc || current_a[adc] >= current_a[adc - 1];
			polynomial->is_same &=
				(float)polynomial_value(polynomial, adc) == current_a[adc];
		}
	}
}

#ifdef __x86_64__

#include <immintrin.h>

#define AVX2    __attribute__((target("avx2,fma")))
#define IN_LINE static inline AVX2 __attribute__((always_inline))

IN_LINE uint32_t least_of(__m256i a)
{
	__m128i four = _mm_min_epu32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
	__m128i two = _mm_min_epu32(four, _mm_srli_si128(four, 8));

	return (uint32_t)_mm_cvtsi128_si32(_mm_min_epu32(two, _mm_srli_si128(two, 4)));
}

IN_LINE uint32_t most_of(__m256i a)
{
	__m128i four = _mm_max_epu32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
	__m128i two = _mm_max_epu32(four, _mm_srli_si128(four, 8));

	return (uint32_t)_mm_cvtsi128_si32(_mm_max_epu32(two, _mm_srli_si128(two, 4)));
}

/* The last byte of each of 16 words. */
IN_LINE __m128i logic_of(__m256i low, __m256i high)
{
	__m256i pairs =
		_mm256_packus_epi32(_mm256_srli_epi32(low, 24), _mm256_srli_epi32(high, 24));
	__m128i octets =
		_mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));

	/* pairs: words 0-3, 8-11; 4-7, 12-15 */
	return _mm_shuffle_epi32(octets, _MM_SHUFFLE(3, 1, 2, 0));
}

IN_LINE __m128 four_computed(__m128i adc, const struct ppk2_polynomial *p)
{
	__m256d x = _mm256_cvtepi32_pd(adc), y;

	y = _mm256_fmadd_pd(x, _mm256_set1_pd(p->square_a), _mm256_set1_pd(p->linear_a));
	return _mm256_cvtpd_ps(_mm256_fmadd_pd(x, y, _mm256_set1_pd(p->constant_a)));
}

IN_LINE void eight_computed(__m256i adc, const struct ppk2_polynomial *p, float *ret_current_a)
{
	_mm_storeu_ps(ret_current_a, four_computed(_mm256_castsi256_si128(adc), p));
	_mm_storeu_ps(ret_current_a + 4, four_computed(_mm256_extracti128_si256(adc, 1), p));
}

IN_LINE void grain_looked_up(const uint8_t *words, const float *table_a, float *ret_current_a)
{
	for (size_t at = 0; at < PPK2_BATCH_GRAIN; at += 2) {
		uint64_t two;

		memcpy(&two, words + at * PPK2_WORD_BYTES, sizeof(two));
		ret_current_a[at] = table_a[ppk2_word_key((uint32_t)two)];
		ret_current_a[at + 1] = table_a[ppk2_word_key((uint32_t)(two >> 32))];
	}
}

/* polynomial: NULL, then currents are looked up. */
IN_LINE size_t convert(struct ppk2_batch *batch, size_t count, const struct ppk2_table *table,
		       const struct ppk2_polynomial *polynomial)
{
	const struct ppk2_batch to = *batch;
	const uint32_t range = ppk2_word_range(ppk2_word(to.words));
	const __m256i first = _mm256_set1_epi32((int)ppk2_word(to.words));
	const __m256i full = _mm256_set1_epi32(PPK2_ADC_FULL_SCALE);
	const __m256i range_bits = _mm256_set1_epi32(7 << PPK2_ADC_BITS);
	const __m128i ranges = _mm_set1_epi8((char)range);
	__m256i least = full, most = _mm256_setzero_si256();
	size_t at = 0;

	for (; at + PPK2_BATCH_GRAIN <= count; at += PPK2_BATCH_GRAIN) {
		const uint8_t *words = to.words + at * PPK2_WORD_BYTES;
		__m256i low = _mm256_loadu_si256((const __m256i *)words);
		__m256i high = _mm256_loadu_si256((const __m256i *)words + 1);
		__m256i low_adc = _mm256_and_si256(low, full);
		__m256i high_adc = _mm256_and_si256(high, full);
		__m256i differs = _mm256_or_si256(_mm256_xor_si256(low, first),
						  _mm256_xor_si256(high, first));
		__m256i tops = _mm256_cmpeq_epi32(_mm256_max_epi32(low_adc, high_adc), full);

		if (!_mm256_testz_si256(_mm256_or_si256(differs, tops), range_bits))
			break;
		least = _mm256_min_epi32(least, _mm256_min_epi32(low_adc, high_adc));
		most = _mm256_max_epi32(most, _mm256_max_epi32(low_adc, high_adc));
		_mm_storeu_si128((__m128i *)(to.logic + at), logic_of(low, high));
		_mm_storeu_si128((__m128i *)(to.range + at), ranges);
		if (polynomial) {
			eight_computed(low_adc, polynomial, to.current_a + at);
			eight_computed(high_adc, polynomial, to.current_a + at + 8);
		} else {
			grain_looked_up(words, table->current_a, to.current_a + at);
		}
	}
	batch->least_a = table->current_a[range << PPK2_ADC_BITS | least_of(least)];
	batch->most_a = table->current_a[range << PPK2_ADC_BITS | most_of(most)];
	return at;
}

AVX2 static size_t batch_convert_avx2(struct ppk2_batch *batch, size_t count,
				      const struct ppk2_table *table)
{
	uint32_t range = ppk2_word_range(ppk2_word(batch->words));
	struct ppk2_polynomial polynomial = table->polynomial[range];

	if (!table->is_rising[range])
		return 0;
	return polynomial.is_same ? convert(batch, count, table, &polynomial)
				  : convert(batch, count, table, NULL);
}

size_t ppk2_batch_convert(struct ppk2_batch *batch, size_t count, const struct ppk2_table *table)
{
	if (count < PPK2_BATCH_GRAIN || !__builtin_cpu_supports("avx2") ||
	    !__builtin_cpu_supports("fma"))
		return 0;
	return batch_convert_avx2(batch, count < PPK2_BATCH_MAX ? count : PPK2_BATCH_MAX, table);
}

#else

size_t ppk2_batch_convert(struct ppk2_batch *batch, size_t count, const struct ppk2_table *table)
{
	(void)batch;
	(void)count;
	(void)table;
	return 0;
}

#endif
