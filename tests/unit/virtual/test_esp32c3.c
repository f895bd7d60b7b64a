/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual ESP32-C3 as a whole: boot from flash with the ROM's text, small programs, pins, time
 * and slices, resets and watchdogs.
 */
#include "tests/unit/virtual/test_esp32c3.h"

#include <math.h>

/* GPIO4 by dedicated GPIO; for ever: high, 100 turns of addi/bnez, low, 50 turns. */
static const uint32_t program_marker[] = {
	0x600082B7, 0x50D84337, 0xAA130313, 0x0A62A423, 0x0802A823, 0x8F1D3337, 0x12A30313,
	0x0A62A823, 0x40000337, 0x0A62A623, 0x6001F2B7, 0x0402A423, 0x600092B7, 0x03136309,
	0xAA238003, 0x42B70062, 0x43716000, 0x5662A223, 0x10734305, 0xD0738033, 0x03938050,
	0x13FD0640, 0xFE039FE3, 0x80505073, 0x03200393, 0x9FE313FD, 0xB7D5FE03,
};

/* SYSTIMER target 0 every 16000 ticks, interrupt line 5; for ever wfi; the handler raises and
 * lowers GPIO4. */
static const uint32_t program_sleep[] = {
	0x600082B7, 0x50D84337, 0xAA130313, 0x0A62A423, 0x0802A823, 0x8F1D3337, 0x12A30313,
	0x0A62A823, 0x40000337, 0x0A62A623, 0x6001F2B7, 0x0402A423, 0x600092B7, 0x03136309,
	0xAA238003, 0x42B70062, 0x43716000, 0x5662A223, 0x8030D073, 0x00000317, 0x0B430313,
	0x00136313, 0x30531073, 0x600C22B7, 0xAA234315, 0x430D0862, 0x1262A423, 0xAA234305,
	0x03131862, 0xA2230200, 0x34371062, 0x23036002, 0x03B70004, 0x63330100, 0x20230073,
	0x43370064, 0x03134000, 0x2A23E803, 0x43050264, 0x04642823, 0x06642223, 0x30045073,
	0x10500073, 0x0013BFF5, 0x00130000, 0x00130000, 0x00130000, 0x00130000, 0x00130000,
	0x00130000, 0x00130000, 0x00130000, 0x00130000, 0x00130000, 0x00130000, 0x00130000,
	0x00130000, 0x00130000, 0x00130000, 0x00130000, 0x00130000, 0x00130000, 0x00130000,
	0x00010000, 0xA83DA081, 0xA82DA835, 0xA81DA825, 0xA80DA815, 0xA03DA805, 0xA02DA035,
	0xA01DA025, 0xA00DA015, 0xA839A005, 0xA829A831, 0xA819A821, 0xA809A811, 0xA039A801,
	0xA029A031, 0xA019A021, 0xA009A011, 0x8050D073, 0x26234305, 0x50730664, 0x00738050,
	0x00003020,
};

/* Answers each byte with the next one. */
static const uint32_t program_echo[] = {
	0x600082B7, 0x50D84337, 0xAA130313, 0x0A62A423, 0x0802A823, 0x8F1D3337, 0x12A30313,
	0x0A62A823, 0x40000337, 0x0A62A623, 0x6001F2B7, 0x0402A423, 0x600002B7, 0x01C2A303,
	0x3FF37313, 0xFE030CE3, 0x0002A303, 0xA0230305, 0xB7ED0062,
};

/* Maps flash page 16 at 0x3C000000, copies the word at 8 to 0x3FC90000. */
static const uint32_t program_flash[] = {
	0x600082B7, 0x50D84337, 0xAA130313, 0x0A62A423, 0x0802A823, 0x8F1D3337,
	0x12A30313, 0x0A62A823, 0x40000337, 0x0A62A623, 0x6001F2B7, 0x0402A423,
	0x600C52B7, 0xA0234341, 0x42B70062, 0xA223600C, 0x43050002, 0x0062A023,
	0x0262A423, 0x3C0003B7, 0x0083A303, 0x3FC903B7, 0x0063A023, 0x0000A001,
};

