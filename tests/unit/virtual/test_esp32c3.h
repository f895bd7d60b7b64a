/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the tests of the virtual ESP32-C3 share: a powered chip with an image in flash, a record of
 * its callbacks, register accesses through the seam that the core uses, and small programs
 * (assembled for 0x40380000; each begins by switching the three watchdogs off).
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_ESP32C3_H
#define TESTS_UNIT_VIRTUAL_TEST_ESP32C3_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rigs/virtual/chips/esp32c3.h"

#define C3_US   INT64_C(1000000)
#define C3_MS   (1000 * C3_US)
#define C3_CODE 0x40380000u

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Stands. */
static const uint32_t program_idle[] = {
	0x600082B7, 0x50D84337, 0xAA130313, 0x0A62A423, 0x0802A823, 0x8F1D3337, 0x12A30313,
	0x0A62A823, 0x40000337, 0x0A62A623, 0x6001F2B7, 0x0402A423, 0x0000A001,
};

struct c3_edge {
	unsigned line;
	bool level;
	int64_t t_ps;
	uint64_t cycles;
};

struct c3 {
	struct chip *chip;
	char text[16384]; /* what the UART sent */
	int64_t text_ps[16384];
	size_t text_count;
	struct chip_uart_format format; /* of the latest byte */
	struct c3_edge edges[64];
	size_t edge_count;
	char fault[512];
	unsigned fault_count;
	struct chip_activity activity;
};

static inline void c3_on_byte(void *context, uint8_t byte, const struct chip_uart_format *format,
			      int64_t t_ps)
{
	struct c3 *c3 = context;

	assert_true(c3->text_count < sizeof(c3->text) - 1);
	c3->text_ps[c3->text_count] = t_ps;
	c3->text[c3->text_count++] = (char)byte;
	c3->text[c3->text_count] = '\0';
	c3->format = *format;
}

static inline void c3_on_marker(void *context, unsigned line, bool level, int64_t t_ps,
				uint64_t cycles)
{
	struct c3 *c3 = context;

	if (c3->edge_count < COUNT(c3->edges))
		c3->edges[c3->edge_count++] = (struct c3_edge){line, level, t_ps, cycles};
}

static inline void c3_on_fault(void *context, const char *sentence, int64_t t_ps)
{
	struct c3 *c3 = context;

	(void)t_ps;
	c3->fault_count++;
	snprintf(c3->fault, sizeof(c3->fault), "%s", sentence);
}

static inline struct esp32c3 *c3_part(struct c3 *c3)
{
	return esp32c3_of(c3->chip);
}

static inline void c3_run(struct c3 *c3, int64_t duration_ps)
{
	chip_run(c3->chip, chip_now_ps(c3->chip) + duration_ps, &c3->activity);
}

/* A chip without power. */
static inline struct c3 *c3_open(uint64_t seed)
{
	struct c3 *c3 = calloc(1, sizeof(*c3));
	const struct chip_callbacks callbacks = {c3, c3_on_byte, c3_on_marker, c3_on_fault};
	const struct chip_config config = {"esp32c3", seed, &callbacks};
	struct verr err;

	assert_non_null(c3);
	assert_int_equal(chip_new(&config, &c3->chip, &err), 0);
	return c3;
}

static inline void c3_close(struct c3 *c3)
{
	chip_free(c3->chip);
	free(c3);
}

static inline void c3_store(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* An image of one segment, its checksum in place. Returns its size. */
static inline size_t c3_image(uint8_t *image, uint32_t address, const void *bytes, size_t count,
			      uint32_t entry)
{
	size_t end = (24 + 8 + count) | 15;
	uint8_t checksum = 0xEF;

	memset(image, 0, end + 1);
	memcpy(image, "\xE9\x01\x02\x2F", 4); /* one segment, DIO, 4 MB at the whole clock */
	c3_store(image + 4, entry);
	image[8] = 0xEE;
	image[12] = 5; /* chip id */
	c3_store(image + 24, address);
	c3_store(image + 28, (uint32_t)count);
	memcpy(image + 32, bytes, count);
	for (size_t i = 0; i < count; i++)
		checksum ^= image[32 + i];
	image[end] = checksum;
	return end + 1;
}

/* Boots a program of words from flash. */
static inline struct c3 *c3_start(const uint32_t *program, size_t count)
{
	struct c3 *c3 = c3_open(3);

	c3_image(c3_part(c3)->flash, C3_CODE, program, 4 * count, C3_CODE);
	chip_set_supply(c3->chip, 3.3);
	c3_run(c3, 30 * C3_MS);
	assert_string_equal(chip_fault(c3->chip), "");
	return c3;
}

/* A chip whose program stands: the test plays the firmware. */
static inline struct c3 *c3_idle(void)
{
	return c3_start(program_idle, COUNT(program_idle));
}

static inline uint32_t c3_peek(struct c3 *c3, uint32_t address)
{
	uint32_t value = 0;

	assert_true(esp32c3_read(c3_part(c3), address, 4, &value));
	return value;
}

static inline void c3_poke(struct c3 *c3, uint32_t address, uint32_t value)
{
	assert_true(esp32c3_write(c3_part(c3), address, 4, value));
}

static inline void c3_change(struct c3 *c3, uint32_t address, uint32_t clear, uint32_t set)
{
	c3_poke(c3, address, (c3_peek(c3, address) & ~clear) | set);
}

static inline void c3_assert_no_fault(const struct c3 *c3)
{
	assert_string_equal(c3->fault, "");
}

static inline void c3_assert_fault(const struct c3 *c3, const char *part)
{
	if (!strstr(c3->fault, part))
		fail_msg("fault is '%s', expected '%s' in it", c3->fault, part);
	assert_int_equal(c3->fault_count, 1);
	assert_string_equal(c3->fault, chip_fault(c3->chip));
}

#endif
