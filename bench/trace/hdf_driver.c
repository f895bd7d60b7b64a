/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HDF5 file driver for writing. Beside what the library's own POSIX driver does:
 * - the first failed write is remembered with its errno, and all later ones are dropped: the
 * library then closes in peace, and the file is what a process killed at that moment leaves, with
 *   everything that was flushed;
 * - the file is locked against a second writer by an open file description lock (fcntl(2)), which
 *   ends with the process. HDF5's own flock(2) is given up when readers are let in;
 * - a chunk may be written in parts, as they come: the library knows whole chunks only, and is
 * asked once for the place of each.
 *
 * HDF5 1.10 Virtual File Layer (H5FDpublic.h).
 */
#define _GNU_SOURCE
#include "bench/trace/hdf.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct driver_info {
	struct hdf_disk *disk;
};

struct driver_file {
	H5FD_t base; /* first: the library sees only this */
	struct hdf_disk *disk;
	int fd;
	haddr_t eoa, eof;
	dev_t device;
	ino_t inode;
};

static hid_t driver_id = H5I_INVALID_HID;

static int take_lock(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &lock);
}

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access, haddr_t max_address)
{
	const struct driver_info *info = H5Pget_driver_info(access);
	struct driver_file *file = calloc(1, sizeof(*file));
	int fd = -1, lock_fd = -1;
	struct stat stat;

	(void)max_address;
	if (!file || !info || !(flags & H5F_ACC_CREAT))
		goto fail;
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 || take_lock(fd) || fstat(fd, &stat))
		goto fail_errno;
	lock_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (lock_fd < 0)
		goto fail_errno;
	file->fd = fd;
	file->disk = info->disk;
	file->disk->fd = lock_fd;
	file->disk->driver = file;
	file->device = stat.st_dev;
	file->inode = stat.st_ino;
	return &file->base;
fail_errno:
	info->disk->error = errno;
	if (fd >= 0)
		close(fd);
fail:
	free(file);
	return NULL;
}

static herr_t driver_close(H5FD_t *base)
{
	struct driver_file *file = (struct driver_file *)base;

	if (close(file->fd) && !file->disk->error)
		file->disk->error = errno;
	file->disk->driver = NULL;
	free(file);
	return 0;
}

static int driver_compare(const H5FD_t *left_base, const H5FD_t *right_base)
{
	const struct driver_file *left = (const struct driver_file *)left_base;
	const struct driver_file *right = (const struct driver_file *)right_base;

	if (left->device != right->device)
		return left->device < right->device ? -1 : 1;
	return left->inode == right->inode ? 0 : left->inode < right->inode ? -1 : 1;
}

/* What the library's POSIX driver has: readers open the file with that one. */
static herr_t driver_query(const H5FD_t *base, unsigned long *flags)
{
	(void)base;
	*flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA |
		 H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA |
		 H5FD_FEAT_POSIX_COMPAT_HANDLE | H5FD_FEAT_SUPPORTS_SWMR_IO |
		 H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
	return 0;
}

static haddr_t driver_get_eoa(const H5FD_t *base, H5FD_mem_t type)
{
	(void)type;
	return ((const struct driver_file *)base)->eoa;
}

static herr_t driver_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address)
{
	(void)type;
	((struct driver_file *)base)->eoa = address;
	return 0;
}

static haddr_t driver_get_eof(const H5FD_t *base, H5FD_mem_t type)
{
	(void)type;
	return ((const struct driver_file *)base)->eof;
}

static herr_t driver_get_handle(H5FD_t *base, hid_t access, void **ret_handle)
{
	(void)access;
	*ret_handle = &((struct driver_file *)base)->fd;
	return 0;
}

static herr_t driver_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address,
			  size_t size, void *buffer)
{
	struct driver_file *file = (struct driver_file *)base;
	char *to = buffer;

	(void)type;
	(void)transfer;
	while (size) {
		ssize_t count = pread(file->fd, to, size, (off_t)address);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -1;
		if (!count) { /* allocated, not written yet */
			memset(to, 0, size);
			return 0;
		}
		to += count;
		address += (haddr_t)count;
		size -= (size_t)count;
	}
	return 0;
}

