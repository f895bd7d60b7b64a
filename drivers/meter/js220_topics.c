/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/js220_topics.h"

#include <assert.h>
#include <string.h>

#include "drivers/meter/js220_frames.h"

enum { DATA_AT = JS220_TOPIC_BYTES + 4, FLAG_RETAINED = 1 };

static void publish_head(uint8_t ret_payload[JS220_PUBLISH_BYTES], const char *topic, uint8_t type,
			 uint8_t flags)
{
	size_t length = strlen(topic);

	assert(length < JS220_TOPIC_BYTES);
	memset(ret_payload, 0, JS220_PUBLISH_BYTES);
	memcpy(ret_payload, topic, length);
	ret_payload[JS220_TOPIC_BYTES] = type;
	ret_payload[JS220_TOPIC_BYTES + 1] = flags;
}

/* What the instrument keeps is published as retained, a command ("!") is not. */
size_t js220_publish_u32(uint8_t ret_payload[JS220_PUBLISH_BYTES], const char *topic,
			 uint32_t value)
{
	publish_head(ret_payload, topic, JS220_TYPE_U32, strchr(topic, '!') ? 0 : FLAG_RETAINED);
	js220_put_le(ret_payload + DATA_AT, value, 8);
	return JS220_PUBLISH_BYTES;
}

size_t js220_publish_null(uint8_t ret_payload[JS220_PUBLISH_BYTES], const char *topic)
{
	publish_head(ret_payload, topic, JS220_TYPE_NULL, 0);
	return JS220_PUBLISH_BYTES;
}

static uint64_t scalar(const uint8_t *payload, size_t length, uint8_t type)
{
	static const uint8_t bytes_of[] = {[8] = 1, 2, 4, 8, 1, 2, 4, 8}; /* u8..u64, i8..i64 */
	unsigned bytes = type < sizeof(bytes_of) ? bytes_of[type] : 0;
	uint64_t value;

	if (!bytes || length < DATA_AT + bytes)
		return 0;
	value = js220_le(payload + DATA_AT, bytes);
	if (type >= 12 && bytes < 8 && value >> (8 * bytes - 1)) /* negative */
		value |= ~UINT64_C(0) << (8 * bytes);
	return value;
}

bool js220_publish_parse(const uint8_t *payload, size_t length, struct js220_publish *ret_publish)
{
	struct js220_publish publish = {.suffix = 0};
	size_t name;

	if (length < DATA_AT || !memchr(payload, 0, JS220_TOPIC_BYTES))
		return false;
	memcpy(publish.topic, payload, JS220_TOPIC_BYTES);
	name = strlen(publish.topic);
	if (name > 1 && strchr("#$?", publish.topic[name - 1])) {
		publish.suffix = publish.topic[name - 1];
		publish.topic[name - 1] = '\0';
	}
	publish.type = payload[JS220_TOPIC_BYTES];
	publish.value = scalar(payload, length, publish.type);
	if (publish.type == JS220_TYPE_JSON)
		publish.json = (struct json){(const char *)payload + DATA_AT,
					     (const char *)payload + length};
	*ret_publish = publish;
	return true;
}

/* [number, "name", "other name", ...] */
static bool option_is(struct json option, const char *name, double *ret_number)
{
	struct json element;

	if (!json_first(option, &element) || !json_number(element, ret_number))
		return false;
	while (json_next(element, &element))
		if (json_string_is(element, name))
			return true;
	return false;
}

bool js220_option_find(struct json metadata, const char *name, uint32_t *ret_value)
{
	struct json options, option;
	double number;

	if (!json_member(metadata, "options", &options) || !json_first(options, &option))
		return false;
	do {
		if (option_is(option, name, &number) && number >= 0 && number <= UINT32_MAX) {
			*ret_value = (uint32_t)number;
			return true;
		}
	} while (json_next(option, &option));
	return false;
}
