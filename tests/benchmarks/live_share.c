/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a live instrument costs the host: a whole driver, its link and its conversion, reads a
 * stream that arrives as fast as a real instrument sends it, from another process. Processor time
 * of this process, over the time that passes. The peer, in the same run: a loop that only sleeps
 * and wakes up as often as the driver did, which on a virtual machine can cost more than all the
 * rest. live_share.sh gives it its instruments.
 *
 *   live_share DRIVER URI SUPPLY_V OPTIONS SECONDS MOST_PERCENT
 *
 * SUPPLY_V: 0 for a meter that feeds no board. OPTIONS: "" or the driver's own. A virtual
 * instrument on a busy host falls behind its rate: what is judged is the share at the nominal one.
 * Exit status 1: that is more than MOST_PERCENT of a core, waking up included, a sample was lost,
 * or the stream had less than nine tenths of its rate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "drivers/meter/meter.h"
#include "tests/benchmarks/timing.h"

static const double rate_least = 0.9;

static struct meter_block block;

static long memory_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* How often this process has waited, all threads together. */
static long wakeups(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nvcsw;
}

struct account {
	double samples, lost, wall_s, processor_s;
	uint32_t flags;
	long wakeups;
	long grown_kib; /* after the first tenth */
};

static void check(int ret, const struct err *err)
{
	if (!ret)
		return;
	fprintf(stderr, "live_share: %s\n", err->text);
	exit(3);
}

/* The first second is not counted: the stream starts, and everything is touched for the first time.
 */
static struct account run(struct meter *meter, double duration_s)
{
	double begin_s = clock_seconds(CLOCK_MONOTONIC) + 1, now_s = 0, processor_s = 0;
	struct account account = {0};
	long first_kib = 0;
	struct err err;

	check(meter_start(meter, &err), &err);
	do {
		check(meter_read(meter, &block, 2000, &err), &err);
		now_s = clock_seconds(CLOCK_MONOTONIC);
		account.lost += (double)block.lost;
		account.flags |= block.flags;
		if (now_s < begin_s)
			continue;
		if (processor_s == 0) { /* what was read up to here is the start's */
			begin_s = now_s;
			processor_s = processor_seconds();
			account.wakeups = -wakeups();
			continue;
		}
		account.samples += block.count;
		if (!first_kib && now_s - begin_s > duration_s / 10)
			first_kib = memory_kib();
	} while (now_s < begin_s + duration_s);
	account.wall_s = now_s - begin_s;
	account.processor_s = processor_seconds() - processor_s;
	account.wakeups += wakeups();
	account.grown_kib = memory_kib() - first_kib;
	return account;
}

/* Processor time per second of waking up so often and doing nothing. */
static double naps(double per_s, double duration_s)
{
	const struct timespec nap = {.tv_nsec = (long)(1e9 / per_s)};
	double begin_s = clock_seconds(CLOCK_MONOTONIC), from_s = processor_seconds();
	unsigned count = 0;

	for (; clock_seconds(CLOCK_MONOTONIC) < begin_s + duration_s; count++)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
	return (processor_seconds() - from_s) / count * per_s;
}

int main(int argc, char **argv)
{
	struct meter_settings settings;
	double most_percent, percent, naps_percent, per_s, rate_hz, nominal_hz;
	struct account account;
	struct meter *meter;
	struct err err;

	if (argc != 7 || atof(argv[5]) <= 0) {
		fprintf(stderr,
			"usage: live_share DRIVER URI SUPPLY_V OPTIONS SECONDS MOST_PERCENT\n");
		return 2;
	}
	settings = (struct meter_settings){.supply_v = atof(argv[3]), .options = argv[4]};
	most_percent = atof(argv[6]);
	check(meter_open_uri(argv[1], NULL, argv[2], &settings, &meter, &err), &err);
	if (meter_info(meter)->caps & METER_CAP_SUPPLY)
		check(meter_supply(meter, true, &err), &err);
	account = run(meter, atof(argv[5]));
	nominal_hz = meter_info(meter)->rate_hz;
	meter_close(meter); /* its threads would count as naps */
	rate_hz = account.samples / account.wall_s;
	per_s = (double)account.wakeups / account.wall_s;
	naps_percent = 100 * naps(per_s, atof(argv[5]) / 4);
	percent = 100 * account.processor_s / account.wall_s * nominal_hz / rate_hz;
	printf("%s: %.2f %% of a core (asked: at most %g %%) at %.1f kSa/s of %.1f for %.1f s; "
	       "%.0f "
	       "wakeups a second alone take %.2f %%\n",
	       argv[1], percent, most_percent, rate_hz / 1e3, nominal_hz / 1e3, account.wall_s,
	       per_s, naps_percent);
	printf("      %.0f lost, flags %x, memory %+ld KiB after a tenth\n", account.lost,
	       account.flags, account.grown_kib);
	return percent > most_percent || account.lost > 0 || account.flags ||
	       rate_hz < rate_least * nominal_hz || account.grown_kib > 1024;
}
