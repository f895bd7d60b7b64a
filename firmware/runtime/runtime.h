/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs a model image (firmware/image) with int8 kernels, bit-exact to TensorFlow Lite Micro.
 * Freestanding C (needs memcpy, memset, memcmp): the same source is the board's runtime and the host's reference.
 * No heap; the image is used in place and never written; all activations live in the arena.
 */
#ifndef FIRMWARE_RUNTIME_RUNTIME_H
#define FIRMWARE_RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum runtime_status {
	RUNTIME_OK = 0,
	RUNTIME_BAD_IMAGE = 1,  /* magic, size, CRC or an offset is wrong */
	RUNTIME_BAD_LAYOUT,     /* another layout version */
	RUNTIME_BAD_OPERATOR,   /* an operator this build does not have, or with impossible parameters */
	RUNTIME_ARENA_TOO_SMALL,
};

struct image_header; /* firmware/image/image.h */

struct runtime {
	const uint8_t *image;
	const struct image_header *header;
	uint8_t *arena;
	uint32_t op_count;
	uint32_t input_bytes;  /* all inputs, in order */
	uint32_t output_bytes; /* of the last inference: all outputs in order, or the exit's */
	int32_t exit_threshold; /* as the image says; the caller may set another, -128 .. 128 */
	bool exited;            /* the last inference ended at the image's exit */
};

/* Called after each operator with its output tensors' bytes (one contiguous tensor per operator). */
typedef void runtime_trace_fn(void *context, uint32_t op_index, const void *bytes, uint32_t count);

/* Checks the whole image (bounds of every offset, arena use of every tensor) so that running it
 * cannot leave image or arena. Both must be aligned to 16 bytes and stay valid. */
enum runtime_status runtime_open(struct runtime *runtime, const void *image, uint32_t image_bytes,
				 void *arena, uint32_t arena_bytes);
/* Bit i: this build has the kernels of enum image_kernel_set i. */
uint16_t runtime_kernel_sets(void);
/* A short English sentence. */
const char *runtime_status_text(enum runtime_status status);

/* Inputs stay as written: every inference over the same input gives the same output.
 * Copies count bytes to offset of the concatenated inputs / from the concatenated outputs; the caller
 * keeps within input_bytes / output_bytes. */
void runtime_write_input(struct runtime *runtime, uint32_t offset, const void *bytes, uint32_t count);
void runtime_read_output(const struct runtime *runtime, uint32_t offset, void *bytes, uint32_t count);

/* One inference. trace may be NULL; behind an exit that is taken no operator runs. */
void runtime_invoke(struct runtime *runtime, runtime_trace_fn *trace, void *context);

#endif
