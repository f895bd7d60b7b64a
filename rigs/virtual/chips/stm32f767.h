/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32F767ZI as RM0410 describes it, for the files stm32f767*.c and for tests: the state of the
 * chip and the seams between its peripherals. Factory option bytes: single bank (nDBANK 1), boot
 * address 0 in flash over ITCM, read protection level 0.
 *
 * Time. The core counts cycles, the chip keeps (anchor_ps, anchor_cycle, HCLK): exact at any cycle,
 * and re-anchored whenever HCLK changes. Whatever happens at a time (a byte has left, an erase is
 * done) is one entry of deadline_ps; the run loop stops the core there.
 *
 * Rules. A register access or clock change that silicon does not allow ends in stm32f767_fault: the
 * core stops with a sentence until the next reset.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32F767_H
#define RIGS_VIRTUAL_CHIPS_STM32F767_H

#include "rigs/virtual/chips/chip_ops.h"
#include "rigs/virtual/chips/rom_loader.h"
#include "rigs/virtual/chips/stm32f767_registers.h"
#include "rigs/virtual/cores/armv7em.h"

#define F767_PS_PER_S  INT64_C(1000000000000)
#define F767_PS_PER_US INT64_C(1000000)
#define F767_NEVER_PS  INT64_MAX

/* RM0410 figure 2, tables 3 and 4; DS11532 figure 22 */
#define F767_ITCM_BASE          0x00000000u
#define F767_ITCM_BYTES         0x00004000u
#define F767_SYSTEM_ALIAS       0x00100000u /* ITCM side */
#define F767_SYSTEM_ALIAS_BYTES 0x0000EDC0u
#define F767_FLASH_ALIAS        0x00200000u /* ITCM side, through the ART accelerator */
#define F767_FLASH_BASE         0x08000000u /* AXI side, through the L1 caches */
#define F767_FLASH_BYTES        0x00200000u
#define F767_SECTOR_COUNT       12u
#define F767_SYSTEM_BASE        0x1FF00000u
#define F767_SYSTEM_BYTES       0x00010000u /* loader, OTP, device information */
#define F767_SRAM_BASE          0x20000000u /* DTCM, SRAM1, SRAM2 in one piece */
#define F767_SRAM_BYTES         0x00080000u
#define F767_DTCM_BYTES         0x00020000u
#define F767_SRAM1_BASE         0x20020000u
#define F767_IRQ_COUNT          110
#define F767_IRQ_FLASH          4
#define F767_IRQ_ADC            18
#define F767_IRQ_USART3         39
#define F767_MARKER_COUNT       3
#define F767_PORT_COUNT         11 /* A to K */
#define F767_PORT_A             0
#define F767_PORT_B             1
#define F767_PORT_E             4
#define F767_HSI_HZ             16000000u
#define F767_HSE_HZ             8000000u /* Nucleo-144: the ST-LINK's MCO on OSC_IN */

enum f767_mode {
	F767_MODE_OFF = 1,
	F767_MODE_RESET, /* NRST low, or the reset sequence still runs */
	F767_MODE_ROM,
	F767_MODE_RUN,
};

enum f767_deadline {
	F767_DEADLINE_BOOT = 0,
	F767_DEADLINE_CLOCK, /* a chosen source becomes ready */
	F767_DEADLINE_FLASH,
	F767_DEADLINE_USART,
	F767_DEADLINE_ADC,
	F767_DEADLINE_ROM,
	F767_DEADLINE_COUNT,
};

/* RCC_CFGR.SW codes */
enum f767_source { F767_SOURCE_HSI = 0, F767_SOURCE_HSE, F767_SOURCE_PLL };

struct f767_clock {
	uint32_t rcc[0x94 / 4];
	uint32_t cr1, csr1, cr2; /* PWR */
	int64_t hsi_ready_ps, hse_ready_ps, pll_ready_ps;
	int64_t vos_ready_ps; /* regulator at PWR_CR1.VOS; only while the PLL is on */
	int64_t od_ready_ps, odsw_ready_ps;
	enum f767_source source;              /* CFGR.SWS */
	uint64_t sysclk_hz, hclk_hz;          /* nominal: what the rules look at */
	int32_t hsi_error_ppb, hse_error_ppb; /* true = nominal * (1 + error) */
};

enum f767_flash_operation {
	F767_FLASH_IDLE = 1,
	F767_FLASH_PROGRAM,
	F767_FLASH_ERASE_SECTOR,
	F767_FLASH_ERASE_MASS,
};

struct f767_flash {
	uint32_t acr, cr, sr;
	unsigned key_step; /* 0 locked, 1 first key given, 2 open, 3 locked until reset */
	enum f767_flash_operation operation;
	uint32_t offset, bytes; /* what it changes */
	int64_t end_ps;
};

