/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flashing an ESP32-C3 through the loader in its ROM: see esp32_rom.h.
 *
 * FLASH_END is never sent: the ROM leaves its loader at it, whatever its argument says. The reset
 * at the end does the same for sure.
 */
#define _GNU_SOURCE /* strcasestr */
#include "drivers/flash/esp32_rom.h"

#include <errno.h>
#include <string.h>

#include <nettle/md5.h>

#include "drivers/flash/esp32_rom_loader.h"

enum {
	FLASH_BYTES = 4 * 1024 * 1024, /* of the boards known; only what lies below is written */
	SECTOR_BYTES = 4096,
	ENTRY_BAUD = 115200,
	WRITE_ATTEMPTS = 3, /* of the whole */
};

_Static_assert(ESP32_MD5_BYTES == MD5_DIGEST_SIZE, "one MD5");

static int request_check(const struct flash_request *request, struct err *err)
{
	if (request->count == 0)
		return err_set(err, -EINVAL, "nothing to write");
	if (request->baud == 0)
		return err_set(err, -EINVAL, "0 is not a baud rate");
	if (request->address % SECTOR_BYTES)
		return err_set(err, -EINVAL, "no sector of the flash begins at 0x%06x",
			       request->address);
	if (request->address >= FLASH_BYTES || request->count > FLASH_BYTES - request->address)
		return err_set(err, -EINVAL,
			       "0x%06x and %zu bytes are not within %d bytes of flash",
			       request->address, request->count, FLASH_BYTES);
	return 0;
}

/* Writing and reading back are half of the work each. done never goes back, even when the writing
 * begins anew. */
static void progress(const struct flash_request *request, size_t *most, size_t done)
{
	if (done <= *most)
		return;
	*most = done;
	if (request->progress)
		request->progress(request->context, done, 2 * request->count);
}

static bool is_native_usb(const struct link *link)
{
	return strcasestr(link_identity(link), "303a:1001");
}

/* usb: the chip's own port, open; NULL: the loader is on the board's link. */
static int loader_enter(const struct flash_request *request, struct link *usb,
			struct esp32_loader *loader, struct err *err)
{
	if (usb)
		return esp32_loader_enter_usb(loader, usb, err);
	if (is_native_usb(request->link))
		return err_set(err, -ENOTSUP,
			       "the board's link is the chip's own USB port, on which its firmware "
			       "does not speak: give the board a link to U0RXD and U0TXD, and this "
			       "port as 'flash: {link: ...}'");
	return esp32_loader_enter(loader, request->link, request->control, err);
}

static int loader_connect(const struct flash_request *request, struct link *usb,
			  struct esp32_loader *loader, struct err *err)
{
	int ret = loader_enter(request, usb, loader, err);

	if (!ret)
		ret = esp32_loader_identify(loader, err);
	if (!ret && request->expected_id && request->expected_id != loader->chip)
		ret = err_set(err, -ENXIO, "the board's chip id is %u, not the expected %u",
			      loader->chip, request->expected_id);
	if (!ret && usb)
		ret = esp32_loader_stop_watchdogs(loader, err);
	if (!ret)
		ret = esp32_loader_attach(loader, FLASH_BYTES, err);
	if (!ret && !usb && request->baud != ENTRY_BAUD)
		ret = esp32_loader_set_baud(loader, request->baud, err);
	return ret;
}

static int write_once(const struct flash_request *request, struct esp32_loader *loader,
		      size_t *most, struct err *err)
{
	int ret = esp32_loader_begin(loader, request->address, request->count, err);
	uint32_t sequence = 0;
	size_t done = 0;

	while (!ret && done < request->count) {
		size_t left = request->count - done;
		size_t count = left < ESP32_BLOCK_BYTES ? left : ESP32_BLOCK_BYTES;
		uint8_t block[ESP32_BLOCK_BYTES];

		memset(block, 0xFF, sizeof(block));
		memcpy(block, request->bytes + done, count);
		ret = esp32_loader_write(loader, sequence++, block, err);
		if (ret)
			return err_context(err, ret, "write 0x%06x",
					   request->address + (unsigned)done);
		done += count;
		progress(request, most, done);
	}
	return ret;
}

