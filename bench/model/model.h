/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a .tflite file to what a board runs: reader -> graph -> arena plan -> model image, and the
 * host's own result of the same image, which is the reference every board must match.
 */
#ifndef BENCH_MODEL_MODEL_H
#define BENCH_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"
#include "firmware/image/image.h"

/* Where an inference may end early: when the largest element of this output of the model is at
 * least confidence, in the output's real units (a probability behind a SOFTMAX). */
struct model_exit {
	unsigned output;
	double confidence;
};

struct model_options {
	/* Operators run with this set's functions where it has one that is proved exact, else with
	 * the portable ones. */
	enum image_kernel_set kernel_set;
	/* Output channels that interval analysis proves constant are left out, and folded into what
	 * reads them: the same output with less work. */
	bool eliminate;
	const struct model_exit *exit; /* NULL: none */
};
/* Portable kernels, nothing left out. */
extern const struct model_options model_options_portable;

/* "portable", "armv7em", "rv32"; -EINVAL names them. */
int model_kernel_set_find(const char *name, enum image_kernel_set *ret_set, struct err *err);
const char *model_kernel_set_name(enum image_kernel_set set);

/* An input or output of the model: int8 in the image; in the file as well, or float32 behind or in
 * front of a QUANTIZE or DEQUANTIZE. */
struct model_edge {
	uint32_t elements;
	bool is_float; /* in the file */
	float scale;
	int32_t zero_point;
};

struct model_edges {
	struct model_edge *edges;
	uint32_t count;
};

struct model_image {
	uint8_t *bytes; /* aligned to 16; goes to the board as it is */
	size_t count;
	uint32_t crc32;  /* over bytes, as zlib */
	char sha256[65]; /* of the .tflite file, hex */
	char name[64];   /* file name without folder and ".tflite" */
	uint32_t op_count;
	uint32_t arena_bytes;
	uint32_t input_bytes, output_bytes;       /* as the image takes and gives them: int8 */
	size_t raw_input_bytes, raw_output_bytes; /* as the file has them, in order */
	struct model_edges inputs, outputs;       /* in order */
	uint64_t macs;   /* multiply-accumulates of one inference of the file's operators */
	uint64_t params; /* weights and biases of the file */
	bool has_exit;
	int32_t exit_threshold; /* -128 .. 128, in the exit tensor's units; 128 is never reached */
	/* The same with portable kernels and nothing left out; NULL: this is it. */
	struct model_image *reference;
	bool layers_comparable; /* every layer it has holds the same bytes as the reference's */
};

/* Reads, checks and compiles. Bad files are -EINVAL (-ENOENT, -EACCES, ... for what the system
 * says); the sentence names the file and, for what is not supported, the operator and its index:
 * "a.tflite: operator 3 (SVDF) is not supported". */
int model_image_build(const char *tflite_path, const struct model_options *options,
		      struct model_image **ret_image, struct err *err);
void model_image_free(struct model_image *image); /* accepts NULL */

/* What a board must give: the host runs the image's reference. */
struct model_expected {
	uint32_t output_crc32;     /* of an inference that runs to its end */
	uint32_t run_output_crc32; /* of one with the image's own threshold */
	bool exited;               /* that one ends at the exit */
	uint32_t *layer_crc32;     /* image->op_count, where layers_comparable; free() it */
};

/* input: image->input_bytes bytes. */
int model_image_expect(const struct model_image *image, const void *input,
		       struct model_expected *ret_expected, struct err *err);

/* One inference of this very image on the host, its kernels in plain C. ret_layer_crc32: NULL, or
 * image->op_count words (0 behind an exit). threshold: of the exit; 128 runs to the end. */
int model_image_run(const struct model_image *image, const void *input, int32_t threshold,
		    uint32_t *ret_output_crc32, uint32_t *ret_layer_crc32, bool *ret_exited,
		    struct err *err);

/* Inputs as the file has them (float32 in front of a QUANTIZE) -> the image's; raw_input_bytes to
 * input_bytes, by exactly TensorFlow Lite Micro's QUANTIZE. And all outputs back, by the file's
 * DEQUANTIZE: output_bytes to raw_output_bytes. Neither side needs to be aligned. */
void model_input_quantise(const struct model_image *image, const void *raw, void *ret_input);
void model_output_dequantise(const struct model_image *image, const void *output, void *ret_raw);

/* "CONV_2D" */
const char *model_op_name(const struct image_op *op);

/* The input every measurement of this model uses unless the plan says otherwise: bytes of a linear
 * congruential generator, the same for every caller with the same seed and size. */
void model_input_generate(uint32_t seed, uint8_t *ret_bytes, size_t count);

/* Writes count valid int8 .tflite files DIR/ds-cnn-000.tflite ... drawn from a search space
 * ("ds-cnn") with the seed; makes DIR. The same arguments give the same bytes. Every file is built
 * and run once by model_image_build before it counts. */
int model_generate(const char *space, unsigned count, uint64_t seed, const char *folder,
		   struct err *err);

#endif
