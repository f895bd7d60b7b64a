/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "joulebench predict": networks against a predictor's places. Cycles come, in this order, from the
 * user, from count files, from the predictor's own training points of the same model, or from its
 * count table.
 */
#ifndef BENCH_PREDICTOR_FORECAST_H
#define BENCH_PREDICTOR_FORECAST_H

#include <jansson.h>
#include <stdio.h>

#include "bench/predictor/count_file.h"
#include "bench/predictor/query.h"

struct count_table;

struct forecast_network {
	char name[256], model_sha256[72]; /* sha256 "": cycles alone are known */
	char path[512];                   /* of its .tflite file; "": not known */
	double cycles, time_s;            /* NaN: from elsewhere */
	double macs, params;              /* NaN: not known */
};

struct forecast_row {
	const struct forecast_network *network;
	struct query_place place;
	struct query_features features;
	char cycles_from[64]; /* "given" | "not known" (the time is given) | "count FILE" | "measured in training" |
				     "count table ..." */
	const struct count_file *file; /* with layers; NULL: none */
	struct answer energy, time;
	char refused[400]; /* "": answered */
};

struct forecast {
	const struct predictor *predictor;
	const struct query *query;
	struct forecast_network *networks;
	size_t network_count;
	struct count_file *files;
	size_t file_count;
	struct count_table *table; /* of the predictor; NULL: none */
	struct forecast_row *rows;
	size_t count, refused;
	bool layers;
};

/* Adds one network of which cycles alone are known. -ENOMEM. */
int forecast_add_cycles(struct forecast *forecast, double cycles, struct err *err);
/* Of the one network that was added, or of one of which nothing else is known: what the user says of
 * its cycles and its time (NaN: not said). -ENOMEM; -EINVAL: several networks were added. */
int forecast_add_said(struct forecast *forecast, double cycles, double time_s, struct err *err);
/* A .tflite file, or all of a folder. -EINVAL, -ENOENT, -ENOMEM. */
int forecast_add_models(struct forecast *forecast, const char *path, struct err *err);
/* Count files, one or a folder of *.json. alone: each is a network to predict. */
int forecast_add_counts(struct forecast *forecast, const char *path, bool alone, struct err *err);

/* Fills rows. -EINVAL: the query has no places; -ENOMEM. */
int forecast_make(struct forecast *forecast, struct err *err);
void forecast_done(struct forecast *forecast);

void forecast_print(const struct forecast *forecast, FILE *stream);
json_t *forecast_json(const struct forecast *forecast); /* NULL: out of memory */

#endif
