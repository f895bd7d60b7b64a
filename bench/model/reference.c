/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The host's own result of an image: the same runtime as the board's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/model.h"
#include "firmware/image/image.h"
#include "firmware/runtime/runtime.h"
#include "firmware/wire/wire.h"

static void layer_crc32(void *context, uint32_t op_index, const void *bytes, uint32_t count)
{
	uint32_t *crcs = context;

	crcs[op_index] = wire_crc32(0, bytes, count);
}

static uint32_t output_crc32(const struct runtime *runtime)
{
	uint8_t piece[256];
	uint32_t crc = 0;

	for (uint32_t at = 0; at < runtime->output_bytes; at += sizeof(piece)) {
		uint32_t left = runtime->output_bytes - at;
		uint32_t count = left < sizeof(piece) ? left : sizeof(piece);

		runtime_read_output(runtime, at, piece, count);
		crc = wire_crc32(crc, piece, count);
	}
	return crc;
}

int model_image_run(const struct model_image *image, const void *input, int32_t threshold,
		    uint32_t *ret_output_crc32, uint32_t *ret_layer_crc32, bool *ret_exited,
		    struct err *err)
{
	size_t arena_bytes = ((size_t)image->arena_bytes + IMAGE_ALIGN) / IMAGE_ALIGN * IMAGE_ALIGN;
	uint8_t *arena = aligned_alloc(IMAGE_ALIGN, arena_bytes);
	struct runtime runtime;
	enum runtime_status status;

	if (!arena)
		return err_set(err, -ENOMEM, "%s: out of memory", image->name);
	memset(arena, 0, arena_bytes);
	status = runtime_open(&runtime, image->bytes, (uint32_t)image->count, arena,
			      image->arena_bytes);
	if (status != RUNTIME_OK) {
		free(arena);
		return err_set(err, -EINVAL, "%s: %s", image->name, runtime_status_text(status));
	}
	runtime.exit_threshold = threshold;
	runtime_write_input(&runtime, 0, input, runtime.input_bytes);
	runtime_invoke(&runtime, ret_layer_crc32 ? layer_crc32 : NULL, ret_layer_crc32);
	*ret_output_crc32 = output_crc32(&runtime);
	*ret_exited = runtime.exited;
	free(arena);
	return 0;
}

/* The reference's CRC of the layer that operator index of the image leaves. */
static uint32_t layer_find(const struct model_image *image, const struct model_image *reference,
			   const uint32_t *crcs, uint32_t index)
{
	const struct image_op *ops = image_ops((const struct image_header *)image->bytes);
	const struct image_op *known = image_ops((const struct image_header *)reference->bytes);

	for (uint32_t i = 0; i < reference->op_count; i++)
		if (known[i].layer == ops[index].layer)
			return crcs[i];
	return 0;
}

int model_image_expect(const struct model_image *image, const void *input,
		       struct model_expected *ret_expected, struct err *err)
{
	const struct model_image *reference = image->reference ? image->reference : image;
	uint32_t *crcs = calloc(reference->op_count, sizeof(*crcs));
	struct model_expected expected = {0};
	bool exited;
	int error;

	expected.layer_crc32 = calloc(image->op_count, sizeof(*expected.layer_crc32));
	if (!crcs || !expected.layer_crc32)
		error = err_set(err, -ENOMEM, "%s: out of memory", image->name);
	else
		error = model_image_run(reference, input, 128, &expected.output_crc32, crcs,
					&exited, err);
	expected.run_output_crc32 = expected.output_crc32;
	if (!error && image->has_exit)
		error = model_image_run(reference, input, image->exit_threshold,
					&expected.run_output_crc32, NULL, &expected.exited, err);
	for (uint32_t i = 0; !error && image->layers_comparable && i < image->op_count; i++)
		expected.layer_crc32[i] = layer_find(image, reference, crcs, i);
	free(crcs);
	if (error)
		free(expected.layer_crc32);
	else
		*ret_expected = expected;
	return error;
}
