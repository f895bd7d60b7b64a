/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GPIO, GPIO matrix and IO MUX of the ESP32-C3 (TRM, "IO MUX and GPIO Matrix") as far as the board
 * uses them: marker lines 0..2 on GPIO4..6, UART0 on GPIO20 and GPIO21, strapping pins. GPIO
 * interrupts are not modelled.
 *
 * Dedicated GPIO (CSR 0x803 output enable, 0x804 input, 0x805 output) is part of the CPU and always
 * clocked (ESP-IDF, SOC_DEDIC_PERIPH_ALWAYS_ENABLE).
 */
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

enum {
	GPIO_BT_SELECT = 0x00,
	GPIO_OUT = 0x04,
	GPIO_OUT_W1TS = 0x08,
	GPIO_OUT_W1TC = 0x0C,
	GPIO_ENABLE = 0x20,
	GPIO_ENABLE_W1TS = 0x24,
	GPIO_ENABLE_W1TC = 0x28,
	GPIO_STRAP = 0x38,
	GPIO_IN = 0x3C,
	GPIO_STATUS = 0x44,
	GPIO_STATUS_W1TC = 0x4C,
	GPIO_PIN0 = 0x74,
	GPIO_PIN25 = 0xD8,
	GPIO_IN_SEL0 = 0x154,
	GPIO_IN_SEL127 = 0x350,
	GPIO_OUT_SEL0 = 0x554,
	GPIO_OUT_SEL25 = 0x5B8,
	GPIO_CLOCK_GATE = 0x62C,
	GPIO_DATE = 0x6FC,
};

#define PINS            0x003FFFFFu
#define MARKER_PIN      4 /* the first; line n is GPIO4 + n */
#define PIN_RX          20
#define PIN_TX          21
#define SIGNAL_UART0    6
#define SIGNAL_CPU_OUT0 28
#define SIGNAL_GPIO     128
#define OUT_SEL_INV     (1u << 8)
#define OUT_SEL_OEN     (1u << 9) /* 1: GPIO_ENABLE, 0: the peripheral's */
#define OUT_SEL_OEN_INV (1u << 10)
#define IN_SEL_MATRIX   (1u << 6)
#define IO_MUX_IE       (1u << 9)
#define IO_MUX_WPU      (1u << 8)
#define IO_MUX_RESET    0x00000B00u
/* Function 0 of these pins is not the GPIO matrix: JTAG, flash, UART0. */
#define OTHER_FUNCTION0 0x0033F8F0u
#define PIN_INT_ENA     (0x1Fu << 13)

static uint32_t function(const struct esp32c3 *s, unsigned pin)
{
	return s->gpio.io_mux[1 + pin] >> 12 & 7;
}

static bool is_matrix(const struct esp32c3 *s, unsigned pin)
{
	return function(s, pin) == 1 || (function(s, pin) == 0 && !(OTHER_FUNCTION0 >> pin & 1));
}

bool esp32c3_uart_drives_pin(const struct esp32c3 *s)
{
	uint32_t select = s->gpio.out_sel[PIN_TX];

	if (!is_matrix(s, PIN_TX))
		return function(s, PIN_TX) == 0;
	return (select & 0xFF) == SIGNAL_UART0 && !(select & OUT_SEL_INV) &&
	       (!(select & OUT_SEL_OEN) || s->gpio.enable >> PIN_TX & 1);
}

bool esp32c3_uart_hears_pin(const struct esp32c3 *s)
{
	uint32_t select = s->gpio.in_sel[SIGNAL_UART0];

	if (!(s->gpio.io_mux[1 + PIN_RX] & IO_MUX_IE))
		return false;
	if (!(select & IN_SEL_MATRIX))
		return function(s, PIN_RX) == 0;
	return (select & 0x1F) == PIN_RX && !(select & 0x20);
}

