/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/import/csv.h"

#include <errno.h>
#include <math.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import/csv_columns.h"
#include "bench/import/rows.h"

enum { COLUMNS_MAX = 64, LINE_BYTES_MAX = 16384, FIELD_BYTES = 256 };

struct field {
	char text[FIELD_BYTES];
};

struct parse {
	const char *path;
	unsigned line;
	int place[CSV_COLUMN_COUNT]; /* field of each column, -1: not there */
	unsigned fields;             /* of the header */
	struct csv_rows rows;
	uint64_t *marks; /* of rows: the begin of their hash, to find equal lines */
	size_t capacity;
	char header[LINE_BYTES_MAX];
	struct field field[COLUMNS_MAX];
	struct err *err;
};

static int fail(const struct parse *parse, const char *format, const char *one, const char *two)
{
	char text[400];

	snprintf(text, sizeof(text), format, one, two);
	return err_set(parse->err, -EINVAL, "%s:%u: %s", parse->path, parse->line, text);
}

/* One field from *at to its comma or the line's end; *ret_more: a comma follows. */
static int take_field(const struct parse *parse, const char **at, struct field *field,
		      bool *ret_more)
{
	const char *from = *at;
	size_t length = 0;
	bool quoted = *from == '"';

	from += quoted;
	for (; *from && (quoted || *from != ','); from++) {
		if (quoted && *from == '"') {
			if (from[1] != '"')
				break;
			from++;
		}
		if (length == FIELD_BYTES - 1)
			return fail(parse, "a field is longer than any value (%s...)", "255 bytes",
				    "");
		field->text[length++] = *from;
	}
	field->text[length] = 0;
	if (quoted && *from++ != '"')
		return fail(parse, "a quote is not closed on its line%s", "", "");
	if (*from && *from != ',')
		return fail(parse, "'%.40s' follows a closed quote; a comma should", from, "");
	*ret_more = *from == ',';
	*at = from + *ret_more;
	return 0;
}

static void trim(char *text)
{
	size_t blanks = strspn(text, " \t"), length = strlen(text + blanks);

	memmove(text, text + blanks, length + 1);
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		text[--length] = 0;
}

static int split_line(struct parse *parse, const char *line, unsigned *ret_count)
{
	unsigned count = 0;
	bool more = true;

	while (more) {
		int ret;

		if (count == COLUMNS_MAX)
			return fail(parse, "more than 64 fields%s", "", "");
		ret = take_field(parse, &line, &parse->field[count], &more);
		if (ret)
			return ret;
		trim(parse->field[count++].text);
	}
	*ret_count = count;
	return 0;
}

static int find_column(const char *name)
{
	for (int i = 0; i < CSV_COLUMN_COUNT; i++)
		if (!strcmp(csv_columns[i].name, name))
			return i;
	return -1;
}

static int take_header(struct parse *parse, const char *line)
{
	int ret = split_line(parse, line, &parse->fields);

	if (ret)
		return ret;
	if (parse->fields == 1 && strpbrk(line, ";\t"))
		return fail(parse, "columns are separated by commas, not by '%s'",
			    strchr(line, ';') ? ";" : "tab", "");
	for (unsigned i = 0; i < parse->fields; i++) {
		const char *name = parse->field[i].text;
		int column = find_column(name);

		if (!strncmp(name, CSV_INSTRUCTIONS, strlen(CSV_INSTRUCTIONS)))
			continue; /* "export" adds them: counts are not of a window */
		if (column < 0)
			return fail(parse,
				    "no column '%.60s' is known; did you mean '%s'? (names carry "
				    "units; see "
				    "'joulebench import --help')",
				    name, csv_column_nearest(name));
		if (parse->place[column] >= 0)
			return fail(parse, "column '%s' is there twice", name, "");
		parse->place[column] = (int)i;
	}
	for (unsigned i = 0; i < CSV_COLUMN_COUNT; i++)
		if (csv_columns[i].required && parse->place[i] < 0)
			return fail(parse, "column '%s' is missing (%s)", csv_columns[i].name,
				    csv_columns[i].help);
	if (parse->place[CSV_COLUMN_CYCLES] < 0 && parse->place[CSV_COLUMN_TIME_S] < 0)
		return fail(parse, "neither column 'cycles' nor 'time_s' is there%s", "", "");
	snprintf(parse->header, sizeof(parse->header), "%s", line);
	return 0;
}

