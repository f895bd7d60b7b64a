/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How fast the cores of the virtual rig are, as a ratio to Unicorn in the same run:
 *
 *   core_inference M4|M7|M33|C3 GUEST MODEL.tflite [KERNELS [INFERENCES [REPEATS [WAIT_STATES]]]]
 *
 * GUEST is core_inference_guest.c with the boards' runtime for that core (core_inference.cmake
 * makes firmware/core-inference-{m4,m7,m33,c3}.bin), which runs INFERENCES of the model with its
 * image in flash. KERNELS is portable or the core's own set: armv7em, of the C3 rv32. WAIT_STATES
 * of the C3 are the cycles that a line of its cache takes to fill. This core counts cycles,
 * classes, stalls and toggled bits; Unicorn counts nothing (plain), instructions per block (block
 * hook), and also sees every load and store (memory hooks), which is the least it would need for
 * energy. The configurations take turns REPEATS times; the median of each is printed. All must
 * leave the same bytes in the arena. The instruction counts are printed side by side; Unicorn's
 * has what follows the last store in its block, one more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "bench/model/model.h"
#include "firmware/wire/wire.h"
#include "rigs/virtual/cores/armv7em.h"
#include "rigs/virtual/cores/rv32.h"
#include "tests/benchmarks/core_inference_guest.h"
#include "tests/benchmarks/timing.h"

#define REPEATS_MAX 31

struct outcome {
	double seconds;
	uint64_t instructions, cycles;
	uint32_t arena_crc; /* 0: did not arrive */
};

struct machine;

struct model {
	const char *name, *kernels;
	enum armv7em_model core; /* 0: the RV32 core */
	struct outcome (*run_core)(struct machine *m);
	uint16_t (*count_instructions)(const uint8_t *code, uint32_t bytes);
	uc_arch unicorn_arch;
	int unicorn_cpu; /* UNICORN_CPU_DEFAULT: as Unicorn opens */
	unsigned unicorn_mode;
};
#define UNICORN_CPU_DEFAULT (-1)

struct machine {
	const struct model *model;
	uint8_t flash[GUEST_FLASH_BYTES];
	uint8_t ram[GUEST_RAM_BYTES];
	uint16_t block_counts[GUEST_FLASH_BYTES / 2];
	struct armv7em *arm;
	struct rv32 *rv32;
	uint32_t word; /* what the guest stored to GUEST_DONE */
	uint64_t counted, accesses;
	unsigned wait_states;
	uint32_t arena_bytes;
};

static uint32_t arena_crc(const struct machine *m)
{
	return m->word == 1 ? wire_crc32(0, m->ram + (GUEST_ARENA - GUEST_RAM), m->arena_bytes) : 0;
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
	if (address != GUEST_DONE)
		return false;
	m->word = value;
	if (m->arm)
		armv7em_request_stop(m->arm);
	else
		rv32_request_stop(m->rv32);
	return true;
}

static struct outcome core_outcome(const struct machine *m, const struct core_counts *counts,
				   double seconds)
{
	return (struct outcome){seconds, counts->instructions, counts->cycles, arena_crc(m)};
}

static struct outcome run_arm(struct machine *m)
{
	const struct armv7em_bus bus = {m, on_read, on_write};
	bool axi = m->model->core == ARMV7EM_M7;
	struct outcome outcome;
	double start;

	m->arm = armv7em_new(&bus, m->model->core, 16);
	armv7em_map(m->arm, GUEST_FLASH, GUEST_FLASH_BYTES, m->flash,
		    axi ? ARMV7EM_MEMORY_AXI_FLASH : ARMV7EM_MEMORY_FLASH);
	armv7em_map(m->arm, GUEST_RAM, GUEST_RAM_BYTES, m->ram, ARMV7EM_MEMORY_RAM);
	armv7em_reset(m->arm, GUEST_FLASH);
	armv7em_set_flash(m->arm, m->wait_states, false, true, true);
	start = processor_seconds();
	if (armv7em_run(m->arm, UINT64_MAX) != ARMV7EM_STOP_REQUEST)
		fprintf(stderr, "core_inference: %s\n", armv7em_fault_text(m->arm));
	outcome = core_outcome(m, armv7em_counts(m->arm), processor_seconds() - start);
	armv7em_free(m->arm);
	m->arm = NULL;
	return outcome;
}

static struct outcome run_rv32(struct machine *m)
{
	const struct rv32_bus bus = {.context = m, .read = on_read, .write = on_write};
	struct outcome outcome;
	double start;

