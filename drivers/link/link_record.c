/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recording a link: its kind with a tape in front of it that writes down each result. See record.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/link/kinds.h"
#include "drivers/link/link_tape.h"

static int recording_open(void *state, const char *uri, const struct link_settings *settings,
			  struct err *err)
{
	struct link_taped *taped = state;
	const char *address = NULL;
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	int ret = link_kind_find(uri, &taped->ops, &address, sentence);

	if (ret)
		return ret;
	taped->state = calloc(1, taped->ops->state_size);
	if (!taped->state)
		return err_set(err, -ENOMEM, "out of memory");
	ret = taped->ops->open(taped->state, address, settings, sentence);
	tape_write(taped->tape,
		   &(struct tape_record){.kind = TAPE_OPEN,
					 .values = {settings->baud, settings->parity},
					 .texts = {tape_text(uri)}},
		   ret, sentence);
	if (ret)
		free(taped->state);
	return ret;
}

static void recording_close(void *state)
{
	struct link_taped *taped = state;

	taped->ops->close(taped->state);
	free(taped->state);
	tape_write(taped->tape, &(struct tape_record){.kind = TAPE_CLOSE}, 0, NULL);
}

static int recording_set(void *state, const struct link_settings *settings, struct err *err)
{
	struct link_taped *taped = state;
	const struct tape_record record = {.kind = TAPE_SET,
					   .values = {settings->baud, settings->parity}};
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	int ret = taped->ops->set(taped->state, settings, sentence);

	tape_write(taped->tape, &record, ret, sentence);
	return ret;
}

static int recording_set_lines(void *state, bool dtr, bool rts, struct err *err)
{
	struct link_taped *taped = state;
	const struct tape_record record = {.kind = TAPE_LINES,
					   .values = {(uint64_t)dtr | (uint64_t)rts << 1}};
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	int ret = taped->ops->set_lines(taped->state, dtr, rts, sentence);

	tape_write(taped->tape, &record, ret, sentence);
	return ret;
}

static int recording_read(void *state, void *buffer, size_t capacity, int timeout_ms,
			  size_t *ret_count, struct err *err)
{
	struct link_taped *taped = state;
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	size_t count = 0;
	int ret = taped->ops->read(taped->state, buffer, capacity, timeout_ms, &count, sentence);

	tape_write(taped->tape,
		   &(struct tape_record){.kind = ret || count ? TAPE_READ : TAPE_NOTHING,
					 .texts = {{buffer, ret ? 0 : count}}},
		   ret, sentence);
	if (!ret)
		*ret_count = count;
	return ret;
}

static int recording_write(void *state, const void *bytes, size_t count, int timeout_ms,
			   struct err *err)
{
	struct link_taped *taped = state;
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	int ret = taped->ops->write(taped->state, bytes, count, timeout_ms, sentence);

	tape_write(taped->tape,
		   &(struct tape_record){.kind = TAPE_WRITE, .texts = {{bytes, count}}}, ret,
		   sentence);
	return ret;
}

static const char *recording_identity(void *state)
{
	struct link_taped *taped = state;
	const char *identity = taped->ops->identity(taped->state);

	tape_write(taped->tape,
		   &(struct tape_record){.kind = TAPE_IDENTITY, .texts = {tape_text(identity)}}, 0,
		   NULL);
	return identity;
}

const struct link_ops link_recording = {
	.scheme = "recording",
	.state_size = sizeof(struct link_taped),
	.open = recording_open,
	.close = recording_close,
	.set = recording_set,
	.set_lines = recording_set_lines,
	.read = recording_read,
	.write = recording_write,
	.identity = recording_identity,
};
