/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: a compiled program gives on the core what its source gives on the host, at every
 * optimisation level, from RAM and from flash behind the cache. Skipped without the cross compiler.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/cores/rv32.h"
#include "tests/unit/virtual/test_rv32_program.h"
#include "tests/unit/virtual/test_rv32_workload.h"

#define ROUNDS      5u
#define LINE_CYCLES 40u
#define HALF        (PROGRAM_BYTES / 2)

static uint8_t memory[PROGRAM_BYTES];
static struct rv32 *core;

static bool on_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	(void)context;
	if (address != PROGRAM_EXIT || size != 4 || value != PROGRAM_DONE)
		return false;
	rv32_request_stop(core);
	return true;
}

static void run(enum rv32_memory code, struct core_counts *ret_counts)
{
	struct rv32_bus bus = {.write = on_write};
	uint32_t result;

	core = rv32_new(&bus);
	assert_non_null(core);
	rv32_map(core, PROGRAM_BASE, HALF, memory, code);
	rv32_map(core, PROGRAM_BASE + HALF, HALF, memory + HALF, RV32_MEMORY_RAM);
	rv32_set_flash(core, LINE_CYCLES);
	rv32_reset(core, PROGRAM_BASE);
	assert_int_equal(rv32_run(core, 1000000000), RV32_STOP_REQUEST);
	*ret_counts = *rv32_counts(core);
	rv32_free(core);
	memcpy(&result, memory + (PROGRAM_RESULT - PROGRAM_BASE), 4);
	assert_int_equal(result, workload(ROUNDS));
	memset(memory + HALF, 0, HALF);
}

static void compiled_program(void **state)
{
	static const char *const levels[] = {"0", "1", "2", "3", "s"};
	char dir[] = "/tmp/rv32_program_XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		struct core_counts ram, flash;
		uint64_t stalls;

		memset(memory, 0, sizeof(memory));
		assert_true(program_compile(dir, levels[i], ROUNDS));
		assert_true(program_load(dir, memory));
		run(RV32_MEMORY_RAM, &ram);
		run(RV32_MEMORY_CACHED, &flash);
		stalls = flash.flash_fetch_stalls + flash.flash_stalls;
		assert_int_equal(ram.instructions, flash.instructions);
		assert_int_equal(ram.cycles + stalls, flash.cycles);
		assert_int_equal(ram.flash_fetch_stalls, 0);
		assert_true(flash.flash_fetch_stalls > 0 && stalls % LINE_CYCLES == 0);
		assert_memory_equal(ram.classes, flash.classes, sizeof(ram.classes));
	}
	program_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(compiled_program)};

	if (!program_tools_exist()) {
		print_message("skipped: no " PROGRAM_TOOLS "gcc\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
