/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The main loop that the ports' start-up code calls, for boards that speak MLPerf Tiny's protocol.
 * -DMLPERF_TINY_ENERGY=1 builds for energy mode.
 */
#include "firmware/agent/agent.h"
#include "firmware/mlperf_tiny/front.h"
#include "firmware/ports/port.h"

#ifndef MLPERF_TINY_ENERGY
#define MLPERF_TINY_ENERGY 0
#endif

_Noreturn void agent_serve(void)
{
	static struct front front;
	uint8_t byte;

	front_init(&front, MLPERF_TINY_ENERGY);
	for (;;)
		if (port_uart_read(&byte, 0))
			front_feed(&front, byte);
}
