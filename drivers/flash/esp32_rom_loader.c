/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ESP32-C3's ROM loader: see esp32_rom_loader.h. Command codes, layouts and time-outs are those
 * of esptool's documentation and source.
 */
#include "drivers/flash/esp32_rom_loader.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "drivers/flash/esp32_rom_packet.h"

enum {
	COMMAND_FLASH_BEGIN = 0x02,
	COMMAND_FLASH_DATA = 0x03,
	COMMAND_SYNC = 0x08,
	COMMAND_WRITE_REG = 0x09,
	COMMAND_READ_REG = 0x0A,
	COMMAND_SPI_SET_PARAMS = 0x0B,
	COMMAND_SPI_ATTACH = 0x0D,
	COMMAND_CHANGE_BAUD = 0x0F,
	COMMAND_SPI_FLASH_MD5 = 0x13,
	COMMAND_GET_SECURITY_INFO = 0x14,
};

enum {
	CHECKSUM_SEED = 0xEF,
	ENTRY_BAUD = 115200,
};

enum {
	COMMAND_MS = 3000,
	SYNC_MS = 100,
	SYNC_TRIES = 5,
	RESETS = 7,
	RESET_MS = 100,
	USB_STEP_MS = 100,
	BOOT_MS = 50,
	BOOT_SLOW_MS = 550,
	ERASE_MS_PER_MB = 30000,
	MD5_MS_PER_MB = 8000,
	REPEATS = 3, /* of a block */
	BYTES_PER_MB = 1000000,
};

/* Register 0x40001000 holds a number of the chip's revision. */
enum { MAGIC_AT = 0x40001000 };
static const uint32_t magics_c3[] = {0x6921506F, 0x1B31506F, 0x4881606F, 0x4361606F};

/* ESP32-C3 Technical Reference Manual, chapter "Low-Power Management", registers of the RTC
 * watchdog and of the super watchdog; esptool (targets/esp32c3.py) uses them alike. */
enum {
	RTC_WDTCONFIG0 = 0x60008090,
	RTC_WDTWPROTECT = 0x600080A8,
	RTC_SWD_CONF = 0x600080AC,
	RTC_SWD_WPROTECT = 0x600080B0,
	RTC_WDT_KEY = 0x50D83AA1,
};
static const uint32_t rtc_swd_key = 0x8F1D312A, rtc_swd_auto_feed = 1u << 31;

static int scaled_ms(size_t count, int ms_per_mb)
{
	int scaled = (int)((uint64_t)count * (uint64_t)ms_per_mb / BYTES_PER_MB);

	return scaled > COMMAND_MS ? scaled : COMMAND_MS;
}

/* A command whose data are words and whose answer says nothing but its status. */
static int command_words(struct esp32_loader *loader, uint8_t command, const uint32_t *words,
			 size_t count, int timeout_ms, struct err *err)
{
	uint8_t data[6 * 4];
	struct esp32_answer answer;

	assert(count * 4 <= sizeof(data));
	for (size_t i = 0; i < count; i++)
		esp32_put_u32(data + 4 * i, words[i]);
	return esp32_exchange_surely(
		loader, &(struct esp32_request){command, data, count * 4, 0, timeout_ms}, &answer,
		err);
}

/* ---- entering ---- */

/* The boards join the lines by two transistors: both asserted is neither reset nor boot. So reset
 * is held alone, and handed over to boot while the capacitor at EN still holds the chip down. Where
 * the lines are wired straight, or change one after the other, boot must come first: every other
 * try. */
static int reset_into_loader(struct esp32_loader *loader, struct control *control, int attempt,
			     struct err *err)
{
	int boot_ms = attempt % 4 < 2 ? BOOT_MS : BOOT_SLOW_MS;
	int ret = control_drive(control, true, false, err);

