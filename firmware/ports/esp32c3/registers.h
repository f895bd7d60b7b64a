/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The few registers of the ESP32-C3 that this port touches. ESP32-C3 Technical Reference Manual
 * (TRM), register sections of the chapters named at each group; what the TRM leaves out (flash
 * controller SPI_MEM, analog bus) from the register headers of ESP-IDF (soc/esp32c3: extmem_reg.h,
 * spi_mem_struct.h, regi2c_defs.h). Registers are only accessed as whole words.
 */
#ifndef FIRMWARE_PORTS_ESP32C3_REGISTERS_H
#define FIRMWARE_PORTS_ESP32C3_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define BIT(n)            (1U << (n))

/* UART0 (TRM: UART Controller) */
#define UART_FIFO                REGISTER(0x60000000)
#define UART_INT_RAW             REGISTER(0x60000004)
#define UART_INT_ENA             REGISTER(0x6000000C)
#define UART_INT_CLR             REGISTER(0x60000010)
#define UART_CLKDIV              REGISTER(0x60000014)
#define UART_STATUS              REGISTER(0x6000001C)
#define UART_CONF0               REGISTER(0x60000020)
#define UART_CONF1               REGISTER(0x60000024)
#define UART_IDLE_CONF           REGISTER(0x60000048)
#define UART_FSM_STATUS          REGISTER(0x6000006C)
#define UART_CLK_CONF            REGISTER(0x60000078)
#define UART_INT_RXFIFO_FULL     BIT(0)
#define UART_INT_RXFIFO_OVF      BIT(4)
#define UART_INT_ALL             0x000FFFFFU
#define UART_CLKDIV_FRAG_SHIFT   20 /* sixteenths */
#define UART_STATUS_RXFIFO_CNT   0x3FFU
#define UART_STATUS_TXFIFO_CNT   (0x3FFU << 16)
#define UART_STATUS_TX_SHIFT     16
#define UART_CONF0_8N1           (3U << 2 | 1U << 4)
#define UART_CONF0_RXFIFO_RST    BIT(17)
#define UART_CONF0_MEM_CLK_EN    BIT(28)
#define UART_CONF1_RXFIFO_FULL   0x1FFU
#define UART_IDLE_TX_NUM         (0x3FFU << 10)
#define UART_FSM_TX              (15U << 4)
#define UART_CLK_CONF_SCLK_XTAL  (3U << 20)
#define UART_CLK_CONF_SCLK_EN    BIT(22)
#define UART_CLK_CONF_RST_CORE   BIT(23)
#define UART_CLK_CONF_TX_SCLK_EN BIT(24)
#define UART_CLK_CONF_RX_SCLK_EN BIT(25)

/* Flash controllers: SPI0 serves the cache, SPI1 the program (ESP-IDF: spi_mem_struct.h) */
#define SPI1_CMD               REGISTER(0x60002000)
#define SPI1_ADDR              REGISTER(0x60002004)
#define SPI1_CTRL              REGISTER(0x60002008)
#define SPI1_CLOCK             REGISTER(0x60002014)
#define SPI1_USER              REGISTER(0x60002018)
#define SPI1_USER1             REGISTER(0x6000201C)
#define SPI1_USER2             REGISTER(0x60002020)
#define SPI1_MOSI_DLEN         REGISTER(0x60002024)
#define SPI1_MISO_DLEN         REGISTER(0x60002028)
#define SPI1_W(word)           REGISTER(0x60002058 + 4 * (word))
#define SPI0_CACHE_FCTRL       REGISTER(0x6000303C)
#define SPI_CMD_USR            BIT(18)
#define SPI_CTRL_WP            BIT(21)     /* level of the flash's WP pin */
#define SPI_CLOCK_DIV4         0x00030103U /* 20 MHz from the controller's 80 MHz */
#define SPI_USER_CS_HOLD       BIT(6)
#define SPI_USER_CS_SETUP      BIT(7)
#define SPI_USER_MOSI          BIT(27)
#define SPI_USER_MISO          BIT(28)
#define SPI_USER_ADDR          BIT(30)
#define SPI_USER_COMMAND       BIT(31)
#define SPI_USER1_ADDR_SHIFT   26 /* bits - 1 */
#define SPI_USER2_BITS_SHIFT   28 /* bits - 1 */
#define SPI_CACHE_FCTRL_REQ_EN BIT(0)

