/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RTC_CNTL of the ESP32-C3 (TRM, "Low-power Management"): power options, clocks, reset cause, store
 * registers, RTC timer; its watchdogs are in esp32c3_wdt.c. Other registers keep what is written.
 * Light and deep sleep are not modelled: asking for them is a fault.
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

#define RTC_STATE0       0x18u
#define STATE0_SLEEP_EN  (1u << 31)
#define TIME_UPDATE      (1u << 31)
#define RESET_CAUSE_MASK 0x3Fu

/* Reset values that are not zero. */
static const struct {
	uint32_t offset, value;
} reset_values[] = {
	{0x00, 0x1C00A000}, {0x38, 0x00003000}, {0x70, 0x11583218},
	{0x90, 0x00013214}, {0x94, 200000},     {0x98, 80000},
	{0x9C, 0xFFF},      {0xA0, 0xFFF},      {0xAC, 0x04B00000},
};

static bool is_watchdog(uint32_t offset)
{
	return offset >= ESP32C3_RTC_WDTCONFIG0 && offset <= ESP32C3_RTC_SWD_WPROTECT;
}

uint32_t esp32c3_rtc_read(struct esp32c3 *s, uint32_t offset)
{
	if (offset == 0x1FC)
		return 0x02007270;
	if (offset / 4 >= ESP32C3_RTC_BYTES / 4) {
		esp32c3_unmodelled(s, ESP32C3_RTC_BASE + offset);
		return 0;
	}
	if (offset == ESP32C3_RTC_INT_ST)
		return s->rtc[ESP32C3_RTC_INT_RAW / 4] & s->rtc[ESP32C3_RTC_INT_ENA / 4];
	if (offset == ESP32C3_RTC_INT_CLR)
		return 0;
	return s->rtc[offset / 4];
}

static void latch_time(struct esp32c3 *s)
{
	__int128 ticks = (__int128)esp32c3_now(s) * esp32c3_rc_slow_millihz(s) /
			 ((__int128)ESP32C3_PS_PER_S * 1000);

	s->rtc[ESP32C3_RTC_TIME_LOW0 / 4] = (uint32_t)ticks;
	s->rtc[ESP32C3_RTC_TIME_HIGH0 / 4] = (uint32_t)(ticks >> 32) & 0xFFFF;
}

static void options_write(struct esp32c3 *s, uint32_t value)
{
	bool was_on = esp32c3_pll_is_on(s);

	s->rtc[ESP32C3_RTC_OPTIONS0 / 4] =
		value & ~(ESP32C3_OPTIONS0_SYS_RST | ESP32C3_OPTIONS0_CPU_RST);
	if (value & ESP32C3_OPTIONS0_SYS_RST)
		esp32c3_request_reset(s, ESP32C3_RESET_SW_SYS);
	else if (value & ESP32C3_OPTIONS0_CPU_RST)
		esp32c3_request_reset(s, ESP32C3_RESET_SW_CPU);
	else if (esp32c3_pll_is_on(s) != was_on)
		esp32c3_pll_restart(s);
}

static void irq_update(struct esp32c3 *s)
{
	esp32c3_set_source(s, ESP32C3_SOURCE_RTC, esp32c3_rtc_read(s, ESP32C3_RTC_INT_ST) != 0);
}

void esp32c3_rtc_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	if (offset / 4 >= ESP32C3_RTC_BYTES / 4) {
		esp32c3_unmodelled(s, ESP32C3_RTC_BASE + offset);
		return;
	}
	if (is_watchdog(offset)) {
		esp32c3_rtc_wdt_write(s, offset, value);
		return;
	}
	switch (offset) {
	case ESP32C3_RTC_OPTIONS0:
		options_write(s, value);
		break;
	case ESP32C3_RTC_TIME_UPDATE:
		if (value & TIME_UPDATE)
			latch_time(s);
		break;
	case RTC_STATE0:
		if (value & STATE0_SLEEP_EN)
			esp32c3_fault(s, "RTC_CNTL_STATE0.SLEEP_EN: light and deep sleep are not "
					 "modelled");
		s->rtc[offset / 4] = value;
		break;
	case ESP32C3_RTC_INT_CLR:
		s->rtc[ESP32C3_RTC_INT_RAW / 4] &= ~value;
		break;
	case ESP32C3_RTC_TIME_LOW0:
	case ESP32C3_RTC_TIME_HIGH0:
	case ESP32C3_RTC_INT_RAW:
	case ESP32C3_RTC_INT_ST:
		break; /* read-only */
	case ESP32C3_RTC_RESET_STATE:
		s->rtc[offset / 4] = (value & ~RESET_CAUSE_MASK) | s->reset_reason;
		break;
	case ESP32C3_RTC_CLK_CONF:
		s->rtc[offset / 4] = value;
		esp32c3_clock_update(s);
		break;
	default:
		s->rtc[offset / 4] = value;
		break;
	}
	irq_update(s);
}

/* Only a reset of the whole chip reaches the RTC domain; the watchdogs start anew with every boot.
 */
void esp32c3_rtc_reset(struct esp32c3 *s, bool whole_chip)
{
	if (whole_chip)
		memset(s->rtc, 0, sizeof(s->rtc));
	for (size_t i = 0; i < sizeof(reset_values) / sizeof(reset_values[0]); i++) {
		uint32_t offset = reset_values[i].offset;

		if (whole_chip || is_watchdog(offset))
			s->rtc[offset / 4] = reset_values[i].value;
	}
	s->rtc[ESP32C3_RTC_WDTWPROTECT / 4] = s->rtc[ESP32C3_RTC_SWD_WPROTECT / 4] = 0;
	s->rtc[ESP32C3_RTC_RESET_STATE / 4] &= ~RESET_CAUSE_MASK;
	s->rtc[ESP32C3_RTC_RESET_STATE / 4] |= s->reset_reason;
	esp32c3_rtc_wdt_feed(s);
}
