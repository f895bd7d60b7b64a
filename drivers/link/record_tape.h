/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What recording (record.c) and replaying (replay.c) share: the tape itself, and its place in a
 * link. Format: record.h.
 */
#ifndef DRIVERS_LINK_RECORD_TAPE_H
#define DRIVERS_LINK_RECORD_TAPE_H

#include <stddef.h>

#include "drivers/link/link.h"
#include "drivers/link/record.h"

enum {
	TAPE_VERSION = 1,
	TAPE_HEADER_BYTES = 16,
	TAPE_CHUNK_HEAD_BYTES = 12,
	TAPE_CHUNK_BYTES = 64 << 10,
	TAPE_CHUNK_MAX =
		64 << 20, /* one record may be longer than a chunk; no honest one is so long */
	TAPE_FAILED = 0x80,
};

enum tape_kind {
	TAPE_OPEN = 1,
	TAPE_CLOSE,
	TAPE_SET,
	TAPE_LINES,
	TAPE_READ,
	TAPE_NOTHING,
	TAPE_WRITE,
	TAPE_CLOCK,
	TAPE_WALL,
	TAPE_NO,
	TAPE_YES,
	TAPE_IDENTITY,
	TAPE_END,
	TAPE_KINDS,
};

struct link_tape {
	char *path;
	bool is_replay;
	int fd;
	uint8_t *bytes; /* one chunk's payload */
	size_t capacity, used;
	size_t at;          /* replay: of the next record in the payload */
	uint64_t offset;    /* replay: of the next chunk in the file */
	uint64_t records;   /* written, or consumed */
	int64_t clock_ns;   /* as last recorded */
	int64_t written_ns; /* recording: when the last chunk went */
	char *identity;     /* replay: as last asked for; NULL: never */
	/* recording: the failure that ended it; replay: why it is over */
	int failed;
	enum link_tape_outcome outcome;
	int64_t over_ns;
	struct err err;
};

/* The state of a link that is on a tape: in front of the link's kind, or instead of it. */
struct link_taped {
	struct link_tape *tape; /* set before open */
	const struct link_ops *ops;
	void *state;
};

extern const struct link_ops link_recording; /* record.c; open is given the whole uri */
extern const struct link_ops link_replaying; /* replay.c */

static inline const struct link_ops *link_tape_ops(const struct link_tape *tape)
{
	return tape->is_replay ? &link_replaying : &link_recording;
}

/* Both with everything but the file's content in place; -ENOMEM. */
int tape_new(const char *path, bool is_replay, struct link_tape **ret_tape, struct err *err);
void tape_free(struct link_tape *tape);
int tape_reserve(struct link_tape *tape, size_t capacity);
/* "path: strerror(code)"; returns -code. */
int tape_error(const struct link_tape *tape, int code, struct err *err);
void tape_header(uint8_t header[TAPE_HEADER_BYTES]);
void tape_put_u32(uint8_t *bytes, uint32_t value);

/* record.c */
void tape_record(struct link_tape *tape, enum tape_kind kind, uint64_t value);
void tape_finish(struct link_tape *tape);

/* replay.c */
int64_t tape_replay_clock_ns(struct link_tape *tape);
int64_t tape_replay_wall_ns(struct link_tape *tape);
bool tape_replay_flag(struct link_tape *tape, bool flag);
void tape_leave(struct link_tape *tape);
/* Looks for the end of the recording. */
void tape_replay_look_at_rest(struct link_tape *tape, struct err *ret_sentence);

static inline bool tape_is_over(const struct link_tape *tape)
{
	return tape->outcome != LINK_TAPE_WHOLE;
}

#endif
