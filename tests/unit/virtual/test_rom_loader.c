/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The bootloader's protocol machine on a small memory of its own: a whole session byte by byte
 * against AN3155's frames, times, and what must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rigs/virtual/chips/rom_loader.h"

#define US         INT64_C(1000000)
#define MS         (1000 * US)
#define S          (1000 * MS)
#define FLASH_BASE 0x08000000u
#define RAM_BASE   0x20003000u
#define PAGE_BYTES 64u
#define PAGES      8u /* two banks of four */
#define ACK        0x79
#define NACK       0x1F

struct fixture {
	struct rom_loader loader;
	uint8_t flash[PAGES * PAGE_BYTES], ram[256];
	uint8_t sent[512];
	int64_t sent_ps[512];
	size_t sent_count;
	uint32_t went_to;
	int64_t now_ps;
	struct chip_uart_format format;
};

static enum rom_loader_area area(void *context, uint32_t address, size_t bytes)
{
	(void)context;
	if (address >= FLASH_BASE && address - FLASH_BASE + bytes <= PAGES * PAGE_BYTES)
		return ROM_LOADER_AREA_FLASH;
	if (address >= RAM_BASE && address - RAM_BASE + bytes <= 256)
		return ROM_LOADER_AREA_RAM;
	return ROM_LOADER_AREA_NONE;
}

static uint8_t *at(struct fixture *f, uint32_t address)
{
	return address >= RAM_BASE ? f->ram + (address - RAM_BASE)
				   : f->flash + (address - FLASH_BASE);
}

static void read_memory(void *context, uint32_t address, uint8_t *ret_bytes, size_t bytes)
{
	memcpy(ret_bytes, at(context, address), bytes);
}

static void write_ram(void *context, uint32_t address, const uint8_t *bytes, size_t count)
{
	memcpy(at(context, address), bytes, count);
}

static bool program(void *context, uint32_t address, const uint8_t *bytes)
{
	uint8_t *here = at(context, address);

	for (size_t i = 0; i < 8; i++) {
		if (here[i] != 0xFF)
			return false;
	}
	memcpy(here, bytes, 8);
	return true;
}

static void erase_page(void *context, unsigned page)
{
	struct fixture *f = context;

	assert_true(page < PAGES);
	memset(f->flash + page * PAGE_BYTES, 0xFF, PAGE_BYTES);
}

static void send(void *context, uint8_t byte, const struct chip_uart_format *format, int64_t t_ps)
{
	struct fixture *f = context;

	assert_true(f->sent_count < sizeof(f->sent));
	assert_int_equal(format->parity, CHIP_PARITY_EVEN);
	assert_int_equal(format->baud, f->format.baud);
	f->sent_ps[f->sent_count] = t_ps;
	f->sent[f->sent_count++] = byte;
}

static void go(void *context, uint32_t address)
{
	((struct fixture *)context)->went_to = address;
}

static void run(struct fixture *f, int64_t duration_ps)
{
	f->now_ps += duration_ps;
	rom_loader_step(&f->loader, f->now_ps);
}

static void setup(struct fixture *f)
{
	const struct rom_loader_target target = {
		.context = f,
		.version = 0x31,
		.product_id = 0x470,
		.page_count = PAGES,
		.bank_count = 2,
		.program_bytes = 8,
		.program_ps = 82 * US,
		.page_erase_ps = 22 * MS,
		.boot_ps = 4 * MS,
		.area = area,
		.read = read_memory,
		.write_ram = write_ram,
		.program = program,
		.erase_page = erase_page,
		.send = send,
		.go = go,
	};

	memset(f, 0, sizeof(*f));
	f->format = (struct chip_uart_format){115200, CHIP_PARITY_EVEN};
	rom_loader_init(&f->loader, &target);
	rom_loader_start(&f->loader, 0);
}

static void put(struct fixture *f, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		run(f, 100 * US); /* about a byte at 115200 8E1 */
		rom_loader_rx(&f->loader, bytes[i], &f->format, f->now_ps);
	}
}

