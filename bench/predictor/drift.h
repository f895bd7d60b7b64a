/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether a network's energy on a board has stepped between nights (analysis/predictor/change.h).
 */
#ifndef BENCH_PREDICTOR_DRIFT_H
#define BENCH_PREDICTOR_DRIFT_H

#include "analysis/predictor/change.h"
#include "bench/predictor/dataset.h"

struct drift {
	struct dataset_point point; /* of its first night */
	size_t nights;
	char first_night[16], last_night[16];
	char change_night[16], change_firmware[12], before_firmware[12];
	struct change change;
	double threshold;
};

struct drifts {
	struct drift *rows;
	size_t count, found;
	size_t short_series;       /* with fewer than CHANGE_NIGHTS_MIN nights */
	double false_alarm;        /* stated, for all series together */
	double false_alarm_series; /* what each then has */
};

/* dataset: by night. model: only networks of that name or hash; NULL: all. false_alarm: probability
 * that any alarm is false. -EINVAL: out of range, no network of that name; -ENOMEM. Freed with
 * drifts_done. */
int drifts_make(const struct dataset *dataset, const char *model, double false_alarm,
		struct drifts *ret_drifts, struct err *err);
void drifts_done(struct drifts *drifts);

#endif
