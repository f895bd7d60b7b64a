/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: exceptions, NVIC, SysTick, sleep, DWT, faults and lockup. Registers of the system
 * control space are written by the program: r0 is the value, r3 the address (STR r0,[r3] is
 * 0x6018).
 */
#include "tests/unit/virtual/test_armv7em.h"

#define SYST_CSR  0xe000e010u
#define SYST_RVR  0xe000e014u
#define SYST_CVR  0xe000e018u
#define NVIC_ISER 0xe000e100u
#define NVIC_ICPR 0xe000e280u
#define NVIC_ISPR 0xe000e200u
#define NVIC_IABR 0xe000e300u
#define NVIC_IPR  0xe000e400u
#define ICSR      0xe000ed04u
#define VTOR      0xe000ed08u
#define AIRCR     0xe000ed0cu
#define SHPR3     0xe000ed20u
#define SHCSR     0xe000ed24u
#define CFSR      0xe000ed28u
#define HFSR      0xe000ed2cu
#define BFAR      0xe000ed38u
#define CPACR     0xe000ed88u
#define DEMCR     0xe000edfcu
#define DWT_CTRL  0xe0001000u
#define CYCCNT    0xe0001004u

#define SCRATCH 0x200u /* where store() and load() put their instruction */

/* Runs one STR or LDR at the current privilege and priority, and puts PC and registers back. */
static void store(struct machine *m, uint32_t address, uint32_t value)
{
	uint32_t r0 = reg(m, 0), r3 = reg(m, 3), pc = reg(m, 15);

	machine_put(m->flash, SCRATCH, (const uint16_t[]){0x6018}, 1);
	armv7em_invalidate(m->core, SCRATCH, 2);
	set_reg(m, 0, value);
	set_reg(m, 3, address);
	set_reg(m, 15, SCRATCH);
	machine_step(m, 1);
	set_reg(m, 0, r0);
	set_reg(m, 3, r3);
	set_reg(m, 15, pc);
}

static uint32_t load(struct machine *m, uint32_t address)
{
	uint32_t r0 = reg(m, 0), r3 = reg(m, 3), pc = reg(m, 15), value;

	machine_put(m->flash, SCRATCH, (const uint16_t[]){0x6818}, 1);
	armv7em_invalidate(m->core, SCRATCH, 2);
	set_reg(m, 3, address);
	set_reg(m, 15, SCRATCH);
	machine_step(m, 1);
	value = reg(m, 0);
	set_reg(m, 0, r0);
	set_reg(m, 3, r3);
	set_reg(m, 15, pc);
	return value;
}

static unsigned ipsr(struct machine *m)
{
	return reg(m, 16) & 0x1ff;
}

static void run_for(struct machine *m, unsigned cycles)
{
	assert_int_equal(armv7em_run(m->core, armv7em_now(m->core) + cycles), ARMV7EM_STOP_LIMIT);
}

static void svc_stacks_and_returns(void **state)
{
	struct machine *m = machine_new();
	uint64_t start;

	(void)state;
	machine_program(m, 0xdf01, 0xe7fe);     /* svc #1; b . */
	machine_handler(m, 11, 0x3601, 0x4770); /* adds r6,#1; bx lr */
	for (unsigned i = 0; i < 4; i++)
		set_reg(m, i, 0x100 + i);
	set_reg(m, 14, 0xaaaa);
	set_reg(m, 16, FLAG_C | FLAG_Q);
	start = armv7em_now(m->core);
	machine_step(m, 2);
	assert_int_equal(ipsr(m), 11);
	assert_int_equal(reg(m, 14), 0xfffffff9);
	assert_int_equal(reg(m, 13), STACK - 0x20);
	assert_int_equal(machine_peek(m, STACK - 0x20), 0x100);
	assert_int_equal(machine_peek(m, STACK - 0x20 + 20), 0xaaaa);
	assert_int_equal(machine_peek(m, STACK - 0x20 + 24), START + 2);
	assert_int_equal(machine_peek(m, STACK - 0x20 + 28), FLAG_C | FLAG_Q | 1u << 24);
	assert_int_equal(armv7em_now(m->core) - start, 1 + 12 + 1);
	run_for(m, 1 + 12); /* bx and unstacking */
	assert_int_equal(ipsr(m), 0);
	assert_int_equal(reg(m, 6), 1);
	assert_int_equal(reg(m, 13), STACK);
	assert_int_equal(reg(m, 14), 0xaaaa);
	assert_int_equal(reg(m, 16) & FLAGS, FLAG_C | FLAG_Q);
	assert_int_equal(reg(m, 15), START + 2);
	assert_int_equal(armv7em_counts(m->core)->exceptions, 1);
	machine_free(m);
}

