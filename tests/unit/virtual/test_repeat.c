/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is played back is what would have been executed: the four boards' own firmware runs the same
 * windows with and without repetition, and everything that anyone can see is compared: bytes of the
 * UART, marker edges and the core's counters at them, the truth log, the meter's stream.
 *
 * Needs the firmware of the build folder JOULEBENCH_BUILD: skipped without.
 */
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

#include "bench/model/model.h"
#include "firmware/wire/wire.h"
#include "rigs/virtual/chips/chip_ops.h"
#include "rigs/virtual/chips/esp32c3.h"
#include "rigs/virtual/chips/stm32.h"
#include "rigs/virtual/server/pair_parts.h"

#define MS         1000000000ll /* ps */
#define TURNS_MAX  60000        /* of a millisecond: an answer that does not come */
#define INFERENCES 20

struct board {
	const char *part, *firmware;
	enum image_kernel_set kernels;
};

static const struct board boards[] = {
	{"stm32l4r5", "nucleo-l4r5zi-O2", IMAGE_KERNELS_ARMV7EM},
	{"stm32f767", "nucleo-f767zi-O2", IMAGE_KERNELS_ARMV7EM},
	{"stm32l552", "nucleo-l552ze-q-O2", IMAGE_KERNELS_ARMV7EM},
	{"esp32c3", "esp32-c3-devkitm-1-O2", IMAGE_KERNELS_RV32},
};

static char folder[] = "/tmp/virtual-rig-repeat-XXXXXX";
static const char *build;

/* Grows; what two runs must have in common, in order. */
struct log {
	uint8_t *bytes;
	size_t count, capacity;
};

struct edge {
	int64_t t_ps;
	uint64_t cycles, line_level;
	struct core_counts counts;
};

struct sent {
	int64_t t_ps;
	uint64_t byte;
};

struct run {
	struct config *config;
	struct pair *pair;
	FILE *truth;
	int client;
	struct chip_callbacks callbacks; /* the pair's own */
	struct wire_parser parser;
	uint16_t sequence;
	struct wire_hello_reply hello;
	struct log edges, uart, stream;
	char *truth_text;
	size_t truth_bytes;
	struct repeat_totals totals;
	uint32_t output_crc32[8];
	unsigned windows, window_ms; /* of the last one */
};

static void log_add(struct log *log, const void *bytes, size_t count)
{
	if (log->count + count > log->capacity) {
		log->capacity = 2 * (log->count + count);
		log->bytes = realloc(log->bytes, log->capacity);
		assert_non_null(log->bytes);
	}
	memcpy(log->bytes + log->count, bytes, count);
	log->count += count;
}

/* What the chip tells ---- */

static void on_marker(void *context, unsigned line, bool level, int64_t t_ps, uint64_t cycles)
{
	struct run *run = context;
	struct edge edge;

	memset(&edge, 0, sizeof(edge));
	edge = (struct edge){t_ps, cycles, 2 * line + level, *chip_counts(run->pair->body.chip)};
	log_add(&run->edges, &edge, sizeof(edge));
	run->callbacks.marker(run->callbacks.context, line, level, t_ps, cycles);
}

static void on_uart(void *context, uint8_t byte, const struct chip_uart_format *format,
		    int64_t t_ps)
{
	struct run *run = context;
	const struct sent sent = {t_ps, byte};

	log_add(&run->uart, &sent, sizeof(sent));
	run->callbacks.uart_tx(run->callbacks.context, byte, format, t_ps);
}

static void on_fault(void *context, const char *sentence, int64_t t_ps)
{
	(void)context, (void)t_ps;
	fail_msg("%s", sentence);
}

static void listen_in(struct run *run, const struct board *board)
{
	struct chip *chip = run->pair->body.chip;
	struct chip_callbacks *callbacks = strcmp(board->part, "esp32c3")
						   ? &((struct stm32 *)chip)->callbacks
						   : &((struct esp32c3 *)chip)->callbacks;

	run->callbacks = *callbacks;
	*callbacks = (struct chip_callbacks){run, on_uart, on_marker, on_fault};
}

/* Life ---- */

static void load_config(struct run *run, const struct board *board, bool repeat, const char *faults)
{
	char path[96];
	struct verr err = {""};
	FILE *file;

	snprintf(path, sizeof(path), "%s/rig.yaml", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
		"seed: 5\nrepeat: %s\nmeters:\n"
		"  - {name: m, kind: ppk2, listen: \"unix:%s/m\"}\n"
		"boards:\n  - {name: b, part: %s, listen: \"unix:%s/b\", supply: m%s}\n",
		repeat ? "on" : "off", folder, board->part, folder, faults);
	fclose(file);
	if (config_load(path, &run->config, &err) < 0)
		fail_msg("%s", err.text);
	unlink(path);
}

