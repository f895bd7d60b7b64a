/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random numbers that are the same everywhere: splitmix64 (Steele, Lea, Flood 2014), with the
 * constants of its public-domain reference.
 */
#ifndef BENCH_MODEL_GENERATE_RANDOM_H
#define BENCH_MODEL_GENERATE_RANDOM_H

#include <stdint.h>

struct generate_random {
	uint64_t state;
};

static inline uint64_t generate_random_next(struct generate_random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 .. bound-1, bound up to 2^32: the bias of the multiplication is below 2^-32 * bound. */
static inline uint32_t generate_random_below(struct generate_random *random, uint64_t bound)
{
	return (uint32_t)(((generate_random_next(random) >> 32) * bound) >> 32);
}

/* A stream of its own for item `index` of a seed. */
static inline struct generate_random generate_random_of(uint64_t seed, uint64_t index)
{
	struct generate_random random = {seed};
	uint64_t start = generate_random_next(&random);

	random.state = start ^ (index * UINT64_C(0xd1342543de82ef95));
	generate_random_next(&random);
	return random;
}

#endif
