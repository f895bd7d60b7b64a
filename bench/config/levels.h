/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock levels: those a kind of board has, and those a plan asks of each board of a rig.
 */
#ifndef BENCH_CONFIG_LEVELS_H
#define BENCH_CONFIG_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum { LEVELS_MAX = 24 };

struct levels {
	uint32_t hz[LEVELS_MAX]; /* ascending, no two alike */
	unsigned count;
};

struct plan;
struct rig;

/* Word of a plan's clocks. */
enum levels_word { LEVELS_HZ = 1, LEVELS_SLOWEST, LEVELS_FASTEST, LEVELS_ALL };

struct levels_wanted {
	enum levels_word word;
	uint32_t hz; /* LEVELS_HZ */
};

/* A frequency with its unit, or slowest, fastest, all. -EINVAL: neither. */
int levels_wanted_parse(const char *text, struct levels_wanted *ret_wanted, struct err *err);
const char *levels_word_name(enum levels_word word); /* NULL for LEVELS_HZ */

/* -EINVAL, with the levels there are: it has none such. */
int levels_find(const struct levels *levels, const struct levels_wanted *wanted, uint32_t *ret_hz,
		struct err *err);
bool levels_have(const struct levels *levels, uint32_t hz);
/* Keeps the order; a level that is there stays. -ENOSPC: it is full. */
int levels_add(struct levels *levels, uint32_t hz);
/* "4, 16, 13.333333 MHz", cut where it does not fit. */
void levels_print(const struct levels *levels, char *text, size_t size);

/* What the plan's clocks mean on each board of the rig: (*ret_levels)[board], to be freed by the
 * caller. Frequencies that a board does not have are left out there. -EINVAL, with the plan's file
 * and line: no board has this frequency, or a board has none of the plan's. */
int levels_resolve(const struct plan *plan, const struct rig *rig, struct levels **ret_levels,
		   struct err *err);

#endif
