/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/envelope.h"

#include <math.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { LANES = 16 };

static const struct envelope_part empty_part = {.min = INFINITY, .max = -INFINITY};

void envelope_init(struct envelope *envelope, double rate_hz)
{
	double stretch = round(1e-3 * rate_hz);

	memset(envelope, 0, sizeof(*envelope));
	envelope->stretch = stretch >= 1 ? (uint64_t)stretch : 1;
}

static void add_one(struct envelope_part *part, float value)
{
	if (isnan(value))
		return;
	part->min = value < part->min ? value : part->min;
	part->max = value > part->max ? value : part->max;
	part->sum += (double)value;
	part->numbers++;
}

/* Samples side by side, each lane with a sum of its own. */
struct lanes {
	float min[LANES], max[LANES];
	double sum[LANES];
};

/* A comparison with NaN is false, so that only the sum shows one. count: a multiple of LANES. */
static void lanes_add(struct lanes *lanes, const float *values, size_t count)
{
	for (size_t i = 0; i < count; i += LANES)
		for (unsigned lane = 0; lane < LANES; lane++) {
			float value = values[i + lane];

			lanes->min[lane] = value < lanes->min[lane] ? value : lanes->min[lane];
			lanes->max[lane] = value > lanes->max[lane] ? value : lanes->max[lane];
			lanes->sum[lane] += (double)value;
		}
}

#ifdef __x86_64__
/* The same in registers, which the compiler does not find by itself: a third of the time. */
__attribute__((target("avx2"))) static void lanes_add_avx2(struct lanes *lanes, const float *values,
							   size_t count)
{
	__m256 min0 = _mm256_loadu_ps(lanes->min), min1 = _mm256_loadu_ps(lanes->min + 8);
	__m256 max0 = _mm256_loadu_ps(lanes->max), max1 = _mm256_loadu_ps(lanes->max + 8);
	__m256d sum[LANES / 4];

	for (unsigned k = 0; k < LANES / 4; k++)
		sum[k] = _mm256_loadu_pd(lanes->sum + 4 * k);
	for (size_t i = 0; i < count; i += LANES) {
		__m256 low = _mm256_loadu_ps(values + i), high = _mm256_loadu_ps(values + i + 8);

		min0 = _mm256_min_ps(low, min0);
		min1 = _mm256_min_ps(high, min1);
		max0 = _mm256_max_ps(low, max0);
		max1 = _mm256_max_ps(high, max1);
		for (unsigned k = 0; k < LANES / 4; k++)
			sum[k] = _mm256_add_pd(sum[k],
					       _mm256_cvtps_pd(_mm_loadu_ps(values + i + 4 * k)));
	}
	_mm256_storeu_ps(lanes->min, min0);
	_mm256_storeu_ps(lanes->min + 8, min1);
	_mm256_storeu_ps(lanes->max, max0);
	_mm256_storeu_ps(lanes->max + 8, max1);
	for (unsigned k = 0; k < LANES / 4; k++)
		_mm256_storeu_pd(lanes->sum + 4 * k, sum[k]);
}
#endif

static void lanes_take(struct lanes *lanes, const float *values, size_t count)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2")) {
		lanes_add_avx2(lanes, values, count);
		return;
	}
#endif
	lanes_add(lanes, values, count);
}

/* The same sums in the same order on either path. */
static struct envelope_part fast_part(const float *values, size_t count)
{
	struct envelope_part part = empty_part;
	size_t whole = count / LANES * LANES;
	struct lanes lanes;

	for (unsigned lane = 0; lane < LANES; lane++) {
		lanes.min[lane] = INFINITY;
		lanes.max[lane] = -INFINITY;
		lanes.sum[lane] = 0;
	}
	lanes_take(&lanes, values, whole);
	for (unsigned lane = 0; whole && lane < LANES; lane++) {
		part.min = lanes.min[lane] < part.min ? lanes.min[lane] : part.min;
		part.max = lanes.max[lane] > part.max ? lanes.max[lane] : part.max;
		part.sum += lanes.sum[lane];
	}
	part.numbers = whole;
	for (size_t i = whole; i < count; i++)
		add_one(&part, values[i]);
	return part;
}

static struct envelope_part make_part(const float *values, size_t count)
{
	struct envelope_part part = fast_part(values, count);

	if (isnan(part.sum)) {
		part = empty_part;
		for (size_t i = 0; i < count; i++)
			add_one(&part, values[i]);
	}
	part.count = count;
	return part;
}

static void merge(struct envelope_part *into, const struct envelope_part *from)
{
	into->min = from->min < into->min ? from->min : into->min;
	into->max = from->max > into->max ? from->max : into->max;
	into->sum += from->sum;
	into->count += from->count;
	into->numbers += from->numbers;
}

static void halve(struct envelope *envelope)
{
	for (size_t i = 0; i < TRACE_ENVELOPE_MAX / 2; i++) {
		envelope->parts[i] = envelope->parts[2 * i];
		merge(&envelope->parts[i], &envelope->parts[2 * i + 1]);
	}
	envelope->used = TRACE_ENVELOPE_MAX / 2;
	envelope->stretch *= 2;
}

/* The part that takes the next sample. */
static struct envelope_part *open_part(struct envelope *envelope)
{
	if (envelope->used && envelope->parts[envelope->used - 1].count < envelope->stretch)
		return &envelope->parts[envelope->used - 1];
	if (envelope->used == TRACE_ENVELOPE_MAX)
		halve(envelope);
	envelope->parts[envelope->used] = empty_part;
	return &envelope->parts[envelope->used++];
}

void envelope_add(struct envelope *envelope, const float *values, size_t count)
{
	while (count) {
		struct envelope_part *part = open_part(envelope), more;
		uint64_t room = envelope->stretch - part->count;
		size_t taken = count < room ? count : (size_t)room;

		more = make_part(values, taken);
		merge(part, &more);
		values += taken;
		count -= taken;
	}
}

struct trace_envelope_point envelope_point(const struct envelope *envelope, size_t index)
{
	const struct envelope_part *part = &envelope->parts[index];
	double numbers = (double)part->numbers;

	return (struct trace_envelope_point){
		.sample = index * envelope->stretch,
		.count = part->count,
		.min_a = part->numbers ? (double)part->min : NAN,
		.mean_a = part->numbers ? part->sum / numbers : NAN,
		.max_a = part->numbers ? (double)part->max : NAN,
	};
}
