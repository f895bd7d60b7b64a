/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADD: what a byte is worth comes from a table.
 */
#include "firmware/runtime/kernels/rv32/rv32.h"

void rv32_add_run(const struct kernel_call *call)
{
	const struct rv32_add *add = call->channels;
	const struct rv32_scale scale = rv32_scale_of(&add->finish, call->op);
	const uint8_t *a = (const uint8_t *)call->input[0], *b = (const uint8_t *)call->input[1];
	int8_t *to = call->output, *end = to + call->out->bytes;

	for (; to != end; to++) {
		uint32_t sum = add->worth[0][*a++] + add->worth[1][*b++];

		*to = rv32_scale_sum(sum, scale);
	}
}
