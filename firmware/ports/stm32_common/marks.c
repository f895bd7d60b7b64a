/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker lines on port E, and the DWT's cycle counter.
 */
#include "firmware/ports/stm32_common/marks.h"

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/core.h"

enum { LINE_0 = 9, LINE_1 = 11, LINE_2 = 13 };

#define LINE_UP(pin)   BIT(pin)
#define LINE_DOWN(pin) BIT((pin) + 16)
/* A pin's two bits in MODER, OSPEEDR and PUPDR. */
#define LINE_FIELD(value)                                                                          \
	((value) << 2 * LINE_0 | (value) << 2 * LINE_1 | (uint32_t)(value) << 2 * LINE_2)

const struct port_marks port_marks = {
	.window_up = LINE_UP(LINE_0),
	.window_down = LINE_DOWN(LINE_0),
	.inference_up = LINE_UP(LINE_1),
	.inference_down = LINE_DOWN(LINE_1),
	.layer_up = LINE_UP(LINE_2),
	.layer_down = LINE_DOWN(LINE_2),
};

void marks_init(uint32_t gpio)
{
	GPIO_BSRR(gpio) = LINE_DOWN(LINE_0) | LINE_DOWN(LINE_1) | LINE_DOWN(LINE_2);
	GPIO_OTYPER(gpio) &= ~(BIT(LINE_0) | BIT(LINE_1) | BIT(LINE_2));
	register_modify(&GPIO_OSPEEDR(gpio), LINE_FIELD(3U), LINE_FIELD(1U));
	register_modify(&GPIO_PUPDR(gpio), LINE_FIELD(3U), 0);
	register_modify(&GPIO_MODER(gpio), LINE_FIELD(3U), LINE_FIELD(1U));
}

void cycles_init(void)
{
	DEMCR |= DEMCR_TRCENA;
	core_barrier();
	DWT_CYCCNT = 0;
	DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}
