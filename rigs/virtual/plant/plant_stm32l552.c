/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L552ZE-Q on a NUCLEO-L552ZE-Q: the core is fed by the internal SMPS, or by the LDO when
 * PWR_CR4.SMPSBYP says so.
 *
 * [D] Headlines of the data sheet DS12737: 62 uA/MHz at 3 V with the SMPS (as in Zephyr,
 * boards/st/nucleo_l552ze_q) and 106 uA/MHz with the LDO (unconfirmed). The tables behind them
 * were not at hand; taken as 80 to 110 MHz in ranges 1 and 0, and 26 MHz in range 2: then one
 * charge per cycle and a usual efficiency explain both.
 *
 * No published board carries this part. Of other Cortex-M33 in MLPerf Tiny, the EK-RA6M4 takes 356
 * to 374 pJ per cycle and the STM32U575 142 to 170. Here inference takes about 240 to 260 pJ per
 * cycle with the SMPS: between them, no anchor.
 *
 * Classes as for the STM32L4R5 (see there), scaled to [D]; weights come through the ICACHE, which
 * is cheaper than the flash array.
 *
 * No data sheet was at hand: every number below that names one is unconfirmed.
 */
#include <math.h>

#include "rigs/virtual/plant/plant_part.h"

const struct plant_part plant_part_stm32l552 = {
	.name = "stm32l552",
	.nominal_core_v = 1.2, /* RM0438, dynamic voltage scaling: range 1 */
	.charge_c =
		{
			[CORE_CLASS_ALU] = 32e-12,
			[CORE_CLASS_LOAD] = 115e-12,
			[CORE_CLASS_STORE] = 100e-12,
			[CORE_CLASS_LOAD_MULTIPLE] = 400e-12,
			[CORE_CLASS_STORE_MULTIPLE] = 330e-12,
			[CORE_CLASS_MUL] = 80e-12,
			[CORE_CLASS_MAC] = 170e-12,
			[CORE_CLASS_SIMD] = 130e-12,
			[CORE_CLASS_DIV] = 200e-12,
			[CORE_CLASS_BRANCH] = 32e-12,
			[CORE_CLASS_FP] = 115e-12,
			[CORE_CLASS_OTHER] = 24e-12,
			[PLANT_TAKEN_BRANCH] = 40e-12,
			[PLANT_EXCEPTION] = 1200e-12,
			[PLANT_CLOCK_RUN] = 46e-12,
			[PLANT_CLOCK_SLEEP] = 33e-12,       /* estimated from the STM32L476 */
			[PLANT_PERIPHERAL_CLOCK] = 1.2e-12, /* estimated from the STM32L4R5 */
			[PLANT_FETCH_STALL] = 40e-12,
			[PLANT_FLASH_STALL] = 25e-12,
			[PLANT_FLASH_READ] = 60e-12,
			[PLANT_TOGGLED_BIT] = 2.4e-12,
		},
	.bus_max_hz = INFINITY,
	.leakage_a = 30e-6, /* estimated from the STM32L4R5: 256 of 640 KB SRAM */
	.leakage_temp_c = 25,
	.leakage_slope_k = 27,
	.leakage_slope_v = 0.5,
	.regulator_a = 60e-6, /* estimated */
	.smps_a = 40e-6,      /* estimated */
	.smps_efficiency =
		0.87, /* estimated: between the two headlines, and typical of such converters */
	/* Oscillators and PLL are those of the STM32L4 (DS10198). */
	.msi_a = 1.5e-6,
	.msi_a_per_hz = 3.2e-12,
	.hsi_a = 155e-6,
	.hse_a = 440e-6,
	.pll_a = 70e-6,
	.pll_a_per_hz = 1.3e-12,
	.reset_a = 120e-6,
	.flash_busy_a = 3.4e-3, /* estimated from the STM32L4R5 */
	.flash_wake_a = 0.4e-3, /* estimated */
	.flash_wake_half = 0.02,
	.settle_share = 0.02, /* estimated */
	.settle_tau_s = 2.5e-3,
	.creep_share = 0.002, /* estimated */
	.creep_tau_s = 0.8,
	.drift_share = 0.0008,
	.thermal_k_per_w = 42, /* estimated: LQFP144 */
	.thermal_tau_s = 20,   /* estimated */
	.source_ohm = 4.0,     /* estimated: meter range and cable */
	.decoupling_f = 6e-6,  /* estimated */
	.spread =
		{
			[PLANT_GROUP_CORE] = 0.02,
			[PLANT_GROUP_MEMORY] = 0.03,
			[PLANT_GROUP_OPERANDS] = 0.05,
			[PLANT_GROUP_PERIPHERALS] = 0.03,
			[PLANT_GROUP_ANALOG] = 0.08,
			[PLANT_GROUP_LEAKAGE] = 0.3,
			[PLANT_GROUP_SMPS] = 0.01,
			[PLANT_GROUP_SETTLING] = 0.3,
			[PLANT_GROUP_THERMAL] = 0.1,
			[PLANT_GROUP_DECOUPLING] = 0.1,
		},
};
