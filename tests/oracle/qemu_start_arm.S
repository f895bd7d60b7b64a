/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Vector table, start and end of a corpus program on a Cortex-M.
 */
	.syntax unified
	.thumb

	.section .start, "ax"
	.word firmware_stack_top
	.word firmware_start
	.word unexpected
	.word hard_fault_handler
	.word mem_manage_handler
	.word bus_fault_handler
	.word usage_fault_handler
	.word 0, 0, 0, 0
	.word svc_handler
	.word unexpected
	.word 0
	.word pendsv_handler
	.word systick_handler

	.global firmware_start
	.type firmware_start, %function
firmware_start:
	ldr r0, =0xe000ed88 @ CPACR: full access to CP10 and CP11
	movs r1, #15
	lsls r1, r1, #20
	str r1, [r0]
	dsb
	isb
	bl program
	b firmware_end

	.type unexpected, %function
unexpected:
	mrs r0, ipsr
	ldr r1, =firmware_result
	str r0, [r1, #4]
	b firmware_end

	.macro weak_handler name
	.weak \name
	.thumb_set \name, unexpected
	.endm
	weak_handler hard_fault_handler
	weak_handler mem_manage_handler
	weak_handler bus_fault_handler
	weak_handler usage_fault_handler
	weak_handler svc_handler
	weak_handler pendsv_handler
	weak_handler systick_handler

	.type firmware_end, %function
firmware_end:
	ldr r0, =END_MARKER
	b.w end_marker
	.pool

	.section .tail.first, "ax"
	.type end_marker, %function
end_marker: @ this store stops the core; QEMU goes on and reports
	str r0, [r0]
	cpsid i
	ldr r0, =firmware_stack_top
	mov sp, r0
	bl firmware_report
	movs r0, #0x18 @ SYS_EXIT
	ldr r1, =0x20026
	bkpt 0xab
	.pool

	.section .tail, "ax"
	.global firmware_put
	.type firmware_put, %function
firmware_put: @ one character: SYS_WRITEC
	push {r0, lr}
	mov r1, sp
	movs r0, #3
	bkpt 0xab
	pop {r0, pc}
