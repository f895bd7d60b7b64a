/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * System timer of the ESP32-C3 (TRM, "System Timer"): two 52-bit counters at 16 MHz (the crystal
 * over 2.5) and three comparators. Alarms of the target mode come at once when the counter has
 * passed the target; those of the period mode repeat from the comparator's load on. Interrupts are
 * levels. A unit stalls only when it is off: there is no debugger that stalls the core.
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

enum {
	ST_CONF = 0x00,
	ST_UNIT0_OP = 0x04,
	ST_UNIT1_OP = 0x08,
	ST_UNIT0_LOAD_HI = 0x0C,
	ST_UNIT1_LOAD_LO = 0x18,
	ST_TARGET0_HI = 0x1C,
	ST_TARGET2_LO = 0x30,
	ST_TARGET0_CONF = 0x34,
	ST_TARGET2_CONF = 0x3C,
	ST_UNIT0_VALUE_HI = 0x40,
	ST_UNIT1_VALUE_LO = 0x4C,
	ST_COMP0_LOAD = 0x50,
	ST_COMP2_LOAD = 0x58,
	ST_UNIT0_LOAD = 0x5C,
	ST_UNIT1_LOAD = 0x60,
	ST_INT_ENA = 0x64,
	ST_INT_RAW = 0x68,
	ST_INT_CLR = 0x6C,
	ST_INT_ST = 0x70,
	ST_DATE = 0xFC,
};

#define TICKS_MASK     ((UINT64_C(1) << 52) - 1)
#define CONF_RESET     0x46000000u
#define CONF_MODELLED  0xFFC00001u
#define OP_UPDATE      (1u << 30)
#define OP_VALID       (1u << 29)
#define TARGET_PERIOD  (1u << 30)
#define TARGET_UNIT1   (1u << 31)
#define PERIOD_MASK    0x03FFFFFFu
#define MILLI_PS_PER_S ((__int128)ESP32C3_PS_PER_S * 1000)

static bool unit_works(const struct esp32c3_systimer *timer, unsigned unit)
{
	return timer->conf >> (30 - unit) & 1;
}

static bool target_works(const struct esp32c3_systimer *timer, unsigned target)
{
	return timer->conf >> (24 - target) & 1;
}

/* 16 MHz are 2/5 of the crystal. */
static uint64_t ticks_at(const struct esp32c3 *s, unsigned unit, int64_t t_ps)
{
	const struct esp32c3_systimer *timer = &s->systimer;
	__int128 elapsed = t_ps - timer->epoch_ps[unit];

	if (!unit_works(timer, unit))
		return timer->epoch_ticks[unit];
	return (timer->epoch_ticks[unit] +
		(uint64_t)(elapsed * 2 * esp32c3_xtal_millihz(s) / 5 / MILLI_PS_PER_S)) &
	       TICKS_MASK;
}

/* The first picosecond at which the unit shows that value. */
static int64_t time_of_ticks(const struct esp32c3 *s, unsigned unit, uint64_t ticks)
{
	const struct esp32c3_systimer *timer = &s->systimer;
	__int128 more = (__int128)(ticks - timer->epoch_ticks[unit]) * MILLI_PS_PER_S * 5;
	__int128 rate = (__int128)2 * esp32c3_xtal_millihz(s);
	__int128 ps = timer->epoch_ps[unit] + (more + rate - 1) / rate;

	return ps < ESP32C3_NEVER_PS ? (int64_t)ps : ESP32C3_NEVER_PS;
}

static unsigned unit_of(const struct esp32c3_systimer *timer, unsigned target)
{
	return timer->target_conf[target] & TARGET_UNIT1 ? 1 : 0;
}

static void irq_update(struct esp32c3 *s)
{
	const struct esp32c3_systimer *timer = &s->systimer;

	for (unsigned i = 0; i < 3; i++)
		esp32c3_set_source(s, ESP32C3_SOURCE_SYSTIMER0 + i,
				   timer->int_raw & timer->int_ena & 1u << i);
}