/* Switches SYSTIMER's clock off and reads it. */
static const uint32_t program_gated[] = {
	0x600082B7, 0x50D84337, 0xAA130313, 0x0A62A423, 0x0802A823, 0x8F1D3337, 0x12A30313,
	0x0A62A823, 0x40000337, 0x0A62A623, 0x6001F2B7, 0x0402A423, 0x600C02B7, 0xD9C1E337,
	0x06F30313, 0x0062A823, 0x600232B7, 0x0002A303, 0x0000A001,
};

static const char boot_text[] = "ESP-ROM:esp32c3-api1-20210207\r\n"
				"Build:Feb  7 2021\r\n"
				"rst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\r\n"
				"SPIWP:0xee\r\n"
				"mode:DIO, clock div:1\r\n"
				"load:0x40380000,len:0x34\r\n"
				"entry 0x40380000\r\n";

static void test_boot_text(void **state)
{
	struct c3 *c3 = c3_idle();
	double byte_us;

	(void)state;
	assert_string_equal(c3->text, boot_text);
	assert_int_equal(c3->format.parity, CHIP_PARITY_NONE);
	assert_in_range(c3->format.baud, 115100, 115300);
	byte_us = (double)(c3->text_ps[10] - c3->text_ps[9]) / 1e6;
	assert_true(fabs(byte_us - 86.8) < 0.1);
	assert_true(fabs(c3->activity.hclk_hz / 20e6 - 1) < 11e-6);
	assert_true(c3->activity.pll_on);
	c3_close(c3);
}

/* A chip without an image says so again and again, until a watchdog resets it. */
static void test_boot_without_image(void **state)
{
	struct c3 *c3 = c3_open(1);

	(void)state;
	chip_set_supply(c3->chip, 3.3);
	c3_run(c3, 100 * C3_MS);
	assert_non_null(strstr(c3->text, "invalid header: 0xffffffff\r\n"));
	assert_null(strstr(c3->text, "entry"));
	c3_run(c3, 1500 * C3_MS);
	assert_non_null(strstr(c3->text, "rst:0x7 (TG0WDT_SYS_RST),boot:0xc"));
	c3_assert_no_fault(c3);
	c3_close(c3);
}

static void break_checksum(uint8_t *flash)
{
	flash[(32 + sizeof(program_idle)) | 15] ^= 1;
}

static void other_chip(uint8_t *flash)
{
	flash[12] = 9;
}

static void segment_outside(uint8_t *flash)
{
	c3_store(flash + 24, 0x42000000);
}

static void segment_on_rom_data(uint8_t *flash)
{
	c3_store(flash + 24, 0x3FCDC6F0);
}

static void entry_outside(uint8_t *flash)
{
	c3_store(flash + 4, 0x50002000);
}

