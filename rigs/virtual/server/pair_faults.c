/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What each fault does to a pair. The value in the fault log is what stands at each function.
 */
#include "rigs/virtual/server/pair_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/server/chip_time.h"

#define PS_PER_S     1e12
#define RATE_STEP_PS 1000000000 /* 1 ms: how often a drifting clock is followed */
#define HUNG_PS      10000000
#define FOREVER_PS   INT64_MAX

static double setting(const struct fault_run *run, enum fault_setting which)
{
	return run->config->settings[which];
}

static int64_t after_ps(const struct pair *pair, double seconds)
{
	return pair->now_ps + (int64_t)llround(seconds * PS_PER_S);
}

/* The chip's time goes on from here with another rate, or after a pause. */
static void rebase_time(struct pair *pair, double excess)
{
	pair->chip_time = (struct chip_time){
		.board_ps = pair->now_ps,
		.chip_ps = chip_now_ps(pair->body.chip),
		.excess = excess,
	};
}

/* Hang ----------------------------------------------------------------------------------------- */

/* Value: 0. */
static double start_hang(struct pair *pair, struct fault_run *run)
{
	struct chip_activity *activity = &pair->faults.hung_activity;
	int64_t end_ps = chip_now_ps(pair->body.chip) + HUNG_PS;

	(void)run;
	/* What it does in its last moment, it goes on doing. */
	chip_run(pair->body.chip, end_ps, activity);
	pair->faults.hung_s = HUNG_PS / PS_PER_S;
	pair->faults.hung = true;
	return 0;
}

static uint64_t scaled(uint64_t count, double by)
{
	return (uint64_t)llround((double)count * by);
}

void pair_faults_hung_activity(struct pair *pair, double dt_s, struct chip_activity *ret_activity)
{
	double by = dt_s / pair->faults.hung_s;
	struct core_counts *counts = &ret_activity->counts;

	*ret_activity = pair->faults.hung_activity;
	ret_activity->active_s *= by;
	ret_activity->sleep_s *= by;
	counts->cycles = scaled(counts->cycles, by);
	counts->sleep_cycles = scaled(counts->sleep_cycles, by);
	counts->instructions = scaled(counts->instructions, by);
	for (unsigned i = 0; i < CORE_CLASS_COUNT; i++)
		counts->classes[i] = scaled(counts->classes[i], by);
	counts->taken_branches = scaled(counts->taken_branches, by);
	counts->flash_fetch_stalls = scaled(counts->flash_fetch_stalls, by);
	counts->flash_data_reads = scaled(counts->flash_data_reads, by);
	counts->flash_stalls = scaled(counts->flash_stalls, by);
	counts->exceptions = scaled(counts->exceptions, by);
	counts->toggled_bits = scaled(counts->toggled_bits, by);
}

/* Supply and clock ----------------------------------------------------------------------------- */

/* Value: the voltage it falls to [V]. */
static double start_brown_out(struct pair *pair, struct fault_run *run)
{
	pair->faults.brown_out_until_ps = after_ps(pair, setting(run, FAULT_FOR));
	pair->faults.brown_out_v = setting(run, FAULT_VOLTS);
	pair_update_supply(pair);
	return pair->faults.brown_out_v;
}

/* Value: the share it is lower. */
static double start_drop(struct pair *pair, struct fault_run *run)
{
	double for_s = setting(run, FAULT_FOR);

	pair->faults.drop_until_ps = for_s > 0 ? after_ps(pair, for_s) : FOREVER_PS;
	pair->faults.drop_share = setting(run, FAULT_SHARE);
	pair_update_supply(pair);
	return pair->faults.drop_share;
}

/* Value: the share it is fast. */
static double start_clock_error(struct pair *pair, struct fault_run *run)
{
	struct pair_faults *faults = &pair->faults;

	faults->off_rate = true;
	faults->rate_share = setting(run, FAULT_SHARE);
	faults->rate_drift_per_s = setting(run, FAULT_DRIFT);
	faults->rate_since_ps = pair->now_ps;
	faults->rate_for_s = setting(run, FAULT_FOR) > 0 ? setting(run, FAULT_FOR) : INFINITY;
	rebase_time(pair, faults->rate_share);
	return faults->rate_share;
}

