/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A thermal chamber. See the header.
 *
 * The air ramps with the slew rate to the target and beyond it by the overshoot (less where the
 * whole way is shorter than that), then comes back with a time constant of a quarter of the
 * settling time, after which less than 2 % of the overshoot is left. Switched off, it drifts to the
 * room's temperature with twenty times that constant. Modelled; of no particular chamber.
 */
#include "rigs/virtual/server/chamber.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "rigs/virtual/server/truth.h"

#define PLACES_MAX   64
#define SETTLE_TAUS  4
#define DRIFT_SHARE  20
#define TARGET_MIN_C (-40.0)
#define TARGET_MAX_C 105.0
#define SLEW_MIN     0.06   /* K/min */
#define SLEW_MAX     6000.0 /* K/min */
#define STEP_MAX_S   1.0

struct chamber_place {
	double temp_c;
	bool running;
};

struct chamber {
	const struct config_device *config;
	double pace;
	unsigned places_count;
	FILE *log; /* NULL: none */
	pthread_mutex_t mutex;
	/* Under the mutex. */
	struct chamber_program program;
	bool speaks_fahrenheit; /* what it takes and answers; *RST leaves it */
	struct chamber_air own;
	int64_t own_ns; /* until when it has been followed; 0: not begun */
	struct chamber_place places[PLACES_MAX];
};

/* Air ---------------------------------------------------------------------------------------- */

static void air_take_program(const struct config_device *config,
			     const struct chamber_program *program, struct chamber_air *air)
{
	double way_k = program->target_c - air->temp_c;
	double beyond_k = fmin(config->overshoot_k, fabs(way_k));

	air->serial = program->serial;
	air->ramping = way_k != 0;
	air->goal_c = program->target_c + copysign(beyond_k, way_k);
}

/* Ramps for at most dt_s; returns what is left of it. */
static double air_ramp(double slew_k_per_s, struct chamber_air *air, double dt_s)
{
	double way_k = air->goal_c - air->temp_c, step_k = slew_k_per_s * dt_s;

	if (fabs(way_k) > step_k) {
		air->temp_c += copysign(step_k, way_k);
		return 0;
	}
	air->temp_c = air->goal_c;
	air->ramping = false;
	return dt_s - fabs(way_k) / slew_k_per_s;
}

static void air_approach(struct chamber_air *air, double target_c, double tau_s, double dt_s)
{
	air->temp_c = target_c + (air->temp_c - target_c) * exp(-dt_s / tau_s);
}

void chamber_air_step(const struct config_device *config, const struct chamber_program *program,
		      struct chamber_air *air, double dt_s)
{
	double tau_s = config->settle_s / SETTLE_TAUS;

	if (air->serial != program->serial)
		air_take_program(config, program, air);
	if (!program->on) {
		air_approach(air, config->ambient_c, tau_s * DRIFT_SHARE, dt_s);
		return;
	}
	if (air->ramping)
		dt_s = air_ramp(program->slew_k_per_s, air, dt_s);
	if (dt_s > 0)
		air_approach(air, program->target_c, tau_s, dt_s);
}

/* Life --------------------------------------------------------------------------------------- */

static void set_defaults(struct chamber *chamber)
{
	chamber->program.target_c = chamber->config->ambient_c;
	chamber->program.slew_k_per_s = chamber->config->slew_k_per_s;
	chamber->program.on = false;
	chamber->program.serial++;
}

static int open_log(struct chamber *chamber, struct verr *err)
{
	int rc = chamber->config->log ? truth_file_open(chamber->config->log, &chamber->log, err)
				      : 0;

	if (rc == 0 && chamber->log) {
		fprintf(chamber->log,
			"{\"schema\": \"joulebench-chamber/1\", \"chamber\": \"%s\"}\n",
			chamber->config->name);
		fflush(chamber->log);
	}
	return rc;
}

int chamber_new(const struct config_device *config, double pace, struct chamber **ret_chamber,
		struct verr *err)
{
	struct chamber *chamber = calloc(1, sizeof(*chamber));
	int rc;

	if (!chamber)
		return verr_set(err, -ENOMEM, "out of memory");
	chamber->config = config;
	chamber->pace = pace;
	chamber->own.temp_c = config->ambient_c;
	set_defaults(chamber);
	pthread_mutex_init(&chamber->mutex, NULL);
	rc = open_log(chamber, err);
	if (rc < 0) {
		chamber_free(chamber);
		return rc;
	}
	*ret_chamber = chamber;
	return 0;
}

