/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The truth log. See the header.
 */
#include "rigs/virtual/server/truth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/server/files.h"

int truth_file_open(const char *path, FILE **ret_file, struct verr *err)
{
	int rc = files_make_parents(path, err);
	FILE *file;

	if (rc < 0)
		return rc;
	file = fopen(path, "we");
	if (!file) {
		int code = errno;

		return verr_set(err, -code, "%s: %s", path, strerror(code));
	}
	*ret_file = file;
	return 0;
}

void truth_init(struct truth *truth, const char *board)
{
	*truth = (struct truth){.board = board};
}

void truth_done(struct truth *truth)
{
	free(truth->edges);
}

int truth_add_edge(struct truth *truth, const struct truth_edge *edge, struct verr *err)
{
	if (edge->line >= TRUTH_LINES || truth->levels[edge->line] == edge->level)
		return 0;
	if (truth->edge_count == truth->edge_capacity) {
		size_t capacity = truth->edge_capacity ? 2 * truth->edge_capacity : 16;
		struct truth_edge *edges =
			realloc(truth->edges, capacity * sizeof(truth->edges[0]));

		if (!edges)
			return verr_set(err, -ENOMEM, "out of memory");
		truth->edges = edges;
		truth->edge_capacity = capacity;
	}
	truth->levels[edge->line] = edge->level;
	truth->edges[truth->edge_count++] = *edge;
	return 0;
}

/* Within a slice the junction moves by millikelvins at most: in a straight line. */
static double junction_at(const struct truth_slice *slice, int64_t t_ps)
{
	double width_ps = (double)(slice->end_ps - slice->start_ps);
	double share = width_ps > 0 ? (double)(t_ps - slice->start_ps) / width_ps : 1;

	return slice->junction_before_c + share * (slice->junction_c - slice->junction_before_c);
}

static void start_window(struct truth *truth, const struct truth_edge *edge, double junction_c)
{
	truth->junction_start_c = junction_c;
	truth->open = true;
	truth->start_ps = edge->t_ps;
	truth->start_cycles = edge->cycles;
	truth->energy_j = 0;
	truth->charge_c = 0;
	truth->volt_s = 0;
	truth->kelvin_s = 0;
	memset(truth->line_edges, 0, sizeof(truth->line_edges));
}

static int end_window(struct truth *truth, const struct truth_edge *edge, double junction_c,
		      struct verr *err)
{
	double duration_s = (double)(edge->t_ps - truth->start_ps) * 1e-12;
	double per_s = duration_s > 0 ? 1 / duration_s : 0;
	uint64_t window = truth->window++;

	truth->open = false;
	if (!truth->file)
		return 0;
	if (fprintf(truth->file,
		    "{\"schema\":\"joulebench-truth/2\",\"board\":\"%s\",\"window\":%" PRIu64
		    ",\"start_ps\":%" PRId64 ",\"end_ps\":%" PRId64 ",\"cycles\":%" PRIu64
		    ",\"energy_j\":%.12g,\"charge_c\":%.12g,\"mean_supply_v\":%.9g"
		    ",\"junction_c\":%.6g,\"junction_start_c\":%.6g,\"junction_end_c\":%.6g"
		    ",\"edges_line1\":%" PRIu64 ",\"edges_line2\":%" PRIu64 "}\n",
		    truth->board, window, truth->start_ps, edge->t_ps,
		    edge->cycles - truth->start_cycles, truth->energy_j, truth->charge_c,
		    truth->volt_s * per_s, truth->kelvin_s * per_s, truth->junction_start_c,
		    junction_c, truth->line_edges[1], truth->line_edges[2]) < 0 ||
	    fflush(truth->file) != 0)
		return verr_set(err, -EIO, "truth log: %s", strerror(errno));
	return 0;
}

/* Adds the part of the slice between two times to the open window. */
static void integrate(struct truth *truth, const struct truth_slice *slice, int64_t from_ps,
		      int64_t to_ps)
{
	double width_ps = (double)(slice->end_ps - slice->start_ps);
	double share = width_ps > 0 ? (double)(to_ps - from_ps) / width_ps : 0;
	double seconds = (double)(to_ps - from_ps) * 1e-12;

	if (!truth->open)
		return;
	truth->charge_c += share * slice->charge_c;
	truth->energy_j += share * slice->charge_c * slice->supply_v;
	truth->volt_s += seconds * slice->supply_v;
	truth->kelvin_s += seconds * slice->junction_c;
}

static int take_edge(struct truth *truth, const struct truth_edge *edge, double junction_c,
		     struct verr *err)
{
	if (edge->line > 0) {
		truth->line_edges[edge->line]++;
		return 0;
	}
	if (!edge->level)
		return truth->open ? end_window(truth, edge, junction_c, err) : 0;
	start_window(truth, edge, junction_c);
	return 0;
}

/* The chip charges an instruction that straddles a slice's end to the next slice: its edge may lie
 * some cycles outside. */
static int64_t clamp_ps(int64_t t_ps, int64_t low_ps, int64_t high_ps)
{
	return t_ps < low_ps ? low_ps : t_ps > high_ps ? high_ps : t_ps;
}

int truth_add_slice(struct truth *truth, const struct truth_slice *slice, struct verr *err)
{
	int64_t done_ps = slice->start_ps;
	int rc = 0;

	for (size_t i = 0; i < truth->edge_count && rc == 0; i++) {
		const struct truth_edge *edge = &truth->edges[i];
		int64_t t_ps = clamp_ps(edge->t_ps, done_ps, slice->end_ps);

		integrate(truth, slice, done_ps, t_ps);
		done_ps = t_ps;
		rc = take_edge(truth, edge, junction_at(slice, t_ps), err);
	}
	truth->edge_count = 0;
	integrate(truth, slice, done_ps, slice->end_ps);
	return rc;
}
