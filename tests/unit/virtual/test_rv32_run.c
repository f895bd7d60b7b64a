/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs of the RV32 core against the same instructions one by one: random programs with loops,
 * memory behind the cache, misaligned and register accesses, exceptions, interrupts, divisions,
 * counted events and code that writes code. Two cores get the same program and the same limits; one
 * of them is stopped at every cycle, where it executes everything alone. All they count and all the
 * world sees of them has to be equal.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/cores/rv32_core.h"

#define CODE_BASE   0x40380000u /* RAM, seen at two addresses */
#define ALIAS_BASE  0x3fc80000u
#define CODE_BYTES  0x8000u
#define FLASH_BASE  0x42000000u
#define FLASH_BYTES 0x10000u
#define REGISTERS   0x60000000u
#define CLEAR       0x100u /* a store here clears the interrupt */
#define RAISE       0x140u /* and here it raises one */
#define HANDLER     0x400u
#define PROGRAM     0x800u
#define PROGRAMS    150
#define SLICES      60

struct world {
	struct rv32 *core;
	uint8_t ram[CODE_BYTES], flash[FLASH_BYTES];
	uint64_t seen; /* of all register accesses: address, value, cycle, program counter */
};

static uint64_t random_state;

static uint32_t next_random(uint32_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)(random_state * 0x2545f4914f6cdd1du >> 32) % below;
}

static void see(struct world *w, uint64_t value)
{
	w->seen = (w->seen ^ value) * 0x100000001b3u + 1;
}

static void see_access(struct world *w, uint32_t address, uint32_t value)
{
	const struct core_counts *counts = rv32_counts(w->core);

	see(w, address);
	see(w, value);
	see(w, rv32_now(w->core));
	see(w, rv32_pc(w->core));
	see(w, counts->instructions);
	see(w, counts->toggled_bits);
	see(w, counts->flash_stalls + counts->flash_fetch_stalls);
}

static bool on_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	struct world *w = context;

	if (address - REGISTERS >= 0x1000)
		return false;
	*ret_value = (uint32_t)rv32_now(w->core) * 2654435761u >> (32 - 8 * size);
	see_access(w, address, *ret_value);
	return true;
}

static bool on_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct world *w = context;
	uint32_t offset = address - REGISTERS;

	if (offset >= 0x1000)
		return false;
	see_access(w, address, value + size);
	if ((offset & ~0x3fu) == CLEAR)
		rv32_set_interrupt(w->core, 0);
	else if ((offset & ~0x3fu) == RAISE)
		rv32_set_interrupt(w->core, 1 + (value & 15));
	else if (offset < 0x20)
		rv32_request_stop(w->core);
	return true;
}

/* ---- programs: x5..x15 are values, x16 RAM, x17 flash, x18 registers, x19 counts loops ---- */

static uint32_t value_register(void)
{
	return 5 + next_random(11);
}

static uint32_t base_register(void)
{
	uint32_t kind = next_random(16);

	return kind < 8 ? 16 : kind < 15 ? 17 : 18;
}

static uint32_t random_compute(void)
{
	static const uint32_t frames[] = {0x33,       0x33,       0x02000033, 0x02000033,
					  0x40000033, 0x02005033, 0x13,       0x13};
	uint32_t frame = frames[next_random(8)], code = frame | value_register() << 7;

	code |= value_register() << 15 | value_register() << 20;
	if (frame == 0x33)
		return code | next_random(8) << 12;
	if (frame == 0x02000033)
		return code | next_random(next_random(4) ? 1 : 8) << 12;
	return frame == 0x13 ? code | next_random(32) << 25 | (next_random(2) ? 0 : 7 << 12) : code;
}

static uint32_t random_load(void)
{
	static const uint32_t widths[] = {0, 0, 0, 1, 2, 2, 4, 5};
	uint32_t offset = next_random(8) ? next_random(512) & ~3u : next_random(2048);

	return 0x03 | value_register() << 7 | widths[next_random(8)] << 12 | base_register() << 15 |
	       offset << 20;
}

static uint32_t random_store(void)
{
	uint32_t offset = next_random(8) ? next_random(512) & ~3u : next_random(2048);

	return 0x23 | (offset & 31) << 7 | next_random(3) << 12 | base_register() << 15 |
	       value_register() << 20 | offset >> 5 << 25;
}

