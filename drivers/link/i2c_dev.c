/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A Linux I2C adapter through i2c-dev (kernel, Documentation/i2c/dev-interface.rst).
 *
 * - I2C_RDWR makes one combined transfer of up to 42 messages. It does not look whether a kernel
 *   driver holds the address; I2C_SLAVE does, so each address is asked for once.
 * - It returns the messages that were done: fewer are a failure.
 * - Adapters report a missing acknowledge as ENXIO or EREMOTEIO
 *   (Documentation/i2c/fault-codes.rst).
 * - An adapter that was unplugged may report EIO for ever (i2c-tiny-usb does): while its file is open
 *   it stays, but its name in /dev goes.
 * - Behind an adapter on USB, the adapter's device in sysfs is a child of the USB interface: its
 *   manufacturer tells a virtual one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "drivers/link/i2c_kinds.h"
#include "drivers/link/link.h"
#include "drivers/link/usb_kinds.h"

enum { ADDRESSES = 128, INTERRUPTED_TRIES = 10, GONE_TRIES = 10, GONE_LOOK_MS = 10 };

struct bus {
	int fd;
	char path[64];
	bool is_ours[ADDRESSES]; /* asked for, and held by no kernel driver */
};

static int open_fail(const char *path, int error, struct err *err)
{
	if (error == ENOENT || error == ENXIO || error == ENODEV)
		return err_set(err, -ENOENT,
			       "there is no %s: is the adapter plugged in, and i2c-dev loaded "
			       "(modprobe i2c-dev)?",
			       path);
	if (error == EACCES || error == EPERM)
		return err_set(err, -EACCES,
			       "no permission to open %s: add yourself to the group i2c (adduser "
			       "USER i2c, then log in again) or give it a udev rule, "
			       "SUBSYSTEM==\"i2c-dev\", TAG+=\"uaccess\"",
			       path);
	return err_set(err, -error, "%s: %s", path, strerror(error));
}

static bool is_virtual(int fd)
{
	struct usb_identity identity = {0};
	struct stat status;
	char path[80];
	FILE *stream;

	if (fstat(fd, &status))
		return false;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device/../../manufacturer",
		 major(status.st_rdev), minor(status.st_rdev));
	stream = fopen(path, "r");
	if (!stream)
		return false;
	if (fgets(identity.manufacturer, sizeof(identity.manufacturer), stream))
		usb_identity_judge(&identity);
	fclose(stream);
	return identity.is_virtual;
}

static int bus_open(void *state, const char *address, bool *ret_is_virtual, struct err *err)
{
	struct bus *bus = state;
	unsigned long able = 0;

	if (address[0] != '/' || strlen(address) >= sizeof(bus->path))
		return err_set(err, -EINVAL, "an adapter is named by its whole path (/dev/i2c-N)");
	strcpy(bus->path, address);
	bus->fd = open(address, O_RDWR | O_CLOEXEC);
	if (bus->fd < 0)
		return open_fail(address, errno, err);
	if (ioctl(bus->fd, I2C_FUNCS, &able)) {
		int code = errno == ENOTTY || errno == EINVAL ? -ENOTSUP : -errno;

		close(bus->fd);
		return err_set(err, code, "%s is no I2C adapter", address);
	}
	if (!(able & I2C_FUNC_I2C)) {
		close(bus->fd);
		return err_set(err, -ENOTSUP,
			       "the adapter only knows SMBus: it cannot make combined transfers");
	}
	*ret_is_virtual = is_virtual(bus->fd);
	return 0;
}

static void bus_close(void *state)
{
	close(((struct bus *)state)->fd);
}

/* After EIO: the kernel needs a moment for taking the name away. */
static bool is_gone(const struct bus *bus)
{
	const struct timespec pause = {.tv_nsec = GONE_LOOK_MS * 1000000};

	for (int i = 0; i < GONE_TRIES && !access(bus->path, F_OK); i++)
		nanosleep(&pause, NULL);
	return access(bus->path, F_OK) && errno == ENOENT;
}

/* The sentence for a failed call. */
static int bus_fail(const struct bus *bus, uint8_t address, int error, struct err *err)
{
	if (error == EIO && is_gone(bus))
		error = ENODEV;
	switch (error) {
	case ENXIO:
	case EREMOTEIO:
		return i2c_nobody(address, err);
	case EAGAIN:
		return err_set(err, -EAGAIN, "arbitration was lost to another master");
	case ETIMEDOUT:
		return err_set(err, -ETIMEDOUT, "timed out: something holds the bus (SCL low?)");
	case ENODEV:
		return err_set(err, -ENODEV, "the adapter is gone (unplugged?)");
	default:
		return err_set(err, -error, "%s", strerror(error));
	}
}

static int address_take(struct bus *bus, uint8_t address, struct err *err)
{
	if (bus->is_ours[address])
		return 0;
	if (ioctl(bus->fd, I2C_SLAVE, (unsigned long)address)) {
		if (errno != EBUSY)
			return bus_fail(bus, address, errno, err);
		return err_set(err, -EBUSY,
			       "a kernel driver holds address 0x%02x: unbind it (echo N-%04x > "
			       "/sys/bus/i2c/drivers/DRIVER/unbind, N the adapter's number)",
			       address, address);
	}
	bus->is_ours[address] = true;
	return 0;
}

static int transfer(struct bus *bus, uint8_t address, struct i2c_msg *messages, size_t count,
		    struct err *err)
{
	struct i2c_rdwr_ioctl_data all = {.msgs = messages, .nmsgs = (uint32_t)count};
	int done = -1, ret = address_take(bus, address, err);

	if (ret)
		return ret;
	for (int i = 0; i < INTERRUPTED_TRIES; i++) {
		done = ioctl(bus->fd, I2C_RDWR, &all);
		if (done >= 0 || errno != EINTR)
			break;
	}
	if (done < 0)
		return bus_fail(bus, address, errno, err);
	if ((size_t)done != count)
		return err_set(err, -EIO, "the adapter made %d of %zu messages", done, count);
	return 0;
}

static int bus_read(void *state, uint8_t address, struct i2c_read *reads, size_t count,
		    int64_t *ret_t_mono_ns, int64_t *ret_half_ns, struct err *err)
{
	struct i2c_msg messages[2 * I2C_READS_MAX];
	int64_t begin_ns;
	int ret;

	for (size_t i = 0; i < count; i++) {
		messages[2 * i] =
			(struct i2c_msg){.addr = address, .len = 1, .buf = &reads[i].pointer};
		messages[2 * i + 1] = (struct i2c_msg){.addr = address,
						       .flags = I2C_M_RD,
						       .len = reads[i].count,
						       .buf = reads[i].bytes};
	}
	begin_ns = link_now_ns();
	ret = transfer(state, address, messages, 2 * count, err);
	i2c_time(begin_ns, link_now_ns(), ret_t_mono_ns, ret_half_ns);
	return ret;
}

static int bus_write(void *state, uint8_t address, const uint8_t *bytes, size_t count,
		     struct err *err)
{
	uint8_t copy[I2C_WRITE_MAX];
	struct i2c_msg message = {.addr = address, .len = (uint16_t)count, .buf = copy};

	memcpy(copy, bytes, count);
	return transfer(state, address, &message, 1, err);
}

const struct i2c_ops i2c_dev = {
	.scheme = "i2c",
	.state_size = sizeof(struct bus),
	.open = bus_open,
	.close = bus_close,
	.read = bus_read,
	.write = bus_write,
};
