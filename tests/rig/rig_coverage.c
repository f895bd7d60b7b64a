/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Holds the accepted windows of many labs against what their boards truly drew: how far energies
 * are off, and how often they lie within their own expanded uncertainty U (k = 2). One line per
 * length of windows, board, clock level and ambient temperature.
 *
 * usage: rig_coverage covered WINDOWS LOW HIGH FOLDER...
 *        rig_coverage ideal WINDOWS LONG_LIMIT SHORT_LIMIT FOLDER...
 *        rig_coverage gain|zero|supply WINDOWS LOW HIGH FOLDER...
 *
 * FOLDER: of a lab, with run.db and truth.jsonl; PREFIX-LAB-RUN, where the runs of a lab have its
 * boards and meters in common. covered: at least WINDOWS accepted, and a share LOW to HIGH of them
 * within U. ideal: the median error is at most LONG_LIMIT for windows from 100 ms, SHORT_LIMIT for
 * those of about 1 ms. gain, zero, supply: labs whose meters are wrong in that alone; the standard
 * deviation of z = error / (that contribution and the independent ones) lies in LOW to HIGH, or
 * within two of its own standard errors of it. Windows of one meter share its errors: standard
 * errors are those between meters.
 *
 * The columns u and rms are standard uncertainties in the mean and errors in the root mean square,
 * relative to the energy: rms / u is what the bench's statement of itself is off by. "charge" is
 * the part of the error that is not the supply voltage's.
 */
#include <math.h>

#include "analysis/budget/meter_class.h"
#include "tests/rig/campaign_rows.h"

/* From the calibration's 25 degC, with its uncertainty: campaign_lab.sh puts meters into 23 degC,
 * known to 2 K. */
static const double room_off_k = 2.8284;
static const double far_in_u = 3; /* standard uncertainties: told one by one */

enum { LAB_MAX = 512, METER_MAX = 4096 };

struct sample {
	char chip[16];
	unsigned lab, meter;
	double part_u; /* of one contribution */
	int64_t clock_hz;
	double ambient_c, duration_s, error, u, charge_error, charge_u, current_a;
};

struct samples {
	const char *part; /* the contribution; NULL: all */
	char labs[LAB_MAX][64], meters[METER_MAX][160];
	unsigned lab_count, meter_count;
	const char *folder;
	struct campaign_truth truth;
	struct campaign_match match;
	size_t next; /* row of the match */
	struct sample *list;
	size_t count;
	unsigned unmatched, refused;
};

struct group {
	char name[64];
	double errors[8192], charges[8192];
	size_t count, covered;
	double worst, squares, u, charge_squares, charge_u, z_squares;
};

enum { GROUP_MAX = 8192 };

static const struct length {
	double from_s;
	const char *name;
} lengths[] = {{1, "1 s and more"}, {0.1, "100 ms"}, {0.03, "30 ms"},
	       {0.01, "10 ms"},     {0.003, "3 ms"}, {0, "1 ms"}};

/* PREFIX-LAB-RUN is a run of PREFIX-LAB. */
static void lab_name(const char *folder, char *ret_name, size_t size)
{
	const char *name = strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder;
	char *last;

	snprintf(ret_name, size, "%s", name);
	last = strrchr(ret_name, '-');
	if (last)
		*last = 0;
}

static unsigned name_number(char *names, size_t size, unsigned max, unsigned *count,
			    const char *name)
{
	unsigned i = 0;

	while (i < *count && strcmp(names + i * size, name))
		i++;
	if (i == max)
		exit(2);
	if (i == *count)
		snprintf(names + (*count)++ * size, size, "%s", name);
	return i;
}

/* What one contribution puts into a row's relative uncertainty. The zero's is what is left of the
 * common part, less what every row of the campaign has. */
