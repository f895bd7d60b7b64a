/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Virtual time of an emulated STM32: cycles to picoseconds and back, deadlines, slices and what
 * they report.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32.h"

#define MILLI_PS_PER_S (STM32_PS_PER_S * 1000)
/* While flash is busy, how often to look whether code enters its bank. */
#define BUSY_CHUNK_CYCLES 32

static int64_t time_of(const struct stm32 *chip, uint64_t cycle)
{
	__int128 cycles = (__int128)cycle - chip->anchor_cycle;

	return chip->anchor_ps + (int64_t)(cycles * MILLI_PS_PER_S / (__int128)chip->hclk_millihz);
}

/* The first core cycle that is not earlier than t_ps. */
static uint64_t cycle_at(const struct stm32 *chip, int64_t t_ps)
{
	__int128 scaled = (__int128)(t_ps - chip->anchor_ps) * (__int128)chip->hclk_millihz;

	if (scaled > 0)
		scaled += MILLI_PS_PER_S - 1;
	return chip->anchor_cycle + (uint64_t)(int64_t)(scaled / MILLI_PS_PER_S);
}

int64_t stm32_now(const struct stm32 *chip)
{
	return chip->in_core ? time_of(chip, armv7em_now(chip->core)) : chip->now_ps;
}

void stm32_rebase(struct stm32 *chip, uint64_t hclk_millihz)
{
	uint64_t cycle = armv7em_now(chip->core);

	chip->anchor_ps = chip->mode == STM32_MODE_RUN ? time_of(chip, cycle) : chip->now_ps;
	chip->anchor_cycle = cycle;
	chip->hclk_millihz = hclk_millihz;
	chip->slice_over = true;
	if (chip->in_core)
		armv7em_request_stop(chip->core); /* its limit was for the old clock */
}

void stm32_schedule(struct stm32 *chip, enum stm32_deadline deadline, int64_t t_ps)
{
	chip->deadline_ps[deadline] = t_ps;
	if (chip->in_core)
		armv7em_request_stop(chip->core); /* the loop must look at the deadlines again */
}

void stm32_marker_changed(struct stm32 *chip)
{
	chip->slice_over = chip->slice_edge = true;
	if (chip->in_core && chip->slice_limit != UINT64_MAX)
		armv7em_request_stop(chip->core);
}

static enum stm32_deadline earliest(const struct stm32 *chip)
{
	enum stm32_deadline best = 0;

	for (enum stm32_deadline i = 1; i < STM32_DEADLINE_COUNT; i++) {
		if (chip->deadline_ps[i] < chip->deadline_ps[best])
			best = i;
	}
	return best;
}

static bool core_is_active(const struct stm32 *chip)
{
	return chip->mode == STM32_MODE_ROM ||
	       (chip->mode == STM32_MODE_RUN && !chip->asleep && !chip->fault_text[0]);
}

static void pass(struct stm32 *chip, int64_t t_ps)
{
	if (core_is_active(chip))
		chip->active_ps += t_ps - chip->now_ps;
	else
		chip->idle_ps += t_ps - chip->now_ps;
	chip->now_ps = t_ps;
}

static void take_stop(struct stm32 *chip, enum armv7em_stop stop)
{
	if (stop == ARMV7EM_STOP_SLEEP)
		chip->asleep = true;
	else if (stop == ARMV7EM_STOP_LOCKUP)
		stm32_fault(chip, "core locked up: %s", armv7em_fault_text(chip->core));
	else if (stop == ARMV7EM_STOP_RESET)
		stm32_system_reset(chip, STM32_RESET_SOFTWARE);
}

static bool is_stalled(struct stm32 *chip)
{
	if (chip->flash_busy && !chip->asleep &&
	    chip->part->flash_stalls(chip, armv7em_pc(chip->core)))
		chip->stall_end_ps = chip->flash_end_ps;
	return chip->stall_end_ps > chip->now_ps;
}

