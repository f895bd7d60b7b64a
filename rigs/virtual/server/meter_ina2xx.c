/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An INA219, INA226 or INA228 on a pair, its shunt in series between a fixed supply and the board,
 * on the bus of a virtual i2c-tiny-usb adapter. The adapter's client is served again when the time
 * that the bus needs has passed.
 */
#include "rigs/virtual/server/meter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rigs/virtual/meters/i2c_tiny_usb.h"
#include "rigs/virtual/meters/ina2xx.h"
#include "rigs/virtual/plant/random.h"

#define DIE_C 25 /* assumed: the instrument stays at room temperature */

struct rig_ina2xx {
	struct vina2xx *meter;
	struct vi2c_tiny_usb adapter;
	struct usb_device bare; /* the adapter's own USB side */
	int64_t now_ps, free_ps;
};

/* The adapter, and the time that it takes. */
static int control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	struct rig_ina2xx *rig = state;
	int count = rig->bare.ops->control(rig->bare.state, setup, data);

	rig->free_ps = rig->now_ps + 1000000 * (int64_t)vi2c_tiny_usb_take_us(&rig->adapter);
	return count;
}

static int bulk_out(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	struct rig_ina2xx *rig = state;

	return rig->bare.ops->bulk_out(rig->bare.state, endpoint, bytes, count);
}

static int bulk_in(void *state, uint8_t endpoint, uint8_t *ret_bytes, size_t capacity)
{
	struct rig_ina2xx *rig = state;

	return rig->bare.ops->bulk_in(rig->bare.state, endpoint, ret_bytes, capacity);
}

static const struct usb_device_ops usb_ops = {"ina2xx", control, bulk_out, bulk_in};

static void *open_meter(const struct config_meter *config, uint64_t seed)
{
	static const enum vina2xx_part parts[] = {
		[METER_INA219] = VINA2XX_INA219,
		[METER_INA226] = VINA2XX_INA226,
		[METER_INA228] = VINA2XX_INA228,
	};
	const struct vina2xx_config settings = {
		.part = parts[config->kind],
		.address = config->address,
		.shunt_ohm = config->shunt_ohm,
		.shunt_tolerance = config->shunt_tolerance,
		.ideal = !config->errors,
	};
	struct rig_ina2xx *rig = calloc(1, sizeof(*rig));
	char serial[VI2C_TINY_USB_SERIAL_BYTES];

	if (!rig)
		return NULL;
	rig->meter = vina2xx_new(&settings, seed);
	if (!rig->meter) {
		free(rig);
		return NULL;
	}
	snprintf(serial, sizeof(serial), "%06u",
		 (unsigned)(vrandom_seed(seed, "serial") % 1000000));
	vi2c_tiny_usb_init(&rig->adapter, vina2xx_i2c(rig->meter),
			   config->serial ? config->serial : serial);
	rig->bare = vi2c_tiny_usb_usb(&rig->adapter);
	return rig;
}

static void close_meter(void *state)
{
	struct rig_ina2xx *rig = state;

	vina2xx_free(rig->meter);
	free(rig);
}

static void feed(void *state, const struct meter_feed *slice)
{
	struct rig_ina2xx *rig = state;
	const struct vina2xx_slice through = {
		.start_ps = slice->start_ps,
		.end_ps = slice->end_ps,
		.current_a = slice->current_a,
		.bus_v = slice->voltage_v,
		.die_c = DIE_C,
	};

	vina2xx_slice(rig->meter, &through);
	rig->now_ps = slice->end_ps;
}

static int64_t busy_until_ps(const void *state)
{
	return ((const struct rig_ina2xx *)state)->free_ps;
}

static bool streams(const void *state)
{
	(void)state;
	return false; /* conversions are integrals: coarse slices do */
}

static bool is_full(const void *state)
{
	(void)state;
	return false;
}

static double board_v(const void *state, double source_v, double current_a)
{
	const struct rig_ina2xx *rig = state;

	return fmax(0, source_v - current_a * vina2xx_shunt_ohm(rig->meter));
}

static struct usb_device usb(void *state)
{
	return (struct usb_device){&usb_ops, state};
}

/* Faults ------------------------------------------------------------------------------------- */

static void lose_samples(void *state, unsigned count)
{
	vina2xx_lose_conversions(((struct rig_ina2xx *)state)->meter, count);
}

static void saturate(void *state, unsigned count)
{
	vina2xx_saturate(((struct rig_ina2xx *)state)->meter, count);
}

static void freeze(void *state, unsigned count)
{
	vina2xx_freeze(((struct rig_ina2xx *)state)->meter, count);
}

static void nack(void *state, unsigned count)
{
	vina2xx_nack(((struct rig_ina2xx *)state)->meter, count);
}

const struct meter_ops rig_ina2xx_ops = {
	.open = open_meter,
	.close = close_meter,
	.feed = feed,
	.busy_until_ps = busy_until_ps,
	.host_timed = true,
	.streams = streams,
	.is_full = is_full,
	.board_v = board_v,
	.burdens = true,
	.usb = usb,
	.lose_samples = lose_samples,
	.saturate = saturate,
	.freeze = freeze,
	.nack = nack,
};
