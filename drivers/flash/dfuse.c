/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flashing an STM32 through its loader on USB: see dfuse.h.
 */
#include "drivers/flash/dfuse.h"

#include <errno.h>
#include <string.h>

/* The widest unit that flash is programmed in (H7: 256 bits); narrower ones divide it. */
enum { UNIT_BYTES = 32 };

enum { START_MS = 20 }; /* what a program gets from its start until the reset */

/* Writing and reading back are half of the work each. */
static void progress(const struct flash_request *request, size_t done)
{
	if (request->progress)
		request->progress(request->context, done, 2 * request->count);
}

/* A read-protected part refuses both. */
static int protection_check(struct dfuse_loader *loader, uint32_t address, struct err *err)
{
	uint8_t bytes[UNIT_BYTES];
	int ret = dfuse_loader_read(loader, address, bytes, sizeof(bytes), err);

	return ret ? err_context(err, ret, "read 0x%08x", address) : 0;
}

static int erase(const struct flash_request *request, struct dfuse_loader *loader, struct err *err)
{
	uint64_t end = (uint64_t)request->address + request->count;
	struct dfuse_page page = {.address = request->address};

	for (uint64_t at = request->address; at < end; at = (uint64_t)page.address + page.bytes) {
		int ret;

		dfuse_layout_page(&loader->layout, (uint32_t)at, &page);
		ret = dfuse_loader_erase(loader, page.address, err);
		if (ret)
			return err_context(err, ret, "erase the page at 0x%08x", page.address);
	}
	return 0;
}

/* The block of the request at offset, padded to a whole unit with the erased value: the pages are
 * the request's own, and are a multiple of it. */
struct block {
	uint8_t bytes[DFUSE_BLOCK_MAX + UNIT_BYTES];
	size_t count, padded;
	uint32_t address;
};

static size_t block_make(const struct flash_request *request, const struct dfuse_loader *loader,
			 size_t offset, struct block *block)
{
	size_t left = request->count - offset;

	memset(block->bytes, 0xFF, sizeof(block->bytes));
	block->address = request->address + (uint32_t)offset;
	block->count = left < loader->block_bytes ? left : loader->block_bytes;
	block->padded = (block->count + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
	if (block->padded > loader->block_bytes)
		block->padded = block->count;
	memcpy(block->bytes, request->bytes + offset, block->count);
	return offset + block->count;
}

static int write_all(const struct flash_request *request, struct dfuse_loader *loader,
		     struct err *err)
{
	struct block block;
	size_t offset = 0;

	while (offset < request->count) {
		int ret;

		offset = block_make(request, loader, offset, &block);
		ret = dfuse_loader_write(loader, block.address, block.bytes, block.padded, err);
		if (ret)
			return err_context(err, ret, "write 0x%08x", block.address);
		progress(request, offset);
	}
	return 0;
}

static int verify_all(const struct flash_request *request, struct dfuse_loader *loader,
		      struct err *err)
{
	uint8_t actual[DFUSE_BLOCK_MAX];
	struct block block;
	size_t offset = 0;

	while (offset < request->count) {
		size_t at;
		int ret;

		offset = block_make(request, loader, offset, &block);
		/* With its padding: UPLOAD gives 2 bytes or more (AN3156, AN2662 4.4.1). */
		ret = dfuse_loader_read(loader, block.address, actual, block.padded, err);
		if (ret)
			return err_context(err, ret, "read back 0x%08x", block.address);
		at = flash_first_difference(block.bytes, actual, block.count);
		if (at < block.count)
			return err_set(err, -EIO,
				       "read back: at 0x%08x is 0x%02x, 0x%02x was written",
				       block.address + (uint32_t)at, actual[at], block.bytes[at]);
		progress(request, request->count + offset);
	}
	return 0;
}

/* Parts with an empty check that were blank at power-on go on resetting into the loader, whatever
 * BOOT0 says; their program, once started, can clear that flag (as stm32_uart.c). The reset that
 * follows decides, so nothing is lost when the loader refuses. */
static void run_once(const struct flash_request *request, struct dfuse_loader *loader)
{
	if (request->address == loader->layout.segments[0].address &&
	    !dfuse_loader_leave(loader, request->address, NULL))
		link_discard(request->link, START_MS, 2 * START_MS, NULL);
}

static int program(const struct flash_request *request, struct dfuse_loader *loader,
		   struct err *err)
{
	int ret = dfuse_layout_check(&loader->layout, request->address, request->count, err);

	if (!ret)
		ret = protection_check(loader, request->address, err);
	if (!ret)
		ret = erase(request, loader, err);
	if (!ret)
		ret = write_all(request, loader, err);
	if (!ret)
		ret = verify_all(request, loader, err);
	if (!ret)
		run_once(request, loader);
	return ret;
}

int dfuse_write(const struct flash_request *request, const struct dfuse_limits *limits,
		struct flash_report *ret_report, struct err *err)
{
	struct dfuse_loader loader;
	int ret;

	if (!request->uri)
		return err_set(err, -EINVAL, "dfuse: no USB device is given");
	if (!request->count)
		return err_set(err, -EINVAL, "dfuse: nothing to write");
	ret = dfuse_loader_open(&loader, request, limits, err);
	if (!ret) {
		ret = program(request, &loader, err);
		dfuse_loader_close(&loader);
	}
	if (ret) {
		control_reset(request->control, false, NULL);
		return err_context(err, ret, "dfuse");
	}
	ret = control_reset(request->control, false, err);
	if (ret)
		return err_context(err, ret, "dfuse: reset into flash");
	*ret_report = (struct flash_report){.written = request->count, .retries = loader.retries};
	return 0;
}

static int flash_dfuse_write(const struct flash_request *request, struct flash_report *ret_report,
			     struct err *err)
{
	return dfuse_write(request, &dfuse_limits_an3156, ret_report, err);
}

const struct flash_ops flash_dfuse = {
	.name = "dfuse",
	.takes = FLASH_KEY_LINK,
	.needs = FLASH_KEY_LINK,
	.write = flash_dfuse_write,
};
