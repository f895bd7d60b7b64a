/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB hub's port as a supply line, through the unmodified libusb on a played kernel. The hub is
 * played after USB 2.0 chapter 11, and behind it the kernel's hub driver, which switches a port on
 * again that nobody has claimed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/control/control.h"
#include "drivers/control/hub_power.h"
#include "drivers/link/usb_unclaimed.h"
#include "tests/seam/usbfs.h"
#include "tests/unit/drivers/conformance_control.h"

enum { PORTS = 4, PORT_POWER = 8, USB2_ADDRESS = 5, USB3_ADDRESS = 6 };

enum { GANGED = 0, INDIVIDUAL = 1, NONE = 2 };

/* A hub, or one half of it. */
struct hub {
	struct seam_usb usb;
	uint8_t mode; /* wHubCharacteristics, bits 1..0 */
	uint32_t powered;
	bool is_false;       /* says it switches, and does not */
	unsigned orders;     /* to switch */
	uint32_t taken_then; /* ports that were claimed at the last of them */
	unsigned status_bit;
};

static struct hub usb2, usb3;

static int descriptor_give(const struct hub *hub, uint8_t type, uint8_t *data, size_t length)
{
	/* bDescLength, type, ports, characteristics, 100 ms to power good, 100 mA */
	const uint8_t bytes[] = {hub->usb.is_superspeed ? 12 : 9,
				 hub->usb.is_superspeed ? 0x2A : 0x29,
				 PORTS,
				 (uint8_t)(hub->mode | 0x08),
				 0,
				 5,
				 100,
				 0,
				 0xFF,
				 0,
				 0,
				 0};
	size_t count = bytes[0] < length ? bytes[0] : length;

	if (type != bytes[1])
		return -EPIPE;
	memcpy(data, bytes, count);
	return (int)count;
}

static void order(struct hub *hub, unsigned port, bool on)
{
	uint32_t bit = UINT32_C(1) << port;

	hub->orders++;
	hub->taken_then = hub->usb.taken_ports;
	if (hub->is_false || hub->mode == NONE)
		return;
	if (hub->mode == GANGED)
		bit = UINT32_MAX;
	hub->powered = on ? hub->powered | bit : hub->powered & ~bit;
	/* hub_port_connect(): nothing is connected any more, and the port is nobody's */
	if (!on && !(hub->usb.taken_ports >> port & 1))
		hub->powered |= bit;
}

static int hub_control(struct seam_usb *usb, const uint8_t setup[8], uint8_t *data, size_t length)
{
	struct hub *hub = usb->context;
	unsigned value = setup[2] | setup[3] << 8, port = setup[4];
	uint32_t status = 0x0100u << 16;

	if (setup[0] == 0xA0 && setup[1] == 6)
		return descriptor_give(hub, setup[3], data, length);
	if (!port || port > PORTS)
		return -EPIPE;
	if (setup[0] == 0x23 && (setup[1] == 1 || setup[1] == 3) && value == PORT_POWER) {
		order(hub, port, setup[1] == 3);
		return 0;
	}
	if (setup[0] != 0xA3 || setup[1] != 0 || length < 4)
		return -EPIPE;
	if (hub->powered >> port & 1)
		status |= 1u << hub->status_bit;
	for (int i = 0; i < 4; i++)
		data[i] = (uint8_t)(status >> 8 * i);
	return 4;
}

static void hub_new(struct hub *hub, bool is_superspeed)
{
	memset(hub, 0, sizeof(*hub));
	hub->usb = (struct seam_usb){.vendor = 0x05E3,
				     .product = is_superspeed ? 0x0626 : 0x0610,
				     .device_class = 9,
				     .is_superspeed = is_superspeed,
				     .address = is_superspeed ? USB3_ADDRESS : USB2_ADDRESS,
				     .has_kernel_driver = true,
				     .control = hub_control,
				     .context = hub};
	hub->mode = INDIVIDUAL;
	hub->powered = UINT32_MAX;
	hub->status_bit = is_superspeed ? 9 : 8;
}

