/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Real models with the Armv7E-M kernels, in C on the host, against TensorFlow Lite Micro's results:
 * CRC-32 of every operator's output, for every recorded input. The files: see test_golden.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/model/model.h"
#include "firmware/image/image.h"

static const struct {
	const char *name;
	uint32_t portable_most; /* operators left to the portable set: SOFTMAX */
} models[] = {
	{"kws_ref_model", 1}, {"ad01_int8", 0},        {"pretrainedResnet_quant", 1},
	{"vww_96_int8", 1},   {"hello_world_int8", 0}, {"micro_speech_quantized", 1},
};

static const char *path_of(const char *name, const char *suffix)
{
	static char path[512];
	const char *set = getenv("JOULEBENCH_MODELS");

	snprintf(path, sizeof(path), "%s/%s%s", set ? set : "../shared/models", name, suffix);
	return path;
}

/* "GINP", number of vectors, bytes of one, the vectors */
static uint8_t *inputs_read(const char *name, uint32_t bytes, uint32_t *ret_count)
{
	FILE *file = fopen(path_of(name, ".inputs.bin"), "rb");
	uint32_t head[3];
	uint8_t *inputs;

	assert_non_null(file);
	assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
	assert_int_equal(head[2], bytes);
	inputs = malloc((size_t)head[1] * bytes);
	assert_non_null(inputs);
	assert_int_equal(fread(inputs, bytes, head[1], file), head[1]);
	fclose(file);
	*ret_count = head[1];
	return inputs;
}

/* The image's operator that leaves the output of operator layer of the file; op_count: none does.
 */
static uint32_t op_of_layer(const struct model_image *image, uint32_t layer)
{
	const struct image_op *ops = image_ops((const struct image_header *)image->bytes);
	uint32_t i = 0;

	while (i < image->op_count && ops[i].layer != layer)
		i++;
	return i;
}

static void vector_check(const char *name, const struct model_image *image, const uint8_t *input,
			 unsigned vector)
{
	uint32_t output = 0, layers[IMAGE_OPS_MAX] = {0};
	FILE *golden = fopen(path_of(name, ".golden.txt"), "r");
	unsigned compared = 0, k, op, tensor, bytes, crc;
	static char line[40000];
	struct err err = {0};
	bool exited;

	assert_non_null(golden);
	assert_int_equal(model_image_run(image, input, 128, &output, layers, &exited, &err), 0);
	while (fgets(line, sizeof(line), golden)) {
		if (sscanf(line, "layer %u %u %u %u %x", &k, &op, &tensor, &bytes, &crc) != 5 ||
		    k != vector || op_of_layer(image, op) == image->op_count)
			continue;
		if (layers[op_of_layer(image, op)] != crc)
			fail_msg("%s: vector %u operator %u", name, vector, op);
		compared++;
	}
	fclose(golden);
	assert_int_equal(compared, image->op_count);
}

static uint32_t portable_count(const struct model_image *image)
{
	const struct image_op *ops = image_ops((const struct image_header *)image->bytes);
	uint32_t count = 0;

	for (uint32_t i = 0; i < image->op_count; i++)
		count += ops[i].kernel_set == IMAGE_KERNELS_PORTABLE;
	return count;
}

static void test_models(void **state)
{
	const struct model_options options = {.kernel_set = IMAGE_KERNELS_ARMV7EM};

	(void)state;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct model_image *image = NULL;
		struct err err = {0};
		uint8_t *inputs;
		uint32_t count;

		assert_int_equal(model_image_build(path_of(models[i].name, ".tflite"), &options,
						   &image, &err),
				 0);
		inputs = inputs_read(models[i].name, image->input_bytes, &count);
		for (uint32_t k = 0; k < count; k++)
			vector_check(models[i].name, image, inputs + (size_t)k * image->input_bytes,
				     k);
		print_message("%s: %u vectors, image %zu bytes, arena %u bytes\n", models[i].name,
			      count, image->count, image->arena_bytes);
		assert_true(portable_count(image) <= models[i].portable_most);
		free(inputs);
		model_image_free(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_models)};

	if (access(path_of(models[0].name, ".tflite"), R_OK)) {
		printf("skipped: no models\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
