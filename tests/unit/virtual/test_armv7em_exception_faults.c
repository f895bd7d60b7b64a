/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: faults of exception entry and return, execute-never fetches, who owes FP state to
 * the stack. Sections are those of the ARMv7-M ARM (DDI 0403E).
 */
#include "tests/unit/virtual/test_armv7em.h"

#define ICSR   0xe000ed04u
#define SHPR   0xe000ed18u
#define SHCSR  0xe000ed24u
#define CFSR   0xe000ed28u
#define HFSR   0xe000ed2cu
#define CPACR  0xe000ed88u
#define FPCCR  0xe000ef34u
#define FORCED 0x40000000u

#define IACCVIOL  0x00000001u
#define IBUSERR   0x00000100u
#define UNSTKERR  0x00000800u
#define STKERR    0x00001000u
#define UNDEFINED 0x00010000u
#define INVPC     0x00040000u
#define NOCP      0x00080000u
#define STKOF     0x00100000u

#define ALL_FAULTS      0x00070000u /* SHCSR's enables */
#define BUS_FAULT_PENDS 0x00004000u
#define SVC_PENDS       0x00008000u
#define LSPACT          1u

#define SCRATCH 0x200u
#define NOWHERE 0x60000100u

static void step_at_scratch(struct machine *m, uint16_t code)
{
	uint32_t pc = reg(m, 15);

	machine_put(m->flash, SCRATCH, &code, 1);
	armv7em_invalidate(m->core, SCRATCH, 2);
	set_reg(m, 15, SCRATCH);
	machine_step(m, 1);
	set_reg(m, 15, pc);
}

static void store(struct machine *m, uint32_t address, uint32_t value)
{
	uint32_t r0 = reg(m, 0), r3 = reg(m, 3);

	set_reg(m, 0, value);
	set_reg(m, 3, address);
	step_at_scratch(m, 0x6018); /* str r0,[r3] */
	set_reg(m, 0, r0);
	set_reg(m, 3, r3);
}

