/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/kind_values.h"

#include <math.h>

static double at(const struct kind_table *table, enum kind_column column, size_t index)
{
	return table->column[column][index];
}

static double proportional(double x, const double *parameters, double *ret_gradient)
{
	ret_gradient[0] = x;
	return parameters[0] * x;
}

double kind_value_cycles(const struct kind_table *table, size_t index, const double *parameters,
			 double *ret_gradient)
{
	return proportional(at(table, KIND_CYCLES, index), parameters, ret_gradient);
}

double kind_value_time(const struct kind_table *table, size_t index, const double *parameters,
		       double *ret_gradient)
{
	return proportional(at(table, KIND_TIME_S, index), parameters, ret_gradient);
}

double kind_value_macs(const struct kind_table *table, size_t index, const double *parameters,
		       double *ret_gradient)
{
	return proportional(at(table, KIND_MACS, index), parameters, ret_gradient);
}

double kind_value_weights(const struct kind_table *table, size_t index, const double *parameters,
			  double *ret_gradient)
{
	return proportional(at(table, KIND_WEIGHTS, index), parameters, ret_gradient);
}

static double two(double x0, double x1, const double *parameters, double *ret_gradient)
{
	ret_gradient[0] = x0;
	ret_gradient[1] = x1;
	return parameters[0] * x0 + parameters[1] * x1;
}

double kind_value_affine(const struct kind_table *table, size_t index, const double *parameters,
			 double *ret_gradient)
{
	return two(1, at(table, KIND_CYCLES, index), parameters, ret_gradient);
}

double kind_value_stall(const struct kind_table *table, size_t index, const double *parameters,
			double *ret_gradient)
{
	return two(at(table, KIND_CYCLES, index), at(table, KIND_STALL_CYCLES, index), parameters,
		   ret_gradient);
}

double kind_value_macs_weights(const struct kind_table *table, size_t index,
			       const double *parameters, double *ret_gradient)
{
	return two(at(table, KIND_MACS, index), at(table, KIND_WEIGHTS, index), parameters,
		   ret_gradient);
}

double kind_value_classes(const struct kind_table *table, size_t index, const double *parameters,
			  double *ret_gradient)
{
	const double *counts = table->classes + index * table->class_count;
	double value = 0;

	for (size_t c = 0; c < table->class_count; c++) {
		ret_gradient[c] = counts[c];
		value += parameters[c] * counts[c];
	}
	return value;
}

double kind_value_classes_stall(const struct kind_table *table, size_t index,
				const double *parameters, double *ret_gradient)
{
	double stall = at(table, KIND_STALL_CYCLES, index);

	ret_gradient[0] = stall;
	return parameters[0] * stall +
	       kind_value_classes(table, index, parameters + 1, ret_gradient + 1);
}

/* parameters: a, P0, I0, Ts. switched: V^2 of the switching term; leaking: V of the leakage. */
static double levels_value(const struct kind_table *table, size_t index, double switched,
			   double leaking, const double *parameters, double *ret_gradient)
{
	double time_s = at(table, KIND_TIME_S, index);
	double above_k = at(table, KIND_TEMP_C, index) - KIND_T0_C;
	double growth = leaking * exp(above_k / parameters[3]) * time_s;

	ret_gradient[0] = switched * at(table, KIND_CYCLES, index);
	ret_gradient[1] = time_s;
	ret_gradient[2] = growth;
	ret_gradient[3] = -parameters[2] * growth * above_k / (parameters[3] * parameters[3]);
	return parameters[0] * ret_gradient[0] + parameters[1] * time_s + parameters[2] * growth;
}

/* An inductive converter takes the core's energy from the supply, its efficiency is within a. */
double kind_value_smps(const struct kind_table *table, size_t index, const double *parameters,
		       double *ret_gradient)
{
	double core_v = at(table, KIND_CORE_V, index);

	return levels_value(table, index, core_v * core_v, core_v, parameters, ret_gradient);
}

/* A linear regulator passes the core's current: all of it is paid at the supply's voltage. */
double kind_value_ldo(const struct kind_table *table, size_t index, const double *parameters,
		      double *ret_gradient)
{
	double core_v = at(table, KIND_CORE_V, index), supply_v = at(table, KIND_SUPPLY_V, index);

	return levels_value(table, index, core_v * supply_v, supply_v, parameters, ret_gradient);
}

