/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware/image/needs.h"

bool image_needs_armv7em(const struct image_use *use, struct image_needs *ret_needs)
{
	(void)use;
	(void)ret_needs;
	return false;
}

bool image_constants_armv7em(const struct image_use *use, const uint8_t *weights,
			     const uint8_t *channels)
{
	(void)use;
	(void)weights;
	(void)channels;
	return false;
}
