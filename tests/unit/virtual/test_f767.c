/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual STM32F767 as a whole: small Thumb programs and scripts in its flash, pins, resets,
 * time and slices.
 */
#include "tests/unit/virtual/test_f767_bench.h"

#define ODEN   (1u << 16)
#define ODSWEN (1u << 17)
#define PLLON  (1u << 24)

#define RESET_HZ            16e6
#define SLICED_PS           (BENCH_MS / 2)
#define SLICE_CYCLES_MOST   14
#define MARKER_CYCLES_LEAST 90
#define SYSTICK_CYCLES      16000
#define SYSTICK_ERROR_S     1e-9
#define AWAKE_LEAST         0.0001
#define AWAKE_MOST          0.01
#define CSR                 0x40023874u
#define CSR_RMVF            (1u << 24)
#define FLAGS_SOFTWARE      0x1E
#define FLAGS_POWER         0x0E
#define BOOT_ADDRESS        "0x00200000"
#define GATED               "USART3 (0x4000481c)"

/* PE9 an output; then for ever: high, 100 turns of subs/bne, low, 50 turns. */
static const uint16_t program_marker[] = {
	0x4809, 0x2110, 0x6001, 0x4809, 0xF44F, 0x2180, 0x6001, 0xF44F,
	0x7200, 0xF04F, 0x7300, 0x6182, 0x2464, 0x3C01, 0xD1FD, 0x6183,
	0x2432, 0x3C01, 0xD1FD, 0xE7F6, 0x3830, 0x4002, 0x1000, 0x4002,
};

/* SysTick every 16000 cycles, interrupts masked; for ever: wfi, PE9 high, clear PENDST, PE9 low. */
static const uint16_t program_sleep[] = {
	0x480D, 0x2110, 0x6001, 0x480D, 0xF44F, 0x2180, 0x6001, 0xF44F, 0x7200,
	0xF04F, 0x7300, 0xB672, 0x4E09, 0xF643, 0x677F, 0x6077, 0x60B7, 0x2707,
	0x6037, 0x4D07, 0xF04F, 0x7400, 0xBF30, 0x6182, 0x602C, 0x6183, 0xE7FA,
	0x0000, 0x3830, 0x4002, 0x1000, 0x4002, 0xE010, 0xE000, 0xED04, 0xE000,
};

/* Without SFTRSTF in RCC_CSR: AIRCR.SYSRESETREQ; with it: PE9 high. */
static const uint16_t program_reset[] = {
	0x480A, 0x6801, 0xF011, 0x5F80, 0xD105, 0x4809, 0x4909, 0xF3BF, 0x8F4F, 0x6001, 0xE7FE,
	0x4808, 0x2110, 0x6001, 0x4807, 0xF44F, 0x2180, 0x6001, 0xF44F, 0x7200, 0x6182, 0xE7FE,
	0x3874, 0x4002, 0xED0C, 0xE000, 0x0004, 0x05FA, 0x3830, 0x4002, 0x1000, 0x4002,
};

/* Reads USART3_ISR without its clock. */
static const uint16_t program_gated[] = {0xBF00, 0x4801, 0x69C1, 0xE7FE, 0x4800, 0x4000};

#include "tests/unit/virtual/test_part.h"

/* From reset to 216 MHz as RM0410 section 4.1.4 orders it, with the ST-LINK's 8 MHz; PE9 goes high
 * when the PLL is the system clock; then a byte over USART3 at 115200 8E1 from 54 MHz. */
static const struct bench_step script_216_mhz[] = {
	{0x40023840, 0, 1u << 28 | 1u << 18}, /* PWR, USART3 */
	{0x40023830, 0, 0x00100012},
	{0x40021000, 0, 0x40000},
	{0x40023800, 0, 1u << 18 | 0x81},
	{0x40023800, 0, 1u << 16 | 1u << 18 | 0x81},
	{0x40023800, 1u << 17, 1u << 17},
	{0x40023804, 0, 4 | 216u << 6 | 1u << 22 | 9u << 24 | 2u << 28},
	{0x40023800, 0, PLLON | 1u << 16 | 1u << 18 | 0x81},
	{0x40007000, 0, 0xC000 | ODEN},
	{0x40007004, ODEN, ODEN},
	{0x40007000, 0, 0xC000 | ODEN | ODSWEN},
	{0x40007004, ODSWEN, ODSWEN},
	{0x40023C00, 0, 0x307},
	{0x40023C00, 15, 7},
	{0x40023808, 0, 5u << 10 | 4u << 13},
	{0x40023800, 1u << 25, 1u << 25},
	{0x40023808, 0, 5u << 10 | 4u << 13 | 2},
	{0x40023808, 12, 8},
	{0x40021018, 0, 0x200},
	{0x40020400, 0, 0xA00280},
	{0x40020424, 0, 0x7700},
	{0x4000480C, 0, 54000000 / 115200},
	{0x40004800, 0, 0x1409},
	{0x40004828, 0, 0xC3},
	{0x4000481C, 1u << 6, 1u << 6},
	{0x40021018, 0, 0x2000000},
};

