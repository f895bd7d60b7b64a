/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flashing an STM32 through its system bootloader: see stm32_uart.h.
 */
#include "drivers/flash/stm32_uart.h"

#include <errno.h>
#include <string.h>

#include "drivers/flash/stm32_family.h"

static int request_check(const struct flash_request *request, struct err *err)
{
	if (request->count == 0)
		return err_set(err, -EINVAL, "nothing to write");
	if (request->baud == 0)
		return err_set(err, -EINVAL, "0 is not a baud rate");
	return 0;
}

/* Writing and reading back are half of the work each. */
static void progress(const struct flash_request *request, size_t done)
{
	if (request->progress)
		request->progress(request->context, done, 2 * request->count);
}

static int family_check(const struct flash_request *request, const struct stm32_loader *loader,
			const struct stm32_family **ret_family, struct err *err)
{
	const struct stm32_family *family = stm32_family_find(loader->id);

	if (request->expected_id && request->expected_id != loader->id)
		return err_set(err, -ENXIO, "the board is a 0x%03x (%s), not the expected 0x%03x",
			       loader->id, family ? family->parts : "unknown",
			       request->expected_id);
	if (!family)
		return err_set(err, -ENOTSUP, "no flash layout is known for product id 0x%03x",
			       loader->id);
	*ret_family = family;
	return 0;
}

/* A read-protected part answers GET, GET VERSION and GET ID, and refuses READ. */
static int protection_check(struct stm32_loader *loader, uint32_t address, struct err *err)
{
	uint8_t byte;
	int ret = stm32_loader_read(loader, address, &byte, 1, err);

	if (ret != -EREMOTEIO)
		return ret ? err_context(err, ret, "read 0x%08x", address) : 0;
	return err_set(
		err, -EACCES,
		"the board is read-protected (READ at 0x%08x refused); taking the protection off "
		"would erase it, and is left to you",
		address);
}

static int erase(struct stm32_loader *loader, const struct stm32_page_range *range, struct err *err)
{
	unsigned end = range->first + range->count;

	for (unsigned page = range->first; page < end; page += STM32_ERASE_PAGES_MAX) {
		unsigned left = end - page;
		unsigned count = left < STM32_ERASE_PAGES_MAX ? left : STM32_ERASE_PAGES_MAX;
		int ret = stm32_loader_erase(loader, page, count, err);

		if (ret)
			return err_context(err, ret, "erase pages %u to %u", page,
					   page + count - 1);
	}
	return 0;
}

/* The block of the request at offset, padded to the flash's unit; returns its length. */
static size_t block_make(const struct flash_request *request, size_t offset, size_t unit,
			 uint8_t block[STM32_BLOCK_MAX])
{
	size_t left = request->count - offset;
	size_t count = left < STM32_BLOCK_MAX ? left : STM32_BLOCK_MAX;

	memset(block, 0xFF, STM32_BLOCK_MAX);
	memcpy(block, request->bytes + offset, count);
	return (count + unit - 1) / unit * unit;
}

static size_t offset_after(const struct flash_request *request, size_t offset)
{
	size_t left = request->count - offset;

	return offset + (left < STM32_BLOCK_MAX ? left : STM32_BLOCK_MAX);
}

static int write_all(const struct flash_request *request, struct stm32_loader *loader, size_t unit,
		     struct err *err)
{
	uint8_t block[STM32_BLOCK_MAX];
	size_t offset = 0;

	while (offset < request->count) {
		uint32_t address = request->address + (uint32_t)offset;
		size_t count = block_make(request, offset, unit, block);
		int ret = stm32_loader_write(loader, address, block, count, err);

		if (ret)
			return err_context(err, ret, "write 0x%08x", address);
		offset = offset_after(request, offset);
		progress(request, offset);
	}
	return 0;
}

/* READ carries no checksum: a block that differs is read once more before it is held against the
 * board. */
