/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Window integration with fractional edges, and the idle level on either side.
 */
#include "analysis/trace/window.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "analysis/trace/samples.h"

/* Batches for the standard deviation of an idle mean: enough for the s.d. itself to be good to 13
 * %, long enough to hold the correlation of neighbours. */
enum { IDLE_BATCHES = 32 };

static int span_bounds(const struct window_capture *capture, double start, double end)
{
	assert(capture);
	if (!capture->current_a || !capture->count || !isfinite(start) || !isfinite(end) ||
	    !isfinite(capture->rate_hz) || capture->rate_hz <= 0 || end <= start)
		return ANALYSIS_BAD_ARGUMENT;
	if (start < 0 || end > (double)capture->count)
		return ANALYSIS_OUTSIDE_CAPTURE;
	return 0;
}

static bool sample_saturated(const struct window_capture *capture, size_t k)
{
	return (capture->saturated && capture->saturated[k]) ||
	       (capture->range_max_a > 0 && capture->current_a[k] >= capture->range_max_a);
}

/* Faults of the samples [first, end) and of gaps at indices [gap_first, gap_end]. */
static struct window_faults faults_count(const struct window_capture *capture, size_t first,
					 size_t end, double gap_first, double gap_end)
{
	struct window_faults faults = {0};

	for (size_t k = first; k < end; k++) {
		faults.saturated += sample_saturated(capture, k);
		faults.not_finite += !isfinite(capture->current_a[k]) ||
				     (capture->voltage_v && !isfinite(capture->voltage_v[k]));
	}
	for (size_t i = 0; i < capture->gap_count; i++) {
		double at = (double)capture->gaps[i].index;

		if (capture->gaps[i].lost && at >= gap_first && at <= gap_end) {
			faults.gaps++;
			faults.samples_lost += capture->gaps[i].lost;
		}
	}
	return faults;
}

int window_check(const struct window_capture *capture, double start_samples, double end_samples,
		 struct window_faults *ret_faults)
{
	int code = span_bounds(capture, start_samples, end_samples);

	if (code)
		return code;
	*ret_faults = faults_count(capture, (size_t)floor(start_samples), (size_t)ceil(end_samples),
				   start_samples - 1, end_samples + 1);
	return 0;
}

/* Sums over [start, end); the bounds have been checked. */
static struct sample_sums span_sums(const struct window_capture *capture, double start, double end)
{
	const float *current_a = capture->current_a, *voltage_v = capture->voltage_v;
	size_t first = (size_t)ceil(start), stop = (size_t)floor(end);
	struct sample_sums sums;

	sample_sums_init(&sums);
	if ((double)first > start)
		sample_sums_add_share(&sums, fmin(end, (double)first) - start, current_a[first - 1],
				      voltage_v ? voltage_v + first - 1 : NULL, false, 0);
	if (stop > first)
		sample_sums_add(&sums, current_a + first, voltage_v ? voltage_v + first : NULL,
				NULL, stop - first, 0);
	if (end > (double)stop && stop >= first)
		sample_sums_add_share(&sums, end - (double)stop, current_a[stop],
				      voltage_v ? voltage_v + stop : NULL, false, 0);
	return sums;
}

/* In ampere samples. */
static double span_integral(const struct window_capture *capture, double start, double end)
{
	struct sample_sums sums = span_sums(capture, start, end);

	return sums.not_finite ? NAN : sum_value(&sums.current);
}

int window_charge(const struct window_capture *capture, double start_samples, double end_samples,
		  double *ret_charge_c)
{
	int code = span_bounds(capture, start_samples, end_samples);

	if (code)
		return code;
	*ret_charge_c = span_integral(capture, start_samples, end_samples) / capture->rate_hz;
	return 0;
}

static double samples_mean(const struct window_capture *capture, size_t first, size_t count)
{
	return span_integral(capture, (double)first, (double)(first + count)) / (double)count;
}

static double samples_sd(const float *current_a, size_t first, size_t count, double mean)
{
	struct sum squares = {0};

	if (count < 2)
		return 0;
	for (size_t k = first; k < first + count; k++)
		sum_add(&squares, (current_a[k] - mean) * (current_a[k] - mean));
	return sqrt(sum_value(&squares) / (double)(count - 1));
}

/* Standard deviation of the mean from the scatter of batch means. 0 with too few samples for
 * batches. */
static double batches_mean_u(const struct window_capture *capture, size_t first, size_t count)
{
	size_t length = count / IDLE_BATCHES;
	double mean, squares = 0;

	if (length < 2)
		return 0;
	mean = samples_mean(capture, first, length * IDLE_BATCHES);
	for (size_t i = 0; i < IDLE_BATCHES; i++) {
		double off = samples_mean(capture, first + i * length, length) - mean;

		squares += off * off;
	}
	return sqrt(squares / (IDLE_BATCHES - 1) / IDLE_BATCHES);
}

/* Idle of the samples [first, first + count); count >= 2. */
static int idle_measure(const struct window_capture *capture, double supply_v, size_t first,
			size_t count, struct window_idle *ret_idle)
{
	struct sample_sums sums = span_sums(capture, (double)first, (double)(first + count));
	struct window_faults faults = faults_count(
		capture, first, first + count, (double)first + 0.5, (double)(first + count) - 0.5);
	double mean, sd;

	if (faults.saturated || faults.not_finite)
		return ANALYSIS_BAD_IDLE;
	mean = sum_value(&sums.current) / (double)count;
	sd = samples_sd(capture->current_a, first, count, mean);
	*ret_idle = (struct window_idle){
		.mean_a = mean,
		.sd_a = sd,
		.mean_w = capture->voltage_v ? sum_value(&sums.power) / (double)count
					     : supply_v * mean,
		.mean_u_a = fmax(sd / sqrt((double)count), batches_mean_u(capture, first, count)),
		.samples = count,
		.samples_lost = faults.samples_lost,
		.middle_samples = (double)first + (double)count / 2,
	};
	return 0;
}

