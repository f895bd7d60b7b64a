/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/plot.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench/trace/export.h"
#include "bench/trace/walk.h"

extern char **environ;

enum { COLUMNS = 3000 };

/* A stretch of samples drawn as one: both ends get the same values. */
struct column {
	double start_s, end_s;
	double min_a, mean_a, max_a;
	uint8_t low, high; /* lines that are 0 somewhere, 1 somewhere */
	bool after_gap;
};

struct plot {
	struct column *columns;
	size_t count, capacity;
	bool lines;
	double max_a;
};

struct scale {
	double least_a, factor;
	const char *unit;
};

static const struct scale scales[] = {
	{0.5, 1, "A"}, {0.5e-3, 1e3, "mA"}, {0.5e-6, 1e6, "uA"}, {0, 1e9, "nA"}};

static struct column *add_column(struct plot *plot)
{
	if (plot->count == plot->capacity) {
		size_t capacity = plot->capacity ? 2 * plot->capacity : 4096;
		struct column *columns = realloc(plot->columns, capacity * sizeof(*columns));

		if (!columns)
			return NULL;
		plot->columns = columns;
		plot->capacity = capacity;
	}
	return &plot->columns[plot->count++];
}

/* One column of samples of a piece. */
static void fill(struct column *column, const struct walk *walk, size_t first, size_t count)
{
	size_t numbers = 0;
	double sum = 0;

	column->min_a = column->max_a = column->mean_a = NAN;
	column->low = column->high = 0;
	for (size_t i = first; i < first + count; i++) {
		double value = (double)walk->current_a[i];

		column->low |= (uint8_t)~walk->lines[i];
		column->high |= walk->lines[i];
		if (isnan(value))
			continue;
		column->min_a = fmin(column->min_a, value);
		column->max_a = fmax(column->max_a, value);
		sum += value;
		numbers++;
	}
	if (numbers)
		column->mean_a = sum / (double)numbers;
}

static int add_piece(struct plot *plot, const struct walk *walk, uint64_t width, double rate_hz,
		     struct err *err)
{
	for (size_t first = 0; first < walk->count;) {
		size_t left = walk->count - first, count = left < width ? left : (size_t)width;
		struct column *column = add_column(plot);

		if (!column)
			return err_set(err, -ENOMEM, "out of memory");
		fill(column, walk, first, count);
		column->start_s = (double)(walk->position + first) / rate_hz;
		column->end_s = (double)(walk->position + first + count) / rate_hz;
		column->after_gap = !first && walk->lost_before;
		first += count;
	}
	return 0;
}

/* A gap begins a new column: with very many there would be as many columns. */
static int take_samples(struct trace_reader *reader, struct plot *plot, struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);
	uint64_t width = info->samples / COLUMNS + 1;
	struct walk walk;
	int ret = walk_begin(reader, &walk, err);

	plot->lines = true;
	if (!ret && info->counts[TRACE_GAPS] > 100 * COLUMNS)
		ret = err_set(err, -EFBIG, "%s: %llu gaps are too many to draw",
			      trace_reader_path(reader),
			      (unsigned long long)info->counts[TRACE_GAPS]);
	while (!ret) {
		ret = walk_next(&walk, err);
		if (ret || !walk.count)
			break;
		ret = add_piece(plot, &walk, width, info->identity.rate_hz, err);
	}
	walk_done(&walk);
	return ret;
}

static int take_envelope(struct trace_reader *reader, struct plot *plot, struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);
	double rate_hz = info->identity.rate_hz;
	struct trace_envelope_point *points;
	struct trace_gap *gaps;
	uint64_t lost = 0, next = 0;
	int ret = trace_read_all(reader, TRACE_GAPS, (void **)&gaps, err);

	if (ret)
		return ret;
	ret = trace_read_all(reader, TRACE_ENVELOPE, (void **)&points, err);
	if (ret) {
		free(gaps);
		return ret;
	}
	for (uint64_t i = 0; !ret && i < info->counts[TRACE_ENVELOPE]; i++) {
		struct column *column = add_column(plot);
		uint64_t before = next;

		for (; next < info->counts[TRACE_GAPS] && gaps[next].sample <= points[i].sample;
		     next++)
			lost += gaps[next].lost;
		if (!column) {
			ret = err_set(err, -ENOMEM, "out of memory");
			break;
		}
		*column = (struct column){
			.start_s = (double)(points[i].sample + lost) / rate_hz,
			.end_s = (double)(points[i].sample + lost + points[i].count) / rate_hz,
			.min_a = points[i].min_a,
			.mean_a = points[i].mean_a,
			.max_a = points[i].max_a,
			.after_gap = next > before};
	}
	free(points);
	free(gaps);
	return ret;
}

/* Text between single quotes. */
static void write_quoted(const char *text, FILE *stream)
{
	fputc('\'', stream);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', stream);
		fputc(*text == '\n' || *text == '\r' ? ' ' : *text, stream);
	}
	fputc('\'', stream);
}

