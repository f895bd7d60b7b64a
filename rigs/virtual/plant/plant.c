/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The electrical side of a board.
 *
 * Regulator: these parts run from their linear regulator, so what the core takes, the supply gives:
 * I_supply = I_core, whatever the supply voltage (the published MLPerf Tiny runs of the STM32L4R5
 * at 1.8 V and 3.0 V agree within 2 % in current). Switched charge scales with the core voltage.
 *
 * Anchors for the STM32L4R5, from the data sheet's (DS12023) headline figures and approximate:
 * about 110 uA/MHz in range 1 and 93 uA/MHz in range 2 running Dhrystone from flash, about a
 * quarter of that asleep. The split over instruction classes is this model's own: it is shaped like
 * published instruction-level measurements of Cortex-M parts (memory and multiply cost more than
 * ALU, stalls less), not measured on this chip.
 */
#include "rigs/virtual/plant/plant.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/plant/random.h"

struct plant_part {
	const char *name;
	/* Charge at nominal_core_v [C]. */
	double nominal_core_v;
	double class_c[CORE_CLASS_COUNT];  /* per executed instruction, on top of the clock */
	double taken_branch_c;             /* pipeline refill */
	double fetch_stall_c;              /* per cycle: a flash line is being read */
	double flash_read_c;               /* per data read that reaches the flash interface */
	double flash_stall_c;              /* per cycle */
	double toggled_bit_c;              /* data bus: no predictor that counts cycles sees this */
	double exception_c;                /* stacking and unstacking */
	double clock_run_c, clock_sleep_c; /* clock tree and memories, per cycle */
	double peripheral_c;               /* per enabled peripheral clock and cycle */
	/* Current [A]. */
	double msi_a, msi_a_per_hz;
	double hsi_a;
	double pll_a, pll_a_per_hz; /* of the VCO */
	double regulator_a;
	double reset_a;
	double flash_busy_a;
	double leakage_a; /* at leakage_temp_c and nominal_core_v */
	double leakage_temp_c, leakage_slope_k;
	/* Package and board. */
	double thermal_k_per_w, thermal_tau_s;
	double decoupling_tau_s; /* decoupling capacitors against the meter's source impedance */
	double settle_share, settle_tau_s; /* after a clock change, of the change in current */
	/* Spread between boards, +-. */
	double dynamic_spread, leakage_spread;
};

static const struct plant_part parts[] = {
	{
		.name = "stm32l4r5",
		.nominal_core_v = 1.2,
		.class_c =
			{
				[CORE_CLASS_ALU] = 60e-12,
				[CORE_CLASS_LOAD] = 112e-12,
				[CORE_CLASS_STORE] = 104e-12,
				[CORE_CLASS_LOAD_MULTIPLE] = 260e-12,
				[CORE_CLASS_STORE_MULTIPLE] = 245e-12,
				[CORE_CLASS_MUL] = 84e-12,
				[CORE_CLASS_MAC] = 118e-12,
				[CORE_CLASS_SIMD] = 98e-12,
				[CORE_CLASS_DIV] = 210e-12,
				[CORE_CLASS_BRANCH] = 52e-12,
				[CORE_CLASS_FP] = 105e-12,
				[CORE_CLASS_OTHER] = 40e-12,
			},
		.taken_branch_c = 46e-12,
		.fetch_stall_c = 17e-12,
		.flash_read_c = 64e-12,
		.flash_stall_c = 11e-12,
		.toggled_bit_c = 1.6e-12,
		.exception_c = 900e-12,
		.clock_run_c = 34e-12,
		.clock_sleep_c = 22e-12,
		.peripheral_c = 0.35e-12,
		.msi_a = 1.5e-6,
		.msi_a_per_hz = 3.2e-12, /* 155 uA at 48 MHz */
		.hsi_a = 155e-6,
		.pll_a = 90e-6,
		.pll_a_per_hz = 1.25e-12, /* 390 uA at a 240 MHz VCO */
		.regulator_a = 60e-6,
		.reset_a = 120e-6,
		.flash_busy_a = 3.4e-3,
		.leakage_a = 38e-6,
		.leakage_temp_c = 25,
		.leakage_slope_k = 27,
		.thermal_k_per_w = 43,
		.thermal_tau_s = 20,
		.decoupling_tau_s = 20e-6,
		.settle_share = 0.02,
		.settle_tau_s = 3e-3,
		.dynamic_spread = 0.02,
		.leakage_spread = 0.2,
	},
};

