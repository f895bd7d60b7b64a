/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Public MLPerf Tiny submissions, spoiled by chance: files cut, edges lost, shifted, doubled, units
 * and rates changed, samples lost, runs mixed. Each is found for a reason that fits, or its energy
 * is that of the sound one to 0.02 %.
 *
 *   unit_bench_test_import_mutations [ROUNDS [FIRST_SEED]]
 *
 * A round is every kind of damage once, to a result chosen by chance. With arguments, counts of
 * each kind are printed. Without the submissions (JOULEBENCH_TRACES, by default ../shared/traces) a
 * made-up one is spoiled.
 */
#define _GNU_SOURCE
#include <ftw.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "bench/import/file.h"
#include "bench/import/mlperf_tiny.h"
#include "tests/scratch.h"
#include "tests/unit/bench/tiny_submission.h"

enum file { TRACE, STAMPS, RESULTS, PERFORMANCE, FILES };
enum { BASES_MAX = 128, REASONS_MAX = 12, ROUNDS_DEFAULT = 4, HEADER = TINY_HEADER_BYTES };

static const char *const names[FILES] = {"energy/trace1-energy.bin",
					 "energy/trace1-timestamps.json", "energy/results.txt",
					 "performance/results.txt"};

struct blob {
	uint8_t *bytes; /* NULL: no such file */
	size_t count;
};

struct work {
	struct blob files[FILES];
	double edges_s[TINY_EDGES_MAX];
	size_t edge_count;
	const char *folder; /* the result's name */
	const char *extra;  /* another file in energy/ */
};

struct base {
	char path[PATH_MAX];
	double ours_j, published_j;
};

static struct base bases[BASES_MAX];
static unsigned base_count;
static const char *scratch;
static uint64_t seed;
static struct tiny_result result;

static uint32_t below(uint32_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((seed >> 33) % limit);
}

static void blob_take(struct blob *blob, const void *bytes, size_t count)
{
	uint8_t *copy = malloc(count + 1);

	memcpy(copy, bytes, count);
	copy[count] = 0;
	free(blob->bytes);
	*blob = (struct blob){copy, count};
}

static void read_files(const char *path, struct work *work)
{
	enum import_reason reason;
	struct err err = {""};

	memset(work, 0, sizeof(*work));
	work->folder = "r";
	for (unsigned i = 0; i < FILES; i++) {
		char name[PATH_MAX + 64];

		snprintf(name, sizeof(name), "%s/%s", path, names[i]);
		if (import_file_read(name, TINY_TRACE_BYTES_MAX, &work->files[i].bytes,
				     &work->files[i].count, &err))
			fail_msg("%s", err.text);
	}
	assert_int_equal(tiny_timestamps_parse("", work->files[STAMPS].bytes,
					       work->files[STAMPS].count, work->edges_s,
					       &work->edge_count, &reason, &err),
			 0);
}

static void work_done(struct work *work)
{
	for (unsigned i = 0; i < FILES; i++)
		free(work->files[i].bytes);
}

static void print_stamps(struct work *work)
{
	char text[TINY_EDGES_MAX * 16] = "[", *end = text + 1;

	for (size_t i = 0; i < work->edge_count; i++)
		end += sprintf(end, "%s\n\t%.3f", i ? "," : "", work->edges_s[i]);
	end += sprintf(end, "\n]");
	blob_take(&work->files[STAMPS], text, (size_t)(end - text));
}

static float *sample_at(struct work *work, size_t k)
{
	return (float *)(void *)(work->files[TRACE].bytes + HEADER + 4 * k);
}

static size_t sample_count(const struct work *work)
{
	return (work->files[TRACE].count - HEADER) / 4;
}

static float get(struct work *work, size_t k)
{
	float value;

	memcpy(&value, sample_at(work, k), 4);
	return value;
}

static void put(struct work *work, size_t k, float value)
{
	memcpy(sample_at(work, k), &value, 4);
}

