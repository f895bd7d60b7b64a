/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: exceptions, interrupts, WFI, CSRs and the performance counter.
 */
#include "tests/unit/virtual/test_rv32.h"

#define MSTATUS     0x300u
#define MTVEC       0x305u
#define MEPC        0x341u
#define MCAUSE      0x342u
#define MTVAL       0x343u
#define MPCER       0x7e0u
#define MPCMR       0x7e1u
#define MPCCR       0x7e2u
#define NOTHING     0x70000000u
#define TRAP_CYCLES 4

static void write_csr(struct machine *m, uint32_t number, uint32_t value)
{
	uint32_t pc = reg(m, PC);

	set_reg(m, T0, value);
	machine_poke(m, RAM + 0x300, csr(1, ZERO, number, T0));
	set_reg(m, PC, RAM + 0x300);
	machine_step(m, 1);
	set_reg(m, PC, pc);
}

static void exceptions(void **state)
{
	static const struct {
		uint32_t code, cause, value;
		const char *text;
	} cases[] = {
		{0x0005a503, 5, NOTHING, "load access fault: 4 bytes at 0x70000000"},
		{0x00059503, 5, NOTHING, "load access fault: 2 bytes"},
		{0x00a5a023, 7, NOTHING, "store access fault: 4 bytes at 0x70000000"},
		{0x00a62023, 7, ROM, "not all of it writable"},   /* sw a0,0(a2) */
		{0x00a6a023, 7, FLASH, "not all of it writable"}, /* sw a0,0(a3) */
		{0x00172503, 5, PERIPHERAL + 1, "misaligned"},    /* lw a0,1(a4) */
		{ECALL, 11, 0, "ecall"},
		{EBREAK, 3, 0, "ebreak"},
		{PAIR(0x9002, 0x0001), 3, 0, "ebreak"},
		{0xb0002573, 2, 0xb0002573, "illegal"}, /* csrr a0,mcycle */
		{0xb0202573, 2, 0xb0202573, "illegal"}, /* minstret */
		{0xc0002573, 2, 0xc0002573, "illegal"}, /* cycle */
		{0xc8102573, 2, 0xc8102573, "illegal"}, /* timeh */
		{0x30402573, 2, 0x30402573, "illegal"}, /* mie: not on this part */
		{0xf1151073, 2, 0xf1151073, "illegal"}, /* csrw mvendorid,a0 */
		{0x80402573, 2, 0x80402573, "illegal"}, /* refused by the chip */
	};
	struct machine *m = machine_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before, count = rv32_counts(m->core)->exceptions;

		machine_program(m, cases[i].code, NOP);
		set_reg(m, PC, START);
		set_reg(m, A0, 0x5a);
		set_reg(m, A1, NOTHING);
		set_reg(m, A2, ROM);
		set_reg(m, A3, FLASH);
		set_reg(m, A4, PERIPHERAL);
		before = rv32_now(m->core);
		rv32_run(m->core, before + 1);
		assert_int_equal(rv32_now(m->core), before + TRAP_CYCLES);
		assert_int_equal(reg(m, PC), VECTORS);
		assert_int_equal(reg(m, A0), 0x5a);
		assert_int_equal(rv32_counts(m->core)->exceptions, count + 1);
		assert_non_null(strstr(rv32_fault_text(m->core), cases[i].text));
		assert_non_null(strstr(rv32_fault_text(m->core), "pc 0x40380400"));
		assert_int_equal(machine_csr(m, MCAUSE), cases[i].cause);
		assert_int_equal(machine_csr(m, MTVAL), cases[i].value);
		assert_int_equal(machine_csr(m, MEPC), START);
	}
	machine_free(m);
}

static void fetch_faults(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	set_reg(m, RA, NOTHING + 2);
	machine_execute(m, jalr(ZERO, RA, 0));
	assert_int_equal(reg(m, PC), NOTHING + 2); /* the jump itself is done */
	rv32_run(m->core, rv32_now(m->core) + 1);
	assert_int_equal(machine_csr(m, MCAUSE), 1);
	assert_int_equal(machine_csr(m, MTVAL), NOTHING + 2);
	assert_int_equal(machine_csr(m, MEPC), NOTHING + 2);
	/* The second half of an instruction is missing: its address is the value. */
	machine_poke(m, RAM + MEMORY_BYTES - 4, PAIR(0x0001, 0x0513));
	set_reg(m, PC, RAM + MEMORY_BYTES - 2);
	rv32_run(m->core, rv32_now(m->core) + 1);
	assert_int_equal(machine_csr(m, MCAUSE), 1);
	assert_int_equal(machine_csr(m, MTVAL), RAM + MEMORY_BYTES);
	assert_int_equal(machine_csr(m, MEPC), RAM + MEMORY_BYTES - 2);
	machine_free(m);
}

