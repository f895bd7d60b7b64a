/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/budget/calibration.h"

#include <math.h>
#include <stdbool.h>

static const double noise_gain_share = 0.2; /* of what the data sheet leaves open */
static const double drift_sigmas = 5;
static const double drift_rel = 2e-4; /* less is of no use to find */
static const double other_sigmas = 6;

/* Of add and (factor - 1): the matrix and right side of the normal equations. */
struct normal {
	double aa, af, ff, ya, yf;
};

/* A group's weighted sums. Its shared error is one parameter more, observed as 0 +- shared_u_a, and
 * is eliminated from the equations. */
struct group {
	double shared_u_a;
	double w, wx, wy;
};

static bool is_uncertainty(double value)
{
	return isfinite(value) && value >= 0;
}

static bool judge_points(const struct calibration_point *points, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!isfinite(points[i].reading_a) || !isfinite(points[i].expected_a) ||
		    !is_uncertainty(points[i].reading_u_a) ||
		    !is_uncertainty(points[i].expected_u_a) ||
		    !(points[i].reading_u_a + points[i].expected_u_a > 0))
			return false;
	return true;
}

static bool judge_groups(const struct calibration_point *points, size_t count)
{
	double shared_u_a[CALIBRATION_GROUPS_MAX];
	bool seen[CALIBRATION_GROUPS_MAX] = {false};

	for (size_t i = 0; i < count; i++) {
		unsigned group = points[i].group;

		if (group >= CALIBRATION_GROUPS_MAX || !is_uncertainty(points[i].shared_u_a) ||
		    (seen[group] && points[i].shared_u_a != shared_u_a[group]))
			return false;
		seen[group] = true;
		shared_u_a[group] = points[i].shared_u_a;
	}
	return true;
}

static double weight(const struct calibration_point *point)
{
	double u_a = hypot(point->reading_u_a, point->expected_u_a);

	return 1 / (u_a * u_a);
}

/* How much of a group's squared sum its shared error takes away. */
static double shared_part(const struct group *group)
{
	double variance = group->shared_u_a * group->shared_u_a;

	return variance / (1 + group->w * variance);
}

static void add_to_group(struct group *groups, const struct calibration_point *point, double y)
{
	struct group *group = &groups[point->group];
	double w = weight(point);

	group->shared_u_a = point->shared_u_a;
	group->w += w;
	group->wx += w * point->reading_a;
	group->wy += w * y;
}

static void eliminate(struct normal *normal, const struct group *groups)
{
	for (unsigned i = 0; i < CALIBRATION_GROUPS_MAX; i++) {
		const struct group *group = &groups[i];
		double part = shared_part(group);

		normal->aa -= part * group->w * group->w;
		normal->af -= part * group->w * group->wx;
		normal->ff -= part * group->wx * group->wx;
		normal->ya -= part * group->w * group->wy;
		normal->yf -= part * group->wx * group->wy;
	}
}

static struct normal add_up(const struct calibration_point *points, size_t count,
			    const struct calibration_sheet *sheet)
{
	struct normal normal = {.aa = 1 / (sheet->offset_u_a * sheet->offset_u_a),
				.ff = 1 / (sheet->gain_u_rel * sheet->gain_u_rel)};
	struct group groups[CALIBRATION_GROUPS_MAX] = {{0}};

	for (size_t i = 0; i < count; i++) {
		double w = weight(&points[i]), x = points[i].reading_a;
		double y = points[i].expected_a - x;

		normal.aa += w;
		normal.af += w * x;
		normal.ff += w * x * x;
		normal.ya += w * y;
		normal.yf += w * x * y;
		add_to_group(groups, &points[i], y);
	}
	eliminate(&normal, groups);
	return normal;
}

static double chi2(const struct calibration_point *points, size_t count,
		   const struct calibration_sheet *sheet, double add_a, double excess)
{
	double sum = pow(add_a / sheet->offset_u_a, 2) + pow(excess / sheet->gain_u_rel, 2);
	struct group groups[CALIBRATION_GROUPS_MAX] = {{0}};

	for (size_t i = 0; i < count; i++) {
		double off_a = points[i].expected_a - points[i].reading_a - add_a -
			       excess * points[i].reading_a;

		sum += weight(&points[i]) * off_a * off_a;
		add_to_group(groups, &points[i], off_a);
	}
	for (unsigned i = 0; i < CALIBRATION_GROUPS_MAX; i++)
		sum -= shared_part(&groups[i]) * groups[i].wy * groups[i].wy;
	return fmax(sum, 0);
}

int calibration_fit(const struct calibration_point *points, size_t count,
		    const struct calibration_sheet *sheet, double common_rel,
		    struct calibration_line *ret_line)
{
	struct calibration_line line = {.points = count};
	double determinant, excess, scale;
	struct normal normal;

	if (!is_uncertainty(sheet->offset_u_a) || !(sheet->offset_u_a > 0) ||
	    !is_uncertainty(sheet->gain_u_rel) || !(sheet->gain_u_rel > 0) ||
	    !is_uncertainty(common_rel) || !judge_points(points, count) ||
	    !judge_groups(points, count))
		return ANALYSIS_BAD_ARGUMENT;
	normal = add_up(points, count, sheet);
	determinant = normal.aa * normal.ff - normal.af * normal.af;
	if (!(determinant > 0) || !isfinite(determinant))
		return ANALYSIS_BAD_CONDITION;
	line.add_a = (normal.ff * normal.ya - normal.af * normal.yf) / determinant;
	excess = (normal.aa * normal.yf - normal.af * normal.ya) / determinant;
	line.factor = 1 + excess;
	/* The data sheet's two observations pay for the two parameters. */
	if (count)
		line.birge_ratio =
			sqrt(chi2(points, count, sheet, line.add_a, excess) / (double)count);
	scale = fmax(line.birge_ratio, 1);
	line.add_u_a = scale * sqrt(normal.ff / determinant);
	line.factor_u = hypot(scale * sqrt(normal.aa / determinant), count ? common_rel : 0);
	line.covariance_a = -scale * scale * normal.af / determinant;
	*ret_line = line;
	return 0;
}

double calibration_current_a(const struct calibration_line *line, double reading_a)
{
	return line->factor * reading_a + line->add_a;
}

double calibration_current_u_a(const struct calibration_line *line, double reading_a)
{
	double variance = line->add_u_a * line->add_u_a +
			  reading_a * reading_a * line->factor_u * line->factor_u +
			  2 * reading_a * line->covariance_a;

	return sqrt(fmax(variance, 0));
}

int calibration_judge(const struct calibration_reading *reading, double expected_a,
		      double expected_u_a, const struct calibration_sheet *sheet)
{
	double open_a = hypot(sheet->offset_u_a, sheet->gain_u_rel * expected_a);
	double drift_a = fabs(reading->second_a - reading->first_a);

	if (drift_a > drift_sigmas * 2 * reading->u_a && drift_a > drift_rel * fabs(expected_a) &&
	    drift_a > noise_gain_share * sheet->offset_u_a)
		return CALIBRATION_DRIFTS;
	if (reading->u_a > noise_gain_share * open_a)
		return CALIBRATION_NOISY;
	if (fabs(reading->mean_a - expected_a) > other_sigmas * hypot(open_a, expected_u_a))
		return CALIBRATION_OTHER;
	return 0;
}
