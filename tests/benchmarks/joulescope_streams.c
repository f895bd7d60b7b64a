/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How fast the Joulescopes' frames become current, voltage and power, against a plain scalar loop
 * over the same frames in the same run ("reference loop"); and long streams at full rate through
 * whole drivers, each with its virtual instrument, every sample of which must be accounted for.
 *
 *   joulescope_streams [speed | js220 SECONDS | ppk2 SECONDS]     (default: all, 60 s each)
 *
 * For comparison, joulescope_driver 2.3.4 was measured on a machine of this class at 320 M tuples/s
 * (JS220 with power) and 27 MSa/s (JS110 with statistics).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "drivers/meter/js110_capture.h"
#include "drivers/meter/js220_streams.h"
#include "drivers/meter/meter.h"
#include "tests/unit/drivers/fake_js220.h"
#include "tests/benchmarks/timing.h"
#include "tests/unit/drivers/fake_vppk2.h"

enum {
	FRAMES = 1024, /* 512 KiB: 16 transfers of 32 KiB */
	TUPLES = FRAMES / 2 * 126,
	SAMPLES = FRAMES * 126,
	PASSES = 1500,
	ROUNDS = 5,
	METERS = 16,
	SPEED_NEEDED_JS220 = 450, /* M tuples/s */
	SPEED_NEEDED_JS110 = 150, /* MSa/s */
};

static uint8_t frames[FRAMES * 512];
static float reference_i[SAMPLES], reference_v[SAMPLES], reference_p[SAMPLES];
static struct meter_block block;
static float power_w[METER_BLOCK_MAX];
static double sink;

