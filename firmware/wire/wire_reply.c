/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reply payloads: the fields of the structs in wire.h, in their order, little endian, unpadded.
 * Text fields have their full size. Of layer_crc32, counters, layer cycles and paths only as many
 * as counted are sent; clock_hz is always sent whole, unused entries as 0.
 */
#include "firmware/wire/wire.h"
#include "firmware/wire/wire_bytes.h"

enum {
	HELLO_BYTES = 392,
	CHECK_HEAD_BYTES = 12,
	CHECK_LAYER_BYTES = 4,
	RESULT_HEAD_BYTES = 32,
	RESULT_COUNTER_BYTES = 16,
	CLOCK_REPLY_BYTES = 52,
	TEMPERATURE_BYTES = 8,
	ERROR_BYTES = 98,
	LAYERS_HEAD_BYTES = 16,
	LAYERS_LAYER_BYTES = 8,
	PATHS_HEAD_BYTES = 8,
};

static uint32_t at_most(uint32_t count, uint32_t max)
{
	return count <= max ? count : max;
}

size_t wire_hello_reply_encode(const struct wire_hello_reply *from, uint8_t *payload)
{
	uint32_t clocks = at_most(from->clock_count, WIRE_CLOCKS_MAX);
	uint8_t *at = payload;

	wire_put_u16(&at, from->image_layout);
	wire_put_u16(&at, from->kernel_sets);
	wire_put_u32(&at, from->app_crc32);
	wire_put_u32(&at, from->app_bytes);
	wire_put_u32(&at, from->arena_bytes);
	wire_put_u32(&at, from->slot_bytes);
	wire_put_u32(&at, from->image_crc32);
	wire_put_u32(&at, from->image_bytes);
	wire_put_u32(&at, from->reset_cause);
	memcpy(at, from->uid, sizeof(from->uid));
	at += sizeof(from->uid);
	wire_put_u32(&at, clocks);
	for (uint32_t i = 0; i < WIRE_CLOCKS_MAX; i++)
		wire_put_u32(&at, i < clocks ? from->clock_hz[i] : 0);
	wire_put_text(&at, from->chip, sizeof(from->chip));
	wire_put_text(&at, from->board, sizeof(from->board));
	wire_put_text(&at, from->build, sizeof(from->build));
	wire_put_text(&at, from->compiler, sizeof(from->compiler));
	wire_put_text(&at, from->options, sizeof(from->options));
	return (size_t)(at - payload);
}

static void hello_take(const uint8_t *at, struct wire_hello_reply *to)
{
	to->image_layout = wire_get_u16(&at);
	to->kernel_sets = wire_get_u16(&at);
	to->app_crc32 = wire_get_u32(&at);
	to->app_bytes = wire_get_u32(&at);
	to->arena_bytes = wire_get_u32(&at);
	to->slot_bytes = wire_get_u32(&at);
	to->image_crc32 = wire_get_u32(&at);
	to->image_bytes = wire_get_u32(&at);
	to->reset_cause = wire_get_u32(&at);
	memcpy(to->uid, at, sizeof(to->uid));
	at += sizeof(to->uid);
	to->clock_count = wire_get_u32(&at);
	for (uint32_t i = 0; i < WIRE_CLOCKS_MAX; i++)
		to->clock_hz[i] = wire_get_u32(&at);
	wire_get_text(&at, to->chip, sizeof(to->chip));
	wire_get_text(&at, to->board, sizeof(to->board));
	wire_get_text(&at, to->build, sizeof(to->build));
	wire_get_text(&at, to->compiler, sizeof(to->compiler));
	wire_get_text(&at, to->options, sizeof(to->options));
}

bool wire_hello_reply_decode(const uint8_t *payload, size_t count, struct wire_hello_reply *to)
{
	enum { CLOCK_COUNT_AT = 44 };
	const uint8_t *clocks;

	if (count != HELLO_BYTES)
		return false;
	clocks = payload + CLOCK_COUNT_AT;
	if (wire_get_u32(&clocks) > WIRE_CLOCKS_MAX)
		return false;
	hello_take(payload, to);
	return true;
}

