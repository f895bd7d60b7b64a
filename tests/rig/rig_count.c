/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checks that what "joulebench count --json" printed holds together: classes add up to the
 * instructions, layers to the whole but for their marks, and the board's own cycle counter agrees
 * with the virtual core's to the cycle.
 *
 * usage: rig_count COUNT.json
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

/* A call of the marker, the trampoline around it, and their return. */
enum { MARK_INSTRUCTIONS_MAX = 80 };

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

static void expect_equal(const char *what, json_int_t got, json_int_t wanted)
{
	if (got == wanted)
		return;
	printf("%s: %lld, expected %lld\n", what, (long long)got, (long long)wanted);
	faults++;
}

static void span_check(const char *what, const json_t *span)
{
	json_int_t sum = 0;
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(span, "classes"), name, value) sum +=
		json_integer_value(value);
	expect_equal(what, sum, number(span, "instructions"));
	if (number(span, "cycles") <= 0 || sum <= 0) {
		printf("%s: nothing was executed\n", what);
		faults++;
	}
}

static void layers_check(const json_t *root)
{
	const json_t *layers = json_object_get(root, "layers");
	json_int_t sum = 0, extra;
	json_t *layer;
	size_t i;

	json_array_foreach(layers, i, layer)
	{
		const char *name = json_string_value(json_object_get(layer, "operator"));

		span_check(name ? name : "a layer without operator", layer);
		expect_equal("a layer's cycles by the board", number(layer, "board_cycles"),
			     number(layer, "cycles"));
		sum += number(layer, "instructions");
	}
	extra = sum - number(root, "instructions");
	if (json_array_size(layers) == 0 || extra < 0 ||
	    extra > (json_int_t)json_array_size(layers) * MARK_INSTRUCTIONS_MAX) {
		printf("%zu layers have %lld instructions more than the whole\n",
		       json_array_size(layers), (long long)extra);
		faults++;
	}
}

int main(int argc, char **argv)
{
	json_error_t where;
	json_t *root;

	if (argc != 2) {
		fprintf(stderr, "usage: rig_count COUNT.json\n");
		return 2;
	}
	root = json_load_file(argv[1], 0, &where);
	if (!root) {
		printf("%s:%d: %s\n", argv[1], where.line, where.text);
		return 1;
	}
	span_check("inference", root);
	layers_check(root);
	if (number(root, "arena_bytes") <= 0 ||
	    json_string_length(json_object_get(root, "output_crc32")) != 8) {
		printf("no arena_bytes or output_crc32\n");
		faults++;
	}
	json_decref(root);
	return faults != 0;
}
