/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "bench/predictor/build.h"

enum {
	PER_CELL = LAYOUT_BOARD | LAYOUT_LEVEL | LAYOUT_TEMPERATURE,
	HIERARCHICAL_BOARDS = 3,
};

/* What a candidate asks of a family beside its columns. */
static const struct row {
	const char *name, *kind;
	unsigned layout;
	bool is_hierarchical;
	size_t levels, boards, temperatures; /* at least */
} rows[] = {
	{"power", "energy-constant-power", PER_CELL, false, 1, 1, 1},
	{"cycles", "energy-proportional", PER_CELL, false, 1, 1, 1},
	{"hierarchical-cycles", "energy-proportional", PER_CELL, true, 1, HIERARCHICAL_BOARDS, 1},
	{"affine", "energy-affine", PER_CELL, false, 1, 1, 1},
	{"hierarchical-affine", "energy-affine", PER_CELL, true, 1, HIERARCHICAL_BOARDS, 1},
	{"streaming", "energy-streaming", PER_CELL, false, 1, 1, 1},
	{"streaming-pace", "energy-streaming-pace", PER_CELL, false, 1, 1, 1},
	{"levels-static-ldo", "energy-static-ldo", LAYOUT_BOARD, false, 2, 1, 1},
	{"levels-static-smps", "energy-static-smps", LAYOUT_BOARD, false, 2, 1, 1},
	/* One temperature does not tell leakage from constant power. */
	{"levels-ldo", "energy-levels-ldo", LAYOUT_BOARD, false, 2, 1, 2},
	{"levels-smps", "energy-levels-smps", LAYOUT_BOARD, false, 2, 1, 2},
	{"stall", "energy-stall", PER_CELL, false, 1, 1, 1},
	{"mix", "energy-mix", PER_CELL, false, 1, 1, 1},
	{"mix-stall", "energy-mix-stall", PER_CELL, false, 1, 1, 1},
	{"levels-idle-ldo", "energy-idle-mix-ldo", LAYOUT_BOARD, false, 2, 1, 1},
	{"levels-idle-smps", "energy-idle-mix-smps", LAYOUT_BOARD, false, 2, 1, 1},
	{"classes", "energy-classes", PER_CELL, false, 1, 1, 1},
	{"classes-stall", "energy-classes-stall", PER_CELL, false, 1, 1, 1},
	{"cycles", "time-proportional", PER_CELL, false, 1, 1, 1},
	{"affine", "time-affine", PER_CELL, false, 1, 1, 1},
};

static bool is_meant(const char *name, const char *model)
{
	size_t length = model ? strlen(model) : 0;

	return !model || (!strncmp(name, model, length) && (!name[length] || name[length] == '-'));
}

static size_t distinct(const struct dataset *dataset, size_t begin, size_t end, enum axis axis)
{
	size_t count = 0;

	for (size_t i = begin; i < end; i++) {
		size_t k = begin;

		while (k < i && !axis_same(&dataset->points[k], &dataset->points[i], axis))
			k++;
		count += k == i;
	}
	return count;
}

/* Cycles, or what is counted with them. */
static bool works_by_cycles(const struct model_kind *kind)
{
	return (kind->needs & (1u << KIND_CYCLES)) || !(kind->needs & (1u << KIND_TIME_S));
}

/* Whether every point has the columns; one that some lack is no ground to fit from. Where a kind
 * works by cycles, boards of which they are not known, imported ones, are left out. */
static bool has_columns(const struct dataset *dataset, size_t begin, size_t end,
			const struct model_kind *kind)
{
	bool any = false;

	for (size_t i = begin; i < end; i++) {
		if (works_by_cycles(kind) && isnan(dataset->points[i].column[KIND_CYCLES]))
			continue;
		any = true;
		for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++)
			if ((kind->needs & (1u << c)) && isnan(dataset->points[i].column[c]))
				return false;
		if (kind->is_per_class &&
		    (!dataset->class_count || isnan(dataset->points[i].classes[0])))
			return false;
	}
	return any;
}

static bool lacks_cycles(const struct dataset *dataset, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++)
		if (isnan(dataset->points[i].column[KIND_CYCLES]))
			return true;
	return false;
}

/* Candidates that only some families are better off with, unless they are asked for. */
static bool is_called_for(const struct dataset *dataset, size_t begin, size_t end,
			  const struct model_kind *kind)
{
	/* Where cycles are known, power is k*cycles. */
	if (kind->is_baseline)
		return lacks_cycles(dataset, begin, end);
	/* Many networks of one's own tell more than other boards' slopes. */
	return !kind->is_log_linear || distinct(dataset, begin, end, AXIS_MODEL) < FEW_NETWORKS;
}

size_t build_candidates(const struct dataset *dataset, size_t begin, size_t end,
			enum kind_response response, const char *model,
			struct candidate ret_candidates[BUILD_CANDIDATES_MAX])
{
	size_t levels = distinct(dataset, begin, end, AXIS_LEVEL), count = 0;
	size_t boards = distinct(dataset, begin, end, AXIS_BOARD);
	size_t temperatures = distinct(dataset, begin, end, AXIS_TEMPERATURE);
	/* Where the idle power of each temperature is known, and what runs, nobody need find
	 * leakage out by curves, which take minutes. */
	bool idle_tells =
		levels > 1 && has_columns(dataset, begin, end, kind_find("energy-idle-mix-ldo"));

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		const struct model_kind *kind = kind_find(rows[r].kind);

		if (!model &&
		    ((!kind->is_linear && idle_tells) || !is_called_for(dataset, begin, end, kind)))
			continue;
		if (kind->response != response || !is_meant(rows[r].name, model) ||
		    rows[r].levels > levels || rows[r].boards > boards ||
		    rows[r].temperatures > temperatures || !has_columns(dataset, begin, end, kind))
			continue;
		ret_candidates[count++] = (struct candidate){rows[r].name, kind, rows[r].layout,
							     rows[r].is_hierarchical};
	}
	return count;
}

size_t build_baselines(struct candidate ret_candidates[BUILD_CANDIDATES_MAX])
{
	static const char *const names[] = {"macs", "params", "macs-params", "constant-power"};
	static const char *const kinds[] = {"energy-macs", "energy-weights", "energy-macs-weights",
					    "energy-constant-power"};
	size_t count = sizeof(names) / sizeof(names[0]);

	for (size_t i = 0; i < count; i++)
		ret_candidates[i] =
			(struct candidate){names[i], kind_find(kinds[i]), PER_CELL, false};
	return count;
}

struct fit_options build_fit_options(const struct build_options *options)
{
	return (struct fit_options){.scatter = SCATTER_RELATIVE, .robust = options->robust};
}
