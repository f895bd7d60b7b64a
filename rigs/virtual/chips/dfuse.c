/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DfuSe. See the header. States, status codes and commands: USB DFU 1.1, tables 6.1 and A.1;
 * AN3156, "USB DFU bootloader request commands".
 *
 * assumed: a download to flash that is not erased ends with errPROG; a request that its state does
 * not allow stalls and ends in dfuERROR with errSTALLEDPKT, and so does an upload of a single byte
 * (AN2662, 4.4.1: "from 2 to 2048 bytes"); other addresses than the flash's are errADDRESS.
 */
#include "rigs/virtual/chips/dfuse.h"

#include <stdio.h>

#define PS_PER_MS 1000000000ll

enum dfu_state {
	DFU_IDLE = 2,
	DFU_DNLOAD_SYNC,
	DFU_DNBUSY,
	DFU_DNLOAD_IDLE,
	DFU_MANIFEST_SYNC,
	DFU_MANIFEST,
	DFU_MANIFEST_WAIT_RESET,
	DFU_UPLOAD_IDLE,
	DFU_ERROR,
};

enum dfu_status {
	STATUS_OK = 0,
	STATUS_TARGET = 1,
	STATUS_PROG = 6,
	STATUS_ADDRESS = 8,
	STATUS_VENDOR = 11,
	STATUS_STALLED = 15,
};

#define COMMAND_POINTER   0x21
#define COMMAND_ERASE     0x41
#define COMMAND_UNPROTECT 0x92
#define FIRST_BLOCK       2
#define UPLOAD_MIN        2

static const uint8_t device_descriptor[18] = {
	18,   1,             /* DEVICE */
	0x00, 0x02,          /* USB 2.0 */
	0x00, 0x00, 0x00,    /* class in the interface */
	64,                  /* EP0 */
	0x83, 0x04,          /* VID 0x0483 */
	0x11, 0xdf,          /* PID 0xdf11 */
	0x00, 0x22,          /* device 22.00 */
	1,    2,    3,    1, /* manufacturer, product, serial number; 1 configuration */
};

/* clang-format off */
static const uint8_t configuration_descriptor[27] = {
	9, 2, 27, 0, 1, 1, 0, 0xc0, 50,       /* 1 interface, self powered, 100 mA */
	9, 4, 0, 0, 0, 0xfe, 0x01, 0x02, 4,   /* DFU mode; string 4: the layout */
	9, 0x21, 0x0b, 0xff, 0x00,            /* down, up, will detach; 255 ms */
	VDFUSE_TRANSFER_MAX & 0xff, VDFUSE_TRANSFER_MAX >> 8, 0x1a, 0x01, /* DFU 1.1a */
};
/* clang-format on */

static bool holds(const struct vdfuse *dfuse, uint32_t address, uint32_t bytes)
{
	const struct vdfuse_config *config = &dfuse->config;

	return address >= config->base && address - config->base <= config->bytes &&
	       bytes <= config->bytes - (address - config->base);
}

static int refuse(struct vdfuse *dfuse, enum dfu_status status)
{
	dfuse->state = DFU_ERROR;
	dfuse->status = (uint8_t)status;
	return USB_STALL;
}

/* Operations that a GETSTATUS starts ----------------------------------------------------------- */

static void erase(struct vdfuse *dfuse, uint32_t offset, uint32_t bytes)
{
	memset(dfuse->config.flash + offset, 0xff, bytes);
}

static enum dfu_status program(struct vdfuse *dfuse)
{
	uint32_t address = dfuse->pointer +
			   (uint32_t)(dfuse->block_number - FIRST_BLOCK) * VDFUSE_TRANSFER_MAX;
	uint8_t *at;

	if (!holds(dfuse, address, dfuse->block_bytes))
		return STATUS_ADDRESS;
	at = dfuse->config.flash + (address - dfuse->config.base);
	for (unsigned i = 0; i < dfuse->block_bytes; i++)
		if (at[i] != 0xff && at[i] != dfuse->block[i])
			return STATUS_PROG;
	memcpy(at, dfuse->block, dfuse->block_bytes);
	return STATUS_OK;
}

static enum dfu_status run_command(struct vdfuse *dfuse, uint32_t *ret_ms)
{
	const struct vdfuse_config *config = &dfuse->config;
	uint32_t address = (uint32_t)usb_get_le(dfuse->block + 1, 4);

