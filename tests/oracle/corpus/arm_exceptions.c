/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: SVC with arguments, and two tasks with FPU context on the process stack that PendSV
 * switches; nothing depends on time.
 */
#include "tests/oracle/corpus/corpus.h"

#define ICSR      (*(volatile uint32_t *)0xe000ed04)
#define SHPR3     (*(volatile uint32_t *)0xe000ed20)
#define PENDSVSET 0x10000000u

void svc_handler(void);
void pendsv_handler(void);
uint32_t svc_serve(uint32_t *frame);
uint32_t *switch_stacks(uint32_t *stack);
extern uint32_t exception_return;

static uint32_t stacks[2][512] __attribute__((section(".scratch"), aligned(8)));
/* Of an SVC: its bits for security differ between QEMU's secure M33 and one without TrustZone. */
uint32_t exception_return __attribute__((section(".scratch")));
static uint32_t *volatile saved;
static volatile uint32_t turns, finished;
static volatile uint32_t log_sum[2];

/* The exception's frame is on the stack that LR names. */
__attribute__((naked)) void svc_handler(void)
{
	__asm__("ldr r3, =exception_return\n str lr, [r3]\n tst lr, #4\n ite eq\n mrseq r0, msp\n "
		"mrsne r0, psp\n push {r4, lr}\n"
		"bl svc_serve\n pop {r4, pc}\n.pool");
}

uint32_t svc_serve(uint32_t *frame)
{
	uint8_t number = ((const uint8_t *)frame[6])[-2];

	switch (number) {
	case 1:
		frame[0] = frame[0] * frame[1] + frame[2];
		break;
	case 2:
		frame[0] = frame[0] > frame[1] ? frame[0] - frame[1] : frame[1];
		break;
	default:
		frame[0] = number;
	}
	return 0;
}

static NOINLINE uint32_t call_1(uint32_t x, uint32_t y, uint32_t z)
{
	register uint32_t a __asm__("r0") = x, b __asm__("r1") = y, c __asm__("r2") = z;

	__asm__ volatile("svc 1" : "+r"(a) : "r"(b), "r"(c) : "memory");
	return a;
}

static NOINLINE uint32_t call_2(uint32_t x, uint32_t y)
{
	register uint32_t a __asm__("r0") = x, b __asm__("r1") = y;

	__asm__ volatile("svc 2" : "+r"(a) : "r"(b) : "memory");
	return a;
}

/* One saved task: r4..r11 and LR, and s16..s31 below it where the frame has FPU context. */
__attribute__((naked)) void pendsv_handler(void)
{
	__asm__("mrs r0, psp\n tst lr, #16\n it eq\n vstmdbeq r0!, {s16-s31}\n"
		"stmdb r0!, {r4-r11, lr}\n bl switch_stacks\n ldmia r0!, {r4-r11, lr}\n"
		"tst lr, #16\n it eq\n vldmiaeq r0!, {s16-s31}\n msr psp, r0\n bx lr");
}

uint32_t *switch_stacks(uint32_t *stack)
{
	uint32_t *next = saved;

	saved = stack;
	turns++;
	return next;
}

static void yield(void)
{
	ICSR = PENDSVSET;
	__asm__ volatile("dsb\n isb" ::: "memory");
}

/* Not fused with what it is added to, at any level. */
static NOINLINE float times(float x, float y)
{
	return x * y;
}

static NOINLINE void work(uint32_t which, float step)
{
	float x = 1, y = step, z = 0.5f;

	for (uint32_t i = 0; i < 30; i++) {
		x = times(x, y) + z;
		y = y - times(x, 0.001f);
		if (i % (2 + which) == 0)
			yield();
		z += x / (y + 3);
		log_sum[which] = log_sum[which] * 31 + (uint32_t)(int32_t)(x * 1000) + i;
		if (i % 7 == which)
			log_sum[which] += call_1(i, which, turns);
	}
	finished++;
	while (finished < 2)
		yield();
}

static void task(void)
{
	work(1, 0.75f);
	for (;;)
		yield();
}

/* A task as PendSV leaves one; its EXC_RETURN is that of the running one, without FPU context. */
static uint32_t *prepare(uint32_t *top, void (*entry)(void), uint32_t exception_return)
{
	uint32_t *frame = top - 8;

	for (unsigned i = 0; i < 8; i++)
		frame[i] = i;
	frame[5] = 0xffffffff;
	frame[6] = (uint32_t)entry & ~1u;
	frame[7] = 0x01000000;
	frame -= 9;
	for (unsigned i = 0; i < 8; i++)
		frame[i] = 0x1000 + i;
	frame[8] = exception_return;
	return frame;
}

void program(void)
{
	uint32_t on_process = (uint32_t)&stacks[0][512];

	SHPR3 = 0x00ff0000; /* PendSV lowest */
	for (uint32_t i = 0; i < 20; i++) {
		emit(call_1(i, next_random(), 7));
		emit(call_2(next_random(), next_random()));
	}
	saved = prepare(&stacks[1][512], task, exception_return | 0x14);
	__asm__ volatile(
		"msr psp, %0\n mrs r3, control\n orr r3, #2\n msr control, r3\n isb\n" ::"r"(
			on_process)
		: "r3", "memory");
	work(0, 0.5f);
	__asm__ volatile("mrs r3, control\n bic r3, #2\n msr control, r3\n isb\n" ::
				 : "r3", "memory");
	emit(turns);
	emit(finished);
	emit(log_sum[0]);
	emit(log_sum[1]);
}
