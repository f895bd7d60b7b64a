/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A virtual board whose firmware speaks MLPerf Tiny's protocol, with a model at the start of its
 * slot as a flasher would leave it: results equal the host's reference, the time the board tells
 * equals the virtual core's own count between the edges of line 0, and line 1 has an edge per
 * inference. All times here are modelled, none is measured.
 *
 * usage: rig_mlperf_tiny VIRTUAL_RIG FIRMWARE.bin FOLDER performance|energy MODEL.tflite...
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench/model/model.h"
#include "bench/session/virtual_board.h"
#include "drivers/dut/mlperf_tiny.h"
#include "firmware/wire/wire.h"

enum {
	SLOT_AT = 0x100000, /* from the start of the STM32L4R5's flash: firmware/ports/stm32l4r5 */
	INFERENCES = 5,
	WARMUPS = 2,
	INPUTS = 3,
	RUN_LIMIT_MS = 120000,
};

struct job {
	const char *rig, *firmware, *folder;
	enum mlperf_tiny_mode mode;
};

/* Edges since power-on, as the virtual core's counters had them. */
struct edges {
	unsigned rises_0, falls_0, edges_1, falls_2;
	uint64_t rise_0_cycles, fall_0_cycles; /* of the last window */
};

/* --- the flash -------------------------------------------------------------------------------- */

static int flash_write(const struct job *job, const struct model_image *image, const char *path,
		       struct err *err)
{
	FILE *from = fopen(job->firmware, "rb");
	FILE *to = fopen(path, "wb");
	uint8_t *flash = malloc(SLOT_AT);
	bool is_done = false;

	if (from && to && flash) {
		memset(flash, 0xFF, SLOT_AT);
		is_done = fread(flash, 1, SLOT_AT, from) > 0 && feof(from) &&
			  fwrite(flash, 1, SLOT_AT, to) == SLOT_AT &&
			  fwrite(image->bytes, 1, image->count, to) == image->count;
	}
	free(flash);
	if (from)
		fclose(from);
	if (to && fclose(to))
		is_done = false;
	return is_done ? 0 : err_set(err, -EIO, "%s from %s: not written", path, job->firmware);
}

/* --- the counts ------------------------------------------------------------------------------- */

static void edge_take(const json_t *object, struct edges *edges)
{
	json_int_t line = json_integer_value(json_object_get(object, "line"));
	bool level = json_is_true(json_object_get(object, "level"));
	uint64_t cycles = (uint64_t)json_integer_value(json_object_get(object, "cycles"));

	if (line == 0 && level) {
		edges->rises_0++;
		edges->rise_0_cycles = cycles;
		edges->edges_1 = 0;
	} else if (line == 0) {
		edges->falls_0++;
		edges->fall_0_cycles = cycles;
	} else if (line == 1) {
		edges->edges_1++;
	} else {
		edges->falls_2 += !level;
	}
}