void chamber_free(struct chamber *chamber)
{
	if (!chamber)
		return;
	if (chamber->log)
		fclose(chamber->log);
	pthread_mutex_destroy(&chamber->mutex);
	free(chamber);
}

unsigned chamber_attach(struct chamber *chamber)
{
	return chamber->places_count++;
}

struct chamber_program chamber_program(struct chamber *chamber)
{
	struct chamber_program program;

	pthread_mutex_lock(&chamber->mutex);
	program = chamber->program;
	pthread_mutex_unlock(&chamber->mutex);
	return program;
}

/* Under the mutex. */
static void follow_own(struct chamber *chamber, int64_t now_ns)
{
	double passed_s;

	if (!chamber->own_ns)
		chamber->own_ns = now_ns;
	passed_s = chamber->pace * 1e-9 * (double)(now_ns - chamber->own_ns);
	chamber->own_ns = now_ns;
	while (passed_s > 0) {
		double step_s = fmin(passed_s, STEP_MAX_S);

		chamber_air_step(chamber->config, &chamber->program, &chamber->own, step_s);
		passed_s -= step_s;
	}
}

struct chamber_air chamber_own_air(struct chamber *chamber, int64_t now_ns)
{
	struct chamber_air air;

	pthread_mutex_lock(&chamber->mutex);
	follow_own(chamber, now_ns);
	air = chamber->own;
	pthread_mutex_unlock(&chamber->mutex);
	return air;
}

void chamber_report(struct chamber *chamber, unsigned place, double temp_c, bool running)
{
	pthread_mutex_lock(&chamber->mutex);
	chamber->places[place] = (struct chamber_place){temp_c, running};
	pthread_mutex_unlock(&chamber->mutex);
}

/* Commands ----------------------------------------------------------------------------------- */

/* Under the mutex. */
static double display_c(const struct chamber *chamber)
{
	double target_c = chamber->program.target_c, shown_c = chamber->own.temp_c;
	bool any = false;

	for (unsigned i = 0; i < chamber->places_count; i++) {
		const struct chamber_place *place = &chamber->places[i];

		if (!place->running)
			continue;
		if (!any || fabs(place->temp_c - target_c) > fabs(shown_c - target_c))
			shown_c = place->temp_c;
		any = true;
	}
	return shown_c;
}

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void change(struct chamber *chamber, const struct chamber_program *program)
{
	pthread_mutex_lock(&chamber->mutex);
	follow_own(chamber, clock_ns());
	chamber->program.target_c = program->target_c;
	chamber->program.slew_k_per_s = program->slew_k_per_s;
	chamber->program.on = program->on;
	chamber->program.serial++;
	pthread_mutex_unlock(&chamber->mutex);
}

static void log_target(struct chamber *chamber, double target_c)
{
	if (!chamber->log)
		return;
	fprintf(chamber->log, "{\"target_c\": %.2f}\n", target_c);
	fflush(chamber->log);
}

static bool speaks_fahrenheit(struct chamber *chamber)
{
	bool speaks;

	pthread_mutex_lock(&chamber->mutex);
	speaks = chamber->speaks_fahrenheit;
	pthread_mutex_unlock(&chamber->mutex);
	return speaks;
}

static double spoken(double temp_c, bool in_fahrenheit)
{
	return in_fahrenheit ? temp_c * 9 / 5 + 32 : temp_c;
}

static enum scpi_error set_unit(void *context, const char *parameter, char *ret_reply, size_t size)
{
	struct chamber *chamber = context;
	bool is_fahrenheit = !strcasecmp(parameter, "F");

	(void)ret_reply, (void)size;
	if (!*parameter)
		return SCPI_MISSING_PARAMETER;
	if (!is_fahrenheit && strcasecmp(parameter, "C"))
		return SCPI_WRONG_PARAMETER;
	pthread_mutex_lock(&chamber->mutex);
	chamber->speaks_fahrenheit = is_fahrenheit;
	pthread_mutex_unlock(&chamber->mutex);
	return SCPI_OK;
}

static enum scpi_error get_unit(void *context, const char *parameter, char *ret_reply, size_t size)
{
	(void)parameter;
	snprintf(ret_reply, size, "%s", speaks_fahrenheit(context) ? "F" : "C");
	return SCPI_OK;
}

