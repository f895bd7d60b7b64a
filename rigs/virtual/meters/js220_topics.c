/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Port 1 of a JS220: the topics a host publishes to and what the instrument publishes (device
 * sheet, "Port 1 publish").
 *
 *   null to "$"    one frame per topic: TOPIC$ with its metadata as JSON, ended by NUL
 *   null to "?"    one frame per retained topic: TOPIC? with its value (the suffix and the next
 *                  line follow the vendor's driver, which handles both)
 *   a value        TOPIC# with 0, or an error number, as i32
 *
 * Names of ranges are the vendor's, with a micro sign (pyjoulescope, device_js220.py, publishes
 * them as names; pyjoulescope_ui, js220.py).
 *
 * Assumed, because the sheet is silent: value 0 of s/i/range/mode opens the path; order and wording
 * of the metadata; the error numbers; that a minimum above the maximum is refused.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rigs/virtual/meters/js220_state.h"

#define PUBLISH_HEADER  36 /* topic, type, flags, op, app */
#define FLAG_RETAINED   1
#define ERROR_PARAMETER 5
#define ERROR_NOT_FOUND 10

enum type {
	TYPE_NULL = 0,
	TYPE_JSON = 2,
	TYPE_U8 = 8,
	TYPE_U32 = 10,
	TYPE_I32 = 14,
	TYPE_I64 = 15,
};

struct topic {
	const char *name;
	uint32_t initial, limit; /* largest value */
	const char *options;     /* JSON, or NULL: any number to the limit */
	bool (*apply)(struct vjs220 *meter, unsigned argument, uint32_t value); /* false: refused */
	unsigned argument;
	bool event, is_switch; /* event: keeps no value; switch: 0 after a disconnect */
};

/* What topics do ----------------------------------------------------------------------------- */

static bool apply_stream(struct vjs220 *meter, unsigned port, uint32_t value)
{
	js220_stream_switch(meter, port, value != 0);
	return true;
}

static bool apply_statistics(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	(void)argument;
	js220_statistics_switch(meter, value != 0);
	return true;
}

static bool apply_statistics_count(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	(void)argument;
	if (value == 0)
		return false;
	meter->statistics_count = value;
	return true;
}

static bool apply_mode(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	(void)argument;
	if (value != JS220_MODE_OFF && value != JS220_MODE_AUTO && value != JS220_MODE_MANUAL)
		return false;
	meter->analog.mode = (enum js220_mode)value;
	return true;
}

/* One bit per range beside bit 7: 0x81 is 10 A, 0xa0 is 18 uA. */
static bool apply_select(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	(void)argument;
	for (unsigned range = 0; range < VJS220_RANGES; range++)
		if (value == (0x80u | 1u << range)) {
			meter->analog.manual_range = range;
			return true;
		}
	return false;
}

static bool apply_range_min(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	(void)argument;
	if (value > meter->analog.range_max)
		return false;
	meter->analog.range_min = value;
	return true;
}

static bool apply_range_max(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	(void)argument;
	if (value < meter->analog.range_min)
		return false;
	meter->analog.range_max = value;
	return true;
}

static bool apply_voltage_mode(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	(void)argument;
	meter->analog.voltage_manual = value == 1;
	return true;
}

static bool apply_voltage_select(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	(void)argument;
	meter->analog.voltage_select = value;
	return true;
}

static bool apply_decimation(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	if (value == 0)
		return false;
	/* The block under way has another length: it is not sent. */
	if (argument)
		meter->gpi_n = value;
	else
		meter->decimator = (struct js220_decimator){.n = value, .broken = true};
	return true;
}

static bool apply_outputs(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	uint8_t bits = value & 0x83;

	meter->outputs = argument ? meter->outputs | bits : meter->outputs & (uint8_t)~bits;
	return true;
}

static bool apply_nothing(struct vjs220 *meter, unsigned argument, uint32_t value)
{
	(void)meter;
	(void)argument;
	(void)value;
	return true;
}

