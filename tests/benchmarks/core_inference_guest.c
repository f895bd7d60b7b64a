/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What core_inference runs on the cores: the boards' runtime and kernels, bare-metal, on a model image
 * in flash with its arena in RAM. Nothing is copied or cleared at start: the runtime has no
 * initialised data, and the RAM starts as zero.
 */
#include "firmware/runtime/runtime.h"
#include "tests/benchmarks/core_inference_guest.h"

static uint32_t run(const struct guest_job *job)
{
	struct runtime runtime;
	uint32_t seed = job->seed;
	enum runtime_status status =
		runtime_open(&runtime, (const void *)GUEST_IMAGE, job->image_bytes,
			     (void *)GUEST_ARENA, job->arena_bytes);

	for (uint32_t i = 0; status == RUNTIME_OK && i < job->inferences; i++) {
		for (uint32_t at = 0; at < runtime.input_bytes; at++) {
			uint8_t byte = (uint8_t)(seed >> 24);

			runtime_write_input(&runtime, at, &byte, 1);
			seed = seed * 1664525u + 1013904223u;
		}
		runtime_invoke(&runtime, NULL, NULL);
	}
	return 1 + status;
}

#ifdef __riscv

__attribute__((used)) static void reset(void)
{
	*(volatile uint32_t *)GUEST_DONE = run((const struct guest_job *)GUEST_JOB);
	for (;;)
		__asm__("ebreak");
}

__attribute__((naked, section(".vectors"), used)) static void start(void)
{
	__asm__ volatile("li sp, %0\n\tj reset" : : "i"(GUEST_ARENA));
}

#else

#define SCB_CCR    0xe000ed14u
#define SCB_CPACR  0xe000ed88u
#define CCR_CACHES 0x00030000u /* IC and DC, reserved on M4 and M33 */

static void stop(void)
{
	for (;;)
		__asm__("bkpt 0");
}

static void reset(void)
{
	*(volatile uint32_t *)SCB_CPACR |= 0xfu << 20; /* the FP unit */
	*(volatile uint32_t *)SCB_CCR |= CCR_CACHES;
	__asm__ volatile("dsb\n\tisb");
	*(volatile uint32_t *)GUEST_DONE = run((const struct guest_job *)GUEST_JOB);
	stop();
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
	(const void *)GUEST_ARENA, (const void *)reset, (const void *)stop, (const void *)stop,
	(const void *)stop,        (const void *)stop,  (const void *)stop, (const void *)stop,
	(const void *)stop,        (const void *)stop,  (const void *)stop, (const void *)stop,
	(const void *)stop,        (const void *)stop,  (const void *)stop, (const void *)stop};

#endif
