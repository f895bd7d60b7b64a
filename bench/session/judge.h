/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Turns a capture into numbers, and says whether they may be believed. A window is accepted only
 * when every check passes; otherwise the verdict is "refused" and the reason names the first that
 * failed.
 */
#ifndef BENCH_SESSION_JUDGE_H
#define BENCH_SESSION_JUDGE_H

#include "analysis/budget/table.h"
#include "analysis/budget/verdict.h"
#include "analysis/trace/clock.h"
#include "bench/session/capture.h"
#include "bench/store/store.h"

/* What the windows of one board and clock level have shown so far. */
struct judge_clock {
	struct clock_ratio *ratios; /* of accepted windows */
	size_t count, capacity;
};

/* The meter's rate by the host's clock, over the session: of captures whatever became of them. */
struct judge_meter_clock {
	struct clock_pool pool; /* measured over nominal */
};

/* What has been seen of a board's supply. */
struct judge_supply {
	bool noted;              /* the board was asked */
	double first_v, first_c; /* its first reading, and its temperature then; 0: it cannot */
	/* It was not what was set. A board that cannot read it is believed again when it has been
	 * switched off: the caller clears this. */
	bool in_doubt;
};

struct judge_request {
	const struct capture *capture;
	const struct wire_run *run;
	const struct rig_meter *meter_config;
	const struct meter_info *meter;
	/* What the capture's samples were corrected with; NULL or id 0: nothing. */
	const struct calibration *calibration;
	uint32_t clock_hz;     /* nominal */
	uint32_t output_crc32; /* the host's own result */
	bool restarted; /* the board, between greeting and now */
	/* What the board reads of its supply, before and after; 0: it cannot. */
	uint32_t vdda_before_mv, vdda_after_mv;
	struct judge_supply *supply;     /* of the board; NULL: nothing is known from before */
	struct judge_clock *clock;       /* an accepted window is added */
	/* NULL: the meter's time is not the host's, as on a virtual link. */
	const struct judge_meter_clock *meter_clock;
	struct budget_table *ret_budget; /* of gross energy, when accepted; NULL: not wanted */
};

/* Fills the measured columns, verdict and reason of *row. Refusals are not errors; -ENOMEM is. */
int judge_window(const struct judge_request *request, struct store_measurement *row,
		 struct err *err);
/* Writes verdict and reason, "CODE: sentence". */
__attribute__((format(printf, 3, 4))) void judge_refuse_row(struct store_measurement *row,
							    enum verdict_reason reason,
							    const char *format, ...);
/* Adds what a capture says of the meter's rate; one that is too short to say anything adds nothing.
 */
void judge_meter_clock_add(struct judge_meter_clock *clock, const struct capture *capture,
			   double nominal_hz);
/* A reading of the board's supply; 0: it cannot. The first one stays. */
void judge_supply_note(struct judge_supply *supply, uint32_t vdda_mv, double temp_c);
/* A run that is not judged: does its supply fall? */
void judge_supply_watch(struct judge_supply *supply, const struct capture *capture);
/* Adds a ratio known from earlier windows. */
int judge_clock_add(struct judge_clock *clock, struct clock_ratio ratio, struct err *err);
void judge_clock_done(struct judge_clock *clock);

#endif
