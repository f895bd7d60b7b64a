/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What core_inference.c and core_inference_guest.c agree on: where things are on the simulated cores.
 */
#ifndef TESTS_BENCHMARKS_CORE_INFERENCE_GUEST_H
#define TESTS_BENCHMARKS_CORE_INFERENCE_GUEST_H

#include <stdint.h>

#define GUEST_FLASH       0x08000000u /* the guest's code; vectors first */
#define GUEST_FLASH_BYTES 0x200000u
#define GUEST_JOB         0x08040000u /* struct guest_job, in flash */
#define GUEST_IMAGE       0x08040010u /* the model image, in flash as on the boards */
#define GUEST_RAM         0x20000000u /* a stack of GUEST_ARENA - GUEST_RAM bytes, the arena */
#define GUEST_ARENA       0x20004000u
#define GUEST_RAM_BYTES   0x80000u
#define GUEST_DONE        0x40000000u /* takes 1 + enum runtime_status when all is done */

struct guest_job {
	uint32_t image_bytes;
	uint32_t arena_bytes;
	uint32_t inferences;
	uint32_t seed; /* of the inputs, a new one for each inference */
};

#endif
