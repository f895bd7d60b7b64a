/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bench supply. See the header.
 */
#include "rigs/virtual/server/supply.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define BOARDS_MAX  64
#define VOLTAGE_MAX 5.0

struct supply {
	const struct config_device *config;
	pthread_mutex_t mutex;
	/* Under the mutex. */
	double set_v;
	bool on, has_client;
	unsigned cuts, boards;
	double current_a[BOARDS_MAX];
};

int supply_new(const struct config_device *config, struct supply **ret_supply, struct verr *err)
{
	struct supply *supply = calloc(1, sizeof(*supply));

	if (!supply)
		return verr_set(err, -ENOMEM, "out of memory");
	supply->config = config;
	supply->set_v = config->voltage_v;
	supply->on = true;
	pthread_mutex_init(&supply->mutex, NULL);
	*ret_supply = supply;
	return 0;
}

void supply_free(struct supply *supply)
{
	if (!supply)
		return;
	pthread_mutex_destroy(&supply->mutex);
	free(supply);
}

unsigned supply_attach(struct supply *supply)
{
	return supply->boards++;
}

struct supply_output supply_output(struct supply *supply)
{
	struct supply_output output;

	pthread_mutex_lock(&supply->mutex);
	output = (struct supply_output){
		.voltage_v = supply->on ? supply->set_v : 0,
		.cuts = supply->cuts,
		.has_client = supply->has_client,
	};
	pthread_mutex_unlock(&supply->mutex);
	return output;
}

void supply_report(struct supply *supply, unsigned board, double current_a)
{
	pthread_mutex_lock(&supply->mutex);
	supply->current_a[board] = current_a;
	pthread_mutex_unlock(&supply->mutex);
}

void supply_set_client(struct supply *supply, bool has_client)
{
	pthread_mutex_lock(&supply->mutex);
	supply->has_client = has_client;
	pthread_mutex_unlock(&supply->mutex);
}

/* Commands ----------------------------------------------------------------------------------- */

static void switch_output(struct supply *supply, bool on)
{
	pthread_mutex_lock(&supply->mutex);
	supply->cuts += supply->on && !on;
	supply->on = on;
	pthread_mutex_unlock(&supply->mutex);
}

static enum scpi_error set_output(void *context, const char *parameter, char *ret_reply,
				  size_t size)
{
	int on = 0;
	enum scpi_error error = scpi_switch(parameter, &on);

	(void)ret_reply, (void)size;
	if (!error)
		switch_output(context, on);
	return error;
}

static enum scpi_error get_output(void *context, const char *parameter, char *ret_reply,
				  size_t size)
{
	struct supply *supply = context;

	(void)parameter;
	snprintf(ret_reply, size, "%d", supply_output(supply).voltage_v > 0);
	return SCPI_OK;
}

static void set_volts(struct supply *supply, double volts)
{
	pthread_mutex_lock(&supply->mutex);
	supply->set_v = volts;
	pthread_mutex_unlock(&supply->mutex);
}

static enum scpi_error set_voltage(void *context, const char *parameter, char *ret_reply,
				   size_t size)
{
	double volts;
	enum scpi_error error = scpi_number(parameter, 0, VOLTAGE_MAX, &volts);

	(void)ret_reply, (void)size;
	if (!error)
		set_volts(context, volts);
	return error;
}

static enum scpi_error get_voltage(void *context, const char *parameter, char *ret_reply,
				   size_t size)
{
	struct supply *supply = context;

	(void)parameter;
	pthread_mutex_lock(&supply->mutex);
	snprintf(ret_reply, size, "%.4f", supply->set_v);
	pthread_mutex_unlock(&supply->mutex);
	return SCPI_OK;
}

static enum scpi_error measure_voltage(void *context, const char *parameter, char *ret_reply,
				       size_t size)
{
	(void)parameter;
	snprintf(ret_reply, size, "%.4f", supply_output(context).voltage_v);
	return SCPI_OK;
}

static enum scpi_error measure_current(void *context, const char *parameter, char *ret_reply,
				       size_t size)
{
	struct supply *supply = context;
	double sum_a = 0;

	(void)parameter;
	pthread_mutex_lock(&supply->mutex);
	for (unsigned i = 0; i < supply->boards; i++)
		sum_a += supply->on ? supply->current_a[i] : 0;
	pthread_mutex_unlock(&supply->mutex);
	snprintf(ret_reply, size, "%.6f", sum_a);
	return SCPI_OK;
}

static enum scpi_error reset(void *context, const char *parameter, char *ret_reply, size_t size)
{
	struct supply *supply = context;

	(void)parameter, (void)ret_reply, (void)size;
	set_volts(supply, supply->config->voltage_v);
	switch_output(supply, true);
	return SCPI_OK;
}

const struct scpi_command supply_commands[] = {
	{"*RST", reset},
	{"OUTPut[:STATe]", set_output},
	{"OUTPut[:STATe]?", get_output},
	{"[SOURce:]VOLTage", set_voltage},
	{"[SOURce:]VOLTage?", get_voltage},
	{"MEASure:VOLTage?", measure_voltage},
	{"MEASure:CURRent?", measure_current},
	{NULL, NULL},
};
