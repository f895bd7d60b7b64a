/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The STM32 USART bootloader's protocol, ST AN3155: see stm32_loader.h.
 */
#include "drivers/flash/stm32_loader.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "drivers/flash/stm32_wire.h"
#include "drivers/link/deadline.h"

enum { BYTE_SYNC = 0x7F };

enum {
	COMMAND_GET = 0x00,
	COMMAND_GET_VERSION = 0x01,
	COMMAND_GET_ID = 0x02,
	COMMAND_READ = 0x11,
	COMMAND_GO = 0x21,
	COMMAND_WRITE = 0x31,
	COMMAND_ERASE = 0x43,
	COMMAND_EXTENDED_ERASE = 0x44,
};

/* AN3155's limits as the public tools have them, but for a page: theirs are 5 s, while a sector of
 * 256 KiB of an F74x takes up to 4 s at the widest parallelism, and the loaders of F4 and F7
 * program byte by byte (AN2606), which takes twice as long. Recovery comes after that; the 35 s
 * some sources name are for a mass erase. */
const struct stm32_limits stm32_limits_an3155 = {
	.ack_ms = 1000,
	.write_ms = 1000,
	.erase_page_ms = 10000,
	.sync_ms = 200,
	.sync_total_ms = 2000,
	.settle_ms = 5,
	.quiet_ms = 50,
	.recover_ms = 5000,
	.repeats = 3,
	.retries = 32,
};

/* ---- entering ---- */

/* One synchronisation byte. An already synchronised loader answers NACK, or, when it took the byte
 * for the first half of a command, at the next one. Other bytes are noise of the reset. */
static int sync_once(struct stm32_loader *loader, struct err *err)
{
	const uint8_t byte = BYTE_SYNC;
	int64_t deadline_ns = link_deadline_ns(loader->link, loader->limits->sync_ms);
	int ret = stm32_send(loader, &byte, 1, err);

	while (!ret && link_clock_ns(loader->link) < deadline_ns) {
		ret = stm32_await_ack(loader, 1, loader->limits->sync_ms, err);
		if (ret == 0 || ret == -EREMOTEIO)
			return 0;
		if (ret == -EBADMSG)
			ret = 0;
	}
	return ret ? ret : -ETIMEDOUT;
}

static int reset_into_loader(struct stm32_loader *loader, struct control *control, struct err *err)
{
	int ret = control_reset(control, true, err);

	if (ret)
		return ret;
	return link_discard(loader->link, loader->limits->settle_ms, 10 * loader->limits->settle_ms,
			    err);
}

/* Resets the board and tries for half of the time. */
static int sync_after_reset(struct stm32_loader *loader, struct control *control, struct err *err)
{
	int64_t deadline_ns = link_deadline_ns(loader->link, loader->limits->sync_total_ms / 2);
	int ret = reset_into_loader(loader, control, err);

	if (ret)
		return ret;
	do {
		ret = sync_once(loader, err);
	} while (ret == -ETIMEDOUT && link_clock_ns(loader->link) < deadline_ns);
	return ret;
}

int stm32_loader_enter(struct stm32_loader *loader, struct link *link, struct control *control,
		       uint32_t baud, const struct stm32_limits *limits, struct err *err)
{
	const struct link_settings settings = {.baud = baud, .parity = LINK_PARITY_EVEN};
	int ret;

	*loader = (struct stm32_loader){.link = link, .limits = limits, .baud = baud};
	ret = link_set(link, &settings, err);
	if (ret)
		return ret;
	ret = sync_after_reset(loader, control, err);
	if (ret == -ETIMEDOUT)
		ret = sync_after_reset(loader, control, err);
	if (ret == -ETIMEDOUT)
		return err_set(
			err, ret,
			"no loader answers within %d ms at %u baud 8E1 (wiring of BOOT0, NRST, "
			"TX and RX?)",
			limits->sync_total_ms, baud);
	return ret;
}

/* ---- identity ---- */

static int command_get(struct stm32_loader *loader, void *arg, struct err *err)
{
	uint8_t count, bytes[256];
	int ret = stm32_send_command(loader, COMMAND_GET, err);

	(void)arg;
	if (!ret)
		ret = stm32_receive(loader, &count, 1, err);
	if (!ret)
		ret = stm32_receive(loader, bytes, (size_t)count + 1, err);
	if (!ret)
		ret = stm32_await_ack(loader, 0, loader->limits->ack_ms, err);
	if (ret)
		return ret;
	loader->version = bytes[0];
	memset(loader->commands, 0, sizeof(loader->commands));
	for (size_t i = 1; i <= count; i++)
		loader->commands[bytes[i]] = true;
	return 0;
}

