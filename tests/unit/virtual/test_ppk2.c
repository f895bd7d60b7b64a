/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual PPK2 as a host sees it: this test parses the metadata and converts samples by the
 * device sheet's formula on its own.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/meters/ppk2.h"

#define METADATA_MAX 4096

struct calibration {
	double r[5], gs[5], gi[5], o[5], s[5], i[5], ug[5];
};

struct sample {
	unsigned adc, range, unused, counter, logic;
};

static void command(struct vppk2 *meter, const char *bytes, size_t count)
{
	vppk2_host_bytes(meter, (const uint8_t *)bytes, count);
}

#define COMMAND(meter, literal) command(meter, literal, sizeof(literal) - 1)

static size_t metadata_text(struct vppk2 *meter, char *ret_text)
{
	size_t length;

	COMMAND(meter, "\x19");
	length = vppk2_take_bytes(meter, (uint8_t *)ret_text, METADATA_MAX - 1);
	ret_text[length] = '\0';
	return length;
}

static double value_of(const char *text, const char *key, int index)
{
	char name[16];
	const char *at;

	snprintf(name, sizeof(name), index >= 0 ? "\n%s%d: " : "\n%s: ", key, index);
	at = strstr(text, name);
	assert_non_null(at);
	return strtod(at + strlen(name), NULL);
}

static struct calibration read_calibration(struct vppk2 *meter)
{
	struct calibration c;
	char text[METADATA_MAX];

	metadata_text(meter, text);
	for (int n = 0; n < 5; n++) {
		c.r[n] = value_of(text, "R", n);
		c.gs[n] = value_of(text, "GS", n);
		c.gi[n] = value_of(text, "GI", n);
		c.o[n] = value_of(text, "O", n);
		c.s[n] = value_of(text, "S", n);
		c.i[n] = value_of(text, "I", n);
		c.ug[n] = value_of(text, "UG", n);
	}
	return c;
}

static struct sample take_sample(struct vppk2 *meter)
{
	uint8_t b[4];
	uint32_t word;

	assert_int_equal(vppk2_take_bytes(meter, b, 4), 4);
	word = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
	return (struct sample){word & 0x3fff, word >> 14 & 7, word >> 17 & 1, word >> 18 & 63,
			       word >> 24};
}

static double to_current_a(const struct calibration *c, const struct sample *sample, double vdd_mv)
{
	unsigned n = sample->range;
	double r = (sample->adc * 4.0 - c->o[n]) * (1.8 / 163840 / c->r[n]);

	return c->ug[n] * (r * (c->gs[n] * r + c->gi[n]) + c->s[n] * vdd_mv / 1000 + c->i[n]);
}

/* Source mode at 3.3 V, supply on, streaming. */
static struct vppk2 *new_streaming(uint64_t seed, struct calibration *ret_calibration)
{
	struct vppk2 *meter = vppk2_new(seed);

	assert_non_null(meter);
	*ret_calibration = read_calibration(meter);
	COMMAND(meter, "\x11\x02\x0d\x0c\xe4\x0c\x01\x06");
	assert_true(vppk2_streaming(meter));
	return meter;
}

static void test_metadata(void **state)
{
	static const char *const keys[] = {"R", "GS", "GI", "O", "S", "I", "UG"};
	struct vppk2 *meter = vppk2_new(7);
	char text[METADATA_MAX];
	size_t length = metadata_text(meter, text);

	(void)state;
	assert_memory_equal(text, "Calibrated: ", 12);
	assert_string_equal(text + length - 5, "\nEND\n");
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		for (int n = 0; n < 5; n++)
			assert_true(isfinite(value_of(text, keys[k], n)));
	assert_true(value_of(text, "VDD", -1) >= 800);
	assert_true(value_of(text, "mode", -1) == 2);
	value_of(text, "HW", -1);
	value_of(text, "IA", -1);
	assert_int_equal(vppk2_pending_bytes(meter), 0);
	vppk2_free(meter);
}

/* Mean of many readings of one current, by the sheet's formula, against the truth. */
static void test_conversion_round_trip(void **state)
{
	static const struct {
		double current_a;
		unsigned range;
		double resolution_a; /* as published */
	} points[] = {
		{20e-6, 0, 0.2e-6}, {200e-6, 1, 0.5e-6}, {2e-3, 2, 5e-6},
		{8e-3, 3, 50e-6},   {25e-3, 3, 50e-6},   {0.4, 4, 1e-3},
	};
	struct calibration c;
	struct vppk2 *meter = new_streaming(11, &c);

	(void)state;
	for (size_t p = 0; p < sizeof(points) / sizeof(points[0]); p++) {
		double sum_a = 0, error_a, allowed_a;
		int count = 20000;

		for (int i = 0; i < count + 100; i++) {
			struct sample sample;

			vppk2_sample(meter, points[p].current_a, 0);
			sample = take_sample(meter);
			if (i < 100) /* ranging */
				continue;
			assert_int_equal(sample.range, points[p].range);
			sum_a += to_current_a(&c, &sample, 3300);
		}
		error_a = sum_a / count - points[p].current_a;
		/* Normal draws, bounded at 4.9 sd: gain 0.05 %, zero resolution / sqrt(12). */
		allowed_a = 0.0025 * points[p].current_a + 1.45 * points[p].resolution_a;
		print_message("range %u: %.4g A read as %+.3f %%\n", points[p].range,
			      points[p].current_a, 100 * error_a / points[p].current_a);
		assert_true(fabs(error_a) < allowed_a);
		assert_true(error_a != 0);
	}
	vppk2_free(meter);
}

