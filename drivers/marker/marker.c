/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/marker/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "drivers/link/link.h"
#include "drivers/link/record.h"
#include "drivers/marker/kinds.h"
#include "drivers/marker/marker_tape.h"

enum {
	QUEUE_EDGES = 1 << 14,
	PRIORITY = 50, /* SCHED_FIFO, where this user may */
};

static const struct marker_ops *const kinds[] = {&marker_gpio, &marker_gpio_sim, &marker_socket};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* 5 to 50 us, evenly; the mean of a host that is known to be idle or busy may be anywhere in there.
 */
static const struct marker_timing assumed = {
	.latency_ns = 27.5e3, .u_latency_ns = 13e3, .jitter_ns = 13e3};

struct marker {
	const struct marker_ops *ops;
	void *state;
	char *uri;
	struct link_tape *tape; /* NULL: none */
	bool is_numbered;
	struct pollfd fds[MARKER_LINES + 1]; /* the kind's, and stop_fd */
	unsigned fd_count;
	int stop_fd;
	pthread_t thread;
	bool has_thread, is_open;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct marker_edge *queue; /* with the lock from here on */
	size_t first, waiting;
	int end; /* 0, or why there are no more */
};

/* ---- the thread ---- */

static void marker_end(struct marker *marker, int code)
{
	pthread_mutex_lock(&marker->lock);
	if (!marker->end)
		marker->end = code;
	pthread_cond_signal(&marker->changed);
	pthread_mutex_unlock(&marker->lock);
}

void marker_put(struct marker *marker, const struct marker_edge *edge)
{
	pthread_mutex_lock(&marker->lock);
	if (marker->waiting == QUEUE_EDGES)
		marker->end = -EOVERFLOW;
	if (!marker->end)
		marker->queue[(marker->first + marker->waiting++) % QUEUE_EDGES] = *edge;
	pthread_cond_signal(&marker->changed);
	pthread_mutex_unlock(&marker->lock);
}

static int drain_all(struct marker *marker)
{
	int ret = 0;

	for (unsigned i = 0; !ret && i < marker->fd_count; i++)
		if (marker->fds[i].revents)
			ret = marker->ops->drain(marker->state, marker, i, &marker->fds[i]);
	return ret;
}

static void *marker_run(void *argument)
{
	struct marker *marker = argument;
	int ret = 0;

	while (!ret) {
		if (poll(marker->fds, marker->fd_count + 1, -1) < 0) {
			ret = errno == EINTR ? 0 : -errno;
			continue;
		}
		if (marker->fds[marker->fd_count].revents)
			return NULL;
		ret = drain_all(marker);
	}
	marker_end(marker, ret);
	return NULL;
}

static void prefer_thread(pthread_t thread)
{
	const struct sched_param priority = {.sched_priority = PRIORITY};

	/* without the right to it edges wait in the kernel a little longer; stamps are the same */
	(void)pthread_setschedparam(thread, SCHED_FIFO, &priority);
}

static int start_thread(struct marker *marker, struct err *err)
{
	struct pollfd *fds = marker->fds;
	int error;

	for (unsigned i = 0; i < marker->fd_count; i++) {
		fds[i].events = POLLIN;
		if (fcntl(fds[i].fd, F_SETFL, fcntl(fds[i].fd, F_GETFL) | O_NONBLOCK))
			return err_set(err, -errno, "%s: %s", marker->uri, strerror(errno));
	}
	marker->stop_fd = eventfd(0, EFD_CLOEXEC);
	marker->queue = calloc(QUEUE_EDGES, sizeof(*marker->queue));
	if (marker->stop_fd < 0 || !marker->queue)
		return err_set(err, -ENOMEM, "%s: out of memory", marker->uri);
	fds[marker->fd_count] = (struct pollfd){.fd = marker->stop_fd, .events = POLLIN};
	error = pthread_create(&marker->thread, NULL, marker_run, marker);
	if (error)
		return err_set(err, -error, "%s: no thread: %s", marker->uri, strerror(error));
	marker->has_thread = true;
	prefer_thread(marker->thread);
	return 0;
}

/* ---- life ---- */

static int find_kind(const char *uri, const struct marker_ops **ret_ops, struct err *err)
{
	for (unsigned i = 0; i < KINDS; i++) {
		if (!strncmp(uri, kinds[i]->scheme, strlen(kinds[i]->scheme))) {
			*ret_ops = kinds[i];
			return 0;
		}
	}
	return err_set(err, -EINVAL, "'%s' is no marker lines, as %s, %s or %s", uri,
		       marker_gpio.form, marker_gpio_sim.form, marker_socket.form);
}

static int parse(const struct marker_ops *ops, const char *uri, void *state, unsigned *ret_lines,
		 struct err *err)
{
	int ret = ops->parse(state, uri + strlen(ops->scheme), ret_lines, err);

	return ret ? err_context(err, ret, "'%s'", uri) : 0;
}

int marker_check_uri(const char *uri, unsigned *ret_lines, bool *ret_virtual, struct err *err)
{
	const struct marker_ops *ops;
	unsigned lines = 0;
	void *state;
	int ret = find_kind(uri, &ops, err);

	if (ret)
		return ret;
	state = calloc(1, ops->state_size);
	ret = state ? parse(ops, uri, state, &lines, err)
		    : err_set(err, -ENOMEM, "%s: out of memory", uri);
	free(state);
	if (ret)
		return ret;
	if (ret_lines)
		*ret_lines = lines;
	if (ret_virtual)
		*ret_virtual = ops->is_virtual;
	return 0;
}

