/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finding result folders.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "bench/import/file.h"
#include "bench/import/mlperf_tiny.h"

enum { DEPTH_MAX = 24 };

struct walk {
	struct tiny_tree tree;
	size_t capacity;
	struct err *err;
};

static bool is_folder(const char *path)
{
	struct stat status;

	return !lstat(path, &status) && S_ISDIR(status.st_mode);
}

static bool is_link_to_folder(const char *path)
{
	struct stat status;

	return !lstat(path, &status) && S_ISLNK(status.st_mode) && !stat(path, &status) &&
	       S_ISDIR(status.st_mode);
}

/* Where a result may be that is not taken. */
static void keep_skipped(struct walk *walk, const char *path)
{
	if (!walk->tree.skipped++)
		snprintf(walk->tree.first_skipped, sizeof(walk->tree.first_skipped), "%.*s",
			 PATH_MAX - 1, path);
}

static bool has(const char *path, const char *name, mode_t type)
{
	char below[PATH_MAX];
	struct stat status;

	return snprintf(below, sizeof(below), "%s/%s", path, name) < (int)sizeof(below) &&
	       !stat(below, &status) && (status.st_mode & S_IFMT) == type;
}

/* results.txt and results.json lie beside each other in folders of performance and accuracy, too.
 */
static bool is_flat_mlcommons(const char *path)
{
	char name[PATH_MAX + 16];
	struct err err;
	uint8_t *bytes;
	size_t count;
	bool is_energy;

	if (!has(path, "results.json", S_IFREG) || !has(path, "results.txt", S_IFREG))
		return false;
	snprintf(name, sizeof(name), "%s/results.txt", path);
	if (import_file_read(name, TINY_TEXT_BYTES_MAX, &bytes, &count, &err))
		return false;
	count = import_text_skip_mark(bytes, count);
	is_energy = tiny_runner_text_is_energy(bytes, count);
	free(bytes);
	return is_energy;
}

/* A folder named energy may hold anything, as among a submission's code: of a result it has a file
 * of one, or a performance run beside it. */
static bool is_energy_result(const char *path)
{
	static const char *const names[] = {"energy/results.txt", "energy/results.json",
					    "energy/trace1-energy.bin",
					    "energy/trace1-timestamps.json"};
	char name[PATH_MAX + 64];
	struct stat status;

	if (!has(path, "energy", S_IFDIR))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", path, names[i]);
		if (!lstat(name, &status))
			return true;
	}
	return has(path, "performance", S_IFDIR);
}

static bool is_result(const char *path)
{
	return is_energy_result(path) || has(path, "trace1-energy.bin", S_IFREG) ||
	       has(path, "trace1-timestamps.json", S_IFREG) || is_flat_mlcommons(path);
}

static int keep_path(struct walk *walk, const char *path)
{
	struct tiny_tree *tree = &walk->tree;

	if (tree->count == walk->capacity) {
		size_t capacity = walk->capacity ? 2 * walk->capacity : 32;
		void *paths = realloc(tree->paths, capacity * sizeof(*tree->paths));

		if (!paths)
			return err_set(walk->err, -ENOMEM, "out of memory");
		tree->paths = paths;
		walk->capacity = capacity;
	}
	snprintf(tree->paths[tree->count++], sizeof(tree->paths[0]), "%s", path);
	return 0;
}

static int walk_folder(struct walk *walk, const char *path, unsigned depth);

static int walk_below(struct walk *walk, const char *path, DIR *folder, unsigned depth)
{
	struct dirent *entry;
	int ret = 0;

	while (!ret && (errno = 0, entry = readdir(folder))) {
		size_t size = strlen(path) + strlen(entry->d_name) + 2;
		char *below;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "__MACOSX"))
			continue; /* the latter: what macOS puts beside files in archives */
		below = malloc(size);
		if (!below)
			return err_set(walk->err, -ENOMEM, "out of memory");
		snprintf(below, size, "%s/%s", path, entry->d_name);
		if (is_folder(below))
			ret = walk_folder(walk, below, depth + 1);
		else if (is_link_to_folder(below))
			keep_skipped(walk, below);
		free(below);
		if (ret)
			return ret;
	}
	if (errno)
		ret = err_set(walk->err, -errno, "%s: %s", path, strerror(errno));
	return ret;
}

/* "Energy", as some file systems and people write it. */
static void look_for_misspelt(struct walk *walk, const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		char below[PATH_MAX + 300];

		if (strcasecmp(entry->d_name, "energy") != 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		keep_skipped(walk, below);
	}
	if (folder)
		closedir(folder);
}

static int walk_folder(struct walk *walk, const char *path, unsigned depth)
{
	DIR *folder;
	int ret;

	if (strlen(path) >= PATH_MAX - 64 || depth > DEPTH_MAX) {
		keep_skipped(walk, path);
		return 0;
	}
	if (is_result(path))
		return keep_path(walk, path);
	if (has(path, "performance", S_IFDIR)) {
		walk->tree.performance_only++;
		look_for_misspelt(walk, path);
		return 0;
	}
	folder = opendir(path);
	if (!folder)
		return err_set(walk->err, -errno, "%s: %s", path, strerror(errno));
	ret = walk_below(walk, path, folder, depth);
	closedir(folder);
	return ret;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(a, b);
}

int tiny_tree_find(const char *path, struct tiny_tree *ret_tree, struct err *err)
{
	struct walk walk = {.err = err};
	char real[PATH_MAX];
	int ret;

	if (!realpath(path, real))
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!is_folder(real))
		return err_set(err, -ENOTDIR, "%s: not a folder", path);
	if (strlen(real) > 7 && !strcmp(real + strlen(real) - 7, "/energy"))
		real[strlen(real) - 7] =
			0; /* the folder meant is the one that has the performance run, too */
	ret = walk_folder(&walk, real, 0);
	if (!ret && !walk.tree.count)
		ret = err_set(err, -EINVAL,
			      "%s: no MLPerf Tiny energy result in it (a folder with "
			      "energy/results.txt and "
			      "energy/trace1-energy.bin or energy/results.json)%s%s",
			      path,
			      walk.tree.skipped ? "; not looked into, being a link, too deep, "
						  "or not named 'energy': "
						: "",
			      walk.tree.first_skipped);
	if (ret) {
		tiny_tree_done(&walk.tree);
		return ret;
	}
	qsort(walk.tree.paths, walk.tree.count, sizeof(*walk.tree.paths), compare_paths);
	*ret_tree = walk.tree;
	return 0;
}

void tiny_tree_done(struct tiny_tree *tree)
{
	free(tree->paths);
	memset(tree, 0, sizeof(*tree));
}
