/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The DFU flasher through the kernel: a board's serial port on cdc-acm, whose modem lines start the
 * loader, and the loader's own USB device, which comes and goes with it and is plugged in as soon
 * as it is there.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/control/control.h"
#include "drivers/flash/flash.h"
#include "drivers/link/link.h"
#include "tests/kernel/rig.h"

enum { BASE = 0x08000000, IMAGE_BYTES = 20001, LOOK_MS = 10, HANG_MS = 20000 };

#define FLASH_FILE RIG_FOLDER "/dfuse.flash"

static const char rig_yaml[] =
	"seed: 1\n"
	"pace: 1\n"
	"boards:\n"
	"  - {name: b, part: stm32l4r5, supply: 3.3 V, export: usb, lines: {reset: dtr, boot: "
	"\"!rts\"},\n"
	"     flash: " FLASH_FILE ", usb_loader: \"unix:" RIG_FOLDER "/b-dfu\",\n"
	"     listen: \"unix:" RIG_FOLDER "/b\"}\n";

static uint8_t image[IMAGE_BYTES];

/* ---- the cable ---- */

static struct cable {
	pthread_t thread;
	atomic_bool quit, cut; /* cut: nothing is plugged in any more */
	struct vhci_device device;
	atomic_uint plugged; /* how often */
} cable;

static void *cable_run(void *argument)
{
	struct err err;

	(void)argument;
	for (; !atomic_load(&cable.quit); poll(NULL, 0, LOOK_MS)) {
		if (atomic_load(&cable.plugged) && vhci_is_used(cable.device.port)) {
			if (atomic_load(&cable.cut))
				vhci_detach(&cable.device, &err);
			continue;
		}
		if (!atomic_load(&cable.cut) &&
		    !vhci_attach(RIG_FOLDER "/b-dfu", "b-dfu", &cable.device, &err))
			atomic_fetch_add(&cable.plugged, 1);
	}
	return NULL;
}

/* ---- the bench ---- */

static struct bench {
	pid_t rig;
	struct vhci_device uart;
	struct link *link;
	struct control control;
	struct flash_report report;
	struct err err;
	bool cut_at_half;
} bench;

static void progress(void *context, size_t done, size_t total)
{
	(void)context;
	if (bench.cut_at_half && done > total / 4)
		atomic_store(&cable.cut, true);
}

static int write_image(void)
{
	const struct flash_request request = {
		.link = bench.link,
		.control = &bench.control,
		.address = BASE,
		.bytes = image,
		.count = sizeof(image),
		.uri = "usb:0483:df11",
		.progress = progress,
	};

	return flash_find("dfuse")->write(&request, &bench.report, &bench.err);
}

static int start(void **state)
{
	const struct link_settings settings = {115200, LINK_PARITY_NONE};
	char path[64];

	(void)state;
	memset(&bench, 0, sizeof(bench));
	memset(&cable, 0, sizeof(cable));
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 7 + i / 251);
	bench.rig = rig_start(rig_yaml);
	bench.uart = rig_plug("b");
	rig_tty(&bench.uart, path, sizeof(path));
	if (link_open(path, &settings, &bench.link, &bench.err) ||
	    control_init(&bench.control, bench.link,
			 (struct control_line){.kind = CONTROL_LINE_DTR, .role = CONTROL_RESET},
			 (struct control_line){.kind = CONTROL_LINE_RTS,
					       .role = CONTROL_BOOT,
					       .is_inverted = true},
			 &bench.err))
		fail_msg("%s", bench.err.text);
	assert_int_equal(pthread_create(&cable.thread, NULL, cable_run, NULL), 0);
	return 0;
}

static int stop(void **state)
{
	atomic_store(&cable.quit, true);
	pthread_join(cable.thread, NULL);
	link_close(bench.link);
	rig_unplug_all(state);
	rig_stop(bench.rig);
	return 0;
}

static void check_flash(void)
{
	static uint8_t bytes[IMAGE_BYTES];
	FILE *stream = fopen(FLASH_FILE, "r");

	assert_non_null(stream);
	assert_int_equal(fread(bytes, 1, sizeof(bytes), stream), sizeof(bytes));
	fclose(stream);
	assert_memory_equal(bytes, image, sizeof(bytes));
}

/* Twice: the second time over what the first has written. */
static void writes(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		double begin_ms = now_ms();

		if (write_image())
			fail_msg("%s", bench.err.text);
		print_message("%zu bytes in %.0f ms\n", bench.report.written, now_ms() - begin_ms);
		assert_int_equal(bench.report.written, sizeof(image));
		check_flash();
		image[5] ^= 0xff;
	}
	assert_true(atomic_load(&cable.plugged) >= 2);
}

static void unplugged(void **state)
{
	double begin_ms = now_ms();

	(void)state;
	bench.cut_at_half = true;
	assert_int_not_equal(write_image(), 0);
	print_message("after %.0f ms: %s\n", now_ms() - begin_ms, bench.err.text);
	assert_true(now_ms() - begin_ms < HANG_MS);
	assert_true(atomic_load(&cable.cut));
	/* plugged in again it is written whole */
	bench.cut_at_half = false;
	atomic_store(&cable.cut, false);
	if (write_image())
		fail_msg("%s", bench.err.text);
	check_flash();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes, start, stop),
		cmocka_unit_test_setup_teardown(unplugged, start, stop),
	};

	guest_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
