/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PPK2 metadata and conversion: published vector, damaged and odd texts.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/ppk2_calibration.h"

/* A whole text as an instrument sends it, with the lines in more put in front of END. */
static const char *metadata(const char *more)
{
	static char text[2048];
	static const double r[] = {1003.3506, 101.65, 10.15, 0.94, 0.043};
	int used = snprintf(text, sizeof(text), "Calibrated: 1\n");

	for (int n = 0; n < PPK2_RANGES; n++) {
		static const char *const names[] = {"R", "GS", "GI", "O", "S", "I", "UG"};
		const double values[] = {r[n], n ? 0.01 : 0, 1, 112.942, 4.8e-8, -1.04e-7, 1};

		for (int key = 0; key < 7; key++) {
			char name[16];

			snprintf(name, sizeof(name), "\n%s%d:", names[key], n);
			if (!strstr(more, name + 1))
				used += snprintf(text + used, sizeof(text) - (size_t)used,
						 "%s%d: %.9g\n", names[key], n, values[key]);
		}
	}
	snprintf(text + used, sizeof(text) - (size_t)used, "VDD: 3741\nHW: 9173\n%sEND\n", more);
	return text;
}

static int parse(const char *text, struct ppk2_calibration *calibration, struct err *err)
{
	return ppk2_calibration_parse(text, strlen(text), calibration, err);
}

static void published_vector(void **state)
{
	struct ppk2_calibration calibration;
	struct ppk2_conversion conversion;
	struct err err = {""};

	(void)state;
	assert_int_equal(parse(metadata(""), &calibration, &err), 0);
	assert_true(calibration.calibrated);
	assert_int_equal(calibration.hardware, 9173);
	assert_true(calibration.vdd_mv == 3741);
	assert_int_equal(calibration.zero[PPK2_GS], 1);
	for (int key = 0; key < PPK2_KEYS; key++)
		assert_int_equal(calibration.defaulted[key], 0);
	ppk2_conversion_init(&conversion, &calibration, 3741);
	assert_float_equal(ppk2_convert(&conversion, 108 / 4, 0) * 1e6, 0.0214548778, 5e-11);
}

static void finds_the_text_in_pieces_and_noise(void **state)
{
	static const char noise[] = "\x12"
				    "END\n\0Calibrated: half";
	const char *text = metadata("");
	size_t noise_count = sizeof(noise) - 1;
	size_t whole = noise_count + strlen(text) - 1; /* without the last newline */
	uint8_t bytes[4096];
	size_t begin, end;

	(void)state;
	memcpy(bytes, noise, noise_count);
	memcpy(bytes + noise_count, text, strlen(text));
	for (size_t count = 0; count < whole; count++)
		assert_false(ppk2_metadata_find(bytes, count, &begin, &end));
	assert_true(ppk2_metadata_find(bytes, whole, &begin, &end));
	assert_int_equal(begin, noise_count);
	assert_int_equal(end, whole);
}

static void missing_values_get_defaults(void **state)
{
	struct ppk2_calibration calibration;
	struct err err = {""};

	(void)state;
	assert_int_equal(parse("Calibrated: 0\r\nR1: -nan\r\nR2: 0\r\nGI3: nan\r\nUG4: 0\r\nEND",
			       &calibration, &err),
			 0);
	assert_false(calibration.calibrated);
	assert_true(calibration.value[PPK2_R][0] == 1031.64);
	assert_true(calibration.value[PPK2_R][1] == 101.65);
	assert_true(calibration.value[PPK2_R][2] == 10.15);
	assert_true(calibration.value[PPK2_R][4] == 0.043);
	assert_true(calibration.value[PPK2_GI][3] == 1);
	assert_true(calibration.value[PPK2_O][0] == 0);
	assert_true(calibration.value[PPK2_UG][4] == 0);
	assert_int_equal(calibration.defaulted[PPK2_R], 0x1F);
	assert_int_equal(calibration.defaulted[PPK2_UG], 0x0F);
	assert_int_equal(calibration.zero[PPK2_UG], 0x10);
	assert_true(calibration.vdd_mv == 0);
}

