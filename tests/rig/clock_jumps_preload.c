/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded by clock_jumps.sh: the host's wall clock jumps by an hour back and forth, at every
 * reading. CLOCK_MONOTONIC is left alone.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_uint readings;

static time_t jump(void)
{
	return atomic_fetch_add(&readings, 1) % 2 ? 3600 : -3600;
}

int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	int ret = (int)syscall(SYS_clock_gettime, clock, ret_now);

	if (!ret && clock == CLOCK_REALTIME)
		ret_now->tv_sec += jump();
	return ret;
}

time_t time(time_t *ret_now)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret_now)
		*ret_now = now.tv_sec;
	return now.tv_sec;
}
