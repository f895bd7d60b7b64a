/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bench/config/quantity.h"
#include "bench/config/rig_ambient.h"
#include "bench/config/rig_inside.h"
#include "bench/config/rig_options.h"
#include "bench/config/yaml_file.h"

static int optional_quantity(const struct rig_files *files, const char *text,
			     enum quantity_kind kind, const char *key, unsigned index,
			     double *ret_value, struct err *err)
{
	int ret;

	if (!text)
		return 0;
	ret = quantity_parse(text, kind, ret_value, err);
	if (!ret && *ret_value <= 0)
		ret = err_set(err, -EINVAL, "'%s' must be above zero", text);
	return ret ? yaml_file_error(files->own, ret, err, "meters[%u].%s", index, key) : 0;
}

static const double ambient_default_u_k = 2; /* a room, and how far a case is above it */

/* Where the meter sits, when it is not with the boards. */
static int take_meter_ambient(const struct rig_files *files, const struct rig_meter_text *text,
			      unsigned index, struct rig_meter *meter, struct err *err)
{
	int ret;

	meter->has_ambient = text->ambient != NULL;
	meter->ambient_u_k = text->ambient ? ambient_default_u_k : 0;
	if (text->ambient_u && !text->ambient) {
		ret = err_set(err, -EINVAL, "ambient_u without ambient");
		return yaml_file_error(files->own, ret, err, "meters[%u].ambient_u", index);
	}
	if (!text->ambient)
		return 0;
	ret = rig_ambient_parse(text->ambient, &meter->ambient_c, err);
	if (ret)
		return yaml_file_error(files->own, ret, err, "meters[%u].ambient", index);
	return optional_quantity(files, text->ambient_u, QUANTITY_TEMPERATURE, "ambient_u", index,
				 &meter->ambient_u_k, err);
}

static int check_supply(const struct rig_files *files, const struct rig_meter_text *text,
			const struct meter_ops *ops, unsigned index, double supply_v,
			struct err *err)
{
	int ret = meter_check_supply(ops, supply_v, err);

	return ret ? yaml_file_error(files->own, ret, err,
				     text->supply ? "meters[%u].supply" : "meters[%u].part", index)
		   : 0;
}

/* "supply: none", or no such key: something else powers the board. Then the meter has to measure
 * its voltage, which shows when it is opened. */
static int take_supply(const struct rig_files *files, const struct rig_meter_text *text,
		       const struct meter_ops *ops, unsigned index, struct rig_meter *meter,
		       struct err *err)
{
	bool powers = text->supply && strcmp(text->supply, "none");
	int ret;

	if (!powers && text->supply_u) {
		err_set(err, -EINVAL,
			"supply_u without a supply: the uncertainty of a measured voltage is the "
			"meter's own");
		return yaml_file_error(files->own, -EINVAL, err, "meters[%u].supply_u", index);
	}
	if (powers && !text->supply_u) {
		err_set(err, -EINVAL,
			"key 'supply_u' is missing: how certain is the voltage at the board? For "
			"a meter that does not power it say 'supply: none'");
		return yaml_file_error(files->own, -EINVAL, err, "meters[%u].supply", index);
	}
	if (!powers)
		return check_supply(files, text, ops, index, 0, err);
	ret = optional_quantity(files, text->supply, QUANTITY_VOLTAGE, "supply", index,
				&meter->supply_v, err);
	if (!ret)
		ret = check_supply(files, text, ops, index, meter->supply_v, err);
	if (!ret)
		ret = optional_quantity(files, text->supply_u, QUANTITY_VOLTAGE, "supply_u", index,
					&meter->supply_u_v, err);
	if (!ret && meter->supply_u_v >= meter->supply_v) {
		err_set(err, -EINVAL, "supply_u '%s' is not below the supply, '%s'", text->supply_u,
			text->supply);
		ret = yaml_file_error(files->own, -EINVAL, err, "meters[%u].supply_u", index);
	}
	return ret;
}

static int take_options(const struct rig_files *files, const struct rig_part_meter *part,
			unsigned index, struct rig_meter *meter, struct err *err)
{
	char key[40];
	const struct rig_options_source of_part = {part->file, "options"};
	const struct rig_options_source own = {files->own, key};

	snprintf(key, sizeof(key), "meters[%u].options", index);
	return rig_options_take(part->ops, &of_part, &own, &meter->options, err);
}

int rig_meter_take(struct rig *rig, const char *path, const struct rig_meter_text *text,
		   unsigned index, struct err *err)
{
	struct rig_files *files = rig->files;
	struct rig_meter *meter = &rig->meters[index];
	struct rig_part_meter *part = &files->meter_parts[index];
	char full[PATH_MAX];
	int ret = rig_beside(path, text->part, full, sizeof(full), err);

	if (!ret)
		ret = rig_part_meter_load(full, part, err);
	if (ret)
		return ret == -ENOENT
			       ? yaml_file_error(files->own, ret, err, "meters[%u].part", index)
			       : ret;
	files->meter_part_count = index + 1;
	meter->name = text->name;
	meter->link = text->link;
	meter->driver = part->driver;
	meter->gain_u_rel = part->gain_u_rel;
	memcpy(meter->marker_input, part->marker_input, sizeof(meter->marker_input));
	ret = take_supply(files, text, part->ops, index, meter, err);
	if (!ret)
		ret = take_options(files, part, index, meter, err);
	if (!ret)
		ret = optional_quantity(files, text->gain_u, QUANTITY_RATIO, "gain_u", index,
					&meter->gain_u_rel, err);
	if (!ret && meter->gain_u_rel >= 1) {
		err_set(err, -EINVAL, "gain_u '%s' is not below 100 %%", text->gain_u);
		ret = yaml_file_error(files->own, -EINVAL, err, "meters[%u].gain_u", index);
	}
	if (!ret)
		ret = optional_quantity(files, text->offset_u, QUANTITY_CURRENT, "offset_u", index,
					&meter->offset_u_a, err);
	return ret ? ret : take_meter_ambient(files, text, index, meter, err);
}
