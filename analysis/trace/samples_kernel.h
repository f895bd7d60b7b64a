/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loops of samples.c for one width of vector; included there once per width, with KERNEL(name),
 * KERNEL_TARGET, KERNEL_LANES, KERNEL_LOAD(into, from), KERNEL_SWAPPED(x, half), KERNEL_MIN,
 * _MAX(a, b) and KERNEL_PRODUCT_PLUS, _MINUS(x, y, z), which are used up.
 *
 * What is left behind the last whole step is added as one more, taken from the last STEP samples,
 * of which those that are in the sums already are blanked.
 */
typedef float KERNEL(floats) __attribute__((vector_size(KERNEL_LANES * sizeof(float))));
typedef double KERNEL(doubles) __attribute__((vector_size(KERNEL_LANES * sizeof(double))));
typedef float KERNEL(wide) __attribute__((vector_size(2 * KERNEL_LANES * sizeof(float))));
typedef int32_t KERNEL(masks) __attribute__((vector_size(2 * KERNEL_LANES * sizeof(int32_t))));
#define floats         KERNEL(floats)
#define doubles        KERNEL(doubles)
#define wide           KERNEL(wide)
#define masks          KERNEL(masks)
#define KERNEL_IN_LINE KERNEL_TARGET static inline __attribute__((always_inline))
#define STEP           (2 * KERNEL_LANES) /* two sums side by side hide the latency of an addition */

_Static_assert(STEP <= STEP_MAX, "the table of blanks is too short");

/* The last STEP of count samples; when there are fewer, the first one stands for those before. */
KERNEL_IN_LINE wide KERNEL(last_of)(const float *x, size_t count)
{
	float padded[STEP];
	wide last;

	if (count >= STEP) {
		memcpy(&last, x + count - STEP, sizeof(last));
		return last;
	}
	for (size_t k = 0; k < STEP; k++)
		padded[k] = x[k + count < STEP ? 0 : k + count - STEP];
	memcpy(&last, padded, sizeof(last));
	return last;
}

/* The same, but 0 where samples belong to whole steps. */
KERNEL_IN_LINE void KERNEL(rest_of)(const float *x, size_t count, float ret_rest[STEP])
{
	masks blank;
	wide rest = KERNEL(last_of)(x, count);

	memcpy(&blank, blanks + STEP_MAX - STEP + count % STEP, sizeof(blank));
	rest = (wide)((masks)rest & blank);
	memcpy(ret_rest, &rest, sizeof(rest));
}

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
	wide last = KERNEL(last_of)(x, count);
	struct KERNEL(range) even = {last, last}, odd = even;
	size_t k = 0;

	for (; k + 2 * LINE <= count; k += 2 * LINE) {
		KERNEL_SOON(x + k);
		KERNEL_SOON(x + k + LINE);
#pragma GCC unroll 8
		for (size_t at = k; at < k + 2 * LINE; at += 2 * STEP) {
			KERNEL(range_add)(&even, x + at);
			KERNEL(range_add)(&odd, x + at + STEP);
		}
	}
	for (; k + STEP <= count; k += STEP)
		KERNEL(range_add)(&even, x + k);
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

#define LANES_SUM(into, vector)                                                                    \
	do {                                                                                       \
		(into) = (vector)[0];                                                              \
		for (int lane_ = 1; lane_ < KERNEL_LANES; lane_++)                                 \
			(into) += (vector)[lane_];                                                 \
	} while (0)

#define PARTS_SUM(parts, upper0, lower0, upper1, lower1, anchor)                                   \
	do {                                                                                       \
		doubles upper_ = ((upper0) - (anchor)) + ((upper1) - (anchor));                    \
		doubles lower_ = (lower0) + (lower1);                                              \
		LANES_SUM((parts).upper, upper_);                                                  \
		LANES_SUM((parts).lower, lower_);                                                  \
	} while (0)

/* What has been added up of a chunk. */
struct KERNEL(running) {
	doubles i0, i1, i0_lower, i1_lower, p0, p1, p0_lower, p1_lower, v;
};

/* STEP samples. is_exact: adds_exactly. */
KERNEL_IN_LINE void KERNEL(current_step)(struct KERNEL(running) * sums, const float *current_a,
					 bool is_exact)
{
	const doubles one = (doubles){0} + 1;
	doubles i0, i1;

	KERNEL_LOAD(i0, current_a);
	KERNEL_LOAD(i1, current_a + KERNEL_LANES);
	if (is_exact) {
		sums->i0 += i0;
		sums->i1 += i1;
	} else {
		SPLIT_ADD(sums->i0, sums->i0_lower, i0, one);
		SPLIT_ADD(sums->i1, sums->i1_lower, i1, one);
	}
}

/* is_steady: are_steady; then powers are i * (v - base_v), which do not need to be split. */
KERNEL_IN_LINE void KERNEL(both_step)(struct KERNEL(running) * sums, const float *current_a,
				      const float *voltage_v, bool is_steady, double base_v)
{
	doubles i0, i1, v0, v1;

	KERNEL(current_step)(sums, current_a, is_steady);
	KERNEL_LOAD(i0, current_a);
	KERNEL_LOAD(v0, voltage_v);
	KERNEL_LOAD(i1, current_a + KERNEL_LANES);
	KERNEL_LOAD(v1, voltage_v + KERNEL_LANES);
	sums->v += v0 + v1;
	if (is_steady) {
		sums->p0 = KERNEL_PRODUCT_PLUS(i0, v0 - base_v, sums->p0);
		sums->p1 = KERNEL_PRODUCT_PLUS(i1, v1 - base_v, sums->p1);
	} else {
		SPLIT_ADD(sums->p0, sums->p0_lower, i0, v0);
		SPLIT_ADD(sums->p1, sums->p1_lower, i1, v1);
	}
}

