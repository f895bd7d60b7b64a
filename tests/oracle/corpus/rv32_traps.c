/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: machine-mode traps that a handler steps over, software interrupts, MRET, CSR operations.
 * mtval of EBREAK (QEMU: its address, the core: 0) and mstatus (QEMU has user mode) are left out.
 */
#include "tests/oracle/corpus/corpus.h"

#define MSIP   (*(volatile uint32_t *)0x02000000)
#define ABSENT 0x0f000000u

#define CSR_READ(name)                                                                             \
	({                                                                                         \
		uint32_t v_;                                                                       \
		__asm__ volatile("csrr %0, " name : "=r"(v_));                                     \
		v_;                                                                                \
	})
#define CSR_WRITE(name, value) __asm__ volatile("csrw " name ", %0" ::"r"(value) : "memory")

void vectors(void);
static volatile uint32_t interrupts;

__attribute__((interrupt, used)) static void on_exception(void)
{
	uint32_t cause = CSR_READ("mcause"), from = CSR_READ("mepc");

	emit(cause);
	if (cause != 3)
		emit(CSR_READ("mtval"));
	if (cause == 2 || cause == 5 || cause == 7)
		firmware_result.faulted++;
	if (cause == 1) { /* a jump to nowhere: back to where it was called */
		CSR_WRITE("mepc", CSR_READ("mscratch"));
		return;
	}
	from += (*(const uint16_t *)from & 3) == 3 ? 4 : 2;
	CSR_WRITE("mepc", from);
}

__attribute__((interrupt, used)) static void on_software(void)
{
	emit(CSR_READ("mcause"));
	MSIP = 0;
	interrupts++;
}

__attribute__((naked, aligned(256))) void vectors(void)
{
	__asm__(".option push\n .option norvc\n j on_exception\n j .\n j .\n j on_software\n "
		".option pop");
}

static NOINLINE void faults(uint32_t i)
{
	uint32_t value = i, address = ABSENT + 8 * i;

	__asm__ volatile("lw %0, 0(%1)" : "+r"(value) : "r"(address));
	emit(value);
	__asm__ volatile("lhu %0, 2(%1)" : "+r"(value) : "r"(address));
	__asm__ volatile("sb %0, 3(%1)" ::"r"(value), "r"(address) : "memory");
	__asm__ volatile("ecall");
	__asm__ volatile(".option push\n .option norvc\n ebreak\n .option pop\n c.ebreak");
	__asm__ volatile(".word 0xffffffff\n .hword 0");
	__asm__ volatile("la t0, 1f\n csrw mscratch, t0\n jr %0\n1:" ::"r"(address)
			 : "t0", "memory");
}

/* The store's effect is there before the jump is over, on both. */
static NOINLINE void interrupt(void)
{
	MSIP = 1;
	__asm__ volatile("j 1f\n1:\n fence" ::: "memory");
}

static NOINLINE void csr_operations(uint32_t x)
{
	uint32_t old;

	CSR_WRITE("mscratch", x);
	__asm__ volatile("csrrs %0, mscratch, %1" : "=r"(old) : "r"(x << 3));
	emit(old);
	__asm__ volatile("csrrc %0, mscratch, %1" : "=r"(old) : "r"(x >> 5));
	emit(old);
	__asm__ volatile("csrrwi %0, mscratch, 21" : "=r"(old));
	emit(old);
	__asm__ volatile("csrrsi %0, mscratch, 10" : "=r"(old));
	emit(old);
	__asm__ volatile("csrrci %0, mscratch, 7" : "=r"(old));
	emit(old);
	emit(CSR_READ("mscratch"));
}

static NOINLINE void misaligned(void)
{
	static uint8_t bytes[32];
	uint32_t value;

	for (uint32_t i = 0; i < 8; i++) {
		uint8_t *at = bytes + 2 * i + (i & 1);

		__asm__ volatile("sw %0, 0(%1)" ::"r"(i * 0x01234567u), "r"(at) : "memory");
		__asm__ volatile("lh %0, 1(%1)" : "=r"(value) : "r"(at) : "memory");
		emit(value);
	}
	emit_bytes(bytes, sizeof(bytes));
}

void program(void)
{
	CSR_WRITE("mtvec", (uint32_t)vectors | 1);
	for (uint32_t i = 0; i < 4; i++)
		faults(i);
	for (uint32_t i = 0; i < 20; i++)
		csr_operations(next_random());
	CSR_WRITE("mie", 8);
	__asm__ volatile("csrsi mstatus, 8");
	for (uint32_t i = 0; i < 5; i++)
		interrupt();
	__asm__ volatile("csrci mstatus, 8");
	MSIP = 1;
	__asm__ volatile("j 1f\n1:" ::: "memory");
	emit(interrupts);
	__asm__ volatile("csrsi mstatus, 8\n j 1f\n1:" ::: "memory");
	emit(interrupts);
	misaligned();
	emit(firmware_result.faulted);
}
