/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Trace files: what goes in comes out, under the name of its content; archive, drop, retention.
 */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/trace/envelope.h"
#include "bench/trace/hdf.h"
#include "tests/unit/bench/test_trace_pattern.h"

enum { BLOCKS = 250 };

static char *make(bool voltage, enum trace_keep keep, char ret_sha256[TRACE_HASH_SIZE])
{
	static char path[TRACE_PATH_MAX];
	const char *folder = scratch_folder();
	struct trace_writer *writer = pattern_open(folder, voltage, 0);
	struct err err = {""};

	pattern_fill(writer, voltage, BLOCKS);
	assert_int_equal(trace_writer_correct(writer, TRACE_CORRECTION_RESYNC, -3, &err), 0);
	if (trace_writer_finish(writer, keep, "refused", "samples lost", ret_sha256, &err))
		fail_msg("%s", err.text);
	assert_int_equal(trace_file_path(folder, ret_sha256, path, sizeof(path), NULL), 0);
	return path;
}

static void check(const char *path, const char *sha256, bool voltage, bool compressed)
{
	struct trace_reader *reader = pattern_reader(path);
	const struct trace_info *info = trace_reader_info(reader);
	char found[TRACE_HASH_SIZE];

	assert_true(info->ended);
	assert_string_equal(info->result.state, "complete");
	assert_string_equal(info->result.verdict, "refused");
	assert_string_equal(info->result.reason, "samples lost");
	assert_string_equal(info->result.content_sha256, sha256);
	assert_string_equal(info->identity.meter_calibration, pattern_identity().meter_calibration);
	assert_string_equal(info->identity.board, "nucleo-1");
	assert_string_equal(info->identity.rig, "");
	assert_true(isnan(info->identity.ambient_c));
	assert_true(info->identity.supply_v == 3.3 && info->identity.clock_hz == 120000000);
	assert_int_equal(info->samples, BLOCKS * PATTERN_BLOCK);
	assert_int_equal(info->has_voltage, voltage);
	assert_int_equal(info->compressed, compressed);
	pattern_check_samples(reader);
	pattern_check_records(reader);
	assert_int_equal(trace_reader_hash(reader, found, NULL), 0);
	assert_string_equal(found, sha256);
	trace_reader_close(reader);
}

static void writes_and_reads(void **state)
{
	char sha256[TRACE_HASH_SIZE], other[TRACE_HASH_SIZE];
	struct trace_correction correction;
	struct trace_reader *reader;
	char *path;

	(void)state;
	path = make(true, TRACE_KEEP_SAMPLES, sha256);
	check(path, sha256, true, false);
	path = make(false, TRACE_KEEP_SAMPLES, other);
	check(path, other, false, false);
	assert_string_not_equal(sha256, other);
	reader = pattern_reader(path);
	assert_int_equal(trace_reader_info(reader)->counts[TRACE_CORRECTIONS], 1);
	assert_int_equal(trace_read(reader, TRACE_CORRECTIONS, 0, 1, &correction, NULL), 0);
	assert_int_equal(correction.sample, BLOCKS * PATTERN_BLOCK);
	assert_int_equal(correction.samples, -3);
	assert_int_equal(correction.kind, TRACE_CORRECTION_RESYNC);
	trace_reader_close(reader);
	/* The same content has the same name. */
	make(false, TRACE_KEEP_SAMPLES, sha256);
	assert_string_equal(sha256, other);
}

static void reads_along(void **state)
{
	struct trace_writer *writer = pattern_open(scratch_folder(), true, 10);
	struct trace_reader *reader;

	(void)state;
	pattern_fill(writer, true, 95);
	assert_int_equal(trace_writer_flushed(writer), 90 * PATTERN_BLOCK);
	reader = pattern_reader(trace_writer_path(writer));
	assert_false(trace_reader_info(reader)->ended);
	assert_int_equal(trace_reader_info(reader)->samples, 90 * PATTERN_BLOCK);
	pattern_check_samples(reader);
	pattern_check_records(reader);
	trace_reader_close(reader);
	trace_writer_discard(writer);
}

/* HDF5 File Format Specification, II.A: superblock 3 has the end of file at byte 28. HDF5 opens no
 * file that is shorter, and tools that open one for writing cut off what is behind it. */
static uint64_t end_of_file(const char *path)
{
	uint64_t end = 0;
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	assert_int_equal(fseek(file, 8, SEEK_SET), 0);
	assert_int_equal(fgetc(file), 3);
	assert_int_equal(fseek(file, 28, SEEK_SET), 0);
	assert_int_equal(fread(&end, sizeof(end), 1, file), 1);
	fclose(file);
	return end;
}

