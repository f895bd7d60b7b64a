/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A predictor as a file: coefficients of cells (board x build x runtime x clock x temperature),
 * where they come from, what they were trained on and how well they predicted what they had not
 * seen. README.md beside this file documents every key.
 */
#ifndef BENCH_PREDICTOR_PREDICTOR_H
#define BENCH_PREDICTOR_PREDICTOR_H

#include <jansson.h>

#include "analysis/predictor/estimate.h"
#include "bench/predictor/dataset.h"
#include "bench/predictor/judging.h"

/* "joulebench.predictor/1": the number rises whenever a key changes its meaning or one is added. */
#define PREDICTOR_SCHEMA_NAME "joulebench.predictor/"
enum { PREDICTOR_SCHEMA_VERSION = 1 };

enum {
	PREDICTOR_LEVELS_MAX = 64,
	PREDICTOR_METERS_MAX = 8,
	PREDICTOR_BYTES_MAX = 256 << 20,
};

struct predictor_lineage {
	char sha256[72], created_utc[32], action[16]; /* of the parent file; "fit" | "refit" */
};

struct predictor_model {
	char model[64], model_sha256[72];
	double macs, params; /* NaN: not known */
};

struct predictor_range {
	double min, max; /* NaN: not known in training */
};

/* What a cell was trained on: one network at one level and temperature. */
struct predictor_point {
	char model_sha256[72], meter[128];
	int64_t clock_hz;
	double column[KIND_COLUMNS];      /* by enum kind_column; NaN: not known */
	double classes[KIND_CLASSES_MAX]; /* the predictor's; NaN: not known */
	double measured;                  /* J or s */
	double u;                         /* its independent standard uncertainty */
};

struct predictor_level {
	int64_t clock_hz;
	double core_v, temp_c, idle_power_w; /* means in training; NaN: not known */
};

struct predictor_cell {
	char response[8]; /* "energy", "time" */
	char kind[32];    /* analysis/predictor/kinds.h */
	const struct model_kind *model;
	/* board "": any board of the chip (the type, from three boards or more). */
	char board[64], board_uid[32], chip[16], build[16], runtime[48];
	char compiler[64], firmware_crc32[12];
	bool is_virtual;
	int64_t clock_hz; /* 0: across levels */
	char state[16];   /* "fitted"; after a refit "kept" | "combined" | "scaled" | "replaced" |
			     "added" */
	char first_utc[32], last_utc[32];
	int64_t windows, models;
	double common_rel; /* uncertainty of the meters' gain, within covariance */
	bool one_meter;
	struct estimate estimate;
	double mape_pct, max_error_pct; /* residuals of training */
	struct predictor_range range[KIND_COLUMNS];
	struct predictor_range class_range[KIND_CLASSES_MAX];
	struct predictor_level levels[PREDICTOR_LEVELS_MAX];
	size_t level_count;
	char meters[PREDICTOR_METERS_MAX][128];
	size_t meter_count;
	struct predictor_point *points;
	size_t point_count;
};

struct predictor_family {
	char chip[16], build[16], runtime[48];
	bool is_virtual;
	char energy[24], time[24]; /* candidates; "" none */
	char chosen_by[32];        /* "cross-validation", "--model" */
	struct judged *judged;
	size_t judged_count;
};

struct predictor {
	char path[256], sha256[72]; /* of the file it was loaded from */
	char version[16], created_utc[32], note[256];
	bool is_virtual; /* any of it: nothing there was measured */
	struct predictor_lineage *lineage; /* oldest first */
	size_t lineage_count;
	struct dataset_source source[DATASET_SOURCES_MAX];
	size_t source_count;
	struct predictor_model *models;
	size_t model_count;
	char class_name[KIND_CLASSES_MAX][DATASET_CLASS_NAME];
	size_t class_count;
	struct predictor_family *families;
	size_t family_count;
	struct predictor_cell *cells;
	size_t cell_count;
	json_t *counts; /* how cycles follow from a model's graph (counts.h); NULL: not there */
};

/* -ENOENT, ... for what the system says; -EINVAL: no predictor, a newer schema, or any key that is
 * missing, unknown or cannot be, with "FILE: PATH: sentence"; -ENOMEM. Freed with predictor_done. */
int predictor_load(const char *path, struct predictor **ret_predictor, struct err *err);
/* Replaces the file as a whole or leaves it alone. */
int predictor_save(const struct predictor *predictor, const char *path, struct err *err);
json_t *predictor_json(const struct predictor *predictor); /* NULL: out of memory */
void predictor_free(struct predictor *predictor); /* accepts NULL, half-filled ones */

/* Names and units of a cell's coefficients. Static, or the predictor's. */
const char *predictor_coefficient_name(const struct predictor *predictor,
				       const struct predictor_cell *cell, size_t index);
const char *predictor_coefficient_unit(const struct predictor_cell *cell, size_t index);

/* What the cell predicts for a point; ret_gradient (NULL: not wanted): derivatives by its
 * coefficients. */
double predictor_point_value(const struct predictor *predictor, const struct predictor_cell *cell,
			     const struct predictor_point *point, double *ret_gradient);

/* "nucleo-1, build O2, optimised, 26 MHz, 24.8 to 25.2 degC". */
void predictor_cell_name(const struct predictor_cell *cell, char *ret_text, size_t size);

#endif
