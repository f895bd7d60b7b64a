/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the reader and the compiler refuse of MUL, MEAN, PAD, CONCATENATION,
 * RESIZE_NEAREST_NEIGHBOR, TRANSPOSE, QUANTIZE and DEQUANTIZE: each a valid network with one thing
 * changed, and the sentence that says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/model/net_run.h"

/* In every network: tensors 0 (input), 1 (second input or the constant), 2 (output). */
static struct net net;
static int32_t constant[8];
static int8_t pad_value;

static void two_images(int32_t h, int32_t w, int32_t c)
{
	net = (struct net){0};
	pad_value = 4;
	net.inputs[net.input_count++] = net_image(&net, 1, 4, 4, 2, 0.5f, 4);
	net_image(&net, 1, 4, 4, 2, 0.5f, 4);
	net.outputs[net.output_count++] = net_image(&net, 1, h, w, c, 0.5f, 4);
}

/* Tensor 1 becomes the constant. */
static void constant_set(const int32_t *values, int32_t count)
{
	net.tensors[1] = (struct net_tensor){.type = NET_INT32,
					     .rank = 1,
					     .shape = {count},
					     .data = constant,
					     .bytes = (uint32_t)count * 4};
	memcpy(constant, values, (size_t)count * 4);
}

static void op_two(int32_t builtin, unsigned options)
{
	struct net_op *op = net_op(&net, builtin, options, 2);

	net_input(op, 0);
	net_input(op, 1);
}

static void mul_make(void)
{
	two_images(4, 4, 2);
	net.inputs[net.input_count++] = 1;
	op_two(NET_MUL, 21);
}

static void mean_make(void)
{
	two_images(1, 1, 2);
	constant_set((const int32_t[]){1, 2}, 2);
	op_two(NET_MEAN, 27);
	net_option(&net.ops[0], 0, 1, 1);
}

static void pad_make(void)
{
	two_images(7, 5, 2);
	constant_set((const int32_t[]){0, 0, 1, 2, 0, 1, 0, 0}, 8);
	op_two(NET_PAD, 22);
}

static void padv2_make(void)
{
	const int32_t one = 1;

	pad_make();
	net.ops[0].builtin = NET_PADV2;
	net.ops[0].options_type = 43;
	net_input(&net.ops[0], net_tensor(&net, 1, &one, 0.5f, 4));
	net.tensors[3].data = &pad_value;
	net.tensors[3].bytes = 1;
}

static void concatenation_make(void)
{
	two_images(4, 4, 4);
	net.inputs[net.input_count++] = 1;
	op_two(NET_CONCATENATION, 10);
	net_option(&net.ops[0], 0, 4, 3);
	net_option(&net.ops[0], 1, 1, 0);
}

static void resize_make(void)
{
	two_images(8, 6, 2);
	constant_set((const int32_t[]){8, 6}, 2);
	op_two(NET_RESIZE, 74);
}

static void transpose_make(void)
{
	two_images(2, 4, 4);
	constant_set((const int32_t[]){0, 3, 1, 2}, 4);
	op_two(NET_TRANSPOSE, 26);
}

/* float32 -> int8 (PAD) -> float32 */
static void edges_make(void)
{
	pad_make();
	for (int i = 0; i < 2; i++) {
		int32_t index = net_image(&net, 1, i ? 7 : 4, i ? 5 : 4, 2, 0, 0);

		net.tensors[index].type = NET_FLOAT32;
		net.tensors[index].scale_count = 0;
	}
	net.ops[1] = net.ops[0];
	net.op_count = 2;
	net.ops[0] = (struct net_op){
		.builtin = NET_QUANTIZE, .inputs = {3}, .input_count = 1, .output = 0};
	net_input(net_op(&net, NET_DEQUANTIZE, 0, 4), 2);
	net.inputs[0] = 3;
	net.outputs[0] = 4;
}

struct refusal {
	void (*make)(void);
	int32_t *what; /* set to this, */
	int32_t to;
	const char *sentence;
	float *scale; /* or this scale to that */
	float scale_to;
};

#define T(i)     net.tensors[i]
#define SCALE(i) .scale = &net.tensors[i].scales[0], .scale_to

