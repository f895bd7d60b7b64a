/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Speed of the RV32 core (cycles, classes, toggled bits counted) against Unicorn with an empty
 * block hook, on the same compiled program in the same run: interleaved, best of the repeats of
 * each.
 *
 *   rv32_speed [ROUNDS [REPEATS [LEAST_RATIO]]]
 *
 * Exit status 1 if the core is slower than LEAST_RATIO times Unicorn; 77 without the compiler.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unicorn/unicorn.h>

#include "rigs/virtual/cores/rv32.h"
#include "tests/unit/virtual/test_rv32_program.h"
#include "tests/unit/virtual/test_rv32_workload.h"

static uint8_t image[PROGRAM_BYTES], memory[PROGRAM_BYTES];
static struct rv32 *running;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint32_t result(void)
{
	uint32_t value;

	memcpy(&value, memory + (PROGRAM_RESULT - PROGRAM_BASE), 4);
	return value;
}

static bool on_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	(void)context;
	(void)size;
	(void)value;
	rv32_request_stop(running);
	return address == PROGRAM_EXIT;
}

static double run_core(enum rv32_memory kind, uint64_t *ret_instructions)
{
	struct rv32_bus bus = {.write = on_write};
	uint32_t half = PROGRAM_BYTES / 2;
	double start;

	memcpy(memory, image, sizeof(memory));
	running = rv32_new(&bus);
	rv32_map(running, PROGRAM_BASE, half, memory, kind);
	rv32_map(running, PROGRAM_BASE + half, half, memory + half, RV32_MEMORY_RAM);
	rv32_set_flash(running, 40);
	rv32_reset(running, PROGRAM_BASE);
	start = seconds();
	rv32_run(running, UINT64_MAX);
	start = seconds() - start;
	*ret_instructions = rv32_counts(running)->instructions;
	rv32_free(running);
	return start;
}

static void on_block(uc_engine *oracle, uint64_t address, uint32_t size, void *context)
{
	(void)oracle;
	(void)address;
	(void)size;
	(void)context;
}

static void on_exit_write(uc_engine *oracle, uint64_t offset, unsigned size, uint64_t value,
			  void *context)
{
	(void)offset;
	(void)size;
	(void)value;
	(void)context;
	uc_emu_stop(oracle);
}

static double run_unicorn(void)
{
	uc_engine *oracle;
	uc_hook hook;
	double start;

	memcpy(memory, image, sizeof(memory));
	if (uc_open(UC_ARCH_RISCV, UC_MODE_RISCV32, &oracle) != UC_ERR_OK)
		return 0;
	uc_mem_map_ptr(oracle, PROGRAM_BASE, PROGRAM_BYTES, UC_PROT_ALL, memory);
	uc_mmio_map(oracle, PROGRAM_EXIT, 0x1000, NULL, NULL, on_exit_write, NULL);
	uc_hook_add(oracle, &hook, UC_HOOK_BLOCK, on_block, NULL, 1, 0);
	start = seconds();
	uc_emu_start(oracle, PROGRAM_BASE, 0xfffffffe, 0, 0);
	start = seconds() - start;
	uc_close(oracle);
	return start;
}

static double least(double best, double value)
{
	return best > 0 && best < value ? best : value;
}

static int compare(uint32_t rounds, int repeats, double least_ratio)
{
	uint32_t expected = workload(rounds);
	uint64_t instructions = 0;
	double core = 0, cached = 0, unicorn = 0;

	for (int i = 0; i < repeats; i++) {
		core = least(core, run_core(RV32_MEMORY_RAM, &instructions));
		if (result() != expected)
			return fprintf(stderr, "rv32_speed: wrong result from the core\n"), 2;
		cached = least(cached, run_core(RV32_MEMORY_CACHED, &instructions));
		unicorn = least(unicorn, run_unicorn());
		if (result() != expected)
			return fprintf(stderr, "rv32_speed: wrong result from Unicorn\n"), 2;
	}
	printf("%" PRIu64 " instructions: core %.1f M/s (from flash %.1f M/s), Unicorn with block "
	       "hook %.1f M/s, ratio %.2f\n",
	       instructions, 1e-6 * (double)instructions / core,
	       1e-6 * (double)instructions / cached, 1e-6 * (double)instructions / unicorn,
	       unicorn / core);
	return unicorn / core < least_ratio;
}

int main(int argc, char **argv)
{
	uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 2000;
	int repeats = argc > 2 ? atoi(argv[2]) : 5, status;
	double least_ratio = argc > 3 ? atof(argv[3]) : 0;
	char dir[] = "/tmp/rv32_speed_XXXXXX";

	if (!program_tools_exist()) {
		printf("skipped: no " PROGRAM_TOOLS "gcc\n");
		return 77;
	}
	if (!mkdtemp(dir) || !program_compile(dir, "2", rounds) || !program_load(dir, image)) {
		fprintf(stderr, "rv32_speed: cannot build the program\n");
		return 2;
	}
	program_remove(dir);
	status = compare(rounds, repeats, least_ratio);
	return status;
}
