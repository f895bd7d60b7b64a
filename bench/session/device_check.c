/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/device_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/link.h"
#include "drivers/link/serial_scan.h"
#include "drivers/marker/marker.h"
#include "drivers/thermal/thermal.h"

static const char rules[] = "drivers/udev/70-joulebench.rules";

/* The device file of a local port, or NULL. */
static const char *file_of(const char *link)
{
	if (link[0] == '/')
		return link;
	for (const char *const *scheme = (const char *const[]){"serial:", "i2c:", NULL}; *scheme;
	     scheme++)
		if (!strncmp(link, *scheme, strlen(*scheme)))
			return link + strlen(*scheme);
	return NULL;
}

static void advise_busy(const char *link, const char *holder, char *text, size_t size)
{
	const char *file = file_of(link);

	if (strstr(holder, "ModemManager"))
		snprintf(text, size,
			 "%s holds it: ModemManager takes new serial ports for modems. Install %s, "
			 "which tells it not to (ID_MM_DEVICE_IGNORE), and plug the device in again",
			 holder, rules);
	else if (*holder)
		snprintf(text, size, "%s holds it: end that program first", holder);
	else if (file)
		snprintf(text, size,
			 "another program holds it, which only its user or root may see: 'sudo "
			 "fuser -v %s' names it",
			 file);
	else
		snprintf(text, size,
			 "another program or another joulebench holds it: end that one first");
}

void device_check_advise(int code, const char *link, const char *holder, char *ret_text,
			 size_t size)
{
	bool is_remote = strstr(link, "://") || strstr(link, "+unix:");

	*ret_text = '\0';
	switch (code) {
	case -EACCES:
		if (is_remote)
			snprintf(ret_text, size,
				 "the socket belongs to another user: start its server so that you "
				 "may write to it");
		else
			snprintf(ret_text, size,
				 "sudo cp %s /etc/udev/rules.d/ && sudo udevadm control --reload && "
				 "sudo udevadm trigger; then plug the device in again",
				 rules);
		break;
	case -EBUSY:
		advise_busy(link, holder, ret_text, size);
		break;
	case -ECONNREFUSED:
		snprintf(ret_text, size,
			 "start what serves it: ser2net or the lab's server, or 'virtual-rig "
			 "rigs/virtual/RIG.yaml' for a virtual rig");
		break;
	case -ENOENT:
	case -ENODEV:
		snprintf(ret_text, size, "%s",
			 is_remote ? "is its server running ('virtual-rig rigs/virtual/RIG.yaml' for a "
				     "virtual rig), and is the path right from this folder?"
				   : "is it plugged in and powered? 'joulebench scan' lists what is "
				     "there, with the link to write into the rig");
		break;
	case -EPROTO:
	case -ETIMEDOUT:
	case -EBADMSG:
		snprintf(ret_text, size,
			 "what answers there is no such instrument, or its firmware does not speak "
			 "what this driver does: is the link that of another device ('joulebench "
			 "scan'), or of its second port? Else plug it in again");
		break;
	}
}

static int check_voltage(const struct rig_meter *config, const struct meter_info *info,
			 struct err *err)
{
	if (config->supply_v > 0 || info->caps & METER_CAP_VOLTAGE)
		return 0;
	return err_set(err, -EINVAL,
		       "it measures no voltage, and the rig says 'supply: none': energy cannot be "
		       "told. Give it 'supply' and 'supply_u'");
}

static int check_meter(const struct rig *rig, const struct rig_meter *config,
		       struct device_check *check)
{
	const struct meter_settings settings = {.supply_v = config->supply_v,
						.options = config->options};
	struct meter *meter = NULL;
	int ret = meter_open_uri(config->driver, NULL, config->link, &settings, &meter,
				 &check->problem);

	if (ret)
		return ret;
	check->info = *meter_info(meter);
	check->is_virtual = check->info.is_virtual;
	meter_close(meter);
	ret = rig_check_origin(rig, check->is_virtual, "it", &check->problem);
	return ret ? ret : check_voltage(config, &check->info, &check->problem);
}

