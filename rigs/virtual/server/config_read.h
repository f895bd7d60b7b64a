/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the readers of the rig file's parts share: for config*.c only.
 */
#ifndef RIGS_VIRTUAL_SERVER_CONFIG_READ_H
#define RIGS_VIRTUAL_SERVER_CONFIG_READ_H

#include "rigs/virtual/server/config.h"
#include "rigs/virtual/server/yaml_tree.h"

/* Every name and address, to find one that is there twice. */
struct config_used {
	struct yaml_value *names, *listens, *flashes;
	unsigned names_count, listens_count, flashes_count;
};

struct reading {
	struct yaml_tree *tree;
	struct config *config;
	struct config_used used;
	const struct meter_kind *meter; /* whose faults are read; NULL: a board's */
	struct verr *err;
};

#define READ_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A value that must be a text. */
int read_text(struct reading *reading, struct yaml_value value, const char *key,
	      const char **ret_text);
/* A quantity within limits; a value that is absent leaves *ret_value alone. */
int read_quantity(struct reading *reading, struct yaml_value value, const char *key,
		  enum quantity quantity, double min, double max, double *ret_value);
int read_name(struct reading *reading, struct yaml_value value, const char **ret_name);
int read_listen(struct reading *reading, struct yaml_value value, const char **ret_listen);
/* A file that keeps something: named once. */
int read_flash(struct reading *reading, struct yaml_value value, const char **ret_path);

/* One of two words; absent: the first. */
int read_choice(struct reading *reading, struct yaml_value value, const char *key,
		const char *first, const char *second, bool *ret_second);
/* `export:`, and a name that is short enough for what is exported. always: it is a USB device. */
int read_export(struct reading *reading, struct yaml_value value, struct yaml_value name,
		bool always, bool *ret_usb);

/* Devices and meters first: boards refer to them. */
int read_device(struct reading *reading, struct yaml_value value, unsigned index);
int read_meter(struct reading *reading, struct yaml_value value, unsigned index);
int read_board(struct reading *reading, struct yaml_value value, unsigned index);
int read_faults(struct reading *reading, struct yaml_value list, enum fault_place place,
		struct config_faults *ret_faults);

#endif
