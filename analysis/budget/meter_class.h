/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is known of a class of meter before any instrument of it was calibrated: one row per model,
 * from its data sheet. A figure no document at hand gives is an assumption, and marked so; the
 * instrument's own calibration and the rig file come before either.
 */
#ifndef ANALYSIS_BUDGET_METER_CLASS_H
#define ANALYSIS_BUDGET_METER_CLASS_H

#include "analysis/budget/table.h"

/* A limit: the true value lies within +-half_width. Its standard uncertainty is half_width/sqrt(3)
 * when rectangular; a normal one is given as one standard uncertainty. */
struct meter_limit {
	double half_width;
	struct budget_basis basis;
};

struct meter_class {
	const char *model;              /* as meter_info.model and the meter_model column have it */
	struct meter_limit gain;        /* relative */
	struct meter_limit offset;      /* A, where the driver gives no ranges */
	struct meter_limit temperature; /* of the gain, per K away from calibration */
	double calibration_c;           /* temperature the gain is for */
	struct meter_limit time_base;   /* relative, of the sample clock */
	struct meter_limit burden;      /* V lost between what is taken for the board's voltage and
					   the board */
	double resolution_a;            /* smallest step, where the driver gives no ranges; 0: not
					   known */
	bool measures_voltage;          /* then `voltage` is its gain; else supply_u of the rig */
	struct meter_limit voltage;     /* relative */
};

/* Static. NULL: no such model. */
const struct meter_class *meter_class_find(const char *model);
/* Never NULL: a class that claims little, for meters that are not in the table. Its model is "". */
const struct meter_class *meter_class_unknown(void);
/* All rows, alphabetical; index from 0; NULL at the end. */
const struct meter_class *meter_class_at(size_t index);

double meter_limit_u(const struct meter_limit *limit); /* standard uncertainty */

#endif
