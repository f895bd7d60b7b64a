/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Replaying an I2C bus: a tape in the place of its kind. See record.h.
 */
#include "drivers/link/i2c_tape.h"
#include "drivers/link/record_tape.h"

static struct link_tape *tape_of(void *state)
{
	return ((struct i2c_taped *)state)->tape;
}

static int replaying_open(void *state, const char *uri, bool *ret_is_virtual, struct err *err)
{
	const struct tape_record asked = {.kind = TAPE_I2C_OPEN, .texts = {tape_text(uri)}};
	struct tape_record record;
	int ret = tape_call(tape_of(state), &asked, &record, err);

	if (!ret)
		*ret_is_virtual = record.values[0];
	return ret;
}

static void replaying_close(void *state)
{
	struct tape_record record;

	tape_take(tape_of(state), &(struct tape_record){.kind = TAPE_CLOSE}, &record);
}

static size_t bytes_asked(const struct i2c_read *reads, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += reads[i].count;
	return bytes;
}

static int replaying_read(void *state, uint8_t address, struct i2c_read *reads, size_t count,
			  int64_t *ret_t_mono_ns, int64_t *ret_half_ns, struct err *err)
{
	struct link_tape *tape = tape_of(state);
	uint8_t bytes[I2C_ASKED_BYTES];
	const struct tape_record asked = {
		.kind = TAPE_I2C_READ,
		.values = {address},
		.texts = {{bytes, i2c_asked_pack(reads, count, bytes)}},
	};
	struct tape_record record;
	int ret = tape_call(tape, &asked, &record, err);
	const uint8_t *came;

	if (ret)
		return ret;
	if (record.texts[1].count != bytes_asked(reads, count)) {
		tape_damaged(tape, "a register's bytes are missing");
		return err_set(err, -ECANCELED, "the replay is over: %s", tape->err.text);
	}
	came = record.texts[1].bytes;
	for (size_t i = 0; i < count; i++) {
		memcpy(reads[i].bytes, came, reads[i].count);
		came += reads[i].count;
	}
	*ret_t_mono_ns = tape->clock_ns + tape_unzigzag(record.values[1]);
	*ret_half_ns = (int64_t)record.values[2];
	return 0;
}

static int replaying_write(void *state, uint8_t address, const uint8_t *bytes, size_t count,
			   struct err *err)
{
	const struct tape_record asked = {
		.kind = TAPE_I2C_WRITE, .values = {address}, .texts = {{bytes, count}}};
	struct tape_record record;

	return tape_call(tape_of(state), &asked, &record, err);
}

static int64_t replaying_clock_ns(void *state)
{
	return link_tape_clock_ns(tape_of(state));
}

const struct i2c_ops i2c_replaying = {
	.scheme = "replaying",
	.state_size = sizeof(struct i2c_taped),
	.open = replaying_open,
	.close = replaying_close,
	.read = replaying_read,
	.write = replaying_write,
	.clock_ns = replaying_clock_ns,
};
