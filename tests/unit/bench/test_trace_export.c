/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Exports of trace files, byte by byte where the format is text; files that are no traces, or
 * damaged.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "bench/trace/export.h"
#include "bench/trace/hdf.h"
#include "bench/trace/plot.h"
#include "bench/trace/show.h"
#include "firmware/wire/wire.h"
#include "tests/unit/bench/test_trace_pattern.h"

/* Six samples at 1 kHz, two lost after the third. */
static char *make(const char *folder, enum trace_keep keep)
{
	static const float current[] = {0.001f, 0.25f, 1e-9f, 0.5f, 0.75f, 1.5f};
	static const uint8_t logic[] = {0, 1, 3, 7, 4, 0};
	static char path[TRACE_PATH_MAX];
	struct trace_identity identity = pattern_identity();
	struct trace_options options = {
		.folder = folder, .identity = &identity, .marker_input = {0, 1, 2}};
	struct trace_block first = {.current_a = current, .logic = logic, .count = 3};
	struct trace_block second = {
		.current_a = current + 3, .logic = logic + 3, .count = 3, .lost = 2};
	struct trace_writer *writer;
	char sha256[TRACE_HASH_SIZE];

	identity.rate_hz = 1000;
	assert_int_equal(trace_writer_open(&options, &writer, NULL), 0);
	assert_int_equal(trace_writer_append(writer, &first, NULL), 0);
	assert_int_equal(trace_writer_append(writer, &second, NULL), 0);
	assert_int_equal(trace_writer_finish(writer, keep, "", "", sha256, NULL), 0);
	assert_int_equal(trace_file_path(folder, sha256, path, sizeof(path), NULL), 0);
	return path;
}

static char *text_of(int (*write)(struct trace_reader *, FILE *, struct err *), size_t *ret_size)
{
	struct trace_reader *reader = pattern_reader(make(scratch_folder(), TRACE_KEEP_SAMPLES));
	char *text = NULL;
	struct err err = {""};
	FILE *stream = open_memstream(&text, ret_size);

	if (write(reader, stream, &err))
		fail_msg("%s", err.text);
	fclose(stream);
	trace_reader_close(reader);
	return text;
}

static void csv(void **state)
{
	size_t size;
	char *text = text_of(export_csv, &size);

	(void)state;
	assert_string_equal(text, "time_s,current_a,window,inference,layer,lost_before\n"
				  "0.000000000,0.00100000005,0,0,0,0\n"
				  "0.001000000,0.25,1,0,0,0\n"
				  "0.002000000,9.99999972e-10,1,1,0,0\n"
				  "0.005000000,0.5,1,1,1,2\n"
				  "0.006000000,0.75,0,0,1,0\n"
				  "0.007000000,1.5,0,0,0,0\n");
	free(text);
}

static void vcd(void **state)
{
	size_t size;
	char *text = text_of(export_vcd, &size), *body = strstr(text, "$enddefinitions $end\n");

	(void)state;
	assert_non_null(body);
	assert_string_equal(body, "$enddefinitions $end\n"
				  "#0\n0!\n0\"\n0#\n#1000000\n1!\n#2000000\n1\"\n"
				  "#3000000\nx!\nx\"\nx#\n#5000000\n1!\n1\"\n1#\n"
				  "#6000000\n0!\n0\"\n#7000000\n0#\n#8000000\n");
	free(text);
}

/* Finds a stored member through its local header. */
static const char *member(const char *archive, size_t size, const char *name, uint32_t *ret_size)
{
	for (size_t at = 0; at + 30 < size;) {
		uint16_t name_length;
		uint32_t crc, bytes;

		if (memcmp(archive + at, "PK\3\4", 4))
			return NULL;
		memcpy(&crc, archive + at + 14, 4);
		memcpy(&bytes, archive + at + 18, 4);
		memcpy(&name_length, archive + at + 26, 2);
		if (name_length == strlen(name) && !memcmp(archive + at + 30, name, name_length)) {
			const char *data = archive + at + 30 + name_length;

			assert_int_equal(wire_crc32(0, data, bytes), crc);
			*ret_size = bytes;
			return data;
		}
		at += 30u + name_length + bytes;
	}
	return NULL;
}

static void sr(void **state)
{
	static const uint8_t lines[] = {0, 1, 3, 3, 3, 7, 4, 0};
	size_t size;
	char *archive = text_of(export_sr, &size);
	const char *data;
	float current[8];
	uint32_t bytes = 0;

	(void)state;
	data = member(archive, size, "logic-1-1", &bytes);
	assert_non_null(data);
	assert_int_equal(bytes, 8);
	assert_memory_equal(data, lines, 8);
	data = member(archive, size, "analog-1-4-1", &bytes);
	assert_non_null(data);
	assert_int_equal(bytes, 32);
	memcpy(current, data, 32);
	assert_true(current[1] == 0.25f && isnan(current[3]) && isnan(current[4]));
	assert_true(current[5] == 0.5f && current[7] == 1.5f);
	data = member(archive, size, "metadata", &bytes);
	assert_non_null(data);
	assert_non_null(memmem(data, bytes, "samplerate=1000 Hz\n", 19));
	assert_null(member(archive, size, "logic-1-2", &bytes));
	free(archive);
}

static void plots(void **state)
{
	struct trace_reader *reader = pattern_reader(make(scratch_folder(), TRACE_KEEP_SAMPLES));
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(plot_script(reader, "it's.png", stream, NULL), 0);
	fclose(stream);
	assert_non_null(strstr(text, "set output 'it''s.png'"));
	/* A sample begins and ends its interval; lost ones break the line. */
	assert_non_null(strstr(text, "0.003000000 1e-09 1e-09 1e-09 0.8 0.8 1.8 1.8 2.1 2.1\n\n"
				     "0.005000000 0.5 0.5 0.5 0.8 0.8 1.8 1.8 2.8 2.8\n"));
	assert_non_null(strstr(text, "current / A"));
	free(text);
	trace_reader_close(reader);
}