static int verify_block(struct stm32_loader *loader, uint32_t address, const uint8_t *expected,
			size_t count, struct err *err)
{
	uint8_t actual[STM32_BLOCK_MAX];
	size_t at = 0;

	for (int attempt = 0; attempt < 2; attempt++) {
		int ret = stm32_loader_read(loader, address, actual, count, err);

		if (ret)
			return err_context(err, ret, "read back 0x%08x", address);
		at = flash_first_difference(expected, actual, count);
		if (at == count)
			return 0;
		if (attempt == 0)
			loader->retries++;
	}
	return err_set(err, -EIO, "read back: at 0x%08x is 0x%02x, 0x%02x was written",
		       address + (uint32_t)at, actual[at], expected[at]);
}

static int verify_all(const struct flash_request *request, struct stm32_loader *loader, size_t unit,
		      struct err *err)
{
	uint8_t block[STM32_BLOCK_MAX];
	size_t offset = 0;

	while (offset < request->count) {
		size_t count = block_make(request, offset, unit, block);
		int ret = verify_block(loader, request->address + (uint32_t)offset, block, count,
				       err);

		if (ret)
			return ret;
		offset = offset_after(request, offset);
		progress(request, request->count + offset);
	}
	return 0;
}

/* Everything between the two resets. */
static int program(const struct flash_request *request, struct stm32_loader *loader,
		   const struct stm32_limits *limits, struct err *err)
{
	const struct stm32_family *family = NULL;
	struct stm32_page_range range = {0};
	int ret = stm32_loader_enter(loader, request->link, request->control, request->baud, limits,
				     err);

	if (!ret)
		ret = stm32_loader_identify(loader, err);
	if (!ret)
		ret = family_check(request, loader, &family, err);
	if (!ret)
		ret = stm32_family_pages(family, request->address, request->count, &range, err);
	if (!ret)
		ret = protection_check(loader, request->address, err);
	if (!ret)
		ret = erase(loader, &range, err);
	if (!ret)
		ret = write_all(request, loader, family->unit, err);
	if (!ret)
		ret = verify_all(request, loader, family->unit, err);
	return ret;
}

/* Parts with an empty check (AN2606: L4R/L4S, L41x to L49x, G0, ...) that were blank at power-on go
 * on resetting into the loader after they have been programmed, whatever BOOT0 says; their program,
 * once started, can clear that flag. So it is given a moment to. The reset that follows decides, so
 * nothing is lost when the loader refuses or is silent. */
static void run_once(const struct flash_request *request, struct stm32_loader *loader)
{
	const struct stm32_limits *limits = loader->limits;

	if (request->address == STM32_FLASH_BASE &&
	    !stm32_loader_go(loader, request->address, NULL))
		link_discard(request->link, limits->quiet_ms, 2 * limits->quiet_ms, NULL);
}

int stm32_uart_write(const struct flash_request *request, const struct stm32_limits *limits,
		     struct flash_report *ret_report, struct err *err)
{
	struct stm32_loader loader;
	int ret = request_check(request, err);

	if (ret)
		return err_context(err, ret, "stm32_uart");
	ret = program(request, &loader, limits, err);
	if (ret) {
		control_reset(request->control, false, NULL);
		return err_context(err, ret, "stm32_uart");
	}
	run_once(request, &loader);
	ret = control_reset(request->control, false, err);
	if (ret)
		return err_context(err, ret, "stm32_uart: reset into flash");
	*ret_report = (struct flash_report){
		.id = loader.id,
		.version = loader.version,
		.written = request->count,
		.retries = loader.retries,
	};
	return 0;
}

static int flash_stm32_uart_write(const struct flash_request *request,
				  struct flash_report *ret_report, struct err *err)
{
	return stm32_uart_write(request, &stm32_limits_an3155, ret_report, err);
}

const struct flash_ops flash_stm32_uart = {
	.name = "stm32_uart",
	.takes = FLASH_KEY_BAUD | FLASH_KEY_ID,
	.needs = FLASH_KEY_BAUD | FLASH_KEY_ID,
	.write = flash_stm32_uart_write,
};
