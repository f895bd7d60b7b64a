/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * UART0 on GPIO21 (TX) and GPIO20 (RX), the pads' first function and the ROM loader's own port.
 * TRM, UART Controller. 115200 8N1 from the crystal, hence independent of the core clock. Bytes
 * come in by interrupt, through the 128-byte FIFO, into a ring.
 *
 * Quirk (ESP-IDF, uart_ll_reset_register): the core of the UART is held in reset while the module
 * is reset, else it may send rubbish.
 */
#include "firmware/ports/esp32c3/uart.h"

#include "firmware/ports/esp32c3/registers.h"
#include "firmware/ports/esp32c3/timer.h"
#include "firmware/ports/port.h"

enum {
	KERNEL_HZ = 40000000,
	BAUD = 115200,
	DIVIDER_16THS = (16LL * KERNEL_HZ + BAUD / 2) / BAUD, /* 5556: 115191 baud */
	FIFO_BYTES = 128,
	RING_BYTES = 2048, /* a power of two, more than the largest frame */
	DRAIN_US = 15000,  /* 128 bytes in the FIFO and one in the shift register take 11.2 ms */
	PIN_RX = 20,
	PIN_TX = 21,
};

static struct {
	volatile uint32_t head; /* written by the interrupt */
	volatile uint32_t tail;
	uint8_t bytes[RING_BYTES];
} ring;

static void fifo_take(void)
{
	while (UART_STATUS & UART_STATUS_RXFIFO_CNT) {
		uint8_t byte = (uint8_t)UART_FIFO;
		uint32_t head = ring.head;

		if (head - ring.tail < RING_BYTES) {
			ring.bytes[head % RING_BYTES] = byte;
			ring.head = head + 1;
		}
	}
}

static void fifo_reset(void)
{
	UART_CONF0 |= UART_CONF0_RXFIFO_RST;
	UART_CONF0 &= ~UART_CONF0_RXFIFO_RST;
}

/* A FIFO that ran over gives its bytes in the wrong order until it is reset. A byte may come
 * between the last look at the FIFO and the clearing of the flag, hence the second look. */
void uart_interrupt(void)
{
	if (UART_INT_RAW & UART_INT_RXFIFO_OVF)
		fifo_reset();
	do {
		fifo_take();
		UART_INT_CLR = UART_INT_ALL;
	} while (UART_STATUS & UART_STATUS_RXFIFO_CNT);
}

static bool ring_take(uint8_t *ret_byte)
{
	uint32_t tail = ring.tail;

	if (tail == ring.head)
		return false;
	*ret_byte = ring.bytes[tail % RING_BYTES];
	ring.tail = tail + 1;
	return true;
}

static void pins_init(void)
{
	const uint32_t fields = IO_MUX_FUNCTION | IO_MUX_INPUT | IO_MUX_PULL_UP | IO_MUX_PULL_DOWN;

	register_modify(&IO_MUX_PAD(PIN_RX), fields, IO_MUX_INPUT | IO_MUX_PULL_UP);
	register_modify(&IO_MUX_PAD(PIN_TX), fields, IO_MUX_PULL_UP);
}

static void module_reset(void)
{
	SYSTEM_PERIP_CLK_EN0 |= SYSTEM_PERIP0_UART | SYSTEM_PERIP0_UART_MEM;
	SYSTEM_PERIP_RST_EN0 &= ~(SYSTEM_PERIP0_UART | SYSTEM_PERIP0_UART_MEM);
	UART_CLK_CONF |= UART_CLK_CONF_RST_CORE;
	SYSTEM_PERIP_RST_EN0 |= SYSTEM_PERIP0_UART;
	SYSTEM_PERIP_RST_EN0 &= ~SYSTEM_PERIP0_UART;
	UART_CLK_CONF &= ~UART_CLK_CONF_RST_CORE;
}

void uart_init(void)
{
	module_reset();
	UART_CLK_CONF = UART_CLK_CONF_SCLK_XTAL | UART_CLK_CONF_SCLK_EN | UART_CLK_CONF_TX_SCLK_EN |
			UART_CLK_CONF_RX_SCLK_EN;
	UART_CLKDIV = DIVIDER_16THS / 16 | (DIVIDER_16THS % 16) << UART_CLKDIV_FRAG_SHIFT;
	UART_CONF0 = UART_CONF0_8N1 | UART_CONF0_MEM_CLK_EN;
	register_modify(&UART_CONF1, UART_CONF1_RXFIFO_FULL, 1);
	UART_IDLE_CONF &= ~UART_IDLE_TX_NUM; /* no pause between bytes */
	pins_init();
	port_uart_unmute();
}

/* Interrupts are off while the ring is looked at, so that no byte slips in before the core sleeps.
 */
bool port_uart_read(uint8_t *ret_byte, uint32_t silent_ms)
{
	bool silent = false;
	bool taken;

	if (ring_take(ret_byte))
		return true;
	if (silent_ms)
		tick_start(silent_ms);
	for (;;) {
		core_interrupts_off();
		taken = ring_take(ret_byte);
		if (!taken)
			silent = silent_ms && tick_elapsed();
		if (!taken && !silent)
			core_sleep();
		core_interrupts_on();
		if (taken || silent)
			break;
	}
	if (silent_ms)
		tick_stop();
	return taken;
}

static bool fifo_has_room(void)
{
	for (uint32_t passes = DRAIN_US * 16; passes; passes--) {
		if ((UART_STATUS & UART_STATUS_TXFIFO_CNT) >> UART_STATUS_TX_SHIFT < FIFO_BYTES - 1)
			return true;
	}
	return false;
}

void port_uart_write(const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!fifo_has_room())
			return;
		UART_FIFO = bytes[i];
	}
}

/* The transmitter's state is idle only after the stop bit. */
void port_uart_drain(void)
{
	(void)register_wait(&UART_STATUS, UART_STATUS_TXFIFO_CNT, 0, DRAIN_US);
	(void)register_wait(&UART_FSM_STATUS, UART_FSM_TX, 0, DRAIN_US);
}

void port_uart_mute(void)
{
	UART_INT_ENA = 0;
	(void)UART_INT_ENA;
}

void port_uart_unmute(void)
{
	UART_INT_ENA = 0;
	fifo_reset();
	UART_INT_CLR = UART_INT_ALL;
	ring.tail = ring.head;
	UART_INT_ENA = UART_INT_RXFIFO_FULL | UART_INT_RXFIFO_OVF;
}
