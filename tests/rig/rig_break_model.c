/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies a generated .tflite file and turns one of its operator codes into another: SOFTMAX (25)
 * becomes SVDF (27) in both of the places that FlatBuffers keep it.
 *
 * usage: rig_break_model FROM TO
 */
#include <stdio.h>
#include <stdint.h>
#include <string.h>

static uint8_t bytes[1 << 22];

static uint32_t word(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Slot of a table: its position, 0 when absent. */
static uint32_t slot(uint32_t table, unsigned index)
{
	uint32_t vtable = table - word(bytes + table);
	unsigned size = bytes[vtable] | bytes[vtable + 1] << 8;
	unsigned at = 4 + 2 * index;

	if (at >= size || !(bytes[vtable + at] | bytes[vtable + at + 1]))
		return 0;
	return table + (bytes[vtable + at] | (uint32_t)bytes[vtable + at + 1] << 8);
}

int main(int argc, char **argv)
{
	enum { SOFTMAX = 25, SVDF = 27 };
	FILE *from = argc == 3 ? fopen(argv[1], "rb") : NULL;
	FILE *to = argc == 3 ? fopen(argv[2], "wb") : NULL;
	size_t count = from ? fread(bytes, 1, sizeof(bytes), from) : 0;
	uint32_t field, vector, broken = 0;

	if (!to || count < 8)
		return 2;
	field = slot(word(bytes), 1); /* Model.operator_codes */
	vector = field + word(bytes + field);
	for (uint32_t i = 0; i < word(bytes + vector); i++) {
		uint32_t entry = vector + 4 + 4 * i;
		uint32_t code = entry + word(bytes + entry);
		uint32_t old_slot = slot(code, 0), new_slot = slot(code, 3);

		if (new_slot && word(bytes + new_slot) == SOFTMAX)
			bytes[new_slot] = SVDF, broken++;
		if (old_slot && bytes[old_slot] == SOFTMAX)
			bytes[old_slot] = SVDF, broken++;
	}
	fwrite(bytes, 1, count, to);
	fclose(from);
	return fclose(to) || !broken;
}
