/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Samples into blocks, parameters and JSON, as the Joulescopes' drivers use them: against plain
 * loops.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/joulescope_blocks.h"
#include "drivers/meter/joulescope_json.h"
#include "drivers/meter/meter_params.h"

enum { SAMPLES = 60000 };

static float current_a[SAMPLES], voltage_v[SAMPLES], raw_a[SAMPLES];
static uint8_t logic[SAMPLES], range[SAMPLES];
static struct joulescope_blocks blocks;
static struct meter_block block;
static uint64_t seed = 3;

static uint32_t below(uint32_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % limit;
}

static void samples_fill(void)
{
	uint8_t r = 2;

	for (size_t n = 0; n < SAMPLES; n++) {
		r = below(700) ? r : (uint8_t)below(8);
		range[n] = r;
		raw_a[n] = (float)below(1000) * 1e-5f;
		if (n / 3000 % 4 == 1)
			raw_a[n] = 1e-6f;
		if (n / 2500 % 5 == 2)
			raw_a[n] = below(2) ? 0.5f : -0.5f;
		current_a[n] = below(3000) ? raw_a[n] : NAN;
		voltage_v[n] = 3 + (float)below(100) * 1e-3f;
		logic[n] = (uint8_t)below(256);
	}
}

/* What a plain loop says of samples first..end, with runs carried on; returns the flags. */
struct plain {
	uint32_t over, misfit, switches, flags;
	int last;
};

static void plain_watch(struct plain *plain, size_t first, size_t end)
{
	plain->flags = plain->switches = 0;
	for (size_t n = first; n < end; n++) {
		const struct joulescope_limit *limit = &blocks.limit[range[n]];

		plain->switches += plain->last >= 0 && plain->last != range[n];
		plain->last = range[n];
		plain->over = fabsf(current_a[n]) >= limit->over_a ? plain->over + 1 : 0;
		plain->misfit = fabsf(current_a[n]) < limit->misfit_a ? plain->misfit + 1 : 0;
		if (plain->over >= limit->over_samples)
			plain->flags |= METER_BLOCK_SATURATED;
		if (plain->misfit >= blocks.misfit_samples)
			plain->flags |= METER_BLOCK_RANGE_MISFIT;
	}
}

static void settings_fill(uint32_t factor)
{
	blocks = (struct joulescope_blocks){.factor = factor, .misfit_samples = 900};
	for (int n = 0; n < METER_RANGES_MAX; n++)
		blocks.limit[n] = (struct joulescope_limit){0.4f, -0.4f, n < 5 ? 1e-5f : 0, 30};
	joulescope_blocks_restart(&blocks);
}

static void check_plain_block(struct plain *plain)
{
	size_t first = (size_t)block.first_index;

	joulescope_blocks_finish(&blocks, &block);
	plain_watch(plain, first, first + block.count);
	assert_int_equal(block.flags, plain->flags);
	assert_int_equal(block.range_switches, plain->switches);
	assert_memory_equal(block.current_a, current_a + first, block.count * sizeof(float));
	assert_memory_equal(block.raw_current_a, raw_a + first, block.count * sizeof(float));
	assert_memory_equal(block.voltage_v, voltage_v + first, block.count * sizeof(float));
	assert_memory_equal(block.logic, logic + first, block.count);
	assert_memory_equal(block.range, range + first, block.count);
}

static struct joulescope_samples piece(size_t at, size_t count)
{
	return (struct joulescope_samples){.current_a = current_a + at,
					   .voltage_v = voltage_v + at,
					   .raw_current_a = raw_a + at,
					   .logic = logic + at,
					   .range = range + at,
					   .count = count,
					   .index = at};
}

/* Pieces of any length, with a gap now and then. */
static void every_sample_and_flag(void **state)
{
	struct plain plain = {.last = -1};
	uint64_t next = 0, lost = 0;
	uint32_t seen = 0;

	(void)state;
	samples_fill();
	settings_fill(1);
	meter_block_begin(&block);
	for (size_t at = 0; at < SAMPLES;) {
		size_t count = 1 + below(3000), used = 0;

		count = count < SAMPLES - at ? count : SAMPLES - at;
		while (used < count) {
			struct joulescope_samples samples = piece(at + used, count - used);

			used += joulescope_blocks_add(&blocks, &block, &samples);
			if (used == count)
				break;
			assert_true(block.first_index == next + block.lost);
			next = block.first_index + block.count;
			lost += block.lost;
			if (block.lost)
				plain = (struct plain){.last = -1};
			check_plain_block(&plain);
			seen |= block.flags;
			meter_block_begin(&block);
		}
		at += count + (below(20) ? 0 : 1 + below(50));
	}
	assert_true(lost > 0);
	assert_int_equal(seen, METER_BLOCK_SATURATED | METER_BLOCK_RANGE_MISFIT);
}

static void check_mean(uint32_t factor, uint32_t n)
{
	size_t first = (size_t)(block.first_index + n) * factor;
	double i = 0, v = 0;
	uint8_t middle =
		factor % 2 ? logic[first + factor / 2] & 15 : logic[first + factor / 2 - 1] >> 4;

	for (size_t k = first; k < first + factor; k++) {
		i += (double)current_a[k];
		v += (double)voltage_v[k];
	}
	if (isnan(i))
		assert_true(isnan(block.current_a[n]));
	else
		assert_true(block.current_a[n] == (float)(i / factor));
	assert_true(block.voltage_v[n] == (float)(v / factor));
	assert_int_equal(block.logic[n], middle | (logic[first + factor - 1] & 0xf0));
	assert_int_equal(block.range[n], range[first + factor - 1]);
}

