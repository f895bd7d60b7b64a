/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * I2C buses on a played kernel: i2c-dev, and an i2c-tiny-usb adapter through the unmodified libusb.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/i2c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/link/i2c.h"
#include "drivers/link/link.h"
#include "drivers/link/record.h"
#include "tests/scratch.h"
#include "tests/seam/i2c.h"
#include "tests/seam/usbfs.h"

enum { INA = 0x40, OTHER = 0x45 };

/* ---- the adapter: an INA228-like chip with registers of 16, 24 and 40 bits ---- */

static struct seam_i2c adapter;

static int adapter_new(void **state)
{
	struct seam_i2c_device *ina;

	(void)state;
	memset(&adapter, 0, sizeof(adapter));
	adapter.number = 3;
	adapter.functions = I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
	ina = &adapter.devices[0];
	ina->address = INA;
	ina->width[0x05] = 3;
	ina->value[0x05] = 0x123456;
	ina->width[0x09] = 5;
	ina->value[0x09] = 0x0102030405;
	ina->width[0x3E] = 2;
	ina->value[0x3E] = 0x5449;
	ina->width[0x01] = 2;
	seam_i2c_plug(&adapter);
	return 0;
}

static int adapter_gone(void **state)
{
	(void)state;
	seam_i2c_unplug(&adapter);
	return seam_open_files() ? -1 : 0;
}

static struct i2c *opened(void)
{
	struct err err = {""};
	struct i2c *i2c = NULL;

	if (i2c_open("i2c:/dev/i2c-3", &i2c, &err))
		fail_msg("%s", err.text);
	assert_false(i2c_is_virtual(i2c));
	return i2c;
}

static int id_read(struct i2c *i2c, uint8_t address, struct err *err)
{
	struct i2c_read read = {.pointer = 0x3E, .count = 2};
	int ret = i2c_read_registers(i2c, address, &read, 1, NULL, NULL, err);

	if (!ret) {
		assert_int_equal(read.bytes[0], 0x54);
		assert_int_equal(read.bytes[1], 0x49);
	}
	return ret;
}

/* ---- i2c-dev ---- */

static void test_read(void **state)
{
	struct i2c_read reads[] = {{0x05, 3, {0}}, {0x09, 5, {0}}, {0x3E, 2, {0}}};
	struct i2c *i2c = opened();
	int64_t t_ns = 0, half_ns = -1, before_ns = link_now_ns(), after_ns;
	struct err err = {""};

	(void)state;
	assert_int_equal(i2c_read_registers(i2c, INA, reads, 3, &t_ns, &half_ns, &err), 0);
	after_ns = link_now_ns();
	assert_memory_equal(reads[0].bytes, "\x12\x34\x56", 3);
	assert_memory_equal(reads[1].bytes, "\x01\x02\x03\x04\x05", 5);
	assert_memory_equal(reads[2].bytes, "\x54\x49", 2);
	assert_int_equal(adapter.calls, 1); /* one call of the kernel, with repeated starts */
	assert_int_equal(adapter.messages, 6);
	assert_true(half_ns >= 0 && t_ns - half_ns >= before_ns && t_ns + half_ns <= after_ns + 1);
	assert_false(i2c_is_virtual(i2c));
	assert_string_equal(i2c_uri(i2c), "i2c:/dev/i2c-3");
	i2c_close(i2c);
}

static void test_many_registers(void **state)
{
	struct i2c_read reads[I2C_READS_MAX];
	struct i2c *i2c = opened();
	struct err err = {""};

	(void)state;
	for (size_t i = 0; i < I2C_READS_MAX; i++)
		reads[i] = (struct i2c_read){.pointer = 0x05, .count = 3};
	assert_int_equal(i2c_read_registers(i2c, INA, reads, I2C_READS_MAX, NULL, NULL, &err), 0);
	assert_int_equal(adapter.messages, 42);
	for (size_t i = 0; i < I2C_READS_MAX; i++)
		assert_memory_equal(reads[i].bytes, "\x12\x34\x56", 3);
	i2c_close(i2c);
}

static void test_write(void **state)
{
	const uint8_t bytes[] = {0xAB, 0xCD};
	struct i2c *i2c = opened();
	struct err err = {""};

	(void)state;
	assert_int_equal(i2c_write_register(i2c, INA, 0x01, bytes, 2, &err), 0);
	assert_int_equal(adapter.devices[0].value[0x01], 0xABCD);
	assert_int_equal(adapter.devices[0].writes, 1);
	i2c_close(i2c);
}

