/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LPM01A: a command and its answer. Lines go out, items come back through the capture's parser.
 */
#include "drivers/meter/lpm01a_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	WRITE_MS = 1000,
	DETAIL_MS = 200, /* until the second line of a refusal */
	QUIET_MS = 100,
	QUIET_LIMIT_MS = 2000,
	NS_PER_MS = 1000000,
};

int lpm01a_send_line(struct lpm01a *lpm, const char *command, struct err *err)
{
	char line[80];
	int length = snprintf(line, sizeof(line), "%s\n", command);

	return link_write(lpm->link, line, (size_t)length, WRITE_MS, err);
}

/* Takes bytes in, for at most until_ns. */
static int receive(struct lpm01a *lpm, int64_t until_ns, struct err *err)
{
	int64_t left_ms = (until_ns - link_clock_ns(lpm->link) + NS_PER_MS - 1) / NS_PER_MS;
	size_t capacity, count = 0;
	uint8_t *space = lpm01a_parser_space(&lpm->capture.parser, &capacity);
	int rc;

	if (left_ms <= 0)
		return err_set(err, -ETIMEDOUT, "no answer");
	rc = link_read(lpm->link, space, capacity, (int)left_ms, &count, err);
	if (!rc)
		lpm01a_parser_fill(&lpm->capture.parser, count);
	return rc;
}

int lpm01a_next_item(struct lpm01a *lpm, int64_t until_ns, struct lpm01a_item *ret_item,
		     struct err *err)
{
	for (;;) {
		int rc = lpm01a_parser_next(&lpm->capture.parser, ret_item);

		if (rc > 0)
			return 0;
		if (rc < 0)
			return err_set(err, rc, "what comes is no text: this is no PowerShield");
		rc = receive(lpm, until_ns, err);
		if (rc)
			return rc;
	}
}

int64_t lpm01a_from_now_ns(const struct lpm01a *lpm, int ms)
{
	return link_clock_ns(lpm->link) + (int64_t)ms * NS_PER_MS;
}

bool lpm01a_is_about(const char *text, const char *command)
{
	return !strncmp(text, command, strcspn(command, " "));
}

/* The refusal's second line says why. */
int lpm01a_refused(struct lpm01a *lpm, struct err *err)
{
	int64_t until_ns = lpm01a_from_now_ns(lpm, DETAIL_MS);
	struct lpm01a_item item;

	while (!lpm01a_next_item(lpm, until_ns, &item, NULL))
		if (!strncmp(item.text, "Error detail:", 13))
			return err_set(err, -EINVAL, "refused:%s", item.text + 13);
	return err_set(err, -EINVAL, "refused");
}

/* Until the command is acknowledged. What came with it is in ret_answer (may be NULL). */
static int await_answer(struct lpm01a *lpm, const char *command, int timeout_ms, char *ret_answer,
			struct err *err)
{
	int64_t until_ns = lpm01a_from_now_ns(lpm, timeout_ms);
	struct lpm01a_item item;

	for (;;) {
		int rc = lpm01a_next_item(lpm, until_ns, &item, err);

		if (rc)
			return rc;
		if (item.kind == LPM01A_ACK && lpm01a_is_about(item.text, command)) {
			if (ret_answer)
				memcpy(ret_answer, item.text, sizeof(item.text));
			return 0;
		}
		if (item.kind == LPM01A_ERROR && strncmp(item.text, "Error detail:", 13))
			return lpm01a_refused(lpm, err);
	}
}

int lpm01a_quieten(struct lpm01a *lpm, struct err *err)
{
	int rc = link_discard(lpm->link, QUIET_MS, QUIET_LIMIT_MS, err);

	if (!rc)
		lpm->dirty = false;
	return rc;
}

int lpm01a_command_ask(struct lpm01a *lpm, const char *command, int timeout_ms, char *ret_answer,
		       struct err *err)
{
	int rc = lpm->dirty ? lpm01a_quieten(lpm, err) : 0;

	lpm01a_parser_init(&lpm->capture.parser, LPM01A_COMMANDS, 0);
	if (!rc)
		rc = lpm01a_send_line(lpm, command, err);
	if (!rc)
		rc = await_answer(lpm, command, timeout_ms, ret_answer, err);
	return rc ? err_context(err, rc, "command \"%s\"", command) : 0;
}

int lpm01a_command_do(struct lpm01a *lpm, const char *command, struct err *err)
{
	return lpm01a_command_ask(lpm, command, LPM01A_ANSWER_MS, NULL, err);
}
