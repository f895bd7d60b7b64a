/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Request payloads: the fields of the structs in wire.h, in their order, little endian, unpadded.
 */
#include "firmware/wire/wire.h"
#include "firmware/wire/wire_bytes.h"

enum {
	IMAGE_BEGIN_BYTES = 8,
	DATA_HEAD_BYTES = 8,
	RUN_BYTES = 20,
	CLOCK_BYTES = 4,
	OUTPUT_BYTES = 8,
	LAYERS_BYTES = 4,
	EXIT_BYTES = 4,
};

size_t wire_image_begin_encode(const struct wire_image_begin *from, uint8_t *payload)
{
	uint8_t *at = payload;

	wire_put_u32(&at, from->bytes);
	wire_put_u32(&at, from->crc32);
	return (size_t)(at - payload);
}

bool wire_image_begin_decode(const uint8_t *payload, size_t count, struct wire_image_begin *to)
{
	if (count != IMAGE_BEGIN_BYTES)
		return false;
	to->bytes = wire_get_u32(&payload);
	to->crc32 = wire_get_u32(&payload);
	return true;
}

size_t wire_data_encode(const struct wire_data *from, uint8_t *payload)
{
	uint32_t count = from->count <= WIRE_DATA_MAX ? from->count : WIRE_DATA_MAX;
	uint8_t *at = payload;

	wire_put_u32(&at, from->offset);
	wire_put_u32(&at, count);
	if (count)
		memcpy(at, from->bytes, count);
	return DATA_HEAD_BYTES + (size_t)count;
}

bool wire_data_decode(const uint8_t *payload, size_t count, struct wire_data *to)
{
	struct wire_data data;

	if (count < DATA_HEAD_BYTES)
		return false;
	data.offset = wire_get_u32(&payload);
	data.count = wire_get_u32(&payload);
	data.bytes = payload;
	if (data.count > WIRE_DATA_MAX || data.count != count - DATA_HEAD_BYTES)
		return false;
	*to = data;
	return true;
}

size_t wire_run_encode(const struct wire_run *from, uint8_t *payload)
{
	uint8_t *at = payload;

	wire_put_u32(&at, from->warmups);
	wire_put_u32(&at, from->inferences);
	wire_put_u32(&at, from->idle_before_ms);
	wire_put_u32(&at, from->idle_after_ms);
	wire_put_u32(&at, from->flags);
	return (size_t)(at - payload);
}

bool wire_run_decode(const uint8_t *payload, size_t count, struct wire_run *to)
{
	if (count != RUN_BYTES)
		return false;
	to->warmups = wire_get_u32(&payload);
	to->inferences = wire_get_u32(&payload);
	to->idle_before_ms = wire_get_u32(&payload);
	to->idle_after_ms = wire_get_u32(&payload);
	to->flags = wire_get_u32(&payload);
	return true;
}

size_t wire_clock_encode(const struct wire_clock *from, uint8_t *payload)
{
	uint8_t *at = payload;

	wire_put_u32(&at, from->hz);
	return (size_t)(at - payload);
}

bool wire_clock_decode(const uint8_t *payload, size_t count, struct wire_clock *to)
{
	if (count != CLOCK_BYTES)
		return false;
	to->hz = wire_get_u32(&payload);
	return true;
}

size_t wire_output_encode(const struct wire_output *from, uint8_t *payload)
{
	uint8_t *at = payload;

	wire_put_u32(&at, from->offset);
	wire_put_u32(&at, from->count);
	return (size_t)(at - payload);
}

bool wire_output_decode(const uint8_t *payload, size_t count, struct wire_output *to)
{
	struct wire_output output;

	if (count != OUTPUT_BYTES)
		return false;
	output.offset = wire_get_u32(&payload);
	output.count = wire_get_u32(&payload);
	if (output.count > WIRE_DATA_MAX)
		return false;
	*to = output;
	return true;
}

size_t wire_layers_encode(const struct wire_layers *from, uint8_t *payload)
{
	uint8_t *at = payload;

	wire_put_u32(&at, from->first);
	return (size_t)(at - payload);
}

bool wire_layers_decode(const uint8_t *payload, size_t count, struct wire_layers *to)
{
	if (count != LAYERS_BYTES)
		return false;
	to->first = wire_get_u32(&payload);
	return true;
}

size_t wire_exit_encode(const struct wire_exit *from, uint8_t *payload)
{
	uint8_t *at = payload;

	wire_put_u32(&at, (uint32_t)from->threshold);
	return (size_t)(at - payload);
}

bool wire_exit_decode(const uint8_t *payload, size_t count, struct wire_exit *to)
{
	if (count != EXIT_BYTES)
		return false;
	to->threshold = (int32_t)wire_get_u32(&payload);
	return true;
}
