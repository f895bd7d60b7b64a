/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ESP32-C3 (revision 0.4, 4 MB of flash, 40 MHz crystal) as its Technical Reference Manual and
 * Espressif's public register headers describe it, for the files esp32c3*.c and for tests: the
 * state of the chip and the seams between its peripherals. Board: ESP32-C3-DevKitM-1.
 *
 * Time. The core counts cycles, the chip keeps (anchor_ps, anchor_cycle, CPU clock): exact at any
 * cycle, and re-anchored whenever the clock changes. Whatever happens at a time (a byte has left,
 * an alarm, a watchdog) is one entry of deadline_ps; the run loop stops the core there.
 *
 * The ROM's code is not executed: what it does is written in C (esp32c3_rom.c, esp32c3_loader.c),
 * and a program that calls into it traps.
 *
 * Rules. A register access or sequence that cannot work on silicon ends in esp32c3_fault: the core
 * stops with a sentence until the next reset.
 */
#ifndef RIGS_VIRTUAL_CHIPS_ESP32C3_H
#define RIGS_VIRTUAL_CHIPS_ESP32C3_H

#include "rigs/virtual/chips/chip_ops.h"
#include "rigs/virtual/chips/esp32c3_flash.h"
#include "rigs/virtual/chips/esp32c3_loader.h"
#include "rigs/virtual/chips/esp32c3_registers.h"
#include "rigs/virtual/cores/rv32.h"

#define ESP32C3_PS_PER_S  INT64_C(1000000000000)
#define ESP32C3_PS_PER_MS INT64_C(1000000000)
#define ESP32C3_PS_PER_US INT64_C(1000000)
#define ESP32C3_NEVER_PS  INT64_MAX

#define ESP32C3_ROM_BASE      0x40000000u
#define ESP32C3_ROM_BYTES     0x00060000u
#define ESP32C3_SRAM0_BASE    0x4037C000u /* the cache's own memory once it is enabled */
#define ESP32C3_SRAM0_BYTES   0x00004000u
#define ESP32C3_IRAM_BASE     0x40380000u /* SRAM1 on the instruction bus */
#define ESP32C3_DRAM_BASE     0x3FC80000u /* SRAM1 on the data bus */
#define ESP32C3_SRAM1_BYTES   0x00060000u
#define ESP32C3_RTC_RAM_BASE  0x50000000u
#define ESP32C3_RTC_RAM_BYTES 0x00002000u
#define ESP32C3_DROM_BASE     0x3C000000u
#define ESP32C3_IROM_BASE     0x42000000u
#define ESP32C3_CACHE_BYTES   0x00800000u
#define ESP32C3_MMU_ENTRIES   128
#define ESP32C3_MMU_PAGE      0x10000u
#define ESP32C3_CACHE_RUNS    11 /* mappings of flash per bus that the core has room for */
#define ESP32C3_MARKER_COUNT  3
#define ESP32C3_PIN_COUNT     22
#define ESP32C3_XTAL_HZ       40000000u

enum esp32c3_mode {
	ESP32C3_MODE_OFF = 1,
	ESP32C3_MODE_RESET, /* EN low, or the reset sequence still runs */
	ESP32C3_MODE_ROM,   /* boots from flash, or is the serial loader */
	ESP32C3_MODE_RUN,
};

enum esp32c3_deadline {
	ESP32C3_DEADLINE_BOOT = 0,
	ESP32C3_DEADLINE_RESET, /* one that was asked for from inside the core */
	ESP32C3_DEADLINE_UART,
	ESP32C3_DEADLINE_UART_TOUT,
	ESP32C3_DEADLINE_SYSTIMER,
	ESP32C3_DEADLINE_FLASH,
	ESP32C3_DEADLINE_RTC_WDT,
	ESP32C3_DEADLINE_SWD,
	ESP32C3_DEADLINE_TIMG_WDT,
	ESP32C3_DEADLINE_ROM,
	ESP32C3_DEADLINE_COUNT,
};

/* SYSCLK_CONF.SOC_CLK_SEL codes */
enum esp32c3_source { ESP32C3_SOURCE_XTAL = 0, ESP32C3_SOURCE_PLL, ESP32C3_SOURCE_RC_FAST };

