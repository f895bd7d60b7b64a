/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The few registers of the STM32L4R5 that this port touches. RM0432, register sections of FLASH,
 * PWR, RCC, GPIO, ADC and LPUART; the core's from ARM DDI 0403 (ARMv7-M).
 */
#ifndef FIRMWARE_PORTS_STM32L4R5_REGISTERS_H
#define FIRMWARE_PORTS_STM32L4R5_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define BIT(n)            (1U << (n))

/* Reset and clock control */
#define RCC_CR                  REGISTER(0x40021000)
#define RCC_CFGR                REGISTER(0x40021008)
#define RCC_PLLCFGR             REGISTER(0x4002100C)
#define RCC_CIER                REGISTER(0x40021018)
#define RCC_APB1RSTR2           REGISTER(0x4002103C)
#define RCC_AHB2ENR             REGISTER(0x4002104C)
#define RCC_APB1ENR1            REGISTER(0x40021058)
#define RCC_APB1ENR2            REGISTER(0x4002105C)
#define RCC_CCIPR               REGISTER(0x40021088)
#define RCC_CSR                 REGISTER(0x40021094)
#define RCC_CRRCR               REGISTER(0x40021098)
#define RCC_CR_MSION            BIT(0)
#define RCC_CR_MSIRDY           BIT(1)
#define RCC_CR_MSIRGSEL         BIT(3)
#define RCC_CR_MSIRANGE         (15U << 4)
#define RCC_CR_MSI_4MHZ         (6U << 4)
#define RCC_CR_HSION            BIT(8)
#define RCC_CR_HSIRDY           BIT(10)
#define RCC_CR_HSEON            BIT(16)
#define RCC_CR_PLLON            BIT(24)
#define RCC_CR_PLLRDY           BIT(25)
#define RCC_CR_PLLSAI1ON        BIT(26)
#define RCC_CR_PLLSAI2ON        BIT(28)
#define RCC_CFGR_SW             3U
#define RCC_CFGR_SWS_SHIFT      2
#define RCC_CFGR_HPRE           (15U << 4)
#define RCC_CFGR_HPRE_2         (8U << 4)
#define RCC_CFGR_PPRE           (63U << 8) /* both APB prescalers */
#define RCC_PLLCFGR_RESET       0x00001000U
#define RCC_PLLCFGR_SRC_MSI     1U
#define RCC_PLLCFGR_N_SHIFT     8
#define RCC_PLLCFGR_REN         BIT(24)
#define RCC_PLLCFGR_R_SHIFT     25
#define RCC_AHB2_GPIOA          BIT(0)
#define RCC_AHB2_GPIOE          BIT(4)
#define RCC_AHB2_ADC            BIT(13)
#define RCC_APB1_1_PWR          BIT(28)
#define RCC_APB1_2_LPUART1      BIT(0)
#define RCC_CCIPR_LPUART1       (3U << 10)
#define RCC_CCIPR_LPUART1_HSI16 (2U << 10)
#define RCC_CSR_FLAGS           0xFF000000U
#define RCC_CSR_RMVF            BIT(23)

/* Power control */
#define PWR_CR1            REGISTER(0x40007000)
#define PWR_SR2            REGISTER(0x40007014)
#define PWR_CR5            REGISTER(0x40007080)
#define PWR_CR1_VOS        (3U << 9)
#define PWR_CR1_VOS_RANGE1 (1U << 9)
#define PWR_CR1_VOS_RANGE2 (2U << 9)
#define PWR_SR2_VOSF       BIT(10)
#define PWR_CR5_R1MODE     BIT(8) /* 1: range 1 normal, 0: range 1 boost */

