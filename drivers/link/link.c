/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kinds of link by their scheme, and what is the same for all of them.
 */
#include "drivers/link/link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/link/deadline.h"
#include "drivers/link/kinds.h"
#include "drivers/link/link_tape.h"

struct link {
	const struct link_ops *ops;
	size_t holds;
	char *uri;
	void *state;
	struct link_tape *tape; /* NULL: none */
};

/* Alphabetical by scheme. */
static const struct link_ops *const kinds[] = {
	&link_rfc2217,
	&link_rfc2217_unix,
	&link_serial,
	&link_tcp,
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static const char virtual_prefix[] = "virtual-rig";

int64_t link_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void schemes_list(char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < KIND_COUNT && used < size; i++)
		used += snprintf(text + used, size - used, "%s%s:", i ? ", " : "",
				 kinds[i]->scheme);
}

int link_kind_find(const char *uri, const struct link_ops **ret_ops, const char **ret_address,
		   struct err *err)
{
	size_t length = strcspn(uri, ":");
	char schemes[128];

	if (uri[0] == '/') {
		*ret_ops = &link_serial;
		*ret_address = uri;
		return 0;
	}
	for (size_t i = 0; i < KIND_COUNT && uri[length]; i++) {
		if (strlen(kinds[i]->scheme) != length || strncmp(kinds[i]->scheme, uri, length))
			continue;
		*ret_ops = kinds[i];
		*ret_address = uri + length + 1;
		return 0;
	}
	schemes_list(schemes, sizeof(schemes));
	return err_set(err, -EINVAL, "'%s' is not a link: it begins with none of %s and is no path",
		       uri, schemes);
}

static int settings_check(const struct link_settings *settings, struct err *err)
{
	if (settings->baud == 0 || settings->baud > INT32_MAX)
		return err_set(err, -EINVAL, "%u is not a baud rate", settings->baud);
	if (settings->parity < LINK_PARITY_NONE || settings->parity > LINK_PARITY_ODD)
		return err_set(err, -EINVAL, "%d is not a parity", (int)settings->parity);
	return 0;
}

/* A tape stands between the link and its kind, or in the kind's place. */
static void *state_new(const struct link_ops *ops, struct link_tape *tape)
{
	void *state = calloc(1, ops->state_size);

	if (state && tape)
		((struct link_taped *)state)->tape = tape;
	return state;
}

int link_open_taped(struct link_tape *tape, const char *uri, const struct link_settings *settings,
		    struct link **ret_link, struct err *err)
{
	const struct link_ops *ops = NULL;
	const char *address = NULL;
	struct link *link;
	size_t holds;
	int ret;

	assert(uri && settings && ret_link);
	ret = link_kind_find(uri, &ops, &address, err);
	if (ret)
		return ret;
	ret = settings_check(settings, err);
	if (ret)
		return err_context(err, ret, "%s", uri);
	holds = ops->holds;
	if (tape) {
		ops = link_tape_ops(tape);
		address = uri;
	}

	link = calloc(1, sizeof(*link));
	if (!link)
		return err_set(err, -ENOMEM, "%s: out of memory", uri);
	link->ops = ops;
	link->holds = holds;
	link->tape = tape;
	link->uri = strdup(uri);
	link->state = state_new(ops, tape);
	if (!link->uri || !link->state) {
		ret = err_set(err, -ENOMEM, "%s: out of memory", uri);
		goto fail;
	}
	ret = ops->open(link->state, address, settings, err);
	if (ret) {
		err_context(err, ret, "%s", uri);
		goto fail;
	}
	*ret_link = link;
	return 0;

fail:
	free(link->state);
	free(link->uri);
	free(link);
	return ret;
}

int link_open(const char *uri, const struct link_settings *settings, struct link **ret_link,
	      struct err *err)
{
	return link_open_taped(NULL, uri, settings, ret_link, err);
}

void link_close(struct link *link)
{
	if (!link)
		return;
	link->ops->close(link->state);
	free(link->state);
	free(link->uri);
	free(link);
}

static int with_uri(const struct link *link, int ret, struct err *err)
{
	return ret ? err_context(err, ret, "%s", link->uri) : 0;
}

int link_set(struct link *link, const struct link_settings *settings, struct err *err)
{
	int ret = settings_check(settings, err);

	if (!ret)
		ret = link->ops->set(link->state, settings, err);
	return with_uri(link, ret, err);
}

int link_set_lines(struct link *link, bool dtr_asserted, bool rts_asserted, struct err *err)
{
	return with_uri(link, link->ops->set_lines(link->state, dtr_asserted, rts_asserted, err),
			err);
}

int link_read(struct link *link, void *buffer, size_t capacity, int timeout_ms, size_t *ret_count,
	      struct err *err)
{
	assert(capacity > 0);
	return with_uri(link,
			link->ops->read(link->state, buffer, capacity, timeout_ms, ret_count, err),
			err);
}

int link_read_exactly(struct link *link, void *buffer, size_t count, int timeout_ms,
		      size_t *ret_count, struct err *err)
{
	int64_t deadline_ns = link_deadline_ns(link, timeout_ms);
	size_t have = 0;
	int ret = 0;

	while (have < count) {
		size_t got = 0;
		int left_ms = link_left_ms(link, deadline_ns);

		ret = link_read(link, (uint8_t *)buffer + have, count - have, left_ms, &got, err);
		if (ret)
			break;
		have += got;
		if (have < count && link_clock_ns(link) >= deadline_ns) {
			ret = err_set(err, -ETIMEDOUT, "%s: %zu of %zu bytes came within %d ms",
				      link->uri, have, count, timeout_ms);
			break;
		}
	}
	if (ret_count)
		*ret_count = have;
	return ret;
}

int link_write(struct link *link, const void *bytes, size_t count, int timeout_ms, struct err *err)
{
	return with_uri(link, link->ops->write(link->state, bytes, count, timeout_ms, err), err);
}

int link_discard(struct link *link, int quiet_ms, int limit_ms, struct err *err)
{
	int64_t limit_ns = link_deadline_ns(link, limit_ms);
	uint8_t dropped[512];
	size_t count;
	int ret;

	do {
		int left_ms = link_left_ms(link, limit_ns);

		ret = link_read(link, dropped, sizeof(dropped),
				left_ms < quiet_ms ? left_ms : quiet_ms, &count, err);
	} while (!ret && count > 0 && link_clock_ns(link) < limit_ns);
	return ret;
}

size_t link_holds(const struct link *link)
{
	return link->holds ? link->holds : SIZE_MAX;
}

const char *link_uri(const struct link *link)
{
	return link->uri;
}

const char *link_identity(const struct link *link)
{
	return link->ops->identity(link->state);
}

bool link_is_virtual(const struct link *link)
{
	return !strncmp(link_identity(link), virtual_prefix, sizeof(virtual_prefix) - 1);
}

int64_t link_clock_ns(const struct link *link)
{
	return link_tape_clock_ns(link->tape);
}

void link_sleep_ms(const struct link *link, int duration_ms)
{
	link_tape_sleep_ms(link->tape, duration_ms);
}
