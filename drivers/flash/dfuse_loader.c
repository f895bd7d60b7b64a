/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DFU with ST's commands: see dfuse_loader.h. Requests, states and status codes: DFU 1.1, chapter
 * 3, 6.1.2 and A.1; commands: AN3156, "USB DFU bootloader requests".
 */
#include "drivers/flash/dfuse_loader.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "drivers/flash/dfuse_find.h"
#include "drivers/link/deadline.h"

const struct dfuse_limits dfuse_limits_an3156 = {
	.appear_ms = 4000,
	.call_ms = 2000,
	.command_ms = 2000,
	.erase_ms = 20000,
	.write_ms = 5000,
};

enum { CLASS_OUT = 0x21, CLASS_IN = 0xA1 }; /* class requests to an interface */

enum dfu_request {
	DFU_DNLOAD = 1,
	DFU_UPLOAD,
	DFU_GETSTATUS,
	DFU_CLRSTATUS,
	DFU_GETSTATE,
	DFU_ABORT,
};

enum dfu_state {
	STATE_APP_IDLE,
	STATE_APP_DETACH,
	STATE_IDLE,
	STATE_DNLOAD_SYNC,
	STATE_DNBUSY,
	STATE_DNLOAD_IDLE,
	STATE_MANIFEST_SYNC,
	STATE_MANIFEST,
	STATE_MANIFEST_WAIT_RESET,
	STATE_UPLOAD_IDLE,
	STATE_ERROR,
	STATES,
};

static const char *const state_names[STATES] = {
	"appIDLE",          "appDETACH",   "dfuIDLE",
	"dfuDNLOAD-SYNC",   "dfuDNBUSY",   "dfuDNLOAD-IDLE",
	"dfuMANIFEST-SYNC", "dfuMANIFEST", "dfuMANIFEST-WAIT-RESET",
	"dfuUPLOAD-IDLE",   "dfuERROR",
};

enum { STATUS_ADDRESS = 8, STATUS_VENDOR = 11 };

static const char *const status_names[] = {
	"OK",      "errTARGET", "errFILE",    "errWRITE",      "errERASE",    "errCHECK_ERASED",
	"errPROG", "errVERIFY", "errADDRESS", "errNOTDONE",    "errFIRMWARE", "errVENDOR",
	"errUSBR", "errPOR",    "errUNKNOWN", "errSTALLEDPKT",
};

enum { STATUS_BYTES = 6, COMMAND_BYTES = 5 };
enum { COMMAND_POINTER = 0x21, COMMAND_ERASE = 0x41 };
enum { COMMAND_BLOCK = 0, FIRST_BLOCK = 2 }; /* wValue: data blocks count from 2 */

struct status {
	uint8_t code, state;
	int poll_ms;
};

static const char *name_of(const char *const *names, size_t count, unsigned index)
{
	return index < count ? names[index] : "unknown";
}

static const char *state_name(unsigned state)
{
	return name_of(state_names, STATES, state);
}

/* ---- requests ---- */

static int order(struct dfuse_loader *loader, enum dfu_request request, uint16_t value,
		 const void *bytes, size_t count, struct err *err)
{
	return usb_control(loader->usb, CLASS_OUT, request, value, DFUSE_INTERFACE, (void *)bytes,
			   (uint16_t)count, loader->limits->call_ms, NULL, err);
}

/* A loader that erases may answer only when it has done. */
static int get_status(struct dfuse_loader *loader, int timeout_ms, struct status *ret_status,
		      struct err *err)
{
	uint8_t bytes[STATUS_BYTES];
	size_t count = 0;
	int ret = usb_control(loader->usb, CLASS_IN, DFU_GETSTATUS, 0, DFUSE_INTERFACE, bytes,
			      sizeof(bytes), timeout_ms, &count, err);

	if (ret)
		return ret;
	if (count != sizeof(bytes))
		return err_set(err, -EPROTO, "a status of %zu bytes, not %d", count, STATUS_BYTES);
	*ret_status = (struct status){
		.code = bytes[0],
		.state = bytes[4],
		.poll_ms = bytes[1] | bytes[2] << 8 | bytes[3] << 16,
	};
	return 0;
}

/* ---- errors ---- */

static int explain(const struct status *status, struct err *err)
{
	const char *name =
		name_of(status_names, sizeof(status_names) / sizeof(status_names[0]), status->code);

	if (status->code == STATUS_VENDOR)
		return err_set(err, -EACCES,
			       "the board is read-protected (errVENDOR); taking the protection off "
			       "would erase it, and is left to you");
	if (status->code == STATUS_ADDRESS)
		return err_set(err, -EINVAL, "the loader does not know this address (errADDRESS)");
	return err_set(err, -EREMOTEIO, "the loader failed with %s (status %u)", name,
		       status->code);
}

