/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int layers_write(const struct model_image *image, const uint64_t *cycles, char *text,
			size_t size, struct err *err)
{
	const struct image_op *ops = image_ops((const struct image_header *)image->bytes);
	size_t used = 0;

	for (uint32_t i = 0; i < image->op_count && used < size; i++)
		used += (size_t)snprintf(
			text + used, size - used,
			"%s{\"layer\":%u,\"operator\":\"%s\",\"cycles\":%" PRIu64 "}",
			i ? "," : "[", ops[i].layer, model_op_name(&ops[i]), cycles[i]);
	if (used + 2 > size) {
		text[0] = 0;
		return err_set(err, -EFBIG, "the layers of %s do not fit a row", image->name);
	}
	snprintf(text + used, size - used, "]");
	return 0;
}

enum { LAYER_TEXT_MAX = 96 };

static int layers_read(struct station *station, const struct model_image *image,
		       struct store_measurement *row, struct err *err)
{
	size_t size = (size_t)image->op_count * LAYER_TEXT_MAX + 3;
	uint64_t *cycles = calloc(image->op_count, sizeof(*cycles));
	char *text = calloc(1, size);
	int ret;

	if (!cycles || !text)
		ret = err_set(err, -ENOMEM, "out of memory");
	else
		ret = dut_read_layers(station->dut, cycles, image->op_count, err);
	if (!ret)
		ret = layers_write(image, cycles, text, size, err);
	if (ret)
		free(text);
	else
		row->layer_cycles = text;
	free(cycles);
	return ret;
}

static int paths_read(struct station *station, const struct session_model *model,
		      const struct wire_run *run, struct store_measurement *row, struct err *err)
{
	struct wire_paths_reply paths;
	int ret = dut_read_paths(station->dut, &paths, err);
	uint32_t exits = 0;

	if (ret)
		return ret;
	for (uint32_t i = 0; i < paths.inferences; i++)
		exits += paths.exited[i / 8] >> i % 8 & 1u;
	for (uint32_t i = 0; i < (paths.inferences + 7) / 8 && 2 * i + 2 < sizeof(row->exit_path);
	     i++)
		snprintf(row->exit_path + 2 * i, 3, "%02x", paths.exited[i]);
	row->exits = exits;
	if (paths.inferences != run->inferences ||
	    exits != (model->expected.exited ? run->inferences : 0))
		return err_set(
			err, -EPROTO,
			"board %s: %u of %u inferences ended at the exit, the host expects %s",
			station->board->name, exits, paths.inferences,
			model->expected.exited ? "all" : "none");
	return 0;
}

int record_read(struct station *station, const struct session_model *model,
		const struct wire_run *run, struct store_measurement *row, struct err *err)
{
	int ret = 0;

	if (run->flags & WIRE_RUN_LAYERS)
		ret = layers_read(station, model->image, row, err);
	if (!ret && model->image->has_exit)
		ret = paths_read(station, model, run, row, err);
	return ret ? err_context(err, ret, "board %s", station->board->name) : 0;
}

void record_done(struct store_measurement *row)
{
	free((char *)row->layer_cycles);
	row->layer_cycles = NULL;
}
