/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: its metadata text, and what a sample word is in amperes. Pure
 * functions over bytes.
 *
 * The instrument answers "get metadata" with lines "Key: value", ended by "END". With the shunt R,
 * the offset O and the gains of the range a word belongs to, and VDD in volts:
 *
 *   r = (4 * adc - O) * (1.8 / 163840 / R)
 *   current = UG * (r * (GS * r + GI) + S * VDD + I)
 */
#ifndef DRIVERS_METER_PPK2_CALIBRATION_H
#define DRIVERS_METER_PPK2_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"
#include "drivers/meter/meter.h"

enum { PPK2_RANGES = 5 };

enum ppk2_key { PPK2_R, PPK2_GS, PPK2_GI, PPK2_O, PPK2_S, PPK2_I, PPK2_UG, PPK2_KEYS };

struct ppk2_calibration {
	double value[PPK2_KEYS]
		    [PPK2_RANGES]; /* R in ohm, O in quarter ADC steps, S in A/V, I in A */
	/* One bit per range. Zeros are taken as they are, but for R. */
	uint8_t defaulted[PPK2_KEYS]; /* missing, "nan" or (R only) zero: a default stands in */
	uint8_t zero[PPK2_KEYS];      /* a gain that is zero: suspicious, kept */
	double vdd_mv;                /* 0 when the text has none */
	long hardware;                /* "HW", 0 when the text has none */
	bool calibrated;              /* "Calibrated" is not 0 */
};

/* Where the text lies in what was received: from the last "Calibrated" to behind its "END". False
 * while it is not complete. Sample bytes may stand in front. */
bool ppk2_metadata_find(const uint8_t *bytes, size_t count, size_t *ret_begin, size_t *ret_end);

/* Parses such a text. Unknown keys are skipped. -EPROTO: a line that makes no sense, or a key twice
 * (the text was damaged on its way). -ERANGE: values that no such instrument can have. */
int ppk2_calibration_parse(const char *text, size_t count, struct ppk2_calibration *ret_calibration,
			   struct err *err);

/* One line of JSON that holds everything the conversion at vdd_mv uses, and which values are not
 * the instrument's. -ENOSPC when it does not fit. */
int ppk2_calibration_json(const struct ppk2_calibration *calibration, double vdd_mv, char *ret_json,
			  size_t capacity, struct err *err);

/* Step and zero of each range. The step is the converter's, by R, GI and UG. The zero: Nordic gives
 * a typical resolution for each range, from 0.2 uA to 1 mA, and no error of the zero. A zero
 * adjusted with an indication of that resolution is known to resolution / sqrt(12) as a standard
 * uncertainty (GUM F.2.2.1); in the largest range that is 0.3 mA. Typical is no limit: taken as
 * normal. */
void ppk2_calibration_ranges(const struct ppk2_calibration *calibration,
			     struct meter_range ret_ranges[PPK2_RANGES]);

/* The formula with all that does not depend on the sample worked out beforehand. */
struct ppk2_range {
	double offset, scale, gain_square, gain, constant_a, user_gain;
};

struct ppk2_conversion {
	struct ppk2_range range[PPK2_RANGES];
};

void ppk2_conversion_init(struct ppk2_conversion *conversion,
			  const struct ppk2_calibration *calibration, double vdd_mv);

/* adc: the 14-bit field; range: 0..4. */
static inline double ppk2_convert(const struct ppk2_conversion *conversion, uint32_t adc,
				  uint32_t range)
{
	const struct ppk2_range *k = &conversion->range[range];
	double r = ((double)(adc * 4) - k->offset) * k->scale;

	return k->user_gain * (r * (k->gain_square * r + k->gain) + k->constant_a);
}

#endif
