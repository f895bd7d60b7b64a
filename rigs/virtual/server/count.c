/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The counting board. See the header.
 */
#include "rigs/virtual/server/count.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/chips/chip.h"
#include "rigs/virtual/server/pair.h"
#include "rigs/virtual/server/port.h"
#include "rigs/virtual/server/truth.h"
#include "rigs/virtual/server/uart.h"

#define SLICE_PS      1000000000ll /* 1 ms */
#define REST_SLICES   400          /* asleep for so many: waits for the host, not for a timer */
#define TURN_NS       2000000      /* of host time between two looks at the socket */
#define COUNT_SEED    1
#define ROOM_TEMP_C   21.0
#define FIRMWARE_PORT "board"

static const char *const class_names[CORE_CLASS_COUNT] = {
	[CORE_CLASS_ALU] = "alu",
	[CORE_CLASS_LOAD] = "load",
	[CORE_CLASS_STORE] = "store",
	[CORE_CLASS_LOAD_MULTIPLE] = "load_multiple",
	[CORE_CLASS_STORE_MULTIPLE] = "store_multiple",
	[CORE_CLASS_MUL] = "mul",
	[CORE_CLASS_MAC] = "mac",
	[CORE_CLASS_SIMD] = "simd",
	[CORE_CLASS_DIV] = "div",
	[CORE_CLASS_BRANCH] = "branch",
	[CORE_CLASS_FP] = "fp",
	[CORE_CLASS_OTHER] = "other",
};

struct count {
	struct chip *chip;
	uint8_t *flash;
	FILE *file;
	struct port *port;
	struct uart uart;
	bool client_was_there, client_left, faulted;
	unsigned rest; /* slices the core slept through in a row */
};

static void on_uart_tx(void *context, uint8_t byte, const struct chip_uart_format *format,
		       int64_t t_ps)
{
	struct count *count = context;

	(void)t_ps;
	if (port_has_client(count->port))
		uart_hear(&count->uart, byte, format);
}

static void classes_write(FILE *file, const struct core_counts *counts)
{
	fputs(",\"classes\":{", file);
	for (unsigned i = 0; i < CORE_CLASS_COUNT; i++)
		fprintf(file, "%s\"%s\":%" PRIu64, i ? "," : "", class_names[i],
			counts->classes[i]);
	fputs("}}\n", file);
}

static void on_marker(void *context, unsigned line, bool level, int64_t t_ps, uint64_t cycles)
{
	struct count *count = context;
	const struct core_counts *counts = chip_counts(count->chip);

	(void)t_ps;
	fprintf(count->file,
		"{\"schema\":\"joulebench-counts/1\",\"line\":%u,\"level\":%s,\"cycles\":%" PRIu64
		",\"sleep_cycles\":%" PRIu64 ",\"instructions\":%" PRIu64
		",\"taken_branches\":%" PRIu64 ",\"flash_fetch_stalls\":%" PRIu64
		",\"flash_data_reads\":%" PRIu64 ",\"flash_stalls\":%" PRIu64
		",\"exceptions\":%" PRIu64 ",\"toggled_bits\":%" PRIu64,
		line, level ? "true" : "false", cycles, counts->sleep_cycles, counts->instructions,
		counts->taken_branches, counts->flash_fetch_stalls, counts->flash_data_reads,
		counts->flash_stalls, counts->exceptions, counts->toggled_bits);
	classes_write(count->file, counts);
}

static void on_fault(void *context, const char *sentence, int64_t t_ps)
{
	struct count *count = context;

	(void)t_ps;
	count->faulted = true;
	fprintf(stderr, "virtual-rig: %s: fault: %s\n", FIRMWARE_PORT, sentence);
}

/* The port ----------------------------------------------------------------------------------- */

static size_t port_room(void *context)
{
	const struct count *count = context;

	return uart_room(&count->uart);
}

static void port_receive(void *context, const uint8_t *bytes, size_t size)
{
	struct count *count = context;

	uart_queue(&count->uart, bytes, size, chip_now_ps(count->chip));
	count->rest = 0;
}

static size_t port_take(void *context, uint8_t *ret_bytes, size_t capacity)
{
	struct count *count = context;

	return uart_take(&count->uart, ret_bytes, capacity);
}

static void port_settings(void *context, const struct rfc2217_settings *settings)
{
	struct count *count = context;

	uart_set(&count->uart, settings);
}

/* The board's reset and boot lines are not wired: it holds its firmware already. */
static void port_lines(void *context, bool dtr, bool rts)
{
	(void)context, (void)dtr, (void)rts;
}

static void port_purge(void *context, enum rfc2217_purge what)
{
	struct count *count = context;

	if (what != RFC2217_PURGE_TO_DEVICE)
		uart_drop_to_host(&count->uart);
	if (what != RFC2217_PURGE_TO_CLIENT)
		uart_drop_to_board(&count->uart);
}

static void port_connected(void *context, bool connected)
{
	struct count *count = context;

	uart_drop_to_host(&count->uart);
	if (connected)
		count->client_was_there = true;
	else
		count->client_left = true;
}

