/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Voltage detector of the virtual STM32L4R5.
 */
#include "tests/unit/virtual/chip_bench.h"

#define PWR           L4L5_PWR_BASE
#define PWR_CLOCK     (L4L5_RCC_BASE + 0x58)
#define PWR_CLOCK_BIT (1u << 28)
#define CONTROL       (PWR + 0x04)
#define ENABLE        1u
#define LEVEL(n)      ((n)*2u)
#define STATUS        (PWR + 0x14)
#define BELOW         (1u << 11)
#define TOP           6
#define LOW_V         2.83
#define HIGH_V        2.97
#define TRIGGER_DOWN  0x40010408u
#define TRIGGER_UP    0x4001040Cu
#define PENDING_DOWN  0x40010414u
#define PENDING_UP    0x40010414u

#include "tests/unit/virtual/test_pvd.h"