static float rate_of(const struct work *work)
{
	float rate;

	memcpy(&rate, work->files[TRACE].bytes + 1, 4);
	return rate;
}

/* A sample well inside a window. */
static size_t inner_sample(const struct work *work)
{
	unsigned window = below(5);
	double start_s = work->edges_s[1 + 2 * window], end_s = work->edges_s[2 + 2 * window];

	return (size_t)((double)rate_of(work) *
			(start_s + (end_s - start_s) * (0.1 + 0.8 * below(1000) / 1000.0)));
}

/* ---- Damage ---- */

static void cut(struct blob *blob)
{
	blob->count = below((uint32_t)blob->count);
}
static void cut_trace(struct work *work)
{
	cut(&work->files[TRACE]);
}
static void cut_stamps(struct work *work)
{
	cut(&work->files[STAMPS]);
}
static void cut_results(struct work *work)
{
	cut(&work->files[RESULTS]);
}
static void cut_performance(struct work *work)
{
	cut(&work->files[PERFORMANCE]);
}

static void lose_edge(struct work *work, size_t at)
{
	memmove(work->edges_s + at, work->edges_s + at + 1,
		(work->edge_count - at - 1) * sizeof(double));
	work->edge_count--;
	print_stamps(work);
}
static void lose_first_edge(struct work *work)
{
	lose_edge(work, 0);
}
static void lose_any_edge(struct work *work)
{
	lose_edge(work, below((uint32_t)work->edge_count));
}
static void lose_a_window(struct work *work)
{
	size_t at = 1 + 2 * below(5);

	lose_edge(work, at);
	lose_edge(work, at);
}
static void extra_edge(struct work *work)
{
	size_t at = 1 + below(10);
	double between_s = (work->edges_s[at - 1] + work->edges_s[at]) / 2;

	memmove(work->edges_s + at + 1, work->edges_s + at,
		(work->edge_count - at) * sizeof(double));
	work->edges_s[at] = between_s;
	work->edge_count++;
	print_stamps(work);
}
static void double_edge(struct work *work)
{
	size_t at = below(11);

	extra_edge(work);
	for (size_t i = work->edge_count - 1; i > at; i--)
		work->edges_s[i] = work->edges_s[i - 1];
	print_stamps(work);
}
static void shift_edge(struct work *work)
{
	double shift_s = (20 + below(3000)) * 1e-3;

	work->edges_s[1 + below(10)] += below(2) ? shift_s : -shift_s;
	print_stamps(work);
}
static void shift_edge_slightly(struct work *work)
{
	work->edges_s[1 + below(10)] += ((int)below(21) - 10) * 1e-3;
	print_stamps(work);
}
static void shift_all(struct work *work)
{
	double shift_s = (below(2) ? 1 : -1) * (20 + below(5000)) * 1e-3;

	for (size_t i = 0; i < work->edge_count; i++)
		work->edges_s[i] += shift_s;
	print_stamps(work);
}
static void stretch_stamps(struct work *work)
{
	double factor = below(2) ? 1.001 + below(1000) * 1e-3 : 0.999 - below(600) * 1e-3;

	for (size_t i = 0; i < work->edge_count; i++)
		work->edges_s[i] *= factor;
	print_stamps(work);
}
static void swap_windows(struct work *work)
{
	size_t a = 1 + 2 * below(4);

	for (int i = 0; i < 2; i++) {
		double edge_s = work->edges_s[a + i];

		work->edges_s[a + i] = work->edges_s[a + 2 + i];
		work->edges_s[a + 2 + i] = edge_s;
	}
	print_stamps(work);
}
static void edges_beyond(struct work *work)
{
	work->edges_s[10] =
		(double)sample_count(work) / (double)rate_of(work) + 0.001 + below(10000) * 1e-3;
	print_stamps(work);
}
static void change_rate(struct work *work)
{
	static const float factors[] = {0.5f, 2, 0.75f, 4.f / 3, 1.01f, 0.99f,  10,
					0.1f, 0, -1,    1e9f,    NAN,   1.002f, 0.998f};
	float rate = rate_of(work) * factors[below(sizeof(factors) / sizeof(factors[0]))];

	memcpy(work->files[TRACE].bytes + 1, &rate, 4);
}
static void scale(struct work *work)
{
	static const float factors[] = {1e-6f,  1e6f,   1e3f,  1e-3f, 0.5f,    2,
					1.001f, 0.999f, 1.01f, 3.3f,  1 / 3.3f};
	float factor = factors[below(sizeof(factors) / sizeof(factors[0]))];

	for (size_t k = 0; k < sample_count(work); k++)
		put(work, k, get(work, k) * factor);
}
static void some_are_nan(struct work *work)
{
	put(work, below((uint32_t)sample_count(work)), below(2) ? NAN : INFINITY);
}
static void some_are_negative(struct work *work)
{
	size_t k = below((uint32_t)sample_count(work));

	put(work, k, -1 - get(work, k));
}
static void some_are_zero(struct work *work)
{
	size_t k = inner_sample(work);

	for (unsigned i = 1 + below(100); i; i--)
		put(work, k++, 0);
}
static void clip(struct work *work)
{
	float limit = get(work, inner_sample(work)) * (0.5f + 0.4f * (float)below(100) / 100);

	for (size_t k = 0; k < sample_count(work); k++)
		if (get(work, k) > limit)
			put(work, k, limit);
}
static void lose_samples(struct work *work)
{
	struct blob *trace = &work->files[TRACE];
	size_t lost = 4 * (size_t)(1 + below(3000)), at = HEADER + 4 * inner_sample(work);

	if (at + lost >= trace->count)
		return;
	memmove(trace->bytes + at, trace->bytes + at + lost, trace->count - at - lost);
	trace->count -= lost;
}
static void repeat_samples(struct work *work)
{
	struct blob old = work->files[TRACE];
	size_t at = HEADER + 4 * inner_sample(work), more = 4 * (size_t)(20 + below(3000));
	uint8_t *bytes = malloc(old.count + more);

	memcpy(bytes, old.bytes, at);
	memcpy(bytes + at, old.bytes + at - (at - HEADER > more ? more : 0), more);
	memcpy(bytes + at + more, old.bytes + at, old.count - at);
	free(old.bytes);
	work->files[TRACE] = (struct blob){bytes, old.count + more};
}
/* Foreign samples between the real ones: eembc/energyrunner #24. */
static void stretch_samples(struct work *work, size_t per)
{
	struct blob old = work->files[TRACE];
	size_t count = (old.count - HEADER) / 4, to = HEADER;
	uint8_t *bytes = malloc(2 * old.count);

	memcpy(bytes, old.bytes, HEADER);
	for (size_t k = 0; k < count; k++) {
		memcpy(bytes + to, old.bytes + HEADER + 4 * k, 4);
		to += 4;
		if (k % per == per - 1) {
			memcpy(bytes + to, &(float){3.3f}, 4);
			to += 4;
		}
	}
	free(old.bytes);
	work->files[TRACE] = (struct blob){bytes, to};
}
static void stretch_2(struct work *work)
{
	stretch_samples(work, 1);
}
static void stretch_1_33(struct work *work)
{
	stretch_samples(work, 3);
}
static void flip_bits(struct blob *blob)
{
	for (unsigned i = 1 + below(8); i; i--)
		blob->bytes[below((uint32_t)blob->count)] ^= (uint8_t)(1 << below(8));
}
static void flip_trace(struct work *work)
{
	flip_bits(&work->files[TRACE]);
}
static void flip_stamps(struct work *work)
{
	flip_bits(&work->files[STAMPS]);
}
static void flip_results(struct work *work)
{
	flip_bits(&work->files[RESULTS]);
}
static void flip_performance(struct work *work)
{
	flip_bits(&work->files[PERFORMANCE]);
}
/* A digit behind the time stamp of a line that says something. */
static void wrong_digit(struct work *work)
{
	struct blob *results = &work->files[RESULTS];

	for (;;) {
		uint32_t at = below((uint32_t)results->count);
		uint8_t *digit = &results->bytes[at];
		const char *line = (const char *)digit;

		while (line > (const char *)results->bytes && line[-1] != '\n')
			line--;
		if (*digit < '0' || *digit > '9' || (const char *)digit - line < 10)
			continue;
		*digit = (uint8_t)('0' + (*digit - '0' + 1 + below(9)) % 10);
		return;
	}
}
static void lose_line(struct work *work)
{
	struct blob *results = &work->files[RESULTS];
	size_t from = below((uint32_t)results->count), to;

	while (from && results->bytes[from - 1] != '\n')
		from--;
	to = from;
	while (to < results->count && results->bytes[to++] != '\n')
		;
	memmove(results->bytes + from, results->bytes + to, results->count - to);
	results->count -= to - from;
}
static void results_twice(struct work *work)
{
	struct blob *results = &work->files[RESULTS];
	size_t count = results->count;
	uint8_t *bytes = malloc(2 * count);

	memcpy(bytes, results->bytes, count);
	memcpy(bytes + count, results->bytes, count);
	free(results->bytes);
	*results = (struct blob){bytes, 2 * count};
}
static void swap_results(struct work *work)
{
	struct blob blob = work->files[RESULTS];

	work->files[RESULTS] = work->files[PERFORMANCE];
	work->files[PERFORMANCE] = blob;
}
static void crlf(struct work *work)
{
	for (enum file f = STAMPS; f < FILES; f++) {
		struct blob *blob = &work->files[f];
		uint8_t *bytes = malloc(2 * blob->count), *to = bytes;

		for (size_t i = 0; i < blob->count; i++) {
			if (blob->bytes[i] == '\n' && (!i || blob->bytes[i - 1] != '\r'))
				*to++ = '\r';
			*to++ = blob->bytes[i];
		}
		free(blob->bytes);
		*blob = (struct blob){bytes, (size_t)(to - bytes)};
	}
}
static void lose_file(struct work *work)
{
	struct blob *blob = &work->files[below(FILES)];

	free(blob->bytes);
	*blob = (struct blob){0};
}
static void empty_file(struct work *work)
{
	work->files[below(FILES)].count = 0;
}
static void other_name(struct work *work)
{
	work->folder = "m\xc3\xb6"
		       "del \xe2\x82\xac\xff $(x)\t'";
}
static void of_another(struct work *work, enum file from, enum file to)
{
	struct work other;

	read_files(bases[below(base_count)].path, &other);
	for (enum file f = from; f <= to; f++) {
		struct blob blob = work->files[f];

		work->files[f] = other.files[f];
		other.files[f] = blob;
	}
	work_done(&other);
}
static void trace_of_another(struct work *work)
{
	of_another(work, TRACE, TRACE);
}
static void stamps_of_another(struct work *work)
{
	of_another(work, STAMPS, STAMPS);
}
static void run_of_another(struct work *work)
{
	of_another(work, TRACE, STAMPS);
}
static void results_of_another(struct work *work)
{
	of_another(work, RESULTS, RESULTS);
}
static void performance_of_another(struct work *work)
{
	of_another(work, PERFORMANCE, PERFORMANCE);
}
/* As the MLCommons runner writes it, with joules and (event, sample) in results.json. */
static void other_runner(struct work *work)
{
	static const char text[] = "Power Edition Output\n\nULPMark for MLPerf Tiny\n";

	blob_take(&work->files[RESULTS], text, sizeof(text) - 1);
	work->extra = "results.json";
	for (size_t k = 0; k < sample_count(work); k++)
		put(work, k, get(work, k) * 1e-6f);
}
static void other_runner_alone(struct work *work)
{
	other_runner(work);
	lose_edge(work, 0);
	for (enum file f = TRACE; f <= STAMPS; f++) {
		free(work->files[f].bytes);
		work->files[f] = (struct blob){0};
	}
}
static void sound(struct work *work)
{
	(void)work;
}

