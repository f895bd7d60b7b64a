/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flashing through OpenOCD: see openocd.h. Commands: OpenOCD User's Guide 0.12, "General Commands"
 * and "Flash Commands".
 */
#include "drivers/flash/openocd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/flash/openocd_process.h"
#include "drivers/flash/openocd_rpc.h"
#include "drivers/link/record.h"

const struct openocd_limits openocd_limits_default = {
	.start_ms = 10000,
	.command_ms = 10000,
	.image_ms = 60000,
	.image_bytes_per_ms = 10,
	.shutdown_ms = 3000,
};

enum { HANG_UP_MS = 2000 }; /* between a closed connection and the end of the process */

struct openocd {
	const struct flash_request *request;
	const struct openocd_limits *limits;
	struct openocd_process process;
	struct openocd_rpc rpc;
	char folder[400];
	char image_path[420], log_path[420];
};

/* ---- files ---- */

static int image_write(const struct openocd *openocd, struct err *err)
{
	const struct flash_request *request = openocd->request;
	FILE *stream = fopen(openocd->image_path, "wbx");
	bool is_whole =
		stream && fwrite(request->bytes, 1, request->count, stream) == request->count;

	/* A server may run as somebody else. */
	is_whole = is_whole && !fchmod(fileno(stream), 0644);
	if (stream && fclose(stream))
		is_whole = false;
	return is_whole ? 0
			: err_set(err, -EIO, "%s cannot be written: %s", openocd->image_path,
				  strerror(errno));
}

/* The path stands in braces in a Tcl command. */
static int folder_make(struct openocd *openocd, struct err *err)
{
	const char *parent = getenv("TMPDIR");
	int used;

	if (!parent || parent[0] != '/' || strpbrk(parent, "{}\\\n"))
		parent = "/tmp";
	used = snprintf(openocd->folder, sizeof(openocd->folder), "%s/joulebench-openocd-XXXXXX",
			parent);
	if ((size_t)used >= sizeof(openocd->folder) || !mkdtemp(openocd->folder)) {
		int code = (size_t)used >= sizeof(openocd->folder) ? ENAMETOOLONG : errno;

		openocd->folder[0] = '\0';
		return err_set(err, -EIO, "a folder in %s: %s", parent, strerror(code));
	}
	chmod(openocd->folder, 0755);
	snprintf(openocd->image_path, sizeof(openocd->image_path), "%s/image.bin", openocd->folder);
	snprintf(openocd->log_path, sizeof(openocd->log_path), "%s/log", openocd->folder);
	return image_write(openocd, err);
}

static void folder_remove(const struct openocd *openocd)
{
	if (!openocd->folder[0])
		return;
	unlink(openocd->image_path);
	unlink(openocd->log_path);
	rmdir(openocd->folder);
}

/* ---- sentences ---- */

/* "OpenOCD at tcp://..." or "OpenOCD with a.cfg, b.cfg". */
static void describe(const struct flash_request *request, char *text, size_t size)
{
	size_t used;

	if (!request->config) {
		snprintf(text, size, "OpenOCD at %s", request->uri);
		return;
	}
	used = (size_t)snprintf(text, size, "OpenOCD with ");
	for (unsigned i = 0; request->config[i] && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
					 request->config[i]);
	if (request->adapter_serial && used < size)
		snprintf(text + used, size - used, " (%s)", request->adapter_serial);
}

/* Adds what the failed OpenOCD has logged, and which one it is. */
static int explain(struct openocd *openocd, int ret, struct err *err)
{
	char who[160], log[200];
	struct err end = {""}, told = *err;

	if (ret == -ENODEV && openocd_process_ended(&openocd->process, HANG_UP_MS, &end))
		ret = err_set(err, -EPIPE, "%.200s: %.100s", told.text, end.text);
	told = *err;
	openocd_process_log(&openocd->process, log, sizeof(log));
	if (log[0])
		err_set(err, ret, "%.300s; its log ends '%s'", told.text, log);
	describe(openocd->request, who, sizeof(who));
	return err_context(err, ret, "%s", who);
}

/* ---- steps ---- */

static int start(struct openocd *openocd, struct err *err)
{
	const struct flash_request *request = openocd->request;
	char uri[40];
	uint16_t port = 0;
	int ret;

	if (!request->config)
		return openocd_rpc_open(&openocd->rpc, request->uri, err);
	ret = openocd_process_start(&openocd->process, request->config, request->adapter_serial,
				    openocd->log_path, err);
	if (!ret)
		ret = openocd_process_port(&openocd->process, openocd->limits->start_ms, &port,
					   err);
	if (ret)
		return ret;
	snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%u", port);
	return openocd_rpc_open(&openocd->rpc, uri, err);
}

static int run(struct openocd *openocd, const char *command, int timeout_ms, struct err *err)
{
	int ret = openocd_rpc_run(&openocd->rpc, command, timeout_ms, err);

	return ret ? err_context(err, ret, "%s", command) : 0;
}

static int image_limit_ms(const struct openocd *openocd)
{
	return openocd->limits->image_ms +
	       (int)(openocd->request->count / (size_t)openocd->limits->image_bytes_per_ms);
}

/* OpenOCD 0.12 says "wrote N bytes from file ..." and "verified N bytes in ...". Where no flash is,
 * it writes nothing, warns, and calls that a success. */
static int check_count(const struct openocd *openocd, const char *verb, struct err *err)
{
	const char *at = strstr(openocd->rpc.text, verb);
	char said[200];

	if (at && strtoull(at + strlen(verb), NULL, 10) >= openocd->request->count)
		return 0;
	openocd_text_tail(openocd->rpc.text, said, sizeof(said));
	return err_set(err, -EREMOTEIO, "not %s%zu bytes: OpenOCD says '%s'", verb,
		       openocd->request->count, said);
}

