/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The DFU flasher against a board with the virtual chip's loader and faults (fake_dfuse_board.h).
 * The shipped time limits pass on the fakes' clock.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/flash/dfuse.h"
#include "tests/unit/drivers/fake_dfuse_board.h"

/* Instead of hub_power.c, which would bring the real drivers/link/usb.h along. */
const struct control_ops control_hub = {.scheme = "hub"};

/* ---- the bench ---- */

static struct bench {
	struct control control;
	uint8_t image[20001];
	struct flash_request request;
	struct flash_report report;
	struct err err;
	size_t last_done;
} bench;

static void note_progress(void *context, size_t done, size_t total)
{
	(void)context;
	assert_true(done > bench.last_done && done <= total);
	bench.last_done = done;
}

/* A fresh board with old contents in its flash, and a request for 20001 bytes at its start. */
static int setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	board_new();
	assert_int_equal(control_init(&bench.control, &fake_link,
				      (struct control_line){.kind = CONTROL_LINE_DTR},
				      (struct control_line){.kind = CONTROL_LINE_RTS}, NULL),
			 0);
	for (size_t i = 0; i < sizeof(bench.image); i++)
		bench.image[i] = (uint8_t)(i * 31 + (i >> 8)) | 1;
	bench.request = (struct flash_request){
		.link = &fake_link,
		.control = &bench.control,
		.address = BASE,
		.bytes = bench.image,
		.count = sizeof(bench.image),
		.uri = "usb:0483:df11:336A34783133",
		.progress = note_progress,
	};
	return 0;
}

/* Whatever happened: BOOT0 inactive, started from flash, the device given back, nothing forbidden.
 */
static void check_left_well(void)
{
	assert_false(fake_link.dtr);
	assert_false(fake_link.rts);
	assert_false(board.running);
	assert_int_equal(board.boots, 1);
	assert_false(board.forbidden);
}

static void write_succeeds(unsigned retries)
{
	int ret = dfuse_write(&bench.request, &dfuse_limits_an3156, &bench.report, &bench.err);

	if (ret)
		fail_msg("%d: %s", ret, bench.err.text);
	assert_memory_equal(board.flash + (bench.request.address - BASE), bench.request.bytes,
			    bench.request.count);
	assert_int_equal(bench.report.retries, retries);
	assert_int_equal(bench.report.written, bench.request.count);
	assert_int_equal(bench.last_done, 2 * bench.request.count);
	assert_int_equal(fake_usb.closed, 1);
	check_left_well();
}

static void write_fails(int code, const char *words)
{
	int ret = dfuse_write(&bench.request, &dfuse_limits_an3156, &bench.report, &bench.err);

	if (ret != code || !strstr(bench.err.text, words))
		fail_msg("%d, not %d: '%s' should say '%s'", ret, code, bench.err.text, words);
	assert_int_equal(strncmp(bench.err.text, "dfuse: ", 7), 0);
	assert_int_equal(bench.report.written, 0);
	check_left_well();
}

/* ---- tests: writing ---- */

static void test_whole_write(void **state)
{
	(void)state;
	write_succeeds(0);
	/* five pages hold it, and only they were erased */
	assert_int_equal(board.erased, 5);
	assert_int_equal(board.resets, 1);
	assert_int_equal(board.left, 1);
	/* padded with the erased value; the next page as it was */
	for (size_t i = 20001; i < 20480; i++)
		assert_int_equal(board.flash[i], 0xFF);
	assert_int_equal(board.flash[20480], 0xA5);
}

/* Every length around a block, a page and a unit, and what stands beside it stays. */
static void test_lengths(void **state)
{
	static const size_t counts[] = {1, 31, 32, 33, 2047, 2048, 2049, 4095, 4096, 4097, 20000};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		unsigned pages = (unsigned)((counts[i] + PAGE_BYTES - 1) / PAGE_BYTES);

		setup(NULL);
		bench.request.count = counts[i];
		bench.request.address = BASE + 2 * PAGE_BYTES;
		write_succeeds(0);
		assert_int_equal(board.erased, pages);
		assert_int_equal(board.flash[2 * PAGE_BYTES - 1], 0xA5);
		assert_int_equal(board.flash[(2 + pages) * PAGE_BYTES], 0xA5);
		assert_int_equal(board.left, 0); /* no vector table there */
	}
}

static void test_to_the_end(void **state)
{
	static uint8_t whole[FLASH_BYTES];

	(void)state;
	memset(whole, 0x3C, sizeof(whole));
	bench.request.bytes = whole;
	bench.request.count = sizeof(whole);
	write_succeeds(0);
	assert_int_equal(board.erased, FLASH_BYTES / PAGE_BYTES);
}

