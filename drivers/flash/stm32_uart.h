/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The flasher for STM32 boards: system bootloader over USART (ST AN3155).
 *
 * The request's address is the start of a flash page. Only the pages the bytes lie on are erased;
 * the rest of the last page is lost with them. The link is left at the loader's settings (8E1 at
 * the request's baud): the caller sets its own afterwards, also after a failure. Failures beside
 * the link's own: -EINVAL a request that makes no sense, -ETIMEDOUT no answer, -ENXIO another
 * product id than expected, -ENOTSUP a part or loader that is not known, -EACCES read-protected
 * (protection is never taken off: that erases the part), -EREMOTEIO or -EBADMSG refused or damaged
 * beyond repeats, -EIO read back differently.
 */
#ifndef DRIVERS_FLASH_STM32_UART_H
#define DRIVERS_FLASH_STM32_UART_H

#include "drivers/flash/flash.h"
#include "drivers/flash/stm32_loader.h"

extern const struct flash_ops flash_stm32_uart;

/* flash_stm32_uart.write with other limits than AN3155's. */
int stm32_uart_write(const struct flash_request *request, const struct stm32_limits *limits,
		     struct flash_report *ret_report, struct err *err);

#endif