/* A set point switches the chamber on, as on most controllers. */
static enum scpi_error set_target(void *context, const char *parameter, char *ret_reply,
				  size_t size)
{
	struct chamber_program program = chamber_program(context);
	bool in_fahrenheit = speaks_fahrenheit(context);
	double target;
	enum scpi_error error = scpi_number(parameter, spoken(TARGET_MIN_C, in_fahrenheit),
					    spoken(TARGET_MAX_C, in_fahrenheit), &target);

	(void)ret_reply, (void)size;
	if (error)
		return error;
	program.target_c = in_fahrenheit ? (target - 32) * 5 / 9 : target;
	program.on = true;
	change(context, &program);
	log_target(context, program.target_c);
	return SCPI_OK;
}

static enum scpi_error get_target(void *context, const char *parameter, char *ret_reply,
				  size_t size)
{
	(void)parameter;
	snprintf(ret_reply, size, "%.2f",
		 spoken(chamber_program(context).target_c, speaks_fahrenheit(context)));
	return SCPI_OK;
}

static enum scpi_error set_slew(void *context, const char *parameter, char *ret_reply, size_t size)
{
	struct chamber_program program = chamber_program(context);
	double k_per_min;
	enum scpi_error error = scpi_number(parameter, SLEW_MIN, SLEW_MAX, &k_per_min);

	(void)ret_reply, (void)size;
	if (error)
		return error;
	program.slew_k_per_s = k_per_min / 60;
	change(context, &program);
	return SCPI_OK;
}

static enum scpi_error get_slew(void *context, const char *parameter, char *ret_reply, size_t size)
{
	(void)parameter;
	snprintf(ret_reply, size, "%.3f", chamber_program(context).slew_k_per_s * 60);
	return SCPI_OK;
}

static enum scpi_error measure(void *context, const char *parameter, char *ret_reply, size_t size)
{
	struct chamber *chamber = context;

	(void)parameter;
	pthread_mutex_lock(&chamber->mutex);
	follow_own(chamber, clock_ns());
	snprintf(ret_reply, size, "%.3f", spoken(display_c(chamber), chamber->speaks_fahrenheit));
	pthread_mutex_unlock(&chamber->mutex);
	return SCPI_OK;
}

static enum scpi_error set_output(void *context, const char *parameter, char *ret_reply,
				  size_t size)
{
	struct chamber_program program = chamber_program(context);
	int on = 0;
	enum scpi_error error = scpi_switch(parameter, &on);

	(void)ret_reply, (void)size;
	program.on = on;
	if (!error)
		change(context, &program);
	return error;
}

static enum scpi_error get_output(void *context, const char *parameter, char *ret_reply,
				  size_t size)
{
	(void)parameter;
	snprintf(ret_reply, size, "%d", chamber_program(context).on);
	return SCPI_OK;
}

static enum scpi_error reset(void *context, const char *parameter, char *ret_reply, size_t size)
{
	struct chamber *chamber = context;

	(void)parameter, (void)ret_reply, (void)size;
	pthread_mutex_lock(&chamber->mutex);
	follow_own(chamber, clock_ns());
	set_defaults(chamber);
	pthread_mutex_unlock(&chamber->mutex);
	return SCPI_OK;
}

const struct scpi_command chamber_commands[] = {
	{"*RST", reset},
	{"[SOURce:]TEMPerature[:SPOint]", set_target},
	{"[SOURce:]TEMPerature[:SPOint]?", get_target},
	{"[SOURce:]TEMPerature:SLEW", set_slew},
	{"[SOURce:]TEMPerature:SLEW?", get_slew},
	{"MEASure:TEMPerature?", measure},
	{"UNIT:TEMPerature", set_unit},
	{"UNIT:TEMPerature?", get_unit},
	{"[SOURce:]CLOop:SPOint", set_target},
	{"[SOURce:]CLOop:SPOint?", get_target},
	{"[SOURce:]CLOop:PVALue?", measure},
	{"[SOURce:]CLOop:RRATe", set_slew},
	{"[SOURce:]CLOop:RRATe?", get_slew},
	{"OUTPut[:STATe]", set_output},
	{"OUTPut[:STATe]?", get_output},
	{NULL, NULL},
};
