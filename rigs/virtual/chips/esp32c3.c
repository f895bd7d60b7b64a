/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ESP32-C3: life, pins, resets. What a seed decides: MAC address, oscillator errors, the sensor's
 * error, the SRAM's contents at power-on.
 */
#include "rigs/virtual/chips/esp32c3.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POWER_MIN_V       2.8 /* brown-out detector, default level; modelled */
#define POWER_RESET_PS    (3 * ESP32C3_PS_PER_MS)
#define PIN_RESET_PS      (2 * ESP32C3_PS_PER_MS)
#define STRAP_GPIO8       4u
#define STRAP_GPIO9       8u
#define ROM_STACK         0x3FCDE710u
#define XTAL_ERROR_PPB    10000
#define RC_FAST_ERROR_PPB 50000000
#define RC_SLOW_ERROR_PPB 50000000
#define SENSOR_ERROR_C    1.0

struct esp32c3 *esp32c3_of(struct chip *chip)
{
	return (struct esp32c3 *)chip;
}

/* splitmix64 */
uint32_t esp32c3_random(struct esp32c3 *s)
{
	uint64_t z = s->random += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

/* Uniform in -1..1. */
static double spread(struct esp32c3 *s)
{
	return esp32c3_random(s) / 2147483648.0 - 1.0;
}

void esp32c3_fault(struct esp32c3 *s, const char *format, ...)
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
			 rv32_pc(s->core));
		rv32_request_stop(s->core);
	}
	s->callbacks.fault(s->callbacks.context, s->fault_text, esp32c3_now(s));
}

/* Resets ------------------------------------------------------------------------------------- */

/* Of the whole chip (power, EN, super and RTC watchdog), or of the digital part. */
static void reset_registers(struct esp32c3 *s, uint32_t reason)
{
	bool whole_chip = reason == ESP32C3_RESET_POWERON || reason == ESP32C3_RESET_RTCWDT_RTC ||
			  reason == ESP32C3_RESET_SUPER_WDT;

	for (unsigned i = 0; i < ESP32C3_DEADLINE_COUNT; i++)
		if (i != ESP32C3_DEADLINE_FLASH)
			s->deadline_ps[i] = ESP32C3_NEVER_PS;
	s->reset_reason = reason;
	s->reset_wanted = 0;
	s->fault_text[0] = '\0';
	s->asleep = false;
	s->mode = ESP32C3_MODE_RESET;
	esp32c3_interrupt_reset(s);
	esp32c3_system_reset(s);
	esp32c3_analog_reset(s);
	esp32c3_rtc_reset(s, whole_chip);
	esp32c3_timg_reset(s);
	esp32c3_uart_reset(s);
	esp32c3_gpio_reset(s);
	esp32c3_systimer_reset(s);
	esp32c3_spi_reset(s);
	esp32c3_cache_reset(s);
	esp32c3_loader_stop(&s->loader);
	memset(&s->rom, 0, sizeof(s->rom));
	esp32c3_clock_update(s);
}

/* EN is high, or has become high: the strapping pins are looked at now. */
static void release(struct esp32c3 *s, int64_t after_ps)
{
	s->strap = STRAP_GPIO8 | (s->pins.boot_low ? 0 : STRAP_GPIO9);
	s->gpio.strap = s->strap;
	esp32c3_schedule(s, ESP32C3_DEADLINE_BOOT, s->now_ps + after_ps);
}

void esp32c3_request_reset(struct esp32c3 *s, uint32_t reason)
{
	if (s->fault_text[0] || s->reset_wanted != 0)
		return; /* a program that was stopped with a sentence stays so */
	s->reset_wanted = reason;
	s->saved_pc = rv32_pc(s->core);
	esp32c3_schedule(s, ESP32C3_DEADLINE_RESET, esp32c3_now(s));
}

/* The pins are not looked at again: the ROM boots as it did. */
void esp32c3_reset_event(struct esp32c3 *s, int64_t t_ps)
{
	uint32_t reason = s->reset_wanted;

	(void)t_ps;
	s->reset_wanted = 0;
	reset_registers(s, reason);
	esp32c3_schedule(s, ESP32C3_DEADLINE_BOOT, s->now_ps + PIN_RESET_PS);
}

void esp32c3_boot_event(struct esp32c3 *s, int64_t t_ps)
{
	(void)t_ps;
	s->mode = ESP32C3_MODE_ROM;
	esp32c3_rtc_wdt_feed(s);
	esp32c3_rom_start(s);
}

