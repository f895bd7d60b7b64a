/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
	if (err) {
		va_list args;

		va_start(args, format);
		vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	}
	return code;
}

int err_context(struct err *err, int code, const char *format, ...)
{
	if (err) {
		char old[sizeof(err->text)];
		va_list args;
		size_t used;

		memcpy(old, err->text, sizeof(old));
		va_start(args, format);
		vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
		used = strlen(err->text);
		snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
	}
	return code;
}
