/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commands of the STM32 system bootloader over USART: ST AN3155. Those that take protection off
 * or put it on (0x63, 0x73, 0x82, 0x92) are not here on purpose.
 *
 * A command that fails by damage on the line (silence, a byte that is neither ACK nor NACK, a NACK)
 * is repeated a bounded number of times after the loader was brought back to where it waits for a
 * command. What is returned then is the last failure: -ETIMEDOUT silence, -EREMOTEIO refused
 * (NACK), -EBADMSG nonsense; -ENODEV when the link hung up.
 */
#ifndef DRIVERS_FLASH_STM32_LOADER_H
#define DRIVERS_FLASH_STM32_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/control/control.h"
#include "drivers/err.h"
#include "drivers/link/link.h"

/* How long the host waits; the time the bytes take on the wire comes on top. */
struct stm32_limits {
	int ack_ms;        /* an ordinary answer */
	int write_ms;      /* one block written */
	int erase_page_ms; /* one page erased */
	int sync_ms;       /* one try of the synchronisation byte */
	int sync_total_ms; /* all of them; the board is reset again after half of it */
	int settle_ms;     /* after a reset */
	int quiet_ms;      /* a line that was quiet that long has nothing on its way */
	int recover_ms;    /* a loader that does not answer for that long is gone */
	unsigned repeats;  /* of one command */
	unsigned retries;  /* of all commands together */
};

extern const struct stm32_limits stm32_limits_an3155;

enum {
	STM32_BLOCK_MAX = 256,      /* bytes of one READ or WRITE */
	STM32_ERASE_PAGES_MAX = 16, /* pages of one ERASE: bounds how long one answer may take */
};

struct stm32_loader {
	struct link *link; /* not owned */
	const struct stm32_limits *limits;
	uint32_t baud;
	uint8_t version;    /* BCD */
	uint16_t id;        /* product id */
	bool commands[256]; /* by code: what GET offers */
	unsigned retries;   /* commands repeated so far */
};

/* Sets the link to baud 8E1, resets the board into its loader and synchronises with it. */
int stm32_loader_enter(struct stm32_loader *loader, struct link *link, struct control *control,
		       uint32_t baud, const struct stm32_limits *limits, struct err *err);
/* GET, GET VERSION and GET ID. -ENOTSUP: the loader lacks a command that flashing needs. */
int stm32_loader_identify(struct stm32_loader *loader, struct err *err);
int stm32_loader_read(struct stm32_loader *loader, uint32_t address, uint8_t *ret_bytes,
		      size_t count, struct err *err);
/* count: a multiple of 4, at most STM32_BLOCK_MAX. A block whose answer was lost is read back
 * before it is written again, since programmed flash refuses to be programmed. */
int stm32_loader_write(struct stm32_loader *loader, uint32_t address, const uint8_t *bytes,
		       size_t count, struct err *err);
/* At most STM32_ERASE_PAGES_MAX pages, by EXTENDED ERASE where the loader has it, else by ERASE,
 * which knows pages 0 to 255 only (-ERANGE). */
int stm32_loader_erase(struct stm32_loader *loader, unsigned first_page, unsigned count,
		       struct err *err);
/* Starts the program whose vector table is at address. Not repeated: after a lost answer the loader
 * may be gone already. */
int stm32_loader_go(struct stm32_loader *loader, uint32_t address, struct err *err);

#endif
