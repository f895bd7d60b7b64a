/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What of the HDF5 library the trace files use, with errors as sentences and errno codes.
 */
#ifndef BENCH_TRACE_HDF_H
#define BENCH_TRACE_HDF_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "drivers/err.h"

/* State of the file driver (hdf_driver.c), shared between it and whoever opened the file. */
struct hdf_disk {
	int fd;    /* a duplicate for locks and fsync; -1 */
	int error; /* first errno of a write; from then on nothing reaches the file */
	/* While part_end is not 0: of the chunk that the library writes only the first part_end
	 * bytes are there; the rest comes by hdf_put. part_address: where the chunk then is. */
	size_t part_end;
	haddr_t part_address;
	struct driver_file *driver; /* while the file is open */
};

struct hdf_file {
	const char *path; /* borrowed */
	hid_t id;
	struct hdf_disk disk; /* must stay where it is while the file is open */
};

enum hdf_form {
	HDF_FORM_LIVE = 1, /* may be read while it is written; needs HDF5 1.10 to read */
	HDF_FORM_OLD,      /* any HDF5 from 1.8 reads it */
};

/* Creates a file that must not exist, with an exclusive lock that ends with hdf_close or the
 * process. Metadata reaches a live file only in hdf_flush. */
int hdf_create(struct hdf_file *file, const char *path, enum hdf_form form, struct err *err);
/* For reading, also along a writer and after its death. -EINVAL: no HDF5 file, or a broken one. */
int hdf_open(struct hdf_file *file, const char *path, struct err *err);
int hdf_begin_live(struct hdf_file *file, struct err *err); /* no new object after this */
int hdf_flush(struct hdf_file *file, struct err *err);      /* to the system, not the disk */
/* Closes; durable: fsync. The lock of a created file stays until hdf_unlock. Idempotent. */
int hdf_close(struct hdf_file *file, bool durable, struct err *err);
void hdf_unlock(struct hdf_file *file);

/* Writes array data into a chunk that the library has given its place; an error is in disk.error. */
void hdf_put(struct hdf_file *file, haddr_t address, const void *bytes, size_t size);

/* Whether another process holds the lock of hdf_create; ret_fd holds it for the caller. -EBUSY. */
int hdf_lock(const char *path, int *ret_fd, struct err *err);

/* "PATH: what: what the system or the library says"; returns -disk.error, or fallback. */
int hdf_fail(const struct hdf_file *file, int fallback, struct err *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

int hdf_put_text(struct hdf_file *file, hid_t object, const char *name, const char *value,
		 struct err *err);
int hdf_put_number(struct hdf_file *file, hid_t object, const char *name, hid_t file_type,
		   hid_t memory_type, const void *value, struct err *err);
/* -EINVAL: not there or of another kind; the sentence names it. */
int hdf_get_text(struct hdf_file *file, const char *name, char *ret_value, size_t size,
		 struct err *err);
int hdf_get_number(struct hdf_file *file, const char *name, hid_t memory_type, void *ret_value,
		   struct err *err);

/* hdf_driver.c: access list for writing through disk; negative when the library fails. */
hid_t hdf_driver_access(struct hdf_disk *disk);

#endif
