/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Replaying: a tape in the place of a link's kind. What is asked of the link is held against the
 * tape's next record; its result is the recorded one. See record.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/link/record_tape.h"
#include "firmware/wire/wire.h"

static const int64_t step_when_over_ns = 3600 * INT64_C(1000000000);

struct span {
	const uint8_t *bytes;
	size_t count;
};

/* A record as read, or what is asked for now. NOTHING is a READ of no bytes, NO and YES are a flag.
 */
struct record {
	enum tape_kind kind;
	bool is_failed;
	uint64_t values[2];
	struct span text;
	int code; /* failed: negative */
	struct span sentence;
	size_t end; /* in the chunk */
};

/* What follows the kind: v a varint, t a text or bytes. */
static const char *const layouts[TAPE_KINDS] = {
	[TAPE_OPEN] = "tvv", [TAPE_CLOSE] = "",   [TAPE_SET] = "vv",  [TAPE_LINES] = "v",
	[TAPE_READ] = "t",   [TAPE_NOTHING] = "", [TAPE_WRITE] = "t", [TAPE_CLOCK] = "v",
	[TAPE_WALL] = "v",   [TAPE_NO] = "",      [TAPE_YES] = "",    [TAPE_IDENTITY] = "t",
	[TAPE_END] = "",
};

/* ---- why it is over ---- */

static void over(struct link_tape *tape, enum link_tape_outcome outcome)
{
	tape->outcome = outcome;
	tape->over_ns = link_now_ns();
}

static void over_cut(struct link_tape *tape)
{
	err_set(&tape->err, 0,
		"%s: cut at byte %" PRIu64 ", after record %" PRIu64
		": the session that was recorded did not end by itself",
		tape->path, tape->offset, tape->records);
	over(tape, LINK_TAPE_CUT);
}

static void over_damaged(struct link_tape *tape, const char *what)
{
	err_set(&tape->err, 0,
		"%s: damaged in the chunk that ends before byte %" PRIu64 ", after record %" PRIu64
		": %s",
		tape->path, tape->offset, tape->records, what);
	over(tape, LINK_TAPE_DAMAGED);
}

void tape_leave(struct link_tape *tape)
{
	if (!tape_is_over(tape))
		over(tape, LINK_TAPE_LEFT);
}

/* ---- the file ---- */

