/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Columns of users' tables.
 */
#include "bench/import/csv_columns.h"

#include <string.h>

#include "bench/import/csv.h"

const struct csv_column csv_columns[] = {
	[CSV_COLUMN_BOARD] = {"board", true, CSV_TEXT, 0, 64, "the board that was measured"},
	[CSV_COLUMN_MODEL] = {"model", true, CSV_TEXT, 0, 64, "the network's name"},
	[CSV_COLUMN_CYCLES] = {"cycles", false, CSV_REAL, 1, 1e15,
			       "core cycles of one inference; it, or time_s, must be there"},
	[CSV_COLUMN_ENERGY_J] = {"energy_j", true, CSV_REAL, 1e-15, 1e6,
				 "gross energy of one inference, joules"},
	[CSV_COLUMN_ENERGY_U_J] = {"energy_u_j", true, CSV_REAL, 1e-18, 1e6,
				   "standard uncertainty (k = 1) of energy_j, everything in it"},
	[CSV_COLUMN_ENERGY_U_INDEPENDENT_J] =
		{"energy_u_independent_j", false, CSV_REAL, 1e-18, 1e6,
		 "of it, what differs from window to window (default: all of it)"},
	[CSV_COLUMN_TIME_S] = {"time_s", false, CSV_REAL, 1e-12, 1e6,
			       "duration of one inference, seconds"},
	[CSV_COLUMN_TIME_U_S] = {"time_u_s", false, CSV_REAL, 0, 1e6,
				 "standard uncertainty of time_s"},
	[CSV_COLUMN_CLOCK_HZ] = {"clock_hz", false, CSV_WHOLE, 1, 1e12,
				 "nominal core clock, hertz"},
	[CSV_COLUMN_INFERENCES] = {"inferences", false, CSV_WHOLE, 1, 1e9,
				   "in the window (default 1)"},
	[CSV_COLUMN_SUPPLY_V] = {"supply_v", false, CSV_REAL, 1e-3, 1e3,
				 "supply voltage at the board"},
	[CSV_COLUMN_SUPPLY_U_V] = {"supply_u_v", false, CSV_REAL, 0, 1e3,
				   "its standard uncertainty"},
	[CSV_COLUMN_GAIN_U_REL] =
		{"gain_u_rel", false, CSV_REAL, 0, 1,
		 "standard uncertainty of the meter's gain, relative, common to all rows"},
	[CSV_COLUMN_TEMP_C] = {"temp_c", false, CSV_REAL, -273, 1000,
			       "chip temperature, degrees Celsius"},
	[CSV_COLUMN_AMBIENT_C] = {"ambient_c", false, CSV_REAL, -273, 1000,
				  "temperature around the board, as it was set"},
	[CSV_COLUMN_IDLE_POWER_W] =
		{"idle_power_w", false, CSV_REAL, 1e-12, 1e6,
		 "power of the waiting board around the window; wants supply_v"},
	[CSV_COLUMN_CORE_V] = {"core_v", false, CSV_REAL, 1e-3, 100, "core voltage"},
	[CSV_COLUMN_MACS] = {"macs", false, CSV_WHOLE, 0, 1e15,
			     "multiply-accumulates of the model"},
	[CSV_COLUMN_PARAMS] = {"params", false, CSV_WHOLE, 0, 1e12, "parameters of the model"},
	[CSV_COLUMN_BUILD] = {"build", false, CSV_TEXT, 0, 16, "build of the firmware"},
	[CSV_COLUMN_CHIP] = {"chip", false, CSV_TEXT, 0, 16, "the board's chip"},
	[CSV_COLUMN_METER] = {"meter", false, CSV_TEXT, 0, 64, "what measured the energy"},
	[CSV_COLUMN_METER_SERIAL] = {"meter_serial", false, CSV_TEXT, 0, 32, "its serial number"},
	[CSV_COLUMN_BOARD_UID] = {"board_uid", false, CSV_TEXT, 0, 32, "the board's unique id"},
	[CSV_COLUMN_RUNTIME] = {"runtime", false, CSV_TEXT, 0, 30,
				"kernels (stored behind the word imported)"},
	[CSV_COLUMN_VERDICT] = {"verdict", false, CSV_TEXT, 0, 12,
				"accepted (default), suspect, refused or failed"},
	[CSV_COLUMN_REASON] = {"reason", false, CSV_TEXT, 0, 255, "why it is not accepted"},
	[CSV_COLUMN_MEASURED_UTC] = {"measured_utc", false, CSV_TEXT, 0, 32,
				     "when, as 2026-03-01T12:00:00Z (default: now)"},
	[CSV_COLUMN_MODEL_SHA256] = {"model_sha256", false, CSV_TEXT, 0, 72,
				     "of the model's file (default: name:CSV_COLUMN_MODEL)"},
	[CSV_COLUMN_SOFTWARE] = {"software", false, CSV_TEXT, 0, 64, "runtime and version"},
	[CSV_COLUMN_SUBMITTER] = {"submitter", false, CSV_TEXT, 0, 64, "who measured"},
	[CSV_COLUMN_CYCLES_DERIVED] = {"cycles_derived", false, CSV_WHOLE, 0, 1,
				       "1: cycles were not counted (default 0)"},
	[CSV_COLUMN_VIRTUAL] = {"virtual", false, CSV_WHOLE, 0, 1,
				"1: simulated, nothing was measured (default 0)"},
	[CSV_COLUMN_COUNT] = {NULL, false, 0, 0, 0, NULL},
};

enum { NAME_BYTES_MAX = 64 };

/* Edits between two names, for the nearest known one. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_BYTES_MAX + 1];
	size_t width = strlen(b) < NAME_BYTES_MAX ? strlen(b) : NAME_BYTES_MAX;

	for (size_t j = 0; j <= width; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned corner = row[0]++;

		for (size_t j = 1; j <= width; j++) {
			unsigned above = row[j], best = corner + (a[i - 1] != b[j - 1]);

			best = best < above + 1 ? best : above + 1;
			row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
			corner = above;
		}
	}
	return row[width];
}

const char *csv_column_nearest(const char *name)
{
	unsigned best = 0, least = ~0u;

	for (unsigned i = 0; i < CSV_COLUMN_COUNT; i++) {
		unsigned edits = distance(name, csv_columns[i].name);

		if (edits < least) {
			least = edits;
			best = i;
		}
	}
	return csv_columns[best].name;
}
