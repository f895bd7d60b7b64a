/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PPK2: 100,000 words of all ranges, against what two public host programs make of them (both with
 * the vendor's spike filter), bit for bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/ppk2_calibration.h"
#include "drivers/meter/ppk2_filter.h"
#include "drivers/meter/ppk2_stream.h"

enum { WORDS = 100000, SUPPLY_MV = 3300 };

static uint8_t words[WORDS * 4 + 4];
static uint8_t expected_logic[WORDS + 1];
static double expected_ua[WORDS + 1];
static char metadata[4096];

/* Size of the file, 0 when it cannot be read. */
static size_t vector_read(const char *name, void *buffer, size_t capacity)
{
	const char *vectors = getenv("JOULEBENCH_VECTORS");
	char path[512];
	size_t count;
	FILE *file;

	snprintf(path, sizeof(path), "%s/ppk2/%s", vectors ? vectors : "../shared/vectors", name);
	file = fopen(path, "rb");
	if (!file)
		return 0;
	count = fread(buffer, 1, capacity, file);
	fclose(file);
	return count;
}

static void conversion_get(struct ppk2_conversion *conversion)
{
	struct ppk2_calibration calibration;
	struct err err = {""};

	assert_int_equal(ppk2_calibration_parse(metadata, strlen(metadata), &calibration, &err), 0);
	for (int key = 0; key < PPK2_KEYS; key++)
		assert_int_equal(calibration.defaulted[key], 0);
	ppk2_conversion_init(conversion, &calibration, SUPPLY_MV);
}

static void check_run(const struct ppk2_run *run, const struct ppk2_conversion *conversion,
		      struct ppk2_filter *filter, size_t at)
{
	for (size_t i = 0; i < run->count; i++, at++) {
		uint32_t word = ppk2_word(run->bytes + 4 * i);
		uint32_t range = ppk2_word_range(word);
		double raw_a = ppk2_convert(conversion, ppk2_word_adc(word), range);
		double ua = ppk2_filter_apply(filter, raw_a, range) * 1e6;

		if (memcmp(&ua, &expected_ua[at], sizeof(ua)))
			fail_msg("word %zu: %a uA, expected %a", at, ua, expected_ua[at]);
		assert_int_equal(ppk2_word_logic(word), expected_logic[at]);
	}
}

static void golden(void **state)
{
	static struct ppk2_stream stream;
	struct ppk2_conversion conversion;
	struct ppk2_filter filter;
	size_t done = 0, fed = 0;

	(void)state;
	conversion_get(&conversion);
	ppk2_filter_init(&filter);
	ppk2_stream_init(&stream);
	words[WORDS * 4 + 2] = WORDS % 64 << 2; /* one more: the newest word is held back */
	while (fed < sizeof(words)) {
		size_t capacity, part = sizeof(words) - fed < 4093 ? sizeof(words) - fed : 4093;
		uint8_t *space = ppk2_stream_space(&stream, &capacity);
		struct ppk2_run run;

		assert_true(part <= capacity);
		memcpy(space, words + fed, part);
		ppk2_stream_fill(&stream, part);
		fed += part;
		while (ppk2_stream_next(&stream, 4096, &run) == 1) {
			assert_int_equal(run.lost, 0);
			check_run(&run, &conversion, &filter, done);
			done += run.count;
		}
	}
	assert_int_equal(done, WORDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(golden)};

	if (!vector_read("words.bin", words, sizeof(words))) {
		printf("skipped: the PPK2 vectors are not here (JOULEBENCH_VECTORS)\n");
		return 77;
	}
	if (vector_read("words.bin", words, sizeof(words)) != WORDS * 4 ||
	    vector_read("expected_bits.u8", expected_logic, sizeof(expected_logic)) != WORDS ||
	    vector_read("expected_ua.f64", expected_ua, sizeof(expected_ua)) != WORDS * 8 ||
	    !vector_read("metadata.txt", metadata, sizeof(metadata) - 1)) {
		printf("the PPK2 vectors are not whole\n");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
