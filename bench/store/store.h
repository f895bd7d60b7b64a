/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dataset: one row per measured window, accepted or refused. One file, shared by any number of
 * readers; a row is there completely or not at all, also after the process is killed.
 *
 * A point is (board, model, build, runtime, clock, repeat), and the temperature where the plan says
 * one; its key also holds the hashes of model and firmware, so that other bytes are another point.
 * A point has at most one accepted row: the database refuses a second.
 *
 * Threads: every call may come from any thread.
 */
#ifndef BENCH_STORE_STORE_H
#define BENCH_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/err.h"

enum {
	STORE_SCHEMA_VERSION = 6,   /* written */
	STORE_BUDGET_INPUTS = 2048, /* bytes of that column */
	STORE_SCHEMA_OLDEST = 2,    /* read, and brought to the present one when it is opened */
};

/* Energies, charge and times are those of the whole window of `inferences` inferences. u_: standard
 * uncertainty (k = 1). energy_u_j is everything; energy_u_independent_j leaves out what all windows
 * of one meter share (gain, supply voltage), which does not average out over windows. */
struct store_measurement {
	int64_t id; /* of the row; not written */
	char point_key[192];
	int64_t session_id;
	int64_t window_ordinal; /* n-th run this session asked of this board, from 1 */
	int64_t attempt;        /* from 1 */
	char created_utc[32];   /* ISO 8601 */
	char rig[64], board[64], board_uid[32], chip[16];
	char meter[64], meter_model[16], meter_serial[32], meter_calibration[768];
	int64_t is_virtual; /* 1: nothing here was measured */
	char model[64], model_sha256[72], image_crc32[12];
	int64_t model_macs, model_params;
	char build[16], firmware_crc32[12], compiler[64], options[128];
	/* "portable" or "optimised", then what else changes the work: "+eliminate", "+exitN" (at
	 * threshold N), "+layers" (marked). Windows of different runtimes are not repeats. */
	char runtime[48], kernels[16];
	int64_t eliminate;      /* 1: channels that are proved constant are left out */
	int64_t exit_threshold; /* of the model's exit, in its tensor's units; 128: none */
	int64_t arena_bytes, image_bytes;
	int64_t repeat_index;     /* from 0 */
	int64_t clock_hz;         /* nominal level */
	double clock_measured_hz; /* cycles / window duration in the meter's clock */
	double clock_u_rel;       /* of clock_measured_hz, from edge timing */
	int64_t core_mv, wait_states;
	char clock_range[16], clock_source[24];
	double temp_before_c, temp_after_c; /* the board's own readings */
	/* Around the board: the plan's temperature, else as typed in the rig, else the first
	 * reading. */
	double ambient_c;
	int64_t vdda_before_mv;
	int64_t warmups, inferences;
	int64_t cycles;
	int64_t inf_min_cycles, inf_max_cycles, empty_cycles;
	int64_t exits;       /* inferences that ended at the model's exit */
	char exit_path[520]; /* hex, bit i % 8 of byte i / 8: inference i did; "" without exit */
	int64_t layer_mark_cycles; /* what marking one layer adds; 0: layers were not marked */
	/* JSON: [{"layer": index in the file, "operator": name, "cycles": of the whole window},
	 * ...];
	 * "" when layers were not marked. */
	const char *layer_cycles; /* borrowed while storing; NULL when read */
	int64_t marker_edges_layer;
	double duration_s, duration_u_s;
	double energy_j, energy_u_j, energy_u_independent_j;
	double energy_above_idle_j, energy_above_idle_u_j;
	double charge_c, mean_current_a, idle_current_a, idle_current_u_a;
	double supply_v, supply_u_v, gain_u_rel;
	char output_crc32[12];
	int64_t samples, samples_lost, samples_saturated, range_switches;
	int64_t marker_edges_inference;
	/* "accepted" | "suspect" | "refused" | "failed": analysis/budget/verdict.h. Imported rows
	 * are suspect when they agree with what was published and break a rule that readers should
	 * know of. Only accepted rows are in fits. */
	char verdict[12];
	char reason[256]; /* empty when accepted */
	/* Rows that were measured elsewhere; "" and NaN in those that joulebench measured. */
	char source[32];       /* "import mlperf-tiny" | "import csv" */
	char source_path[256]; /* its end, when it is longer */
	char submitter[64], round[16], software[64];
	double window_start_s;     /* from the trace's begin */
	double published_energy_j; /* of the whole window, as the source printed it */
	int64_t cycles_derived; /* 1: cycles = duration * nominal clock * clock ratio, not counted
				 */
	char reason_code[32]; /* of the importer's closed list; reason begins with it and a colon */
	int64_t calibration_id; /* row of table calibration that corrected the samples; 0: none */
	/* "used" | "missing" | "expired" | "other" (made for a meter that calls itself otherwise or
	 * prints another calibration): those but the first are not corrected. "" in rows that
	 * joulebench did not measure, or before there were calibrations. */
	char calibration_state[12];
	char trace_sha256[72]; /* its file in DATABASE.traces; "": no trace */
	/* The uncertainty's inputs; NaN and "" in rows of before schema 5 and in imported ones. */
	double edge_u_s;   /* of each of the window's edges */
	double noise_sd_a; /* of one sample, from idle */
	double offset_u_a; /* of the mean current, from the zeros of the ranges it was in */
	char budget_inputs[STORE_BUDGET_INPUTS]; /* all of them, with the share of samples in each
						  range: bench/store/budget_inputs.h */
	double mean_v, mean_v_u;                 /* as the meter measured it; NaN: it does not */
	double raw_energy_j;                   /* before a spike filter; NaN: the meter has none */
	double integral_energy_j;              /* by the instrument's own sum; NaN: it has none */
	double meter_rate_hz, meter_rate_u_hz; /* by the host's clock; NaN: not comparable */
	/* Around the board, by chamber or sensor; NaN: nothing reads it, or before schema 6. */
	double ambient_before_c, ambient_after_c;
};

