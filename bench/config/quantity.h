/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Values with units, as rig and plan files write them: "3.3 V", "80 MHz", "500 ms", "21 degC".
 * A bare number is refused: a missing unit is how a factor of a thousand gets into a dataset.
 */
#ifndef BENCH_CONFIG_QUANTITY_H
#define BENCH_CONFIG_QUANTITY_H

#include <stdint.h>

#include "drivers/err.h"

enum quantity_kind {
	QUANTITY_VOLTAGE = 1,      /* V */
	QUANTITY_CURRENT,          /* A */
	QUANTITY_TIME,             /* s */
	QUANTITY_FREQUENCY,        /* Hz */
	QUANTITY_TEMPERATURE,      /* degC */
	QUANTITY_BAUD,             /* baud */
	QUANTITY_RATIO,            /* 1, written "0.5 %" or "200 ppm" */
	QUANTITY_TEMPERATURE_STEP, /* K */
};

/* Parses text into the kind's SI unit. -EINVAL with a sentence that lists the units of that kind:
 * "'3.3' has no unit: write for example '3.3 V' (V, mV)". Trailing characters are refused. */
int quantity_parse(const char *text, enum quantity_kind kind, double *ret_value, struct err *err);
/* Its first unit, for sentences: "V". */
const char *quantity_unit(enum quantity_kind kind);
/* A clock: a whole number of Hz, 1 kHz .. 4 GHz. */
int quantity_parse_hz(const char *text, uint32_t *ret_hz, struct err *err);

#endif
