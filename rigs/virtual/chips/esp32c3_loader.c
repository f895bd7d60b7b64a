/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial protocol of the ESP32-C3's ROM. See the header.
 */
#include "rigs/virtual/chips/esp32c3_loader.h"

#include <stdio.h>
#include <string.h>

#include "rigs/virtual/chips/esp32c3_md5.h"

#define SLIP_END          0xC0
#define SLIP_ESC          0xDB
#define SLIP_ESC_END      0xDC
#define SLIP_ESC_ESC      0xDD
#define HEADER_BYTES      8u
#define DATA_HEADER_BYTES 16u
#define CHECKSUM_SEED     0xEF
#define SECTOR_BYTES      4096u
#define SYNC_VALUE        0x20120707u /* the ROM answers SYNC with a value that is not zero */
#define SYNC_REPEATS      8
#define CHIP_ID           5u
#define ECO_VERSION       3u
#define BAUD_TOLERANCE    3 /* percent */
#define COMMAND_PS        INT64_C(100000000)
#define MD5_PS_PER_BYTE   INT64_C(500000)
#define BAUD_MIN          300u
#define BAUD_MAX          5000000u

enum loader_error {
	ERROR_NONE = 0,
	ERROR_INVALID_MESSAGE = 5,
	ERROR_FAILED = 6,
	ERROR_CHECKSUM = 7,
	ERROR_FLASH_WRITE = 8,
	ERROR_FLASH_READ = 9,
};

struct request {
	uint8_t op;
	uint32_t checksum;
	const uint8_t *data;
	uint32_t bytes;
};

struct reply {
	uint32_t value;
	uint8_t data[40];
	size_t bytes;
	int64_t duration_ps;
};

typedef enum loader_error handler(struct esp32c3_loader *loader, const struct request *request,
				  struct reply *reply);

