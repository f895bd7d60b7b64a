/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The chamber driver against the virtual chamber, through TCP: both vocabularies, a chamber set to
 * Fahrenheit, a set point that is taken late or refused, air that takes its time, a chamber that
 * goes away.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/thermal/thermal.h"
#include "rigs/virtual/server/chamber.h"
#include "rigs/virtual/server/line_port.h"

static const struct config_device oven = {
	.name = "oven",
	.kind = CONFIG_CHAMBER,
	.ambient_c = 20,
	.slew_k_per_s = 0.1,
	.overshoot_k = 0.5,
	.settle_s = 40,
};

enum { PACE = 200 }; /* 20 K/s */

struct lab {
	struct chamber *chamber;
	struct line_port *port;
	pthread_t thread;
	atomic_bool over;
	char uri[200];
};

static void *serve(void *argument)
{
	struct lab *lab = argument;

	while (!atomic_load(&lab->over)) {
		struct pollfd fds[LINE_PORT_POLLFDS];

		line_port_fill_pollfds(lab->port, fds);
		if (poll(fds, LINE_PORT_POLLFDS, 5) > 0)
			line_port_service(lab->port, fds);
	}
	return NULL;
}

/* context NULL: the chamber */
static void lab_begin_with(struct lab *lab, const char *scheme, const struct scpi_command *commands,
			   void *context)
{
	const char *text;
	struct verr err;

	memset(lab, 0, sizeof(*lab));
	assert_int_equal(chamber_new(&oven, PACE, &lab->chamber, &err), 0);
	assert_int_equal(line_port_open("oven", "tcp:127.0.0.1:0", commands,
					context ? context : lab->chamber, NULL, &lab->port, &err),
			 0);
	text = line_port_address_text(lab->port);
	text += !strncmp(text, "tcp:", 4) ? 4 : 0;
	text += !strncmp(text, "//", 2) ? 2 : 0;
	snprintf(lab->uri, sizeof(lab->uri), "%s:tcp://%s", scheme, text);
	assert_int_equal(pthread_create(&lab->thread, NULL, serve, lab), 0);
}

static void lab_begin(struct lab *lab, const char *scheme)
{
	lab_begin_with(lab, scheme, chamber_commands, NULL);
}

static void lab_stop(struct lab *lab)
{
	atomic_store(&lab->over, true);
	assert_int_equal(pthread_join(lab->thread, NULL), 0);
	line_port_close(lab->port);
	chamber_free(lab->chamber);
}

static void sets_and_settles(const char *scheme)
{
	const struct thermal_band band = {
		.target_c = 30, .within_k = 0.3, .hold_s = 0.5, .gap_max_s = 5};
	struct thermal *thermal;
	char identity[THERMAL_IDENTITY_BYTES];
	struct err err = {""};
	double temp_c = NAN;
	struct lab lab;

	lab_begin(&lab, scheme);
	if (thermal_open(lab.uri, NULL, &thermal, &err))
		fail_msg("%s", err.text);
	assert_int_equal(thermal_caps(thermal), THERMAL_CAP_SET | THERMAL_CAP_MEASURED);
	assert_int_equal(thermal_identify(thermal, identity, &err), 0);
	assert_non_null(strstr(identity, "joulebench,virtual-rig,oven,VIRTUAL"));
	assert_true(thermal_identity_is_virtual(identity));
	assert_int_equal(thermal_read(thermal, &temp_c, &err), 0);
	assert_true(fabs(temp_c - 20) < 0.1);
	if (thermal_set(thermal, 30, &err))
		fail_msg("%s", err.text);
	assert_true(fabs(chamber_program(lab.chamber).target_c - 30) < 1e-9);
	if (thermal_wait(thermal, &band, 8, NULL, &temp_c, &err))
		fail_msg("%s", err.text);
	assert_true(fabs(temp_c - 30) <= 0.3);
	thermal_close(thermal);
	lab_stop(&lab);
}

static void scpi(void **state)
{
	(void)state;
	sets_and_settles("scpi");
}

static void f4t(void **state)
{
	(void)state;
	sets_and_settles("f4t");
}