static void put_le(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* In eights: a block has room for the last ones. */
static void power(void)
{
	typedef float floats __attribute__((vector_size(32)));
	floats i, v;

	for (uint32_t k = 0; k < block.count; k += 8) {
		memcpy(&i, block.current_a + k, sizeof(i));
		memcpy(&v, block.voltage_v + k, sizeof(v));
		i *= v;
		memcpy(power_w + k, &i, sizeof(i));
	}
}

/* Power, and sums of current and power, as a capture wants them. */
static void integrate(double *charge, double *energy)
{
	double q[4] = {0}, e[4] = {0};
	uint32_t n = 0;

	power();
	for (; n + 4 <= block.count; n += 4)
		for (uint32_t k = 0; k < 4; k++) {
			q[k] += (double)block.current_a[n + k];
			e[k] += (double)power_w[n + k];
		}
	for (; n < block.count; n++) {
		q[0] += (double)block.current_a[n];
		e[0] += (double)power_w[n];
	}
	*charge += q[0] + q[1] + q[2] + q[3];
	*energy += e[0] + e[1] + e[2] + e[3];
}

/* --- JS220: frames -> i, v, p ----------------------------------------------------------------- */

static void js220_frames_fill(void)
{
	for (unsigned n = 0; n < FRAMES; n++)
		for (unsigned k = 0; k < 126; k++) {
			float value = n % 2 ? 3.3f - 1e-5f * (float)k
					    : 5e-3f + 1e-6f * (float)((n * 7 + k) % 100);

			memcpy(frames + n * 512 + 8 + 4 * k, &value, 4);
		}
}

/* The ids of a pass: not part of what is timed. */
static void js220_frames_number(uint64_t pass)
{
	for (unsigned n = 0; n < FRAMES; n++) {
		uint16_t id = (uint16_t)(pass * FRAMES + n);

		put_le(frames + n * 512, js220_header(id, 21 + n % 2, 508), 4);
		put_le(frames + n * 512 + 4, 2 * (pass * TUPLES + n / 2 * 126), 4);
	}
}

static struct joulescope_blocks blocks;
static struct js220_streams streams;

static uint64_t block_done(uint64_t *next)
{
	uint64_t count = block.count;

	joulescope_blocks_finish(&blocks, &block);
	if (block.first_index != *next || block.lost)
		exit(fprintf(stderr, "samples are missing\n"));
	*next = block.first_index + count;
	power();
	sink += (double)power_w[0];
	meter_block_begin(&block);
	return count;
}

static void js220_take_all(uint64_t *next)
{
	struct js220_run run;

	while (js220_streams_take(&streams, METER_BLOCK_MAX, &run))
		for (size_t used = 0; used < run.count;) {
			const struct joulescope_samples samples = {
				.current_a = run.current_a + used,
				.voltage_v = run.voltage_v + used,
				.logic = run.logic + used,
				.range = run.range + used,
				.count = run.count - used,
				.index = run.index + used};

			used += joulescope_blocks_add(&blocks, &block, &samples);
			if (used < run.count)
				block_done(next);
		}
}

/* As the driver does: some frames into the window, then what is complete out of it. */
static void js220_pass(uint64_t *next)
{
	struct js220_frame frame;
	size_t at = 0;
	unsigned n = 0;

	while (js220_frame_next(frames, sizeof(frames), &at, &frame) > 0) {
		if (n++ % 32 == 0 || !js220_streams_fits(&streams, &frame))
			js220_take_all(next);
		js220_streams_put(&streams, &frame);
	}
	js220_take_all(next);
}

static void js220_reference_pass(void)
{
	for (unsigned n = 0; n < FRAMES; n++) {
		const uint8_t *frame = frames + n * 512;
		uint32_t header = (uint32_t)js220_le(frame, 4);
		unsigned count = ((header >> 16 & 0x1ff) - 4) / 4;
		float *to = (header >> 25 & 31) == 21 ? reference_i : reference_v;

		for (unsigned k = 0; k < count; k++) {
			memcpy(&to[n / 2 * 126 + k], frame + 8 + 4 * k, 4);
			__asm__ volatile("" ::: "memory"); /* one by one */
		}
	}
	for (unsigned k = 0; k < TUPLES; k++) {
		reference_p[k] = reference_i[k] * reference_v[k];
		__asm__ volatile("" ::: "memory");
	}
	sink += (double)reference_p[0];
}

static bool js220_speed(void)
{
	double speed[ROUNDS], reference[ROUNDS];

	js220_frames_fill();
	for (int round = 0; round < ROUNDS; round++) {
		double spent_s = 0, reference_s = 0;
		uint64_t next = 0;

		js220_streams_init(&streams, 0);
		js220_streams_reference(&streams, 0);
		js220_streams_set_origin(&streams, 0);
		blocks = (struct joulescope_blocks){.factor = 1, .misfit_samples = 10000};
		for (int n = 0; n < METER_RANGES_MAX; n++)
			blocks.limit[n] = (struct joulescope_limit){10, -10, 1e-3f, 100};
		joulescope_blocks_restart(&blocks);
		meter_block_begin(&block);
		for (uint64_t pass = 0; pass < PASSES; pass++) {
			double begin_s;

			js220_frames_number(pass);
			begin_s = processor_seconds();
			js220_pass(&next);
			spent_s += processor_seconds() - begin_s;
			begin_s = processor_seconds();
			js220_reference_pass();
			reference_s += processor_seconds() - begin_s;
		}
		block_done(&next);
		if (next != (uint64_t)PASSES * TUPLES)
			exit(fprintf(stderr, "%llu tuples of %llu\n", (unsigned long long)next,
				     (unsigned long long)PASSES * TUPLES));
		speed[round] = PASSES * (double)TUPLES / spent_s / 1e6;
		reference[round] = PASSES * (double)TUPLES / reference_s / 1e6;
	}
	printf("js220 frames -> i, v, p: %.0f M tuples/s (reference loop %.0f, ratio %.2f; %d "
	       "wanted)\n",
	       median_of(speed, ROUNDS), median_of(reference, ROUNDS),
	       median_of(speed, ROUNDS) / median_of(reference, ROUNDS), SPEED_NEEDED_JS220);
	return median_of(speed, ROUNDS) >= SPEED_NEEDED_JS220;
}

/* --- JS110: frames -> i, v, p and integrals --------------------------------------------------- */

static struct js110_capture capture;

/* Now and then a frame in which the range switches. */
static void js110_frames_fill(void)
{
	memset(frames, 0, sizeof(frames));
	for (unsigned n = 0; n < FRAMES; n++) {
		frames[n * 512] = 1;
		frames[n * 512 + 3] = 2; /* 512 */
		for (unsigned k = 0; k < 126; k++) {
			uint32_t range = n % 64 == 0 && k > 40 && k < 90 ? 2 : 3;
			uint32_t word = range | (6000 + (n + k) % 50) << 2 | (k & 1) << 17 |
					(4600 + k % 9) << 18;

			put_le(frames + n * 512 + 8 + 4 * k, word, 4);
		}
	}
}

static void js110_frames_number(uint64_t pass)
{
	for (unsigned n = 0; n < FRAMES; n++)
		put_le(frames + n * 512 + 4, pass * FRAMES + n, 2);
}

static void js110_pass(uint64_t *next, double *charge, double *energy)
{
	for (size_t at = 0; at < sizeof(frames); at += 32768) {
		js110_capture_fill(&capture, frames + at, 32768, 0);
		while (js110_capture_collect(&capture, &block)) {
			js110_capture_finish(&capture, &block);
			integrate(charge, energy);
			if (block.first_index != *next || block.lost)
				exit(fprintf(stderr, "samples are missing\n"));
			*next += block.count;
			meter_block_begin(&block);
		}
	}
}

static void js110_reference_pass(double *charge, double *energy)
{
	const struct js110_calibration *c = &capture.converter.calibration;
	size_t out = 0;

	for (unsigned n = 0; n < FRAMES; n++)
		for (unsigned k = 0; k < 126; k++, out++) {
			uint32_t word = js110_word(frames + n * 512 + 8 + 4 * k);
			const struct js110_scale *i = &c->current[js110_word_range(word)];

			reference_i[out] =
				(float)((js110_word_current(word) + i->offset) * i->gain);
			reference_v[out] =
				(float)((js110_word_voltage(word) + c->voltage[0].offset) *
					c->voltage[0].gain);
			reference_p[out] = reference_i[out] * reference_v[out];
			*charge += (double)reference_i[out];
			*energy += (double)reference_p[out];
		}
}

static bool js110_speed(void)
{
	double speed[ROUNDS], reference[ROUNDS];

	js110_frames_fill();
	for (int n = 0; n < JS110_RANGES; n++)
		capture.converter.calibration.current[n] =
			(struct js110_scale){-2820, 6.8e-4 * pow(10, -n)};
	capture.converter.calibration.voltage[0] = (struct js110_scale){-1150, 9.5e-4};
	capture.converter.on_switch = JS110_SWITCH_HOLD;
	capture.blocks.factor = 1;
	capture.blocks.misfit_samples = 20000;
	for (int n = 0; n < METER_RANGES_MAX; n++)
		capture.blocks.limit[n] = (struct joulescope_limit){10, -10, 1e-4f, 200};
	for (int round = 0; round < ROUNDS; round++) {
		double spent_s = 0, reference_s = 0, charge = 0, energy = 0, q = 0, e = 0;
		uint64_t next = 0;

		js110_capture_restart(&capture);
		meter_block_begin(&block);
		for (uint64_t pass = 0; pass < PASSES / 3; pass++) {
			double begin_s;

			js110_frames_number(pass);
			begin_s = processor_seconds();
			js110_pass(&next, &charge, &energy);
			spent_s += processor_seconds() - begin_s;
			begin_s = processor_seconds();
			js110_reference_pass(&q, &e);
			reference_s += processor_seconds() - begin_s;
		}
		integrate(&charge, &energy);
		next += block.count;
		if (next != (uint64_t)(PASSES / 3) * SAMPLES)
			exit(fprintf(stderr, "%llu samples of %llu\n", (unsigned long long)next,
				     (unsigned long long)(PASSES / 3) * SAMPLES));
		/* what is held in the windows is all that differs */
		if (fabs(charge / q - 1) > 0.02 || fabs(energy / e - 1) > 0.02)
			exit(fprintf(stderr, "sums differ: %g %g, %g %g\n", charge, q, energy, e));
		speed[round] = PASSES / 3 * (double)SAMPLES / spent_s / 1e6;
		reference[round] = PASSES / 3 * (double)SAMPLES / reference_s / 1e6;
	}
	printf("js110 frames -> i, v, p, integrals: %.0f MSa/s (reference loop %.0f, ratio %.2f; "
	       "%d "
	       "wanted)\n",
	       median_of(speed, ROUNDS), median_of(reference, ROUNDS),
	       median_of(speed, ROUNDS) / median_of(reference, ROUNDS), SPEED_NEEDED_JS110);
	return median_of(speed, ROUNDS) >= SPEED_NEEDED_JS110;
}

/* --- long streams through drivers ------------------------------------------------------------- */

static long memory_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static struct meter *meter_begin(const char *driver, struct meter_port port, double supply_v,
				 const char *options)
{
	const struct meter_settings settings = {.supply_v = supply_v, .options = options};
	struct meter *meter = NULL;
	struct err err;

	if (meter_open(driver, &port, &settings, &meter, &err) || meter_start(meter, &err))
		exit(fprintf(stderr, "%s\n", err.text));
	return meter;
}

struct account {
	uint64_t samples, lost, blocks;
	uint32_t flags;
	struct meter_integral integral;
};

static void meter_take(struct meter *meter, struct account *account)
{
	struct err err;

	if (meter_read(meter, &block, 1000, &err))
		exit(fprintf(stderr, "%s\n", err.text));
	if (block.first_index != account->samples + account->lost + block.lost)
		exit(fprintf(stderr, "index %llu does not follow\n",
			     (unsigned long long)block.first_index));
	account->samples += block.count;
	account->lost += block.lost;
	account->flags |= block.flags;
	account->blocks++;
	if (block.has_integral)
		account->integral = block.integral;
}

static void world_at(int64_t t_ps, struct fake_world *world)
{
	int64_t ms = t_ps / 1000000000;

	world->current_a = ms % 10 < 2 ? 30e-3 : ms % 100 == 50 ? 5e-6 : 2e-3;
	world->logic = (uint8_t)(ms & 7);
}

static bool js220_long(double duration_s)
{
	struct account account = {0};
	struct meter *meter;
	long first_kib = 0, last_kib;
	double begin_s = processor_seconds(), truth;

	fake_js220_init(1);
	fake_js220.at = world_at;
	meter = meter_begin("js220", fake_usb_port, 0, "lines=4");
	while ((double)account.samples < duration_s * 1e6) {
		meter_take(meter, &account);
		if (!first_kib && (double)account.samples > duration_s * 1e6 / 10)
			first_kib = memory_kib();
	}
	last_kib = memory_kib();
	truth = (double)fake_js220.now_ps * 1e-6;
	printf("js220 %.0f s of stream (i, v, range, 4 inputs) through the driver: %llu samples, "
	       "%llu lost, flags %x, %.0f us of true time apart from the start; %.1f s of "
	       "processor "
	       "with the instrument's own; memory %+ld KiB after a tenth\n",
	       duration_s, (unsigned long long)account.samples, (unsigned long long)account.lost,
	       account.flags, truth - (double)account.samples, processor_seconds() - begin_s,
	       last_kib - first_kib);
	printf("      the instrument's own sums reach sample %llu: %.6f C, %.6f J\n",
	       (unsigned long long)account.integral.end_index, account.integral.charge_c,
	       account.integral.energy_j);
	meter_close(meter);
	fake_js220_done();
	return !account.lost && !account.flags && last_kib - first_kib < 1024;
}

static bool ppk2_long(double duration_s)
{
	static struct link links[METERS];
	struct meter *meters[METERS];
	struct account accounts[METERS] = {{0}};
	double begin_s = processor_seconds();
	uint64_t samples = 0, lost = 0, missing = 0;
	uint32_t flags = 0;
	long first_kib = 0, last_kib;

	for (int n = 0; n < METERS; n++) {
		fake_vppk2_init(&links[n], (uint64_t)n + 1);
		meters[n] = meter_begin("ppk2", (struct meter_port){.link = &links[n]}, 3.3, NULL);
	}
	while ((double)accounts[METERS - 1].samples < duration_s * 1e5) {
		for (int n = 0; n < METERS; n++)
			meter_take(meters[n], &accounts[n]);
		if (!first_kib && (double)accounts[0].samples > duration_s * 1e4)
			first_kib = memory_kib();
	}
	last_kib = memory_kib();
	for (int n = 0; n < METERS; n++) {
		samples += accounts[n].samples;
		lost += accounts[n].lost;
		flags |= accounts[n].flags;
		/* what the instrument has for the host, and what the driver holds back */
		missing += links[n].sent - accounts[n].samples -
				   vppk2_pending_bytes(links[n].meter) / 4 >
			   2000;
		meter_close(meters[n]);
		fake_vppk2_done(&links[n]);
	}
	printf("ppk2 x %d, %.0f s of stream each: %llu samples, %llu lost, flags %x, %llu "
	       "instruments with samples unaccounted for; %.1f s of processor with the "
	       "instruments' own; memory %+ld KiB after a tenth\n",
	       METERS, duration_s, (unsigned long long)samples, (unsigned long long)lost, flags,
	       (unsigned long long)missing, processor_seconds() - begin_s, last_kib - first_kib);
	return !lost && !missing && !flags && last_kib - first_kib < 1024;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "all";
	double duration_s = argc > 2 ? atof(argv[2]) : 60;
	bool all = !strcmp(what, "all"), good = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (all || !strcmp(what, "speed")) {
		good &= js220_speed();
		good &= js110_speed();
	}
	if (all || !strcmp(what, "js220"))
		good &= js220_long(duration_s);
	if (all || !strcmp(what, "ppk2"))
		good &= ppk2_long(duration_s);
	return !good;
}
