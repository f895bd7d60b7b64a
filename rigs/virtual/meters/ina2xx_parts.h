/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What differs between INA219, INA226 and INA228, as tables.
 */
#ifndef RIGS_VIRTUAL_METERS_INA2XX_PARTS_H
#define RIGS_VIRTUAL_METERS_INA2XX_PARTS_H

#include <stdint.h>

#include "rigs/virtual/meters/ina2xx.h"

/* The inputs, in the order of their conversion. */
enum ina2xx_channel {
	INA2XX_SHUNT,
	INA2XX_BUS,
	INA2XX_TEMPERATURE,
	INA2XX_CHANNELS,
};

/* What a register is for, whatever its address. */
enum ina2xx_role {
	INA2XX_ROLE_CONFIG = 1,
	INA2XX_ROLE_ADC_CONFIG,
	INA2XX_ROLE_CALIBRATION,
	INA2XX_ROLE_TEMPCO,
	INA2XX_ROLE_VSHUNT,
	INA2XX_ROLE_VBUS,
	INA2XX_ROLE_TEMPERATURE,
	INA2XX_ROLE_CURRENT,
	INA2XX_ROLE_POWER,
	INA2XX_ROLE_ENERGY,
	INA2XX_ROLE_CHARGE,
	INA2XX_ROLE_FLAGS, /* INA226 MASK/ENABLE, INA228 DIAG_ALRT */
	INA2XX_ROLE_LIMIT, /* INA226 */
	INA2XX_ROLE_SHUNT_OVER,
	INA2XX_ROLE_SHUNT_UNDER,
	INA2XX_ROLE_BUS_OVER,
	INA2XX_ROLE_BUS_UNDER,
	INA2XX_ROLE_TEMPERATURE_OVER,
	INA2XX_ROLE_POWER_OVER,
	INA2XX_ROLE_MANUFACTURER,
	INA2XX_ROLE_DIE,
	INA2XX_ROLES,
};

struct ina2xx_register {
	uint8_t address, role;
	uint8_t bytes;
	uint16_t reset;    /* of the registers that hold what was written; results start at 0 */
	uint16_t writable; /* bits that keep what is written */
};

/* Errors of one input. Typical: one standard deviation; the draw stops at max. */
struct ina2xx_errors {
	double gain_typical, gain_max;
	double offset_typical[4], offset_max[4]; /* by gain setting; V, or degC */
	double gain_drift_per_c, offset_drift_per_c;
	double noise, noise_us; /* standard deviation of a conversion of noise_us */
};

struct ina2xx_part {
	const struct ina2xx_register *registers;
	unsigned register_count;
	/* Where the mode and the conversion times are. */
	uint8_t mode_role, mode_shift, mode_mask, mode_continuous;
	uint8_t channel_mode[INA2XX_CHANNELS]; /* the mode's bit for each input; 0: never */
	uint8_t time_shift[INA2XX_CHANNELS], time_mask;
	uint8_t average_shift;
	bool averages; /* else averaging is part of the conversion times */
	uint32_t time_us[16];
	uint8_t time_step[16]; /* counts between neighbouring codes; 0: 1 */
	int32_t clock_typical_ppm, clock_max_ppm;
	/* Scales: V per count, at gain setting 0. */
	double shunt_lsb, bus_lsb;
	int32_t shunt_max, shunt_min, bus_max;
	/* CURRENT = shunt * CALIBRATION / current_divisor; 0: shunt * 4096 / CALIBRATION.
	 * POWER = |CURRENT| * bus / power_divisor. */
	int32_t current_divisor, power_divisor;
	unsigned current_bits;
	struct ina2xx_errors errors[INA2XX_CHANNELS];
};

const struct ina2xx_part *ina2xx_part_find(enum vina2xx_part part);
/* NULL: no register there. */
const struct ina2xx_register *ina2xx_register_find(const struct ina2xx_part *part, uint8_t address);

/* CONFIG, all parts. */
#define INA2XX_CONFIG_RESET 0x8000u
/* INA219 CONFIG. */
#define INA219_CONFIG_32V        0x2000u
#define INA219_CONFIG_PG(config) ((config) >> 11 & 3)
/* INA219 BUS. */
#define INA219_BUS_CNVR 0x0002u
#define INA219_BUS_OVF  0x0001u
/* INA226 MASK/ENABLE. */
#define INA226_MASK_SOL  0x8000u
#define INA226_MASK_SUL  0x4000u
#define INA226_MASK_BOL  0x2000u
#define INA226_MASK_BUL  0x1000u
#define INA226_MASK_POL  0x0800u
#define INA226_MASK_CNVR 0x0400u
#define INA226_MASK_AFF  0x0010u
#define INA226_MASK_CVRF 0x0008u
#define INA226_MASK_OVF  0x0004u
#define INA226_MASK_APOL 0x0002u
#define INA226_MASK_LEN  0x0001u
/* INA228 CONFIG. */
#define INA228_CONFIG_RSTACC          0x4000u
#define INA228_CONFIG_CONVDLY(config) ((config) >> 6 & 0xff)
#define INA228_CONFIG_TEMPCOMP        0x0020u
#define INA228_CONFIG_ADCRANGE        0x0010u
/* INA228 DIAG_ALRT. */
#define INA228_DIAG_ALATCH    0x8000u
#define INA228_DIAG_CNVR      0x4000u
#define INA228_DIAG_SLOWALERT 0x2000u
#define INA228_DIAG_APOL      0x1000u
#define INA228_DIAG_ENERGYOF  0x0800u
#define INA228_DIAG_CHARGEOF  0x0400u
#define INA228_DIAG_MATHOF    0x0200u
#define INA228_DIAG_TMPOL     0x0080u
#define INA228_DIAG_SHNTOL    0x0040u
#define INA228_DIAG_SHNTUL    0x0020u
#define INA228_DIAG_BUSOL     0x0010u
#define INA228_DIAG_BUSUL     0x0008u
#define INA228_DIAG_POL       0x0004u
#define INA228_DIAG_CNVRF     0x0002u
#define INA228_DIAG_MEMSTAT   0x0001u

#endif