struct store_session {
	const char *rig_json, *plan_json, *version, *host;
};

/* Zeros, empty texts, and NaN, "not known", for every real. */
void store_measurement_init(struct store_measurement *measurement);

/* A meter's calibration (bench/session/calibration.h). Texts are borrowed while storing. */
struct store_calibration {
	int64_t id;                            /* 0 while storing */
	char created_utc[32], expires_utc[32]; /* ISO 8601 */
	char rig[64], meter[64], meter_model[16], meter_serial[32];
	char meter_calibration[768]; /* the instrument's own, which this one corrects */
	int64_t is_virtual;
	char method[16]; /* "loads", "against" */
	double supply_v, supply_u_v;
	char *lines_json;  /* what samples are corrected with, by range */
	char *points_json; /* what it was found from */
};

struct store;

/* Opens or creates; a file of an older schema gets the columns it lacks, in one transaction, and
 * keeps its rows. -EINVAL: not a joulebench database, written by a newer one, or older than
 * STORE_SCHEMA_OLDEST. create false: a missing file is -ENOENT, an empty one -EINVAL; on media that
 * are mounted read-only it is read as it is, -EROFS when not all its rows are in it. */
int store_open(const char *path, bool create, struct store **ret_store, struct err *err);
void store_close(struct store *store); /* accepts NULL */

int store_session_begin(struct store *store, const struct store_session *session, int64_t *ret_id,
			struct err *err);
int store_session_end(struct store *store, int64_t session_id, const char *status, struct err *err);

/* Whether the point has its accepted row. */
int store_point_done(struct store *store, const char *point_key, bool *ret_done, struct err *err);

/* Whether the point has any row, whatever its verdict. */
int store_point_known(struct store *store, const char *point_key, bool *ret_known, struct err *err);

/* Commits one row, durably. -EEXIST: the point has an accepted row already. */
int store_add(struct store *store, const struct store_measurement *measurement, struct err *err);

/* Commits a calibration, durably. */
int store_calibration_add(struct store *store, const struct store_calibration *calibration,
			  int64_t *ret_id, struct err *err);
/* The latest of this meter. -ENOENT: none. Freed with store_calibration_done. */
int store_calibration_latest(struct store *store, const char *rig, const char *meter,
			     struct store_calibration *ret_calibration, struct err *err);
void store_calibration_done(struct store_calibration *calibration);

/* Accepted rows (all rows when accepted_only is false), in the order they were added, until the
 * callback returns non-zero. The measurement is valid during the call. */
typedef int store_each_fn(void *context, const struct store_measurement *measurement);
int store_each(struct store *store, bool accepted_only, store_each_fn *each, void *context,
	       struct err *err);

#endif
