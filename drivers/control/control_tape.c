/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/control/control_tape.h"

#include "drivers/link/record_tape.h"

/* A record's texts[0] is the line, its values[0] the order. */
static struct tape_record order_record(const char *text, enum tape_control_order order)
{
	return (struct tape_record){
		.kind = TAPE_CONTROL, .values = {order}, .texts = {tape_text(text)}};
}

static bool is_replay(const struct link_tape *tape)
{
	return tape && tape->is_replay;
}

static int order_replay(struct link_tape *tape, const struct control_line *line,
			enum tape_control_order order, struct err *err)
{
	char text[CONTROL_TEXT_BYTES];
	struct tape_record asked, record;

	control_line_print(line, text);
	asked = order_record(text, order);
	return tape_call(tape, &asked, &record, err);
}

static void order_write(struct link_tape *tape, const struct control_line *line,
			enum tape_control_order order, int ret, const struct err *err)
{
	char text[CONTROL_TEXT_BYTES];
	struct tape_record record;

	if (!tape)
		return;
	control_line_print(line, text);
	record = order_record(text, order);
	tape_write(tape, &record, ret, err);
}

int control_taped_open(struct link_tape *tape, const struct control_line *line, void *state,
		       struct err *err)
{
	struct err own = {""}, *sentence = err ? err : &own;
	int ret;

	if (is_replay(tape))
		return order_replay(tape, line, TAPE_CONTROL_OPEN, err);
	ret = line->ops->open(state, line, sentence);
	order_write(tape, line, TAPE_CONTROL_OPEN, ret, sentence);
	return ret;
}

int control_taped_set(struct link_tape *tape, const struct control_line *line, void *state,
		      bool active, struct err *err)
{
	enum tape_control_order order = active ? TAPE_CONTROL_ACTIVE : TAPE_CONTROL_INACTIVE;
	struct err own = {""}, *sentence = err ? err : &own;
	int ret;

	if (is_replay(tape))
		return order_replay(tape, line, order, err);
	ret = line->ops->set(state, active, sentence);
	order_write(tape, line, order, ret, sentence);
	return ret;
}

void control_taped_close(struct link_tape *tape, const struct control_line *line, void *state)
{
	if (is_replay(tape)) {
		(void)order_replay(tape, line, TAPE_CONTROL_CLOSE, NULL);
		return;
	}
	line->ops->close(state);
	order_write(tape, line, TAPE_CONTROL_CLOSE, 0, NULL);
}