/* Without switching anything. */
static int check_lines(const struct rig_board *board, struct device_check *check)
{
	const struct control_line *lines[] = {&board->lines.reset, &board->lines.boot,
					      &board->lines.supply};
	int ret = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]) && !ret; i++)
		ret = control_line_probe(lines[i], &check->problem);
	check->is_line = ret;
	return ret;
}

static int check_markers(const struct rig_board *board, struct err *err)
{
	struct marker *marker = NULL;
	int ret = board->markers ? marker_open(board->markers, &marker, err) : 0;

	marker_close(marker);
	return ret ? err_context(err, ret, "markers") : 0;
}

static int check_board(const struct rig *rig, const struct rig_board *board,
		       struct device_check *check)
{
	const struct link_settings settings = {.baud = board->baud, .parity = LINK_PARITY_NONE};
	struct link *link;
	int ret = check_lines(board, check);

	if (ret)
		return ret;
	ret = link_open(board->link, &settings, &link, &check->problem);

	if (ret)
		return ret;
	snprintf(check->identity, sizeof(check->identity), "%s", link_identity(link));
	check->is_virtual = link_is_virtual(link);
	link_close(link);
	ret = rig_check_origin(rig, check->is_virtual, "it", &check->problem);
	return ret ? ret : check_markers(board, &check->problem);
}

/* Its set point stays as it is. */
static int check_thermal(const struct rig *rig, uint32_t baud, struct device_check *check)
{
	const struct thermal_settings settings = {
		.min_c = rig->chamber.min_c, .max_c = rig->chamber.max_c, .baud = baud};
	struct thermal *thermal;
	int ret = thermal_open(check->name, &settings, &thermal, &check->problem);

	if (ret)
		return ret;
	ret = thermal_read(thermal, &check->temp_c, &check->problem);
	if (!ret) {
		ret = thermal_identify(thermal, check->identity, &check->problem);
		ret = ret == -ETIMEDOUT ? 0 : ret; /* simple controllers do not tell */
	}
	thermal_close(thermal);
	check->is_virtual = thermal_identity_is_virtual(check->identity);
	return ret ? ret : rig_check_origin(rig, check->is_virtual, "it", &check->problem);
}

static void conclude(struct device_check *check, int code)
{
	const char *file = file_of(check->link);
	char holder[128] = "";

	check->code = code;
	if (!code || check->is_line)
		return;
	if (code == -EBUSY && file)
		serial_holder(file, holder, sizeof(holder));
	device_check_advise(code, check->link, holder, check->advice, sizeof(check->advice));
}

int device_check_rig(const struct rig *rig, struct device_check **ret_list, size_t *ret_count,
		     struct err *err)
{
	const struct {
		const char *kind, *uri;
		uint32_t baud;
	} around[] = {{"chamber", rig->chamber.uri, rig->chamber.baud},
		      {"sensor", rig->sensor.uri, rig->sensor.baud}};
	size_t count = (size_t)rig->meter_count + rig->board_count;
	size_t most = count + sizeof(around) / sizeof(around[0]);
	struct device_check *list = calloc(most, sizeof(*list));

	if (!list)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < rig->meter_count; i++) {
		list[i].kind = "meter";
		list[i].is_meter = true;
		list[i].name = rig->meters[i].name;
		list[i].link = rig->meters[i].link;
		conclude(&list[i], check_meter(rig, &rig->meters[i], &list[i]));
	}
	for (unsigned i = 0; i < rig->board_count; i++) {
		struct device_check *check = &list[rig->meter_count + i];

		check->kind = "board";
		check->name = rig->boards[i].name;
		check->link = rig->boards[i].link;
		conclude(check, check_board(rig, &rig->boards[i], check));
	}
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		struct device_check *check = &list[count];

		if (!around[i].uri)
			continue;
		check->kind = around[i].kind;
		check->name = around[i].uri;
		check->link = strchr(around[i].uri, ':') + 1;
		check->is_line = !strncmp(around[i].uri, "hwmon:", 6); /* no link: no advice */
		conclude(check, check_thermal(rig, around[i].baud, check));
		count++;
	}
	*ret_list = list;
	*ret_count = count;
	return 0;
}
