/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs models on a virtual board alone and compares every operator's CRC-32 and every output with
 * the golden files beside the models, for every recorded input.
 *
 * usage: rig_golden VIRTUAL_RIG CHIP FIRMWARE.bin KERNELS MODEL.tflite...
 *
 * Prints one line per model. A model that does not fit the board is told so, and is no failure: the
 * caller knows which may not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/model.h"
#include "bench/session/virtual_board.h"
#include "drivers/dut/dut.h"

enum { CHECK_TIMEOUT_MS = 600000, TOO_LARGE = 1 };

struct tally {
	unsigned layers, outputs, fused, wrong;
};

struct vector {
	const struct model_image *image;
	uint32_t index;
	struct wire_check_reply check;
	uint8_t *raw_output;
	size_t raw_at; /* outputs come in order */
};

static void beside(const char *model_path, const char *suffix, char *path, size_t size)
{
	int stem = (int)(strlen(model_path) - strlen(".tflite"));

	snprintf(path, size, "%.*s%s", stem, model_path, suffix);
}

/* The image's operator that leaves this layer's output; op_count: it is fused into another, or done
 * on the host. */
static uint32_t op_find(const struct model_image *image, unsigned layer)
{
	const struct image_op *ops = image_ops((const struct image_header *)image->bytes);
	uint32_t i = 0;

	while (i < image->op_count && ops[i].layer != layer)
		i++;
	return i;
}

static void compare_line(const char *line, struct vector *vector, struct tally *tally)
{
	unsigned k, op, tensor, bytes, crc;
	bool same;

	if (sscanf(line, "layer %u %u %u %u %x", &k, &op, &tensor, &bytes, &crc) == 5 &&
	    k == vector->index) {
		uint32_t at = op_find(vector->image, op);

		if (at == vector->image->op_count) {
			tally->fused++;
			return;
		}
		same = at < vector->check.layer_count && vector->check.layer_crc32[at] == crc;
		tally->layers++;
	} else if (sscanf(line, "output %u %u %u %x", &k, &op, &bytes, &crc) == 4 &&
		   k == vector->index) {
		same = vector->raw_at + bytes <= vector->image->raw_output_bytes &&
		       wire_crc32(0, vector->raw_output + vector->raw_at, bytes) == crc;
		vector->raw_at += bytes;
		tally->outputs++;
	} else {
		return;
	}
	if (!same) {
		printf("differs from: %.60s\n", line);
		tally->wrong++;
	}
}

static int compare_file(const char *path, struct vector *vector, struct tally *tally,
			struct err *err)
{
	static char line[1 << 20];
	FILE *stream = fopen(path, "r");

	if (!stream)
		return err_set(err, -1, "%s: cannot be read", path);
	vector->raw_at = 0;
	while (fgets(line, sizeof(line), stream))
		compare_line(line, vector, tally);
	fclose(stream);
	return 0;
}

static int run_vector(struct dut *dut, const uint8_t *raw_input, struct vector *vector,
		      struct err *err)
{
	const struct model_image *image = vector->image;
	uint8_t *input = malloc(image->input_bytes), *output = malloc(image->output_bytes);
	int ret = input && output ? 0 : err_set(err, -1, "out of memory");

	if (!ret) {
		model_input_quantise(image, raw_input, input);
		ret = dut_set_input(dut, input, image->input_bytes, err);
	}
	if (!ret)
		ret = dut_check(dut, CHECK_TIMEOUT_MS, &vector->check, err);
	if (!ret)
		ret = dut_read_output(dut, output, image->output_bytes, err);
	if (!ret)
		model_output_dequantise(image, output, vector->raw_output);
	free(input);
	free(output);
	return ret;
}