static void connect_client(struct run *run)
{
	const struct rfc2217_settings settings = {
		.baud = 115200, .parity = RFC2217_PARITY_NONE, .stop_bits = 1};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd fds[OUTLET_POLLFDS];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/b", folder);
	run->client = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(run->client, (struct sockaddr *)&address, sizeof(address)), 0);
	outlet_fill_pollfds(run->pair->board_outlet, fds);
	assert_true(poll(fds, OUTLET_POLLFDS, 1000) > 0);
	outlet_service(run->pair->board_outlet, fds);
	assert_true(outlet_has_client(run->pair->board_outlet));
	uart_set(&run->pair->uart, &settings);
}

static void load_firmware(struct run *run, const struct board *board)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/firmware/%s.bin", build, board->firmware);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_true(fread(run->pair->body.flash, 1, chip_flash_bytes(board->part), file) > 1000);
	fclose(file);
}

static void run_open(struct run *run, const struct board *board, bool repeat, const char *faults)
{
	/* Ampere meter's source mode, 3.3 V, on, stream. */
	static const uint8_t commands[] = {0x11, 2, 0x0d, 0x0c, 0xe4, 0x0c, 1, 0x06};
	struct verr err = {""};

	memset(run, 0, sizeof(*run));
	load_config(run, board, repeat, faults);
	if (pair_new(run->config, 0, NULL, NULL, &run->pair, &err) < 0)
		fail_msg("%s", err.text);
	run->truth = open_memstream(&run->truth_text, &run->truth_bytes);
	pair_set_logs(run->pair, run->truth, NULL);
	load_firmware(run, board);
	listen_in(run, board);
	connect_client(run);
	pair_drive_lines(run->pair, false, board->kernels == IMAGE_KERNELS_ARMV7EM);
	run->pair->meter->ops->host_bytes(run->pair->meter->state, commands, sizeof(commands));
	pair_update_supply(run->pair);
	wire_parser_init(&run->parser);
}

static void run_close(struct run *run)
{
	run->totals = repeat_totals(run->pair->body.chip->repeat);
	fclose(run->truth);
	close(run->client);
	pair_free(run->pair);
	config_free(run->config);
}

static void run_free(struct run *run)
{
	free(run->edges.bytes);
	free(run->uart.bytes);
	free(run->stream.bytes);
	free(run->truth_text);
}

/* The client: bytes at virtual times that follow from the board's answers only ---- */

static void pass_ms(struct run *run, unsigned ms)
{
	struct verr err = {""};
	uint8_t bytes[4096];
	size_t count;

	for (; ms > 0; ms--) {
		struct core_counts counts;

		if (pair_run_until(run->pair, (run->pair->now_ps / MS + 1) * MS, &err) < 0)
			fail_msg("%s", err.text);
		while ((count = run->pair->meter->ops->take_bytes(run->pair->meter->state, bytes,
								  sizeof(bytes))) > 0)
			log_add(&run->stream, bytes, count);
		counts = *chip_counts(run->pair->body.chip);
		log_add(&run->edges, &counts, sizeof(counts));
	}
}

static bool take_frame(struct run *run, struct wire_frame *ret_frame)
{
	uint8_t byte;

	while (uart_take(&run->pair->uart, &byte, 1) == 1)
		if (wire_parser_feed(&run->parser, byte, ret_frame))
			return true;
	return false;
}

static void await(struct run *run, unsigned type, struct wire_frame *ret_frame)
{
	unsigned turns = 0;

	while (!take_frame(run, ret_frame)) {
		if (++turns > TURNS_MAX)
			fail_msg("no answer to request %u", type);
		pass_ms(run, 1);
	}
	if (ret_frame->type != (type | WIRE_REPLY))
		fail_msg("request %u: answer %u: %s", type, ret_frame->type,
			 (const char *)ret_frame->payload + 2);
}

static void ask(struct run *run, struct wire_frame *frame, unsigned type)
{
	uint8_t bytes[WIRE_FRAME_MAX];
	size_t count;

	frame->type = (uint8_t)type;
	frame->sequence = ++run->sequence;
	count = wire_frame_write(frame, bytes);
	uart_queue(&run->pair->uart, bytes, count, run->pair->now_ps);
	await(run, type, frame);
}

