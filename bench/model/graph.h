/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A model as the rest of bench/model sees it: int8 tensors and operators the runtime has,
 * everything checked. Constants point into the file's bytes, which outlive the graph.
 */
#ifndef BENCH_MODEL_GRAPH_H
#define BENCH_MODEL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"
#include "firmware/image/image.h"

enum {
	GRAPH_RANK_MAX = 4,
	GRAPH_OP_INPUTS_MAX = IMAGE_OP_INPUTS_MAX,
	GRAPH_TENSORS_MAX = 8192,
	GRAPH_NO_TENSOR = -1,
};

/* More than this is no work for a microcontroller, and a damaged file must not keep the host busy.
 */
#define GRAPH_MACS_MAX UINT64_C(10000000000)

enum graph_type { /* the values of the schema's TensorType */
		  GRAPH_FLOAT32 = 0,
		  GRAPH_INT32 = 2,
		  GRAPH_INT8 = 9,
};

struct graph_tensor {
	enum graph_type type;
	uint32_t rank;
	uint32_t shape[GRAPH_RANK_MAX]; /* rank entries, each >= 1 */
	uint32_t elements;
	const uint8_t *data;      /* constants: elements of type, little endian; else NULL */
	uint32_t scale_count;     /* 0: not quantised, 1: per tensor, else per channel */
	const uint8_t *scales;    /* float32, finite and > 0, unaligned */
	uint32_t scale_dimension; /* of per-channel scales */
	int32_t zero_point;       /* of a per-channel tensor always 0 */
};

enum graph_padding { /* the schema's Padding + 1 */
		     GRAPH_SAME = 1,
		     GRAPH_VALID,
};

enum graph_activation { /* the schema's ActivationFunctionType */
			GRAPH_ACTIVATION_NONE = 0,
			GRAPH_ACTIVATION_RELU = 1,
			GRAPH_ACTIVATION_RELU6 = 3,
};

/* One axis of a sliding window. */
struct graph_axis {
	uint32_t kernel, stride, dilation;
	uint32_t pad; /* before the first element; what is behind the last follows */
};

struct graph_op {
	enum image_op_kind kind;
	const char *name;                    /* "CONV_2D" */
	uint16_t layer;                      /* its index in the file */
	uint32_t input_count;                /* as the file has it */
	int32_t inputs[GRAPH_OP_INPUTS_MAX]; /* input, filter, bias; or all terms; or input and
						constants that say what to do */
	int32_t output;
	enum graph_padding padding;
	enum graph_activation activation;
	struct graph_axis y, x;
	uint32_t multiplier; /* DEPTHWISE_CONV_2D: outputs of an input channel */
	float beta;          /* SOFTMAX */
	int32_t axis;        /* CONCATENATION: as the file has it, negative from the end */
	bool keep_dims;      /* MEAN */
	bool align_corners, half_pixel_centers; /* RESIZE_NEAREST_NEIGHBOR */
	uint16_t args[4];                       /* as struct image_op has them */
};

struct graph {
	struct graph_tensor *tensors;
	uint32_t tensor_count;
	struct graph_op *ops; /* in running order: no operator reads what is not written yet */
	uint32_t op_count;
	int32_t *inputs;
	uint32_t input_count;
	int32_t *outputs;
	uint32_t output_count;
	/* The file's tensor is float32: a QUANTIZE makes the input, a DEQUANTIZE takes the output.
	 * Both are the host's work and no operators of the graph. */
	bool *input_floats, *output_floats;
	int32_t exit_op; /* index of the operator behind which the inference may end; -1: none */
	int32_t exit_tensor; /* its output */
};

/* Reads a .tflite file's bytes, which the graph then borrows. -EINVAL, -ENOMEM. */
int graph_read(const uint8_t *bytes, uint32_t count, struct graph *ret_graph, struct err *err);
void graph_done(struct graph *graph);

/* Puts everything that output number exit_output is made of first, so that the inference can end
 * behind it, and marks that place. -EINVAL: no such output, or nothing is left to save. -ENOMEM. */
int graph_exit_at(struct graph *graph, uint32_t exit_output, struct err *err);

/* Checks shapes, types and quantisation of an operator and completes its pads and args. */
int graph_op_check(const struct graph *graph, struct graph_op *op, struct err *err);

/* Checks the two tensors of a QUANTIZE (float32 to int8) or DEQUANTIZE (back). */
int graph_edge_check(const struct graph *graph, const struct graph_op *op, bool quantize,
		     struct err *err);

/* Scale of a channel; a per-tensor scale is every channel's. */
float graph_scale(const struct graph_tensor *tensor, uint32_t channel);
/* shape[3 - back] of the shape written with ones in front: graph_dimension(t, 0) is the last. */
uint32_t graph_dimension(const struct graph_tensor *tensor, uint32_t back);

/* Multiply-accumulates of one operator, and its weights and biases (0 for operators without). */
uint64_t graph_op_macs(const struct graph *graph, const struct graph_op *op);
/* Weights and biases of the whole graph; a tensor that several operators use counts once. */
uint64_t graph_params(const struct graph *graph);

/* Output size of a window along one axis, and its padding in front, as TensorFlow Lite has them;
 * 0 when the window does not fit. Kernel, stride and dilation are >= 1. */
uint32_t graph_axis_output(uint32_t in, const struct graph_axis *axis, enum graph_padding padding);
uint32_t graph_axis_pad(uint32_t in, const struct graph_axis *axis, enum graph_padding padding);

/* Name of a builtin operator code of the schema; NULL when unknown. */
const char *graph_builtin_name(int32_t code);
/* "int8"; of the schema's TensorType. */
const char *graph_type_name(int64_t type);

#endif
