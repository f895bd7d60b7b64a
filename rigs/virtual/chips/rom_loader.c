/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ST AN3155, USART protocol used in the STM32 bootloader. One choice where silicon differs by part:
 * a WRITE whose range is not all RAM or all flash is refused whole.
 */
#include <string.h>

#include "rigs/virtual/chips/rom_loader.h"

#define ACK            0x79
#define NACK           0x1F
#define SYNC           0x7F
#define BAUD_MIN       1200
#define BAUD_MAX       115200
#define ERASE_ALL      0xFFFF
#define ERASE_BANK_1   0xFFFE
#define ERASE_BANK_2   0xFFFD
#define ERASE_SPECIAL  0xFFF0 /* and above */
#define JOB_WHOLE_BANK 0x8000u
#define PS_PER_S       INT64_C(1000000000000)
#define TURNAROUND_PS  (PS_PER_S / 50000) /* from the last byte received to the start bit: 20 us */
#define FRAME_BITS     11                 /* start, 8 data, parity, stop */

struct command {
	uint8_t code;
	void (*start)(struct rom_loader *loader);
};

static void start_get(struct rom_loader *loader);
static void start_get_version(struct rom_loader *loader);
static void start_get_id(struct rom_loader *loader);
static void start_address(struct rom_loader *loader);
static void start_erase(struct rom_loader *loader);
static void start_refused(struct rom_loader *loader);

enum { COMMAND_READ = 0x11, COMMAND_GO = 0x21, COMMAND_WRITE = 0x31 };

/* What GET lists. The protection commands exist, and are refused on this rig. */
static const struct command commands[] = {
	{0x00, start_get},     {0x01, start_get_version}, {0x02, start_get_id},
	{0x11, start_address}, {0x21, start_address},     {0x31, start_address},
	{0x44, start_erase},   {0x63, start_refused},     {0x73, start_refused},
	{0x82, start_refused}, {0x92, start_refused},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

void rom_loader_init(struct rom_loader *loader, const struct rom_loader_target *target)
{
	memset(loader, 0, sizeof(*loader));
	loader->target = *target;
	rom_loader_stop(loader);
}

static void expect(struct rom_loader *loader, enum rom_loader_state state, size_t bytes)
{
	loader->state = state;
	loader->input_count = 0;
	loader->input_wanted = bytes;
}

void rom_loader_start(struct rom_loader *loader, int64_t t_ps)
{
	loader->now_ps = t_ps;
	loader->output_count = 0;
	loader->go_pending = false;
	expect(loader, ROM_LOADER_STATE_BOOT, 0);
	loader->job_ps = t_ps + loader->target.boot_ps;
}

void rom_loader_stop(struct rom_loader *loader)
{
	loader->output_count = 0;
	loader->go_pending = false;
	expect(loader, ROM_LOADER_STATE_OFF, 0);
}

static void reply(struct rom_loader *loader, uint8_t byte)
{
	if (loader->output_count == ROM_LOADER_OUTPUT_MAX)
		return; /* the host talks over an answer: what does not fit is lost */
	if (loader->output_count == 0)
		loader->output_ps = loader->now_ps + TURNAROUND_PS + loader->byte_ps;
	loader->output[(loader->output_head + loader->output_count++) % ROM_LOADER_OUTPUT_MAX] =
		byte;
}

static void finish(struct rom_loader *loader, uint8_t answer)
{
	reply(loader, answer);
	expect(loader, ROM_LOADER_STATE_COMMAND, 2);
}

/* Commands. */

static void start_get(struct rom_loader *loader)
{
	reply(loader, ACK);
	reply(loader, COMMAND_COUNT); /* version and codes, minus one */
	reply(loader, loader->target.version);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		reply(loader, commands[i].code);
	finish(loader, ACK);
}

static void start_get_version(struct rom_loader *loader)
{
	reply(loader, ACK);
	reply(loader, loader->target.version);
	reply(loader, 0);
	reply(loader, 0);
	finish(loader, ACK);
}

static void start_get_id(struct rom_loader *loader)
{
	reply(loader, ACK);
	reply(loader, 1);
	reply(loader, (uint8_t)(loader->target.product_id >> 8));
	reply(loader, (uint8_t)loader->target.product_id);
	finish(loader, ACK);
}

static void start_address(struct rom_loader *loader)
{
	reply(loader, ACK);
	expect(loader, ROM_LOADER_STATE_ADDRESS, 5);
}

static void start_erase(struct rom_loader *loader)
{
	reply(loader, ACK);
	expect(loader, ROM_LOADER_STATE_ERASE_HEAD, 2);
}

static void start_refused(struct rom_loader *loader)
{
	finish(loader, NACK);
}

static void take_command(struct rom_loader *loader)
{
	if ((loader->input[0] ^ loader->input[1]) == 0xFF) {
		for (size_t i = 0; i < COMMAND_COUNT; i++) {
			if (commands[i].code == loader->input[0]) {
				loader->command = loader->input[0];
				commands[i].start(loader);
				return;
			}
		}
	}
	finish(loader, NACK);
}

static bool sum_is_right(const struct rom_loader *loader)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < loader->input_count; i++)
		sum ^= loader->input[i];
	return sum == 0;
}

