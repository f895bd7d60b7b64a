/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Virtual time of the STM32F767: cycles to picoseconds and back, deadlines, slices and what they
 * report.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32f767.h"

#define MILLI_PS_PER_S    (F767_PS_PER_S * 1000)
#define ROM_HCLK_HZ       60e6  /* AN2606 table 103: the loader runs from the HSI through the PLL */
#define ROM_VCO_HZ        240e6 /* modelled: AN2606 names the system clock only */
#define ROM_CORE_V        1.32
#define BUSY_CHUNK_CYCLES 32 /* while flash is busy, how often to look whether code enters it */

static int64_t time_of(const struct stm32f767 *s, uint64_t cycle)
{
	__int128 cycles = (__int128)cycle - s->anchor_cycle;

	return s->anchor_ps + (int64_t)(cycles * MILLI_PS_PER_S / (__int128)s->hclk_millihz);
}

/* The first core cycle that is not earlier than t_ps. */
static uint64_t cycle_at(const struct stm32f767 *s, int64_t t_ps)
{
	__int128 scaled = (__int128)(t_ps - s->anchor_ps) * (__int128)s->hclk_millihz;

	if (scaled > 0)
		scaled += MILLI_PS_PER_S - 1;
	return s->anchor_cycle + (uint64_t)(int64_t)(scaled / MILLI_PS_PER_S);
}

int64_t stm32f767_now(const struct stm32f767 *s)
{
	return s->in_core ? time_of(s, armv7em_now(s->core)) : s->now_ps;
}

void stm32f767_rebase(struct stm32f767 *s, uint64_t hclk_millihz)
{
	uint64_t cycle = armv7em_now(s->core);

	s->anchor_ps = s->mode == F767_MODE_RUN ? time_of(s, cycle) : s->now_ps;
	s->anchor_cycle = cycle;
	s->hclk_millihz = hclk_millihz;
	if (s->in_core)
		armv7em_request_stop(s->core); /* its limit was for the old clock */
}

void stm32f767_schedule(struct stm32f767 *s, enum f767_deadline deadline, int64_t t_ps)
{
	s->deadline_ps[deadline] = t_ps;
	if (s->in_core)
		armv7em_request_stop(s->core); /* so that the loop looks at the deadlines again */
}

static enum f767_deadline earliest(const struct stm32f767 *s)
{
	enum f767_deadline best = 0;

	for (enum f767_deadline i = 1; i < F767_DEADLINE_COUNT; i++) {
		if (s->deadline_ps[i] < s->deadline_ps[best])
			best = i;
	}
	return best;
}

static bool core_is_active(const struct stm32f767 *s)
{
	return s->mode == F767_MODE_ROM ||
	       (s->mode == F767_MODE_RUN && !s->asleep && !s->fault_text[0]);
}

static void pass(struct stm32f767 *s, int64_t t_ps)
{
	if (core_is_active(s))
		s->active_ps += t_ps - s->now_ps;
	else
		s->idle_ps += t_ps - s->now_ps;
	s->now_ps = t_ps;
}

static void take_stop(struct stm32f767 *s, enum armv7em_stop stop)
{
	if (stop == ARMV7EM_STOP_SLEEP)
		s->asleep = true;
	else if (stop == ARMV7EM_STOP_LOCKUP)
		stm32f767_fault(s, "core locked up: %s", armv7em_fault_text(s->core));
	else if (stop == ARMV7EM_STOP_RESET)
		stm32f767_system_reset(s, F767_CSR_SFTRSTF | F767_CSR_PINRSTF);
}

static bool is_stalled(struct stm32f767 *s)
{
	if (!s->asleep && stm32f767_flash_stalls(s, armv7em_pc(s->core)))
		s->stall_end_ps = s->flashc.end_ps;
	return s->stall_end_ps > s->now_ps;
}

/* The core stands still up to t_ps: time passes and no cycle does. */
static void stall(struct stm32f767 *s, int64_t t_ps)
{
	uint64_t cycle = armv7em_now(s->core);

	pass(s, t_ps < s->stall_end_ps ? t_ps : s->stall_end_ps);
	if (time_of(s, cycle) < s->now_ps) {
		s->anchor_ps = s->now_ps;
		s->anchor_cycle = cycle;
	}
}

static uint64_t limit_at(const struct stm32f767 *s, int64_t t_ps)
{
	uint64_t limit = cycle_at(s, t_ps), chunk = armv7em_now(s->core) + BUSY_CHUNK_CYCLES;

	return s->flashc.operation != F767_FLASH_IDLE && !s->asleep && limit > chunk ? chunk
										     : limit;
}

/* Runs or sleeps up to t_ps, or less when something has changed. The core may be ahead of t_ps by
 * the rest of an instruction: then it does nothing until virtual time has caught up. */
static void run_core(struct stm32f767 *s, int64_t t_ps)
{
	uint64_t limit = limit_at(s, t_ps);
	enum armv7em_stop stop = ARMV7EM_STOP_LIMIT;
	bool awake = !s->asleep;
	int64_t reached_ps;

	if (s->fault_text[0] || armv7em_now(s->core) >= limit) {
		pass(s, t_ps);
		return;
	}
	if (is_stalled(s)) {
		stall(s, t_ps);
		return;
	}
	s->in_core = true;
	if (s->asleep)
		awake = armv7em_sleep(s->core, limit);
	else
		stop = armv7em_run(s->core, limit);
	s->in_core = false;
	reached_ps = time_of(s, armv7em_now(s->core));
	if (reached_ps > t_ps)
		reached_ps = t_ps;
	if (reached_ps > s->now_ps)
		pass(s, reached_ps);
	s->asleep = !awake;
	take_stop(s, stop);
}

