/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small machine around the Armv7E-M core for its tests: 64 KiB of flash at 0, 64 KiB of RAM at
 * 0x20000000, and one recording peripheral at 0x40000000. Programs are half-words, assembled by
 * hand.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_ARMV7EM_H
#define TESTS_UNIT_VIRTUAL_TEST_ARMV7EM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/cores/armv7em.h"

#define MEMORY_BYTES 0x10000u
#define RAM          0x20000000u
#define STACK        (RAM + 0x8000u)
#define PERIPHERAL   0x40000000u
#define START        0x400u /* of the program, in flash */
#define HANDLER      0x800u /* of exception n: HANDLER + 0x40 * n */
#define FLAG_N       0x80000000u
#define FLAG_Z       0x40000000u
#define FLAG_C       0x20000000u
#define FLAG_V       0x10000000u
#define FLAG_Q       0x08000000u
#define FLAGS        0xf80f0000u

struct machine {
	struct armv7em *core;
	uint8_t flash[MEMORY_BYTES];
	uint8_t ram[MEMORY_BYTES];
	unsigned writes;
	uint32_t written;
	uint64_t write_cycle;
	uint64_t read_cycle;
	uint32_t write_pc;
	bool stop_on_write;
};

static bool machine_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	struct machine *m = context;

	(void)size;
	if (address >> 12 != PERIPHERAL >> 12)
		return false;
	m->read_cycle = armv7em_now(m->core);
	*ret_value = 0x12345678;
	return true;
}

static bool machine_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct machine *m = context;

	(void)size;
	if (address >> 12 != PERIPHERAL >> 12)
		return false;
	m->writes++;
	m->written = value;
	m->write_cycle = armv7em_now(m->core);
	m->write_pc = armv7em_pc(m->core);
	if (m->stop_on_write)
		armv7em_request_stop(m->core);
	return true;
}

static inline uint32_t handler_address(unsigned exception)
{
	return HANDLER + 0x40 * exception;
}

static inline void machine_put(uint8_t *memory, uint32_t offset, const uint16_t *code, size_t count)
{
	memcpy(memory + offset, code, count * sizeof(code[0]));
}

/* Words as the firmware and the tests see them. */
static inline void machine_poke(struct machine *m, uint32_t address, uint32_t value)
{
	uint8_t *memory = address >= RAM ? m->ram : m->flash;

	memcpy(memory + (address & 0xffff), &value, 4);
}

static inline uint32_t machine_peek(struct machine *m, uint32_t address)
{
	const uint8_t *memory = address >= RAM ? m->ram : m->flash;
	uint32_t value;

	memcpy(&value, memory + (address & 0xffff), 4);
	return value;
}

/* Vectors, `b .` in every handler, then reset. */
static inline struct machine *machine_new(void)
{
	struct machine *m = calloc(1, sizeof(*m));
	const uint16_t forever = 0xe7fe;
	struct armv7em_bus bus = {.read = machine_read, .write = machine_write};

	assert_non_null(m);
	bus.context = m;
	machine_poke(m, 0, STACK);
	machine_poke(m, 4, START | 1);
	for (unsigned n = 2; n < 16 + 16; n++) {
		machine_poke(m, 4 * n, handler_address(n) | 1);
		machine_put(m->flash, handler_address(n), &forever, 1);
	}
	machine_put(m->flash, START, &forever, 1);
	m->core = armv7em_new(&bus, ARMV7EM_M4, 16);
	assert_non_null(m->core);
	armv7em_map(m->core, 0, MEMORY_BYTES, m->flash, true);
	armv7em_map(m->core, RAM, MEMORY_BYTES, m->ram, false);
	armv7em_reset(m->core, 0);
	return m;
}

static inline void machine_free(struct machine *m)
{
	armv7em_free(m->core);
	free(m);
}

#define machine_program(m, ...)                                                                    \
	machine_put((m)->flash, START, (const uint16_t[]){__VA_ARGS__},                            \
		    sizeof((const uint16_t[]){__VA_ARGS__}) / 2)
#define machine_handler(m, exception, ...)                                                         \
	machine_put((m)->flash, handler_address(exception), (const uint16_t[]){__VA_ARGS__},       \
		    sizeof((const uint16_t[]){__VA_ARGS__}) / 2)

/* Executes one instruction after the other until `count` are counted. */
static inline void machine_step(struct machine *m, unsigned count)
{
	uint64_t target = armv7em_counts(m->core)->instructions + count;

	while (armv7em_counts(m->core)->instructions < target)
		assert_int_equal(armv7em_run(m->core, armv7em_now(m->core) + 1),
				 ARMV7EM_STOP_LIMIT);
}

static inline uint32_t reg(struct machine *m, unsigned index)
{
	return armv7em_register(m->core, index);
}

static inline void set_reg(struct machine *m, unsigned index, uint32_t value)
{
	armv7em_set_register(m->core, index, value);
}

#endif
