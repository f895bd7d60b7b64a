/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How fast the Arm cores of the virtual rig are, as a ratio to Unicorn in the same run:
 *
 *   core_speed M4|M7|M33 IMAGE [REPEATS [WAIT_STATES]]
 *
 * IMAGE is a flat binary for flash at 0x08000000 that ends by storing a word to 0x40000000 (built
 * from core_guest.c, or any other). This core counts cycles, classes, stalls and toggled bits;
 * Unicorn counts nothing (plain), instructions per block (block hook), and also sees every load and
 * store (memory hooks), which is the least it would need for energy. The configurations take turns
 * REPEATS times; the median of each is printed. Both must arrive at the same
 * word. The instruction counts are printed side by side; Unicorn's has the breakpoint, one more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <unicorn/unicorn.h>

#include "rigs/virtual/cores/armv7em.h"

#define FLASH       0x08000000u
#define FLASH_BYTES 0x100000u
#define RAM         0x20000000u
#define RAM_BYTES   0x20000u
#define DONE        0x40000000u
#define REPEATS_MAX 31

struct model {
	const char *name;
	enum armv7em_model core;
	int unicorn_cpu;
	unsigned unicorn_mode;
};

/* UC_MODE_MCLASS forces the M33; without it the model is the one asked for. */
static const struct model models[] = {
	{"M4", ARMV7EM_M4, UC_CPU_ARM_CORTEX_M4, UC_MODE_THUMB},
	{"M7", ARMV7EM_M7, UC_CPU_ARM_CORTEX_M7, UC_MODE_THUMB},
	{"M33", ARMV7EM_M33, UC_CPU_ARM_CORTEX_M33, UC_MODE_THUMB | UC_MODE_MCLASS},
};

struct outcome {
	double seconds;
	uint64_t instructions, cycles;
	uint32_t word;
};

struct machine {
	const struct model *model;
	uint8_t flash[FLASH_BYTES];
	uint8_t ram[RAM_BYTES];
	uint16_t block_counts[FLASH_BYTES / 2];
	struct armv7em *core;
	bool done;
	uint32_t word;
	uint64_t counted, accesses;
	unsigned wait_states;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- this core ---- */

static bool on_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	(void)context, (void)address, (void)size;
	*ret_value = 0;
	return true;
}

static bool on_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct machine *m = context;

	(void)size;
	if (address != DONE)
		return false;
	m->word = value;
	m->done = true;
	armv7em_request_stop(m->core);
	return true;
}

static struct outcome run_core(struct machine *m)
{
	const struct armv7em_bus bus = {m, on_read, on_write};
	bool axi = m->model->core == ARMV7EM_M7;
	struct outcome outcome;
	double start;

	memset(m->ram, 0, sizeof(m->ram));
	m->done = false;
	m->core = armv7em_new(&bus, m->model->core, 16);
	armv7em_map(m->core, FLASH, FLASH_BYTES, m->flash,
		    axi ? ARMV7EM_MEMORY_AXI_FLASH : ARMV7EM_MEMORY_FLASH);
	armv7em_map(m->core, RAM, RAM_BYTES, m->ram, ARMV7EM_MEMORY_RAM);
	armv7em_reset(m->core, FLASH);
	armv7em_set_flash(m->core, m->wait_states, false, true, true);
	start = now_s();
	if (armv7em_run(m->core, UINT64_MAX) != ARMV7EM_STOP_REQUEST)
		fprintf(stderr, "core_speed: %s\n", armv7em_fault_text(m->core));
	outcome.seconds = now_s() - start;
	outcome.instructions = armv7em_counts(m->core)->instructions;
	outcome.cycles = armv7em_counts(m->core)->cycles;
	outcome.word = m->done ? m->word : 0;
	armv7em_free(m->core);
	return outcome;
}

/* ---- Unicorn ---- */

static uint16_t count_instructions(const uint8_t *code, uint32_t bytes)
{
	uint16_t count = 0;

	for (uint32_t i = 0; i < bytes; count++)
		i += (code[i + 1] >> 3) >= 0x1d ? 4 : 2;
	return count;
}

/* Instructions by block, counted when a block is first seen. */
static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
	struct machine *m = context;
	uint32_t offset = (uint32_t)(address - FLASH);

	(void)uc;
	if (!m->block_counts[offset / 2])
		m->block_counts[offset / 2] = count_instructions(m->flash + offset, size);
	m->counted += m->block_counts[offset / 2];
}

static void on_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
		      void *context)
{
	struct machine *m = context;

	(void)uc, (void)type, (void)address, (void)size, (void)value;
	m->accesses++;
}

static uint64_t on_mmio_read(uc_engine *uc, uint64_t offset, unsigned size, void *context)
{
	(void)uc, (void)offset, (void)size, (void)context;
	return 0;
}

static void on_mmio_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value,
			  void *context)
{
	struct machine *m = context;

	(void)uc, (void)size;
	if (offset == 0)
		m->word = (uint32_t)value;
}