struct f767_port {
	uint32_t moder, otyper, ospeedr, pupdr, odr, lckr, afr[2];
	unsigned lock_step; /* of the LCKK sequence; 3: locked */
};

struct f767_usart {
	uint32_t cr1, cr2, cr3, brr;
	uint32_t sticky; /* ISR: ORE, FE, NE, PE, TC */
	uint8_t rx, tx;
	bool rx_full, tx_full;
	bool shifting;
	uint8_t shift;
	struct chip_uart_format shift_format;
	int64_t shift_end_ps;
};

struct f767_adc {
	uint32_t sr, cr1, cr2, smpr[2], sqr[3], dr, ccr;
	int64_t on_ready_ps, sensor_ready_ps;
	unsigned sequence_index;
	bool converting;
};

struct f767_pins {
	double vdd_v, junction_c;
	bool nrst, boot0;
};

struct stm32f767 {
	struct chip chip;
	struct armv7em *core;
	struct chip_callbacks callbacks;
	uint8_t *flash, *itcm, *sram, *system;
	uint8_t *own_flash; /* NULL: flash is the caller's */
	char uid_text[25];
	char fault_text[512];
	uint64_t random;

	enum f767_mode mode;
	bool boot_from_rom; /* BOOT0 as NRST rose */
	struct f767_pins pins;
	int64_t now_ps; /* of the run loop */
	bool in_core;   /* a callback of the core is running, or may be */
	bool asleep;
	int64_t anchor_ps;
	uint64_t anchor_cycle, hclk_millihz;
	int64_t stall_end_ps;        /* the core stands still: busy flash, a held write */
	int64_t active_ps, idle_ps;  /* of the present slice */
	struct core_counts reported; /* counters at the end of the last slice */
	int64_t deadline_ps[F767_DEADLINE_COUNT];

	struct f767_clock clock;
	struct f767_flash flashc;
	struct f767_port ports[F767_PORT_COUNT];
	bool markers[F767_MARKER_COUNT];
	struct f767_usart usart;
	struct f767_adc adc;
	uint32_t syscfg[9], exti[6], dbgmcu[4];
	double vrefint_v, sensor_30c_v, sensor_v_per_c; /* this chip's own */
	struct rom_loader rom;
};

/* stm32f767.c */
struct stm32f767 *stm32f767_of(struct chip *chip);
/* Uniform in 0..2^32-1, seeded. */
uint32_t stm32f767_random(struct stm32f767 *s);
/* Stops the core until reset; the first sentence stays. The program counter is added. */
__attribute__((format(printf, 2, 3))) void stm32f767_fault(struct stm32f767 *s, const char *format,
							   ...);
/* Registers as after a system reset. flags: bits of RCC_CSR to set. */
void stm32f767_system_reset(struct stm32f767 *s, uint32_t flags);
/* Lets the core begin with the vector table there. */
void stm32f767_start_program(struct stm32f767 *s, uint32_t vector_base);

/* stm32f767_memory.c: what an address is within the chip's arrays. */
/* NULL: no memory, or not `bytes` of it. */
uint8_t *stm32f767_memory_at(struct stm32f767 *s, uint32_t address, size_t bytes);
void stm32f767_memory_map(struct stm32f767 *s);
/* Is it flash (either side)? ret_offset: from the start of the array. */
bool stm32f767_memory_is_flash(uint32_t address, uint32_t *ret_offset);
uint32_t stm32f767_sector_offset(unsigned sector);
uint32_t stm32f767_sector_bytes(unsigned sector);

/* stm32f767_run.c */
void stm32f767_run(struct chip *chip, int64_t t_ps, struct chip_activity *ret_activity);
/* Virtual time, exact inside a register access. */
int64_t stm32f767_now(const struct stm32f767 *s);
void stm32f767_schedule(struct stm32f767 *s, enum f767_deadline deadline, int64_t t_ps);
/* From now on a cycle takes 1/hclk. */
void stm32f767_rebase(struct stm32f767 *s, uint64_t hclk_millihz);

/* stm32f767_bus.c: what the core's loads and stores outside its memories reach. Tests use them too.
 */
bool stm32f767_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value);
bool stm32f767_write(void *context, uint32_t address, unsigned size, uint32_t value);
void stm32f767_unmodelled(struct stm32f767 *s, uint32_t address);

/* Peripherals. Offsets are from their base address; mask has ones in the bits that the store covers
 * (value is zero elsewhere). */
