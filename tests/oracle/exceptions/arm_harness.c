/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs the generated programs on a Cortex-M and emits what each handler saw: IPSR, EXC_RETURN,
 * CONTROL, the stacked frame, fault status, what is pending and active. One handler for all
 * exceptions: it steps over what faulted, then does what the program says.
 *
 * What is masked, and why: rules.h. The FP frame is compared only after the handler's first FP
 * instruction: lazy stacking writes it then, the core at once.
 *
 * Where the stack did not take a frame, or does not give it back, the handler makes the thread go
 * on from what it had left in `rescue`.
 */
#include <stdbool.h>

#include "tests/oracle/corpus/corpus.h"
#include "tests/oracle/exceptions/programs.h"
#include "tests/oracle/exceptions/rules.h"

#define WORD(address) (*(volatile uint32_t *)(address))
#define BYTE(address) (*(volatile uint8_t *)(address))
#define ISER          WORD(0xe000e100)
#define ICER          WORD(0xe000e180)
#define ISPR          WORD(0xe000e200)
#define ICPR          WORD(0xe000e280)
#define IABR          WORD(0xe000e300)
#define IPR           0xe000e400u
#define ICSR          WORD(0xe000ed04)
#define VTOR          WORD(0xe000ed08)
#define AIRCR         WORD(0xe000ed0c)
#define CCR           WORD(0xe000ed14)
#define SHPR          0xe000ed18u
#define SHCSR         WORD(0xe000ed24)
#define CFSR          WORD(0xe000ed28)
#define HFSR          WORD(0xe000ed2c)
#define BFAR          WORD(0xe000ed38)
#define CPACR         WORD(0xe000ed88)
#define FPCCR         WORD(0xe000ef34)
#define FPCAR         WORD(0xe000ef38)
#define FPDSCR        WORD(0xe000ef3c)

#define RETURN_BITS    0x1cu
#define RETURN_NO_FP   0x10u
#define RETURN_PROCESS 0x04u
#define CONTROL_BITS   0x07u
#define CONTROL_FPCA   0x04u
#define XPSR_BITS      (~(1u << 20))
#define XPSR_THUMB     0x01000000u
#define SHCSR_BITS     0x0007fd8bu
#define ICSR_BITS      0x945ff9ffu
#define FPSCR_MODES    0x07c00000u
#define FPCCR_BITS     0xc0000001u /* ASPEN, LSPEN, LSPACT */
#define CCR_BITS       (~0x000f0000u)
#define CFSR_ELSEWHERE 0x00020101u /* INVSTATE, IBUSERR, IACCVIOL: PC is not at an instruction */
#define CFSR_RETURN    0x00040800u /* INVPC, UNSTKERR: nothing to step over */
#define CFSR_FRAME     0x00101800u /* STKOF, STKERR, UNSTKERR: there is none */
#define CFSR_STACKING  0x00101000u /* STKOF, STKERR */
#define CFSR_NOCP      0x00080000u
#define CFSR_EXECUTED                                                                              \
	0x03098200u /* the oracle counts it: DIVBYZERO, UNALIGNED, NOCP, UNDEFINSTR, PRECISERR */
#define CFSR_INVSTATE  0x00020000u
#define CFSR_BFARVALID 0x00008000u

extern const struct arm_program arm_programs[];
extern const uint32_t arm_program_count;
extern uint32_t firmware_stack_top[];

void common_handler(void);
void run_thread(void (*thread)(void), uint32_t control, uint32_t process_stack,
		uint32_t misaligned);
uint32_t handler_body(uint32_t exception_return, uint32_t *frame, uint32_t control);
void emit_control(uint32_t control);
void emit_ccr(void);
void break_return(void);
void break_process_stack(void);

static uint32_t process_stack[2048] __attribute__((section(".scratch"), aligned(8)));
static const struct arm_program *current;
static uint8_t activations[EXCEPTION_NUMBERS];
uint32_t saved_stack, final_registers[12 + 32 + 1];
struct rescue rescue;

/* Of the handler that runs a script. */
static struct {
	uint32_t exception_return, stacked_number;
	bool breaks_return;
} innermost;

__attribute__((aligned(256))) static const struct {
	uint32_t *stack;
	void (*handlers[EXCEPTION_NUMBERS - 1])(void);
} vectors = {firmware_stack_top, {[0 ... EXCEPTION_NUMBERS - 2] = common_handler}};

__attribute__((naked)) void common_handler(void)
{
	__asm__("mov r0, lr\n tst lr, #4\n ite eq\n mrseq r1, msp\n mrsne r1, psp\n"
		"mrs r2, control\n push {r4, lr}\n bl handler_body\n pop {r4, lr}\n bx r0");
}