static struct marker *marker_new(const struct marker_ops *ops, const char *uri)
{
	struct marker *marker = calloc(1, sizeof(*marker));
	pthread_condattr_t monotonic;

	if (!marker)
		return NULL;
	marker->ops = ops;
	marker->stop_fd = -1;
	pthread_mutex_init(&marker->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&marker->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	marker->uri = strdup(uri);
	marker->state = calloc(1, ops->state_size);
	if (marker->uri && marker->state)
		return marker;
	marker_close(marker);
	return NULL;
}

static int lines_open(struct marker *marker, struct err *err)
{
	int ret;

	marker->is_open = true;
	ret = marker->ops->open(marker->state, marker->fds, &marker->fd_count, err);
	if (ret)
		return ret;
	marker->is_numbered = marker->ops->is_numbered(marker->state);
	return start_thread(marker, err);
}

static int taped_open(struct marker *marker, struct err *err)
{
	struct err own = {""}, *sentence = err ? err : &own;
	int ret;

	if (link_tape_is_replay(marker->tape))
		return marker_replay_open(marker->tape, marker->uri, &marker->is_numbered, err);
	ret = lines_open(marker, sentence);
	marker_tape_opened(marker->tape, marker->uri, marker->is_numbered, ret, sentence);
	return ret;
}

int marker_open(const char *uri, struct marker **ret_marker, struct err *err)
{
	return marker_open_taped(uri, NULL, ret_marker, err);
}

int marker_open_taped(const char *uri, struct link_tape *tape, struct marker **ret_marker,
		      struct err *err)
{
	const struct marker_ops *ops;
	struct marker *marker;
	unsigned lines;
	int ret = find_kind(uri, &ops, err);

	if (ret)
		return ret;
	marker = marker_new(ops, uri);
	if (!marker)
		return err_set(err, -ENOMEM, "%s: out of memory", uri);
	marker->tape = tape;
	ret = parse(ops, uri, marker->state, &lines, err);
	if (!ret)
		ret = taped_open(marker, err);
	if (ret) {
		marker_close(marker);
		return ret;
	}
	*ret_marker = marker;
	return 0;
}

void marker_close(struct marker *marker)
{
	const uint64_t one = 1;

	if (!marker)
		return;
	/* an eventfd at zero takes a one */
	if (marker->has_thread && write(marker->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(marker->thread, NULL);
	if (marker->stop_fd >= 0)
		close(marker->stop_fd);
	if (marker->is_open)
		marker->ops->close(marker->state);
	pthread_cond_destroy(&marker->changed);
	pthread_mutex_destroy(&marker->lock);
	free(marker->queue);
	free(marker->state);
	free(marker->uri);
	free(marker);
}

bool marker_is_numbered(const struct marker *marker)
{
	return marker->is_numbered;
}

bool marker_is_virtual(const struct marker *marker)
{
	return marker->ops->is_virtual;
}

struct marker_timing marker_timing(const struct marker *marker)
{
	(void)marker;
	return assumed;
}

/* ---- reading ---- */

static int end_error(const struct marker *marker, int code, struct err *err)
{
	switch (code) {
	case -ENODEV:
		return err_set(err, code, "%s: %s", marker->uri, marker->ops->gone);
	case -EOVERFLOW:
		return err_set(err, code, "%s: more than %d edges waited: some are lost",
			       marker->uri, QUEUE_EDGES);
	case -ENOTSUP:
		return err_set(err, code,
			       "%s: edges are not stamped by CLOCK_MONOTONIC: it takes a kernel "
			       "from 5.7 on",
			       marker->uri);
	case -EPROTO:
		return err_set(err, code, "%s: what came is no edge of a virtual lab", marker->uri);
	default:
		return err_set(err, code, "%s: %s", marker->uri, strerror(-code));
	}
}

static struct timespec deadline_of(int timeout_ms)
{
	int64_t t_ns = link_now_ns() + timeout_ms * 1000000LL;

	return (struct timespec){.tv_sec = t_ns / 1000000000, .tv_nsec = t_ns % 1000000000};
}

static int lines_read(struct marker *marker, struct marker_edge *edges, size_t capacity,
		      int timeout_ms, size_t *ret_count, struct err *err)
{
	const struct timespec deadline = deadline_of(timeout_ms);
	size_t count = 0;
	int end, late = 0;

	pthread_mutex_lock(&marker->lock);
	while (!marker->waiting && !marker->end && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&marker->changed, &marker->lock, &deadline);
	for (; marker->waiting && count < capacity; marker->waiting--) {
		edges[count++] = marker->queue[marker->first];
		marker->first = (marker->first + 1) % QUEUE_EDGES;
	}
	end = marker->end;
	pthread_mutex_unlock(&marker->lock);
	if (count) {
		*ret_count = count;
		return 0;
	}
	return end ? end_error(marker, end, err)
		   : err_set(err, -ETIMEDOUT, "%s: no edge in %d ms", marker->uri, timeout_ms);
}

int marker_read(struct marker *marker, struct marker_edge *edges, size_t capacity, int timeout_ms,
		size_t *ret_count, struct err *err)
{
	struct err own = {""}, *sentence = err ? err : &own;
	int ret;

	if (link_tape_is_replay(marker->tape))
		return marker_replay_read(marker->tape, edges, capacity, ret_count, err);
	ret = lines_read(marker, edges, capacity, timeout_ms, ret_count, sentence);
	marker_tape_read(marker->tape, edges, ret ? 0 : *ret_count, ret, sentence);
	return ret;
}
