/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/pack.h"

static bool choose(const struct pack_job *job, uint16_t *ret_variant)
{
	(void)job;
	(void)ret_variant;
	return false;
}

static void write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	(void)job;
	(void)weights;
	(void)channels;
}

const struct pack_set pack_armv7em = {choose, write};
