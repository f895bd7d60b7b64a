/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compiles the workload for RV32IMC with the distribution's cross compiler, for tests and
 * benchmark. The program is linked to PROGRAM_BASE, its data to PROGRAM_DATA; it stores its result
 * at PROGRAM_RESULT and then writes PROGRAM_DONE to PROGRAM_EXIT (where QEMU's `virt` board takes
 * an exit).
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_RV32_PROGRAM_H
#define TESTS_UNIT_VIRTUAL_TEST_RV32_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROGRAM_BASE   0x80000000u
#define PROGRAM_BYTES  0x00010000u
#define PROGRAM_DATA   0x80008000u
#define PROGRAM_RESULT 0x8000fff0u
#define PROGRAM_EXIT   0x00100000u
#define PROGRAM_DONE   0x00005555u
#define PROGRAM_TOOLS  "riscv64-unknown-elf-"

static bool program_tools_exist(void)
{
	return system("command -v " PROGRAM_TOOLS "gcc >/dev/null 2>&1") == 0;
}

/* DIR/workload.elf and .bin, at -O`level`; run from the project's root. */
static bool program_compile(const char *dir, const char *level, uint32_t rounds)
{
	char path[300], command[1200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/workload.c", dir);
	file = fopen(path, "w");
	if (!file)
		return false;
	fprintf(file,
		"#include \"tests/unit/virtual/test_rv32_workload.h\"\n"
		"void run(void);\n"
		"__attribute__((naked, section(\".init\"))) void _start(void)\n"
		"{ __asm__(\"li sp,%#x\\n j run\"); }\n"
		"void run(void)\n"
		"{ *(volatile uint32_t *)%#xu = workload(%u);\n"
		"  *(volatile uint32_t *)%#xu = %#xu; for (;;); }\n",
		PROGRAM_RESULT & ~15u, PROGRAM_RESULT, rounds, PROGRAM_EXIT, PROGRAM_DONE);
	if (fclose(file))
		return false;
	snprintf(command, sizeof(command),
		 PROGRAM_TOOLS "gcc -march=rv32imc -misa-spec=2.2 -mabi=ilp32 -O%s -ffreestanding "
			       "-nostdlib -nostartfiles -I. -Wl,-Ttext=%#x "
			       "-Wl,--no-relax,--build-id=none,--section-start=.init=%#x,-Tbss=%#x "
			       "-o %s/workload.elf %s && " PROGRAM_TOOLS
			       "objcopy -O binary %s/workload.elf %s/workload.bin",
		 level, PROGRAM_BASE + 16, PROGRAM_BASE, PROGRAM_DATA, dir, path, dir, dir);
	return system(command) == 0;
}

static bool program_load(const char *dir, uint8_t *memory)
{
	char path[300];
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "%s/workload.bin", dir);
	file = fopen(path, "rb");
	if (!file)
		return false;
	got = fread(memory, 1, PROGRAM_BYTES, file);
	fclose(file);
	return got > 16 && got < PROGRAM_BYTES - 4096;
}

static void program_remove(const char *dir)
{
	static const char *const names[] = {"workload.c", "workload.elf", "workload.bin"};
	char path[300];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

#endif
