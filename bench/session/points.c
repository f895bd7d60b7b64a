/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/points.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/rig_ambient.h"
#include "bench/session/target.h"
#include "firmware/wire/wire.h"

enum { FIRMWARE_BYTES_MAX = 2 << 20 };

static const char key_degrees[] =
	"degC"; /* ends the key of a point of a temperature, but for its repeat */

static int read_firmware(const char *path, struct session_firmware *firmware, struct err *err)
{
	FILE *stream = fopen(path, "rb");
	size_t count;

	if (!stream)
		return err_set(err, -errno, "firmware %s: %s", path, strerror(errno));
	firmware->bytes = malloc(FIRMWARE_BYTES_MAX);
	count = firmware->bytes ? fread(firmware->bytes, 1, FIRMWARE_BYTES_MAX, stream) : 0;
	fclose(stream);
	if (!firmware->bytes)
		return err_set(err, -ENOMEM, "out of memory");
	if (!count || count == FIRMWARE_BYTES_MAX)
		return err_set(err, -EINVAL, "firmware %s: empty, unreadable or above %d bytes",
			       path, FIRMWARE_BYTES_MAX);
	firmware->count = count;
	firmware->crc32 = wire_crc32(0, firmware->bytes, count);
	return 0;
}

/* What there is instead of it. */
static int no_such_build(const char *folder, const char *stem, const char *build, struct err *err)
{
	static const char end[] = ".bin";
	size_t used = 0, begin = strlen(stem) + 1, end_length = sizeof(end) - 1;
	char builds[400] = "";
	struct dirent **files = NULL;
	int count = scandir(folder, &files, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		const char *name = files[i]->d_name;
		size_t length = strlen(name);

		if (used < sizeof(builds) && length > begin + end_length &&
		    !strncmp(name, stem, begin - 1) && name[begin - 1] == '-' &&
		    !strcmp(name + length - end_length, end))
			used += (size_t)snprintf(builds + used, sizeof(builds) - used, "%s%.*s",
						 used ? ", " : "",
						 (int)(length - begin - end_length), name + begin);
		free(files[i]);
	}
	free(files);
	return err_set(err, -ENOENT, "firmware %s/%s-%s.bin: there is no build '%s' (%s%s)", folder,
		       stem, build, build, builds[0] ? "there are " : "there is none at all",
		       builds);
}

