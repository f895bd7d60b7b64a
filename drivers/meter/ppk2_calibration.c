/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: metadata and conversion. Nordic publishes no protocol document;
 * keys, defaults and formula are those of its open source desktop application (pc-nrfconnect-ppk).
 *
 * Quirks: values may be "-nan" in instruments that were never calibrated. The vendor's application
 * takes any 0 for "missing"; that would turn GS = 0 (no quadratic term) into GS = 1, which doubles
 * the result at 1 A. Here only R = 0 counts as missing. Damaged calibrations exist in the field and
 * give currents of 1e21 A: every value has limits.
 */
#define _GNU_SOURCE /* memmem */
#include "drivers/meter/ppk2_calibration.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double adc_a_ohm = 1.8 / 163840; /* volts at the shunt per quarter ADC step */
static const double adc_full_scale = 4 * 16383.0;
static const double range_max_a[PPK2_RANGES] = {50e-6, 500e-6, 5e-3, 60e-3, 1}; /* published */
/* Nordic, PPK2 user guide, measurement ranges: typical resolution. */
static const double resolution_a[PPK2_RANGES] = {0.2e-6, 0.5e-6, 5e-6, 50e-6, 1e-3};

struct key_row {
	const char *name;
	const char *json;
	double fallback[PPK2_RANGES];
	bool is_gain; /* zero is suspicious */
};

static const struct key_row key_rows[PPK2_KEYS] = {
	[PPK2_R] = {"R", "r_ohm", {1031.64, 101.65, 10.15, 0.94, 0.043}, false},
	[PPK2_GS] = {"GS", "gs", {1, 1, 1, 1, 1}, true},
	[PPK2_GI] = {"GI", "gi", {1, 1, 1, 1, 1}, true},
	[PPK2_O] = {"O", "o", {0}, false},
	[PPK2_S] = {"S", "s_a_per_v", {0}, false},
	[PPK2_I] = {"I", "i_a", {0}, false},
	[PPK2_UG] = {"UG", "ug", {1, 1, 1, 1, 1}, true},
};

static const uint8_t *find_last(const uint8_t *bytes, size_t count, const char *word)
{
	size_t length = strlen(word);

	for (size_t at = count; at >= length; at--)
		if (!memcmp(bytes + at - length, word, length))
			return bytes + at - length;
	return NULL;
}

bool ppk2_metadata_find(const uint8_t *bytes, size_t count, size_t *ret_begin, size_t *ret_end)
{
	const uint8_t *begin = find_last(bytes, count, "Calibrated");
	const uint8_t *end;

	if (!begin)
		return false;
	end = memmem(begin, count - (size_t)(begin - bytes), "\nEND", 4);
	if (!end)
		return false;
	*ret_begin = (size_t)(begin - bytes);
	*ret_end = (size_t)(end - bytes) + 4;
	return true;
}

/* "GS3" is key GS, range 3. */
static bool key_find(const char *name, enum ppk2_key *ret_key, unsigned *ret_range)
{
	size_t length = strlen(name);
	unsigned range;

	if (length < 2 || name[length - 1] < '0' || name[length - 1] >= '0' + PPK2_RANGES)
		return false;
	range = (unsigned)(name[length - 1] - '0');
	for (unsigned key = 0; key < PPK2_KEYS; key++) {
		if (strlen(key_rows[key].name) != length - 1 ||
		    memcmp(key_rows[key].name, name, length - 1))
			continue;
		*ret_key = (enum ppk2_key)key;
		*ret_range = range;
		return true;
	}
	return false;
}

struct parse {
	struct ppk2_calibration calibration;
	uint8_t seen[PPK2_KEYS];
	bool vdd_seen;
};

static void parse_key(struct parse *parse, enum ppk2_key key, unsigned range, double value)
{
	struct ppk2_calibration *cal = &parse->calibration;
	uint8_t bit = (uint8_t)(1u << range);

	if (isnan(value) || (key == PPK2_R && value == 0))
		return;
	cal->value[key][range] = value;
	cal->defaulted[key] &= (uint8_t)~bit;
	if (value == 0 && key_rows[key].is_gain)
		cal->zero[key] |= bit;
}

