/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A model's listing as a table or JSON.
 */
#ifndef BENCH_REPORT_LISTING_OUT_H
#define BENCH_REPORT_LISTING_OUT_H

#include <stdio.h>

#include <jansson.h>

#include "bench/model/listing.h"

void listing_print(const struct model_image *image, const struct model_listing *listing,
		   FILE *stream);
/* NULL: out of memory. */
json_t *listing_json(const struct model_image *image, const struct model_listing *listing);

#endif
