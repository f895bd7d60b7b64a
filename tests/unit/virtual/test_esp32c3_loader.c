/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial loader in the virtual ESP32-C3's ROM: a host's conversation over the UART pins, with
 * the vectors and errors of the esptool documentation, and MD5's of RFC 1321.
 */
#include "tests/unit/virtual/test_esp32c3.h"

#include "rigs/virtual/chips/esp32c3_md5.h"

#define STUCK 0xFF /* no answer */

static uint32_t baud = 115200;

struct answer {
	uint8_t bytes[256];
	size_t count;
};

static void put_raw(struct c3 *c3, const uint8_t *bytes, size_t count)
{
	const struct chip_uart_format format = {baud, CHIP_PARITY_NONE};

	for (size_t i = 0; i < count; i++) {
		c3_run(c3, 10 * ESP32C3_PS_PER_S / baud);
		chip_uart_rx(c3->chip, bytes[i], &format);
	}
}

static size_t slip(uint8_t *frame, const uint8_t *bytes, size_t count)
{
	size_t length = 0;

	frame[length++] = 0xC0;
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == 0xC0 || bytes[i] == 0xDB) {
			frame[length++] = 0xDB;
			frame[length++] = bytes[i] == 0xC0 ? 0xDC : 0xDD;
		} else {
			frame[length++] = bytes[i];
		}
	}
	frame[length++] = 0xC0;
	return length;
}

/* The next frame of what was received, from *at on. */
static bool unslip(const struct c3 *c3, size_t *at, struct answer *answer)
{
	const uint8_t *text = (const uint8_t *)c3->text;

	while (*at < c3->text_count && text[*at] != 0xC0)
		(*at)++;
	answer->count = 0;
	for (++*at; *at < c3->text_count && text[*at] != 0xC0; ++*at) {
		uint8_t byte = text[*at];

		if (byte == 0xDB)
			byte = text[++*at] == 0xDC ? 0xC0 : 0xDB;
		assert_true(answer->count < sizeof(answer->bytes));
		answer->bytes[answer->count++] = byte;
	}
	return (*at)++ < c3->text_count;
}

static void send(struct c3 *c3, uint8_t op, const void *data, size_t count, uint32_t checksum)
{
	static uint8_t request[0x1900], frame[2 * 0x1900 + 2];

	request[0] = 0;
	request[1] = op;
	request[2] = (uint8_t)count;
	request[3] = (uint8_t)(count >> 8);
	c3_store(request + 4, checksum);
	if (count > 0)
		memcpy(request + 8, data, count);
	c3->text_count = 0;
	put_raw(c3, frame, slip(frame, request, 8 + count));
}

/* One command to its answer; returns the error, 0 for success. */
static uint8_t ask(struct c3 *c3, uint8_t op, const void *data, size_t count, uint32_t checksum,
		   struct answer *answer)
{
	struct answer own;
	size_t at = 0, end;

	if (!answer)
		answer = &own;
	send(c3, op, data, count, checksum);
	for (unsigned i = 0; i < 4000 && c3->text_count == 0; i++)
		c3_run(c3, C3_MS);
	c3_run(c3, 20 * C3_MS);
	if (!unslip(c3, &at, answer))
		return STUCK;
	end = answer->count;
	assert_int_equal(answer->bytes[0], 1);
	assert_int_equal(answer->bytes[1], op);
	assert_int_equal(answer->bytes[2] | answer->bytes[3] << 8, end - 8);
	assert_int_equal(answer->bytes[end - 4], answer->bytes[end - 3] != 0);
	assert_int_equal(answer->bytes[end - 2] | answer->bytes[end - 1], 0);
	return answer->bytes[end - 3];
}

static uint8_t ask_words(struct c3 *c3, uint8_t op, const uint32_t *words, size_t count,
			 struct answer *answer)
{
	uint8_t data[64];

	for (size_t i = 0; i < count; i++)
		c3_store(data + 4 * i, words[i]);
	return ask(c3, op, data, 4 * count, 0, answer);
}

#define ASK(c3, op, answer, ...)                                                                   \
	ask_words(c3, op, (const uint32_t[]){__VA_ARGS__},                                         \
		  COUNT(((const uint32_t[]){__VA_ARGS__})), answer)