static void mstatus_through_trap_and_return(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	assert_int_equal(machine_csr(m, MSTATUS), 0x1800);
	write_csr(m, MSTATUS, 0xffffffff);
	assert_int_equal(machine_csr(m, MSTATUS), 0x1888);
	machine_program(m, ECALL, NOP);
	set_reg(m, PC, START);
	machine_step(m, 1);
	assert_int_equal(machine_csr(m, MSTATUS), 0x1880);
	write_csr(m, MEPC, START + 5);
	assert_int_equal(machine_csr(m, MEPC), START + 4);
	machine_poke(m, VECTORS, MRET);
	machine_step(m, 1);
	assert_int_equal(reg(m, PC), START + 4);
	assert_int_equal(machine_csr(m, MSTATUS), 0x1888);
	machine_free(m);
}

static void interrupts_go_to_their_vector(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	machine_program(m, NOP, NOP, HERE);
	set_reg(m, PC, START);
	rv32_set_interrupt(m->core, 31);
	machine_step(m, 1);
	assert_int_equal(reg(m, PC), START + 4); /* MIE is clear */
	write_csr(m, MSTATUS, 8);
	rv32_run(m->core, rv32_now(m->core) + 1);
	assert_int_equal(reg(m, PC), VECTORS + 4 * 31);
	rv32_set_interrupt(m->core, 0);
	assert_int_equal(machine_csr(m, MCAUSE), 0x8000001f);
	assert_int_equal(machine_csr(m, MTVAL), 0);
	assert_int_equal(machine_csr(m, MEPC), START + 4);
	assert_int_equal(machine_csr(m, MSTATUS), 0x1880);
	machine_free(m);
}

static void raise_five(struct machine *m)
{
	rv32_set_interrupt(m->core, 5);
}

/* Raised by a store's callback, it is taken before the next instruction; enabled by an instruction,
 * before the one behind that. */
static void interrupts_are_exact(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	write_csr(m, MSTATUS, 8);
	m->on_write = raise_five;
	machine_program(m, sw(A0, A1, 0), addi(A2, ZERO, 1), HERE);
	set_reg(m, PC, START);
	set_reg(m, A1, PERIPHERAL);
	rv32_run(m->core, rv32_now(m->core) + 10);
	assert_int_equal(m->writes, 1);
	assert_int_equal(m->write_pc, START);
	assert_int_equal(reg(m, A2), 0);
	rv32_set_interrupt(m->core, 0);
	assert_int_equal(machine_csr(m, MEPC), START + 4);
	rv32_set_interrupt(m->core, 6);
	machine_program(m, csr(6, ZERO, MSTATUS, 8), addi(A2, ZERO, 1), HERE);
	set_reg(m, PC, START);
	rv32_run(m->core, rv32_now(m->core) + 10);
	assert_int_equal(reg(m, A2), 0);
	assert_int_equal(reg(m, PC), VECTORS + 4 * 6);
	rv32_set_interrupt(m->core, 0);
	assert_int_equal(machine_csr(m, MEPC), START + 4);
	machine_free(m);
}

/* mret enables: a pending interrupt is taken at mepc without an instruction between. */
static void interrupt_after_return(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	write_csr(m, MSTATUS, 0x80);
	write_csr(m, MEPC, NOTHING); /* not even fetched */
	machine_program(m, MRET);
	set_reg(m, PC, START);
	rv32_set_interrupt(m->core, 1);
	rv32_run(m->core, rv32_now(m->core) + 10);
	rv32_set_interrupt(m->core, 0);
	assert_int_equal(reg(m, PC), VECTORS + 4);
	assert_int_equal(machine_csr(m, MEPC), NOTHING);
	assert_int_equal(machine_csr(m, MCAUSE), 0x80000001);
	machine_free(m);
}