	if (!ret)
		ret = link_discard(loader->link, RESET_MS, RESET_MS, err);
	if (!ret && attempt % 2)
		ret = control_drive(control, true, true, err);
	if (!ret)
		ret = control_drive(control, false, true, err);
	if (!ret)
		ret = link_discard(loader->link, boot_ms, boot_ms, err);
	if (!ret)
		ret = control_drive(control, false, false, err);
	return ret ? ret : esp32_line_clear(loader, err);
}

static int sync_once(struct esp32_loader *loader, struct err *err)
{
	uint8_t data[36] = {0x07, 0x07, 0x12, 0x20};
	struct esp32_answer answer;

	memset(data + 4, 0x55, sizeof(data) - 4);
	return esp32_exchange(loader,
			      &(struct esp32_request){COMMAND_SYNC, data, sizeof(data), 0, SYNC_MS},
			      &answer, err);
}

/* Some tries. -ETIMEDOUT: none was answered. */
static int sync_try(struct esp32_loader *loader, struct err *err)
{
	for (int i = 0; i < SYNC_TRIES; i++) {
		struct err last = {""};
		int ret = sync_once(loader, &last);

		if (!ret)
			return esp32_line_clear(loader, err);
		if (ret != -ETIMEDOUT && ret != -EREMOTEIO)
			return err_set(err, ret, "%s", last.text);
	}
	return -ETIMEDOUT;
}

struct line_step {
	bool dtr, rts;
	int ms;
};

static int lines_step(struct link *link, const struct line_step *steps, size_t count,
		      struct err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < count; i++) {
		ret = link_set_lines(link, steps[i].dtr, steps[i].rts, err);
		if (!ret && steps[i].ms)
			ret = link_discard(link, steps[i].ms, steps[i].ms, err);
	}
	return ret;
}

/* DTR alone asks for the loader, RTS alone resets; on the way from one to the other both are
 * asserted, since neither would take the wish back (esptool, reset.py, USBJTAGSerialReset). */
static int usb_reset_into_loader(struct esp32_loader *loader, struct err *err)
{
	static const struct line_step steps[] = {{false, false, USB_STEP_MS},
						 {true, false, USB_STEP_MS},
						 {true, true, 0},
						 {false, true, USB_STEP_MS},
						 {false, false, USB_STEP_MS}};
	int ret = lines_step(loader->link, steps, sizeof(steps) / sizeof(steps[0]), err);

	return ret ? ret : esp32_line_clear(loader, err);
}

int esp32_usb_reset(struct link *link, struct err *err)
{
	static const struct line_step steps[] = {
		{false, false, 0}, {false, true, USB_STEP_MS}, {false, false, USB_STEP_MS}};

	return lines_step(link, steps, sizeof(steps) / sizeof(steps[0]), err);
}

/* control NULL: by the chip's own USB port. */
static int enter(struct esp32_loader *loader, struct link *link, struct control *control,
		 struct err *err)
{
	const struct link_settings settings = {.baud = ENTRY_BAUD, .parity = LINK_PARITY_NONE};
	int ret;

	*loader = (struct esp32_loader){.link = link, .baud = ENTRY_BAUD};
	ret = link_set(link, &settings, err);
	for (int attempt = 0; !ret && attempt < RESETS; attempt++) {
		ret = control ? reset_into_loader(loader, control, attempt, err)
			      : usb_reset_into_loader(loader, err);
		if (!ret)
			ret = sync_try(loader, err);
		if (!ret)
			return 0;
		if (ret == -ETIMEDOUT)
			ret = 0;
	}
	if (ret)
		return err_context(err, ret, "enter the loader");
	return err_set(err, -ETIMEDOUT, "enter the loader: no answer to SYNC after %d resets",
		       RESETS);
}

int esp32_loader_enter(struct esp32_loader *loader, struct link *link, struct control *control,
		       struct err *err)
{
	assert(control);
	return enter(loader, link, control, err);
}

int esp32_loader_enter_usb(struct esp32_loader *loader, struct link *link, struct err *err)
{
	return enter(loader, link, NULL, err);
}

/* ---- identity ---- */

static int register_read(struct esp32_loader *loader, uint32_t address, uint32_t *ret_value,
			 struct err *err)
{
	struct esp32_answer answer;
	uint8_t data[4];
	int ret;

