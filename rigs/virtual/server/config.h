/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rig file of a virtual rig (YAML):
 *
 *   seed: 1                    every board, meter, noise and error follows from it
 *   pace: 25                   at most so many virtual seconds per host second (default 25)
 *   repeat: off               executes every inference, instead of playing back what repeats exactly
 *                              (default on; the results are the same)
 *   threads: 2                 boards run on so many threads (default: the host's processors)
 *   truth: build/truth.jsonl   the truth log (default: none); emptied when the rig starts
 *   fault_log: build/f.jsonl   what was injected (default: the truth log's path, its ".jsonl"
 *                              replaced by ".faults.jsonl"; none without a truth log)
 *   boards:
 *     - name: nucleo-1         letters, digits, ". _ -"
 *       part: stm32l4r5        stm32l4r5, stm32f767, stm32l552, esp32c3
 *       identity: TEXT         which piece of silicon it is (default its name): boards of one
 *                              identity and part are the same in everything that the seed draws
 *       ambient: 21 degC       (default 21 degC)
 *       chamber: NAME          instead of ambient: the chamber it is in
 *       listen: unix:PATH      or tcp:127.0.0.1:PORT
 *       export: usb            a USB serial port over USB/IP (default: serial, RFC 2217)
 *       supply: ppk2-1         the meter that feeds it, or sits between it and a supply; a
 *                              supply of devices, or a fixed voltage ("3.3 V") without a meter
 *       flash: PATH            file that keeps its flash (default: none, erased at start)
 *       lines: {reset: dtr, boot: "!rts"}
 *                              (default) active while the client asserts the line, "!": while it
 *                              does not; reset pulls NRST low, boot raises BOOT0
 *       lines: devkit          (default of an esp32c3) the two transistors of Espressif's boards:
 *                              EN is low while RTS alone is asserted, GPIO9 while DTR alone is;
 *                              EN's capacitor holds reset for 14 ms longer
 *       usb_loader: unix:PATH  USB/IP: the DFU device that the part's own USB port is while the
 *                              loader in its ROM runs; the busid is NAME-dfu (default: no such
 *                              port). stm32l4r5 and stm32l552
 *       load: PATH             what is connected in the board's place while this file is there:
 *                              its text is a resistance in ohms, or "none" for an open input. Looked
 *                              at whenever the supply is switched on (default: the board, always)
 *       markers: unix:PATH     its marker lines on a socket, stamped as a host's GPIO would
 *                              (marker_port.h); what happens is timed by the host while it has
 *                              a client, so pace: 1 is needed (default: none)
 *       marker_jitter: 15 us   of these stamps (default)
 *       faults: [...]          see fault_kinds.h
 *   meters:
 *     - name: ppk2-1
 *       kind: ppk2             ppk2, lpm01a: they feed the board. js220, js110, ina219, ina226,
 *                              ina228: between a supply of their own and the board. An INA sits on
 *                              a virtual i2c-tiny-usb adapter, and needs pace: 1, because what it
 *                              measures is timed by the host
 *       listen: unix:PATH      RFC 2217 for ppk2 and lpm01a; USB/IP for the others, the busid is
 *                              the name
 *       export: usb            of a ppk2, lpm01a: a USB serial port over USB/IP (default: serial)
 *       supply: 3.3 V          of one in between, and needed there: a fixed voltage. The board
 *                              gets what the shunt leaves of it
 *       wires: {line0: gpi0, line1: gpi1, line2: none}
 *                              marker lines to logic inputs (default: lines 0..2 to d0..d2 of a
 *                              ppk2 and gpi0..gpi2 of a js220, lines 0 and 1 to gpi0 and gpi1 of a
 *                              js110, line 0 to d7 of an lpm01a)
 *       serial: "001234"       on USB (default: drawn). Two meters may have the same
 *       address: 0x40          of an INA (default)
 *       shunt: 0.1 ohm         of an INA (default); the true one is drawn within tolerance: 1 %
 *       calibration: ideal     gain, zero and voltage are exactly what the instrument says (default:
 *                              drawn, each wrong by what the seed gives it; of a ppk2 also gain,
 *                              zero, supply: only that one is wrong)
 *       faults: [...]
 *   devices:
 *     - {name: psu, kind: supply, listen: tcp:127.0.0.1:0, voltage: 3.3 V}       see supply.h
 *     - {name: oven, kind: chamber, listen: ..., ambient: 21 degC, slew: 2 K/min,
 *        overshoot: 0.5 K, settle: 60 s, log: build/oven.jsonl}                  see chamber.h
 *
 * A fault: {fault: NAME, probability: P} or {fault: NAME, at: 1.5 s}, with `limit:` (how often at
 * most) and what fault_kinds.h gives the kind; a link's faults stand with its device.
 *
 * Relative paths are relative to the current directory.
 */
#ifndef RIGS_VIRTUAL_SERVER_CONFIG_H
#define RIGS_VIRTUAL_SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/server/fault_kinds.h"
#include "rigs/virtual/server/meter_kinds.h"
#include "rigs/virtual/verr.h"

#define CONFIG_NONE UINT32_MAX /* of an index */

struct config_line {
	bool is_dtr;
	bool active_asserted;
};

struct config_fault {
	enum fault_id id;
	double probability; /* 0: only at at_ps */
	int64_t at_ps;      /* -1: never */
	unsigned limit;     /* 0: none */
	double settings[FAULT_SETTINGS];
	const char *part; /* of another board; NULL: the same part */
};

struct config_faults {
	struct config_fault *list; /* NULL: none */
	unsigned count;
};

struct config_board {
	const char *name, *part, *listen;
	const char *identity; /* which piece of silicon it is */
	const char *flash; /* NULL: none */
	const char *load;  /* NULL: none */
	const char *usb_loader; /* where its DFU device listens; NULL: nowhere */
	const char *markers; /* NULL: no socket */
	double marker_jitter_s;
	bool usb;          /* a USB serial port over USB/IP; else RFC 2217 */
	double ambient_c;
	double leakage; /* of the chip, in times of what its part and seed give */
	unsigned meter;        /* index, or CONFIG_NONE */
	unsigned supply;       /* index of a device, or CONFIG_NONE */
	double fixed_supply_v; /* when it has neither */
	unsigned chamber;      /* index of a device, or CONFIG_NONE */
	bool devkit;           /* the lines below are not used then */
	struct config_line reset, boot;
	struct config_faults faults;
};

struct config_meter {
	const char *name, *listen;
	enum meter_kind_id kind;
	unsigned errors;              /* VPPK2_ERROR_; 0: ideal */
	bool usb;                     /* over USB/IP; else RFC 2217 */
	const char *serial;           /* NULL: drawn */
	double supply_v;              /* of one in series: what feeds it */
	uint8_t wires[METER_MARKERS]; /* marker line to input, or METER_NO_INPUT */
	uint8_t address;              /* I2C */
	double shunt_ohm, shunt_tolerance;
	struct config_faults faults;
};

enum config_device_kind { CONFIG_SUPPLY = 1, CONFIG_CHAMBER };

struct config_device {
	const char *name, *listen;
	enum config_device_kind kind;
	double voltage_v;                                      /* of a supply */
	double ambient_c, slew_k_per_s, overshoot_k, settle_s; /* of a chamber */
	const char *log;                                       /* of a chamber; NULL: none */
};

struct config {
	uint64_t seed;
	double pace;
	unsigned threads;
	bool repeat;
	const char *truth;     /* NULL: none */
	const char *fault_log; /* NULL: none */
	struct config_board *boards;
	unsigned boards_count;
	struct config_meter *meters;
	unsigned meters_count;
	struct config_device *devices;
	unsigned devices_count;
	/* Own the texts. */
	struct yaml_tree *tree;
	char *fault_log_default;
};

/* Reads and checks everything that can be checked without touching a socket. The sentence begins
 * with FILE:LINE. */
int config_load(const char *path, struct config **ret_config, struct verr *err);
void config_free(struct config *config); /* accepts NULL */

#endif
