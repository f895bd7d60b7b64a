/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the emulated STM32s have in common: life (supply, NRST, BOOT0), faults, virtual time and the
 * ROM loader. A part embeds struct stm32 as its first member, fills a struct stm32_part and owns
 * its registers; peripherals that several parts have are in stm32_gpio, stm32_usart and stm32_adc.
 *
 * Time. The core counts cycles, the chip keeps (anchor_ps, anchor_cycle, HCLK): exact at any cycle,
 * and re-anchored whenever HCLK changes. Whatever happens at a time (a byte has left, an erase is
 * done) is one entry of deadline_ps; the run loop stops the core there.
 *
 * Rules. A register access or clock change that silicon does not allow ends in stm32_fault: the
 * core stops with a sentence until the next reset.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32_H
#define RIGS_VIRTUAL_CHIPS_STM32_H

#include "rigs/virtual/chips/chip_ops.h"
#include "rigs/virtual/chips/rom_loader.h"
#include "rigs/virtual/cores/armv7em.h"

#define STM32_PS_PER_S  INT64_C(1000000000000)
#define STM32_PS_PER_US INT64_C(1000000)
#define STM32_NEVER_PS  INT64_MAX

enum stm32_mode {
	STM32_MODE_OFF = 1,
	STM32_MODE_RESET, /* NRST low, or the reset sequence still runs */
	STM32_MODE_ROM,
	STM32_MODE_RUN,
};

enum stm32_deadline {
	STM32_DEADLINE_BOOT = 0,
	STM32_DEADLINE_CLOCK, /* a chosen source becomes ready */
	STM32_DEADLINE_FLASH,
	STM32_DEADLINE_UART,
	STM32_DEADLINE_ADC,
	STM32_DEADLINE_ROM,
	STM32_DEADLINE_CACHE,
	STM32_DEADLINE_COUNT,
};

enum stm32_reset_cause {
	STM32_RESET_NO_SUPPLY = 1, /* the supply has gone */
	STM32_RESET_POWER,         /* and has come */
	STM32_RESET_PIN,
	STM32_RESET_SOFTWARE,
};

struct stm32;

/* What a part is. Every hook but those marked optional is there. */
struct stm32_part {
	const char *name;
	double power_min_v;                   /* brown-out level, rising */
	int64_t power_ps, reset_ps;           /* from supply or NRST to the first instruction */
	void (*power_on)(struct stm32 *chip); /* memories lose what they held */
	/* All registers to their reset values; an operation in progress is cut off. */
	void (*reset)(struct stm32 *chip, enum stm32_reset_cause cause);
	/* The reset sequence is over: stm32_rom_start or stm32_start_program. */
	void (*boot)(struct stm32 *chip, bool boot0);
	void (*clock_update)(struct stm32 *chip); /* recompute HCLK, check every rule */
	/* VDD has changed while there is power. Optional. */
	void (*supply_changed)(struct stm32 *chip);
	void (*uart_rx)(struct stm32 *chip, uint8_t byte, const struct chip_uart_format *format);
	/* Is the address in a flash bank that is busy? Asked while flash_busy is set. */
	bool (*flash_stalls)(const struct stm32 *chip, uint32_t address);
	/* Clocks, voltage, peripherals; not called while the loader in ROM runs. */
	void (*report)(const struct stm32 *chip, struct chip_activity *activity);
	struct chip_activity rom_activity; /* what it reports then */
	void (*destroy)(struct stm32 *chip);
	void (*events[STM32_DEADLINE_COUNT])(struct stm32 *chip, int64_t t_ps); /* optional */
};

/* A memory that the loader in ROM reaches, and that a program may start from. */
struct stm32_memory {
	uint32_t base, bytes;
	enum rom_loader_area area;
	uint8_t *at;
};

/* The loader in ROM as this part has it. */
struct stm32_rom {
	uint16_t product_id;
	unsigned page_count, bank_count, program_bytes;
	int64_t program_ps, page_erase_ps, boot_ps;
	int64_t (*erase_ps)(void *context, unsigned page); /* optional, as in rom_loader_target */
	bool (*program)(struct stm32 *chip, uint32_t address, const uint8_t *bytes);
	void (*erase_page)(struct stm32 *chip, unsigned page);
};

