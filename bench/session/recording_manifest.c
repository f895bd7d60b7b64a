/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/recording_manifest.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/version.h"

static const char schema[] = "joulebench.recording/1";

static void path_of(const char *folder, char *path, size_t size)
{
	snprintf(path, size, "%s/manifest.json", folder);
}

/* ---- what a session is made of ---- */

static json_t *models_json(const struct session_work *work)
{
	json_t *models = json_array();

	for (unsigned i = 0; i < work->plan->model_count; i++) {
		const struct model_image *image = session_work_model(work, 0, i)->image;

		json_array_append_new(models, json_pack("{s:s, s:s}", "name", image->name, "sha256",
							image->sha256));
	}
	return models;
}

static json_t *firmwares_json(const struct session_work *work)
{
	const struct plan *plan = work->plan;
	json_t *firmwares = json_array();

	for (unsigned i = 0; i < work->rig->board_count * plan->build_count; i++) {
		char crc32[16];

		snprintf(crc32, sizeof(crc32), "%08x", work->firmwares[i].crc32);
		json_array_append_new(
			firmwares, json_pack("{s:s, s:s, s:s}", "board",
					     work->rig->boards[i / plan->build_count].name, "build",
					     plan->builds[i % plan->build_count], "crc32", crc32));
	}
	return firmwares;
}

/* Where the models lie is no part of it: they are known by their bytes. */
static json_t *plan_json(const struct session_work *work)
{
	json_t *plan = json_loads(work->plan->resolved, 0, NULL);

	json_object_del(plan, "models");
	return plan;
}

/* NULL: out of memory, or not valid UTF-8. */
static json_t *ours(const struct session_work *work)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "rig", json_loads(work->rig->resolved, 0, NULL),
			 "plan", plan_json(work), "models", models_json(work), "firmwares",
			 firmwares_json(work));
}

/* ---- writing ---- */

static int add_origin(json_t *manifest)
{
	char host[128] = "unknown", utc[32];
	time_t now = time(NULL);
	struct tm parts;

	gethostname(host, sizeof(host) - 1);
	gmtime_r(&now, &parts);
	strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", &parts);
	return json_object_set_new(manifest, "schema", json_string(schema)) ||
	       json_object_set_new(manifest, "version", json_string(BENCH_VERSION)) ||
	       json_object_set_new(manifest, "begun_utc", json_string(utc)) ||
	       json_object_set_new(manifest, "host", json_string(host));
}

int recording_manifest_write(const char *folder, const struct session_work *work, struct err *err)
{
	json_t *manifest = ours(work);
	char path[PATH_MAX + 16];
	FILE *stream;
	int ret = 0;

	if (!manifest || add_origin(manifest)) {
		json_decref(manifest);
		return err_set(err, -ENOMEM, "%s: its manifest: out of memory", folder);
	}
	path_of(folder, path, sizeof(path));
	stream = fopen(path, "wx");
	if (!stream || json_dumpf(manifest, stream, JSON_INDENT(1)) || fputc('\n', stream) == EOF)
		ret = err_set(err, -(errno ? errno : EIO), "%s: %s", path,
			      strerror(errno ? errno : EIO));
	if (stream && fclose(stream) && !ret)
		ret = err_set(err, -errno, "%s: %s", path, strerror(errno));
	json_decref(manifest);
	return ret;
}

/* ---- checking ---- */

static void shorten(const json_t *value, char *text, size_t size)
{
	char *dumped = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	snprintf(text, size, "%.*s%s", (int)size - 4, dumped ? dumped : "nothing",
		 dumped && strlen(dumped) > size - 4 ? "..." : "");
	free(dumped);
}

static int differs(const char *path, const char *where, const json_t *theirs, const json_t *mine,
		   struct err *err)
{
	char recorded[120], now[120];

	shorten(theirs, recorded, sizeof(recorded));
	shorten(mine, now, sizeof(now));
	return err_set(err, -EINVAL, "%s: recorded with another %s: %s; now %s", path, where,
		       recorded, now);
}

/* Goes down to the first value that differs. */
static int compare(const char *path, const char *where, const json_t *theirs, json_t *mine,
		   struct err *err)
{
	char name[128];
	const char *key;
	json_t *value;
	size_t i;

	if (json_equal(theirs, mine))
		return 0;
	if (json_is_object(mine) && json_is_object(theirs) &&
	    json_object_size(mine) == json_object_size(theirs)) {
		json_object_foreach(mine, key, value)
		{
			int ret;

			snprintf(name, sizeof(name), "%s.%s", where, key);
			ret = compare(path, name, json_object_get(theirs, key), value, err);
			if (ret)
				return ret;
		}
	}
	if (json_is_array(mine) && json_is_array(theirs) &&
	    json_array_size(mine) == json_array_size(theirs)) {
		json_array_foreach(mine, i, value)
		{
			int ret;

			snprintf(name, sizeof(name), "%s[%zu]", where, i);
			ret = compare(path, name, json_array_get(theirs, i), value, err);
			if (ret)
				return ret;
		}
	}
	return differs(path, where, theirs, mine, err);
}

static int check_all(const char *path, const json_t *manifest, const struct session_work *work,
		     struct err *err)
{
	json_t *mine = ours(work), *value;
	const char *key;
	int ret = mine ? 0 : err_set(err, -ENOMEM, "%s: out of memory", path);

	if (mine) {
		json_object_foreach(mine, key, value)
		{
			ret = compare(path, key, json_object_get(manifest, key), value, err);
			if (ret)
				break;
		}
	}
	json_decref(mine);
	return ret;
}

static const char *text_of(const json_t *manifest, const char *key)
{
	const char *text = json_string_value(json_object_get(manifest, key));

	return text ? text : "?";
}

int recording_manifest_check(const char *folder, const struct session_work *work, char *ret_about,
			     size_t size, struct err *err)
{
	char path[PATH_MAX + 16];
	json_error_t error;
	json_t *manifest;
	int ret;

	path_of(folder, path, sizeof(path));
	if (access(path, R_OK))
		return err_set(err, -errno, "%s: %s: a recording has one", path, strerror(errno));
	manifest = json_load_file(path, 0, &error);
	if (!manifest)
		return err_set(err, -EINVAL, "%s:%d: %s", path, error.line, error.text);
	if (strcmp(text_of(manifest, "schema"), schema))
		ret = err_set(err, -EINVAL, "%s: its schema is '%s', this joulebench reads '%s'",
			      path, text_of(manifest, "schema"), schema);
	else
		ret = check_all(path, manifest, work, err);
	snprintf(ret_about, size, "recorded %s on %s by joulebench %s",
		 text_of(manifest, "begun_utc"), text_of(manifest, "host"),
		 text_of(manifest, "version"));
	json_decref(manifest);
	return ret;
}
