/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The bus side of the INA2xx: address, register pointer, registers most significant byte first.
 * The pointer keeps its value and does not advance.
 *
 * assumed: an unknown register reads 0 and takes writes without effect; so do read-only registers;
 * bytes after a register's last read 0xff; a write takes effect with its second data byte, bytes
 * after that are acknowledged and dropped; a read sees the register as it was at its first byte,
 * and what a read clears is cleared then; the pointer is 0 after power-on. RSTACC of the INA228
 * stays until a 0 is written: SLYS021A, Table 7-5, says of RST alone that it clears itself.
 */
#include "rigs/virtual/meters/ina2xx_internal.h"

#define REGISTER_PAD 0xff

/* Reading ------------------------------------------------------------------------------------ */

static uint64_t read_bus_voltage(const struct vina2xx *meter)
{
	uint32_t bus = (uint32_t)meter->results.bus;

	if (meter->which == VINA2XX_INA219)
		return bus << 3 | ina2xx_results_flags(meter);
	return meter->which == VINA2XX_INA228 ? bus << 4 : bus;
}

static uint64_t register_value(const struct vina2xx *meter, uint8_t role)
{
	/* 20-bit results are left justified in 24. */
	unsigned justify = meter->which == VINA2XX_INA228 ? 4 : 0;

	switch (role) {
	case INA2XX_ROLE_VSHUNT:
		return (uint64_t)meter->results.shunt << justify;
	case INA2XX_ROLE_VBUS:
		return read_bus_voltage(meter);
	case INA2XX_ROLE_TEMPERATURE:
		return (uint64_t)meter->results.temperature;
	case INA2XX_ROLE_CURRENT:
		return (uint64_t)meter->results.current << justify;
	case INA2XX_ROLE_POWER:
		return meter->results.power;
	case INA2XX_ROLE_ENERGY:
		return meter->energy;
	case INA2XX_ROLE_CHARGE:
		return (uint64_t)meter->charge;
	case INA2XX_ROLE_FLAGS:
		return (uint64_t)(meter->written[role] | ina2xx_results_flags(meter));
	default:
		return meter->written[role];
	}
}

/* What a read changes. */
static void register_was_read(struct vina2xx *meter, uint8_t role)
{
	if (role == INA2XX_ROLE_ENERGY)
		meter->energy_overflow = false;
	if (role == INA2XX_ROLE_CHARGE)
		meter->charge_overflow = false;
	if (role == INA2XX_ROLE_POWER && meter->which == VINA2XX_INA219)
		meter->ready = false;
	if (role != INA2XX_ROLE_FLAGS)
		return;
	meter->ready = false;
	if (meter->written[role] &
	    (meter->which == VINA2XX_INA226 ? INA226_MASK_LEN : INA228_DIAG_ALATCH))
		meter->limits = 0;
}

static void register_latch(struct vina2xx *meter)
{
	const struct ina2xx_register *reg = ina2xx_register_find(meter->part, meter->pointer);

	meter->shift = 0;
	meter->shift_bytes = reg ? reg->bytes : 2;
	if (!reg)
		return;
	meter->shift = register_value(meter, reg->role);
	register_was_read(meter, reg->role);
}

/* Writing ------------------------------------------------------------------------------------ */

/* The register with the mode was written. INA219: CNVR stays when conversions end (sheet, Flags);
 * INA226: the same for power-down (data sheet, Mask/Enable register, CVRF). */
static void mode_was_written(struct vina2xx *meter)
{
	ina2xx_restart(meter);
	if (meter->plan.running || meter->which == VINA2XX_INA228)
		meter->ready = false;
}

static void config_was_written(struct vina2xx *meter, uint16_t value)
{
	if (value & INA2XX_CONFIG_RESET) {
		ina2xx_reset(meter);
		return;
	}
	if (meter->which != VINA2XX_INA228) {
		mode_was_written(meter);
		return;
	}
	if (value & INA228_CONFIG_RSTACC) {
		ina2xx_results_clear_accumulators(meter);
		meter->results.overflow = false;
	}
}

static void register_write(struct vina2xx *meter, uint16_t value)
{
	const struct ina2xx_register *reg = ina2xx_register_find(meter->part, meter->pointer);

	if (!reg || !reg->writable)
		return;
	/* Bits that cannot be written keep their reset value. */
	meter->written[reg->role] =
		(uint16_t)((value & reg->writable) | (reg->reset & ~reg->writable));
	if (reg->role == INA2XX_ROLE_CONFIG)
		config_was_written(meter, value);
	if (reg->role == INA2XX_ROLE_ADC_CONFIG)
		mode_was_written(meter);
}

/* The bus ------------------------------------------------------------------------------------ */

static bool on_start(void *context, uint8_t address, bool read)
{
	struct vina2xx *meter = context;

	meter->addressed = address == meter->address;
	if (meter->addressed && meter->nack) {
		meter->nack--;
		meter->addressed = false;
	}
	meter->reading = read;
	meter->byte = 0;
	return meter->addressed;
}

static bool on_write(void *context, uint8_t byte)
{
	struct vina2xx *meter = context;

	if (!meter->addressed || meter->reading)
		return false;
	if (meter->byte == 0)
		meter->pointer = byte;
	if (meter->byte == 1)
		meter->first_data = byte;
	if (meter->byte == 2)
		register_write(meter, (uint16_t)(meter->first_data << 8 | byte));
	if (meter->byte < 3)
		meter->byte++;
	return true;
}

static uint8_t on_read(void *context, bool ack)
{
	struct vina2xx *meter = context;

	if (!meter->addressed || !meter->reading)
		return REGISTER_PAD;
	if (meter->byte == 0)
		register_latch(meter);
	meter->byte++;
	if (!ack)
		meter->addressed = false; /* the last byte: the device lets go of the bus */
	if (meter->byte > meter->shift_bytes)
		return REGISTER_PAD;
	return (uint8_t)(meter->shift >> (8 * (meter->shift_bytes - meter->byte)));
}

static void on_stop(void *context)
{
	struct vina2xx *meter = context;

	meter->addressed = false;
}

void ina2xx_registers_connect(struct vina2xx *meter)
{
	meter->i2c = (struct i2c_device){meter, on_start, on_write, on_read, on_stop};
}

const struct i2c_device *vina2xx_i2c(struct vina2xx *meter)
{
	return &meter->i2c;
}
