/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A pair's surroundings: the supply that feeds it, the chamber it is in.
 */
#include "rigs/virtual/server/pair_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTART_V     1.6 /* no part runs below */
#define BURDEN_STEP_V 0.005
#define AIR_STEP_PS   1000000000 /* 1 ms: the fastest slew moves the air by 0.1 K */

static double source_v(const struct pair *pair)
{
	if (pair->meter)
		return pair->meter->ops->board_v(pair->meter->state, pair->meter->config->supply_v,
						 pair->current_a);
	return pair->supply ? pair->supply_output.voltage_v : pair->board->fixed_supply_v;
}

static double with_faults_v(const struct pair *pair, double volts)
{
	const struct pair_faults *faults = &pair->faults;

	if (pair->now_ps < faults->brown_out_until_ps)
		return fmin(volts, faults->brown_out_v);
	return pair->now_ps < faults->drop_until_ps ? volts * (1 - faults->drop_share) : volts;
}

/* A meter's burden moves the supply by microvolts with every slice. The chip, whose supply matters
 * to its converter and its thresholds only, is told of steps. */
static bool is_burden_step(const struct pair *pair, double volts)
{
	return pair->meter && pair->meter->ops->burdens && volts >= RESTART_V &&
	       pair->told_supply_v >= RESTART_V &&
	       fabs(volts - pair->told_supply_v) < BURDEN_STEP_V;
}

static void set_supply(struct pair *pair, double volts)
{
	if (volts == pair->supply_v)
		return;
	pair->supply_v = volts;
	if (is_burden_step(pair, volts))
		return;
	pair->told_supply_v = volts;
	pair->resting = false;
	if (volts < RESTART_V)
		pair_chip_restarts(pair, false);
	chip_set_supply(pair->body.chip, volts);
	if (volts >= RESTART_V && pair->boot_active && !pair->reset_held)
		pair_chip_restarts(pair, true);
}

/* What somebody has connected. A file that holds no resistance is no load. */
static double read_load_ohm(const char *path)
{
	FILE *file = path ? fopen(path, "r") : NULL;
	char text[64] = "", *end;
	double ohm;

	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	text[strcspn(text, "\n")] = 0;
	ohm = strtod(text, &end);
	if (!strcmp(text, "none"))
		return INFINITY;
	if (end != text && !*end && ohm >= 1)
		return ohm;
	fprintf(stderr, "virtual-rig: %s: \"%s\" is neither 1 ohm or more nor none\n", path, text);
	return 0;
}

void pair_update_supply(struct pair *pair)
{
	double volts = source_v(pair), before_v = pair->source_v;

	pair->source_v = volts;
	if (volts <= 0)
		pair->faults.drop_until_ps = 0; /* switched off: that ends it */
	else if (before_v <= 0)
		pair_faults_power_up(pair);
	if (volts > 0 && before_v <= 0)
		pair->load_ohm = read_load_ohm(pair->board->load);
	set_supply(pair, pair->load_ohm > 0 ? 0 : with_faults_v(pair, volts));
}

static void cut_supply(struct pair *pair)
{
	pair->source_v = 0;
	set_supply(pair, 0);
}

static void look_at_supply(struct pair *pair)
{
	pair->supply_output = supply_output(pair->supply);
	if (pair->supply_output.cuts != pair->supply_cuts)
		cut_supply(pair); /* for an instant, if it is on again */
	pair->supply_cuts = pair->supply_output.cuts;
}

/* The air of a board whose time was standing still is the chamber's own; one that is off has taken
 * on its temperature meanwhile. */
static void look_at_chamber(struct pair *pair, int64_t now_ns)
{
	double passed_s = pair->config->pace * 1e-9 * (double)(now_ns - pair->air_ns);
	bool was_off = pair->air_known && pair->source_v <= 0;

	pair->air_ns = now_ns;
	pair->program = chamber_program(pair->chamber);
	if (pair->state != PAIR_STILL && pair->air_known)
		return;
	pair->air = chamber_own_air(pair->chamber, now_ns);
	pair->air_known = true;
	pair->air_ps = pair->now_ps;
	plant_set_ambient(pair->body.plant, pair->air.temp_c);
	if (was_off)
		plant_rest(pair->body.plant, passed_s);
}

void pair_look_around(struct pair *pair, int64_t now_ns)
{
	pair->turn_charge_c = 0;
	pair->turn_start_ps = pair->now_ps;
	if (pair->supply)
		look_at_supply(pair);
	if (!pair->meter)
		pair_update_supply(pair);
	if (pair->chamber)
		look_at_chamber(pair, now_ns);
}

void pair_report_around(struct pair *pair)
{
	double seconds = (double)(pair->now_ps - pair->turn_start_ps) * 1e-12;

	if (pair->supply && seconds > 0)
		supply_report(pair->supply, pair->supply_place, pair->turn_charge_c / seconds);
	if (pair->chamber)
		chamber_report(pair->chamber, pair->chamber_place, pair->air.temp_c,
			       pair->state != PAIR_STILL);
}

void pair_follow_air(struct pair *pair)
{
	const struct config_device *config = &pair->config->devices[pair->board->chamber];
	int64_t passed_ps = pair->now_ps - pair->air_ps;

	if (passed_ps < AIR_STEP_PS)
		return;
	pair->air_ps = pair->now_ps;
	chamber_air_step(config, &pair->program, &pair->air, (double)passed_ps * 1e-12);
	plant_set_ambient(pair->body.plant, pair->air.temp_c);
}
