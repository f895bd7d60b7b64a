/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS110 over USB. Facts: the vendor's joulescope_driver.
 *
 * The instrument sits between a supply and the board and feeds nothing. Its current path is closed
 * from meter_open on, unless it was already, and is left so.
 *
 * Quirks: a range switch disturbs 3 to 8 samples, of which the vendor's software makes a straight
 * line; see drivers/meter/js110_calibration.h for what is done here. A logic input takes the lowest
 * bit of a converter. The instrument's own charge and energy carry no index of the stream, and so
 * are not given out. Its last transfer may stay incomplete when the stream stops: up to 1 ms.
 */
#include "drivers/meter/js110.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/meter/js110_capture.h"
#include "drivers/meter/js110_control.h"
#include "drivers/meter/meter_params.h"

enum {
	ENDPOINT_IN = 0x82,
	TRANSFER_BYTES = 8192, /* 1 ms */
	TRANSFERS = 64,
	SELECT_AUTO = 0x80,
	GPI_0 = 2,
	GPI_1 = 3,
	DRAIN_MS = 5,
	DRAIN_LIMIT_MS = 1000,
	QUIET_MS = 50,          /* after a stop, until the stream counts as over */
	SLICE_MS = 20,          /* how late a reader may see a stop */
	BLOCK_MS = 20,          /* a block is handed out that long after its first samples */
	OVER_SAMPLES = 200,     /* 0.1 ms: far longer than ranging takes */
	MISFIT_SAMPLES = 20000, /* 10 ms */
	NS_PER_MS = 1000000,
};

enum js110_param {
	PARAM_RATE,
	PARAM_RANGE,
	PARAM_VOLTAGE_RANGE,
	PARAM_LINES,
	PARAM_IO_VOLTAGE,
	PARAM_SWITCH,
	PARAM_WINDOW,
	PARAM_SERIAL,
	PARAMS,
};

static const struct meter_param params[PARAMS + 1] = {
	{"rate_hz", "Hz", "2000000", 1000, JS110_RATE_HZ,
	 "samples per second, a divisor of 2000000; below that each is the plain mean of several"},
	{"range", "", "auto", 0, 0,
	 "auto|10 A|2 A|180 mA|18 mA|1.8 mA|180 uA|18 uA: current range, fixed or switched"},
	{"voltage_range", "", "15 V", 0, 0, "15 V|5 V: voltage range"},
	{"lines", "", "2", 0, 2,
	 "logic inputs: the first takes a bit of the voltage, the second one of the current"},
	{"io_voltage_mv", "", "3300", 0, 0,
	 "1800|2100|2500|2700|3000|3300|3600|5000: level of the logic inputs, in mV"},
	{"on_switch", "", "nan", 0, 0,
	 "nan|hold|keep: samples that a range switch disturbs are no numbers, the last good one, "
	 "or "
	 "what the converter said"},
	{"switch_window", "", "normal", 0, 0,
	 "normal|fast: how long a range switch disturbs, the vendor's matrix n or m"},
	{"serial", "", "any", 0, 0, "*: serial number that the instrument must have"},
	{NULL},
};

/* The shunts of 18 mA and 1.8 mA are from a forum post of the vendor (20 mV at full scale), the
 * others are not known. */
static const struct {
	double max_a, shunt_ohm;
} ranges[JS110_RANGES] = {
	{10, 0}, {2, 0}, {180e-3, 0}, {18e-3, 1.11}, {1.8e-3, 11.11}, {180e-6, 0}, {18e-6, 0},
};

/* Type B, not confirmed by a data sheet, and meant to be replaced by a calibration. */
static const double gain_u_rel = 0.005, voltage_gain_u_rel = 0.005;

struct js110 {
	struct usb *usb;
	struct meter_param_value values[PARAMS];
	struct js110_settings settings;
	struct js110_capture capture;
	atomic_bool streaming;
	int64_t end_ns; /* reader's: when silence after a stop becomes the end; 0: no stop seen */
};

/* --- settings --------------------------------------------------------------------------------- */

