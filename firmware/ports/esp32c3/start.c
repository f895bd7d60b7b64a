/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start-up of the ESP32-C3 from the ROM's loader, its vector table, and what the board says of
 * itself. The ROM has copied the image from flash offset 0 into RAM, configured both flash
 * controllers as the image's header says (DIO, 40 MHz), armed three watchdogs and jumped to
 * start_entry. Whatever should not happen resets the chip: the host sees the reset in the next
 * HELLO.
 */
#include <stddef.h>
#include <string.h>

#include "firmware/agent/agent.h"
#include "firmware/ports/esp32c3/cache.h"
#include "firmware/ports/esp32c3/clock.h"
#include "firmware/ports/esp32c3/marks.h"
#include "firmware/ports/esp32c3/registers.h"
#include "firmware/ports/esp32c3/timer.h"
#include "firmware/ports/esp32c3/uart.h"
#include "firmware/ports/port.h"

/* From layout.ld. */
extern uint8_t layout_zero_start[], layout_zero_end[];
extern uint8_t layout_arena_start[], layout_arena_end[];

const struct port_about port_about = {
	.chip = "esp32c3",
	.board = PORT_BOARD,
	.build = PORT_BUILD,
	.compiler = __VERSION__,
	.options = PORT_OPTIONS "; code in RAM, model through 16 KB cache, DIO",
};
_Static_assert(sizeof(PORT_OPTIONS "; code in RAM, model through 16 KB cache, DIO") <=
		       sizeof(((struct wire_hello_reply *)0)->options),
	       "the options fit HELLO");

static uint32_t reset_cause;

uint32_t port_reset_cause(void)
{
	return reset_cause;
}

/* The image as the ROM's loader reads it (ESP-IDF: esp_app_format.h): a header, segments, filling
 * up to a checksum in the last byte of 16, and a SHA-256 where the header says so. */
enum {
	IMAGE_MAGIC = 0xE9,
	IMAGE_SEGMENTS_AT = 1,
	IMAGE_HASHED_AT = 23,
	IMAGE_HEADER_BYTES = 24,
	IMAGE_SEGMENT_HEADER_BYTES = 8,
	IMAGE_SEGMENTS_MAX = 16,
	IMAGE_ALIGNMENT = 16,
	IMAGE_HASH_BYTES = 32,
};

/* 0: there is no image. */
static uint32_t image_bytes(const uint8_t *image, uint32_t limit)
{
	uint32_t end = IMAGE_HEADER_BYTES;

	if (image[0] != IMAGE_MAGIC || image[IMAGE_SEGMENTS_AT] > IMAGE_SEGMENTS_MAX)
		return 0;
	for (uint32_t i = 0; i < image[IMAGE_SEGMENTS_AT]; i++) {
		uint32_t count;

		memcpy(&count, image + end + 4, sizeof(count));
		if (count > limit || end > limit - count)
			return 0;
		end += IMAGE_SEGMENT_HEADER_BYTES + count;
	}
	end = (end + IMAGE_ALIGNMENT) / IMAGE_ALIGNMENT * IMAGE_ALIGNMENT;
	return end + (image[IMAGE_HASHED_AT] ? IMAGE_HASH_BYTES : 0);
}

struct port_memory port_app(void)
{
	const uint8_t *flash = (const uint8_t *)CACHE_FLASH_AT;
	uint32_t below_slot = (uint32_t)(port_slot().bytes - flash);

	return (struct port_memory){flash, image_bytes(flash, below_slot / 2)};
}

uint8_t *port_arena(uint32_t *ret_count)
{
	*ret_count = (uint32_t)(layout_arena_end - layout_arena_start);
	return layout_arena_start;
}

/* The MAC address as it is printed, then the first half of the chip's unique id (TRM, eFuse:
 * EFUSE_MAC, OPTIONAL_UNIQUE_ID). */
void port_uid(uint8_t uid[12])
{
	uint32_t low = EFUSE_MAC_0;
	uint32_t high = EFUSE_MAC_1;
	uint32_t unique[2] = {EFUSE_UNIQUE_ID(0), EFUSE_UNIQUE_ID(1)};

	for (uint32_t i = 0; i < 2; i++)
		uid[i] = (uint8_t)(high >> 8 * (1 - i));
	for (uint32_t i = 0; i < 4; i++)
		uid[2 + i] = (uint8_t)(low >> 8 * (3 - i));
	memcpy(uid + 6, unique, 6);
}

