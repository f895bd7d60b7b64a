/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libserialport on the kernel's cdc-acm: a PPK2 and a board's serial port that are virtual, plugged
 * in through vhci-hcd.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/link/serial_scan.h"
#include "drivers/meter/meter.h"
#include "tests/kernel/rig.h"

#define RIG_FLASH RIG_FOLDER "/flash"

enum {
	FLASH_BYTES = 2 << 20,
	SAMPLES = 100000, /* a second of a PPK2 */
	LONG_MS = 100000,
	QUIET_MS = 300,
	UNPLUG_MS = 300,
	SEEN_MS = 200,
	RESET_MS = 50,
	LOADER_MS = 100,    /* until the loader listens */
	LOADER_SYNC = 0x7f, /* ST AN3155, USART bootloader code sequence */
	LOADER_ACK = 0x79,
};

static const char rig_yaml[] =
	"seed: 1\n"
	"pace: 1\n"
	"meters:\n"
	"  - {name: ppk2, kind: ppk2, export: usb, serial: \"1001\", listen: \"unix:" RIG_FOLDER
	"/ppk2\"}\n"
	"boards:\n"
	"  - {name: board, part: stm32l4r5, supply: ppk2, export: usb,\n"
	"     lines: {reset: dtr, boot: \"!rts\"}, flash: " RIG_FLASH ",\n"
	"     listen: \"unix:" RIG_FOLDER "/board\"}\n";

/* A chip whose flash is empty would start its loader anyway (RM0432, boot configuration): a stack
 * pointer, a reset vector, and a loop. */
static const uint8_t program[] = {0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0xfe, 0xe7};

static const struct link_settings even = {115200, LINK_PARITY_EVEN};
static const struct link_settings none = {115200, LINK_PARITY_NONE};

static pid_t rig;
static struct vhci_device ppk2, board;
static char ppk2_path[64], board_path[64];

/* The port of a device that is plugged in, by its USB serial number. */
static void find_port(const char *serial, char *ret_path, size_t size, char *ret_stable)
{
	struct serial_found *list;
	double until_ms = now_ms() + 5000;
	struct err err;
	size_t count;

	for (ret_path[0] = '\0'; !ret_path[0] && now_ms() < until_ms; poll(NULL, 0, 5)) {
		assert_int_equal(serial_scan(&list, &count, &err), 0);
		for (size_t i = 0; i < count; i++) {
			if (!list[i].is_usb || strcmp(list[i].serial, serial))
				continue;
			assert_int_equal(list[i].open_error, 0);
			assert_true(list[i].interface >= 0);
			snprintf(ret_path, size, "%s", list[i].path);
			if (ret_stable)
				strcpy(ret_stable, list[i].stable_path);
		}
		free(list);
	}
	assert_true(ret_path[0] && wait_for(ret_path));
}

static void plug_both(void)
{
	ppk2 = rig_plug("ppk2");
	board = rig_plug("board");
	find_port("1001", ppk2_path, sizeof(ppk2_path), NULL);
	find_port("board", board_path, sizeof(board_path), NULL);
}

static void write_flash(void)
{
	FILE *stream;

	mkdir(RIG_FOLDER, 0700);
	stream = fopen(RIG_FLASH, "w");
	assert_non_null(stream);
	assert_int_equal(fwrite(program, 1, sizeof(program), stream), sizeof(program));
	for (size_t i = sizeof(program); i < FLASH_BYTES; i++)
		assert_int_not_equal(putc(0xff, stream), EOF);
	assert_int_equal(fclose(stream), 0);
}

static int start(void **state)
{
	(void)state;
	write_flash();
	rig = rig_start(rig_yaml);
	plug_both();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_unplug(&ppk2);
	rig_unplug(&board);
	rig_stop(rig);
	return 0;
}

static struct link *open_port(const char *uri, const struct link_settings *settings)
{
	struct link *link;
	struct err err = {""};

	if (link_open(uri, settings, &link, &err))
		fail_msg("%s: %s", uri, err.text);
	return link;
}

/* ---- names ---- */

static void by_name(void **state)
{
	static const char stable[] = "/dev/serial/by-id/usb-VIRTUAL_PPK2_1001-if00";
	char path[64], found[256];
	struct link *link;
	struct err err;

	(void)state;
	link = open_port(ppk2_path, &none);
	assert_string_equal(link_identity(link), "virtual-rig usb 1915:C00A 1001");
	assert_true(link_is_virtual(link));
	link_close(link);
	/* what udev makes where there is one */
	mkdir("/dev/serial", 0755);
	mkdir("/dev/serial/by-id", 0755);
	assert_int_equal(symlink(ppk2_path, stable), 0);
	find_port("1001", path, sizeof(path), found);
	assert_string_equal(found, stable);
	link_close(open_port(stable, &none));
	unlink(stable);
	assert_int_equal(link_open("/dev/ttyACM77", &none, &link, &err), -ENOENT);
	assert_non_null(strstr(err.text, ppk2_path));
}

