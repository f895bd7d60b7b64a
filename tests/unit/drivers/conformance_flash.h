/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What drivers/flash/flash.h promises of every flasher, tried on one with its board on a fake link.
 * Include after cmocka.h and fake_link.h.
 */
#ifndef TESTS_UNIT_DRIVERS_CONFORMANCE_FLASH_H
#define TESTS_UNIT_DRIVERS_CONFORMANCE_FLASH_H

#include <errno.h>
#include <string.h>

#include "drivers/flash/flash.h"

struct conformance_flash {
	const struct flash_ops *ops;
	/* A board with other contents in its flash, on fake_link; asked of it: request. */
	void (*plug)(void);
	struct flash_request *request;
	const uint8_t *flash;       /* where the request's address is */
	void (*stick)(void);        /* a byte of the flash takes no other value */
	void (*mute)(void);         /* the loader says nothing */
	bool (*runs_program)(void); /* reset into what was written, BOOT0 inactive */
};

static struct {
	size_t done, total;
	unsigned calls;
	bool is_backwards;
} conformance_flash_progress;

static inline void conformance_flash_note(void *context, size_t done, size_t total)
{
	(void)context;
	conformance_flash_progress.is_backwards |= done < conformance_flash_progress.done;
	conformance_flash_progress.done = done;
	conformance_flash_progress.total = total;
	conformance_flash_progress.calls++;
}

static inline int conformance_flash_write(const struct conformance_flash *row,
					  struct flash_report *ret_report, struct err *err)
{
	struct flash_request request = *row->request;

	memset(&conformance_flash_progress, 0, sizeof(conformance_flash_progress));
	request.progress = conformance_flash_note;
	return row->ops->write(&request, ret_report, err);
}

static inline void conformance_flash_good(const struct conformance_flash *row)
{
	const struct flash_request *request = row->request;
	struct flash_report report;
	struct err err = {""};

	row->plug();
	if (conformance_flash_write(row, &report, &err))
		fail_msg("%s", err.text);
	assert_memory_equal(row->flash, request->bytes, request->count);
	assert_int_equal(report.written, request->count);
	assert_int_equal(report.id, request->expected_id);
	assert_int_equal(report.retries, 0);
	assert_true(row->runs_program());
	assert_true(conformance_flash_progress.calls && !conformance_flash_progress.is_backwards);
	assert_int_equal(conformance_flash_progress.total, 2 * request->count);
	assert_int_equal(conformance_flash_progress.done, 2 * request->count);
}

/* Nothing is reported, the sentence names driver and reason, the board is left able to start. */
static inline void conformance_flash_fails(const struct conformance_flash *row, int code)
{
	const struct flash_report untouched = {.written = 4711};
	struct flash_report report = untouched;
	struct err err = {""};
	int ret = conformance_flash_write(row, &report, &err);

	if (ret != code || strncmp(err.text, row->ops->name, strlen(row->ops->name)))
		fail_msg("%d, not %d: '%s'", ret, code, err.text);
	assert_memory_equal(&report, &untouched, sizeof(report));
	assert_true(!conformance_flash_progress.calls ||
		    conformance_flash_progress.done < 2 * row->request->count);
	assert_false(row->request->control->in_boot || row->request->control->in_reset);
}

static inline void conformance_flash_all(const struct conformance_flash *row)
{
	conformance_flash_good(row);
	row->plug();
	row->stick();
	conformance_flash_fails(row, -EIO);
	row->plug();
	row->mute();
	conformance_flash_fails(row, -ETIMEDOUT);
	row->plug();
	row->request->expected_id ^= 1;
	conformance_flash_fails(row, -ENXIO);
	row->plug();
	row->request->count = 0;
	conformance_flash_fails(row, -EINVAL);
}

#endif
