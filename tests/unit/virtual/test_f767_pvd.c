/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Voltage detector of the virtual STM32F767.
 */
#include "tests/unit/virtual/test_f767_bench.h"

#define PWR           F767_PWR_BASE
#define PWR_CLOCK     (F767_RCC_BASE + 0x40)
#define PWR_CLOCK_BIT (1u << 28)
#define CONTROL       (PWR + 0x00)
#define ENABLE        (1u << 4)
#define LEVEL(n)      ((n)*0x20u)
#define STATUS        (PWR + 0x04)
#define BELOW         (1u << 2)
#define TOP           7
#define LOW_V         2.96
#define HIGH_V        3.10
#define TRIGGER_DOWN  0x40013C08u
#define TRIGGER_UP    0x40013C0Cu
#define PENDING_DOWN  0x40013C14u
#define PENDING_UP    0x40013C14u

#include "tests/unit/virtual/test_pvd.h"