/* 25 taken for Celsius would be -4 degC. */
static void f4t_in_fahrenheit(void **state)
{
	struct thermal *thermal;
	struct err err = {""};
	struct scpi panel;
	char reply[SCPI_REPLY_MAX];
	struct lab lab;

	(void)state;
	lab_begin(&lab, "f4t");
	scpi_init(&panel, chamber_commands, lab.chamber, "");
	scpi_line(&panel, ":UNIT:TEMPERATURE F", reply, sizeof(reply));
	assert_int_equal(thermal_open(lab.uri, NULL, &thermal, &err), -EPROTO);
	assert_non_null(strstr(err.text, "its temperatures are in 'F'"));
	scpi_line(&panel, ":UNIT:TEMPERATURE C", reply, sizeof(reply));
	assert_int_equal(thermal_open(lab.uri, NULL, &thermal, &err), 0);
	/* at the panel, while it is in use */
	scpi_line(&panel, ":UNIT:TEMPERATURE F", reply, sizeof(reply));
	assert_int_equal(thermal_set(thermal, 25, &err), -EPROTO);
	assert_non_null(strstr(err.text, "set it to Celsius"));
	assert_true(chamber_program(lab.chamber).target_c == 20);
	thermal_close(thermal);
	lab_stop(&lab);
}

/* Answers with the old set point for so many questions. */
static atomic_int late_answers;

static enum scpi_error set_late(void *context, const char *parameter, char *ret_reply, size_t size)
{
	double *target_c = context;

	(void)ret_reply, (void)size;
	return scpi_number(parameter, -40, 150, target_c);
}

static enum scpi_error get_late(void *context, const char *parameter, char *ret_reply, size_t size)
{
	bool is_late = atomic_fetch_sub(&late_answers, 1) > 0;

	(void)parameter;
	snprintf(ret_reply, size, "%.1f", is_late ? 20 : *(const double *)context);
	return SCPI_OK;
}

static enum scpi_error get_celsius(void *context, const char *parameter, char *ret_reply,
				   size_t size)
{
	(void)context, (void)parameter;
	snprintf(ret_reply, size, "C");
	return SCPI_OK;
}

static const struct scpi_command late_commands[] = {
	{"UNIT:TEMPerature?", get_celsius},
	{"SOURce:CLOop:SPOint", set_late},
	{"SOURce:CLOop:SPOint?", get_late},
	{"SOURce:CLOop:PVALue?", get_late},
	{NULL, NULL},
};

static void takes_its_time(void **state)
{
	struct thermal *thermal;
	struct err err = {""};
	double target_c = 20;
	struct lab lab;

	(void)state;
	lab_begin_with(&lab, "f4t", late_commands, &target_c);
	assert_int_equal(thermal_open(lab.uri, NULL, &thermal, &err), 0);
	atomic_store(&late_answers, 5);
	if (thermal_set(thermal, 30, &err))
		fail_msg("%s", err.text);
	assert_true(atomic_load(&late_answers) < 0);
	thermal_close(thermal);
	lab_stop(&lab);
}

static void refusals(void **state)
{
	static const struct thermal_settings wide = {.min_c = -200, .max_c = 2000};
	const struct thermal_band band = {
		.target_c = 90, .within_k = 0.3, .hold_s = 0.5, .gap_max_s = 5};
	static const volatile sig_atomic_t stop = 1;
	struct thermal *thermal;
	struct err err = {""};
	double temp_c = NAN;
	struct lab lab;

	(void)state;
	lab_begin(&lab, "scpi");
	assert_int_equal(thermal_open(lab.uri, NULL, &thermal, &err), 0);
	assert_int_equal(thermal_set(thermal, 151, &err), -ERANGE);
	assert_int_equal(thermal_set(thermal, NAN, &err), -ERANGE);
	assert_int_equal(thermal_wait(thermal, &band, 10, &stop, &temp_c, &err), -ECANCELED);
	assert_int_equal(thermal_wait(thermal, &band, 0, NULL, &temp_c, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "not within 0.3 K of 90 degC"));
	thermal_close(thermal);
	/* the chamber's own limits */
	assert_int_equal(thermal_open(lab.uri, &wide, &thermal, &err), 0);
	assert_int_equal(thermal_set(thermal, 1500, &err), -EPROTO);
	assert_non_null(strstr(err.text, "its set point is"));
	lab_stop(&lab);
	assert_true(thermal_read(thermal, &temp_c, &err) < 0);
	thermal_close(thermal);
	assert_int_equal(thermal_open(lab.uri, NULL, &thermal, &err), -ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scpi),
		cmocka_unit_test(f4t),
		cmocka_unit_test(f4t_in_fahrenheit),
		cmocka_unit_test(takes_its_time),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