static const struct refusal refusals[] = {
	{mul_make, &T(1).shape[3], 3,
	 "operator 0 (MUL): second input: neither the first one's shape nor repeated to it"},
	{mul_make, &T(2).shape[1], 1, "operator 0 (MUL): output: dimension: 1 where 4 is expected"},
	{mul_make, &T(1).type, NET_INT32,
	 "operator 0 (MUL): second input: int32 where int8 is expected"},
	{mul_make, .sentence = "operator 0 (MUL): output scale is too small for the inputs'",
	 SCALE(2) = 1e-6f},
	{mean_make, &constant[0], 4, "operator 0 (MEAN): axis 4 of a tensor of rank 4"},
	{mean_make, &constant[0], -5, "operator 0 (MEAN): axis -5 of a tensor of rank 4"},
	{mean_make, &constant[0], 3,
	 "operator 0 (MEAN): output: not the shape that the axes leave"},
	{mean_make, &T(2).rank, 3, "operator 0 (MEAN): output: not the shape that the axes leave"},
	{mean_make, &T(1).type, NET_FLOAT32,
	 "operator 0 (MEAN): axes: float32 where int32 is expected"},
	{mean_make, .sentence = "operator 0 (MEAN): output scale is too small for the input's",
	 SCALE(2) = 1e-9f},
	{pad_make, &constant[2], -1, "operator 0 (PAD): paddings: -1 before, 2 behind"},
	{pad_make, &constant[2], 65536, "operator 0 (PAD): paddings: 65536 before, 2 behind"},
	{pad_make, &constant[3], INT32_MAX,
	 "operator 0 (PAD): output: dimension: 7 where 2147483652 is expected"},
	{pad_make, &constant[0], 1, "operator 0 (PAD): output: dimension: 1 where 2 is expected"},
	{pad_make, &T(2).zero_point, 5,
	 "operator 0 (PAD): output: quantised differently from the input"},
	{pad_make, &T(2).rank, 3, "operator 0 (PAD): output: rank 3 where 4 is expected"},
	{padv2_make, &T(3).zero_point, 5,
	 "operator 0 (PADV2): value: quantised differently from the output"},
	{padv2_make, &T(3).type, NET_FLOAT32,
	 "operator 0 (PADV2): input 2: 1 bytes of data for a shape of 4"},
	{padv2_make, .sentence = "operator 0 (PADV2): value: quantised differently from the output",
	 SCALE(3) = 0.25f},
	{concatenation_make, &T(1).shape[1], 3,
	 "operator 0 (CONCATENATION): input: dimension: 3 where 4 is expected"},
	{concatenation_make, &T(2).shape[3], 5,
	 "operator 0 (CONCATENATION): output: dimension: 5 where 4 is expected"},
	{concatenation_make, (int32_t *)&net.ops[0].options[0].value, 4,
	 "operator 0 (CONCATENATION): axis 4 of a tensor of rank 4"},
	{concatenation_make, (int32_t *)&net.ops[0].options[0].value, -5,
	 "operator 0 (CONCATENATION): axis -5 of a tensor of rank 4"},
	{concatenation_make, (int32_t *)&net.ops[0].options[1].value, 1,
	 "operator 0 (CONCATENATION): a fused activation is not supported"},
	{concatenation_make,
	 .sentence = "operator 0 (CONCATENATION): output: quantised differently from the input",
	 SCALE(1) = 0.25f},
	{concatenation_make, &net.ops[0].input_count, 11,
	 "operator 0 (CONCATENATION): 11 inputs and 1 outputs"},
	{resize_make, &constant[0], 9,
	 "operator 0 (RESIZE_NEAREST_NEIGHBOR): output: dimension: 8 where 9 is expected"},
	{resize_make, &T(2).shape[3], 3,
	 "operator 0 (RESIZE_NEAREST_NEIGHBOR): output: dimension: 3 where 2 is expected"},
	{resize_make, &T(2).zero_point, 3,
	 "operator 0 (RESIZE_NEAREST_NEIGHBOR): output: quantised differently from the input"},
	{transpose_make, &constant[1], 4,
	 "operator 0 (TRANSPOSE): permutation: not each dimension once"},
	{transpose_make, &constant[1], -1,
	 "operator 0 (TRANSPOSE): permutation: not each dimension once"},
	{transpose_make, &constant[3], 1,
	 "operator 0 (TRANSPOSE): permutation: not each dimension once"},
	{transpose_make, &T(2).shape[1], 4,
	 "operator 0 (TRANSPOSE): output: dimension: 4 where 2 is expected"},
	{edges_make, &net.inputs[0], 0,
	 "operator 0 (QUANTIZE): input 0 is read before any operator wrote it"},
	{edges_make, &net.ops[1].inputs[0], 3,
	 "operator 1 (PAD): input: float32 where int8 is expected"},
	{edges_make, &T(3).type, NET_INT8,
	 "operator 0 (QUANTIZE): input: int8 where float32 is expected"},
	{edges_make, &T(4).type, NET_INT32,
	 "operator 2 (DEQUANTIZE): output: int32 where float32 is expected"},
	{edges_make, &T(4).shape[1], 8,
	 "operator 2 (DEQUANTIZE): output: elements: 80 where 70 is expected"},
	{edges_make, &net.outputs[0], 2,
	 "operator 2 (DEQUANTIZE): supported only where it makes an output of the model"},
	{edges_make, &net.ops[2].output, 5, "operator 2 (DEQUANTIZE): output: tensor 5 of 5"},
	{edges_make, &net.op_count, 2, "output 0 is written by no operator"},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *change = &refusals[i];
		struct err err = {0};
		uint8_t *image;
		uint32_t count;

		change->make();
		if (change->what)
			*change->what = change->to;
		else
			*change->scale = change->scale_to;
		assert_int_equal(net_compile(&net, &model_options_portable, &image, &count, &err),
				 -22);
		assert_string_equal(err.text, change->sentence);
	}
}

