/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The STM32 flasher against a loader written for the test from AN3155, with the faults a
 * board and a line have. Time-outs are the shipped ones; they pass on the fake link's clock.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/flash/stm32_family.h"
#include "drivers/flash/stm32_uart.h"
#include "tests/unit/drivers/test_flash_loader.h"

/* ---- the bench ---- */

struct bench {
	struct control control;
	uint8_t image[20001];
	struct flash_request request;
	struct flash_report report;
	struct err err;
	size_t last_done, last_total;
};

static struct bench bench;

static void note_progress(void *context, size_t done, size_t total)
{
	struct bench *on = context;

	assert_true(done > on->last_done && done <= total);
	on->last_done = done;
	on->last_total = total;
}

/* A fresh board with old contents in its flash, and a request for 20001 bytes at its start. */
static int setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	memset(&loader, 0, sizeof(loader));
	loader.id = 0x470;
	loader.lose_received = loader.lose_sent = loader.flip_read_once = NEVER;
	loader.stuck_byte = NEVER;
	memset(loader.flash, 0xA5, sizeof(loader.flash));
	fake_link_init();
	fake_link.on_write = on_write;
	fake_link.on_lines = on_lines;
	assert_int_equal(control_init(&bench.control, &fake_link,
				      (struct control_line){.kind = CONTROL_LINE_DTR},
				      (struct control_line){.kind = CONTROL_LINE_RTS}, NULL),
			 0);
	for (size_t i = 0; i < sizeof(bench.image); i++)
		bench.image[i] = (uint8_t)(i * 31 + (i >> 8));
	memset(bench.image + 4096, 0xFF, 1024);
	bench.request = (struct flash_request){
		.link = &fake_link,
		.control = &bench.control,
		.baud = 115200,
		.address = 0x08000000,
		.bytes = bench.image,
		.count = sizeof(bench.image),
		.expected_id = 0x470,
		.progress = note_progress,
		.context = &bench,
	};
	return 0;
}

/* Whatever happened: BOOT0 inactive, the board started from flash, nothing forbidden was said. */
static void check_left_well(void)
{
	assert_false(fake_link.dtr);
	assert_false(fake_link.rts);
	assert_false(loader.running);
	assert_int_equal(loader.boots, 1);
	assert_false(loader.forbidden);
	assert_false(loader.mass_erased);
	assert_int_equal(loader.double_writes, 0);
}

static void write_succeeds(unsigned min_retries, unsigned max_retries)
{
	int ret = stm32_uart_write(&bench.request, &stm32_limits_an3155, &bench.report, &bench.err);

	if (ret)
		fail_msg("%d: %s", ret, bench.err.text);
	assert_memory_equal(loader.flash + (bench.request.address - 0x08000000),
			    bench.request.bytes, bench.request.count);
	assert_in_range(bench.report.retries, min_retries, max_retries);
	assert_int_equal(bench.report.written, bench.request.count);
	assert_int_equal(bench.last_done, 2 * bench.request.count);
	check_left_well();
}

static void write_fails(int code, const char *words)
{
	int ret = stm32_uart_write(&bench.request, &stm32_limits_an3155, &bench.report, &bench.err);

	if (ret != code || !strstr(bench.err.text, words))
		fail_msg("%d, not %d: '%s' should say '%s'", ret, code, bench.err.text, words);
	assert_int_equal(strncmp(bench.err.text, "stm32_uart: ", 12), 0);
	assert_int_equal(bench.report.written, 0);
	check_left_well();
}

/* ---- tests ---- */

static void test_whole_write(void **state)
{
	(void)state;
	write_succeeds(0, 0);
	assert_int_equal(bench.report.id, 0x470);
	assert_int_equal(bench.report.version, 0x31);
	assert_int_equal(fake_link.settings.baud, 115200);
	assert_int_equal(fake_link.settings.parity, LINK_PARITY_EVEN);
	/* five pages hold it, and only they were erased; every block was written */
	assert_int_equal(loader.erased, 5);
	assert_int_equal(loader.erase_commands, 1);
	assert_int_equal(loader.writes, 79);
	/* padded to a double word with the erased value; the next page as it was */
	for (size_t i = 20001; i < 20480; i++)
		assert_int_equal(loader.flash[i], 0xFF);
	assert_int_equal(loader.flash[20480], 0xA5);
	/* run once, before the reset: a part with an empty check may need it */
	assert_int_equal(loader.starts, 1);
	assert_int_equal(loader.started_at, 0x08000000);
}

/* The reset is what counts. */
static void test_go_refused(void **state)
{
	(void)state;
	loader.go_refused = true;
	write_succeeds(0, 0);
	assert_int_equal(loader.starts, 0);
}

static void test_second_page_only(void **state)
{
	(void)state;
	bench.request.address = 0x08001000;
	bench.request.count = 8;
	write_succeeds(0, 0);
	assert_int_equal(loader.flash[0x0FFF], 0xA5);
	assert_int_equal(loader.flash[0x2000], 0xA5);
	assert_int_equal(loader.erased, 1);
	assert_int_equal(loader.starts, 0); /* no vector table there */
}

