/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The flasher for ESP32-C3 boards: the serial loader in the chip's ROM (Espressif: esptool, "Serial
 * Protocol").
 *
 * The request's address is an offset in flash, a multiple of 4096; the sectors the bytes lie on are
 * erased whole. The loader is on the board's link, behind a USB-serial bridge with DTR and RTS; or,
 * with request.uri, on the chip's own USB port, USB-Serial-JTAG (303A:1001), and then neither the
 * board's link nor its control lines are touched. Reading back is an MD5 that the loader makes over
 * the flash. The loader is entered at 115200 baud and goes on at the request's (which says nothing
 * on USB). The link is left at the loader's settings (8N1): the caller sets its own afterwards,
 * also after a failure. Failures beside the link's own: -EINVAL a request that makes no sense,
 * -ETIMEDOUT no answer, -ENXIO another chip than expected, -EREMOTEIO or -EBADMSG refused or
 * damaged beyond repeats, -EIO read back differently.
 */
#ifndef DRIVERS_FLASH_ESP32_ROM_H
#define DRIVERS_FLASH_ESP32_ROM_H

#include "drivers/flash/flash.h"

extern const struct flash_ops flash_esp32_rom;

#endif
