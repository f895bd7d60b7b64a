/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The spread between boards: each group of parameters is scaled by a factor of its own.
 */
#include <math.h>
#include <stddef.h>

#include "rigs/virtual/plant/plant_part.h"
#include "rigs/virtual/plant/random.h"

static enum plant_group group_of(unsigned charge)
{
	static const unsigned char groups[PLANT_CHARGE_COUNT] = {
		[PLANT_BUS_CLOCK] = PLANT_GROUP_PERIPHERALS,
		[PLANT_PERIPHERAL_CLOCK] = PLANT_GROUP_PERIPHERALS,
		[PLANT_FETCH_STALL] = PLANT_GROUP_MEMORY,
		[PLANT_FLASH_STALL] = PLANT_GROUP_MEMORY,
		[PLANT_FLASH_READ] = PLANT_GROUP_MEMORY,
		[PLANT_TOGGLED_BIT] = PLANT_GROUP_OPERANDS,
	};

	return groups[charge];
}

void plant_part_vary(struct plant_part *board, struct vrandom *random)
{
	const struct {
		double *value;
		enum plant_group group;
	} values[] = {
		{&board->regulator_a, PLANT_GROUP_ANALOG},
		{&board->msi_a, PLANT_GROUP_ANALOG},
		{&board->msi_a_per_hz, PLANT_GROUP_ANALOG},
		{&board->hsi_a, PLANT_GROUP_ANALOG},
		{&board->hse_a, PLANT_GROUP_ANALOG},
		{&board->pll_a, PLANT_GROUP_ANALOG},
		{&board->pll_a_per_hz, PLANT_GROUP_ANALOG},
		{&board->reset_a, PLANT_GROUP_ANALOG},
		{&board->flash_busy_a, PLANT_GROUP_MEMORY},
		{&board->flash_wake_a, PLANT_GROUP_MEMORY},
		{&board->flash_read_a, PLANT_GROUP_MEMORY},
		{&board->leakage_a, PLANT_GROUP_LEAKAGE},
		{&board->smps_a, PLANT_GROUP_SMPS},
		{&board->smps_efficiency, PLANT_GROUP_SMPS},
		{&board->settle_share, PLANT_GROUP_SETTLING},
		{&board->creep_share, PLANT_GROUP_SETTLING},
		{&board->thermal_k_per_w, PLANT_GROUP_THERMAL},
		{&board->thermal_tau_s, PLANT_GROUP_THERMAL},
		{&board->decoupling_f, PLANT_GROUP_DECOUPLING},
	};
	double scale[PLANT_GROUP_COUNT];

	for (unsigned i = 0; i < PLANT_GROUP_COUNT; i++)
		scale[i] = 1 + board->spread[i] * vrandom_even(random);
	/* Threshold voltages vary evenly, so leakage does by its logarithm. */
	scale[PLANT_GROUP_LEAKAGE] = exp(scale[PLANT_GROUP_LEAKAGE] - 1);
	for (unsigned i = 0; i < PLANT_CHARGE_COUNT; i++)
		board->charge_c[i] *= scale[group_of(i)];
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		*values[i].value *= scale[values[i].group];
}
