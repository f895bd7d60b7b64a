/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a row says beside the measured numbers: which point it belongs to, and with which devices.
 */
#ifndef BENCH_SESSION_ROW_H
#define BENCH_SESSION_ROW_H

#include "bench/session/points.h"
#include "bench/session/station.h"
#include "bench/store/store.h"

/* An empty row of this point: what plan, rig, model and firmware files say. */
void row_plan(struct store_measurement *row, const struct session_work *work,
	      const struct point *point);
/* What the devices say of themselves; left empty where they have not been heard. */
void row_fill_devices(struct store_measurement *row, const struct station *station);
/* The tape's wall clock, ISO 8601. */
void row_stamp_utc(struct link_tape *tape, char *ret_text, size_t size);
/* Devices and time. */
void row_finish(struct store_measurement *row, const struct station *station);

#endif
