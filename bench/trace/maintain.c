/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Repair, archive, drop.
 *
 * Why repair copies: a writer that died left the superblock's flags set and its arrays consistent
 * up to the last flush. HDF5's own tool clears the flags by opening the file for writing; on
 * closing, the library cuts the file at the end that the superblock knew, which a flush of a
 * dataset alone does not bring up to date. Here the file is read as a reader along a writer would,
 * and stays as it is until the copy is durable.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/trace/folder.h"
#include "bench/trace/rewrite.h"
#include "bench/trace/trace.h"

static int replace(const char *copy, const char *path, const char *sha256,
		   struct trace_repair *ret_repair, struct err *err)
{
	char folder[TRACE_PATH_MAX];
	int ret = 0;

	snprintf(ret_repair->path, sizeof(ret_repair->path), "%s", path);
	if (folder_name_ends(path, ".part")) {
		ret = folder_of(path, folder, sizeof(folder), err);
		if (!ret)
			ret = trace_file_path(folder, sha256, ret_repair->path,
					      sizeof(ret_repair->path), err);
	}
	if (!ret)
		ret = folder_rename(copy, ret_repair->path, err);
	if (!ret && strcmp(ret_repair->path, path) && unlink(path))
		ret = err_set(err, -errno, "%s: %s", path, strerror(errno));
	return ret;
}

static int repair_opened(struct trace_reader *reader, struct trace_repair *ret_repair,
			 struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);
	const char *path = trace_reader_path(reader);
	struct sink_form form = {.samples = info->has_samples, .voltage = info->has_voltage};
	struct trace_result result = info->result;
	struct sink *sink = NULL;
	char copy[TRACE_PATH_MAX];
	int ret;

	ret_repair->samples = info->samples;
	if (info->ended && !folder_name_ends(path, ".part")) {
		snprintf(ret_repair->path, sizeof(ret_repair->path), "%s", path);
		return 0;
	}
	if (!info->samples)
		return err_set(err, -ENODATA, "%s: no sample was flushed before its writer died",
			       path);
	if (!info->ended)
		snprintf(result.state, sizeof(result.state), "repaired");
	ret = rewrite_copy(reader, &form, &result, copy, sizeof(copy), &sink, err);
	if (!ret)
		ret = replace(copy, path, result.content_sha256, ret_repair, err);
	sink_free(sink);
	ret_repair->repaired = !ret;
	return ret;
}

int trace_repair(const char *path, struct trace_repair *ret_repair, struct err *err)
{
	struct trace_reader *reader;
	int lock_fd, ret;

	memset(ret_repair, 0, sizeof(*ret_repair));
	ret = hdf_lock(path, &lock_fd, err);
	if (ret)
		return ret;
	ret = trace_reader_open(path, &reader, err);
	if (!ret) {
		ret = repair_opened(reader, ret_repair, err);
		trace_reader_close(reader);
	}
	close(lock_fd);
	return ret;
}

/* Removes a copy whose writer died; one that is being made is left alone. */
static void remove_new(const char *path, struct trace_repair_summary *summary)
{
	int lock_fd;

	if (hdf_lock(path, &lock_fd, NULL)) {
		summary->busy++;
		return;
	}
	if (!unlink(path))
		summary->removed++;
	close(lock_fd);
}

static void count(struct trace_repair_summary *summary, int ret, bool repaired,
		  const struct err *err)
{
	if (ret == -EBUSY)
		summary->busy++;
	else if (ret && !summary->failed++)
		summary->first_error = *err;
	else if (!ret && repaired)
		summary->repaired++;
	else if (!ret)
		summary->in_order++;
}

static int is_trace_name(const struct dirent *entry)
{
	return folder_name_ends(entry->d_name, ".part") || folder_name_ends(entry->d_name, ".h5") ||
	       (folder_name_ends(entry->d_name, ".new") && !strncmp(entry->d_name, "capture-", 8));
}

static void repair_one(const char *path, bool every, trace_repair_fn *each, void *context,
		       struct trace_repair_summary *summary)
{
	struct trace_repair repair;
	struct err err = {""};
	int ret;

	if (folder_name_ends(path, ".new")) {
		remove_new(path, summary);
		return;
	}
	if (!every && !folder_name_ends(path, ".part"))
		return;
	ret = trace_repair(path, &repair, &err);
	if (ret == -ENODATA && !every && !unlink(path)) {
		summary->removed++;
		return;
	}
	count(summary, ret, repair.repaired, &err);
	if (each)
		each(context, path, ret, &repair, &err);
}

int trace_repair_folder(const char *folder, bool every, trace_repair_fn *each, void *context,
			struct trace_repair_summary *ret_summary, struct err *err)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_trace_name, alphasort);

	memset(ret_summary, 0, sizeof(*ret_summary));
	if (count < 0)
		return err_set(err, -errno, "%s: %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		char path[TRACE_PATH_MAX];

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name) <
		    sizeof(path))
			repair_one(path, every, each, context, ret_summary);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

/* The copy as it is in the file, filters and all. */
static int check_copy(const char *copy, const char *sha256, struct err *err)
{
	char found[TRACE_HASH_SIZE];
	struct trace_reader *reader;
	int ret = trace_reader_open(copy, &reader, err);

	if (ret)
		return ret;
	ret = trace_reader_hash(reader, found, err);
	if (!ret && strcmp(found, sha256))
		ret = err_set(err, -EIO, "%s: the copy is not what was written", copy);
	trace_reader_close(reader);
	return ret;
}

static int archive_opened(struct trace_reader *reader, struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);
	const char *path = trace_reader_path(reader);
	struct sink_form form = {
		.compressed = true, .samples = info->has_samples, .voltage = info->has_voltage};
	struct trace_result result = info->result;
	struct sink *sink = NULL;
	char copy[TRACE_PATH_MAX];
	int ret;

	if (!info->ended)
		return err_set(err, -EINVAL, "%s: is not finished: repair it first", path);
	if (info->compressed)
		return 0;
	ret = rewrite_copy(reader, &form, &result, copy, sizeof(copy), &sink, err);
	if (ret)
		return ret;
	if (strcmp(result.content_sha256, info->result.content_sha256))
		ret = err_set(err, -EIO, "%s: the content is not what the file was named after",
			      path);
	if (!ret)
		ret = check_copy(copy, result.content_sha256, err);
	if (!ret)
		ret = folder_rename(copy, path, err);
	if (ret)
		unlink(copy);
	sink_free(sink);
	return ret;
}

int trace_archive(const char *path, struct err *err)
{
	struct trace_reader *reader;
	int ret = trace_reader_open(path, &reader, err);

	if (ret)
		return ret;
	ret = archive_opened(reader, err);
	trace_reader_close(reader);
	return ret;
}

int trace_drop_samples(const char *path, char ret_sha256[TRACE_HASH_SIZE], struct err *err)
{
	return rewrite_envelope(path, ret_sha256, err);
}
