/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A power monitor that streams samples. Every meter fills the same block, so that nothing behind
 * this header knows which one it is. A sample is the mean over its interval; the logic inputs are
 * what the instrument sampled with it.
 *
 * Threads: meter_read may run in a capture thread of its own; all other calls are its owner's, and
 * not at the same time as meter_read, but for meter_stop, after which the reader sees the end.
 */
#ifndef DRIVERS_METER_METER_H
#define DRIVERS_METER_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"
#include "drivers/link/i2c.h"
#include "drivers/link/link.h"
#include "drivers/link/usb.h"

enum meter_cap {
	METER_CAP_MARKERS = 1 << 0,  /* logic inputs sampled with the current */
	METER_CAP_SUPPLY = 1 << 1,   /* powers the board, and can switch it */
	METER_CAP_VOLTAGE = 1 << 2,  /* measures voltage; else the set voltage is all there is */
	METER_CAP_INTEGRAL = 1 << 3, /* sums charge or energy itself, without the host's losses */
	METER_CAP_RAW = 1 << 4, /* corrects samples on request, and keeps them uncorrected too */
};

enum meter_block_flag {
	METER_BLOCK_SATURATED = 1 << 0, /* at least one sample at the instrument's limit, or at its
					 * range's for longer than ranging takes */
	METER_BLOCK_RESYNC = 1 << 1,    /* framing was lost and found again before this block */
	/* By the host's clock samples are missing that the instrument's own accounts do not show,
	 * since the start or since the last block with this flag: first_index is behind from
	 * somewhere there on. Seen only when many are missing (5000 for a PPK2), and never on a
	 * virtual link, where the instrument's time is not the host's. */
	METER_BLOCK_TIME_MISMATCH = 1 << 2,
	/* For long, and up to this block, the current was far below what the range is for: the
	 * instrument does not range, and its resolution is not that of its data sheet. */
	METER_BLOCK_RANGE_MISFIT = 1 << 3,
	METER_BLOCK_DUPLICATE = 1 << 4, /* samples came twice, and were taken once */
	METER_BLOCK_NAN = 1 << 5, /* the instrument gave no value for some samples: they are NaN */
};

enum { METER_BLOCK_MAX = 4096 };

/* What the instrument itself summed since the stream began, before sample end_index. NaN: it does
 * not sum that. */
struct meter_integral {
	uint64_t end_index;
	double charge_c, energy_j;
};

struct meter_block {
	uint64_t first_index; /* index of the first sample in the meter's own sample clock; a gap
				 since the last block's end is lost samples */
	uint32_t count;       /* samples in this block, no gap inside */
	uint64_t lost;        /* samples lost between the last block and this one */
	uint32_t flags;       /* enum meter_block_flag */
	uint32_t range_switches;
	int64_t t_mono_ns; /* host clock when the last byte of this block was received */
	/* The other side of that, for the time between a sample and its arrival: the boundary in
	 * front of sample bound_index was not before bound_ns of the host's clock. 0, 0: not known.
	 */
	uint64_t bound_index;
	int64_t bound_ns;
	float current_a[METER_BLOCK_MAX];
	uint8_t logic[METER_BLOCK_MAX]; /* bit n: logic input n */
	uint8_t range[METER_BLOCK_MAX];
	/* At the board, with METER_CAP_VOLTAGE only. */
	float voltage_v[METER_BLOCK_MAX];
	/* current_a before a correction that was asked for (a spike filter), with METER_CAP_RAW
	 * only. */
	float raw_current_a[METER_BLOCK_MAX];
	uint64_t corrected; /* samples of this block in which the two differ */
	bool has_integral;  /* METER_CAP_INTEGRAL: a new one came with this block */
	struct meter_integral integral;
};

/* Clears all of it but the arrays, which are read as far as count says. meter_read does, before the
 * driver's read. */
void meter_block_begin(struct meter_block *block);

enum { METER_RANGES_MAX = 8 };

struct meter_range {
	double max_a;        /* what the instrument uses it for */
	double resolution_a; /* one step of the converter */
	double offset_u_a;   /* standard uncertainty of its zero */
	double shunt_ohm;    /* in series with the board; 0: not known */
};

struct meter_info {
	char model[16];        /* "ppk2" */
	char serial[32];       /* as the instrument gives it, "" when it does not */
	char calibration[768]; /* what the samples are converted with, one line of JSON */
	double rate_hz;        /* nominal; never trusted for time */
	double range_max_a;    /* above this a sample counts as saturated */
	double gain_u_rel;     /* standard uncertainty of the gain, relative (type B) */
	double offset_u_a;     /* standard uncertainty of the offset, in the most sensitive range */
	/* Of voltage_v, with METER_CAP_VOLTAGE. */
	double voltage_gain_u_rel, voltage_offset_u_v, voltage_resolution_v;
	/* The share of a sample's interval, from its begin, in which the current is looked at; 0:
	 * all of it. */
	double aperture_rel;
	unsigned range_count; /* 0: ranges are not known; blocks say 0 for all samples */
	struct meter_range ranges[METER_RANGES_MAX]; /* index: meter_block.range */
	unsigned caps;                               /* enum meter_cap */
	bool is_virtual;                             /* the far end is emulated */
};