void esp32c3_start_program(struct esp32c3 *s, uint32_t entry)
{
	esp32c3_loader_stop(&s->loader);
	esp32c3_clock_update(s);
	s->mode = ESP32C3_MODE_RUN;
	rv32_reset(s->core, entry);
	rv32_set_register(s->core, 2, ROM_STACK);
	if (!esp32c3_ram(s, entry, 2))
		esp32c3_fault(s, "entry point 0x%08x does not lie in RAM", entry);
	esp32c3_wdt_schedule(s);
}

/* Pins --------------------------------------------------------------------------------------- */

static void power_on(struct esp32c3 *s)
{
	for (uint32_t i = 0; i < ESP32C3_SRAM0_BYTES + ESP32C3_SRAM1_BYTES; i += 4) {
		uint32_t word = esp32c3_random(s);

		memcpy(s->sram0 + i, &word, 4);
	}
	memset(s->rtc_ram, 0, ESP32C3_RTC_RAM_BYTES);
	rv32_invalidate(s->core, ESP32C3_IRAM_BASE, ESP32C3_SRAM1_BYTES);
	rv32_invalidate(s->core, ESP32C3_SRAM0_BASE, ESP32C3_SRAM0_BYTES);
	reset_registers(s, ESP32C3_RESET_POWERON);
	if (s->pins.en)
		release(s, POWER_RESET_PS);
}

static void set_supply(struct chip *chip, double vdd_v)
{
	struct esp32c3 *s = esp32c3_of(chip);
	bool powered = vdd_v >= POWER_MIN_V, was_powered = s->mode != ESP32C3_MODE_OFF;

	s->pins.vdd_v = vdd_v;
	if (powered && !was_powered) {
		power_on(s);
	} else if (!powered && was_powered) {
		esp32c3_flash_power_off(s);
		reset_registers(s, ESP32C3_RESET_POWERON);
		s->deadline_ps[ESP32C3_DEADLINE_FLASH] = ESP32C3_NEVER_PS;
		s->mode = ESP32C3_MODE_OFF;
	}
}

static void set_en(struct chip *chip, bool high)
{
	struct esp32c3 *s = esp32c3_of(chip);
	bool was_high = s->pins.en;

	s->pins.en = high;
	if (s->mode == ESP32C3_MODE_OFF || high == was_high)
		return;
	if (high)
		release(s, PIN_RESET_PS);
	else
		reset_registers(s, ESP32C3_RESET_POWERON);
}

/* High asks for the loader: it pulls GPIO9 low. */
static void set_boot0(struct chip *chip, bool high)
{
	esp32c3_of(chip)->pins.boot_low = high;
}

static void set_junction(struct chip *chip, double temp_c)
{
	esp32c3_of(chip)->pins.junction_c = temp_c;
}

static void uart_rx(struct chip *chip, uint8_t byte, const struct chip_uart_format *format)
{
	struct esp32c3 *s = esp32c3_of(chip);

	if (s->mode == ESP32C3_MODE_ROM && s->rom.download) {
		uint8_t damage = (uint8_t)(1 + esp32c3_random(s) % 255);

		esp32c3_loader_rx(&s->loader, byte, format, damage, s->now_ps);
		esp32c3_rom_loader_schedule(s);
	} else if (s->mode == ESP32C3_MODE_ROM || s->mode == ESP32C3_MODE_RUN) {
		esp32c3_uart_rx(s, byte, format);
	}
}

static int64_t now_ps(const struct chip *chip)
{
	return ((const struct esp32c3 *)chip)->now_ps;
}

static const struct core_counts *counts(const struct chip *chip)
{
	return rv32_counts(((const struct esp32c3 *)chip)->core);
}

static const char *uid_text(const struct chip *chip)
{
	return ((const struct esp32c3 *)chip)->uid_text;
}

static const char *fault(const struct chip *chip)
{
	return ((const struct esp32c3 *)chip)->fault_text;
}

/* Life --------------------------------------------------------------------------------------- */

static void destroy(struct chip *chip)
{
	struct esp32c3 *s = esp32c3_of(chip);

	rv32_free(s->core);
	free(s->own_flash);
	free(s->sram0);
	free(s->rtc_ram);
	free(s);
}

static struct repeat *new_repeat(struct chip *chip)
{
	return repeat_new(&rv32_repeat, esp32c3_of(chip)->core);
}

