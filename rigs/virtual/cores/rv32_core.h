/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of the RV32IMC core: state and what its files owe each other.
 *
 *   rv32.c            life, the run loop, registers
 *   rv32_decode.c     32-bit encodings -> struct rv32_op, hazards between neighbours
 *   rv32_expand.c     compressed encodings -> 32-bit encodings
 *   rv32_run.c        runs: straight lines of instructions that are counted as one
 *   rv32_execute.c    the dispatch loop, which is in rv32_loop.inc; rv32_handlers.inc and, for
 *                     instructions in a run, rv32_run_handlers.inc are its handlers,
 *                     rv32_instructions.h says what they do
 *   rv32_memory.c     regions, misaligned and register accesses, code invalidation
 *   rv32_cache.c      the cache in front of external flash
 *   rv32_trap.c       exceptions and interrupts
 *   rv32_csr.c        control and status registers
 *   rv32_count.c      instruction classes and the performance counter
 *   rv32_repeat.c     the state as a value, for repeat.h
 *
 * While the dispatch loop runs, it holds the cycle and the program counter in locals. Before it
 * calls anything that may look at them it stores `now` and `pc`, and it reloads `now` afterwards.
 * Inside a run the cycle is that of the run's end, and the tallies have the whole run: what can
 * look at them, or takes more cycles than decoding knew, is executed outside (rv32_run_leave).
 */
#ifndef RIGS_VIRTUAL_CORES_RV32_CORE_H
#define RIGS_VIRTUAL_CORES_RV32_CORE_H

#include <stddef.h>

#include "rigs/virtual/cores/repeat.h"
#include "rigs/virtual/cores/rv32.h"
#include "rigs/virtual/cores/rv32_ops.h"

#define RV32_REGIONS       32u /* [0] is the empty region that unmapped pages name */
#define RV32_PAGE_SHIFT    14u
#define RV32_PAGE_MASK     ((1u << RV32_PAGE_SHIFT) - 1)
#define RV32_BLOCK_SHIFT   8u
#define RV32_LINE_SHIFT    5u
#define RV32_CACHE_WAYS    8u
#define RV32_CACHE_SETS    64u /* 16 KiB */
#define RV32_PC            32u
#define RV32_LONGEST_TEXT  256u
#define RV32_MSTATUS_MIE   0x00000008u
#define RV32_MSTATUS_MPIE  0x00000080u
#define RV32_MSTATUS_MPP   0x00001800u
#define RV32_MTVEC_BASE    0xffffff00u
#define RV32_MTVEC_VECTORS 1u

enum rv32_cause {
	RV32_CAUSE_FETCH_FAULT = 1,
	RV32_CAUSE_ILLEGAL = 2,
	RV32_CAUSE_BREAKPOINT = 3,
	RV32_CAUSE_LOAD_FAULT = 5,
	RV32_CAUSE_STORE_FAULT = 7,
	RV32_CAUSE_ECALL_M = 11,
};
#define RV32_CAUSE_INTERRUPT 0x80000000u

enum rv32_event {
	RV32_EVENT_CYCLE = 0,
	RV32_EVENT_INST,
	RV32_EVENT_LD_HAZARD,
	RV32_EVENT_JMP_HAZARD,
	RV32_EVENT_IDLE,
	RV32_EVENT_LOAD,
	RV32_EVENT_STORE,
	RV32_EVENT_JMP_UNCOND,
	RV32_EVENT_BRANCH,
	RV32_EVENT_BRANCH_TAKEN,
	RV32_EVENT_INST_COMP,
	RV32_EVENT_COUNT,
};

#define RV32_MPCMR_ENABLE   1u
#define RV32_MPCMR_SATURATE 2u

/* Runs that were begun since the tallies were last brought up to date. */
#define RV32_RUNS_PENDING 256u
struct rv32_pending {
	unsigned count;
	struct rv32_op *ops[RV32_RUNS_PENDING];
	uint64_t tallies[RV32_TALLY_COUNT];
};

