/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The calls that programs and libraries make, and where they go. See kernel.h.
 */
#define _GNU_SOURCE
#include "tests/seam/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { FD_MAX = 4096, FILES_MAX = 256, SYSFS = 0x62656572 /* linux/magic.h */ };

struct plain {
	char path[128];
	uint8_t *bytes;
	size_t count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct seam_node *nodes;
static struct plain plains[FILES_MAX];
static struct seam_file *by_fd[FD_MAX];
static atomic_ulong ioctls;

/* ---- what there is ---- */

void seam_node_add(struct seam_node *node)
{
	pthread_mutex_lock(&lock);
	node->next = nodes;
	nodes = node;
	pthread_mutex_unlock(&lock);
}

void seam_node_remove(struct seam_node *node)
{
	pthread_mutex_lock(&lock);
	for (struct seam_node **at = &nodes; *at; at = &(*at)->next)
		if (*at == node) {
			*at = node->next;
			break;
		}
	pthread_mutex_unlock(&lock);
}

static struct seam_node *node_find(const char *path)
{
	struct seam_node *node;

	pthread_mutex_lock(&lock);
	for (node = nodes; node && strcmp(node->path, path); node = node->next)
		;
	pthread_mutex_unlock(&lock);
	return node;
}

/* With the lock held; an empty path finds a free place. */
static struct plain *plain_find(const char *path)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (!strcmp(plains[i].path, path))
			return &plains[i];
	return NULL;
}

void seam_file_remove(const char *path)
{
	struct plain *plain;

	pthread_mutex_lock(&lock);
	plain = plain_find(path);
	if (plain) {
		free(plain->bytes);
		memset(plain, 0, sizeof(*plain));
	}
	pthread_mutex_unlock(&lock);
}

void seam_file_set(const char *path, const void *bytes, size_t count)
{
	struct plain *plain;

	seam_file_remove(path);
	pthread_mutex_lock(&lock);
	plain = plain_find("");
	if (!plain || strlen(path) >= sizeof(plain->path))
		abort();
	plain->bytes = malloc(count + 1);
	if (!plain->bytes)
		abort();
	memcpy(plain->bytes, bytes, count);
	plain->count = count;
	strcpy(plain->path, path);
	pthread_mutex_unlock(&lock);
}

void seam_text_set(const char *path, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	seam_file_set(path, text, strlen(text));
}

/* ---- descriptors ---- */

static struct seam_file *file_of(int fd)
{
	struct seam_file *file;

	if (fd < 0 || fd >= FD_MAX)
		return NULL;
	pthread_mutex_lock(&lock);
	file = by_fd[fd];
	pthread_mutex_unlock(&lock);
	return file;
}

static void file_bind(int fd, struct seam_file *file)
{
	if (fd >= FD_MAX)
		abort();
	pthread_mutex_lock(&lock);
	by_fd[fd] = file;
	pthread_mutex_unlock(&lock);
}

int seam_file_open(const struct seam_node_ops *ops, void *device, void *state, int fd)
{
	struct seam_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	*file = (struct seam_file){.ops = ops, .device = device, .state = state, .fd = fd};
	file_bind(fd, file);
	return fd;
}

unsigned seam_open_files(void)
{
	unsigned count = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < FD_MAX; i++)
		count += by_fd[i] != NULL;
	pthread_mutex_unlock(&lock);
	return count;
}

unsigned long seam_ioctls(void)
{
	return atomic_load(&ioctls);
}

ssize_t seam_real_read(int fd, void *bytes, size_t count)
{
	return syscall(SYS_read, fd, bytes, count);
}

int seam_real_close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

