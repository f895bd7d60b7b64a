/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The board's side of firmware/wire: answers every request, runs windows. Knows no chip; talks to
 * hardware through firmware/ports/port.h only. One agent per board, one thread.
 */
#ifndef FIRMWARE_AGENT_AGENT_H
#define FIRMWARE_AGENT_AGENT_H

#include "firmware/agent/slot.h"
#include "firmware/runtime/runtime.h"
#include "firmware/wire/wire.h"

enum {
	AGENT_SILENCE_MS =
		100, /* half a frame is dropped after the line was silent for this long */
	AGENT_IDLE_MAX_MS = 3600 * 1000, /* longest sleep of a RUN */
};

/* What a run leaves beside its result. */
struct agent_run_record {
	uint16_t layers_sequence; /* of the RUN request the cycles belong to, 0: none */
	uint64_t layer_cycles[WIRE_LAYERS_MAX];
	struct wire_paths_reply paths;
};

struct agent {
	struct wire_parser parser;
	struct wire_frame request;
	struct wire_frame answer;          /* the last one: sent again for a repeated request */
	uint32_t answered_crc32;           /* of the payload of the request it answers */
	uint8_t answered_type;             /* 0: nothing answered yet */
	void (*then)(struct agent *agent); /* carried out when the answer has been sent */

	struct slot slot;
	struct runtime runtime;
	bool model_open;     /* runtime holds the image in the slot */
	bool output_valid;   /* an inference was done since the model was opened */
	struct wire_run run; /* accepted, for then() */
	struct wire_result_reply result;
	struct agent_run_record record;
	uint32_t app_crc32;
	uint8_t frame_bytes[WIRE_FRAME_MAX];
};

/* Takes up the image that the slot still holds from before the reset. */
void agent_init(struct agent *agent);
/* Takes one received byte; answers, and runs windows, before it returns. */
void agent_feed(struct agent *agent, uint8_t byte);
/* The line went silent: what is there of a frame will not be completed. */
void agent_silence(struct agent *agent);
/* The board's main loop over all of this. */
_Noreturn void agent_serve(void);

#endif
