/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A host's side of the ROM loader's conversation (ST AN3155), over the virtual chip's UART pins.
 */
#ifndef TESTS_UNIT_VIRTUAL_CHIP_LOADER_H
#define TESTS_UNIT_VIRTUAL_CHIP_LOADER_H

#include "tests/unit/virtual/stm32_bench.h"

static const struct chip_uart_format loader_format = {115200, CHIP_PARITY_EVEN};

static inline void loader_put(struct bench *bench, const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bench_run(bench, 96 * BENCH_US);
		chip_uart_rx(bench->chip, ((const uint8_t *)bytes)[i], &loader_format);
	}
}

/* Sends the bytes; what comes back within 60 ms is the answer. */
static inline void loader_exchange(struct bench *bench, const void *bytes, size_t count,
				   const void *answer, size_t answer_count)
{
	bench->byte_count = 0;
	loader_put(bench, bytes, count);
	bench_run(bench, 60 * BENCH_MS);
	assert_int_equal(bench->byte_count, answer_count);
	for (size_t i = 0; i < answer_count; i++) {
		assert_int_equal(bench->bytes[i].byte, ((const uint8_t *)answer)[i]);
		assert_int_equal(bench->bytes[i].format.parity, CHIP_PARITY_EVEN);
	}
}

/* A WRITE at the start of flash. */
static inline void loader_write(struct bench *bench, const void *bytes, uint8_t count)
{
	uint8_t frame[258] = {(uint8_t)(count - 1)};

	loader_exchange(bench, "\x31\xCE", 2, "\x79", 1);
	loader_exchange(bench, "\x08\x00\x00\x00\x08", 5, "\x79", 1);
	memcpy(frame + 1, bytes, count);
	for (size_t i = 0; i <= count; i++)
		frame[count + 1] ^= frame[i];
	loader_exchange(bench, frame, count + 2u, "\x79", 1);
}

#endif
