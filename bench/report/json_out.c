/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/report/json_out.h"

#include <errno.h>
#include <stdio.h>

int json_out_print(const char *schema, json_t *object, struct err *err)
{
	json_t *whole = json_pack("{s:s}", "schema", schema);
	int ret = 0;

	if (!whole || !object || json_object_update(whole, object))
		ret = err_set(err, -ENOMEM, "out of memory, or a number that JSON cannot hold");
	else if (json_dumpf(whole, stdout, JSON_INDENT(2)) || fputc('\n', stdout) == EOF ||
		 fflush(stdout))
		ret = err_set(err, -EIO, "cannot write to standard output");
	json_decref(whole);
	json_decref(object);
	return ret;
}
