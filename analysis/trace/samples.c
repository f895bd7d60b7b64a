/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sums over samples in chunks, by vectors of the width at hand.
 */
#include "analysis/trace/samples.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

enum {
	CHUNK = 1024,                /* samples */
	STEP_MAX = SAMPLE_SUMS_STEP, /* samples per turn of any path's loop */
	/* 2^HEADROOM is 4 times a chunk's terms. So a partial sum stays in the anchor's binade, and
	 * all of them together are a whole number of the anchor's last bits, less than 2^53. */
	HEADROOM = 12,
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

/* Two doubles at a time: what every 64-bit processor has. */
#define KERNEL(name) name##_portable
#define KERNEL_TARGET
#define KERNEL_LANES 2
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
#define KERNEL(name)  name##_avx2
#define KERNEL_TARGET __attribute__((target("avx2,fma")))
#define KERNEL_LANES  4
/* gcc 12 converts by halves when left to itself */
#define KERNEL_LOAD(into, from) ((into) = (doubles)_mm256_cvtps_pd(_mm_loadu_ps(from)))
#define KERNEL_MIN(a, b)        ((wide)_mm256_min_ps(a, b))
#define KERNEL_MAX(a, b)        ((wide)_mm256_max_ps(a, b))
/* The product of two floats is exact in double: with one rounding or two, the same. */
#define KERNEL_PRODUCT_PLUS(x, y, z)  ((doubles)_mm256_fmadd_pd(x, y, z))
#define KERNEL_PRODUCT_MINUS(x, y, z) ((doubles)_mm256_fmsub_pd(x, y, z))
#include "analysis/trace/samples_kernel.h"
#endif

/* One way to reduce chunks. */
struct path {
	const char *name;
	void (*current)(const float *current_a, size_t count, struct chunk *ret);
	void (*both)(const float *current_a, const float *voltage_v, size_t count,
		     struct chunk *ret);
};

static const struct path path_portable = {"portable", chunk_current_portable, chunk_both_portable};

static const struct path *path_choose(void)
{
#ifdef __x86_64__
	static const struct path path_avx2 = {"avx2", chunk_current_avx2, chunk_both_avx2};

	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return &path_avx2;
#endif
	return &path_portable;
}

const char *sample_sums_path(void)
{
	return path_choose()->name;
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

/* count: a multiple of STEP_MAX, at most CHUNK. False: something is not finite, nothing was added.
 */
static bool chunk_add(const struct path *path, struct sample_sums *sums, const float *current_a,
		      const float *voltage_v, const uint8_t *saturated, size_t count,
		      double limit_a)
{
	struct chunk chunk = {0};

	if (voltage_v)
		path->both(current_a, voltage_v, count, &chunk);
	else
		path->current(current_a, count, &chunk);
	if (!isfinite(chunk.current.lower) || !isfinite(chunk.power.lower))
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

static void path_add(const struct path *path, struct sample_sums *sums, const float *current_a,
		     const float *voltage_v, const uint8_t *saturated, size_t count, double limit_a)
{
	for (size_t at = 0; at < count;) {
		size_t left = count - at, take = left < CHUNK ? left / STEP_MAX * STEP_MAX : CHUNK;
		const float *volts = voltage_v ? voltage_v + at : NULL;
		const uint8_t *marks = saturated ? saturated + at : NULL;

		if (!take || !chunk_add(path, sums, current_a + at, volts, marks, take, limit_a)) {
			take = take ? take : left;
			singles_add(sums, current_a + at, volts, marks, take, limit_a);
		}
		at += take;
	}
}

void sample_sums_add(struct sample_sums *sums, const float *current_a, const float *voltage_v,
		     const uint8_t *saturated, size_t count, double limit_a)
{
	path_add(path_choose(), sums, current_a, voltage_v, saturated, count, limit_a);
}

void sample_sums_add_portable(struct sample_sums *sums, const float *current_a,
			      const float *voltage_v, const uint8_t *saturated, size_t count,
			      double limit_a)
{
	path_add(&path_portable, sums, current_a, voltage_v, saturated, count, limit_a);
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
