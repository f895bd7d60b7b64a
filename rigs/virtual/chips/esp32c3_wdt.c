/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Watchdogs of the ESP32-C3 (TRM, "Watchdog Timers"): the RTC watchdog, the super watchdog and the
 * watchdog of timer group 0, and what else timer groups hold (plain storage; their general-purpose
 * timers are not modelled).
 *
 * Reset leaves all three running for a boot from flash: the first two stages of protection by
 * FLASHBOOT_MOD_EN, the super watchdog by itself. They count while a program runs and while the ROM
 * has no image to start, not while the ROM is the serial loader.
 *
 * A locked register ignores what is written, as on the part. When the timer group's clock changes
 * the time since the last feed counts as if it had passed at the new rate.
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

#define SWD_TIMEOUT_PS INT64_C(950000000000) /* "slightly less than one second"; modelled */
#define RTC_INT_WDT    (1u << 3)
#define RTC_INT_SWD    (1u << 15)

enum action { ACTION_OFF = 0, ACTION_INTERRUPT, ACTION_CPU, ACTION_SYSTEM, ACTION_RTC };

static bool counting(const struct esp32c3 *s)
{
	return s->mode == ESP32C3_MODE_RUN || (s->mode == ESP32C3_MODE_ROM && !s->rom.download);
}

static int64_t later(int64_t from_ps, uint64_t ticks, uint64_t millihz)
{
	__int128 ps;

	if (millihz == 0)
		return ESP32C3_NEVER_PS;
	ps = (__int128)ticks * ESP32C3_PS_PER_S * 1000 / (__int128)millihz;
	return (__int128)from_ps + ps < ESP32C3_NEVER_PS ? from_ps + (int64_t)ps : ESP32C3_NEVER_PS;
}

/* RTC watchdog ------------------------------------------------------------------------------- */

static uint32_t rtc_config(const struct esp32c3 *s)
{
	return s->rtc[ESP32C3_RTC_WDTCONFIG0 / 4];
}

/* Stage 0 lasts twice what is written: eFuse WDT_DELAY_SEL is 0. */
static void rtc_schedule(struct esp32c3 *s)
{
	struct esp32c3_watchdog *wdt = &s->rtc_wdt;
	uint64_t ticks = s->rtc[ESP32C3_RTC_WDTCONFIG0 / 4 + 1 + wdt->stage];
	bool on = rtc_config(s) & (ESP32C3_WDT_EN | ESP32C3_RTC_WDT_FLASHBOOT) && counting(s);

	if (wdt->stage == 0)
		ticks *= 2;
	esp32c3_schedule(s, ESP32C3_DEADLINE_RTC_WDT,
			 on ? later(wdt->fed_ps, ticks + 1, esp32c3_rc_slow_millihz(s))
			    : ESP32C3_NEVER_PS);
}

static void swd_schedule(struct esp32c3 *s)
{
	uint32_t conf = s->rtc[ESP32C3_RTC_SWD_CONF / 4];
	bool on = !(conf & (ESP32C3_SWD_AUTO_FEED | ESP32C3_SWD_DISABLE)) && counting(s);

	esp32c3_schedule(s, ESP32C3_DEADLINE_SWD,
			 on ? s->swd_fed_ps + SWD_TIMEOUT_PS : ESP32C3_NEVER_PS);
}

void esp32c3_rtc_wdt_feed(struct esp32c3 *s)
{
	s->rtc_wdt = (struct esp32c3_watchdog){0, esp32c3_now(s)};
	s->swd_fed_ps = esp32c3_now(s);
	rtc_schedule(s);
	swd_schedule(s);
}

void esp32c3_swd_feed(struct esp32c3 *s)
{
	s->swd_fed_ps = esp32c3_now(s);
	swd_schedule(s);
}

void esp32c3_rtc_wdt_event(struct esp32c3 *s, int64_t t_ps)
{
	static const uint32_t reasons[] = {
		[ACTION_CPU] = ESP32C3_RESET_RTCWDT_CPU,
		[ACTION_SYSTEM] = ESP32C3_RESET_RTCWDT_SYS,
		[ACTION_RTC] = ESP32C3_RESET_RTCWDT_RTC,
	};
	uint32_t config = rtc_config(s);
	unsigned action = config >> (28 - 3 * s->rtc_wdt.stage) & 7;

	if (config & ESP32C3_RTC_WDT_FLASHBOOT)
		action = ACTION_RTC;
	s->rtc_wdt = (struct esp32c3_watchdog){(s->rtc_wdt.stage + 1) % 4, t_ps};
	if (action == ACTION_INTERRUPT) {
		s->rtc[ESP32C3_RTC_INT_RAW / 4] |= RTC_INT_WDT;
		esp32c3_set_source(s, ESP32C3_SOURCE_RTC,
				   esp32c3_rtc_read(s, ESP32C3_RTC_INT_ST) != 0);
	}
	rtc_schedule(s);
	if (action >= ACTION_CPU && action <= ACTION_RTC)
		esp32c3_request_reset(s, reasons[action]);
}

