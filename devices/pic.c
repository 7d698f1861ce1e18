/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 8259A pair (pic.h). A chip is a priority resolver over eight inputs; all of its
 * commands only change the sets that the resolver looks at, so the INT pin is a
 * function of the state and is never stored. The master's input 2 is the slave's pin.
 */
#include "devices/pic.h"

#include "monitor/mem.h"

/* No level: one past the highest. */
#define NONE           8u
#define SPURIOUS_LEVEL 7u

enum pic_step { STEP_OPERATE, STEP_ICW2, STEP_ICW3, STEP_ICW4 };

enum icw1 { ICW1_IC4 = 0x01, ICW1_SNGL = 0x02, ICW1 = 0x10 };
enum icw4 { ICW4_AEOI = 0x02, ICW4_SFNM = 0x10 };

/* OCW2, bits 7-5. */
enum ocw2 {
    OCW2_AEOI_ROTATE_OFF,
    OCW2_EOI,
    OCW2_NOP,
    OCW2_EOI_SPECIFIC,
    OCW2_AEOI_ROTATE_ON,
    OCW2_EOI_ROTATE,
    OCW2_SET_PRIORITY,
    OCW2_EOI_SPECIFIC_ROTATE,
};

enum ocw3 {
    OCW3_RIS = 0x01,
    OCW3_RR = 0x02,
    OCW3_POLL = 0x04,
    OCW3 = 0x08,
    OCW3_SMM = 0x20,
    OCW3_ESMM = 0x40
};

static uint8_t bit(unsigned level)
{
    return (uint8_t)(1u << level);
}

/* 0 is the highest priority, 7 the lowest. */
static unsigned rank(const struct pic *p, unsigned level)
{
    return (level - p->lowest - 1u) & 7;
}

static unsigned highest(const struct pic *p, unsigned set)
{
    for (unsigned i = 1; i <= 8; i++) {
        unsigned level = (p->lowest + i) & 7;
        if (set >> level & 1)
            return level;
    }
    return NONE;
}

static uint8_t requests(const struct pic *p)
{
    return (uint8_t)((p->latch & ~p->level) | (p->lines & p->level));
}

/* The level that an acknowledge would serve now. */
static unsigned winner(const struct pic *p)
{
    unsigned wanted = requests(p) & ~p->imr;
    if (!wanted) /* nearly always */
        return NONE;
    unsigned want = highest(p, wanted);
    unsigned serving = highest(p, p->special_mask ? p->isr & ~p->imr : p->isr);
    if (!p->ready)
        return NONE;
    if (serving == NONE || rank(p, want) < rank(p, serving))
        return want;
    /* Special fully nested: a slave in service may ask again for a higher request. */
    if (want == serving && (p->icw4 & ICW4_SFNM) && (p->slaves & bit(want)))
        return want;
    return NONE;
}

static void set_input(struct pic *p, unsigned level, bool high)
{
    if (!high)
        p->latch &= (uint8_t)~bit(level);
    else if (!(p->lines & bit(level)))
        p->latch |= bit(level);
    p->lines = (uint8_t)((p->lines & ~bit(level)) | (high ? bit(level) : 0));
}

static void end_service(struct pic *p, unsigned level, bool rotate)
{
    if (level == NONE)
        return;
    p->isr &= (uint8_t)~bit(level);
    if (rotate)
        p->lowest = (uint8_t)level;
}

/* One chip's part of an acknowledge; NONE if it has no request. */
static unsigned take(struct pic *p)
{
    unsigned level = winner(p);
    if (level == NONE)
        return NONE;
    p->latch &= (uint8_t)~bit(level);
    p->isr |= bit(level);
    p->acked |= bit(level);
    if (p->icw4 & ICW4_AEOI)
        end_service(p, level, p->rotate_aeoi);
    return level;
}

static void begin_init(struct pic *p, uint8_t icw1)
{
    p->icw1 = icw1;
    p->icw4 = 0;
    p->latch = 0; /* an input that is high now must fall and rise again */
    p->isr = 0;
    p->imr = 0;
    p->lowest = 7;
    p->special_mask = false;
    p->rotate_aeoi = false;
    p->read_isr = false;
    p->poll = false;
    p->ready = false;
    p->step = STEP_ICW2;
}

static void write_ocw2(struct pic *p, uint8_t value)
{
    unsigned level = value & 7;
    /* In special mask mode a masked level is not found by a non-specific EOI. */
    unsigned top = highest(p, p->special_mask ? p->isr & ~p->imr : p->isr);
    switch ((enum ocw2)(value >> 5)) {
    case OCW2_NOP:
        break;
    case OCW2_AEOI_ROTATE_OFF:
    case OCW2_AEOI_ROTATE_ON:
        p->rotate_aeoi = value >> 5 == OCW2_AEOI_ROTATE_ON;
        break;
    case OCW2_EOI:
    case OCW2_EOI_ROTATE:
        end_service(p, top, value >> 5 == OCW2_EOI_ROTATE);
        break;
    case OCW2_EOI_SPECIFIC:
    case OCW2_EOI_SPECIFIC_ROTATE:
        end_service(p, level, value >> 5 == OCW2_EOI_SPECIFIC_ROTATE);
        break;
    case OCW2_SET_PRIORITY:
        p->lowest = (uint8_t)level;
        break;
    }
}

