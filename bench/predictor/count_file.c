/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/count_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import/file.h"
#include "bench/predictor/fields.h"

enum { COUNT_BYTES_MAX = 64 << 20, LAYERS_MAX = 4096 };

static int whole_number(const json_t *object, const char *key, const struct field_at *at,
			double *ret_value, struct err *err)
{
	struct field_at below = field_below(at, key);
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return field_fail(&below, err, value ? "must be a whole number" : "is missing");
	*ret_value = (double)json_integer_value(value);
	return 0;
}

static int text(const json_t *object, const char *key, const struct field_at *at, char *to,
		size_t size, struct err *err)
{
	struct field_at below = field_below(at, key);
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value) || json_string_length(value) >= size)
		return field_fail(&below, err, "must be a text of at most %zu bytes", size - 1);
	snprintf(to, size, "%s", json_string_value(value));
	return 0;
}

/* The first span names the classes, the others must have the same. */
static int read_classes(const json_t *span, const struct field_at *at, struct count_file *file,
			bool is_whole, double *classes, struct err *err)
{
	const json_t *object = json_object_get(span, "classes");
	struct field_at below = field_below(at, "classes");
	const char *key;
	json_t *value;
	size_t c = 0;

	if (!json_is_object(object) || !json_object_size(object) ||
	    json_object_size(object) > KIND_CLASSES_MAX)
		return field_fail(&below, err, "must be an object of 1 to %d classes",
				  KIND_CLASSES_MAX);
	json_object_foreach((json_t *)object, key, value)
	{
		if (is_whole)
			snprintf(file->class_name[c], sizeof(file->class_name[c]), "%s", key);
		if (strcmp(file->class_name[c], key) != 0 || !json_is_integer(value) ||
		    json_integer_value(value) < 0)
			return field_fail(&below, err, "'%.20s' is no count of a known class", key);
		classes[c++] = (double)json_integer_value(value);
	}
	file->class_count = is_whole ? c : file->class_count;
	return c == file->class_count ? 0 : field_fail(&below, err, "classes are missing");
}

static int read_span(const json_t *object, const char *cycles, const struct field_at *at,
		     struct count_file *file, bool is_whole, struct count_file_span *span,
		     struct err *err)
{
	double fetch = 0;
	int ret = whole_number(object, cycles, at, &span->cycles, err);

	ret = ret ? ret : whole_number(object, "flash_stall_cycles", at, &span->stall_cycles, err);
	ret = ret ? ret : whole_number(object, "flash_fetch_stall_cycles", at, &fetch, err);
	span->stall_cycles += fetch;
	return ret ? ret : read_classes(object, at, file, is_whole, span->classes, err);
}

static int read_layers(const json_t *root, const struct field_at *at, struct count_file *file,
		       struct err *err)
{
	struct field_at below = field_below(at, "layers");
	json_t *array;
	int ret = field_array(root, "layers", at, 0, LAYERS_MAX, &array, err);

	if (ret)
		return ret;
	file->layer_count = json_array_size(array);
	file->layers = calloc(file->layer_count + 1, sizeof(*file->layers));
	if (!file->layers)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < file->layer_count && !ret; i++) {
		struct field_at item = field_item(&below, i);
		struct count_file_layer *layer = &file->layers[i];
		const json_t *object = json_array_get(array, i);
		double index = 0;

		ret = whole_number(object, "layer", &item, &index, err);
		layer->layer = (unsigned)index;
		ret = ret ? ret
			  : text(object, "operator", &item, layer->operator_name,
				 sizeof(layer->operator_name), err);
		ret = ret ? ret
			  : read_span(object, "board_cycles", &item, file, false, &layer->span,
				      err);
	}
	return ret;
}

static int read_root(const json_t *root, const struct field_at *at, struct count_file *file,
		     struct err *err)
{
	const char *schema = json_string_value(json_object_get(root, "schema"));
	double clock_hz = 0;
	int ret;

	if (!schema || strcmp(schema, "joulebench.count/1") != 0)
		return field_fail(at, err,
				  "is not what 'joulebench count --json' writes "
				  "(schema joulebench.count/1)");
	ret = text(root, "model", at, file->model, sizeof(file->model), err);
	ret = ret ? ret
		  : text(root, "model_sha256", at, file->model_sha256, sizeof(file->model_sha256),
			 err);
	ret = ret ? ret : text(root, "board", at, file->board, sizeof(file->board), err);
	ret = ret ? ret : text(root, "chip", at, file->chip, sizeof(file->chip), err);
	ret = ret ? ret : text(root, "build", at, file->build, sizeof(file->build), err);
	ret = ret ? ret : text(root, "runtime", at, file->runtime, 32, err);
	ret = ret ? ret : whole_number(root, "clock_hz", at, &clock_hz, err);
	ret = ret ? ret : read_span(root, "board_window_cycles", at, file, true, &file->whole, err);
	ret = ret ? ret : read_layers(root, at, file, err);
	if (json_is_true(json_object_get(root, "eliminate")))
		snprintf(file->runtime + strlen(file->runtime),
			 sizeof(file->runtime) - strlen(file->runtime), "+eliminate");
	file->is_virtual = json_is_true(json_object_get(root, "virtual")) ||
			   json_integer_value(json_object_get(root, "virtual"));
	file->clock_hz = (int64_t)clock_hz;
	return ret;
}

int count_file_load(const char *path, struct count_file *ret_file, struct err *err)
{
	const struct field_at at = {.file = path};
	struct count_file file = {.class_count = 0};
	uint8_t *bytes = NULL;
	json_error_t why;
	json_t *root;
	size_t size;
	int ret = import_file_read(path, COUNT_BYTES_MAX, &bytes, &size, err);

	if (ret)
		return ret;
	root = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, &why);
	free(bytes);
	if (!root)
		return err_set(err, -EINVAL, "%s:%d: %s", path, why.line, why.text);
	snprintf(file.path, sizeof(file.path), "%s", path);
	ret = read_root(root, &at, &file, err);
	json_decref(root);
	if (ret)
		count_file_done(&file);
	else
		*ret_file = file;
	return ret;
}

void count_file_done(struct count_file *file)
{
	free(file->layers);
	memset(file, 0, sizeof(*file));
}

static double sum_of(const char *const *wanted, const char (*names)[DATASET_CLASS_NAME],
		     size_t count, const double *classes)
{
	double sum = 0;

	for (; *wanted; wanted++)
		for (size_t c = 0; c < count; c++)
			sum += strcmp(names[c], *wanted) ? 0 : classes[c];
	return sum;
}

double count_memory(const char (*names)[DATASET_CLASS_NAME], size_t count, const double *classes)
{
	static const char *const wanted[] = {"load", "store", "load_multiple", "store_multiple",
					     NULL};

	return sum_of(wanted, names, count, classes);
}

double count_multiplies(const char (*names)[DATASET_CLASS_NAME], size_t count,
			const double *classes)
{
	static const char *const wanted[] = {"mul", "mac", "simd", NULL};

	return sum_of(wanted, names, count, classes);
}
