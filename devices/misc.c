/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The odd latches (misc.h). The ones that reset do so when their bit goes from 0 to 1.
 */
#include "devices/misc.h"

#include "monitor/mem.h"

#define REFRESH_NS 15085u

enum port61 { P61_GATE2 = 0x01, P61_KEPT = 0x0f, P61_REFRESH = 0x10, P61_OUT2 = 0x20 };
enum port92 { P92_RESET = 0x01, P92_A20 = 0x02, P92_KEPT = 0x03 };
enum reset_control { RC_RESET_CPU = 0x04, RC_KEPT = 0x0e };

void misc_reset(struct misc *m)
{
    memset(m, 0, sizeof *m);
}

uint8_t misc_read_61(const struct misc *m, bool out2, uint64_t now)
{
    bool refresh = now / REFRESH_NS & 1;
    return (uint8_t)(m->port61 | (refresh ? P61_REFRESH : 0) | (out2 ? P61_OUT2 : 0));
}

void misc_write_61(struct misc *m, uint8_t value)
{
    m->port61 = value & P61_KEPT;
}

bool misc_gate2(const struct misc *m)
{
    return m->port61 & P61_GATE2;
}

uint8_t misc_read_post(const struct misc *m)
{
    return m->post;
}

void misc_write_post(struct misc *m, uint8_t value)
{
    m->post = value;
}

uint8_t misc_read_92(const struct misc *m)
{
    return m->port92;
}

void misc_write_92(struct misc *m, uint8_t value)
{
    if (value & ~m->port92 & P92_RESET)
        m->reset_asked = true;
    m->port92 = value & P92_KEPT;
}

bool misc_a20(const struct misc *m)
{
    return m->port92 & P92_A20;
}

void misc_fpu_error(struct misc *m)
{
    m->fpu_error = true;
}

void misc_write_fpu(struct misc *m)
{
    m->fpu_error = false;
}

bool misc_fpu_irq(const struct misc *m)
{
    return m->fpu_error;
}

uint8_t misc_read_reset_control(const struct misc *m)
{
    return m->reset_control;
}

void misc_write_reset_control(struct misc *m, uint8_t value)
{
    if (value & ~m->reset_control & RC_RESET_CPU)
        m->reset_asked = true;
    m->reset_control = value & RC_KEPT;
}

void misc_write_debug_exit(struct misc *m, uint8_t value)
{
    (void)value;
    m->off_asked = true;
}
