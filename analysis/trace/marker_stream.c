/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Streaming marker decoder: looks for changes eight samples at a time, for all lines at once.
 */
#include "analysis/trace/marker_stream.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { WORD = sizeof(uint64_t) };

int marker_stream_init(struct marker_stream *stream, const struct marker_stream_settings *settings)
{
	unsigned mask = 0;

	if (!settings->line_count || settings->line_count > MARKER_LINES_MAX ||
	    !settings->min_pulse_samples || !settings->edge)
		return ANALYSIS_BAD_ARGUMENT;
	for (unsigned i = 0; i < settings->line_count; i++) {
		if (settings->inputs[i] >= 8 || (mask & 1u << settings->inputs[i]))
			return ANALYSIS_BAD_ARGUMENT;
		mask |= 1u << settings->inputs[i];
	}
	*stream = (struct marker_stream){.settings = *settings, .mask = (uint8_t)mask};
	return 0;
}

static void edge_give(struct marker_stream *stream, unsigned i, double position, double u,
		      bool in_gap)
{
	struct marker_stream_line *line = &stream->lines[i];
	uint64_t at = (uint64_t)position;

	if (line->edges && at - line->last_at < line->shortest)
		line->shortest = at - line->last_at;
	line->last_at = at;
	line->edges++;
	line->gap_edges += in_gap;
	line->level = !line->level;
	line->pending = false;
	stream->settings.edge(stream->settings.user,
			      &(struct marker_event){i, position, u, line->level, in_gap});
}

/* Whether line i's change is to be given before that of a lower line: in the same sample, each line
 * is enclosed by those below it. */
static bool pending_precedes(const struct marker_stream *stream, unsigned i, unsigned than)
{
	const struct marker_stream_line *line = &stream->lines[i], *other = &stream->lines[than];

	if (line->pending_at != other->pending_at)
		return line->pending_at < other->pending_at;
	return than > 0 || other->level; /* not when line 0 rises */
}

/* Gives the changes that have lasted until `until`, by position. */
static void pendings_give(struct marker_stream *stream, uint64_t until, bool in_gap)
{
	size_t min = stream->settings.min_pulse_samples;

	for (;;) {
		unsigned best = MARKER_LINES_MAX;

		for (unsigned i = 0; i < stream->settings.line_count; i++) {
			const struct marker_stream_line *line = &stream->lines[i];

			if (line->pending && until - line->pending_at >= min &&
			    (best == MARKER_LINES_MAX || pending_precedes(stream, i, best)))
				best = i;
		}
		if (best == MARKER_LINES_MAX)
			return;
		edge_give(stream, best, (double)stream->lines[best].pending_at,
			  MARKER_EDGE_U_SAMPLES, in_gap);
	}
}

/* The inputs read `levels` from sample `at` on. */
static void levels_change(struct marker_stream *stream, uint8_t levels, uint64_t at)
{
	uint8_t changed = (stream->levels ^ levels) & stream->mask;

	pendings_give(stream, at, false);
	for (unsigned i = 0; i < stream->settings.line_count; i++) {
		struct marker_stream_line *line = &stream->lines[i];

		if (!(changed >> stream->settings.inputs[i] & 1))
			continue;
		line->strays += line->pending;
		line->pending = !line->pending;
		line->pending_at = at;
	}
	stream->levels = levels;
}

/* First sample from `from` on that differs from levels in mask, or count. */
static size_t change_find(const uint8_t *logic, size_t from, size_t count, uint8_t levels,
			  uint8_t mask)
{
	const uint64_t spread = UINT64_C(0x0101010101010101);
	uint64_t expected = spread * levels, care = spread * mask, word;

	while (count - from >= WORD) {
		memcpy(&word, logic + from, WORD);
		if ((word ^ expected) & care)
			break;
		from += WORD;
	}
	while (from < count && !((logic[from] ^ levels) & mask))
		from++;
	return from;
}

static void stream_start(struct marker_stream *stream, uint8_t levels, uint64_t first_index)
{
	stream->started = true;
	stream->next_index = first_index;
	stream->levels = levels;
	for (unsigned i = 0; i < stream->settings.line_count; i++)
		stream->lines[i] = (struct marker_stream_line){
			.starts_high = levels >> stream->settings.inputs[i] & 1,
			.level = levels >> stream->settings.inputs[i] & 1,
			.shortest = UINT64_MAX,
		};
}

