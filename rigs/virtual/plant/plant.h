/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a board draws from its supply: switched charge per instruction class, clock tree,
 * oscillators, regulator, leakage, junction temperature. Parameters per part (plant_part.h), spread
 * per board by seed.
 */
#ifndef RIGS_VIRTUAL_PLANT_PLANT_H
#define RIGS_VIRTUAL_PLANT_PLANT_H

#include <stdint.h>

#include "rigs/virtual/chips/chip.h"

struct plant;

bool plant_knows_part(const char *part);

/* -EINVAL: no such part; -ENOMEM. */
int plant_new(const char *part, uint64_t seed, double ambient_c, struct plant **ret_plant,
	      struct verr *err);
void plant_free(struct plant *plant);

/* Mean supply current over the slice [A] at supply_v; advances the junction temperature by dt_s. */
double plant_step(struct plant *plant, const struct chip_activity *activity, double supply_v,
		  double dt_s);
double plant_junction_c(const struct plant *plant);

/* Multiplies what the part and the seed give: a chip that ages, or was hurt. */
void plant_scale_leakage(struct plant *plant, double factor);

/* Of the air around the board; the junction follows with its time constant. */
void plant_set_ambient(struct plant *plant, double ambient_c);
/* Lets dt_s pass for a board that is off and whose time stands still: it takes on the air's temperature. */
void plant_rest(struct plant *plant, double dt_s);

#endif
