/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual JS220's statistics: the sheet's vector, and integrals against the streamed samples,
 * lost ones included.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "rigs/virtual/meters/js220_statistics.h"
#include "tests/unit/virtual/test_js220.h"

/* Statistics decoded by the sheet. */
struct block {
	unsigned count;
	uint64_t first_id, accum_id;
	double mean_a, min_a, max_a, sd_a, mean_v, mean_w, min_w, max_w, charge_c, energy_j;
};

static double le_128(const uint8_t *at)
{
	return (double)(int64_t)host_le(at + 8, 8) * 0x1p64 + (double)host_le(at, 8);
}

/* Small sums: the low half as a signed number when the high half is its sign. */
static double le_128_exact(const uint8_t *at)
{
	int64_t high = (int64_t)host_le(at + 8, 8), low = (int64_t)host_le(at, 8);

	return high == (low < 0 ? -1 : 0) ? (double)low : le_128(at);
}

static struct block decode_block(const uint8_t *s)
{
	uint32_t header = (uint32_t)host_le(s, 4);
	double n = header & 0xffffff, rate_hz = (double)host_le(s + 4, 4) / 2;
	double x1 = (double)(int64_t)host_le(s + 24, 8), x2 = le_128_exact(s + 96);
	struct block b = {(unsigned)n, host_le(s + 8, 8), host_le(s + 16, 8)};

	assert_int_equal(header >> 24, 0x92);
	b.mean_a = x1 * 0x1p-31 / n;
	b.min_a = (double)(int64_t)host_le(s + 32, 8) * 0x1p-31;
	b.max_a = (double)(int64_t)host_le(s + 40, 8) * 0x1p-31;
	b.sd_a = sqrt(fmax(x2 * 0x1p-62 / n - b.mean_a * b.mean_a, 0));
	b.mean_v = (double)(int64_t)host_le(s + 48, 8) * 0x1p-31 / n;
	b.mean_w = (double)(int64_t)host_le(s + 72, 8) * 0x1p-27 / n;
	b.min_w = (double)(int64_t)host_le(s + 80, 8) * 0x1p-27;
	b.max_w = (double)(int64_t)host_le(s + 88, 8) * 0x1p-27;
	b.charge_c = le_128_exact(s + 112) * 0x1p-31 / rate_hz;
	assert_true(host_le(s + 144, 8) == 0 && host_le(s + 152, 8) == 0); /* v_int */
	b.energy_j = le_128_exact(s + 176) * 0x1p-31 / rate_hz;
	return b;
}

