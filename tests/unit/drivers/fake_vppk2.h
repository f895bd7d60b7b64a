/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Links with a virtual PPK2 (rigs/virtual/meters/ppk2.h) behind each, on a clock of their own:
 * waiting costs no time. Including this file replaces all of drivers/link/link.h in the test's
 * program.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_VPPK2_H
#define TESTS_UNIT_DRIVERS_FAKE_VPPK2_H

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/link.h"
#include "rigs/virtual/meters/ppk2.h"

enum { FAKE_VPPK2_STEP_NS = 1000000 }; /* how often a waiting host looks */

/* Another instrument behind a link, instead of the PPK2. */
struct fake_vother {
	void (*pass)(int64_t ns);
	void (*host_bytes)(const uint8_t *bytes, size_t count);
	size_t (*take_bytes)(uint8_t *ret_bytes, size_t capacity);
};

struct link {
	const struct fake_vother *other; /* NULL: a PPK2 */
	struct vppk2 *meter;
	int64_t now_ns;
	uint64_t samples; /* intervals that are over */
	double current_a;
	uint8_t logic;
	bool is_gone;
	unsigned closed;
	uint64_t sent; /* samples while it streamed, since the last start */
};

static inline void fake_vppk2_init(struct link *link, uint64_t seed)
{
	vppk2_free(link->meter);
	*link = (struct link){.meter = vppk2_new(seed), .now_ns = 1000000000, .current_a = 5e-3};
	assert(link->meter);
}

static inline void fake_vppk2_done(struct link *link)
{
	vppk2_free(link->meter);
	link->meter = NULL;
}

static inline void fake_vppk2_pass(struct link *link, int64_t ns)
{
	int64_t end_ps;

	link->now_ns += ns;
	if (link->other) {
		link->other->pass(ns);
		return;
	}
	end_ps = (link->now_ns - 1000000000) * 1000;
	while (vppk2_sample_end_ps(link->meter, link->samples) <= end_ps) {
		link->sent = vppk2_streaming(link->meter) ? link->sent + 1 : 0;
		vppk2_sample(link->meter, link->current_a, link->logic);
		link->samples++;
	}
}

void link_close(struct link *link)
{
	if (link)
		link->closed++;
}

static inline int fake_vppk2_check(const struct link *link, struct err *err)
{
	return link->is_gone ? err_set(err, -ENODEV, "gone") : 0;
}

int link_set_lines(struct link *link, bool dtr_asserted, bool rts_asserted, struct err *err)
{
	(void)dtr_asserted;
	(void)rts_asserted;
	return fake_vppk2_check(link, err);
}

int link_read(struct link *link, void *buffer, size_t capacity, int timeout_ms, size_t *ret_count,
	      struct err *err)
{
	int64_t until_ns = link->now_ns + (int64_t)timeout_ms * 1000000;

	*ret_count = 0;
	for (;;) {
		int64_t left_ns = until_ns - link->now_ns;

		*ret_count = link->other ? link->other->take_bytes(buffer, capacity)
					 : vppk2_take_bytes(link->meter, buffer, capacity);
		if (*ret_count)
			return 0;
		if (link->is_gone)
			return err_set(err, -ENODEV, "gone");
		if (left_ns <= 0)
			return 0;
		fake_vppk2_pass(link, left_ns < FAKE_VPPK2_STEP_NS ? left_ns : FAKE_VPPK2_STEP_NS);
	}
}

int link_write(struct link *link, const void *bytes, size_t count, int timeout_ms, struct err *err)
{
	(void)timeout_ms;
	if (link->is_gone)
		return err_set(err, -ENODEV, "gone");
	if (link->other)
		link->other->host_bytes(bytes, count);
	else
		vppk2_host_bytes(link->meter, bytes, count);
	return 0;
}

int link_discard(struct link *link, int quiet_ms, int limit_ms, struct err *err)
{
	int64_t until_ns = link->now_ns + (int64_t)limit_ms * 1000000;
	uint8_t dropped[512];
	size_t count;

	do {
		int rc = link_read(link, dropped, sizeof(dropped), quiet_ms, &count, err);

		if (rc)
			return rc;
	} while (count && link->now_ns < until_ns);
	return 0;
}

const char *link_identity(const struct link *link)
{
	(void)link;
	return "virtual-rig ppk2 serial=2";
}

bool link_is_virtual(const struct link *link)
{
	(void)link;
	return true;
}

int64_t link_clock_ns(const struct link *link)
{
	return link->now_ns;
}

/* Nobody here calls these; the real ones would come along with one that is missing. */

int link_open(const char *uri, const struct link_settings *settings, struct link **ret_link,
	      struct err *err)
{
	(void)settings;
	(void)ret_link;
	return err_set(err, -ENOENT, "%s: no such port", uri);
}

int link_set(struct link *link, const struct link_settings *settings, struct err *err)
{
	(void)settings;
	return fake_vppk2_check(link, err);
}

int link_read_exactly(struct link *link, void *buffer, size_t count, int timeout_ms,
		      size_t *ret_count, struct err *err)
{
	(void)link;
	(void)buffer;
	(void)count;
	(void)timeout_ms;
	(void)ret_count;
	return err_set(err, -ENOTSUP, "not played");
}

size_t link_holds(const struct link *link)
{
	(void)link;
	return 4096 - 128; /* a tty */
}

const char *link_uri(const struct link *link)
{
	(void)link;
	return "fake:";
}

int64_t link_now_ns(void)
{
	return 0;
}

void link_sleep_ms(const struct link *link, int duration_ms)
{
	fake_vppk2_pass((struct link *)(uintptr_t)link, (int64_t)duration_ms * 1000000);
}

#endif
