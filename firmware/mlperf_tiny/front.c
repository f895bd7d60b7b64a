/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commands. Every one ends with "m-ready", also when it was refused with "e-[...]".
 */
#include "firmware/mlperf_tiny/front.h"

#include <string.h>

#include "firmware/image/image.h"
#include "firmware/mlperf_tiny/front_internal.h"
#include "firmware/ports/port.h"

enum { INFERENCES_DEFAULT = 1, WARMUPS_DEFAULT = 10 }; /* as ee_profile_parse() */

/* The word at *rest, which then is behind it; "" when there is none. */
static const char *word_take(char **rest)
{
	char *word = *rest + strspn(*rest, " ");
	size_t count = strcspn(word, " ");

	*rest = word + count + (word[count] != 0);
	word[count] = 0;
	return word;
}

static void print_line(const char *before, uint64_t number, const char *behind)
{
	front_print(before);
	front_print_number((int64_t)number);
	front_print(behind);
	front_print("\r\n");
}

/* --- model ------------------------------------------------------------------------------------ */

static void input_clear(struct front *front)
{
	static const uint8_t zeros[64];
	uint32_t left = front->model.runtime.input_bytes;

	for (uint32_t at = 0; left; at += sizeof(zeros)) {
		uint32_t count = left < sizeof(zeros) ? left : (uint32_t)sizeof(zeros);

		runtime_write_input(&front->model.runtime, at, zeros, count);
		left -= count;
	}
}

static void model_open(struct front *front)
{
	struct front_model *model = &front->model;
	struct port_memory slot = port_slot();
	uint32_t arena_bytes;
	uint8_t *arena = port_arena(&arena_bytes);

	model->status = runtime_open(&model->runtime, slot.bytes, slot.count, arena, arena_bytes);
	if (model->status != RUNTIME_OK)
		return;
	model->crc32 = model->runtime.header->crc32;
	input_clear(front);
}

static bool model_there(const struct front *front)
{
	if (front->model.status == RUNTIME_OK)
		return true;
	front_print_error("No model in the slot: ", runtime_status_text(front->model.status));
	return false;
}

/* --- commands --------------------------------------------------------------------------------- */

static void on_name(struct front *front, char *rest)
{
	(void)front;
	(void)rest;
	front_print("m-name-dut-[");
	front_print(port_about.board);
	front_print("]\r\n");
}

static void on_profile(struct front *front, char *rest)
{
	(void)rest;
	front_print("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[");
	if (front->model.status == RUNTIME_OK) {
		front_print("image ");
		front_print_hex(front->model.crc32);
	} else {
		front_print("none");
	}
	front_print("]\r\n");
}

static void lap_print(uint64_t us)
{
	print_line("m-lap-us-", us, "");
}

static void on_timestamp(struct front *front, char *rest)
{
	(void)rest;
	if (front->is_energy)
		front_edge();
	else
		lap_print(front_clock_us(front));
}

static void on_results(struct front *front, char *rest)
{
	struct runtime *runtime = &front->model.runtime;

	(void)rest;
	if (!model_there(front))
		return;
	front_print("m-results-[");
	for (uint32_t i = 0; i < runtime->output_bytes; i++) {
		int8_t value;

		runtime_read_output(runtime, i, &value, sizeof(value));
		if (i)
			front_print(",");
		front_print_number(value);
	}
	front_print("]\r\n");
}

static bool infer_arguments(char *rest, uint32_t *ret_inferences, uint32_t *ret_warmups)
{
	const char *word = word_take(&rest);

	*ret_inferences = INFERENCES_DEFAULT;
	*ret_warmups = WARMUPS_DEFAULT;
	if (*word && (!front_number_parse(word, ret_inferences) || !*ret_inferences)) {
		front_print_error("Inference iterations must be >0", "");
		return false;
	}
	word = word_take(&rest);
	if (*word && !front_number_parse(word, ret_warmups)) {
		front_print_error("Inference warmup must be >=0", "");
		return false;
	}
	return true;
}