	if (dfuse->block[0] == COMMAND_UNPROTECT && dfuse->block_bytes == 1) {
		erase(dfuse, 0, config->bytes);
		dfuse->config.protected = false;
		*ret_ms = config->mass_erase_ms;
		return STATUS_OK;
	}
	if (config->protected)
		return STATUS_VENDOR;
	if (dfuse->block[0] == COMMAND_ERASE && dfuse->block_bytes == 1) {
		erase(dfuse, 0, config->bytes);
		*ret_ms = config->mass_erase_ms;
		return STATUS_OK;
	}
	if (dfuse->block_bytes != 5 ||
	    (dfuse->block[0] != COMMAND_ERASE && dfuse->block[0] != COMMAND_POINTER))
		return STATUS_TARGET;
	if (!holds(dfuse, address, 1))
		return STATUS_ADDRESS;
	if (dfuse->block[0] == COMMAND_POINTER) {
		dfuse->pointer = address;
		return STATUS_OK;
	}
	address -= config->base;
	erase(dfuse, address - address % config->page_bytes, config->page_bytes);
	*ret_ms = config->page_erase_ms;
	return STATUS_OK;
}

static void start_download(struct vdfuse *dfuse)
{
	uint32_t ms = 0;

	if (dfuse->block_number == 0) {
		dfuse->status = (uint8_t)run_command(dfuse, &ms);
	} else if (dfuse->config.protected) {
		dfuse->status = STATUS_VENDOR;
	} else {
		dfuse->status = (uint8_t)program(dfuse);
		ms = dfuse->config.block_program_ms;
	}
	dfuse->state = dfuse->status ? DFU_ERROR : DFU_DNBUSY;
	dfuse->due_ps = dfuse->now_ps + ms * PS_PER_MS;
}

/* Requests ------------------------------------------------------------------------------------- */

static int download(struct vdfuse *dfuse, const struct usb_setup *setup, uint8_t *data)
{
	if ((dfuse->state != DFU_IDLE && dfuse->state != DFU_DNLOAD_IDLE) ||
	    setup->length > VDFUSE_TRANSFER_MAX || setup->value == 1)
		return refuse(dfuse, STATUS_STALLED);
	if (setup->length == 0) {
		dfuse->state = DFU_MANIFEST_SYNC;
		return 0;
	}
	memcpy(dfuse->block, data, setup->length);
	dfuse->block_number = setup->value;
	dfuse->block_bytes = setup->length;
	dfuse->state = DFU_DNLOAD_SYNC;
	return setup->length;
}

static int upload(struct vdfuse *dfuse, const struct usb_setup *setup, uint8_t *data)
{
	static const uint8_t commands[4] = {0, COMMAND_POINTER, COMMAND_ERASE, COMMAND_UNPROTECT};
	uint32_t address, left;

	if ((dfuse->state != DFU_IDLE && dfuse->state != DFU_UPLOAD_IDLE) ||
	    setup->length > VDFUSE_TRANSFER_MAX || setup->value == 1)
		return refuse(dfuse, STATUS_STALLED);
	if (setup->value == 0) {
		dfuse->state = DFU_IDLE;
		return usb_reply(setup, data, commands, sizeof(commands));
	}
	if (setup->length < UPLOAD_MIN)
		return refuse(dfuse, STATUS_STALLED);
	address = dfuse->pointer + (uint32_t)(setup->value - FIRST_BLOCK) * VDFUSE_TRANSFER_MAX;
	if (dfuse->config.protected)
		return refuse(dfuse, STATUS_VENDOR);
	if (!holds(dfuse, address, 0))
		return refuse(dfuse, STATUS_ADDRESS);
	left = dfuse->config.base + dfuse->config.bytes - address;
	dfuse->state = left < setup->length ? DFU_IDLE : DFU_UPLOAD_IDLE;
	return usb_reply(setup, data, dfuse->config.flash + (address - dfuse->config.base), left);
}

