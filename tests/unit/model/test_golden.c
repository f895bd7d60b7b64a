/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Real models against TensorFlow Lite Micro's results: CRC-32 of every operator's output and of the
 * model's output, for every recorded input. The files are third-party data and not part of the
 * project: JOULEBENCH_MODELS, by default ../shared/models, or the test is skipped.
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
#include "firmware/wire/wire.h"

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

struct inputs {
	uint8_t *bytes; /* vectors one after the other */
	uint32_t count, vector_bytes;
};

static struct inputs inputs_read(const char *name)
{
	FILE *file = fopen(path_of(name, ".inputs.bin"), "rb");
	struct inputs inputs;
	uint32_t head[3];

	assert_non_null(file);
	assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
	assert_memory_equal(head, "GINP", 4);
	inputs.count = head[1];
	inputs.vector_bytes = head[2];
	inputs.bytes = malloc((size_t)inputs.count * inputs.vector_bytes);
	assert_non_null(inputs.bytes);
	assert_int_equal(fread(inputs.bytes, inputs.vector_bytes, inputs.count, file),
			 inputs.count);
	fclose(file);
	return inputs;
}

/* Compares one line of the golden file; counts what it compared. */
static void line_check(const char *line, const struct inputs *inputs, uint32_t output,
		       const uint32_t *layers, unsigned vector, unsigned *compared)
{
	unsigned k, op, tensor, bytes, crc;

	if (sscanf(line, "input %u %u %x", &k, &bytes, &crc) == 3 && k == vector) {
		assert_int_equal(bytes, inputs->vector_bytes);
		assert_int_equal(crc, wire_crc32(0, inputs->bytes + (size_t)k * bytes, bytes));
	} else if (sscanf(line, "layer %u %u %u %u %x", &k, &op, &tensor, &bytes, &crc) == 5 &&
		   k == vector) {
		if (layers[op] != crc)
			print_error("vector %u operator %u\n", k, op);
		assert_int_equal(layers[op], crc);
		++*compared;
	} else if (sscanf(line, "output %u %u %u %x", &k, &op, &bytes, &crc) == 4 && k == vector) {
		assert_int_equal(output, crc);
		++*compared;
	}
}

static void vector_check(const char *name, const struct model_image *image,
			 const struct inputs *inputs, unsigned vector)
{
	uint32_t output = 0, layers[IMAGE_OPS_MAX] = {0};
	FILE *golden = fopen(path_of(name, ".golden.txt"), "r");
	static char line[40000];
	unsigned compared = 0;
	struct err err = {0};
	bool exited;

	assert_non_null(golden);
	assert_int_equal(model_image_run(image,
					 inputs->bytes + (size_t)vector * inputs->vector_bytes, 128,
					 &output, layers, &exited, &err),
			 0);
	while (fgets(line, sizeof(line), golden))
		line_check(line, inputs, output, layers, vector, &compared);
	fclose(golden);
	assert_int_equal(compared, image->op_count + 1);
}

static void sha256_check(const char *name, const struct model_image *image)
{
	FILE *golden = fopen(path_of(name, ".golden.txt"), "r");
	char file[128], hex[65];

	assert_non_null(golden);
	assert_int_equal(fscanf(golden, "model %127s %64s", file, hex), 2);
	fclose(golden);
	assert_string_equal(image->sha256, hex);
	assert_string_equal(image->name, name);
}

static void model_check(const char *name, uint64_t macs, uint64_t params)
{
	struct model_image *image = NULL;
	struct err err = {0};
	struct inputs inputs;

	if (model_image_build(path_of(name, ".tflite"), &model_options_portable, &image, &err))
		print_error("%s\n", err.text);
	assert_non_null(image);
	inputs = inputs_read(name);
	assert_int_equal(inputs.vector_bytes, image->input_bytes);
	assert_int_equal(image->macs, macs);
	assert_int_equal(image->params, params);
	sha256_check(name, image);
	for (unsigned i = 0; i < inputs.count; i++)
		vector_check(name, image, &inputs, i);
	print_message("%s: %u vectors, image %zu bytes, arena %u bytes\n", name, inputs.count,
		      image->count, image->arena_bytes);
	free(inputs.bytes);
	model_image_free(image);
}

/* MACs and parameters: OPS.txt beside the models. */
static void test_kws(void **state)
{
	(void)state;
	model_check("kws_ref_model", 2656768, 22604);
}

static void test_ad(void **state)
{
	(void)state;
	model_check("ad01_int8", 264192, 265864);
}

static void test_resnet(void **state)
{
	(void)state;
	model_check("pretrainedResnet_quant", 12501632, 77706);
}

static void test_vww(void **state)
{
	(void)state;
	model_check("vww_96_int8", 7489664, 210850);
}

static void test_micro_speech(void **state)
{
	(void)state;
	model_check("micro_speech_quantized", 336000, 16652);
}

static void test_hello_world(void **state)
{
	(void)state;
	model_check("hello_world_int8", 288, 321);
}

static void refused(const char *name, const char *sentence)
{
	struct model_image *image = NULL;
	struct err err = {0};

	assert_int_equal(
		model_image_build(path_of(name, ".tflite"), &model_options_portable, &image, &err),
		-22);
	assert_null(image);
	assert_non_null(strstr(err.text, path_of(name, ".tflite")));
	if (!strstr(err.text, sentence))
		print_error("%s\n", err.text);
	assert_non_null(strstr(err.text, sentence));
}

static void test_refused_by_name(void **state)
{
	(void)state;
	refused("keyword_scrambled_8bit",
		"operator 0 (QUANTIZE), operator 1 (SVDF) are not supported");
	refused("mcunet_detection", "operator 1 (PAD)");
	refused("mcunet_detection", "(RESIZE_NEAREST_NEIGHBOR)");
}

/* The recorded vector 0 is the same generator with seed 0x5EED0000. */
static void test_generated_input(void **state)
{
	struct inputs inputs = inputs_read("kws_ref_model");
	uint8_t bytes[490];

	(void)state;
	assert_int_equal(inputs.vector_bytes, sizeof(bytes));
	model_input_generate(0x5EED0000, bytes, sizeof(bytes));
	assert_memory_equal(bytes, inputs.bytes, sizeof(bytes));
	free(inputs.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kws),
		cmocka_unit_test(test_ad),
		cmocka_unit_test(test_resnet),
		cmocka_unit_test(test_vww),
		cmocka_unit_test(test_micro_speech),
		cmocka_unit_test(test_hello_world),
		cmocka_unit_test(test_refused_by_name),
		cmocka_unit_test(test_generated_input),
	};

	if (access(path_of("kws_ref_model", ".tflite"), R_OK)) {
		printf("skipped: no models in %s\n", folder());
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
