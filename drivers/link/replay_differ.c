/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was asked in a recorded session against what is asked in its replay, and a sentence for the
 * difference.
 */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/link/record_tape.h"

enum { SHOWN_BYTES = 12 };

static bool spans_are_same(struct tape_span a, struct tape_span b)
{
	return a.count == b.count && (!a.count || !memcmp(a.bytes, b.bytes, a.count));
}

bool tape_is_same(const struct tape_record *recorded, const struct tape_record *asked)
{
	const struct tape_layout *layout = &tape_layouts[asked->kind];
	size_t value = 0, text = 0;
	bool same = recorded->kind == asked->kind;

	for (unsigned i = 0; same && i < layout->asked; i++)
		if (layout->fields[i] == 'v') {
			same = recorded->values[value] == asked->values[value];
			value++;
		} else {
			same = spans_are_same(recorded->texts[text], asked->texts[text]);
			text++;
		}
	return same;
}

static size_t first_difference(struct tape_span a, struct tape_span b)
{
	size_t at = 0;

	while (at < a.count && at < b.count && a.bytes[at] == b.bytes[at])
		at++;
	return at;
}

/* ---- sentences: one function per shape ---- */

typedef void describe_function(const struct tape_record *record, size_t from, char *text,
			       size_t size);

static void describe_bytes(const char *what, struct tape_span span, size_t from, char *text,
			   size_t size)
{
	size_t used = (size_t)snprintf(text, size, "%s of %zu bytes, from byte %zu:", what,
				       span.count, from);

	for (size_t i = from; i < span.count && i < from + SHOWN_BYTES && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, " %02x", span.bytes[i]);
	if (used < size)
		snprintf(text + used, size - used, "%s",
			 from >= span.count                ? " nothing"
			 : span.count > from + SHOWN_BYTES ? " ..."
							   : "");
}

static const char *parity_text(const struct tape_record *record)
{
	static const char *const parities[] = {"?", "N", "E", "O"};

	return parities[record->values[1] < 4 ? record->values[1] : 0];
}

static void describe_open(const struct tape_record *record, size_t from, char *text, size_t size)
{
	(void)from;
	snprintf(text, size, "opening %.*s at %" PRIu64 " baud 8%s1", (int)record->texts[0].count,
		 (const char *)record->texts[0].bytes, record->values[0], parity_text(record));
}

static void describe_set(const struct tape_record *record, size_t from, char *text, size_t size)
{
	(void)from;
	snprintf(text, size, "setting %" PRIu64 " baud 8%s1", record->values[0],
		 parity_text(record));
}

static void describe_lines(const struct tape_record *record, size_t from, char *text, size_t size)
{
	(void)from;
	snprintf(text, size, "driving DTR %d, RTS %d", (int)(record->values[0] & 1),
		 (int)(record->values[0] >> 1 & 1));
}

static void describe_write(const struct tape_record *record, size_t from, char *text, size_t size)
{
	describe_bytes("a write", record->texts[0], from, text, size);
}

static void describe_usb_open(const struct tape_record *record, size_t from, char *text,
			      size_t size)
{
	(void)from;
	snprintf(text, size, "opening %.*s as %04x:%04x interface %u", (int)record->texts[0].count,
		 (const char *)record->texts[0].bytes, (unsigned)(record->values[0] & 0xFFFF),
		 (unsigned)(record->values[0] >> 16 & 0xFFFF), (unsigned)(record->values[0] >> 32));
}

static void describe_usb_control(const struct tape_record *record, size_t from, char *text,
				 size_t size)
{
	struct tape_span setup = record->texts[0];
	size_t used = (size_t)snprintf(text, size, "a control transfer with setup");

	(void)from;
	for (size_t i = 0; i < setup.count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, " %02x", setup.bytes[i]);
	if (record->texts[1].count && used + 2 < size) {
		used += (size_t)snprintf(text + used, size - used, ", ");
		describe_bytes("data", record->texts[1], 0, text + used, size - used);
	}
}

static void describe_usb_write(const struct tape_record *record, size_t from, char *text,
			       size_t size)
{
	char what[48];

	snprintf(what, sizeof(what), "a write to endpoint %02x", (unsigned)record->values[0]);
	describe_bytes(what, record->texts[0], from, text, size);
}

static void describe_usb_endpoint(const struct tape_record *record, size_t from, char *text,
				  size_t size)
{
	(void)from;
	snprintf(text, size, "%s endpoint %02x",
		 record->kind == TAPE_USB_READ ? "a read from" : "clearing the halt of",
		 (unsigned)record->values[0]);
}