static void test_bad_images(void **state)
{
	static const struct {
		void (*damage)(uint8_t *flash);
		const char *text, *fault;
	} cases[] = {
		{break_checksum, "Checksum failed. Calculated 0x", NULL},
		{other_chip, NULL, "image header: chip id 9"},
		{segment_outside, NULL, "segment 0x42000000, 52 bytes, does not lie in RAM"},
		{segment_on_rom_data, NULL, "covers the ROM's stack and data"},
		{entry_outside, NULL, "entry point 0x50002000 does not lie in RAM"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct c3 *c3 = c3_open(1);
		uint8_t *flash = c3_part(c3)->flash;

		c3_image(flash, C3_CODE, program_idle, sizeof(program_idle), C3_CODE);
		cases[i].damage(flash);
		chip_set_supply(c3->chip, 3.3);
		c3_run(c3, 60 * C3_MS);
		if (cases[i].text)
			assert_non_null(strstr(c3->text, cases[i].text));
		if (cases[i].fault)
			c3_assert_fault(c3, cases[i].fault);
		else
			c3_assert_no_fault(c3);
		assert_int_equal(chip_counts(c3->chip)->instructions, 0);
		c3_close(c3);
	}
}

/* Time and cycles of the edges are one clock. */
static void test_marker_times(void **state)
{
	struct c3 *c3 = c3_start(program_marker, COUNT(program_marker));

	(void)state;
	assert_int_equal(c3->edge_count, COUNT(c3->edges));
	for (size_t i = 1; i < c3->edge_count; i++) {
		const struct c3_edge *edge = &c3->edges[i], *before = edge - 1;
		double expected_ps =
			(double)(edge->cycles - before->cycles) * 1e12 / c3->activity.hclk_hz;

		assert_int_equal(edge->line, 0);
		assert_int_equal(edge->level, i % 2 == 0);
		assert_in_range(edge->cycles - before->cycles, i % 2 ? 200 : 100,
				i % 2 ? 520 : 270);
		assert_true(fabs((double)(edge->t_ps - before->t_ps) - expected_ps) < 3);
	}
	c3_close(c3);
}

/* The same run in slices of an odd length: same edges, and the slices add up. */
static void test_slices(void **state)
{
	struct c3 *whole = c3_start(program_marker, COUNT(program_marker));
	struct c3 *sliced = c3_start(program_marker, COUNT(program_marker));
	uint64_t cycles = 0, instructions = 0;
	int64_t end_ps;

	(void)state;
	whole->edge_count = sliced->edge_count = 0;
	c3_run(whole, C3_MS / 2);
	end_ps = chip_now_ps(whole->chip);
	while (chip_now_ps(sliced->chip) < end_ps) {
		int64_t t_ps = chip_now_ps(sliced->chip) + 777777;

		chip_run(sliced->chip, t_ps < end_ps ? t_ps : end_ps, &sliced->activity);
		cycles += sliced->activity.counts.cycles;
		instructions += sliced->activity.counts.instructions;
	}
	assert_true(whole->edge_count > 30);
	assert_int_equal(whole->edge_count, sliced->edge_count);
	assert_memory_equal(whole->edges, sliced->edges,
			    whole->edge_count * sizeof(whole->edges[0]));
	assert_int_equal(instructions, whole->activity.counts.instructions);
	assert_in_range(cycles, whole->activity.counts.cycles - 1,
			whole->activity.counts.cycles + 1);
	assert_in_range(cycles, 9990, 10010);
	c3_close(whole);
	c3_close(sliced);
}

static void test_sleep_wakes_by_systimer(void **state)
{
	struct c3 *c3 = c3_start(program_sleep, COUNT(program_sleep));

	(void)state;
	c3->edge_count = 0;
	c3_run(c3, 10 * C3_MS);
	assert_in_range(c3->edge_count, 18, 20);
	for (size_t i = 2; i < c3->edge_count; i++) {
		double period_s = (double)(c3->edges[i].t_ps - c3->edges[i - 2].t_ps) / 1e12;

		assert_true(fabs(period_s - 1e-3) < 2e-7); /* a few core cycles of jitter */
	}
	assert_true(fabs(c3->activity.active_s + c3->activity.sleep_s - 10e-3) < 1e-12);
	assert_true(c3->activity.active_s > 1e-6 && c3->activity.active_s < 100e-6);
	assert_true(fabs((double)c3->activity.counts.sleep_cycles / c3->activity.hclk_hz -
			 c3->activity.sleep_s) < 1e-6);
	c3_close(c3);
}

/* The interrupt matrix lets nothing through below the threshold, at priority 0 or not enabled. */
static void test_masked_interrupts_do_not_wake(void **state)
{
	static const struct {
		uint32_t address, masks, opens;
	} cases[] = {
		{ESP32C3_INTERRUPT_BASE + 0x194, 4, 3},
		{ESP32C3_INTERRUPT_BASE + 0x128, 0, 15},
		{ESP32C3_INTERRUPT_BASE + 0x104, ~32u, 32},
		{ESP32C3_INTERRUPT_BASE + 0x94, 6, 5},
	};
	struct c3 *c3 = c3_start(program_sleep, COUNT(program_sleep));

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		c3_poke(c3, cases[i].address, cases[i].masks);
		c3_run(c3, C3_MS / 100); /* a handler that runs ends */
		c3->edge_count = 0;
		c3_run(c3, 3 * C3_MS);
		assert_int_equal(c3->edge_count, 0);
		assert_true(c3->activity.active_s == 0);
		c3_poke(c3, cases[i].address, cases[i].opens);
		c3_run(c3, 3 * C3_MS);
		assert_in_range(c3->edge_count, 6, 8);
	}
	c3_close(c3);
}

static void test_echo(void **state)
{
	static const struct chip_uart_format format = {115200, CHIP_PARITY_NONE};
	struct c3 *c3 = c3_start(program_echo, COUNT(program_echo));

	(void)state;
	c3->text_count = 0;
	chip_uart_rx(c3->chip, 'H', &format);
	c3_run(c3, 87 * C3_US);
	chip_uart_rx(c3->chip, 'A', &format);
	c3_run(c3, C3_MS);
	assert_string_equal(c3->text, "IB");
	c3_close(c3);
}

