/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The electrical side of a board: the model over the tables of plant_PART.c.
 *
 *   switched charge  sum of charge_c * count, times Vcore / nominal: Q = C * V
 *   leakage          I0 * exp((T - T0) / Ts) * exp((Vcore - Vn) / Vs)
 *   regulator        LDO: the supply gives what the core takes, whatever VDD (the published MLPerf
 *                    Tiny runs of the STM32L4R5 at 1.8 V and 3.0 V agree within 2 % in current);
 *                    SMPS: times Vcore / (efficiency * VDD)
 *   VDD side         oscillators, PLL, flash, regulator
 *   settling, drift  what a predictor from counted cycles is not told, like operands and flash
 *   decoupling       first-order low-pass R * C between chip and meter, which a step of the supply
 *                    charges or relieves
 *   junction         first-order, thermal resistance times power
 *
 * A step costs no transcendental function unless its width, the temperature (by 0.01 K) or the core
 * voltage changed. Splitting a slice of even activity changes no charge: every tail is integrated
 * over the slice, not sampled.
 */
#include "rigs/virtual/plant/plant.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/plant/plant_part.h"
#include "rigs/virtual/plant/random.h"

#define LEAKAGE_STEP_K 0.01 /* 0.04 % of the leakage */
#define DRIFT_STEP_S   0.02
#define DRIFT_WAVES    2
#define NEGLIGIBLE_A   1e-9

static const struct plant_part *const parts[] = {
	&plant_part_esp32c3,
	&plant_part_stm32f767,
	&plant_part_stm32l4r5,
	&plant_part_stm32l552,
};

/* A first-order lag of a slice of cached width. */
struct lag {
	double dt_s;
	double keep; /* what is left at the slice's end, exp(-dt / tau) */
	double mean; /* mean over the slice, tau / dt * (1 - keep) */
};

struct tail {
	struct lag lag;
	double rest_a;
};

struct wave {
	double share, rad_per_s, phase;
};

struct drift {
	struct wave waves[DRIFT_WAVES];
	double age_s, next_s, gain;
};

struct plant {
	struct plant_part board; /* the part's table with this board's spread */
	double ambient_c, junction_c;
	double filtered_a; /* after the decoupling capacitors */
	double last_supply_v;
	double surplus_c; /* what the capacitors hold beyond the supply's present voltage */
	struct lag filter;
	struct tail settle, creep;
	bool settle_due; /* the slice before ended on a new clock */
	double before_change_a;
	double last_hz, last_core_v, last_raw_a;
	struct drift drift;
	double leakage_temp_c, leakage_core_v, leakage_a; /* the last exp() */
};

static const struct plant_part *plant_part_find(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(parts[i]->name, name))
			return parts[i];
	return NULL;
}

bool plant_knows_part(const char *part)
{
	return plant_part_find(part) != NULL;
}

/* Periods of four to fifteen minutes, and of half an hour to an hour and a half: supply reference,
 * air of a room. */
static void drift_init(struct drift *drift, double share, struct vrandom *random)
{
	static const double period_s[DRIFT_WAVES] = {570, 3600};
	static const double period_spread[DRIFT_WAVES] = {0.58, 0.5};

	for (unsigned i = 0; i < DRIFT_WAVES; i++) {
		double seconds = period_s[i] * (1 + period_spread[i] * vrandom_even(random));

		drift->waves[i] = (struct wave){.share = share * vrandom_even(random),
						.rad_per_s = 2 * M_PI / seconds,
						.phase = M_PI * vrandom_even(random)};
	}
	drift->gain = 1;
}

int plant_new(const char *part_name, uint64_t seed, double ambient_c, struct plant **ret_plant,
	      struct verr *err)
{
	const struct plant_part *part = plant_part_find(part_name);
	struct vrandom random = {vrandom_seed(seed, "plant")};
	struct plant *plant;

