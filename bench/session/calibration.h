/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A meter's calibration: made from known loads, or against another meter that carries the same
 * current; kept in the store, applied to samples.
 */
#ifndef BENCH_SESSION_CALIBRATION_H
#define BENCH_SESSION_CALIBRATION_H

#include <signal.h>
#include <stdbool.h>

#include "analysis/budget/calibration.h"
#include "bench/config/rig.h"
#include "bench/store/store.h"
#include "drivers/meter/meter.h"

enum { CALIBRATION_LOADS_MAX = 64 };

/* What samples of a meter are corrected with. */
struct calibration {
	int64_t id;         /* 0: none applies */
	char state[12];     /* store_measurement.calibration_state */
	char sentence[200]; /* why none applies; "" else */
	unsigned range_count;
	struct calibration_line lines[METER_RANGES_MAX];
};

/* The latest one of this meter, if it still holds at now_utc and the instrument is the one it was
 * made for. Negative only when the store fails. */
int calibration_find(struct store *store, const struct rig *rig, const struct rig_meter *meter,
		     const struct meter_info *info, const char *now_utc,
		     struct calibration *ret_calibration, struct err *err);

/* One line of JSON, to be freed (NULL: out of memory), and what it was made of. -EINVAL. */
char *calibration_format(const struct calibration *calibration);
int calibration_parse(const char *text, struct calibration *ret_calibration, struct err *err);

/* Of one sample; samples of a range without a line, and those of no calibration, stay as they are.
 */
float calibration_correct_a(const struct calibration *calibration, unsigned range, float reading_a);

struct calibration_load {
	const char *text; /* as the user wrote it; borrowed */
	double ohm;       /* INFINITY: none */
	double u_rel;     /* standard uncertainty */
	unsigned range;   /* found by measuring, with what follows */
	struct calibration_reading reading;
	double expected_a, expected_u_a; /* u: without what loads have in common */
	unsigned reference_range;        /* against a reference */
};

/* "none", "1 kOhm 0.1 %": resistance and its limits (rectangular). -EINVAL. */
int calibration_load_parse(const char *text, struct calibration_load *ret_load, struct err *err);

struct calibration_stretch;

/* A meter in series with the one that is calibrated. */
struct calibration_reference {
	const struct rig_meter *meter; /* NULL: none, the loads are known */
	const struct meter_info *info;
	struct meter *device;
};

struct calibration_procedure {
	const struct rig *rig;
	const struct rig_meter *meter;
	const struct meter_info *info;
	struct meter *device;
	struct calibration_reference reference;
	double settle_s, average_s; /* of the meter's time; against a reference, of the host's */
	/* Called with the meters' supply off: connects the load. Negative ends the procedure. */
	int (*connect)(void *context, const struct calibration_load *load, struct err *err);
	void *context;
	const volatile sig_atomic_t *stop;
};

/* Measures one load: off, connect, on, settle, average. -ERANGE: outside the meter's ranges, or on
 * the border of two. -ENODATA: lost or saturated samples. -EDOM: noisy, drifting, or another load
 * than was said. The supply is off afterwards. */
int calibration_measure(const struct calibration_procedure *procedure,
			struct calibration_load *load, struct err *err);

/* Refuses a reference that is the meter itself, by name, link or serial number, or another one that
 * cannot serve beside it. -EINVAL. Before the meters are open (info NULL), and again when they are.
 */
int calibration_reference_check(const struct calibration_procedure *procedure, struct err *err);

/* As calibration_measure, of a load that only has a name: what the reference reads over the same
 * stretch of the host's time is what is expected. */
int calibration_measure_against(const struct calibration_procedure *procedure,
				struct calibration_load *load, struct err *err);
/* What follows from both meters' stretches; fills load. Errors as calibration_measure. */
int calibration_compare(const struct calibration_procedure *procedure,
			const struct calibration_stretch *stretch,
			const struct calibration_stretch *reference, struct calibration_load *load,
			struct err *err);

/* -EDOM: the reading of a load is noisy, drifts, or is not that of the expected current. */
int calibration_load_judge(const struct calibration_procedure *procedure,
			   const struct calibration_load *load, struct err *err);

/* The data sheet of a range as rig file and driver have it. */
struct calibration_sheet calibration_sheet_of(const struct rig_meter *meter,
					      const struct meter_info *info, unsigned range);

/* A line for each range of the meter. -EDOM: loads of one range contradict each other. */
int calibration_solve(const struct calibration_procedure *procedure,
		      const struct calibration_load *loads, unsigned count,
		      struct calibration *ret_calibration, struct err *err);

/* What should be said of a range's loads against a reference: it is less certain than the meter, or
 * they are too few. False: nothing. */
bool calibration_warn(const struct calibration_procedure *procedure,
		      const struct calibration_load *loads, unsigned count, unsigned range,
		      char *text, size_t size);

/* As method "loads" or, with a reference, "against". */
int calibration_store(struct store *store, const struct calibration_procedure *procedure,
		      const struct calibration_load *loads, unsigned count, int64_t lifetime_s,
		      struct calibration *calibration, struct err *err);

void calibration_now_utc(int64_t offset_s, char *text, size_t size);

#endif
