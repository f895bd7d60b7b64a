/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L4R5ZI: life, pins, resets. What a seed decides: unique id, oscillator errors, reference and
 * temperature sensor with their calibration words, the SRAM's contents at power-on.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/chips/stm32l4r5.h"

#define POWER_MIN_V    1.71                    /* brown-out level 0, rising */
#define POWER_RESET_PS (250 * STM32_PS_PER_US) /* tRSTTEMPO, DS12023 table 24 */
#define PIN_RESET_PS   (20 * STM32_PS_PER_US)

#define UID_OFFSET         0x7590u /* within system memory */
#define FLASH_SIZE_OFFSET  0x75E0u
#define TS_CAL1_OFFSET     0x75A8u
#define VREFINT_CAL_OFFSET 0x75AAu
#define TS_CAL2_OFFSET     0x75CAu
#define CALIBRATION_V      3.0
#define TS_CAL1_C          30.0
#define TS_CAL2_C          130.0
/* DS12023: MSI and HSI16 accuracy at 25..30 degC, as seen over a batch */
#define MSI_ERROR_PPB 6000000
#define HSI_ERROR_PPB 3000000

struct stm32l4r5 *stm32l4r5_of(struct chip *chip)
{
	return (struct stm32l4r5 *)chip;
}

/* splitmix64 */
uint32_t stm32l4r5_random(struct stm32l4r5 *s)
{
	uint64_t z = s->random += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

/* Uniform in -1..1. */
static double spread(struct stm32l4r5 *s)
{
	return stm32l4r5_random(s) / 2147483648.0 - 1.0;
}

void stm32l4r5_fault(struct stm32l4r5 *s, const char *format, ...)
{
	va_list args;
	size_t used;

	if (s->fault_text[0])
		return;
	va_start(args, format);
	vsnprintf(s->fault_text, sizeof(s->fault_text), format, args);
	va_end(args);
	used = strlen(s->fault_text);
	if (s->in_core) {
		snprintf(s->fault_text + used, sizeof(s->fault_text) - used, " (pc 0x%08x)",
			 armv7em_pc(s->core));
		armv7em_request_stop(s->core);
	}
	s->callbacks.fault(s->callbacks.context, s->fault_text, stm32l4r5_now(s));
}

static void store_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void make_identity(struct stm32l4r5 *s)
{
	uint8_t *uid = s->system + UID_OFFSET;

	memset(s->system, 0xFF, STM32_SYSTEM_BYTES);
	memcpy(uid, "VIRTUAL", 7);
	for (unsigned i = 7; i < 12; i++)
		uid[i] = (uint8_t)stm32l4r5_random(s);
	for (unsigned i = 0; i < 12; i++)
		snprintf(s->uid_text + 2 * i, 3, "%02x", uid[i]);
	store_u16(s->system + FLASH_SIZE_OFFSET, STM32_FLASH_BYTES / 1024);
}

/* The words are this chip's own readings at a calibration stage that is a degree or so off. */
static void make_analog(struct stm32l4r5 *s)
{
	double at_1_c = TS_CAL1_C + spread(s), at_2_c = TS_CAL2_C + 1.5 * spread(s);

	s->vrefint_v = 1.212 * (1.0 + 0.01 * spread(s));
	s->sensor_30c_v = 0.76 + 0.01 * spread(s);
	s->sensor_v_per_c = 2.5e-3 * (1.0 + 0.03 * spread(s));
	store_u16(s->system + VREFINT_CAL_OFFSET,
		  (unsigned)lround(s->vrefint_v / CALIBRATION_V * 4095.0));
	store_u16(s->system + TS_CAL1_OFFSET,
		  (unsigned)lround((s->sensor_30c_v + s->sensor_v_per_c * (at_1_c - 30.0)) /
				   CALIBRATION_V * 4095.0));
	store_u16(s->system + TS_CAL2_OFFSET,
		  (unsigned)lround((s->sensor_30c_v + s->sensor_v_per_c * (at_2_c - 30.0)) /
				   CALIBRATION_V * 4095.0));
}

/* Resets. */

static void reset_registers(struct stm32l4r5 *s, uint32_t flags)
{
	stm32l4r5_flash_reset(s);
	stm32l4r5_rcc_reset(s, flags);
	stm32l4r5_pwr_reset(s);
	for (unsigned port = 0; port < STM32_PORT_COUNT; port++)
		stm32l4r5_gpio_reset(s, port);
	stm32l4r5_lpuart_reset(s);
	stm32l4r5_adc_reset(s);
	rom_loader_stop(&s->rom);
	for (unsigned i = 0; i < STM32_DEADLINE_COUNT; i++)
		s->deadline_ps[i] = STM32_NEVER_PS;
	s->fault_text[0] = '\0';
	s->asleep = false;
	s->stall_end_ps = 0;
}

static void hold_in_reset(struct stm32l4r5 *s, uint32_t flags)
{
	reset_registers(s, flags);
	s->mode = STM32_MODE_RESET;
	stm32l4r5_clock_update(s);
}

/* NRST is high, or has become high: BOOT0 decides now. Low asks for flash, and gets the ROM loader
 * while the chip counts as empty. */
static void release(struct stm32l4r5 *s, int64_t after_ps)
{
	s->boot_from_rom = s->pins.boot0 || s->empty;
	stm32l4r5_schedule(s, STM32_DEADLINE_BOOT, s->now_ps + after_ps);
}

void stm32l4r5_system_reset(struct stm32l4r5 *s, uint32_t flags)
{
	hold_in_reset(s, flags);
	if (s->pins.nrst)
		release(s, PIN_RESET_PS);
}

void stm32l4r5_start_program(struct stm32l4r5 *s, uint32_t vector_base)
{
	const uint8_t *vectors = s->flash;
	uint32_t entry;

	rom_loader_stop(&s->rom);
	if (vector_base - STM32_FLASH_BASE < STM32_FLASH_BYTES - 8)
		vectors = s->flash + (vector_base - STM32_FLASH_BASE);
	else if (vector_base - STM32_SRAM_BASE < STM32_SRAM_BYTES - 8)
		vectors = s->sram + (vector_base - STM32_SRAM_BASE);
	else if (vector_base - STM32_SRAM2_ALIAS < STM32_SRAM2_BYTES - 8)
		vectors = s->sram + STM32_SRAM2_OFFSET + (vector_base - STM32_SRAM2_ALIAS);
	memcpy(&entry, vectors + 4, sizeof(entry));
	stm32l4r5_clock_update(s);
	s->mode = STM32_MODE_RUN;
	armv7em_reset(s->core, vector_base);
	if (entry == UINT32_MAX)
		stm32l4r5_fault(s, "no program at 0x%08x: the reset vector is erased", vector_base);
}

void stm32l4r5_boot_event(struct stm32l4r5 *s, int64_t t_ps)
{
	(void)t_ps;
	if (s->boot_from_rom) {
		s->mode = STM32_MODE_ROM;
		stm32l4r5_rom_start(s);
		return;
	}
	stm32l4r5_start_program(s, 0); /* flash, aliased at 0 */
}

/* Pins. */

/* The empty check is part of loading the option bytes, which only power-on does here. */
static void check_empty(struct stm32l4r5 *s)
{
	uint32_t first;

	memcpy(&first, s->flash, sizeof(first));
	s->empty = first == UINT32_MAX;
}

static void power_on(struct stm32l4r5 *s)
{
	check_empty(s);
	for (uint32_t i = 0; i < STM32_SRAM_BYTES; i += 4) {
		uint32_t word = stm32l4r5_random(s);

		memcpy(s->sram + i, &word, 4);
	}
	armv7em_invalidate(s->core, STM32_SRAM_BASE, STM32_SRAM_BYTES);
	s->clock.rcc[STM32_RCC_CSR / 4] = 0;
	hold_in_reset(s, STM32_CSR_BORRSTF | STM32_CSR_PINRSTF);
	if (s->pins.nrst)
		release(s, POWER_RESET_PS);
}

static void set_supply(struct chip *chip, double vdd_v)
{
	struct stm32l4r5 *s = stm32l4r5_of(chip);
	bool powered = vdd_v >= POWER_MIN_V, was_powered = s->mode != STM32_MODE_OFF;

	s->pins.vdd_v = vdd_v;
	if (powered && !was_powered) {
		power_on(s);
	} else if (!powered && was_powered) {
		reset_registers(s, 0);
		s->mode = STM32_MODE_OFF;
	}
}

static void set_nrst(struct chip *chip, bool high)
{
	struct stm32l4r5 *s = stm32l4r5_of(chip);
	bool was_high = s->pins.nrst;

	s->pins.nrst = high;
	if (s->mode == STM32_MODE_OFF || high == was_high)
		return;
	if (high)
		release(s, PIN_RESET_PS);
	else
		hold_in_reset(s, STM32_CSR_PINRSTF);
}

static void set_boot0(struct chip *chip, bool high)
{
	stm32l4r5_of(chip)->pins.boot0 = high;
}

static void set_junction(struct chip *chip, double temp_c)
{
	stm32l4r5_of(chip)->pins.junction_c = temp_c;
}

static void uart_rx(struct chip *chip, uint8_t byte, const struct chip_uart_format *format)
{
	struct stm32l4r5 *s = stm32l4r5_of(chip);

	if (s->mode == STM32_MODE_ROM) {
		rom_loader_rx(&s->rom, byte, format, s->now_ps);
		stm32l4r5_rom_schedule(s);
	} else if (s->mode == STM32_MODE_RUN) {
		stm32l4r5_lpuart_rx(s, byte, format);
	}
}

static int64_t now_ps(const struct chip *chip)
{
	return ((const struct stm32l4r5 *)chip)->now_ps;
}

static const struct core_counts *counts(const struct chip *chip)
{
	return armv7em_counts(((const struct stm32l4r5 *)chip)->core);
}

static const char *uid_text(const struct chip *chip)
{
	return ((const struct stm32l4r5 *)chip)->uid_text;
}

static const char *fault(const struct chip *chip)
{
	return ((const struct stm32l4r5 *)chip)->fault_text;
}

static void destroy(struct chip *chip)
{
	struct stm32l4r5 *s = stm32l4r5_of(chip);

	armv7em_free(s->core);
	free(s->own_flash);
	free(s->sram);
	free(s->system);
	free(s);
}

static const struct chip_ops ops = {
	.free = destroy,
	.set_supply = set_supply,
	.set_nrst = set_nrst,
	.set_boot0 = set_boot0,
	.set_junction = set_junction,
	.uart_rx = uart_rx,
	.run = stm32l4r5_run,
	.now_ps = now_ps,
	.counts = counts,
	.uid_text = uid_text,
	.fault = fault,
};

static void map_memories(struct stm32l4r5 *s)
{
	armv7em_map(s->core, 0, STM32_FLASH_BYTES, s->flash, true);
	armv7em_map(s->core, STM32_FLASH_BASE, STM32_FLASH_BYTES, s->flash, true);
	armv7em_map(s->core, STM32_SYSTEM_BASE, STM32_SYSTEM_BYTES, s->system, true);
	armv7em_map(s->core, STM32_SRAM_BASE, STM32_SRAM_BYTES, s->sram, false);
	armv7em_map(s->core, STM32_SRAM2_ALIAS, STM32_SRAM2_BYTES, s->sram + STM32_SRAM2_OFFSET,
		    false);
}

static void set_up(struct stm32l4r5 *s, const struct chip_config *config)
{
	s->chip.ops = &ops;
	s->callbacks = *config->callbacks;
	s->random = config->seed;
	s->mode = STM32_MODE_OFF;
	s->pins.nrst = true;
	s->pins.junction_c = 25.0;
	make_identity(s);
	make_analog(s);
	s->clock.msi_error_ppb = (int32_t)(MSI_ERROR_PPB * spread(s));
	s->clock.hsi_error_ppb = (int32_t)(HSI_ERROR_PPB * spread(s));
	s->flashc.operation = STM32_FLASH_IDLE;
	map_memories(s);
	stm32l4r5_rom_init(s);
	reset_registers(s, 0);
	stm32l4r5_clock_update(s);
}

int stm32l4r5_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err)
{
	struct stm32l4r5 *s = calloc(1, sizeof(*s));
	struct armv7em_bus bus = {s, stm32l4r5_read, stm32l4r5_write};

	assert(config->callbacks->uart_tx && config->callbacks->marker && config->callbacks->fault);
	if (!s)
		goto no_memory;
	if (!config->flash) {
		s->own_flash = malloc(STM32_FLASH_BYTES);
		if (s->own_flash)
			memset(s->own_flash, 0xFF, STM32_FLASH_BYTES);
	}
	s->flash = config->flash ? config->flash : s->own_flash;
	s->sram = calloc(1, STM32_SRAM_BYTES);
	s->system = malloc(STM32_SYSTEM_BYTES);
	s->core = armv7em_new(&bus, STM32_IRQ_COUNT);
	if (!s->flash || !s->sram || !s->system || !s->core)
		goto free_parts;
	set_up(s, config);
	*ret_chip = &s->chip;
	return 0;

free_parts:
	destroy(&s->chip);
no_memory:
	return verr_set(err, -ENOMEM, "stm32l4r5: out of memory");
}
