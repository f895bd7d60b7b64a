/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/envelope.h"

#include <math.h>
#include <string.h>

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

/* Lanes side by side, which the compiler turns into vector instructions. A comparison with NaN is
 * false, so that only the sum shows one. */
static inline __attribute__((always_inline)) struct envelope_part lanes_part(const float *values,
									     size_t count)
{
	struct envelope_part part = empty_part;
	float min[LANES], max[LANES];
	double sum[LANES] = {0};
	size_t i = 0;

	for (unsigned lane = 0; lane < LANES; lane++) {
		min[lane] = INFINITY;
		max[lane] = -INFINITY;
	}
	for (; i + LANES <= count; i += LANES)
		for (unsigned lane = 0; lane < LANES; lane++) {
			float value = values[i + lane];

			min[lane] = value < min[lane] ? value : min[lane];
			max[lane] = value > max[lane] ? value : max[lane];
			sum[lane] += (double)value;
		}
	for (unsigned lane = 0; i && lane < LANES; lane++) {
		part.min = min[lane] < part.min ? min[lane] : part.min;
		part.max = max[lane] > part.max ? max[lane] : part.max;
		part.sum += sum[lane];
	}
	part.numbers = i;
	for (; i < count; i++)
		add_one(&part, values[i]);
	return part;
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static struct envelope_part avx2_part(const float *values,
								      size_t count)
{
	return lanes_part(values, count);
}
#endif

/* The same sums in the same order on either path. */
static struct envelope_part fast_part(const float *values, size_t count)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return avx2_part(values, count);
#endif
	return lanes_part(values, count);
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