static void refuses(const char *more, int code, const char *says)
{
	struct ppk2_calibration calibration = {.hardware = 77};
	struct err err = {""};
	int rc = parse(metadata(more), &calibration, &err);

	if (rc != code || !strstr(err.text, says))
		fail_msg("\"%s\": %d, \"%s\"", more, rc, err.text);
	assert_int_equal(calibration.hardware, 77);
}

static void damaged_texts_are_refused(void **state)
{
	struct ppk2_calibration calibration;
	struct err err = {""};

	(void)state;
	refuses("\nR3: 0.94x\n", -EPROTO, "R3: 0.94x");
	refuses("\nR3:\n", -EPROTO, "R3:");
	refuses("\nGS1: 1\nGS1: 1\n", -EPROTO, "twice");
	refuses("\n\x01\x02 rubbish\n", -EPROTO, "rubbish");
	refuses("\n: 5\n", -EPROTO, ": 5");
	assert_int_equal(parse("Calibrated: 1\nR0: 1000\n", &calibration, &err), -EPROTO);
	assert_non_null(strstr(err.text, "END"));
	assert_int_equal(
		ppk2_calibration_parse("Calibrated: 1\nR0: 1\0 5\nEND", 26, &calibration, &err),
		-EPROTO);
}

static void newer_keys_are_skipped(void **state)
{
	struct ppk2_calibration calibration;
	struct err err = {""};

	(void)state;
	assert_int_equal(
		parse(metadata("\nname: my meter\nR5: 3\nGX0: 1e30\n"), &calibration, &err), 0);
}

static void implausible_values_are_refused(void **state)
{
	(void)state;
	refuses("\nR0: 1e-20\n", -ERANGE, "calibration of range 0 is implausible: R0 is 1e-20");
	refuses("\nR4: -0.043\n", -ERANGE, "calibration of range 4 is implausible: R4");
	refuses("\nGS2: inf\n", -ERANGE, "GS2");
	refuses("\nGI1: 1e21\n", -ERANGE, "GI1");
	refuses("\nO3: 20000\n", -ERANGE, "O3");
	refuses("\nS4: -1\n", -ERANGE, "S4");
	refuses("\nI0: 0.001\n", -ERANGE, "I0");
	refuses("\nUG2: -1\n", -ERANGE, "UG2");
}

static void json_holds_all_and_fits(void **state)
{
	struct ppk2_calibration calibration;
	struct err err = {""};
	char json[768];

	(void)state;
	assert_int_equal(parse(metadata("\nR1: nan\n"), &calibration, &err), 0);
	assert_int_equal(ppk2_calibration_json(&calibration, 3300, json, sizeof(json), &err), 0);
	assert_non_null(
		strstr(json, "\"vdd_v\":3.3,\"r_ohm\":[1003.3506,101.65,10.15,0.94,0.043]"));
	assert_non_null(strstr(json, "\"defaulted\":[\"R1\"],\"zero\":[\"GS0\"]}"));
	for (int key = 0; key < PPK2_KEYS; key++)
		for (int n = 0; n < PPK2_RANGES; n++)
			calibration.value[key][n] = -1.23456789e-105;
	assert_int_equal(ppk2_calibration_json(&calibration, 3300, json, sizeof(json), &err), 0);
	assert_int_equal(ppk2_calibration_json(&calibration, 3300, json, 300, &err), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vector),
		cmocka_unit_test(finds_the_text_in_pieces_and_noise),
		cmocka_unit_test(missing_values_get_defaults),
		cmocka_unit_test(damaged_texts_are_refused),
		cmocka_unit_test(newer_keys_are_skipped),
		cmocka_unit_test(implausible_values_are_refused),
		cmocka_unit_test(json_holds_all_and_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
