/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recording: records into the file. See record.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "drivers/link/record_tape.h"
#include "firmware/wire/wire.h"

enum { FLUSH_NS = 1000000000, VARINT_MAX = 10 };

/* ---- the file ---- */

static void fail(struct link_tape *tape, int code)
{
	tape->failed = tape_error(tape, code, &tape->err);
	err_context(&tape->err, 0, "the recording is not complete");
}

static void write_all(struct link_tape *tape, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	while (count && !tape->failed) {
		ssize_t done = write(tape->fd, at, count);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			fail(tape, done ? errno : ENOSPC);
			return;
		}
		at += done;
		count -= (size_t)done;
	}
}

void tape_finish(struct link_tape *tape)
{
	uint8_t head[TAPE_CHUNK_HEAD_BYTES];

	tape->written_ns = link_now_ns();
	if (!tape->used || tape->failed)
		return;
	tape_put_u32(head, (uint32_t)tape->used);
	tape_put_u32(head + 4, wire_crc32(0, tape->bytes, tape->used));
	tape_put_u32(head + 8, wire_crc32(0, head, 8));
	write_all(tape, head, sizeof(head));
	write_all(tape, tape->bytes, tape->used);
	tape->used = 0;
}

int link_tape_record(const char *path, struct link_tape **ret_tape, struct err *err)
{
	uint8_t header[TAPE_HEADER_BYTES];
	struct link_tape *tape;
	int ret = tape_new(path, false, &tape, err);

	if (ret)
		return ret;
	tape->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (tape->fd < 0 && errno == EEXIST) {
		ret = err_set(err, -EEXIST, "%s is there: a recording is never overwritten", path);
	} else if (tape->fd < 0) {
		ret = tape_error(tape, errno, err);
	} else {
		tape_header(header);
		write_all(tape, header, sizeof(header));
		ret = tape->failed;
		if (ret && err)
			*err = tape->err;
	}
	if (ret) {
		tape_free(tape);
		return ret;
	}
	tape->written_ns = link_now_ns();
	*ret_tape = tape;
	return 0;
}

/* ---- records ---- */

static void put_varint(struct link_tape *tape, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		tape->bytes[tape->used++] = (uint8_t)(value | 0x80);
	tape->bytes[tape->used++] = (uint8_t)value;
}

static void put_bytes(struct link_tape *tape, struct tape_span span)
{
	put_varint(tape, span.count);
	if (span.count)
		memcpy(tape->bytes + tape->used, span.bytes, span.count);
	tape->used += span.count;
}

/* What the record takes at most. */
static size_t record_bytes_max(const struct tape_record *record, int ret, const struct err *err)
{
	enum { NUMBERS = TAPE_VALUES + TAPE_TEXTS + 2 /* errno, bytes of the sentence */ };
	size_t count = 1 + NUMBERS * VARINT_MAX + (ret ? strlen(err->text) : 0);

	for (size_t i = 0; i < TAPE_TEXTS; i++)
		count += record->texts[i].count;
	return count;
}

/* A call that failed has no results: zeros and nothing stand in their place. */
static void put_fields(struct link_tape *tape, const struct tape_record *record, bool is_failed)
{
	const struct tape_layout *layout = &tape_layouts[record->kind];
	size_t value = 0, text = 0;

	for (unsigned i = 0; layout->fields[i]; i++) {
		bool is_left_out = is_failed && i >= layout->asked;

		if (layout->fields[i] == 'v')
			put_varint(tape, is_left_out ? 0 : record->values[value]);
		else
			put_bytes(tape,
				  is_left_out ? (struct tape_span){NULL, 0} : record->texts[text]);
		if (layout->fields[i] == 'v')
			value++;
		else
			text++;
	}
}

void tape_write(struct link_tape *tape, const struct tape_record *record, int ret,
		const struct err *err)
{
	if (tape->failed)
		return;
	if (tape_reserve(tape, tape->used + record_bytes_max(record, ret, err))) {
		fail(tape, ENOMEM);
		return;
	}
	tape->bytes[tape->used++] = (uint8_t)(record->kind | (ret ? TAPE_FAILED : 0));
	put_fields(tape, record, ret);
	if (ret) {
		put_varint(tape, (uint64_t)-ret);
		put_bytes(tape, tape_text(err->text));
	}
	tape->records++;
	if (tape->used >= TAPE_CHUNK_BYTES || link_now_ns() - tape->written_ns >= FLUSH_NS)
		tape_finish(tape);
}
