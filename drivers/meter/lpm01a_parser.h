/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an LPM01A sends: lines of text, and in a binary acquisition words and records. Pure: bytes
 * in, however they are cut, records out; no link, no clock. Formats: UM2269 as restated by the
 * MLPerf Tiny runner and two open host tools.
 *
 *   ASCII    a line per value: dddd[+-]ee, 6409-07 is 6409e-7. Any other line that is no known
 *            text has lost bytes: nothing of it is taken.
 *   binary   two bytes per value: high nibble e, low 12 bits m, m * 16^-e. e = 15 is none: records
 *            are F0, kind F1..F7, payload, FF FF.
 *
 * Nothing marks a word's first byte. A word is given out when LPM01A_CONFIRM_WORDS more follow
 * that can be values, or a record: what stands before a broken frame, and may be put together from
 * two words, counts as lost. Of currents that change in every sample about three shifted words in
 * ten cannot be values; a current that stands still may stay shifted up to the next record (one
 * time stamp each second), and only then be told as lost. Lines do not have this weakness.
 */
#ifndef DRIVERS_METER_LPM01A_PARSER_H
#define DRIVERS_METER_LPM01A_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LPM01A_CONFIRM_WORDS = 32,
	LPM01A_SYNC_WORDS = 16, /* that can be values, until a shifted frame is believed */
	LPM01A_BUFFER_BYTES = 16384,
	LPM01A_TEXT_BYTES = 256,
};

enum lpm01a_kind {
	LPM01A_VALUE = 1,
	LPM01A_GAP,          /* number: values that are lost, at least */
	LPM01A_EVENT,        /* number: the instrument's count */
	LPM01A_TIME,         /* number: ms, percent: how full its buffer is */
	LPM01A_END,          /* of the acquisition */
	LPM01A_COMPLETED,    /* the last line of one */
	LPM01A_OVER_CURRENT, /* from the next value on */
	LPM01A_POWER_DOWN,
	LPM01A_VOLTAGE, /* number: mV */
	LPM01A_ACK,     /* text: what follows "ack " */
	LPM01A_ERROR,   /* text */
	LPM01A_INFO,    /* text: any other */
};

struct lpm01a_item {
	enum lpm01a_kind kind;
	double value; /* in the unit of the acquisition's output */
	uint32_t number;
	unsigned percent;
	char text[LPM01A_TEXT_BYTES]; /* cut when longer; "" */
};

enum lpm01a_mode {
	LPM01A_COMMANDS = 1, /* all lines are text */
	LPM01A_ASCII,
	LPM01A_BINARY, /* after "ack start" */
};

struct lpm01a_parser {
	enum lpm01a_mode mode;
	double value_max; /* larger ones are none: the frame is broken */
	uint8_t buffer[LPM01A_BUFFER_BYTES];
	size_t begin, end;
	size_t checked;     /* up to here the words can be values */
	size_t sure;        /* up to here a record confirms them */
	bool is_text;       /* binary: before the start and after the end */
	bool is_behind_ack; /* binary: no frame came yet */
	bool started;       /* ASCII: after "ack start" lines are values */
	bool in_summary;
};

void lpm01a_parser_init(struct lpm01a_parser *parser, enum lpm01a_mode mode, double value_max);
/* Where to put the next bytes, and how many fit (at least half of the buffer, when every item was
 * taken). */
uint8_t *lpm01a_parser_space(struct lpm01a_parser *parser, size_t *ret_capacity);
void lpm01a_parser_fill(struct lpm01a_parser *parser, size_t count);
/* The next item. 1: *ret_item is filled; 0: more bytes are needed; -EPROTO: no frame in a buffer
 * full of bytes. */
int lpm01a_parser_next(struct lpm01a_parser *parser, struct lpm01a_item *ret_item);

#endif
