/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The catalogue of faults. See the header.
 */
#include "rigs/virtual/server/fault_kinds.h"

#include <math.h>
#include <string.h>

#define KINDS (FAULT_NACK + 1)

const struct fault_setting_row fault_settings[FAULT_SETTINGS] = {
	[FAULT_FOR] = {"for", QUANTITY_TIME, 0, 3600},
	[FAULT_WITHIN] = {"within", QUANTITY_TIME, 0, 3600},
	[FAULT_COUNT] = {"count", QUANTITY_NUMBER, 1, 100000},
	[FAULT_LINE] = {"line", QUANTITY_NUMBER, 0, 2},
	[FAULT_RANGE] = {"range", QUANTITY_NUMBER, 0, 6},
	[FAULT_SHARE] = {"share", QUANTITY_RATIO, -0.5, 0.5},
	[FAULT_DRIFT] = {"drift", QUANTITY_RATIO, -0.01, 0.01},
	[FAULT_VOLTS] = {"voltage", QUANTITY_VOLTAGE, 0, 5},
};

#define WITHIN_DEFAULT 0.02
/* for, within, count, line, range, share, drift, voltage */
#define NONE                                                                                       \
	{                                                                                          \
		NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN                                             \
	}

static const struct fault_kind kinds[KINDS] = {
	[FAULT_BYTE_FLIP] = {"byte-flip", FAULT_ON_BOARD, FAULT_PER_BYTE, NONE,
			     "one bit of a byte on the board's line flips, either direction"},
	[FAULT_BYTE_LOSS] = {"byte-loss", FAULT_ON_BOARD, FAULT_PER_BYTE, NONE,
			     "a byte on the board's line is lost, either direction"},
	[FAULT_HANG] = {"hang",
			FAULT_ON_BOARD,
			FAULT_PER_WINDOW,
			{NAN, WITHIN_DEFAULT, NAN, NAN, NAN, NAN, NAN, NAN},
			"the core goes on drawing current and does nothing more until a reset"},
	[FAULT_BROWN_OUT] = {"brown-out",
			     FAULT_ON_BOARD,
			     FAULT_PER_WINDOW,
			     {1e-3, WITHIN_DEFAULT, NAN, NAN, NAN, NAN, NAN, 0},
			     "the chip's supply falls to 'voltage' for so long, and it restarts"},
	[FAULT_SUPPLY_DROP] =
		{"supply-drop",
		 FAULT_ON_BOARD,
		 FAULT_PER_WINDOW,
		 {0, WITHIN_DEFAULT, NAN, NAN, NAN, 0.05, NAN, NAN},
		 "the supply is lower by a share for so long (0 s: until switched off)"},
	[FAULT_SILENT_LOADER] = {"silent-loader", FAULT_ON_BOARD, FAULT_PER_LOADER, NONE,
				 "the ROM loader hears nothing until the next reset"},
	[FAULT_FLASH_FLIP] = {"flash-flip", FAULT_ON_BOARD, FAULT_PER_LOADER, NONE,
			      "one bit that the loader has just programmed is wrong"},
	[FAULT_OUTPUT_FLIP] =
		{"output-flip",
		 FAULT_ON_BOARD,
		 FAULT_PER_WINDOW,
		 {NAN, 0, 256, NAN, NAN, NAN, NAN, NAN},
		 "'count' bytes of the model in flash read wrong until the window ends"},
	[FAULT_CLOCK_ERROR] =
		{"clock-error",
		 FAULT_ON_BOARD,
		 FAULT_PER_POWER_UP,
		 {0, NAN, NAN, NAN, NAN, 0.013, 0, NAN},
		 "all clocks of the chip are fast by 'share', and by 'drift' more every "
		 "second for so long (0 s: without end)"},
	[FAULT_OTHER_BOARD] = {"other-board", FAULT_ON_BOARD, FAULT_PER_POWER_UP, NONE,
			       "another board (of 'part') is there from the next power-up on"},
	[FAULT_UNPLUG] = {"unplug",
			  FAULT_ON_EITHER,
			  FAULT_PER_WINDOW,
			  {2, WITHIN_DEFAULT, NAN, NAN, NAN, NAN, NAN, NAN},
			  "the link hangs up and refuses clients for so long of the host's time"},
	[FAULT_SAMPLES_LOST] = {"samples-lost",
				FAULT_ON_METER,
				FAULT_PER_WINDOW,
				{NAN, WITHIN_DEFAULT, 1, NAN, NAN, NAN, NAN, NAN},
				"so many samples are not sent; the counter counts them"},
	[FAULT_RANGE_STUCK] = {"range-stuck",
			       FAULT_ON_METER,
			       FAULT_PER_WINDOW,
			       {0, WITHIN_DEFAULT, NAN, NAN, 4, NAN, NAN, NAN},
			       "the meter stays in one range for so long (0 s: until it is reset)"},
	[FAULT_SATURATION] = {"saturation",
			      FAULT_ON_METER,
			      FAULT_PER_WINDOW,
			      {NAN, WITHIN_DEFAULT, 10, NAN, NAN, NAN, NAN, NAN},
			      "so many samples read the top of the last range"},
	[FAULT_EDGE_MISSING] =
		{"edge-missing",
		 FAULT_ON_EITHER,
		 FAULT_PER_WINDOW,
		 {NAN, WITHIN_DEFAULT, NAN, 1, NAN, NAN, NAN, NAN},
		 "the meter, or the host at the board's marker lines, does not get the "
		 "next edge of one"},
	[FAULT_EDGE_EXTRA] = {"edge-extra",
			      FAULT_ON_METER,
			      FAULT_PER_WINDOW,
			      {30e-6, WITHIN_DEFAULT, NAN, 1, NAN, NAN, NAN, NAN},
			      "the meter sees a marker line inverted for so long"},
	[FAULT_EDGE_BOUNCE] = {"edge-bounce",
			       FAULT_ON_METER,
			       FAULT_PER_WINDOW,
			       {NAN, WITHIN_DEFAULT, 6, 1, NAN, NAN, NAN, NAN},
			       "the next edge of a marker line bounces for so many samples"},
	[FAULT_FRAMES_LOST] = {"frames-lost",
			       FAULT_ON_METER,
			       FAULT_PER_WINDOW,
			       {NAN, WITHIN_DEFAULT, 1, NAN, NAN, NAN, NAN, NAN},
			       "so many frames get lost on their way; the counter counts them"},
	[FAULT_FRAME_REPEATED] = {"frame-repeated",
				  FAULT_ON_METER,
				  FAULT_PER_WINDOW,
				  {NAN, WITHIN_DEFAULT, NAN, NAN, NAN, NAN, NAN, NAN},
				  "the next frame of samples is sent twice"},
	[FAULT_FREEZE] = {"freeze",
			  FAULT_ON_METER,
			  FAULT_PER_WINDOW,
			  {NAN, WITHIN_DEFAULT, 1, NAN, NAN, NAN, NAN, NAN},
			  "so many conversions are flagged ready, but the results stay"},
	[FAULT_NACK] = {"nack",
			FAULT_ON_METER,
			FAULT_PER_WINDOW,
			{NAN, WITHIN_DEFAULT, 1, NAN, NAN, NAN, NAN, NAN},
			"so many I2C address bytes are not acknowledged"},
};

