/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names from the path ROUND/DIVISION/SUBMITTER/results/SYSTEM.../MODEL, boards and clocks from
 * tables.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bench/import/mlperf_tiny.h"

static const struct {
	const char *folder, *model;
} models[] = {
	{"ad", "ad"},   {"anomaly_detection", "ad"},
	{"ic", "ic"},   {"image_classification", "ic"},
	{"kws", "kws"}, {"keyword_spotting", "kws"},
	{"vww", "vww"}, {"visual_wake_words", "vww"},
	{"sww", "sww"}, {"streaming_wakeword", "sww"},
};

/* What `joulebench models inspect` says of the reference models (mlcommons/tiny,
 * benchmark/training: ad01_int8, pretrainedResnet_quant, kws_ref_model, vww_96_int8). The closed
 * division has to run them as they are; what the open one runs is not known. */
static const struct {
	const char *model;
	int64_t macs, params;
} references[] = {
	{"ad", 264192, 265864},
	{"ic", 12501632, 77706},
	{"kws", 2656768, 22604},
	{"vww", 7489664, 210850},
};

/* part: what the system's name contains; of several rows the last one holds. Names of rounds v1.2
 * and v1.3: systems/NUCLEO_*.json of closed/STMicroelectronics, mlcommons/tiny_results_v1.2
 * @b448c5c7 and tiny_results_v1.3 @eae9ef9f. */
static const struct {
	const char *part, *board, *chip;
	bool has_accelerator;
} boards[] = {
	{"L4R5ZI", "nucleo-l4r5zi", "stm32l4r5"},
	{"L4R5ZI-P", "nucleo-l4r5zi-p", "stm32l4r5"},
	{"H7A3ZI", "nucleo-h7a3zi-q", "stm32h7a3"},
	{"U575ZI", "nucleo-u575zi-q", "stm32u575"},
	{"U385RG", "nucleo-u385rg-q", "stm32u385"},
	{"U3C5ZIT6", "nucleo-u3c5zit6-q", "stm32u3c5"},
	{"RA6M4", "ek-ra6m4", "ra6m4"},
	{"RX65N", "rx65n-cloud-kit", "rx65n"},
	{"gap9", "gap9", "gap9", true},
};

/* Nominal clocks where they are documented: the chips' full speed, as the clock tables of the
 * submissions' projects have it and as the published energies per cycle imply (L4R5 323 to 406 pJ
 * at 1.8 V, U575 142 to 170 pJ, H7A3 435 to 594 pJ); for rounds v1.2 and v1.3 as "Processor(s)
 * Frequencies" of systems/NUCLEO_*.json has it. A speed in the system's name ("_70MHz") is another
 * system: without a row of its own its clock is not known. Other submitters' projects are not known
 * to run at the same speed. */
static const struct {
	const char *submitter, *part;
	double hz;
} clocks[] = {
	{"STMicroelectronics", "L4R5ZI", 120e6},
	{"STMicroelectronics", "H7A3ZI", 280e6},
	{"STMicroelectronics", "U575ZI", 160e6},
	{"STMicroelectronics", "U385RG", 96e6},
	{"STMicroelectronics", "U3C5ZIT6", 96e6},
	{"STMicroelectronics", "L4R5ZI-P_70MHz", 70e6},
	{"STMicroelectronics", "H7A3ZI_Q_40MHz", 40e6},
	{"STMicroelectronics", "U575ZI_Q_60MHz", 60e6},
	{"Krai", "L4R5ZI", 120e6},
	{"Krai", "H7A3ZI", 280e6},
	{"greenwaves-technologies", "650_240", 240e6},
	{"greenwaves-technologies", "800_370", 370e6},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_round(const char *name, size_t length)
{
	return length >= 4 && name[0] == 'v' && isdigit((unsigned char)name[1]) && name[2] == '.' &&
	       isdigit((unsigned char)name[3]);
}

void tiny_copy_name(char *to, size_t size, const char *from, size_t length)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	char end[10];

	if (length < size) {
		snprintf(to, size, "%.*s", (int)length, from);
		return;
	}
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)from[i]) * 16777619u;
	snprintf(end, sizeof(end), "~%08x", hash);
	length = size - sizeof(end);
	while (length && ((unsigned char)from[length] & 0xC0) == 0x80) /* not inside a character */
		length--;
	snprintf(to, size, "%.*s%s", (int)length, from, end);
}

struct piece {
	const char *at;
	size_t length;
};

enum { PIECES_MAX = 128, PARENTS_MAX = 4 };