/* Is the pin driven, and to which level? */
static bool drives(const struct esp32c3 *s, unsigned pin, bool *ret_level)
{
	const struct esp32c3_gpio *gpio = &s->gpio;
	uint32_t select = gpio->out_sel[pin], signal = select & 0xFF;
	unsigned channel = signal - SIGNAL_CPU_OUT0;
	bool enabled = gpio->enable >> pin & 1, level = false;

	if (!is_matrix(s, pin))
		return false;
	if (signal == SIGNAL_GPIO) {
		level = gpio->out >> pin & 1;
	} else if (channel < 8) {
		level = gpio->dedicated_out >> channel & 1;
		if (!(select & OUT_SEL_OEN))
			enabled = (gpio->dedicated_oen >> channel & 1) !=
				  !!(select & OUT_SEL_OEN_INV);
	} else if (signal == SIGNAL_UART0) {
		level = true;
		if (!(select & OUT_SEL_OEN))
			enabled = true;
	}
	*ret_level = level != !!(select & OUT_SEL_INV);
	return enabled;
}

void esp32c3_markers_update(struct esp32c3 *s)
{
	for (unsigned line = 0; line < ESP32C3_MARKER_COUNT; line++) {
		bool level = false;

		if (!drives(s, MARKER_PIN + line, &level))
			level = false;
		if (level == s->markers[line])
			continue;
		s->markers[line] = level;
		s->callbacks.marker(s->callbacks.context, line, level, esp32c3_now(s),
				    rv32_counts(s->core)->cycles);
		esp32c3_marker_changed(s);
	}
}

/* What a pin's input shows: driven ones their output, the others pull or wire. */
static bool input(const struct esp32c3 *s, unsigned pin)
{
	bool level = false;

	if (!(s->gpio.io_mux[1 + pin] & IO_MUX_IE))
		return false;
	if (drives(s, pin, &level))
		return level;
	if (pin == 9)
		return !s->pins.boot_low;
	return pin == 8 || pin == PIN_RX || s->gpio.io_mux[1 + pin] & IO_MUX_WPU;
}

static uint32_t in_read(const struct esp32c3 *s)
{
	uint32_t value = 0;

	for (unsigned pin = 0; pin < ESP32C3_PIN_COUNT; pin++)
		value |= (uint32_t)input(s, pin) << pin;
	return value;
}

uint32_t esp32c3_gpio_read(struct esp32c3 *s, uint32_t offset)
{
	const struct esp32c3_gpio *gpio = &s->gpio;

	if (offset >= GPIO_PIN0 && offset <= GPIO_PIN25)
		return gpio->pin[(offset - GPIO_PIN0) / 4];
	if (offset >= GPIO_IN_SEL0 && offset <= GPIO_IN_SEL127)
		return gpio->in_sel[(offset - GPIO_IN_SEL0) / 4];
	if (offset >= GPIO_OUT_SEL0 && offset <= GPIO_OUT_SEL25)
		return gpio->out_sel[(offset - GPIO_OUT_SEL0) / 4];
	switch (offset) {
	case GPIO_OUT:
		return gpio->out;
	case GPIO_ENABLE:
		return gpio->enable;
	case GPIO_STRAP:
		return gpio->strap;
	case GPIO_IN:
		return in_read(s);
	case GPIO_CLOCK_GATE:
		return 1;
	case GPIO_DATE:
		return 0x02006130;
	case GPIO_BT_SELECT:
	case GPIO_OUT_W1TS:
	case GPIO_OUT_W1TC:
	case GPIO_ENABLE_W1TS:
	case GPIO_ENABLE_W1TC:
	case GPIO_STATUS:
	case GPIO_STATUS_W1TC:
		return 0;
	default:
		esp32c3_unmodelled(s, ESP32C3_GPIO_BASE + offset);
		return 0;
	}
}

static void pin_write(struct esp32c3 *s, unsigned pin, uint32_t value)
{
	if (value & PIN_INT_ENA)
		esp32c3_fault(s, "GPIO_PIN%u 0x%08x: GPIO interrupts are not modelled", pin, value);
	s->gpio.pin[pin] = value;
}

