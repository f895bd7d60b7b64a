/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * INA219, INA226 and INA228 on their bus. Documents: see ina2xx_parts.c. A conversion is waited for
 * by looking at the ready bit, back to back; the time on the bus is the pace. Results are fetched
 * with a look at the bit behind them: set again, a conversion ended in between, and shunt and bus
 * voltage may be of two.
 *
 * Quirks: the INA219 has no identity register, and its ready bit is cleared by reading POWER. The
 * INA228's ready bit is cleared by reading it only while ALATCH is set, else by itself. A chip that
 * browned out converts on with reset settings: they are read back now and then.
 */
#include "drivers/meter/ina2xx.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>

#include "drivers/meter/ina2xx_device.h"
#include "drivers/meter/ina2xx_pace.h"
#include "drivers/meter/ina2xx_sums.h"

enum {
	REGISTER_INA219_POWER = 0x03,
	CONFIG_INA228_RSTACC = 1 << 14,
	ADC_CONFIG_SHUTDOWN = 0,
	DIAG_ALATCH = 1 << 15,
	DIAG_MEMSTAT = 1 << 0, /* may be written: left as it is */

	TAKE_TRIES = 4,    /* until results are of one conversion */
	MEASURE_TRIES = 3, /* of the time that fetching takes */
	TAKE_MAX = 5,      /* registers */
	BLOCK_MS = 20,     /* a block is handed out that long after its first sample */
	SUMS_MS = 20,      /* between readings of the instrument's own sums */
	CHECK_MS = 100,    /* between looks at its settings */
	NS_PER_MS = 1000000,
};

struct ina2xx_sample {
	float current_a, voltage_v;
	bool is_saturated;
	uint64_t index;
	uint32_t flags;
	bool has_integral;
	struct meter_integral integral;
};

struct ina2xx {
	struct ina2xx_device device;
	struct ina2xx_pace pace;
	struct ina2xx_sums sums;
	bool sums_wanted, is_gone;
	atomic_bool streaming;
	struct ina2xx_sample held;
	bool has_held;
	uint64_t next_index;
	int64_t ready_ns, clear_ns;  /* the newest results were ready then, and not yet then */
	int64_t sums_ns, checked_ns; /* when sums and settings were read */
};

/* --- open ------------------------------------------------------------------------------------- */

static int ina2xx_open(struct ina2xx *ina, const char *model, const struct ina2xx_part *part,
		       const struct meter_port *port, const struct meter_settings *settings,
		       struct meter_info *ret_info, struct err *err)
{
	int rc;

	ina->device.i2c = port->i2c;
	ina->device.model = model;
	atomic_init(&ina->streaming, false);
	rc = ina2xx_setup_make(part, settings->options, &ina->device.setup, err);
	if (!rc)
		rc = ina2xx_device_identify(&ina->device, err);
	if (rc)
		return rc;
	ina->sums_wanted = part->has_sums && ina->device.setup.averaging == 1;
	return ina2xx_device_describe(&ina->device, ina->sums_wanted, ret_info, err);
}

static int ina219_open(void *state, const struct meter_port *port,
		       const struct meter_settings *settings, struct meter_info *ret_info,
		       struct err *err)
{
	return ina2xx_open(state, "ina219", &ina2xx_ina219, port, settings, ret_info, err);
}

static int ina226_open(void *state, const struct meter_port *port,
		       const struct meter_settings *settings, struct meter_info *ret_info,
		       struct err *err)
{
	return ina2xx_open(state, "ina226", &ina2xx_ina226, port, settings, ret_info, err);
}

static int ina228_open(void *state, const struct meter_port *port,
		       const struct meter_settings *settings, struct meter_info *ret_info,
		       struct err *err)
{
	return ina2xx_open(state, "ina228", &ina2xx_ina228, port, settings, ret_info, err);
}

static void ina2xx_close(void *state)
{
	struct ina2xx *ina = state;

	i2c_close(ina->device.i2c);
}

/* --- results ---------------------------------------------------------------------------------- */

static uint16_t word_of(const struct i2c_read *read)
{
	return (uint16_t)(read->bytes[0] << 8 | read->bytes[1]);
}