static int run_vectors(struct dut *dut, const struct model_image *image, const char *model_path,
		       struct tally *tally, struct err *err)
{
	char inputs_path[4096], golden_path[4096];
	uint8_t *input = malloc(image->raw_input_bytes);
	struct vector vector = {.image = image, .raw_output = malloc(image->raw_output_bytes)};
	uint32_t head[3];
	FILE *stream;
	int ret = 0;

	beside(model_path, ".inputs.bin", inputs_path, sizeof(inputs_path));
	beside(model_path, ".golden.txt", golden_path, sizeof(golden_path));
	stream = fopen(inputs_path, "rb");
	if (!stream || fread(head, 1, sizeof(head), stream) != sizeof(head) ||
	    memcmp(head, "GINP", 4) || head[2] != image->raw_input_bytes)
		ret = err_set(err, -1, "%s: not the inputs of this model", inputs_path);
	for (; !ret && vector.index < head[1]; vector.index++) {
		if (fread(input, 1, head[2], stream) != head[2])
			ret = err_set(err, -1, "%s: cut off", inputs_path);
		if (!ret)
			ret = run_vector(dut, input, &vector, err);
		if (!ret)
			ret = compare_file(golden_path, &vector, tally, err);
	}
	if (stream)
		fclose(stream);
	free(input);
	free(vector.raw_output);
	return ret;
}

static int load(struct dut *dut, const struct model_image *image, struct err *err)
{
	struct wire_hello_reply hello;
	struct wire_clock_reply clock;
	int ret = dut_hello(dut, &hello, err);

	if (!ret && (image->arena_bytes > hello.arena_bytes || image->count > hello.slot_bytes)) {
		printf("%s: does not fit: arena %u of %u bytes, image %zu of %u bytes\n",
		       image->name, image->arena_bytes, hello.arena_bytes, image->count,
		       hello.slot_bytes);
		return TOO_LARGE;
	}
	if (!ret)
		ret = dut_set_clock(dut, hello.clock_hz[hello.clock_count - 1], &clock, err);
	return ret ? ret : dut_load_image(dut, image->bytes, image->count, image->crc32, err);
}

static int run_model(struct dut *dut, const char *path, enum image_kernel_set set, struct err *err)
{
	const struct model_options options = {.kernel_set = set};
	struct tally tally = {0};
	struct model_image *image;
	int ret = model_image_build(path, &options, &image, err);

	if (ret)
		return ret;
	ret = load(dut, image, err);
	if (!ret)
		ret = run_vectors(dut, image, path, &tally, err);
	if (!ret)
		printf("%s: %u layers and %u outputs equal, %u layers fused, %u differ\n",
		       image->name, tally.layers, tally.outputs, tally.fused, tally.wrong);
	if (!ret && (tally.wrong || !tally.layers || !tally.outputs))
		ret = err_set(err, -1, "%s: not equal to the golden vectors", path);
	model_image_free(image);
	fflush(stdout);
	return ret == TOO_LARGE ? 0 : ret;
}

static int run_models(char **arguments, int count, struct err *err)
{
	enum image_kernel_set set;
	struct virtual_board board;
	struct dut *dut = NULL;
	int ret = model_kernel_set_find(arguments[3], &set, err);

	if (ret)
		return ret;
	ret = virtual_board_open(arguments[0], arguments[1], arguments[2], &board, err);
	if (ret)
		return ret;
	ret = dut_open(board.link, &dut, err);
	for (int i = 4; !ret && i < count; i++)
		ret = run_model(dut, arguments[i], set, err);
	dut_close(dut);
	virtual_board_close(&board);
	return ret;
}

int main(int argc, char **argv)
{
	struct err err = {""};

	if (argc < 6) {
		fprintf(stderr, "usage: rig_golden VIRTUAL_RIG CHIP FIRMWARE.bin KERNELS "
				"MODEL.tflite...\n");
		return 2;
	}
	if (!run_models(argv + 1, argc - 1, &err))
		return 0;
	fprintf(stderr, "rig_golden: %s\n", err.text);
	return 1;
}
