/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Acquisitions of the LPM01A: trigger, delay, samples of the instrument's own clock, time stamps
 * each second, end and summary.
 *
 * assumed: a sample of output "current" is the mean of the last 10 us before it (static: the
 * filtered current), one of "energy" is mean current times set voltage times the period; the supply
 * goes on with the start command in power mode auto; the delay runs from the trigger; either edge
 * of D7 triggers; the first time stamp is 0 and comes before the first sample; events are streamed
 * only once samples are; event numbers begin at 1, and their text says "ris" whichever edge was
 * asked for; the order end, ack stop, summary, "Acquisition completed"; what the summary says.
 */
#include <math.h>
#include <stdio.h>

#include "rigs/virtual/meters/lpm01a_internal.h"

#define WINDOW_US     10
#define PS_PER_MS     1000000000ll
#define ENERGY_HZ_MAX 10000
#define ASCII_HZ_MAX  20000
#define PROMPT        "PowerShield > "

/* Table of maximum acquisition times of the command help. */
static const struct {
	unsigned freq_hz;
	double acqtime_max_s;
} ascii_limits[] = {{10000, 1}, {20000, 0.5}};

static const char *refusal(const struct lpm01a_settings *settings)
{
	if (settings->energy && settings->freq_hz > ENERGY_HZ_MAX)
		return "frequency too high for output energy";
	if (settings->binary)
		return NULL;
	if (settings->freq_hz > ASCII_HZ_MAX)
		return "frequency too high for format ascii_dec";
	for (size_t i = 0; i < sizeof(ascii_limits) / sizeof(ascii_limits[0]); i++)
		if (settings->freq_hz == ascii_limits[i].freq_hz &&
		    (settings->acqtime_s <= 0 ||
		     settings->acqtime_s > ascii_limits[i].acqtime_max_s))
			return "acquisition time too long for frequency and format";
	return NULL;
}

/* Start and end ------------------------------------------------------------------------------ */

static void begin_delay(struct vlpm01a *meter)
{
	meter->acquisition.state = LPM01A_WAIT_DELAY;
	meter->acquisition.delay_end_ps = meter->now_ps + meter->settings.trigdelay_ms * PS_PER_MS;
}

const char *lpm01a_start(struct vlpm01a *meter)
{
	const struct lpm01a_settings *settings = &meter->settings;
	const char *why = refusal(settings);
	struct lpm01a_acquisition *acquisition = &meter->acquisition;

	if (why)
		return why;
	*acquisition = (struct lpm01a_acquisition){.least = INFINITY};
	if (settings->acqtime_s > 0)
		acquisition->sample_count =
			(uint64_t)fmax(1, round(settings->acqtime_s * settings->freq_hz));
	if (settings->power == LPM01A_POWER_AUTO)
		lpm01a_set_target(meter, true);
	acquisition->state = LPM01A_WAIT_EDGE;
	if (!settings->trigger_d7)
		begin_delay(meter);
	return NULL;
}

static void send_status(struct vlpm01a *meter, bool on)
{
	if (meter->settings.power_status)
		lpm01a_record(meter, LPM01A_RECORD_INFO, on ? "pwr on" : "pwr off");
}

static void send_summary(struct vlpm01a *meter)
{
	const struct lpm01a_acquisition *acquisition = &meter->acquisition;
	char least[LPM01A_VALUE_SIZE], most[LPM01A_VALUE_SIZE], mean[LPM01A_VALUE_SIZE];

	lpm01a_line(meter, "summary begin");
	lpm01a_line(meter, "samples %llu", (unsigned long long)acquisition->sample);
	if (acquisition->sample) {
		lpm01a_format_value(least, acquisition->least);
		lpm01a_format_value(most, acquisition->most);
		lpm01a_format_value(mean, acquisition->sum / (double)acquisition->sample);
		lpm01a_line(meter, "min %s max %s mean %s", least, most, mean);
	}
	lpm01a_line(meter, "summary end");
}

void lpm01a_stop(struct vlpm01a *meter, bool by_command)
{
	bool stays_on = meter->target_on && !meter->settings.off_at_end;

	send_status(meter, stays_on);
	lpm01a_record(meter, LPM01A_RECORD_END, NULL);
	meter->acquisition.state = LPM01A_IDLE;
	if (!stays_on)
		lpm01a_set_target(meter, false);
	if (by_command)
		lpm01a_line(meter, PROMPT "ack stop");
	send_summary(meter);
	lpm01a_line(meter, PROMPT "Acquisition completed");
}

/* Time --------------------------------------------------------------------------------------- */

/* Of so many nominal microseconds after the origin: 1 us times 1 ppm is 1 ps. */
static int64_t nominal_ps(const struct vlpm01a *meter, int64_t us)
{
	return meter->acquisition.origin_ps + us * (1000000 + meter->analog.crystal_ppm);
}

