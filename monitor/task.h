/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hardware task switches between 16- and 32-bit task-state segments in every direction
 * (SDM 3A 8.3). A selector comes in; on success the vcpu holds the new task's state.
 */
#ifndef RING1_TASK_H
#define RING1_TASK_H

#include "monitor/vcpu.h"

enum task_way {
    TASK_JUMP,
    TASK_CALL,   /* nested: the new task links back to this one */
    TASK_EVENT,  /* nested as well: an interrupt or exception through a task gate */
    TASK_RETURN, /* IRET with NT set */
};

/*
 * Switches to the task whose TSS is SEL. The outgoing task resumes at v->eip with the EFLAGS image
 * FLAGS. EXT as in selector.h. False: v->exc is set; if v->exc.new_task, the switch has happened
 * and the new task's state was refused, so that the exception is the new task's (SDM 3A 8.3,
 * the steps behind the commit). A debug trap by the T bit of its TSS comes like that, too.
 */
bool task_switch(struct vcpu *v, enum task_way way, uint16_t sel, unsigned ext, uint32_t flags);

/* IRET with NT set: to the task that the TSS links back to. */
bool task_return(struct vcpu *v);

#endif
