/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bad line between joulebench and the virtual rig: relays one RFC 2217 connection after the
 * other, and damages what a serial line would. Telnet commands (RFC 854) and escaped 0xFF pass
 * untouched: they stand for the network, which does not damage bytes.
 *
 * usage: rig_noise LISTEN.sock TARGET.sock bytes   SEED ONE_IN
 *        rig_noise LISTEN.sock TARGET.sock samples SEED ONE_IN COUNT
 *
 * bytes: one data byte in ONE_IN, in either direction, gets a wrong bit or is lost. samples: the
 * stream of a PPK2 loses COUNT of its 4-byte samples in one piece, beginning at one in ONE_IN. Ends
 * on SIGTERM, after saying how often it did so.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TELNET_IAC = 0xFF, TELNET_SB = 0xFA, TELNET_SE = 0xF0, TELNET_WILL = 0xFB };
enum { PPK2_START = 0x06, PPK2_STOP = 0x07, SAMPLE_BYTES = 4 };

enum telnet_state { TELNET_DATA, TELNET_COMMAND, TELNET_OPTION, TELNET_SUB, TELNET_SUB_COMMAND };

struct noise {
	bool on_samples;
	uint64_t random;
	uint32_t one_in, count;
	unsigned long done, seen; /* times, data bytes */
	/* the PPK2's stream */
	bool streaming;
	unsigned arguments; /* bytes of the command under way */
	uint64_t offset;    /* data bytes since the start */
	uint32_t skip;      /* data bytes still to be lost */
};

struct direction {
	enum telnet_state state;
	bool to_host;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static uint32_t below(struct noise *noise, uint32_t limit)
{
	noise->random = noise->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((noise->random >> 33) % limit);
}

/* The host's commands to the PPK2: 0x0C, 0x11 have one argument, 0x0D has two. */
static void follow_command(struct noise *noise, uint8_t byte)
{
	if (noise->arguments) {
		noise->arguments--;
		return;
	}
	noise->arguments = byte == 0x0D ? 2 : byte == 0x0C || byte == 0x11;
	if (byte == PPK2_START)
		noise->offset = noise->skip = 0;
	if (byte == PPK2_START || byte == PPK2_STOP)
		noise->streaming = byte == PPK2_START;
}

/* True when this data byte of the stream is lost. */
static bool lose_sample(struct noise *noise)
{
	if (noise->offset++ % SAMPLE_BYTES == 0 && !noise->skip && !below(noise, noise->one_in)) {
		noise->skip = noise->count * SAMPLE_BYTES;
		noise->done++;
	}
	if (!noise->skip)
		return false;
	noise->skip--;
	return true;
}

/* Damages one data byte; false when it is lost. 0xFF stays what it is, and nothing becomes it. */
static bool disturb(struct noise *noise, const struct direction *way, uint8_t *byte)
{
	noise->seen++;
	if (noise->on_samples) {
		if (!way->to_host)
			follow_command(noise, *byte);
		else if (noise->streaming)
			return !lose_sample(noise);
		return true;
	}
	if (*byte == TELNET_IAC || below(noise, noise->one_in))
		return true;
	noise->done++;
	if (below(noise, 2))
		return false;
	*byte ^= (*byte ^ 0x01) == TELNET_IAC ? 0x02 : 0x01;
	return true;
}

static enum telnet_state state_after(enum telnet_state state, uint8_t byte)
{
	switch (state) {
	case TELNET_DATA:
		return byte == TELNET_IAC ? TELNET_COMMAND : TELNET_DATA;
	case TELNET_COMMAND:
		if (byte == TELNET_SB)
			return TELNET_SUB;
		return byte >= TELNET_WILL && byte != TELNET_IAC ? TELNET_OPTION : TELNET_DATA;
	case TELNET_SUB:
		return byte == TELNET_IAC ? TELNET_SUB_COMMAND : TELNET_SUB;
	case TELNET_SUB_COMMAND:
		return byte == TELNET_SE ? TELNET_DATA : TELNET_SUB;
	default:
		return TELNET_DATA;
	}
}

/* Passes count bytes on, in place; returns how many are left. An escaped 0xFF comes as two bytes,
 * of which the first is kept back until the second tells what it is. */
static size_t pass(struct noise *noise, struct direction *way, const uint8_t *in, size_t count,
		   uint8_t *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		enum telnet_state before = way->state;
		uint8_t byte = in[i];

		way->state = state_after(before, byte);
		if (before == TELNET_DATA && byte == TELNET_IAC)
			continue; /* goes out with the next */
		if (before == TELNET_COMMAND && byte == TELNET_IAC) {
			if (!disturb(noise, way, &byte))
				continue;
			out[kept++] = TELNET_IAC;
		} else if (before == TELNET_COMMAND) {
			out[kept++] = TELNET_IAC;
		} else if (before == TELNET_DATA && !disturb(noise, way, &byte)) {
			continue;
		}
		out[kept++] = byte;
	}
	return kept;
}

static bool send_all(int fd, const uint8_t *bytes, size_t count)
{
	while (count && !stop) {
		ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		bytes += sent;
		count -= (size_t)sent;
	}
	return !stop;
}

static bool relay_once(struct noise *noise, struct direction *way, int from, int to)
{
	uint8_t in[4096], out[4097];
	ssize_t count = recv(from, in, sizeof(in), 0);

	if (count <= 0)
		return count < 0 && errno == EINTR;
	return send_all(to, out, pass(noise, way, in, (size_t)count, out));
}

static void relay(struct noise *noise, int host, int rig)
{
	struct direction ways[] = {{.to_host = false}, {.to_host = true}};
	struct pollfd fds[] = {{.fd = host, .events = POLLIN}, {.fd = rig, .events = POLLIN}};
	bool going = true;

	noise->streaming = false;
	noise->arguments = 0;
	while (going && !stop) {
		if (poll(fds, 2, -1) < 0)
			continue;
		for (int i = 0; going && i < 2; i++)
			if (fds[i].revents)
				going = relay_once(noise, &ways[i], fds[i].fd, fds[1 - i].fd);
	}
}

static int unix_socket(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path)) {
		fprintf(stderr, "%s: too long for a socket\n", path);
		exit(2);
	}
	strcpy(address->sun_path, path);
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static void serve(struct noise *noise, int listener, const char *target)
{
	while (!stop) {
		struct sockaddr_un address;
		int host = accept(listener, NULL, NULL), rig;

		if (host < 0)
			continue;
		rig = unix_socket(target, &address);
		if (!connect(rig, (struct sockaddr *)&address, sizeof(address)))
			relay(noise, host, rig);
		close(rig);
		close(host);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct noise noise = {0};
	struct sockaddr_un address;
	int listener;

	noise.on_samples = argc == 7 && !strcmp(argv[3], "samples");
	if (!noise.on_samples && (argc != 6 || strcmp(argv[3], "bytes"))) {
		fprintf(stderr, "usage: rig_noise LISTEN TARGET bytes SEED ONE_IN\n"
				"       rig_noise LISTEN TARGET samples SEED ONE_IN COUNT\n");
		return 2;
	}
	noise.random = strtoull(argv[4], NULL, 10);
	noise.one_in = (uint32_t)atoi(argv[5]);
	noise.count = noise.on_samples ? (uint32_t)atoi(argv[6]) : 0;
	sigaction(SIGTERM, &action, NULL);
	listener = unix_socket(argv[1], &address);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 4)) {
		perror(argv[1]);
		return 2;
	}
	serve(&noise, listener, argv[2]);
	printf("%lu times disturbed, in %lu data bytes\n", noise.done, noise.seen);
	return noise.done == 0;
}
