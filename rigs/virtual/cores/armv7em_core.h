/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of the Armv7E-M core: state and what its files owe each other.
 *
 *   armv7em.c            life, the run loop, counters
 *   armv7em_model.c      what tells M4, M7 and M33 apart: one row each
 *   armv7em_decode*.c    encodings -> struct op (tables of mask and value)
 *   armv7em_neighbour.c  M7, M33: cycles that depend on the instruction behind
 *   armv7em_pairs.*      neighbours that one handler executes together
 *   armv7em_execute*.c   the dispatch loop, once per model: execute_loop.inc with the model's
 *                        timing; the other execute_*.inc are its handlers by subject
 *   armv7em_fp*.c        FPv4-SP and FPv5-SP arithmetic with FPSCR's modes and flags
 *   armv7em_memory.c     regions, unaligned and register accesses, code invalidation
 *   armv7em_flash.c      M4: wait states, prefetch and line caches of the STM32L4
 *   armv7em_cache.c      M7: L1 caches and the STM32F7's accelerator; M33: the STM32L5's ICACHE
 *   armv7em_exception.c  priorities, entry, return, faults
 *   armv7em_scs.c        system control space; _systick.c and _dwt.c are parts of it
 *   armv7em_special.c    MRS, MSR, CPS
 *   armv7em_repeat.c     the state as a value, for repeat.h
 *
 * While the dispatch loop runs, it holds the cycle and the program counter in locals. Before it
 * calls anything that may look at them it stores `now` and r[15], and it reloads `now` afterwards.
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_CORE_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_CORE_H

#include "rigs/virtual/cores/armv7em.h"
#include "rigs/virtual/cores/armv7em_pairs.h"
#include "rigs/virtual/cores/repeat.h"

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

/* MemManage, BusFault, UsageFault: as bits of `enabled`. */
#define CONFIGURABLE_FAULTS 0x70u

#define REGION_COUNT     16u /* [0] is the empty region that unmapped pages name */
#define PAGE_SHIFT       16u
#define DIRECT_SHIFT     14u /* pages whose accesses need no region */
#define TIMED_PAGE       INTPTR_MIN
#define CODE_BLOCK_SHIFT 10u
#define FLASH_LINE_SHIFT 5u /* 256 bit */
#define FLASH_WORD_SHIFT 3u /* 64 bit, one read of the array */
#define ICACHE_LINES     32u
#define DCACHE_LINES     8u
#define NEVER            UINT64_MAX

#define PRIORITY_THREAD 256 /* lower than every exception's */

#define CONTROL_NPRIV 1u
#define CONTROL_SPSEL 2u
#define CONTROL_FPCA  4u

#define CCR_NONBASETHRDENA 0x001u
#define CCR_USERSETMPEND   0x002u
#define CCR_UNALIGN_TRP    0x008u
#define CCR_DIV_0_TRP      0x010u
#define CCR_BFHFNMIGN      0x100u
#define CCR_STKALIGN       0x200u
#define CCR_STKOFHFNMIGN   0x400u
#define CCR_DC             0x10000u
#define CCR_IC             0x20000u
#define CCR_BP             0x40000u

#define SCR_SLEEPONEXIT 0x02u
#define SCR_SLEEPDEEP   0x04u
#define SCR_SEVONPEND   0x10u

#define CFSR_IACCVIOL   0x00000001u
#define CFSR_IBUSERR    0x00000100u
#define CFSR_PRECISERR  0x00000200u
#define CFSR_UNSTKERR   0x00000800u
#define CFSR_STKERR     0x00001000u
#define CFSR_BFARVALID  0x00008000u
#define CFSR_UNDEFINSTR 0x00010000u
#define CFSR_INVSTATE   0x00020000u
#define CFSR_INVPC      0x00040000u
#define CFSR_NOCP       0x00080000u
#define CFSR_STKOF      0x00100000u
#define CFSR_UNALIGNED  0x01000000u
#define CFSR_DIVBYZERO  0x02000000u
#define HFSR_VECTTBL    0x00000002u
#define HFSR_FORCED     0x40000000u
#define HFSR_DEBUGEVT   0x80000000u
#define FPCCR_LSPACT    0x00000001u
#define FPCCR_LSPEN     0x40000000u
#define FPCCR_ASPEN     0x80000000u
#define FPSCR_MODE_AHP  0x04000000u
#define FPSCR_MODE_DN   0x02000000u
#define FPSCR_MODE_FZ   0x01000000u
#define FPSCR_ROUNDING  0x00c00000u
#define FPSCR_WRITABLE  0xf7c0009fu
#define FPDSCR_WRITABLE 0x07c00000u

enum execute_exit {
	EXIT_HORIZON = 1,
	EXIT_FAULT,
	EXIT_SVC,
	EXIT_EXCEPTION_RETURN,
	EXIT_SLEEP,
};

