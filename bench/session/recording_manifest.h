/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manifest.json of a recording: see recording.h.
 */
#ifndef BENCH_SESSION_RECORDING_MANIFEST_H
#define BENCH_SESSION_RECORDING_MANIFEST_H

#include "bench/session/points.h"

int recording_manifest_write(const char *folder, const struct session_work *work, struct err *err);
/* Holds it against what would be replayed with. -EINVAL: it differs, or is no manifest; -ENOENT:
 * there is none. ret_about: when, where, and by what it was recorded. */
int recording_manifest_check(const char *folder, const struct session_work *work, char *ret_about,
			     size_t size, struct err *err);

#endif
