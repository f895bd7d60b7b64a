/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What drivers/link/link.h promises of every kind of link, tried on one whose far end sends back
 * what it is sent. Include after cmocka.h.
 */
#ifndef TESTS_UNIT_DRIVERS_CONFORMANCE_LINK_H
#define TESTS_UNIT_DRIVERS_CONFORMANCE_LINK_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/kinds.h"

enum { CONFORMANCE_LINK_BYTES = 64, CONFORMANCE_LINK_WAIT_MS = 3000 };

struct conformance_link {
	const struct link_ops *ops;
	const char *const *malformed; /* addresses, NULL at the end */
	bool has_settings;            /* and lines; else both are -ENOTSUP */
	/* A far end, and its address. It hangs up after that many bytes, or with hang_up. */
	const char *(*plug)(size_t bytes);
	void (*hang_up)(void); /* NULL: the bytes are counted */
	void (*unplug)(void);  /* NULL: nothing to be done */
};

static const struct link_settings conformance_link_settings = {.baud = 115200,
							       .parity = LINK_PARITY_NONE};
static struct err conformance_link_err;

static inline void *conformance_link_open(const struct conformance_link *row, size_t bytes)
{
	void *state = calloc(1, row->ops->state_size);
	const char *address = row->plug(bytes);

	assert_non_null(state);
	if (row->ops->open(state, address, &conformance_link_settings, &conformance_link_err))
		fail_msg("%s", conformance_link_err.text);
	return state;
}

static inline void conformance_link_close(const struct conformance_link *row, void *state)
{
	row->ops->close(state);
	free(state);
	if (row->unplug)
		row->unplug();
}

static inline void conformance_link_malformed(const struct conformance_link *row)
{
	for (const char *const *address = row->malformed; *address; address++) {
		void *state = calloc(1, row->ops->state_size);

		assert_non_null(state);
		if (row->ops->open(state, *address, &conformance_link_settings,
				   &conformance_link_err) != -EINVAL)
			fail_msg("%s:%s is opened", row->ops->scheme, *address);
		free(state); /* close is not called for what did not open */
	}
}

/* Nothing there is no error; what is written comes back, in order and in pieces. */
static inline void conformance_link_bytes(const struct conformance_link *row)
{
	uint8_t sent[CONFORMANCE_LINK_BYTES], came[CONFORMANCE_LINK_BYTES];
	void *state = conformance_link_open(row, 1000000);
	int64_t begin_ns = link_now_ns();
	size_t count = 99, have = 0;

	assert_int_equal(
		row->ops->read(state, came, sizeof(came), 30, &count, &conformance_link_err), 0);
	assert_int_equal(count, 0);
	assert_true(link_now_ns() - begin_ns >= 29000000);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 37 + 200); /* 0xFF, CR and NUL too */
	assert_int_equal(row->ops->write(state, sent, sizeof(sent), CONFORMANCE_LINK_WAIT_MS,
					 &conformance_link_err),
			 0);
	while (have < sizeof(sent)) {
		size_t room = sizeof(sent) - have;

		if (row->ops->read(state, came + have, room < 7 ? room : 7,
				   CONFORMANCE_LINK_WAIT_MS, &count, &conformance_link_err))
			fail_msg("%s", conformance_link_err.text);
		assert_true(count >= 1 && count <= 7);
		have += count;
	}
	assert_memory_equal(came, sent, sizeof(sent));
	assert_non_null(row->ops->identity(state));
	conformance_link_close(row, state);
}

static inline void conformance_link_set(const struct conformance_link *row)
{
	const struct link_settings other = {.baud = 9600, .parity = LINK_PARITY_EVEN};
	void *state = conformance_link_open(row, 1000000);
	int expected = row->has_settings ? 0 : -ENOTSUP;

	assert_int_equal(row->ops->set(state, &other, &conformance_link_err), expected);
	assert_int_equal(row->ops->set_lines(state, true, false, &conformance_link_err), expected);
	conformance_link_close(row, state);
}

/* What came before is read, then it is gone, at once and for good. */
static inline void conformance_link_hang_up(const struct conformance_link *row)
{
	void *state = conformance_link_open(row, 5);
	int64_t begin_ns = link_now_ns();
	size_t count = 0, have = 0;
	uint8_t byte;
	int ret;

	assert_int_equal(
		row->ops->write(state, "hello", 5, CONFORMANCE_LINK_WAIT_MS, &conformance_link_err),
		0);
	while (have < 5 && !row->ops->read(state, &byte, 1, CONFORMANCE_LINK_WAIT_MS, &count,
					   &conformance_link_err))
		have += count;
	assert_int_equal(have, 5);
	if (row->hang_up)
		row->hang_up();
	do {
		ret = row->ops->read(state, &byte, 1, CONFORMANCE_LINK_WAIT_MS, &count,
				     &conformance_link_err);
	} while (!ret && count);
	assert_int_equal(ret, -ENODEV);
	assert_int_equal(row->ops->read(state, &byte, 1, 0, &count, &conformance_link_err),
			 -ENODEV);
	assert_int_equal(
		row->ops->write(state, "x", 1, CONFORMANCE_LINK_WAIT_MS, &conformance_link_err),
		-ENODEV);
	assert_true(link_now_ns() - begin_ns < CONFORMANCE_LINK_WAIT_MS * INT64_C(3000000));
	conformance_link_close(row, state);
}

static inline void conformance_link_all(const struct conformance_link *row)
{
	conformance_link_malformed(row);
	conformance_link_bytes(row);
	conformance_link_set(row);
	conformance_link_hang_up(row);
}

#endif
