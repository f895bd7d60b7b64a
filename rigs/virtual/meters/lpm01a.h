/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ST X-NUCLEO-LPM01A (PowerShield) as its virtual COM port shows it: ASCII commands, ASCII or
 * binary acquisition stream, its own supply for the target, D7 as event and trigger input. Written
 * from the device sheet alone (command help of the instrument; UM2243 for accuracy). What the sheet
 * leaves open is marked `assumed` where it is decided.
 */
#ifndef RIGS_VIRTUAL_METERS_LPM01A_H
#define RIGS_VIRTUAL_METERS_LPM01A_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VLPM01A_QUEUE_BYTES (1u << 20)
#define VLPM01A_LOGIC_D7    1u

/* What holds at the instrument's connectors from start_ps to end_ps. */
struct vlpm01a_slice {
	int64_t start_ps, end_ps; /* start: the end of the slice before; 0 at first */
	double current_a;         /* true mean current into the target */
	double board_c;           /* temperature of the instrument */
	uint8_t logic;            /* levels that the target drives: VLPM01A_LOGIC_* */
};

struct vlpm01a;

/* Powered up at time 0, and calibrated then. NULL: out of memory. */
struct vlpm01a *vlpm01a_new(uint64_t seed);
void vlpm01a_free(struct vlpm01a *meter);
/* From here on gain, zero and supply voltage are exact, and the output has no resistance. Noise,
 * steps, ranges and the crystal's error stay. */
void vlpm01a_make_ideal(struct vlpm01a *meter);

/* Bytes from the host; they are dropped while the instrument starts up after psrst. */
void vlpm01a_host_bytes(struct vlpm01a *meter, const uint8_t *bytes, size_t count);
/* Takes up to capacity bytes for the host. At most VLPM01A_QUEUE_BYTES wait; whole records beyond
 * that are lost, and an error record says so when there is room again. */
size_t vlpm01a_take_bytes(struct vlpm01a *meter, uint8_t *ret_bytes, size_t capacity);
size_t vlpm01a_pending_bytes(const struct vlpm01a *meter);
/* True once after each psrst: the USB device went away, the host must open the port again. */
bool vlpm01a_take_link_lost(struct vlpm01a *meter);

void vlpm01a_slice(struct vlpm01a *meter, const struct vlpm01a_slice *slice);
/* When the instrument acts next by itself (sample, supply, trigger delay); INT64_MAX: never. The
 * supply changes at such times: a slice should not go beyond. */
int64_t vlpm01a_next_event_ps(const struct vlpm01a *meter);

/* Until when the instrument starts up, or waits before it begins what the host asked for;
 * INT64_MIN: it does not. */
int64_t vlpm01a_busy_until_ps(const struct vlpm01a *meter);
unsigned vlpm01a_sample_hz(const struct vlpm01a *meter);

/* True voltage at the target, for the current of the last slice; 0: switched off. */
double vlpm01a_supply_v(const struct vlpm01a *meter);
/* Level of D2 and D3: the last sample exceeded currthres. */
bool vlpm01a_threshold_level(const struct vlpm01a *meter);
/* What the display shows in line 0 or 1, up to 16 characters. */
const char *vlpm01a_lcd(const struct vlpm01a *meter, unsigned line);
bool vlpm01a_acquiring(const struct vlpm01a *meter); /* also while it waits for its trigger */

/* Faults. The next count samples are not sent. */
void vlpm01a_lose_samples(struct vlpm01a *meter, unsigned count);
/* The next count bytes of the stream of samples are not sent. */
void vlpm01a_lose_bytes(struct vlpm01a *meter, unsigned count);
/* The next count samples use the lowest range, whatever the current. */
void vlpm01a_stick_range(struct vlpm01a *meter, unsigned count);
/* The next count samples read the top of the highest range, as over-current. */
void vlpm01a_saturate(struct vlpm01a *meter, unsigned count);
/* The next count edges of D7 are not seen. */
void vlpm01a_miss_events(struct vlpm01a *meter, unsigned count);

#endif
