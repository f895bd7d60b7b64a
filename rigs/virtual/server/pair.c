/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One board and its meter. See the header.
 */
#include "rigs/virtual/server/pair_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "rigs/virtual/plant/random.h"
#include "rigs/virtual/server/files.h"

#define BACKLOG_MAX      (1u << 20)
#define COARSE_INTERVALS 100
#define LAG_MAX_NS       4000000 /* host time that may be caught up: no bursts after a stall */
#define SLICES_PER_LOOK  16      /* between two looks at the host's clock */
#define JUNCTION_STEP_K  0.005
#define MARKERS          3

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

	(void)t_ps;
	if (port_has_client(pair->board_port))
		uart_hear(&pair->uart, byte, format);
}

static void on_marker(void *context, unsigned line, bool level, int64_t t_ps, uint64_t cycles)
{
	struct pair *pair = context;
	const struct truth_edge edge = {line, level, t_ps, cycles};

	if (line >= MARKERS)
		return;
	pair->logic = (uint8_t)((pair->logic & ~(1u << line)) | (unsigned)level << line);
	if (truth_add_edge(&pair->truth, &edge, &pair->truth_error) < 0)
		pair->truth_failed = true;
}

static void on_fault(void *context, const char *sentence, int64_t t_ps)
{
	const struct pair *pair = context;

	(void)t_ps;
	fprintf(stderr, "virtual-rig: %s: fault: %s\n", pair->board->name, sentence);
}

/* Making and ending -------------------------------------------------------------------------- */

static int make_parts(struct pair *pair, struct verr *err)
{
	const struct config_board *board = pair->board;
	uint64_t seed = vrandom_seed(pair->config->seed, board->name);
	const char *meter_name = pair->config->meters[board->meter].name;
	const struct chip_callbacks callbacks = {pair, on_uart_tx, on_marker, on_fault};
	struct chip_config chip_config = {
		.part = board->part,
		.seed = seed,
		.callbacks = &callbacks,
	};
	int rc = 0;

	if (board->flash)
		rc = files_map(board->flash, chip_flash_bytes(board->part), &pair->flash, err);
	chip_config.flash = pair->flash;
	if (rc == 0)
		rc = chip_new(&chip_config, &pair->chip, err);
	if (rc == 0)
		rc = plant_new(board->part, seed, board->ambient_c, &pair->plant, err);
	if (rc < 0)
		return rc;
	pair->meter = vppk2_new(vrandom_seed(pair->config->seed, meter_name));
	if (!uart_init(&pair->uart) || !pair->meter)
		return verr_set(err, -ENOMEM, "out of memory");
	truth_init(&pair->truth, board->name);
	return 0;
}

int pair_new(const struct config *config, unsigned board, struct pair **ret_pair, struct verr *err)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int rc;

	if (!pair)
		return verr_set(err, -ENOMEM, "out of memory");
	pair->config = config;
	pair->board = &config->boards[board];
	pair->state = PAIR_STILL;
	pair->told_junction_c = pair->board->ambient_c;
	rc = make_parts(pair, err);
	if (rc == 0)
		rc = pair_open_ports(pair, err);
	if (rc < 0) {
		pair_free(pair);
		return rc;
	}
	chip_set_junction(pair->chip, pair->told_junction_c);
	pair_drive_lines(pair, false, false);
	*ret_pair = pair;
	return 0;
}

void pair_free(struct pair *pair)
{
	if (!pair)
		return;
	port_close(pair->meter_port);
	port_close(pair->board_port);
	truth_done(&pair->truth);
	uart_done(&pair->uart);
	vppk2_free(pair->meter);
	if (pair->plant)
		plant_free(pair->plant);
	if (pair->chip)
		chip_free(pair->chip);
	if (pair->flash)
		munmap(pair->flash, chip_flash_bytes(pair->board->part));
	free(pair);
}

void pair_set_truth(struct pair *pair, FILE *truth_file)
{
	pair->truth.file = truth_file;
}

struct port *pair_port(const struct pair *pair, unsigned index)
{
	return index == 0 ? pair->board_port : pair->meter_port;
}

enum pair_state pair_state(const struct pair *pair)
{
	return pair->state;
}

/* Time --------------------------------------------------------------------------------------- */

static int64_t slice_end_ps(const struct pair *pair, int64_t now_ps)
{
	int64_t arrival_ps = uart_next_arrival_ps(&pair->uart);
	bool coarse = pair->resting && !pair->truth.open && !vppk2_streaming(pair->meter);
	int64_t end_ps = vppk2_sample_end_ps(pair->meter,
					     pair->interval + (coarse ? COARSE_INTERVALS - 1 : 0));

	if (arrival_ps <= now_ps) /* a byte that waited while time stood still */
		return now_ps;
	return arrival_ps < end_ps ? arrival_ps : end_ps;
}

