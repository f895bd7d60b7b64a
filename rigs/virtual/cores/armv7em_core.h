/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of the Armv7E-M core: state and what its files owe each other.
 *
 *   armv7em.c            life, the run loop, counters
 *   armv7em_decode*.c    encodings -> struct op (tables of mask and value)
 *   armv7em_execute.c    the dispatch loop; execute_*.inc are its handlers by subject
 *   armv7em_fp.c         FPv4-SP arithmetic with FPSCR's modes and flags
 *   armv7em_memory.c     regions, unaligned and register accesses, code invalidation
 *   armv7em_flash.c      wait states, prefetch and line caches
 *   armv7em_exception.c  priorities, entry, return, faults
 *   armv7em_scs.c        system control space; _systick.c and _dwt.c are parts of it
 *   armv7em_special.c    MRS, MSR, CPS
 *
 * While the dispatch loop runs, it holds the cycle and the program counter in locals. Before it
 * calls anything that may look at them it stores `now` and r[15], and it reloads `now` afterwards.
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_CORE_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_CORE_H

#include "rigs/virtual/cores/armv7em.h"
#include "rigs/virtual/cores/armv7em_ops.h"

enum {
	EXCEPTION_NMI = 2,
	EXCEPTION_HARD_FAULT = 3,
	EXCEPTION_MEM_MANAGE = 4,
	EXCEPTION_BUS_FAULT = 5,
	EXCEPTION_USAGE_FAULT = 6,
	EXCEPTION_SVC = 11,
	EXCEPTION_DEBUG = 12,
	EXCEPTION_PENDSV = 14,
	EXCEPTION_SYSTICK = 15,
	EXCEPTION_IRQ0 = 16,
	EXCEPTION_COUNT = 256,
};

#define REGION_COUNT     16u /* [0] is the empty region that unmapped pages name */
#define PAGE_SHIFT       16u
#define CODE_BLOCK_SHIFT 10u
#define FLASH_LINE_SHIFT 5u /* 256 bit */
#define FLASH_WORD_SHIFT 3u /* 64 bit, one read of the array */
#define ICACHE_LINES     32u
#define DCACHE_LINES     8u
#define NEVER            UINT64_MAX

#define PRIORITY_THREAD 256   /* lower than every exception's */
#define PRIORITY_BITS   0xf0u /* four implemented bits, as on every STM32 with this core */

#define CONTROL_NPRIV 1u
#define CONTROL_SPSEL 2u
#define CONTROL_FPCA  4u

#define CCR_NONBASETHRDENA 0x001u
#define CCR_USERSETMPEND   0x002u
#define CCR_UNALIGN_TRP    0x008u
#define CCR_DIV_0_TRP      0x010u
#define CCR_BFHFNMIGN      0x100u
#define CCR_STKALIGN       0x200u

#define SCR_SLEEPONEXIT 0x02u
#define SCR_SLEEPDEEP   0x04u
#define SCR_SEVONPEND   0x10u

#define CFSR_IBUSERR    0x00000100u
#define CFSR_PRECISERR  0x00000200u
#define CFSR_UNSTKERR   0x00000800u
#define CFSR_STKERR     0x00001000u
#define CFSR_BFARVALID  0x00008000u
#define CFSR_UNDEFINSTR 0x00010000u
#define CFSR_INVSTATE   0x00020000u
#define CFSR_INVPC      0x00040000u
#define CFSR_NOCP       0x00080000u
#define CFSR_UNALIGNED  0x01000000u
#define CFSR_DIVBYZERO  0x02000000u
#define HFSR_VECTTBL    0x00000002u
#define HFSR_FORCED     0x40000000u
#define HFSR_DEBUGEVT   0x80000000u
#define FPCCR_LSPEN     0x40000000u
#define FPCCR_ASPEN     0x80000000u
#define FPSCR_MODE_AHP  0x04000000u
#define FPSCR_MODE_DN   0x02000000u
#define FPSCR_MODE_FZ   0x01000000u
#define FPSCR_ROUNDING  0x00c00000u
#define FPSCR_WRITABLE  0xf7c0009fu
#define FPDSCR_WRITABLE 0x07c00000u

struct region {
	uint32_t base;
	uint32_t bytes;
	uint32_t writable_bytes; /* 0 for flash */
	bool is_flash;
	uint8_t *memory; /* the caller's */
	struct op *ops;  /* one per half-word, aligned to a flash line's worth of ops */
	void *ops_allocation;
	uint8_t *code_blocks; /* per block of 1 << CODE_BLOCK_SHIFT bytes: something is decoded */
	uint8_t *cached_line; /* flash: per line, 0 or 1 + its place in the instruction cache */
	uint64_t unused;      /* 64 bytes: the dispatch loop multiplies by it */
};

