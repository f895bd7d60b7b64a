/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the agent's own sources.
 */
#ifndef FIRMWARE_AGENT_AGENT_INTERNAL_H
#define FIRMWARE_AGENT_AGENT_INTERNAL_H

#include <string.h>

#include "firmware/agent/agent.h"

/* Why a request is refused. code 0: it is not. */
struct refusal {
	uint16_t code; /* enum wire_error_code */
	const char *text;
};

static inline struct refusal refuse(enum wire_error_code code, const char *text)
{
	return (struct refusal){(uint16_t)code, text};
}

static inline struct refusal accept(void)
{
	return (struct refusal){0, NULL};
}

/* A port's sentence, or NULL, as a refusal. */
static inline struct refusal refuse_if(enum wire_error_code code, const char *text)
{
	return text ? refuse(code, text) : accept();
}

/* Cuts what does not fit; the rest of the field is zero. */
static inline void text_copy(char *to, const char *from, size_t size)
{
	size_t used = 0;

	while (used < size - 1 && from[used]) {
		to[used] = from[used];
		used++;
	}
	memset(to + used, 0, size - used);
}

/* Each carries out agent->request and fills agent->answer's payload and count (0 on entry). */
typedef struct refusal agent_handler(struct agent *agent);
agent_handler agent_on_hello, agent_on_clock, agent_on_temperature, agent_on_reset;
agent_handler agent_on_image_begin, agent_on_image_data, agent_on_image_commit;
agent_handler agent_on_input, agent_on_check, agent_on_output;
agent_handler agent_on_run, agent_on_result, agent_on_layers, agent_on_exit, agent_on_paths;

void agent_send(struct agent *agent, const struct wire_frame *frame);
struct refusal agent_need_model(const struct agent *agent);
/* CRC-32 over all outputs of the last inference. */
uint32_t agent_output_crc32(const struct agent *agent);

#endif
