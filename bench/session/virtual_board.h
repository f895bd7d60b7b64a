/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A virtual board of one's own: the process virtual-rig count, its socket and its counts, in a
 * folder of their own that goes when they go.
 */
#ifndef BENCH_SESSION_VIRTUAL_BOARD_H
#define BENCH_SESSION_VIRTUAL_BOARD_H

#include <sys/types.h>

#include "drivers/err.h"
#include "drivers/link/link.h"

enum { VIRTUAL_BOARD_PATH_MAX = 96 };

struct virtual_board {
	char folder[VIRTUAL_BOARD_PATH_MAX]; /* "": not made */
	char socket[VIRTUAL_BOARD_PATH_MAX + 16], counts[VIRTUAL_BOARD_PATH_MAX + 16];
	pid_t process; /* 0: not started */
	int messages;  /* its stderr; -1: closed */
	struct link *link;
};

/* Starts it and opens the link. -EIO: it did not start (the sentence is its own). */
int virtual_board_open(const char *program, const char *chip, const char *firmware,
		       struct virtual_board *ret_board, struct err *err);
/* What the board said last when it stopped by itself, as context for an error; "" for nothing. */
void virtual_board_last_words(struct virtual_board *board, char *ret_text, size_t size);
void virtual_board_close(struct virtual_board *board); /* accepts a half-open one */

#endif
