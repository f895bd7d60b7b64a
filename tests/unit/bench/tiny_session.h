/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A made-up MLPerf Tiny result in the files of the MLCommons runner, to be spoiled by tests. Files
 * are written as Python writes them there (json.dump, floats by repr); numbers in results.txt are
 * sums of their own (long double) over the last two events of each run, not by the code under test.
 */
#ifndef TESTS_UNIT_BENCH_TINY_SESSION_H
#define TESTS_UNIT_BENCH_TINY_SESSION_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	SESSION_RUNS = 5,
	SESSION_RUNS_MAX = 7,
	SESSION_EVENTS_MAX = 6,
	SESSION_SAMPLES = 14000,
	SESSION_WINDOW = 10500, /* samples, of 1 ms */
	SESSION_TEXT = 8192,
};

struct session_run {
	double samples_j[SESSION_SAMPLES];
	size_t count;
	long numbers[SESSION_EVENTS_MAX], indices[SESSION_EVENTS_MAX];
	int event_count;
	int inferences;
};

struct session {
	struct session_run runs[SESSION_RUNS_MAX];
	int run_count;
	const char *voltage;
	double printed_factor; /* on every printed energy: 1 is honest */
	double board_s;        /* of the performance run's windows, by the board's clock */
	bool is_streaming;
	char results[SESSION_TEXT], log[SESSION_TEXT], performance[SESSION_TEXT];
	bool no_results, no_log, no_performance, no_json;
};

/* As Python prints a float: the shortest text that reads back the same, exponents below 1e-4. */
static inline void session_repr(double value, char *text, size_t size)
{
	int digits, exponent;
	char form[40];

	if (isnan(value)) {
		snprintf(text, size, "NaN");
		return;
	}
	for (digits = 4; digits < 17; digits++) {
		snprintf(form, sizeof(form), "%.*e", digits - 1, value);
		if (strtod(form, NULL) == value)
			break;
	}
	snprintf(form, sizeof(form), "%.*e", digits - 1, value);
	for (char *at = strchr(form, 'e') - 1; digits > 1 && *at == '0'; at--, digits--)
		;
	snprintf(form, sizeof(form), "%.*e", digits - 1, value);
	exponent = atoi(strchr(form, 'e') + 1);
	if (value != 0 && exponent < -4)
		snprintf(text, size, "%s", form); /* C and Python agree on "1.5e-05" */
	else
		snprintf(text, size, "%.*f", digits - 1 > exponent ? digits - 1 - exponent : 1,
			 value);
}

/* The LPM01A sends four digits. */
static inline double session_round(double value_j)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3e", value_j);
	return strtod(text, NULL);
}

/* Download, 10.5 s of 300 inferences with their layers' ripple, a tenth of a second of idle: 30 mW
 * against 20 mW. The board reset when the first run began: one event more. */
static inline void session_make(struct session *it)
{
	long number = 0;

	memset(it, 0, sizeof(*it));
	it->run_count = SESSION_RUNS;
	it->voltage = "1.8";
	it->printed_factor = 1;
	it->board_s = 10.542;
	for (int r = 0; r < SESSION_RUNS_MAX; r++) {
		struct session_run *run = &it->runs[r];
		long start = r ? 1700 + 7 * r : 2900;

		run->inferences = 300;
		run->count = (size_t)start + SESSION_WINDOW + 98;
		for (size_t k = 0; k < run->count; k++)
			run->samples_j[k] = session_round(20e-6 + 1e-8 * (double)(k % 7));
		for (long k = start; k < start + SESSION_WINDOW; k++)
			run->samples_j[k] =
				session_round((30 + (double)(k % 35) / 35 + 0.01 * r) * 1e-6);
		if (!r) {
			run->numbers[run->event_count] = number++;
			run->indices[run->event_count++] = 1085;
		}
		for (int e = 0; e < 2; e++) {
			run->numbers[run->event_count] = number++;
			run->indices[run->event_count++] = start + e * SESSION_WINDOW;
		}
	}
}

static inline void session_fill(struct session *it)
{
	static struct session made;

	if (!made.run_count)
		session_make(&made);
	*it = made;
}

static inline double session_sum(const struct session_run *run)
{
	long double sum = 0;

	if (run->event_count < 2)
		return 0;
	for (long k = run->indices[run->event_count - 2];
	     k < run->indices[run->event_count - 1] && k < (long)run->count; k++)
		sum += run->samples_j[k];
	return (double)sum;
}

static inline int session_compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static inline double session_median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), session_compare);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static inline char *session_print_run(const struct session *it, int r, char *end, double *cost_uj)
{
	const struct session_run *run = &it->runs[r];
	double elapsed_s = 0, energy_uj = 1e6 * it->printed_factor * session_sum(run);
	char text[40];

	if (run->event_count >= 2)
		elapsed_s = (double)run->indices[run->event_count - 1] / 1000 -
			    (double)run->indices[run->event_count - 2] / 1000;
	session_repr(elapsed_s, text, sizeof(text));
	*cost_uj = energy_uj / run->inferences;
	end += sprintf(end, "Energy data for trial %d\n  Elapsed time  : %s%s\n", r, text,
		       elapsed_s >= 10 ? "" : "  <<<< below minimum duration");
	end += sprintf(end, "  Inferences    : %d\n  Power         : %5.4f mW.\n", run->inferences,
		       1e-3 * energy_uj / elapsed_s);
	return end + sprintf(end, "  Total Energy  : %.3f uJ\n  Energy/Inf    : %.3f uJ/inf\n",
			     energy_uj, *cost_uj);
}

