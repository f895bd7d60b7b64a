/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "bench/trace/trace.h"

static const struct {
	const char *name;
	enum trace_retention retention;
} names[] = {
	{"all", TRACE_RETAIN_ALL},
	{"refused and outliers", TRACE_RETAIN_SUSPECT},
	{"none", TRACE_RETAIN_NONE},
};

int trace_retention_parse(const char *text, enum trace_retention *ret_retention, struct err *err)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, text)) {
			*ret_retention = names[i].retention;
			return 0;
		}
	return err_set(err, -EINVAL, "'%s' is none of all, refused and outliers, none", text);
}

enum trace_keep trace_retention_decide(enum trace_retention retention, const char *verdict,
				       bool outlier)
{
	bool suspect = outlier || strcmp(verdict, "accepted");

	return retention == TRACE_RETAIN_ALL || (retention == TRACE_RETAIN_SUSPECT && suspect)
		       ? TRACE_KEEP_SAMPLES
		       : TRACE_KEEP_ENVELOPE;
}
