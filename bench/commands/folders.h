/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where joulebench finds what belongs to it: beside its own program.
 */
#ifndef BENCH_COMMANDS_FOLDERS_H
#define BENCH_COMMANDS_FOLDERS_H

#include <stddef.h>

#define FOLDERS_FIRMWARE    "../firmware"      /* build/bin/joulebench, build/firmware */
#define FOLDERS_PARTS       "../../rigs/parts" /* build/bin/joulebench, rigs/parts */
#define FOLDERS_VIRTUAL_RIG "virtual-rig"

/* Path of what lies at relative from the folder of the running program. */
void folders_beside(const char *relative, char *ret_path, size_t size);

#endif
