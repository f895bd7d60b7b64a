/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start and end of a corpus program on QEMU's RISC-V `virt` board.
 */
	.section .start, "ax"
	.global firmware_start
firmware_start:
	la sp, firmware_stack_top
	la tp, firmware_compared_end /* thread-local storage of the C library: unused */
	call program
	li a0, END_MARKER
	la t0, end_marker
	jr t0

	.section .tail.first, "ax"
end_marker: /* this store stops the core; QEMU goes on and reports */
	sw a0, 0(a0)
	la sp, firmware_stack_top
	call firmware_report
	li a0, 0x100000 /* sifive_test: exit */
	li a1, 0x5555
	sw a1, 0(a0)
1:	j 1b

	.section .tail, "ax"
	.global firmware_put
firmware_put: /* NS16550 */
	li a1, 0x10000000
	sb a0, 0(a1)
	ret