static bool address_is_right(struct rom_loader *loader)
{
	enum rom_loader_area area = loader->target.area(loader->target.context, loader->address, 1);

	if (area == ROM_LOADER_AREA_NONE)
		return false;
	if (loader->command == COMMAND_READ)
		return true;
	if (area == ROM_LOADER_AREA_READ_ONLY)
		return false;
	if (loader->command == COMMAND_WRITE && area == ROM_LOADER_AREA_FLASH)
		return loader->address % loader->target.program_bytes == 0;
	return loader->address % 4 == 0;
}

static void take_address(struct rom_loader *loader)
{
	const uint8_t *in = loader->input;

	loader->address =
		(uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
	if (!sum_is_right(loader) || !address_is_right(loader)) {
		finish(loader, NACK);
		return;
	}
	if (loader->command == COMMAND_GO) {
		finish(loader, ACK);
		loader->go_pending = true;
		return;
	}
	reply(loader, ACK);
	if (loader->command == COMMAND_READ)
		expect(loader, ROM_LOADER_STATE_LENGTH, 2);
	else
		expect(loader, ROM_LOADER_STATE_DATA, 1);
}

static void take_length(struct rom_loader *loader)
{
	size_t bytes = loader->input[0] + (size_t)1;
	uint8_t block[256];

	if ((loader->input[0] ^ loader->input[1]) != 0xFF ||
	    loader->target.area(loader->target.context, loader->address, bytes) ==
		    ROM_LOADER_AREA_NONE) {
		finish(loader, NACK);
		return;
	}
	loader->target.read(loader->target.context, loader->address, block, bytes);
	reply(loader, ACK);
	for (size_t i = 0; i < bytes; i++)
		reply(loader, block[i]);
	expect(loader, ROM_LOADER_STATE_COMMAND, 2);
}

/* Jobs: pieces of flash to program or pages to erase, each with its own time. */

/* Time of the job at job_index. */
static int64_t job_duration_ps(const struct rom_loader *loader)
{
	uint16_t item = loader->job_pages[loader->job_index];

	if (!loader->job_is_erase)
		return loader->target.program_ps;
	if (!loader->target.erase_ps)
		return loader->target.page_erase_ps;
	return loader->target.erase_ps(loader->target.context,
				       item & JOB_WHOLE_BANK ? ROM_LOADER_WHOLE_BANK : item);
}

static void job_start(struct rom_loader *loader, bool is_erase, size_t count)
{
	expect(loader, ROM_LOADER_STATE_BUSY, 0);
	loader->job_is_erase = is_erase;
	loader->job_failed = false;
	loader->job_index = 0;
	loader->job_count = count;
	loader->job_ps = loader->now_ps + job_duration_ps(loader);
}

static void job_erase(struct rom_loader *loader)
{
	uint16_t item = loader->job_pages[loader->job_index];
	unsigned per_bank = loader->target.page_count / loader->target.bank_count;

	if (!(item & JOB_WHOLE_BANK)) {
		loader->target.erase_page(loader->target.context, item);
		return;
	}
	for (unsigned i = 0; i < per_bank; i++)
		loader->target.erase_page(loader->target.context,
					  (item & ~JOB_WHOLE_BANK) * per_bank + i);
}

static void job_program(struct rom_loader *loader)
{
	size_t offset = loader->job_index * loader->target.program_bytes;

	if (!loader->target.program(loader->target.context, loader->address + (uint32_t)offset,
				    loader->input + 1 + offset))
		loader->job_failed = true;
}

static void job_step(struct rom_loader *loader)
{
	if (loader->job_is_erase)
		job_erase(loader);
	else
		job_program(loader);
	if (++loader->job_index < loader->job_count) {
		loader->job_ps += job_duration_ps(loader);
		return;
	}
	finish(loader, loader->job_failed ? NACK : ACK);
}

static void take_data(struct rom_loader *loader)
{
	size_t bytes = loader->input[0] + (size_t)1, piece = loader->target.program_bytes;
	enum rom_loader_area area;

	if (loader->input_wanted == 1) { /* only the length so far */
		loader->input_wanted = 1 + bytes + 1;
		return;
	}
	area = loader->target.area(loader->target.context, loader->address, bytes);
	if (!sum_is_right(loader) || bytes % 4 != 0 ||
	    (area != ROM_LOADER_AREA_RAM && area != ROM_LOADER_AREA_FLASH)) {
		finish(loader, NACK);
		return;
	}
	if (area == ROM_LOADER_AREA_RAM) {
		loader->target.write_ram(loader->target.context, loader->address, loader->input + 1,
					 bytes);
		finish(loader, ACK);
		return;
	}
	memset(loader->input + 1 + bytes, 0xFF, piece); /* a last piece half full */
	job_start(loader, false, (bytes + piece - 1) / piece);
}

static void take_erase_head(struct rom_loader *loader)
{
	unsigned pages = ((unsigned)loader->input[0] << 8 | loader->input[1]) + 1u;

	if (pages - 1 >= ERASE_SPECIAL)
		loader->input_wanted = 3;
	else if (pages <= loader->target.page_count)
		loader->input_wanted = 2 + 2 * (size_t)pages + 1;
	else {
		finish(loader, NACK);
		return;
	}
	loader->state = ROM_LOADER_STATE_ERASE_LIST;
}

/* Returns the number of jobs, 0 when the list asks for what is not there. */
static size_t erase_special(struct rom_loader *loader, unsigned code)
{
	size_t count = 0;

	for (unsigned bank = 0; bank < loader->target.bank_count; bank++) {
		if (code == ERASE_ALL || code == ERASE_BANK_1 - bank)
			loader->job_pages[count++] = (uint16_t)(JOB_WHOLE_BANK | bank);
	}
	return count;
}

static size_t erase_listed(struct rom_loader *loader, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		const uint8_t *entry = loader->input + 2 + 2 * i;
		unsigned page = (unsigned)entry[0] << 8 | entry[1];

		if (page >= loader->target.page_count)
			return 0;
		loader->job_pages[i] = (uint16_t)page;
	}
	return pages;
}

