/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/stream.h"

#include <errno.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the content's hash is taken over elements as they are in memory: little endian"
#endif

enum {
	SAMPLE_CHUNK = 131072, /* a chunk costs the library ten microseconds, whatever its size */
	RECORD_CHUNK = 256,
	DEFLATE_LEVEL = 1, /* 4 is no smaller to speak of after shuffle */
	FIELDS_MAX = 10,
};

const struct stream_kind stream_kinds[TRACE_STREAMS] = {
	[TRACE_CURRENT] = {"/samples/current", "A", sizeof(float), SAMPLE_CHUNK, true, true},
	[TRACE_VOLTAGE] = {"/samples/voltage", "V", sizeof(float), SAMPLE_CHUNK, true, true},
	[TRACE_MARKERS] = {"/samples/markers", "1", 1, SAMPLE_CHUNK, true, true},
	[TRACE_GAPS] = {"/gaps", NULL, sizeof(struct trace_gap), RECORD_CHUNK, false, true},
	[TRACE_CORRECTIONS] = {"/corrections", NULL, sizeof(struct trace_correction), RECORD_CHUNK,
			       false, true},
	[TRACE_SATURATED] = {"/saturated", NULL, sizeof(struct trace_saturated), RECORD_CHUNK,
			     false, true},
	[TRACE_BLOCKS] = {"/blocks", NULL, sizeof(struct trace_block_time), RECORD_CHUNK, false,
			  true},
	[TRACE_ENVELOPE] = {"/envelope", NULL, sizeof(struct trace_envelope_point), RECORD_CHUNK,
			    false, true},
	[TRACE_RESULT] = {"/result", NULL, sizeof(struct trace_result), 1, false, false},
	[TRACE_FLUSHES] = {"/flushes", NULL, sizeof(struct stream_flush), RECORD_CHUNK, false,
			   false},
};

enum field_type { U64 = 1, I64, F64, TEXT, CORRECTION_KIND };

struct field {
	const char *name;
	enum field_type type;
	size_t offset, size;
};

#define FIELD(of, name, type)                                                                      \
	{                                                                                          \
#name, type, offsetof(struct of, name), sizeof(((struct of *)0)->name)             \
	}
#define COUNT(name, which)                                                                         \
	{                                                                                          \
		name, U64, sizeof(uint64_t) * (which - 1), sizeof(uint64_t)                        \
	}

static const struct field fields[TRACE_STREAMS][FIELDS_MAX + 1] = {
	[TRACE_GAPS] = {FIELD(trace_gap, sample, U64), FIELD(trace_gap, lost, U64)},
	[TRACE_CORRECTIONS] = {FIELD(trace_correction, sample, U64),
			       FIELD(trace_correction, samples, I64),
			       FIELD(trace_correction, kind, CORRECTION_KIND)},
	[TRACE_SATURATED] = {FIELD(trace_saturated, sample, U64),
			     FIELD(trace_saturated, count, U64)},
	[TRACE_BLOCKS] = {FIELD(trace_block_time, sample, U64),
			  FIELD(trace_block_time, meter_index, U64),
			  FIELD(trace_block_time, t_mono_ns, I64),
			  FIELD(trace_block_time, t_utc_ns, I64)},
	[TRACE_ENVELOPE] = {FIELD(trace_envelope_point, sample, U64),
			    FIELD(trace_envelope_point, count, U64),
			    FIELD(trace_envelope_point, min_a, F64),
			    FIELD(trace_envelope_point, mean_a, F64),
			    FIELD(trace_envelope_point, max_a, F64)},
	[TRACE_RESULT] = {FIELD(trace_result, state, TEXT), FIELD(trace_result, verdict, TEXT),
			  FIELD(trace_result, reason, TEXT),
			  FIELD(trace_result, content_sha256, TEXT)},
	[TRACE_FLUSHES] = {COUNT("current", TRACE_CURRENT), COUNT("voltage", TRACE_VOLTAGE),
			   COUNT("markers", TRACE_MARKERS), COUNT("gaps", TRACE_GAPS),
			   COUNT("corrections", TRACE_CORRECTIONS),
			   COUNT("saturated", TRACE_SATURATED), COUNT("blocks", TRACE_BLOCKS),
			   COUNT("envelope", TRACE_ENVELOPE), COUNT("result", TRACE_RESULT),
			   COUNT("flushes", TRACE_FLUSHES)},
};

