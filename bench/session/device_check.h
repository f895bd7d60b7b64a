/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opens every device of a rig, one after the other, asks what it is, and says in words what is
 * wrong and what to do. Powers nothing and measures nothing; a board's modem lines are left deasserted,
 * lines on switches (GPIO, hub ports) are looked at and not touched.
 */
#ifndef BENCH_SESSION_DEVICE_CHECK_H
#define BENCH_SESSION_DEVICE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/config/rig.h"
#include "drivers/meter/meter.h"

struct device_check {
	const char *kind; /* "meter", "board", "chamber", "sensor" */
	bool is_meter;
	const char *name, *link; /* the rig's; of a chamber or sensor the uri, and its link */
	int code;                /* 0: as the rig says */
	struct err problem;      /* what is wrong */
	char advice[400];        /* what to do; "": the problem says it */
	struct meter_info info;  /* of a meter that opened */
	bool is_line;            /* the problem is a control line's (reset, boot, supply), or a sensor's of the
				  * kernel: what it says is all there is to say */
	bool is_virtual;
	char identity[128];      /* of a board's link, a chamber or a sensor; "": not told */
	double temp_c;           /* of a chamber or sensor that opened */
};

/* One entry for each meter, then each board, then chamber and sensor. Freed with free(). -ENOMEM. */
int device_check_rig(const struct rig *rig, struct device_check **ret_list, size_t *ret_count,
		     struct err *err);

/* What to do about the code that opening gave. holder: who has the port open, "" for nobody seen. */
void device_check_advise(int code, const char *link, const char *holder, char *ret_text,
			 size_t size);

#endif
