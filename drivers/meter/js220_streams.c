/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/js220_streams.h"

#include <assert.h>
#include <string.h>

enum { MASK = JS220_WINDOW - 1, TICKS = 2 };

void js220_streams_init(struct js220_streams *streams, unsigned enabled)
{
	memset(streams, 0, offsetof(struct js220_streams, current_a));
	streams->enabled = enabled | 1u << JS220_CURRENT | 1u << JS220_VOLTAGE;
	memset(streams->logic, 0, sizeof(streams->logic));
	memset(streams->range, 0, sizeof(streams->range));
}

void js220_streams_reference(struct js220_streams *streams, uint64_t counter)
{
	streams->reference = counter;
	streams->has_reference = true;
}

int64_t js220_streams_index(const struct js220_streams *streams, uint64_t counter)
{
	return (int64_t)(counter / TICKS - streams->origin);
}

static bool is_enabled(const struct js220_streams *streams, unsigned signal)
{
	return streams->enabled >> signal & 1;
}

static uint64_t id_extend(uint32_t id, uint64_t near)
{
	return near + (uint64_t)(int64_t)(int32_t)(id - (uint32_t)near);
}

/* --- losses ----------------------------------------------------------------------------------- */

/* Where no slot is free, the last gap grows over what lies between: more counts as lost, never
 * less. */
static void gap_add(struct js220_streams *streams, uint64_t begin, uint64_t end)
{
	struct js220_gap *last = &streams->gap[JS220_GAPS - 1];

	if (begin < streams->next)
		begin = streams->next;
	if (begin >= end)
		return;
	if (streams->gap_count < JS220_GAPS) {
		streams->gap[streams->gap_count++] = (struct js220_gap){begin, end};
		return;
	}
	last->begin = begin < last->begin ? begin : last->begin;
	last->end = end > last->end ? end : last->end;
}

static void gaps_forget(struct js220_streams *streams)
{
	unsigned kept = 0;

	for (unsigned n = 0; n < streams->gap_count; n++)
		if (streams->gap[n].end > streams->next)
			streams->gap[kept++] = streams->gap[n];
	streams->gap_count = kept;
}

/* Moves next behind every gap that begins there. */
static void gaps_skip(struct js220_streams *streams)
{
	for (unsigned n = 0; n < streams->gap_count; n++) {
		const struct js220_gap *gap = &streams->gap[n];

		if (gap->begin > streams->next || gap->end <= streams->next)
			continue;
		streams->lost += gap->end - streams->next;
		streams->next = gap->end;
		n = UINT32_MAX; /* once more from the first */
	}
	gaps_forget(streams);
}

static void next_advance(struct js220_streams *streams, uint64_t sample)
{
	if (sample <= streams->next)
		return;
	if (streams->has_origin)
		streams->lost += sample - streams->next;
	streams->next = sample;
	gaps_forget(streams);
}

void js220_streams_set_origin(struct js220_streams *streams, uint64_t counter)
{
	streams->origin = (counter + TICKS - 1) / TICKS;
	streams->lost = 0;
	next_advance(streams, streams->origin);
	streams->has_origin = true;
	if (!streams->has_next) {
		streams->next = streams->origin;
		streams->has_next = true;
	}
	streams->lost += streams->next - streams->origin;
	js220_streams_reference(streams, counter);
}

/* --- samples into the window ------------------------------------------------------------------ */

/* The samples from tick id on, of which count ticks or floats are at bytes. Nothing is older than
 * next, nothing newer than the window. */
struct js220_piece {
	uint64_t tick;
	const uint8_t *bytes;
	size_t skip, count; /* elements at bytes: the first to be stored, and how many */
};

static void store_floats(float *window, const struct js220_piece *piece)
{
	size_t at = piece->tick / TICKS & MASK;
	size_t first = JS220_WINDOW - at < piece->count ? JS220_WINDOW - at : piece->count;
	const uint8_t *from = piece->bytes + piece->skip * sizeof(float);

	memcpy(window + at, from, first * sizeof(float));
	memcpy(window, from + first * sizeof(float), (piece->count - first) * sizeof(float));
}

/* Of both ticks of a sample the second one comes last. */
static void store_ranges(struct js220_streams *streams, const struct js220_piece *piece)
{
	for (size_t n = 0; n < piece->count; n++) {
		size_t element = piece->skip + n;
		uint8_t range = piece->bytes[element / 2] >> (element % 2 * 4) & 15;

		streams->range[(piece->tick + n) / TICKS & MASK] = range;
	}
}

static void store_bit(struct js220_streams *streams, unsigned line, uint64_t tick, unsigned level)
{
	uint8_t *logic = &streams->logic[tick / TICKS & MASK];
	uint8_t bit = (uint8_t)(1u << (line + (tick % TICKS) * 4));

	*logic = level ? *logic | bit : *logic & (uint8_t)~bit;
}

