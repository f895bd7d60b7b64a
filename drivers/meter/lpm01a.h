/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ST X-NUCLEO-LPM01A (PowerShield). It always powers the board: settings.supply_v is 1.8..3.3 V, up
 * to 50 mA, and meter_supply switches it. It measures no voltage.
 *
 * Logic bit 0 is D7, and not its level: the instrument reports edges, by default and by what is
 * documented falling ones only (firmware 1.0.6 and later), and the bit toggles with each, from 0
 * at the start. So it is 1 from one falling edge to the next: EEMBC's protocol, in which an open
 * drain pulse begins a window and another ends it. A line that is high for the window has one
 * falling edge, at its end, and shows no window here: it needs event=both, with which the bit is
 * the level of a line that is low at the start. Not every firmware may know that; one that does not
 * refuses it, and meter_open fails. Two edges within a sample are METER_BLOCK_RESYNC.
 *
 * Samples have no numbers. Lost ones show by a damaged line (ASCII) or a broken frame (binary), and
 * by the instrument's time stamps, to a millisecond's worth of samples; what only the time stamps
 * show is METER_BLOCK_TIME_MISMATCH and lost, before the block that follows the time stamp. A
 * broken frame is flagged so too: in binary the samples since the time stamp before it are
 * doubtful.
 */
#ifndef DRIVERS_METER_LPM01A_H
#define DRIVERS_METER_LPM01A_H

#include "drivers/meter/meter.h"

extern const struct meter_ops meter_lpm01a;

#endif
