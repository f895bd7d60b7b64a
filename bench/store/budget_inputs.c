/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/store/budget_inputs.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REAL(member)                                                                               \
	{                                                                                          \
#member, offsetof(struct budget_input, member)                                     \
	}

static const struct {
	const char *key;
	size_t offset;
} reals[] = {
	REAL(charge_c),      REAL(duration_s), REAL(supply_v),
	REAL(supply_u_v),    REAL(idle_a),     REAL(idle_u_a),
	REAL(edge_u_s),      REAL(gain_u_rel), REAL(offset_u_a),
	REAL(rate_u_rel),    REAL(noise_sd_a), REAL(resolution_a),
	REAL(dither_sd_a),   REAL(burden_u_v), REAL(temperature_u_per_k),
	REAL(temperature_k), REAL(idle_dof),
};

enum { REALS = sizeof(reals) / sizeof(reals[0]) };

static double *real_at(const struct budget_input *input, size_t i)
{
	return (double *)((char *)input + reals[i].offset);
}

static json_t *ranges_json(const struct budget_input *input)
{
	json_t *ranges = json_array();

	for (size_t r = 0; r < input->range_count; r++) {
		const struct budget_range *range = &input->ranges[r];

		json_array_append_new(ranges,
				      json_pack("[f,f,f,f]", range->share, range->idle_share,
						range->offset_u_a, range->resolution_a));
	}
	return ranges;
}

int budget_inputs_write(const struct budget_input *input, char *ret_text, size_t size)
{
	json_t *json = json_pack("{s:b, s:b, s:I, s:o}", "has_idle", input->has_idle,
				 "idle_same_range", input->idle_same_range, "samples",
				 (json_int_t)input->samples, "ranges", ranges_json(input));
	char *text;
	bool bad = !json; /* out of memory, or not a number */
	int ret = 0;

	for (size_t i = 0; i < REALS; i++)
		bad |= json_object_set_new(json, reals[i].key, json_real(*real_at(input, i))) != 0;
	text = !bad ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(json);
	ret_text[0] = 0;
	if (!text)
		return -EINVAL;
	if (strlen(text) < size)
		snprintf(ret_text, size, "%s", text);
	else
		ret = -ENOSPC;
	free(text);
	return ret;
}

static int ranges_read(const json_t *ranges, struct budget_input *input)
{
	size_t count = json_array_size(ranges);

	if (!json_is_array(ranges) || count > BUDGET_RANGES_MAX)
		return -EINVAL;
	for (size_t r = 0; r < count; r++) {
		struct budget_range *range = &input->ranges[r];

		if (json_unpack(json_array_get(ranges, r), "[F,F,F,F!]", &range->share,
				&range->idle_share, &range->offset_u_a, &range->resolution_a))
			return -EINVAL;
	}
	input->range_count = count;
	return 0;
}

static int object_read(json_t *json, struct budget_input *input)
{
	int has_idle, same_range;
	json_int_t samples;
	json_t *ranges;

	if (json_unpack(json, "{s:b, s:b, s:I, s:o}", "has_idle", &has_idle, "idle_same_range",
			&same_range, "samples", &samples, "ranges", &ranges) ||
	    samples < 1)
		return -EINVAL;
	input->has_idle = has_idle;
	input->idle_same_range = same_range;
	input->samples = (size_t)samples;
	for (size_t i = 0; i < REALS; i++) {
		const json_t *value = json_object_get(json, reals[i].key);

		if (!json_is_number(value))
			return -EINVAL;
		*real_at(input, i) = json_number_value(value);
	}
	return ranges_read(ranges, input);
}

int budget_inputs_read(const char *text, struct budget_input *ret_input)
{
	json_t *json = text[0] ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	struct budget_input input = {0};
	int ret = json ? object_read(json, &input) : -EINVAL;

	json_decref(json);
	if (!ret)
		*ret_input = input;
	return ret;
}