	if (!part)
		return verr_set(err, -EINVAL, "no plant model for part \"%s\"", part_name);
	plant = calloc(1, sizeof(*plant));
	if (!plant)
		return verr_set(err, -ENOMEM, "out of memory");
	plant->board = *part;
	plant_part_vary(&plant->board, &random);
	drift_init(&plant->drift, part->drift_share, &random);
	plant->ambient_c = ambient_c;
	plant->junction_c = ambient_c;
	plant->leakage_temp_c = -INFINITY;
	*ret_plant = plant;
	return 0;
}

void plant_free(struct plant *plant)
{
	free(plant);
}

double plant_junction_c(const struct plant *plant)
{
	return plant->junction_c;
}

void plant_scale_leakage(struct plant *plant, double factor)
{
	plant->board.leakage_a *= factor;
	plant->leakage_temp_c = -INFINITY;
}

void plant_set_ambient(struct plant *plant, double ambient_c)
{
	plant->ambient_c = ambient_c;
}

/* Core side ---------------------------------------------------------------------------------- */

/* Charge switched in the slice at nominal core voltage [C]. Clocks run by time, not by counted
 * cycles, so that an instruction that straddles the slice's end moves none of it into the next. */
static double plant_switched_c(const struct plant_part *board, const struct chip_activity *activity)
{
	const struct core_counts *counts = &activity->counts;
	const double *charge_c = board->charge_c;
	double bus_hz = fmin(activity->hclk_hz, board->bus_max_hz);
	double bus_cycles = (activity->active_s + activity->sleep_s) * bus_hz;
	double sum_c = 0;

	for (unsigned i = 0; i < CORE_CLASS_COUNT; i++)
		sum_c += charge_c[i] * (double)(int64_t)counts->classes[i];
	sum_c += charge_c[PLANT_TAKEN_BRANCH] * (double)(int64_t)counts->taken_branches;
	sum_c += charge_c[PLANT_EXCEPTION] * (double)(int64_t)counts->exceptions;
	sum_c += charge_c[PLANT_FETCH_STALL] * (double)(int64_t)counts->flash_fetch_stalls;
	sum_c += charge_c[PLANT_FLASH_STALL] * (double)(int64_t)counts->flash_stalls;
	sum_c += charge_c[PLANT_FLASH_READ] * (double)(int64_t)counts->flash_data_reads;
	sum_c += charge_c[PLANT_TOGGLED_BIT] * (double)(int64_t)counts->toggled_bits;
	sum_c += charge_c[PLANT_CLOCK_RUN] * activity->active_s * activity->hclk_hz;
	sum_c += charge_c[PLANT_CLOCK_SLEEP] * activity->sleep_s * activity->hclk_hz;
	sum_c += charge_c[PLANT_BUS_CLOCK] * bus_cycles;
	sum_c += charge_c[PLANT_PERIPHERAL_CLOCK] * activity->peripherals_on * bus_cycles;
	return sum_c;
}

static double plant_leakage_a(struct plant *plant, double core_v)
{
	const struct plant_part *board = &plant->board;

	if (fabs(plant->junction_c - plant->leakage_temp_c) > LEAKAGE_STEP_K ||
	    fabs(core_v - plant->leakage_core_v) > 1e-6) {
		plant->leakage_temp_c = plant->junction_c;
		plant->leakage_core_v = core_v;
		plant->leakage_a =
			board->leakage_a *
			exp((plant->junction_c - board->leakage_temp_c) / board->leakage_slope_k +
			    (core_v - board->nominal_core_v) / board->leakage_slope_v);
	}
	return plant->leakage_a;
}

static double plant_drift_gain(struct drift *drift, double dt_s)
{
	if (drift->age_s >= drift->next_s) {
		drift->next_s = drift->age_s + DRIFT_STEP_S;
		drift->gain = 1;
		for (unsigned i = 0; i < DRIFT_WAVES; i++)
			drift->gain += drift->waves[i].share *
				       sin(drift->waves[i].rad_per_s * drift->age_s +
					   drift->waves[i].phase);
	}
	drift->age_s += dt_s;
	return drift->gain;
}