KERNEL_IN_LINE void KERNEL(current_add)(const float *current_a, size_t count, double anchor,
					bool is_exact, struct chunk *ret)
{
	const doubles zero = {0};
	struct KERNEL(running) sums = {.i0 = zero + anchor, .i1 = zero + anchor};
	size_t k = 0;

	for (; k + LINE <= count; k += LINE) {
		KERNEL_LATER(current_a + k);
#pragma GCC unroll 8
		for (size_t at = k; at < k + LINE; at += STEP)
			KERNEL(current_step)(&sums, current_a + at, is_exact);
	}
	for (; k + STEP <= count; k += STEP)
		KERNEL(current_step)(&sums, current_a + k, is_exact);
	if (k < count) {
		float rest_a[STEP];

		KERNEL(rest_of)(current_a, count, rest_a);
		KERNEL(current_step)(&sums, rest_a, is_exact);
	}
	PARTS_SUM(ret->current, sums.i0, sums.i0_lower, sums.i1, sums.i1_lower, anchor);
}

/* Adds what a block came to to what blocks before it came to: so no sum has many terms. */
KERNEL_IN_LINE void KERNEL(block_end)(struct KERNEL(running) * sums, bool is_steady)
{
	if (!is_steady)
		return;
	sums->p0_lower += sums->p0;
	sums->p1_lower += sums->p1;
	sums->p0 = sums->p1 = (doubles){0};
}

/* anchor, anchor_p: 0 when is_steady; then ret's power lacks base_v times the current. */
KERNEL_IN_LINE void KERNEL(both_add)(const float *current_a, const float *voltage_v, size_t count,
				     double anchor, double anchor_p, bool is_steady, double base_v,
				     struct chunk *ret)
{
	const doubles zero = {0};
	struct KERNEL(running) sums = {.i0 = zero + anchor,
				       .i1 = zero + anchor,
				       .p0 = zero + anchor_p,
				       .p1 = zero + anchor_p};
	size_t k = 0, block;

	while (k + LINE <= count) {
		block = count - k < BLOCK ? count / LINE * LINE : k + BLOCK;
		for (; k < block; k += LINE) {
			KERNEL_LATER(current_a + k);
			KERNEL_LATER(voltage_v + k);
#pragma GCC unroll 8
			for (size_t at = k; at < k + LINE; at += STEP)
				KERNEL(both_step)
			(&sums, current_a + at, voltage_v + at, is_steady, base_v);
		}
		KERNEL(block_end)(&sums, is_steady);
	}
	for (; k + STEP <= count; k += STEP)
		KERNEL(both_step)(&sums, current_a + k, voltage_v + k, is_steady, base_v);
	if (k < count) {
		float rest_a[STEP], rest_v[STEP];

		KERNEL(rest_of)(current_a, count, rest_a);
		KERNEL(rest_of)(voltage_v, count, rest_v);
		KERNEL(both_step)(&sums, rest_a, rest_v, is_steady, base_v);
	}
	KERNEL(block_end)(&sums, is_steady);
	PARTS_SUM(ret->current, sums.i0, sums.i0_lower, sums.i1, sums.i1_lower, anchor);
	PARTS_SUM(ret->power, sums.p0, sums.p0_lower, sums.p1, sums.p1_lower, anchor_p);
	LANES_SUM(ret->voltage, sums.v);
}

KERNEL_TARGET static void KERNEL(chunk_current)(const float *current_a, size_t count,
						struct chunk *ret)
{
	struct extremes i = KERNEL(extremes_find)(current_a, count);

	*ret = (struct chunk){.min_a = i.min, .max_a = i.max};
	if (adds_exactly(i))
		KERNEL(current_add)(current_a, count, 0, true, ret);
	else
		KERNEL(current_add)(current_a, count, anchor_of(bound_of(i)), false, ret);
}

KERNEL_TARGET static void KERNEL(chunk_both)(const float *current_a, const float *voltage_v,
					     size_t count, struct chunk *ret)
{
	struct extremes i = KERNEL(extremes_find)(current_a, count);
	struct extremes v = KERNEL(extremes_find)(voltage_v, count);

	*ret = (struct chunk){.min_a = i.min, .max_a = i.max};
	if (are_steady(i, v)) {
		double base_v = v.min + (v.max - v.min) / 2;

		KERNEL(both_add)(current_a, voltage_v, count, 0, 0, true, base_v, ret);
		chunk_add_base(ret, base_v);
	} else {
		KERNEL(both_add)
		(current_a, voltage_v, count, anchor_of(bound_of(i)),
		 anchor_of(bound_of(i) * bound_of(v)), false, 0, ret);
	}
}

#undef floats
#undef doubles
#undef wide
#undef masks
#undef STEP
#undef KERNEL_CHOOSE
#undef KERNEL_MIN
#undef KERNEL_MAX
#undef KERNEL_SOON
#undef KERNEL_LATER
#undef KERNEL_SWAPPED
#undef RANGE_FOLD
#undef SPLIT_ADD
#undef LANES_SUM
#undef PARTS_SUM
#undef KERNEL
#undef KERNEL_TARGET
#undef KERNEL_IN_LINE
#undef KERNEL_LANES
#undef KERNEL_LOAD
#undef KERNEL_PRODUCT_PLUS
#undef KERNEL_PRODUCT_MINUS