static void test_flash_through_cache(void **state)
{
	struct c3 *c3 = c3_open(3);

	(void)state;
	c3_image(c3_part(c3)->flash, C3_CODE, program_flash, sizeof(program_flash), C3_CODE);
	c3_store(c3_part(c3)->flash + 0x100008, 0xCAFE1234);
	chip_set_supply(c3->chip, 3.3);
	c3_run(c3, 30 * C3_MS);
	c3_assert_no_fault(c3);
	assert_memory_equal(c3_part(c3)->sram1 + 0x10000, "\x34\x12\xFE\xCA", 4);
	/* 24 clocks before the data, 128 with it: at 40 MHz, half that in core cycles. */
	assert_in_range(chip_counts(c3->chip)->flash_stalls, 70, 90);
	c3_close(c3);
}

static void test_gated_clock_stops_core(void **state)
{
	struct c3 *c3 = c3_open(3);
	uint64_t cycles;

	(void)state;
	c3_image(c3_part(c3)->flash, C3_CODE, program_gated, sizeof(program_gated), C3_CODE);
	chip_set_supply(c3->chip, 3.3);
	c3_run(c3, 30 * C3_MS);
	c3_assert_fault(c3, "access to SYSTIMER (0x60023000) while its clock is off");
	assert_non_null(strstr(c3->fault, "(pc 0x403800"));
	cycles = chip_counts(c3->chip)->cycles;
	c3_run(c3, C3_MS);
	assert_int_equal(chip_counts(c3->chip)->cycles, cycles);
	chip_set_nrst(c3->chip, false);
	assert_string_equal(chip_fault(c3->chip), "");
	c3_close(c3);
}

static void test_pins_and_power(void **state)
{
	struct c3 *c3 = c3_start(program_marker, COUNT(program_marker));

	(void)state;
	c3->edge_count = 0;
	chip_set_nrst(c3->chip, false);
	c3->edge_count = 0; /* the pin may have been high */
	c3_run(c3, C3_MS);
	assert_int_equal(c3->edge_count, 0);
	assert_true(c3->activity.in_reset && c3->activity.powered);
	c3->text_count = 0;
	chip_set_nrst(c3->chip, true);
	c3_run(c3, 30 * C3_MS);
	assert_non_null(strstr(c3->text, "rst:0x1 (POWERON)")); /* EN reads like power-on */
	assert_true(c3->edge_count > 4);
	chip_set_supply(c3->chip, 2.0);
	c3_run(c3, C3_MS);
	assert_false(c3->activity.powered);
	chip_set_supply(c3->chip, 3.3);
	c3->edge_count = 0;
	c3_run(c3, 30 * C3_MS);
	assert_true(c3->edge_count > 4);
	c3_assert_no_fault(c3);
	c3_close(c3);
}

/* Each watchdog alone, the others switched off. */
static void test_watchdogs(void **state)
{
	static const struct {
		uint32_t pokes[6][2];
		const char *text;
		int least_ms, most_ms;
	} cases[] = {
		{{{0x600080B0, ESP32C3_SWD_KEY}, {0x600080AC, 0}},
		 "rst:0x12 (SUPER_WDT_RST)",
		 940,
		 960},
		{{{0x6001F048, 1u << 14}}, "rst:0x7 (TG0WDT_SYS_RST)", 0, 1400},
		/* 1360 ticks of 136 kHz, doubled in stage 0; then reset of the RTC domain */
		{{{0x600080A8, ESP32C3_WDT_KEY}, {0x60008094, 1360}, {0x60008090, 0xC0000000}},
		 "rst:0x10 (RTCWDT_RTC_RST)",
		 18,
		 22},
		/* 1 ms prescaled from the 20 MHz APB; stage 0: reset of the system */
		{{{0x6001F04C, 20000u << 16}, {0x6001F050, 30}, {0x6001F048, 0xE0000000}},
		 "rst:0x7 (TG0WDT_SYS_RST)",
		 30,
		 32},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct c3 *c3 = c3_idle();
		int64_t start_ps, reset_ps;

		c3_poke(c3, 0x600080A8, ESP32C3_WDT_KEY);
		for (size_t k = 0; k < 6 && cases[i].pokes[k][0]; k++)
			c3_poke(c3, cases[i].pokes[k][0], cases[i].pokes[k][1]);
		c3_poke(c3, 0x60008050, 0xBEEF); /* store register */
		start_ps = chip_now_ps(c3->chip);
		c3->text_count = 0;
		while (c3_part(c3)->mode == ESP32C3_MODE_RUN &&
		       chip_now_ps(c3->chip) < start_ps + 2000 * C3_MS)
			c3_run(c3, C3_MS / 4);
		reset_ps = chip_now_ps(c3->chip) - start_ps;
		c3_run(c3, 30 * C3_MS);
		assert_non_null(strstr(c3->text, cases[i].text));
		if (i != 0) /* the super watchdog's feed lies before the test's start */
			assert_in_range(reset_ps / C3_MS, cases[i].least_ms, cases[i].most_ms);
		assert_int_equal(c3_peek(c3, 0x60008050), i % 2 ? 0xBEEF : 0);
		c3_close(c3);
	}
}

