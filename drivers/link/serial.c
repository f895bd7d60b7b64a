/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A local serial port through libserialport 0.1.1, and what that library leaves to its caller:
 *
 * - it looks a port up by its name in sysfs, so links such as /dev/serial/by-id/... are resolved
 * first;
 * - it locks nothing: TIOCEXCL keeps others from opening the port, and flock() refuses those it
 * does not hold back (root), though their opening has touched the lines by then;
 * - opening a tty raises DTR and RTS (the kernel does): they are dropped at once;
 * - it sets HUPCL, which would move DTR and RTS at close, and refuses to drive RTS while a former
 * user's CRTSCTS is on: both are cleared behind its back. The speed and parity in force are read
 * back;
 * - its blocking calls count on the wall clock and do not see a hang-up: waiting is poll() here. A
 * port that is readable but has no byte is gone;
 * - it reports a full output buffer as a failure with EAGAIN.
 *
 * tcdrain() has no time-out, so the output queue is watched instead before settings change.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <time.h>

#include <libserialport.h>

#include "drivers/link/deadline.h"
#include "drivers/link/kinds.h"

enum {
	QUEUE_MS = 1000, /* for the output queue to empty before settings change */
	CLOSE_MS = 200,
	BAUD_MAX_PERCENT = 3, /* what a UART's receiver tolerates, both ends together */
	IDENTITY_SIZE = 128,
	TTY_HOLDS = 4096 - 128, /* the kernel's n_tty.c: from there on it throttles the port */
};

struct serial {
	struct sp_port *port;
	int fd; /* libserialport's */
	atomic_bool gone;
	char identity[IDENTITY_SIZE];
};

/* ---- errors ---- */

static int serial_gone(struct serial *serial, struct err *err)
{
	atomic_store(&serial->gone, true);
	return err_set(err, -ENODEV, "the port is gone (unplugged?)");
}

static bool errno_is_gone(int error)
{
	return error == EIO || error == ENODEV || error == ENXIO || error == EBADF;
}

/* The sentence for a failed system call, and its code. */
static int serial_fail(struct serial *serial, int error, const char *what, struct err *err)
{
	if (errno_is_gone(error))
		return serial_gone(serial, err);
	return err_set(err, error ? -error : -EIO, "%s: %s", what,
		       error ? strerror(error) : "failed");
}

/* The same for a libserialport call; 0 when it succeeded. */
static int sp_check(struct serial *serial, enum sp_return result, const char *what, struct err *err)
{
	switch (result) {
	case SP_OK:
		return 0;
	case SP_ERR_FAIL:
		return serial_fail(serial, sp_last_error_code(), what, err);
	case SP_ERR_MEM:
		return err_set(err, -ENOMEM, "%s: out of memory", what);
	case SP_ERR_SUPP:
		return err_set(err, -ENOTSUP, "%s: the port cannot do that", what);
	default:
		return err_set(err, -EINVAL, "%s: refused by libserialport", what);
	}
}

/* "no such port; ports here: /dev/ttyACM0, ..." */
static int no_such_port(const char *path, const char *why, struct err *err)
{
	struct sp_port **ports = NULL;
	char names[256] = "";
	size_t used = 0;

	if (sp_list_ports(&ports) == SP_OK) {
		for (size_t i = 0; ports[i] && used < sizeof(names); i++)
			used += snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
					 sp_get_port_name(ports[i]));
		sp_free_port_list(ports);
	}
	return err_set(err, -ENOENT, "%s %s; serial ports here: %s", path, why,
		       names[0] ? names : "none");
}

static int open_fail(struct serial *serial, const char *path, struct err *err)
{
	int error = sp_last_error_code();

	switch (error) {
	case ENOENT:
		return no_such_port(path, "does not exist", err);
	case ENOTTY:
		return no_such_port(path, "is not a serial port", err);
	case EACCES:
	case EPERM:
		return err_set(err, -EACCES,
			       "no permission to open %s: add yourself to the group dialout "
			       "(adduser USER dialout, then log in again) or give the port a udev "
			       "rule with TAG+=\"uaccess\"",
			       path);
	case EBUSY:
		return err_set(err, -EBUSY, "somebody else holds %s", path);
	default:
		return serial_fail(serial, error, path, err);
	}
}

/* ---- settings ---- */

/* Waits until the kernel handed everything to the UART, so that it leaves at the old settings. */
static int queue_wait(struct serial *serial, int timeout_ms, struct err *err)
{
	const struct timespec pause = {.tv_nsec = DEADLINE_NS_PER_MS};
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	int queued = 0;

	for (;;) {
		if (ioctl(serial->fd, TIOCOUTQ, &queued))
			return serial_fail(serial, errno, "output queue", err);
		if (queued == 0)
			return 0;
		if (!deadline_left_ms(deadline_ns))
			return err_set(err, -ETIMEDOUT, "%d bytes are not sent after %d ms", queued,
				       timeout_ms);
		nanosleep(&pause, NULL);
	}
}