#define ON_OFF "[[0,\"off\"],[1,\"on\"]]"
#define SWITCH(name, port)                                                                         \
	{                                                                                          \
		name, 0, 1, ON_OFF, apply_stream, port, false, true                                \
	}

static const struct topic topics[] = {
	SWITCH("s/adc/0/ctrl", JS220_PORT_ADC),
	SWITCH("s/adc/1/ctrl", JS220_PORT_ADC + 1),
	SWITCH("s/adc/2/ctrl", JS220_PORT_ADC + 2),
	SWITCH("s/adc/3/ctrl", JS220_PORT_ADC + 3),
	SWITCH("s/i/range/ctrl", JS220_PORT_RANGE),
	SWITCH("s/i/ctrl", JS220_PORT_CURRENT),
	SWITCH("s/v/ctrl", JS220_PORT_VOLTAGE),
	SWITCH("s/p/ctrl", JS220_PORT_POWER),
	SWITCH("s/gpi/0/ctrl", JS220_PORT_GPI),
	SWITCH("s/gpi/1/ctrl", JS220_PORT_GPI + 1),
	SWITCH("s/gpi/2/ctrl", JS220_PORT_GPI + 2),
	SWITCH("s/gpi/3/ctrl", JS220_PORT_GPI + 3),
	SWITCH("s/gpi/7/ctrl", JS220_PORT_TRIGGER),
	{"s/stats/ctrl", 0, 1, ON_OFF, apply_statistics, 0, false, true},
	{"s/stats/scnt", 500000, JS220_STATISTICS_COUNT_MAX, NULL, apply_statistics_count},
	{"s/i/range/mode", 0, 5, "[[0,\"off\"],[4,\"auto\"],[5,\"manual\"]]", apply_mode},
	{"s/i/range/select", 0x81, 0xff,
	 "[[129,\"10 A\"],[130,\"180 mA\"],[132,\"18 mA\"],[136,\"1.8 mA\"],[144,\"180 \xc2\xb5"
	 "A\"],"
	 "[160,\"18 \xc2\xb5"
	 "A\"]]",
	 apply_select},
	{"s/i/range/min", 0, 5, NULL, apply_range_min},
	{"s/i/range/max", 5, 5, NULL, apply_range_max},
	{"s/v/range/mode", 0, 1, "[[0,\"auto\"],[1,\"manual\"]]", apply_voltage_mode},
	{"s/v/range/select", 0, 1, "[[0,\"15 V\"],[1,\"2 V\"]]", apply_voltage_select},
	{"c/gpio/vref", 0, 1, "[[0,\"external\"],[1,\"3.3 V\"]]", apply_nothing},
	{"s/dwnN/N", 1, 1000000, NULL, apply_decimation, 0},
	{"s/gpi/+/dwnN/N", 1, 2000000, NULL, apply_decimation, 1},
	{"s/gpo/+/!set", 0, 0xff, NULL, apply_outputs, 1, true},
	{"s/gpo/+/!clr", 0, 0xff, NULL, apply_outputs, 0, true},
};

#define TOPICS (sizeof(topics) / sizeof(topics[0]))
_Static_assert(TOPICS <= JS220_TOPICS_MAX, "values of the topics");

void js220_topics_defaults(struct vjs220 *meter)
{
	for (size_t k = 0; k < TOPICS; k++)
		meter->values[k] = topics[k].initial;
}

void js220_topics_stop(struct vjs220 *meter)
{
	for (size_t k = 0; k < TOPICS; k++)
		if (topics[k].is_switch)
			meter->values[k] = 0;
}

/* To the host -------------------------------------------------------------------------------- */