const struct fault_kind *fault_kind_get(enum fault_id id)
{
	return &kinds[id];
}

enum fault_id fault_kind_find(const char *name)
{
	for (unsigned i = 1; i < KINDS; i++)
		if (!strcmp(kinds[i].name, name))
			return (enum fault_id)i;
	return 0;
}

const char *fault_kind_name(const void *unused, unsigned i)
{
	(void)unused;
	return i + 1 < KINDS ? kinds[i + 1].name : NULL;
}

const char *fault_per_text(enum fault_per per)
{
	static const char *const texts[] = {
		[FAULT_PER_BYTE] = "byte",
		[FAULT_PER_WINDOW] = "window",
		[FAULT_PER_LOADER] = "start of the loader",
		[FAULT_PER_POWER_UP] = "power-up",
	};

	return texts[per];
}

static const char *place_text(enum fault_place place)
{
	static const char *const texts[] = {
		[FAULT_ON_BOARD] = "board",
		[FAULT_ON_METER] = "meter",
		[FAULT_ON_EITHER] = "either",
	};

	return texts[place];
}

void fault_kinds_print(FILE *file)
{
	for (unsigned i = 1; i < KINDS; i++) {
		const struct fault_kind *kind = &kinds[i];

		fprintf(file, "  %-14s %-7s %s\n", kind->name, place_text(kind->place), kind->help);
		fprintf(file, "  %-14s %-7s per %s", "", "", fault_per_text(kind->per));
		for (unsigned k = 0; k < FAULT_SETTINGS; k++)
			if (!isnan(kind->defaults[k]))
				fprintf(file, "; %s (default %g)", fault_settings[k].key,
					kind->defaults[k]);
		fputc('\n', file);
	}
}