static int prepare_firmwares(struct session_work *work, const char *folder, struct err *err)
{
	const struct plan *plan = work->plan;
	const struct rig *rig = work->rig;

	work->firmwares =
		calloc((size_t)rig->board_count * plan->build_count, sizeof(*work->firmwares));
	if (!work->firmwares)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned board = 0; board < rig->board_count; board++) {
		for (unsigned build = 0; build < plan->build_count; build++) {
			const char *stem = rig->boards[board].firmware;
			char path[4096];
			int ret;

			snprintf(path, sizeof(path), "%s/%s-%s.bin", folder, stem,
				 plan->builds[build]);
			ret = read_firmware(
				path, &work->firmwares[board * plan->build_count + build], err);
			if (ret == -ENOENT)
				ret = no_such_build(folder, stem, plan->builds[build], err);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int prepare_model(const struct plan *plan, const char *path, enum image_kernel_set set,
			 struct session_model *model, struct err *err)
{
	const struct model_exit exit = {plan->exit_output, plan->exit_confidence};
	const struct model_options options = {
		.kernel_set = set,
		.eliminate = plan->eliminate,
		.exit = plan->has_exit ? &exit : NULL,
	};
	int ret = model_image_build(path, &options, &model->image, err);

	if (ret)
		return ret;
	model->input = malloc(model->image->input_bytes);
	if (!model->input)
		return err_set(err, -ENOMEM, "out of memory");
	model_input_generate(plan->input_seed, model->input, model->image->input_bytes);
	return model_image_expect(model->image, model->input, &model->expected, err);
}

static enum image_kernel_set set_of_board(const struct session_work *work, unsigned board)
{
	return work->plan->optimised ? work->rig->boards[board].kernels : IMAGE_KERNELS_PORTABLE;
}

const struct session_model *session_work_model(const struct session_work *work, unsigned board,
					       unsigned model)
{
	return &work->models[set_of_board(work, board) * work->plan->model_count + model];
}

static int check_distinct(const struct session_work *work, const struct session_model *models,
			  struct err *err)
{
	const struct plan *plan = work->plan;

	for (unsigned i = 0; i < plan->model_count; i++)
		for (unsigned j = 0; j < i; j++)
			if (!strcmp(models[i].image->sha256, models[j].image->sha256))
				return err_set(err, -EINVAL, "models %s and %s are the same file",
					       plan->models[j], plan->models[i]);
	return 0;
}

/* Every model for every kernel set that a board of the rig runs. */
static int prepare_models(struct session_work *work, struct err *err)
{
	const struct plan *plan = work->plan;
	int ret = 0;

	work->models = calloc((size_t)IMAGE_KERNELS_END * plan->model_count, sizeof(*work->models));
	if (!work->models)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned board = 0; !ret && board < work->rig->board_count; board++) {
		enum image_kernel_set set = set_of_board(work, board);
		struct session_model *models = &work->models[set * plan->model_count];

		if (models[0].image)
			continue;
		for (unsigned i = 0; !ret && i < plan->model_count; i++)
			ret = prepare_model(plan, plan->models[i], set, &models[i], err);
		if (!ret)
			ret = check_distinct(work, models, err);
	}
	return ret;
}

int session_work_prepare(const struct plan *plan, const struct rig *rig,
			 const char *firmware_folder, struct session_work *ret_work,
			 struct err *err)
{
	struct session_work work = {.plan = plan, .rig = rig};
	int ret = levels_resolve(plan, rig, &work.levels, err);

	if (!ret)
		ret = target_check_rig(plan, rig, err);
	if (!ret)
		ret = rig_ambient_check_plan(rig, plan, err);
	if (!ret && firmware_folder)
		ret = prepare_firmwares(&work, firmware_folder, err);
	if (!ret)
		ret = prepare_models(&work, err);
	if (ret) {
		session_work_done(&work);
		return ret;
	}
	*ret_work = work;
	return 0;
}

void session_work_done(struct session_work *work)
{
	if (work->models) {
		for (unsigned i = 0; i < IMAGE_KERNELS_END * work->plan->model_count; i++) {
			model_image_free(work->models[i].image);
			free(work->models[i].input);
			free(work->models[i].expected.layer_crc32);
		}
	}
	if (work->firmwares)
		for (unsigned i = 0; i < work->rig->board_count * work->plan->build_count; i++)
			free(work->firmwares[i].bytes);
	free(work->models);
	free(work->firmwares);
	free(work->levels);
	memset(work, 0, sizeof(*work));
}

/* splitmix64 (Steele, Lea, Flood 2014): small, seeded, the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

static void shuffle(struct point *points, size_t count, uint64_t seed)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)(next_random(&seed) % i);
		struct point swap = points[i - 1];

		points[i - 1] = points[j];
		points[j] = swap;
	}
}

static void write_key(const struct session_work *work, struct point *point)
{
	const struct plan *plan = work->plan;
	const struct session_firmware *firmware =
		&work->firmwares[point->board * plan->build_count + point->build];

	const struct session_model *model = session_work_model(work, point->board, point->model);
	char temperature[24] = "";

	if (plan->temperature_count)
		snprintf(temperature, sizeof(temperature), "|%g%s",
			 plan->temperatures_c[point->temperature], key_degrees);
	/* The image's CRC stands for everything that compiling it depends on. */
	snprintf(point->key, sizeof(point->key), "%.40s|%.16s|%08x|%08x|%.16s|%08x|%s%s|%u%s|%u",
		 work->rig->boards[point->board].name, model->image->sha256, model->image->crc32,
		 plan->input_seed, plan->builds[point->build], firmware->crc32, plan_runtime(plan),
		 plan->layers ? "+layers" : "", point->clock_hz, temperature, point->repeat);
}

struct point point_repeat(const struct session_work *work, const struct point *point,
			  unsigned repeat)
{
	struct point other = *point;

	other.repeat = repeat;
	write_key(work, &other);
	return other;
}

size_t point_key_stem(const char *key)
{
	const char *end = strrchr(key, '|');

	return end ? (size_t)(end - key) : strlen(key);
}

bool point_key_has_temperature(const char *key)
{
	size_t stem = point_key_stem(key), count = strlen(key_degrees);

	return stem > count && !strncmp(key + stem - count, key_degrees, count);
}

unsigned points_temperatures(const struct plan *plan)
{
	return plan->temperature_count ? plan->temperature_count : 1;
}

double points_temperature_c(const struct plan *plan, unsigned temperature)
{
	return plan->temperature_count ? plan->temperatures_c[temperature] : NAN;
}

void points_keep_temperature(const struct plan *plan, unsigned temperature, struct point *points,
			     size_t *count)
{
	*count /= points_temperatures(plan);
	memmove(points, points + temperature * *count, *count * sizeof(*points));
}

struct point *points_of_board(const struct session_work *work, unsigned board, size_t *ret_count)
{
	const struct plan *plan = work->plan;
	const struct levels *levels = &work->levels[board];
	unsigned temperatures = points_temperatures(plan);
	size_t each = (size_t)plan->model_count * plan->build_count * levels->count * plan->repeats;
	size_t count = each * temperatures;
	struct point *points = calloc(count, sizeof(*points));

	if (!points)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t rest = i;

		points[i].board = board;
		points[i].repeat = (unsigned)(rest % plan->repeats);
		rest /= plan->repeats;
		points[i].clock = (unsigned)(rest % levels->count);
		points[i].clock_hz = levels->hz[points[i].clock];
		rest /= levels->count;
		points[i].build = (unsigned)(rest % plan->build_count);
		rest /= plan->build_count;
		points[i].model = (unsigned)(rest % plan->model_count);
		points[i].temperature = (unsigned)(rest / plan->model_count);
		write_key(work, &points[i]);
	}
	for (unsigned t = 0; t < temperatures; t++)
		shuffle(points + t * each, each, plan->seed + 0x1000003u * board + 0x10001u * t);
	*ret_count = count;
	return points;
}