static double part_u(const char *part, const struct store_measurement *row)
{
	const struct meter_class *class = meter_class_find(row->meter_model);
	double common = pow(row->energy_u_j, 2) - pow(row->energy_u_independent_j, 2);
	double supply_u = row->supply_u_v / row->supply_v;

	if (!part || !class)
		return 0;
	if (!strcmp(part, "gain"))
		return row->gain_u_rel;
	if (!strcmp(part, "supply"))
		return supply_u;
	return sqrt(fmax(0, common / pow(row->energy_j, 2) - pow(row->gain_u_rel, 2) -
				    pow(supply_u, 2) -
				    pow(room_off_k * meter_limit_u(&class->temperature), 2) -
				    pow(meter_limit_u(&class->time_base), 2)));
}

static int take_row(void *context, const struct store_measurement *row)
{
	struct samples *samples = context;
	const struct campaign_window *window = samples->match.rows[samples->next++].window;
	struct sample *sample;
	char lab[64], meter[160];

	if (strcmp(row->verdict, "accepted")) {
		samples->refused++;
		return 0;
	}
	lab_name(samples->folder, lab, sizeof(lab));
	if (!window) {
		printf("%s: %s: no window of %lld cycles\n", row->board, row->model,
		       (long long)row->cycles);
		samples->unmatched++;
		return 0;
	}
	samples->list = realloc(samples->list, (samples->count + 1) * sizeof(*samples->list));
	if (!samples->list)
		exit(2);
	sample = &samples->list[samples->count++];
	*sample = (struct sample){
		.clock_hz = row->clock_hz,
		.ambient_c = row->ambient_c,
		.duration_s = row->duration_s,
		.error = row->energy_j / window->energy_j - 1,
		.u = row->energy_u_j / row->energy_j,
		.charge_error = row->charge_c / window->charge_c - 1,
		.current_a = row->mean_current_a,
	};
	sample->part_u =
		hypot(part_u(samples->part, row), row->energy_u_independent_j / row->energy_j);
	sample->lab = name_number(samples->labs[0], sizeof(samples->labs[0]), LAB_MAX,
				  &samples->lab_count, lab);
	snprintf(meter, sizeof(meter), "%s %s", lab, row->meter);
	sample->meter = name_number(samples->meters[0], sizeof(samples->meters[0]), METER_MAX,
				    &samples->meter_count, meter);
	sample->charge_u =
		sqrt(fmax(0, sample->u * sample->u - pow(row->supply_u_v / row->supply_v, 2)));
	snprintf(sample->chip, sizeof(sample->chip), "%s", row->chip);
	return 0;
}

static void read_lab(struct samples *samples, const char *folder)
{
	char path[4096];

	samples->folder = folder;
	snprintf(path, sizeof(path), "%s/truth.jsonl", folder);
	samples->truth.count = 0;
	campaign_truth_read(&samples->truth, path);
	snprintf(path, sizeof(path), "%s/run.db", folder);
	campaign_match_all(&samples->match, &samples->truth, path);
	samples->next = 0;
	campaign_rows(path, take_row, samples);
	free(samples->match.rows);
}

static const char *length_name(double duration_s)
{
	size_t i = 0;

	while (duration_s < lengths[i].from_s * 0.99)
		i++;
	return lengths[i].name;
}

static void name_all(const struct sample *sample, char *ret_name, size_t size)
{
	(void)sample;
	snprintf(ret_name, size, "all");
}

static void name_length(const struct sample *sample, char *ret_name, size_t size)
{
	snprintf(ret_name, size, "%s", length_name(sample->duration_s));
}

static void name_chip(const struct sample *sample, char *ret_name, size_t size)
{
	snprintf(ret_name, size, "%s", sample->chip);
}

static void name_clock(const struct sample *sample, char *ret_name, size_t size)
{
	snprintf(ret_name, size, "%s %.6g MHz", sample->chip, (double)sample->clock_hz / 1e6);
}