/* The decoded instructions of a region. Outlives the region while the loop is inside it. */
struct rv32_code {
	struct rv32_code *next; /* waiting to be freed */
	struct rv32_op *ops;    /* one per half-word, aligned to a cache line's worth of ops */
	uint8_t *blocks;        /* per block of 1 << RV32_BLOCK_SHIFT bytes: something is decoded */
};

struct rv32_region {
	uint32_t base;
	uint32_t bytes; /* 0: no region */
	uint32_t writable_bytes;
	bool is_cached;
	uint8_t *memory; /* the caller's */
	struct rv32_op *ops;
	uint8_t *blocks;
	struct rv32_code *code;
	uint64_t unused[2]; /* 64 bytes: the dispatch loop multiplies by it */
};
_Static_assert(sizeof(struct rv32_region) == 64, "indexing it should be a shift");

enum rv32_exit {
	RV32_EXIT_HORIZON = 1,
	RV32_EXIT_TRAP,
	RV32_EXIT_SLEEP,
};

struct rv32 {
	/* Hot: the dispatch loop. */
	uint32_t x[RV32_REGISTERS];
	uint32_t pc;
	uint64_t now;
	uint64_t horizon;    /* cycle at which the loop has to be left */
	uint64_t fetch_mask; /* an op's address under this mask is fetch_unit while no line changes
			      */
	uint64_t fetch_unit;
	uint32_t loaded_word;
	uint64_t toggled_bits;
	uint64_t tallies[RV32_TALLY_COUNT]; /* with pending->tallies */
	struct rv32_pending *pending;
	struct rv32_region regions[RV32_REGIONS];
	uint8_t page[1u << (32 - RV32_PAGE_SHIFT)]; /* region by address: a first guess */
	/* Pages whose every byte is in one region, or NULL. What has decoded code is not writable
	 * this way. */
	uint8_t *readable[1u << (32 - RV32_PAGE_SHIFT)]; /* not behind the cache */
	uint8_t *writable[1u << (32 - RV32_PAGE_SHIFT)];
	uint8_t *cached[1u << (32 - RV32_PAGE_SHIFT)]; /* readable through the cache */

	const struct rv32_region *fetch_region; /* the one fetch_mask was set for */
	struct rv32_code *retired;              /* of regions that are gone */
	bool remapped, asleep, stop_requested, locked_up;
	uint64_t limit;
	unsigned interrupt;
	uint32_t trap_cause, trap_value; /* of RV32_EXIT_TRAP */
	char fault_text[RV32_LONGEST_TEXT];

	uint32_t mstatus, mtvec, mscratch, mepc, mcause, mtval;
	uint32_t mpcer, mpcmr;
	uint32_t event_base; /* mpccr when events_seen was taken */
	uint64_t events_seen;

	/* Tags are the bytes of the line themselves, most recently used first. */
	const uint8_t *cache[RV32_CACHE_SETS][RV32_CACHE_WAYS];
	unsigned line_cycles;

	struct rv32_bus bus;
	struct repeat_watch *watch; /* NULL: nobody watches loads and stores */
	uint64_t generation;        /* of flash, code and map: see repeat.h */
	uint64_t sleep_cycles, exceptions, fetch_stalls, data_reads, data_stalls;
	enum rv32_exit (*execute)(struct rv32 *core);
	struct core_counts *counts; /* as of the last rv32_counts or the end of a run */
};

/* rv32.c */
void rv32_core_update_horizon(struct rv32 *core);
static inline bool rv32_core_interrupted(const struct rv32 *core)
{
	return core->interrupt && core->mstatus & RV32_MSTATUS_MIE;
}

/* rv32_decode.c: decodes what is at the offset into the region's op and returns the kind to
 * execute, which the op does not keep if it depends on bytes outside the region. */
