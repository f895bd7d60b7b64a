/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The wire under the STM32 loader's commands (ST AN3155): frames, answers, recovery. For
 * stm32_loader.c only; errors as there.
 */
#ifndef DRIVERS_FLASH_STM32_WIRE_H
#define DRIVERS_FLASH_STM32_WIRE_H

#include "drivers/flash/stm32_loader.h"

int stm32_send(struct stm32_loader *loader, const uint8_t *bytes, size_t count, struct err *err);
int stm32_receive(struct stm32_loader *loader, uint8_t *ret_bytes, size_t count, struct err *err);
/* Waits for the answer to sent bytes just written. */
int stm32_await_ack(struct stm32_loader *loader, size_t sent, int timeout_ms, struct err *err);
/* A command code and its complement; waits for the answer. */
int stm32_send_command(struct stm32_loader *loader, uint8_t code, struct err *err);
/* Bytes and their XOR, at most 264 together; waits for the answer. */
int stm32_send_frame(struct stm32_loader *loader, const uint8_t *bytes, size_t count,
		     int timeout_ms, struct err *err);

typedef int stm32_command(struct stm32_loader *loader, void *arg, struct err *err);

/* Runs one command, and again after damage on the line, as the limits allow. */
int stm32_repeat(struct stm32_loader *loader, stm32_command *command, void *arg, struct err *err);

#endif