static int plug(void **state)
{
	(void)state;
	hub_new(&usb2, false);
	hub_new(&usb3, true);
	seam_usb_plug(&usb2.usb);
	return 0;
}

/* Nothing was claimed, whatever happened: the kernel's hub driver is still there. */
static int unplug(void **state)
{
	bool is_whole = !usb2.usb.claims && !usb3.usb.claims && usb2.usb.has_kernel_driver &&
			usb3.usb.has_kernel_driver && !usb2.usb.taken_ports &&
			!usb3.usb.taken_ports;

	(void)state;
	if (usb2.usb.is_plugged)
		seam_usb_unplug(&usb2.usb);
	if (usb3.usb.is_plugged)
		seam_usb_unplug(&usb3.usb);
	seam_file_remove("/sys/bus/usb/devices/1-5:1.0/1-5-port2/peer");
	return !is_whole || seam_open_files() ? -1 : 0;
}

static struct control_lines supply(const char *text)
{
	struct control_lines lines = {.reset = {.kind = 0}};
	struct err err = {""};

	if (control_line_parse(CONTROL_SUPPLY, text, &lines.supply, &err))
		fail_msg("%s", err.text);
	return lines;
}

static void opened(struct control *control, const char *text)
{
	const struct control_lines lines = supply(text);
	struct err err = {""};

	if (control_open(control, &lines, NULL, &err))
		fail_msg("%s", err.text);
}

static bool is_on(const struct hub *hub, unsigned port)
{
	return hub->powered >> port & 1;
}

/* ---- places and descriptors ---- */

static void places(void **state)
{
	static const struct {
		const char *text;
		unsigned bus, depth;
		uint8_t last;
	} good[] = {{"1-1.4", 1, 2, 4},
		    {"usb3", 3, 0, 0},
		    {"12-7", 12, 1, 7},
		    {"1-1.2.3.4.5.6.255", 1, 7, 255}};
	static const char *const bad[] = {"",
					  "1",
					  "1-",
					  "-1",
					  "1-0",
					  "1-1.",
					  "1-1.256",
					  "1.1",
					  "1-1-1",
					  "usb",
					  "usb0",
					  "usb1.1",
					  "1-1.2.3.4.5.6.7.8",
					  " 1-1",
					  "1-1 ",
					  "256-1",
					  "1-99999999999999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct usb_place place = {0};

		assert_true(usb_place_parse(good[i].text, &place));
		assert_true(place.bus == good[i].bus && place.depth == good[i].depth);
		assert_true(!place.depth || place.ports[place.depth - 1] == good[i].last);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct usb_place place;

		if (usb_place_parse(bad[i], &place))
			fail_msg("'%s' passes", bad[i]);
	}
}

static void descriptors(void **state)
{
	uint8_t bytes[12] = {9, 0x29, 7, 0, 0, 50, 100, 0, 0xFF};
	struct hub_descriptor descriptor;
	struct err err = {""};

	(void)state;
	for (uint8_t mode = 0; mode < 4; mode++) {
		bytes[3] = (uint8_t)(0xE4 | mode);
		assert_int_equal(hub_descriptor_parse(bytes, 9, false, &descriptor, &err), 0);
		assert_int_equal(descriptor.port_count, 7);
		assert_int_equal(descriptor.power_good_ms, 100);
		assert_int_equal(descriptor.switches_ports, mode == 1);
		assert_int_equal(descriptor.is_ganged, mode == 0);
	}
	for (size_t count = 0; count < 7; count++)
		assert_int_equal(hub_descriptor_parse(bytes, count, false, &descriptor, &err),
				 -EPROTO);
	assert_int_equal(hub_descriptor_parse(bytes, 9, true, &descriptor, &err), -EPROTO);
	bytes[0] = 12;
	bytes[1] = 0x2A;
	assert_int_equal(hub_descriptor_parse(bytes, 12, true, &descriptor, &err), 0);
	assert_int_equal(hub_descriptor_parse(bytes, 12, false, &descriptor, &err), -EPROTO);
}

