/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One board and its meter. See the header.
 */
#include "rigs/virtual/server/pair_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "rigs/virtual/plant/random.h"
#include "rigs/virtual/server/files.h"

#define BACKLOG_MAX     (1u << 20)
#define LAG_MAX_NS      4000000 /* host time that may be caught up: no bursts after a stall */
#define PATIENCE_NS     100000000 /* of the clients of a pair that cannot keep up */
#define TIMED_LAG_NS    500000000 /* the same where the host stamps what happens */
#define SLICES_PER_LOOK 16      /* between two looks at the host's clock */
#define THINK_NS        2000000000
#define JUNCTION_STEP_K 0.005

int64_t pair_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* What the chip reports -------------------------------------------------------------------- */

static void on_uart_tx(void *context, uint8_t byte, const struct chip_uart_format *format,
		       int64_t t_ps)
{
	struct pair *pair = context;
	struct chip_uart_format heard = *format;

	(void)t_ps;
	if (!outlet_has_client(pair->board_outlet))
		return;
	if (pair->chip_time.excess != 0)
		heard.baud = (uint32_t)lround(heard.baud * (1 + pair->chip_time.excess));
	if (pair_faults_byte(pair, &byte))
		uart_hear(&pair->uart, byte, &heard);
}

/* When the pace lets a moment of virtual time be, in the host's. */
static int64_t due_ns(const struct pair *pair, int64_t t_ps)
{
	if (!pair->anchored)
		return pair_clock_ns();
	return pair->anchor_ns +
	       llround((double)(t_ps - pair->anchor_ps) / (1000 * pair->config->pace));
}

static void add_marker(struct pair *pair, unsigned line, bool level, int64_t t_ps, uint64_t cycles)
{
	const struct truth_edge edge = {line, level, t_ps, cycles};

	if (line >= PAIR_MARKERS || (pair->logic >> line & 1) == level)
		return;
	if (t_ps > pair->logic_ps) {
		pair->logic_before = pair->logic;
		pair->logic_ps = t_ps;
	}
	pair->logic = (uint8_t)(pair->logic ^ 1u << line);
	if (pair->marker_port)
		marker_port_edge(pair->marker_port, line, level, due_ns(pair, t_ps));
	if (line == 0)
		*(level ? &pair->faults.window_begins : &pair->faults.window_ends) = true;
	if (truth_add_edge(&pair->truth, &edge, &pair->truth_error) < 0)
		pair->truth_failed = true;
}

static void on_marker(void *context, unsigned line, bool level, int64_t t_ps, uint64_t cycles)
{
	struct pair *pair = context;

	add_marker(pair, line, level, chip_time_to_board(&pair->chip_time, t_ps), cycles);
}

static void on_fault(void *context, const char *sentence, int64_t t_ps)
{
	const struct pair *pair = context;

	(void)t_ps;
	fprintf(stderr, "virtual-rig: %s: fault: %s\n", pair->board->name, sentence);
}

/* Making and ending -------------------------------------------------------------------------- */

static int make_flash(struct pair_body *body, const char *path, struct verr *err)
{
	uint32_t bytes = chip_flash_bytes(body->part);

	body->flash_mapped = path != NULL;
	if (path)
		return files_map(path, bytes, &body->flash, err);
	body->flash = malloc(bytes);
	if (!body->flash)
		return verr_set(err, -ENOMEM, "out of memory");
	memset(body->flash, 0xFF, bytes);
	return 0;
}

int pair_body_new(struct pair *pair, const char *part, uint64_t seed, const char *flash_path,
		  struct pair_body *ret_body, struct verr *err)
{
	const struct chip_callbacks callbacks = {pair, on_uart_tx, on_marker, on_fault};
	struct chip_config chip_config = {.part = part,
					  .seed = seed,
					  .callbacks = &callbacks,
					  .repeat = pair->config->repeat};
	int rc;

	ret_body->part = part;
	rc = make_flash(ret_body, flash_path, err);
	chip_config.flash = ret_body->flash;
	if (rc == 0)
		rc = chip_new(&chip_config, &ret_body->chip, err);
	if (rc == 0)
		rc = plant_new(part, seed, pair->board->ambient_c, &ret_body->plant, err);
	if (rc == 0)
		plant_scale_leakage(ret_body->plant, pair->board->leakage);
	if (rc == 0)
		chip_set_junction(ret_body->chip, pair->board->ambient_c);
	return rc;
}

void pair_body_done(struct pair_body *body)
{
	if (body->plant)
		plant_free(body->plant);
	if (body->chip)
		chip_free(body->chip);
	if (body->flash && body->flash_mapped)
		munmap(body->flash, chip_flash_bytes(body->part));
	else
		free(body->flash);
}

