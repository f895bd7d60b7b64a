/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the test programs of the guest share: they run in the guest alone, with a virtual rig beside
 * them. Everything fails the running test where it fails.
 */
#ifndef TESTS_KERNEL_RIG_H
#define TESTS_KERNEL_RIG_H

#include <stdbool.h>
#include <sys/types.h>

#include "tests/kernel/vhci.h"

#define RIG_FOLDER "/run/rig" /* for the rig's sockets */
/* A file for `load:` of a board: a resistor in its place, whose current is known. */
#define RIG_LOAD     RIG_FOLDER "/load"
#define RIG_LOAD_OHM "1000"

/* Ends the program with 77 and a reason outside of the guest; returns true. */
bool guest_require(void);

/* Starts build/bin/virtual-rig with this rig file; returns when it is ready. */
pid_t rig_start(const char *yaml);
void rig_stop(pid_t rig);
/* The rig dies at once: its devices are gone from the bus. */
void rig_kill(pid_t rig);

/* Plugs in NAME, whose socket is RIG_FOLDER/NAME. */
struct vhci_device rig_plug(const char *name);
void rig_unplug(const struct vhci_device *device);
/* The serial port that the kernel made of it. */
void rig_tty(const struct vhci_device *device, char *ret_path, size_t size);
/* A teardown: what a test that failed has left plugged in. */
int rig_unplug_all(void **state);

/* Milliseconds of CLOCK_MONOTONIC. */
double now_ms(void);
/* Waits for a file or folder; false after 5 s. */
bool wait_for(const char *path);

#endif
