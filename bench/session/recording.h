/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The recording of a session: a folder with one tape per link (drivers/link/record.h), named after
 * its board or meter, NAME.link, manifest.json, which says with what it was recorded, and what each
 * meter's samples were corrected with, METER.calibrations: one line of JSON each time its board was
 * opened. Where the rig has a chamber or a sensor there is also what each board heard of it,
 * BOARD.ambient (ambient_tape.h); the links of chamber and sensor themselves are on no tape. The
 * same rig, plan, models and firmware replay it into the same rows.
 *
 * manifest.json: "schema" (joulebench.recording/1), "version" of joulebench, "begun_utc", "host",
 * "rig" and "plan" as resolved, "models" (name, sha256), "firmwares" (board, build, crc32).
 */
#ifndef BENCH_SESSION_RECORDING_H
#define BENCH_SESSION_RECORDING_H

#include "bench/session/ambient_tape.h"
#include "bench/session/calibration.h"
#include "bench/session/points.h"
#include "drivers/link/record.h"

struct recording;

/* What one board's worker has: all from its thread. NULL: no tape. */
struct recording_tapes {
	struct link_tape *board, *meter;
	struct ambient_tape *ambient; /* also NULL when the rig has neither chamber nor sensor */
};

/* Makes the folder, if it is not there, and the files, none of which may be there. -EINVAL: two
 * links would have the same file. */
int recording_begin(const char *folder, const struct session_work *work,
		    struct recording **ret_recording, struct err *err);
/* The same in a folder of this session's own inside that one: DATE-TIME-PID. */
int recording_begin_inside(const char *folder, const struct session_work *work,
			   struct recording **ret_recording, struct err *err);
/* -EINVAL: it was recorded with something else (the sentence says what differs). */
int recording_replay(const char *folder, const struct session_work *work,
		     struct recording **ret_recording, struct err *err);
/* -EIO and the like: what was recorded is not complete. Accepts NULL. */
int recording_close(struct recording *recording, struct err *err);

bool recording_is_replay(const struct recording *recording); /* NULL: false */
/* One line that says what is recorded, or replayed, where. Owned by the recording. */
const char *recording_text(const struct recording *recording);
struct recording_tapes recording_tapes(const struct recording *recording, unsigned board);

/* What a board's meter is corrected with: written down while recording, and given back in a replay
 * instead of what its database says. Without a recording, or behind the end of what was recorded
 * (the replay is about to be over), *calibration stays. -EIO, -EINVAL: the file. */
int recording_calibration(const struct recording *recording, unsigned board,
			  struct calibration *calibration, struct err *err);

/* After the workers of a replay: 0 when all of the recording was used and nothing else was asked
 * for. -EPROTO: it differs, -EBADMSG: it is damaged; the sentence is the first that happened to the
 * first board. *ret_cut, "" else: the recorded session was killed, and this is how far it came. */
int recording_judge(const struct recording *recording, struct err *ret_cut, struct err *err);

#endif