static int make_parts(struct pair *pair, struct verr *err)
{
	const struct config_board *board = pair->board;
	uint64_t seed = vrandom_seed(pair->config->seed, board->identity);
	int rc = pair_body_new(pair, board->part, seed, board->flash, &pair->body, err);

	if (rc < 0)
		return rc;
	if (board->meter != CONFIG_NONE) {
		const struct config_meter *meter = &pair->config->meters[board->meter];

		rc = rig_meter_open(meter, vrandom_seed(pair->config->seed, meter->name),
				    &pair->meter, err);
		if (rc < 0)
			return rc;
	}
	if (!uart_init(&pair->uart))
		return verr_set(err, -ENOMEM, "out of memory");
	truth_init(&pair->truth, board->name);
	return pair_faults_init(pair, err);
}

static void attach(struct pair *pair, struct supply *supply, struct chamber *chamber)
{
	pair->supply = supply;
	pair->chamber = chamber;
	if (supply) {
		pair->supply_place = supply_attach(supply);
		pair->supply_output = supply_output(supply);
	}
	if (chamber)
		pair->chamber_place = chamber_attach(chamber);
	pair->air.temp_c = pair->board->ambient_c;
}

int pair_new(const struct config *config, unsigned board, struct supply *supply,
	     struct chamber *chamber, struct pair **ret_pair, struct verr *err)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int rc;

	if (!pair)
		return verr_set(err, -ENOMEM, "out of memory");
	pair->config = config;
	pair->board = &config->boards[board];
	pair->state = PAIR_STILL;
	pair->release_ps = INT64_MAX;
	pair->told_junction_c = pair->board->ambient_c;
	rc = make_parts(pair, err);
	if (rc == 0)
		rc = pair_open_ports(pair, err);
	if (rc < 0) {
		pair_free(pair);
		return rc;
	}
	attach(pair, supply, chamber);
	pair_drive_lines(pair, false, false);
	*ret_pair = pair;
	return 0;
}

void pair_free(struct pair *pair)
{
	if (!pair)
		return;
	marker_port_close(pair->marker_port);
	pair_loader_close(pair->loader);
	outlet_close(pair->meter_outlet);
	outlet_close(pair->board_outlet);
	pair_faults_done(pair);
	truth_done(&pair->truth);
	uart_done(&pair->uart);
	rig_meter_close(pair->meter);
	pair_body_done(&pair->body);
	pair_body_done(&pair->other);
	free(pair);
}

void pair_set_logs(struct pair *pair, FILE *truth, FILE *faults)
{
	pair->truth.file = truth;
	pair->faults.board.log = faults;
	pair->faults.meter.log = faults;
}

enum pair_state pair_state(const struct pair *pair)
{
	return pair->state;
}

/* Time --------------------------------------------------------------------------------------- */

static bool is_coarse(const struct pair *pair)
{
	return pair->resting && !pair->truth.open && !pair->faults.hung &&
	       !pair_is_host_timed(pair) &&
	       !(pair->meter && pair->meter->ops->streams(pair->meter->state));
}

/* Where a slice ends in which no instruction runs. */
static int64_t rest_end_ps(const struct pair *pair)
{
	return rig_meter_rest_end_ps(pair->meter, pair->now_ps, is_coarse(pair));
}

/* The slice is the meter's, too; and what it leaves of its supply is what the board gets. */
static void feed_meter(struct pair *pair, const struct truth_slice *slice, bool coarse)
{
	const struct meter_slice share = {
		.start_ps = slice->start_ps,
		.end_ps = slice->end_ps,
		.charge_c = slice->charge_c,
		/* A load takes the board's place. */
		.voltage_v = pair->load_ohm > 0 ? pair->source_v : slice->supply_v,
		.coarse = coarse,
		.logic = pair->logic,
		.logic_before = pair->logic_before,
		.logic_ps = pair->logic_ps,
	};

	pair->current_a = slice->charge_c / ((double)(slice->end_ps - slice->start_ps) * 1e-12);
	if (!pair->meter)
		return;
	rig_meter_feed(pair->meter, &share);
	if (pair->meter->ops->burdens)
		pair_update_supply(pair);
}

static void tell_junction(struct pair *pair)
{
	double junction_c = plant_junction_c(pair->body.plant);

	if (fabs(junction_c - pair->told_junction_c) < JUNCTION_STEP_K)
		return;
	pair->told_junction_c = junction_c;
	chip_set_junction(pair->body.chip, junction_c);
}

