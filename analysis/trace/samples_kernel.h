/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loops of samples.c for one width of vector; included there once per width, with KERNEL(name),
 * KERNEL_TARGET, KERNEL_LANES, KERNEL_LOAD(into, from), KERNEL_SWAPPED(x, half), KERNEL_MIN,
 * _MAX(a, b) and KERNEL_PRODUCT_PLUS, _MINUS(x, y, z), which are used up.
 *
 * Samples are taken by steps. What is left behind the last whole step is added as one more, taken
 * from the last STEP samples, of which those that are in the sums already are blanked. Where the
 * order of additions shows, it is that of STEP sums side by side whatever the width, so that all
 * widths give the same.
 */
typedef float KERNEL(floats) __attribute__((vector_size(KERNEL_LANES * sizeof(float))));
typedef double KERNEL(doubles) __attribute__((vector_size(KERNEL_LANES * sizeof(double))));
typedef float KERNEL(wide) __attribute__((vector_size(2 * KERNEL_LANES * sizeof(float))));
typedef int32_t KERNEL(masks) __attribute__((vector_size(2 * KERNEL_LANES * sizeof(int32_t))));
#define floats         KERNEL(floats)
#define doubles        KERNEL(doubles)
#define wide           KERNEL(wide)
#define masks          KERNEL(masks)
#define WIDE           (2 * KERNEL_LANES)
#define VECTORS        (STEP / KERNEL_LANES)
#define KERNEL_IN_LINE KERNEL_TARGET static inline __attribute__((always_inline))
#define UNROLLED       _Pragma("GCC unroll 16")

/* A chunk is a page of memory, where processors stop to fetch ahead. So the chunk after the next is
 * asked for, into a farther cache, while one is added, which takes longest; and the next one, out
 * of that cache, while extremes are looked for. Behind the end of an array that does nothing. */
#define KERNEL_SOON(at)  __builtin_prefetch((const char *)(at) + CHUNK * sizeof(float))
#define KERNEL_LATER(at) __builtin_prefetch((const char *)(at) + 2 * CHUNK * sizeof(float), 0, 2)

struct KERNEL(range) {
	wide low, high;
};

/* Lanes against those `half` away; nothing changes when there are no more than half. */
#define RANGE_FOLD(range, half)                                                                    \
	do {                                                                                       \
		(range).low = KERNEL_MIN((range).low, KERNEL_SWAPPED((range).low, half));          \
		(range).high = KERNEL_MAX((range).high, KERNEL_SWAPPED((range).high, half));       \
	} while (0)

KERNEL_IN_LINE void KERNEL(range_add)(struct KERNEL(range) * range, const float *x)
{
	wide next;

	memcpy(&next, x, sizeof(next));
	range->low = KERNEL_MIN(next, range->low);
	range->high = KERNEL_MAX(next, range->high);
}

/* What NaN does here does not matter: it shows in the sums. */
KERNEL_IN_LINE struct extremes KERNEL(extremes_find)(const float *x, size_t count)
{
	struct KERNEL(range) even, odd;
	float last[STEP];
	size_t k = 0;

	last_of(x, count, last);
	memcpy(&even.low, last, sizeof(even.low));
	even.high = even.low;
	odd = even;
	UNROLLED for (size_t at = WIDE; at < STEP; at += WIDE) KERNEL(range_add)(&even, last + at);
	for (; k + 2 * STEP <= count; k += 2 * STEP) {
		KERNEL_SOON(x + k);
		KERNEL_SOON(x + k + STEP);
		UNROLLED for (size_t at = k; at < k + 2 * STEP; at += 2 * WIDE)
		{
			KERNEL(range_add)(&even, x + at);
			KERNEL(range_add)(&odd, x + at + WIDE);
		}
	}
	if (k + STEP <= count)
		UNROLLED for (size_t at = k; at < k + STEP; at += WIDE)
			KERNEL(range_add)(&even, x + at);
	even.low = KERNEL_MIN(even.low, odd.low);
	even.high = KERNEL_MAX(even.high, odd.high);
	RANGE_FOLD(even, 8);
	RANGE_FOLD(even, 4);
	RANGE_FOLD(even, 2);
	RANGE_FOLD(even, 1);
	return (struct extremes){even.low[0], even.high[0]};
}

/* Adds x * y to upper, which loses its low bits, and those to lower. */
#define SPLIT_ADD(upper, lower, x, y)                                                              \
	do {                                                                                       \
		doubles next_ = KERNEL_PRODUCT_PLUS(x, y, upper);                                  \
		(lower) += KERNEL_PRODUCT_MINUS(x, y, next_ - (upper));                            \
		(upper) = next_;                                                                   \
	} while (0)

