/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board whose firmware was built elsewhere and speaks the text protocol of MLPerf Tiny, also
 * known as EnergyRunner's: commands that end with '%', lines that answer them, "m-ready" when a
 * command is done.
 *
 * Sources: mlcommons/tiny, benchmark/api/internally_implemented.cpp (what the board sends) and
 * benchmark/runner/{device_under_test,script}.py (what a host sends and reads); the reference
 * submissions beside them for what their th_ functions print. A board behind EnergyRunner's
 * IO manager ("[dut]: " before every line) is not one of these: the link goes to the board itself.
 *
 * The link's settings are the caller's: 8N1, customarily 115200 baud in performance mode and 9600
 * in energy mode. The link is borrowed. One thread.
 *
 * The protocol has no checksum and no numbers: a damaged digit is a wrong input, a lost line only
 * shows where the order of lines is known. Nothing is repeated but the first "name", which finds
 * the place where answers begin. After -ETIMEDOUT, -EPROTO or a link's error the next command finds
 * that place again.
 */
#ifndef DRIVERS_DUT_MLPERF_TINY_H
#define DRIVERS_DUT_MLPERF_TINY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"
#include "drivers/link/link.h"

/* How the firmware was built (EE_CFG_ENERGY_MODE); nothing in the protocol switches it. */
enum mlperf_tiny_mode {
	MLPERF_TINY_PERFORMANCE = 1, /* a time stamp is a line, m-lap-us-N */
	MLPERF_TINY_ENERGY,          /* a time stamp is a falling edge on a pin, and no line */
};

enum {
	MLPERF_TINY_TEXT_MAX = 80,
	MLPERF_TINY_RESULTS_MAX = 1024,
	MLPERF_TINY_COUNT_MAX =
		2147483647, /* of inferences, warm-ups and bytes: boards use atoi() */
};

struct mlperf_tiny;

struct mlperf_tiny_stats {
	unsigned commands;
	unsigned repeats; /* of "name", while finding where answers begin */
	unsigned foreign; /* lines that are no part of the protocol: debug output, noise, old
			     answers */
	unsigned cut;     /* lines longer than any of the protocol; their end is lost */
};

struct mlperf_tiny_profile {
	char profile[MLPERF_TINY_TEXT_MAX]; /* "ULPMark for tinyML Firmware V0.0.1" */
	char model[MLPERF_TINY_TEXT_MAX];   /* "kws01" */
};

struct mlperf_tiny_lap {
	bool is_edge; /* energy mode: an edge on the pin, of which the line says nothing */
	uint64_t us;  /* of the board's own clock, whose zero is arbitrary; 0 when is_edge */
};

struct mlperf_tiny_results {
	uint32_t count;
	bool are_integers; /* no value had a decimal point: raw outputs rather than scores */
	double values[MLPERF_TINY_RESULTS_MAX];
};

struct mlperf_tiny_run {
	uint32_t inferences, warmups;
	bool has_time; /* performance mode; in energy mode the edges tell, two of them */
	uint64_t start_us, end_us;
	/* end - start, where the board's 32-bit clock wrapped once in between modulo 2^32. By the
	 * board's clock, whose rate is its own. */
	uint64_t elapsed_us;
	struct mlperf_tiny_results results; /* of the last inference */
};

/* Sends nothing. */
int mlperf_tiny_open(struct link *link, enum mlperf_tiny_mode mode, struct mlperf_tiny **ret_dut,
		     struct err *err);
void mlperf_tiny_close(struct mlperf_tiny *dut); /* accepts NULL; leaves the link open */

/* These hold for every call below: -ETIMEDOUT: no "m-ready" in time (5 s, or as said; a board that
 * answers nothing at all: 6 s, one that babbles: 10 s). -EREMOTEIO: the board refused; the sentence
 * quotes it, or the board started anew meanwhile. -EPROTO: what came makes no sense, or it is of
 * the other mode. The first call, and the first one after an error, says "name" before anything
 * else; that also waits for a board that is still starting. */
int mlperf_tiny_name(struct mlperf_tiny *dut, char ret_name[MLPERF_TINY_TEXT_MAX], struct err *err);
int mlperf_tiny_profile(struct mlperf_tiny *dut, struct mlperf_tiny_profile *ret_profile,
			struct err *err);
int mlperf_tiny_timestamp(struct mlperf_tiny *dut, struct mlperf_tiny_lap *ret_lap,
			  struct err *err);
/* One input, as the firmware's th_load_tensor() takes it. The whole may be repeated after an error.
 */
int mlperf_tiny_load(struct mlperf_tiny *dut, const uint8_t *bytes, size_t count, struct err *err);
/* Sends the order and returns; whether the board took it shows in the poll. inferences >= 1. */
int mlperf_tiny_infer(struct mlperf_tiny *dut, uint32_t inferences, uint32_t warmups,
		      struct err *err);
/* Takes what the board says of the inferences. Waits up to timeout_ms for the end of it; -EAGAIN
 * when it has not come (call again), so that a caller can watch a meter meanwhile. Sends nothing.
 * How long is too long is the caller's to know. -EINVAL: nothing was ordered. Another command gives
 * them up. */
int mlperf_tiny_poll_infer(struct mlperf_tiny *dut, int timeout_ms, struct mlperf_tiny_run *ret_run,
			   struct err *err);
int mlperf_tiny_results(struct mlperf_tiny *dut, struct mlperf_tiny_results *ret_results,
			struct err *err);
struct mlperf_tiny_stats mlperf_tiny_stats(const struct mlperf_tiny *dut);

#endif