static void frames_keep_the_stack_aligned(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xdf01, 0xe7fe);
	machine_handler(m, 11, 0x4770);
	set_reg(m, 13, STACK - 4);
	run_for(m, 13);
	assert_int_equal(ipsr(m), 11);
	assert_int_equal(reg(m, 13), STACK - 0x28);
	assert_int_equal(machine_peek(m, STACK - 0x28 + 28) & 0x200, 0x200);
	run_for(m, 13);
	assert_int_equal(reg(m, 13), STACK - 4);
	machine_free(m);
}

static void process_stack(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	/* msr psp,r1; msr control,r2; svc; b . */
	machine_program(m, 0xf381, 0x8809, 0xf382, 0x8814, 0xdf01, 0xe7fe);
	machine_handler(m, 11, 0x4770);
	set_reg(m, 1, RAM + 0x1000);
	set_reg(m, 2, 2);
	machine_step(m, 2);
	assert_int_equal(reg(m, 13), RAM + 0x1000);
	machine_step(m, 1);
	assert_int_equal(reg(m, 13), STACK); /* handlers use the main stack */
	assert_int_equal(reg(m, 14), 0xfffffffd);
	assert_int_equal(machine_peek(m, RAM + 0x1000 - 0x20 + 24), START + 10);
	run_for(m, 20);
	assert_int_equal(reg(m, 13), RAM + 0x1000);
	assert_int_equal(ipsr(m), 0);
	machine_free(m);
}

static void irq_levels_pend_again(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_handler(m, 16 + 5, 0x3601, 0x4770);
	armv7em_set_irq(m->core, 5, true);
	run_for(m, 30);
	assert_int_equal(reg(m, 6), 0); /* not enabled */
	assert_int_equal(load(m, NVIC_ISPR), 1u << 5);
	store(m, NVIC_ISER, 1u << 5);
	machine_step(m, 1); /* adds */
	assert_int_equal(ipsr(m), 21);
	assert_int_equal(load(m, NVIC_IABR), 1u << 5);
	assert_int_equal(load(m, NVIC_ISPR), 0);
	machine_step(m, 2); /* bx, tail-chained into itself: the level is still high; adds */
	assert_int_equal(ipsr(m), 21);
	assert_int_equal(reg(m, 6), 2);
	armv7em_set_irq(m->core, 5, false);
	run_for(m, 100);
	assert_int_equal(ipsr(m), 0);
	assert_int_equal(reg(m, 6), 2);
	assert_int_equal(armv7em_counts(m->core)->exceptions, 2);
	machine_free(m);
}

static void icpr_cannot_clear_a_high_level(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	armv7em_set_irq(m->core, 3, true);
	store(m, NVIC_ICPR, 8);
	assert_int_equal(load(m, NVIC_ISPR), 8);
	armv7em_set_irq(m->core, 3, false);
	store(m, NVIC_ICPR, 8);
	assert_int_equal(load(m, NVIC_ISPR), 0);
	machine_free(m);
}

static void priorities_preempt(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	store(m, NVIC_IPR, 0x00408040); /* irq 0: 0x40, 1: 0x80, 2: 0x40 */
	store(m, NVIC_ISER, 7);
	store(m, NVIC_ISPR, 2);
	run_for(m, 20);
	assert_int_equal(ipsr(m), 17);
	store(m, NVIC_ISPR, 1);
	run_for(m, 20);
	assert_int_equal(ipsr(m), 16);
	assert_int_equal(reg(m, 14), 0xfffffff1);
	store(m, NVIC_ISPR, 4); /* equal priority waits */
	run_for(m, 20);
	assert_int_equal(ipsr(m), 16);
	assert_int_equal(load(m, ICSR) & 0x3ff1ff, 18u << 12 | 16);
	machine_free(m);
}