void esp32c3_swd_event(struct esp32c3 *s, int64_t t_ps)
{
	(void)t_ps;
	esp32c3_request_reset(s, ESP32C3_RESET_SUPER_WDT);
}

static void swd_write(struct esp32c3 *s, uint32_t value)
{
	if (value & ESP32C3_SWD_FEED)
		s->swd_fed_ps = esp32c3_now(s);
	s->rtc[ESP32C3_RTC_SWD_CONF / 4] = value & ~ESP32C3_SWD_FEED & ~3u;
	swd_schedule(s);
}

void esp32c3_rtc_wdt_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	bool is_key = offset == ESP32C3_RTC_WDTWPROTECT || offset == ESP32C3_RTC_SWD_WPROTECT;
	bool open = s->rtc[ESP32C3_RTC_WDTWPROTECT / 4] == ESP32C3_WDT_KEY;

	if (offset == ESP32C3_RTC_SWD_CONF) {
		if (s->rtc[ESP32C3_RTC_SWD_WPROTECT / 4] == ESP32C3_SWD_KEY)
			swd_write(s, value);
		return;
	}
	if (!is_key && !open)
		return;
	if (offset == ESP32C3_RTC_WDTFEED) {
		if (value & 1u << 31)
			s->rtc_wdt = (struct esp32c3_watchdog){0, esp32c3_now(s)};
	} else {
		bool starts =
			offset == ESP32C3_RTC_WDTCONFIG0 && value & ~rtc_config(s) & ESP32C3_WDT_EN;

		s->rtc[offset / 4] = value;
		if (starts)
			s->rtc_wdt = (struct esp32c3_watchdog){0, esp32c3_now(s)};
	}
	rtc_schedule(s);
}

/* Timer groups ------------------------------------------------------------------------------- */

static uint32_t timg_config(const struct esp32c3 *s)
{
	return s->timg[0][ESP32C3_TIMG_WDTCONFIG0 / 4];
}

static void timg_schedule(struct esp32c3 *s)
{
	struct esp32c3_watchdog *wdt = &s->timg_wdt;
	uint32_t prescale = s->timg[0][ESP32C3_TIMG_WDTCONFIG1 / 4] >> 16;
	uint64_t ticks = s->timg[0][ESP32C3_TIMG_WDTCONFIG2 / 4 + wdt->stage];
	uint64_t millihz = timg_config(s) & ESP32C3_TIMG_WDT_USE_XTAL ? esp32c3_xtal_millihz(s)
								      : esp32c3_apb_millihz(s);
	bool on = timg_config(s) & (ESP32C3_WDT_EN | ESP32C3_TIMG_WDT_FLASHBOOT) && counting(s);
	int64_t due_ps = later(wdt->fed_ps, (ticks + 1) * (prescale ? prescale : 1), millihz);
	int64_t now_ps = esp32c3_now(s);

	esp32c3_schedule(s, ESP32C3_DEADLINE_TIMG_WDT,
			 !on               ? ESP32C3_NEVER_PS
			 : due_ps > now_ps ? due_ps
					   : now_ps);
}

static void timg_irq_update(struct esp32c3 *s)
{
	esp32c3_set_source(s, ESP32C3_SOURCE_TG0_WDT,
			   s->timg[0][ESP32C3_TIMG_INT_RAW / 4] &
				   s->timg[0][ESP32C3_TIMG_INT_ENA / 4] & ESP32C3_TIMG_INT_WDT);
}

