/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One suite over every meter driver, each with its virtual instrument.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/drivers/conformance_meter.h"
#include "tests/unit/drivers/fake_i2c.h"
#include "tests/unit/drivers/fake_js110.h"
#include "tests/unit/drivers/fake_js220.h"
#include "tests/unit/drivers/fake_vlpm01a.h"
#include "tests/unit/drivers/fake_vppk2.h"

static struct link ppk2_link;

static struct meter_port plug_ppk2(void)
{
	fake_vppk2_init(&ppk2_link, 1);
	return (struct meter_port){.link = &ppk2_link};
}
static void unplug_ppk2(void)
{
	ppk2_link.is_gone = true;
}
static void lose_ppk2(void)
{
	vppk2_lose_samples(ppk2_link.meter, 17);
}
static unsigned closed_ppk2(void)
{
	return ppk2_link.closed;
}

static struct meter_port plug_ina2xx(enum vina2xx_part part)
{
	const struct vina2xx_config config = {.part = part, .shunt_ohm = 1};

	fake_i2c_init(&config, 1);
	return fake_i2c_port;
}
static struct meter_port plug_ina219(void)
{
	return plug_ina2xx(VINA2XX_INA219);
}
static struct meter_port plug_ina226(void)
{
	return plug_ina2xx(VINA2XX_INA226);
}
static struct meter_port plug_ina228(void)
{
	return plug_ina2xx(VINA2XX_INA228);
}
static void unplug_i2c(void)
{
	fake_i2c.is_gone = true;
}
static void lose_ina2xx(void)
{
	vina2xx_lose_conversions(fake_i2c.meter, 3);
}
static unsigned closed_i2c(void)
{
	return fake_i2c.closed;
}

static struct link lpm01a_link;

static struct meter_port plug_lpm01a(void)
{
	fake_vlpm01a_init(&lpm01a_link, 1);
	return (struct meter_port){.link = &lpm01a_link};
}
static void unplug_lpm01a(void)
{
	lpm01a_link.is_gone = true;
}
static void lose_lpm01a(void)
{
	vlpm01a_lose_bytes(fake_vlpm01a.meter, 3);
}
static unsigned closed_lpm01a(void)
{
	return lpm01a_link.closed;
}

static struct meter_port plug_js220(void)
{
	fake_js220_init(1);
	return fake_usb_port;
}
static struct meter_port plug_js110(void)
{
	fake_js110_init(1);
	return fake_usb_port;
}
static void unplug_usb(void)
{
	fake_usb.is_gone = true;
}
static unsigned closed_usb(void)
{
	return fake_usb.closed;
}
static void lose_js220(void)
{
	vjs220_lose_frames(fake_js220.meter, 3);
}
static void lose_js110(void)
{
	vjs110_lose_frames(fake_js110.meter, 3);
}

/* Alphabetical by driver, as meter_names has them. */
static const struct conformance_meter rows[] = {
	/* A zero that is off by up to 100 uV, 10 uV and 1 uV, over 1 ohm. */
	{"ina219", "rshunt_ohm=1, i_max_a=0.03", 0, 0.025, plug_ina219, unplug_i2c, lose_ina2xx,
	 closed_i2c},
	{"ina226", "rshunt_ohm=1", 0, 0.005, plug_ina226, unplug_i2c, lose_ina2xx, closed_i2c},
	{"ina228", "rshunt_ohm=1", 0, 0.002, plug_ina228, unplug_i2c, lose_ina2xx, closed_i2c},
	{"js110", NULL, 0, 0.005, plug_js110, unplug_usb, lose_js110, closed_usb},
	{"js220", NULL, 0, 0.005, plug_js220, unplug_usb, lose_js220, closed_usb},
	{"lpm01a", NULL, 3.3, 0.02, plug_lpm01a, unplug_lpm01a, lose_lpm01a, closed_lpm01a},
	{"ppk2", NULL, 3.3, 0.02, plug_ppk2, unplug_ppk2, lose_ppk2, closed_ppk2},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void conforms(void **state)
{
	const struct conformance_meter *row = *state;

	conformance_all(row);
}

/* A driver without a row here is not tried: that must show. */
static void every_driver_has_a_row(void **state)
{
	const char *const *names = meter_names();
	size_t n = 0;

	(void)state;
	for (; names[n]; n++) {
		assert_true(n < ROWS);
		assert_string_equal(names[n], rows[n].driver);
	}
	assert_int_equal(n, ROWS);
}

int main(void)
{
	struct CMUnitTest tests[ROWS + 1] = {cmocka_unit_test(every_driver_has_a_row)};
	int failed;

	for (size_t n = 0; n < ROWS; n++)
		tests[1 + n] = (struct CMUnitTest){.name = rows[n].driver,
						   .test_func = conforms,
						   .initial_state = (void *)(uintptr_t)&rows[n]};
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fake_i2c_done();
	fake_js220_done();
	fake_js110_done();
	fake_vlpm01a_done();
	fake_vppk2_done(&ppk2_link);
	return failed;
}
