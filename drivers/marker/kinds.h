/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a kind of marker source is: for drivers/marker only. One const table each; marker.c has the
 * thread, the queue and everything that its owner calls.
 */
#ifndef DRIVERS_MARKER_KINDS_H
#define DRIVERS_MARKER_KINDS_H

#include <poll.h>

#include "drivers/marker/marker.h"

/* The thread's end of the queue. */
void marker_put(struct marker *marker, const struct marker_edge *edge);

struct marker_ops {
	const char *scheme; /* with its colon */
	const char *form;   /* of a uri, for a sentence: "gpio:/dev/gpiochip0:17,27,22" */
	bool is_virtual;
	size_t state_size;
	const char *gone; /* -ENODEV as a sentence */
	/* Fills the state, which is all zeros, from what is behind the scheme; touches no device.
	 * -EINVAL. */
	int (*parse)(void *state, const char *address, unsigned *ret_lines, struct err *err);
	/* Fills fds, MARKER_LINES at most, of which reading must not block. Called once; close is
	 * called whatever it returns. */
	int (*open)(void *state, struct pollfd *fds, unsigned *ret_fd_count, struct err *err);
	void (*close)(void *state);
	bool (*is_numbered)(const void *state);
	/* In the thread: fds[index] has something, or an error: puts what there is. Negative: no
	 * more will come. */
	int (*drain)(void *state, struct marker *marker, unsigned index, const struct pollfd *fd);
};

extern const struct marker_ops marker_gpio, marker_gpio_sim, marker_socket;

#endif
