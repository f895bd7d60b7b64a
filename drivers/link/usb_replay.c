/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Replaying a USB device: a tape in the place of its kind. See record.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/link/record_tape.h"
#include "drivers/link/usb_tape.h"

static struct link_tape *tape_of(void *state)
{
	return ((struct usb_taped *)state)->tape;
}

static void text_copy(struct tape_span span, char *text, size_t size)
{
	size_t count = span.count < size - 1 ? span.count : size - 1;

	if (count)
		memcpy(text, span.bytes, count);
	text[count] = '\0';
}

static int replaying_open(void *state, const char *uri, const struct usb_expected *expected,
			  struct usb_identity *ret_identity, struct err *err)
{
	const struct tape_record asked = {
		.kind = TAPE_USB_OPEN,
		.values = {expected->vendor | (uint64_t)expected->product << 16 |
			   (uint64_t)expected->interface << 32},
		.texts = {tape_text(uri)},
	};
	struct tape_record record;
	int ret = tape_call(tape_of(state), &asked, &record, err);

	if (ret)
		return ret;
	ret_identity->vendor = (uint16_t)record.values[1];
	ret_identity->product = (uint16_t)(record.values[1] >> 16);
	ret_identity->version_bcd = (uint16_t)(record.values[1] >> 32);
	ret_identity->is_virtual = record.values[1] >> 48 & 1;
	text_copy(record.texts[1], ret_identity->manufacturer, sizeof(ret_identity->manufacturer));
	text_copy(record.texts[2], ret_identity->product_name, sizeof(ret_identity->product_name));
	text_copy(record.texts[3], ret_identity->serial, sizeof(ret_identity->serial));
	return 0;
}

static void replaying_close(void *state)
{
	struct usb_taped *taped = state;
	struct tape_record record;

	tape_take(taped->tape, &(struct tape_record){.kind = TAPE_CLOSE}, &record);
	free(taped->chunk);
}

/* More bytes than there is room for: it was asked with more room. */
static int bytes_give(struct link_tape *tape, struct tape_span span, void *bytes, size_t capacity,
		      size_t *ret_count, struct err *err)
{
	if (span.count > capacity)
		return tape_differ(tape, err,
				   "expected a read of %zu bytes; came one with room for %zu",
				   span.count, capacity);
	if (span.count)
		memcpy(bytes, span.bytes, span.count);
	*ret_count = span.count;
	return 0;
}

static int replaying_control(void *state, const uint8_t setup[USB_SETUP_BYTES], void *data,
			     int timeout_ms, size_t *ret_count, struct err *err)
{
	struct tape_record asked = {.kind = TAPE_USB_CONTROL, .texts = {{setup, USB_SETUP_BYTES}}};
	struct tape_record record;
	int ret;

	(void)timeout_ms;
	if (!usb_is_in(setup))
		asked.texts[1] = (struct tape_span){data, usb_setup_length(setup)};
	ret = tape_call(tape_of(state), &asked, &record, err);
	if (ret)
		return ret;
	if (usb_is_in(setup))
		return bytes_give(tape_of(state), record.texts[2], data, usb_setup_length(setup),
				  ret_count, err);
	*ret_count = (size_t)record.values[0];
	return 0;
}

static int replaying_bulk_write(void *state, uint8_t endpoint, const void *bytes, size_t count,
				int timeout_ms, struct err *err)
{
	const struct tape_record asked = {
		.kind = TAPE_USB_WRITE, .values = {endpoint}, .texts = {{bytes, count}}};
	struct tape_record record;

	(void)timeout_ms;
	return tape_call(tape_of(state), &asked, &record, err);
}

static int replaying_bulk_read(void *state, uint8_t endpoint, void *bytes, size_t capacity,
			       int timeout_ms, size_t *ret_count, struct err *err)
{
	const struct tape_record asked = {.kind = TAPE_USB_READ, .values = {endpoint}};
	struct tape_record record;
	int ret = tape_call(tape_of(state), &asked, &record, err);

	(void)timeout_ms;
	return ret ? ret
		   : bytes_give(tape_of(state), record.texts[0], bytes, capacity, ret_count, err);
}

static int replaying_clear_halt(void *state, uint8_t endpoint, struct err *err)
{
	const struct tape_record asked = {.kind = TAPE_USB_CLEAR, .values = {endpoint}};
	struct tape_record record;

	return tape_call(tape_of(state), &asked, &record, err);
}

static int replaying_stream_start(void *state, const struct usb_stream_settings *settings,
				  struct err *err)
{
	const struct tape_record asked = {
		.kind = TAPE_USB_START,
		.values = {settings->endpoint, settings->transfer_bytes, settings->transfers}};
	struct tape_record record;

	return tape_call(tape_of(state), &asked, &record, err);
}

/* The chunk is copied: the tape's own bytes go with its next record, a chunk stays until the next
 * chunk. */
static int replaying_stream_read(void *state, struct usb_chunk *ret_chunk, int timeout_ms,
				 struct err *err)
{
	struct usb_taped *taped = state;
	struct tape_record record;
	uint8_t *chunk;
	int ret =
		tape_call(taped->tape, &(struct tape_record){.kind = TAPE_USB_CHUNK}, &record, err);

	(void)timeout_ms;
	if (ret)
		return ret;
	chunk = realloc(taped->chunk, record.texts[0].count + 1);
	if (!chunk) {
		tape_damaged(taped->tape, "out of memory");
		return err_set(err, -ECANCELED, "the replay is over: %s", taped->tape->err.text);
	}
	taped->chunk = chunk;
	if (record.texts[0].count)
		memcpy(chunk, record.texts[0].bytes, record.texts[0].count);
	*ret_chunk = (struct usb_chunk){chunk, record.texts[0].count,
					taped->tape->clock_ns + tape_unzigzag(record.values[0])};
	return 0;
}

static int replaying_stream_stop(void *state, struct err *err)
{
	struct tape_record record;

	return tape_call(tape_of(state), &(struct tape_record){.kind = TAPE_USB_STOP}, &record,
			 err);
}

static int64_t replaying_clock_ns(void *state)
{
	return link_tape_clock_ns(tape_of(state));
}

const struct usb_ops usb_replaying = {
	.scheme = "replaying",
	.state_size = sizeof(struct usb_taped),
	.open = replaying_open,
	.close = replaying_close,
	.control = replaying_control,
	.bulk_write = replaying_bulk_write,
	.bulk_read = replaying_bulk_read,
	.clear_halt = replaying_clear_halt,
	.stream_start = replaying_stream_start,
	.stream_read = replaying_stream_read,
	.stream_stop = replaying_stream_stop,
	.clock_ns = replaying_clock_ns,
};
