/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Databases of made-up windows with a known truth, for tests of predictors.
 */
#ifndef TESTS_UNIT_BENCH_PREDICTOR_STORE_H
#define TESTS_UNIT_BENCH_PREDICTOR_STORE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/build.h"
#include "bench/store/store.h"

/* E = (a + k cycles) (1 + miss of the network + noise) (1 + offset of the board). */
struct truth {
	unsigned boards, levels, models, repeats, temperatures, first_model;
	double a_j, k_j;       /* at the first level; k falls by 10 % per level */
	double miss_rel;       /* of a network, the same on all boards */
	double board_rel;      /* spread of boards */
	double noise_rel;      /* from window to window */
	double u_rel;          /* stated, independent */
	double gain_rel;       /* stated, shared */
	double shift_rel[8];   /* of a board */
	bool is_virtual;
	const char *utc;
	unsigned seed;
};

static double truth_uniform(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) / (double)(1 << 24);
}

static double truth_normal(unsigned *state)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += truth_uniform(state);
	return sum;
}

static double truth_cycles(unsigned model)
{
	unsigned state = 77 + model * 7919;

	truth_uniform(&state);
	return floor(2e5 * exp(3 * truth_uniform(&state)));
}

static double truth_miss(const struct truth *truth, unsigned model)
{
	unsigned state = 1234567 + model * 104729;

	truth_normal(&state);
	return truth->miss_rel * truth_normal(&state);
}

static double truth_board(const struct truth *truth, unsigned board)
{
	unsigned state = 424242 + board * 15485863;

	truth_normal(&state);
	return truth->board_rel * truth_normal(&state) + truth->shift_rel[board];
}

static double truth_clock_hz(unsigned level)
{
	return 16e6 * (1 + level);
}

static double truth_energy_j(const struct truth *truth, unsigned board, unsigned level,
			     unsigned model)
{
	double k = truth->k_j * pow(0.9, level);

	return (truth->a_j + k * truth_cycles(model)) * (1 + truth_miss(truth, model)) *
	       (1 + truth_board(truth, board));
}

static void truth_row(const struct truth *truth, unsigned b, unsigned l, unsigned m, unsigned t,
		      unsigned repeat, unsigned *state, struct store_measurement *row)
{
	double energy_j = truth_energy_j(truth, b, l, m) * (1 + 0.02 * t), n = 10;

	store_measurement_init(row);
	snprintf(row->point_key, sizeof(row->point_key), "%u %u %u %u %u %s %u", b, l, m, t, repeat,
		 truth->utc, truth->seed);
	snprintf(row->board, sizeof(row->board), "board-%u", b);
	snprintf(row->board_uid, sizeof(row->board_uid), "uid%u", b);
	snprintf(row->chip, sizeof(row->chip), "stm32l4r5");
	snprintf(row->build, sizeof(row->build), "O2");
	snprintf(row->runtime, sizeof(row->runtime), "optimised");
	snprintf(row->compiler, sizeof(row->compiler), "gcc 12");
	snprintf(row->firmware_crc32, sizeof(row->firmware_crc32), "12345678");
	snprintf(row->meter, sizeof(row->meter), "ppk2-%u", b);
	snprintf(row->model, sizeof(row->model), "net-%03u", m);
	snprintf(row->model_sha256, sizeof(row->model_sha256), "sha-of-net-%03u", m);
	snprintf(row->created_utc, sizeof(row->created_utc), "%s", truth->utc);
	snprintf(row->verdict, sizeof(row->verdict), "accepted");
	row->is_virtual = truth->is_virtual;
	row->session_id = 1;
	row->attempt = 1;
	row->repeat_index = repeat;
	row->model_macs = (int64_t)(truth_cycles(m) * (1 + 0.5 * sin(m)));
	row->model_params = 1000 + 317 * m % 5000;
	row->clock_hz = (int64_t)truth_clock_hz(l);
	row->core_mv = 1000 + 100 * l;
	row->supply_v = 3.3;
	row->inferences = (int64_t)n;
	row->cycles = (int64_t)(truth_cycles(m) * n);
	row->duration_s = truth_cycles(m) * n / (truth_clock_hz(l) * 1.003);
	row->duration_u_s = 1e-6;
	row->temp_before_c = row->temp_after_c = 24 + 20 * t + 0.3 * truth_normal(state);
	row->energy_j = energy_j * n * (1 + truth->noise_rel * truth_normal(state));
	row->energy_u_independent_j = truth->u_rel * energy_j * n;
	row->energy_u_j = hypot(truth->u_rel, truth->gain_rel) * energy_j * n;
}

/* Behind the rows that are there; freed by the caller. */
static void truth_rows(const struct truth *truth, struct store_measurement **rows, size_t *count)
{
	unsigned temperatures = truth->temperatures ? truth->temperatures : 1;
	unsigned state = 99 + truth->seed;
	size_t more = (size_t)truth->boards * truth->levels * temperatures * truth->models *
		      truth->repeats;

	*rows = realloc(*rows, (*count + more) * sizeof(**rows));
	assert_non_null(*rows);
	for (unsigned b = 0; b < truth->boards; b++)
		for (unsigned l = 0; l < truth->levels; l++)
			for (unsigned t = 0; t < temperatures; t++)
				for (unsigned m = 0; m < truth->models; m++)
					for (unsigned r = 0; r < truth->repeats; r++)
						truth_row(truth, b, l, truth->first_model + m, t, r,
							  &state, &(*rows)[(*count)++]);
}

/* Into a database, made when it is not there. */
static inline void truth_store(const struct truth *truth, const char *path)
{
	struct store_measurement *rows = NULL;
	struct store *store;
	struct err err = {""};
	size_t count = 0;

	truth_rows(truth, &rows, &count);
	assert_int_equal(store_open(path, true, &store, &err), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(store_add(store, &rows[i], &err), 0);
	store_close(store);
	free(rows);
}

static inline const char *truth_path(const char *folder, const char *name)
{
	static char paths[8][600];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static inline struct dataset truth_dataset_of(const struct truth *truth, size_t truths,
					      const struct dataset_wanted *wanted)
{
	struct store_measurement *rows = NULL;
	struct dataset dataset;
	struct err err = {""};
	size_t count = 0;

	for (size_t i = 0; i < truths; i++)
		truth_rows(&truth[i], &rows, &count);
	if (dataset_from_rows(rows, count, "made-up", wanted, &dataset, &err))
		fail_msg("%s", err.text);
	free(rows);
	return dataset;
}

static inline struct dataset truth_dataset(const struct truth *truth)
{
	return truth_dataset_of(truth, 1, NULL);
}

static inline struct predictor *truth_predictor(const struct dataset *dataset, const char *model)
{
	const struct build_options options = {.model = model};
	struct build_refusals refusals;
	struct predictor *predictor = NULL;
	struct err err = {""};

	if (predictor_build(dataset, &options, &predictor, &refusals, &err))
		fail_msg("%s", err.text);
	build_refusals_done(&refusals);
	return predictor;
}

#endif