	esp32_put_u32(data, address);
	ret = esp32_exchange_surely(
		loader,
		&(struct esp32_request){COMMAND_READ_REG, data, sizeof(data), 0, COMMAND_MS},
		&answer, err);
	if (ret)
		return err_context(err, ret, "read register 0x%08x", address);
	*ret_value = answer.value;
	return 0;
}

static int register_write(struct esp32_loader *loader, uint32_t address, uint32_t value,
			  struct err *err)
{
	const uint32_t words[] = {address, value, 0xFFFFFFFF /* all bits */, 0 /* no delay */};
	int ret = command_words(loader, COMMAND_WRITE_REG, words, 4, COMMAND_MS, err);

	return ret ? err_context(err, ret, "write register 0x%08x", address) : 0;
}

int esp32_loader_stop_watchdogs(struct esp32_loader *loader, struct err *err)
{
	uint32_t swd_conf = 0;
	int ret = register_read(loader, RTC_SWD_CONF, &swd_conf, err);
	const uint32_t writes[][2] = {
		{RTC_WDTWPROTECT, RTC_WDT_KEY},
		{RTC_WDTCONFIG0, 0},
		{RTC_WDTWPROTECT, 0},
		{RTC_SWD_WPROTECT, rtc_swd_key},
		{RTC_SWD_CONF, swd_conf | rtc_swd_auto_feed},
		{RTC_SWD_WPROTECT, 0},
	};

	for (size_t i = 0; !ret && i < sizeof(writes) / sizeof(writes[0]); i++)
		ret = register_write(loader, writes[i][0], writes[i][1], err);
	return ret ? err_context(err, ret, "stop the watchdogs") : 0;
}

/* Only newer chips know this command. */
static int chip_id_read(struct esp32_loader *loader, uint16_t *ret_chip)
{
	enum { INFO_BYTES = 20, INFO_CHIP_AT = 12 };
	struct esp32_answer answer;
	int ret = esp32_exchange(
		loader, &(struct esp32_request){COMMAND_GET_SECURITY_INFO, NULL, 0, 0, COMMAND_MS},
		&answer, NULL);

	if (ret)
		return ret;
	if (answer.count < INFO_BYTES)
		return -EBADMSG;
	*ret_chip = (uint16_t)esp32_get_u32(answer.data + INFO_CHIP_AT);
	return 0;
}

int esp32_loader_identify(struct esp32_loader *loader, struct err *err)
{
	uint32_t magic = 0;
	int ret = register_read(loader, MAGIC_AT, &magic, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < sizeof(magics_c3) / sizeof(magics_c3[0]); i++)
		if (magics_c3[i] == magic) {
			loader->chip = ESP32_CHIP_C3;
			return 0;
		}
	ret = chip_id_read(loader, &loader->chip);
	if (ret == -ENODEV)
		return err_set(err, ret, "the link hung up");
	if (ret)
		return err_set(err, -ENXIO, "the board is no ESP32-C3: it names itself 0x%08x",
			       magic);
	if (loader->chip != ESP32_CHIP_C3)
		return err_set(err, -ENXIO, "the board is no ESP32-C3: its chip id is %u",
			       loader->chip);
	return 0;
}

/* ---- flash ---- */

int esp32_loader_attach(struct esp32_loader *loader, uint32_t flash_bytes, struct err *err)
{
	const uint32_t pins[] = {0, 0}; /* the ones in eFuse */
	const uint32_t params[] = {0, flash_bytes, 65536, 4096, 256, 0xFFFF};
	int ret = command_words(loader, COMMAND_SPI_ATTACH, pins, 2, COMMAND_MS, err);

	if (ret)
		return err_context(err, ret, "attach the flash");
	ret = command_words(loader, COMMAND_SPI_SET_PARAMS, params, 6, COMMAND_MS, err);
	return ret ? err_context(err, ret, "flash parameters") : 0;
}