static void priority_grouping_holds_preemption(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	store(m, AIRCR, 0x05fa0000 | 7 << 8); /* no preemption bits at all */
	store(m, NVIC_IPR, 0x8040);
	store(m, NVIC_ISER, 3);
	store(m, NVIC_ISPR, 2);
	run_for(m, 20);
	assert_int_equal(ipsr(m), 17);
	store(m, NVIC_ISPR, 1);
	run_for(m, 20);
	assert_int_equal(ipsr(m), 17);
	machine_free(m);
}

static void tail_chaining(void **state)
{
	struct machine *m = machine_new();
	uint64_t start;

	(void)state;
	machine_handler(m, 16, 0x4770);
	machine_handler(m, 17, 0x4677, 0x4770); /* mov r7,lr; bx lr */
	store(m, NVIC_ISER, 3);
	armv7em_set_irq(m->core, 0, true);
	armv7em_set_irq(m->core, 1, true);
	armv7em_run(m->core, armv7em_now(m->core) + 1);
	assert_int_equal(ipsr(m), 16);
	armv7em_set_irq(m->core, 0, false);
	armv7em_set_irq(m->core, 1, false);
	start = armv7em_now(m->core);
	machine_step(m, 2); /* bx lr; mov r7,lr */
	assert_int_equal(ipsr(m), 17);
	assert_int_equal(reg(m, 7), 0xfffffff9);
	assert_int_equal(reg(m, 13), STACK - 0x20); /* the first frame is still in use */
	assert_int_equal(armv7em_now(m->core) - start, 1 + 6 + 1);
	machine_free(m);
}

static void masks_hold_exceptions(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xb672, 0xbf00, 0xb662, 0xe7fe); /* cpsid i; nop; cpsie i; b . */
	store(m, NVIC_ISER, 1);
	set_reg(m, 15, START);
	machine_step(m, 1);
	store(m, NVIC_ISPR, 1);
	machine_step(m, 1);
	assert_int_equal(ipsr(m), 0);
	machine_step(m, 1);
	run_for(m, 1);
	assert_int_equal(ipsr(m), 16);
	machine_free(m);

	m = machine_new();
	machine_program(m, 0xf380, 0x8811, 0xe7fe); /* msr basepri,r0 */
	set_reg(m, 0, 0x40);
	machine_step(m, 1);
	store(m, NVIC_IPR, 0x3040);
	store(m, NVIC_ISER, 3);
	store(m, NVIC_ISPR, 1);
	run_for(m, 10);
	assert_int_equal(ipsr(m), 0); /* equal to BASEPRI */
	store(m, NVIC_ISPR, 2);
	run_for(m, 10);
	assert_int_equal(ipsr(m), 17);
	machine_free(m);
}

static void pendsv_runs_after_systick(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_handler(m, 15, 0x4770);
	store(m, SHPR3, 0x40ff0000); /* SysTick 0x40, PendSV 0xf0 */
	assert_int_equal(load(m, SHPR3), 0x40f00000);
	store(m, ICSR, 1u << 28 | 1u << 26);
	armv7em_run(m->core, armv7em_now(m->core) + 1);
	assert_int_equal(ipsr(m), 15);
	run_for(m, 20);
	assert_int_equal(ipsr(m), 14);
	machine_free(m);
}

static void start_systick(struct machine *m, uint32_t reload)
{
	store(m, SYST_RVR, reload);
	store(m, SYST_CVR, 0);
	store(m, SYST_CSR, 7);
}

