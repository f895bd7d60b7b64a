/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/count_nets_parts.h"

#include <string.h>

uint32_t count_maker_draw(struct count_maker *maker, uint32_t from, uint32_t to)
{
	maker->random =
		maker->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return from + (uint32_t)((maker->random >> 33) % (to - from + 1));
}

bool count_maker_chance(struct count_maker *maker, unsigned percent)
{
	return count_maker_draw(maker, 0, 99) < percent;
}

void *count_maker_take(struct count_maker *maker, size_t bytes)
{
	void *at = maker->pool + maker->used;

	maker->used += (bytes + 15) / 16 * 16;
	return maker->used <= COUNT_MAKER_POOL_BYTES ? at : NULL;
}

int32_t count_maker_tensor(struct count_maker *maker, uint32_t rank, const uint32_t *shape,
			   float scale, int32_t zero_point)
{
	struct graph_tensor *tensor = &maker->graph.tensors[maker->graph.tensor_count];
	float *stored = count_maker_take(maker, sizeof(*stored));

	*tensor = (struct graph_tensor){.type = GRAPH_INT8,
					.rank = rank,
					.elements = 1,
					.scale_count = 1,
					.zero_point = zero_point};
	for (uint32_t d = 0; d < rank; d++) {
		tensor->shape[d] = shape[d];
		tensor->elements *= shape[d];
	}
	*stored = scale;
	tensor->scales = (const uint8_t *)stored;
	return (int32_t)maker->graph.tensor_count++;
}

const struct graph_tensor *count_maker_tensor_at(const struct count_maker *maker, int32_t index)
{
	return &maker->graph.tensors[index];
}

float count_maker_scale(const struct count_maker *maker, int32_t index)
{
	return *(const float *)(const void *)count_maker_tensor_at(maker, index)->scales;
}

int32_t count_maker_input_find(struct count_maker *maker, const uint32_t shape[4],
			       enum count_flavour flavour)
{
	static const int32_t zero_points[FLAVOURS] = {0, -100, 100};
	int32_t zero_point = zero_points[flavour];

	for (uint32_t i = 0; i < maker->graph.input_count; i++)
		if (maker->flavours[i] == flavour &&
		    !memcmp(count_maker_tensor_at(maker, maker->graph.inputs[i])->shape, shape,
			    4 * sizeof(*shape)))
			return maker->graph.inputs[i];
	if (maker->graph.input_count == COUNT_MAKER_INPUTS_MAX)
		return -1;
	if (flavour == LEVEL && maker->wish->wild)
		zero_point = (int32_t)count_maker_draw(maker, 0, 255) - 128;
	maker->flavours[maker->graph.input_count] = flavour;
	maker->graph.inputs[maker->graph.input_count] =
		count_maker_tensor(maker, 4, shape, 0.05f, zero_point);
	maker->input_bytes +=
		count_maker_tensor_at(maker, maker->graph.inputs[maker->graph.input_count])
			->elements;
	return maker->graph.inputs[maker->graph.input_count++];
}

int32_t count_maker_input(struct count_maker *maker, enum count_flavour flavour)
{
	static const uint32_t channels[] = {1, 1,  2,  3,  4,  5,  6,  7,  8,
					    9, 12, 16, 17, 20, 24, 32, 40, 64};
	uint32_t shape[4] = {1};
	unsigned most = maker->wish->arena_bytes * 2 / 5;
	unsigned room = maker->input_bytes < most ? most - maker->input_bytes : 0;

	if (maker->graph.input_count > 2 &&
	    (count_maker_chance(maker, 65) || room < 3000 ||
	     maker->graph.input_count + 4 > COUNT_MAKER_INPUTS_MAX)) {
		const struct graph_tensor *from = count_maker_tensor_at(
			maker,
			maker->graph
				.inputs[count_maker_draw(maker, 0, maker->graph.input_count - 1)]);

		return count_maker_input_find(maker, from->shape, flavour);
	}
	if (count_maker_chance(maker, 12) && room > 16000) {
		/* kernels plan their scratch space by the size of tensors */
		shape[1] = count_maker_draw(maker, 24, 40);
		shape[2] = count_maker_draw(maker, 24, 40);
		shape[3] = count_maker_draw(maker, 8, 16);
		while (shape[1] * shape[2] * shape[3] > 14000)
			shape[1]--;
		if (count_maker_chance(maker, 40) && room > COUNT_MAKER_PLAN_BYTES) {
			shape[1] = shape[2] = 32;
			shape[3] = COUNT_MAKER_PLAN_BYTES / (32 * 32);
		}
		return count_maker_input_find(maker, shape, flavour);
	}
	shape[0] = count_maker_chance(maker, 8) ? 2 : 1;
	shape[1] = count_maker_draw(maker, 1, count_maker_chance(maker, 30) ? 26 : 10);
	shape[2] = count_maker_draw(maker, 1, count_maker_chance(maker, 30) ? 26 : 10);
	shape[3] = channels[count_maker_draw(maker, 0, sizeof(channels) / sizeof(channels[0]) - 1)];
	while (shape[0] * shape[1] * shape[2] * shape[3] > (room < 6000 ? room : 6000)) {
		int d = shape[3] > 8 ? 3 : shape[1] > shape[2] ? 1 : 2;

		shape[d] = (shape[d] + 1) / 2;
		if (shape[0] * shape[1] * shape[2] * shape[3] <= 4)
			break;
	}
	return count_maker_input_find(maker, shape, flavour);
}
