/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A guest for the translator's tests: RAM, a vcpu with its look-up table, an empty translation
 * cache. Guest pages of the kinds below are also mapped at the host address of the same number, so
 * that translated code reaches them, and in two windows; paging is off, so frame and page agree.
 */
#ifndef RING1_BT_WORLD_H
#define RING1_BT_WORLD_H

#include "bt/translation.h"
#include "monitor/vm.h"

#define BT_RAM         (72u << 20) /* frames enough for two of one bucket */
#define BT_CODE        0x100000u   /* 16 pages of guest code */
#define BT_CODE_PAGES  16u
#define BT_DATA        0x200000u /* 4 pages of data */
#define BT_DATA_PAGES  4u
#define BT_STACK       0x208000u /* 2 pages of stack */
#define BT_STACK_PAGES 2u
#define BT_GDT         0x20c000u /* a page for a descriptor table */
/* host_tc.gate: a call faults, a far one because the LDT is empty, a near one because the address
 * is not canonical. */
#define BT_GATE_FAR  0x8004u
#define BT_GATE_NEAR (1ull << 62)

/* Where the same pages are windows (host_tc.user_code): the kernel's, and user memory's. */
#define BT_KERNEL_WINDOW (1ull << 45)
#define BT_USER_WINDOW   (BT_KERNEL_WINDOW + (1ull << 33))

/* Makes it anew, all of it zero. Only the first call maps the low pages (NATIVE true). */
struct vm *bt_world(bool native);

/* Guest RAM at ADDRESS, through the monitor's mapping. */
void *bt_ram(struct vm *vm, uint32_t address);

/* Code at EIP; returns the address behind it. */
uint32_t bt_put(struct vm *vm, uint32_t eip, const void *code, size_t len);

/* The page that holds LINEAR, for bt_translate: frame = page number; global, but not user code's.
 */
struct code_page bt_page(struct vm *vm, uint32_t linear);

/* Block of CODE at EIP, its page global or not and in FRAME (0: its own); its index. */
uint32_t bt_make(struct vm *vm, uint32_t eip, const void *code, size_t len, bool global,
                 uint32_t frame);

/* Block at v->eip, translated if it is not known: as exit.c does it. */
uint64_t bt_find(struct vcpu *v);

/* Its index; and back. */
uint32_t bt_block(struct vm *vm, uint64_t entry);
uint64_t bt_entry(const struct bt *bt, uint32_t block);

/* The TC offset that a slot leads to, by the policy that is in force. */
uint32_t bt_leads_to(const struct bt *bt, uint32_t slot);

#endif
