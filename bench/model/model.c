/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A .tflite file on disk -> a model image with what must be known about it.
 */
#include "bench/model/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <nettle/sha2.h>

#include "bench/model/edges.h"
#include "bench/model/graph.h"
#include "bench/model/image_build.h"
#include "firmware/wire/wire.h"

enum { FILE_BYTES_MAX = 64 << 20 };

/* *ret_bytes is the caller's to free. */
static int stream_read(FILE *stream, uint8_t **ret_bytes, uint32_t *ret_count, struct err *err)
{
	struct stat info;
	uint8_t *bytes;
	size_t count;

	if (fstat(fileno(stream), &info))
		return err_set(err, -errno, "%s", strerror(errno));
	if (!S_ISREG(info.st_mode))
		return err_set(err, -EINVAL, "not a regular file");
	if (info.st_size > FILE_BYTES_MAX)
		return err_set(err, -EINVAL, "%lld bytes: at most %d are supported",
			       (long long)info.st_size, FILE_BYTES_MAX);
	count = (size_t)info.st_size;
	bytes = malloc(count + 1);
	if (!bytes)
		return err_set(err, -ENOMEM, "out of memory");
	if (fread(bytes, 1, count, stream) != count) {
		free(bytes);
		return err_set(err, -EIO, "read: %s",
			       ferror(stream) ? strerror(errno) : "cut short");
	}
	*ret_bytes = bytes;
	*ret_count = (uint32_t)count;
	return 0;
}

static int file_read(const char *path, uint8_t **ret_bytes, uint32_t *ret_count, struct err *err)
{
	FILE *stream = fopen(path, "rb");
	int error;

	if (!stream)
		return err_set(err, -errno, "%s", strerror(errno));
	error = stream_read(stream, ret_bytes, ret_count, err);
	fclose(stream);
	return error;
}

static void sha256_hex(const uint8_t *bytes, size_t count, char ret_hex[65])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, count, bytes);
	sha256_digest(&context, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

/* Printable, and UTF-8 as far as its lengths go. */
static bool is_text(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		unsigned more = *c < 0x80 ? 0 : *c < 0xc2 ? 4 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : 3;

		if (*c < ' ' || *c == 0x7f || more > 3 || *c > 0xf4)
			return false;
		for (; more; more--)
			if ((*++c & 0xc0) != 0x80)
				return false;
	}
	return true;
}

/* Results are told apart by it: it is not cut. */
static int name_fill(struct model_image *image, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t length = strlen(base), suffix = strlen(".tflite");

	if (length > suffix && strcmp(base + length - suffix, ".tflite") == 0)
		length -= suffix;
	if (length >= sizeof(image->name))
		return err_set(err, -EINVAL,
			       "the name is longer than %zu bytes: give the file a shorter one",
			       sizeof(image->name) - 1);
	if (!is_text(base))
		return err_set(err, -EINVAL,
			       "the name is no printable UTF-8: give the file another one");
	snprintf(image->name, sizeof(image->name), "%.*s", (int)length, base);
	return 0;
}

const struct model_options model_options_portable = {.kernel_set = IMAGE_KERNELS_PORTABLE};

static const char *const kernel_set_names[IMAGE_KERNELS_END] = {
	[IMAGE_KERNELS_PORTABLE] = "portable",
	[IMAGE_KERNELS_ARMV7EM] = "armv7em",
	[IMAGE_KERNELS_RV32] = "rv32",
};

const char *model_kernel_set_name(enum image_kernel_set set)
{
	return kernel_set_names[set];
}

int model_kernel_set_find(const char *name, enum image_kernel_set *ret_set, struct err *err)
{
	for (int i = 0; i < IMAGE_KERNELS_END; i++) {
		if (strcmp(kernel_set_names[i], name) == 0) {
			*ret_set = (enum image_kernel_set)i;
			return 0;
		}
	}
	return err_set(err, -EINVAL,
		       "no kernels are named '%s' (there are: portable, armv7em, rv32)", name);
}

static const char *const op_names[IMAGE_OP_KIND_END] = {
	[IMAGE_CONV_2D] = "CONV_2D",
	[IMAGE_DEPTHWISE_CONV_2D] = "DEPTHWISE_CONV_2D",
	[IMAGE_FULLY_CONNECTED] = "FULLY_CONNECTED",
	[IMAGE_AVERAGE_POOL_2D] = "AVERAGE_POOL_2D",
	[IMAGE_MAX_POOL_2D] = "MAX_POOL_2D",
	[IMAGE_RESHAPE] = "RESHAPE",
	[IMAGE_SOFTMAX] = "SOFTMAX",
	[IMAGE_ADD] = "ADD",
	[IMAGE_MUL] = "MUL",
	[IMAGE_MEAN] = "MEAN",
	[IMAGE_PAD] = "PAD",
	[IMAGE_CONCATENATION] = "CONCATENATION",
	[IMAGE_RESIZE_NEAREST_NEIGHBOR] = "RESIZE_NEAREST_NEIGHBOR",
	[IMAGE_TRANSPOSE] = "TRANSPOSE",
};