static void on_infer(struct front *front, char *rest)
{
	uint32_t inferences, warmups;
	struct front_laps laps;

	if (!infer_arguments(rest, &inferences, &warmups) || !model_there(front))
		return;
	if (front->input.at != front->input.due) {
		front_print_error("The input is not complete", "");
		return;
	}
	print_line("m-warmup-start-", warmups, "");
	for (uint32_t i = 0; i < warmups; i++)
		runtime_invoke(&front->model.runtime, NULL, NULL);
	front_print("m-warmup-done\r\n");
	print_line("m-infer-start-", inferences, "");
	front_window_run(front, inferences, &laps);
	if (!front->is_energy) {
		lap_print(laps.start_us);
		lap_print(laps.end_us);
	}
	front_print("m-infer-done\r\n");
	on_results(front, rest);
}

static void db_load(struct front *front, char *rest)
{
	uint32_t count;

	if (!front_number_parse(word_take(&rest), &count) || !count) {
		front_print_error("Command 'db load' must be >0 bytes", "");
	} else if (count != front->model.runtime.input_bytes) {
		front_print_error("The model takes another number of bytes", "");
	} else {
		front->input.due = count;
		front->input.at = 0;
		print_line("m-[Expecting ", count, " bytes]");
	}
}

/* Digits behind the last byte due are disregarded, as in the reference, whose texts these are. */
static void db_bytes(struct front *front, const char *digits)
{
	struct front_input *input = &front->input;

	if (strlen(digits) % 2) {
		front_print_error("Insufficent number of hex digits", "");
		return;
	}
	for (; *digits && input->at < input->due; digits += 2) {
		int value = front_hex_parse(digits);
		uint8_t byte = (uint8_t)value;

		if (value < 0) {
			front_print_error("Invalid hex digit", "");
			return;
		}
		runtime_write_input(&front->model.runtime, input->at++, &byte, sizeof(byte));
		if (input->at == input->due)
			front_print("m-load-done\r\n");
	}
}

static void on_db(struct front *front, char *rest)
{
	const char *word = word_take(&rest);

	if (!model_there(front))
		return;
	if (!*word)
		front_print_error("Command 'db' requires a subcommand", "");
	else if (!strcmp(word, "load"))
		db_load(front, rest);
	else if (!strcmp(word, "print"))
		front_print_error("Command 'db print' is not there", "");
	else if (front->input.at == front->input.due)
		front_print_error("Command 'db load' must come first", "");
	else
		db_bytes(front, word);
}

static void on_help(struct front *front, char *rest)
{
	(void)front;
	(void)rest;
	front_print("name, timestamp, profile, db load N, db HH[HH]*, infer [N [W]], results\r\n");
}

static const struct {
	const char *name;
	void (*carry_out)(struct front *front, char *rest);
} commands[] = {
	{"db", on_db},
	{"help", on_help},
	{"infer", on_infer},
	{"name", on_name},
	{"profile", on_profile},
	{"results", on_results},
	{"timestamp", on_timestamp},
};

static void command_carry_out(struct front *front)
{
	char *rest = front->command;
	const char *name = word_take(&rest);

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name))
			continue;
		commands[i].carry_out(front, rest);
		return;
	}
	front_print_error("Unknown command: ", name);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void command_end(struct front *front)
{
	if (front->used > FRONT_COMMAND_MAX) {
		front_print_error("The command is too long", "");
	} else {
		front->command[front->used] = 0;
		command_carry_out(front);
	}
	front->used = 0;
	front_print("m-ready\r\n");
}

/* A terminal's line ends between commands are no part of one. */
void front_feed(struct front *front, uint8_t byte)
{
	if (byte == '%')
		command_end(front);
	else if (byte < ' ' || byte > '~')
		return;
	else if (front->used < FRONT_COMMAND_MAX)
		front->command[front->used++] = (char)byte;
	else
		front->used = FRONT_COMMAND_MAX + 1;
}

void front_init(struct front *front, bool is_energy)
{
	const char *failed = port_clock_set(port_clock_count - 1);

	memset(front, 0, sizeof(*front));
	front->is_energy = is_energy;
	front->clock.last = port_mark(is_energy ? port_marks.layer_up : 0);
	model_open(front);
	front_print(is_energy ? "m-timestamp-mode-energy\r\n" : "m-timestamp-mode-performance\r\n");
	on_timestamp(front, NULL);
	if (failed)
		front_print_error("Clock: ", failed);
	print_line("m-clock-hz-", port_clock_levels[port_clock_now()].hz, "");
	model_there(front);
	front_print("m-init-done\r\nm-ready\r\n");
}