/* 8 ticks, lowest bit first, to 4 samples: bits 0 and 4 of each byte, first byte lowest. */
static uint32_t spread(uint32_t byte)
{
	uint32_t samples = 0;

	for (unsigned tick = 0; tick < 8; tick++)
		samples |= (byte >> tick & 1) << (tick / 2 * 8 + tick % 2 * 4);
	return samples;
}

/* Eight elements, the first lowest. */
static uint8_t eight_at(const uint8_t *bytes, size_t element)
{
	const uint8_t *from = bytes + element / 8;
	unsigned shift = element % 8;

	return shift ? (uint8_t)(from[0] >> shift | from[1] << (8 - shift)) : from[0];
}

/* By eights, but for half a sample at either end and what wraps around. */
static void store_bits(struct js220_streams *streams, unsigned line,
		       const struct js220_piece *piece)
{
	const uint32_t others = ~(UINT32_C(0x11111111) << line);
	unsigned last = UINT8_MAX + 1;
	uint32_t samples = 0;

	for (size_t n = 0; n < piece->count;) {
		uint64_t tick = piece->tick + n;
		size_t at = tick / TICKS & MASK, element = piece->skip + n;
		uint8_t *logic = &streams->logic[at];
		uint8_t eight;

		if (tick % TICKS || piece->count - n < 8 || at + 4 > JS220_WINDOW) {
			store_bit(streams, line, tick,
				  piece->bytes[element / 8] >> (element % 8) & 1);
			n++;
			continue;
		}
		eight = eight_at(piece->bytes, element);
		if (eight != last)
			samples = spread(eight) << line;
		last = eight;
		js220_put_le(logic, ((uint32_t)js220_le(logic, 4) & others) | samples, 4);
		n += 8;
	}
}

static void store(struct js220_streams *streams, unsigned signal, const struct js220_piece *piece)
{
	if (signal == JS220_CURRENT)
		store_floats(streams->current_a, piece);
	else if (signal == JS220_VOLTAGE)
		store_floats(streams->voltage_v, piece);
	else if (signal == JS220_RANGE)
		store_ranges(streams, piece);
	else
		store_bits(streams, signal - JS220_GPI, piece);
}

/* --- frames ----------------------------------------------------------------------------------- */

/* Of each signal: its port, bits of an element, and ticks that an element stands for. */
static const struct js220_signal_row {
	const char *name;
	uint8_t port, bits, ticks;
} rows[JS220_SIGNALS] = {
	{"current", JS220_PORT_CURRENT, 32, 2},    {"voltage", JS220_PORT_VOLTAGE, 32, 2},
	{"current range", JS220_PORT_RANGE, 4, 1}, {"input 0", JS220_PORT_GPI, 1, 1},
	{"input 1", JS220_PORT_GPI + 1, 1, 1},     {"input 2", JS220_PORT_GPI + 2, 1, 1},
	{"input 3", JS220_PORT_GPI + 3, 1, 1},
};

static unsigned signal_of(unsigned port)
{
	unsigned signal = 0;

	while (signal < JS220_SIGNALS && rows[signal].port != port)
		signal++;
	return signal;
}

/* Makes room for samples up to end: whoever has not come so far has lost what falls out. */
static void window_make_room(struct js220_streams *streams, uint64_t end)
{
	uint64_t begin = end > JS220_WINDOW ? end - JS220_WINDOW : 0;

	if (begin <= streams->next)
		return;
	for (unsigned signal = 0; signal < JS220_SIGNALS; signal++)
		if (is_enabled(streams, signal) && streams->started[signal] &&
		    streams->end[signal] < begin * TICKS)
			streams->end[signal] = begin * TICKS;
	next_advance(streams, begin);
	gaps_skip(streams);
}

static uint64_t tick_of(const struct js220_streams *streams, unsigned signal, uint32_t id)
{
	uint64_t near = streams->started[signal] ? streams->end[signal]
			: streams->has_reference ? streams->reference
						 : id;

	return id_extend(id, near);
}

bool js220_streams_fits(const struct js220_streams *streams, const struct js220_frame *frame)
{
	unsigned signal = signal_of(frame->port);
	uint64_t tick, ticks;

	if (signal == JS220_SIGNALS || !is_enabled(streams, signal) || frame->length <= 4)
		return true;
	tick = tick_of(streams, signal, (uint32_t)js220_le(frame->payload, 4));
	ticks = (frame->length - 4) * 8 / rows[signal].bits * rows[signal].ticks;
	return (tick + ticks + TICKS - 1) / TICKS <= streams->next + JS220_WINDOW;
}

