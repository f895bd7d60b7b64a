/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the STM32 ports share: registers of the Cortex-M core (ARM DDI 0403, ARMv7-M; ARM DDI 0553,
 * ARMv8-M) and of the GPIO ports, whose layout is the same in all STM32 from F4 on.
 */
#ifndef FIRMWARE_PORTS_STM32_COMMON_CORE_H
#define FIRMWARE_PORTS_STM32_COMMON_CORE_H

#include <stdbool.h>
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define BIT(n)            (1U << (n))

#define SYST_CSR           REGISTER(0xE000E010)
#define SYST_RVR           REGISTER(0xE000E014)
#define SYST_CVR           REGISTER(0xE000E018)
#define SYST_CSR_RUN       3U     /* enable; interrupt; external clock, which is HCLK/8 */
#define SYST_CSR_CORE      BIT(2) /* the core clock instead */
#define SYST_CSR_COUNTFLAG BIT(16)
#define SYST_RELOAD_MAX    0x00FFFFFFU
#define NVIC_ISER(n)       REGISTER(0xE000E100 + 4 * (n))
#define NVIC_ICER(n)       REGISTER(0xE000E180 + 4 * (n))
#define NVIC_ICPR(n)       REGISTER(0xE000E280 + 4 * (n))
#define SCB_ICSR           REGISTER(0xE000ED04)
#define SCB_VTOR           REGISTER(0xE000ED08)
#define SCB_AIRCR          REGISTER(0xE000ED0C)
#define SCB_ICSR_PENDSTCLR BIT(25)
#define SCB_AIRCR_RESET    0x05FA0004U
#define DEMCR              REGISTER(0xE000EDFC)
#define DEMCR_TRCENA       BIT(24)
#define DWT_CTRL           REGISTER(0xE0001000)
#define DWT_CTRL_CYCCNTENA BIT(0)
#define DWT_CYCCNT         REGISTER(0xE0001004)

#define GPIO_MODER(port)    REGISTER((port) + 0x00)
#define GPIO_OTYPER(port)   REGISTER((port) + 0x04)
#define GPIO_OSPEEDR(port)  REGISTER((port) + 0x08)
#define GPIO_PUPDR(port)    REGISTER((port) + 0x0C)
#define GPIO_BSRR(port)     REGISTER((port) + 0x18)
#define GPIO_AFR(port, pin) REGISTER((port) + 0x20 + 4 * ((pin) / 8)) /* AFRL, AFRH */

/* The port's: MHz of its fastest clock level. */
extern const uint32_t core_mhz_max;

static inline void core_barrier(void)
{
	__asm__ volatile("dsb\n\tisb" ::: "memory");
}

static inline void core_interrupts_off(void)
{
	__asm__ volatile("cpsid i" ::: "memory");
}

/* What is pending is taken before this returns. */
static inline void core_interrupts_on(void)
{
	__asm__ volatile("cpsie i\n\tisb" ::: "memory");
}

/* Off, and whether they were off before: for core_interrupts_restore(). */
static inline uint32_t core_interrupts_save(void)
{
	uint32_t primask;

	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
	return primask;
}

static inline void core_interrupts_restore(uint32_t primask)
{
	__asm__ volatile("msr primask, %0\n\tisb" ::"r"(primask) : "memory");
}

/* Wakes for a pending interrupt even while interrupts are off. */
static inline void core_sleep(void)
{
	__asm__ volatile("dsb\n\twfi\n\tisb" ::: "memory");
}

static inline void register_modify(volatile uint32_t *at, uint32_t clear, uint32_t set)
{
	*at = (*at & ~clear) | set;
}

/* Waits until (*at & mask) == value, at least us microseconds at any clock level: one pass, with a
 * read over a peripheral bus, takes four core cycles or more. us: at most a minute. */
static inline bool register_wait(volatile uint32_t *at, uint32_t mask, uint32_t value, uint32_t us)
{
	for (uint32_t passes = (us / 4 + 1) * core_mhz_max; passes; passes--) {
		if ((*at & mask) == value)
			return true;
	}
	return (*at & mask) == value;
}

/* At least us microseconds at any clock level: a loop takes a cycle or more (the Cortex-M7 issues
 * its instructions together). The compiler does not see the count and cannot unroll the loops away. */
static inline void delay_us(uint32_t us)
{
	for (uint32_t loops = us * core_mhz_max; loops; loops--)
		__asm__ volatile("" : "+r"(loops));
}

#endif