struct region {
	uint32_t base;
	uint32_t bytes;
	uint32_t writable_bytes; /* 0 for flash */
	bool is_flash;
	bool read_costs;  /* loads ask the flash or cache model */
	bool write_costs; /* stores as well */
	uint8_t kind;     /* enum armv7em_memory */
	uint8_t *memory;  /* the caller's */
	struct op *ops;   /* one per half-word, aligned to a flash line's worth of ops */
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

struct data_line {
	uint32_t line; /* address of its first byte */
	uint32_t valid;
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
	struct data_line data[DCACHE_LINES];
	uint64_t instruction_used[ICACHE_LINES], data_used[DCACHE_LINES]; /* tick */
};

/* A set-associative cache of tags: timing only, the bytes always come from the memory. Each set
 * keeps its ways by last use, the newest first; a tag is 1 + the line's number, 0 is empty. */
#define CACHE_LINES 512u /* L1 of 16 KB with 32-byte lines; ICACHE of 8 KB with 16-byte lines */
struct cache {
	uint8_t line_shift, ways;
	uint16_t sets;
	uint32_t last; /* tag that was hit last: one compare for runs of accesses */
	uint32_t tags[CACHE_LINES];
};

/* Branch target cache of the M7, direct-mapped. */
#define BRANCH_TARGETS 64u
struct branch_target {
	uint32_t pc;
	uint32_t target;
	uint8_t strength; /* 2 and 3 predict taken */
};

struct core_model {
	uint32_t cpuid;
	uint32_t mvfr0, mvfr1, mvfr2;
	uint32_t ccr_reset, ccr_writable;
	uint32_t exception_return_base; /* the bits of EXC_RETURN that do not vary */
	uint32_t priority_bits;
	bool v8m;            /* Armv8-M mainline without security extension */
	bool fpv5;           /* VSEL, VMAXNM, VRINT, VCVTA, ... */
	bool l1_caches;      /* cache maintenance registers, CCR.IC and DC */
	bool dwt_lock;       /* DWT_LAR, locked after reset */
	bool pairs;          /* dual issue */
	uint8_t fetch_unit_shift; /* of hot code: a pair lies within one */
	bool load_use_stall; /* a load's result is late for the next instruction */
	/* Cycles of table 3-1 of the M4 hold where `cycles` does not say otherwise; it ends with
	 * OP_COUNT. */
	const struct op_cycles {
		uint16_t kind;
		uint8_t cycles;
	} * cycles;
	enum execute_exit (*execute)(struct armv7em *core);
	unsigned (*data_cost)(struct armv7em *core, uint32_t address, bool is_store);
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
	bool locked;        /* writes are ignored until LAR has the key */
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

struct armv7em {
	/* Hot: the dispatch loop. */
	uint32_t r[16]; /* r[15]: address of the current instruction, when stored */
	/* What one instruction stores together lies apart, so that GCC does not build a vector for
	 * it, which the next reader of one flag would wait for. */
	uint32_t negative;  /* bit 31 is N */
	uint32_t saturated; /* 0 or 1 */
	uint32_t carry;     /* 0 or 1 */
	uint32_t ge;
	uint32_t nonzero;     /* zero when Z is set */
	uint32_t loaded_word; /* for counts.toggled_bits */
	uint32_t overflow;    /* 0 or 1 */
	uint64_t now;         /* cycles + sleep_cycles, when stored */
	uint64_t horizon;     /* the loop stops before the instruction that starts here or later;
			       * changed by core_update_horizon only */
	bool exclusive;
	bool fp_ready;       /* FP instructions need no check: enabled, context active */
	bool fp_host_active; /* the host's FP environment is the guest's */
	bool unaligned_trap, divide_trap;
	struct core_counts counts; /* without classes: core_sync_counts fills them in */
	/* Instructions by class, in banks: neighbouring instructions increment different words, or
	 * each would wait for the one before. */
	uint64_t class_banks[CLASS_BANKS * CLASS_BANK_SIZE];
	/* Before each instruction the loop compares one address and at jumps two values more;
	 * `look` in execute_loop.inc does the rest: the horizon and the flash or cache model. */
	uintptr_t check_at;    /* the flow goes on without a look below this op */
	uint64_t calm_until;   /* no fetch unit that is entered earlier reaches the horizon */
	uintptr_t fetch_start; /* ops of the unit of memory that the fetch stage holds */
	uintptr_t fetch_bytes;
	uint64_t load_end; /* pipelining of neighbouring loads, while the loop is left */
	unsigned loaded_register;
	unsigned paired; /* M7: the last instruction issued together with the one behind it */
	const struct core_model *model;
	const void *handlers[HANDLER_COUNT]; /* the loop's own, where one instruction reaches them */
	uint32_t s[32];
	uint32_t fpscr;

