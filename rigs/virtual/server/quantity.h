/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers with units, as the rig file writes them: "3.3 V", "20 ms", "1.3 %", "21 degC".
 */
#ifndef RIGS_VIRTUAL_SERVER_QUANTITY_H
#define RIGS_VIRTUAL_SERVER_QUANTITY_H

#include <stddef.h>

enum quantity {
	QUANTITY_NUMBER = 1, /* no unit */
	QUANTITY_RATIO,      /* % or ppm, or no unit */
	QUANTITY_TIME,       /* us, ms, s, min */
	QUANTITY_VOLTAGE,    /* mV, V */
	QUANTITY_TEMP,       /* degC */
	QUANTITY_TEMP_STEP,  /* K */
	QUANTITY_SLEW,       /* K/min, K/s */
	QUANTITY_RESISTANCE, /* mohm, ohm */
};

/* 0, in SI units (degC for a temperature, K/s for a slew rate), or -1 with a sentence. Always a
 * finite number. */
int quantity_read(const char *text, enum quantity quantity, double *ret_value, char *ret_sentence,
		  size_t size);

#endif