const char *model_op_name(const struct image_op *op)
{
	return op_names[op->kind];
}

/* The real confidence in the exit tensor's units, rounded up: never less sure than asked for. */
static int exit_fill(struct model_image *image, const struct graph *graph,
		     const struct model_exit *exit, struct err *err)
{
	const struct graph_tensor *tensor = &graph->tensors[graph->exit_tensor];
	double steps = exit->confidence / (double)graph_scale(tensor, 0) + tensor->zero_point;

	if (!isfinite(exit->confidence))
		return err_set(err, -EINVAL, "the exit's confidence is no number");
	image->has_exit = true;
	image->exit_threshold = steps > 127 ? 128 : steps < -128 ? -128 : (int32_t)ceil(steps);
	return 0;
}

static int image_fill(struct model_image *image, const struct graph *graph,
		      const struct model_options *options, struct err *err)
{
	const struct image_header *header;
	uint32_t count;
	int error = image_build(graph, options, image->exit_threshold, &image->bytes, &count, err);

	if (error)
		return error;
	if (image_check(image->bytes, count, IMAGE_ARENA_BYTES_MAX, NULL) != IMAGE_FINE)
		return err_set(err, -EINVAL, "the image would not pass the board's check");
	header = (const struct image_header *)image->bytes;
	image->count = count;
	image->crc32 = wire_crc32(0, image->bytes, count);
	image->op_count = header->op_count;
	image->arena_bytes = header->arena_bytes;
	image->input_bytes = header->input_bytes;
	image->output_bytes = header->output_bytes;
	image->layers_comparable = !options->eliminate;
	return 0;
}

static int bytes_compile(const uint8_t *bytes, uint32_t count, const struct model_options *options,
			 struct model_image *image, struct err *err)
{
	struct graph graph;
	int error = graph_read(bytes, count, &graph, err);

	if (error)
		return error;
	for (uint32_t i = 0; i < graph.op_count; i++)
		image->macs += graph_op_macs(&graph, &graph.ops[i]);
	image->params = graph_params(&graph);
	error = edges_fill(&graph, image, err);
	if (!error && options->exit)
		error = graph_exit_at(&graph, options->exit->output, err);
	if (!error && options->exit)
		error = exit_fill(image, &graph, options->exit, err);
	if (!error)
		error = image_fill(image, &graph, options, err);
	graph_done(&graph);
	return error;
}

static int image_make(const char *path, const uint8_t *bytes, uint32_t count,
		      const struct model_options *options, struct model_image **ret_image,
		      struct err *err)
{
	struct model_image *image = calloc(1, sizeof(*image));
	int error;

	if (!image)
		return err_set(err, -ENOMEM, "out of memory");
	error = name_fill(image, path, err);
	if (!error)
		error = bytes_compile(bytes, count, options, image, err);
	if (error) {
		model_image_free(image);
		return error;
	}
	sha256_hex(bytes, count, image->sha256);
	*ret_image = image;
	return 0;
}

/* An image and, where its kernels are not the reference themselves, its reference. */
static int images_make(const char *path, const uint8_t *bytes, uint32_t count,
		       const struct model_options *options, struct model_image **ret_image,
		       struct err *err)
{
	const struct model_options portable = {.kernel_set = IMAGE_KERNELS_PORTABLE,
					       .exit = options->exit};
	struct model_image *image;
	int error = image_make(path, bytes, count, options, &image, err);

	if (error)
		return error;
	if (options->kernel_set != IMAGE_KERNELS_PORTABLE || options->eliminate)
		error = image_make(path, bytes, count, &portable, &image->reference, err);
	if (error)
		model_image_free(image);
	else
		*ret_image = image;
	return error;
}

int model_image_build(const char *tflite_path, const struct model_options *options,
		      struct model_image **ret_image, struct err *err)
{
	uint8_t *bytes = NULL;
	uint32_t count = 0;
	int error = file_read(tflite_path, &bytes, &count, err);

	error = error ? error : images_make(tflite_path, bytes, count, options, ret_image, err);
	free(bytes);
	return error ? err_context(err, error, "%s", tflite_path) : 0;
}

void model_image_free(struct model_image *image)
{
	if (!image)
		return;
	model_image_free(image->reference);
	edges_done(image);
	free(image->bytes);
	free(image);
}
