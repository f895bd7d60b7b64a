/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes JLS files, version 2 (Jetperch's waveform format: Joulescope UI, pyjls). Layout after
 * jetperch/jls, include/jls/format.h, and what its writer produces. All little endian; chunks start
 * at multiples of 8, carry CRC-32C of header and payload, and are linked in lists.
 *
 *   list        of chunks with the same purpose: each knows its neighbours
 *   signal      samples at a fixed rate: DATA chunks, and above them levels of INDEX (where the
 *               chunks below are) and SUMMARY (mean, standard deviation, least, largest)
 *   track       events of a signal: annotations, or pairs of sample and time; levels likewise
 *
 * Functions return no errors: what fails shows in ferror(stream) and in jls_end.
 */
#ifndef BENCH_TRACE_JLS_H
#define BENCH_TRACE_JLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	JLS_LEVELS = 16,
	JLS_DATA_BYTES = 32768,     /* of samples in a DATA chunk, of either kind */
	JLS_INDEX_MAX = 20,         /* chunks below one INDEX */
	JLS_ENTRIES_MAX = 1280,     /* of a SUMMARY */
	JLS_EVENTS = 100,           /* events below one INDEX */
	JLS_TEXT_MAX = 300,         /* of an annotation */
	JLS_UTC_EPOCH = 1514764800, /* 2018-01-01 in Unix time */
};

/* Header of a chunk as it is in the file. */
struct jls_chunk {
	uint64_t item_next, item_prev; /* offsets; 0: none */
	uint8_t tag, reserved;
	uint16_t meta;
	uint32_t payload_length, payload_prev_length, crc;
};

struct jls_list {
	uint64_t last; /* offset; 0: empty */
	struct jls_chunk chunk;
};

struct jls_file {
	FILE *stream;
	bool failed;
	uint64_t end;
	uint32_t payload_length; /* of the last chunk */
	uint32_t crc[8][256];
	struct jls_list user_data, sources, signals;
};

/* stream: at its start, seekable. */
void jls_begin(struct jls_file *file, FILE *stream);
/* JSON about the whole file. */
void jls_put_json(struct jls_file *file, const char *text);
void jls_put_source(struct jls_file *file, unsigned id, const char *name, const char *vendor,
		    const char *model, const char *version, const char *serial);
/* 0, or -EIO. */
int jls_end(struct jls_file *file);

enum jls_track_type { JLS_FSR = 0, JLS_VSR, JLS_ANNOTATION, JLS_UTC };
enum jls_part { JLS_DEF = 0, JLS_HEAD, JLS_DATA, JLS_INDEX, JLS_SUMMARY };
enum jls_annotation { JLS_TEXT = 1, JLS_MARKER = 2 };

struct jls_entry {
	double count;                   /* samples that are numbers */
	double mean, squares, min, max; /* squares: of the distances from the mean, summed */
};

struct jls_level {
	struct jls_list index_list, summary_list;
	uint64_t offsets[JLS_INDEX_MAX];
	struct jls_entry entries[JLS_ENTRIES_MAX];
	unsigned offset_count, entry_count;
	int64_t first; /* sample */
};

struct jls_event {
	int64_t sample;
	uint64_t offset;
	uint8_t summary[8]; /* behind the sample in a SUMMARY */
};

struct jls_track_level {
	struct jls_list index_list, summary_list;
	struct jls_event events[JLS_EVENTS];
	unsigned count;
};

struct jls_track {
	enum jls_track_type type;
	struct jls_list data_list;
	struct jls_track_level levels[JLS_LEVELS];
	uint64_t head[JLS_LEVELS], head_offset;
};

/* Of samples, and how they are cut up. */
struct jls_kind {
	uint32_t data_type;
	unsigned bits, samples_per_data;
	unsigned decimate;    /* samples behind an entry of level 1; divides samples_per_data */
	unsigned entries;     /* of a full SUMMARY: of whole DATA chunks, a multiple of the next */
	unsigned decimate_up; /* entries behind one of the next level */
	struct jls_entry (*summarise)(const uint8_t *data, unsigned count);
};
extern const struct jls_kind jls_f32, jls_u1;

struct jls_signal { /* large: on the heap */
	struct jls_file *file;
	const struct jls_kind *kind;
	unsigned id;
	uint8_t data[16 + JLS_DATA_BYTES]; /* the payload that grows */
	unsigned data_count;               /* samples */
	int64_t next;                      /* sample */
	struct jls_list data_list;
	struct jls_level levels[JLS_LEVELS];
	uint64_t head[JLS_LEVELS], head_offset;
	struct jls_track annotations, times;
};

/* Defines the signal; its samples begin at 0. *signal must be zeroed. */
void jls_signal_begin(struct jls_signal *signal, struct jls_file *file, unsigned id,
		      unsigned source, const struct jls_kind *kind, uint32_t rate_hz,
		      const char *name, const char *unit);
void jls_signal_put_f32(struct jls_signal *signal, const float *values, size_t count);
/* Bit `bit` of each byte. */
void jls_signal_put_bits(struct jls_signal *signal, const uint8_t *bytes, unsigned bit,
			 size_t count);
/* Samples without a number (f32), or all of one level (u1). */
void jls_signal_fill(struct jls_signal *signal, bool level, uint64_t count);
/* In order of the sample. */
void jls_signal_annotate(struct jls_signal *signal, int64_t sample, enum jls_annotation type,
			 const char *text);
void jls_signal_time(struct jls_signal *signal, int64_t sample, int64_t t_utc_ns);
void jls_signal_end(struct jls_signal *signal);

/* ---- For the parts of the writer ---- */

/* Appends a chunk to the file and to the list; returns its offset. */
uint64_t jls_put(struct jls_file *file, struct jls_list *list, unsigned tag, unsigned meta,
		 const void *payload, uint32_t size);
/* Writes the payload of a chunk again, of the same size. */
void jls_put_again(struct jls_file *file, uint64_t offset, const void *payload, uint32_t size);
void jls_put_track(struct jls_file *file, unsigned id, enum jls_track_type type,
		   uint64_t *ret_head_offset);
void jls_put_signal(struct jls_file *file, unsigned id, unsigned source, unsigned type,
		    const uint32_t numbers[8], const char *name, const char *unit);

static inline unsigned jls_tag(enum jls_track_type type, enum jls_part part)
{
	return 0x20u | (unsigned)type << 3 | (unsigned)part;
}

/* The 16 bytes that payloads of tracks begin with. */
void jls_payload_head(uint8_t *payload, int64_t first, unsigned count, unsigned entry_bits);

void jls_track_annotate(struct jls_file *file, struct jls_track *track, unsigned id, int64_t sample,
			enum jls_annotation type, const char *text);
void jls_track_time(struct jls_file *file, struct jls_track *track, unsigned id, int64_t sample,
		    int64_t t_utc_ns);
void jls_track_end(struct jls_file *file, struct jls_track *track, unsigned id);

#endif
