/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sums over samples in chunks, by vectors of the width at hand.
 */
#include "analysis/trace/samples.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

enum {
	CHUNK_BITS = 10,
	CHUNK = 1 << CHUNK_BITS, /* samples */
	STEP = 16,               /* samples added at once: a line of the cache */
	BLOCK = 128,             /* samples whose powers are added in one go when steady */
	/* 2^HEADROOM is 4 times a chunk's terms. So a partial sum stays in the anchor's binade, and
	 * all of them together are a whole number of the anchor's last bits, less than 2^53. */
	HEADROOM = CHUNK_BITS + 2,
	/* How many binades a chunk's samples may span so that a double holds each sum of them: each
	 * is a whole number of last bits of the least one, and below 2^(24 + binades apart) of
	 * those. */
	EXACT_BINADES = DBL_MANT_DIG - CHUNK_BITS - FLT_MANT_DIG,
};

/* What a chunk adds up to: the exact sum of the terms' upper parts, and that of the lower ones. */
struct parts {
	double upper, lower;
};

struct chunk {
	struct parts current, power;
	double voltage;
	float min_a, max_a;
};

struct extremes {
	float min, max;
};

#define IN_LINE static inline __attribute__((always_inline))

/* 1.5 * 2^k, so large that sums of terms up to bound keep its exponent. */
IN_LINE double anchor_of(double bound)
{
	uint64_t bits;

	memcpy(&bits, &bound, sizeof(bits));
	bits = (((bits >> 52 & 0x7ff) + 1 + HEADROOM) & 0x7ff) << 52 | UINT64_C(1) << 51;
	memcpy(&bound, &bits, sizeof(bits));
	return bound;
}

IN_LINE double bound_of(struct extremes e)
{
	return fmax(fabs((double)e.min), fabs((double)e.max));
}

IN_LINE int binade_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return (int)(bits >> 52 & 0x7ff);
}

/* Whether samples between these add up without error in double. */
IN_LINE bool adds_exactly(struct extremes e)
{
	return (e.min > 0 || e.max < 0) &&
	       abs(binade_of(e.max) - binade_of(e.min)) <= EXACT_BINADES;
}

/* Whether currents add up exactly and voltages are so close to each other that i * (v - their
 * middle) is below 2^-7 of each power. A sum of those in blocks is off by less than 2^-54 of all of
 * it: each term goes through fewer than 40 additions, each of which loses 2^-53 of that share at
 * most. */
IN_LINE bool are_steady(struct extremes i, struct extremes v)
{
	return adds_exactly(i) && v.min > 0 && v.max - v.min <= v.min * 0x1p-6f;
}

/* From the sums of i and of v - base_v, both exact, and of i * (v - base_v). */
IN_LINE void steady_finish(double i, double v, double p, size_t count, float base_v,
			   struct chunk *ret)
{
	double product = base_v * i;

	ret->current = (struct parts){i, 0};
	ret->power = (struct parts){product, fma(base_v, i, -product) + p};
	ret->voltage = (double)count * base_v + v;
}

/* The last STEP of count samples; when there are fewer, the first one stands for those before. */
IN_LINE void last_of(const float *x, size_t count, float ret_last[STEP])
{
	if (count >= STEP)
		memcpy(ret_last, x + count - STEP, STEP * sizeof(*x));
	else
		for (size_t k = 0; k < STEP; k++)
			ret_last[k] = x[k + count < STEP ? 0 : k + count - STEP];
}

/* The same, but blank where samples belong to whole steps. */
IN_LINE void rest_of(const float *x, size_t count, float blank, float ret_rest[STEP])
{
	size_t blanks = STEP - count % STEP;

	last_of(x, count, ret_rest);
	for (size_t k = 0; k < STEP; k++)
		ret_rest[k] = k < blanks ? blank : ret_rest[k];
}

/* Numbers of the lanes that are `half` away from each, of a vector of so many. */
#define PARTNERS_4(half) (half) % 4 ^ 0, (half) % 4 ^ 1, (half) % 4 ^ 2, (half) % 4 ^ 3
#define PARTNERS_8(half)                                                                           \
	(half) % 8 ^ 0, (half) % 8 ^ 1, (half) % 8 ^ 2, (half) % 8 ^ 3, (half) % 8 ^ 4,            \
		(half) % 8 ^ 5, (half) % 8 ^ 6, (half) % 8 ^ 7
#define PARTNERS_16(half)                                                                          \
	(half) ^ 0, (half) ^ 1, (half) ^ 2, (half) ^ 3, (half) ^ 4, (half) ^ 5, (half) ^ 6,        \
		(half) ^ 7, (half) ^ 8, (half) ^ 9, (half) ^ 10, (half) ^ 11, (half) ^ 12,         \
		(half) ^ 13, (half) ^ 14, (half) ^ 15

