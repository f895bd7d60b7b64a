/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/lpm01a_parser.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	WORD_BYTES = 2,
	VALUE_CHARS = 7, /* dddd[+-]ee */
	RECORD_MARK = 0xF0,
	RECORD_ERROR = 0xF1,
	RECORD_INFO = 0xF2,
	RECORD_TIME = 0xF3,
	RECORD_LAST = 0xF7,
	RECORD_END_BYTE = 0xFF,
	TEXT_RECORD_MAX = 512, /* a longer one is a broken frame */
	TIME_OVERFLOW = 31,
};

/* Whole bytes of records, mark and end included; 0: until FF FF. */
static const struct {
	enum lpm01a_kind kind;
	unsigned bytes;
} records[] = {
	{LPM01A_ERROR, 0},        {LPM01A_INFO, 0},       {LPM01A_TIME, 9},    {LPM01A_END, 4},
	{LPM01A_OVER_CURRENT, 4}, {LPM01A_POWER_DOWN, 4}, {LPM01A_VOLTAGE, 6},
};

void lpm01a_parser_init(struct lpm01a_parser *parser, enum lpm01a_mode mode, double value_max)
{
	parser->mode = mode;
	parser->value_max = value_max;
	parser->begin = parser->end = parser->checked = parser->sure = 0;
	parser->is_text = true;
	parser->started = parser->in_summary = parser->is_behind_ack = false;
}

uint8_t *lpm01a_parser_space(struct lpm01a_parser *parser, size_t *ret_capacity)
{
	size_t begin = parser->begin;

	if (begin) {
		memmove(parser->buffer, parser->buffer + begin, parser->end - begin);
		parser->end -= begin;
		parser->checked -= parser->checked < begin ? parser->checked : begin;
		parser->sure -= parser->sure < begin ? parser->sure : begin;
		parser->begin = 0;
	}
	*ret_capacity = sizeof(parser->buffer) - parser->end;
	return parser->buffer + parser->end;
}

void lpm01a_parser_fill(struct lpm01a_parser *parser, size_t count)
{
	parser->end += count;
}

/* --- text ------------------------------------------------------------------------------------- */

static bool digits(const char *text, size_t count)
{
	for (size_t n = 0; n < count; n++)
		if (!isdigit((unsigned char)text[n]))
			return false;
	return true;
}

/* Exactly one value. */
static bool value_parse(const char *line, double *ret_value)
{
	double mantissa;
	int exponent;

	if (strlen(line) != VALUE_CHARS || !digits(line, 4) || !digits(line + 5, 2) ||
	    (line[4] != '+' && line[4] != '-'))
		return false;
	mantissa = atoi(line);
	exponent = atoi(line + 5);
	*ret_value = line[4] == '-' ? mantissa / pow(10, exponent) : mantissa * pow(10, exponent);
	return true;
}

/* A damaged line held about as many values as it has signs. */
static uint32_t values_in(const char *line)
{
	uint32_t signs = 0;

	for (; *line; line++)
		signs += *line == '+' || *line == '-';
	return signs ? signs : 1;
}

/* "TimeStamp: 1s 234ms, buff 12%" */
static bool time_parse(const char *line, struct lpm01a_item *item)
{
	unsigned s, ms, percent;

	if (strncasecmp(line, "timestamp:", 10) ||
	    sscanf(line + 10, " %us %ums, buff %u%%", &s, &ms, &percent) != 3)
		return false;
	item->kind = LPM01A_TIME;
	item->number = s * 1000 + ms;
	item->percent = percent;
	return true;
}

static bool starts_with(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

static void text_take(struct lpm01a_item *item, enum lpm01a_kind kind, const char *text)
{
	item->kind = kind;
	snprintf(item->text, sizeof(item->text), "%s", text);
}

/* Words that say what a line or a record of text is. */
static bool text_classify(const char *line, struct lpm01a_item *item)
{
	static const struct {
		const char *begin;
		enum lpm01a_kind kind;
		bool skip;
	} words[] = {
		{"ack ", LPM01A_ACK, true},
		{"error", LPM01A_ERROR, false},
		{"err ", LPM01A_ERROR, false},
		{"Error detail:", LPM01A_ERROR, false},
		{"summary ", LPM01A_INFO, false},
		{"pwr ", LPM01A_INFO, false},
		{"Acquisition completed", LPM01A_COMPLETED, false},
	};
	unsigned number;
	char edge[8];

	if (sscanf(line, "event %u %7s", &number, edge) == 2) {
		item->kind = LPM01A_EVENT;
		item->number = number;
		return true;
	}
	if (!strcmp(line, "end")) {
		item->kind = LPM01A_END;
		return true;
	}
	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++)
		if (starts_with(line, words[n].begin)) {
			text_take(item, words[n].kind,
				  line + (words[n].skip ? strlen(words[n].begin) : 0));
			if (item->kind == LPM01A_ERROR && strstr(line, "overcurrent"))
				item->kind = LPM01A_OVER_CURRENT;
			return true;
		}
	return time_parse(line, item);
}

