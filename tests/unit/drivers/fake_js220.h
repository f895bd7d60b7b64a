/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual JS220 behind the fake USB. What it measures is a function of true time.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_JS220_H
#define TESTS_UNIT_DRIVERS_FAKE_JS220_H

#include <stdio.h>

#include "rigs/virtual/meters/js220.h"
#include "tests/unit/drivers/fake_usb.h"

struct fake_world {
	double current_a, voltage_v;
	uint8_t logic;
};

struct fake_js220 {
	struct vjs220 *meter;
	int64_t now_ps;
	int64_t slice_ps; /* 0: 1 ms */
	/* The world in the slice that begins at t_ps; NULL: always the same. */
	void (*at)(int64_t t_ps, struct fake_world *world);
	struct fake_world world;
	/* Called before time passes: may make faults. May be NULL. */
	void (*before)(int64_t t_ps);
};

static struct fake_js220 fake_js220;

static inline void fake_js220_advance(void *context, int64_t ns)
{
	struct fake_js220 *js220 = context;
	int64_t end_ps = js220->now_ps + ns * 1000;
	int64_t slice_ps = js220->slice_ps ? js220->slice_ps : 1000000000;

	while (js220->now_ps < end_ps) {
		int64_t next_ps = (js220->now_ps / slice_ps + 1) * slice_ps;

		next_ps = next_ps < end_ps ? next_ps : end_ps;
		if (js220->before)
			js220->before(js220->now_ps);
		if (js220->at)
			js220->at(js220->now_ps, &js220->world);
		vjs220_feed(js220->meter, js220->now_ps, next_ps, js220->world.current_a,
			    js220->world.voltage_v, js220->world.logic);
		js220->now_ps = next_ps;
	}
}

static inline void fake_js220_init(uint64_t seed)
{
	vjs220_free(fake_js220.meter);
	fake_js220 = (struct fake_js220){.meter = vjs220_new(seed)};
	assert(fake_js220.meter);
	fake_js220.world = (struct fake_world){5e-3, 3.3, 0};
	fake_usb_init(vjs220_usb(fake_js220.meter), fake_js220_advance, &fake_js220, "000220");
}

static inline void fake_js220_done(void)
{
	vjs220_free(fake_js220.meter);
	fake_js220.meter = NULL;
}

#endif