static void systick_wakes_from_wfi(void **state)
{
	struct machine *m = machine_new();
	uint64_t before, slept;

	(void)state;
	machine_program(m, 0xbf30, 0x3501, 0xe7fc); /* wfi; adds r5,#1; b wfi */
	machine_handler(m, 15, 0x3601, 0x4770);
	start_systick(m, 999);
	before = armv7em_now(m->core);
	assert_int_equal(armv7em_run(m->core, before + 10000), ARMV7EM_STOP_SLEEP);
	assert_int_equal(armv7em_run(m->core, before + 10000), ARMV7EM_STOP_SLEEP);
	assert_false(armv7em_sleep(m->core, before + 100));
	assert_int_equal(armv7em_now(m->core), before + 100);
	assert_true(armv7em_sleep(m->core, before + 10000));
	assert_in_range(armv7em_now(m->core), before + 999, before + 1000);
	slept = armv7em_counts(m->core)->sleep_cycles;
	assert_in_range(slept, 996, 999);
	assert_int_equal(armv7em_run(m->core, before + 10000), ARMV7EM_STOP_SLEEP);
	assert_int_equal(reg(m, 6), 1);
	assert_int_equal(reg(m, 5), 1);
	for (int i = 0; i < 4; i++) {
		assert_true(armv7em_sleep(m->core, before + 10000));
		assert_int_equal(armv7em_run(m->core, before + 10000), ARMV7EM_STOP_SLEEP);
	}
	assert_int_equal(reg(m, 6), 5);
	assert_in_range(armv7em_now(m->core), before + 5000, before + 5050); /* no drift */
	assert_int_equal(armv7em_now(m->core),
			 armv7em_counts(m->core)->cycles + armv7em_counts(m->core)->sleep_cycles);
	machine_free(m);
}

static void wfi_wakes_with_primask_without_entering(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xb672, 0xbf30, 0x3501, 0xe7fe); /* cpsid i; wfi; adds r5,#1; b . */
	store(m, NVIC_ISER, 1);
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_SLEEP);
	armv7em_set_irq(m->core, 0, true);
	assert_true(armv7em_sleep(m->core, 1000));
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_LIMIT);
	assert_int_equal(reg(m, 5), 1);
	assert_int_equal(ipsr(m), 0);
	machine_free(m);
}

static void wfe_consumes_an_event(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xbf40, 0xbf20, 0x3501, 0xbf20, 0xe7fe); /* sev; wfe; adds; wfe */
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_SLEEP);
	assert_int_equal(reg(m, 5), 1);
	assert_int_equal(reg(m, 15), START + 8);
	machine_free(m);
}

static void systick_counts_and_reads(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	store(m, SYST_RVR, 99);
	store(m, SYST_CVR, 0);
	store(m, SYST_CSR, 5); /* no interrupt; one cycle, of which the tick loads 99 */
	assert_int_equal(load(m, SYST_CVR), 99);
	assert_int_equal(load(m, SYST_CVR), 97); /* two cycles later */
	run_for(m, 300);
	assert_int_equal(load(m, SYST_CSR) & 0x10000, 0x10000);
	assert_int_equal(load(m, SYST_CSR) & 0x10000, 0); /* reading clears COUNTFLAG */
	machine_free(m);
}

static void cyccnt_rule(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0x6818, 0xe7fe);
	set_reg(m, 3, CYCCNT);
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_LOCKUP);
	assert_non_null(strstr(armv7em_fault_text(m->core), "TRCENA"));
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_LOCKUP);
	armv7em_reset(m->core, 0);
	store(m, DEMCR, 1u << 24);
	assert_int_equal(load(m, CYCCNT), 0);
	store(m, DEMCR, 0);
	set_reg(m, 3, DWT_CTRL); /* any register of it */
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_LOCKUP);
	machine_free(m);
}

static void cyccnt_counts_awake_cycles(void **state)
{
	struct machine *m = machine_new();
	uint32_t before;

	(void)state;
	machine_program(m, 0xbf30, 0xe7fe);
	store(m, DEMCR, 1u << 24);
	store(m, CYCCNT, 0xfffffff0);
	assert_int_equal(load(m, CYCCNT), 0xfffffff0); /* not enabled yet */
	store(m, DWT_CTRL, 1);
	machine_put(m->flash, START, (const uint16_t[]){0xbf00}, 1);
	before = armv7em_cyccnt(m->core);
	set_reg(m, 15, START);
	armv7em_run(m->core, armv7em_now(m->core) + 61);
	assert_int_equal(armv7em_cyccnt(m->core) - before, 61); /* and it wrapped */
	assert_true(armv7em_cyccnt(m->core) < before);

	machine_put(m->flash, START, (const uint16_t[]){0xbf30}, 1);
	armv7em_invalidate(m->core, START, 2);
	set_reg(m, 15, START);
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_SLEEP);
	before = armv7em_cyccnt(m->core);
	assert_false(armv7em_sleep(m->core, 5000));
	assert_int_equal(armv7em_cyccnt(m->core), before);
	machine_free(m);
}

