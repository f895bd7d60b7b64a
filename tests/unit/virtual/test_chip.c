/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual STM32L4R5 as a whole: small Thumb programs in its flash, pins, resets, time and
 * slices, and a bootloader session over its UART pins.
 */
#include "tests/unit/virtual/chip_bench.h"

#define BANK_BYTES   0x100000
#define PAGE_BYTES   0x1000
#define OWN_PAGE     200u
#define ECHO_BAUD    115200
#define BOOT_ADDRESS "0x00000000"
#define GATED        "LPUART1 (0x4000801c)"
#define ROM_ID       "\x70"
#define ROM_UID      "\x1F\xFF\x75\x90\x05"

/* PE9 an output; then for ever: high, 100 turns of subs/bne, low, 50 turns. */
static const uint16_t program_marker[] = {
	0x4809, 0x2110, 0x6001, 0x4809, 0xF46F, 0x2100, 0x6001, 0xF44F,
	0x7200, 0xF04F, 0x7300, 0x6182, 0x2464, 0x3C01, 0xD1FD, 0x6183,
	0x2432, 0x3C01, 0xD1FD, 0xE7F6, 0x104C, 0x4002, 0x1000, 0x4800,
};

/* SysTick every 4000 cycles, interrupts masked; for ever: wfi, PE9 high, clear PENDST, PE9 low. */
static const uint16_t program_sleep[] = {
	0x480D, 0x2110, 0x6001, 0x480D, 0xF46F, 0x2100, 0x6001, 0xF44F, 0x7200,
	0xF04F, 0x7300, 0xB672, 0x4E09, 0xF640, 0x779F, 0x6077, 0x60B7, 0x2707,
	0x6037, 0x4D07, 0xF04F, 0x7400, 0xBF30, 0x6182, 0x602C, 0x6183, 0xE7FA,
	0x0000, 0x104C, 0x4002, 0x1000, 0x4800, 0xE010, 0xE000, 0xED04, 0xE000,
};

/* Unlocks flash; PE9 high; FLASH_CR = word at 0x08000200; PE9 low; waits for BSY to fall; PE9 high;
 * programs a double word at 0x08100000; PE9 low; stands. (Between: a read of bank 2, unused.) */
static const uint16_t program_erase[] = {
	0x4812, 0x2110, 0x6001, 0x4812, 0xF46F, 0x2100, 0x6001, 0xF44F, 0x7200, 0xF04F, 0x7300,
	0x4C0F, 0x4D0F, 0x60A5, 0x4D0F, 0x60A5, 0xF04F, 0x6601, 0x4D0E, 0x682D, 0x6182, 0x6165,
	0x6183, 0x6837, 0x6182, 0x6925, 0xF415, 0x3F80, 0xD1FB, 0x2501, 0x6165, 0x4F09, 0x6037,
	0x4F09, 0x6077, 0x6877, 0x6183, 0xE7FE, 0x104C, 0x4002, 0x1000, 0x4800, 0x2000, 0x4002,
	0x0123, 0x4567, 0x89AB, 0xCDEF, 0x0200, 0x0800, 0x3344, 0x1122, 0x7788, 0x5566,
};

/* Without SFTRSTF in RCC_CSR: AIRCR.SYSRESETREQ; with it: PE9 high. */
static const uint16_t program_reset[] = {
	0x480A, 0x6801, 0xF011, 0x5F80, 0xD105, 0x4809, 0x4909, 0xF3BF, 0x8F4F, 0x6001, 0xE7FE,
	0x4808, 0x2110, 0x6001, 0x4807, 0xF46F, 0x2100, 0x6001, 0xF44F, 0x7200, 0x6182, 0xE7FE,
	0x1094, 0x4002, 0xED0C, 0xE000, 0x0004, 0x05FA, 0x104C, 0x4002, 0x1000, 0x4800,
};

/* Reads LPUART1_ISR without its clock. */
static const uint16_t program_gated[] = {0xBF00, 0x4801, 0x69C1, 0xE7FE, 0x8000, 0x4000};

/* LPUART1 at 115200 8N1 from 4 MHz; sleeps, and answers each byte with the next one. */
static const uint16_t program_echo[] = {
	0x480D, 0x2101, 0x6001, 0x6101, 0xF04F, 0x4090, 0x490B, 0x6001, 0xF648, 0x0100,
	0x6201, 0x480A, 0xF242, 0x21B8, 0x60C1, 0x212D, 0x6001, 0x4A08, 0x2340, 0x6013,
	0xB672, 0xBF30, 0x6A41, 0x3101, 0x6281, 0x4A05, 0x6013, 0xE7F8, 0x104C, 0x4002,
	0xFFAF, 0xABFF, 0x8000, 0x4000, 0xE108, 0xE000, 0xE288, 0xE000,
};

#include "tests/unit/virtual/test_part_l4l5.h"

static void test_unknown_part(void **state)
{
	struct bench bench;
	const struct chip_callbacks callbacks = {&bench, bench_on_byte, bench_on_marker,
						 bench_on_fault};
	const struct chip_config config = {"stm32f411", 1, &callbacks};
	struct chip *chip = NULL;
	struct verr err;

	(void)state;
	assert_true(chip_new(&config, &chip, &err) < 0);
	assert_non_null(strstr(err.text, "stm32f411"));
	assert_null(chip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_part),
		cmocka_unit_test(test_marker_times),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_sleep_wakes_by_systick),
		cmocka_unit_test(test_erase_other_bank),
		cmocka_unit_test(test_erase_own_bank),
		cmocka_unit_test(test_software_reset),
		cmocka_unit_test(test_pin_reset_and_power),
		cmocka_unit_test(test_faults_stop_until_reset),
		cmocka_unit_test(test_echo_by_interrupt),
		cmocka_unit_test(test_rom_session),
		cmocka_unit_test(test_determinism),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