static void follow_clock(struct pair *pair)
{
	const struct pair_faults *faults = &pair->faults;
	double since_s = (double)(pair->now_ps - faults->rate_since_ps) / PS_PER_S, share;

	if (faults->rate_drift_per_s == 0 || faults->hung ||
	    pair->now_ps - pair->chip_time.board_ps < RATE_STEP_PS)
		return;
	share = faults->rate_share + faults->rate_drift_per_s * fmin(since_s, faults->rate_for_s);
	rebase_time(pair, fmax(-0.5, fmin(0.5, share)));
}

/* Meter and links ------------------------------------------------------------------------------ */

/* Value: how many samples. */
static double start_lost(struct pair *pair, struct fault_run *run)
{
	pair->meter->ops->lose_samples(pair->meter->state, (unsigned)setting(run, FAULT_COUNT));
	return setting(run, FAULT_COUNT);
}

/* Value: how many samples. */
static double start_saturation(struct pair *pair, struct fault_run *run)
{
	pair->meter->ops->saturate(pair->meter->state, (unsigned)setting(run, FAULT_COUNT));
	return setting(run, FAULT_COUNT);
}

/* Value: the range. */
static double start_stuck(struct pair *pair, struct fault_run *run)
{
	pair->meter->ops->stick_range(pair->meter->state, (unsigned)setting(run, FAULT_RANGE),
				      setting(run, FAULT_FOR));
	return setting(run, FAULT_RANGE);
}

static bool is_of_meter(const struct pair *pair, const struct fault_run *run)
{
	const struct faults *meter = &pair->faults.meter;

	return run >= meter->runs && run < meter->runs + meter->count;
}

static double disturb(struct pair *pair, struct fault_run *run, enum ppk2_marker_fault fault,
		      unsigned samples)
{
	uint8_t input = pair->meter->config->wires[(unsigned)setting(run, FAULT_LINE)];

	if (input != METER_NO_INPUT)
		pair->meter->ops->disturb(pair->meter->state, input, fault, samples);
	return setting(run, FAULT_LINE);
}

/* Value of the three: the line. */
static double start_missing(struct pair *pair, struct fault_run *run)
{
	if (!is_of_meter(pair, run)) {
		if (pair->marker_port)
			marker_port_lose(pair->marker_port, (unsigned)setting(run, FAULT_LINE));
		return setting(run, FAULT_LINE);
	}
	return disturb(pair, run, PPK2_MARKER_MISS, 0);
}

static double start_extra(struct pair *pair, struct fault_run *run)
{
	double samples_per_s = pair->meter->ops->samples_per_s;
	double samples = fmax(1, round(setting(run, FAULT_FOR) * samples_per_s));

	return disturb(pair, run, PPK2_MARKER_INVERT, (unsigned)samples);
}

static double start_bounce(struct pair *pair, struct fault_run *run)
{
	return disturb(pair, run, PPK2_MARKER_BOUNCE, (unsigned)setting(run, FAULT_COUNT));
}

/* Value: how many frames. */
static double start_frames_lost(struct pair *pair, struct fault_run *run)
{
	pair->meter->ops->lose_frames(pair->meter->state, (unsigned)setting(run, FAULT_COUNT));
	return setting(run, FAULT_COUNT);
}

/* Value: 0. */
static double start_repeated(struct pair *pair, struct fault_run *run)
{
	(void)run;
	pair->meter->ops->repeat_frame(pair->meter->state);
	return 0;
}

/* Value: how many conversions. */
static double start_freeze(struct pair *pair, struct fault_run *run)
{
	pair->meter->ops->freeze(pair->meter->state, (unsigned)setting(run, FAULT_COUNT));
	return setting(run, FAULT_COUNT);
}

