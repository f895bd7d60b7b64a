/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guest's first process: mounts what the tests need, runs the shell script that the kernel's
 * command line names (JOULEBENCH_SCRIPT=PATH), tells its exit status, and powers the guest off.
 *
 * User-Mode Linux always exits with 0, so the status is a line of the console that ends with the
 * token of the command line (JOULEBENCH_TOKEN), which no program inside can guess.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *type, *where;
} mounts[] = {
	{"proc", "/proc"},    {"sysfs", "/sys"},
	{"devtmpfs", "/dev"}, {"configfs", "/sys/kernel/config"},
	{"tmpfs", "/run"},
};

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL) < 0)
			printf("init: %s: %s\n", mounts[i].where, strerror(errno));
	if (mkdir("/dev/shm", 01777) < 0 || mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL) < 0)
		printf("init: /dev/shm: %s\n", strerror(errno));
}

/* What udev would make. */
static void link_descriptors(void)
{
	static const struct {
		const char *name, *target;
	} links[] = {
		{"/dev/fd", "/proc/self/fd"},
		{"/dev/stdin", "fd/0"},
		{"/dev/stdout", "fd/1"},
		{"/dev/stderr", "fd/2"},
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i].target, links[i].name) < 0)
			printf("init: %s: %s\n", links[i].name, strerror(errno));
}

static int run_script(const char *path)
{
	pid_t child = fork(), ended;
	int status;

	if (child == 0) {
		setsid();
		execl("/bin/sh", "sh", path, (char *)NULL);
		perror("init: /bin/sh");
		_exit(127);
	}
	if (child < 0)
		return 126;
	/* Orphans come here as well. */
	while ((ended = wait(&status)) != child)
		if (ended < 0 && errno != EINTR)
			return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void)
{
	const char *script = getenv("JOULEBENCH_SCRIPT"), *token = getenv("JOULEBENCH_TOKEN");
	int status;

	mount_all();
	link_descriptors();
	fflush(stdout);
	status = script ? run_script(script) : 127;
	printf("\nguest ended with status %d %s\n", status, token ? token : "");
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