/* ---- switching ---- */

/* Off at open, and stays so against the kernel's driver, because the port is claimed; let go once
 * it is on, so that its device gets a driver. The other ports are left alone. */
static void switched(void **state)
{
	struct control control;
	struct err err = {""};

	(void)state;
	opened(&control, "hub:1-5:2");
	assert_false(is_on(&usb2, 2));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(usb2.taken_then, 1u << 2);
		assert_int_equal(control_supply(&control, false, &err), 0); /* twice is once */
		assert_false(is_on(&usb2, 2));
		if (control_supply(&control, true, &err))
			fail_msg("%s", err.text);
		assert_true(is_on(&usb2, 2));
		assert_int_equal(usb2.usb.taken_ports, 0);
		assert_int_equal(control_supply(&control, true, &err), 0);
		assert_int_equal(control_supply(&control, false, &err), 0);
		assert_false(is_on(&usb2, 2));
	}
	assert_true(is_on(&usb2, 1) && is_on(&usb2, 3) && is_on(&usb2, 4));
	control_close(&control);
	assert_int_equal(usb2.usb.taken_ports, 0);
}

/* Both halves of a USB 3 hub: a port has power while either wants it to. */
static void both_halves(void **state)
{
	struct control control;
	struct err err = {""};

	(void)state;
	seam_usb_plug(&usb3.usb);
	seam_text_set("/sys/bus/usb/devices/1-5:1.0/1-5-port2/peer", "%s",
		      "../../../../usb1/1-6/1-6:1.0/1-6-port3");
	opened(&control, "hub:1-5:2");
	assert_false(is_on(&usb2, 2) || is_on(&usb3, 3));
	assert_true(is_on(&usb2, 3) && is_on(&usb3, 2));
	assert_int_equal(control_supply(&control, true, &err), 0);
	assert_true(is_on(&usb2, 2) && is_on(&usb3, 3));
	control_close(&control);
	/* the other half alone */
	opened(&control, "hub:1-6:3");
	assert_true(is_on(&usb2, 2) && !is_on(&usb3, 3));
	control_close(&control);
}

/* The other half does not qualify: switching one would switch nothing. */
static void other_half_refused(void **state)
{
	const struct control_lines lines = supply("hub:1-5:2");
	struct control control;
	struct err err = {""};

	(void)state;
	usb3.mode = NONE;
	seam_usb_plug(&usb3.usb);
	seam_text_set("/sys/bus/usb/devices/1-5:1.0/1-5-port2/peer", "%s", "../1-6-port2");
	assert_int_equal(control_open(&control, &lines, NULL, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "the other half of hub 1-5: hub 1-6: it cannot switch"));
	assert_int_equal(usb2.orders, 0);
}

/* ---- refused ---- */

static void open_fails(const char *text, int code, const char *says)
{
	const struct control_lines lines = supply(text);
	struct control control;
	struct err err = {""}, probe_err = {""};

	assert_int_equal(control_line_probe(&lines.supply, &probe_err), code);
	assert_int_equal(control_open(&control, &lines, NULL, &err), code);
	assert_string_equal(probe_err.text, err.text);
	if (!strstr(err.text, says))
		fail_msg("'%s' lacks '%s'", err.text, says);
	assert_int_equal(usb2.orders, 0);
	assert_int_equal(seam_open_files(), 0);
}

static void refused(void **state)
{
	(void)state;
	open_fails("hub:1-9:2", -ENOENT, "1-9: no USB device is there");
	open_fails("hub:1-5:5", -EINVAL, "it has ports 1..4, no port 5");
	usb2.mode = GANGED;
	open_fails("hub:1-5:2", -ENOTSUP, "all its 4 ports together (ganged)");
	usb2.mode = NONE;
	open_fails("hub:1-5:2", -ENOTSUP, "it cannot switch its ports' power");
	usb2.mode = 3;
	open_fails("hub:1-5:2", -ENOTSUP, "it cannot switch its ports' power");
	usb2.mode = INDIVIDUAL;
	usb2.usb.node.open_error = EACCES;
	open_fails("hub:1-5:2", -EACCES, "ATTR{idProduct}==\"0610\"");
}

