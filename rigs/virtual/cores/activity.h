/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a core did: the instruction classes that the plant charges for. Monotonic counters; callers
 * take differences.
 */
#ifndef RIGS_VIRTUAL_CORES_ACTIVITY_H
#define RIGS_VIRTUAL_CORES_ACTIVITY_H

#include <stdint.h>

enum core_class {
	CORE_CLASS_ALU = 0,
	CORE_CLASS_LOAD,
	CORE_CLASS_STORE,
	CORE_CLASS_LOAD_MULTIPLE, /* LDM, POP, LDRD, VLDM */
	CORE_CLASS_STORE_MULTIPLE,
	CORE_CLASS_MUL,
	CORE_CLASS_MAC,  /* MLA, SMLAL, SMLAxy, ... */
	CORE_CLASS_SIMD, /* parallel add/sub, SMLAD, SXTB16, packing, saturation */
	CORE_CLASS_DIV,
	CORE_CLASS_BRANCH, /* executed branches, taken or not */
	CORE_CLASS_FP,
	CORE_CLASS_OTHER, /* hints, barriers, IT, system; instructions that IT skipped */
	CORE_CLASS_COUNT,
};

struct core_counts {
	uint64_t cycles;       /* core clock cycles while running (asleep: none) */
	uint64_t sleep_cycles; /* core clock cycles slept through */
	uint64_t instructions; /* executed, IT-skipped ones included (as QEMU counts) */
	uint64_t classes[CORE_CLASS_COUNT];
	uint64_t taken_branches;
	uint64_t flash_fetch_stalls; /* cycles lost to instruction fetch from flash */
	uint64_t flash_data_reads;
	uint64_t flash_stalls; /* cycles lost to data reads from flash */
	uint64_t exceptions;
	uint64_t toggled_bits; /* Hamming distance between successive loaded data words, summed */
};

#endif