static void single_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	struct esp32c3_gpio *gpio = &s->gpio;

	switch (offset) {
	case GPIO_OUT:
		gpio->out = value & PINS;
		break;
	case GPIO_OUT_W1TS:
		gpio->out |= value & PINS;
		break;
	case GPIO_OUT_W1TC:
		gpio->out &= ~value;
		break;
	case GPIO_ENABLE:
		gpio->enable = value & PINS;
		break;
	case GPIO_ENABLE_W1TS:
		gpio->enable |= value & PINS;
		break;
	case GPIO_ENABLE_W1TC:
		gpio->enable &= ~value;
		break;
	case GPIO_STATUS_W1TC:
	case GPIO_CLOCK_GATE:
	case GPIO_STRAP:
	case GPIO_IN:
		break; /* no interrupt to clear; no gating here; read-only */
	default:
		esp32c3_unmodelled(s, ESP32C3_GPIO_BASE + offset);
		break;
	}
}

void esp32c3_gpio_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	struct esp32c3_gpio *gpio = &s->gpio;

	if (offset >= GPIO_PIN0 && offset <= GPIO_PIN25)
		pin_write(s, (offset - GPIO_PIN0) / 4, value);
	else if (offset >= GPIO_IN_SEL0 && offset <= GPIO_IN_SEL127)
		gpio->in_sel[(offset - GPIO_IN_SEL0) / 4] = value & 0x7F;
	else if (offset >= GPIO_OUT_SEL0 && offset <= GPIO_OUT_SEL25)
		gpio->out_sel[(offset - GPIO_OUT_SEL0) / 4] = value & 0x7FF;
	else
		single_write(s, offset, value);
	esp32c3_markers_update(s);
}

uint32_t esp32c3_io_mux_read(struct esp32c3 *s, uint32_t offset)
{
	if (offset == 0xFC)
		return 0x02006050;
	if (offset / 4 > ESP32C3_PIN_COUNT) {
		esp32c3_unmodelled(s, ESP32C3_IO_MUX_BASE + offset);
		return 0;
	}
	return s->gpio.io_mux[offset / 4];
}

void esp32c3_io_mux_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	if (offset / 4 > ESP32C3_PIN_COUNT) {
		esp32c3_unmodelled(s, ESP32C3_IO_MUX_BASE + offset);
		return;
	}
	s->gpio.io_mux[offset / 4] = value & 0xFFFF;
	esp32c3_markers_update(s);
}

bool esp32c3_csr_read(void *context, uint32_t csr, uint32_t *ret_value)
{
	struct esp32c3 *s = context;

	*ret_value = 0;
	switch (csr) {
	case 0x803:
		*ret_value = s->gpio.dedicated_oen;
		return true;
	case 0x804:
		for (unsigned i = 0; i < 8; i++) {
			uint32_t select = s->gpio.in_sel[SIGNAL_CPU_OUT0 + i];
			unsigned pin = select & 0x1F;

			if (select & IN_SEL_MATRIX && pin < ESP32C3_PIN_COUNT)
				*ret_value |= (uint32_t)(input(s, pin) != !!(select & 0x20)) << i;
		}
		return true;
	case 0x805:
		*ret_value = s->gpio.dedicated_out;
		return true;
	default:
		return false;
	}
}

bool esp32c3_csr_write(void *context, uint32_t csr, uint32_t value)
{
	struct esp32c3 *s = context;

	if (csr == 0x803)
		s->gpio.dedicated_oen = value & 0xFF;
	else if (csr == 0x805)
		s->gpio.dedicated_out = value & 0xFF;
	else
		return false;
	esp32c3_markers_update(s);
	return true;
}

void esp32c3_gpio_reset(struct esp32c3 *s)
{
	struct esp32c3_gpio *gpio = &s->gpio;

	memset(gpio, 0, sizeof(*gpio));
	gpio->strap = s->strap;
	for (unsigned pin = 0; pin < 26; pin++)
		gpio->out_sel[pin] = SIGNAL_GPIO;
	for (unsigned pin = 0; pin < ESP32C3_PIN_COUNT; pin++)
		gpio->io_mux[1 + pin] = IO_MUX_RESET;
	esp32c3_markers_update(s);
}