	/* System state. */
	uint32_t sp_banked; /* the stack pointer that r[13] is not */
	uint32_t control, primask, basepri, faultmask, ipsr;
	uint32_t exception_return; /* the value that was jumped to */
	bool not_thumb;            /* EPSR.T is clear: only until its INVSTATE is stacked */
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
	uint32_t stack_limit[2]; /* v8-M: MSPLIM, PSPLIM */
	bool stack_guarded;      /* one has been set: what moves SP is decoded to STACK_GUARD */
	uint32_t cache_selected; /* CSSELR */
	struct flash flash;
	struct cache instruction_cache, data_cache, accelerator;
	struct branch_target branch_targets[BRANCH_TARGETS];
	struct armv7em_bus bus;
	struct repeat_watch *watch; /* NULL: nobody watches loads and stores */
	uint64_t generation;        /* of flash and code: see repeat.h */
	unsigned region_count;
	struct region regions[REGION_COUNT];
	uint8_t page[1u << (32 - PAGE_SHIFT)]; /* region by address >> PAGE_SHIFT: a first guess */
	/* By address >> DIRECT_SHIFT, where a page is wholly one mapping's: the byte of an address
	 * is at entry + address; plus TIMED_PAGE where reads cost; else 0. Pages that hold decoded
	 * code or cost are not writable this way. */
	intptr_t readable[1u << (32 - DIRECT_SHIFT)];
	intptr_t writable[1u << (32 - DIRECT_SHIFT)];
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

/* armv7em_model.c */
const struct core_model *core_model_of(enum armv7em_model model);

/* armv7em_neighbour.c: adds the cycles an op owes to the one behind it, and OP_PAIRS. */
void neighbour_judge(const struct core_model *model, struct op *op, const struct op *behind);

/* armv7em_pairs.c: gives an op that is decoded the handler of a pair or run, if it starts one; then
 * decodes the others. */
void pair_find(struct armv7em *core, struct region *region, uint32_t offset);

/* armv7em_execute*.c */
enum execute_exit core_execute_m4(struct armv7em *core);
enum execute_exit core_execute_m7(struct armv7em *core);
enum execute_exit core_execute_m33(struct armv7em *core);

/* armv7em_memory.c: any size and alignment; add flash stalls to `now`; false with core->fault set.
 */
bool memory_read(struct armv7em *core, uint32_t address, unsigned size, uint32_t *ret_value);
bool memory_write(struct armv7em *core, uint32_t address, unsigned size, uint32_t value);
struct region *memory_region(struct armv7em *core, uint32_t address); /* NULL: not memory */
/* Whether the loop reaches the region without memory_read and memory_write. */
void memory_set_direct(struct armv7em *core, const struct region *region, bool direct);
void memory_mark_code(struct armv7em *core, const uint8_t *memory);
void memory_forget_code(struct armv7em *core, const uint8_t *memory, uint32_t bytes);
void memory_forget_all_code(struct armv7em *core);

/* armv7em_flash.c */
#define FLASH_WORDS_PER_LINE (1u << (FLASH_LINE_SHIFT - FLASH_WORD_SHIFT))
#define FLASH_LINE_COMPLETE  ((1u << FLASH_WORDS_PER_LINE) - 1)
/* Enters the fetch unit that holds the op; returns stall cycles. */
unsigned flash_fetch(struct armv7em *core, const struct region *region, const struct op *op,
		     uint64_t now);
unsigned flash_data(struct armv7em *core, uint32_t address, bool is_store);
void flash_forget(struct armv7em *core, const struct region *region);
/* Makes the next instruction look at the flash or cache model again. */
static inline void flash_leave_unit(struct armv7em *core)
{
	core->fetch_start = core->fetch_bytes = core->check_at = 0;
}
/* At most 1 << FLASH_LINE_SHIFT bytes of code. */
static inline void flash_enter_unit(struct armv7em *core, const struct op *op, unsigned shift)
{
	core->fetch_bytes = (sizeof(struct op) << shift) / 2;
	core->fetch_start = (uintptr_t)op & ~(core->fetch_bytes - 1);
}

/* armv7em_cache.c: the same for the other models. */
void cache_init(struct armv7em *core);
void cache_forget(struct armv7em *core, struct cache *cache);
void cache_set_enables(struct armv7em *core, uint32_t ccr); /* before CCR changes */
unsigned cache_fetch_m7(struct armv7em *core, const struct region *region, const struct op *op,
			uint64_t now);
unsigned cache_fetch_m33(struct armv7em *core, const struct region *region, const struct op *op,
			 uint64_t now);
unsigned cache_data_m7(struct armv7em *core, uint32_t address, bool is_store);
unsigned cache_data_m33(struct armv7em *core, uint32_t address, bool is_store);
bool cache_register_read(struct armv7em *core, uint32_t offset, uint32_t *ret_value);
bool cache_register_write(struct armv7em *core, uint32_t offset, uint32_t value);

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
/* v8-M: the limit of the stack in use. */
static inline uint32_t special_stack_limit(const struct armv7em *core)
{
	return core->stack_limit[!core->ipsr && core->control & CONTROL_SPSEL];
}
/* Is it an operation that may take SP down; SP behind it. */
bool special_moves_stack(const struct op *op);
uint32_t special_stack_after(const struct armv7em *core, const struct op *op);
/* Stack pointers wherever they live now. */
void special_select_stack(struct armv7em *core, bool process);

#endif
