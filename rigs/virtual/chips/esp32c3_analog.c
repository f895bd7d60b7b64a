/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Analog corners of the ESP32-C3: the internal I2C master behind which PLL and sensor are set up,
 * the temperature sensor of the APB_SARADC block (TRM, "On-Chip Sensors"), and eFuse as it is read.
 *
 * The I2C master's command word (block 7:0, register 15:8, data 23:16, write 24, busy 25) is that
 * of ESP-IDF's esp_rom_regi2c sources for the part's successors: the C3's own is in its ROM.
 *
 * Temperature: T = 0.4386 * VALUE - 27.88 * offset - 20.52 degrees Celsius, TRM "On-Chip Sensors";
 * the offset follows from the sensor's DAC (ESP-IDF, temperature_sensor_periph). Settling: 100 us,
 * modelled.
 */
#include <math.h>
#include <string.h>

#include "rigs/virtual/chips/esp32c3.h"

enum { ANA_I2C0 = 0x00, ANA_I2C1 = 0x04, ANA_CONF0 = 0x40, ANA_CONFIG = 0x44, ANA_CONFIG2 = 0x48 };

#define I2C_WRITE       (1u << 24)
#define BBPLL_CAL_DONE  (1u << 24)
#define BLOCK_BBPLL     0x66
#define BLOCK_SAR       0x69
#define SAR_TSENS_DAC   6
#define SAR_FORCE_PD    (1u << 18) /* of ANA_CONFIG */
#define SAR_FORCE_PU    (1u << 16) /* of ANA_CONFIG2 */
#define TSENS_CTRL      0x58u
#define TSENS_CTRL2     0x5Cu
#define TSENS_PU        (1u << 22)
#define TSENS_SETTLE_PS (100 * ESP32C3_PS_PER_US)
#define EFUSE_PGM_END   0x2Cu
#define EFUSE_MAC       0x44u
#define EFUSE_UNIQUE_ID 0x5Cu
#define EFUSE_SPI_SYS_3 0x50u
#define EFUSE_READ_END  0x180u
#define WAFER_MINOR     4u

uint32_t esp32c3_analog_read(struct esp32c3 *s, uint32_t offset)
{
	uint32_t value;

	if (offset / 4 >= sizeof(s->analog) / 4) {
		esp32c3_unmodelled(s, ESP32C3_ANALOG_BASE + offset);
		return 0;
	}
	value = s->analog[offset / 4];
	if (offset == ANA_CONF0 && esp32c3_pll_is_on(s) && s->pll_ready_ps <= esp32c3_now(s))
		value |= BBPLL_CAL_DONE;
	return value;
}

static bool block_answers(const struct esp32c3 *s, unsigned block)
{
	return block != BLOCK_SAR || (!(s->analog[ANA_CONFIG / 4] & SAR_FORCE_PD) &&
				      s->analog[ANA_CONFIG2 / 4] & SAR_FORCE_PU);
}

static void i2c_write(struct esp32c3 *s, uint32_t offset, uint32_t command)
{
	unsigned block = command & 255, index = command >> 8 & 15;
	uint8_t *at = &s->analog_block[block][index], data = (uint8_t)(command >> 16);
	bool changes = command & I2C_WRITE && *at != data;

	s->analog[offset / 4] = command & 0xFFFF;
	if (!block_answers(s, block))
		return;
	if (changes)
		*at = data;
	s->analog[offset / 4] |= (uint32_t)*at << 16;
	if (changes && block == BLOCK_BBPLL)
		esp32c3_pll_restart(s);
}

void esp32c3_analog_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	if (offset == ANA_I2C0 || offset == ANA_I2C1)
		i2c_write(s, offset, value);
	else if (offset == ANA_CONF0 || offset == ANA_CONFIG || offset == ANA_CONFIG2)
		s->analog[offset / 4] = value;
	else
		esp32c3_unmodelled(s, ESP32C3_ANALOG_BASE + offset);
}

/* Temperature sensor ------------------------------------------------------------------------- */

