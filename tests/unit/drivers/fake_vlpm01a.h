/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A link with a virtual LPM01A (rigs/virtual/meters/lpm01a.h) behind it: fake_vppk2.h's link.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_VLPM01A_H
#define TESTS_UNIT_DRIVERS_FAKE_VLPM01A_H

#include "rigs/virtual/meters/lpm01a.h"
#include "tests/unit/drivers/fake_vppk2.h"

struct fake_vlpm01a {
	struct vlpm01a *meter;
	int64_t now_ps;
	double current_a, board_c;
	uint8_t logic;
	int64_t slice_ps;         /* 0: as time passes */
	void (*at)(int64_t t_ps); /* the world in the slice that begins then; may be NULL */
	char said[4096];          /* what the host wrote since the test emptied it */
	const char *deaf_to;      /* a command that gets no answer; NULL: none */
	const char *slow_to;      /* a command that is answered slow_ps later; NULL: none */
	int64_t slow_ps, slow_until_ps;
};

static struct fake_vlpm01a fake_vlpm01a;

static inline void fake_vlpm01a_pass(int64_t ns)
{
	struct fake_vlpm01a *fake = &fake_vlpm01a;
	int64_t end_ps = fake->now_ps + ns * 1000;

	while (fake->now_ps < end_ps) {
		int64_t slice_ps = fake->slice_ps ? fake->slice_ps : end_ps - fake->now_ps;
		struct vlpm01a_slice slice = {.start_ps = fake->now_ps};

		if (fake->at)
			fake->at(fake->now_ps);
		fake->now_ps += slice_ps < end_ps - fake->now_ps ? slice_ps : end_ps - fake->now_ps;
		slice.end_ps = fake->now_ps;
		slice.current_a = fake->current_a;
		slice.board_c = fake->board_c;
		slice.logic = fake->logic;
		vlpm01a_slice(fake->meter, &slice);
	}
}

static inline bool fake_vlpm01a_is(const char *command, const uint8_t *bytes, size_t count)
{
	return command && count >= strlen(command) && !memcmp(bytes, command, strlen(command));
}

static inline void fake_vlpm01a_host_bytes(const uint8_t *bytes, size_t count)
{
	struct fake_vlpm01a *fake = &fake_vlpm01a;
	size_t used = strlen(fake->said);

	if (used + count < sizeof(fake->said)) {
		memcpy(fake->said + used, bytes, count);
		fake->said[used + count] = '\0';
	}
	if (fake_vlpm01a_is(fake->deaf_to, bytes, count))
		return;
	if (fake_vlpm01a_is(fake->slow_to, bytes, count))
		fake->slow_until_ps = fake->now_ps + fake->slow_ps;
	vlpm01a_host_bytes(fake->meter, bytes, count);
}

static inline size_t fake_vlpm01a_take_bytes(uint8_t *ret_bytes, size_t capacity)
{
	if (fake_vlpm01a.now_ps < fake_vlpm01a.slow_until_ps)
		return 0;
	return vlpm01a_take_bytes(fake_vlpm01a.meter, ret_bytes, capacity);
}

static const struct fake_vother fake_vlpm01a_other = {fake_vlpm01a_pass, fake_vlpm01a_host_bytes,
						      fake_vlpm01a_take_bytes};

static inline void fake_vlpm01a_init(struct link *link, uint64_t seed)
{
	vlpm01a_free(fake_vlpm01a.meter);
	fake_vlpm01a =
		(struct fake_vlpm01a){.meter = vlpm01a_new(seed), .current_a = 5e-3, .board_c = 25};
	assert(fake_vlpm01a.meter);
	*link = (struct link){.other = &fake_vlpm01a_other, .now_ns = 1000000000};
}

static inline void fake_vlpm01a_done(void)
{
	vlpm01a_free(fake_vlpm01a.meter);
	fake_vlpm01a.meter = NULL;
}

#endif
