/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One emulated microcontroller: its core, the registers its port touches, and the loader in its ROM.
 * Virtual time is int64 picoseconds since power was first applied to the rig (106 days fit). Clock
 * errors are in the chip: its oscillators are off by a seeded few tenths of a percent, so cycles and
 * virtual time are different things, as on a board.
 *
 * Illegal sequences (clock above what wait states or voltage range allow, writes to locked flash, DWT
 * without TRCENA) stop the core with a sentence that names the rule: chip_fault.
 */
#ifndef RIGS_VIRTUAL_CHIPS_CHIP_H
#define RIGS_VIRTUAL_CHIPS_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/cores/activity.h"
#include "rigs/virtual/verr.h"

enum chip_parity { CHIP_PARITY_NONE = 1, CHIP_PARITY_EVEN, CHIP_PARITY_ODD };

struct chip_uart_format {
	uint32_t baud;
	enum chip_parity parity;
};

/* Everything the plant needs to turn a slice of time into charge. Counters are differences over the
 * slice; states are those at its end. */
struct chip_activity {
	struct core_counts counts;
	double active_s, sleep_s;      /* time the core ran / slept within the slice */
	double hclk_hz;                /* true frequency */
	double core_v;                 /* regulator set point */
	bool powered, in_reset;
	bool smps_on;                  /* the core is fed by a switching converter, not an LDO */
	bool msi_on, hsi_on, hse_on, pll_on;
	double msi_hz, pll_vco_hz;
	unsigned peripherals_on;       /* peripheral clocks enabled */
	bool flash_busy;               /* erasing or programming */
};

struct chip_callbacks {
	void *context;
	/* The chip's UART sent a byte whose stop bit ends at t_ps. */
	void (*uart_tx)(void *context, uint8_t byte, const struct chip_uart_format *format,
			int64_t t_ps);
	/* Marker line (0..2) changed at t_ps; cycles: core cycle count at the store. */
	void (*marker)(void *context, unsigned line, bool level, int64_t t_ps, uint64_t cycles);
	/* The core stopped for good until reset; sentence names the rule or the fault. */
	void (*fault)(void *context, const char *sentence, int64_t t_ps);
};

struct chip_config {
	const char *part;              /* "stm32l4r5" */
	uint64_t seed;                 /* unique id, oscillator errors, sensor calibration */
	const struct chip_callbacks *callbacks; /* copied */
	/* Where the flash's bytes live: chip_flash_bytes(part) of them, the caller's, used as they are
	 * found and until chip_free. NULL: the chip's own, erased. */
	uint8_t *flash;
	bool repeat; /* chip_run_slice may play back what it has recorded: see repeat.h */
};

struct chip;

/* Size of a part's flash; 0: no such part. */
uint32_t chip_flash_bytes(const char *part);

int chip_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err);
void chip_free(struct chip *chip);

/* Pins and supply; take effect at the current virtual time. vdd_v 0: off. NRST low holds reset; on its
 * rising edge BOOT0 chooses between flash and the ROM loader. Flash content survives everything. */
void chip_set_supply(struct chip *chip, double vdd_v);
void chip_set_nrst(struct chip *chip, bool high);
void chip_set_boot0(struct chip *chip, bool high);
void chip_set_junction(struct chip *chip, double temp_c);
/* The loader in ROM, when it runs, jumps to the program of this vector table, without a reset.
 * Nothing on parts whose loader starts programs by itself only. */
void chip_leave_loader(struct chip *chip, uint32_t address);

/* A byte whose stop bit ends at the current virtual time arrives on the UART pins. */
void chip_uart_rx(struct chip *chip, uint8_t byte, const struct chip_uart_format *format);

/* Lets virtual time pass until t_ps (exactly: the cycles of an instruction that straddles it are charged
 * to the next slice), and reports what happened in between. Callbacks of such an instruction bear their
 * own time, a few core cycles beyond t_ps. */
void chip_run(struct chip *chip, int64_t t_ps, struct chip_activity *ret_activity);

/* A slice's length in core cycles at this clock: as near to 10 us as cycles are. */
#define CHIP_SLICE_PS 10000000
/* Lets virtual time pass for one slice: afterwards chip_now_ps is where it ended. While the core
 * runs, a slice ends behind the instruction that changed a marker line, else on the first
 * instruction's start that is CHIP_SLICE_PS worth of cycles or more after the slice's, and where the
 * clock changes; so with the core's state at its start its activity is the same wherever it lies in
 * time. It ends no later than limit_ps (exactly there, as chip_run), and where the core falls asleep
 * or wakes. While no instruction runs (asleep, off, in the loader), it ends at rest_ps. Both lie
 * ahead of chip_now_ps; when the core stands still for flash, at two slices' time.
 *
 * With chip_config.repeat it may be played back instead of executed: the activity, the callbacks and
 * everything that anyone can see of the chip are the same. */
void chip_run_slice(struct chip *chip, int64_t rest_ps, int64_t limit_ps,
		    struct chip_activity *ret_activity);
/* To be called before the bytes of chip_config.flash are changed by anybody but the chip. */
void chip_flash_will_change(struct chip *chip);

struct chip_slices {
	uint64_t executed, replayed; /* in which instructions ran, since the chip was made */
};
struct chip_slices chip_slices(const struct chip *chip);

/* True while nothing happens in the chip until something comes from outside: it is off, or its
 * loader waits for bytes, or its core sleeps without a timer. */
bool chip_waits(const struct chip *chip);

int64_t chip_now_ps(const struct chip *chip);
const struct core_counts *chip_counts(const struct chip *chip);
const char *chip_uid_text(const struct chip *chip); /* 24 hex digits */
const char *chip_fault(const struct chip *chip);    /* "" while none */

#endif