static void test_nobody(void **state)
{
	struct i2c *i2c = opened();
	struct err err = {""};

	(void)state;
	assert_int_equal(id_read(i2c, OTHER, &err), -ENXIO);
	assert_non_null(strstr(err.text, "nobody answers at address 0x45"));
	assert_int_equal(i2c_write_register(i2c, OTHER, 1, NULL, 0, &err), -ENXIO);
	adapter.faults[adapter.fault_count = adapter.calls] = EREMOTEIO;
	adapter.fault_count++;
	assert_int_equal(id_read(i2c, INA, &err), -ENXIO);
	assert_int_equal(id_read(i2c, INA, &err), 0);
	i2c_close(i2c);
}

static void faults_set(const int *faults, unsigned count)
{
	adapter.calls = 0;
	adapter.fault_count = count;
	memcpy(adapter.faults, faults, count * sizeof(*faults));
}

static void test_faults(void **state)
{
	static const int interrupted[] = {EINTR, EINTR, EINTR};
	static const int lost_twice[] = {EAGAIN, EAGAIN};
	static const int lost[] = {EAGAIN, EAGAIN, EAGAIN};
	static const int stuck[] = {ETIMEDOUT};
	static const int half[] = {-1};
	struct i2c *i2c = opened();
	struct err err = {""};

	(void)state;
	faults_set(interrupted, 3);
	assert_int_equal(id_read(i2c, INA, &err), 0);
	assert_int_equal(adapter.calls, 4);
	faults_set(lost_twice, 2);
	assert_int_equal(id_read(i2c, INA, &err), 0);
	faults_set(lost, 3);
	assert_int_equal(id_read(i2c, INA, &err), -EAGAIN);
	assert_int_equal(adapter.calls, 3);
	faults_set(stuck, 1);
	assert_int_equal(id_read(i2c, INA, &err), -ETIMEDOUT);
	assert_int_equal(adapter.calls, 1);
	faults_set(half, 1);
	assert_int_equal(id_read(i2c, INA, &err), -EIO);
	assert_non_null(strstr(err.text, "made 1 of 2 messages"));
	i2c_close(i2c);
}

/* hwmon's ina2xx is bound to the address; the bus's others can be had. */
static void test_kernel_driver(void **state)
{
	struct i2c *i2c = opened();
	struct err err = {""};

	(void)state;
	adapter.devices[0].has_driver = true;
	adapter.devices[1] = adapter.devices[0];
	adapter.devices[1].address = OTHER;
	adapter.devices[1].has_driver = false;
	assert_int_equal(id_read(i2c, INA, &err), -EBUSY);
	assert_non_null(strstr(err.text, "unbind"));
	assert_int_equal(adapter.calls, 0); /* not a single message went out */
	assert_int_equal(id_read(i2c, OTHER, &err), 0);
	assert_int_equal(id_read(i2c, OTHER, &err), 0);
	assert_int_equal(adapter.slave_calls, 2); /* an address that is free is asked for once */
	i2c_close(i2c);
}

static void test_unplugged(void **state)
{
	struct i2c *i2c = opened();
	struct err err = {""};

	(void)state;
	adapter.is_gone = true;
	assert_int_equal(id_read(i2c, INA, &err), -ENODEV);
	i2c_close(i2c);
}

static void open_fails(const char *uri, int code, const char *sentence)
{
	struct i2c *i2c = NULL;
	struct err err = {""};

	assert_int_equal(i2c_open(uri, &i2c, &err), code);
	assert_null(i2c);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" is not in \"%s\"", sentence, err.text);
	assert_int_equal(seam_open_files(), 0);
}

static void test_open_failures(void **state)
{
	(void)state;
	open_fails("i2c:/dev/i2c-4", -ENOENT, "modprobe i2c-dev");
	open_fails("i2c:i2c-3", -EINVAL, "whole path");
	open_fails("/dev/i2c-3", -EINVAL, "not an I2C bus");
	open_fails("i2c:/dev/null", -ENOTSUP, "no I2C adapter");
	adapter.functions = I2C_FUNC_SMBUS_EMUL;
	open_fails("i2c:/dev/i2c-3", -ENOTSUP, "only knows SMBus");
	adapter.node.open_error = EACCES;
	open_fails("i2c:/dev/i2c-3", -EACCES, "group i2c");
}

