/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernels for RV32IM.
 */
#include <stddef.h>

#include "firmware/runtime/kernels/kernel.h"

static kernel_fn *const functions[] = {
	NULL,
};

const struct kernel_set kernel_set_rv32 = {functions, sizeof(functions) / sizeof(functions[0]), false};
