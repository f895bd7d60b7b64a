/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/js220_setup.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	RATE_HZ = 1000000,
	RANGES = 6,
	/* 100 blocks a second, the most that the vendor's UI asks for. */
	STATISTICS_SAMPLES = 10000,
	OVER_SAMPLES = 100,             /* 0.1 ms: far longer than ranging takes */
	MISFIT_SAMPLES = 10000,         /* 10 ms */
	VERSION_DECIMATES = 0x01030000, /* firmware and FPGA from 1.3.0 on have the topics */
};

const struct meter_param js220_params[JS220_PARAMS + 1] = {
	{"rate_hz", "Hz", "1000000", 1000, RATE_HZ,
	 "samples per second, a divisor of 1000000; below that each is the plain mean of several"},
	{"range", "", "auto", 0, 0,
	 "auto|10 A|180 mA|18 mA|1.8 mA|180 uA|18 uA: current range, fixed or switched"},
	{"voltage_range", "", "auto", 0, 0, "auto|15 V|2 V: voltage range, fixed or switched"},
	{"lines", "", "3", 0, 4, "logic inputs that are streamed, from input 0 on"},
	{"vref", "", "internal", 0, 0,
	 "external|internal: threshold of the logic inputs, by the Vref pin or for 3.3 V"},
	{"serial", "", "any", 0, 0, "*: serial number that the instrument must have"},
	{NULL},
};

/* Ranges: the vendor's names for them. The shunts of 18 mA and 1.8 mA are from a forum post of the
 * vendor (20 mV at full scale), the others are not known. Nothing was confirmed of resolution and
 * offset: one step of a converter of 16 bits (the raw streams are i16) over the range and 10 % both
 * ways is assumed, and a zero that is off by no more than such a step, evenly distributed. */
static const struct {
	double max_a, shunt_ohm;
} ranges[RANGES] = {
	{10, 0}, {180e-3, 0}, {18e-3, 1.11}, {1.8e-3, 11.11}, {180e-6, 0}, {18e-6, 0},
};

static const double converter_span = 2 * 1.1 / 65536;
static const double voltage_max_v = 15;
/* Type B, not confirmed by a data sheet, and meant to be replaced by a calibration. */
static const double gain_u_rel = 0.005, voltage_gain_u_rel = 0.005;

static const char *const stream_topics[] = {
	[JS220_CURRENT] = "s/i/ctrl",     [JS220_VOLTAGE] = "s/v/ctrl",
	[JS220_RANGE] = "s/i/range/ctrl", [JS220_GPI] = "s/gpi/0/ctrl",
	[JS220_GPI + 1] = "s/gpi/1/ctrl", [JS220_GPI + 2] = "s/gpi/2/ctrl",
	[JS220_GPI + 3] = "s/gpi/3/ctrl",
};
static const char *const other_topics[] = {
	"s/p/ctrl",     "s/adc/0/ctrl", "s/adc/1/ctrl", "s/adc/2/ctrl",
	"s/adc/3/ctrl", "s/gpi/7/ctrl", "s/stats/ctrl",
};

enum { OTHER_TOPICS = sizeof(other_topics) / sizeof(other_topics[0]) };

/* --- settings --------------------------------------------------------------------------------- */

static bool is_fixed(const struct js220_setup *setup, enum js220_param param)
{
	return strcmp(setup->values[param].word, "auto") != 0;
}

unsigned js220_setup_signals(const struct js220_setup *setup)
{
	unsigned lines = (unsigned)setup->values[JS220_PARAM_LINES].number;

	return 1u << JS220_CURRENT | 1u << JS220_VOLTAGE | 1u << JS220_RANGE |
	       ((1u << lines) - 1) << JS220_GPI;
}

/* What is looked up in the instrument's metadata: mode and range of current and voltage. */
static size_t options_prepare(struct js220_setup *setup)
{
	struct js220_option *options = setup->options;
	size_t count = 0;

	for (int n = 0; n < 2; n++) {
		enum js220_param param = n ? JS220_PARAM_VOLTAGE_RANGE : JS220_PARAM_RANGE;
		bool fixed = is_fixed(setup, param);

		if (fixed)
			options[count++] =
				(struct js220_option){n ? "s/v/range/select" : "s/i/range/select",
						      setup->values[param].word};
		options[count++] = (struct js220_option){n ? "s/v/range/mode" : "s/i/range/mode",
							 fixed ? "manual" : "auto"};
	}
	return count;
}

int js220_setup_take(struct js220_setup *setup, const struct meter_settings *settings,
		     struct err *err)
{
	int rc = meter_params_parse(js220_params, settings->options, setup->values, err);
	double factor, lines;

	if (rc)
		return rc;
	factor = RATE_HZ / setup->values[JS220_PARAM_RATE].number;
	lines = setup->values[JS220_PARAM_LINES].number;
	if (factor != rint(factor))
		return err_set(err, -EINVAL, "rate_hz=%g does not divide %d",
			       setup->values[JS220_PARAM_RATE].number, RATE_HZ);
	if (lines != rint(lines))
		return err_set(err, -EINVAL, "lines=%g is no whole number", lines);
	setup->factor = (uint32_t)factor;
	setup->option_count = options_prepare(setup);
	return 0;
}

static int set_all(struct js220_session *session, const char *const *topics, size_t count,
		   unsigned mask, uint32_t value, struct err *err)
{
	int rc = 0;

	for (size_t n = 0; n < count && !rc; n++)
		if (mask >> n & 1)
			rc = js220_session_set(session, topics[n], value, err);
	return rc;
}

int js220_switch_off(struct js220_session *session, struct err *err)
{
	int rc = set_all(session, stream_topics, JS220_SIGNALS, ~0u, 0, err);

	return rc ? rc : set_all(session, other_topics, OTHER_TOPICS, ~0u, 0, err);
}