/* The converter value moves with the set voltage as S says, so that the converted current does not.
 */
static void test_voltage_term(void **state)
{
	enum { COUNT = 4000 };

	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct calibration c;
		struct vppk2 *meter = new_streaming(seed, &c);
		double sum_a[2] = {0, 0};

		for (int high = 0; high < 2; high++) {
			if (high)
				COMMAND(meter, "\x0d\x13\x88"); /* 5000 mV */
			else
				COMMAND(meter, "\x0d\x03\x20"); /* 800 mV */
			for (int i = 0; i < COUNT + 50; i++) {
				struct sample sample;

				vppk2_sample(meter, 0.3, 0);
				sample = take_sample(meter);
				if (i >= 50)
					sum_a[high] += to_current_a(&c, &sample, high ? 5000 : 800);
			}
		}
		/* 0.7 LSB of noise over 4000 samples: 0.011 LSB of 1.02 mA, and five times that. */
		assert_true(fabs(sum_a[1] - sum_a[0]) / COUNT < 0.08 * 1.02e-3);
		vppk2_free(meter);
	}
}

/* Gain errors over many instruments: mean near 0, sd near 0.05 %, none the same. */
static void test_gain_error_spread(void **state)
{
	enum { METERS = 120, COUNT = 400 };
	double sum = 0, squares = 0;

	(void)state;
	for (uint64_t seed = 0; seed < METERS; seed++) {
		struct calibration c;
		struct vppk2 *meter = new_streaming(seed, &c);
		double high_a = 0, low_a = 0, gain;

		/* Two currents in one range: the offset drops out. */
		for (int i = 0; i < COUNT + 20; i++) {
			struct sample sample;

			vppk2_sample(meter, i % 2 ? 4.9e-3 : 0.9e-3, 0);
			sample = take_sample(meter);
			if (i >= 20)
				*(i % 2 ? &high_a : &low_a) += to_current_a(&c, &sample, 3300);
		}
		gain = (high_a - low_a) / (COUNT / 2) / 4e-3 - 1;
		sum += gain;
		squares += gain * gain;
		vppk2_free(meter);
	}
	assert_true(fabs(sum / METERS) < 0.0002);
	assert_true(sqrt(squares / METERS) > 0.0003 && sqrt(squares / METERS) < 0.0008);
}

/* Zeros over many instruments: sd resolution / sqrt(12). */
static void test_zero_spread(void **state)
{
	enum { METERS = 200, COUNT = 400 };
	const double sd_a = 50e-6 / sqrt(12); /* range 3 */
	double sum_a = 0, squares = 0;

	(void)state;
	for (uint64_t seed = 0; seed < METERS; seed++) {
		struct calibration c;
		struct vppk2 *meter = new_streaming(seed, &c);
		double read_a = 0, zero_a;

		for (int i = 0; i < COUNT + 20; i++) {
			struct sample sample;

			vppk2_sample(meter, 5.5e-3, 0); /* gain: 3 uA */
			sample = take_sample(meter);
			if (i >= 20)
				read_a += to_current_a(&c, &sample, 3300) / COUNT;
		}
		zero_a = read_a - 5.5e-3;
		sum_a += zero_a;
		squares += zero_a * zero_a;
		vppk2_free(meter);
	}
	print_message("zero of range 3: mean %.3g A, sd %.3g A\n", sum_a / METERS,
		      sqrt(squares / METERS));
	assert_true(fabs(sum_a / METERS) < 4 * sd_a / sqrt(METERS));
	assert_true(fabs(sqrt(squares / METERS) / sd_a - 1) < 4 / sqrt(2 * METERS));
}