static void test_hundred_opens(void **state)
{
	struct err err = {""};

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct i2c *i2c = opened();

		assert_int_equal(id_read(i2c, INA, &err), 0);
		i2c_close(i2c);
		assert_int_equal(seam_open_files(), 0);
	}
}

/* ---- i2c-tiny-usb: the same chip behind a USB device ---- */

static struct seam_usb tiny;
static struct {
	unsigned begins, ends, delay_us;
	uint8_t pointer, status, echo_error;
	bool is_no_adapter;
} firmware;

static int chip_message(unsigned flags, unsigned address, uint8_t *data, size_t length)
{
	struct seam_i2c_device *ina = &adapter.devices[0];
	unsigned width;

	firmware.status = address == INA ? 1 : 2;
	if (address != INA)
		return (int)length;
	if (flags & I2C_M_RD) {
		width = ina->width[firmware.pointer];
		for (size_t i = 0; i < length; i++)
			data[i] = (uint8_t)(ina->value[firmware.pointer] >> 8 * (width - 1 - i));
		return (int)length;
	}
	firmware.pointer = data[0];
	if (length > 1) {
		ina->value[firmware.pointer] = 0;
		for (size_t i = 1; i < length; i++)
			ina->value[firmware.pointer] = ina->value[firmware.pointer] << 8 | data[i];
	}
	return (int)length;
}

static int tiny_control(struct seam_usb *usb, const uint8_t setup[8], uint8_t *data, size_t length)
{
	unsigned value = setup[2] | (unsigned)setup[3] << 8;
	unsigned index = setup[4] | (unsigned)setup[5] << 8;

	(void)usb;
	if ((setup[0] & 0x7F) != 0x41 || firmware.is_no_adapter)
		return -EPIPE;
	switch (setup[1]) {
	case 0:
		data[0] = (uint8_t)value ^ firmware.echo_error;
		data[1] = (uint8_t)(value >> 8);
		return 2;
	case 1:
		memcpy(data, "\x01\x00\xEF\x0E", 4);
		return 4;
	case 2:
		firmware.delay_us = value;
		return 0;
	case 3:
		data[0] = firmware.status;
		return 1;
	case 4:
	case 5:
	case 6:
	case 7:
		firmware.begins += setup[1] & 1;
		firmware.ends += setup[1] >> 1 & 1;
		return chip_message(value, index, data, length);
	default:
		return -EPIPE;
	}
}

static int tiny_new(void **state)
{
	adapter_new(state);
	memset(&firmware, 0, sizeof(firmware));
	memset(&tiny, 0, sizeof(tiny));
	tiny = (struct seam_usb){.vendor = 0x0403,
				 .product = 0xC631,
				 .version_bcd = 0x0205,
				 .manufacturer = "VIRTUAL Till Harbaum",
				 .product_name = "i2c-tiny-usb",
				 .address = 9,
				 .control = tiny_control};
	seam_usb_plug(&tiny);
	return 0;
}

static int tiny_gone(void **state)
{
	seam_usb_unplug(&tiny);
	return adapter_gone(state);
}

static void test_tiny(void **state)
{
	struct i2c_read reads[] = {{0x05, 3, {0}}, {0x09, 5, {0}}};
	const uint8_t bytes[] = {0x12, 0x34};
	struct err err = {""};
	struct i2c *i2c;

	(void)state;
	if (i2c_open("i2c-tiny-usb:usb:0403:c631", &i2c, &err))
		fail_msg("%s", err.text);
	assert_true(i2c_is_virtual(i2c));
	assert_int_equal(firmware.delay_us, 10);
	assert_int_equal(i2c_read_registers(i2c, INA, reads, 2, NULL, NULL, &err), 0);
	assert_memory_equal(reads[0].bytes, "\x12\x34\x56", 3);
	assert_memory_equal(reads[1].bytes, "\x01\x02\x03\x04\x05", 5);
	assert_int_equal(firmware.begins, 1); /* one transfer, repeated starts inside */
	assert_int_equal(firmware.ends, 1);
	assert_int_equal(i2c_write_register(i2c, INA, 0x01, bytes, 2, &err), 0);
	assert_int_equal(adapter.devices[0].value[0x01], 0x1234);
	assert_int_equal(id_read(i2c, OTHER, &err), -ENXIO);
	assert_int_equal(id_read(i2c, INA, &err), 0);
	seam_usb_unplug(&tiny);
	assert_int_equal(id_read(i2c, INA, &err), -ENODEV);
	i2c_close(i2c);
}

