/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many models a second one core counts by a table of polynomials: of a compiled model, of a
 * model's bytes, and of a .tflite file; and the counts' error against simulation, where a JSON of
 * "joulebench count --json" is given.
 *
 * usage: polynomial_predict TABLE.json KERNELS MODEL.tflite [SIMULATED.json]
 * KERNELS: portable, armv7em, rv32. Exit status 1: fewer than 50,000 compiled models a second.
 */
#include <stdio.h>

#include "bench/predictor/counts.h"
#include "tests/benchmarks/timing.h"

enum { LEAST_PER_SECOND = 50000 };

static struct model_counts counts;

static double counting_s(const struct count_table *table, const struct model_image *image)
{
	enum { ROUNDS = 5, PER_ROUND = 20000 };
	double best = 1e9;
	struct err err;

	for (int round = 0; round < ROUNDS; round++) {
		double start = processor_seconds(), spent;

		for (int i = 0; i < PER_ROUND; i++)
			if (count_table_count(table, image->bytes, 0, &counts, &err))
				return -1;
		spent = (processor_seconds() - start) / PER_ROUND;
		best = spent < best ? spent : best;
	}
	return best;
}

static double reading_s(const struct count_table *table, const char *path,
			const struct model_options *options)
{
	enum { REPEATS = 200 };
	double start = processor_seconds();
	struct err err;

	for (int i = 0; i < REPEATS; i++) {
		struct model_image *image;

		if (model_image_build(path, options, &image, &err))
			return -1;
		count_table_count(table, image->bytes, 0, &counts, &err);
		model_image_free(image);
	}
	return (processor_seconds() - start) / REPEATS;
}

static void error_print(const char *path)
{
	json_t *json = json_load_file(path, 0, NULL);
	double instructions = (double)json_integer_value(json_object_get(json, "instructions"));
	double cycles = (double)json_integer_value(json_object_get(json, "cycles"));

	if (json && instructions > 0 && cycles > 0)
		printf("against simulation: instructions %+.6f %%, cycles %+.4f %%\n",
		       100 * ((double)counts.whole.instructions - instructions) / instructions,
		       100 * ((double)counts.whole.cycles - cycles) / cycles);
	json_decref(json);
}

int main(int argc, char **argv)
{
	struct model_options options = {0};
	struct count_table *table = NULL;
	struct model_image *image = NULL;
	struct err err = {""};
	double counting, reading;

	if (argc < 4) {
		fprintf(stderr, "usage: polynomial_predict TABLE.json KERNELS MODEL.tflite "
				"[SIMULATED.json]\n");
		return 2;
	}
	if (model_kernel_set_find(argv[2], &options.kernel_set, &err) ||
	    count_table_load(argv[1], &table, &err) ||
	    model_image_build(argv[3], &options, &image, &err)) {
		fprintf(stderr, "polynomial_predict: %s\n", err.text);
		return 2;
	}
	counting = counting_s(table, image);
	printf("%s, %u layers (%u exact, %u bounded, %u unknown): %.2f us a model, %.0f models/s\n",
	       image->name, counts.layer_count, counts.exact, counts.bounded, counts.unknown,
	       counting * 1e6, 1 / counting);
	if (argc > 4)
		error_print(argv[4]);
	reading = reading_s(table, argv[3], &options);
	printf("reading and compiling the .tflite included: %.0f us a model, %.0f models/s\n",
	       reading * 1e6, 1 / reading);
	model_image_free(image);
	count_table_free(table);
	return counting > 0 && 1 / counting >= LEAST_PER_SECOND ? 0 : 1;
}