_Static_assert(sizeof(struct region) == 64, "indexing it should be a shift");

struct cache_line {
	const struct region *region;
	uint32_t line;
	uint32_t valid; /* one bit per 64-bit word */
};

/* Line accelerator of the flash; see armv7em_flash.c. */
struct flash {
	unsigned wait_states;
	bool prefetch;
	bool icache;
	bool dcache;
	const struct region *prefetch_region;
	uint32_t prefetch_word;
	uint64_t prefetch_ready; /* cycle */
	uint64_t tick;
	unsigned recent_data; /* place of the data line read last */
	struct cache_line instruction[ICACHE_LINES];
	struct cache_line data[DCACHE_LINES];
	/* Instruction lines by last use, a ring: newer[newest] is the oldest. */
	uint8_t newest;
	uint8_t newer[ICACHE_LINES], older[ICACHE_LINES];
	uint64_t data_used[DCACHE_LINES]; /* tick */
};

struct systick {
	uint32_t control; /* ENABLE, TICKINT, CLKSOURCE */
	bool counted;     /* COUNTFLAG */
	uint32_t reload;
	uint32_t frozen;  /* value while disabled */
	uint64_t zero_at; /* cycle at which the counter next becomes 0; NEVER while stopped */
};

struct dwt {
	bool trace_enabled; /* DEMCR.TRCENA */
	bool counting;
	uint32_t value; /* CYCCNT at awake cycle `since` */
	uint64_t since;
};

/* A synchronous fault that the dispatch loop or the memory hit, until the run loop takes it. */
struct fault {
	unsigned exception;   /* 0: none */
	uint32_t status;      /* CFSR bits */
	uint32_t hard_status; /* HFSR bits, for faults that are always hard */
	uint32_t address;
};

enum execute_exit {
	EXIT_HORIZON = 1,
	EXIT_FAULT,
	EXIT_SVC,
	EXIT_EXCEPTION_RETURN,
	EXIT_SLEEP,
};

struct armv7em {
	/* Hot: the dispatch loop. */
	uint32_t r[16]; /* r[15]: address of the current instruction, when stored */
	/* N and Z, C and V are stored together: apart, so that GCC does not build a vector for it.
	 */
	uint32_t negative;  /* bit 31 is N */
	uint32_t carry;     /* 0 or 1 */
	uint32_t nonzero;   /* zero when Z is set */
	uint32_t overflow;  /* 0 or 1 */
	uint32_t saturated; /* 0 or 1 */
	uint32_t ge;
	uint64_t now;         /* cycles + sleep_cycles, when stored */
	uint64_t horizon;     /* the loop stops before the instruction that starts here or later */
	uint32_t loaded_word; /* for counts.toggled_bits */
	bool exclusive;
	bool fp_ready;       /* FP instructions need no check: enabled, context active */
	bool fp_host_active; /* the host's FP environment is the guest's */
	bool unaligned_trap, divide_trap;
	struct core_counts counts;
	uint64_t fetch_mask; /* which bits of an op's address name its fetch unit; 0: no stalls */
	uint64_t fetch_unit;
	const struct region *fetch_region; /* the one fetch_mask was set for */
	uint64_t load_end; /* pipelining of neighbouring loads, while the loop is left */
	unsigned loaded_register;
	uint32_t s[32];
	uint32_t fpscr;

	/* System state. */
	uint32_t sp_banked; /* the stack pointer that r[13] is not */
	uint32_t control, primask, basepri, faultmask, ipsr;
	uint32_t exception_return; /* the value that was jumped to */
	bool fp_lazy; /* FP state is owed to the stack: the first FP instruction pays */
	bool asleep, event, waits_for_event;
	bool stop_requested, reset_requested, locked_up;
	uint64_t limit;
	struct fault fault;
	char fault_text[320];

	uint32_t pending[EXCEPTION_COUNT / 32], enabled[EXCEPTION_COUNT / 32];
	uint32_t active[EXCEPTION_COUNT / 32], level[EXCEPTION_COUNT / 32];
	uint8_t priority[EXCEPTION_COUNT];
	unsigned irq_count;
	int execution_priority;
	bool deliverable; /* a pending exception would preempt */