void esp32c3_timg_wdt_event(struct esp32c3 *s, int64_t t_ps)
{
	uint32_t config = timg_config(s);
	unsigned action = config >> (29 - 2 * s->timg_wdt.stage) & 3;

	if (config & ESP32C3_TIMG_WDT_FLASHBOOT)
		action = ACTION_SYSTEM;
	s->timg_wdt = (struct esp32c3_watchdog){(s->timg_wdt.stage + 1) % 4, t_ps};
	if (action == ACTION_INTERRUPT)
		s->timg[0][ESP32C3_TIMG_INT_RAW / 4] |= ESP32C3_TIMG_INT_WDT;
	timg_irq_update(s);
	timg_schedule(s);
	if (action == ACTION_CPU)
		esp32c3_request_reset(s, ESP32C3_RESET_TG0WDT_CPU);
	else if (action == ACTION_SYSTEM)
		esp32c3_request_reset(s, ESP32C3_RESET_TG0WDT_SYS);
}

uint32_t esp32c3_timg_read(struct esp32c3 *s, uint32_t offset)
{
	const uint32_t *regs = s->timg[offset / 0x1000];

	offset %= 0x1000;
	if (offset >= 0x100) {
		esp32c3_unmodelled(s, ESP32C3_TIMG0_BASE + offset);
		return 0;
	}
	if (offset == ESP32C3_TIMG_INT_ST)
		return regs[ESP32C3_TIMG_INT_RAW / 4] & regs[ESP32C3_TIMG_INT_ENA / 4];
	return regs[offset / 4];
}

static void timg_wdt_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	uint32_t *regs = s->timg[0];
	bool open = regs[ESP32C3_TIMG_WDTWPROTECT / 4] == ESP32C3_WDT_KEY;
	bool starts = offset == ESP32C3_TIMG_WDTCONFIG0 && value & ~timg_config(s) & ESP32C3_WDT_EN;

	if (offset != ESP32C3_TIMG_WDTWPROTECT && !open)
		return;
	if (offset != ESP32C3_TIMG_WDTFEED)
		regs[offset / 4] = value;
	if (offset == ESP32C3_TIMG_WDTFEED || starts)
		s->timg_wdt = (struct esp32c3_watchdog){0, esp32c3_now(s)};
	timg_schedule(s);
}

void esp32c3_timg_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	unsigned group = offset / 0x1000;
	uint32_t *regs = s->timg[group];

	offset %= 0x1000;
	if (offset >= 0x100)
		esp32c3_unmodelled(s, ESP32C3_TIMG0_BASE + group * 0x1000 + offset);
	else if (offset == 0 && value & 1u << 31)
		esp32c3_fault(s, "TIMG%u_T0CONFIG.EN: the general-purpose timer is not modelled",
			      group);
	else if (group == 1 && offset == ESP32C3_TIMG_WDTCONFIG0 && value & ESP32C3_WDT_EN)
		esp32c3_fault(s, "TIMG1_WDTCONFIG0.EN: this watchdog is not modelled");
	else if (group == 0 && offset >= ESP32C3_TIMG_WDTCONFIG0 &&
		 offset <= ESP32C3_TIMG_WDTWPROTECT)
		timg_wdt_write(s, offset, value);
	else if (offset == ESP32C3_TIMG_INT_CLR)
		regs[ESP32C3_TIMG_INT_RAW / 4] &= ~value;
	else if (offset != ESP32C3_TIMG_INT_RAW && offset != ESP32C3_TIMG_INT_ST)
		regs[offset / 4] = value;
	timg_irq_update(s);
}

void esp32c3_timg_reset(struct esp32c3 *s)
{
	memset(s->timg, 0, sizeof(s->timg));
	for (unsigned group = 0; group < 2; group++) {
		uint32_t *regs = s->timg[group];

		regs[ESP32C3_TIMG_WDTCONFIG0 / 4] = 0x0004C000;
		regs[ESP32C3_TIMG_WDTCONFIG1 / 4] = 0x00010000;
		regs[ESP32C3_TIMG_WDTCONFIG2 / 4] = 26000000;
		regs[ESP32C3_TIMG_WDTCONFIG2 / 4 + 1] = 0x07FFFFFF;
		regs[ESP32C3_TIMG_WDTCONFIG2 / 4 + 2] = 0x000FFFFF;
		regs[ESP32C3_TIMG_WDTCONFIG2 / 4 + 3] = 0x000FFFFF;
		regs[ESP32C3_TIMG_WDTWPROTECT / 4] = ESP32C3_WDT_KEY;
		regs[ESP32C3_TIMG_REGCLK / 4] = 0x60000000;
	}
	s->timg_wdt = (struct esp32c3_watchdog){0, esp32c3_now(s)};
	timg_schedule(s);
	timg_irq_update(s);
}

void esp32c3_wdt_schedule(struct esp32c3 *s)
{
	rtc_schedule(s);
	swd_schedule(s);
	timg_schedule(s);
}
