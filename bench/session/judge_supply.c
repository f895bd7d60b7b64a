/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Energy is charge times the voltage that was set: is that the board's supply, all through the
 * window? Three witnesses, none of which changes what is measured:
 *
 *   readings   The board reads its supply before and after. Against what was set that is good to
 *              what its reference is off; against its own first reading, far better.
 *   capacitors A supply that falls leaves the board to its decoupling capacitors: the meter sees no
 *              current until they are down as well. One that rises charges them. Both stand out
 *              from the same work a moment earlier. A slow change leaves no such step.
 *   detector   Of chips that have one: the counter "vdd_low".
 *
 * A board that reads nothing keeps its supply in doubt, once it has been seen to fall, until it has
 * been switched off.
 *
 * With a meter that measures the voltage of every sample the energy is right whatever the supply
 * does: then only the readings are held against it, and the detector counts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session/judge_parts.h"

/* A reading through VREFINT and its calibration word: the word was taken at 3.0 V (F7: 3.3 V) +- 10
 * mV, 0.33 %; the reference drifts by up to 50 ppm/K, 0.4 % over 80 K, and by 0.12 %/V; zero and
 * gain of the converter are 4 of its some 1500 steps, 0.25 % (data sheets: VREFINT_CAL, embedded
 * internal reference voltage, ADC accuracy). */
static const double absolute_tolerance_rel = 0.01;
/* Of two readings of one board: what of that stays the same is gone. Two millivolts of rounding, a
 * step of the converter, its noise over 16 conversions. */
static const double change_tolerance_rel = 0.002;
static const double reference_drift_per_k = 50e-6;
static const double cable_ohm = 0.1; /* cable and contacts, both ways: readings at other loads */
static const double coverage = 2;    /* of the supply's standard uncertainty */

static const double extreme_tolerance_rel = 0.12;    /* of repeated work's extremes */
static const double extreme_tolerance_few_rel = 0.3; /* also a PPK2's sample at a change of range */
static const double extreme_coverage = 8;            /* of their usual deviation */
static const double asleep_share = 0.5;              /* of idle: less than this no board draws */
static const double noise_coverage = 5;
static const double surge_share = 1.5; /* of idle: more than this no sleeping board draws */
static const double surge_coverage = 10;
static const double unjudged_share = 0.1; /* of a run's mean current: the least it draws asleep */

enum {
	BLOCKS_MAX = 16,
	BLOCKS_FEW = 4, /* fewer do not show how extremes scatter */
	BLOCK_SAMPLES_MIN = 100,
};

/* What something else supplies is what the meter measured. */
static double supply_v_of(const struct judging *j)
{
	double set_v = j->request->meter_config->supply_v;

	return set_v > 0 ? set_v : j->run->values.mean_v;
}

static bool measures_voltage(const struct judging *j)
{
	return j->run->window.sums.has_voltage;
}

static int check_reading(struct judging *j, double read_v, const char *when)
{
	bool was_set = j->request->meter_config->supply_v > 0;
	double set_v = supply_v_of(j);
	double limit_v = absolute_tolerance_rel * set_v +
			 coverage * j->request->meter_config->supply_u_v +
			 cable_ohm * fabs(j->run->values.mean_a);

	if (!(read_v > 0) || fabs(read_v - set_v) <= limit_v)
		return 0;
	return judge_refuse(j, VERDICT_REASON_SUPPLY,
			    "%.4g V %s, %.4g V by the board's own reading %s the window (limit "
			    "%.2g V)",
			    set_v, was_set ? "set" : "measured", read_v, when, limit_v);
}

static int check_change(struct judging *j, double from_v, double to_v, double load_v,
			double heated_k, const char *since)
{
	double set_v = supply_v_of(j);
	double limit_v = change_tolerance_rel * set_v +
			 coverage * j->request->meter_config->supply_u_v + load_v +
			 reference_drift_per_k * set_v * fabs(heated_k);

	if (!(from_v > 0) || !(to_v > 0) || fabs(to_v - from_v) <= limit_v)
		return 0;
	return judge_refuse(j, VERDICT_REASON_SUPPLY,
			    "the board reads %+.4f V more than %s (limit %.2g V)", to_v - from_v,
			    since, limit_v);
}