/* "" for a column that is not there. */
static const char *text_of(const struct parse *parse, int column)
{
	return parse->place[column] < 0 ? "" : parse->field[parse->place[column]].text;
}

static int check_text(const struct parse *parse, int column)
{
	const struct csv_column *it = &csv_columns[column];

	if (strlen(text_of(parse, column)) >= (size_t)it->max)
		return fail(parse, "%s: '%.40s...' is too long", it->name, text_of(parse, column));
	for (const char *c = text_of(parse, column); *c; c++)
		if ((unsigned char)*c < ' ')
			return fail(parse, "%s: holds a control character%s", it->name, "");
	return 0;
}

static int check_number(const struct parse *parse, int column, double *ret_value)
{
	const struct csv_column *it = &csv_columns[column];
	const char *text = text_of(parse, column);
	char range[96], *end;
	double value;

	if (strspn(text, "0123456789+-.eE") != strlen(text))
		return fail(parse, "%s: '%.40s' is not a number (decimal point, no unit)", it->name,
			    text);
	value = strtod(text, &end);
	if (end == text || *end || !isfinite(value))
		return fail(parse, "%s: '%.40s' is not a number (decimal point, no unit)", it->name,
			    text);
	snprintf(range, sizeof(range), "%.20s: %g cannot be, %g to %g can", it->name, value,
		 it->min, it->max);
	if (value < it->min || value > it->max)
		return fail(parse, "%s%s", range, "");
	if (it->kind == CSV_WHOLE && value != floor(value))
		return fail(parse, "%s: '%.40s' is no whole number", it->name, text);
	*ret_value = value;
	return 0;
}

/* With or without milliseconds. */
static bool is_utc(const char *text)
{
	static const char *const forms[] = {"0000-00-00T00:00:00Z", "0000-00-00T00:00:00.000Z"};
	const char *form = forms[strlen(text) != strlen(forms[0])];

	if (strlen(text) != strlen(form))
		return false;
	for (; *text; text++, form++)
		if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	return true;
}

static int check_verdict(const struct parse *parse)
{
	static const char *const verdicts[] = {"", "accepted", "suspect", "refused", "failed"};
	const char *verdict = text_of(parse, CSV_COLUMN_VERDICT);
	const char *utc = text_of(parse, CSV_COLUMN_MEASURED_UTC);

	if (*utc && !is_utc(utc))
		return fail(parse, "measured_utc: '%.40s' is not as 2026-03-01T12:00:00Z", utc, "");
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (!strcmp(verdict, verdicts[i]))
			return 0;
	return fail(parse, "verdict: '%.20s' is none of accepted, suspect, refused, failed",
		    verdict, "");
}

/* NaN for numbers that are not given. */
static int take_values(const struct parse *parse, double *values)
{
	int ret = 0;

	for (int i = 0; !ret && i < CSV_COLUMN_COUNT; i++) {
		values[i] = NAN;
		if (!*text_of(parse, i)) {
			if (csv_columns[i].required)
				ret = fail(parse, "%s is empty (%s)", csv_columns[i].name,
					   csv_columns[i].help);
		} else if (csv_columns[i].kind == CSV_TEXT) {
			ret = check_text(parse, i);
		} else {
			ret = check_number(parse, i, &values[i]);
		}
	}
	if (!ret && values[CSV_COLUMN_ENERGY_U_INDEPENDENT_J] > values[CSV_COLUMN_ENERGY_U_J])
		ret = fail(parse,
			   "energy_u_independent_j is a part of energy_u_j and larger than it%s",
			   "", "");
	if (!ret)
		ret = check_verdict(parse);
	if (!ret && !isnan(values[CSV_COLUMN_SUPPLY_U_V]) && isnan(values[CSV_COLUMN_SUPPLY_V]))
		ret = fail(parse, "supply_u_v without supply_v%s", "", "");
	if (!ret && !isnan(values[CSV_COLUMN_IDLE_POWER_W]) && isnan(values[CSV_COLUMN_SUPPLY_V]))
		ret = fail(parse, "idle_power_w without supply_v%s", "", "");
	if (!ret && isnan(values[CSV_COLUMN_CYCLES]) && isnan(values[CSV_COLUMN_TIME_S]))
		ret = fail(parse, "cycles and time_s are both empty%s", "", "");
	return ret;
}

static double given_or(double value, double otherwise)
{
	return isnan(value) ? otherwise : value;
}

#define COPY(member, column)                                                                       \
	snprintf(row->member, sizeof(row->member), "%s", text_of(parse, column))

