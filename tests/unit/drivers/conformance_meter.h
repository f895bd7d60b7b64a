/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What drivers/meter/meter.h promises, tried on any driver. A row of struct conformance_meter says
 * how to make an instrument that measures 5 mA, how to make it lose samples and how to unplug it.
 * Include after cmocka.h.
 */
#ifndef TESTS_UNIT_DRIVERS_CONFORMANCE_METER_H
#define TESTS_UNIT_DRIVERS_CONFORMANCE_METER_H

#include <errno.h>
#include <math.h>
#include <string.h>

#include "drivers/meter/meter.h"

struct conformance_meter {
	const char *driver;
	const char *options;  /* of meter_settings */
	double supply_v;      /* 0: it does not power boards */
	double tolerance_rel; /* of 5 mA */
	/* A new instrument, plugged in, and the way to it. */
	struct meter_port (*plug)(void);
	void (*unplug)(void);
	/* Samples get lost between here and the next read. NULL: none ever are, or none are seen.
	 */
	void (*lose)(void);
	unsigned (*closed)(void); /* how often the port was closed */
	const struct meter_ops *ops; /* NULL: the table's of that name */
};

struct conformance {
	struct meter *meter;
	uint64_t next, lost;
	double current_sum_a;
	uint64_t summed;
	uint32_t flags;
	int64_t t_mono_ns;
};

static struct meter_block conformance_block;
static struct err conformance_err;

static inline struct meter_settings conformance_settings(const struct conformance_meter *row)
{
	return (struct meter_settings){.supply_v = row->supply_v, .options = row->options};
}

static inline const struct meter_ops *conformance_ops(const struct conformance_meter *row)
{
	const struct meter_ops *ops = row->ops ? row->ops : meter_find(row->driver);

	assert_non_null(ops);
	return ops;
}

static inline struct meter *conformance_open(const struct conformance_meter *row)
{
	const struct meter_settings settings = conformance_settings(row);
	const struct meter_port port = row->plug();
	struct meter *meter = NULL;
	int rc = meter_open_driver(conformance_ops(row), &port, &settings, &meter,
				   &conformance_err);

	if (rc)
		fail_msg("%s: %d: %s", row->driver, rc, conformance_err.text);
	return meter;
}

/* A block, in order and within its bounds. */
static inline int conformance_read(struct conformance *c, int timeout_ms)
{
	const struct meter_info *info = meter_info(c->meter);
	const struct meter_block *block = &conformance_block;
	int rc;

	memset(&conformance_block, 0xee, sizeof(conformance_block)); /* what is not set, shows */
	rc = meter_read(c->meter, &conformance_block, timeout_ms, &conformance_err);
	if (rc)
		return rc;
	assert_true(block->count >= 1 && block->count <= METER_BLOCK_MAX);
	assert_true(block->first_index == c->next + block->lost);
	assert_true(block->t_mono_ns >= c->t_mono_ns);
	assert_true(block->flags < 2 * METER_BLOCK_NAN);
	assert_true(block->range_switches <= 4 * block->count * 1000);
	for (uint32_t n = 0; n < block->count; n++) {
		assert_true(block->range[n] < METER_RANGES_MAX);
		if (isnan(block->current_a[n])) {
			assert_true(block->flags & METER_BLOCK_NAN);
			continue;
		}
		if (info->caps & METER_CAP_VOLTAGE)
			assert_true(block->voltage_v[n] > 0 && block->voltage_v[n] < 20);
		if (info->caps & METER_CAP_RAW)
			assert_true(isfinite(block->raw_current_a[n]));
		c->current_sum_a += (double)block->current_a[n];
		c->summed++;
	}
	if (info->caps & METER_CAP_INTEGRAL && block->has_integral)
		assert_true(block->integral.end_index <= block->first_index + 1000000);
	c->next = block->first_index + block->count;
	c->lost += block->lost;
	c->flags |= block->flags;
	c->t_mono_ns = block->t_mono_ns;
	return 0;
}

static inline void conformance_start(struct conformance *c)
{
	struct meter *meter = c->meter;

	*c = (struct conformance){.meter = meter};
	if (meter_start(meter, &conformance_err))
		fail_msg("%s", conformance_err.text);
}

/* For so many seconds of samples. */
static inline void conformance_run(struct conformance *c, double duration_s)
{
	uint64_t end = c->next + (uint64_t)(duration_s * meter_info(c->meter)->rate_hz);

	while (c->next < end)
		if (conformance_read(c, 1000))
			fail_msg("%s", conformance_err.text);
}

