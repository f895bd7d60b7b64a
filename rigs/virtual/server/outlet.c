/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Serial and USB ways out. See the header.
 */
#include "rigs/virtual/server/outlet.h"

#include <errno.h>
#include <stdlib.h>

struct outlet {
	struct port *serial; /* one of the two */
	struct vusbip_port *usb;
	/* A serial device behind USB. */
	struct vcdc_acm acm;
	struct port_device device;
};

static int outlet_new(struct outlet **ret_outlet, struct verr *err)
{
	*ret_outlet = calloc(1, sizeof(**ret_outlet));
	return *ret_outlet ? 0 : verr_set(err, -ENOMEM, "out of memory");
}

/* The opened one, or none. */
static int outlet_end(int rc, struct outlet *outlet, struct outlet **ret_outlet)
{
	if (rc < 0)
		free(outlet);
	else
		*ret_outlet = outlet;
	return rc;
}

int outlet_open_serial(const char *name, const char *address, const struct port_device *device,
		       struct outlet **ret_outlet, struct verr *err)
{
	struct outlet *outlet;
	int rc = outlet_new(&outlet, err);

	if (rc == 0)
		rc = port_open(name, address, device, &outlet->serial, err);
	return outlet_end(rc, outlet, ret_outlet);
}

int outlet_open_usb(const char *address, const struct vusbip_export *export,
		    void (*connected)(void *context, bool connected), struct outlet **ret_outlet,
		    struct verr *err)
{
	struct outlet *outlet;
	int rc = outlet_new(&outlet, err);

	if (rc == 0)
		rc = vusbip_port_open(address, export, connected, &outlet->usb, err);
	return outlet_end(rc, outlet, ret_outlet);
}

/* A serial device behind USB ------------------------------------------------------------------ */

static size_t acm_room(void *context)
{
	const struct outlet *outlet = context;

	return outlet->device.room(outlet->device.context);
}

static void acm_receive(void *context, const uint8_t *bytes, size_t count)
{
	const struct outlet *outlet = context;

	outlet->device.receive(outlet->device.context, bytes, count);
}

static size_t acm_take(void *context, uint8_t *ret_bytes, size_t capacity)
{
	const struct outlet *outlet = context;

	return outlet->device.take(outlet->device.context, ret_bytes, capacity);
}

static void acm_coding(void *context, const struct vcdc_acm_coding *coding)
{
	const struct outlet *outlet = context;
	const struct rfc2217_settings settings = {
		.baud = coding->baud,
		.parity = coding->parity == 1   ? RFC2217_PARITY_ODD
			  : coding->parity == 2 ? RFC2217_PARITY_EVEN
						: RFC2217_PARITY_NONE,
		.stop_bits = coding->stop_bits == 2 ? 2 : 1,
	};

	outlet->device.settings(outlet->device.context, &settings);
}

static void acm_lines(void *context, bool dtr, bool rts)
{
	const struct outlet *outlet = context;

	outlet->device.lines(outlet->device.context, dtr, rts);
}

/* Every host begins at the same settings, with both lines deasserted. */
static void acm_connected(void *context, bool connected)
{
	struct outlet *outlet = context;
	const struct vcdc_acm_device device = outlet->acm.device;
	const struct vcdc_acm_identity identity = outlet->acm.identity;

	if (connected) {
		vcdc_acm_init(&outlet->acm, &device, &identity);
		acm_coding(outlet, &outlet->acm.coding);
	}
	acm_lines(outlet, false, false);
	outlet->device.connected(outlet->device.context, connected);
}

int outlet_open_usb_serial(const char *name, const char *address, const struct port_device *device,
			   const struct vcdc_acm_identity *identity, struct outlet **ret_outlet,
			   struct verr *err)
{
	struct vcdc_acm_device acm = {NULL, acm_room, acm_receive, acm_take, acm_coding, acm_lines};
	struct vusbip_export export = {.busid = name};
	struct outlet *outlet;
	int rc = outlet_new(&outlet, err);

	if (rc < 0)
		return rc;
	acm.context = outlet;
	outlet->device = *device;
	vcdc_acm_init(&outlet->acm, &acm, identity);
	export.context = outlet;
	export.device = vcdc_acm_usb(&outlet->acm);
	rc = vusbip_port_open(address, &export, acm_connected, &outlet->usb, err);
	return outlet_end(rc, outlet, ret_outlet);
}

/* Either -------------------------------------------------------------------------------------- */

void outlet_close(struct outlet *outlet)
{
	if (!outlet)
		return;
	port_close(outlet->serial);
	vusbip_port_close(outlet->usb);
	free(outlet);
}

bool outlet_has_client(const struct outlet *outlet)
{
	return outlet->usb ? vusbip_port_has_client(outlet->usb) : port_has_client(outlet->serial);
}

bool outlet_is_usb(const struct outlet *outlet)
{
	return outlet->usb != NULL;
}

void outlet_unplug(struct outlet *outlet, int64_t until_ns)
{
	if (outlet->usb)
		vusbip_port_unplug(outlet->usb, until_ns);
	else
		port_unplug(outlet->serial, until_ns);
}

void outlet_announce(const struct outlet *outlet, FILE *file)
{
	fprintf(file, "virtual-rig: %s: %s\n",
		outlet->usb ? vusbip_port_name(outlet->usb) : port_name(outlet->serial),
		outlet->usb ? vusbip_port_address_text(outlet->usb)
			    : port_address_text(outlet->serial));
}

void outlet_fill_pollfds(const struct outlet *outlet, struct pollfd fds[OUTLET_POLLFDS])
{
	for (unsigned i = 0; i < OUTLET_POLLFDS; i++)
		fds[i] = (struct pollfd){.fd = -1};
	if (outlet->usb)
		vusbip_port_fill_pollfds(outlet->usb, fds);
	else
		port_fill_pollfds(outlet->serial, fds);
}

void outlet_service(struct outlet *outlet, const struct pollfd fds[OUTLET_POLLFDS])
{
	if (outlet->usb)
		vusbip_port_service(outlet->usb, fds);
	else
		port_service(outlet->serial, fds);
}

void outlet_flush(struct outlet *outlet)
{
	if (outlet->usb)
		vusbip_port_flush(outlet->usb);
	else
		port_flush(outlet->serial);
}