static hid_t correction_kind_type(void)
{
	static const struct {
		const char *name;
		uint64_t value;
	} kinds[] = {
		{"index", TRACE_CORRECTION_INDEX},
		{"resync", TRACE_CORRECTION_RESYNC},
		{"mismatch", TRACE_CORRECTION_MISMATCH},
		{"range", TRACE_CORRECTION_RANGE},
	};
	hid_t type = H5Tenum_create(H5T_STD_U64LE);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		H5Tenum_insert(type, kinds[i].name, &kinds[i].value);
	return type;
}

static hid_t field_type(const struct field *field)
{
	hid_t type;

	switch (field->type) {
	case U64:
		return H5Tcopy(H5T_STD_U64LE);
	case I64:
		return H5Tcopy(H5T_STD_I64LE);
	case F64:
		return H5Tcopy(H5T_IEEE_F64LE);
	case CORRECTION_KIND:
		return correction_kind_type();
	case TEXT:
		type = H5Tcopy(H5T_C_S1);
		H5Tset_size(type, field->size);
		H5Tset_cset(type, H5T_CSET_UTF8);
		return type;
	}
	return H5I_INVALID_HID;
}

/* The element's type; the same in memory and file. */
static hid_t element_type(enum trace_stream which)
{
	hid_t type;

	if (which == TRACE_MARKERS)
		return H5Tcopy(H5T_STD_U8LE);
	if (stream_kinds[which].per_sample)
		return H5Tcopy(H5T_IEEE_F32LE);
	type = H5Tcreate(H5T_COMPOUND, stream_kinds[which].bytes);
	for (const struct field *field = fields[which]; field->name; field++) {
		hid_t member = field_type(field);

		H5Tinsert(type, field->name, field->offset, member);
		H5Tclose(member);
	}
	return type;
}

static hid_t creation_list(const struct stream_kind *kind, bool compressed)
{
	hid_t list = H5Pcreate(H5P_DATASET_CREATE);
	hsize_t chunk = kind->chunk;

	H5Pset_chunk(list, 1, &chunk);
	H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
	if (compressed) {
		H5Pset_shuffle(list);
		H5Pset_deflate(list, DEFLATE_LEVEL);
		H5Pset_fletcher32(list);
	}
	return list;
}

/* Elements go straight to the file and come straight from it. */
static hid_t access_list(void)
{
	hid_t list = H5Pcreate(H5P_DATASET_ACCESS);

	H5Pset_chunk_cache(list, 1, 0, 0);
	return list;
}

int stream_create(struct hdf_file *file, enum trace_stream which, bool compressed,
		  struct stream *ret_stream, struct err *err)
{
	const struct stream_kind *kind = &stream_kinds[which];
	hsize_t none = 0, unlimited = H5S_UNLIMITED;
	hid_t space = H5Screate_simple(1, &none, &unlimited);
	hid_t creation = creation_list(kind, compressed), access = access_list();
	hid_t links = H5Pcreate(H5P_LINK_CREATE);
	struct stream stream = {.kind = kind,
				.dataset = H5I_INVALID_HID,
				.memory_type = element_type(which),
				.filtered = compressed};
	int ret = 0;

	H5Pset_create_intermediate_group(links, 1);
	stream.dataset = H5Dcreate2(file->id, kind->path, stream.memory_type, space, links,
				    creation, access);
	if (stream.dataset < 0)
		ret = hdf_fail(file, -EIO, err, "'%s' cannot be created", kind->path);
	H5Pclose(links);
	H5Pclose(access);
	H5Pclose(creation);
	H5Sclose(space);
	if (!ret && kind->unit)
		ret = hdf_put_text(file, stream.dataset, "unit", kind->unit, err);
	if (ret)
		stream_close(&stream);
	else
		*ret_stream = stream;
	return ret;
}

