/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual STM32L4R5's empty check: where a chip that was blank at power-on boots.
 */
#include "tests/unit/virtual/chip_bench.h"
#include "tests/unit/virtual/chip_loader.h"

static void reset_by_pin(struct bench *bench)
{
	chip_set_nrst(bench->chip, false);
	bench_run(bench, BENCH_MS);
	chip_set_nrst(bench->chip, true);
	bench_run(bench, 10 * BENCH_MS);
}

/* Blank at power-on: BOOT0 low reaches the loader, and does so after programming too, until the
 * flag is toggled or power comes again. */
static void test_empty_check(void **state)
{
	const uint32_t vectors[2] = {0x20030000, 0x08000009};
	const uint32_t sr = L4L5_FLASHC_BASE + 0x10, empty = 1u << 17;
	struct bench bench;

	(void)state;
	bench_open(&bench, 3);
	chip_set_supply(bench.chip, 3.0);
	bench_run(&bench, 10 * BENCH_MS);
	loader_exchange(&bench, "\x7F", 1, "\x79", 1);
	loader_write(&bench, vectors, sizeof(vectors));
	loader_exchange(&bench, "\x31\xCE", 2, "\x79", 1);
	loader_exchange(&bench, "\x08\x00\x00\x08\x00", 5, "\x79", 1);
	loader_exchange(&bench, "\x03\xFE\xE7\xFE\xE7\x03", 6, "\x79", 1); /* b . */
	reset_by_pin(&bench);
	loader_exchange(&bench, "\x7F", 1, "\x79", 1);
	assert_int_equal(bench_peek(&bench, sr) & empty, empty);
	loader_exchange(&bench, "\x21\xDE", 2, "\x79", 1);
	loader_exchange(&bench, "\x08\x00\x00\x00\x08", 5, "\x79", 1);
	assert_int_equal(bench_peek(&bench, sr) & empty, empty);
	bench_poke(&bench, sr, empty);
	assert_int_equal(bench_peek(&bench, sr) & empty, 0);
	reset_by_pin(&bench);
	loader_exchange(&bench, "\x7F", 1, "", 0);
	bench_poke(&bench, sr, empty);
	reset_by_pin(&bench);
	loader_exchange(&bench, "\x7F", 1, "\x79", 1);
	chip_set_supply(bench.chip, 0);
	bench_run(&bench, BENCH_MS);
	chip_set_supply(bench.chip, 3.0);
	bench_run(&bench, 10 * BENCH_MS);
	loader_exchange(&bench, "\x7F", 1, "", 0);
	assert_int_equal(bench_peek(&bench, sr) & empty, 0);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
