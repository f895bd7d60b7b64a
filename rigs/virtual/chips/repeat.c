/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recording and playing back: when to do what. See repeat.h; a recording's contents are in
 * repeat_recording.c.
 */
#include "rigs/virtual/chips/repeat.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/chips/repeat_recording.h"

#define RECORDINGS_MAX 256
#define SEEN_COUNT     65536u /* a power of two */
#define HUNT_BORDERS   256    /* with a look, behind an edge or a stretch */
#define LOOK_CYCLES    1024   /* between two looks at the state: short slices cost less than it */
#define SLICES_MIN     8      /* shorter stretches are not worth it */
#define ATTEMPTS_MAX   6      /* recordings in a row that were not played back */
#define VARYING_FEW    256    /* bytes: more of them are other data, not variables */
#define GUARD_CYCLES   4096   /* no instruction takes longer */

enum phase { PHASE_IDLE = 0, PHASE_HUNT, PHASE_RECORD, PHASE_REPLAY };

struct repeat {
	const struct repeat_core *traits;
	void *core;
	size_t state_bytes;
	enum phase phase;
	uint64_t length, generation; /* that the recordings hold for */
	struct recording *list[RECORDINGS_MAX];
	unsigned count;
	size_t bytes; /* of all recordings */
	uint64_t tick;
	bool proven;         /* one was played back */
	uint64_t since_edge; /* slices */
	/* Hunting: the state at this border; the first one that was seen before. */
	unsigned borders;
	uint8_t *state, *candidate;
	bool has_candidate;
	uint64_t seen[SEEN_COUNT];
	/* Recording, replaying. */
	struct recording *current;
	struct repeat_watch watch;
	uint8_t *before; /* memory as the stretch began */
	uint8_t *varies; /* REPEAT_VARIES at what is not the same each time */
	size_t slice;
	uint64_t start[REPEAT_COUNTERS_MAX], counters[REPEAT_COUNTERS_MAX];
	struct repeat_totals totals;
};

struct repeat *repeat_new(const struct repeat_core *traits, void *core)
{
	struct repeat *r = calloc(1, sizeof(*r));

	assert(traits->counters <= REPEAT_COUNTERS_MAX);
	if (!r)
		return NULL;
	r->traits = traits;
	r->core = core;
	r->state_bytes = traits->state_bytes(core);
	r->length = 1;
	r->state = malloc(r->state_bytes);
	r->candidate = malloc(r->state_bytes);
	if (r->state && r->candidate)
		return r;
	repeat_free(r);
	return NULL;
}

static void drop_all(struct repeat *r)
{
	for (unsigned i = 0; i < r->count; i++)
		recording_free(r->list[i]);
	r->count = 0;
	r->bytes = 0;
	r->proven = r->has_candidate = false;
	memset(r->seen, 0, sizeof(r->seen));
	if (r->varies)
		memset(r->varies, 0, r->watch.places);
}

void repeat_free(struct repeat *r)
{
	if (!r)
		return;
	drop_all(r);
	free(r->state);
	free(r->candidate);
	free(r->watch.flags);
	free(r->watch.undo);
	free(r->before);
	free(r->varies);
	free(r);
}

struct repeat_totals repeat_totals(const struct repeat *r)
{
	return r ? r->totals : (struct repeat_totals){0};
}

/* The list ---- */

static void drop(struct repeat *r, unsigned index)
{
	r->bytes -= r->list[index]->bytes;
	recording_free(r->list[index]);
	r->list[index] = r->list[--r->count];
}

static unsigned least_recently_used(const struct repeat *r, const struct recording *but)
{
	unsigned best = 0;

	for (unsigned i = 1; i < r->count; i++)
		if (r->list[best] == but ||
		    (r->list[i] != but && r->list[i]->used < r->list[best]->used))
			best = i;
	return best;
}

static struct recording *find(const struct repeat *r, uint64_t digest, const uint8_t *state)
{
	for (unsigned i = 0; i < r->count; i++)
		if (r->list[i]->digest == digest &&
		    !memcmp(r->list[i]->start, state, r->state_bytes))
			return r->list[i];
	return NULL;
}

/* NULL: out of memory, nothing is recorded. */
static struct recording *add(struct repeat *r, const uint8_t *state)
{
	struct recording *recording = recording_new(state, r->state_bytes, r->traits->counters);

	if (!recording)
		return NULL;
	if (r->count == RECORDINGS_MAX)
		drop(r, least_recently_used(r, NULL));
	recording->used = ++r->tick;
	r->list[r->count++] = recording;
	r->bytes += recording->bytes;
	return recording;
}

static void account(struct repeat *r, struct recording *recording, size_t bytes_before)
{
	r->bytes += recording->bytes - bytes_before;
	while (r->bytes > REPEAT_BYTES_MAX && r->count > 1)
		drop(r, least_recently_used(r, recording));
}

/* States ---- */

