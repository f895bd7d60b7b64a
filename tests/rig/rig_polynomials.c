/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Holds what "joulebench count --counts" printed against what simulation counted: layers that the
 * table calls exact must be equal in every counter, bounded ones must lie within their bounds.
 *
 * usage: rig_polynomials SIMULATED.json TABLE.json
 * Prints one line; exit status 1 when a layer contradicts.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

static unsigned faults;

static json_int_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value)) {
		printf("no whole number '%s'\n", key);
		faults++;
	}
	return json_integer_value(value);
}

static void equal_expect(const char *layer, const char *what, json_int_t simulated,
			 json_int_t counted)
{
	if (simulated == counted)
		return;
	printf("%s: %s: simulated %lld, counted %lld\n", layer, what, (long long)simulated,
	       (long long)counted);
	faults++;
}

static void exact_check(const char *layer, const json_t *simulated, const json_t *counted)
{
	static const char *const keys[] = {"instructions", "taken_branches", "flash_data_reads"};
	const char *name;
	json_t *value;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		equal_expect(layer, keys[i], number(simulated, keys[i]), number(counted, keys[i]));
	json_object_foreach(json_object_get(simulated, "classes"), name, value)
		equal_expect(layer, name, json_integer_value(value),
			     number(json_object_get(counted, "classes"), name));
}

static void bounds_check(const char *layer, const json_t *simulated, const json_t *counted)
{
	json_int_t count = number(simulated, "instructions");

	if (count >= number(counted, "instructions_least") &&
	    count <= number(counted, "instructions_most"))
		return;
	printf("%s: simulated %lld, bounded by %lld and %lld\n", layer, (long long)count,
	       (long long)number(counted, "instructions_least"),
	       (long long)number(counted, "instructions_most"));
	faults++;
}

static double error_percent(const json_t *simulated, const json_t *counted, const char *key)
{
	double count = (double)number(simulated, key);

	return 100 * ((double)number(counted, key) - count) / count;
}

int main(int argc, char **argv)
{
	json_error_t where;
	json_t *simulated = argc == 3 ? json_load_file(argv[1], 0, &where) : NULL;
	json_t *counted = argc == 3 ? json_load_file(argv[2], 0, &where) : NULL;
	const json_t *layers = json_object_get(simulated, "layers");
	unsigned exact = 0, unknown = 0;

	if (!simulated || !counted) {
		fprintf(stderr, "usage: rig_polynomials SIMULATED.json TABLE.json\n");
		return 2;
	}
	if (json_array_size(layers) == 0 ||
	    json_array_size(layers) != json_array_size(json_object_get(counted, "layers"))) {
		printf("they have different layers\n");
		return 1;
	}
	for (size_t i = 0; i < json_array_size(layers); i++) {
		const json_t *a = json_array_get(layers, i);
		const json_t *b = json_array_get(json_object_get(counted, "layers"), i);
		const char *status = json_string_value(json_object_get(b, "status"));
		char name[80];

		snprintf(name, sizeof(name), "layer %lld, %s, %s", (long long)number(a, "layer"),
			 json_string_value(json_object_get(a, "operator")), status ? status : "?");
		if (status && !strcmp(status, "exact")) {
			exact_check(name, a, b);
			exact++;
		} else if (status && !strcmp(status, "unknown")) {
			unknown++;
		} else {
			bounds_check(name, a, b);
		}
	}
	if (exact == json_array_size(layers))
		exact_check("inference", simulated, counted);
	if (unknown == json_array_size(layers)) {
		puts("no layer is known");
		faults++;
	}
	printf("%s: %u of %zu layers exact, %u unknown; whole inference: instructions %+.4f %%, "
	       "cycles "
	       "%+.4f %%\n",
	       json_string_value(json_object_get(simulated, "model")), exact,
	       json_array_size(layers), unknown, error_percent(simulated, counted, "instructions"),
	       error_percent(simulated, counted, "cycles"));
	json_decref(simulated);
	json_decref(counted);
	return faults > 0;
}