static bool waits(const struct chip *chip)
{
	const struct esp32c3 *s = (const struct esp32c3 *)chip;

	for (unsigned i = 0; i < ESP32C3_DEADLINE_COUNT; i++)
		if (s->deadline_ps[i] != ESP32C3_NEVER_PS)
			return false;
	return s->mode == ESP32C3_MODE_OFF || s->mode == ESP32C3_MODE_ROM ||
	       (s->mode == ESP32C3_MODE_RUN && s->asleep);
}

static const struct chip_ops ops = {
	.free = destroy,
	.set_supply = set_supply,
	.set_nrst = set_en,
	.set_boot0 = set_boot0,
	.set_junction = set_junction,
	.uart_rx = uart_rx,
	.run = esp32c3_run,
	.run_slice = esp32c3_run_slice,
	.new_repeat = new_repeat,
	.waits = waits,
	.now_ps = now_ps,
	.counts = counts,
	.uid_text = uid_text,
	.fault = fault,
};

/* MAC address and unique id together say what they belong to; as an address "VIRTUA" is locally
 * administered, no vendor's. */
static void make_identity(struct esp32c3 *s)
{
	uint8_t uid[12] = "VIRTUAL";

	for (unsigned i = 7; i < sizeof(uid); i++)
		uid[i] = (uint8_t)esp32c3_random(s);
	memcpy(s->mac, uid, sizeof(s->mac));
	memcpy(s->unique_id, uid + sizeof(s->mac), sizeof(s->unique_id));
	for (unsigned i = 0; i < sizeof(uid); i++)
		snprintf(s->uid_text + 2 * i, 3, "%02x", uid[i]);
}

static void set_up(struct esp32c3 *s, const struct chip_config *config)
{
	s->chip.ops = &ops;
	s->callbacks = *config->callbacks;
	s->random = config->seed;
	s->mode = ESP32C3_MODE_OFF;
	s->slice_limit = UINT64_MAX;
	s->pins.en = true;
	s->pins.junction_c = 25.0;
	make_identity(s);
	s->xtal_error_ppb = (int32_t)(XTAL_ERROR_PPB * spread(s));
	s->rc_fast_error_ppb = (int32_t)(RC_FAST_ERROR_PPB * spread(s));
	s->rc_slow_error_ppb = (int32_t)(RC_SLOW_ERROR_PPB * spread(s));
	s->sensor_error_c = SENSOR_ERROR_C * spread(s);
	s->cpu_millihz = UINT64_C(20000000000); /* until the first clock update */
	for (unsigned i = 0; i < ESP32C3_DEADLINE_COUNT; i++)
		s->deadline_ps[i] = ESP32C3_NEVER_PS;
	esp32c3_flash_init(&s->flash_chip, s->flash);
	esp32c3_rom_loader_init(s);
	rv32_map(s->core, ESP32C3_IRAM_BASE, ESP32C3_SRAM1_BYTES, s->sram1, RV32_MEMORY_RAM);
	rv32_map(s->core, ESP32C3_DRAM_BASE, ESP32C3_SRAM1_BYTES, s->sram1, RV32_MEMORY_RAM);
	rv32_map(s->core, ESP32C3_RTC_RAM_BASE, ESP32C3_RTC_RAM_BYTES, s->rtc_ram, RV32_MEMORY_RAM);
	reset_registers(s, ESP32C3_RESET_POWERON);
	s->mode = ESP32C3_MODE_OFF;
}

int esp32c3_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err)
{
	struct esp32c3 *s = calloc(1, sizeof(*s));
	struct rv32_bus bus = {s, esp32c3_read, esp32c3_write, esp32c3_csr_read, esp32c3_csr_write};

	assert(config->callbacks->uart_tx && config->callbacks->marker && config->callbacks->fault);
	if (!s)
		goto no_memory;
	if (!config->flash) {
		s->own_flash = malloc(ESP32C3_FLASH_BYTES);
		if (s->own_flash)
			memset(s->own_flash, 0xFF, ESP32C3_FLASH_BYTES);
	}
	s->flash = config->flash ? config->flash : s->own_flash;
	s->sram0 = calloc(1, ESP32C3_SRAM0_BYTES + ESP32C3_SRAM1_BYTES);
	s->rtc_ram = calloc(1, ESP32C3_RTC_RAM_BYTES);
	s->core = rv32_new(&bus);
	if (!s->flash || !s->sram0 || !s->rtc_ram || !s->core)
		goto free_parts;
	s->sram1 = s->sram0 + ESP32C3_SRAM0_BYTES;
	set_up(s, config);
	*ret_chip = &s->chip;
	return 0;

free_parts:
	destroy(&s->chip);
no_memory:
	return verr_set(err, -ENOMEM, "esp32c3: out of memory");
}