/* The sheet's vector, byte for byte. */
static void test_statistics_vector(void **state)
{
	struct js220_statistics statistics = {
		.count = 64,
		.sample_freq_hz = 128,
		.current = {.x1 = 64ll << 31},
		.voltage = {.x1 = -(128ll << 31)},
		.power = {.x1 = -(192ll << 27)},
		.current_int = 128ll << 31,
		.power_int = -(384ll << 31),
	};
	uint8_t bytes[192], expected[192] = {0};
	struct block b;

	(void)state;
	js220_statistics_encode(&statistics, bytes);
	memcpy(expected, "\x40\x00\x00\x92\x80\x00\x00\x00", 8);
	expected[28] = 0x20;                                  /* 64 << 31 = 0x20_0000_0000 */
	memcpy(expected + 48, "\0\0\0\0\xc0\xff\xff\xff", 8); /* -0x40_0000_0000 */
	memcpy(expected + 72, "\0\0\0\0\xfa\xff\xff\xff", 8); /* -0x6_0000_0000 */
	expected[116] = 0x40;
	memcpy(expected + 176, "\0\0\0\0\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16);
	assert_memory_equal(bytes, expected, 192);
	b = decode_block(bytes);
	assert_int_equal(b.count, 64);
	assert_true(b.mean_a == 1 && b.mean_v == -2 && b.mean_w == -3);
	assert_true(b.charge_c == 2 && b.energy_j == -6);
}

/* Blocks are complete, integrals are the sums of the streamed samples, also over lost ones. */
static void test_statistics_equal_samples(void **state)
{
	enum { BLOCK = 5000, BLOCKS = 20 };
	struct host host;
	const char *const streams[] = {"s/i/ctrl", "s/v/ctrl", "s/stats/ctrl", NULL};
	double charge_c = 0, energy_j = 0;
	uint64_t done = 0;

	(void)state;
	host_new(&host, 12);
	vjs220_set_counter(host.meter, 0xffff0000);
	assert_int_equal(host_set(&host, "s/stats/scnt", BLOCK), 0);
	host_start(&host, streams);
	for (int i = 0; i < BLOCKS * 10; i++)
		host_run_ticks(&host, &done, BLOCK / 5, i % 2 ? 3e-3 : 40e-3, 3.2, 0);
	host_set(&host, "s/i/ctrl", 0);
	host_set(&host, "s/v/ctrl", 0);
	assert_int_equal(host.stats_count, BLOCKS);
	for (unsigned k = 0; k < BLOCKS; k++) {
		struct block b = decode_block(host.stats[k]);
		double sum_a = 0, squares = 0, low_a = 1e9, high_a = -1e9, sum_w = 0;

		for (size_t i = k * BLOCK; i < (k + 1) * BLOCK; i++) {
			double a = host_float(&host, 21, i), v = host_float(&host, 22, i);

			sum_a += a;
			squares += a * a;
			sum_w += a * v;
			low_a = fmin(low_a, a);
			high_a = fmax(high_a, a);
		}
		charge_c += sum_a * 1e-6;
		energy_j += sum_w * 1e-6;
		assert_int_equal(b.count, BLOCK);
		assert_true(b.first_id == 0xffff0000 + 2ull * k * BLOCK);
		assert_true(b.accum_id == 0xffff0000);
		assert_true(fabs(b.mean_a - sum_a / BLOCK) < 1e-8);
		assert_true(fabs(b.mean_w - sum_w / BLOCK) < 1e-8);
		assert_true(fabs(b.min_a - low_a) < 1e-8 && fabs(b.max_a - high_a) < 1e-8);
		assert_true(fabs(b.sd_a - sqrt(squares / BLOCK - pow(sum_a / BLOCK, 2))) < 1e-7);
		assert_true(b.min_w < b.mean_w && b.mean_w < b.max_w);
		assert_true(fabs(b.charge_c / charge_c - 1) < 1e-7);
		assert_true(fabs(b.energy_j / energy_j - 1) < 1e-7);
	}
	host_free(&host);
}

static void test_lost_samples(void **state)
{
	struct host host;
	uint64_t done = 0;
	const char *const streams[] = {"s/i/ctrl", "s/gpi/0/ctrl", "s/stats/ctrl", NULL};
	struct block b;

	(void)state;
	host_new(&host, 12);
	assert_int_equal(host_set(&host, "s/stats/scnt", 10000), 0);
	host_start(&host, streams);
	host_run_ticks(&host, &done, 8000, 1e-3, 3, 0);
	vjs220_lose_samples(host.meter, 1000);
	host_run_ticks(&host, &done, 12000, 1e-3, 3, 0);
	host_set(&host, "s/i/ctrl", 0);
	host_set(&host, "s/gpi/0/ctrl", 0);
	assert_int_equal(host.lost_frames, 0);
	assert_int_equal(host.series[21].gaps, 1);
	assert_int_equal(host.series[21].count, 10000 - 500);
	assert_int_equal(host.series[21].next_id, 20000);
	assert_int_equal(host.series[24].count, 20000 - 1000);
	assert_int_equal(host.stats_count, 1);
	b = decode_block(host.stats[0]);
	assert_true(b.count == 10000 && fabs(b.charge_c - 1e-5) < 1e-7);
	host_free(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statistics_vector),
		cmocka_unit_test(test_statistics_equal_samples),
		cmocka_unit_test(test_lost_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