static int get_status(struct vdfuse *dfuse, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t reply[6] = {0};
	int64_t wait_ps;

	if (dfuse->state == DFU_DNLOAD_SYNC)
		start_download(dfuse);
	else if (dfuse->state == DFU_DNBUSY && dfuse->now_ps >= dfuse->due_ps)
		dfuse->state = DFU_DNLOAD_IDLE;
	else if (dfuse->state == DFU_MANIFEST_SYNC) {
		dfuse->state = DFU_MANIFEST;
		dfuse->left = true;
	}
	wait_ps = dfuse->state == DFU_DNBUSY && dfuse->due_ps > dfuse->now_ps
			  ? dfuse->due_ps - dfuse->now_ps
			  : 0;
	reply[0] = dfuse->status;
	usb_put_le(reply + 1, (uint64_t)((wait_ps + PS_PER_MS - 1) / PS_PER_MS), 3);
	reply[4] = dfuse->state;
	return usb_reply(setup, data, reply, sizeof(reply));
}

static int clear_status(struct vdfuse *dfuse, const struct usb_setup *setup, uint8_t *data)
{
	(void)setup, (void)data;
	if (dfuse->state != DFU_ERROR)
		return refuse(dfuse, STATUS_STALLED);
	dfuse->state = DFU_IDLE;
	dfuse->status = STATUS_OK;
	return 0;
}

static int get_state(struct vdfuse *dfuse, const struct usb_setup *setup, uint8_t *data)
{
	return usb_reply(setup, data, &dfuse->state, 1);
}

static int dfu_abort(struct vdfuse *dfuse, const struct usb_setup *setup, uint8_t *data)
{
	(void)setup, (void)data;
	if (dfuse->state == DFU_DNBUSY || dfuse->state >= DFU_MANIFEST_SYNC)
		if (dfuse->state != DFU_UPLOAD_IDLE)
			return refuse(dfuse, STATUS_STALLED);
	dfuse->state = DFU_IDLE;
	return 0;
}

static const struct {
	uint8_t type, request;
	int (*run)(struct vdfuse *dfuse, const struct usb_setup *setup, uint8_t *data);
} requests[] = {
	{0x21, 1, download},     {0xa1, 2, upload},    {0xa1, 3, get_status},
	{0x21, 4, clear_status}, {0xa1, 5, get_state}, {0x21, 6, dfu_abort},
};

/* The functional descriptor can be asked for by itself. */
static int reply_functional(const struct usb_setup *setup, uint8_t *data)
{
	return usb_reply(setup, data, configuration_descriptor + 18, 9);
}

static int control(void *state, const struct usb_setup *setup, uint8_t *data)
{
	struct vdfuse *dfuse = state;
	const struct usb_descriptors descriptors = {
		.device = device_descriptor,
		.configuration = configuration_descriptor,
		.configuration_bytes = sizeof(configuration_descriptor),
		.strings = {NULL, "VIRTUAL STMicroelectronics", "STM32  BOOTLOADER",
			    dfuse->config.serial, dfuse->layout},
	};

	if (setup->request == 6 && setup->value >> 8 == 0x21)
		return reply_functional(setup, data);
	if ((setup->request_type & 0x60) == 0)
		return usb_standard_request(&descriptors, &dfuse->usb, setup, data);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].type == setup->request_type &&
		    requests[i].request == setup->request && setup->index == 0)
			return requests[i].run(dfuse, setup, data);
	return USB_STALL;
}

static int bulk_out(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	(void)state, (void)endpoint, (void)bytes, (void)count;
	return USB_STALL; /* no such endpoint */
}

static int bulk_in(void *state, uint8_t endpoint, uint8_t *ret_bytes, size_t capacity)
{
	(void)state, (void)endpoint, (void)ret_bytes, (void)capacity;
	return USB_STALL; /* no such endpoint */
}

static const struct usb_device_ops ops = {"dfuse", control, bulk_out, bulk_in};

void vdfuse_init(struct vdfuse *dfuse, const struct vdfuse_config *config)
{
	*dfuse = (struct vdfuse){.config = *config, .state = DFU_IDLE, .pointer = config->base};
	snprintf(dfuse->layout, sizeof(dfuse->layout), "@Internal Flash  /0x%08X/%03u*%04uKg",
		 config->base, config->bytes / config->page_bytes, config->page_bytes / 1024);
}

struct usb_device vdfuse_usb(struct vdfuse *dfuse)
{
	return (struct usb_device){&ops, dfuse};
}

void vdfuse_pass(struct vdfuse *dfuse, int64_t ps)
{
	dfuse->now_ps += ps;
}

bool vdfuse_has_left(const struct vdfuse *dfuse, uint32_t *ret_address)
{
	if (dfuse->left)
		*ret_address = dfuse->pointer;
	return dfuse->left;
}
