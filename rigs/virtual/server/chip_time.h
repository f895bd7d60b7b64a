/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A chip's time against its board's: usually the same. A chip whose clocks are all fast by a share
 * lives its own time, which passes faster; one that hangs stands still in it.
 */
#ifndef RIGS_VIRTUAL_SERVER_CHIP_TIME_H
#define RIGS_VIRTUAL_SERVER_CHIP_TIME_H

#include <math.h>
#include <stdint.h>

struct chip_time {
	int64_t board_ps, chip_ps; /* the same moment in both */
	double excess;             /* the chip's time passes (1 + excess) times as fast */
};

static inline int64_t chip_time_of_board(const struct chip_time *time, int64_t board_ps)
{
	int64_t passed = board_ps - time->board_ps;

	if (time->excess != 0)
		passed += (int64_t)llround((double)passed * time->excess);
	return time->chip_ps + passed;
}

static inline int64_t chip_time_to_board(const struct chip_time *time, int64_t chip_ps)
{
	int64_t passed = chip_ps - time->chip_ps;

	if (time->excess != 0)
		passed = (int64_t)llround((double)passed / (1 + time->excess));
	return time->board_ps + passed;
}

#endif