static void send_data(struct run *run, unsigned type, const uint8_t *bytes, uint32_t count)
{
	for (uint32_t at = 0; at < count; at += WIRE_DATA_MAX) {
		struct wire_data data = {
			at, count - at < WIRE_DATA_MAX ? count - at : WIRE_DATA_MAX, bytes + at};
		struct wire_frame frame = {0};

		frame.count = (uint16_t)wire_data_encode(&data, frame.payload);
		ask(run, &frame, type);
	}
}

static void load_model(struct run *run, const struct model_image *image)
{
	const struct wire_image_begin begin = {(uint32_t)image->count, image->crc32};
	struct wire_frame frame = {0};

	ask(run, &frame, WIRE_HELLO);
	assert_true(wire_hello_reply_decode(frame.payload, frame.count, &run->hello));
	frame.count = (uint16_t)wire_image_begin_encode(&begin, frame.payload);
	ask(run, &frame, WIRE_IMAGE_BEGIN);
	send_data(run, WIRE_IMAGE_DATA, image->bytes, (uint32_t)image->count);
	frame.count = 0;
	ask(run, &frame, WIRE_IMAGE_COMMIT);
}

static void set_clock(struct run *run, unsigned level)
{
	const struct wire_clock clock = {run->hello.clock_hz[level]};
	struct wire_frame frame = {0};

	frame.count = (uint16_t)wire_clock_encode(&clock, frame.payload);
	ask(run, &frame, WIRE_CLOCK);
}

static void set_input(struct run *run, const struct model_image *image, uint32_t seed)
{
	uint8_t *input = malloc(image->input_bytes);

	assert_non_null(input);
	model_input_generate(seed, input, image->input_bytes);
	send_data(run, WIRE_INPUT, input, image->input_bytes);
	free(input);
}

/* stray_ms: after so long a byte arrives that nobody wants. */
static void measure(struct run *run, uint32_t inferences, uint32_t flags, unsigned stray_ms)
{
	const struct wire_run order = {.warmups = 1,
				       .inferences = inferences,
				       .idle_before_ms = 2,
				       .idle_after_ms = 2,
				       .flags = flags};
	struct wire_result_reply result;
	struct wire_frame frame = {0};

	frame.count = (uint16_t)wire_run_encode(&order, frame.payload);
	ask(run, &frame, WIRE_RUN);
	if (stray_ms > 0) {
		pass_ms(run, stray_ms);
		uart_queue(&run->pair->uart, (const uint8_t *)"????????", 8, run->pair->now_ps);
	}
	await(run, WIRE_RESULT, &frame);
	assert_true(wire_result_reply_decode(frame.payload, frame.count, &result));
	assert_int_equal(result.inferences, inferences);
	run->output_crc32[run->windows++] = result.output_crc32;
	run->window_ms = (unsigned)(result.cycles / (result.clock_hz / 1000));
}

/* Comparison ---- */

static void assert_same(const char *what, const struct log *a, const struct log *b)
{
	size_t count = a->count < b->count ? a->count : b->count, at = 0;

	while (at < count && a->bytes[at] == b->bytes[at])
		at++;
	if (at < count || a->count != b->count)
		fail_msg("%s: %zu and %zu bytes, different from byte %zu on", what, a->count,
			 b->count, at);
	assert_true(a->count > 0);
}

static void assert_same_runs(const struct run *executed, const struct run *repeated)
{
	assert_same("UART", &executed->uart, &repeated->uart);
	assert_same("marker edges and counters", &executed->edges, &repeated->edges);
	assert_same("meter", &executed->stream, &repeated->stream);
	assert_int_equal(executed->truth_bytes, repeated->truth_bytes);
	assert_string_equal(executed->truth_text, repeated->truth_text);
	assert_int_equal(executed->totals.replayed, 0);
	assert_true(executed->totals.executed == 0 || repeated->totals.replayed > 0);
}

static struct model_image *make_model(const struct board *board)
{
	const struct model_options options = {.kernel_set = board->kernels};
	struct model_image *image;
	struct err err;
	char path[96];

	snprintf(path, sizeof(path), "%s/models/ds-cnn-002.tflite", folder);
	if (model_image_build(path, &options, &image, &err) < 0)
		fail_msg("%s", err.text);
	return image;
}

static double replayed_share(const struct repeat_totals *before, const struct repeat_totals *after)
{
	double executed = (double)(after->executed - before->executed);
	double replayed = (double)(after->replayed - before->replayed);

	return replayed / (executed + replayed);
}

/* At the fastest clock: windows without and with layers, another input, a byte inside a window, and
 * a slower clock. */