/* Clears dfuERROR. What was wrong is in err already. */
static void clear(struct dfuse_loader *loader)
{
	order(loader, DFU_CLRSTATUS, 0, NULL, 0, NULL);
}

/* A request was refused (STALL): the loader's status says why. */
static int explain_refusal(struct dfuse_loader *loader, int ret, struct err *err)
{
	struct status status;

	if (ret != -EPIPE)
		return ret;
	if (get_status(loader, loader->limits->call_ms, &status, NULL) ||
	    status.state != STATE_ERROR)
		return err_context(err, -EREMOTEIO, "refused");
	ret = explain(&status, err);
	clear(loader);
	return ret;
}

/* ---- steps ---- */

/* What GETSTATUS started, to its end. */
static int wait_done(struct dfuse_loader *loader, int limit_ms, struct err *err)
{
	int64_t deadline_ns = link_deadline_ns(loader->link, limit_ms);
	int call_ms = limit_ms > loader->limits->call_ms ? limit_ms : loader->limits->call_ms;

	for (;;) {
		struct status status = {0};
		int left_ms, ret = get_status(loader, call_ms, &status, err);

		if (ret)
			return ret;
		if (status.state == STATE_DNLOAD_IDLE)
			return 0;
		if (status.state == STATE_ERROR) {
			ret = explain(&status, err);
			clear(loader);
			return ret;
		}
		if (status.state != STATE_DNBUSY && status.state != STATE_DNLOAD_SYNC)
			return err_set(err, -EPROTO, "the loader is in %s",
				       state_name(status.state));
		left_ms = link_left_ms(loader->link, deadline_ns);
		if (!left_ms)
			return err_set(
				err, -ETIMEDOUT,
				"the loader is still busy after %d ms (and asks for %d more)",
				limit_ms, status.poll_ms);
		if (status.poll_ms < left_ms)
			left_ms = status.poll_ms > 0 ? status.poll_ms : 1;
		link_sleep_ms(loader->link, left_ms);
	}
}

static int download(struct dfuse_loader *loader, uint16_t block, const void *bytes, size_t count,
		    int limit_ms, struct err *err)
{
	int ret = order(loader, DFU_DNLOAD, block, bytes, count, err);

	return ret ? explain_refusal(loader, ret, err) : wait_done(loader, limit_ms, err);
}

/* Doing it twice does no harm, so an error of the loader's own is given a second try. */
static int command(struct dfuse_loader *loader, uint8_t code, uint32_t address, int limit_ms,
		   struct err *err)
{
	const uint8_t bytes[COMMAND_BYTES] = {code, (uint8_t)address, (uint8_t)(address >> 8),
					      (uint8_t)(address >> 16), (uint8_t)(address >> 24)};
	int ret = download(loader, COMMAND_BLOCK, bytes, sizeof(bytes), limit_ms, err);

	if (ret != -EREMOTEIO)
		return ret;
	loader->retries++;
	return download(loader, COMMAND_BLOCK, bytes, sizeof(bytes), limit_ms, err);
}

static int set_pointer(struct dfuse_loader *loader, uint32_t address, struct err *err)
{
	int ret = command(loader, COMMAND_POINTER, address, loader->limits->command_ms, err);

	return ret ? err_context(err, ret, "set the address") : 0;
}

/* To dfuIDLE, from wherever an earlier owner left the loader. */
static int settle(struct dfuse_loader *loader, struct err *err)
{
	struct status status = {.state = STATE_IDLE};

	for (int attempt = 0; attempt < 4; attempt++) {
		int ret = get_status(loader, loader->limits->call_ms, &status, err);

		if (ret || status.state == STATE_IDLE)
			return ret;
		if (status.state == STATE_DNBUSY)
			link_sleep_ms(loader->link, status.poll_ms < loader->limits->command_ms
							    ? status.poll_ms
							    : loader->limits->command_ms);
		else if (status.state == STATE_ERROR)
			clear(loader);
		else
			order(loader, DFU_ABORT, 0, NULL, 0, NULL);
	}
	return err_set(err, -EPROTO, "the loader stays in %s", state_name(status.state));
}

int dfuse_loader_erase(struct dfuse_loader *loader, uint32_t address, struct err *err)
{
	return command(loader, COMMAND_ERASE, address, loader->limits->erase_ms, err);
}