/* Value: how many address bytes. */
static double start_nack(struct pair *pair, struct fault_run *run)
{
	pair->meter->ops->nack(pair->meter->state, (unsigned)setting(run, FAULT_COUNT));
	return setting(run, FAULT_COUNT);
}

/* Value: for how many seconds of the host's time. */
static double start_unplug(struct pair *pair, struct fault_run *run)
{
	double for_s = setting(run, FAULT_FOR);
	int64_t until_ns = pair_clock_ns() + (int64_t)(for_s * 1e9);

	outlet_unplug(is_of_meter(pair, run) ? pair->meter_outlet : pair->board_outlet, until_ns);
	return for_s;
}

/* Starting anew -------------------------------------------------------------------------------- */

void pair_chip_restarts(struct pair *pair, bool into_loader)
{
	struct pair_faults *faults = &pair->faults;

	if (faults->hung) {
		faults->hung = false;
		rebase_time(pair, pair->chip_time.excess);
	}
	faults->deaf = false;
	pair_flash_disarm(faults);
	pair_loader_restart(pair->loader, into_loader);
	if (into_loader)
		faults_meet(&faults->board, FAULT_PER_LOADER, pair->now_ps);
}

/* Value: 0. */
static double start_silence(struct pair *pair, struct fault_run *run)
{
	(void)run;
	pair->faults.deaf = true;
	return 0;
}

/* Value: 0. Both boards are off. */
static double exchange_boards(struct pair *pair, struct fault_run *run)
{
	struct pair_body body = pair->body;

	(void)run;
	pair->body = pair->other;
	pair->other = body;
	rebase_time(pair, pair->chip_time.excess);
	pair->told_junction_c = -INFINITY;
	pair_drive_lines(pair, pair->dtr, pair->rts);
	return 0;
}

/* Dispatch ------------------------------------------------------------------------------------- */

static double (*const starts[])(struct pair *pair, struct fault_run *run) = {
	[FAULT_HANG] = start_hang,
	[FAULT_BROWN_OUT] = start_brown_out,
	[FAULT_SUPPLY_DROP] = start_drop,
	[FAULT_SILENT_LOADER] = start_silence,
	[FAULT_OUTPUT_FLIP] = pair_flash_spoil,
	[FAULT_CLOCK_ERROR] = start_clock_error,
	[FAULT_OTHER_BOARD] = exchange_boards,
	[FAULT_UNPLUG] = start_unplug,
	[FAULT_SAMPLES_LOST] = start_lost,
	[FAULT_RANGE_STUCK] = start_stuck,
	[FAULT_SATURATION] = start_saturation,
	[FAULT_EDGE_MISSING] = start_missing,
	[FAULT_EDGE_EXTRA] = start_extra,
	[FAULT_EDGE_BOUNCE] = start_bounce,
	[FAULT_FRAMES_LOST] = start_frames_lost,
	[FAULT_FRAME_REPEATED] = start_repeated,
	[FAULT_FREEZE] = start_freeze,
	[FAULT_NACK] = start_nack,
};

static void start(struct pair *pair, struct faults *faults, struct fault_run *run)
{
	enum fault_id id = run->config->id;

	if (id == FAULT_FLASH_FLIP) {
		pair_flash_arm(pair, run);
		return;
	}
	if (id < sizeof(starts) / sizeof(starts[0]) && starts[id])
		faults_log(faults, run, pair->now_ps, starts[id](pair, run));
}

/* These wait for the power-up that they belong to. */
static bool waits_for_power(const struct fault_run *run)
{
	return run->config->id == FAULT_OTHER_BOARD;
}

static void start_due(struct pair *pair, struct faults *faults)
{
	struct fault_run *run;

	while ((run = faults_take_due(faults, pair->now_ps))) {
		if (waits_for_power(run) && pair->supply_v > 0) {
			run->due_ps = INT64_MAX - 1; /* at the next power-up */
			continue;
		}
		start(pair, faults, run);
	}
}