/* GPIO matrix and pads (TRM: IO MUX and GPIO Matrix) */
#define GPIO_ENABLE_W1TS      REGISTER(0x60004024)
#define GPIO_FUNC_OUT(pin)    REGISTER(0x60004554 + 4 * (pin))
#define GPIO_FUNC_OUT_OEN_SEL BIT(9) /* output enable from GPIO_ENABLE */
#define GPIO_SIGNAL_CPU_OUT0  28U
#define IO_MUX_PAD(pin)       REGISTER(0x60009004 + 4 * (pin))
#define IO_MUX_FUNCTION       (7U << 12)
#define IO_MUX_FUNCTION_GPIO  (1U << 12)
#define IO_MUX_DRIVE          (3U << 10)
#define IO_MUX_DRIVE_20MA     (2U << 10)
#define IO_MUX_INPUT          BIT(9)
#define IO_MUX_PULL_UP        BIT(8)
#define IO_MUX_PULL_DOWN      BIT(7)

/* TRM: Low-power Management */
#define RTC_OPTIONS0            REGISTER(0x60008000)
#define RTC_RESET_STATE         REGISTER(0x60008038)
#define RTC_WDT_CONFIG0         REGISTER(0x60008090)
#define RTC_WDT_WPROTECT        REGISTER(0x600080A8)
#define RTC_SWD_CONF            REGISTER(0x600080AC)
#define RTC_SWD_WPROTECT        REGISTER(0x600080B0)
#define RTC_OPTIONS0_PLL_PD     (BIT(6) | BIT(8) | BIT(10)) /* BB_I2C, BBPLL_I2C, BBPLL */
#define RTC_OPTIONS0_SW_SYS_RST BIT(31)
#define RTC_RESET_STATE_CAUSE   0x3FU
#define RTC_WDT_KEY             0x50D83AA1U
#define RTC_SWD_KEY             0x8F1D312AU
#define RTC_SWD_CONF_AUTO_FEED  BIT(31)

/* eFuse, as read out at reset (TRM: eFuse Controller) */
#define EFUSE_MAC_0            REGISTER(0x60008844)
#define EFUSE_MAC_1            REGISTER(0x60008848)
#define EFUSE_UNIQUE_ID(word)  REGISTER(0x6000885C + 4 * (word)) /* OPTIONAL_UNIQUE_ID, 128 bit */
#define EFUSE_BLOCK2_4         REGISTER(0x6000886C)
#define EFUSE_BLOCK2_4_VERSION 3U
#define EFUSE_TEMP_CALIB_SHIFT 3
#define EFUSE_TEMP_CALIB       0xFFU
#define EFUSE_TEMP_CALIB_MINUS BIT(8)

/* Analog control and its internal bus (ESP-IDF: regi2c_defs.h) */
#define ANA_I2C0                 REGISTER(0x6000E000)
#define ANA_CONF0                REGISTER(0x6000E040)
#define ANA_CONFIG               REGISTER(0x6000E044)
#define ANA_CONFIG2              REGISTER(0x6000E048)
#define ANA_I2C0_WRITE           BIT(24)
#define ANA_I2C0_BUSY            BIT(25)
#define ANA_CONF0_PLL_STOP_HIGH  BIT(2)
#define ANA_CONF0_PLL_STOP_LOW   BIT(3)
#define ANA_CONFIG_PLL_OFF       BIT(17)
#define ANA_CONFIG_SAR_FORCE_PD  BIT(18)
#define ANA_CONFIG2_SAR_FORCE_PU BIT(16)