/* Supply current per core current. A converter cannot give more than it takes. */
static double plant_regulator_ratio(const struct plant_part *board,
				    const struct chip_activity *activity, double supply_v)
{
	if (!activity->smps_on || board->smps_efficiency <= 0)
		return 1;
	return fmin(1, activity->core_v / (board->smps_efficiency * supply_v));
}

/* VDD side ----------------------------------------------------------------------------------- */

static double plant_flash_a(const struct plant_part *board, const struct chip_activity *activity,
			    double dt_s)
{
	const struct core_counts *counts = &activity->counts;
	double stalls = (double)(int64_t)(counts->flash_fetch_stalls + counts->flash_stalls);
	double current_a = activity->flash_busy ? board->flash_busy_a : 0;
	double share;

	if (stalls <= 0)
		return current_a;
	share = stalls / (activity->hclk_hz * dt_s);
	return current_a + board->flash_read_a * share +
	       board->flash_wake_a * share / (share + board->flash_wake_half);
}

static double plant_analog_a(const struct plant_part *board, const struct chip_activity *activity)
{
	double current_a = board->regulator_a;

	if (activity->smps_on)
		current_a += board->smps_a;
	if (activity->msi_on)
		current_a += board->msi_a + board->msi_a_per_hz * activity->msi_hz;
	if (activity->hsi_on)
		current_a += board->hsi_a;
	if (activity->hse_on)
		current_a += board->hse_a;
	if (activity->pll_on)
		current_a += board->pll_a + board->pll_a_per_hz * activity->pll_vco_hz;
	return current_a;
}

/* What the chip itself takes, before the decoupling capacitors. */
static double plant_raw_a(struct plant *plant, const struct chip_activity *activity,
			  double supply_v, double dt_s)
{
	const struct plant_part *board = &plant->board;
	double gain = plant_drift_gain(&plant->drift, dt_s), core_a;

	if (!activity->powered)
		return 0;
	if (activity->in_reset)
		return board->reset_a + plant_leakage_a(plant, board->nominal_core_v);
	core_a = gain * activity->core_v / board->nominal_core_v *
		 plant_switched_c(board, activity) / dt_s;
	core_a += plant_leakage_a(plant, activity->core_v);
	return core_a * plant_regulator_ratio(board, activity, supply_v) +
	       plant_analog_a(board, activity) + plant_flash_a(board, activity, dt_s);
}

/* Tails -------------------------------------------------------------------------------------- */

static void lag_for(struct lag *lag, double dt_s, double tau_s)
{
	if (fabs(dt_s - lag->dt_s) <= 1e-6 * dt_s)
		return;
	lag->dt_s = dt_s;
	lag->keep = exp(-dt_s / tau_s);
	lag->mean = -expm1(-dt_s / tau_s) * tau_s / dt_s;
}

/* Mean over the slice. */
static double tail_step(struct tail *tail, double dt_s, double tau_s)
{
	double mean_a;

	if (fabs(tail->rest_a) < NEGLIGIBLE_A)
		return tail->rest_a = 0;
	lag_for(&tail->lag, dt_s, tau_s);
	mean_a = tail->rest_a * tail->lag.mean;
	tail->rest_a *= tail->lag.keep;
	return mean_a;
}

static void plant_forget_tails(struct plant *plant)
{
	plant->settle.rest_a = plant->creep.rest_a = 0;
	plant->last_hz = 0;
	plant->settle_due = false;
}

static bool plant_clock_changed(const struct plant *plant, const struct chip_activity *activity)
{
	return fabs(activity->hclk_hz - plant->last_hz) > 0.005 * plant->last_hz ||
	       fabs(activity->core_v - plant->last_core_v) > 0.005;
}

/* The step in current is taken from the slice after the change, the first that runs at the new
 * clock throughout. */
