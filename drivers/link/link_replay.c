/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Replaying a link: a tape in the place of its kind. See record.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/link/link_tape.h"

static struct link_tape *tape_of(void *state)
{
	return ((struct link_taped *)state)->tape;
}

static int replaying_open(void *state, const char *uri, const struct link_settings *settings,
			  struct err *err)
{
	const struct tape_record asked = {.kind = TAPE_OPEN,
					  .values = {settings->baud, settings->parity},
					  .texts = {tape_text(uri)}};
	struct tape_record record;

	return tape_call(tape_of(state), &asked, &record, err);
}

static void replaying_close(void *state)
{
	struct tape_record record;

	tape_take(tape_of(state), &(struct tape_record){.kind = TAPE_CLOSE}, &record);
}

static int replaying_set(void *state, const struct link_settings *settings, struct err *err)
{
	const struct tape_record asked = {.kind = TAPE_SET,
					  .values = {settings->baud, settings->parity}};
	struct tape_record record;

	return tape_call(tape_of(state), &asked, &record, err);
}

static int replaying_set_lines(void *state, bool dtr, bool rts, struct err *err)
{
	const struct tape_record asked = {.kind = TAPE_LINES,
					  .values = {(uint64_t)dtr | (uint64_t)rts << 1}};
	struct tape_record record;

	return tape_call(tape_of(state), &asked, &record, err);
}

/* More bytes than there is room for: it was asked with more room. */
static int replaying_read(void *state, void *buffer, size_t capacity, int timeout_ms,
			  size_t *ret_count, struct err *err)
{
	struct link_tape *tape = tape_of(state);
	struct tape_record record;
	int ret = tape_call(tape, &(struct tape_record){.kind = TAPE_READ}, &record, err);

	(void)timeout_ms;
	if (ret)
		return ret;
	if (record.texts[0].count > capacity)
		return tape_differ(tape, err,
				   "expected a read of %zu bytes; came one with room for %zu",
				   record.texts[0].count, capacity);
	if (record.texts[0].count)
		memcpy(buffer, record.texts[0].bytes, record.texts[0].count);
	*ret_count = record.texts[0].count;
	return 0;
}

static int replaying_write(void *state, const void *bytes, size_t count, int timeout_ms,
			   struct err *err)
{
	const struct tape_record asked = {.kind = TAPE_WRITE, .texts = {{bytes, count}}};
	struct tape_record record;

	(void)timeout_ms;
	return tape_call(tape_of(state), &asked, &record, err);
}

/* Without memory for it the replay is over, as behind damage. */
static void identity_keep(struct link_tape *tape, struct tape_span text)
{
	char *copy = strndup((const char *)text.bytes, text.count);

	if (!copy) {
		tape_damaged(tape, "out of memory");
		return;
	}
	free(tape->identity);
	tape->identity = copy;
}

static const char *replaying_identity(void *state)
{
	struct link_tape *tape = tape_of(state);
	struct tape_record record;

	if (tape_take(tape, &(struct tape_record){.kind = TAPE_IDENTITY}, &record))
		identity_keep(tape, record.texts[0]);
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