static uint32_t get_u32(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

/* As many bytes as there are; a failure to read is damage. */
static size_t read_some(struct link_tape *tape, uint8_t *bytes, size_t count)
{
	size_t have = 0;

	while (have < count) {
		ssize_t got = read(tape->fd, bytes + have, count - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			over_damaged(tape, strerror(errno));
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	tape->offset += have;
	return have;
}

/* Reads the next chunk; when there is none, the tape is over. */
static void chunk_read(struct link_tape *tape)
{
	uint8_t head[TAPE_CHUNK_HEAD_BYTES];
	size_t have = read_some(tape, head, sizeof(head));
	uint32_t count;

	tape->at = tape->used = 0;
	if (tape_is_over(tape))
		return;
	if (have < sizeof(head)) {
		over_cut(tape);
		return;
	}
	count = get_u32(head);
	if (wire_crc32(0, head, 8) != get_u32(head + 8) || !count || count > TAPE_CHUNK_MAX) {
		over_damaged(tape, "its head has a wrong CRC");
		return;
	}
	if (tape_reserve(tape, count)) {
		over_damaged(tape, "out of memory");
		return;
	}
	have = read_some(tape, tape->bytes, count);
	if (tape_is_over(tape))
		return;
	if (have < count)
		over_cut(tape);
	else if (wire_crc32(0, tape->bytes, count) != get_u32(head + 4))
		over_damaged(tape, "its CRC is wrong");
	else
		tape->used = count;
}

static int header_check(struct link_tape *tape, struct err *err)
{
	uint8_t header[TAPE_HEADER_BYTES] = {0}, ours[TAPE_HEADER_BYTES];
	size_t have = read_some(tape, header, sizeof(header));
	unsigned version = header[8] | (unsigned)header[9] << 8;

	tape_header(ours);
	if (tape_is_over(tape) || memcmp(header, ours, have < 8 ? have : 8))
		return err_set(err, -EINVAL, "%s: not the recording of a link", tape->path);
	if (have < sizeof(header)) {
		over_cut(tape);
		return 0;
	}
	if (get_u32(header + 12) != wire_crc32(0, header, 12))
		return err_set(err, -EINVAL, "%s: damaged in its header", tape->path);
	if (version > TAPE_VERSION)
		return err_set(err, -EINVAL,
			       "%s: recorded by a newer joulebench (format %u, this one knows %d)",
			       tape->path, version, TAPE_VERSION);
	return 0;
}

int link_tape_replay(const char *path, struct link_tape **ret_tape, struct err *err)
{
	struct link_tape *tape;
	int ret = tape_new(path, true, &tape, err);

	if (ret)
		return ret;
	tape->fd = open(path, O_RDONLY | O_CLOEXEC);
	ret = tape->fd < 0 ? tape_error(tape, errno, err) : header_check(tape, err);
	if (ret) {
		tape_free(tape);
		return ret;
	}
	*ret_tape = tape;
	return 0;
}

/* ---- records ---- */

static bool varint_read(const struct link_tape *tape, size_t *at, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < tape->used && shift < 64; shift += 7) {
		uint8_t byte = tape->bytes[(*at)++];

		value |= (uint64_t)(byte & 0x7F) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool span_read(const struct link_tape *tape, size_t *at, struct span *ret_span)
{
	uint64_t count;

	if (!varint_read(tape, at, &count) || count > tape->used - *at)
		return false;
	*ret_span = (struct span){tape->bytes + *at, (size_t)count};
	*at += (size_t)count;
	return true;
}

static bool failure_read(const struct link_tape *tape, size_t *at, struct record *record)
{
	uint64_t code;

	if (!varint_read(tape, at, &code) || !code || code > INT32_MAX)
		return false;
	record->code = -(int)code;
	return span_read(tape, at, &record->sentence);
}

static bool record_decode(const struct link_tape *tape, struct record *record)
{
	size_t at = tape->at, value = 0;
	uint8_t head = tape->bytes[at++];
	bool good = true;

	*record = (struct record){.kind = head & ~TAPE_FAILED, .is_failed = head & TAPE_FAILED};
	if (record->kind >= TAPE_KINDS || !layouts[record->kind])
		return false;
	for (const char *field = layouts[record->kind]; good && *field; field++)
		good = *field == 'v' ? varint_read(tape, &at, &record->values[value++])
				     : span_read(tape, &at, &record->text);
	if (good && record->is_failed)
		good = failure_read(tape, &at, record);
	record->end = at;
	if (record->kind == TAPE_NOTHING)
		record->kind = TAPE_READ;
	record->values[0] |= record->kind == TAPE_YES;
	if (record->kind == TAPE_YES)
		record->kind = TAPE_NO;
	return good;
}

/* The next record, not consumed. False: the tape is over. */
static bool record_peek(struct link_tape *tape, struct record *record)
{
	if (!tape_is_over(tape) && tape->at == tape->used)
		chunk_read(tape);
	if (tape_is_over(tape))
		return false;
	if (record_decode(tape, record))
		return true;
	over_damaged(tape, "the next record makes no sense");
	return false;
}

static void record_consume(struct link_tape *tape, const struct record *record)
{
	tape->at = record->end;
	tape->records++;
}

/* ---- comparing ---- */

static size_t first_difference(struct span a, struct span b)
{
	size_t at = 0;

	while (at < a.count && at < b.count && a.bytes[at] == b.bytes[at])
		at++;
	return at;
}

static void describe_bytes(struct span span, size_t from, char *text, size_t size)
{
	enum { SHOWN = 12 };
	size_t used = (size_t)snprintf(text, size,
				       "a write of %zu bytes, from byte %zu:", span.count, from);

	for (size_t i = from; i < span.count && i < from + SHOWN; i++)
		used += (size_t)snprintf(text + used, size - used, " %02x", span.bytes[i]);
	snprintf(text + used, size - used, "%s",
		 from >= span.count          ? " nothing"
		 : span.count > from + SHOWN ? " ..."
					     : "");
}

static void describe(const struct record *record, size_t from, char *text, size_t size)
{
	static const char *const plain[TAPE_KINDS] = {
		[TAPE_CLOSE] = "closing the link",
		[TAPE_READ] = "a read",
		[TAPE_CLOCK] = "a reading of the clock",
		[TAPE_WALL] = "a reading of the wall clock",
		[TAPE_NO] = "a flag",
		[TAPE_IDENTITY] = "what the far end says of itself",
		[TAPE_END] = "the end of the session",
	};
	static const char *const parities[] = {"?", "N", "E", "O"};
	const char *parity = parities[record->values[1] < 4 ? record->values[1] : 0];

	if (record->kind == TAPE_OPEN)
		snprintf(text, size, "opening %.*s at %" PRIu64 " baud 8%s1",
			 (int)record->text.count, (const char *)record->text.bytes,
			 record->values[0], parity);
	else if (record->kind == TAPE_SET)
		snprintf(text, size, "setting %" PRIu64 " baud 8%s1", record->values[0], parity);
	else if (record->kind == TAPE_LINES)
		snprintf(text, size, "driving DTR %d, RTS %d", (int)(record->values[0] & 1),
			 (int)(record->values[0] >> 1 & 1));
	else if (record->kind == TAPE_WRITE)
		describe_bytes(record->text, from, text, size);
	else
		snprintf(text, size, "%s", plain[record->kind]);
}

static void differ(struct link_tape *tape, const struct record *recorded,
		   const struct record *asked)
{
	size_t from =
		recorded->kind == asked->kind ? first_difference(recorded->text, asked->text) : 0;
	char was[160], is[160];

	describe(recorded, from, was, sizeof(was));
	describe(asked, from, is, sizeof(is));
	err_set(&tape->err, 0, "%s: record %" PRIu64 ": expected %s; came %s", tape->path,
		tape->records + 1, was, is);
	over(tape, LINK_TAPE_DIFFERS);
}

static bool is_same(const struct record *recorded, const struct record *asked)
{
	struct span a = recorded->text, b = asked->text;

	if (recorded->kind != asked->kind)
		return false;
	switch (asked->kind) {
	case TAPE_OPEN:
	case TAPE_SET:
	case TAPE_LINES:
	case TAPE_WRITE:
		return recorded->values[0] == asked->values[0] &&
		       recorded->values[1] == asked->values[1] && a.count == b.count &&
		       (!a.count || !memcmp(a.bytes, b.bytes, a.count));
	default:
		return true;
	}
}

/* Consumes the next record when it is what is asked for; else the tape is over. */
static bool record_take(struct link_tape *tape, const struct record *asked,
			struct record *ret_record)
{
	if (!record_peek(tape, ret_record))
		return false;
	if (!is_same(ret_record, asked)) {
		differ(tape, ret_record, asked);
		return false;
	}
	record_consume(tape, ret_record);
	return true;
}

/* The same for a call on the link: its recorded result. */
static int replay_call(struct link_tape *tape, const struct record *asked,
		       struct record *ret_record, struct err *err)
{
	if (!record_take(tape, asked, ret_record))
		return err_set(err, -ECANCELED, "the replay is over: %s", tape->err.text);
	if (!ret_record->is_failed)
		return 0;
	return err_set(err, ret_record->code, "%.*s", (int)ret_record->sentence.count,
		       (const char *)ret_record->sentence.bytes);
}

/* ---- clocks and flags ---- */

int64_t tape_replay_clock_ns(struct link_tape *tape)
{
	struct record record;

	if (record_take(tape, &(struct record){.kind = TAPE_CLOCK}, &record))
		tape->clock_ns +=
			(int64_t)(record.values[0] >> 1 ^ (record.values[0] & 1 ? UINT64_MAX : 0));
	else if (tape->clock_ns < INT64_MAX / 2)
		tape->clock_ns += step_when_over_ns;
	return tape->clock_ns;
}

int64_t tape_replay_wall_ns(struct link_tape *tape)
{
	struct record record;

	if (!record_take(tape, &(struct record){.kind = TAPE_WALL}, &record))
		return 0;
	return (int64_t)record.values[0];
}

bool tape_replay_flag(struct link_tape *tape, bool flag)
{
	struct record record;

	if (!record_take(tape, &(struct record){.kind = TAPE_NO}, &record))
		return flag;
	return record.values[0];
}

void tape_replay_look_at_rest(struct link_tape *tape, struct err *ret_sentence)
{
	struct record record;
	char text[160];

	if (!record_peek(tape, &record) || record.kind == TAPE_END)
		return;
	describe(&record, 0, text, sizeof(text));
	err_set(ret_sentence, 0, "%s: record %" PRIu64 ": expected %s; the session ended before it",
		tape->path, tape->records + 1, text);
}

/* ---- the link ---- */

static struct link_tape *tape_of(void *state)
{
	return ((struct link_taped *)state)->tape;
}

static int replaying_open(void *state, const char *uri, const struct link_settings *settings,
			  struct err *err)
{
	const struct record asked = {.kind = TAPE_OPEN,
				     .values = {settings->baud, settings->parity},
				     .text = {(const uint8_t *)uri, strlen(uri)}};
	struct record record;

	return replay_call(tape_of(state), &asked, &record, err);
}

static void replaying_close(void *state)
{
	struct record record;

	record_take(tape_of(state), &(struct record){.kind = TAPE_CLOSE}, &record);
}

static int replaying_set(void *state, const struct link_settings *settings, struct err *err)
{
	const struct record asked = {.kind = TAPE_SET,
				     .values = {settings->baud, settings->parity}};
	struct record record;

	return replay_call(tape_of(state), &asked, &record, err);
}

static int replaying_set_lines(void *state, bool dtr, bool rts, struct err *err)
{
	const struct record asked = {.kind = TAPE_LINES,
				     .values = {(uint64_t)dtr | (uint64_t)rts << 1}};
	struct record record;

	return replay_call(tape_of(state), &asked, &record, err);
}

/* More bytes than there is room for: it was asked with more room. */
static int replaying_read(void *state, void *buffer, size_t capacity, int timeout_ms,
			  size_t *ret_count, struct err *err)
{
	struct link_tape *tape = tape_of(state);
	struct record record;
	int ret = replay_call(tape, &(struct record){.kind = TAPE_READ}, &record, err);

	(void)timeout_ms;
	if (ret)
		return ret;
	if (record.text.count > capacity) {
		err_set(&tape->err, 0,
			"%s: record %" PRIu64
			": expected a read of %zu bytes; came one with room for %zu",
			tape->path, tape->records, record.text.count, capacity);
		over(tape, LINK_TAPE_DIFFERS);
		return err_set(err, -ECANCELED, "the replay is over: %s", tape->err.text);
	}
	if (record.text.count)
		memcpy(buffer, record.text.bytes, record.text.count);
	*ret_count = record.text.count;
	return 0;
}

static int replaying_write(void *state, const void *bytes, size_t count, int timeout_ms,
			   struct err *err)
{
	const struct record asked = {.kind = TAPE_WRITE, .text = {bytes, count}};
	struct record record;

	(void)timeout_ms;
	return replay_call(tape_of(state), &asked, &record, err);
}

/* Without memory for it the replay is over, as behind damage. */
static void identity_keep(struct link_tape *tape, struct span text)
{
	char *copy = strndup((const char *)text.bytes, text.count);

	if (!copy) {
		over_damaged(tape, "out of memory");
		return;
	}
	free(tape->identity);
	tape->identity = copy;
}

static const char *replaying_identity(void *state)
{
	struct link_tape *tape = tape_of(state);
	struct record record;

	if (record_take(tape, &(struct record){.kind = TAPE_IDENTITY}, &record))
		identity_keep(tape, record.text);
	return tape->identity ? tape->identity : "";
}

const struct link_ops link_replaying = {
	.scheme = "replaying",
	.state_size = sizeof(struct link_taped),
	.open = replaying_open,
	.close = replaying_close,
	.set = replaying_set,
	.set_lines = replaying_set_lines,
	.read = replaying_read,
	.write = replaying_write,
	.identity = replaying_identity,
};
