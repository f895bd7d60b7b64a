/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual STM32L552 as a whole: small Thumb programs in its flash, pins, resets, time and
 * slices, and a bootloader session over its UART pins.
 */
#include "tests/unit/virtual/test_l552.h"

#define BANK_BYTES   0x40000
#define PAGE_BYTES   0x800
#define OWN_PAGE     100u
#define ECHO_BAUD    114286
#define BOOT_ADDRESS "0x08000000"
#define GATED        "USART3 (0x4000481c)"
#define ROM_ID       "\x72"
#define ROM_UID      "\x0B\xFA\x05\x90\x64"

/* PE9 an output; then for ever: high, 100 turns of subs/bne, low, 50 turns. */
static const uint16_t program_marker[] = {
	0x4809, 0x2110, 0x6001, 0x4809, 0xF46F, 0x2100, 0x6001, 0xF44F,
	0x7200, 0xF04F, 0x7300, 0x6182, 0x2464, 0x3C01, 0xD1FD, 0x6183,
	0x2432, 0x3C01, 0xD1FD, 0xE7F6, 0x104C, 0x4002, 0x1000, 0x4202,
};

/* SysTick every 4000 cycles, interrupts masked; for ever: wfi, PE9 high, clear PENDST, PE9 low. */
static const uint16_t program_sleep[] = {
	0x480D, 0x2110, 0x6001, 0x480D, 0xF46F, 0x2100, 0x6001, 0xF44F, 0x7200,
	0xF04F, 0x7300, 0xB672, 0x4E09, 0xF640, 0x779F, 0x6077, 0x60B7, 0x2707,
	0x6037, 0x4D07, 0xF04F, 0x7400, 0xBF30, 0x6182, 0x602C, 0x6183, 0xE7FA,
	0x0000, 0x104C, 0x4002, 0x1000, 0x4202, 0xE010, 0xE000, 0xED04, 0xE000,
};

/* Unlocks flash; PE9 high; NSCR = word at 0x08000200; PE9 low; high; waits for NSBSY to fall;
 * programs a double word at 0x08040000; PE9 low; stands. */
static const uint16_t program_erase[] = {
	0x4811, 0x2110, 0x6001, 0x4811, 0xF46F, 0x2100, 0x6001, 0xF44F, 0x7200, 0xF04F, 0x7300,
	0x4C0E, 0x4D0E, 0x60A5, 0x4D0E, 0x60A5, 0x4E0E, 0x4D0F, 0x682D, 0x6182, 0x62A5, 0x6183,
	0x6182, 0x6A25, 0xF415, 0x3F80, 0xD1FB, 0x2501, 0x62A5, 0x4F0A, 0x6037, 0x4F0A, 0x6077,
	0x6183, 0xE7FE, 0x0000, 0x104C, 0x4002, 0x1000, 0x4202, 0x2000, 0x4002, 0x0123, 0x4567,
	0x89AB, 0xCDEF, 0x0000, 0x0804, 0x0200, 0x0800, 0x3344, 0x1122, 0x7788, 0x5566,
};

/* Without SFTRSTF in RCC_CSR: AIRCR.SYSRESETREQ; with it: PE9 high. */
static const uint16_t program_reset[] = {
	0x480B, 0x6801, 0xF011, 0x5F80, 0xD105, 0x480A, 0x490A, 0xF3BF, 0x8F4F,
	0x6001, 0xE7FE, 0x4809, 0x2110, 0x6001, 0x4808, 0xF46F, 0x2100, 0x6001,
	0xF44F, 0x7200, 0xF04F, 0x7300, 0x6182, 0xE7FE, 0x1094, 0x4002, 0xED0C,
	0xE000, 0x0004, 0x05FA, 0x104C, 0x4002, 0x1000, 0x4202,
};

/* Reads USART3_ISR without its clock. */
static const uint16_t program_gated[] = {
	0xBF00, 0x4801, 0x69C1, 0xE7FE, 0x4800, 0x4000,
};

/* USART3 at 114286 8N1 from 4 MHz; sleeps, and answers each byte with the next one. */
static const uint16_t program_echo[] = {
	0x480E, 0x2104, 0x6001, 0xF44F, 0x2180, 0x60C1, 0x480C, 0xF46F, 0x01A0, 0x6001,
	0xF247, 0x7100, 0x6241, 0x480A, 0x2123, 0x60C1, 0x212D, 0x6001, 0x4A08, 0xF04F,
	0x4300, 0x6013, 0xB672, 0x4D07, 0xBF30, 0x6A41, 0x3101, 0x6281, 0x602B, 0xE7F9,
	0x104C, 0x4002, 0x0800, 0x4202, 0x4800, 0x4000, 0xE104, 0xE000, 0xE284, 0xE000,
};

#include "tests/unit/virtual/test_part_l4l5.h"

/* Bank 2 as a whole; a double word that is not erased is refused, without a fault; the loader's own
 * SRAM is not the host's. */
static void test_rom_erase_and_refusals(void **state)
{
	struct bench bench;
	uint8_t *flash;

	(void)state;
	bench_open(&bench, 3);
	flash = bench_chip(&bench)->flash;
	memset(flash, 0, L552_FLASH_BYTES);
	chip_set_boot0(bench.chip, true);
	chip_set_supply(bench.chip, 3.0);
	bench_run(&bench, 10 * BENCH_MS);
	loader_exchange(&bench, "\x7F", 1, "\x79", 1);
	loader_exchange(&bench, "\x44\xBB", 2, "\x79", 1);
	loader_exchange(&bench, "\xFF\xFD\x02", 3, "\x79", 1);
	assert_int_equal(flash[0x3FFFF], 0);
	assert_int_equal(flash[0x40000], 0xFF);
	assert_int_equal(flash[0x7FFFF], 0xFF);
	loader_exchange(&bench, "\x44\xBB", 2, "\x79", 1);
	loader_exchange(&bench, "\x00\x00\x01\x00\x01", 5, "\x1F", 1); /* page 256 */
	loader_exchange(&bench, "\x31\xCE", 2, "\x79", 1);
	loader_exchange(&bench, "\x08\x00\x00\x00\x08", 5, "\x79", 1);
	loader_exchange(&bench, "\x07\x01\x01\x01\x01\x01\x01\x01\x01\x07", 10, "\x1F", 1);
	assert_int_equal(flash[0], 0);
	loader_exchange(&bench, "\x31\xCE", 2, "\x79", 1);
	loader_exchange(&bench, "\x20\x00\x00\x00\x20", 5, "\x1F", 1);
	loader_exchange(&bench, "\x31\xCE", 2, "\x79", 1);
	loader_exchange(&bench, "\x20\x03\xFF\xFC\x20", 5, "\x79", 1);
	loader_exchange(&bench, "\x03\x12\x34\x56\x78\x0B", 6, "\x79", 1);
	assert_memory_equal(bench_chip(&bench)->sram + 0x3FFFC, "\x12\x34\x56\x78", 4);
	bench_assert_no_fault(&bench);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(test_rom_erase_and_refusals),
		cmocka_unit_test(test_determinism),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
