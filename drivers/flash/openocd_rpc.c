/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * OpenOCD's Tcl port: see openocd_rpc.h.
 */
#include "drivers/flash/openocd_rpc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/deadline.h"

enum { END = 0x1a, TAIL_MAX = 240 };

static const char mark[] = "joulebench ";
static const char asynchronous[] = "type ";

int openocd_rpc_open(struct openocd_rpc *rpc, const char *uri, struct err *err)
{
	const struct link_settings settings = {.baud = 115200, .parity = LINK_PARITY_NONE};

	rpc->link = NULL;
	rpc->sequence = 0;
	rpc->used = 0;
	rpc->text[0] = '\0';
	return link_open(uri, &settings, &rpc->link, err);
}

void openocd_rpc_close(struct openocd_rpc *rpc)
{
	link_close(rpc->link);
	rpc->link = NULL;
}

/* ---- text ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Lines become "; "; returns the length, as if there were room for all. */
static size_t text_flatten(const char *text, const char *end, char *flat, size_t size)
{
	size_t used = 0;
	bool pending = false;

	for (; text < end; text++) {
		if (*text == '\n' || *text == '\r') {
			pending = used > 0;
			continue;
		}
		if (pending && *text == ' ')
			continue;
		for (const char *gap = pending ? "; " : ""; *gap; gap++, used++)
			if (used + 1 < size)
				flat[used] = *gap;
		pending = false;
		if (used + 1 < size)
			flat[used] = *text >= ' ' && *text <= '~' ? *text : '?';
		used++;
	}
	flat[used < size ? used : size - 1] = '\0';
	return used;
}

/* The first line from which on all fits; where not even the last one does, its end. */
void openocd_text_tail(const char *text, char *ret_tail, size_t size)
{
	size_t length = strlen(text);
	const char *line = text;

	while (length && is_space(text[length - 1]))
		length--;
	while (text_flatten(line, text + length, ret_tail, size) >= size) {
		const char *end = memchr(line, '\n', (size_t)(text + length - line));

		line = end ? end + 1 : text + length - (size - 1);
	}
}

/* ---- answers ---- */

/* The next answer into rpc->text; what follows it stays in rpc->answer. */
static int receive(struct openocd_rpc *rpc, int64_t deadline_ns, struct err *err)
{
	for (;;) {
		char *end = memchr(rpc->answer, END, rpc->used);
		size_t length = end ? (size_t)(end - rpc->answer) : 0, count = 0;
		int left_ms, ret;

		if (end) {
			memcpy(rpc->text, rpc->answer, length);
			rpc->text[length] = '\0';
			rpc->used -= length + 1;
			memmove(rpc->answer, end + 1, rpc->used);
			return 0;
		}
		if (rpc->used == sizeof(rpc->answer))
			return err_set(err, -EPROTO, "an answer without an end: no Tcl port");
		left_ms = link_left_ms(rpc->link, deadline_ns);
		ret = link_read(rpc->link, rpc->answer + rpc->used, sizeof(rpc->answer) - rpc->used,
				left_ms, &count, err);
		if (ret)
			return ret;
		if (!count && !left_ms)
			return -ETIMEDOUT;
		rpc->used += count;
	}
}

/* "joulebench SEQUENCE STATUS RESULT\nLOG": true when it is of the command that was sent last. The
 * text is left with what follows the status. */
static bool take_answer(struct openocd_rpc *rpc, int *ret_status)
{
	unsigned long sequence;
	char *at = rpc->text + strlen(mark);

	sequence = strtoul(at, &at, 10);
	if (sequence != rpc->sequence || *at != ' ')
		return false;
	*ret_status = (int)strtol(at, &at, 10);
	at += *at == ' ';
	memmove(rpc->text, at, strlen(at) + 1);
	return true;
}

static int await(struct openocd_rpc *rpc, int64_t deadline_ns, int *ret_status, struct err *err)
{
	for (;;) {
		char said[TAIL_MAX / 2];
		int ret = receive(rpc, deadline_ns, err);

		if (ret)
			return ret;
		if (!strncmp(rpc->text, mark, strlen(mark))) {
			if (take_answer(rpc, ret_status))
				return 0;
		} else if (strncmp(rpc->text, asynchronous, strlen(asynchronous))) {
			openocd_text_tail(rpc->text, said, sizeof(said));
			return err_set(err, -EPROTO, "an answer to nothing: '%s'", said);
		}
	}
}

int openocd_rpc_send(struct openocd_rpc *rpc, const char *command, int timeout_ms, struct err *err)
{
	char line[OPENOCD_COMMAND_MAX + 256];
	int length = snprintf(line, sizeof(line), "%s%c", command, END);

	if (length < 0 || (size_t)length >= sizeof(line))
		return err_set(err, -EINVAL, "a command of %d bytes is too long", length);
	return link_write(rpc->link, line, (size_t)length, timeout_ms, err);
}

int openocd_rpc_run(struct openocd_rpc *rpc, const char *command, int timeout_ms, struct err *err)
{
	int64_t deadline_ns = link_deadline_ns(rpc->link, timeout_ms);
	char line[OPENOCD_COMMAND_MAX + 200], said[TAIL_MAX];
	int status = 0, ret;

	snprintf(line, sizeof(line),
		 "set joulebench_said {}; format {%s%%d %%d %%s%%s} %u "
		 "[catch {capture {set joulebench_said [%s]}} joulebench_log] "
		 "\"$joulebench_said\\n\" $joulebench_log",
		 mark, ++rpc->sequence, command);
	ret = openocd_rpc_send(rpc, line, timeout_ms, err);
	if (!ret)
		ret = await(rpc, deadline_ns, &status, err);
	if (ret == -ETIMEDOUT)
		return err_set(err, ret, "no answer within %d ms", timeout_ms);
	if (ret || !status)
		return ret;
	openocd_text_tail(rpc->text, said, sizeof(said));
	return err_set(err, -EREMOTEIO, "OpenOCD says '%s'", said[0] ? said : "failed");
}
