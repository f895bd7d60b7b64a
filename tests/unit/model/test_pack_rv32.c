/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Real models with the RV32 kernels against TensorFlow Lite Micro's results: CRC-32 of every
 * operator's output and of the model's output, for every recorded input. The files are third-party
 * data and not part of the project: JOULEBENCH_MODELS, by default ../shared/models, or the test is
 * skipped.
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

static const char *folder(void)
{
	const char *set = getenv("JOULEBENCH_MODELS");

	return set ? set : "../shared/models";
}

static const char *path_of(const char *name, const char *suffix)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s%s", folder(), name, suffix);
	return path;
}

/* Vectors one after the other behind three words: "GINP", how many, bytes of each. */
static uint8_t *inputs_read(const char *name, uint32_t head[3])
{
	FILE *file = fopen(path_of(name, ".inputs.bin"), "rb");
	uint8_t *bytes;

	assert_non_null(file);
	assert_int_equal(fread(head, 4, 3, file), 3);
	bytes = malloc((size_t)head[1] * head[2]);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, head[2], head[1], file), head[1]);
	fclose(file);
	return bytes;
}

/* Index of the image's operator that leaves the file's operator's output; op_count: none does. */
static uint32_t op_find(const struct model_image *image, unsigned layer)
{
	const struct image_header *header = (const struct image_header *)(void *)image->bytes;
	uint32_t i = 0;

	while (i < header->op_count && image_ops(header)[i].layer != layer)
		i++;
	return i;
}

/* Returns 1 where the line holds a CRC of this vector. */
static unsigned line_check(const struct model_image *image, const char *line, unsigned vector,
			   uint32_t output, const uint32_t *layers)
{
	unsigned k, op, tensor, bytes, crc;
	uint32_t index;

	if (sscanf(line, "layer %u %u %u %u %x", &k, &op, &tensor, &bytes, &crc) == 5 &&
	    k == vector) {
		index = op_find(image, op);
		if (index == image->op_count)
			return 0;
		if (layers[index] != crc)
			print_error("vector %u operator %u\n", k, op);
		assert_int_equal(layers[index], crc);
		return 1;
	}
	if (sscanf(line, "output %u %u %u %x", &k, &op, &bytes, &crc) == 4 && k == vector) {
		assert_int_equal(output, crc);
		return 1;
	}
	return 0;
}

static void vector_check(const char *name, const struct model_image *image, const uint8_t *input,
			 unsigned vector)
{
	uint32_t output = 0, layers[IMAGE_OPS_MAX] = {0};
	FILE *golden = fopen(path_of(name, ".golden.txt"), "r");
	static char line[40000];
	unsigned compared = 0;
	struct err err = {0};
	bool exited;

	assert_non_null(golden);
	assert_int_equal(model_image_run(image, input, 128, &output, layers, &exited, &err), 0);
	while (fgets(line, sizeof(line), golden))
		compared += line_check(image, line, vector, output, layers);
	fclose(golden);
	assert_int_equal(compared, image->op_count + 1);
}

/* Operators that stay portable are of kinds the set does not have. */
static uint32_t fast_ops(const struct model_image *image)
{
	const struct image_header *header = (const struct image_header *)(void *)image->bytes;
	const struct image_op *ops = image_ops(header);
	uint32_t count = 0;

	for (uint32_t i = 0; i < header->op_count; i++) {
		bool portable = ops[i].kind == IMAGE_RESHAPE || ops[i].kind == IMAGE_SOFTMAX;

		assert_int_equal(ops[i].kernel_set,
				 portable ? IMAGE_KERNELS_PORTABLE : IMAGE_KERNELS_RV32);
		count += !portable;
	}
	return count;
}

static void model_check(const char *name)
{
	const struct model_options options = {.kernel_set = IMAGE_KERNELS_RV32};
	struct model_image *image = NULL;
	struct err err = {0};
	uint32_t head[3];
	uint8_t *inputs;

	if (model_image_build(path_of(name, ".tflite"), &options, &image, &err))
		print_error("%s\n", err.text);
	assert_non_null(image);
	assert_true(fast_ops(image) > 0);
	inputs = inputs_read(name, head);
	assert_int_equal(head[2], image->input_bytes);
	for (unsigned i = 0; i < head[1]; i++)
		vector_check(name, image, inputs + (size_t)i * head[2], i);
	print_message("%s: %u vectors, image %zu bytes, arena %u bytes\n", name, head[1],
		      image->count, image->arena_bytes);
	free(inputs);
	model_image_free(image);
}

static void test_models(void **state)
{
	static const char *const names[] = {
		"kws_ref_model",          "ad01_int8",
		"pretrainedResnet_quant", "vww_96_int8",
		"micro_speech_quantized", "hello_world_int8",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		model_check(names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_models)};

	if (access(path_of("kws_ref_model", ".tflite"), R_OK)) {
		printf("skipped: no models in %s\n", folder());
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