static void test_part(void **state)
{
	(void)state;
	assert_int_equal(chip_flash_bytes("stm32f767"), 2u << 20);
}

static void test_boots_over_itcm(void **state)
{
	struct bench bench;

	(void)state;
	bench_open_idle(&bench, 1);
	/* VTOR is the boot address; the program counter is where the vector points */
	assert_in_range(armv7em_pc(bench_chip(&bench)->core), 0x08000008, 0x0800000A);
	bench_close(&bench);
}

/* Reads SCB_VTOR (0xE000ED08) and waits for it to be the ITCM side of flash. */
static void test_vtor_is_boot_address(void **state)
{
	static const struct bench_step steps[] = {
		{0x40023830, 0, 0x10},
		{0x40021000, 0, 0x40000},
		{0xE000ED08, 0xFFFFFFFF, 0x00200000},
		{0x40021018, 0, 0x200},
	};
	struct bench bench;

	(void)state;
	bench_open(&bench, 3);
	bench_load_script(&bench, steps, COUNT(steps));
	bench_power(&bench);
	assert_int_equal(bench.edge_count, 1);
	bench_close(&bench);
}

static void test_to_216_mhz_and_speak(void **state)
{
	struct bench bench;
	double byte_us;

	(void)state;
	bench_open(&bench, 3);
	bench_load_script(&bench, script_216_mhz, COUNT(script_216_mhz));
	bench_power(&bench);
	bench_assert_no_fault(&bench);
	assert_int_equal(bench.edge_count, 2);
	assert_true(fabs(bench.activity.hclk_hz / 216e6 - 1) < 51e-6);
	assert_int_equal(bench.byte_count, 1);
	assert_int_equal(bench.bytes[0].byte, 0xC3);
	assert_int_equal(bench.bytes[0].format.parity, CHIP_PARITY_EVEN);
	assert_in_range(bench.bytes[0].format.baud, 115200 * 0.998, 115200 * 1.002);
	byte_us = (double)(bench.edges[1].t_ps - bench.edges[0].t_ps) / (double)BENCH_US;
	assert_true(byte_us > 95.4 && byte_us < 98); /* eleven bits, and the way there */
	assert_true(fabs((double)(bench.edges[1].cycles - bench.edges[0].cycles) -
			 byte_us * bench.activity.hclk_hz / 1e6) < 1);
	bench_close(&bench);
}

/* Writes all of DTCM, SRAM1, SRAM2 and ITCM at their ends, and one beyond. */
static void test_memory_map(void **state)
{
	static const uint32_t ends[] = {0x00000000, 0x00003FFC, 0x20000000, 0x2001FFFC,
					0x20020000, 0x2007BFFC, 0x2007C000, 0x2007FFFC};
	struct bench_step steps[2 * COUNT(ends) + 4] = {{0x40023830, 0, 0x10},
							{0x40021000, 0, 0x40000}};
	struct bench bench;

	(void)state;
	for (size_t i = 1; i < COUNT(ends); i++) { /* address 0 would end the script */
		steps[2 * i] = (struct bench_step){ends[i], 0, (uint32_t)(0x1000 + i)};
		steps[2 * i + 1] = (struct bench_step){ends[i], ~0u, (uint32_t)(0x1000 + i)};
	}
	steps[2 * COUNT(ends)] = (struct bench_step){0x40021018, 0, 0x200};
	steps[2 * COUNT(ends) + 1] = (struct bench_step){0x20080000, 0, 1};
	bench_open(&bench, 3);
	bench_load_script(&bench, steps, COUNT(steps));
	chip_set_supply(bench.chip, 3.3);
	bench_run(&bench, 3 * BENCH_MS);
	assert_int_equal(bench.edge_count, 1);
	bench_assert_fault(&bench, "access to unmodelled register 0x20080000");
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_marker_times),
		cmocka_unit_test(test_boots_over_itcm),
		cmocka_unit_test(test_vtor_is_boot_address),
		cmocka_unit_test(test_to_216_mhz_and_speak),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_sleep_wakes_by_systick),
		cmocka_unit_test(test_software_reset),
		cmocka_unit_test(test_pin_reset_and_power),
		cmocka_unit_test(test_faults_stop_until_reset),
		cmocka_unit_test(test_memory_map),
		cmocka_unit_test(test_determinism),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
