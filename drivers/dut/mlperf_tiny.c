/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commands of the MLPerf Tiny protocol that are answered at once.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/dut/mlperf_tiny_internal.h"

/* Bytes in one "db HEX", as MLCommons' runner sends to a board on its own port: firmware takes 80
 * characters to a command. */
enum { LOAD_BYTES = 31 };

int mlperf_tiny_open(struct link *link, enum mlperf_tiny_mode mode, struct mlperf_tiny **ret_dut,
		     struct err *err)
{
	struct mlperf_tiny *dut;

	assert(link && ret_dut && (mode == MLPERF_TINY_PERFORMANCE || mode == MLPERF_TINY_ENERGY));
	dut = calloc(1, sizeof(*dut));
	if (!dut)
		return err_set(err, -ENOMEM, "mlperf_tiny: out of memory");
	dut->link = link;
	dut->mode = mode;
	*ret_dut = dut;
	return 0;
}

void mlperf_tiny_close(struct mlperf_tiny *dut)
{
	free(dut);
}

struct mlperf_tiny_stats mlperf_tiny_stats(const struct mlperf_tiny *dut)
{
	struct mlperf_tiny_stats stats = dut->stats;

	stats.cut = dut->lines.cut;
	return stats;
}

/* --- name, profile ---------------------------------------------------------------------------- */

static int name_take(struct mlperf_tiny *dut, void *context, const char *line, struct err *err)
{
	(void)dut;
	(void)err;
	return mlperf_tiny_bracketed(line, "m-name-dut-", context, MLPERF_TINY_TEXT_MAX);
}

int mlperf_tiny_name(struct mlperf_tiny *dut, char ret_name[MLPERF_TINY_TEXT_MAX], struct err *err)
{
	char name[MLPERF_TINY_TEXT_MAX] = "";
	struct mlperf_tiny_answer answer = {.command = "name", .take = name_take, .context = name};
	int rc = mlperf_tiny_exchange(dut, "name", &answer, err);

	if (rc)
		return rc;
	if (!name[0])
		return mlperf_tiny_missing(dut, "name", "m-name-dut-[...]", err);
	memcpy(ret_name, name, sizeof(name));
	return 0;
}

static int profile_take(struct mlperf_tiny *dut, void *context, const char *line, struct err *err)
{
	struct mlperf_tiny_profile *profile = context;

	(void)dut;
	(void)err;
	return mlperf_tiny_bracketed(line, "m-profile-", profile->profile,
				     sizeof(profile->profile)) ||
	       mlperf_tiny_bracketed(line, "m-model-", profile->model, sizeof(profile->model));
}

int mlperf_tiny_profile(struct mlperf_tiny *dut, struct mlperf_tiny_profile *ret_profile,
			struct err *err)
{
	struct mlperf_tiny_profile profile = {0};
	struct mlperf_tiny_answer answer = {
		.command = "profile",
		.take = profile_take,
		.context = &profile,
	};
	int rc = mlperf_tiny_exchange(dut, "profile", &answer, err);

	if (rc)
		return rc;
	if (!profile.profile[0] || !profile.model[0])
		return mlperf_tiny_missing(dut, "profile",
					   profile.model[0] ? "m-profile-[...]" : "m-model-[...]",
					   err);
	*ret_profile = profile;
	return 0;
}

/* --- timestamp -------------------------------------------------------------------------------- */

struct lap_count {
	unsigned count;
	uint64_t us;
};

static int lap_take(struct mlperf_tiny *dut, void *context, const char *line, struct err *err)
{
	struct lap_count *laps = context;

	if (!mlperf_tiny_number(line, "m-lap-us-", &laps->us))
		return 0;
	laps->count++;
	if (dut->mode == MLPERF_TINY_ENERGY)
		return err_set(err, -EPROTO,
			       "a time stamp came as a line: the firmware is built for performance "
			       "mode, not for energy mode");
	return 1;
}

int mlperf_tiny_timestamp(struct mlperf_tiny *dut, struct mlperf_tiny_lap *ret_lap, struct err *err)
{
	struct lap_count laps = {0};
	struct mlperf_tiny_answer answer = {
		.command = "timestamp",
		.take = lap_take,
		.context = &laps,
	};
	unsigned expected = dut->mode == MLPERF_TINY_PERFORMANCE;
	int rc = mlperf_tiny_exchange(dut, "timestamp", &answer, err);

	if (rc)
		return rc;
	if (laps.count != expected)
		return mlperf_tiny_missing(
			dut, "timestamp",
			laps.count ? "one m-lap-us-N alone"
				   : "m-lap-us-N: a build for energy mode has an edge on a pin",
			err);
	*ret_lap = (struct mlperf_tiny_lap){.is_edge = !expected, .us = laps.us};
	return 0;
}

