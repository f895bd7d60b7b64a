/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Generated models: the same arguments give the same bytes, each file builds and runs, its layers
 * follow the input, and a set of each space spreads over its range of multiply-accumulates.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/model/generate_network.h"
#include "bench/model/graph.h"
#include "bench/model/model.h"

enum { SET = 16 };

static char root[PATH_MAX];

/* A folder named as a space holds models of that space; any other of "ds-cnn". */
static const char *space_of(const char *folder)
{
	for (size_t i = 0; i < generate_space_count; i++)
		if (!strcmp(folder, generate_spaces[i].name))
			return folder;
	return "ds-cnn";
}

static const char *path_of(const char *folder, unsigned index)
{
	static char path[2][PATH_MAX + 64];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s/%s-%03u.tflite", root, folder,
		 space_of(folder), index);
	return path[turn];
}

static void generate(const char *folder, unsigned count, uint64_t seed)
{
	char path[PATH_MAX + 64];
	struct err err = {""};

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	if (model_generate(space_of(folder), count, seed, path, &err) != 0)
		fail_msg("%s", err.text);
}

static unsigned folder_count(const char *folder)
{
	char path[PATH_MAX + 64];
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static uint8_t *file_read(const char *path, size_t *ret_count)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	assert_non_null(file);
	assert_non_null(bytes);
	*ret_count = fread(bytes, 1, 1 << 20, file);
	assert_true(*ret_count > 0 && *ret_count < 1 << 20);
	fclose(file);
	return bytes;
}

static bool files_equal(const char *left, const char *right)
{
	size_t left_count, right_count;
	uint8_t *a = file_read(left, &left_count), *b = file_read(right, &right_count);
	bool equal = left_count == right_count && memcmp(a, b, left_count) == 0;

	free(a);
	free(b);
	return equal;
}

static struct model_image *image_of(const char *folder, unsigned index)
{
	struct model_image *image;
	struct err err = {""};

	if (model_image_build(path_of(folder, index), &model_options_portable, &image, &err) != 0)
		fail_msg("%s", err.text);
	return image;
}

static void same_arguments_same_bytes(void **state)
{
	(void)state;
	generate("a", 3, 7);
	generate("b", 3, 7);
	generate("c", 3, 10); /* the same bands as 7: weights and shapes must tell */
	for (unsigned i = 0; i < 3; i++) {
		assert_true(files_equal(path_of("a", i), path_of("b", i)));
		assert_false(files_equal(path_of("a", i), path_of("c", i)));
	}
	assert_false(files_equal(path_of("a", 0), path_of("a", 1)));
	assert_int_equal(folder_count("a"), 3); /* nothing partial is left */
	generate("a", 3, 10);                   /* an existing set is replaced */
	assert_true(files_equal(path_of("a", 0), path_of("c", 0)));
}

static void file_has_the_formats_head(void **state)
{
	size_t count;
	uint8_t *bytes;

	(void)state;
	generate("a", 1, 7);
	bytes = file_read(path_of("a", 0), &count);
	assert_memory_equal(bytes + 4, "TFL3", 4);
	free(bytes);
}

/* Weights and biases begin at multiples of 16 in the file, as the format asks of buffers. */
static void constants_are_aligned(void **state)
{
	size_t count, constants = 0;
	struct err err = {""};
	struct graph graph;
	uint8_t *bytes;

	(void)state;
	generate("a", 1, 7);
	bytes = file_read(path_of("a", 0), &count);
	if (graph_read(bytes, (uint32_t)count, &graph, &err) != 0)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < graph.tensor_count; i++)
		if (graph.tensors[i].data) {
			assert_int_equal((graph.tensors[i].data - bytes) % 16, 0);
			constants++;
		}
	assert_true(constants >= 9); /* stem, one block, classes: weights and bias; a shape */
	graph_done(&graph);
	free(bytes);
}

/* A quarter of the bands each lies in the lowest and the highest quarter of the range. */
static void sets_spread_over_the_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < generate_space_count; i++) {
		const struct generate_space *space = &generate_spaces[i];
		double ratio = (double)space->macs_max / (double)space->macs_min;
		double low = (double)space->macs_min * pow(ratio, 0.25);
		double high = (double)space->macs_min * pow(ratio, 0.75);
		unsigned small = 0, large = 0;

		generate(space->name, SET, 1);
		assert_int_equal(folder_count(space->name), SET);
		for (unsigned at = 0; at < SET; at++) {
			struct model_image *image = image_of(space->name, at);

			assert_in_range(image->macs, space->macs_min, space->macs_max);
			small += (double)image->macs < low;
			large += (double)image->macs > high;
			model_image_free(image);
		}
		assert_in_range(small, 3, 5);
		assert_in_range(large, 3, 5);
	}
}

