/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADC1 of the virtual STM32L552: supply and junction temperature come back through the calibration
 * words the way DS12737 prescribes, and the rules of its start-up hold.
 */
#include "tests/unit/virtual/test_l552.h"

#define ADC         L552_ADC_BASE
#define UID         0x0BFA0590
#define FLASH_SIZE  0x0BFA05E0
#define TS_CAL1     0x0BFA05A8
#define VREFINT_CAL 0x0BFA05AA
#define TS_CAL2     0x0BFA05CA
#define CAL2_C      110
#define REFERENCE_V 3.0
#define FLASH_KB    512

#include "tests/unit/virtual/test_adc_l4l5.h"

static const uint8_t *info_at(struct bench *bench, uint32_t address)
{
	return bench_info(bench) + (address - L552_INFO_BASE);
}
