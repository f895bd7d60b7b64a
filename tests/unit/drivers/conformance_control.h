/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What drivers/control/control_line.h promises of every switch. Include after cmocka.h.
 */
#ifndef TESTS_UNIT_DRIVERS_CONFORMANCE_CONTROL_H
#define TESTS_UNIT_DRIVERS_CONFORMANCE_CONTROL_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/control/control_line.h"

struct conformance_control {
	const struct control_ops *ops;
	const char *address, *absent;
	const char *const *malformed; /* NULL at the end */
	/* What the switch does: 1 active, 0 inactive. */
	int (*level)(void);
	void (*set_level)(int level); /* as somebody else left it; before it is opened */
};

static struct err conformance_control_err;

static inline struct control_line conformance_control_line(const struct conformance_control *row,
							   const char *address)
{
	struct control_line line = {
		.kind = CONTROL_LINE_SWITCH, .role = CONTROL_SUPPLY, .ops = row->ops};

	assert_true(strlen(address) < sizeof(line.address));
	strcpy(line.address, address);
	return line;
}

static inline int conformance_control_open(const struct conformance_control *row,
					   const char *address, void **ret_state)
{
	const struct control_line line = conformance_control_line(row, address);
	void *state = calloc(1, row->ops->state_size);
	int ret;

	assert_non_null(state);
	ret = row->ops->open(state, &line, &conformance_control_err);
	if (ret) {
		free(state); /* close is not called for what did not open */
		assert_true(conformance_control_err.text[0]);
		return ret;
	}
	*ret_state = state;
	return 0;
}

static inline void conformance_control_addresses(const struct conformance_control *row)
{
	const struct control_line absent = conformance_control_line(row, row->absent);
	void *state;

	assert_int_equal(row->ops->check(row->address, &conformance_control_err), 0);
	assert_int_equal(row->ops->check(row->absent, &conformance_control_err), 0);
	for (const char *const *address = row->malformed; *address; address++)
		if (row->ops->check(*address, &conformance_control_err) != -EINVAL)
			fail_msg("%s:%s passes", row->ops->scheme, *address);
	assert_int_equal(row->ops->probe(&absent, &conformance_control_err), -ENOENT);
	assert_int_equal(conformance_control_open(row, row->absent, &state), -ENOENT);
}

/* Inactive once it is open, as told while it is, as it was when it is let go. A probe only looks.
 */
static inline void conformance_control_switches(const struct conformance_control *row)
{
	const struct control_line line = conformance_control_line(row, row->address);
	void *state = NULL;

	row->set_level(1);
	assert_int_equal(row->ops->probe(&line, &conformance_control_err), 0);
	assert_int_equal(row->level(), 1);
	if (conformance_control_open(row, row->address, &state))
		fail_msg("%s", conformance_control_err.text);
	assert_int_equal(row->level(), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(row->ops->set(state, i % 2 == 0, &conformance_control_err), 0);
		assert_int_equal(row->level(), i % 2 == 0);
		assert_int_equal(row->ops->set(state, i % 2 == 0, &conformance_control_err), 0);
		assert_int_equal(row->level(), i % 2 == 0);
	}
	row->ops->close(state);
	free(state);
	assert_int_equal(row->level(), 0);
	/* and again, after it was let go */
	assert_int_equal(conformance_control_open(row, row->address, &state), 0);
	row->ops->close(state);
	free(state);
}

/* One owner at a time: the second is told so, and the first does not notice. */
static inline void conformance_control_busy(const struct conformance_control *row)
{
	const struct control_line line = conformance_control_line(row, row->address);
	void *state = NULL, *other = NULL;

	assert_int_equal(conformance_control_open(row, row->address, &state), 0);
	assert_int_equal(conformance_control_open(row, row->address, &other), -EBUSY);
	assert_int_equal(row->ops->set(state, true, &conformance_control_err), 0);
	assert_int_equal(row->level(), 1);
	(void)row->ops->probe(&line, &conformance_control_err);
	assert_int_equal(row->level(), 1);
	assert_int_equal(row->ops->set(state, false, &conformance_control_err), 0);
	row->ops->close(state);
	free(state);
}

static inline void conformance_control_all(const struct conformance_control *row)
{
	conformance_control_addresses(row);
	conformance_control_switches(row);
	conformance_control_busy(row);
}

#endif