static uint32_t branch_to(int32_t distance, uint32_t funct3, uint32_t rs1, uint32_t rs2)
{
	uint32_t d = (uint32_t)distance;

	return 0x63 | (d >> 11 & 1) << 7 | (d >> 1 & 15) << 8 | funct3 << 12 | rs1 << 15 |
	       rs2 << 20 | (d >> 5 & 63) << 25 | (d >> 12 & 1) << 31;
}

static uint32_t random_other(void)
{
	static const uint32_t codes[] = {
		0x7e202573, /* csrr a0, mpccr */
		0x7e059073, /* csrw mpcer, a1 */
		0x00000073, /* ecall */
		0x00000000, /* illegal */
		0x0000000f, /* fence */
		0x30045073, /* csrwi mstatus, 8 */
	};

	return codes[next_random(sizeof(codes) / sizeof(codes[0]))];
}

static uint32_t random_code(uint32_t at)
{
	static const uint32_t relations[] = {0, 1, 4, 5, 6, 7};
	uint32_t kind = next_random(100);

	if (kind < 30)
		return random_load();
	if (kind < 70)
		return random_compute();
	if (kind < 82)
		return random_store();
	if (kind < 88)
		return branch_to(4 * (1 + (int32_t)next_random(8)), relations[next_random(6)],
				 value_register(), value_register());
	if (kind < 97) /* c.add and c.addi */
		return (0x9002u | value_register() << 7 | value_register() << 2) |
		       (0x0001u | value_register() << 7 | (1 + next_random(31)) << 2) << 16;
	return at % 3 ? 0x13 : random_other();
}

/* `bytes` of straight code with branches, in a loop of some rounds, then back to the start. */
static void write_program(uint8_t *to, uint32_t bytes)
{
	uint32_t code, at = 0;

	for (; at < bytes; at += 4) {
		code = random_code(at);
		memcpy(to + at, &code, 4);
	}
	for (unsigned i = 0; i < 8; i++, at += 4)
		memcpy(to + at, &(uint32_t){0x13}, 4); /* where branches land */
	code = 0xfff98993;                             /* addi s3, s3, -1 */
	memcpy(to + at, &code, 4);
	code = branch_to(-(int32_t)at - 4, 1, 19, 0);
	memcpy(to + at + 4, &code, 4);
	code = 0x00000073; /* ecall, which comes back */
	memcpy(to + at + 8, &code, 4);
	code = 0x01400993; /* li s3, 20 */
	memcpy(to + at + 12, &code, 4);
	code = branch_to(-(int32_t)at - 16, 0, 0, 0);
	memcpy(to + at + 16, &code, 4);
}

/* Exceptions skip four bytes, interrupts are cleared. */
static void write_handlers(uint8_t *ram)
{
	static const uint32_t skip[] = {0x34102f73, 0x004f0f13, 0x341f1073, 0x30200073};
	static const uint32_t clear[] = {0x10092023 /* sw zero, CLEAR(s2) */, 0x30200073};
	uint32_t jump = 0x0000006f | (HANDLER - 0x100) << 20; /* from 0x100: below 2 KiB */

	memcpy(ram + HANDLER, skip, sizeof(skip));
	memcpy(ram + HANDLER + 0x20, clear, sizeof(clear));
	memcpy(ram + 0x100, &jump, 4);
	for (uint32_t i = 1; i < 32; i++) {
		jump = 0x0000006f | (HANDLER + 0x20 - 0x100 - 4 * i) << 20;
		memcpy(ram + 0x100 + 4 * i, &jump, 4);
	}
}

static void open_world(struct world *w, const struct world *from, bool in_flash)
{
	const struct rv32_bus bus = {.context = w, .read = on_read, .write = on_write};

	*w = *from;
	w->core = rv32_new(&bus);
	assert_non_null(w->core);
	rv32_map(w->core, CODE_BASE, CODE_BYTES, w->ram, RV32_MEMORY_RAM);
	rv32_map(w->core, ALIAS_BASE, CODE_BYTES, w->ram, RV32_MEMORY_RAM);
	rv32_map(w->core, FLASH_BASE, FLASH_BYTES, w->flash, RV32_MEMORY_CACHED);
	rv32_set_flash(w->core, 23);
	rv32_reset(w->core, in_flash ? FLASH_BASE : CODE_BASE + PROGRAM);
	w->core->mtvec = CODE_BASE + 0x100;
	w->core->mstatus = RV32_MSTATUS_MPP | RV32_MSTATUS_MIE;
}