static uint64_t digest_of(const uint8_t *state, size_t bytes)
{
	uint64_t lanes[4] = {1, 2, 3, 4}, word, sum = bytes;
	size_t i = 0;

	for (; i + 32 <= bytes; i += 32)
		for (unsigned k = 0; k < 4; k++) {
			memcpy(&word, state + i + 8 * k, 8);
			lanes[k] = (lanes[k] ^ word) * 0x9e3779b97f4a7c15u;
			lanes[k] ^= lanes[k] >> 29;
		}
	for (; i < bytes; i++)
		lanes[0] = (lanes[0] ^ state[i]) * 0x100000001b3u;
	for (unsigned k = 0; k < 4; k++)
		sum = (sum ^ lanes[k] ^ lanes[k] >> 32) * 0xbf58476d1ce4e5b9u;
	return sum ^ sum >> 31;
}

/* Always on the same borders behind an edge. */
static bool is_look(const struct repeat *r)
{
	return r->length >= LOOK_CYCLES || r->since_edge % (LOOK_CYCLES / r->length) == 0;
}

/* Did that state come before; it has now. */
static bool is_known(struct repeat *r, uint64_t digest)
{
	uint64_t *place = &r->seen[digest & (SEEN_COUNT - 1)];
	bool known = *place == digest;

	*place = digest;
	return known;
}

/* Recording ---- */

static bool make_watch(struct repeat *r)
{
	struct repeat_watch *watch = &r->watch;
	uint32_t places = watch->places;

	watch->area_count = 0;
	if (!r->traits->find_areas(r->core, watch))
		return false;
	if (places != watch->places) {
		free(watch->flags);
		free(r->before);
		free(r->varies);
		watch->flags = malloc(watch->places);
		r->before = malloc(watch->places);
		r->varies = calloc(watch->places, 1);
	}
	if (watch->flags && r->before && r->varies)
		return true;
	watch->places = 0;
	return false;
}

static void start_recording(struct repeat *r, struct recording *recording)
{
	struct repeat_watch *watch = &r->watch;
	size_t bytes = recording->bytes;

	if (!make_watch(r)) {
		recording->dead = true;
		return;
	}
	recording_empty(recording);
	account(r, recording, bytes);
	memcpy(watch->flags, r->varies, watch->places);
	for (unsigned i = 0; i < watch->area_count; i++)
		memcpy(r->before + watch->areas[i].first, watch->areas[i].memory,
		       watch->areas[i].bytes);
	watch->undo_count = 0;
	watch->ended = false;
	r->traits->read_counters(r->core, r->counters);
	r->traits->watch(r->core, watch);
	r->current = recording;
	r->phase = PHASE_RECORD;
	r->totals.recordings++;
}

static void start_hunt(struct repeat *r)
{
	r->phase = PHASE_HUNT;
	r->borders = 0;
	r->has_candidate = false;
}

/* The recording ends where the state was looked at last: what was accessed since does not count. */
static void finish_recording(struct repeat *r)
{
	struct recording *recording = r->current;
	size_t bytes = recording->bytes;

	r->traits->watch(r->core, NULL);
	r->current = NULL;
	recording->attempts++;
	recording->slice_count = recording->kept_count;
	if (recording->slice_count < SLICES_MIN ||
	    r->traits->generation(r->core) != r->generation ||
	    !recording_finish(recording, &r->watch, r->before))
		recording->dead = true;
	if (recording->dead)
		recording_empty(recording);
	account(r, recording, bytes);
	start_hunt(r);
}

static void record_slice(struct repeat *r, bool whole)
{
	uint64_t now[REPEAT_COUNTERS_MAX];
	struct recording *recording = r->current;
	size_t bytes = recording->bytes;

	r->traits->read_counters(r->core, now);
	if (!whole || r->watch.ended || now[REPEAT_EXCEPTIONS] != r->counters[REPEAT_EXCEPTIONS] ||
	    r->traits->generation(r->core) != r->generation || !r->traits->is_plain(r->core) ||
	    bytes > REPEAT_BYTES_MAX / 2 || !recording_add_slice(recording, r->counters, now)) {
		finish_recording(r);
		return;
	}
	account(r, recording, bytes);
	memcpy(r->counters, now, sizeof(now));
	if (!is_look(r))
		return;
	r->watch.undo_count = 0;
	recording->kept_count = recording->slice_count;
	r->traits->save(r->core, recording->end);
	is_known(r, digest_of(recording->end, r->state_bytes));
}

/* Hunting ---- */

/* No recording was met: the first state that came before is to be recorded when it comes again. */
static void end_hunt(struct repeat *r)
{
	struct recording *recording;

	if (r->phase == PHASE_HUNT && r->has_candidate) {
		recording = add(r, r->candidate);
		if (recording)
			recording->digest = digest_of(r->candidate, r->state_bytes);
	}
	r->has_candidate = false;
	r->phase = PHASE_IDLE;
}

