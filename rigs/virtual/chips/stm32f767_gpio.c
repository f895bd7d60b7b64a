/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GPIO ports A to K of the STM32F767 (RM0410 section 6.4), and the board's marker lines.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32f767.h"

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
	GPIO_AFRH = 0x24
};

#define PORT_STRIDE 0x400u
#define LCKK        0x10000u

enum { MODE_INPUT = 0, MODE_OUTPUT, MODE_ALTERNATE, MODE_ANALOG };

/* Board wiring: marker lines on PE9, PE11, PE13; USART3 on PB10 (out) and PB11 (in, idles high). */
static const unsigned marker_pins[F767_MARKER_COUNT] = {9, 11, 13};

static unsigned pin_mode(const struct f767_port *port, unsigned pin)
{
	return port->moder >> 2 * pin & 3;
}

bool stm32f767_pin_is_alternate(const struct stm32f767 *s, unsigned port, unsigned pin,
				unsigned function)
{
	const struct f767_port *p = &s->ports[port];

	return pin_mode(p, pin) == MODE_ALTERNATE &&
	       (p->afr[pin / 8] >> pin % 8 * 4 & 15) == function;
}

static void markers_update(struct stm32f767 *s)
{
	const struct f767_port *port = &s->ports[F767_PORT_E];

	for (unsigned line = 0; line < F767_MARKER_COUNT; line++) {
		unsigned pin = marker_pins[line];
		bool level = pin_mode(port, pin) == MODE_OUTPUT && port->odr >> pin & 1;

		if (level == s->markers[line])
			continue;
		s->markers[line] = level;
		s->callbacks.marker(s->callbacks.context, line, level, stm32f767_now(s),
				    armv7em_counts(s->core)->cycles);
	}
}

/* What the pins show: driven ones their output, the others their pull or the wire. */
static uint32_t idr_read(const struct stm32f767 *s, unsigned index)
{
	const struct f767_port *port = &s->ports[index];
	uint32_t value = 0;

	for (unsigned pin = 0; pin < 16; pin++) {
		bool level = (port->pupdr >> 2 * pin & 3) == 1;

		if (index == F767_PORT_B && pin == 11)
			level = true;
		if (pin_mode(port, pin) == MODE_OUTPUT)
			level = port->odr >> pin & 1;
		if (pin_mode(port, pin) == MODE_ANALOG)
			level = false;
		value |= (uint32_t)level << pin;
	}
	return value;
}

uint32_t stm32f767_gpio_read(struct stm32f767 *s, uint32_t offset)
{
	unsigned index = offset / PORT_STRIDE;
	struct f767_port *port = &s->ports[index];

	switch (offset % PORT_STRIDE) {
	case GPIO_MODER:
		return port->moder;
	case GPIO_OTYPER:
		return port->otyper;
	case GPIO_OSPEEDR:
		return port->ospeedr;
	case GPIO_PUPDR:
		return port->pupdr;
	case GPIO_IDR:
		return idr_read(s, index);
	case GPIO_ODR:
		return port->odr;
	case GPIO_LCKR:
		return port->lckr | (port->lock_step == 3 ? LCKK : 0);
	case GPIO_AFRL:
		return port->afr[0];
	case GPIO_AFRH:
		return port->afr[1];
	case GPIO_BSRR:
		return 0; /* write-only */
	default:
		stm32f767_unmodelled(s, F767_GPIO_BASE + offset);
		return 0;
	}
}

/* The LCKK sequence: 1 + pins, 0 + pins, 1 + pins, each a word. */
static void lock_write(struct f767_port *port, uint32_t value)
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
static uint32_t locked_bits(const struct f767_port *port, unsigned first_pin, unsigned width)
{
	uint32_t bits = 0;

	for (unsigned pin = first_pin; port->lock_step == 3 && pin < first_pin + 32 / width;
	     pin++) {
		if (pin < 16 && port->lckr >> pin & 1)
			bits |= ((1u << width) - 1) << (pin - first_pin) * width;
	}
	return bits;
}

static void configure(struct f767_port *port, uint32_t *word, unsigned first_pin, unsigned width,
		      uint32_t value, uint32_t mask)
{
	mask &= ~locked_bits(port, first_pin, width);
	*word = (*word & ~mask) | (value & mask);
}

void stm32f767_gpio_write(struct stm32f767 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct f767_port *port = &s->ports[offset / PORT_STRIDE];

	switch (offset % PORT_STRIDE) {
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
		port->odr = ((port->odr & ~mask) | value) & 0xFFFF;
		break;
	case GPIO_BSRR: /* set wins over reset */
		port->odr = (port->odr & ~(value >> 16)) | (value & 0xFFFF);
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
		stm32f767_unmodelled(s, F767_GPIO_BASE + offset);
		break;
	}
	markers_update(s);
}

void stm32f767_gpio_reset(struct stm32f767 *s, unsigned index)
{
	struct f767_port *port = &s->ports[index];

	memset(port, 0, sizeof(*port));
	if (index == F767_PORT_A) { /* SWDIO, SWCLK, JTDI */
		port->moder = 0xA8000000;
		port->ospeedr = 0x0C000000;
		port->pupdr = 0x64000000;
	} else if (index == F767_PORT_B) { /* JTDO, NJTRST */
		port->moder = 0x00000280;
		port->ospeedr = 0x000000C0;
		port->pupdr = 0x00000100;
	}
	markers_update(s);
}
