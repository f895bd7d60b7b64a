/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model image: everything a board needs to run a model, laid out so that the board uses it in
 * place. The host writes it (bench/model/image_build.c), host and board check it with the same
 * image_check() and run it with the same runtime. Freestanding C.
 *
 * An image is one block of little-endian bytes, aligned to 16:
 *
 *   struct image_header          at 0
 *   struct image_op[]            at op_offset, in running order
 *   struct image_tensor[]        at tensor_offset: activations only
 *   uint16_t input_tensors[]     at input_offset, tensor indices
 *   uint16_t output_tensors[]    at output_offset, tensor indices
 *   constants                    weights aligned to 16, channels aligned to 4
 *
 * Shapes have four dimensions, N H W C; tensors of lower rank are written with ones in front.
 *
 * Operators appear in running order; each names the operator of the .tflite file whose output it
 * leaves (layer), because the host may leave operators out: a PAD becomes the padding of the
 * convolution behind it, a RESHAPE another view of the same bytes.
 *
 * Every operator runs with a function of one kernel set. The portable set is plain C and takes the
 * constants in the orders below; the other sets take them as the host has prepared them for exactly
 * one function, the variant (firmware/image/needs.h says how many bytes of what each wants).
 *
 * An image may have an exit: when operator exit_op is done and the largest element of exit_tensor
 * is at least the threshold, the inference ends there and exit_tensor is its output.
 *
 * What the host has prepared for the portable set:
 * - bias: the input's zero point is folded in (bias - zero_point * sum of the channel's weights,
 *   modulo 2^32), so kernels multiply raw bytes, and taps outside the input read as the zero point;
 * - multiplier and shift of each output channel, per-tensor scales repeated for every channel;
 * - explicit padding, activation bounds in the output's quantised units;
 * - offsets of all activations and of the operators' scratch space in the arena.
 */
#ifndef FIRMWARE_IMAGE_IMAGE_H
#define FIRMWARE_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "a model image is used in place: little-endian machines only"
#endif

enum {
	IMAGE_MAGIC = 0x494D424A, /* "JBMI" */
	IMAGE_LAYOUT_VERSION = 2,
	IMAGE_ALIGN = 16,           /* of image, arena, weights and every arena offset */
	IMAGE_BYTES_MAX = 64 << 20, /* no microcontroller has more, and sums stay in 32 bits */
	IMAGE_ARENA_BYTES_MAX = 64 << 20,
	IMAGE_OPS_MAX = 250, /* layer CRCs that one CHECK reply carries */
	IMAGE_TENSORS_MAX = 1024,
	IMAGE_NO_TENSOR = 0xFFFF,
	IMAGE_NO_OP = 0xFFFF,
	IMAGE_OP_INPUTS_MAX = 10, /* as TensorFlow Lite Micro's CONCATENATION */
	IMAGE_SOFTMAX_DEPTH_MAX = 4095, /* the Q12 sum of exponentials must fit 31 bits */
	IMAGE_POOL_TAPS_MAX = 1 << 23,  /* 255 * taps must fit 31 bits; MEAN's elements as well */
	IMAGE_MUL_SHIFT_MAX = 15,       /* 255 * 255 * 2^15 fits 31 bits */
	IMAGE_RESIZE_MAX = UINT16_MAX,  /* height and width of both sides */
};

enum image_op_kind {
	IMAGE_CONV_2D = 1,       /* weights [out channel][kernel y][kernel x][in channel] */
	IMAGE_DEPTHWISE_CONV_2D, /* weights [kernel y][kernel x][out channel] */
	IMAGE_FULLY_CONNECTED,   /* weights [out channel][in] */
	IMAGE_AVERAGE_POOL_2D,
	IMAGE_MAX_POOL_2D,
	IMAGE_RESHAPE, /* same bytes; often the same place in the arena */
	IMAGE_SOFTMAX, /* over the last dimension */
	/* Equal shapes; the portable set also repeats an input along each dimension where it is 1. */
	IMAGE_ADD,
	IMAGE_MUL,
	IMAGE_MEAN,          /* the output's elements are those of the dimensions that stay */
	IMAGE_PAD,           /* with the output's zero point */
	IMAGE_CONCATENATION, /* of bytes: no input is rescaled */
	IMAGE_RESIZE_NEAREST_NEIGHBOR, /* height and width */
	IMAGE_TRANSPOSE,
	IMAGE_OP_KIND_END,
};

enum image_kernel_set {
	IMAGE_KERNELS_PORTABLE = 0, /* plain C, weights in the orders above */
	IMAGE_KERNELS_ARMV7EM,      /* Cortex-M with the DSP extension */
	IMAGE_KERNELS_RV32,         /* RV32IM */
	IMAGE_KERNELS_END,
};

struct image_header {
	uint32_t magic;
	uint32_t layout;
	uint32_t total_bytes; /* of the image, header included, a multiple of 16 */
	uint32_t crc32;       /* as zlib, over the bytes behind this field */
	uint32_t arena_bytes;
	uint32_t op_count;
	uint32_t op_offset;
	uint32_t tensor_count;
	uint32_t tensor_offset;
	uint32_t input_count;
	uint32_t input_offset;
	uint32_t output_count;
	uint32_t output_offset;
	uint32_t input_bytes;  /* all inputs, in order */
	uint32_t output_bytes; /* all outputs, in order */
	uint16_t exit_op;      /* IMAGE_NO_OP: the image has no exit */
	uint16_t exit_tensor;  /* IMAGE_NO_TENSOR without exit */
	int32_t exit_threshold; /* until the host sets another: -128 .. 128, in the tensor's units;
				   128 is never reached */
	uint32_t reserved[3];  /* 0 */
};

