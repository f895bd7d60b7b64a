/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual JS110's own integrals against the streamed samples, and without a stream.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/virtual/test_js110.h"

#define MS_PS 1000000000ll

static double status_q(const uint8_t *status, unsigned at, unsigned bytes, int q)
{
	uint64_t raw = host_le(status + at, bytes);
	double value = bytes == 8 ? (double)(int64_t)raw : (double)(int32_t)raw;

	return ldexp(value, -q);
}

/* Runs one update with a varying load and compares the status with sums over the samples; range
 * switches hold the last good current for the window "M". */
static void check_statistics(uint8_t select)
{
	static const double levels_a[] = {5e-3, 17e-3, 0.15, 9e-3};
	struct host host;
	uint8_t status[128];
	double charge_c = 0, energy_j = 0, min_a = 1e9, max_a = -1e9, held_a = 0;
	unsigned before = 7, left = 0, switches = 0;

	host_new(&host, 6);
	/* Power and stream begin together: the first sample is the first of both. */
	assert_int_equal(host_settings(&host, 1, select, 0xc0, 0, 3), 0);
	host_status(&host, status);
	assert_int_equal(host_le(status + 56, 4), 0);
	for (int i = 0; i < 5200; i++)
		host_run(&host, 100000000, levels_a[i % 4], 3.1, 0);
	assert_true(host.count > 1000000 && host.lost_frames == 0);
	for (size_t k = 0; k < 1000000; k++) {
		unsigned range = host.samples[k].range;

		if (range != before) {
			left = window_m[range][before];
			switches++;
		}
		before = range;
		if (left)
			left--;
		else
			held_a = host_current_a(&host, k);
		charge_c += held_a / 2e6;
		energy_j += held_a * host_voltage_v(&host, k) / 2e6;
		min_a = fmin(min_a, held_a);
		max_a = fmax(max_a, held_a);
	}
	host_status(&host, status);
	print_message("select %02x: %u switches, %.6f C, %.6f J\n", select, switches, charge_c,
		      energy_j);
	assert_true(select == 0x80 ? switches > 2000 : switches == 1);
	assert_int_equal(host_le(status + 56, 4), 1000000);
	assert_int_equal(host_le(status + 60, 4), 1000000);
	assert_int_equal(host_le(status + 64, 4), 2000000);
	assert_int_equal(host_le(status + 24, 8), 1000000);
	assert_true(fabs(status_q(status, 40, 8, 27) - charge_c) < 0x1p-27);
	assert_true(fabs(status_q(status, 48, 8, 27) - energy_j) < 0x1p-27);
	assert_true(fabs(status_q(status, 32, 8, 34) - energy_j * 2) < 1e-9);
	assert_true(fabs(status_q(status, 68, 4, 27) - charge_c * 2) < 0x1p-26);
	assert_true(fabs(status_q(status, 72, 4, 27) - min_a) < 0x1p-26);
	assert_true(fabs(status_q(status, 76, 4, 27) - max_a) < 0x1p-26);
	assert_true(fabs(status_q(status, 80, 4, 17) - 3.1) < 0.01);
	assert_true(status_q(status, 92, 4, 21) < status_q(status, 96, 4, 21));
	host_status(&host, status);
	assert_int_equal(host_le(status + 56, 4), 0); /* nothing new */
	assert_true(fabs(status_q(status, 48, 8, 27) - energy_j) < 0x1p-27);
	host_free(&host);
}

static void test_statistics_equal_samples(void **state)
{
	(void)state;
	check_statistics(0x04);
	check_statistics(0x80);
}

/* The instrument integrates without a stream. */
static void test_statistics_without_stream(void **state)
{
	struct host host;
	uint8_t status[128];

	(void)state;
	host_new(&host, 6);
	assert_int_equal(host_settings(&host, 1, 0x80, 0xc0, 0, 0), 0);
	host_run(&host, 2010 * MS_PS, 0.1, 3, 0);
	assert_int_equal(host.count, 0);
	host_status(&host, status);
	assert_int_equal(host_le(status + 24, 8), 4000000);
	assert_true(fabs(status_q(status, 40, 8, 27) / 0.2 - 1) < 0.003);
	assert_true(fabs(status_q(status, 48, 8, 27) / 0.6 - 1) < 0.004);
	assert_int_equal(host_settings(&host, 0, 0, 0xc0, 0, 0), 0);
	assert_int_equal(host_settings(&host, 1, 0x80, 0xc0, 0, 0), 0);
	host_status(&host, status);
	assert_int_equal(host_le(status + 40, 8), 0); /* new power, new sums */
	host_free(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statistics_equal_samples),
		cmocka_unit_test(test_statistics_without_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
