/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the emulated STM32s have in common: life (supply, NRST, BOOT0), faults, virtual time, the
 * bus, the ROM loader, and the peripherals that every part has one of: flash controller, GPIO, UART
 * and voltage detector. A part embeds struct stm32 as its first member, fills a struct stm32_part
 * and owns its other registers.
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
#include "rigs/virtual/chips/stm32_adc.h"
#include "rigs/virtual/chips/stm32_flash.h"
#include "rigs/virtual/chips/stm32_gpio.h"
#include "rigs/virtual/chips/stm32_pvd.h"
#include "rigs/virtual/chips/stm32_usart.h"
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

/* Registers that the bus reaches. Offsets are from their base address; mask has ones in the bits
 * that the store covers (value is zero elsewhere). */
struct stm32_block {
	const char *name;
	uint32_t base, bytes;
	uint32_t gate_offset; /* RCC enable register; 0: always clocked */
	unsigned gate_bit;    /* GPIO: of port A, the others' follow */
	uint32_t (*read)(struct stm32 *chip, uint32_t offset);
	void (*write)(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
};

/* What a part is. Every hook but those marked optional is there. */
struct stm32_part {
	const char *name;
	size_t state_bytes; /* of the struct that embeds struct stm32 */
	enum armv7em_model core;
	unsigned irq_count;
	uint32_t flash_bytes, sram_base, sram_bytes, system_bytes;
	const struct stm32_block *blocks; /* the first one that holds an address has it */
	size_t block_count;
	const struct stm32_flash_traits *flash;
	const struct stm32_gpio_board *board;
	const struct stm32_usart_traits *usart;
	const struct stm32_pvd_traits *pvd;
	const struct stm32_rom *rom;
	double power_min_v;         /* brown-out level, rising */
	int64_t power_ps, reset_ps; /* from supply or NRST to the first instruction */
	/* Once, with cleared state: stm32_make_individual, memories, rcc, peripherals of its own.
	 */
	void (*set_up)(struct stm32 *chip);
	void (*power_on)(struct stm32 *chip); /* its own memories lose what they held */
	/* Its own registers to their reset values; an operation in progress is cut off. */
	void (*reset)(struct stm32 *chip, enum stm32_reset_cause cause);
	/* The reset sequence is over: stm32_rom_start or stm32_start_program. */
	void (*boot)(struct stm32 *chip, bool boot0);
	void (*clock_update)(struct stm32 *chip); /* recompute HCLK, check every rule */
	/* VDD has changed while there is power. Optional. */
	void (*supply_changed)(struct stm32 *chip);
	/* A store outside RAM and blocks. False: no memory is there. */
	bool (*store)(struct stm32 *chip, uint32_t address, unsigned size, uint32_t value);
	/* Is the address in a flash bank that is busy? Asked while flash_busy is set. */
	bool (*flash_stalls)(const struct stm32 *chip, uint32_t address);
	/* Clocks, voltage, peripherals; not called while the loader in ROM runs. */
	void (*report)(const struct stm32 *chip, struct chip_activity *activity);
	struct chip_activity rom_activity; /* what it reports then */
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
	struct armv7em *core;
	struct chip_callbacks callbacks;
	uint8_t *flash, *sram, *system;
	uint8_t *own_flash;                             /* NULL: flash is the caller's */
	struct stm32_memory memories[STM32_MEMORY_MAX]; /* bytes 0: not used */
	const uint32_t *rcc;                            /* the part's RCC registers: clock gates */
	struct rom_loader rom;
	struct stm32_flash flashc;
	struct stm32_gpio gpio;
	struct stm32_usart usart;
	struct stm32_pvd pvd;
	struct stm32_analog analog;
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

/* What chip_new of a part is. */
int stm32_new(const struct stm32_part *part, const struct chip_config *config,
	      struct chip **ret_chip, struct verr *err);
/* Seeded: unique id, analog, and the factory's words about them into memory. */
void stm32_make_individual(struct stm32 *chip, const struct stm32_device_info *info,
			   uint8_t *memory);
/* Uniform in 0..2^32-1, seeded. */
uint32_t stm32_random(struct stm32 *chip);
double stm32_spread(struct stm32 *chip); /* uniform in -1..1 */
/* Fills with noise, as RAM is when its supply comes. */
void stm32_scramble(struct stm32 *chip, uint8_t *memory, uint32_t bytes);
__attribute__((format(printf, 2, 3))) void stm32_fault(struct stm32 *chip, const char *format, ...);
void stm32_unmodelled(struct stm32 *chip, uint32_t address);
void stm32_system_reset(struct stm32 *chip, enum stm32_reset_cause cause);
void stm32_start_program(struct stm32 *chip, uint32_t vector_base);
struct stm32 *stm32_of(struct chip *chip);

/* stm32_bus.c: what the core's loads and stores outside its memories reach; context is the struct
 * stm32. Tests use them too. */

bool stm32_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value);
bool stm32_write(void *context, uint32_t address, unsigned size, uint32_t value);
/* Handlers for blocks. */
uint32_t stm32_bus_gpio_read(struct stm32 *chip, uint32_t offset);
void stm32_bus_gpio_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
uint32_t stm32_bus_usart_read(struct stm32 *chip, uint32_t offset);
void stm32_bus_usart_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
uint32_t stm32_bus_exti_read(struct stm32 *chip, uint32_t offset);
void stm32_bus_exti_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);

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

void stm32_rom_init(struct stm32 *chip);
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

/* By HPRE, bits 7 to 4 of RCC_CFGR. */
static inline unsigned stm32_ahb_divider(uint32_t cfgr)
{
	static const unsigned dividers[8] = {2, 4, 8, 16, 64, 128, 256, 512};
	uint32_t hpre = cfgr >> 4 & 15;

	return hpre & 8 ? dividers[hpre & 7] : 1;
}

/* An oscillator's switch: returns when it is ready. */
static inline int64_t stm32_ready_after(int64_t ready_ps, bool was_on, bool is_on, int64_t now_ps,
					int64_t start_ps)
{
	if (!is_on)
		return STM32_NEVER_PS;
	return was_on ? ready_ps : now_ps + start_ps;
}

static inline void stm32_store_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

#endif
