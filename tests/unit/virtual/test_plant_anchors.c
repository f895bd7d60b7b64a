/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The plant against what is known of the real parts: data sheet figures of run and sleep modes, and
 * the currents of real boards during inference (MLPerf Tiny). Where a figure comes from and how far
 * it is to be trusted: plant_PART.c. All at 25 degC ambient, mean of many boards.
 *
 * Mixes are counts per executed instruction. "inference" is the mix of this project's portable
 * kernels, kws_ref_model of MLPerf Tiny, -O3, as `joulebench count` prints it; "optimised" that of
 * its SMLAD kernels over a generated DS-CNN, -O2, and "dense" over ad01_int8; "CMSIS-NN" is what an
 * int8 convolution with SMLAD and word loads executes; "coremark" an integer benchmark of lists,
 * matrices and a state machine.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/plant/plant.h"

#define BOARDS    40
#define AMBIENT_C 25.0

struct mix {
	double ipc;
	double classes[CORE_CLASS_COUNT];
	double taken_branches;
	double fetch_stalls, flash_reads, flash_stalls; /* stalls in cycles */
	double toggled_bits;
};

#define COREMARK_CLASSES                                                                           \
	.classes = {                                                                               \
		[CORE_CLASS_ALU] = 0.46,                                                           \
		[CORE_CLASS_LOAD] = 0.19,                                                          \
		[CORE_CLASS_STORE] = 0.08,                                                         \
		[CORE_CLASS_LOAD_MULTIPLE] = 0.016,                                                \
		[CORE_CLASS_STORE_MULTIPLE] = 0.012,                                               \
		[CORE_CLASS_MUL] = 0.02,                                                           \
		[CORE_CLASS_MAC] = 0.014,                                                          \
		[CORE_CLASS_DIV] = 0.001,                                                          \
		[CORE_CLASS_BRANCH] = 0.195,                                                       \
		[CORE_CLASS_OTHER] = 0.012,                                                        \
	}
#define INFERENCE_CLASSES                                                                          \
	.classes = {                                                                               \
		[CORE_CLASS_ALU] = 0.3586,                                                         \
		[CORE_CLASS_LOAD] = 0.3522,                                                        \
		[CORE_CLASS_STORE] = 0.0177,                                                       \
		[CORE_CLASS_LOAD_MULTIPLE] = 0.0142,                                               \
		[CORE_CLASS_STORE_MULTIPLE] = 0.0078,                                              \
		[CORE_CLASS_MUL] = 0.0329,                                                         \
		[CORE_CLASS_MAC] = 0.1171,                                                         \
		[CORE_CLASS_BRANCH] = 0.0855,                                                      \
		[CORE_CLASS_OTHER] = 0.0139,                                                       \
	}