/* A sector of 256 KiB, erased byte by byte (F74x). */
static void test_slow_erase(void **state)
{
	(void)state;
	loader.page_erase_ns = 8000000000;
	bench.request.count = 8;
	write_succeeds(0, 0);
	assert_int_equal(loader.erase_commands, 1);
}

static void test_many_pages_in_blocks(void **state)
{
	static uint8_t big[18 * 4096 - 5];

	(void)state;
	memset(big, 0x3C, sizeof(big));
	bench.request.bytes = big;
	bench.request.count = sizeof(big);
	write_succeeds(0, 0);
	assert_int_equal(loader.erased, 18);
	assert_int_equal(loader.most_pages, 16);
	assert_int_equal(loader.erase_commands, 2);
}

static void test_legacy_erase(void **state)
{
	(void)state;
	loader.legacy = true;
	write_succeeds(0, 0);
	assert_int_equal(loader.erased, 5);
}

static void test_byte_at_a_time(void **state)
{
	(void)state;
	loader.one_by_one = true;
	bench.request.count = 1000;
	write_succeeds(0, 0);
}

static void test_noise_after_reset(void **state)
{
	(void)state;
	loader.noisy_reset = true;
	write_succeeds(0, 0);
}

static void test_already_synchronised(void **state)
{
	(void)state;
	loader.synced_at_reset = true;
	write_succeeds(0, 0);
}

static void test_second_reset_helps(void **state)
{
	(void)state;
	loader.resets_needed = 2;
	write_succeeds(0, 0);
	assert_int_equal(loader.resets, 2);
}

/* A fresh board for each of several places. */
static void at_places(const long *places, size_t count, void (*run)(long at))
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			setup(NULL);
		bench.request.count = 1200;
		run(places[i]);
	}
}

static void lose_received(long at)
{
	loader.lose_received = at;
	write_succeeds(at == 0 ? 0 : 1, 4);
	assert_true(loader.received > at);
}

/* One byte lost on the way to the loader, wherever it is: found, repeated, counted. */
static void test_lost_byte_to_loader(void **state)
{
	/* 0 sync, 1 GET, 5 GET ID, 7 READ (address 9-13, count 14), 16 ERASE (pages 18-22), 23
	 * WRITE (address 25-29, data 30-287), 288 the next WRITE */
	static const long places[] = {0, 1, 6, 9, 13, 14, 17, 18, 22, 23, 27, 30, 31, 287, 288};

	(void)state;
	at_places(places, sizeof(places) / sizeof(places[0]), lose_received);
}

static void lose_sent(long at)
{
	loader.lose_sent = at;
	write_succeeds(at == 0 ? 0 : 1, 4);
	assert_true(loader.sent > at);
}

/* An answer lost on the way back: in particular that of a write, which must not be done twice. */
static void test_lost_answer(void **state)
{
	/* 0 sync, 1-3 GET, 4 GET VERSION, 6 GET ID, 8-10 READ, 11-12 ERASE, 13-15 WRITE, 28-30 the
	 * first READ back */
	static const long places[] = {0, 1, 2, 3, 7, 8, 10, 11, 12, 13, 14, 15, 28, 30};

	(void)state;
	at_places(places, sizeof(places) / sizeof(places[0]), lose_sent);
}

static void test_line_always_bad(void **state)
{
	(void)state;
	loader.echo = true; /* TX and RX joined: every byte comes back */
	loader.silent = true;
	write_fails(-ETIMEDOUT, "no loader answers");
}

static void test_silent_loader(void **state)
{
	int64_t begin_ns = link_now_ns();

	(void)state;
	loader.silent = true;
	write_fails(-ETIMEDOUT, "no loader answers within 2000 ms at 115200 baud");
	assert_int_equal(loader.resets, 2);
	assert_in_range(link_now_ns() - begin_ns, 2000000000, 2500000000);
}

static void test_dies_at_write(void **state)
{
	int64_t begin_ns = link_now_ns();

	(void)state;
	loader.die_at_write = true;
	write_fails(-ETIMEDOUT, "write 0x08000000: ");
	assert_in_range(link_now_ns() - begin_ns, 6000000000, 6500000000);
}

static void test_wrong_id(void **state)
{
	(void)state;
	loader.id = 0x415;
	write_fails(-ENXIO, "0x415 (L47x/48x), not the expected 0x470");
	assert_int_equal(loader.erased, 0);
}

static void test_any_id(void **state)
{
	(void)state;
	bench.request.expected_id = 0;
	write_succeeds(0, 0);
}

static void test_unknown_id(void **state)
{
	(void)state;
	loader.id = 0x123;
	bench.request.expected_id = 0;
	write_fails(-ENOTSUP, "0x123");
}

static void test_read_protected(void **state)
{
	(void)state;
	loader.read_protected = true;
	write_fails(-EACCES, "read-protected");
}