static inline void session_print_results(struct session *it)
{
	static const char rule[] = "---------------------------------------------------------\n";
	char *end = it->results + sprintf(it->results, "Power Edition Output\n");
	double costs_uj[SESSION_RUNS_MAX];

	for (int r = 0; r < it->run_count; r++)
		end = session_print_run(it, r, end, &costs_uj[r]);
	end += sprintf(end, "%sMedian energy cost is %5.4f uJ/inf.\n%s", rule,
		       session_median(costs_uj, it->run_count), rule);
	if (it->is_streaming)
		sprintf(end, "Accuracy: 44 True positives, 6 False negatives, 4 False positives\n"
			     "Average duty cycle: 0.56085\nAverage period: 0.031987 s\n"
			     "Estimated throughput: 55.742 inf./sec.\n");
}

static inline void session_print_log(struct session *it)
{
	char *end = it->log;

	end += sprintf(end, "Logging initialized. Writing output to sessions\\x\\log.txt\n"
			    "Initializing SerialDevice on port: COM23 at 3686400 baud\n"
			    "Initializing SerialDevice on port: COM26 at 115200 baud\n"
			    "Device model retrieved: kws01\n");
	for (int r = 0; r < it->run_count; r++)
		end += sprintf(end,
			       "0803.213251 ulp-mlperf: Loading file tst_00000%d.bin segment 0\n"
			       "0803.213252 ulp-mlperf: Load complete.\n"
			       "Running inference with 1/%d (warmup/measured) iterations ...\n"
			       "done\nCaptured samples:%zu timestamps:%d\n",
			       r, it->runs[r].inferences, it->runs[r].count,
			       it->runs[r].event_count);
}

static inline void session_print_performance(struct session *it)
{
	char *end = it->performance, text[40];

	session_repr(300 / it->board_s, text, sizeof(text));
	for (int i = 1; i <= SESSION_RUNS; i++)
		end += sprintf(end,
			       "Performance results for window %d\n    # Inferences : 300\n"
			       "    Runtime: %.6f sec.\n    Throughput: %s inf./sec.\n"
			       "    Runtime requirements have been met.\n",
			       i, it->board_s, text);
	sprintf(end, "0726.005207 ulp-mlperf: Median throughput is %10.3f inf./sec.\n",
		300 / it->board_s);
}

/* What the runner prints of the session as it is now. */
static inline void session_print(struct session *it)
{
	session_print_results(it);
	session_print_log(it);
	session_print_performance(it);
}

static inline void session_write_run(const struct session *it, int r, FILE *stream)
{
	const struct session_run *run = &it->runs[r];
	char text[40];

	fprintf(stream,
		"%s{\"file\": \"tst_%d.bin\", \"classes\": \"12\", \"class\": \"7\", "
		"\"bytes_to_send\": null, \"stride\": null, \"total_length\": null, \"infer\": "
		"{\"results\": [0.0, 0.996, 0.004], \"total_inferences\": 1, \"iterations\": %d, "
		"\"warmups\": 1}, \"power\": {\"samples\": [",
		r ? ", " : "", r, run->inferences);
	for (size_t k = 0; k < run->count; k++) {
		session_repr(run->samples_j[k], text, sizeof(text));
		fprintf(stream, "%s%s", k ? ", " : "", text);
	}
	fputs("], \"timestamps\": [", stream);
	for (int e = 0; e < run->event_count; e++)
		fprintf(stream, "%s[\"%02ld\", %ld]", e ? ", " : "", run->numbers[e],
			run->indices[e]);
	fprintf(stream, "], \"extracted_power\": null, \"voltage\": %s}, \"mode\": \"e\"}",
		it->voltage);
}

static inline FILE *session_open(const char *folder, const char *name)
{
	char path[800];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "wb");
	if (!stream) {
		perror(path);
		exit(1);
	}
	return stream;
}

static inline void session_write_text(const char *folder, const char *name, const char *text)
{
	FILE *stream = session_open(folder, name);

	fputs(text, stream);
	fclose(stream);
}

static inline void session_write_json(const struct session *it, const char *folder)
{
	FILE *stream = session_open(folder, "energy/results.json");

	fputc('[', stream);
	for (int r = 0; r < it->run_count; r++)
		session_write_run(it, r, stream);
	fputc(']', stream);
	fclose(stream);
}

/* Makes folder and writes the result into it. */
static inline void session_write(const struct session *it, const char *folder)
{
	char path[800];

	mkdir(folder, 0777);
	snprintf(path, sizeof(path), "%s/energy", folder);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/performance", folder);
	mkdir(path, 0777);
	if (!it->no_json)
		session_write_json(it, folder);
	if (!it->no_results)
		session_write_text(folder, "energy/results.txt", it->results);
	if (!it->no_log)
		session_write_text(folder, "energy/log.txt", it->log);
	if (!it->no_performance)
		session_write_text(folder, "performance/results.txt", it->performance);
}

#endif