static void test_poll_time_is_kept(void **state)
{
	int64_t begin_ns = fake_link.now_ns;

	(void)state;
	write_succeeds(0);
	/* 5 pages of 22 ms, 10 blocks of 10 ms: as fast as the loader allows */
	assert_in_range(fake_link.now_ns - begin_ns, 210 * 1000000ll, 800 * 1000000ll);
}

/* ---- tests: coming up ---- */

static void test_second_reset_helps(void **state)
{
	(void)state;
	board.resets_needed = 2;
	write_succeeds(1);
	assert_int_equal(board.resets, 2);
}

static void test_never_comes(void **state)
{
	int64_t begin_ns = fake_link.now_ns;

	(void)state;
	board.resets_needed = 99;
	write_fails(-ENOENT, "no loader on USB within 4000 ms of a reset: "
			     "usb:0483:df11:336A34783133: no such device");
	assert_int_equal(board.resets, 2);
	assert_in_range(fake_link.now_ns - begin_ns, 8000000000, 8500000000);
}

/* Left in any state by whoever had it before. */
static void test_first_states(void **state)
{
	static const uint8_t states[] = {2, 5, 6, 8, 9, STATE_ERROR};

	(void)state;
	for (size_t i = 0; i < sizeof(states); i++) {
		setup(NULL);
		board.first_state = states[i];
		write_succeeds(0);
	}
}

static void test_wrong_origin(void **state)
{
	(void)state;
	fake_link.identity = "";
	write_fails(-EINVAL, "the loader is virtual, the board's link is not");
	setup(NULL);
	fake_usb.identity.is_virtual = false;
	write_fails(-EINVAL, "the loader is real, the board's link is virtual");
	assert_int_equal(board.erased, 0);
	assert_int_equal(fake_usb.closed, 1);
}

/* ---- tests: refusals ---- */

static void test_read_protected(void **state)
{
	(void)state;
	board.loader.config.protected = true;
	write_fails(-EACCES, "read-protected");
	assert_int_equal(board.erased, 0);
	assert_int_equal(board.flash[0], 0xA5);
	/* the loader listens again */
	assert_int_equal(board.loader.state, STATE_IDLE);
}

/* Downloads: the pointer of the first look, 5 pages, then pointer and block in turns. */
static const struct {
	long at;
	const char *step;
	bool is_command;
} steps[] = {
	{1, "read 0x08000000: set the address: ", true},
	{2, "erase the page at 0x08000000: ", true},
	{4, "erase the page at 0x08002000: ", true},
	{7, "write 0x08000000: set the address: ", true},
	{8, "write 0x08000000: ", false},
	{11, "write 0x08001000: set the address: ", true},
	{12, "write 0x08001000: ", false},
	{27, "read back 0x08000000: set the address: ", true},
};

static void test_error_states(void **state)
{
	static const struct {
		uint8_t status;
		int code;
		const char *words;
	} errors[] = {
		{3, -EREMOTEIO, "the loader failed with errWRITE (status 3)"},
		{4, -EREMOTEIO, "the loader failed with errERASE (status 4)"},
		{8, -EINVAL, "(errADDRESS)"},
		{11, -EACCES, "read-protected"},
		{15, -EREMOTEIO, "the loader failed with errSTALLEDPKT (status 15)"},
		{99, -EREMOTEIO, "the loader failed with unknown (status 99)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		for (size_t j = 0; j < sizeof(errors) / sizeof(errors[0]); j++) {
			char words[200];

			setup(NULL);
			board.fail_at = steps[i].at;
			board.fail_status = errors[j].status;
			board.fail_always = true;
			snprintf(words, sizeof(words), "%s%s", steps[i].step,
				 errors[j].code == -EREMOTEIO ? errors[j].words : "");
			write_fails(errors[j].code, words);
			assert_non_null(strstr(bench.err.text, errors[j].words));
			assert_int_equal(board.loader.state, STATE_IDLE);
		}
	}
}

/* A command may be given twice; a block may not, since its flash is erased no more. */
static void test_error_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		setup(NULL);
		board.fail_at = steps[i].at;
		board.fail_status = 14;
		if (steps[i].is_command)
			write_succeeds(1);
		else
			write_fails(-EREMOTEIO, steps[i].step);
	}
}

