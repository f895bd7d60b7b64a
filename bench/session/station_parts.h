/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inside of a station, for station*.c only.
 *
 *   station.c          its devices: opened, switched on and off, got back
 *   station_prepare.c  what the board holds: firmware, model, input, clock
 */
#ifndef BENCH_SESSION_STATION_PARTS_H
#define BENCH_SESSION_STATION_PARTS_H

#include "bench/session/station.h"

/* Nothing is known any more of what the board holds. */
void station_forget(struct station *station);
int station_reset(struct station *station, struct err *err);
/* Flashes it, whatever the board holds, and resets the board. */
int station_write_build(struct station *station, unsigned build, struct err *err);

#endif
