/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model image does layer by layer, for people to read. Everything is taken from the image
 * itself, but for what the file asked for.
 */
#ifndef BENCH_MODEL_LISTING_H
#define BENCH_MODEL_LISTING_H

#include "bench/model/model.h"

struct model_listing_layer {
	unsigned index;            /* of the file's operator whose output it leaves */
	const char *operator_name; /* "CONV_2D" */
	unsigned input_count;
	uint32_t input_shapes[IMAGE_OP_INPUTS_MAX][4]; /* N H W C */
	uint32_t output_shape[4];
	uint64_t macs;          /* as the operator runs, eliminated channels left out */
	uint64_t params;        /* weights and biases it works with */
	uint32_t weight_bytes;  /* of the image: weights and channels as the kernel takes them */
	const char *kernel_set; /* "portable" */
	unsigned variant;       /* function of the set; 0 in the portable set */
	uint32_t arena_offset, output_bytes; /* where the output lies */
	uint32_t scratch_offset, scratch_bytes;
};

struct model_listing {
	struct model_listing_layer *layers;
	unsigned layer_count;
	uint64_t macs;         /* of one whole inference of the image */
	uint64_t file_macs;    /* of the file's operators */
	double macs_share;     /* macs / file_macs: 1 - what elimination saves; 1 for 0 / 0 */
	uint64_t params;       /* sum over the layers */
	uint64_t file_params;  /* each tensor once */
	uint64_t weight_bytes; /* sum over the layers */
	size_t image_bytes;
	uint32_t arena_bytes;
	uint32_t input_bytes, output_bytes;
	uint32_t scratch_bytes_max; /* of one layer */
	unsigned exit_layer; /* index in layers behind which the inference may end; layer_count:
				none */
};

/* -ENOMEM. The strings outlive the listing. */
int model_listing_make(const struct model_image *image, struct model_listing *ret_listing,
		       struct err *err);
void model_listing_free(struct model_listing *listing); /* accepts a zeroed one */

#endif
