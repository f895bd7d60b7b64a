/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USB/IP, the server's side of a connection. See the header. Numbers of fields are offsets of
 * usbip_protocol.rst, "Message Format"; all are big-endian but the setup packet.
 */
#include "rigs/virtual/server/usbip.h"

#include <stdio.h>
#include <stdlib.h>

#define VERSION           0x0111
#define OP_REQ_DEVLIST    0x8005
#define OP_REP_DEVLIST    0x0005
#define OP_REQ_IMPORT     0x8003
#define OP_REP_IMPORT     0x0003
#define OP_HEADER_BYTES   8
#define OP_IMPORT_BYTES   40
#define DEVICE_BYTES      312
#define CMD_SUBMIT        1
#define CMD_UNLINK        2
#define RET_SUBMIT        3
#define RET_UNLINK        4
#define URB_HEADER_BYTES  48
#define ISO_PACKET_BYTES  16
#define ISO_PACKETS_MAX   1024
#define NOT_ISOCHRONOUS   0xffffffffu
#define BUS_NUMBER        1
#define DEVICE_NUMBER     1
#define DEVICE_ID         (BUS_NUMBER << 16 | DEVICE_NUMBER)
#define SPEED_HIGH        3 /* enum usb_device_speed */
#define DESCRIPTOR_MAX    512
#define DESCRIPTOR_DEVICE 1
#define DESCRIPTOR_CONFIG 2
#define DESCRIPTOR_IFACE  4

/* Linux error numbers, as the protocol carries them. */
#define URB_EINVAL     (-22)
#define URB_EPIPE      (-32)
#define URB_EOVERFLOW  (-75)
#define URB_ECONNRESET (-104)

static uint32_t get_be(const uint8_t *from, unsigned bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | *from++;
	return value;
}