/* RTS is left out: sp_set_config_flowcontrol() would assert it. */
static int config_apply(struct serial *serial, const struct link_settings *settings,
			struct err *err)
{
	static const enum sp_parity parities[] = {
		[LINK_PARITY_NONE] = SP_PARITY_NONE,
		[LINK_PARITY_EVEN] = SP_PARITY_EVEN,
		[LINK_PARITY_ODD] = SP_PARITY_ODD,
	};
	struct sp_port_config *config;
	int ret = sp_check(serial, sp_new_config(&config), "settings", err);

	if (ret)
		return ret;
	sp_set_config_baudrate(config, (int)settings->baud);
	sp_set_config_bits(config, 8);
	sp_set_config_parity(config, parities[settings->parity]);
	sp_set_config_stopbits(config, 1);
	sp_set_config_xon_xoff(config, SP_XONXOFF_DISABLED);
	ret = sp_check(serial, sp_set_config(serial->port, config), "settings", err);
	sp_free_config(config);
	return ret;
}

static int speed_check(uint32_t asked, uint32_t set, struct err *err)
{
	uint64_t off = asked > set ? asked - set : set - asked;

	if (off * 100 <= (uint64_t)asked * BAUD_MAX_PERCENT)
		return 0;
	return err_set(err, -EINVAL, "baud rate: asked for %u, the port set %u", asked, set);
}

/* Clears what a former user or libserialport leaves on. */
static int termios_clear(struct serial *serial, struct err *err)
{
	struct termios2 term;

	if (ioctl(serial->fd, TCGETS2, &term))
		return serial_fail(serial, errno, "settings", err);
	term.c_cflag &= ~(tcflag_t)(HUPCL | CRTSCTS);
	term.c_iflag &= ~(tcflag_t)(INPCK | PARMRK | ISTRIP);
	if (ioctl(serial->fd, TCSETS2, &term))
		return serial_fail(serial, errno, "settings", err);
	return 0;
}

/* Reads back what the driver made of the settings. */
static int termios_check(struct serial *serial, const struct link_settings *settings,
			 struct err *err)
{
	struct termios2 term;

	if (ioctl(serial->fd, TCGETS2, &term))
		return serial_fail(serial, errno, "settings", err);
	if (settings->parity != LINK_PARITY_NONE && !(term.c_cflag & PARENB))
		return err_set(err, -EINVAL, "the port cannot do parity");
	return speed_check(settings->baud, term.c_ospeed, err);
}

static int serial_set(void *state, const struct link_settings *settings, struct err *err)
{
	struct serial *serial = state;
	int ret = queue_wait(serial, QUEUE_MS, err);

	if (!ret)
		ret = config_apply(serial, settings, err);
	return ret ? ret : termios_check(serial, settings, err);
}

static int serial_set_lines(void *state, bool dtr, bool rts, struct err *err)
{
	struct serial *serial = state;
	int ret = sp_check(serial, sp_set_dtr(serial->port, dtr ? SP_DTR_ON : SP_DTR_OFF), "DTR",
			   err);

	if (ret)
		return ret;
	return sp_check(serial, sp_set_rts(serial->port, rts ? SP_RTS_ON : SP_RTS_OFF), "RTS", err);
}

/* ---- opening and closing ---- */

/* A virtual rig's manufacturer strings begin with "VIRTUAL" (usb.h). */
static void identity_read(struct serial *serial)
{
	int vendor, product;
	const char *number = sp_get_port_usb_serial(serial->port);
	const char *maker = sp_get_port_usb_manufacturer(serial->port);
	bool is_virtual = maker && !strncmp(maker, "VIRTUAL", strlen("VIRTUAL"));

	if (sp_get_port_usb_vid_pid(serial->port, &vendor, &product) != SP_OK)
		return;
	snprintf(serial->identity, sizeof(serial->identity), "%susb %04X:%04X%s%s",
		 is_virtual ? "virtual-rig " : "", vendor, product, number ? " " : "",
		 number ? number : "");
}

static int lock(struct serial *serial, const char *path, struct err *err)
{
	if (flock(serial->fd, LOCK_EX | LOCK_NB))
		return err_set(err, errno == EWOULDBLOCK ? -EBUSY : -errno,
			       "somebody else holds %s", path);
	if (ioctl(serial->fd, TIOCEXCL))
		return serial_fail(serial, errno, "exclusive use", err);
	return 0;
}

static int port_find(struct serial *serial, const char *path, struct err *err)
{
	char *real = realpath(path, NULL);
	enum sp_return result;
	int ret = 0;

	if (!real && errno == ENOENT)
		return no_such_port(path, "does not exist", err);
	if (!real)
		return serial_fail(serial, errno, path, err);
	result = sp_get_port_by_name(real, &serial->port);
	if (result == SP_ERR_ARG)
		ret = no_such_port(path, "is not a serial port", err);
	else
		ret = sp_check(serial, result, path, err);
	free(real);
	return ret;
}