static const struct mix coremark_m4 = {
	.ipc = 0.78,
	COREMARK_CLASSES,
	.taken_branches = 0.11,
	.fetch_stalls = 0.03,
	.flash_reads = 0.02,
	.flash_stalls = 0.004,
	.toggled_bits = 2.2,
};
static const struct mix coremark_m7 = {
	.ipc = 1.15,
	COREMARK_CLASSES,
	.taken_branches = 0.11,
	.fetch_stalls = 0.001,
	.flash_reads = 0.02,
	.flash_stalls = 0.001,
	.toggled_bits = 2.2,
};
static const struct mix coremark_m33 = {
	.ipc = 0.88,
	COREMARK_CLASSES,
	.taken_branches = 0.11,
	.fetch_stalls = 0.01,
	.flash_reads = 0.02,
	.flash_stalls = 0.002,
	.toggled_bits = 2.2,
};
static const struct mix coremark_rv32 = {
	.ipc = 0.66,
	.classes = {[CORE_CLASS_ALU] = 0.5,
		    [CORE_CLASS_LOAD] = 0.2,
		    [CORE_CLASS_STORE] = 0.08,
		    [CORE_CLASS_MUL] = 0.03,
		    [CORE_CLASS_BRANCH] = 0.19},
	.taken_branches = 0.12,
	.toggled_bits = 2.2,
};
static const struct mix inference_m4 = {
	.ipc = 0.623,
	INFERENCE_CLASSES,
	.taken_branches = 0.0701,
	.fetch_stalls = 0.0078,
	.flash_reads = 0.1709,
	.flash_stalls = 0.2211,
	.toggled_bits = 4.2,
};
static const struct mix inference_m7 = {
	.ipc = 1.301,
	INFERENCE_CLASSES,
	.taken_branches = 0.0743,
	.flash_reads = 0.1708,
	.flash_stalls = 0.0006,
	.toggled_bits = 4.2,
};
static const struct mix inference_m33 = {
	.ipc = 0.817,
	INFERENCE_CLASSES,
	.taken_branches = 0.0701,
	.fetch_stalls = 0.0044,
	.flash_reads = 0.1708,
	.flash_stalls = 0.0094,
	.toggled_bits = 4.2,
};
static const struct mix inference_rv32 = {
	.ipc = 0.823,
	.classes = {[CORE_CLASS_ALU] = 0.4335,
		    [CORE_CLASS_LOAD] = 0.3139,
		    [CORE_CLASS_STORE] = 0.021,
		    [CORE_CLASS_MUL] = 0.1387,
		    [CORE_CLASS_BRANCH] = 0.0929},
	.taken_branches = 0.0779,
	.flash_reads = 0.154,
	.flash_stalls = 0.0289,
	.toggled_bits = 3.8,
};
static const struct mix optimised_m4 = {
	.ipc = 0.652,
	.classes = {[CORE_CLASS_ALU] = 0.2975,
		    [CORE_CLASS_LOAD] = 0.2589,
		    [CORE_CLASS_STORE] = 0.0647,
		    [CORE_CLASS_LOAD_MULTIPLE] = 0.0438,
		    [CORE_CLASS_STORE_MULTIPLE] = 0.0116,
		    [CORE_CLASS_MUL] = 0.0079,
		    [CORE_CLASS_MAC] = 0.0277,
		    [CORE_CLASS_SIMD] = 0.1602,
		    [CORE_CLASS_BRANCH] = 0.1272},
	.taken_branches = 0.0778,
	.fetch_stalls = 0.0082,
	.flash_reads = 0.0673,
	.flash_stalls = 0.0097,
	.toggled_bits = 4.2,
};
static const struct mix dense_m4 = {
	.ipc = 0.516,
	.classes = {[CORE_CLASS_ALU] = 0.068,
		    [CORE_CLASS_LOAD] = 0.028,
		    [CORE_CLASS_STORE] = 0.0056,
		    [CORE_CLASS_LOAD_MULTIPLE] = 0.1046,
		    [CORE_CLASS_STORE_MULTIPLE] = 0.0064,
		    [CORE_CLASS_MAC] = 0.0047,
		    [CORE_CLASS_SIMD] = 0.754,
		    [CORE_CLASS_BRANCH] = 0.0275},
	.taken_branches = 0.0202,
	.fetch_stalls = 0.0153,
	.flash_reads = 0.2072,
	.flash_stalls = 0.519,
	.toggled_bits = 3.4,
};
static const struct mix cmsis_nn_m4 = {
	.ipc = 0.70,
	.classes = {[CORE_CLASS_ALU] = 0.14,
		    [CORE_CLASS_LOAD] = 0.29,
		    [CORE_CLASS_STORE] = 0.02,
		    [CORE_CLASS_LOAD_MULTIPLE] = 0.01,
		    [CORE_CLASS_SIMD] = 0.42,
		    [CORE_CLASS_MAC] = 0.06,
		    [CORE_CLASS_BRANCH] = 0.05,
		    [CORE_CLASS_OTHER] = 0.01},
	.taken_branches = 0.03,
	.fetch_stalls = 0.01,
	.flash_reads = 0.1,
	.flash_stalls = 0.12,
	.toggled_bits = 4.2,
};

struct point {
	const char *name, *part;
	double hclk_hz, core_v;
	bool smps;
	double vco_hz; /* 0: the PLL is off */
	unsigned peripherals;
	const struct mix *mix; /* NULL: asleep in WFI */
	double supply_v;
	double low_a, high_a;
};

#define TYPICAL(typ_a, tolerance) (typ_a) * (1 - (tolerance)), (typ_a) * (1 + (tolerance))
#define M                         1e6

