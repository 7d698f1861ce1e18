/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host's 8259s, its PIT as a one-shot timer, and the time-stamp counter as the pit.
 * The PIT's channel 0 interrupts no later than the armed deadline and at least every 50 ms;
 * nothing is counted with it. Intel 8259A and 8254 data sheets.
 */
#include "monitor/log.h"
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"

#define PIC1             0x20
#define PIC2             0xa0
#define ELCR             0x4d0 /* which lines are level-triggered, a byte a chip (82371AB) */
#define CASCADE          2
#define PIT_HZ           1193182ull
#define TICK_MAX_NS      50000000ull
#define CALIBRATE_PULSES 59659u /* 50 ms */
#define CALIBRATE_TRIES  10u
#define CALIBRATE_GOOD   10000u       /* 100 ppm */
#define GIVE_UP_TSC      (1ull << 34) /* seconds, on any CPU */

static struct {
    uint64_t tsc_start;
    uint64_t ns_per_tsc; /* fixed point, 32 fraction bits */
    uint64_t armed_ns;   /* when the PIT will interrupt; 0: not armed */
} pit;

static uint16_t shared; /* lines of PCI's, as bits */

static void pic_init(void)
{
    static const uint8_t words[][2] = {
        {PIC1, 0x11},
        {PIC2, 0x11},
        {PIC1 + 1, VEC_IRQ_BASE},
        {PIC2 + 1, VEC_IRQ_BASE + 8},
        {PIC1 + 1, 4},
        {PIC2 + 1, 2},
        {PIC1 + 1, 1},
        {PIC2 + 1, 1},
        {PIC1 + 1, (uint8_t)~0x11},
        {PIC2 + 1, 0xff}, /* IRQ 0 and 4 alone */
    };
    for (unsigned i = 0; i < sizeof words / 2; i++)
        out8(words[i][0], words[i][1]);
}

static uint16_t mask_port(unsigned irq)
{
    return irq < 8 ? PIC1 + 1 : PIC2 + 1;
}

void pc_irq(unsigned irq)
{
    if (irq == 0)
        pit.armed_ns = 0;
    if ((shared >> irq & 1) && !pc_line_came(irq))
        out8(mask_port(irq), in8(mask_port(irq)) | (uint8_t)(1u << irq % 8));
    if (irq >= 8)
        out8(PIC2, 0x20);
    out8(PIC1, 0x20);
}

void pc_irq_enable(unsigned irq)
{
    if (irq >= 8)
        pc_irq_enable(CASCADE);
    out8(mask_port(irq), in8(mask_port(irq)) & (uint8_t) ~(1u << irq % 8));
}

bool pc_irq_share(unsigned irq)
{
    /* Timer, keyboard, serial ports, clock, FPU: their lines are edge-triggered. */
    const uint16_t never = 1u << 0 | 1u << 1 | 1u << CASCADE | 3u << 3 | 1u << 8 | 1u << 13;
    if (irq > 15 || (never >> irq & 1))
        return false;
    out8(ELCR + irq / 8, in8(ELCR + irq / 8) | (uint8_t)(1u << irq % 8));
    shared |= (uint16_t)(1u << irq);
    pc_irq_enable(irq);
    return true;
}

/* TSC ticks while PIT channel 2 counts CALIBRATE_PULSES down, and by how much that may be wrong:
 * the count began somewhere during the write of its high byte, and ended between two reads. */
struct sample {
    uint64_t ticks, doubt;
};

static struct sample measure(void)
{
    out8(0x61, (uint8_t)((in8(0x61) & ~2) | 1));
    out8(0x43, 0xb0); /* channel 2, both bytes, mode 0 */
    out8(0x42, CALIBRATE_PULSES & 0xff);
    uint64_t before = rdtsc();
    out8(0x42, CALIBRATE_PULSES >> 8);
    uint64_t after = rdtsc(), last = after, now = after;
    while (!(in8(0x61) & 0x20)) {
        last = now;
        now = rdtsc();
        if (now - after > GIVE_UP_TSC)
            panic("the timer (8254 channel 2) does not count: this machine has none, or it is off");
    }
    uint64_t least = last - after, most = rdtsc() - before;
    return (struct sample){least + (most - least) / 2, (most - least) / 2};
}

/* The rate of the TSC: a measurement in which nothing came between (an emulator that was not run
 * for a while measures too much or too little), or else the best of a few. */
static void calibrate(void)
{
    struct sample best = {1, UINT64_MAX};
    for (unsigned i = 0; i < CALIBRATE_TRIES && best.doubt > best.ticks / CALIBRATE_GOOD; i++) {
        struct sample s = measure();
        if (s.doubt < best.doubt)
            best = s;
    }
    uint64_t ns = CALIBRATE_PULSES * 1000000000ull / PIT_HZ;
    pit.ns_per_tsc = (ns << 32) / best.ticks; /* 10^8 << 32 fits in 64 bits */
    log_line("ring1: TSC %lu kHz, give or take %lu", host_tsc_hz() / 1000,
             best.doubt * 1000000 / ns);
}

void pc_time_init(void)
{
    pic_init();
    calibrate();
    pit.tsc_start = rdtsc();
}

uint64_t host_tsc(void)
{
    return rdtsc();
}

uint64_t host_tsc_hz(void)
{
    return (1000000000ull << 32) / pit.ns_per_tsc;
}

uint64_t host_now_ns(void)
{
    uint64_t d = rdtsc() - pit.tsc_start;
    return (uint64_t)((unsigned __int128)d * pit.ns_per_tsc >> 32);
}

void host_timer_arm(uint64_t deadline_ns)
{
    uint64_t now = host_now_ns();
    uint64_t latest = now + TICK_MAX_NS;
    if (deadline_ns > latest)
        deadline_ns = latest;
    if (pit.armed_ns && pit.armed_ns <= deadline_ns && pit.armed_ns + TICK_MAX_NS > now)
        return;
    uint64_t ticks = deadline_ns > now ? (deadline_ns - now) * PIT_HZ / 1000000000ull + 1 : 1;
    out8(0x43, 0x30); /* channel 0, both bytes, mode 0: one interrupt */
    out8(0x40, (uint8_t)ticks);
    out8(0x40, (uint8_t)(ticks >> 8));
    pit.armed_ns = deadline_ns > now ? deadline_ns : now + 1;
}

void host_idle(void)
{
    sti_hlt_cli();
}
