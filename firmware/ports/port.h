/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the agent (firmware/agent) needs from a chip. Each folder beside this file implements all of
 * it for one chip, with start-up code and linker script; the build links exactly one of them, and
 * adding a chip touches nothing else but firmware/boards.cmake.
 *
 * Start-up leaves the chip at its lowest clock level with the serial port listening at 115200 8N1,
 * the marker lines low, the cycle counter running and interrupts enabled, then calls agent_serve().
 *
 * One thread; nothing here may be called from an interrupt. Functions that can fail return NULL
 * when done, else a sentence that lives forever. Every wait for hardware is bounded.
 */
#ifndef FIRMWARE_PORTS_PORT_H
#define FIRMWARE_PORTS_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* --- who we are ------------------------------------------------------------------------------- */

struct port_about {
	const char *chip;     /* "stm32l4r5" */
	const char *board;    /* "nucleo-l4r5zi" */
	const char *build;    /* "O2" */
	const char *compiler; /* as __VERSION__ */
	const char *options; /* compiler options and memory settings that change cycles or energy */
};
extern const struct port_about port_about;

struct port_memory {
	const uint8_t *bytes;
	uint32_t count;
};
/* The firmware's own bytes in flash: exactly those of the .bin file. */
struct port_memory port_app(void);
void port_uid(uint8_t uid[12]);
/* The chip's reset flags, as they were at start. */
uint32_t port_reset_cause(void);
_Noreturn void port_reset(void);

/* RAM for the runtime, aligned to 16. */
uint8_t *port_arena(uint32_t *ret_count);

/* --- serial port ------------------------------------------------------------------------------ */

/* Sleeps until a byte is there. false: silent_ms passed without one. silent_ms 0 waits for ever;
 * at most 100. */
bool port_uart_read(uint8_t *ret_byte, uint32_t silent_ms);
/* Returns when the last byte is in the transmitter. */
void port_uart_write(const uint8_t *bytes, uint32_t count);
/* Returns when the last stop bit has left the pin. */
void port_uart_drain(void);
/* Between these two no received byte wakes or interrupts the core. What arrives meanwhile is lost;
 * everything received and unread is dropped at the end. */
void port_uart_mute(void);
void port_uart_unmute(void);

/* --- time and marker lines -------------------------------------------------------------------- */

/* Asleep for this long (within the clock's accuracy), woken as rarely as the timer allows. */
void port_sleep_ms(uint32_t ms);

/* Between these two nothing interrupts the core: interrupts off, tick timer stopped. */
void port_window_enter(void);
void port_window_leave(void);

/* Words for port_mark(); 0 changes no line. */
struct port_marks {
	uint32_t window_up; /* line 0 */
	uint32_t window_down;
	uint32_t inference_up; /* line 1 */
	uint32_t inference_down;
	uint32_t layer_up; /* line 2 */
	uint32_t layer_down;
};
extern const struct port_marks port_marks;

/* One store to the marker lines, then one read of the 32-bit cycle counter, which is returned. The
 * distance between the two is the same number of cycles in every call, so the difference of two
 * results is exactly the number of core cycles between the two stores. */
uint32_t port_mark(uint32_t word);

/* --- clock ------------------------------------------------------------------------------------ */

struct port_clock_level {
	uint32_t hz;
	uint32_t core_mv;     /* nominal core voltage */
	uint32_t wait_states; /* of the flash */
	const char *range;    /* "range 1 boost", fits wire_clock_reply */
	const char *source;   /* "MSI 4 MHz, PLL x60 /2", fits wire_clock_reply */
};
/* Ascending by frequency; at most WIRE_CLOCKS_MAX. */
extern const struct port_clock_level port_clock_levels[];
extern const uint32_t port_clock_count;
/* Switches to port_clock_levels[index] in the order the manual demands; the serial port keeps its
 * rate. After a failure the chip is back at level 0. */
const char *port_clock_set(uint32_t index);
/* Index of the level in force. */
uint32_t port_clock_now(void);

/* --- flash for the model image ---------------------------------------------------------------- */

enum { PORT_SLOT_UNIT = 8 }; /* bytes programmed at once */

/* Readable in place, aligned to 16. */
struct port_memory port_slot(void);
uint32_t port_slot_page_bytes(void);
/* Erases the page that begins at this offset. */
const char *port_slot_erase(uint32_t offset);
/* Programs erased flash. offset and count are multiples of PORT_SLOT_UNIT, bytes is aligned to 4.
 * Afterwards reads of the slot see the new bytes. */
const char *port_slot_program(uint32_t offset, const uint8_t *bytes, uint32_t count);

/* --- supply ---------------------------------------------------------------------------------- */

/* The chip's own detector begins to watch its supply, at the highest level that the supply is
 * above: no interrupt, no cycle of the core. False: there is none, or no level is low enough. */
bool port_supply_watch(void);
/* Ends it: whether the supply has been below that level since. */
bool port_supply_was_low(void);

/* --- temperature ------------------------------------------------------------------------------ */

/* The sensor is off before and after. Outputs are untouched on failure. */
const char *port_temperature(int32_t *ret_millicelsius, uint32_t *ret_vdda_mv);

#endif
