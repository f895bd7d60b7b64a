/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The source of edges that others are copied from, in the place of the product's, which is put
 * through the same in tests/seam/test_marker.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/drivers/conformance_marker.h"

static const char *const malformed[] = {"",
					"square:",
					"square:0",
					"square:x",
					"square:1x",
					"square:10001",
					"gpio:/dev/gpiochip0:17",
					NULL};

static void conforms(void **state)
{
	const struct conformance_marker row = {.uri = "square:100", .malformed = malformed};

	(void)state;
	conformance_marker_all(&row);
}

/* Edges that waited come together, with their own stamps. */
static void several(void **state)
{
	struct marker_edge edges[8];
	struct marker *marker;
	struct err err = {""};
	size_t count;

	(void)state;
	assert_int_equal(marker_open("square:2", &marker, &err), 0);
	for (int64_t until_ns = link_now_ns() + 12000000; link_now_ns() < until_ns;)
		;
	assert_int_equal(marker_read(marker, edges, 8, 0, &count, &err), 0);
	assert_int_equal(count, 8);
	for (size_t i = 1; i < count; i++)
		assert_int_equal(edges[i].t_mono_ns - edges[i - 1].t_mono_ns, 1000000);
	marker_close(marker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conforms),
		cmocka_unit_test(several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
