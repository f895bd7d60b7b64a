/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Value change dump of the marker lines (IEEE Std 1364-2005, section 18).
 */
#include <inttypes.h>
#include <math.h>

#include "bench/trace/export.h"
#include "bench/trace/walk.h"

enum { NONE = 256 }; /* no value of the lines */

static const char *const names[TRACE_LINES] = {"window", "inference", "layer"};

static void write_header(FILE *stream)
{
	fputs("$version joulebench $end\n$timescale 1 ns $end\n$scope module markers $end\n",
	      stream);
	for (unsigned line = 0; line < TRACE_LINES; line++)
		fprintf(stream, "$var wire 1 %c %s $end\n", (char)('!' + line), names[line]);
	fputs("$upscope $end\n$enddefinitions $end\n", stream);
}

static void write_time(uint64_t position, double rate_hz, FILE *stream)
{
	fprintf(stream, "#%.0f\n", round((double)position * 1e9 / rate_hz));
}

static void write_unknown(uint64_t position, double rate_hz, FILE *stream)
{
	write_time(position, rate_hz, stream);
	for (unsigned line = 0; line < TRACE_LINES; line++)
		fprintf(stream, "x%c\n", (char)('!' + line));
}

static unsigned write_changes(const struct walk *walk, unsigned last, double rate_hz, FILE *stream)
{
	for (size_t i = 0; i < walk->count; i++) {
		unsigned lines = walk->lines[i], changed = last == NONE ? ~0u : lines ^ last;

		if (lines == last)
			continue;
		write_time(walk->position + i, rate_hz, stream);
		for (unsigned line = 0; line < TRACE_LINES; line++)
			if (changed >> line & 1)
				fprintf(stream, "%u%c\n", lines >> line & 1, (char)('!' + line));
		last = lines;
	}
	return last;
}

int export_vcd(struct trace_reader *reader, FILE *stream, struct err *err)
{
	double rate_hz = trace_reader_info(reader)->identity.rate_hz;
	unsigned last = NONE;
	struct walk walk;
	int ret = walk_begin(reader, &walk, err);

	if (!ret)
		write_header(stream);
	while (!ret) {
		ret = walk_next(&walk, err);
		if (ret || !walk.count)
			break;
		if (walk.lost_before) {
			write_unknown(walk.position - walk.lost_before, rate_hz, stream);
			last = NONE;
		}
		last = write_changes(&walk, last, rate_hz, stream);
		if (ferror(stream))
			break;
	}
	if (!ret)
		write_time(walk.position, rate_hz, stream);
	walk_done(&walk);
	return ret ? ret : export_check(reader, stream, err);
}
