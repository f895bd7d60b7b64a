/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The DfuSe loader: states and times of a download, addressing, flash that is not erased,
 * protection, errors, leaving.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/chips/dfuse.h"

#define BASE  0x08000000u
#define BYTES 32768u
#define PAGE  4096u
#define MS    1000000000ll

struct fixture {
	uint8_t flash[BYTES];
	struct vdfuse dfuse;
	struct usb_device usb;
};

static void new_loader(struct fixture *f, bool protected)
{
	const struct vdfuse_config config = {f->flash, BASE, BYTES, PAGE,     "42",
					     22,       500,  10,    protected};

	memset(f->flash, 0x55, BYTES);
	vdfuse_init(&f->dfuse, &config);
	f->usb = vdfuse_usb(&f->dfuse);
}

static int control(struct fixture *f, uint8_t type, uint8_t request, uint16_t value, void *data,
		   uint16_t length)
{
	const struct usb_setup setup = {type, request, value, 0, length};

	return f->usb.ops->control(f->usb.state, &setup, data);
}

/* bState; ret_status and ret_ms may be NULL. */
static unsigned status(struct fixture *f, unsigned *ret_status, unsigned *ret_ms)
{
	uint8_t reply[6];

	assert_int_equal(control(f, 0xa1, 3, 0, reply, 6), 6);
	if (ret_status)
		*ret_status = reply[0];
	if (ret_ms)
		*ret_ms = (unsigned)usb_get_le(reply + 1, 3);
	return reply[4];
}

static void command(struct fixture *f, uint8_t code, uint32_t address, unsigned expected_ms)
{
	uint8_t data[5] = {code};
	unsigned code_of_status, ms;

	usb_put_le(data + 1, address, 4);
	assert_int_equal(control(f, 0x21, 1, 0, data, 5), 5);
	assert_int_equal(status(f, &code_of_status, &ms), 4);
	assert_int_equal(code_of_status, 0);
	assert_int_equal(ms, expected_ms);
	vdfuse_pass(&f->dfuse, ms * MS);
	assert_int_equal(status(f, NULL, NULL), 5);
}

static void test_download(void **state)
{
	static struct fixture f;
	static uint8_t block[2048], back[2048];
	unsigned ms;

	(void)state;
	new_loader(&f, false);
	for (unsigned i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i * 5);
	command(&f, 0x41, BASE + PAGE + 17, 22);
	assert_int_equal(f.flash[PAGE - 1], 0x55);
	assert_int_equal(f.flash[PAGE], 0xff);
	assert_int_equal(f.flash[2 * PAGE - 1], 0xff);
	assert_int_equal(f.flash[2 * PAGE], 0x55);
	command(&f, 0x21, BASE + PAGE, 0);
	assert_int_equal(control(&f, 0x21, 1, 3, block, 2048), 2048); /* the second block */
	assert_int_equal(f.flash[PAGE + 2048], 0xff);                 /* not before GETSTATUS */
	assert_int_equal(status(&f, NULL, &ms), 4);
	assert_int_equal(ms, 10);
	vdfuse_pass(&f.dfuse, 4 * MS);
	assert_int_equal(status(&f, NULL, &ms), 4); /* still busy */
	assert_int_equal(ms, 6);
	assert_int_equal(control(&f, 0x21, 1, 2, block, 4), USB_STALL);
	assert_int_equal(status(&f, NULL, NULL), 10);
	assert_int_equal(control(&f, 0x21, 4, 0, block, 0), 0);
	assert_memory_equal(f.flash + PAGE + 2048, block, 2048);
	assert_int_equal(f.flash[PAGE], 0xff);
	assert_int_equal(control(&f, 0xa1, 2, 3, back, 2048), 2048);
	assert_memory_equal(back, block, 2048);
	assert_int_equal(status(&f, NULL, NULL), 9);
	assert_int_equal(control(&f, 0x21, 6, 0, back, 0), 0);
	assert_int_equal(status(&f, NULL, NULL), 2);
}

static unsigned fails(struct fixture *f, uint16_t block, const uint8_t *data, uint16_t length)
{
	uint8_t copy[2048], none[1];
	unsigned code;

	memcpy(copy, data, length);
	assert_int_equal(control(f, 0x21, 1, block, copy, length), length);
	assert_int_equal(status(f, &code, NULL), 10);
	assert_int_equal(control(f, 0x21, 4, 0, none, 0), 0);
	assert_int_equal(status(f, NULL, NULL), 2);
	return code;
}

static void test_errors(void **state)
{
	static const uint8_t outside[5] = {0x21, 0, 0, 0, 0x20}, strange[2] = {0x77, 1};
	static struct fixture f;

	(void)state;
	new_loader(&f, false);
	assert_int_equal(fails(&f, 2, (const uint8_t *)"abcd", 4), 6); /* not erased */
	assert_int_equal(f.flash[0], 0x55);
	assert_int_equal(fails(&f, 0, outside, 5), 8);
	assert_int_equal(fails(&f, 0, strange, 2), 1);
	command(&f, 0x21, BASE + BYTES - 2, 0);
	assert_int_equal(fails(&f, 2, (const uint8_t *)"abcd", 4), 8); /* beyond the end */
}

static void test_protected(void **state)
{
	static const uint8_t erase[1] = {0x41};
	static struct fixture f;
	uint8_t unprotect[1] = {0x92}, data[16];

	(void)state;
	new_loader(&f, true);
	assert_int_equal(fails(&f, 0, erase, 1), 11);
	assert_int_equal(control(&f, 0xa1, 2, 2, data, 16), USB_STALL);
	assert_int_equal(control(&f, 0x21, 4, 0, data, 0), 0);
	assert_int_equal(control(&f, 0xa1, 2, 0, data, 16), 4);
	assert_memory_equal(data, "\x00\x21\x41\x92", 4);
	assert_int_equal(control(&f, 0x21, 1, 0, unprotect, 1), 1);
	assert_int_equal(status(&f, NULL, NULL), 4);
	vdfuse_pass(&f.dfuse, 500 * MS);
	assert_int_equal(status(&f, NULL, NULL), 5);
	assert_int_equal(f.flash[BYTES - 1], 0xff); /* and all is gone */
}

static void test_leave_and_identity(void **state)
{
	static struct fixture f;
	uint8_t data[255];
	uint32_t address = 0;

	(void)state;
	new_loader(&f, false);
	assert_int_equal(control(&f, 0x80, 6, 0x0100, data, 18), 18);
	assert_memory_equal(data + 8, "\x83\x04\x11\xdf", 4);
	assert_int_equal(control(&f, 0x80, 6, 0x0200, data, 255), 27);
	assert_int_equal(data[18 + 5] | data[18 + 6] << 8, 2048);
	assert_int_equal(control(&f, 0x80, 6, 0x0304, data, 255), 2 + 2 * 39);
	assert_string_equal(f.dfuse.layout, "@Internal Flash  /0x08000000/008*0004Kg");
	command(&f, 0x21, BASE + PAGE, 0);
	assert_false(vdfuse_has_left(&f.dfuse, &address));
	assert_int_equal(control(&f, 0x21, 1, 2, data, 0), 0);
	assert_int_equal(status(&f, NULL, NULL), 7);
	assert_true(vdfuse_has_left(&f.dfuse, &address));
	assert_int_equal(address, BASE + PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_download),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_leave_and_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