static void wfi_sleeps_and_wakes(void **state)
{
	struct machine *m = machine_new();
	uint64_t start, cycles;

	(void)state;
	machine_program(m, WFI, addi(A0, ZERO, 1), HERE);
	set_reg(m, PC, START);
	start = rv32_now(m->core);
	assert_int_equal(rv32_run(m->core, start + 1000), RV32_STOP_SLEEP);
	assert_int_equal(rv32_now(m->core), start + 1);
	assert_int_equal(rv32_run(m->core, start + 1000), RV32_STOP_SLEEP);
	cycles = rv32_counts(m->core)->cycles;
	assert_false(rv32_sleep(m->core, start + 500));
	assert_int_equal(rv32_now(m->core), start + 500);
	assert_int_equal(rv32_counts(m->core)->sleep_cycles, 499);
	assert_int_equal(rv32_counts(m->core)->cycles, cycles);
	rv32_set_interrupt(m->core, 3); /* MIE is clear: wakes, goes on behind WFI */
	assert_true(rv32_sleep(m->core, start + 600));
	assert_int_equal(rv32_now(m->core), start + 500);
	machine_step(m, 1);
	assert_int_equal(reg(m, A0), 1);
	set_reg(m, PC, START); /* pending: WFI does not sleep */
	machine_step(m, 2);
	assert_int_equal(reg(m, PC), START + 8);
	machine_free(m);
}

static void csr_operations(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	set_reg(m, A0, 0xff00);
	machine_execute(m, csr(1, A1, 0x340, A0)); /* csrrw */
	machine_execute(m, csr(6, A1, 0x340, 5));  /* csrrsi */
	assert_int_equal(reg(m, A1), 0xff00);
	machine_execute(m, csr(7, A1, 0x340, 1)); /* csrrci */
	assert_int_equal(reg(m, A1), 0xff05);
	set_reg(m, A0, 0xf000);
	machine_execute(m, csr(3, A1, 0x340, A0)); /* csrrc */
	assert_int_equal(reg(m, A1), 0xff04);
	machine_execute(m, csr(2, A1, 0x340, A1)); /* csrrs with its own result */
	assert_int_equal(reg(m, A1), 0x0f04);
	machine_execute(m, csr(5, A1, 0x340, 31)); /* csrrwi */
	assert_int_equal(reg(m, A1), 0xff04);
	assert_int_equal(machine_csr(m, 0x340), 31);
	set_reg(m, A0, 0xabcd);
	machine_execute(m, csr(1, A1, CSR_CHIP, A0));
	assert_int_equal(m->chip_csr, 0xabcd);
	machine_execute(m, csr(7, A1, CSR_CHIP, 1));
	assert_int_equal(reg(m, A1), 0xabcd);
	assert_int_equal(m->chip_csr, 0xabcc);
	write_csr(m, MTVEC, 0x40381fff);
	assert_int_equal(machine_csr(m, MTVEC), 0x40381f01); /* 256-byte aligned, vectored */
	write_csr(m, 0x301, 0);
	assert_int_equal(machine_csr(m, 0x301), 0x40001104);
	assert_int_equal(machine_csr(m, 0xf14), 0);
	assert_int_equal(machine_csr(m, 0xf11), 0x612);
	assert_int_equal(rv32_counts(m->core)->exceptions, 0);
	machine_free(m);
}

/* Every event over one program; several at once count a cycle once. */
static void performance_counter_events(void **state)
{
	static const struct {
		uint32_t events, count;
	} cases[] = {
		{1u << 0, 17},          /* cycles: 1 2 1 1 1 1 1 1 3 2 3 */
		{1u << 1, 11},          /* instructions */
		{1u << 2, 1},           /* load hazards */
		{1u << 3, 1},           /* jump hazards */
		{1u << 4, 0},           /* idle: nothing waits in RAM */
		{1u << 5, 2},           /* loads */
		{1u << 6, 1},           /* stores */
		{1u << 7, 1},           /* jumps */
		{1u << 8, 2},           /* branches */
		{1u << 9, 1},           /* branches taken */
		{1u << 10, 2},          /* compressed */
		{1u << 5 | 1u << 6, 3}, /* loads and stores */
		{1u << 1 | 1u << 5, 11},
		{1u << 2 | 1u << 5, 3},
		{1u << 8 | 1u << 9, 2},
		{1u << 9 | 1u << 10, 3},
		{0x7ff, 17},
		{0, 0},
	};
	struct machine *m = machine_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_csr(m, MPCER, cases[i].events);
		write_csr(m, MPCMR, 1);
		machine_program(m, csr(5, ZERO, MPCCR, 0), lw(A0, A1, 0), addi(A0, A0, 0),
				lw(A0, A1, 0), PAIR(0x0001, 0x0001), sw(A3, A1, 0),
				branch(1, ZERO, ZERO, 8), branch(0, ZERO, ZERO, 4), addi(RA, RA, 0),
				jalr(ZERO, RA, 0), HERE);
		set_reg(m, A1, DATA);
		set_reg(m, RA, START + 40);
		set_reg(m, PC, START);
		machine_step(m, 11);
		assert_int_equal(reg(m, PC), START + 40);
		assert_int_equal(rv32_event_count(m->core), cases[i].count);
	}
	machine_free(m);
}