_Noreturn void port_reset(void)
{
	RTC_OPTIONS0 |= RTC_OPTIONS0_SW_SYS_RST;
	for (;;)
		;
}

/* TRM, Watchdog Timers: both the RTC's and timer group 0's run in flash boot mode; the super
 * watchdog cannot be switched off, only made to feed itself. */
static void watchdogs_off(void)
{
	RTC_WDT_WPROTECT = RTC_WDT_KEY;
	RTC_WDT_CONFIG0 = 0;
	RTC_WDT_WPROTECT = 0;
	RTC_SWD_WPROTECT = RTC_SWD_KEY;
	RTC_SWD_CONF |= RTC_SWD_CONF_AUTO_FEED;
	RTC_SWD_WPROTECT = 0;
	TIMG0_WDT_WPROTECT = TIMG_WDT_KEY;
	register_modify(&TIMG0_WDT_CONFIG0, TIMG_WDT_CONFIG0_EN | TIMG_WDT_CONFIG0_FLASHBOOT,
			TIMG_WDT_CONFIG0_UPDATE);
	TIMG0_WDT_WPROTECT = 0;
}

/* Two sources, each with a CPU interrupt of its own, level-triggered, above the threshold. */
static void interrupts_init(void)
{
	INTERRUPT_ENABLE = 0;
	for (uint32_t source = 0; source < INTERRUPT_SOURCES; source++)
		INTERRUPT_MAP(source) = INTERRUPT_NONE;
	INTERRUPT_MAP(INTERRUPT_SOURCE_UART0) = INTERRUPT_UART;
	INTERRUPT_MAP(INTERRUPT_SOURCE_SYSTIMER) = INTERRUPT_TICK;
	INTERRUPT_PRIORITY(INTERRUPT_UART) = 2;
	INTERRUPT_PRIORITY(INTERRUPT_TICK) = 1;
	INTERRUPT_THRESHOLD = 1;
	INTERRUPT_TYPE = 0;
	INTERRUPT_CLEAR = 0;
	INTERRUPT_ENABLE = BIT(INTERRUPT_UART) | BIT(INTERRUPT_TICK);
}

__attribute__((noreturn, used)) static void start(void)
{
	watchdogs_off();
	memset(layout_zero_start, 0, (size_t)(layout_zero_end - layout_zero_start));
	reset_cause = RTC_RESET_STATE & RTC_RESET_STATE_CAUSE;
	interrupts_init();
	cycles_init();
	marks_init();
	timer_init();
	port_uart_drain(); /* the ROM's last words */
	clock_init();
	if (cache_init())
		port_reset();
	uart_init();
	core_interrupts_on();
	agent_serve();
}

void start_entry(void); /* the image's entry */
void vectors(void);

__attribute__((naked, noreturn)) void start_entry(void)
{
	__asm__ volatile("csrci mstatus, 8\n\t"
			 ".option push\n\t"
			 ".option norelax\n\t"
			 "la gp, __global_pointer$\n\t"
			 ".option pop\n\t"
			 "la sp, layout_stack_top\n\t"
			 "la t0, vectors\n\t"
			 "ori t0, t0, 1\n\t"
			 "csrw mtvec, t0\n\t"
			 "j %0"
			 :
			 : "i"(start));
}

/* Saves nothing: it never returns. */
__attribute__((noreturn, used)) static void unexpected_handler(void)
{
	port_reset();
}

__attribute__((interrupt, used)) static void uart_handler(void)
{
	uart_interrupt();
}

__attribute__((interrupt, used)) static void tick_handler(void)
{
	tick_interrupt();
}

/* TRM, ESP-RISC-V CPU, interrupt controller: mtvec's base is aligned to 256 bytes, mode 1 is the
 * only one; exceptions jump to entry 0, interrupt n to entry n. */
__asm__(".pushsection .vectors,\"ax\",@progbits\n"
	".balign 256\n"
	".option push\n"
	".option norvc\n"
	".option norelax\n"
	".global vectors\n"
	".type vectors, @function\n"
	"vectors:\n\t"
	"j unexpected_handler\n\t"
	"j unexpected_handler\n\t"
	"j uart_handler\n\t"
	"j tick_handler\n\t"
	".rept 28\n\t"
	"j unexpected_handler\n\t"
	".endr\n"
	".size vectors, . - vectors\n"
	".option pop\n"
	".popsection\n");