/* ---- bytes ---- */

static void ppk2_streams(void **state)
{
	const struct meter_settings settings = {.supply_v = 3.3};
	static struct meter_block block;
	struct meter *meter;
	struct err err = {""};
	uint64_t next = 0;
	double sum_a = 0;

	(void)state;
	if (meter_open_uri("ppk2", NULL, ppk2_path, &settings, &meter, &err) ||
	    meter_supply(meter, true, &err) || meter_start(meter, &err))
		fail_msg("%s", err.text);
	while (next < SAMPLES) {
		if (meter_read(meter, &block, LONG_MS, &err))
			fail_msg("%s", err.text);
		assert_int_equal(block.lost, 0);
		assert_int_equal(block.first_index, next);
		for (uint32_t i = 0; i < block.count; i++)
			sum_a += (double)block.current_a[i];
		next += block.count;
	}
	print_message("ppk2: %llu samples, %.4f mA\n", (unsigned long long)next,
		      sum_a / (double)next * 1e3);
	assert_true(sum_a / (double)next > 1e-4);
	assert_int_equal(meter_stop(meter, &err), 0);
	meter_close(meter);
}

/* Resets the board; what it answers to the loader's first byte, -1: nothing. */
static int ask_loader(struct link *link, bool rts)
{
	const uint8_t sync = LOADER_SYNC;
	struct err err = {""};
	uint8_t answer;
	size_t count;
	int ret;

	if (link_set_lines(link, true, rts, &err))
		fail_msg("%s", err.text);
	poll(NULL, 0, RESET_MS);
	if (link_set_lines(link, false, rts, &err) ||
	    link_discard(link, LOADER_MS, LONG_MS, &err) ||
	    link_write(link, &sync, 1, LONG_MS, &err))
		fail_msg("%s", err.text);
	ret = link_read_exactly(link, &answer, 1, QUIET_MS, &count, &err);
	if (ret == -ETIMEDOUT)
		return -1;
	if (ret)
		fail_msg("%s", err.text);
	return answer;
}

/* A loader in ROM wants 8E1; RTS deasserted (BOOT0 high) selects it, DTR resets. The meter feeds
 * the board. */
static void parity_and_lines(void **state)
{
	const struct meter_settings settings = {.supply_v = 3.3};
	struct link *link = open_port(board_path, &even);
	struct meter *meter;
	struct err err = {""};

	(void)state;
	if (meter_open_uri("ppk2", NULL, ppk2_path, &settings, &meter, &err) ||
	    meter_supply(meter, true, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ask_loader(link, false), LOADER_ACK);
	assert_int_not_equal(ask_loader(link, true), LOADER_ACK); /* starts what is in flash */
	assert_int_equal(link_set(link, &none, &err), 0);
	assert_int_not_equal(ask_loader(link, false), LOADER_ACK);
	assert_int_equal(link_set(link, &even, &err), 0);
	assert_int_equal(ask_loader(link, false), LOADER_ACK);
	link_close(link);
	meter_close(meter);
}

/* ---- others ---- */

static void one_at_a_time(void **state)
{
	struct link *first = open_port(ppk2_path, &none), *second;
	struct err err = {""};
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(link_open(ppk2_path, &none, &second, &err), -EBUSY);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(link_open(ppk2_path, &none, &second, &err) == -EBUSY ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	link_close(first);
	link_close(open_port(ppk2_path, &none));
}

static double unplugged_ms;

static void *unplug_soon(void *device)
{
	poll(NULL, 0, UNPLUG_MS);
	unplugged_ms = now_ms();
	rig_unplug(device);
	return NULL;
}

/* Seen while a read waits, and from then on. */
static void unplugged(void **state)
{
	struct link *link = open_port(ppk2_path, &none);
	struct err err = {""};
	pthread_t thread;
	uint8_t bytes[64];
	size_t count;
	double seen_ms;
	int ret;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, unplug_soon, &ppk2), 0);
	do {
		ret = link_read(link, bytes, sizeof(bytes), LONG_MS, &count, &err);
	} while (!ret && count);
	seen_ms = now_ms();
	pthread_join(thread, NULL);
	print_message("%.1f ms after unplugging: %s\n", seen_ms - unplugged_ms, err.text);
	assert_int_equal(ret, -ENODEV);
	assert_true(seen_ms - unplugged_ms < SEEN_MS);
	assert_int_equal(link_write(link, bytes, 1, LONG_MS, &err), -ENODEV);
	assert_int_equal(link_set(link, &none, &err), -ENODEV);
	link_close(link);
	ppk2 = rig_plug("ppk2");
	find_port("1001", ppk2_path, sizeof(ppk2_path), NULL);
	link_close(open_port(ppk2_path, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),          cmocka_unit_test(ppk2_streams),
		cmocka_unit_test(parity_and_lines), cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(unplugged),
	};

	guest_require();
	return cmocka_run_group_tests(tests, start, stop);
}
