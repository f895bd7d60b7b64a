/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L4R5ZI as RM0432 describes it, for the files stm32l4r5*.c and for tests: the state of the
 * chip and the seams between its peripherals.
 *
 * Time. The core counts cycles, the chip keeps (anchor_ps, anchor_cycle, HCLK): exact at any cycle,
 * and re-anchored whenever HCLK changes. Whatever happens at a time (a byte has left, an erase is
 * done) is one entry of deadline_ps; the run loop stops the core there.
 *
 * Rules. A register access or clock change that silicon does not allow ends in stm32l4r5_fault: the
 * core stops with a sentence until the next reset.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32L4R5_H
#define RIGS_VIRTUAL_CHIPS_STM32L4R5_H

#include "rigs/virtual/chips/chip_ops.h"
#include "rigs/virtual/chips/rom_loader.h"
#include "rigs/virtual/chips/stm32l4r5_registers.h"
#include "rigs/virtual/cores/armv7em.h"

#define STM32_PS_PER_S  INT64_C(1000000000000)
#define STM32_PS_PER_US INT64_C(1000000)
#define STM32_NEVER_PS  INT64_MAX

/* RM0432 table 2; DS12023 figure 19 */
#define STM32_FLASH_BASE   0x08000000u
#define STM32_FLASH_BYTES  0x00200000u
#define STM32_BANK_BYTES   0x00100000u
#define STM32_PAGE_BYTES   0x1000u
#define STM32_BANK_PAGES   256u
#define STM32_SRAM_BASE    0x20000000u /* SRAM1, SRAM2, SRAM3 in one piece */
#define STM32_SRAM_BYTES   0x000A0000u
#define STM32_SRAM2_OFFSET 0x00030000u
#define STM32_SRAM2_BYTES  0x00010000u
#define STM32_SRAM2_ALIAS  0x10000000u
#define STM32_SYSTEM_BASE  0x1FFF0000u
#define STM32_SYSTEM_BYTES 0x00008000u
#define STM32_IRQ_COUNT    95
#define STM32_IRQ_FLASH    4
#define STM32_IRQ_LPUART1  70
#define STM32_MARKER_COUNT 3
#define STM32_PORT_COUNT   9 /* A to I */
#define STM32_PORT_A       0
#define STM32_PORT_E       4

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
	STM32_DEADLINE_LPUART,
	STM32_DEADLINE_ADC,
	STM32_DEADLINE_ROM,
	STM32_DEADLINE_COUNT,
};

/* RCC_CFGR.SW codes */
enum stm32_source { STM32_SOURCE_MSI = 0, STM32_SOURCE_HSI, STM32_SOURCE_HSE, STM32_SOURCE_PLL };

struct stm32_clock {
	uint32_t rcc[0xA0 / 4];
	uint32_t cr1, cr2, cr3, cr4, cr5; /* PWR */
	int64_t msi_ready_ps, hsi_ready_ps, pll_ready_ps;
	int64_t vosf_end_ps;
	int64_t fast_since_ps;       /* SYSCLK above 80 MHz since; STM32_NEVER_PS: it is not */
	enum stm32_source source;    /* CFGR.SWS */
	uint64_t sysclk_hz, hclk_hz; /* nominal: what the rules look at */
	int32_t msi_error_ppb, hsi_error_ppb; /* true = nominal * (1 + error) */
};

enum stm32_flash_operation {
	STM32_FLASH_IDLE = 1,
	STM32_FLASH_PROGRAM,
	STM32_FLASH_ERASE_PAGE,
	STM32_FLASH_ERASE_MASS,
};

struct stm32_flash {
	uint32_t acr, cr, sr;
	unsigned key_step; /* 0 locked, 1 first key given, 2 open, 3 locked until reset */
	bool latch_full;   /* the first word of a double word is here */
	uint32_t latch_address, latch_word;
	enum stm32_flash_operation operation;
	uint32_t offset, bytes; /* what it changes */
	uint32_t words[2];
	int64_t end_ps;
};

struct stm32_port {
	uint32_t moder, otyper, ospeedr, pupdr, odr, lckr, afr[2];
	unsigned lock_step; /* of the LCKK sequence; 3: locked */
};

