/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32F767ZI: life, pins, resets. What a seed decides: unique id, oscillator errors, reference and
 * temperature sensor with their calibration words, the contents of the RAMs at power-on.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/chips/stm32f767_misc.h"

#define POWER_MIN_V    1.72                    /* power-on reset, rising, typical */
#define POWER_RESET_PS (1500 * F767_PS_PER_US) /* tRSTTEMPO, DS11532 */
#define PIN_RESET_PS   (20 * F767_PS_PER_US)   /* modelled: reset pulse stretching */

#define UID_OFFSET         0xF420u /* within system memory */
#define FLASH_SIZE_OFFSET  0xF442u
#define VREFINT_CAL_OFFSET 0xF44Au
#define TS_CAL1_OFFSET     0xF44Cu
#define TS_CAL2_OFFSET     0xF44Eu
#define CALIBRATION_V      3.3
#define TS_CAL1_C          30.0
#define TS_CAL2_C          110.0
/* DS11532: HSI accuracy at 25 degC, as seen over a batch; the ST-LINK's crystal */
#define HSI_ERROR_PPB 5000000
#define HSE_ERROR_PPB 50000

struct stm32f767 *stm32f767_of(struct chip *chip)
{
	return (struct stm32f767 *)chip;
}

/* splitmix64 */
uint32_t stm32f767_random(struct stm32f767 *s)
{
	uint64_t z = s->random += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

/* Uniform in -1..1. */
static double spread(struct stm32f767 *s)
{
	return stm32f767_random(s) / 2147483648.0 - 1.0;
}

void stm32f767_fault(struct stm32f767 *s, const char *format, ...)
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
	s->callbacks.fault(s->callbacks.context, s->fault_text, stm32f767_now(s));
}

static void store_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void make_identity(struct stm32f767 *s)
{
	uint8_t *uid = s->system + UID_OFFSET;

	memset(s->system, 0xFF, F767_SYSTEM_BYTES);
	memcpy(uid, "VIRTUAL", 7);
	for (unsigned i = 7; i < 12; i++)
		uid[i] = (uint8_t)stm32f767_random(s);
	for (unsigned i = 0; i < 12; i++)
		snprintf(s->uid_text + 2 * i, 3, "%02x", uid[i]);
	store_u16(s->system + FLASH_SIZE_OFFSET, F767_FLASH_BYTES / 1024);
}