static void name_ambient(const struct sample *sample, char *ret_name, size_t size)
{
	snprintf(ret_name, size, "%g degC", sample->ambient_c);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void group_add(struct group *group, const struct sample *sample)
{
	if (group->count == GROUP_MAX)
		exit(2);
	group->charges[group->count] = sample->charge_error;
	group->errors[group->count++] = fabs(sample->error);
	group->covered += fabs(sample->error) <= 2 * sample->u;
	group->worst = fmax(group->worst, fabs(sample->error));
	group->squares += sample->error * sample->error;
	group->u += sample->u;
	group->charge_squares += sample->charge_error * sample->charge_error;
	group->charge_u += sample->charge_u;
	group->z_squares += pow(sample->error / sample->u, 2);
}

static void group_print(struct group *group)
{
	double n = (double)group->count;

	printf("%-22s %5zu %9.4f %9.4f %9.2f %9.4f %9.4f %9.3f %10.4f %10.4f %10.4f\n", group->name,
	       group->count, 100 * median(group->errors, group->count), 100 * group->worst,
	       100 * (double)group->covered / n, 100 * group->u / n, 100 * sqrt(group->squares / n),
	       sqrt(group->z_squares / n), 100 * group->charge_u / n,
	       100 * sqrt(group->charge_squares / n), 100 * median(group->charges, group->count));
}

typedef void name_fn(const struct sample *sample, char *ret_name, size_t size);

/* One line per name that the samples have. */
static void print_groups(const struct samples *samples, name_fn *name_of)
{
	static struct group group;
	bool *done = calloc(samples->count + 1, sizeof(*done));
	char name[64];

	for (size_t first = 0; done && first < samples->count; first++) {
		if (done[first])
			continue;
		group = (struct group){0};
		name_of(&samples->list[first], group.name, sizeof(group.name));
		for (size_t i = first; i < samples->count; i++) {
			name_of(&samples->list[i], name, sizeof(name));
			if (strcmp(name, group.name))
				continue;
			done[i] = true;
			group_add(&group, &samples->list[i]);
		}
		group_print(&group);
	}
	free(done);
}

static int compare_samples(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int order = strcmp(x->chip, y->chip);

	if (!order)
		order = (x->clock_hz > y->clock_hz) - (x->clock_hz < y->clock_hz);
	return order ? order : (x->duration_s > y->duration_s) - (x->duration_s < y->duration_s);
}

static void print_far(const struct samples *samples, const struct sample *sample)
{
	printf("far off: %s: %.6g MHz, %.4g s, %.4g A: %+.3f %% (u %.3f %%), charge %+.3f %%\n",
	       samples->meters[sample->meter], (double)sample->clock_hz / 1e6, sample->duration_s,
	       sample->current_a, 100 * sample->error, 100 * sample->u, 100 * sample->charge_error);
}

static void print_table(struct samples *samples)
{
	static name_fn *const names[] = {name_all, name_length, name_chip, name_clock,
					 name_ambient};

	qsort(samples->list, samples->count, sizeof(*samples->list), compare_samples);
	printf("%-22s %5s %9s %9s %9s %9s %9s %9s %10s %10s %10s\n", "windows", "n", "median %",
	       "worst %", "within U%", "u %", "rms %", "rms z", "charge u %", "charge rms",
	       "charge med");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		print_groups(samples, names[i]);
	printf("%u rows refused or failed and left out\n", samples->refused);
	for (size_t i = 0; i < samples->count; i++)
		if (fabs(samples->list[i].error) > far_in_u * samples->list[i].u)
			print_far(samples, &samples->list[i]);
}

/* How the share within U differs between labs, and how many instruments the windows are of. */
static void print_labs(const struct samples *samples)
{
	static unsigned covered[LAB_MAX], windows[LAB_MAX];
	double least = 1, most = 0, sum = 0, squares = 0;

	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->list[i];

		windows[sample->lab]++;
		covered[sample->lab] += fabs(sample->error) <= 2 * sample->u;
	}
	for (unsigned lab = 0; lab < samples->lab_count; lab++) {
		double share = (double)covered[lab] / windows[lab];

		least = fmin(least, share);
		most = fmax(most, share);
		sum += share;
		squares += share * share;
	}
	sum /= samples->lab_count;
	printf("%u independent instruments in %u labs of a seed each; within U by lab: %.1f to "
	       "%.1f %%, standard deviation %.1f %%, standard error of their mean %.2f %%\n",
	       samples->meter_count, samples->lab_count, 100 * least, 100 * most,
	       100 * sqrt(fmax(0, squares / samples->lab_count - sum * sum)),
	       100 * sqrt(fmax(0, squares / samples->lab_count - sum * sum) / samples->lab_count));
}