	m->rv32 = rv32_new(&bus);
	rv32_map(m->rv32, GUEST_FLASH, GUEST_FLASH_BYTES, m->flash, RV32_MEMORY_CACHED);
	rv32_map(m->rv32, GUEST_RAM, GUEST_RAM_BYTES, m->ram, RV32_MEMORY_RAM);
	rv32_set_flash(m->rv32, m->wait_states);
	rv32_reset(m->rv32, GUEST_FLASH);
	start = processor_seconds();
	if (rv32_run(m->rv32, UINT64_MAX) != RV32_STOP_REQUEST)
		fprintf(stderr, "core_inference: %s\n", rv32_fault_text(m->rv32));
	outcome = core_outcome(m, rv32_counts(m->rv32), processor_seconds() - start);
	rv32_free(m->rv32);
	m->rv32 = NULL;
	return outcome;
}

static struct outcome run_core(struct machine *m)
{
	memset(m->ram, 0, sizeof(m->ram));
	m->word = 0;
	return m->model->run_core(m);
}

/* ---- Unicorn ---- */

static uint16_t count_arm(const uint8_t *code, uint32_t bytes)
{
	uint16_t count = 0;

	for (uint32_t i = 0; i < bytes; count++)
		i += (code[i + 1] >> 3) >= 0x1d ? 4 : 2;
	return count;
}

static uint16_t count_rv32(const uint8_t *code, uint32_t bytes)
{
	uint16_t count = 0;

	for (uint32_t i = 0; i < bytes; count++)
		i += (code[i] & 3) == 3 ? 4 : 2;
	return count;
}

/* Instructions by block, counted when a block is first seen. */
static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
	struct machine *m = context;
	uint32_t offset = (uint32_t)(address - GUEST_FLASH);

	(void)uc;
	if (!m->block_counts[offset / 2])
		m->block_counts[offset / 2] = m->model->count_instructions(m->flash + offset, size);
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

	(void)size;
	if (offset != 0)
		return;
	m->word = (uint32_t)value;
	uc_emu_stop(uc);
}

static void on_ignored_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value,
			     void *context)
{
	(void)uc, (void)offset, (void)size, (void)value, (void)context;
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *context)
{
	(void)number, (void)context;
	uc_emu_stop(uc); /* the guest failed: GUEST_DONE is not written */
}

enum hooks { HOOKS_NONE, HOOKS_BLOCK, HOOKS_MEMORY };

static void check(uc_err error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "core_inference: %s: %s\n", what, uc_strerror(error));
	exit(3);
}

static void map_unicorn(uc_engine *uc, struct machine *m)
{
	check(uc_mem_map_ptr(uc, GUEST_FLASH, GUEST_FLASH_BYTES, UC_PROT_ALL, m->flash), "flash");
	check(uc_mem_map_ptr(uc, GUEST_RAM, GUEST_RAM_BYTES, UC_PROT_READ | UC_PROT_WRITE, m->ram),
	      "ram");
	check(uc_mmio_map(uc, GUEST_DONE, 0x1000, on_mmio_read, m, on_mmio_write, m), "peripheral");
	if (m->model->unicorn_arch == UC_ARCH_ARM)
		check(uc_mmio_map(uc, 0xe000e000, 0x1000, on_mmio_read, m, on_ignored_write, m),
		      "scs");
}

static uc_engine *open_unicorn(struct machine *m, enum hooks hooks)
{
	uc_engine *uc;
	uc_hook hook;

	check(uc_open(m->model->unicorn_arch, (uc_mode)m->model->unicorn_mode, &uc), "uc_open");
	if (m->model->unicorn_cpu != UNICORN_CPU_DEFAULT)
		uc_ctl_set_cpu_model(uc, m->model->unicorn_cpu);
	memset(m->ram, 0, sizeof(m->ram));
	map_unicorn(uc, m);
	check(uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)on_interrupt, m, 1, 0), "hook");
	if (hooks >= HOOKS_BLOCK)
		check(uc_hook_add(uc, &hook, UC_HOOK_BLOCK, (void *)on_block, m, 1, 0), "hook");
	if (hooks >= HOOKS_MEMORY)
		check(uc_hook_add(uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
				  (void *)on_access, m, 1, 0),
		      "hook");
	return uc;
}

/* Where it begins: Arm's vectors are a stack and an address, the RV32 guest's are code. */
static uint32_t entry_of(uc_engine *uc, const struct machine *m)
{
	uint32_t vectors[2];

	if (m->model->unicorn_arch != UC_ARCH_ARM)
		return GUEST_FLASH;
	memcpy(vectors, m->flash, sizeof(vectors));
	uc_reg_write(uc, UC_ARM_REG_SP, &vectors[0]);
	return vectors[1] | 1;
}

static struct outcome run_unicorn(struct machine *m, enum hooks hooks)
{
	uc_engine *uc = open_unicorn(m, hooks);
	uint32_t entry = entry_of(uc, m);
	struct outcome outcome = {0};
	double start;

