/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/content.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace/identity.h"

enum { PIECE = 65536, LINE_BYTES = 1024 };

static void digest_hex(struct sha256_ctx *context, char ret_hex[TRACE_HASH_SIZE])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(context, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

static void add_text(struct sha256_ctx *context, const char *text)
{
	sha256_update(context, strlen(text), (const uint8_t *)text);
}

static void add_identity(struct sha256_ctx *context, const struct trace_identity *identity)
{
	char line[LINE_BYTES];

	for (const struct identity_field *field = identity_fields; field->name; field++) {
		if (identity_is_absent(identity, field))
			continue;
		if (field->kind == IDENTITY_TEXT)
			snprintf(line, sizeof(line), "@%s=%s\n", field->name,
				 identity_text(identity, field));
		else if (field->kind == IDENTITY_INTEGER)
			snprintf(line, sizeof(line), "@%s=%lld\n", field->name,
				 (long long)identity_integer(identity, field));
		else
			snprintf(line, sizeof(line), "@%s=%a\n", field->name,
				 identity_real(identity, field));
		add_text(context, line);
	}
}

static int hash_stream(struct hdf_file *file, const struct stream *stream, uint64_t count,
		       uint8_t *buffer, char ret_hex[TRACE_HASH_SIZE], struct err *err)
{
	struct sha256_ctx context;

	sha256_init(&context);
	for (uint64_t first = 0; first < count; first += PIECE) {
		size_t piece = count - first < PIECE ? (size_t)(count - first) : PIECE;
		int ret = stream_read(file, stream, first, piece, buffer, err);

		if (ret)
			return ret;
		sha256_update(&context, piece * stream->kind->bytes, buffer);
	}
	digest_hex(&context, ret_hex);
	return 0;
}

int content_hash(struct hdf_file *file, const struct trace_identity *identity,
		 const struct stream *streams, const uint64_t *counts,
		 char ret_sha256[TRACE_HASH_SIZE], struct err *err)
{
	struct sha256_ctx context;
	uint8_t *buffer = malloc(PIECE * sizeof(struct trace_envelope_point));
	int ret = 0;

	if (!buffer)
		return err_set(err, -ENOMEM, "%s: out of memory", file->path);
	sha256_init(&context);
	add_text(&context, "joulebench trace 1\n");
	add_identity(&context, identity);
	for (unsigned which = 1; !ret && which < TRACE_STREAMS; which++) {
		char hex[TRACE_HASH_SIZE], line[LINE_BYTES];

		if (!streams[which].kind || !stream_kinds[which].content)
			continue;
		ret = hash_stream(file, &streams[which], counts[which], buffer, hex, err);
		if (ret)
			break;
		snprintf(line, sizeof(line), "%s %llu %s\n", stream_kinds[which].path,
			 (unsigned long long)counts[which], hex);
		add_text(&context, line);
	}
	free(buffer);
	if (!ret)
		digest_hex(&context, ret_sha256);
	return ret;
}
