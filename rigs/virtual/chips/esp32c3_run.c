/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Virtual time of the ESP32-C3: cycles to picoseconds and back, deadlines, slices and what they
 * report.
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

#define MILLI_PS_PER_S (ESP32C3_PS_PER_S * 1000)
#define CORE_V         1.1 /* digital regulator at its default bias; modelled as constant */

static int64_t time_of(const struct esp32c3 *s, uint64_t cycle)
{
	__int128 cycles = (__int128)cycle - s->anchor_cycle;

	return s->anchor_ps + (int64_t)(cycles * MILLI_PS_PER_S / (__int128)s->cpu_millihz);
}

/* The first core cycle that is not earlier than t_ps. */
static uint64_t cycle_at(const struct esp32c3 *s, int64_t t_ps)
{
	__int128 scaled = (__int128)(t_ps - s->anchor_ps) * (__int128)s->cpu_millihz;

	if (scaled > 0)
		scaled += MILLI_PS_PER_S - 1;
	return s->anchor_cycle + (uint64_t)(int64_t)(scaled / MILLI_PS_PER_S);
}

int64_t esp32c3_now(const struct esp32c3 *s)
{
	return s->in_core ? time_of(s, rv32_now(s->core)) : s->now_ps;
}

void esp32c3_rebase(struct esp32c3 *s, uint64_t cpu_millihz)
{
	uint64_t cycle = rv32_now(s->core);

	s->anchor_ps = s->mode == ESP32C3_MODE_RUN ? time_of(s, cycle) : s->now_ps;
	s->anchor_cycle = cycle;
	s->cpu_millihz = cpu_millihz;
	s->slice_over = true;
	if (s->in_core)
		rv32_request_stop(s->core); /* its limit was for the old clock */
}

void esp32c3_schedule(struct esp32c3 *s, enum esp32c3_deadline deadline, int64_t t_ps)
{
	if (s->deadline_ps[deadline] == t_ps)
		return;
	s->deadline_ps[deadline] = t_ps;
	if (s->in_core)
		rv32_request_stop(s->core); /* so that the loop looks at the deadlines again */
}

void esp32c3_marker_changed(struct esp32c3 *s)
{
	s->slice_over = s->slice_edge = true;
	if (s->in_core && s->slice_limit != UINT64_MAX)
		rv32_request_stop(s->core);
}

static enum esp32c3_deadline earliest(const struct esp32c3 *s)
{
	enum esp32c3_deadline best = 0;

	for (enum esp32c3_deadline i = 1; i < ESP32C3_DEADLINE_COUNT; i++)
		if (s->deadline_ps[i] < s->deadline_ps[best])
			best = i;
	return best;
}

static bool core_is_active(const struct esp32c3 *s)
{
	return s->mode == ESP32C3_MODE_ROM ||
	       (s->mode == ESP32C3_MODE_RUN && !s->asleep && !s->fault_text[0]);
}

static void pass(struct esp32c3 *s, int64_t t_ps)
{
	if (core_is_active(s))
		s->active_ps += t_ps - s->now_ps;
	else
		s->idle_ps += t_ps - s->now_ps;
	s->now_ps = t_ps;
}

static void take_stop(struct esp32c3 *s, enum rv32_stop stop)
{
	if (stop == RV32_STOP_SLEEP)
		s->asleep = true;
	else if (stop == RV32_STOP_LOCKUP)
		esp32c3_fault(s, "core locked up: %s", rv32_fault_text(s->core));
}

static uint64_t limit_at(const struct esp32c3 *s, int64_t t_ps)
{
	uint64_t limit = cycle_at(s, t_ps);

	return !s->asleep && limit > s->slice_limit ? s->slice_limit : limit;
}

/* Runs or sleeps up to t_ps, or less when something has changed. The core may be ahead of t_ps by
 * the rest of an instruction: then it does nothing until virtual time has caught up. */
