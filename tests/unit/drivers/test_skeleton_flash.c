/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The flasher that others are copied from, through what every flasher promises, and its repeats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/drivers/conformance_flash.h"
#include "tests/unit/drivers/fake_link.h"
#include "tests/unit/drivers/skeletons.h"

enum { BYTES = 1000, FLASH_BYTES = 4096, ADDRESS = 0x08000100, BASE = 0x08000000, ID = 0x123 };

static uint8_t flash[FLASH_BYTES], image[BYTES];
static struct control control;
static struct flash_request request;

/* The loader, written on its own from what the driver's head says of it. */
static struct {
	bool is_reset, is_boot, is_loader, is_mute, is_stuck, ran;
	unsigned refuse; /* so many blocks */
	uint8_t packet[300];
	size_t used;
} board;

static void send(const void *bytes, size_t count)
{
	if (!board.is_mute)
		fake_link_send(bytes, count, 1000000);
}

static uint32_t address_of(const uint8_t *packet)
{
	uint32_t address = (uint32_t)(packet[1] | packet[2] << 8 | packet[3] << 16) |
			   (uint32_t)packet[4] << 24;

	assert_true(address >= BASE && address - BASE + packet[5] <= FLASH_BYTES);
	return address - BASE;
}

static uint8_t sum_of(const uint8_t *bytes, size_t count)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum;
}

static void block_write(void)
{
	size_t count = board.packet[5];
	bool is_right = sum_of(board.packet + 1, 5 + count) == board.packet[6 + count];

	if (!is_right || board.refuse) {
		board.refuse -= !!board.refuse;
		send("N", 1);
		return;
	}
	memcpy(flash + address_of(board.packet), board.packet + 6, count);
	if (board.is_stuck)
		flash[ADDRESS - BASE + 777] = 0x55;
	send("K", 1);
}

static void block_read(void)
{
	uint8_t reply[256];
	size_t count = board.packet[5];

	memcpy(reply, flash + address_of(board.packet), count);
	reply[count] = sum_of(reply, count);
	send(reply, count + 1);
}

/* How many bytes the packet takes, as far as that is known. */
static size_t packet_bytes(void)
{
	if (board.packet[0] == 'U')
		return 1;
	if (board.packet[0] == 'R' || board.used < 6)
		return 6;
	return (size_t)board.packet[5] + 7;
}

static void on_write(void *device, const uint8_t *bytes, size_t count)
{
	static const uint8_t hello[] = {'L', (uint8_t)ID, ID >> 8};

	(void)device;
	for (size_t i = 0; i < count && board.is_loader; i++) {
		board.packet[board.used++] = bytes[i];
		if (board.used < packet_bytes())
			continue;
		board.used = 0;
		if (board.packet[0] == 'U')
			send(hello, sizeof(hello));
		else if (board.packet[0] == 'W')
			block_write();
		else if (board.packet[0] == 'R')
			block_read();
		else
			fail_msg("command %02x", board.packet[0]);
	}
}

/* Reset on DTR, BOOT0 on RTS. */
static void on_lines(void *device, bool dtr, bool rts)
{
	(void)device;
	if (board.is_reset && !dtr) {
		board.is_loader = rts;
		board.ran = !rts;
		board.used = 0;
	}
	board.is_reset = dtr;
	board.is_boot = rts;
}

static void plug(void)
{
	memset(&board, 0, sizeof(board));
	memset(flash, 0xA5, sizeof(flash));
	fake_link_init();
	fake_link.on_write = on_write;
	fake_link.on_lines = on_lines;
	assert_int_equal(control_init(&control, &fake_link,
				      (struct control_line){.kind = CONTROL_LINE_DTR},
				      (struct control_line){.kind = CONTROL_LINE_RTS}, NULL),
			 0);
	for (size_t i = 0; i < BYTES; i++)
		image[i] = (uint8_t)(i * 31 + (i >> 8));
	request = (struct flash_request){.link = &fake_link,
					 .control = &control,
					 .baud = 115200,
					 .address = ADDRESS,
					 .bytes = image,
					 .count = BYTES,
					 .expected_id = ID};
}

static void stick(void)
{
	board.is_stuck = true;
}

static void mute(void)
{
	board.is_mute = true;
}

static bool runs_program(void)
{
	return board.ran && !board.is_reset && !board.is_boot;
}

static const struct conformance_flash row = {.ops = &flash_skeleton,
					     .plug = plug,
					     .request = &request,
					     .flash = flash + (ADDRESS - BASE),
					     .stick = stick,
					     .mute = mute,
					     .runs_program = runs_program};

static void conforms(void **state)
{
	(void)state;
	conformance_flash_all(&row);
}

static void repeats(void **state)
{
	struct flash_report report;
	struct err err = {""};

	(void)state;
	plug();
	board.refuse = 2;
	assert_int_equal(conformance_flash_write(&row, &report, &err), 0);
	assert_int_equal(report.retries, 2);
	assert_memory_equal(row.flash, image, BYTES);
	assert_true(flash[ADDRESS - BASE - 1] == 0xA5 && flash[ADDRESS - BASE + BYTES] == 0xA5);
	plug();
	board.refuse = 3;
	conformance_flash_fails(&row, -EREMOTEIO);
	assert_true(runs_program());
}

static void gone(void **state)
{
	(void)state;
	plug();
	fake_link.is_gone = true;
	conformance_flash_fails(&row, -ENODEV);
	assert_null(flash_find("skeleton")); /* no user can name it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conforms),
		cmocka_unit_test(repeats),
		cmocka_unit_test(gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
