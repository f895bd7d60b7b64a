/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a bulk IN stream costs the host: drivers/link's ring, beside a bare libusb ring that counts
 * bytes and hands nothing over. Both on the played kernel of tests/seam, so the device and the
 * kernel's copy are a thread that is left out of the processor time.
 *
 * Unpaced: how fast it goes. Paced: a Joulescope JS110's 2 MS/s in frames of 512 bytes, 8.3 MB/s.
 *
 * usage: benchmarks_usb_stream [SECONDS]
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libusb.h>

#include "drivers/link/usb.h"
#include "tests/benchmarks/timing.h"
#include "tests/seam/usbfs.h"

enum { IN = 0x81, TRANSFERS = 16, TRANSFER_BYTES = 32 << 10 };

static const double paced_byte_per_s = 8.3e6;

static struct seam_usb device = {
	.vendor = 0x16D0,
	.product = 0x0E88,
	.manufacturer = "bench",
	.product_name = "stream",
	.serial = "1",
	.address = 5,
};

/* ---- the device ---- */

struct sender {
	pthread_t thread;
	atomic_bool stop;
	double byte_per_s; /* 0: as fast as they are taken */
	double sent_byte, missed_byte, cpu_s;
};

/* A paced device that finds no transfer waiting loses what it had, as a real one. */
static void *send_run(void *arg)
{
	static uint8_t bytes[TRANSFER_BYTES];
	struct sender *sender = arg;
	double begin_s = clock_seconds(CLOCK_MONOTONIC);

	while (!atomic_load(&sender->stop)) {
		double offered = sender->sent_byte + sender->missed_byte, due_s;
		const struct timespec nap = {.tv_nsec = 100000};
		int taken;

		if (sender->byte_per_s > 0) {
			due_s = offered / sender->byte_per_s;
			if (clock_seconds(CLOCK_MONOTONIC) - begin_s < due_s) {
				nanosleep(&nap, NULL);
				continue;
			}
		}
		taken = seam_usb_send(&device, IN, bytes, sizeof(bytes));
		if (taken > 0)
			sender->sent_byte += taken;
		else if (sender->byte_per_s > 0)
			sender->missed_byte += sizeof(bytes);
		else
			sched_yield();
	}
	sender->cpu_s = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static void sender_start(struct sender *sender, double byte_per_s)
{
	memset(sender, 0, sizeof(*sender));
	sender->byte_per_s = byte_per_s;
	if (pthread_create(&sender->thread, NULL, send_run, sender))
		abort();
}

static void sender_stop(struct sender *sender)
{
	atomic_store(&sender->stop, true);
	pthread_join(sender->thread, NULL);
}

/* ---- one run each ---- */

struct result {
	double byte_per_s, cpu_share, missed_byte, cpu_ns_per_kib;
	unsigned long transfers;
};

static void result_make(struct result *result, const struct sender *sender, double received_byte,
			double wall_s, double cpu_s)
{
	result->byte_per_s = received_byte / wall_s;
	result->cpu_share = (cpu_s - sender->cpu_s) / wall_s;
	result->missed_byte = sender->missed_byte;
	result->cpu_ns_per_kib = (cpu_s - sender->cpu_s) * 1e9 / (received_byte / 1024);
}

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static struct result ours_run(double duration_s, double byte_per_s)
{
	const struct usb_expected any = {0, 0, 0};
	const struct usb_stream_settings settings = {IN, TRANSFER_BYTES, TRANSFERS};
	struct result result = {0};
	struct sender sender;
	struct usb *usb;
	struct err err;
	double begin_s, cpu_s, received = 0;

	if (usb_open("usb:16d0:0e88", &any, &usb, &err) || usb_stream_start(usb, &settings, &err))
		fail(err.text);
	begin_s = clock_seconds(CLOCK_MONOTONIC);
	cpu_s = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
	sender_start(&sender, byte_per_s);
	while (clock_seconds(CLOCK_MONOTONIC) - begin_s < duration_s) {
		struct usb_chunk chunk;

		if (usb_stream_read(usb, &chunk, 1000, &err))
			fail(err.text);
		received += (double)chunk.count;
		result.transfers++;
	}
	sender_stop(&sender);
	result_make(&result, &sender, received, clock_seconds(CLOCK_MONOTONIC) - begin_s,
		    clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_s);
	usb_close(usb);
	return result;
}

struct bare {
	double received_byte;
	unsigned long transfers;
	unsigned flying;
	bool stop;
};

static void LIBUSB_CALL bare_done(struct libusb_transfer *transfer)
{
	struct bare *bare = transfer->user_data;

	bare->received_byte += transfer->actual_length;
	bare->transfers++;
	if (bare->stop || libusb_submit_transfer(transfer))
		bare->flying--;
}

static struct result bare_run(double duration_s, double byte_per_s)
{
	struct libusb_transfer *transfers[TRANSFERS];
	struct bare bare = {.flying = TRANSFERS};
	struct result result = {0};
	struct timeval wait = {.tv_usec = 100000};
	libusb_device_handle *handle;
	libusb_context *context;
	struct sender sender;
	double begin_s, cpu_s;

	if (libusb_init(&context))
		fail("libusb_init");
	handle = libusb_open_device_with_vid_pid(context, device.vendor, device.product);
	if (!handle || libusb_claim_interface(handle, 0))
		fail("libusb_open");
	for (int i = 0; i < TRANSFERS; i++) {
		transfers[i] = libusb_alloc_transfer(0);
		libusb_fill_bulk_transfer(transfers[i], handle, IN,
					  libusb_dev_mem_alloc(handle, TRANSFER_BYTES),
					  TRANSFER_BYTES, bare_done, &bare, 0);
		if (libusb_submit_transfer(transfers[i]))
			fail("libusb_submit_transfer");
	}
	begin_s = clock_seconds(CLOCK_MONOTONIC);
	cpu_s = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
	sender_start(&sender, byte_per_s);
	while (clock_seconds(CLOCK_MONOTONIC) - begin_s < duration_s)
		libusb_handle_events_timeout_completed(context, &wait, NULL);
	sender_stop(&sender);
	result_make(&result, &sender, bare.received_byte, clock_seconds(CLOCK_MONOTONIC) - begin_s,
		    clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_s);
	result.transfers = bare.transfers;
	bare.stop = true;
	for (int i = 0; i < TRANSFERS; i++)
		libusb_cancel_transfer(transfers[i]);
	while (bare.flying)
		libusb_handle_events_timeout_completed(context, &wait, NULL);
	for (int i = 0; i < TRANSFERS; i++) {
		libusb_dev_mem_free(handle, transfers[i]->buffer, TRANSFER_BYTES);
		libusb_free_transfer(transfers[i]);
	}
	libusb_close(handle);
	libusb_exit(context);
	return result;
}

static void print(const char *what, const char *who, const struct result *result)
{
	printf("%-8s %-12s %9.1f MB/s  %8lu transfers  cpu %6.2f %%  %7.0f ns/KiB  missed %.0f B\n",
	       what, who, result->byte_per_s * 1e-6, result->transfers, result->cpu_share * 100,
	       result->cpu_ns_per_kib, result->missed_byte);
}

int main(int argc, char **argv)
{
	double duration_s = argc > 1 ? atof(argv[1]) : 3;
	struct result ours, bare;

	seam_usb_plug(&device);
	bare = bare_run(duration_s, 0);
	ours = ours_run(duration_s, 0);
	print("unpaced", "bare libusb", &bare);
	print("unpaced", "ours", &ours);
	printf("ratio of throughput, ours : bare  %.2f\n", ours.byte_per_s / bare.byte_per_s);
	bare = bare_run(duration_s, paced_byte_per_s);
	ours = ours_run(duration_s, paced_byte_per_s);
	print("paced", "bare libusb", &bare);
	print("paced", "ours", &ours);
	printf("ratio of processor time, ours : bare  %.2f\n", ours.cpu_share / bare.cpu_share);
	return ours.missed_byte > 0;
}