/* The dataset's own type must hold every field, or the library leaves them as they are. */
static int check_type(struct hdf_file *file, enum trace_stream which, hid_t dataset,
		      struct err *err)
{
	const struct stream_kind *kind = &stream_kinds[which];
	hid_t type = H5Dget_type(dataset);
	H5T_class_t class = H5Tget_class(type);
	int ret = 0;

	if (kind->per_sample) {
		H5T_class_t wanted = which == TRACE_MARKERS ? H5T_INTEGER : H5T_FLOAT;

		if (class != wanted || H5Tget_size(type) != kind->bytes)
			ret = err_set(err, -EINVAL, "%s: '%s' is not of %s", file->path, kind->path,
				      which == TRACE_MARKERS ? "8-bit integers" : "32-bit reals");
	} else if (class != H5T_COMPOUND) {
		ret = err_set(err, -EINVAL, "%s: '%s' is not of records", file->path, kind->path);
	}
	for (const struct field *field = fields[which]; !ret && field->name; field++)
		if (H5Tget_member_index(type, field->name) < 0)
			ret = err_set(err, -EINVAL, "%s: '%s' has no field '%s'", file->path,
				      kind->path, field->name);
	H5Tclose(type);
	return ret;
}

static int check_shape(struct hdf_file *file, struct stream *stream, struct err *err)
{
	hid_t space = H5Dget_space(stream->dataset);
	hsize_t count = 0;
	int rank = H5Sget_simple_extent_ndims(space);

	if (rank == 1)
		H5Sget_simple_extent_dims(space, &count, NULL);
	H5Sclose(space);
	if (rank != 1)
		return err_set(err, -EINVAL, "%s: '%s' is no list", file->path, stream->kind->path);
	stream->count = count;
	return 0;
}

/* H5Lexists fails on a path whose group is missing. */
static bool exists(hid_t file, const char *path)
{
	return (strncmp(path, "/samples/", 9) || H5Lexists(file, "/samples", H5P_DEFAULT) > 0) &&
	       H5Lexists(file, path, H5P_DEFAULT) > 0;
}

static bool has_filters(hid_t dataset)
{
	hid_t list = H5Dget_create_plist(dataset);
	int filters = H5Pget_nfilters(list);

	H5Pclose(list);
	return filters > 0;
}

int stream_open(struct hdf_file *file, enum trace_stream which, struct stream *ret_stream,
		struct err *err)
{
	const struct stream_kind *kind = &stream_kinds[which];
	struct stream stream = {
		.kind = kind, .dataset = H5I_INVALID_HID, .memory_type = H5I_INVALID_HID};
	hid_t access;
	int ret = 0;

	if (!exists(file->id, kind->path))
		return err_set(err, -ENOENT, "%s: '%s' is missing", file->path, kind->path);
	access = access_list();
	stream.dataset = H5Dopen2(file->id, kind->path, access);
	H5Pclose(access);
	if (stream.dataset < 0)
		return hdf_fail(file, -EINVAL, err, "'%s'", kind->path);
	stream.memory_type = element_type(which);
	stream.filtered = has_filters(stream.dataset);
	ret = check_type(file, which, stream.dataset, err);
	if (!ret)
		ret = check_shape(file, &stream, err);
	if (ret)
		stream_close(&stream);
	else
		*ret_stream = stream;
	return ret;
}

static hid_t select_elements(hid_t dataset, uint64_t first, size_t count)
{
	hsize_t start = first, length = count;
	hid_t space = H5Dget_space(dataset);

	if (H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &length, NULL) < 0) {
		H5Sclose(space);
		return H5I_INVALID_HID;
	}
	return space;
}