/* Two doubles at a time: what every 64-bit processor has. */
#define KERNEL(name) name##_portable
#define KERNEL_TARGET
#define KERNEL_LANES            2
#define KERNEL_SWAPPED(x, half) __builtin_shufflevector(x, x, PARTNERS_4(half))
#define KERNEL_LOAD(into, from)                                                                    \
	do {                                                                                       \
		floats loaded_;                                                                    \
		memcpy(&loaded_, (from), sizeof(loaded_));                                         \
		(into) = __builtin_convertvector(loaded_, doubles);                                \
	} while (0)
#ifdef __x86_64__
#define KERNEL_MIN(a, b) ((wide)_mm_min_ps(a, b))
#define KERNEL_MAX(a, b) ((wide)_mm_max_ps(a, b))
#else
#define KERNEL_CHOOSE(condition, a, b)                                                             \
	((wide)(((condition) & (masks)(a)) | (~(condition) & (masks)(b))))
#define KERNEL_MIN(a, b) KERNEL_CHOOSE((a) < (b), a, b)
#define KERNEL_MAX(a, b) KERNEL_CHOOSE((a) > (b), a, b)
#endif
#define KERNEL_PRODUCT_PLUS(x, y, z)  ((x) * (y) + (z))
#define KERNEL_PRODUCT_MINUS(x, y, z) ((x) * (y) - (z))
#include "analysis/trace/samples_kernel.h"

#ifdef __x86_64__
/* The product of two floats is exact in double: with one rounding or two, the same. */
#define KERNEL(name)            name##_avx2
#define KERNEL_TARGET           __attribute__((target("avx2,fma")))
#define KERNEL_LANES            4
#define KERNEL_SWAPPED(x, half) __builtin_shufflevector(x, x, PARTNERS_8(half))
/* gcc 12 converts by halves when left to itself */
#define KERNEL_LOAD(into, from)       ((into) = (doubles)_mm256_cvtps_pd(_mm_loadu_ps(from)))
#define KERNEL_MIN(a, b)              ((wide)_mm256_min_ps(a, b))
#define KERNEL_MAX(a, b)              ((wide)_mm256_max_ps(a, b))
#define KERNEL_PRODUCT_PLUS(x, y, z)  ((doubles)_mm256_fmadd_pd(x, y, z))
#define KERNEL_PRODUCT_MINUS(x, y, z) ((doubles)_mm256_fmsub_pd(x, y, z))
#include "analysis/trace/samples_kernel.h"

#define KERNEL(name)                  name##_avx512
#define KERNEL_TARGET                 __attribute__((target("avx512f")))
#define KERNEL_LANES                  8
#define KERNEL_SWAPPED(x, half)       __builtin_shufflevector(x, x, PARTNERS_16(half))
#define KERNEL_LOAD(into, from)       ((into) = (doubles)_mm512_cvtps_pd(_mm256_loadu_ps(from)))
#define KERNEL_MIN(a, b)              ((wide)_mm512_min_ps(a, b))
#define KERNEL_MAX(a, b)              ((wide)_mm512_max_ps(a, b))
#define KERNEL_PRODUCT_PLUS(x, y, z)  ((doubles)_mm512_fmadd_pd(x, y, z))
#define KERNEL_PRODUCT_MINUS(x, y, z) ((doubles)_mm512_fmsub_pd(x, y, z))
#include "analysis/trace/samples_kernel.h"
#endif

struct sample_path {
	const char *name;
	void (*current)(const float *current_a, size_t count, struct chunk *ret);
	void (*both)(const float *current_a, const float *voltage_v, size_t count,
		     struct chunk *ret);
};

static const struct sample_path path_portable = {"portable", chunk_current_portable,
						 chunk_both_portable};
#ifdef __x86_64__
static const struct sample_path path_avx2 = {"avx2", chunk_current_avx2, chunk_both_avx2};
static const struct sample_path path_avx512 = {"avx512", chunk_current_avx512, chunk_both_avx512};
#endif

const struct sample_path *sample_path_at(size_t place)
{
	const struct sample_path *runs[4] = {0};
	size_t count = 0;

#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f"))
		runs[count++] = &path_avx512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		runs[count++] = &path_avx2;
#endif
	runs[count++] = &path_portable;
	return place < count ? runs[place] : NULL;
}

const char *sample_path_name(const struct sample_path *path)
{
	return path->name;
}

void sample_sums_init(struct sample_sums *sums)
{
	*sums = (struct sample_sums){.min_a = INFINITY, .max_a = -INFINITY};
}

