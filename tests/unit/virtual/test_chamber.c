/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The instruments of the lab: a chamber's air by numbers worked out by hand, the words both
 * instruments speak, a supply's output.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "rigs/virtual/server/chamber.h"
#include "rigs/virtual/server/line_port.h"
#include "rigs/virtual/server/supply.h"
#include "rigs/virtual/server/version.h"

static const struct config_device oven = {
	.name = "oven",
	.kind = CONFIG_CHAMBER,
	.ambient_c = 20,
	.slew_k_per_s = 0.1,
	.overshoot_k = 0.5,
	.settle_s = 40,
};

static const struct config_device psu = {.name = "psu", .kind = CONFIG_SUPPLY, .voltage_v = 3.3};

static double air_after(struct chamber_air *air, const struct chamber_program *program, double s)
{
	for (int i = 0; i < (int)lround(s * 10); i++)
		chamber_air_step(&oven, program, air, 0.1);
	return air->temp_c;
}

static void test_air(void **state)
{
	struct chamber_program program = {60, 0.1, true, 1};
	struct chamber_air air = {.temp_c = 20};
	double at;

	(void)state;
	/* 10 s of 0.1 K/s. */
	at = air_after(&air, &program, 10);
	assert_true(fabs(at - 21) < 1e-6);
	/* 40.5 K take 405 s: then the overshoot's top. */
	at = air_after(&air, &program, 395);
	assert_true(fabs(at - 60.5) < 0.002);
	/* 40 s later 1/e^4 of 0.5 K is left. */
	at = air_after(&air, &program, 40);
	assert_true(fabs(at - 60 - 0.5 * exp(-4)) < 0.0005);
	at = air_after(&air, &program, 400);
	assert_true(fabs(at - 60) < 1e-6);
	/* Down again, and less far than the overshoot. */
	program.target_c = 59.8;
	program.serial++;
	at = air_after(&air, &program, 2);
	assert_true(fabs(at - 59.8) < 1e-6);
	at = air_after(&air, &program, 2);
	assert_true(fabs(at - 59.6) < 1e-6);
	/* Off: to the room. */
	program.on = false;
	program.serial++;
	at = air_after(&air, &program, 200);
	assert_true(fabs(at - (20 + 39.6 * exp(-1))) < 0.2);
}

/* The same way, whatever the steps. */
static void test_steps_change_little(void **state)
{
	const struct chamber_program program = {60, 0.1, true, 1};
	struct chamber_air fine = {.temp_c = 20}, coarse = {.temp_c = 20};

	(void)state;
	for (int i = 0; i < 430000; i++)
		chamber_air_step(&oven, &program, &fine, 0.001);
	for (int i = 0; i < 430; i++)
		chamber_air_step(&oven, &program, &coarse, 1);
	assert_true(fabs(fine.temp_c - coarse.temp_c) < 1e-6);
}

static const char *ask(struct scpi *scpi, const char *line)
{
	static char reply[SCPI_REPLY_MAX];

	scpi_line(scpi, line, reply, sizeof(reply));
	reply[strcspn(reply, "\n")] = '\0';
	return reply;
}

static void test_chamber_words(void **state)
{
	struct chamber *chamber;
	struct scpi scpi;
	struct verr err;

	(void)state;
	assert_int_equal(chamber_new(&oven, 25, &chamber, &err), 0);
	scpi_init(&scpi, chamber_commands, chamber, "joulebench,virtual-rig,oven,VIRTUAL");
	assert_string_equal(ask(&scpi, "*IDN?"), "joulebench,virtual-rig,oven,VIRTUAL");
	assert_string_equal(ask(&scpi, "MEAS:TEMP?"), "20.000");
	assert_string_equal(ask(&scpi, ":sour:temp 60;:SOURCE:TEMPERATURE:SPOINT?"), "60.00");
	assert_string_equal(ask(&scpi, "TEMP?;OUTP?"), "60.00;1");
	assert_string_equal(ask(&scpi, ":SOURCE:CLOOP1:SPOINT 55"), "");
	assert_string_equal(ask(&scpi, ":SOUR:CLO1:SPO?;:OUTPUT1:STATE?"), "55.00;1");
	assert_string_equal(ask(&scpi, "TEMP 60;SOURCE:CLOOP2:SPOINT?"), "");
	assert_string_equal(ask(&scpi, "SYST:ERR?"), "-113,\"Undefined header\"");
	assert_string_equal(ask(&scpi, "temp:slew 3; temp:slew?"), "3.000");
	assert_true(fabs(chamber_program(chamber).slew_k_per_s - 0.05) < 1e-12);
	assert_string_equal(ask(&scpi, "SYST:ERR?"), "0,\"No error\"");
	assert_string_equal(ask(&scpi, "TEMP 400"), "");
	assert_string_equal(ask(&scpi, "TEMP"), "");
	assert_string_equal(ask(&scpi, "TEMP warm"), "");
	assert_string_equal(ask(&scpi, "TEMPE 3"), "");
	assert_string_equal(ask(&scpi, "SYST:ERR?"), "-222,\"Data out of range\"");
	assert_string_equal(ask(&scpi, "SYST:ERR:NEXT?"), "-109,\"Missing parameter\"");
	assert_string_equal(ask(&scpi, "SYST:ERR?"), "-224,\"Illegal parameter value\"");
	assert_string_equal(ask(&scpi, "SYST:ERR?"), "-113,\"Undefined header\"");
	assert_string_equal(ask(&scpi, "TEMP?"), "60.00"); /* as before */
	assert_string_equal(ask(&scpi, "*RST;TEMP?;OUTP?;*OPC?"), "20.00;0;1");
	/* 77 degF are 25 degC. */
	assert_string_equal(ask(&scpi, ":UNIT:TEMPERATURE?;UNIT:TEMP F;UNIT:TEMP?"), "C;F");
	assert_string_equal(ask(&scpi, "TEMP?;MEAS:TEMP?"), "68.00;68.000");
	assert_string_equal(ask(&scpi, ":SOURCE:CLOOP1:SPOINT 77;:SOURCE:CLOOP1:SPOINT?"), "77.00");
	assert_true(fabs(chamber_program(chamber).target_c - 25) < 1e-9);
	assert_string_equal(ask(&scpi, "UNIT:TEMP K;UNIT:TEMP C;TEMP?"), "25.00");
	assert_string_equal(ask(&scpi, "SYST:ERR?"), "-224,\"Illegal parameter value\"");
	chamber_free(chamber);
}