static void write_ocw3(struct pic *p, uint8_t value)
{
    if (value & OCW3_ESMM)
        p->special_mask = value & OCW3_SMM;
    if (value & OCW3_POLL)
        p->poll = true;
    else if (value & OCW3_RR)
        p->read_isr = value & OCW3_RIS;
}

static void write_a0_low(struct pic *p, uint8_t value)
{
    if (value & ICW1)
        begin_init(p, value);
    else if (value & OCW3)
        write_ocw3(p, value);
    else
        write_ocw2(p, value);
}

static void finish_icw(struct pic *p, enum pic_step done)
{
    if (done < STEP_ICW3 && !(p->icw1 & ICW1_SNGL))
        p->step = STEP_ICW3;
    else if (done < STEP_ICW4 && (p->icw1 & ICW1_IC4))
        p->step = STEP_ICW4;
    else
        p->step = STEP_OPERATE;
    p->ready = p->step == STEP_OPERATE;
}

static void write_a0_high(struct pic *p, uint8_t value)
{
    enum pic_step step = p->step;
    switch (step) {
    case STEP_OPERATE:
        p->imr = value;
        return;
    case STEP_ICW2:
        p->icw2 = value & 0xf8;
        break;
    case STEP_ICW3: /* where the slave is: soldered, whatever VALUE says */
        break;
    case STEP_ICW4:
        p->icw4 = value;
        break;
    }
    finish_icw(p, step);
}

static uint8_t read_chip(struct pic *p, unsigned a0)
{
    if (p->poll) {
        p->poll = false;
        unsigned level = take(p);
        return level == NONE ? 0 : (uint8_t)(0x80 | level);
    }
    if (a0)
        return p->imr;
    return p->read_isr ? p->isr : requests(p);
}

/* Carries the slave's INT to the master. After the slave was acknowledged its pin has been
 * low for a moment, so that a next request makes an edge: PULSED. */
static void settle(struct pics *p, bool pulsed)
{
    if (pulsed)
        set_input(&p->chip[PIC_MASTER], PIC_CASCADE, false);
    set_input(&p->chip[PIC_MASTER], PIC_CASCADE, winner(&p->chip[PIC_SLAVE]) != NONE);
}

void pics_reset(struct pics *p)
{
    memset(p, 0, sizeof *p);
    for (unsigned i = 0; i < 2; i++)
        p->chip[i].lowest = 7;
    /* The 82371AB refuses level mode to timer, keyboard, cascade, RTC and FPU. */
    p->chip[PIC_MASTER].level_ok = 0xf8;
    p->chip[PIC_SLAVE].level_ok = 0xde;
    p->chip[PIC_MASTER].slaves = bit(PIC_CASCADE);
}

uint8_t pics_read(struct pics *p, enum pic_chip which, unsigned a0)
{
    bool polled = p->chip[which].poll;
    uint8_t value = read_chip(&p->chip[which], a0);
    settle(p, polled && which == PIC_SLAVE);
    return value;
}

void pics_write(struct pics *p, enum pic_chip which, unsigned a0, uint8_t value)
{
    if (a0)
        write_a0_high(&p->chip[which], value);
    else
        write_a0_low(&p->chip[which], value);
    settle(p, false);
}

uint8_t pics_read_elcr(const struct pics *p, enum pic_chip which)
{
    return p->chip[which].level;
}

void pics_write_elcr(struct pics *p, enum pic_chip which, uint8_t value)
{
    struct pic *chip = &p->chip[which];
    value &= chip->level_ok;
    chip->latch &= (uint8_t) ~(chip->level ^ value);
    chip->level = value;
    settle(p, false);
}

void pics_set_line(struct pics *p, unsigned irq, bool level)
{
    set_input(&p->chip[irq >> 3 & 1], irq & 7, level);
    settle(p, false);
}

bool pics_int(const struct pics *p)
{
    return winner(&p->chip[PIC_MASTER]) != NONE;
}

static uint8_t vector(const struct pic *p, unsigned level)
{
    return (uint8_t)(p->icw2 | (level == NONE ? SPURIOUS_LEVEL : level));
}

uint8_t pics_ack(struct pics *p)
{
    unsigned level = take(&p->chip[PIC_MASTER]);
    if (level != PIC_CASCADE)
        return vector(&p->chip[PIC_MASTER], level);
    level = take(&p->chip[PIC_SLAVE]);
    settle(p, true);
    return vector(&p->chip[PIC_SLAVE], level);
}

bool pics_masked(const struct pics *p, unsigned irq)
{
    return p->chip[irq >> 3 & 1].imr >> (irq & 7) & 1;
}

uint16_t pics_take_acked(struct pics *p)
{
    uint16_t acked = (uint16_t)(p->chip[PIC_MASTER].acked | p->chip[PIC_SLAVE].acked << 8);
    p->chip[PIC_MASTER].acked = p->chip[PIC_SLAVE].acked = 0;
    return acked;
}