int js220_switch_on(const struct js220_setup *setup, struct js220_session *session, struct err *err)
{
	int rc = set_all(session, stream_topics, JS220_SIGNALS, js220_setup_signals(setup), 1, err);

	return rc ? rc : js220_session_set(session, "s/stats/ctrl", 1, err);
}

/* A setting that any earlier user may have left otherwise is made here. */
int js220_setup_apply(const struct js220_setup *setup, struct js220_session *session,
		      struct err *err)
{
	static const struct {
		const char *topic;
		uint32_t value;
		bool decimates;
	} plain[] = {
		{"s/i/range/min", 0, false},
		{"s/i/range/max", RANGES - 1, false},
		{"s/dwnN/N", 1, true},
		{"s/gpi/+/dwnN/N", 1, true},
	};
	bool decimates = session->versions.firmware >= VERSION_DECIMATES &&
			 session->versions.fpga >= VERSION_DECIMATES;
	uint32_t factor = setup->factor;
	uint32_t means = (STATISTICS_SAMPLES + factor - 1) / factor;
	int rc = js220_switch_off(session, err);

	for (size_t n = 0; n < sizeof(plain) / sizeof(plain[0]) && !rc; n++)
		if (decimates || !plain[n].decimates)
			rc = js220_session_set(session, plain[n].topic, plain[n].value, err);
	for (size_t n = 0; n < setup->option_count && !rc; n++)
		rc = js220_session_set(session, setup->options[n].topic, setup->options[n].value,
				       err);
	if (!rc)
		rc = js220_session_set(session, "c/gpio/vref",
				       (uint32_t)setup->values[JS220_PARAM_VREF].number, err);
	if (!rc)
		rc = js220_session_set(session, "s/stats/scnt", means * factor, err);
	return rc ? rc : js220_session_settle(session, err);
}

void js220_setup_limits(const struct js220_setup *setup, struct joulescope_blocks *blocks)
{
	blocks->factor = setup->factor;
	for (int n = 0; n < METER_RANGES_MAX; n++) {
		double over_a = n >= RANGES ? INFINITY
				: n         ? 1.05 * ranges[n].max_a
					    : ranges[0].max_a;
		double misfit_a = n < RANGES - 1 ? ranges[n + 1].max_a / 4 : 0;

		blocks->limit[n] = (struct joulescope_limit){
			.over_a = (float)over_a,
			.under_a = (float)-over_a,
			.misfit_a = (float)misfit_a,
			.over_samples = n ? OVER_SAMPLES : 1,
		};
	}
	blocks->misfit_samples = is_fixed(setup, JS220_PARAM_RANGE) ? 0 : MISFIT_SAMPLES;
}

/* --- identity --------------------------------------------------------------------------------- */

int js220_setup_check_serial(const struct js220_setup *setup, const struct usb_identity *identity,
			     struct err *err)
{
	const char *wanted = setup->values[JS220_PARAM_SERIAL].word;

	if (!setup->values[JS220_PARAM_SERIAL].given || !strcmp(wanted, identity->serial))
		return 0;
	return err_set(err, -ENOTSUP, "this is instrument \"%s\", not \"%s\"", identity->serial,
		       wanted);
}

static void describe_ranges(struct meter_info *info)
{
	info->range_count = RANGES;
	for (int n = 0; n < RANGES; n++) {
		double step_a = ranges[n].max_a * converter_span;

		info->ranges[n] = (struct meter_range){
			.max_a = ranges[n].max_a,
			.resolution_a = step_a,
			.offset_u_a = step_a / sqrt(3),
			.shunt_ohm = ranges[n].shunt_ohm,
		};
	}
	info->offset_u_a = info->ranges[RANGES - 1].offset_u_a;
}

static void version_text(uint32_t version, char ret_text[16])
{
	snprintf(ret_text, 16, "%u.%u.%u", version >> 24, version >> 16 & 255, version & 0xffff);
}

void js220_setup_describe(const struct js220_setup *setup, const struct js220_session *session,
			  struct meter_info *ret_info)
{
	const struct usb_identity *identity = usb_identity(session->usb);
	struct meter_info info = {
		.model = "js220",
		.rate_hz = (double)RATE_HZ / setup->factor,
		.range_max_a = ranges[0].max_a,
		.gain_u_rel = gain_u_rel,
		.voltage_gain_u_rel = voltage_gain_u_rel,
		.voltage_resolution_v = voltage_max_v * converter_span,
		.voltage_offset_u_v = voltage_max_v * converter_span / sqrt(3),
		.caps = METER_CAP_VOLTAGE | METER_CAP_INTEGRAL |
			(setup->values[JS220_PARAM_LINES].number > 0 ? METER_CAP_MARKERS : 0),
		.is_virtual = identity->is_virtual,
	};
	char firmware[16], hardware[16], fpga[16];

	version_text(session->versions.firmware, firmware);
	version_text(session->versions.hardware, hardware);
	version_text(session->versions.fpga, fpga);
	snprintf(info.serial, sizeof(info.serial), "%.31s", identity->serial);
	snprintf(info.calibration, sizeof(info.calibration),
		 "{\"calibrated_by\":\"instrument\",\"firmware\":\"%s\",\"hardware\":\"%s\","
		 "\"fpga\":\"%s\",\"range\":\"%s\",\"voltage_range\":\"%s\",\"averaged\":%u}",
		 firmware, hardware, fpga, setup->values[JS220_PARAM_RANGE].word,
		 setup->values[JS220_PARAM_VOLTAGE_RANGE].word, setup->factor);
	describe_ranges(&info);
	*ret_info = info;
}