/* A board that lost power or is held in reset drives no line: open windows end here. */
static void release_markers(struct pair *pair, int64_t now_ps)
{
	uint64_t cycles = chip_counts(pair->body.chip)->cycles;

	for (unsigned line = 0; line < PAIR_MARKERS; line++)
		add_marker(pair, line, false, now_ps, cycles);
}

/* Runs the chip for a slice that ends at limit_ps at the latest; returns where it ended. */
static int64_t run_chip(struct pair *pair, int64_t limit_ps, struct chip_activity *ret_activity)
{
	const struct chip_time *time = &pair->chip_time;
	int64_t rest_ps = rest_end_ps(pair), chip_rest_ps, chip_limit_ps = INT64_MAX, end_ps;
	double rate = 1 + time->excess;

	if (rest_ps > limit_ps)
		rest_ps = limit_ps;
	if (pair->faults.hung) {
		pair_faults_hung_activity(pair, (double)(rest_ps - pair->now_ps) * 1e-12,
					  ret_activity);
		return rest_ps;
	}
	if (limit_ps != INT64_MAX)
		chip_limit_ps = chip_time_of_board(time, limit_ps);
	chip_rest_ps = chip_time_of_board(time, rest_ps);
	chip_run_slice(pair->body.chip, chip_rest_ps, chip_limit_ps, ret_activity);
	end_ps = chip_now_ps(pair->body.chip);
	if (end_ps >= chip_limit_ps)
		end_ps = limit_ps;
	else
		end_ps = end_ps == chip_rest_ps ? rest_ps : chip_time_to_board(time, end_ps);
	if (end_ps <= pair->now_ps) /* a time that is rounded */
		end_ps = pair->now_ps + 1;
	if (time->excess != 0) { /* times and frequencies as the world sees them */
		ret_activity->active_s /= rate;
		ret_activity->sleep_s /= rate;
		ret_activity->hclk_hz *= rate;
	}
	return end_ps;
}

static int pass_time(struct pair *pair, int64_t limit_ps, struct verr *err)
{
	struct truth_slice slice = {pair->now_ps, 0, 0, pair->supply_v, 0, 0};
	bool coarse = is_coarse(pair);
	struct chip_activity activity;
	double dt_s;

	slice.junction_before_c = plant_junction_c(pair->body.plant);
	slice.end_ps = run_chip(pair, limit_ps, &activity);
	dt_s = (double)(slice.end_ps - slice.start_ps) * 1e-12;
	slice.charge_c = dt_s * plant_step(pair->body.plant, &activity, pair->supply_v, dt_s);
	if (pair->load_ohm > 0)
		slice.charge_c = dt_s * pair->source_v / pair->load_ohm;
	slice.junction_c = plant_junction_c(pair->body.plant);
	pair->now_ps = slice.end_ps;
	pair->turn_charge_c += slice.charge_c;
	pair->resting = activity.active_s <= 0;
	if (!activity.powered || activity.in_reset)
		release_markers(pair, slice.end_ps);
	feed_meter(pair, &slice, coarse);
	tell_junction(pair);
	if (pair->truth_failed)
		return verr_set(err, -ENOMEM, "%s", pair->truth_error.text);
	return truth_add_slice(&pair->truth, &slice, err);
}

static void take_byte(struct pair *pair)
{
	struct uart_byte arrived = uart_take_arrived(&pair->uart);

	pair->resting = false;
	if (!pair_faults_byte(pair, &arrived.byte) || pair->faults.hung || pair->faults.deaf)
		return;
	if (pair->chip_time.excess != 0)
		arrived.format.baud =
			(uint32_t)lround(arrived.format.baud / (1 + pair->chip_time.excess));
	chip_uart_rx(pair->body.chip, arrived.byte, &arrived.format);
}

static int run_slice(struct pair *pair, struct verr *err)
{
	int64_t arrival_ps = uart_next_arrival_ps(&pair->uart);
	int rc = 0;

	if (arrival_ps > pair->now_ps) /* else a byte that waited while time stood still */
		rc = pass_time(pair, arrival_ps, err);
	if (arrival_ps <= pair->now_ps)
		take_byte(pair);
	pair_follow_reset(pair);
	pair_loader_follow(pair->loader, pair->now_ps);
	pair_faults_step(pair);
	if (pair->chamber)
		pair_follow_air(pair);
	if (rc == 0 && (pair->faults.board.log_failed || pair->faults.meter.log_failed))
		rc = verr_set(err, -EIO, "fault log: cannot be written");
	return rc;
}

/* Turns -------------------------------------------------------------------------------------- */

