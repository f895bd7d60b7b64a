/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The electrical parameters of a part: one table per part in plant_PART.c, one model over them in
 * plant.c. Each table says where its numbers come from; a number without a source is an estimate.
 *
 * Two supplies: charges and leakage are drawn at the core voltage, through the regulator; currents
 * of oscillators, PLL, regulator and flash are drawn from VDD.
 */
#ifndef RIGS_VIRTUAL_PLANT_PLANT_PART_H
#define RIGS_VIRTUAL_PLANT_PLANT_PART_H

#include "rigs/virtual/cores/activity.h"

/* Charge per event, at the core voltage. The first are the classes of activity.h, per executed
 * instruction, on top of the clock. */
enum plant_charge {
	PLANT_TAKEN_BRANCH = CORE_CLASS_COUNT, /* pipeline refill */
	PLANT_EXCEPTION,                       /* stacking and unstacking */
	PLANT_CLOCK_RUN,                       /* per cycle by time: clock tree, fetch, memories */
	PLANT_CLOCK_SLEEP,                     /* the same asleep */
	PLANT_BUS_CLOCK,                       /* per cycle of the peripheral bus */
	PLANT_PERIPHERAL_CLOCK,                /* the same, per enabled peripheral clock */
	PLANT_FETCH_STALL,                     /* per stalled cycle: a line is read from flash */
	PLANT_FLASH_STALL,                     /* the same for data */
	PLANT_FLASH_READ,                      /* per data read of the flash range, cached or not */
	PLANT_TOGGLED_BIT,                     /* operands: no count of instructions tells them */
	PLANT_CHARGE_COUNT,
};

/* What varies together between boards of a part. */
enum plant_group {
	PLANT_GROUP_CORE = 0, /* instructions and clock tree */
	PLANT_GROUP_MEMORY,
	PLANT_GROUP_OPERANDS,
	PLANT_GROUP_PERIPHERALS,
	PLANT_GROUP_ANALOG, /* oscillators, PLL, regulator */
	PLANT_GROUP_LEAKAGE,
	PLANT_GROUP_SMPS,
	PLANT_GROUP_SETTLING,
	PLANT_GROUP_THERMAL,
	PLANT_GROUP_DECOUPLING,
	PLANT_GROUP_COUNT,
};

struct plant_part {
	const char *name;

	double nominal_core_v; /* charge_c and leakage_a are given here */
	double charge_c[PLANT_CHARGE_COUNT];
	double bus_max_hz; /* of the peripheral bus; below it runs with the core */

	double leakage_a; /* at leakage_temp_c and nominal_core_v */
	double leakage_temp_c;
	double leakage_slope_k; /* e-fold */
	double leakage_slope_v; /* e-fold: drain-induced barrier lowering */

	double regulator_a; /* of the regulator and what else is always on */
	double smps_a;      /* what the SMPS takes more */
	double smps_efficiency;
	double msi_a, msi_a_per_hz;
	double hsi_a;
	double hse_a;               /* crystal */
	double pll_a, pll_a_per_hz; /* of the VCO */
	double reset_a;
	double flash_busy_a; /* while it erases or programs */
	/* An array that was read stays awake for a while, so that single misses cost more than
	 * those in a burst: flash_wake_a * s / (s + flash_wake_half), s being the share of time
	 * the core is stalled by flash. */
	double flash_wake_a, flash_wake_half;
	double flash_read_a; /* while the core is stalled by it: a flash chip of its own */

	/* After a change of clock or core voltage the current goes to its new value with two tails:
	 * shares of the step, of either sign. */
	double settle_share, settle_tau_s;
	double creep_share, creep_tau_s;
	/* Slow drift of the switched charge: two waves of at most this share each. */
	double drift_share;

	double thermal_k_per_w; /* junction to ambient */
	double thermal_tau_s;
	double source_ohm; /* meter and its cable, in front of ... */
	double decoupling_f;

	double spread[PLANT_GROUP_COUNT]; /* +-, even; leakage: exp(+-) */
};

struct vrandom;

/* Turns a part's table into that of one board. */
void plant_part_vary(struct plant_part *board, struct vrandom *random);

extern const struct plant_part plant_part_esp32c3;
extern const struct plant_part plant_part_stm32f767;
extern const struct plant_part plant_part_stm32l4r5;
extern const struct plant_part plant_part_stm32l552;

#endif