static void run_core(struct esp32c3 *s, int64_t t_ps)
{
	uint64_t limit = limit_at(s, t_ps);
	enum rv32_stop stop = RV32_STOP_LIMIT;
	bool awake = !s->asleep;
	int64_t reached_ps;

	if (s->fault_text[0] || rv32_now(s->core) >= limit) {
		pass(s, t_ps);
		return;
	}
	s->in_core = true;
	if (s->asleep)
		awake = rv32_sleep(s->core, limit);
	else
		stop = rv32_run(s->core, limit);
	s->in_core = false;
	reached_ps = time_of(s, rv32_now(s->core));
	if (reached_ps > t_ps)
		reached_ps = t_ps;
	if (reached_ps > s->now_ps)
		pass(s, reached_ps);
	s->asleep = !awake;
	take_stop(s, stop);
}

/* Something was due. */
static bool fire(struct esp32c3 *s)
{
	static void (*const events[])(struct esp32c3 *, int64_t) = {
		[ESP32C3_DEADLINE_BOOT] = esp32c3_boot_event,
		[ESP32C3_DEADLINE_RESET] = esp32c3_reset_event,
		[ESP32C3_DEADLINE_UART] = esp32c3_uart_event,
		[ESP32C3_DEADLINE_UART_TOUT] = esp32c3_uart_tout_event,
		[ESP32C3_DEADLINE_SYSTIMER] = esp32c3_systimer_event,
		[ESP32C3_DEADLINE_FLASH] = esp32c3_flash_event,
		[ESP32C3_DEADLINE_RTC_WDT] = esp32c3_rtc_wdt_event,
		[ESP32C3_DEADLINE_SWD] = esp32c3_swd_event,
		[ESP32C3_DEADLINE_TIMG_WDT] = esp32c3_timg_wdt_event,
		[ESP32C3_DEADLINE_ROM] = esp32c3_rom_event,
	};
	enum esp32c3_deadline next;
	bool was_due = false;

	while (s->deadline_ps[next = earliest(s)] <= s->now_ps) {
		int64_t t_ps = s->deadline_ps[next];

		was_due = true;
		s->deadline_ps[next] = ESP32C3_NEVER_PS;
		events[next](s, t_ps);
	}
	return was_due;
}

/* Reports ------------------------------------------------------------------------------------ */

/* Counters up to now: cycles that the core is ahead of virtual time belong to the next slice. */
static struct core_counts counts_now(const struct esp32c3 *s)
{
	struct core_counts counts = *rv32_counts(s->core);
	uint64_t *last = s->asleep ? &counts.sleep_cycles : &counts.cycles;
	uint64_t floor = s->asleep ? s->reported.sleep_cycles : s->reported.cycles;
	uint64_t here = cycle_at(s, s->now_ps), core_now = rv32_now(s->core);
	uint64_t ahead = core_now > here && s->mode == ESP32C3_MODE_RUN ? core_now - here : 0;

	*last = *last - floor > ahead ? *last - ahead : floor;
	return counts;
}

/* hsi stands for RC_FAST here, hse for the crystal: the part has no other of that kind. */
static void report_clocks(const struct esp32c3 *s, struct chip_activity *activity)
{
	activity->hclk_hz = (double)s->cpu_millihz / 1e3;
	activity->core_v = CORE_V;
	activity->hsi_on = esp32c3_rc_fast_millihz(s) > 0;
	activity->hse_on = esp32c3_xtal_millihz(s) > 0;
	activity->pll_on = esp32c3_pll_is_on(s);
	activity->pll_vco_hz = (double)esp32c3_pll_millihz(s) / 1e3;
	activity->peripherals_on =
		(unsigned)__builtin_popcount(s->system[ESP32C3_SYS_PERIP_CLK_EN0 / 4]) +
		(unsigned)__builtin_popcount(s->system[ESP32C3_SYS_PERIP_CLK_EN1 / 4]);
}

