/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of kinds; kind_values.c computes them, kind_fit.c fits them.
 */
#include "analysis/predictor/kinds.h"

#include <math.h>
#include <string.h>

#include "analysis/predictor/kind_values.h"
#include "analysis/trace/error.h"

#define NEEDS(column) (1u << (column))

#define FREE     -INFINITY, INFINITY
#define POSITIVE 0, INFINITY
#define LEVELS_PARAMETERS                                                                          \
	{                                                                                          \
		{"a", "J/(V^2*cycle)", POSITIVE}, {"P0", "W", POSITIVE}, {"I0", "A", POSITIVE},    \
		{                                                                                  \
			"Ts", "K", 5, 200                                                          \
		}                                                                                  \
	}

#define IDLE_MIX_NEEDS                                                                             \
	(NEEDS(KIND_CYCLES) | NEEDS(KIND_TIME_S) | NEEDS(KIND_STALL_CYCLES) | NEEDS(KIND_MEMORY) | \
	 NEEDS(KIND_MULTIPLIES) | NEEDS(KIND_CORE_V) | NEEDS(KIND_SUPPLY_V) | NEEDS(KIND_IDLE_W))
#define IDLE_MIX_PARAMETERS                                                                        \
	{                                                                                          \
		{"k", "J/(V^2*cycle)", FREE}, {"m", "J/(V^2*instruction)", FREE},                  \
			{"p", "J/(V^2*instruction)", FREE}, {"s", "J/(V^2*cycle)", FREE},          \
			{"q", "1", FREE},                                                          \
		{                                                                                  \
			"f", "A", FREE                                                             \
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
	 kind_value_cycles},
	{"energy-affine",
	 "E = a + k*cycles",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES),
	 2,
	 {{"a", "J", FREE}, {"k", "J/cycle", FREE}},
	 kind_value_affine},
	{"energy-stall",
	 "E = k*cycles + s*stall_cycles",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_STALL_CYCLES),
	 2,
	 {{"k", "J/cycle", FREE}, {"s", "J/cycle", FREE}},
	 kind_value_stall},
	{"energy-mix",
	 "E = k*cycles + m*memory_instructions + p*multiply_instructions",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_MEMORY) | NEEDS(KIND_MULTIPLIES),
	 3,
	 {{"k", "J/cycle", FREE}, {"m", "J/instruction", FREE}, {"p", "J/instruction", FREE}},
	 kind_value_mix},
	{"energy-mix-stall",
	 "E = k*cycles + m*memory_instructions + p*multiply_instructions + s*stall_cycles",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_MEMORY) | NEEDS(KIND_MULTIPLIES) |
		 NEEDS(KIND_STALL_CYCLES),
	 4,
	 {{"k", "J/cycle", FREE},
	  {"m", "J/instruction", FREE},
	  {"p", "J/instruction", FREE},
	  {"s", "J/cycle", FREE}},
	 kind_value_mix_stall},
	{"energy-idle-mix-ldo",
	 "E = Vcore*VDD*(k*cycles + m*memory_instructions + p*multiply_instructions + "
	 "s*stall_cycles) + q*Pidle*t + f*VDD*t*stall_cycles/cycles",
	 KIND_ENERGY_J, true, false, false, IDLE_MIX_NEEDS, 6, IDLE_MIX_PARAMETERS,
	 kind_value_idle_mix_ldo},
	{"energy-idle-mix-smps",
	 "E = Vcore^2*(k*cycles + m*memory_instructions + p*multiply_instructions + "
	 "s*stall_cycles) + q*Pidle*t + f*VDD*t*stall_cycles/cycles",
	 KIND_ENERGY_J, true, false, false, IDLE_MIX_NEEDS, 6, IDLE_MIX_PARAMETERS,
	 kind_value_idle_mix_smps},
	{"energy-streaming",
	 "E = P*t*exp(s*weights/MACs)",
	 KIND_ENERGY_J,
	 false,
	 false,
	 false,
	 NEEDS(KIND_TIME_S) | NEEDS(KIND_MACS) | NEEDS(KIND_WEIGHTS),
	 2,
	 {{"P", "W", POSITIVE}, {"s", "1", FREE}},
	 kind_value_streaming,
	 true},
	{"energy-streaming-pace",
	 "E = P*t*exp(s*weights/MACs + r*ln(MACs/us))",
	 KIND_ENERGY_J,
	 false,
	 false,
	 false,
	 NEEDS(KIND_TIME_S) | NEEDS(KIND_MACS) | NEEDS(KIND_WEIGHTS),
	 3,
	 {{"P", "W", POSITIVE}, {"s", "1", FREE}, {"r", "1", FREE}},
	 kind_value_streaming_pace,
	 true},
	{"energy-classes",
	 "E = sum e_c*n_c",
	 KIND_ENERGY_J,
	 true,
	 false,
	 true,
	 0,
	 0,
	 {{0}},
	 kind_value_classes},
	{"energy-classes-stall",
	 "E = s*stall_cycles + sum e_c*n_c",
	 KIND_ENERGY_J,
	 true,
	 false,
	 true,
	 NEEDS(KIND_STALL_CYCLES),
	 1,
	 {{"s", "J/cycle", FREE}},
	 kind_value_classes_stall},
	{"energy-levels-ldo", "E = a*Vcore^2*cycles*VDD/Vcore + (P0 + I0*VDD*exp((T-25C)/Ts))*t",
	 KIND_ENERGY_J, false, false, false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_TIME_S) | NEEDS(KIND_CORE_V) | NEEDS(KIND_SUPPLY_V) |
		 NEEDS(KIND_TEMP_C),
	 4, LEVELS_PARAMETERS, kind_value_ldo},
	{"energy-levels-smps", "E = a*Vcore^2*cycles + (P0 + I0*Vcore*exp((T-25C)/Ts))*t",
	 KIND_ENERGY_J, false, false, false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_TIME_S) | NEEDS(KIND_CORE_V) | NEEDS(KIND_TEMP_C), 4,
	 LEVELS_PARAMETERS, kind_value_smps},
	{"energy-static-ldo",
	 "E = a*Vcore^2*cycles*VDD/Vcore + P0*t",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_TIME_S) | NEEDS(KIND_CORE_V) | NEEDS(KIND_SUPPLY_V),
	 2,
	 {{"a", "J/(V^2*cycle)", FREE}, {"P0", "W", FREE}},
	 kind_value_static_ldo},
	{"energy-static-smps",
	 "E = a*Vcore^2*cycles + P0*t",
	 KIND_ENERGY_J,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES) | NEEDS(KIND_TIME_S) | NEEDS(KIND_CORE_V),
	 2,
	 {{"a", "J/(V^2*cycle)", FREE}, {"P0", "W", FREE}},
	 kind_value_static_smps},
	{"time-proportional",
	 "t = k*cycles",
	 KIND_DURATION_S,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES),
	 1,
	 {{"k", "s/cycle", FREE}},
	 kind_value_cycles},
	{"time-affine",
	 "t = a + k*cycles",
	 KIND_DURATION_S,
	 true,
	 false,
	 false,
	 NEEDS(KIND_CYCLES),
	 2,
	 {{"a", "s", FREE}, {"k", "s/cycle", FREE}},
	 kind_value_affine},
	{"energy-macs",
	 "E = k*MACs",
	 KIND_ENERGY_J,
	 true,
	 true,
	 false,
	 NEEDS(KIND_MACS),
	 1,
	 {{"k", "J/MAC", FREE}},
	 kind_value_macs},
	{"energy-weights",
	 "E = k*weights",
	 KIND_ENERGY_J,
	 true,
	 true,
	 false,
	 NEEDS(KIND_WEIGHTS),
	 1,
	 {{"k", "J/weight", FREE}},
	 kind_value_weights},
	{"energy-macs-weights",
	 "E = k*MACs + w*weights",
	 KIND_ENERGY_J,
	 true,
	 true,
	 false,
	 NEEDS(KIND_MACS) | NEEDS(KIND_WEIGHTS),
	 2,
	 {{"k", "J/MAC", FREE}, {"w", "J/weight", FREE}},
	 kind_value_macs_weights},
	{"energy-constant-power",
	 "E = P*t",
	 KIND_ENERGY_J,
	 true,
	 true,
	 false,
	 NEEDS(KIND_TIME_S),
	 1,
	 {{"P", "W", FREE}},
	 kind_value_time},
	{"time-macs",
	 "t = k*MACs",
	 KIND_DURATION_S,
	 true,
	 true,
	 false,
	 NEEDS(KIND_MACS),
	 1,
	 {{"k", "s/MAC", FREE}},
	 kind_value_macs},
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
	[KIND_MEMORY] = {"memory_instructions", -INFINITY, 0},
	[KIND_MULTIPLIES] = {"multiply_instructions", -INFINITY, 0},
	[KIND_CORE_V] = {"core_v", 0, -INFINITY},
	[KIND_SUPPLY_V] = {"supply_v", 0, -INFINITY},
	[KIND_TEMP_C] = {"temp_c", -INFINITY, -273.15},
	[KIND_MACS] = {"macs", 0, -INFINITY},
	[KIND_WEIGHTS] = {"weights", 0, -INFINITY},
	[KIND_IDLE_W] = {"idle_power_w", 0, -INFINITY},
};

const struct model_kind *kind_find(const char *name)
{
	for (size_t i = 0; i < model_kinds_count; i++)
		if (!strcmp(model_kinds[i].name, name))
			return &model_kinds[i];
	return NULL;
}

void kind_log_linear(const struct model_kind *kind, const struct kind_table *table, size_t index,
		     double *ret_base, double *ret_z)
{
	const double flat[KIND_PARAMETERS_MAX] = {1};
	double gradient[KIND_PARAMETERS_MAX];

	*ret_base = kind->value(table, index, flat, gradient);
	for (size_t j = 1; j < kind->parameters; j++)
		ret_z[j - 1] = gradient[j] / *ret_base;
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
