/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/zip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/wire/wire.h"

enum {
	LOCAL_SIGNATURE = 0x04034b50,
	CENTRAL_SIGNATURE = 0x02014b50,
	END_SIGNATURE = 0x06054b50,
	VERSION = 10,  /* 1.0: stored */
	DATE = 0x0021, /* 1980-01-01 */
	MEMBERS_MAX = 65535,
};

void zip_begin(struct zip *zip, FILE *stream)
{
	*zip = (struct zip){.stream = stream};
}

static void put(struct zip *zip, const void *bytes, size_t size)
{
	fwrite(bytes, 1, size, zip->stream);
	zip->offset += size;
}

static void put16(struct zip *zip, unsigned value)
{
	put(zip, (uint8_t[]){value & 0xff, value >> 8 & 0xff}, 2);
}

static void put32(struct zip *zip, uint32_t value)
{
	put16(zip, value & 0xffff);
	put16(zip, value >> 16);
}

/* What local and central headers share: version needed to length of the extra field. */
static void put_common(struct zip *zip, const struct zip_member *member)
{
	put16(zip, VERSION);
	put16(zip, 0); /* flags */
	put16(zip, 0); /* stored */
	put16(zip, 0); /* time */
	put16(zip, DATE);
	put32(zip, member->crc32);
	put32(zip, member->size);
	put32(zip, member->size);
	put16(zip, (unsigned)strlen(member->name));
	put16(zip, 0);
}

static int grow(struct zip *zip, struct err *err)
{
	size_t capacity = zip->capacity ? 2 * zip->capacity : 64;
	struct zip_member *members;

	if (zip->count < zip->capacity)
		return 0;
	members = realloc(zip->members, capacity * sizeof(*members));
	if (!members)
		return err_set(err, -ENOMEM, "out of memory");
	zip->members = members;
	zip->capacity = capacity;
	return 0;
}

int zip_add(struct zip *zip, const char *name, const void *bytes, size_t size, struct err *err)
{
	struct zip_member *member;
	int ret = grow(zip, err);

	if (ret)
		return ret;
	if (zip->offset + size + 1024 > UINT32_MAX || zip->count == MEMBERS_MAX)
		return err_set(err, -EFBIG,
			       "more than a ZIP archive without extensions holds (4 GiB)");
	member = &zip->members[zip->count++];
	*member = (struct zip_member){.crc32 = wire_crc32(0, bytes, size),
				      .size = (uint32_t)size,
				      .offset = (uint32_t)zip->offset};
	snprintf(member->name, sizeof(member->name), "%s", name);
	put32(zip, LOCAL_SIGNATURE);
	put_common(zip, member);
	put(zip, member->name, strlen(member->name));
	put(zip, bytes, size);
	return 0;
}

int zip_end(struct zip *zip, struct err *err)
{
	uint64_t start = zip->offset;

	for (size_t i = 0; i < zip->count; i++) {
		const struct zip_member *member = &zip->members[i];

		put32(zip, CENTRAL_SIGNATURE);
		put16(zip, VERSION);
		put_common(zip, member);
		put16(zip, 0); /* comment */
		put16(zip, 0); /* disk */
		put16(zip, 0); /* internal attributes */
		put32(zip, 0); /* external attributes */
		put32(zip, member->offset);
		put(zip, member->name, strlen(member->name));
	}
	if (zip->offset > UINT32_MAX)
		return err_set(err, -EFBIG,
			       "more than a ZIP archive without extensions holds (4 GiB)");
	put32(zip, END_SIGNATURE);
	put32(zip, 0); /* disks */
	put16(zip, (unsigned)zip->count);
	put16(zip, (unsigned)zip->count);
	put32(zip, (uint32_t)(zip->offset - 12 - start));
	put32(zip, (uint32_t)start);
	put16(zip, 0); /* comment */
	return 0;
}

void zip_done(struct zip *zip)
{
	free(zip->members);
}