static int settings_take(struct js110 *js110, const struct meter_settings *settings,
			 struct err *err)
{
	struct js110_capture *capture = &js110->capture;
	const struct meter_param_value *values = js110->values;
	int rc = meter_params_parse(params, settings->options, js110->values, err);
	double factor;

	if (rc)
		return rc;
	factor = JS110_RATE_HZ / values[PARAM_RATE].number;
	if (factor != rint(factor))
		return err_set(err, -EINVAL, "rate_hz=%g does not divide %d",
			       values[PARAM_RATE].number, JS110_RATE_HZ);
	if (values[PARAM_LINES].number != rint(values[PARAM_LINES].number))
		return err_set(err, -EINVAL, "lines=%g is no whole number",
			       values[PARAM_LINES].number);
	capture->blocks.factor = (uint32_t)factor;
	capture->converter.lines = (unsigned)values[PARAM_LINES].number;
	capture->converter.on_switch = (enum js110_switch)values[PARAM_SWITCH].number;
	capture->converter.window = (enum js110_window)values[PARAM_WINDOW].number;
	js110->settings.select = values[PARAM_RANGE].number > 0
					 ? (uint8_t)(1u << ((int)values[PARAM_RANGE].number - 1))
					 : SELECT_AUTO;
	js110->settings.voltage_range = (uint8_t)values[PARAM_VOLTAGE_RANGE].number;
	return 0;
}

static double convert(const struct js110_scale *scale, double counts)
{
	return (counts + scale->offset) * scale->gain;
}

static void limits_init(struct js110 *js110)
{
	const struct js110_calibration *calibration = &js110->capture.converter.calibration;
	struct joulescope_blocks *blocks = &js110->capture.blocks;

	blocks->limit[JS110_RANGE_OFF] =
		(struct joulescope_limit){INFINITY, -INFINITY, 0, OVER_SAMPLES};
	for (int n = 0; n < JS110_RANGES; n++) {
		const struct js110_scale *scale = &calibration->current[n];
		double misfit_a = n < JS110_RANGES - 1 ? ranges[n + 1].max_a / 4 : 0;

		blocks->limit[n] = (struct joulescope_limit){
			.over_a = (float)convert(scale, JS110_ADC_FULL_SCALE - 1),
			.under_a = (float)convert(scale, 1),
			.misfit_a = (float)misfit_a,
			.over_samples = n ? OVER_SAMPLES : 1,
		};
	}
	blocks->misfit_samples = js110->settings.select == SELECT_AUTO ? MISFIT_SAMPLES : 0;
}

/* --- identity --------------------------------------------------------------------------------- */

static int check_serial(const struct js110 *js110, struct err *err)
{
	const char *wanted = js110->values[PARAM_SERIAL].word;
	const struct usb_identity *identity = usb_identity(js110->usb);

	if (!js110->values[PARAM_SERIAL].given || !strcmp(wanted, identity->serial))
		return 0;
	return err_set(err, -ENOTSUP, "this is instrument \"%s\", not \"%s\"", identity->serial,
		       wanted);
}

/* Zero: a count either way is assumed; nothing is published. */
static void describe_ranges(const struct js110 *js110, struct meter_info *info)
{
	const struct js110_calibration *calibration = &js110->capture.converter.calibration;
	double v_step = calibration->voltage[js110->settings.voltage_range].gain;
	double i_counts = js110->capture.converter.lines > 1 ? 2 : 1;
	double v_counts = js110->capture.converter.lines > 0 ? 2 : 1;

	info->range_count = JS110_RANGES;
	for (int n = 0; n < JS110_RANGES; n++) {
		double step_a = calibration->current[n].gain;

		info->ranges[n] = (struct meter_range){
			.max_a = ranges[n].max_a,
			.resolution_a = step_a * i_counts,
			.offset_u_a = step_a / sqrt(3),
			.shunt_ohm = ranges[n].shunt_ohm,
		};
	}
	info->offset_u_a = info->ranges[JS110_RANGES - 1].offset_u_a;
	info->voltage_resolution_v = v_step * v_counts;
	info->voltage_offset_u_v = v_step / sqrt(3);
}