static void write_title(const struct trace_info *info, FILE *stream)
{
	const struct trace_identity *identity = &info->identity;
	char title[640];

	snprintf(title, sizeof(title), "%s%s, %s, %.6g MHz, %s %s: %llu samples, %llu lost%s%s%s",
		 identity->is_virtual ? "VIRTUAL  " : "", identity->board, identity->model,
		 1e-6 * (double)identity->clock_hz, identity->meter_model, identity->meter,
		 (unsigned long long)info->samples, (unsigned long long)info->samples_lost,
		 info->result.verdict[0] ? "; " : "", info->result.verdict,
		 info->ended ? "" : "; not finished");
	fputs("set title ", stream);
	write_quoted(title, stream);
	fputs(" noenhanced\n", stream);
}

static void write_value(double value, double factor, FILE *stream)
{
	if (isnan(value))
		fputs(" NaN", stream);
	else
		fprintf(stream, " %.7g", value * factor);
}

static void write_column(const struct column *column, double at_s, double factor, FILE *stream)
{
	fprintf(stream, "%.9f", at_s);
	write_value(column->min_a, factor, stream);
	write_value(column->mean_a, factor, stream);
	write_value(column->max_a, factor, stream);
	for (unsigned line = 0; line < TRACE_LINES; line++)
		fprintf(stream, " %g %g", line + (column->low >> line & 1 ? 0.1 : 0.8),
			line + (column->high >> line & 1 ? 0.8 : 0.1));
	fputc('\n', stream);
}

static void write_data(const struct plot *plot, double factor, FILE *stream)
{
	fputs("# time_s, least, mean and largest current, per line its low and high\n$data << "
	      "END\n",
	      stream);
	for (size_t i = 0; i < plot->count; i++) {
		const struct column *column = &plot->columns[i];

		if (column->after_gap)
			fputc('\n', stream);
		write_column(column, column->start_s, factor, stream);
		write_column(column, column->end_s, factor, stream);
	}
	fputs("END\n", stream);
}

static void write_commands(const struct trace_reader *reader, const struct plot *plot,
			   const struct scale *scale, const char *png_path, FILE *stream)
{
	double end_s = plot->count ? plot->columns[plot->count - 1].end_s : 1;

	fputs("set terminal pngcairo size 1600,900 font ',14'\nset output ", stream);
	write_quoted(png_path, stream);
	fprintf(stream,
		"\nset multiplot\nset lmargin at screen 0.09\nset rmargin at screen 0.98\n"
		"set xrange [0:%.9g]\nset yrange [*<0:*]\nset grid\nset key top right opaque\n",
		end_s);
	write_title(trace_reader_info(reader), stream);
	fprintf(stream,
		"set ylabel 'current / %s'\nset tmargin at screen 0.93\n"
		"set bmargin at screen %s\n%s",
		scale->unit, plot->lines ? "0.30" : "0.10",
		plot->lines ? "set format x ''\n" : "set xlabel 'time / s (nominal)'\n");
	fputs("plot $data using 1:2:4 with filledcurves lc rgb '#a8c8e8' title 'least to largest', "
	      "'' using 1:3 with lines lc rgb '#003366' lw 1 title 'mean'\n",
	      stream);
	if (plot->lines)
		fputs("unset title\nset format x '%g'\nset xlabel 'time / s (nominal)'\nunset "
		      "ylabel\n"
		      "set tmargin at screen 0.27\nset bmargin at screen 0.10\nset yrange [0:2.9]\n"
		      "set ytics ('window' 0.45, 'inference' 1.45, 'layer' 2.45)\nunset key\n"
		      "set grid noytics\n"
		      "plot for [line=0:2] $data using 1:5+2*line:6+2*line with filledcurves "
		      "lc rgb '#f0a030' notitle, "
		      "for [line=0:2] '' using 1:5+2*line with lines lc rgb '#804000' notitle, "
		      "for [line=0:2] '' using 1:6+2*line with lines lc rgb '#804000' notitle\n",
		      stream);
	fputs("unset multiplot\n", stream);
}

int plot_script(struct trace_reader *reader, const char *png_path, FILE *stream, struct err *err)
{
	const struct scale *scale = scales;
	struct plot plot = {0};
	int ret = trace_reader_info(reader)->has_samples ? take_samples(reader, &plot, err)
							 : take_envelope(reader, &plot, err);

	if (ret)
		goto out;
	for (size_t i = 0; i < plot.count; i++)
		plot.max_a = fmax(plot.max_a, fabs(plot.columns[i].max_a));
	while (plot.max_a < scale->least_a)
		scale++;
	fputs("# gnuplot script of joulebench\n", stream);
	write_data(&plot, scale->factor, stream);
	write_commands(reader, &plot, scale, png_path, stream);
	ret = export_check(reader, stream, err);
out:
	free(plot.columns);
	return ret;
}

int plot_run(const char *script_path, struct err *err)
{
	char *arguments[] = {"gnuplot", (char *)script_path, NULL};
	int status, ret;
	pid_t child;

	ret = posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ);
	if (ret)
		return err_set(err, -ret, "gnuplot: %s", strerror(ret));
	if (waitpid(child, &status, 0) < 0)
		return err_set(err, -errno, "gnuplot: %s", strerror(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(err, -EIO, "gnuplot failed on %s", script_path);
	return 0;
}
