/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/i2c.h"

/* PPK2: Nordic's numbers. LPM01A: ST's virtual COM port, which other boards use as well. DFU: the
 * STM32 ROM's (AN2606). The Joulescopes' are the vendor's of Openmoko's block. */
const struct scan_kind scan_kinds[] = {
	{0x1915, 0xc00a, "PPK2", "ppk2", true},
	{0x0483, 0x5740, "ST virtual COM port (an LPM01A, or any board with that firmware)", NULL,
	 true},
	{0x16d0, 0x10ba, "Joulescope JS220", "js220", false},
	{0x16d0, 0x0e88, "Joulescope JS110", "js110", false},
	{0x0483, 0xdf11, "STM32 in its DFU boot loader", NULL, false},
	{0, 0, NULL, NULL, false},
};

const struct scan_kind *scan_kind_find(uint16_t vendor, uint16_t product, bool is_serial)
{
	for (const struct scan_kind *kind = scan_kinds; kind->name; kind++)
		if (kind->vendor == vendor && kind->product == product &&
		    kind->is_serial == is_serial)
			return kind;
	return NULL;
}

int scan_i2c_parse(struct scan *scan, const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':'), *at;

	if (!colon || strncmp(text, "/dev/", 5) ||
	    (size_t)(colon - text) >= sizeof(scan->i2c[0].bus))
		return err_set(err, -EINVAL,
			       "--i2c: '%s' is no bus with addresses, as '/dev/i2c-1:0x40,0x41'",
			       text);
	for (at = colon + 1;; at++) {
		char *end;
		unsigned long address = strtoul(at, &end, 0);

		/* 0x00..0x07 and 0x78..0x7f are reserved (I2C specification UM10204, 3.1.12) */
		if (end == at || (*end && *end != ',') || *at == '-' || address < 0x08 ||
		    address > 0x77)
			return err_set(err, -EINVAL,
				       "--i2c: '%s': addresses are 0x08 to 0x77, with commas "
				       "between them",
				       text);
		if (scan->i2c_count == SCAN_I2C_MAX)
			return err_set(err, -EINVAL, "--i2c: more than %d addresses", SCAN_I2C_MAX);
		snprintf(scan->i2c[scan->i2c_count].bus, sizeof(scan->i2c[0].bus), "%.*s",
			 (int)(colon - text), text);
		scan->i2c[scan->i2c_count++].address = (uint8_t)address;
		at = end;
		if (!*at)
			return 0;
	}
}

static int read_word(struct i2c *i2c, uint8_t address, uint8_t pointer, unsigned *ret_word,
		     struct err *err)
{
	struct i2c_read reading = {.pointer = pointer, .count = 2};
	int ret = i2c_read_registers(i2c, address, &reading, 1, NULL, NULL, err);

	if (!ret)
		*ret_word = (unsigned)reading.bytes[0] << 8 | reading.bytes[1];
	return ret;
}

/* INA226 data sheet (SBOS547), registers FEh and FFh; INA228 (SBOSA20), 3Eh and 3Fh, whose last
 * digit is the revision. An INA219 has no such numbers. */
static int identify(struct i2c *i2c, struct scan_i2c *found, struct err *err)
{
	unsigned vendor = 0, device = 0;
	int ret = read_word(i2c, found->address, 0xFE, &vendor, err);

	if (!ret)
		ret = read_word(i2c, found->address, 0xFF, &device, err);
	if (!ret && vendor == 0x5449 && device == 0x2260) {
		snprintf(found->part, sizeof(found->part), "INA226");
		return 0;
	}
	if (!ret)
		ret = read_word(i2c, found->address, 0x3E, &vendor, err);
	if (!ret)
		ret = read_word(i2c, found->address, 0x3F, &device, err);
	if (!ret && vendor == 0x5449)
		snprintf(found->part, sizeof(found->part), "INA%03x", device >> 4);
	return ret;
}

static void ask(struct scan_i2c *found)
{
	struct err err = {""};
	struct i2c *i2c = NULL;
	char uri[80];

	snprintf(uri, sizeof(uri), "i2c:%s", found->bus);
	found->code = i2c_open(uri, &i2c, &err);
	if (!found->code)
		found->code = identify(i2c, found, &err);
	i2c_close(i2c);
	if (found->code)
		snprintf(found->problem, sizeof(found->problem), "%.199s", err.text);
}

static int list_usb(struct scan *scan, struct err *err)
{
	struct usb_found *all = NULL;
	size_t count = 0;
	int ret = usb_scan(0, 0, &all, &count, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < count; i++)
		if (scan_kind_find(all[i].identity.vendor, all[i].identity.product, false))
			all[scan->usb_count++] = all[i];
	scan->usb = all;
	return 0;
}

void scan_all(struct scan *scan)
{
	struct err errors[3] = {{""}, {""}, {""}};

	serial_scan(&scan->serial, &scan->serial_count, &errors[0]);
	list_usb(scan, &errors[1]);
	gpio_scan(&scan->gpio, &scan->gpio_count, &errors[2]);
	for (int i = 0; i < 3; i++)
		snprintf(scan->problems[i], sizeof(scan->problems[i]), "%.199s", errors[i].text);
	for (size_t i = 0; i < scan->i2c_count; i++)
		ask(&scan->i2c[i]);
}

void scan_done(struct scan *scan)
{
	free(scan->serial);
	free(scan->usb);
	free(scan->gpio);
}

static bool is_same_device(const struct serial_found *a, const struct serial_found *b)
{
	return a->is_usb && b->is_usb && a->vendor == b->vendor && a->product == b->product &&
	       a->serial[0] && !strcmp(a->serial, b->serial);
}

bool scan_is_data_port(const struct scan *scan, size_t serial_index)
{
	const struct serial_found *port = &scan->serial[serial_index];

	for (size_t i = 0; i < scan->serial_count; i++)
		if (i != serial_index && is_same_device(port, &scan->serial[i]) &&
		    scan->serial[i].interface < port->interface)
			return false;
	return true;
}

size_t scan_count_alike(const struct scan *scan, const struct scan_kind *kind)
{
	size_t count = 0;

	for (size_t i = 0; kind->is_serial && i < scan->serial_count; i++)
		count += scan->serial[i].is_usb && scan->serial[i].vendor == kind->vendor &&
			 scan->serial[i].product == kind->product && scan_is_data_port(scan, i);
	for (size_t i = 0; !kind->is_serial && i < scan->usb_count; i++)
		count += scan->usb[i].identity.vendor == kind->vendor &&
			 scan->usb[i].identity.product == kind->product;
	return count;
}
