/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What predictors are fitted from: the accepted windows of databases, repeats brought together. A
 * point is one network on one board at one clock level and temperature; values are per inference,
 * means over its windows.
 */
#ifndef BENCH_PREDICTOR_DATASET_H
#define BENCH_PREDICTOR_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/predictor/kinds.h"
#include "drivers/err.h"

/* Windows whose chip temperatures, in order, are nowhere further apart belong together. */
#define DATASET_TEMPERATURE_GAP_K 4.0
/* No duration is better known than a crystal: added in square to what is stated, relative. */
#define DATASET_TIME_U_REL 1e-6

enum { DATASET_CLASS_NAME = 24 };

struct dataset_point {
	char board[64], board_uid[32], chip[16], build[16], runtime[48];
	char compiler[64], firmware_crc32[12];
	char meter[128]; /* name and serial number */
	char model[64], model_sha256[72];
	char first_utc[32], last_utc[32]; /* of its windows */
	bool is_virtual;
	int64_t clock_hz, windows;
	unsigned temp_cell;          /* of its family, 0.. from cold to warm */
	double column[KIND_COLUMNS]; /* by enum kind_column; NaN: not known */
	double classes[KIND_CLASSES_MAX];
	double energy_j;
	double energy_u_j;        /* independent from point to point */
	double energy_common_rel; /* shared by all points of the meter, relative */
	double time_u_s;
};

struct dataset_source {
	char path[256];
	int64_t windows, session_first, session_last;
	char first_utc[32], last_utc[32];
};

enum { DATASET_SOURCES_MAX = 32 };

struct dataset {
	/* Sorted by chip, build, runtime, virtual (a family), board, clock, temperature, network,
	 * time. */
	struct dataset_point *points;
	size_t count;
	struct dataset_source source[DATASET_SOURCES_MAX];
	size_t source_count;
	int64_t windows;
	int64_t unusable; /* accepted windows left out: without cycles and time, energy or
			     uncertainty */
	bool is_virtual;  /* any of it */
	size_t class_count;
	char class_name[KIND_CLASSES_MAX][DATASET_CLASS_NAME];
};

struct dataset_wanted {
	const char *since_utc; /* rows made then or later, ISO 8601 or its begin; NULL: all */
	bool by_night;         /* windows of different UTC days are different points */
	bool with_suspect;     /* suspect windows, too */
};

/* -EINVAL (no database, nothing accepted in any of them, a window in two of them), -ENOENT, -ENOMEM
 * and what the store says. */
int dataset_read(const char *const *paths, size_t count, const struct dataset_wanted *wanted,
		 struct dataset *ret_dataset, struct err *err);
/* The same from rows, all of them accepted; name stands for the database. */
struct store_measurement;
int dataset_from_rows(const struct store_measurement *rows, size_t count, const char *name,
		      const struct dataset_wanted *wanted, struct dataset *ret_dataset,
		      struct err *err);
void dataset_done(struct dataset *dataset); /* accepts a zeroed one */

/* Instruction classes and stall cycles of the networks from "joulebench count --json" files: one,
 * or all *.json of a folder. A point takes those of its model, chip, build and runtime, of its
 * clock where that was counted, else of any. -EINVAL: a file is wrong, or classes differ between
 * files. Points without counts keep NaN. */
int dataset_add_instructions(struct dataset *dataset, const char *path, struct err *err);

/* MACs and parameters of networks that the database does not know them of, from a CSV file with the
 * header "model,macs,params" and names as in the database. -EINVAL: "FILE:LINE: ..."; -ENOENT. */
int dataset_add_features(struct dataset *dataset, const char *path, struct err *err);

/* End of the family that begins at `begin`. */
size_t dataset_family_end(const struct dataset *dataset, size_t begin);

bool dataset_same_family(const struct dataset_point *a, const struct dataset_point *b);

/* Points as the numerics take them. */
struct dataset_table {
	struct kind_table table;
	double *numbers;
	uint32_t *meter;
	double common_rel_max;
};

/* index: count points of the dataset, in the table's order. Columns that a point lacks are NULL.
 * Freed with dataset_table_done. -ENOMEM. */
int dataset_table_make(const struct dataset *dataset, const size_t *index, size_t count,
		       enum kind_response response, struct dataset_table *ret_table);
void dataset_table_done(struct dataset_table *table);

#endif