static void extremes_merge(struct sample_sums *sums, float min_a, float max_a)
{
	sums->min_a = min_a < sums->min_a ? min_a : sums->min_a;
	sums->max_a = max_a > sums->max_a ? max_a : sums->max_a;
}

void sample_sums_add_share(struct sample_sums *sums, double share, float current_a,
			   const float *voltage_v, bool saturated, double limit_a)
{
	sums->has_voltage |= voltage_v != NULL;
	saturated |= limit_a > 0 && current_a >= limit_a;
	sums->saturated += saturated;
	if (!isfinite(current_a) || (voltage_v && !isfinite(*voltage_v))) {
		sums->not_finite++;
		return;
	}
	sum_add(&sums->current, share * current_a);
	if (voltage_v) {
		sum_add(&sums->voltage, share * *voltage_v);
		sum_add(&sums->power, share * ((double)current_a * *voltage_v));
	}
	sums->covered += share;
	extremes_merge(sums, current_a, current_a);
}

static uint64_t saturated_count(const float *current_a, const uint8_t *saturated, size_t count,
				double limit_a)
{
	uint64_t found = 0;

	for (size_t k = 0; k < count; k++)
		found += (saturated && saturated[k]) || (limit_a > 0 && current_a[k] >= limit_a);
	return found;
}

static void parts_add(struct sum *sum, const struct parts *parts)
{
	sum_add(sum, parts->upper);
	sum_add(sum, parts->lower);
}

static bool marked_any(const uint8_t *saturated, size_t count)
{
	return saturated && (saturated[0] || memcmp(saturated, saturated + 1, count - 1));
}

static bool parts_finite(const struct parts *parts)
{
	return isfinite(parts->upper) && isfinite(parts->lower);
}

/* count: 1 to CHUNK. False: something is not finite, nothing was added. */
static bool chunk_add(const struct sample_path *path, struct sample_sums *sums,
		      const float *current_a, const float *voltage_v, const uint8_t *saturated,
		      size_t count, double limit_a)
{
	struct chunk chunk = {0};

	if (voltage_v)
		path->both(current_a, voltage_v, count, &chunk);
	else
		path->current(current_a, count, &chunk);
	if (!parts_finite(&chunk.current) || !parts_finite(&chunk.power))
		return false;
	parts_add(&sums->current, &chunk.current);
	if (voltage_v) {
		parts_add(&sums->power, &chunk.power);
		sum_add(&sums->voltage, chunk.voltage);
		sums->has_voltage = true;
	}
	sums->covered += (double)count;
	extremes_merge(sums, chunk.min_a, chunk.max_a);
	if ((limit_a > 0 && chunk.max_a >= limit_a) || marked_any(saturated, count))
		sums->saturated += saturated_count(current_a, saturated, count, limit_a);
	return true;
}

static void singles_add(struct sample_sums *sums, const float *current_a, const float *voltage_v,
			const uint8_t *saturated, size_t count, double limit_a)
{
	for (size_t k = 0; k < count; k++)
		sample_sums_add_share(sums, 1, current_a[k], voltage_v ? voltage_v + k : NULL,
				      saturated && saturated[k], limit_a);
}

void sample_sums_add_by(const struct sample_path *path, struct sample_sums *sums,
			const float *current_a, const float *voltage_v, const uint8_t *saturated,
			size_t count, double limit_a)
{
	for (size_t at = 0; at < count;) {
		size_t left = count - at, take = left < CHUNK ? left : CHUNK;
		const float *volts = voltage_v ? voltage_v + at : NULL;
		const uint8_t *marks = saturated ? saturated + at : NULL;

		if (!chunk_add(path, sums, current_a + at, volts, marks, take, limit_a))
			singles_add(sums, current_a + at, volts, marks, take, limit_a);
		at += take;
	}
}

void sample_sums_add(struct sample_sums *sums, const float *current_a, const float *voltage_v,
		     const uint8_t *saturated, size_t count, double limit_a)
{
	sample_sums_add_by(sample_path_at(0), sums, current_a, voltage_v, saturated, count,
			   limit_a);
}

static void sum_merge(struct sum *sum, const struct sum *other)
{
	sum_add(sum, other->total);
	sum_add(sum, other->compensation);
}

void sample_sums_merge(struct sample_sums *sums, const struct sample_sums *other)
{
	sum_merge(&sums->current, &other->current);
	sum_merge(&sums->voltage, &other->voltage);
	sum_merge(&sums->power, &other->power);
	sums->covered += other->covered;
	sums->has_voltage |= other->has_voltage;
	sums->not_finite += other->not_finite;
	sums->saturated += other->saturated;
	extremes_merge(sums, other->min_a, other->max_a);
}
