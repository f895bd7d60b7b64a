/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calibrations: loads as users write them, which calibration applies, and what it does to a sample.
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

#include "bench/session/calibration.h"
#include "tests/scratch.h"

static void loads_are_read(void **state)
{
	static const struct {
		const char *text;
		double ohm, u_rel;
	} good[] = {{"1 kOhm 0.1 %", 1e3, 1e-3},
		    {"10Ohm 50 ppm", 10, 50e-6},
		    {"2.2 MOhm 1 %", 2.2e6, 0.01},
		    {"500 mOhm 0.5 %", 0.5, 5e-3}};
	static const char *const bad[] = {
		"",           "1 kOhm",     "1 kOhm 0.1",   "1 k 0.1 %",
		"-1 Ohm 1 %", "0 Ohm 1 %",  "1 kOhm 90 %",  "kOhm 1 %",
		"None",       "1 kOhm 0 %", "1 kOhm 1 % x", "nan Ohm 1 %"};
	struct calibration_load load;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(calibration_load_parse(good[i].text, &load, &err), 0);
		assert_true(fabs(load.ohm / good[i].ohm - 1) < 1e-12);
		assert_true(fabs(load.u_rel * sqrt(3) / good[i].u_rel - 1) < 1e-12);
	}
	assert_int_equal(calibration_load_parse("none", &load, &err), 0);
	assert_true(isinf(load.ohm) && load.u_rel == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (calibration_load_parse(bad[i], &load, &err) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(err.text, bad[i]));
	}
}

static struct rig rig = {.name = "r"};
static const struct rig_meter meter = {
	.name = "m", .supply_v = 3.3, .supply_u_v = 3.3e-3, .gain_u_rel = 5e-3};
static struct meter_info info = {.model = "ppk2",
				 .serial = "s",
				 .calibration = "{}",
				 .range_count = 2,
				 .ranges = {{.offset_u_a = 200e-9}, {.offset_u_a = 1e-6}}};

static const struct calibration_load loads[] = {
	{.text = "none", .ohm = INFINITY, .range = 0, .reading = {.mean_a = 50e-9, .u_a = 1e-9}},
	{.text = "33 kOhm 0.1 %",
	 .range = 0,
	 .reading = {.mean_a = 101e-6, .u_a = 1e-9},
	 .expected_a = 100e-6,
	 .expected_u_a = 1e-8},
};

static const char *state_at(struct store *store, const char *now_utc,
			    struct calibration *calibration)
{
	struct err err = {""};

	if (calibration_find(store, &rig, &meter, &info, now_utc, calibration, &err))
		fail_msg("%s", err.text);
	return calibration->state;
}

static void the_right_one_applies(void **state)
{
	const struct calibration_procedure procedure = {
		.rig = &rig, .meter = &meter, .info = &info};
	struct calibration made, found;
	struct err err = {""};
	struct store *store;
	char path[600], now[32], later[32];

	(void)state;
	snprintf(path, sizeof(path), "%s/calibration.db", scratch_folder());
	assert_int_equal(store_open(path, true, &store, &err), 0);
	calibration_now_utc(0, now, sizeof(now));
	calibration_now_utc(3 * 86400, later, sizeof(later));
	assert_string_equal(state_at(store, now, &found), "missing");
	assert_int_equal(found.id, 0);
	assert_int_equal(calibration_solve(&procedure, loads, 2, &made, &err), 0);
	assert_int_equal(calibration_store(store, &procedure, loads, 2, 2 * 86400, &made, &err), 0);
	assert_string_equal(state_at(store, now, &found), "used");
	assert_true(found.id == made.id && found.id > 0);
	assert_memory_equal(found.lines, made.lines, sizeof(made.lines));
	assert_string_equal(state_at(store, later, &found), "expired");
	assert_true(!found.id && strstr(found.sentence, "expired on"));
	snprintf(info.calibration, sizeof(info.calibration), "{1}");
	assert_string_equal(state_at(store, now, &found), "other");
	snprintf(info.calibration, sizeof(info.calibration), "{}");
	rig.is_virtual = true;
	assert_string_equal(state_at(store, now, &found), "other");
	rig.is_virtual = false;
	store_close(store);
}

/* Two points in range 0 make its line; range 1 has none and stays as it is. */
static void samples_are_corrected(void **state)
{
	const struct calibration_procedure procedure = {
		.rig = &rig, .meter = &meter, .info = &info};
	struct calibration made;
	struct err err = {""};

	(void)state;
	assert_int_equal(calibration_solve(&procedure, loads, 2, &made, &err), 0);
	assert_true(fabs((double)calibration_correct_a(&made, 0, 101e-6f) - 100e-6) < 3e-8);
	assert_true(fabs((double)calibration_correct_a(&made, 0, 50e-9f)) < 2e-9);
	assert_true(made.lines[0].factor_u > 1e-3 && made.lines[0].factor_u < 1.1e-3);
	assert_true(calibration_correct_a(&made, 1, 1e-3f) == 1e-3f);
	assert_true(calibration_correct_a(&made, 7, 1e-3f) == 1e-3f);
	assert_true(fabs(made.lines[1].factor_u - 5e-3) < 1e-12 && !made.lines[1].points);
}

static void contradictions_are_refused(void **state)
{
	const struct calibration_procedure procedure = {
		.rig = &rig, .meter = &meter, .info = &info};
	struct calibration_load three[] = {loads[0], loads[1], loads[1]};
	struct calibration made;
	struct err err = {""};

	(void)state;
	three[2].reading.mean_a = 103e-6;
	assert_int_equal(calibration_solve(&procedure, three, 3, &made, &err), -EDOM);
	assert_non_null(strstr(err.text, "contradict each other"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_are_read),
		cmocka_unit_test(the_right_one_applies),
		cmocka_unit_test(samples_are_corrected),
		cmocka_unit_test(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