static void test_counter_logic_and_unused_bit(void **state)
{
	struct calibration c;
	struct vppk2 *meter = new_streaming(1, &c);

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct sample sample;

		vppk2_sample(meter, 1e-3, (uint8_t)(i * 37));
		sample = take_sample(meter);
		assert_int_equal(sample.counter, i % 64);
		assert_int_equal(sample.logic, (uint8_t)(i * 37));
		assert_int_equal(sample.unused, 0);
	}
	COMMAND(meter, "\x07");
	vppk2_sample(meter, 1e-3, 0);
	assert_int_equal(vppk2_pending_bytes(meter), 0);
	COMMAND(meter, "\x0c");
	command(meter, "\0", 1); /* supply off: the logic port is dead too */
	COMMAND(meter, "\x06");
	vppk2_sample(meter, 0, 0xff);
	assert_int_equal(take_sample(meter).logic, 0);
	vppk2_free(meter);
}

static void test_ranging_has_hysteresis(void **state)
{
	struct calibration c;
	struct vppk2 *meter = new_streaming(5, &c);
	unsigned before, changes = 0;
	struct sample sample;

	(void)state;
	for (int i = 0; i < 50; i++) {
		vppk2_sample(meter, 4.9e-3, 0);
		sample = take_sample(meter);
	}
	assert_int_equal(sample.range, 2);
	vppk2_sample(meter, 5.1e-3, 0);
	assert_int_equal(take_sample(meter).range, 3);
	before = 3;
	for (int i = 0; i < 100; i++) { /* around the switch point: it stays */
		vppk2_sample(meter, i % 2 ? 5.1e-3 : 4.6e-3, 0);
		sample = take_sample(meter);
		changes += sample.range != before;
		before = sample.range;
	}
	assert_int_equal(changes, 0);
	for (int i = 0; i < 10; i++) {
		vppk2_sample(meter, 1e-3, 0);
		sample = take_sample(meter);
	}
	assert_int_equal(sample.range, 2);
	vppk2_free(meter);
}

/* A switch disturbs its sample by up to 25 %, and is over after a few. */
static void test_range_switch_disturbs(void **state)
{
	struct calibration c;
	struct vppk2 *meter = new_streaming(5, &c);
	double worst = 0;

	(void)state;
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 12; i++) {
			struct sample sample;
			double error;

			vppk2_sample(meter, round % 2 ? 20e-3 : 2e-3, 0);
			sample = take_sample(meter);
			error = to_current_a(&c, &sample, 3300) / (round % 2 ? 20e-3 : 2e-3) - 1;
			if (i <= 2 && round > 0)
				worst = fmax(worst, fabs(error));
			if (i > 6)
				assert_true(fabs(error) < 0.02);
		}
	}
	assert_true(worst > 0.05 && worst < 0.4);
	vppk2_free(meter);
}

static void test_saturation_and_zero(void **state)
{
	struct calibration c;
	struct vppk2 *meter = new_streaming(5, &c);
	struct sample sample;

	(void)state;
	vppk2_sample(meter, 100, 0);
	sample = take_sample(meter);
	assert_int_equal(sample.range, 4);
	assert_int_equal(sample.adc, 16383);
	for (int i = 0; i < 100; i++) {
		vppk2_sample(meter, 0, 0);
		sample = take_sample(meter);
	}
	assert_int_equal(sample.range, 0);
	assert_true(fabs(to_current_a(&c, &sample, 3300)) < 0.5e-6);
	vppk2_free(meter);
}

static void test_supply(void **state)
{
	double low = 1, high = 1;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct vppk2 *meter = vppk2_new(seed);

		assert_true(vppk2_supply_v(meter) == 0);
		COMMAND(meter, "\x0d\x0c\xe4");
		assert_true(vppk2_supply_v(meter) == 0);
		COMMAND(meter, "\x0c\x01");
		low = fmin(low, vppk2_supply_v(meter) / 3.3);
		high = fmax(high, vppk2_supply_v(meter) / 3.3);
		COMMAND(meter, "\x11\x01"); /* ampere meter */
		assert_true(vppk2_supply_v(meter) == 0);
		COMMAND(meter, "\x11\x02\x0d\xff\xff");
		assert_true(fabs(vppk2_supply_v(meter) / 5 - 1) < 0.0009);
		COMMAND(meter, "\x20"); /* reset */
		assert_true(vppk2_supply_v(meter) == 0);
		vppk2_free(meter);
	}
	assert_true(low < 0.9995 && low > 0.99919);
	assert_true(high > 1.0005 && high < 1.00081);
}