/* Life --------------------------------------------------------------------------------------- */

static int flash_load(struct count *count, const struct count_config *config, struct verr *err)
{
	uint32_t capacity = chip_flash_bytes(config->part);
	FILE *file;
	size_t used;
	bool fits;

	if (!capacity)
		return verr_set(err, -EINVAL, "no model of part '%s'", config->part);
	file = fopen(config->firmware, "rb");
	if (!file)
		return verr_set(err, -errno, "%s: %s", config->firmware, strerror(errno));
	count->flash = malloc(capacity);
	if (!count->flash) {
		fclose(file);
		return verr_set(err, -ENOMEM, "out of memory");
	}
	memset(count->flash, 0xff, capacity);
	used = fread(count->flash, 1, capacity, file);
	fits = used > 0 && used < capacity && feof(file);
	fclose(file);
	if (!fits)
		return verr_set(err, -EINVAL, "%s: empty, unreadable or larger than the flash",
				config->firmware);
	return 0;
}

static int count_open(struct count *count, const struct count_config *config, struct verr *err)
{
	const struct chip_callbacks callbacks = {count, on_uart_tx, on_marker, on_fault};
	const struct port_device device = {
		count,         port_room,  port_receive, port_take,
		port_settings, port_lines, port_purge,   port_connected,
	};
	struct chip_config chip_config = {
		.part = config->part,
		.seed = COUNT_SEED,
		.callbacks = &callbacks,
	};
	int rc = flash_load(count, config, err);

	chip_config.flash = count->flash;
	if (rc == 0 && !uart_init(&count->uart))
		rc = verr_set(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = truth_file_open(config->counts, &count->file, err);
	if (rc == 0)
		rc = chip_new(&chip_config, &count->chip, err);
	if (rc == 0)
		rc = port_open(FIRMWARE_PORT, config->listen, &device, &count->port, err);
	if (rc < 0)
		return rc;
	chip_set_junction(count->chip, ROOM_TEMP_C);
	chip_set_boot0(count->chip, false);
	chip_set_nrst(count->chip, true);
	chip_set_supply(count->chip, config->vdd_v);
	return 0;
}

static int count_close(struct count *count, int rc, struct verr *err)
{
	port_close(count->port);
	chip_free(count->chip);
	uart_done(&count->uart);
	if (count->file && fclose(count->file) && rc == 0)
		rc = verr_set(err, -errno, "the counts cannot be written: %s", strerror(errno));
	free(count->flash);
	return rc;
}

/* To the next byte for the board, at most a slice. */
static void step(struct count *count)
{
	int64_t now_ps = chip_now_ps(count->chip), end_ps = now_ps + SLICE_PS;
	int64_t arrival_ps = uart_next_arrival_ps(&count->uart);
	struct chip_activity activity;

	if (arrival_ps < end_ps)
		end_ps = arrival_ps > now_ps ? arrival_ps : now_ps;
	if (end_ps > now_ps) {
		chip_run(count->chip, end_ps, &activity);
		count->rest = activity.active_s > 0 ? 0 : count->rest + 1;
	}
	if (arrival_ps <= chip_now_ps(count->chip)) {
		struct uart_byte arrived = uart_take_arrived(&count->uart);

		chip_uart_rx(count->chip, arrived.byte, &arrived.format);
		count->rest = 0;
	}
}

static bool is_resting(const struct count *count)
{
	return !count->client_was_there || count->faulted || count->rest >= REST_SLICES;
}

static int look(struct count *count, int stop_fd, bool *ret_stop, struct verr *err)
{
	struct pollfd fds[1 + PORT_POLLFDS] = {{.fd = stop_fd, .events = POLLIN}};

	port_fill_pollfds(count->port, fds + 1);
	if (poll(fds, 1 + PORT_POLLFDS, is_resting(count) ? -1 : 0) < 0) {
		if (errno != EINTR)
			return verr_set(err, -errno, "poll: %s", strerror(errno));
		return 0;
	}
	*ret_stop = fds[0].revents != 0;
	port_service(count->port, fds + 1);
	return 0;
}

static int count_loop(struct count *count, int stop_fd, struct verr *err)
{
	bool stop = false;

	while (!stop && !count->client_left) {
		int64_t deadline_ns;
		int rc = look(count, stop_fd, &stop, err);

		if (rc < 0)
			return rc;
		deadline_ns = pair_clock_ns() + TURN_NS;
		while (!is_resting(count) && pair_clock_ns() < deadline_ns)
			step(count);
		if (fflush(count->file))
			return verr_set(err, -errno, "the counts cannot be written: %s",
					strerror(errno));
		port_flush(count->port);
	}
	return 0;
}

int count_serve(const struct count_config *config, int stop_fd, struct verr *err)
{
	struct count count = {0};
	int rc = count_open(&count, config, err);

	if (rc == 0) {
		fprintf(stderr, "virtual-rig: %s: %s\nvirtual-rig: ready\n", FIRMWARE_PORT,
			port_address_text(count.port));
		rc = count_loop(&count, stop_fd, err);
	}
	return count_close(&count, rc, err);
}
