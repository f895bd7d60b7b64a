/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the LPM01A's driver share, and nobody else includes. lpm01a.c: life, supply,
 * acquisitions; lpm01a_commands.c: commands and their answers; lpm01a_setup.c: settings,
 * calibration, description.
 *
 * Commands take their answers out of the capture's parser. While an acquisition runs that is the
 * reader's: then only lpm01a_send_line may be called, and what needs no answer.
 */
#ifndef DRIVERS_METER_LPM01A_PARTS_H
#define DRIVERS_METER_LPM01A_PARTS_H

#include <stdatomic.h>

#include "drivers/meter/lpm01a_capture.h"
#include "drivers/meter/meter_params.h"

enum { LPM01A_ANSWER_MS = 2000 };

struct lpm01a {
	struct link *link;
	unsigned rate_hz, supply_mv;
	bool energy, binary, high;
	int event;
	char firmware[24];
	double calibrated_c; /* NaN: not known, calibrated before each start */
	bool dirty;          /* what an acquisition sent may wait in the link */
	struct lpm01a_capture capture;
	atomic_bool streaming;
	int64_t end_ns; /* reader's: when silence after a stop becomes the end; 0: no stop seen */
};

/* --- lpm01a_commands.c ------------------------------------------------------------------------ */

/* Errors beside the link's: -ETIMEDOUT: no answer; -EPROTO: what comes is no PowerShield's;
 * -EINVAL: the instrument refused. */

/* Sends a line and waits for nothing but the link. */
int lpm01a_send_line(struct lpm01a *lpm, const char *command, struct err *err);
int64_t lpm01a_from_now_ns(const struct lpm01a *lpm, int ms); /* by the link's clock */
/* The next item of what comes, waited for up to until_ns. */
int lpm01a_next_item(struct lpm01a *lpm, int64_t until_ns, struct lpm01a_item *ret_item,
		     struct err *err);
/* Whether the text of an acknowledgement begins with the command's first word. */
bool lpm01a_is_about(const char *text, const char *command);
/* After LPM01A_ERROR: -EINVAL, with the reason when the instrument tells one within 200 ms. */
int lpm01a_refused(struct lpm01a *lpm, struct err *err);
/* Drops what comes, until the line is quiet: up to 2 s. */
int lpm01a_quieten(struct lpm01a *lpm, struct err *err);
/* Sends a command and waits until it is acknowledged. What came with that is in ret_answer
 * (LPM01A_TEXT_BYTES; may be NULL). Items not yet taken are dropped. */
int lpm01a_command_ask(struct lpm01a *lpm, const char *command, int timeout_ms, char *ret_answer,
		       struct err *err);
/* The same, within LPM01A_ANSWER_MS; nobody wants what came with it. */
int lpm01a_command_do(struct lpm01a *lpm, const char *command, struct err *err);

/* --- lpm01a_setup.c --------------------------------------------------------------------------- */

extern const struct meter_param lpm01a_params[];

/* Sends nothing. -EINVAL: settings that the instrument cannot follow. */
int lpm01a_take_settings(struct lpm01a *lpm, const struct meter_settings *settings,
			 struct err *err);
/* Stops what may run, and asks who it is. -EPROTO: no PowerShield. */
int lpm01a_identify(struct lpm01a *lpm, char *ret_serial, size_t capacity, struct err *err);
/* Makes every setting and calibrates: up to 15 s per command. After command "htc": before, the
 * instrument is its panel's. */
int lpm01a_configure(struct lpm01a *lpm, struct err *err);
/* After lpm01a_configure. Sends nothing. -ERANGE: the calibration does not fit into ret_info. */
int lpm01a_describe(const struct lpm01a *lpm, const char *serial, struct meter_info *ret_info,
		    struct err *err);
/* Tells the capture of the settings: what lpm01a_capture_restart keeps. */
void lpm01a_prepare_capture(struct lpm01a *lpm);
/* Calibrates again (up to 15 s) when the last calibration holds no more for the temperature. */
int lpm01a_calibrate_when_shifted(struct lpm01a *lpm, struct err *err);

#endif