static void performance_counter_modes(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	assert_int_equal(machine_csr(m, MPCMR), 3);
	write_csr(m, MPCER, 2);
	write_csr(m, MPCCR, 0xfffffffe);
	machine_execute(m, NOP); /* the write itself, and this one */
	machine_execute(m, NOP);
	assert_int_equal(rv32_event_count(m->core), 0xffffffff); /* stays there */
	write_csr(m, MPCMR, 1);
	write_csr(m, MPCCR, 0xfffffffe);
	machine_execute(m, NOP);
	machine_execute(m, NOP);
	assert_int_equal(rv32_event_count(m->core), 1); /* wraps */
	write_csr(m, MPCMR, 0);
	machine_execute(m, NOP);
	assert_int_equal(rv32_event_count(m->core), 1); /* nor the write that stopped it */
	machine_free(m);
}

static void performance_counter_does_not_sleep(void **state)
{
	struct machine *m = machine_new();
	uint32_t before;

	(void)state;
	write_csr(m, MPCER, 1);
	machine_program(m, WFI);
	set_reg(m, PC, START);
	rv32_run(m->core, rv32_now(m->core) + 10);
	before = rv32_event_count(m->core);
	rv32_sleep(m->core, rv32_now(m->core) + 1000);
	assert_int_equal(rv32_event_count(m->core), before);
	machine_free(m);
}

static void lockup_without_a_handler(void **state)
{
	struct machine *m = machine_new();

	(void)state;
	write_csr(m, MTVEC, NOTHING);
	machine_program(m, 0);
	set_reg(m, PC, START);
	assert_int_equal(rv32_run(m->core, rv32_now(m->core) + 100), RV32_STOP_LOCKUP);
	assert_int_equal(rv32_run(m->core, rv32_now(m->core) + 100), RV32_STOP_LOCKUP);
	assert_non_null(strstr(rv32_fault_text(m->core), "lockup"));
	assert_non_null(strstr(rv32_fault_text(m->core), "illegal instruction 0x0000"));
	rv32_reset(m->core, START);
	machine_program(m, HERE);
	assert_int_equal(rv32_run(m->core, rv32_now(m->core) + 100), RV32_STOP_LIMIT);
	machine_free(m);
}

static void stop(struct machine *m)
{
	rv32_request_stop(m->core);
}

static void stop_request_and_limit(void **state)
{
	struct machine *m = machine_new();
	uint64_t start = rv32_now(m->core);

	(void)state;
	m->on_write = stop;
	machine_program(m, NOP, store(0, A0, A1, 1), NOP, HERE);
	set_reg(m, A0, 0x1234);
	set_reg(m, A1, PERIPHERAL);
	assert_int_equal(rv32_run(m->core, start + 100), RV32_STOP_REQUEST);
	assert_int_equal(m->write_cycle, start + 1);
	assert_int_equal(m->written, 0x34);
	assert_int_equal(m->write_size, 1);
	assert_int_equal(reg(m, PC), START + 8);
	assert_int_equal(rv32_run(m->core, start + 100), RV32_STOP_LIMIT);
	assert_in_range(rv32_now(m->core), start + 100, start + 102);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exceptions),
		cmocka_unit_test(fetch_faults),
		cmocka_unit_test(mstatus_through_trap_and_return),
		cmocka_unit_test(interrupts_go_to_their_vector),
		cmocka_unit_test(interrupts_are_exact),
		cmocka_unit_test(interrupt_after_return),
		cmocka_unit_test(wfi_sleeps_and_wakes),
		cmocka_unit_test(csr_operations),
		cmocka_unit_test(performance_counter_events),
		cmocka_unit_test(performance_counter_modes),
		cmocka_unit_test(performance_counter_does_not_sleep),
		cmocka_unit_test(lockup_without_a_handler),
		cmocka_unit_test(stop_request_and_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
