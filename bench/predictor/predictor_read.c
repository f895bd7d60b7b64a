/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/predictor_read.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import/file.h"

enum { LIST_MAX = 1 << 20 };

int predictor_items_read(const struct field *fields, const json_t *array,
			 const struct field_at *at, void *items, size_t size, struct err *err)
{
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)array, i, item)
	{
		struct field_at below = field_item(at, i);
		int ret = fields_read(fields, item, &below, (char *)items + i * size, err);

		if (ret)
			return ret;
	}
	return 0;
}

int predictor_list_read(const json_t *object, const char *key, const struct field_at *at,
			const struct field *fields, size_t size, size_t most, void **ret_items,
			size_t *ret_count, struct err *err)
{
	struct field_at below = field_below(at, key);
	json_t *array;
	void *items;
	int ret = field_array(object, key, at, 0, most, &array, err);

	if (ret)
		return ret;
	items = calloc(json_array_size(array) + 1, size);
	if (!items)
		return err_set(err, -ENOMEM, "out of memory");
	ret = predictor_items_read(fields, array, &below, items, size, err);
	if (ret) {
		free(items);
		return ret;
	}
	*ret_items = items;
	*ret_count = json_array_size(array);
	return 0;
}

int predictor_texts_read(const json_t *object, const char *key, const struct field_at *at,
			 size_t most, char *texts, size_t size, size_t *ret_count, struct err *err)
{
	struct field_at below = field_below(at, key);
	json_t *array;
	int ret = field_array(object, key, at, 0, most, &array, err);

	for (size_t i = 0; !ret && i < json_array_size(array); i++) {
		const json_t *text = json_array_get(array, i);
		struct field_at item = field_item(&below, i);

		if (!json_is_string(text) || json_string_length(text) >= size)
			return field_fail(&item, err, "must be a text of at most %zu bytes",
					  size - 1);
		snprintf(texts + i * size, size, "%s", json_string_value(text));
	}
	if (!ret)
		*ret_count = json_array_size(array);
	return ret;
}

/* Says what to do when the file is of another age. */
static int check_schema(const json_t *root, const struct field_at *at, struct err *err)
{
	const char *schema = json_string_value(json_object_get(root, "schema"));
	size_t length = strlen(PREDICTOR_SCHEMA_NAME);
	char *end;
	long version;

	if (!json_is_object(root) || !schema)
		return field_fail(at, err, "is no predictor: it has no \"schema\"");
	if (strncmp(schema, PREDICTOR_SCHEMA_NAME, length) != 0)
		return field_fail(at, err, "is no predictor but '%.60s'", schema);
	version = strtol(schema + length, &end, 10);
	if (*end || end == schema + length || version < 1)
		return field_fail(at, err, "schema '%.60s' has no version", schema);
	if (version > PREDICTOR_SCHEMA_VERSION)
		return field_fail(at, err,
				  "was written by a newer joulebench (%.60s, this one reads up to "
				  "%d): update joulebench, or fit again with this one",
				  schema, PREDICTOR_SCHEMA_VERSION);
	return 0;
}

static int read_worst(const json_t *object, const struct field_at *at, struct judged *judged,
		      struct err *err)
{
	struct field_at below = field_below(at, "worst");
	json_t *array;
	int ret = field_array(object, "worst", at, 0, JUDGED_WORST, &array, err);

	if (ret)
		return ret;
	judged->worst_count = json_array_size(array);
	return predictor_items_read(predictor_worst_fields, array, &below, judged->worst,
				    sizeof(judged->worst[0]), err);
}

static int read_family(const json_t *object, const struct field_at *at,
		       struct predictor_family *family, struct err *err)
{
	struct field_at below = field_below(at, "judged");
	void *judged = NULL;
	int ret = predictor_list_read(object, "judged", at, predictor_judged_fields,
				      sizeof(*family->judged), 1000, &judged,
				      &family->judged_count, err);

	family->judged = judged;
	for (size_t i = 0; i < family->judged_count && !ret; i++) {
		struct field_at item = field_item(&below, i);

		ret = read_worst(json_array_get(json_object_get(object, "judged"), i), &item,
				 &family->judged[i], err);
	}
	return ret;
}

static int read_families(const json_t *root, const struct field_at *at,
			 struct predictor *predictor, struct err *err)
{
	struct field_at below = field_below(at, "families");
	void *families = NULL;
	int ret = predictor_list_read(root, "families", at, predictor_family_fields,
				      sizeof(*predictor->families), LIST_MAX, &families,
				      &predictor->family_count, err);

