/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: SysTick interrupts a computation, with and without WFI, and asks PendSV for the rest;
 * when it comes depends on the machine, so results do not.
 */
#include "tests/oracle/corpus/corpus.h"

#define ICSR        (*(volatile uint32_t *)0xe000ed04)
#define SHPR3       (*(volatile uint32_t *)0xe000ed20)
#define SYST_CSR    (*(volatile uint32_t *)0xe000e010)
#define SYST_RVR    (*(volatile uint32_t *)0xe000e014)
#define SYST_CVR    (*(volatile uint32_t *)0xe000e018)
#define TICKS       50u
#define PENDSVSET   0x10000000u
#define TIMED_STATE __attribute__((section(".scratch")))

void systick_handler(void);
void pendsv_handler(void);

static volatile uint32_t ticks TIMED_STATE, switches TIMED_STATE;
static volatile float level TIMED_STATE;

void systick_handler(void)
{
	if (ticks < TICKS) {
		ticks++;
		level = level * 0.5f + 1;
		ICSR = PENDSVSET;
	}
}

void pendsv_handler(void)
{
	switches++;
	level = level + 0.25f;
}

static NOINLINE float compute(uint32_t rounds)
{
	float x = 1, y = 0.001f;

	for (uint32_t i = 0; i < rounds; i++) {
		volatile float product = x * 0.75f;

		y = y + product;
		x = y / (x + 2);
	}
	return y;
}

void program(void)
{
	float before = compute(3000), after;
	uint32_t sum = 0;

	SHPR3 = 0x40ff0000;
	SYST_RVR = 999;
	SYST_CVR = 0;
	SYST_CSR = 7;
	after = compute(3000);
	while (ticks < TICKS / 2)
		for (uint32_t i = 0; i < 100; i++)
			sum += i % 3 == 0 ? opaque(i) & 0 : 0;
	while (ticks < TICKS)
		__asm__ volatile("wfi");
	while (switches < 1)
		;
	SYST_CSR = 0;
	__asm__ volatile("dsb\n isb");
	emit(before == after);
	emit(sum);
	emit(ticks);
	emit(switches > 0 && switches <= TICKS);
}
