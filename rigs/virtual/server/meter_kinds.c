/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The catalogue of meters. See the header.
 */
#include "rigs/virtual/server/meter_kinds.h"

#include <stddef.h>
#include <string.h>

#include "rigs/virtual/server/fault_kinds.h"

#define KINDS (METER_LPM01A + 1)

#define BIT(id)     (1u << (id))
#define EDGE_FAULTS (BIT(FAULT_EDGE_MISSING) | BIT(FAULT_EDGE_EXTRA) | BIT(FAULT_EDGE_BOUNCE))
#define USUAL_FAULTS                                                                               \
	(BIT(FAULT_UNPLUG) | BIT(FAULT_SAMPLES_LOST) | BIT(FAULT_SATURATION) |                     \
	 BIT(FAULT_RANGE_STUCK))
#define INA_FAULTS                                                                                 \
	(BIT(FAULT_UNPLUG) | BIT(FAULT_SAMPLES_LOST) | BIT(FAULT_SATURATION) | BIT(FAULT_FREEZE) | \
	 BIT(FAULT_NACK))

#define NOT_WIRED                                                                                  \
	{                                                                                          \
		METER_NO_INPUT, METER_NO_INPUT, METER_NO_INPUT                                     \
	}

static const struct meter_kind kinds[KINDS] = {
	[METER_PPK2] = {.name = "ppk2",
			.serial = true,
			.ranges = 5,
			.inputs = {"d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"},
			.wires = {0, 1, 2},
			.faults = USUAL_FAULTS | EDGE_FAULTS},
	[METER_JS220] = {.name = "js220",
			 .in_series = true,
			 .ranges = 6,
			 .inputs = {"gpi0", "gpi1", "gpi2", "gpi3", "", "", "", "trigger"},
			 .wires = {0, 1, 2},
			 .faults = USUAL_FAULTS | EDGE_FAULTS | BIT(FAULT_FRAMES_LOST) |
				   BIT(FAULT_FRAME_REPEATED)},
	[METER_JS110] = {.name = "js110",
			 .in_series = true,
			 .ranges = 7,
			 .inputs = {"gpi0", "gpi1"},
			 .wires = {0, 1, METER_NO_INPUT},
			 .faults = USUAL_FAULTS | EDGE_FAULTS | BIT(FAULT_FRAMES_LOST)},
	[METER_INA219] = {.name = "ina219",
			  .in_series = true,
			  .i2c = true,
			  .wires = NOT_WIRED,
			  .faults = INA_FAULTS},
	[METER_INA226] = {.name = "ina226",
			  .in_series = true,
			  .i2c = true,
			  .wires = NOT_WIRED,
			  .faults = INA_FAULTS},
	[METER_INA228] = {.name = "ina228",
			  .in_series = true,
			  .i2c = true,
			  .wires = NOT_WIRED,
			  .faults = INA_FAULTS},
	[METER_LPM01A] = {.name = "lpm01a",
			  .serial = true,
			  .ranges = 1,
			  .inputs = {"d7"},
			  .wires = {0, METER_NO_INPUT, METER_NO_INPUT},
			  .faults = USUAL_FAULTS | BIT(FAULT_EDGE_MISSING)},
};

const struct meter_kind *meter_kind_get(enum meter_kind_id id)
{
	return &kinds[id];
}

enum meter_kind_id meter_kind_find(const char *name)
{
	for (unsigned i = 1; i < KINDS; i++)
		if (!strcmp(kinds[i].name, name))
			return (enum meter_kind_id)i;
	return 0;
}

const char *meter_kind_name(const void *unused, unsigned i)
{
	(void)unused;
	return i + 1 < KINDS ? kinds[i + 1].name : NULL;
}

uint8_t meter_kind_input(const struct meter_kind *kind, const char *name)
{
	for (uint8_t i = 0; *name && kind->inputs[i]; i++)
		if (!strcmp(kind->inputs[i], name))
			return i;
	return METER_NO_INPUT;
}
