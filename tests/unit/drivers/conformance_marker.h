/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What drivers/marker/marker.h promises of every source of edges. Include after cmocka.h.
 */
#ifndef TESTS_UNIT_DRIVERS_CONFORMANCE_MARKER_H
#define TESTS_UNIT_DRIVERS_CONFORMANCE_MARKER_H

#include <errno.h>

#include "drivers/link/link.h"
#include "drivers/marker/marker.h"

enum { CONFORMANCE_MARKER_EDGES = 20, CONFORMANCE_MARKER_WAIT_MS = 3000 };

struct conformance_marker {
	const char *uri;              /* its first edge is no sooner than 5 ms after it is opened */
	const char *const *malformed; /* uris, NULL at the end */
	void (*edge)(void);           /* the next edge of line 0; NULL: they come by themselves */
};

static inline void conformance_marker_edges(const struct conformance_marker *row,
					    struct marker *marker)
{
	struct err err = {""};
	int64_t last_ns = 0;
	bool was_rising = false;
	size_t count = 0;

	for (int i = 0; i < CONFORMANCE_MARKER_EDGES; i++) {
		struct marker_edge edge = {.line = 99};

		if (row->edge)
			row->edge();
		if (marker_read(marker, &edge, 1, CONFORMANCE_MARKER_WAIT_MS, &count, &err))
			fail_msg("%s", err.text);
		assert_int_equal(count, 1);
		assert_int_equal(edge.line, 0);
		assert_int_equal(edge.lost, 0);
		assert_true(edge.t_mono_ns > last_ns && edge.t_mono_ns <= link_now_ns());
		assert_true(!i || edge.is_rising != was_rising);
		was_rising = edge.is_rising;
		last_ns = edge.t_mono_ns;
	}
}

static inline void conformance_marker_all(const struct conformance_marker *row)
{
	struct marker *marker = NULL;
	struct marker_edge edge;
	struct err err = {""};
	size_t count = 4711;

	marker_close(NULL);
	for (const char *const *uri = row->malformed; *uri; uri++)
		if (marker_open(*uri, &marker, &err) != -EINVAL)
			fail_msg("'%s' is opened", *uri);
	assert_null(marker);
	for (int round = 0; round < 2; round++) {
		if (marker_open(row->uri, &marker, &err))
			fail_msg("%s", err.text);
		assert_int_equal(marker_read(marker, &edge, 1, 0, &count, &err), -ETIMEDOUT);
		assert_int_equal(count, 4711);
		conformance_marker_edges(row, marker);
		marker_close(marker);
		marker = NULL;
	}
}

#endif