#define STM32_MEMORY_MAX 6

struct stm32_pins {
	double vdd_v, junction_c;
	bool nrst, boot0;
};

struct stm32 {
	struct chip chip;
	const struct stm32_part *part;
	const struct stm32_rom *rom_traits;
	struct armv7em *core;
	struct chip_callbacks callbacks;
	struct stm32_memory memories[STM32_MEMORY_MAX]; /* bytes 0: not used */
	struct rom_loader rom;
	char uid_text[25];
	char fault_text[512];
	uint64_t random;

	enum stm32_mode mode;
	struct stm32_pins pins;
	bool boot0_at_reset;
	int64_t now_ps; /* of the run loop */
	bool in_core;   /* a callback of the core is running, or may be */
	bool asleep;
	int64_t anchor_ps;
	uint64_t anchor_cycle, hclk_millihz;
	bool flash_busy;
	int64_t flash_end_ps;        /* valid while flash_busy */
	int64_t stall_end_ps;        /* the core stands still: a busy flash bank, a held write */
	int64_t active_ps, idle_ps;  /* of the present slice */
	uint64_t slice_limit;        /* cycle at which it ends; UINT64_MAX: time ends it */
	bool slice_over, slice_edge; /* a marker line, or the clock, has changed in it */
	struct core_counts reported; /* counters at the end of the last slice */
	int64_t deadline_ps[STM32_DEADLINE_COUNT];
};

/* stm32.c */

/* Before anything else: what does not need memory. The core is the part's to make. */
void stm32_init(struct stm32 *chip, const struct stm32_part *part,
		const struct chip_config *config);
/* Uniform in 0..2^32-1, seeded. */
uint32_t stm32_random(struct stm32 *chip);
double stm32_spread(struct stm32 *chip); /* uniform in -1..1 */
/* Twelve bytes of unique id, and their text. */
void stm32_make_uid(struct stm32 *chip, uint8_t *ret_uid);
/* Fills with noise, as RAM is when its supply comes. */
void stm32_scramble(struct stm32 *chip, uint8_t *memory, uint32_t bytes);
__attribute__((format(printf, 2, 3))) void stm32_fault(struct stm32 *chip, const char *format, ...);
void stm32_unmodelled(struct stm32 *chip, uint32_t address);
void stm32_system_reset(struct stm32 *chip, enum stm32_reset_cause cause);
void stm32_start_program(struct stm32 *chip, uint32_t vector_base);
struct stm32 *stm32_of(struct chip *chip);

/* stm32_run.c */

void stm32_run(struct chip *chip, int64_t t_ps, struct chip_activity *ret_activity);
void stm32_run_slice(struct chip *chip, int64_t rest_ps, int64_t limit_ps,
		     struct chip_activity *ret_activity);
/* A marker line has changed. */
void stm32_marker_changed(struct stm32 *chip);
/* Virtual time, exact inside a register access. */
int64_t stm32_now(const struct stm32 *chip);
void stm32_schedule(struct stm32 *chip, enum stm32_deadline deadline, int64_t t_ps);
/* From now on a cycle takes 1/hclk. */
void stm32_rebase(struct stm32 *chip, uint64_t hclk_millihz);

/* stm32_rom.c */

void stm32_rom_init(struct stm32 *chip, const struct stm32_rom *traits);
void stm32_rom_start(struct stm32 *chip);
void stm32_rom_rx(struct stm32 *chip, uint8_t byte, const struct chip_uart_format *format);
void stm32_rom_event(struct stm32 *chip, int64_t t_ps);
/* NULL: no memory holds all of it. */
const struct stm32_memory *stm32_memory_find(const struct stm32 *chip, uint32_t address,
					     size_t bytes);

/* Register values. mask has ones in the bits that a store covers. */
static inline uint32_t stm32_merge(uint32_t old, uint32_t value, uint32_t mask)
{
	return (old & ~mask) | (value & mask);
}

static inline void stm32_store_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

#endif