/* The registers of one set of results, in the order of their reading. */
struct take {
	struct i2c_read reads[TAKE_MAX];
	size_t count, shunt; /* bus follows the shunt, energy and charge the bus */
	bool has_sums;
	int64_t t_ns, half_ns;
};

static void take_add(struct take *take, uint8_t pointer, uint8_t bytes)
{
	take->reads[take->count++] = (struct i2c_read){.pointer = pointer, .count = bytes};
}

/* The register with the ready bit is the last one. */
static int take_read(struct ina2xx *ina, bool with_sums, struct take *ret_take, struct err *err)
{
	const struct ina2xx_part *part = ina->device.setup.part;
	struct take take = {.count = 0, .has_sums = with_sums};
	int rc;

	if (part->clears_by_power)
		take_add(&take, REGISTER_INA219_POWER, 2);
	take.shunt = take.count;
	take_add(&take, part->shunt_pointer, part->result_bytes);
	take_add(&take, part->bus_pointer, part->result_bytes);
	if (with_sums) {
		take_add(&take, INA228_ENERGY, INA228_SUM_BYTES);
		take_add(&take, INA228_CHARGE, INA228_SUM_BYTES);
	}
	if (part->ready_pointer != part->bus_pointer)
		take_add(&take, part->ready_pointer, 2);
	rc = ina2xx_device_read(&ina->device, take.reads, take.count, &take.t_ns, &take.half_ns,
				err);
	if (!rc)
		*ret_take = take;
	return rc;
}

static bool is_ready(struct ina2xx *ina, const struct i2c_read *read)
{
	uint16_t flags = word_of(read);

	if (ina->device.setup.part->has_sums)
		ina2xx_sums_flags(&ina->sums, flags);
	return flags & ina->device.setup.part->ready_bit;
}

/* Conversions that ended by t_ns. */
static void count_conversions(struct ina2xx *ina, int64_t t_ns, struct ina2xx_sample *sample)
{
	bool is_rough;

	ina->clear_ns = ina->pace.clear_ns;
	ina->ready_ns = t_ns;
	(void)ina2xx_pace_ready(&ina->pace, t_ns, &is_rough);
	if (is_rough)
		sample->flags |= METER_BLOCK_TIME_MISMATCH;
}

static void sample_fill(struct ina2xx *ina, const struct take *take, struct ina2xx_sample *sample)
{
	const struct ina2xx_setup *setup = &ina->device.setup;
	int32_t shunt = ina2xx_shunt_count(setup->part, take->reads[take->shunt].bytes);
	int32_t bus = ina2xx_bus_count(setup->part, take->reads[take->shunt + 1].bytes);

	sample->current_a = (float)ina2xx_current_a(setup, shunt);
	sample->voltage_v = (float)ina2xx_bus_v(setup, bus);
	sample->is_saturated = ina2xx_is_saturated(setup, shunt, bus);
	sample->index = ina->pace.count - 1;
	if (take->has_sums) {
		ina2xx_sums_take(&ina->sums, take->reads[take->shunt + 2].bytes,
				 take->reads[take->shunt + 3].bytes);
		sample->has_integral = true;
		sample->integral = ina2xx_sums_integral(
			&ina->sums, setup->range.lsb_v / setup->rshunt_ohm, ina->pace.count);
		ina->sums_ns = take->t_ns;
	}
}

/* Results are there: fetches them, and again while conversions end in between. */
static int sample_take(struct ina2xx *ina, struct ina2xx_sample *sample, struct err *err)
{
	int64_t now_ns = i2c_clock_ns(ina->device.i2c);
	bool with_sums = ina->sums_wanted && now_ns - ina->sums_ns >= (int64_t)SUMS_MS * NS_PER_MS;

	for (int n = 0; n < TAKE_TRIES; n++) {
		struct take take;
		int rc = take_read(ina, with_sums, &take, err);

		if (rc)
			return rc;
		if (!is_ready(ina, &take.reads[take.count - 1])) {
			ina2xx_pace_clear(&ina->pace, take.t_ns - take.half_ns);
			sample_fill(ina, &take, sample);
			return 0;
		}
		count_conversions(ina, take.t_ns + take.half_ns, sample);
	}
	return err_set(err, -EPROTO,
		       "conversions end faster than the bus fetches them: take a longer conversion "
		       "or more averaging");
}

