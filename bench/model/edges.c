/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the file's inputs and outputs and the image's: QUANTIZE and DEQUANTIZE at the edges of a
 * model are the host's work.
 */
#include "bench/model/edges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/quantise.h"

static size_t edge_raw_bytes(const struct model_edge *edge)
{
	return (size_t)edge->elements * (edge->is_float ? sizeof(float) : 1);
}

static int list_fill(const struct graph *graph, const int32_t *list, const bool *floats,
		     uint32_t count, struct model_edges *ret_edges, struct err *err)
{
	ret_edges->edges = calloc(count, sizeof(*ret_edges->edges));
	if (!ret_edges->edges)
		return err_set(err, -ENOMEM, "out of memory");
	ret_edges->count = count;
	for (uint32_t i = 0; i < count; i++) {
		const struct graph_tensor *tensor = &graph->tensors[list[i]];

		ret_edges->edges[i] = (struct model_edge){
			.elements = tensor->elements,
			.is_float = floats[i],
			.scale = tensor->scale_count ? graph_scale(tensor, 0) : 0,
			.zero_point = tensor->zero_point,
		};
	}
	return 0;
}

static size_t list_raw_bytes(const struct model_edges *edges)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < edges->count; i++)
		sum += edge_raw_bytes(&edges->edges[i]);
	return sum;
}

int edges_fill(const struct graph *graph, struct model_image *image, struct err *err)
{
	int error = list_fill(graph, graph->inputs, graph->input_floats, graph->input_count,
			      &image->inputs, err);

	error = error ? error
		      : list_fill(graph, graph->outputs, graph->output_floats, graph->output_count,
				  &image->outputs, err);
	image->raw_input_bytes = list_raw_bytes(&image->inputs);
	image->raw_output_bytes = list_raw_bytes(&image->outputs);
	return error;
}

void edges_done(struct model_image *image)
{
	free(image->inputs.edges);
	free(image->outputs.edges);
}

void model_input_quantise(const struct model_image *image, const void *raw, void *ret_input)
{
	const uint8_t *from = raw;
	int8_t *to = ret_input;

	for (uint32_t i = 0; i < image->inputs.count; i++) {
		const struct model_edge *edge = &image->inputs.edges[i];

		if (!edge->is_float)
			memcpy(to, from, edge->elements);
		for (uint32_t k = 0; edge->is_float && k < edge->elements; k++) {
			float value;

			memcpy(&value, from + k * sizeof(value), sizeof(value));
			to[k] = quantise_value(value, edge->scale, edge->zero_point);
		}
		from += edge_raw_bytes(edge);
		to += edge->elements;
	}
}

void model_output_dequantise(const struct model_image *image, const void *output, void *ret_raw)
{
	const int8_t *from = output;
	uint8_t *to = ret_raw;

	for (uint32_t i = 0; i < image->outputs.count; i++) {
		const struct model_edge *edge = &image->outputs.edges[i];

		if (!edge->is_float)
			memcpy(to, from, edge->elements);
		for (uint32_t k = 0; edge->is_float && k < edge->elements; k++) {
			float value = quantise_real(from[k], edge->scale, edge->zero_point);

			memcpy(to + k * sizeof(value), &value, sizeof(value));
		}
		from += edge->elements;
		to += edge_raw_bytes(edge);
	}
}