struct esp32c3_uart {
	uint32_t int_raw, int_ena, clkdiv, rx_filt, conf0, conf1, mem_conf, clk_conf, id;
	uint32_t plain[0x20]; /* flow control, RS485, AT: written and read, without effect */
	uint8_t rx[512], tx[512];
	unsigned rx_count, tx_count;
	bool shifting;
	uint8_t shift;
	struct chip_uart_format shift_format;
};

struct esp32c3_gpio {
	uint32_t out, enable, strap;
	uint32_t pin[26], in_sel[128], out_sel[26];
	uint32_t io_mux[1 + ESP32C3_PIN_COUNT]; /* word 0: PIN_CTRL */
	uint32_t dedicated_out, dedicated_oen;
};

struct esp32c3_systimer {
	uint32_t conf, target_conf[3], int_ena, int_raw;
	uint64_t load[2], target[3];
	uint64_t latched[2];
	int64_t epoch_ps[2]; /* when the unit was at epoch_ticks */
	uint64_t epoch_ticks[2];
	bool armed[3];
	int64_t alarm_ps[3]; /* next alarm of each comparator */
	uint64_t next_ticks[3];
};

struct esp32c3_interrupts {
	uint32_t map[ESP32C3_SOURCE_COUNT];
	uint64_t sources; /* levels */
	uint32_t enable, type, threshold, priority[32];
	uint32_t lines, edges; /* levels of the 31 lines; latched edges */
};

struct esp32c3_watchdog {
	unsigned stage;
	int64_t fed_ps; /* when the stage began */
};

struct esp32c3_flash_map {
	uint32_t base, bytes, offset;
};

struct esp32c3_cache {
	uint32_t regs[ESP32C3_EXTMEM_BYTES / 4];
	uint32_t mmu[ESP32C3_MMU_ENTRIES];
	struct esp32c3_flash_map maps[2 * ESP32C3_CACHE_RUNS]; /* what the core sees now */
	unsigned map_count;
	/* Flash changed here since the last invalidation, seen through pages that were mapped. */
	uint32_t stale_low, stale_high;
};

struct esp32c3_pins {
	double vdd_v, junction_c;
	bool en, boot_low;
};

struct esp32c3_rom {
	char text[1536]; /* still to be printed */
	size_t text_count, text_sent;
	bool download;
	/* What follows wait_ps after the last byte went into the FIFO. */
	bool to_entry, to_reboot, restart;
	int64_t wait_ps;
	uint32_t entry;
	uint32_t next_baud; /* when all is sent; 0: as it is */
};

struct esp32c3 {
	struct chip chip;
	struct rv32 *core;
	struct chip_callbacks callbacks;
	uint8_t *flash, *sram0, *sram1, *rtc_ram;
	uint8_t *own_flash; /* NULL: flash is the caller's */
	uint8_t mac[6];
	uint8_t unique_id[6]; /* the rest of OPTIONAL_UNIQUE_ID is not burnt */
	char uid_text[25];
	char fault_text[512];
	uint64_t random;

	enum esp32c3_mode mode;
	struct esp32c3_pins pins;
	uint32_t strap;                                /* pins as EN rose */
	uint32_t reset_reason, reset_wanted, saved_pc; /* reset_wanted 0: none */
	int64_t now_ps;                                /* of the run loop */
	bool in_core; /* a callback of the core is running, or may be */
	bool asleep;
	bool quiet; /* the loader looks around: no sentence for unknown addresses */
	int64_t anchor_ps;
	uint64_t anchor_cycle, cpu_millihz;
	int64_t active_ps, idle_ps;  /* of the present slice */
	uint64_t slice_limit;        /* cycle at which it ends; UINT64_MAX: time ends it */
	bool slice_over, slice_edge; /* a marker line, or the clock, has changed in it */
	struct core_counts reported; /* counters at the end of the last slice */
	int64_t deadline_ps[ESP32C3_DEADLINE_COUNT];

	/* Clocks */
	uint32_t system[ESP32C3_SYS_BYTES / 4];
	uint32_t rtc[ESP32C3_RTC_BYTES / 4];
	uint32_t timg[2][0x100 / 4];
	uint32_t analog[0x60 / 4], saradc[0x60 / 4];
	uint8_t analog_block[256][16]; /* behind the internal I2C master */
	int64_t pll_ready_ps, sensor_ready_ps;
	int32_t xtal_error_ppb, rc_fast_error_ppb, rc_slow_error_ppb;
	double sensor_error_c; /* this chip's own */

