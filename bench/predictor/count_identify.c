/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/count_identify_parts.h"

static void table_start(const struct campaign *campaign, struct count_table *table)
{
	const struct count_identify_job *job = campaign->job;

	snprintf(table->board, sizeof(table->board), "%s", job->board);
	snprintf(table->chip, sizeof(table->chip), "%s", job->chip);
	snprintf(table->build, sizeof(table->build), "%s", job->build);
	snprintf(table->runtime, sizeof(table->runtime), "%s", job->runtime);
	table->class_count = campaign->results[0].class_count;
	memcpy(table->class_names, campaign->results[0].class_names, sizeof(table->class_names));
	table->clock_count = job->clock_count;
	memcpy(table->clocks_hz, job->clocks_hz, job->clock_count * sizeof(*job->clocks_hz));
	table->target_count =
		COUNT_CLASS_FIRST + table->class_count + COUNT_PER_CLOCK * table->clock_count;
	table->nets = campaign->count;
	table->whole_exact = true;
}

static int table_make(const struct campaign *campaign, struct count_table *table, struct err *err)
{
	struct rows rows = {0};
	int ret;

	table_start(campaign, table);
	surround_find(campaign, table);
	ret = rows_fill(campaign, table, &rows, err);
	ret = ret ? ret : cases_identify(&rows, table, campaign->job->log, err);
	free(rows.list);
	return ret;
}

int count_identify(const struct count_identify_job *job, struct count_table **ret_table,
		   struct err *err)
{
	struct campaign campaign = {.job = job, .count = job->nets + job->held_out};
	struct count_table *table = count_table_new();
	int ret;

	campaign.results = calloc(campaign.count, sizeof(*campaign.results));
	ret = table && campaign.results ? campaign_count(&campaign, err)
					: err_set(err, -ENOMEM, "out of memory");
	ret = ret ? ret : table_make(&campaign, table, err);
	for (unsigned i = 0; campaign.results && i < campaign.count; i++) {
		count_net_done(&campaign.results[i].net);
		free(campaign.results[i].layers);
	}
	free(campaign.results);
	if (ret)
		count_table_free(table);
	else
		*ret_table = table;
	return ret;
}

static unsigned exact_targets(const struct count_entry *entry, unsigned first, unsigned count)
{
	unsigned exact = 0;

	for (unsigned i = first; i < first + count; i++)
		exact += entry->qualities[i].exact;
	return exact;
}

static bool any_data(const struct count_entry *entry, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (entry->qualities[i].data)
			return true;
	return false;
}

void count_table_print(const struct count_table *table, FILE *stream)
{
	const unsigned base = COUNT_CLASS_FIRST + table->class_count;

	fprintf(stream,
		"%s, build %s, %s: %u networks counted on the virtual board, a whole "
		"inference is %s its layers\n\n%-34s %6s %9s %5s %6s %-9s %s\n",
		table->board, table->build, table->runtime, table->nets,
		table->whole_exact ? "exactly" : "only about", "kernel", "layers", "held out",
		"terms", "exact", "status",
		"core cycles (at each clock), error by r.m.s. and most");
	for (unsigned i = 0; i < COUNT_CASES_MAX; i++) {
		const struct count_entry *entry = table->entries[i];

		if (!entry)
			continue;
		fprintf(stream, "%-34s %6u %9u %5u %3u/%-3u%-9s", entry->of->name,
			entry->layers_identified, entry->layers_held_out, entry->term_count,
			exact_targets(entry, 0, base), base,
			exact_targets(entry, 0, base) < base ? "fitted"
			: any_data(entry, base)              ? "by data"
							     : "exact");
		if (!entry->qualities[0].exact)
			fprintf(stream, " instructions %+.2f .. %+.2f %%;",
				100 * entry->qualities[0].error_least,
				100 * entry->qualities[0].error_most);
		for (unsigned k = 0; k < table->clock_count; k++) {
			const struct count_quality *quality =
				&entry->qualities[base + COUNT_PER_CLOCK * k];

			if (quality->exact)
				fputs(" exact", stream);
			else
				fprintf(stream, " %.3f/%.2f%%", 100 * quality->error_rms,
					100 * fmax(-quality->error_least, quality->error_most));
		}
		fputc('\n', stream);
	}
}