static void begin_sample(struct vlpm01a *meter)
{
	struct lpm01a_acquisition *acquisition = &meter->acquisition;
	int64_t period_us = 1000000 / meter->settings.freq_hz;
	int64_t end_us = ((int64_t)acquisition->sample + 1) * period_us;

	acquisition->charge_c = 0;
	acquisition->window_charge_c = 0;
	acquisition->sample_start_ps = nominal_ps(meter, end_us - period_us);
	acquisition->window_start_ps = nominal_ps(meter, end_us - WINDOW_US);
	acquisition->sample_end_ps = nominal_ps(meter, end_us);
}

int64_t lpm01a_acquire_next_ps(const struct vlpm01a *meter)
{
	switch (meter->acquisition.state) {
	case LPM01A_WAIT_DELAY:
		return meter->acquisition.delay_end_ps;
	case LPM01A_RUNNING:
		return meter->acquisition.sample_end_ps;
	default:
		return INT64_MAX;
	}
}

void lpm01a_acquire_integrate(struct vlpm01a *meter, int64_t from_ps, int64_t to_ps,
			      double current_a)
{
	struct lpm01a_acquisition *acquisition = &meter->acquisition;
	int64_t window_ps =
		from_ps > acquisition->window_start_ps ? from_ps : acquisition->window_start_ps;

	if (acquisition->state != LPM01A_RUNNING)
		return;
	acquisition->charge_c += current_a * (double)(to_ps - from_ps) / PS_PER_S;
	if (to_ps > window_ps)
		acquisition->window_charge_c += current_a * (double)(to_ps - window_ps) / PS_PER_S;
}

/* Samples ------------------------------------------------------------------------------------ */

static struct lpm01a_reading read_current(struct vlpm01a *meter)
{
	const struct lpm01a_acquisition *acquisition = &meter->acquisition;
	const struct lpm01a_settings *settings = &meter->settings;
	enum lpm01a_ranging ranging = settings->stationary                  ? LPM01A_STATIC
				      : settings->high && !settings->energy ? LPM01A_HIGH
									    : LPM01A_DYNAMIC;
	bool whole = settings->energy || settings->stationary;
	int64_t from_ps = whole ? acquisition->sample_start_ps : acquisition->window_start_ps;
	double seconds = (double)(acquisition->sample_end_ps - from_ps) / PS_PER_S;
	double current_a = (whole ? acquisition->charge_c : acquisition->window_charge_c) / seconds;
	struct lpm01a_reading reading = lpm01a_analog_read(
		&meter->analog, ranging, current_a, seconds, meter->board_c, meter->stick > 0);

	meter->stick -= meter->stick > 0;
	if (meter->saturate) {
		meter->saturate--;
		reading.current_a = lpm01a_analog_top_a(ranging);
		reading.over = true;
	}
	return reading;
}

static void count_sample(struct lpm01a_acquisition *acquisition, double value)
{
	acquisition->sample++;
	acquisition->sum += value;
	acquisition->least = fmin(acquisition->least, value);
	acquisition->most = fmax(acquisition->most, value);
}

static void take_sample(struct vlpm01a *meter)
{
	struct lpm01a_acquisition *acquisition = &meter->acquisition;
	const struct lpm01a_settings *settings = &meter->settings;
	struct lpm01a_reading reading = read_current(meter);
	double value = reading.current_a;

	if (settings->energy)
		value *= settings->volt_mv / 1000.0 / settings->freq_hz;
	meter->threshold = settings->currthres_a > 0 && reading.current_a > settings->currthres_a;
	if (reading.over && !acquisition->over)
		lpm01a_record(meter, LPM01A_RECORD_OVER_CURRENT, NULL);
	acquisition->over = reading.over;
	if (meter->lose)
		meter->lose--;
	else
		lpm01a_sample(meter, value);
	count_sample(acquisition, value);
	if (acquisition->sample % settings->freq_hz == 0)
		lpm01a_record_time(meter, acquisition->sample / settings->freq_hz * 1000);
	if (acquisition->sample == acquisition->sample_count)
		lpm01a_stop(meter, false);
	else
		begin_sample(meter);
}

void lpm01a_acquire_due(struct vlpm01a *meter)
{
	struct lpm01a_acquisition *acquisition = &meter->acquisition;

	if (meter->now_ps < lpm01a_acquire_next_ps(meter))
		return;
	if (acquisition->state == LPM01A_RUNNING) {
		take_sample(meter);
		return;
	}
	acquisition->state = LPM01A_RUNNING;
	acquisition->origin_ps = meter->now_ps;
	send_status(meter, meter->target_on);
	lpm01a_record_time(meter, 0);
	begin_sample(meter);
}

void lpm01a_edge(struct vlpm01a *meter, bool rising)
{
	struct lpm01a_acquisition *acquisition = &meter->acquisition;
	enum lpm01a_event event = meter->settings.event;
	char text[32];

	if (acquisition->state == LPM01A_WAIT_EDGE)
		begin_delay(meter);
	if (acquisition->state != LPM01A_RUNNING ||
	    !(event == LPM01A_EVENT_BOTH ||
	      event == (rising ? LPM01A_EVENT_RISING : LPM01A_EVENT_FALLING)))
		return;
	snprintf(text, sizeof(text), "event %u ris", ++acquisition->event);
	lpm01a_record(meter, LPM01A_RECORD_INFO, text);
}
