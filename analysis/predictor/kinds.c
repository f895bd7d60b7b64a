/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of kinds and their formulas; kind_fit.c fits them.
 */
#include "analysis/predictor/kinds.h"

#include <math.h>
#include <string.h>

#include "analysis/trace/error.h"

#define NEEDS(column) (1u << (column))

static double at(const struct kind_table *table, enum kind_column column, size_t index)
{
	return table->column[column][index];
}

static double proportional(double x, const double *parameters, double *ret_gradient)
{
	ret_gradient[0] = x;
	return parameters[0] * x;
}

static double cycles_value(const struct kind_table *table, size_t index, const double *parameters,
			   double *ret_gradient)
{
	return proportional(at(table, KIND_CYCLES, index), parameters, ret_gradient);
}

static double time_value(const struct kind_table *table, size_t index, const double *parameters,
			 double *ret_gradient)
{
	return proportional(at(table, KIND_TIME_S, index), parameters, ret_gradient);
}

static double macs_value(const struct kind_table *table, size_t index, const double *parameters,
			 double *ret_gradient)
{
	return proportional(at(table, KIND_MACS, index), parameters, ret_gradient);
}

static double weights_value(const struct kind_table *table, size_t index, const double *parameters,
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

static double affine_value(const struct kind_table *table, size_t index, const double *parameters,
			   double *ret_gradient)
{
	return two(1, at(table, KIND_CYCLES, index), parameters, ret_gradient);
}

static double stall_value(const struct kind_table *table, size_t index, const double *parameters,
			  double *ret_gradient)
{
	return two(at(table, KIND_CYCLES, index), at(table, KIND_STALL_CYCLES, index), parameters,
		   ret_gradient);
}

static double macs_weights_value(const struct kind_table *table, size_t index,
				 const double *parameters, double *ret_gradient)
{
	return two(at(table, KIND_MACS, index), at(table, KIND_WEIGHTS, index), parameters,
		   ret_gradient);
}

static double classes_value(const struct kind_table *table, size_t index, const double *parameters,
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

static double classes_stall_value(const struct kind_table *table, size_t index,
				  const double *parameters, double *ret_gradient)
{
	double stall = at(table, KIND_STALL_CYCLES, index);

	ret_gradient[0] = stall;
	return parameters[0] * stall +
	       classes_value(table, index, parameters + 1, ret_gradient + 1);
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
static double smps_value(const struct kind_table *table, size_t index, const double *parameters,
			 double *ret_gradient)
{
	double core_v = at(table, KIND_CORE_V, index);

	return levels_value(table, index, core_v * core_v, core_v, parameters, ret_gradient);
}

/* A linear regulator passes the core's current: all of it is paid at the supply's voltage. */
static double ldo_value(const struct kind_table *table, size_t index, const double *parameters,
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

static double static_smps_value(const struct kind_table *table, size_t index,
				const double *parameters, double *ret_gradient)
{
	double core_v = at(table, KIND_CORE_V, index);

	return static_value(table, index, core_v * core_v, parameters, ret_gradient);
}

static double static_ldo_value(const struct kind_table *table, size_t index,
			       const double *parameters, double *ret_gradient)
{
	return static_value(table, index,
			    at(table, KIND_CORE_V, index) * at(table, KIND_SUPPLY_V, index),
			    parameters, ret_gradient);
}

#define FREE     -INFINITY, INFINITY
#define POSITIVE 0, INFINITY
#define LEVELS_PARAMETERS                                                                          \
	{                                                                                          \
		{"a", "J/(V^2*cycle)", POSITIVE}, {"P0", "W", POSITIVE}, {"I0", "A", POSITIVE},    \
		{                                                                                  \
			"Ts", "K", 5, 200                                                          \
		}                                                                                  \
	}

const struct model_kind model_kinds[] = {
	{"energy-proportional",
	 "E = k*cycles",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES),
	 1,
	 {{"k", "J/cycle", FREE}},
	 cycles_value},
	{"energy-affine",
	 "E = a + k*cycles",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES),
	 2,
	 {{"a", "J", FREE}, {"k", "J/cycle", FREE}},
	 affine_value},
	{"energy-stall",
	 "E = k*cycles + s*stall_cycles",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_STALL_CYCLES),
	 2,
	 {{"k", "J/cycle", FREE}, {"s", "J/cycle", FREE}},
	 stall_value},
	{"energy-classes",
	 "E = sum e_c*n_c",
	 KIND_ENERGY_J,
	 true,
	 false,
	 true,
	 0,
	 0,
	 {{0}},
	 classes_value},
	{"energy-classes-stall",
	 "E = s*stall_cycles + sum e_c*n_c",
	 KIND_ENERGY_J,
	 true,
	 false,
	 true,
	 NEEDS(KIND_STALL_CYCLES),
	 1,
	 {{"s", "J/cycle", FREE}},
	 classes_stall_value},
	{"energy-levels-ldo", "E = a*Vcore^2*cycles*VDD/Vcore + (P0 + I0*VDD*exp((T-25C)/Ts))*t",
	 KIND_ENERGY_J, false, false, false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_TIME_S) | NEEDS(KIND_CORE_V) | NEEDS(KIND_SUPPLY_V) |
		 NEEDS(KIND_TEMP_C),
	 4, LEVELS_PARAMETERS, ldo_value},
	{"energy-levels-smps", "E = a*Vcore^2*cycles + (P0 + I0*Vcore*exp((T-25C)/Ts))*t",
	 KIND_ENERGY_J, false, false, false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_TIME_S) | NEEDS(KIND_CORE_V) | NEEDS(KIND_TEMP_C), 4,
	 LEVELS_PARAMETERS, smps_value},
	{"energy-static-ldo",
	 "E = a*Vcore^2*cycles*VDD/Vcore + P0*t",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_TIME_S) | NEEDS(KIND_CORE_V) | NEEDS(KIND_SUPPLY_V),
	 2,
	 {{"a", "J/(V^2*cycle)", FREE}, {"P0", "W", FREE}},
	 static_ldo_value},
	{"energy-static-smps",
	 "E = a*Vcore^2*cycles + P0*t",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_TIME_S) | NEEDS(KIND_CORE_V),
	 2,
	 {{"a", "J/(V^2*cycle)", FREE}, {"P0", "W", FREE}},
	 static_smps_value},
	{"time-proportional",
	 "t = k*cycles",
	 KIND_DURATION_S,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES),
	 1,
	 {{"k", "s/cycle", FREE}},
	 cycles_value},
	{"time-affine",
	 "t = a + k*cycles",
	 KIND_DURATION_S,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES),
	 2,
	 {{"a", "s", FREE}, {"k", "s/cycle", FREE}},
	 affine_value},
	{"energy-macs",
	 "E = k*MACs",
	 KIND_ENERGY_J,
	 true,
	 true,
	 false,
	 NEEDS(KIND_MACS),
	 1,
	 {{"k", "J/MAC", FREE}},
	 macs_value},
	{"energy-weights",
	 "E = k*weights",
	 KIND_ENERGY_J,
	 true,
	 true,
	 false,
	 NEEDS(KIND_WEIGHTS),
	 1,
	 {{"k", "J/weight", FREE}},
	 weights_value},
	{"energy-macs-weights",
	 "E = k*MACs + w*weights",
	 KIND_ENERGY_J,
	 true,
	 true,
	 false,
	 NEEDS(KIND_MACS) | NEEDS(KIND_WEIGHTS),
	 2,
	 {{"k", "J/MAC", FREE}, {"w", "J/weight", FREE}},
	 macs_weights_value},
	{"energy-constant-power",
	 "E = P*t",
	 KIND_ENERGY_J,
	 true,
	 true,
	 false,
	 NEEDS(KIND_TIME_S),
	 1,
	 {{"P", "W", FREE}},
	 time_value},
	{"time-macs",
	 "t = k*MACs",
	 KIND_DURATION_S,
	 true,
	 true,
	 false,
	 NEEDS(KIND_MACS),
	 1,
	 {{"k", "s/MAC", FREE}},
	 macs_value},
};