static const struct point points[] = {
	/* DS12023's headline by the proportions of DS10198; at 120 MHz also the polling in the gaps
	 * of MLPerf Tiny, 19.4 mA. */
	{"run", "stm32l4r5", 26 * M, 1.0, 0, 0, 1, &coremark_m4, 3.0, TYPICAL(3.3e-3, 0.08)},
	{"run", "stm32l4r5", 80 * M, 1.2, 0, 160 * M, 1, &coremark_m4, 3.0, TYPICAL(11.9e-3, 0.08)},
	{"run", "stm32l4r5", 120 * M, 1.28, 0, 240 * M, 1, &coremark_m4, 3.0,
	 TYPICAL(19.0e-3, 0.08)},
	{"sleep", "stm32l4r5", 26 * M, 1.0, 0, 0, 1, NULL, 3.0, TYPICAL(1.0e-3, 0.15)},
	{"sleep", "stm32l4r5", 80 * M, 1.2, 0, 160 * M, 1, NULL, 3.0, TYPICAL(3.3e-3, 0.15)},
	/* Real boards: 23.0 to 30.7 mA; ST's and Krai's, with one library, 23.3 to 27.1 mA. */
	{"CMSIS-NN", "stm32l4r5", 120 * M, 1.28, 0, 240 * M, 6, &cmsis_nn_m4, 3.0, 24e-3, 29e-3},
	{"CMSIS-NN", "stm32l4r5", 120 * M, 1.28, 0, 240 * M, 6, &cmsis_nn_m4, 1.8, 24e-3, 29e-3},
	{"inference", "stm32l4r5", 120 * M, 1.28, 0, 240 * M, 6, &inference_m4, 3.0, 23e-3,
	 30.7e-3},
	{"dense", "stm32l4r5", 120 * M, 1.28, 0, 240 * M, 6, &dense_m4, 3.0, 23e-3, 30.7e-3},
	{"optimised", "stm32l4r5", 120 * M, 1.28, 0, 240 * M, 6, &optimised_m4, 3.0, 23e-3,
	 30.7e-3},

	/* DS11532, code in ITCM RAM, peripherals disabled and enabled. */
	{"run", "stm32f767", 216 * M, 1.32, 0, 432 * M, 0, &coremark_m7, 3.3, TYPICAL(95e-3, 0.05)},
	{"run", "stm32f767", 180 * M, 1.32, 0, 360 * M, 0, &coremark_m7, 3.3, TYPICAL(78e-3, 0.05)},
	{"run", "stm32f767", 168 * M, 1.26, 0, 336 * M, 0, &coremark_m7, 3.3, TYPICAL(70e-3, 0.05)},
	{"run", "stm32f767", 144 * M, 1.14, 0, 288 * M, 0, &coremark_m7, 3.3, TYPICAL(54e-3, 0.05)},
	{"all on", "stm32f767", 216 * M, 1.32, 0, 432 * M, 95, &coremark_m7, 3.3,
	 TYPICAL(193e-3, 0.05)},
	{"sleep", "stm32f767", 216 * M, 1.32, 0, 432 * M, 0, NULL, 3.3, TYPICAL(21e-3, 0.15)},
	/* No board: 1.1 to 1.5 times the data sheet's loop. */
	{"inference", "stm32f767", 216 * M, 1.32, 0, 432 * M, 8, &inference_m7, 3.3, 105e-3,
	 143e-3},

	/* DS12737's headlines: 106 uA/MHz with the LDO, 62 at 3 V with the SMPS. */
	{"run LDO", "stm32l552", 26 * M, 1.0, 0, 0, 1, &coremark_m33, 3.0,
	 TYPICAL(106e-6 * 26, 0.1)},
	{"run SMPS", "stm32l552", 80 * M, 1.2, 1, 160 * M, 1, &coremark_m33, 3.0,
	 TYPICAL(62e-6 * 80, 0.1)},
	{"run SMPS", "stm32l552", 110 * M, 1.28, 1, 220 * M, 1, &coremark_m33, 3.0,
	 TYPICAL(62e-6 * 110, 0.1)},
	{"sleep LDO", "stm32l552", 80 * M, 1.2, 0, 160 * M, 1, NULL, 3.0, TYPICAL(3.0e-3, 0.15)},
	/* Between the published boards with a Cortex-M33: 142 pJ (U575) and 374 pJ (RA6M4) a cycle.
	 */
	{"inference", "stm32l552", 110 * M, 1.28, 1, 220 * M, 6, &inference_m33, 3.0,
	 142e-12 * 110 * M / 3, 374e-12 * 110 * M / 3},

	/* ESP32-C3 Series Datasheet, modem-sleep. */
	{"run", "esp32c3", 160 * M, 1.1, 0, 480 * M, 0, &coremark_rv32, 3.3, TYPICAL(23e-3, 0.05)},
	{"run", "esp32c3", 80 * M, 1.1, 0, 480 * M, 0, &coremark_rv32, 3.3, TYPICAL(17e-3, 0.05)},
	{"all on", "esp32c3", 160 * M, 1.1, 0, 480 * M, 33, &coremark_rv32, 3.3,
	 TYPICAL(28e-3, 0.05)},
	{"sleep", "esp32c3", 160 * M, 1.1, 0, 480 * M, 0, NULL, 3.3, TYPICAL(16e-3, 0.05)},
	{"sleep", "esp32c3", 80 * M, 1.1, 0, 480 * M, 0, NULL, 3.3, TYPICAL(13e-3, 0.05)},
	/* A board at 10 MHz from the crystal: 7.4 mA with what else is on it. */
	{"run", "esp32c3", 10 * M, 1.1, 0, 0, 10, &coremark_rv32, 3.3, 5e-3, 7.4e-3},
	/* No board with inference: 1.05 to 1.5 times the loop. */
	{"inference", "esp32c3", 160 * M, 1.1, 0, 480 * M, 10, &inference_rv32, 3.3, 24.2e-3,
	 34.5e-3},
};

