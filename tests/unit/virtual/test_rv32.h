/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small machine around the RV32 core for its tests: 64 KiB of RAM at 0x40380000 that is also seen
 * at 0x3fc80000 (as SRAM of the ESP32-C3), ROM at 0x40000000, 64 KiB of flash behind the cache at
 * 0x42000000 and again at 0x3c000000, and one recording peripheral at 0x60000000. Programs are
 * words, assembled by the functions below; a compressed pair is one word.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_RV32_H
#define TESTS_UNIT_VIRTUAL_TEST_RV32_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/cores/rv32.h"

#define MEMORY_BYTES 0x10000u
#define RAM          0x40380000u
#define RAM_DATA     0x3fc80000u
#define ROM          0x40000000u
#define FLASH        0x42000000u
#define FLASH_DATA   0x3c000000u
#define PERIPHERAL   0x60000000u
#define START        (RAM + 0x400u) /* of the program */
#define VECTORS      (RAM + 0x800u)
#define DATA         (RAM + 0x4000u)
#define PC           32u
#define CSR_CHIP     0x803u

enum { ZERO = 0, RA = 1, SP = 2, T0 = 5, A0 = 10, A1, A2, A3, A4, A5 };

struct machine {
	struct rv32 *core;
	uint8_t ram[MEMORY_BYTES], rom[MEMORY_BYTES], flash[MEMORY_BYTES];
	unsigned writes, write_size;
	uint32_t written, chip_csr;
	uint64_t write_cycle;
	uint32_t write_pc;
	void (*on_write)(struct machine *m);
};

static inline uint32_t i_type(uint32_t opcode, uint32_t funct3, uint32_t rd, uint32_t rs1, int imm)
{
	return (uint32_t)imm << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}

static inline uint32_t addi(uint32_t rd, uint32_t rs1, int imm)
{
	return i_type(0x13, 0, rd, rs1, imm);
}

static inline uint32_t lw(uint32_t rd, uint32_t rs1, int imm)
{
	return i_type(0x03, 2, rd, rs1, imm);
}

static inline uint32_t jalr(uint32_t rd, uint32_t rs1, int imm)
{
	return i_type(0x67, 0, rd, rs1, imm);
}

static inline uint32_t r_type(uint32_t funct7, uint32_t funct3, uint32_t rd, uint32_t rs1,
			      uint32_t rs2)
{
	return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x33;
}

static inline uint32_t store(uint32_t funct3, uint32_t rs2, uint32_t rs1, int imm)
{
	return ((uint32_t)imm >> 5 & 127) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 |
	       ((uint32_t)imm & 31) << 7 | 0x23;
}

static inline uint32_t sw(uint32_t rs2, uint32_t rs1, int imm)
{
	return store(2, rs2, rs1, imm);
}

static inline uint32_t branch(uint32_t funct3, uint32_t rs1, uint32_t rs2, int imm)
{
	uint32_t u = (uint32_t)imm;

	return (u >> 12 & 1) << 31 | (u >> 5 & 63) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 |
	       (u >> 1 & 15) << 8 | (u >> 11 & 1) << 7 | 0x63;
}

static inline uint32_t jal(uint32_t rd, int imm)
{
	uint32_t u = (uint32_t)imm;

	return (u >> 20 & 1) << 31 | (u >> 1 & 0x3ff) << 21 | (u >> 11 & 1) << 20 |
	       (u >> 12 & 255) << 12 | rd << 7 | 0x6f;
}

/* funct3: 1 CSRRW, 2 CSRRS, 3 CSRRC, 5..7 with `source` as immediate. */
static inline uint32_t csr(uint32_t funct3, uint32_t rd, uint32_t number, uint32_t source)
{
	return number << 20 | source << 15 | funct3 << 12 | rd << 7 | 0x73;
}

#define NOP                 0x00000013u
#define ECALL               0x00000073u
#define EBREAK              0x00100073u
#define MRET                0x30200073u
#define WFI                 0x10500073u
#define FENCE_I             0x0000100fu
#define HERE                jal(0, 0) /* jump to itself */
#define PAIR(first, second) ((uint32_t)(second) << 16 | (first))

static bool machine_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	(void)context;
	(void)size;
	if (address >> 12 != PERIPHERAL >> 12)
		return false;
	*ret_value = 0x12345678;
	return true;
}

static bool machine_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct machine *m = context;

	if (address >> 12 != PERIPHERAL >> 12)
		return false;
	m->writes++;
	m->written = value;
	m->write_size = size;
	m->write_cycle = rv32_now(m->core);
	m->write_pc = rv32_pc(m->core);
	if (m->on_write)
		m->on_write(m);
	return true;
}

