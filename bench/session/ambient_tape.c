/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/ambient_tape.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/link.h"
#include "firmware/wire/wire.h"

enum {
	ERRNO_MAX = 4095, /* of Linux: include/linux/err.h */
	CRC_DIGITS = 8,
	SEAL = CRC_DIGITS + 1, /* with the space behind it */
};

enum call {
	CALL_IS_SETTLED = 1,
	CALL_SETTLE,
	CALL_WINDOW_BEGIN,
	CALL_WINDOW_END,
	CALL_END,
	CALLS,
};

enum { VALUES = 3 };

static const struct {
	const char *name;
	struct {
		const char *key;
		bool is_flag; /* else a temperature */
	} values[VALUES];
} calls[CALLS] = {
	[CALL_IS_SETTLED] = {"is_settled", {{"settled", true}}},
	[CALL_SETTLE] = {"settle", {{NULL}}},
	[CALL_WINDOW_BEGIN] = {"window_begin", {{"before_c", false}}},
	[CALL_WINDOW_END] = {"window_end", {{"after_c", false}, {"left", true}, {"left_c", false}}},
	[CALL_END] = {"end", {{NULL}}},
};

/* A line of the file. */
struct heard {
	enum call call;
	int code;
	struct err err;
	double values[VALUES]; /* as in the table; a flag is 0 or 1 */
};

struct ambient_tape {
	char *path;
	FILE *file;
	bool is_replay;
	int failed;    /* recording: the first failure; nothing is written since */
	unsigned line; /* replay: as last read */
	bool has_next; /* that line was not asked for yet */
	struct heard next;
	enum link_tape_outcome outcome;
	int64_t over_ns;
	struct err err; /* of failed, or why it is over */
};

/* A line --------------------------------------------------------------------------------------- */

/* JSON has characters, and not bytes. */
static json_t *sentence_json(const char *text)
{
	char utf8[2 * sizeof(((struct err *)0)->text)];
	size_t used = 0;

	for (; *text; text++) {
		uint8_t byte = (uint8_t)*text;

		if (byte >= 0x80)
			utf8[used++] = (char)(0xC0 | byte >> 6);
		utf8[used++] = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3F));
	}
	return json_stringn(utf8, used);
}

static json_t *value_json(double value, bool is_flag)
{
	if (is_flag)
		return json_boolean(value != 0);
	return isnan(value) ? json_null() : json_real(value);
}

/* NULL: out of memory, or a number that JSON does not have. */
static json_t *heard_json(const struct heard *heard)
{
	json_t *json = json_pack("{s:s, s:i, s:o}", "call", calls[heard->call].name, "code",
				 heard->code, "error", sentence_json(heard->err.text));

	for (unsigned i = 0; json && i < VALUES && calls[heard->call].values[i].key; i++)
		if (json_object_set_new(
			    json, calls[heard->call].values[i].key,
			    value_json(heard->values[i], calls[heard->call].values[i].is_flag))) {
			json_decref(json);
			json = NULL;
		}
	return json;
}

static int sentence_parse(const char *utf8, char *ret_text, size_t size)
{
	size_t used = 0;

	while (*utf8 && used + 1 < size) {
		uint8_t byte = (uint8_t)*utf8++;

		if (byte >= 0xC4) /* above U+00FF */
			return -EINVAL;
		if (byte >= 0x80)
			byte = (uint8_t)(byte << 6 | (*utf8++ & 0x3F));
		ret_text[used++] = (char)byte;
	}
	ret_text[used] = '\0';
	return *utf8 ? -EINVAL : 0;
}

static int value_parse(const json_t *json, bool is_flag, double *ret_value)
{
	if (is_flag ? !json_is_boolean(json) : !json_is_null(json) && !json_is_number(json))
		return -EINVAL;
	if (is_flag)
		*ret_value = json_is_true(json);
	else
		*ret_value = json_is_null(json) ? NAN : json_number_value(json);
	return 0;
}

static int call_parse(const json_t *json, enum call *ret_call)
{
	const char *name = json_string_value(json_object_get(json, "call"));

	for (unsigned i = 1; name && i < CALLS; i++)
		if (!strcmp(name, calls[i].name)) {
			*ret_call = (enum call)i;
			return 0;
		}
	return -EINVAL;
}