/* A block whose answer was lost may have been written or not: only a new beginning knows where the
 * loader stands. */
static int write_all(const struct flash_request *request, struct esp32_loader *loader, size_t *most,
		     struct err *err)
{
	struct err last = {""};
	int ret = write_once(request, loader, most, &last);

	for (int i = 1; i < WRITE_ATTEMPTS && ret == -ETIMEDOUT; i++) {
		loader->retries++;
		ret = write_once(request, loader, most, &last);
	}
	return ret ? err_set(err, ret, "%s", last.text) : 0;
}

static int verify(const struct flash_request *request, struct esp32_loader *loader, size_t *most,
		  struct err *err)
{
	uint8_t expected[MD5_DIGEST_SIZE];
	uint8_t actual[ESP32_MD5_BYTES];
	struct md5_ctx context;
	int ret = esp32_loader_md5(loader, request->address, request->count, actual, err);

	if (ret)
		return ret;
	md5_init(&context);
	md5_update(&context, request->count, request->bytes);
	md5_digest(&context, sizeof(expected), expected);
	if (memcmp(expected, actual, sizeof(expected)))
		return err_set(err, -EIO,
			       "read back: the MD5 of %zu bytes at 0x%06x is not that of what was "
			       "written",
			       request->count, request->address);
	progress(request, most, 2 * request->count);
	return 0;
}

static int usb_open(const struct flash_request *request, struct link **ret_usb, struct err *err)
{
	const struct link_settings settings = {.baud = ENTRY_BAUD, .parity = LINK_PARITY_NONE};
	int ret = link_open_taped(request->tape, request->uri, &settings, ret_usb, err);

	if (ret || is_native_usb(*ret_usb))
		return ret;
	ret = err_set(err, -ENXIO, "%s is no ESP32-C3's own USB port (303A:1001), but %s",
		      request->uri,
		      *link_identity(*ret_usb) ? link_identity(*ret_usb) : "says nothing");
	link_close(*ret_usb);
	return ret;
}

static int board_reset(const struct flash_request *request, struct link *usb, struct err *err)
{
	return usb ? esp32_usb_reset(usb, err) : control_reset(request->control, false, err);
}

static int write_and_verify(const struct flash_request *request, struct link *usb,
			    struct flash_report *ret_report, struct err *err)
{
	struct esp32_loader loader = {0};
	size_t most = 0;
	int ret = loader_connect(request, usb, &loader, err);

	if (!ret)
		ret = write_all(request, &loader, &most, err);
	if (!ret)
		ret = verify(request, &loader, &most, err);
	if (ret) {
		board_reset(request, usb, NULL);
		return ret;
	}
	ret = board_reset(request, usb, err);
	if (ret)
		return err_context(err, ret, "reset into flash");
	*ret_report = (struct flash_report){
		.id = loader.chip,
		.written = request->count,
		.retries = loader.retries,
	};
	return 0;
}

static int esp32_rom_write(const struct flash_request *request, struct flash_report *ret_report,
			   struct err *err)
{
	struct link *usb = NULL;
	int ret = request_check(request, err);

	if (!ret && request->uri)
		ret = usb_open(request, &usb, err);
	if (!ret) {
		ret = write_and_verify(request, usb, ret_report, err);
		link_close(usb);
	}
	return ret ? err_context(err, ret, "esp32_rom") : 0;
}

const struct flash_ops flash_esp32_rom = {
	.name = "esp32_rom",
	.takes = FLASH_KEY_BAUD | FLASH_KEY_ID | FLASH_KEY_LINK,
	.needs = FLASH_KEY_BAUD | FLASH_KEY_ID,
	.takes_port = true,
	.write = esp32_rom_write,
};
