/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32IMC with Zicsr and machine mode as in the ESP32-C3: pre-decoded, counts exactly, with the
 * traps and machine CSRs that part has. Timing is modelled (4-stage in-order pipeline: load-use,
 * taken branches, multiplier and divider, 16 KB cache in front of external flash); it is not
 * cycle-accurate silicon.
 *
 * The core knows no time, only its own cycles. Register accesses reach the callbacks at the exact
 * cycle and program counter (rv32_now, rv32_pc inside the callback).
 */
#ifndef RIGS_VIRTUAL_CORES_RV32_H
#define RIGS_VIRTUAL_CORES_RV32_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/cores/activity.h"

struct rv32;

enum rv32_stop {
	RV32_STOP_LIMIT = 1, /* the cycle limit is reached */
	RV32_STOP_SLEEP,     /* WFI with no interrupt pending: no cycle passes until rv32_sleep */
	RV32_STOP_REQUEST,   /* rv32_request_stop was called (from a callback) */
	RV32_STOP_LOCKUP,    /* a trap whose handler cannot be fetched; rv32_fault_text says what */
};

struct rv32_bus {
	void *context;
	/* Everything not mapped. size is 1, 2 or 4. Return false for an access fault (a trap). */
	bool (*read)(void *context, uint32_t address, unsigned size, uint32_t *ret_value);
	bool (*write)(void *context, uint32_t address, unsigned size, uint32_t value);
	/* CSRs the core does not have itself (ESP32-C3: dedicated GPIO 0x803..0x805). Return false
	 * for an illegal instruction. The performance counter 0x7E0..0x7E2 is the core's own. */
	bool (*csr_read)(void *context, uint32_t csr, uint32_t *ret_value);
	bool (*csr_write)(void *context, uint32_t csr, uint32_t value);
};

struct rv32 *rv32_new(const struct rv32_bus *bus);
void rv32_free(struct rv32 *core);

enum rv32_memory {
	RV32_MEMORY_RAM = 1, /* single cycle */
	RV32_MEMORY_ROM,     /* single cycle; stores trap */
	RV32_MEMORY_CACHED,  /* external flash behind the cache; stores trap */
};

/* Memory the core reaches without a callback. The bytes stay the caller's; after changing them
 * behind the core's back (or when RAM seen at two addresses holds code that is changed through the
 * other one) call rv32_invalidate for the range. The same bytes may be mapped at several addresses.
 * base and bytes are multiples of 32; at most 31 mappings; mapping an address again replaces it. */
void rv32_map(struct rv32 *core, uint32_t base, uint32_t bytes, uint8_t *memory,
	      enum rv32_memory kind);
void rv32_unmap(struct rv32 *core, uint32_t base);
void rv32_invalidate(struct rv32 *core, uint32_t base, uint32_t bytes);
/* Drops every line of the cache model (not the decoded instructions). */
void rv32_cache_invalidate(struct rv32 *core);
/* Core cycles that one line (32 bytes) takes to come from flash, from the next miss on. */
void rv32_set_flash(struct rv32 *core, unsigned line_cycles);

/* Reset: pc is where fetching begins. Counters keep. */
void rv32_reset(struct rv32 *core, uint32_t pc);

/* Runs until counts.cycles + counts.sleep_cycles reaches limit (at most one instruction beyond). */
enum rv32_stop rv32_run(struct rv32 *core, uint64_t limit);
/* Asleep: lets cycles pass without executing, up to limit or a pending interrupt; returns true when
 * the core is awake. The performance counter does not count asleep. */
bool rv32_sleep(struct rv32 *core, uint64_t limit);

/* The interrupt controller outside says which interrupt (1..31) it asserts, 0 for none: already
 * arbitrated by enable, priority and threshold. It is taken when mstatus.MIE is set (mcause =
 * 0x80000000 | number, to mtvec base + 4 * number), and wakes a sleeping core in any case. */
void rv32_set_interrupt(struct rv32 *core, unsigned number);
void rv32_request_stop(struct rv32 *core);

uint64_t rv32_now(const struct rv32 *core); /* cycles + sleep_cycles, exact in callbacks */
uint32_t rv32_pc(const struct rv32 *core);
uint32_t rv32_event_count(const struct rv32 *core); /* mpccr */
const struct core_counts *rv32_counts(const struct rv32 *core);
const char *rv32_fault_text(const struct rv32 *core); /* last exception: what, address, pc */

/* For tests and ROM calls: x0..x31 as 0..31, pc as 32. */
uint32_t rv32_register(const struct rv32 *core, unsigned index);
void rv32_set_register(struct rv32 *core, unsigned index, uint32_t value);

#endif