/* Transfers: as downloads above, with the first look's upload behind its pointer. */
static void test_refused(void **state)
{
	static const struct {
		long at;
		const char *step;
	} transfers[] = {
		{1, "read 0x08000000: "}, /* a part that takes the address, and no more */
		{8, "write 0x08000000: "},
		{28, "read back 0x08000000: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(transfers) / sizeof(transfers[0]); i++) {
		setup(NULL);
		board.refuse_at = transfers[i].at;
		board.fail_status = 11;
		write_fails(-EACCES, transfers[i].step);
		assert_int_equal(board.loader.state, STATE_IDLE);
		setup(NULL);
		board.refuse_at = transfers[i].at;
		board.fail_status = 15;
		write_fails(-EREMOTEIO, transfers[i].step);
		assert_non_null(strstr(bench.err.text, "errSTALLEDPKT"));
		assert_int_equal(board.loader.state, STATE_IDLE);
	}
	setup(NULL);
	board.refuse_at = 2; /* an erase: once more */
	board.fail_status = 15;
	write_succeeds(1);
}

static void test_stuck_byte(void **state)
{
	(void)state;
	board.stuck_byte = 5000; /* an odd number is written there */
	write_fails(-EREMOTEIO, "write 0x08001000: the loader failed with errPROG");
}

static void test_read_back_differs(void **state)
{
	static const long places[] = {0, 5000, 20000};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char words[100];
		uint8_t right = bench.image[places[i]];

		setup(NULL);
		board.rotten_byte = places[i];
		snprintf(words, sizeof(words),
			 "read back: at 0x%08lx is 0x%02x, 0x%02x was written", BASE + places[i],
			 right ^ 0x10, right);
		write_fails(-EIO, words);
	}
	setup(NULL);
	board.rotten_byte = 20001; /* the padding is nobody's */
	write_succeeds(0);
	setup(NULL);
	board.short_upload = true;
	write_fails(-EPROTO, "sent 31 of 32 bytes");
}

static void test_busy_forever(void **state)
{
	static const uint32_t polls_ms[] = {1, 100, 0xFFFFFF};

	(void)state;
	for (size_t i = 0; i < sizeof(polls_ms) / sizeof(polls_ms[0]); i++) {
		int64_t begin_ns;

		setup(NULL);
		begin_ns = fake_link.now_ns;
		board.busy_forever = true;
		board.poll_ms = polls_ms[i];
		write_fails(-ETIMEDOUT, "read 0x08000000: set the address: the loader is still "
					"busy after 2000 ms");
		assert_in_range(fake_link.now_ns - begin_ns, 2000000000, 3000000000);
	}
}

/* A loader that asks for an hour, and is done at once, is asked again when the step's time is over.
 */
static void test_poll_time_is_bounded(void **state)
{
	(void)state;
	bench.request.count = 100;
	board.poll_ms = 3600000;
	write_succeeds(0);
}

/* ---- tests: the cable ---- */

/* Unplugged before every single request: an error that says where, the board left well. */
static void test_unplugged(void **state)
{
	long requests;

	(void)state;
	bench.request.count = 4200;
	write_succeeds(0);
	requests = board.requests;
	assert_in_range(requests, 40, 200);
	for (long at = 1; at < requests; at++) {
		int ret;

		setup(NULL);
		bench.request.count = 4200;
		board.gone_at = at;
		ret = dfuse_write(&bench.request, &dfuse_limits_an3156, &bench.report, &bench.err);
		check_left_well();
		if (!ret) { /* leaving may fail: the reset decides */
			assert_int_equal(bench.last_done, 2 * bench.request.count);
			assert_in_range(at, requests - 6, requests);
		} else if (ret != -ENODEV || (!strstr(bench.err.text, "e 0x0800") &&
					      !strstr(bench.err.text, "k 0x0800") &&
					      !strstr(bench.err.text, "d 0x0800") &&
					      !strstr(bench.err.text, "at 0x0800"))) {
			fail_msg("request %ld: %d: %s", at, ret, bench.err.text);
		}
	}
}

/* ---- tests: requests ---- */

