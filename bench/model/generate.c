/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model_generate: a set of models to train a predictor on. A file gets its name only when it is
 * whole and has been built and run; until then it is DIR/NAME.partial.
 */
#include "bench/model/model.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/model/generate_network.h"

enum { GENERATE_COUNT_MAX = 10000 };

static const struct generate_space *space_find(const char *name)
{
	for (size_t i = 0; i < generate_space_count; i++)
		if (strcmp(generate_spaces[i].name, name) == 0)
			return &generate_spaces[i];
	return NULL;
}

static int space_unknown(const char *name, struct err *err)
{
	char known[256] = "";

	for (size_t i = 0; i < generate_space_count; i++) {
		size_t used = strlen(known);

		snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
			 generate_spaces[i].name);
	}
	return err_set(err, -EINVAL, "unknown search space \"%s\": known are %s", name, known);
}

static int folder_make(const char *folder, struct err *err)
{
	struct stat is;

	if (mkdir(folder, 0777) == 0)
		return 0;
	if (errno != EEXIST)
		return err_set(err, -errno, "%s: cannot make the folder: %s", folder,
			       strerror(errno));
	if (stat(folder, &is) != 0)
		return err_set(err, -errno, "%s: %s", folder, strerror(errno));
	if (!S_ISDIR(is.st_mode))
		return err_set(err, -ENOTDIR, "%s: is not a folder", folder);
	return 0;
}

static int bytes_write(int file, const uint8_t *bytes, size_t count)
{
	while (count > 0) {
		ssize_t written = write(file, bytes, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		count -= (size_t)written;
	}
	return 0;
}

/* On failure the file is gone. */
static int file_write(const char *path, const uint8_t *bytes, size_t count, struct err *err)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int code;

	if (file < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	code = bytes_write(file, bytes, count);
	if (!code && fsync(file) != 0)
		code = -errno;
	if (close(file) != 0 && !code)
		code = -errno;
	if (!code)
		return 0;
	unlink(path);
	return err_set(err, code, "%s: %s", path, strerror(-code));
}

/* Builds the file's image and runs it once: what the boards would be given. */
static int file_verify(const char *path, uint64_t macs, struct err *err)
{
	struct model_image *image;
	uint32_t output_crc32;
	bool exited;
	uint8_t *input;
	int code = model_image_build(path, &model_options_portable, &image, err);

	if (code)
		return code;
	input = malloc(image->input_bytes);
	if (!input) {
		code = err_set(err, -ENOMEM, "%s: out of memory", path);
		goto image_free;
	}
	model_input_generate(1, input, image->input_bytes);
	code = model_image_run(image, input, image->exit_threshold, &output_crc32, NULL, &exited,
			       err);
	if (!code && image->macs != macs)
		code = err_set(err, -EPROTO, "%s: %llu multiply-accumulates where %llu were drawn",
			       path, (unsigned long long)image->macs, (unsigned long long)macs);
	free(input);
image_free:
	model_image_free(image);
	return code;
}

/* Draws model index and gives its file's bytes, malloced. */
static int model_draw(const struct generate_space *space, unsigned index, unsigned count,
		      uint64_t seed, uint8_t **ret_bytes, size_t *ret_count, uint64_t *ret_macs)
{
	struct generate_random random = generate_random_of(seed, index);
	struct generate_network network;
	int code;

	generate_space_draw(space, index, count, seed, &random, &network);
	code = generate_calibrate(&network, &random);
	if (!code)
		code = generate_tflite(&network, space->name, ret_bytes, ret_count);
	*ret_macs = generate_network_macs(&network);
	generate_network_done(&network);
	return code;
}

static int model_write(const char *path, const uint8_t *bytes, size_t count, uint64_t macs,
		       struct err *err)
{
	char partial[PATH_MAX];
	int code;

	if (snprintf(partial, sizeof(partial), "%s.partial", path) >= (int)sizeof(partial))
		return err_set(err, -ENAMETOOLONG, "%s: the path is too long", path);
	code = file_write(partial, bytes, count, err);
	if (code)
		return code;
	code = file_verify(partial, macs, err);
	if (!code && rename(partial, path) != 0)
		code = err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (code)
		unlink(partial);
	return code;
}

static int model_generate_one(const struct generate_space *space, unsigned index, unsigned count,
			      uint64_t seed, const char *folder, struct err *err)
{
	char path[PATH_MAX];
	uint8_t *bytes;
	size_t size;
	uint64_t macs;
	int code;

	if (snprintf(path, sizeof(path), "%s/%s-%03u.tflite", folder, space->name, index) >=
	    (int)sizeof(path))
		return err_set(err, -ENAMETOOLONG, "%s: the path is too long", folder);
	code = model_draw(space, index, count, seed, &bytes, &size, &macs);
	if (code)
		return err_set(err, code, "%s: %s", path, strerror(-code));
	code = model_write(path, bytes, size, macs, err);
	free(bytes);
	return code;
}

int model_generate(const char *space_name, unsigned count, uint64_t seed, const char *folder,
		   struct err *err)
{
	const struct generate_space *space = space_find(space_name);
	int code;

	if (!space)
		return space_unknown(space_name, err);
	if (count < 1 || count > GENERATE_COUNT_MAX)
		return err_set(err, -EINVAL, "%u models: 1 to %d are possible", count,
			       GENERATE_COUNT_MAX);
	code = folder_make(folder, err);
	for (unsigned i = 0; i < count && !code; i++)
		code = model_generate_one(space, i, count, seed, folder, err);
	return code;
}
