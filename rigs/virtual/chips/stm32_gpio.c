/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GPIO ports: registers, LCKR sequence, what the pins show, marker edges.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32.h"

enum {
	GPIO_MODER = 0x00,
	GPIO_OTYPER = 0x04,
	GPIO_OSPEEDR = 0x08,
	GPIO_PUPDR = 0x0C,
	GPIO_IDR = 0x10,
	GPIO_ODR = 0x14,
	GPIO_BSRR = 0x18,
	GPIO_LCKR = 0x1C,
	GPIO_AFRL = 0x20,
	GPIO_AFRH = 0x24,
	GPIO_BRR = 0x28
};

#define LCKK 0x10000u

enum { MODE_INPUT = 0, MODE_OUTPUT, MODE_ALTERNATE, MODE_ANALOG };

static unsigned pin_mode(const struct stm32_port *port, unsigned pin)
{
	return port->moder >> 2 * pin & 3;
}

bool stm32_gpio_pin_is_alternate(const struct stm32_gpio *gpio, unsigned port, unsigned pin,
				 unsigned function)
{
	const struct stm32_port *p = &gpio->ports[port];

	return pin_mode(p, pin) == MODE_ALTERNATE &&
	       (p->afr[pin / 8] >> pin % 8 * 4 & 15) == function;
}

static void markers_update(struct stm32_gpio *gpio)
{
	const struct stm32_port *port = &gpio->ports[gpio->board->marker_port];
	struct stm32 *chip = gpio->chip;

	for (unsigned line = 0; line < STM32_MARKER_COUNT; line++) {
		unsigned pin = gpio->board->marker_pins[line];
		bool level = pin_mode(port, pin) == MODE_OUTPUT && port->odr >> pin & 1;

		if (level == gpio->markers[line])
			continue;
		gpio->markers[line] = level;
		chip->callbacks.marker(chip->callbacks.context, line, level, stm32_now(chip),
				       armv7em_counts(chip->core)->cycles);
		stm32_marker_changed(chip);
	}
}

/* What the pins show: driven ones their output, the others their pull or the wire. */
static uint32_t idr_read(const struct stm32_gpio *gpio, unsigned index)
{
	const struct stm32_port *port = &gpio->ports[index];
	uint32_t value = 0;

	for (unsigned pin = 0; pin < 16; pin++) {
		bool level = (port->pupdr >> 2 * pin & 3) == 1;

		if (index == gpio->board->rx_port && pin == gpio->board->rx_pin)
			level = true;
		if (pin_mode(port, pin) == MODE_OUTPUT)
			level = port->odr >> pin & 1;
		if (pin_mode(port, pin) == MODE_ANALOG)
			level = false;
		value |= (uint32_t)level << pin;
	}
	return value;
}

/* UINT32_MAX: this part has no register there. */
static uint32_t register_at(const struct stm32_gpio *gpio, uint32_t offset)
{
	offset %= STM32_GPIO_STRIDE;
	return offset < gpio->board->port_bytes ? offset : UINT32_MAX;
}

uint32_t stm32_gpio_read(struct stm32_gpio *gpio, uint32_t offset)
{
	unsigned index = offset / STM32_GPIO_STRIDE;
	const struct stm32_port *port = &gpio->ports[index];

	switch (register_at(gpio, offset)) {
	case GPIO_MODER:
		return port->moder;
	case GPIO_OTYPER:
		return port->otyper;
	case GPIO_OSPEEDR:
		return port->ospeedr;
	case GPIO_PUPDR:
		return port->pupdr;
	case GPIO_IDR:
		return idr_read(gpio, index);
	case GPIO_ODR:
		return port->odr;
	case GPIO_LCKR:
		return port->lckr | (port->lock_step == 3 ? LCKK : 0);
	case GPIO_AFRL:
		return port->afr[0];
	case GPIO_AFRH:
		return port->afr[1];
	case GPIO_BSRR:
	case GPIO_BRR:
		return 0; /* write-only */
	default:
		stm32_unmodelled(gpio->chip, gpio->board->base + offset);
		return 0;
	}
}

/* The LCKK sequence: 1 + pins, 0 + pins, 1 + pins, each a word. */
static void lock_write(struct stm32_port *port, uint32_t value)
{
	if (port->lock_step == 3)
		return;
	if ((port->lock_step != 1) == !!(value & LCKK) &&
	    (port->lock_step == 0 || (value & 0xFFFF) == port->lckr))
		port->lock_step++;
	else
		port->lock_step = 0;
	port->lckr = value & 0xFFFF;
}

/* Bits of a register with `width` bits per pin that the lock holds. */
static uint32_t locked_bits(const struct stm32_port *port, unsigned first_pin, unsigned width)
{
	uint32_t bits = 0;

	for (unsigned pin = first_pin; port->lock_step == 3 && pin < first_pin + 32 / width;
	     pin++) {
		if (pin < 16 && port->lckr >> pin & 1)
			bits |= ((1u << width) - 1) << (pin - first_pin) * width;
	}
	return bits;
}

static void configure(struct stm32_port *port, uint32_t *word, unsigned first_pin, unsigned width,
		      uint32_t value, uint32_t mask)
{
	mask &= ~locked_bits(port, first_pin, width);
	*word = stm32_merge(*word, value, mask);
}

void stm32_gpio_write(struct stm32_gpio *gpio, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32_port *port = &gpio->ports[offset / STM32_GPIO_STRIDE];

	switch (register_at(gpio, offset)) {
	case GPIO_MODER:
		configure(port, &port->moder, 0, 2, value, mask);
		break;
	case GPIO_OTYPER:
		configure(port, &port->otyper, 0, 1, value, mask & 0xFFFF);
		break;
	case GPIO_OSPEEDR:
		configure(port, &port->ospeedr, 0, 2, value, mask);
		break;
	case GPIO_PUPDR:
		configure(port, &port->pupdr, 0, 2, value, mask);
		break;
	case GPIO_ODR:
		port->odr = stm32_merge(port->odr, value, mask) & 0xFFFF;
		break;
	case GPIO_BSRR: /* set wins over reset */
		port->odr = (port->odr & ~(value >> 16)) | (value & 0xFFFF);
		break;
	case GPIO_BRR:
		port->odr &= ~(value & 0xFFFF);
		break;
	case GPIO_LCKR:
		lock_write(port, value);
		break;
	case GPIO_AFRL:
		configure(port, &port->afr[0], 0, 4, value, mask);
		break;
	case GPIO_AFRH:
		configure(port, &port->afr[1], 8, 4, value, mask);
		break;
	case GPIO_IDR:
		break; /* read-only */
	default:
		stm32_unmodelled(gpio->chip, gpio->board->base + offset);
		break;
	}
	markers_update(gpio);
}

void stm32_gpio_reset(struct stm32_gpio *gpio, unsigned index)
{
	const struct stm32_gpio_reset *reset = &gpio->board->resets[index];
	struct stm32_port *port = &gpio->ports[index];

	memset(port, 0, sizeof(*port));
	port->moder = reset->moder;
	port->ospeedr = reset->ospeedr;
	port->pupdr = reset->pupdr;
	markers_update(gpio);
}

void stm32_gpio_init(struct stm32_gpio *gpio, struct stm32 *chip,
		     const struct stm32_gpio_board *board)
{
	gpio->chip = chip;
	gpio->board = board;
}