static int object_parse(const json_t *json, struct heard *heard)
{
	const json_t *code = json_object_get(json, "code");
	const char *sentence = json_string_value(json_object_get(json, "error"));
	size_t keys = 3;

	if (call_parse(json, &heard->call) || !json_is_integer(code) || !sentence ||
	    json_integer_value(code) > 0 || json_integer_value(code) < -ERRNO_MAX)
		return -EINVAL;
	heard->code = (int)json_integer_value(code);
	if ((!heard->code && *sentence) ||
	    sentence_parse(sentence, heard->err.text, sizeof(heard->err.text)))
		return -EINVAL;
	for (unsigned i = 0; i < VALUES && calls[heard->call].values[i].key; i++, keys++)
		if (value_parse(json_object_get(json, calls[heard->call].values[i].key),
				calls[heard->call].values[i].is_flag, &heard->values[i]))
			return -EINVAL;
	return json_object_size(json) == keys ? 0 : -EINVAL;
}

/* The checksum before the JSON, the newline behind it. */
static bool is_sound(const char *line, size_t count)
{
	char digits[CRC_DIGITS + 1];

	if (count < SEAL + 1 || line[CRC_DIGITS] != ' ')
		return false;
	snprintf(digits, sizeof(digits), "%08x", wire_crc32(0, line + SEAL, count - SEAL - 1));
	return !memcmp(line, digits, CRC_DIGITS);
}

/* -EINVAL: no line of this file. */
static int heard_parse(const char *line, size_t count, struct heard *ret_heard)
{
	struct heard heard = {0};
	json_t *json;
	int ret;

	if (!is_sound(line, count))
		return -EINVAL;
	json = json_loadb(line + SEAL, count - SEAL, JSON_REJECT_DUPLICATES, NULL);
	ret = object_parse(json, &heard);
	json_decref(json);
	if (!ret)
		*ret_heard = heard;
	return ret;
}

/* Recording ------------------------------------------------------------------------------------ */

static void fail(struct ambient_tape *tape, int code)
{
	tape->failed = err_set(&tape->err, -code, "the recording is not complete: %s: %s",
			       tape->path, strerror(code));
}

static void write_down(struct ambient_tape *tape, const struct heard *heard)
{
	json_t *json;
	char *text;

	if (tape->failed)
		return;
	json = heard_json(heard);
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	errno = 0;
	if (!text)
		fail(tape, ENOMEM);
	else if (fprintf(tape->file, "%08x %s\n", wire_crc32(0, text, strlen(text)), text) < 0 ||
		 fflush(tape->file))
		fail(tape, errno ? errno : EIO);
	free(text);
}

/* Replaying ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static void
over(struct ambient_tape *tape, enum link_tape_outcome outcome, const char *format, ...)
{
	char what[300];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	err_set(&tape->err, 0, "%s:%u: %s", tape->path, tape->line, what);
	tape->outcome = outcome;
	tape->over_ns = link_now_ns();
}

static void read_next(struct ambient_tape *tape)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t count;

	tape->line++;
	count = getline(&text, &size, tape->file);
	if (count < 0 && ferror(tape->file))
		over(tape, LINK_TAPE_DAMAGED, "%s", strerror(errno));
	else if (count < 0 || text[count - 1] != '\n')
		over(tape, LINK_TAPE_CUT,
		     "cut: the session that was recorded did not end by itself");
	else if (heard_parse(text, (size_t)count, &tape->next))
		over(tape, LINK_TAPE_DAMAGED, "damaged: it is nothing that a board hears");
	else
		tape->has_next = true;
	free(text);
}

/* False: the replay is over. */
static bool peek(struct ambient_tape *tape)
{
	if (!tape->has_next && !ambient_tape_is_over(tape))
		read_next(tape);
	return !ambient_tape_is_over(tape);
}

/* What was heard then, when the same was asked. -ECANCELED: the replay is over. */
static int take(struct ambient_tape *tape, enum call call, struct heard *ret_heard, struct err *err)
{
	if (peek(tape) && tape->next.call != call)
		over(tape, LINK_TAPE_DIFFERS, "expected %s; came %s", calls[tape->next.call].name,
		     calls[call].name);
	if (ambient_tape_is_over(tape))
		return err_set(err, -ECANCELED, "the replay is over: %s", tape->err.text);
	*ret_heard = tape->next;
	tape->has_next = false;
	if (ret_heard->code)
		err_set(err, 0, "%s", ret_heard->err.text);
	return ret_heard->code;
}

/* Begin and end -------------------------------------------------------------------------------- */

static int tape_open(const char *path, bool is_replay, struct ambient_tape **ret_tape,
		     struct err *err)
{
	struct ambient_tape *tape = calloc(1, sizeof(*tape));
	int ret = 0;