/* Timer group 0's watchdog (TRM: Watchdog Timers) */
#define TIMG0_WDT_CONFIG0          REGISTER(0x6001F048)
#define TIMG0_WDT_WPROTECT         REGISTER(0x6001F064)
#define TIMG_WDT_KEY               0x50D83AA1U
#define TIMG_WDT_CONFIG0_EN        BIT(31)
#define TIMG_WDT_CONFIG0_UPDATE    BIT(22)
#define TIMG_WDT_CONFIG0_FLASHBOOT BIT(14)

/* TRM: System Timer */
#define SYSTIMER_CONF             REGISTER(0x60023000)
#define SYSTIMER_UNIT0_OP         REGISTER(0x60023004)
#define SYSTIMER_TARGET0_HI       REGISTER(0x6002301C)
#define SYSTIMER_TARGET0_LO       REGISTER(0x60023020)
#define SYSTIMER_TARGET0_CONF     REGISTER(0x60023034)
#define SYSTIMER_UNIT0_VALUE_HI   REGISTER(0x60023040)
#define SYSTIMER_UNIT0_VALUE_LO   REGISTER(0x60023044)
#define SYSTIMER_COMP0_LOAD       REGISTER(0x60023050)
#define SYSTIMER_INT_ENA          REGISTER(0x60023064)
#define SYSTIMER_INT_RAW          REGISTER(0x60023068)
#define SYSTIMER_INT_CLR          REGISTER(0x6002306C)
#define SYSTIMER_CONF_CLK_EN      BIT(31)
#define SYSTIMER_CONF_UNIT0       BIT(30)
#define SYSTIMER_CONF_UNIT0_STALL BIT(28)
#define SYSTIMER_CONF_TARGET0     BIT(24)
#define SYSTIMER_OP_UPDATE        BIT(30)
#define SYSTIMER_OP_VALID         BIT(29)
#define SYSTIMER_TARGET0_BIT      BIT(0)
#define SYSTIMER_HZ               16000000U

/* Temperature sensor (TRM: On-Chip Sensor and Analog Signal Processing) */
#define TSENS_CTRL       REGISTER(0x60040058)
#define TSENS_CTRL2      REGISTER(0x6004005C)
#define TSENS_CTRL_PU    BIT(22)
#define TSENS_CTRL_OUT   0xFFU
#define TSENS_CTRL2_XTAL BIT(15)

/* TRM: System Registers; Reset and Clock */
#define SYSTEM_CPU_PERI_CLK_EN      REGISTER(0x600C0000)
#define SYSTEM_CPU_PERI_RST_EN      REGISTER(0x600C0004)
#define SYSTEM_CPU_PER_CONF         REGISTER(0x600C0008)
#define SYSTEM_PERIP_CLK_EN0        REGISTER(0x600C0010)
#define SYSTEM_PERIP_CLK_EN1        REGISTER(0x600C0014)
#define SYSTEM_PERIP_RST_EN0        REGISTER(0x600C0018)
#define SYSTEM_PERIP_RST_EN1        REGISTER(0x600C001C)
#define SYSTEM_SYSCLK_CONF          REGISTER(0x600C0058)
#define SYSTEM_CPU_PERI_GPIO        BIT(7) /* dedicated GPIO */
#define SYSTEM_CPU_PER_CONF_PERIOD  3U
#define SYSTEM_CPU_PER_CONF_PLL_480 BIT(2)
#define SYSTEM_CPU_PER_CONF_WAIT_ON BIT(3) /* the clock goes on in WFI */
#define SYSTEM_PERIP0_UART          BIT(2)
#define SYSTEM_PERIP0_UART_MEM      BIT(24)
#define SYSTEM_PERIP0_SARADC        BIT(28)
#define SYSTEM_PERIP0_SYSTIMER      BIT(29)
#define SYSTEM_PERIP1_TSENS         BIT(10)
#define SYSTEM_SYSCLK_CONF_DIV      0x3FFU /* divider - 1, of XTAL */
#define SYSTEM_SYSCLK_CONF_SEL      (3U << 10)
#define SYSTEM_SYSCLK_CONF_SEL_XTAL (0U << 10)
#define SYSTEM_SYSCLK_CONF_SEL_PLL  (1U << 10)