static void publish(struct vjs220 *meter, const char *topic, char suffix, enum type type,
		    unsigned flags, const void *data, size_t bytes)
{
	uint8_t payload[JS220_PAYLOAD_MAX] = {0};
	size_t length = strlen(topic);

	if (length + 1 >= JS220_TOPIC_BYTES || PUBLISH_HEADER + bytes > sizeof(payload))
		return;
	memcpy(payload, topic, length);
	payload[length] = (uint8_t)suffix;
	payload[32] = (uint8_t)type;
	payload[33] = (uint8_t)flags;
	memcpy(payload + PUBLISH_HEADER, data, bytes);
	js220_frames_put(&meter->frames, JS220_PORT_PUBLISH, payload, PUBLISH_HEADER + bytes);
}

static void publish_number(struct vjs220 *meter, const char *topic, char suffix, enum type type,
			   unsigned flags, uint32_t value)
{
	uint8_t data[8];

	usb_put_le(data, value, 8);
	publish(meter, topic, suffix, type, flags, data, sizeof(data));
}

static void publish_metadata(struct vjs220 *meter)
{
	for (size_t k = 0; k < TOPICS; k++) {
		char json[JS220_PAYLOAD_MAX - PUBLISH_HEADER];
		int length;

		if (topics[k].options)
			length = snprintf(json, sizeof(json),
					  "{\"dtype\":\"u32\",\"default\":%" PRIu32
					  ",\"options\":%s}",
					  topics[k].initial, topics[k].options);
		else
			length = snprintf(json, sizeof(json),
					  "{\"dtype\":\"u32\",\"default\":%" PRIu32
					  ",\"range\":[0,%" PRIu32 "]}",
					  topics[k].initial, topics[k].limit);
		publish(meter, topics[k].name, '$', TYPE_JSON, FLAG_RETAINED, json,
			(size_t)length + 1);
	}
}

static void publish_values(struct vjs220 *meter)
{
	for (size_t k = 0; k < TOPICS; k++)
		if (!topics[k].event)
			publish_number(meter, topics[k].name, '?', TYPE_U32, FLAG_RETAINED,
				       meter->values[k]);
}

/* From the host ------------------------------------------------------------------------------ */

static uint32_t set_value(struct vjs220 *meter, const char *name, uint64_t value)
{
	for (size_t k = 0; k < TOPICS; k++) {
		if (strcmp(topics[k].name, name))
			continue;
		if (value > topics[k].limit ||
		    !topics[k].apply(meter, topics[k].argument, (uint32_t)value))
			return ERROR_PARAMETER;
		if (!topics[k].event)
			meter->values[k] = (uint32_t)value;
		return 0;
	}
	return ERROR_NOT_FOUND;
}

static void receive_number(struct vjs220 *meter, const char *name, uint64_t value)
{
	if (!strcmp(name, "c/!ping"))
		publish_number(meter, "c/!pong", 0, TYPE_U32, 0, (uint32_t)value);
	else if (!strcmp(name, "s/gpi/+/!req"))
		publish_number(meter, "s/gpi/+/!value", 0, TYPE_U32, 0, meter->logic & 0x8f);
	else
		publish_number(meter, name, '#', TYPE_I32, 0, set_value(meter, name, value));
}

void js220_topics_receive(struct vjs220 *meter, const uint8_t *payload, size_t bytes)
{
	char name[JS220_TOPIC_BYTES];
	unsigned type;

	if (bytes < PUBLISH_HEADER || !memchr(payload, 0, JS220_TOPIC_BYTES)) {
		meter->host_faults++;
		return;
	}
	memcpy(name, payload, sizeof(name));
	type = payload[32];
	if (!strcmp(name, "$"))
		publish_metadata(meter);
	else if (!strcmp(name, "?"))
		publish_values(meter);
	else if (type >= TYPE_U8 && type <= TYPE_I64 && bytes == PUBLISH_HEADER + 8)
		receive_number(meter, name, usb_get_le(payload + PUBLISH_HEADER, 8));
	else if (!strcmp(name, "s/gpi/+/!req"))
		receive_number(meter, name, 0);
	else
		publish_number(meter, name, '#', TYPE_I32, 0, ERROR_PARAMETER);
}