static void report(struct esp32c3 *s, struct chip_activity *activity)
{
	struct core_counts counts = counts_now(s);

	memset(activity, 0, sizeof(*activity));
	activity->counts = counts;
	chip_counts_subtract(&activity->counts, &s->reported);
	s->reported = counts;
	activity->active_s = (double)s->active_ps / (double)ESP32C3_PS_PER_S;
	activity->sleep_s = (double)s->idle_ps / (double)ESP32C3_PS_PER_S;
	activity->powered = s->mode != ESP32C3_MODE_OFF;
	activity->in_reset = s->mode == ESP32C3_MODE_RESET;
	activity->flash_busy = esp32c3_flash_is_busy(&s->flash_chip, s->now_ps);
	if (activity->powered)
		report_clocks(s, activity);
}

/* Up to the next deadline at most. True: it was reached. */
static bool run_piece(struct esp32c3 *s, int64_t t_ps)
{
	int64_t next_ps = s->deadline_ps[earliest(s)];

	if (next_ps > t_ps)
		next_ps = t_ps;
	if (s->mode == ESP32C3_MODE_RUN && next_ps > s->now_ps)
		run_core(s, next_ps);
	else
		pass(s, next_ps);
	return fire(s);
}

void esp32c3_run(struct chip *base, int64_t t_ps, struct chip_activity *ret_activity)
{
	struct esp32c3 *s = esp32c3_of(base);

	s->active_ps = s->idle_ps = 0;
	while (s->now_ps < t_ps)
		run_piece(s, t_ps);
	report(s, ret_activity);
}

/* Slices. */

static bool executes(const struct esp32c3 *s)
{
	return s->mode == ESP32C3_MODE_RUN && core_is_active(s);
}

static uint64_t slice_cycles(const struct esp32c3 *s)
{
	uint64_t cycles = s->cpu_millihz / (MILLI_PS_PER_S / CHIP_SLICE_PS);

	return cycles ? cycles : 1;
}

/* The core is where virtual time is, not ahead. */
static bool is_aligned(const struct esp32c3 *s)
{
	return cycle_at(s, s->now_ps) == rv32_now(s->core);
}

static bool replay_slice(struct esp32c3 *s, int64_t limit_ps)
{
	struct repeat *repeat = s->chip.repeat;
	int64_t next_ps = s->deadline_ps[earliest(s)], end_ps;
	uint64_t cycles = 0;

	if (is_aligned(s))
		cycles = repeat_next(repeat, slice_cycles(s));
	else
		repeat_settle(repeat);
	if (!cycles)
		return false;
	end_ps = time_of(s, rv32_now(s->core) + cycles);
	if (end_ps >= limit_ps || end_ps >= next_ps) {
		repeat_settle(repeat);
		return false;
	}
	repeat_take(repeat);
	pass(s, end_ps);
	return true;
}

static void execute_slice(struct esp32c3 *s, int64_t end_ps)
{
	bool running = executes(s), disturbed = false, full;
	int64_t start_ps = s->now_ps;

	if (running)
		s->slice_limit = rv32_now(s->core) + slice_cycles(s);
	s->slice_over = s->slice_edge = false;
	do {
		disturbed |= run_piece(s, end_ps);
		full = rv32_now(s->core) >= s->slice_limit;
	} while (s->now_ps < end_ps &&
		 (s->now_ps == start_ps || !(s->slice_over || full || executes(s) != running)));
	if (running)
		repeat_executed(s->chip.repeat,
				full && !disturbed && !s->slice_over && executes(s) &&
					is_aligned(s),
				s->slice_edge);
	s->slice_limit = UINT64_MAX;
}

void esp32c3_run_slice(struct chip *base, int64_t rest_ps, int64_t limit_ps,
		       struct chip_activity *ret_activity)
{
	struct esp32c3 *s = esp32c3_of(base);
	int64_t end_ps = executes(s) ? s->now_ps + 2 * CHIP_SLICE_PS : rest_ps;

	s->active_ps = s->idle_ps = 0;
	if (!executes(s))
		repeat_settle(base->repeat);
	if (!executes(s) || !replay_slice(s, limit_ps))
		execute_slice(s, end_ps < limit_ps ? end_ps : limit_ps);
	report(s, ret_activity);
}