/* Where the frame's samples begin, full width; false: refused. */
static bool place_frame(struct js220_streams *streams, unsigned signal, uint32_t id, uint32_t ticks,
			uint64_t *ret_tick)
{
	uint64_t tick = tick_of(streams, signal, id);
	int64_t jump = streams->started[signal] ? (int64_t)(tick - streams->end[signal]) : 0;
	bool is_borne_out = streams->suspect[signal] && streams->suspect_id[signal] == id;

	streams->suspect[signal] = false;
	if (jump > JS220_JUMP_TICKS && !is_borne_out) {
		streams->suspect[signal] = true;
		streams->suspect_id[signal] = id + ticks;
	}
	if (streams->suspect[signal] || jump < -JS220_JUMP_TICKS) {
		streams->was_refused = true;
		return false;
	}
	*ret_tick = tick;
	return true;
}

/* Leaves out what is older than begin; false: all of it. */
static bool piece_cut(struct js220_piece *piece, uint64_t begin, unsigned element_ticks)
{
	uint64_t elements;

	if (piece->tick >= begin)
		return true;
	elements = (begin - piece->tick + element_ticks - 1) / element_ticks;
	if (elements >= piece->count)
		return false;
	piece->tick += elements * element_ticks;
	piece->skip += (size_t)elements;
	piece->count -= (size_t)elements;
	return true;
}

static void put_piece(struct js220_streams *streams, unsigned signal, struct js220_piece piece)
{
	unsigned element_ticks = rows[signal].ticks;
	uint64_t *end = &streams->end[signal];
	uint64_t piece_end;

	if (streams->started[signal] && piece.tick < *end) {
		streams->was_duplicate = true;
		if (!piece_cut(&piece, *end, element_ticks))
			return;
	}
	if (streams->started[signal] ? piece.tick > *end : piece.tick / TICKS > streams->next)
		gap_add(streams, streams->started[signal] ? *end / TICKS : streams->next,
			(piece.tick + TICKS - 1) / TICKS);
	piece_end = piece.tick + piece.count * element_ticks;
	streams->started[signal] = true;
	*end = piece_end;
	window_make_room(streams, (piece_end + TICKS - 1) / TICKS);
	if (piece_cut(&piece, streams->next * TICKS, element_ticks))
		store(streams, signal, &piece);
}

bool js220_streams_put(struct js220_streams *streams, const struct js220_frame *frame)
{
	unsigned signal = signal_of(frame->port);
	struct js220_piece piece = {.skip = 0};

	if (signal == JS220_SIGNALS || !is_enabled(streams, signal) || frame->length <= 4)
		return false;
	piece.bytes = frame->payload + 4;
	piece.count = (frame->length - 4) * 8 / rows[signal].bits;
	if (!piece.count)
		return false;
	if (!place_frame(streams, signal, (uint32_t)js220_le(frame->payload, 4),
			 (uint32_t)piece.count * rows[signal].ticks, &piece.tick))
		return true;
	if (rows[signal].ticks == TICKS && piece.tick % TICKS) { /* no float begins in between */
		streams->was_refused = true;
		return true;
	}
	if (!streams->has_next) {
		streams->next = piece.tick / TICKS;
		streams->has_next = true;
		js220_streams_reference(streams, piece.tick);
	}
	put_piece(streams, signal, piece);
	return true;
}

/* --- runs ------------------------------------------------------------------------------------- */

/* The first sample that not every enabled signal has. */
static uint64_t complete_end(const struct js220_streams *streams, unsigned *ret_laggard)
{
	uint64_t end = UINT64_MAX;

	for (unsigned signal = 0; signal < JS220_SIGNALS; signal++) {
		uint64_t own = streams->started[signal] ? streams->end[signal] / TICKS : 0;

		if (is_enabled(streams, signal) && own < end) {
			end = own;
			*ret_laggard = signal;
		}
	}
	return end;
}

bool js220_streams_take(struct js220_streams *streams, size_t max, struct js220_run *ret_run)
{
	unsigned laggard = 0;
	uint64_t end = complete_end(streams, &laggard);
	size_t at;

	assert(max > 0);
	if (!streams->has_origin)
		return false;
	gaps_skip(streams);
	for (unsigned n = 0; n < streams->gap_count; n++)
		if (streams->gap[n].begin < end)
			end = streams->gap[n].begin;
	if (end <= streams->next)
		return false;
	at = streams->next & MASK;
	if (end - streams->next > max)
		end = streams->next + max;
	if (end - streams->next > JS220_WINDOW - at)
		end = streams->next + JS220_WINDOW - at;
	*ret_run = (struct js220_run){
		.current_a = streams->current_a + at,
		.voltage_v = streams->voltage_v + at,
		.logic = streams->logic + at,
		.range = streams->range + at,
		.count = (size_t)(end - streams->next),
		.index = streams->next - streams->origin,
		.lost = streams->lost,
		.is_duplicate = streams->was_duplicate,
		.is_refused = streams->was_refused,
	};
	streams->next = end;
	streams->lost = 0;
	streams->was_duplicate = streams->was_refused = false;
	return true;
}

const char *js220_streams_laggard(const struct js220_streams *streams)
{
	unsigned laggard = 0;

	complete_end(streams, &laggard);
	return rows[laggard].name;
}
