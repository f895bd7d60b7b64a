/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Starting and ending OpenOCD: see openocd_process.h. Options and commands: OpenOCD User's Guide
 * 0.12, "Running" and "Server Configuration". With noinit the server listens before anything
 * touches the probe, so that init is a command like the others. A port of 0 lets the system choose;
 * the log says which ("Listening on port N for tcl connections", src/server/server.c).
 */
#define _GNU_SOURCE
#include "drivers/flash/openocd_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "drivers/flash/openocd_rpc.h"
#include "drivers/link/deadline.h"

enum { POLL_MS = 10, TERMINATE_MS = 2000, LOG_MAX = 16384, ARGUMENTS_FIXED = 16 };

static const char server_setup[] = "noinit; gdb_port disabled; telnet_port disabled; tcl_port 0";

static void pause_ms(int duration_ms)
{
	const struct timespec pause = {.tv_nsec = (long)duration_ms * DEADLINE_NS_PER_MS};

	nanosleep(&pause, NULL);
}

/* ---- starting ---- */

static bool serial_is_plain(const char *serial)
{
	static const char allowed[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"._:-";

	return *serial && !serial[strspn(serial, allowed)];
}

/* Runs in the child: only what may follow a fork of many threads. The parent reads why it failed.
 */
static void become_openocd(char *const *arguments, int log, int report)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (dup2(null, 0) >= 0 && dup2(log, 1) >= 0 && dup2(log, 2) >= 0 && dup2(report, 3) >= 0 &&
	    !fcntl(3, F_SETFD, FD_CLOEXEC)) {
		close_range(4, ~0U, 0);
		execvp(arguments[0], arguments);
		report = 3;
	}
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

static int fork_and_exec(struct openocd_process *process, char *const *arguments, int log,
			 struct err *err)
{
	int report[2], code = 0;
	ssize_t got;

	if (pipe2(report, O_CLOEXEC))
		return err_set(err, -errno, "a pipe: %s", strerror(errno));
	process->pid = fork();
	if (process->pid == 0)
		become_openocd(arguments, log, report[1]);
	close(report[1]);
	if (process->pid < 0) {
		code = errno;
		process->pid = 0;
		close(report[0]);
		return err_set(err, -code, "a process: %s", strerror(code));
	}
	do {
		got = read(report[0], &code, sizeof(code));
	} while (got < 0 && errno == EINTR);
	close(report[0]);
	if (got != sizeof(code))
		return 0;
	waitpid(process->pid, &process->wait_status, 0);
	process->pid = 0;
	if (code == ENOENT)
		return err_set(err, -ENOENT,
			       "there is no program 'openocd' on the path (Debian: apt install "
			       "openocd)");
	return err_set(err, -code, "openocd cannot be started: %s", strerror(code));
}

static size_t count_config(const char *const *config)
{
	size_t count = 0;

	while (config[count])
		count++;
	return count;
}

/* The setup comes first, since a file may fail; the serial number last, since a file may set one.
 */
static void fill_arguments(const char **arguments, const char *const *config, const char *serial)
{
	size_t at = 0;

	arguments[at++] = "openocd";
	arguments[at++] = "-c";
	arguments[at++] = server_setup;
	for (; *config; config++) {
		arguments[at++] = "-f";
		arguments[at++] = *config;
	}
	if (serial) {
		arguments[at++] = "-c";
		arguments[at++] = serial;
	}
	arguments[at] = NULL;
}

int openocd_process_start(struct openocd_process *process, const char *const *config,
			  const char *adapter_serial, const char *log_path, struct err *err)
{
	const char **arguments;
	char serial[128];
	int log, ret;

	*process = (struct openocd_process){0};
	if (adapter_serial && !serial_is_plain(adapter_serial))
		return err_set(err, -EINVAL, "'%s' is no serial number of a probe", adapter_serial);
	snprintf(process->log_path, sizeof(process->log_path), "%s", log_path);
	snprintf(serial, sizeof(serial), "adapter serial %s", adapter_serial ? adapter_serial : "");
	arguments = calloc(ARGUMENTS_FIXED + 2 * count_config(config), sizeof(*arguments));
	if (!arguments)
		return err_set(err, -ENOMEM, "out of memory");
	fill_arguments(arguments, config, adapter_serial ? serial : NULL);
	log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ret = log < 0 ? err_set(err, -errno, "%s: %s", log_path, strerror(errno))
		      : fork_and_exec(process, (char *const *)arguments, log, err);
	if (log >= 0)
		close(log);
	free(arguments);
	return ret;
}

/* ---- its log ---- */

/* The end of the file; "" when there is none. */
static void log_read(const struct openocd_process *process, char text[LOG_MAX])
{
	FILE *stream = process->log_path[0] ? fopen(process->log_path, "rb") : NULL;
	size_t count = 0;

	text[0] = '\0';
	if (!stream)
		return;
	if (!fseek(stream, 0, SEEK_END)) {
		long size = ftell(stream);

		fseek(stream, size > LOG_MAX - 1 ? size - (LOG_MAX - 1) : 0, SEEK_SET);
		count = fread(text, 1, LOG_MAX - 1, stream);
	}
	for (size_t i = 0; i < count; i++)
		if (!text[i])
			text[i] = '?';
	text[count] = '\0';
	fclose(stream);
}

/* Leaves the lines that begin with "Error", when there is one. */
static void keep_errors(char *text)
{
	char *to = text, *next;

	if (strncmp(text, "Error", 5) && !strstr(text, "\nError"))
		return;
	for (char *line = text; *line; line = next) {
		size_t length = strcspn(line, "\n");

		next = line + length + (line[length] == '\n');
		if (strncmp(line, "Error", 5))
			continue;
		memmove(to, line, (size_t)(next - line));
		to += next - line;
	}
	*to = '\0';
}

void openocd_process_log(const struct openocd_process *process, char *ret_text, size_t size)
{
	char text[LOG_MAX];

	log_read(process, text);
	keep_errors(text);
	openocd_text_tail(text, ret_text, size);
}

static bool log_port(const struct openocd_process *process, uint16_t *ret_port)
{
	static const char listening[] = "Listening on port ";
	char text[LOG_MAX];

	log_read(process, text);
	for (char *at = text; (at = strstr(at, listening));) {
		unsigned long port = strtoul(at + strlen(listening), &at, 10);

		if (strncmp(at, " for tcl connections", 20) || !port || port > UINT16_MAX)
			continue;
		*ret_port = (uint16_t)port;
		return true;
	}
	return false;
}

/* ---- waiting and ending ---- */

static bool reap(struct openocd_process *process)
{
	if (process->pid && !process->has_ended)
		process->has_ended =
			waitpid(process->pid, &process->wait_status, WNOHANG) == process->pid;
	return !process->pid || process->has_ended;
}

static bool wait_end(struct openocd_process *process, int timeout_ms)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);

	while (!reap(process)) {
		if (!deadline_left_ms(deadline_ns))
			return false;
		pause_ms(POLL_MS);
	}
	return true;
}