/* A command that answers with count bytes and an ACK. */
static int ask(struct stm32_loader *loader, uint8_t code, uint8_t *ret_bytes, size_t count,
	       struct err *err)
{
	int ret = stm32_send_command(loader, code, err);

	if (!ret)
		ret = stm32_receive(loader, ret_bytes, count, err);
	return ret ? ret : stm32_await_ack(loader, 0, loader->limits->ack_ms, err);
}

/* The version again, and two option bytes that mean nothing any more. */
static int command_get_version(struct stm32_loader *loader, void *arg, struct err *err)
{
	uint8_t bytes[3];
	int ret = ask(loader, COMMAND_GET_VERSION, bytes, sizeof(bytes), err);

	(void)arg;
	if (ret)
		return ret;
	if (bytes[0] != loader->version)
		return err_set(err, -EBADMSG, "GET says version 0x%02x, GET VERSION 0x%02x",
			       loader->version, bytes[0]);
	return 0;
}

static int command_get_id(struct stm32_loader *loader, void *arg, struct err *err)
{
	uint8_t bytes[3];
	int ret = ask(loader, COMMAND_GET_ID, bytes, sizeof(bytes), err);

	(void)arg;
	if (ret)
		return ret;
	if (bytes[0] != 1)
		return err_set(err, -EBADMSG, "the product id has %u bytes, not 2", bytes[0] + 1);
	loader->id = (uint16_t)(bytes[1] << 8 | bytes[2]);
	return 0;
}

static int commands_check(const struct stm32_loader *loader, struct err *err)
{
	static const uint8_t needed[] = {COMMAND_GET_VERSION, COMMAND_GET_ID, COMMAND_READ,
					 COMMAND_WRITE};

	for (size_t i = 0; i < sizeof(needed); i++)
		if (!loader->commands[needed[i]])
			return err_set(err, -ENOTSUP, "the loader has no command 0x%02x",
				       needed[i]);
	if (!loader->commands[COMMAND_ERASE] && !loader->commands[COMMAND_EXTENDED_ERASE])
		return err_set(err, -ENOTSUP, "the loader has no command to erase");
	return 0;
}

int stm32_loader_identify(struct stm32_loader *loader, struct err *err)
{
	int ret = stm32_repeat(loader, command_get, NULL, err);

	if (ret)
		return err_context(err, ret, "GET");
	ret = commands_check(loader, err);
	if (ret)
		return ret;
	ret = stm32_repeat(loader, command_get_version, NULL, err);
	if (ret)
		return err_context(err, ret, "GET VERSION");
	ret = stm32_repeat(loader, command_get_id, NULL, err);
	return ret ? err_context(err, ret, "GET ID") : 0;
}

/* ---- memory ---- */

static int send_address(struct stm32_loader *loader, uint32_t address, struct err *err)
{
	const uint8_t bytes[] = {(uint8_t)(address >> 24), (uint8_t)(address >> 16),
				 (uint8_t)(address >> 8), (uint8_t)address};

	return stm32_send_frame(loader, bytes, sizeof(bytes), loader->limits->ack_ms, err);
}

struct read_job {
	uint32_t address;
	uint8_t *bytes;
	size_t count;
};

static int command_read(struct stm32_loader *loader, void *arg, struct err *err)
{
	const struct read_job *job = arg;
	const uint8_t length[] = {(uint8_t)(job->count - 1), (uint8_t)(job->count - 1) ^ 0xFF};
	int ret = stm32_send_command(loader, COMMAND_READ, err);

	if (!ret)
		ret = send_address(loader, job->address, err);
	if (!ret)
		ret = stm32_send(loader, length, sizeof(length), err);
	if (!ret)
		ret = stm32_await_ack(loader, sizeof(length), loader->limits->ack_ms, err);
	return ret ? ret : stm32_receive(loader, job->bytes, job->count, err);
}

