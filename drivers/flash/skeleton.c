/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A flasher to begin one from, in no table. The loader is made up. It runs when reset ends with
 * BOOT0 active, at 8N1, and answers:
 *
 *   U                           "L" and its product id, u16
 *   W u32 address u8 n n bytes  then the sum of all after the W: "K" when it is written, "N" when
 * the sum is wrong: nothing was written R u32 address u8 n          n bytes and their sum
 *
 * Numbers have the low byte first.
 */
#include <errno.h>
#include <string.h>

#include "drivers/flash/flash.h"

enum {
	BLOCK_BYTES = 128,
	HEAD_BYTES = 6, /* letter, address, count */
	REPLY_MS = 500,
	SETTLE_MS = 5,
	REPEATS = 3, /* of a block whose sum did not arrive right */
};

struct skeleton {
	struct link *link;
	unsigned retries;
};

static void progress(const struct flash_request *request, size_t done)
{
	if (request->progress)
		request->progress(request->context, done, 2 * request->count);
}

static uint8_t sum_of(const uint8_t *bytes, size_t count)
{
	uint8_t sum = 0;

	while (count--)
		sum = (uint8_t)(sum + *bytes++);
	return sum;
}

static int answer(struct skeleton *skeleton, uint8_t *bytes, size_t count, struct err *err)
{
	size_t got;

	return link_read_exactly(skeleton->link, bytes, count, REPLY_MS, &got, err);
}

static void head_put(uint8_t head[HEAD_BYTES], char letter, uint32_t address, size_t count)
{
	head[0] = (uint8_t)letter;
	for (int i = 0; i < 4; i++)
		head[1 + i] = (uint8_t)(address >> 8 * i);
	head[5] = (uint8_t)count;
}

/* ---- entering ---- */

static int request_check(const struct flash_request *request, struct err *err)
{
	if (!request->count)
		return err_set(err, -EINVAL, "there are no bytes to write");
	if (request->count - 1 > UINT32_MAX - request->address)
		return err_set(err, -EINVAL, "%zu bytes at 0x%08x are more than fit",
			       request->count, request->address);
	return 0;
}

/* What is in front of the loader is told from it by its id: a wrong chip is never written to. */
static int enter(const struct flash_request *request, struct skeleton *skeleton, uint16_t *ret_id,
		 struct err *err)
{
	const struct link_settings settings = {.baud = request->baud, .parity = LINK_PARITY_NONE};
	uint8_t reply[3];
	int ret = link_set(request->link, &settings, err);

	if (!ret)
		ret = control_reset(request->control, true, err);
	if (!ret)
		ret = link_discard(request->link, SETTLE_MS, 10 * SETTLE_MS, err);
	if (!ret)
		ret = link_write(request->link, "U", 1, REPLY_MS, err);
	if (!ret)
		ret = answer(skeleton, reply, sizeof(reply), err);
	if (ret)
		return err_context(err, ret, "enter the loader");
	*ret_id = (uint16_t)(reply[1] | reply[2] << 8);
	if (reply[0] != 'L')
		return err_set(err, -EPROTO, "enter the loader: it answers %02x", reply[0]);
	if (request->expected_id && *ret_id != request->expected_id)
		return err_set(err, -ENXIO, "the board is a 0x%03x, not the expected 0x%03x",
			       *ret_id, request->expected_id);
	return 0;
}

/* ---- blocks ---- */

static int write_once(struct skeleton *skeleton, uint32_t address, const uint8_t *bytes,
		      size_t count, struct err *err)
{
	uint8_t packet[HEAD_BYTES + BLOCK_BYTES + 1], reply;
	int ret;

	head_put(packet, 'W', address, count);
	memcpy(packet + HEAD_BYTES, bytes, count);
	packet[HEAD_BYTES + count] = sum_of(packet + 1, HEAD_BYTES - 1 + count);
	ret = link_write(skeleton->link, packet, HEAD_BYTES + count + 1, REPLY_MS, err);
	if (!ret)
		ret = answer(skeleton, &reply, 1, err);
	if (ret)
		return ret;
	return reply == 'K' ? 0 : err_set(err, -EREMOTEIO, "refused");
}

static int write_block(struct skeleton *skeleton, uint32_t address, const uint8_t *bytes,
		       size_t count, struct err *err)
{
	int ret = write_once(skeleton, address, bytes, count, err);

	for (int i = 1; i < REPEATS && ret == -EREMOTEIO; i++) {
		skeleton->retries++;
		ret = write_once(skeleton, address, bytes, count, err);
	}
	return ret ? err_context(err, ret, "write at 0x%08x", address) : 0;
}

/* Read back: a loader's "written" is not believed. */
static int verify_block(struct skeleton *skeleton, uint32_t address, const uint8_t *bytes,
			size_t count, struct err *err)
{
	uint8_t head[HEAD_BYTES], reply[BLOCK_BYTES + 1];
	int ret;

	head_put(head, 'R', address, count);
	ret = link_write(skeleton->link, head, sizeof(head), REPLY_MS, err);
	if (!ret)
		ret = answer(skeleton, reply, count + 1, err);
	if (!ret && sum_of(reply, count) != reply[count])
		ret = err_set(err, -EPROTO, "the sum of what was read is wrong");
	if (ret)
		return err_context(err, ret, "read at 0x%08x", address);
	for (size_t i = 0; i < count; i++)
		if (reply[i] != bytes[i])
			return err_set(err, -EIO, "0x%08x holds %02x instead of %02x",
				       address + (uint32_t)i, reply[i], bytes[i]);
	return 0;
}

typedef int block_function(struct skeleton *skeleton, uint32_t address, const uint8_t *bytes,
			   size_t count, struct err *err);

/* Of all bytes, block by block; done_before of the progress was before. */
static int each_block(const struct flash_request *request, struct skeleton *skeleton,
		      block_function *function, size_t done_before, struct err *err)
{
	for (size_t at = 0; at < request->count;) {
		size_t left = request->count - at;
		size_t count = left < BLOCK_BYTES ? left : BLOCK_BYTES;
		int ret = function(skeleton, request->address + (uint32_t)at, request->bytes + at,
				   count, err);

		if (ret)
			return ret;
		at += count;
		progress(request, done_before + at);
	}
	return 0;
}

/* ---- whole ---- */

/* Whatever fails, the board is left reset with BOOT0 inactive. */
static int skeleton_write(const struct flash_request *request, struct flash_report *ret_report,
			  struct err *err)
{
	struct skeleton skeleton = {.link = request->link};
	uint16_t id = 0;
	int ret = request_check(request, err);

	if (ret)
		return err_context(err, ret, "skeleton");
	ret = enter(request, &skeleton, &id, err);
	if (!ret)
		ret = each_block(request, &skeleton, write_block, 0, err);
	if (!ret)
		ret = each_block(request, &skeleton, verify_block, request->count, err);
	if (ret) {
		control_reset(request->control, false, NULL);
		return err_context(err, ret, "skeleton");
	}
	ret = control_reset(request->control, false, err);
	if (ret)
		return err_context(err, ret, "skeleton: reset into flash");
	*ret_report = (struct flash_report){
		.id = id, .written = request->count, .retries = skeleton.retries};
	return 0;
}

extern const struct flash_ops flash_skeleton; /* in the driver's own header */

const struct flash_ops flash_skeleton = {
	.name = "skeleton",
	.takes = FLASH_KEY_BAUD | FLASH_KEY_ID, /* of a rig file's "flash:" */
	.needs = FLASH_KEY_BAUD | FLASH_KEY_ID,
	.write = skeleton_write,
};
