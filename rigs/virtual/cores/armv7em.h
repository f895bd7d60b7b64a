/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cortex-M4F, M7 and M33 (Armv7E-M, Armv8-M mainline with DSP): pre-decoded, counts exactly, with
 * the system control space (NVIC, SysTick, SCB, DWT, CPACR/FPCCR) built in. Timing is modelled: the
 * M4 on its TRM (DDI 0439, table 3-1), the M7 and M33, for which Arm publishes none, on measured
 * tables (armv7em_model.c), plus flash wait states with a prefetch/cache model. It is not
 * cycle-accurate silicon.
 *
 * The core knows no time, only its own cycles. Register accesses reach the callbacks at the exact
 * cycle and program counter (armv7em_now, armv7em_pc inside the callback).
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/cores/activity.h"

struct armv7em;

enum armv7em_stop {
	ARMV7EM_STOP_LIMIT = 1, /* the cycle limit is reached */
	ARMV7EM_STOP_SLEEP, /* WFI/WFE with nothing pending: no cycle passes until armv7em_sleep */
	ARMV7EM_STOP_REQUEST, /* armv7em_request_stop was called (from a callback) */
	ARMV7EM_STOP_LOCKUP,  /* fault while a fault was handled; armv7em_fault_text says what */
	ARMV7EM_STOP_RESET,   /* AIRCR.SYSRESETREQ */
};

struct armv7em_bus {
	void *context;
	/* Peripheral space (everything not mapped). size is 1, 2 or 4. Return false for a bus
	 * fault. */
	bool (*read)(void *context, uint32_t address, unsigned size, uint32_t *ret_value);
	bool (*write)(void *context, uint32_t address, unsigned size, uint32_t value);
};

enum armv7em_model {
	ARMV7EM_M4 = 1, /* Cortex-M4F: Armv7E-M, FPv4-SP */
	ARMV7EM_M7,     /* Cortex-M7: Armv7E-M, FPv5 single precision, L1 caches, dual issue */
	ARMV7EM_M33,    /* Cortex-M33: Armv8-M mainline with DSP, FPv5-SP, without TrustZone */
};

struct armv7em *armv7em_new(const struct armv7em_bus *bus, enum armv7em_model model,
			    unsigned irq_count);
void armv7em_free(struct armv7em *core);

/* What fetches, loads and stores of a mapping cost. The first two are false and true for callers
 * that only tell flash from RAM. */
enum armv7em_memory {
	ARMV7EM_MEMORY_RAM = 0,   /* no wait states: SRAM of an M4 or M33, TCM of an M7 */
	ARMV7EM_MEMORY_FLASH = 1, /* pays wait states behind the chip's accelerator: ART of L4 and
				   * L4+ (M4), ICACHE of L5 (M33), ART on the ITCM bus of F7 (M7) */
	ARMV7EM_MEMORY_AXI_RAM,   /* M7: SRAM on AXI, behind the L1 caches when CCR.IC/DC are set */
	ARMV7EM_MEMORY_AXI_FLASH, /* M7: flash on AXI, likewise */
};

/* Memory the core reaches without a callback. Flash: stores go to bus.write (the flash
 * controller's business). The bytes stay the caller's; after changing them behind the core's back
 * call armv7em_invalidate for the range. The same bytes may be mapped at several addresses. base
 * and bytes are multiples of 32; at most 15 mappings. */
void armv7em_map(struct armv7em *core, uint32_t base, uint32_t bytes, uint8_t *memory,
		 enum armv7em_memory kind);
void armv7em_invalidate(struct armv7em *core, uint32_t base, uint32_t bytes);

/* Power-on or system reset: loads MSP and PC from vector_base, which becomes VTOR. Counters keep.
 */
void armv7em_reset(struct armv7em *core, uint32_t vector_base);

/* Wait states and accelerator of the flash, from the next fetch on. M4: the three bits of
 * FLASH_ACR. M7: prefetch and icache are PRFTEN and ARTEN, dcache is ignored (the L1 caches are the
 * core's, in CCR). M33: icache is ICACHE_CR.EN, the others are ignored. Turning a cache off empties
 * it. */
void armv7em_set_flash(struct armv7em *core, unsigned wait_states, bool prefetch, bool icache,
		       bool dcache);

/* Runs until counts.cycles + counts.sleep_cycles reaches limit (at most one instruction beyond). */
enum armv7em_stop armv7em_run(struct armv7em *core, uint64_t limit);
/* Asleep: lets cycles pass without executing, up to limit or SysTick's next event or a pending
 * interrupt; returns true when the core is awake. DWT CYCCNT does not count asleep. */
bool armv7em_sleep(struct armv7em *core, uint64_t limit);
/* Asleep, and neither SysTick nor a pending interrupt will end that. */
bool armv7em_sleeps_on(const struct armv7em *core);
bool armv7em_sleeps_deeply(const struct armv7em *core); /* SCR.SLEEPDEEP */

/* A rising level is latched as pending (as the NVIC does: lowering it before the handler runs does
 * not take it back), and a level still high when its handler returns pends again. */
void armv7em_set_irq(struct armv7em *core, unsigned irq, bool level);
void armv7em_request_stop(struct armv7em *core);

uint64_t armv7em_now(const struct armv7em *core); /* cycles + sleep_cycles, exact in callbacks */
uint32_t armv7em_pc(const struct armv7em *core);
uint32_t armv7em_cyccnt(const struct armv7em *core);
const struct core_counts *armv7em_counts(const struct armv7em *core);
const char *armv7em_fault_text(const struct armv7em *core); /* last fault: what, address, pc */

/* For tests: r0..r15 as 0..15, xPSR as 16. */
uint32_t armv7em_register(const struct armv7em *core, unsigned index);
void armv7em_set_register(struct armv7em *core, unsigned index, uint32_t value);

#endif
