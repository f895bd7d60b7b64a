/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What became of the windows of many runs under faults: per fault how often it happened, how many
 * windows were accepted, or not and why, and how far the accepted energies are from what the boards
 * truly drew, in units of U, the expanded uncertainty (k = 2) of each.
 *
 * usage: rig_campaign count FOLDER...   how many windows there are
 *        rig_campaign table FOLDER...   fails when an accepted energy is off by more than 3 U
 *
 * FOLDER: of a run, with run.db, truth.jsonl, truth.faults.jsonl, and faults.txt: per board a line
 * with its name, what its fault is called in the table, and the rig file's words.
 */
#include <math.h>

#include "tests/rig/campaign_rows.h"

enum { KINDS_MAX = 32, BOARDS_MAX = 8, REASONS_MAX = 32 };

static const double limit_in_u = 3;

struct reason {
	char code[24];
	unsigned count;
};

struct kind {
	char name[32];
	unsigned boards, injected, windows, accepted, suspect, refused, failed, beyond_u;
	struct reason reasons[REASONS_MAX];
	unsigned reason_count;
	double worst_in_u;
};

struct board {
	char name[64], words[512];
	struct kind *kind;
};

struct campaign {
	struct kind kinds[KINDS_MAX], all;
	unsigned kind_count;
	struct board boards[BOARDS_MAX]; /* of the run at hand */
	unsigned board_count;
	struct campaign_truth truth;
	struct campaign_match match;
	size_t next; /* row of the match */
	const char *folder;
	bool tells;
	unsigned wrong;
};

static struct kind *find_kind(struct campaign *c, const char *name)
{
	unsigned i = 0;

	while (i < c->kind_count && strcmp(c->kinds[i].name, name))
		i++;
	if (i == KINDS_MAX)
		exit(2);
	if (i == c->kind_count)
		snprintf(c->kinds[c->kind_count++].name, sizeof(c->kinds[0].name), "%s", name);
	return &c->kinds[i];
}

static struct board *find_board(struct campaign *c, const char *name)
{
	for (unsigned i = 0; i < c->board_count; i++)
		if (!strcmp(c->boards[i].name, name))
			return &c->boards[i];
	fprintf(stderr, "%s: no board '%s'\n", c->folder, name);
	exit(2);
}

