/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a predictor says of one network: a cell is found, the features are held against what it was
 * trained on, and energy and time come with 95 % intervals. Outside of the training's range there
 * is no answer unless it was asked for, and then the answer says so.
 */
#ifndef BENCH_PREDICTOR_QUERY_H
#define BENCH_PREDICTOR_QUERY_H

#include "bench/predictor/predictor.h"

/* A temperature so near to a cell's range is within it. */
#define QUERY_TEMPERATURE_MARGIN_K 5.0
#define QUERY_COVERAGE             0.95

/* What is asked; empty, 0 and NaN: not said. */
struct query {
	const char *board; /* name or unique id of one, or a chip: any board of it */
	const char *build, *runtime;
	int64_t clock_hz;
	double temp_c, core_v, supply_v;
	bool extrapolate;
};

/* One network. NaN: not known. */
struct query_features {
	double time_s; /* as known by the user; else, 0 too, it is predicted */
	double cycles, stall_cycles, memory, multiplies, macs, params;
	double classes[KIND_CLASSES_MAX]; /* in the predictor's order */
};

struct answer {
	double value, u, low, high; /* J or s; u: standard uncertainty; 95 % interval */
	char outside[300];          /* what lies outside of the training's range; "": nothing */
};

/* Where a prediction holds: one level of one energy cell. */
struct query_place {
	const struct predictor_cell *energy, *time; /* time NULL: cycles over the nominal clock */
	int64_t clock_hz;
	/* That the energy is predicted for; NaN: not known. */
	double temp_c, core_v, supply_v, idle_power_w;
	char outside[200]; /* the place itself is outside of what was trained */
};

enum { QUERY_PLACES_MAX = 4096 };

/* All places that the query does not rule out. -EINVAL: none, with what there is; -ENOMEM. Freed by
 * the caller. */
int query_places(const struct predictor *predictor, const struct query *query,
		 struct query_place **ret_places, size_t *ret_count, struct err *err);

/* Energy and time of a network at a place; cycles may be unknown when the time is known and the
 * energy's kind works without. -EINVAL: a feature is not known or, without
 * query->extrapolate, outside of the range; the sentence says which and what the range is. */
int query_answer(const struct predictor *predictor, const struct query *query,
		 const struct query_place *place, const struct query_features *features,
		 struct answer *ret_energy, struct answer *ret_time, struct err *err);

/* Of a part of an inference: energy and time without what every inference costs once. NaN when its
 * features are not known. */
void query_part(const struct predictor *predictor, const struct query_place *place,
		const struct query_features *features, double *ret_energy_j, double *ret_time_s);

/* One point of features at a place as a table for the numerics. */
struct query_table {
	struct kind_table table;
	double column[KIND_COLUMNS], classes[KIND_CLASSES_MAX], y, u;
};
void query_table_fill(const struct predictor *predictor, const struct query_place *place,
		      const struct query_features *features, double time_s,
		      struct query_table *ret_table);

#endif
