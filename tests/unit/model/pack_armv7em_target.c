/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What pack_armv7em_core.c runs on a simulated core: one kernel of the Armv7E-M set for each
 * reset. The host has put the call at MAILBOX.
 */
#include "firmware/runtime/kernels/kernel.h"
#include "tests/unit/model/pack_armv7em_target.h"

static void run(void)
{
	const struct kernel_call *call = (const struct kernel_call *)TARGET_MAILBOX;
	volatile uint32_t *signal = (volatile uint32_t *)TARGET_SIGNAL;

	*signal = TARGET_STARTS;
	kernel_set_armv7em.functions[call->op->variant](call);
	*signal = TARGET_IS_DONE;
	for (;;)
		;
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
	(const void *)TARGET_STACK_TOP, (const void *)run};
