/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rigs/virtual/server/companion.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNALLED 128 /* as shells count */

extern char **environ;

int companion_start(char *const *arguments, struct companion *ret_companion, struct verr *err)
{
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid;
	int rc = posix_spawnattr_init(&attributes);

	if (rc)
		return verr_set(err, -rc, "out of memory");
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawnp(&pid, arguments[0], NULL, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	if (rc)
		return verr_set(err, -rc, "%s: %s", arguments[0], strerror(rc));
	*ret_companion = (struct companion){.pid = pid};
	return 0;
}

static void note_end(struct companion *companion, int status)
{
	companion->pid = 0;
	companion->status =
		WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

bool companion_take_signals(struct companion *companion, int signal_fd)
{
	struct signalfd_siginfo info;
	bool had_one = companion->pid != 0, told_to_end = false;
	int status;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		told_to_end |= info.ssi_signo != SIGCHLD;
	if (!had_one)
		return told_to_end;
	if (told_to_end)
		kill(companion->pid, SIGTERM);
	if (waitpid(companion->pid, &status, WNOHANG) != companion->pid)
		return false;
	note_end(companion, status);
	return true;
}

void companion_stop(struct companion *companion)
{
	int status;

	if (!companion->pid)
		return;
	kill(companion->pid, SIGTERM);
	while (waitpid(companion->pid, &status, 0) < 0)
		if (errno != EINTR)
			return;
	note_end(companion, status);
}