static void take_erase_list(struct rom_loader *loader)
{
	unsigned head = (unsigned)loader->input[0] << 8 | loader->input[1];
	size_t count = 0;

	if (sum_is_right(loader))
		count = head >= ERASE_SPECIAL ? erase_special(loader, head)
					      : erase_listed(loader, head + (size_t)1);
	if (count == 0)
		finish(loader, NACK);
	else
		job_start(loader, true, count);
}

static void take_input(struct rom_loader *loader)
{
	static void (*const take[])(struct rom_loader *) = {
		[ROM_LOADER_STATE_COMMAND] = take_command,
		[ROM_LOADER_STATE_ADDRESS] = take_address,
		[ROM_LOADER_STATE_LENGTH] = take_length,
		[ROM_LOADER_STATE_DATA] = take_data,
		[ROM_LOADER_STATE_ERASE_HEAD] = take_erase_head,
		[ROM_LOADER_STATE_ERASE_LIST] = take_erase_list,
	};

	take[loader->state](loader);
}

static void take_sync(struct rom_loader *loader, uint8_t byte,
		      const struct chip_uart_format *format)
{
	if (byte != SYNC || format->parity != CHIP_PARITY_EVEN || format->baud < BAUD_MIN ||
	    format->baud > BAUD_MAX)
		return;
	loader->format = *format;
	loader->byte_ps = FRAME_BITS * PS_PER_S / format->baud;
	finish(loader, ACK);
}