static void put_be(uint8_t *to, uint32_t value, unsigned bytes)
{
	while (bytes--) {
		to[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

/* Buffers ------------------------------------------------------------------------------------ */

/* Room for count bytes behind what is there; NULL: out of memory. */
static uint8_t *bytes_room(struct vusbip_bytes *buffer, size_t count)
{
	size_t needed = buffer->count + count;
	uint8_t *larger;

	if (buffer->start && buffer->start + needed > buffer->capacity) {
		memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->count);
		buffer->start = 0;
	}
	if (needed > buffer->capacity) {
		larger = realloc(buffer->bytes, 2 * needed);
		if (!larger)
			return NULL;
		buffer->bytes = larger;
		buffer->capacity = 2 * needed;
	}
	return buffer->bytes + buffer->start + buffer->count;
}

static bool bytes_put(struct vusbip_bytes *buffer, const void *bytes, size_t count)
{
	uint8_t *room;

	if (count == 0)
		return true;
	room = bytes_room(buffer, count);
	if (!room)
		return false;
	memcpy(room, bytes, count);
	buffer->count += count;
	return true;
}

static void bytes_take(struct vusbip_bytes *buffer, size_t count)
{
	buffer->start += count;
	buffer->count -= count;
	if (buffer->count == 0)
		buffer->start = 0;
}

void vusbip_init(struct vusbip *usbip, const struct vusbip_export *export)
{
	*usbip = (struct vusbip){.export = export};
}

void vusbip_done(struct vusbip *usbip)
{
	for (unsigned i = 0; i < usbip->urb_count; i++)
		free(usbip->urbs[i].data);
	free(usbip->urbs);
	free(usbip->in.bytes);
	free(usbip->out.bytes);
	*usbip = (struct vusbip){0};
}

const uint8_t *vusbip_output(const struct vusbip *usbip, size_t *ret_count)
{
	*ret_count = usbip->out.count;
	return usbip->out.bytes + usbip->out.start;
}

void vusbip_sent(struct vusbip *usbip, size_t count)
{
	bytes_take(&usbip->out, count);
}

/* Devices ------------------------------------------------------------------------------------ */

static int get_descriptor(const struct usb_device *device, unsigned type, uint8_t *ret_bytes)
{
	const struct usb_setup setup = {0x80, 6, (uint16_t)(type << 8), 0, DESCRIPTOR_MAX};

	return device->ops->control(device->state, &setup, ret_bytes);
}

static void put_device(const struct vusbip_export *export, uint8_t ret_bytes[DEVICE_BYTES])
{
	uint8_t device[DESCRIPTOR_MAX] = {0}, config[DESCRIPTOR_MAX] = {0};

	get_descriptor(&export->device, DESCRIPTOR_DEVICE, device);
	get_descriptor(&export->device, DESCRIPTOR_CONFIG, config);
	memset(ret_bytes, 0, DEVICE_BYTES);
	snprintf((char *)ret_bytes, 256, "/sys/devices/virtual-rig/%s", export->busid);
	snprintf((char *)ret_bytes + 256, 32, "%s", export->busid);
	put_be(ret_bytes + 288, BUS_NUMBER, 4);
	put_be(ret_bytes + 292, DEVICE_NUMBER, 4);
	put_be(ret_bytes + 296, SPEED_HIGH, 4);
	put_be(ret_bytes + 300, (uint32_t)usb_get_le(device + 8, 2), 2);  /* idVendor */
	put_be(ret_bytes + 302, (uint32_t)usb_get_le(device + 10, 2), 2); /* idProduct */
	put_be(ret_bytes + 304, (uint32_t)usb_get_le(device + 12, 2), 2); /* bcdDevice */
	memcpy(ret_bytes + 306, device + 4, 3); /* class, subclass, protocol */
	ret_bytes[309] = config[5];             /* bConfigurationValue */
	ret_bytes[310] = device[17];            /* bNumConfigurations */
	ret_bytes[311] = config[4];             /* bNumInterfaces */
}

/* Class, subclass, protocol and a padding byte for each interface. */
static bool put_interfaces(struct vusbip *usbip)
{
	uint8_t config[DESCRIPTOR_MAX] = {0}, fields[4] = {0};
	int count = get_descriptor(&usbip->export->device, DESCRIPTOR_CONFIG, config);
	bool fits = true;

	for (int at = 0; at + 9 <= count && config[at] >= 2; at += config[at]) {
		if (config[at + 1] != DESCRIPTOR_IFACE || config[at + 3] != 0)
			continue; /* alternate settings are not listed */
		memcpy(fields, config + at + 5, 3);
		fits = fits && bytes_put(&usbip->out, fields, sizeof(fields));
	}
	return fits;
}

static bool reply_op(struct vusbip *usbip, unsigned code, enum vusbip_status status)
{
	uint8_t header[OP_HEADER_BYTES];

	put_be(header, VERSION, 2);
	put_be(header + 2, code, 2);
	put_be(header + 4, status, 4);
	return bytes_put(&usbip->out, header, sizeof(header));
}

static bool reply_list(struct vusbip *usbip, enum vusbip_status state)
{
	uint8_t number[4], device[DEVICE_BYTES];
	bool plugged = state != VUSBIP_NO_DEVICE;

	usbip->closing = true;
	put_be(number, plugged, 4);
	if (!reply_op(usbip, OP_REP_DEVLIST, VUSBIP_OK) ||
	    !bytes_put(&usbip->out, number, sizeof(number)))
		return false;
	if (!plugged)
		return true;
	put_device(usbip->export, device);
	return bytes_put(&usbip->out, device, sizeof(device)) && put_interfaces(usbip);
}

/* Whoever imports it finds it configured and no endpoint halted, as after a bus reset. */
static void configure(const struct usb_device *device)
{
	const struct usb_setup setup = {0x00, 9, 1, 0, 0};
	uint8_t none[1] = {0};

	device->ops->control(device->state, &setup, none);
}

static bool reply_import(struct vusbip *usbip, const uint8_t *busid, enum vusbip_status state)
{
	uint8_t device[DEVICE_BYTES];

	if (busid[VUSBIP_BUSID_MAX] || strcmp((const char *)busid, usbip->export->busid) != 0)
		state = VUSBIP_NO_DEVICE;
	if (!reply_op(usbip, OP_REP_IMPORT, state))
		return false;
	if (state != VUSBIP_OK) {
		usbip->closing = true;
		return true;
	}
	configure(&usbip->export->device);
	usbip->imported = true;
	put_device(usbip->export, device);
	return bytes_put(&usbip->out, device, sizeof(device));
}

/* Answers to transfers ----------------------------------------------------------------------- */

static bool reply_submit(struct vusbip *usbip, const struct vusbip_urb *urb, int32_t status,
			 uint32_t actual)
{
	uint8_t header[URB_HEADER_BYTES] = {0};
	bool in = urb->endpoint & 0x80;

	put_be(header, RET_SUBMIT, 4);
	put_be(header + 4, urb->seqnum, 4);
	put_be(header + 0x14, (uint32_t)status, 4);
	put_be(header + 0x18, actual, 4);
	put_be(header + 0x20, urb->number_of_packets, 4);
	return bytes_put(&usbip->out, header, sizeof(header)) &&
	       (!in || bytes_put(&usbip->out, urb->data, actual));
}

static bool reply_unlink(struct vusbip *usbip, uint32_t seqnum, int32_t status)
{
	uint8_t header[URB_HEADER_BYTES] = {0};

	put_be(header, RET_UNLINK, 4);
	put_be(header + 4, seqnum, 4);
	put_be(header + 0x14, (uint32_t)status, 4);
	return bytes_put(&usbip->out, header, sizeof(header));
}

/* Transfers ---------------------------------------------------------------------------------- */

enum progress { WAITS = 1, ENDED, OUT_OF_MEMORY };

static enum progress end_urb(struct vusbip *usbip, const struct vusbip_urb *urb, int32_t status,
			     uint32_t actual)
{
	return reply_submit(usbip, urb, status, actual) ? ENDED : OUT_OF_MEMORY;
}

static bool is_ready(const struct vusbip *usbip)
{
	return !usbip->export->ready || usbip->export->ready(usbip->export->context);
}

static void tell_act(const struct vusbip *usbip, uint8_t endpoint, const uint8_t *bytes,
		     size_t count)
{
	if (usbip->export->act)
		usbip->export->act(usbip->export->context, endpoint, bytes, count);
}

static enum progress run_control(struct vusbip *usbip, struct vusbip_urb *urb)
{
	const struct usb_device *device = &usbip->export->device;
	struct usb_setup setup = urb->setup;
	int count;

	if (!is_ready(usbip))
		return WAITS;
	if (setup.length > urb->length)
		setup.length = (uint16_t)urb->length;
	if (!urb->data)
		urb->data = malloc(setup.length + 1u);
	if (!urb->data)
		return OUT_OF_MEMORY;
	if (!(setup.request_type & 0x80))
		tell_act(usbip, 0, urb->data, setup.length);
	count = device->ops->control(device->state, &setup, urb->data);
	if (count == USB_NAK)
		return WAITS;
	return count < 0 ? end_urb(usbip, urb, URB_EPIPE, 0)
			 : end_urb(usbip, urb, 0, (uint32_t)count);
}

static enum progress run_out(struct vusbip *usbip, struct vusbip_urb *urb)
{
	const struct usb_device *device = &usbip->export->device;
	int count;

	if (!is_ready(usbip))
		return WAITS;
	if (urb->count == 0)
		tell_act(usbip, urb->endpoint, urb->data, urb->length);
	count = device->ops->bulk_out(device->state, urb->endpoint, urb->data + urb->count,
				      urb->length - urb->count);
	if (count == USB_NAK)
		return WAITS;
	if (count < 0)
		return end_urb(usbip, urb, URB_EPIPE, urb->count);
	urb->count += (uint32_t)count;
	return urb->count < urb->length ? WAITS : end_urb(usbip, urb, 0, urb->count);
}

/* A buffer's last part that holds no packet: one that is larger is babble. */
static enum progress run_in_tail(struct vusbip *usbip, struct vusbip_urb *urb, uint32_t left)
{
	const struct usb_device *device = &usbip->export->device;
	uint8_t packet[USB_PACKET_MAX];
	int count = device->ops->bulk_in(device->state, urb->endpoint, packet, sizeof(packet));

	if (count == USB_NAK)
		return WAITS;
	if (count < 0)
		return end_urb(usbip, urb, URB_EPIPE, urb->count);
	memcpy(urb->data + urb->count, packet, (uint32_t)count < left ? (uint32_t)count : left);
	if ((uint32_t)count > left)
		return end_urb(usbip, urb, URB_EOVERFLOW, urb->length);
	return end_urb(usbip, urb, 0, urb->count + (uint32_t)count);
}

static enum progress run_in(struct vusbip *usbip, struct vusbip_urb *urb)
{
	const struct usb_device *device = &usbip->export->device;
	uint32_t left = urb->length - urb->count, whole = left - left % USB_PACKET_MAX;
	int count;

	if (!urb->data)
		urb->data = malloc(urb->length + 1u);
	if (!urb->data)
		return OUT_OF_MEMORY;
	if (urb->length == 0)
		return end_urb(usbip, urb, 0, 0);
	if (whole == 0)
		return run_in_tail(usbip, urb, left);
	count = device->ops->bulk_in(device->state, urb->endpoint, urb->data + urb->count, whole);
	if (count == USB_NAK)
		return WAITS;
	if (count < 0)
		return end_urb(usbip, urb, URB_EPIPE, urb->count);
	urb->count += (uint32_t)count;
	if (urb->count == urb->length || count == 0 || (uint32_t)count % USB_PACKET_MAX)
		return end_urb(usbip, urb, 0, urb->count);
	return WAITS; /* for the rest */
}

static enum progress run_urb(struct vusbip *usbip, struct vusbip_urb *urb)
{
	if (usbip->out.count >= VUSBIP_OUT_MAX)
		return WAITS;
	if ((urb->endpoint & 15) == 0)
		return run_control(usbip, urb);
	return urb->endpoint & 0x80 ? run_in(usbip, urb) : run_out(usbip, urb);
}

bool vusbip_pump(struct vusbip *usbip)
{
	uint32_t waiting = 0; /* endpoints */
	unsigned kept = 0;
	bool fits = true;

	for (unsigned i = 0; i < usbip->urb_count; i++) {
		struct vusbip_urb *urb = &usbip->urbs[i];
		uint32_t bit = (urb->endpoint & 15) ? usb_endpoint_bit(urb->endpoint) : 1;
		enum progress progress = waiting & bit || !fits ? WAITS : run_urb(usbip, urb);

		fits = fits && progress != OUT_OF_MEMORY;
		if (progress == ENDED) {
			free(urb->data);
			continue;
		}
		waiting |= bit;
		usbip->urbs[kept++] = *urb;
	}
	usbip->urb_count = kept;
	return fits;
}

/* Commands ----------------------------------------------------------------------------------- */

static int find_urb(const struct vusbip *usbip, uint32_t seqnum)
{
	for (unsigned i = 0; i < usbip->urb_count; i++)
		if (usbip->urbs[i].seqnum == seqnum)
			return (int)i;
	return -1;
}

static bool unlink_urb(struct vusbip *usbip, uint32_t seqnum, uint32_t victim)
{
	int found = find_urb(usbip, victim);

	if (found < 0) /* its answer is on the way */
		return reply_unlink(usbip, seqnum, 0);
	free(usbip->urbs[found].data);
	usbip->urb_count--;
	memmove(usbip->urbs + found, usbip->urbs + found + 1,
		(usbip->urb_count - (unsigned)found) * sizeof(usbip->urbs[0]));
	return reply_unlink(usbip, seqnum, URB_ECONNRESET);
}

static bool is_isochronous(const uint8_t *header)
{
	uint32_t packets = get_be(header + 0x20, 4);

	return packets != 0 && packets != NOT_ISOCHRONOUS;
}

/* The descriptors of the packets go back as they came, with nothing transferred. */
static bool refuse_isochronous(struct vusbip *usbip, const struct vusbip_urb *urb,
			       const uint8_t *packets)
{
	bool fits = reply_submit(usbip, urb, URB_EINVAL, 0);

	for (uint32_t i = 0; i < urb->number_of_packets && fits; i++) {
		uint8_t packet[ISO_PACKET_BYTES] = {0}; /* offset, length, actual, status */

		memcpy(packet, packets + i * ISO_PACKET_BYTES, 8);
		put_be(packet + 12, (uint32_t)URB_EINVAL, 4);
		fits = bytes_put(&usbip->out, packet, sizeof(packet));
	}
	return fits;
}

static bool add_urb(struct vusbip *usbip, struct vusbip_urb *urb, const uint8_t *payload)
{
	struct vusbip_urb *longer =
		realloc(usbip->urbs, (usbip->urb_count + 1) * sizeof(usbip->urbs[0]));

	if (!longer)
		return false;
	usbip->urbs = longer;
	if (!(urb->endpoint & 0x80)) {
		urb->data = malloc(urb->length + 1u);
		if (!urb->data)
			return false;
		memcpy(urb->data, payload, urb->length);
	}
	usbip->urbs[usbip->urb_count++] = *urb;
	return vusbip_pump(usbip);
}

static bool submit(struct vusbip *usbip, const uint8_t *message)
{
	const uint8_t *setup = message + 0x28;
	bool in = get_be(message + 0x0c, 4) == 1;
	struct vusbip_urb urb = {
		.seqnum = get_be(message + 4, 4),
		.length = get_be(message + 0x18, 4),
		.number_of_packets = get_be(message + 0x20, 4),
		.endpoint = (uint8_t)(get_be(message + 0x10, 4) | (in ? 0x80u : 0)),
		.setup = {setup[0], setup[1], (uint16_t)usb_get_le(setup + 2, 2),
			  (uint16_t)usb_get_le(setup + 4, 2), (uint16_t)usb_get_le(setup + 6, 2)},
	};
	const uint8_t *payload = message + URB_HEADER_BYTES;

	if (is_isochronous(message))
		return refuse_isochronous(usbip, &urb, payload + (in ? 0 : urb.length));
	return add_urb(usbip, &urb, payload);
}

/* Bytes of the message that begins here, as far as they tell; 0: it breaks the protocol. */
static size_t urb_bytes(const struct vusbip *usbip, const uint8_t *header)
{
	uint32_t command = get_be(header, 4), direction = get_be(header + 0x0c, 4);
	uint32_t length = get_be(header + 0x18, 4), packets = get_be(header + 0x20, 4);
	size_t bytes = URB_HEADER_BYTES;

	if (get_be(header + 8, 4) != DEVICE_ID)
		return 0;
	if (command == CMD_UNLINK)
		return bytes;
	if (command != CMD_SUBMIT || direction > 1 || get_be(header + 0x10, 4) > 15 ||
	    length > VUSBIP_TRANSFER_MAX || usbip->urb_count >= VUSBIP_URBS_MAX ||
	    find_urb(usbip, get_be(header + 4, 4)) >= 0)
		return 0;
	/* A control transfer goes the way that its setup packet says. */
	if (get_be(header + 0x10, 4) == 0 && length && direction != header[0x28] >> 7)
		return 0;
	if (is_isochronous(header) && packets > ISO_PACKETS_MAX)
		return 0;
	if (is_isochronous(header))
		bytes += packets * (size_t)ISO_PACKET_BYTES;
	return direction == 0 ? bytes + length : bytes;
}

static size_t op_bytes(const uint8_t *header)
{
	uint32_t code = get_be(header + 2, 2);

	if (get_be(header, 2) != VERSION)
		return 0;
	return code == OP_REQ_DEVLIST  ? OP_HEADER_BYTES
	       : code == OP_REQ_IMPORT ? OP_IMPORT_BYTES
				       : 0;
}

static bool run_message(struct vusbip *usbip, const uint8_t *message, enum vusbip_status state)
{
	if (!usbip->imported)
		return get_be(message + 2, 2) == OP_REQ_DEVLIST
			       ? reply_list(usbip, state)
			       : reply_import(usbip, message + OP_HEADER_BYTES, state);
	if (get_be(message, 4) == CMD_UNLINK)
		return unlink_urb(usbip, get_be(message + 4, 4), get_be(message + 0x14, 4));
	return submit(usbip, message);
}

bool vusbip_feed(struct vusbip *usbip, const uint8_t *bytes, size_t count, enum vusbip_status state)
{
	if (usbip->closing)
		return true;
	if (!bytes_put(&usbip->in, bytes, count))
		return false;
	while (!usbip->closing) {
		const uint8_t *message = usbip->in.bytes + usbip->in.start;
		size_t header = usbip->imported ? URB_HEADER_BYTES : OP_HEADER_BYTES, length;

		if (usbip->in.count < header)
			return true;
		length = usbip->imported ? urb_bytes(usbip, message) : op_bytes(message);
		if (length == 0) {
			usbip->closing = true;
			return true;
		}
		if (usbip->in.count < length)
			return true;
		if (!run_message(usbip, message, state))
			return false;
		bytes_take(&usbip->in, length);
	}
	return true;
}
