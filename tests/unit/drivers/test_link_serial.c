/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Serial links through the unmodified libserialport: this program defines the system calls that
 * library makes, so that /dev/ttyJB0 is a pseudo-terminal with the modem lines, settings and sysfs
 * entry of a USB adapter. What is tested is the driver against this model of the kernel, not the
 * kernel.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/link/link.h"

static const char port_path[] = "/dev/ttyJB0", by_id_path[] = "/dev/serial/by-id/usb-JB-if00";

/* As the kernel has it; <asm/termbits.h> and <termios.h> do not go together. */
struct kernel_termios2 {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line, cc[19];
	uint32_t ispeed, ospeed;
};

#define KERNEL_TCGETS2 _IOR('T', 0x2A, struct kernel_termios2)
#define KERNEL_TCSETS2 _IOW('T', 0x2B, struct kernel_termios2)
enum { KERNEL_CBAUD = 0x100F, KERNEL_BOTHER = 0x1000 };

static struct {
	int master, slave_fd; /* slave_fd: as the driver has it open */
	char slave_path[64];
	int modem;
	struct kernel_termios2 term;
	bool exclusive;
	int queued;
	/* faults */
	int open_errno;
	bool no_parity;
	uint32_t only_baud;
} tty;

/* ---- the seam ---- */

static bool is_tty(int fd)
{
	return fd >= 0 && fd == tty.slave_fd;
}

