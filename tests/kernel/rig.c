/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/kernel/rig.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define RIG_FILE RIG_FOLDER "/rig.yaml"
#define RIG_LOG  RIG_FOLDER "/log"

enum { PATIENCE_MS = 10000, LOOK_MS = 5, PORTS = 8, HANG_S = 200, FRAMES_MAX = 40 };

/* A test that hangs says where. */
static void tell_hang(int signal)
{
	static const char text[] = "the test hangs at\n";
	void *frames[FRAMES_MAX];
	int count = backtrace(frames, FRAMES_MAX);

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) > 0)
		backtrace_symbols_fd(frames, count, STDERR_FILENO);
	_exit(124);
}

bool guest_require(void)
{
	if (vhci_is_there() && getuid() == 0 && getenv("JOULEBENCH_GUEST")) {
		signal(SIGALRM, tell_hang);
		alarm(HANG_S);
		return true;
	}
	puts("SKIPPED: runs in the guest of tests/kernel/boot.sh alone");
	exit(77);
}

double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

bool wait_for(const char *path)
{
	double until_ms = now_ms() + 5000;

	while (access(path, F_OK) && now_ms() < until_ms)
		poll(NULL, 0, LOOK_MS);
	return !access(path, F_OK);
}

static void write_file(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

/* The whole log so far, for its last words and for a search. */
static const char *read_log(void)
{
	static char text[8192];
	FILE *stream = fopen(RIG_LOG, "r");
	size_t count = 0;

	if (stream) {
		count = fread(text, 1, sizeof(text) - 1, stream);
		fclose(stream);
	}
	text[count] = '\0';
	return text;
}

static pid_t spawn_rig(void)
{
	const char *build = getenv("JOULEBENCH_BUILD");
	char program[512];
	pid_t rig = fork();

	if (rig)
		return rig;
	snprintf(program, sizeof(program), "%s/bin/virtual-rig", build ? build : "build");
	if (!freopen(RIG_LOG, "w", stderr))
		_exit(126);
	execl(program, "virtual-rig", RIG_FILE, (char *)NULL);
	perror(program);
	_exit(127);
}

pid_t rig_start(const char *yaml)
{
	double until_ms = now_ms() + PATIENCE_MS;
	pid_t rig;

	mkdir(RIG_FOLDER, 0700);
	write_file(RIG_FILE, yaml);
	write_file(RIG_LOAD, RIG_LOAD_OHM);
	write_file(RIG_LOG, "");
	rig = spawn_rig();
	assert_true(rig > 0);
	while (!strstr(read_log(), "virtual-rig: ready\n")) {
		if (waitpid(rig, NULL, WNOHANG) == rig || now_ms() > until_ms)
			fail_msg("the virtual rig does not start: %s", read_log());
		poll(NULL, 0, LOOK_MS);
	}
	return rig;
}

static void end_rig(pid_t rig, int signal)
{
	assert_int_equal(kill(rig, signal), 0);
	assert_int_equal(waitpid(rig, NULL, 0), rig);
}

void rig_stop(pid_t rig)
{
	end_rig(rig, SIGTERM);
}

void rig_kill(pid_t rig)
{
	end_rig(rig, SIGKILL);
}

struct vhci_device rig_plug(const char *name)
{
	struct vhci_device device = {0};
	char path[128];
	struct err err;

	snprintf(path, sizeof(path), RIG_FOLDER "/%s", name);
	if (vhci_attach(path, name, &device, &err))
		fail_msg("%s: %s; the rig: %s", name, err.text, read_log());
	return device;
}

void rig_unplug(const struct vhci_device *device)
{
	struct err err;

	if (vhci_detach(device, &err))
		fail_msg("%s", err.text);
}

void rig_tty(const struct vhci_device *device, char *ret_path, size_t size)
{
	char folder_path[128];
	const struct dirent *entry;
	DIR *folder;

	snprintf(folder_path, sizeof(folder_path), "/sys/bus/usb/devices/%s:1.0/tty",
		 device->busid);
	assert_true(wait_for(folder_path));
	folder = opendir(folder_path);
	assert_non_null(folder);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			snprintf(ret_path, size, "/dev/%.32s", entry->d_name);
	closedir(folder);
	assert_true(wait_for(ret_path));
}

int rig_unplug_all(void **state)
{
	struct err err;

	(void)state;
	for (unsigned port = 0; port < PORTS; port++)
		if (vhci_is_used(port))
			vhci_detach(&(struct vhci_device){.port = port}, &err);
	return 0;
}
