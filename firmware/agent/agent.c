/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command loop: bytes to requests, requests to handlers, answers back, the repeat rule.
 */
#include "firmware/agent/agent.h"

#include "firmware/agent/agent_internal.h"
#include "firmware/ports/port.h"

static agent_handler *const handlers[] = {
	[WIRE_HELLO] = agent_on_hello,
	[WIRE_IMAGE_BEGIN] = agent_on_image_begin,
	[WIRE_IMAGE_DATA] = agent_on_image_data,
	[WIRE_IMAGE_COMMIT] = agent_on_image_commit,
	[WIRE_INPUT] = agent_on_input,
	[WIRE_CHECK] = agent_on_check,
	[WIRE_RUN] = agent_on_run,
	[WIRE_RESULT] = agent_on_result,
	[WIRE_CLOCK] = agent_on_clock,
	[WIRE_TEMPERATURE] = agent_on_temperature,
	[WIRE_RESET] = agent_on_reset,
	[WIRE_OUTPUT] = agent_on_output,
	[WIRE_LAYERS] = agent_on_layers,
	[WIRE_EXIT] = agent_on_exit,
	[WIRE_PATHS] = agent_on_paths,
};

void agent_send(struct agent *agent, const struct wire_frame *frame)
{
	size_t count = wire_frame_write(frame, agent->frame_bytes);

	port_uart_write(agent->frame_bytes, (uint32_t)count);
}

/* Requests without a struct in wire.h have no payload. */
static bool payload_allowed(const struct wire_frame *request)
{
	static const uint8_t empty[] = {WIRE_HELLO,  WIRE_IMAGE_COMMIT, WIRE_CHECK,
					WIRE_RESULT, WIRE_TEMPERATURE,  WIRE_RESET,
					WIRE_PATHS};

	return !request->count || !memchr(empty, request->type, sizeof(empty));
}

static struct refusal carry_out(struct agent *agent)
{
	uint8_t type = agent->request.type;

	if (type >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[type])
		return refuse(WIRE_ERROR_TYPE, "unknown request");
	if (!payload_allowed(&agent->request))
		return refuse(WIRE_ERROR_PAYLOAD, "this request has no payload");
	return handlers[type](agent);
}

static void answer_error(struct agent *agent, const struct refusal *refusal)
{
	struct wire_error_reply error = {.code = refusal->code};

	text_copy(error.text, refusal->text, sizeof(error.text));
	agent->answer.type = WIRE_ERROR;
	agent->answer.count = (uint16_t)wire_error_reply_encode(&error, agent->answer.payload);
}

static bool is_repeat(const struct agent *agent, uint32_t payload_crc32)
{
	const struct wire_frame *request = &agent->request;

	return request->sequence != 0 && request->sequence == agent->answer.sequence &&
	       request->type == agent->answered_type && payload_crc32 == agent->answered_crc32;
}

static void answer_request(struct agent *agent)
{
	uint32_t payload_crc32 = wire_crc32(0, agent->request.payload, agent->request.count);
	void (*then)(struct agent *);
	struct refusal refusal;

	if (is_repeat(agent, payload_crc32)) {
		agent_send(agent, &agent->answer);
		return;
	}
	agent->then = NULL;
	agent->answer.type = agent->request.type | WIRE_REPLY;
	agent->answer.sequence = agent->request.sequence;
	agent->answer.count = 0;
	refusal = carry_out(agent);
	if (refusal.code)
		answer_error(agent, &refusal);
	agent->answered_type = agent->request.type;
	agent->answered_crc32 = payload_crc32;
	agent_send(agent, &agent->answer);
	then = agent->then;
	if (then)
		then(agent);
}

/* Replies are never answered: two agents, or an echoing line, must not talk for ever. */
void agent_feed(struct agent *agent, uint8_t byte)
{
	if (!wire_parser_feed(&agent->parser, byte, &agent->request))
		return;
	if (!(agent->request.type & WIRE_REPLY))
		answer_request(agent);
}

void agent_silence(struct agent *agent)
{
	wire_parser_init(&agent->parser);
}

_Noreturn void agent_serve(void)
{
	static struct agent agent;
	uint8_t byte;

	agent_init(&agent);
	for (;;) {
		if (port_uart_read(&byte, agent.parser.used ? AGENT_SILENCE_MS : 0))
			agent_feed(&agent, byte);
		else
			agent_silence(&agent);
	}
}