struct meter_settings {
	double supply_v; /* V, set voltage; 0: the meter does not power the board */
	/* "key=value, ..." of the driver's params; NULL or "": their defaults. */
	const char *options;
};

/* How a driver reaches its instrument. */
enum meter_bus { METER_BUS_LINK = 1, METER_BUS_USB, METER_BUS_I2C };

/* Exactly one of them, the one that the driver's bus names. */
struct meter_port {
	struct link *link;
	struct usb *usb;
	struct i2c *i2c;
};

/* One parameter of a driver: parsing, --help and the manual come from it. */
struct meter_param {
	const char *key;          /* its unit ends it: "rshunt_ohm" */
	const char *unit;         /* "ohm"; "": a word or a count */
	const char *default_text; /* NULL: it must be given */
	double min, max;          /* of a number; both 0: a word out of help's list */
	const char *help;
};

/* What an instrument can power a board with, in V; max_v 0: it powers none. */
struct meter_supply_range {
	double min_v, max_v;
	bool is_fixed; /* it always powers the board */
};

struct meter;

struct meter_ops {
	const char *name;
	enum meter_bus bus;
	struct link_settings link_settings; /* of METER_BUS_LINK */
	uint16_t usb_vendor, usb_product;   /* of METER_BUS_USB */
	const struct meter_param *params;   /* ended by a NULL key; NULL: none */
	struct meter_supply_range supply_range;
	size_t state_size;
	/* Takes the port over (closes it with the meter; when open fails the core closes it), stops
	 * a stream somebody left running, reads identity and calibration. settings' supply_v is
	 * within supply_range. */
	int (*open)(void *state, const struct meter_port *port,
		    const struct meter_settings *settings, struct meter_info *ret_info,
		    struct err *err);
	void (*close)(void *state);
	/* NULL where supply_range is 0. Called with METER_CAP_SUPPLY only. */
	int (*supply)(void *state, bool on, struct err *err);
	int (*start)(void *state, struct err *err);
	int (*read)(void *state, struct meter_block *block, int timeout_ms, struct err *err);
	int (*stop)(void *state, struct err *err);
};

/* -EINVAL: an instrument of this driver cannot power a board with supply_v, to the millivolt; 0: it
 * is not to power it. */
int meter_check_supply(const struct meter_ops *ops, double supply_v, struct err *err);

/* Opens the uri as the driver's bus asks for, and the meter behind it. tape: as link_open_taped.
 * -EINVAL: no driver of that name (the sentence lists them), or settings it cannot follow. */
int meter_open_uri(const char *driver, struct link_tape *tape, const char *uri,
		   const struct meter_settings *settings, struct meter **ret_meter,
		   struct err *err);
/* The same on a port that is open. It is owned by the meter from the call on, also when this
 * fails. */
int meter_open(const char *driver, const struct meter_port *port,
	       const struct meter_settings *settings, struct meter **ret_meter, struct err *err);
/* The same with a driver that need not be in the table. */
int meter_open_driver(const struct meter_ops *ops, const struct meter_port *port,
		      const struct meter_settings *settings, struct meter **ret_meter,
		      struct err *err);
/* The driver's ops, or NULL; names are alphabetical, NULL-terminated. */
const struct meter_ops *meter_find(const char *driver);
/* The same with a sentence: -EINVAL lists the drivers there are. */
int meter_require(const char *driver, const struct meter_ops **ret_ops, struct err *err);
const char *const *meter_names(void);
void meter_close(
	struct meter *meter); /* accepts NULL; stops a running stream, leaves the supply as it is */

const struct meter_info *meter_info(const struct meter *meter);
int meter_supply(struct meter *meter, bool on,
		 struct err *err); /* -ENOTSUP: does not power a board */
/* Sample index restarts at 0. -EALREADY: it runs. */
int meter_start(struct meter *meter, struct err *err);
/* One block of 1..METER_BLOCK_MAX samples. -ETIMEDOUT: no sample for timeout_ms. -ENODEV: gone.
 * -EPROTO: the stream makes no sense and could not be resynchronised. -ENODATA: the stream was
 * stopped, and every sample from before has been read. -EINVAL: it was never started. */
int meter_read(struct meter *meter, struct meter_block *block, int timeout_ms, struct err *err);
int meter_stop(struct meter *meter, struct err *err); /* 0 also when it does not run */

#endif
