/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calibrations: loads as users write them, which calibration applies, what it does to a sample, and
 * two meters on one current.
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
#include "bench/session/calibration_stretch.h"
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

/* Two meters in series ------------------------------------------------------------------------- */

enum { PART_SAMPLES = 2000 };

static struct meter_info js220 = {
	.model = "js220",
	.serial = "001234",
	.range_count = 2,
	.ranges = {{.offset_u_a = 100e-9}, {.offset_u_a = 10e-9}},
};
static const struct rig_meter reference = {.name = "ref", .link = "usb:", .gain_u_rel = 2e-4};
static const struct rig_meter measured = {.name = "m", .link = "tty", .gain_u_rel = 5e-3};
static const struct calibration_procedure against = {
	.rig = &rig,
	.meter = &measured,
	.info = &info,
	.reference = {.meter = &reference, .info = &js220},
};

static double noise(void)
{
	static uint64_t state = 88172645463325252u;
	double sum = -6;

	for (int i = 0; i < 12; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		sum += (double)(state >> 11) * 0x1p-53;
	}
	return sum;
}

/* What a meter sees of a steady current, in every part of the stretch. */
struct seen {
	double mean_a, noise_a, drift_a; /* drift: over the whole stretch */
	unsigned range, other_range_parts;
	unsigned empty_parts; /* from the second on */
};

static struct calibration_stretch watch(const struct seen *seen)
{
	struct calibration_stretch stretch = {0};
	static struct meter_block block;

	for (unsigned part = 0; part < CALIBRATION_PARTS; part++)
		for (uint32_t i = 0; i < PART_SAMPLES; i++) {
			if (part && part <= seen->empty_parts)
				continue;
			block.current_a[i] =
				(float)(seen->mean_a + seen->noise_a * noise() +
					seen->drift_a * (part + 0.5) / CALIBRATION_PARTS);
			block.range[i] = (uint8_t)(seen->range + (part < seen->other_range_parts));
			calibration_stretch_add(&stretch, part, &block, i);
		}
	return stretch;
}

static int compare(const struct seen *meter_seen, const struct seen *reference_seen,
		   struct calibration_load *load, struct err *err)
{
	const struct calibration_stretch one = watch(meter_seen), other = watch(reference_seen);

	return calibration_compare(&against, &one, &other, load, err);
}

/* A meter with factor and offset of its own, at levels that two ranges of the reference hold. */
static void measure_levels(struct calibration_load levels[3], double gain, double offset_a)
{
	static const double true_a[3] = {0, 40e-6, 90e-6};
	static const char *const names[3] = {"none", "82k", "board"};

	for (unsigned i = 0; i < 3; i++) {
		const struct seen at_meter = {.mean_a = gain * true_a[i] + offset_a,
					      .noise_a = 100e-9};
		const struct seen at_reference = {
			.mean_a = true_a[i], .noise_a = 50e-9, .range = i < 2};
		struct err err = {""};

		levels[i] = (struct calibration_load){.text = names[i]};
		if (compare(&at_meter, &at_reference, &levels[i], &err))
			fail_msg("%s", err.text);
	}
}

static void a_reference_tells_factor_and_offset(void **state)
{
	struct calibration_load levels[3];
	struct calibration made;
	struct err err = {""};

	(void)state;
	measure_levels(levels, 1.008, 150e-9);
	assert_int_equal(levels[0].reference_range, 1);
	assert_int_equal(levels[2].reference_range, 0);
	assert_int_equal(calibration_solve(&against, levels, 3, &made, &err), 0);
	assert_true(made.lines[0].points == 3 && made.lines[1].points == 0);
	assert_true(fabs(made.lines[0].factor - 1 / 1.008) < 2 * made.lines[0].factor_u);
	assert_true(fabs(made.lines[0].add_a + 150e-9 / 1.008) < 2 * made.lines[0].add_u_a);
	assert_true(made.lines[0].birge_ratio < 2);
	/* Far better than the data sheet, but no better than the reference. */
	assert_true(made.lines[0].factor_u >= 2e-4 && made.lines[0].factor_u < 1e-3);
	assert_true(made.lines[0].add_u_a > 9e-9 && made.lines[0].add_u_a < 15e-9);
}

/* Ten times the levels: noise averages out, what the reference is wrong by does not. */
static void what_the_reference_is_wrong_by_stays(void **state)
{
	struct calibration_load levels[30];
	struct calibration made;
	struct err err = {""};

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		measure_levels(levels + (size_t)3 * i, 1.003, -100e-9);
	for (unsigned i = 0; i < 30; i++)
		levels[i].reference_range = 0;
	assert_int_equal(calibration_solve(&against, levels, 30, &made, &err), 0);
	assert_true(made.lines[0].factor_u >= 2e-4);
	/* 100 nA of the reference, and 200 nA that the meter's data sheet says of it. */
	assert_true(fabs(made.lines[0].add_u_a / (100e-9 / sqrt(1.25)) - 1) < 0.05);
}

static void what_it_was_made_from_is_stored(void **state)
{
	struct calibration_load levels[3];
	struct store_calibration stored;
	struct calibration made, found;
	struct store *store;
	struct err err = {""};
	char path[600], now[32];

	(void)state;
	measure_levels(levels, 1.001, 0);
	snprintf(path, sizeof(path), "%s/against.db", scratch_folder());
	calibration_now_utc(0, now, sizeof(now));
	assert_int_equal(store_open(path, true, &store, &err), 0);
	assert_int_equal(calibration_solve(&against, levels, 3, &made, &err), 0);
	assert_int_equal(calibration_store(store, &against, levels, 3, 86400, &made, &err), 0);
	assert_int_equal(store_calibration_latest(store, "r", "m", &stored, &err), 0);
	assert_string_equal(stored.method, "against");
	assert_non_null(strstr(stored.points_json, "\"load\":\"board\""));
	assert_non_null(strstr(stored.points_json, "\"model\":\"js220\",\"serial\":\"001234\""));
	store_calibration_done(&stored);
	assert_string_equal(state_at(store, now, &found), "used");
	assert_memory_equal(found.lines, made.lines, sizeof(made.lines));
	store_close(store);
}

