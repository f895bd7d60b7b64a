/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a plan asks of a rig: every (temperature, board, model, build, clock, repeat), in seeded
 * random order at each temperature; the temperatures in the plan's order.
 */
#ifndef BENCH_SESSION_POINTS_H
#define BENCH_SESSION_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/config/plan.h"
#include "bench/config/rig.h"
#include "bench/model/model.h"

/* A model as one kernel set runs it. */
struct session_model {
	struct model_image *image; /* NULL: no board of the rig needs it */
	uint8_t *input;            /* image->input_bytes */
	struct model_expected expected;
};

struct session_firmware { /* one per rig board and plan build */
	uint8_t *bytes;
	size_t count;
	uint32_t crc32;
};

/* Everything that can be known without touching a board. */
struct session_work {
	const struct plan *plan;
	const struct rig *rig;
	struct session_model *models;       /* [kernel set * plan->model_count + model] */
	struct levels *levels;              /* [board]: what the plan asks of it */
	struct session_firmware *firmwares; /* [board * plan->build_count + build] */
};

struct point {
	unsigned board, model, build, repeat; /* indices into rig and plan */
	unsigned temperature;                 /* index into plan; 0 when the plan says none */
	unsigned clock;                       /* index into work->levels[board] */
	uint32_t clock_hz;
	char key[192];
};

/* Resolves the clock levels, holds the plan's target (-ERANGE) and temperatures (-EINVAL) against the rig, compiles the models, computes their reference results, reads the
 * firmware files (FOLDER/STEM-BUILD.bin; a NULL folder: none). */
int session_work_prepare(const struct plan *plan, const struct rig *rig,
			 const char *firmware_folder, struct session_work *ret_work,
			 struct err *err);
void session_work_done(struct session_work *work); /* accepts a zeroed or half-built one */

/* The same point, another repeat; beyond the plan's repeats as well (a plan's target may ask for
 * more windows). */
struct point point_repeat(const struct session_work *work, const struct point *point,
			  unsigned repeat);
/* Of a point's key what all its repeats have in common: its length. */
size_t point_key_stem(const char *key);

/* Whether the plan said how warm it is to be. */
bool point_key_has_temperature(const char *key);

/* The model as this board runs it. */
const struct session_model *session_work_model(const struct session_work *work, unsigned board,
					       unsigned model);

/* How many temperatures are gone to one after the other: 1 when the plan says none. */
unsigned points_temperatures(const struct plan *plan);
/* NAN when the plan says none. */
double points_temperature_c(const struct plan *plan, unsigned temperature);

/* The points of one board, temperature by temperature, each shuffled by the plan's seed (same seed,
 * same order). To be freed by the caller. NULL: out of memory. */
struct point *points_of_board(const struct session_work *work, unsigned board, size_t *ret_count);
/* Leaves those of one temperature in the array that points_of_board gave. */
void points_keep_temperature(const struct plan *plan, unsigned temperature, struct point *points,
			     size_t *count);

#endif
