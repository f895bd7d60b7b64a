/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A meter that is read by a thread of its own while its owner talks to the board, so that a real
 * port loses nothing when the board is slow. Blocks wait in a bounded queue; what does not fit is
 * lost, and counted as such in the next block, as the meter counts its own losses.
 *
 * Tapes (drivers/link/record.h). From start to stop the meter's tape is the reader's alone; the
 * board's stays the owner's. Before each read the reader puts on it whether it was told to stop,
 * and behind each block whether that found the queue full: so a replay reads exactly the blocks
 * that the recorded session read, in the same order, and drops the same ones. What the owner does
 * depends only on the order of blocks and on the board's tape, never on how fast blocks come; so
 * both tapes replay without an order between them being written down. In a replay the reader waits
 * for room instead of losing what was not lost then.
 *
 * A virtual meter's time goes on while it is read: it is read when its owner wants a block, so that
 * a slow host changes nothing, and never loses any.
 */
#ifndef BENCH_SESSION_METER_FEED_H
#define BENCH_SESSION_METER_FEED_H

#include "drivers/link/record.h"
#include "drivers/meter/meter.h"

enum {
	METER_FEED_BLOCKS = 96,     /* with a PPK2 about 2 s, 6 MB */
	METER_FEED_STALL_MS = 5000, /* no sample for so long: the meter is stuck */
};

struct meter_feed;

/* Starts the meter, and the thread. The meter is the feed's until meter_feed_stop. blocks: of the
 * queue, 0: METER_FEED_BLOCKS. */
int meter_feed_start(struct meter *meter, struct link_tape *tape, unsigned blocks,
		     struct meter_feed **ret_feed, struct err *err);
/* The next block, which is valid until the next call. Waits for it as long as the meter may take.
 * Negative: what reading the meter gave, once all blocks from before were taken; -ETIMEDOUT: no
 * sample for METER_FEED_STALL_MS. */
int meter_feed_take(struct meter_feed *feed, const struct meter_block **ret_block, struct err *err);
/* Ends the thread (within a read's time-out), stops the meter, frees the feed; samples that nobody
 * took are dropped. Negative: the meter did not stop. */
int meter_feed_stop(struct meter_feed *feed, struct err *err);

#endif