static void levels_that_do_not_hold_are_refused(void **state)
{
	static const struct seen good = {.mean_a = 90e-6, .noise_a = 100e-9, .empty_parts = 7};
	static const struct {
		struct seen meter, reference;
		int ret;
		const char *text;
	} bad[] = {
		{{.mean_a = 90e-6, .noise_a = 1e-7, .drift_a = 1e-6},
		 {90e-6, 1e-7},
		 -EDOM,
		 "drifts"},
		{{90e-6, 1e-7}, {.mean_a = 90e-6, .drift_a = 1e-6}, -EDOM, "reference ref: drifts"},
		{{90e-6, 1e-4}, {90e-6, 1e-7}, -EDOM, "too noisy"},
		{{90e-6, 1e-7}, {90e-6, 1e-4}, -EDOM, "reference ref: too noisy"},
		{{90e-6, 1e-7}, {80e-6, 1e-7}, -EDOM, "the same current"},
		{{.mean_a = 90e-6, .other_range_parts = 2}, {90e-6, 1e-7}, -ERANGE, "switches"},
		{{90e-6, 1e-7},
		 {.mean_a = 90e-6, .other_range_parts = 2},
		 -ERANGE,
		 "reference ref: "},
		{{90e-6, 1e-7}, {.mean_a = 90e-6, .empty_parts = 8}, -ENODATA, "only in 8 of 16"},
	};
	struct calibration_load load = {.text = "board"};
	struct err err = {""};

	(void)state;
	assert_int_equal(compare(&good, &good, &load, &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(compare(&bad[i].meter, &bad[i].reference, &load, &err),
				 bad[i].ret);
		if (!strstr(err.text, bad[i].text))
			fail_msg("'%s' is not in '%s'", bad[i].text, err.text);
	}
}

static void doubtful_blocks_are_refused(void **state)
{
	static struct meter_block block;
	struct err err = {""};

	(void)state;
	assert_int_equal(calibration_block_check(&block, &err), 0);
	block.flags = METER_BLOCK_SATURATED;
	assert_int_equal(calibration_block_check(&block, &err), -ENODATA);
	assert_non_null(strstr(err.text, "at the meter's limit"));
	block.flags = METER_BLOCK_NAN;
	assert_int_equal(calibration_block_check(&block, &err), -ENODATA);
	block.flags = 0;
	block.lost = 1;
	assert_int_equal(calibration_block_check(&block, &err), -ENODATA);
	assert_non_null(strstr(err.text, "lost"));
}

static void the_meter_itself_is_no_reference(void **state)
{
	struct rig_meter other = reference;
	struct meter_info same = info;
	struct calibration_procedure procedure = against;
	struct err err = {""};

	(void)state;
	assert_int_equal(calibration_reference_check(&procedure, &err), 0);
	procedure.reference.info = &same;
	assert_int_equal(calibration_reference_check(&procedure, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the same instrument"));
	same.serial[0] = 't';
	assert_int_equal(calibration_reference_check(&procedure, &err), 0);
	info.caps = same.caps = METER_CAP_SUPPLY;
	assert_int_equal(calibration_reference_check(&procedure, &err), -EINVAL);
	assert_non_null(strstr(err.text, "both supply"));
	info.caps = 0;
	procedure.reference.meter = &other;
	other.link = measured.link;
	assert_int_equal(calibration_reference_check(&procedure, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the same link"));
	procedure.reference.meter = &measured;
	assert_int_equal(calibration_reference_check(&procedure, &err), -EINVAL);
	assert_non_null(strstr(err.text, "against itself"));
}

static void a_poor_reference_is_said(void **state)
{
	struct rig_meter poor = reference;
	struct calibration_procedure procedure = against;
	struct calibration_load levels[3];
	char text[200];

	(void)state;
	measure_levels(levels, 1, 0);
	assert_false(calibration_warn(&procedure, levels, 3, 0, text, sizeof(text)));
	assert_false(calibration_warn(&procedure, levels, 3, 1, text, sizeof(text)));
	assert_true(calibration_warn(&procedure, levels, 1, 0, text, sizeof(text)));
	assert_non_null(strstr(text, "give two"));
	procedure.reference.meter = &poor;
	poor.gain_u_rel = 6e-3;
	assert_true(calibration_warn(&procedure, levels, 3, 0, text, sizeof(text)));
	assert_non_null(strstr(text, "less certain"));
	poor.gain_u_rel = 2e-4;
	poor.offset_u_a = 300e-9;
	assert_true(calibration_warn(&procedure, levels, 3, 0, text, sizeof(text)));
	assert_non_null(strstr(text, "less certain"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_are_read),
		cmocka_unit_test(the_right_one_applies),
		cmocka_unit_test(samples_are_corrected),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(a_reference_tells_factor_and_offset),
		cmocka_unit_test(what_the_reference_is_wrong_by_stays),
		cmocka_unit_test(what_it_was_made_from_is_stored),
		cmocka_unit_test(levels_that_do_not_hold_are_refused),
		cmocka_unit_test(doubtful_blocks_are_refused),
		cmocka_unit_test(the_meter_itself_is_no_reference),
		cmocka_unit_test(a_poor_reference_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