static double plant_settle_a(struct plant *plant, const struct chip_activity *activity,
			     double raw_a, double dt_s)
{
	const struct plant_part *board = &plant->board;

	if (!activity->powered || activity->in_reset) {
		plant_forget_tails(plant);
		return 0;
	}
	if (plant->settle_due) {
		plant->settle.rest_a += board->settle_share * (raw_a - plant->before_change_a);
		plant->creep.rest_a += board->creep_share * (raw_a - plant->before_change_a);
	}
	plant->settle_due = plant->last_hz > 0 && plant_clock_changed(plant, activity);
	if (plant->settle_due)
		plant->before_change_a = plant->last_raw_a;
	plant->last_hz = activity->hclk_hz;
	plant->last_core_v = activity->core_v;
	plant->last_raw_a = raw_a;
	return tail_step(&plant->settle, dt_s, board->settle_tau_s) +
	       tail_step(&plant->creep, dt_s, board->creep_tau_s);
}

/* Mean over the slice of a first-order low-pass driven by a constant. */
static double plant_filter(struct plant *plant, double raw_a, double dt_s)
{
	const struct plant_part *board = &plant->board;
	double excess_a = plant->filtered_a - raw_a;

	lag_for(&plant->filter, dt_s, board->source_ohm * board->decoupling_f);
	plant->filtered_a = raw_a + excess_a * plant->filter.keep;
	return raw_a + excess_a * plant->filter.mean;
}

static void plant_heat(struct plant *plant, double power_w, double dt_s)
{
	const struct plant_part *board = &plant->board;
	double settled_c = plant->ambient_c + board->thermal_k_per_w * power_w;
	double x = dt_s / board->thermal_tau_s;

	/* The share is 1 - exp(-x); for a slice of a millisecond or less its first order. */
	plant->junction_c += (settled_c - plant->junction_c) * (x < 1e-4 ? x : -expm1(-x));
}

void plant_rest(struct plant *plant, double dt_s)
{
	plant_heat(plant, 0, dt_s);
}

/* A supply that rises charges the capacitors through the source's resistance. One that falls cannot
 * take charge back: the chip lives on the capacitors until they are down to it. */
static void plant_follow_supply(struct plant *plant, double supply_v)
{
	double step_v = supply_v - plant->last_supply_v;

	if (plant->last_supply_v <= 0) {
		plant->surplus_c = 0; /* how a source switches on is its own affair */
	} else if (step_v > 0) {
		double charge_c = fmax(0, plant->board.decoupling_f * step_v - plant->surplus_c);

		plant->surplus_c = fmax(0, plant->surplus_c - plant->board.decoupling_f * step_v);
		plant->filtered_a +=
			charge_c / (plant->board.decoupling_f * plant->board.source_ohm);
	} else {
		plant->surplus_c -= plant->board.decoupling_f * step_v;
	}
	plant->last_supply_v = supply_v;
}

/* What of the current over a slice the source gives. */
static double plant_source_a(struct plant *plant, double current_a, double dt_s)
{
	double from_surplus_c = fmin(plant->surplus_c, current_a * dt_s);

	plant->surplus_c -= from_surplus_c;
	return current_a - from_surplus_c / dt_s;
}

double plant_step(struct plant *plant, const struct chip_activity *activity, double supply_v,
		  double dt_s)
{
	double raw_a, supply_a;

	assert(dt_s > 0);
	if (supply_v != plant->last_supply_v)
		plant_follow_supply(plant, supply_v);
	if (supply_v <= 0) {
		/* The switch is open: the capacitors feed the chip, the meter sees none. */
		plant->filtered_a = 0;
		plant->drift.age_s += dt_s;
		plant_forget_tails(plant);
		plant_heat(plant, 0, dt_s);
		return 0;
	}
	raw_a = plant_raw_a(plant, activity, supply_v, dt_s);
	raw_a += plant_settle_a(plant, activity, raw_a, dt_s);
	supply_a = fmax(0, plant_filter(plant, raw_a, dt_s));
	plant_heat(plant, supply_a * supply_v, dt_s);
	if (plant->surplus_c > 0)
		supply_a = plant_source_a(plant, supply_a, dt_s);
	return supply_a;
}
