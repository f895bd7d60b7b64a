/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ESP32-C3 flasher against a played ROM loader (fake_esp32_rom.h), with the faults a board and
 * a line have. Time-outs are the shipped ones; they pass on the fake link's clock.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/flash/esp32_rom.h"
#include "drivers/flash/esp32_rom_slip.h"
#include "tests/unit/drivers/fake_esp32_rom.h"

/* ---- the bench ---- */

static struct {
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
	assert_int_equal(total, 2 * bench.request.count);
	bench.last_done = done;
}

static int setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	rom_init();
	assert_int_equal(control_init(&bench.control, &fake_link,
				      (struct control_line){.kind = CONTROL_LINE_RTS},
				      (struct control_line){.kind = CONTROL_LINE_DTR}, NULL),
			 0);
	for (size_t i = 0; i < sizeof(bench.image); i++)
		bench.image[i] = (uint8_t)(i * 31 + (i >> 8));
	bench.request = (struct flash_request){
		.link = &fake_link,
		.control = &bench.control,
		.baud = 115200,
		.bytes = bench.image,
		.count = sizeof(bench.image),
		.expected_id = 5,
		.progress = note_progress,
	};
	return 0;
}

/* Whatever happened: both lines inactive, the board started from flash. */
static void check_left_well(void)
{
	assert_false(fake_link.dtr);
	assert_false(fake_link.rts);
	fake_link.now_ns += 10 * MS;
	rom_settle();
	assert_true(rom.app_runs);
	assert_false(rom.flash_end_seen);
}

static void write_succeeds(unsigned retries)
{
	int ret = flash_esp32_rom.write(&bench.request, &bench.report, &bench.err);

	if (ret)
		fail_msg("%d: %s", ret, bench.err.text);
	assert_memory_equal(rom.flash + bench.request.address, bench.image, bench.request.count);
	assert_string_equal(bench.err.text, "");
	assert_int_equal(bench.report.id, 5);
	assert_int_equal(bench.report.written, bench.request.count);
	assert_int_equal(bench.report.retries, retries);
	assert_int_equal(bench.last_done, 2 * bench.request.count);
	check_left_well();
}

static void write_fails(int code, const char *words)
{
	int ret = flash_esp32_rom.write(&bench.request, &bench.report, &bench.err);

	if (ret != code || !strstr(bench.err.text, words))
		fail_msg("%d, not %d: '%s' should say '%s'", ret, code, bench.err.text, words);
	assert_int_equal(strncmp(bench.err.text, "esp32_rom: ", 11), 0);
	assert_int_equal(bench.report.written, 0);
	if (!fake_link.is_gone)
		check_left_well();
}

/* ---- SLIP ---- */

static size_t feed_all(struct esp32_slip_parser *parser, const uint8_t *bytes, size_t count)
{
	size_t packets = 0;

	for (size_t i = 0; i < count; i++)
		packets += esp32_slip_feed(parser, bytes[i]);
	return packets;
}

static void test_slip_encode(void **state)
{
	uint8_t frame[12];

	(void)state;
	assert_int_equal(esp32_slip_encode((const uint8_t *)"\x01\xC0\xDB\x02", 4, frame), 8);
	assert_memory_equal(frame, "\xC0\x01\xDB\xDC\xDB\xDD\x02\xC0", 8);
	assert_int_equal(esp32_slip_encode(NULL, 0, frame), 2);
}

static void test_slip_every_byte_value(void **state)
{
	struct esp32_slip_parser parser = {0};
	uint8_t bytes[256], frame[2 * sizeof(bytes) + 2];
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	count = esp32_slip_encode(bytes, sizeof(bytes), frame);
	assert_int_equal(count, sizeof(bytes) + 2 + 2);
	assert_int_equal(feed_all(&parser, frame, count - 1), 0);
	assert_true(esp32_slip_feed(&parser, frame[count - 1]));
	assert_int_equal(parser.count, sizeof(bytes));
	assert_memory_equal(parser.packet, bytes, sizeof(bytes));
}

