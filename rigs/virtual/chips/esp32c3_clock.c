/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SYSTEM registers and clock tree of the ESP32-C3 (TRM, "Reset and Clock" and "System Registers"):
 * crystal, PLL, RC_FAST, CPU, APB, with this chip's oscillator errors. Frequencies are true, in
 * millihertz.
 *
 * The PLL runs after reset as the part's does: nothing in the reset value of RTC_CNTL_OPTIONS0
 * powers it down. Its lock time (10 us) is modelled.
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

#define RC_FAST_HZ   17500000u
#define RC_SLOW_HZ   136000u
#define PLL_LOCK_PS  (10 * ESP32C3_PS_PER_US)
#define BBPLL_BLOCK  0x66 /* on the internal I2C bus */
#define BBPLL_MODE   4    /* 0x6B: 480 MHz, 0x69: 320 MHz (ESP-IDF, clk_tree_ll.h) */
#define MODE_320     0x69
#define SYS_READABLE (ESP32C3_SYS_BYTES / 4)

/* Reset values that are not zero. */
static const struct {
	uint32_t offset, value;
} reset_values[] = {
	{0x04, 0xC0}, {0x08, 0x0C}, {0x0C, 1},    {0x10, 0xF9C1E06F}, {0x1C, 0x1FE}, {0x20, 0xFF},
	{0x38, 1},    {0x3C, 1},    {0x40, 0x05}, {0x48, 0x7FF00000}, {0x54, 1},     {0x58, 1},
};

static uint32_t sys(const struct esp32c3 *s, uint32_t offset)
{
	return s->system[offset / 4];
}

static uint64_t true_millihz(uint64_t hz, int32_t error_ppb)
{
	return hz * (uint64_t)(1000000000 + error_ppb) / 1000000u;
}

uint64_t esp32c3_xtal_millihz(const struct esp32c3 *s)
{
	return true_millihz(ESP32C3_XTAL_HZ, s->xtal_error_ppb);
}

bool esp32c3_pll_is_on(const struct esp32c3 *s)
{
	uint32_t options = s->rtc[ESP32C3_RTC_OPTIONS0 / 4];

	return options & ESP32C3_OPTIONS0_PLL_PU || !(options & ESP32C3_OPTIONS0_PLL_PD);
}

uint64_t esp32c3_pll_millihz(const struct esp32c3 *s)
{
	unsigned ratio = s->analog_block[BBPLL_BLOCK][BBPLL_MODE] == MODE_320 ? 8 : 12;

	return esp32c3_pll_is_on(s) ? ratio * esp32c3_xtal_millihz(s) : 0;
}

uint64_t esp32c3_rc_fast_millihz(const struct esp32c3 *s)
{
	uint32_t conf = s->rtc[ESP32C3_RTC_CLK_CONF / 4];

	if (conf & ESP32C3_CLK_CONF_ENB_CK8M ||
	    (conf & ESP32C3_CLK_CONF_CK8M_PD && !(conf & ESP32C3_CLK_CONF_CK8M_PU)))
		return 0;
	return true_millihz(RC_FAST_HZ, s->rc_fast_error_ppb);
}

uint64_t esp32c3_rc_slow_millihz(const struct esp32c3 *s)
{
	return true_millihz(RC_SLOW_HZ, s->rc_slow_error_ppb);
}

enum esp32c3_source esp32c3_source(const struct esp32c3 *s)
{
	return sys(s, ESP32C3_SYS_SYSCLK_CONF) >> 10 & 3;
}

uint64_t esp32c3_apb_millihz(const struct esp32c3 *s)
{
	return esp32c3_source(s) == ESP32C3_SOURCE_PLL ? 2 * esp32c3_xtal_millihz(s)
						       : s->cpu_millihz;
}

static uint64_t from_pll(struct esp32c3 *s)
{
	uint32_t conf = sys(s, ESP32C3_SYS_CPU_PER_CONF), select = conf & 3;
	uint64_t vco = esp32c3_pll_millihz(s);
	bool says_480 = conf & ESP32C3_PLL_FREQ_SEL;

	if (vco == 0)
		esp32c3_fault(s, "CPU clock from the PLL, which is off "
				 "(RTC_CNTL_OPTIONS0.BBPLL_FORCE_PD)");
	else if (s->pll_ready_ps > esp32c3_now(s))
		esp32c3_fault(s, "CPU clock from the PLL before it has locked");
	else if (says_480 != (vco > 400000000000u))
		esp32c3_fault(s,
			      "SYSTEM_CPU_PER_CONF.PLL_FREQ_SEL says %s MHz, the PLL is set to %u",
			      says_480 ? "480" : "320", (unsigned)((vco + 500000000) / 1000000000));
	else if (select > 1)
		esp32c3_fault(s,
			      "SYSTEM_CPU_PER_CONF.CPUPERIOD_SEL %u: allowed are 0 (80 MHz) and "
			      "1 (160 MHz)",
			      select);
	else
		return (select + 1) * 2 * esp32c3_xtal_millihz(s);
	return 0;
}

