/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recording: a link's kind with a tape in front of it that writes down each result. See record.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "drivers/link/kinds.h"
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

static void put_bytes(struct link_tape *tape, const void *bytes, size_t count)
{
	put_varint(tape, count);
	memcpy(tape->bytes + tape->used, bytes, count);
	tape->used += count;
}

/* Makes room for a record with that many bytes of texts in it; false: nothing is recorded any more.
 */
static bool record_begin(struct link_tape *tape, enum tape_kind kind, size_t text_bytes, int ret,
			 const struct err *err)
{
	enum { VARINTS = 6 }; /* more than any kind has */
	size_t needed = 1 + VARINTS * VARINT_MAX + text_bytes + (ret ? strlen(err->text) : 0);

	if (tape->failed)
		return false;
	if (tape_reserve(tape, tape->used + needed)) {
		fail(tape, ENOMEM);
		return false;
	}
	tape->bytes[tape->used++] = (uint8_t)(kind | (ret ? TAPE_FAILED : 0));
	return true;
}

static void record_end(struct link_tape *tape, int ret, const struct err *err)
{
	if (ret) {
		put_varint(tape, (uint64_t)-ret);
		put_bytes(tape, err->text, strlen(err->text));
	}
	tape->records++;
	if (tape->used >= TAPE_CHUNK_BYTES || link_now_ns() - tape->written_ns >= FLUSH_NS)
		tape_finish(tape);
}

void tape_record(struct link_tape *tape, enum tape_kind kind, uint64_t value)
{
	if (!record_begin(tape, kind, 0, 0, NULL))
		return;
	if (kind == TAPE_CLOCK || kind == TAPE_WALL)
		put_varint(tape, value);
	record_end(tape, 0, NULL);
}

static void record_values(struct link_tape *tape, enum tape_kind kind, const uint64_t *values,
			  size_t count, int ret, const struct err *err)
{
	if (!record_begin(tape, kind, 0, ret, err))
		return;
	for (size_t i = 0; i < count; i++)
		put_varint(tape, values[i]);
	record_end(tape, ret, err);
}

static void record_bytes(struct link_tape *tape, enum tape_kind kind, const void *bytes,
			 size_t count, int ret, const struct err *err)
{
	if (!record_begin(tape, kind, count, ret, err))
		return;
	put_bytes(tape, bytes, count);
	record_end(tape, ret, err);
}

static void record_open_result(struct link_tape *tape, const char *uri,
			       const struct link_settings *settings, int ret, const struct err *err)
{
	if (!record_begin(tape, TAPE_OPEN, strlen(uri), ret, err))
		return;
	put_bytes(tape, uri, strlen(uri));
	put_varint(tape, settings->baud);
	put_varint(tape, settings->parity);
	record_end(tape, ret, err);
}

/* ---- the link ---- */

static int recording_open(void *state, const char *uri, const struct link_settings *settings,
			  struct err *err)
{
	struct link_taped *taped = state;
	const char *address = NULL;
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	int ret = link_kind_find(uri, &taped->ops, &address, sentence);

	if (ret)
		return ret;
	taped->state = calloc(1, taped->ops->state_size);
	if (!taped->state)
		return err_set(err, -ENOMEM, "out of memory");
	ret = taped->ops->open(taped->state, address, settings, sentence);
	record_open_result(taped->tape, uri, settings, ret, sentence);
	if (ret)
		free(taped->state);
	return ret;
}

static void recording_close(void *state)
{
	struct link_taped *taped = state;

	taped->ops->close(taped->state);
	free(taped->state);
	tape_record(taped->tape, TAPE_CLOSE, 0);
}

static int recording_set(void *state, const struct link_settings *settings, struct err *err)
{
	struct link_taped *taped = state;
	const uint64_t values[] = {settings->baud, settings->parity};
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	int ret = taped->ops->set(taped->state, settings, sentence);

	record_values(taped->tape, TAPE_SET, values, 2, ret, sentence);
	return ret;
}

static int recording_set_lines(void *state, bool dtr, bool rts, struct err *err)
{
	struct link_taped *taped = state;
	const uint64_t value = (uint64_t)dtr | (uint64_t)rts << 1;
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	int ret = taped->ops->set_lines(taped->state, dtr, rts, sentence);

	record_values(taped->tape, TAPE_LINES, &value, 1, ret, sentence);
	return ret;
}

static int recording_read(void *state, void *buffer, size_t capacity, int timeout_ms,
			  size_t *ret_count, struct err *err)
{
	struct link_taped *taped = state;
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	size_t count = 0;
	int ret = taped->ops->read(taped->state, buffer, capacity, timeout_ms, &count, sentence);

	if (ret || count)
		record_bytes(taped->tape, TAPE_READ, buffer, ret ? 0 : count, ret, sentence);
	else
		tape_record(taped->tape, TAPE_NOTHING, 0);
	if (!ret)
		*ret_count = count;
	return ret;
}

static int recording_write(void *state, const void *bytes, size_t count, int timeout_ms,
			   struct err *err)
{
	struct link_taped *taped = state;
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	int ret = taped->ops->write(taped->state, bytes, count, timeout_ms, sentence);

	record_bytes(taped->tape, TAPE_WRITE, bytes, count, ret, sentence);
	return ret;
}

static const char *recording_identity(void *state)
{
	struct link_taped *taped = state;
	const char *identity = taped->ops->identity(taped->state);

	record_bytes(taped->tape, TAPE_IDENTITY, identity, strlen(identity), 0, NULL);
	return identity;
}

const struct link_ops link_recording = {
	.scheme = "recording",
	.state_size = sizeof(struct link_taped),
	.open = recording_open,
	.close = recording_close,
	.set = recording_set,
	.set_lines = recording_set_lines,
	.read = recording_read,
	.write = recording_write,
	.identity = recording_identity,
};