/* The kernel's result as libc gives it. */
static long as_libc(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/* ---- opening ---- */

static int node_open(struct seam_node *node, int flags)
{
	struct seam_file *file;
	int fd;

	if (node->open_error)
		return -node->open_error;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->ops = node->ops;
	file->device = node->device;
	fd = node->ops->open(file, flags);
	if (fd < 0) {
		free(file);
		return fd;
	}
	file->fd = fd;
	file_bind(fd, file);
	return fd;
}

/* -ENOENT: not one of ours. */
static int plain_open(const char *path)
{
	struct plain *plain;
	int fd = -ENOENT;

	pthread_mutex_lock(&lock);
	plain = path[0] ? plain_find(path) : NULL;
	if (plain) {
		fd = memfd_create("seam", MFD_CLOEXEC);
		if (fd < 0 || pwrite(fd, plain->bytes, plain->count, 0) != (ssize_t)plain->count)
			abort();
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

static int any_open(const char *path, int flags, mode_t mode)
{
	struct seam_node *node = node_find(path);
	int fd;

	if (node)
		return (int)as_libc(node_open(node, flags));
	fd = plain_open(path);
	return fd >= 0 ? fd : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define MODE_TAKE(flags, mode)                                                                     \
	do {                                                                                       \
		if ((flags) & (O_CREAT | __O_TMPFILE)) {                                           \
			va_list args;                                                              \
                                                                                                   \
			va_start(args, flags);                                                     \
			(mode) = va_arg(args, mode_t);                                             \
			va_end(args);                                                              \
		}                                                                                  \
	} while (0)

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_TAKE(flags, mode);
	return any_open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_TAKE(flags, mode);
	return any_open(path, flags, mode);
}

int __open_2(const char *path, int flags)
{
	return any_open(path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return any_open(path, flags, 0);
}

/* ---- on descriptors ---- */

int ioctl(int fd, unsigned long request, ...)
{
	struct seam_file *file = file_of(fd);
	void *argument;
	va_list args;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	if (!file)
		return (int)syscall(SYS_ioctl, fd, request, argument);
	atomic_fetch_add(&ioctls, 1);
	return (int)as_libc(file->ops->ioctl(file, request, argument));
}

ssize_t read(int fd, void *bytes, size_t count)
{
	struct seam_file *file = file_of(fd);

	if (!file || !file->ops->read)
		return seam_real_read(fd, bytes, count);
	return as_libc(file->ops->read(file, bytes, count));
}

int close(int fd)
{
	struct seam_file *file = file_of(fd);

	if (file) {
		file_bind(fd, NULL);
		if (file->ops->close)
			file->ops->close(file);
		free(file);
	}
	return seam_real_close(fd);
}

/* Not instrumented: ThreadSanitizer's runtime calls it before it is set up. */
__attribute__((no_sanitize("thread"))) void *mmap(void *address, size_t length, int protection,
						  int flags, int fd, off_t offset)
{
	struct seam_file *file = fd >= 0 ? file_of(fd) : NULL;
	void *mapped;

	if (!file)
		return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	mapped = file->ops->map ? file->ops->map(file, length) : NULL;
	if (mapped)
		return mapped;
	errno = file->ops->map ? ENOMEM : ENODEV;
	return MAP_FAILED;
}

/* ---- on paths ---- */

static bool is_plain(const char *path)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = path[0] && plain_find(path);
	pthread_mutex_unlock(&lock);
	return is;
}

static bool ours_stat(const char *path, struct stat *result)
{
	struct seam_node *node = node_find(path);

	if (!node && !is_plain(path))
		return false;
	memset(result, 0, sizeof(*result));
	result->st_mode = node ? S_IFCHR | 0660 : S_IFREG | 0444;
	if (node)
		result->st_rdev = makedev(node->major, node->minor);
	return true;
}

int lstat(const char *restrict path, struct stat *restrict result)
{
	if (ours_stat(path, result))
		return 0;
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, result, AT_SYMLINK_NOFOLLOW);
}

int stat(const char *restrict path, struct stat *restrict result)
{
	if (ours_stat(path, result))
		return 0;
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, result, 0);
}

/* A file of ours is a link to what it holds. */
ssize_t readlink(const char *restrict path, char *restrict target, size_t size)
{
	struct plain *plain;
	size_t count = 0;

	pthread_mutex_lock(&lock);
	plain = path[0] ? plain_find(path) : NULL;
	if (plain) {
		count = plain->count < size ? plain->count : size;
		memcpy(target, plain->bytes, count);
	}
	pthread_mutex_unlock(&lock);
	return plain ? (ssize_t)count : syscall(SYS_readlinkat, AT_FDCWD, path, target, size);
}

int access(const char *path, int mode)
{
	if (node_find(path) || is_plain(path))
		return 0;
	return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

/* sysfs is there, whatever the machine has. */
int statfs(const char *path, struct statfs *result)
{
	if (strcmp(path, "/sys"))
		return (int)syscall(SYS_statfs, path, result);
	memset(result, 0, sizeof(*result));
	result->f_type = SYSFS;
	return 0;
}