static void read_boards(struct campaign *c)
{
	char path[4096], line[1024], kind[32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/faults.txt", c->folder);
	file = fopen(path, "r");
	if (!file) {
		perror(path);
		exit(2);
	}
	for (c->board_count = 0; fgets(line, sizeof(line), file); c->board_count++) {
		struct board *board = &c->boards[c->board_count];

		if (c->board_count == BOARDS_MAX ||
		    sscanf(line, "%63s %31s %511[^\n]", board->name, kind, board->words) != 3)
			exit(2);
		board->kind = find_kind(c, kind);
		board->kind->boards++;
	}
	fclose(file);
}

/* A meter is called as its board, after "m-". */
static void take_fault(void *context, const json_t *object)
{
	struct campaign *c = context;
	const char *device = json_string_value(json_object_get(object, "device"));

	if (!device)
		exit(2);
	find_board(c, strncmp(device, "m-", 2) ? device : device + 2)->kind->injected++;
	c->all.injected++;
}

static void count_reason(struct kind *kind, const char *verdict, const char *text)
{
	char code[24];
	unsigned i = 0;

	snprintf(code, sizeof(code), "%.*s", (int)strcspn(text, ": "), text);
	if (!strcmp(verdict, "failed"))
		snprintf(code, sizeof(code), "failed");
	while (i < kind->reason_count && strcmp(kind->reasons[i].code, code))
		i++;
	if (i == REASONS_MAX)
		exit(2);
	if (i == kind->reason_count)
		snprintf(kind->reasons[kind->reason_count++].code, sizeof(code), "%s", code);
	kind->reasons[i].count++;
}

static void count_row(struct kind *kind, const struct store_measurement *row, double in_u)
{
	kind->windows++;
	kind->accepted += !strcmp(row->verdict, "accepted");
	kind->suspect += !strcmp(row->verdict, "suspect");
	kind->refused += !strcmp(row->verdict, "refused");
	kind->failed += !strcmp(row->verdict, "failed");
	if (strcmp(row->verdict, "accepted"))
		count_reason(kind, row->verdict, row->reason);
	kind->beyond_u += in_u > 1;
	kind->worst_in_u = fmax(kind->worst_in_u, in_u);
}

static void tell_wrong(struct campaign *c, const struct store_measurement *row, const char *what)
{
	c->wrong++;
	if (!c->tells)
		return;
	printf("WRONG: %s: %s at %g MHz, window %lld, %.4g s: %s; faults: %s\n", c->folder,
	       row->board, (double)row->clock_hz / 1e6, (long long)row->window_ordinal,
	       row->duration_s, what, find_board(c, row->board)->words);
}

static int take_row(void *context, const struct store_measurement *row)
{
	struct campaign *c = context;
	const struct campaign_window *window = c->match.rows[c->next++].window;
	char what[96];
	double in_u = 0;

	if (!strcmp(row->verdict, "accepted")) {
		if (!window) {
			tell_wrong(c, row, "accepted, and no window of so many cycles");
		} else {
			in_u = fabs(row->energy_j - window->energy_j) / (2 * row->energy_u_j);
			snprintf(what, sizeof(what), "accepted, off by %+.3f %%, %.2f U",
				 100 * (row->energy_j / window->energy_j - 1), in_u);
			if (!(in_u <= limit_in_u))
				tell_wrong(c, row, what);
		}
	}
	count_row(find_board(c, row->board)->kind, row, in_u);
	count_row(&c->all, row, in_u);
	return 0;
}

static void read_run(struct campaign *c, const char *folder)
{
	char path[4096];

	c->folder = folder;
	read_boards(c);
	c->truth.count = 0;
	snprintf(path, sizeof(path), "%s/truth.jsonl", folder);
	campaign_truth_read(&c->truth, path);
	snprintf(path, sizeof(path), "%s/truth.faults.jsonl", folder);
	campaign_each_line(path, take_fault, c);
	snprintf(path, sizeof(path), "%s/run.db", folder);
	campaign_match_all(&c->match, &c->truth, path);
	c->next = 0;
	campaign_rows(path, take_row, c);
	free(c->match.rows);
}

static void print_kind(const struct kind *kind)
{
	printf("%-14s %6u %8u %7u %8u %7u %7u %6u %8.2f %7u ", kind->name, kind->boards,
	       kind->injected, kind->windows, kind->accepted, kind->suspect, kind->refused,
	       kind->failed, kind->worst_in_u, kind->beyond_u);
	for (unsigned i = 0; i < kind->reason_count; i++)
		printf(" %s:%u", kind->reasons[i].code, kind->reasons[i].count);
	printf("\n");
}

static int compare_kinds(const void *a, const void *b)
{
	return strcmp(((const struct kind *)a)->name, ((const struct kind *)b)->name);
}

static void print_table(struct campaign *c)
{
	qsort(c->kinds, c->kind_count, sizeof(c->kinds[0]), compare_kinds);
	printf("%-14s %6s %8s %7s %8s %7s %7s %6s %8s %7s  %s\n", "fault", "boards", "injected",
	       "windows", "accepted", "suspect", "refused", "failed", "worst/U", "above U",
	       "why not");
	for (unsigned i = 0; i < c->kind_count; i++)
		print_kind(&c->kinds[i]);
	snprintf(c->all.name, sizeof(c->all.name), "all");
	print_kind(&c->all);
	printf("%u of %u accepted energies off by more than %g U\n", c->wrong, c->all.accepted,
	       limit_in_u);
}

int main(int argc, char **argv)
{
	static struct campaign campaign;

	campaign.tells = argc > 2 && !strcmp(argv[1], "table");
	if (argc < 3 || (!campaign.tells && strcmp(argv[1], "count"))) {
		fprintf(stderr, "usage: rig_campaign count|table FOLDER...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		read_run(&campaign, argv[i]);
	if (!campaign.tells)
		return printf("%u\n", campaign.all.windows) < 0;
	print_table(&campaign);
	free(campaign.truth.windows);
	return campaign.wrong || !campaign.all.accepted;
}