static void shows(void **state)
{
	struct trace_reader *reader = pattern_reader(make(scratch_folder(), TRACE_KEEP_SAMPLES));
	json_t *object;

	(void)state;
	assert_int_equal(show_json(reader, "", &object, NULL), 0);
	assert_int_equal(json_integer_value(json_object_get(object, "samples")), 6);
	assert_int_equal(json_integer_value(json_object_get(object, "samples_lost")), 2);
	assert_true(json_real_value(json_object_get(object, "duration_s")) == 0.008);
	assert_true(json_real_value(json_object_get(object, "current_max_a")) == 1.5);
	json_decref(object);
	trace_reader_close(reader);
}

static void envelope_only_is_not_exported(void **state)
{
	struct trace_reader *reader = pattern_reader(make(scratch_folder(), TRACE_KEEP_ENVELOPE));
	struct err err = {""};

	(void)state;
	assert_int_equal(export_csv(reader, stderr, &err), -ENODATA);
	assert_non_null(strstr(err.text, "only the envelope"));
	trace_reader_close(reader);
}

static void full_device_is_an_error(void **state)
{
	struct trace_reader *reader = pattern_reader(make(scratch_folder(), TRACE_KEEP_SAMPLES));
	FILE *full = fopen("/dev/full", "w");
	struct err err = {""};

	(void)state;
	assert_non_null(full);
	assert_int_equal(export_csv(reader, full, &err), -EIO);
	assert_non_null(strstr(err.text, "No space left"));
	fclose(full);
	trace_reader_close(reader);
}

static void expect(const char *path, int code, const char *part)
{
	struct trace_reader *reader;
	struct err err = {""};

	assert_int_equal(trace_reader_open(path, &reader, &err), code);
	if (!strstr(err.text, part) || !strstr(err.text, path))
		fail_msg("'%s' has no '%s'", err.text, part);
}

static char *foreign_path(void)
{
	static char path[TRACE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/foreign.h5", scratch_folder());
	return path;
}

static void no_traces(void **state)
{
	char *path = foreign_path();
	FILE *file = fopen(path, "w");
	hid_t id;

	(void)state;
	expect("/nonexistent.h5", -ENOENT, "No such file");
	expect("/tmp", -EISDIR, "folder");
	fclose(file);
	expect(path, -EINVAL, "no HDF5 file");
	file = fopen(path, "w");
	fputs("time_s,current_a\n0,1\n", file);
	fclose(file);
	expect(path, -EINVAL, "no HDF5 file");
	id = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	H5Fclose(id);
	expect(path, -EINVAL, "attribute 'format' is missing");
}

/* Takes one thing away, or makes it another, and sees whether it is missed. */
static void damage(const char *attribute, const char *dataset, const char *part)
{
	char *path = make(scratch_folder(), TRACE_KEEP_SAMPLES);
	hid_t id = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);

	assert_true(id >= 0);
	if (attribute)
		assert_true(H5Adelete(id, attribute) >= 0);
	if (dataset)
		assert_true(H5Ldelete(id, dataset, H5P_DEFAULT) >= 0);
	H5Fclose(id);
	expect(path, -EINVAL, part);
}

static void damaged_traces(void **state)
{
	char *path;
	int64_t layout = 2;
	hid_t id, attribute;

	(void)state;
	damage("format", NULL, "'format' is missing");
	damage("rate_hz", NULL, "'rate_hz' is missing");
	damage("meter_calibration", NULL, "'meter_calibration' is missing");
	damage(NULL, "/gaps", "'/gaps' is missing");
	damage(NULL, "/flushes", "'/flushes' is missing");
	damage(NULL, "/samples/current", "'/samples/current' is missing");
	damage(NULL, "/samples/markers", "'/samples/markers' is missing");
	path = make(scratch_folder(), TRACE_KEEP_SAMPLES);
	id = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
	attribute = H5Aopen(id, "layout", H5P_DEFAULT);
	H5Awrite(attribute, H5T_NATIVE_INT64, &layout);
	H5Aclose(attribute);
	H5Fclose(id);
	expect(path, -EINVAL, "layout 2 is not known");
}

/* Cut at every length: an error or everything, never a crash or something else. */
static void truncated_traces(void **state)
{
	char *path = make(scratch_folder(), TRACE_KEEP_SAMPLES);
	FILE *file = fopen(path, "rb");
	unsigned refused = 0;
	long size;

	(void)state;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	fclose(file);
	for (long cut = size - 1; cut >= 0; cut -= size / 61 + 1) {
		struct trace_reader *reader;
		struct err err = {""};

		assert_int_equal(truncate(path, cut), 0);
		if (trace_reader_open(path, &reader, &err)) {
			assert_true(err.text[0]);
			refused++;
			continue;
		}
		assert_int_equal(trace_reader_info(reader)->samples, 6);
		trace_reader_close(reader);
	}
	assert_in_range(refused, 50, 62);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv),
		cmocka_unit_test(vcd),
		cmocka_unit_test(sr),
		cmocka_unit_test(plots),
		cmocka_unit_test(shows),
		cmocka_unit_test(envelope_only_is_not_exported),
		cmocka_unit_test(full_device_is_an_error),
		cmocka_unit_test(no_traces),
		cmocka_unit_test(damaged_traces),
		cmocka_unit_test(truncated_traces),
	};

	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
