/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB side of an STM32's loader in ROM: DFU 1.1 with ST's extensions (AN3156), as a USB device
 * over the bytes that a chip keeps its flash in. One alternate setting, the main flash.
 *
 * Flash is erased by pages and programmed only where it is erased. Times are modelled, typical ones
 * of a data sheet that the owner gives; they pass with vdfuse_pass.
 */
#ifndef RIGS_VIRTUAL_CHIPS_DFUSE_H
#define RIGS_VIRTUAL_CHIPS_DFUSE_H

#include "rigs/virtual/meters/usb_device.h"

#define VDFUSE_TRANSFER_MAX 2048

struct vdfuse_config {
	uint8_t *flash; /* not owned */
	uint32_t base, bytes, page_bytes;
	const char *serial; /* not owned */
	uint32_t page_erase_ms, mass_erase_ms, block_program_ms;
	bool protected; /* read protection: nothing but unprotecting is allowed */
};

struct vdfuse {
	struct vdfuse_config config;
	struct usb_state usb;
	char layout[64]; /* the interface's string */
	uint8_t state, status;
	uint32_t pointer;
	/* The download that the next GETSTATUS starts, or that is under way. */
	uint8_t block[VDFUSE_TRANSFER_MAX];
	uint16_t block_number, block_bytes;
	int64_t now_ps, due_ps;
	bool left; /* it has left the loader, and the bus */
};

void vdfuse_init(struct vdfuse *dfuse, const struct vdfuse_config *config);
struct usb_device vdfuse_usb(struct vdfuse *dfuse);
void vdfuse_pass(struct vdfuse *dfuse, int64_t ps);
/* The host has started the program: the owner resets the chip and takes the device from the bus.
 * ret_address: of the vector table. */
bool vdfuse_has_left(const struct vdfuse *dfuse, uint32_t *ret_address);

#endif
