/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board's USB port while the loader in its ROM runs: the DFU device of rigs/virtual/chips/dfuse.h
 * over the chip's flash, on a USB/IP outlet of its own. The device is on the bus from a reset with
 * BOOT0 active until the next reset, or until its host starts the program.
 *
 * assumed: it is on the bus at once; the loader's UART goes on listening beside it.
 */
#ifndef RIGS_VIRTUAL_SERVER_PAIR_LOADER_H
#define RIGS_VIRTUAL_SERVER_PAIR_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/verr.h"

struct pair;
struct pair_loader;

/* Parts with a USB loader and pages of one size. */
bool pair_loader_has_part(const char *part);

int pair_loader_open(struct pair *pair, const char *listen, struct pair_loader **ret_loader,
		     struct verr *err);
void pair_loader_close(struct pair_loader *loader); /* accepts NULL, as all below */

struct outlet *pair_loader_outlet(const struct pair_loader *loader);
/* The chip starts anew, or stops. */
void pair_loader_restart(struct pair_loader *loader, bool into_loader);
/* Until now_ps; starts the chip's program when the host has asked for it. */
void pair_loader_follow(struct pair_loader *loader, int64_t now_ps);
/* Whether it erases or programs. */
bool pair_loader_works(const struct pair_loader *loader);

#endif