static void marker_to_counter_distance_is_constant(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	store(m, DEMCR, 1u << 24);
	store(m, DWT_CTRL, 1);
	store(m, CYCCNT, 0);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t offset;

		/* in RAM: str r0,[r3]; ldr r5,[r4] */
		machine_put(m->ram, 0, (const uint16_t[]){0x6018, 0x6825}, 2);
		set_reg(m, 3, PERIPHERAL);
		set_reg(m, 4, CYCCNT);
		set_reg(m, 15, RAM);
		machine_step(m, 2);
		offset = armv7em_now(m->core) - armv7em_cyccnt(m->core);
		assert_int_equal(reg(m, 5) + offset - m->write_cycle, 1);
		armv7em_run(m->core, armv7em_now(m->core) + 3 * i + 1);
	}
	machine_free(m);
}

static void undefined_instruction_faults(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xde00);
	run_for(m, 12);
	assert_int_equal(ipsr(m), 3); /* UsageFault is not enabled: it escalates */
	assert_string_equal(armv7em_fault_text(m->core),
			    "undefined instruction 0xde00, pc 0x00000400");
	assert_int_equal(machine_peek(m, reg(m, 13) + 24), START);
	assert_int_equal(load(m, HFSR), 0x40000000);
	assert_int_equal(load(m, CFSR), 0x00010000);
	store(m, CFSR, 0x00010000);
	assert_int_equal(load(m, CFSR), 0);
	machine_free(m);
}

static void enabled_fault_handlers_are_used(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	store(m, SHCSR, 7u << 16);
	machine_program(m, 0x6018);
	set_reg(m, 3, 0x60000000);
	run_for(m, 12);
	assert_int_equal(ipsr(m), 5);
	assert_int_equal(load(m, BFAR), 0x60000000);
	assert_int_equal(load(m, CFSR), 0x8200);
	assert_non_null(strstr(armv7em_fault_text(m->core), "write of 4 bytes at 0x60000000"));
	machine_free(m);
}

struct lockup_case {
	const char *sentence;
	uint16_t code[2];
	uint32_t r1, r3;
};

static void faults_in_hardfault_lock_up(void **state)
{
	static const struct lockup_case cases[] = {
		{"undefined instruction 0xfbff0000", {0xfbff, 0x0000}, 0, 0},
		{"instruction that needs words", {0xc90d, 0}, RAM + 2, 0},
		{"write of 4 bytes at 0x00000100 (flash, which did not take it)",
		 {0x6018, 0},
		 0,
		 0x100}, /* flash */
		{"BKPT 3", {0xbe03, 0}, 0, 0},
		{"SVC", {0xdf00, 0}, 0, 0},
		{"not a Thumb address", {0x4708, 0}, 0x1000, 0}, /* bx r1 */
		{"instruction fetch from 0x30000000", {0x4708, 0}, 0x30000001, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct machine *m = machine_new();

		machine_put(m->flash, handler_address(3), cases[i].code, 2);
		machine_program(m, 0xde00);
		set_reg(m, 1, cases[i].r1);
		set_reg(m, 3, cases[i].r3);
		assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_LOCKUP);
		if (!strstr(armv7em_fault_text(m->core), cases[i].sentence))
			fail_msg("%s: %s", cases[i].sentence, armv7em_fault_text(m->core));
		machine_free(m);
	}
}

static void stack_overflow_reaches_a_sentence(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xdf00);
	set_reg(m, 13, RAM + 8);
	machine_handler(m, 3, 0xb501); /* push {r0,lr} */
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_LOCKUP);
	assert_non_null(strstr(armv7em_fault_text(m->core), "lockup"));
	machine_free(m);
}

