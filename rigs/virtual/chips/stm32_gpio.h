/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GPIO ports as the STM32L4+, L5 and F7 have them (RM0432 section 8.5; RM0438, chapter GPIO; RM0410
 * section 6.4) with the wiring of a bench board: three marker lines and the UART's receive line.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32_GPIO_H
#define RIGS_VIRTUAL_CHIPS_STM32_GPIO_H

#include <stdbool.h>
#include <stdint.h>

struct stm32;

#define STM32_GPIO_PORT_MAX 11 /* A to K */
#define STM32_GPIO_STRIDE   0x400u
#define STM32_MARKER_COUNT  3

#define STM32_GPIO_BYTES_BRR    0x2Cu
#define STM32_GPIO_BYTES_NO_BRR 0x28u

struct stm32_gpio_reset {
	uint32_t moder, ospeedr, pupdr;
};

struct stm32_gpio_board {
	uint32_t base;
	unsigned port_count;
	uint32_t port_bytes;                   /* of a port's registers: the F7's end before BRR */
	const struct stm32_gpio_reset *resets; /* port_count of them */
	unsigned marker_port, marker_pins[STM32_MARKER_COUNT];
	unsigned rx_port, rx_pin; /* driven from outside, idles high */
};

struct stm32_port {
	uint32_t moder, otyper, ospeedr, pupdr, odr, lckr, afr[2];
	unsigned lock_step; /* of the LCKK sequence; 3: locked */
};

struct stm32_gpio {
	struct stm32 *chip;
	const struct stm32_gpio_board *board;
	struct stm32_port ports[STM32_GPIO_PORT_MAX];
	bool markers[STM32_MARKER_COUNT];
};

void stm32_gpio_init(struct stm32_gpio *gpio, struct stm32 *chip,
		     const struct stm32_gpio_board *board);
void stm32_gpio_reset(struct stm32_gpio *gpio, unsigned port);
/* offset from the base of port A. */
uint32_t stm32_gpio_read(struct stm32_gpio *gpio, uint32_t offset);
void stm32_gpio_write(struct stm32_gpio *gpio, uint32_t offset, uint32_t value, uint32_t mask);
bool stm32_gpio_pin_is_alternate(const struct stm32_gpio *gpio, unsigned port, unsigned pin,
				 unsigned function);

#endif
