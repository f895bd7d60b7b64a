/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lines that reset a board, choose where it boots from, and switch its supply, as the rig file
 * writes them:
 *
 *   dtr, rts                     the modem lines of the board's serial link (reset and boot)
 *   gpio:/dev/gpiochip0:17       line 17 of the host's GPIO chip (reset, boot and supply)
 *   hub:1-1.4:2                  power of port 2 of the USB hub at 1-1.4 (supply): hub_power.h
 *
 * Polarity is part of the wiring and so of the rig file. "dtr" means that asserting DTR activates
 * the function (pulls NRST low, raises BOOT0, closes the supply's switch), "!dtr" that deasserting
 * it does. A TTL adapter's DTR#/RTS# pins are low while asserted, so wired straight to NRST and
 * BOOT0 they are reset: "dtr", boot: "!rts". On GPIO the function is active while the line is high,
 * with a "!" while it is low.
 *
 * In front of a GPIO line may stand how it is driven. "open_drain:": it is driven low, and let go
 * instead of driven high; "push_pull:": it is driven both ways. Without either a line is driven
 * both ways, but for reset: NRST is pulled low by debuggers too, and must not be driven high
 * against one, so "!gpio:" is an open drain there. A reset that is active high goes through a
 * transistor or an inverter, or its "!" was forgotten: it takes the word "push_pull:".
 */
#ifndef DRIVERS_CONTROL_CONTROL_LINE_H
#define DRIVERS_CONTROL_CONTROL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/err.h"

struct control_ops;

enum control_role { CONTROL_RESET = 1, CONTROL_BOOT, CONTROL_SUPPLY };

enum control_line_kind { CONTROL_LINE_DTR = 1, CONTROL_LINE_RTS, CONTROL_LINE_SWITCH };

enum { CONTROL_ADDRESS_BYTES = 80, CONTROL_TEXT_BYTES = 112 };

struct control_line {
	enum control_line_kind kind; /* 0: there is no such line */
	enum control_role role;
	bool is_inverted;   /* the function is active while the line is deasserted, or low */
	bool is_open_drain; /* switches only */
	const struct control_ops *ops;       /* switches only */
	char address[CONTROL_ADDRESS_BYTES]; /* switches only: behind the scheme and its colon */
};

struct control_lines {
	struct control_line reset, boot, supply;
};

/* Switches that are no modem lines. Hooks receive the state (all zeros before open) of one line;
 * close is called if and only if open succeeded. Nothing blocks longer than 2 s. */
struct control_ops {
	const char *scheme;  /* "gpio", "hub" */
	const char *form;    /* what a user may write, without the scheme: "/dev/gpiochip0:17" */
	bool is_supply_only; /* it can switch a supply, and nothing else */
	bool has_polarity;   /* "!", "open_drain:" and "push_pull:" mean something */
	size_t state_size;
	/* Pure: -EINVAL, with a sentence, for what cannot be such an address. */
	int (*check)(const char *address, struct err *err);
	/* Whether open would succeed, without switching anything. Its errors are open's. */
	int (*probe)(const struct control_line *line, struct err *err);
	/* Takes the line for this program alone and drives it inactive. -ENOENT: there is no such
	 * device; -EACCES: no permission (the sentence says which udev rule); -EBUSY: somebody
	 * holds it (the sentence says who); -EINVAL: the device has no such line; -ENOTSUP: it
	 * cannot switch. */
	int (*open)(void *state, const struct control_line *line, struct err *err);
	/* -ENODEV: the device is gone; -EIO: it does not do it. */
	int (*set)(void *state, bool active, struct err *err);
	/* Lets go of the line, as it is. */
	void (*close)(void *state);
};

extern const struct control_ops control_gpio; /* gpio_line.c */
extern const struct control_ops control_hub;  /* hub_power.c */

/* -EINVAL: it is none of the above, or nothing for this role. Touches no hardware. */
int control_line_parse(enum control_role role, const char *text, struct control_line *ret_line,
		       struct err *err);
/* The text that is parsed into the same line; "" for a line that is not there. */
void control_line_print(const struct control_line *line, char text[CONTROL_TEXT_BYTES]);
/* Whether both are the same modem line of a link, or the same switch, in whatever polarity. */
bool control_line_same(const struct control_line *a, const struct control_line *b);
/* -EINVAL when two of them are the same line. */
int control_lines_check(const struct control_lines *lines, struct err *err);
/* Whether a switch can be had, without switching anything; 0 for modem lines and lines that are
 * not there. */
int control_line_probe(const struct control_line *line, struct err *err);

/* "reset", ... */
const char *control_role_name(enum control_role role);

#endif