/* Flash interface */
#define FLASH_ACR          REGISTER(0x40022000)
#define FLASH_KEYR         REGISTER(0x40022008)
#define FLASH_SR           REGISTER(0x40022010)
#define FLASH_CR           REGISTER(0x40022014)
#define FLASH_ECCR         REGISTER(0x40022018)
#define FLASH_OPTR         REGISTER(0x40022020)
#define FLASH_ACR_LATENCY  15U
#define FLASH_ACR_PRFTEN   BIT(8)
#define FLASH_ACR_ICEN     BIT(9)
#define FLASH_ACR_DCEN     BIT(10)
#define FLASH_ACR_ICRST    BIT(11)
#define FLASH_ACR_DCRST    BIT(12)
#define FLASH_KEY_1        0x45670123U
#define FLASH_KEY_2        0xCDEF89ABU
#define FLASH_SR_EOP       BIT(0)
#define FLASH_SR_ERRORS    0x0000C3FAU /* OPTV RD FAST MIS PGS SIZ PGA WRP PROG OP */
#define FLASH_SR_BSY       BIT(16)
#define FLASH_SR_PEMPTY    BIT(17) /* writing 1 toggles it */
#define FLASH_CR_PG        BIT(0)
#define FLASH_CR_PER       BIT(1)
#define FLASH_CR_PNB_SHIFT 3
#define FLASH_CR_PNB       (255U << FLASH_CR_PNB_SHIFT)
#define FLASH_CR_BKER      BIT(11)
#define FLASH_CR_START     BIT(16)
#define FLASH_CR_LOCK      BIT(31)
#define FLASH_ECCR_BANK2   BIT(21)
#define FLASH_ECCR_ECCIE   BIT(24)
#define FLASH_ECCR_ECCD2   BIT(29)
#define FLASH_ECCR_ECCD    BIT(31)
#define FLASH_OPTR_BFB2    BIT(20)
#define FLASH_OPTR_DBANK   BIT(22)

/* GPIO */
#define GPIOA              0x48000000U
#define GPIOE              0x48001000U
#define GPIO_MODER(port)   REGISTER((port) + 0x00)
#define GPIO_OTYPER(port)  REGISTER((port) + 0x04)
#define GPIO_OSPEEDR(port) REGISTER((port) + 0x08)
#define GPIO_PUPDR(port)   REGISTER((port) + 0x0C)
#define GPIO_BSRR(port)    REGISTER((port) + 0x18)
#define GPIO_AFRL(port)    REGISTER((port) + 0x20)

/* LPUART1 */
#define LPUART1_CR1        REGISTER(0x40008000)
#define LPUART1_CR2        REGISTER(0x40008004)
#define LPUART1_CR3        REGISTER(0x40008008)
#define LPUART1_BRR        REGISTER(0x4000800C)
#define LPUART1_RQR        REGISTER(0x40008018)
#define LPUART1_ISR        REGISTER(0x4000801C)
#define LPUART1_ICR        REGISTER(0x40008020)
#define LPUART1_RDR        REGISTER(0x40008024)
#define LPUART1_TDR        REGISTER(0x40008028)
#define LPUART1_PRESC      REGISTER(0x4000802C)
#define LPUART_CR1_UE      BIT(0)
#define LPUART_CR1_RE      BIT(2)
#define LPUART_CR1_TE      BIT(3)
#define LPUART_CR1_RXFNEIE BIT(5)
#define LPUART_CR1_FIFOEN  BIT(29)
#define LPUART_ISR_ORE     BIT(3)
#define LPUART_ISR_RXFNE   BIT(5)
#define LPUART_ISR_TC      BIT(6)
#define LPUART_ISR_TXFNF   BIT(7)
#define LPUART_ICR_ERRORS  15U /* PE, FE, NE, ORE */
#define LPUART1_IRQ        70

