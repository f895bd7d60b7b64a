/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ways to a USB device by their scheme.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/record_tape.h"
#include "drivers/link/usb_kinds.h"
#include "drivers/link/usb_tape.h"

/* Alphabetical by scheme. */
static const struct usb_ops *const kinds[] = {
	&usb_local,
	&usb_ip,
	&usb_ip_unix,
};

int usb_kind_find(const char *uri, const struct usb_ops **ret_ops, const char **ret_address,
		  struct err *err)
{
	size_t length = strcspn(uri, ":");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && uri[length]; i++) {
		if (strlen(kinds[i]->scheme) != length || strncmp(kinds[i]->scheme, uri, length))
			continue;
		*ret_ops = kinds[i];
		*ret_address = uri + length + 1;
		return 0;
	}
	return err_set(err, -EINVAL,
		       "'%s' is not a USB device: it is none of usb:VID:PID, usb:VID:PID:SERIAL, "
		       "usbip://HOST:PORT/BUSID, usbip+unix:PATH/BUSID",
		       uri);
}

static struct usb *usb_new(const struct usb_ops *ops, struct link_tape *tape, const char *uri)
{
	struct usb *usb = calloc(1, sizeof(*usb));

	if (!usb)
		return NULL;
	usb->ops = ops;
	usb->uri = strdup(uri);
	usb->state = calloc(1, ops->state_size);
	if (!usb->uri || !usb->state) {
		free(usb->state);
		free(usb->uri);
		free(usb);
		return NULL;
	}
	if (tape)
		((struct usb_taped *)usb->state)->tape = tape;
	return usb;
}

int usb_open_taped(struct link_tape *tape, const char *uri, const struct usb_expected *expected,
		   struct usb **ret_usb, struct err *err)
{
	const struct usb_ops *ops = NULL;
	const char *address = NULL;
	struct usb *usb;
	int ret;

	assert(uri && expected && ret_usb);
	ret = usb_kind_find(uri, &ops, &address, err);
	if (ret)
		return ret;
	if (tape) {
		ops = tape->is_replay ? &usb_replaying : &usb_recording;
		address = uri;
	}
	usb = usb_new(ops, tape, uri);
	if (!usb)
		return err_set(err, -ENOMEM, "%s: out of memory", uri);
	ret = ops->open(usb->state, address, expected, &usb->identity, err);
	if (ret) {
		err_context(err, ret, "%s", uri);
		free(usb->state);
		free(usb->uri);
		free(usb);
		return ret;
	}
	*ret_usb = usb;
	return 0;
}

int usb_open(const char *uri, const struct usb_expected *expected, struct usb **ret_usb,
	     struct err *err)
{
	return usb_open_taped(NULL, uri, expected, ret_usb, err);
}