static void test_senseless_requests(void **state)
{
	static const struct {
		uint32_t address;
		size_t count;
		const char *words;
	} rows[] = {
		{BASE, 0, "nothing to write"},
		{BASE + 4, 8, "not the start of a flash page (0x08000000 is)"},
		{BASE - 4096, 8, "there is no flash at 0x07fff000"},
		{BASE + FLASH_BYTES - 4096, 4097, "there is no flash at 0x08020000"},
		{0xFFFFF000, 5000, "there is no flash at 0xfffff000"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret;

		setup(NULL);
		bench.request.address = rows[i].address;
		bench.request.count = rows[i].count;
		ret = dfuse_write(&bench.request, &dfuse_limits_an3156, &bench.report, &bench.err);
		if (ret != -EINVAL || !strstr(bench.err.text, rows[i].words))
			fail_msg("row %zu: %d: %s", i, ret, bench.err.text);
		assert_int_equal(board.erased, 0);
	}
	bench.request.uri = NULL;
	bench.request.count = 1;
	assert_int_equal(
		dfuse_write(&bench.request, &dfuse_limits_an3156, &bench.report, &bench.err),
		-EINVAL);
}

/* ---- tests: layouts ---- */

static void test_layouts(void **state)
{
	static const struct {
		const char *text;
		unsigned segments;
		uint32_t address, page_address, page_bytes; /* one look */
	} rows[] = {
		{"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg", 3, 0x0801FFFF,
		 0x08010000, 65536},
		{"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg", 3, 0x08040001,
		 0x08040000, 131072},
		{"@Option Bytes  /0x1FFFC000/01*016 g", 1, 0x1FFFC00F, 0x1FFFC000, 16},
		{"@OTP Memory /0x1FFF7800/01*512 g,01*016 g", 2, 0x1FFF7A00, 0x1FFF7A00, 16},
		{"@Device Feature/0xFFFF0000/01*004 g", 1, 0xFFFF0003, 0xFFFF0000, 4},
		{"@Internal Flash   /0x08000000/0256*0008Kg   ", 1, 0x081FFFFF, 0x081FE000, 8192},
		{"@x/0x00000000/1*4g", 1, 3, 0, 4},
		{"@x/0x8000000/2*1Mg/0x1fff0000/1*4Be", 2, 0x1fff0002, 0x1fff0000, 4},
		{"@x/0xFFF00000/1*1Mg", 1, 0xFFFFFFFF, 0xFFF00000, 1 << 20},
	};
	static const char *const bad[] = {
		"",
		"Internal Flash /0x08000000/04*016Kg",
		"@Internal Flash",
		"@Internal Flash/",
		"@Internal Flash/08000000/04*016Kg",
		"@Internal Flash/0x/04*016Kg",
		"@Internal Flash/0x08000000",
		"@Internal Flash/0x08000000/",
		"@Internal Flash/0x08000000/04",
		"@Internal Flash/0x08000000/04*",
		"@Internal Flash/0x08000000/04*016",
		"@Internal Flash/0x08000000/04*016K",
		"@Internal Flash/0x08000000/04*016Kg,",
		"@Internal Flash/0x08000000/04*016Kg;",
		"@Internal Flash/0x08000000/-4*016Kg",
		"@Internal Flash/0x08000000/ 4*016Kg",
		"@Internal Flash/0x08000000/00*016Kg",
		"@Internal Flash/0x08000000/04*000Kg",
		"@Internal Flash/0x108000000/04*016Kg",
		"@Internal Flash/0x08000000/99999999999999999999*016Kg",
		"@Internal Flash/0xFFFF0000/64*016Kg",
		"@Internal Flash/0x08000000/1*8191Mg",
		"@x/0x0/1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,"
		"1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,"
		"1*1g,1*1g",
	};
	struct dfuse_layout layout;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dfuse_page page = {0};

		if (dfuse_layout_parse(rows[i].text, &layout, &err))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(layout.count, rows[i].segments);
		assert_true(dfuse_layout_page(&layout, rows[i].address, &page));
		assert_int_equal(page.address, rows[i].page_address);
		assert_int_equal(page.bytes, rows[i].page_bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (dfuse_layout_parse(bad[i], &layout, &err) != -EPROTO)
			fail_msg("'%s' was taken", bad[i]);
}

static void test_layout_checks(void **state)
{
	static const struct {
		const char *type;
		int ret;
		const char *words;
	} rows[] = {
		{"g", 0, ""},
		{"a", -EINVAL, "0x08000800 cannot be erased"},
		{"b", -EINVAL, "0x08000800 cannot be read"},
		{"c", -EINVAL, "0x08000800 cannot be written"},
		{"e", -EINVAL, "0x08000800 cannot be erased"},
		{"f", -EINVAL, "0x08000800 cannot be read"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dfuse_layout layout;
		struct err err = {""};
		char text[100];

		snprintf(text, sizeof(text), "@x/0x08000000/1*2Kg,1*2K%s", rows[i].type);
		assert_int_equal(dfuse_layout_parse(text, &layout, &err), 0);
		assert_int_equal(dfuse_layout_check(&layout, BASE, 2048, &err), 0);
		assert_int_equal(dfuse_layout_check(&layout, BASE, 2049, &err), rows[i].ret);
		assert_non_null(strstr(err.text, rows[i].words));
	}
}

#define bench_test(function) cmocka_unit_test_setup(function, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(test_whole_write),        bench_test(test_lengths),
		bench_test(test_to_the_end),         bench_test(test_poll_time_is_kept),
		bench_test(test_second_reset_helps), bench_test(test_never_comes),
		bench_test(test_first_states),       bench_test(test_wrong_origin),
		bench_test(test_read_protected),     bench_test(test_error_states),
		bench_test(test_error_once),         bench_test(test_refused),
		bench_test(test_stuck_byte),         bench_test(test_read_back_differs),
		bench_test(test_busy_forever),       bench_test(test_poll_time_is_bounded),
		bench_test(test_unplugged),          bench_test(test_senseless_requests),
		cmocka_unit_test(test_layouts),      cmocka_unit_test(test_layout_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