static void progress(const struct flash_request *request, size_t done)
{
	if (request->progress)
		request->progress(request->context, done, 2 * request->count);
}

static int write_image(struct openocd *openocd, struct err *err)
{
	const struct flash_request *request = openocd->request;
	char command[OPENOCD_COMMAND_MAX];
	int ret;

	snprintf(command, sizeof(command), "flash write_image erase {%s} 0x%08x bin",
		 openocd->image_path, request->address);
	ret = openocd_rpc_run(&openocd->rpc, command, image_limit_ms(openocd), err);
	if (!ret)
		ret = check_count(openocd, "wrote ", err);
	if (ret)
		return err_context(err, ret, "write 0x%08x", request->address);
	progress(request, request->count);
	return 0;
}

static int verify_image(struct openocd *openocd, struct err *err)
{
	const struct flash_request *request = openocd->request;
	char command[OPENOCD_COMMAND_MAX];
	int ret;

	snprintf(command, sizeof(command), "verify_image {%s} 0x%08x bin", openocd->image_path,
		 request->address);
	ret = openocd_rpc_run(&openocd->rpc, command, image_limit_ms(openocd), err);
	if (!ret)
		ret = check_count(openocd, "verified ", err);
	if (ret)
		return err_context(err, ret, "read back 0x%08x", request->address);
	progress(request, 2 * request->count);
	return 0;
}

static int program(struct openocd *openocd, struct err *err)
{
	const int command_ms = openocd->limits->command_ms;
	int ret = run(openocd, "init", command_ms, err);

	if (!ret)
		ret = run(openocd, "reset halt", command_ms, err);
	if (!ret)
		ret = write_image(openocd, err);
	if (!ret)
		ret = verify_image(openocd, err);
	/* Whatever happened: a core that is left halted stays so over a reset by its pin. */
	if (ret == -EREMOTEIO)
		openocd_rpc_run(&openocd->rpc, "reset run", command_ms, NULL);
	return ret ? ret : run(openocd, "reset run", command_ms, err);
}

/* A server of ours lets the probe go, and with it the board; another one goes on. */
static void finish(struct openocd *openocd)
{
	bool is_asked =
		openocd->process.pid && openocd->rpc.link &&
		!openocd_rpc_send(&openocd->rpc, "shutdown", openocd->limits->command_ms, NULL);

	openocd_process_end(&openocd->process, is_asked ? openocd->limits->shutdown_ms : 0);
	openocd_rpc_close(&openocd->rpc);
	folder_remove(openocd);
}

static int write_now(const struct flash_request *request, const struct openocd_limits *limits,
		     struct err *err)
{
	struct openocd *openocd = calloc(1, sizeof(*openocd));
	struct err own = {""};
	struct err *sentence = err ? err : &own;
	int ret;

	if (!openocd)
		return err_set(err, -ENOMEM, "out of memory");
	openocd->request = request;
	openocd->limits = limits;
	ret = folder_make(openocd, sentence);
	if (!ret) {
		ret = start(openocd, sentence);
		if (!ret)
			ret = program(openocd, sentence);
		if (ret)
			ret = explain(openocd, ret, sentence);
	}
	finish(openocd);
	free(openocd);
	return ret;
}

/* ---- on a tape ---- */

enum { CODE_BITS = 12 };

/* The errno of what was done, bit by bit. In a replay it is read instead. */
static int taped_code(struct link_tape *tape, int ret)
{
	unsigned code = 0;

	for (unsigned bit = 0; bit < CODE_BITS; bit++)
		code |= (unsigned)link_tape_flag(tape, (unsigned)-ret >> bit & 1) << bit;
	return -(int)code;
}

static int write_or_replay(const struct flash_request *request, const struct openocd_limits *limits,
			   struct err *err)
{
	int ret;

	if (!link_tape_is_replay(request->tape)) {
		ret = write_now(request, limits, err);
		return taped_code(request->tape, ret);
	}
	ret = taped_code(request->tape, 0);
	if (link_tape_is_over(request->tape))
		return err_set(err, -ECANCELED, "the replay is over");
	return ret ? err_set(err, ret, "failed in the recorded session: %s", strerror(-ret)) : 0;
}

int openocd_write(const struct flash_request *request, const struct openocd_limits *limits,
		  struct flash_report *ret_report, struct err *err)
{
	int ret;

	if (!request->config == !request->uri)
		return err_set(err, -EINVAL,
			       "openocd: either files to start it with, or where it runs");
	if (!request->count)
		return err_set(err, -EINVAL, "openocd: nothing to write");
	ret = write_or_replay(request, limits, err);
	if (ret) {
		control_reset(request->control, false, NULL);
		return err_context(err, ret, "openocd");
	}
	ret = control_reset(request->control, false, err);
	if (ret)
		return err_context(err, ret, "openocd: reset into flash");
	*ret_report = (struct flash_report){.written = request->count};
	return 0;
}

static int flash_openocd_write(const struct flash_request *request, struct flash_report *ret_report,
			       struct err *err)
{
	return openocd_write(request, &openocd_limits_default, ret_report, err);
}

const struct flash_ops flash_openocd = {
	.name = "openocd",
	.takes = FLASH_KEY_SERVER | FLASH_KEY_CONFIG | FLASH_KEY_ADAPTER_SERIAL,
	.needs_one = FLASH_KEY_SERVER | FLASH_KEY_CONFIG,
	.write = flash_openocd_write,
};