static double heated_k(double before_c, double after_c)
{
	return isfinite(before_c) && isfinite(after_c) ? after_c - before_c : 0;
}

static int check_readings(struct judging *j)
{
	const struct judge_request *request = j->request;
	const struct judge_supply *supply = request->supply;
	double before_v = request->vdda_before_mv / 1e3, after_v = request->vdda_after_mv / 1e3;
	double load_v = cable_ohm * fabs(j->run->values.mean_a);
	int ret = check_reading(j, before_v, "before");

	if (!ret)
		ret = check_reading(j, after_v, "after");
	if (ret || measures_voltage(j))
		return ret;
	ret = check_change(j, before_v, after_v, 0,
			   heated_k(j->row->temp_before_c, j->row->temp_after_c),
			   "before the window");
	if (!ret && supply)
		ret = check_change(j, supply->first_v, before_v, load_v,
				   heated_k(supply->first_c, j->row->temp_before_c), "at first");
	return ret;
}

/* Extremes of the same work, block by block --------------------------------------------------- */

struct extremes {
	double low_a[BLOCKS_MAX], high_a[BLOCKS_MAX];
	size_t count;
};

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of an even number the larger of the two in the middle. */
static double middle_of(const double *values, size_t count)
{
	double sorted[BLOCKS_MAX];

	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), compare_doubles);
	return sorted[count / 2];
}

static double usual_deviation(const double *values, size_t count, double middle)
{
	double deviations[BLOCKS_MAX];

	for (size_t i = 0; i < count; i++)
		deviations[i] = fabs(values[i] - middle);
	return middle_of(deviations, count);
}

/* Blocks of whole inferences, which all do the same work: groups of the run, or several of them
 * where windows are short. */
static void extremes_take(const struct judging *j, struct extremes *extremes)
{
	const struct run_groups *groups = &j->run->groups;
	double length = j->run->window.end_samples - j->run->window.start_samples;
	size_t blocks = (size_t)fmin((double)groups->count, length / BLOCK_SAMPLES_MIN);

	extremes->count = 0;
	for (size_t b = 0; b < blocks; b++) {
		double low_a = INFINITY, high_a = -INFINITY;
		uint64_t samples = 0;

		for (size_t g = b * groups->count / blocks; g < (b + 1) * groups->count / blocks;
		     g++) {
			if (!groups->samples[g])
				continue;
			samples += groups->samples[g];
			low_a = fmin(low_a, groups->low_a[g]);
			high_a = fmax(high_a, groups->high_a[g]);
		}
		if (samples < BLOCK_SAMPLES_MIN / 2)
			continue;
		extremes->low_a[extremes->count] = low_a;
		extremes->high_a[extremes->count++] = high_a;
	}
}

/* The meter changes range in the window, be it at its begin, which disturbs samples. */
static bool is_ranging(const struct judging *j)
{
	const struct meter_info *meter = j->request->meter;
	const uint64_t *samples = j->request->capture->window_range_samples;
	uint64_t total = 0, most = 0;

	for (size_t r = 0; r < meter->range_count; r++) {
		total += samples[r];
		most = samples[r] > most ? samples[r] : most;
	}
	return total > most;
}

/* How far an extreme may lie from the usual one. */
static double extreme_limit_a(const struct judging *j, const double *values, size_t count,
			      double middle)
{
	double noise_a = noise_coverage * fmin(j->run->idle_before.sd_a, j->run->idle_after.sd_a);

	if (count < BLOCKS_FEW || is_ranging(j))
		return extreme_tolerance_few_rel * middle + noise_a;
	return fmax(extreme_tolerance_rel * middle,
		    extreme_coverage * usual_deviation(values, count, middle)) +
	       noise_a;
}

static int64_t exits_of(const struct judging *j)
{
	int64_t exits = judge_counter(j, "exits");

	return exits < (int64_t)j->request->run->inferences ? exits : 0;
}