static int range_offset(const struct esp32c3 *s)
{
	switch (s->analog_block[BLOCK_SAR][SAR_TSENS_DAC] & 15) {
	case 5:
		return -2;
	case 7:
		return -1;
	case 11:
		return 1;
	case 10:
		return 2;
	default:
		return 0;
	}
}

static uint32_t sensor_out(const struct esp32c3 *s)
{
	bool on = s->saradc[TSENS_CTRL / 4] & TSENS_PU &&
		  s->system[ESP32C3_SYS_PERIP_CLK_EN1 / 4] & ESP32C3_CLK1_TSENS;
	double value =
		(s->pins.junction_c + s->sensor_error_c + 20.52 + 27.88 * range_offset(s)) / 0.4386;

	if (!on || s->sensor_ready_ps > esp32c3_now(s))
		return 0;
	return value < 0 ? 0 : value > 255 ? 255 : (uint32_t)lround(value);
}

uint32_t esp32c3_saradc_read(struct esp32c3 *s, uint32_t offset)
{
	if (offset == 0x3FC)
		return 0x02007171;
	if (offset / 4 >= sizeof(s->saradc) / 4) {
		esp32c3_unmodelled(s, ESP32C3_SARADC_BASE + offset);
		return 0;
	}
	if (offset == TSENS_CTRL)
		return (s->saradc[offset / 4] & ~0xFFu) | sensor_out(s);
	return s->saradc[offset / 4];
}

void esp32c3_saradc_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	if (offset != TSENS_CTRL && offset != TSENS_CTRL2) {
		esp32c3_fault(s,
			      "write of 0x%08x to 0x%08x: of APB_SARADC only the temperature "
			      "sensor is modelled",
			      value, ESP32C3_SARADC_BASE + offset);
		return;
	}
	if (offset == TSENS_CTRL && value & ~s->saradc[offset / 4] & TSENS_PU)
		s->sensor_ready_ps = esp32c3_now(s) + TSENS_SETTLE_PS;
	s->saradc[offset / 4] = value;
}

/* eFuse -------------------------------------------------------------------------------------- */

uint32_t esp32c3_efuse_read(struct esp32c3 *s, uint32_t offset)
{
	const uint8_t *mac = s->mac, *unique = s->unique_id;

	switch (offset) {
	case EFUSE_MAC:
		return mac[5] | (uint32_t)mac[4] << 8 | (uint32_t)mac[3] << 16 |
		       (uint32_t)mac[2] << 24;
	case EFUSE_MAC + 4:
		return mac[1] | (uint32_t)mac[0] << 8;
	case EFUSE_UNIQUE_ID:
		return unique[0] | (uint32_t)unique[1] << 8 | (uint32_t)unique[2] << 16 |
		       (uint32_t)unique[3] << 24;
	case EFUSE_UNIQUE_ID + 4:
		return unique[4] | (uint32_t)unique[5] << 8;
	case EFUSE_SPI_SYS_3:
		return WAFER_MINOR << 18;
	default:
		return 0; /* nothing else is burnt; controller idle */
	}
}

void esp32c3_efuse_write(struct esp32c3 *s, uint32_t offset, uint32_t value)
{
	if (offset < EFUSE_PGM_END || (offset >= EFUSE_READ_END && value != 0))
		esp32c3_fault(s,
			      "write of 0x%08x to eFuse register 0x%08x: eFuse is read-only here",
			      value, ESP32C3_EFUSE_BASE + offset);
}

void esp32c3_analog_reset(struct esp32c3 *s)
{
	memset(s->analog, 0, sizeof(s->analog));
	memset(s->analog_block, 0, sizeof(s->analog_block));
	memset(s->saradc, 0, sizeof(s->saradc));
	s->analog[ANA_CONFIG / 4] = SAR_FORCE_PD;
	s->analog_block[BLOCK_BBPLL][4] = 0x6B; /* 480 MHz */
	s->analog_block[BLOCK_SAR][SAR_TSENS_DAC] = 15;
	s->saradc[TSENS_CTRL / 4] = 6u << 14;
	s->saradc[TSENS_CTRL2 / 4] = 0x4002;
	s->pll_ready_ps = 0;
}
