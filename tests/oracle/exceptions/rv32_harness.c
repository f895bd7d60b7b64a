/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs the generated programs on QEMU's RISC-V `virt` board and on the core, and emits what each
 * trap saw: mcause, mepc, mtval, mstatus. Interrupts are software interrupts of the CLINT, which
 * qemu_host.c gives the core, too.
 *
 * What is masked, and why: rules.h. Not read at all: mtvec (the core is always vectored with a
 * table of 256 bytes, as the ESP32-C3 is), mip and interrupts other than 3 (the ESP32-C3 has its
 * own controller instead).
 */
#include "tests/oracle/corpus/corpus.h"
#include "tests/oracle/exceptions/programs.h"
#include "tests/oracle/exceptions/rules.h"

#define MSTATUS_MASK  0x88u
#define CAUSE_FETCH   1u
#define CAUSE_ILLEGAL 2u
#define CAUSE_LOAD    5u
#define CAUSE_STORE   7u
#define DEPTH_MAX     8u

#define CSR_READ(name)                                                                             \
	({                                                                                         \
		uint32_t v_;                                                                       \
		__asm__ volatile("csrr %0, " name : "=r"(v_)::"memory");                           \
		v_;                                                                                \
	})
#define CSR_WRITE(name, value) __asm__ volatile("csrw " name ", %0" ::"r"(value) : "memory")

extern const struct rv32_program rv32_programs[];
extern const uint32_t rv32_program_count;

void vectors(void);
void trap_entry(void);
void trap_body(uint32_t *registers);
void run_thread(void (*thread)(void));

static const struct rv32_program *current;
static unsigned activations, depth;
uint32_t saved_stack, thread_return, final_registers[32];
uint32_t harness_words[64];

__attribute__((naked, aligned(256))) void vectors(void)
{
	__asm__(".option push\n .option norvc\n j trap_entry\n j .\n j .\n j trap_entry\n .option "
		"pop");
}

/* All registers on the stack: x1 and x3 to x31 in their places. */
__attribute__((naked)) void trap_entry(void)
{
	__asm__("addi sp, sp, -128\n"
		".irp r, "
		"1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,"
		"31\n"
		" sw x\\r, \\r*4(sp)\n .endr\n mv a0, sp\n call trap_body\n"
		".irp r, "
		"1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,"
		"31\n"
		" lw x\\r, \\r*4(sp)\n .endr\n addi sp, sp, 128\n mret");
}

__attribute__((naked)) void run_thread(void (*thread)(void))
{
	(void)thread;
	__asm__("addi sp, sp, -64\n sw ra, 0(sp)\n"
		".irp r, 0,1,2,3,4,5,6,7,8,9,10,11\n sw s\\r, \\r*4+4(sp)\n .endr\n"
		"sw gp, 52(sp)\n sw tp, 56(sp)\n jalr a0\n"
		"sw t0, -4(sp)\n la t0, final_registers\n"
		".irp r, "
		"1,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
		" sw x\\r, \\r*4(t0)\n .endr\n lw t1, -4(sp)\n sw t1, 20(t0)\n"
		"lw ra, 0(sp)\n"
		".irp r, 0,1,2,3,4,5,6,7,8,9,10,11\n lw s\\r, \\r*4+4(sp)\n .endr\n"
		"lw gp, 52(sp)\n lw tp, 56(sp)\n addi sp, sp, 64\n ret");
}

static uint32_t step_over(uint32_t cause, uint32_t from, const uint32_t *registers)
{
	if (cause == CAUSE_ILLEGAL || cause == CAUSE_LOAD || cause == CAUSE_STORE)
		firmware_result.faulted++;
	if (cause == CAUSE_FETCH)
		return registers[6]; /* t1: where it came from */
	return from + ((*(const uint16_t *)from & 3) == 3 ? 4 : 2);
}

/* A handler's script may trap again, and let interrupts in. */
void trap_body(uint32_t *registers)
{
	uint32_t cause = CSR_READ("mcause"), from = CSR_READ("mepc"), status = CSR_READ("mstatus");
	uint32_t address = CSR_READ("mtval");

	emit(0x45580000 | (cause & 31));
	emit(cause);
	emit(from);
	emit(mask_out(MASK_MPP, status, MSTATUS_MASK));
	if (address >> 8 == DATA_MISALIGNED >> 8) {
		address = mask_out(MASK_MISALIGNED_MTVAL, address, ~3u);
		CSR_WRITE("mtval", address); /* scripts read it */
	}
	emit(address);
	for (unsigned i = 1; i < 32; i++)
		if (i != 2)
			emit(registers[i]);
	emit((uint32_t)registers);
	if (cause >> 31)
		*(volatile uint32_t *)0x02000000 = 0;
	else
		from = step_over(cause, from, registers);
	if (activations < 12 && depth < DEPTH_MAX) {
		activations++;
		depth++;
		run_thread(cause >> 31 ? current->on_interrupt : current->on_exception);
		depth--;
		CSR_WRITE("mstatus", (CSR_READ("mstatus") & ~8u) | 0x1800);
	}
	CSR_WRITE("mepc", from);
	CSR_WRITE("mstatus", 0x1800 | (status & MSTATUS_MASK));
}

static void run(const struct rv32_program *program)
{
	emit(program->seed);
	current = program;
	activations = depth = 0;
	CSR_WRITE("mie", 8);
	CSR_WRITE("mscratch", program->seed);
	run_thread(program->thread);
	__asm__ volatile("csrci mstatus, 8" ::: "memory");
	*(volatile uint32_t *)0x02000000 = 0;
	emit(mask_out(MASK_MPP, CSR_READ("mstatus"), MSTATUS_MASK));
	emit(CSR_READ("mscratch"));
	for (unsigned i = 0; i < 32; i++)
		emit(final_registers[i]);
}

void program(void)
{
	CSR_WRITE("mtvec", (uint32_t)vectors | 1);
	for (uint32_t i = 0; i < rv32_program_count; i++)
		run(&rv32_programs[i]);
}
