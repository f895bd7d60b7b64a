/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The truth log's bookkeeping, and the wire's timing: both by numbers worked out by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/server/truth.h"
#include "rigs/virtual/server/uart.h"

#define US 1000000ll /* ps */

struct log {
	char *text;
	size_t length;
	FILE *file;
	struct truth truth;
};

static void log_open(struct log *log)
{
	*log = (struct log){0};
	log->file = open_memstream(&log->text, &log->length);
	assert_non_null(log->file);
	truth_init(&log->truth, "board");
	log->truth.file = log->file;
}

static void log_close(struct log *log)
{
	truth_done(&log->truth);
	fclose(log->file);
	free(log->text);
}

static void edge(struct log *log, unsigned line, bool level, int64_t t_ps, uint64_t cycles)
{
	const struct truth_edge e = {line, level, t_ps, cycles};

	assert_int_equal(truth_add_edge(&log->truth, &e, NULL), 0);
}

static void slice(struct log *log, int64_t start_ps, int64_t end_ps, double charge_c,
		  double supply_v)
{
	const struct truth_slice s = {start_ps,
				      end_ps,
				      charge_c,
				      supply_v,
				      30 + (double)end_ps / US / 10,
				      30 + (double)start_ps / US / 10};

	assert_int_equal(truth_add_slice(&log->truth, &s, NULL), 0);
}

static double number(const char *line, const char *key)
{
	char quoted[40];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = strstr(line, quoted);
	assert_non_null(at);
	return strtod(at + strlen(quoted), NULL);
}

/* 10 us slices of 1 uC; the window runs from 0.4 into the first to 0.7 into the third. */
static void test_edges_split_slices(void **state)
{
	struct log log;

	(void)state;
	log_open(&log);
	edge(&log, 0, true, 4 * US, 100);
	slice(&log, 0, 10 * US, 1e-6, 3.0);
	edge(&log, 1, true, 12 * US, 0);
	edge(&log, 2, true, 12 * US, 0);
	edge(&log, 2, true, 13 * US, 0); /* no edge: already high */
	edge(&log, 2, false, 14 * US, 0);
	slice(&log, 10 * US, 20 * US, 1e-6, 2.0);
	assert_int_equal(log.length, 0);
	edge(&log, 0, false, 27 * US, 2500);
	edge(&log, 1, false, 28 * US, 0); /* after the window */
	slice(&log, 20 * US, 30 * US, 1e-6, 2.0);
	assert_true(log.length > 0 && log.text[log.length - 1] == '\n'); /* flushed */
	assert_non_null(
		strstr(log.text, "{\"schema\":\"joulebench-truth/2\",\"board\":\"board\","));
	assert_true(number(log.text, "window") == 0);
	assert_true(number(log.text, "start_ps") == 4 * US);
	assert_true(number(log.text, "end_ps") == 27 * US);
	assert_true(number(log.text, "cycles") == 2400);
	assert_true(fabs(number(log.text, "charge_c") - 2.3e-6) < 1e-15);
	assert_true(fabs(number(log.text, "energy_j") - (0.6 * 3 + 1.7 * 2) * 1e-6) < 1e-15);
	assert_true(fabs(number(log.text, "mean_supply_v") - (6 * 3.0 + 17 * 2.0) / 23) < 1e-6);
	/* The junction warms by 0.1 K/us; the mean takes each slice's end. */
	assert_true(fabs(number(log.text, "junction_c") - (6 * 31 + 10 * 32 + 7 * 33) / 23.0) <
		    1e-3);
	assert_true(fabs(number(log.text, "junction_start_c") - 30.4) < 1e-3);
	assert_true(fabs(number(log.text, "junction_end_c") - 32.7) < 1e-3);
	assert_true(number(log.text, "edges_line1") == 1);
	assert_true(number(log.text, "edges_line2") == 2);
	log_close(&log);
}