	struct esp32c3_uart uart;
	struct esp32c3_gpio gpio;
	bool markers[ESP32C3_MARKER_COUNT];
	struct esp32c3_systimer systimer;
	struct esp32c3_interrupts interrupts;
	struct esp32c3_watchdog rtc_wdt, timg_wdt;
	int64_t swd_fed_ps;
	uint32_t spi[2][ESP32C3_SPI_BYTES / 4];
	int64_t spi_end_ps; /* of SPI1's transfer */
	struct esp32c3_flash flash_chip;
	struct esp32c3_cache cache;
	struct esp32c3_rom rom;
	struct esp32c3_loader loader;
};

/* esp32c3.c */
struct esp32c3 *esp32c3_of(struct chip *chip);
uint32_t esp32c3_random(struct esp32c3 *s); /* uniform, seeded */
/* Stops the core until reset; the first sentence stays. The program counter is added. */
__attribute__((format(printf, 2, 3))) void esp32c3_fault(struct esp32c3 *s, const char *format,
							 ...);
/* A reset from inside the chip, as soon as the core has stopped. reason: ESP32C3_RESET_*. */
void esp32c3_request_reset(struct esp32c3 *s, uint32_t reason);
void esp32c3_reset_event(struct esp32c3 *s, int64_t t_ps);
void esp32c3_boot_event(struct esp32c3 *s, int64_t t_ps);
/* The ROM hands over: the core begins there. */
void esp32c3_start_program(struct esp32c3 *s, uint32_t entry);

/* esp32c3_run.c */
void esp32c3_run(struct chip *chip, int64_t t_ps, struct chip_activity *ret_activity);
void esp32c3_run_slice(struct chip *chip, int64_t rest_ps, int64_t limit_ps,
		       struct chip_activity *ret_activity);
void esp32c3_marker_changed(struct esp32c3 *s);
int64_t esp32c3_now(const struct esp32c3 *s); /* virtual time, exact inside a register access */
void esp32c3_schedule(struct esp32c3 *s, enum esp32c3_deadline deadline, int64_t t_ps);
void esp32c3_rebase(struct esp32c3 *s, uint64_t cpu_millihz); /* from now on: 1/clock per cycle */

/* esp32c3_bus.c: what the core's accesses outside its memories reach. Tests use them too. */
bool esp32c3_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value);
bool esp32c3_write(void *context, uint32_t address, unsigned size, uint32_t value);
bool esp32c3_csr_read(void *context, uint32_t csr, uint32_t *ret_value);
bool esp32c3_csr_write(void *context, uint32_t csr, uint32_t value);
void esp32c3_unmodelled(struct esp32c3 *s, uint32_t address);
/* RAM as the program sees it; NULL when the range is not wholly in one memory. */
uint8_t *esp32c3_ram(struct esp32c3 *s, uint32_t address, uint32_t bytes);

/* Peripherals. Offsets are from their base address; word accesses only. */
uint32_t esp32c3_system_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_system_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_system_reset(struct esp32c3 *s);
uint32_t esp32c3_rtc_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_rtc_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_rtc_reset(struct esp32c3 *s, bool whole_chip);
uint32_t esp32c3_timg_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_timg_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_timg_reset(struct esp32c3 *s);
uint32_t esp32c3_uart_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_uart_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_uart_reset(struct esp32c3 *s);
uint32_t esp32c3_gpio_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_gpio_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
uint32_t esp32c3_io_mux_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_io_mux_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_gpio_reset(struct esp32c3 *s);
uint32_t esp32c3_systimer_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_systimer_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_systimer_reset(struct esp32c3 *s);
uint32_t esp32c3_interrupt_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_interrupt_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_interrupt_reset(struct esp32c3 *s);
uint32_t esp32c3_spi_read(struct esp32c3 *s, uint32_t offset); /* SPI1 at 0, SPI0 at 0x1000 */
void esp32c3_spi_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_spi_reset(struct esp32c3 *s);
uint32_t esp32c3_extmem_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_extmem_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
uint32_t esp32c3_mmu_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_mmu_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_cache_reset(struct esp32c3 *s);
uint32_t esp32c3_analog_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_analog_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
uint32_t esp32c3_saradc_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_saradc_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
uint32_t esp32c3_efuse_read(struct esp32c3 *s, uint32_t offset);
void esp32c3_efuse_write(struct esp32c3 *s, uint32_t offset, uint32_t value);
void esp32c3_analog_reset(struct esp32c3 *s);

