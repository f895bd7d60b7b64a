/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How host and board talk over a UART. Freestanding C: the same source runs on both ends.
 *
 * Frame, little endian:
 *   0  u8   0x4A 'J'
 *   1  u8   0x42 'B'
 *   2  u8   WIRE_VERSION
 *   3  u8   type
 *   4  u16  sequence number
 *   6  u16  payload bytes, at most WIRE_PAYLOAD_MAX
 *   8       payload
 *   8+n u32 CRC-32 (IEEE 802.3, as zlib) over bytes 2 .. 8+n-1
 *
 * The host sends a request, the board answers with type | WIRE_REPLY and the same sequence number,
 * or with WIRE_ERROR. A request repeated with the sequence number just answered is not carried out
 * again: the board repeats its answer. Sequence number 0 is a new conversation (always carried out).
 * A RUN request needs a number other than 0: it must be repeatable.
 * A damaged frame is not answered: the host repeats. The board drops half a frame after 100 ms of
 * silence. While a window runs the UART is silent; when it is over the board sends the RESULT reply
 * once by itself, with the sequence number of the RUN request; a host that missed it asks with
 * WIRE_RESULT.
 */
#ifndef FIRMWARE_WIRE_WIRE_H
#define FIRMWARE_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WIRE_VERSION = 2,
	WIRE_PAYLOAD_MAX = 1024,
	WIRE_HEADER_BYTES = 8,
	WIRE_FRAME_MAX = WIRE_HEADER_BYTES + WIRE_PAYLOAD_MAX + 4,
	WIRE_DATA_MAX = 512,     /* bytes of image or input per request */
	WIRE_CLOCKS_MAX = 24,
	WIRE_COUNTERS_MAX = 8,
	WIRE_LAYERS_MAX = 250,   /* layer CRCs in one CHECK reply */
	WIRE_LAYER_CYCLES_MAX = 120, /* in one LAYERS reply */
	WIRE_PATHS_MAX = 4096,   /* inferences of one run whose paths are kept */
	WIRE_PATH_BYTES_MAX = WIRE_PATHS_MAX / 8,
	WIRE_REPLY = 0x80,
	WIRE_ERROR = 0xFF,
};

enum wire_type {
	WIRE_HELLO = 1,
	WIRE_IMAGE_BEGIN,
	WIRE_IMAGE_DATA,
	WIRE_IMAGE_COMMIT,
	WIRE_INPUT,
	WIRE_CHECK,
	WIRE_RUN,
	WIRE_RESULT,
	WIRE_CLOCK,
	WIRE_TEMPERATURE,
	WIRE_RESET,
	WIRE_OUTPUT,
	WIRE_LAYERS,
	WIRE_EXIT,
	WIRE_PATHS,
};

enum wire_error_code {
	WIRE_ERROR_TYPE = 1,     /* unknown request */
	WIRE_ERROR_PAYLOAD,      /* payload of the wrong size or with values out of range */
	WIRE_ERROR_STATE,        /* not now: no image, transfer not begun, ... */
	WIRE_ERROR_FLASH,        /* erase or program failed */
	WIRE_ERROR_IMAGE,        /* the image was refused by the runtime */
	WIRE_ERROR_CLOCK,        /* no such clock level, or a clock did not start */
	WIRE_ERROR_SENSOR,
};

/* Request payloads are the structs below without "reply" in their name; HELLO, IMAGE_COMMIT, CHECK,
 * RESULT, TEMPERATURE, RESET and PATHS requests have none. IMAGE_BEGIN, IMAGE_DATA, IMAGE_COMMIT, INPUT,
 * RUN, RESET and EXIT replies have none. */

struct wire_hello_reply {
	uint16_t image_layout;      /* IMAGE_LAYOUT_VERSION the runtime understands */
	uint16_t kernel_sets;       /* bit i: has the kernels of enum image_kernel_set i */
	uint32_t app_crc32;         /* over the firmware's own bytes in flash, as linked (the .bin) */
	uint32_t app_bytes;
	uint32_t arena_bytes;       /* RAM the runtime gives to a model */
	uint32_t slot_bytes;        /* flash for a model image */
	uint32_t image_crc32;       /* CRC-32 of the committed image, 0 when there is none */
	uint32_t image_bytes;       /* 0 when there is none */
	uint32_t reset_cause;       /* the chip's reset flags, as read at start */
	uint8_t uid[12];            /* the chip's unique id */
	uint32_t clock_count;
	uint32_t clock_hz[WIRE_CLOCKS_MAX]; /* legal levels, ascending */
	char chip[16];              /* "stm32l4r5" */
	char board[24];             /* "nucleo-l4r5zi" */
	char build[16];             /* named build: "O2" */
	char compiler[64];          /* as __VERSION__ */
	char options[128];          /* the options that matter to code generation */
};

