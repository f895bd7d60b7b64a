/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * MACs and parameters of networks from a table of the user's, into a dataset.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/predictor/dataset.h"

static const char header[] = "model,macs,params";

struct features {
	char model[64];
	double macs, params;
};

static bool line_read(const char *line, struct features *ret_features)
{
	int used = 0;

	return sscanf(line, "%63[^,],%lf,%lf %n", ret_features->model, &ret_features->macs,
		      &ret_features->params, &used) == 3 &&
	       !line[used] && isfinite(ret_features->macs) && ret_features->macs > 0 &&
	       isfinite(ret_features->params) && ret_features->params > 0;
}

/* What the database knows stays. */
static size_t features_take(struct dataset *dataset, const struct features *features)
{
	size_t taken = 0;

	for (size_t i = 0; i < dataset->count; i++) {
		struct dataset_point *point = &dataset->points[i];

		if (strcmp(point->model, features->model) != 0)
			continue;
		taken++;
		if (isnan(point->column[KIND_MACS]))
			point->column[KIND_MACS] = features->macs;
		if (isnan(point->column[KIND_WEIGHTS]))
			point->column[KIND_WEIGHTS] = features->params;
	}
	return taken;
}

static int lines_take(struct dataset *dataset, FILE *file, const char *path, struct err *err)
{
	struct features features;
	unsigned number = 1;
	char line[256];

	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	line[strcspn(line, "\r\n")] = 0;
	if (strcmp(line, header) != 0)
		return err_set(err, -EINVAL, "%s:1: must be '%s'", path, header);
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (!line_read(line, &features))
			return err_set(err, -EINVAL,
				       "%s:%u: must be a name and two numbers above 0: %s", path,
				       number, header);
		if (!features_take(dataset, &features))
			return err_set(err, -EINVAL, "%s:%u: no network '%s' is in the data", path,
				       number, features.model);
	}
	return 0;
}

int dataset_add_features(struct dataset *dataset, const char *path, struct err *err)
{
	FILE *file = fopen(path, "r");
	int ret;

	if (!file)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	ret = lines_take(dataset, file, path, err);
	fclose(file);
	return ret;
}