static uint32_t word_at(const uint8_t *at, unsigned index)
{
	at += 4 * index;
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store_word(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* Commands ----------------------------------------------------------------------------------- */

static handler on_sync, on_read_reg, on_write_reg, on_attach, on_set_params, on_flash_begin,
	on_flash_data, on_flash_end, on_mem_begin, on_mem_data, on_mem_end, on_change_baud, on_md5,
	on_security_info;

static enum loader_error on_sync(struct esp32c3_loader *loader, const struct request *request,
				 struct reply *reply)
{
	static const uint8_t head[4] = {0x07, 0x07, 0x12, 0x20};

	if (memcmp(request->data, head, 4) != 0)
		return ERROR_INVALID_MESSAGE;
	for (uint32_t i = 4; i < request->bytes; i++)
		if (request->data[i] != 0x55)
			return ERROR_INVALID_MESSAGE;
	loader->answer_repeats = SYNC_REPEATS;
	reply->value = SYNC_VALUE;
	return ERROR_NONE;
}

static enum loader_error on_read_reg(struct esp32c3_loader *loader, const struct request *request,
				     struct reply *reply)
{
	uint32_t address = word_at(request->data, 0);

	if (address % 4 != 0 ||
	    !loader->target.read_word(loader->target.context, address, &reply->value))
		return ERROR_FAILED;
	return ERROR_NONE;
}

/* One or several of (address, value, mask, delay after it in us). */
static enum loader_error on_write_reg(struct esp32c3_loader *loader, const struct request *request,
				      struct reply *reply)
{
	const struct esp32c3_loader_target *target = &loader->target;

	if (request->bytes == 0 || request->bytes % 16 != 0)
		return ERROR_INVALID_MESSAGE;
	for (const uint8_t *at = request->data; at < request->data + request->bytes; at += 16) {
		uint32_t address = word_at(at, 0), mask = word_at(at, 2), value = word_at(at, 1);
		uint32_t old = 0;

		if (address % 4 != 0)
			return ERROR_FAILED;
		if (mask != UINT32_MAX && !target->read_word(target->context, address, &old))
			return ERROR_FAILED;
		if (!target->write_word(target->context, address, (old & ~mask) | (value & mask)))
			return ERROR_FAILED;
		reply->duration_ps += word_at(at, 3) * INT64_C(1000000);
	}
	return ERROR_NONE;
}

static enum loader_error on_attach(struct esp32c3_loader *loader, const struct request *request,
				   struct reply *reply)
{
	(void)request;
	(void)reply;
	loader->attached = true;
	return ERROR_NONE;
}

static enum loader_error on_set_params(struct esp32c3_loader *loader, const struct request *request,
				       struct reply *reply)
{
	(void)reply;
	if (!loader->attached || word_at(request->data, 1) > loader->target.flash_size ||
	    word_at(request->data, 3) != SECTOR_BYTES)
		return ERROR_FAILED;
	return ERROR_NONE;
}

static bool in_flash(const struct esp32c3_loader *loader, uint32_t offset, uint32_t bytes)
{
	return bytes <= loader->target.flash_size && offset <= loader->target.flash_size - bytes;
}

static enum loader_error on_flash_begin(struct esp32c3_loader *loader,
					const struct request *request, struct reply *reply)
{
	uint32_t bytes = word_at(request->data, 0), offset = word_at(request->data, 3);
	uint32_t end = (offset + bytes + SECTOR_BYTES - 1) & ~(SECTOR_BYTES - 1);

	loader->flash.open = false;
	if (word_at(request->data, 4) != 0) /* no encryption */
		return ERROR_INVALID_MESSAGE;
	if (!loader->attached || !in_flash(loader, offset, bytes) || offset % SECTOR_BYTES != 0)
		return ERROR_FAILED;
	loader->flash = (struct esp32c3_loader_block){true, offset, word_at(request->data, 2),
						      word_at(request->data, 1), 0};
	if (bytes > 0)
		reply->duration_ps +=
			loader->target.flash_erase(loader->target.context, offset, end - offset);
	return ERROR_NONE;
}

static enum loader_error on_mem_begin(struct esp32c3_loader *loader, const struct request *request,
				      struct reply *reply)
{
	uint32_t bytes = word_at(request->data, 0), address = word_at(request->data, 3);

	(void)reply;
	loader->ram.open = false;
	if (!loader->target.ram(loader->target.context, address, bytes))
		return ERROR_FAILED;
	loader->ram = (struct esp32c3_loader_block){true, address, word_at(request->data, 2),
						    word_at(request->data, 1), 0};
	return ERROR_NONE;
}

/* Header, length and checksum of a *_DATA command; payload and its place come back. */
static enum loader_error check_block(const struct esp32c3_loader_block *block,
				     const struct request *request, uint32_t *ret_address)
{
	uint32_t bytes, sum = CHECKSUM_SEED;

	if (request->bytes < DATA_HEADER_BYTES)
		return ERROR_INVALID_MESSAGE;
	bytes = word_at(request->data, 0);
	if (bytes != request->bytes - DATA_HEADER_BYTES)
		return ERROR_INVALID_MESSAGE;
	for (uint32_t i = DATA_HEADER_BYTES; i < request->bytes; i++)
		sum ^= request->data[i];
	if (sum != (request->checksum & 0xFF))
		return ERROR_CHECKSUM;
	if (!block->open || block->next >= block->blocks || bytes > block->block_bytes ||
	    word_at(request->data, 1) != block->next)
		return ERROR_FAILED;
	*ret_address = block->address + block->next * block->block_bytes;
	return ERROR_NONE;
}

static enum loader_error on_flash_data(struct esp32c3_loader *loader, const struct request *request,
				       struct reply *reply)
{
	uint32_t offset = 0, bytes = request->bytes - DATA_HEADER_BYTES;
	enum loader_error error = check_block(&loader->flash, request, &offset);

	if (error != ERROR_NONE)
		return error;
	if (!in_flash(loader, offset, bytes))
		return ERROR_FLASH_WRITE;
	loader->flash.next++;
	reply->duration_ps += loader->target.flash_program(
		loader->target.context, offset, request->data + DATA_HEADER_BYTES, bytes);
	return ERROR_NONE;
}

static enum loader_error on_mem_data(struct esp32c3_loader *loader, const struct request *request,
				     struct reply *reply)
{
	uint32_t address = 0, bytes = request->bytes - DATA_HEADER_BYTES;
	enum loader_error error = check_block(&loader->ram, request, &address);
	uint8_t *memory;

	(void)reply;
	if (error != ERROR_NONE)
		return error;
	memory = loader->target.ram(loader->target.context, address, bytes);
	if (!memory)
		return ERROR_FAILED;
	memcpy(memory, request->data + DATA_HEADER_BYTES, bytes);
	loader->target.ram_written(loader->target.context, address, bytes);
	loader->ram.next++;
	return ERROR_NONE;
}

static enum loader_error on_flash_end(struct esp32c3_loader *loader, const struct request *request,
				      struct reply *reply)
{
	(void)reply;
	loader->flash.open = false;
	loader->reboot = word_at(request->data, 0) == 0;
	return ERROR_NONE;
}

static enum loader_error on_mem_end(struct esp32c3_loader *loader, const struct request *request,
				    struct reply *reply)
{
	(void)reply;
	if (!loader->ram.open)
		return ERROR_FAILED;
	loader->ram.open = false;
	loader->run = word_at(request->data, 0) == 0;
	loader->entry = word_at(request->data, 1);
	return ERROR_NONE;
}

static enum loader_error on_change_baud(struct esp32c3_loader *loader,
					const struct request *request, struct reply *reply)
{
	uint32_t baud = word_at(request->data, 0);

	(void)reply;
	if (baud < BAUD_MIN || baud > BAUD_MAX)
		return ERROR_FAILED;
	loader->next_baud = baud;
	return ERROR_NONE;
}

static enum loader_error on_md5(struct esp32c3_loader *loader, const struct request *request,
				struct reply *reply)
{
	uint32_t offset = word_at(request->data, 0), bytes = word_at(request->data, 1);
	uint8_t digest[16];
	char text[33];

	if (!loader->attached)
		return ERROR_FAILED;
	if (!in_flash(loader, offset, bytes))
		return ERROR_FLASH_READ;
	esp32c3_md5(loader->target.flash_bytes(loader->target.context) + offset, bytes, digest);
	for (unsigned i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	memcpy(reply->data, text, 32);
	reply->bytes = 32;
	reply->duration_ps += bytes * MD5_PS_PER_BYTE;
	return ERROR_NONE;
}

static enum loader_error on_security_info(struct esp32c3_loader *loader,
					  const struct request *request, struct reply *reply)
{
	(void)loader;
	(void)request;
	/* No flag is set, flash encryption count 0, seven unused keys. */
	store_word(reply->data + 12, CHIP_ID);
	store_word(reply->data + 16, ECO_VERSION);
	reply->bytes = 20;
	return ERROR_NONE;
}

#define ANY_SIZE UINT32_MAX

static const struct loader_command {
	uint8_t op;
	uint32_t bytes;
	handler *run;
} loader_commands[] = {
	{0x02, 20, on_flash_begin}, {0x03, ANY_SIZE, on_flash_data},
	{0x04, 4, on_flash_end},    {0x05, 16, on_mem_begin},
	{0x06, 8, on_mem_end},      {0x07, ANY_SIZE, on_mem_data},
	{0x08, 36, on_sync},        {0x09, ANY_SIZE, on_write_reg},
	{0x0A, 4, on_read_reg},     {0x0B, 24, on_set_params},
	{0x0D, 8, on_attach},       {0x0F, 8, on_change_baud},
	{0x13, 16, on_md5},         {0x14, 0, on_security_info},
};

static enum loader_error dispatch(struct esp32c3_loader *loader, const struct request *request,
				  struct reply *reply)
{
	for (size_t i = 0; i < sizeof(loader_commands) / sizeof(loader_commands[0]); i++) {
		const struct loader_command *command = &loader_commands[i];

		if (command->op != request->op)
			continue;
		if (command->bytes != ANY_SIZE && command->bytes != request->bytes)
			return ERROR_INVALID_MESSAGE;
		return command->run(loader, request, reply);
	}
	return ERROR_INVALID_MESSAGE;
}

/* Frames ------------------------------------------------------------------------------------- */

static void set_answer(struct esp32c3_loader *loader, uint8_t op, const struct reply *reply,
		       enum loader_error error)
{
	uint8_t *at = loader->answer;

	at[0] = 1;
	at[1] = op;
	at[2] = (uint8_t)(reply->bytes + 4);
	at[3] = 0;
	store_word(at + 4, reply->value);
	memcpy(at + HEADER_BYTES, reply->data, reply->bytes);
	at += HEADER_BYTES + reply->bytes;
	at[0] = error != ERROR_NONE;
	at[1] = (uint8_t)error;
	at[2] = at[3] = 0;
	loader->answer_bytes = HEADER_BYTES + reply->bytes + 4;
}

static void handle_frame(struct esp32c3_loader *loader, int64_t now_ps)
{
	const uint8_t *frame = loader->frame;
	struct reply reply = {.duration_ps = COMMAND_PS};
	struct request request;
	enum loader_error error = ERROR_INVALID_MESSAGE;

	if (loader->frame_bytes < HEADER_BYTES || frame[0] != 0)
		return;
	request = (struct request){frame[1], word_at(frame, 1), frame + HEADER_BYTES,
				   frame[2] | (uint32_t)frame[3] << 8};
	loader->answer_repeats = 1;
	loader->next_baud = 0;
	loader->run = loader->reboot = false;
	if (!loader->overlong && request.bytes == loader->frame_bytes - HEADER_BYTES)
		error = dispatch(loader, &request, &reply);
	if (error != ERROR_NONE)
		reply.bytes = 0;
	set_answer(loader, request.op, &reply, error);
	loader->busy = true;
	loader->busy_end_ps = now_ps + reply.duration_ps;
}

static void send_escaped(struct esp32c3_loader *loader, uint8_t byte)
{
	const struct esp32c3_loader_target *target = &loader->target;

	if (byte == SLIP_END || byte == SLIP_ESC) {
		target->send(target->context, SLIP_ESC);
		byte = byte == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC;
	}
	target->send(target->context, byte);
}

static void send_answer(struct esp32c3_loader *loader)
{
	const struct esp32c3_loader_target *target = &loader->target;

	for (unsigned repeat = 0; repeat < loader->answer_repeats; repeat++) {
		target->send(target->context, SLIP_END);
		for (size_t i = 0; i < loader->answer_bytes; i++)
			send_escaped(loader, loader->answer[i]);
		target->send(target->context, SLIP_END);
	}
}

static void take_byte(struct esp32c3_loader *loader, uint8_t byte, int64_t now_ps)
{
	if (byte == SLIP_END) {
		bool complete = loader->in_frame && loader->frame_bytes > 0;

		if (complete)
			handle_frame(loader, now_ps);
		loader->in_frame = !complete;
		loader->escaped = loader->overlong = false;
		loader->frame_bytes = 0;
		return;
	}
	if (!loader->in_frame)
		return;
	if (byte == SLIP_ESC) {
		loader->escaped = true;
		return;
	}
	if (loader->escaped && (byte == SLIP_ESC_END || byte == SLIP_ESC_ESC))
		byte = byte == SLIP_ESC_END ? SLIP_END : SLIP_ESC;
	loader->escaped = false;
	if (loader->frame_bytes < sizeof(loader->frame))
		loader->frame[loader->frame_bytes++] = byte;
	else
		loader->overlong = true;
}

void esp32c3_loader_rx(struct esp32c3_loader *loader, uint8_t byte,
		       const struct chip_uart_format *format, uint8_t damage, int64_t now_ps)
{
	int64_t off = (int64_t)format->baud - loader->baud;

	if (!loader->on)
		return;
	if (!loader->baud_known && format->baud >= BAUD_MIN && format->baud <= BAUD_MAX) {
		loader->baud_known = true; /* autobaud: it takes the rate of what comes first */
		loader->baud = format->baud;
		loader->target.set_baud(loader->target.context, loader->baud);
		off = 0;
	}
	if ((off < 0 ? -off : off) * 100 > (int64_t)loader->baud * BAUD_TOLERANCE ||
	    format->parity != CHIP_PARITY_NONE)
		byte ^= damage;
	if (!loader->busy)
		take_byte(loader, byte, now_ps);
	else if (loader->fifo_count < sizeof(loader->fifo))
		loader->fifo[loader->fifo_count++] = byte;
}

int64_t esp32c3_loader_next_ps(const struct esp32c3_loader *loader)
{
	return loader->on && loader->busy ? loader->busy_end_ps : INT64_MAX;
}

static void drain_fifo(struct esp32c3_loader *loader, int64_t now_ps)
{
	size_t taken = 0;

	while (!loader->busy && taken < loader->fifo_count)
		take_byte(loader, loader->fifo[taken++], now_ps);
	loader->fifo_count -= taken;
	memmove(loader->fifo, loader->fifo + taken, loader->fifo_count);
}

void esp32c3_loader_step(struct esp32c3_loader *loader, int64_t now_ps)
{
	const struct esp32c3_loader_target *target = &loader->target;

	if (!loader->on || !loader->busy || now_ps < loader->busy_end_ps)
		return;
	loader->busy = false;
	send_answer(loader);
	if (loader->next_baud != 0) {
		loader->baud = loader->next_baud;
		target->set_baud(target->context, loader->baud);
	}
	if (loader->run)
		target->run(target->context, loader->entry);
	else if (loader->reboot)
		target->reboot(target->context);
	else
		drain_fifo(loader, now_ps);
}

void esp32c3_loader_init(struct esp32c3_loader *loader, const struct esp32c3_loader_target *target)
{
	memset(loader, 0, sizeof(*loader));
	loader->target = *target;
}

void esp32c3_loader_start(struct esp32c3_loader *loader)
{
	struct esp32c3_loader_target target = loader->target;

	esp32c3_loader_init(loader, &target);
	loader->on = true;
	loader->baud = 115200;
}

void esp32c3_loader_stop(struct esp32c3_loader *loader)
{
	loader->on = loader->busy = false;
}