struct wire_image_begin {
	uint32_t bytes;
	uint32_t crc32;             /* over all bytes */
};

struct wire_data {              /* IMAGE_DATA and INPUT: chunk of the image, of all inputs in order */
	uint32_t offset;
	uint32_t count;             /* <= WIRE_DATA_MAX */
	const uint8_t *bytes;       /* points into the payload */
};

struct wire_check_reply {       /* one unmeasured inference */
	uint32_t output_bytes;
	uint32_t output_crc32;      /* over all outputs in order */
	uint32_t layer_count;
	uint32_t layer_crc32[WIRE_LAYERS_MAX]; /* over each operator's output tensors, in order */
};

enum {
	WIRE_RUN_LAYERS = 1, /* line 2 toggles after every layer, and their cycles are kept */
};

struct wire_run {
	uint32_t warmups;           /* inferences before the window */
	uint32_t inferences;        /* in the window, >= 1 */
	uint32_t idle_before_ms;    /* asleep, line 0 low, right before the window */
	uint32_t idle_after_ms;     /* asleep, line 0 low, right after the window */
	uint32_t flags;             /* WIRE_RUN_... */
};

struct wire_counter {
	char name[8];               /* NUL-padded */
	uint64_t value;
};

/* Counters: inf_min, inf_max: cycles of the shortest and longest inference, its own mark included;
 * empty: cycles of a window without inferences; exits: inferences that ended at the model's exit;
 * with WIRE_RUN_LAYERS also layer: cycles of one layer mark. */
struct wire_result_reply {
	uint16_t run_sequence;      /* sequence number of the RUN request this belongs to, 0: none yet */
	uint16_t flags;             /* WIRE_RUN_... of that request */
	uint32_t inferences;
	uint64_t cycles;            /* core cycles from line 0 rising to line 0 falling */
	uint32_t output_crc32;      /* of the last inference */
	uint32_t output_bytes;
	uint32_t clock_hz;          /* nominal level in force during the window */
	uint32_t counter_count;
	struct wire_counter counters[WIRE_COUNTERS_MAX];
};

struct wire_clock {
	uint32_t hz;                /* one of hello's clock_hz */
};

struct wire_clock_reply {
	uint32_t hz;
	uint32_t core_mv;           /* nominal core voltage of the range */
	uint32_t wait_states;
	char range[16];             /* "range 1 boost" */
	char source[24];            /* "MSI 4 MHz, PLL x60 /2" */
};

struct wire_temperature_reply {
	int32_t millicelsius;       /* the chip's own sensor */
	uint32_t vdda_mv;           /* from the internal reference */
};

struct wire_output {            /* OUTPUT request: read bytes of the outputs of the last inference */
	uint32_t offset;
	uint32_t count;             /* <= WIRE_DATA_MAX; the reply's payload is these bytes */
};

struct wire_layers {            /* LAYERS request: from this operator of the image on */
	uint32_t first;
};

struct wire_layers_reply {      /* of the last run with WIRE_RUN_LAYERS */
	uint16_t run_sequence;      /* of that RUN request, 0: there is none */
	uint16_t reserved;
	uint32_t layer_count;       /* operators of the image */
	uint32_t first;
	uint32_t count;
	uint64_t cycles[WIRE_LAYER_CYCLES_MAX]; /* summed over the window's inferences, from mark to mark */
};

struct wire_exit {
	int32_t threshold;          /* -128 .. 128 in the exit tensor's units; 128 is never reached */
};

struct wire_paths_reply {       /* which inferences of the last run ended at the model's exit */
	uint16_t run_sequence;      /* 0: no run yet, or its model has no exit */
	uint16_t reserved;
	uint32_t inferences;
	uint8_t exited[WIRE_PATH_BYTES_MAX]; /* bit i % 8 of byte i / 8: inference i */
};

