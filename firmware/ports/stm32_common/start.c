/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reset handler, memory, and what the board says of itself that is found in the same way on every
 * chip.
 */
#include "firmware/ports/stm32_common/start.h"

#include <stddef.h>
#include <string.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/core.h"

static uint32_t reset_cause;

uint32_t port_reset_cause(void)
{
	return reset_cause;
}

struct port_memory port_app(void)
{
	return (struct port_memory){layout_flash_start,
				    (uint32_t)(layout_flash_end - layout_flash_start)};
}

uint8_t *port_arena(uint32_t *ret_count)
{
	*ret_count = (uint32_t)(layout_arena_end - layout_arena_start);
	return layout_arena_start;
}

void port_uid(uint8_t uid[12])
{
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t word = REGISTER(start_chip.uid + 4 * i);

		memcpy(uid + 4 * i, &word, sizeof(word));
	}
}

void start_reset_cause(void)
{
	reset_cause = REGISTER(start_chip.reset_register) & start_chip.reset_flags;
	REGISTER(start_chip.reset_register) |= start_chip.reset_remove;
	REGISTER(start_chip.reset_register) &= ~start_chip.reset_remove;
}

void start_memory(void)
{
	memcpy(layout_ram_start, layout_ram_load, (size_t)(layout_ram_end - layout_ram_start));
	memset(layout_zero_start, 0, (size_t)(layout_zero_end - layout_zero_start));
	core_barrier();
}

/* The FPU is on before the first compiled instruction. */
__attribute__((naked, noreturn)) void reset_handler(void)
{
	__asm__ volatile("cpsid i\n\t"
			 "movw r0, #:lower16:layout_stack_top\n\t"
			 "movt r0, #:upper16:layout_stack_top\n\t"
			 "msr msp, r0\n\t"
			 "movw r0, #0xED88\n\t" /* CPACR: full access to CP10 and CP11 */
			 "movt r0, #0xE000\n\t"
			 "ldr r1, [r0]\n\t"
			 "orr r1, r1, #0x00F00000\n\t"
			 "str r1, [r0]\n\t"
			 "dsb\n\t"
			 "isb\n\t"
			 "b start");
}

void unexpected_handler(void)
{
	port_reset();
}

void tick_handler(void)
{
	__asm__ volatile("dsb" ::: "memory");
}