static herr_t set_extent(struct stream *stream, uint64_t count)
{
	hsize_t end = count;
	herr_t done = H5Dset_extent(stream->dataset, &end);

	if (done >= 0)
		stream->extent = count;
	return done;
}

/* A chunk goes to the file as it is, without a copy through the library, and in parts: with the
 * first one it gets its place there. */
static herr_t begin_chunk(struct hdf_file *file, struct stream *stream, const void *elements,
			  size_t count)
{
	const struct stream_kind *kind = stream->kind;
	hsize_t start = stream->count;
	herr_t done;

	if (set_extent(stream, stream->count + count) < 0)
		return -1;
	file->disk.part_end = count * kind->bytes;
	done = H5Dwrite_chunk(stream->dataset, H5P_DEFAULT, 0, &start, kind->chunk * kind->bytes,
			      elements);
	file->disk.part_end = 0;
	stream->chunk_address = file->disk.part_address;
	return done;
}

static herr_t write_chunks(struct hdf_file *file, struct stream *stream, const void *elements,
			   size_t count)
{
	const struct stream_kind *kind = stream->kind;
	const uint8_t *from = elements;

	while (count) {
		size_t held = stream->count % kind->chunk;
		size_t some = count < kind->chunk - held ? count : kind->chunk - held;

		if (held)
			hdf_put(file, stream->chunk_address + held * kind->bytes, from,
				some * kind->bytes);
		else if (begin_chunk(file, stream, from, some) < 0)
			return -1;
		stream->count += some;
		from += some * kind->bytes;
		count -= some;
	}
	return 0;
}

static herr_t write_selected(struct stream *stream, const void *elements, size_t count)
{
	hsize_t length = count;
	hid_t memory, space;
	herr_t done = -1;

	if (set_extent(stream, stream->count + count) < 0)
		return -1;
	memory = H5Screate_simple(1, &length, NULL);
	space = select_elements(stream->dataset, stream->count, count);
	if (space >= 0)
		done = H5Dwrite(stream->dataset, stream->memory_type, memory, space, H5P_DEFAULT,
				elements);
	H5Sclose(space);
	H5Sclose(memory);
	if (done >= 0)
		stream->count += count;
	return done;
}

int stream_write(struct hdf_file *file, struct stream *stream, const void *elements, size_t count,
		 struct err *err)
{
	herr_t done = -1;

	if (!count)
		return 0;
	if (!file->disk.error)
		done = stream->kind->per_sample && !stream->filtered
			       ? write_chunks(file, stream, elements, count)
			       : write_selected(stream, elements, count);
	if (done < 0 || file->disk.error)
		return hdf_fail(file, -EIO, err, "cannot write '%s'", stream->kind->path);
	return 0;
}

int stream_settle(struct hdf_file *file, struct stream *stream, struct err *err)
{
	if (stream->extent != stream->count && set_extent(stream, stream->count) < 0)
		return hdf_fail(file, -EIO, err, "cannot write '%s'", stream->kind->path);
	return 0;
}

int stream_read(struct hdf_file *file, const struct stream *stream, uint64_t first, size_t count,
		void *ret_elements, struct err *err)
{
	hsize_t length = count;
	hid_t memory, space;
	int ret = 0;

	if (!count)
		return 0;
	memory = H5Screate_simple(1, &length, NULL);
	space = select_elements(stream->dataset, first, count);
	if (space < 0 || H5Dread(stream->dataset, stream->memory_type, memory, space, H5P_DEFAULT,
				 ret_elements) < 0)
		ret = hdf_fail(file, -EIO, err, "cannot read '%s' from %llu on", stream->kind->path,
			       (unsigned long long)first);
	H5Sclose(space);
	H5Sclose(memory);
	return ret;
}

void stream_close(struct stream *stream)
{
	if (!stream->kind)
		return;
	H5Tclose(stream->memory_type);
	if (stream->dataset >= 0)
		H5Dclose(stream->dataset);
	*stream = (struct stream){0};
}
