/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/export.h"
#include "bench/trace/walk.h"

static void write_rows(const struct walk *walk, double rate_hz, FILE *stream)
{
	for (size_t i = 0; i < walk->count; i++) {
		fprintf(stream, "%.9f,%.9g", (double)(walk->position + i) / rate_hz,
			(double)walk->current_a[i]);
		if (walk->voltage_v)
			fprintf(stream, ",%.9g", (double)walk->voltage_v[i]);
		fprintf(stream, ",%d,%d,%d,%llu\n", walk->lines[i] & 1, walk->lines[i] >> 1 & 1,
			walk->lines[i] >> 2 & 1, i ? 0ull : (unsigned long long)walk->lost_before);
	}
}

int export_csv(struct trace_reader *reader, FILE *stream, struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);
	struct walk walk;
	int ret = walk_begin(reader, &walk, err);

	if (!ret)
		fprintf(stream, "time_s,current_a,%swindow,inference,layer,lost_before\n",
			info->has_voltage ? "voltage_v," : "");
	while (!ret) {
		ret = walk_next(&walk, err);
		if (ret || !walk.count)
			break;
		write_rows(&walk, info->identity.rate_hz, stream);
		if (ferror(stream))
			break;
	}
	walk_done(&walk);
	return ret ? ret : export_check(reader, stream, err);
}
