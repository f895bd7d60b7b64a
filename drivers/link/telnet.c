/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Telnet framing and option negotiation for RFC 2217 (see telnet.h for the documents).
 */
#include "drivers/link/telnet.h"

#include <assert.h>
#include <string.h>

static bool is_verb(uint8_t byte)
{
	return byte >= TELNET_WILL && byte <= TELNET_DONT;
}

/* ---- decoding ---- */

static void sub_append(struct telnet_decoder *decoder, uint8_t byte)
{
	if (decoder->sub_count < sizeof(decoder->sub))
		decoder->sub[decoder->sub_count++] = byte;
}

/* The byte after an IAC outside a subnegotiation. */
static void decode_command(struct telnet_decoder *decoder, const uint8_t *byte,
			   struct telnet_event *event)
{
	decoder->state = TELNET_IN_DATA;
	if (*byte == TELNET_IAC) {
		*event =
			(struct telnet_event){.kind = TELNET_EVENT_DATA, .bytes = byte, .count = 1};
	} else if (is_verb(*byte)) {
		decoder->verb = *byte;
		decoder->state = TELNET_IN_VERB;
	} else if (*byte == TELNET_SB) {
		decoder->sub_count = 0;
		decoder->state = TELNET_IN_SUB;
	}
}

static void decode_sub_end(struct telnet_decoder *decoder, struct telnet_event *event)
{
	decoder->state = TELNET_IN_DATA;
	if (decoder->sub_count < 2 || decoder->sub[0] != TELNET_COM_PORT)
		return;
	*event = (struct telnet_event){
		.kind = TELNET_EVENT_COM_PORT,
		.command = decoder->sub[1],
		.bytes = decoder->sub + 2,
		.count = decoder->sub_count - 2,
	};
}

/* The byte after an IAC inside a subnegotiation. Anything but an escaped IAC and the end means that
 * the end was lost: the subnegotiation is dropped and the command taken for itself. */
static void decode_sub_command(struct telnet_decoder *decoder, const uint8_t *byte,
			       struct telnet_event *event)
{
	if (*byte == TELNET_IAC) {
		sub_append(decoder, *byte);
		decoder->state = TELNET_IN_SUB;
	} else if (*byte == TELNET_SE) {
		decode_sub_end(decoder, event);
	} else {
		decode_command(decoder, byte, event);
	}
}

static size_t decode_data(struct telnet_decoder *decoder, const uint8_t *bytes, size_t count,
			  struct telnet_event *event)
{
	const uint8_t *iac = memchr(bytes, TELNET_IAC, count);
	size_t run = iac ? (size_t)(iac - bytes) : count;

	if (run == 0) {
		decoder->state = TELNET_IN_IAC;
		return 1;
	}
	*event = (struct telnet_event){.kind = TELNET_EVENT_DATA, .bytes = bytes, .count = run};
	return run;
}

static void decode_byte(struct telnet_decoder *decoder, const uint8_t *byte,
			struct telnet_event *event)
{
	switch (decoder->state) {
	case TELNET_IN_IAC:
		decode_command(decoder, byte, event);
		break;
	case TELNET_IN_VERB:
		decoder->state = TELNET_IN_DATA;
		*event = (struct telnet_event){
			.kind = TELNET_EVENT_NEGOTIATION, .verb = decoder->verb, .option = *byte};
		break;
	case TELNET_IN_SUB:
		if (*byte == TELNET_IAC)
			decoder->state = TELNET_IN_SUB_IAC;
		else
			sub_append(decoder, *byte);
		break;
	case TELNET_IN_SUB_IAC:
		decode_sub_command(decoder, byte, event);
		break;
	case TELNET_IN_DATA:
		break;
	}
}

size_t telnet_decode(struct telnet_decoder *decoder, const uint8_t *bytes, size_t count,
		     struct telnet_event *ret_event)
{
	struct telnet_event event = {0};
	size_t taken = 0;

	while (taken < count && !event.kind) {
		if (decoder->state == TELNET_IN_DATA)
			taken += decode_data(decoder, bytes + taken, count - taken, &event);
		else
			decode_byte(decoder, bytes + taken++, &event);
	}
	*ret_event = event;
	return taken;
}

/* ---- encoding ---- */

