/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The digital side of a PPK2 (Nordic Power Profiler Kit II): command parser, metadata, sample
 * words.
 *
 * Commands are one byte and a fixed number of arguments, without framing: a lost byte shifts all
 * that follow until the host is quiet, as on the instrument. Bytes that are no command are ignored.
 * The device sheet gives no argument lengths for the trigger, switch point and resistor commands,
 * which the streaming mode does not use; those in the table are taken from the first kit's
 * protocol.
 */
#include "rigs/virtual/meters/ppk2.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/ppk2_analog.h"

#define ARGUMENTS_MAX    12
#define MODE_AMPERE      1
#define MODE_SOURCE      2
#define DEFAULT_MV       3000
#define SUPPLY_MIN_MV    800
#define SUPPLY_MAX_MV    5000
#define SUPPLY_ERROR_MAX 0.0008
#define CRYSTAL_MAX_PPB  30000
#define INTERVAL_PS      10000000 /* 100 kSa/s */

struct vppk2 {
	struct ppk2_analog analog;
	int32_t crystal_ppb;
	double supply_gain; /* true voltage per set voltage */
	/* Settings of the host. */
	bool streaming, dut_on;
	unsigned mode, set_mv;
	/* Stream state. */
	unsigned counter;
	/* Command parser. */
	const struct ppk2_command *command; /* whose arguments are being collected; NULL: none */
	uint8_t arguments[ARGUMENTS_MAX];
	unsigned argument_count;
	/* Bytes for the host: a ring. */
	uint8_t *queue;
	size_t head, pending;
	struct ppk2_faults faults;
	uint64_t stuck_samples; /* that are left; 0: no end, while stuck */
};

struct ppk2_command {
	uint8_t code;
	uint8_t arguments;
	void (*run)(struct vppk2 *meter, const uint8_t *arguments); /* NULL: accepted, no effect */
};

static void ppk2_defaults(struct vppk2 *meter)
{
	meter->streaming = false;
	meter->dut_on = false;
	meter->mode = MODE_SOURCE;
	meter->set_mv = DEFAULT_MV;
	meter->counter = 0;
	meter->analog.range = 0;
	meter->analog.below = 0;
	meter->analog.disturbance = 0;
	meter->analog.stuck = false;
}

struct vppk2 *vppk2_new(uint64_t seed)
{
	struct vrandom random = {vrandom_seed(seed, "ppk2")};
	struct vppk2 *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return NULL;
	meter->queue = malloc(VPPK2_QUEUE_BYTES);
	if (!meter->queue) {
		free(meter);
		return NULL;
	}
	meter->crystal_ppb = (int32_t)lrint(CRYSTAL_MAX_PPB * vrandom_even(&random));
	meter->supply_gain = 1 + SUPPLY_ERROR_MAX * vrandom_even(&random);
	ppk2_analog_init(&meter->analog, seed);
	ppk2_defaults(meter);
	return meter;
}

void vppk2_keep_errors(struct vppk2 *meter, unsigned errors)
{
	if (!(errors & VPPK2_ERROR_SUPPLY))
		meter->supply_gain = 1;
	ppk2_analog_keep_errors(&meter->analog, errors & VPPK2_ERROR_GAIN,
				errors & VPPK2_ERROR_ZERO);
}

void vppk2_free(struct vppk2 *meter)
{
	if (!meter)
		return;
	free(meter->queue);
	free(meter);
}

/* Bytes for the host ------------------------------------------------------------------------- */

static void ppk2_emit(struct vppk2 *meter, const void *bytes, size_t count)
{
	size_t tail = (meter->head + meter->pending) % VPPK2_QUEUE_BYTES;
	size_t first = count < VPPK2_QUEUE_BYTES - tail ? count : VPPK2_QUEUE_BYTES - tail;

	if (count > VPPK2_QUEUE_BYTES - meter->pending)
		return; /* whole words are lost, never parts */
	memcpy(meter->queue + tail, bytes, first);
	memcpy(meter->queue, (const uint8_t *)bytes + first, count - first);
	meter->pending += count;
}

size_t vppk2_take_bytes(struct vppk2 *meter, uint8_t *ret_bytes, size_t capacity)
{
	size_t count = meter->pending < capacity ? meter->pending : capacity;
	size_t to_end = VPPK2_QUEUE_BYTES - meter->head;
	size_t first = count < to_end ? count : to_end;

	memcpy(ret_bytes, meter->queue + meter->head, first);
	memcpy(ret_bytes + first, meter->queue, count - first);
	meter->head = (meter->head + count) % VPPK2_QUEUE_BYTES;
	meter->pending -= count;
	return count;
}

