/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board's loader on USB. See the header.
 */
#include "rigs/virtual/server/pair_loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/chips/dfuse.h"
#include "rigs/virtual/server/pair_parts.h"

#define FLASH_BASE 0x08000000u

struct pair_loader {
	struct pair *pair;
	struct outlet *outlet;
	struct vdfuse dfuse;
	struct vdfuse_config config;
	char name[VUSBIP_BUSID_MAX + 1], serial[13];
	bool plugged;
	int64_t now_ps;
};

/* modelled: typical times of the data sheets' flash memory characteristics, as in chips/stm32l4r5.h
 * and chips/stm32l552.h: a page in 22 ms, 64 bits in 82 us, 256 times that for a block of 2 KiB. */
static const struct part {
	const char *name;
	uint32_t page_bytes, page_erase_ms, mass_erase_ms, block_program_ms;
} parts[] = {
	{"stm32l4r5", 4096, 22, 22, 21},
	{"stm32l552", 2048, 22, 22, 21},
};

static const struct part *find_part(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(parts[i].name, name))
			return &parts[i];
	return NULL;
}

bool pair_loader_has_part(const char *part)
{
	return find_part(part) != NULL;
}

/* The device on the bus ----------------------------------------------------------------------- */

static int control(void *context, const struct usb_setup *setup, uint8_t *data)
{
	struct pair_loader *loader = context;
	struct usb_device device = vdfuse_usb(&loader->dfuse);

	loader->pair->client_acts++;
	chip_flash_will_change(loader->pair->body.chip);
	return device.ops->control(device.state, setup, data);
}

static int no_bulk_out(void *context, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	(void)context, (void)endpoint, (void)bytes, (void)count;
	return USB_STALL;
}

static int no_bulk_in(void *context, uint8_t endpoint, uint8_t *ret_bytes, size_t capacity)
{
	(void)context, (void)endpoint, (void)ret_bytes, (void)capacity;
	return USB_STALL;
}

static const struct usb_device_ops device_ops = {"dfuse", control, no_bulk_out, no_bulk_in};

static void connected(void *context, bool is_connected)
{
	struct pair_loader *loader = context;

	(void)is_connected;
	loader->pair->client_acts++;
	loader->pair->anchored = false;
}

static void plug(struct pair_loader *loader, bool plugged)
{
	loader->plugged = plugged;
	outlet_unplug(loader->outlet, plugged ? 0 : INT64_MAX);
}

/* Life ---------------------------------------------------------------------------------------- */

int pair_loader_open(struct pair *pair, const char *listen, struct pair_loader **ret_loader,
		     struct verr *err)
{
	const struct part *part = find_part(pair->body.part);
	struct pair_loader *loader = calloc(1, sizeof(*loader));
	const struct vusbip_export export = {.busid = loader ? loader->name : "",
					     .device = {&device_ops, loader},
					     .context = loader};
	int rc;

	if (!loader)
		return verr_set(err, -ENOMEM, "out of memory");
	loader->pair = pair;
	snprintf(loader->name, sizeof(loader->name), "%.26s-dfu", pair->board->name);
	snprintf(loader->serial, sizeof(loader->serial), "%s", chip_uid_text(pair->body.chip));
	loader->config = (struct vdfuse_config){
		.flash = pair->body.flash,
		.base = FLASH_BASE,
		.bytes = chip_flash_bytes(pair->body.part),
		.page_bytes = part->page_bytes,
		.serial = loader->serial,
		.page_erase_ms = part->page_erase_ms,
		.mass_erase_ms = part->mass_erase_ms,
		.block_program_ms = part->block_program_ms,
	};
	vdfuse_init(&loader->dfuse, &loader->config);
	rc = outlet_open_usb(listen, &export, connected, &loader->outlet, err);
	if (rc < 0) {
		free(loader);
		return rc;
	}
	plug(loader, false);
	*ret_loader = loader;
	return 0;
}

void pair_loader_close(struct pair_loader *loader)
{
	if (!loader)
		return;
	outlet_close(loader->outlet);
	free(loader);
}

struct outlet *pair_loader_outlet(const struct pair_loader *loader)
{
	return loader ? loader->outlet : NULL;
}

void pair_loader_restart(struct pair_loader *loader, bool into_loader)
{
	if (!loader)
		return;
	if (into_loader) {
		loader->config.flash = loader->pair->body.flash; /* of the body that is there */
		vdfuse_init(&loader->dfuse, &loader->config);
	}
	if (into_loader || loader->plugged)
		plug(loader, into_loader);
}

void pair_loader_follow(struct pair_loader *loader, int64_t now_ps)
{
	uint32_t address;

	if (!loader)
		return;
	vdfuse_pass(&loader->dfuse, now_ps - loader->now_ps);
	loader->now_ps = now_ps;
	if (!loader->plugged || !vdfuse_has_left(&loader->dfuse, &address))
		return;
	plug(loader, false);
	chip_leave_loader(loader->pair->body.chip, address);
	loader->pair->resting = false;
}

bool pair_loader_works(const struct pair_loader *loader)
{
	uint32_t address;

	return loader && loader->plugged &&
	       (loader->dfuse.due_ps > loader->dfuse.now_ps ||
		vdfuse_has_left(&loader->dfuse, &address));
}