uint32_t stm32f767_rcc_read(struct stm32f767 *s, uint32_t offset);
void stm32f767_rcc_write(struct stm32f767 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_rcc_reset(struct stm32f767 *s, uint32_t flags);
uint32_t stm32f767_pwr_read(struct stm32f767 *s, uint32_t offset);
void stm32f767_pwr_write(struct stm32f767 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_pwr_reset(struct stm32f767 *s);
uint32_t stm32f767_flash_read(struct stm32f767 *s, uint32_t offset);
void stm32f767_flash_write(struct stm32f767 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_flash_reset(struct stm32f767 *s);
uint32_t stm32f767_gpio_read(struct stm32f767 *s, uint32_t offset);
void stm32f767_gpio_write(struct stm32f767 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_gpio_reset(struct stm32f767 *s, unsigned port);
uint32_t stm32f767_usart_read(struct stm32f767 *s, uint32_t offset);
void stm32f767_usart_write(struct stm32f767 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_usart_reset(struct stm32f767 *s);
uint32_t stm32f767_adc_read(struct stm32f767 *s, uint32_t offset);
void stm32f767_adc_write(struct stm32f767 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_adc_reset(struct stm32f767 *s);

/* Deadlines. t_ps is the deadline itself. */
void stm32f767_boot_event(struct stm32f767 *s, int64_t t_ps);
void stm32f767_clock_event(struct stm32f767 *s, int64_t t_ps);
void stm32f767_flash_event(struct stm32f767 *s, int64_t t_ps);
void stm32f767_usart_event(struct stm32f767 *s, int64_t t_ps);
void stm32f767_adc_event(struct stm32f767 *s, int64_t t_ps);
void stm32f767_rom_event(struct stm32f767 *s, int64_t t_ps);

/* Clock tree (stm32f767_clock.c). */
uint64_t stm32f767_vco_hz(const struct stm32f767 *s);       /* nominal, 0 with M 0 */
uint64_t stm32f767_pll_input_hz(const struct stm32f767 *s); /* after M */
uint64_t stm32f767_true_millihz(const struct stm32f767 *s, enum f767_source source,
				uint64_t nominal_hz);
bool stm32f767_source_ready(const struct stm32f767 *s, enum f767_source source);
enum f767_source stm32f767_pll_source(const struct stm32f767 *s);
uint64_t stm32f767_pclk2_millihz(const struct stm32f767 *s);
uint64_t stm32f767_sysclk_millihz(const struct stm32f767 *s);
uint64_t stm32f767_usart_millihz(const struct stm32f767 *s);             /* kernel clock, 0: none */
unsigned stm32f767_apb_divider(const struct stm32f767 *s, unsigned bus); /* bus 1 or 2 */
/* Something of the tree has changed: recompute HCLK, check every rule, move time's anchor. */
void stm32f767_clock_update(struct stm32f767 *s);

/* Regulator (stm32f767_pwr.c). */
unsigned stm32f767_pwr_scale(const struct stm32f767 *s); /* 1 to 3, as it is now */
bool stm32f767_pwr_over_drive(const struct stm32f767 *s);
double stm32f767_pwr_core_v(const struct stm32f767 *s);
/* The PLL was switched on or off: VOS follows. */
void stm32f767_pwr_follow_pll(struct stm32f767 *s, bool on);

/* Clock rules (stm32f767_rules.c). */
void stm32f767_rules_check_pll(struct stm32f767 *s);
void stm32f767_rules_check_hclk(struct stm32f767 *s);

/* A store into the flash address range, offset from its start. */
void stm32f767_flash_store(struct stm32f767 *s, uint32_t offset, unsigned size, uint32_t value);
/* Must an access to the address wait? Single bank: any flash address, while anything is going on.
 */
bool stm32f767_flash_stalls(const struct stm32f767 *s, uint32_t address);
/* Power or reset in the middle of an operation: what was being changed is undefined. */
void stm32f767_flash_abort(struct stm32f767 *s);
void stm32f767_flash_erase_sector(struct stm32f767 *s, unsigned sector); /* 0..11 */
/* Time of an erase at a parallelism of 8 << psize bits. */
int64_t stm32f767_flash_erase_ps(unsigned sector, unsigned psize);
int64_t stm32f767_flash_mass_erase_ps(unsigned psize);
/* false, and nothing happens: a bit would have to rise from 0 to 1. */
bool stm32f767_flash_program(struct stm32f767 *s, uint32_t offset, const uint8_t *bytes,
			     unsigned count);

bool stm32f767_pin_is_alternate(const struct stm32f767 *s, unsigned port, unsigned pin,
				unsigned function);
void stm32f767_usart_rx(struct stm32f767 *s, uint8_t byte, const struct chip_uart_format *format);

/* stm32f767_rom.c */
void stm32f767_rom_init(struct stm32f767 *s);
void stm32f767_rom_start(struct stm32f767 *s);
void stm32f767_rom_schedule(struct stm32f767 *s);

#endif
