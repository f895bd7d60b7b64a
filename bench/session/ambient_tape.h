/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one board hears of the ambient (ambient.h): from the ambient, and written down while a
 * session is recorded; or, in a replay, from what was written down, without any chamber or sensor,
 * and at once. Whoever asks need not know which of them it is.
 *
 * The file, BOARD.ambient of a recording (recording.h), has a line per call, in their order, each
 * handed to the system when the call returns: a CRC-32 (wire_crc32, hexadecimal) and the JSON of
 * which it is.
 *
 *   3add1423 {"call":"is_settled","code":0,"error":"","settled":false}
 *   81582bea {"call":"settle","code":-110,"error":"chamber: ..."}
 *   62e5a36e {"call":"window_begin","code":0,"error":"","before_c":43.02}
 *   c963e815 {"call":"window_end","code":0,"error":"","after_c":43.11,"left":true,"left_c":44.2}
 *   0607efe4 {"call":"end","code":0,"error":""}
 *
 * code: what the call returned, 0 or a negative errno; error: its sentence, a character U+0000 to
 * U+00FF per byte, as devices' answers in it may be anything. null: NAN; left_c is null unless the
 * band was left. "end": the session closed the file. Without that it was killed, and what follows
 * the last newline is not read.
 *
 * A replay is over at the first call that is not the next line's, at a line that makes no sense,
 * and at the end of a file that was cut: from then on every call is -ECANCELED, as on a link's tape
 * (drivers/link/record.h). Threads: that of its board only.
 */
#ifndef BENCH_SESSION_AMBIENT_TAPE_H
#define BENCH_SESSION_AMBIENT_TAPE_H

#include "bench/session/ambient.h"
#include "drivers/link/record.h"

struct ambient_tape;

/* Makes the file. -EEXIST: it is there. */
int ambient_tape_record(const char *path, struct ambient_tape **ret_tape, struct err *err);
int ambient_tape_replay(const char *path, struct ambient_tape **ret_tape, struct err *err);
/* Negative: the recording is not complete (disk full): it ended at the first failure, the session
 * went on. A replay returns 0. Frees the tape in any case; accepts NULL. */
int ambient_tape_close(struct ambient_tape *tape, struct err *err);

/* The calls of ambient.h, with their errors. tape NULL: the ambient alone. ambient: not used, and
 * may be NULL, in a replay. */
bool ambient_tape_is_settled(struct ambient_tape *tape, struct ambient *ambient);
int ambient_tape_settle(struct ambient_tape *tape, struct ambient *ambient, struct err *err);
int ambient_tape_window_begin(struct ambient_tape *tape, struct ambient *ambient,
			      struct ambient_window *ret_window, struct err *err);
int ambient_tape_window_end(struct ambient_tape *tape, struct ambient *ambient,
			    struct ambient_window *window, struct err *err);

/* Whether a replay is over; NULL: false. */
bool ambient_tape_is_over(const struct ambient_tape *tape);
/* As link_tape_outcome; the sentence names file and line. NULL: LINK_TAPE_WHOLE. */
enum link_tape_outcome ambient_tape_outcome(struct ambient_tape *tape, int64_t *ret_when_ns,
					    struct err *ret_sentence);

#endif
