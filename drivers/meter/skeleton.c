/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A meter to begin a driver from: copy it, and see drivers/meter/README.md. It is in no table, so
 * no user can name it; tests/unit/drivers/test_skeletons.c puts it through what every meter
 * promises.
 *
 * A driver's file begins so: which instrument, which document, which quirks. This instrument is
 * made up. It hangs on a serial port and takes these commands:
 *
 *   i         says "SKELETON serial\n"
 *   s LO HI   streams at so many samples per second (16 bits) until told to stop
 *   p         stops, and sends END when the last sample is out
 *
 * A sample is nine bytes, numbers with the low byte first:
 *
 *   0xA5, u16 number of the sample, u16 current in uA, u16 voltage in mV, logic inputs, sum of the
 *   eight bytes before
 *
 * Current 0xFFFF is above its range. END is nine bytes as well, begins with 0x5A and ends with
 * their sum. Quirk: numbers wrap, so that a gap of 65536 samples does not show.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/meter/meter.h"
#include "drivers/meter/meter_params.h"

enum {
	SAMPLE = 0xA5,
	END = 0x5A,
	FRAME_BYTES = 9,
	OVER_RANGE = 0xFFFF,
	REPLY_MS = 500,
	BUFFER_BYTES = 4096,
};

/* Of the data sheet, which here is made up; a real driver names document and table. */
static const double range_max_a = 65.534e-3, step_a = 1e-6, gain_u_rel = 1e-3, offset_u_a = 1e-6;
static const double step_v = 1e-3, voltage_gain_u_rel = 1e-3, voltage_offset_u_v = 1e-3;

/* One row gives parsing, range check, --help and the manual. The unit ends the key. */
enum { PARAM_RATE, PARAM_COUNT };
static const struct meter_param params[] = {
	{"rate_hz", "Hz", "1000", 10, 10000, "samples per second"}, {NULL}};

/* All there is about one instrument; zeroed before open. meter_read may run in a thread of its own
 * beside the owner's meter_stop: what both touch is atomic. */
struct skeleton {
	struct link *link;
	uint16_t rate_hz;
	uint8_t buffer[BUFFER_BYTES]; /* received, not yet taken */
	size_t used;
	int64_t t_mono_ns; /* when the last of them came */
	uint64_t next;     /* index of the next sample */
	bool has_begun;    /* the first sample of a stream is 0, whatever its number */
	uint16_t number;   /* that the next sample should have */
	bool has_resynced; /* bytes were skipped since the last block */
	bool has_ended;
};

/* ---- opening ---- */

static int command(struct skeleton *skeleton, const uint8_t *bytes, size_t count, struct err *err)
{
	return link_write(skeleton->link, bytes, count, REPLY_MS, err);
}

/* Somebody may have left it streaming: its words are told from samples only when it is quiet. */
static int silence(struct skeleton *skeleton, struct err *err)
{
	int ret = command(skeleton, (const uint8_t *)"p", 1, err);

	return ret ? ret : link_discard(skeleton->link, 50, REPLY_MS, err);
}

static int identify(struct skeleton *skeleton, struct meter_info *info, struct err *err)
{
	char line[48] = "";
	size_t used = 0, got;
	int ret = command(skeleton, (const uint8_t *)"i", 1, err);

	while (!ret && used + 1 < sizeof(line) && !strchr(line, '\n')) {
		ret = link_read_exactly(skeleton->link, line + used, 1, REPLY_MS, &got, err);
		used += got;
	}
	if (ret)
		return err_context(err, ret, "identity");
	if (sscanf(line, "SKELETON %31s", info->serial) != 1)
		return err_set(err, -EPROTO, "'%.*s' is no skeleton", (int)strcspn(line, "\n"),
			       line);
	return 0;
}

/* Everything the budget needs: what is not told here is not in any uncertainty. */
static void describe(const struct skeleton *skeleton, struct meter_info *info)
{
	snprintf(info->model, sizeof(info->model), "skeleton");
	snprintf(info->calibration, sizeof(info->calibration), "{\"gain\":1,\"offset_a\":0}");
	info->rate_hz = skeleton->rate_hz;
	info->range_max_a = range_max_a;
	info->gain_u_rel = gain_u_rel;
	info->offset_u_a = offset_u_a;
	info->voltage_gain_u_rel = voltage_gain_u_rel;
	info->voltage_offset_u_v = voltage_offset_u_v;
	info->voltage_resolution_v = step_v;
	info->range_count = 1;
	info->ranges[0] = (struct meter_range){
		.max_a = range_max_a, .resolution_a = step_a, .offset_u_a = offset_u_a};
	info->caps = METER_CAP_MARKERS | METER_CAP_VOLTAGE;
	info->is_virtual = link_is_virtual(skeleton->link);
}

/* The port is the driver's from here on; when open fails the core closes it. */
static int skeleton_open(void *state, const struct meter_port *port,
			 const struct meter_settings *settings, struct meter_info *ret_info,
			 struct err *err)
{
	struct skeleton *skeleton = state;
	struct meter_param_value values[PARAM_COUNT];
	int ret = meter_params_parse(params, settings->options, values, err);

	if (ret)
		return ret;
	skeleton->link = port->link;
	skeleton->rate_hz = (uint16_t)values[PARAM_RATE].number;
	ret = silence(skeleton, err);
	if (!ret)
		ret = identify(skeleton, ret_info, err);
	if (!ret)
		describe(skeleton, ret_info);
	return ret;
}