static void schedule(struct esp32c3 *s)
{
	struct esp32c3_systimer *timer = &s->systimer;
	int64_t now_ps = esp32c3_now(s), first_ps = ESP32C3_NEVER_PS;

	for (unsigned i = 0; i < 3; i++) {
		unsigned unit = unit_of(timer, i);
		uint64_t ahead = (timer->next_ticks[i] - ticks_at(s, unit, now_ps)) & TICKS_MASK;

		timer->alarm_ps[i] = ESP32C3_NEVER_PS;
		if (!timer->armed[i] || !target_works(timer, i))
			continue;
		if (ahead == 0 || ahead > TICKS_MASK / 2)
			timer->alarm_ps[i] = now_ps;
		else if (unit_works(timer, unit))
			timer->alarm_ps[i] = time_of_ticks(s, unit, timer->next_ticks[i]);
		if (timer->alarm_ps[i] < first_ps)
			first_ps = timer->alarm_ps[i];
	}
	esp32c3_schedule(s, ESP32C3_DEADLINE_SYSTIMER, first_ps);
}

void esp32c3_systimer_event(struct esp32c3 *s, int64_t t_ps)
{
	struct esp32c3_systimer *timer = &s->systimer;

	for (unsigned i = 0; i < 3; i++) {
		uint32_t period = timer->target_conf[i] & PERIOD_MASK;

		if (!timer->armed[i] || timer->alarm_ps[i] > t_ps)
			continue;
		timer->int_raw |= 1u << i;
		if (timer->target_conf[i] & TARGET_PERIOD && period > 0)
			timer->next_ticks[i] = (timer->next_ticks[i] + period) & TICKS_MASK;
		else
			timer->armed[i] = false;
	}
	irq_update(s);
	schedule(s);
}

static void load_comparator(struct esp32c3 *s, unsigned i)
{
	struct esp32c3_systimer *timer = &s->systimer;
	uint32_t conf = timer->target_conf[i];

	if (conf & TARGET_PERIOD && (conf & PERIOD_MASK) == 0) {
		esp32c3_fault(s, "SYSTIMER_TARGET%u: period mode with a period of 0", i);
		return;
	}
	timer->armed[i] = true;
	timer->next_ticks[i] =
		conf & TARGET_PERIOD
			? ticks_at(s, unit_of(timer, i), esp32c3_now(s)) + (conf & PERIOD_MASK)
			: timer->target[i];
	schedule(s);
}

static void load_unit(struct esp32c3 *s, unsigned unit, uint64_t ticks)
{
	s->systimer.epoch_ps[unit] = esp32c3_now(s);
	s->systimer.epoch_ticks[unit] = ticks & TICKS_MASK;
	schedule(s);
}

static void conf_write(struct esp32c3 *s, uint32_t value)
{
	struct esp32c3_systimer *timer = &s->systimer;
	uint64_t ticks[2] = {ticks_at(s, 0, esp32c3_now(s)), ticks_at(s, 1, esp32c3_now(s))};

	if (value & ~CONF_MODELLED) {
		esp32c3_fault(s, "SYSTIMER_CONF 0x%08x sets bits that do not exist", value);
		return;
	}
	timer->conf = value;
	load_unit(s, 0, ticks[0]);
	load_unit(s, 1, ticks[1]);
}

/* Pairs of words, high one first: which of the pair, and the word of it. */
static uint32_t half(uint64_t value, uint32_t offset, uint32_t first)
{
	return (offset - first) % 8 == 0 ? (uint32_t)(value >> 32) : (uint32_t)value;
}

static void set_half(uint64_t *value, uint32_t offset, uint32_t first, uint32_t word)
{
	if ((offset - first) % 8 == 0)
		*value = (*value & UINT32_MAX) | (uint64_t)(word & 0xFFFFF) << 32;
	else
		*value = (*value & ~(uint64_t)UINT32_MAX) | word;
}