/* The thread leaves every register and both stacks as it likes. */
__attribute__((naked)) void run_thread(void (*thread)(void), uint32_t control, uint32_t top,
				       uint32_t misaligned)
{
	(void)thread, (void)control, (void)top, (void)misaligned;
	__asm__("push {r4-r11, lr}\n ldr r4, =saved_stack\n str sp, [r4]\n mrs r4, msp\n"
		"sub r4, r3\n msr msp, r4\n msr psp, r2\n msr control, r1\n isb\n blx r0\n"
		"cpsie f\n svc #255\n"
		"ldr r12, =final_registers\n stmia r12!, {r0-r11}\n vstmia r12!, {s0-s31}\n"
		"vmrs r0, fpscr\n str r0, [r12]\n"
		"movs r0, #0\n msr control, r0\n isb\n ldr r1, =saved_stack\n ldr sp, [r1]\n"
		"msr basepri, r0\n isb\n cpsie i\n isb\n pop {r4-r11, pc}\n.pool");
}

/* ITSTATE of the next instruction. */
static uint32_t advance_it(uint32_t xpsr)
{
	uint32_t it = (xpsr >> 25 & 3) | (xpsr >> 8 & 0xfc);

	it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
	return (xpsr & ~0x0600fc00u) | (it & 3) << 25 | (it & 0xfc) << 8;
}

/* Back to where a jump to nowhere was made, or behind an instruction that cannot be done. */
static void step_over(uint32_t status, uint32_t *frame)
{
	if (status & CFSR_ELSEWHERE) {
		frame[6] = frame[3];
		frame[7] |= XPSR_THUMB;
	} else if (status & ~(CFSR_RETURN | CFSR_FRAME)) {
		frame[6] += *(const uint16_t *)frame[6] >> 11 >= 0x1d ? 4 : 2;
		frame[7] = advance_it(frame[7]);
	}
	if (status & (CFSR_EXECUTED | CFSR_INVSTATE))
		firmware_result.faulted++;
}

static void emit_system(void)
{
	emit(mask_out(MASK_ICSR_RESERVED, ICSR, ICSR_BITS));
	emit(mask_out(MASK_SHCSR_V8M, SHCSR, SHCSR_BITS));
	emit(mask_out(MASK_FPCCR_STATE, FPCCR, FPCCR_BITS));
	emit(ISPR & 0xff);
	emit(IABR & 0xff);
}

static uint32_t special_number(void)
{
	uint32_t ipsr;

	__asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
	return ipsr;
}

static uint32_t control_now(void)
{
	uint32_t control;

	__asm__ volatile("mrs %0, control" : "=r"(control)::"memory");
	return control;
}

static void leave_user_mode(void)
{
	uint32_t control = control_now();

	__asm__ volatile("msr control, %0\n isb" ::"r"(control & ~1u) : "memory");
}

static void emit_fp_frame(const uint32_t *frame)
{
	emit(FPCAR - (uint32_t)frame);
	for (unsigned i = 8; i < 24; i++)
		emit(frame[i]);
	emit(mask_out(MASK_FPSCR_FLAGS, frame[24], FPSCR_MODES));
}

void emit_control(uint32_t control)
{
	emit(mask_out(MASK_SECURITY_CONTROL, control, CONTROL_BITS));
}

void emit_ccr(void)
{
	emit(mask_out(MASK_CCR_CACHES, CCR, CCR_BITS));
}

/* ---- faults of entry and return ---- */

static uint32_t process_stack_now(void)
{
	uint32_t sp;

	__asm__ volatile("mrs %0, psp" : "=r"(sp));
	return sp;
}

static void set_process_stack(uint32_t sp)
{
#ifdef __ARM_ARCH_8M_MAIN__
	__asm__ volatile("msr psplim, %0" ::"r"(0));
#endif
	__asm__ volatile("msr psp, %0\n isb" ::"r"(sp) : "memory");
}

/* A fault of the return must be one that does not lock up. */
static bool may_fault(void)
{
	uint32_t faultmask;

	__asm__ volatile("mrs %0, faultmask" : "=r"(faultmask));
	return !faultmask && innermost.stacked_number != 2 && innermost.stacked_number != 3;
}

/* For scripts: the handler returns by a reserved EXC_RETURN. */
void break_return(void)
{
	innermost.breaks_return = may_fault();
}

/* For scripts: the thread's frame is where nothing is. */
void break_process_stack(void)
{
	if (!(innermost.exception_return & RETURN_PROCESS) || rescue.stack || !may_fault())
		return;
	rescue = (struct rescue){process_stack_now(), 0};
	set_process_stack(DATA_EMPTY + 0x400);
}

