/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A kind of link to begin one from, in no table: what is written comes back.
 *
 *   skeleton:         for ever
 *   skeleton:COUNT    until so many bytes were written: then the far end hangs up
 *
 * Hooks get what follows the scheme and its colon, settings that were checked, and buffers of at
 * least one byte. One reader and one writer may be in here at the same time.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/link/deadline.h"
#include "drivers/link/kinds.h"

enum { BUFFER_BYTES = 4096 };

struct skeleton {
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	uint8_t bytes[BUFFER_BYTES]; /* written, not yet read */
	size_t first, count;
	unsigned long left; /* until it hangs up */
	bool is_endless, is_gone;
};

static int gone(struct err *err)
{
	return err_set(err, -ENODEV, "the far end hung up");
}

/* ---- opening ---- */

static int address_parse(const char *address, struct skeleton *skeleton, struct err *err)
{
	char *end;

	skeleton->is_endless = !*address;
	if (skeleton->is_endless)
		return 0;
	skeleton->left = strtoul(address, &end, 10);
	if (*address < '0' || *address > '9' || *end)
		return err_set(err, -EINVAL, "is not of the form skeleton: or skeleton:COUNT");
	return 0;
}

/* Time-outs count on CLOCK_MONOTONIC. */
static int skeleton_open(void *state, const char *address, const struct link_settings *settings,
			 struct err *err)
{
	struct skeleton *skeleton = state;
	pthread_condattr_t monotonic;
	int ret = address_parse(address, skeleton, err);

	(void)settings; /* a serial port would set them, and fail when it cannot */
	if (ret)
		return ret;
	pthread_mutex_init(&skeleton->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&skeleton->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return 0;
}

static void skeleton_close(void *state)
{
	struct skeleton *skeleton = state;

	pthread_cond_destroy(&skeleton->changed);
	pthread_mutex_destroy(&skeleton->lock);
}

/* A link without settings and lines says -ENOTSUP to both. */
static int skeleton_set(void *state, const struct link_settings *settings, struct err *err)
{
	(void)state;
	(void)settings;
	return err_set(err, -ENOTSUP, "it has no serial settings");
}

static int skeleton_set_lines(void *state, bool dtr, bool rts, struct err *err)
{
	(void)state;
	(void)dtr;
	(void)rts;
	return err_set(err, -ENOTSUP, "it has no modem lines");
}

/* ---- bytes ---- */

/* With the lock held, until is_true or the time is over. */
static bool await(struct skeleton *skeleton, bool (*is_true)(const struct skeleton *skeleton),
		  int timeout_ms)
{
	int64_t t_ns = deadline_after_ms(timeout_ms);
	const struct timespec deadline = {.tv_sec = t_ns / 1000000000,
					  .tv_nsec = t_ns % 1000000000};
	int late = 0;

	while (!is_true(skeleton) && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&skeleton->changed, &skeleton->lock, &deadline);
	return is_true(skeleton);
}

static bool has_bytes(const struct skeleton *skeleton)
{
	return skeleton->count || skeleton->is_gone;
}

static bool has_room(const struct skeleton *skeleton)
{
	return skeleton->count < BUFFER_BYTES || skeleton->is_gone;
}

/* What came before it hung up can still be read. Nothing within the time is 0 and no bytes. */
static int skeleton_read(void *state, void *buffer, size_t capacity, int timeout_ms,
			 size_t *ret_count, struct err *err)
{
	struct skeleton *skeleton = state;
	uint8_t *bytes = buffer;
	size_t count = 0;
	int ret = 0;

	pthread_mutex_lock(&skeleton->lock);
	(void)await(skeleton, has_bytes, timeout_ms);
	for (; skeleton->count && count < capacity; skeleton->count--) {
		bytes[count++] = skeleton->bytes[skeleton->first];
		skeleton->first = (skeleton->first + 1) % BUFFER_BYTES;
	}
	if (!count && skeleton->is_gone)
		ret = gone(err);
	pthread_cond_broadcast(&skeleton->changed);
	pthread_mutex_unlock(&skeleton->lock);
	if (!ret)
		*ret_count = count;
	return ret;
}

/* With the lock held. */
static void put(struct skeleton *skeleton, uint8_t byte)
{
	skeleton->bytes[(skeleton->first + skeleton->count++) % BUFFER_BYTES] = byte;
	if (!skeleton->is_endless && skeleton->left && !--skeleton->left)
		skeleton->is_gone = true;
}

/* All of it, or an error. */
static int skeleton_write(void *state, const void *bytes, size_t count, int timeout_ms,
			  struct err *err)
{
	struct skeleton *skeleton = state;
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	size_t done = 0;
	int ret = 0;

	pthread_mutex_lock(&skeleton->lock);
	while (!ret && done < count) {
		if (!await(skeleton, has_room, deadline_left_ms(deadline_ns)))
			ret = err_set(err, -ETIMEDOUT, "%zu of %zu bytes sent within %d ms", done,
				      count, timeout_ms);
		else if (skeleton->is_gone)
			ret = gone(err);
		else
			put(skeleton, ((const uint8_t *)bytes)[done++]);
		pthread_cond_broadcast(&skeleton->changed);
	}
	pthread_mutex_unlock(&skeleton->lock);
	return ret;
}

/* What the far end says of itself: "virtual-rig..." would mark all that is measured through it. */
static const char *skeleton_identity(void *state)
{
	(void)state;
	return "";
}

extern const struct link_ops link_skeleton; /* in kinds.h, beside the others */

const struct link_ops link_skeleton = {
	.scheme = "skeleton",
	.state_size = sizeof(struct skeleton),
	.open = skeleton_open,
	.close = skeleton_close,
	.set = skeleton_set,
	.set_lines = skeleton_set_lines,
	.read = skeleton_read,
	.write = skeleton_write,
	.identity = skeleton_identity,
};
