/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Virtual time of the STM32L4R5: cycles to picoseconds and back, deadlines, slices and what they
 * report.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32l4r5.h"

#define MILLI_PS_PER_S (STM32_PS_PER_S * 1000)
#define ROM_HCLK_HZ    72e6 /* AN2606: the loader runs from HSI16 through the PLL */
#define ROM_VCO_HZ     144e6
#define ROM_CORE_V     1.2
#define BUSY_CHUNK_CYCLES                                                                          \
	32 /* while flash is busy, how often to look whether code enters its bank */

static int64_t time_of(const struct stm32l4r5 *s, uint64_t cycle)
{
	__int128 cycles = (__int128)cycle - s->anchor_cycle;

	return s->anchor_ps + (int64_t)(cycles * MILLI_PS_PER_S / (__int128)s->hclk_millihz);
}

/* The first core cycle that is not earlier than t_ps. */
static uint64_t cycle_at(const struct stm32l4r5 *s, int64_t t_ps)
{
	__int128 scaled = (__int128)(t_ps - s->anchor_ps) * (__int128)s->hclk_millihz;

	if (scaled > 0)
		scaled += MILLI_PS_PER_S - 1;
	return s->anchor_cycle + (uint64_t)(int64_t)(scaled / MILLI_PS_PER_S);
}

int64_t stm32l4r5_now(const struct stm32l4r5 *s)
{
	return s->in_core ? time_of(s, armv7em_now(s->core)) : s->now_ps;
}

void stm32l4r5_rebase(struct stm32l4r5 *s, uint64_t hclk_millihz)
{
	uint64_t cycle = armv7em_now(s->core);

	s->anchor_ps = s->mode == STM32_MODE_RUN ? time_of(s, cycle) : s->now_ps;
	s->anchor_cycle = cycle;
	s->hclk_millihz = hclk_millihz;
	if (s->in_core)
		armv7em_request_stop(s->core); /* its limit was for the old clock */
}

void stm32l4r5_schedule(struct stm32l4r5 *s, enum stm32_deadline deadline, int64_t t_ps)
{
	s->deadline_ps[deadline] = t_ps;
	if (s->in_core)
		armv7em_request_stop(s->core); /* so that the loop looks at the deadlines again */
}

static enum stm32_deadline earliest(const struct stm32l4r5 *s)
{
	enum stm32_deadline best = 0;

	for (enum stm32_deadline i = 1; i < STM32_DEADLINE_COUNT; i++) {
		if (s->deadline_ps[i] < s->deadline_ps[best])
			best = i;
	}
	return best;
}

static bool core_is_active(const struct stm32l4r5 *s)
{
	return s->mode == STM32_MODE_ROM ||
	       (s->mode == STM32_MODE_RUN && !s->asleep && !s->fault_text[0]);
}

static void pass(struct stm32l4r5 *s, int64_t t_ps)
{
	if (core_is_active(s))
		s->active_ps += t_ps - s->now_ps;
	else
		s->idle_ps += t_ps - s->now_ps;
	s->now_ps = t_ps;
}

static void take_stop(struct stm32l4r5 *s, enum armv7em_stop stop)
{
	if (stop == ARMV7EM_STOP_SLEEP)
		s->asleep = true;
	else if (stop == ARMV7EM_STOP_LOCKUP)
		stm32l4r5_fault(s, "core locked up: %s", armv7em_fault_text(s->core));
	else if (stop == ARMV7EM_STOP_RESET)
		stm32l4r5_system_reset(s, STM32_CSR_SFTRSTF | STM32_CSR_PINRSTF);
}

static bool is_stalled(struct stm32l4r5 *s)
{
	if (!s->asleep && stm32l4r5_flash_stalls(s, armv7em_pc(s->core)))
		s->stall_end_ps = s->flashc.end_ps;
	return s->stall_end_ps > s->now_ps;
}

/* The core stands still up to t_ps: time passes and no cycle does. */
static void stall(struct stm32l4r5 *s, int64_t t_ps)
{
	uint64_t cycle = armv7em_now(s->core);

	pass(s, t_ps < s->stall_end_ps ? t_ps : s->stall_end_ps);
	if (time_of(s, cycle) < s->now_ps) {
		s->anchor_ps = s->now_ps;
		s->anchor_cycle = cycle;
	}
}

static uint64_t limit_at(const struct stm32l4r5 *s, int64_t t_ps)
{
	uint64_t limit = cycle_at(s, t_ps), chunk = armv7em_now(s->core) + BUSY_CHUNK_CYCLES;

	return s->flashc.operation != STM32_FLASH_IDLE && !s->asleep && limit > chunk ? chunk
										      : limit;
}

/* Runs or sleeps up to t_ps, or less when something has changed. The core may be ahead of t_ps by
 * the rest of an instruction: then it does nothing until virtual time has caught up. */
static void run_core(struct stm32l4r5 *s, int64_t t_ps)
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