static uint32_t load(struct machine *m, uint32_t address)
{
	uint32_t r0 = reg(m, 0), r3 = reg(m, 3), value;

	set_reg(m, 3, address);
	step_at_scratch(m, 0x6818); /* ldr r0,[r3] */
	value = reg(m, 0);
	set_reg(m, 0, r0);
	set_reg(m, 3, r3);
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

/* ---- entry: B1.5.7, derived exceptions ---- */

static struct machine *broken_stack(uint32_t enables, uint32_t bus_fault_priority)
{
	struct machine *m = machine_new();

	store(m, SHCSR, enables);
	store(m, SHPR, bus_fault_priority << 8);
	machine_program(m, 0xdf01); /* svc #1, of priority 0 */
	set_reg(m, 13, NOWHERE);
	run_for(m, 14);
	return m;
}

static void stacking_error_is_a_bus_fault(void **state)
{
	struct machine *m = broken_stack(ALL_FAULTS, 0);

	(void)state;
	assert_int_equal(ipsr(m), 5); /* of equal priorities the lower number */
	assert_int_equal(load(m, CFSR), STKERR);
	assert_int_equal(load(m, HFSR), 0);
	assert_int_equal(load(m, SHCSR) & SVC_PENDS, SVC_PENDS);
	assert_int_equal(reg(m, 14), 0xfffffff9);
	assert_int_equal(reg(m, 13), NOWHERE - 0x20);
	machine_free(m);
}

static void stacking_error_waits_for_what_is_more_urgent(void **state)
{
	struct machine *m = broken_stack(ALL_FAULTS, 0x40);

	(void)state;
	assert_int_equal(ipsr(m), 11);
	assert_int_equal(load(m, CFSR), STKERR);
	assert_int_equal(load(m, SHCSR) & (BUS_FAULT_PENDS | SVC_PENDS), BUS_FAULT_PENDS);
	store(m, SHCSR, 0); /* a disabled one stays pending */
	set_reg(m, 13, STACK);
	machine_poke(m, STACK + 24, START);
	machine_poke(m, STACK + 28, 1u << 24);
	machine_put(m->flash, START, (const uint16_t[]){0xe7fe}, 1);
	armv7em_invalidate(m->core, START, 2);
	machine_put(m->flash, handler_address(11), (const uint16_t[]){0x4770}, 1);
	armv7em_invalidate(m->core, handler_address(11), 2);
	run_for(m, 40);
	assert_int_equal(ipsr(m), 0);
	store(m, SHCSR, ALL_FAULTS);
	run_for(m, 20);
	assert_int_equal(ipsr(m), 5);
	machine_free(m);
}

static void stacking_error_escalates_where_disabled(void **state)
{
	struct machine *m = broken_stack(0, 0);

	(void)state;
	assert_int_equal(ipsr(m), 3);
	assert_int_equal(load(m, HFSR), FORCED);
	assert_int_equal(load(m, CFSR), STKERR);
	assert_int_equal(load(m, SHCSR) & SVC_PENDS, SVC_PENDS);
	machine_free(m);
}

/* "The handler executes, with corrupted stack contents": DDI 0337E, 5.12.1. */
static void fault_handlers_start_without_their_frame(void **state)
{
	static const struct {
		uint32_t enables;
		unsigned ipsr;
	} cases[] = {{0, 3}, {ALL_FAULTS, 5}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct machine *m = machine_new();

		store(m, SHCSR, cases[i].enables);
		machine_program(m, 0xde00);
		set_reg(m, 13, NOWHERE);
		run_for(m, 14);
		assert_int_equal(ipsr(m), cases[i].ipsr);
		assert_int_equal(load(m, CFSR), STKERR | UNDEFINED);
		machine_free(m);
	}
}

static void stack_limit_of_v8m(void **state)
{
	struct machine *m = machine_new();
	struct armv7em_bus bus = {.read = machine_read, .write = machine_write, .context = m};

	(void)state;
	armv7em_free(m->core);
	m->core = armv7em_new(&bus, ARMV7EM_M33, 16);
	armv7em_map(m->core, 0, MEMORY_BYTES, m->flash, ARMV7EM_MEMORY_FLASH);
	armv7em_map(m->core, RAM, MEMORY_BYTES, m->ram, ARMV7EM_MEMORY_RAM);
	armv7em_reset(m->core, 0);
	store(m, SHCSR, ALL_FAULTS);
	machine_program(m, 0xf381, 0x880a, 0xdf01); /* msr msplim,r1; svc #1 */
	armv7em_invalidate(m->core, START, 6);
	set_reg(m, 1, STACK - 0x18);
	run_for(m, 40);
	assert_int_equal(ipsr(m), 6);
	assert_int_equal(load(m, CFSR), STKOF);
	assert_int_equal(reg(m, 13), STACK - 0x18);
	assert_int_equal(machine_peek(m, STACK - 4), 0);
	assert_int_equal(load(m, SHCSR) & SVC_PENDS, SVC_PENDS);
	machine_free(m);
}

/* ---- return: B1.5.8 ---- */

struct return_case {
	const char *name;
	uint16_t handler[4];
	uint32_t r1, r2;
	unsigned ipsr;
	uint32_t cfsr, lr, sp;
};

static void faults_of_returns_are_chained(void **state)
{
	static const struct return_case cases[] = {
		{"unmapped", {0x468d, 0x4770}, NOWHERE, 0, 5, UNSTKERR, 0xfffffff9, NOWHERE},
		{"reserved", {0x4708}, 0xfffffffb, 0, 6, INVPC, 0xfffffffb, STACK - 0x20},
		{"no base", {0x4708}, 0xfffffff1, 0, 6, INVPC, 0xfffffff1, STACK - 0x20},
		/* str r2,[sp,#28]; bx lr: the frame's IPSR */
		{"IPSR", {0x9207, 0x4770}, 0, 0x01000003, 6, INVPC, 0xfffffff9, STACK - 0x20},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct return_case *c = &cases[i];
		struct machine *m = machine_new();

		store(m, SHCSR, ALL_FAULTS);
		machine_program(m, 0xdf01);
		machine_put(m->flash, handler_address(11), c->handler, 4);
		set_reg(m, 1, c->r1);
		set_reg(m, 2, c->r2);
		run_for(m, 60);
		if (ipsr(m) != c->ipsr || reg(m, 14) != c->lr || reg(m, 13) != c->sp)
			fail_msg("%s: exception %u, LR 0x%08x, SP 0x%08x", c->name, ipsr(m),
				 reg(m, 14), reg(m, 13));
		assert_int_equal(load(m, CFSR), c->cfsr);
		assert_int_equal(load(m, SHCSR) & 0x8f, c->ipsr == 5 ? 2 : 8); /* only it */
		machine_free(m);
	}
}

/* ---- fetches: B3.1, table B3-1 ---- */

static void execute_never_space(void **state)
{
	static const struct {
		uint32_t target, cfsr;
		unsigned ipsr;
	} cases[] = {
		{0x40000000, IACCVIOL, 4}, {0x5ffffffe, IACCVIOL, 4}, {0xa0000000, IACCVIOL, 4},
		{0xdffffffe, IACCVIOL, 4}, {0xe0000000, IACCVIOL, 4}, {0xfffffff0, IACCVIOL, 4},
		{0x30000000, IBUSERR, 5},  {0x60000000, IBUSERR, 5},  {0x9ffffffe, IBUSERR, 5},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct machine *m = machine_new();
		bool enabled = i & 1;

		store(m, SHCSR, enabled ? ALL_FAULTS : 0);
		machine_program(m, 0x4708); /* bx r1 */
		set_reg(m, 1, cases[i / 2].target | 1);
		run_for(m, 20);
		assert_int_equal(ipsr(m), enabled ? cases[i / 2].ipsr : 3);
		assert_int_equal(load(m, CFSR), cases[i / 2].cfsr);
		assert_int_equal(load(m, HFSR), enabled ? 0 : FORCED);
		assert_int_equal(machine_peek(m, STACK - 8), cases[i / 2].target);
		machine_free(m);
	}
}

/* ---- floating point ---- */

static void no_coprocessor(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	store(m, SHCSR, ALL_FAULTS);
	machine_program(m, 0xee00, 0x0a10); /* vmov s0,r0 */
	run_for(m, 14);
	assert_int_equal(ipsr(m), 6);
	assert_int_equal(load(m, CFSR), NOCP);
	assert_int_equal(machine_peek(m, STACK - 8), START);
	machine_free(m);
}

/* PopStack leaves LSPACT alone at a frame without FP state, and at one with it does not load what
 * never left the registers. */
static void nested_return_keeps_lazy_state_owed(void **state)
{
	struct machine *m = machine_new();
	uint64_t start;

	(void)state;
	store(m, CPACR, 0xf00000);
	machine_program(m, 0xee00, 0x0a10, 0xdf01, 0xe7fe); /* vmov s0,r0; svc #1; b . */
	machine_handler(m, 11, 0x6011, 0xbf00, 0x4770);     /* str r1,[r2]; nop; bx lr */
	machine_handler(m, 2, 0x4770);
	set_reg(m, 0, 0x3f800000);
	set_reg(m, 1, 0x80000000); /* NMI */
	set_reg(m, 2, ICSR);
	machine_step(m, 2);
	assert_int_equal(ipsr(m), 11);
	assert_int_equal(load(m, FPCCR), 0xc0000000 | LSPACT);
	machine_step(m, 1);
	run_for(m, 1);
	assert_int_equal(ipsr(m), 2);
	machine_step(m, 1); /* bx lr */
	assert_int_equal(ipsr(m), 11);
	assert_int_equal(load(m, FPCCR), 0xc0000000 | LSPACT);
	machine_step(m, 1);
	machine_poke(m, STACK - 0x68 + 0x20, 0x40000000); /* S0 in the frame */
	start = armv7em_now(m->core);
	machine_step(m, 1);
	assert_int_equal(ipsr(m), 0);
	assert_int_equal(armv7em_now(m->core) - start, 1 + 12); /* FP registers are not loaded */
	assert_int_equal(load(m, FPCCR), 0xc0000000);
	machine_put(m->flash, SCRATCH, (const uint16_t[]){0xee10, 0x7a10}, 2); /* vmov r7,s0 */
	armv7em_invalidate(m->core, SCRATCH, 4);
	set_reg(m, 15, SCRATCH);
	machine_step(m, 1);
	assert_int_equal(reg(m, 7), 0x3f800000);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacking_error_is_a_bus_fault),
		cmocka_unit_test(stacking_error_waits_for_what_is_more_urgent),
		cmocka_unit_test(stacking_error_escalates_where_disabled),
		cmocka_unit_test(fault_handlers_start_without_their_frame),
		cmocka_unit_test(stack_limit_of_v8m),
		cmocka_unit_test(faults_of_returns_are_chained),
		cmocka_unit_test(execute_never_space),
		cmocka_unit_test(no_coprocessor),
		cmocka_unit_test(nested_return_keeps_lazy_state_owed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
