/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Meters on a pair, through their sockets: what a client reads is what a resistor in the board's
 * place draws; burden voltage, power switched by the meter, time that passes only as it must.
 */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "rigs/virtual/server/pair_parts.h"
#include "tests/unit/virtual/usbip_client.h"

#define LOAD_OHM 330.0

#define SEQNUMS 65536

struct lab {
	char folder[64], path[128];
	struct config *config;
	struct pair *pair;
	int fd;
	uint32_t seqnum;
	uint8_t endpoints[SEQNUMS]; /* of what was submitted */
	uint8_t *in;                /* what has come, not yet looked at */
	size_t in_count;
	/* Bulk IN transfers that are kept in flight. */
	unsigned in_flight;
	void (*on_data)(struct lab *lab, const uint8_t *bytes, size_t count);
	unsigned transfers;
	/* What data there were. */
	double sum[32];
	unsigned count[32];
	uint8_t gpi[4]; /* the last sample's level */
	uint16_t out_id;
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Vectors, and a program that sleeps for good: wfi, b .-2 */
static const uint8_t sleeper[] = {0x00, 0x10, 0x00, 0x20, 0x09, 0x00,
				  0x00, 0x08, 0x30, 0xbf, 0xfd, 0xe7};

/* One board, or a resistor in its place, on one meter. */
static void lab_new(struct lab *lab, const char *kind, bool loaded, const char *more)
{
	char path[160], yaml[1024];
	struct verr err = {""};
	int rc;

	memset(lab, 0, sizeof(*lab));
	strcpy(lab->folder, "/tmp/meters-test-XXXXXX");
	assert_non_null(mkdtemp(lab->folder));
	snprintf(path, sizeof(path), "%s/load", lab->folder);
	if (loaded)
		write_file(path, "330\n");
	snprintf(lab->path, sizeof(lab->path), "%s/m", lab->folder);
	snprintf(yaml, sizeof(yaml),
		 "seed: 5\npace: %d\n"
		 "boards:\n  - {name: b, part: stm32l4r5, listen: \"unix:%s/b\", supply: m, "
		 "load: \"%s\", lines: {reset: dtr, boot: rts}}\n"
		 "meters:\n  - {name: m, kind: %s, listen: \"unix:%s\"%s}\n",
		 strncmp(kind, "ina", 3) ? 1000 : 1, lab->folder, path, kind, lab->path, more);
	snprintf(path, sizeof(path), "%s/rig.yaml", lab->folder);
	write_file(path, yaml);
	rc = config_load(path, &lab->config, &err);
	if (rc < 0)
		print_message("%s\n", err.text);
	assert_int_equal(rc, 0);
	assert_int_equal(pair_new(lab->config, 0, NULL, NULL, &lab->pair, &err), 0);
	memcpy(lab->pair->body.flash, sleeper, sizeof(sleeper));
	lab->in = malloc(64u << 20);
	lab->fd = -1;
}

static void lab_free(struct lab *lab)
{
	static const char *const names[] = {"load", "rig.yaml", NULL};
	char path[160];

	if (lab->fd >= 0)
		close(lab->fd);
	pair_free(lab->pair);
	config_free(lab->config);
	for (int i = 0; names[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", lab->folder, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(lab->folder), 0);
	free(lab->in);
}

/* What the rig's loop does in a turn, and what a client does that reads all it can. */
static void turn(struct lab *lab)
{
	struct pollfd fds[PAIR_POLLFDS];
	struct verr err;
	int64_t now_ns = pair_clock_ns();
	ssize_t count;

	pair_fill_pollfds(lab->pair, fds);
	assert_true(poll(fds, PAIR_POLLFDS, 0) >= 0);
	pair_service(lab->pair, fds);
	assert_int_equal(pair_advance(lab->pair, now_ns, now_ns + 500000, &err), 0);
	pair_flush(lab->pair);
	while (lab->fd >= 0 && (count = recv(lab->fd, lab->in + lab->in_count,
					     (64u << 20) - lab->in_count, MSG_DONTWAIT)) > 0)
		lab->in_count += (size_t)count;
}

static void dial(struct lab *lab)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	lab->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, lab->path);
	assert_int_equal(connect(lab->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void drop(struct lab *lab, size_t count)
{
	lab->in_count -= count;
	memmove(lab->in, lab->in + count, lab->in_count);
}

static void attach_usb(struct lab *lab)
{
	uint8_t request[40];

	dial(lab);
	import_request(request, "m");
	assert_int_equal(send(lab->fd, request, sizeof(request), 0), sizeof(request));
	for (int i = 0; i < 100 && lab->in_count < 320; i++)
		turn(lab);
	assert_int_equal(lab->in_count, 320);
	assert_int_equal(be_get(lab->in + 4, 4), 0);
	drop(lab, 320);
}

static uint32_t submit(struct lab *lab, uint8_t endpoint, uint32_t length, const uint8_t *setup,
		       const void *data)
{
	uint8_t header[48];

	submit_header(header, ++lab->seqnum, endpoint, length, setup);
	lab->endpoints[lab->seqnum % SEQNUMS] = endpoint;
	assert_int_equal(send(lab->fd, header, sizeof(header), 0), sizeof(header));
	if (!(endpoint & 0x80) && length)
		assert_int_equal(send(lab->fd, data, length, 0), length);
	return lab->seqnum;
}

/* One answer: an IN stream's goes to on_data. Returns its seqnum. */
static uint32_t take_answer(struct lab *lab, int32_t *ret_status, uint8_t *ret_data,
			    uint32_t *ret_count)
{
	uint32_t count, seqnum, bytes;
	uint8_t endpoint;

	for (int i = 0; i < 20000 && lab->in_count < 48; i++)
		turn(lab);
	assert_true(lab->in_count >= 48);
	seqnum = be_get(lab->in + 4, 4);
	count = be_get(lab->in + 24, 4);
	endpoint = lab->endpoints[seqnum % SEQNUMS];
	bytes = endpoint & 0x80 ? count : 0;
	while (lab->in_count < 48 + bytes)
		turn(lab);
	*ret_status = (int32_t)be_get(lab->in + 20, 4);
	*ret_count = count;
	if (endpoint == 0x80 && ret_data)
		memcpy(ret_data, lab->in + 48, count);
	if (endpoint & 0x7f && endpoint & 0x80) {
		assert_int_equal(*ret_status, 0);
		lab->in_flight--;
		lab->transfers++;
		lab->on_data(lab, lab->in + 48, count);
	}
	drop(lab, 48 + bytes);
	return seqnum;
}

/* Waits for this one. */
static int32_t wait_answer(struct lab *lab, uint32_t seqnum, uint8_t *ret_data)
{
	uint32_t count;
	int32_t status;

	while (take_answer(lab, &status, ret_data, &count) != seqnum)
		;
	return status < 0 ? status : (int32_t)count;
}

static int32_t control(struct lab *lab, uint8_t type, uint8_t request, uint16_t value,
		       uint16_t index, void *data, uint16_t length)
{
	const uint8_t setup[8] = {
		type,
		request,
		(uint8_t)value,
		(uint8_t)(value >> 8),
		(uint8_t)index,
		(uint8_t)(index >> 8),
		(uint8_t)length,
		(uint8_t)(length >> 8),
	};

	return wait_answer(lab, submit(lab, type & 0x80, length, setup, data), data);
}

static void stream(struct lab *lab, unsigned transfers)
{
	uint32_t count;
	int32_t status;

	for (unsigned until = lab->transfers + transfers; lab->transfers < until;) {
		for (; lab->in_flight < 8; lab->in_flight++)
			submit(lab, 0x82, 8192, NULL, NULL);
		take_answer(lab, &status, NULL, &count);
	}
}

/* JS220 -------------------------------------------------------------------------------------- */

static void js220_data(struct lab *lab, const uint8_t *frames, size_t bytes)
{
	for (size_t at = 0; at + 4 <= bytes; at += 512) {
		uint32_t header = (uint32_t)usb_get_le(frames + at, 4);
		unsigned length = header >> 16 & 0x1ff, port = header >> 25 & 31;

		for (unsigned i = 4; (port == 21 || port == 22) && i < length; i += 4) {
			float value;

			memcpy(&value, frames + at + 4 + i, 4);
			lab->sum[port] += (double)value;
			lab->count[port]++;
		}
		if (port >= 24 && port < 28)
			lab->gpi[port - 24] = frames[at + 4 + length - 1] >> 7;
	}
}

static void js220_set(struct lab *lab, const char *topic, uint32_t value)
{
	uint8_t frame[48] = {0};

	usb_put_le(frame, lab->out_id++ | 44u << 16 | 1u << 25, 4);
	strcpy((char *)frame + 4, topic);
	frame[4 + 32] = 10;
	usb_put_le(frame + 4 + 36, value, 4);
	assert_int_equal(wait_answer(lab, submit(lab, 0x01, sizeof(frame), NULL, frame), NULL), 48);
}

static void js220_start(struct lab *lab, bool loaded, const char *more)
{
	uint8_t status = 1;

	lab_new(lab, "js220", loaded, more);
	lab->on_data = js220_data;
	attach_usb(lab);
	assert_int_equal(control(lab, 0xc0, 1, 0, 0, &status, 1), 1);
	assert_int_equal(status, 0);
}

/* The board's current at the voltage that the shunt leaves of 3.3 V. */
static void test_js220_measures_what_the_board_draws(void **state)
{
	static struct lab lab;
	double current_a, voltage_v;

	(void)state;
	js220_start(&lab, true, ", supply: 3.3 V, calibration: ideal");
	assert_true(lab.pair->supply_v == 0); /* the path is open */
	js220_set(&lab, "s/i/range/mode", 4);
	js220_set(&lab, "s/i/ctrl", 1);
	js220_set(&lab, "s/v/ctrl", 1);
	stream(&lab, 20);
	memset(lab.sum, 0, sizeof(lab.sum));
	memset(lab.count, 0, sizeof(lab.count));
	stream(&lab, 40);
	current_a = lab.sum[21] / lab.count[21];
	voltage_v = lab.sum[22] / lab.count[22];
	/* 18 mA range: 1.11 ohm in series. */
	assert_true(fabs(current_a - 3.3 / (LOAD_OHM + 1.11)) < 2e-6);
	assert_true(fabs(voltage_v - current_a * LOAD_OHM) < 2e-3);
	assert_true(fabs(lab.pair->source_v - 3.3 * LOAD_OHM / (LOAD_OHM + 1.11)) < 1e-4);
	assert_true(lab.count[21] > 15000);
	js220_set(&lab, "s/i/range/mode", 0); /* the board loses power with the path */
	assert_true(lab.pair->source_v == 0);
	lab_free(&lab);
}

/* A board that waits: time stands still after each act's own time, so that acts happen at the same
 * virtual times whatever the host's speed. */
static void test_js220_acts_at_the_same_times(void **state)
{
	int64_t first_ps = 0;

	(void)state;
	for (int run = 0; run < 2; run++) {
		static struct lab lab;

		js220_start(&lab, false, ", supply: 3.3 V");
		for (int i = 0; i < 10; i++) {
			if (run)
				usleep(3000);
			js220_set(&lab, "s/i/range/mode", 4);
		}
		if (run == 0)
			first_ps = lab.pair->now_ps;
		else
			assert_int_equal(lab.pair->now_ps, first_ps);
		assert_true(first_ps > 0);
		lab_free(&lab);
	}
}

static void test_serial_and_strings(void **state)
{
	static struct lab lab;
	uint8_t string[64];

	(void)state;
	js220_start(&lab, true, ", supply: 3.3 V, serial: \"004711\"");
	assert_int_equal(control(&lab, 0x80, 6, 0x0301, 0x409, string, 64), 2 + 2 * 20);
	assert_memory_equal(string + 2, "V\0I\0R\0T\0U\0A\0L\0", 14);
	assert_int_equal(control(&lab, 0x80, 6, 0x0303, 0x409, string, 64), 2 + 2 * 6);
	assert_memory_equal(string + 2,
			    "0\0"
			    "0\0"
			    "4\0"
			    "7\0"
			    "1\0"
			    "1\0",
			    12);
	lab_free(&lab);
}

/* JS110 -------------------------------------------------------------------------------------- */

static void js110_data(struct lab *lab, const uint8_t *frames, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 512)
		for (unsigned i = 0; i < 126; i++) {
			uint32_t word = (uint32_t)usb_get_le(frames + at + 8 + 4 * i, 4);

			if ((word & 3) == 3 && !(word >> 16 & 1)) { /* 18 mA */
				lab->sum[3] += (word >> 2 & 0x3fff);
				lab->count[3]++;
			}
			lab->count[0]++;
		}
}

static void js110_settings(struct lab *lab, uint8_t select, uint8_t streaming)
{
	uint8_t packet[16] = {1, 16, 1, 0, 0, 0, 0, 0, 1, select, 0xc0, 0, streaming};
	uint8_t status[104];

	assert_int_equal(control(lab, 0x40, 3, 0, 0, packet, 16), 16);
	assert_int_equal(control(lab, 0xc0, 4, 0, 0, status, 104), 104);
	/* The control endpoint answers when they have taken effect. */
	assert_int_equal((int32_t)usb_get_le(status + 8, 4), 0);
}

static double json_number(const char *json, const char *signal, const char *key, int index)
{
	const char *at = strstr(strstr(json, signal), key);

	at = strchr(at, '[') + 1;
	while (index--)
		at = strchr(at, ',') + 1;
	return strtod(at, NULL);
}

static void test_js110_measures_what_the_board_draws(void **state)
{
	static struct lab lab;
	static uint8_t calibration[4096];
	char *json;
	double adc, current_a;

	(void)state;
	lab_new(&lab, "js110", true, ", supply: 3.3 V, calibration: ideal");
	lab.on_data = js110_data;
	attach_usb(&lab);
	assert_true(control(&lab, 0xc0, 8, 1, 0, calibration, 4096) > 100);
	json = memmem(calibration, 4096, "{\"voltage\"", 10);
	assert_non_null(json);
	js110_settings(&lab, 0x80, 0);
	js110_settings(&lab, 0x80, 3);
	stream(&lab, 10);
	memset(lab.sum, 0, sizeof(lab.sum));
	memset(lab.count, 0, sizeof(lab.count));
	stream(&lab, 40);
	assert_int_equal(lab.count[3], lab.count[0]);
	adc = lab.sum[3] / lab.count[3];
	current_a = (adc + json_number(json, "current", "offset", 3)) *
		    json_number(json, "current", "gain", 3);
	assert_true(fabs(current_a - 3.3 / (LOAD_OHM + 1.11)) < 5e-6);
	js110_settings(&lab, 0, 0);
	assert_true(lab.pair->source_v == 0);
	lab_free(&lab);
}

/* INA228 ------------------------------------------------------------------------------------- */

static uint64_t ina_read(struct lab *lab, uint8_t address, uint8_t pointer, uint16_t count)
{
	uint8_t bytes[8] = {pointer}, status;
	uint64_t value = 0;

	assert_int_equal(control(lab, 0x41, 4 | 1, 0, address, bytes, 1), 1);
	assert_int_equal(control(lab, 0xc1, 3, 0, 0, &status, 1), 1);
	assert_int_equal(status, 1);
	assert_int_equal(control(lab, 0xc1, 4 | 2, 1, address, bytes, count), count);
	for (unsigned i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

static void test_ina228(void **state)
{
	static struct lab lab;
	uint8_t calibration[3] = {0x02, 0x0f, 0xff}, status, unused = 0;
	double current_a, bus_v;

	(void)state;
	lab_new(&lab, "ina228", true,
		", supply: 3.3 V, address: 0x45, shunt: 1 ohm, calibration: ideal");
	attach_usb(&lab);
	assert_int_equal(ina_read(&lab, 0x45, 0x3e, 2), 0x5449);
	assert_int_equal(control(&lab, 0x41, 4 | 3, 0, 0x45, calibration, 3), 3);
	while (lab.pair->now_ps < 100000000000)
		turn(&lab);
	current_a = (double)(ina_read(&lab, 0x45, 0x04, 3) >> 4) * 312.5e-9 / 1.0;
	bus_v = (double)(ina_read(&lab, 0x45, 0x05, 3) >> 4) * 195.3125e-6;
	assert_true(fabs(current_a - 3.3 / (LOAD_OHM + 1)) < 1e-6);
	assert_true(fabs(bus_v - current_a * LOAD_OHM) < 3e-4);
	assert_int_equal(control(&lab, 0x41, 4 | 3, 0, 0x44, &unused, 1), 1);
	assert_int_equal(control(&lab, 0xc1, 3, 0, 0, &status, 1), 1);
	assert_int_equal(status, 2); /* nobody there */
	lab_free(&lab);
}

/* Each transfer takes its time on the bus; and time does not stand still, whatever the board does,
 * because the client has no clock but the host's. */
static void test_ina228_takes_its_time(void **state)
{
	static struct lab lab;
	int64_t before_ps, before_ns, host_ns;
	double seconds;

	(void)state;
	lab_new(&lab, "ina228", false, ", supply: 3.3 V");
	attach_usb(&lab);
	ina_read(&lab, 0x40, 0x3e, 2);
	before_ps = lab.pair->now_ps;
	before_ns = pair_clock_ns();
	for (int i = 0; i < 100; i++)
		ina_read(&lab, 0x40, 0x04, 3);
	/* Start, address, pointer; start, address, three bytes, stop: 57 bits of 10 us. */
	seconds = (double)(lab.pair->now_ps - before_ps) * 1e-12;
	assert_true(seconds >= 99 * 570e-6);
	for (int i = 0; i < 100; i++) {
		usleep(1000);
		turn(&lab);
	}
	host_ns = pair_clock_ns() - before_ns;
	seconds = (double)(lab.pair->now_ps - before_ps) * 1e-12;
	assert_true(seconds <= 1e-9 * (double)host_ns + 1e-3);
	/* A host that is late by more than some milliseconds loses the rest. */
	assert_true(seconds > 0.1);
	lab_free(&lab);
}

/* LPM01A, as a USB serial port ---------------------------------------------------------------- */

#define TEXT_MAX 65536
static char text[TEXT_MAX];
static size_t text_length;

static void serial_data(struct lab *lab, const uint8_t *bytes, size_t count)
{
	(void)lab;
	for (size_t i = 0; i < count && text_length < TEXT_MAX - 1; i++)
		if (bytes[i])
			text[text_length++] = (char)bytes[i];
	text[text_length] = 0;
}

static void serial_stream(struct lab *lab, const char *until)
{
	uint32_t count;
	int32_t status;

	for (int i = 0; i < 2000 && !strstr(text, until); i++) {
		for (; lab->in_flight < 4; lab->in_flight++)
			submit(lab, 0x81, 512, NULL, NULL);
		take_answer(lab, &status, NULL, &count);
	}
	assert_non_null(strstr(text, until));
}

static void serial_command(struct lab *lab, const char *line, const char *until)
{
	uint32_t length = (uint32_t)strlen(line);

	text_length = 0;
	text[0] = 0;
	assert_int_equal(wait_answer(lab, submit(lab, 0x01, length, NULL, line), NULL), length);
	serial_stream(lab, until);
}

/* 6409-07 is 6409e-7 */
static double mean_of_values(const char *at, unsigned *ret_count)
{
	double sum = 0;

	*ret_count = 0;
	while ((at = strpbrk(at, "+-"))) {
		if (at - text >= 4 && strspn(at - 4, "0123456789") == 4) {
			sum += strtod(at - 4, NULL) * pow(10, atoi(at));
			++*ret_count;
		}
		at++;
	}
	return sum / *ret_count;
}

static void test_lpm01a_as_a_usb_serial_port(void **state)
{
	static struct lab lab;
	uint8_t coding[7] = {0x00, 0x40, 0x38, 0x00, 0, 0, 8};
	double current_a;
	unsigned count;

	(void)state;
	lab_new(&lab, "lpm01a", true, ", export: usb, calibration: ideal");
	lab.on_data = serial_data;
	attach_usb(&lab);
	assert_int_equal(control(&lab, 0x21, 0x20, 0, 0, coding, 7), 7);
	assert_int_equal(control(&lab, 0x21, 0x22, 1, 0, coding, 0), 0);
	serial_command(&lab, "htc\n", "ack htc");
	serial_command(&lab, "volt 3000m\n", "ack volt");
	serial_command(&lab, "freq 1k\n", "ack freq");
	serial_command(&lab, "acqtime inf\n", "ack acqtime");
	assert_true(lab.pair->source_v == 0);
	serial_command(&lab, "pwr on\n", "ack pwr");
	assert_true(fabs(lab.pair->source_v - 3.0) < 1e-9);
	serial_command(&lab, "start\n", "TimeStamp: 1s");
	*strstr(text, "TimeStamp: 1s") = 0; /* the transfer goes on behind it */
	current_a = mean_of_values(text, &count);
	assert_in_range(count, 990, 1010);
	assert_true(fabs(current_a - 3.0 / LOAD_OHM) < 0.005 * 3.0 / LOAD_OHM);
	serial_command(&lab, "stop\n", "Acquisition completed");
	serial_command(&lab, "pwr off\n", "ack pwr");
	assert_true(lab.pair->source_v == 0);
	assert_int_equal(control(&lab, 0x21, 0x23, 10, 0, coding, 0), -32); /* break */
	lab_free(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_js220_measures_what_the_board_draws),
		cmocka_unit_test(test_js220_acts_at_the_same_times),
		cmocka_unit_test(test_serial_and_strings),
		cmocka_unit_test(test_js110_measures_what_the_board_draws),
		cmocka_unit_test(test_ina228),
		cmocka_unit_test(test_lpm01a_as_a_usb_serial_port),
		cmocka_unit_test(test_ina228_takes_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
