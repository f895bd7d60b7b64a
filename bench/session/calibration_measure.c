/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Known loads, one after the other.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/quantity.h"
#include "bench/session/calibration.h"
#include "bench/session/calibration_stretch.h"
#include "drivers/link/record.h"

enum { STALL_MS = 5000, SWITCH_MS = 300 };

static const struct {
	const char *name;
	double ohm;
} resistance_units[] = {{"Ohm", 1}, {"mOhm", 1e-3}, {"kOhm", 1e3}, {"MOhm", 1e6}};

static int parse_ohm(const char *text, size_t length, double *ret_ohm)
{
	char *unit;
	double number = strtod(text, &unit);
	size_t left;

	if (unit == text || unit > text + length)
		return -EINVAL;
	while (*unit == ' ')
		unit++;
	left = length - (size_t)(unit - text);
	for (size_t i = 0; i < sizeof(resistance_units) / sizeof(resistance_units[0]); i++)
		if (strlen(resistance_units[i].name) == left &&
		    !strncmp(resistance_units[i].name, unit, left)) {
			*ret_ohm = number * resistance_units[i].ohm;
			return isfinite(*ret_ohm) && *ret_ohm > 0 ? 0 : -EINVAL;
		}
	return -EINVAL;
}

int calibration_load_parse(const char *text, struct calibration_load *ret_load, struct err *err)
{
	struct calibration_load load = {.text = text, .ohm = INFINITY};
	const char *unit_end = strstr(text, "Ohm");
	double limit;
	int ret;

	if (!strcmp(text, "none")) {
		*ret_load = load;
		return 0;
	}
	if (!unit_end || parse_ohm(text, (size_t)(unit_end + 3 - text), &load.ohm))
		return err_set(
			err, -EINVAL,
			"load '%s': write 'none', or a resistance and its limits, as '1 kOhm "
			"0.1 %%' (Ohm, mOhm, kOhm, MOhm)",
			text);
	unit_end += 3;
	while (*unit_end == ' ')
		unit_end++;
	if (!*unit_end)
		return err_set(err, -EINVAL, "load '%s': say how well it is known, as '%s 0.1 %%'",
			       text, text);
	ret = quantity_parse(unit_end, QUANTITY_RATIO, &limit, err);
	if (ret)
		return err_context(err, ret, "load '%s'", text);
	if (!(limit > 0 && limit < 0.5))
		return err_set(err, -EINVAL, "load '%s': limits of %g %% make no sense", text,
			       100 * limit);
	load.u_rel = limit / sqrt(3);
	*ret_load = load;
	return 0;
}

struct progress {
	struct calibration_stretch stretch;
	uint64_t skip, wanted;
};

static void add_block(struct progress *progress, const struct meter_block *block)
{
	for (uint32_t i = 0; i < block->count && progress->stretch.count < progress->wanted; i++) {
		uint64_t done = progress->stretch.count;

		if (progress->skip)
			progress->skip--;
		else
			calibration_stretch_add(
				&progress->stretch,
				(unsigned)(done * CALIBRATION_PARTS / progress->wanted), block, i);
	}
}

static int stream(const struct calibration_procedure *procedure, struct progress *progress,
		  struct err *err)
{
	struct meter_block *block = malloc(sizeof(*block));
	int ret = block ? meter_start(procedure->device, err)
			: err_set(err, -ENOMEM, "out of memory");
	bool started = block && !ret;

	while (!ret && progress->stretch.count < progress->wanted) {
		bool settled = !progress->skip;

		ret = *procedure->stop ? err_set(err, -ECANCELED, "interrupted")
				       : meter_read(procedure->device, block, STALL_MS, err);
		if (!ret && settled)
			ret = calibration_block_check(block, err);
		if (!ret)
			add_block(progress, block);
	}
	if (started)
		meter_stop(procedure->device, NULL);
	free(block);
	return ret;
}

static int measure_connected(const struct calibration_procedure *procedure,
			     struct calibration_load *load, struct err *err)
{
	const struct meter_info *info = procedure->info;
	struct progress progress = {.skip = (uint64_t)(procedure->settle_s * info->rate_hz),
				    .wanted = (uint64_t)(procedure->average_s * info->rate_hz)};
	int ret = meter_supply(procedure->device, true, err);

	if (!ret)
		ret = stream(procedure, &progress, err);
	if (!ret)
		ret = calibration_stretch_read(&progress.stretch, info, &load->range,
					       &load->reading, err);
	return ret ? ret : calibration_load_judge(procedure, load, err);
}

int calibration_measure(const struct calibration_procedure *procedure,
			struct calibration_load *load, struct err *err)
{
	int ret, off;

	load->expected_a = isinf(load->ohm) ? 0 : procedure->meter->supply_v / load->ohm;
	load->expected_u_a = load->expected_a * load->u_rel;
	if (load->expected_a >= procedure->info->range_max_a)
		return err_set(err, -ERANGE, "load '%s': %.3g A at %g V, the meter ends at %g A",
			       load->text, load->expected_a, procedure->meter->supply_v,
			       procedure->info->range_max_a);
	ret = meter_supply(procedure->device, false, err);
	if (!ret) {
		link_tape_sleep_ms(NULL, SWITCH_MS);
		ret = procedure->connect(procedure->context, load, err);
	}
	if (!ret)
		ret = measure_connected(procedure, load, err);
	off = meter_supply(procedure->device, false, ret ? NULL : err);
	if (!ret && off)
		ret = off;
	return ret ? err_context(err, ret, "load '%s'", load->text) : 0;
}