static bool summary_line(struct lpm01a_parser *parser, const char *line)
{
	bool is_inside = parser->in_summary;

	if (starts_with(line, "summary begin"))
		parser->in_summary = true;
	if (starts_with(line, "summary end") || starts_with(line, "Acquisition completed"))
		parser->in_summary = false;
	return is_inside && parser->in_summary;
}

/* False: the line is nothing. */
static bool line_classify(struct lpm01a_parser *parser, const char *line, struct lpm01a_item *item)
{
	static const char prompt[] = "PowerShield > ";

	while (starts_with(line, prompt))
		line += strlen(prompt);
	if (!*line || summary_line(parser, line))
		return false;
	*item = (struct lpm01a_item){.kind = LPM01A_INFO};
	if (text_classify(line, item)) {
		if (item->kind == LPM01A_ACK && starts_with(item->text, "start"))
			parser->started = true;
		return true;
	}
	if (parser->mode != LPM01A_ASCII || !parser->started) {
		text_take(item, LPM01A_INFO, line);
	} else if (value_parse(line, &item->value) && item->value <= parser->value_max) {
		item->kind = LPM01A_VALUE;
	} else {
		item->kind = LPM01A_GAP;
		item->number = values_in(line);
	}
	return true;
}

/* Takes a line off, without NULs and what ends it. False: it is not whole. */
static bool line_take(struct lpm01a_parser *parser, char *ret_line, size_t capacity)
{
	const uint8_t *begin = parser->buffer + parser->begin;
	const uint8_t *newline = memchr(begin, '\n', parser->end - parser->begin);
	size_t used = 0;

	if (!newline)
		return false;
	for (const uint8_t *at = begin; at < newline; at++)
		if (*at && *at != '\r' && used + 1 < capacity)
			ret_line[used++] = (char)*at;
	ret_line[used] = '\0';
	parser->begin += (size_t)(newline - begin) + 1;
	return true;
}

/* In a binary acquisition the first record may come without an acknowledge in text. */
static bool record_begins(const struct lpm01a_parser *parser)
{
	const uint8_t *at = parser->buffer + parser->begin;

	return parser->end - parser->begin >= 2 && at[0] == RECORD_MARK && at[1] > RECORD_MARK &&
	       at[1] <= RECORD_LAST;
}

static void frames_begin(struct lpm01a_parser *parser)
{
	parser->is_text = false;
	parser->is_behind_ack = true;
	parser->checked = parser->sure = parser->begin;
}

/* Behind an acknowledge stands an empty line, here in front of the first frame. No value begins
 * like one: it would be thousands. False: more bytes are needed to tell. */
static bool empty_lines_skip(struct lpm01a_parser *parser)
{
	while (parser->is_behind_ack) {
		const uint8_t *at = parser->buffer + parser->begin;
		size_t left = parser->end - parser->begin;

		if (!left || (left == 1 && at[0] == '\r'))
			return false;
		if (left > 1 && at[0] == '\r' && at[1] == '\n')
			parser->begin += 2;
		else
			parser->is_behind_ack = false;
	}
	parser->checked = parser->checked > parser->begin ? parser->checked : parser->begin;
	parser->sure = parser->sure > parser->begin ? parser->sure : parser->begin;
	return true;
}

/* --- binary ----------------------------------------------------------------------------------- */

/* What stands at `at`: bytes of a word or a record that is right; 0: more bytes are needed; -1: it
 * is neither. */
static int frame_length(const struct lpm01a_parser *parser, size_t at)
{
	const uint8_t *bytes = parser->buffer + at;
	size_t left = parser->end - at, length;

	if (left < WORD_BYTES)
		return 0;
	if (bytes[0] < RECORD_MARK)
		return ldexp((bytes[0] & 0xF) << 8 | bytes[1], -4 * (bytes[0] >> 4)) <=
				       parser->value_max
			       ? WORD_BYTES
			       : -1;
	if (bytes[0] != RECORD_MARK || bytes[1] < RECORD_ERROR || bytes[1] > RECORD_LAST)
		return -1;
	length = records[bytes[1] - RECORD_ERROR].bytes;
	for (size_t n = 4; !length && n <= left && n <= TEXT_RECORD_MAX; n++)
		if (bytes[n - 1] == RECORD_END_BYTE && bytes[n - 2] == RECORD_END_BYTE)
			length = n;
	if (!length)
		return left < TEXT_RECORD_MAX ? 0 : -1;
	if (left < length)
		return 0;
	return bytes[length - 1] == RECORD_END_BYTE && bytes[length - 2] == RECORD_END_BYTE
		       ? (int)length
		       : -1;
}

