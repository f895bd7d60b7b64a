/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a network in memory through reader, compiler and check to the runtime's outputs.
 */
#ifndef TESTS_UNIT_MODEL_NET_RUN_H
#define TESTS_UNIT_MODEL_NET_RUN_H

#include "bench/model/graph.h"
#include "bench/model/image_build.h"
#include "firmware/runtime/runtime.h"
#include "tests/unit/model/net.h"

static uint32_t net_seed = 1;

static inline int32_t net_draw(int32_t from, int32_t to)
{
	net_seed = net_seed * 1664525u + 1013904223u;
	return from + (int32_t)((net_seed >> 8) % (uint32_t)(to - from + 1));
}

static inline void net_fill(int8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		bytes[i] = (int8_t)net_draw(-128, 127);
}

/* A scale between 1/512 and 1/2, unevenly spread. */
static inline float net_scale(void)
{
	return (float)net_draw(256, 65535) / 65536.0f / (float)(1 << net_draw(1, 8)) + 1.0f / 512;
}

/* 0, or what the reader or the compiler says. The image is the caller's to free. */
static inline int net_compile(const struct net *net, const struct model_options *options,
			      uint8_t **ret_image, uint32_t *ret_count, struct err *err)
{
	struct graph graph;
	uint32_t count = 0;
	uint8_t *bytes = net_write(net, &count);
	int error;

	assert_non_null(bytes);
	error = graph_read(bytes, count, &graph, err);
	if (!error) {
		error = image_build(&graph, options, 0, ret_image, ret_count, err);
		graph_done(&graph);
	}
	free(bytes);
	return error;
}

/* One inference of an image that must pass the board's check; in and out are all inputs and outputs
 * in order. */
static inline void net_run(const uint8_t *image, uint32_t count, const int8_t *in, int8_t *out,
			   runtime_trace_fn *trace, void *context)
{
	uint32_t arena_bytes = ((const struct image_header *)image)->arena_bytes;
	uint8_t *arena = aligned_alloc(IMAGE_ALIGN, arena_bytes);
	struct runtime runtime;

	assert_non_null(arena);
	memset(arena, 0xA5, arena_bytes);
	assert_int_equal(runtime_open(&runtime, image, count, arena, arena_bytes), RUNTIME_OK);
	runtime_write_input(&runtime, 0, in, runtime.input_bytes);
	runtime_invoke(&runtime, trace, context);
	runtime_read_output(&runtime, 0, out, runtime.output_bytes);
	free(arena);
}

static inline void net_compile_run(const struct net *net, const struct model_options *options,
				   const int8_t *in, int8_t *out)
{
	struct err err = {0};
	uint8_t *image = NULL;
	uint32_t count = 0;
	int error = net_compile(net, options, &image, &count, &err);

	if (error)
		print_error("%s\n", err.text);
	assert_int_equal(error, 0);
	net_run(image, count, in, out, NULL, NULL);
	free(image);
}

#endif
