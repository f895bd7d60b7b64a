/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/report/reasons.h"

#include "analysis/budget/verdict.h"

void reasons_print(FILE *stream)
{
	for (int i = VERDICT_REASON_OUTPUT; i < VERDICT_REASON_END; i++) {
		const struct verdict_entry *entry = verdict_entry((enum verdict_reason)i);

		fprintf(stream, "%-12s %-8s %s\n%21s look at: %s\n", entry->code,
			verdict_name(entry->verdict), entry->meaning, "", entry->remedy);
	}
}

json_t *reasons_json(void)
{
	json_t *array = json_array();

	for (int i = VERDICT_REASON_OUTPUT; array && i < VERDICT_REASON_END; i++) {
		const struct verdict_entry *entry = verdict_entry((enum verdict_reason)i);

		if (json_array_append_new(
			    array, json_pack("{s:s, s:s, s:s, s:s}", "code", entry->code, "verdict",
					     verdict_name(entry->verdict), "meaning",
					     entry->meaning, "remedy", entry->remedy))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
