/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * NRST and BOOT0 on a link's modem lines. BOOT0 is sampled when NRST is released (STM32: AN2606),
 * and is kept still for the whole pulse and 1 ms more.
 */
#include "drivers/control/control.h"

#include <errno.h>
#include <string.h>

#include "drivers/link/link.h"

enum { RESET_PULSE_MS = 10, BOOT_HOLD_MS = 1 };

int control_line_parse(const char *text, struct control_line *ret_line, struct err *err)
{
	const char *name = text[0] == '!' ? text + 1 : text;

	if (strcmp(name, "dtr") && strcmp(name, "rts"))
		return err_set(err, -EINVAL, "'%s' is none of dtr, rts, !dtr, !rts", text);
	ret_line->is_dtr = !strcmp(name, "dtr");
	ret_line->active_asserted = name == text;
	return 0;
}

static int control_drive(struct control *control, bool reset_active, bool boot_active,
			 struct err *err)
{
	bool reset_asserted = reset_active == control->reset.active_asserted;
	bool boot_asserted = boot_active == control->boot.active_asserted;
	bool dtr = control->reset.is_dtr ? reset_asserted : boot_asserted;
	bool rts = control->reset.is_dtr ? boot_asserted : reset_asserted;
	int ret = link_set_lines(control->link, dtr, rts, err);

	if (ret)
		return err_context(err, ret, "reset and boot lines");
	control->in_reset = reset_active;
	control->in_boot = boot_active;
	return 0;
}

int control_init(struct control *control, struct link *link, struct control_line reset,
		 struct control_line boot, struct err *err)
{
	if (reset.is_dtr == boot.is_dtr)
		return err_set(err, -EINVAL, "reset and boot are both on %s",
			       reset.is_dtr ? "DTR" : "RTS");
	*control = (struct control){.link = link, .reset = reset, .boot = boot};
	return control_drive(control, false, false, err);
}

int control_reset(struct control *control, bool into_bootloader, struct err *err)
{
	int ret = control_drive(control, true, into_bootloader, err);

	if (ret)
		return ret;
	link_sleep_ms(control->link, RESET_PULSE_MS);
	ret = control_drive(control, false, into_bootloader, err);
	if (ret)
		return ret;
	link_sleep_ms(control->link, BOOT_HOLD_MS);
	return 0;
}