/* Not repeated: after a lost answer the loader already has the new rate. */
int esp32_loader_set_baud(struct esp32_loader *loader, uint32_t baud, struct err *err)
{
	const struct link_settings settings = {.baud = baud, .parity = LINK_PARITY_NONE};
	struct esp32_answer answer;
	uint8_t data[8];
	int ret;

	esp32_put_u32(data, baud);
	esp32_put_u32(data + 4, 0);
	ret = esp32_exchange(
		loader,
		&(struct esp32_request){COMMAND_CHANGE_BAUD, data, sizeof(data), 0, COMMAND_MS},
		&answer, err);
	if (!ret)
		ret = link_set(loader->link, &settings, err);
	if (ret)
		return err_context(err, ret, "change to %u baud", baud);
	loader->baud = baud;
	return esp32_line_clear(loader, err);
}

int esp32_loader_begin(struct esp32_loader *loader, uint32_t address, size_t count, struct err *err)
{
	uint32_t blocks = (uint32_t)((count + ESP32_BLOCK_BYTES - 1) / ESP32_BLOCK_BYTES);
	const uint32_t words[] = {blocks * ESP32_BLOCK_BYTES, blocks, ESP32_BLOCK_BYTES, address,
				  0 /* not encrypted */};
	int ret = command_words(loader, COMMAND_FLASH_BEGIN, words, 5,
				scaled_ms(words[0], ERASE_MS_PER_MB), err);

	return ret ? err_context(err, ret, "erase %u bytes at 0x%06x", words[0], address) : 0;
}

int esp32_loader_write(struct esp32_loader *loader, uint32_t sequence,
		       const uint8_t block[ESP32_BLOCK_BYTES], struct err *err)
{
	uint8_t data[ESP32_DATA_MAX] = {0};
	struct esp32_request request = {COMMAND_FLASH_DATA, data, sizeof(data), CHECKSUM_SEED,
					COMMAND_MS};
	struct esp32_answer answer = {0};
	struct err last = {""};
	int ret;

	esp32_put_u32(data, ESP32_BLOCK_BYTES);
	esp32_put_u32(data + 4, sequence);
	memcpy(data + ESP32_DATA_HEADER_BYTES, block, ESP32_BLOCK_BYTES);
	for (size_t i = 0; i < ESP32_BLOCK_BYTES; i++)
		request.checksum ^= block[i];
	ret = esp32_exchange(loader, &request, &answer, &last);
	for (int i = 0;
	     i < REPEATS && ret == -EREMOTEIO && answer.refusal == ESP32_REFUSED_CHECKSUM; i++) {
		loader->retries++;
		ret = esp32_exchange(loader, &request, &answer, &last);
	}
	return ret ? err_set(err, ret, "%s", last.text) : 0;
}

static int nibble(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int esp32_loader_md5(struct esp32_loader *loader, uint32_t address, size_t count,
		     uint8_t ret_md5[ESP32_MD5_BYTES], struct err *err)
{
	struct esp32_answer answer;
	uint8_t data[16] = {0};
	int ret;

	esp32_put_u32(data, address);
	esp32_put_u32(data + 4, (uint32_t)count);
	ret = esp32_exchange_surely(loader,
				    &(struct esp32_request){COMMAND_SPI_FLASH_MD5, data,
							    sizeof(data), 0,
							    scaled_ms(count, MD5_MS_PER_MB)},
				    &answer, err);
	if (!ret && answer.count != 2 * ESP32_MD5_BYTES)
		ret = err_set(err, -EBADMSG, "%zu digits instead of 32", answer.count);
	for (size_t i = 0; !ret && i < ESP32_MD5_BYTES; i++) {
		int high = nibble(answer.data[2 * i]);
		int low = nibble(answer.data[2 * i + 1]);

		if (high < 0 || low < 0)
			ret = err_set(err, -EBADMSG, "not 32 hexadecimal digits");
		else
			ret_md5[i] = (uint8_t)(high << 4 | low);
	}
	return ret ? err_context(err, ret, "MD5 of the flash") : 0;
}
