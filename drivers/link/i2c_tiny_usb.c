/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An i2c-tiny-usb adapter (Till Harbaum), driven from this process over USB. Requests as in the
 * kernel's drivers/i2c/busses/i2c-tiny-usb.c: vendor requests to the interface; each message of a
 * combined transfer is a request of its own, BEGIN in the first and END in the last, followed by a
 * request for the status.
 */
#include <errno.h>
#include <string.h>

#include "drivers/link/i2c_kinds.h"
#include "drivers/link/link.h"
#include "drivers/link/usb.h"

enum {
	CMD_ECHO = 0,
	CMD_GET_FUNC = 1,
	CMD_SET_DELAY = 2,
	CMD_GET_STATUS = 3,
	CMD_I2C_IO = 4,
	CMD_I2C_IO_BEGIN = 1 << 0,
	CMD_I2C_IO_END = 1 << 1,

	STATUS_ADDRESS_NAK = 2,
	FLAG_READ = 1, /* I2C_M_RD */
	FUNC_I2C = 1,  /* I2C_FUNC_I2C */

	TYPE_OUT = 0x41, /* vendor, to the interface */
	TYPE_IN = 0xC1,
	REQUEST_MS = 2000,
	DELAY_US = 10, /* of half a clock: at most 100 kHz, the kernel's default */
	ECHO = 0x5AA5,
};

struct adapter {
	struct usb *usb;
};

static int request_in(struct adapter *adapter, uint8_t request, uint16_t value, uint16_t index,
		      void *bytes, uint16_t count, struct err *err)
{
	size_t got = 0;
	int ret = usb_control(adapter->usb, TYPE_IN, request, value, index, bytes, count,
			      REQUEST_MS, &got, err);

	if (!ret && got != count)
		return err_set(err, -EIO, "the adapter gave %zu of %u bytes", got, count);
	return ret;
}

/* A device that is something else refuses, or echoes nonsense. */
static int adapter_check(struct adapter *adapter, struct err *err)
{
	uint8_t echo[2] = {0, 0}, func[4] = {0};
	int ret = request_in(adapter, CMD_ECHO, ECHO, 0, echo, sizeof(echo), err);

	if (!ret && (echo[0] | echo[1] << 8) != ECHO)
		ret = -EPIPE;
	if (!ret)
		ret = request_in(adapter, CMD_GET_FUNC, 0, 0, func, sizeof(func), err);
	if (ret == -EPIPE || ret == -EIO)
		return err_set(err, -ENOTSUP, "%s is not an i2c-tiny-usb adapter",
			       usb_uri(adapter->usb));
	if (ret)
		return ret;
	if (!(func[0] & FUNC_I2C))
		return err_set(err, -ENOTSUP, "the adapter cannot make combined transfers");
	return usb_control(adapter->usb, TYPE_OUT, CMD_SET_DELAY, DELAY_US, 0, NULL, 0, REQUEST_MS,
			   NULL, err);
}

static int adapter_open(void *state, const char *address, bool *ret_is_virtual, struct err *err)
{
	const struct usb_expected any = {0, 0, 0};
	struct adapter *adapter = state;
	int ret = usb_open(address, &any, &adapter->usb, err);

	if (ret)
		return ret;
	ret = adapter_check(adapter, err);
	if (ret)
		usb_close(adapter->usb);
	else
		*ret_is_virtual = usb_identity(adapter->usb)->is_virtual;
	return ret;
}

static void adapter_close(void *state)
{
	usb_close(((struct adapter *)state)->usb);
}

static int status_check(struct adapter *adapter, uint8_t address, struct err *err)
{
	uint8_t status = 0;
	int ret = request_in(adapter, CMD_GET_STATUS, 0, 0, &status, sizeof(status), err);

	if (ret)
		return ret;
	return status == STATUS_ADDRESS_NAK ? i2c_nobody(address, err) : 0;
}

static int message_write(struct adapter *adapter, uint8_t address, int ends, const uint8_t *bytes,
			 size_t count, struct err *err)
{
	uint8_t copy[I2C_WRITE_MAX];
	size_t sent = 0;
	int ret;

	memcpy(copy, bytes, count);
	ret = usb_control(adapter->usb, TYPE_OUT, (uint8_t)(CMD_I2C_IO | ends), 0, address, copy,
			  (uint16_t)count, REQUEST_MS, &sent, err);
	if (!ret && sent != count)
		ret = err_set(err, -EIO, "the adapter took %zu of %zu bytes", sent, count);
	return ret ? ret : status_check(adapter, address, err);
}

static int message_read(struct adapter *adapter, uint8_t address, int ends, uint8_t *bytes,
			uint16_t count, struct err *err)
{
	int ret = request_in(adapter, (uint8_t)(CMD_I2C_IO | ends), FLAG_READ, address, bytes,
			     count, err);

	return ret ? ret : status_check(adapter, address, err);
}

static int adapter_read(void *state, uint8_t address, struct i2c_read *reads, size_t count,
			int64_t *ret_t_mono_ns, int64_t *ret_half_ns, struct err *err)
{
	int64_t begin_ns = link_now_ns();
	int ret = 0;

	for (size_t i = 0; i < count && !ret; i++) {
		ret = message_write(state, address, i ? 0 : CMD_I2C_IO_BEGIN, &reads[i].pointer, 1,
				    err);
		if (!ret)
			ret = message_read(state, address, i + 1 == count ? CMD_I2C_IO_END : 0,
					   reads[i].bytes, reads[i].count, err);
	}
	i2c_time(begin_ns, link_now_ns(), ret_t_mono_ns, ret_half_ns);
	return ret;
}

static int adapter_write(void *state, uint8_t address, const uint8_t *bytes, size_t count,
			 struct err *err)
{
	return message_write(state, address, CMD_I2C_IO_BEGIN | CMD_I2C_IO_END, bytes, count, err);
}

const struct i2c_ops i2c_tiny_usb = {
	.scheme = "i2c-tiny-usb",
	.state_size = sizeof(struct adapter),
	.open = adapter_open,
	.close = adapter_close,
	.read = adapter_read,
	.write = adapter_write,
};