/* Deadlines. t_ps is the deadline itself. */
void esp32c3_uart_event(struct esp32c3 *s, int64_t t_ps);
void esp32c3_uart_tout_event(struct esp32c3 *s, int64_t t_ps);
void esp32c3_systimer_event(struct esp32c3 *s, int64_t t_ps);
void esp32c3_flash_event(struct esp32c3 *s, int64_t t_ps);
void esp32c3_rtc_wdt_event(struct esp32c3 *s, int64_t t_ps);
void esp32c3_swd_event(struct esp32c3 *s, int64_t t_ps);
void esp32c3_timg_wdt_event(struct esp32c3 *s, int64_t t_ps);
void esp32c3_rom_event(struct esp32c3 *s, int64_t t_ps);

/* Clock tree (esp32c3_clock.c): true frequencies in millihertz, 0: no clock. */
uint64_t esp32c3_xtal_millihz(const struct esp32c3 *s);
uint64_t esp32c3_pll_millihz(const struct esp32c3 *s); /* the VCO */
uint64_t esp32c3_rc_fast_millihz(const struct esp32c3 *s);
uint64_t esp32c3_rc_slow_millihz(const struct esp32c3 *s);
uint64_t esp32c3_apb_millihz(const struct esp32c3 *s);
bool esp32c3_pll_is_on(const struct esp32c3 *s);
enum esp32c3_source esp32c3_source(const struct esp32c3 *s);
/* Something of the tree has changed: recompute, check every rule, move time's anchor. */
void esp32c3_clock_update(struct esp32c3 *s);
/* The PLL's power or settings have changed: it locks anew. */
void esp32c3_pll_restart(struct esp32c3 *s);

/* esp32c3_interrupt.c */
void esp32c3_set_source(struct esp32c3 *s, unsigned source, bool level);

/* esp32c3_gpio.c */
bool esp32c3_uart_drives_pin(const struct esp32c3 *s); /* GPIO21 shows U0TXD */
bool esp32c3_uart_hears_pin(const struct esp32c3 *s);  /* U0RXD comes from GPIO20 */
void esp32c3_markers_update(struct esp32c3 *s);

/* esp32c3_uart.c */
void esp32c3_uart_rx(struct esp32c3 *s, uint8_t byte, const struct chip_uart_format *format);
unsigned esp32c3_uart_room(const struct esp32c3 *s); /* of the transmit FIFO */
void esp32c3_uart_put(struct esp32c3 *s, uint8_t byte);
/* 8N1 from the crystal, as the ROM sets it. */
void esp32c3_uart_set_baud(struct esp32c3 *s, uint32_t baud);
void esp32c3_uart_clock_changed(struct esp32c3 *s);

/* esp32c3_cache.c */
void esp32c3_cache_update(struct esp32c3 *s); /* what the core may see of flash */
bool esp32c3_cache_read(struct esp32c3 *s, uint32_t address, unsigned size, uint32_t *ret_value);
bool esp32c3_cache_enabled(const struct esp32c3 *s);
/* Flash bytes have been erased or programmed. */
void esp32c3_cache_flash_changed(struct esp32c3 *s, uint32_t offset, uint32_t bytes);

/* esp32c3_spi.c */
uint64_t esp32c3_spi_millihz(const struct esp32c3 *s, unsigned controller);
unsigned esp32c3_line_cycles(const struct esp32c3 *s); /* a cache line of 32 bytes through SPI0 */
void esp32c3_spi_set_mode(struct esp32c3 *s, unsigned mode, unsigned divider);
void esp32c3_flash_power_off(struct esp32c3 *s);

/* esp32c3_wdt.c */
void esp32c3_wdt_schedule(struct esp32c3 *s); /* all three, anew */
void esp32c3_rtc_wdt_feed(struct esp32c3 *s); /* with the super watchdog */
void esp32c3_swd_feed(struct esp32c3 *s);
void esp32c3_rtc_wdt_write(struct esp32c3 *s, uint32_t offset, uint32_t value);

/* esp32c3_rom.c */
void esp32c3_rom_start(struct esp32c3 *s);
void esp32c3_rom_print(struct esp32c3 *s, const char *text);
void esp32c3_rom_feed(struct esp32c3 *s); /* the transmit FIFO may have room */
void esp32c3_rom_loader_init(struct esp32c3 *s);
void esp32c3_rom_loader_schedule(struct esp32c3 *s);

#endif
