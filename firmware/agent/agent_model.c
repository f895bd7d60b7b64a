/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests about the model: loading its image, inputs, one checked inference, outputs.
 */
#include "firmware/agent/agent_internal.h"
#include "firmware/ports/port.h"

static void inputs_clear(struct agent *agent)
{
	static const uint8_t zeros[64];
	uint32_t left = agent->runtime.input_bytes;
	uint32_t offset = 0;

	while (left) {
		uint32_t count = left < sizeof(zeros) ? left : (uint32_t)sizeof(zeros);

		runtime_write_input(&agent->runtime, offset, zeros, count);
		offset += count;
		left -= count;
	}
}

/* Until the host writes inputs they are zero, so that every result is reproducible. */
static struct refusal model_open(struct agent *agent, uint32_t image_bytes)
{
	enum runtime_status status;
	uint32_t arena_bytes;
	uint8_t *arena = port_arena(&arena_bytes);

	status = runtime_open(&agent->runtime, slot_bytes(), image_bytes, arena, arena_bytes);
	if (status != RUNTIME_OK)
		return refuse(WIRE_ERROR_IMAGE, runtime_status_text(status));
	inputs_clear(agent);
	agent->model_open = true;
	agent->output_valid = false;
	return accept();
}

static void model_close(struct agent *agent)
{
	memset(&agent->record, 0, sizeof(agent->record));
	agent->model_open = false;
	agent->output_valid = false;
}

void agent_init(struct agent *agent)
{
	struct port_memory app = port_app();

	memset(agent, 0, sizeof(*agent));
	wire_parser_init(&agent->parser);
	agent->app_crc32 = wire_crc32(0, app.bytes, app.count);
	slot_init(&agent->slot);
	if (agent->slot.image_bytes && model_open(agent, agent->slot.image_bytes).code) {
		agent->slot.image_bytes = 0;
		agent->slot.image_crc32 = 0;
	}
}

struct refusal agent_need_model(const struct agent *agent)
{
	return refuse_if(WIRE_ERROR_STATE, agent->model_open ? NULL : "no model image is loaded");
}

struct refusal agent_on_image_begin(struct agent *agent)
{
	struct wire_image_begin begin;

	if (!wire_image_begin_decode(agent->request.payload, agent->request.count, &begin))
		return refuse(WIRE_ERROR_PAYLOAD, "an IMAGE_BEGIN request of the wrong size");
	if (begin.bytes && begin.bytes <= slot_capacity())
		model_close(agent);
	return slot_begin(&agent->slot, begin.bytes, begin.crc32);
}

struct refusal agent_on_image_data(struct agent *agent)
{
	struct wire_data data;

	if (!wire_data_decode(agent->request.payload, agent->request.count, &data))
		return refuse(WIRE_ERROR_PAYLOAD, "an IMAGE_DATA request of the wrong size");
	return slot_append(&agent->slot, data.offset, data.bytes, data.count);
}

struct refusal agent_on_image_commit(struct agent *agent)
{
	struct refusal refusal = slot_verify(&agent->slot);

	if (!refusal.code)
		refusal = model_open(agent, agent->slot.due_bytes);
	if (!refusal.code) {
		refusal = slot_commit(&agent->slot);
		if (refusal.code)
			model_close(agent);
	}
	return refusal;
}

struct refusal agent_on_input(struct agent *agent)
{
	struct refusal refusal = agent_need_model(agent);
	uint32_t input_bytes = agent->runtime.input_bytes;
	struct wire_data data;

	if (refusal.code)
		return refusal;
	if (!wire_data_decode(agent->request.payload, agent->request.count, &data))
		return refuse(WIRE_ERROR_PAYLOAD, "an INPUT request of the wrong size");
	if (data.offset > input_bytes || data.count > input_bytes - data.offset)
		return refuse(WIRE_ERROR_PAYLOAD, "input bytes behind the end of the inputs");
	runtime_write_input(&agent->runtime, data.offset, data.bytes, data.count);
	return accept();
}

static void check_trace(void *context, uint32_t op_index, const void *bytes, uint32_t count)
{
	struct wire_check_reply *reply = context;

	if (op_index < reply->layer_count)
		reply->layer_crc32[op_index] = wire_crc32(0, bytes, count);
}

struct refusal agent_on_check(struct agent *agent)
{
	struct refusal refusal = agent_need_model(agent);
	struct wire_check_reply reply;

	if (refusal.code)
		return refusal;
	if (agent->runtime.op_count > WIRE_LAYERS_MAX)
		return refuse(WIRE_ERROR_IMAGE,
			      "the model has more layers than a CHECK reply holds");
	memset(&reply, 0, sizeof(reply));
	reply.layer_count = agent->runtime.op_count;
	runtime_invoke(&agent->runtime, check_trace, &reply);
	agent->output_valid = true;
	reply.output_bytes = agent->runtime.output_bytes;
	reply.output_crc32 = agent_output_crc32(agent);
	agent->answer.count = (uint16_t)wire_check_reply_encode(&reply, agent->answer.payload);
	return accept();
}

uint32_t agent_output_crc32(const struct agent *agent)
{
	uint32_t left = agent->runtime.output_bytes;
	uint32_t offset = 0;
	uint32_t crc = 0;
	uint8_t chunk[128];

	while (left) {
		uint32_t count = left < sizeof(chunk) ? left : (uint32_t)sizeof(chunk);

		runtime_read_output(&agent->runtime, offset, chunk, count);
		crc = wire_crc32(crc, chunk, count);
		offset += count;
		left -= count;
	}
	return crc;
}

struct refusal agent_on_output(struct agent *agent)
{
	struct refusal refusal = agent_need_model(agent);
	uint32_t output_bytes = agent->runtime.output_bytes;
	struct wire_output output;

	if (refusal.code)
		return refusal;
	if (!agent->output_valid)
		return refuse(WIRE_ERROR_STATE, "no inference has been run yet");
	if (!wire_output_decode(agent->request.payload, agent->request.count, &output))
		return refuse(WIRE_ERROR_PAYLOAD, "an OUTPUT request of the wrong size or count");
	if (output.offset > output_bytes || output.count > output_bytes - output.offset)
		return refuse(WIRE_ERROR_PAYLOAD, "output bytes behind the end of the outputs");
	runtime_read_output(&agent->runtime, output.offset, agent->answer.payload, output.count);
	agent->answer.count = (uint16_t)output.count;
	return accept();
}
