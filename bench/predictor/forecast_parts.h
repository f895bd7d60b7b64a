/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of forecasts.
 */
#ifndef BENCH_PREDICTOR_FORECAST_PARTS_H
#define BENCH_PREDICTOR_FORECAST_PARTS_H

#include "bench/predictor/forecast.h"

struct count_table;

/* Cycles of the row's network at its place; false: the table (NULL: none) does not tell, *why when
 * there is a reason. */
bool forecast_from_table(const struct count_table *table, struct forecast_row *row, struct err *why);

#endif
