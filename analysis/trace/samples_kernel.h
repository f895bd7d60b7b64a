/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loops of samples.c for one width of vector; included there once per width, with KERNEL(name),
 * KERNEL_TARGET, KERNEL_LANES, KERNEL_LOAD(into, from), KERNEL_MIN,
 * _MAX(a, b) and KERNEL_PRODUCT_PLUS, _MINUS(x, y, z), which are used up.
 */
typedef float KERNEL(floats) __attribute__((vector_size(KERNEL_LANES * sizeof(float))));
typedef double KERNEL(doubles) __attribute__((vector_size(KERNEL_LANES * sizeof(double))));
typedef float KERNEL(wide) __attribute__((vector_size(2 * KERNEL_LANES * sizeof(float))));
typedef int32_t KERNEL(masks) __attribute__((vector_size(2 * KERNEL_LANES * sizeof(int32_t))));
#define floats  KERNEL(floats)
#define doubles KERNEL(doubles)
#define wide    KERNEL(wide)
#define masks   KERNEL(masks)
#define STEP    (2 * KERNEL_LANES) /* two sums side by side hide the latency of an addition */

_Static_assert(STEP <= STEP_MAX && STEP_MAX % STEP == 0, "the step does not divide STEP_MAX");
_Static_assert(CHUNK * 4 <= 1 << HEADROOM, "the anchor is too small");

/* What NaN does here does not matter: it shows in the sums. */
KERNEL_TARGET static struct extremes KERNEL(extremes_find)(const float *x, size_t count)
{
	wide low, high, next;
	struct extremes found;

	memcpy(&low, x, sizeof(low));
	high = low;
	for (size_t k = STEP; k < count; k += STEP) {
		memcpy(&next, x + k, sizeof(next));
		low = KERNEL_MIN(next, low);
		high = KERNEL_MAX(next, high);
	}
	found = (struct extremes){low[0], high[0]};
	for (int i = 1; i < STEP; i++) {
		found.min = low[i] < found.min ? low[i] : found.min;
		found.max = high[i] > found.max ? high[i] : found.max;
	}
	return found;
}

/* A chunk is a page of memory, where processors stop to fetch ahead: the next one is asked for while
 * this one is added. Behind the end of an array that does nothing. */
#define KERNEL_SOON(at) __builtin_prefetch((const char *)(at) + CHUNK * sizeof(float))

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

KERNEL_TARGET static void KERNEL(chunk_current)(const float *current_a, size_t count,
						struct chunk *ret)
{
	struct extremes e = KERNEL(extremes_find)(current_a, count);
	double anchor = anchor_of(bound_of(e));
	doubles zero = {0}, one = zero + 1, a0 = zero + anchor, a1 = a0, l0 = zero, l1 = zero;

	for (size_t k = 0; k < count; k += STEP) {
		doubles i0, i1;

		KERNEL_SOON(current_a + k);
		KERNEL_LOAD(i0, current_a + k);
		KERNEL_LOAD(i1, current_a + k + KERNEL_LANES);
		SPLIT_ADD(a0, l0, i0, one);
		SPLIT_ADD(a1, l1, i1, one);
	}
	*ret = (struct chunk){.min_a = e.min, .max_a = e.max};
	PARTS_SUM(ret->current, a0, l0, a1, l1, anchor);
}

KERNEL_TARGET static void KERNEL(chunk_both)(const float *current_a, const float *voltage_v,
					     size_t count, struct chunk *ret)
{
	struct extremes e = KERNEL(extremes_find)(current_a, count);
	struct extremes v = KERNEL(extremes_find)(voltage_v, count);
	double anchor = anchor_of(bound_of(e));
	double anchor_p = anchor_of(bound_of(e) * bound_of(v));
	doubles zero = {0}, one = zero + 1, a0 = zero + anchor, a1 = a0, l0 = zero, l1 = zero;
	doubles p0 = zero + anchor_p, p1 = p0, q0 = zero, q1 = zero, volts = zero;

	for (size_t k = 0; k < count; k += STEP) {
		doubles i0, i1, v0, v1;

		KERNEL_SOON(current_a + k);
		KERNEL_SOON(voltage_v + k);
		KERNEL_LOAD(i0, current_a + k);
		KERNEL_LOAD(v0, voltage_v + k);
		KERNEL_LOAD(i1, current_a + k + KERNEL_LANES);
		KERNEL_LOAD(v1, voltage_v + k + KERNEL_LANES);
		SPLIT_ADD(a0, l0, i0, one);
		SPLIT_ADD(a1, l1, i1, one);
		SPLIT_ADD(p0, q0, i0, v0);
		SPLIT_ADD(p1, q1, i1, v1);
		volts += v0 + v1;
	}
	*ret = (struct chunk){.min_a = e.min, .max_a = e.max};
	PARTS_SUM(ret->current, a0, l0, a1, l1, anchor);
	PARTS_SUM(ret->power, p0, q0, p1, q1, anchor_p);
	LANES_SUM(ret->voltage, volts);
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
#undef SPLIT_ADD
#undef LANES_SUM
#undef PARTS_SUM
#undef KERNEL
#undef KERNEL_TARGET
#undef KERNEL_LANES
#undef KERNEL_LOAD
#undef KERNEL_PRODUCT_PLUS
#undef KERNEL_PRODUCT_MINUS