static void fill_texts(struct store_measurement *row, const struct parse *parse)
{
	COPY(board, CSV_COLUMN_BOARD);
	COPY(model, CSV_COLUMN_MODEL);
	COPY(chip, CSV_COLUMN_CHIP);
	COPY(build, CSV_COLUMN_BUILD);
	COPY(meter, CSV_COLUMN_METER);
	if (strlen(text_of(parse, CSV_COLUMN_METER)) < sizeof(row->meter_model))
		COPY(meter_model, CSV_COLUMN_METER);
	COPY(meter_serial, CSV_COLUMN_METER_SERIAL);
	COPY(board_uid, CSV_COLUMN_BOARD_UID);
	COPY(reason, CSV_COLUMN_REASON);
	COPY(software, CSV_COLUMN_SOFTWARE);
	COPY(submitter, CSV_COLUMN_SUBMITTER);
	COPY(model_sha256, CSV_COLUMN_MODEL_SHA256);
	if (!row->model_sha256[0])
		snprintf(row->model_sha256, sizeof(row->model_sha256), "name:%s", row->model);
	snprintf(row->rig, sizeof(row->rig), "csv");
	snprintf(row->verdict, sizeof(row->verdict), "%s",
		 *text_of(parse, CSV_COLUMN_VERDICT) ? text_of(parse, CSV_COLUMN_VERDICT)
						     : "accepted");
	if (*text_of(parse, CSV_COLUMN_MEASURED_UTC))
		COPY(created_utc, CSV_COLUMN_MEASURED_UTC);
}

static void fill_runtime(struct store_measurement *row, const struct parse *parse)
{
	const char *runtime = text_of(parse, CSV_COLUMN_RUNTIME);

	snprintf(row->runtime, sizeof(row->runtime), "%s%s%s%s", IMPORT_RUNTIME,
		 row->is_virtual ? IMPORT_VIRTUAL : "", *runtime ? " " : "", runtime);
}

static void fill_numbers(struct store_measurement *row, const double *values)
{
	double n = given_or(values[CSV_COLUMN_INFERENCES], 1);

	row->inferences = (int64_t)n;
	row->cycles = (int64_t)llround(given_or(values[CSV_COLUMN_CYCLES], 0) * n);
	row->cycles_derived = (int64_t)given_or(values[CSV_COLUMN_CYCLES_DERIVED], 0);
	row->is_virtual = (int64_t)given_or(values[CSV_COLUMN_VIRTUAL], 0);
	row->energy_j = values[CSV_COLUMN_ENERGY_J] * n;
	row->energy_u_j = values[CSV_COLUMN_ENERGY_U_J] * n;
	row->energy_u_independent_j =
		given_or(values[CSV_COLUMN_ENERGY_U_INDEPENDENT_J], values[CSV_COLUMN_ENERGY_U_J]) *
		n;
	row->duration_s = values[CSV_COLUMN_TIME_S] * n;
	row->duration_u_s = values[CSV_COLUMN_TIME_U_S] * n;
	row->clock_hz = (int64_t)given_or(values[CSV_COLUMN_CLOCK_HZ], 0);
	row->supply_v = values[CSV_COLUMN_SUPPLY_V];
	row->supply_u_v = isnan(values[CSV_COLUMN_SUPPLY_V])
				  ? NAN
				  : given_or(values[CSV_COLUMN_SUPPLY_U_V], 0);
	row->gain_u_rel = given_or(values[CSV_COLUMN_GAIN_U_REL], 0);
	row->temp_before_c = row->temp_after_c = values[CSV_COLUMN_TEMP_C];
	row->ambient_c = values[CSV_COLUMN_AMBIENT_C];
	row->idle_current_a = values[CSV_COLUMN_IDLE_POWER_W] / values[CSV_COLUMN_SUPPLY_V];
	row->core_mv = (int64_t)llround(1e3 * given_or(values[CSV_COLUMN_CORE_V], 0));
	row->model_macs = (int64_t)given_or(values[CSV_COLUMN_MACS], 0);
	row->model_params = (int64_t)given_or(values[CSV_COLUMN_PARAMS], 0);
}