struct stm32_lpuart {
	uint32_t cr1, cr2, cr3, brr, presc;
	uint32_t sticky; /* ISR: ORE, FE, NE, PE, TC */
	uint8_t rx[8], tx[8];
	uint32_t rx_errors[8]; /* ISR bits that arrive with the byte */
	unsigned rx_count, tx_count;
	bool shifting;
	uint8_t shift;
	struct chip_uart_format shift_format;
	int64_t shift_end_ps;
};

struct stm32_adc {
	uint32_t isr, ier, cr, cfgr, cfgr2, smpr[2], sqr[4], dr, ccr;
	int64_t regulator_ready_ps, sensor_ready_ps, reference_ready_ps;
	unsigned sequence_index;
};

struct stm32_pins {
	double vdd_v, junction_c;
	bool nrst, boot0;
};

struct stm32l4r5 {
	struct chip chip;
	struct armv7em *core;
	struct chip_callbacks callbacks;
	uint8_t *flash, *sram, *system;
	uint8_t *own_flash;          /* NULL: flash is the caller's */
	char uid_text[25];
	char fault_text[512];
	uint64_t random;

	enum stm32_mode mode;
	bool boot_from_rom; /* BOOT0 as NRST rose, or empty */
	bool empty;         /* FLASH_SR.PEMPTY: outlives every reset but power-on */
	struct stm32_pins pins;
	int64_t now_ps; /* of the run loop */
	bool in_core;   /* a callback of the core is running, or may be */
	bool asleep;
	int64_t anchor_ps;
	uint64_t anchor_cycle, hclk_millihz;
	int64_t stall_end_ps;        /* the core stands still: a busy flash bank, a held write */
	int64_t active_ps, idle_ps;  /* of the present slice */
	struct core_counts reported; /* counters at the end of the last slice */
	int64_t deadline_ps[STM32_DEADLINE_COUNT];

	struct stm32_clock clock;
	struct stm32_flash flashc;
	struct stm32_port ports[STM32_PORT_COUNT];
	bool markers[STM32_MARKER_COUNT];
	struct stm32_lpuart lpuart;
	struct stm32_adc adc;
	double vrefint_v, sensor_30c_v, sensor_v_per_c; /* this chip's own */
	struct rom_loader rom;
};

/* stm32l4r5.c */
struct stm32l4r5 *stm32l4r5_of(struct chip *chip);
/* Uniform in 0..2^32-1, seeded. */
uint32_t stm32l4r5_random(struct stm32l4r5 *s);
/* Stops the core until reset; the first sentence stays. The program counter is added. */
__attribute__((format(printf, 2, 3))) void stm32l4r5_fault(struct stm32l4r5 *s, const char *format,
							   ...);
/* Registers as after a system reset. flags: bits of RCC_CSR to set. */
void stm32l4r5_system_reset(struct stm32l4r5 *s, uint32_t flags);
/* Lets the core begin with the vector table there. */
void stm32l4r5_start_program(struct stm32l4r5 *s, uint32_t vector_base);

/* stm32l4r5_run.c */
void stm32l4r5_run(struct chip *chip, int64_t t_ps, struct chip_activity *ret_activity);
/* Virtual time, exact inside a register access. */
int64_t stm32l4r5_now(const struct stm32l4r5 *s);
void stm32l4r5_schedule(struct stm32l4r5 *s, enum stm32_deadline deadline, int64_t t_ps);
/* From now on a cycle takes 1/hclk. */
void stm32l4r5_rebase(struct stm32l4r5 *s, uint64_t hclk_millihz);

/* stm32l4r5_bus.c: what the core's loads and stores outside its memories reach. Tests use them too.
 */
bool stm32l4r5_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value);
bool stm32l4r5_write(void *context, uint32_t address, unsigned size, uint32_t value);
void stm32l4r5_unmodelled(struct stm32l4r5 *s, uint32_t address);

/* Peripherals. Offsets are from their base address; mask has ones in the bits that the store covers
 * (value is zero elsewhere). */