KERNEL_IN_LINE double KERNEL(lanes_sum)(const doubles *vector)
{
	double lanes[KERNEL_LANES];

	memcpy(lanes, vector, sizeof(lanes));
	UNROLLED for (int half = KERNEL_LANES / 2; half; half /= 2)
		UNROLLED for (int lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
	return lanes[0];
}

/* Of STEP sums side by side, each with the one STEP / 2 away, then STEP / 4, and so on. */
KERNEL_IN_LINE double KERNEL(step_sum)(doubles vectors[VECTORS])
{
	UNROLLED for (int half = VECTORS / 2; half; half /= 2)
		UNROLLED for (int n = 0; n < half; n++) vectors[n] += vectors[n + half];
	return KERNEL(lanes_sum)(&vectors[0]);
}

/* What has been added up of a chunk. Two vectors, so that an addition need not wait for the one
 * before; upper parts begin at the anchor. */
struct KERNEL(split) {
	doubles upper[2], lower[2];
};

KERNEL_IN_LINE void KERNEL(split_init)(struct KERNEL(split) * split, double anchor)
{
	split->upper[0] = split->upper[1] = (doubles){0} + anchor;
	split->lower[0] = split->lower[1] = (doubles){0};
}

KERNEL_IN_LINE struct parts KERNEL(split_parts)(const struct KERNEL(split) * split, double anchor)
{
	doubles upper = (split->upper[0] - anchor) + (split->upper[1] - anchor);
	doubles lower = split->lower[0] + split->lower[1];

	return (struct parts){KERNEL(lanes_sum)(&upper), KERNEL(lanes_sum)(&lower)};
}

KERNEL_IN_LINE void KERNEL(current_step)(struct KERNEL(split) * sum, const float *current_a)
{
	const doubles one = (doubles){0} + 1;
	doubles i;

	UNROLLED for (int n = 0; n < VECTORS; n++)
	{
		KERNEL_LOAD(i, current_a + n * KERNEL_LANES);
		SPLIT_ADD(sum->upper[n % 2], sum->lower[n % 2], i, one);
	}
}

/* Currents that add up exactly. */
KERNEL_IN_LINE void KERNEL(exact_step)(doubles sum[2], const float *current_a)
{
	doubles i;

	UNROLLED for (int n = 0; n < VECTORS; n++)
	{
		KERNEL_LOAD(i, current_a + n * KERNEL_LANES);
		sum[n % 2] += i;
	}
}

KERNEL_IN_LINE double KERNEL(exact_sum)(const doubles sum[2])
{
	doubles both = sum[0] + sum[1];

	return KERNEL(lanes_sum)(&both);
}

KERNEL_IN_LINE struct parts KERNEL(current_exact)(const float *current_a, size_t count)
{
	doubles sum[2] = {{0}, {0}};
	float rest[STEP];
	size_t k = 0;

	for (; k + STEP <= count; k += STEP) {
		KERNEL_LATER(current_a + k);
		KERNEL(exact_step)(sum, current_a + k);
	}
	if (k < count) {
		rest_of(current_a, count, 0, rest);
		KERNEL(exact_step)(sum, rest);
	}
	return (struct parts){KERNEL(exact_sum)(sum), 0};
}

KERNEL_IN_LINE struct parts KERNEL(current_split)(const float *current_a, size_t count,
						  double anchor)
{
	struct KERNEL(split) sum;
	float rest[STEP];
	size_t k = 0;

	KERNEL(split_init)(&sum, anchor);
	for (; k + STEP <= count; k += STEP) {
		KERNEL_LATER(current_a + k);
		KERNEL(current_step)(&sum, current_a + k);
	}
	if (k < count) {
		rest_of(current_a, count, 0, rest);
		KERNEL(current_step)(&sum, rest);
	}
	return KERNEL(split_parts)(&sum, anchor);
}

KERNEL_TARGET static void KERNEL(chunk_current)(const float *current_a, size_t count,
						struct chunk *ret)
{
	struct extremes i = KERNEL(extremes_find)(current_a, count);

	*ret = (struct chunk){.min_a = i.min, .max_a = i.max};
	ret->current = adds_exactly(i) ? KERNEL(current_exact)(current_a, count)
				       : KERNEL(current_split)(current_a, count,
							       anchor_of(bound_of(i)));
}

/* Sums of i and of v - base, which are exact, and i * (v - base). */
struct KERNEL(steady) {
	doubles i[2], v[2];
	doubles p[VECTORS], p_blocks[VECTORS];
};

KERNEL_IN_LINE void KERNEL(steady_step)(struct KERNEL(steady) * sums, const float *current_a,
					const float *voltage_v, double base_v)
{
	doubles i, v;

	UNROLLED for (int n = 0; n < VECTORS; n++)
	{
		KERNEL_LOAD(i, current_a + n * KERNEL_LANES);
		KERNEL_LOAD(v, voltage_v + n * KERNEL_LANES);
		v -= base_v;
		sums->i[n % 2] += i;
		sums->v[n % 2] += v;
		sums->p[n] = KERNEL_PRODUCT_PLUS(i, v, sums->p[n]);
	}
}

/* Adds what a block came to to what blocks before it came to: so no sum has many terms. */
KERNEL_IN_LINE void KERNEL(steady_block_end)(struct KERNEL(steady) * sums)
{
	UNROLLED for (int n = 0; n < VECTORS; n++)
	{
		sums->p_blocks[n] += sums->p[n];
		sums->p[n] = (doubles){0};
	}
}

KERNEL_IN_LINE void KERNEL(both_steady)(const float *current_a, const float *voltage_v,
					size_t count, float base_v, struct chunk *ret)
{
	struct KERNEL(steady) sums = {.i = {{0}, {0}}};
	size_t k = 0, end = count / STEP * STEP;

	while (k < end) {
		size_t block = end - k < BLOCK ? end : k + BLOCK;

		for (; k < block; k += STEP) {
			KERNEL_LATER(current_a + k);
			KERNEL_LATER(voltage_v + k);
			KERNEL(steady_step)(&sums, current_a + k, voltage_v + k, base_v);
		}
		KERNEL(steady_block_end)(&sums);
	}
	if (k < count) {
		float rest_a[STEP], rest_v[STEP];

		rest_of(current_a, count, 0, rest_a);
		rest_of(voltage_v, count, base_v, rest_v);
		KERNEL(steady_step)(&sums, rest_a, rest_v, base_v);
		KERNEL(steady_block_end)(&sums);
	}
	steady_finish(KERNEL(exact_sum)(sums.i), KERNEL(exact_sum)(sums.v),
		      KERNEL(step_sum)(sums.p_blocks), count, base_v, ret);
}

struct KERNEL(both) {
	struct KERNEL(split) i, p;
	doubles v[VECTORS];
};

KERNEL_IN_LINE void KERNEL(both_step)(struct KERNEL(both) * sums, const float *current_a,
				      const float *voltage_v)
{
	const doubles one = (doubles){0} + 1;
	doubles i, v;

	UNROLLED for (int n = 0; n < VECTORS; n++)
	{
		KERNEL_LOAD(i, current_a + n * KERNEL_LANES);
		KERNEL_LOAD(v, voltage_v + n * KERNEL_LANES);
		SPLIT_ADD(sums->i.upper[n % 2], sums->i.lower[n % 2], i, one);
		SPLIT_ADD(sums->p.upper[n % 2], sums->p.lower[n % 2], i, v);
		sums->v[n] += v;
	}
}

KERNEL_IN_LINE void KERNEL(both_split)(const float *current_a, const float *voltage_v, size_t count,
				       double anchor, double anchor_p, struct chunk *ret)
{
	struct KERNEL(both) sums = {.v = {{0}}};
	size_t k = 0;

	KERNEL(split_init)(&sums.i, anchor);
	KERNEL(split_init)(&sums.p, anchor_p);
	for (; k + STEP <= count; k += STEP) {
		KERNEL_LATER(current_a + k);
		KERNEL_LATER(voltage_v + k);
		KERNEL(both_step)(&sums, current_a + k, voltage_v + k);
	}
	if (k < count) {
		float rest_a[STEP], rest_v[STEP];

		rest_of(current_a, count, 0, rest_a);
		rest_of(voltage_v, count, 0, rest_v);
		KERNEL(both_step)(&sums, rest_a, rest_v);
	}
	ret->current = KERNEL(split_parts)(&sums.i, anchor);
	ret->power = KERNEL(split_parts)(&sums.p, anchor_p);
	ret->voltage = KERNEL(step_sum)(sums.v);
}

KERNEL_TARGET static void KERNEL(chunk_both)(const float *current_a, const float *voltage_v,
					     size_t count, struct chunk *ret)
{
	struct extremes i = KERNEL(extremes_find)(current_a, count);
	struct extremes v = KERNEL(extremes_find)(voltage_v, count);

	*ret = (struct chunk){.min_a = i.min, .max_a = i.max};
	if (are_steady(i, v))
		KERNEL(both_steady)
		(current_a, voltage_v, count, v.min + (v.max - v.min) / 2, ret);
	else
		KERNEL(both_split)
		(current_a, voltage_v, count, anchor_of(bound_of(i)),
		 anchor_of(bound_of(i) * bound_of(v)), ret);
}

#undef floats
#undef doubles
#undef wide
#undef masks
#undef WIDE
#undef VECTORS
#undef UNROLLED
#undef KERNEL_CHOOSE
#undef KERNEL_MIN
#undef KERNEL_MAX
#undef KERNEL_SOON
#undef KERNEL_LATER
#undef KERNEL_SWAPPED
#undef RANGE_FOLD
#undef SPLIT_ADD
#undef KERNEL
#undef KERNEL_TARGET
#undef KERNEL_IN_LINE
#undef KERNEL_LANES
#undef KERNEL_LOAD
#undef KERNEL_PRODUCT_PLUS
#undef KERNEL_PRODUCT_MINUS
