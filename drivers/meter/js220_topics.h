/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS220: port 1, topics with values. Pure functions over bytes.
 *
 * Payload: topic of 32 bytes (NUL padded), u8 type, u8 flags, u8 op, u8 app, data; a scalar takes 8
 * bytes. The instrument answers a value with TOPIC# (an error number, 0: taken), "$" with TOPIC$
 * and JSON for every topic, "?" with TOPIC? and the value it keeps.
 */
#ifndef DRIVERS_METER_JS220_TOPICS_H
#define DRIVERS_METER_JS220_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/meter/joulescope_json.h"

enum { JS220_TOPIC_BYTES = 32, JS220_PUBLISH_BYTES = 44 };

enum js220_type {
	JS220_TYPE_NULL = 0,
	JS220_TYPE_JSON = 2,
	JS220_TYPE_U8 = 8,
	JS220_TYPE_U32 = 10,
	JS220_TYPE_I64 = 15,
};

struct js220_publish {
	char topic[JS220_TOPIC_BYTES]; /* without its suffix */
	char suffix;                   /* '#', '$', '?', or 0 */
	uint8_t type;                  /* enum js220_type and others */
	uint64_t value;                /* of an integer, sign extended */
	struct json json;              /* of JSON, inside of the payload */
};

/* Returns the payload's bytes. The topic must fit. */
size_t js220_publish_u32(uint8_t ret_payload[JS220_PUBLISH_BYTES], const char *topic,
			 uint32_t value);
size_t js220_publish_null(uint8_t ret_payload[JS220_PUBLISH_BYTES], const char *topic);
/* False: too short, or a topic that does not end. */
bool js220_publish_parse(const uint8_t *payload, size_t length, struct js220_publish *ret_publish);

/* In a topic's metadata {"options": [[4, "auto"], [129, "10 A", ...], ...], ...}: the number of the
 * option that has this name, blanks and case aside. */
bool js220_option_find(struct json metadata, const char *name, uint32_t *ret_value);

#endif
