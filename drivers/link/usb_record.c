/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recording a USB device: its kind with a tape in front of it that writes down each result. See
 * record.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/link/record_tape.h"
#include "drivers/link/usb_tape.h"

/* The sentence is recorded also for those who do not want it. */
#define SENTENCE(err) ((err) ? (err) : &(struct err){""})

static int recording_open(void *state, const char *uri, const struct usb_expected *expected,
			  struct usb_identity *ret_identity, struct err *err)
{
	struct usb_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	const char *address = NULL;
	struct usb_identity found = {0};
	struct tape_record record = {
		.kind = TAPE_USB_OPEN,
		.values = {expected->vendor | (uint64_t)expected->product << 16 |
			   (uint64_t)expected->interface << 32},
		.texts = {tape_text(uri)},
	};
	int ret = usb_kind_find(uri, &taped->ops, &address, sentence);

	if (ret)
		return ret;
	taped->state = calloc(1, taped->ops->state_size);
	if (!taped->state)
		return err_set(err, -ENOMEM, "out of memory");
	ret = taped->ops->open(taped->state, address, expected, &found, sentence);
	record.values[1] = found.vendor | (uint64_t)found.product << 16 |
			   (uint64_t)found.version_bcd << 32 | (uint64_t)found.is_virtual << 48;
	record.texts[1] = tape_text(found.manufacturer);
	record.texts[2] = tape_text(found.product_name);
	record.texts[3] = tape_text(found.serial);
	tape_write(taped->tape, &record, ret, sentence);
	if (ret)
		free(taped->state);
	else
		*ret_identity = found;
	return ret;
}

static void recording_close(void *state)
{
	struct usb_taped *taped = state;

	taped->ops->close(taped->state);
	free(taped->state);
	tape_write(taped->tape, &(struct tape_record){.kind = TAPE_CLOSE}, 0, NULL);
}

static int recording_control(void *state, const uint8_t setup[USB_SETUP_BYTES], void *data,
			     int timeout_ms, size_t *ret_count, struct err *err)
{
	struct usb_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	struct tape_record record = {.kind = TAPE_USB_CONTROL, .texts = {{setup, USB_SETUP_BYTES}}};
	size_t count = 0;
	int ret = taped->ops->control(taped->state, setup, data, timeout_ms, &count, sentence);

	if (usb_is_in(setup))
		record.texts[2] = (struct tape_span){data, ret ? 0 : count};
	else
		record.texts[1] = (struct tape_span){data, usb_setup_length(setup)};
	record.values[0] = count;
	tape_write(taped->tape, &record, ret, sentence);
	if (!ret)
		*ret_count = count;
	return ret;
}

static int recording_bulk_write(void *state, uint8_t endpoint, const void *bytes, size_t count,
				int timeout_ms, struct err *err)
{
	struct usb_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	int ret =
		taped->ops->bulk_write(taped->state, endpoint, bytes, count, timeout_ms, sentence);

	tape_write(taped->tape,
		   &(struct tape_record){
			   .kind = TAPE_USB_WRITE, .values = {endpoint}, .texts = {{bytes, count}}},
		   ret, sentence);
	return ret;
}

static int recording_bulk_read(void *state, uint8_t endpoint, void *bytes, size_t capacity,
			       int timeout_ms, size_t *ret_count, struct err *err)
{
	struct usb_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	size_t count = 0;
	int ret = taped->ops->bulk_read(taped->state, endpoint, bytes, capacity, timeout_ms, &count,
					sentence);

	tape_write(taped->tape,
		   &(struct tape_record){.kind = TAPE_USB_READ,
					 .values = {endpoint},
					 .texts = {{bytes, ret ? 0 : count}}},
		   ret, sentence);
	if (!ret)
		*ret_count = count;
	return ret;
}

static int recording_clear_halt(void *state, uint8_t endpoint, struct err *err)
{
	struct usb_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	int ret = taped->ops->clear_halt(taped->state, endpoint, sentence);

	tape_write(taped->tape, &(struct tape_record){.kind = TAPE_USB_CLEAR, .values = {endpoint}},
		   ret, sentence);
	return ret;
}

static int recording_stream_start(void *state, const struct usb_stream_settings *settings,
				  struct err *err)
{
	struct usb_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	int ret = taped->ops->stream_start(taped->state, settings, sentence);

	tape_write(taped->tape,
		   &(struct tape_record){.kind = TAPE_USB_START,
					 .values = {settings->endpoint, settings->transfer_bytes,
						    settings->transfers}},
		   ret, sentence);
	return ret;
}

static int recording_stream_read(void *state, struct usb_chunk *ret_chunk, int timeout_ms,
				 struct err *err)
{
	struct usb_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	struct usb_chunk chunk = {NULL, 0, 0};
	int ret = taped->ops->stream_read(taped->state, &chunk, timeout_ms, sentence);

	tape_write(taped->tape,
		   &(struct tape_record){
			   .kind = TAPE_USB_CHUNK,
			   .values = {tape_zigzag(chunk.t_mono_ns - taped->tape->clock_ns)},
			   .texts = {{chunk.bytes, chunk.count}}},
		   ret, sentence);
	if (!ret)
		*ret_chunk = chunk;
	return ret;
}

static int recording_stream_stop(void *state, struct err *err)
{
	struct usb_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	int ret = taped->ops->stream_stop(taped->state, sentence);

	tape_write(taped->tape, &(struct tape_record){.kind = TAPE_USB_STOP}, ret, sentence);
	return ret;
}

static int64_t recording_clock_ns(void *state)
{
	return link_tape_clock_ns(((struct usb_taped *)state)->tape);
}

const struct usb_ops usb_recording = {
	.scheme = "recording",
	.state_size = sizeof(struct usb_taped),
	.open = recording_open,
	.close = recording_close,
	.control = recording_control,
	.bulk_write = recording_bulk_write,
	.bulk_read = recording_bulk_read,
	.clear_halt = recording_clear_halt,
	.stream_start = recording_stream_start,
	.stream_read = recording_stream_read,
	.stream_stop = recording_stream_stop,
	.clock_ns = recording_clock_ns,
};