/* Goes on with checking. False: a broken frame stands at checked. */
static bool frames_check(struct lpm01a_parser *parser)
{
	for (;;) {
		int length = frame_length(parser, parser->checked);

		if (length <= 0)
			return length == 0;
		parser->checked += (size_t)length;
		if (length > WORD_BYTES) {
			parser->sure = parser->checked;
			/* Behind the end there is text. */
			if (parser->buffer[parser->checked - (size_t)length + 1] == 0xF4)
				return true;
		}
	}
}

/* 1: at `at` enough frames follow, or a record; 0: more bytes are needed; -1: they do not. */
static int frames_follow(const struct lpm01a_parser *parser, size_t at)
{
	for (int words = 0; words < LPM01A_SYNC_WORDS; words++) {
		int length = frame_length(parser, at);

		if (length <= 0)
			return length;
		if (length > WORD_BYTES)
			return 1;
		at += (size_t)length;
	}
	return 1;
}

static size_t confirmed_end(const struct lpm01a_parser *parser)
{
	size_t held = (size_t)LPM01A_CONFIRM_WORDS * WORD_BYTES;
	size_t end = parser->checked > held ? parser->checked - held : 0;

	return end > parser->sure ? end : parser->sure;
}

/* Skips to where frames follow again. 1: *item is the gap; 0: more bytes; -EPROTO. */
static int frames_resync(struct lpm01a_parser *parser, size_t from, struct lpm01a_item *item)
{
	size_t at = parser->checked + 1;
	int follow = -1;

	/* A record's mark may have been taken for the end of the word before. */
	if (parser->checked > from && frame_length(parser, parser->checked - 1) > WORD_BYTES) {
		at = parser->checked - 1;
		follow = 1;
	}
	for (; at < parser->end && follow < 0; at += follow < 0)
		follow = frames_follow(parser, at);
	if (follow <= 0)
		return parser->end - from == sizeof(parser->buffer) ? -EPROTO : 0;
	*item = (struct lpm01a_item){
		.kind = LPM01A_GAP,
		.number = (uint32_t)((at - from + WORD_BYTES - 1) / WORD_BYTES),
	};
	parser->begin = parser->checked = parser->sure = at;
	return 1;
}

static void record_take(struct lpm01a_parser *parser, size_t length, struct lpm01a_item *item)
{
	const uint8_t *bytes = parser->buffer + parser->begin;
	char text[LPM01A_TEXT_BYTES] = "";
	size_t payload = length - 4;

	*item = (struct lpm01a_item){.kind = records[bytes[1] - RECORD_ERROR].kind};
	switch (item->kind) {
	case LPM01A_TIME: /* bit 31: it has overflowed */
		item->number = ((uint32_t)bytes[2] << 24 | (uint32_t)bytes[3] << 16 |
				(uint32_t)bytes[4] << 8 | bytes[5]) &
			       ~(1u << TIME_OVERFLOW);
		item->percent = bytes[6];
		break;
	case LPM01A_VOLTAGE:
		item->number = (uint32_t)(bytes[2] << 8 | bytes[3]);
		break;
	case LPM01A_END:
		parser->is_text = true;
		break;
	case LPM01A_ERROR:
	case LPM01A_INFO:
		snprintf(text, sizeof(text), "%.*s", (int)payload, (const char *)bytes + 2);
		if (item->kind == LPM01A_ERROR || !text_classify(text, item))
			text_take(item, item->kind, text);
		break;
	default:
		break;
	}
	parser->begin += length;
}

static int frame_next(struct lpm01a_parser *parser, struct lpm01a_item *item)
{
	size_t begin = parser->begin;
	bool is_whole = frames_check(parser);
	const uint8_t *bytes = parser->buffer + begin;
	int length;

	if (begin >= confirmed_end(parser))
		return is_whole ? 0 : frames_resync(parser, begin, item);
	length = frame_length(parser, begin);
	if (length > WORD_BYTES) {
		record_take(parser, (size_t)length, item);
		return 1;
	}
	*item = (struct lpm01a_item){
		.kind = LPM01A_VALUE,
		.value = ldexp((bytes[0] & 0xF) << 8 | bytes[1], -4 * (bytes[0] >> 4)),
	};
	parser->begin += WORD_BYTES;
	return 1;
}

int lpm01a_parser_next(struct lpm01a_parser *parser, struct lpm01a_item *ret_item)
{
	char line[LPM01A_TEXT_BYTES];

	for (;;) {
		if (!parser->is_text)
			return empty_lines_skip(parser) ? frame_next(parser, ret_item) : 0;
		if (parser->mode == LPM01A_BINARY && record_begins(parser)) {
			frames_begin(parser);
			continue;
		}
		if (!line_take(parser, line, sizeof(line)))
			return parser->end - parser->begin == sizeof(parser->buffer) ? -EPROTO : 0;
		if (!line_classify(parser, line, ret_item))
			continue;
		if (parser->mode == LPM01A_BINARY && ret_item->kind == LPM01A_ACK &&
		    starts_with(ret_item->text, "start"))
			frames_begin(parser);
		return 1;
	}
}