struct wire_error_reply {
	uint16_t code;              /* enum wire_error_code */
	char text[96];              /* NUL-terminated sentence */
};

struct wire_frame {
	uint8_t type;
	uint16_t sequence;
	uint16_t count;             /* payload bytes */
	uint8_t payload[WIRE_PAYLOAD_MAX];
};

/* CRC-32 of count bytes appended to those that gave crc; begin with 0. */
uint32_t wire_crc32(uint32_t crc, const void *bytes, size_t count);

/* Writes a whole frame into out (WIRE_FRAME_MAX bytes); returns its size. */
size_t wire_frame_write(const struct wire_frame *frame, uint8_t *out);

/* Finds frames in a byte stream: feed one byte at a time; noise before a frame and damaged frames are
 * skipped and counted, and a frame hidden behind a damaged start is still found. */
struct wire_parser {
	uint8_t buffer[WIRE_FRAME_MAX];
	uint16_t used;
	uint32_t skipped; /* bytes dropped */
	uint32_t damaged; /* frames with a wrong CRC, version or size */
};
void wire_parser_init(struct wire_parser *parser);
/* True when this byte completes a frame, which is then in *frame. */
bool wire_parser_feed(struct wire_parser *parser, uint8_t byte, struct wire_frame *frame);

/* One pair per payload struct. Encoders return the payload size; decoders return false when the size
 * or a count in the payload does not fit. Decoded strings are always NUL-terminated. */
size_t wire_hello_reply_encode(const struct wire_hello_reply *from, uint8_t *payload);
bool wire_hello_reply_decode(const uint8_t *payload, size_t count, struct wire_hello_reply *to);
size_t wire_image_begin_encode(const struct wire_image_begin *from, uint8_t *payload);
bool wire_image_begin_decode(const uint8_t *payload, size_t count, struct wire_image_begin *to);
size_t wire_data_encode(const struct wire_data *from, uint8_t *payload);
bool wire_data_decode(const uint8_t *payload, size_t count, struct wire_data *to);
size_t wire_check_reply_encode(const struct wire_check_reply *from, uint8_t *payload);
bool wire_check_reply_decode(const uint8_t *payload, size_t count, struct wire_check_reply *to);
size_t wire_run_encode(const struct wire_run *from, uint8_t *payload);
bool wire_run_decode(const uint8_t *payload, size_t count, struct wire_run *to);
size_t wire_result_reply_encode(const struct wire_result_reply *from, uint8_t *payload);
bool wire_result_reply_decode(const uint8_t *payload, size_t count, struct wire_result_reply *to);
size_t wire_clock_encode(const struct wire_clock *from, uint8_t *payload);
bool wire_clock_decode(const uint8_t *payload, size_t count, struct wire_clock *to);
size_t wire_clock_reply_encode(const struct wire_clock_reply *from, uint8_t *payload);
bool wire_clock_reply_decode(const uint8_t *payload, size_t count, struct wire_clock_reply *to);
size_t wire_temperature_reply_encode(const struct wire_temperature_reply *from, uint8_t *payload);
bool wire_temperature_reply_decode(const uint8_t *payload, size_t count,
				   struct wire_temperature_reply *to);
size_t wire_output_encode(const struct wire_output *from, uint8_t *payload);
bool wire_output_decode(const uint8_t *payload, size_t count, struct wire_output *to);
size_t wire_layers_encode(const struct wire_layers *from, uint8_t *payload);
bool wire_layers_decode(const uint8_t *payload, size_t count, struct wire_layers *to);
size_t wire_layers_reply_encode(const struct wire_layers_reply *from, uint8_t *payload);
bool wire_layers_reply_decode(const uint8_t *payload, size_t count, struct wire_layers_reply *to);
size_t wire_exit_encode(const struct wire_exit *from, uint8_t *payload);
bool wire_exit_decode(const uint8_t *payload, size_t count, struct wire_exit *to);
size_t wire_paths_reply_encode(const struct wire_paths_reply *from, uint8_t *payload);
bool wire_paths_reply_decode(const uint8_t *payload, size_t count, struct wire_paths_reply *to);
size_t wire_error_reply_encode(const struct wire_error_reply *from, uint8_t *payload);
bool wire_error_reply_decode(const uint8_t *payload, size_t count, struct wire_error_reply *to);

#endif
