/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The closed list of reasons: complete, distinct, and found again in what is stored.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/budget/verdict.h"

static void every_reason_is_told_and_found_again(void **state)
{
	(void)state;
	for (int i = 1; i < VERDICT_REASON_END; i++) {
		const struct verdict_entry *entry = verdict_entry((enum verdict_reason)i);
		char text[256];

		assert_non_null(entry);
		assert_true(entry->code[0] && entry->meaning[0] && entry->remedy[0]);
		assert_true(entry->verdict == VERDICT_REFUSED || entry->verdict == VERDICT_SUSPECT);
		snprintf(text, sizeof(text), "%s: what was seen", entry->code);
		assert_ptr_equal(verdict_entry_of_text(text), entry);
		text[strlen(entry->code)] = 0; /* without its colon */
		assert_null(verdict_entry_of_text(text));
	}
}

static void what_is_not_in_the_list(void **state)
{
	(void)state;
	assert_null(verdict_entry(VERDICT_REASON_END));
	assert_null(verdict_entry((enum verdict_reason)0));
	assert_null(verdict_entry_of_text(""));
	assert_null(verdict_entry_of_text("board nucleo-1: no result"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_is_told_and_found_again),
		cmocka_unit_test(what_is_not_in_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
