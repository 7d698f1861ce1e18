/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See fpu.h. The image's layout is that of SDM 1 table 10-2; its tag byte has a bit a register,
 * where gdb wants the two of the old format (SDM 1 8.1.7), so these are made of the registers.
 */
#include "monitor/gdb/fpu.h"

#include "monitor/host.h"
#include "monitor/mem.h"

#define AT_FTW   4u
#define AT_MXCSR 24u
#define AT_ST    32u
#define AT_XMM   160u

#define TAG_VALID   0u
#define TAG_ZERO    1u
#define TAG_SPECIAL 2u
#define TAG_EMPTY   3u

static const struct {
    uint16_t at, size;
} control[] = {
    [FCTRL] = {0, 2}, [FSTAT] = {2, 2},  [FTAG] = {AT_FTW, 1}, [FISEG] = {12, 2},
    [FIOFF] = {8, 4}, [FOSEG] = {20, 2}, [FOOFF] = {16, 4},    [FOP] = {6, 2},
};

/* Runs one instruction on IMAGE with nothing switched off. */
static bool run(struct vcpu *v, const uint8_t *code, unsigned len, uint8_t *image)
{
    uint32_t cr0 = v->cr0, cr4 = v->cr4;
    v->cr0 &= ~(uint32_t)(CR0_TS | CR0_EM);
    v->cr4 |= CR4_OSFXSR;
    host_load_control(v);
    int vector = host_fpu_run(v, code, len, image);
    v->cr0 = cr0;
    v->cr4 = cr4;
    host_load_control(v);
    return vector < 0;
}

static bool fetch(struct vcpu *v, struct gdb_fpu *f)
{
    static const uint8_t fxsave[] = {0x41, 0x0f, 0xae, 0x07}; /* [r15] */
    if (!f->known)
        f->known = run(v, fxsave, sizeof fxsave, f->image);
    return f->known;
}

static uint16_t half(const struct gdb_fpu *f, unsigned at)
{
    return (uint16_t)(f->image[at] | f->image[at + 1] << 8);
}

static unsigned tag_of(const struct gdb_fpu *f, unsigned physical)
{
    unsigned top = half(f, 2) >> 11 & 7, at = AT_ST + 16 * ((physical - top) & 7);
    unsigned exponent = half(f, at + 8) & 0x7fffu;
    uint64_t mantissa;
    memcpy(&mantissa, f->image + at, sizeof mantissa);
    if (!(f->image[AT_FTW] >> physical & 1))
        return TAG_EMPTY;
    if (!exponent && !mantissa)
        return TAG_ZERO;
    return exponent && exponent != 0x7fff && mantissa >> 63 ? TAG_VALID : TAG_SPECIAL;
}

static uint16_t tag_word(const struct gdb_fpu *f)
{
    unsigned word = 0;
    for (unsigned i = 0; i < 8; i++)
        word |= tag_of(f, i) << 2 * i;
    return (uint16_t)word;
}

static uint8_t tag_byte(uint16_t word)
{
    unsigned byte = 0;
    for (unsigned i = 0; i < 8; i++)
        byte |= (unsigned)((word >> 2 * i & 3) != TAG_EMPTY) << i;
    return (uint8_t)byte;
}

/* Where a register of KIND lies in the image; *SIZE bytes there are its own. */
static unsigned place(enum gdb_fpu_kind kind, unsigned number, unsigned *size)
{
    switch (kind) {
    case FPU_ST:
        *size = 10;
        return AT_ST + 16 * number;
    case FPU_XMM:
        *size = 16;
        return AT_XMM + 16 * number;
    case FPU_MXCSR:
        *size = 4;
        return AT_MXCSR;
    case FPU_CONTROL:
        break;
    }
    *size = control[number].size;
    return control[number].at;
}

bool gdb_fpu_read(struct vcpu *v, struct gdb_fpu *f, enum gdb_fpu_kind kind, unsigned number,
                  uint8_t *bytes)
{
    unsigned size, at = place(kind, number, &size);
    if (!fetch(v, f))
        return false;
    if (kind == FPU_CONTROL)
        memset(bytes, 0, 4);
    if (kind == FPU_CONTROL && number == FTAG) {
        uint16_t word = tag_word(f);
        memcpy(bytes, &word, sizeof word);
    } else {
        memcpy(bytes, f->image + at, size);
    }
    return true;
}

bool gdb_fpu_write(struct vcpu *v, struct gdb_fpu *f, enum gdb_fpu_kind kind, unsigned number,
                   const uint8_t *bytes)
{
    static const uint8_t fxrstor[] = {0x41, 0x0f, 0xae, 0x0f};
    unsigned size, at = place(kind, number, &size);
    uint8_t was[16];
    if (!fetch(v, f))
        return false;
    memcpy(was, f->image + at, size);
    if (kind == FPU_CONTROL && number == FTAG)
        f->image[at] = tag_byte((uint16_t)(bytes[0] | bytes[1] << 8));
    else
        memcpy(f->image + at, bytes, size);
    if (run(v, fxrstor, sizeof fxrstor, f->image))
        return true;
    memcpy(f->image + at, was, size);
    return false;
}
