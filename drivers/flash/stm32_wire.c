/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Frames, answers and recovery of the STM32 USART bootloader, ST AN3155: see stm32_wire.h.
 *
 * Recovery after a lost byte sends 0xFF only. Whatever the loader waits for, a run of 0xFF ends in
 * a NACK, and cannot end in a command: two of them are no command and its complement, five no
 * address and its checksum, and FF FF (FF) is "erase everything" only when a checksum of 00
 * follows.
 */
#include "drivers/flash/stm32_wire.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "drivers/link/deadline.h"

enum {
	BYTE_ACK = 0x79,
	BYTE_NACK = 0x1F,
	BYTE_FILL = 0xFF,
};

enum {
	BITS_PER_BYTE = 11, /* start, 8 data, parity, stop */
	FRAME_MAX = 264,    /* more than the longest frame: count, 256 bytes, checksum */
	RECOVER_STEPS = 6,  /* single bytes before a whole frame: address and checksum, one spare */
	LINK_WRITE_MS = 1000, /* for the link to take a frame; wire time on top */
};

/* ---- bytes ---- */

static int wire_ms(const struct stm32_loader *loader, size_t count)
{
	return (int)(count * BITS_PER_BYTE * 1000 / loader->baud) + 1;
}

int stm32_send(struct stm32_loader *loader, const uint8_t *bytes, size_t count, struct err *err)
{
	return link_write(loader->link, bytes, count, LINK_WRITE_MS + wire_ms(loader, count), err);
}

int stm32_receive(struct stm32_loader *loader, uint8_t *ret_bytes, size_t count, struct err *err)
{
	return link_read_exactly(loader->link, ret_bytes, count,
				 loader->limits->ack_ms + wire_ms(loader, count), NULL, err);
}

int stm32_await_ack(struct stm32_loader *loader, size_t sent, int timeout_ms, struct err *err)
{
	uint8_t answer;
	int ret = link_read_exactly(loader->link, &answer, 1,
				    timeout_ms + wire_ms(loader, sent + 1), NULL, err);

	if (ret == -ETIMEDOUT)
		return err_set(err, ret, "the loader is silent (%d ms)", timeout_ms);
	if (ret)
		return ret;
	if (answer == BYTE_NACK)
		return err_set(err, -EREMOTEIO, "the loader refused (NACK)");
	if (answer != BYTE_ACK)
		return err_set(err, -EBADMSG, "the loader answered 0x%02x, neither ACK nor NACK",
			       answer);
	return 0;
}

int stm32_send_command(struct stm32_loader *loader, uint8_t code, struct err *err)
{
	const uint8_t frame[] = {code, code ^ 0xFF};
	int ret = stm32_send(loader, frame, sizeof(frame), err);

	return ret ? ret : stm32_await_ack(loader, sizeof(frame), loader->limits->ack_ms, err);
}

int stm32_send_frame(struct stm32_loader *loader, const uint8_t *bytes, size_t count,
		     int timeout_ms, struct err *err)
{
	uint8_t frame[FRAME_MAX];
	int ret;

	assert(count < sizeof(frame));
	memcpy(frame, bytes, count);
	frame[count] = 0;
	for (size_t i = 0; i < count; i++)
		frame[count] ^= bytes[i];
	ret = stm32_send(loader, frame, count + 1, err);
	return ret ? ret : stm32_await_ack(loader, count + 1, timeout_ms, err);
}

/* ---- recovery ---- */

/* Sends count fill bytes and looks for a NACK until the line is quiet. 1: there was one. */
static int fill(struct stm32_loader *loader, size_t count, struct err *err)
{
	uint8_t bytes[FRAME_MAX];
	bool refused = false;
	size_t got;
	int ret;

	memset(bytes, BYTE_FILL, sizeof(bytes));
	ret = stm32_send(loader, bytes, count, err);
	if (ret)
		return ret;
	do {
		ret = link_read(loader->link, bytes, sizeof(bytes),
				loader->limits->quiet_ms + wire_ms(loader, count), &got, err);
		if (ret)
			return ret;
		refused = refused || memchr(bytes, BYTE_NACK, got);
	} while (got > 0 && !(count == 1 && refused));
	return refused;
}

/* One byte at a time: the NACK that answers one leaves nothing half sent. 1: there was one. */
static int fill_steps(struct stm32_loader *loader, struct err *err)
{
	int ret = 0;

	for (int step = 0; step < RECOVER_STEPS && ret == 0; step++)
		ret = fill(loader, 1, err);
	return ret;
}

/* Brings the loader back to where it waits for a command. */
static int recover(struct stm32_loader *loader, struct err *err)
{
	int64_t deadline_ns = link_deadline_ns(loader->link, loader->limits->recover_ms);
	int ret = link_discard(loader->link, loader->limits->quiet_ms, loader->limits->recover_ms,
			       err);

	while (!ret) {
		ret = fill_steps(loader, err);
		if (ret)
			break;
		ret = fill(loader, FRAME_MAX, err);
		if (ret > 0)
			ret = fill_steps(loader, err);
		if (ret == 0 && link_clock_ns(loader->link) > deadline_ns)
			return err_set(err, -ETIMEDOUT,
				       "the loader is silent (%d ms, recovery tried)",
				       loader->limits->recover_ms);
	}
	return ret < 0 ? ret : 0;
}

static bool is_damage(int code)
{
	return code == -ETIMEDOUT || code == -EREMOTEIO || code == -EBADMSG;
}

int stm32_repeat(struct stm32_loader *loader, stm32_command *command, void *arg, struct err *err)
{
	for (unsigned attempt = 1;; attempt++) {
		int recovered, ret = command(loader, arg, err);

		if (!is_damage(ret))
			return ret;
		if (attempt >= loader->limits->repeats ||
		    loader->retries >= loader->limits->retries)
			return ret;
		recovered = recover(loader, err);
		if (recovered)
			return recovered;
		loader->retries++;
	}
}
