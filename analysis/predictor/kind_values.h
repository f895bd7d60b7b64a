/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of the kinds: their formulas and derivatives, as struct model_kind's value has them. A
 * table has the columns that the kind needs.
 */
#ifndef ANALYSIS_PREDICTOR_KIND_VALUES_H
#define ANALYSIS_PREDICTOR_KIND_VALUES_H

#include "analysis/predictor/kinds.h"

typedef double kind_value_fn(const struct kind_table *table, size_t index, const double *parameters,
			     double *ret_gradient);

extern kind_value_fn kind_value_cycles, kind_value_stall, kind_value_affine, kind_value_classes,
	kind_value_classes_stall, kind_value_ldo, kind_value_smps, kind_value_static_ldo,
	kind_value_static_smps, kind_value_time, kind_value_macs, kind_value_weights,
	kind_value_macs_weights, kind_value_mix, kind_value_mix_stall, kind_value_idle_mix_ldo,
	kind_value_idle_mix_smps, kind_value_streaming, kind_value_streaming_pace;

#endif