static void test_erase_refused(void **state)
{
	(void)state;
	loader.erase_refused = true;
	write_fails(-EREMOTEIO, "erase pages 0 to 4: ");
	assert_int_equal(loader.writes, 0);
}

static void test_command_missing(void **state)
{
	(void)state;
	loader.no_write = true;
	write_fails(-ENOTSUP, "0x31");
}

static void test_stuck_byte(void **state)
{
	(void)state;
	loader.stuck_byte = 0x1234;
	write_fails(-EIO, "at 0x08001234 is 0x");
}

static void test_read_back_damaged_once(void **state)
{
	(void)state;
	loader.flip_read_once = 0x1234;
	write_succeeds(1, 1);
}

static void test_senseless_requests(void **state)
{
	(void)state;
	bench.request.count = 0;
	assert_int_equal(
		stm32_uart_write(&bench.request, &stm32_limits_an3155, &bench.report, &bench.err),
		-EINVAL);
	bench.request.count = 8;
	bench.request.baud = 0;
	assert_int_equal(
		stm32_uart_write(&bench.request, &stm32_limits_an3155, &bench.report, &bench.err),
		-EINVAL);
	assert_int_equal(loader.resets, 0);
	bench.request.baud = 115200;
	bench.request.address = 0x08000008;
	write_fails(-EINVAL, "not the start of a flash page");
}

static void test_hang_up(void **state)
{
	(void)state;
	fake_link.is_gone = true;
	assert_int_equal(
		stm32_uart_write(&bench.request, &stm32_limits_an3155, &bench.report, &bench.err),
		-ENODEV);
}

static void test_table(void **state)
{
	(void)state;
	assert_string_equal(flash_find("stm32_uart")->name, "stm32_uart");
	assert_null(flash_find("jtag"));
	for (const char *const *name = flash_names(); *name; name++)
		assert_non_null(flash_find(*name));
}

static void test_pages(void **state)
{
	static const struct {
		uint16_t id;
		uint32_t address;
		size_t count;
		int ret;
		unsigned first, pages;
	} rows[] = {
		{0x470, 0x08000000, 1, 0, 0, 1},
		{0x470, 0x08000000, 4096, 0, 0, 1},
		{0x470, 0x08000000, 4097, 0, 0, 2},
		{0x470, 0x08100000, 4096, 0, 256, 1},
		{0x470, 0x081FF000, 4096, 0, 511, 1},
		{0x470, 0x081FF000, 4097, -EINVAL, 0, 0},
		{0x470, 0x08000800, 1, -EINVAL, 0, 0},
		{0x470, 0x07FFF000, 1, -EINVAL, 0, 0},
		{0x470, 0x20000000, 1, -EINVAL, 0, 0},
		{0x470, 0xFFFFF000, 8192, -EINVAL, 0, 0},
		{0x470, 0x08000000, 0, -EINVAL, 0, 0},
		{0x470, 0x08000000, SIZE_MAX, -EINVAL, 0, 0},
		{0x413, 0x08000000, 65536, 0, 0, 4},
		{0x413, 0x08000000, 65537, 0, 0, 5},
		{0x413, 0x08010000, 65537, 0, 4, 2},
		{0x413, 0x08020000, 1, 0, 5, 1},
		{0x413, 0x08000000, 1 << 20, 0, 0, 12},
		{0x413, 0x08000000, (1 << 20) + 1, -EINVAL, 0, 0},
		{0x413, 0x08018000, 1, -EINVAL, 0, 0},
		{0x451, 0x08000000, 2 << 20, 0, 0, 12},
		{0x415, 0x08000800, 2048, 0, 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stm32_page_range range = {0};
		int ret = stm32_family_pages(stm32_family_find(rows[i].id), rows[i].address,
					     rows[i].count, &range, NULL);

		if (ret != rows[i].ret || range.first != rows[i].first ||
		    range.count != rows[i].pages)
			fail_msg("row %zu: %d, %u pages from %u", i, ret, range.count, range.first);
	}
	assert_null(stm32_family_find(0));
}

#define bench_test(function) cmocka_unit_test_setup(function, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(test_whole_write),
		bench_test(test_go_refused),
		bench_test(test_second_page_only),
		bench_test(test_many_pages_in_blocks),
		bench_test(test_slow_erase),
		bench_test(test_legacy_erase),
		bench_test(test_byte_at_a_time),
		bench_test(test_noise_after_reset),
		bench_test(test_already_synchronised),
		bench_test(test_second_reset_helps),
		bench_test(test_lost_byte_to_loader),
		bench_test(test_lost_answer),
		bench_test(test_line_always_bad),
		bench_test(test_silent_loader),
		bench_test(test_dies_at_write),
		bench_test(test_wrong_id),
		bench_test(test_any_id),
		bench_test(test_unknown_id),
		bench_test(test_read_protected),
		bench_test(test_erase_refused),
		bench_test(test_command_missing),
		bench_test(test_stuck_byte),
		bench_test(test_read_back_damaged_once),
		bench_test(test_senseless_requests),
		bench_test(test_hang_up),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
