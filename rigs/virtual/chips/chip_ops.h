/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a part implements: chip.h's functions, one hook each, with the same contracts. A part embeds
 * struct chip as its first member and has one row in chip.c's table.
 */
#ifndef RIGS_VIRTUAL_CHIPS_CHIP_OPS_H
#define RIGS_VIRTUAL_CHIPS_CHIP_OPS_H

#include "rigs/virtual/chips/chip.h"
#include "rigs/virtual/chips/repeat.h"

struct chip_ops {
	void (*free)(struct chip *chip);
	void (*set_supply)(struct chip *chip, double vdd_v);
	void (*set_nrst)(struct chip *chip, bool high);
	void (*set_boot0)(struct chip *chip, bool high);
	void (*set_junction)(struct chip *chip, double temp_c);
	void (*leave_loader)(struct chip *chip, uint32_t address); /* may be NULL */
	void (*uart_rx)(struct chip *chip, uint8_t byte, const struct chip_uart_format *format);
	void (*run)(struct chip *chip, int64_t t_ps, struct chip_activity *ret_activity);
	void (*run_slice)(struct chip *chip, int64_t rest_ps, int64_t limit_ps,
			  struct chip_activity *ret_activity);
	struct repeat *(*new_repeat)(struct chip *chip); /* over its core; NULL: out of memory */
	bool (*waits)(const struct chip *chip);
	int64_t (*now_ps)(const struct chip *chip);
	const struct core_counts *(*counts)(const struct chip *chip);
	const char *(*uid_text)(const struct chip *chip);
	const char *(*fault)(const struct chip *chip);
};

struct chip {
	const struct chip_ops *ops;
	struct repeat *repeat; /* chip.c's to make and end; NULL: nothing is recorded */
};

/* What was counted since `from`. */
void chip_counts_subtract(struct core_counts *counts, const struct core_counts *from);

/* Parts. Each checks nothing but memory: 0 or -ENOMEM with a sentence. */
int esp32c3_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err);
int stm32f767_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err);
int stm32l552_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err);
int stm32l4r5_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err);

#endif
