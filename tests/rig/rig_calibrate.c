/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Holds a calibration against what the virtual PPK2 of that seed and name hides.
 *
 *   rig_calibrate CALIBRATION.json SEED METER
 *
 * In every range: the corrected current at the range's upper half, and the line's factor, agree
 * with the instrument's hidden gain and offset within the expanded uncertainty (k = 2), and the
 * correction is no worse than none.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rigs/virtual/meters/ppk2_analog.h"
#include "rigs/virtual/plant/random.h"

static const double coverage = 2;
/* The currents that the loads of calibrate.sh draw at 3.3 V, the larger of each range. */
static const double at_a[PPK2_RANGES] = {48.5e-6, 440e-6, 3.3e-3, 33e-3, 330e-3};

static int check_range(const json_t *object, unsigned range, const struct ppk2_analog *analog)
{
	double add_a, add_u_a, factor, factor_u, reading_a, off_a, u_a;
	int loads;

	if (json_unpack((json_t *)object, "{s:i, s:F, s:F, s:F, s:F}", "loads", &loads, "add_a",
			&add_a, "add_u_a", &add_u_a, "factor", &factor, "factor_u", &factor_u))
		return 1;
	reading_a = at_a[range] * (1 + analog->gain_error[range]) + analog->offset_a[range];
	off_a = factor * reading_a + add_a - at_a[range];
	u_a = hypot(add_u_a, factor_u * reading_a);
	printf("range %u, %d loads: gain error %+.4f %%, offset %+.3e A; reads %+.4f %% off, "
	       "corrected %+.4f %% (U %.4f %%)\n",
	       range, loads, 100 * analog->gain_error[range], analog->offset_a[range],
	       100 * (reading_a / at_a[range] - 1), 100 * off_a / at_a[range],
	       100 * coverage * u_a / at_a[range]);
	return loads < 2 || fabs(off_a) > coverage * u_a ||
	       fabs(factor - 1 / (1 + analog->gain_error[range])) > coverage * factor_u;
}

int main(int argc, char **argv)
{
	json_t *json = argc == 4 ? json_load_file(argv[1], 0, NULL) : NULL;
	json_t *ranges = json_object_get(json, "ranges");
	struct ppk2_analog analog;
	int wrong = json_array_size(ranges) != PPK2_RANGES;

	if (!json)
		return 2;
	ppk2_analog_init(&analog, vrandom_seed(strtoull(argv[2], NULL, 10), argv[3]));
	for (unsigned range = 0; !wrong && range < PPK2_RANGES; range++)
		wrong |= check_range(json_array_get(ranges, range), range, &analog);
	json_decref(json);
	return wrong;
}
