/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of predictor files: one cell out of its JSON object.
 */
#ifndef BENCH_PREDICTOR_PREDICTOR_READ_H
#define BENCH_PREDICTOR_PREDICTOR_READ_H

#include "bench/predictor/predictor_parts.h"

/* cell: zeroed; what it owns after a failure is freed with the predictor. */
int predictor_cell_read(const struct predictor *predictor, const json_t *object,
			const struct field_at *at, struct predictor_cell *cell, struct err *err);

/* Texts of an array, each into size bytes. */
int predictor_texts_read(const json_t *object, const char *key, const struct field_at *at,
			 size_t most, char *texts, size_t size, size_t *ret_count, struct err *err);

/* Items into a new array. */
int predictor_list_read(const json_t *object, const char *key, const struct field_at *at,
			const struct field *fields, size_t size, size_t most, void **ret_items,
			size_t *ret_count, struct err *err);

#endif