/* The core stands still up to t_ps: time passes and no cycle does. */
static void stall(struct stm32 *chip, int64_t t_ps)
{
	uint64_t cycle = armv7em_now(chip->core);

	pass(chip, t_ps < chip->stall_end_ps ? t_ps : chip->stall_end_ps);
	if (time_of(chip, cycle) < chip->now_ps) {
		chip->anchor_ps = chip->now_ps;
		chip->anchor_cycle = cycle;
	}
}

static uint64_t limit_at(const struct stm32 *chip, int64_t t_ps)
{
	uint64_t limit = cycle_at(chip, t_ps), chunk = armv7em_now(chip->core) + BUSY_CHUNK_CYCLES;

	if (!chip->asleep && limit > chip->slice_limit)
		limit = chip->slice_limit;
	return chip->flash_busy && !chip->asleep && limit > chunk ? chunk : limit;
}

/* Runs or sleeps up to t_ps, or less when something has changed. The core may be ahead of t_ps by
 * the rest of an instruction: then it does nothing until virtual time has caught up. */
static void run_core(struct stm32 *chip, int64_t t_ps)
{
	uint64_t limit = limit_at(chip, t_ps);
	enum armv7em_stop stop = ARMV7EM_STOP_LIMIT;
	bool awake = !chip->asleep;
	int64_t reached_ps;

	if (chip->fault_text[0] || armv7em_now(chip->core) >= limit) {
		pass(chip, t_ps);
		return;
	}
	if (is_stalled(chip)) {
		stall(chip, t_ps);
		return;
	}
	chip->in_core = true;
	if (chip->asleep)
		awake = armv7em_sleep(chip->core, limit);
	else
		stop = armv7em_run(chip->core, limit);
	chip->in_core = false;
	reached_ps = time_of(chip, armv7em_now(chip->core));
	if (reached_ps > t_ps)
		reached_ps = t_ps;
	if (reached_ps > chip->now_ps)
		pass(chip, reached_ps);
	chip->asleep = !awake;
	take_stop(chip, stop);
}

/* Something was due. */
static bool fire(struct stm32 *chip)
{
	enum stm32_deadline next;
	bool was_due = false;

	while (chip->deadline_ps[next = earliest(chip)] <= chip->now_ps) {
		int64_t t_ps = chip->deadline_ps[next];

		was_due = true;
		chip->deadline_ps[next] = STM32_NEVER_PS;
		if (next == STM32_DEADLINE_BOOT)
			chip->part->boot(chip, chip->boot0_at_reset);
		else if (next == STM32_DEADLINE_ROM)
			stm32_rom_event(chip, t_ps);
		else if (next == STM32_DEADLINE_FLASH)
			stm32_flash_event(chip, t_ps);
		else if (next == STM32_DEADLINE_UART)
			stm32_usart_event(&chip->usart, t_ps);
		else
			chip->part->events[next](chip, t_ps);
	}
	return was_due;
}

/* Counters up to now: cycles that the core is ahead of virtual time belong to the next slice. */
static struct core_counts counts_now(const struct stm32 *chip)
{
	struct core_counts counts = *armv7em_counts(chip->core);
	uint64_t *last = chip->asleep ? &counts.sleep_cycles : &counts.cycles;
	uint64_t floor = chip->asleep ? chip->reported.sleep_cycles : chip->reported.cycles;
	uint64_t here = cycle_at(chip, chip->now_ps), core_now = armv7em_now(chip->core);
	uint64_t ahead = core_now > here && chip->mode == STM32_MODE_RUN ? core_now - here : 0;

	*last = *last - floor > ahead ? *last - ahead : floor;
	return counts;
}

static void report(struct stm32 *chip, struct chip_activity *activity)
{
	struct core_counts counts = counts_now(chip);

	memset(activity, 0, sizeof(*activity));
	if (chip->mode == STM32_MODE_ROM)
		*activity = chip->part->rom_activity;
	else if (chip->mode != STM32_MODE_OFF)
		chip->part->report(chip, activity);
	activity->counts = counts;
	chip_counts_subtract(&activity->counts, &chip->reported);
	chip->reported = counts;
	activity->active_s = (double)chip->active_ps / (double)STM32_PS_PER_S;
	activity->sleep_s = (double)chip->idle_ps / (double)STM32_PS_PER_S;
	activity->powered = chip->mode != STM32_MODE_OFF;
	activity->in_reset = chip->mode == STM32_MODE_RESET;
	activity->flash_busy = chip->flash_busy ||
			       (chip->mode == STM32_MODE_ROM && rom_loader_is_busy(&chip->rom));
}