static void fire(struct stm32l4r5 *s)
{
	static void (*const events[])(struct stm32l4r5 *, int64_t) = {
		[STM32_DEADLINE_BOOT] = stm32l4r5_boot_event,
		[STM32_DEADLINE_CLOCK] = stm32l4r5_clock_event,
		[STM32_DEADLINE_FLASH] = stm32l4r5_flash_event,
		[STM32_DEADLINE_LPUART] = stm32l4r5_lpuart_event,
		[STM32_DEADLINE_ADC] = stm32l4r5_adc_event,
		[STM32_DEADLINE_ROM] = stm32l4r5_rom_event,
	};
	enum stm32_deadline next;

	while (s->deadline_ps[next = earliest(s)] <= s->now_ps) {
		int64_t t_ps = s->deadline_ps[next];

		s->deadline_ps[next] = STM32_NEVER_PS;
		events[next](s, t_ps);
	}
}

static void subtract(struct core_counts *counts, const struct core_counts *from)
{
	counts->cycles -= from->cycles;
	counts->sleep_cycles -= from->sleep_cycles;
	counts->instructions -= from->instructions;
	for (size_t i = 0; i < CORE_CLASS_COUNT; i++)
		counts->classes[i] -= from->classes[i];
	counts->taken_branches -= from->taken_branches;
	counts->flash_fetch_stalls -= from->flash_fetch_stalls;
	counts->flash_data_reads -= from->flash_data_reads;
	counts->flash_stalls -= from->flash_stalls;
	counts->exceptions -= from->exceptions;
	counts->toggled_bits -= from->toggled_bits;
}

/* Counters up to now: cycles that the core is ahead of virtual time belong to the next slice. */
static struct core_counts counts_now(const struct stm32l4r5 *s)
{
	struct core_counts counts = *armv7em_counts(s->core);
	uint64_t *last = s->asleep ? &counts.sleep_cycles : &counts.cycles;
	uint64_t floor = s->asleep ? s->reported.sleep_cycles : s->reported.cycles;
	uint64_t here = cycle_at(s, s->now_ps), core_now = armv7em_now(s->core);
	uint64_t ahead = core_now > here && s->mode == STM32_MODE_RUN ? core_now - here : 0;

	*last = *last - floor > ahead ? *last - ahead : floor;
	return counts;
}

static void report_clocks(const struct stm32l4r5 *s, struct chip_activity *activity)
{
	const uint32_t *rcc = s->clock.rcc;

	if (s->mode == STM32_MODE_ROM) {
		activity->hclk_hz = ROM_HCLK_HZ;
		activity->core_v = ROM_CORE_V;
		activity->hsi_on = activity->pll_on = true;
		activity->pll_vco_hz = ROM_VCO_HZ;
		return;
	}
	activity->hclk_hz = (double)s->hclk_millihz / 1e3;
	activity->core_v = stm32l4r5_core_v(s);
	activity->msi_on = rcc[STM32_RCC_CR / 4] & STM32_CR_MSION;
	activity->hsi_on = rcc[STM32_RCC_CR / 4] & STM32_CR_HSION;
	activity->pll_on = rcc[STM32_RCC_CR / 4] & STM32_CR_PLLON;
	if (activity->msi_on)
		activity->msi_hz =
			(double)stm32l4r5_true_millihz(s, STM32_SOURCE_MSI, stm32l4r5_msi_hz(s)) /
			1e3;
	if (activity->pll_on)
		activity->pll_vco_hz =
			(double)stm32l4r5_true_millihz(s, STM32_SOURCE_PLL, stm32l4r5_vco_hz(s)) /
			1e3;
	for (uint32_t offset = STM32_RCC_AHB1ENR; offset <= STM32_RCC_APB2ENR; offset += 4)
		activity->peripherals_on += (unsigned)__builtin_popcount(rcc[offset / 4]);
}

static void report(struct stm32l4r5 *s, struct chip_activity *activity)
{
	struct core_counts counts = counts_now(s);

	memset(activity, 0, sizeof(*activity));
	activity->counts = counts;
	subtract(&activity->counts, &s->reported);
	s->reported = counts;
	activity->active_s = (double)s->active_ps / (double)STM32_PS_PER_S;
	activity->sleep_s = (double)s->idle_ps / (double)STM32_PS_PER_S;
	activity->powered = s->mode != STM32_MODE_OFF;
	activity->in_reset = s->mode == STM32_MODE_RESET;
	activity->flash_busy = s->flashc.operation != STM32_FLASH_IDLE ||
			       (s->mode == STM32_MODE_ROM && rom_loader_is_busy(&s->rom));
	if (activity->powered)
		report_clocks(s, activity);
}

void stm32l4r5_run(struct chip *chip, int64_t t_ps, struct chip_activity *ret_activity)
{
	struct stm32l4r5 *s = stm32l4r5_of(chip);

	s->active_ps = s->idle_ps = 0;
	while (s->now_ps < t_ps) {
		int64_t next_ps = s->deadline_ps[earliest(s)];

		if (next_ps > t_ps)
			next_ps = t_ps;
		if (s->mode == STM32_MODE_RUN)
			run_core(s, next_ps);
		else
			pass(s, next_ps);
		fire(s);
	}
	report(s, ret_activity);
}
