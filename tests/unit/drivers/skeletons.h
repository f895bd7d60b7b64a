/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The drivers that are to be copied (drivers/CLASS/skeleton.c). They are in no table and in no
 * library: tests/CMakeLists.txt adds them to test_skeleton_*.c.
 */
#ifndef TESTS_UNIT_DRIVERS_SKELETONS_H
#define TESTS_UNIT_DRIVERS_SKELETONS_H

#include "drivers/control/control_line.h"
#include "drivers/flash/flash.h"
#include "drivers/link/kinds.h"
#include "drivers/meter/meter.h"
#include "drivers/thermal/thermal.h"

extern const struct control_ops control_skeleton;
extern const struct flash_ops flash_skeleton;
extern const struct link_ops link_skeleton;
extern const struct meter_ops meter_skeleton;
extern const struct thermal_ops thermal_skeleton;

#endif