/* Up to the next deadline at most. True: it was reached. */
static bool run_piece(struct stm32 *chip, int64_t t_ps)
{
	int64_t next_ps = chip->deadline_ps[earliest(chip)];

	if (next_ps > t_ps)
		next_ps = t_ps;
	if (chip->mode == STM32_MODE_RUN)
		run_core(chip, next_ps);
	else
		pass(chip, next_ps);
	return fire(chip);
}

void stm32_run(struct chip *base, int64_t t_ps, struct chip_activity *ret_activity)
{
	struct stm32 *chip = stm32_of(base);

	chip->active_ps = chip->idle_ps = 0;
	while (chip->now_ps < t_ps)
		run_piece(chip, t_ps);
	report(chip, ret_activity);
}

/* Slices. */

static bool executes(const struct stm32 *chip)
{
	return chip->mode == STM32_MODE_RUN && core_is_active(chip);
}

static uint64_t slice_cycles(const struct stm32 *chip)
{
	uint64_t cycles = chip->hclk_millihz / (MILLI_PS_PER_S / CHIP_SLICE_PS);

	return cycles ? cycles : 1;
}

/* The core is where virtual time is, not ahead. */
static bool is_aligned(const struct stm32 *chip)
{
	return cycle_at(chip, chip->now_ps) == armv7em_now(chip->core);
}

static bool replay_slice(struct stm32 *chip, int64_t limit_ps)
{
	struct repeat *repeat = chip->chip.repeat;
	int64_t next_ps = chip->deadline_ps[earliest(chip)], end_ps;
	uint64_t cycles = 0;

	if (is_aligned(chip) && !chip->flash_busy && chip->stall_end_ps <= chip->now_ps)
		cycles = repeat_next(repeat, slice_cycles(chip));
	else
		repeat_settle(repeat);
	if (!cycles)
		return false;
	end_ps = time_of(chip, armv7em_now(chip->core) + cycles);
	if (end_ps >= limit_ps || end_ps >= next_ps) {
		repeat_settle(repeat);
		return false;
	}
	repeat_take(repeat);
	pass(chip, end_ps);
	return true;
}

static void execute_slice(struct stm32 *chip, int64_t end_ps)
{
	bool running = executes(chip), disturbed = false, full;
	int64_t start_ps = chip->now_ps;

	if (running)
		chip->slice_limit = armv7em_now(chip->core) + slice_cycles(chip);
	chip->slice_over = chip->slice_edge = false;
	do {
		disturbed |= run_piece(chip, end_ps);
		full = armv7em_now(chip->core) >= chip->slice_limit;
	} while (chip->now_ps < end_ps &&
		 (chip->now_ps == start_ps ||
		  !(chip->slice_over || full || executes(chip) != running)));
	if (running)
		repeat_executed(chip->chip.repeat,
				full && !disturbed && !chip->slice_over && executes(chip) &&
					is_aligned(chip),
				chip->slice_edge);
	chip->slice_limit = UINT64_MAX;
}

void stm32_run_slice(struct chip *base, int64_t rest_ps, int64_t limit_ps,
		     struct chip_activity *ret_activity)
{
	struct stm32 *chip = stm32_of(base);
	int64_t end_ps = executes(chip) ? chip->now_ps + 2 * CHIP_SLICE_PS : rest_ps;

	chip->active_ps = chip->idle_ps = 0;
	if (!executes(chip))
		repeat_settle(base->repeat);
	if (!executes(chip) || !replay_slice(chip, limit_ps))
		execute_slice(chip, end_ps < limit_ps ? end_ps : limit_ps);
	report(chip, ret_activity);
}
