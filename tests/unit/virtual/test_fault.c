/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Faults: the dice (same seed, same sequence), their limits and times, the log; what the meter's
 * logic inputs see; a chip's time that is not its board's; that the catalogue is whole.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/meters/ppk2_faults.h"
#include "rigs/virtual/server/chip_time.h"
#include "rigs/virtual/server/faults.h"

enum { OPPORTUNITIES = 2000 };

static struct config_fault fault_of(enum fault_id id, double probability)
{
	struct config_fault fault = {.id = id, .probability = probability, .at_ps = -1};

	memcpy(fault.settings, fault_kind_get(id)->defaults, sizeof(fault.settings));
	return fault;
}

/* Times of all faults of a run, and the log. */
static unsigned run_windows(uint64_t seed, const char *device, struct config_fault *list,
			    unsigned count, int64_t *ret_times, char **ret_log)
{
	const struct config_faults config = {list, count};
	struct faults faults;
	struct verr err;
	size_t log_size;
	unsigned hits = 0;

	assert_int_equal(faults_init(&faults, &config, seed, device, &err), 0);
	faults.log = open_memstream(ret_log, &log_size);
	for (int64_t i = 0; i < OPPORTUNITIES; i++) {
		int64_t now_ps = i * 1000000000000;
		struct fault_run *run;

		faults_meet(&faults, FAULT_PER_WINDOW, now_ps);
		assert_null(faults_take_due(&faults, now_ps - 1));
		while (faults.next_ps < now_ps + 1000000000000) {
			int64_t due_ps = faults.next_ps;

			run = faults_take_due(&faults, due_ps);
			assert_non_null(run);
			assert_true(due_ps >= now_ps && due_ps <= now_ps + 20000000000);
			faults_log(&faults, run, due_ps, 3);
			ret_times[hits++] = due_ps;
		}
	}
	fclose(faults.log);
	faults_done(&faults);
	return hits;
}

static void test_dice(void **state)
{
	static int64_t first[2 * OPPORTUNITIES], again[2 * OPPORTUNITIES];
	struct config_fault list[] = {fault_of(FAULT_HANG, 0.1)};
	char *log, *log_again;
	unsigned hits = run_windows(1, "a", list, 1, first, &log), hits_again;

	(void)state;
	assert_true(hits > 150 && hits < 250); /* 200 +- 13 */
	hits_again = run_windows(1, "a", list, 1, again, &log_again);
	assert_int_equal(hits, hits_again);
	assert_memory_equal(first, again, hits * sizeof(first[0]));
	assert_string_equal(log, log_again);
	assert_non_null(strstr(log, "{\"schema\":\"joulebench-faults/1\",\"device\":\"a\","
				    "\"fault\":\"hang\",\"t_ps\":"));
	assert_non_null(strstr(log, "\"number\":1,\"index\":0,\"value\":3}\n"));
	free(log_again);
	/* Another device and another seed have other faults. */
	run_windows(1, "b", list, 1, again, &log_again);
	assert_true(memcmp(first, again, hits * sizeof(first[0])) != 0);
	free(log_again);
	run_windows(2, "a", list, 1, again, &log_again);
	assert_true(memcmp(first, again, hits * sizeof(first[0])) != 0);
	free(log_again);
	free(log);
}

static void test_limit_and_time(void **state)
{
	static int64_t times[2 * OPPORTUNITIES];
	struct config_fault list[] = {fault_of(FAULT_HANG, 0.1), fault_of(FAULT_UNPLUG, 0)};
	char *log;

	(void)state;
	list[0].limit = 3;
	list[1].at_ps = 7000000000123;
	assert_int_equal(run_windows(1, "a", list, 2, times, &log), 4);
	assert_non_null(strstr(log, "\"fault\":\"unplug\",\"t_ps\":7000000000123,"));
	free(log);
}

static void test_bytes(void **state)
{
	struct config_fault list[] = {fault_of(FAULT_BYTE_LOSS, 0.01),
				      fault_of(FAULT_BYTE_FLIP, 0)};
	const struct config_faults config = {list, 2};
	struct faults faults;
	struct verr err;
	unsigned hits = 0;

	(void)state;
	list[1].at_ps = 500;
	assert_int_equal(faults_init(&faults, &config, 1, "a", &err), 0);
	assert_null(faults_take_due(&faults, 1000)); /* waits for a byte */
	assert_null(faults_strike(&faults, FAULT_BYTE_FLIP, 499));
	assert_non_null(faults_strike(&faults, FAULT_BYTE_FLIP, 501));
	assert_null(faults_strike(&faults, FAULT_BYTE_FLIP, 502));
	for (int i = 0; i < 10000; i++)
		hits += faults_strike(&faults, FAULT_BYTE_LOSS, i) != NULL;
	assert_true(hits > 60 && hits < 140); /* 100 +- 10 */
	faults_done(&faults);
}

/* Feeds levels of line 1 as text, one character per sample, and compares what is seen. */
static void expect_seen(struct ppk2_faults *faults, const char *levels, const char *seen)
{
	for (size_t i = 0; levels[i]; i++) {
		uint8_t got = ppk2_faults_logic(faults, levels[i] == '1' ? 2 : 0);

		if (got != (seen[i] == '1' ? 2 : 0))
			fail_msg("%s: sample %zu is %u, not %c", levels, i, got, seen[i]);
	}
}

static void test_markers(void **state)
{
	struct ppk2_faults faults = {0};

	(void)state;
	expect_seen(&faults, "0011001", "0011001");
	ppk2_faults_marker(&faults, 1, PPK2_MARKER_MISS, 0);
	expect_seen(&faults, "1100110", "1111110"); /* the falling edge is not seen */
	ppk2_faults_marker(&faults, 1, PPK2_MARKER_INVERT, 2);
	expect_seen(&faults, "0000", "1100");
	ppk2_faults_marker(&faults, 1, PPK2_MARKER_BOUNCE, 4);
	expect_seen(&faults, "0111111", "0010111");
	expect_seen(&faults, "00110", "00110");
	assert_false(faults.lines_busy);
}

static void test_chip_time(void **state)
{
	const struct chip_time same = {100, 40, 0}, fast = {1000, 2000, 0.013};

	(void)state;
	assert_true(chip_time_of_board(&same, 1100) == 1040 &&
		    chip_time_to_board(&same, 1040) == 1100);
	assert_true(chip_time_of_board(&fast, 1000 + 1000000000) == 2000 + 1013000000);
	assert_true(chip_time_to_board(&fast, 2000 + 1013000000) == 1000 + 1000000000);
}

static void test_catalogue(void **state)
{
	const char *name;
	unsigned count = 0;

	(void)state;
	while ((name = fault_kind_name(NULL, count))) {
		const struct fault_kind *kind = fault_kind_get(fault_kind_find(name));

		assert_string_equal(kind->name, name);
		assert_true(kind->place >= FAULT_ON_BOARD && kind->place <= FAULT_ON_EITHER);
		assert_true(kind->per >= FAULT_PER_BYTE && kind->per <= FAULT_PER_POWER_UP);
		assert_true(strlen(kind->help) > 20);
		/* A moment is drawn of windows' faults only. */
		assert_true(isnan(kind->defaults[FAULT_WITHIN]) == (kind->per != FAULT_PER_WINDOW));
		count++;
	}
	assert_int_equal(count, FAULT_NACK);
	assert_int_equal(fault_kind_find("hnag"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dice),      cmocka_unit_test(test_limit_and_time),
		cmocka_unit_test(test_bytes),     cmocka_unit_test(test_markers),
		cmocka_unit_test(test_chip_time), cmocka_unit_test(test_catalogue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
