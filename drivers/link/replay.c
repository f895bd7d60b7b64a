/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Replaying: what is asked is held against the tape's next record; its result is the recorded one.
 * See record.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drivers/link/record_tape.h"
#include "firmware/wire/wire.h"

static const int64_t step_when_over_ns = 3600 * INT64_C(1000000000);

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

void tape_damaged(struct link_tape *tape, const char *what)
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
			tape_damaged(tape, strerror(errno));
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
		tape_damaged(tape, "its head has a wrong CRC");
		return;
	}
	if (tape_reserve(tape, count)) {
		tape_damaged(tape, "out of memory");
		return;
	}
	have = read_some(tape, tape->bytes, count);
	if (tape_is_over(tape))
		return;
	if (have < count)
		over_cut(tape);
	else if (wire_crc32(0, tape->bytes, count) != get_u32(head + 4))
		tape_damaged(tape, "its CRC is wrong");
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

static bool span_read(const struct link_tape *tape, size_t *at, struct tape_span *ret_span)
{
	uint64_t count;

	if (!varint_read(tape, at, &count) || count > tape->used - *at)
		return false;
	*ret_span = (struct tape_span){tape->bytes + *at, (size_t)count};
	*at += (size_t)count;
	return true;
}

static bool failure_read(const struct link_tape *tape, size_t *at, struct tape_record *record)
{
	uint64_t code;

	if (!varint_read(tape, at, &code) || !code || code > INT32_MAX)
		return false;
	record->code = -(int)code;
	return span_read(tape, at, &record->sentence);
}

/* A READ of nothing and a flag have two kinds on the tape, and one here. */
static void record_unify(struct tape_record *record)
{
	if (record->kind == TAPE_NOTHING)
		record->kind = TAPE_READ;
	record->values[0] |= record->kind == TAPE_YES;
	if (record->kind == TAPE_YES)
		record->kind = TAPE_NO;
}

static bool record_decode(const struct link_tape *tape, struct tape_record *record)
{
	size_t at = tape->at, value = 0, text = 0;
	uint8_t head = tape->bytes[at++];
	bool good = true;

	*record =
		(struct tape_record){.kind = head & ~TAPE_FAILED, .is_failed = head & TAPE_FAILED};
	if (record->kind >= TAPE_KINDS || !tape_layouts[record->kind].fields)
		return false;
	for (const char *field = tape_layouts[record->kind].fields; good && *field; field++)
		good = *field == 'v' ? varint_read(tape, &at, &record->values[value++])
				     : span_read(tape, &at, &record->texts[text++]);
	if (good && record->is_failed)
		good = failure_read(tape, &at, record);
	record->end = at;
	record_unify(record);
	return good;
}

/* The next record, not consumed. False: the tape is over. */
static bool record_peek(struct link_tape *tape, struct tape_record *record)
{
	if (!tape_is_over(tape) && tape->at == tape->used)
		chunk_read(tape);
	if (tape_is_over(tape))
		return false;
	if (record_decode(tape, record))
		return true;
	tape_damaged(tape, "the next record makes no sense");
	return false;
}

static void record_consume(struct link_tape *tape, const struct tape_record *record)
{
	tape->at = record->end;
	tape->records++;
}

/* ---- taking them ---- */

static void differ(struct link_tape *tape, const struct tape_record *recorded,
		   const struct tape_record *asked)
{
	char both[400];

	tape_describe_both(recorded, asked, both, sizeof(both));
	err_set(&tape->err, 0, "%s: record %" PRIu64 ": %s", tape->path, tape->records + 1, both);
	over(tape, LINK_TAPE_DIFFERS);
}

int tape_differ(struct link_tape *tape, struct err *err, const char *format, ...)
{
	char both[400];
	va_list args;

	va_start(args, format);
	vsnprintf(both, sizeof(both), format, args);
	va_end(args);
	err_set(&tape->err, 0, "%s: record %" PRIu64 ": %s", tape->path, tape->records, both);
	over(tape, LINK_TAPE_DIFFERS);
	return err_set(err, -ECANCELED, "the replay is over: %s", tape->err.text);
}

bool tape_take(struct link_tape *tape, const struct tape_record *asked,
	       struct tape_record *ret_record)
{
	if (!record_peek(tape, ret_record))
		return false;
	if (!tape_is_same(ret_record, asked)) {
		differ(tape, ret_record, asked);
		return false;
	}
	record_consume(tape, ret_record);
	return true;
}

int tape_call(struct link_tape *tape, const struct tape_record *asked,
	      struct tape_record *ret_record, struct err *err)
{
	if (!tape_take(tape, asked, ret_record))
		return err_set(err, -ECANCELED, "the replay is over: %s", tape->err.text);
	if (!ret_record->is_failed)
		return 0;
	return err_set(err, ret_record->code, "%.*s", (int)ret_record->sentence.count,
		       (const char *)ret_record->sentence.bytes);
}

/* ---- clocks and flags ---- */

int64_t tape_replay_clock_ns(struct link_tape *tape)
{
	struct tape_record record;

	if (tape_take(tape, &(struct tape_record){.kind = TAPE_CLOCK}, &record))
		tape->clock_ns += tape_unzigzag(record.values[0]);
	else if (tape->clock_ns < INT64_MAX / 2)
		tape->clock_ns += step_when_over_ns;
	return tape->clock_ns;
}

int64_t tape_replay_wall_ns(struct link_tape *tape)
{
	struct tape_record record;

	if (!tape_take(tape, &(struct tape_record){.kind = TAPE_WALL}, &record))
		return 0;
	return (int64_t)record.values[0];
}

bool tape_replay_flag(struct link_tape *tape, bool flag)
{
	struct tape_record record;

	if (!tape_take(tape, &(struct tape_record){.kind = TAPE_NO}, &record))
		return flag;
	return record.values[0];
}

void tape_replay_look_at_rest(struct link_tape *tape, struct err *ret_sentence)
{
	struct tape_record record;
	char text[160];

	if (!record_peek(tape, &record) || record.kind == TAPE_END)
		return;
	tape_describe(&record, text, sizeof(text));
	err_set(ret_sentence, 0, "%s: record %" PRIu64 ": expected %s; the session ended before it",
		tape->path, tape->records + 1, text);
}
