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
#include "firmware/runtime/runtime.h"
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

/* What one vector gives. */
struct result {
	uint32_t layers[IMAGE_OPS_MAX]; /* by operator of the file */
	bool in_image[IMAGE_OPS_MAX];
	uint8_t *raw; /* all outputs as the file has them */
	int8_t *input;
};

static size_t raw_bytes(const struct model_edge *edge)
{
	return (size_t)edge->elements * (edge->is_float ? 4 : 1);
}

/* An operator that the image lacks is a QUANTIZE or DEQUANTIZE, which the host does: the bytes of
 * one of its converted inputs or outputs. */
static bool edge_has(const struct model_image *image, const struct result *result, unsigned bytes,
		     uint32_t crc)
{
	const int8_t *input = result->input;
	const uint8_t *raw = result->raw;
	bool has = false;

	for (uint32_t i = 0; i < image->inputs.count; i++) {
		const struct model_edge *edge = &image->inputs.edges[i];

		has |= edge->is_float && bytes == edge->elements &&
		       crc == wire_crc32(0, input, bytes);
		input += edge->elements;
	}
	for (uint32_t i = 0; i < image->outputs.count; i++) {
		const struct model_edge *edge = &image->outputs.edges[i];

		has |= edge->is_float && bytes == raw_bytes(edge) &&
		       crc == wire_crc32(0, raw, bytes);
		raw += raw_bytes(edge);
	}
	return has;
}

static uint32_t output_crc32(const struct model_image *image, const struct result *result,
			     unsigned index)
{
	const uint8_t *raw = result->raw;

	for (unsigned i = 0; i < index; i++)
		raw += raw_bytes(&image->outputs.edges[i]);
	return wire_crc32(0, raw, raw_bytes(&image->outputs.edges[index]));
}

/* Compares one line of the golden file; counts what it compared. */
static void line_check(const char *line, const struct model_image *image,
		       const struct inputs *inputs, const struct result *result, unsigned vector,
		       unsigned *compared)
{
	unsigned k, op, tensor, bytes, crc;

	if (sscanf(line, "input %u %u %x", &k, &bytes, &crc) == 3 && k == vector) {
		assert_int_equal(bytes, inputs->vector_bytes);
		assert_int_equal(crc, wire_crc32(0, inputs->bytes + (size_t)k * bytes, bytes));
	} else if (sscanf(line, "layer %u %u %u %u %x", &k, &op, &tensor, &bytes, &crc) == 5 &&
		   k == vector) {
		bool equal = result->in_image[op] ? result->layers[op] == crc
						  : edge_has(image, result, bytes, crc);

		if (!equal)
			print_error("vector %u operator %u\n", k, op);
		assert_true(equal);
		++*compared;
	} else if (sscanf(line, "output %u %u %u %x", &k, &op, &bytes, &crc) == 4 && k == vector) {
		assert_in_range(op, 0, image->outputs.count - 1);
		assert_int_equal(output_crc32(image, result, op), crc);
		++*compared;
	}
}

struct keep {
	struct result *result;
	const struct image_op *ops;
};

static void layer_keep(void *context, uint32_t op_index, const void *bytes, uint32_t count)
{
	struct keep *keep = context;
	uint16_t layer = keep->ops[op_index].layer;

	keep->result->layers[layer] = wire_crc32(0, bytes, count);
	keep->result->in_image[layer] = true;
}

/* One inference with every byte of its outputs. */
static void vector_run(const struct model_image *image, const uint8_t *raw, struct result *result)
{
	struct keep keep = {result, image_ops((const struct image_header *)image->bytes)};
	uint8_t *arena = aligned_alloc(IMAGE_ALIGN, image->arena_bytes);
	int8_t *output = malloc(image->output_bytes);
	struct runtime runtime;

	result->input = malloc(image->input_bytes);
	result->raw = malloc(image->raw_output_bytes);
	assert_true(arena && output && result->input && result->raw);
	memset(arena, 0x55, image->arena_bytes);
	model_input_quantise(image, raw, result->input);
	assert_int_equal(runtime_open(&runtime, image->bytes, (uint32_t)image->count, arena,
				      image->arena_bytes),
			 RUNTIME_OK);
	runtime_write_input(&runtime, 0, result->input, runtime.input_bytes);
	runtime_invoke(&runtime, layer_keep, &keep);
	runtime_read_output(&runtime, 0, output, runtime.output_bytes);
	model_output_dequantise(image, output, result->raw);
	free(output);
	free(arena);
}