/* The slice reached the end of an interval: the meter's turn. */
static void end_interval(struct pair *pair, int64_t now_ps)
{
	double seconds = (double)(now_ps - pair->interval_start_ps) * 1e-12;

	vppk2_sample(pair->meter, pair->interval_charge_c / seconds, pair->logic);
	pair->interval_start_ps = now_ps;
	pair->interval_charge_c = 0;
	do
		pair->interval++;
	while (vppk2_sample_end_ps(pair->meter, pair->interval) <= now_ps);
}

static void tell_junction(struct pair *pair)
{
	double junction_c = plant_junction_c(pair->plant);

	if (fabs(junction_c - pair->told_junction_c) < JUNCTION_STEP_K)
		return;
	pair->told_junction_c = junction_c;
	chip_set_junction(pair->chip, junction_c);
}

/* A board that lost power or is held in reset drives no line: open windows end here. */
static void release_markers(struct pair *pair, int64_t now_ps)
{
	uint64_t cycles = chip_counts(pair->chip)->cycles;

	for (unsigned line = 0; line < MARKERS; line++)
		if (pair->logic >> line & 1)
			on_marker(pair, line, false, now_ps, cycles);
}

static int run_slice(struct pair *pair, struct verr *err)
{
	int64_t start_ps = chip_now_ps(pair->chip);
	int64_t end_ps = slice_end_ps(pair, start_ps);
	struct truth_slice slice = {start_ps, end_ps, 0, pair->supply_v, 0};
	struct chip_activity activity;
	int rc = 0;

	if (end_ps > start_ps) {
		double dt_s = (double)(end_ps - start_ps) * 1e-12;

		chip_run(pair->chip, end_ps, &activity);
		slice.charge_c = dt_s * plant_step(pair->plant, &activity, pair->supply_v, dt_s);
		slice.junction_c = plant_junction_c(pair->plant);
		pair->interval_charge_c += slice.charge_c;
		pair->resting = activity.active_s <= 0;
		if (!activity.powered || activity.in_reset)
			release_markers(pair, end_ps);
		rc = pair->truth_failed ? verr_set(err, -ENOMEM, "%s", pair->truth_error.text)
					: truth_add_slice(&pair->truth, &slice, err);
		tell_junction(pair);
	}
	if (uart_next_arrival_ps(&pair->uart) <= end_ps) {
		struct uart_byte arrived = uart_take_arrived(&pair->uart);

		chip_uart_rx(pair->chip, arrived.byte, &arrived.format);
		pair->resting = false;
	}
	if (end_ps >= vppk2_sample_end_ps(pair->meter, pair->interval))
		end_interval(pair, end_ps);
	return rc;
}

static bool stands_still(const struct pair *pair)
{
	if (!port_has_client(pair->board_port) && !port_has_client(pair->meter_port))
		return true;
	return pair->uart.to_host_count > BACKLOG_MAX ||
	       (port_has_client(pair->meter_port) &&
		vppk2_pending_bytes(pair->meter) > BACKLOG_MAX);
}

/* The virtual time that the pace allows now. A rig that lags starts counting anew. */
static int64_t limit_ps(struct pair *pair, int64_t now_ns)
{
	double pace = pair->config->pace;
	int64_t now_ps = chip_now_ps(pair->chip), limit;

	if (!pair->anchored) {
		pair->anchored = true;
		pair->anchor_ps = now_ps;
		pair->anchor_ns = now_ns;
	}
	limit = pair->anchor_ps + (int64_t)(pace * 1000 * (double)(now_ns - pair->anchor_ns));
	if (limit - now_ps > (int64_t)(pace * 1000 * LAG_MAX_NS)) {
		pair->anchor_ps = now_ps;
		pair->anchor_ns = now_ns - LAG_MAX_NS;
		limit = now_ps + (int64_t)(pace * 1000 * LAG_MAX_NS);
	}
	return limit;
}

int pair_advance(struct pair *pair, int64_t now_ns, int64_t deadline_ns, struct verr *err)
{
	int64_t limit;
	int rc = 0;

	if (stands_still(pair)) {
		pair->anchored = false;
		pair->state = PAIR_STILL;
		return 0;
	}
	limit = limit_ps(pair, now_ns);
	pair->state = PAIR_BEHIND;
	do {
		for (int i = 0; i < SLICES_PER_LOOK && rc == 0; i++) {
			if (chip_now_ps(pair->chip) >= limit) {
				pair->state = PAIR_AHEAD;
				return 0;
			}
			rc = run_slice(pair, err);
		}
	} while (rc == 0 && !stands_still(pair) && pair_clock_ns() < deadline_ns);
	return rc;
}
