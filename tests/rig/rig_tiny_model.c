/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes a model of a few ten thousand multiply-accumulates: several of its inferences fit a window
 * of one millisecond, which none of the generator's does.
 *
 * usage: rig_tiny_model FILE.tflite
 */
#include <stdio.h>

#include "tests/unit/model/tiny_model.h"

enum { INPUT_SIDE = 25, PLANE_SIDE = 13, FILTER_WIDTH_SLOT = 3, FILTER_HEIGHT_SLOT = 4 };

static void set_side(struct tiny_model *tiny, unsigned tensor, uint64_t side)
{
	tiny_put(tiny, tiny->shape[tensor] + 8, side, 4);
	tiny_put(tiny, tiny->shape[tensor] + 12, side, 4);
}

int main(int argc, char **argv)
{
	static struct tiny_model tiny;
	FILE *file;

	if (argc != 2) {
		fprintf(stderr, "usage: rig_tiny_model FILE.tflite\n");
		return 2;
	}
	tiny_make(&tiny);
	set_side(&tiny, 0, INPUT_SIDE);
	set_side(&tiny, 3, PLANE_SIDE);
	set_side(&tiny, 6, PLANE_SIDE);
	tiny_set(&tiny, tiny.options[2], FILTER_WIDTH_SLOT, PLANE_SIDE);
	tiny_set(&tiny, tiny.options[2], FILTER_HEIGHT_SLOT, PLANE_SIDE);
	file = fopen(argv[1], "wb");
	if (!file || fwrite(tiny.bytes, 1, tiny.count, file) != tiny.count || fclose(file)) {
		perror(argv[1]);
		return 2;
	}
	return 0;
}