/* The words are this chip's own readings at a calibration stage that is a degree or so off. */
static void make_analog(struct stm32f767 *s)
{
	double at_1_c = TS_CAL1_C + spread(s), at_2_c = TS_CAL2_C + 1.5 * spread(s);

	s->vrefint_v = 1.21 * (1.0 + 0.01 * spread(s));
	s->sensor_30c_v = 0.7725 + 0.01 * spread(s); /* 0.76 V at 25 degC */
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

static void reset_registers(struct stm32f767 *s, uint32_t flags)
{
	stm32f767_flash_reset(s);
	stm32f767_rcc_reset(s, flags);
	stm32f767_pwr_reset(s);
	for (unsigned port = 0; port < F767_PORT_COUNT; port++)
		stm32f767_gpio_reset(s, port);
	stm32f767_usart_reset(s);
	stm32f767_adc_reset(s);
	stm32f767_misc_reset(s);
	rom_loader_stop(&s->rom);
	for (unsigned i = 0; i < F767_DEADLINE_COUNT; i++)
		s->deadline_ps[i] = F767_NEVER_PS;
	s->fault_text[0] = '\0';
	s->asleep = false;
	s->stall_end_ps = 0;
}

static void hold_in_reset(struct stm32f767 *s, uint32_t flags)
{
	reset_registers(s, flags);
	s->mode = F767_MODE_RESET;
	stm32f767_clock_update(s);
}

/* NRST is high, or has become high: BOOT0 decides now between the two boot addresses. */
static void release(struct stm32f767 *s, int64_t after_ps)
{
	s->boot_from_rom = s->pins.boot0;
	stm32f767_schedule(s, F767_DEADLINE_BOOT, s->now_ps + after_ps);
}

void stm32f767_system_reset(struct stm32f767 *s, uint32_t flags)
{
	hold_in_reset(s, flags);
	if (s->pins.nrst)
		release(s, PIN_RESET_PS);
}

void stm32f767_start_program(struct stm32f767 *s, uint32_t vector_base)
{
	const uint8_t *vectors = stm32f767_memory_at(s, vector_base, 8);
	uint32_t entry = 0;

	rom_loader_stop(&s->rom);
	if (vectors)
		memcpy(&entry, vectors + 4, sizeof(entry));
	stm32f767_clock_update(s);
	s->mode = F767_MODE_RUN;
	armv7em_reset(s->core, vector_base);
	if (entry == UINT32_MAX)
		stm32f767_fault(s, "no program at 0x%08x: the reset vector is erased", vector_base);
}

void stm32f767_boot_event(struct stm32f767 *s, int64_t t_ps)
{
	(void)t_ps;
	if (s->boot_from_rom) {
		s->mode = F767_MODE_ROM;
		stm32f767_rom_start(s);
		return;
	}
	stm32f767_start_program(s, F767_FLASH_ALIAS); /* BOOT_ADD0 as it leaves the factory */
}

/* Pins. */

static void fill_randomly(struct stm32f767 *s, uint32_t base, uint32_t bytes)
{
	uint8_t *memory = stm32f767_memory_at(s, base, bytes);

	for (uint32_t i = 0; i < bytes; i += 4) {
		uint32_t word = stm32f767_random(s);

		memcpy(memory + i, &word, 4);
	}
	armv7em_invalidate(s->core, base, bytes);
}

static void power_on(struct stm32f767 *s)
{
	fill_randomly(s, F767_SRAM_BASE, F767_SRAM_BYTES);
	fill_randomly(s, F767_ITCM_BASE, F767_ITCM_BYTES);
	s->clock.rcc[F767_RCC_CSR / 4] = 0;
	hold_in_reset(s, F767_CSR_PORRSTF | F767_CSR_PINRSTF | F767_CSR_BORRSTF);
	if (s->pins.nrst)
		release(s, POWER_RESET_PS);
}

static void set_supply(struct chip *chip, double vdd_v)
{
	struct stm32f767 *s = stm32f767_of(chip);
	bool powered = vdd_v >= POWER_MIN_V, was_powered = s->mode != F767_MODE_OFF;

	s->pins.vdd_v = vdd_v;
	if (powered && !was_powered) {
		power_on(s);
	} else if (!powered && was_powered) {
		reset_registers(s, 0);
		s->mode = F767_MODE_OFF;
	} else {
		stm32f767_rules_check_hclk(s); /* what a clock may be depends on VDD */
	}
}

static void set_nrst(struct chip *chip, bool high)
{
	struct stm32f767 *s = stm32f767_of(chip);
	bool was_high = s->pins.nrst;

	s->pins.nrst = high;
	if (s->mode == F767_MODE_OFF || high == was_high)
		return;
	if (high)
		release(s, PIN_RESET_PS);
	else
		hold_in_reset(s, F767_CSR_PINRSTF);
}

static void set_boot0(struct chip *chip, bool high)
{
	stm32f767_of(chip)->pins.boot0 = high;
}

static void set_junction(struct chip *chip, double temp_c)
{
	stm32f767_of(chip)->pins.junction_c = temp_c;
}

static void uart_rx(struct chip *chip, uint8_t byte, const struct chip_uart_format *format)
{
	struct stm32f767 *s = stm32f767_of(chip);

	if (s->mode == F767_MODE_ROM) {
		rom_loader_rx(&s->rom, byte, format, s->now_ps);
		stm32f767_rom_schedule(s);
	} else if (s->mode == F767_MODE_RUN) {
		stm32f767_usart_rx(s, byte, format);
	}
}

static int64_t now_ps(const struct chip *chip)
{
	return ((const struct stm32f767 *)chip)->now_ps;
}

static const struct core_counts *counts(const struct chip *chip)
{
	return armv7em_counts(((const struct stm32f767 *)chip)->core);
}

static const char *uid_text(const struct chip *chip)
{
	return ((const struct stm32f767 *)chip)->uid_text;
}

static const char *fault(const struct chip *chip)
{
	return ((const struct stm32f767 *)chip)->fault_text;
}

static void destroy(struct chip *chip)
{
	struct stm32f767 *s = stm32f767_of(chip);

	armv7em_free(s->core);
	free(s->own_flash);
	free(s->itcm);
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
	.run = stm32f767_run,
	.now_ps = now_ps,
	.counts = counts,
	.uid_text = uid_text,
	.fault = fault,
};

static void set_up(struct stm32f767 *s, const struct chip_config *config)
{
	s->chip.ops = &ops;
	s->callbacks = *config->callbacks;
	s->random = config->seed;
	s->mode = F767_MODE_OFF;
	s->pins.nrst = true;
	s->pins.junction_c = 25.0;
	make_identity(s);
	make_analog(s);
	s->clock.hsi_error_ppb = (int32_t)(HSI_ERROR_PPB * spread(s));
	s->clock.hse_error_ppb = (int32_t)(HSE_ERROR_PPB * spread(s));
	s->flashc.operation = F767_FLASH_IDLE;
	stm32f767_memory_map(s);
	stm32f767_rom_init(s);
	reset_registers(s, 0);
	stm32f767_clock_update(s);
}

int stm32f767_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err)
{
	struct stm32f767 *s = calloc(1, sizeof(*s));
	struct armv7em_bus bus = {s, stm32f767_read, stm32f767_write};

	assert(config->callbacks->uart_tx && config->callbacks->marker && config->callbacks->fault);
	if (!s)
		goto no_memory;
	if (!config->flash) {
		s->own_flash = malloc(F767_FLASH_BYTES);
		if (s->own_flash)
			memset(s->own_flash, 0xFF, F767_FLASH_BYTES);
	}
	s->flash = config->flash ? config->flash : s->own_flash;
	s->itcm = calloc(1, F767_ITCM_BYTES);
	s->sram = calloc(1, F767_SRAM_BYTES);
	s->system = malloc(F767_SYSTEM_BYTES);
	s->core = armv7em_new(&bus, ARMV7EM_M7, F767_IRQ_COUNT);
	if (!s->flash || !s->itcm || !s->sram || !s->system || !s->core)
		goto free_parts;
	set_up(s, config);
	*ret_chip = &s->chip;
	return 0;

free_parts:
	destroy(&s->chip);
no_memory:
	return verr_set(err, -ENOMEM, "stm32f767: out of memory");
}