static void on_ignored_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value,
			     void *context)
{
	(void)uc, (void)offset, (void)size, (void)value, (void)context;
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *context)
{
	(void)number, (void)context;
	uc_emu_stop(uc); /* the image's breakpoint */
}

enum hooks { HOOKS_NONE, HOOKS_BLOCK, HOOKS_MEMORY };

static void check(uc_err error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "core_speed: %s: %s\n", what, uc_strerror(error));
	exit(3);
}

static uc_engine *open_unicorn(struct machine *m, enum hooks hooks)
{
	uint32_t vectors[2];
	uc_engine *uc;
	uc_hook hook;

	check(uc_open(UC_ARCH_ARM, (uc_mode)m->model->unicorn_mode, &uc), "uc_open");
	uc_ctl_set_cpu_model(uc, m->model->unicorn_cpu);
	memset(m->ram, 0, sizeof(m->ram));
	check(uc_mem_map_ptr(uc, FLASH, FLASH_BYTES, UC_PROT_ALL, m->flash), "flash");
	check(uc_mem_map_ptr(uc, RAM, RAM_BYTES, UC_PROT_ALL, m->ram), "ram");
	check(uc_mmio_map(uc, DONE, 0x1000, on_mmio_read, m, on_mmio_write, m), "peripheral");
	check(uc_mmio_map(uc, 0xe000e000, 0x1000, on_mmio_read, m, on_ignored_write, m), "scs");
	check(uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)on_interrupt, m, 1, 0), "hook");
	if (hooks >= HOOKS_BLOCK)
		check(uc_hook_add(uc, &hook, UC_HOOK_BLOCK, (void *)on_block, m, 1, 0), "hook");
	if (hooks >= HOOKS_MEMORY)
		check(uc_hook_add(uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
				  (void *)on_access, m, 1, 0),
		      "hook");
	memcpy(vectors, m->flash, sizeof(vectors));
	uc_reg_write(uc, UC_ARM_REG_SP, &vectors[0]);
	return uc;
}

static struct outcome run_unicorn(struct machine *m, enum hooks hooks)
{
	uc_engine *uc = open_unicorn(m, hooks);
	struct outcome outcome = {0};
	uint32_t entry;
	double start;

	memcpy(&entry, m->flash + 4, sizeof(entry));
	m->counted = m->accesses = 0;
	m->word = 0;
	start = now_s();
	check(uc_emu_start(uc, entry | 1, 0xffffffff, 0, 0), "uc_emu_start");
	outcome.seconds = now_s() - start;
	outcome.instructions = m->counted;
	outcome.word = m->word;
	uc_close(uc);
	return outcome;
}

/* ---- the comparison ---- */

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(values[0]), compare_doubles);
	return values[count / 2];
}

static int compare_speeds(struct machine *m, unsigned repeats)
{
	static const char *const names[] = {"this core", "Unicorn plain", "Unicorn block hook",
					    "Unicorn block and memory hooks"};
	double seconds[4][REPEATS_MAX], core_s;
	struct outcome core = {0}, other = {0};

	for (unsigned i = 0; i < repeats; i++) {
		core = run_core(m);
		seconds[0][i] = core.seconds;
		for (unsigned k = 0; k < 3; k++) {
			other = run_unicorn(m, (enum hooks)k);
			seconds[1 + k][i] = other.seconds;
			if (other.word != core.word || !core.word) {
				fprintf(stderr, "core_speed: results 0x%08x and 0x%08x\n",
					core.word, other.word);
				return 1;
			}
		}
	}
	core_s = median(seconds[0], repeats);
	printf("%s, %u wait states: %llu instructions (Unicorn %llu), %llu cycles, result 0x%08x\n",
	       m->model->name, m->wait_states, (unsigned long long)core.instructions,
	       (unsigned long long)other.instructions, (unsigned long long)core.cycles, core.word);
	for (unsigned k = 0; k < 4; k++) {
		double s = median(seconds[k], repeats);

		printf("%-32s %7.1f M instr/s   this core is %.2f times as fast\n", names[k],
		       1e-6 * (double)core.instructions / s, s / core_s);
	}
	return 0;
}

static const struct model *find_model(const char *name)
{
	for (unsigned i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (!strcmp(models[i].name, name))
			return &models[i];
	return NULL;
}

int main(int argc, char **argv)
{
	static struct machine machine;
	unsigned repeats = argc > 3 ? (unsigned)atoi(argv[3]) : 5;
	FILE *file;

	if (argc < 3 || !(machine.model = find_model(argv[1])) || repeats < 1 ||
	    repeats > REPEATS_MAX) {
		fprintf(stderr, "usage: core_speed M4|M7|M33 IMAGE [REPEATS [WAIT_STATES]]\n");
		return 2;
	}
	machine.wait_states = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
	file = fopen(argv[2], "rb");
	if (!file || !fread(machine.flash, 1, FLASH_BYTES, file)) {
		perror(argv[2]);
		return 3;
	}
	fclose(file);
	return compare_speeds(&machine, repeats);
}