void pair_faults_power_up(struct pair *pair)
{
	struct faults *board = &pair->faults.board;

	if (board->count == 0)
		return;
	faults_meet(board, FAULT_PER_POWER_UP, pair->now_ps);
	for (unsigned i = 0; i < board->count; i++)
		if (waits_for_power(&board->runs[i]) && board->runs[i].due_ps == INT64_MAX - 1)
			board->runs[i].due_ps = pair->now_ps;
	board->next_ps = pair->now_ps; /* looked at below, whatever is due */
	start_due(pair, board);
}

bool pair_faults_byte(struct pair *pair, uint8_t *byte)
{
	struct faults *board = &pair->faults.board;
	struct fault_run *run;

	if (board->count == 0)
		return true;
	run = faults_strike(board, FAULT_BYTE_FLIP, pair->now_ps);
	if (run) { /* value: the bit */
		unsigned bit = (unsigned)(vrandom_next(&run->random) >> 61);

		*byte ^= (uint8_t)(1u << bit);
		faults_log(board, run, pair->now_ps, bit);
	}
	run = faults_strike(board, FAULT_BYTE_LOSS, pair->now_ps);
	if (run) /* value: the byte */
		faults_log(board, run, pair->now_ps, *byte);
	return !run;
}

static void end_supply_faults(struct pair *pair)
{
	struct pair_faults *faults = &pair->faults;

	if (faults->brown_out_until_ps && pair->now_ps >= faults->brown_out_until_ps)
		faults->brown_out_until_ps = 0;
	else if (faults->drop_until_ps && pair->now_ps >= faults->drop_until_ps)
		faults->drop_until_ps = 0;
	else
		return;
	pair_update_supply(pair);
}

void pair_faults_step(struct pair *pair)
{
	struct pair_faults *faults = &pair->faults;

	if (faults->window_begins) {
		faults->window_begins = false;
		faults_meet(&faults->board, FAULT_PER_WINDOW, pair->now_ps);
		faults_meet(&faults->meter, FAULT_PER_WINDOW, pair->now_ps);
	}
	if (faults->window_ends) {
		faults->window_ends = false;
		pair_flash_restore(pair);
	}
	if (pair->now_ps >= faults->board.next_ps)
		start_due(pair, &faults->board);
	if (pair->now_ps >= faults->meter.next_ps)
		start_due(pair, &faults->meter);
	if (faults->brown_out_until_ps || faults->drop_until_ps)
		end_supply_faults(pair);
	if (faults->off_rate)
		follow_clock(pair);
	if (faults->flash_seen)
		pair_flash_look(pair);
}

/* Making and ending ---------------------------------------------------------------------------- */

static const char *other_part(const struct pair *pair)
{
	const struct config_faults *faults = &pair->board->faults;

	for (unsigned i = 0; i < faults->count; i++)
		if (faults->list[i].id == FAULT_OTHER_BOARD && faults->list[i].part)
			return faults->list[i].part;
	return pair->board->part;
}

int pair_faults_init(struct pair *pair, struct verr *err)
{
	static const struct config_faults none = {NULL, 0};
	const struct config_board *board = pair->board;
	const struct config_meter *meter =
		board->meter == CONFIG_NONE ? NULL : &pair->config->meters[board->meter];
	uint64_t seed = pair->config->seed;
	int rc = faults_init(&pair->faults.board, &board->faults, seed, board->name, err);

	if (rc == 0)
		rc = faults_init(&pair->faults.meter, meter ? &meter->faults : &none, seed,
				 meter ? meter->name : "", err);
	if (rc == 0 && faults_have(&pair->faults.board, FAULT_OTHER_BOARD))
		rc = pair_body_new(pair, other_part(pair),
				   vrandom_seed(vrandom_seed(seed, board->name), "other"), NULL,
				   &pair->other, err);
	return rc;
}

void pair_faults_done(struct pair *pair)
{
	pair_flash_restore(pair);
	pair_flash_disarm(&pair->faults);
	faults_done(&pair->faults.board);
	faults_done(&pair->faults.meter);
}