static unsigned split_path(const char *path, struct piece *pieces)
{
	unsigned count = 0;

	while (*path) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (length && count < PIECES_MAX)
			pieces[count++] = (struct piece){path, length};
		path += length;
	}
	return count;
}

static bool piece_is(const struct piece *piece, const char *text)
{
	return piece->length == strlen(text) && !strncmp(piece->at, text, piece->length);
}

/* Of a folder that is in no submission, the folders above it: "run1" alone may be of any board. */
static void take_parents(struct tiny_result *result, const struct piece *pieces, unsigned count)
{
	const struct piece *first = &pieces[count > PARENTS_MAX ? count - PARENTS_MAX : 0];
	const struct piece *last = &pieces[count - 1];

	tiny_copy_name(result->system, sizeof(result->system), first->at,
		       (size_t)(last->at + last->length - first->at));
}

/* From the last "results": submitter before it, system behind it, up to the model. */
static void take_names(struct tiny_result *result, const struct piece *pieces, unsigned count)
{
	unsigned at = count;
	const struct piece *last = &pieces[count - 1];

	tiny_copy_name(result->folder, sizeof(result->folder), last->at, last->length);
	for (unsigned i = 0; i + 1 < count; i++)
		if (piece_is(&pieces[i], "results"))
			at = i;
	for (unsigned i = 0; i < at && i + 1 < count; i++)
		if (is_round(pieces[i].at, pieces[i].length))
			tiny_copy_name(result->round, sizeof(result->round), pieces[i].at,
				       pieces[i].length);
	if (at >= 1 && at < count)
		tiny_copy_name(result->submitter, sizeof(result->submitter), pieces[at - 1].at,
			       pieces[at - 1].length);
	if (at >= 2 && at < count)
		tiny_copy_name(result->division, sizeof(result->division), pieces[at - 2].at,
			       pieces[at - 2].length);
	if (at + 2 < count)
		tiny_copy_name(result->system, sizeof(result->system), pieces[at + 1].at,
			       (size_t)(last->at - 1 - pieces[at + 1].at));
	else if (at == count && count >= 2)
		take_parents(result, pieces, count - 1);
}

/* "60MHz": a speed, no software. */
static bool is_speed(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && !strcmp(text + digits, "MHz");
}

/* What of the system's name is not the board's. */
static void take_software(struct tiny_result *result, const char *part)
{
	const char *at = strstr(result->system, part), *begin = at, *end;

	while (begin > result->system && begin[-1] != '/' &&
	       (isalnum((unsigned char)begin[-1]) || strchr("-_", begin[-1])))
		begin--;
	end = at + strlen(part);
	if (!strncmp(end, "-Q", 2) || !strncmp(end, "_Q", 2))
		end += 2;
	end += strspn(end, "-_/");
	while (begin > result->system && strchr("-_/", begin[-1]))
		begin--;
	snprintf(result->software, sizeof(result->software), "%.*s%s",
		 (int)(begin - result->system), result->system, is_speed(end) ? "" : end);
}

/* "MHz", however it is spelt. */
static bool has_speed(const char *name)
{
	while (*name && strncasecmp(name, "mhz", 3) != 0)
		name++;
	return *name;
}

void tiny_result_identify(struct tiny_result *result)
{
	struct piece pieces[PIECES_MAX];
	unsigned count = split_path(result->path, pieces);

	if (count)
		take_names(result, pieces, count);
	snprintf(result->model, sizeof(result->model), "%s", result->folder);
	for (size_t i = 0; i < COUNT(models); i++)
		if (!strcasecmp(models[i].folder, result->folder))
			snprintf(result->model, sizeof(result->model), "%s", models[i].model);
	for (size_t i = 0; i < COUNT(references) && !strcmp(result->division, "closed"); i++)
		if (!strcmp(references[i].model, result->model)) {
			result->macs = references[i].macs;
			result->params = references[i].params;
		}
	for (size_t i = 0; i < COUNT(boards); i++) {
		if (!strstr(result->system, boards[i].part))
			continue;
		snprintf(result->board, sizeof(result->board), "%s", boards[i].board);
		snprintf(result->chip, sizeof(result->chip), "%s", boards[i].chip);
		result->is_cpu_alone = !boards[i].has_accelerator;
		if (result->is_cpu_alone && result->submitter[0])
			take_software(result, boards[i].part);
	}
	for (size_t i = 0; i < COUNT(clocks); i++)
		if (!strcmp(result->submitter, clocks[i].submitter) &&
		    strstr(result->system, clocks[i].part) &&
		    !has_speed(result->system) == !has_speed(clocks[i].part))
			result->clock_hz = clocks[i].hz;
}