static void script(struct run *run, const struct model_image *image, bool repeat)
{
	struct chip *chip = run->pair->body.chip;
	struct repeat_totals before, after;

	pass_ms(run, 300);
	load_model(run, image);
	set_clock(run, run->hello.clock_count - 1);
	set_input(run, image, 1);
	before = repeat_totals(chip->repeat);
	measure(run, INFERENCES, 0, 0);
	after = repeat_totals(chip->repeat);
	if (repeat) {
		printf("%.1f %% of the first window's slices replayed\n",
		       100 * replayed_share(&before, &after));
		assert_true(replayed_share(&before, &after) > 0.5);
	}
	measure(run, INFERENCES / 2, 0, run->window_ms / 4);
	set_input(run, image, 2);
	measure(run, INFERENCES / 3, 0, 0);
	measure(run, INFERENCES, WIRE_RUN_LAYERS, 2 * run->window_ms);
	set_clock(run, 1);
	measure(run, 4, 0, 0);
	assert_true(run->output_crc32[0] == run->output_crc32[1]);
	assert_true(run->output_crc32[0] != run->output_crc32[2]);
	assert_true(run->output_crc32[2] == run->output_crc32[3]);
}

static void test_board(void **state)
{
	const struct board *board = *state;
	struct model_image *image = make_model(board);
	struct run runs[2];

	for (int repeat = 0; repeat < 2; repeat++) {
		run_open(&runs[repeat], board, repeat, "");
		script(&runs[repeat], image, repeat);
		run_close(&runs[repeat]);
	}
	printf("%s: %llu slices executed, %llu replayed, %llu recordings, %llu settled\n",
	       board->part, (unsigned long long)runs[1].totals.executed,
	       (unsigned long long)runs[1].totals.replayed,
	       (unsigned long long)runs[1].totals.recordings,
	       (unsigned long long)runs[1].totals.settled);
	assert_same_runs(&runs[0], &runs[1]);
	assert_true(runs[1].totals.settled > 0);
	for (int i = 0; i < 2; i++)
		run_free(&runs[i]);
	model_image_free(image);
}

/* A window whose weights read wrong is not the one before. */
static void test_flipped_output(void **state)
{
	static const char faults[] =
		", faults: [{fault: output-flip, probability: 0.5, count: 64}]";
	const struct board *board = *state;
	struct model_image *image = make_model(board);
	struct run runs[2];

	for (int repeat = 0; repeat < 2; repeat++) {
		struct run *run = &runs[repeat];

		run_open(run, board, repeat, faults);
		pass_ms(run, 300);
		load_model(run, image);
		set_clock(run, run->hello.clock_count - 1);
		for (int i = 0; i < 5; i++)
			measure(run, 6, 0, 0);
		run_close(run);
	}
	assert_same_runs(&runs[0], &runs[1]);
	assert_memory_equal(runs[0].output_crc32, runs[1].output_crc32,
			    sizeof(runs[0].output_crc32));
	for (int i = 1; i < 5; i++)
		if (runs[0].output_crc32[i] != runs[0].output_crc32[0])
			runs[0].windows = 0;
	assert_int_equal(runs[0].windows, 0); /* some were flipped, some not */
	for (int i = 0; i < 2; i++)
		run_free(&runs[i]);
	model_image_free(image);
}

static int make_models(void **state)
{
	char path[96];
	struct err err;

	(void)state;
	snprintf(path, sizeof(path), "%s/models", folder);
	return model_generate("ds-cnn", 3, 11, path, &err);
}

static int remove_models(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static bool has_firmware(void)
{
	char path[256];

	build = getenv("JOULEBENCH_BUILD");
	if (!build)
		build = "build";
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		snprintf(path, sizeof(path), "%s/firmware/%s.bin", build, boards[i].firmware);
		if (access(path, R_OK) == 0)
			continue;
		printf("skipped: no firmware %s (set JOULEBENCH_BUILD)\n", path);
		return false;
	}
	return true;
}

#define BOARD_TEST(function, index)                                                                \
	{                                                                                          \
#function " " #index, function, NULL, NULL, (void *)&boards[index]                 \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOARD_TEST(test_board, 0),          BOARD_TEST(test_board, 1),
		BOARD_TEST(test_board, 2),          BOARD_TEST(test_board, 3),
		BOARD_TEST(test_flipped_output, 0), BOARD_TEST(test_flipped_output, 3),
	};

	if (!has_firmware())
		return 77;
	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, make_models, remove_models);
}