	predictor->families = families;
	for (size_t i = 0; i < predictor->family_count && !ret; i++) {
		struct field_at item = field_item(&below, i);

		ret = read_family(json_array_get(json_object_get(root, "families"), i), &item,
				  &predictor->families[i], err);
	}
	return ret;
}

static int read_cells(const json_t *root, const struct field_at *at, struct predictor *predictor,
		      struct err *err)
{
	struct field_at below = field_below(at, "cells");
	json_t *array;
	int ret = field_array(root, "cells", at, 1, LIST_MAX, &array, err);

	if (ret)
		return ret;
	predictor->cells = calloc(json_array_size(array), sizeof(*predictor->cells));
	if (!predictor->cells)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < json_array_size(array) && !ret; i++) {
		struct field_at item = field_item(&below, i);

		predictor->cell_count = i + 1;
		ret = predictor_cell_read(predictor, json_array_get(array, i), &item,
					  &predictor->cells[i], err);
		if (!ret && predictor->cells[i].is_virtual && !predictor->is_virtual)
			ret = field_fail(&item, err,
					 "is virtual, but the file's \"virtual\" says false");
	}
	return ret;
}

static int read_sources(const json_t *root, const struct field_at *at,
			struct predictor *predictor, struct err *err)
{
	struct field_at below = field_below(at, "databases");
	json_t *array;
	int ret = field_array(root, "databases", at, 0, DATASET_SOURCES_MAX, &array, err);

	if (ret)
		return ret;
	predictor->source_count = json_array_size(array);
	return predictor_items_read(predictor_source_fields, array, &below, predictor->source,
				    sizeof(*predictor->source), err);
}

static int read_all(const json_t *root, const struct field_at *at, struct predictor *predictor,
		    struct err *err)
{
	void *lineage = NULL, *models = NULL;
	int ret = check_schema(root, at, err);

	ret = ret ? ret : fields_read(predictor_fields, root, at, predictor, err);
	ret = ret ? ret
		  : predictor_list_read(root, "lineage", at, predictor_lineage_fields,
					sizeof(*predictor->lineage), 10000, &lineage,
					&predictor->lineage_count, err);
	predictor->lineage = lineage;
	ret = ret ? ret : read_sources(root, at, predictor, err);
	ret = ret ? ret
		  : predictor_list_read(root, "models", at, predictor_model_fields,
					sizeof(*predictor->models), LIST_MAX, &models,
					&predictor->model_count, err);
	predictor->models = models;
	ret = ret ? ret
		  : predictor_texts_read(root, "instruction_classes", at, KIND_CLASSES_MAX,
					 predictor->class_name[0],
					 sizeof(predictor->class_name[0]),
					 &predictor->class_count, err);
	ret = ret ? ret : read_families(root, at, predictor, err);
	ret = ret ? ret : read_cells(root, at, predictor, err);
	if (!ret && json_object_get(root, "counts"))
		predictor->counts = json_incref(json_object_get(root, "counts"));
	return ret;
}

static void hash(const uint8_t *bytes, size_t size, char ret_hex[72])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, size, bytes);
	sha256_digest(&context, sizeof(digest), digest);
	for (unsigned i = 0; i < sizeof(digest); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

int predictor_load(const char *path, struct predictor **ret_predictor, struct err *err)
{
	struct predictor *predictor = calloc(1, sizeof(*predictor));
	const struct field_at at = {.file = path};
	uint8_t *bytes = NULL;
	json_error_t why;
	json_t *root = NULL;
	size_t size;
	int ret = predictor ? 0 : err_set(err, -ENOMEM, "out of memory");

	if (!ret)
		ret = import_file_read(path, PREDICTOR_BYTES_MAX, &bytes, &size, err);
	if (!ret) {
		root = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, &why);
		if (!root)
			ret = err_set(err, -EINVAL, "%s:%d: %s", path, why.line, why.text);
	}
	if (!ret) {
		snprintf(predictor->path, sizeof(predictor->path), "%s", path);
		hash(bytes, size, predictor->sha256);
		ret = read_all(root, &at, predictor, err);
	}
	json_decref(root);
	free(bytes);
	if (ret)
		predictor_free(predictor);
	else
		*ret_predictor = predictor;
	return ret;
}
