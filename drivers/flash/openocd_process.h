/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An OpenOCD of our own: started with files and a probe's serial number, listening on a Tcl port
 * that the system chose, its log in a file. It gets no signal from the terminal, so that it is not
 * torn out of a board by Ctrl-C, and ends with the thread that started it.
 */
#ifndef DRIVERS_FLASH_OPENOCD_PROCESS_H
#define DRIVERS_FLASH_OPENOCD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "drivers/err.h"

struct openocd_process {
	pid_t pid; /* 0: none */
	bool has_ended;
	int wait_status; /* of waitpid, once it has ended */
	char log_path[512];
};

/* -ENOENT: there is no program "openocd" on the path; -EINVAL: the serial number has characters
 * that no probe has. It has not read its files when this returns. */
int openocd_process_start(struct openocd_process *process, const char *const *config,
			  const char *adapter_serial, const char *log_path, struct err *err);
/* Waits until it listens. -EPIPE: it ended instead; -ETIMEDOUT. */
int openocd_process_port(struct openocd_process *process, int timeout_ms, uint16_t *ret_port,
			 struct err *err);
/* Whether it ended by itself within timeout_ms; then the sentence says how. */
bool openocd_process_ended(struct openocd_process *process, int timeout_ms,
			   struct err *ret_sentence);
/* Waits grace_ms for it to end, then sees to it. Accepts a zeroed one. */
void openocd_process_end(struct openocd_process *process, int grace_ms);
/* The end of its log in one line: errors, if there are any. "" without a log. */
void openocd_process_log(const struct openocd_process *process, char *ret_text, size_t size);

#endif
