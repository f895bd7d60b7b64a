/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ring behind a bulk stream, on a carrier that is played by the test: transfers come back when
 * a thread of the test says so.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "drivers/link/link.h"
#include "drivers/link/usb_ring.h"

enum { TRANSFERS = 4, TRANSFER_BYTES = 512, CHUNKS = 40 };

static const struct timespec pause_1ms = {.tv_nsec = 1000000};
static struct usb_ring ring;
static uint8_t *flying[TRANSFERS]; /* by transfer; written with the ring's lock held */

static int submit(void *context, unsigned transfer, uint8_t *bytes, size_t size)
{
	(void)context;
	assert_int_equal(size, TRANSFER_BYTES);
	flying[transfer] = bytes;
	return 0;
}

static void cancel(void *context, unsigned transfer)
{
	(void)context;
	usb_ring_complete(&ring, transfer, -ECANCELED, 0, NULL);
}

static uint8_t *buffer_new(void *context, size_t size)
{
	(void)context;
	return malloc(size);
}

static void buffer_free(void *context, uint8_t *bytes, size_t size)
{
	(void)context;
	(void)size;
	free(bytes);
}

static const struct usb_ring_carrier carrier = {submit, cancel, buffer_new, buffer_free};

static void begin(void)
{
	const struct usb_stream_settings settings = {.transfers = TRANSFERS,
						     .transfer_bytes = TRANSFER_BYTES};

	assert_int_equal(usb_ring_init(&ring, &carrier, NULL, &settings, NULL), 0);
	assert_int_equal(usb_ring_start(&ring, NULL), 0);
}

/* Writes the number of the chunk, if its transfer is under way. */
static bool fill(unsigned chunk)
{
	bool is_flying;

	pthread_mutex_lock(&ring.lock);
	is_flying = ring.is_flying[chunk % TRANSFERS];
	if (is_flying)
		flying[chunk % TRANSFERS][0] = (uint8_t)chunk;
	pthread_mutex_unlock(&ring.lock);
	return is_flying;
}

static void complete_next(unsigned chunk)
{
	while (!fill(chunk))
		nanosleep(&pause_1ms, NULL);
	usb_ring_complete(&ring, chunk % TRANSFERS, 0, TRANSFER_BYTES, NULL);
}

/* One every millisecond. */
static void *device_run(void *arg)
{
	(void)arg;
	for (unsigned chunk = 0; chunk < CHUNKS; chunk++) {
		nanosleep(&pause_1ms, NULL);
		complete_next(chunk);
	}
	return NULL;
}

/* One thread for each transfer would be one wakeup for each: the reader finds nothing, and waits,
 * at most once per USB_RING_GATHER_MS, or for half of the buffers. */
static void reader_waits_for_many(void **state)
{
	struct usb_chunk chunk;
	pthread_t device;
	unsigned waits = 0;
	int64_t begin_ns = link_now_ns(), ms;

	(void)state;
	begin();
	assert_int_equal(pthread_create(&device, NULL, device_run, NULL), 0);
	for (unsigned i = 0; i < CHUNKS; i++) {
		pthread_mutex_lock(&ring.lock);
		waits += !ring.ready_count;
		pthread_mutex_unlock(&ring.lock);
		assert_int_equal(usb_ring_read(&ring, &chunk, 10000, NULL), 0);
		assert_int_equal(chunk.count, TRANSFER_BYTES);
		assert_int_equal(chunk.bytes[0], i);
	}
	pthread_join(device, NULL);
	ms = (link_now_ns() - begin_ns) / 1000000;
	assert_true(waits <= ms / USB_RING_GATHER_MS + CHUNKS / (ring.buffer_count / 2) + 1);
	assert_int_equal(usb_ring_stop(&ring, 1000), 0);
	assert_int_equal(usb_ring_read(&ring, &chunk, 10000, NULL), -ENODATA);
	usb_ring_done(&ring);
}

/* What is there is handed out at once, and when the time is over, however few they are. */
static void few_come_in_time(void **state)
{
	struct usb_chunk chunk;

	(void)state;
	begin();
	assert_int_equal(usb_ring_read(&ring, &chunk, 0, NULL), -ETIMEDOUT);
	complete_next(0);
	assert_int_equal(usb_ring_read(&ring, &chunk, 0, NULL), 0);
	assert_int_equal(usb_ring_read(&ring, &chunk, 1, NULL), -ETIMEDOUT);
	complete_next(1);
	usb_ring_complete(&ring, 2, -ENODEV, 0, NULL);
	assert_int_equal(usb_ring_read(&ring, &chunk, 10000, NULL), 0);
	assert_int_equal(usb_ring_read(&ring, &chunk, 10000, NULL), -ENODEV);
	usb_ring_done(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_waits_for_many),
		cmocka_unit_test(few_come_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