/* Looks once. 1: ina->held is a sample; 0: nothing was ready. */
static int sample_poll(struct ina2xx *ina, struct err *err)
{
	struct i2c_read read = {.pointer = ina->device.setup.part->ready_pointer, .count = 2};
	struct ina2xx_sample sample = {.flags = 0};
	int64_t t_ns, half_ns;
	int rc = ina2xx_device_read(&ina->device, &read, 1, &t_ns, &half_ns, err);

	if (rc)
		return rc;
	if (!is_ready(ina, &read)) {
		ina2xx_pace_clear(&ina->pace, t_ns - half_ns);
		return 0;
	}
	count_conversions(ina, t_ns + half_ns, &sample);
	rc = sample_take(ina, &sample, err);
	if (rc)
		return rc;
	ina->held = sample;
	ina->has_held = true;
	return 1;
}

/* --- the stream ------------------------------------------------------------------------------- */

/* The INA228's sums begin with conversion 0: nothing converts until all is set. RSTACC does not
 * clear itself (SLYS021A, Table 7-5, says so of RST alone). CNVRF waits for being read in latched
 * mode only (Table 7-16); else it may come and go between two looks. */
static int write_settings_228(struct ina2xx *ina, struct err *err)
{
	const struct ina2xx_setup *setup = &ina->device.setup;
	const struct {
		uint8_t pointer;
		uint16_t value;
	} writes[] = {
		{setup->part->mode_pointer, ADC_CONFIG_SHUTDOWN},
		{INA2XX_REGISTER_CONFIG, setup->config | CONFIG_INA228_RSTACC},
		{INA2XX_REGISTER_CONFIG, setup->config},
		{INA228_REGISTER_SHUNT_CAL, INA228_SHUNT_CAL},
		{setup->part->ready_pointer, DIAG_ALATCH | DIAG_MEMSTAT},
	};
	uint16_t unused;
	int rc = 0;

	for (size_t n = 0; n < sizeof(writes) / sizeof(writes[0]) && !rc; n++)
		rc = ina2xx_device_write_register(&ina->device, writes[n].pointer, writes[n].value,
						  err);
	/* Clears the bits. */
	return rc ? rc
		  : ina2xx_device_read_register(&ina->device, setup->part->ready_pointer, &unused,
						err);
}

static int write_settings(struct ina2xx *ina, struct err *err)
{
	const struct ina2xx_setup *setup = &ina->device.setup;
	int rc = setup->part->has_sums ? write_settings_228(ina, err) : 0;

	return rc ? rc
		  : ina2xx_device_write_register(&ina->device, setup->part->mode_pointer,
						 setup->mode, err);
}

/* Refuses a bus that is too slow. */
static int measure_bus(struct ina2xx *ina, struct err *err)
{
	double least_s = INFINITY;

	for (int n = 0; n < MEASURE_TRIES; n++) {
		struct take take;
		int rc = take_read(ina, ina->sums_wanted, &take, err);

		if (rc)
			return rc;
		least_s = fmin(least_s, 2e-9 * (double)take.half_ns);
	}
	if (least_s < 0.8 * ina->device.setup.period_s)
		return 0;
	return err_set(err, -EINVAL,
		       "a conversion takes %.0f us, and the bus %.0f us to fetch it: take a longer "
		       "conversion or more averaging",
		       ina->device.setup.period_s * 1e6, least_s * 1e6);
}

static int ina2xx_start(void *state, struct err *err)
{
	struct ina2xx *ina = state;
	int rc = measure_bus(ina, err);

	if (!rc)
		rc = write_settings(ina, err);
	if (rc)
		return rc;
	ina2xx_pace_init(&ina->pace, ina->device.setup.period_s,
			 ina->device.setup.part->clock_limit, i2c_clock_ns(ina->device.i2c));
	rc = ina2xx_device_check(&ina->device, err);
	if (rc)
		return rc;
	ina2xx_sums_init(&ina->sums);
	ina->has_held = false;
	ina->next_index = 0;
	ina->ready_ns = ina->clear_ns = ina->pace.origin_ns;
	ina->sums_ns = ina->checked_ns = ina->pace.origin_ns;
	atomic_store(&ina->streaming, true);
	return 0;
}