	m->counted = m->accesses = 0;
	m->word = 0;
	start = processor_seconds();
	check(uc_emu_start(uc, entry, 0xfffffffe, 0, 0), "uc_emu_start");
	outcome.seconds = processor_seconds() - start;
	outcome.instructions = m->counted;
	outcome.arena_crc = arena_crc(m);
	uc_close(uc);
	return outcome;
}

/* ---- the comparison ---- */

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
			if (other.arena_crc != core.arena_crc || !core.arena_crc) {
				fprintf(stderr, "core_inference: arena 0x%08x and 0x%08x\n",
					core.arena_crc, other.arena_crc);
				return 1;
			}
		}
	}
	core_s = median_of(seconds[0], repeats);
	printf("%s, %u wait states: %llu instructions (Unicorn %llu), %llu cycles, arena 0x%08x\n",
	       m->model->name, m->wait_states, (unsigned long long)core.instructions,
	       (unsigned long long)other.instructions, (unsigned long long)core.cycles,
	       core.arena_crc);
	for (unsigned k = 0; k < 4; k++) {
		double s = median_of(seconds[k], repeats);

		printf("%-32s %7.1f M instr/s   this core is %.2f times as fast\n", names[k],
		       1e-6 * (double)core.instructions / s, s / core_s);
	}
	return 0;
}

/* UC_MODE_MCLASS forces the M33; without it the model is the one asked for. */
static const struct model models[] = {
	{"M4", "armv7em", ARMV7EM_M4, run_arm, count_arm, UC_ARCH_ARM, UC_CPU_ARM_CORTEX_M4,
	 UC_MODE_THUMB},
	{"M7", "armv7em", ARMV7EM_M7, run_arm, count_arm, UC_ARCH_ARM, UC_CPU_ARM_CORTEX_M7,
	 UC_MODE_THUMB},
	{"M33", "armv7em", ARMV7EM_M33, run_arm, count_arm, UC_ARCH_ARM, UC_CPU_ARM_CORTEX_M33,
	 UC_MODE_THUMB | UC_MODE_MCLASS},
	{"C3", "rv32", 0, run_rv32, count_rv32, UC_ARCH_RISCV, UNICORN_CPU_DEFAULT,
	 UC_MODE_RISCV32},
};

static const struct model *find_model(const char *name)
{
	for (unsigned i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (!strcmp(models[i].name, name))
			return &models[i];
	return NULL;
}

static int load_guest(struct machine *m, const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file || !fread(m->flash, 1, GUEST_JOB - GUEST_FLASH, file)) {
		perror(path);
		return 3;
	}
	fclose(file);
	return 0;
}

static int load_model(struct machine *m, const char *path, const char *kernels, uint32_t inferences)
{
	struct model_options options = model_options_portable;
	struct model_image *image;
	struct guest_job job;
	struct err err = {""};

	if (model_kernel_set_find(kernels, &options.kernel_set, &err) ||
	    model_image_build(path, &options, &image, &err)) {
		fprintf(stderr, "core_inference: %s\n", err.text);
		return 3;
	}
	job = (struct guest_job){(uint32_t)image->count, image->arena_bytes, inferences, 1};
	if (image->count > GUEST_FLASH + GUEST_FLASH_BYTES - GUEST_IMAGE ||
	    image->arena_bytes > GUEST_RAM + GUEST_RAM_BYTES - GUEST_ARENA) {
		fprintf(stderr, "core_inference: %s: too large\n", path);
		model_image_free(image);
		return 3;
	}
	m->arena_bytes = job.arena_bytes;
	memcpy(m->flash + (GUEST_JOB - GUEST_FLASH), &job, sizeof(job));
	memcpy(m->flash + (GUEST_IMAGE - GUEST_FLASH), image->bytes, image->count);
	printf("%s, %s kernels, %u inferences\n", image->name, kernels, inferences);
	model_image_free(image);
	return 0;
}

int main(int argc, char **argv)
{
	static struct machine machine;
	unsigned inferences = argc > 5 ? (unsigned)atoi(argv[5]) : 20;
	unsigned repeats = argc > 6 ? (unsigned)atoi(argv[6]) : 5;
	int ret;

	if (argc < 4 || !(machine.model = find_model(argv[1])) || repeats < 1 ||
	    repeats > REPEATS_MAX) {
		fprintf(stderr, "usage: core_inference M4|M7|M33|C3 GUEST MODEL.tflite "
				"[KERNELS [INFERENCES [REPEATS [WAIT_STATES]]]]\n");
		return 2;
	}
	machine.wait_states = argc > 7 ? (unsigned)atoi(argv[7]) : 0;
	ret = load_guest(&machine, argv[2]);
	if (!ret)
		ret = load_model(&machine, argv[3], argc > 4 ? argv[4] : machine.model->kernels,
				 inferences);
	return ret ? ret : compare_speeds(&machine, repeats);
}