static void meet_state(struct repeat *r, uint64_t digest)
{
	struct recording *recording;

	if (!is_known(r, digest) || r->has_candidate)
		return;
	if (r->proven) { /* a recording that is there already may follow: rather that one */
		memcpy(r->candidate, r->state, r->state_bytes);
		r->has_candidate = true;
		return;
	}
	recording = add(r, r->state);
	if (!recording)
		return;
	recording->digest = digest;
	start_recording(r, recording);
}

/* Its state came again, with other bytes where it reads. */
static void learn(struct repeat *r, struct recording *recording)
{
	size_t bytes = recording->bytes;

	if (recording->attempts >= ATTEMPTS_MAX)
		recording->dead = true;
	else
		recording_vary(recording, &r->watch, VARYING_FEW, r->varies);
	if (recording->dead)
		recording_empty(recording);
	account(r, recording, bytes);
	if (!recording->dead)
		start_recording(r, recording);
}

static void start_replay(struct repeat *r, struct recording *recording)
{
	r->traits->read_counters(r->core, r->start);
	recording->used = ++r->tick;
	recording->attempts = 0;
	r->proven = true;
	r->has_candidate = false;
	r->current = recording;
	r->slice = 0;
	r->phase = PHASE_REPLAY;
}

static void hunt(struct repeat *r)
{
	struct recording *recording;
	uint64_t digest;

	if (!r->traits->is_plain(r->core))
		return;
	r->traits->save(r->core, r->state);
	digest = digest_of(r->state, r->state_bytes);
	recording = find(r, digest, r->state);
	if (!recording)
		meet_state(r, digest);
	else if (recording->dead)
		return;
	else if (!recording->slice_count)
		start_recording(r, recording);
	else if (spans_equal(&recording->inputs, &r->watch))
		start_replay(r, recording);
	else
		learn(r, recording);
}

/* Slices ---- */

static bool is_quiet(const struct repeat *r, uint64_t cycles)
{
	uint64_t until = r->traits->quiet_until(r->core), now[REPEAT_COUNTERS_MAX];

	if (until == UINT64_MAX)
		return true;
	r->traits->read_counters(r->core, now);
	return until > now[REPEAT_NOW] + cycles + GUARD_CYCLES;
}

static void follow_setting(struct repeat *r, uint64_t length)
{
	uint64_t generation = r->traits->generation(r->core);

	if (length == r->length && generation == r->generation)
		return;
	repeat_settle(r);
	drop_all(r);
	r->length = length;
	r->generation = generation;
}

uint64_t repeat_next(struct repeat *r, uint64_t length)
{
	if (!r || r->phase == PHASE_IDLE)
		return 0;
	follow_setting(r, length);
	if (!is_quiet(r, length)) {
		repeat_settle(r);
		return 0;
	}
	if (r->phase == PHASE_HUNT && is_look(r))
		hunt(r);
	return r->phase == PHASE_REPLAY ? recording_slice(r->current, r->slice)[REPEAT_NOW] : 0;
}

static void end_replay(struct repeat *r)
{
	spans_apply(&r->current->outputs, &r->watch);
	r->traits->restore(r->core, r->current->end);
	r->current = NULL;
	start_hunt(r);
}

void repeat_take(struct repeat *r)
{
	assert(r->phase == PHASE_REPLAY);
	r->traits->add_counters(r->core, recording_slice(r->current, r->slice));
	r->totals.replayed++;
	r->since_edge++;
	if (++r->slice == r->current->slice_count)
		end_replay(r);
}

void repeat_executed(struct repeat *r, bool whole, bool edge)
{
	if (!r)
		return;
	r->totals.executed++;
	r->since_edge++;
	if (r->phase == PHASE_RECORD)
		record_slice(r, whole);
	else if (r->phase == PHASE_HUNT && is_look(r) && ++r->borders > HUNT_BORDERS)
		end_hunt(r);
	if (edge) {
		r->since_edge = 0;
		end_hunt(r);
		start_hunt(r);
	}
}

void repeat_settle(struct repeat *r)
{
	uint64_t here[REPEAT_COUNTERS_MAX], now[REPEAT_COUNTERS_MAX];

	if (!r)
		return;
	if (r->phase == PHASE_RECORD)
		finish_recording(r);
	if (r->phase == PHASE_REPLAY && r->slice > 0) {
		r->traits->read_counters(r->core, here);
		r->traits->write_counters(r->core, r->start);
		r->traits->run(r->core, here[REPEAT_NOW]);
		r->traits->read_counters(r->core, now);
		assert(!memcmp(now, here, r->traits->counters * sizeof(now[0])));
		r->totals.settled++;
	}
	r->current = NULL;
	end_hunt(r);
}

void repeat_forget(struct repeat *r)
{
	if (!r)
		return;
	repeat_settle(r);
	drop_all(r);
}
