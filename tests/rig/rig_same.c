/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares two runs of one seed: every attempt the same (order, verdict, reason's code, cycles,
 * inferences, output), every window of the truth log of the same cycles, edges and, within a
 * relative limit, energy; every fault the same at the same window.
 *
 * usage: rig_same FOLDER FOLDER LIMIT    each with run.db, truth.jsonl, truth.faults.jsonl
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "analysis/budget/verdict.h"
#include "bench/store/store.h"

enum { ATTEMPTS_MAX = 4096, TEXT_MAX = 512 };

struct attempts {
	char text[ATTEMPTS_MAX][TEXT_MAX];
	unsigned count;
};

static int add_attempt(void *context, const struct store_measurement *row)
{
	const struct verdict_entry *reason = verdict_entry_of_text(row->reason);
	struct attempts *attempts = context;

	if (attempts->count == ATTEMPTS_MAX)
		exit(2);
	snprintf(attempts->text[attempts->count++], TEXT_MAX,
		 "%s %s %lld Hz attempt %lld: %s%s%s, %lld cycles, %lld inferences, "
		 "CRC %s",
		 row->board, row->model, (long long)row->clock_hz, (long long)row->attempt,
		 row->verdict, reason ? " " : "", reason ? reason->code : "",
		 (long long)row->cycles, (long long)row->inferences, row->output_crc32);
	return 0;
}

static struct attempts *read_attempts(const char *folder)
{
	struct attempts *attempts = calloc(1, sizeof(*attempts));
	struct store *store;
	struct err err = {""};
	char path[4096];

	snprintf(path, sizeof(path), "%s/run.db", folder);
	if (!attempts || store_open(path, false, &store, &err) ||
	    store_each(store, false, add_attempt, attempts, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	store_close(store);
	return attempts;
}

static unsigned compare_attempts(const char *a_folder, const char *b_folder)
{
	struct attempts *a = read_attempts(a_folder), *b = read_attempts(b_folder);
	unsigned count = a->count < b->count ? a->count : b->count, failures = a->count != b->count;

	if (failures)
		printf("%u attempts and %u\n", a->count, b->count);
	for (unsigned i = 0; i < count; i++) {
		if (!strcmp(a->text[i], b->text[i]))
			continue;
		printf("attempt %u: %s\n  and: %s\n", i, a->text[i], b->text[i]);
		failures++;
	}
	printf("%u attempts, ", count);
	free(a);
	free(b);
	return failures;
}

static FILE *open_log(const char *folder, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file) {
		perror(path);
		exit(2);
	}
	return file;
}

static json_t *next_object(FILE *file)
{
	char line[4096];

	return fgets(line, sizeof(line), file) ? json_loads(line, 0, NULL) : NULL;
}

struct differences {
	unsigned count, failures;
	double worst, limit;
};

/* Of a fault's time only its place among the windows is the same: it is left out. */
static void compare_objects(struct differences *d, const json_t *a, const json_t *b,
			    const char *const *keys)
{
	for (; *keys; keys++) {
		const json_t *left = json_object_get(a, *keys), *right = json_object_get(b, *keys);

		if (left && json_equal(left, right))
			continue;
		printf("%u: '%s' differs\n", d->count, *keys);
		d->failures++;
	}
}

static void compare_energies(struct differences *d, const json_t *a, const json_t *b)
{
	double left = json_number_value(json_object_get(a, "energy_j"));
	double right = json_number_value(json_object_get(b, "energy_j"));
	double error = fabs(left / right - 1);

	d->worst = fmax(d->worst, error);
	if (!(error <= d->limit)) {
		printf("window %u: %.9g J and %.9g J\n", d->count, left, right);
		d->failures++;
	}
}

static struct differences compare_logs(const char *a_folder, const char *b_folder, const char *name,
				       const char *const *keys, double energy_limit)
{
	struct differences d = {.limit = energy_limit};
	FILE *a = open_log(a_folder, name), *b = open_log(b_folder, name);
	json_t *left, *right;

	for (;; d.count++) {
		left = next_object(a);
		right = next_object(b);
		if (!left || !right)
			break;
		compare_objects(&d, left, right, keys);
		if (energy_limit > 0)
			compare_energies(&d, left, right);
		json_decref(left);
		json_decref(right);
	}
	if (left || right) {
		printf("%s: one log is longer than the other\n", name);
		d.failures++;
	}
	fclose(a);
	fclose(b);
	return d;
}

int main(int argc, char **argv)
{
	static const char *const window_keys[] = {"board", "window", "cycles", "edges_line1", NULL};
	static const char *const fault_keys[] = {"device", "fault", "number",
						 "index",  "value", NULL};
	struct differences windows, faults;
	unsigned failures;

	if (argc != 4) {
		fprintf(stderr, "usage: rig_same FOLDER FOLDER LIMIT\n");
		return 2;
	}
	failures = compare_attempts(argv[1], argv[2]);
	windows = compare_logs(argv[1], argv[2], "truth.jsonl", window_keys, atof(argv[3]));
	faults = compare_logs(argv[1], argv[2], "truth.faults.jsonl", fault_keys, 0);
	printf("%u windows, %u faults: the same; energies apart by %.6f %% at worst\n",
	       windows.count, faults.count, windows.worst * 100);
	return failures + windows.failures + faults.failures != 0;
}