static void write_bytes(struct driver_file *file, haddr_t address, const char *from, size_t size)
{
	while (size && !file->disk->error) {
		ssize_t count = pwrite(file->fd, from, size, (off_t)address);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			file->disk->error = count ? errno : ENOSPC;
			break;
		}
		from += count;
		address += (haddr_t)count;
		size -= (size_t)count;
	}
}

/* The file has its full length at once: HDF5 refuses one that is shorter than its superblock says,
 * unless it is opened beside a writer. */
static void extend(struct driver_file *file, haddr_t end)
{
	if (end <= file->eof || file->disk->error)
		return;
	if (ftruncate(file->fd, (off_t)end))
		file->disk->error = errno;
}

/* A dropped write is a success to the library: hdf_flush and the writers ask disk->error. */
static herr_t driver_write(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address,
			   size_t size, const void *buffer)
{
	struct driver_file *file = (struct driver_file *)base;
	struct hdf_disk *disk = file->disk;

	(void)transfer;
	if (type == H5FD_MEM_DRAW && disk->part_end && disk->part_end <= size) {
		if (disk->part_end < size)
			extend(file, address + size);
		write_bytes(file, address, buffer, disk->part_end);
		disk->part_address = address;
	} else {
		write_bytes(file, address, buffer, size);
	}
	if (address + size > file->eof)
		file->eof = address + size;
	return 0;
}

void hdf_put(struct hdf_file *file, haddr_t address, const void *bytes, size_t size)
{
	write_bytes(file->disk.driver, address, bytes, size);
}

static herr_t driver_truncate(H5FD_t *base, hid_t transfer, hbool_t closing)
{
	struct driver_file *file = (struct driver_file *)base;

	(void)transfer;
	(void)closing;
	if (file->eoa == file->eof || file->disk->error)
		return 0;
	if (ftruncate(file->fd, (off_t)file->eoa))
		file->disk->error = errno;
	file->eof = file->eoa;
	return 0;
}

/* The file's own lock does. But the library marks a file as being written only when its driver has
 * these. */
static herr_t driver_lock(H5FD_t *base, hbool_t write)
{
	(void)base;
	(void)write;
	return 0;
}

static herr_t driver_unlock(H5FD_t *base)
{
	(void)base;
	return 0;
}

static const H5FD_class_t driver_class = {
	.name = "joulebench_trace",
	.maxaddr = ((haddr_t)1 << 63) - 1,
	.fc_degree = H5F_CLOSE_STRONG,
	.fapl_size = sizeof(struct driver_info),
	.open = driver_open,
	.close = driver_close,
	.cmp = driver_compare,
	.query = driver_query,
	.get_eoa = driver_get_eoa,
	.set_eoa = driver_set_eoa,
	.get_eof = driver_get_eof,
	.get_handle = driver_get_handle,
	.read = driver_read,
	.write = driver_write,
	.truncate = driver_truncate,
	.lock = driver_lock,
	.unlock = driver_unlock,
	.fl_map = H5FD_FLMAP_DICHOTOMY,
};

static void register_driver(void)
{
	driver_id = H5FDregister(&driver_class);
}

hid_t hdf_driver_access(struct hdf_disk *disk)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct driver_info info = {disk};
	hid_t access;

	pthread_once(&once, register_driver);
	access = H5Pcreate(H5P_FILE_ACCESS);
	if (access >= 0 && H5Pset_driver(access, driver_id, &info) < 0) {
		H5Pclose(access);
		access = H5I_INVALID_HID;
	}
	return access;
}

int hdf_lock(const char *path, int *ret_fd, struct err *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), code;

	if (fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!take_lock(fd)) {
		*ret_fd = fd;
		return 0;
	}
	code = errno == EAGAIN || errno == EACCES ? EBUSY : errno;
	close(fd);
	return err_set(err, -code, "%s: %s", path,
		       code == EBUSY ? "is being written by another process" : strerror(code));
}