/* Unchanged, each is fine. */
static void test_valid(void **state)
{
	static void (*const makes[])(void) = {mul_make,       mean_make,          pad_make,
					      padv2_make,     concatenation_make, resize_make,
					      transpose_make, edges_make};

	(void)state;
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		struct err err = {0};
		uint8_t *image;
		uint32_t count;

		makes[i]();
		if (net_compile(&net, &model_options_portable, &image, &count, &err))
			fail_msg("%s", err.text);
		free(image);
	}
}

static void refuse(const char *sentence)
{
	struct err err = {0};
	uint8_t *image;
	uint32_t count;

	assert_int_equal(net_compile(&net, &model_options_portable, &image, &count, &err), -22);
	assert_string_equal(err.text, sentence);
}

static void test_others(void **state)
{
	(void)state;
	padv2_make();
	pad_value = 3;
	refuse("operator 0 (PADV2): value: only the output's zero point is supported");
	mean_make();
	net.tensors[1].data = NULL;
	net.inputs[net.input_count++] = 1;
	refuse("operator 0 (MEAN): axes: only a constant is supported");
	transpose_make();
	net.tensors[1].shape[0] = 3;
	net.tensors[1].bytes = 12;
	refuse("operator 0 (TRANSPOSE): permutation: 3 elements where 4 are expected");
	edges_make();
	net.op_count = 1;
	net.outputs[0] = 0;
	refuse("the model only quantises");
	edges_make(); /* a second QUANTIZE of the same input */
	net.ops[3] = net.ops[0];
	net.ops[3].output = net_image(&net, 1, 4, 4, 2, 0.5f, 4);
	net.op_count = 4;
	refuse("operator 3 (QUANTIZE): supported only where it is all that reads a float32 input "
	       "of "
	       "the model");
	edges_make(); /* a float32 input that nothing reads */
	net.inputs[net.input_count++] = net.tensor_count;
	net.tensors[net.tensor_count++] = net.tensors[3];
	refuse("input 1: type float32 is not supported");
	mean_make(); /* 2^23 + 1 elements and more */
	net.tensors[0].shape[1] = 8192;
	net.tensors[0].shape[2] = 1025;
	refuse("operator 0 (MEAN): a mean of 8396800 elements: at most 8388608 are supported");
	resize_make();
	net.tensors[2].shape[1] = constant[0] = 65536;
	refuse("operator 0 (RESIZE_NEAREST_NEIGHBOR): 4 to 65536: at most 65535 is supported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