static int edges_read(const char *path, struct edges *ret_edges, struct err *err)
{
	FILE *file = fopen(path, "r");
	json_t *object;

	memset(ret_edges, 0, sizeof(*ret_edges));
	if (!file)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	while ((object = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) {
		edge_take(object, ret_edges);
		json_decref(object);
	}
	fclose(file);
	return 0;
}

/* --- the board -------------------------------------------------------------------------------- */

static int output_compare(const struct model_image *image, const void *input,
			  const struct mlperf_tiny_results *results, struct err *err)
{
	uint32_t crc = 0, expected;
	bool exited;
	int rc = model_image_run(image, input, 128, &expected, NULL, &exited, err);

	if (rc)
		return rc;
	if (results->count != image->output_bytes || !results->are_integers)
		return err_set(err, -EPROTO, "%u results instead of %u bytes", results->count,
			       image->output_bytes);
	for (uint32_t i = 0; i < results->count; i++) {
		int8_t value = (int8_t)results->values[i];

		if (value != results->values[i])
			return err_set(err, -EPROTO, "result %u is no int8", i);
		crc = wire_crc32(crc, &value, 1);
	}
	if (crc != expected)
		return err_set(err, -EPROTO, "the output differs from the host's");
	return 0;
}

static int run_once(struct mlperf_tiny *dut, struct mlperf_tiny_run *ret_run, struct err *err)
{
	int64_t until_ns = link_now_ns() + RUN_LIMIT_MS * 1000000LL;
	int rc = mlperf_tiny_infer(dut, INFERENCES, WARMUPS, err);

	if (rc)
		return rc;
	do
		rc = mlperf_tiny_poll_infer(dut, 200, ret_run, err);
	while (rc == -EAGAIN && link_now_ns() < until_ns);
	return rc;
}

/* The rest of the counts may reach the file a moment after the board's last line. */
static int edges_await(const struct virtual_board *board, unsigned windows, struct edges *ret_edges,
		       struct err *err)
{
	int64_t until_ns = link_now_ns() + 5000000000LL;
	int rc;

	do
		rc = edges_read(board->counts, ret_edges, err);
	while (!rc && ret_edges->falls_0 < windows && link_now_ns() < until_ns);
	return rc;
}

static int edges_compare(const struct job *job, const struct edges *edges, unsigned windows,
			 const struct mlperf_tiny_run *run, uint64_t clock_hz, struct err *err)
{
	uint64_t cycles = edges->fall_0_cycles - edges->rise_0_cycles;
	double modelled_us = (double)cycles / (double)clock_hz * 1e6;
	bool is_energy = job->mode == MLPERF_TINY_ENERGY;

	if (edges->rises_0 != windows || edges->falls_0 != windows || edges->edges_1 != INFERENCES)
		return err_set(err, -EPROTO, "%u rises and %u falls of line 0, %u edges of line 1",
			       edges->rises_0, edges->falls_0, edges->edges_1);
	/* One at power-on, as any firmware of this protocol has it, two for each infer. */
	if (edges->falls_2 != (is_energy ? 1 + 2 * windows : 0))
		return err_set(err, -EPROTO, "%u falls of line 2", edges->falls_2);
	if (run->has_time == is_energy)
		return err_set(err, -EPROTO, "time stamps of the wrong mode");
	if (!is_energy && ((double)run->elapsed_us < modelled_us - 1.01 ||
			   (double)run->elapsed_us > modelled_us + 1.01))
		return err_set(err, -EPROTO, "the board told %" PRIu64 " us, modelled are %.3f us",
			       run->elapsed_us, modelled_us);
	printf("  %u inferences: %.3f us (modelled), output equals the host's\n", INFERENCES,
	       modelled_us);
	return 0;
}

static int inputs_run(const struct job *job, struct virtual_board *board, struct mlperf_tiny *dut,
		      const struct model_image *image, uint8_t *input, struct err *err)
{
	const uint64_t clock_hz = 120000000; /* m-clock-hz-120000000: the fastest level */
	struct mlperf_tiny_run run;
	struct edges edges;
	int rc = 0;

	for (unsigned i = 0; !rc && i < INPUTS; i++) {
		model_input_generate(i + 1, input, image->input_bytes);
		rc = mlperf_tiny_load(dut, input, image->input_bytes, err);
		rc = rc ? rc : run_once(dut, &run, err);
		rc = rc ? rc : output_compare(image, input, &run.results, err);
		rc = rc ? rc : edges_await(board, i + 1, &edges, err);
		rc = rc ? rc : edges_compare(job, &edges, i + 1, &run, clock_hz, err);
	}
	return rc;
}

static int refusals_check(struct mlperf_tiny *dut, const uint8_t *input, size_t input_bytes,
			  struct err *err)
{
	struct mlperf_tiny_lap lap;
	int rc = mlperf_tiny_load(dut, input, input_bytes + 1, err);

	if (rc != -EREMOTEIO)
		return err_set(err, -EPROTO, "an input that is too long was taken");
	return mlperf_tiny_timestamp(dut, &lap, err);
}

static int board_talk(const struct job *job, struct virtual_board *board,
		      const struct model_image *image, struct err *err)
{
	uint8_t *input = calloc(1, image->input_bytes + 1);
	struct mlperf_tiny *dut = NULL;
	struct mlperf_tiny_profile profile;
	char name[MLPERF_TINY_TEXT_MAX];
	int rc = mlperf_tiny_open(board->link, job->mode, &dut, err);

	rc = rc ? rc : mlperf_tiny_name(dut, name, err);
	rc = rc ? rc : mlperf_tiny_profile(dut, &profile, err);
	if (!rc)
		printf("%s on %s: %s\n", image->name, name, profile.model);
	rc = rc ? rc : inputs_run(job, board, dut, image, input, err);
	if (!rc && job->mode == MLPERF_TINY_PERFORMANCE)
		rc = refusals_check(dut, input, image->input_bytes, err);
	mlperf_tiny_close(dut);
	free(input);
	return rc;
}

static int model_run(const struct job *job, const char *path, struct err *err)
{
	const struct model_options options = {.kernel_set = IMAGE_KERNELS_ARMV7EM};
	struct model_image *image = NULL;
	struct virtual_board board;
	char flash[4096], words[400];
	int rc = model_image_build(path, &options, &image, err);

	snprintf(flash, sizeof(flash), "%s/flash.bin", job->folder);
	rc = rc ? rc : flash_write(job, image, flash, err);
	rc = rc ? rc : virtual_board_open(job->rig, "stm32l4r5", flash, &board, err);
	if (!rc) {
		rc = board_talk(job, &board, image, err);
		virtual_board_last_words(&board, words, sizeof(words));
		if (rc && words[0])
			err_context(err, rc, "%s", words);
		virtual_board_close(&board);
	}
	model_image_free(image);
	return rc;
}

int main(int argc, char **argv)
{
	struct err err = {""};
	struct job job;
	int rc = 0;

	if (argc < 6) {
		fprintf(stderr, "usage: rig_mlperf_tiny VIRTUAL_RIG FIRMWARE.bin FOLDER "
				"performance|energy MODEL.tflite...\n");
		return 2;
	}
	job = (struct job){argv[1], argv[2], argv[3],
			   strcmp(argv[4], "energy") ? MLPERF_TINY_PERFORMANCE
						     : MLPERF_TINY_ENERGY};
	for (int i = 5; !rc && i < argc; i++)
		rc = model_run(&job, argv[i], &err);
	if (rc)
		fprintf(stderr, "rig_mlperf_tiny: %s\n", err.text);
	return rc != 0;
}
