/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Interrupt matrix of the ESP32-C3 (TRM, "Interrupt Matrix" and "ESP-RISC-V CPU", interrupt
 * controller): 62 sources onto 31 lines, each level or edge, with a priority; the threshold masks
 * what lies below it, and priority 0 is never taken.
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

enum {
	INT_MAP_END = 4 * ESP32C3_SOURCE_COUNT,
	INT_STATUS0 = 0xF8,
	INT_STATUS1 = 0xFC,
	INT_CLOCK_GATE = 0x100,
	INT_ENABLE = 0x104,
	INT_TYPE = 0x108,
	INT_CLEAR = 0x10C,
	INT_EIP_STATUS = 0x110,
	INT_PRIORITY0 = 0x114,
	INT_PRIORITY31 = 0x190,
	INT_THRESHOLD = 0x194,
};

static uint32_t pending(const struct esp32c3_interrupts *interrupts)
{
	return (interrupts->lines & ~interrupts->type) | (interrupts->edges & interrupts->type);
}

/* The highest priority, of equals the lowest number; 0: none. */
static unsigned chosen(const struct esp32c3_interrupts *interrupts)
{
	uint32_t ready = pending(interrupts) & interrupts->enable;
	unsigned best = 0;

	for (unsigned line = 1; line < 32; line++) {
		uint32_t priority = interrupts->priority[line];

		if (ready >> line & 1 && priority > 0 && priority >= interrupts->threshold &&
		    (best == 0 || priority > interrupts->priority[best]))
			best = line;
	}
	return best;
}

static void update(struct esp32c3 *s)
{
	struct esp32c3_interrupts *interrupts = &s->interrupts;
	uint32_t lines = 0;

	for (unsigned source = 0; source < ESP32C3_SOURCE_COUNT; source++)
		if (interrupts->sources >> source & 1)
			lines |= 1u << interrupts->map[source];
	lines &= ~1u; /* line 0 does not exist: a source mapped there is cut off */
	interrupts->edges |= lines & ~interrupts->lines;
	interrupts->lines = lines;
	rv32_set_interrupt(s->core, chosen(interrupts));
}

void esp32c3_set_source(struct esp32c3 *s, unsigned source, bool level)
{
	uint64_t bit = UINT64_C(1) << source;

	if (!!(s->interrupts.sources & bit) == level)
		return;
	s->interrupts.sources ^= bit;
	update(s);
}

uint32_t esp32c3_interrupt_read(struct esp32c3 *s, uint32_t offset)
{
	const struct esp32c3_interrupts *interrupts = &s->interrupts;

	if (offset < INT_MAP_END)
		return interrupts->map[offset / 4];
	if (offset >= INT_PRIORITY0 && offset <= INT_PRIORITY31)
		return interrupts->priority[(offset - INT_PRIORITY0) / 4];
	switch (offset) {
	case INT_STATUS0:
		return (uint32_t)interrupts->sources;
	case INT_STATUS1:
		return (uint32_t)(interrupts->sources >> 32);
	case INT_CLOCK_GATE:
		return 1;
	case INT_ENABLE:
		return interrupts->enable;
	case INT_TYPE:
		return interrupts->type;
	case INT_CLEAR:
		return 0;
	case INT_EIP_STATUS:
		return pending(interrupts);
	case INT_THRESHOLD:
		return interrupts->threshold;
	default:
		esp32c3_unmodelled(s, ESP32C3_INTERRUPT_BASE + offset);
		return 0;
	}
}

void esp32c3_interrupt_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	struct esp32c3_interrupts *interrupts = &s->interrupts;

	if (offset < INT_MAP_END) {
		interrupts->map[offset / 4] = value & 31;
	} else if (offset >= INT_PRIORITY0 && offset <= INT_PRIORITY31) {
		interrupts->priority[(offset - INT_PRIORITY0) / 4] = value & 15;
	} else if (offset == INT_ENABLE) {
		interrupts->enable = value;
	} else if (offset == INT_TYPE) {
		interrupts->type = value;
	} else if (offset == INT_CLEAR) {
		interrupts->edges &= ~value;
	} else if (offset == INT_THRESHOLD) {
		interrupts->threshold = value & 15;
	} else if (offset != INT_CLOCK_GATE && offset != INT_STATUS0 && offset != INT_STATUS1 &&
		   offset != INT_EIP_STATUS) {
		esp32c3_unmodelled(s, ESP32C3_INTERRUPT_BASE + offset);
		return;
	}
	update(s);
}

void esp32c3_interrupt_reset(struct esp32c3 *s)
{
	memset(&s->interrupts, 0, sizeof(s->interrupts));
	rv32_set_interrupt(s->core, 0);
}