static void test_tiny_wrong_device(void **state)
{
	(void)state;
	firmware.echo_error = 0x10;
	open_fails("i2c-tiny-usb:usb:0403:c631", -ENOTSUP, "not an i2c-tiny-usb adapter");
	firmware.is_no_adapter = true;
	open_fails("i2c-tiny-usb:usb:0403:c631", -ENOTSUP, "not an i2c-tiny-usb adapter");
	open_fails("i2c-tiny-usb:usb:1c40:0534", -ENOENT, "there are: none");
	open_fails("i2c-tiny-usb:0403:c631", -EINVAL, "not a USB device");
}

/* ---- on a tape ---- */

struct session {
	char text[16][128];
	size_t count;
};

static void session_run(struct link_tape *tape, struct session *session)
{
	struct i2c_read reads[] = {{0x05, 3, {0}}, {0x3E, 2, {0}}};
	int64_t t_ns = 0, half_ns = 0;
	struct err err = {""};
	struct i2c *i2c;
	int ret;

	session->count = 0;
#define NOTE(...) snprintf(session->text[session->count++], sizeof(session->text[0]), __VA_ARGS__)
	assert_int_equal(i2c_open_taped(tape, "i2c:/dev/i2c-3", &i2c, &err), 0);
	NOTE("clock %lld", (long long)i2c_clock_ns(i2c));
	ret = i2c_read_registers(i2c, INA, reads, 2, &t_ns, &half_ns, &err);
	NOTE("read %d %02x%02x%02x %02x%02x %lld %lld", ret, reads[0].bytes[0], reads[0].bytes[1],
	     reads[0].bytes[2], reads[1].bytes[0], reads[1].bytes[1], (long long)t_ns,
	     (long long)half_ns);
	ret = i2c_write_register(i2c, INA, 1, (const uint8_t *)"ab", 2, &err);
	NOTE("write %d", ret);
	ret = id_read(i2c, OTHER, &err);
	NOTE("nobody %d %.90s", ret, err.text);
	NOTE("virtual %d", i2c_is_virtual(i2c));
	i2c_close(i2c);
#undef NOTE
}

static void test_tape(void **state)
{
	static struct session live, replayed;
	struct link_tape *tape;
	struct err err = {""};
	struct i2c_read other = {.pointer = 0x05, .count = 2};
	struct i2c *i2c;
	int64_t when_ns;
	char path[600];
	unsigned calls;

	(void)state;
	snprintf(path, sizeof(path), "%s/i2c.link", scratch_folder());
	assert_int_equal(link_tape_record(path, &tape, &err), 0);
	session_run(tape, &live);
	assert_int_equal(link_tape_close(tape, &err), 0);
	calls = adapter.calls;

	assert_int_equal(link_tape_replay(path, &tape, &err), 0);
	session_run(tape, &replayed);
	for (size_t i = 0; i < live.count; i++)
		assert_string_equal(replayed.text[i], live.text[i]);
	assert_int_equal(link_tape_outcome(tape, &when_ns, &err), LINK_TAPE_WHOLE);
	link_tape_close(tape, NULL);
	assert_int_equal(adapter.calls, calls); /* no device was touched */

	assert_int_equal(link_tape_replay(path, &tape, &err), 0);
	assert_int_equal(i2c_open_taped(tape, "i2c:/dev/i2c-3", &i2c, &err), 0);
	i2c_clock_ns(i2c);
	assert_int_equal(i2c_read_registers(i2c, INA, &other, 1, NULL, NULL, &err), -ECANCELED);
	assert_int_equal(link_tape_outcome(tape, &when_ns, &err), LINK_TAPE_DIFFERS);
	assert_non_null(strstr(err.text, "address 40"));
	i2c_close(i2c);
	link_tape_close(tape, NULL);
}

#define BUS_TEST(name)  cmocka_unit_test_setup_teardown(name, adapter_new, adapter_gone)
#define TINY_TEST(name) cmocka_unit_test_setup_teardown(name, tiny_new, tiny_gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUS_TEST(test_read),
		BUS_TEST(test_many_registers),
		BUS_TEST(test_write),
		BUS_TEST(test_nobody),
		BUS_TEST(test_faults),
		BUS_TEST(test_kernel_driver),
		BUS_TEST(test_unplugged),
		BUS_TEST(test_open_failures),
		BUS_TEST(test_hundred_opens),
		TINY_TEST(test_tiny),
		TINY_TEST(test_tiny_wrong_device),
		BUS_TEST(test_tape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
