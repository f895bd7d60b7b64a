/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recording an I2C bus: its kind with a tape in front of it that writes down each result. See
 * record.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/link/i2c_tape.h"
#include "drivers/link/record_tape.h"

/* The sentence is recorded also for those who do not want it. */
#define SENTENCE(err) ((err) ? (err) : &(struct err){""})

static int recording_open(void *state, const char *uri, bool *ret_is_virtual, struct err *err)
{
	struct i2c_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	const char *address = NULL;
	bool is_virtual = false;
	int ret = i2c_kind_find(uri, &taped->ops, &address, sentence);

	if (ret)
		return ret;
	taped->state = calloc(1, taped->ops->state_size);
	if (!taped->state)
		return err_set(err, -ENOMEM, "out of memory");
	ret = taped->ops->open(taped->state, address, &is_virtual, sentence);
	tape_write(taped->tape,
		   &(struct tape_record){.kind = TAPE_I2C_OPEN,
					 .values = {is_virtual},
					 .texts = {tape_text(uri)}},
		   ret, sentence);
	if (ret)
		free(taped->state);
	else
		*ret_is_virtual = is_virtual;
	return ret;
}

static void recording_close(void *state)
{
	struct i2c_taped *taped = state;

	taped->ops->close(taped->state);
	free(taped->state);
	tape_write(taped->tape, &(struct tape_record){.kind = TAPE_CLOSE}, 0, NULL);
}

static int recording_read(void *state, uint8_t address, struct i2c_read *reads, size_t count,
			  int64_t *ret_t_mono_ns, int64_t *ret_half_ns, struct err *err)
{
	struct i2c_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	uint8_t asked[I2C_ASKED_BYTES], came[I2C_CAME_BYTES];
	size_t asked_count = i2c_asked_pack(reads, count, asked), came_count = 0;
	int64_t t_ns = 0, half_ns = 0;
	int ret = taped->ops->read(taped->state, address, reads, count, &t_ns, &half_ns, sentence);

	for (size_t i = 0; i < count && !ret; i++) {
		memcpy(came + came_count, reads[i].bytes, reads[i].count);
		came_count += reads[i].count;
	}
	tape_write(
		taped->tape,
		&(struct tape_record){.kind = TAPE_I2C_READ,
				      .values = {address, tape_zigzag(t_ns - taped->tape->clock_ns),
						 (uint64_t)half_ns},
				      .texts = {{asked, asked_count}, {came, came_count}}},
		ret, sentence);
	*ret_t_mono_ns = t_ns;
	*ret_half_ns = half_ns;
	return ret;
}

static int recording_write(void *state, uint8_t address, const uint8_t *bytes, size_t count,
			   struct err *err)
{
	struct i2c_taped *taped = state;
	struct err *sentence = SENTENCE(err);
	int ret = taped->ops->write(taped->state, address, bytes, count, sentence);

	tape_write(taped->tape,
		   &(struct tape_record){
			   .kind = TAPE_I2C_WRITE, .values = {address}, .texts = {{bytes, count}}},
		   ret, sentence);
	return ret;
}

static int64_t recording_clock_ns(void *state)
{
	return link_tape_clock_ns(((struct i2c_taped *)state)->tape);
}

const struct i2c_ops i2c_recording = {
	.scheme = "recording",
	.state_size = sizeof(struct i2c_taped),
	.open = recording_open,
	.close = recording_close,
	.read = recording_read,
	.write = recording_write,
	.clock_ns = recording_clock_ns,
};