static void execute(struct chip_activity *activity, const struct mix *mix, double cycles)
{
	struct core_counts *counts = &activity->counts;
	double instructions = mix->ipc * cycles;

	counts->cycles = (uint64_t)cycles;
	counts->instructions = (uint64_t)instructions;
	for (int i = 0; i < CORE_CLASS_COUNT; i++)
		counts->classes[i] = (uint64_t)(mix->classes[i] * instructions);
	counts->taken_branches = (uint64_t)(mix->taken_branches * instructions);
	counts->flash_fetch_stalls = (uint64_t)(mix->fetch_stalls * instructions);
	counts->flash_data_reads = (uint64_t)(mix->flash_reads * instructions);
	counts->flash_stalls = (uint64_t)(mix->flash_stalls * instructions);
	counts->toggled_bits = (uint64_t)(mix->toggled_bits * instructions);
}

static struct chip_activity activity_of(const struct point *point, double dt_s)
{
	bool is_esp = !strcmp(point->part, "esp32c3"), is_f7 = !strcmp(point->part, "stm32f767");
	struct chip_activity activity = {
		.hclk_hz = point->hclk_hz,
		.core_v = point->core_v,
		.powered = true,
		.smps_on = point->smps,
		.msi_on = !is_esp && !is_f7,
		.msi_hz = 4e6,
		.hsi_on = is_f7,
		.hse_on = is_esp,
		.pll_on = point->vco_hz > 0,
		.pll_vco_hz = point->vco_hz,
		.peripherals_on = point->peripherals,
	};

	if (point->mix) {
		activity.active_s = dt_s;
		execute(&activity, point->mix, dt_s * point->hclk_hz);
	} else {
		activity.sleep_s = dt_s;
		activity.counts.sleep_cycles = (uint64_t)(dt_s * point->hclk_hz);
	}
	return activity;
}

/* Of one board, after every electrical transient and before self-heating. */
static double settled_a(const struct point *point, uint64_t seed)
{
	struct chip_activity activity = activity_of(point, 1e-3);
	struct plant *plant;
	struct verr err;
	double current_a = 0;

	assert_int_equal(plant_new(point->part, seed, AMBIENT_C, &plant, &err), 0);
	for (int ms = 0; ms < 20; ms++)
		current_a = plant_step(plant, &activity, point->supply_v, 1e-3);
	plant_free(plant);
	return current_a;
}

static double typical_a(const struct point *point)
{
	double sum_a = 0;

	for (uint64_t seed = 0; seed < BOARDS; seed++)
		sum_a += settled_a(point, seed);
	return sum_a / BOARDS;
}

static void test_anchors(void **state)
{
	unsigned misses = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		const struct point *point = &points[i];
		double current_a = typical_a(point);
		bool hit = current_a >= point->low_a && current_a <= point->high_a;

		print_message("%-10s%-10s%4.0f MHz %.2f V core %.1f V: %7.3f mA, %.3f to %.3f%s\n",
			      point->part, point->name, point->hclk_hz / 1e6, point->core_v,
			      point->supply_v, 1e3 * current_a, 1e3 * point->low_a,
			      1e3 * point->high_a, hit ? "" : "  MISSED");
		misses += !hit;
	}
	assert_int_equal(misses, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anchors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