/* Fed in time they stay quiet; written without their key they do not even notice. */
static void test_watchdog_feed_and_lock(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	c3_poke(c3, 0x6001F04C, 20000u << 16);
	c3_poke(c3, 0x6001F050, 30);
	c3_poke(c3, 0x6001F048, 0xE0000000);
	for (unsigned i = 0; i < 10; i++) {
		c3_run(c3, 20 * C3_MS);
		c3_poke(c3, 0x6001F060, 1);
	}
	assert_int_equal(c3_part(c3)->mode, ESP32C3_MODE_RUN);
	c3_poke(c3, 0x6001F064, 0);
	c3_poke(c3, 0x6001F060, 1);
	c3_poke(c3, 0x6001F048, 0);
	assert_int_equal(c3_peek(c3, 0x6001F048), 0xE0000000);
	c3_run(c3, 40 * C3_MS);
	assert_int_equal(c3_peek(c3, 0x60008038) & 63, ESP32C3_RESET_TG0WDT_SYS);
	c3_close(c3);
}

static void test_software_reset(void **state)
{
	struct c3 *c3 = c3_idle();

	(void)state;
	c3->text_count = 0;
	c3_poke(c3, 0x60008054, 77);
	c3_change(c3, 0x60008000, 0, 1u << 31);
	c3_run(c3, 30 * C3_MS);
	assert_non_null(strstr(c3->text, "rst:0x3 (RTC_SW_SYS_RST),boot:0xc"));
	assert_non_null(strstr(c3->text, "Saved PC:0x403800"));
	assert_int_equal(c3_peek(c3, 0x60008054), 77);
	c3_close(c3);
}

/* Same seed, same everything; another seed, another chip. */
static void test_determinism(void **state)
{
	struct c3 *a = c3_start(program_marker, COUNT(program_marker));
	struct c3 *b = c3_start(program_marker, COUNT(program_marker));
	struct c3 *other = c3_open(4);

	(void)state;
	assert_memory_equal(a->edges, b->edges, sizeof(a->edges));
	assert_memory_equal(c3_part(a)->sram1, c3_part(b)->sram1, ESP32C3_SRAM1_BYTES);
	assert_string_equal(chip_uid_text(a->chip), chip_uid_text(b->chip));
	assert_int_equal(strlen(chip_uid_text(a->chip)), 24);
	assert_string_not_equal(chip_uid_text(a->chip), chip_uid_text(other->chip));
	assert_int_not_equal(c3_part(a)->xtal_error_ppb, c3_part(other)->xtal_error_ppb);
	c3_close(a);
	c3_close(b);
	c3_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot_text),
		cmocka_unit_test(test_boot_without_image),
		cmocka_unit_test(test_bad_images),
		cmocka_unit_test(test_marker_times),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_sleep_wakes_by_systimer),
		cmocka_unit_test(test_masked_interrupts_do_not_wake),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_flash_through_cache),
		cmocka_unit_test(test_gated_clock_stops_core),
		cmocka_unit_test(test_pins_and_power),
		cmocka_unit_test(test_watchdogs),
		cmocka_unit_test(test_watchdog_feed_and_lock),
		cmocka_unit_test(test_software_reset),
		cmocka_unit_test(test_determinism),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