static void block_append(struct ina2xx *ina, struct meter_block *block)
{
	const struct ina2xx_sample *sample = &ina->held;

	if (!block->count) {
		block->first_index = sample->index;
		block->lost = sample->index - ina->next_index;
	}
	block->current_a[block->count] = sample->current_a;
	block->voltage_v[block->count] = sample->voltage_v;
	block->logic[block->count] = 0;
	block->range[block->count] = 0;
	block->count++;
	block->flags |= sample->flags | (sample->is_saturated ? METER_BLOCK_SATURATED : 0);
	if (sample->has_integral) {
		block->has_integral = true;
		block->integral = sample->integral;
	}
	block->t_mono_ns = ina->ready_ns;
	block->bound_index = sample->index + 1;
	block->bound_ns = ina->clear_ns;
	ina->next_index = sample->index + 1;
	ina->has_held = false;
}

/* Now and then: are the settings still those? */
static int settings_watch(struct ina2xx *ina, struct err *err)
{
	int64_t now_ns = i2c_clock_ns(ina->device.i2c);
	int rc;

	if (now_ns - ina->checked_ns < (int64_t)CHECK_MS * NS_PER_MS)
		return 0;
	rc = ina2xx_device_check(&ina->device, err);
	if (!rc)
		ina->checked_ns = now_ns;
	return rc;
}

/* Fills the block. 0: it is complete; -ETIMEDOUT, -ENODATA and errors: nothing more comes now. */
static int block_collect(struct ina2xx *ina, struct meter_block *block, int timeout_ms,
			 struct err *err)
{
	int64_t until_ns = i2c_clock_ns(ina->device.i2c) + (int64_t)timeout_ms * NS_PER_MS;

	for (;;) {
		int rc;

		if (ina->has_held) {
			if (block->count && ina->held.index != ina->next_index)
				return 0;
			if (!block->count)
				until_ns = i2c_clock_ns(ina->device.i2c) +
					   (int64_t)BLOCK_MS * NS_PER_MS;
			block_append(ina, block);
			if (block->count == METER_BLOCK_MAX)
				return 0;
		}
		if (!atomic_load(&ina->streaming))
			return err_set(err, -ENODATA, "the stream was stopped");
		rc = settings_watch(ina, err);
		if (!rc)
			rc = sample_poll(ina, err);
		if (rc < 0)
			return rc;
		if (!rc && i2c_clock_ns(ina->device.i2c) >= until_ns)
			return err_set(err, -ETIMEDOUT, "no conversion ended");
	}
}

static int ina2xx_read(void *state, struct meter_block *block, int timeout_ms, struct err *err)
{
	struct ina2xx *ina = state;
	int rc;

	if (ina->is_gone)
		return err_set(err, -ENODEV, "it does not answer any more");
	rc = block_collect(ina, block, timeout_ms, err);
	if (rc == -ENXIO) {
		ina->is_gone = true;
		rc = err_context(err, -ENODEV, "it does not answer any more");
	}
	return block->count ? 0 : rc;
}

/* It goes on converting: nothing is sent, for the reader may be using the bus. */
static int ina2xx_stop(void *state, struct err *err)
{
	struct ina2xx *ina = state;

	(void)err;
	atomic_store(&ina->streaming, false);
	return 0;
}

#define INA2XX_OPS(part)                                                                           \
	const struct meter_ops meter_##part = {                                                    \
		.name = #part,                                                                     \
		.bus = METER_BUS_I2C,                                                              \
		.params = part##_params,                                                           \
		.state_size = sizeof(struct ina2xx),                                               \
		.open = part##_open,                                                               \
		.close = ina2xx_close,                                                             \
		.start = ina2xx_start,                                                             \
		.read = ina2xx_read,                                                               \
		.stop = ina2xx_stop,                                                               \
	}

INA2XX_OPS(ina219);
INA2XX_OPS(ina226);
INA2XX_OPS(ina228);