struct idle_spans {
	size_t before_first, before_count;
	size_t after_first, after_count;
};

static size_t span_cut(size_t available, size_t max)
{
	return max && available > max ? max : available;
}

static int idle_spans_find(const struct window_capture *capture,
			   const struct window_request *request, struct idle_spans *ret_spans)
{
	size_t min = request->idle_min_samples < 2 ? 2 : request->idle_min_samples;
	size_t before_end = (size_t)floor(request->start_samples);
	size_t after = (size_t)ceil(request->end_samples);
	size_t guard = request->guard_samples;
	size_t before, behind;

	before = before_end > guard ? span_cut(before_end - guard, request->idle_max_samples) : 0;
	if (before < min)
		return ANALYSIS_NO_IDLE_BEFORE;
	behind = capture->count - after > guard
			 ? span_cut(capture->count - after - guard, request->idle_max_samples)
			 : 0;
	if (behind < min)
		return ANALYSIS_NO_IDLE_AFTER;
	*ret_spans =
		(struct idle_spans){before_end - guard - before, before, after + guard, behind};
	return 0;
}

/* Fills the idle members of result. */
static int idle_fill(const struct window_capture *capture, const struct window_request *request,
		     struct window_result *result)
{
	const struct window_idle *before = &result->idle_before, *after = &result->idle_after;
	double middle = (request->start_samples + request->end_samples) / 2, share;
	struct idle_spans spans;
	int code = idle_spans_find(capture, request, &spans);

	if (!code)
		code = idle_measure(capture, request->supply_v, spans.before_first,
				    spans.before_count, &result->idle_before);
	if (!code)
		code = idle_measure(capture, request->supply_v, spans.after_first,
				    spans.after_count, &result->idle_after);
	if (code)
		return code;
	share = (middle - before->middle_samples) /
		(after->middle_samples - before->middle_samples);
	result->idle_drift_a = after->mean_a - before->mean_a;
	result->idle_drift_u_a = hypot(before->mean_u_a, after->mean_u_a);
	result->idle_a = before->mean_a + share * result->idle_drift_a;
	result->idle_w = before->mean_w + share * (after->mean_w - before->mean_w);
	result->idle_u_a = hypot(hypot((1 - share) * before->mean_u_a, share * after->mean_u_a),
				 result->idle_drift_a / sqrt(12));
	return 0;
}

/* Extremes and scatter of the samples that lie wholly inside. */
static void samples_fill(const struct window_capture *capture, const struct window_request *request,
			 struct window_result *result)
{
	size_t first = (size_t)ceil(request->start_samples);
	size_t end = (size_t)floor(request->end_samples);
	const float *current_a = capture->current_a;

	if (end <= first)
		return;
	result->samples_whole = end - first;
	result->sample_min_a = result->sample_max_a = current_a[first];
	for (size_t k = first; k < end; k++) {
		result->sample_min_a = fmin(result->sample_min_a, current_a[k]);
		result->sample_max_a = fmax(result->sample_max_a, current_a[k]);
	}
	result->sample_sd_a = samples_sd(current_a, first, end - first,
					 samples_mean(capture, first, end - first));
}

static void charge_fill(const struct window_capture *capture, const struct window_request *request,
			struct window_result *result)
{
	double start = request->start_samples, end = request->end_samples;
	double middle = (start + end) / 2;
	double first = span_integral(capture, start, middle);
	double second = span_integral(capture, middle, end);
	struct sample_sums sums = span_sums(capture, start, end);
	double integral = sum_value(&sums.current);

	result->duration_s = (end - start) / capture->rate_hz;
	result->charge_c = integral / capture->rate_hz;
	result->mean_a = integral / (end - start);
	result->half_drift_a = (second - first) / (middle - start);
	if (capture->voltage_v) {
		result->mean_v = sum_value(&sums.voltage) / (end - start);
		result->energy_gross_j = sum_value(&sums.power) / capture->rate_hz;
		result->energy_above_idle_j =
			result->energy_gross_j - result->idle_w * result->duration_s;
		return;
	}
	result->mean_v = request->supply_v;
	result->energy_gross_j = request->supply_v * result->charge_c;
	result->energy_above_idle_j =
		request->supply_v * (result->charge_c - result->idle_a * result->duration_s);
}

static int faults_reason(const struct window_faults *faults)
{
	if (faults->samples_lost)
		return ANALYSIS_SAMPLES_LOST;
	if (faults->not_finite)
		return ANALYSIS_NOT_FINITE;
	return faults->saturated ? ANALYSIS_SATURATED : 0;
}

int window_integrate(const struct window_capture *capture, const struct window_request *request,
		     struct window_result *ret_result)
{
	struct window_result result = {0};
	struct window_faults faults;
	int code = window_check(capture, request->start_samples, request->end_samples, &faults);

	if (code)
		return code;
	if (!capture->voltage_v && (!isfinite(request->supply_v) || request->supply_v <= 0))
		return ANALYSIS_BAD_ARGUMENT;
	code = faults_reason(&faults);
	if (!code)
		code = idle_fill(capture, request, &result);
	if (code)
		return code;
	samples_fill(capture, request, &result);
	charge_fill(capture, request, &result);
	*ret_result = result;
	return 0;
}
