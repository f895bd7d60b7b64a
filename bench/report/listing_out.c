/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/report/listing_out.h"

#include <inttypes.h>

static void shape_text(const uint32_t shape[4], char *text, size_t size)
{
	snprintf(text, size, "%ux%ux%ux%u", shape[0], shape[1], shape[2], shape[3]);
}

static void layer_print(const struct model_listing_layer *layer, FILE *stream)
{
	char in[48], out[48];

	shape_text(layer->input_shapes[0], in, sizeof(in));
	shape_text(layer->output_shape, out, sizeof(out));
	fprintf(stream,
		"%5u %-24s %-15s %-15s %10" PRIu64 " %8" PRIu64 " %8u  %-8s %3u %7u %7u %7u %7u\n",
		layer->index, layer->operator_name, in, out, layer->macs, layer->params,
		layer->weight_bytes, layer->kernel_set, layer->variant, layer->arena_offset,
		layer->output_bytes, layer->scratch_offset, layer->scratch_bytes);
}

void listing_print(const struct model_image *image, const struct model_listing *listing,
		   FILE *stream)
{
	fprintf(stream,
		"%s: %" PRIu64 " MACs (the file's %" PRIu64 ", %.1f %%), %" PRIu64
		" parameters, arena %u bytes, image %zu bytes (weights %" PRIu64 ")\n\n",
		image->name, listing->macs, listing->file_macs, 100 * listing->macs_share,
		listing->file_params, listing->arena_bytes, listing->image_bytes,
		listing->weight_bytes);
	fprintf(stream, "%5s %-24s %-15s %-15s %10s %8s %8s  %-8s %3s %7s %7s %7s %7s\n", "layer",
		"operator", "input", "output", "MACs", "params", "weights", "kernels", "var", "at",
		"bytes", "scratch", "bytes");
	for (unsigned i = 0; i < listing->layer_count; i++) {
		layer_print(&listing->layers[i], stream);
		if (i == listing->exit_layer)
			fputs("      exit: the inference may end here\n", stream);
	}
}

static json_t *shape_json(const uint32_t shape[4])
{
	return json_pack("[i, i, i, i]", (int)shape[0], (int)shape[1], (int)shape[2],
			 (int)shape[3]);
}

static json_t *layer_json(const struct model_listing_layer *layer)
{
	json_t *inputs = json_array();

	for (unsigned i = 0; i < layer->input_count; i++)
		json_array_append_new(inputs, shape_json(layer->input_shapes[i]));
	return json_pack("{s:i, s:s, s:o, s:o, s:I, s:I, s:I, s:s, s:i, s:I, s:I, s:I, s:I}",
			 "layer", (int)layer->index, "operator", layer->operator_name,
			 "input_shapes", inputs, "output_shape", shape_json(layer->output_shape),
			 "macs", (json_int_t)layer->macs, "params", (json_int_t)layer->params,
			 "weight_bytes", (json_int_t)layer->weight_bytes, "kernels",
			 layer->kernel_set, "variant", (int)layer->variant, "arena_offset",
			 (json_int_t)layer->arena_offset, "output_bytes",
			 (json_int_t)layer->output_bytes, "scratch_offset",
			 (json_int_t)layer->scratch_offset, "scratch_bytes",
			 (json_int_t)layer->scratch_bytes);
}

json_t *listing_json(const struct model_image *image, const struct model_listing *listing)
{
	json_t *layers = json_array();

	for (unsigned i = 0; i < listing->layer_count; i++)
		json_array_append_new(layers, layer_json(&listing->layers[i]));
	return json_pack(
		"{s:s, s:s, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "model",
		image->name, "model_sha256", image->sha256, "macs", (json_int_t)listing->macs,
		"file_macs", (json_int_t)listing->file_macs, "macs_share", listing->macs_share,
		"params", (json_int_t)listing->params, "file_params",
		(json_int_t)listing->file_params, "weight_bytes", (json_int_t)listing->weight_bytes,
		"image_bytes", (json_int_t)listing->image_bytes, "arena_bytes",
		(json_int_t)listing->arena_bytes, "input_bytes", (json_int_t)listing->input_bytes,
		"output_bytes", (json_int_t)listing->output_bytes, "exit_layer",
		listing->exit_layer < listing->layer_count
			? json_integer(listing->layers[listing->exit_layer].index)
			: json_null(),
		"layers", layers);
}
