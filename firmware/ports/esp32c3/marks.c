/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker lines 0, 1, 2 on GPIO4, GPIO5, GPIO6 through the core's dedicated GPIO (TRM, ESP-RISC-V
 * CPU: dedicated IO; IO MUX and GPIO Matrix: signals CPU_GPIO_OUT0..2), and the core's performance
 * counter (TRM, ESP-RISC-V CPU: mpcer, mpcmr, mpccr), which counts neither asleep nor standard
 * events: mcycle does not exist here.
 */
#include "firmware/ports/esp32c3/marks.h"

#include "firmware/ports/esp32c3/registers.h"
#include "firmware/ports/port.h"

enum { LINE_COUNT = 3, LINE_0_PIN = 4, LINES = (1 << LINE_COUNT) - 1 };

/* A word's low byte raises lines, the next byte lowers them. */
#define LINE_UP(line)   BIT(line)
#define LINE_DOWN(line) BIT((line) + 8)

const struct port_marks port_marks = {
	.window_up = LINE_UP(0),
	.window_down = LINE_DOWN(0),
	.inference_up = LINE_UP(1),
	.inference_down = LINE_DOWN(1),
	.layer_up = LINE_UP(2),
	.layer_down = LINE_DOWN(2),
};

static void line_connect(uint32_t line)
{
	uint32_t pin = LINE_0_PIN + line;

	GPIO_FUNC_OUT(pin) = (GPIO_SIGNAL_CPU_OUT0 + line) | GPIO_FUNC_OUT_OEN_SEL;
	register_modify(&IO_MUX_PAD(pin),
			IO_MUX_FUNCTION | IO_MUX_DRIVE | IO_MUX_INPUT | IO_MUX_PULL_UP |
				IO_MUX_PULL_DOWN,
			IO_MUX_FUNCTION_GPIO | IO_MUX_DRIVE_20MA);
	GPIO_ENABLE_W1TS = BIT(pin);
}

void marks_init(void)
{
	SYSTEM_CPU_PERI_CLK_EN |= SYSTEM_CPU_PERI_GPIO;
	SYSTEM_CPU_PERI_RST_EN &= ~SYSTEM_CPU_PERI_GPIO;
	__asm__ volatile("csrw 0x805, zero\n\t"          /* GPIO_OUT_USER */
			 "csrw 0x803, %0" ::"r"(LINES)); /* GPIO_OEN_USER */
	for (uint32_t line = 0; line < LINE_COUNT; line++)
		line_connect(line);
}

void cycles_init(void)
{
	__asm__ volatile("csrwi 0x7E0, 1\n\t" /* mpcer: cycles, and nothing else */
			 "csrwi 0x7E1, 1\n\t" /* mpcmr: counts, and wraps */
			 "csrw 0x7E2, zero");
}

/* uint32_t port_mark(uint32_t word). The lines' levels are kept in memory, so that the CSR takes
 * one write. The instructions between load and CSR write let the pipeline run empty: write and read
 * meet the same state in every call. Code and data are in RAM, which has no cache. */
__asm__(".pushsection .bss.marks_levels,\"aw\",@nobits\n"
	".balign 4\n"
	"marks_levels:\n\t"
	".zero 4\n"
	".popsection\n"
	".pushsection .text.port_mark,\"ax\",@progbits\n"
	".balign 16\n"
	".option push\n"
	".option norvc\n"
	".global port_mark\n"
	".type port_mark, @function\n"
	"port_mark:\n\t"
	"lui a2, %hi(marks_levels)\n\t"
	"lw a1, %lo(marks_levels)(a2)\n\t"
	"srli a3, a0, 8\n\t"
	"not a3, a3\n\t"
	"or a1, a1, a0\n\t"
	"and a1, a1, a3\n\t"
	"andi a1, a1, 7\n\t"
	"sw a1, %lo(marks_levels)(a2)\n\t"
	"nop\n\t"
	"nop\n\t"
	"nop\n\t"
	"nop\n\t"
	"csrw 0x805, a1\n\t"
	"csrr a0, 0x7E2\n\t"
	"ret\n"
	".size port_mark, . - port_mark\n"
	".option pop\n"
	".popsection\n");