static void inputs_and_outputs_are_the_tasks(void **state)
{
	static const struct {
		const char *space;
		unsigned input_bytes, output_bytes;
	} rows[] = {{"ds-cnn", 49 * 10, 12}, {"cnn", 32 * 32 * 3, 10}, {"mlp", 640, 8}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct model_image *image;

		generate(rows[i].space, 1, 7);
		image = image_of(rows[i].space, 0);
		assert_int_equal(image->input_bytes, rows[i].input_bytes);
		assert_int_equal(image->output_bytes, rows[i].output_bytes);
		model_image_free(image);
	}
}

static uint32_t output_crc32(const struct model_image *image, uint32_t seed, uint32_t *ret_layers)
{
	uint8_t input[32 * 32 * 3];
	uint32_t crc32;
	bool exited;
	struct err err = {""};

	assert_true(image->input_bytes <= sizeof(input));
	model_input_generate(seed, input, image->input_bytes);
	if (model_image_run(image, input, 128, &crc32, ret_layers, &exited, &err) != 0)
		fail_msg("%s", err.text);
	return crc32;
}

static void follow_the_input(const char *space, unsigned index)
{
	struct model_image *image = image_of(space, index);
	uint32_t one[GENERATE_LAYERS_MAX], two[GENERATE_LAYERS_MAX];

	assert_true(image->op_count <= GENERATE_LAYERS_MAX);
	assert_true(output_crc32(image, 1, one) != output_crc32(image, 2, two));
	for (uint32_t layer = 0; layer < image->op_count; layer++)
		if (one[layer] == two[layer])
			fail_msg("%s %u: layer %u does not follow the input", space, index, layer);
	assert_int_equal(output_crc32(image, 1, NULL), output_crc32(image, 1, NULL));
	model_image_free(image);
}

/* Two inputs must give two results, and differ in every layer on the way: none dead, none stuck. */
static void outputs_follow_the_input(void **state)
{
	(void)state;
	for (size_t i = 0; i < generate_space_count; i++) {
		generate(generate_spaces[i].name, SET, 1);
		for (unsigned at = 0; at < SET; at++)
			follow_the_input(generate_spaces[i].name, at);
	}
}

static void errors_name_their_cause(void **state)
{
	char path[PATH_MAX + 64];
	struct err err = {""};
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/none", root);
	assert_int_equal(model_generate("resnet", 1, 0, path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "resnet"));
	assert_non_null(strstr(err.text, "ds-cnn"));
	assert_int_equal(model_generate("ds-cnn", 0, 0, path, &err), -EINVAL);
	assert_int_equal(model_generate("ds-cnn", 10001, 0, path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "10001"));
	assert_int_equal(access(path, F_OK), -1); /* nothing was made for a bad request */

	snprintf(path, sizeof(path), "%s/none/deeper", root);
	assert_int_equal(model_generate("ds-cnn", 1, 0, path, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));

	snprintf(path, sizeof(path), "%s/file", root);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(model_generate("ds-cnn", 1, 0, path, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, path));

	/* A folder in the place of the file: rename refuses, whoever runs this. */
	snprintf(path, sizeof(path), "%s/taken", root);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(mkdir(path_of("taken", 0), 0777), 0);
	assert_true(model_generate("ds-cnn", 1, 0, path, &err) < 0);
	assert_non_null(strstr(err.text, "ds-cnn-000.tflite"));
	assert_int_equal(folder_count("taken"), 1); /* and the partial file is gone */
}

static int root_make(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(root, sizeof(root), "%s/generate-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(root) ? 0 : -1;
}

static int root_remove(void **state)
{
	static const char *const folders[] = {"a",   "b",      "c",           "taken",
					      "cnn", "ds-cnn", "ds-cnn-exit", "mlp"};
	char path[PATH_MAX + 64];

	(void)state;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		for (unsigned index = 0; index < SET; index++)
			remove(path_of(folders[i], index));
		snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
		rmdir(path);
	}
	snprintf(path, sizeof(path), "%s/file", root);
	unlink(path);
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_arguments_same_bytes),
		cmocka_unit_test(file_has_the_formats_head),
		cmocka_unit_test(constants_are_aligned),
		cmocka_unit_test(sets_spread_over_the_range),
		cmocka_unit_test(inputs_and_outputs_are_the_tasks),
		cmocka_unit_test(outputs_follow_the_input),
		cmocka_unit_test(errors_name_their_cause),
	};

	return cmocka_run_group_tests(tests, root_make, root_remove);
}