static void test_slip_damaged(void **state)
{
	static const struct {
		const char *bytes;
		size_t count, packets;
	} rows[] = {
		{"no frame", 8, 0},
		{"\xC0\xC0\xC0", 3, 0},
		{"log\xC0"
		 "ab\xC0",
		 7, 1},
		{"\xC0"
		 "ab\xC0"
		 "cd\xC0",
		 7, 2}, /* one C0 between two */
		{"\xC0"
		 "ab\xC0\xC0"
		 "cd\xC0",
		 8, 2},
		{"\xC0"
		 "a\xDB"
		 "b\xC0"
		 "ab\xC0",
		 8, 1}, /* wrong escape */
		{"\xC0"
		 "a\xDB\xC0"
		 "ab\xC0",
		 7, 1}, /* cut escape */
		{"\xC0"
		 "xy"
		 "\xC0"
		 "rubbish\xC0"
		 "ab\xC0",
		 15, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct esp32_slip_parser parser = {0};

		if (feed_all(&parser, (const uint8_t *)rows[i].bytes, rows[i].count) !=
		    rows[i].packets)
			fail_msg("row %zu", i);
	}
}

static void test_slip_too_long(void **state)
{
	struct esp32_slip_parser parser = {0};

	(void)state;
	esp32_slip_feed(&parser, 0xC0);
	for (size_t i = 0; i <= ESP32_SLIP_PACKET_MAX; i++)
		assert_false(esp32_slip_feed(&parser, 0x55));
	assert_false(esp32_slip_feed(&parser, 0xC0));
	assert_false(esp32_slip_feed(&parser, 'a'));
	assert_true(esp32_slip_feed(&parser, 0xC0));
	assert_int_equal(parser.count, 1);
}

/* ---- flashing ---- */

static void test_whole_write(void **state)
{
	uint8_t sync[46] = {0xC0, 0x00, 0x08, 0x24, 0, 0, 0, 0, 0, 0x07, 0x07, 0x12, 0x20};

	(void)state;
	write_succeeds(0);
	assert_int_equal(fake_link.settings.baud, 115200);
	assert_int_equal(fake_link.settings.parity, LINK_PARITY_NONE);
	assert_int_equal(rom.blocks, 20);
	assert_int_equal(rom.resets, 2); /* into the loader and out of it */
	/* padded with the erased value; the next sector as it was */
	for (size_t i = 20001; i < 20480; i++)
		assert_int_equal(rom.flash[i], 0xFF);
	assert_int_equal(rom.flash[20480], 0xA5);
	/* the published vectors */
	memset(sync + 13, 0x55, 32);
	sync[45] = 0xC0;
	assert_int_equal(rom.first_bytes[0], sizeof(sync));
	assert_memory_equal(rom.first_frames[0], sync, sizeof(sync));
	assert_int_equal(rom.first_bytes[1], 14);
	assert_memory_equal(rom.first_frames[1], "\xC0\x00\x0A\x04\0\0\0\0\0\0\x10\0\x40\xC0", 14);
}

static void test_split_answers(void **state)
{
	(void)state;
	rom.split = true;
	write_succeeds(0);
	fake_link.read_max = 1;
	setup(NULL);
	rom.split = true;
	write_succeeds(0);
}

static void test_noise(void **state)
{
	(void)state;
	rom.noisy = true;
	write_succeeds(0);
}

static void test_faster(void **state)
{
	(void)state;
	bench.request.baud = 460800;
	write_succeeds(0);
	assert_int_equal(fake_link.settings.baud, 460800);
}

static void test_second_sector(void **state)
{
	(void)state;
	bench.request.address = 0x1000;
	bench.request.count = 1;
	write_succeeds(0);
	assert_int_equal(rom.flash[0x0FFF], 0xA5);
	assert_int_equal(rom.flash[0x2000], 0xA5);
}

static void test_straight_wiring(void **state)
{
	(void)state;
	rom.straight = true;
	write_succeeds(0);
}

static void test_late_reset(void **state)
{
	(void)state;
	rom.resets_needed = 6;
	write_succeeds(0);
}

static void test_silent(void **state)
{
	(void)state;
	rom.silent = true;
	write_fails(-ETIMEDOUT, "enter the loader: no answer to SYNC after 7 resets");
}

static void test_chip_by_id(void **state)
{
	(void)state;
	rom.magic = 0x12345678; /* a revision to come */
	write_succeeds(0);
}

static void test_wrong_chip(void **state)
{
	(void)state;
	rom.magic = 0x00F01D83;
	rom.no_security_info = true;
	write_fails(-ENXIO, "no ESP32-C3: it names itself 0x00f01d83");
	assert_int_equal(rom.flash[0], 0xA5);
}

static void test_wrong_chip_id(void **state)
{
	(void)state;
	rom.magic = 9;
	rom.chip_id = 9;
	write_fails(-ENXIO, "no ESP32-C3: its chip id is 9");
}

static void test_other_expected(void **state)
{
	(void)state;
	bench.request.expected_id = 13;
	write_fails(-ENXIO, "chip id is 5, not the expected 13");
}

static void test_checksum_once(void **state)
{
	(void)state;
	rom.bad_checksum_at = 3;
	rom.bad_checksum_times = 1;
	write_succeeds(1);
}

static void test_checksum_always(void **state)
{
	(void)state;
	rom.bad_checksum_at = 3;
	rom.bad_checksum_times = 1000;
	write_fails(-EREMOTEIO, "write 0x000c00: the loader refused: wrong checksum (0x07)");
}

/* The ROM wrote the block: sending it once more would shift all that follows. */
static void test_lost_answer(void **state)
{
	(void)state;
	rom.lose_answer_at = 4;
	write_succeeds(1);
	assert_int_equal(rom.blocks, 5 + 20);
}

static void test_lost_block(void **state)
{
	(void)state;
	rom.lose_block_at = 19;
	write_succeeds(1);
}

static void test_refused_erase(void **state)
{
	(void)state;
	rom.refuse_command = 0x02;
	write_fails(-EREMOTEIO,
		    "erase 20480 bytes at 0x000000: the loader refused: failed to act (0x06)");
}

static void test_md5_differs(void **state)
{
	(void)state;
	rom.stuck_byte = 777;
	write_fails(-EIO, "read back: the MD5 of 20001 bytes at 0x000000");
}

static void test_md5_short(void **state)
{
	(void)state;
	rom.short_md5 = true;
	write_fails(-EBADMSG, "MD5 of the flash: 16 digits instead of 32");
}

static void test_gone(void **state)
{
	(void)state;
	rom.gone_at_data = true;
	write_fails(-ENODEV, "write 0x000000");
}

static void test_senseless(void **state)
{
	(void)state;
	bench.request.count = 0;
	write_fails(-EINVAL, "nothing to write");
	bench.request.count = 1;
	bench.request.address = 1;
	write_fails(-EINVAL, "no sector");
	bench.request.address = 4 * 1024 * 1024 - 4096;
	bench.request.count = 4097;
	write_fails(-EINVAL, "not within");
	bench.request.baud = 0;
	write_fails(-EINVAL, "baud");
}

/* Without the board's link, and without lines to its pins. */
static void use_native_usb(void)
{
	rom.usb = true;
	fake_link.identity = "usb 303A:1001 60:55:F9:00:00:01";
	fake_link.uri = "/dev/ttyACM0";
	bench.request.uri = "/dev/ttyACM0";
	bench.request.link = NULL;
	bench.request.control = NULL;
}

static void test_native_usb(void **state)
{
	(void)state;
	use_native_usb();
	bench.request.baud = 460800; /* says nothing there */
	write_succeeds(0);
	assert_int_equal(rom.resets, 2);
	assert_int_equal(rom.boots, 1);
	assert_int_equal(fake_link.closed, 1);
	assert_int_equal(fake_link.settings.baud, 115200);
}

static void test_native_usb_fails(void **state)
{
	(void)state;
	use_native_usb();
	rom.stuck_byte = 5;
	write_fails(-EIO, "read back");
	assert_int_equal(fake_link.closed, 1);
	rom.silent = true;
	write_fails(-ETIMEDOUT, "no answer to SYNC");
	bench.request.uri = "/dev/ttyACM1";
	write_fails(-ENOENT, "/dev/ttyACM1");
	bench.request.uri = fake_link.uri;
	fake_link.identity = "usb 10C4:EA60 0001";
	write_fails(-ENXIO, "no ESP32-C3's own USB port (303A:1001), but usb 10C4:EA60 0001");
}

static void test_native_usb_as_link(void **state)
{
	(void)state;
	fake_link.identity = "usb 303A:1001 60:55:F9:00:00:01";
	write_fails(-ENOTSUP, "the chip's own USB port");
	assert_int_equal(rom.boots, 1); /* as left by the reset behind a failure */
}

static void test_registered(void **state)
{
	(void)state;
	assert_ptr_equal(flash_find("esp32_rom"), &flash_esp32_rom);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_slip_encode),
		TEST(test_slip_every_byte_value),
		TEST(test_slip_damaged),
		TEST(test_slip_too_long),
		TEST(test_whole_write),
		TEST(test_split_answers),
		TEST(test_noise),
		TEST(test_faster),
		TEST(test_second_sector),
		TEST(test_straight_wiring),
		TEST(test_late_reset),
		TEST(test_silent),
		TEST(test_chip_by_id),
		TEST(test_wrong_chip),
		TEST(test_wrong_chip_id),
		TEST(test_other_expected),
		TEST(test_checksum_once),
		TEST(test_checksum_always),
		TEST(test_lost_answer),
		TEST(test_lost_block),
		TEST(test_refused_erase),
		TEST(test_md5_differs),
		TEST(test_md5_short),
		TEST(test_gone),
		TEST(test_senseless),
		TEST(test_native_usb),
		TEST(test_native_usb_fails),
		TEST(test_native_usb_as_link),
		TEST(test_registered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