static void fire(struct stm32f767 *s)
{
	static void (*const events[])(struct stm32f767 *, int64_t) = {
		[F767_DEADLINE_BOOT] = stm32f767_boot_event,
		[F767_DEADLINE_CLOCK] = stm32f767_clock_event,
		[F767_DEADLINE_FLASH] = stm32f767_flash_event,
		[F767_DEADLINE_USART] = stm32f767_usart_event,
		[F767_DEADLINE_ADC] = stm32f767_adc_event,
		[F767_DEADLINE_ROM] = stm32f767_rom_event,
	};
	enum f767_deadline next;

	while (s->deadline_ps[next = earliest(s)] <= s->now_ps) {
		int64_t t_ps = s->deadline_ps[next];

		s->deadline_ps[next] = F767_NEVER_PS;
		events[next](s, t_ps);
	}
}

/* struct core_counts is nothing but uint64_t counters. */
static void subtract(struct core_counts *counts, const struct core_counts *from)
{
	uint64_t now[sizeof(*counts) / 8], before[sizeof(*counts) / 8];

	_Static_assert(sizeof(*counts) % 8 == 0, "counters are 64 bit");
	memcpy(now, counts, sizeof(now));
	memcpy(before, from, sizeof(before));
	for (size_t i = 0; i < sizeof(now) / 8; i++)
		now[i] -= before[i];
	memcpy(counts, now, sizeof(now));
}

/* Counters up to now: cycles that the core is ahead of virtual time belong to the next slice. */
static struct core_counts counts_now(const struct stm32f767 *s)
{
	struct core_counts counts = *armv7em_counts(s->core);
	uint64_t *last = s->asleep ? &counts.sleep_cycles : &counts.cycles;
	uint64_t floor = s->asleep ? s->reported.sleep_cycles : s->reported.cycles;
	uint64_t here = cycle_at(s, s->now_ps), core_now = armv7em_now(s->core);
	uint64_t ahead = core_now > here && s->mode == F767_MODE_RUN ? core_now - here : 0;

	*last = *last - floor > ahead ? *last - ahead : floor;
	return counts;
}

static void report_clocks(const struct stm32f767 *s, struct chip_activity *activity)
{
	static const uint32_t enables[] = {F767_RCC_AHB1ENR, F767_RCC_AHB2ENR, F767_RCC_AHB3ENR,
					   F767_RCC_APB1ENR, F767_RCC_APB2ENR};
	const uint32_t *rcc = s->clock.rcc;

	if (s->mode == F767_MODE_ROM) {
		activity->hclk_hz = ROM_HCLK_HZ;
		activity->core_v = ROM_CORE_V;
		activity->hsi_on = activity->pll_on = true;
		activity->pll_vco_hz = ROM_VCO_HZ;
		return;
	}
	activity->hclk_hz = (double)s->hclk_millihz / 1e3;
	activity->core_v = stm32f767_pwr_core_v(s);
	activity->hsi_on = rcc[F767_RCC_CR / 4] & F767_CR_HSION;
	activity->hse_on = rcc[F767_RCC_CR / 4] & F767_CR_HSEON;
	activity->pll_on = rcc[F767_RCC_CR / 4] & F767_CR_PLLON;
	if (activity->pll_on)
		activity->pll_vco_hz =
			(double)stm32f767_true_millihz(s, F767_SOURCE_PLL, stm32f767_vco_hz(s)) /
			1e3;
	for (size_t i = 0; i < sizeof(enables) / sizeof(enables[0]); i++)
		activity->peripherals_on += (unsigned)__builtin_popcount(rcc[enables[i] / 4]);
}

static void report(struct stm32f767 *s, struct chip_activity *activity)
{
	struct core_counts counts = counts_now(s);

	memset(activity, 0, sizeof(*activity));
	activity->counts = counts;
	subtract(&activity->counts, &s->reported);
	s->reported = counts;
	activity->active_s = (double)s->active_ps / (double)F767_PS_PER_S;
	activity->sleep_s = (double)s->idle_ps / (double)F767_PS_PER_S;
	activity->powered = s->mode != F767_MODE_OFF;
	activity->in_reset = s->mode == F767_MODE_RESET;
	activity->flash_busy = s->flashc.operation != F767_FLASH_IDLE ||
			       (s->mode == F767_MODE_ROM && rom_loader_is_busy(&s->rom));
	if (activity->powered)
		report_clocks(s, activity);
}

void stm32f767_run(struct chip *chip, int64_t t_ps, struct chip_activity *ret_activity)
{
	struct stm32f767 *s = stm32f767_of(chip);

	s->active_ps = s->idle_ps = 0;
	while (s->now_ps < t_ps) {
		int64_t next_ps = s->deadline_ps[earliest(s)];

		if (next_ps > t_ps)
			next_ps = t_ps;
		if (s->mode == F767_MODE_RUN)
			run_core(s, next_ps);
		else
			pass(s, next_ps);
		fire(s);
	}
	report(s, ret_activity);
}