unsigned rv32_decode(struct rv32 *core, struct rv32_region *region, uint32_t offset);

/* rv32_expand.c: 0 for what is not a legal compressed instruction. */
uint32_t rv32_expand(uint16_t code);

/* rv32_execute.c: with the host's instruction that counts bits, and without. */
enum rv32_exit rv32_execute(struct rv32 *core);
enum rv32_exit rv32_execute_popcnt(struct rv32 *core);

/* rv32_run.c */
struct rv32_handlers; /* rv32_execute.h */
/* Decodes the run that begins at the op and gives its ops their handlers. An op that is not decoded
 * afterwards depends on bytes outside the region. */
void rv32_run_make(struct rv32 *core, struct rv32_region *region, struct rv32_op *op,
		   const struct rv32_handlers *handlers);
/* The run was begun for the first time since the tallies were brought up to date. */
void rv32_run_note(struct rv32 *core, struct rv32_op *op);
/* Takes the instructions from this one to the end of the run out of the tallies; returns their
 * cycles. */
unsigned rv32_run_leave(struct rv32 *core, const struct rv32_op *op);
/* Brings pending->tallies up to date. Before an op that is in a run is decoded again. */
void rv32_run_count(struct rv32_pending *pending);

/* rv32_memory.c: any size and alignment; false with a trap set. */
bool rv32_memory_read(struct rv32 *core, uint32_t address, unsigned size, uint32_t *ret_value);
bool rv32_memory_write(struct rv32 *core, uint32_t address, unsigned size, uint32_t value);
struct rv32_region *rv32_memory_region(struct rv32 *core, uint32_t address); /* or NULL */
/* The first guesses by address: none at writable memory while it is watched. */
void rv32_memory_update_pages(struct rv32 *core);
void rv32_memory_mark_code(struct rv32 *core, const uint8_t *memory);
void rv32_memory_free_retired(struct rv32 *core);

#define RV32_LINE_MASK         ((1u << RV32_LINE_SHIFT) - 1)
#define RV32_LINE_OF_OPS_BYTES (((uint64_t)sizeof(struct rv32_op) << RV32_LINE_SHIFT) / 2)
/* rv32_cache.c: stall cycles of a fetch (which sets fetch_mask and fetch_unit) and of a load. */
unsigned rv32_cache_fetch(struct rv32 *core, const struct rv32_region *region,
			  const struct rv32_op *op);
unsigned rv32_cache_load(struct rv32 *core, const struct rv32_region *region, uint32_t offset);
/* Makes the line the most recently used one of its set; stall cycles. */
unsigned rv32_cache_touch(struct rv32 *core, uint32_t address, const uint8_t *line);
static inline bool rv32_cache_is_recent(const struct rv32 *core, uint32_t address,
					const uint8_t *line)
{
	return core->cache[address >> RV32_LINE_SHIFT & (RV32_CACHE_SETS - 1)][0] == line;
}
void rv32_cache_refetch(struct rv32 *core); /* the next instruction looks again */

/* rv32_trap.c */
__attribute__((format(printf, 4, 5))) void rv32_trap_set(struct rv32 *core, uint32_t cause,
							 uint32_t value, const char *what, ...);
void rv32_trap_enter(struct rv32 *core, uint32_t cause, uint32_t value);
void rv32_trap_return(struct rv32 *core); /* MRET: everything but the jump to mepc */

/* rv32_csr.c: false for an illegal instruction. */
bool rv32_csr_execute(struct rv32 *core, const struct rv32_op *op);
void rv32_csr_reset(struct rv32 *core);

/* rv32_count.c */
void rv32_count_sync(const struct rv32 *core);
uint32_t rv32_count_events(const struct rv32 *core);
/* Counts on from `value`; before a change of what is counted, with rv32_count_events. */
void rv32_count_restart(struct rv32 *core, uint32_t value);

#endif
