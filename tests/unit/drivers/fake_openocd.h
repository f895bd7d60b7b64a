/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * OpenOCD's Tcl port with a chip behind it, for tests: in a thread, or as the program "openocd"
 * itself. Written from the OpenOCD User's Guide; it shares no code with the flasher. It does not
 * interpret Tcl: it finds the command in the one line that the flasher sends, and does what OpenOCD
 * 0.12 does with it.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_OPENOCD_H
#define TESTS_UNIT_DRIVERS_FAKE_OPENOCD_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAKE_BASE = 0x08000000, FAKE_FLASH_BYTES = 64 << 10, FAKE_LOG_BYTES = 4096 };

struct fake_openocd {
	/* how it behaves */
	const char *fail_at; /* begin of the command that fails, NULL: none */
	const char *hang_at; /* that is never answered */
	const char *die_at;  /* at which it hangs up ... */
	unsigned die_after;  /* ... after so many bytes of the answer */
	size_t split_at;     /* each answer comes in two pieces; 0: whole */
	bool one_by_one;     /* or byte by byte */
	bool asynchronous;   /* target events before, in between and behind */
	bool stale;          /* an answer to an earlier command comes first */
	bool garbage;        /* answers that belong to nothing */
	bool endless;        /* an answer without an end */
	bool no_flash;       /* nothing is at this address: writes nothing, and says so */
	long flip;           /* flash offset that takes another value, -1 */

	/* what it saw */
	uint8_t flash[FAKE_FLASH_BYTES];
	char commands[FAKE_LOG_BYTES]; /* one per line */
	char last_line[2048];
	char image_path[512];
	bool initialised, halted, running, was_shut_down;

	int listener, fd;
	pthread_t thread;
	char uri[64];
};

static inline void fake_openocd_send(struct fake_openocd *fake, const char *bytes, size_t count)
{
	size_t at = 0;

	while (at < count) {
		size_t step = count - at;

		if (fake->one_by_one)
			step = 1;
		else if (fake->split_at > at && fake->split_at < count)
			step = fake->split_at - at;
		if (send(fake->fd, bytes + at, step, MSG_NOSIGNAL) < 0)
			return;
		at += step;
		if (at < count)
			usleep(fake->one_by_one ? 50 : 500);
	}
}

static inline void fake_openocd_event(struct fake_openocd *fake, const char *text)
{
	if (fake->asynchronous)
		fake_openocd_send(fake, text, strlen(text));
}

static inline bool fake_openocd_is(const char *command, const char *begin)
{
	return begin && !strncmp(command, begin, strlen(begin));
}

/* "... {PATH} ADDRESS bin": the bytes of the file. */
static inline size_t fake_openocd_image(struct fake_openocd *fake, const char *command,
					uint8_t *bytes, uint32_t *ret_address)
{
	const char *begin = strchr(command, '{'), *end = strchr(command, '}');
	size_t count = 0;
	FILE *stream;

	if (!begin || !end || strcmp(end + strcspn(end + 2, " ") + 2, " bin"))
		return 0;
	snprintf(fake->image_path, sizeof(fake->image_path), "%.*s", (int)(end - begin - 1),
		 begin + 1);
	*ret_address = (uint32_t)strtoul(end + 2, NULL, 16);
	stream = fopen(fake->image_path, "rb");
	if (stream) {
		count = fread(bytes, 1, FAKE_FLASH_BYTES, stream);
		fclose(stream);
	}
	return count;
}

/* Status of the command; text is what it returns, or logs. */
static inline int fake_openocd_write(struct fake_openocd *fake, const char *command, char *text)
{
	static uint8_t bytes[FAKE_FLASH_BYTES];
	uint32_t address = 0;
	size_t count = fake_openocd_image(fake, command, bytes, &address);

	if (!count || !fake->halted || address < FAKE_BASE ||
	    address - FAKE_BASE + count > FAKE_FLASH_BYTES) {
		sprintf(text, "\ncouldn't open %s\n", fake->image_path);
		return 1;
	}
	if (fake->no_flash) {
		sprintf(text,
			"wrote 0 bytes from file %s in 0.1s (0.000 KiB/s)\n"
			"no flash bank found for address 0x%08x\n",
			fake->image_path, address);
		return 0;
	}
	memcpy(fake->flash + (address - FAKE_BASE), bytes, count);
	if (fake->flip >= 0)
		fake->flash[fake->flip] ^= 0x10;
	sprintf(text,
		"auto erase enabled\nwrote %zu bytes from file %s in 0.5s (9.1 KiB/s)\n"
		"Padding image section 0 at 0x08004e21 with 7 bytes\n",
		count + 7, fake->image_path);
	return 0;
}

static inline int fake_openocd_verify(struct fake_openocd *fake, const char *command, char *text)
{
	static uint8_t bytes[FAKE_FLASH_BYTES];
	uint32_t address = 0;
	size_t count = fake_openocd_image(fake, command, bytes, &address);

	if (!count || memcmp(fake->flash + (address - FAKE_BASE), bytes, count)) {
		sprintf(text, "\nchecksum mismatch - attempting binary compare\n"
			      "diff 0 address 0x08000010. Was 0x00 instead of 0x10\n");
		return 1;
	}
	sprintf(text, "verified %zu bytes in 0.2s (80.000 KiB/s)\n", count);
	return 0;
}

