/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/levels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/plan.h"
#include "bench/config/quantity.h"
#include "bench/config/rig.h"
#include "bench/config/yaml_file.h"

static const char *const words[] = {
	[LEVELS_SLOWEST] = "slowest", [LEVELS_FASTEST] = "fastest", [LEVELS_ALL] = "all"};

enum { WORD_END = sizeof(words) / sizeof(words[0]) };

const char *levels_word_name(enum levels_word word)
{
	return words[word];
}

int levels_wanted_parse(const char *text, struct levels_wanted *ret_wanted, struct err *err)
{
	uint32_t hz;
	int ret;

	for (unsigned i = LEVELS_SLOWEST; i < WORD_END; i++) {
		if (!strcmp(text, words[i])) {
			*ret_wanted = (struct levels_wanted){.word = (enum levels_word)i};
			return 0;
		}
	}
	if (text[0] < '0' || text[0] > '9')
		return err_set(err, -EINVAL,
			       "clock '%s' is neither a frequency nor slowest, fastest or all",
			       text);
	ret = quantity_parse_hz(text, &hz, err);
	if (!ret)
		*ret_wanted = (struct levels_wanted){LEVELS_HZ, hz};
	return ret;
}

bool levels_have(const struct levels *levels, uint32_t hz)
{
	for (unsigned i = 0; i < levels->count; i++)
		if (levels->hz[i] == hz)
			return true;
	return false;
}

int levels_add(struct levels *levels, uint32_t hz)
{
	unsigned at = levels->count;

	if (levels_have(levels, hz))
		return 0;
	if (at == LEVELS_MAX)
		return -ENOSPC;
	for (; at && levels->hz[at - 1] > hz; at--)
		levels->hz[at] = levels->hz[at - 1];
	levels->hz[at] = hz;
	levels->count++;
	return 0;
}

void levels_print(const struct levels *levels, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (unsigned i = 0; i < levels->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%.9g", i ? ", " : "",
					 levels->hz[i] / 1e6);
	if (used < size)
		snprintf(text + used, size - used, " MHz");
}

static bool matches(const struct levels *levels, unsigned index, const struct levels_wanted *wanted)
{
	switch (wanted->word) {
	case LEVELS_SLOWEST:
		return index == 0;
	case LEVELS_FASTEST:
		return index == levels->count - 1;
	case LEVELS_ALL:
		return true;
	case LEVELS_HZ:
		break;
	}
	return levels->hz[index] == wanted->hz;
}

int levels_find(const struct levels *levels, const struct levels_wanted *wanted, uint32_t *ret_hz,
		struct err *err)
{
	char known[400];

	for (unsigned i = 0; i < levels->count && wanted->word != LEVELS_ALL; i++) {
		if (matches(levels, i, wanted)) {
			*ret_hz = levels->hz[i];
			return 0;
		}
	}
	levels_print(levels, known, sizeof(known));
	if (wanted->word == LEVELS_ALL)
		return err_set(err, -EINVAL, "'all' is more than one level (there are %s)", known);
	return err_set(err, -EINVAL, "no clock level of %.9g MHz (there are %s)", wanted->hz / 1e6,
		       known);
}

/* The levels of a board that any of the plan's clocks asks for. */
static struct levels choose(const struct plan *plan, const struct levels *all)
{
	struct levels chosen = {.count = 0};

	for (unsigned i = 0; i < all->count; i++) {
		bool asked = false;

		for (unsigned j = 0; j < plan->clock_count && !asked; j++)
			asked = matches(all, i, &plan->clocks[j]);
		if (asked)
			chosen.hz[chosen.count++] = all->hz[i];
	}
	return chosen;
}

/* Every frequency of the plan is some board's: else it is a slip of the pen. */
static int check_known(const struct plan *plan, const struct rig *rig, struct err *err)
{
	for (unsigned i = 0; i < plan->clock_count; i++) {
		const struct levels_wanted *wanted = &plan->clocks[i];
		struct levels known = {.count = 0};
		char text[300];
		bool found = wanted->word != LEVELS_HZ;

		for (unsigned board = 0; !found && board < rig->board_count; board++)
			found = levels_have(&rig->boards[board].levels, wanted->hz);
		if (found)
			continue;
		for (unsigned board = 0; board < rig->board_count; board++)
			for (unsigned j = 0; j < rig->boards[board].levels.count; j++)
				levels_add(&known, rig->boards[board].levels.hz[j]);
		levels_print(&known, text, sizeof(text));
		err_set(err, -EINVAL,
			"no board of rig '%s' has a clock level of %.9g MHz (there are %s)",
			rig->name, wanted->hz / 1e6, text);
		return yaml_file_error(plan->file, -EINVAL, err, "clocks[%u]", i);
	}
	return 0;
}

int levels_resolve(const struct plan *plan, const struct rig *rig, struct levels **ret_levels,
		   struct err *err)
{
	struct levels *levels;
	int ret = check_known(plan, rig, err);

	if (ret)
		return ret;
	levels = calloc(rig->board_count, sizeof(*levels));
	if (!levels)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < rig->board_count; i++) {
		const struct rig_board *board = &rig->boards[i];
		char known[300];

		levels[i] = choose(plan, &board->levels);
		if (levels[i].count)
			continue;
		levels_print(&board->levels, known, sizeof(known));
		err_set(err, -EINVAL, "board '%s' has none of these clock levels (it has %s)",
			board->name, known);
		free(levels);
		return yaml_file_error(plan->file, -EINVAL, err, "clocks");
	}
	*ret_levels = levels;
	return 0;
}
