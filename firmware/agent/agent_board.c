/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests about the board itself: HELLO, CLOCK, TEMPERATURE, RESET.
 */
#include "firmware/agent/agent_internal.h"
#include "firmware/image/image.h"
#include "firmware/ports/port.h"

static void hello_fill_text(struct wire_hello_reply *hello)
{
	text_copy(hello->chip, port_about.chip, sizeof(hello->chip));
	text_copy(hello->board, port_about.board, sizeof(hello->board));
	text_copy(hello->build, port_about.build, sizeof(hello->build));
	text_copy(hello->compiler, port_about.compiler, sizeof(hello->compiler));
	text_copy(hello->options, port_about.options, sizeof(hello->options));
}

struct refusal agent_on_hello(struct agent *agent)
{
	struct wire_hello_reply hello = {
		.image_layout = IMAGE_LAYOUT_VERSION,
		.kernel_sets = runtime_kernel_sets(),
		.app_crc32 = agent->app_crc32,
		.app_bytes = port_app().count,
		.slot_bytes = slot_capacity(),
		.image_crc32 = agent->slot.image_crc32,
		.image_bytes = agent->slot.image_bytes,
		.reset_cause = port_reset_cause(),
		.clock_count = port_clock_count,
	};

	port_arena(&hello.arena_bytes);
	port_uid(hello.uid);
	for (uint32_t i = 0; i < port_clock_count && i < WIRE_CLOCKS_MAX; i++)
		hello.clock_hz[i] = port_clock_levels[i].hz;
	hello_fill_text(&hello);
	agent->answer.count = (uint16_t)wire_hello_reply_encode(&hello, agent->answer.payload);
	return accept();
}

struct refusal agent_on_clock(struct agent *agent)
{
	const struct port_clock_level *level = port_clock_levels;
	struct wire_clock_reply reply;
	struct wire_clock clock;
	const char *failed;
	uint32_t index = 0;

	if (!wire_clock_decode(agent->request.payload, agent->request.count, &clock))
		return refuse(WIRE_ERROR_PAYLOAD, "a CLOCK request of the wrong size");
	while (index < port_clock_count && level[index].hz != clock.hz)
		index++;
	if (index == port_clock_count)
		return refuse(WIRE_ERROR_CLOCK, "no such clock level");
	failed = port_clock_set(index);
	if (failed)
		return refuse(WIRE_ERROR_CLOCK, failed);
	level += index;
	reply.hz = level->hz;
	reply.core_mv = level->core_mv;
	reply.wait_states = level->wait_states;
	text_copy(reply.range, level->range, sizeof(reply.range));
	text_copy(reply.source, level->source, sizeof(reply.source));
	agent->answer.count = (uint16_t)wire_clock_reply_encode(&reply, agent->answer.payload);
	return accept();
}

struct refusal agent_on_temperature(struct agent *agent)
{
	struct wire_temperature_reply reply;
	const char *failed = port_temperature(&reply.millicelsius, &reply.vdda_mv);

	if (failed)
		return refuse(WIRE_ERROR_SENSOR, failed);
	agent->answer.count =
		(uint16_t)wire_temperature_reply_encode(&reply, agent->answer.payload);
	return accept();
}

static void reset_now(struct agent *agent)
{
	(void)agent;
	port_uart_drain();
	port_reset();
}

struct refusal agent_on_reset(struct agent *agent)
{
	agent->then = reset_now;
	return accept();
}