static void text_scales(char *text, size_t capacity, const struct js110_scale *scales,
			unsigned count)
{
	size_t used = 0;

	for (unsigned n = 0; n < count && used < capacity; n++)
		used += (size_t)snprintf(text + used, capacity - used, "%s[%.10g,%.8g]",
					 n ? "," : "", scales[n].offset, scales[n].gain);
}

static void describe(const struct js110 *js110, struct meter_info *ret_info)
{
	const struct js110_calibration *calibration = &js110->capture.converter.calibration;
	const struct usb_identity *identity = usb_identity(js110->usb);
	struct meter_info info = {
		.model = "js110",
		.rate_hz = (double)JS110_RATE_HZ / js110->capture.blocks.factor,
		.range_max_a = ranges[0].max_a,
		.gain_u_rel = gain_u_rel,
		.voltage_gain_u_rel = voltage_gain_u_rel,
		.caps = METER_CAP_VOLTAGE | METER_CAP_RAW |
			(js110->capture.converter.lines ? METER_CAP_MARKERS : 0),
		.is_virtual = identity->is_virtual,
	};
	char current[320], voltage[96];

	text_scales(current, sizeof(current), calibration->current, JS110_RANGES);
	text_scales(voltage, sizeof(voltage), calibration->voltage, JS110_VOLTAGE_RANGES);
	snprintf(info.serial, sizeof(info.serial), "%.31s", identity->serial);
	snprintf(info.calibration, sizeof(info.calibration),
		 "{\"current_offset_gain\":[%s],\"voltage_offset_gain\":[%s],\"range\":\"%s\","
		 "\"voltage_range\":\"%s\",\"on_switch\":\"%s\",\"switch_window\":\"%s\","
		 "\"averaged\":%u}",
		 current, voltage, js110->values[PARAM_RANGE].word,
		 js110->values[PARAM_VOLTAGE_RANGE].word, js110->values[PARAM_SWITCH].word,
		 js110->values[PARAM_WINDOW].word, js110->capture.blocks.factor);
	describe_ranges(js110, &info);
	*ret_info = info;
}

/* --- life ------------------------------------------------------------------------------------- */

static int configure(struct js110 *js110, bool streams, struct err *err)
{
	js110->settings.streams = streams;
	return js110_control_settings(js110->usb, &js110->settings, err);
}

static int js110_open(void *state, const struct meter_port *port,
		      const struct meter_settings *settings, struct meter_info *ret_info,
		      struct err *err)
{
	struct js110 *js110 = state;
	struct js110_converter *converter = &js110->capture.converter;
	int rc;

	js110->usb = port->usb;
	atomic_init(&js110->streaming, false);
	js110->capture.check_time = !usb_identity(port->usb)->is_virtual;
	rc = settings_take(js110, settings, err);
	if (!rc)
		rc = check_serial(js110, err);
	if (!rc)
		rc = js110_control_check(js110->usb, err);
	if (!rc)
		rc = js110_control_read_calibration(js110->usb, &converter->calibration, err);
	if (!rc)
		rc = configure(js110, false, err);
	if (!rc)
		rc = js110_control_extio(js110->usb, converter->lines > 1 ? GPI_1 : 0,
					 converter->lines > 0 ? GPI_0 : 0,
					 (uint32_t)atoi(js110->values[PARAM_IO_VOLTAGE].word), err);
	if (rc)
		return rc;
	limits_init(js110);
	describe(js110, ret_info);
	return 0;
}

static void js110_close(void *state)
{
	struct js110 *js110 = state;

	usb_close(js110->usb);
}

/* What an earlier stream left behind. */
static int drain(struct js110 *js110, struct err *err)
{
	int64_t until_ns = usb_clock_ns(js110->usb) + (int64_t)DRAIN_LIMIT_MS * NS_PER_MS;
	uint8_t dropped[16 * JS110_FRAME_BYTES];
	size_t count;

	while (usb_clock_ns(js110->usb) < until_ns) {
		int rc = usb_bulk_read(js110->usb, ENDPOINT_IN, dropped, sizeof(dropped), DRAIN_MS,
				       &count, err);

		if (rc)
			return rc == -ETIMEDOUT ? 0 : rc;
	}
	return err_set(err, -EPROTO, "it streams on although it was told to stop");
}

