/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Instruction classes and stall cycles of "joulebench count --json" files, into a dataset.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "bench/predictor/count_file.h"
#include "bench/predictor/dataset.h"
#include "bench/predictor/each_file.h"

static int take_names(struct dataset *dataset, const struct count_file *file, struct err *err)
{
	if (!dataset->class_count) {
		dataset->class_count = file->class_count;
		memcpy(dataset->class_name, file->class_name, sizeof(dataset->class_name));
		return 0;
	}
	if (dataset->class_count != file->class_count ||
	    memcmp(dataset->class_name, file->class_name, sizeof(dataset->class_name)) != 0)
		return err_set(err, -EINVAL,
			       "%s: its instruction classes are not those of the files before",
			       file->path);
	return 0;
}

static bool is_of(const struct dataset_point *point, const struct count_file *file)
{
	return !strcmp(point->model_sha256, file->model_sha256) &&
	       !strcmp(point->chip, file->chip) && !strcmp(point->build, file->build) &&
	       !strcmp(point->runtime, file->runtime);
}

/* A count at the point's own clock is better than one at another, where waits differ. */
static void take_counts(struct dataset *dataset, const struct count_file *file)
{
	for (size_t i = 0; i < dataset->count; i++) {
		struct dataset_point *point = &dataset->points[i];

		if (!is_of(point, file) ||
		    (!isnan(point->classes[0]) && file->clock_hz != point->clock_hz))
			continue;
		for (size_t c = 0; c < file->class_count; c++)
			point->classes[c] = file->whole.classes[c];
		point->column[KIND_STALL_CYCLES] = file->whole.stall_cycles;
		point->column[KIND_MEMORY] =
			count_memory(file->class_name, file->class_count, file->whole.classes);
		point->column[KIND_MULTIPLIES] =
			count_multiplies(file->class_name, file->class_count, file->whole.classes);
	}
}

static int add_file(void *user, const char *path, struct err *err)
{
	struct dataset *dataset = user;
	struct count_file file;
	int ret = count_file_load(path, &file, err);

	if (ret)
		return ret;
	ret = take_names(dataset, &file, err);
	if (!ret)
		take_counts(dataset, &file);
	count_file_done(&file);
	return ret;
}

int dataset_add_instructions(struct dataset *dataset, const char *path, struct err *err)
{
	return each_file(path, "json", add_file, dataset, err);
}
