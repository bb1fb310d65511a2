/* SPDX-License-Identifier: MIT */
/* context_switch for the machines that matter (context.h has the contract).
 *
 * The frame it leaves on the old stack, lowest address first:
 *   x86-64    x87 control word, MXCSR, r15 r14 r13 r12 rbx rbp, return address
 *   aarch64   d8..d15, x19..x28, x29 (frame), x30 (link), fpcr
 * context_make (context.c) builds the same frame by hand.  The unwind tables stay
 * true across the switch because both stacks hold the same frame at that point. */
#include "context.h"

#if defined(CONTEXT_ASSEMBLY) && defined(__x86_64__)

    .text
    .globl  context_switch
    .hidden context_switch
    .type   context_switch, @function
    .p2align 4
context_switch:
    .cfi_startproc
    pushq   %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbp, 0
    pushq   %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbx, 0
    pushq   %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r12, 0
    pushq   %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r13, 0
    pushq   %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r14, 0
    pushq   %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r15, 0
    subq    $8, %rsp
    .cfi_adjust_cfa_offset 8
    fnstcw  (%rsp)
    stmxcsr 4(%rsp)

    movq    %rsp, (%rdi)
    movq    (%rsi), %rsp

    fldcw   (%rsp)
    ldmxcsr 4(%rsp)
    addq    $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq    %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore r15
    popq    %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore r14
    popq    %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore r13
    popq    %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore r12
    popq    %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbx
    popq    %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbp
    /* Not `ret`: the processor would predict the return into the other stack. */
    popq    %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register rip, rcx
    jmpq    *%rcx
    .cfi_endproc
    .size   context_switch, .-context_switch

    /* Where a new context starts: rbx is the function, r12 its argument. */
    .globl  context_entry
    .hidden context_entry
    .type   context_entry, @function
    .p2align 4
context_entry:
    .cfi_startproc
    .cfi_undefined rip
    movq    %r12, %rdi
    callq   *%rbx
    ud2
    .cfi_endproc
    .size   context_entry, .-context_entry

#elif defined(CONTEXT_ASSEMBLY) && defined(__aarch64__)

    .text
    .globl  context_switch
    .hidden context_switch
    .type   context_switch, %function
    .p2align 4
context_switch:
    .cfi_startproc
    sub     sp, sp, #176
    .cfi_adjust_cfa_offset 176
    stp     d8, d9, [sp, #0]
    stp     d10, d11, [sp, #16]
    stp     d12, d13, [sp, #32]
    stp     d14, d15, [sp, #48]
    stp     x19, x20, [sp, #64]
    stp     x21, x22, [sp, #80]
    stp     x23, x24, [sp, #96]
    stp     x25, x26, [sp, #112]
    stp     x27, x28, [sp, #128]
    stp     x29, x30, [sp, #144]
    .cfi_rel_offset x19, 64
    .cfi_rel_offset x20, 72
    .cfi_rel_offset x21, 80
    .cfi_rel_offset x22, 88
    .cfi_rel_offset x23, 96
    .cfi_rel_offset x24, 104
    .cfi_rel_offset x25, 112
    .cfi_rel_offset x26, 120
    .cfi_rel_offset x27, 128
    .cfi_rel_offset x28, 136
    .cfi_rel_offset x29, 144
    .cfi_rel_offset x30, 152
    mrs     x9, fpcr
    str     x9, [sp, #160]

    mov     x10, sp
    str     x10, [x0]
    ldr     x10, [x1]
    mov     sp, x10

    ldr     x11, [sp, #160]
    cmp     x9, x11
    b.eq    1f
    msr     fpcr, x11
1:
    ldp     d8, d9, [sp, #0]
    ldp     d10, d11, [sp, #16]
    ldp     d12, d13, [sp, #32]
    ldp     d14, d15, [sp, #48]
    ldp     x19, x20, [sp, #64]
    ldp     x21, x22, [sp, #80]
    ldp     x23, x24, [sp, #96]
    ldp     x25, x26, [sp, #112]
    ldp     x27, x28, [sp, #128]
    ldp     x29, x30, [sp, #144]
    .cfi_restore x19
    .cfi_restore x20
    .cfi_restore x21
    .cfi_restore x22
    .cfi_restore x23
    .cfi_restore x24
    .cfi_restore x25
    .cfi_restore x26
    .cfi_restore x27
    .cfi_restore x28
    .cfi_restore x29
    .cfi_restore x30
    add     sp, sp, #176
    .cfi_adjust_cfa_offset -176
    br      x30
    .cfi_endproc
    .size   context_switch, .-context_switch

    /* Where a new context starts: x19 is the function, x20 its argument. */
    .globl  context_entry
    .hidden context_entry
    .type   context_entry, %function
    .p2align 4
context_entry:
    .cfi_startproc
    .cfi_undefined x30
    mov     x0, x20
    blr     x19
    brk     #1
    .cfi_endproc
    .size   context_entry, .-context_entry

#endif

#if defined(__linux__) && defined(__ELF__)
    .section .note.GNU-stack, "", %progbits
#endif
