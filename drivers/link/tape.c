/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is asked of a tape whichever way it runs: see record.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/link/record_tape.h"
#include "firmware/wire/wire.h"

const struct tape_layout tape_layouts[TAPE_KINDS] = {
	[TAPE_OPEN] = {"tvv", 3},
	[TAPE_CLOSE] = {"", 0},
	[TAPE_SET] = {"vv", 2},
	[TAPE_LINES] = {"v", 1},
	[TAPE_READ] = {"t", 0},
	[TAPE_NOTHING] = {"", 0},
	[TAPE_WRITE] = {"t", 1},
	[TAPE_CLOCK] = {"v", 0},
	[TAPE_WALL] = {"v", 0},
	[TAPE_NO] = {"", 0},
	[TAPE_YES] = {"", 0},
	[TAPE_IDENTITY] = {"t", 0},
	[TAPE_END] = {"", 0},
	[TAPE_USB_OPEN] = {"tvvttt", 2},
	[TAPE_USB_CONTROL] = {"ttvt", 2},
	[TAPE_USB_WRITE] = {"vt", 2},
	[TAPE_USB_READ] = {"vt", 1},
	[TAPE_USB_CLEAR] = {"v", 1},
	[TAPE_USB_START] = {"vvv", 3},
	[TAPE_USB_CHUNK] = {"vt", 0},
	[TAPE_USB_STOP] = {"", 0},
	[TAPE_I2C_OPEN] = {"tv", 1},
	[TAPE_I2C_READ] = {"vtvvt", 2},
	[TAPE_I2C_WRITE] = {"vt", 2},
	[TAPE_CONTROL] = {"tv", 2},
	[TAPE_MARKER_OPEN] = {"tv", 1},
	[TAPE_MARKER_READ] = {"t", 0},
};

int tape_new(const char *path, bool is_replay, struct link_tape **ret_tape, struct err *err)
{
	struct link_tape *tape = calloc(1, sizeof(*tape));

	if (tape) {
		tape->fd = -1;
		tape->is_replay = is_replay;
		tape->outcome = LINK_TAPE_WHOLE;
		tape->over_ns = INT64_MAX;
		tape->path = strdup(path);
	}
	if (!tape || !tape->path || tape_reserve(tape, TAPE_CHUNK_BYTES)) {
		tape_free(tape);
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	}
	*ret_tape = tape;
	return 0;
}

void tape_free(struct link_tape *tape)
{
	if (!tape)
		return;
	if (tape->fd >= 0)
		close(tape->fd);
	free(tape->identity);
	free(tape->bytes);
	free(tape->path);
	free(tape);
}

int tape_reserve(struct link_tape *tape, size_t capacity)
{
	size_t grown = tape->capacity ? tape->capacity : TAPE_CHUNK_BYTES;
	uint8_t *bytes;

	if (capacity <= tape->capacity)
		return 0;
	while (grown < capacity)
		grown *= 2;
	bytes = realloc(tape->bytes, grown);
	if (!bytes)
		return -ENOMEM;
	tape->bytes = bytes;
	tape->capacity = grown;
	return 0;
}

int tape_error(const struct link_tape *tape, int code, struct err *err)
{
	return err_set(err, -code, "%s: %s", tape->path, strerror(code));
}

void tape_put_u32(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

void tape_header(uint8_t header[TAPE_HEADER_BYTES])
{
	memcpy(header, "JBLINK\r\n", 8);
	tape_put_u32(header + 8, TAPE_VERSION);
	tape_put_u32(header + 12, wire_crc32(0, header, 12));
}

int64_t link_tape_clock_ns(struct link_tape *tape)
{
	int64_t now_ns;

	if (tape && tape->is_replay)
		return tape_replay_clock_ns(tape);
	now_ns = link_now_ns();
	if (tape) {
		int64_t step_ns = now_ns - tape->clock_ns;

		tape->clock_ns = now_ns;
		tape_write(
			tape,
			&(struct tape_record){.kind = TAPE_CLOCK, .values = {tape_zigzag(step_ns)}},
			0, NULL);
	}
	return now_ns;
}

int64_t link_tape_wall_ns(struct link_tape *tape)
{
	struct timespec now;
	int64_t now_ns;

	if (tape && tape->is_replay)
		return tape_replay_wall_ns(tape);
	clock_gettime(CLOCK_REALTIME, &now);
	now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (tape)
		tape_write(tape,
			   &(struct tape_record){.kind = TAPE_WALL, .values = {(uint64_t)now_ns}},
			   0, NULL);
	return now_ns;
}

void link_tape_sleep_ms(struct link_tape *tape, int duration_ms)
{
	struct timespec left = {.tv_sec = duration_ms / 1000,
				.tv_nsec = (duration_ms % 1000) * 1000000L};

	if (tape && tape->is_replay)
		return;
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

bool link_tape_is_replay(const struct link_tape *tape)
{
	return tape && tape->is_replay;
}

bool link_tape_is_over(const struct link_tape *tape)
{
	return tape && tape_is_over(tape);
}

bool link_tape_flag(struct link_tape *tape, bool flag)
{
	if (tape && tape->is_replay)
		return tape_replay_flag(tape, flag);
	if (tape)
		tape_write(tape, &(struct tape_record){.kind = flag ? TAPE_YES : TAPE_NO}, 0, NULL);
	return flag;
}

bool link_tape_stop(struct link_tape *tape, bool stop)
{
	if (tape && tape->is_replay && stop)
		tape_leave(tape);
	stop = link_tape_flag(tape, stop);
	return stop || link_tape_is_over(tape);
}

void link_tape_flush(struct link_tape *tape)
{
	if (tape && !tape->is_replay)
		tape_finish(tape);
}

int link_tape_close(struct link_tape *tape, struct err *err)
{
	int ret = 0;

	if (!tape)
		return 0;
	if (!tape->is_replay) {
		tape_write(tape, &(struct tape_record){.kind = TAPE_END}, 0, NULL);
		tape_finish(tape);
		ret = tape->failed;
		if (ret && err)
			*err = tape->err;
	}
	if (!tape->is_replay && close(tape->fd) && !ret)
		ret = tape_error(tape, errno, err);
	if (!tape->is_replay)
		tape->fd = -1;
	tape_free(tape);
	return ret;
}

enum link_tape_outcome link_tape_outcome(struct link_tape *tape, int64_t *ret_when_ns,
					 struct err *ret_sentence)
{
	struct err rest = {""};

	if (tape->is_replay && !tape_is_over(tape))
		tape_replay_look_at_rest(tape, &rest);
	*ret_when_ns = tape->over_ns;
	*ret_sentence = tape_is_over(tape) ? tape->err : rest;
	return tape->outcome == LINK_TAPE_WHOLE && rest.text[0] ? LINK_TAPE_REST : tape->outcome;
}
