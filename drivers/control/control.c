/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * NRST and BOOT0. BOOT0 is sampled when NRST is released (STM32: AN2606), and is kept still for the
 * whole pulse and 1 ms more.
 */
#include "drivers/control/control.h"

#include <errno.h>
#include <stdlib.h>

#include "drivers/control/control_tape.h"
#include "drivers/link/link.h"

enum { RESET_PULSE_MS = 10, BOOT_HOLD_MS = 1 };

static bool is_modem(const struct control_line *line)
{
	return line->kind == CONTROL_LINE_DTR || line->kind == CONTROL_LINE_RTS;
}

static int with_role(const struct control_output *output, int ret, struct err *err)
{
	return ret ? err_context(err, ret, "%s line", control_role_name(output->line.role)) : 0;
}

/* ---- one switch ---- */

static int output_open(struct control *control, struct control_output *output,
		       const struct control_line *line, struct err *err)
{
	int ret;

	output->line = *line;
	if (line->kind != CONTROL_LINE_SWITCH)
		return 0;
	output->state = calloc(1, line->ops->state_size);
	ret = output->state ? control_taped_open(control->tape, line, output->state, err)
			    : err_set(err, -ENOMEM, "out of memory");
	if (ret) {
		free(output->state);
		output->state = NULL;
		return with_role(output, ret, err);
	}
	output->is_open = true;
	return 0;
}

static int output_set(struct control *control, struct control_output *output, bool active,
		      struct err *err)
{
	if (!output->is_open)
		return 0;
	return with_role(
		output, control_taped_set(control->tape, &output->line, output->state, active, err),
		err);
}

static void output_close(struct control *control, struct control_output *output)
{
	if (!output->is_open)
		return;
	if (output->line.role != CONTROL_SUPPLY)
		(void)output_set(control, output, false, NULL); /* nobody is left to be told */
	control_taped_close(control->tape, &output->line, output->state);
	free(output->state);
	output->state = NULL;
	output->is_open = false;
}

/* ---- life ---- */

int control_open(struct control *control, const struct control_lines *lines, struct link_tape *tape,
		 struct err *err)
{
	int ret = control_lines_check(lines, err);

	*control = (struct control){.tape = tape};
	if (!ret)
		ret = output_open(control, &control->supply, &lines->supply, err);
	if (!ret)
		ret = output_open(control, &control->reset, &lines->reset, err);
	if (!ret)
		ret = output_open(control, &control->boot, &lines->boot, err);
	if (ret)
		control_close(control);
	return ret;
}

void control_close(struct control *control)
{
	output_close(control, &control->boot);
	output_close(control, &control->reset);
	output_close(control, &control->supply);
	*control = (struct control){.link = NULL};
}

int control_attach(struct control *control, struct link *link, struct err *err)
{
	control->link = link;
	return control_drive(control, false, false, err);
}

int control_init(struct control *control, struct link *link, struct control_line reset,
		 struct control_line boot, struct err *err)
{
	struct control_lines lines = {.reset = reset, .boot = boot};
	int ret;

	lines.reset.role = CONTROL_RESET;
	lines.boot.role = CONTROL_BOOT;
	ret = control_open(control, &lines, NULL, err);
	return ret ? ret : control_attach(control, link, err);
}

/* ---- reset and boot ---- */

/* A modem line that is no control line stays deasserted. */
static bool modem_level(const struct control *control, enum control_line_kind kind,
			bool reset_active, bool boot_active)
{
	if (control->reset.line.kind == kind)
		return reset_active != control->reset.line.is_inverted;
	if (control->boot.line.kind == kind)
		return boot_active != control->boot.line.is_inverted;
	return false;
}

static int modem_set(struct control *control, bool reset_active, bool boot_active, struct err *err)
{
	if (!control->link || (!is_modem(&control->reset.line) && !is_modem(&control->boot.line)))
		return 0;
	return link_set_lines(
		control->link, modem_level(control, CONTROL_LINE_DTR, reset_active, boot_active),
		modem_level(control, CONTROL_LINE_RTS, reset_active, boot_active), err);
}

/* Where one of them is on a modem line, the other one's state is what was driven last. */
static int reset_set(struct control *control, bool active, struct err *err)
{
	int ret = is_modem(&control->reset.line)
			  ? modem_set(control, active, control->in_boot, err)
			  : output_set(control, &control->reset, active, err);

	if (!ret)
		control->in_reset = active;
	return ret;
}

static int boot_set(struct control *control, bool active, struct err *err)
{
	int ret = is_modem(&control->boot.line) ? modem_set(control, control->in_reset, active, err)
						: output_set(control, &control->boot, active, err);

	if (!ret)
		control->in_boot = active;
	return ret;
}

static int both_modem_set(struct control *control, bool reset_active, bool boot_active,
			  struct err *err)
{
	int ret = modem_set(control, reset_active, boot_active, err);

	if (ret)
		return ret;
	control->in_reset = reset_active;
	control->in_boot = boot_active;
	return 0;
}

int control_drive(struct control *control, bool reset_active, bool boot_active, struct err *err)
{
	int ret = 0;

	if (is_modem(&control->reset.line) && is_modem(&control->boot.line)) {
		ret = both_modem_set(control, reset_active, boot_active, err);
	} else {
		if (reset_active)
			ret = reset_set(control, true, err);
		if (!ret)
			ret = boot_set(control, boot_active, err);
		if (!ret && !reset_active)
			ret = reset_set(control, false, err);
	}
	return ret ? err_context(err, ret, "reset and boot lines") : 0;
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

/* ---- the supply ---- */

bool control_has_supply(const struct control *control)
{
	return control->supply.line.kind;
}

int control_supply(struct control *control, bool on, struct err *err)
{
	if (!control->supply.is_open)
		return err_set(err, -ENOTSUP, "there is no supply line");
	return output_set(control, &control->supply, on, err);
}
