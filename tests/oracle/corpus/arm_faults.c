/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: faults that a handler steps over: undefined instructions, loads and stores where there is
 * nothing; and what is not a fault. Status registers are cleared by what they say.
 */
#include "tests/oracle/corpus/corpus.h"

#define SHCSR  (*(volatile uint32_t *)0xe000ed24)
#define CFSR   (*(volatile uint32_t *)0xe000ed28)
#define BFAR   (*(volatile uint32_t *)0xe000ed38)
#define ABSENT 0xd0000000u

void usage_fault_handler(void);
void bus_fault_handler(void);
void step_over(uint32_t *frame);

__attribute__((naked)) void usage_fault_handler(void)
{
	__asm__("mov r0, sp\n b step_over");
}

__attribute__((naked)) void bus_fault_handler(void)
{
	__asm__("mov r0, sp\n b step_over");
}

void step_over(uint32_t *frame)
{
	uint32_t ipsr, status = CFSR;
	uint16_t code = *(const uint16_t *)frame[6];

	__asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
	emit(ipsr);
	emit(status);
	if (status & 0x8000)
		emit(BFAR);
	CFSR = status;
	firmware_result.faulted++;
	frame[6] += code >> 11 >= 0x1d ? 4 : 2;
}

static NOINLINE uint32_t load(uint32_t address)
{
	uint32_t value = 5;

	__asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(address) : "memory");
	return value;
}

static NOINLINE void store(uint32_t address, uint32_t value)
{
	__asm__ volatile("strb %0, [%1, #1]" ::"r"(value), "r"(address) : "memory");
}

void program(void)
{
	SHCSR |= 0x70000;
	for (uint32_t i = 0; i < 4; i++) {
		__asm__ volatile("udf #1");
		__asm__ volatile("udf.w #77");
		emit(load(ABSENT + 16 * i));
		store(ABSENT + i, i);
		emit(opaque(1000) / opaque(i + 1));
	}
	emit(firmware_result.faulted);
}