/* Of the boards whose time runs, the one that is farthest from the set point. */
static void test_display(void **state)
{
	struct chamber *chamber;
	struct scpi scpi;
	struct verr err;
	unsigned a, b;

	(void)state;
	assert_int_equal(chamber_new(&oven, 25, &chamber, &err), 0);
	scpi_init(&scpi, chamber_commands, chamber, "");
	a = chamber_attach(chamber);
	b = chamber_attach(chamber);
	ask(&scpi, "TEMP 60");
	chamber_report(chamber, a, 59, true);
	chamber_report(chamber, b, 40, true);
	assert_string_equal(ask(&scpi, "MEAS:TEMP?"), "40.000");
	chamber_report(chamber, b, 40, false);
	assert_string_equal(ask(&scpi, "MEAS:TEMP?"), "59.000");
	chamber_free(chamber);
}

static void test_supply(void **state)
{
	struct supply *supply;
	struct scpi scpi;
	struct verr err;
	unsigned a, b;

	(void)state;
	assert_int_equal(supply_new(&psu, &supply, &err), 0);
	scpi_init(&scpi, supply_commands, supply, "joulebench,virtual-rig,psu,VIRTUAL");
	a = supply_attach(supply);
	b = supply_attach(supply);
	assert_true(supply_output(supply).voltage_v == 3.3);
	assert_string_equal(ask(&scpi, "OUTP?;MEAS:VOLT?"), "1;3.3000");
	supply_report(supply, a, 0.010);
	supply_report(supply, b, 0.0055);
	assert_string_equal(ask(&scpi, "MEASure:CURRent?"), "0.015500");
	assert_string_equal(ask(&scpi, "VOLT 1.8;:SOURCE:VOLT?"), "1.8000");
	assert_true(supply_output(supply).voltage_v == 1.8);
	ask(&scpi, "OUTPUT:STATE OFF");
	assert_true(supply_output(supply).voltage_v == 0);
	assert_string_equal(ask(&scpi, "MEAS:CURR?;MEAS:VOLT?;VOLT?"), "0.000000;0.0000;1.8000");
	assert_int_equal(supply_output(supply).cuts, 1);
	/* Off and on in one breath is seen, too. */
	ask(&scpi, "OUTP ON;OUTP OFF;OUTP ON");
	assert_int_equal(supply_output(supply).cuts, 2);
	assert_true(supply_output(supply).voltage_v == 1.8);
	ask(&scpi, "VOLT 6");
	assert_string_equal(ask(&scpi, "SYST:ERR?"), "-222,\"Data out of range\"");
	supply_free(supply);
}

/* Over a socket ---------------------------------------------------------------------------- */

static void serve(struct line_port *port)
{
	for (int i = 0; i < 20; i++) {
		struct pollfd fds[LINE_PORT_POLLFDS];

		line_port_fill_pollfds(port, fds);
		if (poll(fds, LINE_PORT_POLLFDS, 0) == 0)
			return;
		line_port_service(port, fds);
	}
}

static int connect_client(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void expect_answer(int fd, const char *text)
{
	char got[256] = "";

	assert_true(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(got, text);
}

static void on_client(void *context, int is_connected)
{
	supply_set_client(context, is_connected);
}

static void test_socket(void **state)
{
	char folder[] = "/tmp/virtual-rig-psu-XXXXXX", address[80], long_line[700];
	struct line_port *port;
	struct supply *supply;
	struct verr err;
	int first, second;
	char byte;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address, sizeof(address), "unix:%s/p", folder);
	assert_int_equal(supply_new(&psu, &supply, &err), 0);
	assert_int_equal(
		line_port_open("psu", address, supply_commands, supply, on_client, &port, &err), 0);
	assert_string_equal(line_port_address_text(port), address);
	first = connect_client(address + 5);
	serve(port);
	assert_true(supply_output(supply).has_client);
	say(first, "*ID");
	serve(port);
	say(first, "N?\r\nOUTP OFF\nOUTP?;VOLT?\n");
	serve(port);
	expect_answer(first,
		      "joulebench,virtual-rig,psu,VIRTUAL-" VIRTUAL_RIG_VERSION "\n0;3.3000\n");
	second = connect_client(address + 5);
	serve(port);
	assert_int_equal(recv(second, &byte, 1, 0), 0); /* one client at a time */
	close(second);
	memset(long_line, 'A', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 2] = '\n';
	long_line[sizeof(long_line) - 1] = '\0';
	say(first, long_line);
	say(first, "SYST:ERR?\n");
	serve(port);
	expect_answer(first, "-113,\"Undefined header\"\n");
	close(first);
	serve(port);
	assert_false(supply_output(supply).has_client);
	line_port_close(port);
	supply_free(supply);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_air),           cmocka_unit_test(test_steps_change_little),
		cmocka_unit_test(test_chamber_words), cmocka_unit_test(test_display),
		cmocka_unit_test(test_supply),        cmocka_unit_test(test_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
