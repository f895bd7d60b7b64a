/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The spike filter of the vendor's application, for those who must reproduce its numbers. It puts
 * averages in the place of the samples around each range change, which biases charge: nothing here
 * applies it unasked.
 */
#ifndef DRIVERS_METER_PPK2_FILTER_H
#define DRIVERS_METER_PPK2_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct ppk2_filter {
	double average;        /* all ranges */
	double average_slow;   /* what range 4 gives out */
	uint32_t range;        /* of the sample before */
	int replace;           /* samples still to be replaced */
	uint32_t since_change; /* samples since the last range change, while any are replaced */
	bool started;
};

void ppk2_filter_init(struct ppk2_filter *filter);
/* The next sample of the stream, and what the vendor's application shows for it. */
double ppk2_filter_apply(struct ppk2_filter *filter, double current_a, uint32_t range);

#endif