static bool machine_csr_read(void *context, uint32_t number, uint32_t *ret_value)
{
	struct machine *m = context;

	if (number != CSR_CHIP)
		return false;
	*ret_value = m->chip_csr;
	return true;
}

static bool machine_csr_write(void *context, uint32_t number, uint32_t value)
{
	struct machine *m = context;

	if (number != CSR_CHIP)
		return false;
	m->chip_csr = value;
	return true;
}

static inline uint8_t *machine_bytes(struct machine *m, uint32_t address)
{
	uint8_t *memory = m->ram;

	if (address >> 16 == FLASH >> 16 || address >> 16 == FLASH_DATA >> 16)
		memory = m->flash;
	else if (address >> 16 == ROM >> 16)
		memory = m->rom;
	return memory + (address & 0xffff);
}

/* Words as the firmware and the tests see them. */
static inline void machine_poke(struct machine *m, uint32_t address, uint32_t value)
{
	memcpy(machine_bytes(m, address), &value, 4);
	rv32_invalidate(m->core, address, 4);
}

static inline uint32_t machine_peek(struct machine *m, uint32_t address)
{
	uint32_t value;

	memcpy(&value, machine_bytes(m, address), 4);
	return value;
}

static inline void machine_put(struct machine *m, uint32_t address, const uint32_t *code,
			       size_t count)
{
	for (size_t i = 0; i < count; i++)
		machine_poke(m, address + 4 * (uint32_t)i, code[i]);
}

#define machine_program(m, ...)                                                                    \
	machine_put((m), START, (const uint32_t[]){__VA_ARGS__},                                   \
		    sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static inline uint32_t reg(struct machine *m, unsigned index)
{
	return rv32_register(m->core, index);
}

static inline void set_reg(struct machine *m, unsigned index, uint32_t value)
{
	rv32_set_register(m->core, index, value);
}

/* Executes one instruction after the other until `count` are counted. */
static inline void machine_step(struct machine *m, unsigned count)
{
	uint64_t target = rv32_counts(m->core)->instructions + count;

	while (rv32_counts(m->core)->instructions < target)
		assert_int_equal(rv32_run(m->core, rv32_now(m->core) + 1), RV32_STOP_LIMIT);
}

/* One instruction written over the program's first, executed. */
static inline uint64_t machine_execute(struct machine *m, uint32_t code)
{
	uint64_t before = rv32_now(m->core);

	machine_program(m, code, NOP, NOP);
	set_reg(m, PC, START);
	machine_step(m, 1);
	return rv32_now(m->core) - before;
}

/* What a CSR holds, read by an instruction into t0 (which is lost). */
static inline uint32_t machine_csr(struct machine *m, uint32_t number)
{
	uint32_t pc = reg(m, PC), scratch = RAM + 0x300;

	machine_poke(m, scratch, csr(2, T0, number, 0));
	set_reg(m, PC, scratch);
	machine_step(m, 1);
	assert_int_equal(reg(m, PC), scratch + 4);
	set_reg(m, PC, pc);
	return reg(m, T0);
}

/* `jump to itself` in every vector, mtvec set, pc at START. */
static inline struct machine *machine_new(void)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct rv32_bus bus = {.read = machine_read,
			       .write = machine_write,
			       .csr_read = machine_csr_read,
			       .csr_write = machine_csr_write};

	assert_non_null(m);
	bus.context = m;
	m->core = rv32_new(&bus);
	assert_non_null(m->core);
	rv32_map(m->core, RAM, MEMORY_BYTES, m->ram, RV32_MEMORY_RAM);
	rv32_map(m->core, RAM_DATA, MEMORY_BYTES, m->ram, RV32_MEMORY_RAM);
	rv32_map(m->core, ROM, MEMORY_BYTES, m->rom, RV32_MEMORY_ROM);
	rv32_map(m->core, FLASH, MEMORY_BYTES, m->flash, RV32_MEMORY_CACHED);
	rv32_map(m->core, FLASH_DATA, MEMORY_BYTES, m->flash, RV32_MEMORY_CACHED);
	for (uint32_t n = 0; n < 32; n++)
		machine_poke(m, VECTORS + 4 * n, HERE);
	rv32_reset(m->core, START);
	set_reg(m, T0, VECTORS);
	machine_execute(m, csr(1, ZERO, 0x305, T0));
	set_reg(m, PC, START);
	return m;
}

static inline void machine_free(struct machine *m)
{
	rv32_free(m->core);
	free(m);
}

#endif
