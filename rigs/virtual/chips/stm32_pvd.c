/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rigs/virtual/chips/stm32.h"

static bool output_of(const struct stm32_pvd *pvd)
{
	const struct stm32_pvd_levels *levels = pvd->traits->levels;
	double vdd_v = pvd->chip->pins.vdd_v - pvd->off_v;

	if (!pvd->enabled)
		return false;
	return vdd_v < (pvd->output ? levels->rising_v : levels->falling_v)[pvd->level];
}

void stm32_pvd_update(struct stm32_pvd *pvd)
{
	bool output = output_of(pvd),
	     one = pvd->traits->pending_rising == pvd->traits->pending_falling;
	uint32_t *pending_falling = one ? &pvd->pending_rising : &pvd->pending_falling;

	if (output && !pvd->output)
		pvd->pending_rising |= pvd->rising & STM32_EXTI_PVD;
	if (!output && pvd->output)
		*pending_falling |= pvd->falling & STM32_EXTI_PVD;
	pvd->output = output;
}

void stm32_pvd_set(struct stm32_pvd *pvd, bool enabled, unsigned level)
{
	if (enabled && pvd->traits->levels->rising_v[level] <= 0) {
		stm32_fault(pvd->chip, "PVD level %u: its input pin is not modelled", level);
		return;
	}
	if (enabled && !(pvd->enabled && level == pvd->level))
		pvd->output = false; /* compared anew, with the threshold that falls */
	pvd->enabled = enabled;
	pvd->level = level;
	stm32_pvd_update(pvd);
}

/* NULL: none of the line's registers. */
static uint32_t *word_at(struct stm32_pvd *pvd, uint32_t offset)
{
	const struct stm32_pvd_traits *traits = pvd->traits;
	const struct {
		uint32_t offset, *word;
	} words[] = {
		{traits->interrupt_mask, &pvd->interrupt_mask},
		{traits->event_mask, &pvd->event_mask},
		{traits->rising, &pvd->rising},
		{traits->falling, &pvd->falling},
		{traits->pending_rising, &pvd->pending_rising},
		{traits->pending_falling, &pvd->pending_falling},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (offset == words[i].offset)
			return words[i].word;
	return NULL;
}

uint32_t stm32_exti_read(struct stm32_pvd *pvd, uint32_t offset)
{
	const uint32_t *word = word_at(pvd, offset);

	if (word)
		return *word;
	stm32_unmodelled(pvd->chip, pvd->traits->exti_base + offset);
	return 0;
}

void stm32_exti_write(struct stm32_pvd *pvd, uint32_t offset, uint32_t value, uint32_t mask)
{
	uint32_t *word = word_at(pvd, offset);

	if (!word)
		stm32_unmodelled(pvd->chip, pvd->traits->exti_base + offset);
	else if (offset == pvd->traits->pending_rising || offset == pvd->traits->pending_falling)
		*word &= ~value; /* ones clear */
	else if ((value ^ *word) & mask & ~STM32_EXTI_PVD)
		stm32_fault(pvd->chip,
			    "EXTI 0x%02x: 0x%08x changes lines other than 16, which are "
			    "not modelled",
			    offset, value);
	else
		*word = stm32_merge(*word, value, mask);
}

void stm32_pvd_reset(struct stm32_pvd *pvd)
{
	*pvd = (struct stm32_pvd){.chip = pvd->chip, .traits = pvd->traits, .off_v = pvd->off_v};
}

void stm32_pvd_init(struct stm32_pvd *pvd, struct stm32 *chip,
		    const struct stm32_pvd_traits *traits)
{
	*pvd = (struct stm32_pvd){.chip = chip, .traits = traits};
	pvd->off_v = traits->levels->spread_v * stm32_spread(chip);
}
