/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Little-endian numbers and fixed text fields in a payload. For the wire's own sources only.
 * A cursor walks one payload; the caller has checked that the payload is long enough.
 */
#ifndef FIRMWARE_WIRE_WIRE_BYTES_H
#define FIRMWARE_WIRE_WIRE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void wire_put_u16(uint8_t **at, uint16_t value)
{
	(*at)[0] = (uint8_t)value;
	(*at)[1] = (uint8_t)(value >> 8);
	*at += 2;
}

static inline void wire_put_u32(uint8_t **at, uint32_t value)
{
	wire_put_u16(at, (uint16_t)value);
	wire_put_u16(at, (uint16_t)(value >> 16));
}

static inline void wire_put_u64(uint8_t **at, uint64_t value)
{
	wire_put_u32(at, (uint32_t)value);
	wire_put_u32(at, (uint32_t)(value >> 32));
}

/* Always leaves a NUL at the end of the field; what follows the text is zero. */
static inline void wire_put_text(uint8_t **at, const char *text, size_t size)
{
	size_t used = 0;

	while (used < size - 1 && text[used])
		used++;
	memset(*at, 0, size);
	memcpy(*at, text, used);
	*at += size;
}

static inline uint16_t wire_get_u16(const uint8_t **at)
{
	uint16_t value = (uint16_t)((*at)[0] | (*at)[1] << 8);

	*at += 2;
	return value;
}

static inline uint32_t wire_get_u32(const uint8_t **at)
{
	uint32_t low = wire_get_u16(at);

	return low | (uint32_t)wire_get_u16(at) << 16;
}

static inline uint64_t wire_get_u64(const uint8_t **at)
{
	uint64_t low = wire_get_u32(at);

	return low | (uint64_t)wire_get_u32(at) << 32;
}

static inline void wire_get_text(const uint8_t **at, char *text, size_t size)
{
	memcpy(text, *at, size);
	text[size - 1] = 0;
	*at += size;
}

#endif