/* What model_image_run() says of the same inference. */
static void run_check(const struct model_image *image, const struct result *result)
{
	const struct image_op *ops = image_ops((const struct image_header *)image->bytes);
	uint32_t output = 0, layers[IMAGE_OPS_MAX] = {0};
	struct err err = {0};
	bool exited;

	assert_int_equal(model_image_run(image, result->input, 128, &output, layers, &exited, &err),
			 0);
	for (uint32_t i = 0; i < image->op_count; i++)
		assert_int_equal(layers[i], result->layers[ops[i].layer]);
}

static void vector_check(const char *name, const struct model_image *image,
			 const struct inputs *inputs, unsigned vector)
{
	FILE *golden = fopen(path_of(name, ".golden.txt"), "r");
	static char line[40000];
	struct result result = {0};
	unsigned compared = 0, edges = 0;

	assert_non_null(golden);
	vector_run(image, inputs->bytes + (size_t)vector * inputs->vector_bytes, &result);
	run_check(image, &result);
	while (fgets(line, sizeof(line), golden))
		line_check(line, image, inputs, &result, vector, &compared);
	fclose(golden);
	for (uint32_t i = 0; i < image->inputs.count; i++)
		edges += image->inputs.edges[i].is_float;
	for (uint32_t i = 0; i < image->outputs.count; i++)
		edges += image->outputs.edges[i].is_float;
	assert_int_equal(compared, image->op_count + edges + image->outputs.count);
	free(result.input);
	free(result.raw);
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

/* As it runs on a board, operators fused away: no more arena than TensorFlow Lite Micro asks for
 * with its reference kernels. */
static void arena_check(const char *name, uint32_t tflm_bytes)
{
	const struct model_options fusing = {.kernel_set = IMAGE_KERNELS_PORTABLE,
					     .eliminate = true};
	struct model_image *image = NULL;
	struct err err = {0};

	assert_int_equal(model_image_build(path_of(name, ".tflite"), &fusing, &image, &err), 0);
	assert_in_range(image->arena_bytes, 1, tflm_bytes);
	model_image_free(image);
}

static void model_check(const char *name, uint64_t macs, uint64_t params, uint32_t tflm_bytes)
{
	struct model_image *image = NULL;
	struct err err = {0};
	struct inputs inputs;

	if (model_image_build(path_of(name, ".tflite"), &model_options_portable, &image, &err))
		print_error("%s\n", err.text);
	assert_non_null(image);
	inputs = inputs_read(name);
	assert_int_equal(inputs.vector_bytes, image->raw_input_bytes);
	assert_int_equal(image->macs, macs);
	assert_int_equal(image->params, params);
	sha256_check(name, image);
	for (unsigned i = 0; i < inputs.count; i++)
		vector_check(name, image, &inputs, i);
	print_message("%s: %u vectors, image %zu bytes, arena %u bytes\n", name, inputs.count,
		      image->count, image->arena_bytes);
	free(inputs.bytes);
	model_image_free(image);
	arena_check(name, tflm_bytes);
}

/* MACs and parameters: OPS.txt beside the models. Arena: TensorFlow Lite Micro on a Cortex-M4. */
static void test_kws(void **state)
{
	(void)state;
	model_check("kws_ref_model", 2656768, 22604, 22772);
}

static void test_ad(void **state)
{
	(void)state;
	model_check("ad01_int8", 264192, 265864, 2260);
}

static void test_resnet(void **state)
{
	(void)state;
	model_check("pretrainedResnet_quant", 12501632, 77706, 54340);
}

static void test_vww(void **state)
{
	(void)state;
	model_check("vww_96_int8", 7489664, 210850, 100660);
}

static void test_micro_speech(void **state)
{
	(void)state;
	model_check("micro_speech_quantized", 336000, 16652, 6788);
}

static void test_hello_world(void **state)
{
	(void)state;
	model_check("hello_world_int8", 288, 321, 676);
}

static void test_mcunet(void **state)
{
	(void)state;
	model_check("mcunet_detection", 18296320, 163494, 379936);
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
	refused("keyword_scrambled_8bit", ": operator 1 (SVDF) is not supported");
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
		cmocka_unit_test(test_mcunet),
		cmocka_unit_test(test_refused_by_name),
		cmocka_unit_test(test_generated_input),
	};

	if (access(path_of("kws_ref_model", ".tflite"), R_OK)) {
		printf("skipped: no models in %s\n", folder());
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
