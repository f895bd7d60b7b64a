/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A temperature around the boards: set by a chamber, read from a sensor, or typed by the user.
 *
 *   scpi:LINK            a chamber that takes SOURce:TEMPerature and MEASure:TEMPerature?; LINK is a
 *                        uri of drivers/link/link.h: scpi:tcp://oven:5025, scpi:serial:/dev/ttyUSB0
 *   f4t:LINK             the same in the words of a Watlow F4T's control loop 1, set to Celsius
 *   hwmon:CHIP/SENSOR    a sensor of the kernel's by its chip's name: hwmon:lm75/temp1
 *   fixed:CELSIUS        what the user says it is: "fixed:21.5"
 *
 * Threads: one caller at a time. Nothing blocks longer than said.
 */
#ifndef DRIVERS_THERMAL_THERMAL_H
#define DRIVERS_THERMAL_THERMAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum thermal_cap {
	THERMAL_CAP_SET = 1 << 0,      /* follows a set point */
	THERMAL_CAP_MEASURED = 1 << 1, /* read from an instrument, not just said */
};

struct thermal_settings {
	/* Set points outside are refused; both 0: -40..150 degC. */
	double min_c, max_c;
	uint32_t baud;           /* of a serial link; 0: 9600 */
	const char *sysfs_hwmon; /* NULL: "/sys/class/hwmon" */
};

struct thermal_ops {
	const char *scheme;
	unsigned caps; /* enum thermal_cap */
	size_t state_size;
	/* address: behind the scheme and its colon. The state is all zeros before. */
	int (*open)(void *state, const char *address, const struct thermal_settings *settings,
		    struct err *err);
	void (*close)(void *state); /* called if and only if open succeeded */
	int (*set)(void *state, double temp_c, struct err *err); /* with THERMAL_CAP_SET only */
	int (*read)(void *state, double *ret_temp_c, struct err *err);
	/* What it says of itself, or where it was found. NULL: nothing to say. */
	int (*identify)(void *state, char *ret_text, size_t size, struct err *err);
};

extern const struct thermal_ops thermal_f4t, thermal_fixed, thermal_hwmon, thermal_scpi;

struct thermal;

enum { THERMAL_IDENTITY_BYTES = 128 };

/* Pure: which driver's it is. -EINVAL: no driver's. */
int thermal_check_uri(const char *uri, unsigned *ret_caps, struct err *err);
/* settings may be NULL. -EINVAL: malformed uri; -ENOENT: no such sensor (the sentence lists those
 * there are); -ENOTUNIQ: several chips of one name; the link's errors. */
int thermal_open(const char *uri, const struct thermal_settings *settings,
		 struct thermal **ret_thermal, struct err *err);
void thermal_close(struct thermal *thermal); /* accepts NULL; a chamber keeps its set point */

unsigned thermal_caps(const struct thermal *thermal);
/* Blocks 9 s at most. -ENOTSUP: it sets nothing; -ERANGE: outside the settings' limits; -EPROTO: the
 * chamber did not take it over. */
int thermal_set(struct thermal *thermal, double temp_c, struct err *err);
/* Blocks 2 s at most. */
int thermal_read(struct thermal *thermal, double *ret_temp_c, struct err *err);

/* Blocks 2 s at most. -ETIMEDOUT: it does not answer that question, as simple controllers do not;
 * "" when there is nothing to say. */
int thermal_identify(struct thermal *thermal, char ret_text[THERMAL_IDENTITY_BYTES],
		     struct err *err);
/* Whether that is what a virtual rig's instrument says: nothing read from it was measured. */
bool thermal_identity_is_virtual(const char *identity);

/* --- settled ---------------------------------------------------------------------------------- */

struct thermal_band {
	double target_c;
	double within_k;  /* to either side */
	double hold_s;    /* for so long without leaving it */
	double gap_max_s; /* longer without a reading: the time starts anew */
};

/* All zeros before the first reading. */
struct thermal_watch {
	bool is_inside;
	int64_t since_ns, last_ns;
	double last_c;
};

/* Pure: takes a reading over. True: the temperature is settled. */
bool thermal_watch_add(struct thermal_watch *watch, const struct thermal_band *band,
		       int64_t t_mono_ns, double temp_c);

/* Reads once a second until it is settled. -ETIMEDOUT: not within limit_s (the sentence says the last
 * temperature); -ECANCELED: *stop (may be NULL) is not 0 any more. Readings that fail end it. */
int thermal_wait(struct thermal *thermal, const struct thermal_band *band, double limit_s,
		 const volatile sig_atomic_t *stop, double *ret_temp_c, struct err *err);

#endif