size_t vppk2_pending_bytes(const struct vppk2 *meter)
{
	return meter->pending;
}

/* Metadata ----------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void ppk2_line(struct vppk2 *meter, const char *format,
							    ...)
{
	char text[64];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length > 0 && (size_t)length < sizeof(text))
		ppk2_emit(meter, text, (size_t)length);
}

static void ppk2_emit_metadata(struct vppk2 *meter, const uint8_t *arguments)
{
	const struct ppk2_calibration *c = meter->analog.printed;

	(void)arguments;
	ppk2_line(meter, "Calibrated: 1\n");
	for (int n = 0; n < PPK2_RANGES; n++)
		ppk2_line(meter, "R%d: %.4f\n", n, c[n].r_ohm);
	for (int n = 0; n < PPK2_RANGES; n++)
		ppk2_line(meter, "GS%d: %.5f\n", n, c[n].gs);
	for (int n = 0; n < PPK2_RANGES; n++)
		ppk2_line(meter, "GI%d: %.5f\n", n, c[n].gi);
	for (int n = 0; n < PPK2_RANGES; n++)
		ppk2_line(meter, "O%d: %.4f\n", n, c[n].o);
	ppk2_line(meter, "VDD: %u\n", meter->set_mv);
	ppk2_line(meter, "HW: 9173\n");
	ppk2_line(meter, "mode: %u\n", meter->mode);
	for (int n = 0; n < PPK2_RANGES; n++)
		ppk2_line(meter, "S%d: %.9f\n", n, c[n].s);
	for (int n = 0; n < PPK2_RANGES; n++)
		ppk2_line(meter, "I%d: %.9f\n", n, c[n].i_a);
	for (int n = 0; n < PPK2_RANGES; n++)
		ppk2_line(meter, "UG%d: %.5f\n", n, c[n].ug);
	ppk2_line(meter, "IA: 56\n");
	ppk2_line(meter, "END\n");
}

/* Commands ----------------------------------------------------------------------------------- */

static void ppk2_start(struct vppk2 *meter, const uint8_t *arguments)
{
	(void)arguments;
	if (!meter->streaming)
		meter->counter = 0;
	meter->streaming = true;
}

static void ppk2_stop(struct vppk2 *meter, const uint8_t *arguments)
{
	(void)arguments;
	meter->streaming = false;
}

static void ppk2_set_power(struct vppk2 *meter, const uint8_t *arguments)
{
	meter->dut_on = arguments[0] != 0;
}

static void ppk2_set_voltage(struct vppk2 *meter, const uint8_t *arguments)
{
	unsigned mv = (unsigned)arguments[0] << 8 | arguments[1];

	if (mv < SUPPLY_MIN_MV)
		mv = SUPPLY_MIN_MV;
	if (mv > SUPPLY_MAX_MV)
		mv = SUPPLY_MAX_MV;
	meter->set_mv = mv;
}

static void ppk2_set_mode(struct vppk2 *meter, const uint8_t *arguments)
{
	if (arguments[0] == MODE_AMPERE || arguments[0] == MODE_SOURCE)
		meter->mode = arguments[0];
}

static void ppk2_reset(struct vppk2 *meter, const uint8_t *arguments)
{
	(void)arguments;
	ppk2_defaults(meter);
	meter->pending = 0;
}

static void ppk2_set_user_gain(struct vppk2 *meter, const uint8_t *arguments)
{
	uint32_t bits = (uint32_t)arguments[1] | (uint32_t)arguments[2] << 8 |
			(uint32_t)arguments[3] << 16 | (uint32_t)arguments[4] << 24;
	float gain;

	memcpy(&gain, &bits, sizeof(gain));
	/* A line of metadata holds no more; a real gain is near 1. */
	if (arguments[0] < PPK2_RANGES && isfinite(gain) && fabsf(gain) < 1e6f)
		meter->analog.printed[arguments[0]].ug = gain;
}