/* Without temperatures all that does not switch is one constant power. */
static double static_value(const struct kind_table *table, size_t index, double switched,
			   const double *parameters, double *ret_gradient)
{
	return two(switched * at(table, KIND_CYCLES, index), at(table, KIND_TIME_S, index),
		   parameters, ret_gradient);
}

double kind_value_static_smps(const struct kind_table *table, size_t index,
			      const double *parameters, double *ret_gradient)
{
	double core_v = at(table, KIND_CORE_V, index);

	return static_value(table, index, core_v * core_v, parameters, ret_gradient);
}

double kind_value_static_ldo(const struct kind_table *table, size_t index, const double *parameters,
			     double *ret_gradient)
{
	return static_value(table, index,
			    at(table, KIND_CORE_V, index) * at(table, KIND_SUPPLY_V, index),
			    parameters, ret_gradient);
}

/* ret_gradient: 4, each times scale. */
static double mix(const struct kind_table *table, size_t index, double scale,
		  const double *parameters, double *ret_gradient)
{
	double value = 0;

	ret_gradient[0] = scale * at(table, KIND_CYCLES, index);
	ret_gradient[1] = scale * at(table, KIND_MEMORY, index);
	ret_gradient[2] = scale * at(table, KIND_MULTIPLIES, index);
	for (size_t j = 0; j < 3; j++)
		value += parameters[j] * ret_gradient[j];
	return value;
}

double kind_value_mix(const struct kind_table *table, size_t index, const double *parameters,
		      double *ret_gradient)
{
	return mix(table, index, 1, parameters, ret_gradient);
}

double kind_value_mix_stall(const struct kind_table *table, size_t index, const double *parameters,
			    double *ret_gradient)
{
	ret_gradient[3] = at(table, KIND_STALL_CYCLES, index);
	return mix(table, index, 1, parameters, ret_gradient) + parameters[3] * ret_gradient[3];
}

/* A board that waits shows what does not depend on the program: leakage, oscillators, clock tree.
 * While the core waits for flash, the array draws a current of its own from the supply. */
static double idle_mix(const struct kind_table *table, size_t index, double switched,
		       const double *parameters, double *ret_gradient)
{
	double cycles = at(table, KIND_CYCLES, index), time_s = at(table, KIND_TIME_S, index);
	double stalled = cycles ? at(table, KIND_STALL_CYCLES, index) / cycles : 0;
	double value = mix(table, index, switched, parameters, ret_gradient);

	ret_gradient[3] = switched * stalled * cycles;
	ret_gradient[4] = at(table, KIND_IDLE_W, index) * time_s;
	ret_gradient[5] = at(table, KIND_SUPPLY_V, index) * stalled * time_s;
	for (size_t j = 3; j < 6; j++)
		value += parameters[j] * ret_gradient[j];
	return value;
}

double kind_value_idle_mix_smps(const struct kind_table *table, size_t index,
				const double *parameters, double *ret_gradient)
{
	double core_v = at(table, KIND_CORE_V, index);

	return idle_mix(table, index, core_v * core_v, parameters, ret_gradient);
}

double kind_value_idle_mix_ldo(const struct kind_table *table, size_t index,
			       const double *parameters, double *ret_gradient)
{
	return idle_mix(table, index,
			at(table, KIND_CORE_V, index) * at(table, KIND_SUPPLY_V, index), parameters,
			ret_gradient);
}

/* Networks that use each weight but few times stream them from flash, and the core waits. */
static double streaming(const struct kind_table *table, size_t index, double exponent,
			const double *parameters, double *ret_gradient)
{
	double share = at(table, KIND_WEIGHTS, index) / at(table, KIND_MACS, index);

	ret_gradient[0] = at(table, KIND_TIME_S, index) * exp(parameters[1] * share + exponent);
	ret_gradient[1] = parameters[0] * ret_gradient[0] * share;
	return parameters[0] * ret_gradient[0];
}

double kind_value_streaming(const struct kind_table *table, size_t index, const double *parameters,
			    double *ret_gradient)
{
	return streaming(table, index, 0, parameters, ret_gradient);
}

/* Kernels that do more per second draw more. */
double kind_value_streaming_pace(const struct kind_table *table, size_t index,
				 const double *parameters, double *ret_gradient)
{
	double pace = log(1e-6 * at(table, KIND_MACS, index) / at(table, KIND_TIME_S, index));
	double value = streaming(table, index, parameters[2] * pace, parameters, ret_gradient);

	ret_gradient[2] = value * pace;
	return value;
}