static uint32_t value_of(const struct answer *answer)
{
	const uint8_t *at = answer->bytes + 4;

	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint8_t checksum_of(const uint8_t *bytes, size_t count)
{
	uint8_t sum = 0xEF;

	for (size_t i = 0; i < count; i++)
		sum ^= bytes[i];
	return sum;
}

static uint8_t ask_data(struct c3 *c3, uint8_t op, uint32_t sequence, const uint8_t *bytes,
			size_t count)
{
	static uint8_t data[0x1900];

	c3_store(data, (uint32_t)count);
	c3_store(data + 4, sequence);
	c3_store(data + 8, 0);
	c3_store(data + 12, 0);
	memcpy(data + 16, bytes, count);
	return ask(c3, op, data, 16 + count, checksum_of(bytes, count), NULL);
}

static void sync_frame(uint8_t *data)
{
	memcpy(data, "\x07\x07\x12\x20", 4);
	memset(data + 4, 0x55, 32);
}

static struct c3 *open_loader(void)
{
	struct c3 *c3 = c3_open(7);

	baud = 115200;
	chip_set_boot0(c3->chip, true);
	chip_set_supply(c3->chip, 3.3);
	c3_run(c3, 30 * C3_MS);
	return c3;
}

static struct c3 *open_synced(void)
{
	struct c3 *c3 = open_loader();
	uint8_t data[36];

	sync_frame(data);
	assert_int_equal(ask(c3, 0x08, data, 36, 0, NULL), 0);
	return c3;
}

static struct c3 *open_attached(void)
{
	struct c3 *c3 = open_synced();

	assert_int_equal(ASK(c3, 0x0D, NULL, 0, 0), 0);
	assert_int_equal(ASK(c3, 0x0B, NULL, 0, 0x400000, 65536, 4096, 256, 0xFFFF), 0);
	return c3;
}

static void test_md5(void **state)
{
	static const struct {
		const char *text, *digest;
	} cases[] = {
		{"", "d41d8cd98f00b204e9800998ecf8427e"},
		{"a", "0cc175b9c0f1b6a831c399e269772661"},
		{"abc", "900150983cd24fb0d6963f7d28e17f72"},
		{"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		 "d174ab98d277d9f5a5611c2c9f419d9f"},
		{"1234567890123456789012345678901234567890123456789012345678901234567890123456789"
		 "0",
		 "57edf4a22be3c955ac49da2e2107b67a"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t digest[16];
		char text[33];

		esp32c3_md5((const uint8_t *)cases[i].text, strlen(cases[i].text), digest);
		for (unsigned k = 0; k < 16; k++)
			snprintf(text + 2 * k, 3, "%02x", digest[k]);
		assert_string_equal(text, cases[i].digest);
	}
}

static void test_banner(void **state)
{
	struct c3 *c3 = open_loader();

	(void)state;
	assert_string_equal(c3->text, "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n"
				      "rst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0/1))\r\n"
				      "waiting for download\r\n");
	c3_run(c3, 5000 * C3_MS); /* no watchdog ends it */
	assert_true(c3_part(c3)->rom.download);
	c3_close(c3);
}

/* The vectors of the fact sheet, byte for byte. */
static void test_vectors(void **state)
{
	static const uint8_t sync_head[] = {0xC0, 0x00, 0x08, 0x24, 0x00, 0x00, 0x00,
					    0x00, 0x00, 0x07, 0x07, 0x12, 0x20};
	static const uint8_t read_magic[] = {0xC0, 0x00, 0x0A, 0x04, 0x00, 0x00, 0x00,
					     0x00, 0x00, 0x00, 0x10, 0x00, 0x40, 0xC0};
	struct c3 *c3 = open_loader();
	struct answer answer;
	uint8_t filling[33];
	size_t at = 0;

	(void)state;
	memset(filling, 0x55, 32);
	filling[32] = 0xC0;
	c3->text_count = 0;
	put_raw(c3, sync_head, sizeof(sync_head));
	put_raw(c3, filling, sizeof(filling));
	c3_run(c3, 100 * C3_MS);
	for (unsigned i = 0; i < 8; i++) {
		assert_true(unslip(c3, &at, &answer));
		assert_int_equal(answer.count, 12);
		assert_memory_equal(answer.bytes, "\x01\x08\x04\x00", 4);
		assert_memory_equal(answer.bytes + 8, "\0\0\0\0", 4);
	}
	assert_false(unslip(c3, &at, &answer));
	c3->text_count = at = 0;
	put_raw(c3, read_magic, sizeof(read_magic));
	c3_run(c3, 10 * C3_MS);
	assert_true(unslip(c3, &at, &answer));
	assert_int_equal(value_of(&answer), 0x1B31506F);
	c3_close(c3);
}

static void test_autobaud_and_change(void **state)
{
	struct c3 *c3 = open_loader();
	struct answer answer;
	uint8_t data[36];

	(void)state;
	sync_frame(data);
	baud = 57600;
	assert_int_equal(ask(c3, 0x08, data, 36, 0, NULL), 0);
	assert_in_range(c3->format.baud, 57500, 57700);
	assert_int_equal(ASK(c3, 0x0F, NULL, 460800, 0), 0);
	assert_in_range(c3->format.baud, 57500, 57700); /* the answer is at the old rate */
	assert_int_equal(ASK(c3, 0x0A, &answer, 0x40001000), STUCK);
	baud = 460800;
	put_raw(c3, (const uint8_t[]){0xC0, 0xC0}, 2); /* ends whatever was garbled */
	c3_run(c3, 10 * C3_MS);
	assert_int_equal(ASK(c3, 0x0A, &answer, 0x40001000), 0);
	assert_int_equal(value_of(&answer), 0x1B31506F);
	assert_in_range(c3->format.baud, 458000, 463000);
	c3_close(c3);
}

static void test_registers(void **state)
{
	struct c3 *c3 = open_synced();
	struct answer answer;

	(void)state;
	assert_int_equal(ASK(c3, 0x09, NULL, 0x60008050, 0x12345678, 0xFFFFFFFF, 0), 0);
	assert_int_equal(ASK(c3, 0x09, NULL, 0x60008050, 0xFFFFFFFF, 0x0000FF00, 10), 0);
	assert_int_equal(ASK(c3, 0x0A, &answer, 0x60008050), 0);
	assert_int_equal(value_of(&answer), 0x1234FF78);
	assert_int_equal(ASK(c3, 0x09, NULL, 0x3FC80100, 0xC0DBC0DB, 0xFFFFFFFF, 0), 0);
	assert_int_equal(ASK(c3, 0x0A, &answer, 0x40380100), 0); /* the same RAM */
	assert_int_equal(value_of(&answer), 0xC0DBC0DB);
	assert_int_equal(ASK(c3, 0x0A, &answer, 0x3FCDF07C), 0);
	assert_int_equal(value_of(&answer), 0);
	assert_int_equal(ASK(c3, 0x0A, &answer, 0x60008844), 0);
	assert_int_equal(value_of(&answer) & 0xFF, c3_part(c3)->mac[5]);
	assert_int_equal(ASK(c3, 0x0A, &answer, 0x61234568), 0); /* looks around freely */
	assert_int_equal(ASK(c3, 0x0A, NULL, 0x60008051), 6);
	assert_int_equal(ask(c3, 0x14, NULL, 0, 0, &answer), 0);
	assert_int_equal(answer.count, 8 + 20 + 4);
	assert_int_equal(answer.bytes[8 + 12], 5); /* chip id */
	c3_assert_no_fault(c3);
	c3_close(c3);
}

static void test_flash(void **state)
{
	struct c3 *c3 = open_attached();
	uint8_t *flash = c3_part(c3)->flash, block[0x400], digest[16];
	struct answer answer;
	char text[33];
	int64_t start_ps;

	(void)state;
	memset(flash + 0x20000, 0, 0x21000);
	start_ps = chip_now_ps(c3->chip);
	assert_int_equal(ASK(c3, 0x02, NULL, 0x20500, 3, 0x400, 0x20000, 0), 0);
	/* two blocks of 64 KB, one sector */
	assert_in_range((chip_now_ps(c3->chip) - start_ps) / C3_MS, 550, 600);
	for (uint32_t i = 0; i < 0x21000; i++)
		assert_int_equal(flash[0x20000 + i], 0xFF);
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned k = 0; k < sizeof(block); k++)
			block[k] = (uint8_t)(k * 7 + i * 0x40 + (k >> 8));
		assert_int_equal(ask_data(c3, 0x03, i, block, sizeof(block)), 0);
		assert_memory_equal(flash + 0x20000 + 0x400 * i, block, sizeof(block));
	}
	assert_int_equal(ASK(c3, 0x04, NULL, 1), 0); /* stay */
	assert_int_equal(ASK(c3, 0x13, &answer, 0x20000, 0xC00, 0, 0), 0);
	assert_int_equal(answer.count, 8 + 32 + 4);
	esp32c3_md5(flash + 0x20000, 0xC00, digest);
	for (unsigned i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_memory_equal(answer.bytes + 8, text, 32);
	c3_close(c3);
}

static void test_errors(void **state)
{
	struct c3 *c3 = open_synced();
	uint8_t block[0x400] = {1, 2, 3}, data[24] = {0};

	(void)state;
	assert_int_equal(ask(c3, 0x77, NULL, 0, 0, NULL), 5);             /* no such command */
	assert_int_equal(ASK(c3, 0x10, NULL, 0, 1, 0x400, 0, 0), 5);      /* FLASH_DEFL_BEGIN */
	assert_int_equal(ASK(c3, 0x0A, NULL, 0x40001000, 0), 5);          /* wrong size */
	assert_int_equal(ask(c3, 0x08, data, 4, 0, NULL), 5);             /* a short SYNC */
	assert_int_equal(ASK(c3, 0x02, NULL, 0x1000, 4, 0x400, 0, 0), 6); /* not attached */
	assert_int_equal(ask_data(c3, 0x03, 0, block, 16), 6);            /* no begin */
	assert_int_equal(ASK(c3, 0x0D, NULL, 0, 0), 0);
	assert_int_equal(ASK(c3, 0x02, NULL, 0x1000, 4, 0x400, 0), 5); /* four words only */
	assert_int_equal(ASK(c3, 0x02, NULL, 0x1000, 4, 0x400, 0x400000, 0), 6);
	assert_int_equal(ASK(c3, 0x02, NULL, 0x1000, 4, 0x400, 0, 0), 0);
	c3_store(data, 8);
	assert_int_equal(ask(c3, 0x03, data, 24, 0xEE, NULL), 7); /* checksum */
	assert_int_equal(ask(c3, 0x03, data, 20, 0xEF, NULL), 5); /* length */
	assert_int_equal(ask_data(c3, 0x03, 1, block, 0x400), 6); /* sequence */
	assert_int_equal(ask_data(c3, 0x03, 0, block, 0x400), 0);
	assert_int_equal(ASK(c3, 0x05, NULL, 0x1000, 1, 0x1800, 0x42000000), 6);
	assert_int_equal(ASK(c3, 0x06, NULL, 1, 0), 6);
	assert_int_equal(ASK(c3, 0x13, NULL, 0x3FFFFF, 2, 0, 0), 9);
	assert_int_equal(ASK(c3, 0x0F, NULL, 10, 0), 6);
	c3_assert_no_fault(c3);
	c3_close(c3);
}

static void test_run_from_ram(void **state)
{
	struct c3 *c3 = open_synced();

	(void)state;
	assert_int_equal(ASK(c3, 0x05, NULL, sizeof(program_idle), 1, 0x1800, C3_CODE), 0);
	assert_int_equal(ask_data(c3, 0x07, 0, (const uint8_t *)program_idle, sizeof(program_idle)),
			 0);
	assert_int_equal(ASK(c3, 0x06, NULL, 0, C3_CODE), 0);
	c3_run(c3, 2 * C3_MS);
	assert_int_equal(c3_part(c3)->mode, ESP32C3_MODE_RUN);
	assert_true(chip_counts(c3->chip)->instructions > 1000);
	c3_run(c3, 3000 * C3_MS);
	assert_int_equal(c3_part(c3)->mode, ESP32C3_MODE_RUN);
	c3_assert_no_fault(c3);
	c3_close(c3);
}

/* Flashed through the loader, then started by EN. */
static void test_flash_and_boot(void **state)
{
	struct c3 *c3 = open_attached();
	uint8_t image[0x400];
	size_t bytes;

	(void)state;
	memset(image, 0xFF, sizeof(image));
	bytes = c3_image(image, C3_CODE, program_idle, sizeof(program_idle), C3_CODE);
	assert_true(bytes < sizeof(image));
	assert_int_equal(ASK(c3, 0x02, NULL, (uint32_t)bytes, 1, 0x400, 0, 0), 0);
	assert_int_equal(ask_data(c3, 0x03, 0, image, sizeof(image)), 0);
	chip_set_boot0(c3->chip, false);
	chip_set_nrst(c3->chip, false);
	c3_run(c3, 100 * C3_MS);
	c3->text_count = 0;
	chip_set_nrst(c3->chip, true);
	c3_run(c3, 30 * C3_MS);
	assert_non_null(strstr(c3->text, "entry 0x40380000\r\n"));
	assert_int_equal(c3_part(c3)->mode, ESP32C3_MODE_RUN);
	c3_close(c3);
}

/* FLASH_END with 0 resets; the pins are not looked at again, so it is the loader once more. */
static void test_reboot(void **state)
{
	struct c3 *c3 = open_attached();
	size_t at = 0;

	(void)state;
	assert_int_equal(ASK(c3, 0x04, NULL, 0), 0);
	c3_run(c3, 30 * C3_MS);
	while (at < c3->text_count && c3->text[at] != 'E') /* past the binary answer */
		at++;
	assert_non_null(strstr(c3->text + at, "rst:0x3 (RTC_SW_SYS_RST),boot:0x4"));
	c3_close(c3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_md5),
		cmocka_unit_test(test_banner),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_autobaud_and_change),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_flash),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_run_from_ram),
		cmocka_unit_test(test_flash_and_boot),
		cmocka_unit_test(test_reboot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
