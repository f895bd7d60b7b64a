/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An I2C bus of 400 kHz with a virtual INA2xx (rigs/virtual/meters/ina2xx.h) on it, on a clock of
 * its own that only transfers move. Including this file replaces drivers/link/i2c.c and i2c_open.c
 * in the test's program.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_I2C_H
#define TESTS_UNIT_DRIVERS_FAKE_I2C_H

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "drivers/link/i2c.h"
#include "rigs/virtual/meters/ina2xx.h"

struct i2c {
	struct vina2xx *meter;
	int64_t now_ns, bit_ns;
	double current_a, bus_v, die_c;
	int64_t device_ps;
	int64_t stall_ns; /* the host loses that much time before its next transfer */
	int fail;         /* errno of the next transfers, */
	unsigned fails;   /* so many of them */
	bool is_gone;
	unsigned closed, transfers;
	/* The test may look at, and change, what a read gave. */
	void (*on_read)(struct i2c *i2c, struct i2c_read *read);
};

static struct i2c fake_i2c;
#define fake_i2c_port ((struct meter_port){.i2c = &fake_i2c})

static inline void fake_i2c_init(const struct vina2xx_config *config, uint64_t seed)
{
	vina2xx_free(fake_i2c.meter);
	fake_i2c = (struct i2c){.meter = vina2xx_new(config, seed),
				.now_ns = 1000000000,
				.bit_ns = 2500,
				.current_a = 5e-3,
				.bus_v = 3.3,
				.die_c = 25};
	assert(fake_i2c.meter);
}

static inline void fake_i2c_done(void)
{
	vina2xx_free(fake_i2c.meter);
	fake_i2c.meter = NULL;
}

static inline void fake_i2c_pass(struct i2c *i2c, int64_t ns)
{
	struct vina2xx_slice slice = {.start_ps = i2c->device_ps,
				      .end_ps = i2c->device_ps + ns * 1000,
				      .current_a = i2c->current_a,
				      .bus_v = i2c->bus_v,
				      .die_c = i2c->die_c};

	vina2xx_slice(i2c->meter, &slice);
	i2c->device_ps = slice.end_ps;
	i2c->now_ns += ns;
}

static inline int fake_i2c_begin(struct i2c *i2c, struct err *err)
{
	i2c->transfers++;
	fake_i2c_pass(i2c, i2c->stall_ns);
	i2c->stall_ns = 0;
	if (i2c->is_gone)
		return err_set(err, -ENODEV, "the adapter is gone");
	if (i2c->fails) {
		i2c->fails--;
		return err_set(err, -i2c->fail, "the bus fails");
	}
	return 0;
}

static inline int fake_i2c_nobody(struct i2c *i2c, uint8_t address, struct err *err)
{
	const struct i2c_device *device = vina2xx_i2c(i2c->meter);

	device->stop(device->context);
	fake_i2c_pass(i2c, 11 * i2c->bit_ns);
	return err_set(err, -ENXIO, "nobody answers at address 0x%02x", address);
}

static inline int fake_i2c_read(struct i2c *i2c, uint8_t address, struct i2c_read *read,
				struct err *err)
{
	const struct i2c_device *device = vina2xx_i2c(i2c->meter);

	if (!device->start(device->context, address, false) ||
	    !device->write(device->context, read->pointer))
		return fake_i2c_nobody(i2c, address, err);
	fake_i2c_pass(i2c, 20 * i2c->bit_ns);
	if (!device->start(device->context, address, true))
		return fake_i2c_nobody(i2c, address, err);
	for (unsigned n = 0; n < read->count; n++) {
		read->bytes[n] = device->read(device->context, n + 1 < read->count);
		fake_i2c_pass(i2c, 9 * i2c->bit_ns);
	}
	if (i2c->on_read)
		i2c->on_read(i2c, read);
	return 0;
}

int i2c_read_registers(struct i2c *i2c, uint8_t address, struct i2c_read *reads, size_t count,
		       int64_t *ret_t_mono_ns, int64_t *ret_half_ns, struct err *err)
{
	const struct i2c_device *device = vina2xx_i2c(i2c->meter);
	int64_t begin_ns = i2c->now_ns;
	int rc = fake_i2c_begin(i2c, err);

	assert(count >= 1 && count <= I2C_READS_MAX);
	for (size_t n = 0; n < count && !rc; n++)
		rc = fake_i2c_read(i2c, address, &reads[n], err);
	if (rc)
		return rc;
	device->stop(device->context);
	if (ret_t_mono_ns)
		*ret_t_mono_ns = begin_ns + (i2c->now_ns - begin_ns) / 2;
	if (ret_half_ns)
		*ret_half_ns = (i2c->now_ns - begin_ns + 1) / 2;
	return 0;
}

int i2c_write_register(struct i2c *i2c, uint8_t address, uint8_t pointer, const uint8_t *bytes,
		       size_t count, struct err *err)
{
	const struct i2c_device *device = vina2xx_i2c(i2c->meter);
	int rc = fake_i2c_begin(i2c, err);

	if (rc)
		return rc;
	fake_i2c_pass(i2c, (int64_t)(20 + 9 * count) * i2c->bit_ns);
	if (!device->start(device->context, address, false))
		return fake_i2c_nobody(i2c, address, err);
	device->write(device->context, pointer);
	for (size_t n = 0; n < count; n++)
		device->write(device->context, bytes[n]);
	device->stop(device->context);
	return 0;
}

void i2c_close(struct i2c *i2c)
{
	if (i2c)
		i2c->closed++;
}

int64_t i2c_clock_ns(const struct i2c *i2c)
{
	return i2c->now_ns;
}

bool i2c_is_virtual(const struct i2c *i2c)
{
	(void)i2c;
	return true;
}

const char *i2c_uri(const struct i2c *i2c)
{
	(void)i2c;
	return "fake:";
}

/* Nobody here calls these; the real ones would come along with one that is missing. */

int i2c_open(const char *uri, struct i2c **ret_i2c, struct err *err)
{
	(void)ret_i2c;
	return err_set(err, -ENOENT, "%s: no such bus", uri);
}

int i2c_open_taped(struct link_tape *tape, const char *uri, struct i2c **ret_i2c, struct err *err)
{
	(void)tape;
	return i2c_open(uri, ret_i2c, err);
}

#endif
