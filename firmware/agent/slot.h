/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The flash slot that holds one model image: bytes from its start, and in its last page a record
 * that says how many and with which CRC-32. The record is written last and erased first, so it is
 * there only when the image is whole; it survives resets.
 */
#ifndef FIRMWARE_AGENT_SLOT_H
#define FIRMWARE_AGENT_SLOT_H

#include <stdbool.h>
#include <stdint.h>

struct refusal;

struct slot {
	uint32_t image_bytes; /* of the committed image, 0 when there is none */
	uint32_t image_crc32;
	bool receiving;
	uint32_t due_bytes;
	uint32_t due_crc32;
	uint32_t received;
	uint32_t erased; /* bytes from the start of the slot */
};

/* Largest image. */
uint32_t slot_capacity(void);
const uint8_t *slot_bytes(void);
/* Reads the record and verifies the image; without a valid one the slot is empty. */
void slot_init(struct slot *slot);
/* Forgets the committed image, in flash too. */
struct refusal slot_begin(struct slot *slot, uint32_t bytes, uint32_t crc32);
/* Chunks come in order without gaps; all but the last are a multiple of PORT_SLOT_UNIT. Pages are
 * erased as they are reached. A flash error ends the transfer. */
struct refusal slot_append(struct slot *slot, uint32_t offset, const uint8_t *bytes,
			   uint32_t count);
/* Verifies what was received, in flash. Ends the transfer in any case. */
struct refusal slot_verify(struct slot *slot);
/* Makes the image that slot_verify() accepted the committed one. */
struct refusal slot_commit(struct slot *slot);

#endif