static bool is_noise(const struct rom_loader *loader, const struct chip_uart_format *format)
{
	int64_t off = (int64_t)format->baud - loader->format.baud;

	if (off < 0)
		off = -off;
	return format->parity != CHIP_PARITY_EVEN || off * 100 > (int64_t)loader->format.baud * 3;
}

void rom_loader_rx(struct rom_loader *loader, uint8_t byte, const struct chip_uart_format *format,
		   int64_t t_ps)
{
	rom_loader_step(loader, t_ps);
	if (loader->state == ROM_LOADER_STATE_SYNC) {
		take_sync(loader, byte, format);
		return;
	}
	if (loader->state < ROM_LOADER_STATE_COMMAND || loader->state == ROM_LOADER_STATE_BUSY ||
	    loader->go_pending || is_noise(loader, format))
		return;
	loader->input[loader->input_count++] = byte;
	if (loader->input_count == loader->input_wanted)
		take_input(loader);
}

int64_t rom_loader_next_ps(const struct rom_loader *loader)
{
	int64_t next_ps = ROM_LOADER_NEVER_PS;

	if (loader->state == ROM_LOADER_STATE_OFF)
		return ROM_LOADER_NEVER_PS;
	if (loader->output_count > 0 && loader->output_ps < next_ps)
		next_ps = loader->output_ps;
	if ((loader->state == ROM_LOADER_STATE_BOOT || loader->state == ROM_LOADER_STATE_BUSY) &&
	    loader->job_ps < next_ps)
		next_ps = loader->job_ps;
	return next_ps;
}

static void send_one(struct rom_loader *loader)
{
	uint8_t byte = loader->output[loader->output_head];

	loader->output_head = (loader->output_head + 1) % ROM_LOADER_OUTPUT_MAX;
	loader->output_count--;
	loader->output_ps += loader->byte_ps;
	loader->target.send(loader->target.context, byte, &loader->format, loader->now_ps);
	if (loader->output_count == 0 && loader->go_pending) {
		rom_loader_stop(loader);
		loader->target.go(loader->target.context, loader->address);
	}
}

static void step_one(struct rom_loader *loader)
{
	if (loader->output_count > 0 && loader->now_ps == loader->output_ps)
		send_one(loader);
	else if (loader->state == ROM_LOADER_STATE_BOOT)
		expect(loader, ROM_LOADER_STATE_SYNC, 0);
	else
		job_step(loader);
}

void rom_loader_step(struct rom_loader *loader, int64_t t_ps)
{
	int64_t next_ps;

	while ((next_ps = rom_loader_next_ps(loader)) <= t_ps && next_ps != ROM_LOADER_NEVER_PS) {
		loader->now_ps = next_ps;
		step_one(loader);
	}
	loader->now_ps = t_ps;
}

bool rom_loader_is_busy(const struct rom_loader *loader)
{
	return loader->state == ROM_LOADER_STATE_BUSY;
}