/* ADC1 */
#define ADC_ISR               REGISTER(0x50040000)
#define ADC_CR                REGISTER(0x50040008)
#define ADC_CFGR              REGISTER(0x5004000C)
#define ADC_SMPR1             REGISTER(0x50040014)
#define ADC_SMPR2             REGISTER(0x50040018)
#define ADC_SQR1              REGISTER(0x50040030)
#define ADC_DR                REGISTER(0x50040040)
#define ADC_CCR               REGISTER(0x50040308)
#define ADC_ISR_ADRDY         BIT(0)
#define ADC_ISR_EOC           BIT(2)
#define ADC_CR_ADEN           BIT(0)
#define ADC_CR_ADDIS          BIT(1)
#define ADC_CR_ADSTART        BIT(2)
#define ADC_CR_ADVREGEN       BIT(28)
#define ADC_CR_DEEPPWD        BIT(29)
#define ADC_CR_ADCAL          BIT(31)
#define ADC_CFGR_RESET        0x80000000U
#define ADC_CCR_CKMODE_HCLK_4 (3U << 16)
#define ADC_CCR_VREFEN        BIT(22)
#define ADC_CCR_TSEN          BIT(23)

/* Factory data: DS12023, temperature sensor and VREFINT calibration values; RM0432, unique device
 * ID */
#define FACTORY_TS_CAL1     (*(const volatile uint16_t *)0x1FFF75A8) /* 30 degC, VDDA 3.0 V */
#define FACTORY_VREFINT_CAL (*(const volatile uint16_t *)0x1FFF75AA) /* VDDA 3.0 V */
#define FACTORY_TS_CAL2     (*(const volatile uint16_t *)0x1FFF75CA) /* 130 degC, VDDA 3.0 V */
#define FACTORY_UID(word)   REGISTER(0x1FFF7590 + 4 * (word))

/* Cortex-M4 */
#define SYST_CSR           REGISTER(0xE000E010)
#define SYST_RVR           REGISTER(0xE000E014)
#define SYST_CVR           REGISTER(0xE000E018)
#define SYST_CSR_RUN       7U /* core clock, interrupt, enable */
#define SYST_CSR_COUNTFLAG BIT(16)
#define SYST_RELOAD_MAX    0x00FFFFFFU
#define NVIC_ISER(n)       REGISTER(0xE000E100 + 4 * (n))
#define NVIC_ICER(n)       REGISTER(0xE000E180 + 4 * (n))
#define NVIC_ICPR(n)       REGISTER(0xE000E280 + 4 * (n))
#define SCB_ICSR           REGISTER(0xE000ED04)
#define SCB_VTOR           REGISTER(0xE000ED08)
#define SCB_AIRCR          REGISTER(0xE000ED0C)
#define SCB_ICSR_PENDSTCLR BIT(25)
#define SCB_AIRCR_RESET    0x05FA0004U
#define DEMCR              REGISTER(0xE000EDFC)
#define DEMCR_TRCENA       BIT(24)
#define DWT_CTRL           REGISTER(0xE0001000)
#define DWT_CTRL_CYCCNTENA BIT(0)
#define DWT_CYCCNT         REGISTER(0xE0001004)

static inline void core_interrupts_off(void)
{
	__asm__ volatile("cpsid i" ::: "memory");
}

/* What is pending is taken before this returns. */
static inline void core_interrupts_on(void)
{
	__asm__ volatile("cpsie i\n\tisb" ::: "memory");
}

/* Wakes for a pending interrupt even while interrupts are off. */
static inline void core_sleep(void)
{
	__asm__ volatile("dsb\n\twfi\n\tisb" ::: "memory");
}

static inline void register_modify(volatile uint32_t *at, uint32_t clear, uint32_t set)
{
	*at = (*at & ~clear) | set;
}

/* Waits until (*at & mask) == value, at least us microseconds at any clock level: one pass takes
 * six core cycles or more, and the fastest clock has 120 of them in a microsecond. */
static inline bool register_wait(volatile uint32_t *at, uint32_t mask, uint32_t value, uint32_t us)
{
	for (uint32_t passes = us * 20; passes; passes--) {
		if ((*at & mask) == value)
			return true;
	}
	return (*at & mask) == value;
}

/* At least us microseconds at any clock level, in loops of two cycles or more. The
 * compiler does not see the count and cannot unroll them away. */
static inline void delay_us(uint32_t us)
{
	for (uint32_t loops = us * 60; loops; loops--)
		__asm__ volatile("" : "+r"(loops));
}

#endif
