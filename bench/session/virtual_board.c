/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* pipe2 */
#include "bench/session/virtual_board.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 10000, WORDS_MS = 200 };

extern char **environ;

static int folder_make(struct virtual_board *board, struct err *err)
{
	const char *temporary = getenv("TMPDIR");
	int used = snprintf(board->folder, sizeof(board->folder), "%s/joulebench-XXXXXX",
			    temporary && *temporary ? temporary : "/tmp");

	if (used < 0 || (size_t)used >= sizeof(board->folder)) {
		board->folder[0] = 0;
		return err_set(err, -ENAMETOOLONG, "TMPDIR is too long for a socket's path");
	}
	if (!mkdtemp(board->folder)) {
		int error = -errno;

		board->folder[0] = 0;
		return err_set(err, error, "%s: %s", temporary ? temporary : "/tmp",
			       strerror(-error));
	}
	snprintf(board->socket, sizeof(board->socket), "%s/board.sock", board->folder);
	snprintf(board->counts, sizeof(board->counts), "%s/counts.jsonl", board->folder);
	return 0;
}

/* Its stderr comes to us, its other streams stay ours. */
static int process_start(struct virtual_board *board, char *const arguments[], struct err *err)
{
	posix_spawn_file_actions_t actions;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC))
		return err_set(err, -errno, "pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	error = posix_spawn(&board->process, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (error) {
		board->process = 0;
		close(ends[0]);
		return err_set(err, -EIO, "%s: %s", arguments[0], strerror(error));
	}
	board->messages = ends[0];
	return 0;
}

/* Appends what the process has said; false when it has nothing more to say. */
static bool messages_read(struct virtual_board *board, char *text, size_t size, int timeout_ms)
{
	struct pollfd waiting = {.fd = board->messages, .events = POLLIN};
	size_t used = strlen(text);
	ssize_t count;

	if (poll(&waiting, 1, timeout_ms) <= 0 || used >= size - 1)
		return false;
	count = read(board->messages, text + used, size - 1 - used);
	if (count <= 0)
		return false;
	text[used + (size_t)count] = 0;
	return true;
}

static int await_ready(struct virtual_board *board, struct err *err)
{
	char text[2048] = "";

	while (!strstr(text, "virtual-rig: ready\n")) {
		if (messages_read(board, text, sizeof(text), START_MS))
			continue;
		text[strcspn(text, "\n")] = 0;
		return err_set(err, -EIO, "the virtual board did not start: %s",
			       text[0] ? text : "it said nothing");
	}
	return 0;
}

int virtual_board_open(const char *program, const char *chip, const char *firmware,
		       struct virtual_board *ret_board, struct err *err)
{
	const struct link_settings settings = {.baud = 115200, .parity = LINK_PARITY_NONE};
	struct virtual_board board = {.messages = -1};
	char listen[sizeof(board.socket) + 8], uri[sizeof(board.socket) + 16];
	char *arguments[] = {(char *)program, "count",      (char *)chip, (char *)firmware,
			     listen,          board.counts, NULL};
	int ret = folder_make(&board, err);

	snprintf(listen, sizeof(listen), "unix:%s", board.socket);
	snprintf(uri, sizeof(uri), "rfc2217+unix:%s", board.socket);
	ret = ret ? ret : process_start(&board, arguments, err);
	ret = ret ? ret : await_ready(&board, err);
	ret = ret ? ret : link_open(uri, &settings, &board.link, err);
	if (ret)
		virtual_board_close(&board);
	else
		*ret_board = board;
	return ret;
}

void virtual_board_last_words(struct virtual_board *board, char *ret_text, size_t size)
{
	char *newline;

	ret_text[0] = 0;
	while (messages_read(board, ret_text, size, WORDS_MS))
		;
	newline = strchr(ret_text, '\n');
	if (newline)
		*newline = 0;
}

void virtual_board_close(struct virtual_board *board)
{
	link_close(board->link);
	if (board->process) {
		kill(board->process, SIGTERM);
		while (waitpid(board->process, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (board->messages >= 0)
		close(board->messages);
	if (board->folder[0]) {
		unlink(board->counts);
		unlink(board->socket);
		rmdir(board->folder);
	}
	*board = (struct virtual_board){.messages = -1};
}
