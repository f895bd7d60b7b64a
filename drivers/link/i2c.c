/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is the same for every I2C bus that is open. Opening is in i2c_open.c, so that a program that
 * opens none does not link them all.
 */
#include "drivers/link/i2c.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/i2c_kinds.h"
#include "drivers/link/link.h"

enum { ADDRESS_LAST = 0x7F, ARBITRATION_TRIES = 3 };

void i2c_close(struct i2c *i2c)
{
	if (!i2c)
		return;
	i2c->ops->close(i2c->state);
	free(i2c->state);
	free(i2c->uri);
	free(i2c);
}

const char *i2c_uri(const struct i2c *i2c)
{
	return i2c->uri;
}

bool i2c_is_virtual(const struct i2c *i2c)
{
	return i2c->is_virtual;
}

int64_t i2c_clock_ns(const struct i2c *i2c)
{
	return i2c->ops->clock_ns ? i2c->ops->clock_ns(i2c->state) : link_now_ns();
}

int i2c_read_registers(struct i2c *i2c, uint8_t address, struct i2c_read *reads, size_t count,
		       int64_t *ret_t_mono_ns, int64_t *ret_half_ns, struct err *err)
{
	int64_t t_ns = 0, half_ns = 0;
	int ret = -EAGAIN;

	assert(address <= ADDRESS_LAST && count >= 1 && count <= I2C_READS_MAX);
	for (size_t i = 0; i < count; i++)
		assert(reads[i].count >= 1 && reads[i].count <= sizeof(reads[i].bytes));
	for (int i = 0; i < ARBITRATION_TRIES && ret == -EAGAIN; i++)
		ret = i2c->ops->read(i2c->state, address, reads, count, &t_ns, &half_ns, err);
	if (ret)
		return err_context(err, ret, "%s: address 0x%02x: register 0x%02x", i2c->uri,
				   address, reads[0].pointer);
	if (ret_t_mono_ns)
		*ret_t_mono_ns = t_ns;
	if (ret_half_ns)
		*ret_half_ns = half_ns;
	return 0;
}

int i2c_write_register(struct i2c *i2c, uint8_t address, uint8_t pointer, const uint8_t *bytes,
		       size_t count, struct err *err)
{
	uint8_t message[I2C_WRITE_MAX] = {pointer};
	int ret = -EAGAIN;

	assert(address <= ADDRESS_LAST && count < sizeof(message));
	if (count)
		memcpy(message + 1, bytes, count);
	for (int i = 0; i < ARBITRATION_TRIES && ret == -EAGAIN; i++)
		ret = i2c->ops->write(i2c->state, address, message, 1 + count, err);
	return ret ? err_context(err, ret, "%s: address 0x%02x: writing register 0x%02x", i2c->uri,
				 address, pointer)
		   : 0;
}