static void test_several_windows_in_one_slice(void **state)
{
	struct log log;
	const char *second;

	(void)state;
	log_open(&log);
	edge(&log, 0, true, 1 * US, 1);
	edge(&log, 0, false, 2 * US, 2);
	edge(&log, 0, true, 4 * US, 4);
	edge(&log, 0, false, 7 * US, 9);
	slice(&log, 0, 10 * US, 10e-6, 1.0);
	assert_true(fabs(number(log.text, "charge_c") - 1e-6) < 1e-15);
	second = strchr(log.text, '\n') + 1;
	assert_true(number(second, "window") == 1);
	assert_true(fabs(number(second, "charge_c") - 3e-6) < 1e-15);
	assert_true(number(second, "cycles") == 5);
	assert_true(number(second, "edges_line1") == 0);
	log_close(&log);
}

/* An instruction that straddles the slice's end: its edge is some cycles late. */
static void test_edge_beyond_its_slice(void **state)
{
	struct log log;

	(void)state;
	log_open(&log);
	edge(&log, 0, true, 10 * US + 5, 0);
	slice(&log, 0, 10 * US, 1e-6, 1.0);
	edge(&log, 0, false, 20 * US + 5, 0);
	slice(&log, 10 * US, 20 * US, 1e-6, 1.0);
	assert_true(fabs(number(log.text, "charge_c") - 1e-6) < 1e-15);
	log_close(&log);
}

static void test_wire_timing(void **state)
{
	const struct rfc2217_settings even = {115200, RFC2217_PARITY_EVEN, 1};
	const struct rfc2217_settings plain = {1000000, RFC2217_PARITY_NONE, 1};
	struct uart uart;

	(void)state;
	assert_true(uart_init(&uart));
	assert_true(uart_next_arrival_ps(&uart) == INT64_MAX);
	uart_set(&uart, &even);
	uart_queue(&uart, (const uint8_t *)"ab", 2, 5 * US);
	/* 8E1: 11 bits of 8.680555 us. */
	assert_true(llabs(uart_next_arrival_ps(&uart) - (5 * US + 95486111)) < 2);
	uart_set(&uart, &plain); /* what is on its way keeps its format */
	uart_queue(&uart, (const uint8_t *)"c", 1, 6 * US);
	assert_int_equal(uart_take_arrived(&uart).byte, 'a');
	assert_true(llabs(uart_next_arrival_ps(&uart) - (5 * US + 190972222)) < 4);
	assert_true(uart_take_arrived(&uart).format.parity == CHIP_PARITY_EVEN);
	assert_true(llabs(uart_next_arrival_ps(&uart) - (15 * US + 190972222)) < 4); /* 10 us */
	assert_int_equal(uart_take_arrived(&uart).byte, 'c');
	assert_true(uart_next_arrival_ps(&uart) == INT64_MAX);
	uart_done(&uart);
}

static uint8_t heard(struct uart *uart, uint8_t byte, uint32_t baud, enum chip_parity parity)
{
	const struct chip_uart_format format = {baud, parity};
	uint8_t got;

	uart_hear(uart, byte, &format);
	assert_int_equal(uart_take(uart, &got, 1), 1);
	return got;
}

static void test_wrong_speed_is_garbage(void **state)
{
	struct uart uart;
	unsigned equal_slow = 0, equal_fast = 0;

	(void)state;
	assert_true(uart_init(&uart)); /* 115200 8N1 */
	for (int i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;

		assert_int_equal(heard(&uart, byte, 113000, CHIP_PARITY_NONE), byte);
		equal_slow += heard(&uart, byte, 57600, CHIP_PARITY_NONE) == byte;
		equal_fast += heard(&uart, byte, 230400, CHIP_PARITY_NONE) == byte;
	}
	assert_true(equal_slow <= 1 && equal_fast <= 2);
	/* 0x01 has parity bit 1 (even): it passes for a stop bit; 0x03 has 0: a framing error. */
	assert_int_equal(heard(&uart, 0x01, 115200, CHIP_PARITY_EVEN), 0x01);
	assert_int_equal(heard(&uart, 0x03, 115200, CHIP_PARITY_EVEN), 0x00);
	assert_int_equal(heard(&uart, 0x03, 115200, CHIP_PARITY_ODD), 0x03);
	uart_done(&uart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges_split_slices),
		cmocka_unit_test(test_several_windows_in_one_slice),
		cmocka_unit_test(test_edge_beyond_its_slice),
		cmocka_unit_test(test_wire_timing),
		cmocka_unit_test(test_wrong_speed_is_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
