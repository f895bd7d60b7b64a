/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A made-up result of the MLCommons runner: writing it somewhere, spoiling a file of it, loading
 * it.
 */
#ifndef TESTS_UNIT_BENCH_TINY_SESSION_LOAD_H
#define TESTS_UNIT_BENCH_TINY_SESSION_LOAD_H

#include "bench/import/mlperf_tiny.h"
#include "tests/scratch.h"
#include "tests/unit/bench/tiny_session.h"

static const char *scratch;
static struct session session;
static struct tiny_result result;
static unsigned folders;

static inline const char *new_folder(void)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/r%u", scratch, folders++);
	return path;
}

static inline void load(const char *folder)
{
	struct err err = {""};

	assert_int_equal(tiny_result_load(folder, NULL, &result, &err), 0);
}

static inline void assert_reason(const char *name, enum import_reason reason)
{
	const struct tiny_finding *finding = tiny_result_reason(&result);
	enum import_reason found = finding ? finding->reason : 0;

	if (found == reason)
		return;
	for (unsigned i = 0; i < result.finding_count; i++)
		print_message("  %s: %s\n", import_reason_code(result.findings[i].reason),
			      result.findings[i].text);
	fail_msg("%s: reason is '%s', not '%s'", name, import_reason_code(found),
		 import_reason_code(reason));
}

static inline char *read_text(const char *path, size_t *ret_size)
{
	FILE *stream = fopen(path, "rb");
	char *text = malloc(4 << 20);

	assert_non_null(stream);
	*ret_size = fread(text, 1, (4 << 20) - 1, stream);
	text[*ret_size] = 0;
	fclose(stream);
	return text;
}

/* Writes the file of base into folder, with `to` for the first `from` behind the first `behind`. */
static inline void rewrite(const char *base, const char *folder, const char *name,
			   const char *behind, const char *from, const char *to)
{
	char path[800], *text, *at;
	size_t size;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	text = read_text(path, &size);
	at = strstr(text, behind);
	at = at ? strstr(at, from) : NULL;
	if (!at)
		fail_msg("%s has no '%s' behind '%s'", name, from, behind);
	stream = session_open(folder, name);
	fwrite(text, 1, (size_t)(at - text), stream);
	fputs(to, stream);
	fputs(at + strlen(from), stream);
	fclose(stream);
	free(text);
}

#endif