/* reasons: those that may decide; none: any. is_harmless: it may also change nothing. */
static const struct mutation {
	const char *name;
	void (*apply)(struct work *work);
	bool is_harmless;
	enum import_reason reasons[REASONS_MAX];
} mutations[] = {
	{"sound", sound, true, {IMPORT_REASON_END}},
	{"cut trace",
	 cut_trace,
	 true,
	 {IMPORT_TRACE_HEADER, IMPORT_TRACE_TRUNCATED, IMPORT_MARKER_OUTSIDE, IMPORT_RATE_WRONG}},
	{"cut timestamps", cut_stamps, false, {IMPORT_TIMESTAMPS_SYNTAX}},
	{"cut results",
	 cut_results,
	 true,
	 {IMPORT_RESULTS_SYNTAX, IMPORT_RESULTS_INCOMPLETE, IMPORT_RESULTS_CONTRADICT,
	  IMPORT_WINDOW_COUNT}},
	{"cut performance",
	 cut_performance,
	 true,
	 {IMPORT_PERFORMANCE_UNUSABLE, IMPORT_PERFORMANCE_MISSING, IMPORT_DURATION_CONTRADICTS,
	  IMPORT_CLOCK_DIFFERS}},
	{"first edge lost", lose_first_edge, false, {IMPORT_MARKER_LOST}},
	{"an edge lost", lose_any_edge, false, {IMPORT_MARKER_LOST, IMPORT_RATE_WRONG}},
	{"a window lost", lose_a_window, false, {IMPORT_MARKER_LOST, IMPORT_RATE_WRONG}},
	{"an edge too many", extra_edge, false, {IMPORT_MARKER_EXTRA}},
	{"an edge twice", double_edge, false, {IMPORT_TIMESTAMPS_ORDER, IMPORT_MARKER_EXTRA}},
	{"an edge shifted",
	 shift_edge,
	 false,
	 {IMPORT_WINDOW_MISMATCH, IMPORT_MARKER_OUTSIDE, IMPORT_TIMESTAMPS_ORDER}},
	{"an edge shifted slightly",
	 shift_edge_slightly,
	 true,
	 {IMPORT_WINDOW_MISMATCH, IMPORT_ENERGY_MISMATCH, IMPORT_TIMESTAMPS_ORDER,
	  IMPORT_WINDOW_UNALIGNED}},
	{"all edges shifted",
	 shift_all,
	 false,
	 {IMPORT_WINDOW_MISMATCH, IMPORT_MARKER_OUTSIDE, IMPORT_TIMESTAMPS_ORDER, IMPORT_RATE_WRONG,
	  IMPORT_TRACE_ZERO}},
	{"timestamps stretched",
	 stretch_stamps,
	 false,
	 {IMPORT_WINDOW_MISMATCH, IMPORT_MARKER_OUTSIDE, IMPORT_RATE_WRONG, IMPORT_TRACE_ZERO}},
	{"windows swapped", swap_windows, false, {IMPORT_TIMESTAMPS_ORDER}},
	{"edge behind the end", edges_beyond, false, {IMPORT_MARKER_OUTSIDE, IMPORT_RATE_WRONG}},
	{"another rate",
	 change_rate,
	 false,
	 {IMPORT_TRACE_RATE, IMPORT_RATE_WRONG, IMPORT_MARKER_OUTSIDE, IMPORT_WINDOW_OUTLIER,
	  IMPORT_ENERGY_MISMATCH, IMPORT_TRACE_HEADER}},
	{"another unit", scale, false, {IMPORT_ENERGY_MISMATCH, IMPORT_TRACE_ZERO}},
	{"not a number", some_are_nan, false, {IMPORT_TRACE_NOT_FINITE}},
	{"negative", some_are_negative, false, {IMPORT_TRACE_NEGATIVE}},
	{"zeros in a window", some_are_zero, false, {IMPORT_TRACE_ZERO}},
	{"clipped", clip, false, {IMPORT_ENERGY_MISMATCH, IMPORT_WINDOW_OUTLIER}},
	{"samples lost",
	 lose_samples,
	 true,
	 {IMPORT_ENERGY_MISMATCH, IMPORT_WINDOW_OUTLIER, IMPORT_MARKER_OUTSIDE, IMPORT_RATE_WRONG,
	  IMPORT_DRIFT, IMPORT_WINDOW_UNALIGNED}},
	{"samples repeated",
	 repeat_samples,
	 true,
	 {IMPORT_ENERGY_MISMATCH, IMPORT_WINDOW_OUTLIER, IMPORT_RATE_WRONG, IMPORT_DRIFT,
	  IMPORT_WINDOW_UNALIGNED}},
	{"stretched 2x", stretch_2, false, {IMPORT_RATE_WRONG}},
	{"stretched 1.33x", stretch_1_33, false, {IMPORT_RATE_WRONG}},
	{"bits in the trace", flip_trace, true, {0}},
	{"bits in the timestamps", flip_stamps, true, {0}},
	{"bits in the results", flip_results, true, {0}},
	{"bits in the performance", flip_performance, true, {0}},
	{"a wrong digit",
	 wrong_digit,
	 true,
	 {IMPORT_RESULTS_CONTRADICT, IMPORT_RESULTS_SYNTAX, IMPORT_RESULTS_INCOMPLETE,
	  IMPORT_WINDOW_MISMATCH, IMPORT_ENERGY_MISMATCH, IMPORT_WINDOW_COUNT}},
	{"a line lost",
	 lose_line,
	 true,
	 {IMPORT_RESULTS_INCOMPLETE, IMPORT_RESULTS_SYNTAX, IMPORT_RESULTS_CONTRADICT,
	  IMPORT_WINDOW_COUNT}},
	{"results twice in a file", results_twice, false, {IMPORT_RESULTS_SYNTAX}},
	{"results swapped",
	 swap_results,
	 false,
	 {IMPORT_RESULTS_INCOMPLETE, IMPORT_RESULTS_SYNTAX, IMPORT_WINDOW_COUNT}},
	{"lines end in CR LF", crlf, true, {IMPORT_REASON_END}},
	{"a file lost",
	 lose_file,
	 false,
	 {IMPORT_TRACE_MISSING, IMPORT_TIMESTAMPS_MISSING, IMPORT_RESULTS_MISSING,
	  IMPORT_PERFORMANCE_MISSING}},
	{"an empty file",
	 empty_file,
	 false,
	 {IMPORT_TRACE_HEADER, IMPORT_TRACE_TRUNCATED, IMPORT_TIMESTAMPS_SYNTAX,
	  IMPORT_RESULTS_INCOMPLETE, IMPORT_RESULTS_SYNTAX, IMPORT_WINDOW_COUNT,
	  IMPORT_PERFORMANCE_MISSING, IMPORT_PERFORMANCE_UNUSABLE}},
	{"odd names", other_name, true, {IMPORT_REASON_END}},
	{"trace of another run",
	 trace_of_another,
	 true,
	 {IMPORT_ENERGY_MISMATCH, IMPORT_MARKER_OUTSIDE, IMPORT_RATE_WRONG, IMPORT_WINDOW_OUTLIER,
	  IMPORT_TRACE_ZERO}},
	{"timestamps of another run",
	 stamps_of_another,
	 true,
	 {IMPORT_WINDOW_MISMATCH, IMPORT_MARKER_OUTSIDE, IMPORT_RATE_WRONG, IMPORT_TRACE_ZERO}},
	{"trace and timestamps of another run", run_of_another, true, {IMPORT_WINDOW_MISMATCH}},
	{"results of another run", results_of_another, true, {IMPORT_WINDOW_MISMATCH}},
	{"performance of another run",
	 performance_of_another,
	 true,
	 {IMPORT_DURATION_CONTRADICTS, IMPORT_CLOCK_DIFFERS}},
	{"MLCommons runner", other_runner, false, {IMPORT_LAYOUT_UNKNOWN}},
	{"MLCommons runner, no trace", other_runner_alone, false, {IMPORT_LAYOUT_UNKNOWN}},
};

