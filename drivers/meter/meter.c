/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The meters there are, and what is the same for all of them: life cycle and order of calls.
 */
#include "drivers/meter/meter.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/meter/ina2xx.h"
#include "drivers/meter/js110.h"
#include "drivers/meter/js220.h"
#include "drivers/meter/lpm01a.h"
#include "drivers/meter/ppk2.h"

/* Alphabetical by name. */
static const struct meter_ops *const drivers[] = {
	&meter_ina219, &meter_ina226, &meter_ina228, &meter_js110,
	&meter_js220,  &meter_lpm01a, &meter_ppk2,
};

enum { DRIVER_COUNT = sizeof(drivers) / sizeof(drivers[0]) };

struct meter {
	const struct meter_ops *ops;
	struct meter_info info;
	bool is_running;         /* the owner's */
	atomic_bool was_started; /* the reader may look at it while the owner stops */
	_Alignas(max_align_t) unsigned char state[];
};

const struct meter_ops *meter_find(const char *driver)
{
	for (size_t i = 0; i < DRIVER_COUNT; i++)
		if (!strcmp(drivers[i]->name, driver))
			return drivers[i];
	return NULL;
}

const char *const *meter_names(void)
{
	static const char *names[DRIVER_COUNT + 1];

	for (size_t i = 0; i < DRIVER_COUNT; i++)
		names[i] = drivers[i]->name;
	return names;
}

int meter_require(const char *driver, const struct meter_ops **ret_ops, struct err *err)
{
	char names[128] = "";
	size_t used = 0;

	*ret_ops = meter_find(driver);
	if (*ret_ops)
		return 0;
	for (size_t i = 0; i < DRIVER_COUNT && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
					 drivers[i]->name);
	return err_set(err, -EINVAL, "there is no meter driver \"%s\"; there are: %s", driver,
		       names);
}

int meter_check_supply(const struct meter_ops *ops, double supply_v, struct err *err)
{
	const struct meter_supply_range *range = &ops->supply_range;
	double supply_mv = round(supply_v * 1e3);

	if (!isfinite(supply_v) || supply_v < 0)
		return err_set(err, -EINVAL, "%s: a supply of %g V makes no sense", ops->name,
			       supply_v);
	if (supply_v == 0 && !range->is_fixed)
		return 0;
	if (!(range->max_v > 0))
		return err_set(err, -EINVAL,
			       "%s: it does not power the board: a supply of %g V needs another "
			       "source, and 'supply: none' here",
			       ops->name, supply_v);
	if (supply_mv >= round(range->min_v * 1e3) && supply_mv <= round(range->max_v * 1e3))
		return 0;
	return err_set(err, -EINVAL, "%s: a supply of %g V is not within %g..%g V%s", ops->name,
		       supply_v, range->min_v, range->max_v,
		       range->is_fixed ? ", and it always powers the board" : "");
}

static void port_close(const struct meter_port *port)
{
	link_close(port->link);
	usb_close(port->usb);
	i2c_close(port->i2c);
}

int meter_open_driver(const struct meter_ops *ops, const struct meter_port *port,
		      const struct meter_settings *settings, struct meter **ret_meter,
		      struct err *err)
{
	struct meter *meter = NULL;
	int rc;

	assert(ops && port && settings && ret_meter);
	assert((ops->bus == METER_BUS_LINK) == !!port->link);
	assert((ops->bus == METER_BUS_USB) == !!port->usb);
	assert((ops->bus == METER_BUS_I2C) == !!port->i2c);
	rc = meter_check_supply(ops, settings->supply_v, err);
	if (rc)
		goto fail;
	meter = calloc(1, sizeof(*meter) + ops->state_size);
	if (!meter) {
		rc = err_set(err, -ENOMEM, "%s: out of memory", ops->name);
		goto fail;
	}
	meter->ops = ops;
	rc = ops->open(meter->state, port, settings, &meter->info, err);
	if (rc) {
		err_context(err, rc, "%s: open", ops->name);
		goto fail;
	}
	*ret_meter = meter;
	return 0;

fail:
	free(meter);
	port_close(port);
	return rc;
}

int meter_open(const char *driver, const struct meter_port *port,
	       const struct meter_settings *settings, struct meter **ret_meter, struct err *err)
{
	const struct meter_ops *ops;
	int rc;

	assert(driver && port);
	rc = meter_require(driver, &ops, err);
	if (!rc)
		return meter_open_driver(ops, port, settings, ret_meter, err);
	port_close(port);
	return rc;
}

void meter_close(struct meter *meter)
{
	if (!meter)
		return;
	/* Nobody is left who could be told of a failure; an instrument that is gone streams no
	 * more. */
	if (meter->is_running)
		(void)meter->ops->stop(meter->state, NULL);
	meter->ops->close(meter->state);
	free(meter);
}

const struct meter_info *meter_info(const struct meter *meter)
{
	assert(meter);
	return &meter->info;
}

static int with_context(const struct meter *meter, int rc, const char *call, struct err *err)
{
	return rc ? err_context(err, rc, "%s: %s", meter->ops->name, call) : 0;
}

int meter_supply(struct meter *meter, bool on, struct err *err)
{
	assert(meter);
	if (!(meter->info.caps & METER_CAP_SUPPLY))
		return err_set(err, -ENOTSUP, "%s: supply: it does not power the board",
			       meter->ops->name);
	return with_context(meter, meter->ops->supply(meter->state, on, err), "supply", err);
}

int meter_start(struct meter *meter, struct err *err)
{
	int rc;

	assert(meter);
	if (meter->is_running)
		return err_set(err, -EALREADY, "%s: start: it runs already", meter->ops->name);
	rc = meter->ops->start(meter->state, err);
	if (rc)
		return with_context(meter, rc, "start", err);
	meter->is_running = true;
	atomic_store(&meter->was_started, true);
	return 0;
}

void meter_block_begin(struct meter_block *block)
{
	block->first_index = 0;
	block->count = 0;
	block->lost = 0;
	block->flags = 0;
	block->range_switches = 0;
	block->t_mono_ns = 0;
	block->bound_index = 0;
	block->bound_ns = 0;
	block->corrected = 0;
	block->has_integral = false;
}

int meter_read(struct meter *meter, struct meter_block *block, int timeout_ms, struct err *err)
{
	assert(meter && block && timeout_ms >= 0);
	meter_block_begin(block);
	if (!atomic_load(&meter->was_started))
		return err_set(err, -EINVAL, "%s: read: it was never started", meter->ops->name);
	return with_context(meter, meter->ops->read(meter->state, block, timeout_ms, err), "read",
			    err);
}

int meter_stop(struct meter *meter, struct err *err)
{
	assert(meter);
	if (!meter->is_running)
		return 0;
	meter->is_running = false;
	return with_context(meter, meter->ops->stop(meter->state, err), "stop", err);
}