/* TRM: Interrupt Matrix. Sources by their number, CPU interrupts 1..31. */
#define INTERRUPT_MAP(source)     REGISTER(0x600C2000 + 4 * (source))
#define INTERRUPT_ENABLE          REGISTER(0x600C2104)
#define INTERRUPT_TYPE            REGISTER(0x600C2108)
#define INTERRUPT_CLEAR           REGISTER(0x600C210C)
#define INTERRUPT_PRIORITY(n)     REGISTER(0x600C2114 + 4 * (n))
#define INTERRUPT_THRESHOLD       REGISTER(0x600C2194)
#define INTERRUPT_SOURCES         62
#define INTERRUPT_SOURCE_UART0    21
#define INTERRUPT_SOURCE_SYSTIMER 37
#define INTERRUPT_UART            2
#define INTERRUPT_TICK            3
#define INTERRUPT_NONE            0 /* a source mapped here reaches no CPU interrupt */

/* Cache and its MMU (ESP-IDF: extmem_reg.h, ext_mem_defs.h) */
#define CACHE_CTRL            REGISTER(0x600C4000)
#define CACHE_CTRL1           REGISTER(0x600C4004)
#define CACHE_SYNC_CTRL       REGISTER(0x600C4028)
#define CACHE_SYNC_ADDR       REGISTER(0x600C402C)
#define CACHE_SYNC_SIZE       REGISTER(0x600C4030)
#define CACHE_AUTOLOAD_CTRL   REGISTER(0x600C4040)
#define CACHE_STATE           REGISTER(0x600C40B0)
#define CACHE_MMU(page)       REGISTER(0x600C5000 + 4 * (page))
#define CACHE_CTRL_ENABLE     BIT(0)
#define CACHE_CTRL1_SHUT_IBUS BIT(0)
#define CACHE_CTRL1_SHUT_DBUS BIT(1)
#define CACHE_SYNC_INVALIDATE BIT(0)
#define CACHE_SYNC_DONE       BIT(1)
#define CACHE_AUTOLOAD_ENA    BIT(2)
#define CACHE_STATE_MASK      0xFFFU
#define CACHE_STATE_IDLE      1U
#define CACHE_MMU_PAGES       128U
#define CACHE_MMU_INVALID     BIT(8)

static inline void core_interrupts_off(void)
{
	__asm__ volatile("csrci mstatus, 8" ::: "memory");
}

/* What is pending is taken before this returns. */
static inline void core_interrupts_on(void)
{
	__asm__ volatile("csrsi mstatus, 8\n\tnop\n\tnop" ::: "memory");
}

/* Wakes for a pending interrupt even while interrupts are off. */
static inline void core_sleep(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

static inline void register_modify(volatile uint32_t *at, uint32_t clear, uint32_t set)
{
	*at = (*at & ~clear) | set;
}

/* Waits until (*at & mask) == value, at least us microseconds at any clock level: one pass takes
 * five core cycles or more, and the fastest clock has 160 of them in a microsecond. */
static inline bool register_wait(volatile uint32_t *at, uint32_t mask, uint32_t value, uint32_t us)
{
	for (uint32_t passes = us * 32; passes; passes--) {
		if ((*at & mask) == value)
			return true;
	}
	return (*at & mask) == value;
}

/* At least us microseconds at any clock level, in loops of two cycles or more. */
static inline void delay_us(uint32_t us)
{
	for (uint32_t loops = us * 80; loops; loops--)
		__asm__ volatile("");
}

#endif