static void skeleton_close(void *state)
{
	link_close(((struct skeleton *)state)->link);
}

/* ---- streaming ---- */

static int skeleton_start(void *state, struct err *err)
{
	struct skeleton *skeleton = state;
	const uint8_t start[] = {'s', (uint8_t)skeleton->rate_hz,
				 (uint8_t)(skeleton->rate_hz >> 8)};

	skeleton->used = 0;
	skeleton->next = 0;
	skeleton->has_begun = false;
	skeleton->has_resynced = false;
	skeleton->has_ended = false;
	return command(skeleton, start, sizeof(start), err);
}

/* Says so and returns: the reader goes on until END, so that no sample from before is lost. */
static int skeleton_stop(void *state, struct err *err)
{
	return command(state, (const uint8_t *)"p", 1, err);
}

static uint16_t get_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static bool begins_frame(uint8_t byte)
{
	return byte == SAMPLE || byte == END;
}

static bool is_frame(const uint8_t *bytes)
{
	uint8_t sum = 0;

	for (int i = 0; i < FRAME_BYTES - 1; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return begins_frame(bytes[0]) && bytes[FRAME_BYTES - 1] == sum;
}

static void put(struct skeleton *skeleton, const uint8_t *bytes, struct meter_block *block)
{
	uint16_t raw = get_u16(bytes + 3);
	uint32_t n = block->count++;

	block->current_a[n] = (float)(raw * step_a);
	block->voltage_v[n] = (float)(get_u16(bytes + 5) * step_v);
	block->logic[n] = bytes[7];
	block->range[n] = 0;
	if (raw == OVER_RANGE)
		block->flags |= METER_BLOCK_SATURATED;
	skeleton->number++;
	skeleton->next++;
}

/* false: samples are missing in front of this one, which so begins the next block. */
static bool take(struct skeleton *skeleton, const uint8_t *bytes, struct meter_block *block)
{
	uint16_t number = get_u16(bytes + 1), lost;

	if (!skeleton->has_begun)
		skeleton->number = number;
	skeleton->has_begun = true;
	lost = (uint16_t)(number - skeleton->number);
	if (lost && block->count)
		return false;
	if (!block->count) {
		skeleton->next += lost;
		skeleton->number = number;
		block->first_index = skeleton->next;
		block->lost = lost;
		block->flags = skeleton->has_resynced ? METER_BLOCK_RESYNC : 0;
		skeleton->has_resynced = false;
	}
	put(skeleton, bytes, block);
	return true;
}

/* Bytes taken: a whole frame, or one that begins none. 0: the block is over, or the frame is not
 * whole yet. */
static size_t parse_one(struct skeleton *skeleton, const uint8_t *bytes, size_t count,
			struct meter_block *block)
{
	if (begins_frame(bytes[0]) && count < FRAME_BYTES)
		return 0;
	if (!is_frame(bytes) && block->count)
		return 0; /* what is lost belongs in front of the next block */
	if (!is_frame(bytes)) {
		skeleton->has_resynced = true;
		return 1;
	}
	if (bytes[0] == END) {
		skeleton->has_ended = true;
		return FRAME_BYTES;
	}
	return take(skeleton, bytes, block) ? FRAME_BYTES : 0;
}

/* What is in the buffer, as far as it goes into one block. */
static void parse(struct skeleton *skeleton, struct meter_block *block)
{
	size_t at = 0, taken = 1;

	while (at < skeleton->used && block->count < METER_BLOCK_MAX && !skeleton->has_ended &&
	       taken) {
		taken = parse_one(skeleton, skeleton->buffer + at, skeleton->used - at, block);
		at += taken;
	}
	skeleton->used -= at;
	memmove(skeleton->buffer, skeleton->buffer + at, skeleton->used);
}

static int receive(struct skeleton *skeleton, int timeout_ms, struct err *err)
{
	size_t got = 0;
	int ret = link_read(skeleton->link, skeleton->buffer + skeleton->used,
			    sizeof(skeleton->buffer) - skeleton->used, timeout_ms, &got, err);

	if (ret)
		return ret;
	if (!got)
		return err_set(err, -ETIMEDOUT, "no sample in %d ms", timeout_ms);
	skeleton->used += got;
	skeleton->t_mono_ns = link_clock_ns(skeleton->link);
	return 0;
}

/* The block is the caller's, with whatever was in it: each field is set here, or with the first
 * sample (take). */
static int skeleton_read(void *state, struct meter_block *block, int timeout_ms, struct err *err)
{
	struct skeleton *skeleton = state;
	int ret = 0;

	block->count = 0;
	block->range_switches = 0;
	block->corrected = 0;
	block->has_integral = false;
	parse(skeleton, block);
	while (!ret && !block->count) {
		if (skeleton->has_ended)
			return err_set(err, -ENODATA, "the stream was stopped");
		ret = receive(skeleton, timeout_ms, err);
		if (!ret)
			parse(skeleton, block);
	}
	block->t_mono_ns = skeleton->t_mono_ns;
	return ret;
}

extern const struct meter_ops meter_skeleton; /* in the driver's own header */

const struct meter_ops meter_skeleton = {
	.name = "skeleton",
	.bus = METER_BUS_LINK,
	.link_settings = {.baud = 921600, .parity = LINK_PARITY_NONE},
	.params = params,
	.state_size = sizeof(struct skeleton),
	.open = skeleton_open,
	.close = skeleton_close,
	.start = skeleton_start,
	.read = skeleton_read,
	.stop = skeleton_stop,
};
