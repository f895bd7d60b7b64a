/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The host's own result of an image: the same runtime as the board's, with the portable kernels.
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

int model_image_reference(const struct model_image *image, const void *input,
			  uint32_t *ret_output_crc32, uint32_t *ret_layer_crc32, struct err *err)
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
	runtime_write_input(&runtime, 0, input, runtime.input_bytes);
	runtime_invoke(&runtime, ret_layer_crc32 ? layer_crc32 : NULL, ret_layer_crc32);
	*ret_output_crc32 = output_crc32(&runtime);
	free(arena);
	return 0;
}
