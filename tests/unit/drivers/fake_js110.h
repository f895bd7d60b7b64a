/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual JS110 behind the fake USB. What it measures is a function of true time.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_JS110_H
#define TESTS_UNIT_DRIVERS_FAKE_JS110_H

#include <stdio.h>

#include "rigs/virtual/meters/js110.h"
#include "tests/unit/drivers/fake_js220.h"

struct fake_js110 {
	struct vjs110 *meter;
	int64_t now_ps;
	int64_t slice_ps; /* 0: 1 ms */
	/* The world in the slice that begins at t_ps; NULL: always the same. */
	void (*at)(int64_t t_ps, struct fake_world *world);
	struct fake_world world;
	/* Called before time passes: may make faults. May be NULL. */
	void (*before)(int64_t t_ps);
};

static struct fake_js110 fake_js110;

static inline void fake_js110_advance(void *context, int64_t ns)
{
	struct fake_js110 *js110 = context;
	int64_t end_ps = js110->now_ps + ns * 1000;
	int64_t slice_ps = js110->slice_ps ? js110->slice_ps : 1000000000;

	while (js110->now_ps < end_ps) {
		int64_t next_ps = (js110->now_ps / slice_ps + 1) * slice_ps;

		next_ps = next_ps < end_ps ? next_ps : end_ps;
		if (js110->before)
			js110->before(js110->now_ps);
		if (js110->at)
			js110->at(js110->now_ps, &js110->world);
		vjs110_feed(js110->meter, js110->now_ps, next_ps, js110->world.current_a,
			    js110->world.voltage_v, js110->world.logic);
		js110->now_ps = next_ps;
	}
}

static inline void fake_js110_init(uint64_t seed)
{
	vjs110_free(fake_js110.meter);
	fake_js110 = (struct fake_js110){.meter = vjs110_new(seed)};
	assert(fake_js110.meter);
	fake_js110.world = (struct fake_world){5e-3, 3.3, 0};
	fake_usb_init(vjs110_usb(fake_js110.meter), fake_js110_advance, &fake_js110, "000110");
}

static inline void fake_js110_done(void)
{
	vjs110_free(fake_js110.meter);
	fake_js110.meter = NULL;
}

#endif