static void describe_usb_start(const struct tape_record *record, size_t from, char *text,
			       size_t size)
{
	(void)from;
	snprintf(text, size,
		 "a stream from endpoint %02x, %" PRIu64 " transfers of %" PRIu64 " bytes",
		 (unsigned)record->values[0], record->values[2], record->values[1]);
}

static void describe_i2c_open(const struct tape_record *record, size_t from, char *text,
			      size_t size)
{
	(void)from;
	snprintf(text, size, "opening %.*s", (int)record->texts[0].count,
		 (const char *)record->texts[0].bytes);
}

static void describe_i2c(const struct tape_record *record, size_t from, char *text, size_t size)
{
	bool is_read = record->kind == TAPE_I2C_READ;
	char what[64];

	(void)from;
	snprintf(what, sizeof(what), "%s address %02x, %s",
		 is_read ? "reading registers at" : "writing a register at",
		 (unsigned)record->values[0],
		 is_read ? "registers and counts" : "register and value");
	describe_bytes(what, record->texts[0], 0, text, size);
}

static void describe_control(const struct tape_record *record, size_t from, char *text, size_t size)
{
	static const char *const orders[] = {[TAPE_CONTROL_OPEN] = "taking",
					     [TAPE_CONTROL_INACTIVE] = "deactivating",
					     [TAPE_CONTROL_ACTIVE] = "activating",
					     [TAPE_CONTROL_CLOSE] = "letting go of"};
	uint64_t order = record->values[0];

	(void)from;
	snprintf(text, size, "%s line %.*s",
		 order && order < sizeof(orders) / sizeof(orders[0]) ? orders[order] : "?",
		 (int)record->texts[0].count, (const char *)record->texts[0].bytes);
}

static void describe_marker_open(const struct tape_record *record, size_t from, char *text,
				 size_t size)
{
	(void)from;
	snprintf(text, size, "opening the marker lines %.*s", (int)record->texts[0].count,
		 (const char *)record->texts[0].bytes);
}

static const struct {
	const char *plain;
	describe_function *describe;
} sentences[TAPE_KINDS] = {
	[TAPE_OPEN] = {NULL, describe_open},
	[TAPE_CLOSE] = {"closing the link", NULL},
	[TAPE_SET] = {NULL, describe_set},
	[TAPE_LINES] = {NULL, describe_lines},
	[TAPE_READ] = {"a read", NULL},
	[TAPE_WRITE] = {NULL, describe_write},
	[TAPE_CLOCK] = {"a reading of the clock", NULL},
	[TAPE_WALL] = {"a reading of the wall clock", NULL},
	[TAPE_NO] = {"a flag", NULL},
	[TAPE_IDENTITY] = {"what the far end says of itself", NULL},
	[TAPE_END] = {"the end of the session", NULL},
	[TAPE_USB_OPEN] = {NULL, describe_usb_open},
	[TAPE_USB_CONTROL] = {NULL, describe_usb_control},
	[TAPE_USB_WRITE] = {NULL, describe_usb_write},
	[TAPE_USB_READ] = {NULL, describe_usb_endpoint},
	[TAPE_USB_CLEAR] = {NULL, describe_usb_endpoint},
	[TAPE_USB_START] = {NULL, describe_usb_start},
	[TAPE_USB_CHUNK] = {"a read of the stream", NULL},
	[TAPE_USB_STOP] = {"stopping the stream", NULL},
	[TAPE_I2C_OPEN] = {NULL, describe_i2c_open},
	[TAPE_I2C_READ] = {NULL, describe_i2c},
	[TAPE_I2C_WRITE] = {NULL, describe_i2c},
	[TAPE_CONTROL] = {NULL, describe_control},
	[TAPE_MARKER_OPEN] = {NULL, describe_marker_open},
	[TAPE_MARKER_READ] = {"a look for edges", NULL},
};

static void describe(const struct tape_record *record, size_t from, char *text, size_t size)
{
	if (sentences[record->kind].describe)
		sentences[record->kind].describe(record, from, text, size);
	else
		snprintf(text, size, "%s",
			 sentences[record->kind].plain ? sentences[record->kind].plain : "?");
}

void tape_describe(const struct tape_record *record, char *text, size_t size)
{
	describe(record, 0, text, size);
}

void tape_describe_both(const struct tape_record *recorded, const struct tape_record *asked,
			char *text, size_t size)
{
	size_t from = recorded->kind == asked->kind
			      ? first_difference(recorded->texts[0], asked->texts[0])
			      : 0;
	char was[160], is[160];

	describe(recorded, from, was, sizeof(was));
	describe(asked, from, is, sizeof(is));
	snprintf(text, size, "expected %s; came %s", was, is);
}
