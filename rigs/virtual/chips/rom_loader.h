/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The system bootloader's USART protocol (ST AN3155) as a behaviour: no ROM code is executed. It is
 * a pure machine over bytes and virtual time; memory and wire belong to its owner.
 *
 * Life: _start at reset release; the owner passes every received byte with the virtual time of its
 * stop bit's end, and calls _step whenever virtual time has reached _next_ps. Bytes to the host are
 * sent through the target's send hook, paced at the detected baud.
 */
#ifndef RIGS_VIRTUAL_CHIPS_ROM_LOADER_H
#define RIGS_VIRTUAL_CHIPS_ROM_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rigs/virtual/chips/chip.h"

#define ROM_LOADER_NEVER_PS   INT64_MAX
#define ROM_LOADER_WHOLE_BANK UINT16_MAX /* as a page number */

/* What an address range is good for. */
enum rom_loader_area {
	ROM_LOADER_AREA_NONE = 1, /* not memory, or not the host's: NACK */
	ROM_LOADER_AREA_READ_ONLY,
	ROM_LOADER_AREA_RAM,
	ROM_LOADER_AREA_FLASH,
};

struct rom_loader_target {
	void *context;
	uint8_t version; /* BCD: 0x31 is V3.1 */
	uint16_t product_id;
	unsigned page_count;    /* all banks */
	unsigned bank_count;    /* 1 or 2 */
	unsigned program_bytes; /* smallest programmable piece */
	int64_t program_ps;     /* time of one piece */
	int64_t page_erase_ps;
	/* For a part whose pages differ: time of one page, or of ROM_LOADER_WHOLE_BANK. NULL: every
	 * erase takes page_erase_ps. */
	int64_t (*erase_ps)(void *context, unsigned page);
	int64_t boot_ps; /* reset release to listening */
	enum rom_loader_area (*area)(void *context, uint32_t address, size_t bytes);
	void (*read)(void *context, uint32_t address, uint8_t *ret_bytes, size_t bytes);
	void (*write_ram)(void *context, uint32_t address, const uint8_t *bytes, size_t count);
	/* One piece; false: it was not erased. */
	bool (*program)(void *context, uint32_t address, const uint8_t *bytes);
	void (*erase_page)(void *context, unsigned page);
	/* A byte whose stop bit ends at t_ps. */
	void (*send)(void *context, uint8_t byte, const struct chip_uart_format *format,
		     int64_t t_ps);
	/* After the ACK has left the wire. The loader is finished. */
	void (*go)(void *context, uint32_t address);
};

enum rom_loader_state {
	ROM_LOADER_STATE_OFF = 1,
	ROM_LOADER_STATE_BOOT,
	ROM_LOADER_STATE_SYNC,
	ROM_LOADER_STATE_COMMAND,
	ROM_LOADER_STATE_ADDRESS,
	ROM_LOADER_STATE_LENGTH,
	ROM_LOADER_STATE_DATA,
	ROM_LOADER_STATE_ERASE_HEAD,
	ROM_LOADER_STATE_ERASE_LIST,
	ROM_LOADER_STATE_BUSY,
};

#define ROM_LOADER_INPUT_MAX  (2 + 2 * 512 + 1)
#define ROM_LOADER_OUTPUT_MAX 512

/* Private to rom_loader.c; here so that an owner can embed it. */
struct rom_loader {
	struct rom_loader_target target;
	enum rom_loader_state state;
	struct chip_uart_format format; /* detected */
	int64_t now_ps, byte_ps;
	uint8_t input[ROM_LOADER_INPUT_MAX];
	size_t input_count, input_wanted;
	uint8_t command;
	uint32_t address;
	uint8_t output[ROM_LOADER_OUTPUT_MAX];
	size_t output_head, output_count;
	int64_t output_ps;           /* stop bit of the next byte ends */
	size_t job_index, job_count; /* pieces or pages */
	int64_t job_ps;              /* the current one is done */
	bool job_is_erase, job_failed;
	uint16_t job_pages[2 * 512];
	bool go_pending;
};

void rom_loader_init(struct rom_loader *loader, const struct rom_loader_target *target);
void rom_loader_start(struct rom_loader *loader, int64_t t_ps);
void rom_loader_stop(struct rom_loader *loader);
/* A byte whose framing or parity is wrong for 8E1, or whose baud is not the detected one, is noise:
 * no answer. While a command is executed the receiver is deaf. */
void rom_loader_rx(struct rom_loader *loader, uint8_t byte, const struct chip_uart_format *format,
		   int64_t t_ps);
int64_t rom_loader_next_ps(const struct rom_loader *loader);
void rom_loader_step(struct rom_loader *loader, int64_t t_ps);
/* Erasing or programming flash. */
bool rom_loader_is_busy(const struct rom_loader *loader);

#endif
