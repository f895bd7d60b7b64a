/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Memory of the simulated core in pack_armv7em_core.c. Its code is at 0.
 */
#ifndef TESTS_UNIT_MODEL_PACK_ARMV7EM_TARGET_H
#define TESTS_UNIT_MODEL_PACK_ARMV7EM_TARGET_H

#include <stddef.h>
#include <stdint.h>

#define TARGET_MAILBOX       0x20000000u /* a struct kernel_call, then what it points to */
#define TARGET_MAILBOX_BYTES 0x400u
#define TARGET_STACK         0x20100000u
#define TARGET_STACK_BYTES   0x1000u
#define TARGET_STACK_TOP     (TARGET_STACK + TARGET_STACK_BYTES)
#define TARGET_SIGNAL        0x40000000u
#define TARGET_CODE_BYTES    0x10000u
/* of buffer i: inputs, output, weights, channels, scratch */
#define TARGET_BUFFER(i) (0x21000000u + (uint32_t)(i)*0x01000000u)

enum { TARGET_STARTS = 1, TARGET_IS_DONE = 2 };

#endif
