/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "joulebench plan next": which networks to measure so that the predictor's intervals shrink most.
 * Greedy, I-optimal (Atkinson, Donev & Tobias, Optimum Experimental Designs, 2007, ch. 10): each
 * choice is the network whose measurement at all places lowers the mean relative variance of the
 * energies that the cells predict for all candidates most; covariances are updated before the next.
 * What one meter's gain adds is left out: no network lowers it.
 */
#ifndef BENCH_PREDICTOR_NEXT_H
#define BENCH_PREDICTOR_NEXT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/predictor/forecast.h"

/* Independent standard uncertainty of a point that will be measured, relative. */
#define NEXT_MEASUREMENT_U_REL 1e-3

struct next_choice {
	const struct forecast_network *network;
	double u_rel; /* of the predicted energies, rms over all candidates, once it is measured */
};

struct next {
	const struct forecast *forecast;
	struct next_choice *choices;
	size_t count;
	size_t measured;    /* candidates that were left out: measured already at all places */
	double u_before_rel; /* rms, before any */
};

/* forecast: made, its networks the candidates; refused rows take no part. measured: networks that
 * need no second measurement; NULL: those of the training alone. budget: at least 1; with fewer
 * candidates than that all of them come, best first. -EINVAL: nothing can be chosen; -ENOMEM. Freed
 * with next_done. */
int next_make(const struct forecast *forecast, size_t budget, const struct dataset *measured,
	      struct next *ret_next, struct err *err);
void next_done(struct next *next);

/* A plan file, YAML. -EIO. */
int next_write_plan(const struct next *next, FILE *stream, struct err *err);
void next_print(const struct next *next, FILE *stream);
json_t *next_json(const struct next *next); /* NULL: out of memory */

#endif
