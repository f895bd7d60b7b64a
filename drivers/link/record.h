/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A tape: everything that came and went on one link, USB device or I2C bus, and everything the
 * session decided by beside it, in one file. Recording writes it down; replaying gives it back
 * without any device, so that what was computed from the link is computed again, bit by bit, as
 * fast as the host can.
 *
 * What is on it: results of opening, settings, modem lines, orders to a board's switches (GPIO, hub
 * ports), edges of its marker lines, reads (their bytes), writes (the bytes that went), what the far
 * end says of itself, readings of the host's clocks, and flags (whatever else a session reads from
 * outside, as an operator's Ctrl-C). Time-outs inside a kind of link are
 * not: a replay runs no kind of link. Sleeping is not either: in a replay time is the tape's.
 *
 * Replaying compares what is asked of the link with what was asked: the first difference ends the
 * replay, naming file, record, what was recorded and what came. From then on, and from the end of
 * a tape that was cut, every call on the link is -ECANCELED, the clock runs an hour per reading,
 * and nothing waits: whoever uses the link winds up by itself. link_tape_outcome tells why.
 *
 * File format, version 4. Numbers in the frame are little-endian, CRC-32 is zlib's (wire_crc32).
 *
 *   header    16 bytes: "JBLINK\r\n", u16 version, u16 0, u32 CRC-32 of these 12 bytes
 *   chunks    u32 bytes of payload, u32 CRC-32 of the payload, u32 CRC-32 of these 8 bytes, payload
 *
 * A payload is whole records. A record is its kind in one byte (bit 7: it failed) and what the
 * table says. Varint: 7 bits per byte, low ones first, bit 7 set in all but the last. Text and
 * bytes: a varint count, then as many bytes. A failed record ends with a varint errno and the
 * sentence, text.
 *
 *    1 OPEN      text uri, varint baud, varint parity (enum link_parity)
 *    2 CLOSE
 *    3 SET       varint baud, varint parity
 *    4 LINES     varint: bit 0 DTR, bit 1 RTS
 *    5 READ      bytes
 *    6 NOTHING   a read whose time was over
 *    7 WRITE     bytes
 *    8 CLOCK     varint, zigzag (sign in bit 0): ns since the last CLOCK, the first since 0
 *    9 WALL      varint: ns since 1970-01-01 UTC
 *   10 NO, 11 YES  a flag
 *   12 IDENTITY  text: what the far end says of itself
 *   13 END       the session closed the tape
 *
 * and from version 2 on (25: from 3 on, 26 and 27: from 4 on), with what was asked first and what
 * came of it behind it:
 *
 *   14 USB_OPEN      text uri, varint expected vendor | product << 16 | interface << 32; varint
 *                    vendor | product << 16 | bcdDevice << 32 | virtual << 48, texts manufacturer,
 *                    product, serial number
 *   15 USB_CONTROL   bytes setup packet, bytes sent; varint bytes of the data stage, bytes received
 *   16 USB_WRITE     varint endpoint, bytes
 *   17 USB_READ      varint endpoint; bytes
 *   18 USB_CLEAR     varint endpoint
 *   19 USB_START     varint endpoint, varint bytes of a transfer, varint transfers
 *   20 USB_CHUNK     ; varint, zigzag: ns of the completion since the last CLOCK, bytes
 *   21 USB_STOP
 *   22 I2C_OPEN      text uri; varint virtual
 *   23 I2C_READ      varint address, bytes: register and count of each read; varint, zigzag: ns of
 *                    its middle since the last CLOCK, varint half width in ns, bytes
 *   24 I2C_WRITE     varint address, bytes: register, value
 *   25 CONTROL       text line of a switch as the rig file writes it, varint: 1 taken and driven
 *                    inactive, 2 inactive, 3 active, 4 let go
 *   26 MARKER_OPEN   text uri; varint: bit 0 its edges are numbered
 *   27 MARKER_READ   ; bytes: 18 per edge, i64 CLOCK_MONOTONIC in ns, u8 line, u8 rising, u64 lost
 *
 * A session that was killed leaves a file without END, cut anywhere: it is read up to its last
 * whole chunk. A chunk is written out when it has CHUNK_BYTES (64 KiB), a second after the last
 * one, and at link_tape_flush. A wrong CRC is damage, and is not read past. A reader refuses
 * versions above its own; a change of what a kind means, or a new kind, is a new version.
 */
#ifndef DRIVERS_LINK_RECORD_H
#define DRIVERS_LINK_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/err.h"

struct link_tape;

/* Makes the file. -EEXIST: it is there; a recording is never overwritten. */
int link_tape_record(const char *path, struct link_tape **ret_tape, struct err *err);
/* -EINVAL: no tape, damaged in its header, or of a newer version. */
int link_tape_replay(const char *path, struct link_tape **ret_tape, struct err *err);

/* Hands what was recorded so far to the system, so that it survives a killed process. A failure is
 * told by link_tape_close: recording stops at the first one, the session goes on. */
void link_tape_flush(struct link_tape *tape); /* accepts NULL */
/* Negative: the recording is not complete (disk full), the file holds what came before. A replay
 * returns 0. Frees the tape in any case; accepts NULL. */
int link_tape_close(struct link_tape *tape, struct err *err);

/* The following accept NULL, which is no tape: the host's clocks, real sleep, the flag as it is. */
int64_t link_tape_clock_ns(struct link_tape *tape); /* CLOCK_MONOTONIC */
int64_t link_tape_wall_ns(struct link_tape *tape);  /* CLOCK_REALTIME */
void link_tape_sleep_ms(struct link_tape *tape, int duration_ms);
bool link_tape_is_replay(const struct link_tape *tape);
/* Whether a replay is over: see above. What is found out after that comes from no device. */
bool link_tape_is_over(const struct link_tape *tape);
/* The flag as the recorded session saw it. */
bool link_tape_flag(struct link_tape *tape, bool flag);
/* The same for "end now". In a replay it is also true when the tape is over, and a true stop, which
 * nobody recorded, leaves the tape. */
bool link_tape_stop(struct link_tape *tape, bool stop);

enum link_tape_outcome {
	LINK_TAPE_WHOLE = 1, /* so far as recorded; also while recording */
	LINK_TAPE_REST,      /* the same, but the recording goes on (the sentence says where) */
	LINK_TAPE_CUT,       /* used up to where the recorded session was killed */
	LINK_TAPE_LEFT,      /* by a stop that is not on the tape */
	LINK_TAPE_DIFFERS,   /* something else was asked of the link than was recorded */
	LINK_TAPE_DAMAGED,
};

/* How the replay went until now. The sentence names file and record; "" with WHOLE and LEFT.
 * *ret_when_ns: link_now_ns at which that happened, so that of several tapes the first can be told;
 * INT64_MAX for WHOLE and REST. */
enum link_tape_outcome link_tape_outcome(struct link_tape *tape, int64_t *ret_when_ns,
					 struct err *ret_sentence);

#endif
