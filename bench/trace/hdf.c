/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/hdf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* HDF5 File Format Specification, II.A: superblock version at byte 8; from version 3 on byte 11
 * holds the consistency flags: bit 0 open for writing, bit 2 open for writing with readers. */
enum { SUPERBLOCK_VERSION = 8, SUPERBLOCK_FLAGS = 11, FLAG_WRITE = 1, FLAG_LIVE = 4 };

/* Chunks of samples begin on a page of the page cache: the system then copies whole pages. */
enum { ALIGN_BYTES = 4096, ALIGN_LEAST_BYTES = 32768 };

static herr_t keep_first(unsigned depth, const H5E_error2_t *error, void *context)
{
	char *text = context;

	if (!depth && error->desc)
		snprintf(text, 200, "%s", error->desc);
	return 0;
}

int hdf_fail(const struct hdf_file *file, int fallback, struct err *err, const char *format, ...)
{
	int code = file->disk.error ? file->disk.error : -fallback;
	char what[200], library[200] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, library);
	H5Eclear2(H5E_DEFAULT);
	if (file->disk.error || !library[0])
		snprintf(library, sizeof(library), "%s", strerror(code));
	return err_set(err, -code, "%s: %s: %s", file->path, what, library);
}

static int begin(struct hdf_file *file, const char *path, struct err *err)
{
	hbool_t safe = false;

	*file = (struct hdf_file){.path = path, .id = H5I_INVALID_HID, .disk = {.fd = -1}};
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	if (H5is_library_threadsafe(&safe) < 0 || !safe)
		return err_set(
			err, -ENOTSUP,
			"%s: this HDF5 library was built without thread safety, and boards are "
			"measured in threads: install one with (Debian's libhdf5-103-1)",
			path);
	return 0;
}

/* Nothing leaves the metadata cache before a flush: an array's length is in the file only when its
 * samples are. */
static herr_t hold_metadata(hid_t access)
{
	H5AC_cache_config_t config = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};

	if (H5Pget_mdc_config(access, &config) < 0)
		return -1;
	config.evictions_enabled = false;
	config.incr_mode = H5C_incr__off;
	config.flash_incr_mode = H5C_flash_incr__off;
	config.decr_mode = H5C_decr__off;
	return H5Pset_mdc_config(access, &config);
}

int hdf_create(struct hdf_file *file, const char *path, enum hdf_form form, struct err *err)
{
	H5F_libver_t low = form == HDF_FORM_LIVE ? H5F_LIBVER_V110 : H5F_LIBVER_EARLIEST;
	H5F_libver_t high = form == HDF_FORM_LIVE ? H5F_LIBVER_V110 : H5F_LIBVER_V18;
	int ret = begin(file, path, err);
	hid_t access;

	if (ret)
		return ret;
	access = hdf_driver_access(&file->disk);
	if (access < 0)
		return hdf_fail(file, -ENOMEM, err, "cannot be created");
	if (H5Pset_libver_bounds(access, low, high) >= 0 &&
	    H5Pset_alignment(access, ALIGN_LEAST_BYTES, ALIGN_BYTES) >= 0 &&
	    (form != HDF_FORM_LIVE || hold_metadata(access) >= 0))
		file->id = H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, access);
	H5Pclose(access);
	if (file->id < 0 || file->disk.error) {
		ret = hdf_fail(file, -EIO, err, "cannot be created");
		hdf_close(file, false, NULL);
		hdf_unlock(file);
	}
	return ret;
}

/* Sets *ret_flags to the access flags that suit the file. */
static int look(const char *path, unsigned *ret_flags, struct err *err)
{
	uint8_t head[SUPERBLOCK_FLAGS + 1] = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	ssize_t count;

	if (fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!fstat(fd, &stat) && S_ISDIR(stat.st_mode)) {
		close(fd);
		return err_set(err, -EISDIR, "%s: is a folder; a trace file was expected", path);
	}
	count = pread(fd, head, sizeof(head), 0);
	close(fd);
	if (count < (ssize_t)sizeof(head) || memcmp(head, "\x89HDF\r\n\x1a\n", 8))
		return err_set(err, -EINVAL, "%s: is no HDF5 file", path);
	*ret_flags = H5F_ACC_RDONLY;
	if (head[SUPERBLOCK_VERSION] >= 3 && head[SUPERBLOCK_FLAGS] & (FLAG_WRITE | FLAG_LIVE))
		*ret_flags |= H5F_ACC_SWMR_READ;
	return 0;
}

int hdf_open(struct hdf_file *file, const char *path, struct err *err)
{
	unsigned flags = 0;
	int ret = begin(file, path, err);

	if (!ret)
		ret = look(path, &flags, err);
	if (ret)
		return ret;
	file->id = H5Fopen(path, flags, H5P_DEFAULT);
	return file->id < 0 ? hdf_fail(file, -EINVAL, err, "HDF5 cannot open it") : 0;
}

int hdf_begin_live(struct hdf_file *file, struct err *err)
{
	if (H5Fstart_swmr_write(file->id) < 0 || file->disk.error)
		return hdf_fail(file, -EIO, err, "cannot begin to write");
	return 0;
}