static int parse_value(struct parse *parse, const char *name, double value, struct err *err)
{
	enum ppk2_key key;
	unsigned range;

	if (key_find(name, &key, &range)) {
		if (parse->seen[key] & (1u << range))
			return err_set(err, -EPROTO, "metadata: %s comes twice", name);
		parse->seen[key] |= (uint8_t)(1u << range);
		parse_key(parse, key, range, value);
	} else if (!strcmp(name, "VDD")) {
		parse->calibration.vdd_mv = isnan(value) ? 0 : value;
	} else if (!strcmp(name, "Calibrated")) {
		parse->calibration.calibrated = !isnan(value) && value != 0;
	} else if (!strcmp(name, "HW") && fabs(value) < 1e9) {
		parse->calibration.hardware = (long)value;
	}
	return 0;
}

/* Line without its end; "" is skipped. */
static int parse_line(struct parse *parse, char *line, struct err *err)
{
	char *colon = strchr(line, ':');
	char *end;
	double value;

	if (!*line)
		return 0;
	if (!colon || colon == line)
		goto senseless;
	*colon = '\0';
	value = strtod(colon + 1, &end);
	while (isspace((unsigned char)*end))
		end++;
	if (end != colon + 1 && !*end)
		return parse_value(parse, line, value, err);
	/* A newer firmware may say things that are not numbers under keys that are not ours. */
	if (!key_find(line, &(enum ppk2_key){0}, &(unsigned){0}) && strcmp(line, "VDD"))
		return 0;
	*colon = ':';
senseless:
	for (char *c = line; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return err_set(err, -EPROTO, "metadata: \"%s\" makes no sense", line);
}

static int parse_lines(struct parse *parse, const char *text, size_t count, struct err *err)
{
	size_t at = 0;

	while (at < count) {
		const char *newline = memchr(text + at, '\n', count - at);
		size_t length = newline ? (size_t)(newline - text) - at : count - at;
		char line[96];
		int rc;

		if (length >= sizeof(line) || memchr(text + at, '\0', length))
			return err_set(err, -EPROTO, "metadata: a line of %zu bytes makes no sense",
				       length);
		memcpy(line, text + at, length);
		while (length && (line[length - 1] == '\r' || line[length - 1] == ' '))
			length--;
		line[length] = '\0';
		if (!strcmp(line, "END"))
			return 0;
		rc = parse_line(parse, line, err);
		if (rc)
			return rc;
		at = newline ? (size_t)(newline - text) + 1 : count;
	}
	return err_set(err, -EPROTO, "metadata: END is missing");
}

/* What a value may be: an order of magnitude around what instruments are known to hold, for the
 * purpose is to tell damage from calibration. r_full is r at the ADC's full scale. */
static int check_range(const struct ppk2_calibration *cal, unsigned n, struct err *err)
{
	double r_default = key_rows[PPK2_R].fallback[n];
	double r_full = adc_full_scale * adc_a_ohm / r_default;
	const struct {
		enum ppk2_key key;
		double low, high;
	} limits[] = {
		{PPK2_R, r_default / 2, r_default * 2},
		{PPK2_GS, -100 / r_full, 100 / r_full},
		{PPK2_GI, 0.25, 4},
		{PPK2_O, -16384, 16384},
		{PPK2_S, -r_full / 20, r_full / 20}, /* times 5 V: a quarter of full scale */
		{PPK2_I, -r_full / 4, r_full / 4},
		{PPK2_UG, 0.25, 4},
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		double value = cal->value[limits[i].key][n];

		if ((value >= limits[i].low && value <= limits[i].high) ||
		    (cal->zero[limits[i].key] & (1u << n)) ||
		    (cal->defaulted[limits[i].key] & (1u << n)))
			continue;
		return err_set(
			err, -ERANGE,
			"calibration of range %u is implausible: %s%u is %g, not within %g..%g", n,
			key_rows[limits[i].key].name, n, value, limits[i].low, limits[i].high);
	}
	return 0;
}

static int check(const struct ppk2_calibration *cal, struct err *err)
{
	for (unsigned n = 0; n < PPK2_RANGES; n++) {
		int rc = check_range(cal, n, err);

		if (rc)
			return rc;
	}
	if (cal->vdd_mv != 0 && !(cal->vdd_mv >= 100 && cal->vdd_mv <= 10000))
		return err_set(err, -ERANGE, "calibration is implausible: VDD is %g mV",
			       cal->vdd_mv);
	return 0;
}

int ppk2_calibration_parse(const char *text, size_t count, struct ppk2_calibration *ret_calibration,
			   struct err *err)
{
	struct parse parse = {0};
	int rc;

	for (unsigned key = 0; key < PPK2_KEYS; key++) {
		memcpy(parse.calibration.value[key], key_rows[key].fallback,
		       sizeof(key_rows[key].fallback));
		parse.calibration.defaulted[key] = (1u << PPK2_RANGES) - 1;
	}
	rc = parse_lines(&parse, text, count, err);
	if (!rc)
		rc = check(&parse.calibration, err);
	if (!rc)
		*ret_calibration = parse.calibration;
	return rc;
}

struct text {
	char *at;
	size_t room; /* with the NUL; 0: it did not fit */
};

static void text_add(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void text_add(struct text *text, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text->at, text->room, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= text->room) {
		text->room = 0;
		return;
	}
	text->at += length;
	text->room -= (size_t)length;
}

/* ,"name":["R0","GS3"] */
static void text_add_keys(struct text *text, const char *name, const uint8_t bits[PPK2_KEYS])
{
	const char *comma = "";

	text_add(text, ",\"%s\":[", name);
	for (unsigned key = 0; key < PPK2_KEYS; key++) {
		for (unsigned n = 0; n < PPK2_RANGES; n++) {
			if (!(bits[key] & (1u << n)))
				continue;
			text_add(text, "%s\"%s%u\"", comma, key_rows[key].name, n);
			comma = ",";
		}
	}
	text_add(text, "]");
}

int ppk2_calibration_json(const struct ppk2_calibration *calibration, double vdd_mv, char *ret_json,
			  size_t capacity, struct err *err)
{
	struct text text = {ret_json, capacity};

	text_add(&text, "{\"calibrated\":%s,\"hw\":%ld,\"vdd_v\":%g",
		 calibration->calibrated ? "true" : "false", calibration->hardware, vdd_mv / 1000);
	for (unsigned key = 0; key < PPK2_KEYS; key++) {
		const double *v = calibration->value[key];

		text_add(&text, ",\"%s\":[%.8g,%.8g,%.8g,%.8g,%.8g]", key_rows[key].json, v[0],
			 v[1], v[2], v[3], v[4]);
	}
	text_add_keys(&text, "defaulted", calibration->defaulted);
	text_add_keys(&text, "zero", calibration->zero);
	text_add(&text, "}");
	if (!text.room)
		return err_set(err, -ENOSPC, "calibration: its JSON does not fit %zu bytes",
			       capacity);
	return 0;
}

void ppk2_calibration_ranges(const struct ppk2_calibration *calibration,
			     struct meter_range ret_ranges[PPK2_RANGES])
{
	for (unsigned n = 0; n < PPK2_RANGES; n++) {
		double step_a = 4 * adc_a_ohm / calibration->value[PPK2_R][n] *
				fabs(calibration->value[PPK2_GI][n]) *
				fabs(calibration->value[PPK2_UG][n]);

		ret_ranges[n] = (struct meter_range){
			.max_a = range_max_a[n],
			.resolution_a = step_a,
			.offset_u_a = resolution_a[n] / sqrt(12),
			.shunt_ohm = calibration->value[PPK2_R][n],
		};
	}
}

void ppk2_conversion_init(struct ppk2_conversion *conversion,
			  const struct ppk2_calibration *calibration, double vdd_mv)
{
	for (unsigned n = 0; n < PPK2_RANGES; n++) {
		conversion->range[n] = (struct ppk2_range){
			.offset = calibration->value[PPK2_O][n],
			.scale = adc_a_ohm / calibration->value[PPK2_R][n],
			.gain_square = calibration->value[PPK2_GS][n],
			.gain = calibration->value[PPK2_GI][n],
			.constant_a = calibration->value[PPK2_S][n] * (vdd_mv / 1000) +
				      calibration->value[PPK2_I][n],
			.user_gain = calibration->value[PPK2_UG][n],
		};
	}
}