size_t telnet_encode(const uint8_t *bytes, size_t count, uint8_t *out, size_t capacity,
		     size_t *ret_taken)
{
	size_t taken, written = 0;

	for (taken = 0; taken < count; taken++) {
		size_t need = bytes[taken] == TELNET_IAC ? 2 : 1;

		if (capacity - written < need)
			break;
		if (need == 2)
			out[written++] = TELNET_IAC;
		out[written++] = bytes[taken];
	}
	*ret_taken = taken;
	return written;
}

size_t com_port_encode(uint8_t command, const uint8_t *payload, size_t count,
		       uint8_t out[COM_PORT_FRAME_MAX])
{
	const uint8_t head[] = {TELNET_IAC, TELNET_SB, TELNET_COM_PORT, command};
	const uint8_t tail[] = {TELNET_IAC, TELNET_SE};
	size_t length = sizeof(head), taken;

	assert(count <= 256);
	memcpy(out, head, sizeof(head));
	length += telnet_encode(payload, count, out + length, 2 * count, &taken);
	memcpy(out + length, tail, sizeof(tail));
	return length + sizeof(tail);
}

/* ---- negotiation ---- */

static const uint8_t known_options[TELNET_OPTION_COUNT] = {TELNET_BINARY, TELNET_SGA,
							   TELNET_COM_PORT};

void telnet_negotiator_init(struct telnet_negotiator *negotiator)
{
	for (size_t i = 0; i < TELNET_OPTION_COUNT; i++)
		negotiator->options[i] = (struct telnet_option_state){
			.option = known_options[i],
			.local = TELNET_NOT_ASKED,
			.remote = TELNET_NOT_ASKED,
		};
}

static struct telnet_option_state *option_find(struct telnet_negotiator *negotiator, uint8_t option)
{
	for (size_t i = 0; i < TELNET_OPTION_COUNT; i++)
		if (negotiator->options[i].option == option)
			return &negotiator->options[i];
	return NULL;
}

static size_t negotiation_write(uint8_t verb, uint8_t option, uint8_t out[TELNET_NEGOTIATION_SIZE])
{
	out[0] = TELNET_IAC;
	out[1] = verb;
	out[2] = option;
	return TELNET_NEGOTIATION_SIZE;
}

void telnet_ask(struct telnet_negotiator *negotiator, uint8_t verb, uint8_t option,
		uint8_t out[TELNET_NEGOTIATION_SIZE])
{
	struct telnet_option_state *state = option_find(negotiator, option);

	assert(state && (verb == TELNET_WILL || verb == TELNET_DO));
	if (verb == TELNET_WILL)
		state->local = TELNET_ASKED;
	else
		state->remote = TELNET_ASKED;
	negotiation_write(verb, option, out);
}

/* What answers a peer's verb: DO is answered by WILL or WONT, WILL by DO or DONT. */
static uint8_t verb_answering(uint8_t verb, bool yes)
{
	if (verb == TELNET_DO || verb == TELNET_DONT)
		return yes ? TELNET_WILL : TELNET_WONT;
	return yes ? TELNET_DO : TELNET_DONT;
}

size_t telnet_answer(struct telnet_negotiator *negotiator, uint8_t verb, uint8_t option,
		     uint8_t out[TELNET_NEGOTIATION_SIZE])
{
	struct telnet_option_state *state = option_find(negotiator, option);
	bool yes = verb == TELNET_WILL || verb == TELNET_DO;
	bool ours = verb == TELNET_DO || verb == TELNET_DONT;
	enum telnet_agreement *agreement, before;

	assert(is_verb(verb));
	if (!state)
		return yes ? negotiation_write(verb_answering(verb, false), option, out) : 0;
	agreement = ours ? &state->local : &state->remote;
	before = *agreement;
	*agreement = yes ? TELNET_AGREED : TELNET_REFUSED;
	if (before == TELNET_ASKED || yes == (before == TELNET_AGREED))
		return 0;
	return negotiation_write(verb_answering(verb, yes), option, out);
}

enum telnet_agreement telnet_local(const struct telnet_negotiator *negotiator, uint8_t option)
{
	for (size_t i = 0; i < TELNET_OPTION_COUNT; i++)
		if (negotiator->options[i].option == option)
			return negotiator->options[i].local;
	return TELNET_NOT_ASKED;
}

enum telnet_agreement telnet_remote(const struct telnet_negotiator *negotiator, uint8_t option)
{
	for (size_t i = 0; i < TELNET_OPTION_COUNT; i++)
		if (negotiator->options[i].option == option)
			return negotiator->options[i].remote;
	return TELNET_NOT_ASKED;
}
