/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Addresses, offsets and bits of the ESP32-C3 as its Technical Reference Manual names them
 * (chapter in brackets); only what the model uses.
 */
#ifndef RIGS_VIRTUAL_CHIPS_ESP32C3_REGISTERS_H
#define RIGS_VIRTUAL_CHIPS_ESP32C3_REGISTERS_H

/* [System and Memory] */
#define ESP32C3_UART0_BASE     0x60000000u
#define ESP32C3_SPI1_BASE      0x60002000u
#define ESP32C3_SPI0_BASE      0x60003000u
#define ESP32C3_GPIO_BASE      0x60004000u
#define ESP32C3_RTC_BASE       0x60008000u
#define ESP32C3_EFUSE_BASE     0x60008800u
#define ESP32C3_IO_MUX_BASE    0x60009000u
#define ESP32C3_ANALOG_BASE    0x6000E000u
#define ESP32C3_TIMG0_BASE     0x6001F000u
#define ESP32C3_TIMG1_BASE     0x60020000u
#define ESP32C3_SYSTIMER_BASE  0x60023000u
#define ESP32C3_SARADC_BASE    0x60040000u
#define ESP32C3_SYSTEM_BASE    0x600C0000u
#define ESP32C3_INTERRUPT_BASE 0x600C2000u
#define ESP32C3_EXTMEM_BASE    0x600C4000u
#define ESP32C3_MMU_BASE       0x600C5000u

/* SYSTEM [System Registers] */
#define ESP32C3_SYS_CPU_PERI_CLK_EN 0x00u
#define ESP32C3_SYS_CPU_PERI_RST_EN 0x04u
#define ESP32C3_SYS_CPU_PER_CONF    0x08u
#define ESP32C3_SYS_PERIP_CLK_EN0   0x10u
#define ESP32C3_SYS_PERIP_CLK_EN1   0x14u
#define ESP32C3_SYS_PERIP_RST_EN0   0x18u
#define ESP32C3_SYS_PERIP_RST_EN1   0x1Cu
#define ESP32C3_SYS_FROM_CPU_0      0x28u
#define ESP32C3_SYS_FROM_CPU_3      0x34u
#define ESP32C3_SYS_SYSCLK_CONF     0x58u
#define ESP32C3_SYS_BYTES           0x9Cu
#define ESP32C3_CLK_DEDICATED_GPIO  (1u << 7)
#define ESP32C3_CLK_SPI01           (1u << 1)
#define ESP32C3_CLK_UART            (1u << 2)
#define ESP32C3_CLK_TIMG0           (1u << 13)
#define ESP32C3_CLK_EFUSE           (1u << 14)
#define ESP32C3_CLK_TIMG1           (1u << 15)
#define ESP32C3_CLK_UART_MEM        (1u << 24)
#define ESP32C3_CLK_SARADC          (1u << 28)
#define ESP32C3_CLK_SYSTIMER        (1u << 29)
#define ESP32C3_CLK1_TSENS          (1u << 10)
#define ESP32C3_PLL_FREQ_SEL        (1u << 2)

/* RTC_CNTL [Low-power Management, Watchdog Timers] */
#define ESP32C3_RTC_OPTIONS0      0x00u
#define ESP32C3_RTC_TIME_UPDATE   0x0Cu
#define ESP32C3_RTC_TIME_LOW0     0x10u
#define ESP32C3_RTC_TIME_HIGH0    0x14u
#define ESP32C3_RTC_ANA_CONF      0x34u
#define ESP32C3_RTC_RESET_STATE   0x38u
#define ESP32C3_RTC_INT_ENA       0x40u
#define ESP32C3_RTC_INT_RAW       0x44u
#define ESP32C3_RTC_INT_ST        0x48u
#define ESP32C3_RTC_INT_CLR       0x4Cu
#define ESP32C3_RTC_STORE0        0x50u
#define ESP32C3_RTC_STORE3        0x5Cu
#define ESP32C3_RTC_CLK_CONF      0x70u
#define ESP32C3_RTC_WDTCONFIG0    0x90u
#define ESP32C3_RTC_WDTCONFIG4    0xA0u
#define ESP32C3_RTC_WDTFEED       0xA4u
#define ESP32C3_RTC_WDTWPROTECT   0xA8u
#define ESP32C3_RTC_SWD_CONF      0xACu
#define ESP32C3_RTC_SWD_WPROTECT  0xB0u
#define ESP32C3_RTC_STORE4        0xB8u
#define ESP32C3_RTC_STORE7        0xC4u
#define ESP32C3_RTC_BYTES         0x12Cu
#define ESP32C3_OPTIONS0_PLL_PD   (1u << 10)
#define ESP32C3_OPTIONS0_PLL_PU   (1u << 11)
#define ESP32C3_OPTIONS0_CPU_RST  (1u << 5)
#define ESP32C3_OPTIONS0_SYS_RST  (1u << 31)
#define ESP32C3_CLK_CONF_ENB_CK8M (1u << 6)
#define ESP32C3_CLK_CONF_DIG_CK8M (1u << 10)
#define ESP32C3_CLK_CONF_CK8M_PD  (1u << 25)
#define ESP32C3_CLK_CONF_CK8M_PU  (1u << 26)
#define ESP32C3_WDT_KEY           0x50D83AA1u
#define ESP32C3_SWD_KEY           0x8F1D312Au
#define ESP32C3_WDT_EN            (1u << 31)
#define ESP32C3_RTC_WDT_FLASHBOOT (1u << 12)
#define ESP32C3_SWD_AUTO_FEED     (1u << 31)
#define ESP32C3_SWD_DISABLE       (1u << 30)
#define ESP32C3_SWD_FEED          (1u << 29)
#define ESP32C3_RESET_POWERON     0x01u
#define ESP32C3_RESET_SW_SYS      0x03u
#define ESP32C3_RESET_TG0WDT_SYS  0x07u
#define ESP32C3_RESET_RTCWDT_SYS  0x09u
#define ESP32C3_RESET_TG0WDT_CPU  0x0Bu
#define ESP32C3_RESET_SW_CPU      0x0Cu
#define ESP32C3_RESET_RTCWDT_CPU  0x0Du
#define ESP32C3_RESET_RTCWDT_RTC  0x10u
#define ESP32C3_RESET_SUPER_WDT   0x12u

