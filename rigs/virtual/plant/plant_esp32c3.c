/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ESP32-C3 with 4 MB of flash on the same 3.3 V (ESP32-C3-DevKitM-1 without its USB bridge and
 * LEDs), radio off; the core is fed by the internal LDO. hse is the 40 MHz crystal, hsi RC_FAST.
 *
 * [D] ESP32-C3 Series Datasheet, "Current Consumption in Modem-sleep Mode", 25 degC, 3.3 V,
 * peripheral clocks disabled: CPU running 23 mA at 160 MHz and 17 mA at 80 MHz, idle 16 and 13 mA;
 * 5 mA more with all clocks enabled. Unconfirmed, the document was not at hand; Espressif's ESP-AT
 * guide says about 20 mA in modem-sleep at 160 MHz.
 *
 * [B] robdobson.com, "Investigating ESP32-C3 Power Management" (2023), a board of his own: 26.8 mA
 * in an empty loop at 160 MHz, 20.1 mA with a delay in it, 7.4 mA at 10 MHz. That is 4 mA above
 * [D], peripherals and a regulator included.
 *
 * No published inference of this part: the charge of its classes is scaled from the others. [D]
 * splits into 10.5 mA that do not follow the CPU clock, 79 uA/MHz running and 33.5 uA/MHz idle;
 * how the 10.5 mA divide over crystal, PLL and bus is an estimate that [B] at 10 MHz bounds.
 * Misses of the cache go to a flash chip of its own, on the supply side.
 *
 * No data sheet was at hand: every number below that names one is unconfirmed.
 */
#include "rigs/virtual/plant/plant_part.h"

const struct plant_part plant_part_esp32c3 = {
	.name = "esp32c3",
	.nominal_core_v = 1.1,
	.charge_c =
		{
			[CORE_CLASS_ALU] = 26e-12,
			[CORE_CLASS_LOAD] = 85e-12,
			[CORE_CLASS_STORE] = 75e-12,
			[CORE_CLASS_MUL] = 65e-12,
			[CORE_CLASS_DIV] = 240e-12,
			[CORE_CLASS_BRANCH] = 26e-12,
			[CORE_CLASS_OTHER] = 20e-12,
			[PLANT_TAKEN_BRANCH] = 35e-12,
			[PLANT_EXCEPTION] = 500e-12,
			[PLANT_CLOCK_RUN] = 43e-12,
			[PLANT_CLOCK_SLEEP] = 33.5e-12,     /* [D] */
			[PLANT_BUS_CLOCK] = 35e-12,         /* 2.8 mA at 80 MHz */
			[PLANT_PERIPHERAL_CLOCK] = 1.9e-12, /* [D]: 5 mA, 33 clocks, 80 MHz */
			[PLANT_FETCH_STALL] = 10e-12,
			[PLANT_FLASH_STALL] = 10e-12,
			[PLANT_FLASH_READ] = 35e-12,
			[PLANT_TOGGLED_BIT] = 2e-12,
		},
	.bus_max_hz = 80e6,  /* APB */
	.leakage_a = 120e-6, /* estimated: light-sleep takes 130 uA */
	.leakage_temp_c = 25,
	.leakage_slope_k = 28,
	.leakage_slope_v = 0.4,
	.regulator_a = 3.6e-3, /* references, regulators, RTC: see above */
	.hsi_a = 60e-6,        /* estimated: RC_FAST */
	.hse_a = 0.9e-3,       /* estimated: 40 MHz crystal and its buffers */
	.pll_a = 1.2e-3,
	.pll_a_per_hz = 4e-12, /* 3.1 mA at 480 MHz: see above */
	.reset_a = 0.2e-3, /* estimated: CHIP_EN low takes 1 uA, the board's pull-ups the rest */
	.flash_busy_a = 15e-3,   /* estimated: serial NOR flash erasing or programming */
	.flash_wake_a = 0.8e-3,  /* estimated: the SPI controller and its pads */
	.flash_wake_half = 0.01, /* estimated */
	.flash_read_a = 9e-3,    /* estimated: serial NOR flash, dual I/O, at 40 to 80 MHz */
	.settle_share = 0.02,    /* estimated */
	.settle_tau_s = 4e-3,
	.creep_share = 0.002, /* estimated */
	.creep_tau_s = 0.8,
	.drift_share = 0.0008,
	.thermal_k_per_w = 55, /* estimated: QFN32 on a small module */
	.thermal_tau_s = 12,   /* estimated */
	.source_ohm = 2.0,     /* estimated: meter range and cable */
	.decoupling_f = 14e-6, /* estimated: 10 uF and 4.7 uF at the module, under bias */
	.spread =
		{
			[PLANT_GROUP_CORE] = 0.02,
			[PLANT_GROUP_MEMORY] = 0.03,
			[PLANT_GROUP_OPERANDS] = 0.05,
			[PLANT_GROUP_PERIPHERALS] = 0.03,
			[PLANT_GROUP_ANALOG] = 0.03,
			[PLANT_GROUP_LEAKAGE] = 0.4,
			[PLANT_GROUP_SETTLING] = 0.3,
			[PLANT_GROUP_THERMAL] = 0.1,
			[PLANT_GROUP_DECOUPLING] = 0.1,
		},
};