struct image_tensor {
	uint32_t arena_offset; /* a multiple of 16 */
	uint32_t bytes;        /* product of the shape: every activation is int8 */
	uint32_t shape[4];     /* N H W C, each >= 1 */
	int32_t zero_point;    /* -128 .. 127 */
};

/* Value * multiplier / 2^31 * 2^shift, rounded twice as TensorFlow Lite does: once to 32 bits, once
 * by the right shift. multiplier is 0 or at least 2^30; shift is -31 .. 31, to the left if
 * positive. */
struct image_rescale {
	int32_t multiplier;
	int32_t shift;
};

/* An output channel of a convolution or fully connected operator. */
struct image_channel {
	int32_t bias; /* with the input's zero point folded in */
	struct image_rescale rescale;
};

/* Fields that an operator does not use are 0. */
struct image_op {
	uint8_t kind;       /* enum image_op_kind */
	uint8_t kernel_set; /* enum image_kernel_set */
	uint16_t variant;   /* function of the set; 0 in the portable set */
	uint16_t layer;     /* index of an operator of the .tflite file */
	uint16_t input_count;
	uint16_t inputs[IMAGE_OP_INPUTS_MAX]; /* tensor indices, then IMAGE_NO_TENSOR */
	uint16_t output;
	uint16_t reserved;
	uint32_t weights_offset; /* a multiple of 16 */
	uint32_t weights_bytes;
	uint32_t channels_offset; /* a multiple of 4; portable: struct image_channel, one for each
				     output channel */
	uint32_t channels_bytes;
	uint32_t scratch_offset;  /* in the arena: space only this operator uses */
	uint32_t scratch_bytes;
	uint16_t kernel_h, kernel_w;
	uint16_t stride_h, stride_w;
	uint16_t dilation_h, dilation_w;
	uint16_t pad_top, pad_left; /* bottom and right follow from the output's shape */
	int32_t activation_min, activation_max; /* -128 .. 127 */
	int32_t diff_min;                /* SOFTMAX: below maximum + diff_min the result is 0 */
	/* ADD: inputs, output. SOFTMAX: [0], the input. MUL: [0], the product of both inputs less
	 * their zero points; shift at most IMAGE_MUL_SHIFT_MAX. MEAN: [0], the sum of the inputs
	 * less their zero point: the division by their number is in it, so its multiplier may be
	 * below 2^30, and no such sum shifted to the left leaves 31 bits. MUL and MEAN add the
	 * output's zero point and clamp: MUL to the activation, MEAN to int8. */
	struct image_rescale rescale[3];
	/* PAD: elements in front of each dimension. TRANSPOSE: the input's dimension that becomes
	 * each of the output's. MEAN: 1 for each dimension that is averaged, else 0.
	 * CONCATENATION: [0] the dimension, 0 .. 3. RESIZE_NEAREST_NEIGHBOR: [0] align corners,
	 * [1] half pixel centers, 0 or 1; the source of an output row is the one that TensorFlow
	 * Lite's float32 arithmetic gives (GetNearestNeighbor). */
	uint16_t args[4];
};

_Static_assert(sizeof(struct image_header) == 80, "image layout");
_Static_assert(sizeof(struct image_tensor) == 28, "image layout");
_Static_assert(sizeof(struct image_channel) == 12, "image layout");
_Static_assert(sizeof(struct image_op) == 116, "image layout");

/* Left shift of both inputs of ADD before they are rescaled (TensorFlow Lite's constant for int8).
 */
enum { IMAGE_ADD_LEFT_SHIFT = 20 };

enum image_fault {
	IMAGE_FINE = 0,
	IMAGE_FAULT_STRUCTURE = 1, /* magic, size, CRC, or an offset or index out of bounds */
	IMAGE_FAULT_LAYOUT,        /* another layout version */
	IMAGE_FAULT_OPERATOR,      /* unknown operator or kernel set, or impossible parameters */
	IMAGE_FAULT_ARENA,         /* needs more arena than there is */
};

/* Checks everything that running the image relies on: bounds of every offset, products without
 * overflow, shapes that fit each other, windows that touch their input, no operator that overwrites
 * what it reads or an input of the model. Pure; count is what is readable at image and may be more
 * than the image itself. image is aligned to 16. When the fault belongs to one operator its index
 * is put into *ret_op (may be NULL, else untouched). */
enum image_fault image_check(const void *image, uint32_t count, uint32_t arena_bytes,
			     uint32_t *ret_op);

static inline const struct image_op *image_ops(const struct image_header *header)
{
	return (const struct image_op *)((const uint8_t *)header + header->op_offset);
}

static inline const struct image_tensor *image_tensors(const struct image_header *header)
{
	return (const struct image_tensor *)((const uint8_t *)header + header->tensor_offset);
}

static inline const uint16_t *image_inputs(const struct image_header *header)
{
	return (const uint16_t *)((const uint8_t *)header + header->input_offset);
}

static inline const uint16_t *image_outputs(const struct image_header *header)
{
	return (const uint16_t *)((const uint8_t *)header + header->output_offset);
}

/* A convolution whose window is one input pixel reads it in place; every other one gathers its
 * window into scratch: kernel_h * kernel_w * input channels bytes. */
static inline bool image_window_is_pixel(const struct image_op *op)
{
	return op->kernel_h == 1 && op->kernel_w == 1 && op->pad_top == 0 && op->pad_left == 0;
}

#endif
