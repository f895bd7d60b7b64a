/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * L1 caches of the Cortex-M7 (16 KB each, lines of 32 bytes), ART accelerator and prefetch.
 *
 * The core is the only bus master, and the default memory map has the attributes wanted here: flash
 * write-through, SRAM write-back, peripherals device; the TCMs are never cached. So the caches need
 * no MPU and no maintenance but after changes of the flash (PM0253, L1 caches; AN4839). The MPU is
 * on for another reason: the core may speculate into what the default map calls normal memory from
 * 0x60000000 to 0xDFFFFFFF, where FMC and QUADSPI have nothing to answer with (AN4838); one region
 * forbids that.
 *
 * ART and prefetch serve the flash's ITCM interface alone (RM0410, FLASH: adaptive real-time memory
 * accelerator); this firmware runs over AXI, so they change little. They are set all the same, so
 * that what HELLO says of them is true.
 */
#include "firmware/ports/stm32f767/cache.h"

#include "firmware/ports/stm32f767/registers.h"

enum { LINE_BYTES = 32, LINE_SHIFT = 5 };

static void external_memory_forbid(void)
{
	if (!(MPU_TYPE & MPU_TYPE_DREGION))
		return;
	MPU_CTRL = 0;
	MPU_RNR = 0;
	MPU_RBAR = 0;
	/* 4 GB, no access, without its subregions 0, 1, 2 and 7 of 512 MB */
	MPU_RASR = MPU_RASR_XN | 0x87U << MPU_RASR_SRD_SHIFT | MPU_RASR_4GB | MPU_RASR_ENABLE;
	MPU_CTRL = MPU_CTRL_PRIVDEFENA | MPU_CTRL_ENABLE;
	core_barrier();
}

static void data_cache_invalidate(void)
{
	uint32_t size, way_shift;
	int sets, ways;

	SCB_CSSELR = 0; /* level 1, data */
	core_barrier();
	size = SCB_CCSIDR;
	sets = (int)(size >> 13 & 0x7FFF);
	ways = (int)(size >> 3 & 0x3FF);
	way_shift = ways ? (uint32_t)__builtin_clz((unsigned)ways) : 0;
	for (int set = sets; set >= 0; set--)
		for (int way = ways; way >= 0; way--)
			SCB_DCISW = (uint32_t)set << LINE_SHIFT | (uint32_t)way << way_shift;
	core_barrier();
}

static void accelerator_renew(void)
{
	FLASH_ACR &= ~(FLASH_ACR_ARTEN | FLASH_ACR_PRFTEN);
	FLASH_ACR |= FLASH_ACR_ARTRST;
	FLASH_ACR &= ~FLASH_ACR_ARTRST;
	if (PORT_CACHES)
		FLASH_ACR |= FLASH_ACR_ARTEN | FLASH_ACR_PRFTEN;
}

void caches_init(void)
{
	core_barrier();
	SCB_CCR &= ~(SCB_CCR_DC | SCB_CCR_IC);
	core_barrier();
	external_memory_forbid();
	accelerator_renew();
	SCB_ICIALLU = 0;
	data_cache_invalidate();
	if (PORT_CACHES)
		SCB_CCR |= SCB_CCR_DC | SCB_CCR_IC;
	core_barrier();
}

void caches_forget(uint32_t at, uint32_t count)
{
	__asm__ volatile("dsb" ::: "memory");
	if (PORT_CACHES)
		for (uint32_t line = at & ~(LINE_BYTES - 1U); line < at + count; line += LINE_BYTES)
			SCB_DCIMVAC = line;
	SCB_ICIALLU = 0;
	accelerator_renew();
	core_barrier();
}