size_t wire_check_reply_encode(const struct wire_check_reply *from, uint8_t *payload)
{
	uint32_t layers = at_most(from->layer_count, WIRE_LAYERS_MAX);
	uint8_t *at = payload;

	wire_put_u32(&at, from->output_bytes);
	wire_put_u32(&at, from->output_crc32);
	wire_put_u32(&at, layers);
	for (uint32_t i = 0; i < layers; i++)
		wire_put_u32(&at, from->layer_crc32[i]);
	return (size_t)(at - payload);
}

bool wire_check_reply_decode(const uint8_t *payload, size_t count, struct wire_check_reply *to)
{
	uint32_t output_bytes, output_crc32, layers;

	if (count < CHECK_HEAD_BYTES)
		return false;
	output_bytes = wire_get_u32(&payload);
	output_crc32 = wire_get_u32(&payload);
	layers = wire_get_u32(&payload);
	if (layers > WIRE_LAYERS_MAX || count != CHECK_HEAD_BYTES + layers * CHECK_LAYER_BYTES)
		return false;
	memset(to, 0, sizeof(*to));
	to->output_bytes = output_bytes;
	to->output_crc32 = output_crc32;
	to->layer_count = layers;
	for (uint32_t i = 0; i < layers; i++)
		to->layer_crc32[i] = wire_get_u32(&payload);
	return true;
}

size_t wire_result_reply_encode(const struct wire_result_reply *from, uint8_t *payload)
{
	uint32_t counters = at_most(from->counter_count, WIRE_COUNTERS_MAX);
	uint8_t *at = payload;

	wire_put_u16(&at, from->run_sequence);
	wire_put_u16(&at, from->flags);
	wire_put_u32(&at, from->inferences);
	wire_put_u64(&at, from->cycles);
	wire_put_u32(&at, from->output_crc32);
	wire_put_u32(&at, from->output_bytes);
	wire_put_u32(&at, from->clock_hz);
	wire_put_u32(&at, counters);
	for (uint32_t i = 0; i < counters; i++) {
		wire_put_text(&at, from->counters[i].name, sizeof(from->counters[i].name));
		wire_put_u64(&at, from->counters[i].value);
	}
	return (size_t)(at - payload);
}

static void result_take(const uint8_t *at, struct wire_result_reply *to)
{
	memset(to, 0, sizeof(*to));
	to->run_sequence = wire_get_u16(&at);
	to->flags = wire_get_u16(&at);
	to->inferences = wire_get_u32(&at);
	to->cycles = wire_get_u64(&at);
	to->output_crc32 = wire_get_u32(&at);
	to->output_bytes = wire_get_u32(&at);
	to->clock_hz = wire_get_u32(&at);
	to->counter_count = wire_get_u32(&at);
	for (uint32_t i = 0; i < to->counter_count; i++) {
		wire_get_text(&at, to->counters[i].name, sizeof(to->counters[i].name));
		to->counters[i].value = wire_get_u64(&at);
	}
}

bool wire_result_reply_decode(const uint8_t *payload, size_t count, struct wire_result_reply *to)
{
	const uint8_t *at;
	uint32_t counters;

	if (count < RESULT_HEAD_BYTES)
		return false;
	at = payload + RESULT_HEAD_BYTES - 4;
	counters = wire_get_u32(&at);
	if (counters > WIRE_COUNTERS_MAX ||
	    count != RESULT_HEAD_BYTES + counters * RESULT_COUNTER_BYTES)
		return false;
	result_take(payload, to);
	return true;
}

size_t wire_clock_reply_encode(const struct wire_clock_reply *from, uint8_t *payload)
{
	uint8_t *at = payload;

	wire_put_u32(&at, from->hz);
	wire_put_u32(&at, from->core_mv);
	wire_put_u32(&at, from->wait_states);
	wire_put_text(&at, from->range, sizeof(from->range));
	wire_put_text(&at, from->source, sizeof(from->source));
	return (size_t)(at - payload);
}

bool wire_clock_reply_decode(const uint8_t *payload, size_t count, struct wire_clock_reply *to)
{
	if (count != CLOCK_REPLY_BYTES)
		return false;
	to->hz = wire_get_u32(&payload);
	to->core_mv = wire_get_u32(&payload);
	to->wait_states = wire_get_u32(&payload);
	wire_get_text(&payload, to->range, sizeof(to->range));
	wire_get_text(&payload, to->source, sizeof(to->source));
	return true;
}

