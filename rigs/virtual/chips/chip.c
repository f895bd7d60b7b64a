/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of parts and the way from chip.h to the part.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "rigs/virtual/chips/chip.h"
#include "rigs/virtual/chips/chip_ops.h"

struct chip_part {
	const char *name;
	uint32_t flash_bytes;
	int (*create)(const struct chip_config *config, struct chip **ret_chip, struct verr *err);
};

static const struct chip_part chip_parts[] = {
	{"esp32c3", 4u << 20, esp32c3_new},
	{"stm32l4r5", 2u << 20, stm32l4r5_new},
	{"stm32f767", 2u << 20, stm32f767_new},
	{"stm32l552", 512u << 10, stm32l552_new},
};

#define CHIP_PART_COUNT (sizeof(chip_parts) / sizeof(chip_parts[0]))

static const struct chip_part *find_part(const char *name)
{
	for (size_t i = 0; name && i < CHIP_PART_COUNT; i++)
		if (strcmp(chip_parts[i].name, name) == 0)
			return &chip_parts[i];
	return NULL;
}

uint32_t chip_flash_bytes(const char *part)
{
	const struct chip_part *found = find_part(part);

	return found ? found->flash_bytes : 0;
}

int chip_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err)
{
	const struct chip_part *part;
	int rc;

	assert(config && config->callbacks && ret_chip);
	if (!config->part)
		return verr_set(err, -EINVAL, "chip: no part is named");
	part = find_part(config->part);
	if (!part)
		return verr_set(err, -EINVAL, "chip: no model of part '%s' (there is: %s)",
				config->part, chip_parts[0].name);
	rc = part->create(config, ret_chip, err);
	if (rc < 0 || !config->repeat)
		return rc;
	(*ret_chip)->repeat = (*ret_chip)->ops->new_repeat(*ret_chip);
	if ((*ret_chip)->repeat)
		return 0;
	chip_free(*ret_chip);
	return verr_set(err, -ENOMEM, "%s: out of memory", config->part);
}

void chip_free(struct chip *chip)
{
	if (!chip)
		return;
	repeat_free(chip->repeat);
	chip->ops->free(chip);
}

void chip_set_supply(struct chip *chip, double vdd_v)
{
	repeat_settle(chip->repeat);
	chip->ops->set_supply(chip, vdd_v);
}

void chip_set_nrst(struct chip *chip, bool high)
{
	repeat_settle(chip->repeat);
	chip->ops->set_nrst(chip, high);
}

void chip_set_boot0(struct chip *chip, bool high)
{
	repeat_settle(chip->repeat);
	chip->ops->set_boot0(chip, high);
}

void chip_set_junction(struct chip *chip, double temp_c)
{
	chip->ops->set_junction(chip, temp_c);
}

void chip_leave_loader(struct chip *chip, uint32_t address)
{
	repeat_settle(chip->repeat);
	if (chip->ops->leave_loader)
		chip->ops->leave_loader(chip, address);
}

void chip_uart_rx(struct chip *chip, uint8_t byte, const struct chip_uart_format *format)
{
	repeat_settle(chip->repeat);
	chip->ops->uart_rx(chip, byte, format);
}

void chip_run(struct chip *chip, int64_t t_ps, struct chip_activity *ret_activity)
{
	repeat_settle(chip->repeat);
	chip->ops->run(chip, t_ps, ret_activity);
}

void chip_run_slice(struct chip *chip, int64_t rest_ps, int64_t limit_ps,
		    struct chip_activity *ret_activity)
{
	chip->ops->run_slice(chip, rest_ps, limit_ps, ret_activity);
}

void chip_flash_will_change(struct chip *chip)
{
	repeat_forget(chip->repeat);
}

struct chip_slices chip_slices(const struct chip *chip)
{
	struct repeat_totals totals = repeat_totals(chip->repeat);

	return (struct chip_slices){totals.executed, totals.replayed};
}

void chip_counts_subtract(struct core_counts *counts, const struct core_counts *from)
{
	counts->cycles -= from->cycles;
	counts->sleep_cycles -= from->sleep_cycles;
	counts->instructions -= from->instructions;
	for (unsigned i = 0; i < CORE_CLASS_COUNT; i++)
		counts->classes[i] -= from->classes[i];
	counts->taken_branches -= from->taken_branches;
	counts->flash_fetch_stalls -= from->flash_fetch_stalls;
	counts->flash_data_reads -= from->flash_data_reads;
	counts->flash_stalls -= from->flash_stalls;
	counts->exceptions -= from->exceptions;
	counts->toggled_bits -= from->toggled_bits;
}

bool chip_waits(const struct chip *chip)
{
	return chip->ops->waits(chip);
}

int64_t chip_now_ps(const struct chip *chip)
{
	return chip->ops->now_ps(chip);
}

const struct core_counts *chip_counts(const struct chip *chip)
{
	return chip->ops->counts(chip);
}

const char *chip_uid_text(const struct chip *chip)
{
	return chip->ops->uid_text(chip);
}

const char *chip_fault(const struct chip *chip)
{
	return chip->ops->fault(chip);
}
