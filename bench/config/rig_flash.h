/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "flash:" of a board: how firmware gets into it. A part file says what is true of every such
 * board, the rig file's board what is particular to this bench.
 *
 *   flash: {driver: stm32_uart, baud: 115200 baud, address: 0x08000000, id: 0x470}
 *   flash: {driver: dfuse, address: 0x08000000, link: usb:0483:df11:SERIAL}
 *   flash: {driver: openocd, address: 0x08000000, config: [interface/stlink.cfg,
 * target/stm32l4x.cfg], adapter_serial: SERIAL} flash: {driver: openocd, address: 0x08000000,
 * server: tcp://localhost:6666}
 *
 * Which keys go with a driver is in its struct flash_ops. What the rig file says comes before its
 * part; where it names another driver than the part, only the part's address remains.
 */
#ifndef BENCH_CONFIG_RIG_FLASH_H
#define BENCH_CONFIG_RIG_FLASH_H

#include <cyaml/cyaml.h>
#include <jansson.h>

#include "bench/config/rig.h"

struct yaml_file;

/* As it stands in a file; NULL: not there. */
struct rig_flash_text {
	char *driver, *baud, *link, *server, *adapter_serial;
	unsigned *address, *id;
	char **config;
	unsigned config_count;
};

extern const cyaml_schema_field_t rig_flash_part_fields[]; /* driver and address must be there */
extern const cyaml_schema_field_t rig_flash_own_fields[];

struct rig_flash_source {
	const struct yaml_file *file;
	const char *place; /* key path: "flash", "boards[1].flash" */
	const struct rig_flash_text *text;
};

/* Sets the board's flash_* members. -EINVAL: "FILE:LINE: sentence", for an unknown driver, a key
 * that its driver does not take, one that it needs, and what makes no sense. */
int rig_flash_take(const struct rig_flash_source *part, const struct rig_flash_source *own,
		   struct rig_board *board, struct err *err);
/* Two boards, or a board and a meter, behind one USB device, server or probe: -EINVAL. */
int rig_flash_check_unique(const struct rig *rig, const struct yaml_file *own, struct err *err);
/* Leaves in the board's object what its driver takes, and adds the rest of it. */
void rig_flash_resolve(const struct rig_board *board, json_t *object);

#endif
