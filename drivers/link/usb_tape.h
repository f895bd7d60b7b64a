/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB device on a tape: format and rules are record.h's.
 */
#ifndef DRIVERS_LINK_USB_TAPE_H
#define DRIVERS_LINK_USB_TAPE_H

#include "drivers/link/usb_kinds.h"

/* The state of a device that is on a tape: in front of the device's kind, or instead of it. */
struct usb_taped {
	struct link_tape *tape; /* set before open */
	const struct usb_ops *ops;
	void *state;
	uint8_t *chunk; /* replay: the last one's bytes */
};

extern const struct usb_ops usb_recording; /* usb_record.c; open is given the whole uri */
extern const struct usb_ops usb_replaying; /* usb_replay.c */

#endif
