/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the meter core promises whatever the driver: ownership of the link, order of calls.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/meter/meter.h"
#include "tests/unit/drivers/fake_ppk2.h"

static const struct meter_settings powering = {.supply_v = 3.3};
static struct meter_block block;
static struct err err;

static void link_is_closed_when_open_fails(void **state)
{
	static const struct meter_settings senseless[] = {{NAN}, {INFINITY}, {-3.3}};
	struct meter *meter = NULL;

	(void)state;
	fake_ppk2_init();
	assert_int_equal(meter_open("ppk3", &fake_port, &powering, &meter, &err), -EINVAL);
	assert_non_null(strstr(err.text, "\"ppk3\""));
	assert_non_null(strstr(err.text, "ppk2"));
	assert_int_equal(fake_link.closed, 1);
	for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
		fake_ppk2_init();
		assert_int_equal(meter_open("ppk2", &fake_port, &senseless[i], &meter, &err),
				 -EINVAL);
		assert_int_equal(fake_link.closed, 1);
	}
	fake_ppk2_init();
	fake_ppk2.metadata_lost = 100;
	assert_int_equal(meter_open("ppk2", &fake_port, &powering, &meter, NULL), -ETIMEDOUT);
	assert_int_equal(fake_link.closed, 1);
	assert_null(meter);
}

static void close_stops_and_leaves_the_supply(void **state)
{
	struct meter *meter;

	(void)state;
	meter_close(NULL);
	fake_ppk2_init();
	assert_int_equal(meter_open("ppk2", &fake_port, &powering, &meter, &err), 0);
	assert_int_equal(meter_supply(meter, true, &err), 0);
	assert_int_equal(meter_start(meter, &err), 0);
	assert_true(fake_ppk2.is_streaming);
	fake_ppk2.log[0] = '\0';
	meter_close(meter);
	assert_string_equal(fake_ppk2.log, "07");
	assert_int_equal(fake_link.closed, 1);
}

static void order_of_calls(void **state)
{
	struct meter *meter;

	(void)state;
	fake_ppk2_init();
	assert_int_equal(meter_open("ppk2", &fake_port, &powering, &meter, &err), 0);
	assert_int_equal(meter_read(meter, &block, 10, &err), -EINVAL);
	assert_non_null(strstr(err.text, "ppk2: read: "));
	fake_ppk2.log[0] = '\0';
	assert_int_equal(meter_stop(meter, &err), 0);
	assert_string_equal(fake_ppk2.log, "");
	assert_int_equal(meter_start(meter, &err), 0);
	assert_int_equal(meter_start(meter, &err), -EALREADY);
	assert_int_equal(meter_stop(meter, &err), 0);
	assert_int_equal(meter_start(meter, &err), 0);
	meter_close(meter);
}

static void failures_say_where(void **state)
{
	struct meter *meter;

	(void)state;
	fake_ppk2_init();
	assert_int_equal(meter_open("ppk2", &fake_port, &powering, &meter, &err), 0);
	fake_link.is_gone = true;
	assert_int_equal(meter_start(meter, &err), -ENODEV);
	assert_non_null(strstr(err.text, "ppk2: start: "));
	assert_int_equal(meter_supply(meter, true, &err), -ENODEV);
	assert_non_null(strstr(err.text, "ppk2: supply: "));
	assert_int_equal(meter_read(meter, &block, 10, &err), -EINVAL);
	meter_close(meter);
	assert_int_equal(fake_link.closed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_is_closed_when_open_fails),
		cmocka_unit_test(close_stops_and_leaves_the_supply),
		cmocka_unit_test(order_of_calls),
		cmocka_unit_test(failures_say_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