static inline void conformance_info(const struct conformance_meter *row)
{
	struct meter *meter = conformance_open(row);
	const struct meter_info *info = meter_info(meter);

	assert_string_equal(info->model, row->driver);
	assert_true(info->rate_hz > 0 && info->range_max_a > 0);
	assert_true(info->gain_u_rel > 0 && info->gain_u_rel < 0.1 && info->offset_u_a > 0);
	assert_true(info->range_count <= METER_RANGES_MAX);
	for (unsigned n = 0; n < info->range_count; n++) {
		assert_true(info->ranges[n].max_a > 0 && info->ranges[n].resolution_a > 0);
		assert_true(info->ranges[n].offset_u_a > 0 && info->ranges[n].shunt_ohm >= 0);
	}
	if (info->caps & METER_CAP_VOLTAGE)
		assert_true(info->voltage_gain_u_rel > 0 && info->voltage_resolution_v > 0 &&
			    info->voltage_offset_u_v > 0);
	assert_int_equal(info->calibration[0], '{');
	assert_int_equal(info->calibration[strlen(info->calibration) - 1], '}');
	assert_int_equal(!(info->caps & METER_CAP_SUPPLY), row->supply_v == 0);
	meter_close(meter);
	assert_int_equal(row->closed(), 1);
}

/* In order, right on the mean, and the same again after a second start. */
static inline void conformance_stream(const struct conformance_meter *row)
{
	struct conformance c = {.meter = conformance_open(row)};

	for (int round = 0; round < 2; round++) {
		int rc;

		conformance_start(&c);
		assert_int_equal(meter_start(c.meter, &conformance_err), -EALREADY);
		conformance_run(&c, 0.3);
		assert_int_equal(c.lost, 0);
		assert_int_equal(c.flags & ~(uint32_t)METER_BLOCK_NAN, 0);
		assert_true(fabs(c.current_sum_a / (double)c.summed / 5e-3 - 1) <
			    row->tolerance_rel);
		assert_int_equal(meter_stop(c.meter, &conformance_err), 0);
		assert_int_equal(meter_stop(c.meter, &conformance_err), 0);
		while (!(rc = conformance_read(&c, 1000)))
			;
		assert_int_equal(rc, -ENODATA);
		assert_int_equal(conformance_read(&c, 1000), -ENODATA);
		assert_int_equal(c.lost, 0);
	}
	meter_close(c.meter);
	assert_int_equal(row->closed(), 1);
}

static inline void conformance_loss(const struct conformance_meter *row)
{
	struct conformance c;

	if (!row->lose)
		return;
	c.meter = conformance_open(row);
	conformance_start(&c);
	conformance_run(&c, 0.1);
	assert_int_equal(c.lost, 0);
	row->lose();
	conformance_run(&c, 0.3);
	assert_true(c.lost > 0 && c.lost < (uint64_t)(0.1 * meter_info(c.meter)->rate_hz));
	meter_close(c.meter);
}

static inline void conformance_unplug(const struct conformance_meter *row)
{
	struct conformance c = {.meter = conformance_open(row)};
	int rc;

	conformance_start(&c);
	conformance_run(&c, 0.05);
	row->unplug();
	while (!(rc = conformance_read(&c, 1000)))
		;
	assert_int_equal(rc, -ENODEV);
	assert_int_equal(conformance_read(&c, 1000), -ENODEV);
	meter_close(c.meter);
	assert_int_equal(row->closed(), 1);
}

static inline void conformance_order(const struct conformance_meter *row)
{
	struct conformance c = {.meter = conformance_open(row)};

	assert_int_equal(conformance_read(&c, 10), -EINVAL);
	assert_int_equal(meter_stop(c.meter, &conformance_err), 0);
	if (row->supply_v > 0) {
		assert_int_equal(meter_supply(c.meter, true, &conformance_err), 0);
		assert_int_equal(meter_supply(c.meter, false, &conformance_err), 0);
	} else {
		assert_int_equal(meter_supply(c.meter, true, &conformance_err), -ENOTSUP);
	}
	conformance_start(&c);
	meter_close(c.meter); /* stops it */
	assert_int_equal(row->closed(), 1);
	/* gone before it is opened */
	{
		const struct meter_settings settings = conformance_settings(row);
		const struct meter_port port = row->plug();
		struct meter *meter = NULL;

		row->unplug();
		assert_int_equal(meter_open_driver(conformance_ops(row), &port, &settings, &meter,
						   &conformance_err),
				 -ENODEV);
		assert_null(meter);
		assert_int_equal(row->closed(), 1);
		assert_non_null(strstr(conformance_err.text, row->driver));
	}
}

static inline void conformance_options(const struct conformance_meter *row)
{
	const struct meter_ops *ops = conformance_ops(row);
	const struct meter_settings settings = {.supply_v = row->supply_v,
						.options = "no_such_parameter=1"};
	const struct meter_port port = row->plug();
	struct meter *meter = NULL;

	for (const struct meter_param *param = ops->params; param && param->key; param++) {
		assert_non_null(param->unit);
		assert_non_null(param->help);
		assert_true(param->min <= param->max);
		assert_true(!*param->unit || strlen(param->key) > strlen(param->unit));
	}
	if (!ops->params)
		return;
	assert_int_equal(meter_open_driver(ops, &port, &settings, &meter, &conformance_err),
			 -EINVAL);
	assert_non_null(strstr(conformance_err.text, "no_such_parameter"));
	assert_int_equal(row->closed(), 1);
}

static inline void conformance_all(const struct conformance_meter *row)
{
	conformance_info(row);
	conformance_options(row);
	conformance_order(row);
	conformance_stream(row);
	conformance_loss(row);
	conformance_unplug(row);
}

#endif