static void missing_vectors(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	armv7em_reset(m->core, 0x70000000);
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_LOCKUP);
	assert_non_null(strstr(armv7em_fault_text(m->core), "no vector table at 0x70000000"));

	armv7em_reset(m->core, 0);
	store(m, VTOR, 0x70000000);
	machine_program(m, 0xdf00);
	armv7em_invalidate(m->core, START, 2);
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_LOCKUP);
	machine_free(m);
}

static void reset_request(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0x6018, 0xe7fe);
	set_reg(m, 0, 0x05fa0004);
	set_reg(m, 3, AIRCR);
	assert_int_equal(armv7em_run(m->core, 1000), ARMV7EM_STOP_RESET);
	armv7em_reset(m->core, 0);
	assert_int_equal(reg(m, 15), START);
	assert_true(armv7em_counts(m->core)->instructions >= 1); /* counters keep */
	machine_free(m);
}

static void fp_context_is_stacked(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	store(m, CPACR, 0xf00000);
	/* vmov s0,r0; svc; vmov r7,s0 */
	machine_program(m, 0xee00, 0x0a10, 0xdf00, 0xee10, 0x7a10, 0xe7fe);
	machine_handler(m, 11, 0xee00, 0x1a10, 0x4770); /* vmov s0,r1; bx lr */
	set_reg(m, 0, 0x3f800000);
	set_reg(m, 1, 0x40000000);
	machine_step(m, 2);
	armv7em_run(m->core, armv7em_now(m->core) + 1);
	assert_int_equal(ipsr(m), 11);
	assert_int_equal(reg(m, 14), 0xffffffe9);
	assert_int_equal(reg(m, 13), STACK - 0x68);
	assert_int_equal(machine_peek(m, STACK - 0x68 + 0x20), 0x3f800000);
	run_for(m, 100);
	assert_int_equal(ipsr(m), 0);
	assert_int_equal(reg(m, 13), STACK);
	assert_int_equal(reg(m, 7), 0x3f800000);
	machine_free(m);
}

static void interrupt_inside_it_block(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, 0xbf14, 0x2001, 0x2002, 0xe7fe); /* ite ne; movne r0,#1; moveq r0,#2 */
	machine_handler(m, 16, 0x4249, 0x4770);             /* negs r1,r1 disturbs the flags */
	store(m, NVIC_ISER, 1);
	set_reg(m, 16, FLAG_Z);
	set_reg(m, 1, 1);
	machine_step(m, 2);
	store(m, NVIC_ISPR, 1);
	run_for(m, 100);
	assert_int_equal(armv7em_counts(m->core)->exceptions, 1);
	assert_int_equal(reg(m, 0), 2);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(svc_stacks_and_returns),
		cmocka_unit_test(frames_keep_the_stack_aligned),
		cmocka_unit_test(process_stack),
		cmocka_unit_test(irq_levels_pend_again),
		cmocka_unit_test(icpr_cannot_clear_a_high_level),
		cmocka_unit_test(priorities_preempt),
		cmocka_unit_test(priority_grouping_holds_preemption),
		cmocka_unit_test(tail_chaining),
		cmocka_unit_test(masks_hold_exceptions),
		cmocka_unit_test(pendsv_runs_after_systick),
		cmocka_unit_test(systick_wakes_from_wfi),
		cmocka_unit_test(wfi_wakes_with_primask_without_entering),
		cmocka_unit_test(wfe_consumes_an_event),
		cmocka_unit_test(systick_counts_and_reads),
		cmocka_unit_test(cyccnt_rule),
		cmocka_unit_test(cyccnt_counts_awake_cycles),
		cmocka_unit_test(marker_to_counter_distance_is_constant),
		cmocka_unit_test(undefined_instruction_faults),
		cmocka_unit_test(enabled_fault_handlers_are_used),
		cmocka_unit_test(faults_in_hardfault_lock_up),
		cmocka_unit_test(stack_overflow_reaches_a_sentence),
		cmocka_unit_test(missing_vectors),
		cmocka_unit_test(reset_request),
		cmocka_unit_test(fp_context_is_stacked),
		cmocka_unit_test(interrupt_inside_it_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
