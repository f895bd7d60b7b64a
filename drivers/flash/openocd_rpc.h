/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * OpenOCD's Tcl port (OpenOCD User's Guide 0.12, "Tcl Scripting API", "Tcl RPC server"): a command
 * and its answer each end with the byte 0x1a. An answer does not say whether the command failed,
 * and what a command logs is not in it, so each is sent inside a catch and a capture. The answer
 * then begins with a word of ours and a number that counts: what came late, and the lines that
 * OpenOCD puts in between ("type target_event event ..."), are told apart by it.
 */
#ifndef DRIVERS_FLASH_OPENOCD_RPC_H
#define DRIVERS_FLASH_OPENOCD_RPC_H

#include <stddef.h>

#include "drivers/err.h"

enum { OPENOCD_ANSWER_MAX = 16384, OPENOCD_COMMAND_MAX = 1024 };

struct openocd_rpc {
	struct link *link;
	unsigned sequence;
	size_t used;
	char answer[OPENOCD_ANSWER_MAX]; /* received, and not used yet */
	char text[OPENOCD_ANSWER_MAX];   /* of the last command: its result, then its log */
};

/* uri: tcp://HOST:PORT. Errors are link_open's. */
int openocd_rpc_open(struct openocd_rpc *rpc, const char *uri, struct err *err);
void openocd_rpc_close(struct openocd_rpc *rpc); /* accepts a zeroed one */

/* One Tcl command, with balanced braces. rpc->text is set with 0 and with -EREMOTEIO: OpenOCD says
 * that it failed (the sentence is the end of what it said). -ETIMEDOUT; -ENODEV: the server hung
 * up; -EPROTO: this is no Tcl port. */
int openocd_rpc_run(struct openocd_rpc *rpc, const char *command, int timeout_ms, struct err *err);
/* Sends a command that is not answered. */
int openocd_rpc_send(struct openocd_rpc *rpc, const char *command, int timeout_ms, struct err *err);

/* The last lines of a text in one: "a; b; c", without what cannot be printed, at most size - 1. */
void openocd_text_tail(const char *text, char *ret_tail, size_t size);

#endif
