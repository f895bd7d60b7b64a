/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * i2c-dev as the played kernel has it: see i2c.h. I2C_RDWR does not ask whether a driver holds the
 * address, I2C_SLAVE does (i2cdev_check_addr); a chip that is not there is ENXIO.
 */
#define _GNU_SOURCE
#include "tests/seam/i2c.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

enum { ADDRESS_LAST = 0x7F, MESSAGES_MAX = 42 /* I2C_RDWR_IOCTL_MAX_MSGS */ };

static struct seam_i2c_device *device_find(struct seam_i2c *i2c, unsigned address)
{
	for (size_t i = 0; i < SEAM_I2C_DEVICES_MAX; i++)
		if (i2c->devices[i].address && i2c->devices[i].address == address)
			return &i2c->devices[i];
	return NULL;
}

static void message_write(struct seam_i2c_device *device, const struct i2c_msg *message)
{
	uint64_t value = 0;

	if (!message->len)
		return;
	device->pointer = message->buf[0];
	if (message->len == 1)
		return;
	for (unsigned i = 1; i < message->len; i++)
		value = value << 8 | message->buf[i];
	device->value[device->pointer] = value;
	device->writes++;
}

static void message_read(struct seam_i2c_device *device, const struct i2c_msg *message)
{
	unsigned width = device->width[device->pointer];

	device->reads++;
	for (unsigned i = 0; i < message->len; i++)
		message->buf[i] =
			i < width ? (uint8_t)(device->value[device->pointer] >> 8 * (width - 1 - i))
				  : 0xFF;
}

static int transfer(struct seam_i2c *i2c, const struct i2c_rdwr_ioctl_data *all)
{
	int fault = i2c->calls < i2c->fault_count ? i2c->faults[i2c->calls] : 0;
	uint32_t limit = fault < 0 ? (uint32_t)-fault : all->nmsgs;

	i2c->calls++;
	if (i2c->is_gone)
		return -ENODEV;
	if (all->nmsgs > MESSAGES_MAX)
		return -EINVAL;
	if (fault > 0)
		return -fault;
	for (uint32_t i = 0; i < limit; i++) {
		const struct i2c_msg *message = &all->msgs[i];
		struct seam_i2c_device *device = device_find(i2c, message->addr);

		if (!device)
			return -ENXIO;
		i2c->messages++;
		if (message->flags & I2C_M_RD)
			message_read(device, message);
		else
			message_write(device, message);
	}
	return (int)limit;
}

static int slave(struct seam_i2c *i2c, unsigned long address)
{
	struct seam_i2c_device *device = device_find(i2c, (unsigned)address);

	i2c->slave_calls++;
	if (address > ADDRESS_LAST)
		return -EINVAL;
	return device && device->has_driver ? -EBUSY : 0;
}

static int i2c_open_node(struct seam_file *file, int flags)
{
	(void)file;
	(void)flags;
	return eventfd(0, EFD_CLOEXEC);
}

static int i2c_ioctl(struct seam_file *file, unsigned long request, void *argument)
{
	struct seam_i2c *i2c = file->device;

	switch (request) {
	case I2C_FUNCS:
		*(unsigned long *)argument = i2c->functions;
		return 0;
	case I2C_SLAVE:
		return slave(i2c, (unsigned long)argument);
	case I2C_RDWR:
		return transfer(i2c, argument);
	default:
		return -ENOTTY;
	}
}

static const struct seam_node_ops i2c_ops = {.open = i2c_open_node, .ioctl = i2c_ioctl};

void seam_i2c_plug(struct seam_i2c *i2c)
{
	i2c->is_gone = false;
	i2c->node = (struct seam_node){.major = 89,
				       .minor = i2c->number,
				       .open_error = i2c->open_error,
				       .ops = &i2c_ops,
				       .device = i2c};
	snprintf(i2c->node.path, sizeof(i2c->node.path), "/dev/i2c-%u", i2c->number);
	seam_node_add(&i2c->node);
}

void seam_i2c_unplug(struct seam_i2c *i2c)
{
	i2c->is_gone = true;
	seam_node_remove(&i2c->node);
}