static void no_hub(void **state)
{
	(void)state;
	seam_usb_unplug(&usb2.usb);
	usb2.usb.device_class = 0;
	seam_usb_plug(&usb2.usb);
	open_fails("hub:1-5:2", -EINVAL, "the device there is no hub");
}

/* A probe switches nothing. */
static void probe(void **state)
{
	const struct control_lines lines = supply("hub:1-5:2");
	struct err err = {""};

	(void)state;
	assert_int_equal(control_line_probe(&lines.supply, &err), 0);
	assert_int_equal(usb2.orders, 0);
	assert_true(is_on(&usb2, 2));
	assert_int_equal(seam_open_files(), 0);
}

/* Another program has claimed the port. */
static void port_is_taken(void **state)
{
	const struct control_lines lines = supply("hub:1-5:2");
	struct usb_unclaimed *other = NULL;
	struct control control;
	struct err err = {""};

	(void)state;
	assert_int_equal(usb_unclaimed_open("1-5", &other, &err), 0);
	assert_int_equal(usb_unclaimed_take_port(other, 2, &err), 0);
	assert_int_equal(control_open(&control, &lines, NULL, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another program holds port 2"));
	assert_true(is_on(&usb2, 2));
	usb_unclaimed_close(other);
	assert_int_equal(control_open(&control, &lines, NULL, &err), 0);
	control_close(&control);
}

/* ---- the status is what counts ---- */

static void says_and_does_not(void **state)
{
	const struct control_lines lines = supply("hub:1-5:2");
	struct control control;
	struct err err = {""};

	(void)state;
	usb2.is_false = true;
	assert_int_equal(control_open(&control, &lines, NULL, &err), -EIO);
	assert_non_null(strstr(err.text, "hub 1-5: told to switch port 2 off, the hub says"));
}

static void stays_off(void **state)
{
	struct control control;
	struct err err = {""};

	(void)state;
	opened(&control, "hub:1-5:2");
	usb2.powered |= 1u << 2; /* somebody */
	assert_int_equal(control_supply(&control, true, &err), -EIO);
	assert_non_null(strstr(err.text, "port 2 was switched off, and somebody"));
	/* said once */
	assert_int_equal(control_supply(&control, true, &err), 0);
	usb2.is_false = true;
	usb2.powered = 0;
	assert_int_equal(control_supply(&control, true, &err), -EIO);
	assert_non_null(strstr(err.text, "told to switch port 2 on"));
	control_close(&control);
}

static void unplugged(void **state)
{
	struct control control;
	struct err err = {""};

	(void)state;
	opened(&control, "hub:1-5:2");
	seam_usb_unplug(&usb2.usb);
	assert_int_equal(control_supply(&control, true, &err), -ENODEV);
	control_close(&control);
}

static int port_level(void)
{
	return is_on(&usb2, 2);
}

static void port_was(int level)
{
	usb2.powered = level ? UINT32_MAX : 0;
}

/* As every switch. */
static void conforms(void **state)
{
	static const char *const malformed[] = {"", "1-5", "1-5:", "1-5:x", ":2", NULL};
	const struct conformance_control row = {.ops = &control_hub,
						.address = "1-5:2",
						.absent = "1-9:2",
						.malformed = malformed,
						.level = port_level,
						.set_level = port_was};

	(void)state;
	conformance_control_all(&row);
}

#define PLUGGED(test) cmocka_unit_test_setup_teardown(test, plug, unplug)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(descriptors),
		PLUGGED(switched),
		PLUGGED(both_halves),
		PLUGGED(other_half_refused),
		PLUGGED(refused),
		PLUGGED(no_hub),
		PLUGGED(probe),
		PLUGGED(port_is_taken),
		PLUGGED(says_and_does_not),
		PLUGGED(stays_off),
		PLUGGED(unplugged),
		PLUGGED(conforms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
