/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/report/counts.h"

#include <inttypes.h>

#include "firmware/image/image.h"

static const struct image_op *op_at(const struct counts_report *report, uint32_t index)
{
	return &image_ops((const struct image_header *)report->image->bytes)[index];
}

static void span_print(const struct counts_report *report, const struct count_span *span,
		       FILE *stream)
{
	fprintf(stream, "%12" PRIu64 " %12" PRIu64, span->instructions, span->cycles);
	for (unsigned i = 0; i < report->count->class_count; i++)
		fprintf(stream, " %10" PRIu64, span->classes[i]);
	fputc('\n', stream);
}

static void head_print(const struct counts_report *report, FILE *stream)
{
	const struct virtual_count *count = report->count;

	fprintf(stream,
		"%s on a virtual %s (%s), build %s, %.1f MHz, %s kernels%s: counted by simulation, "
		"not measured\n"
		"arena %u bytes, image %zu bytes, output CRC-32 %08x%s\n\n",
		report->image->name, report->board, count->hello.chip, report->build,
		count->clock.hz / 1e6, report->runtime, report->eliminate ? ", eliminated" : "",
		report->image->arena_bytes, report->image->count, report->output_crc32,
		count->exited ? ", ended at the exit" : "");
	fprintf(stream, "%-32s %12s %12s", "", "instructions", "cycles");
	for (unsigned i = 0; i < count->class_count; i++)
		fprintf(stream, " %10.10s", count->class_names[i]);
	fputc('\n', stream);
}

void counts_print(const struct counts_report *report, FILE *stream)
{
	head_print(report, stream);
	fprintf(stream, "%-32s ", "inference");
	span_print(report, &report->count->whole, stream);
	for (uint32_t i = 0; i < report->image->op_count; i++) {
		const struct image_op *op = op_at(report, i);

		fprintf(stream, "%4u %-27s ", op->layer, model_op_name(op));
		span_print(report, &report->count->layers[i], stream);
	}
	fputs("\nLayers were counted in a second inference and include the mark behind each.\n",
	      stream);
}

static json_t *classes_json(const struct counts_report *report, const struct count_span *span)
{
	json_t *classes = json_object();

	for (unsigned i = 0; i < report->count->class_count; i++)
		json_object_set_new(classes, report->count->class_names[i],
				    json_integer((json_int_t)span->classes[i]));
	return classes;
}

static json_t *span_json(const struct counts_report *report, const struct count_span *span)
{
	return json_pack("{s:I, s:I, s:o, s:I, s:I, s:I, s:I}", "instructions",
			 (json_int_t)span->instructions, "cycles", (json_int_t)span->cycles,
			 "classes", classes_json(report, span), "taken_branches",
			 (json_int_t)span->taken_branches, "flash_fetch_stall_cycles",
			 (json_int_t)span->flash_fetch_stalls, "flash_data_reads",
			 (json_int_t)span->flash_data_reads, "flash_stall_cycles",
			 (json_int_t)span->flash_stalls);
}

static json_t *layers_json(const struct counts_report *report)
{
	json_t *layers = json_array();

	for (uint32_t i = 0; i < report->image->op_count; i++) {
		const struct image_op *op = op_at(report, i);
		json_t *layer = span_json(report, &report->count->layers[i]);

		json_object_set_new(layer, "layer", json_integer(op->layer));
		json_object_set_new(layer, "operator", json_string(model_op_name(op)));
		json_object_set_new(layer, "kernels",
				    json_string(model_kernel_set_name(op->kernel_set)));
		json_object_set_new(layer, "board_cycles",
				    json_integer((json_int_t)report->count->board_layer_cycles[i]));
		json_array_append_new(layers, layer);
	}
	return layers;
}

json_t *counts_json(const struct counts_report *report)
{
	const struct virtual_count *count = report->count;
	json_t *object = span_json(report, &count->whole);
	char crc[16];

	snprintf(crc, sizeof(crc), "%08x", report->output_crc32);
	if (json_object_update_new(
		    object,
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:b, s:i, s:i, s:s, s:b, "
			      "s:I, s:o}",
			      "model", report->image->name, "model_sha256", report->image->sha256,
			      "board", report->board, "chip", count->hello.chip, "build",
			      report->build, "runtime", report->runtime, "eliminate",
			      report->eliminate, "clock_hz", (int)count->clock.hz, "virtual", 1,
			      "arena_bytes", (int)report->image->arena_bytes, "image_bytes",
			      (int)report->image->count, "output_crc32", crc, "exited",
			      count->exited, "board_window_cycles", (json_int_t)count->board_cycles,
			      "layers", layers_json(report)))) {
		json_decref(object);
		return NULL;
	}
	return object;
}
