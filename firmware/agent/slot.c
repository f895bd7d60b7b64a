/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The flash slot for one model image; see slot.h.
 */
#include "firmware/agent/slot.h"

#include <string.h>

#include "firmware/agent/agent_internal.h"
#include "firmware/ports/port.h"

enum { RECORD_MAGIC = 0x5443424A }; /* "JBCT" */

struct slot_record {
	uint32_t magic;
	uint32_t bytes;
	uint32_t crc32;
	uint32_t check; /* CRC-32 over the fields above */
};
_Static_assert(sizeof(struct slot_record) % PORT_SLOT_UNIT == 0, "programmed as it is");

uint32_t slot_capacity(void)
{
	return port_slot().count - port_slot_page_bytes();
}

const uint8_t *slot_bytes(void)
{
	return port_slot().bytes;
}

static uint32_t record_check(const struct slot_record *record)
{
	return wire_crc32(0, record, offsetof(struct slot_record, check));
}

void slot_init(struct slot *slot)
{
	struct slot_record record;

	memset(slot, 0, sizeof(*slot));
	memcpy(&record, slot_bytes() + slot_capacity(), sizeof(record));
	if (record.magic != RECORD_MAGIC || record.check != record_check(&record))
		return;
	if (!record.bytes || record.bytes > slot_capacity())
		return;
	if (wire_crc32(0, slot_bytes(), record.bytes) != record.crc32)
		return;
	slot->image_bytes = record.bytes;
	slot->image_crc32 = record.crc32;
}

struct refusal slot_begin(struct slot *slot, uint32_t bytes, uint32_t crc32)
{
	const char *failed;

	if (!bytes || bytes > slot_capacity())
		return refuse(WIRE_ERROR_PAYLOAD, "the image is empty or larger than the slot");
	memset(slot, 0, sizeof(*slot));
	failed = port_slot_erase(slot_capacity());
	if (failed)
		return refuse(WIRE_ERROR_FLASH, failed);
	slot->receiving = true;
	slot->due_bytes = bytes;
	slot->due_crc32 = crc32;
	return accept();
}

static const char *erase_up_to(struct slot *slot, uint32_t end)
{
	const char *failed = NULL;

	while (!failed && slot->erased < end) {
		failed = port_slot_erase(slot->erased);
		slot->erased += port_slot_page_bytes();
	}
	return failed;
}

/* The image's last chunk is filled up with erased bytes. */
static const char *program_padded(uint32_t offset, const uint8_t *bytes, uint32_t count)
{
	uint32_t buffer[WIRE_DATA_MAX / sizeof(uint32_t)];
	uint32_t padded = (count + PORT_SLOT_UNIT - 1) / PORT_SLOT_UNIT * PORT_SLOT_UNIT;

	memset(buffer, 0xFF, sizeof(buffer));
	memcpy(buffer, bytes, count);
	return port_slot_program(offset, (const uint8_t *)buffer, padded);
}

struct refusal slot_append(struct slot *slot, uint32_t offset, const uint8_t *bytes, uint32_t count)
{
	const char *failed;

	if (!slot->receiving)
		return refuse(WIRE_ERROR_STATE, "no image transfer has begun");
	if (offset != slot->received)
		return refuse(WIRE_ERROR_PAYLOAD, "image bytes are not the next ones due");
	if (!count || count > slot->due_bytes - slot->received)
		return refuse(WIRE_ERROR_PAYLOAD, "no image bytes, or more than announced");
	if (count % PORT_SLOT_UNIT && count != slot->due_bytes - slot->received)
		return refuse(WIRE_ERROR_PAYLOAD,
			      "a chunk of the image before the last is not a multiple of 8 bytes");
	failed = erase_up_to(slot, offset + count);
	if (!failed)
		failed = program_padded(offset, bytes, count);
	if (failed) {
		slot->receiving = false;
		return refuse(WIRE_ERROR_FLASH, failed);
	}
	slot->received += count;
	return accept();
}

struct refusal slot_verify(struct slot *slot)
{
	if (!slot->receiving)
		return refuse(WIRE_ERROR_STATE, "no image transfer has begun");
	slot->receiving = false;
	if (slot->received != slot->due_bytes)
		return refuse(WIRE_ERROR_STATE, "the image is not complete");
	if (wire_crc32(0, slot_bytes(), slot->due_bytes) != slot->due_crc32)
		return refuse(WIRE_ERROR_IMAGE,
			      "the image in flash has another CRC-32 than announced");
	return accept();
}

struct refusal slot_commit(struct slot *slot)
{
	struct slot_record record = {
		.magic = RECORD_MAGIC,
		.bytes = slot->due_bytes,
		.crc32 = slot->due_crc32,
	};
	const char *failed;

	record.check = record_check(&record);
	failed = port_slot_program(slot_capacity(), (const uint8_t *)&record, sizeof(record));
	if (failed)
		return refuse(WIRE_ERROR_FLASH, failed);
	slot->image_bytes = record.bytes;
	slot->image_crc32 = record.crc32;
	return accept();
}