static bool has_client(const struct pair *pair)
{
	return outlet_has_client(pair->board_outlet) || pair_meter_has_client(pair) ||
	       pair->supply_output.has_client;
}

bool pair_stands_still(const struct pair *pair)
{
	if (!has_client(pair))
		return true;
	return pair->uart.to_host_count > BACKLOG_MAX ||
	       (pair_meter_has_client(pair) && pair->meter->ops->is_full(pair->meter->state));
}

bool pair_is_host_timed(const struct pair *pair)
{
	return pair->marker_port && marker_port_has_client(pair->marker_port);
}

bool pair_awaits_time(const struct pair *pair)
{
	return pair_is_host_timed(pair) && rig_meter_busy_until_ps(pair->meter) > pair->now_ps;
}

bool pair_may_be_served(const struct pair *pair, int64_t now_ns)
{
	return !pair_is_host_timed(pair) || pair->state != PAIR_BEHIND ||
	       now_ns - pair->served_ns > PATIENCE_NS;
}

static bool meter_rests(const struct pair *pair)
{
	return !pair->meter || (!pair->meter->ops->host_timed &&
				rig_meter_busy_until_ps(pair->meter) <= pair->now_ps);
}

static bool nothing_happens(const struct pair *pair)
{
	const struct pair_faults *faults = &pair->faults;

	return !(pair->load_ohm > 0) && pair->resting && !faults->hung &&
	       !faults->brown_out_until_ps && pair->release_ps == INT64_MAX &&
	       uart_next_arrival_ps(&pair->uart) == INT64_MAX && meter_rests(pair) &&
	       !pair_loader_works(pair->loader) && !pair_is_host_timed(pair) &&
	       chip_waits(pair->body.chip);
}

/* The board waits for its client, and the client has acted a moment ago: time stands still while it
 * makes up its mind, or what it does next would come at a virtual time that the host's speed
 * decides. A client that is silent for longer wants time to pass. */
static bool client_thinks(struct pair *pair, int64_t now_ns)
{
	if (pair->client_acts != pair->client_acts_seen) {
		pair->client_acts_seen = pair->client_acts;
		pair->client_ns = now_ns;
	}
	return now_ns - pair->client_ns < THINK_NS && nothing_happens(pair);
}

/* The virtual time that the pace allows now. A rig that lags starts counting anew. */
static int64_t limit_ps(struct pair *pair, int64_t now_ns)
{
	double pace = pair->config->pace;
	int64_t lag_ns = pair_is_host_timed(pair) ? TIMED_LAG_NS : LAG_MAX_NS;
	int64_t now_ps = pair->now_ps, limit;

	if (!pair->anchored) {
		pair->anchored = true;
		pair->anchor_ps = now_ps;
		pair->anchor_ns = now_ns;
	}
	limit = pair->anchor_ps + (int64_t)(pace * 1000 * (double)(now_ns - pair->anchor_ns));
	if (limit - now_ps > (int64_t)(pace * 1000 * (double)lag_ns)) {
		pair->anchor_ps = now_ps;
		pair->anchor_ns = now_ns - lag_ns;
		limit = now_ps + (int64_t)(pace * 1000 * (double)lag_ns);
	}
	return limit;
}

static int run_turn(struct pair *pair, int64_t now_ns, int64_t deadline_ns, struct verr *err)
{
	int64_t limit;
	int rc = 0;

	if (pair_stands_still(pair)) {
		pair->anchored = false;
		pair->state = PAIR_STILL;
		return 0;
	}
	limit = limit_ps(pair, now_ns);
	pair->state = PAIR_BEHIND;
	do {
		for (int i = 0; i < SLICES_PER_LOOK && rc == 0; i++) {
			if (pair->now_ps >= limit) {
				pair->state = PAIR_AHEAD;
				return 0;
			}
			if (client_thinks(pair, now_ns)) {
				pair->anchored = false;
				pair->state = PAIR_AHEAD;
				return 0;
			}
			rc = run_slice(pair, err);
		}
	} while (rc == 0 && !pair_stands_still(pair) && pair_clock_ns() < deadline_ns);
	return rc;
}

int pair_advance(struct pair *pair, int64_t now_ns, int64_t deadline_ns, struct verr *err)
{
	int rc;

	pair_look_around(pair, now_ns);
	rc = run_turn(pair, now_ns, deadline_ns, err);
	pair_report_around(pair);
	return rc;
}

int pair_run_until(struct pair *pair, int64_t until_ps, struct verr *err)
{
	int rc = 0;

	if (!pair->meter)
		pair_update_supply(pair);
	while (rc == 0 && pair->now_ps < until_ps)
		rc = run_slice(pair, err);
	return rc;
}