/* sd of z, with its standard error from how z^2 differs between meters. */
static int judge_part(const struct samples *samples, double low, double high)
{
	static double squares[METER_MAX], windows[METER_MAX];
	double mean = 0, spread = 0, sum = 0, sd, sd_u;

	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->list[i];

		squares[sample->meter] += pow(sample->error / sample->part_u, 2);
		sum += sample->error / sample->part_u;
		windows[sample->meter]++;
	}
	for (unsigned m = 0; m < samples->meter_count; m++)
		mean += squares[m] / (double)samples->count;
	for (unsigned m = 0; m < samples->meter_count; m++)
		spread += pow(squares[m] - mean * windows[m], 2);
	sd = sqrt(mean);
	sd_u = sqrt(spread) / (double)samples->count / (2 * sd);
	printf("%s alone: sd of z %.3f +- %.3f, mean of z %+.3f, %zu windows of %u instruments "
	       "(wanted: %g to %g)\n",
	       samples->part, sd, sd_u, sum / (double)samples->count, samples->count,
	       samples->meter_count, low, high);
	return sd < low - 2 * sd_u || sd > high + 2 * sd_u;
}

static int judge_covered(const struct samples *samples, double low, double high)
{
	size_t covered = 0;
	double share;

	for (size_t i = 0; i < samples->count; i++)
		covered += fabs(samples->list[i].error) <= 2 * samples->list[i].u;
	share = (double)covered / (double)samples->count;
	printf("%zu of %zu windows within U (k = 2): %.2f %% (wanted: %g to %g %%)\n", covered,
	       samples->count, 100 * share, 100 * low, 100 * high);
	return share < low || share > high;
}

static int judge_median(const struct samples *samples, double from_s, double to_s, double limit)
{
	static double errors[GROUP_MAX];
	size_t count = 0;
	double middle;

	for (size_t i = 0; i < samples->count && count < GROUP_MAX; i++)
		if (samples->list[i].duration_s >= from_s && samples->list[i].duration_s < to_s)
			errors[count++] = fabs(samples->list[i].error);
	if (!count) {
		printf("windows of %g s to %g s: none\n", from_s, to_s);
		return 0;
	}
	middle = median(errors, count);
	printf("windows of %g s to %g s: median error %.4f %% of %zu (limit %g %%)\n", from_s, to_s,
	       100 * middle, count, 100 * limit);
	return !(middle <= limit);
}

static bool is_mode(const char *text)
{
	static const char *const modes[] = {"covered", "ideal", "gain", "zero", "supply"};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(text, modes[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static struct samples samples;
	int failures;

	if (argc < 6 || !is_mode(argv[1])) {
		fprintf(stderr,
			"usage: rig_coverage covered WINDOWS LOW HIGH FOLDER...\n"
			"       rig_coverage ideal WINDOWS LONG_LIMIT SHORT_LIMIT FOLDER...\n"
			"       rig_coverage gain|zero|supply WINDOWS LOW HIGH FOLDER...\n");
		return 2;
	}
	if (strcmp(argv[1], "covered") && strcmp(argv[1], "ideal"))
		samples.part = argv[1];
	for (int i = 5; i < argc; i++)
		read_lab(&samples, argv[i]);
	if (!samples.count) {
		printf("no accepted window\n");
		return 1;
	}
	if (!samples.part)
		print_table(&samples);
	failures = samples.unmatched != 0;
	if (samples.count < strtoul(argv[2], NULL, 10)) {
		printf("%zu accepted windows, wanted: %s\n", samples.count, argv[2]);
		failures++;
	}
	if (!strcmp(argv[1], "covered")) {
		print_labs(&samples);
		failures += judge_covered(&samples, atof(argv[3]), atof(argv[4]));
	} else if (samples.part)
		failures += judge_part(&samples, atof(argv[3]), atof(argv[4]));
	else
		failures += judge_median(&samples, 0.099, INFINITY, atof(argv[3])) +
			    judge_median(&samples, 0, 0.003, atof(argv[4]));
	free(samples.list);
	free(samples.truth.windows);
	return failures != 0;
}
