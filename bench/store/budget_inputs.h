/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The column budget_inputs of a row: what its uncertainty was computed from, as one JSON object.
 * Keys are the members of struct budget_input that hold numbers; "ranges" is a list of [share,
 * idle_share, offset_u_a, resolution_a]. Numbers are written so that they read back as they were.
 */
#ifndef BENCH_STORE_BUDGET_INPUTS_H
#define BENCH_STORE_BUDGET_INPUTS_H

#include "analysis/budget/budget.h"

/* -ENOSPC: it does not fit, -EINVAL: not a number in it, or out of memory; *ret_text is "" then. */
int budget_inputs_write(const struct budget_input *input, char *ret_text, size_t size);
/* -EINVAL: not what budget_inputs_write wrote; "" as well. Bases of the sources stay empty. */
int budget_inputs_read(const char *text, struct budget_input *ret_input);

#endif
