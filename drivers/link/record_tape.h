/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What recording (record.c) and replaying (replay.c) share: the tape itself. Format: record.h. A
 * link, USB device or I2C bus on a tape is link_record.c, link_replay.c, usb_record.c, ...
 */
#ifndef DRIVERS_LINK_RECORD_TAPE_H
#define DRIVERS_LINK_RECORD_TAPE_H

#include <stddef.h>
#include <string.h>

#include "drivers/link/link.h"
#include "drivers/link/record.h"

enum {
	TAPE_VERSION = 4,
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
	TAPE_USB_OPEN,
	TAPE_USB_CONTROL,
	TAPE_USB_WRITE,
	TAPE_USB_READ,
	TAPE_USB_CLEAR,
	TAPE_USB_START,
	TAPE_USB_CHUNK,
	TAPE_USB_STOP,
	TAPE_I2C_OPEN,
	TAPE_I2C_READ,
	TAPE_I2C_WRITE,
	TAPE_CONTROL,
	TAPE_MARKER_OPEN,
	TAPE_MARKER_READ,
	TAPE_KINDS,
};

/* What is done to a switch, of TAPE_CONTROL. */
enum tape_control_order {
	TAPE_CONTROL_OPEN = 1,
	TAPE_CONTROL_INACTIVE,
	TAPE_CONTROL_ACTIVE,
	TAPE_CONTROL_CLOSE,
};

/* What follows the kind in a record: v a varint, t a text or bytes. The first asked of them are
 * what was asked, the others what came of it. */
struct tape_layout {
	const char *fields; /* NULL: no such kind */
	unsigned asked;
};

extern const struct tape_layout tape_layouts[TAPE_KINDS]; /* tape.c */

enum { TAPE_VALUES = 3, TAPE_TEXTS = 4 };

struct tape_span {
	const uint8_t *bytes;
	size_t count;
};

/* A record as it is written or read, or what is asked for now. Fields are in the layout's order,
 * values and texts each for themselves. */
struct tape_record {
	enum tape_kind kind;
	uint64_t values[TAPE_VALUES];
	struct tape_span texts[TAPE_TEXTS];
	/* As read. */
	bool is_failed;
	int code; /* failed: negative */
	struct tape_span sentence;
	size_t end; /* in the chunk */
};

static inline struct tape_span tape_text(const char *text)
{
	return (struct tape_span){(const uint8_t *)text, strlen(text)};
}

static inline uint64_t tape_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t tape_unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

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

/* Both with everything but the file's content in place; -ENOMEM. */
int tape_new(const char *path, bool is_replay, struct link_tape **ret_tape, struct err *err);
void tape_free(struct link_tape *tape);
int tape_reserve(struct link_tape *tape, size_t capacity);
/* "path: strerror(code)"; returns -code. */
int tape_error(const struct link_tape *tape, int code, struct err *err);
void tape_header(uint8_t header[TAPE_HEADER_BYTES]);
void tape_put_u32(uint8_t *bytes, uint32_t value);

/* record.c. With a ret that is not 0 what came of it is left out, and err's sentence added. */
void tape_write(struct link_tape *tape, const struct tape_record *record, int ret,
		const struct err *err);
void tape_finish(struct link_tape *tape);

/* replay.c */
/* The next record, when it is of the kind that is asked for, and the same was asked; else the tape
 * is over. What it points to is valid until the next record is looked at. */
bool tape_take(struct link_tape *tape, const struct tape_record *asked,
	       struct tape_record *ret_record);
/* The same for a call on a link or device: its recorded result. */
int tape_call(struct link_tape *tape, const struct tape_record *asked,
	      struct tape_record *ret_record, struct err *err);
/* Something else was asked than was recorded: the tape is over. Returns -ECANCELED. */
int tape_differ(struct link_tape *tape, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void tape_damaged(struct link_tape *tape, const char *what);
int64_t tape_replay_clock_ns(struct link_tape *tape);
int64_t tape_replay_wall_ns(struct link_tape *tape);
bool tape_replay_flag(struct link_tape *tape, bool flag);
void tape_leave(struct link_tape *tape);
/* Looks for the end of the recording. */
void tape_replay_look_at_rest(struct link_tape *tape, struct err *ret_sentence);

/* replay_differ.c */
bool tape_is_same(const struct tape_record *recorded, const struct tape_record *asked);
/* "expected A; came B". */
void tape_describe_both(const struct tape_record *recorded, const struct tape_record *asked,
			char *text, size_t size);
void tape_describe(const struct tape_record *record, char *text, size_t size);

static inline bool tape_is_over(const struct link_tape *tape)
{
	return tape->outcome != LINK_TAPE_WHOLE;
}

#endif