int stm32_loader_read(struct stm32_loader *loader, uint32_t address, uint8_t *ret_bytes,
		      size_t count, struct err *err)
{
	uint8_t bytes[STM32_BLOCK_MAX];
	struct read_job job = {.address = address, .bytes = bytes, .count = count};
	int ret;

	assert(count > 0 && count <= sizeof(bytes));
	ret = stm32_repeat(loader, command_read, &job, err);
	if (!ret)
		memcpy(ret_bytes, bytes, count);
	return ret;
}

struct write_job {
	uint32_t address;
	const uint8_t *bytes;
	size_t count;
	bool sent; /* by an earlier attempt, perhaps to the end */
};

static bool is_written(struct stm32_loader *loader, const struct write_job *job)
{
	uint8_t bytes[STM32_BLOCK_MAX];
	struct read_job back = {.address = job->address, .bytes = bytes, .count = job->count};

	return !command_read(loader, &back, NULL) && !memcmp(bytes, job->bytes, job->count);
}

static int command_write(struct stm32_loader *loader, void *arg, struct err *err)
{
	struct write_job *job = arg;
	uint8_t frame[1 + STM32_BLOCK_MAX];
	int ret;

	if (job->sent && is_written(loader, job))
		return 0;
	ret = stm32_send_command(loader, COMMAND_WRITE, err);
	if (!ret)
		ret = send_address(loader, job->address, err);
	if (ret)
		return ret;
	job->sent = true;
	frame[0] = (uint8_t)(job->count - 1);
	memcpy(frame + 1, job->bytes, job->count);
	return stm32_send_frame(loader, frame, 1 + job->count, loader->limits->write_ms, err);
}

int stm32_loader_write(struct stm32_loader *loader, uint32_t address, const uint8_t *bytes,
		       size_t count, struct err *err)
{
	struct write_job job = {.address = address, .bytes = bytes, .count = count};

	assert(count > 0 && count % 4 == 0 && count <= STM32_BLOCK_MAX);
	return stm32_repeat(loader, command_write, &job, err);
}

struct erase_job {
	unsigned first, count;
};

static int erase_timeout_ms(const struct stm32_loader *loader, const struct erase_job *job)
{
	return (int)job->count * loader->limits->erase_page_ms;
}

static int command_erase(struct stm32_loader *loader, void *arg, struct err *err)
{
	const struct erase_job *job = arg;
	uint8_t frame[1 + STM32_ERASE_PAGES_MAX];
	int ret = stm32_send_command(loader, COMMAND_ERASE, err);

	if (ret)
		return ret;
	frame[0] = (uint8_t)(job->count - 1);
	for (unsigned i = 0; i < job->count; i++)
		frame[1 + i] = (uint8_t)(job->first + i);
	return stm32_send_frame(loader, frame, 1 + job->count, erase_timeout_ms(loader, job), err);
}

static int command_extended_erase(struct stm32_loader *loader, void *arg, struct err *err)
{
	const struct erase_job *job = arg;
	uint8_t frame[2 + 2 * STM32_ERASE_PAGES_MAX];
	int ret = stm32_send_command(loader, COMMAND_EXTENDED_ERASE, err);

	if (ret)
		return ret;
	frame[0] = 0;
	frame[1] = (uint8_t)(job->count - 1);
	for (unsigned i = 0; i < job->count; i++) {
		frame[2 + 2 * i] = (uint8_t)((job->first + i) >> 8);
		frame[3 + 2 * i] = (uint8_t)(job->first + i);
	}
	return stm32_send_frame(loader, frame, 2 + 2 * job->count, erase_timeout_ms(loader, job),
				err);
}

int stm32_loader_erase(struct stm32_loader *loader, unsigned first_page, unsigned count,
		       struct err *err)
{
	struct erase_job job = {.first = first_page, .count = count};

	assert(count > 0 && count <= STM32_ERASE_PAGES_MAX);
	if (loader->commands[COMMAND_EXTENDED_ERASE])
		return stm32_repeat(loader, command_extended_erase, &job, err);
	if (first_page + count > 256)
		return err_set(err, -ERANGE, "the loader's ERASE knows pages up to 255 only");
	return stm32_repeat(loader, command_erase, &job, err);
}

int stm32_loader_go(struct stm32_loader *loader, uint32_t address, struct err *err)
{
	int ret;

	if (!loader->commands[COMMAND_GO])
		return err_set(err, -ENOTSUP, "the loader has no GO");
	ret = stm32_send_command(loader, COMMAND_GO, err);
	return ret ? ret : send_address(loader, address, err);
}
