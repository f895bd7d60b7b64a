/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Speed of writing a trace (current and marker lines, no filter, flushed every 256 blocks) against
 * plain write(2) of the same bytes, and against the HDF5 library alone: one array of float, chunks
 * of 65536, SWMR, flushed every million samples. In the same run: interleaved, median of the
 * repeats of each, in bytes per second of processor time.
 *
 *   trace_write [FOLDER [MEGABYTES [REPEATS [LEAST_GB_PER_S]]]]
 *
 * FOLDER: where all write, by default the current one, a file system as a database lies on. What a
 * page of the kernel's cache costs decides: a tmpfs mounted with huge=always is the quickest, one
 * of small pages (/dev/shm) the slowest, with little difference between the three. The trace gets
 * two blocks of 4096 samples over and over, as a meter fills the same ones; plain writes 256 KiB of
 * samples, then 64 KiB of lines. Exit status 1 if a trace is written more slowly than
 * LEAST_GB_PER_S; finishing (content hash, fsync, rename) is told apart.
 */
#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/trace/trace.h"
#include "tests/benchmarks/timing.h"

enum { BLOCK = 4096, PIECE = 65536, REPEATS_MAX = 99, DISTINCT = 2 };

static float current[PIECE];
static uint8_t logic[PIECE];

/* Of this process on a core, until the kernel has the bytes: other processes, and the disk, do not
 * count. */
static void check(int ret, const struct err *err)
{
	if (!ret)
		return;
	fprintf(stderr, "%s\n", err->text);
	exit(3);
}

static void write_all(int fd, const void *bytes, size_t size)
{
	if (write(fd, bytes, size) != (ssize_t)size) {
		perror("write");
		exit(3);
	}
}

static double run_plain(const char *folder, uint64_t blocks)
{
	char path[TRACE_PATH_MAX];
	double start;
	int fd;

	snprintf(path, sizeof(path), "%s/trace_write.plain", folder);
	start = processor_seconds();
	fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0666);
	for (uint64_t block = 0; block < blocks; block += PIECE / BLOCK) {
		write_all(fd, current, PIECE * sizeof(*current));
		write_all(fd, logic, PIECE);
	}
	close(fd);
	start = processor_seconds() - start;
	unlink(path);
	return start;
}

static double run_hdf5(const char *folder, uint64_t blocks)
{
	hsize_t none = 0, unlimited = H5S_UNLIMITED, chunk = PIECE, start = 0, end, count = PIECE;
	hsize_t total = blocks * BLOCK * 5 / 4; /* as many bytes as with lines */
	hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_DATASET_CREATE);
	hid_t space = H5Screate_simple(1, &none, &unlimited), file, dataset, memory;
	char path[TRACE_PATH_MAX];
	double start_s;

	snprintf(path, sizeof(path), "%s/trace_write.h5", folder);
	H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
	H5Pset_chunk(creation, 1, &chunk);
	memory = H5Screate_simple(1, &count, NULL);
	start_s = processor_seconds();
	file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
	dataset = H5Dcreate2(file, "current", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation,
			     H5P_DEFAULT);
	if (dataset < 0 || H5Fstart_swmr_write(file) < 0)
		exit(3);
	for (; start + count <= total; start = end) {
		hid_t at;

		end = start + count;
		H5Dset_extent(dataset, &end);
		at = H5Dget_space(dataset);
		H5Sselect_hyperslab(at, H5S_SELECT_SET, &start, NULL, &count, NULL);
		if (H5Dwrite(dataset, H5T_NATIVE_FLOAT, memory, at, H5P_DEFAULT, current) < 0)
			exit(3);
		H5Sclose(at);
		if (end / 1000000 != start / 1000000)
			H5Dflush(dataset);
	}
	H5Dclose(dataset);
	H5Fclose(file);
	start_s = processor_seconds() - start_s;
	H5Sclose(memory);
	H5Sclose(space);
	H5Pclose(creation);
	H5Pclose(access);
	unlink(path);
	return start_s;
}

static double run_trace(const char *folder, uint64_t blocks, double *ret_finish_s)
{
	struct trace_identity identity;
	struct trace_options options = {
		.folder = folder, .identity = &identity, .marker_input = {0, 1, 2}};
	char sha256[TRACE_HASH_SIZE], path[TRACE_PATH_MAX];
	struct trace_writer *writer;
	struct err err = {""};
	double start, end;

	trace_identity_init(&identity);
	identity.rate_hz = 10e6; /* 256 blocks are there before 200 ms are over */
	start = processor_seconds();
	check(trace_writer_open(&options, &writer, &err), &err);
	for (uint64_t block = 0; block < blocks; block++) {
		size_t first = block % DISTINCT * BLOCK;
		struct trace_block samples = {.current_a = current + first,
					      .logic = logic + first,
					      .count = BLOCK,
					      .meter_index = block * BLOCK,
					      .t_mono_ns = (int64_t)(block * BLOCK * 100)};

		check(trace_writer_append(writer, &samples, &err), &err);
	}
	check(trace_writer_flush(writer, &err), &err);
	end = processor_seconds();
	check(trace_writer_finish(writer, TRACE_KEEP_SAMPLES, "", "", sha256, &err), &err);
	*ret_finish_s = processor_seconds() - end;
	check(trace_file_path(folder, sha256, path, sizeof(path), &err), &err);
	unlink(path);
	return end - start;
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : ".";
	double megabytes = argc > 2 ? atof(argv[2]) : 1000;
	unsigned repeats = argc > 3 ? (unsigned)atoi(argv[3]) : 5;
	double least = argc > 4 ? atof(argv[4]) : 0;
	uint64_t blocks = (uint64_t)(1e6 * megabytes / (5.0 * PIECE)) * (PIECE / BLOCK);
	double plain_s[REPEATS_MAX], trace_s[REPEATS_MAX], finish_s[REPEATS_MAX];
	double hdf5_s[REPEATS_MAX], gigabytes, speed, peer;

	if (!repeats || repeats > REPEATS_MAX || !blocks)
		return 2;
	for (size_t i = 0; i < sizeof(logic); i++) {
		current[i] = (float)(i % 977) * 1e-5f;
		logic[i] = (uint8_t)(i / 64);
	}
	for (unsigned i = 0; i < repeats; i++) {
		plain_s[i] = run_plain(folder, blocks);
		hdf5_s[i] = run_hdf5(folder, blocks);
		trace_s[i] = run_trace(folder, blocks, &finish_s[i]);
	}
	gigabytes = 5e-9 * BLOCK * (double)blocks;
	speed = gigabytes / median_of(trace_s, repeats);
	peer = gigabytes / median_of(hdf5_s, repeats);
	printf("%s, %.2f GB, median of %u (best): plain %.2f (%.2f) GB/s, HDF5 alone %.2f (%.2f) "
	       "GB/s, "
	       "trace %.2f (%.2f) GB/s: %.2f of plain, %.2f of HDF5; finishing %.2f GB/s\n",
	       folder, gigabytes, repeats, gigabytes / median_of(plain_s, repeats),
	       gigabytes / plain_s[0], peer, gigabytes / hdf5_s[0], speed, gigabytes / trace_s[0],
	       speed * median_of(plain_s, repeats) / gigabytes, speed / peer,
	       gigabytes / median_of(finish_s, repeats));
	return speed < least;
}