	if (tape)
		tape->path = strdup(path);
	if (!tape || !tape->path) {
		free(tape);
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	}
	tape->is_replay = is_replay;
	tape->outcome = LINK_TAPE_WHOLE;
	tape->over_ns = INT64_MAX;
	tape->file = fopen(path, is_replay ? "re" : "wxe");
	if (!tape->file) {
		ret = err_set(err, -errno, "%s: %s", path, strerror(errno));
		free(tape->path);
		free(tape);
		return ret;
	}
	*ret_tape = tape;
	return 0;
}

int ambient_tape_record(const char *path, struct ambient_tape **ret_tape, struct err *err)
{
	return tape_open(path, false, ret_tape, err);
}

int ambient_tape_replay(const char *path, struct ambient_tape **ret_tape, struct err *err)
{
	return tape_open(path, true, ret_tape, err);
}

int ambient_tape_close(struct ambient_tape *tape, struct err *err)
{
	int ret;

	if (!tape)
		return 0;
	if (!tape->is_replay)
		write_down(tape, &(struct heard){.call = CALL_END});
	if (fclose(tape->file) && !tape->is_replay && !tape->failed)
		fail(tape, errno);
	ret = tape->failed;
	if (ret)
		err_set(err, ret, "%s", tape->err.text);
	free(tape->path);
	free(tape);
	return ret;
}

/* Calls ---------------------------------------------------------------------------------------- */

/* What the ambient said, as it goes on to the board. */
static int hear(struct ambient_tape *tape, struct heard *heard, const struct err *err)
{
	if (heard->code)
		heard->err = *err;
	if (tape)
		write_down(tape, heard);
	return heard->code;
}

bool ambient_tape_is_settled(struct ambient_tape *tape, struct ambient *ambient)
{
	struct heard heard = {.call = CALL_IS_SETTLED};

	if (tape && tape->is_replay)
		return !take(tape, CALL_IS_SETTLED, &heard, NULL) && heard.values[0];
	heard.values[0] = ambient_is_settled(ambient);
	hear(tape, &heard, NULL);
	return heard.values[0];
}

int ambient_tape_settle(struct ambient_tape *tape, struct ambient *ambient, struct err *err)
{
	struct heard heard = {.call = CALL_SETTLE};

	if (tape && tape->is_replay)
		return take(tape, CALL_SETTLE, &heard, err);
	heard.code = ambient_settle(ambient, err);
	return hear(tape, &heard, err);
}

int ambient_tape_window_begin(struct ambient_tape *tape, struct ambient *ambient,
			      struct ambient_window *ret_window, struct err *err)
{
	struct heard heard = {.call = CALL_WINDOW_BEGIN, .values = {NAN}};
	int ret;

	if (tape && tape->is_replay) {
		ret = take(tape, CALL_WINDOW_BEGIN, &heard, err);
		*ret_window = (struct ambient_window){.before_c = heard.values[0], .after_c = NAN};
		return ret;
	}
	heard.code = ambient_window_begin(ambient, ret_window, err);
	heard.values[0] = ret_window->before_c;
	return hear(tape, &heard, err);
}

int ambient_tape_window_end(struct ambient_tape *tape, struct ambient *ambient,
			    struct ambient_window *window, struct err *err)
{
	struct heard heard = {.call = CALL_WINDOW_END, .values = {NAN, 0, NAN}};
	int ret;

	if (tape && tape->is_replay) {
		ret = take(tape, CALL_WINDOW_END, &heard, err);
		window->after_c = heard.values[0];
		window->left = heard.values[1];
		window->left_c = heard.values[2];
		return ret;
	}
	heard.code = ambient_window_end(ambient, window, err);
	heard.values[0] = window->after_c;
	heard.values[1] = window->left;
	heard.values[2] = window->left ? window->left_c : NAN;
	return hear(tape, &heard, err);
}

/* How it went ---------------------------------------------------------------------------------- */

bool ambient_tape_is_over(const struct ambient_tape *tape)
{
	return tape && tape->outcome != LINK_TAPE_WHOLE;
}

enum link_tape_outcome ambient_tape_outcome(struct ambient_tape *tape, int64_t *ret_when_ns,
					    struct err *ret_sentence)
{
	bool has_rest = tape && tape->is_replay && peek(tape) && tape->next.call != CALL_END;

	*ret_when_ns = tape ? tape->over_ns : INT64_MAX;
	*ret_sentence = ambient_tape_is_over(tape) ? tape->err : (struct err){""};
	if (has_rest)
		err_set(ret_sentence, 0, "%s:%u: expected %s; the session ended before it",
			tape->path, tape->line, calls[tape->next.call].name);
	if (!tape)
		return LINK_TAPE_WHOLE;
	return has_rest ? LINK_TAPE_REST : tape->outcome;
}
