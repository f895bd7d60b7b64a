/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual rig's own error sentence: it shares no code with the bench.
 */
#ifndef RIGS_VIRTUAL_VERR_H
#define RIGS_VIRTUAL_VERR_H

#include <stdarg.h>
#include <stdio.h>

struct verr {
	char text[512];
};

__attribute__((format(printf, 3, 4))) static inline int verr_set(struct verr *err, int code,
								const char *format, ...)
{
	if (err) {
		va_list args;

		va_start(args, format);
		vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	}
	return code;
}

#endif