static inline int fake_openocd_do(struct fake_openocd *fake, const char *command, char *text)
{
	if (fake_openocd_is(command, fake->fail_at)) {
		strcpy(text, "\nUnable to match requested speed\nopen failed\nin procedure 'x'\n");
		return 1;
	}
	fake->initialised |= fake_openocd_is(command, "init");
	if (fake_openocd_is(command, "reset halt"))
		fake->halted = fake->initialised;
	if (fake_openocd_is(command, "reset run")) {
		fake->running = fake->initialised;
		fake->halted = false;
	}
	if (fake_openocd_is(command, "flash write_image erase "))
		return fake_openocd_write(fake, command, text);
	if (fake_openocd_is(command, "verify_image "))
		return fake_openocd_verify(fake, command, text);
	strcpy(text, "\n");
	return 0;
}

/* The line is: set joulebench_said {}; format {joulebench ...} NUMBER [catch {capture {set
 * joulebench_said [COMMAND]}} ...] ...: finds NUMBER and COMMAND. */
static inline bool fake_openocd_parse(const char *line, unsigned *ret_number, char *command,
				      size_t size)
{
	const char *number = strstr(line, "%s%s} "), *begin = strstr(line, "_said ["), *end;

	end = begin ? strstr(begin, "]}} ") : NULL;
	if (!number || !end)
		return false;
	*ret_number = (unsigned)strtoul(number + 6, NULL, 10);
	snprintf(command, size, "%.*s", (int)(end - begin - 7), begin + 7);
	return true;
}

/* False: hangs up. */
static inline bool fake_openocd_answer(struct fake_openocd *fake, const char *line)
{
	char command[1024], text[2048] = "", answer[4096];
	unsigned number = 0;
	int length, status;

	snprintf(fake->last_line, sizeof(fake->last_line), "%s", line);
	if (!strcmp(line, "shutdown")) {
		fake->was_shut_down = true;
		return false;
	}
	if (!fake_openocd_parse(line, &number, command, sizeof(command)))
		return false;
	strncat(fake->commands, command, sizeof(fake->commands) - strlen(fake->commands) - 2);
	strcat(fake->commands, "\n");
	if (fake_openocd_is(command, fake->hang_at))
		return true;
	fake_openocd_event(fake, "type target_event event reset-start\r\n\x1a");
	if (fake->stale)
		fake_openocd_send(fake, "joulebench 0 0 wrote 999999 bytes\n\x1a", 35);
	status = fake_openocd_do(fake, command, text);
	fake_openocd_event(fake, "type target_state state halted\r\n\x1atype target_reset mode "
				 "halt\r\n\x1a");
	length = snprintf(answer, sizeof(answer), "%s %u %d %s\x1a",
			  fake->garbage ? "Open On-Chip" : "joulebench", number, status, text);
	if (fake->endless)
		for (int i = 0; i < 40; i++)
			fake_openocd_send(fake,
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789",
					  440);
	if (fake_openocd_is(command, fake->die_at)) {
		fake_openocd_send(fake, answer, fake->die_after);
		return false;
	}
	fake_openocd_send(fake, answer, (size_t)length);
	fake_openocd_event(fake, "type target_event event resume-end\r\n\x1a");
	return true;
}

/* Serves one connection. */
static inline void fake_openocd_serve(struct fake_openocd *fake)
{
	char line[2048];
	size_t used = 0;
	int on = 1;

	setsockopt(fake->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (used < sizeof(line) && recv(fake->fd, line + used, 1, 0) == 1) {
		if (line[used++] != 0x1a)
			continue;
		line[used - 1] = '\0';
		used = 0;
		if (!fake_openocd_answer(fake, line))
			break;
	}
	close(fake->fd);
}

static inline unsigned fake_openocd_listen(struct fake_openocd *fake)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	fake->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (fake->listener < 0 || bind(fake->listener, (struct sockaddr *)&address, size) ||
	    listen(fake->listener, 4) ||
	    getsockname(fake->listener, (struct sockaddr *)&address, &size))
		abort();
	snprintf(fake->uri, sizeof(fake->uri), "tcp://127.0.0.1:%u", ntohs(address.sin_port));
	return ntohs(address.sin_port);
}

static inline void *fake_openocd_main(void *arg)
{
	struct fake_openocd *fake = arg;

	while ((fake->fd = accept(fake->listener, NULL, NULL)) >= 0)
		fake_openocd_serve(fake);
	return NULL;
}

static inline void fake_openocd_start(struct fake_openocd *fake)
{
	fake_openocd_listen(fake);
	if (pthread_create(&fake->thread, NULL, fake_openocd_main, fake))
		abort();
}

static inline void fake_openocd_stop(struct fake_openocd *fake)
{
	shutdown(fake->listener, SHUT_RDWR);
	pthread_join(fake->thread, NULL);
	close(fake->listener);
}

#endif