/* A chunk that has only begun is in the file at its full length. */
static void a_flushed_file_is_as_long_as_it_says(void **state)
{
	static const unsigned blocks[] = {1, 65, 66, 131, 132}; /* chunks end at 65.5 and 131.1 */

	(void)state;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		struct trace_writer *writer = pattern_open(scratch_folder(), i % 2, 1000);
		struct trace_reader *reader;
		struct stat status;

		pattern_fill(writer, i % 2, blocks[i]);
		assert_int_equal(trace_writer_flush(writer, NULL), 0);
		assert_int_equal(stat(trace_writer_path(writer), &status), 0);
		assert_true((uint64_t)status.st_size >= end_of_file(trace_writer_path(writer)));
		reader = pattern_reader(trace_writer_path(writer));
		assert_int_equal(trace_reader_info(reader)->samples, blocks[i] * PATTERN_BLOCK);
		pattern_check_samples(reader);
		trace_reader_close(reader);
		trace_writer_discard(writer);
	}
}

static void flushes_by_time(void **state)
{
	struct trace_writer *writer = pattern_open(scratch_folder(), false, 0);
	struct err err;

	(void)state;
	for (uint64_t n = 0; n < 20; n++) /* up to 190 ms after the first block */
		assert_int_equal(pattern_append(writer, false, n, &err), 0);
	assert_int_equal(trace_writer_flushed(writer), 0);
	assert_int_equal(pattern_append(writer, false, 20, &err), 0);
	assert_int_equal(trace_writer_flushed(writer), 21 * PATTERN_BLOCK);
	trace_writer_discard(writer);
}

