/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L4R5ZI on a NUCLEO-L4R5ZI, core fed by the LDO.
 *
 * [M] MLPerf Tiny traces of real NUCLEO-L4R5ZI boards at 120 MHz with the LDO
 * (mlcommons/tiny_results_v0.7, v1.0, v1.1: STMicroelectronics at 1.8 V, Krai at 3.0 V; OctoML and
 * Skymizer, taken as 1.8 V): 23.0 to 30.7 mA during inference, by library and model. In the gaps
 * of the v1.1 ic run of STMicroelectronics, while the board receives its next input by UART at the
 * same clock: 34.97 mW at 1.8 V, 19.4 mA.
 *
 * [D] Headline of the data sheet DS12023: 110 uA/MHz in run mode, LDO; unconfirmed, public board
 * pages say 100 (Zephyr, boards/st/nucleo_l4r5zi). The tables behind it were not at hand. In the
 * sister part, whose headline is 100, the table "different codes running from Flash, ART enable"
 * says for CoreMark 118 uA/MHz at 26 MHz in range 2 and 136 at 80 MHz in range 1, and asleep 35
 * and 37 (STM32L476, DS10198, unconfirmed). In that proportion, and by Vcore for the boost range:
 * 3.3 mA at 26 MHz, 11.9 at 80 MHz, 19.0 at 120 MHz; asleep 1.0 and 3.3 mA.
 *
 * How both hold: 110 uA/MHz is a figure of range 2. The same loop at Vcore 1.28 V and 120 MHz
 * takes 19 mA, and that is what [M] shows between inferences, so the board adds next to nothing to
 * the chip. Inference takes 1.2 to 1.6 times the loop: its instructions are loads, half of them
 * weights from flash, and multiplications of two operands that both change. So the loop fixes the
 * clock and the cheap classes, [M] fixes load, flash read, MAC and SIMD, and that `ad`, which
 * waits most for weights, is among the lowest of its board fixes that a stalled cycle is cheap.
 * The split inside each set is an estimate, shaped like published instruction-level measurements
 * of Cortex-M parts (memory and multiply cost most, stalls less).
 *
 * No data sheet was at hand: every number below that names one is unconfirmed.
 */
#include <math.h>

#include "rigs/virtual/plant/plant_part.h"

const struct plant_part plant_part_stm32l4r5 = {
	.name = "stm32l4r5",
	.nominal_core_v = 1.2, /* RM0432 5.1.8: range 1 normal */
	.charge_c =
		{
			[CORE_CLASS_ALU] = 40e-12,
			[CORE_CLASS_LOAD] = 230e-12,
			[CORE_CLASS_STORE] = 185e-12,
			[CORE_CLASS_LOAD_MULTIPLE] = 560e-12,
			[CORE_CLASS_STORE_MULTIPLE] = 500e-12,
			[CORE_CLASS_MUL] = 110e-12,
			[CORE_CLASS_MAC] = 280e-12,
			[CORE_CLASS_SIMD] = 215e-12,
			[CORE_CLASS_DIV] = 260e-12,
			[CORE_CLASS_BRANCH] = 40e-12,
			[CORE_CLASS_FP] = 150e-12,
			[CORE_CLASS_OTHER] = 30e-12,
			[PLANT_TAKEN_BRANCH] = 55e-12,
			[PLANT_EXCEPTION] = 1500e-12,
			[PLANT_CLOCK_RUN] = 47e-12,
			/* [D], asleep. */
			[PLANT_CLOCK_SLEEP] = 37e-12,
			/* Estimated: DS12023 peripherals take 1 to 8 uA/MHz, GPIO ports about 1. */
			[PLANT_PERIPHERAL_CLOCK] = 1.2e-12,
			[PLANT_FETCH_STALL] = 40e-12,
			[PLANT_FLASH_STALL] = 30e-12,
			[PLANT_FLASH_READ] = 180e-12,
			[PLANT_TOGGLED_BIT] = 3e-12,
		},
	.bus_max_hz = INFINITY,
	/* Estimated from the Stop modes of the family: tenfold from 25 to 85 degC. */
	.leakage_a = 38e-6,
	.leakage_temp_c = 25,
	.leakage_slope_k = 27,
	.leakage_slope_v = 0.5,
	.regulator_a = 60e-6, /* estimated: main regulator and references in Stop 0 */
	.msi_a = 1.5e-6,
	.msi_a_per_hz = 3.2e-12, /* 155 uA at 48 MHz: DS10198, MSI characteristics */
	.hsi_a = 155e-6,         /* DS10198, HSI16 characteristics */
	.pll_a = 70e-6,
	.pll_a_per_hz = 1.3e-12, /* 150 uA at 64 MHz, 520 at 344: DS10198, PLL characteristics */
	.hse_a = 440e-6,         /* 8 MHz crystal: DS10198, HSE characteristics */
	.reset_a = 120e-6,       /* estimated: MSI 4 MHz asleep */
	.flash_busy_a = 3.4e-3,  /* DS12023 table 68, write and erase */
	.flash_wake_a = 0.4e-3,  /* estimated */
	.flash_wake_half = 0.02, /* estimated */
	.settle_share = 0.02,    /* estimated */
	.settle_tau_s = 3e-3,
	.creep_share = 0.002, /* estimated; a real board (H7A3) creeps by 3 % over 4 s */
	.creep_tau_s = 0.8,
	.drift_share = 0.0008,  /* windows of [M] drift by 0.06 % in the median */
	.thermal_k_per_w = 43,  /* estimated: LQFP144 */
	.thermal_tau_s = 20,    /* estimated: package on a Nucleo-144 board */
	.source_ohm = 4.0,      /* estimated: meter range and cable */
	.decoupling_f = 5.0e-6, /* estimated: 4.7 uF and 100 nF at each pin, under bias */
	.spread =
		{
			[PLANT_GROUP_CORE] = 0.02,
			[PLANT_GROUP_MEMORY] = 0.03,
			[PLANT_GROUP_OPERANDS] = 0.05,
			[PLANT_GROUP_PERIPHERALS] = 0.03,
			[PLANT_GROUP_ANALOG] = 0.08,
			[PLANT_GROUP_LEAKAGE] = 0.3,
			[PLANT_GROUP_SETTLING] = 0.3,
			[PLANT_GROUP_THERMAL] = 0.1,
			[PLANT_GROUP_DECOUPLING] = 0.1,
		},
};
