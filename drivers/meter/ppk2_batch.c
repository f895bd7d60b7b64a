/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See ppk2_batch.h.
 */
#include "drivers/meter/ppk2_batch.h"

#include <string.h>

void ppk2_table_init(struct ppk2_table *table, const struct ppk2_conversion *conversion)
{
	for (uint32_t range = 0; range < PPK2_RANGES; range++) {
		float *current_a = table->current_a + (range << PPK2_ADC_BITS);

		table->is_rising[range] = true;
		for (uint32_t adc = 0; adc <= PPK2_ADC_FULL_SCALE; adc++) {
			current_a[adc] = (float)ppk2_convert(conversion, adc, range);
			table->is_rising[range] &= !adc || current_a[adc] >= current_a[adc - 1];
		}
	}
}

#ifdef __x86_64__

#include <immintrin.h>

#define AVX2    __attribute__((target("avx2")))
#define IN_LINE static inline AVX2 __attribute__((always_inline))

enum { WIDE_WORDS = 8 };

IN_LINE __m256i words_load(const uint8_t *words, size_t at)
{
	return _mm256_loadu_si256((const __m256i *)(words + at * PPK2_WORD_BYTES));
}

struct extent {
	uint32_t least, most; /* of the ADC */
};

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

/* Whether all words are of one range. */
IN_LINE bool extent_find(const uint8_t *words, size_t count, struct extent *ret_extent)
{
	const __m256i first = _mm256_set1_epi32((int)ppk2_word(words));
	const __m256i adc_bits = _mm256_set1_epi32(PPK2_ADC_FULL_SCALE);
	const __m256i range_bits = _mm256_set1_epi32(7 << PPK2_ADC_BITS);
	__m256i differs = _mm256_setzero_si256(), least = adc_bits, most = differs;

	for (size_t at = 0; at < count; at += WIDE_WORDS) {
		__m256i word = words_load(words, at), adc = _mm256_and_si256(word, adc_bits);

		differs = _mm256_or_si256(differs, _mm256_xor_si256(word, first));
		least = _mm256_min_epu32(least, adc);
		most = _mm256_max_epu32(most, adc);
	}
	if (!_mm256_testz_si256(differs, range_bits))
		return false;
	*ret_extent = (struct extent){least_of(least), most_of(most)};
	return true;
}

/* The last byte of each of 16 words. */
IN_LINE __m128i logic_of(const uint8_t *words)
{
	__m256i low = _mm256_srli_epi32(words_load(words, 0), 24);
	__m256i high = _mm256_srli_epi32(words_load(words, WIDE_WORDS), 24);
	__m256i pairs = _mm256_packus_epi32(low, high); /* words 0-3, 8-11; 4-7, 12-15 */
	__m128i octets =
		_mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));

	return _mm_shuffle_epi32(octets, _MM_SHUFFLE(3, 1, 2, 0));
}

IN_LINE void octets_fill(const struct ppk2_batch *batch, size_t count)
{
	const __m128i range = _mm_set1_epi8((char)ppk2_word_range(ppk2_word(batch->words)));
	const uint8_t *words = batch->words;
	uint8_t *logic_to = batch->logic, *range_to = batch->range;

	for (size_t at = 0; at < count; at += PPK2_BATCH_GRAIN) {
		_mm_storeu_si128((__m128i *)(logic_to + at),
				 logic_of(words + at * PPK2_WORD_BYTES));
		_mm_storeu_si128((__m128i *)(range_to + at), range);
	}
}

IN_LINE void current_fill(const struct ppk2_batch *batch, size_t count,
			  const struct ppk2_table *table)
{
	const uint8_t *words = batch->words;
	float *current_a = batch->current_a;

	for (size_t at = 0; at < count; at += 2) {
		uint64_t two;

		memcpy(&two, words + at * PPK2_WORD_BYTES, sizeof(two));
		current_a[at] = table->current_a[ppk2_word_key((uint32_t)two)];
		current_a[at + 1] = table->current_a[ppk2_word_key((uint32_t)(two >> 32))];
	}
}

IN_LINE bool convert(struct ppk2_batch *batch, size_t count, const struct ppk2_table *table)
{
	uint32_t range = ppk2_word_range(ppk2_word(batch->words));
	struct extent adc;

	if (!extent_find(batch->words, count, &adc) || adc.most == PPK2_ADC_FULL_SCALE ||
	    !table->is_rising[range])
		return false;
	octets_fill(batch, count);
	current_fill(batch, count, table);
	batch->least_a = table->current_a[range << PPK2_ADC_BITS | adc.least];
	batch->most_a = table->current_a[range << PPK2_ADC_BITS | adc.most];
	return true;
}

AVX2 static bool batch_convert_avx2(struct ppk2_batch *batch, const struct ppk2_table *table)
{
	return batch->count == PPK2_BATCH /* loops of a known length */
		       ? convert(batch, PPK2_BATCH, table)
		       : convert(batch, batch->count, table);
}

bool ppk2_batch_convert(struct ppk2_batch *batch, const struct ppk2_table *table)
{
	return __builtin_cpu_supports("avx2") && batch_convert_avx2(batch, table);
}

#else

bool ppk2_batch_convert(struct ppk2_batch *batch, const struct ppk2_table *table)
{
	(void)batch;
	(void)table;
	return false;
}

#endif