static const struct ppk2_command commands[] = {
	{0x01, 3, NULL}, /* trigger level */
	{0x03, 2, NULL}, /* trigger window */
	{0x05, 3, NULL}, /* single trigger */
	{0x06, 0, ppk2_start},
	{0x07, 0, ppk2_stop},
	{0x0c, 1, ppk2_set_power},
	{0x0d, 2, ppk2_set_voltage},
	{0x0e, 2, NULL}, /* range switch point down */
	{0x0f, 2, NULL}, /* range switch point up */
	{0x11, 1, ppk2_set_mode},
	{0x12, 12, NULL}, /* user resistors: three floats */
	{0x15, 0, NULL},  /* firmware spike filter on: its effect is not modelled */
	{0x16, 0, NULL},  /* firmware spike filter off */
	{0x19, 0, ppk2_emit_metadata},
	{0x20, 0, ppk2_reset},
	{0x25, 5, ppk2_set_user_gain},
};

static const struct ppk2_command *ppk2_command_find(uint8_t code)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].code == code)
			return &commands[i];
	return NULL;
}

static void ppk2_host_byte(struct vppk2 *meter, uint8_t byte)
{
	const struct ppk2_command *command = meter->command;

	if (command) {
		meter->arguments[meter->argument_count++] = byte;
	} else {
		command = ppk2_command_find(byte);
		if (!command)
			return;
		meter->command = command;
		meter->argument_count = 0;
	}
	if (meter->argument_count < command->arguments)
		return;
	meter->command = NULL;
	if (command->run)
		command->run(meter, meter->arguments);
}

void vppk2_host_bytes(struct vppk2 *meter, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ppk2_host_byte(meter, bytes[i]);
}

/* Samples ------------------------------------------------------------------------------------ */

int64_t vppk2_sample_end_ps(const struct vppk2 *meter, uint64_t n)
{
	int64_t count = (int64_t)n + 1;

	/* INTERVAL_PS * ppb / 1e9 = ppb / 100 ps per sample, rounded only in the end. */
	return count * INTERVAL_PS + count * meter->crystal_ppb / (1000000000 / INTERVAL_PS);
}

static void ppk2_range_age(struct vppk2 *meter)
{
	if (meter->analog.stuck && meter->stuck_samples && --meter->stuck_samples == 0)
		meter->analog.stuck = false;
}

static void ppk2_send(struct vppk2 *meter, struct ppk2_reading reading, uint8_t logic)
{
	uint32_t word = reading.adc | (uint32_t)reading.range << 14 |
			(uint32_t)meter->counter << 18 | (uint32_t)logic << 24;
	uint8_t bytes[4];

	meter->counter = (meter->counter + 1) % 64;
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(word >> (8 * i));
	if (meter->faults.lose)
		meter->faults.lose--;
	else
		ppk2_emit(meter, bytes, sizeof(bytes));
}

void vppk2_sample(struct vppk2 *meter, double current_a, uint8_t logic)
{
	struct ppk2_reading reading;

	ppk2_range_age(meter);
	logic = ppk2_faults_logic(&meter->faults, logic);
	if (!meter->streaming) {
		ppk2_analog_track(&meter->analog, current_a);
		return;
	}
	reading = ppk2_analog_read(&meter->analog, current_a, meter->set_mv);
	if (meter->faults.saturate) {
		meter->faults.saturate--;
		reading = ppk2_analog_top();
	}
	if (vppk2_supply_v(meter) <= 0)
		logic = 0; /* the logic port is fed by the board's supply */
	ppk2_send(meter, reading, logic);
}

bool vppk2_streaming(const struct vppk2 *meter)
{
	return meter->streaming;
}

double vppk2_supply_v(const struct vppk2 *meter)
{
	if (!meter->dut_on || meter->mode != MODE_SOURCE)
		return 0;
	return meter->set_mv / 1000.0 * meter->supply_gain;
}

/* Faults ------------------------------------------------------------------------------------- */

void vppk2_lose_samples(struct vppk2 *meter, unsigned count)
{
	meter->faults.lose = count;
}

void vppk2_saturate(struct vppk2 *meter, unsigned count)
{
	meter->faults.saturate = count;
}

void vppk2_stick_range(struct vppk2 *meter, unsigned range, uint64_t samples)
{
	if (range >= PPK2_RANGES)
		return;
	meter->analog.stuck = true;
	meter->analog.stuck_range = range;
	meter->stuck_samples = samples;
}

void vppk2_disturb_marker(struct vppk2 *meter, unsigned line, enum ppk2_marker_fault fault,
			  unsigned samples)
{
	ppk2_faults_marker(&meter->faults, line, fault, samples);
}