static int js110_start(void *state, struct err *err)
{
	const struct usb_stream_settings stream = {ENDPOINT_IN, TRANSFER_BYTES, TRANSFERS};
	struct js110 *js110 = state;
	int rc = usb_stream_stop(js110->usb, err);

	if (!rc)
		rc = usb_clear_halt(js110->usb, ENDPOINT_IN, err);
	if (!rc)
		rc = configure(js110, false, err);
	if (!rc)
		rc = drain(js110, err);
	js110_capture_restart(&js110->capture);
	js110->end_ns = 0;
	if (!rc)
		rc = usb_stream_start(js110->usb, &stream, err);
	if (!rc)
		rc = configure(js110, true, err);
	if (!rc)
		atomic_store(&js110->streaming, true);
	else
		(void)usb_stream_stop(js110->usb, NULL);
	return rc;
}

static int js110_stop(void *state, struct err *err)
{
	struct js110 *js110 = state;
	int rc = configure(js110, false, err);

	atomic_store(&js110->streaming, false);
	return rc;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool has_ended(struct js110 *js110, bool got_bytes)
{
	int64_t now_ns = usb_clock_ns(js110->usb);

	if (atomic_load(&js110->streaming))
		return false;
	if (!js110->end_ns || got_bytes)
		js110->end_ns = now_ns + (int64_t)QUIET_MS * NS_PER_MS;
	return now_ns >= js110->end_ns;
}

/* A transfer, in slices, to see a stop. -ETIMEDOUT: until_ns is over; -ENODATA: the stream ended.
 */
static int receive(struct js110 *js110, int64_t until_ns, struct err *err)
{
	for (;;) {
		int64_t left_ms = (until_ns - usb_clock_ns(js110->usb) + NS_PER_MS - 1) / NS_PER_MS;
		struct usb_chunk chunk;
		int rc;

		if (left_ms < -BLOCK_MS) /* much comes, but no sample */
			return err_set(err, -ETIMEDOUT, "no samples came");
		left_ms = left_ms < 0 ? 0 : left_ms < SLICE_MS ? left_ms : SLICE_MS;
		rc = usb_stream_read(js110->usb, &chunk, (int)left_ms, err);
		if (rc && rc != -ETIMEDOUT)
			return rc;
		if (has_ended(js110, !rc))
			return err_set(err, -ENODATA, "the stream was stopped");
		if (!rc) {
			js110_capture_fill(&js110->capture, chunk.bytes, chunk.count,
					   chunk.t_mono_ns);
			return 0;
		}
		if (usb_clock_ns(js110->usb) >= until_ns)
			return err_set(err, -ETIMEDOUT, "no samples came");
	}
}

static int js110_read(void *state, struct meter_block *block, int timeout_ms, struct err *err)
{
	struct js110 *js110 = state;
	int64_t until_ns = usb_clock_ns(js110->usb) + (int64_t)timeout_ms * NS_PER_MS;
	uint64_t bad = js110->capture.frames_bad;
	bool is_begun = false;
	int rc = 0;

	while (!rc && !js110_capture_collect(&js110->capture, block)) {
		if (block->count && !is_begun) {
			is_begun = true;
			until_ns = usb_clock_ns(js110->usb) + (int64_t)BLOCK_MS * NS_PER_MS;
		}
		rc = receive(js110, until_ns, err);
	}
	if (!block->count && rc == -ETIMEDOUT && js110->capture.frames_bad > bad)
		return err_set(err, -EPROTO, "%llu frames, and no sample in them",
			       (unsigned long long)(js110->capture.frames_bad - bad));
	if (!block->count)
		return rc;
	js110_capture_finish(&js110->capture, block);
	return 0;
}

const struct meter_ops meter_js110 = {
	.name = "js110",
	.bus = METER_BUS_USB,
	.usb_vendor = 0x16d0,
	.usb_product = 0x0e88,
	.params = params,
	.state_size = sizeof(struct js110),
	.open = js110_open,
	.close = js110_close,
	.start = js110_start,
	.read = js110_read,
	.stop = js110_stop,
};
