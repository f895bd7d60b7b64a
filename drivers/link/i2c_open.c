/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kinds of I2C bus by their scheme.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/i2c_tape.h"
#include "drivers/link/record_tape.h"

/* Alphabetical by scheme. */
static const struct i2c_ops *const kinds[] = {
	&i2c_dev,
	&i2c_tiny_usb,
};

int i2c_kind_find(const char *uri, const struct i2c_ops **ret_ops, const char **ret_address,
		  struct err *err)
{
	size_t length = strcspn(uri, ":");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && uri[length]; i++) {
		if (strlen(kinds[i]->scheme) != length || strncmp(kinds[i]->scheme, uri, length))
			continue;
		*ret_ops = kinds[i];
		*ret_address = uri + length + 1;
		return 0;
	}
	return err_set(err, -EINVAL,
		       "'%s' is not an I2C bus: it is neither i2c:/dev/i2c-N nor i2c-tiny-usb:USB, "
		       "USB as usb:0403:c631",
		       uri);
}

static struct i2c *i2c_new(const struct i2c_ops *ops, struct link_tape *tape, const char *uri)
{
	struct i2c *i2c = calloc(1, sizeof(*i2c));

	if (!i2c)
		return NULL;
	i2c->ops = ops;
	i2c->uri = strdup(uri);
	i2c->state = calloc(1, ops->state_size);
	if (!i2c->uri || !i2c->state) {
		free(i2c->state);
		free(i2c->uri);
		free(i2c);
		return NULL;
	}
	if (tape)
		((struct i2c_taped *)i2c->state)->tape = tape;
	return i2c;
}

int i2c_open_taped(struct link_tape *tape, const char *uri, struct i2c **ret_i2c, struct err *err)
{
	const struct i2c_ops *ops = NULL;
	const char *address = NULL;
	struct i2c *i2c;
	int ret;

	assert(uri && ret_i2c);
	ret = i2c_kind_find(uri, &ops, &address, err);
	if (ret)
		return ret;
	if (tape) {
		ops = tape->is_replay ? &i2c_replaying : &i2c_recording;
		address = uri;
	}
	i2c = i2c_new(ops, tape, uri);
	if (!i2c)
		return err_set(err, -ENOMEM, "%s: out of memory", uri);
	ret = ops->open(i2c->state, address, &i2c->is_virtual, err);
	if (ret) {
		err_context(err, ret, "%s", uri);
		free(i2c->state);
		free(i2c->uri);
		free(i2c);
		return ret;
	}
	*ret_i2c = i2c;
	return 0;
}

int i2c_open(const char *uri, struct i2c **ret_i2c, struct err *err)
{
	return i2c_open_taped(NULL, uri, ret_i2c, err);
}