/* The same line under the same header is the same window, its n-th time the n-th repeat. */
static void fill_key(struct store_measurement *row, struct parse *parse, const char *line)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char hex[2 * SHA256_DIGEST_SIZE + 1], key[120];
	struct sha256_ctx hash;
	unsigned repeat = 0;
	uint64_t mark;

	sha256_init(&hash);
	sha256_update(&hash, strlen(parse->header) + 1, (const uint8_t *)parse->header);
	sha256_update(&hash, strlen(line), (const uint8_t *)line);
	sha256_digest(&hash, sizeof(digest), digest);
	for (unsigned i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(key, sizeof(key), "csv %s ", hex);
	memcpy(&mark, digest, sizeof(mark));
	for (size_t i = 0; i < parse->rows.count; i++)
		repeat += parse->marks[i] == mark &&
			  !strncmp(parse->rows.rows[i].point_key, key, strlen(key));
	parse->marks[parse->rows.count] = mark;
	row->repeat_index = repeat;
	snprintf(row->point_key, sizeof(row->point_key), "%s%u", key, repeat);
}

static int grow(struct parse *parse)
{
	struct csv_rows *rows = &parse->rows;
	size_t capacity = parse->capacity ? 2 * parse->capacity : 64;
	void *bigger;

	if (rows->count < parse->capacity)
		return 0;
	bigger = realloc(rows->rows, capacity * sizeof(*rows->rows));
	if (!bigger)
		return err_set(parse->err, -ENOMEM, "%s: out of memory", parse->path);
	rows->rows = bigger;
	bigger = realloc(parse->marks, capacity * sizeof(*parse->marks));
	if (!bigger)
		return err_set(parse->err, -ENOMEM, "%s: out of memory", parse->path);
	parse->marks = bigger;
	parse->capacity = capacity;
	return 0;
}

static int take_row(struct parse *parse, const char *line)
{
	double values[CSV_COLUMN_COUNT];
	struct store_measurement *row;
	unsigned count;
	int ret = split_line(parse, line, &count);

	if (!ret && count != parse->fields) {
		char counts[64];

		snprintf(counts, sizeof(counts), "%u fields, the header has %u columns", count,
			 parse->fields);
		ret = fail(parse, "%s%s", counts, "");
	}
	if (!ret)
		ret = take_values(parse, values);
	if (!ret)
		ret = grow(parse);
	if (ret)
		return ret;
	row = &parse->rows.rows[parse->rows.count];
	import_row_init(row, "import csv", parse->path, 0);
	fill_texts(row, parse);
	fill_numbers(row, values);
	fill_runtime(row, parse);
	fill_key(row, parse, line);
	row->window_ordinal = (int64_t)parse->line;
	parse->rows.count++;
	return 0;
}

static int take_line(struct parse *parse, const uint8_t *from, size_t length, bool *has_header)
{
	char line[LINE_BYTES_MAX];

	if (length && from[length - 1] == '\r')
		length--;
	if (length >= sizeof(line) || memchr(from, 0, length))
		return fail(parse, "no line of text%s", "", "");
	memcpy(line, from, length);
	line[length] = 0;
	if (!line[strspn(line, " \t")] || line[0] == '#')
		return 0;
	if (*has_header)
		return take_row(parse, line);
	*has_header = true;
	return take_header(parse, line);
}

static int take_all(struct parse *parse, const uint8_t *bytes, size_t count)
{
	bool has_header = false;
	size_t place = count >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3) ? 3 : 0;
	int ret = 0;

	while (!ret && place < count) {
		const uint8_t *end = memchr(bytes + place, '\n', count - place);
		size_t length = end ? (size_t)(end - bytes) - place : count - place;

		parse->line++;
		ret = take_line(parse, bytes + place, length, &has_header);
		place += length + 1;
	}
	if (!ret && !parse->rows.count)
		ret = err_set(parse->err, -EINVAL, "%s: holds no %s", parse->path,
			      has_header ? "row behind its header"
					 : "header: its first line names the columns");
	return ret;
}

int csv_parse(const char *path, const uint8_t *bytes, size_t count, struct csv_rows *ret_rows,
	      struct err *err)
{
	struct parse *parse = calloc(1, sizeof(*parse));
	int ret;

	if (!parse)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	parse->path = path;
	parse->err = err;
	for (unsigned i = 0; i < CSV_COLUMN_COUNT; i++)
		parse->place[i] = -1;
	ret = take_all(parse, bytes, count);
	if (ret)
		csv_rows_done(&parse->rows);
	else
		*ret_rows = parse->rows;
	free(parse->marks);
	free(parse);
	return ret;
}

void csv_rows_done(struct csv_rows *rows)
{
	free(rows->rows);
	memset(rows, 0, sizeof(*rows));
}
