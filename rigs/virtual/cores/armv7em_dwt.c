/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: the cycle counter of the data watchpoint and trace unit (ARMv7-M ARM, C1.8). It
 * has no comparators, no trace packets and no profiling counters here, and CTRL says so. On silicon
 * an access without DEMCR.TRCENA reads nonsense; here it stops the core, so that a port cannot ship
 * it. The M7 locks it after reset: writes are ignored until the key is in LAR (TRM DDI 0489, DWT
 * programmers' model). On the M4 LAR has no effect, the M33 has none.
 */
#include "rigs/virtual/cores/armv7em_core.h"

#define CTRL_CYCCNTENA 1u
/* NUMCOMP 0, NOTRCPKT, NOEXTTRIG, NOPRFCNT */
#define CTRL_FIXED 0x0d000000u

#define LAR_KEY    0xc5acce55u /* CoreSight lock access */
#define LSR_EXISTS 1u
#define LSR_LOCKED 2u

enum { DWT_CTRL = 0x00, DWT_CYCCNT = 0x04, DWT_LAR = 0xfb0, DWT_LSR = 0xfb4 };

static uint64_t awake_cycles(const struct armv7em *core)
{
	return core->now - core->counts.sleep_cycles;
}

uint32_t dwt_cyccnt(const struct armv7em *core)
{
	const struct dwt *dwt = &core->dwt;

	if (!dwt->counting || !dwt->trace_enabled)
		return dwt->value;
	return dwt->value + (uint32_t)(awake_cycles(core) - dwt->since);
}

static void set_value(struct armv7em *core, uint32_t value)
{
	core->dwt.value = value;
	core->dwt.since = awake_cycles(core);
}

void dwt_set_trace(struct armv7em *core, bool enabled)
{
	set_value(core, dwt_cyccnt(core));
	core->dwt.trace_enabled = enabled;
}

static bool is_legal(struct armv7em *core, uint32_t address)
{
	if (core->dwt.trace_enabled)
		return true;
	core->locked_up = true;
	fault_set(core, &(struct fault){.exception = EXCEPTION_HARD_FAULT},
		  "DWT register 0x%08x accessed while DEMCR.TRCENA is 0: "
		  "DEMCR (0xe000edfc) bit 24 must be set before any DWT access",
		  address);
	core_update_horizon(core);
	return false;
}

bool dwt_read(struct armv7em *core, uint32_t address, unsigned size, uint32_t *ret_value)
{
	if (!is_legal(core, address) || size != 4)
		return false;
	switch (address & 0xfff) {
	case DWT_CTRL:
		*ret_value = CTRL_FIXED | (core->dwt.counting ? CTRL_CYCCNTENA : 0);
		break;
	case DWT_CYCCNT:
		*ret_value = dwt_cyccnt(core);
		break;
	case DWT_LSR:
		*ret_value = core->model->dwt_lock
				     ? LSR_EXISTS | (core->dwt.locked ? LSR_LOCKED : 0)
				     : 0;
		break;
	default:
		*ret_value = 0;
		break;
	}
	return true;
}

bool dwt_write(struct armv7em *core, uint32_t address, unsigned size, uint32_t value)
{
	if (!is_legal(core, address) || size != 4)
		return false;
	if (core->model->dwt_lock && (address & 0xfff) == DWT_LAR)
		core->dwt.locked = value != LAR_KEY;
	if (core->dwt.locked)
		return true;
	switch (address & 0xfff) {
	case DWT_CTRL:
		set_value(core, dwt_cyccnt(core));
		core->dwt.counting = value & CTRL_CYCCNTENA;
		break;
	case DWT_CYCCNT:
		set_value(core, value);
		break;
	default:
		break;
	}
	return true;
}
