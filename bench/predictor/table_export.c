/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/table_export.h"

#include <errno.h>
#include <stdlib.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "bench/import/csv.h"
#include "bench/import/csv_columns.h"
#include "bench/import/rows.h"
#include "bench/store/store.h"

struct cell {
	bool is_text;
	const char *text;
	double number; /* NaN: not known */
};

struct writing {
	const struct table_options *options;
	const char *path;
	FILE *stream;
	size_t rows;
	struct err *err;
	int ret;
};

/* Without what the import puts in front. */
static const char *runtime_of(const struct store_measurement *row)
{
	const char *runtime = row->runtime;

	if (strncmp(runtime, IMPORT_RUNTIME, strlen(IMPORT_RUNTIME)) != 0)
		return runtime;
	runtime += strlen(IMPORT_RUNTIME);
	if (!strncmp(runtime, IMPORT_VIRTUAL, strlen(IMPORT_VIRTUAL)))
		runtime += strlen(IMPORT_VIRTUAL);
	return runtime + (*runtime == ' ');
}

static double known_or_nan(double value)
{
	return value > 0 ? value : NAN;
}

static double temperature(const struct store_measurement *row)
{
	if (isnan(row->temp_before_c) || isnan(row->temp_after_c))
		return isnan(row->temp_before_c) ? row->temp_after_c : row->temp_before_c;
	return (row->temp_before_c + row->temp_after_c) / 2;
}

static double idle_power(const struct store_measurement *row)
{
	double volts = isnan(row->mean_v) ? row->supply_v : row->mean_v;

	return isnan(row->supply_v) ? NAN : known_or_nan(row->idle_current_a * volts);
}

static struct cell text(const char *value)
{
	return (struct cell){true, value, NAN};
}

static struct cell number(double value)
{
	return (struct cell){false, NULL, value};
}

static void fill_texts(const struct store_measurement *row, struct cell *cells)
{
	cells[CSV_COLUMN_BOARD] = text(row->board);
	cells[CSV_COLUMN_MODEL] = text(row->model);
	cells[CSV_COLUMN_BUILD] = text(row->build);
	cells[CSV_COLUMN_CHIP] = text(row->chip);
	cells[CSV_COLUMN_METER] = text(row->meter);
	cells[CSV_COLUMN_METER_SERIAL] = text(row->meter_serial);
	cells[CSV_COLUMN_BOARD_UID] = text(row->board_uid);
	cells[CSV_COLUMN_RUNTIME] = text(runtime_of(row));
	cells[CSV_COLUMN_VERDICT] = text(row->verdict);
	cells[CSV_COLUMN_REASON] = text(row->reason);
	cells[CSV_COLUMN_MEASURED_UTC] = text(row->created_utc);
	cells[CSV_COLUMN_MODEL_SHA256] = text(row->model_sha256);
	cells[CSV_COLUMN_SOFTWARE] = text(row->software);
	cells[CSV_COLUMN_SUBMITTER] = text(row->submitter);
}

static void fill_numbers(const struct store_measurement *row, struct cell *cells)
{
	double n = row->inferences > 0 ? (double)row->inferences : NAN;

	cells[CSV_COLUMN_CYCLES] = number(known_or_nan((double)row->cycles / n));
	cells[CSV_COLUMN_ENERGY_J] = number(row->energy_j / n);
	cells[CSV_COLUMN_ENERGY_U_J] = number(row->energy_u_j / n);
	cells[CSV_COLUMN_ENERGY_U_INDEPENDENT_J] = number(row->energy_u_independent_j / n);
	cells[CSV_COLUMN_TIME_S] = number(row->duration_s / n);
	cells[CSV_COLUMN_TIME_U_S] = number(row->duration_u_s / n);
	cells[CSV_COLUMN_CLOCK_HZ] = number(known_or_nan((double)row->clock_hz));
	cells[CSV_COLUMN_INFERENCES] = number(n);
	cells[CSV_COLUMN_SUPPLY_V] = number(row->supply_v);
	cells[CSV_COLUMN_SUPPLY_U_V] = number(isnan(row->supply_v) ? NAN : row->supply_u_v);
	cells[CSV_COLUMN_GAIN_U_REL] = number(row->gain_u_rel);
	cells[CSV_COLUMN_TEMP_C] = number(temperature(row));
	cells[CSV_COLUMN_AMBIENT_C] = number(row->ambient_c);
	cells[CSV_COLUMN_IDLE_POWER_W] = number(idle_power(row));
	cells[CSV_COLUMN_CORE_V] = number(known_or_nan((double)row->core_mv / 1e3));
	cells[CSV_COLUMN_MACS] = number(known_or_nan((double)row->model_macs));
	cells[CSV_COLUMN_PARAMS] = number(known_or_nan((double)row->model_params));
	cells[CSV_COLUMN_CYCLES_DERIVED] = number((double)row->cycles_derived);
	cells[CSV_COLUMN_VIRTUAL] = number(row->is_virtual != 0);
}

static void put_text(FILE *stream, const char *value)
{
	if (!strpbrk(value, "\",#\r\n") && value[0] != ' ') {
		fputs(value, stream);
		return;
	}
	putc('"', stream);
	for (; *value; value++) {
		if (*value == '"')
			putc('"', stream);
		putc(*value == '\n' || *value == '\r' ? ' ' : *value, stream);
	}
	putc('"', stream);
}

