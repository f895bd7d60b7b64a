/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Seeded randomness of the virtual rig: splitmix64 (Steele, Lea, Flood: Fast splittable
 * pseudorandom number generators, 2014). The same seed gives the same board, meter and noise on
 * every machine.
 */
#ifndef RIGS_VIRTUAL_PLANT_RANDOM_H
#define RIGS_VIRTUAL_PLANT_RANDOM_H

#include <stdint.h>

struct vrandom {
	uint64_t state;
};

static inline uint64_t vrandom_next(struct vrandom *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Even in -1..1. */
static inline double vrandom_even(struct vrandom *random)
{
	return (double)(int64_t)vrandom_next(random) * 0x1p-63;
}

/* Mean 0, standard deviation 1, bounded by 4.9: the sum of eight 16-bit draws (Irwin-Hall), which
 * costs two words and no logarithm per sample. */
static inline double vrandom_normal(struct vrandom *random)
{
	uint64_t a = vrandom_next(random), b = vrandom_next(random);
	int32_t sum = 0;

	for (int shift = 0; shift < 64; shift += 16)
		sum += (int32_t)((a >> shift) & 0xffff) + (int32_t)((b >> shift) & 0xffff);
	/* Eight draws of 0..65535: mean 8 * 32767.5, variance 8 * (65536^2 - 1) / 12. */
	return (sum - 262140) / 53509.921;
}

/* A seed of its own for each named thing, so that adding a board changes no other. */
static inline uint64_t vrandom_seed(uint64_t rig_seed, const char *name)
{
	struct vrandom mixed = {rig_seed};
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
	mixed.state = vrandom_next(&mixed) ^ hash;
	return vrandom_next(&mixed);
}

#endif