static void set_registers(struct world *w, const uint32_t *values)
{
	for (unsigned i = 5; i < 16; i++)
		rv32_set_register(w->core, i, values[i]);
	rv32_set_register(w->core, 16, values[16]);
	rv32_set_register(w->core, 17, FLASH_BASE + values[17]);
	rv32_set_register(w->core, 18, REGISTERS);
	rv32_set_register(w->core, 19, 20);
}

static void assert_same(const struct world *a, const struct world *b)
{
	const struct core_counts *counts = rv32_counts(a->core);

	assert_memory_equal(counts, rv32_counts(b->core), sizeof(*counts));
	for (unsigned i = 0; i <= RV32_PC; i++)
		assert_int_equal(rv32_register(a->core, i), rv32_register(b->core, i));
	assert_int_equal(rv32_now(a->core), rv32_now(b->core));
	assert_int_equal(rv32_event_count(a->core), rv32_event_count(b->core));
	assert_true(a->seen == b->seen);
	assert_string_equal(rv32_fault_text(a->core), rv32_fault_text(b->core));
	assert_int_equal(a->core->mepc, b->core->mepc);
	assert_int_equal(a->core->mcause, b->core->mcause);
	assert_int_equal(a->core->mstatus, b->core->mstatus);
	assert_memory_equal(a->ram, b->ram, CODE_BYTES);
}

/* Up to the limit, or as often as the program asks to stop. */
static void run_whole(struct world *w, uint64_t limit)
{
	while (rv32_now(w->core) < limit && rv32_run(w->core, limit) == RV32_STOP_REQUEST)
		see(w, rv32_now(w->core));
}

static void run_by_cycles(struct world *w, uint64_t limit)
{
	enum rv32_stop stop = RV32_STOP_LIMIT;

	while (rv32_now(w->core) < limit &&
	       (stop == RV32_STOP_LIMIT || stop == RV32_STOP_REQUEST)) {
		stop = rv32_run(w->core, rv32_now(w->core) + 1);
		if (stop == RV32_STOP_REQUEST)
			see(w, rv32_now(w->core));
	}
}

static void test_programs(void **state)
{
	static struct world image, whole, by_cycles;
	uint32_t values[32];

	(void)state;
	for (unsigned program = 0; program < PROGRAMS; program++) {
		random_state = 0x9e3779b97f4a7c15u * (program + 1);
		memset(&image, 0, sizeof(image));
		for (uint32_t i = 0; i < FLASH_BYTES; i++)
			image.flash[i] = (uint8_t)next_random(256);
		write_handlers(image.ram);
		write_program(image.ram + PROGRAM, 64 + 4 * next_random(200));
		write_program(image.flash, 64 + 4 * next_random(200));
		for (unsigned i = 0; i < 32; i++)
			values[i] = next_random(4) ? next_random(1000) : next_random(~0u);
		/* Data beside the code, behind it, or in it. */
		values[16] = next_random(4) ? ALIAS_BASE + 0x4000 + 32 * next_random(8)
					    : ALIAS_BASE + PROGRAM + 4 * next_random(64);
		values[17] = 0x1000 + 4 * next_random(4096);
		open_world(&whole, &image, program & 1);
		open_world(&by_cycles, &image, program & 1);
		set_registers(&whole, values);
		set_registers(&by_cycles, values);
		for (unsigned slice = 0; slice < SLICES; slice++) {
			uint64_t limit = rv32_now(whole.core) + 1 + next_random(2000);
			unsigned interrupt = next_random(3) ? 0 : 1 + next_random(31);

			run_whole(&whole, limit);
			run_by_cycles(&by_cycles, limit);
			assert_same(&whole, &by_cycles);
			rv32_set_interrupt(whole.core, interrupt);
			rv32_set_interrupt(by_cycles.core, interrupt);
			if (slice % 16 == 15) {
				rv32_cache_invalidate(whole.core);
				rv32_cache_invalidate(by_cycles.core);
			}
		}
		if (getenv("TEST_RV32_RUN_PRINT"))
			printf("%u %llx %llu %llu\n", program, (unsigned long long)whole.seen,
			       (unsigned long long)rv32_counts(whole.core)->instructions,
			       (unsigned long long)rv32_counts(whole.core)->exceptions);
		rv32_free(whole.core);
		rv32_free(by_cycles.core);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