static int port_configure(struct serial *serial, const char *path,
			  const struct link_settings *settings, struct err *err)
{
	int ret = sp_check(serial, sp_get_port_handle(serial->port, &serial->fd), path, err);

	if (!ret)
		ret = lock(serial, path, err);
	if (!ret)
		ret = termios_clear(serial, err);
	if (!ret)
		ret = serial_set_lines(serial, false, false, err);
	if (!ret)
		ret = serial_set(serial, settings, err);
	if (!ret)
		ret = sp_check(serial, sp_flush(serial->port, SP_BUF_BOTH), "flush", err);
	return ret;
}

static int serial_open(void *state, const char *path, const struct link_settings *settings,
		       struct err *err)
{
	struct serial *serial = state;
	int ret;

	atomic_init(&serial->gone, false);
	if (path[0] != '/')
		return err_set(err, -EINVAL, "a serial port is named by its whole path (/dev/...)");
	ret = port_find(serial, path, err);
	if (ret)
		return ret;
	if (sp_open(serial->port, SP_MODE_READ_WRITE) != SP_OK) {
		ret = open_fail(serial, path, err);
		goto free_port;
	}
	ret = port_configure(serial, path, settings, err);
	if (ret)
		goto close_port;
	identity_read(serial);
	return 0;

close_port:
	sp_close(serial->port);
free_port:
	sp_free_port(serial->port);
	return ret;
}

/* What was written may still leave, for CLOSE_MS; then it is dropped, or the kernel would wait 30
 * s. */
static void serial_close(void *state)
{
	struct serial *serial = state;

	if (queue_wait(serial, CLOSE_MS, NULL))
		sp_flush(serial->port, SP_BUF_OUTPUT);
	ioctl(serial->fd, TIOCNXCL);
	sp_close(serial->port);
	sp_free_port(serial->port);
}

/* ---- bytes ---- */

/* 1 when the port is ready (or hung up: the call after this finds out), 0 when the time is over. */
static int serial_wait(struct serial *serial, short events, int64_t deadline_ns, struct err *err)
{
	struct pollfd wait = {.fd = serial->fd, .events = events};
	int ready;

	do {
		ready = poll(&wait, 1, deadline_left_ms(deadline_ns));
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return serial_fail(serial, errno, "poll", err);
	return ready > 0;
}

static int serial_read(void *state, void *buffer, size_t capacity, int timeout_ms,
		       size_t *ret_count, struct err *err)
{
	struct serial *serial = state;
	enum sp_return result;
	int ready = 0;

	if (atomic_load(&serial->gone))
		return serial_gone(serial, err);
	result = sp_nonblocking_read(serial->port, buffer, capacity);
	if (result == 0) {
		ready = serial_wait(serial, POLLIN, deadline_after_ms(timeout_ms), err);
		if (ready < 0)
			return ready;
		result = ready ? sp_nonblocking_read(serial->port, buffer, capacity) : 0;
	}
	if (result < 0)
		return sp_check(serial, result, "read", err);
	if (ready && result == 0)
		return serial_gone(serial, err);
	*ret_count = (size_t)result;
	return 0;
}

/* Takes what fits now; a full buffer is 0. */
static int write_some(struct serial *serial, const uint8_t *bytes, size_t count, struct err *err)
{
	enum sp_return result = sp_nonblocking_write(serial->port, bytes, count);

	if (result >= 0)
		return result;
	if (result == SP_ERR_FAIL && (sp_last_error_code() == EAGAIN))
		return 0;
	return sp_check(serial, result, "write", err);
}

static int serial_write(void *state, const void *bytes, size_t count, int timeout_ms,
			struct err *err)
{
	struct serial *serial = state;
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	size_t sent = 0;

	while (sent < count) {
		int ret = atomic_load(&serial->gone)
				  ? serial_gone(serial, err)
				  : write_some(serial, (const uint8_t *)bytes + sent, count - sent,
					       err);

		if (ret < 0)
			return ret;
		sent += (size_t)ret;
		if (sent == count)
			break;
		ret = serial_wait(serial, POLLOUT, deadline_ns, err);
		if (ret < 0)
			return ret;
		if (ret == 0)
			return err_set(err, -ETIMEDOUT, "%zu of %zu bytes sent within %d ms", sent,
				       count, timeout_ms);
	}
	return 0;
}

static const char *serial_identity(void *state)
{
	return ((struct serial *)state)->identity;
}

const struct link_ops link_serial = {
	.scheme = "serial",
	.state_size = sizeof(struct serial),
	.holds = TTY_HOLDS,
	.open = serial_open,
	.close = serial_close,
	.set = serial_set,
	.set_lines = serial_set_lines,
	.read = serial_read,
	.write = serial_write,
	.identity = serial_identity,
};
