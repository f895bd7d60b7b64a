/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32F767ZI on a NUCLEO-F767ZI, core fed by the LDO.
 *
 * [D] Data sheet DS11532, "Typical and maximum current consumption in Run mode, code with data
 * processing running from ITCM RAM, regulator ON", 25 degC, peripherals disabled: 95 mA at 216
 * MHz, 78 at 180, 70 at 168, 54 at 144; enabled 193 mA at 216 MHz. Unconfirmed, the document was
 * not at hand. They agree with themselves: over f * Vcore they are 0.333, 0.328, 0.331, 0.329, one
 * charge at the three core voltages of the operating conditions.
 *
 * No published board carries this part. The nearest is the STM32H7A3 of MLPerf Tiny (Cortex-M7,
 * another process, SMPS): 435 to 594 pJ per cycle at the supply. Here the core alone, at 1.32 V,
 * takes about 560 pJ per cycle in the data sheet's loop: the same order, no anchor.
 *
 * The split over classes is that of the STM32L4R5 (see there), scaled to [D]; inference takes 1.1
 * to 1.35 times the loop, as loads hit the L1 cache. Over-drive's own current is not modelled:
 * 0.333 against 0.329 above.
 *
 * No data sheet was at hand: every number below that names one is unconfirmed.
 */
#include <math.h>

#include "rigs/virtual/plant/plant_part.h"

const struct plant_part plant_part_stm32f767 = {
	.name = "stm32f767",
	.nominal_core_v = 1.32, /* DS11532, general operating conditions: V12, scale 1 */
	.charge_c =
		{
			[CORE_CLASS_ALU] = 75e-12,
			[CORE_CLASS_LOAD] = 300e-12,
			[CORE_CLASS_STORE] = 260e-12,
			[CORE_CLASS_LOAD_MULTIPLE] = 1000e-12,
			[CORE_CLASS_STORE_MULTIPLE] = 850e-12,
			[CORE_CLASS_MUL] = 190e-12,
			[CORE_CLASS_MAC] = 380e-12,
			[CORE_CLASS_SIMD] = 300e-12,
			[CORE_CLASS_DIV] = 450e-12,
			[CORE_CLASS_BRANCH] = 70e-12,
			[CORE_CLASS_FP] = 280e-12,
			[CORE_CLASS_OTHER] = 50e-12,
			[PLANT_TAKEN_BRANCH] = 95e-12,
			[PLANT_EXCEPTION] = 2600e-12,
			[PLANT_CLOCK_RUN] = 212e-12,
			/* Estimated from the STM32F746 (DS10916), Sleep, peripherals disabled: 22
			 * mA at 216 MHz. */
			[PLANT_CLOCK_SLEEP] = 85e-12,
			/* [D], enabled less disabled, over the 95 enable bits of RCC. */
			[PLANT_PERIPHERAL_CLOCK] = 4.8e-12,
			[PLANT_FETCH_STALL] = 70e-12,
			[PLANT_FLASH_STALL] = 50e-12,
			[PLANT_FLASH_READ] = 60e-12,
			[PLANT_TOGGLED_BIT] = 4.5e-12,
		},
	.bus_max_hz = INFINITY,
	/* Estimated from Stop with the main regulator, 0.45 mA at 25 degC, tenfold at 85. */
	.leakage_a = 400e-6,
	.leakage_temp_c = 25,
	.leakage_slope_k = 26,
	.leakage_slope_v = 0.4,
	.regulator_a = 250e-6, /* estimated */
	.hsi_a = 80e-6,        /* DS11532, HSI characteristics, unconfirmed */
	.hse_a = 450e-6,       /* DS11532, HSE characteristics, unconfirmed; 8 MHz from ST-LINK */
	.pll_a = 0.42e-3,      /* VDD and VDDA: 0.6 mA at 100 MHz, 1.3 mA at 432 MHz, unconfirmed */
	.pll_a_per_hz = 2.0e-12,
	.reset_a = 2.0e-3,       /* estimated */
	.flash_busy_a = 14e-3,   /* estimated: DS11532 flash memory characteristics, word */
	.flash_wake_a = 1.5e-3,  /* estimated */
	.flash_wake_half = 0.02, /* estimated */
	.settle_share = 0.015,   /* estimated */
	.settle_tau_s = 2e-3,
	.creep_share = 0.003, /* estimated; a real board with an M7 (H7A3) creeps by 3 % over 4 s */
	.creep_tau_s = 1.2,
	.drift_share = 0.0008,
	.thermal_k_per_w = 40, /* estimated: LQFP144 */
	.thermal_tau_s = 25,   /* estimated */
	.source_ohm = 1.0,     /* estimated: meter range and cable */
	.decoupling_f = 12e-6, /* estimated */
	.spread =
		{
			[PLANT_GROUP_CORE] = 0.02,
			[PLANT_GROUP_MEMORY] = 0.03,
			[PLANT_GROUP_OPERANDS] = 0.05,
			[PLANT_GROUP_PERIPHERALS] = 0.03,
			[PLANT_GROUP_ANALOG] = 0.08,
			[PLANT_GROUP_LEAKAGE] = 0.4,
			[PLANT_GROUP_SETTLING] = 0.3,
			[PLANT_GROUP_THERMAL] = 0.1,
			[PLANT_GROUP_DECOUPLING] = 0.1,
		},
};