/* Gives one edge in the gap for each line whose level differs behind it. */
static void gap_edges_give(struct marker_stream *stream, uint8_t levels, uint64_t lost)
{
	double middle = (double)stream->next_index + (double)lost / 2;
	double u = (double)(lost + 1) * MARKER_EDGE_U_SAMPLES;
	unsigned count = stream->settings.line_count;
	bool rises = !stream->lines[0].level; /* line 0, if it changes */

	for (unsigned n = 0; n < count; n++) {
		unsigned i = rises ? (count - n) % count : count - 1 - n;
		bool high = levels >> stream->settings.inputs[i] & 1;

		if (high != stream->lines[i].level)
			edge_give(stream, i, middle, u, true);
	}
}

static void stream_cross_gap(struct marker_stream *stream, uint8_t levels, uint64_t first_index)
{
	uint64_t lost = first_index - stream->next_index;

	/* What lasted before the gap is certain; of the rest, a level that is the same behind it is
	 * taken to have lasted, one that is not to have been a stray. */
	pendings_give(stream, stream->next_index, false);
	for (unsigned i = 0; i < stream->settings.line_count; i++) {
		struct marker_stream_line *line = &stream->lines[i];
		bool high = levels >> stream->settings.inputs[i] & 1;

		if (line->pending && high == line->level) {
			line->strays++;
			line->pending = false;
		}
	}
	pendings_give(stream, UINT64_MAX, true);
	gap_edges_give(stream, levels, lost);
	stream->levels = levels;
	stream->next_index = first_index;
	stream->gaps++;
	stream->lost += lost;
}

int marker_stream_add(struct marker_stream *stream, const uint8_t *logic, uint64_t first_index,
		      size_t count)
{
	size_t at = 0;

	if (!logic || !count || (stream->started && first_index < stream->next_index))
		return ANALYSIS_BAD_ARGUMENT;
	if (!stream->started)
		stream_start(stream, logic[0], first_index);
	else if (first_index > stream->next_index)
		stream_cross_gap(stream, logic[0], first_index);
	while ((at = change_find(logic, at, count, stream->levels, stream->mask)) < count)
		levels_change(stream, logic[at], first_index + at);
	stream->next_index = first_index + count;
	stream->samples += count;
	pendings_give(stream, stream->next_index, false);
	return 0;
}

void marker_stream_start_known(struct marker_stream *stream, uint8_t high)
{
	stream->started = true;
	for (unsigned i = 0; i < stream->settings.line_count; i++)
		stream->lines[i] = (struct marker_stream_line){.starts_high = high >> i & 1,
							       .level = high >> i & 1,
							       .shortest = UINT64_MAX};
}

void marker_stream_give(struct marker_stream *stream, const struct marker_event *event)
{
	struct marker_stream_line *line = &stream->lines[event->line];

	if (line->level == event->rising)
		line->strays++;
	else
		edge_give(stream, event->line, event->position_samples, event->u_samples,
			  event->in_gap);
}

void marker_stream_finish(struct marker_stream *stream)
{
	pendings_give(stream, UINT64_MAX, false);
}

struct marker_account marker_account(uint64_t expected, uint64_t seen, uint64_t uncertain,
				     bool starts_high, bool ends_high)
{
	struct marker_account account = {.expected = expected, .seen = seen};

	/* Take as many of the uncertain ones as are expected. */
	if (expected > seen)
		account.seen += expected - seen < uncertain ? expected - seen : uncertain;
	account.missing = (int64_t)(expected - account.seen);
	account.parity_ok = (starts_high ^ ends_high) == (expected & 1);
	if (!account.missing)
		account.verdict = MARKER_COMPLETE;
	else if (account.missing < 0)
		account.verdict = MARKER_EXTRA;
	else
		account.verdict = account.missing % 2 ? MARKER_LOST_ODD : MARKER_LOST_PAIRS;
	return account;
}

const char *marker_verdict_text(enum marker_verdict verdict)
{
	static const char *const texts[] = {
		[MARKER_COMPLETE] = "every edge is there",
		[MARKER_LOST_ODD] = "an odd number of edges is missing: an edge was lost",
		[MARKER_LOST_PAIRS] = "an even number of edges is missing: pulses shorter than a "
				      "sample, or lost samples",
		[MARKER_EXTRA] = "there are more edges than expected: bounces, or a stray",
	};

	return verdict >= MARKER_COMPLETE && verdict <= MARKER_EXTRA ? texts[verdict]
								     : "unknown verdict";
}