static void means(void **state)
{
	static const uint32_t factors[] = {2, 3, 7, 20, 1000};

	(void)state;
	for (size_t f = 0; f < sizeof(factors) / sizeof(factors[0]); f++) {
		uint32_t factor = factors[f];
		uint64_t next = 0, taken = 0;

		samples_fill();
		settings_fill(factor);
		meter_block_begin(&block);
		for (size_t at = 0; at < SAMPLES;) {
			size_t count = 1 + below(2500), used = 0;

			count = count < SAMPLES - at ? count : SAMPLES - at;
			while (used < count) {
				struct joulescope_samples samples = piece(at + used, count - used);

				used += joulescope_blocks_add(&blocks, &block, &samples);
				if (used == count)
					break;
				assert_true(block.count > 0);
				assert_true(block.first_index == next + block.lost);
				next = block.first_index + block.count;
				for (uint32_t n = 0; n < block.count; n++)
					check_mean(factor, n);
				taken += block.count;
				meter_block_begin(&block);
			}
			at += count + (below(10) ? 0 : 1 + below(5000));
		}
		for (uint32_t n = 0; n < block.count; n++)
			check_mean(factor, n);
		assert_true((taken + block.count) * factor > SAMPLES / 4);
	}
}

/* --- parameters and JSON ---------------------------------------------------------------------- */

static const struct meter_param table[] = {
	{"rate_hz", "Hz", "1000", 10, 2000, "rate"},
	{"mode", "", "fast", 0, 0, "slow|fast|very fast: how"},
	{"name", "", "any", 0, 0, "*: which"},
	{"must", "", NULL, 1, 9, "no default"},
	{NULL},
};

static void parameters(void **state)
{
	static const struct {
		const char *options, *says;
	} bad[] = {
		{"", "must is missing: no default"},
		{"must=0", "must=0 is no number within 1..9"},
		{"must=1, rate_hz=9.99", "10..2000 Hz"},
		{"must=1, rate_hz=nan", "no number"},
		{"must=1, rate_hz=", "no number"},
		{"must=1, rate_hz=1 0", "no number"},
		{"must=1, mode=fas", "slow|fast|very fast"},
		{"must=1, mode=", "slow|fast|very fast"},
		{"must=1, modus=fast", "\"modus\"; there are: rate_hz, mode, name, must"},
		{"must=1 mode=fast", "no number"},
		{"must=1, must=1", "twice"},
		{"fast", "no key=value"},
	};
	struct meter_param_value values[4];
	struct err err;

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		assert_int_equal(meter_params_parse(table, bad[n].options, values, &err), -EINVAL);
		if (!strstr(err.text, bad[n].says))
			fail_msg("%s: %s", bad[n].options, err.text);
	}
	assert_int_equal(
		meter_params_parse(table, " must = 3 ,mode=very fast,, name=a=b,", values, &err),
		0);
	assert_true(values[0].number == 1000 && !values[0].given);
	assert_true(values[1].number == 2 && values[1].given);
	assert_string_equal(values[1].word, "very fast");
	assert_string_equal(values[2].word, "a=b");
	assert_true(values[3].number == 3);
	assert_int_equal(meter_params_parse(NULL, NULL, NULL, &err), 0);
	assert_int_equal(meter_params_parse(NULL, "a=1", NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "there are: none"));
}

static void json(void **state)
{
	static const char text[] = " { \"a\" : [1, [2, \"x]\"], {\"b\": 3}, NaN, -4.5e-1 ] , \"c\" "
				   ": { \"d\" : \"D e\" } }";
	static const char *const micros[] = {"\"180 uA\"",
					     "\"180 \xC2\xB5"
					     "A\"",
					     "\"180 \xCE\xBC"
					     "A\"",
					     "\"180 \\u00B5A\""};
	struct json whole = {text, text + sizeof(text) - 1}, value, element;
	double number;

	(void)state;
	assert_true(json_member(whole, "a", &value) && json_first(value, &element));
	assert_true(json_number(element, &number) && number == 1);
	assert_true(json_next(element, &element) && !json_number(element, &number));
	assert_true(json_next(element, &element) && json_member(element, "b", &value));
	assert_true(json_number(value, &number) && number == 3);
	assert_true(json_next(element, &element) && json_number(element, &number) && isnan(number));
	assert_true(json_next(element, &element) && json_number(element, &number));
	assert_true(number == -0.45);
	assert_false(json_next(element, &element));
	assert_true(json_member(whole, "c", &value) && json_member(value, "d", &value));
	assert_true(json_string_is(value, "de") && json_string_is(value, "D E"));
	assert_false(json_string_is(value, "def"));
	assert_false(json_string_is(value, "d"));
	assert_false(json_member(whole, "d", &value));
	for (size_t n = 0; n < sizeof(micros) / sizeof(micros[0]); n++) {
		const struct json micro = {micros[n], micros[n] + strlen(micros[n])};

		assert_true(json_string_is(micro, "180 uA"));
		assert_false(json_string_is(micro, "180 A") || json_string_is(micro, "180 mA"));
		for (size_t length = 0; length < strlen(micros[n]); length++)
			assert_false(json_string_is((struct json){micro.at, micro.at + length},
						    "180 uA"));
	}
	assert_false(json_member(whole, "b", &value));
	for (size_t length = 0; length < sizeof(text) - 1; length++) {
		char *cut = malloc(length ? length : 1);

		memcpy(cut, text, length);
		assert_false(json_member((struct json){cut, cut + length}, "z", &value));
		if (json_member((struct json){cut, cut + length}, "a", &value) &&
		    json_first(value, &element))
			while (json_next(element, &element))
				(void)json_number(element, &number);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sample_and_flag),
		cmocka_unit_test(means),
		cmocka_unit_test(parameters),
		cmocka_unit_test(json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
