/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADC1 of the virtual STM32L4R5: supply and junction temperature come back through the calibration
 * words the way DS12023 prescribes, and the rules of its start-up hold.
 */
#include "tests/unit/virtual/chip_bench.h"

#define ADC         L4R5_ADC_BASE
#define UID         0x1FFF7590
#define FLASH_SIZE  0x1FFF75E0
#define TS_CAL1     0x1FFF75A8
#define VREFINT_CAL 0x1FFF75AA
#define TS_CAL2     0x1FFF75CA
#define CAL2_C      130
#define REFERENCE_V 3.0
#define FLASH_KB    2048

#include "tests/unit/virtual/test_adc_l4l5.h"

static const uint8_t *info_at(struct bench *bench, uint32_t address)
{
	return bench_chip(bench)->system + (address - L4R5_SYSTEM_BASE);
}