static int tty_open(int flags)
{
	int fd;

	if (tty.open_errno || tty.exclusive) {
		errno = tty.open_errno ? tty.open_errno : EBUSY;
		return -1;
	}
	fd = (int)syscall(SYS_openat, AT_FDCWD, tty.slave_path, flags, 0);
	if (fd >= 0)
		tty.slave_fd = fd;
	tty.modem = TIOCM_DTR | TIOCM_RTS; /* as the kernel does */
	return fd;
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(args, mode_t);
	va_end(args);
	if (!strcmp(path, port_path))
		return tty_open(flags);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int __open_2(const char *path, int flags);

int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

char *realpath(const char *restrict path, char *restrict resolved)
{
	(void)resolved;
	if (!strcmp(path, port_path) || !strcmp(path, by_id_path))
		return strdup(port_path);
	return canonicalize_file_name(path);
}

static void tty_settle(void)
{
	if (tty.no_parity)
		tty.term.cflag &= ~(uint32_t)PARENB;
	if (tty.only_baud)
		tty.term.ospeed = tty.only_baud;
}

static int tty_modem(unsigned long request, int bits)
{
	tty.modem = request == TIOCMSET   ? bits
		    : request == TIOCMBIS ? tty.modem | bits
					  : tty.modem & ~bits;
	return 0;
}

static int tty_ioctl(unsigned long request, void *arg)
{
	switch (request) {
	case TIOCMGET:
		*(int *)arg = tty.modem;
		return 0;
	case TIOCMSET:
	case TIOCMBIS:
	case TIOCMBIC:
		return tty_modem(request, *(int *)arg);
	case TIOCEXCL:
	case TIOCNXCL:
		tty.exclusive = request == TIOCEXCL;
		return 0;
	case TIOCOUTQ:
		*(int *)arg = tty.queued;
		return 0;
	case KERNEL_TCGETS2:
		*(struct kernel_termios2 *)arg = tty.term;
		return 0;
	case KERNEL_TCSETS2:
		tty.term = *(struct kernel_termios2 *)arg;
		tty_settle();
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return is_tty(fd) ? tty_ioctl(request, arg) : (int)syscall(SYS_ioctl, fd, request, arg);
}

static const struct {
	speed_t code;
	uint32_t baud;
} speeds[] = {{B9600, 9600},     {B57600, 57600},   {B115200, 115200},
	      {B230400, 230400}, {B460800, 460800}, {B921600, 921600}};

enum { SPEED_COUNT = sizeof(speeds) / sizeof(speeds[0]) };

int tcgetattr(int fd, struct termios *term)
{
	memset(term, 0, sizeof(*term));
	if (!is_tty(fd))
		return (int)syscall(SYS_ioctl, fd, TCGETS, term);
	term->c_iflag = tty.term.iflag;
	term->c_oflag = tty.term.oflag;
	term->c_cflag = tty.term.cflag;
	term->c_lflag = tty.term.lflag;
	memcpy(term->c_cc, tty.term.cc, sizeof(tty.term.cc));
	return 0;
}

int tcsetattr(int fd, int when, const struct termios *term)
{
	(void)when;
	if (!is_tty(fd)) {
		errno = EBADF;
		return -1;
	}
	tty.term.iflag = term->c_iflag;
	tty.term.oflag = term->c_oflag;
	tty.term.cflag = term->c_cflag;
	tty.term.lflag = term->c_lflag;
	memcpy(tty.term.cc, term->c_cc, sizeof(tty.term.cc));
	for (size_t i = 0; i < SPEED_COUNT; i++)
		if ((term->c_cflag & KERNEL_CBAUD) == (speeds[i].code & KERNEL_CBAUD))
			tty.term.ospeed = tty.term.ispeed = speeds[i].baud;
	tty_settle();
	return 0;
}

/* sysfs: a symbolic link that says "usb", and the device's files. */
int __lxstat(int version, const char *path, struct stat *status);

int __lxstat(int version, const char *path, struct stat *status)
{
	(void)version;
	if (strcmp(path, "/sys/class/tty/ttyJB0"))
		return fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
	memset(status, 0, sizeof(*status));
	status->st_mode = S_IFLNK | 0777;
	return 0;
}

ssize_t readlink(const char *restrict path, char *restrict text, size_t size)
{
	static const char target[] = "../../devices/pci/usb1/1-2/1-2:1.0/ttyJB0/tty/ttyJB0";
	size_t length = sizeof(target) - 1 < size ? sizeof(target) - 1 : size;

	if (strcmp(path, "/sys/class/tty/ttyJB0"))
		return syscall(SYS_readlinkat, AT_FDCWD, path, text, size);
	memcpy(text, target, length);
	return (ssize_t)length;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
	static const char *const files[][2] = {{"/busnum", "1\n"},        {"/devnum", "9\n"},
					       {"/idVendor", "0483\n"},   {"/idProduct", "374b\n"},
					       {"/serial", "066AFF51\n"}, {"/product", "Probe\n"}};
	static FILE *(*real)(const char *, const char *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "fopen");
	if (strncmp(path, "/sys/class/tty/ttyJB0/", 22))
		return real(path, mode);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(strrchr(path, '/'), files[i][0]))
			return fmemopen((void *)(uintptr_t)files[i][1], strlen(files[i][1]), "r");
	errno = ENOENT;
	return NULL;
}

/* ---- the tests ---- */

static const struct link_settings plain = {.baud = 115200, .parity = LINK_PARITY_NONE};

static int setup(void **state)
{
	struct termios raw;
	int fd;

	(void)state;
	memset(&tty, 0, sizeof(tty));
	tty.slave_fd = -1;
	tty.term.cflag = B9600 | CS7 | HUPCL | CRTSCTS;
	tty.term.iflag = INPCK | IXON | ICRNL;
	tty.term.lflag = ICANON | ECHO;
	tty.master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(tty.master >= 0);
	assert_int_equal(grantpt(tty.master) || unlockpt(tty.master), 0);
	assert_int_equal(ptsname_r(tty.master, tty.slave_path, sizeof(tty.slave_path)), 0);
	fd = open(tty.slave_path, O_RDWR | O_NOCTTY);
	assert_int_equal(syscall(SYS_ioctl, fd, TCGETS, &raw), 0);
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	assert_int_equal(syscall(SYS_ioctl, fd, TCSETS, &raw), 0);
	tty.slave_fd = -1;
	close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (tty.master >= 0)
		close(tty.master);
	return 0;
}

static struct link *open_port(const char *uri)
{
	struct link *link = NULL;
	struct err err = {""};

	if (link_open(uri, &plain, &link, &err))
		fail_msg("%s", err.text);
	return link;
}

static void open_fails(const char *uri, int code, const char *words)
{
	struct link *link = NULL;
	struct err err = {""};
	int ret = link_open(uri, &plain, &link, &err);

	if (ret != code || link || !strstr(err.text, words))
		fail_msg("%s: %d '%s', not %d '%s'", uri, ret, err.text, code, words);
}

static void test_open(void **state)
{
	struct link *link = open_port("serial:/dev/ttyJB0");

	(void)state;
	assert_int_equal(tty.modem & (TIOCM_DTR | TIOCM_RTS), 0);
	assert_true(tty.exclusive);
	assert_int_equal(tty.term.ospeed, 115200);
	assert_int_equal(tty.term.cflag & CSIZE, CS8);
	assert_int_equal(tty.term.cflag & (PARENB | CSTOPB | HUPCL | CRTSCTS), 0);
	assert_int_equal(tty.term.cflag & (CLOCAL | CREAD), CLOCAL | CREAD);
	assert_int_equal(tty.term.iflag & (INPCK | IXON | IXOFF | ICRNL | ISTRIP), 0);
	assert_int_equal(tty.term.lflag & (ICANON | ECHO | ISIG), 0);
	assert_string_equal(link_identity(link), "usb 0483:374B 066AFF51");
	assert_false(link_is_virtual(link));
	link_close(link);
	assert_false(tty.exclusive);
	assert_int_equal(tty.modem & (TIOCM_DTR | TIOCM_RTS), 0);
}

static void test_names(void **state)
{
	struct link *link = open_port("/dev/ttyJB0");

	(void)state;
	link_close(link);
	link = open_port("serial:/dev/serial/by-id/usb-JB-if00");
	assert_string_equal(link_uri(link), "serial:/dev/serial/by-id/usb-JB-if00");
	link_close(link);
}

static void test_settings(void **state)
{
	struct link *link = open_port(port_path);
	const struct link_settings even = {57600, LINK_PARITY_EVEN},
				   odd = {3686400, LINK_PARITY_ODD};

	(void)state;
	assert_int_equal(link_set(link, &even, NULL), 0);
	assert_int_equal(tty.term.ospeed, 57600);
	assert_int_equal(tty.term.cflag & (PARENB | PARODD | CSTOPB | CSIZE), PARENB | CS8);
	assert_int_equal(tty.term.iflag & INPCK, 0);
	assert_int_equal(link_set(link, &odd, NULL), 0);
	assert_int_equal(tty.term.ospeed, 3686400);
	assert_int_equal(tty.term.cflag & (PARENB | PARODD), PARENB | PARODD);
	assert_int_equal(tty.term.cflag & HUPCL, 0);
	assert_int_equal(tty.modem & (TIOCM_DTR | TIOCM_RTS), 0);
	link_close(link);
}

static void test_settings_refused(void **state)
{
	struct link *link = open_port(port_path);
	struct err err = {""};

	(void)state;
	tty.no_parity = true;
	assert_int_equal(link_set(link, &(struct link_settings){9600, LINK_PARITY_EVEN}, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "parity"));
	tty.only_baud = 115200;
	assert_int_equal(link_set(link, &(struct link_settings){921600, LINK_PARITY_NONE}, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "asked for 921600, the port set 115200"));
	/* within what a receiver tolerates */
	tty.only_baud = 117647;
	assert_int_equal(link_set(link, &plain, &err), 0);
	link_close(link);
}

/* Settings do not change under bytes on their way, and do not wait for ever. */
static void test_settings_wait_for_output(void **state)
{
	struct link *link = open_port(port_path);
	int64_t begin_ns = link_now_ns();
	struct err err = {""};

	(void)state;
	tty.queued = 7;
	assert_int_equal(link_set(link, &(struct link_settings){9600, LINK_PARITY_NONE}, &err),
			 -ETIMEDOUT);
	assert_in_range(link_now_ns() - begin_ns, 990000000, 2000000000);
	assert_int_equal(tty.term.ospeed, 115200);
	link_close(link);
}

static void test_lines(void **state)
{
	struct link *link = open_port(port_path);

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(link_set_lines(link, i & 1, i & 2, NULL), 0);
		assert_int_equal(!!(tty.modem & TIOCM_DTR), i & 1);
		assert_int_equal(!!(tty.modem & TIOCM_RTS), i >> 1);
	}
	link_close(link);
}

