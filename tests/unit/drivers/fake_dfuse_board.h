/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board behind the fake link and the fake USB, for tests: the virtual chip's loader
 * (rigs/virtual/chips/dfuse.h), with the faults of a board, a part and a cable put in between.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_DFUSE_BOARD_H
#define TESTS_UNIT_DRIVERS_FAKE_DFUSE_BOARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rigs/virtual/chips/dfuse.h"
#include "tests/unit/drivers/fake_link.h"
#include "tests/unit/drivers/fake_usb.h"

enum { BASE = 0x08000000, FLASH_BYTES = 128 << 10, PAGE_BYTES = 4096, NEVER = -1 };
enum { DNLOAD = 1, UPLOAD = 2, GETSTATUS = 3 };
enum { STATE_IDLE = 2, STATE_DNBUSY = 4, STATE_ERROR = 10 };

static struct board {
	/* faults */
	unsigned resets_needed; /* the loader comes up at that reset only */
	int appear_ms;          /* from the reset to the device on the bus */
	uint8_t first_state;    /* the loader is found in */
	long gone_at;           /* unplugged before the n-th request of the class, NEVER */
	long fail_at;           /* the n-th download ends in dfuERROR ... */
	uint8_t fail_status;    /* ... with this */
	bool fail_always;       /* ... and all behind it */
	long refuse_at;         /* the n-th transfer stalls, with fail_status, NEVER */
	uint32_t poll_ms;       /* asked for instead of the real time; 0: the real time */
	bool busy_forever;      /* GETSTATUS: dfuDNBUSY from the first download on */
	long stuck_byte;        /* flash offset that never takes what is written, NEVER */
	long rotten_byte;       /* flash offset that changes before it is read back, NEVER */
	bool short_upload;

	uint8_t flash[FLASH_BYTES];
	struct vdfuse loader;
	bool running, was_reset;
	int64_t now_ns, there_ns;
	unsigned resets, boots;
	long requests, downloads, uploads, transfers;
	unsigned erased, left;
	bool forbidden;
} board;

static void sync_clock(void)
{
	if (fake_link.now_ns > board.now_ns)
		vdfuse_pass(&board.loader, (fake_link.now_ns - board.now_ns) * 1000);
	board.now_ns = fake_link.now_ns;
}

static void on_pass(void *context, int64_t ns)
{
	(void)context;
	fake_link.now_ns += ns;
}

static void note_download(const struct usb_setup *setup, const uint8_t *data)
{
	if (setup->value == 0 && setup->length == 1)
		board.forbidden = true; /* mass erase, read unprotect */
	if (setup->value == 0 && setup->length == 5 && data[0] == 0x41)
		board.erased++;
	if (setup->value && !setup->length)
		board.left++;
}

static bool download_fails(void)
{
	return board.fail_at != NEVER && (board.downloads == board.fail_at ||
					  (board.fail_always && board.downloads > board.fail_at));
}

static int board_status(const struct usb_setup *setup, uint8_t *data)
{
	int count = vdfuse_usb(&board.loader).ops->control(&board.loader, setup, data);

	if (board.stuck_byte != NEVER)
		board.flash[board.stuck_byte] &= 0xFE;
	if (board.busy_forever && board.downloads)
		data[4] = STATE_DNBUSY;
	if (board.poll_ms && data[4] == STATE_DNBUSY)
		usb_put_le(data + 1, board.poll_ms, 3);
	return count;
}

static int board_download(const struct usb_setup *setup, uint8_t *data)
{
	int count = vdfuse_usb(&board.loader).ops->control(&board.loader, setup, data);

	note_download(setup, data);
	board.downloads++;
	if (download_fails()) {
		board.loader.state = STATE_ERROR;
		board.loader.status = board.fail_status;
	}
	return count;
}

static int board_control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	bool is_class = (setup->request_type & 0x60) == 0x20;
	int count;

	(void)state;
	sync_clock();
	assert_true(board.running);
	if (is_class && board.requests++ == board.gone_at) {
		fake_usb.is_gone = true;
		return -ENODEV;
	}
	if (is_class && (setup->request == DNLOAD || setup->request == UPLOAD) &&
	    board.transfers++ == board.refuse_at) {
		board.loader.state = STATE_ERROR;
		board.loader.status = board.fail_status;
		return USB_STALL;
	}
	if (is_class && setup->request == GETSTATUS)
		return board_status(setup, data);
	if (is_class && setup->request == DNLOAD)
		return board_download(setup, data);
	if (is_class && setup->request == UPLOAD && board.uploads++ == 1 &&
	    board.rotten_byte != NEVER)
		board.flash[board.rotten_byte] ^= 0x10;
	count = vdfuse_usb(&board.loader).ops->control(&board.loader, setup, data);
	if (is_class && setup->request == UPLOAD && board.short_upload && count > 1)
		count--;
	return count;
}

static const struct usb_device_ops board_ops = {"board", board_control, NULL, NULL};

static bool board_is_there(void *context)
{
	(void)context;
	return board.running && fake_link.now_ns >= board.there_ns;
}

static void board_enter_loader(void)
{
	const struct vdfuse_config config = board.loader.config;
	const uint8_t first_state = board.first_state;

	board.resets++;
	board.running = board.resets >= board.resets_needed;
	board.there_ns = fake_link.now_ns + board.appear_ms * 1000000ll;
	vdfuse_init(&board.loader, &config);
	board.loader.state = first_state;
}

/* NRST on DTR, BOOT0 on RTS, both active while asserted. */
static void on_lines(void *device, bool dtr, bool rts)
{
	bool released = board.was_reset && !dtr;

	(void)device;
	board.was_reset = dtr;
	if (dtr)
		board.running = false;
	if (released && rts)
		board_enter_loader();
	else if (released)
		board.boots++;
}

/* A fresh board with old contents in its flash, on a fresh link and bus. */
static inline void board_new(void)
{
	const struct vdfuse_config config = {
		.flash = board.flash,
		.base = BASE,
		.bytes = FLASH_BYTES,
		.page_bytes = PAGE_BYTES,
		.serial = "336A34783133",
		.page_erase_ms = 22,
		.mass_erase_ms = 22,
		.block_program_ms = 10,
	};

	memset(&board, 0, sizeof(board));
	memset(board.flash, 0xA5, sizeof(board.flash));
	board.first_state = STATE_IDLE;
	board.appear_ms = 300;
	board.gone_at = board.fail_at = board.stuck_byte = board.rotten_byte = NEVER;
	board.refuse_at = NEVER;
	vdfuse_init(&board.loader, &config);
	fake_link_init();
	fake_link.on_lines = on_lines;
	fake_link.identity = "virtual-rig 1";
	board.now_ns = fake_link.now_ns;
	fake_usb_init((struct usb_device){&board_ops, NULL}, on_pass, NULL, "336A34783133");
	fake_usb.is_there = board_is_there;
}

#endif
