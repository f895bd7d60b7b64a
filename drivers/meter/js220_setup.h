/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS220: the driver's parameters, what they make of the instrument, and what is said of
 * it.
 */
#ifndef DRIVERS_METER_JS220_SETUP_H
#define DRIVERS_METER_JS220_SETUP_H

#include "drivers/meter/joulescope_blocks.h"
#include "drivers/meter/js220_session.h"
#include "drivers/meter/js220_streams.h"
#include "drivers/meter/meter_params.h"

enum js220_param {
	JS220_PARAM_RATE,
	JS220_PARAM_RANGE,
	JS220_PARAM_VOLTAGE_RANGE,
	JS220_PARAM_LINES,
	JS220_PARAM_VREF,
	JS220_PARAM_SERIAL,
	JS220_PARAMS,
};

extern const struct meter_param js220_params[JS220_PARAMS + 1];

struct js220_setup {
	struct meter_param_value values[JS220_PARAMS];
	struct js220_option
		options[JS220_OPTIONS_MAX]; /* looked up in the metadata: modes, ranges */
	size_t option_count;
	uint32_t factor; /* samples averaged into one */
};

/* -EINVAL: settings that it cannot follow. */
int js220_setup_take(struct js220_setup *setup, const struct meter_settings *settings,
		     struct err *err);
/* -ENOTSUP: another instrument than the one asked for. */
int js220_setup_check_serial(const struct js220_setup *setup, const struct usb_identity *identity,
			     struct err *err);
/* Switches all streams off, makes every setting, waits until all are taken. */
int js220_setup_apply(const struct js220_setup *setup, struct js220_session *session,
		      struct err *err);
unsigned js220_setup_signals(const struct js220_setup *setup); /* bits: enum js220_signal */
void js220_setup_limits(const struct js220_setup *setup, struct joulescope_blocks *blocks);
void js220_setup_describe(const struct js220_setup *setup, const struct js220_session *session,
			  struct meter_info *ret_info);

/* The streams of the setup, and after them the statistics. */
int js220_switch_on(const struct js220_setup *setup, struct js220_session *session,
		    struct err *err);
/* Every stream that there is. */
int js220_switch_off(struct js220_session *session, struct err *err);

#endif