static void discard_leaves_nothing(void **state)
{
	struct trace_writer *writer = pattern_open(scratch_folder(), false, 0);
	char path[TRACE_PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s", trace_writer_path(writer));
	assert_int_equal(access(path, F_OK), 0);
	trace_writer_discard(writer);
	assert_int_equal(access(path, F_OK), -1);
	trace_writer_discard(NULL);
}

static off_t bytes_of(const char *path)
{
	struct stat stat_of;

	assert_int_equal(stat(path, &stat_of), 0);
	return stat_of.st_size;
}

static void check_filters(const char *path)
{
	static const H5Z_filter_t wanted[] = {H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE,
					      H5Z_FILTER_FLETCHER32};
	hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	hid_t dataset = H5Dopen2(file, "/samples/current", H5P_DEFAULT);
	hid_t list = H5Dget_create_plist(dataset);

	assert_int_equal(H5Pget_nfilters(list), 3);
	for (unsigned i = 0; i < 3; i++) {
		unsigned flags, config;
		size_t values = 0;

		assert_int_equal(H5Pget_filter2(list, i, &flags, &values, NULL, 0, NULL, &config),
				 wanted[i]);
	}
	H5Pclose(list);
	H5Dclose(dataset);
	H5Fclose(file);
}

static void archive_keeps_content_and_name(void **state)
{
	char sha256[TRACE_HASH_SIZE];
	char *path = make(true, TRACE_KEEP_SAMPLES, sha256);
	off_t before = bytes_of(path);
	struct err err = {""};

	(void)state;
	if (trace_archive(path, &err))
		fail_msg("%s", err.text);
	check(path, sha256, true, true);
	assert_true(bytes_of(path) < before * 3 / 4);
	assert_int_equal(trace_archive(path, &err), 0); /* nothing to do */
	check_filters(path);
}

/* One wrong byte anywhere in compressed samples must not go unnoticed. */
static void archive_is_checksummed(void **state)
{
	char sha256[TRACE_HASH_SIZE], found[TRACE_HASH_SIZE];
	char *path = make(true, TRACE_KEEP_SAMPLES, sha256);
	struct trace_reader *reader;
	struct err err = {""};
	FILE *file;
	int byte;

	(void)state;
	assert_int_equal(trace_archive(path, &err), 0);
	file = fopen(path, "r+b");
	fseek(file, bytes_of(path) / 2, SEEK_SET);
	byte = fgetc(file);
	fseek(file, -1, SEEK_CUR);
	fputc(byte ^ 0x10, file);
	fclose(file);
	reader = pattern_reader(path);
	assert_int_equal(trace_reader_hash(reader, found, &err), -EIO);
	assert_non_null(strstr(err.text, path));
	trace_reader_close(reader);
}

static void check_envelope(const char *path, const char *sha256)
{
	struct trace_reader *reader = pattern_reader(path);
	const struct trace_info *info = trace_reader_info(reader);
	struct trace_envelope_point *points;
	char found[TRACE_HASH_SIZE];
	uint64_t next = 0;

	assert_false(info->has_samples);
	assert_int_equal(info->samples, BLOCKS * PATTERN_BLOCK);
	assert_string_equal(info->result.reason, "samples lost");
	pattern_check_records(reader);
	assert_int_equal(trace_reader_hash(reader, found, NULL), 0);
	assert_string_equal(found, sha256);
	assert_int_equal(trace_read_all(reader, TRACE_ENVELOPE, (void **)&points, NULL), 0);
	for (size_t n = 0; n < info->counts[TRACE_ENVELOPE]; n++) {
		double min = INFINITY, max = -INFINITY, sum = 0;

		assert_int_equal(points[n].sample, next);
		for (uint64_t i = next; i < next + points[n].count; i++) {
			double value = (double)pattern_current(i);

			min = fmin(min, value);
			max = fmax(max, value);
			sum += value;
		}
		next += points[n].count;
		assert_true(points[n].min_a == min && points[n].max_a == max);
		assert_true(fabs(points[n].mean_a - sum / (double)points[n].count) < 1e-15);
	}
	assert_int_equal(next, info->samples);
	free(points);
	trace_reader_close(reader);
}

static void drop_leaves_the_envelope(void **state)
{
	char sha256[TRACE_HASH_SIZE], dropped[TRACE_HASH_SIZE], folder[TRACE_PATH_MAX];
	char path[TRACE_PATH_MAX], *full;
	struct err err = {""};

	(void)state;
	check_envelope(make(true, TRACE_KEEP_ENVELOPE, sha256), sha256);
	full = make(true, TRACE_KEEP_SAMPLES, dropped);
	assert_string_not_equal(sha256, dropped);
	if (trace_drop_samples(full, dropped, &err))
		fail_msg("%s", err.text);
	assert_string_equal(sha256, dropped);
	assert_int_equal(access(full, F_OK), -1);
	snprintf(folder, sizeof(folder), "%s", full);
	*strrchr(folder, '/') = '\0';
	assert_int_equal(trace_file_path(folder, dropped, path, sizeof(path), NULL), 0);
	check_envelope(path, dropped);
}

static void envelope_stays_small(void **state)
{
	static struct envelope envelope;
	float values[777];
	uint64_t total = 0;

	(void)state;
	for (size_t i = 0; i < 777; i++)
		values[i] = i == 500 ? NAN : (float)i;
	envelope_init(&envelope, 10000); /* stretches of 10 */
	for (unsigned i = 0; i < 1000; i++)
		envelope_add(&envelope, values, 777);
	assert_in_range(envelope.used, TRACE_ENVELOPE_MAX / 2, TRACE_ENVELOPE_MAX);
	assert_int_equal(envelope.stretch, 320);
	for (size_t i = 0; i < envelope.used; i++) {
		struct trace_envelope_point point = envelope_point(&envelope, i);

		assert_true(point.min_a <= point.mean_a && point.mean_a <= point.max_a);
		assert_true(point.max_a < 777);
		total += point.count;
	}
	assert_int_equal(total, 777000);
	envelope_init(&envelope, 1000);
	envelope_add(&envelope, values + 499, 3);
	assert_true(envelope_point(&envelope, 0).mean_a == 499);
	assert_true(isnan(envelope_point(&envelope, 1).mean_a));
	assert_true(isnan(envelope_point(&envelope, 1).min_a));
	assert_true(envelope_point(&envelope, 2).max_a == 501);
}

static void retention_decides(void **state)
{
	static const struct {
		const char *name, *verdict;
		bool outlier;
		enum trace_keep keep;
	} rows[] = {
		{"all", "accepted", false, TRACE_KEEP_SAMPLES},
		{"refused and outliers", "accepted", false, TRACE_KEEP_ENVELOPE},
		{"refused and outliers", "accepted", true, TRACE_KEEP_SAMPLES},
		{"refused and outliers", "refused", false, TRACE_KEEP_SAMPLES},
		{"refused and outliers", "failed", false, TRACE_KEEP_SAMPLES},
		{"none", "refused", true, TRACE_KEEP_ENVELOPE},
	};
	enum trace_retention retention;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(trace_retention_parse(rows[i].name, &retention, &err), 0);
		assert_int_equal(
			trace_retention_decide(retention, rows[i].verdict, rows[i].outlier),
			rows[i].keep);
	}
	assert_int_equal(trace_retention_parse("some", &retention, &err), -EINVAL);
	assert_non_null(strstr(err.text, "refused and outliers"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_and_reads),
		cmocka_unit_test(reads_along),
		cmocka_unit_test(a_flushed_file_is_as_long_as_it_says),
		cmocka_unit_test(flushes_by_time),
		cmocka_unit_test(discard_leaves_nothing),
		cmocka_unit_test(archive_keeps_content_and_name),
		cmocka_unit_test(archive_is_checksummed),
		cmocka_unit_test(drop_leaves_the_envelope),
		cmocka_unit_test(envelope_stays_small),
		cmocka_unit_test(retention_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