int dfuse_loader_write(struct dfuse_loader *loader, uint32_t address, const uint8_t *bytes,
		       size_t count, struct err *err)
{
	int ret = set_pointer(loader, address, err);

	assert(count > 0 && count <= loader->block_bytes);
	return ret ? ret
		   : download(loader, FIRST_BLOCK, bytes, count, loader->limits->write_ms, err);
}

int dfuse_loader_read(struct dfuse_loader *loader, uint32_t address, uint8_t *bytes, size_t count,
		      struct err *err)
{
	size_t got = 0;
	int ret = set_pointer(loader, address, err);

	assert(count > 0 && count <= loader->block_bytes);
	if (!ret)
		ret = order(loader, DFU_ABORT, 0, NULL, 0, err);
	if (!ret)
		ret = usb_control(loader->usb, CLASS_IN, DFU_UPLOAD, FIRST_BLOCK, DFUSE_INTERFACE,
				  bytes, (uint16_t)count, loader->limits->call_ms, &got, err);
	if (ret)
		return explain_refusal(loader, ret, err);
	if (got != count)
		return err_set(err, -EPROTO, "the loader sent %zu of %zu bytes", got, count);
	return order(loader, DFU_ABORT, 0, NULL, 0, err);
}

int dfuse_loader_leave(struct dfuse_loader *loader, uint32_t address, struct err *err)
{
	struct status status;
	int ret = set_pointer(loader, address, err);

	if (!ret)
		ret = order(loader, DFU_DNLOAD, FIRST_BLOCK, NULL, 0, err);
	if (!ret)
		get_status(loader, loader->limits->call_ms, &status, NULL);
	return ret;
}

/* ---- opening ---- */

/* A device that has just come, or is the one that is just going, fails in these ways: no node yet,
 * no permission yet, requests into nothing. */
static bool may_come(int ret)
{
	return ret == -ENOENT || ret == -ENODEV || ret == -EACCES || ret == -EBUSY || ret == -EIO ||
	       ret == -EPIPE || ret == -ETIMEDOUT;
}

static int check_origin(const struct dfuse_loader *loader, const struct flash_request *request,
			struct err *err)
{
	bool is_virtual = usb_identity(loader->usb)->is_virtual;

	if (is_virtual == link_is_virtual(request->link))
		return 0;
	return err_set(err, -EINVAL,
		       is_virtual ? "%s: the loader is virtual, the board's link is not"
				  : "%s: the loader is real, the board's link is virtual",
		       request->uri);
}

static int try_open(struct dfuse_loader *loader, const struct flash_request *request,
		    struct err *err)
{
	const struct usb_expected expected = {DFUSE_VENDOR, DFUSE_PRODUCT, DFUSE_INTERFACE};
	int ret = usb_open_taped(request->tape, request->uri, &expected, &loader->usb, err);

	if (ret)
		return ret;
	ret = check_origin(loader, request, err);
	if (!ret)
		ret = dfuse_find_memory(loader->usb, loader->limits->call_ms, &loader->layout,
					&loader->block_bytes, err);
	if (!ret)
		ret = settle(loader, err);
	if (ret)
		usb_close(loader->usb);
	return ret;
}

static int wait_for_device(struct dfuse_loader *loader, const struct flash_request *request,
			   struct err *err)
{
	enum { PAUSE_MS = 50 };
	int64_t deadline_ns = link_deadline_ns(request->link, loader->limits->appear_ms);
	int ret;

	while ((ret = try_open(loader, request, err)) && may_come(ret) &&
	       link_left_ms(request->link, deadline_ns))
		link_sleep_ms(request->link, PAUSE_MS);
	return ret;
}

int dfuse_loader_open(struct dfuse_loader *loader, const struct flash_request *request,
		      const struct dfuse_limits *limits, struct err *err)
{
	int ret = -ENOENT;

	*loader = (struct dfuse_loader){.link = request->link, .limits = limits};
	for (int attempt = 0; attempt < 2 && may_come(ret); attempt++) {
		ret = control_reset(request->control, true, err);
		if (ret)
			return err_context(err, ret, "reset into the loader");
		ret = wait_for_device(loader, request, err);
		if (!ret)
			loader->retries = (unsigned)attempt;
	}
	if (ret && may_come(ret))
		return err_context(err, ret, "no loader on USB within %d ms of a reset",
				   limits->appear_ms);
	return ret;
}

void dfuse_loader_close(struct dfuse_loader *loader)
{
	usb_close(loader->usb);
	loader->usb = NULL;
}