uint32_t esp32c3_systimer_read(struct esp32c3 *s, uint32_t offset)
{
	struct esp32c3_systimer *timer = &s->systimer;

	if (offset >= ST_UNIT0_LOAD_HI && offset <= ST_UNIT1_LOAD_LO)
		return half(timer->load[(offset - ST_UNIT0_LOAD_HI) / 8], offset, ST_UNIT0_LOAD_HI);
	if (offset >= ST_TARGET0_HI && offset <= ST_TARGET2_LO)
		return half(timer->target[(offset - ST_TARGET0_HI) / 8], offset, ST_TARGET0_HI);
	if (offset >= ST_TARGET0_CONF && offset <= ST_TARGET2_CONF)
		return timer->target_conf[(offset - ST_TARGET0_CONF) / 4];
	if (offset >= ST_UNIT0_VALUE_HI && offset <= ST_UNIT1_VALUE_LO)
		return half(timer->latched[(offset - ST_UNIT0_VALUE_HI) / 8], offset,
			    ST_UNIT0_VALUE_HI);
	if (offset >= ST_COMP0_LOAD && offset <= ST_UNIT1_LOAD)
		return 0; /* write-only */
	switch (offset) {
	case ST_CONF:
		return timer->conf;
	case ST_UNIT0_OP:
	case ST_UNIT1_OP:
		return OP_VALID;
	case ST_INT_ENA:
		return timer->int_ena;
	case ST_INT_RAW:
		return timer->int_raw;
	case ST_INT_CLR:
		return 0;
	case ST_INT_ST:
		return timer->int_raw & timer->int_ena;
	case ST_DATE:
		return 0x02006171;
	default:
		esp32c3_unmodelled(s, ESP32C3_SYSTIMER_BASE + offset);
		return 0;
	}
}

static void single_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	struct esp32c3_systimer *timer = &s->systimer;
	unsigned unit = (offset - ST_UNIT0_OP) / 4;

	switch (offset) {
	case ST_CONF:
		conf_write(s, value);
		break;
	case ST_UNIT0_OP:
	case ST_UNIT1_OP:
		if (value & OP_UPDATE)
			timer->latched[unit] = ticks_at(s, unit, esp32c3_now(s));
		break;
	case ST_INT_ENA:
		timer->int_ena = value & 7;
		irq_update(s);
		break;
	case ST_INT_CLR:
		timer->int_raw &= ~value;
		irq_update(s);
		break;
	default:
		esp32c3_unmodelled(s, ESP32C3_SYSTIMER_BASE + offset);
		break;
	}
}

void esp32c3_systimer_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	struct esp32c3_systimer *timer = &s->systimer;

	if (offset >= ST_UNIT0_LOAD_HI && offset <= ST_UNIT1_LOAD_LO) {
		set_half(&timer->load[(offset - ST_UNIT0_LOAD_HI) / 8], offset, ST_UNIT0_LOAD_HI,
			 value);
	} else if (offset >= ST_TARGET0_HI && offset <= ST_TARGET2_LO) {
		set_half(&timer->target[(offset - ST_TARGET0_HI) / 8], offset, ST_TARGET0_HI,
			 value);
	} else if (offset >= ST_TARGET0_CONF && offset <= ST_TARGET2_CONF) {
		timer->target_conf[(offset - ST_TARGET0_CONF) / 4] = value;
		schedule(s);
	} else if (offset >= ST_COMP0_LOAD && offset <= ST_COMP2_LOAD) {
		if (value & 1)
			load_comparator(s, (offset - ST_COMP0_LOAD) / 4);
	} else if (offset == ST_UNIT0_LOAD || offset == ST_UNIT1_LOAD) {
		unsigned unit = (offset - ST_UNIT0_LOAD) / 4;

		if (value & 1)
			load_unit(s, unit, timer->load[unit]);
	} else {
		single_write(s, offset, value);
	}
}

void esp32c3_systimer_reset(struct esp32c3 *s)
{
	struct esp32c3_systimer *timer = &s->systimer;

	memset(timer, 0, sizeof(*timer));
	timer->conf = CONF_RESET;
	timer->epoch_ps[0] = timer->epoch_ps[1] = esp32c3_now(s);
	irq_update(s);
	esp32c3_schedule(s, ESP32C3_DEADLINE_SYSTIMER, ESP32C3_NEVER_PS);
}