/* The frame that was there, or one for where the thread says. */
static uint32_t *rescue_frame(uint32_t exception_return)
{
	uint32_t bytes = exception_return & RETURN_NO_FP ? 0x20 : 0x68;
	uint32_t *frame;

	if (!rescue.resume) {
		frame = (uint32_t *)rescue.stack;
	} else {
		frame = (uint32_t *)((rescue.stack - bytes) & ~7u);
		for (unsigned i = 0; i < 6; i++)
			frame[i] = i;
		frame[6] = rescue.resume;
		frame[7] = XPSR_THUMB;
	}
	set_process_stack((uint32_t)frame);
	rescue.stack = 0;
	return frame;
}

static void emit_frame(const uint32_t *frame)
{
	for (unsigned i = 0; i < 7; i++)
		emit(frame[i]);
	emit(mask_out(MASK_SECURITY_XPSR, frame[7], XPSR_BITS));
}

/* True: the handler is to return by a reserved value. */
static bool run_script(uint32_t number, uint32_t exception_return, const uint32_t *frame)
{
	__typeof__(innermost) outer = innermost;
	bool breaks;

	activations[number]++;
	innermost = (__typeof__(innermost)){exception_return, frame[7] & 0x1ff, false};
	current->handlers[number]();
	breaks = innermost.breaks_return;
	innermost = outer;
	return breaks;
}

uint32_t handler_body(uint32_t exception_return, uint32_t *frame, uint32_t control)
{
	uint32_t number = special_number(), status = CFSR, hard_status = HFSR;
	bool breaks = false;

	if (status & CFSR_NOCP)
		CPACR = 0x00f00000;
	emit(0x45580000 | number);
	emit(mask_out(MASK_SECURITY_EXC_RETURN, exception_return, RETURN_BITS | 2));
	emit(mask_out(MASK_SECURITY_CONTROL, control, CONTROL_BITS));
	emit((uint32_t)frame);
	if (status & CFSR_FRAME || (uint32_t)frame >> 24 == DATA_EMPTY >> 24)
		frame = rescue_frame(exception_return);
	else
		emit_frame(frame);
	emit(status);
	emit(hard_status);
	if (status & CFSR_BFARVALID)
		emit(BFAR);
	emit_system();
	CFSR = status;
	HFSR = hard_status;
	if (status & CFSR_STACKING)
		firmware_result.faulted += !!(status & CFSR_EXECUTED);
	else if (number >= 3 && number <= 6)
		step_over(status, frame);
	if ((number == 11 || number == 3) && !status &&
	    ((const uint8_t *)frame[6])[-2] == LEAVE_NUMBER)
		leave_user_mode();
	else if (number < EXCEPTION_NUMBERS && activations[number] < ACTIVATIONS_MAX)
		breaks = run_script(number, exception_return, frame);
	if (!(exception_return & RETURN_NO_FP) && control_now() & CONTROL_FPCA)
		emit_fp_frame(frame);
	emit(0x45580100 | number);
	return (exception_return & ~2u) | (breaks ? 2 : 0);
}

static void set_up(const struct arm_program *program)
{
	current = program;
	rescue.stack = 0;
	CPACR = 0x00f00000;
	for (unsigned i = 0; i < EXCEPTION_NUMBERS; i++)
		activations[i] = 0;
	ICER = ICPR = 0xff;
	ICSR = 0x0a000000; /* PendSV and SysTick: not pending */
	AIRCR = 0x05fa0000 | program->prigroup << 8;
	CCR = program->ccr;
	SHCSR = program->shcsr;
	FPCCR = program->fpccr;
	FPDSCR = program->fpdscr;
	for (unsigned i = 4; i < 16; i += i == 6 ? 5 : i == 11 ? 3 : 1) /* 4-6, 11, 14, 15 */
		BYTE(SHPR + i - 4) = program->priorities[i];
	for (unsigned i = 16; i < EXCEPTION_NUMBERS; i++)
		BYTE(IPR + i - 16) = program->priorities[i];
	ISER = program->enabled;
	__asm__ volatile("vmsr fpscr, %0\n" ::"r"(program->fpdscr) : "memory");
	leave_user_mode();
	__asm__ volatile("mrs r0, control\n bic r0, #4\n msr control, r0\n isb" ::: "r0", "memory");
}

static void run(const struct arm_program *program)
{
	emit(program->seed);
	set_up(program);
	run_thread(program->thread, program->control,
		   (uint32_t)&process_stack[2048] - program->misaligned, program->misaligned);
	emit_system();
	final_registers[12 + 32] =
		mask_out(MASK_FPSCR_FLAGS, final_registers[12 + 32], FPSCR_MODES);
	for (unsigned i = 0; i < sizeof(final_registers) / 4; i++)
		emit(final_registers[i]);
}

void program(void)
{
	VTOR = (uint32_t)&vectors;
	for (uint32_t i = 0; i < arm_program_count; i++)
		run(&arm_programs[i]);
}