int hdf_flush(struct hdf_file *file, struct err *err)
{
	/* Not H5Dflush: that leaves the superblock's end of file where it was, and a tool that
	 * opens the file for writing (h5clear) then cuts everything behind it off. */
	if (H5Fflush(file->id, H5F_SCOPE_LOCAL) < 0 || file->disk.error)
		return hdf_fail(file, -EIO, err, "cannot write");
	return 0;
}

int hdf_close(struct hdf_file *file, bool durable, struct err *err)
{
	hid_t id = file->id;
	int ret = 0;

	if (id < 0)
		return 0;
	file->id = H5I_INVALID_HID;
	if (H5Fclose(id) < 0 || file->disk.error)
		ret = hdf_fail(file, -EIO, err, "cannot write");
	else if (durable && file->disk.fd >= 0 && fsync(file->disk.fd))
		ret = err_set(err, -errno, "%s: fsync: %s", file->path, strerror(errno));
	return ret;
}

void hdf_unlock(struct hdf_file *file)
{
	if (file->disk.fd >= 0)
		close(file->disk.fd);
	file->disk.fd = -1;
}

/* Texts are fixed in length: files that are read while they are written can hold no other. */
int hdf_put_text(struct hdf_file *file, hid_t object, const char *name, const char *value,
		 struct err *err)
{
	hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), attribute = -1;
	herr_t done = -1;

	if (type >= 0 && space >= 0 && H5Tset_size(type, strlen(value) + 1) >= 0 &&
	    H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
		attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	if (attribute >= 0)
		done = H5Awrite(attribute, type, value);
	H5Aclose(attribute);
	H5Sclose(space);
	H5Tclose(type);
	return done < 0 ? hdf_fail(file, -EIO, err, "attribute '%s'", name) : 0;
}

int hdf_put_number(struct hdf_file *file, hid_t object, const char *name, hid_t file_type,
		   hid_t memory_type, const void *value, struct err *err)
{
	hid_t space = H5Screate(H5S_SCALAR);
	hid_t attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
	herr_t done = attribute < 0 ? -1 : H5Awrite(attribute, memory_type, value);

	H5Aclose(attribute);
	H5Sclose(space);
	return done < 0 ? hdf_fail(file, -EIO, err, "attribute '%s'", name) : 0;
}

/* Opens a scalar attribute of the root. */
static int open_attribute(struct hdf_file *file, const char *name, hid_t *ret_attribute,
			  struct err *err)
{
	hid_t attribute, space;
	hssize_t points;

	if (H5Aexists(file->id, name) <= 0)
		return err_set(err, -EINVAL, "%s: attribute '%s' is missing", file->path, name);
	attribute = H5Aopen(file->id, name, H5P_DEFAULT);
	if (attribute < 0)
		return hdf_fail(file, -EINVAL, err, "attribute '%s'", name);
	space = H5Aget_space(attribute);
	points = H5Sget_simple_extent_npoints(space);
	H5Sclose(space);
	if (points != 1) {
		H5Aclose(attribute);
		return err_set(err, -EINVAL, "%s: attribute '%s' is not one value", file->path,
			       name);
	}
	*ret_attribute = attribute;
	return 0;
}

int hdf_get_text(struct hdf_file *file, const char *name, char *ret_value, size_t size,
		 struct err *err)
{
	hid_t attribute, type, memory;
	bool text;
	int ret = open_attribute(file, name, &attribute, err);

	if (ret)
		return ret;
	type = H5Aget_type(attribute);
	memory = H5Tcopy(H5T_C_S1);
	text = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
	if (!text)
		ret = err_set(err, -EINVAL, "%s: attribute '%s' is no text of fixed length",
			      file->path, name);
	else if (H5Tget_size(type) > size)
		ret = err_set(err, -EINVAL, "%s: attribute '%s' is longer than %zu bytes",
			      file->path, name, size - 1);
	else if (H5Tset_size(memory, size) < 0 || H5Tset_cset(memory, H5Tget_cset(type)) < 0 ||
		 H5Aread(attribute, memory, ret_value) < 0)
		ret = hdf_fail(file, -EINVAL, err, "attribute '%s'", name);
	H5Tclose(memory);
	H5Tclose(type);
	H5Aclose(attribute);
	return ret;
}

int hdf_get_number(struct hdf_file *file, const char *name, hid_t memory_type, void *ret_value,
		   struct err *err)
{
	hid_t attribute, type;
	H5T_class_t class;
	int ret = open_attribute(file, name, &attribute, err);

	if (ret)
		return ret;
	type = H5Aget_type(attribute);
	class = H5Tget_class(type);
	if (class != H5T_INTEGER && class != H5T_FLOAT)
		ret = err_set(err, -EINVAL, "%s: attribute '%s' is no number", file->path, name);
	else if (H5Aread(attribute, memory_type, ret_value) < 0)
		ret = hdf_fail(file, -EINVAL, err, "attribute '%s'", name);
	H5Tclose(type);
	H5Aclose(attribute);
	return ret;
}
