/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Trace files: one HDF5 file per measurement, with what a meter sent and what is known about it.
 *
 * A capture is written as "capture-RANDOM.part" and flushed often, so that other programs can read
 * along (HDF5's single writer, multiple readers) and a killed process loses only what came after
 * the last flush. Finished, it is renamed to SHA256.h5 after its content: samples, records and
 * identity, not the file's bytes, so that compressing a file leaves its name as it is. "*.new"
 * files are not complete and hold nothing that is not elsewhere.
 *
 * Layout 1. Reads as it is with h5py, MATLAB (h5read), h5dump. Little endian.
 *   attributes of "/"        "format" = "joulebench trace", "layout" = 1, and struct
 * trace_identity: the unit ends each name /samples/current         float32, attribute "unit" = "A":
 * a sample is the mean over its interval /samples/voltage         float32, "V"; only if the meter
 * measures it /samples/markers         uint8, bit n: marker line n (0 window, 1 inference, 2 layer)
 *   /gaps                    records: lost samples are not in the arrays
 *   /corrections             records: what the driver corrected, or could not
 *   /saturated               records: ranges of samples at the instrument's limit
 *   /blocks                  records: when the host received what
 *   /envelope                records: least, mean and largest current of at most 4096 stretches
 *   /result                  one record once the capture has ended: state, verdict, content
 *   /flushes                 records: how long everything was at each flush; the last one that all
 *                            others reach is where a killed capture ends. Means nothing afterwards.
 * /samples is absent in files of which only the envelope was kept. A later layout gets a higher
 * number; files of a layout that is not known are refused.
 *
 * Threads: one at a time per object; different objects in different threads need an HDF5 library
 * that was built thread-safe (Debian's is), others are refused.
 */
#ifndef BENCH_TRACE_TRACE_H
#define BENCH_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum {
	TRACE_LAYOUT = 1,
	TRACE_LINES = 3, /* marker lines */
	TRACE_ENVELOPE_MAX = 4096,
	TRACE_HASH_SIZE = 65, /* hex and NUL */
	TRACE_PATH_MAX = 4096,
};

/* What was measured with what: root attributes of the same names. Texts may be empty, reals NaN. */
struct trace_identity {
	char created_utc[32]; /* ISO 8601 */
	char rig[64], plan[64], point_key[192], board[64], board_uid[32], chip[16];
	char model[64], model_sha256[72], build[16], runtime[48], firmware_crc32[12];
	char meter[64], meter_model[16], meter_serial[32];
	char meter_calibration[768]; /* what the samples were converted with, one line of JSON */
	/* Where the marker lines come from when the meter did not sample them: they are then put
	 * together from edges, at sample resolution; windows were cut more finely. "": the meter. */
	char marker_source[192];
	int64_t is_virtual;          /* 1: nothing here was measured */
	int64_t session_id, attempt, repeat_index, clock_hz;
	double rate_hz;     /* nominal, of the meter's clock */
	double range_max_a; /* a sample at or above counts as saturated */
	double gain_u_rel, offset_u_a;
	double supply_v, supply_u_v;
	double ambient_c;
};

/* Zeros, empty texts, and NaN for every real. */
void trace_identity_init(struct trace_identity *identity);

/* Records, as in the file. Positions are indices into the arrays of samples. */
struct trace_gap {
	uint64_t sample; /* first one after the loss */
	uint64_t lost;   /* samples lost there */
};

enum trace_correction_kind {
	TRACE_CORRECTION_INDEX = 1,    /* the sample index was corrected by `samples` */
	TRACE_CORRECTION_RESYNC = 2,   /* framing was lost and found again before this sample */
	TRACE_CORRECTION_MISMATCH = 3, /* by the host's clock samples are missing up to here */
	TRACE_CORRECTION_RANGE = 4,    /* the meter's range did not fit up to here */
};

struct trace_correction {
	uint64_t sample;
	int64_t samples; /* 0: not known, or does not apply */
	uint64_t kind;   /* enum trace_correction_kind */
};

struct trace_saturated {
	uint64_t sample, count;
};

struct trace_block_time {
	uint64_t sample;      /* first one of the block */
	uint64_t meter_index; /* the same in the meter's own count, lost samples included */
	int64_t t_mono_ns;    /* host clock when the block's last byte was received */
	int64_t t_utc_ns;     /* the same, since 1970; may jump */
};

struct trace_envelope_point {
	uint64_t sample, count;
	double min_a, mean_a,
		max_a; /* samples that are no number left out; NaN: there were only such */
};

struct trace_result {
	char state[16];   /* "complete" | "repaired": the end is missing */
	char verdict[16]; /* "accepted" | "refused" | "failed" | "" when nobody judged */
	char reason[256];
	char content_sha256[TRACE_HASH_SIZE + 7];
};

/* What a file holds, in the order of its layout. */
enum trace_stream {
	TRACE_CURRENT = 1, /* float */
	TRACE_VOLTAGE,     /* float */
	TRACE_MARKERS,     /* uint8_t */
	TRACE_GAPS,        /* struct trace_gap */
	TRACE_CORRECTIONS, /* struct trace_correction */
	TRACE_SATURATED,   /* struct trace_saturated */
	TRACE_BLOCKS,      /* struct trace_block_time */
	TRACE_ENVELOPE,    /* struct trace_envelope_point */
	TRACE_RESULT,      /* struct trace_result */
	TRACE_FLUSHES,     /* for readers only */
	TRACE_STREAMS,     /* how many, and one */
};

/* ---- Writing ---- */

struct trace_block {
	const float *current_a;
	const float *voltage_v; /* NULL for a meter that measures none; the same in every block */
	const uint8_t *logic;   /* bit n: the meter's logic input n */
	uint32_t count;         /* from 1 */
	uint64_t lost;          /* samples lost before this block */
	uint64_t meter_index;
	int64_t t_mono_ns, t_utc_ns;
	bool saturated; /* at least one sample is: the whole block counts as such */
};

struct trace_options {
	const char *folder; /* exists */
	const struct trace_identity *identity;
	bool voltage;
	unsigned marker_input[TRACE_LINES]; /* logic input of each line, 0 to 7 */
	/* A flush is due when either has passed since the last one; 0: 200 ms, 256 blocks. Time is
	 * that of the blocks: call trace_writer_flush when none come. */
	unsigned flush_ms, flush_blocks;
};

struct trace_writer;

/* -ENOSPC, -EFBIG, -EIO, ...: the folder cannot take it. */
int trace_writer_open(const struct trace_options *options, struct trace_writer **ret_writer,
		      struct err *err);

/* Copies the block and flushes when that is due. After an error (-ENOSPC: disk full, -EFBIG: file
 * size limit, -EIO) the writer takes nothing more and every later call gives the same error; what
 * was flushed stays in the file, for trace_repair. The sentence is meant to be a window's reason.
 */
int trace_writer_append(struct trace_writer *writer, const struct trace_block *block,
			struct err *err);
/* At the sample that comes next. */
int trace_writer_correct(struct trace_writer *writer, enum trace_correction_kind kind,
			 int64_t samples, struct err *err);
int trace_writer_flush(struct trace_writer *writer, struct err *err);
uint64_t trace_writer_flushed(const struct trace_writer *writer); /* samples that a kill leaves */
const char *trace_writer_path(const struct trace_writer *writer);

enum trace_keep { TRACE_KEEP_SAMPLES = 1, TRACE_KEEP_ENVELOPE };

/* Ends the capture: writes envelope and result, makes all of it durable (fsync), names it. Frees
 * the writer also when it fails; the .part file is then left for trace_repair. The file is
 * FOLDER/SHA256.h5. verdict and reason may be "". */
int trace_writer_finish(struct trace_writer *writer, enum trace_keep keep, const char *verdict,
			const char *reason, char ret_sha256[TRACE_HASH_SIZE], struct err *err);
/* Frees the writer and removes its file: nobody wants this capture. Accepts NULL. */
void trace_writer_discard(struct trace_writer *writer);

/* ---- What is kept ---- */

enum trace_retention { TRACE_RETAIN_ALL = 1, TRACE_RETAIN_SUSPECT, TRACE_RETAIN_NONE };

/* "all" | "refused and outliers" | "none"; -EINVAL lists them. */
int trace_retention_parse(const char *text, enum trace_retention *ret_retention, struct err *err);
/* Whether samples or only the envelope stay. verdict as in struct trace_result; only "accepted" is
 * not suspect. */
enum trace_keep trace_retention_decide(enum trace_retention retention, const char *verdict,
				       bool outlier);

/* ---- Files ---- */

/* "DATABASE.traces": where the traces of a database are. -ENAMETOOLONG. */
int trace_folder_path(const char *database, char *ret_path, size_t size, struct err *err);
/* The same, and makes it when it is not there. */
int trace_folder_make(const char *database, char *ret_path, size_t size, struct err *err);
int trace_file_path(const char *folder, const char *sha256, char *ret_path, size_t size,
		    struct err *err);

struct trace_repair {
	char path[TRACE_PATH_MAX]; /* what the file is now */
	bool repaired;             /* false: it was in order */
	uint64_t samples;          /* kept: all that were flushed */
};

/* Makes an ordinary file of one whose writer died, by copying everything that was flushed; a .part
 * file becomes SHA256.h5, others keep their name. The old file is removed only when the new one is
 * durable. -EBUSY: its writer is alive. -EINVAL: no trace. -ENODATA: nothing was flushed. */
int trace_repair(const char *path, struct trace_repair *ret_repair, struct err *err);

struct trace_repair_summary {
	unsigned repaired, in_order, busy, failed;
	unsigned removed;       /* what died with its writer before a sample was flushed */
	struct err first_error; /* of those that failed; they are left as they are */
};
typedef void trace_repair_fn(void *context, const char *path, int ret,
			     const struct trace_repair *repair, const struct err *err);

/* For the next start: repairs every .part of a folder (every: also *.h5), and removes dead .new and
 * (unless every) .part files that hold no sample. each may be NULL. Negative only when the folder
 * itself cannot be read. */
int trace_repair_folder(const char *folder, bool every, trace_repair_fn *each, void *context,
			struct trace_repair_summary *ret_summary, struct err *err);

/* Rewrites a finished file compressed (shuffle, deflate) and checksummed (fletcher32), compares the
 * content, and puts it in the old one's place under the same name. Nothing to do: 0. */
int trace_archive(const char *path, struct err *err);

/* Leaves only the envelope of a finished file, under its new name; removes the old one. */
int trace_drop_samples(const char *path, char ret_sha256[TRACE_HASH_SIZE], struct err *err);

#endif
