/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the board keeps about a run beside its result: the cycles of each layer and the path each
 * inference took.
 */
#ifndef BENCH_SESSION_RECORD_H
#define BENCH_SESSION_RECORD_H

#include "bench/session/station.h"
#include "bench/store/store.h"

/* Reads both, where the run and the model have them, into the row. -EPROTO: the paths contradict
 * what the host expects of this input. */
int record_read(struct station *station, const struct session_model *model,
		const struct wire_run *run, struct store_measurement *row, struct err *err);

/* Frees what record_read put into the row; accepts a row without. */
void record_done(struct store_measurement *row);

#endif