static int check_extremes(struct judging *j)
{
	struct extremes x;
	bool fell;
	double low_a, high_a, low_limit_a, high_limit_a;

	if (exits_of(j)) /* not the same work */
		return 0;
	extremes_take(j, &x);
	if (x.count < 2)
		return 0;
	low_a = middle_of(x.low_a, x.count);
	high_a = x.count == 2 ? fmin(x.high_a[0], x.high_a[1]) : middle_of(x.high_a, x.count);
	low_limit_a = extreme_limit_a(j, x.low_a, x.count, low_a);
	high_limit_a = extreme_limit_a(j, x.high_a, x.count, high_a);
	for (size_t b = 0; b < x.count; b++) {
		fell = x.low_a[b] < low_a - low_limit_a;
		if (!fell && x.high_a[b] <= high_a + high_limit_a)
			continue;
		return judge_refuse(j, VERDICT_REASON_SUPPLY,
				    "the current steps to %.3g A inside the window, where the same "
				    "work %s %.3g A: a supply that has %s",
				    fell ? x.low_a[b] : x.high_a[b],
				    fell ? "never takes less than" : "takes at most",
				    fell ? low_a : high_a, fell ? "fallen" : "risen");
	}
	return 0;
}

/* Anywhere in the capture --------------------------------------------------------------------- */

static int check_surge(struct judging *j)
{
	const struct run_idle *idle[] = {&j->run->idle_before, &j->run->idle_after};
	double noise_a = surge_coverage * fmin(idle[0]->sd_a, idle[1]->sd_a);

	for (size_t i = 0; i < 2; i++) {
		double other_a = idle[1 - i]->mean_a;

		if (idle[i]->max_a > surge_share * other_a + noise_a)
			return judge_refuse(j, VERDICT_REASON_SUPPLY,
					    "the current steps to %.3g A %s the window, while the "
					    "board sleeps on %.3g A: a supply that has risen",
					    idle[i]->max_a, i ? "after" : "before", other_a);
	}
	return 0;
}

/* Two samples in a row of less than any board draws asleep are a supply that has fallen. */
static int check_beside(struct judging *j)
{
	const struct run_result *run = j->run;
	double idle_a = fmin(run->idle_before.mean_a, run->idle_after.mean_a);
	double limit_a = asleep_share * idle_a -
			 noise_coverage * fmin(run->idle_before.sd_a, run->idle_after.sd_a);

	if (limit_a <= 0 || run->pair_low_a >= limit_a)
		return check_surge(j);
	return judge_refuse(j, VERDICT_REASON_SUPPLY,
			    "the current falls below %.2g A, half of what the board draws asleep: "
			    "a supply that has fallen",
			    limit_a);
}

static int check_latch(struct judging *j)
{
	if (!judge_counter(j, "vdd_low"))
		return 0;
	return judge_refuse(j, VERDICT_REASON_SUPPLY,
			    "the board's detector saw its supply below the detector's level "
			    "during the run");
}

static bool is_unread(const struct judge_request *request)
{
	return !request->vdda_before_mv && !request->vdda_after_mv;
}

int judge_check_supply(struct judging *j)
{
	struct judge_supply *supply = j->request->supply;
	int ret = check_readings(j);

	if (!ret)
		ret = check_latch(j);
	if (!ret && !measures_voltage(j))
		ret = check_extremes(j);
	if (!ret && !measures_voltage(j))
		ret = check_beside(j);
	if (!ret && supply && supply->in_doubt && is_unread(j->request))
		ret = judge_refuse(j, VERDICT_REASON_SUPPLY,
				   "it has fallen before, the board cannot read it, and it was not "
				   "switched off since");
	if (ret && supply)
		supply->in_doubt = true;
	return ret;
}

void judge_supply_note(struct judge_supply *supply, uint32_t vdda_mv, double temp_c)
{
	if (supply->noted)
		return;
	supply->noted = true;
	supply->first_v = vdda_mv / 1e3;
	supply->first_c = temp_c;
}

void judge_supply_watch(struct judge_supply *supply, const struct capture *capture)
{
	supply->in_doubt |= capture->run.pair_low_a < unjudged_share * capture->run.mean_a;
}