enum { MUTATIONS = sizeof(mutations) / sizeof(mutations[0]) };

static struct count {
	unsigned refused, suspect, accepted;
	double worst_rel; /* of what was not refused */
} counts[MUTATIONS];

static void write_file(const char *folder, const char *name, const struct blob *blob)
{
	char path[PATH_MAX];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "wb");
	assert_non_null(stream);
	assert_int_equal(fwrite(blob->bytes, 1, blob->count, stream), blob->count);
	fclose(stream);
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status, (void)flag, (void)ftw;
	return remove(path);
}

static void load(const struct work *work)
{
	char folder[PATH_MAX - 64], below_it[PATH_MAX];
	struct err err = {""};

	snprintf(folder, sizeof(folder), "%s/%s", scratch, work->folder);
	mkdir(folder, 0777);
	snprintf(below_it, sizeof(below_it), "%s/energy", folder);
	mkdir(below_it, 0777);
	snprintf(below_it, sizeof(below_it), "%s/performance", folder);
	mkdir(below_it, 0777);
	for (unsigned i = 0; i < FILES; i++)
		if (work->files[i].bytes)
			write_file(folder, names[i], &work->files[i]);
	if (work->extra)
		write_file(folder, "energy/results.json", &(struct blob){(uint8_t *)"{}", 2});
	assert_int_equal(tiny_result_load(folder, NULL, &result, &err), 0);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static bool is_listed(const struct mutation *mutation, enum import_reason reason)
{
	for (unsigned i = 0; i < REASONS_MAX && mutation->reasons[i]; i++)
		if (mutation->reasons[i] == reason)
			return true;
	return !mutation->reasons[0];
}

static void complain(const struct mutation *mutation, const struct base *base, const char *what)
{
	for (unsigned i = 0; i < result.finding_count; i++)
		print_message("  %s: %s\n", import_reason_code(result.findings[i].reason),
			      result.findings[i].text);
	fail_msg("%s (of %s): %s; verdict %s, energy %.6g J, sound %.6g J", mutation->name,
		 base->path, what, import_verdict_text(result.verdict), result.ours_j,
		 base->ours_j);
}

static void spoil(unsigned number)
{
	const struct mutation *mutation = &mutations[number];
	const struct base *base = &bases[below(base_count)];
	const struct tiny_finding *reason;
	struct count *count = &counts[number];
	struct work work;
	double off_rel;

	read_files(base->path, &work);
	mutation->apply(&work);
	load(&work);
	work_done(&work);
	reason = tiny_result_reason(&result);
	off_rel = fabs(result.ours_j / base->ours_j - 1);
	count->refused += result.verdict == IMPORT_REFUSED;
	count->suspect += result.verdict == IMPORT_SUSPECT;
	count->accepted += result.verdict == IMPORT_ACCEPTED;
	if (result.verdict == IMPORT_ACCEPTED && !mutation->is_harmless)
		complain(mutation, base, "was not found");
	/* The limit is against what was published, from which sound ones differ, too. */
	off_rel = fmin(off_rel, fabs(result.ours_j / base->published_j - 1));
	if (result.verdict != IMPORT_REFUSED && !(off_rel <= 2e-4))
		complain(mutation, base, "a wrong energy is not refused");
	if (reason && !is_listed(mutation, reason->reason))
		complain(mutation, base, "found for another reason");
	if (result.verdict != IMPORT_REFUSED)
		count->worst_rel = fmax(count->worst_rel, off_rel);
	tiny_result_done(&result);
}

static void take_base(const char *path)
{
	struct err err = {""};

	if (base_count == BASES_MAX || tiny_result_load(path, NULL, &result, &err))
		fail_msg("%s: %s", path, err.text);
	if (result.verdict == IMPORT_ACCEPTED) {
		struct base *base = &bases[base_count++];

		snprintf(base->path, sizeof(base->path), "%s", path);
		base->ours_j = result.ours_j;
		base->published_j = result.published_j;
	}
	tiny_result_done(&result);
}

static void make_bases(void)
{
	static struct submission submission;
	char path[600];

	for (unsigned i = 0; i < 2; i++) { /* two that differ */
		submission_fill(&submission);
		for (size_t k = 0; k < submission.sample_count; k++)
			submission.samples[k] *= 1 + 0.2f * (float)i;
		for (unsigned e = 1; e < submission.edge_count; e++)
			submission.edges_s[e] += 0.05 * i;
		snprintf(path, sizeof(path), "%s/base%u", scratch, i);
		submission_write(&submission, path);
		take_base(path);
	}
}

static void find_bases(void)
{
	const char *traces = getenv("JOULEBENCH_TRACES");
	struct tiny_tree tree;
	struct err err = {""};
	char path[1024];

	snprintf(path, sizeof(path), "%s/mlperf-tiny", traces ? traces : "../shared/traces");
	if (tiny_tree_find(path, &tree, &err)) {
		print_message("a made-up submission is spoiled: %s\n", err.text);
		make_bases();
		return;
	}
	for (size_t i = 0; i < tree.count; i++)
		take_base(tree.paths[i]);
	tiny_tree_done(&tree);
}

static unsigned rounds = ROUNDS_DEFAULT;
static uint64_t first_seed = 1;

static void spoiled_results_are_found(void **state)
{
	(void)state;
	assert_true(base_count > 1);
	for (unsigned i = 0; i < rounds; i++)
		for (unsigned n = 0; n < MUTATIONS; n++) {
			seed = (first_seed + i) * 1000003 + n;
			below(1);
			spoil(n);
		}
}

/* A file larger than any trace is not read, whatever is in it. */
static void a_huge_file_is_not_read(void **state)
{
	struct work work;
	char path[PATH_MAX];
	struct err err = {""};

	(void)state;
	read_files(bases[0].path, &work);
	load(&work);
	tiny_result_done(&result);
	snprintf(path, sizeof(path), "%s/huge", scratch);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/huge/energy", scratch);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/huge", scratch);
	write_file(path, "energy/results.txt", &work.files[RESULTS]);
	write_file(path, "energy/trace1-timestamps.json", &work.files[STAMPS]);
	write_file(path, "energy/trace1-energy.bin", &work.files[TRACE]);
	snprintf(path, sizeof(path), "%s/huge/energy/trace1-energy.bin", scratch);
	assert_int_equal(truncate(path, (off_t)TINY_TRACE_BYTES_MAX * 64), 0);
	snprintf(path, sizeof(path), "%s/huge", scratch);
	assert_int_equal(tiny_result_load(path, NULL, &result, &err), 0);
	assert_int_equal(tiny_result_reason(&result)->reason, IMPORT_FILE_UNREADABLE);
	tiny_result_done(&result);
	work_done(&work);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spoiled_results_are_found),
		cmocka_unit_test(a_huge_file_is_not_read),
	};
	int failed;

	if (argc > 1)
		rounds = (unsigned)atoi(argv[1]);
	if (argc > 2)
		first_seed = strtoull(argv[2], NULL, 10);
	scratch = scratch_folder();
	find_bases();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (unsigned n = 0; argc > 1 && n < MUTATIONS; n++)
		printf("%-36s refused %6u  suspect %6u  harmless %6u  worst %.5f %%\n",
		       mutations[n].name, counts[n].refused, counts[n].suspect, counts[n].accepted,
		       100 * counts[n].worst_rel);
	return failed;
}
