/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A plan's parts: for plan*.c only.
 *
 *   plan.c          reads the file
 *   plan_resolve.c  words for values, and the JSON object that is stored with the data
 */
#ifndef BENCH_CONFIG_PLAN_PARTS_H
#define BENCH_CONFIG_PLAN_PARTS_H

#include "bench/config/plan.h"

const char *plan_traces_name(enum trace_retention retention); /* as in the key `traces` */
/* Fills plan->resolved. */
int plan_resolve(struct plan *plan, struct err *err);

#endif