bool openocd_process_ended(struct openocd_process *process, int timeout_ms,
			   struct err *ret_sentence)
{
	if (!process->pid || !wait_end(process, timeout_ms))
		return false;
	if (WIFSIGNALED(process->wait_status))
		err_set(ret_sentence, 0, "OpenOCD was ended by signal %d",
			WTERMSIG(process->wait_status));
	else
		err_set(ret_sentence, 0, "OpenOCD ended by itself (status %d)",
			WEXITSTATUS(process->wait_status));
	return true;
}

int openocd_process_port(struct openocd_process *process, int timeout_ms, uint16_t *ret_port,
			 struct err *err)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);

	while (!log_port(process, ret_port)) {
		if (openocd_process_ended(process, 0, err))
			return -EPIPE;
		if (!deadline_left_ms(deadline_ns))
			return err_set(err, -ETIMEDOUT,
				       "OpenOCD does not listen within %d ms of its start",
				       timeout_ms);
		pause_ms(POLL_MS);
	}
	return 0;
}

void openocd_process_end(struct openocd_process *process, int grace_ms)
{
	if (!process->pid || wait_end(process, grace_ms))
		return;
	kill(process->pid, SIGTERM);
	if (wait_end(process, TERMINATE_MS))
		return;
	kill(process->pid, SIGKILL);
	waitpid(process->pid, &process->wait_status, 0);
	process->has_ended = true;
}
