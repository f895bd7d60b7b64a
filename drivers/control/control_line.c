/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/control/control_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Alphabetical by scheme. */
static const struct control_ops *const switches[] = {
	&control_gpio,
	&control_hub,
};

static const char *const role_names[] = {
	[CONTROL_RESET] = "reset", [CONTROL_BOOT] = "boot", [CONTROL_SUPPLY] = "supply"};

static const char open_drain[] = "open_drain:", push_pull[] = "push_pull:";

const char *control_role_name(enum control_role role)
{
	return role_names[role];
}

static bool skip(const char **at, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(*at, prefix, length))
		return false;
	*at += length;
	return true;
}

static const struct control_ops *switch_find(const char *text, const char **ret_address)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		const char *at = text;

		if (!skip(&at, switches[i]->scheme) || *at != ':')
			continue;
		*ret_address = at + 1;
		return switches[i];
	}
	return NULL;
}

static int unknown_line(enum control_role role, const char *text, struct err *err)
{
	char forms[120] = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (role == CONTROL_SUPPLY || !switches[i]->is_supply_only)
			used += (size_t)snprintf(forms + used, sizeof(forms) - used, "%s%s%s:%s",
						 used ? ", " : "",
						 switches[i]->has_polarity ? "[!]" : "",
						 switches[i]->scheme, switches[i]->form);
	return err_set(err, -EINVAL, "'%s' is none of %s%s", text,
		       role == CONTROL_SUPPLY ? "" : "dtr, rts, !dtr, !rts, ", forms);
}

/* How a GPIO line is driven, of those ways that are right for the role. */
static int take_drive(struct control_line *line, bool says_open_drain, bool says_push_pull,
		      struct err *err)
{
	bool is_reset = line->role == CONTROL_RESET;

	if (says_open_drain && !line->is_inverted)
		return err_set(err, -EINVAL,
			       "an open drain pulls a line low: it takes a '!', as "
			       "'open_drain:!%s:%s'",
			       line->ops->scheme, line->address);
	if (is_reset && !line->is_inverted && !says_push_pull)
		return err_set(err, -EINVAL,
			       "a reset that is active high would drive NRST high against a "
			       "debugger. For NRST itself write '!%s:%s' (active low, open drain); "
			       "for a transistor or inverter in front of it 'push_pull:%s:%s'",
			       line->ops->scheme, line->address, line->ops->scheme, line->address);
	line->is_open_drain = says_open_drain || (is_reset && !says_push_pull);
	return 0;
}

static int take_switch(struct control_line *line, const char *address, bool says_open_drain,
		       bool says_push_pull, struct err *err)
{
	const struct control_ops *ops = line->ops;
	int ret;

	line->kind = CONTROL_LINE_SWITCH;
	if (ops->is_supply_only && line->role != CONTROL_SUPPLY)
		return err_set(err, -EINVAL, "%s: switches a supply, and nothing else",
			       ops->scheme);
	if (strlen(address) >= sizeof(line->address))
		return err_set(err, -EINVAL, "'%s' is longer than %zu characters", address,
			       sizeof(line->address) - 1);
	strcpy(line->address, address);
	ret = ops->check(address, err);
	if (ret || ops->has_polarity)
		return ret ? ret : take_drive(line, says_open_drain, says_push_pull, err);
	if (line->is_inverted || says_open_drain || says_push_pull)
		return err_set(err, -EINVAL, "%s: is on or off: without '!', %s and %s",
			       ops->scheme, open_drain, push_pull);
	return 0;
}

int control_line_parse(enum control_role role, const char *text, struct control_line *ret_line,
		       struct err *err)
{
	struct control_line line = {.role = role};
	const char *at = text, *address = NULL;
	bool says_open_drain = skip(&at, open_drain);
	bool says_push_pull = !says_open_drain && skip(&at, push_pull);
	int ret = 0;

	line.is_inverted = skip(&at, "!");
	line.ops = switch_find(at, &address);
	if (line.ops)
		ret = take_switch(&line, address, says_open_drain, says_push_pull, err);
	else if (role == CONTROL_SUPPLY || says_open_drain || says_push_pull)
		ret = unknown_line(role, text, err);
	else if (!strcmp(at, "dtr"))
		line.kind = CONTROL_LINE_DTR;
	else if (!strcmp(at, "rts"))
		line.kind = CONTROL_LINE_RTS;
	else
		ret = unknown_line(role, text, err);
	if (!ret)
		*ret_line = line;
	return ret;
}

void control_line_print(const struct control_line *line, char text[CONTROL_TEXT_BYTES])
{
	const char *drive = "", *bang = line->is_inverted ? "!" : "";

	if (line->kind != CONTROL_LINE_SWITCH) {
		snprintf(text, CONTROL_TEXT_BYTES, "%s%s", bang,
			 !line->kind                      ? ""
			 : line->kind == CONTROL_LINE_DTR ? "dtr"
							  : "rts");
		return;
	}
	if (line->is_open_drain)
		drive = open_drain;
	else if (line->role == CONTROL_RESET)
		drive = push_pull;
	snprintf(text, CONTROL_TEXT_BYTES, "%s%s%s:%s", drive, bang, line->ops->scheme,
		 line->address);
}

bool control_line_same(const struct control_line *a, const struct control_line *b)
{
	return a->kind && a->kind == b->kind && a->ops == b->ops && !strcmp(a->address, b->address);
}

int control_lines_check(const struct control_lines *lines, struct err *err)
{
	const struct control_line *all[] = {&lines->reset, &lines->boot, &lines->supply};

	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < i; j++) {
			char text[CONTROL_TEXT_BYTES];

			if (!control_line_same(all[i], all[j]))
				continue;
			control_line_print(all[j], text);
			return err_set(err, -EINVAL, "%s and %s share one line, %s",
				       role_names[all[j]->role], role_names[all[i]->role], text);
		}
	return 0;
}

int control_line_probe(const struct control_line *line, struct err *err)
{
	int ret;

	if (line->kind != CONTROL_LINE_SWITCH)
		return 0;
	ret = line->ops->probe(line, err);
	return ret ? err_context(err, ret, "%s line", role_names[line->role]) : 0;
}
