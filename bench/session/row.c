/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/row.h"

#include <stdio.h>
#include <time.h>

enum { NO_EXIT = 128 }; /* a threshold that is never reached */

static void write_runtime(struct store_measurement *row, const struct plan *plan,
			  const struct model_image *image)
{
	char exit[16] = "";

	if (image->has_exit)
		snprintf(exit, sizeof(exit), "+exit%d", (int)image->exit_threshold);
	snprintf(row->runtime, sizeof(row->runtime), "%s%s%s%s", plan_runtime(plan),
		 plan->eliminate ? "+eliminate" : "", exit, plan->layers ? "+layers" : "");
}

void row_plan(struct store_measurement *row, const struct session_work *work,
	      const struct point *point)
{
	const struct plan *plan = work->plan;
	const struct rig *rig = work->rig;
	const struct rig_board *board = &rig->boards[point->board];
	const struct model_image *image =
		session_work_model(work, point->board, point->model)->image;
	const struct session_firmware *firmware =
		&work->firmwares[point->board * plan->build_count + point->build];

	store_measurement_init(row);
	snprintf(row->point_key, sizeof(row->point_key), "%s", point->key);
	row->is_virtual = rig->is_virtual;
	snprintf(row->rig, sizeof(row->rig), "%s", rig->name);
	snprintf(row->board, sizeof(row->board), "%s", board->name);
	snprintf(row->chip, sizeof(row->chip), "%s", board->chip);
	snprintf(row->meter, sizeof(row->meter), "%s", rig->meters[board->meter].name);
	snprintf(row->model, sizeof(row->model), "%s", image->name);
	snprintf(row->model_sha256, sizeof(row->model_sha256), "%s", image->sha256);
	snprintf(row->image_crc32, sizeof(row->image_crc32), "%08x", image->crc32);
	row->model_macs = (int64_t)image->macs;
	row->model_params = (int64_t)image->params;
	snprintf(row->build, sizeof(row->build), "%s", plan->builds[point->build]);
	snprintf(row->firmware_crc32, sizeof(row->firmware_crc32), "%08x", firmware->crc32);
	write_runtime(row, plan, image);
	snprintf(row->kernels, sizeof(row->kernels), "%s",
		 model_kernel_set_name(plan->optimised ? board->kernels : IMAGE_KERNELS_PORTABLE));
	row->eliminate = plan->eliminate;
	row->exit_threshold = image->has_exit ? image->exit_threshold : NO_EXIT;
	row->arena_bytes = image->arena_bytes;
	row->image_bytes = (int64_t)image->count;
	row->repeat_index = point->repeat;
	row->clock_hz = point->clock_hz;
	row->ambient_c =
		plan->temperature_count ? plan->temperatures_c[point->temperature] : rig->ambient_c;
	row->warmups = plan->warmups;
}

void row_fill_devices(struct store_measurement *row, const struct station *station)
{
	const struct wire_hello_reply *hello = &station->hello;
	const struct wire_clock_reply *clock = &station->clock;

	for (size_t i = 0; hello->chip[0] && i < sizeof(hello->uid); i++)
		snprintf(row->board_uid + 2 * i, sizeof(row->board_uid) - 2 * i, "%02x",
			 hello->uid[i]);
	snprintf(row->compiler, sizeof(row->compiler), "%s", hello->compiler);
	snprintf(row->options, sizeof(row->options), "%.127s", hello->options);
	row->core_mv = clock->core_mv;
	row->wait_states = clock->wait_states;
	snprintf(row->clock_range, sizeof(row->clock_range), "%s", clock->range);
	snprintf(row->clock_source, sizeof(row->clock_source), "%s", clock->source);
	if (station->meter) {
		const struct meter_info *meter = meter_info(station->meter);

		snprintf(row->meter_model, sizeof(row->meter_model), "%s", meter->model);
		snprintf(row->meter_serial, sizeof(row->meter_serial), "%s", meter->serial);
		snprintf(row->meter_calibration, sizeof(row->meter_calibration), "%s",
			 meter->calibration);
	}
}

void row_stamp_utc(struct link_tape *tape, char *ret_text, size_t size)
{
	int64_t now_ms = link_tape_wall_ns(tape) / 1000000;
	time_t now_s = now_ms / 1000;
	struct tm parts;
	size_t used;

	gmtime_r(&now_s, &parts);
	used = strftime(ret_text, size, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(ret_text + used, size - used, ".%03dZ", (int)(now_ms % 1000));
}

void row_finish(struct store_measurement *row, const struct station *station)
{
	row_stamp_utc(station->tapes.board, row->created_utc, sizeof(row->created_utc));
	row_fill_devices(row, station);
}