static void put_number(FILE *stream, double value)
{
	if (isfinite(value))
		fprintf(stream, value == floor(value) && fabs(value) < 1e15 ? "%.0f" : "%.17g",
			value);
}

/* The classes of a row's network, NULL when they were not counted. */
static const double *classes_of(const struct table_options *options,
				const struct store_measurement *row)
{
	const struct dataset *dataset = options->instructions;

	for (size_t i = 0; dataset && i < dataset->count; i++) {
		const struct dataset_point *point = &dataset->points[i];

		if (!strcmp(point->model_sha256, row->model_sha256) &&
		    !strcmp(point->build, row->build) && !strcmp(point->runtime, row->runtime) &&
		    point->clock_hz == row->clock_hz && !isnan(point->classes[0]))
			return point->classes;
	}
	return NULL;
}

static size_t class_count(const struct table_options *options)
{
	return options->instructions ? options->instructions->class_count : 0;
}

static void put_csv_header(const struct writing *writing)
{
	for (unsigned c = 0; c < CSV_COLUMN_COUNT; c++)
		fprintf(writing->stream, "%s%s", c ? "," : "", csv_columns[c].name);
	for (size_t c = 0; c < class_count(writing->options); c++)
		fprintf(writing->stream, "," CSV_INSTRUCTIONS "%s",
			writing->options->instructions->class_name[c]);
	putc('\n', writing->stream);
}

static void put_csv_row(const struct writing *writing, const struct store_measurement *row,
			const struct cell *cells)
{
	const double *classes = classes_of(writing->options, row);

	for (unsigned c = 0; c < CSV_COLUMN_COUNT; c++) {
		if (c)
			putc(',', writing->stream);
		if (cells[c].is_text)
			put_text(writing->stream, cells[c].text);
		else
			put_number(writing->stream, cells[c].number);
	}
	for (size_t c = 0; c < class_count(writing->options); c++) {
		putc(',', writing->stream);
		if (classes)
			put_number(writing->stream, classes[c]);
	}
	putc('\n', writing->stream);
}

static json_t *row_json(const struct writing *writing, const struct store_measurement *row,
			const struct cell *cells)
{
	const double *classes = classes_of(writing->options, row);
	json_t *object = json_object(), *counts = classes ? json_object() : NULL;
	int failed = 0;

	for (unsigned c = 0; c < CSV_COLUMN_COUNT; c++) {
		json_t *value = cells[c].is_text ? json_string(cells[c].text)
				: isfinite(cells[c].number)
					? json_real(cells[c].number)
					: json_null();

		if (!cells[c].is_text && csv_columns[c].kind == CSV_WHOLE &&
		    isfinite(cells[c].number)) {
			json_decref(value);
			value = json_integer((json_int_t)cells[c].number);
		}
		failed |= json_object_set_new(object, csv_columns[c].name, value);
	}
	for (size_t c = 0; counts && c < class_count(writing->options); c++)
		json_object_set_new(counts, writing->options->instructions->class_name[c],
				    json_real(classes[c]));
	if (counts)
		failed |= json_object_set_new(object, "instructions", counts);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static int put_json_row(const struct writing *writing, const struct store_measurement *row,
			const struct cell *cells)
{
	json_t *object = row_json(writing, row, cells);
	char *line = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;

	json_decref(object);
	if (!line)
		return err_set(writing->err, -ENOMEM,
			       "%s: out of memory, or a text that is not UTF-8", writing->path);
	fprintf(writing->stream, "%s\n    %s", writing->rows ? "," : "", line);
	free(line);
	return 0;
}

static int put_row(void *context, const struct store_measurement *row)
{
	struct writing *writing = context;
	struct cell cells[CSV_COLUMN_COUNT];

	fill_texts(row, cells);
	fill_numbers(row, cells);
	if (writing->options->format == TABLE_CSV)
		put_csv_row(writing, row, cells);
	else
		writing->ret = put_json_row(writing, row, cells);
	writing->rows++;
	return writing->ret;
}

static void put_begin(const struct writing *writing)
{
	json_t *path = json_string(writing->path);
	char *quoted = path ? json_dumps(path, JSON_ENCODE_ANY) : NULL;

	if (writing->options->format == TABLE_CSV)
		put_csv_header(writing);
	else
		fprintf(writing->stream,
			"{\n  \"schema\": \"joulebench.export/1\",\n  \"database\": %s,\n  "
			"\"rows\": [",
			quoted ? quoted : "\"\"");
	free(quoted);
	json_decref(path);
}

int table_export(const char *db_path, const struct table_options *options, FILE *stream,
		 size_t *ret_rows, struct err *err)
{
	struct writing writing = {
		.options = options, .path = db_path, .stream = stream, .err = err};
	struct store *store;
	int ret = store_open(db_path, false, &store, err);

	if (ret)
		return ret;
	put_begin(&writing);
	ret = store_each(store, !options->all, put_row, &writing, err);
	store_close(store);
	ret = ret ? ret : writing.ret;
	if (!ret && options->format == TABLE_JSON)
		fputs("\n  ]\n}\n", stream);
	if (!ret && (fflush(stream) || ferror(stream)))
		ret = err_set(err, -EIO, "the table cannot be written");
	*ret_rows = writing.rows;
	return ret;
}