/* Lets duration pass and compares all that was sent. */
static void expect(struct fixture *f, int64_t duration_ps, const uint8_t *bytes, size_t count)
{
	run(f, duration_ps);
	assert_int_equal(f->sent_count, count);
	assert_memory_equal(f->sent, bytes, count);
	f->sent_count = 0;
}

#define PUT(f, ...) put(f, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define EXPECT(f, ...)                                                                             \
	expect(f, 50 * MS, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void expect_silence(struct fixture *f, int64_t duration_ps)
{
	run(f, duration_ps);
	assert_int_equal(f->sent_count, 0);
}

static void synchronise(struct fixture *f)
{
	run(f, 5 * MS);
	PUT(f, 0x7F);
	EXPECT(f, ACK);
}

static void test_sync(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	PUT(&f, 0x7F); /* not listening yet */
	expect_silence(&f, 10 * MS);
	PUT(&f, 0x00);
	expect_silence(&f, 10 * MS);
	f.format.parity = CHIP_PARITY_NONE;
	PUT(&f, 0x7F);
	expect_silence(&f, 10 * MS);
	f.format = (struct chip_uart_format){230400, CHIP_PARITY_EVEN};
	PUT(&f, 0x7F);
	expect_silence(&f, 10 * MS);
	f.format.baud = 57600;
	PUT(&f, 0x7F);
	EXPECT(&f, ACK);
	PUT(&f, 0x7F); /* half a command now */
	expect_silence(&f, 10 * MS);
	PUT(&f, 0x7F);
	EXPECT(&f, NACK);
}

static void test_pace(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	f.format.baud = 9600;
	synchronise(&f);
	PUT(&f, 0x02, 0xFD);
	run(&f, 50 * MS);
	assert_int_equal(f.sent_count, 5);
	for (size_t i = 1; i < 5; i++) /* 11 bits */
		assert_int_equal((f.sent_ps[i] - f.sent_ps[i - 1]) / US, 1145);
}

static void test_information(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	synchronise(&f);
	PUT(&f, 0x00, 0xFF);
	EXPECT(&f, ACK, 11, 0x31, 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92,
	       ACK);
	PUT(&f, 0x01, 0xFE);
	EXPECT(&f, ACK, 0x31, 0, 0, ACK);
	PUT(&f, 0x02, 0xFD);
	EXPECT(&f, ACK, 1, 0x04, 0x70, ACK);
}

static void address(struct fixture *f, uint8_t command, uint32_t address, uint8_t answer)
{
	uint8_t frame[5] = {(uint8_t)(address >> 24), (uint8_t)(address >> 16),
			    (uint8_t)(address >> 8), (uint8_t)address};

	frame[4] = frame[0] ^ frame[1] ^ frame[2] ^ frame[3];
	PUT(f, command, (uint8_t)~command);
	EXPECT(f, ACK);
	put(f, frame, 5);
	EXPECT(f, answer);
}

static void test_session(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	memset(f.flash, 0xA5, sizeof(f.flash));
	synchronise(&f);
	PUT(&f, 0x44, 0xBB);
	EXPECT(&f, ACK);
	PUT(&f, 0x00, 0x01, 0x00, 0x01, 0x00, 0x05, 0x05);
	expect_silence(&f, 43 * MS); /* two pages of 22 ms */
	assert_int_equal(f.flash[PAGE_BYTES], 0xFF);
	assert_int_equal(f.flash[5 * PAGE_BYTES], 0xA5);
	assert_true(rom_loader_is_busy(&f.loader));
	EXPECT(&f, ACK);
	assert_int_equal(f.flash[5 * PAGE_BYTES], 0xFF);
	assert_int_equal(f.flash[PAGE_BYTES - 1], 0xA5);
	assert_int_equal(f.flash[2 * PAGE_BYTES], 0xA5);

	address(&f, 0x31, FLASH_BASE + PAGE_BYTES, ACK);
	PUT(&f, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 11 ^ 12);
	EXPECT(&f, ACK); /* the second half of a piece is padded */
	assert_memory_equal(f.flash + PAGE_BYTES,
			    ((uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xFF, 0xFF}), 14);

	address(&f, 0x11, FLASH_BASE + PAGE_BYTES, ACK);
	PUT(&f, 3, 0xFC);
	EXPECT(&f, ACK, 1, 2, 3, 4);

	address(&f, 0x31, RAM_BASE, ACK);
	PUT(&f, 3, 9, 8, 7, 6, 3 ^ 9 ^ 8 ^ 7 ^ 6);
	EXPECT(&f, ACK);
	assert_int_equal(f.ram[2], 7);

	address(&f, 0x21, FLASH_BASE + PAGE_BYTES, ACK);
	assert_int_equal(f.went_to, FLASH_BASE + PAGE_BYTES);
	assert_true(rom_loader_next_ps(&f.loader) == ROM_LOADER_NEVER_PS);
}

static void test_program_time(void **state)
{
	struct fixture f;
	uint8_t block[258];

	(void)state;
	setup(&f);
	memset(f.flash, 0xFF, sizeof(f.flash));
	synchronise(&f);
	address(&f, 0x31, FLASH_BASE, ACK);
	memset(block, 0, sizeof(block));
	block[0] = block[257] = 255;
	put(&f, block, 258);
	expect_silence(&f, 32 * 82 * US); /* 32 double words */
	EXPECT(&f, ACK);
	assert_int_equal(f.flash[255], 0);
	assert_int_equal(f.flash[256], 0xFF);
}

static void test_special_erase(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	synchronise(&f);
	PUT(&f, 0x44, 0xBB);
	EXPECT(&f, ACK);
	PUT(&f, 0xFF, 0xFD, 0x02); /* bank 2 */
	EXPECT(&f, ACK);
	assert_int_equal(f.flash[4 * PAGE_BYTES - 1], 0);
	assert_int_equal(f.flash[4 * PAGE_BYTES], 0xFF);
	PUT(&f, 0x44, 0xBB);
	EXPECT(&f, ACK);
	PUT(&f, 0xFF, 0xFF, 0x00);
	EXPECT(&f, ACK);
	assert_int_equal(f.flash[0], 0xFF);
}

static void refuse(const uint8_t *frame, size_t count)
{
	struct fixture f;

	setup(&f);
	memset(f.flash, 0xA5, sizeof(f.flash));
	synchronise(&f);
	put(&f, frame, 2);
	EXPECT(&f, ACK);
	put(&f, frame + 2, count - 2);
	EXPECT(&f, NACK);
	for (size_t i = 0; i < sizeof(f.flash); i++)
		assert_int_equal(f.flash[i], 0xA5);
	PUT(&f, 0x02, 0xFD); /* still there */
	EXPECT(&f, ACK, 1, 0x04, 0x70, ACK);
}

#define REFUSE(...) refuse((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void test_malformed(void **state)
{
	(void)state;
	REFUSE(0x11, 0xEE, 0x08, 0x00, 0x00, 0x00, 0x09); /* address sum */
	REFUSE(0x11, 0xEE, 0x10, 0x00, 0x00, 0x00, 0x10); /* not memory */
	REFUSE(0x31, 0xCE, 0x08, 0x00, 0x00, 0x04, 0x0C); /* half a double word */
	REFUSE(0x31, 0xCE, 0x08, 0x00, 0x02, 0x00, 0x0A); /* behind the flash */
	REFUSE(0x21, 0xDE, 0x00, 0x00, 0x00, 0x01, 0x01); /* GO to nowhere */
	REFUSE(0x44, 0xBB, 0x00, 0x00, 0x00, 0x00, 0x01); /* list sum */
	REFUSE(0x44, 0xBB, 0x00, 0x00, 0x00, 0x08, 0x08); /* no such page */
	REFUSE(0x44, 0xBB, 0x00, 0x08);                   /* more pages than there are */
	REFUSE(0x44, 0xBB, 0xFF, 0xFC, 0x03);             /* no such special */
	REFUSE(0x44, 0xBB, 0xFF, 0xFF, 0x01);             /* special sum */
}

static void test_malformed_data(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	synchronise(&f);
	address(&f, 0x31, RAM_BASE, ACK);
	PUT(&f, 3, 1, 2, 3, 4, 0); /* sum */
	EXPECT(&f, NACK);
	address(&f, 0x31, RAM_BASE, ACK);
	PUT(&f, 1, 1, 2, 1 ^ 1 ^ 2); /* not whole words */
	EXPECT(&f, NACK);
	assert_int_equal(f.ram[0], 0);
	address(&f, 0x31, FLASH_BASE, ACK); /* not erased */
	PUT(&f, 3, 1, 2, 3, 4, 3 ^ 1 ^ 2 ^ 3 ^ 4);
	EXPECT(&f, NACK);
	address(&f, 0x31, RAM_BASE + 252, ACK); /* runs over the end */
	PUT(&f, 7, 0, 0, 0, 0, 0, 0, 0, 0, 7);
	EXPECT(&f, NACK);
	address(&f, 0x11, RAM_BASE + 255, ACK);
	PUT(&f, 1, 0xFE);
	EXPECT(&f, NACK);
	address(&f, 0x11, RAM_BASE, ACK);
	PUT(&f, 1, 0xFF); /* complement */
	EXPECT(&f, NACK);
}

static void test_refused_commands(void **state)
{
	static const uint8_t codes[] = {0x63, 0x73, 0x82, 0x92, 0x43, 0xA1, 0x33};
	struct fixture f;

	(void)state;
	setup(&f);
	synchronise(&f);
	for (size_t i = 0; i < sizeof(codes); i++) {
		PUT(&f, codes[i], (uint8_t)~codes[i]);
		EXPECT(&f, NACK);
	}
	PUT(&f, 0x02, 0xFC);
	EXPECT(&f, NACK);
}

/* It knows no time-out: a host that lost a byte fills up until it is refused. */
static void test_half_a_command_waits(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	synchronise(&f);
	PUT(&f, 0x11, 0xEE);
	EXPECT(&f, ACK);
	PUT(&f, 0x08, 0x00);
	expect_silence(&f, 2 * S);
	PUT(&f, 0xFF, 0xFF, 0xFF);
	EXPECT(&f, NACK);
	PUT(&f, 0x02, 0xFD);
	EXPECT(&f, ACK, 1, 0x04, 0x70, ACK);
}

static void test_noise_after_sync(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	synchronise(&f);
	f.format.parity = CHIP_PARITY_NONE;
	PUT(&f, 0x02, 0xFD);
	expect_silence(&f, 10 * MS);
	f.format = (struct chip_uart_format){57600, CHIP_PARITY_EVEN};
	PUT(&f, 0x02, 0xFD);
	expect_silence(&f, 10 * MS);
	f.format.baud = 115200;
	PUT(&f, 0x02, 0xFD);
	EXPECT(&f, ACK, 1, 0x04, 0x70, ACK);
}

/* Nothing that a host sends ends in a hang or outside of a buffer. */
/* As a host does that has lost count; the longest input is a list of pages to erase. */
static void fill_until_refused(struct fixture *f)
{
	for (int i = 0; i < ROM_LOADER_INPUT_MAX + 2; i++) {
		f->sent_count = 0;
		PUT(f, 0xFF);
		run(f, 3 * MS);
		if (f->sent_count > 0 && f->sent[f->sent_count - 1] == NACK)
			break;
	}
	assert_true(f->sent_count > 0);
	f->sent_count = 0;
}

static void test_random_bytes(void **state)
{
	uint32_t random = 12345;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct fixture f;

		setup(&f);
		synchronise(&f);
		for (int i = 0; i < 400 && f.went_to == 0; i++) {
			uint8_t byte;

			random = random * 1664525 + 1013904223;
			byte = (uint8_t)(random >> 24);
			PUT(&f, byte);
			if (random & 0x1000)
				PUT(&f, (uint8_t)~byte);
			f.sent_count = 0;
		}
		if (f.went_to)
			continue;
		run(&f, 3 * S);
		fill_until_refused(&f);
		PUT(&f, 0x02, 0xFD);
		EXPECT(&f, ACK, 1, 0x04, 0x70, ACK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sync),
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_information),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_program_time),
		cmocka_unit_test(test_special_erase),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_malformed_data),
		cmocka_unit_test(test_refused_commands),
		cmocka_unit_test(test_half_a_command_waits),
		cmocka_unit_test(test_noise_after_sync),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