/* TIMG [Timer Group] */
#define ESP32C3_TIMG_WDTCONFIG0    0x48u
#define ESP32C3_TIMG_WDTCONFIG1    0x4Cu
#define ESP32C3_TIMG_WDTCONFIG2    0x50u
#define ESP32C3_TIMG_WDTCONFIG5    0x5Cu
#define ESP32C3_TIMG_WDTFEED       0x60u
#define ESP32C3_TIMG_WDTWPROTECT   0x64u
#define ESP32C3_TIMG_INT_ENA       0x70u
#define ESP32C3_TIMG_INT_RAW       0x74u
#define ESP32C3_TIMG_INT_ST        0x78u
#define ESP32C3_TIMG_INT_CLR       0x7Cu
#define ESP32C3_TIMG_REGCLK        0xFCu
#define ESP32C3_TIMG_WDT_FLASHBOOT (1u << 14)
#define ESP32C3_TIMG_WDT_USE_XTAL  (1u << 21)
#define ESP32C3_TIMG_INT_WDT       (1u << 1)

/* UART [UART Controller] */
#define ESP32C3_UART_INT_RXFIFO_FULL  (1u << 0)
#define ESP32C3_UART_INT_TXFIFO_EMPTY (1u << 1)
#define ESP32C3_UART_INT_PARITY_ERR   (1u << 2)
#define ESP32C3_UART_INT_FRM_ERR      (1u << 3)
#define ESP32C3_UART_INT_RXFIFO_OVF   (1u << 4)
#define ESP32C3_UART_INT_RXFIFO_TOUT  (1u << 8)
#define ESP32C3_UART_INT_TX_DONE      (1u << 14)

/* SPI_MEM [SPI0/1] */
#define ESP32C3_SPI_CMD       0x00u
#define ESP32C3_SPI_ADDR      0x04u
#define ESP32C3_SPI_CTRL      0x08u
#define ESP32C3_SPI_CLOCK     0x14u
#define ESP32C3_SPI_USER      0x18u
#define ESP32C3_SPI_USER1     0x1Cu
#define ESP32C3_SPI_USER2     0x20u
#define ESP32C3_SPI_MOSI_DLEN 0x24u
#define ESP32C3_SPI_MISO_DLEN 0x28u
#define ESP32C3_SPI_RD_STATUS 0x2Cu
#define ESP32C3_SPI_W0        0x58u
#define ESP32C3_SPI_BYTES     0xE4u

/* EXTMEM */
#define ESP32C3_CACHE_CTRL      0x00u
#define ESP32C3_CACHE_CTRL1     0x04u
#define ESP32C3_CACHE_SYNC_CTRL 0x28u
#define ESP32C3_CACHE_SYNC_ADDR 0x2Cu
#define ESP32C3_CACHE_SYNC_SIZE 0x30u
#define ESP32C3_CACHE_FREEZE    0xCCu
#define ESP32C3_CACHE_STATE     0xB0u
#define ESP32C3_EXTMEM_BYTES    0x104u
#define ESP32C3_MMU_INVALID     0x100u

/* Interrupt sources [Interrupt Matrix] */
#define ESP32C3_SOURCE_SPI1      18
#define ESP32C3_SOURCE_UART0     21
#define ESP32C3_SOURCE_RTC       27
#define ESP32C3_SOURCE_TG0_WDT   33
#define ESP32C3_SOURCE_SYSTIMER0 37
#define ESP32C3_SOURCE_FROM_CPU0 50
#define ESP32C3_SOURCE_COUNT     62

#endif