/* --- load ------------------------------------------------------------------------------------- */

struct loading {
	uint64_t expected; /* by "m-[Expecting N bytes]" */
	unsigned done;
};

static int load_take(struct mlperf_tiny *dut, void *context, const char *line, struct err *err)
{
	struct loading *loading = context;
	char text[64];

	(void)dut;
	(void)err;
	if (!strcmp(line, "m-load-done")) {
		loading->done++;
		return 1;
	}
	if (!mlperf_tiny_bracketed(line, "m-", text, sizeof(text)) ||
	    !mlperf_tiny_begins(text, "Expecting "))
		return 0;
	text[strlen("Expecting ") + strcspn(text + strlen("Expecting "), " ")] = 0;
	return mlperf_tiny_number(text, "Expecting ", &loading->expected);
}

static int load_begin(struct mlperf_tiny *dut, size_t count, struct err *err)
{
	struct loading loading = {0};
	struct mlperf_tiny_answer answer = {
		.command = "db load",
		.take = load_take,
		.context = &loading,
	};
	char command[40];
	int rc;

	snprintf(command, sizeof(command), "db load %zu", count);
	rc = mlperf_tiny_exchange(dut, command, &answer, err);
	if (!rc && loading.expected != count)
		return mlperf_tiny_missing(dut, command, "m-[Expecting N bytes] of that number",
					   err);
	return rc;
}

static int load_piece(struct mlperf_tiny *dut, const uint8_t *bytes, size_t count, bool is_last,
		      struct err *err)
{
	struct loading loading = {0};
	struct mlperf_tiny_answer answer = {
		.command = "db",
		.take = load_take,
		.context = &loading,
	};
	char command[4 + 2 * LOAD_BYTES] = "db ";
	int rc;

	for (size_t i = 0; i < count; i++)
		snprintf(command + 3 + 2 * i, 3, "%02x", bytes[i]);
	rc = mlperf_tiny_exchange(dut, command, &answer, err);
	if (!rc && loading.done != is_last)
		return mlperf_tiny_missing(dut, "db",
					   is_last ? "m-load-done behind the last byte"
						   : "bytes missing: m-load-done came too early",
					   err);
	return rc;
}

int mlperf_tiny_load(struct mlperf_tiny *dut, const uint8_t *bytes, size_t count, struct err *err)
{
	int rc;

	if (!count || count > MLPERF_TINY_COUNT_MAX)
		return err_set(err, -EINVAL, "mlperf_tiny: an input of %zu bytes makes no sense",
			       count);
	rc = load_begin(dut, count, err);
	for (size_t at = 0; !rc && at < count; at += LOAD_BYTES) {
		size_t part = count - at < LOAD_BYTES ? count - at : LOAD_BYTES;

		rc = load_piece(dut, bytes + at, part, at + part == count, err);
		if (rc)
			return err_context(err, rc, "bytes from %zu of %zu", at, count);
	}
	return rc;
}

/* --- results ---------------------------------------------------------------------------------- */

static int results_take(struct mlperf_tiny *dut, void *context, const char *line, struct err *err)
{
	struct mlperf_tiny_results *results = context;

	(void)dut;
	if (!mlperf_tiny_begins(line, "m-results-"))
		return 0;
	if (!mlperf_tiny_results_parse(line, results))
		return err_set(err, -EPROTO, "results that make no sense");
	return 1;
}

int mlperf_tiny_results(struct mlperf_tiny *dut, struct mlperf_tiny_results *ret_results,
			struct err *err)
{
	struct mlperf_tiny_results results = {0};
	struct mlperf_tiny_answer answer = {
		.command = "results",
		.take = results_take,
		.context = &results,
	};
	int rc = mlperf_tiny_exchange(dut, "results", &answer, err);

	if (rc)
		return rc;
	if (!results.count)
		return mlperf_tiny_missing(dut, "results", "m-results-[...]", err);
	*ret_results = results;
	return 0;
}