uint32_t stm32l4r5_rcc_read(struct stm32l4r5 *s, uint32_t offset);
void stm32l4r5_rcc_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_rcc_reset(struct stm32l4r5 *s, uint32_t flags);
uint32_t stm32l4r5_pwr_read(struct stm32l4r5 *s, uint32_t offset);
void stm32l4r5_pwr_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_pwr_reset(struct stm32l4r5 *s);
uint32_t stm32l4r5_flash_read(struct stm32l4r5 *s, uint32_t offset);
void stm32l4r5_flash_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_flash_reset(struct stm32l4r5 *s);
uint32_t stm32l4r5_gpio_read(struct stm32l4r5 *s, uint32_t offset);
void stm32l4r5_gpio_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_gpio_reset(struct stm32l4r5 *s, unsigned port);
uint32_t stm32l4r5_lpuart_read(struct stm32l4r5 *s, uint32_t offset);
void stm32l4r5_lpuart_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_lpuart_reset(struct stm32l4r5 *s);
uint32_t stm32l4r5_adc_read(struct stm32l4r5 *s, uint32_t offset);
void stm32l4r5_adc_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_adc_reset(struct stm32l4r5 *s);

/* Deadlines. t_ps is the deadline itself. */
void stm32l4r5_boot_event(struct stm32l4r5 *s, int64_t t_ps);
void stm32l4r5_clock_event(struct stm32l4r5 *s, int64_t t_ps);
void stm32l4r5_flash_event(struct stm32l4r5 *s, int64_t t_ps);
void stm32l4r5_lpuart_event(struct stm32l4r5 *s, int64_t t_ps);
void stm32l4r5_adc_event(struct stm32l4r5 *s, int64_t t_ps);
void stm32l4r5_rom_event(struct stm32l4r5 *s, int64_t t_ps);

/* Clock tree (stm32l4r5_clock.c). */
uint64_t stm32l4r5_msi_hz(const struct stm32l4r5 *s);
uint64_t stm32l4r5_vco_hz(const struct stm32l4r5 *s); /* nominal, 0 without a source */
uint64_t stm32l4r5_true_millihz(const struct stm32l4r5 *s, enum stm32_source source,
				uint64_t nominal_hz);
bool stm32l4r5_source_ready(const struct stm32l4r5 *s, enum stm32_source source);
bool stm32l4r5_pll_source_ready(const struct stm32l4r5 *s);
uint64_t stm32l4r5_pll_input_hz(const struct stm32l4r5 *s); /* after M */
uint64_t stm32l4r5_pclk1_millihz(const struct stm32l4r5 *s);
uint64_t stm32l4r5_sysclk_millihz(const struct stm32l4r5 *s);
uint64_t stm32l4r5_lpuart_millihz(const struct stm32l4r5 *s); /* kernel clock, 0: none */
double stm32l4r5_core_v(const struct stm32l4r5 *s);
/* Something of the tree has changed: recompute HCLK, check every rule, move time's anchor. */
void stm32l4r5_clock_update(struct stm32l4r5 *s);

/* Clock rules (stm32l4r5_rules.c). */
void stm32l4r5_rules_check_pll(struct stm32l4r5 *s);
void stm32l4r5_rules_check_hclk(struct stm32l4r5 *s);
/* SYSCLK goes from its present value to sysclk_hz, the AHB prescaler being hpre (1, 2, 4, ...). */
void stm32l4r5_rules_check_step(struct stm32l4r5 *s, uint64_t sysclk_hz, unsigned hpre);

/* A store into the flash address range, offset from its start. */
void stm32l4r5_flash_store(struct stm32l4r5 *s, uint32_t offset, unsigned size, uint32_t value);
/* Is the address in a bank that is being erased or programmed? */
bool stm32l4r5_flash_stalls(const struct stm32l4r5 *s, uint32_t address);
/* Power or reset in the middle of an operation: what was being changed is undefined. */
void stm32l4r5_flash_abort(struct stm32l4r5 *s);
void stm32l4r5_flash_erase_page(struct stm32l4r5 *s, unsigned page); /* 0..511 */
bool stm32l4r5_flash_program(struct stm32l4r5 *s, uint32_t offset, const uint32_t words[2]);

bool stm32l4r5_pin_is_alternate(const struct stm32l4r5 *s, unsigned port, unsigned pin,
				unsigned function);
void stm32l4r5_lpuart_rx(struct stm32l4r5 *s, uint8_t byte, const struct chip_uart_format *format);

/* stm32l4r5_rom.c */
void stm32l4r5_rom_init(struct stm32l4r5 *s);
void stm32l4r5_rom_start(struct stm32l4r5 *s);
void stm32l4r5_rom_schedule(struct stm32l4r5 *s);

#endif
