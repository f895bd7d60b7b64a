/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sigrok session file, version 2 (libsigrok, session_file.c and output/srzip.c): a ZIP archive with
 * "version", "metadata", "logic-1-N" and "analog-1-CHANNEL-N". Chunks of 4 MiB, as its own writer
 * makes them.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace/export.h"
#include "bench/trace/walk.h"
#include "bench/trace/zip.h"

enum { CHUNK = 1 << 20 }; /* samples: 4 MiB of float */

struct session {
	struct zip zip;
	float *current_a, *voltage_v; /* voltage_v: NULL without */
	uint8_t *lines;
	size_t count;    /* samples in the buffers */
	unsigned chunks; /* written */
	uint8_t last;    /* lines of the last sample */
};

static int add_metadata(struct session *session, double rate_hz, struct err *err)
{
	char text[512];
	int ret = zip_add(&session->zip, "version", "2", 1, err);

	snprintf(text, sizeof(text),
		 "[global]\nsigrok version=0.5.2\n\n[device 1]\ncapturefile=logic-1\n"
		 "total probes=%d\nsamplerate=%.0f Hz\ntotal analog=%d\n"
		 "probe1=window\nprobe2=inference\nprobe3=layer\nanalog4=I[A]\n%sunitsize=1\n",
		 TRACE_LINES, rate_hz, session->voltage_v ? 2 : 1,
		 session->voltage_v ? "analog5=V[V]\n" : "");
	return ret ? ret : zip_add(&session->zip, "metadata", text, strlen(text), err);
}

static int add_chunk(struct session *session, struct err *err)
{
	struct zip *zip = &session->zip;
	char name[40];
	int ret;

	if (!session->count)
		return 0;
	session->chunks++;
	snprintf(name, sizeof(name), "logic-1-%u", session->chunks);
	ret = zip_add(zip, name, session->lines, session->count, err);
	snprintf(name, sizeof(name), "analog-1-%d-%u", TRACE_LINES + 1, session->chunks);
	if (!ret)
		ret = zip_add(zip, name, session->current_a, 4 * session->count, err);
	snprintf(name, sizeof(name), "analog-1-%d-%u", TRACE_LINES + 2, session->chunks);
	if (!ret && session->voltage_v)
		ret = zip_add(zip, name, session->voltage_v, 4 * session->count, err);
	session->count = 0;
	return ret;
}

static int add_lost(struct session *session, uint64_t lost, struct err *err)
{
	for (; lost; lost--) {
		if (session->count == CHUNK) {
			int ret = add_chunk(session, err);

			if (ret)
				return ret;
		}
		session->current_a[session->count] = NAN;
		if (session->voltage_v)
			session->voltage_v[session->count] = NAN;
		session->lines[session->count++] = session->last;
	}
	return 0;
}

static int add_samples(struct session *session, const struct walk *walk, struct err *err)
{
	for (size_t first = 0; first < walk->count;) {
		size_t room = CHUNK - session->count, left = walk->count - first;
		size_t count = left < room ? left : room;

		memcpy(session->current_a + session->count, walk->current_a + first, 4 * count);
		if (session->voltage_v)
			memcpy(session->voltage_v + session->count, walk->voltage_v + first,
			       4 * count);
		memcpy(session->lines + session->count, walk->lines + first, count);
		session->count += count;
		first += count;
		session->last = walk->lines[first - 1];
		if (session->count == CHUNK) {
			int ret = add_chunk(session, err);

			if (ret)
				return ret;
		}
	}
	return 0;
}

static int write_session(struct session *session, struct walk *walk, double rate_hz,
			 struct err *err)
{
	int ret = add_metadata(session, rate_hz, err);

	while (!ret) {
		ret = walk_next(walk, err);
		if (ret || !walk->count)
			break;
		ret = add_lost(session, walk->lost_before, err);
		if (!ret)
			ret = add_samples(session, walk, err);
		if (ferror(session->zip.stream))
			break;
	}
	if (!ret)
		ret = add_chunk(session, err);
	return ret ? ret : zip_end(&session->zip, err);
}

int export_sr(struct trace_reader *reader, FILE *stream, struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);
	struct session session = {0};
	struct walk walk;
	int ret = walk_begin(reader, &walk, err);

	zip_begin(&session.zip, stream);
	session.current_a = malloc(4 * CHUNK);
	session.voltage_v = info->has_voltage ? malloc(4 * CHUNK) : NULL;
	session.lines = malloc(CHUNK);
	if (!ret &&
	    (!session.current_a || !session.lines || (info->has_voltage && !session.voltage_v)))
		ret = err_set(err, -ENOMEM, "out of memory");
	if (!ret && info->samples_lost > UINT32_MAX)
		ret = err_set(err, -EFBIG, "%llu lost samples to fill in",
			      (unsigned long long)info->samples_lost);
	if (!ret)
		ret = write_session(&session, &walk, info->identity.rate_hz, err);
	if (ret == -EFBIG)
		err_context(err, ret, "%s", trace_reader_path(reader));
	free(session.current_a);
	free(session.voltage_v);
	free(session.lines);
	zip_done(&session.zip);
	walk_done(&walk);
	return ret ? ret : export_check(reader, stream, err);
}