const size_t model_kinds_count = sizeof(model_kinds) / sizeof(model_kinds[0]);

/* Names, and whether 0 and below are out of range. */
static const struct {
	const char *name;
	double above, from;
} columns[KIND_COLUMNS] = {
	[KIND_CYCLES] = {"cycles", 0, -INFINITY},
	[KIND_TIME_S] = {"time_s", 0, -INFINITY},
	[KIND_STALL_CYCLES] = {"stall_cycles", -INFINITY, 0},
	[KIND_CORE_V] = {"core_v", 0, -INFINITY},
	[KIND_SUPPLY_V] = {"supply_v", 0, -INFINITY},
	[KIND_TEMP_C] = {"temp_c", -INFINITY, -273.15},
	[KIND_MACS] = {"macs", 0, -INFINITY},
	[KIND_WEIGHTS] = {"weights", 0, -INFINITY},
};

const struct model_kind *kind_find(const char *name)
{
	for (size_t i = 0; i < model_kinds_count; i++)
		if (!strcmp(model_kinds[i].name, name))
			return &model_kinds[i];
	return NULL;
}

size_t kind_parameters(const struct model_kind *kind, const struct kind_table *table)
{
	return kind->parameters + (kind->is_per_class ? table->class_count : 0);
}

const char *kind_column_name(enum kind_column column)
{
	return column >= KIND_CYCLES && column < KIND_COLUMNS ? columns[column].name : "classes";
}

static bool column_in_range(const struct kind_table *table, enum kind_column column)
{
	for (size_t i = 0; i < table->points.count; i++) {
		double value = table->column[column][i];

		if (!isfinite(value) || value <= columns[column].above ||
		    value < columns[column].from)
			return false;
	}
	return true;
}

static bool classes_in_range(const struct kind_table *table)
{
	if (!table->classes || !table->class_count || table->class_count > KIND_CLASSES_MAX)
		return false;
	for (size_t i = 0; i < table->points.count * table->class_count; i++)
		if (!isfinite(table->classes[i]) || table->classes[i] < 0)
			return false;
	return true;
}

enum kind_column kind_lacks(const struct model_kind *kind, const struct kind_table *table)
{
	for (enum kind_column column = KIND_CYCLES; column < KIND_COLUMNS; column++)
		if ((kind->needs & NEEDS(column)) &&
		    (!table->column[column] || !column_in_range(table, column)))
			return column;
	return kind->is_per_class && !classes_in_range(table) ? KIND_COLUMNS : 0;
}

int kind_group_classes(const double *counts, size_t count, size_t classes, const unsigned *group,
		       size_t groups, double *ret_grouped)
{
	for (size_t c = 0; c < classes; c++)
		if (group[c] >= groups)
			return ANALYSIS_BAD_ARGUMENT;
	memset(ret_grouped, 0, count * groups * sizeof(*ret_grouped));
	for (size_t i = 0; i < count; i++)
		for (size_t c = 0; c < classes; c++)
			ret_grouped[i * groups + group[c]] += counts[i * classes + c];
	return 0;
}