struct plant {
	const struct plant_part *part;
	double dynamic_scale, leakage_scale;
	double ambient_c, junction_c;
	double filtered_a; /* after the decoupling capacitors */
	double settle_a;   /* decaying extra current after a clock change */
	bool settle_due;   /* the slice before ended on a new clock */
	double before_change_a;
	double last_hz, last_core_v, last_raw_a;
	/* exp() of the last step width and temperature: both change rarely. */
	double cached_dt_s, cached_keep, cached_mean;
	double cached_temp_c, cached_leakage_a;
};

static const struct plant_part *plant_part_find(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(parts[i].name, name))
			return &parts[i];
	return NULL;
}

bool plant_knows_part(const char *part)
{
	return plant_part_find(part) != NULL;
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
	plant->part = part;
	plant->dynamic_scale = 1 + part->dynamic_spread * vrandom_even(&random);
	plant->leakage_scale = 1 + part->leakage_spread * vrandom_even(&random);
	plant->ambient_c = ambient_c;
	plant->junction_c = ambient_c;
	plant->cached_temp_c = -INFINITY;
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

/* Charge switched in the slice at nominal core voltage [C]. */
static double plant_switched_c(const struct plant_part *part, const struct chip_activity *activity)
{
	const struct core_counts *counts = &activity->counts;
	double charge_c = 0;

	for (int i = 0; i < CORE_CLASS_COUNT; i++)
		charge_c += part->class_c[i] * (double)counts->classes[i];
	charge_c += part->taken_branch_c * (double)counts->taken_branches;
	charge_c += part->fetch_stall_c * (double)counts->flash_fetch_stalls;
	charge_c += part->flash_read_c * (double)counts->flash_data_reads;
	charge_c += part->flash_stall_c * (double)counts->flash_stalls;
	charge_c += part->toggled_bit_c * (double)counts->toggled_bits;
	charge_c += part->exception_c * (double)counts->exceptions;
	/* The clock runs by time, not by counted cycles, so that an instruction that straddles the
	 * slice's end moves none of it into the next slice. */
	charge_c += part->clock_run_c * activity->active_s * activity->hclk_hz;
	charge_c += part->clock_sleep_c * activity->sleep_s * activity->hclk_hz;
	charge_c += part->peripheral_c * activity->peripherals_on *
		    (activity->active_s + activity->sleep_s) * activity->hclk_hz;
	return charge_c;
}

static double plant_analog_a(const struct plant_part *part, const struct chip_activity *activity)
{
	double current_a = part->regulator_a;

	if (activity->msi_on)
		current_a += part->msi_a + part->msi_a_per_hz * activity->msi_hz;
	if (activity->hsi_on)
		current_a += part->hsi_a;
	if (activity->pll_on)
		current_a += part->pll_a + part->pll_a_per_hz * activity->pll_vco_hz;
	if (activity->flash_busy)
		current_a += part->flash_busy_a;
	return current_a;
}

static double plant_leakage_a(struct plant *plant)
{
	const struct plant_part *part = plant->part;

	/* 0.01 K is 0.04 % of the leakage. */
	if (fabs(plant->junction_c - plant->cached_temp_c) > 0.01) {
		plant->cached_temp_c = plant->junction_c;
		plant->cached_leakage_a =
			part->leakage_a * plant->leakage_scale *
			exp((plant->junction_c - part->leakage_temp_c) / part->leakage_slope_k);
	}
	return plant->cached_leakage_a;
}

/* What the chip itself takes, before the decoupling capacitors. */
static double plant_raw_a(struct plant *plant, const struct chip_activity *activity, double dt_s)
{
	const struct plant_part *part = plant->part;
	double core_scale = activity->core_v / part->nominal_core_v;

	if (!activity->powered)
		return 0;
	if (activity->in_reset)
		return part->reset_a + plant_leakage_a(plant);
	return plant->dynamic_scale * core_scale * plant_switched_c(part, activity) / dt_s +
	       plant_analog_a(part, activity) + core_scale * plant_leakage_a(plant);
}

static bool plant_clock_changed(const struct plant *plant, const struct chip_activity *activity)
{
	return fabs(activity->hclk_hz - plant->last_hz) > 0.005 * plant->last_hz ||
	       fabs(activity->core_v - plant->last_core_v) > 0.005;
}

/* A clock or voltage change rings out over a few milliseconds: a share of the step in current. The
 * step is taken from the slice after the change, the first that runs at the new clock throughout.
 */
static double plant_settle_a(struct plant *plant, const struct chip_activity *activity,
			     double raw_a, double dt_s)
{
	const struct plant_part *part = plant->part;
	double decay, mean_a;

	if (!activity->powered || activity->in_reset) {
		plant->settle_a = 0;
		plant->last_hz = 0;
		plant->settle_due = false;
		return 0;
	}
	if (plant->settle_due)
		plant->settle_a += part->settle_share * (raw_a - plant->before_change_a);
	plant->settle_due = plant->last_hz > 0 && plant_clock_changed(plant, activity);
	if (plant->settle_due)
		plant->before_change_a = plant->last_raw_a;
	plant->last_hz = activity->hclk_hz;
	plant->last_core_v = activity->core_v;
	plant->last_raw_a = raw_a;
	if (fabs(plant->settle_a) < 1e-9)
		return plant->settle_a = 0;
	decay = exp(-dt_s / part->settle_tau_s);
	mean_a = plant->settle_a * part->settle_tau_s / dt_s * (1 - decay);
	plant->settle_a *= decay;
	return mean_a;
}

/* Mean over the slice of a first-order low-pass driven by a constant. */
static double plant_filter(struct plant *plant, double raw_a, double dt_s)
{
	double tau_s = plant->part->decoupling_tau_s;
	double excess_a = plant->filtered_a - raw_a;

	if (fabs(dt_s - plant->cached_dt_s) > 1e-6 * dt_s) {
		plant->cached_dt_s = dt_s;
		plant->cached_keep = exp(-dt_s / tau_s);
		plant->cached_mean = tau_s / dt_s * (1 - plant->cached_keep);
	}
	plant->filtered_a = raw_a + excess_a * plant->cached_keep;
	return raw_a + excess_a * plant->cached_mean;
}

static void plant_heat(struct plant *plant, double power_w, double dt_s)
{
	const struct plant_part *part = plant->part;
	double settled_c = plant->ambient_c + part->thermal_k_per_w * power_w;

	double x = dt_s / part->thermal_tau_s;

	/* The share is 1 - exp(-x); for a slice of a millisecond or less its first order. */
	plant->junction_c += (settled_c - plant->junction_c) * (x < 1e-4 ? x : -expm1(-x));
}

double plant_step(struct plant *plant, const struct chip_activity *activity, double supply_v,
		  double dt_s)
{
	double raw_a, supply_a;

	assert(dt_s > 0);
	if (supply_v <=
	    0) { /* the switch is open: the capacitors feed the chip, the meter sees none */
		plant->filtered_a = 0;
		plant->settle_a = 0;
		plant->last_hz = 0;
		plant->settle_due = false;
		plant_heat(plant, 0, dt_s);
		return 0;
	}
	raw_a = plant_raw_a(plant, activity, dt_s);
	raw_a += plant_settle_a(plant, activity, raw_a, dt_s);
	supply_a = plant_filter(plant, raw_a, dt_s);
	if (supply_a < 0)
		supply_a = 0;
	plant_heat(plant, supply_a * supply_v, dt_s);
	return supply_a;
}