static void test_bytes_both_ways(void **state)
{
	struct link *link = open_port(port_path);
	uint8_t bytes[256], back[256];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(link_write(link, bytes, sizeof(bytes), 1000, NULL), 0);
	assert_int_equal(read(tty.master, back, sizeof(back)), sizeof(back));
	assert_memory_equal(bytes, back, sizeof(bytes));
	memset(back, 0, sizeof(back));
	assert_int_equal(write(tty.master, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(link_read_exactly(link, back, sizeof(back), 1000, &count, NULL), 0);
	assert_int_equal(count, sizeof(back));
	assert_memory_equal(bytes, back, sizeof(bytes));
	assert_int_equal(link_read(link, back, sizeof(back), 20, &count, NULL), 0);
	assert_int_equal(count, 0);
	link_close(link);
}

static void test_full_output(void **state)
{
	struct link *link = open_port(port_path);
	uint8_t *bytes = calloc(1, 1 << 20);
	int64_t begin_ns = link_now_ns();

	(void)state;
	assert_int_equal(link_write(link, bytes, 1 << 20, 100, NULL), -ETIMEDOUT);
	assert_in_range(link_now_ns() - begin_ns, 99000000, 1500000000);
	/* full from the start: EAGAIN, not an error */
	assert_int_equal(link_write(link, bytes, 1, 50, NULL), -ETIMEDOUT);
	free(bytes);
	link_close(link);
}

static void test_hang_up(void **state)
{
	struct link *link = open_port(port_path);
	uint8_t byte;
	size_t count;
	int64_t begin_ns;
	struct err err = {""};

	(void)state;
	close(tty.master);
	tty.master = -1;
	begin_ns = link_now_ns();
	assert_int_equal(link_read(link, &byte, 1, 2000, &count, &err), -ENODEV);
	assert_non_null(strstr(err.text, "gone"));
	assert_true(link_now_ns() - begin_ns < 500000000);
	assert_int_equal(link_read(link, &byte, 1, 2000, &count, NULL), -ENODEV);
	assert_int_equal(link_write(link, "x", 1, 2000, NULL), -ENODEV);
	link_close(link);
}

static void test_errors(void **state)
{
	(void)state;
	open_fails("serial:/dev/ttyJB9", -ENOENT,
		   "/dev/ttyJB9 does not exist; serial ports here: ");
	open_fails("/dev/null", -ENOENT, "is not a serial port");
	tty.open_errno = EACCES;
	open_fails(port_path, -EACCES, "dialout");
	tty.open_errno = EBUSY;
	open_fails(port_path, -EBUSY, "somebody else holds");
	tty.open_errno = ENXIO;
	open_fails(port_path, -ENODEV, "gone");
}

/* A second opener is refused by the lock even where TIOCEXCL does not hold it back (root). */
static void test_locked(void **state)
{
	struct link *link = open_port(port_path);
	int first = tty.slave_fd;

	(void)state;
	tty.exclusive = false;
	open_fails(port_path, -EBUSY, "somebody else holds");
	tty.slave_fd = first;
	link_close(link);
}

#define port_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* Some containers have no /dev/pts. */
static int has_ptys(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		port_test(test_open),
		port_test(test_names),
		port_test(test_settings),
		port_test(test_settings_refused),
		port_test(test_settings_wait_for_output),
		port_test(test_lines),
		port_test(test_bytes_both_ways),
		port_test(test_full_output),
		port_test(test_hang_up),
		port_test(test_errors),
		port_test(test_locked),
	};

	if (!has_ptys()) {
		puts("skipped: this machine gives no pseudo-terminals");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
