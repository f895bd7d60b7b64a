/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/export.h"

#include <errno.h>
#include <string.h>

const struct trace_format trace_formats[] = {
	{"csv", true, export_csv},
	{"jls", false, export_jls},
	{"sr", false, export_sr},
	{"vcd", true, export_vcd},
	{NULL},
};

int export_check(const struct trace_reader *reader, FILE *stream, struct err *err)
{
	errno = 0;
	if (!fflush(stream) && !ferror(stream))
		return 0;
	return err_set(err, -EIO, "%s: cannot write the export: %s", trace_reader_path(reader),
		       strerror(errno ? errno : EIO));
}