static uint64_t cpu_clock(struct esp32c3 *s)
{
	uint32_t divider = (sys(s, ESP32C3_SYS_SYSCLK_CONF) & 0x3FF) + 1;
	uint64_t rc_fast = esp32c3_rc_fast_millihz(s);

	switch (esp32c3_source(s)) {
	case ESP32C3_SOURCE_XTAL:
		return esp32c3_xtal_millihz(s) / divider;
	case ESP32C3_SOURCE_PLL:
		return from_pll(s);
	case ESP32C3_SOURCE_RC_FAST:
		if (rc_fast == 0)
			esp32c3_fault(s,
				      "CPU clock from RC_FAST, which is off (RTC_CNTL_CLK_CONF)");
		return rc_fast / divider;
	}
	esp32c3_fault(s, "SYSTEM_SYSCLK_CONF.SOC_CLK_SEL 3 selects no clock");
	return 0;
}

void esp32c3_clock_update(struct esp32c3 *s)
{
	uint64_t millihz = cpu_clock(s);

	if (millihz == 0)
		return;
	esp32c3_rebase(s, millihz);
	rv32_set_flash(s->core, esp32c3_line_cycles(s));
	esp32c3_uart_clock_changed(s);
	esp32c3_wdt_schedule(s);
}

void esp32c3_pll_restart(struct esp32c3 *s)
{
	s->pll_ready_ps = esp32c3_now(s) + PLL_LOCK_PS;
	if (esp32c3_source(s) == ESP32C3_SOURCE_PLL)
		esp32c3_clock_update(s);
}

uint32_t esp32c3_system_read(struct esp32c3 *s, uint32_t offset)
{
	if (offset == 0xFFC)
		return 0x02007150;
	if (offset / 4 >= SYS_READABLE) {
		esp32c3_unmodelled(s, ESP32C3_SYSTEM_BASE + offset);
		return 0;
	}
	if (offset == ESP32C3_SYS_SYSCLK_CONF) /* CLK_XTAL_FREQ, CLK_DIV_EN */
		return sys(s, offset) | 40u << 12 | 1u << 19;
	return sys(s, offset);
}

static const struct {
	uint32_t bit;
	void (*reset)(struct esp32c3 *s);
} peripheral_resets[] = {
	{ESP32C3_CLK_UART, esp32c3_uart_reset},
	{ESP32C3_CLK_TIMG0, esp32c3_timg_reset},
	{ESP32C3_CLK_SYSTIMER, esp32c3_systimer_reset},
};

static void reset_peripherals(struct esp32c3 *s, uint32_t bits)
{
	for (size_t i = 0; i < sizeof(peripheral_resets) / sizeof(peripheral_resets[0]); i++)
		if (bits & peripheral_resets[i].bit)
			peripheral_resets[i].reset(s);
}

void esp32c3_system_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	if (offset / 4 >= SYS_READABLE) {
		esp32c3_unmodelled(s, ESP32C3_SYSTEM_BASE + offset);
		return;
	}
	if (offset == ESP32C3_SYS_SYSCLK_CONF)
		value &= 0xFFF;
	s->system[offset / 4] = value;
	if (offset == ESP32C3_SYS_SYSCLK_CONF || offset == ESP32C3_SYS_CPU_PER_CONF)
		esp32c3_clock_update(s);
	else if (offset == ESP32C3_SYS_PERIP_RST_EN0)
		reset_peripherals(s, value);
	else if (offset == ESP32C3_SYS_CPU_PERI_RST_EN && value & ESP32C3_CLK_DEDICATED_GPIO)
		s->gpio.dedicated_out = s->gpio.dedicated_oen = 0;
	else if (offset >= ESP32C3_SYS_FROM_CPU_0 && offset <= ESP32C3_SYS_FROM_CPU_3)
		esp32c3_set_source(s,
				   ESP32C3_SOURCE_FROM_CPU0 + (offset - ESP32C3_SYS_FROM_CPU_0) / 4,
				   value & 1);
}

void esp32c3_system_reset(struct esp32c3 *s)
{
	memset(s->system, 0, sizeof(s->system));
	for (size_t i = 0; i < sizeof(reset_values) / sizeof(reset_values[0]); i++)
		s->system[reset_values[i].offset / 4] = reset_values[i].value;
}