/* Every way to cut a conversation into pieces comes to the same. */
static void test_commands_split_anywhere(void **state)
{
	/* 0x06 and 0x19 inside arguments are no commands; 0x77 is none at all. */
	static const char talk[] =
		"\x0d\x06\x19\x77\x25\x02\x00\x00\x80\x3f\x0c\x01\x01\x06\x06\x06"
		"\x19\x06";
	size_t length = sizeof(talk) - 1;
	char whole[METADATA_MAX], pieces[METADATA_MAX];
	size_t whole_length, pieces_length;

	(void)state;
	for (size_t cut = 0; cut <= length; cut++) {
		struct vppk2 *a = vppk2_new(3), *b = vppk2_new(3);

		command(a, talk, length);
		for (size_t i = 0; i < cut; i++)
			command(b, talk + i, 1);
		command(b, talk + cut, length - cut);
		assert_true(fabs(vppk2_supply_v(a) / 1.561 - 1) < 0.001);
		assert_true(vppk2_supply_v(a) == vppk2_supply_v(b));
		assert_true(vppk2_streaming(a) && vppk2_streaming(b));
		whole_length = vppk2_take_bytes(a, (uint8_t *)whole, sizeof(whole));
		pieces_length = vppk2_take_bytes(b, (uint8_t *)pieces, sizeof(pieces));
		assert_int_equal(whole_length, pieces_length);
		assert_memory_equal(whole, pieces, whole_length);
		assert_true(whole_length > 300 && whole_length < 2000); /* metadata once */
		vppk2_free(a);
		vppk2_free(b);
	}
}

static void test_user_gain(void **state)
{
	struct vppk2 *meter = vppk2_new(3);
	struct calibration c;

	(void)state;
	COMMAND(meter, "\x25\x03\x00\x00\xa0\x3f"); /* 1.25f */
	COMMAND(meter, "\x25\x07\x00\x00\xa0\x3f"); /* no such range */
	COMMAND(meter, "\x25\x01\xff\xff\xff\xff"); /* not a number */
	c = read_calibration(meter);
	assert_true(c.ug[3] == 1.25);
	assert_true(c.ug[1] == 1);
	vppk2_free(meter);
}

static void test_crystal(void **state)
{
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct vppk2 *meter = vppk2_new(seed);
		int64_t second_ps = vppk2_sample_end_ps(meter, 99999);

		least = second_ps < least ? second_ps : least;
		most = second_ps > most ? second_ps : most;
		assert_true(llabs(vppk2_sample_end_ps(meter, 0) - 10000000) <= 300);
		/* No rounding piles up: a day is 86400 of the first second. */
		assert_true(llabs(vppk2_sample_end_ps(meter, 8640000000 - 1) - 86400 * second_ps) <=
			    86400);
		vppk2_free(meter);
	}
	assert_true(least >= 1000000000000 - 30000000 && least < 1000000000000 - 10000000);
	assert_true(most <= 1000000000000 + 30000000 && most > 1000000000000 + 10000000);
}

/* A host that reads nothing: the queue is bounded, whole samples are lost, the counter tells. */
static void test_queue_is_bounded(void **state)
{
	struct calibration c;
	struct vppk2 *meter = new_streaming(1, &c);
	unsigned samples = VPPK2_QUEUE_BYTES / 4;
	struct sample sample;

	(void)state;
	vppk2_sample(meter, 1e-3, 0);
	take_sample(meter); /* the ring does not start at its beginning */
	for (unsigned i = 0; i < samples + 5; i++)
		vppk2_sample(meter, 1e-3, 0);
	assert_int_equal(vppk2_pending_bytes(meter), VPPK2_QUEUE_BYTES);
	for (unsigned i = 0; i < samples; i++) {
		sample = take_sample(meter);
		assert_int_equal(sample.counter, (i + 1) % 64);
	}
	vppk2_sample(meter, 1e-3, 0);
	assert_int_equal(take_sample(meter).counter, (sample.counter + 6) % 64);
	vppk2_free(meter);
}

static void test_same_seed_same_bytes(void **state)
{
	struct calibration c;
	struct vppk2 *a = new_streaming(9, &c), *b = new_streaming(9, &c),
		     *other = new_streaming(10, &c);
	unsigned differences = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct sample x, y, z;

		vppk2_sample(a, 20e-3, 0);
		vppk2_sample(b, 20e-3, 0);
		vppk2_sample(other, 20e-3, 0);
		x = take_sample(a);
		y = take_sample(b);
		z = take_sample(other);
		assert_memory_equal(&x, &y, sizeof(x));
		differences += x.adc != z.adc;
	}
	assert_true(differences > 500);
	vppk2_free(a);
	vppk2_free(b);
	vppk2_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_conversion_round_trip),
		cmocka_unit_test(test_voltage_term),
		cmocka_unit_test(test_gain_error_spread),
		cmocka_unit_test(test_zero_spread),
		cmocka_unit_test(test_counter_logic_and_unused_bit),
		cmocka_unit_test(test_ranging_has_hysteresis),
		cmocka_unit_test(test_range_switch_disturbs),
		cmocka_unit_test(test_saturation_and_zero),
		cmocka_unit_test(test_supply),
		cmocka_unit_test(test_commands_split_anywhere),
		cmocka_unit_test(test_user_gain),
		cmocka_unit_test(test_crystal),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_same_seed_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
