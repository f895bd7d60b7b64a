/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What "joulebench fit" prints: each level's two fits on cycles, and per family how every
 * candidate and baseline predicted what it had not seen.
 */
#ifndef BENCH_PREDICTOR_FIT_REPORT_H
#define BENCH_PREDICTOR_FIT_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/predictor/build.h"
#include "bench/predictor/curves.h"

enum { FIT_REPORT_FORMS = 2 }; /* E = k*cycles, E = a + k*cycles */

struct fit_report_form {
	const struct model_kind *kind;
	int reason;
	char refused[300];
	struct estimate estimate;
	double mape_pct, rmspe_pct, max_error_pct, r2;
	struct judged left_out; /* leave-one-model-out */
};

struct fit_report_level {
	struct dataset_point first; /* of it */
	double temp_min_c, temp_max_c;
	bool several_temperatures;
	int64_t windows;
	size_t models;
	struct fit_report_form forms[FIT_REPORT_FORMS];
};

struct fit_report {
	struct fit_report_level *levels;
	size_t count;
	const struct dataset *dataset;
	const struct predictor *predictor; /* NULL: nothing could be fitted */
	const struct build_refusals *refusals;
	const struct curves *curves; /* NULL: not asked for */
};

/* -ENOMEM. dataset stays the caller's. Freed with fit_report_done. */
int fit_report_make(const struct dataset *dataset, const struct build_options *options,
		    struct fit_report *ret_report, struct err *err);
void fit_report_done(struct fit_report *report);

void fit_report_print(const struct fit_report *report, FILE *stream);
json_t *fit_report_json(const struct fit_report *report); /* NULL: out of memory */

/* One row of errors; also of "verify" and "models". */
json_t *judged_row_json(const struct judged *judged);

#endif