size_t wire_temperature_reply_encode(const struct wire_temperature_reply *from, uint8_t *payload)
{
	uint8_t *at = payload;

	wire_put_u32(&at, (uint32_t)from->millicelsius);
	wire_put_u32(&at, from->vdda_mv);
	return (size_t)(at - payload);
}

bool wire_temperature_reply_decode(const uint8_t *payload, size_t count,
				   struct wire_temperature_reply *to)
{
	if (count != TEMPERATURE_BYTES)
		return false;
	to->millicelsius = (int32_t)wire_get_u32(&payload);
	to->vdda_mv = wire_get_u32(&payload);
	return true;
}

size_t wire_error_reply_encode(const struct wire_error_reply *from, uint8_t *payload)
{
	uint8_t *at = payload;

	wire_put_u16(&at, from->code);
	wire_put_text(&at, from->text, sizeof(from->text));
	return (size_t)(at - payload);
}

bool wire_error_reply_decode(const uint8_t *payload, size_t count, struct wire_error_reply *to)
{
	if (count != ERROR_BYTES)
		return false;
	to->code = wire_get_u16(&payload);
	wire_get_text(&payload, to->text, sizeof(to->text));
	return true;
}

size_t wire_layers_reply_encode(const struct wire_layers_reply *from, uint8_t *payload)
{
	uint32_t layers = at_most(from->count, WIRE_LAYER_CYCLES_MAX);
	uint8_t *at = payload;

	wire_put_u16(&at, from->run_sequence);
	wire_put_u16(&at, from->reserved);
	wire_put_u32(&at, from->layer_count);
	wire_put_u32(&at, from->first);
	wire_put_u32(&at, layers);
	for (uint32_t i = 0; i < layers; i++)
		wire_put_u64(&at, from->cycles[i]);
	return (size_t)(at - payload);
}

bool wire_layers_reply_decode(const uint8_t *payload, size_t count, struct wire_layers_reply *to)
{
	const uint8_t *at = payload + LAYERS_HEAD_BYTES - 4;
	uint32_t layers;

	if (count < LAYERS_HEAD_BYTES)
		return false;
	layers = wire_get_u32(&at);
	if (layers > WIRE_LAYER_CYCLES_MAX ||
	    count != LAYERS_HEAD_BYTES + layers * LAYERS_LAYER_BYTES)
		return false;
	to->run_sequence = wire_get_u16(&payload);
	to->reserved = wire_get_u16(&payload);
	to->layer_count = wire_get_u32(&payload);
	to->first = wire_get_u32(&payload);
	to->count = layers;
	for (uint32_t i = 0; i < layers; i++)
		to->cycles[i] = wire_get_u64(&at);
	return true;
}

static uint32_t path_bytes(uint32_t inferences)
{
	return inferences / 8 + (inferences % 8 != 0);
}

size_t wire_paths_reply_encode(const struct wire_paths_reply *from, uint8_t *payload)
{
	uint32_t inferences = at_most(from->inferences, WIRE_PATHS_MAX);
	uint8_t *at = payload;

	wire_put_u16(&at, from->run_sequence);
	wire_put_u16(&at, from->reserved);
	wire_put_u32(&at, inferences);
	memcpy(at, from->exited, path_bytes(inferences));
	return PATHS_HEAD_BYTES + (size_t)path_bytes(inferences);
}

bool wire_paths_reply_decode(const uint8_t *payload, size_t count, struct wire_paths_reply *to)
{
	const uint8_t *at = payload + 4;
	uint32_t inferences;

	if (count < PATHS_HEAD_BYTES)
		return false;
	inferences = wire_get_u32(&at);
	if (inferences > WIRE_PATHS_MAX || count != PATHS_HEAD_BYTES + path_bytes(inferences))
		return false;
	to->run_sequence = wire_get_u16(&payload);
	to->reserved = wire_get_u16(&payload);
	to->inferences = inferences;
	memcpy(to->exited, at, path_bytes(inferences));
	return true;
}