	uint32_t vtor, aircr_prigroup, scr, ccr, shcsr, cfsr, hfsr, bfar, cpacr;
	uint32_t fpccr, fpcar, fpdscr;
	struct systick systick;
	struct dwt dwt;
	struct flash flash;
	struct armv7em_bus bus;
	unsigned region_count;
	struct region regions[REGION_COUNT];
	uint8_t page[1u << (32 - PAGE_SHIFT)]; /* region by address >> PAGE_SHIFT: a first guess */
};

/* armv7em.c */
void core_update_horizon(struct armv7em *core);
void core_sync_counts(struct armv7em *core); /* counts up to `now` */
static inline bool core_is_privileged(const struct armv7em *core)
{
	return core->ipsr || !(core->control & CONTROL_NPRIV);
}

/* armv7em_decode.c: decodes the half-words at ops[index] of the region into that op. */
void core_decode(struct armv7em *core, struct region *region, uint32_t offset);

/* armv7em_execute.c */
enum execute_exit core_execute(struct armv7em *core);

/* armv7em_memory.c: any size and alignment; add flash stalls to `now`; false with core->fault set.
 */
bool memory_read(struct armv7em *core, uint32_t address, unsigned size, uint32_t *ret_value);
bool memory_write(struct armv7em *core, uint32_t address, unsigned size, uint32_t value);
struct region *memory_region(struct armv7em *core, uint32_t address); /* NULL: not memory */
void memory_mark_code(struct armv7em *core, const uint8_t *memory);
void memory_forget_code(struct armv7em *core, const uint8_t *memory, uint32_t bytes);

/* armv7em_flash.c */
void flash_init(struct flash *flash);
/* Enters the fetch unit that holds the op and sets fetch_mask and fetch_unit; returns stall cycles.
 */
unsigned flash_fetch(struct armv7em *core, const struct region *region, const struct op *op,
		     uint64_t now);
unsigned flash_data(struct armv7em *core, const struct region *region, uint32_t offset);
void flash_forget(struct armv7em *core, const struct region *region);

/* armv7em_exception.c */
void exception_reset(struct armv7em *core);
void exception_set_pending(struct armv7em *core, unsigned number);
void exception_clear_pending(struct armv7em *core, unsigned number);
void exception_update(struct armv7em *core); /* after any change of pending, priority or mask */
bool exception_wakes(const struct armv7em *core);
unsigned exception_next(const struct armv7em *core); /* highest pending and enabled, 0: none */
void exception_enter_next(struct armv7em *core);
void exception_raise(struct armv7em *core, unsigned number); /* synchronous: SVC and faults */
void exception_take_fault(struct armv7em *core);
void exception_return(struct armv7em *core);
__attribute__((format(printf, 3, 4))) void
fault_set(struct armv7em *core, const struct fault *fault, const char *what, ...);
static inline bool bit_test(const uint32_t *bits, unsigned n)
{
	return bits[n / 32] >> n % 32 & 1;
}
static inline void bit_set(uint32_t *bits, unsigned n, bool on)
{
	bits[n / 32] = (bits[n / 32] & ~(1u << n % 32)) | (uint32_t)on << n % 32;
}

/* armv7em_scs.c: 0xe000e000..0xe000efff. False: no such register or access. */
bool scs_read(struct armv7em *core, uint32_t address, unsigned size, uint32_t *ret_value);
bool scs_write(struct armv7em *core, uint32_t address, unsigned size, uint32_t value);

/* armv7em_systick.c */
void systick_reset(struct armv7em *core);
void systick_update(struct armv7em *core);               /* takes the wraps up to `now` */
uint64_t systick_next_cycle(const struct armv7em *core); /* of the next interrupt, or NEVER */
uint32_t systick_read(struct armv7em *core, uint32_t offset);
void systick_write(struct armv7em *core, uint32_t offset, uint32_t value);

/* armv7em_dwt.c: 0xe0001000..0xe0001fff. */
bool dwt_read(struct armv7em *core, uint32_t address, unsigned size, uint32_t *ret_value);
bool dwt_write(struct armv7em *core, uint32_t address, unsigned size, uint32_t value);
void dwt_set_trace(struct armv7em *core, bool enabled);
uint32_t dwt_cyccnt(const struct armv7em *core);

/* armv7em_special.c */
uint32_t special_read(const struct armv7em *core, unsigned sysm);
void special_write(struct armv7em *core, unsigned sysm, unsigned mask, uint32_t value);
void special_change_state(struct armv7em *core, bool disable, unsigned which);
uint32_t special_xpsr(const struct armv7em *core);
void special_set_xpsr(struct armv7em *core, uint32_t value); /* flags and GE only */
/* Stack pointers wherever they live now. */
void special_select_stack(struct armv7em *core, bool process);

#endif
