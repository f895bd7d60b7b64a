/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Memory layout strings: see dfuse_layout.h.
 */
#include "drivers/flash/dfuse_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_READABLE = 1, TYPE_ERASABLE = 2, TYPE_WRITABLE = 4 };

/* Digits only: strtoul by itself takes signs and spaces. False: none, or more than 32 bits. */
static bool take_number(const char **at, int base, uint32_t *ret_value)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	char *end;
	unsigned long long value;

	if (!**at || !memchr(digits, **at, base == 16 ? 22 : 10))
		return false;
	value = strtoull(*at, &end, base);
	*at = end;
	*ret_value = (uint32_t)value;
	return value <= UINT32_MAX;
}

static bool take_text(const char **at, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(*at, text, length))
		return false;
	*at += length;
	return true;
}

static uint32_t take_unit(const char **at)
{
	if (take_text(at, "K"))
		return 1u << 10;
	if (take_text(at, "M"))
		return 1u << 20;
	if (!take_text(at, "B"))
		take_text(at, " ");
	return 1;
}

/* "COUNT*SIZE[ BKM]TYPE" */
static bool take_segment(const char **at, struct dfuse_segment *segment)
{
	uint32_t size, unit;

	if (!take_number(at, 10, &segment->pages) || !take_text(at, "*") ||
	    !take_number(at, 10, &size))
		return false;
	unit = take_unit(at);
	if (!segment->pages || !size || size > UINT32_MAX / unit || **at < 'a' || **at > 'z')
		return false;
	segment->page_bytes = size * unit;
	segment->readable = **at & TYPE_READABLE;
	segment->erasable = **at & TYPE_ERASABLE;
	segment->writable = **at & TYPE_WRITABLE;
	(*at)++;
	return true;
}

static bool take_segments(const char **at, uint32_t address, struct dfuse_layout *layout)
{
	uint64_t next = address;

	do {
		struct dfuse_segment *segment = &layout->segments[layout->count];

		if (layout->count == DFUSE_SEGMENTS_MAX || !take_segment(at, segment))
			return false;
		segment->address = (uint32_t)next;
		next += (uint64_t)segment->pages * segment->page_bytes;
		if (next > (uint64_t)UINT32_MAX + 1)
			return false;
		layout->count++;
	} while (take_text(at, ","));
	return true;
}

static bool take_all(const char *at, struct dfuse_layout *layout)
{
	if (!take_text(&at, "@"))
		return false;
	at += strcspn(at, "/");
	while (take_text(&at, "/")) {
		uint32_t address;

		if (!take_text(&at, "0x") || !take_number(&at, 16, &address) ||
		    !take_text(&at, "/") || !take_segments(&at, address, layout))
			return false;
	}
	return layout->count && !at[strspn(at, " ")];
}

int dfuse_layout_parse(const char *text, struct dfuse_layout *ret_layout, struct err *err)
{
	struct dfuse_layout layout = {0};

	if (!take_all(text, &layout))
		return err_set(err, -EPROTO, "'%s' describes no memory", text);
	*ret_layout = layout;
	return 0;
}

const struct dfuse_segment *dfuse_layout_find(const struct dfuse_layout *layout, uint32_t address)
{
	for (unsigned i = 0; i < layout->count; i++) {
		const struct dfuse_segment *segment = &layout->segments[i];

		if (address >= segment->address &&
		    (address - segment->address) / segment->page_bytes < segment->pages)
			return segment;
	}
	return NULL;
}

bool dfuse_layout_page(const struct dfuse_layout *layout, uint32_t address,
		       struct dfuse_page *ret_page)
{
	const struct dfuse_segment *segment = dfuse_layout_find(layout, address);

	if (!segment)
		return false;
	ret_page->bytes = segment->page_bytes;
	ret_page->address = address - (address - segment->address) % segment->page_bytes;
	return true;
}

int dfuse_layout_check(const struct dfuse_layout *layout, uint32_t address, size_t count,
		       struct err *err)
{
	uint64_t at = address, end = at + count;
	struct dfuse_page page = {0};

	if (!count || count > UINT32_MAX)
		return err_set(err, -EINVAL, "cannot write %zu bytes", count);
	if (dfuse_layout_page(layout, address, &page) && page.address != address)
		return err_set(err, -EINVAL, "0x%08x is not the start of a flash page (0x%08x is)",
			       address, page.address);
	for (; at < end; at = (uint64_t)page.address + page.bytes) {
		const struct dfuse_segment *segment =
			at <= UINT32_MAX ? dfuse_layout_find(layout, (uint32_t)at) : NULL;

		if (!segment)
			return err_set(err, -EINVAL,
				       "%zu bytes at 0x%08x: there is no flash at 0x%08llx", count,
				       address, (unsigned long long)at);
		if (!segment->readable || !segment->erasable || !segment->writable)
			return err_set(err, -EINVAL, "%zu bytes at 0x%08x: 0x%08llx cannot be %s",
				       count, address, (unsigned long long)at,
				       !segment->readable   ? "read"
				       : !segment->erasable ? "erased"
							    : "written");
		dfuse_layout_page(layout, (uint32_t)at, &page);
	}
	return 0;
}
